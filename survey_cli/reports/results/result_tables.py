"""Tables of results: every item with its bases, counts, percentages, statistics and tests, in total and by column."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain, combinations
from string import ascii_uppercase
from typing import Final, NamedTuple

from survey_cli.reports import rounding
from survey_cli.reports.disclosure.suppression import BASE, CellPosition
from survey_cli.reports.results import report_model as model
from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.questions import UNASKED_KINDS, get_missing_kind
from survey_cli.reports.texts import is_english, translate, translate_quantity
from survey_cli.reports.weighting import answer_counts, significance
from survey_cli.reports.weighting.answer_counts import (
    AnswerColumns,
    DesignDifference,
    Grouping,
    WeightedCount,
)
from survey_cli.values import Cell, Missing, Variable

MEAN_DIGITS: Final = 2
HIGHER, LOWER = "↑", "↓"
"""Marks of a percentage that differs significantly from that of the rest."""


def list_result_columns(
    groupings: Sequence[Grouping], options: ResultOptions
) -> dict[int, model.ResultColumn]:
    """Return the printed columns by their position in the counts; the first is the total."""
    columns = {0: model.ResultColumn("", translate("All"))}
    for positions, grouping in zip(answer_counts.list_columns(groupings), groupings, strict=True):
        for part, position in enumerate(positions):
            if part not in grouping.unprinted:
                lettered = (
                    grouping.has_value[part]
                    and grouping.compare == "pairs"
                    and _has_letters(options)
                )
                letter = ascii_uppercase[part] if lettered else ""
                columns[position] = model.ResultColumn(
                    grouping.label, grouping.part_labels[part], letter, grouping.name
                )
    return columns


def _has_letters(options: ResultOptions) -> bool:
    return options.has_tests and options.percent != "row"


def build_item_result(
    table: Crosstab,
    groupings: Sequence[Grouping] = (),
    *,
    interviews: int,
    options: ResultOptions,
    verbatims: tuple[model.Verbatim, ...] = (),
) -> model.ItemResult:
    """Build the results of one item; `interviews` is the number of all interviews in the report."""
    question, margin = table.question, ""
    effective = answer_counts.compute_effective_size(table.bases[0])
    if options.margins and effective and not table.is_base_hidden(0):
        half = answer_counts.compute_half_width(
            effective, table.bases[0].people, options.population, options.level
        )
        level = f"{options.level * 100:g}"
        margin = translate(
            "± {points} points at most, {level} % confidence", points=half, level=level
        )
    columns, notes = (
        list_result_columns(groupings, options),
        _build_item_notes(table, interviews, options),
    )
    shown, column_rows = table.select_rows([0]), []
    if groupings and table.bases[0].people and question.kind not in ("words", "time"):
        value_columns = list(chain.from_iterable(answer_counts.list_value_columns(groupings)))
        column_rows = [row for row in table.select_rows(value_columns) if row in shown]
        shown = [row for row in shown if row in column_rows or not table.lines[row].is_coarse]
        notes += [
            note
            for note in _explain_hidden_rows(table, value_columns, options)
            if note not in notes
        ]
    own = _find_own_columns(table, groupings)
    if own and own >= columns.keys() - {0}:
        column_rows = []
        shown = [row for row in shown if not table.lines[row].is_coarse]
        own = set()
    positions = list(columns) if column_rows else [0]
    tests: list[significance.SignificanceTest] = []
    letters: dict[CellPosition, str] = {}
    differences: dict[CellPosition, DesignDifference] = {}
    for grouping, group in zip(groupings, answer_counts.list_value_columns(groupings), strict=True):
        if (
            column_rows
            and options.has_tests
            and not table.question.has_columns_of_its_own(grouping.inputs)
        ):
            tests += _run_tests(table, grouping, group, options)
            if _has_letters(options):
                compared = list(
                    _compare_columns(table, column_rows, group, columns, grouping, options)
                )
                differences |= {
                    CellPosition(each.row, each.column): each.difference
                    for each in compared
                    if each.difference
                }
                _add_letters(letters, compared, columns, options)
    rows = [
        _build_row(
            table, row, positions if row in column_rows else [0], options, letters, differences
        )
        for row in shown
    ]
    has_means = not all(map(table.is_mean_hidden, positions))
    summaries = (
        [build_summary(table, column, options, differences) for column in positions]
        if has_means
        else []
    )
    apart = (
        [i for i in table.detail_rows if table.lines[i].side == "apart"] if question.battery else []
    )
    texts = {name: getattr(question, name) for name in model.ReportItem.__slots__}
    return model.ItemResult(
        **texts | {"statement": question.statement or question.wording},
        bases=tuple(
            _build_base(table, column, "" if column else _describe_base(table, interviews))
            for column in positions
        ),
        rows=tuple(rows),
        apart=_build_apart(table, apart, options),
        summaries=tuple(summary for summary in summaries if summary is not None),
        margin_text=margin,
        is_valid=table.is_valid,
        own_columns=frozenset(number for number, c in enumerate(positions) if c in own),
        tests=tuple(tests),
        notes=(
            *notes,
            *_list_unanimous(
                table, {position: columns[position] for position in positions}, groupings
            ),
        ),
        verbatims=verbatims,
    )


def _find_own_columns(table: Crosstab, groupings: Sequence[Grouping]) -> set[int]:
    """Return the columns that are made of the question's own answers: of the men, all are men.

    A multiple has none: who chose one of its options may have chosen others.
    """
    own: set[int] = set()
    if table.question.kind == "multiple":
        return own
    all_columns = answer_counts.list_columns(groupings)
    for grouping, columns in zip(groupings, all_columns, strict=True):
        if table.question.has_columns_of_its_own(grouping.inputs):
            own.update(columns)
    return own


def _build_row(
    table: Crosstab,
    row: int,
    columns: Sequence[int],
    options: ResultOptions,
    letters: Mapping[CellPosition, str],
    differences: Mapping[CellPosition, DesignDifference],
) -> model.ResultRow:
    """Build a row with figures for these columns."""
    line = table.lines[row]
    figures = []
    for column in columns:
        position, of_row = CellPosition(row, column), column and options.percent == "row"
        figure = _build_figure(
            table, column, line.counts, options, hidden=table.is_hidden(row, column)
        )
        error = (
            table.design.measure(row, column)
            if table.design and not (of_row or table.is_unknown(position))
            else None
        )
        figure = figure._replace(
            letters=letters.get(position, ""), error=error, difference=differences.get(position)
        )
        if of_row and table.is_hidden(row, 0) and not figure.hidden:
            figure = figure._replace(share=None, percent_text=rounding.HIDDEN_MARK)
        figures.append(figure)
    note = translate(line.note) if line.note == "volunteered" else line.note
    return model.ResultRow(
        kind=line.kind,
        code=line.code,
        label=line.label,
        figures=tuple(figures),
        side=line.side,
        note=note,
    )


def _build_figure(
    table: Crosstab,
    column: int,
    counts: Sequence[WeightedCount],
    options: ResultOptions,
    *,
    hidden: bool,
) -> model.Figure:
    """Build a count and its share of the base; a hidden base also hides the share, which would reveal it.

    By column, the base is that of the column or, for row percentages, the row in all columns.
    """
    count, base = counts[column], table.bases[column]
    if hidden:
        return model.Figure(None, None, rounding.HIDDEN_MARK, rounding.HIDDEN_MARK, hidden=True)
    if column and base.people < options.min_base:
        return model.Figure(None, None, rounding.UNRELIABLE_MARK, rounding.UNRELIABLE_MARK)
    amount = Fraction(count.weight, table.unit)
    if table.is_base_hidden(column):
        return model.Figure(amount, None, rounding.format_count(amount), rounding.HIDDEN_MARK)
    whole = counts[0].weight if column and options.percent == "row" else base.weight
    share = Fraction(count.weight, whole) if whole else None
    return model.Figure(
        amount,
        share,
        rounding.format_count(amount),
        rounding.format_percentage(share, options.digits),
    )


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
        small = translate("small")
        if not table.is_weighted:
            small = translate("small: one person is {share} percent", share=share)
    return model.Base(
        people, text.replace("{n}", f"{people:,}"), f"{people:,}", weighted, effective, small
    )


def _describe_base(table: Crosstab, interviews: int) -> str:
    """Describe who was asked, with `{n}` for their number. Conditions are put into words in English alone."""
    question, n = table.question, "{n}"
    if question.base:
        text = "{n} with an answer, of those {who}" if table.is_valid else "asked of {n} {who}"
        return translate(text, n=n, who=question.base)
    if question.asked and is_english():
        text = "{n} with an answer, of those: {who}" if table.is_valid else "asked of {n}: {who}"
        return translate(text, n=n, who=question.asked)
    if table.is_valid:
        return translate("{n} with an answer", n=n)
    if question.asked:
        return translate("asked of {n}, by the questionnaire’s conditions", n=n)
    if table.bases[0].people == interviews:
        return translate("all {n}", n=n)
    if question.variable.turn is None:
        return translate("asked of {n}, who reached this item", n=n)
    return translate("asked of {n}, who reached turn {turn}", n=n, turn=question.variable.turn)


def build_summary(
    table: Crosstab,
    column: int,
    options: ResultOptions,
    differences: Mapping[CellPosition, DesignDifference],
) -> model.SummaryStatistics | None:
    """Compute the statistics of a scale or number; hidden where any count behind them is hidden.

    Returns None for other items.
    """
    if not table.values and table.question.kind not in ("scale", "number"):
        return None
    if table.is_mean_hidden(column) or (column and table.bases[column].people < options.min_base):
        mark = rounding.HIDDEN_MARK if table.is_mean_hidden(column) else rounding.UNRELIABLE_MARK
        return model.SummaryStatistics(None, mark, mark, mark, mark, hidden=True)
    values = [(value, counts[column]) for value, counts in table.values if counts[column].people]
    people, weight, squares = answer_counts.sum_counts(count for _, count in values)
    if not weight:
        return model.SummaryStatistics(
            None, "0", rounding.EMPTY_MARK, rounding.EMPTY_MARK, rounding.EMPTY_MARK
        )
    mean = sum((value * count.weight for value, count in values), Fraction(0)) / weight
    variance = compute_variance(values, mean, people)
    of_design = table.design.measure(BASE, column) if table.design else None
    deviation, margin, standard_error = rounding.EMPTY_MARK, "", ""
    if variance is not None:
        deviation = rounding.format_decimal(rounding.compute_root(variance), MEAN_DIGITS)
        correction = options.compute_population_correction(people)
        error = rounding.compute_root(variance * squares / weight**2 * correction)
        if options.margins:
            half = answer_counts.compute_student_point(people - 1, options.level) * error
            margin = f"± {rounding.format_decimal(half, MEAN_DIGITS)}"
        if "se" in options.statistics:
            measured = Fraction(of_design.standard_error) if of_design is not None else error
            standard_error = rounding.format_decimal(measured, MEAN_DIGITS + 1)
    quartiles = ""
    if "quartiles" in options.statistics:
        quartiles = " · ".join(
            _format_quantile(values, share) for share in (Fraction(1, 4), Fraction(3, 4))
        )
    return model.SummaryStatistics(
        mean,
        f"{people:,}",
        rounding.format_decimal(mean, MEAN_DIGITS),
        _format_quantile(values, Fraction(1, 2)),
        deviation,
        margin,
        quartiles,
        standard_error,
        of_design,
        differences.get(CellPosition(BASE, column)),
    )


def compute_variance(
    values: Sequence[tuple[Fraction, WeightedCount]], mean: Fraction, people: int
) -> Fraction | None:
    """Return the sample variance, with n − 1 in the denominator; weighted, Σw(x − m)²/Σw · n/(n − 1).

    None for fewer than two people.
    """
    if people < 2:
        return None
    weight = sum(count.weight for _, count in values)
    squares = sum(
        (count.weight * value**2 for value, count in values), Fraction(0)
    )  # exact, so nothing cancels
    return (squares / weight - mean**2) * Fraction(people, people - 1)


def compute_quantile(values: Sequence[tuple[Fraction, WeightedCount]], share: Fraction) -> Fraction:
    """Return the value at this share of the weights, or the mean of two values where it is exactly between them.

    It is the second definition of R. J. Hyndman and Y. Fan (The American Statistician 50, 1996). `values` is in
    ascending order. Raises ValueError where nobody has a value.
    """
    part = sum(count.weight for _, count in values) * share
    cumulated = 0
    for position, (value, count) in enumerate(values):
        cumulated += count.weight
        if cumulated > part:
            return value
        if cumulated == part:
            return (value + values[position + 1][0]) / 2
    raise ValueError("nobody has a value")


def _format_quantile(values: Sequence[tuple[Fraction, WeightedCount]], share: Fraction) -> str:
    """Format a quantile with as few decimals as it needs."""
    value = compute_quantile(values, share)
    digits = next((d for d in range(MEAN_DIGITS) if (value * 10**d).denominator == 1), MEAN_DIGITS)
    return rounding.format_decimal(value, digits)


def _build_item_notes(table: Crosstab, interviews: int, options: ResultOptions) -> list[str]:
    base = table.bases[0]
    if not base.people:
        return [translate("Nobody has been asked this.")]
    if table.is_base_hidden(0):
        # Every page says how many interviews there are. The base of a follow-up, however, is also
        # a row of an earlier question, where nobody can tell whether it is small.
        is_announced = options.units == "anonymous" or base.people == interviews
        if base.people < options.threshold and is_announced:
            return [
                translate(
                    "Fewer than {least} were asked: their answers are not shown.",
                    least=options.threshold,
                )
            ]
        return [translate("base-hidden")]
    notes = _explain_hidden_rows(table, [0], options)
    if not table.select_rows([0]):
        return notes
    if options.valid and not table.is_valid:
        notes.append(translate("valid-hidden"))
    if table.question.kind == "multiple":
        notes.append(translate("several-answers"))
    elif not table.has_hidden(0) and table.detail_rows:
        shares = [Fraction(table.lines[i].counts[0].weight, base.weight) for i in table.detail_rows]
        total = rounding.sum_rounded_percentages(shares, options.digits)
        if total != 100:
            text = rounding.format_decimal(total, options.digits)
            notes.append(
                translate("Percentages add up to {total} because of rounding.", total=text)
            )
    return notes


def _explain_hidden_rows(
    table: Crosstab, columns: Sequence[int], options: ResultOptions
) -> list[str]:
    """Return a note where a table with these columns has only nets, or no rows."""
    rows = table.select_rows(columns)
    if len(rows) == len(table.lines):
        return []
    if columns == [0]:
        shown = "Only nets are shown" if rows else "Not shown"
    else:
        shown = "By group, only nets are shown" if rows else "By group, nothing is shown"
    return [translate("rows-hidden", shown=translate(shown), least=options.threshold)]


def _list_unanimous(
    table: Crosstab, columns: Mapping[int, model.ResultColumn], groupings: Sequence[Grouping]
) -> list[str]:
    """Return a warning where all who were asked, or else all in a column, gave the same answer."""
    if table.question.kind in ("words", "time"):
        return []
    own = {
        grouping.name
        for grouping in groupings
        if table.question.has_columns_of_its_own(grouping.inputs)
    }
    notes = []
    for column, (group, label, _, variable) in columns.items():
        base = table.bases[column].people
        if not base or table.is_base_hidden(column) or variable in own:
            continue
        for i, line in enumerate(table.lines):
            same = line.kind not in ("net", "range") and line.counts[column].people == base
            if same and not table.is_hidden(i, column):
                who = translate("all of {group}, {label},", group=group, label=label)
                who = who if column else translate("everybody who was asked")
                notes.append(translate("unanimous", who=who, n=f"{base:,}"))
        if notes and not column:
            break
    return notes


# ── batteries ──────────────────────────────────────────────────────────────────────────────────────────────


def build_batteries(
    batteries: Sequence[model.Battery], items: Sequence[model.ItemResult]
) -> tuple[model.Battery, ...]:
    """Add points and statements to each battery with a statement that somebody was asked."""
    charted = []
    for battery in batteries:
        asked = tuple(item for item in items if item.battery == battery.id and item.base.asked != 0)
        if not asked:
            continue
        complete = max(asked, key=lambda item: len(item.segments))
        points: list[tuple[str, model.Side]] = [
            (segment.label, segment.side)
            for segment in complete.segments
            if segment.side != "apart"
        ]
        labels = dict.fromkeys(item.apart.label for item in asked if item.apart is not None)
        if labels:
            points.append((_join_apart_labels(labels), "apart"))
        charted.append(replace(battery, points=tuple(points), statements=asked))
    return tuple(charted)


def _join_apart_labels(labels: Iterable[str]) -> str:
    """Return the label of the only kind of answer that is apart, or a common label for several."""
    distinct = list(dict.fromkeys(labels))
    return distinct[0] if len(distinct) == 1 else translate("No opinion or no answer")


def _build_apart(
    table: Crosstab, rows: Sequence[int], options: ResultOptions
) -> model.BarSegment | None:
    """Add up the answers without a side; hidden where one of them and a point are, whose count it would reveal."""
    counts = answer_counts.sum_counts(table.lines[i].counts[0] for i in rows)
    if not counts.people:
        return None
    is_hidden = any(table.is_hidden(i, 0) for i in rows)
    hidden = is_hidden and any(table.is_hidden(i, 0) for i in table.detail_rows if i not in rows)
    figure = _build_figure(table, 0, [counts], options, hidden=hidden)
    label = _join_apart_labels(
        table.lines[i].label for i in rows if table.lines[i].counts[0].people
    )
    return model.BarSegment(label, "apart", figure)


# ── columns ────────────────────────────────────────────────────────────────────────────────────────────────

MAX_COLUMNS: Final = 12
"""Largest number of columns of one grouping."""
HIDDEN_TEST_NOTE: Final = "no test, because counts are hidden"
"""Note in place of a test. Where the sizes of rows and columns are known, a p value would disclose hidden counts."""


def build_grouping(
    answers: AnswerColumns, variable: Variable, *, min_base: int = 0, threshold: int = 0
) -> Grouping | int:
    """Divide interviews by a variable; return the number of values where there are too many.

    Labeled codes come in their order, then other values, and last those without a value. Values with fewer interviews
    than `min_base` are merged; they are not printed where all of them together, or the only one, have fewer. Those
    without a value are one part where one of several such parts has fewer than `threshold`: hiding it would also hide
    columns with a value.
    """
    cells = answers.read_cells(variable.name)
    values = {cell for cell in cells.values() if not isinstance(cell, Missing) and cell != ""}
    if len(values) > MAX_COLUMNS:
        return len(values)
    labeled = [code for code in variable.labels if code in values]
    numbers_first = {
        v: (0, v, "") if isinstance(v, int | float) else (1, 0, str(v)) for v in values
    }
    others = sorted(values - set(labeled), key=numbers_first.__getitem__)
    labels = [variable.labels[code] for code in labeled] + [str(value) for value in others]
    value_labels = labels
    merged_labels: dict[int, tuple[str, ...]] = {}
    parts: dict[Cell, int] = {value: position for position, value in enumerate([*labeled, *others])}
    part_of = {text: parts.get(cell, -1) for text, cell in cells.items()}
    sizes = Counter(map(part_of.__getitem__, answers.columns[variable.name]))
    small = [part for part in range(len(labels)) if sizes[part] < min_base]
    unprinted = frozenset(small)
    if len(small) > 1:
        large = [part for part in range(len(labels)) if part not in small]
        numbers = {
            part: large.index(part) if part in large else len(large) for part in range(len(labels))
        }
        parts = {value: numbers[part] for value, part in parts.items()}
        total = sum(sizes[part] for part in small)
        labels = [*(labels[part] for part in large), "/".join(labels[part] for part in small)]
        unprinted = frozenset([len(large)] if total < min_base else [])
        merged_labels[len(large)] = tuple(value_labels[part] for part in small)
    value_count = len(labels)
    if variable.role == "answer":
        for kind in dict.fromkeys(map(get_missing_kind, cells.values())):
            if kind and kind not in UNASKED_KINDS:
                parts[next(cell for cell in cells.values() if get_missing_kind(cell) == kind)] = (
                    len(labels)
                )
                labels.append(variable.declines[kind][1] if kind in variable.declines else kind)
    part_of = {text: parts.get(cell, len(labels)) for text, cell in cells.items()}
    part_by_interview = array("H", map(part_of.__getitem__, answers.columns[variable.name]))
    if len(labels) in part_by_interview:
        labels.append(translate("no value"))
    without_value = Counter(part for part in part_by_interview if part >= value_count)
    if len(without_value) > 1 and min(without_value.values()) < threshold:
        part_by_interview = array("H", (min(part, value_count) for part in part_by_interview))
        merged_labels[value_count] = tuple(labels[part] for part in sorted(without_value))
        labels[value_count:] = ["/".join(merged_labels[value_count])]
    return Grouping(
        name=variable.name,
        label=variable.label,
        part_labels=tuple(labels),
        part_by_interview=part_by_interview,
        has_value=(True,) * value_count + (False,) * (len(labels) - value_count),
        ordered=variable.measure in ("ordinal", "scale"),
        unprinted=unprinted,
        inputs=frozenset((variable.name,)),
        merged_labels=merged_labels,
    )


def nest_grouping(outer: Grouping, inner: Grouping, *, min_base: int = 0) -> Grouping:
    """Divide each part of one grouping by another: a column for each pair of parts that some interview is in.

    Pairs of values with fewer interviews than `min_base` are merged within the outer value, and not printed where all
    of these together have fewer.
    """
    sizes = Counter(zip(outer.part_by_interview, inner.part_by_interview, strict=True))
    small: dict[int, list[tuple[int, int]]] = {}
    for o, i in sorted(sizes):
        if sizes[o, i] < min_base and outer.has_value[o] and inner.has_value[i]:
            small.setdefault(o, []).append((o, i))
    merged = {pair: group[-1] for group in small.values() for pair in group}
    labels = {
        group[-1]: "/".join(inner.part_labels[i] for _, i in group) for group in small.values()
    }
    too_small = {
        group[-1] for group in small.values() if sum(sizes[pair] for pair in group) < min_base
    }
    parts = {
        pair: number
        for number, pair in enumerate(sorted({merged.get(pair, pair) for pair in sizes}))
    }
    part_of = {pair: parts[merged.get(pair, pair)] for pair in sizes}
    pairs = zip(outer.part_by_interview, inner.part_by_interview, strict=True)
    return Grouping(
        name=f"{outer.name} > {inner.name}",
        label=f"{outer.label} > {inner.label}",
        part_labels=tuple(
            f"{outer.part_labels[o]}: {labels.get((o, i), inner.part_labels[i])}" for o, i in parts
        ),
        part_by_interview=array("H", map(part_of.__getitem__, pairs)),
        has_value=tuple(outer.has_value[o] and inner.has_value[i] for o, i in parts),
        unprinted=frozenset(number for pair, number in parts.items() if pair in too_small),
        inputs=outer.inputs | inner.inputs,
    )


def leave_out_hidden_columns(
    groupings: Sequence[Grouping], tables: Sequence[Crosstab]
) -> list[Grouping]:
    """Return the groupings without the columns of nested ones whose base is hidden in all tables.

    They are only not printed: counts have been hidden with them, so nothing is disclosed by it.
    """
    shown = []
    for grouping, columns in zip(groupings, answer_counts.list_columns(groupings), strict=True):
        hidden = {
            n for n, c in enumerate(columns) if all(table.is_base_hidden(c) for table in tables)
        }
        is_nested = " > " in grouping.name
        shown.append(
            replace(grouping, unprinted=grouping.unprinted | hidden) if is_nested else grouping
        )
    return shown


def select_option(grouping: Grouping, variable: Variable) -> Grouping:
    """Return the division by one option of a multiple, of which only those who chose it are a column.

    The columns of several options overlap: each is compared with the others who were asked.
    """
    chosen = [
        part for part, text in enumerate(grouping.part_labels) if text == variable.labels.get(1)
    ]
    label, _, option = variable.label.rpartition(": ")
    labels = tuple(
        option if part in chosen else text for part, text in enumerate(grouping.part_labels)
    )
    unprinted = grouping.unprinted | frozenset(range(len(labels))).difference(chosen)
    return replace(
        grouping,
        label=label or variable.item,
        part_labels=labels,
        compare="total",
        unprinted=unprinted,
    )


def _run_tests(
    table: Crosstab, grouping: Grouping, columns: Sequence[int], options: ResultOptions
) -> list[significance.SignificanceTest]:
    """Test answers against columns, and a scale or number also for its trend. No test uses declines."""
    if table.question.kind == "multiple":
        return []
    tested = {i: line for i, line in enumerate(table.lines) if line.in_tests}
    has_scale = table.question.kind in ("scale", "number")
    if any(position.column in columns and position.row in tested for position in table.hidden):
        return [
            significance.SignificanceTest(
                grouping.test_label, "", "", None, "", translate(HIDDEN_TEST_NOTE)
            )
        ]
    design = None
    if table.design is not None:
        tested = {
            i: line
            for i, line in tested.items()
            if any(line.counts[column].people for column in columns)
        }
        columns = [
            column
            for column in columns
            if any(line.counts[column].people for line in tested.values())
        ]
        with_value = [
            column for column in columns if any(counts[column].people for _, counts in table.values)
        ]
        if len(tested) > 1 < len(columns):
            scores = [place - (len(with_value) - 1) / 2 for place in range(len(with_value))]
            trend = (
                table.design.compare(BASE, [[c] for c in with_value], scores)
                if has_scale and with_value
                else None
            )
            design = significance.TableDesign(
                *table.design.compute_cell_covariance(list(tested), columns), trend
            )
    matrix = significance.ComparisonTable(
        grouping.test_label,
        [[line.counts[column] for column in columns] for line in tested.values()],
        weighted=table.is_weighted,
        population_correction=options.compute_population_correction(table.bases[0].people),
        design=design,
    )
    tests = [significance.run_independence_test(matrix, seed=options.seed)]
    if has_scale and (tests[0].name or design is not None):
        by_value = matrix._replace(
            counts=[[counts[column] for column in columns] for _, counts in table.values]
        )
        values = [value for value, _ in table.values]
        tests.append(significance.run_trend_test(by_value, values, ordered=grouping.ordered))
    return tests


class _Comparison(NamedTuple):
    """A figure compared with that of another column, or of the rest of its group."""

    row: int
    column: int
    other: int | None
    """The other column; None for the rest."""
    is_higher: bool
    p: float
    is_lettered: bool
    """Whether letters may mark it; not in means, nor where few people are on one side."""
    difference: DesignDifference | None
    """The difference from the first column of the group or the rest, under the design of the sample."""


def _add_letters(
    letters: dict[CellPosition, str],
    compared: Sequence[_Comparison],
    columns: Mapping[int, model.ResultColumn],
    options: ResultOptions,
) -> None:
    """Note by which columns of its group a figure is significantly higher, or that it differs from the rest.

    p values are corrected for all comparisons of the table in one group.
    """
    lettered = [comparison for comparison in compared if comparison.is_lettered]
    adjusted = significance.adjust_p_values(
        [comparison.p for comparison in lettered], options.correction
    )
    for (row, column, other, is_higher, *_), p in zip(lettered, adjusted, strict=True):
        if p < 1 - options.level:
            higher, mark = column, HIGHER if is_higher else LOWER
            if other is not None:
                higher, lower = (column, other) if is_higher else (other, column)
                mark = columns[lower].letter
            position = CellPosition(row, higher)
            letters[position] = "".join(sorted(letters.get(position, "") + mark))


def _compare_columns(
    table: Crosstab,
    rows: Sequence[int],
    group: Sequence[int],
    columns: Mapping[int, model.ResultColumn],
    grouping: Grouping,
    options: ResultOptions,
) -> Iterable[_Comparison]:
    """Compare the printed columns of a group in these rows and, under the design of the sample, in means.

    Each is compared with those before it, or with the rest of its group where nothing in the row is hidden, which the
    rest would reveal.
    """
    reference = next((column for column in group if column in columns), None)
    for row in (*rows, BASE) if table.design else rows:
        hidden = {c for c in group if table.is_unknown(CellPosition(row, c))}
        shown = [
            c
            for c in group
            if c in columns and c not in hidden and table.bases[c].people >= options.min_base
        ]
        pairs = [(column, [other]) for other, column in combinations(shown, 2)]
        if grouping.compare == "total":
            pairs = [] if hidden else [(c, [other for other in group if other != c]) for c in shown]
        for column, others in pairs:
            base = answer_counts.sum_counts(table.bases[c] for c in others)
            is_large = row != BASE and all(
                each.people >= options.min_base
                and answer_counts.compute_effective_size(each) >= SMALL_BASE
                for each in (table.bases[column], base)
            )
            other, is_listed = (
                (others[0], others == [reference]) if grouping.compare == "pairs" else (None, True)
            )
            if table.design is not None and (is_large or is_listed):
                difference = table.design.compare(row, ([column], others))
                if difference is not None:
                    label = translate("the rest") if other is None else columns[other].label
                    listed = difference._replace(other=label) if is_listed else None
                    yield _Comparison(
                        row, column, other, difference.value > 0, difference.p, is_large, listed
                    )
            elif table.design is None and is_large:
                counts = table.lines[row].counts
                z = significance.compare_shares(
                    (counts[column], table.bases[column]),
                    (answer_counts.sum_counts(counts[c] for c in others), base),
                    weighted=table.is_weighted,
                    population_correction=options.compute_population_correction(
                        table.bases[0].people
                    ),
                )
                if z is not None:
                    yield _Comparison(
                        row, column, other, z > 0, significance.compute_p(z), True, None
                    )


# ── notes on all tables ────────────────────────────────────────────────────────────────────────────────────


def build_table_notes(
    options: ResultOptions, *, weighted: bool, declines: Mapping[str, str]
) -> tuple[str, ...]:
    """Build the notes on all tables. `declines` holds the labels of declines, by kind."""
    digits = (
        translate("whole numbers")
        if not options.digits
        else translate_quantity(options.digits, "decimal")
    )
    least = rounding.format_decimal(Fraction(1, 2 * 10**options.digits), options.digits + 1)
    marks = {"trace": rounding.TRACE_MARK, "empty": rounding.EMPTY_MARK, "least": least}
    notes = [
        translate("note-rounding", digits=digits),
        translate(
            "{trace} more than 0 and less than {least} percent. {empty} nobody was asked.", **marks
        ),
    ]
    if options.valid:
        notes.append(translate("note-valid"))
    elif declines:
        notes.append(translate("note-declines", declines=", ".join(declines.values())))
    notes.append(
        translate("An item’s figures exclude people who were not asked or did not reach it.")
    )
    notes.append(translate("note-means"))
    if "quartiles" in options.statistics:
        notes.append(translate("note-quartiles"))
    if "se" in options.statistics or options.margins:
        notes.append(translate("note-margins"))
    if options.threshold > 1:
        hidden = "note-hidden-bases" if options.units == "anonymous" else "note-hidden"
        notes.append(translate(hidden, mark=rounding.HIDDEN_MARK, least=options.threshold))
    if weighted:
        notes.append(
            translate("Counts and percentages are weighted; bases are numbers of interviews.")
        )
    return tuple(notes)


def build_column_notes(
    items: Sequence[model.ItemResult],
    groupings: Sequence[Grouping],
    options: ResultOptions,
    *,
    weighted: bool,
) -> list[str]:
    """Build the notes on the columns of all tables, and on their tests."""
    notes = [
        translate("note-row-percentages" if options.percent == "row" else "note-column-percentages")
    ]
    if any(base.small_text for item in items for base in item.bases[1:]):
        notes.append(translate("note-small-base", mark=rounding.UNRELIABLE_MARK, least=SMALL_BASE))
    left_out = [
        f"{grouping.label}: {grouping.part_labels[part]}"
        for grouping in groupings
        for part in sorted(grouping.unprinted)
        if grouping.compare == "pairs" or " > " in grouping.name
    ]
    if options.least_column:
        notes.append(
            translate("note-min-base", least=options.least_column, mark=rounding.UNRELIABLE_MARK)
        )
    if left_out:
        notes.append(translate("Left out: {columns}.", columns="; ".join(left_out)))
    merged = [
        f"{grouping.label}: {', '.join(grouping.merged_labels[part])}"
        for grouping in groupings
        for part in sorted(grouping.crowded)
    ]
    if merged:
        notes.append(translate("note-merged", columns="; ".join(merged)))
    if weighted:
        notes.append(
            translate("note-effective-bases-design" if options.errors else "note-effective-bases")
        )
    if not options.has_tests:
        return [*notes, translate("note-census" if options.census else "No tests were requested.")]
    if _has_letters(options):
        compared = {grouping.compare for grouping in groupings}
        notes += [translate("note-letters")] if "pairs" in compared else []
        notes += (
            [translate("note-rest-of-total", higher=HIGHER, lower=LOWER)]
            if "total" in compared
            else []
        )
        correction = translate(f"correction-{options.correction}")
        alpha = f"{1 - options.level:.4g}"
        note = "note-t" if options.errors else "note-z"
        notes.append(translate(note, alpha=alpha, correction=correction, least=SMALL_BASE))
        notes += [translate("note-differences")] if options.errors else []
    notes.append(translate("note-tests"))
    names = {test.name for item in items for test in item.tests if test.name}
    described = significance.describe_tests(options.seed, by_design=options.errors).items()
    notes += [f"{translate(name)}: {text}" for name, text in described if name in names]
    if names and options.population and not options.errors:
        notes.append(translate("note-population", size=f"{options.population:,}"))
    return notes
