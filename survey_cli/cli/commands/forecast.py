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
    """Forecast the rest of the fieldwork from the study as it is now, and print it."""
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
    """Parse the numbers of interviewers, one for each row; empty if the text is empty."""
    levels = []
    for part in _split(text):
        if not part.isdecimal() or not 0 < int(part) <= MAX_INTERVIEWERS:
            raise typer.BadParameter(
                f"--interviewers {text}: write numbers from 1 to {MAX_INTERVIEWERS}, such as 4,8,12"
            )
        levels.append(int(part))
    return tuple(levels)


def _parse_spreads(text: str) -> tuple["SpreadMode", ...]:
    """Parse the ways to spread attempts, one for each row; empty if the text is empty."""
    spreads: list[SpreadMode] = []
    for part in _split(text):
        known = [spread for spread in SPREADS if spread == part]
        if not known:
            raise typer.BadParameter(
                f"--spread {text}: write prefer, wait or off, or several: prefer,wait,off"
            )
        spreads += known
    return tuple(spreads)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def render_forecast(result: "Forecast") -> Iterator[str]:
    """Render the forecast as lines."""
    # If the forecast was interrupted, the last row is for a part of the days.
    cut_row = result.rows[-1] if result.interrupted else None
    has_spreads = len({row.spread for row in result.rows}) > 1

    head = ["people", "complete", "per day", "hours", "calls", "target", "sample ends"]
    if has_spreads:
        head.insert(1, "spread")
    rows = []
    for row in result.rows:
        cells = _build_row(row, has_target=bool(result.target), is_cut=row is cut_row)
        if has_spreads:
            cells.insert(1, row.spread)
        rows.append(cells)

    beginning = wrap_paragraph(_describe_beginning(result))
    notes = _list_notes(result, cut_row, has_spreads=has_spreads)
    return separate((beginning, render_table(head, rows), *map(wrap_paragraph, notes)))


def _describe_beginning(result: "Forecast") -> str:
    """Describe the days of the forecast, and the state with which it begins."""
    begins = f"{result.at.astimezone():%a %d %b %Y %H:%M}"
    ends = f"{result.until:%a %d %b %Y}"
    completes = f"{result.complete:,}"
    if result.target:
        completes += f" of {result.target:,} ({result.target_of})"
    cases = format_quantity(result.cases, "case")
    return (
        f"Forecast from {begins} to {ends} ({result.zone}): {completes} complete now, {cases}. "
        "Nobody was called."
    )


def _build_row(row: "ForecastRow", *, has_target: bool, is_cut: bool) -> list[str]:
    """Build the cells of a row; `*` marks one that was interrupted."""
    mark = "*" if is_cut else ""
    unknown = "?" if is_cut else "no"
    if row.target_on:
        target_on = str(row.target_on)
    elif has_target:
        target_on = unknown
    else:
        target_on = ""
    return [
        f"{row.interviewers}{mark}",
        f"{row.complete:,}",
        _format_figure(row.completes_per_day, 1),
        _format_figure(row.hours_per_complete, 2),
        _format_figure(row.calls_per_complete, 1),
        target_on,
        str(row.runs_out_on or unknown),
    ]


def _format_figure(figure: float | None, digits: int) -> str:
    return "" if figure is None else f"{figure:,.{digits}f}"


def _list_notes(
    result: "Forecast", cut_row: "ForecastRow | None", *, has_spreads: bool
) -> list[str]:
    """Return what the rows don't show: days left out, full and open quota cells, assumptions."""
    notes = []
    if cut_row is not None:
        days = f"{cut_row.days} of {format_quantity(result.days, 'day')}"
        notes.append(f"* interrupted after {days}: its figures are for these days only")
    if result.target:
        stopped = [row for row in result.rows if row.filled_on and not row.target_on]
        notes += [_describe_filled(row, result.target) for row in stopped]
    unfilled = [row for row in result.rows if row.unfilled and row is not cut_row]
    notes += [_describe_unfilled(row, has_spreads=has_spreads) for row in unfilled]
    notes.append(
        "Hours and calls are per complete interview; target: the day on which it is reached; "
        "sample ends: the day on which no case is left to call. "
        f"Assumptions: {'; '.join(result.basis)}."
    )
    return notes


def _describe_filled(row: "ForecastRow", target: int) -> str:
    """Say that the quotas end the fieldwork before the target."""
    who = format_quantity(row.interviewers, "interviewer")
    return (
        f"With {who}, all quota cells are full on {row.filled_on}, "
        f"with {row.complete:,} of {target:,} complete."
    )


def _describe_unfilled(row: "ForecastRow", *, has_spreads: bool) -> str:
    """Name the quota cells that do not fill."""
    who = format_quantity(row.interviewers, "interviewer")
    if has_spreads:
        who += f" and spread: {row.spread}"
    cells = [f"{cell.label} {cell.complete:,} of {cell.target:,}" for cell in row.unfilled]
    return f"With {who}, these cells do not fill: {join_first(cells, MAX_CELLS)}."
