"""Design-based errors equal R's package survey on the schools of California's Academic Performance Index, and on the
half-samples of its documentation. `tests/data/school_survey/reference.R` prints the figures.
"""

import csv
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import sqrt
from pathlib import Path

import numpy
import pytest

from survey_cli.reports.weighting import design_errors as errors
from survey_cli.reports.weighting.answer_counts import WEIGHT_UNIT, WeightedCount
from survey_cli.reports.weighting.calibration import Calibration, make_calibration
from survey_cli.reports.weighting.significance import (
    ComparisonTable,
    TableDesign,
    run_independence_test,
)
from survey_cli.reports.weighting.weights import RakingMargin, rake

DATA = Path(__file__).parent.parent / "data/school_survey"
REFERENCE = {
    name: float(figure)
    for name, figure in csv.reader((DATA / "reference.tsv").open(), delimiter="\t")
}
exactly = lambda figure: pytest.approx(figure, rel=1e-8, abs=1e-11)  # noqa: E731


@cache
def schools(name: str) -> dict[str, numpy.ndarray]:
    with (DATA / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    texts = {column: numpy.array([row[column] for row in rows]) for column in rows[0]}
    return {
        name: column if name in ("stype", "awards", "sch.wide") else column.astype(float)
        for name, column in texts.items()
    }


def design_of(name: str) -> tuple[dict[str, numpy.ndarray], errors.SampleDesign]:
    data = schools("apistrat" if name in ("stratified", "weights_alone", "jkn") else "apiclus1")
    weights, fpc = data["pw"], data["fpc"]
    match name:
        case "stratified":
            return data, errors.make_design(weights, strata=data["stype"], population_units=fpc)
        case "clustered":
            return data, errors.make_design(weights, units=data["dnum"], population_units=fpc)
        case "without_fpc":
            return data, errors.make_design(weights, units=data["dnum"])
        case "weights_alone":
            return data, errors.make_design(weights)
        case "jkn":  # the jackknife leaves out each school of a stratum in turn
            strata = data["stype"]
            sizes = numpy.array([(strata == stratum).sum() for stratum in strata])
            kept = numpy.where(strata[:, None] == strata, sizes / (sizes - 1), 1) * (
                1 - numpy.eye(len(sizes))
            )
            replicates = weights[:, None] * kept
            return data, errors.make_replicate_design(
                weights, replicates, "jkn", [*(sizes - 1) / sizes]
            )
        case _:  # the jackknife leaves out each of the 15 districts in turn
            left_out = data["dnum"][:, None] == numpy.unique(data["dnum"])
            replicates = numpy.where(left_out, 0, weights[:, None] * 15 / 14)
            return data, errors.make_replicate_design(weights, replicates, "jk1")


@pytest.mark.parametrize(
    "name", ["stratified", "clustered", "without_fpc", "weights_alone", "jk1", "jkn"]
)
def test_errors_equal_those_of_r(name: str) -> None:
    data, design = design_of(name)
    everybody = numpy.ones(len(data["pw"]))

    def expect(figure: str, *found: float | None) -> None:
        expected = [
            value
            for key, value in REFERENCE.items()
            if key.rpartition("_")[0] == f"{name}_{figure}"
        ]
        assert list(found) == exactly(expected), figure

    mean = errors.estimate_mean(design, data["api00"], everybody)
    error = errors.compute_error(design, mean, everybody, data["api00"])
    expect(
        "mean",
        mean.value,
        error.standard_error,
        error.design_effect,
        error.freedom,
        error.low,
        error.high,
    )
    awarded = (data["awards"] == "Yes").astype(float)
    share = errors.estimate_mean(design, awarded, everybody)
    error = errors.compute_error(design, share, everybody, awarded, share=True)
    limits = (error.low, error.high)
    if (
        design.replicates is not None
    ):  # R computes log(p/(1 − p)) of each replicate, which has no value where all or none were awarded
        limits = tuple(
            value
            for key, value in REFERENCE.items()
            if key in (f"{name}_share_4", f"{name}_share_5")
        )
    expect("share", share.value, error.standard_error, error.coefficient_of_variation, *limits)
    ratio = errors.estimate_ratio(design, data["api.stu"], data["enroll"])
    expect("ratio", ratio.value, errors.compute_error(design, ratio, everybody).standard_error)
    kinds = [(data["stype"] == kind).astype(float) for kind in "EHM"]
    means = [errors.estimate_mean(design, data["api00"], kind) for kind in kinds]
    all_errors = [errors.compute_error(design, mean, everybody).standard_error for mean in means]
    expect("by", *(mean.value for mean in means), *all_errors)
    difference = errors.combine(
        means[:2], (1, -1)
    )  # of the same schools, or of other schools in the same district
    expect(
        "difference",
        difference.value,
        errors.compute_error(design, difference, everybody).standard_error,
    )
    change = errors.estimate_mean(design, data["api00"] - data["api99"], everybody)
    expect("change", change.value, errors.compute_error(design, change, everybody).standard_error)
    within = errors.estimate_mean(design, awarded, kinds[1])
    error = errors.compute_error(design, within, kinds[1], awarded, share=True)
    expect("within", within.value, error.standard_error, error.design_effect, error.freedom)


@pytest.mark.parametrize(
    "name", ["stratified", "clustered", "without_fpc", "weights_alone", "jk1", "jkn"]
)
def test_differences_and_tests_equal_those_of_r(name: str) -> None:
    """`svycontrast` of `svyby`, `svyttest`, `svyglm` and `svychisq`; columns 1, 2 and 3 are kinds of schools."""
    data, design = design_of(name)
    awarded, everybody = (data["awards"] == "Yes").astype(float), numpy.ones(len(data["pw"]))
    rows = {0: awarded, 1: 1 - awarded}
    table = errors.QuestionDesign(
        design=design,
        answers=numpy.arange(len(awarded)),
        columns=numpy.array([0 * everybody, 1 + numpy.char.find("EHM", data["stype"])], dtype=int),
        rows={
            **{
                row: errors.RowValues(values, everybody, is_share=True)
                for row, values in rows.items()
            },
            -1: errors.RowValues(data["api00"], everybody, is_share=False),
        },
    )
    comparisons = {
        "pair": (0, [1], [2]),
        "rest": (0, [2], [1, 3]),
        "means": (-1, [1], [2]),
        "mean_rest": (-1, [2], [1, 3]),
    }
    for figure, (row, first, second) in comparisons.items():
        difference = table.compare(row, (first, second))
        assert difference is not None
        error = difference.error
        found = [difference.value, error.standard_error, error.low, error.high, difference.p]
        assert found == exactly([REFERENCE[f"{name}_{figure}_{n}"] for n in range(1, 6)]), figure
    for figure, parts in (("ttest", [[1], [2]]), ("trend", [[1], [2], [3]])):
        scores = [place - (len(parts) - 1) / 2 for place in range(len(parts))]
        contrast = table.compare(-1, parts, scores)
        assert contrast is not None
        assert contrast.value / contrast.error.standard_error == exactly(
            REFERENCE[f"{name}_{figure}"]
        )
    kinds = numpy.char.find("EHM", data["stype"])
    counts = [
        [weigh(data["pw"][(kinds == kind) & (values > 0)]) for kind in range(3)]
        for values in rows.values()
    ]
    matrix = ComparisonTable(
        "Kind", counts, design=TableDesign(*table.compute_cell_covariance([0, 1], [1, 2, 3]))
    )
    test = run_independence_test(matrix)
    f, df_1, df_2, p = (REFERENCE[f"{name}_chisq_{n}"] for n in range(1, 5))
    assert test.statistic_text == f"F = {f:.2f}, df = {df_1:.2f} and {df_2:.2f}"
    assert test.p == exactly(p)


def weigh(weights: numpy.ndarray) -> WeightedCount:
    exact = [round(float(weight) * WEIGHT_UNIT) for weight in weights]
    return WeightedCount(len(exact), sum(exact), sum(weight**2 for weight in exact))


def test_half_samples_equal_r() -> None:
    """Six ambulance districts in three strata of two, from which four balanced half-samples are taken."""
    arrests = numpy.array([120.0, 78, 185, 228, 670, 530])
    alive = numpy.array([25.0, 24, 30, 49, 80, 70])
    halves = (
        2.0
        * numpy.array(
            [[1, 0, 1, 0, 1, 0], [1, 0, 0, 1, 0, 1], [0, 1, 1, 0, 0, 1], [0, 1, 0, 1, 1, 0]]
        ).T
    )
    for method, rho in (("brr", 0.0), ("fay", 0.3)):
        design = errors.make_replicate_design([1.0] * 6, rho + (1 - rho) * halves, method, [rho])
        ratio = errors.estimate_ratio(design, alive, arrests)
        error = errors.compute_error(design, ratio, numpy.ones(6))
        assert ratio.value == exactly(REFERENCE[f"{method}_ratio_1"])
        assert error.standard_error == exactly(REFERENCE[f"{method}_ratio_2"])
    brr = errors.make_replicate_design([1.0] * 6, halves, "brr")
    assert errors.count_freedom(brr, numpy.ones(6)) == REFERENCE["brr_ratio_3"]


def test_a_replicate_without_anybody_leaves_nothing_to_measure() -> None:
    """Units 0 and 2, of two strata, are both left out of the fourth half-sample."""
    halves = (
        2.0
        * numpy.array(
            [[1, 0, 1, 0, 1, 0], [1, 0, 0, 1, 0, 1], [0, 1, 1, 0, 0, 1], [0, 1, 0, 1, 1, 0]]
        ).T
    )
    design = errors.make_replicate_design([1.0] * 240, numpy.repeat(halves, 40, axis=0), "brr")
    values = numpy.arange(240) % 3 == 0
    rows = {
        row: errors.RowValues(of.astype(float), numpy.ones(240), is_share=True)
        for row, of in enumerate((values, ~values))
    }
    unit = numpy.arange(240) // 40
    columns = numpy.array([0 * unit, numpy.where(unit == 0, 1, numpy.where(unit == 2, 2, 3))])
    table = errors.QuestionDesign(
        design=design, answers=numpy.arange(240), columns=columns, rows=rows
    )
    assert table.measure(0, 3) is not None
    assert table.measure(0, 1) is None
    assert table.compare(0, ([1], [3])) is None
    counts = [[WeightedCount(n, n, n) for n in (part, part)] for part in (13, 27)]
    alone = ComparisonTable(
        "Unit", counts, design=TableDesign(*table.compute_cell_covariance([0, 1], [1, 2]))
    )
    assert (
        run_independence_test(alone).note
        == "no test: too few sampling units, or all of them were selected"
    )


def test_a_unit_alone_in_its_stratum_counts_by_its_distance_from_the_mean() -> None:
    data = schools("apistrat")
    high = numpy.flatnonzero(data["stype"] == "H")
    kept = numpy.setdiff1d(numpy.arange(200), high[1:])
    strata, fpc = data["stype"][kept], data["fpc"][kept]
    design = errors.make_design(data["pw"][kept], strata=strata, population_units=fpc)
    mean = errors.estimate_mean(design, data["api00"][kept], numpy.ones(len(kept)))
    assert mean.value == exactly(REFERENCE["lonely_1"])
    assert sqrt(mean.variation @ mean.variation) == exactly(REFERENCE["lonely_2"])


def test_a_stratum_that_was_selected_as_a_whole_has_no_error() -> None:
    design = errors.make_design([1.0] * 4, strata="AABB", population_units=[2, 2, 1.0, 1.0])
    mean = errors.estimate_mean(design, numpy.array([1.0, 0, 0, 1]), numpy.ones(4))
    error = errors.compute_error(design, mean, numpy.ones(4))
    assert (mean.value, error.standard_error, error.low, error.high) == (0.5, 0, 0.5, 0.5)


def test_a_share_of_nobody_has_an_error_of_zero_and_one_interview_no_freedom() -> None:
    design = errors.make_design([1.0] * 3, units=[1, 1, 2])
    nobody = errors.estimate_mean(design, numpy.zeros(3), numpy.ones(3))
    error = errors.compute_error(design, nobody, numpy.ones(3), numpy.zeros(3), share=True)
    assert (error.standard_error, error.coefficient_of_variation, error.design_effect) == (
        0,
        None,
        None,
    )
    first = numpy.array([1.0, 1, 0])
    half = errors.estimate_mean(design, numpy.array([1.0, 0, 0]), first)
    assert errors.count_freedom(design, first) == 0
    error = errors.compute_error(design, half, first, share=True)
    assert (error.low, error.high) == (0, 1) or error.standard_error == 0


SCHOOLS = 6194
"""The number of schools in California."""


def test_totals_equal_those_of_the_vignette() -> None:
    """`svytotal(~enroll, dclus1)` and `svytotal(~stype, dclus1)`: vignette "A survey analysis example"
    of R's package survey; `dstrat`: its documentation of `svytotal`."""
    data, design = design_of("clustered")
    everybody = numpy.ones(len(data["pw"]))
    found = []
    for values in (data["enroll"], *(data["stype"] == kind for kind in "EHM")):
        total = errors.estimate_total(design, values.astype(float))
        error = errors.compute_error(design, total, everybody)
        found += [round(total.value, 2), round(error.standard_error, 2)]
    assert found == [
        3404940.13, 932235.03, 4873.97, 1333.32, 473.86, 158.70, 846.17, 167.55
    ]  # fmt: skip
    data, design = design_of("stratified")
    total = errors.estimate_total(design, data["enroll"])
    error = errors.compute_error(design, total, numpy.ones(200))
    assert (round(total.value), round(error.standard_error)) == (3687178, 114642)


def test_totals_of_a_jackknife_equal_those_of_r() -> None:
    """`svytotal(~enroll, rclus1)`, as published with the documentation of `rake`: 932235."""
    data, design = design_of("jk1")
    corrected = replace(design, scale=design.scale * (1 - 15 / 757))
    total = errors.estimate_total(corrected, data["enroll"])
    error = errors.compute_error(corrected, total, numpy.ones(183))
    assert (round(total.value), round(error.standard_error)) == (3404940, 932235)


def test_intervals_of_quantiles_equal_those_of_the_vignette() -> None:
    """`svyquantile(~api00, dclus1, c(0.25, 0.5, 0.75), ci = TRUE)`, ibidem."""
    data, design = design_of("clustered")
    everybody = numpy.ones(len(data["pw"]))
    found = []
    for share in (0.25, 0.5, 0.75):
        estimate = errors.compute_quantile_interval(design, data["api00"], everybody, share)
        assert estimate is not None
        error = estimate.error
        found.append((estimate.value, error.low, error.high, round(error.standard_error, 5)))
    assert found == [(552, 492, 627, 31.47166), (652, 561, 714, 35.66788), (719, 696, 777, 18.883)]


def test_a_quantile_has_no_interval_beyond_all_values() -> None:
    design = errors.make_design([1.0] * 10)
    numbers = numpy.arange(10.0)
    everybody = numpy.ones(10)
    assert errors.compute_quantile_interval(design, numbers, everybody, 0.5) is not None
    assert errors.compute_quantile_interval(design, numbers, everybody, 0.05) is None
    one = (numbers == 3).astype(float)
    assert errors.compute_quantile_interval(design, numbers, one, 0.5) is None


def raked_schools(*names: str) -> tuple[dict[str, numpy.ndarray], numpy.ndarray, Calibration]:
    """The cluster sample raked to the population's margins: data, weights, and how they were raked."""
    data = schools("apiclus1")
    population = {
        "stype": {"E": 4421, "H": 755, "M": 1018},
        "sch.wide": {"No": 1072, "Yes": 5122},
    }
    margins = []
    for name in names:
        counts = population[name]
        values = tuple(counts)
        margins.append(
            RakingMargin(
                name=name,
                values=values,
                value_by_interview=[values.index(value) for value in data[name]],
                targets={n: Fraction(counts[value], SCHOOLS) for n, value in enumerate(values)},
            )
        )
    raked = rake(margins, data["pw"], tolerance=1e-12)
    weights = numpy.array(raked.weights) * SCHOOLS / len(data["pw"])
    return data, weights, make_calibration(margins, data["pw"], weights)


def measure(design: errors.SampleDesign, estimate: errors.Estimate) -> float:
    everybody = numpy.ones(len(design.weights))
    return errors.compute_error(design, estimate, everybody).standard_error


def rake_jackknife(
    data: dict[str, numpy.ndarray], weights: numpy.ndarray, calibration: Calibration
) -> errors.SampleDesign:
    """The jackknife of the districts, each set of weights raked to the margins."""
    left_out = data["dnum"][:, None] == numpy.unique(data["dnum"])
    replicates = numpy.where(left_out, 0, data["pw"][:, None] * 15 / 14)
    raked = calibration.rake_replicates(replicates) * SCHOOLS / len(weights)
    return errors.make_replicate_design(weights, raked, "jk1")


def test_raked_weights_have_the_errors_of_r() -> None:
    """`calibrate(dclus1, ~stype + sch.wide, …, calfun = "raking")`, and the same of its jackknife: file
    tests/rakecheck.Rout.save of R's package survey."""
    data, weights, calibration = raked_schools("stype", "sch.wide")
    everybody = numpy.ones(len(weights))
    plain = errors.make_design(weights, units=data["dnum"], population_units=data["fpc"])
    design = replace(plain, calibration=calibration)
    jackknife = rake_jackknife(data, weights, calibration)
    jackknife = replace(jackknife, scale=jackknife.scale * (1 - 15 / 757))

    found = []
    for each in (design, jackknife):
        mean = errors.estimate_mean(each, data["api00"], everybody)
        total = errors.estimate_total(each, data["enroll"])
        found.append(f"{mean.value:.2f} {measure(each, mean):.3f}")
        found.append(f"{total.value:.0f} {measure(each, total):.0f}")
    assert found == ["641.23 23.704", "3647280 400603", "641.23 26.874", "3647280 463582"]

    for kind in "EHM":
        of_kind = (data["stype"] == kind).astype(float)
        share = errors.estimate_mean(design, of_kind, everybody)
        assert measure(design, share) == pytest.approx(0, abs=1e-9), "it is the target"
        in_replicates = errors.estimate_mean(jackknife, of_kind, everybody)
        assert numpy.abs(in_replicates.variation).max() < 1e-5


def test_post_stratified_weights_have_the_errors_of_r() -> None:
    """`postStratify(svydesign(id = ~dnum, weights = ~pw, data = apiclus1), ~stype, …)` in R 4.6.1 with
    package survey 4.5, and the same of its jackknife with `mse = TRUE`."""
    data, weights, calibration = raked_schools("stype")
    everybody = numpy.ones(len(weights))
    design = errors.make_design(weights, units=data["dnum"])
    mean = errors.estimate_mean(replace(design, calibration=calibration), data["api00"], everybody)
    assert mean.value == pytest.approx(642.310788211584)
    assert measure(design, mean) == pytest.approx(24.1610605814973)

    jackknife = rake_jackknife(data, weights, calibration)
    assert jackknife.replicates is not None
    for values, by, expected in (
        (data["api00"], everybody @ jackknife.replicates, 27.2066268255349),
        (data["api00"], 1.0, 168517.846557353),
    ):
        estimates = values @ jackknife.replicates / by
        estimate = mean.value if expected < 100 else mean.value * SCHOOLS
        # mse = TRUE: deviations from the estimate, not from the mean of the replicates.
        error = sqrt(14 / 15 * ((estimates - estimate) ** 2).sum())
        assert error == pytest.approx(expected, rel=1e-6)


def test_errors_of_raked_weights_equal_a_jackknife_that_rakes_each_time() -> None:
    """Without any formula: each district is left out in turn, and the others are raked anew."""
    data, weights, calibration = raked_schools("stype", "sch.wide")
    everybody = numpy.ones(len(weights))
    districts = numpy.unique(data["dnum"])
    means = []
    for district in districts:
        kept = data["dnum"] != district
        margins = [
            RakingMargin("", ("",) * len(margin.targets), margin.groups[kept].tolist(), targets)
            for margin in calibration.margins
            for targets in [{n: Fraction(share) for n, share in enumerate(margin.targets)}]
        ]
        again = rake(margins, data["pw"][kept], tolerance=1e-12)
        means.append(numpy.average(data["api00"][kept], weights=again.weights))
    by_hand = sqrt(14 / 15 * ((numpy.array(means) - numpy.mean(means)) ** 2).sum())

    left_out = data["dnum"][:, None] == districts
    replicates = numpy.where(left_out, 0, data["pw"][:, None])
    raked = calibration.rake_replicates(replicates)
    jackknife = errors.make_replicate_design(weights, raked, "jk1")
    mean = errors.estimate_mean(jackknife, data["api00"], everybody)
    error = errors.compute_error(jackknife, mean, everybody)
    assert error.standard_error == pytest.approx(by_hand, rel=1e-5)

    design = replace(errors.make_design(weights, units=data["dnum"]), calibration=calibration)
    linearized = errors.compute_error(
        design, errors.estimate_mean(design, data["api00"], everybody), everybody
    )
    assert linearized.standard_error == pytest.approx(by_hand, rel=0.15)


def test_a_share_without_a_value_varies_in_raked_weights_too() -> None:
    """30 of 300 have no value: the share of a value is its target times that of all who have one."""
    values = [*[0] * 100, *[1] * 170, *[-1] * 30]
    margin = RakingMargin("sex", ("a", "b"), values, {0: Fraction(1, 2), 1: Fraction(1, 2)})
    raked = rake([margin], [1.0] * 300)
    calibration = make_calibration([margin], [1.0] * 300, raked.weights)
    everybody = numpy.ones(300)
    design = replace(errors.make_design(numpy.array(raked.weights)), calibration=calibration)
    of_replicates = calibration.rake_replicates(300 / 299 * (1 - numpy.eye(300)))
    jackknife = errors.make_replicate_design(raked.weights, of_replicates, "jk1")
    expected = 0.5 * sqrt(0.1 * 0.9 / 299)
    for each in (design, jackknife):
        share = errors.estimate_mean(each, (numpy.array(values) == 0).astype(float), everybody)
        assert share.value == pytest.approx(0.45)
        assert measure(each, share) == pytest.approx(expected, rel=1e-6)
        unknown = errors.estimate_mean(each, (numpy.array(values) < 0).astype(float), everybody)
        assert measure(each, unknown) == pytest.approx(2 * expected, rel=1e-6)


def test_interviews_without_a_target_and_weights_of_zero_are_raked_in_replicates_too() -> None:
    """The groups 0 and 1 have targets; the last two interviews have no value."""
    margin = RakingMargin(
        "sex", ("a", "b"), [0, 0, 0, 1, 1, 1, -1, -1], {0: Fraction(1, 4), 1: Fraction(3, 4)}
    )
    raked = rake([margin], [1.0] * 8)
    calibration = make_calibration([margin], [1.0] * 8, raked.weights)
    replicates = numpy.ones((8, 2))
    replicates[:3, 1] = 0
    first, second = calibration.rake_replicates(replicates).T
    assert first == pytest.approx(raked.weights)
    assert second[:3].sum() == 0, "nobody of group 0 is in the second replicate"
    assert second[6:].sum() / second.sum() == pytest.approx(2 / 5), "their share is unchanged"


@pytest.mark.parametrize(
    ("units", "population", "message"),
    [
        ("ab", [3, 4], "has 3 and 4 units"),
        ("abc", [2, 2, 2], "2 units in the population, and 3 selected"),
    ],
)
def test_a_population_must_be_one_number_and_large_enough(
    units: str, population: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        errors.make_design([1.0] * len(units), units=units, population_units=population)
