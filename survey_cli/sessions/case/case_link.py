"""Link between an interview and its sampled case: what the case receives when the interview starts and closes.

The case's entries are written in the transaction of the interview's own event. Nothing is accepted once another
station has claimed the case.
"""

from collections.abc import Callable

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.events import CaseReturned, InterviewOpened
from survey_cli.outcomes import Outcome
from survey_cli.sessions.case.case_claim import RENEWALS_PER_LEASE, CaseClaims
from survey_cli.sessions.case.claimed_case import ClaimedCase, PendingInput
from survey_cli.sessions.case.outcome_events import CaseEvents
from survey_cli.sessions.case.quota_reservations import QuotaReservations
from survey_cli.store import StoreError
from survey_cli.store.cases.case_records import CaseUpdate, LeaseLost, LeaseToken
from survey_cli.study.consistency.follow_up import follow_up
from survey_cli.study.open_study import OpenStudy

DecideCaseEvents = Callable[[ClaimedCase, Interview, Outcome | None, bool], CaseEvents | PendingInput]
"""What the case receives when its interview closes with an outcome (True: by its route), or what is owed before that."""


class SampledCaseLink:
    """One claimed case, as its interview sees it."""

    can_be_called_again = True

    def __init__(
        self, study: OpenStudy, keeping: CaseClaims, here: ClaimedCase, decide: DecideCaseEvents
    ) -> None:
        self._study = study
        self._claims = keeping
        self._decide = decide
        self._reservations = QuotaReservations(store=study.store, plan=study.plan, clock=keeping.clock)
        self._renewed_at = keeping.clock()
        self._interview = ""
        self._next: tuple[ClaimedCase, CaseEvents | None] = here, None
        """What is being written: the case afterwards, and what closes it."""
        self.claimed_case = here
        """The case as far as it is written."""
        self.closing_events: CaseEvents | None = None
        """What was written with the interview's end; None while nothing was."""
        self.pending_input: PendingInput = "outcome"
        """What is owed, where the interview was left and nothing was written."""
        self.lost_to = ""
        """Who has the case now, in words, where this station lost it."""
        self.notice = ""
        """What could not be done after the interview's end, or should be known of it."""

    def fence(self) -> LeaseToken:
        return LeaseToken(self.claimed_case.case.key, self.claimed_case.token)

    def reserve_in_quota(self, id: str, interview: Interview, quota: str) -> str:
        return self._reservations(id, interview, quota)

    def reserve_cells(
        self, id: str, interview: Interview, held: frozenset[str]
    ) -> tuple[frozenset[str], str]:
        return self._reservations.reserve_cells(id, interview, held)

    def renew_lease(self) -> None:
        at = self._claims.clock()
        if at - self._renewed_at > self._study.plan.lease / RENEWALS_PER_LEASE:
            try:
                self._claims.renew_lease(
                    self.claimed_case
                )  # where the lease is lost, the next answer says so
            except StoreError:
                return
            self._renewed_at = at

    def build_start_update(self, id: str) -> CaseUpdate:
        after = self._claims.append_events(self.claimed_case, [InterviewOpened(id)])
        self._interview, self._next = id, (after, None)
        return self._claims.build_update(self.claimed_case, after)

    def build_closing_update(
        self, interview: Interview, outcome: Outcome | None, *, by_route: bool
    ) -> CaseUpdate | None:
        deed = self._decide(self.claimed_case, interview, outcome, by_route)
        if not isinstance(deed, CaseEvents):
            self.pending_input = deed
            self._next = self.claimed_case, None
            return None
        after = self._claims.append_events(self.claimed_case, deed.events, deed.contact)
        self._next = after, deed
        return self._claims.build_update(
            self.claimed_case, after, release=deed.release, owed=deed.tasks, interview=interview
        )

    def list_tasks(self, outcome: Outcome | None) -> tuple[str, ...]:
        return ()  # it is in the case's update

    def handle_commit(self, id: str, outcome: Outcome | None) -> str:
        self.claimed_case, self.closing_events = self._next
        if self.closing_events is None:
            return ""
        said = [self.closing_events.notice] if self.closing_events.notice else []
        if self.closing_events.tasks:
            try:
                said += follow_up(self._study, self.claimed_case.case.key, self._claims.clock())
            except StoreError as problem:
                said.append(f"something is left to do: {problem.what} — {problem.remedy}")
        self.notice = "; ".join(said)
        return self.notice

    def recover(self) -> bool:
        """Raises StoreError."""
        found = self._claims.recover(self.claimed_case)
        if not isinstance(found, ClaimedCase):
            self.lost_to = LeaseLost(self.claimed_case.case.key, found).message
            return False
        claimed_again = found.token != self.claimed_case.token
        self.claimed_case = found
        if claimed_again and self._interview:
            after = self._claims.append_events(found, [InterviewOpened(self._interview)])
            if self._claims.save(found, after) is None:
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
                return  # its lease runs out, and it comes back as one whose interview was going on
