"""Station session: what one interviewer does with the case on the screen, and what is shown of it.

Every action is stored before the next view is shown. Rules belong to `fieldwork`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from random import Random
from typing import Final, TypeVar, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.appointments.appointment import AppointmentTime, UnclearAppointment
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import list_call_zones
from survey_cli.fieldwork.queue.calling_rules import find_number_obstacle
from survey_cli.fieldwork.shifts import ShiftSummary
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork.case_histories import describe_outcome
from survey_cli.samples.cases.columns import clean_text
from survey_cli.sessions.case import claimed_case
from survey_cli.sessions.case.case_claim import COMPLETE, SampledCaseLink
from survey_cli.sessions.case.claimed_case import REQUIRED_INPUTS, CaseEvents, ClaimedCase
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station import case_view, station_appointments, station_views
from survey_cli.sessions.station.dialing import SimulatedRespondents, dial
from survey_cli.sessions.station.shift_record import ShiftRecord, WrapUp
from survey_cli.sessions.station.station_appointments import OpenAppointments
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy
from survey_cli.store.cases.case_records import CaseRow, LeaseHolder, LeaseLost
from survey_cli.study.consistency.interview_outcomes import follow_up
from survey_cli.study.consistency.upkeep import reconcile_returned
from survey_cli.study.open_study import OpenStudy, StudyFiles
from survey_cli.wording import Words

NO_CASE_ON_SCREEN: Final = Rejection("there is no case on the screen")
STRONGEST_REFUSAL: Final = 3
"""The highest strength of a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationOptions:
    """What a station uses beside its study, its queue and its clock."""

    zone: ZoneInfo | None = None
    """The station's own; None: the computer's."""
    command: tuple[str, ...] = ()
    """Dials a number; empty: numbers are dialed by hand."""
    token: Callable[[], str] = lambda: uuid4().hex
    """Makes the token of a lease."""
    rng: Random | None = None
    files: Sequence[StudyFiles] = ()
    """Files of each study that are read again when they change; empty: never."""
    respondents: SimulatedRespondents | None = None
    """None: real ones."""


Action = TypeVar("Action", bound=Callable[..., object])


def _reject_unsaved(action: Action) -> Action:
    """Decorate an action so that it returns a rejection where the database can't be used."""

    @wraps(action)
    def run(session: "StationSession", *args: object, **kwargs: object) -> object:
        try:
            return action(session, *args, **kwargs)
        except StoreError as error:
            return session._report_unsaved(error)

    return cast("Action", run)


class StationSession:
    """Session of one interviewer at one station, with at most one case at a time.

    Its studies keep their own databases, rules and pauses. The next case is of the first study that has one: those with
    an appointment that is due come first, the others in their order. The time at work is recorded in the study that is
    worked on.

    Every method that changes something returns None or a value when the change was made and stored, or a `Rejection`
    whose `why` is one short line for the interviewer. After a rejection nothing has changed, in memory or in the
    database.
    """

    def __init__(
        self,
        *,
        study: OpenStudy,
        station: str,
        clock: Clock,
        options: StationOptions | None = None,
        further: Sequence[OpenStudy] = (),
    ) -> None:
        self._clock = clock
        self._options = options = options or StationOptions()
        self.practice = options.respondents is not None
        opened = (study, *further)
        studies = [
            StationStudy(
                each, station, clock, self._to_local, options.rng, files, several=bool(further)
            )
            for each, files in zip(opened, options.files or (None,) * len(opened), strict=True)
        ]
        self._studies = StationStudies(studies)
        self._shift = ShiftRecord(self._studies, station, clock)
        self._appointments = OpenAppointments(studies, self._to_local)
        self._case: ClaimedCase | None = None
        """The case on the screen."""
        self._session: InterviewSession | None = None
        """The interview of this case, from its start at this station on."""
        self._link: SampledCaseLink | None = None
        """Of the interview that is open."""
        self._idle_view = station_views.IdleView(why="", next_at=None)
        self._notice = ""
        self._last_outcome: tuple[StationStudy, str, str] | None = None
        """The case whose outcome was entered last and the outcome, so that it can be revoked."""
        self.station = station
        self.interviewer = study.who.login
        midnight = self._to_local(clock()).replace(hour=0, minute=0, second=0, microsecond=0)
        with suppress(StoreError):  # the first key reports it
            # the program may have ended in the middle of the shift
            self._shift.resume(midnight)

    # what is shown

    @property
    def _study(self) -> StationStudy:
        """The study that is worked on."""
        return self._studies.current

    @property
    def title(self) -> str:
        """The survey's title."""
        return self._study.title

    @property
    def studies(self) -> tuple[OpenStudy, ...]:
        """The studies as they were opened, or read again since."""
        return tuple(study.opened for study in self._studies.all)

    def view(self) -> station_views.StationView:
        """Return what is shown now. It reads nothing from the database."""
        if self._case is not None:
            at, to_local = self._clock(), self._to_local
            return case_view.build_case_view(
                self._case, self._study.opened, at=at, to_local=to_local
            )
        now = self._to_local(self._clock())
        if (open_break := self._shift.open_break) is not None:
            since = self._to_local(open_break.since)
            return station_views.BreakView(since=since, reason=open_break.reason, station_time=now)
        if (wrapup := self._shift.wrapup) is not None:
            until, outcome = (
                self._to_local(wrapup.until),
                describe_outcome(wrapup.outcome, self._study.plan),
            )
            return station_views.WrapUpView(
                until=until, station_time=now, case=wrapup.name, outcome=outcome
            )
        return replace(self._idle_view, station_time=now)

    def summarize_shift(self) -> ShiftSummary:
        """Return the counts and times of the shift so far."""
        return self._shift.summarize(self._to_local, case=self._name_case())

    def _name_case(self) -> str:
        """Return the key of the case on the screen, with its study where there are several; empty where none is."""
        return self._study.name_case(self._case.case.key) if self._case is not None else ""

    def notice(self) -> str:
        """Return the result of the last action (`A0012: no answer, stored at 10:43`); or an empty text."""
        return self._notice

    def take_message(self) -> str:
        """Return once the next message of a supervisor, which counts as seen; empty where there is none.

        It may be called at every key: the database is read every few seconds.
        """
        with suppress(StoreError):  # read again at a later key
            for study in self._studies.all:
                for message in study.list_new_messages(self._clock()):
                    study.seen_messages.add(message.name)
                    self._shift.record("seen", message.name, study)
                    return f"Message from {message.by} ({self._to_local(message.at):%H:%M}): {message.text}"
        return ""

    def list_messages(self) -> list[str]:
        """List the messages of supervisors that are shown now, as of the last look."""
        messages = [
            message for study in self._studies.all for message in study.list_messages(self._clock())
        ]
        return [f"{self._to_local(m.at):%H:%M}  {m.text} ({m.by})" for m in messages]

    def _take_message_in_interview(self) -> str:
        """Return the next message; an interview that goes on for long is noted as time at work."""
        with suppress(StoreError):  # the next answer reports it
            self._shift.record_activity()
        return self.take_message()

    def close(self) -> None:
        """Close the databases."""
        for study in self._studies.all:
            study.opened.close()

    def _to_local(self, at: datetime) -> datetime:
        return at.astimezone(self._options.zone)

    # the next case

    @_reject_unsaved
    def start(self) -> Rejection | None:
        """Start the shift: take back a case that the interviewer had when a terminal was lost, else claim the next.

        One of this station comes first. From another station, only a call or an interview that is open is taken over.
        A case whose lease has expired is in the queue, by whose rules its next number may have to wait.
        """
        at = self._clock()
        self._shift.record("on")
        self._shift.count_appointments()
        self._appointments.look(at)
        found = self._find_own_case(at)
        if found is None:
            return self.claim_next()
        study, row = found
        self._shift.work_on(study)
        return self._reclaim(row)

    def _find_own_case(self, at: datetime) -> tuple[StationStudy, CaseRow] | None:
        """Find the case that this interviewer has here, else one whose call she began at another station."""
        elsewhere = None
        for study in self._studies.all:
            for row in study.store.cases.queries.list_leased_rows(study.opened.who.login):
                if row.holder is None or row.holder.until <= at:
                    continue
                if row.holder.station == self.station:
                    return study, row
                if elsewhere is None and study.claims.is_under_way(row):
                    elsewhere = study, row
        return elsewhere

    def _reclaim(self, row: CaseRow) -> Rejection | None:
        """Show a case that the interviewer had when a terminal was lost, with what was going on."""
        key = row.key
        if notice := reconcile_returned(self._study.store, self._study.plan, key, self._clock()):
            self._notice = notice
            return self.claim_next()
        claimed = self._claim(key, moves=True)
        if isinstance(claimed, Rejection):
            return claimed
        holder = row.holder
        elsewhere = holder.station if holder is not None and holder.station != self.station else ""
        notice = case_view.describe_interrupted_call(
            claimed.case, self._to_local, elsewhere=elsewhere
        )
        self._show(claimed, notice)
        if self._case is not None:
            claims = self._study.claims
            self._case = replace(
                self._case,
                pending_input=claims.find_pending_input(claimed),
                answers_in_call=claims.count_answers_in_call(claimed),
            )
        return None

    def claim_next(self) -> Rejection | None:
        """Claim the next case; the view becomes `CaseView`, or `IdleView` with the reason."""
        if self._case is not None:
            return Rejection("finish this case first: key its outcome, or leave it")
        if self._shift.open_break is not None:
            return Rejection("you are on a break")
        if self._shift.wrapup is not None:
            return Rejection("the time after the call is not over yet")
        at, token = self._clock(), self._options.token()
        try:
            stops: dict[StationStudy, station_views.IdleView] = {}
            for study in self._studies.list_in_order(at):
                if (stop := self._find_stop(at, study)) is not None:
                    stops[study] = stop
                    study.forget_outlook()
                elif (
                    claimed := study.queue.claim_next(at, token, skipped=study.skipped)
                ) is not None:
                    self._shift.work_on(study)
                    self._show(study.claims.load_claimed(claimed[0], token))
                    return None
            self._idle_view = self._studies.find_outlook(at, stops)
        except StoreError as error:
            self._idle_view = station_views.IdleView(
                why=f"{error.what} — {error.remedy}", next_at=None
            )
            self._study.forget_outlook()
            return self._report_unsaved(error)
        return None

    def _find_stop(self, at: datetime, study: StationStudy) -> station_views.IdleView | None:
        """Find why no case of a study may be claimed or dialed here, whatever its queue holds. Raises StoreError."""
        try:
            return study.find_stop(at, interviewing=self._session is not None)
        finally:
            self._notice = study.take_notice() or self._notice

    def _apply_stop(self, at: datetime) -> Rejection | None:
        """Find why nothing may be dialed now, and return a case that nobody called to the queue until calls go on.

        Raises StoreError.
        """
        stop = self._find_stop(at, self._study)
        if stop is None:
            return None
        case = self._case
        is_called = case is not None and (
            case.has_calls or case.has_open_call or case.pending_input
        )
        if case is not None and not is_called and self._session is None:
            self._put_back()
            if self._case is None:
                self._idle_view = stop
        return Rejection(stop.why)

    def _claim(
        self, key: str, study: StationStudy | None = None, *, moves: bool = False
    ) -> ClaimedCase | Rejection:
        claims = (study or self._study).claims
        claimed = claims.claim(key, self._options.token(), moves=moves)
        if claimed is None:
            return Rejection(f"there is no case {key}")
        if isinstance(claimed, LeaseHolder):
            return Rejection(f"{claimed.by} at station {claimed.station} has this case")
        return claimed

    def _show(self, case: ClaimedCase, notice: str = "") -> None:
        """Show a case that was claimed."""
        self._study.forget_outlook()
        self._shift.show_case(self._study.name_case(case.case.key), case.shown_at)
        interview_status = self._study.claims.describe_interview(case.case.key)
        self._case = replace(case, notice=notice, interview_status=interview_status)

    def keep_alive(self) -> None:
        """Renew the lease of the case, or look for a due one where there is none; called about every ten seconds.

        It records every few minutes that the station still runs; on a break it does nothing else.

        It claims the next case when the time after a call is over, and looks for appointments that are due.
        """
        case = self._case
        try:
            if self._shift.open_break is None:
                self._shift.record_presence()
            self._appointments.look(self._clock())
            if self._link is not None:
                self._link.renew_lease()
            elif case is None:
                if (wrapup := self._shift.wrapup) is not None:
                    if self._clock() >= wrapup.until:
                        self.end_wrapup()
                elif self._shift.open_break is not None:
                    self._shift.record_activity()
                else:
                    self.claim_next()
            elif self._apply_stop(self._clock()) is not None and self._case is None:
                return
            elif not self._study.claims.renew_lease(case):
                recovered = self._study.claims.recover(case)
                if isinstance(recovered, ClaimedCase):
                    self._case = recovered
                else:
                    self._case = None
                    lost_to = LeaseLost(case.case.key, recovered).message
                    self._notice = f"{case.case.key}: {lost_to}; what was saved before is kept"
        except StoreError:
            return  # the next key reports it

    # one case

    @_reject_unsaved
    def dial(self) -> Rejection | str:
        """Dial the current number, on a human's key press; it is stored, and calling hours are checked once more.

        Returns what is shown: the number to dial by hand, or that the telephone is ringing.
        """
        case = self._case
        if case is None:
            return NO_CASE_ON_SCREEN
        number = case.case.find_number(case.current_number)
        if number is None:
            return Rejection("this case has no number that can be dialed")
        at = self._clock()
        self._notice = ""
        if (stop := self._apply_stop(at)) is not None:
            return stop
        plan = self._study.plan  # as it was read again
        obstacle = find_number_obstacle(case.case, number, plan, at)
        if obstacle is None:
            obstacle = self._study.queue.find_prohibition(case.case, at)
        changed = f"; {self._notice}" if self._notice else ""
        if obstacle is not None:
            return Rejection(f"not now: {obstacle}{changed}")
        digits = case.find_number(number.position)
        if digits is None:
            return Rejection("its digits have been erased")
        if (rejection := self._append(case_events.NumberDialed(number.position))) is not None:
            return rejection
        if self._case is not None:
            self._case = replace(self._case, answers_in_call=0)
        by_hand = plan.requires_manual_dialing(number.line, case.case.columns)
        if self._options.respondents is not None and self._case is not None:
            zones = list_call_zones(case.case, number, plan)
            local_time = at.astimezone(ZoneInfo(zones[0])) if zones else self._to_local(at)
            heard = self._options.respondents.answer_call(case.case, number.position, local_time)
            self._case = replace(self._case, heard=heard)
            return f"{digits.display} was dialed{changed}"
        if not self._options.command or by_hand:
            return f"dial {digits.display}{changed}"
        return dial(self._options.command, digits.e164) or f"{digits.display} is ringing{changed}"

    def choose_number(self, position: int) -> Rejection | None:
        """Make another live number the current one."""
        chosen = self._case.choose_number(position) if self._case is not None else NO_CASE_ON_SCREEN
        if isinstance(chosen, Rejection):
            return chosen
        self._case = chosen
        return None

    def record_outcome(
        self, outcome: str, *, note: str = "", number: str = "", language: str = ""
    ) -> Rejection | None:
        """Record one of the outcomes on offer.

        The case closes and the next one is claimed, unless another number can be tried.
        """
        if self._case is None:
            return NO_CASE_ON_SCREEN
        chosen = self._study.plan.outcomes.get(outcome)
        if chosen is None:
            return Rejection(f"there is no outcome {outcome}")
        try:
            interview = self._load_interview(self._case)
        except StoreError as error:
            return self._report_unsaved(error)
        events = claimed_case.build_outcome_events(
            self._case,
            chosen,
            self._study.plan,
            interview,
            note=clean_text(note),
            number=number,
            language=language,
            languages=self._study.opened.instrument.languages,
            link=self._options.token(),
        )
        return events if isinstance(events, Rejection) else self._save(events)

    def add_number(self, text: str) -> Rejection | None:
        """Add another number to the case; it becomes the current one."""
        if self._case is None:
            return NO_CASE_ON_SCREEN
        events = claimed_case.build_number_events(
            self._case, text, self._study.plan, link=self._options.token()
        )
        if isinstance(events, Rejection):
            return events
        if (rejection := self._save(events)) is not None or self._case is None:
            return rejection
        return self.choose_number(max(n.position for n in self._case.case.numbers))

    @_reject_unsaved
    def add_note(self, text: str) -> Rejection | None:
        """Add a note to the case, or after a call to the one that was called."""
        if not (text := clean_text(text)):
            return Rejection("an empty note is not saved")
        if self._case is None and self._shift.wrapup is not None:
            return self._study.add_note(
                self._shift.wrapup.key, text, self._clock(), self._options.token()
            )
        return self._append(case_events.CaseNoteWritten(text))

    def record_refusal(
        self, *, reason: str = "", strength: int = 0, who: str = ""
    ) -> Rejection | None:
        """Describe a refusal for the next interviewer; the outcome is recorded after it.

        `strength` is from 1 to 3, 0: not given. `who` refused.
        """
        if not 0 <= strength <= STRONGEST_REFUSAL:
            return Rejection(f"the strength is a number from 1 to {STRONGEST_REFUSAL}")
        refusal = case_events.RefusalDescribed(clean_text(reason), strength, clean_text(who))
        is_empty = refusal == case_events.RefusalDescribed()
        return Rejection("an empty note is not saved") if is_empty else self._append(refusal)

    def record_script(self, script: str) -> Rejection | None:
        """Record that a script was read aloud."""
        if script not in {s.id for s in self._study.plan.scripts}:
            return Rejection("there is no such script")
        return self._append(case_events.ScriptRead(script))

    # appointments

    def parse_time(self, text: str, reading: int = 0) -> station_views.TimeReading:
        """Return how a typed time is understood for this respondent; nothing is stored."""
        return station_appointments.describe_time(self._parse_time(text, reading), self._zone_name)

    def _parse_time(self, text: str, reading: int) -> AppointmentTime | UnclearAppointment:
        if self._case is None:
            return UnclearAppointment(what=NO_CASE_ON_SCREEN.why)
        return station_appointments.parse_time(
            text,
            reading,
            self._case,
            self._study.opened,
            now=self._clock(),
            station_zone=self._zone_name,
        )

    @property
    def _zone_name(self) -> str:
        return self._options.zone.key if self._options.zone is not None else ""

    def book_appointment(
        self,
        text: str,
        *,
        reading: int = 0,
        policy: station_views.AppointmentPolicy = "anyone",
        person: str = "",
        note: str = "",
    ) -> Rejection | None:
        """Book an appointment at that time, and close the case."""
        if self._case is None:
            return NO_CASE_ON_SCREEN
        time = self._parse_time(text, reading)
        if isinstance(time, UnclearAppointment):
            return Rejection(str(time))
        owner = "" if policy == "anyone" else self.interviewer
        appointment = time.make_event(
            person=clean_text(person), owner=owner, policy=policy, note=clean_text(note)
        )
        try:
            interview = self._load_interview(self._case)
        except StoreError as error:
            return self._report_unsaved(error)
        plan = self._study.plan
        interrupted = interview is not None
        call = claimed_case.build_call_event(
            self._case, "appointment", plan, interview, interrupted=interrupted
        )
        events = (call, appointment, case_events.AttemptClosed())
        return self._save(CaseEvents(events=events, release=True, outcome="appointment"))

    # the interview

    def open_interview(self) -> InterviewSession | Rejection:
        """Start or resume the interview. Once its `prompt()` is None, `close_interview` follows."""
        case = self._case
        if case is None:
            return NO_CASE_ON_SCREEN
        if case.case.do_not_call or case.case.erased:
            return Rejection("this case must not be called again")
        if case.interview_status == COMPLETE:
            return Rejection("its interview is complete: a supervisor can reopen it")
        link = SampledCaseLink(self._study.claims, case, claimed_case.build_interview_events)
        try:
            session = self._study.claims.start_or_resume(case, link)
        except StoreError as error:
            return self._report_unsaved(error)
        except UserError as error:
            return Rejection(error.short)
        self._session, self._link, self._case = session, link, link.claimed_case
        if (respondents := self._options.respondents) is not None:
            session.practice = True
            session.respondents_answer = lambda interview: respondents.answer_question(
                case.case.key, interview
            )
        session.message_source = self._take_message_in_interview
        self._shift.add(self._study.name_case(case.case.key), link.claimed_case.history[-1])
        return session

    def _load_interview(self, case: ClaimedCase) -> Interview | None:
        """Return the interview of the case on the screen: conducted here, or open when the terminal was lost.

        Raises StoreError.
        """
        if self._session is not None:
            return self._session.interview
        return self._study.claims.load_open_interview(case)

    def close_interview(self, *, then_next: bool = True) -> Rejection | None:
        """Leave the interview.

        Where its case closed with it, the next case is claimed, unless `then_next` is false. Otherwise the case shows
        what is pending.
        """
        link, session = self._link, self._session
        if link is None or session is None:
            return Rejection("no interview was started here")
        self._link, case = None, link.claimed_case
        if link.closing_events is not None:
            return self._show_saved(link.closing_events, case, link.notice, then_next=then_next)
        result = session.result()
        if result is not None and result.status == "lost":
            self._case = self._session = None
            self._notice = f"{case.case.key}: {result.remark}; what was saved before is kept"
            return self.claim_next() if then_next else None
        try:
            interview_status = self._study.claims.describe_interview(case.row.key)
            answers_in_call = self._study.claims.count_answers_in_call(case)
        except StoreError as error:
            return self._report_unsaved(error)
        respondents = self._options.respondents
        heard = respondents.answer_question(case.case.key, session.interview) if respondents else ""
        self._case = replace(
            case,
            pending_input=link.pending_input,
            interview_status=interview_status,
            answers_in_call=answers_in_call,
            heard=heard or case.heard,
        )
        return None

    # other cases

    @property
    def search_hint(self) -> str:
        """What a search for somebody who calls back needs, as an instruction."""
        if self._study.store.connector.supervises:
            return "type part of the number they call from, the name or the key"
        return "type the whole number, the whole name, or the key"

    def search_cases(self, text: str) -> tuple[station_views.CaseMatch, ...]:
        """Search cases by part of a number, of a name or of the key: a respondent calls back."""
        try:
            return tuple(match for study in self._studies.all for match in study.search_cases(text))
        except StoreError as error:
            self._report_unsaved(error)
            return ()

    @_reject_unsaved
    def fetch_case(self, key: str) -> Rejection | None:
        """Claim this case, whoever it is for; the one on the screen is returned if nobody was called."""
        if (rejection := self._check_releasable()) is not None:
            return rejection
        study, key = self._studies.find_study_of(key)
        stop = self._find_stop(self._clock(), study)
        if stop is not None and not stop.study_is_paused:
            return Rejection(stop.why)
        claimed = self._claim(key, study)
        if isinstance(claimed, Rejection):
            return claimed
        self._put_back()
        self._shift.end_break()
        self._shift.work_on(study)
        self._show(claimed)
        language = claimed.case.language
        queue, at = self._study.queue, self._clock()
        if stop is not None:
            obstacle: Words | None = Words(stop.why)
        else:
            obstacle = queue.find_prohibition(claimed.case, at)
        if obstacle is not None and self._case is not None:
            self._case = replace(self._case, notice=f"Don't dial this number: {obstacle}.")
        elif self._case is not None and not queue.study.who.speaks(language):
            notice = f"This case needs {get_language_name(language)}, which {self.interviewer} does not speak."
            self._case = replace(self._case, notice=notice)
        return None

    @_reject_unsaved
    def revoke_outcome(self) -> Rejection | None:
        """Revoke the outcome that was entered last: its case is on the screen again, as before."""
        if (rejection := self._check_releasable()) is not None:
            return rejection
        if self._last_outcome is None:
            return Rejection("there is no outcome to undo")
        study, key, outcome = self._last_outcome
        kind = study.plan.outcomes[outcome].kind
        if REQUIRED_INPUTS.get(kind) == "sure" or kind == "complete":
            return Rejection(
                f"{key}: only a supervisor can correct this outcome: survey case outcome"
            )
        claimed = self._claim(key, study)
        if isinstance(claimed, Rejection):
            return claimed
        self._put_back()
        self._shift.work_on(study)
        self._show(claimed)
        rejection = self._append(case_events.OutcomeRevoked())
        if rejection is None and self._case is not None and claimed.case.last_call is not None:
            self._case = replace(self._case, current_number=claimed.case.last_call.number)
            self._last_outcome = None
            self._notice = f"{key}: outcome undone; key the right one"
        return rejection

    def list_appointments(self) -> tuple[station_views.StationAppointment, ...]:
        """List this interviewer's open appointments, soonest first."""
        try:
            return self._appointments.list_own(self._clock())
        except StoreError as error:
            self._report_unsaved(error)
            return ()

    def find_due_appointment(self) -> station_views.StationAppointment | None:
        """Find an appointment that this interviewer may keep, due within five minutes or late.

        That of the case on the screen is left out. It reads nothing from the database: `keep_alive` and the end of a
        call look for appointments.
        """
        return self._appointments.find_due(self._clock(), left_out=self._name_case())

    # breaks, and the end

    def finish_case(self) -> Rejection | None:
        """Release the case with the outcomes entered, though another number could be tried.

        A case that was not called returns to the queue.
        """
        case = self._case
        if case is None:
            return NO_CASE_ON_SCREEN
        if (rejection := self._check_releasable()) is not None:
            return rejection
        if not case.has_calls:
            self._study.skipped.add(case.case.key)
        return self._release(then_next=True)

    def list_break_reasons(self) -> tuple[str, ...]:
        """List the reasons for a break, as the study has them."""
        return tuple(self._study.plan.breaks)

    @_reject_unsaved
    def start_break(self, reason: str = "") -> Rejection | None:
        """Start a break, for one of `list_break_reasons()`; the case on the screen is returned if nobody was called."""
        if reason and reason not in self.list_break_reasons():
            return Rejection(
                f"choose a reason for the break: {', '.join(self.list_break_reasons())}"
            )
        if (rejection := self._check_releasable()) is not None:
            return rejection
        if (rejection := self._release(then_next=False)) is not None:
            return rejection
        self._shift.end_wrapup()
        self._shift.record("break", reason)
        return None

    @_reject_unsaved
    def end_break(self) -> Rejection | None:
        """End the break."""
        self._shift.end_break()
        return self.claim_next() if self._case is None else None

    def end_wrapup(self) -> Rejection | None:
        """End the time after a call at once: the next case is claimed."""
        self._shift.end_wrapup()
        return self.claim_next()

    def end_shift(self) -> Rejection | None:
        """End the shift. Rejected while the outcome of a call is missing."""
        rejection = self._check_releasable() or self._release(then_next=False)
        if rejection is None and self._shift.is_on:
            self._shift.end_wrapup()
            with suppress(StoreError):  # then the shift ends with the last activity
                self._shift.record("off")
        return rejection

    def _check_releasable(self) -> Rejection | None:
        """Check that the case on the screen can be released."""
        why_not = self._case.why_not_releasable() if self._case is not None else ""
        return Rejection(why_not) if why_not else None

    def _release(self, *, then_next: bool) -> Rejection | None:
        case = self._case
        if case is None:
            return None
        event = (
            case_events.AttemptClosed()
            if case.has_calls
            else case_events.CaseReturned("given back")
        )
        rejection = self._append(event, release=True, then_next=then_next)
        if rejection is None and not then_next:
            try:
                # the case that left gets its position by the plan as it is now
                self._study.reload(self._clock())
            except StoreError as error:
                return self._report_unsaved(error)
            finally:
                self._notice = self._study.take_notice() or self._notice
        return rejection

    def _put_back(self) -> None:
        """Release the case on the screen, which nobody called or whose outcomes are entered, before another is shown."""
        case = self._case
        if case is not None and (rejection := self._release(then_next=False)) is not None:
            self._case = case
            self._notice = rejection.why

    # storing

    def _append(
        self, *events: case_events.CaseEvent, release: bool = False, then_next: bool = True
    ) -> Rejection | None:
        return self._save(CaseEvents(events=events, release=release), then_next=then_next)

    def _save(self, events: CaseEvents, *, then_next: bool = True) -> Rejection | None:
        """Store the events, and only then show them; after the case's last event the next case is claimed."""
        case = self._case
        if case is None:
            return NO_CASE_ON_SCREEN
        try:
            after = self._study.claims.write_events(case, events)
        except StoreError as error:
            return self._report_unsaved(error)
        if isinstance(after, LeaseLost):
            self._case = self._session = None
            self._notice = f"not saved: {case.case.key}: {after.message}"
            return Rejection(self._notice)
        self._case = after
        notice = ""
        if events.tasks:
            try:
                notice = "; ".join(
                    follow_up(self._study.opened, case.case.key, after.history[-1].at)
                )
            except StoreError as error:
                notice = f"saved, but not finished: {error.what} — {error.remedy}"
        return self._show_saved(events, after, notice, then_next=then_next)

    def _show_saved(
        self, events: CaseEvents, after: ClaimedCase, notice: str, *, then_next: bool
    ) -> Rejection | None:
        """Show events that were stored; where they released the case, claim the next one."""
        self._case = after
        self._shift.add(
            self._name_case(), *after.history[len(after.history) - len(events.events) :]
        )
        if any(isinstance(event, case_events.AppointmentMade) for event in events.events):
            self._shift.count_appointments()
        self._notice = notice
        if events.release:
            self._drop_case(after, events)
            with suppress(StoreError):  # the next key reports it
                self._appointments.look(self._clock())
            if then_next and events.outcome and self._study.plan.wrapup:
                at = self._clock()
                name = case_view.format_case_name(
                    self._study.opened.instrument, after.case, after.contact
                )
                self._shift.wrapup = WrapUp(
                    after.case.key, name, events.outcome, at, at + self._study.plan.wrapup
                )
            elif then_next and self._shift.open_break is None:
                notice, self._notice = self._notice, ""
                rejection = self.claim_next()
                self._notice = "; ".join(filter(None, (notice, self._notice)))
                return rejection
        elif not after.has_open_call:
            self._case = after.move_to_next_number()
        return None

    def _drop_case(self, case: ClaimedCase, events: CaseEvents) -> None:
        """Forget a case that was released, and say what was stored of it."""
        at = case.history[-1].at
        outcome = events.outcome
        self._case = self._session = None
        self._study.last_case = case.case.key
        if outcome:
            self._last_outcome = self._study, case.case.key, outcome
            words = describe_outcome(outcome, self._study.plan)
            for event in events.events:
                if isinstance(event, case_events.AppointmentMade):
                    words = f"{words} {station_appointments.read_back(event, self._to_local)}"
            name = case_view.format_case_name(
                self._study.opened.instrument, case.case, case.contact
            )
            if self.practice:
                done = "practiced"
            else:
                done = "stored"
            self._notice = self._notice or f"{name}: {words}, {done} at {self._to_local(at):%H:%M}"

    def _report_unsaved(self, error: StoreError) -> Rejection:
        self._notice = f"not saved: {error.short}"
        return Rejection(self._notice)
