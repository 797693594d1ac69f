"""Groups of columns, and how they are compared: with one another, or with the rest.

A group has the columns of one variable of the banner.
"""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from string import ascii_uppercase
from typing import Final, NamedTuple, assert_never

from survey_cli.reports.disclosure.suppression import BASE, CellPosition
from survey_cli.reports.results import report_model as model
from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.questions import ReportQuestion
from survey_cli.reports.results.result_columns import (
    BannerColumn,
    ColumnMarks,
    RowPercentColumn,
    TableColumn,
    TotalColumn,
)
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting import answer_counts, significance
from survey_cli.reports.weighting.answer_counts import (
    DesignDifference,
    Grouping,
    WeightedCount,
)

HIGHER: Final = "↑"
LOWER: Final = "↓"
"""Marks of a percentage that differs significantly from that of the rest."""
HIDDEN_TEST_NOTE: Final = "no test, because counts are hidden"
"""A p value would disclose hidden counts to a reader who knows the sizes of rows and columns."""


class ColumnComparison(NamedTuple):
    """A figure compared with that of other columns of its group."""

    row: int
    column: int
    others: Sequence[int]
    is_higher: bool
    p: float
    is_lettered: bool
    """Whether letters may mark it. They mark no means, and no figures of few people."""
    difference: DesignDifference | None
    """The difference under the design of the sample; None if it isn't printed."""


class ColumnGroup(ABC):
    """The columns of one variable of the banner, with their tests and comparisons.

    A kind of group says which of its columns are compared, and how that is printed:

        class GroupWithFirst(ColumnGroup):
            def _list_pairs(self, shown, hidden):
                return [(column, shown[:1]) for column in shown[1:]]

            def _is_listed(self, others):
                return True

            def _describe_others(self, others):
                return self.columns[others[0]].heading.label

            def _place_mark(self, comparison):
                return comparison.column, HIGHER if comparison.is_higher else LOWER
    """

    def __init__(
        self, grouping: Grouping, positions: Sequence[int], options: ResultOptions
    ) -> None:
        self.grouping = grouping
        self.value_positions = [
            position
            for position, has_value in zip(positions, grouping.has_value, strict=True)
            if has_value
        ]
        """The positions of the columns that are values of the variable, printed or not."""
        self._parents = {
            position: grouping.get_parent(part) for part, position in enumerate(positions)
        }
        self._options = options

        make_column = RowPercentColumn if options.percent == "row" else BannerColumn
        self.columns: dict[int, TableColumn] = {}
        """The printed columns by position."""
        for part, position in enumerate(positions):
            if part not in grouping.unprinted:
                group, label = grouping.name_column(part)
                heading = model.ResultColumn(
                    group=group,
                    label=label,
                    letter=self._choose_letter(part),
                    variable=grouping.name,
                )
                self.columns[position] = make_column(position, heading, options)

    def is_made_of_answers_to(self, question: ReportQuestion) -> bool:
        """Return whether a table of the question by these columns says nothing."""
        return question.has_columns_of_its_own(self.grouping.inputs)

    # ── comparisons ────────────────────────────────────────────────────────────────────────────

    def add_marks(self, table: Crosstab, rows: Sequence[int], marks: ColumnMarks) -> None:
        """Compare the columns in these rows, and add letters and differences to `marks`.

        The p values are corrected for the number of all comparisons of the group in the table.
        """
        if not self._options.has_letters:
            return
        comparisons = list(self._iterate_comparisons(table, rows))
        for comparison in comparisons:
            if comparison.difference is not None:
                position = CellPosition(comparison.row, comparison.column)
                marks.differences[position] = comparison.difference

        lettered = [comparison for comparison in comparisons if comparison.is_lettered]
        adjusted = significance.adjust_p_values(
            [comparison.p for comparison in lettered], self._options.correction
        )
        placed: defaultdict[CellPosition, list[str]] = defaultdict(list)
        for comparison, p in zip(lettered, adjusted, strict=True):
            if p < 1 - self._options.level:
                column, mark = self._place_mark(comparison)
                placed[CellPosition(comparison.row, column)].append(mark)
        for position, own_marks in placed.items():
            marks.letters[position] = _join_marks(own_marks)

    def _choose_letter(self, part: int) -> str:
        """Return the letter by which other columns refer to a part; empty for none."""
        return ""

    @abstractmethod
    def _list_pairs(
        self, shown: Sequence[int], hidden: Sequence[int]
    ) -> list[tuple[int, Sequence[int]]]:
        """List each column to compare in a row, with the columns that it is compared with.

        `shown` are the columns with a figure in that row, `hidden` those whose figure is hidden.
        """

    @abstractmethod
    def _is_listed(self, others: Sequence[int]) -> bool:
        """Return whether the difference from these columns is printed."""

    @abstractmethod
    def _describe_others(self, others: Sequence[int]) -> str:
        """Name the columns that a difference is from."""

    @abstractmethod
    def _place_mark(self, comparison: ColumnComparison) -> tuple[int, str]:
        """Return which column marks a significant difference, and with which character."""

    def _iterate_comparisons(
        self, table: Crosstab, rows: Sequence[int]
    ) -> Iterator[ColumnComparison]:
        compared_rows = list(rows)
        # Means have an error under the design only.
        if table.design is not None:
            compared_rows.append(BASE)
        for row in compared_rows:
            hidden = [c for c in self.value_positions if table.is_unknown(CellPosition(row, c))]
            shown = [
                c
                for c in self.value_positions
                if c in self.columns and c not in hidden and not self.columns[c].is_too_small(table)
            ]
            for column, others in self._list_pairs(shown, hidden):
                comparison = self._compare(table, row, column, others)
                if comparison is not None:
                    yield comparison

    def _compare(
        self, table: Crosstab, row: int, column: int, others: Sequence[int]
    ) -> ColumnComparison | None:
        """Compare a figure with that of other columns; None if they can't be compared."""
        base = table.bases[column]
        other_base = answer_counts.sum_counts(table.bases[c] for c in others)
        is_lettered = row != BASE and self._is_large(base) and self._is_large(other_base)
        is_listed = self._is_listed(others)

        if table.design is not None:
            if not (is_lettered or is_listed):
                return None
            difference = table.design.compare(row, ([column], others))
            if difference is None:
                return None
            is_higher = difference.value > 0
            listed = None
            if is_listed:
                listed = difference._replace(other=self._describe_others(others))
            return ColumnComparison(
                row, column, others, is_higher, difference.p, is_lettered, listed
            )

        if not is_lettered:
            return None
        counts = table.lines[row].counts
        other_count = answer_counts.sum_counts(counts[c] for c in others)
        correction = self._options.compute_population_correction(table.bases[0].people)
        z = significance.compare_shares(
            (counts[column], base),
            (other_count, other_base),
            weighted=table.is_weighted,
            population_correction=correction,
        )
        if z is None:
            return None
        p = significance.compute_p(z)
        return ColumnComparison(row, column, others, z > 0, p, is_lettered, None)

    def _is_large(self, base: WeightedCount) -> bool:
        """Return whether letters may mark shares of this base."""
        if base.people < self._options.min_base:
            return False
        return answer_counts.compute_effective_size(base) >= SMALL_BASE

    # ── tests of all columns together ──────────────────────────────────────────────────────────

    def run_tests(self, table: Crosstab) -> list[significance.SignificanceTest]:
        """Test answers against columns, and the trend of a scale or number.

        Declines and people without a value of the variable are in no test.
        """
        if table.question.kind == "multiple":
            return []
        rows = [row for row, line in enumerate(table.lines) if line.in_tests]
        columns = self.value_positions
        if any(row in rows and column in columns for row, column in table.hidden):
            note = translate(HIDDEN_TEST_NOTE)
            return [significance.SignificanceTest(self.grouping.test_label, "", "", None, "", note)]

        design = None
        has_scale = table.question.kind in ("scale", "number")
        if table.design is not None:
            # The test drops empty rows and columns: the covariances must be of the same cells.
            rows = [row for row in rows if any(table.lines[row].counts[c].people for c in columns)]
            columns = [c for c in columns if any(table.lines[row].counts[c].people for row in rows)]
            if len(rows) > 1 and len(columns) > 1:
                trend = _compute_trend(table, columns) if has_scale else None
                covariance, freedom = table.design.compute_cell_covariance(rows, columns)
                design = significance.TableDesign(covariance, freedom, trend)
        matrix = significance.ComparisonTable(
            self.grouping.test_label,
            [[table.lines[row].counts[c] for c in columns] for row in rows],
            weighted=table.is_weighted,
            population_correction=self._options.compute_population_correction(
                table.bases[0].people
            ),
            design=design,
        )

        independence = significance.run_independence_test(matrix, seed=self._options.seed)
        tests = [independence]
        if has_scale and (independence.name or design is not None):
            values = [value for value, _ in table.values]
            by_value = [[counts[c] for c in columns] for _, counts in table.values]
            trend_test = significance.run_trend_test(
                matrix._replace(counts=by_value), values, ordered=self.grouping.ordered
            )
            tests.append(trend_test)
        return tests


def name_letter(number: int) -> str:
    """Return the letter of a column, counted from 0: A to Z, then AA, AB, …."""
    rounds, place = divmod(number, len(ascii_uppercase))
    letter = ascii_uppercase[place]
    if rounds:
        return name_letter(rounds - 1) + letter
    return letter


def _join_marks(marks: Sequence[str]) -> str:
    """Join the letters of a figure: `BC`. If one has two characters, commas divide them: `B,AA`."""
    ordered = sorted(marks, key=lambda mark: (len(mark), mark))
    has_long_mark = len(ordered[-1]) > 1
    if has_long_mark:
        return ",".join(ordered)
    return "".join(ordered)


class PairwiseGroup(ColumnGroup):
    """Each column is compared with each other one. The higher one has the letter of the lower.

    In a nested banner, only columns of the same outer value are compared: men and women of the
    North, but not men of the North and women of the South, who differ in two things.
    """

    def _choose_letter(self, part: int) -> str:
        is_compared = self._options.has_letters and self.grouping.has_value[part]
        if not is_compared:
            return ""
        before = [
            other
            for other in range(part)
            if self.grouping.has_value[other] and other not in self.grouping.unprinted
        ]
        return name_letter(len(before))

    def _list_pairs(
        self, shown: Sequence[int], hidden: Sequence[int]
    ) -> list[tuple[int, Sequence[int]]]:
        return [
            (column, [other])
            for other, column in combinations(shown, 2)
            if self._parents[other] == self._parents[column]
        ]

    def _is_listed(self, others: Sequence[int]) -> bool:
        """Print the differences from the first column only; others follow from them.

        In a nested banner, this is the first column of the same outer value.
        """
        other = others[0]
        siblings = [
            column
            for column in self.value_positions
            if column in self.columns and self._parents[column] == self._parents[other]
        ]
        return other == siblings[0]

    def _describe_others(self, others: Sequence[int]) -> str:
        return self.columns[others[0]].heading.label

    def _place_mark(self, comparison: ColumnComparison) -> tuple[int, str]:
        other = comparison.others[0]
        if comparison.is_higher:
            return comparison.column, self.columns[other].heading.letter
        return other, self.columns[comparison.column].heading.letter


class RestGroup(ColumnGroup):
    """Each column is compared with all others of the group together. An arrow marks it."""

    def _list_pairs(
        self, shown: Sequence[int], hidden: Sequence[int]
    ) -> list[tuple[int, Sequence[int]]]:
        # A comparison with the rest would reveal what is hidden in it.
        if hidden:
            return []
        return [(column, self._list_others(column)) for column in shown]

    def _list_others(self, column: int) -> list[int]:
        return [other for other in self.value_positions if other != column]

    def _is_listed(self, others: Sequence[int]) -> bool:
        return True

    def _describe_others(self, others: Sequence[int]) -> str:
        return translate("the rest")

    def _place_mark(self, comparison: ColumnComparison) -> tuple[int, str]:
        return comparison.column, HIGHER if comparison.is_higher else LOWER


def _compute_trend(table: Crosstab, columns: Sequence[int]) -> DesignDifference | None:
    """Compute the linear contrast of the means of the columns under the design."""
    assert table.design is not None
    with_mean = [c for c in columns if any(counts[c].people for _, counts in table.values)]
    if not with_mean:
        return None
    middle = (len(with_mean) - 1) / 2
    scores = [place - middle for place in range(len(with_mean))]
    return table.design.compare(BASE, [[c] for c in with_mean], scores)


def make_group(grouping: Grouping, positions: Sequence[int], options: ResultOptions) -> ColumnGroup:
    """Make the group of a division's columns, which have these positions in the counts."""
    match grouping.compare:
        case "pairs":
            return PairwiseGroup(grouping, positions, options)
        case "total":
            return RestGroup(grouping, positions, options)
        case _:
            assert_never(grouping.compare)


class ReportColumns:
    """The columns of all tables of a report: the total, then the groups of the banner."""

    def __init__(self, groupings: Sequence[Grouping], options: ResultOptions) -> None:
        self.options = options
        self.total = TotalColumn(options)
        self.groups = tuple(
            make_group(grouping, positions, options)
            for grouping, positions in zip(
                groupings, answer_counts.list_columns(groupings), strict=True
            )
        )

    @property
    def printed(self) -> list[TableColumn]:
        """The printed columns, in the order of their positions."""
        columns: list[TableColumn] = [self.total]
        for group in self.groups:
            columns += group.columns.values()
        return columns

    @property
    def headings(self) -> tuple[model.ResultColumn, ...]:
        return tuple(column.heading for column in self.printed)

    @property
    def value_positions(self) -> list[int]:
        """The positions of all columns that are values of variables, printed or not."""
        return list(chain.from_iterable(group.value_positions for group in self.groups))
