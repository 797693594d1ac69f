"""Results model: wordings, bases, rows, figures with their texts, tests and notes.

Values only; nothing is computed or laid out here.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.reports.fieldwork.rates import RateTable
from survey_cli.reports.weighting.weighting_model import SignificanceTest, WeightingSummary

RowKind: TypeAlias = Literal["answer", "volunteered", "decline", "net", "range", "mention"]
"""`volunteered`: not read aloud; `range`: numbers put together; `mention`: an option of a multiple, so that rows add up
to more than 100. A `net` repeats rows that are shown, and is never added to them."""

ItemKind: TypeAlias = Literal["single", "scale", "multiple", "number", "words", "date", "time"]

Side: TypeAlias = Literal["left", "middle", "right", "apart"]
"""Where a point of a scale stands in a diverging bar: `apart` is no opinion, a decline or a volunteered answer."""


class Figure(NamedTuple):
    """One cell of a table. Print the texts; draw the share."""

    amount: Fraction | int | None
    """People, or the sum of their weights. None where it is hidden."""
    share: Fraction | None
    """Of the base, 0 to 1, exact. None where it is hidden or the base is empty."""
    count_text: str
    """`16`, weighted `16.4`; `[c]` where it is hidden."""
    percent_text: str
    """`46`, `*`, `–` where the base is empty; `[c]` where it is hidden. Without the sign %."""
    hidden: bool = False
    letters: str = ""
    """Of the columns of its group than which its share is significantly greater: `B`, `BC`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One line of a table. `figures` are as the table's columns: one in a topline, in a banner one for each."""

    kind: RowKind
    code: str = ""
    """As it is keyed; empty for nets and ranges."""
    label: str
    figures: tuple[Figure, ...]
    side: Side = "apart"
    note: str = ""
    """`volunteered`, `1 + 2`; bracketed beside the label."""

    @property
    def total(self) -> Figure:
        return self.figures[0]


class Base(NamedTuple):
    """The base of the percentages."""

    asked: int | None
    """People who were asked, unweighted. None where it is hidden."""
    text: str
    """`all 35`, `asked of 19 who disagreed`."""
    count_text: str
    """`19`, or `[c]`."""
    weighted_text: str = ""
    """Sum of weights; empty where nothing is weighted."""
    effective_text: str = ""
    """Effective number of interviews; empty where nothing is weighted."""
    small_text: str = ""
    """`small: one person is 12.5 percent`; empty where there are enough, or the base is hidden."""


class SummaryStatistics(NamedTuple):
    """Mean, median and standard deviation of those with a value.

    Declines and options marked `missing: true` have none. Texts are `[c]` where hidden and `–` where nobody has a
    value.
    """

    mean: Fraction | None
    count_text: str
    """Of how many."""
    mean_text: str
    median_text: str
    deviation_text: str
    margin_text: str = ""
    """`± 0.21`, of the mean, where margins are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbatim:
    """One verbatim answer."""

    text: str
    case: str = ""
    """Whose it is, commas between them; only where cases were asked for."""
    option: str = ""
    """Of which option it is the words; empty for an item that is all words."""
    times: int = 1
    """So many people said it, but for capitals, spaces and marks at its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """One item, or one turn of it."""

    id: str
    """Its column, or for a multiple its item with the turn: `q7`, `age_2`. Unique in a report."""
    number: str
    """Of the printed questionnaire: `9`, `9a`. Empty where the newest one does not ask it."""
    kind: ItemKind
    section: str = ""
    battery: str = ""
    """The battery's id; empty where it is no statement."""
    label: str
    wording: str
    """As read, fills as written."""
    instruction: str = ""
    base: Base
    rows: tuple[ResultRow, ...]
    """Answers as written, volunteered and declines after them; then nets."""
    summary: SummaryStatistics | None = None
    """Of scales and numbers."""
    margin_text: str = ""
    """`± 9.1 points at most, 95 %`; empty unless margins are wanted."""
    notes: tuple[str, ...] = ()
    """Sentences under the table: `Adds up to 99 …`, `Hidden …`, unanimity."""
    verbatims: tuple[Verbatim, ...] = ()
    """Only where they were asked for."""

    @property
    def number_or_id(self) -> str:
        """Its number, or its id where it has none."""
        return self.number or self.id

    @property
    def number_prefix(self) -> str:
        """What stands before its title: `9a. `."""
        return f"{self.number}. " if self.number else ""


class BarSegment(NamedTuple):
    """A part of a bar."""

    label: str
    side: Side
    figure: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryStatement:
    """One line of a battery's chart."""

    id: str
    wording: str
    """Of the statement alone."""
    base: Base
    segments: tuple[BarSegment, ...]
    """The points in written order, then what stands apart, all put together."""
    is_complete: bool = True
    """False where some of it is hidden: no bar can be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Statements on a common scale: one diverging chart."""

    id: str
    section: str = ""
    title: str
    intro: str
    points: tuple[tuple[str, Side], ...]
    """Label and side of each point in written order; the last may be what stands apart."""
    statements: tuple[BatteryStatement, ...]


class BannerColumn(NamedTuple):
    """A column of every banner table."""

    group: str
    """The label of the variable it is a value of; empty for the total."""
    label: str
    letter: str = ""
    """By which the test of columns names it; empty for the total."""
    variable: str = ""
    """Its name; empty for the total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerTable:
    """One item by all columns. Figures, bases and summaries are aligned with `Banner.columns`."""

    id: str
    """The `ItemResult.id` it goes with."""
    rows: tuple[ResultRow, ...]
    bases: tuple[Base, ...]
    summaries: tuple[SummaryStatistics, ...] = ()
    """Empty where the item has none."""
    tests: tuple[SignificanceTest, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """Items cross-tabulated; the first column is the total."""

    columns: tuple[BannerColumn, ...]
    tables: tuple[BannerTable, ...]
    notes: tuple[str, ...] = ()
    """What letters, tests and bases mean; said once."""

    def find_table(self, id: str) -> BannerTable | None:
        """The table of an item."""
        return next((table for table in self.tables if table.id == id), None)


class MethodLine(NamedTuple):
    """One item of disclosure."""

    label: str
    text: str
    """`not stated` where it is not known."""
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
    """To what the report is narrowed, in sentences: said with its title; empty where it is of everything."""
    hidden_count: int = 0
    """So many of its counts and bases are hidden."""
    count_total: int = 0
    """So many there are, hidden or not."""
    methods: tuple[MethodLine, ...]
    """The methods box, in order."""
    items: tuple[ItemResult, ...]
    batteries: tuple[Battery, ...] = ()
    banner: Banner | None = None
    weighting: WeightingSummary | None = None
    rates: RateTable | None = None
    """For the appendix; None where there are no cases."""
    notes: tuple[str, ...] = ()
    """About all tables: what `*` and `[c]` mean, rounding, declines."""
    warnings: tuple[str, ...] = ()
    """What makes the data doubtful; said before any figure."""
