"""Kinds of columns: the total, a column of a banner, and one whose percentages are of the row."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from survey_cli.reports import rounding
from survey_cli.reports.disclosure.suppression import BASE, CellPosition
from survey_cli.reports.results import report_model as model
from survey_cli.reports.results.crosstab import SMALL_BASE, Crosstab, ResultOptions
from survey_cli.reports.results.summary_statistics import (
    compute_summary,
    has_statistics,
    make_unshown_summary,
)
from survey_cli.reports.texts import is_english, translate
from survey_cli.reports.weighting import answer_counts
from survey_cli.reports.weighting.answer_counts import (
    DesignDifference,
    DesignError,
    DesignEstimate,
    WeightedCount,
)


@dataclass(frozen=True, slots=True)
class ColumnMarks:
    """What the comparisons of columns add to the figures of one question.

    The figures of means have the row `BASE`.
    """

    letters: dict[CellPosition, str] = field(default_factory=dict)
    differences: dict[CellPosition, DesignDifference] = field(default_factory=dict)


class TableColumn(ABC):
    """A printed column, which is the same in all tables of a report.

    It computes a question's base, figures and statistics. A kind of column says what percentages
    are of, which columns are too small for figures, and how to describe the people in it:

        class ShareOfPopulation(TableColumn):
            def get_whole(self, table, counts):
                return self._options.population * table.unit

            def is_too_small(self, table):
                return False

            def describe_base(self, table, interviews):
                return translate("of the population")

            def describe_people(self):
                return translate("the whole population")
    """

    def __init__(self, position: int, heading: model.ResultColumn, options: ResultOptions) -> None:
        self.position = position
        """Its position in the counts of all tables; that of the total is 0."""
        self.heading = heading
        self._options = options

    @abstractmethod
    def get_whole(self, table: Crosstab, counts: Sequence[WeightedCount]) -> int:
        """Return the weight that is 100 percent for the counts of a row."""

    @abstractmethod
    def is_too_small(self, table: Crosstab) -> bool:
        """Return whether too few people were asked for any figure."""

    @abstractmethod
    def describe_base(self, table: Crosstab, interviews: int) -> str:
        """Describe who was asked, with `{n}` for their number; empty if the page needs no text."""

    @abstractmethod
    def describe_people(self) -> str:
        """Name the people in the column, as the subject of a sentence about all of them."""

    def build_base(self, table: Crosstab, interviews: int) -> model.Base:
        """Build the base of the percentages."""
        text = self.describe_base(table, interviews)
        if table.is_base_hidden(self.position):
            hidden_text = text.replace("{n}", rounding.HIDDEN_MARK)
            return model.Base(None, hidden_text, rounding.HIDDEN_MARK)

        count = table.bases[self.position]
        weighted = ""
        effective = ""
        if table.is_weighted:
            size = answer_counts.compute_effective_size(count)
            weighted = rounding.format_count(Fraction(count.weight, table.unit))
            effective = rounding.format_decimal(size, 0)
        number = f"{count.people:,}"
        return model.Base(
            asked=count.people,
            text=text.replace("{n}", number),
            count_text=number,
            weighted_text=weighted,
            effective_text=effective,
            small_text=_warn_of_small_base(table, count.people),
        )

    def build_figure(
        self, table: Crosstab, counts: Sequence[WeightedCount], *, is_hidden: bool
    ) -> model.Figure:
        """Build a count and its share. `counts` are those of one row, by position."""
        if is_hidden:
            return model.HIDDEN_FIGURE
        if self.is_too_small(table):
            return model.Figure(None, None, rounding.UNRELIABLE_MARK, rounding.UNRELIABLE_MARK)

        weight = counts[self.position].weight
        amount = Fraction(weight, table.unit)
        count_text = rounding.format_count(amount)
        # The share and the count together would reveal a hidden base.
        if table.is_base_hidden(self.position):
            return model.Figure(amount, None, count_text, rounding.HIDDEN_MARK)

        whole = self.get_whole(table, counts)
        share = Fraction(weight, whole) if whole else None
        percentage = rounding.format_percentage(share, self._options.digits)
        return model.Figure(amount, share, count_text, percentage)

    def build_cell(self, table: Crosstab, row: int, marks: ColumnMarks) -> model.Figure:
        """Build the figure of a row of the table, with its precision and its marks."""
        position = CellPosition(row, self.position)
        figure = self.build_figure(
            table, table.lines[row].counts, is_hidden=position in table.hidden
        )
        return figure._replace(
            letters=marks.letters.get(position, ""),
            error=self._measure_error(table, position),
            difference=marks.differences.get(position),
            total=self._measure_total(table, position),
        )

    def build_summary(self, table: Crosstab, marks: ColumnMarks) -> model.SummaryStatistics | None:
        """Build the statistics of a scale or number; None for other questions."""
        if not has_statistics(table):
            return None
        if table.is_mean_hidden(self.position):
            return make_unshown_summary(rounding.HIDDEN_MARK)
        if self.is_too_small(table):
            return make_unshown_summary(rounding.UNRELIABLE_MARK)
        difference = marks.differences.get(CellPosition(BASE, self.position))
        return compute_summary(table, self.position, self._options, difference)

    def _measure_error(self, table: Crosstab, position: CellPosition) -> DesignError | None:
        """Measure the precision of a share under the design of the sample."""
        if table.design is None or table.is_unknown(position):
            return None
        return table.design.measure(position.row, position.column)

    def _measure_total(self, table: Crosstab, position: CellPosition) -> DesignEstimate | None:
        """Estimate the number of people in the population, if that is requested and not hidden."""
        if table.design is None or "totals" not in self._options.statistics:
            return None
        if table.is_unknown(position) or self.is_too_small(table):
            return None
        return table.design.measure_total(position.row, position.column)


class TotalColumn(TableColumn):
    """All interviews. It has figures however small its base is, and is compared with no column."""

    def __init__(self, options: ResultOptions) -> None:
        super().__init__(0, model.ResultColumn("", translate("All")), options)

    def get_whole(self, table: Crosstab, counts: Sequence[WeightedCount]) -> int:
        return table.bases[0].weight

    def is_too_small(self, table: Crosstab) -> bool:
        return False

    def describe_people(self) -> str:
        return translate("everybody who was asked")

    def describe_base(self, table: Crosstab, interviews: int) -> str:
        """Describe who was asked. The conditions of a questionnaire have words in English only."""
        question = table.question
        n = "{n}"
        if question.base:
            text = "{n} with an answer, of those {who}" if table.is_valid else "asked of {n} {who}"
            return translate(text, n=n, who=question.base)
        if question.asked and is_english():
            text = (
                "{n} with an answer, of those: {who}" if table.is_valid else "asked of {n}: {who}"
            )
            return translate(text, n=n, who=question.asked)
        if table.is_valid:
            return translate("{n} with an answer", n=n)
        if question.asked:
            return translate("asked of {n}, by the questionnaire’s conditions", n=n)
        if table.bases[0].people == interviews:
            return translate("all {n}", n=n)
        if question.variable.turn is None:
            return translate("asked of {n}, who reached this item", n=n)
        turn = question.variable.turn
        return translate("asked of {n}, who reached turn {turn}", n=n, turn=turn)


class BannerColumn(TableColumn):
    """The interviews with one value of a variable. Its percentages are of its own base."""

    def get_whole(self, table: Crosstab, counts: Sequence[WeightedCount]) -> int:
        return table.bases[self.position].weight

    def is_too_small(self, table: Crosstab) -> bool:
        return table.bases[self.position].people < self._options.min_base

    def describe_base(self, table: Crosstab, interviews: int) -> str:
        return ""

    def describe_people(self) -> str:
        group = self.heading.group
        label = self.heading.label
        return translate("all of {group}, {label},", group=group, label=label)


class RowPercentColumn(BannerColumn):
    """A column of a banner whose percentages are of the row: of its count in all columns."""

    def get_whole(self, table: Crosstab, counts: Sequence[WeightedCount]) -> int:
        return counts[0].weight

    def build_cell(self, table: Crosstab, row: int, marks: ColumnMarks) -> model.Figure:
        figure = super().build_cell(table, row, marks)
        # The count and its share together would reveal a total that is hidden.
        if table.is_hidden(row, 0) and not figure.hidden:
            return figure._replace(share=None, percent_text=rounding.HIDDEN_MARK)
        return figure

    def _measure_error(self, table: Crosstab, position: CellPosition) -> DesignError | None:
        """Return None: the design measures shares of columns."""
        return None


def _warn_of_small_base(table: Crosstab, people: int) -> str:
    """Return the warning about a small base; empty if it is large enough, or if it is 0."""
    if not 0 < people < SMALL_BASE:
        return ""
    if table.is_weighted:
        return translate("small")
    share = rounding.format_percentage(Fraction(1, people), 1)
    return translate("small: one person is {share} percent", share=share)
