"""Significance tests between groups, on counts or on weights scaled to the effective sample size.

Fisher’s exact test, Rao and Scott’s and that of Kruskal and Wallis need scipy, which is imported
only to run one of them.
"""

import warnings
from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from math import erfc, exp, fsum, gamma, sqrt
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from survey_cli.reports.rounding import format_decimal, format_p_value
from survey_cli.reports.texts import translate
from survey_cli.reports.weighting.answer_counts import (
    DesignDifference,
    WeightedCount,
    compute_effective_size,
    sum_counts,
)

if TYPE_CHECKING:
    from survey_cli.reports.weighting.design_errors import Numbers

Correction: TypeAlias = Literal["none", "bonferroni", "fdr"]
"""How p values of several comparisons are corrected for their number."""
FISHER_SAMPLES: Final = 9_999
"""Tables drawn for Fisher's exact test of more than two rows or columns."""
MIN_EXPECTED: Final = 5
"""Smaller expected counts are small for a chi-square test."""
NO_VARIATION: Final = "no test: too few sampling units, or all of them were selected"
SCIPY_MISSING: Final = "no test: scipy is not installed"


class SignificanceTest(NamedTuple):
    """A test of one group of columns against one item."""

    group: str
    """The label of the group: `Kind of unit`."""
    name: str
    """Name of the test: `Chi-square test`, `Fisher’s exact test`, …; empty if none was run."""
    statistic_text: str
    """`χ² = 7.81, df = 2`; empty if the test has no statistic."""
    p: float | None
    p_text: str
    """`p = 0.031`, `p < 0.001`."""
    note: str = ""
    """Why no test was run."""

    @property
    def text(self) -> str:
        """`Chi-square test: χ² = 7.81, df = 2, p = 0.020`, or why no test was run."""
        if not self.name:
            return self.note
        texts = [text for text in (self.statistic_text, self.p_text) if text]
        return f"{translate(self.name)}: {', '.join(texts)}"


def describe_tests(seed: int, *, by_design: bool = False) -> dict[str, str]:
    """Return the description of each test, by its name, for the notes of all tables."""
    fisher = translate("test-fisher", n=f"{FISHER_SAMPLES:,}", seed=seed)
    return {
        "Chi-square test": translate(
            "Pearson’s, of answers against columns: χ² = Σ(o − e)²/e/(1 − n/N)."
        ),
        "Rao–Scott test": translate("test-rao-scott-design" if by_design else "test-rao-scott"),
        "Fisher’s exact test": fisher,
        "Linear-by-linear trend test": translate("test-trend"),
        "Trend test under the design": translate("test-contrast"),
        "Kruskal–Wallis test": translate("test-kruskal"),
    }


class ComparisonTable(NamedTuple):
    """The counts by which a group of columns is compared."""

    group: str
    counts: Sequence[Sequence[WeightedCount]]
    """Counts by answer and column; tests ignore empty answers and columns."""
    weighted: bool = False
    population_correction: Fraction = Fraction(1)
    """The share of the population that was not interviewed; 1 if its size is not known."""
    design: "TableDesign | None" = None
    """What tests under the design of the sample need; None for a simple random sample."""


class TableDesign(NamedTuple):
    """A table under the design of the sample; its counts have no empty rows and columns."""

    covariance: "Numbers"
    """The covariances of the shares of cells, row by row."""
    freedom: int
    trend: DesignDifference | None = None
    """The linear contrast of the means of the columns."""


def run_independence_test(matrix: ComparisonTable, *, seed: int = 1) -> SignificanceTest:
    """Run Pearson's chi-square test, or Fisher's exact test if expected counts are small.

    Small means any under 1, or more than a fifth under 5 (W. G. Cochran, Biometrics 10, 1954).
    Under weights, Rao and Scott's correction of chi-square is used, unless an expected count is
    small on Kish's n. With a known population the statistic is divided by the share not
    interviewed.
    """
    counts = _drop_empty(matrix.counts)
    if len(counts) < 2 or len(counts[0]) < 2:
        return _explain_no_test(matrix, "no test: all in one row or one column")
    # Whether expected counts are small is judged on the people, or on Kish's n under weights.
    total = sum_counts(count for line in counts for count in line)
    is_adjusted = matrix.weighted or matrix.design is not None
    if is_adjusted:
        n = _get_size(total, weighted=True)
        table = [[n * count.weight / total.weight for count in line] for line in counts]
    else:
        table = [[float(count.people) for count in line] for line in counts]

    row_sums = [sum(row) for row in table]
    column_sums = [sum(column) for column in zip(*table, strict=True)]
    observed = list(chain.from_iterable(table))
    expected = [row * column / sum(row_sums) for row in row_sums for column in column_sums]
    small_count = sum(number < MIN_EXPECTED for number in expected)
    is_small = min(expected) < 1 or small_count > len(expected) / 5
    if is_small and is_adjusted:
        # Fisher's exact test counts people, and so has no form for weights.
        how = "under weights" if matrix.design is None else "under the design"
        return _explain_no_test(matrix, f"no test: expected counts are too small {how}")
    if not is_small and not matrix.population_correction:
        # Chi-square would be divided by 0.
        return _explain_no_test(matrix, "no test: the whole population was interviewed")

    try:
        if is_small:
            return _run_fisher(matrix.group, table, seed)
        if is_adjusted:
            return _run_rao_scott(matrix, counts)
    except ImportError:
        return _explain_no_test(matrix, SCIPY_MISSING)

    distances = [(o - e) ** 2 / e for o, e in zip(observed, expected, strict=True)]
    statistic = sum(distances) / float(matrix.population_correction)
    df = (len(row_sums) - 1) * (len(column_sums) - 1)
    p = compute_chi_square_p(statistic, df)
    text = f"χ² = {_format_statistic(statistic)}, df = {df}"
    return SignificanceTest(matrix.group, "Chi-square test", text, p, format_p_value(p))


def _explain_no_test(matrix: ComparisonTable, why: str) -> SignificanceTest:
    return SignificanceTest(matrix.group, "", "", None, "", translate(why))


def _run_rao_scott(
    matrix: ComparisonTable, counts: Sequence[Sequence[WeightedCount]]
) -> SignificanceTest:
    """Run Rao and Scott's second-order corrected chi-square test, under the design or weights only.

    It is Pearson's chi-square on weighted shares, divided by the sum of its generalized design
    effects, as an F with Satterthwaite's degrees of freedom (J. N. K. Rao and A. J. Scott, Annals
    of Statistics 12, 1984; D. R. Thomas and J. N. K. Rao, JASA 82, 1987). `svychisq` of R's survey
    package does the same. `counts` have no empty rows and columns.
    """
    import numpy
    from scipy import linalg, stats

    rows = len(counts)
    columns = len(counts[0])
    people = sum(count.people for line in counts for count in line)
    weights = numpy.array([[float(count.weight) for count in line] for line in counts])
    total = float(weights.sum())
    shares = weights / total
    cells = shares.ravel()

    # The covariance of the shares of the cells, and the degrees of freedom of its estimate.
    if matrix.design is not None:
        variance = matrix.design.covariance
        freedom = matrix.design.freedom
        # The trace is no number if nobody has a weight in a replicate.
        if freedom < 1 or not numpy.trace(variance) > 0:
            return _explain_no_test(matrix, NO_VARIATION)
    else:
        variance = _estimate_cell_covariance(counts, cells, total)
        variance *= people / (people - 1) * float(matrix.population_correction)
        freedom = people - 1

    # Independence is a model with main effects only: the contrast is what interactions add to it.
    # The first row and the first column are the reference.
    row_effects = numpy.kron(numpy.eye(rows)[:, 1:], numpy.ones((columns, 1)))
    column_effects = numpy.kron(numpy.ones((rows, 1)), numpy.eye(columns)[:, 1:])
    main_effects = numpy.hstack([numpy.ones((rows * columns, 1)), row_effects, column_effects])
    interactions = numpy.kron(numpy.eye(rows)[:, 1:], numpy.eye(columns)[:, 1:])
    coefficients = numpy.linalg.lstsq(main_effects, interactions, rcond=None)[0]
    contrast = interactions - main_effects @ coefficients

    # The generalized design effects: the covariance of the contrast under the design by that of a
    # simple random sample of as many people.
    inverse = numpy.diag(numpy.divide(1, cells, out=numpy.zeros_like(cells), where=cells > 0))
    simple_covariance = contrast.T @ inverse @ contrast / people
    design_covariance = contrast.T @ inverse @ variance @ inverse @ contrast
    try:
        with warnings.catch_warnings(action="error", category=linalg.LinAlgWarning):
            design_effects = linalg.solve(simple_covariance, design_covariance)
    except (linalg.LinAlgError, linalg.LinAlgWarning):
        return _explain_no_test(matrix, "no test: too many empty cells under weights")
    sum_of_effects = float(numpy.trace(design_effects))
    if not sum_of_effects > 0:
        return _explain_no_test(matrix, NO_VARIATION)

    # Pearson's chi-square has this many degrees of freedom if the design effects differ (F. E.
    # Satterthwaite, Biometrics Bulletin 2, 1946). With equal ones they are (r − 1)(c − 1).
    df = sum_of_effects**2 / float(numpy.trace(design_effects @ design_effects))
    expected = numpy.outer(shares.sum(axis=1), shares.sum(axis=0))
    statistic = people * float(((shares - expected) ** 2 / expected).sum()) / sum_of_effects
    p = float(stats.f.sf(statistic, df, df * freedom))
    dfs = translate(
        "{first} and {second}",
        first=_format_statistic(df),
        second=_format_statistic(df * freedom),
    )
    text = f"F = {_format_statistic(statistic)}, df = {dfs}"
    return SignificanceTest(matrix.group, "Rao–Scott test", text, p, format_p_value(p))


def _estimate_cell_covariance(
    counts: Sequence[Sequence[WeightedCount]], shares: "Numbers", total: float
) -> "Numbers":
    """Estimate the covariances of the weighted shares of cells, for interviews chosen by weight.

    With d = 1 for the interviews in a cell and 0 for others, the covariance of two cells is
    Σw²(d − p)(d′ − p′)/(Σw)², by Taylor linearization. An interview is in one cell only, so that
    the sums of squared weights by cell are enough to compute it.
    """
    import numpy

    squares = numpy.array([float(count.squares) for line in counts for count in line]) / total**2
    cross_products = numpy.outer(squares, shares)
    covariance: Numbers = (
        numpy.diag(squares)
        - cross_products
        - cross_products.T
        + numpy.outer(shares, shares) * squares.sum()
    )
    return covariance


def run_trend_test(
    matrix: ComparisonTable, values: Sequence[Fraction], *, ordered: bool
) -> SignificanceTest:
    """Test whether a scale rises or falls over the columns.

    For two columns, or columns with an order, the test is linear-by-linear association. Otherwise
    it is the Kruskal–Wallis test, which is not run under weights. `values` holds the value of each
    answer.
    """
    counts = _drop_empty(matrix.counts)
    all_in_one = _explain_no_test(matrix, "no trend test: all in one row or one column")
    if len(counts) < 2 or len(counts[0]) < 2:
        return all_in_one
    if not matrix.population_correction:
        return _explain_no_test(matrix, "no trend test: the whole population was interviewed")
    # Only the values of rows that `_drop_empty` has kept.
    by_value = zip(values, matrix.counts, strict=True)
    rows = [float(value) for value, line in by_value if any(count.people for count in line)]
    has_order = ordered or len(counts[0]) == 2
    if not has_order:
        return _run_kruskal_wallis(matrix, counts, rows)
    if matrix.design is not None:
        return _describe_design_trend(matrix, matrix.design.trend)
    return _run_linear_trend(matrix, counts, rows) or all_in_one


def _describe_design_trend(
    matrix: ComparisonTable, trend: DesignDifference | None
) -> SignificanceTest:
    """Describe the contrast of the columns' means, which the design has tested."""
    if trend is None:
        return _explain_no_test(matrix, NO_VARIATION)
    t = _format_statistic(trend.value / trend.error.standard_error)
    text = f"t = {t}, df = {trend.error.freedom}"
    p_text = format_p_value(trend.p)
    return SignificanceTest(matrix.group, "Trend test under the design", text, trend.p, p_text)


def _run_linear_trend(
    matrix: ComparisonTable, counts: Sequence[Sequence[WeightedCount]], rows: Sequence[float]
) -> SignificanceTest | None:
    """Run the test of linear-by-linear association; None if rows or columns don't vary.

    The statistic is (n − 1)r² with one degree of freedom (N. Mantel, JASA 58, 1963), and columns
    are counted 1, 2, 3 ….
    """
    total = sum_counts(count for line in counts for count in line)
    n = _get_size(total, weighted=matrix.weighted)
    cells = [
        (row, column, count.weight / total.weight)
        for row, line in zip(rows, counts, strict=True)
        for column, count in enumerate(line)
    ]
    row_mean = fsum(row * share for row, _, share in cells)
    column_mean = fsum(column * share for _, column, share in cells)

    deviations = [(row - row_mean, column - column_mean, share) for row, column, share in cells]
    covariance = fsum(row * column * share for row, column, share in deviations)
    row_variance = fsum(row * row * share for row, _, share in deviations)
    column_variance = fsum(column * column * share for _, column, share in deviations)
    variances = row_variance * column_variance
    if variances <= 0:
        return None

    # M² = (n − 1)r², with r² the squared covariance divided by the product of the variances.
    statistic = (n - 1) * covariance**2 / variances / float(matrix.population_correction)
    p = compute_chi_square_p(statistic, 1)
    text = f"M² = {_format_statistic(statistic)}, df = 1"
    return SignificanceTest(matrix.group, "Linear-by-linear trend test", text, p, format_p_value(p))


def _run_kruskal_wallis(
    matrix: ComparisonTable, counts: Sequence[Sequence[WeightedCount]], rows: Sequence[float]
) -> SignificanceTest:
    """Run the Kruskal–Wallis test of columns without an order."""
    if matrix.weighted or matrix.design is not None:
        how = "under weights" if matrix.design is None else "under the design"
        return _explain_no_test(matrix, f"no trend test of columns without an order {how}")
    try:
        from scipy import stats
    except ImportError:
        return _explain_no_test(matrix, SCIPY_MISSING)

    # scipy ranks the values itself, and wants one for every person.
    samples = []
    for column in range(len(counts[0])):
        sample: list[float] = []
        for value, line in zip(rows, counts, strict=True):
            sample += [value] * line[column].people
        samples.append(sample)
    statistic = float(stats.kruskal(*samples).statistic) / float(matrix.population_correction)
    df = len(samples) - 1
    p = compute_chi_square_p(statistic, df)
    text = f"H = {_format_statistic(statistic)}, df = {df}"
    return SignificanceTest(matrix.group, "Kruskal–Wallis test", text, p, format_p_value(p))


def compare_shares(
    first: tuple[WeightedCount, WeightedCount],
    second: tuple[WeightedCount, WeightedCount],
    *,
    weighted: bool,
    population_correction: Fraction = Fraction(1),
) -> float | None:
    """Return z of two shares of different people, positive if the first is greater.

    z = (p₁ − p₂)/√(p(1 − p)(1/n₁ + 1/n₂)(1 − n/N)), with p the share of both together. It is None
    for shares of 0 or 1, and if the whole population was interviewed. Each argument is a pair: the
    people with the answer, and the base.
    """
    part_1, base_1 = first
    part_2, base_2 = second
    if not base_1.weight or not base_2.weight or not population_correction:
        return None
    share_1 = part_1.weight / base_1.weight
    share_2 = part_2.weight / base_2.weight
    if not 0 < share_1 < 1 or not 0 < share_2 < 1:
        return None

    n_1 = _get_size(base_1, weighted=weighted)
    n_2 = _get_size(base_2, weighted=weighted)
    pooled = (n_1 * share_1 + n_2 * share_2) / (n_1 + n_2)
    standard_error = sqrt(
        pooled * (1 - pooled) * (1 / n_1 + 1 / n_2) * float(population_correction)
    )
    return (share_1 - share_2) / standard_error


def compute_p(z: float) -> float:
    """Return the two-sided p value of a standard normal variable."""
    return erfc(abs(z) / sqrt(2))


def compute_chi_square_p(statistic: float, df: int) -> float:
    """Return the probability of a greater chi-square.

    It is Q(df/2, x/2), by Q(a + 1, x) = Q(a, x) + xᵃ·exp(−x)/Γ(a + 1) from a = ½ or 1.
    """
    half = statistic / 2
    if df % 2:
        # Q(½, x) = erfc(√x)
        a = 0.5
        p = erfc(sqrt(half))
    else:
        # Q(1, x) = exp(−x)
        a = 1.0
        p = exp(-half)

    term = half**a * exp(-half) / gamma(a + 1)
    while a < df / 2:
        p += term
        a += 1
        term *= half / a
    return p


def adjust_p_values(values: Sequence[float], correction: Correction) -> list[float]:
    """Return the p values corrected for their number.

    Bonferroni multiplies by their number m, up to 1. The false discovery rate (Y. Benjamini and Y.
    Hochberg, JRSS B 57, 1995) is the smallest of m·p/rank of all that are not smaller.
    """
    count = len(values)
    if correction == "bonferroni":
        return [min(1.0, value * count) for value in values]
    if correction == "none":
        return list(values)

    # From the largest p value down, so that `least` is the minimum over all that are not smaller.
    adjusted = [0.0] * count
    least = 1.0
    from_largest = sorted(range(count), key=lambda position: -values[position])
    for smaller_count, position in enumerate(from_largest):
        rank = count - smaller_count
        least = min(least, values[position] * count / rank)
        adjusted[position] = least
    return adjusted


def _get_size(count: WeightedCount, *, weighted: bool) -> float:
    """Return the number of interviews for a test: the effective number under weights."""
    return float(compute_effective_size(count) if weighted else count.people)


def _run_fisher(group: str, table: list[list[float]], seed: int) -> SignificanceTest:
    import numpy
    from scipy import stats

    counts = numpy.array(table, dtype=int)
    if counts.shape == (2, 2):
        p = float(stats.fisher_exact(counts).pvalue)
    else:
        method = stats.MonteCarloMethod(
            n_resamples=FISHER_SAMPLES, rng=numpy.random.default_rng(seed)
        )
        result = stats.fisher_exact(counts, method=method)
        # scipy returns an array of one for tables with few people.
        p = float(numpy.ravel(result.pvalue)[0])
    return SignificanceTest(group, "Fisher’s exact test", "", p, format_p_value(p))


def _drop_empty(counts: Sequence[Sequence[WeightedCount]]) -> list[list[WeightedCount]]:
    """Return the counts without empty rows and columns."""
    rows = [line for line in counts if any(count.people for count in line)]
    if not rows:
        return []
    columns = [c for c in range(len(rows[0])) if any(line[c].people for line in rows)]
    return [[line[c] for c in columns] for line in rows]


def _format_statistic(value: float) -> str:
    return format_decimal(Fraction(value), 2)
