"""Counts of cases by AAPOR group and the sixteen outcome rates, as exact numbers.

Nothing is rounded, and frames are combined only with weights.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.rates.dispositions import GROUPS, DispositionGroup, SampleFrame

ExactNumber: TypeAlias = int | Fraction
"""Exact: a sum of cases, or of the decimals in which their weights are written."""

_DECIMAL: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15}")
_RATIO: Final = re.compile(r"([0-9]{1,15})/([0-9]{1,15})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionCounts:
    """Numbers of cases, or sums of their base weights, by group.

    Raises ValueError for negative ones.
    """

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
    """Unknown whether the number belongs to a household."""
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
        sums = {group: number + others[group] for group, number in self.list_by_group().items()}
        return DispositionCounts.from_groups(sums)


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
    value = _parse_ratio(stripped)
    if value is None:
        number = parse_exact(stripped.removesuffix("%"))
        if number is None:
            return None
        value = Fraction(number)
        if stripped.endswith("%"):
            value /= 100
    return value if value <= 1 else None


def _parse_ratio(text: str) -> Fraction | None:
    """Parse `9/10`; None for any other text, and for a division by 0."""
    ratio = _RATIO.fullmatch(text)
    if ratio is None or not int(ratio[2]):
        return None
    return Fraction(int(ratio[1]), int(ratio[2]))


ShareSource: TypeAlias = Literal["estimated", "given", "known"]


class EligibleShare(NamedTuple):
    """The share of one kind of unknown cases that is counted as eligible, and its source."""

    value: Fraction | None
    """From 0 to 1; None if it can't be estimated."""
    source: ShareSource
    """Estimated from the frame's counts, given by the user, or known: in a list every unit is
    eligible."""


class Eligibility(NamedTuple):
    """e, the share of unknown cases that is counted as eligible."""

    uh: EligibleShare
    """For numbers that may or may not belong to a household."""
    uo: EligibleShare
    """For the other unknown ones."""
    eligible: ExactNumber
    """I+P+R+NC+O of the frame, the basis of an estimate."""
    not_eligible: ExactNumber
    """NE of the frame."""


class Rates(NamedTuple):
    """The AAPOR rates; None is 0/0, not defined."""

    RR1: Fraction | None
    RR2: Fraction | None
    RR3: Fraction | None
    RR4: Fraction | None
    RR5: Fraction | None
    RR6: Fraction | None
    COOP1: Fraction | None
    COOP2: Fraction | None
    COOP3: Fraction | None
    COOP4: Fraction | None
    REF1: Fraction | None
    REF2: Fraction | None
    REF3: Fraction | None
    CON1: Fraction | None
    CON2: Fraction | None
    CON3: Fraction | None


def estimate_eligibility(
    counts: DispositionCounts,
    *,
    frame: SampleFrame = "rdd",
    uh: Fraction | None = None,
    uo: Fraction | None = None,
) -> Eligibility:
    """Estimate e of a frame from its counts; given values `uh` and `uo` take precedence.

    In a list or establishment frame e is 1. Otherwise it is estimated by proportional allocation,
    as if the unknown cases were like the known ones: (I+P+R+NC+O)/(I+P+R+NC+O+NE).
    """
    eligible = counts.i + counts.p + counts.r + counts.nc + counts.o
    if frame == "rdd":
        share = EligibleShare(_divide(eligible, eligible + counts.ne), "estimated")
    else:
        share = EligibleShare(Fraction(1), "known")
    return Eligibility(
        uh=share if uh is None else EligibleShare(uh, "given"),
        uo=share if uo is None else EligibleShare(uo, "given"),
        eligible=eligible,
        not_eligible=counts.ne,
    )


def compute_rates(counts: DispositionCounts, e: Eligibility) -> Rates:
    """Compute the rates of one frame, or of a part of it with the e of the whole frame.

    RR1 and RR2 take every unknown case as eligible and are the least that the rates can be. RR5 and
    RR6 (as REF3 and CON3) assume that no unknown case is eligible, or that there are none: the most
    that they can be. A rate whose e can't be estimated while there are unknown cases is not
    defined.

    Source: AAPOR, Standard Definitions: Final Dispositions of Case Codes and Outcome Rates for
    Surveys.
    """
    i = counts.i
    p = counts.p
    r = counts.r
    o = counts.o

    eligible = i + p + r + counts.nc + o
    possibly_eligible = eligible + counts.uh + counts.uo
    # with the share e of the unknown cases; None if e is needed and not known
    with_uh = _add_unknown(eligible, counts.uh, e.uh)
    estimated = _add_unknown(with_uh, counts.uo, e.uo)
    contacted = i + p + r + o

    return Rates(
        RR1=_divide(i, possibly_eligible),
        RR2=_divide(i + p, possibly_eligible),
        RR3=_divide(i, estimated),
        RR4=_divide(i + p, estimated),
        RR5=_divide(i, eligible),
        RR6=_divide(i + p, eligible),
        COOP1=_divide(i, contacted),
        COOP2=_divide(i + p, contacted),
        COOP3=_divide(i, i + p + r),
        COOP4=_divide(i + p, i + p + r),
        REF1=_divide(r, possibly_eligible),
        REF2=_divide(r, estimated),
        REF3=_divide(r, eligible),
        CON1=_divide(contacted, possibly_eligible),
        CON2=_divide(contacted, estimated),
        CON3=_divide(contacted, eligible),
    )


def _add_unknown(
    cases: ExactNumber | None, unknown: ExactNumber, share: EligibleShare
) -> ExactNumber | None:
    """Add the eligible share of unknown cases.

    None if it can't be estimated and there are unknown cases.
    """
    if cases is None or not unknown:
        return cases
    if share.value is None:
        return None
    return cases + unknown * share.value


def combine_rates(parts: Sequence[tuple[Fraction, Rates]]) -> Rates:
    """Return each rate as the weighted sum of the frames' rates.

    A rate that a frame with a weight lacks is not defined. Raises ValueError for weights whose sum
    is not 1.
    """
    if sum(weight for weight, _ in parts) != 1:
        raise ValueError("the weights of the frames have another sum than 1")
    combined = {
        name: _weigh([(weight, getattr(rates, name)) for weight, rates in parts])
        for name in Rates._fields
    }
    return Rates(**combined)


def _weigh(parts: Iterable[tuple[Fraction, Fraction | None]]) -> Fraction | None:
    """Return the weighted sum of the frames' rates; None if one of them is not defined."""
    total = Fraction(0)
    for weight, rate in parts:
        # a frame without weight does not count, whether it has the rate or not
        if not weight:
            continue
        if rate is None:
            return None
        total += weight * rate
    return total


def _divide(part: ExactNumber, whole: ExactNumber | None) -> Fraction | None:
    """Divide exactly; None if the base is 0 or not known."""
    if not whole:
        return None
    return Fraction(part) / Fraction(whole)
