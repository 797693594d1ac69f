"""What newcomers type at first: each answer has a line to copy, and each of these lines is understood."""

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from support.command_line import folder  # noqa: F401 - a folder of its own
from survey_cli.cli.app import build_app
from survey_cli.cli.command_lines import fill_usage
from survey_cli.cli.command_table import COMMANDS, RENAMED, SYNONYMS
from survey_cli.cli.run_command import run_command

PARSER_WORDS = re.compile(
    r"[Mm]issing (argument|option|command)|Input should|unexpected|requires an argument|Traceback"
)
LINE = re.compile(r"(?:— |^ +|: )(survey [^(;]*?)(?= {3}| \(|$|, or )", re.MULTILINE)

MISTAKES = {
    # the command is missing, or comes second
    "study.yaml": "survey check study.yaml",
    "study.yaml check": "survey check study.yaml",
    "study.yaml case list --next": "survey case list study.yaml --next",
    "nothere.yaml": "there is no such file — the questionnaires of this folder are: study.yaml",
    "study.scenarios.yaml": "this file belongs to study.yaml",
    "responses/study.db": "survey db verify study.yaml --db responses/study.db",
    "sample.csv": "survey sample import study.yaml sample.csv",
    ".": "this is a folder — name a questionnaire in it (study.yaml)",
    "responses": "survey new responses/study.yaml",
    "--db x.db status study.yaml": "survey status study.yaml --db x.db",
    "survey check study.yaml": "survey check study.yaml",
    # misspelled
    "chek study.yaml": "did you mean: survey check study.yaml",
    "Check study.yaml": "did you mean: survey check study.yaml",
    "case lst study.yaml": "did you mean: survey case list study.yaml",
    "validat study.yaml": "survey check study.yaml",
    # an argument is missing
    "check": "FILE is missing: questionnaires — survey check study.yaml",
    "interview": "FILE is missing: the questionnaire — survey interview study.yaml",
    "interview study.yaml": "--case is missing, and there is no terminal to ask for it",
    "interview study.yaml --case": "--case has no value: key of the case — survey interview study.yaml --case KEY",
    "interview study.yaml --case --plain": "survey interview study.yaml --case KEY --plain",
    "new": "FILE is missing: the file to write — survey new FILE",
    "case": "survey case list FILE",
    "case study.yaml": "survey case show study.yaml CASE",
    "case show study.yaml": "CASE is missing: the case's key — survey case show study.yaml CASE",
    "case show 12": "FILE is missing: the questionnaire — survey case show study.yaml 12",
    "sample import sample.csv": "survey sample import study.yaml sample.csv",
    "db restore study.yaml": "survey db restore BACKUP study.yaml",
    "convert": "FORM is missing: an XLSForm",
    "watch study.yaml": "give the interviewer's login, or --replay CASE",
    "rates": "survey rates study.yaml, or final counts",
    # an argument too many, or another file
    "interview study.yaml 1017": "survey interview study.yaml --case 1017",
    "interview study.yaml other.yaml": "other.yaml is one argument too many — survey interview study.yaml",
    "export study.yaml data.csv": "survey export study.yaml -o data.csv",
    "report study.yaml report.html": "survey report study.yaml -o report.html",
    "sample import sample.csv study.yaml": "survey sample import study.yaml sample.csv",
    "status responses/study.db": "survey status study.yaml --db responses/study.db",
    "check sample.csv": "the questionnaire comes first — survey check study.yaml",
    "case list study.yaml --limit two": "--limit: write a whole number",
    "open study.yaml": "`open` may mean several commands here — choose one:",
    "account add ann": "FILE is missing: the questionnaire — survey account add study.yaml ann",
}


@pytest.fixture(autouse=True)
def _study(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811 - the fixture
    assert run_command(["new", "study.yaml"]) == 0
    Path("sample.csv").write_text("case_id,branch\n1,1\n")
    Path("study.scenarios.yaml").write_text("scenarios: []\n")
    Path("responses").mkdir()
    Path("responses/study.db").touch()
    capsys.readouterr()


def find_lines(printed: str) -> list[str]:
    """Return the command lines that an answer prints."""
    return [line.strip() for line in LINE.findall(printed)]


@cache
def build_program() -> Any:
    """Build the program with all its commands once: it takes 25 ms, and 200 lines are parsed."""
    return typer.main.get_command(build_app())


def check_line(line: str) -> None:
    """Parse a command line as the program does; capitals that are to be replaced stand for a value."""
    words = [{"VERDICT": "ok", "ROLE": "coder"}.get(word, word) for word in shlex.split(line)[1:]]
    command = build_program()
    while getattr(command, "commands", None) and words:
        command = command.commands[words.pop(0)]
    if not getattr(command, "commands", None):
        command.make_context("survey", words)


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_first_mistake_is_answered_with_what_to_do(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(shlex.split(typed)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert MISTAKES[typed] in err
    assert " — " in err
    assert not PARSER_WORDS.search(err)
    for line in find_lines(err):
        check_line(line)


def test_a_missing_file_is_answered_alike_with_and_without_a_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = (
        "nothere.yaml: there is no such file — the questionnaires of this folder are: study.yaml\n"
    )
    assert run_command(["nothere.yaml"]) == 2
    assert capsys.readouterr().err == f"survey: {answer}"
    run_command(["check", "nothere.yaml"])
    out, err = capsys.readouterr()
    assert out == answer
    assert err == "nothere.yaml: 1 error\n"


@pytest.mark.parametrize("name", ["study.docx", "Study.TXT"])
def test_a_new_questionnaire_has_no_name_of_another_kind(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["new", name]) == 1
    what = "a questionnaire is a text file whose name ends in .yaml"
    assert capsys.readouterr().err == f"{name}: {what} — write {Path(name).stem}.yaml\n"
    assert not Path(f"{name}.yaml").exists()


@pytest.mark.parametrize("typed", ["help", "-help", "help check", "check --help", "version", "-V"])
def test_help_and_version_are_found_under_other_names(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(typed.split()) == 0
    assert capsys.readouterr().out.startswith(("Usage: survey", "survey "))


@pytest.mark.parametrize("word", SYNONYMS)
def test_a_term_of_the_trade_leads_to_its_command(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([word]) == 2
    err = capsys.readouterr().err
    lines = find_lines(err)
    assert len(lines) == len(SYNONYMS[word])
    for usage, line in zip(SYNONYMS[word], lines, strict=True):
        assert line == f"survey {fill_usage(usage, [])}"
        check_line(line)


@pytest.mark.parametrize("usage", RENAMED.values())
def test_the_line_for_an_earlier_name_is_understood(usage: str) -> None:
    check_line(f"survey {usage}")


def test_no_name_has_two_meanings() -> None:
    assert not {*SYNONYMS} & {*RENAMED}
    assert not {*COMMANDS} & {*SYNONYMS, *RENAMED}


def test_a_folder_without_a_questionnaire_has_a_name_to_begin_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("study.yaml").unlink()
    assert run_command(["check"]) == 2
    assert (
        "survey check study.yaml (this folder has no questionnaire: survey new study.yaml"
        in capsys.readouterr().err
    )
    assert run_command(["nothere.yaml"]) == 2
    assert (
        capsys.readouterr().err
        == "survey: nothere.yaml: there is no such file — write it: survey new nothere.yaml\n"
    )
