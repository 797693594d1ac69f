"""Options of results reports and codebooks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from survey_cli.reports.disclosure.suppression import DEFAULT_THRESHOLD
from survey_cli.reports.results.analysis_base import InterviewSelection
from survey_cli.services.data.export_options import OriginFilter as Origins


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What to report. Empty values mean the study's own."""

    db: str | None = None
    people: str | None = None
    language: str = ""
    origin: Origins = "real"
    interviews: InterviewSelection = "partial"
    """Which interviews are in the analysis base: complete and partial ones by default."""
    where: str = ""
    """A condition over an interview's data."""
    as_of: str = ""
    """A past time as typed."""
    at: datetime | None = None
    """The current time; read from the clock where it is None."""
    zone: tzinfo | None = None
    """The time zone of dates in the report; the computer's where it is None."""
    by: tuple[str, ...] = ()
    """Variables whose values are the columns of the banner."""
    items: tuple[str, ...] = ()
    """Items, sections and batteries to report on; empty for all."""
    valid: bool = False
    """Percentages of those with an answer, without declines and volunteered answers."""
    threshold: int = DEFAULT_THRESHOLD
    """Smaller counts are suppressed; 0 suppresses none."""
    digits: int = 0
    """Decimals of percentages."""
    inference: bool | None = None
    """Run significance tests; None: unless the whole population was interviewed."""
    margins: bool = False
    """Print margins of error with each item."""
    verbatims: bool = False
    """Print verbatim answers."""
    cases: bool = False
    """Print the case with each verbatim answer."""
    weighted: bool = True
    """Weight by the sample column with `role: weight`, where there is one."""
    rake: str = ""
    """A file of targets."""
    trim: str = ""
    """The highest raked weight, as a multiple of the mean, as typed: `5`."""
    seed: int = 1
    """Seed of simulated tests."""
    progress: Callable[[int, int], None] | None = None
    """Receives from time to time the number of interviews read, and the total."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookOptions:
    """What a codebook contains."""

    db: str | None = None
    people: str | None = None
    language: str = ""
    origin: Origins = "real"
    counts: bool = True
    """Count the interviews with each code, where there are interviews."""
    threshold: int = DEFAULT_THRESHOLD
    """Smaller counts are suppressed."""
    progress: Callable[[int, int], None] | None = None
    """Receives from time to time the number of interviews read, and the total."""
