"""The command `rates`, with AAPOR outcome rates."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output import datetimes, terminal
from survey_cli.cli.output.terminal import render_table, say, separate, wrap_paragraph
from survey_cli.cli.parameters import option, questionnaire_argument
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.rates import RateColumn, RateTable
    from survey_cli.services.report.response_rates import RatesOptions, RatesReport

MAX_DIGITS: Final = 9
GAP: Final = len("  ")
"""Cells between two columns."""


@option_group
class RatesParameters:
    """The options of `survey rates`."""

    by: Annotated[
        str, option("--by COLUMN", "Also show rates for each value of this sample column.")
    ] = ""
    as_of: Annotated[
        str,
        option(
            "--as-of TIME",
            "Ignore what happened later: 2026-11-24 means the end of that day; or '2026-11-24 "
            "17:00'.",
        ),
    ] = ""
    finalized: Annotated[
        bool, option("--finalized", "Leave out cases that may still be called.")
    ] = False
    weighted: Annotated[
        bool, option("--weighted", "Weight by the sample column with role: weight.")
    ] = False
    origin: Annotated[
        Literal["real", "all"],
        option("--origin", "Count real interviews only, or practice and simulated ones too."),
    ] = "real"
    counts: Annotated[
        str,
        option(
            "--counts FILE",
            "Instead of cases, a CSV file of final counts: columns code or group, count, and frame "
            "if there are"
            " several; - is stdin.",
        ),
    ] = ""
    frame: Annotated[
        Literal["list", "establishment", "rdd"] | None,
        option(
            "--frame",
            "With --counts: kind of sample frame, by default rdd. In a list or establishment frame "
            "e is 1;"
            " else it is estimated. A questionnaire names its own.",
        ),
    ] = None
    e: Annotated[
        str,
        option(
            "--e SHARE", "The eligible share of unknown cases: 0.9, or landline=0.3,mobile=0.5."
        ),
    ] = ""
    e_uh: Annotated[str, option("--e-uh SHARE", "As --e, for UH (unknown if household) only.")] = ""
    e_uo: Annotated[str, option("--e-uo SHARE", "As --e, for UO (unknown, other) only.")] = ""
    composite: Annotated[
        str,
        option(
            "--composite WEIGHTS",
            "Also show a composite of the frames with these weights: landline=0.6,mobile=0.4.",
        ),
    ] = ""
    quotas: Annotated[
        bool,
        option(
            "--quotas",
            "With --counts: say in the heading that quotas determined who was interviewed.",
        ),
    ] = False
    digits: Annotated[
        int, option("--digits N", "Decimal places of percentages.", min=0, max=MAX_DIGITS)
    ] = 1
    form: parameters.ListFormatOption = "table"
    people: parameters.PeopleOption = None
    zone: parameters.ZoneOption = ""
    db: parameters.DatabaseOption = None

    def make_rates_options(self) -> "RatesOptions":
        """Return which cases are counted, and what is assumed about eligibility."""
        from survey_cli.services.report.response_rates import RatesOptions

        return RatesOptions(
            by=self.by,
            as_of=self.as_of,
            zone=parameters.parse_zone(self.zone),
            finalized=self.finalized,
            weighted=self.weighted,
            all_origins=self.origin == "all",
            frame=self.frame or "rdd",
            e=self.e,
            e_uh=self.e_uh,
            e_uo=self.e_uo,
            composite=self.composite,
            quotas=self.quotas,
        )


def rates(
    given: RatesParameters,
    file: Annotated[
        str,
        questionnaire_argument(
            "FILE", "The questionnaire of the study whose cases are counted.", show_default=False
        ),
    ] = "",
) -> None:
    """Show response, cooperation, refusal and contact rates, as AAPOR defines them.

    Every released case of the study counts as if the field period closed now, or at the time given.
    It counts under the code that comes first in precedence; a case never dialed counts as 2.20, or
    as 3.11 in a random digit sample. The number of open cases is shown as well.

    A file of counts has rows of AAPOR codes (2.11) or groups (I P R NC O UH UO NE), and T for a
    frame's total, which is only compared. Counts may be weighted. Frames are never added up.

    Example: survey rates study.yaml --as-of 2026-11-24
    """
    from survey_cli.cli.output.problems import render_plain
    from survey_cli.reports.fieldwork.rates import tabulate_rates

    if file and given.counts:
        raise typer.BadParameter("FILE and --counts are two sources of cases — give one of them")
    if not file and not given.counts:
        line = "survey rates study.yaml, or final counts: survey rates --counts counts.csv"
        raise typer.BadParameter(f"the questionnaire is missing — {line}")

    if given.counts:
        result = _compute_from_counts(given)
    else:
        result = _compute_from_cases(file, given)

    say(*map(render_plain, result.warnings))
    table = result.table
    lines = render_rates(table, digits=given.digits, cells=terminal.get_width())
    terminal.print_result(
        given.form, lines, _build_rates_value(table), partial(tabulate_rates, table)
    )
    if given.form == "csv":
        # A CSV file has only the figures.
        remarks = (table.title, table.heading, *table.notes)
        say(*(remark for remark in remarks if remark))


def _compute_from_counts(given: RatesParameters) -> "RatesReport":
    """Compute the rates of a file of final counts."""
    from survey_cli.services.report.response_rates import compute_rates_from_counts

    options = given.make_rates_options()
    if given.by or given.as_of or given.finalized or given.weighted:
        raise typer.BadParameter(
            "--by, --as-of, --finalized and --weighted are only for an instrument's cases"
        )

    try:
        return compute_rates_from_counts(given.counts, options, stdin=sys.stdin.buffer)
    except UserError as error:
        # All problems are printed, since no other command checks such a file.
        most = terminal.MOST_PROBLEMS
        say(*error.problems[:-most])
        raise UserError(error.where, error.what, error.remedy, error.problems[-most:]) from error


def _compute_from_cases(file: str, given: RatesParameters) -> "RatesReport":
    """Compute the rates of a study's cases."""
    from survey_cli.services.report.response_rates import compute_study_rates
    from survey_cli.services.run_on_study import Request

    options = given.make_rates_options()
    if given.frame or given.quotas:
        raise typer.BadParameter(
            "--frame and --quotas are only for --counts: an instrument defines its own"
        )

    request = Request(path=file, at=datetimes.now(), db=given.db, people=given.people, notify=say)
    return compute_study_rates(request, options)


def render_rates(report: "RateTable", *, digits: int, cells: int) -> Iterator[str]:
    """Render the report as lines of at most so many cells, then the notes.

    The columns that don't fit beside the others follow below them.
    """
    labels = _build_labels(report)
    label_width = 0
    for position in range(3):
        label_width += max(len(label[position]) for label in labels) + GAP

    columns = [_build_figures(column, labels, digits=digits) for column in report.columns]
    parts = [[*_wrap(report.title), *_wrap(report.heading)]]
    while columns:
        count = _count_fitting(columns, cells - label_width)
        head, *rows = zip(*zip(*labels, strict=True), *columns[:count], strict=True)
        parts.append(render_table(head, rows, right=range(3, 3 + count)))
        columns = columns[count:]
    parts.append([line for note in report.notes for line in wrap_paragraph(note)])
    return separate(parts)


def _wrap(text: str) -> list[str]:
    """Wrap a text that may be empty."""
    return wrap_paragraph(text) if text else []


def _count_fitting(columns: Sequence[Sequence[str]], cells: int) -> int:
    """Return how many of the columns fit into so many cells, at least 1."""
    from survey_cli.text_width import measure_width

    count = 0
    for column in columns:
        width = max(measure_width(cell) for cell in column)
        if width > cells:
            break
        cells -= width + GAP
        count += 1
    return max(count, 1)


def _build_labels(report: "RateTable") -> list[tuple[str, str, str]]:
    """Build the labels left of the figures: name, numerator, denominator."""
    from survey_cli.fieldwork.rates.dispositions import GROUPS
    from survey_cli.reports.fieldwork.rates import RATE_DEFINITIONS

    labels = [("", "", ""), ("cases", "", "")]
    if any(column.open_cases is not None for column in report.columns):
        labels.append(("open", "may still be called", ""))
    labels += [(group, name, "") for group, name in GROUPS.items()]
    labels.append(("", "", ""))
    labels += RATE_DEFINITIONS
    return labels


def _build_figures(
    column: "RateColumn", labels: Sequence[tuple[str, str, str]], *, digits: int
) -> list[str]:
    """Build a column: its title, and a figure for each label after the first."""
    from survey_cli.reports.fieldwork.rates import collect_figures, format_rate
    from survey_cli.reports.rounding import format_count

    counts = collect_figures(column)
    counts["cases"] = column.counts.sum_groups() if column.counts else None

    cells = [terminal.make_printable(column.title)]
    for name, _, _ in labels[1:]:
        if name in column.rates._fields:
            cells.append(format_rate(getattr(column.rates, name), digits))
            continue

        # A count that isn't known, such as those of a composite, is an empty cell.
        count = counts.get(name)
        cells.append("" if count is None else format_count(count))
    return cells


def _build_rates_value(report: "RateTable") -> dict[str, Any]:
    """Build the report as one object.

    Shares are from 0 to 1, and under `exact` as fractions; None means that one is not defined.
    """
    from fractions import Fraction

    from survey_cli.reports.fieldwork.rates import collect_figures

    columns = []
    for column in report.columns:
        figures: dict[str, float | None] = {}
        exact: dict[str, str] = {}
        for name, figure in collect_figures(column).items():
            if isinstance(figure, Fraction):
                figures[name] = float(figure)
                exact[name] = str(figure)
            else:
                figures[name] = figure
        columns.append({"frame": column.frame, "by": column.by, **figures, "exact": exact})

    return {
        "title": report.title,
        "heading": report.heading,
        "columns": columns,
        "notes": report.notes,
    }
