"""Station session: what one interviewer does at a station, and what is shown of it.

An action of the interviewer is a method of `StationSession`; it stores what was done and returns
a `Step`: the view to show now, a notice, and a rejection if nothing was done. What a station knows
is kept by its parts, each with its own state and usable without the station: the cases and the one
at hand, the studies, the shift with its breaks, messages, appointments, search and telephone.

Rules belong to `fieldwork`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from random import Random
from typing import Concatenate, Final, ParamSpec
from uuid import uuid4
from zoneinfo import ZoneInfo

from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.activities import Activity
from survey_cli.fieldwork.appointments.appointment import UnclearAppointment
from survey_cli.fieldwork.calendar.zones import find_midnight
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.help_calls import HelpSubject
from survey_cli.fieldwork.shifts import AWAY_REASON, ShiftSummary
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.problems import StoreError
from survey_cli.reports.fieldwork.case_histories import describe_outcome
from survey_cli.samples.cases.columns import clean_text
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station import case_view, station_appointments, station_views
from survey_cli.sessions.station.attention import Attention, Presence
from survey_cli.sessions.station.case_at_hand import CaseAtHand, LostInterview
from survey_cli.sessions.station.case_search import CaseSearch
from survey_cli.sessions.station.dialing import SimulatedRespondents, Telephone
from survey_cli.sessions.station.listeners import (
    NO_LISTENERS,
    Listeners,
    OccupationReporter,
)
from survey_cli.sessions.station.raised_hand import RaisedHand
from survey_cli.sessions.station.shift_record import ShiftRecord
from survey_cli.sessions.station.station_appointments import OpenAppointments
from survey_cli.sessions.station.station_cases import MakeToken, StationCases
from survey_cli.sessions.station.station_messages import StationMessages
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy
from survey_cli.sessions.station.step import (
    DONE,
    NO_CASE_ON_SCREEN,
    ActionResult,
    NotedKey,
    Step,
    reject,
    report_unsaved,
)
from survey_cli.sessions.station.supervisor_news import MESSAGE_INTERVAL, URGENT_INTERVAL
from survey_cli.study.open_study import OpenStudy, StudyFiles

STRONGEST_REFUSAL: Final = 3
"""The highest strength of a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationOptions:
    """What a station uses with its study, its queue and its clock."""

    zone: ZoneInfo | None = None
    """The station's own. None: the computer's."""
    command: tuple[str, ...] = ()
    """Dials a number. If it is empty, numbers are dialed by hand."""
    token: MakeToken = lambda: uuid4().hex
    """Makes the token of a lease."""
    rng: Random | None = None
    files: Sequence[StudyFiles] = ()
    """Files of each study that are read again when they change. Empty: they never are."""
    respondents: SimulatedRespondents | None = None
    """None: real ones."""
    listeners: Listeners = NO_LISTENERS
    """Who is told what is at hand, and the numbers to dial as links. By default nobody is."""


P = ParamSpec("P")


def _action(
    method: Callable[Concatenate["StationSession", P], ActionResult],
) -> Callable[Concatenate["StationSession", P], Step]:
    """Decorate an action so that it returns a step; rejected if the database can't be used."""

    @wraps(method)
    def act(session: "StationSession", /, *args: P.args, **kwargs: P.kwargs) -> Step:
        session._attention.note_key(session._clock())
        try:
            result = method(session, *args, **kwargs)
        except StoreError as error:
            result = report_unsaved(error)
        return session._make_step(result)

    return act


class StationSession:
    """Session of one interviewer at one station, with at most one case at a time.

    Its studies keep their own databases, rules and pauses. The next case is of the first study
    that has one: those with an appointment that is due come first, the others in their order. The
    time at work is recorded in the study that is worked on.
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
        options = options or StationOptions()
        self.station = station
        self.interviewer = study.who.login
        self.practice = options.respondents is not None
        self._clock = clock
        self._options = options
        self._notice = ""
        self._can_be_undone = False

        self._studies = StationStudies(self._build_studies((study, *further)))
        self._shift = ShiftRecord(
            self._studies,
            station,
            clock,
            dials_by_link=options.listeners.hand_link is not None,
        )
        self._messages = StationMessages(
            self._studies, self._shift, clock=clock, to_local=self._to_local
        )
        self.hand = RaisedHand(
            self._studies,
            self._shift,
            clock=clock,
            to_local=self._to_local,
            find_subject=self._find_help_subject,
            practice=self.practice,
        )
        """With it the interviewer calls the supervisor for help."""
        self._appointments = OpenAppointments(self._studies, self._to_local)
        self._search = CaseSearch(self._studies)
        self._telephone = Telephone(
            command=options.command,
            respondents=options.respondents,
            to_local=self._to_local,
            hand_link=options.listeners.hand_link,
        )
        self._reporter = OccupationReporter(options.listeners.report)
        self._attention = Attention(clock())
        self._cases = StationCases(
            self._studies,
            self._shift,
            self._appointments,
            station=station,
            clock=clock,
            to_local=self._to_local,
            make_token=options.token,
            practice=self.practice,
            is_updated=options.listeners.is_updated,
        )
        self.has_ended_for_update = False
        """Another seat goes on with the shift, in the new version of the program."""

        midnight = find_midnight(clock(), self._to_local)
        with suppress(StoreError):  # the first key reports it
            # the program may have ended in the middle of the shift
            self._shift.resume(midnight)
            self.hand.resume()

    def _build_studies(self, opened: Sequence[OpenStudy]) -> list[StationStudy]:
        """Build each study as this station works on it."""
        files: Sequence[StudyFiles | None] = self._options.files or [None] * len(opened)
        studies = []
        for study, study_files in zip(opened, files, strict=True):
            built = StationStudy(
                study,
                self.station,
                self._clock,
                self._to_local,
                self._options.rng,
                study_files,
                several=len(opened) > 1,
            )
            studies.append(built)
        return studies

    def _to_local(self, at: datetime) -> datetime:
        """Convert a time to this station's clock."""
        return at.astimezone(self._options.zone)

    # what is shown

    def look(self) -> Step:
        """Return what is shown now. It reads nothing from the database."""
        return self._make_step(DONE)

    def _make_step(self, result: ActionResult) -> Step:
        """Make the step of what an action did."""
        self._keep_notice(result)
        self._report_occupation()
        return Step(
            view=self._build_view(),
            notice=self._notice,
            can_be_undone=self._can_be_undone,
            has_undo=self._cases.can_revoke_entered,
            rejection=result.rejection,
            presence_question=self._ask_presence(),
            dialing=result.dialing,
            interview=result.interview,
        )

    def _keep_notice(self, result: ActionResult) -> None:
        """Keep the notice for the next steps; if there is no new one, the last one stays."""
        if result.notice is not None:
            self._notice = result.notice
            self._can_be_undone = result.can_be_undone

    def _report_occupation(self) -> None:
        """Tell whoever listens what is at hand, if that has changed."""
        activity, case = self._find_occupation()
        self._reporter.note(activity, case, self._clock())

    def _find_help_subject(self) -> HelpSubject:
        """Return what the interviewer is doing when she calls for help."""
        activity, case = self._find_occupation()
        return HelpSubject(case, activity.value)

    def _find_occupation(self) -> tuple[Activity, str]:
        """Return what the interviewer is doing, and the case at hand."""
        case = self._cases.at_hand
        name = self._cases.name_at_hand
        if case is not None and case.is_in_interview:
            return Activity.INTERVIEW, name
        if case is not None and case.claimed.has_open_call:
            return Activity.CALL, name
        if case is not None:
            return Activity.CASE, name
        if self._shift.open_break is not None:
            return Activity.BREAK, ""
        if self._shift.wrapup is not None:
            return Activity.WRAP_UP, self._shift.wrapup.key
        return Activity.WAITING, ""

    def _build_view(self) -> station_views.StationView:
        at = self._clock()
        now = self._to_local(at)

        case = self._cases.at_hand
        if case is not None:
            return case_view.build_case_view(
                case.claimed, case.study.opened, at=at, to_local=self._to_local
            )

        open_break = self._shift.open_break
        if open_break is not None:
            since = self._to_local(open_break.since)
            return station_views.BreakView(since=since, reason=open_break.reason, station_time=now)

        wrapup = self._shift.wrapup
        if wrapup is not None:
            return station_views.WrapUpView(
                until=self._to_local(wrapup.until),
                station_time=now,
                case=wrapup.name,
                outcome=describe_outcome(wrapup.outcome, self._studies.current.plan),
            )
        return replace(self._cases.idle_view, station_time=now)

    @property
    def title(self) -> str:
        """The title of the study that is worked on."""
        return self._studies.current.title

    @property
    def studies(self) -> tuple[OpenStudy, ...]:
        """The studies as they were opened, or read again since."""
        return tuple(study.opened for study in self._studies.all)

    def summarize_shift(self) -> ShiftSummary:
        """Return the counts and times of the shift so far."""
        return self._shift.summarize(self._to_local, case=self._cases.name_at_hand)

    def take_message(self) -> str:
        """Return the next message of a supervisor once; an empty text if there isn't one.

        It may be called at every key: the database is read every few seconds, and every second
        while the interviewer's hand is up.
        """
        return self._messages.take(self._look_for_answer())

    def _take_message_in_interview(self) -> str:
        """Return the next message; a long interview is recorded as time at work."""
        with suppress(StoreError):  # the next answer reports it
            self._shift.record_presence(self._find_last_key())
        return self._messages.take(self._look_for_answer())

    def _look_for_answer(self) -> timedelta:
        """Look whether a raised hand was answered; returns how old a look for messages may be."""
        if not self.hand.is_up:
            return MESSAGE_INTERVAL
        if self.hand.look():
            # The answer is there, perhaps only since the last look for messages.
            return timedelta()
        return URGENT_INTERVAL

    def list_messages(self) -> list[str]:
        """List the messages of supervisors that are shown now, as of the last look."""
        return self._messages.list_shown()

    def end_for_update(self) -> bool:
        """End here if the program was updated and nothing is at hand; returns whether that is so.

        The shift goes on. A break is not disturbed: it goes on until its end.
        """
        is_occupied = (
            self._cases.at_hand is not None
            or self._shift.wrapup is not None
            or self._shift.open_break is not None
        )
        if is_occupied or not self._options.listeners.is_updated():
            return False
        self.has_ended_for_update = True
        return True

    def close(self) -> None:
        """Close the databases."""
        for study in self._studies.all:
            study.opened.close()

    # the next case

    @_action
    def start(self) -> ActionResult:
        """Start the shift.

        A case that the interviewer had when a terminal was lost is taken back, else the next one is
        claimed. One of this station comes first. From another station, only a call or an interview
        that is open is taken over.
        """
        at = self._clock()
        self._shift.sign_on()
        self._shift.count_appointments()
        self._appointments.look(at)
        return self._cases.continue_or_claim(at)

    @_action
    def claim_next(self) -> ActionResult:
        """Claim the next case; the view becomes `CaseView`, or `IdleView` with the reason."""
        return self._cases.claim_next()

    def keep_alive(self) -> Step:
        """Keep the case on the screen, or look for one; called about every ten seconds.

        It records every few minutes that the station still runs, claims the next case when the time
        after a call is over, and looks for appointments that are due. It rejects nothing.
        """
        try:
            result = self._keep_alive()
        except StoreError:
            return self.look()  # the next key reports it
        return self._make_step(ActionResult(notice=result.notice))

    def _keep_alive(self) -> ActionResult:
        if not self._shift.is_away:
            self._shift.record_presence(self._find_last_key())
        if self._presence is Presence.AWAY and self._attention.has_asked:
            return self._begin_away()
        self._appointments.look(self._clock())

        case = self._cases.at_hand
        if case is not None:
            return self._cases.keep(case)
        if self._shift.wrapup is not None:
            if self._clock() < self._shift.wrapup.until:
                return DONE
            self._shift.end_wrapup()
        if self._shift.open_break is not None:
            return DONE
        if self._cases.has_moved:
            return DONE
        return self._cases.claim_next()

    # whether somebody is there

    @property
    def _presence(self) -> Presence:
        """Whether somebody sits here: keys and answers say so, not an open page.

        Nothing is asked in an interview, during a break, and in practice.
        """
        case = self._cases.at_hand
        is_interviewing = case is not None and case.is_in_interview
        if is_interviewing or self.practice or self._shift.open_break is not None:
            return Presence.THERE
        return self._attention.find_presence(self._clock())

    def _find_last_key(self) -> datetime:
        """Return the time of the last key, or of the last answer in the interview at hand."""
        case = self._cases.at_hand
        if case is None or case.session is None:
            return self._attention.last_key
        return max(self._attention.last_key, case.session.interview.last_stamp.at)

    def _ask_presence(self) -> str:
        """Return the question whether somebody is there; empty if it is plain."""
        open_break = self._shift.open_break
        if open_break is not None and self._shift.is_away and self._cases.at_hand is not None:
            # it may have begun at a station before this one
            since = self._to_local(open_break.since)
            return f"A break since {since:%H:%M}, because {AWAY_REASON}."
        if self._presence is Presence.THERE:
            return ""
        last_key = self._to_local(self._attention.last_key)
        self._attention.has_asked = True
        return f"Still there? No key was pressed since {last_key:%H:%M}."

    def _begin_away(self) -> ActionResult:
        """Begin a break at the last key: nobody has answered. Raises StoreError.

        A case that nobody called goes back to the queue; one with an open call stays.
        """
        if self._cases.check_releasable() is None:
            released = self._cases.leave()
            if released.rejection is not None:
                return released
        self._shift.begin_away(self._attention.last_key)
        return ActionResult(notice="")

    def note_key(self) -> NotedKey:
        """Note that a key was pressed, or a line typed, outside of an interview.

        It never fails, and may be called at every key. A key that ends such a break, or answers
        whether somebody is there, does nothing else.
        """
        at = self._clock()
        last_key = self._attention.last_key
        had_asked = self._attention.has_asked
        was_away = self._presence is Presence.AWAY
        self._attention.note_key(at)
        try:
            open_break = self._shift.open_break
            if open_break is not None and self._shift.is_away:
                self._end_away()
                return NotedKey(took_key=True, notice=self._describe_away(open_break.since, at))
            # With a call open, she may have talked all the time: she was not asked.
            if was_away and (had_asked or self._cases.check_releasable() is None):
                self._shift.begin_away(last_key)
                self._shift.end_break()
                return NotedKey(took_key=had_asked, notice=self._describe_away(last_key, at))
        except StoreError:
            return NotedKey()  # the action of the key reports it
        return NotedKey(took_key=had_asked)

    def _end_away(self) -> None:
        """End a break that began because no key was pressed. Raises StoreError."""
        self._shift.end_break()
        if self._cases.at_hand is None:
            self._keep_notice(self._cases.claim_next())

    def _describe_away(self, since: datetime, until: datetime) -> str:
        """Say what was counted as a break."""
        began = self._to_local(since)
        ended = self._to_local(until)
        return (
            f"break from {began:%H:%M} to {ended:%H:%M}, because {AWAY_REASON};"
            " a supervisor can correct it"
        )

    # the case on the screen

    @_action
    def dial(self) -> ActionResult:
        """Dial the current number, when the interviewer presses a key for it.

        Calling hours are checked once more, and the call is stored. The step says what the
        telephone does.
        """
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        number = case.current_number
        if number is None:
            return reject("this case has no number that can be dialed")

        at = self._clock()
        stopped = self._cases.apply_stop(at)
        notice = stopped.notice or ""
        if stopped.rejection is not None:
            return reject(stopped.rejection, notice)

        # The study's files may just have been read again: what the telephone does would hide it.
        changed = f"; {notice}" if notice else ""
        obstacle = case.find_obstacle(number, at)
        if obstacle is not None:
            return reject(f"not now: {obstacle}{changed}", notice)
        digits = case.claimed.find_number(number.position)
        if digits is None:
            return reject("its digits have been erased", notice)

        before = case.claimed.case
        stored = self._cases.append(case, case_events.NumberDialed(number.position))
        if stored.rejection is not None:
            return stored
        call = self._telephone.dial(before, number, digits, case.study.plan, at)
        case.begin_call(heard=call.heard)
        return replace(stored, dialing=f"{call.text}{changed}")

    @_action
    def choose_number(self, position: int) -> ActionResult:
        """Make another live number the current one."""
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        return ActionResult(rejection=case.choose_number(position))

    @_action
    def record_outcome(
        self, outcome: str, *, note: str = "", number: str = "", language: str = ""
    ) -> ActionResult:
        """Record one of the outcomes on offer.

        The case closes and the next one is claimed, unless another number can be tried.
        """
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        events = case.build_outcome(
            outcome,
            note=note,
            number=number,
            language=language,
            contact_link=self._options.token(),
        )
        if isinstance(events, Rejection):
            return reject(events)
        return self._cases.write(case, events)

    @_action
    def add_number(self, text: str) -> ActionResult:
        """Add another number to the case; it becomes the current one."""
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        events = case.build_number(text, contact_link=self._options.token())
        if isinstance(events, Rejection):
            return reject(events)

        stored = self._cases.write(case, events)
        if stored.rejection is not None:
            return stored
        newest = max(number.position for number in case.claimed.case.numbers)
        return replace(stored, rejection=case.choose_number(newest))

    @_action
    def add_note(self, text: str) -> ActionResult:
        """Add a note to the case, or after a call to the one that was called."""
        note = clean_text(text)
        if not note:
            return reject("an empty note is not saved")

        case = self._cases.at_hand
        if case is not None:
            return self._cases.append(case, case_events.CaseNoteWritten(note))
        wrapup = self._shift.wrapup
        if wrapup is None:
            return reject(NO_CASE_ON_SCREEN)
        token = self._options.token()
        study = self._studies.current
        return ActionResult(rejection=study.add_note(wrapup.key, note, self._clock(), token))

    @_action
    def record_refusal(self, *, reason: str = "", strength: int = 0, who: str = "") -> ActionResult:
        """Describe a refusal for the next interviewer; the outcome is recorded after it.

        `strength` is from 1 to 3, and 0 if it isn't known. `who` refused.
        """
        if not 0 <= strength <= STRONGEST_REFUSAL:
            return reject(f"the strength is a number from 1 to {STRONGEST_REFUSAL}")
        refusal = case_events.RefusalDescribed(clean_text(reason), strength, clean_text(who))
        if refusal == case_events.RefusalDescribed():
            return reject("an empty note is not saved")

        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        return self._cases.append(case, refusal)

    @_action
    def record_script(self, script: str) -> ActionResult:
        """Record that a script was read aloud."""
        if script not in {known.id for known in self._studies.current.plan.scripts}:
            return reject("there is no such script")
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        return self._cases.append(case, case_events.ScriptRead(script))

    # appointments

    @property
    def _zone_name(self) -> str:
        zone = self._options.zone
        return zone.key if zone is not None else ""

    def parse_time(self, text: str, reading: int = 0) -> station_views.TimeReading:
        """Return how a typed time is understood for this respondent; nothing is stored."""
        case = self._cases.at_hand
        if case is None:
            unclear = UnclearAppointment(what=NO_CASE_ON_SCREEN.why)
            return station_appointments.describe_time(unclear, self._zone_name)
        time = case.parse_time(text, reading, now=self._clock(), station_zone=self._zone_name)
        return station_appointments.describe_time(time, self._zone_name)

    @_action
    def book_appointment(
        self,
        text: str,
        *,
        reading: int = 0,
        policy: station_views.AppointmentPolicy = "anyone",
        person: str = "",
        note: str = "",
    ) -> ActionResult:
        """Book an appointment at that time, and close the case."""
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        time = case.parse_time(text, reading, now=self._clock(), station_zone=self._zone_name)
        if isinstance(time, UnclearAppointment):
            return reject(str(time))
        events = case.build_appointment(time, policy=policy, person=person, note=note)
        return self._cases.write(case, events)

    def list_appointments(self) -> tuple[station_views.StationAppointment, ...]:
        """List this interviewer's open appointments, soonest first."""
        try:
            return self._appointments.list_own(self._clock())
        except StoreError as error:
            self._keep_notice(report_unsaved(error))
            return ()

    def find_due_appointment(self) -> station_views.StationAppointment | None:
        """Find an appointment that this interviewer may keep, due within five minutes or late.

        That of the case on the screen is left out. It reads nothing from the database:
        `keep_alive` and the end of a call look for appointments.
        """
        return self._appointments.find_due(self._clock(), left_out=self._cases.name_at_hand)

    # the interview

    @_action
    def open_interview(self) -> ActionResult:
        """Start or resume the interview, which the step contains.

        Once its `prompt()` is None, `close_interview` follows.
        """
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        return self._open_interview(case)

    @_action
    def continue_interview(self) -> ActionResult:
        """Go on with the interview that was on the screen when the terminal was lost.

        The step has no interview if none was.
        """
        case = self._cases.at_hand
        if case is None or not case.was_interviewing:
            return DONE
        # it says that the interview was in progress, and now it is again
        case.notify("")
        result = self._open_interview(case)
        if result.interview is not None and case.came_from:
            moved = f"Continued from station {case.came_from}, which can't write to it any more."
            result.interview.notice = f"{moved} {result.interview.notice}".strip()
        return result

    def _open_interview(self, case: CaseAtHand) -> ActionResult:
        session = case.open_interview()
        if isinstance(session, Rejection):
            return reject(session)

        session.goes_on_when_opened_again = True
        session.hand = self.hand
        respondents = self._options.respondents
        if respondents is not None:
            key = case.key

            def answer_question(interview: Interview) -> str:
                return respondents.answer_question(key, interview)

            session.practice = True
            session.respondents_answer = answer_question
        session.message_source = self._take_message_in_interview
        self._shift.add(case.name, case.claimed.history[-1])
        return ActionResult(interview=session)

    @_action
    def close_interview(self, *, then_next: bool = True) -> ActionResult:
        """Leave the interview.

        If its case closed with it, the next case is claimed, unless `then_next` is false. Otherwise
        the case shows what is pending.
        """
        case = self._cases.at_hand
        if case is None or not case.is_in_interview:
            return reject("no interview was started here")
        self._attention.note_key(self._clock())

        closed = case.close_interview()
        if isinstance(closed, LostInterview):
            return self._cases.lose(case, closed, then_next=then_next)
        if closed is not None:
            result = self._cases.follow(case, closed, then_next=then_next)
            # What was said in an interview is not undone with one key.
            return replace(result, can_be_undone=False)

        respondents = self._options.respondents
        if respondents is not None and case.session is not None:
            heard = respondents.answer_question(case.key, case.session.interview)
            if heard:
                case.hear(heard)
        return DONE

    # other cases

    @property
    def search_hint(self) -> str:
        """What a search for somebody who calls back needs, as an instruction."""
        return self._search.hint

    def search_cases(self, text: str) -> tuple[station_views.CaseMatch, ...]:
        """Search cases by part of a number, of a name or of the key: a respondent calls back."""
        try:
            return self._search.find(text)
        except StoreError as error:
            self._keep_notice(report_unsaved(error))
            return ()

    @_action
    def fetch_case(self, key: str) -> ActionResult:
        """Claim this case, whoever it is for.

        The one on the screen is returned if nobody was called.
        """
        rejection = self._cases.check_releasable()
        if rejection is not None:
            return reject(rejection)
        study, study_key = self._studies.find_study_of(key)
        check = self._cases.check_study(study, self._clock())
        notice = check.notice or None
        # In a paused study, a respondent who calls back can still be interviewed.
        if check.stop is not None and not check.stop.study_is_paused:
            return reject(check.stop.why, notice)

        claimed = self._cases.claim(study, study_key)
        if isinstance(claimed, Rejection):
            return reject(claimed, notice)
        put_back = self._cases.put_back()
        if put_back is not None:
            notice = put_back
        self._shift.end_break()
        case = self._cases.take_up(study, claimed)

        warning = self._warn_of_fetched(case, check.stop)
        if warning:
            case.notify(warning)
        return ActionResult(notice=notice)

    def _warn_of_fetched(self, case: CaseAtHand, stop: station_views.IdleView | None) -> str:
        """Say why a case that was fetched by its key may not be dialed from here."""
        queue = case.study.queue
        at = self._clock()
        if stop is not None:
            return f"Don't dial this number: {stop.why}."
        prohibition = queue.find_prohibition(case.claimed.case, at)
        if prohibition is not None:
            return f"Don't dial this number: {prohibition}."

        language = case.claimed.case.language
        if not queue.study.who.speaks(language):
            needed = get_language_name(language)
            return f"This case needs {needed}, which {self.interviewer} does not speak."
        return ""

    @_action
    def revoke_outcome(self) -> ActionResult:
        """Revoke the outcome that was entered last: its case is on the screen again, as before."""
        return self._cases.revoke_entered()

    @_action
    def finish_case(self) -> ActionResult:
        """Release the case with the outcomes entered, though another number could be tried.

        A case that was not called returns to the queue.
        """
        case = self._cases.at_hand
        if case is None:
            return reject(NO_CASE_ON_SCREEN)
        rejection = case.check_releasable()
        if rejection is not None:
            return reject(rejection)
        if not case.claimed.has_calls:
            case.study.skipped.add(case.key)
        return self._cases.release(case, then_next=True)

    # breaks, and the end

    def list_break_reasons(self) -> tuple[str, ...]:
        """List the reasons for a break, as the study has them."""
        return self._shift.list_break_reasons()

    @_action
    def start_break(self, reason: str = "") -> ActionResult:
        """Start a break, for one of `list_break_reasons()`.

        The case on the screen is returned if nobody was called.
        """
        reasons = self._shift.list_break_reasons()
        if reason and reason not in reasons:
            return reject(f"choose a reason for the break: {', '.join(reasons)}")
        released = self._cases.leave()
        if released.rejection is None:
            self._shift.start_break(reason)
        return released

    @_action
    def end_break(self) -> ActionResult:
        """End the break: the next case is claimed."""
        self._shift.end_break()
        if self._cases.at_hand is not None:
            return DONE
        return self._cases.claim_next()

    @_action
    def end_wrapup(self) -> ActionResult:
        """End the time after a call at once: the next case is claimed."""
        self._shift.end_wrapup()
        return self._cases.claim_next()

    @_action
    def end_shift(self) -> ActionResult:
        """End the shift. Rejected while the outcome of a call is missing."""
        released = self._cases.leave()
        if released.rejection is None and self._shift.is_on:
            with suppress(StoreError):  # then the shift ends with the last activity
                self._shift.sign_off()
        return released
