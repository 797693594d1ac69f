"""Agreement of coders: published examples, to the printed digit, and the definitions."""

from fractions import Fraction

import pytest

from survey_cli.reports.results.agreement import (
    compute_alpha,
    compute_kappa,
    measure_agreement,
    measure_masi_distance,
    measure_nominal_distance,
)


def repeat(counts: dict[tuple[int, int], int]) -> list[tuple[int, int]]:
    return [pair for pair, count in counts.items() for _ in range(count)]


def test_kappa_of_cohens_own_example() -> None:
    """Cohen 1960, table 1: 200 patients, three diagnoses; kappa is .492."""
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    pairs = repeat(
        {(row, column): n for row, counts in enumerate(table) for column, n in enumerate(counts)}
    )
    assert compute_kappa(pairs) == pytest.approx((0.70 - 0.41) / (1 - 0.41), abs=1e-12)
    assert round(compute_kappa(pairs) or 0, 3) == 0.492


@pytest.mark.parametrize(
    ("coders", "alpha"),
    [
        (["0100000010", "1110010000"], 0.095),
        (["aabbdcccedda", "babbbcccéddd".replace("é", "e")], 0.692),
        (["1233214121..", ""], None),
        (["123321412...", "1233224125.3", ".3332342251.", "12332441251."], 0.743),
    ],
)
def test_alpha_of_krippendorffs_own_examples(coders: list[str], alpha: float | None) -> None:
    """Krippendorff 2011, sections A, B and C: a missing value is a dot."""
    longest = max(map(len, coders))
    units = [
        [c for c in unit if c != "."]
        for unit in zip(*(c.ljust(longest, ".") for c in coders), strict=True)
    ]
    found = compute_alpha(units, measure_nominal_distance)
    assert (found if found is None else round(found, 3)) == alpha


def test_figures_that_r_gives() -> None:
    """R 4.5: `cohen.kappa` of psych 2.4.12, and alpha of the coincidence matrix."""
    first = "333435232143335552455513541435444555122422233325142431554211"
    second = "534433222343335552455513241335444551122425133325142131554215"
    pairs = list(zip(first, second, strict=True))
    assert compute_kappa(pairs) == pytest.approx(0.747722494744219, abs=1e-14)
    assert compute_alpha(pairs, measure_nominal_distance) == pytest.approx(
        0.749780970737691, abs=1e-14
    )


def test_masi_distances_of_passonneau() -> None:
    distances = [
        measure_masi_distance(frozenset(a), frozenset(b))
        for a, b in (
            ({1, 2}, {2, 1}),
            ({1}, {1, 2}),
            ({1, 2}, {2, 3}),
            ({1}, {2}),
            ((), ()),
            ((), {1}),
        )
    ]
    assert distances == [0, 1 - Fraction(2, 3) / 2, 1 - Fraction(1, 3) / 3, 1, 0, 1]


def test_several_codes_are_compared_as_sets_and_one_by_one() -> None:
    pairs = [
        (frozenset(a), frozenset(b)) for a, b in (({1}, {1}), ({1, 2}, {1}), ({2}, {2}), ((), {3}))
    ]
    found = measure_agreement(pairs, multiple=True)
    assert (found.answers, found.equal) == (4, 2)
    assert [(code.code, code.first, code.second, code.both) for code in found.by_code] == [
        (1, 2, 2, 2), (2, 2, 1, 1), (3, 0, 1, 0),
    ]  # fmt: skip
    assert [code.kappa for code in found.by_code] == [1.0, 0.5, 0.0]
    # by hand: eight values, {1} three times, {2} twice, the others once; observed (2/3 + 1) / 4
    nominal = measure_agreement(pairs, multiple=False)
    assert nominal.alpha == pytest.approx(1 - 7 * 4 / (64 - 9 - 4 - 3))
    assert found.alpha is not None
    assert nominal.alpha is not None
    assert found.alpha > nominal.alpha


def test_without_variation_there_is_no_coefficient() -> None:
    found = measure_agreement([(frozenset({1}), frozenset({1}))] * 5, multiple=False)
    assert (found.equal, found.kappa, found.alpha) == (5, None, None)
    assert compute_kappa([]) is None
