"""Results as one long table for other programs: one row per figure."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from survey_cli.documents.text_runs import flatten
from survey_cli.reports.results.report_model import Base, Figure, ItemResult, ResultRow, Results
from survey_cli.reports.rounding import format_decimal
from survey_cli.table.table import Table
from survey_cli.values import Cell, Variable

COLUMNS: Final = (
    "number", "item", "section", "label", "wording", "group", "column", "kind", "code", "answer",
    "count", "per_cent", "shown_count", "shown_per_cent", "letters", "base", "base_words", "effective_base",
    "narrowed",
)  # fmt: skip
MAX_DECIMALS: Final = 6
_WHOLE_NUMBER: Final = re.compile(r"-?[1-9][0-9]*|0", re.ASCII)
"""A number that no spreadsheet runs as a formula."""


def build_results_table(results: Results) -> Table:
    """Build the table: counts and percentages to six decimals, and as they are printed beside them.

    Hidden figures are empty, and rows of the topline have no group. `narrowed` holds the filter notes.
    """
    return Table(
        variables=tuple(Variable(name=name, storage="text", role="admin") for name in COLUMNS),
        rows=list(_iterate_rows(results)),
    )


def _iterate_rows(results: Results) -> Iterator[tuple[Cell, ...]]:
    narrowed = " ".join(results.filter_notes)
    for item in results.items:
        for row in item.rows:
            yield (*_build_row(item, "", "", row, row.total, item.base), narrowed)
        table = results.banner.find_table(item.id) if results.banner else None
        if table is None or results.banner is None:
            continue
        for place, column in enumerate(results.banner.columns):
            if not column.group:
                continue  # the total, which the topline has
            for row in table.rows:
                figure, base = row.figures[place], table.bases[place]
                yield (*_build_row(item, column.group, column.label, row, figure, base), narrowed)


def _build_row(
    item: ItemResult, group: str, column: str, row: ResultRow, figure: Figure, base: Base
) -> tuple[Cell, ...]:
    return (
        str(item.number),
        item.id,
        flatten(item.section),
        flatten(item.label),
        flatten(item.wording),
        group,
        column,
        row.kind,
        _parse_number(row.code),
        _parse_number(flatten(row.label) + (f" ({row.note})" if row.note else "")),
        _format_exact(figure.amount),
        _format_exact(None if figure.share is None else figure.share * 100),
        figure.count_text,
        figure.percent_text,
        figure.letters,
        "" if base.asked is None else str(base.asked),
        base.text,
        base.effective_text,
    )


def _parse_number(text: str) -> int | str:
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else text


def _format_exact(value: Fraction | int | None) -> str:
    if value is None:
        return ""
    if Fraction(value).denominator == 1:
        return str(int(value))
    return format_decimal(value, MAX_DECIMALS).replace(",", "").rstrip("0").removesuffix(".")
