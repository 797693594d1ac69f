"""The queue of a stored study and the queue in memory give the same case to the same station at the same time."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from support.scale import SCALE
from support.scenario import instrument
from support.stored_cases import a_case, bring
from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan
from survey_cli.fieldwork.queue.call_order import CallOrder
from survey_cli.fieldwork.queue.call_queue import (
    CallQueue,
    Outlook,
    find_outlook,
    select_appointments,
)
from survey_cli.fieldwork.queue.memory_queue import MemoryQueue
from survey_cli.fieldwork.queue.reasons import DUE, QueueReason, ReasonKind
from survey_cli.fieldwork.queue.scheduling import (
    ClaimCriteria,
    QueuePosition,
    QueueStatus,
    format_criteria,
)
from survey_cli.store import Store
from survey_cli.store.cases.case_records import Lease
from survey_cli.study.consistency.stored_queue import StoredQueue

STUDY = """
sample: {unit: {role: key}, phone: {role: phone}, kind: {type: single, options: {1: A, 2: B}}}
items:
  - {id: n, type: number, text: How many?, min: 0, max: 9}
fieldwork:
  frame: list
  country: US
  zone: America/Chicago
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
  dayparts: {day: "09:00-17:00", evening: "17:00-20:30"}
quotas:
  - {id: kinds, by: [kind], targets: {1: 10, 2: 10}}
"""
MONDAY = datetime(2026, 11, 16, 14, tzinfo=UTC)
CELLS = ("kinds:1", "kinds:2")
STAFF = (
    Interviewer(login="ann", languages=frozenset({"en", "es"})),
    Interviewer(login="bob", languages=frozenset({"en"}), skills=frozenset({"converter"})),
    Interviewer(login="cat", languages=frozenset({"en"})),
)
PEOPLE = People(interviewers={person.login: person for person in STAFF})
CASES = 24
STEPS = 70


def draw_criteria(rng: Random, *, has_appointment: bool) -> ClaimCriteria:
    """Conditions that some of the staff fulfill at some time of the day."""
    owner = rng.choice(("", "ann", "bob", "cat")) if has_appointment else ""
    return ClaimCriteria(
        zones=(rng.choice(("America/Chicago", "America/Los_Angeles")),),
        dayparts=rng.choice(((), (), ("evening",))),
        language=rng.choice(("", "", "", "es")),
        skill=rng.choice(("", "", "", "converter")),
        owner=owner,
        policy=rng.choice(("anyone", "me", "me_first", "me_first")) if owner else "anyone",
        cells=rng.choice(((), CELLS[:1], CELLS[1:])),
        prefers=rng.choice(((), (), ("day",), ("evening",))),
    )


def draw_position(rng: Random, at: datetime) -> QueuePosition:
    """Any position that a case may have at this time."""
    statuses: tuple[QueueStatus, ...] = ("ready", "ready", "waiting", "waiting", "held", "done")
    status = rng.choice(statuses)
    if status in ("held", "done"):
        reason = QueueReason(ReasonKind.OUTCOME, "complete")
        return QueuePosition(status, None, "", "", "1.1", "complete", 1, reason)

    since = at - timedelta(minutes=rng.randrange(30))
    due_at = since if status == "ready" else at + timedelta(minutes=rng.randrange(1, 180))
    reason = DUE
    if status == "waiting":
        tried_least = QueueReason(ReasonKind.TRIED_LEAST, "evening")
        reason = rng.choice((tried_least, QueueReason(ReasonKind.DELAY, "busy", "30m")))
    has_appointment = rng.random() < 0.4
    rank = f"{rng.choice('24')}{rng.randrange(3)}{rng.getrandbits(48):012x}"
    promised_until = due_at + timedelta(minutes=rng.randrange(60))
    if has_appointment:
        rank = f"1{promised_until:%Y%m%d%H%M%S}{rng.getrandbits(48):012x}"
    return QueuePosition(
        status=status,
        due_at=due_at,
        bucket=format_criteria(draw_criteria(rng, has_appointment=has_appointment)),
        rank=rank,
        code="2.20",
        outcome="",
        attempts=0,
        reason=reason,
        promised_at=due_at if has_appointment else None,
        promised_until=promised_until if has_appointment else None,
    )


@dataclass
class BothQueues:
    """A stored queue and one in memory that receive the same calls."""

    store: Store
    memory: MemoryQueue
    plan: Plan
    at: datetime
    claims: dict[str, StoredQueue] = field(default_factory=dict)
    """By key of a claimed case, the queue with its lease."""
    seen: Counter[str] = field(default_factory=Counter)

    def make_order(self, who: Interviewer, fill: Mapping[str, CellFill]) -> CallOrder:
        return CallOrder.for_interviewer(self.plan, people=PEOPLE, who=who, at=self.at, fill=fill)

    def put(self, key: str, position: QueuePosition) -> None:
        row = self.store.cases.queries.find_row(key)
        assert row is not None
        stored = self.claims.pop(key, None) or StoredQueue(self.store)
        for queue in (stored, self.memory):
            queue.put(key, row.seq, position)

    def let_time_pass(self, rng: Random) -> None:
        self.at += timedelta(minutes=rng.randrange(1, 40))
        for queue in (StoredQueue(self.store), self.memory):
            queue.make_due(self.at)

    def claim(self, order: CallOrder, token: str, skipped: set[str]) -> str:
        until = self.at + timedelta(days=9)
        stored = StoredQueue(self.store, Lease(token, order.who.login, token, until))
        row = stored.claim_first(order, skipped=skipped)
        entry = self.memory.claim_first(order, skipped=skipped)
        keys = ["" if claimed is None else claimed.key for claimed in (row, entry)]
        assert keys[0] == keys[1], f"{order.who.login} at {self.at}, not {skipped}"
        if row is None:
            self.seen["none"] += 1
            return ""
        self.claims[row.key] = stored
        self.seen[row.position.rank[0]] += 1
        return row.key

    def compare_outlooks(self, order: CallOrder) -> None:
        stored = describe(StoredQueue(self.store), order)
        assert stored == describe(self.memory, order)


def describe(queue: CallQueue, order: CallOrder) -> tuple[object, ...]:
    """What a station is told about a queue."""
    outlook: Outlook = find_outlook(queue, order)
    states = {str(state): cases for state, cases in outlook.states.items() if cases}
    listed = queue.list_appointments(order.at, limit=9)
    mine = select_appointments(order, listed)
    waiting = queue.list_waiting(limit=9)
    keys = [[case.key for case in cases] for cases in (listed, mine, waiting)]
    return states, outlook.next_at, str(outlook.words), keys


def run_history(seed: int, folder: Path) -> Counter[str]:
    """Run one random history over both queues; returns what happened in it."""
    rng = Random(seed)
    plan = Plan.from_instrument(instrument(STUDY))
    store = Store.open(folder / f"{seed}.db", create=True)
    with store:
        memory = MemoryQueue()
        positions = {f"c{number:02}": draw_position(rng, MONDAY) for number in range(CASES)}
        bring(
            store,
            [a_case(key)._replace(queue_position=position) for key, position in positions.items()],
        )
        for key, position in positions.items():
            memory.put(key, 1, position)
        both = BothQueues(store, memory, plan, MONDAY)

        for step in range(STEPS):
            who = rng.choice(STAFF)
            fill = {cell: CellFill(completes=rng.randrange(12)) for cell in CELLS}
            order = both.make_order(who, fill)
            match rng.randrange(5):
                case 0:
                    both.let_time_pass(rng)
                case 1:
                    both.put(rng.choice(sorted(positions)), draw_position(rng, both.at))
                case 2:
                    both.compare_outlooks(order)
                case _:
                    skipped = set(rng.sample(sorted(positions), 6)) if rng.random() < 0.3 else set()
                    both.claim(order, f"t{step}", skipped)
        return both.seen


def run_histories(number: int, folder: Path) -> Counter[str]:
    seen: Counter[str] = Counter()
    for seed in range(number):
        seen += run_history(seed, folder)
    return seen


@pytest.mark.parametrize("seed", range(25 * SCALE))
def test_both_queues_give_the_same_case_to_the_same_station(seed: int, tmp_path: Path) -> None:
    run_history(seed, tmp_path)


def test_the_histories_contain_all_that_can_happen(tmp_path: Path) -> None:
    seen = run_histories(6, tmp_path)
    assert all(seen[kind] >= 5 for kind in ("1", "2", "4", "none")), seen


def test_a_queue_that_forgets_the_owners_of_appointments_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = MemoryQueue._find_first
    monkeypatch.setattr(
        MemoryQueue,
        "_find_first",
        lambda self, heap, _, skipped: original(self, heap, None, skipped),
    )
    with pytest.raises(AssertionError):
        run_histories(25, tmp_path)
