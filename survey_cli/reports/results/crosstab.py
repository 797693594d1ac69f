"""Cross-tabulation of one question: exact weighted counts per answer and banner column, and hidden cells.

It contains no wording of its own and computes no percentages.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.reports.disclosure.suppression import BASE, DEFAULT_THRESHOLD, CellPosition
from survey_cli.reports.results.bins import build_bins
from survey_cli.reports.results.questions import UNASKED_KINDS, ReportQuestion
from survey_cli.reports.results.report_model import RowKind, Side
from survey_cli.reports.weighting.answer_counts import AnswerColumns, AnswerKey, Grouping, WeightedCount, sum_counts
from survey_cli.values import Cell, Missing

SMALL_BASE: Final = 30
"""Of fewer interviews a percentage is marked, and no columns are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultOptions:
    """Options of result tables."""

    valid_only: bool = False
    """Declines and volunteered answers are left out of rows and bases."""
    threshold: int = DEFAULT_THRESHOLD
    """Counts of fewer people are hidden; 0 or 1 hides nothing."""
    digits: int = 0
    """Decimals of percentages."""
    population: int | None = None
    """Units of the population, for the finite population correction."""
    census: bool = False
    """The whole population was selected."""
    with_tests: bool = True
    """Tests are made."""
    with_margins: bool = False
    """Margins of sampling error are printed."""
    seed: int = 1
    """Of tests that draw tables."""


class CrosstabLine(NamedTuple):
    """One row of counts, one per column."""

    kind: RowKind
    code: str
    label: str
    counts: tuple[WeightedCount, ...]
    side: Side = "apart"
    note: str = ""
    parts: tuple[int, ...] = ()
    """Of a net: the rows it sums up."""
    in_tests: bool = True
    """Among the answers that groups are compared by: no decline, no net."""
    value: Fraction | None = None
    """Where it stands on a scale or among numbers; None where it is left out of means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crosstab:
    """The counts of one question. The first column is the total."""

    question: ReportQuestion
    lines: tuple[CrosstabLine, ...]
    bases: tuple[WeightedCount, ...]
    values: tuple[tuple[Fraction, tuple[WeightedCount, ...]], ...] = ()
    """Each number that counts in means, in order."""
    hidden: frozenset[CellPosition] = frozenset()

    def is_hidden(self, row: int, column: int) -> bool:
        return CellPosition(row, column) in self.hidden

    def is_base_hidden(self, column: int) -> bool:
        return CellPosition(BASE, column) in self.hidden

    def has_hidden(self, column: int) -> bool:
        """Whether some figure of a column is."""
        return any(spot.column == column for spot in self.hidden)

    def count_hidden(self) -> tuple[int, int]:
        """How many of its counts and bases are hidden, and how many there are."""
        return len(self.hidden), (len(self.lines) + 1) * len(self.bases)

    def is_mostly_hidden(self, rows: Sequence[int], columns: Sequence[int]) -> bool:
        """Whether more shares are hidden than shown, zeros that are shown aside; of the total alone, all counts.

        A hidden zero counts as hidden: a reader can't tell it from other hidden counts.
        """
        spots = [CellPosition(row, c) for row in rows for c in columns]
        if list(columns) == [0]:
            some = [spot for spot in spots if self.lines[spot.row].counts[0].people]
            return bool(some) and all(spot in self.hidden for spot in some)
        hidden = {spot for spot in spots if spot in self.hidden or self.is_base_hidden(spot.column)}
        shown = [s for s in spots if s not in hidden and self.lines[s.row].counts[s.column].people]
        return len(hidden) > len(shown)

    def gives_up_details(self, columns: Sequence[int]) -> bool:
        """Whether most of its details would be hidden in these columns, or most of its details and nets together."""
        every = range(len(self.lines))
        return self.is_mostly_hidden(self.detail_rows, columns) or self.is_mostly_hidden(every, columns)

    @property
    def detail_rows(self) -> list[int]:
        """The rows that are no nets."""
        return [i for i, line in enumerate(self.lines) if line.kind != "net"]

    @property
    def net_rows(self) -> list[int]:
        """The rows that put others together."""
        return [i for i, line in enumerate(self.lines) if line.kind == "net"]

    def select_rows(self, columns: Sequence[int]) -> list[int]:
        """Select the rows that a table with these columns shows.

        These are all rows, only nets where it gives up its details, or none where most nets are hidden too or no base is
        shown.
        """
        if columns and all(map(self.is_base_hidden, columns)):
            return []
        if not self.gives_up_details(columns):
            return list(range(len(self.lines)))
        return self.net_rows if self.net_rows and not self.is_mostly_hidden(self.net_rows, columns) else []

    def is_mean_hidden(self, column: int) -> bool:
        """Whether some count that a mean is made of is: it would tell of it."""
        return self.is_base_hidden(column) or any(
            self.is_hidden(i, column)
            for i, line in enumerate(self.lines)
            if line.value is not None or (self.question.kind == "number" and line.kind != "decline")
        )


def tabulate(
    question: ReportQuestion, answers: AnswerColumns, groupings: Sequence[Grouping], terms: ResultOptions
) -> Crosstab:
    """The lines of one question, with nothing hidden yet. Not asked and not reached are in no line and no base."""
    names = list(question.columns)
    piles = answers.count(answers.list_keys(names), groupings)
    cells: dict[str, Cell] = answers.read_cells(names[0])
    for name in names[1:]:
        cells.update(answers.read_cells(name))
    first = {key: cells[_get_first_text(key)] for key in piles}
    asked = {key: pile for key, pile in piles.items() if not _was_not_asked(first[key])}
    declined = {
        kind: _sum_columns([pile for key, pile in asked.items() if _get_missing_kind(first[key]) == kind], groupings)
        for kind in dict.fromkeys(_get_missing_kind(first[key]) for key in asked)
        if kind
    }
    given = {key: pile for key, pile in asked.items() if not _get_missing_kind(first[key])}
    if terms.valid_only:
        declined = {}
        dropped = {point.code for point in question.points if point.volunteered}
        if question.kind != "multiple":
            given = {key: pile for key, pile in given.items() if first[key] not in dropped}
    values: tuple[tuple[Fraction, tuple[WeightedCount, ...]], ...] = ()
    match question.kind:
        case "multiple":
            lines = _count_mentions(question, given, cells, groupings, terms)
        case "number" | "date":
            lines, values = _count_numbers(question, given, first, groupings, terms)
        case "words" | "time":
            total = _sum_columns(list(given.values()), groupings)
            lines = [CrosstabLine("answer", "", "Answered", total)] if total[0].people else []
        case _:
            lines = _count_answers(question, given, first, groupings, terms)
            values = tuple((line.value, line.counts) for line in lines if line.value is not None and line.kind != "net")
            if question.kind == "single":
                values = ()
    order = [*question.variable.declines, *sorted(declined)]
    lines += [
        CrosstabLine(
            "decline",
            str(question.variable.declines[kind][0]) if kind in question.variable.declines else "",
            question.variable.declines[kind][1] if kind in question.variable.declines else kind,
            declined[kind],
            in_tests=False,
        )
        for kind in dict.fromkeys(order)
        if kind in declined
    ]
    lines += _count_nets(question, lines, given, cells, groupings)
    every = [*given.values(), *declined.values()]
    bases = _sum_columns(every, groupings)
    return Crosstab(question=question, lines=tuple(lines), bases=bases, values=values)


def _get_first_text(key: AnswerKey) -> str:
    text = key[0] if isinstance(key, tuple) else key
    assert isinstance(text, str)
    return text


def _was_not_asked(cell: Cell) -> bool:
    return isinstance(cell, Missing) and cell.kind in UNASKED_KINDS


def _get_missing_kind(cell: Cell) -> str:
    return cell.kind if isinstance(cell, Missing) else ""


def _sum_columns(
    several: Sequence[tuple[WeightedCount, ...]], groupings: Sequence[Grouping]
) -> tuple[WeightedCount, ...]:
    width = 1 + sum(len(g.part_labels) for g in groupings)
    if not several:
        return (WeightedCount(),) * width
    return tuple(sum_counts(column) for column in zip(*several, strict=True))


def _count_answers(
    question: ReportQuestion,
    given: Mapping[AnswerKey, tuple[WeightedCount, ...]],
    first: Mapping[AnswerKey, Cell],
    groupings: Sequence[Grouping],
    terms: ResultOptions,
) -> list[CrosstabLine]:
    """A line for each option, whether chosen or not; then one for each code that has no label."""
    found: dict[Cell, list[tuple[WeightedCount, ...]]] = {}
    for key, piles in given.items():
        found.setdefault(first[key], []).append(piles)
    lines: list[CrosstabLine] = []
    later: list[CrosstabLine] = []
    for point in question.points:
        if point.volunteered and terms.valid_only:
            continue
        number = question.kind == "scale" and isinstance(point.code, int)
        counts = not (point.missing or point.volunteered)
        line = CrosstabLine(
            "volunteered" if point.volunteered else "answer",
            str(point.code),
            point.label,
            _sum_columns(found.pop(point.code, []), groupings),
            side=point.side,
            note="volunteered" if point.volunteered else "",
            value=Fraction(point.code) if number and counts and isinstance(point.code, int) else None,
        )
        (later if point.volunteered else lines).append(line)
    rest = [
        CrosstabLine("answer", str(code), str(code), _sum_columns(piles, groupings)) for code, piles in found.items()
    ]
    return [*lines, *rest, *later]


def _count_mentions(
    question: ReportQuestion,
    given: Mapping[AnswerKey, tuple[WeightedCount, ...]],
    cells: Mapping[str, Cell],
    groupings: Sequence[Grouping],
    terms: ResultOptions,
) -> list[CrosstabLine]:
    lines = []
    for place, point in enumerate(question.points):
        if point.volunteered and terms.valid_only:
            continue
        with_it = [piles for key, piles in given.items() if cells[_get_text(key, place)] == 1]
        note = "volunteered" if point.volunteered else ""
        lines.append(
            CrosstabLine(
                "mention", str(point.code), point.label, _sum_columns(with_it, groupings), note=note, in_tests=False
            )
        )
    if question.allows_none:
        width = range(len(question.columns))
        none = [piles for key, piles in given.items() if all(cells[_get_text(key, i)] != 1 for i in width)]
        lines.append(CrosstabLine("mention", "", "None mentioned", _sum_columns(none, groupings), in_tests=False))
    return lines


def _get_text(key: AnswerKey, place: int) -> str:
    text = key[place] if isinstance(key, tuple) else key
    assert isinstance(text, str)
    return text


def _count_numbers(
    question: ReportQuestion,
    given: Mapping[AnswerKey, tuple[WeightedCount, ...]],
    first: Mapping[AnswerKey, Cell],
    groupings: Sequence[Grouping],
    terms: ResultOptions,
) -> tuple[list[CrosstabLine], tuple[tuple[Fraction, tuple[WeightedCount, ...]], ...]]:
    """Count ranges of numbers, or years of dates.

    Numbers with labels have lines of their own, and count in means where they lie among those that may be typed.
    """
    special = {point.code: point.label for point in question.points}
    amounts: dict[Fraction, list[tuple[WeightedCount, ...]]] = {}
    apart: dict[Fraction, list[tuple[WeightedCount, ...]]] = {}
    for key, piles in given.items():
        value = _read_number(first[key])
        labeled = value.denominator == 1 and int(value) in special
        (apart if labeled else amounts).setdefault(value, []).append(piles)
    summed = {value: _sum_columns(several, groupings) for value, several in amounts.items()}
    decimals = question.variable.decimals if question.kind == "number" else 0
    ranges = build_bins(
        {value: piles[0].people for value, piles in summed.items()},
        decimals=decimals,
        threshold=terms.threshold,
        least=_parse_limit(question.least),
        most=_parse_limit(question.most),
        plain=question.kind == "date",
    )
    lines = [
        CrosstabLine(
            "range",
            "",
            a_bin.label,
            _sum_columns([piles for value, piles in summed.items() if a_bin.low <= value < a_bin.high], groupings),
        )
        for a_bin in ranges
    ]
    counted = dict(summed)
    for code, label in special.items():
        piles = (
            _sum_columns(apart.get(Fraction(code), []), groupings)
            if isinstance(code, int)
            else _sum_columns([], groupings)
        )
        lines.append(CrosstabLine("answer", str(code), label, piles))
        inside = (question.least is None or Fraction(code) >= Fraction(question.least)) and (
            question.most is None or Fraction(code) <= Fraction(question.most)
        )
        if inside and piles[0].people:
            counted[Fraction(code)] = piles
    if question.kind == "date":
        return lines, ()
    return lines, tuple(sorted(counted.items()))


def _parse_limit(limit: float | None) -> Fraction | None:
    return None if limit is None else Fraction(repr(limit))


def _read_number(cell: Cell) -> Fraction:
    match cell:
        case date():
            return Fraction(cell.year)
        case str():
            return Fraction(cell[:4])  # a partial date begins with its year
        case float():
            return Fraction(repr(cell))
        case int():
            return Fraction(cell)
        case _:
            raise ValueError(f"no number: {cell!r}")


def _count_nets(
    question: ReportQuestion,
    lines: Sequence[CrosstabLine],
    given: Mapping[AnswerKey, tuple[WeightedCount, ...]],
    cells: Mapping[str, Cell],
    groupings: Sequence[Grouping],
) -> list[CrosstabLine]:
    """Codes together, from counts; of a multiple whoever gave one of them, once."""
    at = {line.code: i for i, line in enumerate(lines) if line.kind in ("answer", "volunteered", "mention")}
    made = []
    for name, codes in question.nets:
        parts = tuple(at[str(code)] for code in codes if str(code) in at)
        if not parts:
            continue
        if question.kind == "multiple":
            places = [i for i, point in enumerate(question.points) if point.code in codes]
            any_of = [piles for key, piles in given.items() if any(cells[_get_text(key, i)] == 1 for i in places)]
            piles = _sum_columns(any_of, groupings)
        else:
            piles = _sum_columns([lines[i].counts for i in parts], groupings)
        note = " + ".join(lines[i].code for i in parts)
        made.append(CrosstabLine("net", "", name, piles, note=note, parts=parts, in_tests=False))
    return made
