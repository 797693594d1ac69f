"""Entry of a call's outcome: what is asked before it is recorded, and the forms of an appointment and of a refusal."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from survey_cli.entries import Rejection
from survey_cli.sessions.station.station_protocol import CaseView, OutcomeChoice, StationProtocol
from survey_cli.tui.station.forms import POLICIES, AppointmentPanel, FormValues, RefusalPanel
from survey_cli.tui.widgets.key_screen import KeyScreen
from survey_cli.tui.widgets.panel import LinePanel, build_question

LABELS: Final = {"note": "note: ", "number": "the new number: ", "language": "which language: "}


class OutcomeEntry:
    """The outcome that is keyed for the case on a station's screen. What was typed of it is kept while the case stays."""

    def __init__(
        self, screen: KeyScreen, session: StationProtocol, finish: Callable[[Rejection | None], Awaitable[bool]]
    ) -> None:
        self._screen = screen
        self._session = session
        self._finish = finish
        """Shows what the session shows after a call, or why it was rejected."""
        self.notice = ""
        """The session's notice of the outcome that can be taken back."""
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
        """Ask what there is to know of a refusal, then what the outcome requires."""
        if not choice.is_refusal:
            await self._require(case, choice, words)
            return
        if words:
            self._refusal["reason"] = words
        act = partial(self._require, case, choice)
        await self._screen.open_panel(RefusalPanel(choice.outcome.name, case, self._refusal, act))

    async def _require(self, case: CaseView, choice: OutcomeChoice, words: str = "") -> None:
        """Ask what an outcome requires, and once more where it can't be undone or no call is known."""
        name = choice.outcome.name
        record = partial(self._record, choice)
        match choice.required_input:
            case "time":
                await self.open_appointment(case, words)
            case "note" | "number" | "language" as required:
                await self._open_line(choice, required, words)
            case "sure":
                question = f"{name}: the case will not be called again. Record it?"
                await self._screen.open_panel(build_question(question, "record it", record))
            case "" if not case.has_open_call and not case.pending_input:
                question = f"This number was not dialed from here (d dials). Record “{name}” anyway?"
                await self._screen.open_panel(build_question(question, "record it", record))
            case "":
                await record()

    async def _open_line(self, choice: OutcomeChoice, required: str, words: str) -> None:
        async def submit(typed: str) -> None:
            if typed:
                await self._record(choice, **{required: typed})
            else:
                self._screen.refuse("this outcome needs a text: type it, or Esc for another outcome")

        label = f"{choice.outcome.name}: {LABELS[required]}"
        await self._screen.open_panel(LinePanel(required, label, submit, text=words))

    async def _record(self, choice: OutcomeChoice, **given: str) -> None:
        """Record an outcome; where it is rejected, what was typed stays open."""
        rejection = self._record_refusal() or self._session.record_outcome(choice.outcome.id, **given)
        if rejection is None:
            self._refusal, self._stored_refusal = {}, {}
        await self._close(rejection, can_be_revoked=choice.required_input != "sure")

    def _record_refusal(self) -> Rejection | None:
        """Store what was said of a refusal, once though its outcome is rejected and keyed again."""
        if not any(isinstance(panel, RefusalPanel) for panel in self._screen.panels):
            return None
        said = {name: self._refusal.get(name, "").strip() for name in ("who", "reason", "strength")}
        if not any(said.values()) or said == self._stored_refusal:
            return None
        rejection = self._session.record_refusal(
            reason=said["reason"], strength=int(said["strength"] or 0), who=said["who"]
        )
        if rejection is None:
            self._stored_refusal = said
        return rejection

    async def open_appointment(self, case: CaseView, when: str = "") -> None:
        """Open the form of an appointment, with what was typed into it before."""
        if when:
            self._appointment |= {"when": when, "reading": ""}
        form = AppointmentPanel(case, self._appointment, self._session.parse_time, self._book)
        await self._screen.open_panel(form)

    async def _book(self, values: FormValues) -> None:
        rejection = self._session.book_appointment(
            values["when"].strip(),
            reading=int(values.get("reading") or 0),
            policy=POLICIES[int(values["policy"]) - 1],
            person=values.get("person", "").strip(),
            note=values.get("note", "").strip(),
        )
        if rejection is None:
            self._appointment = {}
        await self._close(rejection)

    async def _close(self, rejection: Rejection | None, *, can_be_revoked: bool = True) -> None:
        """Close what is open where the outcome was recorded."""
        if rejection is None:
            await self._screen.close_panels()
        if await self._finish(rejection) and can_be_revoked:
            self.notice = self._session.notice()
