"""Raking in variances: the part of an estimate that the targets explain does not vary.

The module needs the extra `report`, and is imported only if errors are requested.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy
from numpy.typing import NDArray

from survey_cli.reports.weighting.weights import MAX_ROUNDS, TOLERANCE, RakingMargin

Numbers: TypeAlias = NDArray[numpy.float64]
Integers: TypeAlias = NDArray[numpy.int64]
LEAST_EIGENVALUE: Final = 1e-10
"""Eigenvalues below this part of the largest one are zeros: see `make_calibration`."""


class CalibrationMargin(NamedTuple):
    """One variable with targets. Interviews without a value are its last group, without a target.

    Their share is unchanged, so that it varies from sample to sample, and with it what is left for
    the others.
    """

    groups: Integers
    """The number of each interview's group, from 0."""
    targets: Numbers
    """The target share of each value, of those who have one."""

    @property
    def size(self) -> int:
        """The number of groups."""
        return len(self.targets) + 1

    @property
    def has_no_value(self) -> NDArray[numpy.bool]:
        """Whether each interview is in the last group."""
        flags: NDArray[numpy.bool] = self.groups == len(self.targets)
        return flags


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The raking of weights, as far as variances depend on it.

    An estimate under raked weights varies like the residuals of its regression on the margins,
    weighted by the weights before raking (J.-C. Deville and C.-E. Särndal, JASA 87, 1992).
    This is the variance of `calibrate(…, calfun = "raking")` in R's package survey.
    """

    margins: tuple[CalibrationMargin, ...]
    start: Numbers
    """The weights before raking, with a sum of 1; 0 for interviews whose raked weight is 0."""
    inverse: Numbers
    """The inverse of the weighted cross products of all groups of all margins."""
    trim: float | None = None
    """The limit of the weights, which replicates keep too."""

    def remove_explained(self, contributions: Numbers, weights: Numbers) -> Numbers:
        """Return what the margins don't explain of the contributions of the interviews to a sum.

        A contribution is the weight times a value. `weights` are the raked ones.
        """
        # The regression of the values on the groups of all margins, weighted by the start weights.
        values = numpy.divide(
            contributions, weights, out=numpy.zeros_like(contributions), where=weights > 0
        )
        weighted = self.start * values
        sums = [numpy.bincount(margin.groups, weighted, margin.size) for margin in self.margins]
        coefficients = self.inverse @ numpy.concatenate(sums)

        # An interview is in one group of each margin, whose coefficients add up to its prediction.
        residuals = values
        from_shares = numpy.zeros_like(values)
        first = 0
        for margin in self.margins:
            of_margin = coefficients[first : first + margin.size]
            residuals = residuals - of_margin[margin.groups]
            # A larger share without a value has less left for those with one.
            effect = of_margin[-1] - float(margin.targets @ of_margin[:-1])
            without_value = margin.has_no_value
            share = float(self.start[without_value].sum())
            from_shares += effect * self.start * (without_value - share)
            first += margin.size
        return weights * residuals + float(weights.sum()) * from_shares

    def rake_replicates(self, replicates: Numbers) -> Numbers:
        """Rake each set of replicate weights, a column, to the same targets as the weights."""
        raked = replicates / replicates.mean(axis=0)
        all_targets = [_find_replicate_targets(margin, raked) for margin in self.margins]
        for _ in range(MAX_ROUNDS):
            distance = 0.0
            for margin, targets in zip(self.margins, all_targets, strict=True):
                shares = _sum_replicates(margin, raked) / raked.sum(axis=0)
                distance = max(distance, float(numpy.abs(shares - targets).max()))
                factors = numpy.divide(
                    targets, shares, out=numpy.ones_like(shares), where=shares > 0
                )
                raked *= factors[margin.groups]
            if self.trim is not None:
                # A weight of 0 leaves the interview out, whatever the limits.
                kept = raked > 0
                raked /= raked.mean(axis=0)
                raked = numpy.where(kept, raked.clip(1 / self.trim, self.trim), 0.0)
            if distance <= TOLERANCE:
                break
        return raked / raked.mean(axis=0)


def make_calibration(
    margins: Sequence[RakingMargin],
    start: Sequence[float],
    weights: Sequence[float],
    trim: float | None = None,
) -> Calibration:
    """Describe the raking of the weights `start` to `weights`."""
    made = []
    for margin in margins:
        targets = [float(margin.targets[value]) for value in range(len(margin.values))]
        groups = numpy.array(margin.value_by_interview, dtype=int)
        groups[groups < 0] = len(targets)
        made.append(CalibrationMargin(groups, numpy.array(targets)))
    kept = numpy.where(numpy.array(weights) > 0, numpy.array(start, dtype=float), 0.0)
    kept /= kept.sum()

    blocks = [[_cross(row, column, kept) for column in made] for row in made]
    products = numpy.block(blocks)
    # The groups of every margin add up to all interviews, so that the products of several margins
    # have no inverse: only the pseudo-inverse exists. Predictions are the same with any of them.
    inverse = numpy.linalg.pinv(products, rcond=LEAST_EIGENVALUE, hermitian=True)
    return Calibration(tuple(made), kept, inverse, trim)


def _cross(first: CalibrationMargin, second: CalibrationMargin, weights: Numbers) -> Numbers:
    """Add up weights by the groups of two margins."""
    cells = first.groups * second.size + second.groups
    sums = numpy.bincount(cells, weights, first.size * second.size)
    return sums.reshape(first.size, second.size)


def _sum_replicates(margin: CalibrationMargin, replicates: Numbers) -> Numbers:
    """Add up replicate weights by group, a row each."""
    rows = [replicates[margin.groups == group].sum(axis=0) for group in range(margin.size)]
    return numpy.array(rows)


def _find_replicate_targets(margin: CalibrationMargin, replicates: Numbers) -> Numbers:
    """Return the target share of each group in each replicate.

    A group may have no weight in a replicate. Its share is divided among the others, as in the
    raking of the weights.
    """
    sums = _sum_replicates(margin, replicates)
    targets = numpy.where(sums[:-1] > 0, margin.targets[:, None], 0.0)
    without_value = sums[-1] / sums.sum(axis=0)
    whole = targets.sum(axis=0)
    shares = numpy.divide(targets, whole, out=numpy.zeros_like(targets), where=whole > 0)
    return numpy.vstack([shares * (1 - without_value), without_value])
