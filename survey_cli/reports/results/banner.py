"""Banner tables: every item by every banner column, with percentages, bases, letters and tests."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from math import comb
from string import ascii_uppercase
from typing import Final

from survey_cli.reports.results import topline
from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.questions import UNASKED_KINDS, get_missing_kind
from survey_cli.reports.results.report_model import Banner, BannerColumn, BannerTable, ResultRow
from survey_cli.reports.rounding import UNRELIABLE_MARK
from survey_cli.reports.weighting import significance
from survey_cli.reports.weighting.answer_counts import (
    AnswerColumns,
    Grouping,
    compute_effective_size,
    list_value_columns,
)
from survey_cli.reports.weighting.weighting_model import SignificanceTest
from survey_cli.values import Cell, Missing, Variable

MAX_COLUMNS: Final = 12
"""Largest number of columns of one grouping."""
NO_VALUE: Final = "no value"
HIDDEN_TEST_NOTE: Final = "no test, because counts are hidden"
"""Note in place of a test. Where the sizes of rows and columns are known, a p value would disclose hidden counts."""


def build_grouping(answers: AnswerColumns, variable: Variable) -> Grouping | int:
    """Divide interviews by a variable; return the number of values where there are too many.

    Labeled codes come in their order, then other values, and last those without a value.
    """
    cells = answers.read_cells(variable.name)
    values = {cell for cell in cells.values() if not isinstance(cell, Missing) and cell != ""}
    if len(values) > MAX_COLUMNS:
        return len(values)
    labeled = [code for code in variable.labels if code in values]
    others = sorted(values - set(labeled), key=_make_sort_key)
    labels = [variable.labels[code] for code in labeled] + [str(value) for value in others]
    parts: dict[Cell, int] = {value: position for position, value in enumerate([*labeled, *others])}
    if variable.role == "answer":
        for kind in dict.fromkeys(map(get_missing_kind, cells.values())):
            if kind and kind not in UNASKED_KINDS:
                parts[next(cell for cell in cells.values() if get_missing_kind(cell) == kind)] = len(labels)
                labels.append(variable.declines[kind][1] if kind in variable.declines else kind)
    part_by_interview = [parts.get(cells[text], len(labels)) for text in answers.columns[variable.name]]
    if len(labels) in part_by_interview:
        labels.append(NO_VALUE)
    return Grouping(
        name=variable.name,
        label=variable.label,
        part_labels=tuple(labels),
        part_by_interview=part_by_interview,
        has_value=(True,) * len(values) + (False,) * (len(labels) - len(values)),
        ordered=variable.measure in ("ordinal", "scale"),
    )


def _make_sort_key(value: Cell) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return 0, float(value), ""
    return 1, 0.0, str(value)


def build_banner(tables: Sequence[Crosstab], groupings: Sequence[Grouping], options: ResultOptions) -> Banner:
    """Build a table of each item that somebody was asked, without open questions and times of day."""
    columns = [BannerColumn("", "All"), *_build_columns(groupings, lettered=options.with_tests)]
    shown = [table for table in tables if table.bases[0].people and table.question.kind not in ("words", "time")]
    banner_tables = tuple(_build_table(table, groupings, columns, options) for table in shown)
    weighted = any(table.is_weighted for table in shown)
    notes = tuple(_build_notes(banner_tables, options, weighted=weighted))
    return Banner(columns=tuple(columns), tables=banner_tables, notes=notes)


def _build_columns(groupings: Sequence[Grouping], *, lettered: bool) -> list[BannerColumn]:
    return [
        BannerColumn(grouping.label, label, ascii_uppercase[i] if has_value and lettered else "", grouping.name)
        for grouping in groupings
        for i, (label, has_value) in enumerate(zip(grouping.part_labels, grouping.has_value, strict=True))
    ]


def _list_value_columns_by_grouping(groupings: Sequence[Grouping]) -> list[tuple[Grouping, list[int]]]:
    """Return each grouping with the positions of the columns of its values."""
    start, columns = 1, []
    for grouping in groupings:
        columns.append((grouping, [start + i for i, has_value in enumerate(grouping.has_value) if has_value]))
        start += len(grouping.part_labels)
    return columns


def _build_table(
    table: Crosstab, groupings: Sequence[Grouping], columns: Sequence[BannerColumn], options: ResultOptions
) -> BannerTable:
    every = range(len(columns))
    value_columns = list_value_columns(groupings)
    notes = [
        f"By group: {note[:1].lower()}{note[1:]}" for note in topline.explain_hidden_rows(table, value_columns, options)
    ]
    shown = table.select_rows(value_columns)
    if not shown:
        return BannerTable(id=table.question.id, rows=(), bases=(), notes=tuple(notes))
    rows = topline.build_rows(table, shown, every, options)
    tests: list[SignificanceTest] = []
    if options.with_tests:
        rows = _add_letters(table, rows, shown, groupings, columns, options)
        for grouping, group_columns in _list_value_columns_by_grouping(groupings):
            tests += _run_tests(table, grouping, group_columns, options)
    has_means = not all(map(table.is_mean_hidden, every))
    summaries = [topline.build_summary(table, column, options) for column in every] if has_means else []
    unanimous = topline.warn_if_unanimous(table, 0, "everybody who was asked")
    if not unanimous:
        for column in every[1:]:
            group, label, _, variable = columns[column]
            if variable not in (table.question.item, *table.question.columns):
                unanimous += topline.warn_if_unanimous(table, column, f"all of {group}, {label},")
    return BannerTable(
        id=table.question.id,
        rows=rows,
        bases=tuple(topline.build_base(table, column) for column in every),
        summaries=tuple(summary for summary in summaries if summary is not None),
        tests=tuple(tests),
        notes=(*notes, *unanimous),
    )


def _run_tests(
    table: Crosstab, grouping: Grouping, columns: Sequence[int], options: ResultOptions
) -> list[SignificanceTest]:
    """Test answers against columns, and a scale or number also for its trend. No test uses declines."""
    if grouping.name == table.question.item or table.question.kind == "multiple":
        return []
    tested = {i: line for i, line in enumerate(table.lines) if line.in_tests}
    if any(position.column in columns and position.row in tested for position in table.hidden):
        return [SignificanceTest(grouping.label, "", "", None, "", HIDDEN_TEST_NOTE)]
    matrix = significance.ComparisonTable(
        grouping.label,
        [[line.counts[column] for column in columns] for line in tested.values()],
        weighted=table.is_weighted,
        population_correction=options.compute_population_correction(table.bases[0].people),
    )
    tests = [significance.run_independence_test(matrix, seed=options.seed)]
    if table.question.kind in ("scale", "number") and tests[0].name:
        by_value = matrix._replace(counts=[[counts[column] for column in columns] for _, counts in table.values])
        values = [value for value, _ in table.values]
        tests.append(significance.run_trend_test(by_value, values, ordered=grouping.ordered))
    return tests


def _add_letters(
    table: Crosstab,
    rows: Sequence[ResultRow],
    shown: Sequence[int],
    groupings: Sequence[Grouping],
    columns: Sequence[BannerColumn],
    options: ResultOptions,
) -> tuple[ResultRow, ...]:
    """Add to each figure the letters of the columns in its group whose share is significantly smaller.

    `shown` holds the positions of the rows in the table. Only columns with a large enough base are compared.
    """
    compared = []
    for grouping, group_columns in _list_value_columns_by_grouping(groupings):
        if grouping.name != table.question.item:
            large = [c for c in group_columns if compute_effective_size(table.bases[c]) >= SMALL_BASE]
            compared.append([c for c in large if not table.is_base_hidden(c)])
    correction = options.compute_population_correction(table.bases[0].people)
    lettered = []
    for position, row in zip(shown, rows, strict=True):
        figures = list(row.figures)
        counts = table.lines[position].counts
        for group in compared:
            for higher, lower in permutations(group, 2):
                if figures[higher].hidden or figures[lower].hidden:
                    continue
                if significance.is_significantly_greater(
                    (counts[higher], table.bases[higher]),
                    (counts[lower], table.bases[lower]),
                    pairs=comb(len(group), 2),
                    weighted=table.is_weighted,
                    population_correction=correction,
                ):
                    letters = sorted(figures[higher].letters + columns[lower].letter)
                    figures[higher] = figures[higher]._replace(letters="".join(letters))
        lettered.append(replace(row, figures=tuple(figures)))
    return tuple(lettered)


def _build_notes(tables: Sequence[BannerTable], options: ResultOptions, *, weighted: bool) -> list[str]:
    """Build the notes on all tables and their tests."""
    notes = ["Column percentages; the base of a column is its interviews in which the item was asked."]
    if any(base.small_text for table in tables for base in table.bases):
        notes.append(
            f"{UNRELIABLE_MARK} a base of fewer than {SMALL_BASE}: one person more or less changes its percentages by"
            f" more than three points."
        )
    if weighted:
        notes.append(
            "Effective bases are Kish’s, (Σw)²/Σw²; letters and trend tests use them, and no test uses weighted counts."
        )
    if not options.with_tests:
        notes.append(
            "No tests: the whole population was selected, so no difference comes from sampling."
            if options.census
            else "No tests were requested."
        )
        return notes
    notes.append(
        f"A letter marks a percentage significantly higher than that of the column with that letter, in the same group:"
        f" z tests of two shares at the 0.05 level, Bonferroni’s correction for the pairs of columns, effective bases of"
        f" at least {SMALL_BASE}; none where a percentage is 0 or 100."
    )
    notes.append(
        "Tests leave out declines and columns without a value; items with several answers are compared only by"
        " letters. Among many tests, some are significant by chance."
    )
    names = {test.name for table in tables for test in table.tests if test.name}
    notes += [f"{name}: {text}" for name, text in significance.describe_tests(options.seed).items() if name in names]
    if names and options.population:
        notes.append(
            f"The statistics are corrected for a population of {options.population:,}, except those of Fisher’s exact"
            f" test, whose p is conservative."
        )
    return notes
