"""The command `forecast`: how a study's fieldwork would continue, with several numbers of interviewers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.progress import show_day_progress
from survey_cli.cli.output.terminal import render_table, say, wrap_paragraph
from survey_cli.cli.parameters import option
from survey_cli.cli.run_command import INTERRUPTED
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.fieldwork.plan.plan import SpreadMode
    from survey_cli.simulate.fieldwork.forecast import Forecast, ForecastRow

MAX_CELLS: Final = 6
"""Quota cells named for each row."""
MAX_INTERVIEWERS: Final = 1000
SPREADS: Final[tuple["SpreadMode", ...]] = ("prefer", "wait", "off")


def forecast(
    file: parameters.InstrumentArgument,
    interviewers: str = option(
        "--interviewers N,N,…",
        "Numbers of interviewers, one row each; by default that of the list of people, else 4,8,12.",
        "",
    ),
    spread: str = option(
        "--spread HOW,…",
        "Ways to spread attempts over the day, one row each: prefer,wait,off; by default as the study says.",
        "",
    ),
    days: int | None = option(
        "--days N", "Number of calendar days; by default up to the study's last day, or 60.", None, min=1, max=400
    ),
    zone: parameters.StationZoneOption = "",
    seed: int = option("--seed N", "The same seed gives the same forecast.", 1),
    form: parameters.ResultFormatOption = "table",
    people: parameters.PeopleOption = None,
    db: parameters.DatabaseOption = None,
) -> None:
    """Forecast the rest of the fieldwork: interviews per day, hours per interview, when the target is reached.

    It starts from the cases, appointments and quotas as they are now; nothing is written. How often people answer
    and refuse is measured in the study's own calls, or assumed where there are too few. The result says which.
    Ctrl+C shows what is ready.

    Example: survey forecast study.yaml --interviewers 4,8,12
    """
    from survey_cli.simulate.fieldwork.forecast import ForecastOptions
    from survey_cli.simulate.fieldwork.forecast import forecast as make_forecast

    options = ForecastOptions(
        path=file,
        at=datetimes.now(),
        interviewers=_parse_levels(interviewers),
        spreads=_parse_spreads(spread),
        days=days,
        zone=zone,
        seed=seed,
        db=db,
        people=people,
    )
    with show_day_progress() as progress:
        result = make_forecast(options, progress)
    if form == "json":
        print(render_json(result))
    else:
        print("\n\n".join(_render_parts(result)))
    if result.interrupted:
        say("interrupted: the remaining rows are missing")
        raise typer.Exit(INTERRUPTED)


def _parse_levels(text: str) -> tuple[int, ...]:
    """Parse the numbers of interviewers, one for each row; empty where none is given."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(not part.isdecimal() or not 0 < int(part) <= MAX_INTERVIEWERS for part in parts):
        raise typer.BadParameter(f"--interviewers {text}: write numbers from 1 to {MAX_INTERVIEWERS}, such as 4,8,12")
    return tuple(map(int, parts))


def _parse_spreads(text: str) -> tuple["SpreadMode", ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if any(part not in SPREADS for part in parts):
        raise typer.BadParameter(f"--spread {text}: write prefer, wait or off, or several: prefer,wait,off")
    return tuple(spread for part in parts for spread in SPREADS if spread == part)


def _render_parts(result: "Forecast") -> Iterator[str]:
    completes = f"{result.complete:,}"
    if result.target:
        completes += f" of {result.target:,} ({result.target_of})"
    yield wrap_paragraph(
        f"Forecast from {result.at.astimezone():%a %d %b %Y %H:%M} to {result.until:%a %d %b %Y} "
        f"({result.zone}): {completes} complete now, {format_quantity(result.cases, 'case')}. Nobody was called."
    )
    several = len({row.spread for row in result.rows}) > 1
    head = ("people", *(("spread",) if several else ()), "complete", "per day", "hours", "calls")
    last = result.rows[-1] if result.interrupted else None
    lines = [
        (
            f"{row.interviewers}{'*' if row is last else ''}",
            *((row.spread,) if several else ()),
            f"{row.complete:,}",
            _format_figure(row.completes_per_day),
            _format_figure(row.hours_per_complete, digits=2),
            _format_figure(row.calls_per_complete),
            str(row.target_on or (("?" if row is last else "no") if result.target else "")),
            str(row.runs_out_on or ("?" if row is last else "no")),
        )
        for row in result.rows
    ]
    yield render_table((*head, "target", "sample ends"), lines)
    if last is not None:
        yield wrap_paragraph(
            f"* interrupted after {last.days} of {format_quantity(result.days, 'day')}: "
            "its figures are for these days only"
        )
    for row in result.rows:
        if row.unfilled and row is not last:
            yield wrap_paragraph(_describe_unfilled(row, several=several))
    yield wrap_paragraph(
        "Hours and calls are per complete interview; target: the day on which it is reached; sample ends: the "
        f"day on which no case is left to call. Assumptions: {'; '.join(result.basis)}."
    )


def _format_figure(value: float | None, *, digits: int = 1) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _describe_unfilled(row: "ForecastRow", *, several: bool) -> str:
    cells = [f"{cell.cell} {cell.complete:,} of {cell.target:,}" for cell in row.unfilled]
    who = format_quantity(row.interviewers, "interviewer") + (f" and spread: {row.spread}" if several else "")
    return f"With {who}, these cells do not fill: {join_first(cells, MAX_CELLS)}."
