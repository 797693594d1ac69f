"""What is called impossible never happens, and what is called possible has answers that lead there."""

from pathlib import Path
from random import Random

import pytest

from support.every_route import TODAY, replay, see_everything
from support.random_questionnaires import QuestionnaireWriter
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors
from survey_cli.proof.goals import Goal
from survey_cli.proof.verdicts import prove

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
OPEN = {"compute", "include_prefix", "elapsed", "text_tests"}
"""Questionnaires that compare numbers without limits, the time or words of a text, which clauses leave open."""


def test_verdicts_equal_those_of_trying_every_answer() -> None:
    tried = 0
    for seed in range(300):
        text = QuestionnaireWriter(Random(seed)).write()
        instrument, _, problems = compile_instrument(load_source_text(text, "t.yaml"))
        if instrument is None or select_errors(problems):
            continue
        tried += 1
        verdicts, seen = prove(instrument, TODAY), see_everything(instrument)
        assert seen.isdisjoint(verdicts.impossible), f"seed {seed}: called impossible:\n{text}"
        if not any(item.limits for item in instrument.items.values()):  # without its limit a number may be any number
            assert set(verdicts.possible) <= seen, f"seed {seed}: called possible:\n{text}"
    assert tried > 250


@pytest.mark.parametrize("file", sorted(INSTRUMENTS.rglob("*.yaml")), ids=lambda file: file.stem)
def test_every_witness_leads_where_it_says(file: Path) -> None:
    if "items:" not in file.read_text(encoding="utf-8") or file.parent.name == "modules":
        pytest.skip("no questionnaire of its own")
    instrument = open_instrument(str(file))
    for goal, witness in prove(instrument, TODAY).possible.items():
        route, why = replay(instrument, witness)
        if file.stem in OPEN and set(route) != set(witness.route):
            continue
        assert not why, goal
        assert set(route) == set(witness.route), goal


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
