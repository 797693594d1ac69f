"""The command `rates`: AAPOR's outcome rates. One call to the office, and its report as a table, CSV or JSON."""

import io
import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from survey_cli.cli.terminal import MOST_PROBLEMS, fail, paragraphs, printable, say, table, width
from survey_cli.problems import Trouble

if TYPE_CHECKING:
    from survey_cli.reports.rates import RateColumn, RateTable

MOST_DIGITS: Final = 9


class Frame(StrEnum):
    """How the sample came to be."""

    list = "list"
    establishment = "establishment"
    rdd = "rdd"


class Form(StrEnum):
    """How the report is written."""

    table = "table"
    csv = "csv"
    json = "json"


def rates(
    counts: Annotated[
        str,
        typer.Option(
            "--counts",
            metavar="FILE",
            help="A CSV file of final counts: columns code or group, count, and frame where there are several;"
            " - is stdin.",
        ),
    ] = "",
    frame: Annotated[
        Frame,
        typer.Option(
            "--frame",
            help="How the sample came to be. In a list or establishment frame e is 1; else it is estimated.",
        ),
    ] = Frame.rdd,
    e: Annotated[
        str,
        typer.Option(
            "--e",
            metavar="SHARE",
            help="The eligible share of unknown cases: 0.9, or landline=0.3,mobile=0.5.",
        ),
    ] = "",
    e_uh: Annotated[
        str, typer.Option("--e-uh", metavar="SHARE", help="The same for UH, unknown if household, alone.")
    ] = "",
    e_uo: Annotated[str, typer.Option("--e-uo", metavar="SHARE", help="The same for UO alone.")] = "",
    composite: Annotated[
        str,
        typer.Option(
            "--composite",
            metavar="WEIGHTS",
            help="Also a composite of the frames, by their weights: landline=0.6,mobile=0.4.",
        ),
    ] = "",
    quotas: Annotated[
        bool, typer.Option("--quotas", help="Quotas decided who was interviewed: the heading says so.")
    ] = False,
    digits: Annotated[
        int, typer.Option("--digits", metavar="N", min=0, max=MOST_DIGITS, help="Decimals of the per cents.")
    ] = 1,
    form: Annotated[
        Form, typer.Option("--format", help="A table to read, or figures to go on with.")
    ] = Form.table,
) -> None:
    """Show response, cooperation, refusal and contact rates, as AAPOR defines them.

    Rows of the file are AAPOR codes (2.11) or groups (I P R NC O UH UO NE), and T for a frame's total, which is only
    compared. Counts may be weighted. Frames are never added up.
    """
    from survey_cli.cli.snippets import plain_line
    from survey_cli.office.rating import Assumed, rates_of_counts

    if not counts:
        raise typer.BadParameter("give the final counts: --counts FILE, or --counts - for standard input")
    assumed = Assumed(frame=frame.value, e=e, e_uh=e_uh, e_uo=e_uo, composite=composite, quotas=quotas)
    made = rates_of_counts(counts, assumed, stdin=sys.stdin.buffer)
    if isinstance(made, Trouble):
        for problem in made.problems[:-MOST_PROBLEMS]:  # nothing else checks such a file: all are said
            say(str(problem))
        fail(replace(made, problems=made.problems[-MOST_PROBLEMS:]))
    for warning in made.warnings:
        say(plain_line(warning))
    show(made.report, form=form, digits=digits)


def show(report: "RateTable", *, form: Form, digits: int) -> None:
    """The report on stdout."""
    if form is not Form.table and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # data are UTF-8, whatever the terminal speaks
    match form:
        case Form.table:
            print(drawn(report, digits=digits, cells=width()))
        case Form.csv:
            from survey_cli.exports import FORMATS, Manner
            from survey_cli.reports.rates import rows_of

            FORMATS["csv"].write(rows_of(report), sys.stdout, Manner())
            for line in (report.heading, *report.notes):
                if line:
                    say(line)
        case Form.json:
            print(as_json(report))


def drawn(report: "RateTable", *, digits: int, cells: int) -> str:
    """The report in lines: as many columns side by side as `cells` allow, the others below; then the notes."""
    labels = _labels(report)
    figures = [_figures(column, labels, digits=digits) for column in report.columns]
    left = sum(max(len(label[at]) for label in labels) + len("  ") for at in range(3))
    parts = [report.heading] if report.heading else []
    while figures:
        shown, taken = 0, left
        while shown < len(figures) and (not shown or taken + figures[shown].cells <= cells):
            taken += figures[shown].cells + len("  ")
            shown += 1
        side_by_side, figures = figures[:shown], figures[shown:]
        head, *rows = zip(*zip(*labels, strict=True), *(f.lines for f in side_by_side), strict=True)
        parts.append(table(head, rows))
    parts.append("\n".join(paragraphs(note) for note in report.notes))
    return "\n\n".join(parts)


def _labels(report: "RateTable") -> list[tuple[str, str, str]]:
    """What stands to the left of the figures: a name, what is above the line, what below."""
    from survey_cli.fieldwork.dispositions import GROUPS
    from survey_cli.reports.rates import MEANINGS

    still_open = any(column.open_cases is not None for column in report.columns)
    return [
        ("", "", ""),
        ("cases", "", ""),
        *([("open", "may still be called", "")] if still_open else []),
        *((group, name, "") for group, name in GROUPS.items()),
        ("", "", ""),
        *MEANINGS,
    ]


class _Figures(NamedTuple):
    """One column as it is shown, its title first, every line as wide as the others."""

    lines: tuple[str, ...]
    cells: int


def _figures(column: "RateColumn", labels: Iterable[tuple[str, str, str]], *, digits: int) -> _Figures:
    from rich.cells import cell_len

    from survey_cli.reports.rates import measures, number, per_cent

    def said(name: str) -> str:
        if name in column.rates._fields:
            return per_cent(getattr(column.rates, name), digits)
        count = found.get(name)
        return "" if count is None else number(count)

    total = column.counts.total() if column.counts else None
    found = {**measures(column), "cases": total}
    names = [name for name, _, _ in labels][1:]
    lines = [printable(column.title), *map(said, names)]
    cells = max(map(cell_len, lines))
    return _Figures(tuple(" " * (cells - cell_len(line)) + line for line in lines), cells)


def as_json(report: "RateTable") -> str:
    """The report as one object. Shares are from 0 to 1, and stand under `exact` as fractions; null is not defined."""
    from fractions import Fraction

    from survey_cli.reports.rates import measures

    def described(column: "RateColumn") -> dict[str, object]:
        found = measures(column)
        return {
            "frame": column.frame,
            "by": column.by,
            **{name: float(f) if isinstance(f, Fraction) else f for name, f in found.items()},
            "exact": {name: str(f) for name, f in found.items() if isinstance(f, Fraction)},
        }

    return json.dumps(
        {
            "heading": report.heading,
            "columns": [described(column) for column in report.columns],
            "notes": report.notes,
        },
        ensure_ascii=False,
        indent=1,
    )


COMMANDS = (rates,)
