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


def print_simulation(tried: "StudySimulation") -> None:
    """Print the report on stdout."""
    for part in _render_parts(tried):
        print(part)
        print()
    sys.stdout.flush()


def _render_parts(tried: "StudySimulation") -> Iterator[str]:
    run, fieldwork = tried.run, tried.settings
    chances = fieldwork.propensities
    yield wrap_paragraph(
        f"Invented respondents: nobody was called. {format_quantity(run.cases, 'case')}, "
        f"{format_quantity(tried.interviewers, 'interviewer')}, {format_quantity(tried.days, 'day')} from "
        f"{fieldwork.starts} ({fieldwork.zone.key}), spread: {tried.spread}, seed {fieldwork.seed}. "
        f"Assumptions: a call is answered by a person {chances.contact:.0%} of the time, {chances.refuse:.0%} of "
        f"contacts refuse, {chances.eligible:.0%} are eligible, an appointment is kept {chances.keep_appointment:.0%} of "
        f"the time, {fieldwork.item_seconds:g} seconds for each item. Options are chosen equally often, so quotas "
        "over answers fill differently from reality. Change --contact, --refuse, --kept, --eligible, --seconds to see "
        "their effect."
    )
    yield _summarize(run)
    yield _render_days(run)
    yield _render_outcomes(run)
    yield _render_attempts(run)
    yield _render_work(run)
    yield _render_appointments(run)
    if run.cells:
        yield _render_cells(run)
    yield _render_ends(run)
    if run.rates is not None:
        yield "if the field period closed at the end:\n" + render_rates(run.rates, digits=1, cells=get_width())


def _summarize(run: "SimulationReport") -> str:
    each = f"{run.calls / run.complete:.1f} calls per complete" if run.complete else "no complete interview"
    done, calls = format_quantity(run.complete, "complete interview"), format_quantity(run.calls, "call")
    return f"{done} of {format_quantity(run.cases, 'case')}, {calls}: {each}"


def _align_figures(rows: list[list[str]], *, left: int = 1) -> list[list[str]]:
    """Align figures right."""
    wide = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [[c if n < left else c.rjust(wide[n]) for n, c in enumerate(row)] for row in rows]


def _render_table(head: tuple[str, ...], rows: list[list[str]], *, left: int = 1) -> str:
    first, *others = _align_figures([list(head), *rows], left=left)
    return render_table(first, others)


def _render_days(run: "SimulationReport") -> str:
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
        for row in run.days
    ]
    return _render_table(head, rows) if rows else "no day on which anybody could be called"


def _render_outcomes(run: "SimulationReport") -> str:
    shown = [[row.outcome, str(row.calls), _format_share(row.calls, run.calls)] for row in run.outcomes[:MAX_OUTCOMES]]
    rest = sum(row.calls for row in run.outcomes[MAX_OUTCOMES:])
    if rest:
        shown.append(["others", str(rest), _format_share(rest, run.calls)])
    return _render_table(("outcome", "calls", "share"), shown)


def _render_attempts(run: "SimulationReport") -> str:
    rows = [
        [str(row.attempts), str(row.cases), str(row.complete), _format_share(row.complete, row.cases)]
        for row in run.attempts
    ]
    return _render_table(("attempts", "cases", "complete", "share"), rows)


def _render_work(run: "SimulationReport") -> str:
    head = ("interviewer", "shifts", "hours", "on cases", "calls", "calls/h", "complete")
    rows = []
    for row in run.interviewers:
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


def _render_appointments(run: "SimulationReport") -> str:
    made = sum(run.appointments.values())
    said = ", ".join(f"{number} {kept}" for kept, number in run.appointments.items() if number)
    return f"appointments: {made}" + (f" ({said})" if said else "")


def _render_cells(run: "SimulationReport") -> str:
    head = ("quota cell", "complete", "held", "target", "open cases", "")
    rows = [
        [
            row.cell + (" (soft)" if row.soft else ""),
            str(row.complete),
            str(row.held),
            str(row.target),
            "" if row.open_cases is None else str(row.open_cases),
        ]
        for row in run.cells
    ]
    figures = _align_figures([list(head[:-1]), *rows])
    lines = [[*row, cell.shortfall] for row, cell in zip(figures[1:], run.cells, strict=True)]
    return render_table([*figures[0], ""], lines)


def _render_ends(run: "SimulationReport") -> str:
    shown = [
        [f"{row.status}: {row.why}" if row.why else row.status, str(row.cases)] for row in run.final_statuses[:MAX_ENDS]
    ]
    rest = sum(row.cases for row in run.final_statuses[MAX_ENDS:])
    if rest:
        shown.append(["others", str(rest)])
    return _render_table(("status of cases at the end", "cases"), shown)


def _format_share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""
