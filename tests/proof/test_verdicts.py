"""What is called impossible never happens, and what is called possible has answers that lead there."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

import pytest

from support.every_route import TODAY, see_everything, see_interviews
from support.example_files import QUESTIONNAIRES
from support.random_questionnaires import QuestionnaireWriter
from support.scale import SCALE
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors
from survey_cli.proof.fork_models import build_fork_models
from survey_cli.proof.goals import FillUse, Goal, Verdicts, list_fill_goals, list_quota_goals
from survey_cli.proof.verdicts import Prover, list_goals, prove
from survey_cli.scenarios.coverage import WitnessWalk

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
FEATURES = [file for file in QUESTIONNAIRES if file.parent.name == "features"]
FORK_KINDS = {"taken", "not_taken", "hole"}
OPEN = {
    "time",
    "compute",
    "compute_table",
    "include_prefix",
    "elapsed",
    "text_tests",
    "confirm_list",
}
"""Questionnaires that compare times, numbers without limits, elapsed time or words, which clauses leave open."""


def prove_everything(instrument: Instrument) -> tuple[Verdicts, Mapping[str, Sequence[FillUse]]]:
    """All verdicts, and the fills of each item."""
    with Prover(instrument, TODAY) as prover:
        fill_goals, fills = list_fill_goals(prover.model)
        goals = {**list_goals(prover.model), **fill_goals, **list_quota_goals(prover.model)}
        for fork in build_fork_models(prover.model):
            goals |= fork.goals
        return prover.settle(goals), {
            use.owner: [u for u in fills if u.owner == use.owner] for use in fills
        }


@pytest.mark.parametrize("amounts", [False, True])
@pytest.mark.usefixtures("edition_2")
def test_verdicts_equal_those_of_trying_every_answer(*, amounts: bool) -> None:
    tried = 0
    for seed in range(80 * SCALE):
        text = QuestionnaireWriter(Random(seed), amounts=amounts).write()
        instrument, _, problems = compile_instrument(load_source_text(text, "t.yaml"))
        if instrument is None or select_errors(problems):
            continue
        tried += 1
        (verdicts, fills), seen = prove_everything(instrument), see_everything(instrument)
        assert seen.isdisjoint(verdicts.impossible), f"seed {seed}: called impossible:\n{text}"
        if any(
            item.limits for item in instrument.items.values()
        ):  # without its limit a number may be any number
            continue
        possible = {goal for goal in verdicts.possible if goal.kind not in FORK_KINDS}
        assert possible <= seen, f"seed {seed}: called possible:\n{text}"
        for goal, witness in verdicts.possible.items():
            assert WitnessWalk(instrument, witness, fills).shows(goal), (
                f"seed {seed}: {goal} is not shown:\n{text}"
            )
    assert tried > 60 * SCALE


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.usefixtures("edition_2")
def test_two_amounts_that_may_be_open_are_compared_one_by_one(sign: str) -> None:
    text = f"""\
instrument: t
edition: 2
title: T
items:
  - {{id: a, type: number, max: 2, options: {{9: {{text: E, at_least: 2}}, 8: {{text: V, missing: true}}}}, text: A}}
  - {{id: b, type: number, max: 3, options: {{7: {{text: N, value: 0}}, 6: {{text: L, at_most: 1}}}}, text: B}}
  - {{id: last, type: read, ask_if: a {sign} b, text: L}}
"""
    instrument, _, problems = compile_instrument(load_source_text(text, "t.yaml"))
    assert instrument is not None, problems
    verdicts, fills = prove_everything(instrument)
    assert see_everything(instrument).isdisjoint(verdicts.impossible)
    assert Goal("unknown", "last") in verdicts.possible
    for goal, witness in verdicts.possible.items():
        assert WitnessWalk(instrument, witness, fills).shows(goal), goal


SUMS = (
    "a + b == n",
    "a + b <= n",
    "a + b > 2",
    "sum(a, b) == n",
    "a + b > n",
    "n - a == b",
    "default(a, 0) + b == n",
)


def write_sums(rng: Random) -> str:
    """A questionnaire with sums of numbers whose highest value is calculated, and may be unknown."""
    asked = rng.choice(("", "ask_if: n > 0, "))
    declines = [rng.choice(("[]", "[dk]")) for _ in range(3)]
    code = rng.choice(("", ", options: {9: {text: E, value: 0}}"))
    return f"""\
instrument: t
title: T
edition: 2
items:
  - {{id: n, type: number, range: 0 to 1, declines: {declines[0]}, text: N?}}
  - {{id: a, type: number, {asked}max: {rng.choice(("n", "n + 1"))}, declines: {declines[1]}, text: A?{code}}}
  - {{id: b, type: number, {asked}max: {rng.choice(("n", "a"))}, declines: {declines[2]}, text: B?,
     checks: {{expect: "{rng.choice(SUMS)}", say: "No."}}}}
  - {{id: c, type: read, ask_if: "{rng.choice(SUMS)}", text: C.}}
  - {{id: d, type: read, unless: "{rng.choice(SUMS)} and {rng.choice(SUMS)}", text: D.}}
"""


def test_no_sum_that_can_be_is_called_impossible() -> None:
    impossible = 0
    for seed in range(200 * SCALE):
        text = write_sums(Random(seed))
        instrument, _, _ = compile_instrument(load_source_text(text, "t.yaml"))
        assert instrument is not None, text
        verdicts = prove(instrument, TODAY)
        assert see_everything(instrument).isdisjoint(verdicts.impossible), text
        impossible += len(verdicts.impossible)
    assert impossible > 280 * SCALE, "260 if no sum is decided"


@pytest.mark.parametrize("file", QUESTIONNAIRES, ids=lambda file: file.stem)
def test_every_witness_leads_where_it_says(file: Path) -> None:
    instrument = open_instrument(str(file))
    verdicts, fills = prove_everything(instrument)
    for goal, witness in verdicts.possible.items():
        walk = WitnessWalk(instrument, witness, fills)
        assert walk.shows(goal) or file.stem in OPEN, (goal, walk.rejection)


@pytest.mark.parametrize("file", FEATURES, ids=lambda file: file.stem)
def test_nothing_that_happens_in_an_interview_is_called_impossible(file: Path) -> None:
    instrument = open_instrument(str(file))
    verdicts, _ = prove_everything(instrument)
    seen = see_interviews(instrument, count=40 * SCALE)
    assert seen, "interviews were conducted"
    assert seen.isdisjoint(verdicts.impossible)


def test_a_filter_that_is_never_true_and_a_check_that_never_fires() -> None:
    text = """\
instrument: t
title: T
items:
  - {id: age, type: number, min: 18, max: 99, text: Age?}
  - {id: minor, type: single, ask_if: age < 18, text: Minor?, options: {1: "Yes", 2: "No"}}
  - id: years
    type: number
    max: 50
    ask_if: age >= 60
    text: Years?
    checks: [{expect: years <= age, say: No.}]
"""
    instrument, _, _ = compile_instrument(load_source_text(text, "t.yaml"))
    assert instrument is not None
    verdicts = prove(instrument, TODAY)
    assert set(verdicts.impossible) == {Goal("asked", "minor"), Goal("fires", "years", 0)}
    assert verdicts.possible[Goal("asked", "years")].answers["age", None] >= 60
    assert Goal("unknown", "years") in verdicts.possible, "age can be declined"
