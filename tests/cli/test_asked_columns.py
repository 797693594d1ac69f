"""What `survey interview` asks at a terminal before the first question: the sample columns that aren't known yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.command_line import run_survey
from support.tutorial_terminal import TutorialTerminal

QUESTIONNAIRE = """\
instrument: clinic
title: Clinic
sample:
  id: {type: text, role: key}
  phone: {type: text, role: phone}
  zone: {type: text, role: zone}
  ward: {type: single, options: {1: North, 2: South}, label: Ward of the patient}
  stay: {type: number, label: Days in the clinic}
items:
  - {id: hello, type: read, text: "You stayed in the {ward} ward."}
  - {id: well, type: single, text: Are you well?, options: {1: "Yes", 2: "No"}}
"""


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[TutorialTerminal]:
    terminal = TutorialTerminal(["interview", "clinic.yaml", *arguments], folder)
    try:
        yield terminal
    finally:
        terminal.close()


@pytest.fixture(name="clinic")
def clinic_folder(tmp_path: Path) -> Path:
    (tmp_path / "clinic.yaml").write_text(QUESTIONNAIRE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("practice", [(), ("--practice",)])
def test_a_new_case_that_is_named_is_asked_for_every_column_with_what_is_expected(
    clinic: Path, practice: tuple[str, ...]
) -> None:
    with started(clinic, "--case", "7", *practice) as terminal:
        terminal.wait_for("Telephone number (such as 202 555 0100):")
        terminal.press("Enter")
        terminal.wait_for("Time zone (such as America/Chicago):")
        terminal.press("Chicago")
        terminal.press("Enter")
        terminal.wait_for("! 'Chicago' is not a time zone — write America/Chicago")
        terminal.press("America/Chicago")
        terminal.press("Enter")
        terminal.wait_for("Ward of the patient (1 North, 2 South):")
        terminal.press("south")
        terminal.press("Enter")
        terminal.wait_for("Days in the clinic (a number):")
        terminal.press("Enter")
        terminal.wait_for("You stayed in the South ward.")


def test_a_column_that_was_set_is_not_asked_for(clinic: Path) -> None:
    with started(
        clinic, "--case", "7", "--set", "phone=", "--set", "ward=1", "--set", "stay=2"
    ) as terminal:
        terminal.wait_for("What is known about this case?")
        terminal.press("Enter")
        terminal.wait_for("You stayed in the North ward.")
        assert "Ward of the patient" not in terminal.read_output()
        assert "Telephone number" not in terminal.read_output()


def test_a_case_of_the_sample_is_never_asked_about(clinic: Path) -> None:
    (clinic / "cases.csv").write_text(
        "id,phone,zone,ward,stay\n7,+1 202 555 0100,America/Chicago,2,3\n", encoding="utf-8"
    )
    run_survey(clinic, "sample", "import", "clinic.yaml", "cases.csv")
    with started(clinic, "--case", "7") as terminal:
        terminal.wait_for("You stayed in the South ward.")


def test_a_suspended_interview_goes_on_without_the_questions(clinic: Path) -> None:
    known = [part for pair in ("phone=", "zone=", "ward=2", "stay=") for part in ("--set", pair)]
    with started(clinic, "--case", "7", *known) as terminal:
        terminal.wait_for("You stayed in the South ward.")
    with started(clinic, "--case", "7") as terminal:
        terminal.wait_for("You stayed in the South ward.")
        assert "What is known" not in terminal.read_output()


def test_without_a_case_its_key_is_asked_for_first(clinic: Path) -> None:
    with started(clinic) as terminal:
        terminal.wait_for("Case (its key, such as 101):")
        terminal.press("7")
        terminal.press("Enter")
        terminal.wait_for("Telephone number (such as 202 555 0100):")
