"""Claims of a case by one interviewer at one station, and what is written to the case under a claim."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseEvent, CaseReturned
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.sessions.case.claimed_case import ClaimedCase
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.store.cases import case_records
from survey_cli.study.consistency.interview_outcomes import select_quota_cells
from survey_cli.study.consistency.upkeep import end_expired_leases
from survey_cli.study.open_study import OpenStudy

RENEWALS_PER_LEASE: Final = 10
"""How often a lease is renewed within its own length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClaims:
    """Claims the cases of one study for one interviewer at one station.

    Every method that reads or writes raises StoreError.
    """

    study: OpenStudy
    station: str
    clock: Clock

    def claim(self, key: str, token: str) -> ClaimedCase | case_records.LeaseHolder | None:
        """Claim the case of this key; returns its holder where another station has it, None where there is none."""
        at = self.clock()
        end_expired_leases(self.study.store, self.study.plan, at)
        lease = case_records.Lease(token, self.study.who.login, self.station, at + self.study.plan.lease)
        row = self.study.store.cases.claim_case(key, lease, at)
        return self.load_claimed(row, token) if isinstance(row, case_records.CaseRow) else row

    def load_claimed(self, row: case_records.CaseRow, token: str) -> ClaimedCase:
        """Load a case that was claimed, with everything stored about it."""
        history = tuple(self.study.store.cases.queries.read_history(row.key))
        case = Case.from_history(row.key, history)
        number, attempt = case.next_number, case.open_attempt
        first = number.position if number is not None else 0
        return ClaimedCase(
            row=row,
            case=case,
            history=history,
            contact=self.study.store.cases.queries.find_contact(row.key),
            token=token,
            current_number=(attempt.dialed if attempt is not None else 0) or first,
            shown_at=self.clock(),
        )

    def append_events(
        self, claimed: ClaimedCase, events: Sequence[CaseEvent], contact: case_records.Contact | None = None
    ) -> ClaimedCase:
        """Return the case as it will be once these events are stored."""
        return claimed.append_events(
            events, at=self.clock(), by=self.study.who.login, station=self.station, contact=contact
        )

    def build_update(
        self,
        before: ClaimedCase,
        after: ClaimedCase,
        *,
        release: bool = False,
        owed: Sequence[str] = (),
        interview: Interview | None = None,
    ) -> case_records.CaseUpdate:
        """Build the update that leads from `before` to `after`.

        It renews the lease or releases it. Where an `interview` closed, it contains that interview's quota cells.
        """
        at = after.history[-1].at
        position = schedule_case(after.case, self.study.plan, at)
        cells = select_quota_cells(after.case, self.study.plan, position, interview) if release else None
        return case_records.CaseUpdate(
            before.case.key,
            before.case.seq,
            after.history[len(before.history) :],
            position,
            before.token,
            release=release,
            renew_until=at + self.study.plan.lease,
            contact=after.contact if after.contact is not before.contact else None,
            interview=after.case.interview if cells is not None else "",
            cells=cells or (),
            follow_up_tasks=owed,
        )

    def save(
        self, before: ClaimedCase, after: ClaimedCase, *, release: bool = False, owed: Sequence[str] = ()
    ) -> case_records.CaseConflict | case_records.LeaseLost | None:
        """Write the update. Where another station has the case, nothing is written and the conflict is returned."""
        return self.study.store.cases.update(self.build_update(before, after, release=release, owed=owed))

    def recover(self, claimed: ClaimedCase) -> ClaimedCase | case_records.LeaseHolder | None:
        """Return the case as it is now where it still belongs to this station, else who has it; None: nobody.

        The case still belongs to this station where a supervisor has written to it, or where its lease expired and
        nobody has claimed it since.
        """
        key = claimed.case.key
        if self.renew_lease(claimed):
            current = self.load_claimed(claimed.row, claimed.token)
        else:
            since = [entry.event for entry in self.study.store.cases.queries.read_history(key)[claimed.case.seq :]]
            again = self.claim(key, uuid4().hex) if since == [CaseReturned("lapsed")] else None
            if not isinstance(again, ClaimedCase):
                row = self.study.store.cases.queries.find_row(key)
                return row.holder if row is not None else None
            if again.case.seq != claimed.case.seq + 2:  # another station has just had it
                self.save(again, self.append_events(again, [CaseReturned("given back")]), release=True)
                return None
            current = again
        return replace(
            claimed,
            row=current.row,
            case=current.case,
            history=current.history,
            contact=current.contact,
            token=current.token,
        )

    def renew_lease(self, claimed: ClaimedCase) -> bool:
        """Renew the lease; False where another station has the case by now."""
        return self.study.store.cases.renew_lease(claimed.case.key, claimed.token, self.clock() + self.study.plan.lease)
