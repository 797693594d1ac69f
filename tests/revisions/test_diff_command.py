"""`survey diff`: output for people and programs, exit codes, numbers of interviews, stored versions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from test_exporting import NOW, whole

from support.command_line import folder, run_survey  # noqa: F401
from support.scenario import instrument, scenario
from survey_cli.store import InstrumentRow, Store

OLD = """\
instrument: v
title: Versions
study: {sponsor: Acme}
version: "1"
items:
  - {id: q1, type: single, text: One?, options: {1: "Yes", 2: "No"}}
  - {id: age, type: number, max: 99, text: Age?}
"""
NEW = OLD.replace("max: 99", "max: 120").replace('2: "No"', '2: "No", 3: Maybe')
WORSE = OLD.replace('2: "No"', "2: Never").replace("Age?", "How old are you?")


@pytest.fixture
def files(folder: Path) -> Path:  # noqa: F811
    for name, text in (("old", OLD), ("new", NEW), ("v", WORSE)):
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def store_interviews(where: Path, *entries: tuple[str, ...]) -> None:
    where.parent.mkdir()
    with Store.open(str(where), create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(instrument(OLD), kept_at=NOW))
        store.interviews.add(
            whole(scenario(OLD).keys(*keys), str(n), "real") for n, keys in enumerate(entries, 1)
        )


def test_text_and_exit_code(files: Path) -> None:
    out, err = run_survey(files, "diff", "old.yaml", "old.yaml")
    assert (out, err) == ("", "old.yaml → old.yaml: no changes\n")
    out, err = run_survey(files, "diff", "old.yaml", "new.yaml")
    lines = " ".join(out.split())
    assert "new.yaml:6:72: q1: code 3 'Maybe' is new (before: old.yaml:6:53)" in lines, (
        "what is wider loses nothing"
    )
    assert (
        "new.yaml:7:10: age: its range was 0 to 99 and is 0 to 120 (before: old.yaml:7:10)" in lines
    )
    assert err == "old.yaml → new.yaml: 2 changes: 2 widened\n"
    run_survey(files, "diff", "old.yaml", "v.yaml", code=1)


def test_json(files: Path) -> None:
    out, _ = run_survey(files, "diff", "new.yaml", "old.yaml", "--format", "json", code=1)
    value = json.loads(out)
    assert (value["old"], value["new"], value["interviews"], value["proved"]) == (
        "new.yaml",
        "old.yaml",
        None,
        True,
    )
    assert [
        (change["kind"], change["items"], change["interviews"]) for change in value["changes"]
    ] == [
        ("narrowed", ["q1"], None),
        ("narrowed", ["age"], None),
    ]
    assert value["changes"][0]["old"] == {"file": "new.yaml", "line": 6, "column": 72}
    assert all(change["consequence"] and change["decided"] for change in value["changes"])


def test_the_interviews_that_a_change_concerns_are_counted(files: Path) -> None:
    store_interviews(files / "responses" / "v.db", ("1", "30"), ("2", "40"), ("2", ".dk"))
    out, _ = run_survey(
        files, "diff", "old.yaml", "v.yaml", "--db", "responses/v.db", "--format", "json", code=1
    )
    counts = {
        (change["kind"], *change["items"]): change["interviews"]
        for change in json.loads(out)["changes"]
    }
    assert counts == {("recoded", "q1"): 2, ("text", "age"): 2}, (
        "two said no, and two gave their age"
    )


def test_a_file_is_compared_with_the_newest_version_that_has_interviews(files: Path) -> None:
    _, err = run_survey(files, "diff", "v.yaml", code=1)
    assert "there are no interviews to compare with — give two files: survey diff OLD NEW" in err
    store_interviews(files / "responses" / "v.db", ("2", "40"))
    out, err = run_survey(files, "diff", "v.yaml", code=1)
    assert "concerns 1 of 1 interview" in " ".join(out.split())
    assert err == "version 1 in responses/v.db → v.yaml: 2 changes: 1 recoded, 1 text\n"


def test_without_the_solver_it_says_what_to_install(files: Path) -> None:
    old = OLD + "  - {id: q2, type: verbatim, ask_if: q1 == 1, text: Two?}\n"
    (files / "old.yaml").write_text(old, encoding="utf-8")
    (files / "new.yaml").write_text(old.replace("q1 == 1", "1 == q1"), encoding="utf-8")
    code = "import sys; sys.modules['pysat'] = None; from survey_cli.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "diff", "old.yaml", "new.yaml"],
        cwd=files,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "(not decided: it may be the same)" in " ".join(run.stdout.split())
    assert "pip install python-sat==" in run.stderr
    assert run.returncode == 0
