"""How many gave each answer to one question, in all and in every column of the banner? Lines with exact piles, and which
of them are hidden. It says nothing in words of its own and makes no per cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from survey_cli.reports.disclosure.suppression import BASE, THRESHOLD, Spot
from survey_cli.reports.results.bins import bins
from survey_cli.reports.results.questions import NEVER_DECLINES, Question
from survey_cli.reports.results.report_model import RowKind, Side
from survey_cli.reports.weighting.answer_counts import Answers, Grouping, Key, Pile, piled
from survey_cli.values import Cell, Missing

SMALL: Final = 30
"""Of fewer interviews a per cent is marked, and no columns are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How results are reported."""

    valid: bool = False
    """Declines and volunteered answers are left out of rows and bases."""
    threshold: int = THRESHOLD
    """Counts of fewer people are hidden; 0 or 1 hides nothing."""
    digits: int = 0
    """Decimals of per cents."""
    population: int | None = None
    """Units of the population, for the finite population correction."""
    census: bool = False
    """The whole population was selected."""
    inference: bool = True
    """Tests are made."""
    margins: bool = False
    """Margins of sampling error are printed."""
    seed: int = 1
    """Of tests that draw tables."""


class Line(NamedTuple):
    """One row: how many, in each column."""

    kind: RowKind
    code: str
    label: str
    piles: tuple[Pile, ...]
    side: Side = "apart"
    note: str = ""
    parts: tuple[int, ...] = ()
    """Of a net: the rows it sums up."""
    tested: bool = True
    """Among the answers that groups are compared by: no decline, no net."""
    value: Fraction | None = None
    """Where it stands on a scale or among numbers; None where it is left out of means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tabulated:
    """One question, counted. The first column is the total."""

    question: Question
    lines: tuple[Line, ...]
    bases: tuple[Pile, ...]
    values: tuple[tuple[Fraction, tuple[Pile, ...]], ...] = ()
    """Each number that counts in means, in order."""
    hidden: frozenset[Spot] = frozenset()

    def is_hidden(self, row: int, column: int) -> bool:
        return Spot(row, column) in self.hidden

    def base_hidden(self, column: int) -> bool:
        return Spot(BASE, column) in self.hidden

    def any_hidden(self, column: int) -> bool:
        """Whether some figure of a column is."""
        return any(spot.column == column for spot in self.hidden)

    def counts(self) -> tuple[int, int]:
        """How many of its counts and bases are hidden, and how many there are."""
        return len(self.hidden), (len(self.lines) + 1) * len(self.bases)

    def mostly_hidden(self, rows: Sequence[int], columns: Sequence[int]) -> bool:
        """Whether more than half of the shares that are not zero are; of the total alone, all counts."""
        some = [Spot(row, c) for row in rows for c in columns if self.lines[row].piles[c].people]
        if list(columns) == [0]:
            return bool(some) and all(spot in self.hidden for spot in some)
        return 2 * sum(spot in self.hidden or self.base_hidden(spot.column) for spot in some) > len(some)

    @property
    def details(self) -> list[int]:
        """The rows that are no nets."""
        return [i for i, line in enumerate(self.lines) if line.kind != "net"]

    @property
    def nets(self) -> list[int]:
        """The rows that put others together."""
        return [i for i, line in enumerate(self.lines) if line.kind == "net"]

    def rows_shown(self, columns: Sequence[int]) -> list[int]:
        """The rows that a table with these columns has: all; the nets alone where most others are hidden; none where most
        of the nets are too, or of which no base is shown."""
        if columns and all(map(self.base_hidden, columns)):
            return []
        if not self.mostly_hidden(self.details, columns):
            return list(range(len(self.lines)))
        return self.nets if self.nets and not self.mostly_hidden(self.nets, columns) else []

    def mean_hidden(self, column: int) -> bool:
        """Whether some count that a mean is made of is: it would tell of it."""
        return self.base_hidden(column) or any(
            self.is_hidden(i, column)
            for i, line in enumerate(self.lines)
            if line.value is not None or (self.question.kind == "number" and line.kind != "decline")
        )


def tabulated(question: Question, answers: Answers, groupings: Sequence[Grouping], terms: Terms) -> Tabulated:
    """The lines of one question, with nothing hidden yet. Not asked and not reached are in no line and no base."""
    names = list(question.columns)
    piles = answers.piles(answers.keys(names), groupings)
    cells: dict[str, Cell] = answers.cells(names[0])
    for name in names[1:]:
        cells.update(answers.cells(name))
    first = {key: cells[_first(key)] for key in piles}
    asked = {key: pile for key, pile in piles.items() if not _never(first[key])}
    declined = {
        kind: _sum([pile for key, pile in asked.items() if _kind(first[key]) == kind], groupings)
        for kind in dict.fromkeys(_kind(first[key]) for key in asked)
        if kind
    }
    given = {key: pile for key, pile in asked.items() if not _kind(first[key])}
    if terms.valid:
        declined = {}
        dropped = {point.code for point in question.points if point.volunteered}
        if question.kind != "multiple":
            given = {key: pile for key, pile in given.items() if first[key] not in dropped}
    values: tuple[tuple[Fraction, tuple[Pile, ...]], ...] = ()
    match question.kind:
        case "multiple":
            lines = _mentions(question, given, cells, groupings, terms)
        case "number" | "date":
            lines, values = _numbers(question, given, first, groupings, terms)
        case "words" | "time":
            total = _sum(list(given.values()), groupings)
            lines = [Line("answer", "", "Answered", total)] if total[0].people else []
        case _:
            lines = _answers(question, given, first, groupings, terms)
            values = tuple(
                (line.value, line.piles) for line in lines if line.value is not None and line.kind != "net"
            )
            if question.kind == "single":
                values = ()
    order = [*question.variable.declines, *sorted(declined)]
    lines += [
        Line(
            "decline",
            str(question.variable.declines[kind][0]) if kind in question.variable.declines else "",
            question.variable.declines[kind][1] if kind in question.variable.declines else kind,
            declined[kind],
            tested=False,
        )
        for kind in dict.fromkeys(order)
        if kind in declined
    ]
    lines += _nets(question, lines, given, cells, groupings)
    every = [*given.values(), *declined.values()]
    bases = _sum(every, groupings)
    return Tabulated(question=question, lines=tuple(lines), bases=bases, values=values)


def _first(key: Key) -> str:
    text = key[0] if isinstance(key, tuple) else key
    assert isinstance(text, str)
    return text


def _never(cell: Cell) -> bool:
    return isinstance(cell, Missing) and cell.kind in NEVER_DECLINES


def _kind(cell: Cell) -> str:
    return cell.kind if isinstance(cell, Missing) else ""


def _sum(several: Sequence[tuple[Pile, ...]], groupings: Sequence[Grouping]) -> tuple[Pile, ...]:
    width = 1 + sum(len(g.parts) for g in groupings)
    if not several:
        return (Pile(),) * width
    return tuple(piled(column) for column in zip(*several, strict=True))


def _answers(
    question: Question,
    given: Mapping[Key, tuple[Pile, ...]],
    first: Mapping[Key, Cell],
    groupings: Sequence[Grouping],
    terms: Terms,
) -> list[Line]:
    """A line for each option, whether chosen or not; then one for each code that has no label."""
    found: dict[Cell, list[tuple[Pile, ...]]] = {}
    for key, piles in given.items():
        found.setdefault(first[key], []).append(piles)
    lines: list[Line] = []
    later: list[Line] = []
    for point in question.points:
        if point.volunteered and terms.valid:
            continue
        number = question.kind == "scale" and isinstance(point.code, int)
        counts = not (point.missing or point.volunteered)
        line = Line(
            "volunteered" if point.volunteered else "answer",
            str(point.code),
            point.label,
            _sum(found.pop(point.code, []), groupings),
            side=point.side,
            note="volunteered" if point.volunteered else "",
            value=Fraction(point.code) if number and counts and isinstance(point.code, int) else None,
        )
        (later if point.volunteered else lines).append(line)
    rest = [Line("answer", str(code), str(code), _sum(piles, groupings)) for code, piles in found.items()]
    return [*lines, *rest, *later]


def _mentions(
    question: Question,
    given: Mapping[Key, tuple[Pile, ...]],
    cells: Mapping[str, Cell],
    groupings: Sequence[Grouping],
    terms: Terms,
) -> list[Line]:
    lines = []
    for place, point in enumerate(question.points):
        if point.volunteered and terms.valid:
            continue
        with_it = [piles for key, piles in given.items() if cells[_at(key, place)] == 1]
        note = "volunteered" if point.volunteered else ""
        lines.append(
            Line("mention", str(point.code), point.label, _sum(with_it, groupings), note=note, tested=False)
        )
    if question.none_too:
        width = range(len(question.columns))
        none = [piles for key, piles in given.items() if all(cells[_at(key, i)] != 1 for i in width)]
        lines.append(Line("mention", "", "None mentioned", _sum(none, groupings), tested=False))
    return lines


def _at(key: Key, place: int) -> str:
    text = key[place] if isinstance(key, tuple) else key
    assert isinstance(text, str)
    return text


def _numbers(
    question: Question,
    given: Mapping[Key, tuple[Pile, ...]],
    first: Mapping[Key, Cell],
    groupings: Sequence[Grouping],
    terms: Terms,
) -> tuple[list[Line], tuple[tuple[Fraction, tuple[Pile, ...]], ...]]:
    """Ranges of numbers, or years of dates; numbers with labels have lines of their own, and count in means where they
    lie among those that may be typed."""
    special = {point.code: point.label for point in question.points}
    amounts: dict[Fraction, list[tuple[Pile, ...]]] = {}
    apart: dict[Fraction, list[tuple[Pile, ...]]] = {}
    for key, piles in given.items():
        value = _number(first[key])
        labelled = value.denominator == 1 and int(value) in special
        (apart if labelled else amounts).setdefault(value, []).append(piles)
    summed = {value: _sum(several, groupings) for value, several in amounts.items()}
    decimals = question.variable.decimals if question.kind == "number" else 0
    ranges = bins(
        {value: piles[0].people for value, piles in summed.items()},
        decimals=decimals,
        threshold=terms.threshold,
        least=_limit(question.least),
        most=_limit(question.most),
        plain=question.kind == "date",
    )
    lines = [
        Line(
            "range",
            "",
            a_bin.label,
            _sum([piles for value, piles in summed.items() if a_bin.low <= value < a_bin.high], groupings),
        )
        for a_bin in ranges
    ]
    counted = dict(summed)
    for code, label in special.items():
        piles = (
            _sum(apart.get(Fraction(code), []), groupings) if isinstance(code, int) else _sum([], groupings)
        )
        lines.append(Line("answer", str(code), label, piles))
        inside = (question.least is None or Fraction(code) >= Fraction(question.least)) and (
            question.most is None or Fraction(code) <= Fraction(question.most)
        )
        if inside and piles[0].people:
            counted[Fraction(code)] = piles
    if question.kind == "date":
        return lines, ()
    return lines, tuple(sorted(counted.items()))


def _limit(limit: float | None) -> Fraction | None:
    return None if limit is None else Fraction(repr(limit))


def _number(cell: Cell) -> Fraction:
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


def _nets(
    question: Question,
    lines: Sequence[Line],
    given: Mapping[Key, tuple[Pile, ...]],
    cells: Mapping[str, Cell],
    groupings: Sequence[Grouping],
) -> list[Line]:
    """Codes together, from counts; of a multiple whoever gave one of them, once."""
    at = {line.code: i for i, line in enumerate(lines) if line.kind in ("answer", "volunteered", "mention")}
    made = []
    for name, codes in question.nets:
        parts = tuple(at[str(code)] for code in codes if str(code) in at)
        if not parts:
            continue
        if question.kind == "multiple":
            places = [i for i, point in enumerate(question.points) if point.code in codes]
            any_of = [piles for key, piles in given.items() if any(cells[_at(key, i)] == 1 for i in places)]
            piles = _sum(any_of, groupings)
        else:
            piles = _sum([lines[i].piles for i in parts], groupings)
        note = " + ".join(lines[i].code for i in parts)
        made.append(Line("net", "", name, piles, note=note, parts=parts, tested=False))
    return made
