"""Result of one question: its bases, rows, statistics, tests and notes, in total and by column."""

from dataclasses import dataclass

from survey_cli.reports.results import report_model as model
from survey_cli.reports.results.batteries import build_apart
from survey_cli.reports.results.column_groups import ColumnGroup, ReportColumns
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions
from survey_cli.reports.results.result_columns import ColumnMarks, TableColumn
from survey_cli.reports.results.table_notes import (
    build_item_notes,
    explain_hidden_rows,
    list_unanimous,
)
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting import answer_counts, significance


@dataclass(frozen=True, slots=True, kw_only=True)
class _TableLayout:
    """What of the counts of one question is printed."""

    rows: list[int]
    rows_by_column: list[int]
    """The rows that have figures by column; empty if only the total is printed."""
    columns: list[TableColumn]
    own_positions: frozenset[int]
    """The positions of columns that are made of the question's own answers."""


def build_item_result(
    table: Crosstab,
    columns: ReportColumns,
    *,
    interviews: int,
    verbatims: tuple[model.Verbatim, ...] = (),
) -> model.ItemResult:
    """Build the result of one question. `interviews` is the number of all those in the report."""
    question = table.question
    options = columns.options
    notes = build_item_notes(table, interviews, options)
    if _has_rows_by_column(table, columns):
        for note in explain_hidden_rows(table, columns.value_positions, options):
            if note not in notes:
                notes.append(note)

    layout = _lay_out(table, columns)
    marks = ColumnMarks()
    tests: list[significance.SignificanceTest] = []
    if layout.rows_by_column and options.has_tests:
        for group in columns.groups:
            if not group.is_made_of_answers_to(question):
                tests += group.run_tests(table)
                group.add_marks(table, layout.rows_by_column, marks)

    notes += list_unanimous(table, _list_informative(table, columns, layout))

    texts = {name: getattr(question, name) for name in model.ReportItem.__slots__}
    texts["statement"] = question.statement or question.wording
    return model.ItemResult(
        **texts,
        bases=tuple(column.build_base(table, interviews) for column in layout.columns),
        rows=tuple(_build_row(table, row, layout, marks) for row in layout.rows),
        apart=build_apart(table, columns.total),
        summaries=_build_summaries(table, layout, marks),
        margin_text=_describe_margin(table, options),
        is_valid=table.is_valid,
        own_columns=frozenset(
            number
            for number, column in enumerate(layout.columns)
            if column.position in layout.own_positions
        ),
        tests=tuple(tests),
        notes=tuple(notes),
        verbatims=verbatims,
    )


def _has_rows_by_column(table: Crosstab, columns: ReportColumns) -> bool:
    """Return whether answers can be shown by column."""
    is_asked = table.bases[0].people > 0
    return bool(columns.groups) and is_asked and table.question.kind not in ("words", "time")


def _lay_out(table: Crosstab, columns: ReportColumns) -> _TableLayout:
    """Choose the rows and columns that are printed."""
    rows = table.select_rows([0])
    rows_by_column: list[int] = []
    if _has_rows_by_column(table, columns):
        selected = table.select_rows(columns.value_positions)
        rows_by_column = [row for row in selected if row in rows]
        rows = [row for row in rows if row in rows_by_column or not table.lines[row].is_coarse]

    own_groups = _find_own_groups(table, columns)
    # Nothing is left to print by column if all columns are made of the question's own answers.
    if own_groups and all(group in own_groups or not group.columns for group in columns.groups):
        rows = [row for row in rows if not table.lines[row].is_coarse]
        rows_by_column = []
        own_groups = []
    return _TableLayout(
        rows=rows,
        rows_by_column=rows_by_column,
        columns=columns.printed if rows_by_column else [columns.total],
        own_positions=frozenset(position for group in own_groups for position in group.columns),
    )


def _find_own_groups(table: Crosstab, columns: ReportColumns) -> list[ColumnGroup]:
    """Return the groups that are made of the question's own answers: of the men, all are men.

    A multiple has none: people who chose one of its options may have chosen others.
    """
    if table.question.kind == "multiple":
        return []
    return [group for group in columns.groups if group.is_made_of_answers_to(table.question)]


def _list_informative(
    table: Crosstab, columns: ReportColumns, layout: _TableLayout
) -> list[TableColumn]:
    """List the printed columns that aren't made of the question's own answers."""
    informative: list[TableColumn] = [columns.total]
    for group in columns.groups:
        if not group.is_made_of_answers_to(table.question):
            informative += [column for column in group.columns.values() if column in layout.columns]
    return informative


def _build_row(
    table: Crosstab, row: int, layout: _TableLayout, marks: ColumnMarks
) -> model.ResultRow:
    line = table.lines[row]
    columns = layout.columns if row in layout.rows_by_column else layout.columns[:1]
    note = translate(line.note) if line.note == "volunteered" else line.note
    return model.ResultRow(
        kind=line.kind,
        code=line.code,
        label=line.label,
        figures=tuple(column.build_cell(table, row, marks) for column in columns),
        side=line.side,
        note=note,
    )


def _build_summaries(
    table: Crosstab, layout: _TableLayout, marks: ColumnMarks
) -> tuple[model.SummaryStatistics, ...]:
    """Build the statistics of each column; none at all if every one of them is hidden."""
    if all(table.is_mean_hidden(column.position) for column in layout.columns):
        return ()
    summaries = [column.build_summary(table, marks) for column in layout.columns]
    return tuple(summary for summary in summaries if summary is not None)


def _describe_margin(table: Crosstab, options: ResultOptions) -> str:
    """Describe the largest margin of error of a percentage; empty if it isn't requested."""
    base = table.bases[0]
    effective = answer_counts.compute_effective_size(base)
    if not options.margins or not effective or table.is_base_hidden(0):
        return ""
    half = answer_counts.compute_half_width(
        effective, base.people, options.population, options.level
    )
    level = f"{options.level * 100:g}"
    return translate("± {points} points at most, {level} % confidence", points=half, level=level)
