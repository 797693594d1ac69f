"""Claims of a case by one interviewer at one station, and what is written to the case under a claim."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseEvent, CaseReturned
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.rules import schedule_case
from survey_cli.sessions.case.claimed_case import ClaimedCase
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.store import Store
from survey_cli.store.cases.case_records import (
    CaseConflict,
    CaseRow,
    CaseUpdate,
    Contact,
    Lease,
    LeaseHolder,
    LeaseLost,
)
from survey_cli.study.consistency.interview_outcomes import select_quota_cells

RENEWALS_PER_LEASE: Final = 10
"""How often a lease is prolonged in its own length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClaims:
    """The cases of one study as one interviewer has them at one station. Every method that reads or writes raises
    StoreError."""

    store: Store
    plan: Plan
    by: str
    station: str
    clock: Clock

    def claim(self, key: str, token: str) -> ClaimedCase | LeaseHolder | None:
        """Take the case of this key; Held where another has it, None where there is none."""
        at = self.clock()
        lease = Lease(token, self.by, self.station, at + self.plan.lease)
        row = self.store.cases.claim_case(key, lease, at)
        return self.load_claimed(row, token) if isinstance(row, CaseRow) else row

    def load_claimed(self, row: CaseRow, token: str) -> ClaimedCase:
        """A case that was claimed, with all that is kept of it."""
        history = tuple(self.store.cases.read_history(row.key))
        case = Case.from_history(row.key, history)
        number, sitting = case.next_number, case.open_attempt
        first = number.position if number is not None else 0
        return ClaimedCase(
            row=row,
            case=case,
            history=history,
            contact=self.store.cases.find_contact(row.key),
            token=token,
            current_number=(sitting.dialed if sitting is not None else 0) or first,
            shown_at=self.clock(),
        )

    def append_events(
        self, here: ClaimedCase, events: Sequence[CaseEvent], contact: Contact | None = None
    ) -> ClaimedCase:
        """The case as it will stand once these events are kept."""
        return here.append_events(events, at=self.clock(), by=self.by, station=self.station, contact=contact)

    def build_update(
        self,
        here: ClaimedCase,
        after: ClaimedCase,
        *,
        release: bool = False,
        owed: Sequence[str] = (),
        interview: Interview | None = None,
    ) -> CaseUpdate:
        """What leads from `here` to `after`, which prolongs the lease or ends it; with the places in the quotas of its
        `interview`, where one closed."""
        at = after.history[-1].at
        stands = schedule_case(after.case, self.plan, at)
        cells = select_quota_cells(after.case, self.plan, stands, interview) if release else None
        return CaseUpdate(
            here.case.key,
            here.case.seq,
            after.history[len(here.history) :],
            stands,
            here.token,
            release=release,
            renew_until=at + self.plan.lease,
            contact=after.contact if after.contact is not here.contact else None,
            interview=after.case.interview if cells is not None else "",
            cells=cells or (),
            follow_up_tasks=owed,
        )

    def save(
        self, here: ClaimedCase, after: ClaimedCase, *, release: bool = False, owed: Sequence[str] = ()
    ) -> CaseConflict | LeaseLost | None:
        """Write it; what is in the way where another has the case by now, and then nothing is written."""
        return self.store.cases.update(self.build_update(here, after, release=release, owed=owed))

    def recover(self, here: ClaimedCase) -> ClaimedCase | LeaseHolder | None:
        """The case as it is now, where it is this station's all the same: a supervisor has written to it, or its lease
        ran out and nobody has taken it since. Else who has it; None: nobody."""
        key, found = here.case.key, here
        if self.renew_lease(here):
            found = self.load_claimed(here.row, here.token)
        else:
            since = [entry.event for entry in self.store.cases.read_history(key)[here.case.seq :]]
            taken = self.claim(key, uuid4().hex) if since == [CaseReturned("lapsed")] else None
            if not isinstance(taken, ClaimedCase):
                row = self.store.cases.find_row(key)
                return row.holder if row is not None else None
            if taken.case.seq != here.case.seq + 2:  # another has just had it
                self.save(taken, self.append_events(taken, [CaseReturned("given back")]), release=True)
                return None
            found = taken
        return replace(
            here,
            row=found.row,
            case=found.case,
            history=found.history,
            contact=found.contact,
            token=found.token,
        )

    def renew_lease(self, here: ClaimedCase) -> bool:
        """Prolong the lease; False where another has the case by now."""
        return self.store.cases.renew_lease(here.case.key, here.token, self.clock() + self.plan.lease)
