"""Tables of results: every item with its base, counts, percentages and statistics, in total and by banner columns.

The charts of batteries are built from the same figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, permutations
from math import comb
from string import ascii_uppercase
from typing import Final

from survey_cli.reports import rounding
from survey_cli.reports.disclosure.suppression import BASE, CellPosition
from survey_cli.reports.results import report_model as model
from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.questions import UNASKED_KINDS, get_missing_kind
from survey_cli.reports.weighting import answer_counts, significance
from survey_cli.reports.weighting.answer_counts import AnswerColumns, Grouping, WeightedCount
from survey_cli.values import Cell, Missing, Variable
from survey_cli.wording import format_quantity

MEAN_DIGITS: Final = 2


def build_item_result(
    table: Crosstab, *, interviews: int, options: ResultOptions, verbatims: tuple[model.Verbatim, ...] = ()
) -> model.ItemResult:
    """Build one item of the topline; `interviews` is the number of all interviews in the report."""
    question, margin = table.question, ""
    effective = answer_counts.compute_effective_size(table.bases[0])
    if options.with_margins and effective and not table.is_base_hidden(0):
        people = table.bases[0].people
        margin = f"{answer_counts.format_share_margin(effective, people, options.population)}, 95 % confidence"
    return model.ItemResult(
        id=question.id,
        number=question.number,
        kind=question.kind,
        section=question.section,
        battery=question.battery,
        label=question.label,
        wording=question.wording,
        instruction=question.instruction,
        base=_build_base(table, 0, _describe_base(table, interviews, options)),
        rows=_build_rows(table, table.select_rows([0]), [0], options),
        summary=None if table.is_mean_hidden(0) else build_summary(table, 0, options),
        margin_text=margin,
        notes=tuple(_build_item_notes(table, options)),
        verbatims=verbatims,
    )


def _build_rows(
    table: Crosstab, rows: Sequence[int], columns: Sequence[int], options: ResultOptions
) -> tuple[model.ResultRow, ...]:
    """Build these rows with figures for these columns."""
    return tuple(
        model.ResultRow(
            kind=line.kind,
            code=line.code,
            label=line.label,
            figures=tuple(
                _build_figure(table, c, line.counts[c], options, hidden=table.is_hidden(row, c))._replace(
                    error=table.errors.get(CellPosition(row, c))
                )
                for c in columns
            ),
            side=line.side,
            note=line.note,
        )
        for row, line in ((row, table.lines[row]) for row in rows)
    )


def _build_figure(
    table: Crosstab, column: int, count: WeightedCount, options: ResultOptions, *, hidden: bool
) -> model.Figure:
    """Build a count and its share of the column's base; a hidden base also hides the share, which would reveal it."""
    if hidden:
        return model.Figure(None, None, rounding.HIDDEN_MARK, rounding.HIDDEN_MARK, hidden=True)
    amount = Fraction(count.weight, table.unit)
    if table.is_base_hidden(column):
        return model.Figure(amount, None, rounding.format_count(amount), rounding.HIDDEN_MARK)
    base = table.bases[column].weight
    share = Fraction(count.weight, base) if base else None
    return model.Figure(amount, share, rounding.format_count(amount), rounding.format_percentage(share, options.digits))


def _build_base(table: Crosstab, column: int, text: str = "") -> model.Base:
    """Build the base of a column. `text` describes a topline's base, with `{n}` for its size."""
    people, weight, _ = count = table.bases[column]
    if table.is_base_hidden(column):
        return model.Base(None, text.replace("{n}", rounding.HIDDEN_MARK), rounding.HIDDEN_MARK)
    weighted = effective = small = ""
    if table.is_weighted:
        weighted = rounding.format_count(Fraction(weight, table.unit))
        effective = rounding.format_decimal(answer_counts.compute_effective_size(count), 0)
    if 0 < people < SMALL_BASE:
        share = rounding.format_percentage(Fraction(1, people), 1)
        small = "small" if table.is_weighted else f"small: one person is {share} percent"
    return model.Base(people, text.replace("{n}", f"{people:,}"), f"{people:,}", weighted, effective, small)


def _describe_base(table: Crosstab, interviews: int, options: ResultOptions) -> str:
    question = table.question
    asked = "{n} with an answer, of those" if options.valid_only else "asked of {n}"
    if question.base:
        return f"{asked} {question.base}"
    if question.asked:
        return f"{asked}: {question.asked}"
    if options.valid_only:
        return "{n} with an answer"
    if table.bases[0].people == interviews:
        return "all {n}"
    turn = question.variable.turn
    return f"asked of {{n}}, who reached {'this item' if turn is None else f'turn {turn}'}"


def build_summary(table: Crosstab, column: int, options: ResultOptions) -> model.SummaryStatistics | None:
    """Compute mean, median and standard deviation of a scale or number; hidden where any count behind them is hidden.

    Returns None for other items.
    """
    if not table.values and table.question.kind not in ("scale", "number"):
        return None
    if table.is_mean_hidden(column):
        hidden = rounding.HIDDEN_MARK
        return model.SummaryStatistics(None, hidden, hidden, hidden, hidden)
    values = [(value, counts[column]) for value, counts in table.values if counts[column].people]
    people, weight, squares = answer_counts.sum_counts(count for _, count in values)
    if not weight:
        return model.SummaryStatistics(None, "0", rounding.EMPTY_MARK, rounding.EMPTY_MARK, rounding.EMPTY_MARK)
    mean = sum((value * count.weight for value, count in values), Fraction(0)) / weight
    median, variance = compute_median(values), compute_variance(values, mean, people)
    deviation, margin = rounding.EMPTY_MARK, ""
    if variance is not None:
        deviation = rounding.format_decimal(rounding.compute_root(variance), MEAN_DIGITS)
        if options.with_margins:
            correction = options.compute_population_correction(people)
            standard_error = rounding.compute_root(variance * squares / weight**2 * correction)
            half = answer_counts.compute_student_95(people - 1) * standard_error
            margin = f"± {rounding.format_decimal(half, MEAN_DIGITS)}"
    # the median has as few decimals as it needs
    digits = next((d for d in range(MEAN_DIGITS) if (median * 10**d).denominator == 1), MEAN_DIGITS)
    texts = (rounding.format_decimal(mean, MEAN_DIGITS), rounding.format_decimal(median, digits))
    return model.SummaryStatistics(
        mean, f"{people:,}", *texts, deviation, margin, table.errors.get(CellPosition(BASE, column))
    )


def compute_variance(values: Sequence[tuple[Fraction, WeightedCount]], mean: Fraction, people: int) -> Fraction | None:
    """Return the sample variance, with n − 1 in the denominator; weighted, Σw(x − m)²/Σw · n/(n − 1).

    None for fewer than two people.
    """
    if people < 2:
        return None
    weight = sum(count.weight for _, count in values)
    squares = sum((count.weight * (value - mean) ** 2 for value, count in values), Fraction(0))
    return squares / weight * Fraction(people, people - 1)


def compute_median(values: Sequence[tuple[Fraction, WeightedCount]]) -> Fraction:
    """Return the value in the middle of the weights, or the mean of two values where the middle is between them.

    `values` is in ascending order. Raises ValueError where nobody has a value.
    """
    half = Fraction(sum(count.weight for _, count in values), 2)
    cumulated = 0
    for position, (value, count) in enumerate(values):
        cumulated += count.weight
        if cumulated > half:
            return value
        if cumulated == half:
            return (value + values[position + 1][0]) / 2
    raise ValueError("nobody has a value")


def _build_item_notes(table: Crosstab, options: ResultOptions) -> list[str]:
    base = table.bases[0]
    if not base.people:
        return ["Nobody has been asked this."]
    if table.is_base_hidden(0):
        if base.people < options.threshold:
            return [f"Fewer than {options.threshold} were asked: their answers are not shown."]
        return ["The number of people asked is not shown, because it would reveal small counts."]
    notes = _explain_hidden_rows(table, [0], options)
    if not table.select_rows([0]):
        return notes
    if table.question.kind == "multiple":
        notes.append(
            "Several answers could be given: percentages are of all who were asked and add up to more than 100."
        )
    elif not table.has_hidden(0) and table.detail_rows:
        shares = [Fraction(table.lines[i].counts[0].weight, base.weight) for i in table.detail_rows]
        total = rounding.sum_rounded_percentages(shares, options.digits)
        if total != 100:
            notes.append(f"Percentages add up to {rounding.format_decimal(total, options.digits)} because of rounding.")
    return notes + _warn_if_unanimous(table, 0, "everybody who was asked")


def _explain_hidden_rows(table: Crosstab, columns: Sequence[int], options: ResultOptions) -> list[str]:
    """Return a note where a table with these columns has only nets, or no rows."""
    rows = table.select_rows(columns)
    if len(rows) == len(table.lines):
        return []
    shown = "Only nets are shown, as most other" if rows else "Not shown, as most"
    return [f"{shown} counts would be hidden (fewer than {options.threshold} people, or revealing such a count)."]


def _warn_if_unanimous(table: Crosstab, column: int, who: str) -> list[str]:
    """Return a warning where everybody in a column gave the same answer, so that each one's answer is known."""
    base = table.bases[column].people
    if not base or table.is_base_hidden(column) or table.question.kind in ("words", "time"):
        return []
    for i, line in enumerate(table.lines):
        same = line.kind not in ("net", "range") and line.counts[column].people == base
        if same and not table.is_hidden(i, column):
            return [f"Unanimous: {who} gave the same answer ({base:,} of {base:,}), which reveals the answer of each."]
    return []


# ── batteries ──────────────────────────────────────────────────────────────────────────────────────────────


def build_batteries(
    batteries: Sequence[model.Battery], tables: Sequence[Crosstab], options: ResultOptions
) -> tuple[model.Battery, ...]:
    """Add points and statements to each battery with a statement that somebody was asked."""
    charted = []
    for battery in batteries:
        asked = [table for table in tables if table.question.battery == battery.id and table.bases[0].people]
        if not asked:
            continue
        points: list[tuple[str, model.Side]] = [
            (line.label, line.side) for line in asked[0].lines if line.side != "apart" and line.kind == "answer"
        ]
        statements = tuple(_build_statement(table, options) for table in asked)
        if any(len(statement.segments) > len(points) for statement in statements):
            points.append((_choose_apart_label(asked), "apart"))
        charted.append(replace(battery, points=tuple(points), statements=statements))
    return tuple(charted)


def _choose_apart_label(tables: Sequence[Crosstab]) -> str:
    """Return the label of the only kind of answer that is apart, or a common label for several."""
    labels = dict.fromkeys(
        line.label
        for table in tables
        for line in table.lines
        if line.kind != "net" and line.side == "apart" and line.counts[0].people
    )
    return next(iter(labels)) if len(labels) == 1 else "No opinion or no answer"


def _build_statement(table: Crosstab, options: ResultOptions) -> model.BatteryStatement:
    segments: list[model.BarSegment] = []
    apart: list[int] = []
    for i in table.detail_rows:
        line = table.lines[i]
        if line.side == "apart":
            apart.append(i)
        else:
            figure = _build_figure(table, 0, line.counts[0], options, hidden=table.is_hidden(i, 0))
            segments.append(model.BarSegment(line.label, line.side, figure))
    count = answer_counts.sum_counts(table.lines[i].counts[0] for i in apart)
    if count.people:
        hidden = any(segment.figure.hidden for segment in segments) and any(table.is_hidden(i, 0) for i in apart)
        figure = _build_figure(table, 0, count, options, hidden=hidden)
        segments.append(model.BarSegment(_choose_apart_label([table]), "apart", figure))
    return model.BatteryStatement(
        id=table.question.id,
        wording=table.question.statement or table.question.wording,
        base=_build_base(table, 0, "{n}"),
        segments=tuple(segments),
        is_complete=not (table.is_base_hidden(0) or any(segment.figure.hidden for segment in segments)),
    )


def build_table_notes(options: ResultOptions, *, weighted: bool, declines: Mapping[str, str]) -> tuple[str, ...]:
    """Build the notes on all tables. `declines` holds the labels of declines, by kind."""
    digits = "whole numbers" if not options.digits else format_quantity(options.digits, "decimal")
    least = rounding.format_decimal(Fraction(1, 2 * 10**options.digits), options.digits + 1)
    notes = [
        f"Percentages are rounded to {digits}, halves away from zero, and may not add up to 100.",
        f"{rounding.TRACE_MARK} more than 0 and less than {least} percent. {rounding.EMPTY_MARK} nobody was asked.",
    ]
    if options.valid_only:
        notes.append("Percentages are of those with an answer: declines and volunteered answers are left out.")
    elif declines:
        notes.append(
            f"Percentages are of all who were asked: {', '.join(declines.values())} and volunteered answers are rows."
        )
    notes.append("An item's figures exclude people who were not asked or did not reach it.")
    notes.append("Means, medians and standard deviations exclude declines, volunteered answers and no opinion.")
    if options.threshold > 1:
        notes.append(
            f"{rounding.HIDDEN_MARK} a count of fewer than {options.threshold} people, or one that would reveal it:"
            " not shown."
        )
    if weighted:
        notes.append("Counts and percentages are weighted; bases are numbers of interviews.")
    return tuple(notes)


# ── banner ─────────────────────────────────────────────────────────────────────────────────────────────────

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
    numbers_first = {v: (0, v, "") if isinstance(v, int | float) else (1, 0, str(v)) for v in values}
    others = sorted(values - set(labeled), key=numbers_first.__getitem__)
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


def nest_grouping(outer: Grouping, inner: Grouping) -> Grouping:
    """Divide each part of one grouping by another: a column for each pair of parts that some interview is in."""
    pairs = list(zip(outer.part_by_interview, inner.part_by_interview, strict=True))
    parts = {pair: number for number, pair in enumerate(sorted(set(pairs)))}
    return Grouping(
        name=f"{outer.name} > {inner.name}",
        label=f"{outer.label} > {inner.label}",
        part_labels=tuple(f"{outer.part_labels[o]}: {inner.part_labels[i]}" for o, i in parts),
        part_by_interview=[parts[pair] for pair in pairs],
        has_value=tuple(outer.has_value[o] and inner.has_value[i] for o, i in parts),
    )


def build_banner(tables: Sequence[Crosstab], groupings: Sequence[Grouping], options: ResultOptions) -> model.Banner:
    """Build a table of each item that somebody was asked, without open questions and times of day."""
    columns = [model.BannerColumn("", "All")]
    for grouping in groupings:
        for i, (label, has_value) in enumerate(zip(grouping.part_labels, grouping.has_value, strict=True)):
            letter = ascii_uppercase[i] if has_value and options.with_tests else ""
            columns.append(model.BannerColumn(grouping.label, label, letter, grouping.name))
    shown = [table for table in tables if table.bases[0].people and table.question.kind not in ("words", "time")]
    banner_tables = tuple(_build_table(table, groupings, columns, options) for table in shown)
    weighted = any(table.is_weighted for table in shown)
    notes = tuple(_build_notes(banner_tables, options, weighted=weighted))
    return model.Banner(columns=tuple(columns), tables=banner_tables, notes=notes)


def _build_table(
    table: Crosstab, groupings: Sequence[Grouping], columns: Sequence[model.BannerColumn], options: ResultOptions
) -> model.BannerTable:
    every = range(len(columns))
    columns_by_grouping = answer_counts.list_value_columns(groupings)
    value_columns = list(chain.from_iterable(columns_by_grouping))
    notes = [f"By group: {note[:1].lower()}{note[1:]}" for note in _explain_hidden_rows(table, value_columns, options)]
    shown = table.select_rows(value_columns)
    if not shown:
        return model.BannerTable(id=table.question.id, rows=(), bases=(), notes=tuple(notes))
    rows = _build_rows(table, shown, every, options)
    tests: list[significance.SignificanceTest] = []
    if options.with_tests:
        rows = _add_letters(table, rows, shown, groupings, columns, options)
        for grouping, group_columns in zip(groupings, columns_by_grouping, strict=True):
            tests += _run_tests(table, grouping, group_columns, options)
    has_means = not all(map(table.is_mean_hidden, every))
    summaries = [build_summary(table, column, options) for column in every] if has_means else []
    unanimous = _warn_if_unanimous(table, 0, "everybody who was asked")
    if not unanimous:
        for column in every[1:]:
            group, label, _, variable = columns[column]
            if variable not in (table.question.item, *table.question.columns):
                unanimous += _warn_if_unanimous(table, column, f"all of {group}, {label},")
    return model.BannerTable(
        id=table.question.id,
        rows=rows,
        bases=tuple(_build_base(table, column) for column in every),
        summaries=tuple(summary for summary in summaries if summary is not None),
        tests=tuple(tests),
        notes=(*notes, *unanimous),
    )


def _run_tests(
    table: Crosstab, grouping: Grouping, columns: Sequence[int], options: ResultOptions
) -> list[significance.SignificanceTest]:
    """Test answers against columns, and a scale or number also for its trend. No test uses declines."""
    if grouping.name == table.question.item or table.question.kind == "multiple":
        return []
    tested = {i: line for i, line in enumerate(table.lines) if line.in_tests}
    if any(position.column in columns and position.row in tested for position in table.hidden):
        return [significance.SignificanceTest(grouping.label, "", "", None, "", HIDDEN_TEST_NOTE)]
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
    rows: Sequence[model.ResultRow],
    shown: Sequence[int],
    groupings: Sequence[Grouping],
    columns: Sequence[model.BannerColumn],
    options: ResultOptions,
) -> tuple[model.ResultRow, ...]:
    """Add to each figure the letters of the columns in its group whose share is significantly smaller.

    `shown` holds the positions of the rows in the table. Only columns with a large enough base are compared.
    """
    compared = []
    by_grouping = zip(groupings, answer_counts.list_value_columns(groupings), strict=True)
    for grouping, group_columns in by_grouping:
        if grouping.name != table.question.item:
            large = [c for c in group_columns if answer_counts.compute_effective_size(table.bases[c]) >= SMALL_BASE]
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


def _build_notes(tables: Sequence[model.BannerTable], options: ResultOptions, *, weighted: bool) -> list[str]:
    """Build the notes on all tables and their tests."""
    notes = ["Column percentages; the base of a column is its interviews in which the item was asked."]
    if any(base.small_text for table in tables for base in table.bases):
        notes.append(
            f"{rounding.UNRELIABLE_MARK} a base of fewer than {SMALL_BASE}: one person more or less changes its"
            " percentages by more than three points."
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
