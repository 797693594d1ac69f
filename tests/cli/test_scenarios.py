"""`survey test`: what a designer and a CI server read."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from support.command_line import folder, written  # noqa: F401
from support.example_files import INSTRUMENTS
from survey_cli.cli.run_command import run_command

STUDY = """\
instrument: study
title: Study
items:
  - {id: age, type: number, min: 18, max: 99, text: How old are you?}
  - {id: retired, type: single, ask_if: age >= 60, text: Are you retired?, options: {1: "Yes", 2: "No"}}
"""
SCENARIOS = """\
scenarios:
- {name: Young, answers: {age: 30}, expect: {ends: complete}}
- {name: Old, answers: {age: 59, retired: 1}}
"""


@pytest.mark.parametrize("name", ["asu_2000", "household", "customer"])
def test_the_scenarios_of_the_examples_pass(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["test", str(INSTRUMENTS / f"{name}.yaml")]) == 0, capsys.readouterr().out


def test_a_failing_scenario_with_its_line_and_the_condition(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("study.yaml", STUDY)
    written("study.scenarios.yaml", SCENARIOS)
    assert run_command(["test", "study.yaml"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[:2] == [
        "study.scenarios.yaml:3:3: failed: Old",
        "  line 3: retired has an answer and is not asked: ask_if at study.yaml:5:41 is false because age = 59",
    ]
    assert "  study.yaml:5:10: retired is never asked" in out
    assert err == "study.scenarios.yaml: 2 scenarios, 1 passed, 1 failed\n"


def test_results_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    written("study.yaml", STUDY)
    written("study.scenarios.yaml", SCENARIOS)
    assert run_command(["test", "study.yaml", "--format", "json", "--junit", "results.xml"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert [bool(scenario["departures"]) for scenario in result["scenarios"]] == [False, True]
    assert result["coverage"]["items"] == [1, 2]
    suite = ET.parse("results.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    (failure,) = suite.iter("failure")
    assert "age = 59" in (failure.get("message") or "")


def test_a_suite_is_generated_passes_and_covers_all_that_can_happen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("study.yaml", STUDY)
    assert run_command(["test", "study.yaml"]) == 1
    assert "survey test study.yaml --generate study.scenarios.yaml" in capsys.readouterr().err
    assert run_command(["test", "study.yaml", "--generate", "study.scenarios.yaml"]) == 0
    assert run_command(["test", "study.yaml", "--prove"]) == 0
    out = capsys.readouterr().out
    assert "Not covered" not in out
    assert run_command(["check", "study.scenarios.yaml"]) == 0
    assert run_command(["test", "study.yaml", "--generate", "study.scenarios.yaml"]) == 1, (
        "it is not overwritten"
    )


def test_a_mistake_in_the_scenarios_stops_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    written("study.yaml", STUDY)
    written("study.scenarios.yaml", SCENARIOS.replace("age: 30", "agee: 30"))
    assert run_command(["test", "study.yaml"]) == 1
    assert (
        "study.scenarios.yaml:2:27: Young: there is no item 'agee' — did you mean 'age'?"
        in capsys.readouterr().err
    )
    assert run_command(["check", "."]) == 1
    assert "study.scenarios.yaml:2:27: Young: there is no item 'agee'" in capsys.readouterr().out


def test_without_the_library_generating_says_which_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pysat", None)
    written("study.yaml", STUDY)
    assert run_command(["test", "study.yaml", "--generate", "s.yaml"]) == 1
    assert "pip install python-sat==" in capsys.readouterr().err
    assert not Path("s.yaml").exists()
