"""The queue of cases as one station sees it.

Claiming a case makes due cases ready, takes the head of the queue and checks the rules once more
before the case is shown. The rules belong to `fieldwork`, the queue to the store.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseEvent, CaseReturned, DoNotCallSet, HistoryEntry
from survey_cli.fieldwork.queue.call_order import CallOrder
from survey_cli.fieldwork.queue.call_queue import (
    MAX_DUE_APPOINTMENTS,
    Outlook,
    find_outlook,
    select_appointments,
)
from survey_cli.fieldwork.queue.calling_rules import ClaimContext, find_prohibition, is_allowed
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate, Lease
from survey_cli.study.consistency.interview_outcomes import select_places
from survey_cli.study.consistency.stored_queue import StoredQueue
from survey_cli.study.consistency.upkeep import refresh_queue
from survey_cli.study.open_study import OpenStudy
from survey_cli.wording import Words

MAX_TURNED_DOWN: Final = 50
"""Cases at the head of the queue that the rules may turn down before the search ends."""


@dataclass(frozen=True, slots=True)
class CaseQueue:
    """The queue as one station sees it."""

    study: OpenStudy
    station: str
    """Its name."""

    def claim_next(
        self, at: datetime, token: str, *, skipped: Collection[str] = ()
    ) -> tuple[CaseRow, Case] | None:
        """Claim the next case for this interviewer; None if there isn't one.

        The cases in `skipped` are left to others. Raises StoreError.
        """
        plan = self.study.plan
        refresh_queue(self.study.store, plan, at)
        order = self._build_call_order(at)
        lease = Lease(token, self.study.who.login, self.station, at + plan.lease)
        queue = StoredQueue(self.study.store, lease)
        turned_down: set[str] = set()
        passed = set(skipped)
        while True:
            row = queue.claim_first(order, skipped=passed)
            if row is None:
                return None

            case = Case.from_history(row.key, queue.store.cases.queries.read_history(row.key))
            context = self._build_claim(case, at, order.full_cells, by_key=False)
            if row.position.status == "ready" and is_allowed(case, plan, context):
                return row, case

            self._return_case(row, case, at, token)
            # a case that comes back at once would come again and again
            if row.key in turned_down or len(turned_down) == MAX_TURNED_DOWN:
                return None
            turned_down.add(row.key)
            if skipped:
                # such a search goes by the keys of cases, and would find this one first again
                passed.add(row.key)

    def list_due_appointments(self, at: datetime, before: datetime) -> list[CaseRow]:
        """List the first cases with an appointment before that time that may be called from here.

        Raises StoreError.
        """
        queue = StoredQueue(self.study.store)
        rows = queue.list_appointments(before, limit=MAX_DUE_APPOINTMENTS)
        # a station asks every minute, and the order needs further queries
        if not rows:
            return []
        return select_appointments(self._build_call_order(at), rows)

    def _build_call_order(self, at: datetime) -> CallOrder:
        return CallOrder.for_interviewer(
            self.study.plan,
            people=self.study.people,
            who=self.study.who,
            at=at,
            fill=self.study.store.cases.quotas.read_fill(),
        )

    def find_outlook(self, at: datetime) -> Outlook:
        """Find why no case can be called now, and when one can. Raises StoreError."""
        return find_outlook(StoredQueue(self.study.store), self._build_call_order(at))

    def _build_claim(
        self, case: Case, at: datetime, full_cells: Collection[str], *, by_key: bool
    ) -> ClaimContext:
        return ClaimContext(
            at=at,
            who=self.study.who,
            people=self.study.people,
            full_cells=full_cells,
            on_do_not_call_list=self.is_case_on_dnc_list(case.key),
            by_key=by_key,
        )

    def find_prohibition(self, case: Case, at: datetime) -> Words | None:
        """Return why the case may not be called now even by its key; None if it may.

        Raises StoreError.
        """
        full_cells = self.study.plan.quotas.list_full_cells(
            self.study.store.cases.quotas.read_fill()
        )
        context = self._build_claim(case, at, full_cells, by_key=True)
        prohibition = find_prohibition(case, self.study.plan, context)
        if prohibition is None:
            return None
        return prohibition.explanation

    def is_case_on_dnc_list(self, key: str) -> bool:
        """Return whether a number of the case is on the do-not-call list."""
        contact = self.study.store.cases.queries.find_contact(key)
        if contact is None:
            return False
        dialable = [number.e164 for number in contact.numbers if number.e164]
        return self.study.is_on_do_not_call_list(dialable)

    def _return_case(self, row: CaseRow, case: Case, at: datetime, token: str) -> None:
        """Return a case that the rules turned down to its position in the queue."""
        events: list[CaseEvent] = []
        if self.is_case_on_dnc_list(row.key):
            events.append(DoNotCallSet("on the list"))
        events.append(CaseReturned("given back"))
        entries = [HistoryEntry(at, self.study.who.login, self.station, event) for event in events]
        after = case
        for entry in entries:
            after = after.apply(entry)

        position = schedule_case(after, self.study.plan, at)
        places = select_places(after, self.study.plan, position)
        update = CaseUpdate(row.key, row.seq, entries, position, token, release=True, places=places)
        self.study.store.cases.update(update)
