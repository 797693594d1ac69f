"""The command `rates`: AAPOR's outcome rates as a table, CSV or JSON."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output import terminal
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.parameters import argument, option
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.rates import RateColumn, RateTable

MAX_DIGITS: Final = 9


FrameChoice: TypeAlias = Literal["list", "establishment", "rdd"]
"""Kind of sample frame."""


RatesOriginChoice: TypeAlias = Literal["real", "all"]
"""Which interviews count."""


def rates(
    file: str = argument("FILE", "The questionnaire of the study whose cases are counted.", "", show_default=False),
    by: str = option("--by COLUMN", "Also show rates for each value of this sample column.", ""),
    as_of: str = option(
        "--as-of TIME", "Ignore what happened later: 2026-11-24 means the end of that day; or '2026-11-24 17:00'.", ""
    ),
    finalized: bool = option("--finalized", "Leave out cases that may still be called.", False),
    weighted: bool = option("--weighted", "Weight by the sample column with role: weight.", False),
    origin: RatesOriginChoice = option(
        "--origin", "Count real interviews only, or practice and simulated ones too.", "real"
    ),
    counts: str = option(
        "--counts FILE",
        "Instead of cases, a CSV file of final counts: columns code or group, count, and frame if there are"
        " several; - is stdin.",
        "",
    ),
    frame: FrameChoice | None = option(
        "--frame",
        "With --counts: kind of sample frame, by default rdd. In a list or establishment frame e is 1;"
        " else it is estimated. A questionnaire names its own.",
        None,
    ),
    e: str = option("--e SHARE", "The eligible share of unknown cases: 0.9, or landline=0.3,mobile=0.5.", ""),
    e_uh: str = option("--e-uh SHARE", "As --e, for UH (unknown if household) only.", ""),
    e_uo: str = option("--e-uo SHARE", "As --e, for UO (unknown, other) only.", ""),
    composite: str = option(
        "--composite WEIGHTS", "Also show a composite of the frames with these weights: landline=0.6,mobile=0.4.", ""
    ),
    quotas: bool = option(
        "--quotas", "With --counts: say in the heading that quotas determined who was interviewed.", False
    ),
    digits: int = option("--digits N", "Decimal places of percentages.", 1, min=0, max=MAX_DIGITS),
    form: parameters.ListFormatOption = "table",
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Show response, cooperation, refusal and contact rates, as AAPOR defines them.

    Every released case of the study counts as if the field period closed now, or at the time given. It counts under
    the code that comes first in precedence; a case never dialed counts as 2.20, or as 3.11 in a random digit
    sample. The number of open cases is shown as well.

    A file of counts has rows of AAPOR codes (2.11) or groups (I P R NC O UH UO NE), and T for a frame's total,
    which is only compared. Counts may be weighted. Frames are never added up.

    Example: survey rates study.yaml --as-of 2026-11-24
    """
    from survey_cli.cli.output.problems import render_plain
    from survey_cli.services.report.response_rates import (
        RateAssumptions,
        RatesOptions,
        compute_rates_from_counts,
        compute_study_rates,
    )

    if bool(file) == bool(counts):
        raise typer.BadParameter("give an instrument, or final counts: --counts FILE (- is standard input)")
    assumptions = RateAssumptions(frame=frame or "rdd", e=e, e_uh=e_uh, e_uo=e_uo, composite=composite, quotas=quotas)
    if counts:
        if by or as_of or finalized or weighted:
            raise typer.BadParameter("--by, --as-of, --finalized and --weighted are only for an instrument's cases")
        try:
            result = compute_rates_from_counts(counts, assumptions, stdin=sys.stdin.buffer)
        except UserError as error:
            for problem in error.problems[
                : -terminal.MOST_PROBLEMS
            ]:  # no other command checks such a file: all are printed
                terminal.say(str(problem))
            raise UserError(error.where, error.what, error.remedy, error.problems[-terminal.MOST_PROBLEMS :]) from error
    else:
        if frame or quotas:
            raise typer.BadParameter("--frame and --quotas are only for --counts: an instrument defines its own")
        options = RatesOptions(
            by=by,
            as_of=as_of,
            finalized=finalized,
            weighted=weighted,
            all_origins=origin == "all",
            assumptions=assumptions,
        )
        now = datetime.now(UTC)
        result = compute_study_rates(
            file, options, now=now, zone=parameters.parse_zone(zone), db=db, people=people, notify=terminal.say
        )
    for warning in result.warnings:
        terminal.say(render_plain(warning))
    print_rates(result.table, form=form, digits=digits)


def print_rates(report: "RateTable", *, form: parameters.ListFormat, digits: int) -> None:
    """Print the report on stdout."""
    match form:
        case "table":
            print(render_rates(report, digits=digits, cells=terminal.get_width()))
        case "csv":
            from survey_cli.exports import WriteOptions
            from survey_cli.exports.text import write_csv
            from survey_cli.reports.fieldwork.rates import tabulate_rates

            write_csv(tabulate_rates(report), terminal.open_data_output(), WriteOptions())
            for line in (report.title, report.heading, *report.notes):
                if line:
                    terminal.say(line)
        case "json":
            print(render_rates_json(report), file=terminal.open_data_output())


def render_rates(report: "RateTable", *, digits: int, cells: int) -> str:
    """Render the report as text: as many columns side by side as fit into `cells`, the others below, then the notes."""
    from survey_cli.text_width import measure_width

    labels = _build_labels(report)
    figures = [_build_figures(column, labels, digits=digits) for column in report.columns]
    label_width = sum(max(len(label[at]) for label in labels) + len("  ") for at in range(3))
    headings = [terminal.wrap_paragraph(line) for line in (report.title, report.heading) if line]
    parts = ["\n".join(headings)] if headings else []
    while figures:
        widths = accumulate((max(map(measure_width, lines)) + len("  ") for lines in figures), initial=label_width)
        count = max(sum(width - len("  ") <= cells for width in widths) - 1, 1)
        side_by_side, figures = figures[:count], figures[count:]
        head, *rows = zip(*zip(*labels, strict=True), *side_by_side, strict=True)
        parts.append(terminal.render_table(head, rows, right=range(3, 3 + count)))
    parts.append("\n".join(terminal.wrap_paragraph(note) for note in report.notes))
    return "\n\n".join(parts)


def _build_labels(report: "RateTable") -> list[tuple[str, str, str]]:
    """Build the labels left of the figures: name, numerator, denominator."""
    from survey_cli.fieldwork.rates.dispositions import GROUPS
    from survey_cli.reports.fieldwork.rates import RATE_DEFINITIONS

    still_open = any(column.open_cases is not None for column in report.columns)
    return [
        ("", "", ""),
        ("cases", "", ""),
        *([("open", "may still be called", "")] if still_open else []),
        *((group, name, "") for group, name in GROUPS.items()),
        ("", "", ""),
        *RATE_DEFINITIONS,
    ]


def _build_figures(column: "RateColumn", labels: Iterable[tuple[str, str, str]], *, digits: int) -> list[str]:
    from survey_cli.reports.fieldwork.rates import collect_figures, format_rate
    from survey_cli.reports.rounding import format_count

    def format_figure(name: str) -> str:
        if name in column.rates._fields:
            return format_rate(getattr(column.rates, name), digits)
        count = values.get(name)
        return "" if count is None else format_count(count)

    total = column.counts.sum_groups() if column.counts else None
    values = {**collect_figures(column), "cases": total}
    names = [name for name, _, _ in labels][1:]
    return [terminal.make_printable(column.title), *map(format_figure, names)]


def render_rates_json(report: "RateTable") -> str:
    """Render the report as one object. Shares are from 0 to 1, and under `exact` as fractions; null means not defined."""
    from fractions import Fraction

    from survey_cli.reports.fieldwork.rates import collect_figures

    def describe_column(column: "RateColumn") -> dict[str, object]:
        values = collect_figures(column)
        return {
            "frame": column.frame,
            "by": column.by,
            **{name: float(f) if isinstance(f, Fraction) else f for name, f in values.items()},
            "exact": {name: str(f) for name, f in values.items() if isinstance(f, Fraction)},
        }

    columns = [describe_column(column) for column in report.columns]
    return render_json({"title": report.title, "heading": report.heading, "columns": columns, "notes": report.notes})
