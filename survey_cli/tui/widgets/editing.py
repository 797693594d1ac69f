"""Editing of Textual's input widgets by keys that the application hands on, each finished before the next."""

from collections.abc import Mapping
from functools import cache
from inspect import isawaitable
from typing import TYPE_CHECKING, TypeAlias

from textual.actions import parse
from textual.binding import Binding
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input

if TYPE_CHECKING:
    from textual.widgets import TextArea  # takes 10 ms to import: only for a free answer

Editor: TypeAlias = "Input | TextArea"


class Field(Input):
    """One line to be typed into, without a frame. Its cursor is still: nothing is sent over the line between two keys."""

    cursor_blink = reactive(False, init=False)

    def __init__(self, value: str = "", *, id: str | None = None, hint: str = "") -> None:
        super().__init__(value, id=id, compact=True, select_on_focus=False)
        self.show_hint(hint)

    def show_hint(self, hint: str) -> None:
        """Show what is expected while nothing is typed: behind the cursor, so that no letter of it looks typed."""
        self.placeholder = f" {hint}" if hint else ""


@cache
def _list_actions(kind: type[Widget]) -> Mapping[str, str]:
    """List the actions of a widget's own keys."""
    actions: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        for binding in Binding.make_bindings(base.__dict__.get("BINDINGS", ())):
            actions[binding.key] = binding.action
    return actions | {"alt+backspace": "delete_left_word" if issubclass(kind, Input) else "delete_word_left"}


async def edit(editor: Editor, key: str) -> bool:
    """Let a key change the text or move its cursor; returns whether it did."""
    if len(key) == 1:
        insert(editor, key)
        return True
    action = _list_actions(type(editor)).get(key)
    if action is None or action == "submit":
        return False
    _, name, arguments = parse(action)
    if isawaitable(done := getattr(editor, f"action_{name}")(*arguments)):
        await done
    return True


def insert(editor: Editor, text: str) -> None:
    """Insert text at the cursor, in place of what is selected."""
    if isinstance(editor, Input):
        editor.replace(text, *sorted(editor.selection))
    else:
        editor.replace(text, *editor.selection)


def get_text(editor: Editor) -> str:
    """Return what has been typed."""
    return editor.value if isinstance(editor, Input) else editor.text


def set_text(editor: Editor, text: str, *, selected: bool = False) -> None:
    """Replace the text, with the cursor at its end, or all of it selected so that typing replaces it."""
    if isinstance(editor, Input):
        editor.value = text
        editor.cursor_position = len(text)
    else:
        editor.text = text
        editor.move_cursor(editor.document.end)
    if selected:
        editor.select_all()


def deselect(editor: Editor) -> None:
    """Put the cursor at the end of the text, and nothing selected."""
    if isinstance(editor, Input):
        editor.cursor_position = len(editor.value)
    else:
        editor.move_cursor(editor.document.end)
