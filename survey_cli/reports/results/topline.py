"""Topline: every item with its base, counts, percentages, nets, means and notes, and battery charts."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, CrosstabLine, ResultOptions
from survey_cli.reports.results.questions import BatteryHead
from survey_cli.reports.results.report_model import (
    BarSegment,
    Base,
    Battery,
    BatteryStatement,
    Figure,
    ItemResult,
    ResultRow,
    Side,
    SummaryStatistics,
    Verbatim,
)
from survey_cli.reports.rounding import (
    EMPTY_MARK,
    HIDDEN_MARK,
    TRACE_MARK,
    compute_root,
    format_count,
    format_decimal,
    format_percentage,
    sum_rounded_percentages,
)
from survey_cli.reports.weighting.answer_counts import WeightedCount, compute_effective_size
from survey_cli.reports.weighting.margins_of_error import compute_student_95, format_share_margin
from survey_cli.wording import format_quantity

MEAN_DIGITS: Final = 2


def build_item_result(
    table: Crosstab, *, interviews: int, unit: int, terms: ResultOptions, verbatims: tuple[Verbatim, ...] = ()
) -> ItemResult:
    """One item of the topline. `unit` is what a weight of one is in the piles; `interviews` how many are reported on."""
    question, shown = table.question, table.select_rows([0])
    return ItemResult(
        id=question.id,
        number=question.number,
        kind=question.kind,
        section=question.section,
        battery=question.battery,
        label=question.label,
        wording=question.wording,
        instruction=question.instruction,
        base=build_base(table, 0, unit=unit, words=_describe_base(table, interviews, terms)),
        rows=build_rows(table, [0], unit=unit, terms=terms, shown=shown),
        summary=None if table.is_mean_hidden(0) else build_summary(table, 0, unit=unit, terms=terms),
        margin_text=_describe_margin(table.bases[0], terms)
        if terms.with_margins and not table.is_base_hidden(0)
        else "",
        notes=tuple(_build_notes(table, unit, terms)),
        verbatims=verbatims,
    )


def build_rows(
    table: Crosstab, columns: Sequence[int], *, unit: int, terms: ResultOptions, shown: Sequence[int]
) -> tuple[ResultRow, ...]:
    """The rows that are shown, with figures for these columns; answers as written, nets last."""
    return tuple(
        ResultRow(
            kind=line.kind,
            code=line.code,
            label=line.label,
            figures=tuple(
                build_figure(
                    line.counts[c],
                    table.bases[c],
                    unit=unit,
                    digits=terms.digits,
                    hidden=table.is_hidden(i, c),
                    of_hidden=table.is_base_hidden(c),
                )
                for c in columns
            ),
            side=line.side,
            note=line.note,
        )
        for i, line in enumerate(table.lines)
        if i in shown
    )


def build_figure(
    pile: WeightedCount,
    base: WeightedCount,
    *,
    unit: int,
    digits: int = 0,
    hidden: bool = False,
    of_hidden: bool = False,
) -> Figure:
    """Build a count and its share of the base, with their texts.

    Where the base is hidden, so is the share, which would reveal it.
    """
    if hidden:
        return Figure(None, None, HIDDEN_MARK, HIDDEN_MARK, hidden=True)
    if of_hidden:
        amount = Fraction(pile.weight, unit)
        return Figure(amount, None, format_count(amount), HIDDEN_MARK)
    share = Fraction(pile.weight, base.weight) if base.weight else None
    amount = Fraction(pile.weight, unit)
    return Figure(amount, share, format_count(amount), format_percentage(share, digits))


def build_base(table: Crosstab, column: int, *, unit: int, words: str = "") -> Base:
    """Of whom a column is; `words` for the topline, where a table's heading says nothing."""
    pile = table.bases[column]
    if table.is_base_hidden(column):
        return Base(None, words.replace("{n}", HIDDEN_MARK), HIDDEN_MARK)
    weighted = unit != 1
    return Base(
        pile.people,
        words.replace("{n}", f"{pile.people:,}"),
        f"{pile.people:,}",
        format_count(Fraction(pile.weight, unit)) if weighted else "",
        format_decimal(compute_effective_size(pile), 0) if weighted else "",
        small_text=_describe_small_base(pile.people, weighted=weighted),
    )


def _describe_small_base(people: int, *, weighted: bool) -> str:
    if not 0 < people < SMALL_BASE:
        return ""
    one = "" if weighted else f": one person is {format_percentage(Fraction(1, people), 1)} percent"
    return f"small{one}"


def _describe_base(table: Crosstab, interviews: int, terms: ResultOptions) -> str:
    question = table.question
    of = "{n} with an answer, of those" if terms.valid_only else "asked of {n}"
    if question.base:
        return f"{of} {question.base}"
    if question.asked:
        return f"{of}: {question.asked}"
    if terms.valid_only:
        return "{n} with an answer"
    if table.bases[0].people == interviews:
        return "all {n}"
    if question.variable.turn is not None:
        return f"asked of {{n}}, who came to turn {question.variable.turn}"
    return "asked of {n}, who got that far"


def build_summary(table: Crosstab, column: int, *, unit: int, terms: ResultOptions) -> SummaryStatistics | None:
    """Mean, median and standard deviation of a scale or number. They are hidden where any count they are made of is."""
    if not table.values and table.question.kind not in ("scale", "number"):
        return None
    if table.is_mean_hidden(column):
        return SummaryStatistics(None, HIDDEN_MARK, HIDDEN_MARK, HIDDEN_MARK, HIDDEN_MARK)
    values = [(value, piles[column]) for value, piles in table.values if piles[column].people]
    people = sum(pile.people for _, pile in values)
    weight = sum(pile.weight for _, pile in values)
    if not weight:
        return SummaryStatistics(None, "0", EMPTY_MARK, EMPTY_MARK, EMPTY_MARK)
    mean = sum((value * pile.weight for value, pile in values), Fraction(0)) / weight
    variance = compute_variance(values, mean, people)
    margin = ""
    if terms.with_margins and variance is not None:
        squares = sum(pile.squares for _, pile in values)
        spread = compute_root(variance * squares / weight**2 * _compute_population_correction(people, terms))
        margin = f"± {format_decimal(compute_student_95(people - 1) * spread, MEAN_DIGITS)}"
    return SummaryStatistics(
        mean,
        f"{people:,}",
        format_decimal(mean, MEAN_DIGITS),
        format_median(values),
        EMPTY_MARK if variance is None else format_decimal(compute_root(variance), MEAN_DIGITS),
        margin,
    )


def compute_variance(values: Sequence[tuple[Fraction, WeightedCount]], mean: Fraction, people: int) -> Fraction | None:
    """The sample variance, n − 1 below the line; weighted, Σw(x − m)²/Σw · n/(n − 1). None for fewer than two."""
    if people < 2:
        return None
    weight = sum(pile.weight for _, pile in values)
    spread = sum((pile.weight * (value - mean) ** 2 for value, pile in values), Fraction(0))
    return spread / weight * Fraction(people, people - 1)


def compute_median(values: Sequence[tuple[Fraction, WeightedCount]]) -> Fraction:
    """The value in the middle of the weights; halfway between two where the middle falls between them."""
    half = Fraction(sum(pile.weight for _, pile in values), 2)
    held = 0
    for place, (value, pile) in enumerate(values):
        held += pile.weight
        if held > half:
            return value
        if held == half:
            return (value + values[place + 1][0]) / 2
    raise ValueError("nobody has a value")


def format_median(values: Sequence[tuple[Fraction, WeightedCount]]) -> str:
    """The median in as few decimals as say it, at most two."""
    median = compute_median(values)
    for digits in range(MEAN_DIGITS):
        if (median * 10**digits).denominator == 1:
            return format_decimal(median, digits)
    return format_decimal(median, MEAN_DIGITS)


def _describe_margin(base: WeightedCount, terms: ResultOptions) -> str:
    """Half of the widest 95 percent interval of a share in a simple random sample, on the effective base."""
    n = compute_effective_size(base)
    if not n:
        return ""
    return f"{format_share_margin(n, base.people, terms.population)}, 95 % confidence"


def _compute_population_correction(people: int, terms: ResultOptions) -> Fraction:
    """The finite population correction of a variance: the share of the population that was not interviewed."""
    if not terms.population:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(people, terms.population))


def _build_notes(table: Crosstab, unit: int, terms: ResultOptions) -> list[str]:
    lines = [line for line in table.lines if line.kind != "net"]
    told = []
    base = table.bases[0]
    if not base.people:
        return ["Nobody has been asked this."]
    if table.is_base_hidden(0):
        if base.people < terms.threshold:
            return [f"Fewer than {terms.threshold} were asked: their answers are not shown."]
        return ["How many were asked is not shown: small counts would follow from it."]
    told += explain_hidden_rows(table, [0], terms)
    if not table.select_rows([0]):
        return told
    if table.question.kind == "multiple":
        told.append("Several answers could be given: percentages are of all who were asked, and add up to more.")
    elif not table.has_hidden(0) and lines:
        shares = [Fraction(line.counts[0].weight, base.weight) for line in lines]
        total = sum_rounded_percentages(shares, terms.digits)
        if total != 100:
            told.append(f"Percentages add up to {format_decimal(total, terms.digits)} because of rounding.")
    told += warn_if_unanimous(table, 0, "everybody who was asked")
    return told


def explain_hidden_rows(table: Crosstab, columns: Sequence[int], terms: ResultOptions) -> list[str]:
    """Why a table with these columns has nets alone, or no rows."""
    rows = table.select_rows(columns)
    if len(rows) == len(table.lines):
        return []
    what = "Only nets are shown, as most other" if rows else "Not shown, as most"
    return [f"{what} counts would be hidden (fewer than {terms.threshold} people, or telling such a count)."]


def warn_if_unanimous(table: Crosstab, column: int, who: str) -> list[str]:
    """A warning where all of a column gave one answer, so that what each of them said is known."""
    base = table.bases[column].people
    if not base or table.is_base_hidden(column) or table.question.kind in ("words", "time"):
        return []
    for i, line in enumerate(table.lines):
        if line.kind in ("net", "range"):
            continue
        if line.counts[column].people == base and not table.is_hidden(i, column):
            return [f"Unanimous: {who} gave the same answer ({base:,} of {base:,}), so that each one’s is known."]
    return []


def build_batteries(
    heads: Sequence[BatteryHead], tables: Sequence[Crosstab], *, unit: int, terms: ResultOptions
) -> tuple[Battery, ...]:
    """A chart of each battery of which something was asked."""
    made = []
    for head in heads:
        inside = [t for t in tables if t.question.battery == head.id and t.bases[0].people]
        if not inside:
            continue
        points: list[tuple[str, Side]] = [(line.label, line.side) for line in _list_scale_lines(inside[0])]
        statements = tuple(_build_statement(table, unit, terms) for table in inside)
        if any(len(s.segments) > len(points) for s in statements):
            points.append((_choose_apart_label(inside), "apart"))
        made.append(
            Battery(
                id=head.id,
                section=head.section,
                title=head.title or head.section,
                intro=head.intro,
                points=tuple(points),
                statements=statements,
            )
        )
    return tuple(made)


def _list_scale_lines(table: Crosstab) -> list[CrosstabLine]:
    return [line for line in table.lines if line.side != "apart" and line.kind == "answer"]


def _choose_apart_label(tables: Sequence[Crosstab]) -> str:
    """What stands apart by its name, or all of it together."""
    labels = dict.fromkeys(
        line.label
        for table in tables
        for line in table.lines
        if line.kind != "net" and line.side == "apart" and line.counts[0].people
    )
    return next(iter(labels)) if len(labels) == 1 else "No opinion or no answer"


def _build_statement(table: Crosstab, unit: int, terms: ResultOptions) -> BatteryStatement:
    segments: list[BarSegment] = []
    apart: list[tuple[int, CrosstabLine]] = []
    for i, line in enumerate(table.lines):
        if line.kind == "net":
            continue
        if line.side == "apart":
            apart.append((i, line))
            continue
        segments.append(
            BarSegment(
                line.label,
                line.side,
                build_figure(
                    line.counts[0],
                    table.bases[0],
                    unit=unit,
                    digits=terms.digits,
                    hidden=table.is_hidden(i, 0),
                    of_hidden=table.is_base_hidden(0),
                ),
            )
        )
    if any(line.counts[0].people for _, line in apart):
        pile = WeightedCount(
            sum(line.counts[0].people for _, line in apart),
            sum(line.counts[0].weight for _, line in apart),
            sum(line.counts[0].squares for _, line in apart),
        )
        hidden = any(s.figure.hidden for s in segments) and any(table.is_hidden(i, 0) for i, _ in apart)
        segments.append(
            BarSegment(
                _choose_apart_label([table]),
                "apart",
                build_figure(
                    pile,
                    table.bases[0],
                    unit=unit,
                    digits=terms.digits,
                    hidden=hidden,
                    of_hidden=table.is_base_hidden(0),
                ),
            )
        )
    return BatteryStatement(
        id=table.question.id,
        wording=table.question.statement or table.question.wording,
        base=build_base(table, 0, unit=unit, words="{n}"),
        segments=tuple(segments),
        is_complete=not (table.is_base_hidden(0) or any(s.figure.hidden for s in segments)),
    )


def build_table_notes(terms: ResultOptions, *, weighted: bool, declines: Mapping[str, str]) -> tuple[str, ...]:
    """What holds of all tables."""
    digits = "whole numbers" if not terms.digits else format_quantity(terms.digits, "decimal")
    least = format_decimal(Fraction(1, 2 * 10**terms.digits), terms.digits + 1)
    told = [
        f"Percentages are rounded to {digits}, halves away from zero, and may not add up to 100.",
        f"{TRACE_MARK} more than none, and less than {least} percent. {EMPTY_MARK} nobody was asked.",
    ]
    if terms.valid_only:
        told.append("Percentages are of those with an answer: declines and volunteered answers are left out.")
    elif declines:
        told.append(
            f"Percentages are of all who were asked: {', '.join(declines.values())} and volunteered answers are rows."
        )
    told.append("Whoever was not asked an item, or was not reached by it, is in none of its figures.")
    told.append("Means, medians and standard deviations leave out declines, volunteered answers and no opinion.")
    if terms.threshold > 1:
        told.append(
            f"{HIDDEN_MARK} a count of fewer than {terms.threshold} people, or one from which it would follow: not shown."
        )
    if weighted:
        told.append("Counts and percentages are weighted; bases are numbers of interviews.")
    return tuple(told)
