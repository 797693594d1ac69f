"""Panels beside the question or the case: a line, a list, a choice, a text, a form.

The open panel has the keys.
"""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Offset
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from survey_cli.entries import OfferedOption, find_by_beginning, to_ascii_digits
from survey_cli.text_width import fit, measure_width
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.clicks import Clicked
from survey_cli.tui.widgets.editing import (
    EditHistory,
    Field,
    describe_removal,
    edit,
    insert,
    set_text,
)
from survey_cli.tui.widgets.terminal import ENTER

Act: TypeAlias = Callable[[], Awaitable[object]]
Submit: TypeAlias = Callable[[str], Awaitable[object]]
Refuse: TypeAlias = Callable[[str], None]
"""Receives why a key was not accepted."""
Say: TypeAlias = Callable[[str], None]
"""Receives what the interviewer should know about a key."""
COMMAND: Final = "command"
"""`what` of the line in which a command is typed."""


SCROLLS: Final = ("up", "down", "pageup", "pagedown", "home", "end")
LIST_PAGE: Final = 10
"""Rows of a page of a list."""
CLOSE: Final = styled.KeyHint("Esc", "close")


def count_step(key: str, page: int, count: int) -> int:
    """Return by how many of `count` rows one of the keys of `SCROLLS` moves."""
    steps = {
        "up": -1,
        "down": 1,
        "pageup": -page,
        "pagedown": page,
        "home": -count,
        "end": count,
    }
    return steps[key]


def scroll_by_key(view: VerticalScroll, key: str) -> None:
    """Scroll by one of the keys of `SCROLLS`, once what the keys before it changed is laid out."""

    def scroll() -> None:
        last = view.max_scroll_y
        step = count_step(key, view.scrollable_content_region.height, last)
        top = min(max(view.scroll_y + step, 0), last)
        view.scroll_to(y=top, animate=False, immediate=True)

    view.call_after_refresh(scroll)


class Panel(Vertical):
    """Something open: it has the keys until it is closed.

    A subclass says what it is and handles its keys; the screen that opens it sets the rest:

        class AlarmPanel(Panel):
            what = "alarm"

            def compose(self) -> ComposeResult:
                yield Static("The line has dropped.", markup=False)

            async def press(self, key: str) -> None:
                if key == "escape":
                    await self.close()
                else:
                    self.refuse("Esc closes")
    """

    what: str
    """What it is, so that the key that opened it closes it."""
    hints: styled.KeyHints = (CLOSE,)
    """The keys that act in it."""
    close: Act
    """Closes it; set by the screen that opens it."""
    refuse: Refuse
    """Says why a key was not accepted; set by the screen."""
    say: Say
    """Says what the interviewer should know about a key; set by the screen."""

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


class KeptLine:
    """What was typed into a line that was closed without saving it.

    It is in the line again when that is opened again.
    """

    def __init__(self) -> None:
        self.text = ""
        self.recalled: str | None = None
        """The earlier line that is being changed."""
        self.history = EditHistory()


@dataclass(eq=False, repr=False)
class LinePanel(Panel):
    """One line of text: a note, a reason, a command."""

    what: str
    label: str
    submit: Submit
    _: KW_ONLY
    text: str = ""
    """What is in the field at first."""
    saves: str = "save"
    earlier: Sequence[str] = ()
    """Lines written before, which ↑ brings back to be changed."""
    at: int | None = None
    """Which of the earlier lines is in the field."""
    option: OfferedOption | None = None
    """The option for which it is typed."""
    about: Hashable = None
    """What the line is about, if that varies: what was typed is kept for it."""
    opener: str = ""
    """The key that opens the line, as it is printed."""

    def __post_init__(self) -> None:
        super().__init__()
        self._kept = KeptLine()
        self._is_submitting = False

    def bring_back(self, kept: KeptLine) -> None:
        """Bring back what was typed before, and keep there what is typed now.

        It is called before the line is shown.
        """
        self._kept = kept
        if self.at is not None:
            self.text = self.earlier[self.at]
        if not kept.text or self.what == COMMAND:
            # a command begins anew with its dot
            return
        self.text = kept.text
        self.at = None
        if kept.recalled in self.earlier:
            self.at = self.earlier.index(kept.recalled)

    # It depends on which line is in the field.
    @property
    def hints(self) -> styled.KeyHints:  # type: ignore[override]
        hints = [styled.KeyHint("Enter", self.saves, press="enter")]
        if self.earlier and self.at != 0:
            hints.append(styled.KeyHint("↑", "an earlier one", 1, "up"))
        if self.at is not None:
            hints.append(styled.KeyHint("↓", "a new one", 1, "down"))
        return (*hints, styled.KeyHint("Esc", "close (keeps what you typed)"))

    def compose(self) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(styled.style_text(self.label), classes="label", markup=False)
            yield Field(self.text)

    def on_mount(self) -> None:
        self.input.cursor_position = len(self.text)
        self.input.focus()

    @property
    def input(self) -> Input:
        return self.query_one(Input)

    @property
    def _recalled(self) -> str:
        """The earlier line that is in the field, as it was written; empty if a new one is typed."""
        if self.at is None:
            return ""
        return self.earlier[self.at]

    @property
    def unfinished(self) -> bool:
        # the dot of a command is typed before its line opens
        has_text = bool(self.input.value.strip("."))
        return has_text and self.input.value != self._recalled

    @property
    def kept_text(self) -> str:
        """What was typed when the line was closed, and not saved."""
        return self._kept.text

    def keep(self) -> None:
        """Keep what was typed, when the line is closed; nothing if it was saved."""
        kept = self._kept
        kept.text = ""
        kept.recalled = None
        if not self.unfinished or self._is_submitting:
            return
        kept.text = self.input.value
        if self.at is not None:
            kept.recalled = self._recalled
        if self.what == COMMAND:
            # the next command line begins with its dot, and Ctrl+Z brings this text back
            kept.history.record(kept.text, ".")

    async def press(self, key: str) -> None:
        if key == "escape":
            await self.close()
            if self.kept_text:
                self.say(self._describe_kept())
        elif key in ENTER:
            self._is_submitting = True
            try:
                await self.submit(self.input.value.strip())
            finally:
                self._is_submitting = False
        elif key in ("up", "down") and self.earlier:
            self._recall(-1 if key == "up" else 1)
        else:
            await self._edit(key)

    def _describe_kept(self) -> str:
        """Describe how what was typed is brought back."""
        if self.what == COMMAND:
            return "not done: Ctrl+Z in the next command line brings it back"
        opener = self.opener or "opening the line again"
        return f"not saved: {opener} brings back what you typed"

    async def _edit(self, key: str) -> None:
        before = self.input.value
        if not await edit(self.input, key, self._kept.history):
            self.refuse("Enter saves the line, Esc closes it and keeps what you typed")
        elif self.what == COMMAND and not self.input.value:
            await self.close()
        else:
            self._say_removal(key, before)

    def _say_removal(self, key: str, before: str) -> None:
        removal = describe_removal(key, before, self.input.value)
        if removal:
            self.say(removal)

    async def paste(self, text: str) -> None:
        insert(self.input, text, self._kept.history)

    def _recall(self, by: int) -> None:
        """Bring an earlier line into the field; the new one comes after the last of them."""
        new_line = len(self.earlier)
        position = new_line
        if self.at is not None:
            position = self.at
        position = min(max(position + by, 0), new_line)
        self.at = None
        if position < new_line:
            self.at = position

        before = self.input.value
        set_text(self.input, self._recalled)
        self._kept.history.record(before, self.input.value)
        if before not in self.earlier:
            self._say_removal("", before)


class Choice(NamedTuple):
    """One answer to a question that the program asks."""

    key: str
    label: str
    act: Act | None = None
    """None if it only closes the question."""
    names: tuple[str, ...] = ()
    """Words whose first letter chooses it too, if no other choice has one with that letter."""


@dataclass(eq=False, repr=False)
class ChoicePanel(Panel):
    """A question to the interviewer before something is done; every answer has a key."""

    question: str
    choices: Sequence[Choice]
    what: str = "choice"
    detail: Content | None = None
    """What should be known before it is answered."""

    def __post_init__(self) -> None:
        super().__init__()
        hints = []
        for choice in self.choices:
            label = choice.label
            if label[:1].isdecimal():
                label = f"= {label}"  # two numbers side by side would be read as one
            hints.append(styled.KeyHint(choice.key, label))
        self.hints = (*hints, styled.KeyHint("Esc", "cancel"))

    def compose(self) -> ComposeResult:
        if self.detail:
            yield Static(self.detail + "\n", markup=False)
        yield Static(styled.style_text(self.question, "bold"), markup=False)
        if any(choice.key.isdecimal() for choice in self.choices):
            # y and n are only in the bar of keys; numbered answers are a list
            lines = []
            for choice in self.choices:
                key = (f" {choice.key} ", "bold $code")
                lines.append(Content.assemble(key, f" {styled.clean(choice.label)}"))
            yield Static(Content("\n").join(lines), markup=False)

    async def press(self, key: str) -> None:
        chosen = self._find_choice(key)
        if chosen is not None:
            await self.close()
            if chosen.act is not None:
                await chosen.act()
        elif key in ("escape", "backspace", "left"):
            await self.close()
        else:
            keys = " or ".join(choice.key for choice in self.choices)
            self.refuse(f"{keys}; Esc cancels")

    def _find_choice(self, key: str) -> Choice | None:
        typed = to_ascii_digits(key).casefold()
        for choice in self.choices:
            if choice.key == typed:
                return choice

        if len(key) > 1:  # `up` is a key, and no letter
            return None
        index = find_by_beginning([choice.names for choice in self.choices], typed)
        if index is None:
            return None
        return self.choices[index]


def build_question(
    question: str,
    yes: str,
    act: Act,
    *,
    no: str = "no",
    what: str = "choice",
    detail: Content | None = None,
) -> ChoicePanel:
    """Build a question that y answers with yes, which acts, and n with no."""
    choices = (Choice("y", yes, act), Choice("n", no))
    return ChoicePanel(question, choices, what=what, detail=detail)


class Row(NamedTuple):
    """One row of a list."""

    cells: tuple[str, ...]
    act: Act
    key: str = ""
    """Typed whole, it takes the row at once, unless a longer key begins with it."""
    heading: str = ""
    """The rows of one heading must follow one another."""
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


@dataclass(eq=False, repr=False)
class ListPanel(Panel):
    """A list with a line to filter it: ↑ ↓ mark a row, Enter takes it, its key takes it at once."""

    what: str
    label: str
    rows: Sequence[Row]
    _: KW_ONLY
    marked: int | None = 0
    """The row marked at first. None lets Enter take nothing until ↑ ↓ or a word mark one."""
    empty: str = "nothing matches"
    takes: str = "take it"
    search: Callable[[str], Sequence[Row]] | None = None
    """Finds the rows for what is typed, instead of filtering `rows`."""
    searches_from: int = 0
    """The characters that a search needs."""
    invitation: str = ""
    """What to type, shown until a search has as many characters as it needs."""
    takes_keys: bool = True
    """Whether a row's key, typed whole, takes the row at once."""

    def __post_init__(self) -> None:
        super().__init__()
        self._history = EditHistory()
        self._shown: list[Row] = []
        self._positions: list[int] = []
        """The position of each shown row among the options, which include headings."""
        self.hints = (
            styled.KeyHint("Enter", self.takes, press="enter"),
            styled.KeyHint("↑ ↓", "mark", 2, "down"),
            styled.KeyHint("type", "to filter", 1, "none"),
            CLOSE,
        )

    def compose(self) -> ComposeResult:
        with Horizontal(classes="row"):
            yield Static(styled.style_text(self.label), classes="label", markup=False)
            yield Field()
        yield RowList(self._find_taken)

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.query_one(OptionList).can_focus = False
        self._fill(self.rows, self.marked)

    def _fill(self, rows: Sequence[Row], marked: int | None) -> None:
        """Show rows, at most `MAX_ROWS` around the marked one."""
        half_before = (marked or 0) - MAX_ROWS // 2
        first = max(0, min(half_before, len(rows) - MAX_ROWS))
        self._shown = list(rows[first : first + MAX_ROWS])

        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options(self._build_options())
        if self._positions and marked is not None:
            row = min(max(marked - first, 0), len(self._positions) - 1)
            listed.highlighted = self._positions[row]

    def _build_options(self) -> list[Option]:
        """Build the options of the shown rows, with headings before the first of their rows."""
        self._positions = []
        if not self._shown:
            empty = styled.style_text(self._describe_empty(), "$quiet")
            return [Option(empty, disabled=True)]

        # before the first layout the panel has no width yet
        width = self.size.width or self.app.size.width - 2 * styled.MARGIN
        widths = measure_columns([row.cells for row in self._shown], width - 2)
        options: list[Option] = []
        heading = ""
        for row in self._shown:
            if row.heading != heading:
                heading = row.heading
                options.append(Option(styled.style_text(heading, "$quiet"), disabled=True))
            self._positions.append(len(options))
            options.append(Option(_format_row(row, widths)))
        return options

    def _describe_empty(self) -> str:
        """Return why no row is shown: nothing matches, or too little was typed to search."""
        typed = self.query_one(Input).value.strip()
        if self.invitation and len(typed) < self.searches_from:
            return self.invitation
        return self.empty

    async def press(self, key: str) -> None:
        field = self.query_one(Input)
        if key == "escape":
            # the first Esc clears the line
            if not field.value:
                await self.close()
                return
            self._history.record(field.value, "")
            set_text(field, "")
            await self._filter("")
        elif key in ENTER:
            await self._take()
        elif key in SCROLLS:
            self._move_mark(key)
        elif await edit(field, key, self._history):
            await self._filter(field.value)
        else:
            self.refuse("type to filter, Enter takes the marked line, Esc closes")

    def _move_mark(self, key: str) -> None:
        """Move the mark.

        A page has a fixed number of rows: a key acts before the list has been laid out.
        """
        listed = self.query_one(OptionList)
        if not self._positions:
            return

        count = len(self._positions)
        last = count - 1
        if listed.highlighted is None:
            row = last if key in ("up", "end") else 0
        else:
            row = self._positions.index(listed.highlighted) + count_step(key, LIST_PAGE, count)
        if key in ("up", "down"):
            # from the last row to the first, and back
            row %= count
        listed.highlighted = self._positions[min(max(row, 0), last)]

    async def paste(self, text: str) -> None:
        field = self.query_one(Input)
        insert(field, text, self._history)
        await self._filter(field.value)

    async def _filter(self, typed: str) -> None:
        """Take the row whose key was typed, or show the rows that match."""
        folded = to_ascii_digits(typed.strip()).casefold()
        row = self._find_row(folded)
        if self.takes_keys and row is not None:
            await row.act()
            return

        if self.search is not None:
            self.rows = self.search(typed.strip())
            self._fill(self.rows, 0)
            return

        words = folded.split()
        shown = [row for row in self.rows if row.matches(words)]
        self._fill(shown, self._find_mark(shown, folded))

    def _find_row(self, key: str) -> Row | None:
        """Find the row whose key was typed whole, unless a longer key begins with it."""
        if not key:
            return None
        found = None
        for row in self.rows:
            row_key = row.key.casefold()
            if row_key == key:
                found = found or row
            elif row_key.startswith(key):
                return None
        return found

    def _find_mark(self, shown: Sequence[Row], typed: str) -> int | None:
        """Return the number of the row to be marked: the row with this key, else the first."""
        for number, row in enumerate(shown):
            if row.key and row.key.casefold() == typed:
                return number
        # In a list that marks no row at first, a number that is no row's key must not mark another.
        is_other_number = self.marked is None and typed.isdecimal()
        if typed and not is_other_number:
            return 0
        return self.marked

    async def _take(self) -> None:
        """Take the marked row."""
        position = self.query_one(OptionList).highlighted
        if position is not None and position in self._positions:
            row = self._shown[self._positions.index(position)]
            await row.act()
        elif self._shown:
            self.refuse("mark one with ↑ ↓, or key its number")
        else:
            self.refuse(self._describe_empty())

    def _find_taken(self, position: int) -> Clicked:
        """Find what takes the row at this position among the options; None at a heading."""
        if position not in self._positions:
            return None
        return self._shown[self._positions.index(position)].act


class RowList(OptionList):
    """The rows of a list. A click takes one."""

    def __init__(self, find_taken: Callable[[int], Clicked]) -> None:
        super().__init__(markup=False, compact=True)
        self._find_taken = find_taken

    def find_clicked(self, at: Offset) -> Clicked:
        """Find what takes the row that was clicked."""
        x, y = at + self.content_region.offset
        position = self.screen.get_style_at(x, y).meta.get("option")
        if position is None:
            return None
        return self._find_taken(position)

    def on_click(self, event: events.Click) -> None:
        """Do nothing: Textual would mark the row, after keys that were struck later."""
        event.prevent_default()


def measure_columns(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return the widths of all columns but the last.

    A column is as wide as its widest cell, but at most half of the room if there isn't enough.
    """
    columns = zip_longest(*rows, fillvalue="")
    widths = [max(measure_width(styled.clean(cell)) for cell in column) for column in columns]
    missing = sum(widths) + COLUMN_GAP * (len(widths) - 1) - room
    if missing <= 0:
        return widths[:-1]
    return [min(width, max(room // 2, width - missing)) for width in widths[:-1]]


def _format_row(row: Row, widths: Sequence[int]) -> Content:
    parts: list[tuple[str, str]] = []
    last = len(row.cells) - 1
    for column, cell in enumerate(row.cells):
        text = styled.clean(cell).replace("\n", " ")
        if column < last:
            text = fit(text, widths[column]) + " " * COLUMN_GAP
        style = row.style
        if column == 0 and row.key:
            style = "bold $code"
        parts.append((text, style))
    return Content.assemble(*parts)


class TextPanel(Panel):
    """A text to be read and closed: as Markdown, as it is, or in a widget of its own."""

    hints = (CLOSE, styled.KeyHint("↑ ↓ PgUp PgDn", "scroll", 1, "pagedown"))

    def __init__(self, what: str, text: str | Content | Widget) -> None:
        super().__init__()
        self.what = what
        self._text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            if isinstance(self._text, Content):
                yield Static(self._text, markup=False)
            elif isinstance(self._text, Widget):
                yield self._text
            else:
                # It is one widget. Textual's own makes two for each line of a list.
                from rich.markdown import Markdown

                yield Static(Markdown(self._text, hyperlinks=False))

    async def press(self, key: str) -> None:
        if key == "escape" or key in ENTER or key == "?":
            await self.close()
        elif key in SCROLLS:
            scroll_by_key(self.query_one(VerticalScroll), key)
        else:
            self.refuse("Esc goes back")


KEYS_OF_FORM: Final = "Tab next, Shift+Tab back, Esc closes and keeps what you typed"
CLEARS: Final = ("backspace", "delete", "0", " ")
"""Keys that clear a choice."""


class FormField(NamedTuple):
    """One field of a form."""

    name: str
    label: str
    hint: str = ""
    """Shown in an empty line of text."""
    choices: tuple[str, ...] | None = None
    """What can be chosen, by number from 1; None makes the field a line of text."""
    optional: bool = True
    """Whether a choice can be cleared."""


class FormPanel(Panel):
    """Fields, one on each line.

    `values` holds what was entered, by the field's name: a text, or the number chosen. It is
    changed in place, so that a form that is opened again has what was typed before it was closed.

        class AddressForm(FormPanel):
            what = "address"
            saves = "save the address"
            fields = (
                FormField("street", "Street"),
                FormField("kind", "Kind", choices=("home", "work")),
            )
    """

    fields: Sequence[FormField]
    saves: str
    """What Enter does."""

    def __init__(self, title: Content, values: dict[str, str], submit: Act) -> None:
        super().__init__()
        self.values = values
        self.submit = submit
        self._title = title
        self._fields = {field.name: field for field in self.fields}
        self.at = self.fields[0].name
        """The field that has the keys."""
        self._histories = {field.name: EditHistory() for field in self.fields}
        self.hints = (
            styled.KeyHint("Enter", self.saves, press="enter"),
            styled.KeyHint("Tab", "next field", 1),
            styled.KeyHint("Shift+Tab", "back", 2, "shift+tab"),
            styled.KeyHint("Esc", "close (keeps what you typed)"),
        )

    def change(self, name: str) -> None:
        """Adapt the form after this field has changed."""

    def list_choices(self, field: FormField) -> tuple[str, ...]:
        """List what can be chosen in this field; without choices, the field is hidden."""
        return field.choices or ()

    def describe(self, name: str) -> Content:
        """Describe what was entered in this field, on the lines under it."""
        return Content()

    def compose(self) -> ComposeResult:
        yield Static(self._title, classes="title", markup=False)
        for field in self._fields.values():
            with Horizontal(classes="field", id=f"row-{field.name}"):
                yield styled.TextView(classes="name", id=f"name-{field.name}")
                if field.choices is None:
                    yield Field(
                        self.values.get(field.name, ""), id=f"field-{field.name}", hint=field.hint
                    )
                else:
                    yield styled.TextView(id=f"field-{field.name}", classes="choices")
            yield styled.TextView(id=f"about-{field.name}", classes="about")

    def on_mount(self) -> None:
        for name in self._fields:
            self.change(name)
            self._mark(name)
        self.show()
        self.go_to(self.at)

    @property
    def _input(self) -> Input | None:
        """The line of text that has the keys; None if a choice has them."""
        if self._fields[self.at].choices is not None:
            return None
        return self.query_one(f"#field-{self.at}", Input)

    def go_to(self, name: str) -> None:
        """Give the keys to this field."""
        before = self.at
        self.at = name
        self._mark(before)
        self._mark(name)
        self.screen.set_focus(self._input)

    def _mark(self, name: str) -> None:
        """Show the field's label, with a mark if the field has the keys."""
        sign = " "
        style = "$quiet"
        if name == self.at:
            sign = styled.HERE
            style = "bold $accent"
        label = styled.style_text(f"{sign} {self._fields[name].label}", style)
        self.query_one(f"#name-{name}", styled.TextView).show(label)

    def show(self) -> None:
        """Show the choices of all fields, and what is said about what was entered."""
        for field in self._fields.values():
            about = self.query_one(f"#about-{field.name}", styled.TextView)
            about.show(self.describe(field.name))
            if field.choices is None:
                continue

            choices = self.list_choices(field)
            self.query_one(f"#row-{field.name}").display = bool(choices)
            shown = self.query_one(f"#field-{field.name}", styled.TextView)
            shown.show(self._format_choices(field.name, choices))

    def _format_choices(self, name: str, choices: Sequence[str]) -> Content:
        """Return the choices on one line, or one below the other if that is too long."""
        chosen = self.values.get(name, "")
        parts = []
        for number, choice in enumerate(choices, 1):
            sign = " "
            style = ""
            if str(number) == chosen:
                sign = styled.CHOSEN
                style = "bold"
            mark = Content.assemble((f"{sign} ", "bold $accent"), (f"{number} ", "bold $code"))
            parts.append((mark, styled.style_text(choice, style)))

        # before the first layout the panel has no width yet
        room = (self.size.width or self.app.size.width) - 26
        width = sum((mark + text).cell_length + 3 for mark, text in parts)
        if width <= room:
            return Content("   ").join([mark + text for mark, text in parts])

        lines: list[Content] = []
        for mark, text in parts:
            lines += styled.hang(mark, text, room + 4)
        return styled.join_lines(lines)

    def _move(self, by: int) -> None:
        """Give the keys to a field before or after this one; hidden fields are passed over."""
        shown = [
            field.name
            for field in self._fields.values()
            if field.choices is None or self.list_choices(field)
        ]
        position = min(max(shown.index(self.at) + by, 0), len(shown) - 1)
        self.go_to(shown[position])

    async def press(self, key: str) -> None:
        if key == "escape":
            await self.close()
        elif key in ENTER:
            await self.submit()
        elif key in ("tab", "down"):
            self._move(1)
        elif key in ("shift+tab", "up"):
            self._move(-1)
        else:
            line = self._input
            if line is None:
                self._choose(key)
            else:
                await self._edit(line, key)

    async def _edit(self, line: Input, key: str) -> None:
        before = line.value
        if not await edit(line, key, self._histories[self.at]):
            self.refuse(KEYS_OF_FORM)
            return
        self._take_text(line)
        removal = describe_removal(key, before, line.value)
        if removal:
            self.say(removal)

    def _take_text(self, line: Input) -> None:
        if line.value != self.values.get(self.at, ""):
            self.values[self.at] = line.value
            self.change(self.at)
            self.show()

    def _choose(self, key: str) -> None:
        """Choose by number or by ← →, or clear the choice."""
        field = self._fields[self.at]
        count = len(self.list_choices(field))
        typed = to_ascii_digits(key)
        now = int(self.values.get(self.at) or 0)
        if key in ("left", "right"):
            number = 1
            if now:
                step = 1 if key == "right" else -1
                # numbers begin at 1; after the last comes the first
                number = (now - 1 + step) % count + 1
        elif typed.isdecimal() and 1 <= int(typed) <= count:
            number = int(typed)
        elif key in CLEARS and field.optional:
            number = 0
        else:
            cleared = ""
            if field.optional:
                cleared = ", Backspace if not known"
            self.refuse(f"1 to {count}{cleared}; {KEYS_OF_FORM}")
            return

        chosen = ""
        if number:
            chosen = str(number)
        self.values[self.at] = chosen
        self.change(self.at)
        self.show()

    async def paste(self, text: str) -> None:
        line = self._input
        if line is None:
            self.refuse("a number chooses here")
        else:
            insert(line, text, self._histories[self.at])
            self._take_text(line)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Give the keys to the line that was clicked."""
        name = (event.widget.id or "").removeprefix("field-")
        # Keys that were handled meanwhile may have moved on: then the click comes too late.
        is_in_time = event.widget is self.screen.focused
        if name in self._fields and is_in_time:
            self.go_to(name)
