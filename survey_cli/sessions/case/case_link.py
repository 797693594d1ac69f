"""Link between an interview and its sampled case: what the case receives when the interview starts and closes.

The case's entries are written in the transaction of the interview's own event. Nothing is accepted once another
station has claimed the case.
"""

from collections.abc import Callable

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.events import CaseReturned, InterviewOpened
from survey_cli.outcomes import Outcome
from survey_cli.problems import StoreError
from survey_cli.sessions.case.case_claim import RENEWALS_PER_LEASE, CaseClaims
from survey_cli.sessions.case.claimed_case import ClaimedCase, PendingInput
from survey_cli.sessions.case.outcome_events import CaseEvents
from survey_cli.sessions.interview.interview_session import CaseLink
from survey_cli.store.cases.case_records import CaseUpdate, LeaseLost, LeaseToken
from survey_cli.study.consistency.interview_outcomes import follow_up
from survey_cli.study.consistency.quota_reservations import QuotaReservations

DecideCaseEvents = Callable[[ClaimedCase, Interview, Outcome | None, bool], CaseEvents | PendingInput]
"""Decides which events a case receives when its interview closes, or which input is needed first.

The last argument: an `end` of the route closed the interview.
"""


class SampledCaseLink(CaseLink):
    """A claimed case as its interview sees it."""

    can_be_called_again = True

    def __init__(self, claims: CaseClaims, case: ClaimedCase, decide: DecideCaseEvents) -> None:
        self._study = study = claims.study
        self._claims = claims
        self._decide = decide
        self._reservations = QuotaReservations(store=study.store, plan=study.plan, clock=claims.clock)
        self._renewed_at = claims.clock()
        self._interview = ""
        self._next: tuple[ClaimedCase, CaseEvents | None] = case, None
        """What is being written: the case afterwards, and the events that close it."""
        self.claimed_case = case
        """The case as stored."""
        self.closing_events: CaseEvents | None = None
        """The events that were written with the interview's end; None as long as there are none."""
        self.pending_input: PendingInput = "outcome"
        """What is pending where the interview was left and nothing was written."""
        self.lost_to = ""
        """Description of who has the case now, where this station lost it."""
        self.notice = ""
        """What could not be done after the interview's end, or what the interviewer should know."""

    def fence(self) -> LeaseToken:
        return LeaseToken(self.claimed_case.case.key, self.claimed_case.token)

    def reserve_in_quota(self, interview_id: str, interview: Interview, quota: str) -> str:
        return self._reservations.reserve_in_quota(interview_id, interview, quota)

    def reserve_cells(
        self, interview_id: str, interview: Interview, reserved: frozenset[str]
    ) -> tuple[frozenset[str], str]:
        return self._reservations.reserve_cells(interview_id, interview, reserved)

    def list_quota_cells(self, interview: Interview) -> tuple[str, ...]:
        return self._reservations.list_cells(interview)

    def renew_lease(self) -> None:
        at = self._claims.clock()
        if at - self._renewed_at > self._study.plan.lease / RENEWALS_PER_LEASE:
            try:
                # where the lease is lost, the next answer says so
                self._claims.renew_lease(self.claimed_case)
            except StoreError:
                return
            self._renewed_at = at

    def build_start_update(self, interview_id: str) -> CaseUpdate:
        after = self._claims.append_events(self.claimed_case, [InterviewOpened(interview_id)])
        self._interview, self._next = interview_id, (after, None)
        return self._claims.build_update(self.claimed_case, after)

    def build_closing_update(
        self, interview: Interview, outcome: Outcome | None, *, by_route: bool
    ) -> CaseUpdate | None:
        events = self._decide(self.claimed_case, interview, outcome, by_route)
        if not isinstance(events, CaseEvents):
            self.pending_input = events
            self._next = self.claimed_case, None
            return None
        after = self._claims.append_events(self.claimed_case, events.events, events.contact)
        self._next = after, events
        return self._claims.build_update(
            self.claimed_case, after, release=events.release, owed=events.tasks, interview=interview
        )

    def list_tasks(self, outcome: Outcome | None) -> tuple[str, ...]:
        return ()  # they are in the case's update

    def handle_commit(self, interview_id: str, outcome: Outcome | None) -> str:
        self.claimed_case, self.closing_events = self._next
        if self.closing_events is None:
            return ""
        remarks = [self.closing_events.notice] if self.closing_events.notice else []
        if self.closing_events.tasks:
            try:
                remarks += follow_up(self._study, self.claimed_case.case.key, self._claims.clock())
            except StoreError as error:
                remarks.append(f"not finished: {error.what} — {error.remedy}")
        self.notice = "; ".join(remarks)
        return self.notice

    def recover(self) -> bool:
        """Recover the case, which may have been lost. Raises StoreError."""
        recovered = self._claims.recover(self.claimed_case)
        if not isinstance(recovered, ClaimedCase):
            self.lost_to = LeaseLost(self.claimed_case.case.key, recovered).message
            return False
        claimed_again = recovered.token != self.claimed_case.token
        self.claimed_case = recovered
        if claimed_again and self._interview:
            after = self._claims.append_events(recovered, [InterviewOpened(self._interview)])
            if self._claims.save(recovered, after) is None:
                self.claimed_case = after
        return True

    def release(self) -> None:
        if self.closing_events is None and not self.lost_to:
            try:
                self._claims.save(
                    self.claimed_case,
                    self._claims.append_events(self.claimed_case, [CaseReturned("given back")]),
                    release=True,
                )
            except StoreError:
                return  # the lease expires, and the case comes back as one with an open interview
