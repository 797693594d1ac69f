"""Banner tables: every item by every banner column, with percentages, bases, letters and tests.

Which counts are hidden was decided before.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from string import ascii_uppercase
from typing import Final

from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.questions import UNASKED_KINDS
from survey_cli.reports.results.report_model import Banner, BannerColumn, BannerTable, ResultRow, SummaryStatistics
from survey_cli.reports.results.topline import (
    build_base,
    build_rows,
    build_summary,
    explain_hidden_rows,
    warn_if_unanimous,
)
from survey_cli.reports.rounding import UNRELIABLE_MARK
from survey_cli.reports.weighting.answer_counts import (
    AnswerColumns,
    Grouping,
    compute_effective_size,
    list_value_columns,
)
from survey_cli.reports.weighting.significance import (
    ComparisonTable,
    describe_tests,
    is_significantly_greater,
    run_independence_test,
    run_trend_test,
)
from survey_cli.reports.weighting.weighting_model import SignificanceTest
from survey_cli.values import Cell, Missing, Variable

MAX_COLUMNS: Final = 12
"""Of one grouping, that anybody still reads."""
NO_VALUE: Final = "no value"
HIDDEN_TEST_NOTE: Final = "no test beside hidden counts"
"""With the sizes of rows and columns known, a p value is as good as the counts it is made of."""


def build_grouping(answers: AnswerColumns, variable: Variable) -> Grouping | int:
    """Divide interviews by a variable; return the number of values where there are too many.

    Labeled codes come in their order, then other values, and last those without a value.
    """
    cells = answers.read_cells(variable.name)
    column = answers.columns[variable.name]
    values = {cell for cell in cells.values() if not isinstance(cell, Missing) and cell != ""}
    listed = [code for code in variable.labels if code in values]
    others = sorted(values - set(listed), key=_make_sort_key)
    if len(values) > MAX_COLUMNS:
        return len(values)
    declines = dict.fromkeys(
        cell.kind
        for cell in cells.values()
        if isinstance(cell, Missing) and cell.kind not in UNASKED_KINDS and variable.role == "answer"
    )
    of: dict[Cell, int] = {value: place for place, value in enumerate([*listed, *others])}
    labels = [variable.labels[code] for code in listed] + [str(value) for value in others]
    for kind in declines:
        of[_find_missing_cell(cells, kind)] = len(labels)
        labels.append(variable.declines[kind][1] if kind in variable.declines else kind)
    known = (True,) * len(values) + (False,) * (len(labels) - len(values))
    parts = [of.get(cells[text], len(labels)) for text in column]
    if any(part == len(labels) for part in parts):
        labels, known = [*labels, NO_VALUE], (*known, False)
    return Grouping(
        name=variable.name,
        label=variable.label,
        part_labels=tuple(labels),
        part_by_interview=parts,
        has_value=known,
        ordered=variable.measure in ("ordinal", "scale"),
    )


def _make_sort_key(value: Cell) -> tuple[int, float, str]:
    if isinstance(value, int | float):
        return 0, float(value), ""
    return 1, 0.0, str(value)


def _find_missing_cell(cells: Mapping[str, Cell], kind: str) -> Cell:
    return next(cell for cell in cells.values() if isinstance(cell, Missing) and cell.kind == kind)


def build_banner(
    tables: Sequence[Crosstab], groupings: Sequence[Grouping], *, unit: int, terms: ResultOptions
) -> Banner:
    """A table of each item that somebody was asked. Tests are made unless `terms.inference` says otherwise."""
    columns = [BannerColumn("", "All"), *_build_columns(groupings, lettered=terms.with_tests)]
    made = tuple(
        _build_table(table, groupings, columns, unit, terms)
        for table in tables
        if table.bases[0].people and table.question.kind not in ("words", "time")
    )
    return Banner(columns=tuple(columns), tables=made, notes=tuple(_build_notes(made, unit, terms)))


def _build_columns(groupings: Sequence[Grouping], *, lettered: bool) -> list[BannerColumn]:
    return [
        BannerColumn(grouping.label, label, ascii_uppercase[place] if known and lettered else "", grouping.name)
        for grouping in groupings
        for place, (label, known) in enumerate(zip(grouping.part_labels, grouping.has_value, strict=True))
    ]


def _list_spans(groupings: Sequence[Grouping]) -> list[tuple[Grouping, list[int]]]:
    """Each grouping with the columns of its values, in the tables."""
    start, found = 1, []
    for grouping in groupings:
        found.append((grouping, [start + i for i, known in enumerate(grouping.has_value) if known]))
        start += len(grouping.part_labels)
    return found


def _build_table(
    table: Crosstab, groupings: Sequence[Grouping], columns: Sequence[BannerColumn], unit: int, terms: ResultOptions
) -> BannerTable:
    every = range(len(columns))
    shown = table.select_rows(list_value_columns(groupings))
    if not shown:
        return BannerTable(
            id=table.question.id, rows=(), bases=(), notes=tuple(_explain_hidden_rows(table, groupings, terms))
        )
    rows = build_rows(table, list(every), unit=unit, terms=terms, shown=shown)
    tests: list[SignificanceTest] = []
    if terms.with_tests:
        rows = _add_letters(table, rows, shown, groupings, columns, unit, terms)
        for grouping, span in _list_spans(groupings):
            tests += _run_tests(table, grouping, span, unit, terms)
    summaries = (
        []
        if all(map(table.is_mean_hidden, every))
        else [build_summary(table, c, unit=unit, terms=terms) for c in every]
    )
    alike = warn_if_unanimous(table, 0, "everybody who was asked")
    itself = {table.question.item, *table.question.columns}
    for c in every[1:] if not alike else ():
        if columns[c].variable in itself:
            continue
        alike += warn_if_unanimous(table, c, f"all of {columns[c].group}, {columns[c].label},")
    return BannerTable(
        id=table.question.id,
        rows=rows,
        bases=tuple(build_base(table, c, unit=unit) for c in every),
        summaries=tuple(s for s in summaries if isinstance(s, SummaryStatistics)),
        tests=tuple(tests),
        notes=(*_explain_hidden_rows(table, groupings, terms), *alike),
    )


def _explain_hidden_rows(table: Crosstab, groupings: Sequence[Grouping], terms: ResultOptions) -> list[str]:
    """Why the table has nets alone, or is not there."""
    return [
        f"By group: {line[:1].lower()}{line[1:]}"
        for line in explain_hidden_rows(table, list_value_columns(groupings), terms)
    ]


def _compute_population_correction(table: Crosstab, terms: ResultOptions) -> Fraction:
    if not terms.population:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(table.bases[0].people, terms.population))


def _run_tests(
    table: Crosstab, grouping: Grouping, span: Sequence[int], unit: int, terms: ResultOptions
) -> list[SignificanceTest]:
    """Answers against columns; a scale also for its trend. Declines are in no test, nor are columns without a value."""
    if grouping.name == table.question.item:
        return []
    if table.question.kind == "multiple":
        return []
    tested = [line for line in table.lines if line.in_tests]
    at = {i for i, line in enumerate(table.lines) if line.in_tests}
    if any(spot.column in span and spot.row in at for spot in table.hidden):
        return [SignificanceTest(grouping.label, "", "", None, "", HIDDEN_TEST_NOTE)]
    matrix = ComparisonTable(
        grouping.label,
        [[line.counts[c] for c in span] for line in tested],
        weighted=unit != 1,
        population_correction=_compute_population_correction(table, terms),
    )
    found = [run_independence_test(matrix, seed=terms.seed)]
    if table.question.kind in ("scale", "number") and found[0].name:
        of_values = matrix._replace(counts=[[piles[c] for c in span] for _, piles in table.values])
        values = [value for value, _ in table.values]
        found.append(run_trend_test(of_values, values, ordered=grouping.ordered))
    return found


def _add_letters(
    table: Crosstab,
    rows: Sequence[ResultRow],
    shown: Sequence[int],
    groupings: Sequence[Grouping],
    columns: Sequence[BannerColumn],
    unit: int,
    terms: ResultOptions,
) -> tuple[ResultRow, ...]:
    """Rows with the letters of the columns whose share is significantly smaller, among columns with enough interviews."""
    made = []
    for place, row in zip(shown, rows, strict=True):
        figures = list(row.figures)
        for grouping, span in _list_spans(groupings):
            enough = [
                c for c in span if compute_effective_size(table.bases[c]) >= SMALL_BASE and not table.is_base_hidden(c)
            ]
            pairs = len(enough) * (len(enough) - 1) // 2
            if grouping.name == table.question.item or not pairs:
                continue
            piles = table.lines[place].counts
            for one, other in combinations(enough, 2):
                if figures[one].hidden or figures[other].hidden:
                    continue
                for more, less in ((one, other), (other, one)):
                    if is_significantly_greater(
                        (piles[more], table.bases[more]),
                        (piles[less], table.bases[less]),
                        pairs=pairs,
                        weighted=unit != 1,
                        left=_compute_population_correction(table, terms),
                    ):
                        letters = figures[more].letters + columns[less].letter
                        figures[more] = figures[more]._replace(letters="".join(sorted(letters)))
        made.append(
            ResultRow(
                kind=row.kind, code=row.code, label=row.label, figures=tuple(figures), side=row.side, note=row.note
            )
        )
    return tuple(made)


def _build_notes(tables: Sequence[BannerTable], unit: int, terms: ResultOptions) -> list[str]:
    """What holds of all tables, and what their tests are."""
    told = ["Column percentages; the base of a column is its interviews that were asked."]
    if any(base.small_text for table in tables for base in table.bases):
        told.append(
            f"{UNRELIABLE_MARK} a base of fewer than {SMALL_BASE}: one person more or less moves its percentages by"
            f" more than three points."
        )
    if unit != 1:
        told.append(
            "Effective bases are Kish’s, (Σw)²/Σw²; letters and trend tests use them, and no test weighted counts."
        )
    if not terms.with_tests:
        told.append(
            "No tests: the whole population was selected, so that no difference comes from sampling."
            if terms.census
            else "No tests were wanted."
        )
        return told
    told.append(
        f"A letter marks a percentage significantly higher than that of the column with that letter, in the same group:"
        f" z tests of two shares at the 0.05 level, Bonferroni’s correction for the pairs of columns, effective bases of"
        f" at least {SMALL_BASE}; none where a percentage is 0 or 100."
    )
    told.append(
        "Tests leave out declines and columns without a value; items with several answers are compared by letters"
        " alone. Many tests find something by chance."
    )
    made = [test for table in tables for test in table.tests if test.name]
    told += [
        f"{name}: {words}" for name, words in describe_tests(terms.seed).items() if any(t.name == name for t in made)
    ]
    if made and terms.population:
        told.append(
            f"The statistics are corrected for a population of {terms.population:,}, but those of Fisher’s exact test,"
            f" whose p is on the safe side."
        )
    return told
