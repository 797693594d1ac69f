"""Text rendering of simulated fieldwork: the assumptions, then the report in plain tables."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from survey_cli.cli.commands.rates import render_rates
from survey_cli.cli.output.terminal import get_width, render_table, wrap_paragraph
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.simulation_report import SimulationReport
    from survey_cli.simulate.fieldwork.study_simulation import StudySimulation

MAX_OUTCOMES: Final = 12
MAX_ENDS: Final = 12


def print_simulation(simulation: "StudySimulation") -> None:
    """Print the report on stdout."""
    for part in _render_parts(simulation):
        print(part)
        print()
    sys.stdout.flush()


def _render_parts(simulation: "StudySimulation") -> Iterator[str]:
    report, settings = simulation.run, simulation.settings
    propensities = settings.propensities
    yield wrap_paragraph(
        f"Invented respondents: nobody was called. {format_quantity(report.cases, 'case')}, "
        f"{format_quantity(simulation.interviewers, 'interviewer')}, {format_quantity(simulation.days, 'day')} from "
        f"{settings.starts} ({settings.zone.key}), spread: {simulation.spread}, seed {settings.seed}. "
        f"Assumptions: a person answers {propensities.contact:.0%} of calls, "
        f"{propensities.refuse:.0%} of contacts refuse, {propensities.eligible:.0%} are eligible, an appointment is kept "
        f"{propensities.keep_appointment:.0%} of the time, {settings.item_seconds:g} seconds for each item. "
        "Options are chosen equally often, so quotas "
        "over answers fill differently from reality. Change --contact, --refuse, --kept, --eligible, --seconds to see "
        "their effect."
    )
    yield _summarize(report)
    yield _render_days(report)
    yield _render_outcomes(report)
    yield _render_attempts(report)
    yield _render_work(report)
    yield _render_appointments(report)
    if report.cells:
        yield _render_cells(report)
    yield _render_ends(report)
    if report.rates is not None:
        yield "if the field period closed at the end:\n" + render_rates(report.rates, digits=1, cells=get_width())


def _summarize(report: "SimulationReport") -> str:
    effort = f"{report.calls / report.complete:.1f} calls per complete" if report.complete else "no complete interview"
    completes, calls = format_quantity(report.complete, "complete interview"), format_quantity(report.calls, "call")
    return f"{completes} of {format_quantity(report.cases, 'case')}, {calls}: {effort}"


def _render_table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    return render_table(head, rows, right=range(1, len(head)))


def _render_days(report: "SimulationReport") -> str:
    head = ("day", "calls", "reached", "complete", "refused", "appointments", "all complete")
    rows = [
        [
            f"{row.day:%a} {row.day}",
            str(row.calls),
            str(row.reached),
            str(row.complete),
            str(row.refusals),
            str(row.appointments),
            str(row.cumulative_complete),
        ]
        for row in report.days
    ]
    return _render_table(head, rows) if rows else "no day on which anybody could be called"


def _render_outcomes(report: "SimulationReport") -> str:
    rows = [
        [row.outcome, str(row.calls), _format_share(row.calls, report.calls)] for row in report.outcomes[:MAX_OUTCOMES]
    ]
    rest = sum(row.calls for row in report.outcomes[MAX_OUTCOMES:])
    if rest:
        rows.append(["others", str(rest), _format_share(rest, report.calls)])
    return _render_table(("outcome", "calls", "share"), rows)


def _render_attempts(report: "SimulationReport") -> str:
    rows = [
        [str(row.attempts), str(row.cases), str(row.complete), _format_share(row.complete, row.cases)]
        for row in report.attempts
    ]
    return _render_table(("attempts", "cases", "complete", "share"), rows)


def _render_work(report: "SimulationReport") -> str:
    head = ("interviewer", "shifts", "hours", "on cases", "calls", "calls/h", "complete")
    rows = []
    for row in report.interviewers:
        hours = row.on_duty.total_seconds() / 3600
        rows.append(
            [
                row.login,
                str(row.shifts),
                f"{hours:.1f}",
                f"{row.on_cases / row.on_duty:.0%}" if row.on_duty else "",
                str(row.calls),
                f"{row.calls / hours:.1f}" if hours else "",
                str(row.complete),
            ]
        )
    return _render_table(head, rows)


def _render_appointments(report: "SimulationReport") -> str:
    total = sum(report.appointments.values())
    results = ", ".join(f"{number} {result}" for result, number in report.appointments.items() if number)
    return f"appointments: {total}" + (f" ({results})" if results else "")


def _render_cells(report: "SimulationReport") -> str:
    head = ("quota cell", "complete", "held", "target", "open cases", "")
    rows = [
        [
            row.cell + (" (soft)" if row.soft else ""),
            str(row.complete),
            str(row.held),
            str(row.target),
            "" if row.open_cases is None else str(row.open_cases),
            row.shortfall,
        ]
        for row in report.cells
    ]
    return render_table(head, rows, right=range(1, 5))


def _render_ends(report: "SimulationReport") -> str:
    rows = [
        [f"{row.status}: {row.why}" if row.why else row.status, str(row.cases)]
        for row in report.final_statuses[:MAX_ENDS]
    ]
    rest = sum(row.cases for row in report.final_statuses[MAX_ENDS:])
    if rest:
        rows.append(["others", str(rest)])
    return _render_table(("status of cases at the end", "cases"), rows)


def _format_share(part: int, base: int) -> str:
    return f"{part / base:.0%}" if base else ""
