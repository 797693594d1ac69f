"""What did people answer? Every item with its base, counts and per cents, nets, means, and what a reader must be told of
them; and the bars of batteries. Columns are the banner's to compare.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from survey_cli.reports.results.crosstab import SMALL, Line, Tabulated, Terms
from survey_cli.reports.results.questions import BatteryHead
from survey_cli.reports.results.report_model import (
    Base,
    Battery,
    Figure,
    ItemResult,
    Row,
    Segment,
    Side,
    Statement,
    Summary,
    Verbatim,
)
from survey_cli.reports.rounding import (
    HIDDEN,
    NOTHING,
    TRACE,
    number,
    per_cent_text,
    root,
    rounded,
    sum_of_rounded,
)
from survey_cli.reports.weighting.answer_counts import Pile, effective
from survey_cli.reports.weighting.margins_of_error import share_margin_text, student_95

MEAN_DIGITS: Final = 2


def item_result(
    table: Tabulated,
    *,
    interviews: int,
    unit: int,
    terms: Terms,
    verbatims: tuple[Verbatim, ...] = (),
) -> ItemResult:
    """One item of the topline. `unit` is what a weight of one is in the piles; `interviews` how many are reported on."""
    question, shown = table.question, table.rows_shown([0])
    return ItemResult(
        id=question.id,
        number=question.number,
        kind=question.kind,
        section=question.section,
        battery=question.battery,
        label=question.label,
        wording=question.wording,
        instruction=question.instruction,
        base=base_of(table, 0, unit=unit, words=_base_words(table, interviews, terms)),
        rows=rows_of(table, [0], unit=unit, terms=terms, shown=shown),
        summary=None if table.mean_hidden(0) else summary_of(table, 0, unit=unit, terms=terms),
        margin_text=_margin(table.bases[0], terms) if terms.margins and not table.base_hidden(0) else "",
        notes=tuple(_notes(table, unit, terms)),
        verbatims=verbatims,
    )


def rows_of(
    table: Tabulated, columns: Sequence[int], *, unit: int, terms: Terms, shown: Sequence[int]
) -> tuple[Row, ...]:
    """The rows that are shown, with figures for these columns; answers as written, nets last."""
    return tuple(
        Row(
            kind=line.kind,
            code=line.code,
            label=line.label,
            figures=tuple(
                figure(
                    line.piles[c],
                    table.bases[c],
                    unit=unit,
                    digits=terms.digits,
                    hidden=table.is_hidden(i, c),
                    of_hidden=table.base_hidden(c),
                )
                for c in columns
            ),
            side=line.side,
            note=line.note,
        )
        for i, line in enumerate(table.lines)
        if i in shown
    )


def figure(
    pile: Pile, base: Pile, *, unit: int, digits: int = 0, hidden: bool = False, of_hidden: bool = False
) -> Figure:
    """A count and its share of the base, with their texts. Where the base is hidden, so is the share, which would tell of
    it."""
    if hidden:
        return Figure(None, None, HIDDEN, HIDDEN, hidden=True)
    if of_hidden:
        amount = Fraction(pile.weight, unit)
        return Figure(amount, None, number(amount), HIDDEN)
    share = Fraction(pile.weight, base.weight) if base.weight else None
    amount = Fraction(pile.weight, unit)
    return Figure(amount, share, number(amount), per_cent_text(share, digits))


def base_of(table: Tabulated, column: int, *, unit: int, words: str = "") -> Base:
    """Of whom a column is; `words` for the topline, where a table's heading says nothing."""
    pile = table.bases[column]
    if table.base_hidden(column):
        return Base(None, words.replace("{n}", HIDDEN), HIDDEN)
    weighted = unit != 1
    return Base(
        pile.people,
        words.replace("{n}", f"{pile.people:,}"),
        f"{pile.people:,}",
        number(Fraction(pile.weight, unit)) if weighted else "",
        rounded(effective(pile), 0) if weighted else "",
        small_text=_small_text(pile.people, weighted=weighted),
    )


def _small_text(people: int, *, weighted: bool) -> str:
    if not 0 < people < SMALL:
        return ""
    one = "" if weighted else f": one person is {per_cent_text(Fraction(1, people), 1)} per cent"
    return f"small{one}"


def _base_words(table: Tabulated, interviews: int, terms: Terms) -> str:
    question = table.question
    of = "{n} with an answer, of those" if terms.valid else "asked of {n}"
    if question.base:
        return f"{of} {question.base}"
    if question.asked:
        return f"{of}: {question.asked}"
    if terms.valid:
        return "{n} with an answer"
    if table.bases[0].people == interviews:
        return "all {n}"
    if question.variable.turn is not None:
        return f"asked of {{n}}, who came to turn {question.variable.turn}"
    return "asked of {n}, who got that far"


def summary_of(table: Tabulated, column: int, *, unit: int, terms: Terms) -> Summary | None:
    """Mean, median and standard deviation of a scale or number. They are hidden where any count they are made of is."""
    if not table.values and table.question.kind not in ("scale", "number"):
        return None
    if table.mean_hidden(column):
        return Summary(None, HIDDEN, HIDDEN, HIDDEN, HIDDEN)
    values = [(value, piles[column]) for value, piles in table.values if piles[column].people]
    people = sum(pile.people for _, pile in values)
    weight = sum(pile.weight for _, pile in values)
    if not weight:
        return Summary(None, "0", NOTHING, NOTHING, NOTHING)
    mean = sum((value * pile.weight for value, pile in values), Fraction(0)) / weight
    variance = variance_of(values, mean, people)
    margin = ""
    if terms.margins and variance is not None:
        squares = sum(pile.squares for _, pile in values)
        spread = root(variance * squares / weight**2 * _left(people, terms))
        margin = f"± {rounded(student_95(people - 1) * spread, MEAN_DIGITS)}"
    return Summary(
        mean,
        f"{people:,}",
        rounded(mean, MEAN_DIGITS),
        median_text(values),
        NOTHING if variance is None else rounded(root(variance), MEAN_DIGITS),
        margin,
    )


def variance_of(values: Sequence[tuple[Fraction, Pile]], mean: Fraction, people: int) -> Fraction | None:
    """The sample variance, n − 1 below the line; weighted, Σw(x − m)²/Σw · n/(n − 1). None for fewer than two."""
    if people < 2:
        return None
    weight = sum(pile.weight for _, pile in values)
    spread = sum((pile.weight * (value - mean) ** 2 for value, pile in values), Fraction(0))
    return spread / weight * Fraction(people, people - 1)


def median_of(values: Sequence[tuple[Fraction, Pile]]) -> Fraction:
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


def median_text(values: Sequence[tuple[Fraction, Pile]]) -> str:
    """The median in as few decimals as say it, at most two."""
    median = median_of(values)
    for digits in range(MEAN_DIGITS):
        if (median * 10**digits).denominator == 1:
            return rounded(median, digits)
    return rounded(median, MEAN_DIGITS)


def _margin(base: Pile, terms: Terms) -> str:
    """Half of the widest 95 per cent interval of a share in a simple random sample, on the effective base."""
    n = effective(base)
    if not n:
        return ""
    return f"{share_margin_text(n, base.people, terms.population)}, 95 % confidence"


def _left(people: int, terms: Terms) -> Fraction:
    """The finite population correction of a variance: the share of the population that was not interviewed."""
    if not terms.population:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(people, terms.population))


def _notes(table: Tabulated, unit: int, terms: Terms) -> list[str]:
    lines = [line for line in table.lines if line.kind != "net"]
    told = []
    base = table.bases[0]
    if not base.people:
        return ["Nobody has been asked this."]
    if table.base_hidden(0):
        if base.people < terms.threshold:
            return [f"Fewer than {terms.threshold} were asked: their answers are not shown."]
        return ["How many were asked is not shown: small counts would follow from it."]
    told += unshown(table, [0], terms)
    if not table.rows_shown([0]):
        return told
    if table.question.kind == "multiple":
        told.append(
            "Several answers could be given: per cents are of all who were asked, and add up to more."
        )
    elif not table.any_hidden(0) and lines:
        shares = [Fraction(line.piles[0].weight, base.weight) for line in lines]
        total = sum_of_rounded(shares, terms.digits)
        if total != 100:
            told.append(f"Per cents add up to {rounded(total, terms.digits)} because of rounding.")
    told += unanimous(table, 0, "everybody who was asked")
    return told


def unshown(table: Tabulated, columns: Sequence[int], terms: Terms) -> list[str]:
    """Why a table with these columns has nets alone, or no rows."""
    rows = table.rows_shown(columns)
    if len(rows) == len(table.lines):
        return []
    what = "Only nets are shown, as most other" if rows else "Not shown, as most"
    return [f"{what} counts would be hidden (fewer than {terms.threshold} people, or telling such a count)."]


def unanimous(table: Tabulated, column: int, who: str) -> list[str]:
    """A warning where all of a column gave one answer, so that what each of them said is known."""
    base = table.bases[column].people
    if not base or table.base_hidden(column) or table.question.kind in ("words", "time"):
        return []
    for i, line in enumerate(table.lines):
        if line.kind in ("net", "range"):
            continue
        if line.piles[column].people == base and not table.is_hidden(i, column):
            return [
                f"Unanimous: {who} gave the same answer ({base:,} of {base:,}), so that each one’s is known."
            ]
    return []


def batteries(
    heads: Sequence[BatteryHead], tables: Sequence[Tabulated], *, unit: int, terms: Terms
) -> tuple[Battery, ...]:
    """A chart of each battery of which something was asked."""
    made = []
    for head in heads:
        inside = [t for t in tables if t.question.battery == head.id and t.bases[0].people]
        if not inside:
            continue
        points: list[tuple[str, Side]] = [(line.label, line.side) for line in _sided(inside[0])]
        statements = tuple(_statement(table, unit, terms) for table in inside)
        if any(len(s.segments) > len(points) for s in statements):
            points.append((_apart_label(inside), "apart"))
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


def _sided(table: Tabulated) -> list[Line]:
    return [line for line in table.lines if line.side != "apart" and line.kind == "answer"]


def _apart_label(tables: Sequence[Tabulated]) -> str:
    """What stands apart by its name, or all of it together."""
    labels = dict.fromkeys(
        line.label
        for table in tables
        for line in table.lines
        if line.kind != "net" and line.side == "apart" and line.piles[0].people
    )
    return next(iter(labels)) if len(labels) == 1 else "No opinion or no answer"


def _statement(table: Tabulated, unit: int, terms: Terms) -> Statement:
    segments: list[Segment] = []
    apart: list[tuple[int, Line]] = []
    for i, line in enumerate(table.lines):
        if line.kind == "net":
            continue
        if line.side == "apart":
            apart.append((i, line))
            continue
        segments.append(
            Segment(
                line.label,
                line.side,
                figure(
                    line.piles[0],
                    table.bases[0],
                    unit=unit,
                    digits=terms.digits,
                    hidden=table.is_hidden(i, 0),
                    of_hidden=table.base_hidden(0),
                ),
            )
        )
    if any(line.piles[0].people for _, line in apart):
        pile = Pile(
            sum(line.piles[0].people for _, line in apart),
            sum(line.piles[0].weight for _, line in apart),
            sum(line.piles[0].squares for _, line in apart),
        )
        hidden = any(s.figure.hidden for s in segments) and any(table.is_hidden(i, 0) for i, _ in apart)
        segments.append(
            Segment(
                _apart_label([table]),
                "apart",
                figure(
                    pile,
                    table.bases[0],
                    unit=unit,
                    digits=terms.digits,
                    hidden=hidden,
                    of_hidden=table.base_hidden(0),
                ),
            )
        )
    return Statement(
        id=table.question.id,
        wording=table.question.statement or table.question.wording,
        base=base_of(table, 0, unit=unit, words="{n}"),
        segments=tuple(segments),
        whole=not (table.base_hidden(0) or any(s.figure.hidden for s in segments)),
    )


def table_notes(terms: Terms, *, weighted: bool, declines: Mapping[str, str]) -> tuple[str, ...]:
    """What holds of all tables."""
    digits = (
        "whole numbers" if not terms.digits else f"{terms.digits} decimal{'s' if terms.digits > 1 else ''}"
    )
    least = rounded(Fraction(1, 2 * 10**terms.digits), terms.digits + 1)
    told = [
        f"Per cents are rounded to {digits}, halves away from zero, and may not add up to 100.",
        f"{TRACE} more than none, and less than {least} per cent. {NOTHING} nobody was asked.",
    ]
    if terms.valid:
        told.append("Per cents are of those with an answer: declines and volunteered answers are left out.")
    elif declines:
        told.append(
            f"Per cents are of all who were asked: {', '.join(declines.values())} and volunteered answers are rows."
        )
    told.append("Whoever was not asked an item, or was not reached by it, is in none of its figures.")
    told.append(
        "Means, medians and standard deviations leave out declines, volunteered answers and no opinion."
    )
    if terms.threshold > 1:
        told.append(
            f"{HIDDEN} a count of fewer than {terms.threshold} people, or one from which it would follow: not shown."
        )
    if weighted:
        told.append("Counts and per cents are weighted; bases are numbers of interviews.")
    return tuple(told)
