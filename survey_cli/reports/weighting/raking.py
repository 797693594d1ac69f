"""Raking: iterative proportional fitting of weights to population shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Final

TOLERANCE: Final = 1e-6
"""The largest distance of a share from its target at which the target counts as reached."""
MAX_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RakingMargin:
    """One variable with the value of each interview, and the target share of each value."""

    name: str
    values: tuple[str, ...]
    value_by_interview: Sequence[int]
    """Position in `values` for each interview; -1 for no value, whose share is not changed."""
    targets: Mapping[int, Fraction]
    """Target share of each value, by its position; the sum is 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RakingResult:
    """The result of raking."""

    weights: tuple[float, ...]
    """Weights with a mean of 1."""
    rounds: int
    converged: bool
    distance: float
    """The largest distance of a share from its target at the end."""
    trimmed: int = 0
    """Number of weights that were trimmed."""


def rake(
    margins: Sequence[RakingMargin],
    start: Sequence[float],
    *,
    trim: float | None = None,
    tolerance: float = TOLERANCE,
    rounds: int = MAX_ROUNDS,
) -> RakingResult:
    """Rake the weights `start` (base weights, or ones) until each margin has its targets.

    Each margin in turn is scaled to its targets until none is further off than `tolerance` (W. E. Deming and F. F.
    Stephan, Annals of Mathematical Statistics 11, 1940). With `trim`, weights above that many times the mean, or below
    one over it, are trimmed after each round. Interviews without a value of a margin keep their share under the start
    weights.

    A target whose value nobody has cannot be reached: see `find_unreachable`. Raises ValueError where no weight is
    above 0, or one is negative.
    """
    total = fsum(start)
    n = len(start)
    if not n or total <= 0 or min(start) < 0:
        raise ValueError("raking needs start weights that are not negative, and one above 0")
    weights = [weight * n / total for weight in start]
    all_targets = [_compute_targets(margin, weights) for margin in margins]
    trimmed: set[int] = set()
    distance = _measure_distance(margins, all_targets, weights)
    rounds_run = 0
    while distance > tolerance and rounds_run < rounds:
        rounds_run += 1
        for margin, targets in zip(margins, all_targets, strict=True):
            sums = _sum_weights(margin, weights)
            factors = {value: targets[value] * n / weight if weight > 0 else 1.0 for value, weight in sums.items()}
            weights = [
                weight * factors[value] for weight, value in zip(weights, margin.value_by_interview, strict=True)
            ]
        if trim is not None:
            trimmed |= {i for i, weight in enumerate(weights) if weight > trim or 0 < weight < 1 / trim}
            weights = [min(max(weight, 1 / trim), trim) if weight > 0 else weight for weight in weights]
            scale = n / fsum(weights)
            weights = [weight * scale for weight in weights]
        distance = _measure_distance(margins, all_targets, weights)
    scale = n / fsum(weights)
    return RakingResult(
        weights=tuple(weight * scale for weight in weights),
        rounds=rounds_run,
        converged=distance <= tolerance,
        distance=distance,
        trimmed=len(trimmed),
    )


def find_unreachable(margin: RakingMargin) -> list[str]:
    """Return the values that have a target and no interview."""
    present = set(margin.value_by_interview)
    return [margin.values[value] for value, share in margin.targets.items() if share > 0 and value not in present]


def _compute_targets(margin: RakingMargin, weights: Sequence[float]) -> dict[int, float]:
    """Return the target shares of the values present, and of -1 the share that it has."""
    sums = _sum_weights(margin, weights)
    total = fsum(weights)
    share_of_values = 1 - sums.get(-1, 0.0) / total
    present = {value: float(share) for value, share in margin.targets.items() if value in sums}
    reachable = sum(present.values())
    targets = {value: share / reachable * share_of_values for value, share in present.items() if reachable}
    return {**targets, **({-1: sums[-1] / total} if -1 in sums else {})}


def _sum_weights(margin: RakingMargin, weights: Sequence[float]) -> dict[int, float]:
    by_value: dict[int, list[float]] = {}
    for weight, value in zip(weights, margin.value_by_interview, strict=True):
        by_value.setdefault(value, []).append(weight)
    return {value: fsum(several) for value, several in by_value.items()}


def _measure_distance(
    margins: Sequence[RakingMargin], all_targets: Sequence[Mapping[int, float]], weights: Sequence[float]
) -> float:
    total = fsum(weights)
    return max(
        (
            abs(weight / total - targets.get(value, 0.0))
            for margin, targets in zip(margins, all_targets, strict=True)
            for value, weight in _sum_weights(margin, weights).items()
        ),
        default=0.0,
    )
