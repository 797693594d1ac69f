"""Answer columns with weights, exact counts of interviews by answer and group, margins of error."""

import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import chain, compress, islice
from math import atan, ceil, cos, pi, sin, sqrt
from operator import add
from statistics import NormalDist
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from survey_cli.reports.rounding import compute_root, format_decimal
from survey_cli.table.table import Table, make_cell_reader
from survey_cli.values import Cell, Variable

BATCH_SIZE: Final = 2_000
"""Rows that are converted to columns at a time."""
MAX_CODES: Final = 256
"""Distinct texts of a column that are numbered by one byte."""
BLOCK_SIZE: Final = 2**15
"""Bytes of a column that are compressed together."""
WEIGHT_UNIT: Final = 10**9
"""The integer that represents a weight of 1, so that sums of weights are exact."""

AnswerKey: TypeAlias = Hashable
"""An interview's answer to an item: the text of a cell or, for several columns, a tuple of their
texts."""
Key = TypeVar("Key", bound=Hashable)


class WeightedCount(NamedTuple):
    """Number of interviews with their weights; weights are in units of `AnswerColumns.unit`."""

    people: int = 0
    weight: int = 0
    """Sum of the weights."""
    squares: int = 0
    """Sum of the squared weights."""

    def add(self, other: "WeightedCount") -> "WeightedCount":
        return WeightedCount(
            self.people + other.people, self.weight + other.weight, self.squares + other.squares
        )

    def subtract(self, other: "WeightedCount") -> "WeightedCount":
        return WeightedCount(
            self.people - other.people, self.weight - other.weight, self.squares - other.squares
        )


EMPTY_COUNT: Final = WeightedCount()
ColumnCounts: TypeAlias = tuple[WeightedCount, ...]
"""One count per column of a table; the first column is the total."""


def sum_counts(counts: Iterable[WeightedCount]) -> WeightedCount:
    """Add up counts."""
    people = weight = squares = 0
    for count in counts:
        people += count[0]
        weight += count[1]
        squares += count[2]
    return WeightedCount(people, weight, squares)


class DesignError(NamedTuple):
    """The precision of one estimate."""

    standard_error: float
    low: float
    """The lower end of the interval at 95 percent confidence."""
    high: float
    coefficient_of_variation: float | None
    """Standard error by estimate; None if the estimate is 0."""
    design_effect: float | None
    """Variance divided by that of a simple random sample of the same size; None if that is 0."""
    freedom: int
    """Degrees of freedom of Student's t."""


class DesignEstimate(NamedTuple):
    """An estimate that has no share of its own: a total of the population, or a quantile."""

    value: float
    error: DesignError


class DesignDifference(NamedTuple):
    """The difference of two estimates from the same sample."""

    value: float
    error: DesignError
    p: float
    """Two-sided, by Student's t."""
    other: str = ""
    """The label of the column that is subtracted."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """A division of the interviews by one variable, with a column for each part."""

    name: str
    label: str
    part_labels: tuple[str, ...]
    """The label of each column."""
    part_by_interview: Sequence[int]
    """The column of each interview, from 0."""
    has_value: tuple[bool, ...]
    """Whether each column is a value of the variable; those for missing values are in no test."""
    ordered: bool = False
    """Whether the values have an order."""
    compare: Literal["pairs", "total"] = "pairs"
    """Whether letters compare the columns with each other, or each with the rest of the total."""
    unprinted: frozenset[int] = frozenset()
    """Parts that no table prints: people who did not choose an option, or too small a part."""
    not_chosen: frozenset[int] = frozenset()
    """The unprinted parts of people who did not choose an option. They are no column of it."""
    inputs: frozenset[str] = frozenset()
    """The variables that the columns are made of, and what these are computed from."""
    merged_labels: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """The labels of the values of each part that was merged of several."""
    crowded: frozenset[int] = frozenset()
    """Parts that were merged because tables would otherwise have hidden most counts."""

    def name_column(self, part: int) -> tuple[str, str]:
        """Return the head above the column of a part and its neighbors, and its own."""
        return self.label, self.part_labels[part]

    def get_parent(self, part: int) -> int:
        """Return the number of the part that this one divides: letters compare only its parts."""
        return 0

    @property
    def test_label(self) -> str:
        """The label in tests, with that of the only part that is printed."""
        printed = [
            label for part, label in enumerate(self.part_labels) if part not in self.unprinted
        ]
        return f"{self.label}, {printed[0]}" if len(printed) == 1 else self.label

    @property
    def may_be_merged(self) -> bool:
        """Whether small columns may be merged after the answers have been counted by them."""
        return not self.unprinted

    def leave_out(self, hidden: Collection[int]) -> "Grouping":
        """Return the division without parts whose base is hidden in all tables.

        The values of one variable are printed all the same: readers look for each of them.
        """
        return self

    def list_left_out(self) -> list[str]:
        """List the labels of the unprinted columns that a reader would look for."""
        sought = self.unprinted - self.not_chosen
        return [label for part, label in enumerate(self.part_labels) if part in sought]


@dataclass(frozen=True, slots=True, eq=False)
class NestedGrouping(Grouping):
    """A division by pairs of values of two variables. Many of them may be small.

    The first of the two may itself be nested, so that there may be any number of levels.
    """

    outer_label: str = ""
    """The label of the first variable: `Kind of unit`."""
    parents: tuple[int, ...] = ()
    """The part of the first variable that each part divides."""
    pair_labels: tuple[tuple[str, str], ...] = ()
    """The labels of the two values of each part: `("Sector", "North")`."""

    def name_column(self, part: int) -> tuple[str, str]:
        outer, inner = self.pair_labels[part]
        return f"{self.label}: {outer}", inner

    def get_parent(self, part: int) -> int:
        return self.parents[part]

    @property
    def may_be_merged(self) -> bool:
        return False

    def leave_out(self, hidden: Collection[int]) -> "NestedGrouping":
        return replace(self, unprinted=self.unprinted.union(hidden))


def list_columns(groupings: Sequence[Grouping]) -> list[range]:
    """Return the positions of each grouping's columns; column 0 is the total."""
    positions = []
    start = 1
    for grouping in groupings:
        end = start + len(grouping.part_labels)
        positions.append(range(start, end))
        start = end
    return positions


def list_value_columns(groupings: Sequence[Grouping]) -> list[list[int]]:
    """Return the positions of each grouping's columns that are values."""
    return [
        [column for column, has_value in zip(columns, grouping.has_value, strict=True) if has_value]
        for columns, grouping in zip(list_columns(groupings), groupings, strict=True)
    ]


class TextColumn(Iterable[str]):
    """The texts of one column, compressed.

    If few are distinct, an interview takes two to four bits.
    """

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(int)
        """The number of each distinct text, as long as there are at most `MAX_CODES`."""
        self._numbers.default_factory = self._numbers.__len__
        self._is_numbered = True
        self._blocks: list[bytes] = []
        self._open_block = bytearray()
        """The numbers of the texts, one byte per text, or the texts, which NULs separate.

        No stored text contains a NUL.
        """

    def extend(self, texts: Sequence[str]) -> None:
        """Append the texts of further interviews."""
        if self._is_numbered:
            numbers = list(map(self._numbers.__getitem__, texts))
            if len(self._numbers) <= MAX_CODES:
                self._append(bytes(numbers))
                return
            # Too many texts are distinct: write all of them again as texts.
            texts = [*self, *texts]
            self._is_numbered = False
            self._blocks = []
            self._open_block = bytearray()
        for start in range(0, len(texts), BATCH_SIZE):
            self._append("\0".join([*texts[start : start + BATCH_SIZE], ""]).encode())

    def _append(self, data: bytes) -> None:
        self._open_block += data
        if len(self._open_block) >= BLOCK_SIZE:
            compressor = zlib.compressobj(1, strategy=zlib.Z_RLE)
            self._blocks.append(compressor.compress(self._open_block) + compressor.flush())
            self._open_block.clear()

    def list_distinct(self) -> Collection[str]:
        """Return the distinct texts, in the order in which they first occur."""
        return list(self._numbers) if self._is_numbered else dict.fromkeys(self)

    def __iter__(self) -> Iterator[str]:
        blocks = chain(map(zlib.decompress, self._blocks), [bytes(self._open_block)])
        if self._is_numbered:
            return map(list(self._numbers).__getitem__, chain.from_iterable(blocks))
        return chain.from_iterable(block.decode().split("\0")[:-1] for block in blocks)


@dataclass(frozen=True, slots=True)
class AnswerColumns:
    """The columns of a table as encoded texts, with weights in units of `WEIGHT_UNIT`."""

    variables: Mapping[str, Variable]
    columns: Mapping[str, Iterable[str]]
    interviews: int
    weights: Sequence[int] | None = None
    """None if nothing is weighted."""

    @classmethod
    def from_table(
        cls,
        table: Table,
        is_stored: Callable[[Variable], bool] = lambda _: True,
        select: Callable[["AnswerColumns"], Sequence[bool]] | None = None,
    ) -> "AnswerColumns":
        """Read the table and store some columns.

        `select` receives every row once, in batches with all columns, and returns which of them are
        stored. 100,000 interviews take some 30 kB of an item with few answers. Raises ValueError if
        a row can't be read.
        """
        all_variables = {variable.name: variable for variable in table.variables}
        variables = {
            name: variable for name, variable in all_variables.items() if is_stored(variable)
        }
        columns = {name: TextColumn() for name in variables}
        rows = table.iterate_texts()
        interviews = 0
        while batch := list(islice(rows, BATCH_SIZE)):
            texts = dict(zip(all_variables, zip(*batch, strict=True), strict=True))
            interviews += len(batch)
            if select is not None:
                flags = select(cls(all_variables, texts, len(batch)))
                if not all(flags):
                    texts = {name: tuple(compress(texts[name], flags)) for name in columns}
                    interviews -= flags.count(False)
            for name, column in columns.items():
                column.extend(texts[name])
        return cls(variables, columns, interviews)

    def read_cells(self, name: str) -> dict[str, Cell]:
        """Return the cell of each distinct text of a column."""
        read = make_cell_reader(self.variables[name].storage)
        column = self.columns[name]
        texts: Iterable[str]
        if isinstance(column, TextColumn):
            texts = column.list_distinct()
        else:
            texts = dict.fromkeys(column)
        return {text: read(text) for text in texts}

    def with_weights(self, weights: Sequence[Fraction] | None) -> "AnswerColumns":
        """Return the columns with other weights, one per interview."""
        scaled = None
        if weights is not None:
            scaled = array("q", (round(weight * WEIGHT_UNIT) for weight in weights))
        return AnswerColumns(self.variables, self.columns, self.interviews, scaled)

    def iterate_keys(self, names: Sequence[str]) -> Iterator[AnswerKey]:
        """Iterate over the interviews' texts in one column, or their tuples of texts in several."""
        if len(names) == 1:
            return iter(self.columns[names[0]])
        return zip(*(self.columns[name] for name in names), strict=True)

    def count(self, keys: Iterable[Key], groupings: Sequence[Grouping]) -> dict[Key, ColumnCounts]:
        """Count the interviews by key: all of them, then those in the columns of the groupings."""
        starts = [columns.start for columns in list_columns(groupings)]
        width = 1 + sum(len(grouping.part_labels) for grouping in groupings)
        counts: dict[Key, list[WeightedCount]] = {}
        rows = zip(keys, *(grouping.part_by_interview for grouping in groupings), strict=True)
        for (key, *parts), count in self._count_total(rows).items():
            columns = counts.setdefault(key, [EMPTY_COUNT] * width)
            for column in (0, *map(add, starts, parts)):
                columns[column] = columns[column].add(count)
        return {key: tuple(columns) for key, columns in counts.items()}

    def _count_total(self, keys: Iterable[Key]) -> dict[Key, WeightedCount]:
        if self.weights is None:
            return {key: WeightedCount(n, n, n) for key, n in Counter(keys).items()}
        sums: defaultdict[Key, list[int]] = defaultdict(lambda: [0, 0, 0])
        for key, weight in zip(keys, self.weights, strict=True):
            count = sums[key]
            count[0] += 1
            count[1] += weight
            count[2] += weight * weight
        return {key: WeightedCount(*count) for key, count in sums.items()}

    @property
    def unit(self) -> int:
        """The integer that represents a weight of 1 in the counts."""
        return 1 if self.weights is None else WEIGHT_UNIT


def compute_effective_size(count: WeightedCount) -> Fraction:
    """Return Kish's effective number of interviews, (Σw)²/Σw² (L. Kish, Survey Sampling, 1965)."""
    if not count.squares:
        return Fraction(0)
    return Fraction(count.weight**2, count.squares)


DEFAULT_LEVEL: Final = 0.95
"""Confidence level of tests and intervals."""
LARGE_FREEDOM: Final = 500
"""Degrees of freedom from which Student's t is computed by two terms of its expansion, exact to
five digits."""


def compute_normal_point(level: float) -> Fraction:
    """Return how many standard deviations around its mean contain this share of a normal."""
    return Fraction(round(NormalDist().inv_cdf((1 + level) / 2), 6)).limit_denominator(10**6)


def compute_half_width(
    effective: Fraction, people: int, population: int | None, level: float = DEFAULT_LEVEL
) -> str:
    """Return half of the widest interval of a share in points, rounded up: `9.1`.

    `effective` is the effective number of interviews. The estimated variance of a share of 1/2 is
    N/(N − 1) times 1/4 times the part that was not interviewed, (N − n)/N (Cochran, Sampling
    Techniques, 3.2).
    """
    correction = Fraction(1)
    if population and population > 1:
        correction = max(Fraction(0), Fraction(population - people, population - 1))
    standard_error = compute_root(Fraction(1, 4) / effective * correction)
    tenths = ceil(compute_normal_point(level) * standard_error * 1000)
    return format_decimal(Fraction(tenths, 10), 1)


@lru_cache(maxsize=256)
def compute_student_point(freedom: int, level: float = DEFAULT_LEVEL) -> Fraction:
    """Return the two-sided point of Student's t with these degrees of freedom."""
    if freedom >= LARGE_FREEDOM:
        normal = compute_normal_point(level)
        # Abramowitz and Stegun, 26.7.5
        return normal + (normal**3 + normal) / (4 * freedom)
    # Bisection. One degree of freedom at a level of 0.999999 has the point 636,620, and after 80
    # halvings the ends are the same number or neighbors.
    low = 0.0
    high = 1e6
    for _ in range(80):
        middle = (low + high) / 2
        if _compute_probability(middle, freedom) < level:
            low = middle
        else:
            high = middle
    return Fraction(round(high * 10**6), 10**6)


def _compute_probability(t: float, freedom: int) -> float:
    """Return the probability of a value from -t to t (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = 0.0
    for n in range(2 + odd, freedom + 1, 2):
        total += term
        term *= cos(angle) ** 2 * (n - 1) / n
    if odd:
        return 2 / pi * (angle + sin(angle) * total)
    return sin(angle) * total
