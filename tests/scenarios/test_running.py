"""Scenarios run by the engine, and witnesses replayed as scenarios."""

from datetime import date
from pathlib import Path

import pytest

from support.example_files import QUESTIONNAIRES
from support.scale import SCALE
from support.scenario import instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.proof.verdicts import prove
from survey_cli.scenarios.coverage import observe, replay_witness
from survey_cli.scenarios.running import Scenario, ScenarioRun, ScenarioStep, run_scenario
from survey_cli.values import Cell, Missing, Place

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
TODAY = date(2026, 11, 27)
LEFT_OPEN = {"compute", "compute_table", "include_prefix", "elapsed", "text_tests"}
"""Questionnaires with something that clauses leave open: arithmetic on numbers without limits, time spent, words."""
MOST_WITNESSES = 25
JOBS = """\
instrument: jobs
title: Jobs
items:
  - {id: arm, type: split, arms: {a: 1, b: 1}}
  - {id: age, type: number, min: 0, max: 99, text: How old are you?,
     checks: [{expect: age >= 18, say: Only adults.}, {expect: age < 90, say: Really?, soft: true}]}
  - {id: job, type: single, ask_if: age < 65, text: Do you have a job?, options: {1: "Yes", 2: "No"}}
  - {id: hours, type: number, max: 168, ask_if: job == 1, text: How many hours?}
  - {id: brands, type: multiple, text: Which?, options: {1: A, 2: B, 97: {text: Other, specify: true}}}
"""


def run(answers: dict[str, str], **more: object) -> ScenarioRun:
    places = {Place.parse(place): text for place, text in answers.items()}
    return run_scenario(instrument(JOBS), Scenario(today=TODAY, answers=places, **more))  # type: ignore[arg-type]


def list_answers(run: ScenarioRun) -> dict[Place, Cell]:
    answers = run.interview.evaluate_route().answers
    return {place: answer.cell for place, answer in answers.items() if answer.cell is not None}


def test_a_run_to_the_end() -> None:
    made = run({"arm": "b", "age": "40", "job": "1", "hours": ".dk", "brands": "1 97 Fanta"})
    assert made.outcome == "complete"
    assert [str(p) for p in made.route] == ["arm", "age", "job", "hours", "brands"]
    answers = {str(place): cell for place, cell in list_answers(made).items()}
    assert answers == {"arm": "b", "age": 40, "job": 1, "hours": Missing("dk"), "brands": (1, 97)}
    assert made.texts[Place("job")] == "Do you have a job?"


def test_an_item_that_is_not_picked_is_not_covered() -> None:
    questions = "".join(
        f"  - {{id: q{n}, type: single, text: Q{n}?, options: {{1: A, 2: B}}}}\n" for n in range(3)
    )
    section = f"items:\n- id: some\n  type: section\n  pick: 1\n  items:\n{questions}"
    made = run_scenario(
        instrument(f"instrument: p\ntitle: P\n{section}"), Scenario(today=TODAY, fills_others=True)
    )
    asked = {place.item for place in made.route} & {"q0", "q1", "q2"}
    assert len(asked) == 1
    assert {goal.name for goal in observe(made) if goal.kind == "asked"} & {
        "q0",
        "q1",
        "q2",
    } == asked


def test_it_stops_where_there_is_no_answer() -> None:
    made = run({"age": "40"})
    assert (made.unanswered, made.outcome) == (Place("job"), "")


def test_it_stops_where_an_answer_is_refused_with_the_engines_words() -> None:
    made = run({"age": "17"}, fills_others=True)
    assert made.rejections == {Place("age"): "Only adults."}
    assert made.outcome == ""


def test_a_soft_check_is_confirmed() -> None:
    made = run({"age": "95"}, fills_others=True)
    assert made.warnings == {Place("age"): ["Really?"]}
    assert made.outcome == "complete"


def test_everything_else_gets_the_first_accepted_answer() -> None:
    made = run({}, fills_others=True)
    assert made.outcome == "complete"
    assert list_answers(made)[Place("age")] >= 18  # type: ignore[operator]
    assert list_answers(made)[Place("brands")] == (1,)


def test_a_correction_changes_the_route() -> None:
    step = ScenarioStep(correct={Place("age"): "70"})
    made = run({"age": "40", "job": "1", "hours": "38", "brands": "2"}, steps=(step,))
    assert [str(p) for p in made.route] == ["arm", "age", "brands"]
    assert made.outcome == "complete"


def test_going_back_gives_the_same_interview() -> None:
    answers = {"age": "40", "job": "1", "hours": "38", "brands": "2"}
    straight = run(answers)
    back = run(answers, steps=(ScenarioStep(at=Place("hours"), back=2),))
    assert list_answers(back) == list_answers(straight)
    assert len(back.interview.events) > len(straight.interview.events)


@pytest.mark.parametrize("file", QUESTIONNAIRES, ids=lambda file: file.stem)
def test_every_witness_replays_as_a_scenario(file: Path) -> None:
    """Of a long questionnaire, some of its witnesses: `make test TEST_SCALE=4` replays all of them."""
    instrument = open_instrument(str(file))
    failed = set()
    witnesses = list(prove(instrument, TODAY).possible.items())
    step = 1 + len(witnesses) // (MOST_WITNESSES * SCALE)
    for goal, witness in witnesses[::step]:
        _, run, holds = replay_witness(instrument, witness)
        if not holds:
            failed.add(
                f"{goal}: {run.rejections} {run.unanswered} {set(run.route) ^ set(witness.route)}"
            )
    assert not failed or file.stem in LEFT_OPEN
