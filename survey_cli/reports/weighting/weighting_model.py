"""Weighting model: summary of weights, significance tests. Values only."""

from dataclasses import dataclass
from typing import NamedTuple


class SignificanceTest(NamedTuple):
    """A test of one group of columns against one item."""

    group: str
    """The label of the group: `Kind of unit`."""
    name: str
    """Name of the test: `Chi-square test`, `Fisher’s exact test`, …; empty where none was run."""
    statistic_text: str
    """`χ² = 7.81, df = 2`; empty where the test has no statistic."""
    p: float | None
    p_text: str
    """`p = 0.031`, `p < 0.001`."""
    note: str = ""
    """Why no test was run."""

    @property
    def text(self) -> str:
        """`Chi-square test: χ² = 7.81, df = 2, p = 0.020`, or why no test was run."""
        return f"{self.name}: {', '.join(filter(None, (self.statistic_text, self.p_text)))}" if self.name else self.note


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightingSummary:
    """Description of the weights, with their figures."""

    description: str
    """How the weights were computed, as a phrase."""
    interviews: int
    effective_size: float
    """Kish's effective number of interviews, (Σw)²/Σw²."""
    design_effect: float
    """1 + cv² of the weights."""
    range_text: str
    """`weights from 0.63 to 2.50`; empty where they would disclose a small count."""
    notes: tuple[str, ...] = ()
    """Notes on convergence, values without a target and trimming."""
    margins: tuple[tuple[str, str, str, str, str], ...] = ()
    """Of each raked value: variable, value, percentage before, percentage after, target; `[c]` where it is hidden."""
