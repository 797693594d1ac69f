"""The example study: nobody could be called, and the commands of its page write its files."""

import csv
import re
from pathlib import Path
from zipfile import ZipFile

import example_study  # a script beside the pages
import pytest

from support.command_line import run_survey
from support.pages import LINK
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source


def read_rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_nobody_has_the_numbers_of_the_sample(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    example_study.write_people(file)
    people = read_rows(file)
    assert len({person["person"] for person in people}) == 500
    assert len({person["phone"] for person in people}) == 500
    assert [p["phone"] for p in people if not re.fullmatch(r"\d{3} 555 01\d\d", p["phone"])] == []
    assert {person["district"] for person in people} == set("12345")
    committed = example_study.FOLDER / "people.csv"
    assert committed.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")


def test_the_questionnaire_has_no_problems() -> None:
    found = check_instrument(load_source(example_study.FOLDER / "health.yaml"))
    assert [str(problem) for problem in found.problems] == []


def test_the_commands_of_the_page_write_the_files_that_it_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyreadstat")
    import pyreadstat

    # In this process, each command costs a third.
    monkeypatch.setattr(
        example_study, "run_survey", lambda folder, *words: run_survey(folder, *words)[0]
    )
    example_study.build_example(tmp_path)
    written = {file.name for file in example_study.list_files(tmp_path)}
    committed = {file.name for file in example_study.list_files(example_study.FOLDER)}
    text = example_study.PAGE.read_text(encoding="utf-8")
    offered = {target.rpartition("/")[2] for target in LINK.findall(text) if "/example/" in target}
    assert written == committed == offered

    assert len(read_rows(tmp_path / "health.csv")) == 200
    _, labels = pyreadstat.read_sav(str(tmp_path / "health.sav"), output_format="polars")
    assert labels.number_rows == 200
    assert labels.variable_value_labels["income"][1.0] == "enough"
    assert "500 cases, 4 interviewers" in (tmp_path / "fieldwork.txt").read_text(encoding="utf-8")
    assert (tmp_path / "responses" / "health.db").exists()


def test_the_archive_has_every_file_and_no_database(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("person\n1\n", encoding="utf-8")
    (tmp_path / "responses").mkdir()
    (tmp_path / "responses" / "health.db").touch()
    example_study.write_archive(tmp_path)
    with ZipFile(tmp_path / example_study.ARCHIVE) as archive:
        assert archive.namelist() == ["example-study/people.csv"]
        assert archive.read("example-study/people.csv") == b"person\n1\n"
