"""Raked weights: they reach their targets, change nothing else, and report what failed."""

from fractions import Fraction
from math import fsum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.report_tables import Report
from survey_cli.problems import UserError
from survey_cli.reports.weighting.weights import (
    InterviewWeights,
    RakingMargin,
    RakingTarget,
    compute_weights,
    find_unreachable,
    rake,
    read_base_weights,
)
from survey_cli.samples.lists.targets_file import read_targets
from survey_cli.values import NOT_ASKED, Cell

TEXT = """
sample:
  sex: {type: single, options: {1: Man, 2: Woman}}
  age: {type: single, options: {1: Young, 2: Old}}
  w: {type: number, role: weight}
items:
  - {id: q, type: single, text: Which?, options: {1: One, 2: Two}}
"""


def margin(name: str, of: list[int], *targets: str) -> RakingMargin:
    return RakingMargin(
        name=name,
        values=tuple(map(str, range(len(targets)))),
        value_by_interview=of,
        targets={i: Fraction(share) for i, share in enumerate(targets)},
    )


def interviews(*rows: tuple[Cell, Cell, Cell]) -> Report:
    return Report(TEXT, [{"sex": s, "age": a, "w": w, "q": 1} for s, a, w in rows])


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 2), st.floats(0.2, 5)), min_size=1, max_size=40
    ),
    st.integers(1, 9),
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
)
def test_margins_are_reached_and_odds_ratios_kept(
    some: list[tuple[int, int, float]], first: int, second: tuple[int, int, int]
):
    """With everybody in every cell raking converges; within a cell weights stay as they were to each other (Deming and
    Stephan's fitting changes each cell by a factor of its row and one of its column)."""
    rows = [*some, *((s, a, 1.0) for s in (0, 1) for a in (0, 1, 2))]
    sex = margin("sex", [s for s, _, _ in rows], f"{first}/10", f"{10 - first}/10")
    total = sum(second)
    age = margin("age", [a for _, a, _ in rows], *(f"{n}/{total}" for n in second))
    found = rake([sex, age], [w for _, _, w in rows])
    assert found.converged
    n = len(rows)
    assert fsum(found.weights) == pytest.approx(n)
    for one in (sex, age):
        for value, share in one.targets.items():
            held = (
                fsum(
                    w
                    for w, v in zip(found.weights, one.value_by_interview, strict=True)
                    if v == value
                )
                / n
            )
            assert held == pytest.approx(float(share), abs=2e-6)
    factor = {(s, a): w / b for (s, a, b), w in zip(rows, found.weights, strict=True)}
    for (s, a, b), w in zip(rows, found.weights, strict=True):
        assert w / b == pytest.approx(factor[s, a])
    assert factor[0, 0] * factor[1, 2] == pytest.approx(factor[0, 2] * factor[1, 0])


def test_one_margin_is_poststratification():
    """20 men and 80 women for halves: 2.5 and 0.625, design effect 1.5625, effective 64."""
    rows = [(1, 1, 1)] * 20 + [(2, 1, 1)] * 80
    report = interviews(*rows)
    targets = [RakingTarget(variable="sex", value=v, share=Fraction(1, 2)) for v in ("Man", "2")]
    made = compute_weights(report.answers, targets=targets)
    assert isinstance(made, InterviewWeights)
    assert {made.weights[0], made.weights[-1]} == {Fraction(5, 2), Fraction(5, 8)}
    assert made.weighting.effective_size == pytest.approx(64)
    assert made.weighting.design_effect == pytest.approx(1.5625)
    assert made.weighting.margins[0] == ("sex", "Man", "20.0", "50.0", "50.0")


def test_base_weights_are_the_start_and_are_scaled_to_the_interviews():
    report = interviews((1, 1, 2), (1, 2, 6), (2, 1, 8), (2, 2, 8))
    made = compute_weights(report.answers, column="w")
    assert isinstance(made, InterviewWeights)
    assert made.weights == (
        Fraction(1, 3),
        Fraction(1),
        Fraction(4, 3) - Fraction(1, 3 * 10**9),
        Fraction(4, 3),
    ) or (sum(made.weights) == pytest.approx(4))
    assert "base weights of w" in made.weighting.description
    targets = [RakingTarget(variable="sex", value=v, share=Fraction(1)) for v in ("1", "2")]
    both = compute_weights(report.answers, column="w", targets=targets)
    assert isinstance(both, InterviewWeights)
    assert float(both.weights[1] / both.weights[0]) == pytest.approx(3)  # as the base weights are


def test_what_did_not_work_is_said():
    rows = [(1, 1, 1)] * 5 + [(2, 2, 1)] * 5  # all men are young: the margins contradict each other
    report = interviews(*rows)
    targets = [
        RakingTarget(variable=name, value=v, share=Fraction(share))
        for name, v, share in (
            ("sex", "1", "0.5"),
            ("sex", "2", "0.5"),
            ("age", "1", "0.2"),
            ("age", "2", "0.8"),
        )
    ]
    made = compute_weights(report.answers, targets=targets)
    assert isinstance(made, InterviewWeights)
    assert any("did not converge" in note for note in made.weighting.notes)
    alone = interviews(*[(1, 1, 1)] * 5, (NOT_ASKED, 1, 1))
    found = compute_weights(alone.answers, targets=targets[:2])
    assert isinstance(found, InterviewWeights)
    assert any("nobody in Woman was interviewed" in note for note in found.weighting.notes)
    assert any("1 interview without a value" in note for note in found.weighting.notes)
    assert find_unreachable(margin("sex", [0, 0], "1/2", "1/2")) == ["1"]


def test_trimmed_weights_stay_within_their_bounds():
    sex = margin("sex", [0] * 2 + [1] * 98, "1/2", "1/2")
    found = rake([sex], [1.0] * 100, trim=4)
    assert max(found.weights) / min(found.weights) <= 16 + 1e-6
    assert found.trimmed >= 2
    assert not found.converged


def test_weights_and_targets_that_cannot_be_are_refused():
    with pytest.raises(
        UserError, match=r"^w: there is no weight in 2 interviews — .* --where 'w > 0'"
    ):
        read_base_weights(interviews((1, 1, 1), (1, 1, NOT_ASKED), (1, 1, NOT_ASKED)).answers, "w")
    with pytest.raises(UserError):
        read_base_weights(interviews((1, 1, 0)).answers, "w")
    some = interviews((1, 1, 1)).answers
    with pytest.raises(UserError) as caught:
        compute_weights(some, targets=[RakingTarget(variable="sxe", value="1", share=Fraction(1))])
    unknown = caught.value
    assert "sex" in unknown.remedy
    with pytest.raises(UserError) as caught:
        compute_weights(
            some, targets=[RakingTarget(variable="sex", value="Child", share=Fraction(1))]
        )
    value = caught.value
    assert "1 (Man)" in value.remedy


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ([("sex", "1", "0.5")], "only one value"),
        ([("sex", "1", "0.5"), ("sex", "2", "0.05")], "add up to 0.55"),
        ([("sex", "1", "0"), ("sex", "2", "0")], "add up to 0"),
        ([("w", "11", "0.5"), ("w", "23", "0.5")], "no value '11'"),
    ],
)
def test_targets_that_look_like_slips_are_refused(targets: list[tuple[str, str, str]], said: str):
    some = interviews((1, 1, 111), (2, 1, 23)).answers
    wanted = [
        RakingTarget(variable=name, value=value, share=Fraction(share))
        for name, value, share in targets
    ]
    with pytest.raises(UserError) as caught:
        compute_weights(some, targets=wanted)
    found = caught.value
    assert said in found.what


def test_numbers_of_units_are_shares_too():
    some = interviews((1, 1, 1), (2, 1, 1)).answers
    wanted = [
        RakingTarget(variable="sex", value=v, share=Fraction(share))
        for v, share in (("1", 14), ("2", 21))
    ]
    found = compute_weights(some, targets=wanted, threshold=5)
    assert isinstance(found, InterviewWeights)
    assert [round(float(weight), 2) for weight in found.weights] == [0.8, 1.2]


def test_how_many_have_no_target_is_not_told_where_small_counts_are_hidden():
    alone = interviews(*[(1, 1, 1)] * 5, (2, 1, 1), (NOT_ASKED, 1, 1))
    targets = [RakingTarget(variable="sex", value=v, share=Fraction(1, 2)) for v in ("1", "2")]
    found = compute_weights(alone.answers, targets=targets, threshold=5)
    assert isinstance(found, InterviewWeights)
    assert [note for note in found.weighting.notes if "without a value" in note] == [
        "sex: interviews without a value that has a target: their share is unchanged."
    ]


def test_a_file_of_targets_is_read_or_all_its_problems_told(tmp_path: Path):
    file = tmp_path / "targets.csv"
    file.write_text(
        "\ufeffvariable;value;share\nsex;Man;48,5%\nsex;Woman;51,5%\n\n", encoding="utf-8"
    )
    rows = read_targets(str(file))
    assert isinstance(rows, list)
    assert [(r.variable, r.value, r.share) for r in rows] == [
        ("sex", "Man", Fraction("48.5")), ("sex", "Woman", Fraction("51.5")),
    ]  # fmt: skip
    file.write_text("variable,value,share\nsex,1,much\nsex,2,1e99999999\nsex\nage,1,1\nage,1,2\n")
    problems = read_targets(str(file))
    assert isinstance(problems, tuple)
    assert [p.where.line for p in problems] == [2, 3, 4, 6]
    file.write_text("var,value,share\n")
    assert isinstance(read_targets(str(file)), tuple)
    assert isinstance(read_targets(str(tmp_path / "none.csv")), tuple)


def test_what_weighting_tells_of_few_people_is_hidden():
    """2 of 35 before, with the target, would be told by a share, and by the greatest weight."""
    report = interviews(*[(1, 1, 1)] * 2, *[(2, 2, 1)] * 33)
    targets = [RakingTarget(variable="sex", value=v, share=Fraction(1, 2)) for v in ("1", "2")]
    found = compute_weights(report.answers, targets=targets, threshold=5)
    assert isinstance(found, InterviewWeights)
    assert {margin[2:] for margin in found.weighting.margins} == {("[c]", "[c]", "50.0")}
    assert found.weighting.range_text == ""
    plain = compute_weights(report.answers, targets=targets)
    assert isinstance(plain, InterviewWeights)
    assert plain.weighting.range_text == "weights from 0.53 to 8.75"
