"""Report on simulated fieldwork: its histories, and its rates as if the field period closed at its end."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.plan.people import People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import CellFill
from survey_cli.reports.fieldwork.disposition_counts import DispositionOptions, count_dispositions
from survey_cli.reports.fieldwork.rates import RateInput, RateTable, build_rate_table
from survey_cli.reports.fieldwork.simulation_report import InterviewerRow, SimulationReport, summarize_simulation
from survey_cli.services.report.response_rates import RateAssumptions, ResolvedAssumptions, resolve_assumptions

Histories: TypeAlias = Callable[[], Iterable[tuple[str, Sequence[HistoryEntry]]]]


def build_simulation_report(
    histories: Histories,
    plan: Plan,
    people: People,
    *,
    at: datetime,
    zone: str,
    fill: Mapping[str, CellFill],
    work: Sequence[InterviewerRow],
) -> SimulationReport:
    """Build the report as of `at`; days are those of `zone`."""
    rates = _build_rates(histories, plan, people, at)
    return summarize_simulation(histories(), plan, at=at, zone=zone, fill=fill, work=work, rates=rates)


def _build_rates(histories: Histories, plan: Plan, people: People, at: datetime) -> RateTable | None:
    found = count_dispositions(histories(), plan, people if people.interviewers else None, DispositionOptions(at=at))
    told = resolve_assumptions({tally.frame: tally.counts for tally in found.frames}, RateAssumptions(frame=plan.frame))
    if found.uncountable or not found.frames or not isinstance(told, ResolvedAssumptions):
        return None
    return build_rate_table(
        [
            RateInput(frame=t.frame, by=t.by, counts=t.counts, e=told.e[t.frame], open_cases=t.open_cases)
            for t in found.frames
        ],
        quotas=bool(plan.quotas.quotas),
    )
