"""Options of an export, and its results: the table and the description of each file written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from functools import partial
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.analysis import Analysis
from survey_cli.instrument.source.scalars import DECIMAL
from survey_cli.problems import UserError
from survey_cli.store import InterviewOrigin
from survey_cli.table.columns import IdentifyingKind
from survey_cli.table.table import Table
from survey_cli.wording import format_quantity, join_first, pluralize

OriginFilter: TypeAlias = Literal["real", "imported", "practice", "simulated", "all"]
RowKind: TypeAlias = Literal["interviews", "answers", "events", "cases", "calls", "shifts"]
MIN_TRIM: Final = 1
ORIGINS: Final[tuple[InterviewOrigin, ...]] = ("real", "imported", "practice", "simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Which data to export, and how."""

    to: str = "-"
    """A file's path, or `-` for standard output."""
    what: RowKind = "interviews"
    """The unit of a row: interview, answer, event, case, call, or one person's day."""
    db: str | None = None
    format: str = ""
    beside: tuple[str, ...] = ()
    """All files written together; a description is of the first CSV among them."""
    labels: bool = False
    bom: bool = False
    raw: bool = False
    partials: bool = True
    """Include interviews that are open, suspended or stopped."""
    origin: OriginFilter = "real"
    personal: frozenset[str] = frozenset()
    """Personal columns to include, by their names or their items' names."""
    all_personal: bool = False
    """Include all personal columns, names and telephone numbers too.

    Only supervisors may, if the study has a list of people.
    """
    public: bool = False
    """Leave out keys, free text, dates and times."""
    without_falsified: bool = False
    """Leave out interviews that the office found to be falsified."""
    variables: tuple[str, ...] = ()
    """Names of columns, items and sections; empty for all."""
    where: str = ""
    """A condition over an interview's data or a case's sample columns."""
    rake: str = ""
    """A file of targets. The interviews are weighted to it as in a report, in the last column."""
    trim: str = ""
    """The highest raked weight, as a multiple of the mean, as typed: `5`."""
    weight: str = ""
    """A weight of the analysis file, instead of `rake` and `trim`."""
    as_of: str = ""
    """A past time as typed; later events are left out."""
    at: datetime = field(default_factory=partial(datetime.now, UTC))
    """The current time, by default the clock's."""
    zone: tzinfo | None = None
    """The time zone of `as_of`; None is the computer's."""
    recompute: bool = False
    """Compute in the newest edition of the language what an earlier one gave other values."""
    language: str = ""
    force: bool = False
    """Overwrite the file."""
    dry_run: bool = False
    """Write nothing, and look for respondents who can be told apart."""
    progress: Callable[[int, int], None] | None = None
    """Receives from time to time the number of interviews or cases read, and the total."""
    people: str | None = None
    """The list of people, with pseudonyms for their logins; the study's own by default."""
    reason: str = ""
    """Why somebody downloads it in a browser, for the access log. Empty for a command."""

    def describe_content(self) -> str:
        """Return what is exported for the access log: `cases, with personal columns phone`."""
        content: str = self.what
        if self.all_personal:
            content = f"{self.what}, with contacts"
        elif self.personal:
            names = ", ".join(sorted(self.personal))
            content = f"{self.what}, with personal columns {names}"
        return self.add_reason(content)

    def add_reason(self, content: str) -> str:
        """Return what leaves the program, with the reason if somebody downloads it."""
        if not self.reason:
            return content
        return f"{content}; downloaded: {self.reason}"


class OverriddenOutcome(NamedTuple):
    """The outcome that a supervisor's correction gave an interview."""

    outcome: str
    """The id of the outcome, or the code if only a code was given."""
    code: str
    """The code under which the case counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecomputedValues:
    """What `--recompute` did to one compute of one version."""

    name: str
    version: str
    """The version in words: `version 1`."""
    edition: int
    """The edition in which the version computed it."""
    read_by: str
    """What reads it in the version, so that its value is kept; empty if it was recomputed."""
    completed: set[str] = field(default_factory=set)
    """The completed interviews of the version. They are known once the rows were read."""
    differing: set[str] = field(default_factory=set)
    """Those among them to which the newest edition gives another value."""

    def describe(self) -> str:
        """Return what was done, and how many interviews it concerns."""
        total = len(self.completed)
        count = f"{len(self.differing):,} of {format_quantity(total, 'completed interview')}"
        if self.read_by:
            return (
                f"{self.name}: not recomputed in {self.version} (edition {self.edition}), "
                f"because {self.read_by} read it there; {count} would differ"
            )
        verb = pluralize(len(self.differing), "differs", "differ")
        return f"{self.name}: recomputed in {self.version} (edition {self.edition}); {count} {verb}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """A table for the writers, with the notes on it."""

    table: Table
    analysis: Analysis
    """The questionnaire, with what the analysis file beside it adds."""
    warnings: tuple[str, ...] = ()
    """Reasons to doubt the data."""
    differences: tuple[str, ...] = ()
    """Differences between versions of the instrument."""
    left_out: tuple[str, ...] = ()
    """Items and columns whose personal values were not requested."""
    overrides: Mapping[str, OverriddenOutcome] = field(default_factory=dict)
    """Corrected outcomes, by interview."""
    recomputed: tuple[RecomputedValues, ...] = ()
    """What `recompute` did, once the rows were read."""
    identifying: Mapping[IdentifyingKind, tuple[str, ...]] = field(default_factory=dict)
    """Columns that can identify respondents, by kind. With `public`, they are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """One file that was written, or in a dry run would be."""

    to: str
    rows: int
    data: DataTable
    """The table, whose rows were read."""
    source: str
    beside: str = ""
    """The separate data file; empty if the format has none."""
    notes: tuple[str, ...] = ()
    """What the format could not store."""
    public: bool = False

    @property
    def disclosure_note(self) -> str:
        """The note on identifying columns; empty if there are none."""
        row_unit = self.data.table.row_unit
        if row_unit == "shift":
            return "this file has the working times of people: it is for their employer alone"
        if row_unit != "interview":
            return "each row has its case and times: this file can identify respondents"

        kinds = self.data.identifying.items()
        columns = "; ".join(f"{kind} ({join_first(names)})" for kind, names in kinds)
        if not columns:
            return ""
        if self.public:
            return (
                f"left out of the public file: {columns}. "
                "Rare combinations of answers may still identify a respondent"
            )
        return (
            f"this file can identify respondents: {columns}; --public leaves these columns out; "
            "small counts are hidden in reports, not in the data"
        )


def check_weights(options: ExportOptions) -> None:
    """Check that the options that weight interviews are valid and agree. Raises UserError."""
    rake = options.rake
    trim = options.trim
    if trim and (not DECIMAL.match(trim) or Fraction(trim) <= MIN_TRIM):
        remedy = "give a multiple of the mean, such as 5"
        raise UserError("--trim", f"{trim!r} is not valid", remedy)
    if options.weight and (rake or trim):
        what = "a weight of the analysis file says how it is raked"
        raise UserError("--weight", what, "leave out --rake and --trim")
    if trim and not rake:
        remedy = "specify a file of targets with --rake"
        raise UserError("--trim", "only raked weights are trimmed", remedy)
    if not rake and not options.weight:
        return

    option = "--rake" if rake else "--weight"
    if options.what != "interviews":
        raise UserError(option, "only interviews are weighted", "leave out --what")
    if not options.partials:
        what = "partial interviews are weighted with complete ones"
        remedy = (
            "leave out --no-partials: "
            "weights are computed for complete and partial interviews together"
        )
        raise UserError(option, what, remedy)
