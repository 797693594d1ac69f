"""Edit Textual's input widgets with keys that the application hands on, one after another."""

from collections.abc import Mapping
from functools import cache
from inspect import isawaitable
from typing import TYPE_CHECKING, Final, TypeAlias

from textual.actions import SkipAction, parse
from textual.binding import Binding
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

if TYPE_CHECKING:
    # takes 10 ms to import, and only a free answer needs it
    from textual.widgets import TextArea

Editor: TypeAlias = "Input | TextArea"

UNDO_KEYS: Final = ("ctrl+z", "ctrl+y")
UNDO_HINT: Final = "Ctrl+Z brings back what was removed"
REDO_HINT: Final = "Ctrl+Y brings back what was undone"
KEEPS_WORDS_HINT: Final = "Esc clears one word only; Ctrl+U clears the line, Ctrl+Z brings it back"


class Field(Input):
    """An input line without a frame.

    Its cursor doesn't blink, so that nothing is sent over a slow line between two keys.
    """

    cursor_blink = reactive(False, init=False)

    def __init__(self, value: str = "", *, id: str | None = None, hint: str = "") -> None:
        super().__init__(value, id=id, compact=True, select_on_focus=False)
        self.show_hint(hint)

    def show_hint(self, hint: str) -> None:
        """Show what is expected while nothing is typed."""
        # the space keeps the cursor off the hint, whose first letter would look typed
        self.placeholder = f" {hint}" if hint else ""


class EditHistory:
    """Earlier texts of one entry: Ctrl+Z brings them back one by one, Ctrl+Y undoes that.

    Textual's own history groups keys by time, and forgets them when the field gets another
    question.
    """

    def __init__(self) -> None:
        self._past: list[str] = []
        self._undone: list[str] = []
        self._is_in_word = False
        """The last change typed a letter of a word: the next letter belongs to the same step."""

    @property
    def has_words(self) -> bool:
        """Whether an earlier text has more than one word, so that it is worth bringing back."""
        return any(len(text.split()) > 1 for text in self._past)

    def record(self, before: str, after: str) -> None:
        """Record that the text was changed."""
        if before == after:
            return
        added = find_inserted(before, after)
        is_one_letter = len(added) == 1 and len(after) == len(before) + 1
        if not (is_one_letter and self._is_in_word):
            self._past.append(before)
        self._is_in_word = is_one_letter and not added.isspace()
        self._undone.clear()

    def undo(self, now: str) -> str | None:
        """Return the text before the last change; None if there is none."""
        self._is_in_word = False
        while self._past:
            text = self._past.pop()
            if text != now:
                self._undone.append(now)
                return text
        return None

    def redo(self, now: str) -> str | None:
        """Return the text that the last `undo` took away; None if there is none."""
        self._is_in_word = False
        if not self._undone:
            return None
        self._past.append(now)
        return self._undone.pop()


def _find_change(before: str, after: str) -> tuple[int, int]:
    """Return how many characters both texts share at the beginning, and how many at the end."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def find_inserted(before: str, after: str) -> str:
    """Return the part of the new text that the old one didn't have."""
    start, end = _find_change(before, after)
    return after[start : len(after) - end]


def describe_removal(key: str, before: str, after: str) -> str:
    """Describe how text that a key removed is brought back; empty if it was no more than a word."""
    if len(find_inserted(after, before).split()) <= 1:
        return ""
    return REDO_HINT if key == "ctrl+z" else UNDO_HINT


@cache
def _list_actions(kind: type[Widget]) -> Mapping[str, str]:
    """List the actions of a widget's own keys."""
    actions: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        for binding in Binding.make_bindings(base.__dict__.get("BINDINGS", ())):
            actions[binding.key] = binding.action
    # the two widgets have different names for the same action
    if issubclass(kind, Input):
        actions["alt+backspace"] = "delete_left_word"
    else:
        actions["alt+backspace"] = "delete_word_left"
    return actions


async def edit(editor: Editor, key: str, history: EditHistory | None = None) -> bool:
    """Let a key change the text or move its cursor, and return whether the key has a use here."""
    before = get_text(editor)
    if history is not None and key in UNDO_KEYS:
        if key == "ctrl+z":
            text = history.undo(before)
        else:
            text = history.redo(before)
        if text is None:
            return False
        _restore(editor, text)
        return True

    is_known = await _act(editor, key)
    if history is not None:
        history.record(before, get_text(editor))
    return is_known


async def _act(editor: Editor, key: str) -> bool:
    """Apply one key, and return whether it has a use here."""
    if len(key) == 1:
        insert(editor, key)
        return True
    if not isinstance(editor, Input) and key in LINE_KEYS:
        _edit_line(editor, key)
        return True

    action = _list_actions(type(editor)).get(key)
    if action is None or action == "submit":
        return False
    _, name, arguments = parse(action)
    try:
        done = getattr(editor, f"action_{name}")(*arguments)
        if isawaitable(done):
            await done
    except SkipAction:
        # the widget has no use for the key now
        return False
    return True


LINE_KEYS: Final = frozenset(
    ("home", "end", "shift+home", "shift+end", "ctrl+a", "ctrl+e", "ctrl+u", "ctrl+k"),
)
"""Keys that concern a whole line."""


def _edit_line(area: "TextArea", key: str) -> None:
    """Move to the beginning or end of the line as it was typed, or delete up to there.

    Textual takes the row on the screen for the line. The end of the row depends on the width of the
    window, and on whether the screen has been laid out since the last key.
    """
    row, column = area.cursor_location
    ending = (row, len(area.document.get_line(row)))
    if key in ("home", "shift+home", "ctrl+a"):
        area.move_cursor((row, 0), select=key == "shift+home")
    elif key in ("end", "shift+end", "ctrl+e"):
        area.move_cursor(ending, select=key == "shift+end")
    elif not area.selection.is_empty:
        area.replace("", *area.selection)
    elif key == "ctrl+u":
        # at the beginning of a line, the line break before it is deleted
        start = (row, 0)
        if column == 0 and row > 0:
            start = (row - 1, len(area.document.get_line(row - 1)))
        area.replace("", start, (row, column))
    elif (row, column) == ending and row + 1 < area.document.line_count:
        area.replace("", ending, (row + 1, 0))
    else:
        area.replace("", (row, column), ending)


def insert(editor: Editor, text: str, history: EditHistory | None = None) -> None:
    """Insert text at the cursor, in place of what is selected."""
    before = get_text(editor)
    if isinstance(editor, Input):
        editor.replace(text, *sorted(editor.selection))
    else:
        editor.replace(text, *editor.selection)
    if history is not None:
        history.record(before, get_text(editor))


def get_text(editor: Editor) -> str:
    """Return what has been typed."""
    if isinstance(editor, Input):
        return editor.value
    return editor.text


def set_text(editor: Editor, text: str, *, selected: bool = False) -> None:
    """Replace the text and put the cursor at its end, or select all so that typing replaces it."""
    if isinstance(editor, Input):
        editor.value = text
        editor.cursor_position = len(text)
    else:
        editor.text = text
        editor.move_cursor(editor.document.end)
    if selected:
        editor.select_all()


def _restore(editor: Editor, text: str) -> None:
    """Replace the text, with the cursor behind what came back."""
    _, end = _find_change(get_text(editor), text)
    set_text(editor, text)
    position = len(text) - end
    if isinstance(editor, Input):
        editor.cursor_position = position
    else:
        lines = text[:position].split("\n")
        editor.move_cursor((len(lines) - 1, len(lines[-1])))


def deselect(editor: Editor) -> None:
    """Put the cursor at the end of the text, and nothing selected."""
    if isinstance(editor, Input):
        editor.cursor_position = len(editor.value)
    else:
        editor.move_cursor(editor.document.end)
