"""Options of an export, and its results: the table and the description of each file written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.store import InterviewOrigin
from survey_cli.table import Table
from survey_cli.table.versions import format_names

OriginFilter: TypeAlias = Literal["real", "practice", "simulated", "all"]
RowKind: TypeAlias = Literal["interviews", "answers", "events", "cases", "calls"]
ORIGINS: Final[tuple[InterviewOrigin, ...]] = ("real", "practice", "simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """What is to be exported, and how."""

    to: str
    """A file's path, or `-` for standard output."""
    what: RowKind = "interviews"
    """What one row is of: an interview, an answer, an event, a case, a call."""
    db: str | None = None
    format: str = ""
    beside: tuple[str, ...] = ()
    """All files that are written together; a description is of the first CSV among them."""
    labels: bool = False
    bom: bool = False
    raw: bool = False
    partials: bool = True
    """Interviews that are open, suspended or stopped are among the rows."""
    origin: OriginFilter = "real"
    personal: frozenset[str] = frozenset()
    """Personal columns to include, by their names or their items'."""
    all_personal: bool = False
    """Every personal column, names and telephone numbers too: for supervisors, where a study lists its people."""
    public: bool = False
    """Without keys, free text, dates and times."""
    variables: tuple[str, ...] = ()
    """Names of columns, items, sections; all where there are none."""
    where: str = ""
    """A condition over an interview's data, or a case's sample columns, that is true of what is wanted."""
    rake: str = ""
    """A file of targets, to which interviews are weighted as in a report; the weights are the last column."""
    trim: str = ""
    """The most times the mean that a raked weight may be, as it is typed: `5`."""
    as_of: str = ""
    """A past moment as it is typed: what happened later is left out."""
    at: datetime | None = None
    """Now; the clock is asked unless it is given."""
    zone: tzinfo | None = None
    """On whose clock `as_of` is written; the computer's where it is None."""
    language: str = ""
    force: bool = False
    """Overwrite the file."""
    progress: Callable[[int, int], None] | None = None
    """Told now and then how many interviews or cases have been read, and how many there are."""
    people: str | None = None
    """The list of people, whose pseudonyms stand for their logins; the study's own unless given."""


class OverriddenOutcome(NamedTuple):
    """What an interview came to by a supervisor's correction of its case."""

    outcome: str
    """An outcome's id; the code where a code alone was given."""
    code: str
    """Under which its case counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """A table for the writers, and what is to be said of it."""

    table: Table
    warnings: tuple[str, ...] = ()
    """What makes the data doubtful."""
    differences: tuple[str, ...] = ()
    """Where versions of the instrument differ."""
    left_out: tuple[str, ...] = ()
    """Whose personal columns were not asked for."""
    overrides: Mapping[str, OverriddenOutcome] = field(default_factory=dict)
    """By interview what a supervisor's correction made of it."""
    identifying: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that can tell who an interview was with, by kind: in the table, or with `public` left out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """What went out."""

    to: str
    rows: int
    variables: int
    source: str
    each: str = "interview"
    """What one row is."""
    beside: str = ""
    """The file with the data, where there is one beside."""
    warnings: tuple[str, ...] = field(default=())
    differences: tuple[str, ...] = field(default=())
    left_out: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())
    """What the format could not hold."""
    identifying: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that can tell who an interview was with, by kind: in the file, or left out where it is public."""
    public: bool = False

    @property
    def disclosure_note(self) -> str:
        """What is to be said of that; empty where there is nothing."""
        if self.each != "interview":
            return "each row says of which case it is, and when: this file tells who said what"
        told = "; ".join(f"{kind} ({format_names(names)})" for kind, names in self.identifying.items())
        if not told:
            return ""
        if self.public:
            return f"left out for the public: {told}. Rare combinations of answers may still tell who somebody is"
        hides = "reports hide small counts, the data hide none"
        return f"it can tell who said what: {told}; {hides}: --public leaves these columns out"
