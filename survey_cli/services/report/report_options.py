"""Options of results reports and codebooks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from survey_cli.reports.disclosure.suppression import DEFAULT_THRESHOLD
from survey_cli.reports.results.analysis_base import InterviewSelection
from survey_cli.services.data.export_options import OriginFilter as Origins


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What is to be reported. What is empty is as the study has it."""

    db: str | None = None
    people: str | None = None
    language: str = ""
    origin: Origins = "real"
    interviews: InterviewSelection = "partial"
    """Complete and partial ones, unless said."""
    where: str = ""
    """A condition over an interview's data that is true of those that are reported on."""
    as_of: str = ""
    """A past moment as it is typed."""
    at: datetime | None = None
    """Now; the clock is asked unless it is given."""
    zone: tzinfo | None = None
    """Whose clock moments are said on; the computer's where it is None."""
    by: tuple[str, ...] = ()
    """Variables whose values are the columns of the banner."""
    items: tuple[str, ...] = ()
    """Items, sections and batteries to report on; all where there are none."""
    valid: bool = False
    """Per cents of those with an answer: without declines and volunteered ones."""
    threshold: int = DEFAULT_THRESHOLD
    """Counts of fewer people are hidden; 0 hides none."""
    digits: int = 0
    """Decimals of per cents."""
    inference: bool | None = None
    """Tests are made; None: unless the whole population was interviewed."""
    margins: bool = False
    """Margins of error are printed with each item."""
    verbatims: bool = False
    """What people said in their own words is printed."""
    cases: bool = False
    """With its case; only where verbatims are printed."""
    weighted: bool = True
    """By the sample column with `role: weight`, where there is one."""
    rake: str = ""
    """A file of targets."""
    trim: str = ""
    """The most times the mean that a raked weight may be, as it is typed: `5`."""
    seed: int = 1
    """Of tests that draw tables."""
    progress: Callable[[int, int], None] | None = None
    """Told now and then how many interviews have been read, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookOptions:
    """What a codebook is to say."""

    db: str | None = None
    people: str | None = None
    language: str = ""
    origin: Origins = "real"
    counts: bool = True
    """How many interviews have each code, where there are interviews."""
    threshold: int = DEFAULT_THRESHOLD
    """Counts of fewer people are not printed."""
    progress: Callable[[int, int], None] | None = None
    """Told now and then how many interviews have been read, and how many there are."""
