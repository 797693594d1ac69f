"""The database and the list of interviewers that a command uses: one simple place, shown, and never another study's."""

import grp
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pexpect
import pytest

from support.command_line import folder, written  # noqa: F401 – a folder of its own
from support.forked_survey import spawn_survey
from survey_cli.cli.output.terminal import report_error
from survey_cli.cli.run_command import run_command
from survey_cli.problems import ConfirmableError, StoreError
from survey_cli.store.database_location import find_study_folder

STUDY = """\
instrument: units
title: {title}
sample: {{unit: {{type: text, role: key}}, phone: {{type: text, role: phone}}}}
fieldwork: {{frame: establishment, country: US, zone: America/Chicago}}
items:
  - {{id: well, type: single, text: Are you well?, options: {{1: Yes, 2: No}}}}
"""
CASES = "unit,phone\nA,312 555 0100\nB,312 555 0101\n"


def study(folder: str, title: str = "Units") -> str:  # noqa: F811
    return str(written(f"{folder}/units.yaml", STUDY.format(title=title)))


def cases(database: str) -> list[str]:
    with closing(sqlite3.connect(database)) as db:
        return [key for (key,) in db.execute("SELECT key FROM cases ORDER BY key")]


@pytest.mark.parametrize(
    ("file", "home"),
    [
        ("a/units.yaml", "a"),
        ("a/instruments/units.yaml", "a"),
        ("a/instruments/features/units.yaml", "a/instruments/features"),
        ("a/b/c/units.yaml", "a/b/c"),
    ],
)
def test_responses_lie_beside_the_instrument_and_never_farther_up(file: str, home: str) -> None:
    written("a/pyproject.toml", "")
    written("instruments/other.yaml", "")
    written("a/instruments/other.yaml", "")
    assert find_study_folder(file) == Path(home).resolve()


def test_a_database_where_an_earlier_version_put_it_is_pointed_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("pyproject.toml", "")
    written("cases.csv", CASES)
    file = study("surveys/2026")
    assert run_command(["sample", "import", file, "cases.csv", "--db", "responses/units.db"]) == 0
    with closing(sqlite3.connect("responses/units.db")) as db, db:
        db.execute(
            "DELETE FROM settings WHERE name IN ('study', 'questionnaire')"
        )  # as it was then
    capsys.readouterr()
    assert run_command(["case", "list", file]) == 1
    said = capsys.readouterr().err
    assert (
        f"an earlier version stored interviews of this name in {Path('responses/units.db').resolve()}"
        in said
    )
    assert "--db" in said
    Path("surveys/2026/responses").mkdir()
    Path("responses/units.db").rename("surveys/2026/responses/units.db")
    assert run_command(["case", "list", file]) == 0


def test_a_second_study_of_the_same_name_never_comes_into_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("cases.csv", CASES)
    first = study("a/instruments")
    assert run_command(["sample", "import", first, "cases.csv"]) == 0
    second = study("a", "Another study")
    written("more.csv", "unit,phone\nC,312 555 0102\n")
    capsys.readouterr()
    for command in (
        ["sample", "import", second, "more.csv"],
        ["case", "list", second],
        ["export", second, "-o", "x.csv"],
        ["export", second, "--bundle", "x.zip"],
        ["report", second],
        ["station", second, "--plain"],
    ):
        assert run_command(command) == 2, command
        said = capsys.readouterr().err
        assert f"was made for another questionnaire of this name, {Path(first).resolve()}" in said
        assert "--db a/responses/units.db" in said
    assert cases("a/responses/units.db") == ["A", "B"]
    assert run_command(["case", "list", first]) == 0
    assert (
        run_command(["case", "list", second, "--db", "a/responses/units.db"]) == 0
    )  # the option that answers


def test_an_answer_that_cannot_be_stored_is_an_error_like_any_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def confirm() -> None:
        raise StoreError("a.db", "the database can only be read", "make it writable")

    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: "y\n")
    error = ConfirmableError(
        "a.db", "another questionnaire", "give --db", question="The same?", confirm=confirm
    )
    assert report_error(error) == 1
    assert "a.db: the database can only be read — make it writable" in capsys.readouterr().err


def test_the_question_is_settled_at_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    written("cases.csv", CASES)
    assert run_command(["sample", "import", study("a/instruments"), "cases.csv"]) == 0
    moved = Path("a/units.yaml")
    Path("a/instruments/units.yaml").rename(moved)
    capsys.readouterr()
    assert run_command(["case", "list", str(moved)]) == 2
    publish = "survey study publish a/units.yaml --db a/responses/units.db"
    assert (
        f"if this is the same file, renamed or moved: {publish}; otherwise"
        in capsys.readouterr().err
    )

    def asked(answer: str) -> tuple[str, int]:
        child = spawn_survey("case", "list", str(moved), encoding="utf-8")
        child.expect("Are both files the same study.*\\[y/N\\] ")
        child.sendline(answer)
        child.expect(pexpect.EOF)
        child.close()
        return child.before or "", child.exitstatus or 0

    said, code = asked("n")
    assert (code, "312" in said) == (1, False)
    said, code = asked("y")
    assert (code, "A" in said) == (0, True)
    assert run_command(["case", "list", str(moved)]) == 0


def test_a_folder_that_is_moved_or_renamed_is_the_same_study() -> None:
    written("cases.csv", CASES)
    assert run_command(["sample", "import", study("a/instruments"), "cases.csv"]) == 0
    shutil.move("a", "b")
    assert run_command(["case", "list", "b/instruments/units.yaml"]) == 0
    os.symlink("b", "link")
    assert run_command(["case", "list", "link/instruments/units.yaml"]) == 0


def test_the_database_and_the_list_of_people_are_said_by_their_whole_paths(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("cases.csv", CASES)
    file = study("a/instruments")
    responses = Path("a/responses").resolve()
    for command in (["sample", "import", file, "cases.csv"], ["status", file], ["check", file]):
        capsys.readouterr()
        assert run_command(command) == 0
        assert f"database: {responses / 'units.db'}\n" in capsys.readouterr().err, command
    written("a/responses/interviewers.csv", "login,role\nsue,supervisor\n").chmod(0o640)
    assert run_command(["status", file]) == 0
    people = responses / "interviewers.csv"
    assert f"database: {responses / 'units.db'}; people: {people}\n" in capsys.readouterr().err
    people.chmod(0o660)
    assert run_command(["status", file]) == 0
    assert (
        f"people: {people} (others than its owner can change it: run chmod 640)\n"
        in capsys.readouterr().err
    )


def test_a_list_in_any_other_folder_is_no_list(capsys: pytest.CaptureFixture[str]) -> None:
    written("cases.csv", CASES)
    file = study("a/instruments")
    for place in ("a", "a/instruments", "."):
        written(f"{place}/interviewers.csv", "login,role\neve,supervisor\n")
    assert run_command(["sample", "import", file, "cases.csv"]) == 0
    misplaced = Path("a/instruments/interviewers.csv").resolve()
    place = Path("a/responses/interviewers.csv").resolve()
    assert (
        f"{misplaced} is not read, so everybody has all rights — move it to {place}"
        in capsys.readouterr().err
    )


def test_the_rights_without_a_list_are_mentioned_where_people_are_concerned(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("cases.csv", CASES)
    file = study("a/instruments")
    group = grp.getgrgid(os.getgid()).gr_name
    for command in (["sample", "import", file, "cases.csv"], ["status", file], ["check", file]):
        assert run_command(command) == 0
    assert "all rights" not in capsys.readouterr().err
    for command in (["study", "people", file], ["study", "share", file, "--group", group]):
        assert run_command(command) == 0
        assert capsys.readouterr().err.count("so everybody has all rights — list ") == 1
