"""Station session: what an interviewer does with the case on the screen, and what is shown of it.

Every action is stored before the next view is shown. Rules belong to `fieldwork`.
"""

from dataclasses import replace

from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.appointments.appointment import AppointmentTime
from survey_cli.fieldwork.appointments.appointment import UnclearAppointment as NotMeant
from survey_cli.fieldwork.case.events import (
    CaseNoteWritten,
    NumberDialed,
    OutcomeRevoked,
    ScriptRead,
)
from survey_cli.fieldwork.queue.rules import explain_number_closed
from survey_cli.outcomes import Outcome
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.sessions.case import outcome_events
from survey_cli.sessions.case.case_interview import COMPLETE
from survey_cli.sessions.case.case_link import SampledCaseLink
from survey_cli.sessions.case.claimed_case import ClaimedCase, PendingInput
from survey_cli.sessions.case.outcome_events import CaseEvents
from survey_cli.sessions.interview.interview_protocol import InterviewProtocol
from survey_cli.sessions.station import station_view
from survey_cli.sessions.station.dialing import dial
from survey_cli.sessions.station.station_case import NO_CASE_ON_SCREEN, StationCase
from survey_cli.sessions.station.station_protocol import (
    BreakView,
    CaseMatch,
    OwnerPolicy,
    ShiftSummary,
    StationAppointment,
    StationView,
    TimeReading,
    UnclearTime,
)
from survey_cli.store import StoreError
from survey_cli.study.consistency.reconciliation import reconcile_returned


class StationSession(StationCase):
    """The real `StationProtocol`: one interviewer, one case at a time."""

    # what is shown

    def view(self) -> StationView:
        if self._case is not None:
            return station_view.build_case_view(
                self._case, self._study, at=self._clock(), local=self._to_local
            )
        now = self._to_local(self._clock())
        if self._break_since is not None:
            return BreakView(since=self._to_local(self._break_since), station_time=now)
        return replace(self._idle_view, station_time=now)

    def summarize_shift(self) -> ShiftSummary:
        shown_at = self._case.shown_at if self._case is not None else None
        return self._shift.summarize(self._clock(), shown_at=shown_at, local=self._to_local)

    def notice(self) -> str:
        return self._notice

    @property
    def repairs(self) -> list[str]:
        """What opening the study put right, a sentence each."""
        return self._study.repairs

    # what comes next

    def start(self) -> Rejection | None:
        """Sit down: a case that was this station's when its terminal died comes back, else the next one is taken."""
        try:
            self._count_appointments()
            for row in self._store.cases.iterate_rows(status="leased"):
                if row.holder is not None and row.holder[:2] == (self.interviewer, self.station):
                    return self._reclaim(row.key)
        except StoreError as problem:
            return self._report_unsaved(problem)
        return self.claim_next()

    def _reclaim(self, key: str) -> Rejection | None:
        """A case that was this station's when its terminal died: said plainly, with all that was keyed."""
        if ended := reconcile_returned(self._store, self._plan, key, self._clock()):
            self._notice = ended
            return self.claim_next()
        taken = self._claim(key)
        if isinstance(taken, Rejection):
            return taken
        self._show(taken, station_view.describe_interrupted_call(taken.case, self._to_local))
        if self._case is not None:
            self._case = replace(self._case, pending_input=self._interviews.find_pending_input(taken))
        return None

    # one case

    def dial(self) -> Rejection | str:
        here = self._case
        if here is None:
            return NO_CASE_ON_SCREEN
        number = here.case.find_number(here.current_number)
        if number is None:
            return Rejection("this case has no number that can be dialed")
        at = self._clock()
        self._notice = ""
        try:
            if (stopped := self._apply_stop(at)) is not None:
                return stopped
            why = explain_number_closed(here.case, number, self._plan, at) or self._queue.why_forbidden(
                here.case, at
            )
        except StoreError as problem:
            return self._report_unsaved(problem)
        changed = f"; {self._notice}" if self._notice else ""
        if why:
            return Rejection(f"not now: {why}{changed}")
        kept = here.find_number(number.position)
        if kept is None:
            return Rejection("its digits have been erased")
        if (unsaved := self._append(NumberDialed(number.position))) is not None:
            return unsaved
        by_hand = self._plan.requires_manual_dialing(number.line, here.case.columns)
        if not self._command or by_hand:
            return f"dial {kept.display}{changed}"
        return dial(self._command, kept.e164) or f"{kept.display} is ringing{changed}"

    def choose_number(self, position: int) -> Rejection | None:
        chosen = self._case.choose_number(position) if self._case is not None else NO_CASE_ON_SCREEN
        if isinstance(chosen, Rejection):
            return chosen
        self._case = chosen
        return None

    def record_outcome(
        self, outcome: str, *, note: str = "", number: str = "", language: str = ""
    ) -> Rejection | None:
        here = self._case
        row = self._plan.outcomes.get(outcome)
        if here is None or row is None:
            return NO_CASE_ON_SCREEN if here is None else Rejection(f"{outcome} is no outcome")
        deed = outcome_events.build_outcome_events(
            here,
            row,
            self._plan,
            self._current_interview,
            note=clean_text(note),
            number=number,
            language=language,
            link=self._token(),
        )
        return deed if isinstance(deed, Rejection) else self._save(deed)

    def add_number(self, text: str) -> Rejection | None:
        here = self._case
        if here is None:
            return NO_CASE_ON_SCREEN
        deed = outcome_events.build_number_events(here, text, self._plan, link=self._token())
        if isinstance(deed, Rejection):
            return deed
        if (unsaved := self._save(deed)) is not None or self._case is None:
            return unsaved
        return self.choose_number(max(n.position for n in self._case.case.numbers))

    def add_note(self, text: str) -> Rejection | None:
        if not (text := clean_text(text)):
            return Rejection("an empty note is not saved")
        return self._append(CaseNoteWritten(text))

    def record_refusal(self, *, reason: str = "", strength: int = 0, who: str = "") -> Rejection | None:
        noted = outcome_events.build_refusal_event(reason, strength, who)
        return noted if isinstance(noted, Rejection) else self._append(noted)

    def record_script(self, script: str) -> Rejection | None:
        if script not in {s.id for s in self._plan.scripts}:
            return Rejection("there is no such text")
        return self._append(ScriptRead(script))

    # appointments

    def parse_time(self, text: str, reading: int = 0) -> TimeReading | UnclearTime:
        meant = self._parse_time(text, reading)
        if isinstance(meant, NotMeant):
            return UnclearTime(
                why=str(meant), choices=tuple(c.format_both_clocks(self._zone_name) for c in meant.choices)
            )
        return TimeReading(echo=meant.format_both_clocks(self._zone_name), hint=meant.hint)

    def _parse_time(self, text: str, reading: int) -> AppointmentTime | NotMeant:
        if self._case is None:
            return NotMeant(what=NO_CASE_ON_SCREEN.why)
        return outcome_events.parse_appointment_time(
            self._case,
            text,
            self._plan,
            reading=reading,
            at=self._clock(),
            station_zone=self._zone_name,
            languages=self._instrument.languages,
        )

    @property
    def _zone_name(self) -> str:
        return self._zone.key if self._zone is not None else ""

    def book_appointment(
        self, text: str, *, reading: int = 0, keeper: OwnerPolicy = "anyone", person: str = "", note: str = ""
    ) -> Rejection | None:
        here = self._case
        meant = self._parse_time(text, reading)
        if here is None or isinstance(meant, NotMeant):
            return Rejection(str(meant)) if isinstance(meant, NotMeant) else NO_CASE_ON_SCREEN
        deed = outcome_events.build_appointment_events(
            here,
            meant,
            self._plan,
            self._current_interview,
            by=self.interviewer,
            keeper=keeper,
            person=person,
            note=note,
        )
        return self._save(deed)

    # the interview

    def open_interview(self) -> InterviewProtocol | Rejection:
        here = self._case
        if here is None:
            return NO_CASE_ON_SCREEN
        if here.case.do_not_call or here.case.erased:
            return Rejection("this case is never to be called again")
        if here.interview_status == COMPLETE:
            return Rejection("its interview is complete: a supervisor can reopen it")
        link = SampledCaseLink(self._study, self._claims, here, self._decide_events)
        try:
            desk = self._interviews.start_or_resume(here, link)
        except StoreError as problem:
            return self._report_unsaved(problem)
        if isinstance(desk, UserError):
            return Rejection(f"{desk.what} — {desk.remedy}" if desk.remedy else desk.what)
        self._session, self._link, self._case = desk, link, link.claimed_case
        return desk

    def _decide_events(
        self, here: ClaimedCase, interview: Interview, row: Outcome | None, by_route: bool
    ) -> CaseEvents | PendingInput:
        return outcome_events.build_interview_events(here, interview, row, self._plan, by_route=by_route)

    @property
    def _current_interview(self) -> Interview | None:
        """The interview that was conducted with the case on the screen."""
        return self._session.interview if self._session is not None else None

    def close_interview(self, *, then_next: bool = True) -> Rejection | None:
        link, desk = self._link, self._session
        if link is None or desk is None:
            return Rejection("no interview was begun here")
        self._link, here = None, link.claimed_case
        if link.closing_events is not None:
            return self._show_saved(link.closing_events, here, link.notice, then_next=then_next)
        closing = desk.result()
        if closing is not None and closing.status == "lost":
            self._case = self._session = None
            self._notice = f"{here.case.key}: {closing.remark}; what was kept before stays"
            return self.claim_next() if then_next else None
        try:
            stands = self._interviews.describe_state(here.row.key)
        except StoreError as problem:
            return self._report_unsaved(problem)
        self._case = replace(here, pending_input=link.pending_input, interview_status=stands)
        return None

    # other cases

    def search_cases(self, text: str) -> tuple[CaseMatch, ...]:
        try:
            return self._lookup.search_cases(text)
        except StoreError as problem:
            self._report_unsaved(problem)
            return ()

    def fetch_case(self, key: str) -> Rejection | None:
        if (busy := self._why_not_releasable()) is not None:
            return busy
        try:
            stopped = self._find_stop(self._clock())
            if stopped is not None and not stopped.study_is_paused:
                return Rejection(stopped.why)
            taken = self._claim(key)
            if isinstance(taken, Rejection):
                return taken
            self._put_back()
            self._show(taken)
            why = stopped.why if stopped is not None else self._queue.why_forbidden(taken.case, self._clock())
            if why and self._case is not None:
                self._case = replace(self._case, notice=f"Not to be dialed from here: {why}.")
            elif self._case is not None and not self._queue.who.speaks(taken.case.language):
                said = f"This case needs {taken.case.language}, which {self.interviewer} does not speak."
                self._case = replace(self._case, notice=said)
        except StoreError as problem:
            return self._report_unsaved(problem)
        self._break_since = None
        return None

    def revoke_outcome(self) -> Rejection | None:
        if (busy := self._why_not_releasable()) is not None:
            return busy
        if self._last_outcome is None:
            return Rejection("there is no outcome to take back")
        key, outcome = self._last_outcome
        if not outcome_events.may_revoke(outcome, self._plan):
            return Rejection(f"{key}: only a supervisor can correct that: survey case outcome")
        try:
            taken = self._claim(key)
            if isinstance(taken, Rejection):
                return taken
            self._put_back()
            self._show(taken)
        except StoreError as problem:
            return self._report_unsaved(problem)
        unsaved = self._append(OutcomeRevoked())
        if unsaved is None and self._case is not None and taken.case.last_call is not None:
            self._case = replace(self._case, current_number=taken.case.last_call.number)
            self._last_outcome = None
            self._notice = f"{key}: outcome taken back; key the right one"
        return unsaved

    def list_appointments(self) -> tuple[StationAppointment, ...]:
        try:
            return self._lookup.list_appointments(self.interviewer, self._clock())
        except StoreError as problem:
            self._report_unsaved(problem)
            return ()

    # letting go

    def finish_case(self) -> Rejection | None:
        here = self._case
        if here is None:
            return NO_CASE_ON_SCREEN
        if (owed := self._why_not_releasable()) is not None:
            return owed
        if not here.has_calls:
            self._skipped.add(here.case.key)
        return self._release(then_next=True)

    def start_break(self) -> Rejection | None:
        if (busy := self._why_not_releasable()) is not None:
            return busy
        if (unsaved := self._release(then_next=False)) is not None:
            return unsaved
        self._break_since = self._clock()
        return None

    def end_break(self) -> Rejection | None:
        self._break_since = None
        return self.claim_next() if self._case is None else None

    def end_shift(self) -> Rejection | None:
        return self._why_not_releasable() or self._release(then_next=False)
