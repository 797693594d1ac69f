"""Report of simulated fieldwork, built from case histories: days, attempts, appointments, quota cells."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.due_times import EARLY_WINDOW, resolve_span
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import classify_outcome, code_case, find_outcome_row
from survey_cli.fieldwork.case.events import AppointmentMade, HistoryEntry, NumberDialed, OutcomeRecorded
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import CellFill
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.fieldwork.queue.scheduling import REFUSAL_OUTCOMES, schedule_case
from survey_cli.reports.fieldwork.rates import RateTable

COMPLETE_CODE: Final = "1.1"
AppointmentResult: TypeAlias = Literal["kept", "late", "overtaken", "never called", "to come"]
"""Called within the promised time; after it; somebody was reached, or promised another time, before; its time went by and
nobody called; its time is still to come."""
APPOINTMENT_RESULTS: Final[tuple[AppointmentResult, ...]] = ("kept", "late", "overtaken", "never called", "to come")


class DayRow(NamedTuple):
    """One day, on the stations' clock."""

    day: date
    calls: int
    reached: int
    """In how many of them somebody answered."""
    complete: int
    refusals: int
    appointments: int
    """Made on it."""
    cumulative_complete: int
    """Up to its end."""


class OutcomeRow(NamedTuple):
    outcome: str
    calls: int


class AttemptsRow(NamedTuple):
    """Cases by how often they were tried."""

    attempts: int
    cases: int
    complete: int


class FinalStatusRow(NamedTuple):
    """Where cases stand at the end, and why."""

    status: str
    why: str
    cases: int


class QuotaCellRow(NamedTuple):
    """One quota cell."""

    cell: str
    complete: int
    held: int
    """Places of interviews that wait to be gone on with."""
    target: int
    soft: bool
    open_cases: int | None
    """Cases known to be in it that may still be called; None where only the interview tells."""
    shortfall: str
    """Why it is not filled; empty where it is."""


class InterviewerRow(NamedTuple):
    """One interviewer."""

    login: str
    shifts: int
    on_duty: timedelta
    on_cases: timedelta
    calls: int
    complete: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationReport:
    """The report."""

    cases: int
    complete: int
    calls: int
    days: tuple[DayRow, ...]
    outcomes: tuple[OutcomeRow, ...]
    """Of calls, the most frequent first."""
    attempts: tuple[AttemptsRow, ...]
    final_statuses: tuple[FinalStatusRow, ...]
    cells: tuple[QuotaCellRow, ...]
    appointments: Mapping[AppointmentResult, int]
    interviewers: tuple[InterviewerRow, ...]
    rates: RateTable | None
    """As if the field closed at the end; None where there are none to give."""


class _FinalCase(NamedTuple):
    """A case at the end."""

    case: Case
    position: QueuePosition
    complete: bool


def summarize_simulation(
    histories: Iterable[tuple[str, Sequence[HistoryEntry]]],
    plan: Plan,
    *,
    at: datetime,
    zone: str,
    fill: Mapping[str, CellFill],
    work: Sequence[InterviewerRow],
    rates: RateTable | None,
) -> SimulationReport:
    """Summarize what happened up to the moment `at`; days are those of `zone`."""
    told: list[_FinalCase] = []
    days: dict[date, Counter[str]] = {}
    promises: Counter[AppointmentResult] = Counter()
    for key, history in histories:
        case = Case.from_history(key, history)
        code = code_case(case, plan).code
        told.append(_FinalCase(case, schedule_case(case, plan, at), code == COMPLETE_CODE))
        promises.update(classify_appointments(history, plan, at))
        for what, moment in _iterate_countable_events(history, case, plan):
            days.setdefault(plan.calendar.find_local_day(zone, moment), Counter())[what] += 1
    calls = Counter(call.outcome for one in told for call in one.case.calls)
    return SimulationReport(
        cases=len(told),
        complete=sum(one.complete for one in told),
        calls=calls.total(),
        days=tuple(_build_days(days)),
        outcomes=tuple(
            OutcomeRow(plan.outcomes[id].name if id in plan.outcomes else id, number)
            for id, number in sorted(calls.items(), key=lambda one: (-one[1], one[0]))
        ),
        attempts=_build_attempts(told),
        final_statuses=_build_final_statuses(told),
        cells=tuple(_build_cells(told, plan, fill)),
        appointments={kept: promises[kept] for kept in APPOINTMENT_RESULTS},
        interviewers=tuple(work),
        rates=rates,
    )


def _iterate_countable_events(
    history: Sequence[HistoryEntry], case: Case, plan: Plan
) -> Iterable[tuple[str, datetime]]:
    for call in case.calls:
        yield "calls", call.at
        row = find_outcome_row(call, plan)
        if row is not None and row.moment != "before":
            yield "reached", call.at
        if call.code == COMPLETE_CODE:
            yield "complete", call.at
        elif classify_outcome(call, plan) in REFUSAL_OUTCOMES:
            yield "refusals", call.at
    for entry in history:
        if isinstance(entry.event, AppointmentMade):
            yield "promises", entry.at


def _build_days(days: Mapping[date, Counter[str]]) -> Iterable[DayRow]:
    complete = 0
    for day in sorted(days):
        did = days[day]
        complete += did["complete"]
        yield DayRow(day, did["calls"], did["reached"], did["complete"], did["refusals"], did["promises"], complete)


def classify_appointments(history: Sequence[HistoryEntry], plan: Plan, at: datetime) -> list[AppointmentResult]:
    """Classify the result of every appointment of a case by the moment `at`."""
    found: list[AppointmentResult] = []
    span: tuple[datetime, datetime] | None = None
    for entry in history:
        match entry.event:
            case NumberDialed() if span is not None and entry.at >= span[0] - EARLY_WINDOW:
                found.append("kept" if entry.at <= span[1] else "late")
                span = None
            case OutcomeRecorded(outcome=outcome) if span is not None:
                row = plan.outcomes.get(outcome)
                if row is not None and row.moment != "before":
                    found.append("overtaken")
                    span = None
            case AppointmentMade():
                if span is not None:
                    found.append("overtaken")
                span = resolve_span(entry.event)
            case _:
                pass
    if span is not None:
        found.append("to come" if span[1] >= at else "never called")
    return found


def _build_attempts(told: Sequence[_FinalCase]) -> tuple[AttemptsRow, ...]:
    cases = Counter(one.position.attempts for one in told)
    complete = Counter(one.position.attempts for one in told if one.complete)
    return tuple(AttemptsRow(number, cases[number], complete[number]) for number in sorted(cases))


def _build_final_statuses(told: Sequence[_FinalCase]) -> tuple[FinalStatusRow, ...]:
    found = Counter((one.position.status, _describe_reason(one.position)) for one in told)
    order = ("ready", "waiting", "held", "unreleased", "done")
    rows = (FinalStatusRow(status, why, cases) for (status, why), cases in found.items())
    return tuple(sorted(rows, key=lambda row: (order.index(row.status), -row.cases, row.why)))


def _describe_reason(found: QueuePosition) -> str:
    """What a delay was after is no matter of its own."""
    return found.why if found.status != "waiting" else ("appointment" if found.promised_at else "for its time")


def _build_cells(told: Sequence[_FinalCase], plan: Plan, fill: Mapping[str, CellFill]) -> Iterable[QuotaCellRow]:
    """Quota cells, with the reason why one is not filled."""
    beforehand = {q.id for q in plan.quotas.quotas if q.list_inputs() <= plan.quotas.known_variables}
    open_cases: Counter[str] = Counter()
    still_open = 0
    for one in told:
        if one.position.status in ("ready", "waiting"):
            still_open += 1
            open_cases.update(plan.quotas.list_known_cells(one.case.columns))
    for id, cell in plan.quotas.cells.items():
        found = fill.get(id, CellFill())
        known = open_cases[id] if cell.quota in beforehand else None
        left = still_open if known is None else known
        lacking = ""
        if found.completes < cell.target:
            more = cell.target - found.completes
            lacking = f"{more} more wanted"
            if not left:
                lacking += ", and no case is left that may be called"
            elif left < more:
                lacking += f", and only {left} cases may still be called"
        yield QuotaCellRow(id, found.completes, found.reserved, cell.target, cell.soft, known, lacking)
