"""`survey demo`: an interview without anything to set up, on a terminal and without one."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect

from support.forked_survey import run_forked_survey, spawn_survey


def run_without_terminal(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_forked_survey(*arguments, folder=folder)


def test_without_a_terminal_a_script_completes_the_interview(tmp_path: Path) -> None:
    done = run_without_terminal("demo", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(
        "survey demo: there is no terminal, so a script answers the questions"
    )
    assert "[Ended: Complete]" in done.stdout
    exported = run_without_terminal(
        "export", "survey-demo/library.yaml", "--origin", "practice", folder=tmp_path
    )
    [row] = csv.DictReader(exported.stdout.splitlines())
    assert (row["times"], row["used_2"], row["age"]) == ("12", "1", "41")


def test_without_a_terminal_the_text_has_no_signs_of_stress(tmp_path: Path) -> None:
    done = run_without_terminal("demo", folder=tmp_path)

    assert "It takes about five minutes." in done.stdout
    assert "*" not in done.stdout


def test_it_ends_with_lines_that_can_be_carried_out(tmp_path: Path) -> None:
    # A program of its own, since the lines name it as it was started.
    demo = [sys.executable, "-m", "survey_cli", "demo", "a folder"]
    done = subprocess.run(
        demo, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    said = "\n".join(done.stderr.splitlines()[-5:])

    lines = re.findall(r"^([^:]+):\s+(.+)$", said, re.MULTILINE)
    assert [label for label, _ in lines] == [
        "See your data",
        "Write your own",
        "Learn to write",
        "Learn it",
    ]
    printed = []
    for _, command in lines:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        printed.append(done.stdout)
    data, _, questionnaires, interviews = printed
    assert "Which of these did you use there?" in data
    assert "The reading room     1  100%" in data
    assert questionnaires.startswith("Your first questionnaire\n")
    assert "Begin a practice interview with case 101" in interviews


def test_on_a_terminal_the_first_key_answers_the_first_statement(tmp_path: Path) -> None:
    environment = {**os.environ, "TERM": "xterm-256color"}
    child = spawn_survey(
        "demo",
        "--theme",
        "terminal",
        folder=tmp_path,
        environment=environment,
        encoding="utf-8",
        timeout=60,
    )
    child.expect("Springfield Public Library")
    child.send("\r")
    child.expect("May I ask you some questions")
    child.send("1")
    child.expect("Riverside")
    child.send("\x1b[19~")  # F8
    child.expect("[Ss]uspend")
    child.send("s")
    child.expect("practice, suspended, 1 answer in")
    child.expect("Resume it: .* demo\r\n")
    child.expect("Write your own")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_a_changed_questionnaire_is_conducted_as_it_is(tmp_path: Path) -> None:
    run_without_terminal("demo", folder=tmp_path)
    file = tmp_path / "survey-demo" / "library.yaml"
    file.write_text(
        file.read_text().replace("Springfield Public Library", "Shelbyville Public Library")
    )

    done = run_without_terminal("demo", folder=tmp_path)

    assert "Shelbyville" in done.stdout
    assert "Springfield" not in done.stdout


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "survey-demo").write_text("a file")

    done = run_without_terminal("demo", folder=tmp_path)

    assert done.returncode == 1
    assert (
        done.stderr
        == "survey-demo: the folder can't be made (File exists) — name one that you may write: survey demo FOLDER\n"
    )
