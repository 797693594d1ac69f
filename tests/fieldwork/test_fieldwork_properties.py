"""Properties of any case history: what is written is read back, nobody is called against the rules, the next time is
the next time. And a month of many cases, audited with nothing but a calendar.
"""

import time as stopwatch
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.case_histories import (
    DENVER,
    LOS_ANGELES,
    NEW_YORK,
    History,
    claimant,
    history,
    moment,
    plan,
)
from support.random_histories import FIELDWORKS, histories
from support.scale import SCALE
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.codec import (
    EVENT_TYPES,
    CaseEventDecodeError,
    decode_case_event,
    encode_case_event,
)
from survey_cli.fieldwork.case.disposition_coding import code_case, rank_code
from survey_cli.fieldwork.case.events import (
    EVENT_KINDS,
    AppointmentMade,
    AttemptClosed,
    CaseErased,
    CaseEvent,
    CaseReturned,
    CaseSampled,
    HistoryEntry,
    InterviewOpened,
    NumberAdded,
    NumberDialed,
    NumberFacts,
    NumberMarked,
    OutcomeRecorded,
    OutcomeRevoked,
)
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.calling_rules import check_rules, find_next_time, is_allowed
from survey_cli.fieldwork.queue.scheduling import parse_criteria, schedule_case
from survey_cli.fieldwork.rates.dispositions import GROUPS, find_group
from survey_cli.outcomes import OUTCOMES

MAY_REFUSE_WHAT_IS_READY = {"hours", "day part", "owner", "quota", "lease", "language", "skill"}

# --- what is written down is read back

texts = st.text(max_size=12)
zone_names = st.sampled_from(["", DENVER, NEW_YORK, LOS_ANGELES])
facts = st.builds(
    NumberFacts,
    st.integers(1, 9),
    st.sampled_from(["mobile", "fixed", "unknown"]),
    st.lists(zone_names.filter(bool), max_size=2, unique=True).map(tuple),
)
values = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
    st.dates(),
    st.times(),
    st.lists(st.one_of(st.integers(), texts), max_size=3).map(tuple),
)
ANY_EVENT: st.SearchStrategy[CaseEvent] = st.one_of(
    st.builds(
        CaseSampled,
        columns=st.dictionaries(texts, values, max_size=3),
        numbers=st.lists(facts, max_size=3).map(tuple),
        zone=zone_names,
        language=texts,
        priority=st.integers(),
        weight=texts,
        frame=texts,
        replicate=texts,
    ),
    st.builds(NumberAdded, facts),
    *(st.from_type(kind) for kind in get_args(CaseEvent) if kind not in (CaseSampled, NumberAdded)),
)


@given(ANY_EVENT)
def test_what_is_written_down_is_read_back_equal(event: CaseEvent) -> None:
    kind, payload = encode_case_event(event)
    again = decode_case_event(kind, payload)
    assert again == event
    assert type(again) is type(event)
    assert encode_case_event(again) == (kind, payload)


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    assert len(EVENT_TYPES) == len(get_args(CaseEvent))


@given(
    st.sampled_from([*EVENT_TYPES, "future"]),
    st.one_of(texts, st.sampled_from(["[]", "null", "{}", '{"x":1}', '{"number":3}'])),
)
def test_what_is_no_event_is_unreadable_and_nothing_else(kind: str, payload: str) -> None:
    try:
        event = decode_case_event(kind, payload)
    except CaseEventDecodeError:
        return
    assert EVENT_KINDS[type(event)] == kind


# --- any history

PLANS = [*map(plan, FIELDWORKS)]
USUAL = PLANS[0]
plans = st.sampled_from(PLANS)


@settings(max_examples=3 * settings().max_examples)
@given(histories(), plans)
def test_what_is_ready_is_refused_only_for_the_moment_or_the_person(
    told: History, study: Plan
) -> None:
    found = told.standing(study)
    said = check_rules(told.case, study, told.claimant())
    refused = {v.rule for v in said if not v.allows}
    if found.status == "ready":
        assert refused <= MAY_REFUSE_WHAT_IS_READY
    else:
        assert refused - MAY_REFUSE_WHAT_IS_READY
    assert all(str(v.explanation) for v in said)
    assert (found.due_at is None) == (found.status not in ("ready", "waiting"))
    assert not str(found.reason.words) or found.status != "ready"
    assert bool(found.bucket) == bool(found.rank) == (found.due_at is not None)
    if found.bucket:
        assert str(parse_criteria(found.bucket)) == found.bucket


@settings(max_examples=2 * settings().max_examples)
@given(histories(), plans, st.integers(0, 10_000))
def test_the_next_moment_is_the_next_moment(told: History, study: Plan, seed: int) -> None:
    case, now = told.case, told.now
    owner = case.appointment.details.owner if case.appointment else "pat"
    at = find_next_time(case, study, told.claimant(owner))
    until = at if at is not None else now + timedelta(days=40)
    if at is not None:
        assert at >= now
        assert is_allowed(case, study, claimant(at, owner))
        assert find_next_time(case, study, claimant(at, owner)) == at
    dice = Random(seed)
    for _ in range(12):
        between = now + (until - now) * dice.random()
        if between < until:
            assert not is_allowed(case, study, claimant(between, owner)), between


@settings(max_examples=2 * settings().max_examples)
@given(histories(), plans)
def test_a_no_answer_never_takes_a_code_away(told: History, study: Plan) -> None:
    """Only that a number was always out of service is no longer true once it rang, nor that all of them are dead."""
    before, after = told.code(study), told.later(days=1).call("no_answer").code(study)
    if before != "4.33" and all(n.state != "dead" for n in told.case.numbers):
        assert rank_code(after) <= rank_code(before)
    if find_group(before, frame=study.frame) in ("I", "P", "R", "O"):
        assert after == before


FRAMES = [
    plan(f"frame: {frame}{screener}, refusals: {{max: {most}}}")
    for frame in ("list", "establishment", "rdd")
    for screener in ("", ", eligible_from: n")
    for most in (1, 2)
]
FOR_GOOD = {"refusal_hard", "refusal_household_hard", "never_call", "withdrawn"}
SOFT = {"refusal_soft", "refusal_household_soft", "hangup_intro", "break_off"}


def _refused_for_good(told: History, study: Plan) -> bool:
    """A hard refusal, or as many soft ones as the study allows; an interview that counts is none."""
    said = [call.outcome for call in told.case.calls if call.code not in ("1.1", "1.2")]
    return any(o in FOR_GOOD for o in said) or sum(o in SOFT for o in said) >= study.refusals


@settings(max_examples=6 * settings().max_examples)
@given(histories(), st.sampled_from(FRAMES), st.sampled_from(sorted(FOR_GOOD | SOFT)))
def test_a_final_refusal_is_never_a_non_contact(told: History, study: Plan, outcome: str) -> None:
    """In every frame, screened or not, whatever came before and comes after; what a supervisor ruled apart."""
    refused = told.later(days=1).call(outcome)
    later = refused.later(days=1).call("no_answer").later(days=1).call("machine")
    for seen in (told, refused, later):
        if seen.case.override is not None or not _refused_for_good(seen, study):
            continue
        code = seen.code(study)
        assert not code.startswith(("2.2", "3.1")), code
        unknown = set() if study.eligibility_known else {"UO"}  # 3.21: nobody was screened
        assert find_group(code, frame=study.frame) in {"I", "P", "R", "NE"} | unknown, code


@settings(max_examples=2 * settings().max_examples)
@given(histories(), plans)
def test_every_case_counts_in_a_group(told: History, study: Plan) -> None:
    assert find_group(told.code(study), frame=study.frame) in GROUPS


@settings(max_examples=2 * settings().max_examples)
@given(histories(), plans)
def test_erasing_changes_no_code_and_ends_the_calling(told: History, study: Plan) -> None:
    gone = told.then(CaseErased("asked for"))
    assert gone.code(study) == told.code(study)
    assert gone.standing(study).attempts == told.standing(study).attempts
    assert gone.standing(study).status == "done"


@settings(max_examples=2 * settings().max_examples)
@given(histories(), st.sampled_from([*OUTCOMES]))
def test_an_outcome_taken_back_leaves_nothing(told: History, outcome: str) -> None:
    sitting = told.later(days=1).claim()
    if sitting.case.next_number is None:
        return
    back = sitting.dial(outcome).then(OutcomeRevoked()).case
    dialled = back.open_attempt
    assert dialled is not None
    assert dialled.dialed == sitting.case.next_number.position
    same = replace(back, open_attempt=sitting.case.open_attempt, seq=0, before_outcome=None)
    assert same == replace(sitting.case, seq=0, before_outcome=None)


@given(histories(), plans, st.sampled_from([*OUTCOMES]), st.booleans())
def test_a_sitting_stands_as_if_it_were_over(
    told: History, study: Plan, outcome: str, interviews: bool
) -> None:
    """What is kept while a station has the case holds when it is lost."""
    sitting = told.later(days=1).claim().dial(outcome)
    if interviews:
        sitting = sitting.then(InterviewOpened("i1"))
    lost = sitting.then(CaseReturned("lapsed"))
    assert sitting.standing(study) == lost.standing(study)


@given(histories())
def test_a_case_is_the_same_whether_replayed_or_followed(told: History) -> None:
    written = [
        HistoryEntry(e.at, e.by, e.station, decode_case_event(*encode_case_event(e.event)), e.key)
        for e in told.entries
    ]
    followed = Case(key=told.key)
    for number, entry in enumerate(told.entries, start=1):
        followed = followed.apply(entry)
        assert followed.seq == number
    assert followed == Case.from_history(told.key, written) == told.case


# --- a month of many cases


CASES = 250 * SCALE
OUTCOMES_DRAWN = (
    ["no_answer"] * 40 + ["busy"] * 14 + ["machine"] * 10 + ["machine_left"] * 4 + ["technical", "blocked"]
    + ["disconnected"] * 2 + ["refusal_soft"] * 6 + ["refusal_hard"] + ["hangup_intro"] * 3 + ["callback"] * 8
    + ["appointment"] * 8 + ["interrupted"] * 3 + ["complete"] * 3
)  # fmt: skip
WAITS = {
    "no_answer": 180, "busy": 20, "machine": 180, "machine_left": 1440, "technical": 20, "blocked": 4320,
    "refusal_soft": 10080, "hangup_intro": 4320, "callback": 1440,
}  # fmt: skip
"""Minutes, as the outcome table was written down."""
HOLIDAYS = {date(2026, 10, 12), date(2026, 11, 11), date(2026, 11, 26), date(2027, 2, 15)}
"""Federal holidays as published, as far as they lie in the two months."""


class Log:
    """What was done with one case, in the words of an auditor: moments, outcomes, promises."""

    def __init__(self) -> None:
        self.calls: list[tuple[datetime, str, bool]] = []
        """When, what came of it, and whether it was promised for then."""
        self.promised: datetime | None = None


def _month(study: Plan, starts: datetime, dice: Random, zones: tuple[str, ...]) -> Log:
    """One case, called at moments that the rules allow and at no other, to the end of its month."""
    told = history(
        f"case {dice.random()}", zone=zones[0] if len(zones) == 1 else "", facts=(
            NumberFacts(1, "mobile", zones), NumberFacts(2, "fixed", zones)
        ),
    )  # fmt: skip
    log, case, now = Log(), told.case, starts
    for _ in range(60):
        at = find_next_time(case, study, claimant(now))
        if at is None:
            return log
        # stations are busy: most calls come a while after they might
        late = at + timedelta(minutes=dice.choice([0, 0, 7, 45, 200, 1000]))
        now = late if is_allowed(case, study, claimant(late)) else at
        promised = log.promised is not None and now >= log.promised - timedelta(minutes=15)
        outcome = dice.choice(OUTCOMES_DRAWN)
        said = replace(told, now=now, entries=())
        step = said.claim().entries
        for entry in step:
            case = case.apply(entry)
        number = case.next_number
        assert number is not None
        step = _written(said, outcome, number.position, dice, case.interrupted).entries
        for entry in step:
            case = case.apply(entry)
        kept = promised or (
            log.promised is not None
            and OUTCOMES.get(outcome, OUTCOMES["callback"]).moment != "before"
        )
        log.calls.append((now, outcome, promised))
        if kept:
            log.promised = None
        if outcome == "appointment":
            booking = case.appointment
            assert booking is not None
            log.promised = datetime.fromisoformat(booking.details.start).replace(
                tzinfo=ZoneInfo(booking.details.zone), fold=booking.details.fold
            ).astimezone(UTC)  # fmt: skip
        now += timedelta(minutes=1)
    raise AssertionError("this case is called for ever")


def _written(said: History, outcome: str, number: int, dice: Random, interrupted: bool) -> History:
    keyed = "callback" if outcome == "interrupted" else outcome
    code = {"complete": "1.1", "interrupted": "2.12"}.get(outcome, "")
    told = said.then(
        NumberDialed(number),
        OutcomeRecorded(
            keyed,
            number,
            code=code,
            interrupted=outcome == "interrupted" or (interrupted and outcome != "complete"),
        ),
    )
    if outcome == "disconnected":
        told = told.then(NumberMarked(number, "dead"))
    if outcome == "appointment":
        wall = said.now.astimezone(ZoneInfo(said.zone)) + timedelta(
            minutes=dice.randrange(10, 6000)
        )
        told = told.then(
            AppointmentMade(
                f"{wall:%Y-%m-%dT%H:%M}",
                f"{wall + timedelta(minutes=30):%Y-%m-%dT%H:%M}",
                said.zone,
            )
        )
    return told.then(AttemptClosed())


@pytest.mark.parametrize(
    ("starts", "ends", "hours"),
    [
        ("2026-10-10 06:00", "2026-11-14", (time(9), time(20, 30))),
        ("2027-02-12 06:00", "2027-03-19", (time(0), time(23, 59, 59))),
    ],
    ids=["autumn, usual hours", "spring, all hours"],
)
def test_a_month_of_calls_keeps_every_limit(
    starts: str, ends: str, hours: tuple[time, time]
) -> None:
    """Only allowed calls are made, over the night the clock changes, holidays and the study's end."""
    text = "09:00-20:30" if hours[0] == time(9) else "00:00-24:00"
    study = plan(
        f'country: US, hours: {{mon-fri: "{text}", sat: "{text}"}}, reason: a test, ends: {ends},'
        "attempts: {total: 5, per_day: 2, per_daypart: 3}, refusals: {max: 2}"
    )
    dice, last = Random(20261124), date.fromisoformat(ends)
    made: Counter[str] = Counter()
    for number in range(CASES):
        zones = [(DENVER,), (NEW_YORK,), (NEW_YORK, LOS_ANGELES)][number % 3]
        log = _month(study, moment(starts), dice, zones)
        _audit(log, zones, last, hours, made)
    assert made["calls"] > 2.5 * CASES
    assert made["promised"] > CASES / 10
    assert made["at the limit"] > CASES / 10
    assert made["twice a day"] > CASES / 10


def _audit(
    log: Log, zones: tuple[str, ...], last: date, hours: tuple[time, time], made: Counter[str]
) -> None:
    days: Counter[tuple[str, date]] = Counter()
    parts: Counter[str] = Counter()
    attempts, chain = 0, None
    refused, before = 0, None
    for at, outcome, promised in log.calls:
        walls = [at.astimezone(ZoneInfo(zone)) for zone in zones]
        for wall in walls:
            assert hours[0] <= wall.time() <= hours[1]
            assert wall.date() <= last
            assert wall.date() not in HOLIDAYS
            assert wall.weekday() < 6
        redial = outcome == "busy" and chain is not None and at - chain < timedelta(hours=1)
        if not redial:
            attempts += 1
            chain = at if outcome == "busy" else None
            if not promised:
                parts[_part(walls[0])] += 1
                days.update((zone, wall.date()) for zone, wall in zip(zones, walls, strict=True))
        assert refused < 2
        if before is not None and not promised:
            then, what, was_promised = before
            least = WAITS.get("callback" if what == "interrupted" else what, 0)
            least = min(least, 30) if was_promised else least
            assert at - then >= timedelta(minutes=least), (what, at - then)
        refused = (
            2
            if outcome == "refusal_hard"
            else refused + (outcome in ("refusal_soft", "hangup_intro"))
        )
        before = (at, outcome, promised)
        made["calls"] += 1
        made["promised"] += promised
    assert not any(outcome == "complete" for _, outcome, _ in log.calls[:-1])
    assert attempts <= 5 + any(promised for *_, promised in log.calls)
    made["at the limit"] += attempts >= 5
    assert all(count <= 3 for count in parts.values()), parts
    assert all(count <= 2 for count in days.values()), days
    made["twice a day"] += 2 in days.values()


def _part(wall: datetime) -> str:
    return "weekend" if wall.weekday() > 4 else "day" if wall.hour < 17 else "evening"


# --- how long it takes


def _seconds(work: Callable[[], object], times: int) -> float:
    """The processor's time for one of them, whatever else the machine does meanwhile."""
    best = float("inf")
    for _ in range(7):
        began = stopwatch.process_time()
        for _ in range(times):
            work()
        best = min(best, (stopwatch.process_time() - began) / times)
    return best


@pytest.mark.time_limit
def test_a_standing_is_quick() -> None:
    """A million cases are imported at once. Bounds are three times the goals, for a machine that does other things."""
    fresh = history(columns={"region": "West"}).case
    told = history(numbers=2).at("2026-11-16 10:00")
    for _ in range(10):
        told = told.call("no_answer").later(days=1)
    study = replace(USUAL, limits=USUAL.limits._replace(total=20, per_daypart=None))
    assert told.standing(study).status == "ready"
    assert _seconds(lambda: schedule_case(fresh, study, told.now), 500) < 60e-6
    case = told.case
    assert _seconds(lambda: schedule_case(case, study, told.now), 200) < 450e-6


@pytest.mark.time_limit
def test_a_long_history_is_replayed_in_time_that_grows_with_it() -> None:
    def log(calls: int) -> tuple[HistoryEntry, ...]:
        told = history().at("2026-11-16 10:00")
        one = told.claim().dial("no_answer", 1).close().entries[1:]
        return told.entries + one * calls

    short, long = log(20), log(200)
    ratios = (
        _seconds(lambda: Case.from_history("x", long), 3)
        / _seconds(lambda: Case.from_history("x", short), 3)
        for _ in range(5)
    )
    assert any(ratio < 25 for ratio in ratios), "time that grows with the square has a ratio of 100"
    assert len(Case.from_history("x", long).attempts) == 200
    assert code_case(Case.from_history("x", long), USUAL).code == "2.20"
