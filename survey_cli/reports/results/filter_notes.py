"""Notes on the filters of a report: condition, interviews, time, items. Nothing is filtered here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from survey_cli.reports.results.analysis_base import AnalysisBase, InterviewSelection

WHOLE_STUDY_NOTE: Final = "of the whole study, not only of the interviews that are reported on"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """The filters of a report; empty where there are none."""

    where: str = ""
    """The condition that the reported interviews meet, as it is written."""
    total: int = 0
    """Number of interviews without the condition."""
    selection: InterviewSelection = "partial"
    as_of: str = ""
    """A past date and time, as text."""
    items: Sequence[str] = ()
    """Names of the requested items."""

    def describe(self, base: AnalysisBase, shown: int, listed: int) -> tuple[str, ...]:
        """Return one sentence per filter; `shown` of `listed` items are in the report."""
        notes: list[str] = []
        if self.where:
            notes.append(
                f"Only interviews for which this is true: {self.where} — {len(base.rows):,} of {self.total:,}."
            )
        if self.selection == "complete":
            others = f"; {base.left_out:,} that were started are left out" if base.left_out else ""
            notes.append(f"Only complete interviews{others}.")
        elif self.selection == "all":
            notes.append("All interviews, including those that broke off early.")
        if self.as_of:
            notes.append(f"As of {self.as_of}: later interviews and answers are left out.")
        if self.items:
            notes.append(f"Only {shown:,} of {listed:,} items: {', '.join(self.items)}.")
        return tuple(notes)
