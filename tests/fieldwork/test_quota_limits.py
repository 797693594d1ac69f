"""The most interviews that quotas allow, and the pace that they leave."""

from datetime import UTC, date, datetime, timedelta

import pytest

from support.case_histories import plan
from support.mistake_tables import HEAD, said
from survey_cli.fieldwork.plan.plan import CellFill, Quotas
from survey_cli.instrument.quota_capacity import QuotaLimit
from survey_cli.reports.fieldwork.pace import PaceInput, build_pace

MORE = """
- {id: sex, type: single, text: Sex?, options: {1: Man, 2: Woman}, declines: []}
- {id: age, type: number, text: How old?, min: 18, max: 99}
sample:
  region: {type: text}
  sector: {type: single, options: {1: One, 2: Two, 3: Three}}
compute: {old: "age >= 60"}
"""


def quotas(*lines: str) -> Quotas:
    listed = "".join(f"- {{{line}}}\n" for line in lines)
    return plan("", MORE + (f"quotas:\n{listed}" if lines else "")).quotas


MEN, WOMEN = "id: men, where: sex == 1, target: 12", "id: women, where: sex == 2, target: 40"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["id: all, target: 60"], QuotaLimit(60, ("all",))),
        # of several, the smallest
        (["id: all, target: 60", "id: sexes, by: [sex], targets: {1: 20, 2: 30}"], QuotaLimit(50, ("sexes",))),
        # men and women are everybody, men alone are not
        ([MEN, WOMEN], QuotaLimit(52, ("men", "women"))),
        ([MEN], None),
        (["id: all, target: 60", MEN, WOMEN], QuotaLimit(52, ("men", "women"))),
        # a flag is true or false, and cells of several variables cover all of their combinations
        (["id: ages, by: [old], targets: {0: 5, 1: 6}"], QuotaLimit(11, ("ages",))),
        (["id: pairs, by: [sex, old], targets: {1/0: 1, 1/1: 2, 2/0: 3, 2/1: 4}"], QuotaLimit(10, ("pairs",))),
        # who is in sector 3 is in no cell, so that nothing limits these
        (["id: sectors, by: [sector], targets: {1: 5, 2: 6}"], None),
        (["id: sectors, by: [sector], targets: {1: 5, 2: 6}", "id: third, where: sector == 3, target: 2"],
         QuotaLimit(13, ("sectors", "third"))),
        # of a text column the codes are not known: the targets are taken to be all
        (["id: regions, by: [region], targets: {N: 5, S: 6}"], QuotaLimit(11, ("regions",))),
        # of the age neither
        (["id: young, where: age < 30, target: 5", "id: others, where: age >= 30, target: 5"], None),
        ([f"{MEN}, soft: true", f"{WOMEN}, soft: true"], None),
    ],
)  # fmt: skip
def test_the_smallest_sum_of_quotas_that_apply_to_everybody_is_the_limit(
    lines: list[str], expected: QuotaLimit | None
) -> None:
    assert quotas(*lines).find_limit() == expected


def test_places_that_are_taken_do_not_count_as_further_ones() -> None:
    both = quotas(MEN, WOMEN)
    limit = both.find_limit({"men": CellFill(12, 0), "women": CellFill(10, 3)})
    assert limit == QuotaLimit(30, ("men", "women"))
    # a correction has passed the target
    over = both.find_limit({"men": CellFill(15, 0), "women": CellFill(40, 0)})
    assert over == QuotaLimit(0, ("men", "women"))


QUESTIONNAIRE = """\
  - {{id: sex, type: single, text: Man or woman?, options: {{1: Man, 2: Woman}}, declines: []}}
study: {{target: {target}}}
quotas:
  - {{id: men, where: sex == 1, target: 12{soft}}}
  - {{id: women, where: sex == 2, target: 40}}
"""


def test_check_tells_a_target_that_quotas_cannot_reach() -> None:
    told = "\n".join(said(HEAD + QUESTIONNAIRE.format(target=60, soft="")))
    assert "target: 60 can't be reached: quotas men and women allow 52" in told
    assert "[study-target" in told
    for target, soft in ((52, ""), (60, ", soft: true")):
        assert "study-target" not in "\n".join(
            said(HEAD + QUESTIONNAIRE.format(target=target, soft=soft))
        )
    assert "target: 0 is no number of interviews" in "\n".join(
        said(HEAD + QUESTIONNAIRE.format(target=0, soft=""))
    )


# the pace

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def pace_input(
    completes: int, by_cell: dict[str, int], taken: dict[str, int], target: int | None
) -> PaceInput:
    """So many completes in the last four days."""
    return PaceInput(
        now=NOW,
        complete=sum(taken.values()),
        target=target,
        completes={NOW - timedelta(days=4): completes},
        completes_by_cell=by_cell,
        fill={cell: CellFill(number, 0) for cell, number in taken.items()},
    )


def test_no_cell_is_expected_to_pass_its_target_and_the_total_not_what_quotas_allow() -> None:
    """The board expected 36 of 12, and the target of 60 on a day, though 12 and 40 are 52."""
    data = pace_input(22, {"men": 12, "women": 10}, {"men": 12, "women": 10}, 60)
    pace = build_pace(data, quotas(MEN, WOMEN), date(2026, 12, 18))
    assert pace is not None
    assert pace.expected_by_cell == {"men": 12, "women": 40}
    assert (pace.expected, pace.reached, pace.most) == (52, None, 52)
    assert pace.describe() == "5.5 a day: 52 by Fri 18 Dec; the quotas allow 52"


def test_a_full_cell_slows_the_others_down_to_their_own_pace() -> None:
    data = pace_input(22, {"men": 12, "women": 10}, {"men": 12, "women": 10}, 52)
    pace = build_pace(data, quotas(MEN, WOMEN), date(2026, 11, 28))
    assert pace is not None
    # two and a half women a day for four and a half days
    assert (pace.expected, pace.expected_by_cell) == (22 + 11, {"men": 12, "women": 21})
    # thirty women take twelve days
    assert pace.reached == date(2026, 12, 6)
    assert pace.most is None
    assert pace.describe() == "5.5 a day: 33 by Sat 28 Nov"


def test_without_quotas_the_pace_is_that_of_all() -> None:
    pace = build_pace(pace_input(20, {}, {}, 50), quotas(), None)
    assert pace is not None
    assert pace.reached == date(2026, 12, 4)
    assert pace.describe() == "5.0 a day: the target on Fri 4 Dec"
    nothing = PaceInput(now=NOW, complete=0, target=50, completes={})
    assert build_pace(nothing, quotas(), None) is None


def test_a_soft_cell_may_pass_its_target() -> None:
    data = pace_input(12, {"men": 12}, {"men": 12}, None)
    pace = build_pace(data, quotas(f"{MEN}, soft: true"), date(2026, 11, 27))
    assert pace is not None
    assert pace.expected_by_cell == {"men": 22}
