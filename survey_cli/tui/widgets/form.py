"""Form beside the case: lines of text and numbered choices, sent with one Enter."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from survey_cli.entries import to_ascii_digits
from survey_cli.tui.widgets.editing import Field, edit, insert
from survey_cli.tui.widgets.panel import Panel
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.tui.widgets.text import CHOSEN, HERE, KeyHint, TextView, hang, join_lines, style_text

KEYS_OF_FORM: Final = "Tab next, Shift+Tab back, Esc closes and keeps what you typed"
CLEARS: Final = ("backspace", "delete", "0", " ")


class FormField(NamedTuple):
    """One field of a form."""

    name: str
    label: str
    hint: str = ""
    """Shown in an empty line of text."""
    choices: tuple[str, ...] | None = None
    """What can be chosen, by number from 1; None: a line of text."""
    optional: bool = True
    """A choice can be cleared."""


class FormPanel(Panel):
    """Fields under each other. `values` holds what was entered, by the field's name: a text, or the number chosen.

    They are changed in place, so that whoever opens the form again finds what was typed before it was closed.
    """

    def __init__(
        self, what: str, title: Content, fields: Sequence[FormField], values: dict[str, str], *, saves: str
    ) -> None:
        super().__init__()
        self.what = what
        self.values = values
        self._title = title
        self._fields = {field.name: field for field in fields}
        self.at = fields[0].name
        """The field that has the keys."""
        self.hints = (
            KeyHint("Enter", saves, press="enter"),
            KeyHint("Tab", "next field", 1),
            KeyHint("Shift+Tab", "back", 2, "shift+tab"),
            KeyHint("Esc", "close (keeps what you typed)"),
        )

    async def submit(self) -> None:
        """Send the form."""
        raise NotImplementedError

    def change(self, name: str) -> None:
        """Adapt the form after this field has changed."""

    def list_choices(self, field: FormField) -> tuple[str, ...]:
        """List what can be chosen in this field; nothing hides the field."""
        return field.choices or ()

    def describe(self, name: str) -> Content:
        """Describe what was entered in this field, on the lines under it."""
        return Content()

    def compose(self) -> ComposeResult:
        yield Static(self._title, classes="title", markup=False)
        for field in self._fields.values():
            with Horizontal(classes="field", id=f"row-{field.name}"):
                yield TextView(classes="name", id=f"name-{field.name}")
                if field.choices is None:
                    yield Field(self.values.get(field.name, ""), id=f"field-{field.name}", hint=field.hint)
                else:
                    yield TextView(id=f"field-{field.name}", classes="choices")
            yield TextView(id=f"about-{field.name}", classes="about")

    def on_mount(self) -> None:
        for name in self._fields:
            self.change(name)
            self._mark(name)
        self.show()
        self.go_to(self.at)

    @property
    def _input(self) -> Input | None:
        """The line of text that has the keys."""
        return self._get_input(self.at) if self._fields[self.at].choices is None else None

    def _get_input(self, name: str) -> Input:
        return self.query_one(f"#field-{name}", Input)

    def go_to(self, name: str) -> None:
        """Give the keys to this field."""
        before, self.at = self.at, name
        self._mark(before)
        self._mark(name)
        self.screen.set_focus(self._input)

    def _mark(self, name: str) -> None:
        """Show the field's label, marked where the field has the keys."""
        here = name == self.at
        label = f"{HERE if here else ' '} {self._fields[name].label}"
        self.query_one(f"#name-{name}", TextView).show(style_text(label, "bold $accent" if here else "$quiet"))

    def show(self) -> None:
        """Show what can be chosen, what is, and what is said of it."""
        for field in self._fields.values():
            self.query_one(f"#about-{field.name}", TextView).show(self.describe(field.name))
            if field.choices is not None:
                choices = self.list_choices(field)
                self.query_one(f"#row-{field.name}").display = bool(choices)
                self.query_one(f"#field-{field.name}", TextView).show(self._format_choices(field.name, choices))

    def _format_choices(self, name: str, choices: Sequence[str]) -> Content:
        chosen = self.values.get(name, "")
        room = (self.size.width or self.app.size.width) - 26
        parts = [
            (
                Content.assemble((f"{CHOSEN if str(n) == chosen else ' '} ", "bold $accent"), (f"{n} ", "bold $code")),
                style_text(choice, "bold" if str(n) == chosen else ""),
            )
            for n, choice in enumerate(choices, 1)
        ]
        if sum((mark + text).cell_length + 3 for mark, text in parts) <= room:
            return Content("   ").join([mark + text for mark, text in parts])
        return join_lines(line for mark, text in parts for line in hang(mark, text, room + 4))

    def _list_shown(self) -> list[str]:
        return [f.name for f in self._fields.values() if f.choices is None or self.list_choices(f)]

    def _move(self, by: int) -> None:
        shown = self._list_shown()
        self.go_to(shown[min(max(shown.index(self.at) + by, 0), len(shown) - 1)])

    async def press(self, key: str) -> None:
        if key == "escape":
            await self.close()
        elif key in ENTER:
            await self.submit()
        elif key in ("tab", "down"):
            self._move(1)
        elif key in ("shift+tab", "up"):
            self._move(-1)
        elif (line := self._input) is None:
            self._choose(key)
        elif await edit(line, key):
            self._take_text(line)
        else:
            self.refuse(KEYS_OF_FORM)

    def _take_text(self, line: Input) -> None:
        if line.value != self.values.get(self.at, ""):
            self.values[self.at] = line.value
            self.change(self.at)
            self.show()

    def _choose(self, key: str) -> None:
        field = self._fields[self.at]
        count = len(self.list_choices(field))
        typed = to_ascii_digits(key)
        now = int(self.values.get(self.at) or 0)
        if key in ("left", "right"):
            number = (now - 1 + (1 if key == "right" else -1)) % count + 1 if now else 1
        elif typed.isdecimal() and 1 <= int(typed) <= count:
            number = int(typed)
        elif key in CLEARS and field.optional:
            number = 0
        else:
            cleared = ", Backspace if not known" if field.optional else ""
            self.refuse(f"1 to {count}{cleared}; {KEYS_OF_FORM}")
            return
        self.values[self.at] = str(number) if number else ""
        self.change(self.at)
        self.show()

    async def paste(self, text: str) -> None:
        line = self._input
        if line is None:
            self.refuse("a number chooses here")
        else:
            insert(line, text)
            self._take_text(line)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click into a line gives it the keys; where keys have moved on meanwhile, it comes too late."""
        name = (event.widget.id or "").removeprefix("field-")
        if name in self._fields and event.widget is self.screen.focused:
            self.go_to(name)
