"""Counts of cases by AAPOR group as exact numbers, and parsing of decimals and shares.

Nothing is rounded here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from survey_cli.fieldwork.rates.dispositions import GROUPS, DispositionGroup

ExactNumber: TypeAlias = int | Fraction
"""Exact: a sum of cases, or of the decimals in which their weights are written."""

_DECIMAL: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15}")
_RATIO: Final = re.compile(r"([0-9]{1,15})/([0-9]{1,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionCounts:
    """Numbers of cases, or sums of their base weights, by group. Raises ValueError for negative ones."""

    i: ExactNumber = 0
    """Complete interviews."""
    p: ExactNumber = 0
    """Partial interviews."""
    r: ExactNumber = 0
    """Refusals and break-offs."""
    nc: ExactNumber = 0
    """Non-contacts."""
    o: ExactNumber = 0
    """Others: eligible, reached, and neither interviewed nor refusing."""
    uh: ExactNumber = 0
    """Unknown whether there is a household."""
    uo: ExactNumber = 0
    """Other unknown eligibility."""
    ne: ExactNumber = 0
    """Not eligible."""

    def __post_init__(self) -> None:
        if any(number < 0 for number in self.list_by_group().values()):
            raise ValueError(f"a count is below zero: {self}")

    @classmethod
    def from_groups(cls, numbers: Mapping[DispositionGroup, ExactNumber]) -> "DispositionCounts":
        """Return counts with these groups, all others 0."""
        return cls(**{group.lower(): number for group, number in numbers.items()})

    def list_by_group(self) -> dict[DispositionGroup, ExactNumber]:
        """Return each group's number, in the order of the formulas."""
        return {group: getattr(self, group.lower()) for group in GROUPS}

    def sum_groups(self) -> ExactNumber:
        """Return the number of all cases."""
        return sum(self.list_by_group().values())

    def __add__(self, other: "DispositionCounts") -> "DispositionCounts":
        others = other.list_by_group()
        return DispositionCounts.from_groups(
            {group: number + others[group] for group, number in self.list_by_group().items()}
        )


def parse_exact(text: str) -> ExactNumber | None:
    """Parse decimals exactly (`12`, `1.50`, `.5`; whole ones as int); None for any other text."""
    stripped = text.strip()
    if not _DECIMAL.fullmatch(stripped):
        return None
    number = Fraction(stripped)
    return int(number) if number.denominator == 1 else number


def parse_share(text: str) -> Fraction | None:
    """Parse a share from 0 to 1 exactly (`0.9`, `90%`, `9/10`); None for any other text."""
    stripped = text.strip()
    if ratio := _RATIO.fullmatch(stripped):
        value = Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    else:
        number = parse_exact(stripped.removesuffix("%"))
        value = None if number is None else Fraction(number) / (100 if stripped.endswith("%") else 1)
    return value if value is not None and value <= 1 else None
