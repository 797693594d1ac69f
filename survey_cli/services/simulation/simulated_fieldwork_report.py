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
    dispositions = count_dispositions(
        histories(), plan, people if people.interviewers else None, DispositionOptions(at=at)
    )
    resolved = resolve_assumptions(
        {tally.frame: tally.counts for tally in dispositions.frames}, RateAssumptions(frame=plan.frame)
    )
    if dispositions.uncountable or not dispositions.frames or not isinstance(resolved, ResolvedAssumptions):
        return None
    return build_rate_table(
        [
            RateInput(frame=t.frame, by=t.by, counts=t.counts, e=resolved.e[t.frame], open_cases=t.open_cases)
            for t in dispositions.frames
        ],
        quotas=bool(plan.quotas.quotas),
    )
