"""Report figures agree with R, with weighting programs in Python, and with published tables.

Their output is here as numbers, with the commands that gave it; none of them is needed to run the tests.
"""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from support.report_tables import Report
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.reports.results.summary_statistics import compute_quantile, compute_variance
from survey_cli.reports.weighting.answer_counts import (
    EMPTY_COUNT,
    WeightedCount,
    compute_effective_size,
)
from survey_cli.reports.weighting.significance import (
    ComparisonTable,
    adjust_p_values,
    compare_shares,
    compute_p,
    run_independence_test,
    run_trend_test,
)
from survey_cli.reports.weighting.weights import RakingMargin, rake
from survey_cli.values import Cell

pytest.importorskip("scipy", reason="the extra [report]")

CROSSED = ((23, 17, 12, 6), (11, 20, 15, 14), (8, 9, 31, 16))
_WEIGHTS = (
    "0.75 2.48 1.34 1.18 1.93 1.93 0.64 1.1 1.86 2 1.68 1.66 1.74 1.8 2.64 2.54 0.6 2.2 2.72 1.06 0.92 0.34 0.65 0.55"
    " 0.94 2.44 1.92 2.76 1.81 2.34 1.32 1.31 0.76 1.52 1 1.21 2.7 0.85 1.86 0.86 1.06 2.42 0.77 1.84 1.43 1.02 0.43"
    " 0.58 1.15 2.46 0.92 0.88 2.67 2.98 2.58 2.76 1.57 0.91 0.65 1.06"
)
WEIGHTS = _WEIGHTS.split()
ANSWERS = "521111525324134421415252231225324153443552413213351221542512"
"""`set.seed(3); w <- round(runif(60, 0.3, 3), 2); y <- sample(1:5, 60, TRUE)`; the groups are `rep(1:3, 20)`."""


def matrix(*rows: Sequence[int]) -> ComparisonTable:
    return ComparisonTable(
        "Group", [[WeightedCount(n, n, n) if n else EMPTY_COUNT for n in row] for row in rows]
    )


def weighted(*kinds: str, left: Fraction = Fraction(1), empty: str = "") -> ComparisonTable:
    """Kinds of answers by the three groups, of the 60 with weights; none of the answers `empty` in the first group."""
    piles = [[EMPTY_COUNT] * 3 for _ in kinds]
    for i, (answer, weight) in enumerate(zip(ANSWERS, WEIGHTS, strict=True)):
        if not i % 3 and answer in empty:
            continue
        hundredths = int(Fraction(weight) * 100)
        row = next(r for r, kind in enumerate(kinds) if answer in kind)
        piles[row][i % 3] = piles[row][i % 3].add(WeightedCount(1, hundredths, hundredths**2))
    return ComparisonTable("Group", piles, weighted=True, population_correction=left)


def test_chi_square_and_trends_as_r_has_them():
    """`t <- matrix(c(23, 11, 8, 17, 20, 9, 12, 15, 31, 6, 14, 16), 3)`; `chisq.test(t)`: 28.2448184193344, df 6, p
    8.44933483549688e-05. With x and g the 182 rows and columns, `M <- 181 * cor(x, g)^2`: 19.2609682331413;
    `pchisq(M, 1, lower.tail = FALSE)`: 1.14013484900341e-05. `kruskal.test(x, g)`: 23.1319509337254, df 3, p
    3.79046424181427e-05."""
    table, scores = matrix(*CROSSED), [Fraction(i) for i in (1, 2, 3)]
    square = run_independence_test(table)
    assert (square.statistic_text, square.p) == (
        "χ² = 28.24, df = 6",
        pytest.approx(8.44933483549688e-05),
    )
    straight = run_trend_test(table, scores, ordered=True)
    assert (straight.statistic_text, straight.p) == (
        "M² = 19.26, df = 1", pytest.approx(1.14013484900341e-05),
    )  # fmt: skip
    ranks = run_trend_test(table, scores, ordered=False)
    assert (ranks.statistic_text, ranks.p) == (
        "H = 23.13, df = 3",
        pytest.approx(3.79046424181427e-05),
    )


def test_fisher_as_r_has_it():
    """`fisher.test(matrix(c(7, 2, 3, 9), 2))`: 0.0299731228523798; of `matrix(c(3, 1, 0, 2, 4, 1, 0, 2, 5), 3)`, all
    tables gone through: 0.035503031826561. Ours draws 9,999, whose standard error is 0.0019."""
    assert run_independence_test(matrix((7, 3), (2, 9))).p == pytest.approx(0.0299731228523798)
    assert run_independence_test(matrix((3, 2, 0), (1, 4, 2), (0, 1, 5))).p == pytest.approx(
        0.035503031826561, abs=0.006
    )


def test_letters_as_pairwise_tests_with_bonferroni():
    """`pairwise.prop.test(c(45, 30, 20), c(80, 75, 60), correct = FALSE, p.adjust.method = "bonferroni")`: 0.1292 of the
    first two, 0.0214 of first and third, 1 of the last two. Without correction the first two differ: 0.0431."""
    a, b, c = (
        (WeightedCount(n, n, n), WeightedCount(of, of, of))
        for n, of in ((45, 80), (30, 75), (20, 60))
    )
    scores = [compare_shares(x, y, weighted=False) or 0 for x, y in ((a, b), (a, c), (b, c))]
    p_values = [compute_p(z) for z in scores]
    assert p_values[0] == pytest.approx(0.0431, abs=5e-5)
    assert adjust_p_values(p_values, "bonferroni") == pytest.approx([0.1292, 0.0214, 1], abs=5e-5)


def test_corrections_as_p_adjust_of_r():
    """`p.adjust(c(0.01, 0.04, 0.03, 0.20, 0.0051, 0.9), m)` of R 4.5 for each m."""
    p = [0.01, 0.04, 0.03, 0.20, 0.0051, 0.9]
    assert adjust_p_values(p, "none") == p
    assert adjust_p_values(p, "bonferroni") == pytest.approx([0.06, 0.24, 0.18, 1, 0.0306, 1])
    assert adjust_p_values(p, "fdr") == pytest.approx([0.03, 0.06, 0.06, 0.24, 0.03, 0.9])
    assert adjust_p_values([], "fdr") == []


def test_rao_and_scott_as_svychisq_of_r():
    """`d <- svydesign(~1, weights = ~w, data = …)`; `svychisq(~y + g, d)` with y as ≤ 2 or more: F 0.845635452851029, df
    1.99888193257827 and 117.93403402211764, p 0.431814696799356; with `fpc` for a population of 120: F 1.69127090570206,
    p 0.188740157016649."""
    test = run_independence_test(weighted("12", "345"))
    assert (test.name, test.statistic_text) == ("Rao–Scott test", "F = 0.85, df = 2.00 and 117.93")
    assert test.p == pytest.approx(0.431814696799356, rel=1e-9)
    of_120 = run_independence_test(weighted("12", "345", left=Fraction(1, 2)))
    assert (of_120.statistic_text, of_120.p) == (
        "F = 1.69, df = 2.00 and 117.93", pytest.approx(0.188740157016649, rel=1e-9),
    )  # fmt: skip


def test_rao_and_scott_with_an_empty_cell():
    """The same without those of the first group who said 1 or 2: F 4.900356992457, df 1.994602986797 and
    101.724752326652, p 0.00934922858573."""
    test = run_independence_test(weighted("12", "345", empty="12"))
    assert test.statistic_text == "F = 4.90, df = 1.99 and 101.72"
    assert test.p == pytest.approx(0.00934922858573, rel=1e-9)


def test_weighted_means_as_r_has_them():
    """`sum(w)^2 / sum(w^2)`: 48.7797439657162, and `1 + mean((w - mean(w))^2) / mean(w)^2`: 1.23001875619047;
    `svymean(~y, d)`: 2.81520912547529, `svyvar(~y, d)`: 2.07838452452335, `svyquantile(~y, d, .5, qrule = "math")`: 3."""
    values = [
        (Fraction(y), WeightedCount(1, int(Fraction(w) * 100), int(Fraction(w) * 100) ** 2))
        for y, w in sorted(zip(map(int, ANSWERS), WEIGHTS, strict=True))
    ]
    every = EMPTY_COUNT
    for _, pile in values:
        every = every.add(pile)
    assert float(compute_effective_size(every)) == pytest.approx(48.7797439657162)
    assert float(60 / compute_effective_size(every)) == pytest.approx(1.23001875619047)
    mean = sum((y * pile.weight for y, pile in values), Fraction(0)) / every.weight
    assert float(mean) == pytest.approx(2.81520912547529)
    assert float(compute_variance(values, mean, 60) or 0) == pytest.approx(2.07838452452335)
    quantiles = [compute_quantile(values, Fraction(n, 4)) for n in (1, 2, 3)]
    assert quantiles[1] == 3


def test_quartiles_as_type_2_of_r():
    """`quantile(c(1, 3, 4, 8, 9, 10, 12, 20), c(.25, .5, .75), type = 2)`: 3.5, 8.5, 11."""
    values = [(Fraction(n), WeightedCount(1, 1, 1)) for n in (1, 3, 4, 8, 9, 10, 12, 20)]
    assert [compute_quantile(values, Fraction(n, 4)) for n in (1, 2, 3)] == [
        Fraction(7, 2),
        Fraction(17, 2),
        11,
    ]


def test_means_and_margins_of_a_finite_population_as_r_has_them():
    """`sd(y)`, `mean(y)`, `median(y)`: 1.46705824254037, 2.81666666666667, 2.5. With 80 in the population
    `svydesign(~1, fpc = ~N)`, `1.959964 * SE(svymean(~y, d))`: 0.185604."""
    text = "scales: {how: {1: A, 2: B, 3: C, 4: D, 5: E}}\nitems: [{id: s, type: scale, text: How?, scale: how}]"
    rows: list[dict[str, Cell]] = [{"s": int(answer)} for answer in ANSWERS]
    summary = Report(text, rows, options=ResultOptions(threshold=0, population=80, margins=True))[
        "s"
    ].summary
    assert summary is not None
    assert (summary.mean_text, summary.median_text, summary.deviation_text) == (
        "2.82",
        "2.5",
        "1.47",
    )
    assert summary.margin_text == "± 0.19"


def test_berkeley():
    """Admission by sex in 1973 (P. J. Bickel, E. A. Hammel and J. W. O'Connell, Science 187, 1975; R's `UCBAdmissions`):
    44.5 and 30.4 per cent of the six largest departments; χ² 92.21 without a correction of continuity."""
    text = """
sample: {sex: {type: single, options: {1: Man, 2: Woman}}}
items: [{id: q, type: single, text: Which?, options: {1: Admitted, 2: Rejected}}]
"""
    counts = {(1, 1): 1198, (2, 1): 1493, (1, 2): 557, (2, 2): 1278}
    rows: list[dict[str, Cell]] = [
        {"q": q, "sex": sex} for (q, sex), n in counts.items() for _ in range(n)
    ]
    report = Report(text, rows, options=ResultOptions(threshold=0, digits=1), by=["sex"])
    assert report.lines("q")["Admitted"] == [("1,755", "38.8"), ("1,198", "44.5"), ("557", "30.4")]
    table = report["q"]
    assert table.tests[0].text == "Chi-square test: χ² = 92.21, df = 1, p < 0.001"
    assert table.rows[0].figures[1].letters == "B"


def test_promotion_by_ranking():
    """78 employees, 2, 4, 6 and 9 promoted of 19, 20, 20 and 19 by ranking: linear-by-linear p = .008 in SPSS
    (Linear by linear association in SPSS, farmaura.com)."""
    test = run_trend_test(
        matrix((17, 2), (16, 4), (14, 6), (10, 9)),
        [Fraction(i) for i in (1, 2, 3, 4)],
        ordered=True,
    )
    assert test.p == pytest.approx(0.008, abs=0.0005)


STATUS = (
    (1306, 83, 0), (619, 765, 3), (263, 1194, 9), (173, 1372, 28),
    (171, 1393, 51), (159, 1372, 81), (208, 1350, 108), (1116, 4100, 2329),
)  # fmt: skip
ADJUSTED = (
    (1325.27, 86.73, 0), (615.56, 783.39, 3.05), (253.94, 1187.18, 8.88), (165.13, 1348.55, 27.32),
    (173.41, 1454.71, 52.87), (147.21, 1308.12, 76.67), (202.33, 1352.28, 107.40), (1105.16, 4181.04, 2357.81),
)  # fmt: skip


def test_age_by_marital_status_brought_up_to_date():
    """Eight ages by three states of last year, to the margins of this one (Y. M. M. Bishop, S. E. Fienberg and P. W.
    Holland, Discrete Multivariate Analysis, 1975; SAS/IML User's Guide, Iterative Proportional Fitting)."""
    ages, states = (1412, 1402, 1450, 1541, 1681, 1532, 1662, 7644), (3988, 11702, 2634)
    cells = [(a, s) for a in range(8) for s in range(3)]
    start = [float(STATUS[a][s]) for a, s in cells]
    found = rake(
        [
            _margin("age", [a for a, _ in cells], ages),
            _margin("status", [s for _, s in cells], states),
        ],
        start,
        tolerance=1e-9,
    )
    fitted = [weight * sum(ages) / len(cells) for weight in found.weights]
    assert fitted == pytest.approx([ADJUSTED[a][s] for a, s in cells], abs=0.006)


def test_raking_as_rake_of_r_and_weightipy():
    """75 interviews by sex, age and region, raked to shares of each. R: `rake(d, list(~sex, ~age, ~region), …, control =
    list(epsilon = 1e-12))`; weightipy 0.4.2, `weight_dataframe`, gives the same to eight decimals, and so does ipfn 1.4.4
    to seven. 1 + cv² is 1.03240374935."""
    people = {
        (0, 0, 0): 8, (0, 0, 1): 4, (0, 1, 0): 6, (0, 1, 1): 9, (0, 2, 0): 3, (0, 2, 1): 5,
        (1, 0, 0): 7, (1, 0, 1): 2, (1, 1, 0): 12, (1, 1, 1): 4, (1, 2, 0): 5, (1, 2, 1): 10,
    }  # fmt: skip
    rows = [cell for cell, n in people.items() for _ in range(n)]
    targets = (("sex", (49, 51)), ("age", (30, 45, 25)), ("region", (62, 38)))
    margins = [
        _margin(name, [row[i] for row in rows], shares) for i, (name, shares) in enumerate(targets)
    ]
    found = rake(margins, [1.0] * len(rows), tolerance=1e-12)
    by_cell = dict(zip(rows, found.weights, strict=True))
    assert list(by_cell.values()) == pytest.approx(
        [
            1.20433830631, 0.91213985291, 1.28206478814, 0.971008213512, 1.03659692, 0.785096145479,
            1.08244243427, 0.819818548997, 1.1523019096, 0.872728608586, 0.931678821114, 0.705633440702,
        ],
        abs=1e-8,
    )  # fmt: skip
    effect = 75 * sum(w * w for w in found.weights) / sum(found.weights) ** 2
    assert effect == pytest.approx(1.03240374935)


def test_raking_of_base_weights_as_r_has_it():
    """The 60 with their weights, to halves of 48 and 52 and ages of 30, 45 and 25 per cent: `rake(d, list(~sex, ~age),
    …, control = list(maxit = 200, epsilon = 1e-10))`."""
    margins = [
        _margin("sex", [i % 2 for i in range(60)], (48, 52)),
        _margin("age", [i // 20 for i in range(60)], (30, 45, 25)),
    ]
    found = rake(margins, [float(w) for w in WEIGHTS], tolerance=1e-12).weights
    assert [found[i] for i in (0, 1, 2, 3, 20, 21, 58, 59)] == pytest.approx(
        [
            0.404558575675122, 1.301945867705, 0.722811321872885, 0.619474243504799,
            0.897380050396672, 0.322766608371253, 0.32842069952561, 0.521247672655484,
        ]
    )  # fmt: skip


def _margin(name: str, of: list[int], shares: Sequence[int]) -> RakingMargin:
    return RakingMargin(
        name=name,
        values=tuple(map(str, range(len(shares)))),
        value_by_interview=of,
        targets={i: Fraction(share, sum(shares)) for i, share in enumerate(shares)},
    )


def test_there_is_no_test_of_the_answers_that_the_columns_are_made_of():
    """Each answer is in two of six columns only, as age is by sex and age: nothing can be solved, and nothing is said."""
    line = [WeightedCount(900 + n, 17 * (900 + n), 510 * (900 + n)) for n in range(6)]
    counts = [
        [count if column % 3 == row else EMPTY_COUNT for column, count in enumerate(line)]
        for row in range(3)
    ]
    test = run_independence_test(ComparisonTable("Group", counts, weighted=True))
    assert (test.name, test.p) == ("", None)
    assert test.note == "no test: too many empty cells under weights"
