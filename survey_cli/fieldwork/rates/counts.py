"""How many cases ended how? The eight groups as exact numbers, and the reading of numbers that are written in decimals.
It never rounds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeAlias

from survey_cli.fieldwork.rates.dispositions import GROUPS, Group

Number: TypeAlias = int | Fraction
"""Exact: a sum of cases, or of the decimals that their weights are written in."""

_DECIMAL: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15}")
_RATIO: Final = re.compile(r"([0-9]{1,15})/([0-9]{1,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Cases, or sums of their base weights, by group. Raises ValueError for a number below zero."""

    i: Number = 0
    """Complete interviews."""
    p: Number = 0
    """Partial interviews."""
    r: Number = 0
    """Refusals and break-offs."""
    nc: Number = 0
    """Non-contacts."""
    o: Number = 0
    """Others: eligible, reached, and neither interviewed nor refusing."""
    uh: Number = 0
    """Unknown if there is a household."""
    uo: Number = 0
    """Otherwise of unknown eligibility."""
    ne: Number = 0
    """Not eligible."""

    def __post_init__(self) -> None:
        if any(number < 0 for number in self.by_group().values()):
            raise ValueError(f"a count is below zero: {self}")

    @classmethod
    def of(cls, numbers: Mapping[Group, Number]) -> "Counts":
        """The counts of these groups, others 0."""
        return cls(**{group.lower(): number for group, number in numbers.items()})

    def by_group(self) -> dict[Group, Number]:
        """Each group's number, in the order of the formulas."""
        return {group: getattr(self, group.lower()) for group in GROUPS}

    def total(self) -> Number:
        """All cases."""
        return sum(self.by_group().values())

    def __add__(self, other: "Counts") -> "Counts":
        others = other.by_group()
        return Counts.of({group: number + others[group] for group, number in self.by_group().items()})


def exact(text: str) -> Number | None:
    """The number that decimals say, exactly (`12`, `1.50`, `.5`; whole ones as int); None for any other text."""
    written = text.strip()
    if not _DECIMAL.fullmatch(written):
        return None
    number = Fraction(written)
    return int(number) if number.denominator == 1 else number


def share(text: str) -> Fraction | None:
    """A share from 0 to 1 as people write it (`0.9`, `90%`, `9/10`), exactly; None for any other text."""
    written = text.strip()
    if ratio := _RATIO.fullmatch(written):
        value = Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    else:
        number = exact(written.removesuffix("%"))
        value = None if number is None else Fraction(number) / (100 if written.endswith("%") else 1)
    return value if value is not None and value <= 1 else None
