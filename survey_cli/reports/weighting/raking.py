"""Raking: iterative proportional fitting of weights to population shares. It reads no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Final

TOLERANCE: Final = 1e-6
"""The greatest distance of a share from its target at which it is reached."""
MAX_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RakingMargin:
    """One variable: where each interview stands, and the share that each of its values is to have."""

    name: str
    values: tuple[str, ...]
    value_by_interview: Sequence[int]
    """By interview its value, from 0; -1 for none, which keeps the share that it has."""
    targets: Mapping[int, Fraction]
    """By value its share; together 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RakingResult:
    """The result of raking."""

    weights: tuple[float, ...]
    """Their mean is 1."""
    rounds: int
    converged: bool
    distance: float
    """The greatest distance of a share from its target at the end."""
    trimmed: int = 0
    """Weights that were cut."""


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
    Stephan, Annals of Mathematical Statistics 11, 1940). With `trim`, no weight stays above that many times the mean,
    or below one over it: weights are cut after each round. Interviews without a value of a margin keep their share
    under the start weights.

    A target whose value nobody has cannot be reached: see `find_unreachable`. Raises ValueError without weights above
    0.
    """
    total = fsum(start)
    n = len(start)
    if not n or total <= 0 or min(start) < 0:
        raise ValueError("raking needs start weights that are not negative, and one above 0")
    weights = [weight * n / total for weight in start]
    fixed = [_compute_targets(margin, weights) for margin in margins]
    cut: set[int] = set()
    distance = _measure_distance(margins, fixed, weights)
    done = 0
    while distance > tolerance and done < rounds:
        done += 1
        for margin, targets in zip(margins, fixed, strict=True):
            sums = _sum_weights(margin, weights)
            factors = {v: targets[v] * n / held if held > 0 else 1.0 for v, held in sums.items()}
            weights = [weight * factors[v] for weight, v in zip(weights, margin.value_by_interview, strict=True)]
        if trim is not None:
            cut |= {i for i, weight in enumerate(weights) if weight > trim or 0 < weight < 1 / trim}
            weights = [min(max(weight, 1 / trim), trim) if weight > 0 else weight for weight in weights]
            scale = n / fsum(weights)
            weights = [weight * scale for weight in weights]
        distance = _measure_distance(margins, fixed, weights)
    scale = n / fsum(weights)
    return RakingResult(
        weights=tuple(weight * scale for weight in weights),
        rounds=done,
        converged=distance <= tolerance,
        distance=distance,
        trimmed=len(cut),
    )


def find_unreachable(margin: RakingMargin) -> list[str]:
    """Values that have a target and no interview."""
    there = set(margin.value_by_interview)
    return [margin.values[v] for v, share in margin.targets.items() if share > 0 and v not in there]


def _compute_targets(margin: RakingMargin, weights: Sequence[float]) -> dict[int, float]:
    """The shares of all, those without a value among them."""
    sums = _sum_weights(margin, weights)
    total = fsum(weights)
    left = 1 - sums.get(-1, 0.0) / total
    there = sum(float(share) for v, share in margin.targets.items() if v in sums)
    shares = {v: float(share) / there * left for v, share in margin.targets.items() if v in sums and there}
    return {**shares, **({-1: sums[-1] / total} if -1 in sums else {})}


def _sum_weights(margin: RakingMargin, weights: Sequence[float]) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for weight, v in zip(weights, margin.value_by_interview, strict=True):
        found.setdefault(v, []).append(weight)
    return {v: fsum(several) for v, several in found.items()}


def _measure_distance(
    margins: Sequence[RakingMargin], fixed: Sequence[Mapping[int, float]], weights: Sequence[float]
) -> float:
    total = fsum(weights)
    return max(
        (
            abs(held / total - targets.get(v, 0.0))
            for margin, targets in zip(margins, fixed, strict=True)
            for v, held in _sum_weights(margin, weights).items()
        ),
        default=0.0,
    )
