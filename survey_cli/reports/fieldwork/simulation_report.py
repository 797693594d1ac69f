"""Report of simulated fieldwork from case histories: days, attempts, appointments, quotas."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.appointment import EARLY_WINDOW, resolve_span
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import classify_outcome, is_contact
from survey_cli.fieldwork.case.events import (
    AppointmentMade,
    HistoryEntry,
    NumberDialed,
    OutcomeRecorded,
)
from survey_cli.fieldwork.plan.plan import CellFill, Plan
from survey_cli.fieldwork.queue.scheduling import QueuePosition, schedule_case
from survey_cli.outcomes import REFUSAL_OUTCOMES, is_answered
from survey_cli.reports.fieldwork.rates import RateTable
from survey_cli.wording import format_quantity

COMPLETE_CODE: Final = "1.1"
AppointmentResult: TypeAlias = Literal["kept", "late", "overtaken", "never called", "to come"]
"""`kept`: called within the time; `late`: after it; `overtaken`: a contact or another appointment
came before; `never called`: the time passed without a call; `to come`: the time has not passed."""
APPOINTMENT_RESULTS: Final[tuple[AppointmentResult, ...]] = (
    "kept",
    "late",
    "overtaken",
    "never called",
    "to come",
)


class DayRow(NamedTuple):
    """One day, on the stations' clock."""

    day: date
    calls: int
    reached: int
    """Calls in which somebody answered."""
    complete: int
    refusals: int
    appointments: int
    """Appointments made on this day."""
    cumulative_complete: int
    """Completed interviews up to the end of this day."""


class AttemptsRow(NamedTuple):
    """Cases by number of attempts."""

    attempts: int
    cases: int
    complete: int


class FinalStatusRow(NamedTuple):
    """Cases by status at the end, and the reason for it."""

    status: str
    why: str
    cases: int


class QuotaCellRow(NamedTuple):
    """One quota cell."""

    cell: str
    complete: int
    held: int
    """Places reserved for suspended interviews."""
    target: int
    soft: bool
    open_cases: int | None
    """Cases known to be in the cell that may still be called; None if only the interview
    tells."""
    shortfall: str
    """Why the cell is not filled; empty if it is."""
    label: str


@dataclass(slots=True)
class InterviewerRow:
    """What one interviewer did, counted while they work."""

    login: str
    shifts: int = 0
    on_duty: timedelta = timedelta()
    on_cases: timedelta = timedelta()
    calls: int = 0
    complete: int = 0


class SimulationReport(NamedTuple):
    """The whole report."""

    cases: int
    complete: int
    calls: int
    days: tuple[DayRow, ...]
    outcomes: tuple[tuple[str, int], ...]
    """The name of each outcome, and the number of calls with it, the most frequent first."""
    attempts: tuple[AttemptsRow, ...]
    final_statuses: tuple[FinalStatusRow, ...]
    cells: tuple[QuotaCellRow, ...]
    appointments: Mapping[AppointmentResult, int]
    interviewers: tuple[InterviewerRow, ...]
    rates: RateTable | None
    """Rates as if the field closed at the end; None if there are none."""


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
    """Summarize the histories up to the time `at`; days are those of `zone`."""
    cases: list[_FinalCase] = []
    days: dict[date, Counter[str]] = {}
    appointments: Counter[AppointmentResult] = Counter()
    for key, history in histories:
        case = Case.from_history(key, history)
        position = schedule_case(case, plan, at)
        cases.append(_FinalCase(case, position, position.code == COMPLETE_CODE))
        appointments.update(classify_appointments(history, plan, at))
        for kind, time in _iterate_countable_events(history, case, plan):
            days.setdefault(plan.calendar.find_local_day(zone, time), Counter())[kind] += 1
    calls = Counter(call.outcome for final in cases for call in final.case.calls)
    attempts = Counter(final.position.attempts for final in cases)
    complete_after = Counter(final.position.attempts for final in cases if final.complete)
    return SimulationReport(
        cases=len(cases),
        complete=sum(final.complete for final in cases),
        calls=calls.total(),
        days=tuple(_build_days(days)),
        outcomes=tuple(
            (plan.outcomes[outcome].name if outcome in plan.outcomes else outcome, number)
            for outcome, number in sorted(calls.items(), key=lambda item: (-item[1], item[0]))
        ),
        attempts=tuple(
            AttemptsRow(n, number, complete_after[n]) for n, number in sorted(attempts.items())
        ),
        final_statuses=_build_final_statuses(cases),
        cells=tuple(_build_cells(cases, plan, fill)),
        appointments={result: appointments[result] for result in APPOINTMENT_RESULTS},
        interviewers=tuple(work),
        rates=rates,
    )


def _iterate_countable_events(
    history: Sequence[HistoryEntry], case: Case, plan: Plan
) -> Iterable[tuple[str, datetime]]:
    """Yield the kind and time of the events of the days, named for the fields of `DayRow`."""
    for call in case.calls:
        yield "calls", call.at
        if is_contact(call, plan):
            yield "reached", call.at
        if call.code == COMPLETE_CODE:
            yield "complete", call.at
        elif classify_outcome(call, plan) in REFUSAL_OUTCOMES:
            yield "refusals", call.at
    for entry in history:
        if isinstance(entry.event, AppointmentMade):
            yield "appointments", entry.at


def _build_days(days: Mapping[date, Counter[str]]) -> Iterable[DayRow]:
    cumulative = 0
    for day, counts in sorted(days.items()):
        cumulative += counts["complete"]
        yield DayRow._make((day, *(counts[kind] for kind in DayRow._fields[1:-1]), cumulative))


def classify_appointments(
    history: Sequence[HistoryEntry], plan: Plan, at: datetime
) -> list[AppointmentResult]:
    """Return the result of every appointment of a case at the time `at`."""
    results: list[AppointmentResult] = []
    span: tuple[datetime, datetime] | None = None
    for entry in history:
        match entry.event:
            case NumberDialed() if span is not None and entry.at >= span[0] - EARLY_WINDOW:
                results.append("kept" if entry.at <= span[1] else "late")
                span = None
            case OutcomeRecorded() as call if span is not None:
                if is_answered(plan.outcomes.get(call.outcome), has_interview=call.person):
                    results.append("overtaken")
                    span = None
            case AppointmentMade():
                if span is not None:
                    results.append("overtaken")
                span = resolve_span(entry.event)
    if span is not None:
        results.append("to come" if span[1] >= at else "never called")
    return results


def _build_final_statuses(cases: Sequence[_FinalCase]) -> tuple[FinalStatusRow, ...]:
    counts: Counter[tuple[str, str]] = Counter()
    for final in cases:
        position = final.position
        reason = str(position.reason.words)
        if position.status == "waiting":
            # cases that wait are one row, after whatever outcome each of them waits
            reason = "appointment" if position.promised_at else "for its time"
        counts[position.status, reason] += 1
    order = ("ready", "waiting", "held", "unreleased", "done")
    rows = (FinalStatusRow(status, why, number) for (status, why), number in counts.items())
    return tuple(sorted(rows, key=lambda row: (order.index(row.status), -row.cases, row.why)))


def _build_cells(
    cases: Sequence[_FinalCase], plan: Plan, fill: Mapping[str, CellFill]
) -> Iterable[QuotaCellRow]:
    """Build a row per quota cell, with the reason why it is not filled."""
    over_sample = {
        quota.id
        for quota in plan.quotas.quotas
        if quota.list_inputs() <= plan.quotas.known_variables
    }
    open_cases = [final.case for final in cases if final.position.status in ("ready", "waiting")]
    open_by_cell: Counter[str] = Counter()
    for case in open_cases:
        open_by_cell.update(plan.quotas.list_known_cells(case.columns))
    for name, cell in plan.quotas.cells.items():
        cell_fill = fill.get(name, CellFill())
        known = None
        remaining = len(open_cases)
        # Other cells are known only after the interview.
        if cell.quota in over_sample:
            known = open_by_cell[name]
            remaining = known
        shortfall = ""
        missing = cell.target - cell_fill.completes
        if missing > 0:
            shortfall = f"{missing} more needed"
            if not remaining:
                shortfall += ", and no case that may be called is left"
            elif remaining < missing:
                callable_cases = format_quantity(remaining, "case")
                shortfall += f", and only {callable_cases} may still be called"
        yield QuotaCellRow(name, *cell_fill, cell.target, cell.soft, known, shortfall, cell.label)
