"""Design-based errors: standard errors of means, shares, ratios and differences under a complex sample.

Pure functions of numbers per interview, by Taylor linearization or from replicate weights. They need the extra `report`.
Figures equal those of R's package survey (T. Lumley, Complex Surveys, 2010) for the same design.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf, isfinite, log, sqrt
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy
from numpy.typing import NDArray
from scipy import special

from survey_cli.reports.weighting.answer_counts import DEFAULT_LEVEL, DesignDifference, DesignError

Numbers: TypeAlias = NDArray[numpy.float64]
Integers: TypeAlias = NDArray[numpy.int64]
Replication: TypeAlias = Literal["jk1", "jkn", "brr", "fay", "bootstrap", "sdr"]
"""How replicate weights were made: the jackknife that deletes one unit, of all or of a stratum, balanced half-samples,
Fay's variant of these, the bootstrap, or successive differences."""
MAX_STORED: Final = 5_000_000
"""Numbers in the variations of one question that are stored at a time: 40 MB."""
RANK_TOLERANCE: Final = 1e-5
"""Singular values of replicate weights below this part of the norm of a column are zeros."""


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
    """Share of the units in the population that were selected, by stratum; 0 where it is not known."""
    replicates: Numbers | None = None
    """Replicate weights, a row per interview; with them, strata and units are not used."""
    scale: float | Numbers = 1.0
    """The factor of the squared deviations of the replicates, of each or of all."""


class Estimate(NamedTuple):
    """An estimate, and how it varies: a number per unit or set of replicate weights.

    The covariance of two estimates is the sum of products of their variations, and the variation of a difference is the
    difference of the variations.
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

    Without strata, there is one; without units, each interview is one. `population_units` is, for each interview, the
    number of units in the population of its stratum, or, up to 1, the share of them that was selected. Units are
    numbered within strata, so that 1 in two strata are two units. Raises ValueError where a stratum has several numbers
    or fewer units than were selected.
    """
    n = len(weights)
    stratum_numbers = _number_values(strata if strata is not None else [0] * n)
    pairs = list(zip(stratum_numbers, units if units is not None else range(n), strict=True))
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
            shares[stratum] = number if number <= 1 else unit_counts[stratum] / number
            if not 0 <= shares[stratum] <= 1:
                raise ValueError(
                    f"a stratum has {number:g} units in the population, and {unit_counts[stratum]} selected"
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
    """Make the design of a sample with replicate weights, which include the weight, a row per interview.

    The factor of the squared deviations of R replicates is (R − 1)/R for `jk1`, 1/R for `brr`, 1/(R(1 − ρ)²) for `fay`
    with ρ in `factors`, 1/(R − 1) for `bootstrap` and 4/R for `sdr` (K. Wolter, Introduction to Variance Estimation,
    2007). For `jkn`, `factors` has that of each replicate, or one for all. Raises ValueError where it does not fit.
    """
    count = replicates.shape[1]
    if method == "jkn" and len(factors) not in (1, count):
        raise ValueError(f"jkn needs one factor, or {count} for as many replicate weights")
    if method == "fay" and not (len(factors) == 1 and 0 <= factors[0] < 1):
        raise ValueError("fay needs one factor, its coefficient, from 0 and below 1")
    scales: dict[Replication, float | Numbers] = {
        "jk1": (count - 1) / count,
        "jkn": numpy.array(factors, dtype=float),
        "brr": 1 / count,
        "fay": 1 / (count * (1 - (factors[0] if method == "fay" else 0)) ** 2),
        "bootstrap": 1 / (count - 1),
        "sdr": 4 / count,
    }
    design = make_design(weights)
    return replace(design, replicates=numpy.asarray(replicates, dtype=float), scale=scales[method])


def _number_values(values: Sequence[object]) -> list[int]:
    """Number distinct values from 0 in the order in which they appear."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def estimate_ratio(design: SampleDesign, numerator: Numbers, denominator: Numbers) -> Estimate:
    """Estimate a ratio of two sums, R = Σwy/Σwx. The sum of the denominator must not be 0.

    A mean in a domain is the ratio of Σwyd to Σwd, where d is 1 in the domain and 0 outside; a share is the mean of 1
    for the answer and 0 for others. The linearized value of a unit is its sum of w(y − Rx)/Σwx (W. Cochran, Sampling
    Techniques, 1977, 6.3; C.-E. Särndal et al., Model Assisted Survey Sampling, 1992, 5.6), 0 for units outside the
    domain, which still count as selected. With replicate weights, it is the deviation of the replicate's ratio from R.

    Linearized, covariances are Σ(1 − f)·n/(n − 1)·Σ(z − z̄)(y − ȳ) over the strata, with n units of which the share f was
    selected (W. Cochran, 1977, 11.18: ultimate clusters). A unit that is alone in its stratum is compared with 0, the
    mean of all linearized values, unless the whole stratum was selected. From replicates they are the factor of their
    method times the sum of products of deviations from their mean.
    """
    numerators, denominators = design.weights * numerator, design.weights * denominator
    whole = float(denominators.sum())
    ratio = float(numerators.sum()) / whole
    if design.replicates is not None:
        with numpy.errstate(
            divide="ignore", invalid="ignore"
        ):  # a replicate may have nobody in the domain
            deviations = (numerator @ design.replicates) / (denominator @ design.replicates) - ratio
            return Estimate(ratio, numpy.sqrt(design.scale) * (deviations - deviations.mean()))
    counts, strata = design.unit_counts, design.unit_strata
    linearized = numpy.bincount(
        design.units, (numerators - ratio * denominators) / whole, len(strata)
    )
    means = numpy.bincount(strata, linearized, len(counts)) / counts
    factors = (1 - design.sampled_shares) * counts / numpy.maximum(counts - 1, 1)
    return Estimate(
        ratio,
        numpy.sqrt(factors)[strata] * (linearized - numpy.where(counts > 1, means, 0)[strata]),
    )


def estimate_mean(design: SampleDesign, values: Numbers, domain: Numbers) -> Estimate:
    """Estimate the mean in a domain, where `domain` is 1, and 0 outside; of 0 and 1, a share."""
    return estimate_ratio(design, values * domain, domain)


def combine(estimates: Sequence[Estimate], coefficients: Sequence[float]) -> Estimate:
    """Return the sum of estimates from the same sample times coefficients; 1 and -1 give their difference."""
    value = sum(c * estimate.value for c, estimate in zip(coefficients, estimates, strict=True))
    return Estimate(
        value,
        numpy.array(coefficients) @ numpy.array([estimate.variation for estimate in estimates]),
    )


def count_freedom(design: SampleDesign, domain: Numbers | NDArray[numpy.bool]) -> int:
    """Return the degrees of freedom in a domain.

    They are the units less the strata with interviews in it (E. Korn and B. Graubard, Analysis of Health Surveys, 1999,
    5.2), or one less than the rank of the replicate weights.
    """
    inside = domain > 0
    if design.replicates is not None:
        products = design.replicates[inside].T @ design.replicates[inside]
        least = RANK_TOLERANCE**2 * float(numpy.max(products))
        return int((numpy.linalg.eigvalsh(products) > least).sum()) - 1
    units, strata = (
        numpy.count_nonzero(numpy.bincount(of[inside])) for of in (design.units, design.strata)
    )
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

    The interval is the estimate ± t times its standard error; that of a `share` is symmetric on the scale log(p/(1 − p)),
    so that it stays between 0 and 1. `values` are those of a mean, for its design effect: its variance by s²/n, with s² =
    Σw(y − ȳ)²/Σw · n/(n − 1), for the n interviews in the domain with a weight (L. Kish, Survey Sampling, 1965, 8.2).
    `freedom` are the degrees of freedom, where they are known.
    """
    variance = float(estimate.variation @ estimate.variation)
    freedom = count_freedom(design, domain) if freedom is None else freedom
    error, value = sqrt(variance), estimate.value
    quantile = float(special.stdtrit(freedom, (1 + level) / 2)) if freedom > 0 else inf
    if not error:
        low = high = value
    elif share and 0 < value < 1:
        middle, half = log(value / (1 - value)), quantile * error / (value * (1 - value))
        low, high = (_invert_logit(middle + sign * half) for sign in (-1, 1))
    else:
        low, high = value - quantile * error, value + quantile * error
    effect = None
    if values is not None:
        inside = design.weights * domain
        n = int((inside > 0).sum())
        spread = float((inside * (values - value) ** 2).sum() / inside.sum())
        effect = variance * (n - 1) / spread if n > 1 and spread else None
    return DesignError(error, low, high, error / abs(value) if value else None, effect, freedom)


def _invert_logit(value: float) -> float:
    return 1 / (1 + exp(-value)) if value > -700 else 0.0


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
    """The columns that each interview is in: the total's, which is 0, and one of each group."""
    rows: Mapping[int, RowValues]
    level: float = DEFAULT_LEVEL
    _domains: dict[tuple[int, ...], tuple[NDArray[numpy.bool], int]] = field(default_factory=dict)
    _estimates: dict[tuple[int, ...], Estimate | None] = field(default_factory=dict)
    """By row and columns, as far as there is room for them."""

    def _find_domain(self, row: int, columns: Sequence[int]) -> tuple[Numbers, int]:
        """Return 1 for the interviews in the base of a row and in one of the columns, and its degrees of freedom."""
        key = (self.rows[row].is_share, *sorted(columns))
        if key not in self._domains:
            inside = (
                numpy.isin(self.columns, columns).any(axis=0)
                & (self.rows[row].base > 0)[self.answers]
            )
            self._domains[key] = inside, count_freedom(self.design, inside)
        inside, freedom = self._domains[key]
        return inside.astype(float), freedom

    def _estimate(self, row: int, columns: Sequence[int]) -> Estimate | None:
        """Estimate the figure of a row in some columns; None of nobody, and where a share is 0 or 1."""
        key, domain = (row, *columns), self._find_domain(row, columns)[0]
        if key not in self._estimates:
            if len(self._estimates) * len(domain) > MAX_STORED:
                self._estimates.clear()
            self._estimates[key] = None
            if (self.design.weights * domain).any():
                estimate = estimate_mean(self.design, self.rows[row].values[self.answers], domain)
                self._estimates[key] = (
                    estimate if 0 < estimate.value < 1 or not self.rows[row].is_share else None
                )
        return self._estimates[key]

    def measure(self, row: int, column: int) -> DesignError | None:
        """Return the precision of a figure.

        None where the column has no two units to compare, or nobody in a replicate, and of a share of 0 or 1.
        """
        estimate = self._estimate(row, [column])
        domain, freedom = self._find_domain(row, [column])
        if estimate is None or freedom < 1:
            return None
        values, is_share = self.rows[row].values[self.answers], self.rows[row].is_share
        error = compute_error(
            self.design, estimate, domain, values, share=is_share, freedom=freedom, level=self.level
        )
        return error if isfinite(error.standard_error) else None

    def compare(
        self, row: int, parts: Sequence[Sequence[int]], coefficients: Sequence[float] = (1, -1)
    ) -> DesignDifference | None:
        """Return the difference of a row's figure between parts, which are columns without an interview in common.

        With other coefficients, it is a contrast of several parts. None where one of them can't be measured, or the
        difference doesn't vary.
        """
        estimates = [
            estimate for columns in parts if (estimate := self._estimate(row, columns)) is not None
        ]
        domain, freedom = self._find_domain(
            row, [column for columns in parts for column in columns]
        )
        if len(estimates) < len(parts) or freedom < 1:
            return None
        difference = combine(estimates, coefficients)
        error = compute_error(self.design, difference, domain, freedom=freedom, level=self.level)
        if not 0 < error.standard_error < inf:
            return None
        p = float(2 * special.stdtr(freedom, -abs(difference.value) / error.standard_error))
        return DesignDifference(difference.value, error, p)

    def measure_ratio(self, row: int, other: "QuestionDesign") -> DesignError | None:
        """Return the precision of the sum of a row's values by that of another question, of those who have both."""
        both = self._find_domain(row, [0])[0] * other._find_domain(row, [0])[0]
        ratio = estimate_ratio(
            self.design, *(each.rows[row].values[each.answers] * both for each in (self, other))
        )
        error = compute_error(self.design, ratio, both, level=self.level)
        return error if error.freedom > 0 and isfinite(error.standard_error) else None

    def compute_cell_covariance(
        self, rows: Sequence[int], columns: Sequence[int]
    ) -> tuple[Numbers, int]:
        """Return the covariances of the shares of cells, row by row, and their degrees of freedom."""
        by_row = [self.rows[row].values[self.answers] for row in rows]
        by_column = [self._find_domain(rows[0], [column])[0] for column in columns]
        domain = numpy.sum(by_row, axis=0) * numpy.sum(by_column, axis=0)
        shares = (
            estimate_mean(self.design, values * part, domain)
            for values in by_row
            for part in by_column
        )
        variations = numpy.array([share.variation for share in shares])
        return variations @ variations.T, count_freedom(self.design, domain)
