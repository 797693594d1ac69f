"""Significance tests between groups, on counts or on weights scaled to the effective sample size.

Distributions come from scipy, which is imported where a test is made.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import erfc, sqrt
from typing import Final, NamedTuple

from survey_cli.reports.rounding import format_decimal, format_p_value
from survey_cli.reports.weighting.answer_counts import WeightedCount, compute_effective_size, sum_counts
from survey_cli.reports.weighting.weighting_model import SignificanceTest

LEVEL: Final = 0.05
FISHER_SAMPLES: Final = 9_999
"""Tables drawn for Fisher's exact test of more than two rows and columns."""
MIN_EXPECTED: Final = 5
SCIPY_MISSING: Final = "tests need scipy: pip install 'survey-cli[report]'"


def describe_tests(seed: int) -> dict[str, str]:
    """What each test is and when it is made, by its name: said once for all tables."""
    return {
        "Chi-square test": "Pearson’s, of answers against columns.",
        "Rao–Scott test": (
            "chi-square under weights, with the second-order correction of Rao and Scott for their variance, as an F."
        ),
        "Fisher’s exact test": (
            "in place of chi-square where expected counts are small (any under 1, or more than a fifth under 5); of more"
            f" than two rows or columns by {FISHER_SAMPLES:,} tables drawn, seed {seed}. Without correction for a finite"
            " population, so on the safe side."
        ),
        "Linear-by-linear trend test": (
            "whether a scale goes up or down over two columns, or over columns with an order; approximate below 30"
            " interviews."
        ),
        "Kruskal–Wallis test": "whether a scale differs among other columns; approximate below 30 interviews.",
    }


class ComparisonTable(NamedTuple):
    """The counts by which a group of columns is compared."""

    group: str
    counts: Sequence[Sequence[WeightedCount]]
    """By answer, by column; answers and columns that nobody has are left out."""
    weighted: bool = False
    population_correction: Fraction = Fraction(1)
    """The share of the population that was not interviewed: 1 where its size is not known."""


def run_independence_test(matrix: ComparisonTable, *, seed: int = 1) -> SignificanceTest:
    """Run Pearson's chi-square test, or Fisher's exact test where expected counts are small.

    Small means any under 1, or more than a fifth under 5 (W. G. Cochran, Biometrics 10, 1954). Under weights, Rao and
    Scott's correction of chi-square is used, unless an expected count is small on Kish's n. With a known population the
    statistic is divided by the share that was not interviewed.
    """
    used = _drop_empty(matrix.counts)
    if len(used) < 2 or len(used[0]) < 2:
        return SignificanceTest(matrix.group, "", "", None, "", "no test: all in one row or one column")
    try:
        from scipy import stats
    except ImportError:
        return SignificanceTest(matrix.group, "", "", None, "", SCIPY_MISSING)
    every = sum_counts(pile for line in used for pile in line)
    n = float(compute_effective_size(every)) if matrix.weighted else float(every.people)
    table = [
        [n * pile.weight / every.weight if matrix.weighted else float(pile.people) for pile in line] for line in used
    ]
    small = _has_small_expected(table)
    if small and matrix.weighted:
        return SignificanceTest(matrix.group, "", "", None, "", "no test: expected counts are too small under weights")
    if small:
        return _run_fisher(matrix.group, table, seed)
    if not matrix.population_correction:
        return SignificanceTest(matrix.group, "", "", None, "", "no test: the whole population was interviewed")
    if matrix.weighted:
        return _run_rao_scott(matrix.group, used, matrix.population_correction)
    found = stats.chi2_contingency(table, correction=False)
    statistic, df = float(found.statistic) / float(matrix.population_correction), int(found.dof)
    p = float(stats.chi2.sf(statistic, df))
    told = f"χ² = {_format_statistic(statistic)}, df = {df}"
    return SignificanceTest(matrix.group, "Chi-square test", told, p, format_p_value(p))


def _run_rao_scott(group: str, used: Sequence[Sequence[WeightedCount]], left: Fraction) -> SignificanceTest:
    """Run Rao and Scott's second-order corrected chi-square test.

    It is Pearson's chi-square on weighted shares over the mean of its design effects, as an F with Satterthwaite's
    degrees of freedom (J. N. K. Rao and A. J. Scott, Annals of Statistics 12, 1984; D. R. Thomas and J. N. K. Rao, JASA
    82, 1987): what `svychisq` of R's survey package returns for weights alone, without strata and clusters.
    """
    import numpy
    from scipy import linalg, stats

    rows, columns = len(used), len(used[0])
    people = sum(pile.people for line in used for pile in line)
    weights = numpy.array([[float(pile.weight) for pile in line] for line in used])
    total = float(weights.sum())
    p = (weights / total).ravel()
    squares = numpy.array([float(pile.squares) for line in used for pile in line]) / total**2
    held = numpy.outer(squares, p)
    variance = numpy.diag(squares) - held - held.T + numpy.outer(p, p) * squares.sum()
    variance *= people / (people - 1) * float(left)
    over = numpy.diag(numpy.divide(1, p, out=numpy.zeros_like(p), where=p > 0))
    of_row = numpy.kron(numpy.eye(rows)[:, 1:], numpy.ones((columns, 1)))
    of_column = numpy.kron(numpy.ones((rows, 1)), numpy.eye(columns)[:, 1:])
    mains = numpy.hstack([numpy.ones((rows * columns, 1)), of_row, of_column])
    both = numpy.kron(numpy.eye(rows)[:, 1:], numpy.eye(columns)[:, 1:])
    contrast = both - mains @ numpy.linalg.lstsq(mains, both, rcond=None)[0]
    top = contrast.T @ over @ variance @ over @ contrast
    try:
        effects = linalg.solve(contrast.T @ over @ contrast / people, top)
    except linalg.LinAlgError:
        return SignificanceTest(group, "", "", None, "", "no test: too many empty cells under weights")
    mean = float(numpy.trace(effects))
    df = mean**2 / float(numpy.trace(effects @ effects))
    shares = p.reshape(rows, columns)
    expected = numpy.outer(shares.sum(axis=1), shares.sum(axis=0))
    f = people * float(((shares - expected) ** 2 / expected).sum()) / mean
    value = float(stats.f.sf(f, df, df * (people - 1)))
    told = f"F = {_format_statistic(f)}, df = {_format_statistic(df)} and {_format_statistic(df * (people - 1))}"
    return SignificanceTest(group, "Rao–Scott test", told, value, format_p_value(value))


def run_trend_test(matrix: ComparisonTable, values: Sequence[Fraction], *, ordered: bool) -> SignificanceTest:
    """Test whether a scale rises or falls over the columns.

    For two columns, or columns with an order, the test is linear-by-linear association, (n − 1)r² with one degree of
    freedom (N. Mantel, JASA 58, 1963), with columns counted 1, 2, 3 …. Otherwise it is the Kruskal–Wallis test, which
    is not run under weights. `values` holds the value of each answer.
    """
    columns = len(matrix.counts[0]) if matrix.counts else 0
    there = [c for c in range(columns) if any(line[c].people for line in matrix.counts)]
    rows = [
        (float(value), [line[c] for c in there])
        for value, line in zip(values, matrix.counts, strict=True)
        if any(line[c].people for c in there)
    ]
    nothing = SignificanceTest(matrix.group, "", "", None, "", "no trend test: all in one row or one column")
    if len(there) < 2 or len(rows) < 2:
        return nothing
    if not matrix.population_correction:
        return SignificanceTest(matrix.group, "", "", None, "", "no trend test: the whole population was interviewed")
    try:
        from scipy import stats
    except ImportError:
        return SignificanceTest(matrix.group, "", "", None, "", SCIPY_MISSING)
    every = sum_counts(pile for _, line in rows for pile in line)
    if len(there) == 2 or ordered:
        n = float(compute_effective_size(every)) if matrix.weighted else float(every.people)
        share = 1 / every.weight
        cells = [(v, c, pile.weight * share) for v, line in rows for c, pile in enumerate(line)]
        mean_v, mean_c = sum(v * w for v, _, w in cells), sum(c * w for _, c, w in cells)
        both = sum((v - mean_v) * (c - mean_c) * w for v, c, w in cells)
        spread = sum((v - mean_v) ** 2 * w for v, _, w in cells) * sum((c - mean_c) ** 2 * w for _, c, w in cells)
        if spread <= 0:
            return nothing
        statistic = (n - 1) * both**2 / spread / float(matrix.population_correction)
        p = float(stats.chi2.sf(statistic, 1))
        told = f"M² = {_format_statistic(statistic)}, df = 1"
        return SignificanceTest(matrix.group, "Linear-by-linear trend test", told, p, format_p_value(p))
    if matrix.weighted:
        return SignificanceTest(
            matrix.group, "", "", None, "", "no trend test of columns without an order under weights"
        )
    samples = [[v for v, line in rows for _ in range(line[c].people)] for c in range(len(there))]
    found = stats.kruskal(*samples)
    statistic = float(found.statistic) / float(matrix.population_correction)
    p = float(stats.chi2.sf(statistic, len(there) - 1))
    told = f"H = {_format_statistic(statistic)}, df = {len(there) - 1}"
    return SignificanceTest(matrix.group, "Kruskal–Wallis test", told, p, format_p_value(p))


def is_significantly_greater(
    one: tuple[WeightedCount, WeightedCount],
    other: tuple[WeightedCount, WeightedCount],
    *,
    pairs: int,
    weighted: bool,
    left: Fraction = Fraction(1),
) -> bool:
    """Tell whether the first share is significantly greater than the second.

    A two-sided z test of two shares with pooled variance, at 0.05 divided by the number of pairs (Bonferroni). Shares
    of 0 or 1 are not compared. Each argument is (those with the answer, the base).
    """
    (part_1, base_1), (part_2, base_2) = one, other
    share_1, share_2 = part_1.weight / base_1.weight, part_2.weight / base_2.weight
    if share_1 <= share_2 or not 0 < share_1 < 1 or not 0 < share_2 < 1 or not left:
        return False
    n_1 = float(compute_effective_size(base_1)) if weighted else float(base_1.people)
    n_2 = float(compute_effective_size(base_2)) if weighted else float(base_2.people)
    pooled = (n_1 * share_1 + n_2 * share_2) / (n_1 + n_2)
    z = (share_1 - share_2) / sqrt(pooled * (1 - pooled) * (1 / n_1 + 1 / n_2) * float(left))
    return bool(erfc(z / sqrt(2)) < LEVEL / pairs)


def _run_fisher(group: str, table: list[list[float]], seed: int) -> SignificanceTest:
    import numpy
    from scipy import stats

    counts = numpy.array(table, dtype=int)
    if counts.shape == (2, 2):
        p = float(stats.fisher_exact(counts).pvalue)
    else:
        method = stats.MonteCarloMethod(n_resamples=FISHER_SAMPLES, rng=numpy.random.default_rng(seed))
        found = stats.fisher_exact(counts, method=method)
        p = float(numpy.ravel(found.pvalue)[0])  # of tables with few people scipy gives an array of one
    return SignificanceTest(group, "Fisher’s exact test", "", p, format_p_value(p))


def _drop_empty(piles: Sequence[Sequence[WeightedCount]]) -> list[list[WeightedCount]]:
    """Without empty rows and columns."""
    rows = [line for line in piles if any(pile.people for pile in line)]
    there = [c for c in range(len(rows[0]) if rows else 0) if any(line[c].people for line in rows)]
    return [[line[c] for c in there] for line in rows]


def _has_small_expected(table: Sequence[Sequence[float]]) -> bool:
    total: float = sum(sum(row) for row in table)
    columns: list[float] = [sum(column) for column in zip(*table, strict=True)]
    expected = [sum(row) * column / total for row in table for column in columns]
    few = sum(cell < MIN_EXPECTED for cell in expected)
    return min(expected) < 1 or few > len(expected) / 5


def _format_statistic(value: float) -> str:
    return format_decimal(Fraction(value), 2)
