"""What a row of `make seats` has found out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One goal, and what was measured."""

    goal: str
    measured: str
    is_met: bool
    is_promise: bool = True
    """Whether it is about data, doors or leaks. A time that is missed on a busy machine is not."""
    findings: Sequence[str] = ()
    """What went wrong, each in a sentence."""


@dataclass(frozen=True)
class Effort:
    """How much a row does: a share of the whole, and what chance decides."""

    scale: float
    seed: int

    def count(self, whole: int, least: int = 1) -> int:
        """Return this effort's share of a whole number."""
        return max(round(whole * self.scale), least)


def find_percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which this share of the values lies; 0 if there are none."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    position = min(int(len(ordered) * share), len(ordered) - 1)
    return ordered[position]
