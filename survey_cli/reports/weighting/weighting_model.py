"""Weighting model: the summary of weights, and significance tests. Values only."""

from dataclasses import dataclass
from typing import NamedTuple


class SignificanceTest(NamedTuple):
    """A test of one group of columns against one item."""

    group: str
    """The label of the group: `Kind of unit`."""
    name: str
    """`Chi-square test`, `Fisher’s exact test`, …; empty where none could be done."""
    statistic_text: str
    """`χ² = 7.81, df = 2`; empty where it has none or cells are hidden."""
    p: float | None
    p_text: str
    """`p = 0.031`, `p < 0.001`."""
    note: str = ""
    """Why there is none."""

    @property
    def text(self) -> str:
        """`Chi-square test: χ² = 7.81, df = 2, p = 0.020`, or why there is none. Which is made when, the notes say."""
        return (
            f"{self.name}: {', '.join(t for t in (self.statistic_text, self.p_text) if t)}" if self.name else self.note
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightingSummary:
    """How interviews are weighted, in figures."""

    description: str
    """In a sentence."""
    interviews: int
    effective_size: float
    """Kish's: (Σw)²/Σw²."""
    design_effect: float
    """1 + cv² of the weights."""
    range_text: str
    """`weights from 0.63 to 2.50`; empty where they would tell of few people."""
    notes: tuple[str, ...] = ()
    """What did not converge, what had no target, what was trimmed."""
    margins: tuple[tuple[str, str, str, str, str], ...] = ()
    """Variable, value, percentage before, percentage after, target; where it was raked. Of few people `[c]`."""
