"""Design-based errors of means, shares, ratios and differences under a complex sample.

They are pure functions of numbers per interview, by Taylor linearization or from replicate weights,
and need the extra `report`. Figures equal those of R's package survey (T. Lumley, Complex Surveys,
2010) for the same design.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf, isfinite, log, sqrt
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

import numpy
from numpy.typing import NDArray
from scipy import special

from survey_cli.reports.weighting.answer_counts import (
    DEFAULT_LEVEL,
    DesignDifference,
    DesignError,
    DesignEstimate,
)
from survey_cli.reports.weighting.calibration import Calibration

Numbers: TypeAlias = NDArray[numpy.float64]
Integers: TypeAlias = NDArray[numpy.int64]
Replication: TypeAlias = Literal["jk1", "jkn", "brr", "fay", "bootstrap", "sdr"]
"""How replicate weights were made.

The jackknife deletes one unit, of all or of a stratum. The others are balanced half-samples, Fay's
variant of these, the bootstrap, and successive differences.
"""
MAX_STORED: Final = 5_000_000
"""Numbers in the variations of one question that are stored at a time: 40 MB."""
RANK_TOLERANCE: Final = 1e-5
"""Singular values of replicate weights below this part of the norm of a column are zeros."""
SAME_WEIGHT: Final = 1e-12
"""Sums of weights that differ by less than this part of the whole differ by rounding only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleDesign:
    """The design by which the interviews were selected, one entry per interview."""

    weights: Numbers
    strata: Integers
    """Number of the stratum, from 0."""
    units: Integers
    """Number of the primary sampling unit, from 0; a unit is in one stratum."""
    unit_strata: Integers
    """Stratum of each unit."""
    unit_counts: Integers
    """Number of units in the sample, by stratum."""
    sampled_shares: Numbers
    """Share of the population's units that were selected, by stratum; 0 if it is not known."""
    replicates: Numbers | None = None
    """Replicate weights, a row per interview; with them, strata and units are not used."""
    scale: float | Numbers = 1.0
    """The factor of the squared deviations of the replicates: one for all, or a row."""
    calibration: Calibration | None = None
    """The raking of the weights; None if they aren't raked. Replicates are raked beforehand."""


class Estimate(NamedTuple):
    """An estimate, and how it varies: a number per unit or set of replicate weights.

    The covariance of two estimates is the sum of products of their variations. The variation of a
    difference is the difference of the variations.
    """

    value: float
    variation: Numbers


def make_design(
    weights: Sequence[float],
    *,
    strata: Sequence[object] | None = None,
    units: Sequence[object] | None = None,
    population_units: Sequence[float] | None = None,
) -> SampleDesign:
    """Make the design of a sample with strata and primary sampling units.

    Without strata, all interviews are in one. Without units, every interview is one. For an
    interview, `population_units` is the number of units in the population of its stratum, or, up
    to 1, the share of them that was selected. Units are numbered within strata, so that 1 in two
    strata are two units. Raises ValueError if a stratum has several numbers, or fewer units than
    were selected.
    """
    n = len(weights)
    if strata is None:
        strata = [0] * n
    if units is None:
        units = range(n)
    stratum_numbers = _number_values(strata)
    # Unit 1 of one stratum is not unit 1 of another.
    pairs = list(zip(stratum_numbers, units, strict=True))
    unit_numbers = _number_values(pairs)
    unit_strata = numpy.zeros(max(unit_numbers, default=-1) + 1, dtype=int)
    unit_strata[unit_numbers] = stratum_numbers
    unit_counts = numpy.bincount(unit_strata, minlength=max(stratum_numbers, default=-1) + 1)

    shares = numpy.zeros(len(unit_counts))
    if population_units is not None:
        numbers: dict[int, float] = {}
        for stratum, number in zip(stratum_numbers, population_units, strict=True):
            if numbers.setdefault(stratum, number) != number:
                raise ValueError(
                    f"a stratum has {numbers[stratum]:g} and {number:g} units in the population"
                )
        for stratum, number in numbers.items():
            selected = unit_counts[stratum]
            is_share = number <= 1
            shares[stratum] = number if is_share else selected / number
            if not 0 <= shares[stratum] <= 1:
                raise ValueError(
                    f"a stratum has {number:g} units in the population, and {selected} selected"
                )
    return SampleDesign(
        weights=numpy.asarray(weights, dtype=float),
        strata=numpy.asarray(stratum_numbers, dtype=int),
        units=numpy.asarray(unit_numbers, dtype=int),
        unit_strata=unit_strata,
        unit_counts=unit_counts,
        sampled_shares=shares,
    )


def make_replicate_design(
    weights: Sequence[float],
    replicates: Numbers,
    method: Replication,
    factors: Sequence[float] = (),
) -> SampleDesign:
    """Make the design of a sample with replicate weights, a row per interview.

    Replicate weights include the weight. The factor of the squared deviations of R replicates is
    (R − 1)/R for `jk1`, 1/R for `brr`, 1/(R(1 − ρ)²) for `fay` with ρ in `factors`, 1/(R − 1) for
    `bootstrap` and 4/R for `sdr` (K. Wolter, Introduction to Variance Estimation, 2007). For `jkn`,
    `factors` has one for all replicates, or one for every replicate. Raises ValueError otherwise.
    """
    count = replicates.shape[1]
    if method == "jkn" and len(factors) not in (1, count):
        raise ValueError(f"jkn needs one factor, or {count} for as many replicate weights")
    if method == "fay" and not (len(factors) == 1 and 0 <= factors[0] < 1):
        raise ValueError("fay needs one factor, its coefficient, from 0 and below 1")
    scale: float | Numbers
    match method:
        case "jk1":
            scale = (count - 1) / count
        case "jkn":
            scale = numpy.array(factors, dtype=float)
        case "brr":
            scale = 1 / count
        case "fay":
            scale = 1 / (count * (1 - factors[0]) ** 2)
        case "bootstrap":
            scale = 1 / (count - 1)
        case "sdr":
            scale = 4 / count
        case _:
            assert_never(method)
    design = make_design(weights)
    return replace(design, replicates=numpy.asarray(replicates, dtype=float), scale=scale)


def _number_values(values: Sequence[object]) -> list[int]:
    """Number distinct values from 0 in the order in which they appear."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def estimate_ratio(design: SampleDesign, numerator: Numbers, denominator: Numbers) -> Estimate:
    """Estimate a ratio of two sums, R = Σwy/Σwx. The sum of the denominator must not be 0.

    A mean in a domain is the ratio of Σwyd to Σwd, with d = 1 in the domain and 0 outside. A share
    is the mean of 1 for the answer and 0 for others. The linearized value of a unit is its sum of
    w(y − Rx)/Σwx (W. Cochran, Sampling Techniques, 1977, 6.3; C.-E. Särndal et al., Model Assisted
    Survey Sampling, 1992, 5.6). It is 0 for units outside the domain, which still count as
    selected. With replicate weights, it is the deviation of the replicate's ratio from R.

    Linearized, covariances are Σ(1 − f)·n/(n − 1)·Σ(z − z̄)(y − ȳ) over the strata, with n units of
    which the share f was selected (W. Cochran, 1977, 11.18: ultimate clusters). The only unit of a
    stratum is compared with 0, the mean of all linearized values, unless the whole stratum was
    selected. With raked weights, z is the part that the targets don't explain: see `Calibration`.
    From replicates they are the factor of their method times the sum of products of deviations from
    their mean.
    """
    numerators = design.weights * numerator
    denominators = design.weights * denominator
    whole = float(denominators.sum())
    ratio = float(numerators.sum()) / whole
    if design.replicates is not None:
        # A replicate may have nobody in the domain: its deviation is then no number.
        with numpy.errstate(divide="ignore", invalid="ignore"):
            ratios = (numerator @ design.replicates) / (denominator @ design.replicates)
            deviations = ratios - ratio
            return Estimate(ratio, numpy.sqrt(design.scale) * (deviations - deviations.mean()))

    residuals = (numerators - ratio * denominators) / whole
    return Estimate(ratio, _linearize(design, residuals))


def _linearize(design: SampleDesign, contributions: Numbers) -> Numbers:
    """Return how a sum of the contributions of all interviews varies by unit.

    Under raked weights, only what the targets don't explain varies.
    """
    if design.calibration is not None:
        contributions = design.calibration.remove_explained(contributions, design.weights)
    counts = design.unit_counts
    strata = design.unit_strata
    linearized = numpy.bincount(design.units, contributions, len(strata))
    means = numpy.bincount(strata, linearized, len(counts)) / counts
    # The only unit of a stratum would not deviate from its own mean, as if nothing varied there.
    compared_with = numpy.where(counts > 1, means, linearized.mean())
    # (1 − f)·n/(n − 1), and 1 − f for an only unit
    factors = (1 - design.sampled_shares) * counts / numpy.maximum(counts - 1, 1)
    return numpy.sqrt(factors)[strata] * (linearized - compared_with[strata])


def estimate_total(design: SampleDesign, values: Numbers) -> Estimate:
    """Estimate a total of the population, Σwy. The weights must be numbers of units.

    A unit contributes the sum of its wy. With replicate weights, the deviations are those of the
    replicates' totals. The error equals that of `svytotal` in R.
    """
    contributions = design.weights * values
    total = float(contributions.sum())
    if design.replicates is None:
        return Estimate(total, _linearize(design, contributions))
    deviations = values @ design.replicates - total
    return Estimate(total, numpy.sqrt(design.scale) * (deviations - deviations.mean()))


def estimate_mean(design: SampleDesign, values: Numbers, domain: Numbers) -> Estimate:
    """Estimate the mean in a domain; `domain` is 1 inside and 0 outside.

    That of 0 and 1 is a share.
    """
    return estimate_ratio(design, values * domain, domain)


def combine(estimates: Sequence[Estimate], coefficients: Sequence[float]) -> Estimate:
    """Return the sum of estimates times coefficients; 1 and -1 give their difference."""
    value = sum(c * estimate.value for c, estimate in zip(coefficients, estimates, strict=True))
    variations = numpy.array([estimate.variation for estimate in estimates])
    return Estimate(value, numpy.array(coefficients) @ variations)


def count_freedom(design: SampleDesign, domain: Numbers | NDArray[numpy.bool]) -> int:
    """Return the degrees of freedom in a domain.

    They are the units less the strata with interviews in it (E. Korn and B. Graubard, Analysis of
    Health Surveys, 1999, 5.2), or one less than the rank of the replicate weights.
    """
    inside = domain > 0
    if design.replicates is not None:
        # The eigenvalues of XᵀX are the squared singular values of X, and the largest of its
        # entries is the squared norm of a column.
        products = design.replicates[inside].T @ design.replicates[inside]
        least = RANK_TOLERANCE**2 * float(numpy.max(products))
        rank = int((numpy.linalg.eigvalsh(products) > least).sum())
        return rank - 1

    units = numpy.count_nonzero(numpy.bincount(design.units[inside]))
    strata = numpy.count_nonzero(numpy.bincount(design.strata[inside]))
    return int(units - strata)


def compute_error(
    design: SampleDesign,
    estimate: Estimate,
    domain: Numbers,
    values: Numbers | None = None,
    *,
    share: bool = False,
    freedom: int | None = None,
    level: float = DEFAULT_LEVEL,
) -> DesignError:
    """Compute the precision of an estimate.

    The interval is the estimate ± t times its standard error. That of a `share` is symmetric on the
    scale log(p/(1 − p)), so that it stays between 0 and 1. `values` are those of a mean, for its
    design effect. `freedom` are the degrees of freedom, if they are known.
    """
    if freedom is None:
        freedom = count_freedom(design, domain)
    value = estimate.value
    variance = float(estimate.variation @ estimate.variation)
    error = sqrt(variance)
    t = inf
    if freedom > 0:
        t = float(special.stdtrit(freedom, (1 + level) / 2))

    if not error:
        # Without freedom, infinity times an error of 0 would be no number.
        low = value
        high = value
    elif share and 0 < value < 1:
        # The derivative of log(p/(1 − p)) is 1/(p(1 − p)).
        logit = log(value / (1 - value))
        half_width = t * error / (value * (1 - value))
        low = _invert_logit(logit - half_width)
        high = _invert_logit(logit + half_width)
    else:
        low = value - t * error
        high = value + t * error
    return DesignError(
        standard_error=error,
        low=low,
        high=high,
        coefficient_of_variation=error / abs(value) if value else None,
        design_effect=_compute_effect(design, value, variance, domain, values),
        freedom=freedom,
    )


def compute_quantile_interval(
    design: SampleDesign,
    values: Numbers,
    domain: Numbers,
    share: float,
    *,
    level: float = DEFAULT_LEVEL,
) -> DesignEstimate | None:
    """Estimate the value at this share of the weights in a domain, with its interval.

    The ends of the interval of the share of values up to the quantile, by Student's t, are taken to
    values (R. S. Woodruff, JASA 47, 1952). The standard error is the width divided by 2t. This is
    `svyquantile` in R with `interval.type = "mean"`. None if an end would be beyond all values, or
    if there are no degrees of freedom.
    """
    inside = domain > 0
    freedom = count_freedom(design, inside)
    if freedom < 1:
        return None
    own_values = values[inside]
    own_weights = design.weights[inside]
    quantile = find_quantile(own_values, own_weights, share)

    # The interval of the share of values up to the quantile: more than `share` if values repeat.
    up_to = estimate_mean(design, (values <= quantile).astype(float), domain)
    error = sqrt(float(up_to.variation @ up_to.variation))
    t = float(special.stdtrit(freedom, (1 + level) / 2))
    first_share = up_to.value - t * error
    last_share = up_to.value + t * error
    if not (isfinite(error) and first_share >= 0 and last_share <= 1):
        return None

    low = find_quantile(own_values, own_weights, first_share)
    high = find_quantile(own_values, own_weights, last_share)
    return DesignEstimate(quantile, make_interval_error(quantile, low, high, freedom, level))


def make_interval_error(
    value: float, low: float, high: float, freedom: int, level: float
) -> DesignError:
    """Make the precision of an estimate of which the interval is known: its width is 2t errors."""
    t = float(special.stdtrit(freedom, (1 + level) / 2))
    standard_error = (high - low) / (2 * t)
    return DesignError(
        standard_error=standard_error,
        low=low,
        high=high,
        coefficient_of_variation=standard_error / abs(value) if value else None,
        design_effect=None,
        freedom=freedom,
    )


def find_quantile(values: Numbers, weights: Numbers, share: float) -> float:
    """Return the least value up to which there is this share of the weights.

    This is the first definition of R. J. Hyndman and Y. Fan (The American Statistician 50, 1996),
    and `qrule = "math"` in R.
    """
    kept = weights > 0
    order = numpy.argsort(values[kept], kind="stable")
    sorted_values = values[kept][order]
    cumulated = numpy.cumsum(weights[kept][order])
    least = cumulated[-1] * (share - SAME_WEIGHT)
    position = int(numpy.searchsorted(cumulated, least))
    return float(sorted_values[min(position, len(sorted_values) - 1)])


def _compute_effect(
    design: SampleDesign,
    mean: float,
    variance: float,
    domain: Numbers,
    values: Numbers | None,
) -> float | None:
    """Return the design effect of a mean; None if its values are not given, or don't vary.

    It is the variance divided by s²/n, with s² = Σw(y − ȳ)²/Σw · n/(n − 1), for the n interviews in
    the domain with a weight (L. Kish, Survey Sampling, 1965, 8.2).
    """
    if values is None:
        return None
    inside = design.weights * domain
    n = int((inside > 0).sum())
    mean_square = float((inside * (values - mean) ** 2).sum() / inside.sum())
    if n < 2 or not mean_square:
        return None
    # s²/n = Σw(y − ȳ)²/Σw/(n − 1)
    return variance * (n - 1) / mean_square


def _invert_logit(value: float) -> float:
    # exp(-value) would overflow.
    if value <= -700:
        return 0.0
    return 1 / (1 + exp(-value))


class RowValues(NamedTuple):
    """What the figures of a row are means of."""

    values: Numbers
    """By number of the answer; 1 and 0 for a share."""
    base: Numbers
    """1 for the answers in the base, 0 for others."""
    is_share: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QuestionDesign:
    """The answers to one question under the design, by rows and columns of its table."""

    design: SampleDesign
    answers: Integers
    """The number of each interview's answer."""
    columns: Integers
    """The columns that an interview is in: that of the total, which is 0, and one per group."""
    rows: Mapping[int, RowValues]
    level: float = DEFAULT_LEVEL
    _domains: dict[tuple[int, ...], tuple[NDArray[numpy.bool], int]] = field(default_factory=dict)
    _estimates: dict[tuple[int, ...], Estimate | None] = field(default_factory=dict)
    """By row and columns; cleared when they need too much memory."""

    def _find_domain(self, row: int, columns: Sequence[int]) -> tuple[Numbers, int]:
        """Return the domain of a figure, and its degrees of freedom.

        It is 1 for the interviews in the base of the row and in one of the columns. All shares have
        the same base.
        """
        key = (self.rows[row].is_share, *sorted(columns))
        if key not in self._domains:
            is_in_column = numpy.isin(self.columns, columns).any(axis=0)
            is_in_base = (self.rows[row].base > 0)[self.answers]
            inside = is_in_column & is_in_base
            self._domains[key] = inside, count_freedom(self.design, inside)
        inside, freedom = self._domains[key]
        return inside.astype(float), freedom

    def _estimate(self, row: int, columns: Sequence[int]) -> Estimate | None:
        """Estimate the figure of a row in some columns.

        None if nobody is in them, or if a share is 0 or 1.
        """
        key = (row, *columns)
        domain, _ = self._find_domain(row, columns)

        if key not in self._estimates:
            if len(self._estimates) * len(domain) > MAX_STORED:
                self._estimates.clear()
            self._estimates[key] = None
            if (self.design.weights * domain).any():
                values = self.rows[row].values[self.answers]
                estimate = estimate_mean(self.design, values, domain)
                # The error of a share of 0 or 1 would be 0, as if it were certain.
                varies = 0 < estimate.value < 1 or not self.rows[row].is_share
                if varies:
                    self._estimates[key] = estimate
        return self._estimates[key]

    def measure(self, row: int, column: int) -> DesignError | None:
        """Return the precision of a figure.

        None if the column has no two units to compare, or nobody in a replicate, and for a share of
        0 or 1.
        """
        estimate = self._estimate(row, [column])
        domain, freedom = self._find_domain(row, [column])
        if estimate is None or freedom < 1:
            return None
        error = compute_error(
            self.design,
            estimate,
            domain,
            self.rows[row].values[self.answers],
            share=self.rows[row].is_share,
            freedom=freedom,
            level=self.level,
        )
        return error if isfinite(error.standard_error) else None

    def measure_total(self, row: int, column: int) -> DesignEstimate | None:
        """Return the estimated number of people with an answer, or the sum of all numbers.

        None if nobody gave the answer, or if the column has no two units to compare.
        """
        domain, freedom = self._find_domain(row, [column])
        values = self.rows[row].values[self.answers] * domain
        if freedom < 1 or not (self.design.weights * values).any():
            return None
        total = estimate_total(self.design, values)
        error = compute_error(self.design, total, domain, freedom=freedom, level=self.level)
        return DesignEstimate(total.value, error) if isfinite(error.standard_error) else None

    def measure_quantile(self, row: int, column: int, share: float) -> DesignEstimate | None:
        """Return the value at a share of the weights of a column, with its interval."""
        domain, _ = self._find_domain(row, [column])
        if not (self.design.weights * domain).any():
            return None
        values = self.rows[row].values[self.answers]
        return compute_quantile_interval(self.design, values, domain, share, level=self.level)

    def compare(
        self, row: int, parts: Sequence[Sequence[int]], coefficients: Sequence[float] = (1, -1)
    ) -> DesignDifference | None:
        """Return the difference of a row's figure between parts: columns with different interviews.

        With other coefficients, it is a contrast of several parts. None if one of them can't be
        measured, or if the difference doesn't vary.
        """
        estimates = []
        for columns in parts:
            estimate = self._estimate(row, columns)
            if estimate is None:
                return None
            estimates.append(estimate)
        all_columns = [column for columns in parts for column in columns]
        domain, freedom = self._find_domain(row, all_columns)
        if freedom < 1:
            return None
        difference = combine(estimates, coefficients)
        error = compute_error(self.design, difference, domain, freedom=freedom, level=self.level)
        if not 0 < error.standard_error < inf:
            return None

        # Two-sided: both tails of Student's t beyond the difference divided by its error.
        p = float(2 * special.stdtr(freedom, -abs(difference.value) / error.standard_error))
        return DesignDifference(difference.value, error, p)

    def measure_ratio(self, row: int, other: "QuestionDesign") -> DesignError | None:
        """Return the precision of the sum of a row's values by that of another question.

        Both sums are of the people who have both values.
        """
        own_domain, _ = self._find_domain(row, [0])
        other_domain, _ = other._find_domain(row, [0])
        both = own_domain * other_domain
        numerator = self.rows[row].values[self.answers] * both
        denominator = other.rows[row].values[other.answers] * both
        ratio = estimate_ratio(self.design, numerator, denominator)
        error = compute_error(self.design, ratio, both, level=self.level)
        if error.freedom < 1 or not isfinite(error.standard_error):
            return None
        return error

    def compute_cell_covariance(
        self, rows: Sequence[int], columns: Sequence[int]
    ) -> tuple[Numbers, int]:
        """Return the covariances of the shares of cells, and their degrees of freedom."""
        # All rows are shares of the same base, so that any of them finds the domain of a column.
        by_row = [self.rows[row].values[self.answers] for row in rows]
        by_column = []
        for column in columns:
            of_column, _ = self._find_domain(rows[0], [column])
            by_column.append(of_column)
        domain = numpy.sum(by_row, axis=0) * numpy.sum(by_column, axis=0)
        shares = (
            estimate_mean(self.design, values * part, domain)
            for values in by_row
            for part in by_column
        )
        variations = numpy.array([share.variation for share in shares])
        return variations @ variations.T, count_freedom(self.design, domain)
