"""Topline: every item with its base, counts, percentages, nets, means and notes, and battery charts."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from survey_cli.reports import rounding
from survey_cli.reports.results import report_model
from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.questions import BatteryHead
from survey_cli.reports.weighting.answer_counts import WeightedCount, compute_effective_size, sum_counts
from survey_cli.reports.weighting.margins_of_error import compute_student_95, format_share_margin
from survey_cli.wording import format_quantity

MEAN_DIGITS: Final = 2


def build_item_result(
    table: Crosstab, *, interviews: int, options: ResultOptions, verbatims: tuple[report_model.Verbatim, ...] = ()
) -> report_model.ItemResult:
    """Build one item of the topline; `interviews` is the number of all interviews in the report."""
    question, with_margin = table.question, options.with_margins and not table.is_base_hidden(0)
    return report_model.ItemResult(
        id=question.id,
        number=question.number,
        kind=question.kind,
        section=question.section,
        battery=question.battery,
        label=question.label,
        wording=question.wording,
        instruction=question.instruction,
        base=build_base(table, 0, _describe_base(table, interviews, options)),
        rows=build_rows(table, table.select_rows([0]), [0], options),
        summary=None if table.is_mean_hidden(0) else build_summary(table, 0, options),
        margin_text=_describe_margin(table.bases[0], options) if with_margin else "",
        notes=tuple(_build_notes(table, options)),
        verbatims=verbatims,
    )


def build_rows(
    table: Crosstab, rows: Sequence[int], columns: Sequence[int], options: ResultOptions
) -> tuple[report_model.ResultRow, ...]:
    """Build these rows with figures for these columns."""
    return tuple(
        report_model.ResultRow(
            kind=line.kind,
            code=line.code,
            label=line.label,
            figures=tuple(
                _build_figure(table, column, line.counts[column], options, hidden=table.is_hidden(i, column))
                for column in columns
            ),
            side=line.side,
            note=line.note,
        )
        for i, line in enumerate(table.lines)
        if i in rows
    )


def _build_figure(
    table: Crosstab, column: int, count: WeightedCount, options: ResultOptions, *, hidden: bool
) -> report_model.Figure:
    """Build a count and its share of the column's base; a hidden base also hides the share, which would reveal it."""
    if hidden:
        return report_model.Figure(None, None, rounding.HIDDEN_MARK, rounding.HIDDEN_MARK, hidden=True)
    amount = Fraction(count.weight, table.unit)
    if table.is_base_hidden(column):
        return report_model.Figure(amount, None, rounding.format_count(amount), rounding.HIDDEN_MARK)
    base = table.bases[column].weight
    share = Fraction(count.weight, base) if base else None
    return report_model.Figure(
        amount, share, rounding.format_count(amount), rounding.format_percentage(share, options.digits)
    )


def build_base(table: Crosstab, column: int, text: str = "") -> report_model.Base:
    """Build the base of a column. `text` describes a topline's base, with `{n}` for its size."""
    count = table.bases[column]
    if table.is_base_hidden(column):
        return report_model.Base(None, text.replace("{n}", rounding.HIDDEN_MARK), rounding.HIDDEN_MARK)
    return report_model.Base(
        count.people,
        text.replace("{n}", f"{count.people:,}"),
        f"{count.people:,}",
        rounding.format_count(Fraction(count.weight, table.unit)) if table.is_weighted else "",
        rounding.format_decimal(compute_effective_size(count), 0) if table.is_weighted else "",
        small_text=_describe_small_base(count.people, weighted=table.is_weighted),
    )


def _describe_small_base(people: int, *, weighted: bool) -> str:
    if not 0 < people < SMALL_BASE:
        return ""
    return "small" if weighted else f"small: one person is {rounding.format_percentage(Fraction(1, people), 1)} percent"


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
    if question.variable.turn is not None:
        return f"asked of {{n}}, who reached turn {question.variable.turn}"
    return "asked of {n}, who reached this item"


def build_summary(table: Crosstab, column: int, options: ResultOptions) -> report_model.SummaryStatistics | None:
    """Compute mean, median and standard deviation of a scale or number; hidden where any count behind them is hidden.

    Returns None for other items.
    """
    if not table.values and table.question.kind not in ("scale", "number"):
        return None
    if table.is_mean_hidden(column):
        return report_model.SummaryStatistics(
            None, rounding.HIDDEN_MARK, rounding.HIDDEN_MARK, rounding.HIDDEN_MARK, rounding.HIDDEN_MARK
        )
    values = [(value, counts[column]) for value, counts in table.values if counts[column].people]
    people, weight, squares = sum_counts(count for _, count in values)
    if not weight:
        return report_model.SummaryStatistics(None, "0", rounding.EMPTY_MARK, rounding.EMPTY_MARK, rounding.EMPTY_MARK)
    mean = sum((value * count.weight for value, count in values), Fraction(0)) / weight
    variance = compute_variance(values, mean, people)
    margin = ""
    if options.with_margins and variance is not None:
        correction = options.compute_population_correction(people)
        standard_error = rounding.compute_root(variance * squares / weight**2 * correction)
        margin = f"± {rounding.format_decimal(compute_student_95(people - 1) * standard_error, MEAN_DIGITS)}"
    return report_model.SummaryStatistics(
        mean,
        f"{people:,}",
        rounding.format_decimal(mean, MEAN_DIGITS),
        _format_median(values),
        rounding.EMPTY_MARK
        if variance is None
        else rounding.format_decimal(rounding.compute_root(variance), MEAN_DIGITS),
        margin,
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


def _format_median(values: Sequence[tuple[Fraction, WeightedCount]]) -> str:
    """Format the median with as few decimals as it needs, at most two."""
    median = compute_median(values)
    for digits in range(MEAN_DIGITS):
        if (median * 10**digits).denominator == 1:
            return rounding.format_decimal(median, digits)
    return rounding.format_decimal(median, MEAN_DIGITS)


def _describe_margin(base: WeightedCount, options: ResultOptions) -> str:
    """Return half of the widest 95 percent interval of a share in a simple random sample, on the effective base."""
    effective_size = compute_effective_size(base)
    if not effective_size:
        return ""
    return f"{format_share_margin(effective_size, base.people, options.population)}, 95 % confidence"


def _build_notes(table: Crosstab, options: ResultOptions) -> list[str]:
    base = table.bases[0]
    if not base.people:
        return ["Nobody has been asked this."]
    if table.is_base_hidden(0):
        if base.people < options.threshold:
            return [f"Fewer than {options.threshold} were asked: their answers are not shown."]
        return ["The number of people asked is not shown, because it would reveal small counts."]
    notes = explain_hidden_rows(table, [0], options)
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
    return notes + warn_if_unanimous(table, 0, "everybody who was asked")


def explain_hidden_rows(table: Crosstab, columns: Sequence[int], options: ResultOptions) -> list[str]:
    """Return a note where a table with these columns has only nets, or no rows."""
    rows = table.select_rows(columns)
    if len(rows) == len(table.lines):
        return []
    shown = "Only nets are shown, as most other" if rows else "Not shown, as most"
    return [f"{shown} counts would be hidden (fewer than {options.threshold} people, or revealing such a count)."]


def warn_if_unanimous(table: Crosstab, column: int, who: str) -> list[str]:
    """Return a warning where everybody in a column gave the same answer, so that each one's answer is known."""
    base = table.bases[column].people
    if not base or table.is_base_hidden(column) or table.question.kind in ("words", "time"):
        return []
    for i, line in enumerate(table.lines):
        if line.kind in ("net", "range"):
            continue
        if line.counts[column].people == base and not table.is_hidden(i, column):
            return [f"Unanimous: {who} gave the same answer ({base:,} of {base:,}), which reveals the answer of each."]
    return []


def build_batteries(
    heads: Sequence[BatteryHead], tables: Sequence[Crosstab], options: ResultOptions
) -> tuple[report_model.Battery, ...]:
    """Build the chart of each battery with a statement that somebody was asked."""
    batteries = []
    for head in heads:
        asked = [table for table in tables if table.question.battery == head.id and table.bases[0].people]
        if not asked:
            continue
        points: list[tuple[str, report_model.Side]] = [
            (line.label, line.side) for line in asked[0].lines if line.side != "apart" and line.kind == "answer"
        ]
        statements = tuple(_build_statement(table, options) for table in asked)
        if any(len(statement.segments) > len(points) for statement in statements):
            points.append((_choose_apart_label(asked), "apart"))
        batteries.append(
            report_model.Battery(
                id=head.id,
                section=head.section,
                title=head.title or head.section,
                intro=head.intro,
                points=tuple(points),
                statements=statements,
            )
        )
    return tuple(batteries)


def _choose_apart_label(tables: Sequence[Crosstab]) -> str:
    """Return the label of the only kind of answer that is apart, or a common label for several."""
    labels = dict.fromkeys(
        line.label
        for table in tables
        for line in table.lines
        if line.kind != "net" and line.side == "apart" and line.counts[0].people
    )
    return next(iter(labels)) if len(labels) == 1 else "No opinion or no answer"


def _build_statement(table: Crosstab, options: ResultOptions) -> report_model.BatteryStatement:
    segments: list[report_model.BarSegment] = []
    apart: list[int] = []
    for i in table.detail_rows:
        line = table.lines[i]
        if line.side == "apart":
            apart.append(i)
        else:
            figure = _build_figure(table, 0, line.counts[0], options, hidden=table.is_hidden(i, 0))
            segments.append(report_model.BarSegment(line.label, line.side, figure))
    count = sum_counts(table.lines[i].counts[0] for i in apart)
    if count.people:
        hidden = any(segment.figure.hidden for segment in segments) and any(table.is_hidden(i, 0) for i in apart)
        figure = _build_figure(table, 0, count, options, hidden=hidden)
        segments.append(report_model.BarSegment(_choose_apart_label([table]), "apart", figure))
    return report_model.BatteryStatement(
        id=table.question.id,
        wording=table.question.statement or table.question.wording,
        base=build_base(table, 0, "{n}"),
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
