"""Answer columns and interview weights: the exact counts behind every figure of a report."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from survey_cli.engine.codec import encode_cells
from survey_cli.table import Table
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.values import Cell, Variable

BATCH_SIZE: Final = 2_000
"""Rows that are turned into columns at a time."""
WEIGHT_UNIT: Final = 10**9
"""Weights are counted in units of a thousand-millionth, so that their sums are exact whole numbers."""

AnswerKey: TypeAlias = Hashable
"""What one interview has at an item: a text of a cell, or for a multiple the texts of its options."""


class WeightedCount(NamedTuple):
    """A count of interviews, with their weights."""

    people: int = 0
    weight: int = 0
    """Sum of their weights, in units of `WEIGHT_UNIT`."""
    squares: int = 0
    """Sum of the squares of these."""

    def add(self, other: "WeightedCount") -> "WeightedCount":
        return WeightedCount(self.people + other.people, self.weight + other.weight, self.squares + other.squares)


EMPTY_COUNT: Final = WeightedCount()


def sum_counts(piles: Iterable[WeightedCount]) -> WeightedCount:
    """Add up counts."""
    people = weight = squares = 0
    for pile in piles:
        people += pile[0]
        weight += pile[1]
        squares += pile[2]
    return WeightedCount(people, weight, squares)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Interviews divided by one variable."""

    name: str
    label: str
    part_labels: tuple[str, ...]
    """The labels of its columns."""
    part_by_interview: Sequence[int]
    """By interview its column, from 0."""
    has_value: tuple[bool, ...]
    """By column whether it is a value; False for those without one, who stand in no test."""
    ordered: bool = False
    """Its values have an order."""


def list_value_columns(groupings: Sequence[Grouping]) -> list[int]:
    """The columns of a table, the total being 0, that stand for a value."""
    known = [one for grouping in groupings for one in grouping.has_value]
    return [place for place, one in enumerate(known, 1) if one]


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """The columns of a table. Weights are whole numbers of a thousand-millionth; None where nothing is weighted."""

    variables: dict[str, Variable]
    columns: dict[str, Sequence[str]]
    interviews: int
    weights: Sequence[int] | None = None

    @classmethod
    def from_table(cls, table: Table, wanted: Callable[[Variable], bool] = lambda _: True) -> "AnswerColumns":
        """Read the wanted columns of all rows.

        Repeated texts are stored once: 100,000 interviews take 1 MB per column, plus their different answers. Raises
        ValueError where a row cannot be read.
        """
        at = [(i, v) for i, v in enumerate(table.variables) if wanted(v)]
        columns: dict[str, list[str]] = {v.name: [] for _, v in at}
        held: dict[str, dict[str, str]] = {v.name: {} for _, v in at}
        kept = iter(table.encoded_rows if table.encoded_rows is not None else (encode_cells(row) for row in table.rows))
        width, rows = len(table.variables), 0
        while some := [split_row(row, width) for row in islice(kept, BATCH_SIZE)]:
            rows += len(some)
            turned = list(zip(*some, strict=True))
            for i, variable in at:
                texts = turned[i]
                columns[variable.name].extend(map(held[variable.name].setdefault, texts, texts))
        return cls({v.name: v for _, v in at}, dict(columns), rows)

    def read_cells(self, name: str) -> dict[str, Cell]:
        """Each different text of a column, read."""
        read = make_cell_reader(self.variables[name].storage)
        return {text: read(text) for text in dict.fromkeys(self.columns[name])}

    def with_weights(self, weights: Sequence[Fraction] | None) -> "AnswerColumns":
        """The same under other weights, one for each interview."""
        scaled = None if weights is None else [round(weight * WEIGHT_UNIT) for weight in weights]
        return AnswerColumns(self.variables, self.columns, self.interviews, scaled)

    def select(self, rows: Collection[int]) -> "AnswerColumns":
        """Those interviews alone, given by their positions in order."""
        if len(rows) == self.interviews:
            return self
        return AnswerColumns(
            self.variables,
            {name: [column[i] for i in rows] for name, column in self.columns.items()},
            len(rows),
            None if self.weights is None else [self.weights[i] for i in rows],
        )

    def list_keys(self, names: Sequence[str]) -> Sequence[AnswerKey]:
        """What each interview has in one column, or in several together."""
        if len(names) == 1:
            return self.columns[names[0]]
        return list(zip(*(self.columns[name] for name in names), strict=True))

    def count(
        self, keys: Sequence[AnswerKey], groupings: Sequence[Grouping]
    ) -> dict[AnswerKey, tuple[WeightedCount, ...]]:
        """Of each key the interviews in all, then in each column of each grouping."""
        found = {key: [pile] for key, pile in self._count_total(keys).items()}
        for grouping in groupings:
            divided = self._count_total(list(zip(keys, grouping.part_by_interview, strict=True)))
            for key, piles in found.items():
                piles.extend(divided.get((key, part), EMPTY_COUNT) for part in range(len(grouping.part_labels)))
        return {key: tuple(piles) for key, piles in found.items()}

    def _count_total(self, keys: Sequence[AnswerKey]) -> dict[AnswerKey, WeightedCount]:
        if self.weights is None:
            return {key: WeightedCount(n, n, n) for key, n in Counter(keys).items()}
        sums: dict[AnswerKey, list[int]] = {}
        for key, weight in zip(keys, self.weights, strict=True):
            held = sums.get(key)
            if held is None:
                held = sums[key] = [0, 0, 0]
            held[0] += 1
            held[1] += weight
            held[2] += weight * weight
        return {key: WeightedCount(*held) for key, held in sums.items()}

    @property
    def unit(self) -> int:
        """What a weight of one is."""
        return 1 if self.weights is None else WEIGHT_UNIT


def compute_effective_size(pile: WeightedCount) -> Fraction:
    """Kish's effective number of interviews, (Σw)²/Σw² (L. Kish, Survey Sampling, 1965); 0 for nobody."""
    return Fraction(pile.weight**2, pile.squares) if pile.squares else Fraction(0)
