"""To what is a report narrowed? What a reader must be told where it is not of everybody who counts, of all items, as
the study stands now. It narrows nothing itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from survey_cli.reports.results.analysis_base import Included, Which

WHOLE_STUDY: Final = "of the whole study, not only of the interviews that are reported on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What was asked for besides the whole; empty where nothing was."""

    where: str = ""
    """A condition that is true of the interviews that are reported on, as it is written."""
    of: int = 0
    """Interviews that would be reported on without it."""
    which: Which = "partial"
    as_of: str = ""
    """A past moment, in words."""
    items: Sequence[str] = ()
    """Names that were asked for."""

    def told(self, got: Included, shown: int, listed: int) -> tuple[str, ...]:
        """A sentence for each. `shown` of so many items as are `listed` are reported on."""
        lines: list[str] = []
        if self.where:
            lines.append(
                f"Only interviews of which this is true: {self.where} — {len(got.rows):,} of {self.of:,}."
            )
        match self.which:
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
