"""The printed forecast of `survey status --forecast`: how the fieldwork would continue."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import typer

from survey_cli.cli.output import datetimes, terminal
from survey_cli.cli.output.terminal import (
    render_table,
    say,
    separate,
    show_day_progress,
    wrap_paragraph,
)
from survey_cli.cli.run_command import INTERRUPTED
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from survey_cli.fieldwork.plan.plan import SpreadMode
    from survey_cli.simulate.fieldwork.forecast import Forecast, ForecastRow

MAX_CELLS: Final = 6
"""Quota cells named for each row."""
MAX_INTERVIEWERS: Final = 1000
SPREADS: Final[tuple["SpreadMode", ...]] = ("prefer", "wait", "off")


def print_forecast(
    file: str,
    *,
    interviewers: str,
    spread: str,
    days: int | None,
    seed: int,
    people: str | None,
    zone: "ZoneInfo | None",
    db: str | None,
    form: str,
) -> None:
    """Forecast the rest of the fieldwork from the study as it is now, and print it. Nothing is written."""
    from survey_cli.simulate.fieldwork.forecast import ForecastOptions
    from survey_cli.simulate.fieldwork.forecast import forecast as make_forecast

    options = ForecastOptions(
        path=file,
        at=datetimes.now(),
        interviewers=_parse_levels(interviewers),
        spreads=_parse_spreads(spread),
        days=days,
        seed=seed,
        people=people,
        zone=zone,
        db=db,
    )
    with show_day_progress() as progress:
        result = make_forecast(options, progress)
    terminal.print_result(form, render_forecast(result), result)
    if result.interrupted:
        say("interrupted: the remaining rows are missing")
        raise typer.Exit(INTERRUPTED)


def _parse_levels(text: str) -> tuple[int, ...]:
    """Parse the numbers of interviewers, one for each row; empty where none is given."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(not part.isdecimal() or not 0 < int(part) <= MAX_INTERVIEWERS for part in parts):
        raise typer.BadParameter(
            f"--interviewers {text}: write numbers from 1 to {MAX_INTERVIEWERS}, such as 4,8,12"
        )
    return tuple(map(int, parts))


def _parse_spreads(text: str) -> tuple["SpreadMode", ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(part not in SPREADS for part in parts):
        raise typer.BadParameter(
            f"--spread {text}: write prefer, wait or off, or several: prefer,wait,off"
        )
    return tuple(spread for part in parts for spread in SPREADS if spread == part)


def render_forecast(result: "Forecast") -> Iterator[str]:
    """Render the forecast as lines."""
    completes = f"{result.complete:,}"
    if result.target:
        completes += f" of {result.target:,} ({result.target_of})"
    period = (
        f"{result.at.astimezone():%a %d %b %Y %H:%M} to {result.until:%a %d %b %Y} ({result.zone})"
    )
    now = f"{completes} complete now, {format_quantity(result.cases, 'case')}"
    beginning = f"Forecast from {period}: {now}. Nobody was called."
    several = len({row.spread for row in result.rows}) > 1
    head = ("people", *(("spread",) if several else ()), "complete", "per day", "hours", "calls")
    last = result.rows[-1] if result.interrupted else None
    lines = []
    for row in result.rows:
        who = (
            f"{row.interviewers}{'*' if row is last else ''}",
            *((row.spread,) if several else ()),
        )
        figures = (
            (row.completes_per_day, 1),
            (row.hours_per_complete, 2),
            (row.calls_per_complete, 1),
        )
        shown = ["" if value is None else f"{value:,.{digits}f}" for value, digits in figures]
        unknown = "?" if row is last else "no"
        target_on = row.target_on or (unknown if result.target else "")
        lines.append((*who, f"{row.complete:,}", *shown, target_on, row.runs_out_on or unknown))
    notes = []
    if last is not None:
        days = f"{last.days} of {format_quantity(result.days, 'day')}"
        notes.append(f"* interrupted after {days}: its figures are for these days only")
    if result.target:
        stopped = [row for row in result.rows if row.filled_on and not row.target_on]
        notes += [_describe_filled(row, result.target) for row in stopped]
    notes += [
        _describe_unfilled(row, several=several)
        for row in result.rows
        if row.unfilled and row is not last
    ]
    notes.append(
        "Hours and calls are per complete interview; target: the day on which it is reached; "
        "sample ends: the "
        f"day on which no case is left to call. Assumptions: {'; '.join(result.basis)}."
    )
    table = render_table((*head, "target", "sample ends"), lines)
    return separate((wrap_paragraph(beginning), table, *map(wrap_paragraph, notes)))


def _describe_filled(row: "ForecastRow", target: int) -> str:
    """Say that the quotas end the fieldwork before the target."""
    who = format_quantity(row.interviewers, "interviewer")
    return f"With {who}, all quota cells are full on {row.filled_on}, with {row.complete:,} of {target:,} complete."


def _describe_unfilled(row: "ForecastRow", *, several: bool) -> str:
    cells = [f"{cell.label} {cell.complete:,} of {cell.target:,}" for cell in row.unfilled]
    who = format_quantity(row.interviewers, "interviewer") + (
        f" and spread: {row.spread}" if several else ""
    )
    return f"With {who}, these cells do not fill: {join_first(cells, MAX_CELLS)}."
