"""Panels beside the question or the case: a line, a list, a choice, a text. A panel has the keys while it is open."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from survey_cli.entries import OfferedOption, to_ascii_digits
from survey_cli.text_width import fit, measure_width
from survey_cli.tui.widgets.editing import Field, edit, insert, set_text
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.tui.widgets.text import MARGIN, KeyHint, KeyHints, clean, style_text

Act: TypeAlias = Callable[[], Awaitable[None]]
Refuse: TypeAlias = Callable[[str], None]
"""Receives why a key was not accepted."""


class ActLater(Message):
    """Something that a click does, after the keys that were struck before it. It is posted to the application."""

    def __init__(self, act: Act) -> None:
        super().__init__()
        self.act = act


MOVES: Final = {
    "up": "cursor_up",
    "down": "cursor_down",
    "pageup": "page_up",
    "pagedown": "page_down",
    "home": "first",
    "end": "last",
}
SCROLLS: Final = ("up", "down", "pageup", "pagedown", "home", "end")
CLOSE: Final = KeyHint("Esc", "close")


def scroll_by_key(view: VerticalScroll, key: str) -> None:
    """Scroll by one of the keys of `SCROLLS`, once what the keys before it changed is laid out."""

    def scroll() -> None:
        line, page, last = view.scroll_y, view.scrollable_content_region.height, view.max_scroll_y
        lines = {
            "up": line - 1,
            "down": line + 1,
            "pageup": line - page,
            "pagedown": line + page,
            "home": 0,
            "end": last,
        }
        view.scroll_to(y=lines[key], animate=False, immediate=True)

    view.call_after_refresh(scroll)


class Panel(Vertical):
    """Something open: it has the keys until it is closed."""

    what: str = ""
    """What it is, so that the key that opened it closes it."""
    hints: KeyHints = (CLOSE,)
    """The keys that act in it."""
    close: Act
    """Closes it; set by the screen that opens it."""
    refuse: Refuse

    async def press(self, key: str) -> None:
        """Handle one key."""
        raise NotImplementedError

    async def paste(self, text: str) -> None:
        """Take text pasted at once, on one line."""
        self.refuse("pasted text can't be used here")

    @property
    def unfinished(self) -> bool:
        """Whether something was typed that closing would lose."""
        return False


class LinePanel(Panel):
    """One line of text: a note, a reason, a command."""

    def __init__(
        self,
        what: str,
        label: str,
        submit: Callable[[str], Awaitable[None]],
        *,
        text: str = "",
        saves: str = "save",
        earlier: Sequence[str] = (),
        option: OfferedOption | None = None,
    ) -> None:
        super().__init__()
        self.what = what
        self._label = label
        self._submit = submit
        self._start = text
        self.earlier = tuple(earlier)
        """Lines written before, which ↑ brings back to be changed."""
        self.at: int | None = None
        """Which of them is in the field."""
        self.option = option
        """The option for which it is typed."""
        self.hints = (
            KeyHint("Enter", saves, press="enter"),
            *((KeyHint("↑", "an earlier one", 1, "up"),) if earlier else ()),
            KeyHint("Esc", "cancel"),
        )

    def compose(self) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(style_text(self._label), classes="label", markup=False)
            yield Field(self._start)

    def on_mount(self) -> None:
        self.input.cursor_position = len(self._start)
        self.input.focus()

    @property
    def input(self) -> Input:
        return self.query_one(Input)

    @property
    def unfinished(self) -> bool:
        return bool(self.input.value.strip("."))

    async def press(self, key: str) -> None:
        if key == "escape":
            await self.close()
        elif key in ENTER:
            await self._submit(self.input.value.strip())
        elif key in ("up", "down") and self.earlier:
            self._recall(-1 if key == "up" else 1)
        elif not await edit(self.input, key):
            self.refuse("Enter saves the line, Esc cancels it")
        elif self.what == "command" and not self.input.value:
            await self.close()

    async def paste(self, text: str) -> None:
        insert(self.input, text)

    def _recall(self, by: int) -> None:
        count = len(self.earlier)
        at = min(max((count if self.at is None else self.at) + by, 0), count)
        self.at = None if at == count else at
        set_text(self.input, "" if self.at is None else self.earlier[self.at])


class Choice(NamedTuple):
    """One answer to a question of the program's."""

    key: str
    label: str
    act: Act


class ChoicePanel(Panel):
    """A question to the interviewer before something is done; one key each."""

    def __init__(
        self, question: str, choices: Sequence[Choice], *, what: str = "choice", detail: Content | None = None
    ) -> None:
        super().__init__()
        self.what = what
        self._question = question
        self._choices = choices
        self._detail = detail
        """What should be known before it is answered."""
        self.hints = (*(KeyHint(choice.key, choice.label) for choice in choices), KeyHint("Esc", "cancel"))

    def compose(self) -> ComposeResult:
        if self._detail:
            yield Static(self._detail + "\n", markup=False)
        yield Static(style_text(self._question, "bold"), markup=False)
        if any(choice.key.isdecimal() for choice in self._choices):
            lines = [Content.assemble((f" {c.key} ", "bold $code"), f" {clean(c.label)}") for c in self._choices]
            yield Static(Content("\n").join(lines), markup=False)

    async def press(self, key: str) -> None:
        typed = to_ascii_digits(key).casefold()
        chosen = next((choice for choice in self._choices if choice.key == typed), None)
        if chosen is not None:
            await self.close()
            await chosen.act()
        elif key in ("escape", "backspace", "left"):
            await self.close()
        else:
            self.refuse(f"{' or '.join(choice.key for choice in self._choices)}; Esc cancels")


async def _do_nothing() -> None:
    """What no does."""


def build_question(
    question: str, yes: str, act: Act, *, no: str = "no", what: str = "choice", detail: Content | None = None
) -> ChoicePanel:
    """Build a question that y answers with yes, which acts, and n with no."""
    return ChoicePanel(question, (Choice("y", yes, act), Choice("n", no, _do_nothing)), what=what, detail=detail)


class Row(NamedTuple):
    """One row of a list."""

    cells: tuple[str, ...]
    act: Act
    key: str = ""
    """Typed whole, it takes the row at once, unless a longer key begins with it."""
    heading: str = ""
    """The rows under one heading follow one another."""
    terms: str = ""
    """Further text in which the filter searches."""
    style: str = ""

    def matches(self, words: Sequence[str]) -> bool:
        """Return whether the row has all these words."""
        text = f"{self.key} {' '.join(self.cells)} {self.terms}".casefold()
        return all(word in text for word in words)


COLUMN_GAP: Final = 2
MAX_ROWS: Final = 500
"""Rows shown at once; typing narrows a longer list."""


class ListPanel(Panel):
    """A list with a line to filter it: ↑ ↓ mark a row, Enter takes it, its key takes it at once."""

    def __init__(
        self,
        what: str,
        label: str,
        rows: Sequence[Row],
        *,
        marked: int | None = 0,
        empty: str = "nothing matches",
        takes: str = "take it",
        search: Callable[[str], Sequence[Row]] | None = None,
        takes_keys: bool = True,
    ) -> None:
        super().__init__()
        self.what = what
        self._label = label
        self._rows = rows
        self._marked = marked
        """The row marked at first; None: none is before ↑ ↓ or a word marks one, so that Enter alone takes nothing."""
        self._empty = empty
        self._search = search
        """Finds the rows for what is typed, instead of filtering `rows`."""
        self._takes_keys = takes_keys
        """A row's key typed whole takes it at once."""
        self._shown: list[Row] = []
        self._positions: list[int] = []
        """Where each shown row is among the options, headings counted."""
        self.hints = (
            KeyHint("Enter", takes, press="enter"),
            KeyHint("↑ ↓", "mark", 2, "down"),
            KeyHint("type", "to filter", 1, "none"),
            CLOSE,
        )

    def compose(self) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(style_text(self._label), classes="label", markup=False)
            yield Field()
        yield OptionList(markup=False, compact=True)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.query_one(OptionList).can_focus = False
        self._fill(self._rows, self._marked)

    def _fill(self, rows: Sequence[Row], marked: int | None) -> None:
        start = max(0, min((marked or 0) - MAX_ROWS // 2, len(rows) - MAX_ROWS))
        self._shown = list(rows[start : start + MAX_ROWS])
        self._positions = []
        options: list[Option] = []
        widths = _measure_columns(self._shown, (self.size.width or self.app.size.width - 2 * MARGIN) - 2)
        heading = ""
        for row in self._shown:
            if row.heading != heading:
                heading = row.heading
                options.append(Option(style_text(heading, "$quiet"), disabled=True))
            self._positions.append(len(options))
            options.append(Option(_format_row(row, widths)))
        if not self._shown:
            options.append(Option(style_text(self._empty, "$quiet"), disabled=True))
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options(options)
        if self._positions and marked is not None:
            listed.highlighted = self._positions[min(max(marked - start, 0), len(self._positions) - 1)]

    async def press(self, key: str) -> None:
        field = self.query_one(Input)
        if key == "escape":
            if not field.value:
                await self.close()
                return
            set_text(field, "")
            await self._filter("")
        elif key in ENTER:
            await self._take()
        elif key in MOVES:
            getattr(self.query_one(OptionList), f"action_{MOVES[key]}")()
        elif await edit(field, key):
            await self._filter(field.value)
        else:
            self.refuse("type to filter, Enter takes the marked line, Esc closes")

    async def paste(self, text: str) -> None:
        insert(self.query_one(Input), text)
        await self._filter(self.query_one(Input).value)

    async def _filter(self, typed: str) -> None:
        folded = to_ascii_digits(typed.strip()).casefold()
        keys = [row.key.casefold() for row in self._rows if row.key]
        if self._takes_keys and folded in keys and not any(key != folded and key.startswith(folded) for key in keys):
            await next(row for row in self._rows if row.key.casefold() == folded).act()
            return
        if self._search is not None:
            self._rows = self._search(typed.strip())
            self._fill(self._rows, 0)
            return
        shown = [row for row in self._rows if row.matches(folded.split())]
        marked = 0 if folded and (self._marked is not None or not folded.isdecimal()) else self._marked
        self._fill(shown, next((n for n, row in enumerate(shown) if row.key and row.key.casefold() == folded), marked))

    async def _take(self) -> None:
        at = self.query_one(OptionList).highlighted
        if at is None or at not in self._positions:
            self.refuse("mark one with ↑ ↓, or key its number" if self._shown else self._empty)
        else:
            await self._shown[self._positions.index(at)].act()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click takes the row."""
        event.stop()
        if event.option_index in self._positions:
            row = self._shown[self._positions.index(event.option_index)]
            self.app.post_message(ActLater(partial(self._take_clicked, row)))

    async def _take_clicked(self, row: Row) -> None:
        """Take a row, unless a key struck before the click has closed the list or left the row out."""
        if self.is_attached and row in self._shown:
            await row.act()


def _measure_columns(rows: Sequence[Row], room: int) -> list[int]:
    """Return the widths of all columns but the last: as wide as the widest cell, half of the room where it is scarce."""
    columns = zip_longest(*(row.cells for row in rows), fillvalue="")
    widths = [max(measure_width(clean(cell)) for cell in column) for column in columns]
    others = sum(widths) + COLUMN_GAP * (len(widths) - 1) - room
    return [width if others <= 0 else min(width, max(room // 2, width - others)) for width in widths[:-1]]


def _format_row(row: Row, widths: Sequence[int]) -> Content:
    cells = [clean(cell).replace("\n", " ") for cell in row.cells]
    parts: list[tuple[str, str]] = []
    for n, cell in enumerate(cells):
        style = "bold $code" if n == 0 and row.key else row.style
        parts.append((fit(cell, widths[n]) + " " * COLUMN_GAP if n < len(cells) - 1 else cell, style))
    return Content.assemble(*parts)


class TextPanel(Panel):
    """A text to be read and closed: as Markdown, as it is, or in a widget of its own."""

    def __init__(self, what: str, text: str | Content | Widget) -> None:
        super().__init__()
        self.what = what
        self._text = text
        self.hints = (KeyHint("Esc", "close"), KeyHint("↑ ↓ PgUp PgDn", "scroll", 1, "pagedown"))

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            if isinstance(self._text, Content):
                yield Static(self._text, markup=False)
            elif isinstance(self._text, Widget):
                yield self._text
            else:
                from rich.markdown import Markdown  # one widget; Textual's own makes two for each line of a list

                yield Static(Markdown(self._text, hyperlinks=False))

    async def press(self, key: str) -> None:
        if key == "escape" or key in ENTER or key == "?":
            await self.close()
        elif key in SCROLLS:
            scroll_by_key(self.query_one(VerticalScroll), key)
        else:
            self.refuse("Esc goes back")
