"""Forms of the station, for an appointment and for a refusal, and the panel of scripts."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from survey_cli.entries import to_ascii_digits
from survey_cli.sessions.station.station_protocol import (
    AppointmentPolicy,
    CaseView,
    StationScript,
    TimeReading,
    UnclearTime,
)
from survey_cli.tui.widgets.form import FormField, FormPanel
from survey_cli.tui.widgets.panel import CLOSE, Panel
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.tui.widgets.text import HERE, KeyHint, TextView, clean, join_lines, style_text
from survey_cli.wording import shorten

FormValues: TypeAlias = dict[str, str]
POLICIES: Final[tuple[AppointmentPolicy, ...]] = ("anyone", "me", "me_first")
APPOINTMENT_FIELDS: Final = (
    FormField("when", "When", "tomorrow 3pm, thursday morning, 26 nov 15:00, in 2 hours"),
    FormField("reading", "Which", choices=(), optional=False),
    FormField("policy", "Who calls", choices=("anyone", "only me", "me first"), optional=False),
    FormField("person", "Ask for"),
    FormField("note", "Note"),
)
REFUSAL_FIELDS: Final = (
    FormField("who", "Who refused"),
    FormField("reason", "Reason given"),
    FormField("strength", "How strong", choices=("no time, perhaps another day", "unwilling", "angry")),
)
MAX_NAME: Final = 24
"""Characters of a name in the title of a form."""
WHEN: Final = "when? tomorrow 3pm, thursday morning, 26 nov 15:00"


def _build_title(view: CaseView) -> Content:
    """Build the first line of the form of an appointment, with both clocks and the day."""
    there = f"{view.respondent_time:%H:%M} there, " if view.respondent_time is not None else ""
    here = view.station_time
    clocks = f"{there}{here:%a} {here.day} {here:%b %H:%M} here"
    return Content.assemble((f"Call back {clean(shorten(view.name, MAX_NAME))}", "bold"), (f"   {clocks}", "$quiet"))


class AppointmentPanel(FormPanel):
    """The form of an appointment: how the time is understood is seen while it is typed, and Enter books."""

    def __init__(
        self,
        view: CaseView,
        values: FormValues,
        parse_time: Callable[[str, int], TimeReading | UnclearTime],
        book: Callable[[FormValues], Awaitable[None]],
    ) -> None:
        values.setdefault("policy", "1")
        super().__init__("appointment", _build_title(view), APPOINTMENT_FIELDS, values, saves="book it")
        self._parse_time = parse_time
        self._book = book
        self._read = ""
        """The text that was understood last."""
        self._time: TimeReading | UnclearTime | None = None
        """How the time is understood; None while none is typed."""
        self._readings: tuple[str, ...] = ()
        """What the time may mean, where it can mean several."""

    def list_choices(self, field: FormField) -> tuple[str, ...]:
        return self._readings if field.name == "reading" else super().list_choices(field)

    def change(self, name: str) -> None:
        if name not in ("when", "reading"):
            return
        text = self.values.get("when", "").strip()
        if text != self._read and self._read:  # another time: what was chosen of the one before is forgotten
            self.values["reading"] = ""
            self._readings = ()
        self._read = text
        reading = int(self.values.get("reading") or 0)
        self._time = self._parse_time(text, reading) if text else None
        if not self._readings:
            unclear = self._parse_time(text, 0) if reading and text else self._time
            self._readings = unclear.choices if isinstance(unclear, UnclearTime) else ()

    def describe(self, name: str) -> Content:
        if name != "when" or self._time is None:
            return Content()
        if isinstance(self._time, UnclearTime):
            return style_text(f"? {self._time.why}", "bold $warning")
        hint = f"   {clean(self._time.hint)}" if self._time.hint else ""
        return Content.assemble((f"= {clean(self._time.echo)}", "bold $success"), (hint, "$quiet"))

    async def submit(self) -> None:
        if self._readings and not self.values.get("reading"):
            self.go_to("reading")
            self.refuse("which one? key its number")
        elif not isinstance(self._time, TimeReading):
            self.go_to("when")
            self.refuse(self._time.why if self._time is not None else WHEN)
        else:
            await self._book(self.values)


class RefusalPanel(FormPanel):
    """What whoever calls again should know of a refusal; every field may stay empty."""

    def __init__(self, outcome: str, view: CaseView, values: FormValues, record: Callable[[], Awaitable[None]]) -> None:
        title = Content.assemble(
            (f"{clean(outcome)}: {clean(shorten(view.name, MAX_NAME))}", "bold"),
            ("\nWhat the next interviewer should know; leave empty what is not known", "$quiet"),
        )
        super().__init__("refusal", title, REFUSAL_FIELDS, values, saves="record it")
        self._record = record

    async def submit(self) -> None:
        await self._record()


class ScriptsPanel(Panel):
    """Texts to be read aloud: a number shows one in full, Enter notes that it was read."""

    what = "scripts"
    hints = (KeyHint("Enter", "was read", press="enter"), KeyHint("number", "another script", 1, "none"), CLOSE)

    def __init__(self, scripts: Sequence[StationScript], record: Callable[[str], Awaitable[None]]) -> None:
        super().__init__()
        self._scripts = scripts
        self._record = record
        self._at = 0

    def compose(self) -> ComposeResult:
        yield Static(id="script-names", markup=False)
        yield TextView(id="script")

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        lines = []
        for n, script in enumerate(self._scripts):
            used = "  (read; once per case)" if script.is_used else ""
            mark = HERE if n == self._at else " "
            style = "bold" if n == self._at else "$quiet"
            name = clean(script.id.replace("_", " ")) + used
            lines.append(
                Content.assemble((f"{mark} ", "bold $accent"), (str(n + 1), "bold $code"), (f"  {name}", style))
            )
        self.query_one("#script-names", Static).update(join_lines(lines))
        self.query_one("#script", TextView).show(style_text(self._scripts[self._at].text))

    async def press(self, key: str) -> None:
        script = self._scripts[self._at]
        typed = to_ascii_digits(key)
        if key == "escape":
            await self.close()
        elif key in ENTER and script.is_used:
            self.refuse("it was already read, and is read once per case")
        elif key in ENTER:
            await self._record(script.id)
        elif typed.isdecimal() and 1 <= int(typed) <= len(self._scripts):
            self._at = int(typed) - 1
            self._show()
        elif key in ("up", "down"):
            self._at = min(max(self._at + (1 if key == "down" else -1), 0), len(self._scripts) - 1)
            self._show()
        else:
            self.refuse("a number shows a script, Enter notes that it was read, Esc closes")
