"""The queue of cases as one station sees it.

Claiming a case makes due cases ready, takes the head of the queue and checks the rules once more before the case is
shown. The rules belong to `fieldwork`, the queue to the store.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Final, NamedTuple

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseEvent, CaseReturned, DoNotCallSet, HistoryEntry
from survey_cli.fieldwork.queue.call_order import CallOrder, CaseAvailability
from survey_cli.fieldwork.queue.calling_rules import ClaimContext, find_prohibition, is_allowed
from survey_cli.fieldwork.queue.scheduling import parse_criteria, schedule_case
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate, Lease
from survey_cli.study.consistency.interview_outcomes import select_places
from survey_cli.study.consistency.upkeep import list_next_rows, list_open_heads, refresh_queue
from survey_cli.study.open_study import OpenStudy
from survey_cli.wording import Words

MAX_TURNED_DOWN: Final = 50
"""Cases at the head of the queue that the rules may turn down before the search ends."""


DUE_APPOINTMENTS: Final = 3
MAX_DUE_APPOINTMENTS: Final = 50
"""Appointments that are checked for one that this interviewer may keep."""
WAITING_CASES_CHECKED: Final = 20
"""Waiting cases that are checked to find when the next one can be called."""


STATE_WORDS: Final = {
    CaseAvailability.DELAY: "waiting for their time",
    CaseAvailability.APPOINTMENT: "waiting for an appointment",
    CaseAvailability.PART: "waiting for another part of the day",
    CaseAvailability.HOURS: "outside calling hours",
    CaseAvailability.BY_SOME: "for others (language, skill or appointment)",
    CaseAvailability.QUOTA: "parked because a quota cell is full",
    CaseAvailability.BY_ALL: "due now: look again",
    "held": "with the supervisor",
    "leased": "at other stations",
}
"""What a station says of the cases in each state, in the order in which they are listed."""


class Outlook(NamedTuple):
    """Why a station has no case, and when it may have one."""

    states: Mapping[str, int]
    """Number of cases by `CaseAvailability`, or by status if they are not in the queue."""
    next_at: datetime | None
    """When a case can be called next, if that is known."""

    @property
    def words(self) -> Words:
        """Why there is no case."""
        if not sum(self.states.values()):
            return Words("there are no cases yet: ask a supervisor to import the sample")
        parts = []
        for state, words in STATE_WORDS.items():
            cases = self.states.get(state, 0)
            if cases:
                parts.append(f"{cases} {words}")
        return Words(", ".join(parts) or "every case is done")


@dataclass(frozen=True, slots=True)
class CaseQueue:
    """The queue as one station sees it."""

    study: OpenStudy
    station: str
    """Its name."""

    def claim_next(
        self, at: datetime, token: str, *, skipped: Collection[str] = ()
    ) -> tuple[CaseRow, Case] | None:
        """Claim the next case for this interviewer; None where there is none.

        Cases in `skipped` are left for others. Raises StoreError.
        """
        cases = self.study.store.cases
        refresh_queue(self.study.store, self.study.plan, at)
        turns = self._build_call_order(at)
        lease = Lease(token, self.study.who.login, self.station, at + self.study.plan.lease)
        turned_down: set[str] = set()
        for row in self._iterate_claims(turns, lease, at, skipped):
            case = Case.from_history(row.key, cases.queries.read_history(row.key))
            context = self._build_claim(case, at, turns.full_cells, by_key=False)
            if row.position.status == "ready" and is_allowed(case, self.study.plan, context):
                return row, case
            self._return_case(row, case, at, token)
            if row.key in turned_down or len(turned_down) == MAX_TURNED_DOWN:
                return None
            turned_down.add(row.key)
        return None

    def _iterate_claims(
        self, turns: CallOrder, lease: Lease, at: datetime, skipped: Collection[str]
    ) -> Iterator[CaseRow]:
        """Claim cases one after another, in the order in which they are called."""
        cases = self.study.store.cases
        if skipped:
            for next_row in list_next_rows(
                self.study.store, turns, limit=len(skipped) + MAX_TURNED_DOWN
            ):
                row = (
                    cases.claim_case(next_row.key, lease, at)
                    if next_row.key not in skipped
                    else None
                )
                if isinstance(row, CaseRow):
                    yield row
            return
        for _, head in list_open_heads(self.study.store, turns):
            before = turns.find_appointment_cutoff(parse_criteria(head.bucket))
            while (
                row := cases.claim(head.bucket, lease, at, appointment_before=before)
            ) is not None:
                yield row

    def list_due_appointments(self, at: datetime, before: datetime) -> list[CaseRow]:
        """List the first cases with an appointment before that time that this interviewer may call now.

        Raises StoreError.
        """
        rows = self.study.store.cases.queries.list_due_appointments(
            before, limit=MAX_DUE_APPOINTMENTS
        )
        if not rows:
            return []
        turns = self._build_call_order(at)
        mine = []
        for row in rows:
            criteria = parse_criteria(row.position.bucket)
            if turns.is_appointment_open(criteria, row.position.promised_at):
                mine.append(row)
        return mine[:DUE_APPOINTMENTS]

    def _build_call_order(self, at: datetime) -> CallOrder:
        people, who, fill = (
            self.study.people,
            self.study.who,
            self.study.store.cases.quotas.read_fill(),
        )
        return CallOrder.for_interviewer(self.study.plan, people=people, who=who, at=at, fill=fill)

    def find_outlook(self, at: datetime) -> Outlook:
        """Find why no case can be called now, and when one can. Raises StoreError."""
        order = self._build_call_order(at)
        states: Counter[str] = Counter()
        openings: list[datetime] = []
        for group in self.study.store.cases.counts.count_groups(at):
            state: str = group.status
            if group.bucket:
                state = order.classify_group(group, [self.study.who])
            states[state] += group.cases
            if group.bucket and group.status == "ready":
                openings += _list_opening_times(order, group.bucket, at)

        for row in self.study.store.cases.queries.list_waiting_rows(limit=WAITING_CASES_CHECKED):
            if row.position.due_at is not None:
                since = max(at, row.position.due_at)
                openings += _list_opening_times(order, row.position.bucket, since)
        return Outlook(states, min(openings, default=None))

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
        """Return why the case may not be called now even by its key; None if it may. Raises StoreError."""
        full_cells = self.study.plan.quotas.list_full_cells(
            self.study.store.cases.quotas.read_fill()
        )
        context = self._build_claim(case, at, full_cells, by_key=True)
        prohibition = find_prohibition(case, self.study.plan, context)
        if prohibition is None:
            return None
        return prohibition.explanation

    def is_case_on_dnc_list(self, key: str) -> bool:
        """Whether a number of the case is on the do-not-call list."""
        contact = self.study.store.cases.queries.find_contact(key)
        return contact is not None and self.study.is_on_do_not_call_list(
            [n.e164 for n in contact.numbers if n.e164]
        )

    def _return_case(self, row: CaseRow, case: Case, at: datetime, token: str) -> None:
        """Return a case that the rules turned down to its position in the queue."""
        events: list[CaseEvent] = (
            [DoNotCallSet("on the list")] if self.is_case_on_dnc_list(row.key) else []
        )
        events.append(CaseReturned("given back"))
        entries = [HistoryEntry(at, self.study.who.login, self.station, event) for event in events]
        after = reduce(Case.apply, entries, case)
        position = schedule_case(after, self.study.plan, at)
        places = select_places(after, self.study.plan, position)
        update = CaseUpdate(row.key, row.seq, entries, position, token, release=True, places=places)
        self.study.store.cases.update(update)


def _list_opening_times(order: CallOrder, bucket: str, since: datetime) -> list[datetime]:
    """List when this interviewer may call cases of a bucket, from `since` on; empty if never."""
    criteria = parse_criteria(bucket)
    if not order.suits(criteria):
        return []
    opens = order.find_opening(criteria, since)
    return [] if opens is None else [opens]
