"""The command `rates`, with AAPOR outcome rates."""

import sys
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output import datetimes, terminal
from survey_cli.cli.output.terminal import render_table, say, separate, wrap_paragraph
from survey_cli.cli.parameters import argument, build_options, flag, option
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.rates import RateColumn, RateTable

MAX_DIGITS: Final = 9


def rates(
    file: str = argument(
        "FILE", "The questionnaire of the study whose cases are counted.", "", show_default=False
    ),
    by: str = option("--by COLUMN", "Also show rates for each value of this sample column.", ""),
    as_of: str = option(
        "--as-of TIME",
        "Ignore what happened later: 2026-11-24 means the end of that day; or '2026-11-24 17:00'.",
        "",
    ),
    finalized: bool = flag("--finalized", "Leave out cases that may still be called."),
    weighted: bool = flag("--weighted", "Weight by the sample column with role: weight."),
    origin: Literal["real", "all"] = option(
        "--origin", "Count real interviews only, or practice and simulated ones too.", "real"
    ),
    counts: str = option(
        "--counts FILE",
        "Instead of cases, a CSV file of final counts: columns code or group, count, and frame if there are"
        " several; - is stdin.",
        "",
    ),
    frame: Literal["list", "establishment", "rdd"] | None = option(
        "--frame",
        "With --counts: kind of sample frame, by default rdd. In a list or establishment frame e is 1;"
        " else it is estimated. A questionnaire names its own.",
        None,
    ),
    e: str = option(
        "--e SHARE", "The eligible share of unknown cases: 0.9, or landline=0.3,mobile=0.5.", ""
    ),
    e_uh: str = option("--e-uh SHARE", "As --e, for UH (unknown if household) only.", ""),
    e_uo: str = option("--e-uo SHARE", "As --e, for UO (unknown, other) only.", ""),
    composite: str = option(
        "--composite WEIGHTS",
        "Also show a composite of the frames with these weights: landline=0.6,mobile=0.4.",
        "",
    ),
    quotas: bool = flag(
        "--quotas", "With --counts: say in the heading that quotas determined who was interviewed."
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
    from survey_cli.reports.fieldwork.rates import tabulate_rates
    from survey_cli.services.report import response_rates
    from survey_cli.services.run_on_study import Request

    if file and counts:
        raise typer.BadParameter("FILE and --counts are two sources of cases — give one of them")
    if not file and not counts:
        line = "survey rates study.yaml, or final counts: survey rates --counts counts.csv"
        raise typer.BadParameter(f"the questionnaire is missing — {line}")
    given = {
        "frame": frame or "rdd",
        "all_origins": origin == "all",
        "zone": parameters.parse_zone(zone),
    }
    options = build_options(response_rates.RatesOptions, locals(), **given)
    if counts:
        if by or as_of or finalized or weighted:
            raise typer.BadParameter(
                "--by, --as-of, --finalized and --weighted are only for an instrument's cases"
            )
        try:
            result = response_rates.compute_rates_from_counts(
                counts, options, stdin=sys.stdin.buffer
            )
        except UserError as error:
            most = terminal.MOST_PROBLEMS
            say(*error.problems[:-most])  # no other command checks such a file: all are printed
            raise UserError(
                error.where, error.what, error.remedy, error.problems[-most:]
            ) from error
    else:
        if frame or quotas:
            raise typer.BadParameter(
                "--frame and --quotas are only for --counts: an instrument defines its own"
            )
        request = Request(path=file, at=datetimes.now(), db=db, people=people, notify=say)
        result = response_rates.compute_study_rates(request, options)
    say(*map(render_plain, result.warnings))
    table = result.table
    lines = render_rates(table, digits=digits, cells=terminal.get_width())
    terminal.print_result(form, lines, _build_rates_value(table), partial(tabulate_rates, table))
    if form == "csv":
        say(*filter(None, (table.title, table.heading, *table.notes)))


def render_rates(report: "RateTable", *, digits: int, cells: int) -> Iterator[str]:
    """Render the report as lines: as many columns side by side as fit into `cells`, the others below, then the notes."""
    from survey_cli.text_width import measure_width

    labels = _build_labels(report)
    figures = [_build_figures(column, labels, digits=digits) for column in report.columns]
    label_width = sum(max(len(label[at]) for label in labels) + len("  ") for at in range(3))
    parts = [
        [line for text in (report.title, report.heading) if text for line in wrap_paragraph(text)]
    ]
    while figures:
        widths = accumulate(
            (max(map(measure_width, lines)) + len("  ") for lines in figures), initial=label_width
        )
        count = max(sum(width - len("  ") <= cells for width in widths) - 1, 1)
        side_by_side, figures = figures[:count], figures[count:]
        head, *rows = zip(*zip(*labels, strict=True), *side_by_side, strict=True)
        parts.append(render_table(head, rows, right=range(3, 3 + count)))
    return separate((*parts, [line for note in report.notes for line in wrap_paragraph(note)]))


def _build_labels(report: "RateTable") -> list[tuple[str, str, str]]:
    """Build the labels left of the figures: name, numerator, denominator."""
    from survey_cli.fieldwork.rates.dispositions import GROUPS
    from survey_cli.reports.fieldwork.rates import RATE_DEFINITIONS

    still_open = any(column.open_cases is not None for column in report.columns)
    open_cases = [("open", "may still be called", "")] if still_open else []
    groups = ((group, name, "") for group, name in GROUPS.items())
    return [("", "", ""), ("cases", "", ""), *open_cases, *groups, ("", "", ""), *RATE_DEFINITIONS]


def _build_figures(
    column: "RateColumn", labels: Iterable[tuple[str, str, str]], *, digits: int
) -> list[str]:
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


def _build_rates_value(report: "RateTable") -> dict[str, Any]:
    """Build the report as one object. Shares are from 0 to 1, and under `exact` as fractions; None means not defined."""
    from fractions import Fraction

    from survey_cli.reports.fieldwork.rates import collect_figures

    columns = []
    for column in report.columns:
        values = collect_figures(column)
        shares = {name: float(f) if isinstance(f, Fraction) else f for name, f in values.items()}
        exact = {name: str(f) for name, f in values.items() if isinstance(f, Fraction)}
        columns.append({"frame": column.frame, "by": column.by, **shares, "exact": exact})
    return {
        "title": report.title,
        "heading": report.heading,
        "columns": columns,
        "notes": report.notes,
    }
