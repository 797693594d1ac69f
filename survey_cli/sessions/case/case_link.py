"""Link between an interview and its sampled case: what the case receives when the interview begins and when it closes.

It is written in the transaction of the interview's own event. Nothing is accepted once another station has the case.
"""

from collections.abc import Callable

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.events import Interviewing, Returned
from survey_cli.outcomes import Outcome
from survey_cli.sessions.case.case_claim import RENEWALS, CaseKeeping
from survey_cli.sessions.case.claimed_case import HeldCase, Pending
from survey_cli.sessions.case.outcome_events import Deed
from survey_cli.sessions.case.quota_reservations import Places
from survey_cli.store import StoreError
from survey_cli.store.cases.case_records import CaseUpdate, Fence, LeaseLost
from survey_cli.study.consistency.follow_up import follow_up
from survey_cli.study.open_study import Study

Decide = Callable[[HeldCase, Interview, Outcome | None, bool], Deed | Pending]
"""What the case receives when its interview closes with an outcome (True: by its route), or what is owed before that."""


class CaseLink:
    """One claimed case, as its interview sees it."""

    calling = True

    def __init__(self, study: Study, keeping: CaseKeeping, here: HeldCase, decide: Decide) -> None:
        self._study = study
        self._keeping = keeping
        self._decide = decide
        self._places = Places(store=study.store, plan=study.plan, clock=keeping.clock)
        self._renewed = keeping.clock()
        self._interview = ""
        self._next: tuple[HeldCase, Deed | None] = here, None
        """What is being written: the case afterwards, and what closes it."""
        self.here = here
        """The case as far as it is written."""
        self.deed: Deed | None = None
        """What was written with the interview's end; None while nothing was."""
        self.pending: Pending = "outcome"
        """What is owed, where the interview was left and nothing was written."""
        self.lost = ""
        """Who has the case now, in words, where this station lost it."""
        self.said = ""
        """What could not be done after the interview's end, or should be known of it."""

    def fence(self) -> Fence:
        return Fence(self.here.case.key, self.here.token)

    def place(self, id: str, interview: Interview, quota: str) -> str:
        return self._places(id, interview, quota)

    def hold(self, id: str, interview: Interview, held: frozenset[str]) -> tuple[frozenset[str], str]:
        return self._places.hold(id, interview, held)

    def alive(self) -> None:
        at = self._keeping.clock()
        if at - self._renewed > self._study.plan.lease / RENEWALS:
            try:
                self._keeping.renew(self.here)  # where the lease is lost, the next answer says so
            except StoreError:
                return
            self._renewed = at

    def begin(self, id: str) -> CaseUpdate:
        after = self._keeping.further(self.here, [Interviewing(id)])
        self._interview, self._next = id, (after, None)
        return self._keeping.update(self.here, after)

    def close(self, interview: Interview, outcome: Outcome | None, *, by_route: bool) -> CaseUpdate | None:
        deed = self._decide(self.here, interview, outcome, by_route)
        if not isinstance(deed, Deed):
            self.pending = deed
            self._next = self.here, None
            return None
        after = self._keeping.further(self.here, deed.events, deed.contact)
        self._next = after, deed
        return self._keeping.update(
            self.here, after, release=deed.release, owed=deed.owed, interview=interview
        )

    def owed(self, outcome: Outcome | None) -> tuple[str, ...]:
        return ()  # it is in the case's update

    def written(self, id: str, outcome: Outcome | None) -> str:
        self.here, self.deed = self._next
        if self.deed is None:
            return ""
        said = [self.deed.said] if self.deed.said else []
        if self.deed.owed:
            try:
                said += follow_up(self._study, self.here.case.key, self._keeping.clock())
            except StoreError as problem:
                said.append(f"something is left to do: {problem.what} — {problem.remedy}")
        self.said = "; ".join(said)
        return self.said

    def recovered(self) -> bool:
        """Raises StoreError."""
        found = self._keeping.recover(self.here)
        if not isinstance(found, HeldCase):
            self.lost = LeaseLost(self.here.case.key, found).words
            return False
        claimed_again = found.token != self.here.token
        self.here = found
        if claimed_again and self._interview:
            after = self._keeping.further(found, [Interviewing(self._interview)])
            if self._keeping.keep(found, after) is None:
                self.here = after
        return True

    def left(self) -> None:
        if self.deed is None and not self.lost:
            try:
                self._keeping.keep(
                    self.here, self._keeping.further(self.here, [Returned("given back")]), release=True
                )
            except StoreError:
                return  # its lease runs out, and it comes back as one whose interview was going on
