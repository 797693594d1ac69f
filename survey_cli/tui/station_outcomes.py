"""Questions asked before an outcome or an appointment is stored, and what remains when the session rejects it."""

from dataclasses import replace
from typing import Final

from survey_cli.entries import Rejection
from survey_cli.sessions.station.station_protocol import IdleView, OutcomeChoice, UnclearTime
from survey_cli.tui.edit import Edit
from survey_cli.tui.station_modes import AppointmentForm, Deciding, OutcomeQuestion, Record, Refusing, StationNoteEditor
from survey_cli.tui.station_state import StationState

NO_CASE: Final = "there is no case on the screen"


class Outcomes(StationState):
    """A station's board, as far as it closes calls."""

    def _keyed(self, choice: OutcomeChoice, words: str = "") -> None:
        """An outcome: hear what there is to know of a refusal first."""
        if self.case is not None and choice.is_refusal:
            form = replace(self._refusal or Refusing(choice=choice), choice=choice, line="who")
            self._push(replace(form, reason=Edit.of(words)) if words else form)
        else:
            self._wanted(choice, words)

    def _refuse_without_case(self) -> None:
        """Say why there is no case to act on: the pause where the study is paused."""
        view = self.view
        self._refuse(view.why if isinstance(view, IdleView) and view.study_is_paused else NO_CASE)

    def _wanted(self, choice: OutcomeChoice, words: str = "") -> None:
        """Ask what an outcome wants, and once more where it is grave or no call is known."""
        case = self.case
        if case is None:
            self._refuse_without_case()
            return
        name = choice.outcome.name
        match choice.required_input:
            case "time":
                self._book("")
            case "note" | "number" | "language" as wants:
                self._push(StationNoteEditor(wants, Edit.of(words), choice))
            case "sure":
                text = f"{name}: the case will not be called again. Key it?"
                self._push(OutcomeQuestion(text, Record(choice), "key it"))
            case "" if not case.has_open_call and not case.pending_input:
                text = f"This number was not dialed from here (d dials). Key “{name}” anyway?"
                self._push(OutcomeQuestion(text, Record(choice), "key it"))
            case "":
                self._recorded(Record(choice))

    def _recorded(self, said: Record) -> None:
        rejected = self._told_first() or self.calling.record_outcome(
            said.choice.outcome.id, note=said.note, number=said.number, language=said.language
        )
        if rejected is None:
            self.modes = (Deciding(),)
            self._refusal = self._told = None
        elif not isinstance(self.mode, StationNoteEditor | Refusing):
            self._close()
        self._done(rejected)

    def _told_first(self) -> Rejection | None:
        """Keep what was told of a refusal, once though its outcome is rejected and keyed again."""
        form = next((mode for mode in self.modes if isinstance(mode, Refusing)), None)
        if form is None or not any(form.told()) or form.told() == self._told:
            return None
        who, reason, strength = form.told()
        rejected = self.calling.record_refusal(reason=reason, strength=strength, who=who)
        if rejected is None:
            self._told = form.told()
        return rejected

    def _book(self, when: str) -> None:
        """Open the form of an appointment, with what was typed into it before."""
        form = self._form or AppointmentForm()
        self._push(form)
        if when:
            self._replace(self._timed(form.typed(Edit.of(when))))

    def _timed(self, booking: AppointmentForm) -> AppointmentForm:
        """The form with what the desk takes its time for."""
        text = booking.when.text.strip()
        if not text:
            return replace(booking, taken=None)
        taken = self.calling.parse_time(text, booking.reading)
        choices = booking.choices
        if isinstance(taken, UnclearTime) and taken.choices and not booking.reading:
            choices = taken.choices
        return replace(booking, taken=taken, choices=choices)

    def _booked(self) -> None:
        form = self.mode
        assert isinstance(form, AppointmentForm)
        missing = form.missing()
        if missing is not None:
            self._replace(replace(form, line=missing[0]))
            self._refuse(missing[1])
            return
        rejected = self.calling.book_appointment(
            form.when.text.strip(),
            reading=form.reading,
            policy=form.keeper,
            person=form.person.text.strip(),
            note=form.note.text.strip(),
        )
        if rejected is None:
            self._form = None
            self._close()
        self._done(rejected)
