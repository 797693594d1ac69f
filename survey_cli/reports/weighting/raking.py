"""Which weights bring a sample's shares to those of its population? Iterative proportional fitting, with what did not
work said. It draws nothing and reads no file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Final

TOLERANCE: Final = 1e-6
"""The greatest distance of a share from its target at which it is reached."""
ROUNDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """One variable: where each interview stands, and the share that each of its values is to have."""

    name: str
    values: tuple[str, ...]
    of: Sequence[int]
    """By interview its value, from 0; -1 for none, which keeps the share that it has."""
    targets: Mapping[int, Fraction]
    """By value its share; together 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raked:
    """What came of it."""

    weights: tuple[float, ...]
    """Their mean is 1."""
    rounds: int
    converged: bool
    distance: float
    """The greatest distance of a share from its target at the end."""
    trimmed: int = 0
    """Weights that were cut."""


def raked(
    margins: Sequence[Margin],
    start: Sequence[float],
    *,
    trim: float | None = None,
    tolerance: float = TOLERANCE,
    rounds: int = ROUNDS,
) -> Raked:
    """Weights from `start` (base weights, or ones) by which each margin has its targets: each in turn is multiplied up to
    them until none is further off than `tolerance` (W. E. Deming and F. F. Stephan, Annals of Mathematical Statistics 11,
    1940). With `trim` no weight stays over so many times the mean, nor under one over it: cut after each round. Whoever
    has no value of a margin keeps the share they have under the start weights.

    A target whose value nobody has cannot be reached: see `unreachable`. Raises ValueError without weights above 0.
    """
    total = fsum(start)
    n = len(start)
    if not n or total <= 0 or min(start) < 0:
        raise ValueError("raking needs start weights that are not negative, and one above 0")
    weights = [weight * n / total for weight in start]
    fixed = [_targets(margin, weights) for margin in margins]
    cut: set[int] = set()
    distance = _distance(margins, fixed, weights)
    done = 0
    while distance > tolerance and done < rounds:
        done += 1
        for margin, targets in zip(margins, fixed, strict=True):
            sums = _sums(margin, weights)
            factors = {v: targets[v] * n / held if held > 0 else 1.0 for v, held in sums.items()}
            weights = [weight * factors[v] for weight, v in zip(weights, margin.of, strict=True)]
        if trim is not None:
            cut |= {i for i, weight in enumerate(weights) if weight > trim or 0 < weight < 1 / trim}
            weights = [min(max(weight, 1 / trim), trim) if weight > 0 else weight for weight in weights]
            scale = n / fsum(weights)
            weights = [weight * scale for weight in weights]
        distance = _distance(margins, fixed, weights)
    scale = n / fsum(weights)
    return Raked(
        weights=tuple(weight * scale for weight in weights),
        rounds=done,
        converged=distance <= tolerance,
        distance=distance,
        trimmed=len(cut),
    )


def unreachable(margin: Margin) -> list[str]:
    """Values that have a target and no interview."""
    there = set(margin.of)
    return [margin.values[v] for v, share in margin.targets.items() if share > 0 and v not in there]


def _targets(margin: Margin, weights: Sequence[float]) -> dict[int, float]:
    """The shares of all, those without a value among them."""
    sums = _sums(margin, weights)
    total = fsum(weights)
    left = 1 - sums.get(-1, 0.0) / total
    there = sum(float(share) for v, share in margin.targets.items() if v in sums)
    shares = {v: float(share) / there * left for v, share in margin.targets.items() if v in sums and there}
    return {**shares, **({-1: sums[-1] / total} if -1 in sums else {})}


def _sums(margin: Margin, weights: Sequence[float]) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for weight, v in zip(weights, margin.of, strict=True):
        found.setdefault(v, []).append(weight)
    return {v: fsum(several) for v, several in found.items()}


def _distance(
    margins: Sequence[Margin], fixed: Sequence[Mapping[int, float]], weights: Sequence[float]
) -> float:
    total = fsum(weights)
    return max(
        (
            abs(held / total - targets.get(v, 0.0))
            for margin, targets in zip(margins, fixed, strict=True)
            for v, held in _sums(margin, weights).items()
        ),
        default=0.0,
    )
