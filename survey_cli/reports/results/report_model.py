"""Results model: wordings, bases, rows, figures with their texts, tests and notes.

Values only; nothing is computed or laid out here.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.reports.fieldwork.rates import RateTable
from survey_cli.reports.rounding import HIDDEN_MARK
from survey_cli.reports.weighting.answer_counts import (
    DesignDifference,
    DesignError,
    DesignEstimate,
)
from survey_cli.reports.weighting.significance import SignificanceTest
from survey_cli.reports.weighting.weights import WeightingSummary

RowKind: TypeAlias = Literal["answer", "volunteered", "decline", "net", "range", "mention"]
"""`volunteered`: not read aloud; `range`: several numbers; `mention`: an option of a multiple,
whose rows add up to more than 100. A `net` sums up rows that are shown, and is never added to
them."""

ItemKind: TypeAlias = Literal["single", "scale", "multiple", "number", "words", "date", "time"]

Side: TypeAlias = Literal["left", "middle", "right", "apart"]
"""Position of a scale point in a diverging bar; `apart` is no opinion, a decline or a volunteered
answer."""


class Figure(NamedTuple):
    """One cell of a table: texts for printing, numbers for drawing."""

    amount: Fraction | int | None
    """Number of people, or the sum of their weights; None if it is hidden."""
    share: Fraction | None
    """Exact share of the base, 0 to 1; None if it is hidden or the base is empty."""
    count_text: str
    """`16`, weighted `16.4`; `[c]` if it is hidden."""
    percent_text: str
    """Percentage without the sign %: `46`, `*`; `–` if the base is empty, `[c]` if it is
    hidden."""
    hidden: bool = False
    letters: str = ""
    """Letters of the columns in the same group whose share is significantly smaller: `B`, `BC`."""
    error: DesignError | None = None
    """The precision of the share; None unless it is requested, or if the share is hidden."""
    difference: DesignDifference | None = None
    """The difference of the share from that of another column or the rest; None for that other
    column."""
    total: DesignEstimate | None = None
    """The estimated number of people in the population; None unless it is requested, or if the
    count is hidden."""


HIDDEN_FIGURE: Final = Figure(None, None, HIDDEN_MARK, HIDDEN_MARK, hidden=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One line of a table, with a figure per column, or only that of the total."""

    kind: RowKind
    code: str = ""
    """The code as keyed; empty for nets and ranges."""
    label: str
    figures: tuple[Figure, ...]
    side: Side = "apart"
    note: str = ""
    """Note in brackets beside the label: `volunteered`, `1 + 2`."""

    @property
    def total(self) -> Figure:
        return self.figures[0]

    @property
    def note_text(self) -> str:
        """The note in brackets, after a space; empty without one."""
        return f" ({self.note})" if self.note else ""


class Base(NamedTuple):
    """The base of the percentages."""

    asked: int | None
    """Number of people asked, unweighted; None if it is hidden."""
    text: str
    """`all 35`, `asked of 19 who disagreed`."""
    count_text: str
    """`19`, or `[c]`."""
    weighted_text: str = ""
    """Sum of weights; empty if nothing is weighted."""
    effective_text: str = ""
    """Effective number of interviews; empty if nothing is weighted."""
    small_text: str = ""
    """`small: one person is 12.5 percent`; empty if the base is large enough or hidden."""


QuantileName: TypeAlias = Literal["median", "first quartile", "third quartile"]


class QuantileFigure(NamedTuple):
    """A median or quartile with its precision."""

    name: QuantileName
    value: Fraction
    text: str
    error: DesignError
    difference: None = None
    """Quantiles of columns are not compared."""


class SummaryStatistics(NamedTuple):
    """Mean, median and standard deviation of those with a value.

    Declines and options marked `missing: true` have none. Texts are `[c]` if hidden and `–`
    if nobody has a value.
    """

    mean: Fraction | None
    count_text: str
    """Number of people with a value."""
    mean_text: str
    median_text: str
    deviation_text: str
    margin_text: str = ""
    """Margin of error of the mean, `± 0.21`; empty unless margins are requested."""
    quartiles_text: str = ""
    """First and third quartile, `2 · 4`; empty unless they are requested."""
    error_text: str = ""
    """Standard error of the mean; empty unless it is requested."""
    error: DesignError | None = None
    """The precision of the mean; None unless it is requested."""
    difference: DesignDifference | None = None
    """The difference of the mean from that of another column or the rest."""
    hidden: bool = False
    quantiles: tuple[QuantileFigure, ...] = ()
    """Median and requested quartiles with their precision; empty unless it is requested."""
    total: DesignEstimate | None = None
    """The estimated sum of a number in the population; None unless it is requested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbatim:
    """One verbatim answer."""

    text: str
    case: str = ""
    """The cases with this answer, separated by commas; empty unless cases are requested."""
    option: str = ""
    """The option that the answer specifies; empty for an open question."""
    times: int = 1
    """Number of people with this answer; case, spaces and final punctuation are ignored."""


class BarSegment(NamedTuple):
    """A part of a bar."""

    label: str
    side: Side
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportItem:
    """What a report calls an item, or one turn of it."""

    id: str
    """Name of the column, or of a multiple's item with the turn: `q7`, `age_2`; unique in a
    report."""
    number: str = ""
    """Number in the printed questionnaire: `9`, `9a`; empty if the newest version does not ask
    it."""
    kind: ItemKind
    section: str = ""
    battery: str = ""
    """The battery's id; empty if the item is not a statement of one."""
    label: str
    wording: str
    """The text that is read, with its fills as placeholders."""
    statement: str = ""
    """The statement of a battery, without the text before the battery."""
    instruction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult(ReportItem):
    """The results of an item in total and by the columns of the report.

    Figures, bases and summaries are aligned with `Results.columns`, or have only the total.
    """

    bases: tuple[Base, ...]
    rows: tuple[ResultRow, ...]
    """Answers in questionnaire order, then volunteered answers, declines and nets."""
    apart: BarSegment | None = None
    """All answers of a battery's statement that have no side; None if there are none."""
    summaries: tuple[SummaryStatistics, ...] = ()
    """Statistics of scales and numbers; empty for others, and where all are hidden."""
    margin_text: str = ""
    """`± 9.1 points at most, 95 %`; empty unless margins are requested."""
    tests: tuple[SignificanceTest, ...] = ()
    """Tests of the columns."""
    notes: tuple[str, ...] = ()
    """Sentences under the table, on rounding, hidden counts and unanimity."""
    verbatims: tuple[Verbatim, ...] = ()
    """Verbatim answers; empty unless they are requested."""
    is_valid: bool = False
    """Whether percentages are of those with an answer."""
    own_columns: frozenset[int] = frozenset()
    """Positions of the columns that are made of the item's own answers, which no page prints."""

    @property
    def base(self) -> Base:
        return self.bases[0]

    @property
    def summary(self) -> SummaryStatistics | None:
        """The statistics of the total; None if there are none, or they are hidden."""
        return self.summaries[0] if self.summaries and not self.summaries[0].hidden else None

    @property
    def has_columns(self) -> bool:
        """Whether it is shown by the columns of the report."""
        return len(self.bases) > 1

    @property
    def number_or_id(self) -> str:
        """The number, or the id if there is none."""
        return self.number or self.id

    @property
    def number_prefix(self) -> str:
        """The text before the title: `9a. `; empty without a number."""
        return f"{self.number}. " if self.number else ""

    @property
    def segments(self) -> tuple[BarSegment, ...]:
        """The points in questionnaire order, then one segment for all answers that are apart."""
        points = (
            BarSegment(row.label, row.side, row.total) for row in self.rows if row.side != "apart"
        )
        return (*points, *([self.apart] if self.apart else []))

    @property
    def is_complete(self) -> bool:
        """False if a part is hidden, so that no bar can be drawn."""
        sided = any(segment.side != "apart" for segment in self.segments)
        return sided and not any(segment.figure.share is None for segment in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Statements on a common scale: one table and one diverging chart."""

    id: str
    section: str = ""
    title: str
    intro: str
    points: tuple[tuple[str, Side], ...] = ()
    """Label and side of each point in questionnaire order; the last may be for answers that are
    apart."""
    statements: tuple[ItemResult, ...] = ()

    @property
    def own_title(self) -> str:
        """The title; empty if it is that of the section."""
        return self.title if self.title != self.section else ""


class ResultColumn(NamedTuple):
    """A column of the tables; the first is the total."""

    group: str
    """Label of the variable that divides the interviews; empty for the total."""
    label: str
    letter: str = ""
    """The letter by which significance is marked; empty for the total, and where columns are
    compared with the rest."""
    variable: str = ""
    """Name of the variable; empty for the total."""


class MethodLine(NamedTuple):
    """One item of the methods box."""

    label: str
    text: str
    """`not stated` if nothing is known."""
    is_stated: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """The whole report."""

    title: str
    instrument: str
    version: str = ""
    language: str = "en"
    interviews: int
    filter_notes: tuple[str, ...] = ()
    """Sentences printed with the title: interviews that aren't real, and the report's filters."""
    hidden_count: int = 0
    """Number of hidden counts and bases."""
    count_total: int = 0
    """Number of all counts and bases."""
    methods: tuple[MethodLine, ...]
    """Lines of the methods box, in order."""
    items: tuple[ItemResult, ...]
    columns: tuple[ResultColumn, ...]
    """The columns of the tables: the total, then the banner's."""
    batteries: tuple[Battery, ...] = ()
    weighting: WeightingSummary | None = None
    findings: tuple[str, ...] = ()
    """Sentences with key figures, for the first page."""
    in_brief: str = ""
    """The methods in one line."""
    picture: str = ""
    """The item or battery that is drawn on the first page; empty for none."""
    rates: RateTable | None = None
    """Rates for the appendix; None if there are no cases."""
    notes: tuple[str, ...] = ()
    """Notes on all tables: the marks `*` and `[c]`, rounding, declines, letters, tests and
    bases."""
    warnings: tuple[str, ...] = ()
    """Problems of the data, printed before any figure."""
    advice: tuple[str, ...] = ()
    """What the analyst can do about hidden counts, and what must not be published; in no file."""
