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
    if ratio := _RATIO.fullmatch(stripped):
        value = Fraction(int(ratio[1]), int(ratio[2])) if int(ratio[2]) else None
    else:
        number = parse_exact(stripped.removesuffix("%"))
        value = (
            None if number is None else Fraction(number) / (100 if stripped.endswith("%") else 1)
        )
    return value if value is not None and value <= 1 else None


ShareSource: TypeAlias = Literal["estimated", "given", "known"]


class EligibleShare(NamedTuple):
    """The share of one kind of unknown cases that is counted as eligible, and its source."""

    value: Fraction | None
    """From 0 to 1; None where there is nothing to estimate it from."""
    source: ShareSource
    """Estimated from the frame's counts, given by the user, or known: in a list every unit is eligible."""


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

    In a list or establishment frame e is 1. Otherwise it is estimated by proportional allocation, as if the unknown
    cases were like the known ones: (I+P+R+NC+O)/(I+P+R+NC+O+NE).
    """
    eligible = counts.i + counts.p + counts.r + counts.nc + counts.o
    if frame == "rdd":
        share = EligibleShare(_divide(eligible, eligible + counts.ne), "estimated")
    else:
        share = EligibleShare(Fraction(1), "known")
    uh_share, uo_share = (
        share if given is None else EligibleShare(given, "given") for given in (uh, uo)
    )
    return Eligibility(uh_share, uo_share, eligible, counts.ne)


def compute_rates(counts: DispositionCounts, e: Eligibility) -> Rates:
    """Compute the rates of one frame, or of a part of it with the e of the whole frame.

    With all = I+P+R+NC+O+UH+UO, some = I+P+R+NC+O+e(UH+UO) and known = I+P+R+NC+O:

    - RR1 = I/all, RR3 = I/some, RR5 = I/known; RR2, RR4 and RR6 are the same with I+P above the line.
    - COOP1 = I/(I+P+R+O), COOP3 = I/(I+P+R); COOP2 and COOP4 are the same with I+P above the line.
    - REF1 = R/all, REF2 = R/some, REF3 = R/known.
    - CON1 = (I+P+R+O)/all, CON2 = (I+P+R+O)/some, CON3 = (I+P+R+O)/known.

    RR1 and RR2 take every unknown case as eligible and are the least the rates can be. RR5 and RR6 (as REF3 and CON3)
    assume that no unknown case is eligible, or that there are none: the most they can be. A rate whose e can't be
    estimated while there are unknown cases is not defined. Source: AAPOR, Standard Definitions: Final Dispositions of
    Case Codes and Outcome Rates for Surveys.
    """
    i, p, r, o = counts.i, counts.p, counts.r, counts.o
    contacted = i + p + r + o
    known = contacted + counts.nc
    everybody = known + counts.uh + counts.uo
    eligible: ExactNumber | None = known
    for unknown, share in ((counts.uh, e.uh.value), (counts.uo, e.uo.value)):
        # a share that can't be estimated matters only where there are unknown cases
        eligible = (
            None
            if eligible is None or (unknown and share is None)
            else eligible + unknown * (share or 0)
        )
    bases = (everybody, eligible, known)
    response = (_divide(part, base) for base in bases for part in (i, i + p))
    cooperation = (_divide(part, base) for base in (contacted, i + p + r) for part in (i, i + p))
    refusal_and_contact = (_divide(part, base) for part in (r, contacted) for base in bases)
    return Rates(*response, *cooperation, *refusal_and_contact)


def combine_rates(parts: Sequence[tuple[Fraction, Rates]]) -> Rates:
    """Return each rate as the weighted sum of the frames' rates.

    A rate that a frame with a weight lacks is not defined. Raises ValueError for weights whose sum is not 1.
    """
    if sum(weight for weight, _ in parts) != 1:
        raise ValueError("the weights of the frames have another sum than 1")
    weights, frames = [weight for weight, _ in parts], [rates for _, rates in parts]
    return Rates(
        *(_weigh(zip(weights, values, strict=True)) for values in zip(*frames, strict=True))
    )


def _weigh(parts: Iterable[tuple[Fraction, Fraction | None]]) -> Fraction | None:
    weighted = [(weight, rate) for weight, rate in parts if weight]
    if any(rate is None for _, rate in weighted):
        return None
    return sum((weight * (rate or 0) for weight, rate in weighted), Fraction(0))


def _divide(part: ExactNumber, whole: ExactNumber | None) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None
