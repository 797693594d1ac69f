"""Notes on the filters of a report: condition, interviews, moment, items. It filters nothing itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from survey_cli.reports.results.analysis_base import AnalysisBase, InterviewSelection

WHOLE_STUDY_NOTE: Final = "of the whole study, not only of the interviews that are reported on"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """The filters of a report; empty where there are none."""

    where: str = ""
    """A condition that is true of the interviews that are reported on, as it is written."""
    total: int = 0
    """Interviews that would be reported on without it."""
    selection: InterviewSelection = "partial"
    as_of: str = ""
    """A past moment, in words."""
    items: Sequence[str] = ()
    """Names that were asked for."""

    def describe(self, got: AnalysisBase, shown: int, listed: int) -> tuple[str, ...]:
        """A sentence for each. `shown` of so many items as are `listed` are reported on."""
        lines: list[str] = []
        if self.where:
            lines.append(f"Only interviews of which this is true: {self.where} — {len(got.rows):,} of {self.total:,}.")
        match self.selection:
            case "complete":
                left = f"; {got.left_out:,} that were begun are left out" if got.left_out else ""
                lines.append(f"Only complete interviews{left}.")
            case "all":
                lines.append("All interviews, also those that broke off early.")
            case "partial":
                pass
        if self.as_of:
            lines.append(f"As the study stood on {self.as_of}: what came later is left out.")
        if self.items:
            lines.append(f"Only {shown:,} of {listed:,} items: {', '.join(self.items)}.")
        return tuple(lines)
