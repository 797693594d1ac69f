"""The case on a station's screen: its claim, what is written to it, and its interview."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.appointments.appointment import AppointmentTime, UnclearAppointment
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import NumberRecord
from survey_cli.fieldwork.queue.calling_rules import find_number_obstacle
from survey_cli.problems import StoreError, UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.sessions.case import claimed_case
from survey_cli.sessions.case.case_claim import SampledCaseLink
from survey_cli.sessions.case.claimed_case import CaseEvents, ClaimedCase, InterviewState
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station import case_view, station_appointments
from survey_cli.sessions.station.station_study import StationStudy
from survey_cli.sessions.station.station_views import AppointmentPolicy
from survey_cli.store.cases.case_records import LeaseLost
from survey_cli.study.consistency.interview_outcomes import follow_up
from survey_cli.wording import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenEvents:
    """Events of the case that are stored."""

    events: CaseEvents
    entries: tuple[case_events.HistoryEntry, ...]
    """The same as they are in the case's history."""
    notice: str = ""
    """What could not be done after they were stored, or what the interviewer should know."""


class LostInterview(NamedTuple):
    """Another station took the case during its interview."""

    remark: str


class CaseAtHand:
    """A case from its claim by a station until the station releases it.

    Methods that read or write the database raise StoreError.
    """

    def __init__(self, study: StationStudy, claimed: ClaimedCase) -> None:
        self.study = study
        self.claimed = claimed
        """The case as stored."""
        self.session: InterviewSession | None = None
        """Its interview, from the start at this station on; also after it was left."""
        self.was_interviewing = False
        """Its interview was on the screen when the terminal was lost, and isn't yet again."""
        self.came_from = ""
        """The other station from which its call was continued here."""
        self._link: SampledCaseLink | None = None
        """Of the interview, while it is open."""

    @classmethod
    def load(cls, study: StationStudy, claimed: ClaimedCase, notice: str = "") -> "CaseAtHand":
        """Load what is shown of a case that was claimed. Raises StoreError."""
        status = study.claims.describe_interview(claimed.case.key)
        return cls(study, replace(claimed, notice=notice, interview=status))

    @property
    def key(self) -> str:
        """The key of the case in its study."""
        return self.claimed.case.key

    @property
    def name(self) -> str:
        """The key by which the station tells the case from those of its other studies."""
        return self.study.name_case(self.key)

    @property
    def is_called(self) -> bool:
        """Whether somebody was called under this claim."""
        claimed = self.claimed
        return claimed.has_calls or claimed.has_open_call or claimed.pending_input != ""

    @property
    def is_in_interview(self) -> bool:
        """Whether its interview is open at this station."""
        return self._link is not None

    def check_releasable(self) -> Rejection | None:
        """Check that the case can be released."""
        why_not = self.claimed.why_not_releasable()
        if why_not:
            return Rejection(why_not)
        return None

    def notify(self, notice: str) -> None:
        """Show a notice with the case."""
        self.claimed = replace(self.claimed, notice=notice)

    def hear(self, words: str) -> None:
        """Show what simulated respondents say."""
        self.claimed = replace(self.claimed, heard=words)

    # the claim

    def continue_call(self) -> None:
        """Find out what was going on when the terminal was lost. Raises StoreError."""
        claims = self.study.claims
        pending_input = claims.find_pending_input(self.claimed)
        answers_in_call = claims.count_answers_in_call(self.claimed)
        self.claimed = replace(
            self.claimed, pending_input=pending_input, answers_in_call=answers_in_call
        )
        self.was_interviewing = claims.was_interviewing(self.claimed)

    def renew_lease(self) -> LeaseLost | None:
        """Renew the lease, or recover the case. Raises StoreError.

        Returns who has the case if it is lost. During an interview, the next answer reports that.
        """
        if self._link is not None:
            self._link.renew_lease()
            return None
        if self.study.claims.renew_lease(self.claimed):
            return None

        recovered = self.study.claims.recover(self.claimed)
        if isinstance(recovered, ClaimedCase):
            self.claimed = recovered
            return None
        return LeaseLost(self.key, recovered)

    def describe_loss(self, lost: LeaseLost) -> str:
        """Describe to this interviewer who has the case now."""
        return lost.describe(self.study.login, self.study.claims.station)

    def write(self, events: CaseEvents) -> WrittenEvents | LeaseLost:
        """Write events to the case, and do what follows from them. Raises StoreError."""
        after = self.study.claims.write_events(self.claimed, events)
        if isinstance(after, LeaseLost):
            return after

        notice = ""
        if events.tasks:
            try:
                notes = follow_up(self.study.opened, self.key, after.history[-1].at)
                notice = "; ".join(notes)
            except StoreError as error:
                notice = f"saved, but not finished: {error.what} — {error.remedy}"
        return self._accept(after, events, notice)

    def _accept(self, after: ClaimedCase, events: CaseEvents, notice: str) -> WrittenEvents:
        """Take the case as it is after these events."""
        self.claimed = after
        if not events.release and not after.has_open_call:
            self.claimed = after.move_to_next_number()
        first = len(after.history) - len(events.events)
        return WrittenEvents(events=events, entries=after.history[first:], notice=notice)

    # its numbers

    @property
    def current_number(self) -> NumberRecord | None:
        """The number that is dialed next."""
        return self.claimed.case.find_number(self.claimed.current_number)

    def find_obstacle(self, number: NumberRecord, at: datetime) -> Words | None:
        """Find why this number may not be dialed now; None if it may. Raises StoreError."""
        case = self.claimed.case
        obstacle = find_number_obstacle(case, number, self.study.plan, at)
        if obstacle is not None:
            return obstacle
        return self.study.queue.find_prohibition(case, at)

    def begin_call(self, *, heard: str) -> None:
        """Count answers from now on: the current number was dialed."""
        self.claimed = replace(self.claimed, answers_in_call=0, heard=heard)

    def go_back_to_number(self, position: int) -> None:
        """Make a number the current one again: the outcome of its call was revoked."""
        self.claimed = replace(self.claimed, current_number=position)

    def choose_number(self, position: int) -> Rejection | None:
        """Make another live number the current one."""
        chosen = self.claimed.choose_number(position)
        if isinstance(chosen, Rejection):
            return chosen
        self.claimed = chosen
        return None

    # what is entered

    def build_outcome(
        self, outcome: str, *, note: str, number: str, language: str, contact_link: str
    ) -> CaseEvents | Rejection:
        """Build the events of one of the outcomes on offer. Raises StoreError."""
        plan = self.study.plan
        chosen = plan.outcomes.get(outcome)
        if chosen is None:
            return Rejection(f"there is no outcome {outcome}")
        return claimed_case.build_outcome_events(
            self.claimed,
            chosen,
            plan,
            self._load_interview(),
            note=clean_text(note),
            number=number,
            language=language,
            languages=self.study.opened.instrument.languages,
            contact_link=contact_link,
        )

    def build_number(self, text: str, *, contact_link: str) -> CaseEvents | Rejection:
        """Build the events of another number that was given."""
        return claimed_case.build_number_events(
            self.claimed, text, self.study.plan, contact_link=contact_link
        )

    def parse_time(
        self, text: str, reading: int, *, now: datetime, station_zone: str
    ) -> AppointmentTime | UnclearAppointment:
        """Parse a time for this respondent; `reading` chooses one of several meanings, from 1."""
        return station_appointments.parse_time(
            text, reading, self.claimed, self.study.opened, now=now, station_zone=station_zone
        )

    def build_appointment(
        self, time: AppointmentTime, *, policy: AppointmentPolicy, person: str, note: str
    ) -> CaseEvents:
        """Build the events of an appointment, which closes the case. Raises StoreError."""
        owner = ""
        if policy != "anyone":
            owner = self.study.login
        appointment = time.make_event(
            person=clean_text(person), owner=owner, policy=policy, note=clean_text(note)
        )

        interview = self._load_interview()
        call = claimed_case.build_call_event(
            self.claimed,
            "appointment",
            self.study.plan,
            interview,
            interrupted=interview is not None,
        )
        events = (call, appointment, case_events.AttemptClosed())
        return CaseEvents(events=events, release=True, outcome="appointment")

    # its interview

    def open_interview(self) -> InterviewSession | Rejection:
        """Start or resume the interview. Raises StoreError."""
        case = self.claimed.case
        if case.do_not_call or case.erased:
            return Rejection("this case must not be called again")
        if self.claimed.interview.state is InterviewState.COMPLETE:
            return Rejection("its interview is complete: a supervisor can reopen it")

        claims = self.study.claims
        link = SampledCaseLink(claims, self.claimed, claimed_case.build_interview_events)
        try:
            session = claims.start_or_resume(self.claimed, link)
        except StoreError:
            raise
        except UserError as error:
            return Rejection(error.short)

        self.session = session
        self._link = link
        self.claimed = link.claimed_case
        self.was_interviewing = False
        return session

    def close_interview(self) -> WrittenEvents | LostInterview | None:
        """Leave the interview. Raises StoreError.

        Returns the events that closed the case with it; None if the case stays, and shows what is
        pending.
        """
        link = self._link
        session = self.session
        if link is None or session is None:
            raise ValueError("no interview is open")
        self._link = None

        if link.closing_events is not None:
            return self._accept(link.claimed_case, link.closing_events, link.notice)
        result = session.result()
        if result is not None and result.status == "lost":
            return LostInterview(result.remark)

        # An outcome is asked for even if what follows can't be read.
        self.claimed = replace(link.claimed_case, pending_input=link.pending_input)
        status = self.study.claims.describe_interview(self.key)
        answers_in_call = self.study.claims.count_answers_in_call(self.claimed)
        self.claimed = replace(self.claimed, interview=status, answers_in_call=answers_in_call)
        return None

    def _load_interview(self) -> Interview | None:
        """Return the interview: conducted here, or open when the terminal was lost.

        Raises StoreError.
        """
        if self.session is not None:
            return self.session.interview
        return self.study.claims.load_open_interview(self.claimed)

    @property
    def respondent_name(self) -> str:
        """The name of the respondent, or the key."""
        instrument = self.study.opened.instrument
        return case_view.format_case_name(instrument, self.claimed.case, self.claimed.contact)
