"""Panels of the station: forms, scripts, lists, and the entry of a call's outcome."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeAlias

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from survey_cli.entries import to_ascii_digits
from survey_cli.sessions.lines import station_lines
from survey_cli.sessions.station import station_questions as questions
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_questions import StationQuestion
from survey_cli.sessions.station.station_views import CaseView, OutcomeChoice, TimeReading
from survey_cli.sessions.station.step import Step
from survey_cli.tui.station.views import format_appointment
from survey_cli.tui.widgets import panel
from survey_cli.tui.widgets.key_app import KeyScreen
from survey_cli.tui.widgets.styled import HERE, KeyHint, TextView, clean, join_lines, style_text
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.wording import shorten

FormValues: TypeAlias = dict[str, str]


def _build_field(question: StationQuestion, *, optional: bool = True) -> panel.FormField:
    """Build the field of a form in which a question is answered."""
    return panel.FormField(
        question.name, question.label, choices=question.choices or None, optional=optional
    )


APPOINTMENT_FIELDS: Final = (
    _build_field(questions.WHEN)._replace(hint=questions.WHEN.hint),
    panel.FormField("reading", "Which", choices=(), optional=False),
    _build_field(questions.POLICY, optional=False),
    _build_field(questions.PERSON),
    _build_field(questions.NOTE),
)
REFUSAL_FIELDS: Final = (
    _build_field(questions.WHO_REFUSED),
    _build_field(questions.REFUSAL_REASON),
    _build_field(questions.REFUSAL_STRENGTH),
)
MAX_NAME: Final = 24
"""Characters of a name in the title of a form."""


def _build_title(view: CaseView) -> Content:
    """Build the first line of the form of an appointment, with both clocks and the day."""
    here = view.station_time
    clocks = f"{here:%a} {here.day} {here:%b %H:%M} here"
    if view.respondent_time is not None:
        clocks = f"{view.respondent_time:%H:%M} there, {clocks}"
    return Content.assemble(
        (f"Call back {clean(shorten(view.name, MAX_NAME))}", "bold"), (f"   {clocks}", "$quiet")
    )


class AppointmentPanel(panel.FormPanel):
    """The form of an appointment. It shows how a time is understood while it is typed."""

    what = "appointment"
    fields = APPOINTMENT_FIELDS
    saves = "book it"

    def __init__(
        self,
        view: CaseView,
        values: FormValues,
        parse_time: Callable[[str, int], TimeReading],
        book: Callable[[FormValues], Awaitable[None]],
    ) -> None:
        values.setdefault("policy", "1")
        super().__init__(_build_title(view), values, self._submit)
        self._parse_time = parse_time
        self._book = book
        self._read = ""
        """The text that was understood last."""
        self._time: TimeReading | None = None
        """How the time is understood; None while none is typed."""
        self._readings: tuple[str, ...] = ()
        """The meanings of the time, if it has several."""
        self._is_refused = False
        """The time was sent and not understood: its line says so, and no other one."""

    def list_choices(self, field: panel.FormField) -> tuple[str, ...]:
        if field.name == "reading":
            return self._readings
        return super().list_choices(field)

    def change(self, name: str) -> None:
        if name not in ("when", "reading"):
            return
        self._is_refused = False
        text = self.values.get("when", "").strip()
        is_another_time = self._read != "" and text != self._read
        if is_another_time:  # a meaning was chosen for the time before
            self.values["reading"] = ""
            self._readings = ()
        self._read = text

        self._time = None
        if not text:
            return
        reading = int(self.values.get("reading") or 0)
        self._time = self._parse_time(text, reading)
        if not self._readings:
            # A form that is opened again has its reading chosen already.
            self._readings = self._parse_time(text, 0).choices

    def describe(self, name: str) -> Content:
        if name != "when" or self._time is None:
            return Content()
        if self._time.why_unclear and self._is_refused:
            return style_text(f"! {self._time.why_unclear}", "bold $error")
        if self._time.why_unclear:
            return style_text(f"? {self._time.why_unclear}", "bold $warning")
        echo = style_text(f"= {self._time.echo}", "bold $success")
        if not self._time.hint:
            return echo
        return echo + style_text(f"   {self._time.hint}", "$quiet")

    async def _submit(self) -> None:
        if self._readings and not self.values.get("reading"):
            self.go_to("reading")
            self.refuse("which one? key its number")
        elif self._time is None:
            self.go_to("when")
            self.refuse(f"when? {questions.WHEN.hint}")
        elif self._time.why_unclear:
            self.go_to("when")
            self._is_refused = True
            self.show()
            self.refuse("")
        else:
            await self._book(self.values)


class RefusalPanel(panel.FormPanel):
    """What whoever calls again should know of a refusal; every field may stay empty."""

    what = "refusal"
    fields = REFUSAL_FIELDS
    saves = "record it"


class ScriptsPanel(panel.Panel):
    """Texts to be read aloud: a number shows one in full, Enter notes that it was read."""

    what = "scripts"
    hints = (
        KeyHint("Enter", "was read", press="enter"),
        KeyHint("number", "another script", 1, "none"),
        panel.CLOSE,
    )

    def __init__(
        self, scripts: Sequence[station_views.StationScript], record: panel.Submit
    ) -> None:
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
        for place, script in enumerate(self._scripts):
            mark = " "
            style = "$quiet"
            if place == self._at:
                mark = HERE
                style = "bold"
            name = clean(script.id.replace("_", " "))
            if script.is_used:
                name += "  (read; once per case)"
            line = Content.assemble(
                (f"{mark} ", "bold $accent"), (str(place + 1), "bold $code"), (f"  {name}", style)
            )
            lines.append(line)
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
        elif key == "up":
            self._at = max(self._at - 1, 0)
            self._show()
        elif key == "down":
            self._at = min(self._at + 1, len(self._scripts) - 1)
            self._show()
        else:
            self.refuse("a number shows a script, Enter notes that it was read, Esc closes")


def build_outcome_list(
    case: CaseView, take: Callable[[OutcomeChoice], Awaitable[None]]
) -> panel.ListPanel:
    """Build the list of outcomes that have no key of their own, under their headings."""
    rows = []
    for heading, choices in case.other_outcomes:
        for choice in choices:
            outcome = choice.outcome
            number = str(outcome.number)
            act = partial(take, choice)
            rows.append(panel.Row((number, outcome.name), act, number, heading, outcome.id))
    # None is marked at first: Enter must not record an outcome that was not chosen.
    return panel.ListPanel(
        "outcomes",
        "outcome: ",
        rows,
        marked=None,
        empty="no outcome matches",
        takes="record it",
    )


def build_appointment_list(
    appointments: Sequence[station_views.StationAppointment], take: panel.Submit
) -> panel.ListPanel:
    """Build the list of appointments; `take` receives the case's key."""
    rows = []
    for appointment in appointments:
        act = partial(take, appointment.key)
        rows.append(panel.Row(format_appointment(appointment), act, terms=appointment.key))
    empty = "no appointment matches"
    if not rows:
        empty = station_lines.NO_APPOINTMENTS
    return panel.ListPanel(
        "appointments", "my appointments: ", rows, empty=empty, takes="take the case"
    )


def build_caller_list(
    search: Callable[[str], Iterable[station_views.CaseMatch]], take: panel.Submit, hint: str
) -> panel.ListPanel:
    """Build the list of cases that match what is typed; `take` receives the case's key."""

    def find(text: str) -> Sequence[panel.Row]:
        if len(text) < questions.MIN_SEARCH:
            return []
        rows = []
        for match in search(text):
            name = match.name
            if match.key != match.name:
                name = f"{match.name} {match.key}"
            rows.append(panel.Row((name, match.number, match.state), partial(take, match.key)))
        return rows

    return panel.ListPanel(
        "find",
        "who calls back: ",
        (),
        empty="no case matches",
        takes="take the case",
        search=find,
        searches_from=questions.MIN_SEARCH,
        invitation=hint,
    )


def build_break_list(reasons: Sequence[str], take: panel.Submit) -> panel.ListPanel:
    """Build the list of reasons for a break."""
    rows = [panel.Row(("", "no reason"), partial(take, ""))]
    rows += [
        panel.Row((str(n), reason), partial(take, reason), str(n))
        for n, reason in enumerate(reasons, 1)
    ]
    return panel.ListPanel("pause", "a break: ", rows, takes="start it")


class OutcomeEntry:
    """The outcome that is keyed for the case on the screen.

    What was typed of it is kept while the case stays.
    """

    def __init__(
        self,
        screen: KeyScreen,
        session: StationSession,
        take: Callable[[Step], Awaitable[bool]],
    ) -> None:
        self._screen = screen
        self._session = session
        self._take = take
        """Shows the step of an action, or says why it was rejected."""
        self.forget()

    def forget(self) -> None:
        """Forget what was typed: another case is on the screen."""
        self._appointment: FormValues = {}
        """An appointment that was half typed when its form was closed."""
        self._refusal: FormValues = {}
        """What was typed of a refusal when its form was closed."""
        self._stored_refusal: FormValues = {}
        """What of this refusal is stored already, though its outcome is not."""

    async def choose(self, case: CaseView, choice: OutcomeChoice, words: str = "") -> None:
        """Ask about the refusal, if it is one, then for what the outcome requires."""
        if not choice.is_refusal:
            await self._require(case, choice, words)
            return
        if words:
            self._refusal["reason"] = words
        title = Content.assemble(
            (f"{clean(choice.outcome.name)}: {clean(shorten(case.name, MAX_NAME))}", "bold"),
            ("\nWhat the next interviewer should know; leave empty what is not known", "$quiet"),
        )
        require = partial(self._require, case, choice)
        await self._screen.open_panel(RefusalPanel(title, self._refusal, require))

    async def _require(self, case: CaseView, choice: OutcomeChoice, words: str = "") -> None:
        """Ask about a contradiction to what is known of this call, then for what is required."""
        doubt = case.find_doubt(choice)
        require = partial(self._require_input, case, choice, words)
        if doubt is None:
            await require()
            return
        question = f"{doubt.what} {doubt.question}"
        await self._screen.open_panel(panel.build_question(question, "record it", require))

    async def _require_input(self, case: CaseView, choice: OutcomeChoice, words: str) -> None:
        """Ask for what an outcome requires, and once more if it can't be undone."""
        name = choice.outcome.name
        record = partial(self._record, choice)
        match choice.required_input:
            case "time":
                await self.open_appointment(case, words)
            case "note" | "number" | "language" as required:
                await self._open_line(case, choice, required, words)
            case "sure":
                question = f"{name}: the case will not be called again. Record it?"
                await self._screen.open_panel(panel.build_question(question, "record it", record))
            case "":
                await record()

    async def _open_line(
        self, case: CaseView, choice: OutcomeChoice, required: str, words: str
    ) -> None:
        async def submit(typed: str) -> None:
            if typed:
                await self._record(choice, **{required: typed})
            else:
                self._screen.refuse(
                    "this outcome needs a text: type it, or Esc for another outcome"
                )

        label = f"{choice.outcome.name}: {questions.REQUIRED[required].label}: "
        if required == "language":
            codes = [code for code, _ in case.languages]
            label = f"{choice.outcome.name} ({', '.join([*codes, 'other'])}): "
        await self._screen.open_panel(panel.LinePanel(required, label, submit, text=words))

    async def _record(self, choice: OutcomeChoice, **given: str) -> None:
        """Record an outcome; after a rejection, what was typed stays open."""
        step = self._record_refusal()
        if step is None or step.rejection is None:
            step = self._session.record_outcome(choice.outcome.id, **given)
        if step.rejection is None:
            self._refusal = {}
            self._stored_refusal = {}
        await self._close(step)

    def _record_refusal(self) -> Step | None:
        """Store what was said of a refusal; None if there is nothing to store.

        It is stored once, also if its outcome is rejected and keyed again.
        """
        if not any(isinstance(opened, RefusalPanel) for opened in self._screen.panels):
            return None
        said = {name: self._refusal.get(name, "").strip() for name in ("who", "reason", "strength")}
        if not any(said.values()) or said == self._stored_refusal:
            return None

        strength = int(said["strength"] or 0)
        step = self._session.record_refusal(
            reason=said["reason"], strength=strength, who=said["who"]
        )
        if step.rejection is None:
            self._stored_refusal = said
        return step

    async def open_appointment(self, case: CaseView, when: str = "") -> None:
        """Open the form of an appointment, with what was typed into it before."""
        if when:
            self._appointment |= {"when": when, "reading": ""}
        form = AppointmentPanel(case, self._appointment, self._session.parse_time, self._book)
        await self._screen.open_panel(form)

    async def _book(self, values: FormValues) -> None:
        step = self._session.book_appointment(
            values.get("when", "").strip(),
            reading=int(values.get("reading") or 0),
            policy=questions.POLICIES[int(values["policy"]) - 1],
            person=values.get("person", "").strip(),
            note=values.get("note", "").strip(),
        )
        if step.rejection is None:
            self._appointment = {}
        await self._close(step)

    async def _close(self, step: Step) -> None:
        """Close what is open if the outcome was recorded, and show the step."""
        if step.rejection is None:
            await self._screen.close_panels()
        await self._take(step)
