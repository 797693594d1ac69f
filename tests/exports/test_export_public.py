"""Public exports: identifying columns are named, and `--public` leaves them out."""

import csv
import json
from pathlib import Path

import pytest
from test_exporting import keep

from support.command_line import folder  # noqa: F401
from support.scenario import scenario
from survey_cli.cli.run_command import run_command
from survey_cli.exports import FORMATS
from survey_cli.table.columns import build_columns, find_identifying_columns

STUDY = """
instrument: v
title: Offices
languages: [en]
sample:
  unit: {type: text, role: key}
  city: {type: text}
  kind: {type: single, options: {a: District, b: State}}
  staff: {type: number}
compute: {big: staff > 100, where: city}
items:
  - {id: q1, type: single, text: One, options: {1: "Yes", 2: {text: Else, specify: true}}}
  - {id: q2, type: verbatim, text: Two}
  - {id: q3, type: date, text: Born, partial: true}
  - {id: q4, type: time, text: When}
  - {id: q5, type: multiple, text: Which, mentions: ordered, order: random, options: {1: A, 2: B}}
  - {id: arm, type: split, arms: {red: 1}}
"""
SAID = ("Springfield", "=1+1", "the boss", "1985", "08:30", "U-77")
KEPT = ["kind", "staff", "q1", "q5_1", "q5_2", "q5_mentions", "arm", "q5_order", "big"]


@pytest.fixture(name="file")
def a_study(folder: Path) -> str:  # noqa: F811
    """Three offices, every one of which could be told apart."""
    row = {"unit": "U-77", "city": "Springfield", "kind": "a", "staff": 7.0}
    entries = ("2 the boss", "=1+1", "March 1985", "8:30", "1 2")
    made = [scenario(STUDY, sample=row).keys(*entries) for _ in range(3)]
    keep(*made).close()
    Path("v.yaml").write_text(STUDY, encoding="utf-8")
    return "v.yaml"


def header(file: str) -> list[str]:
    with Path(file).open(newline="", encoding="utf-8") as data:
        return next(csv.reader(data))


def test_columns_are_told_by_kind() -> None:
    instrument = scenario(
        STUDY, sample={"unit": "x", "city": "x", "kind": "a", "staff": 1.0}
    ).interview.instrument
    assert find_identifying_columns(build_columns(instrument), ["unit"]) == {
        "keys": ("unit",),
        "free text": (
            "city",
            "q1_2_text",
            "q2",
            "q2_state",
            "q3",
            "q3_y",
            "q3_m",
            "q3_d",
            "q3_state",
            "where",
        ),
        "dates and times": ("q4", "q4_state"),
    }


def test_an_export_says_what_can_tell_who_said_what(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["export", file, "--db", "v.db", "-o", "x.csv"]) == 0
    said = capsys.readouterr().err
    assert (
        "this file can identify respondents: keys (interview_id, interview_case, interview_by, unit);"
        in said
    )
    assert "free text (city, q1_2_text, q2, " in said
    assert "--public" in said
    assert run_command(["export", file, "--db", "v.db", "-o", "e.csv", "--what", "events"]) == 0
    assert "each row has its case" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "ddi"])
def test_nothing_that_was_said_or_when_is_in_a_public_file(
    file: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    to = f"x{FORMATS[name].extensions[0]}"
    assert (
        run_command(["export", file, "--db", "v.db", "--public", "--format", name, "-o", to]) == 0
    )
    told = capsys.readouterr().err
    assert (
        "left out of the public file: keys (interview_id, interview_case, interview_by, unit)"
        in told
    )
    data = [
        path for path in Path().iterdir() if path.name.startswith("x") and path.suffix != ".xlsx"
    ]
    for path in data:
        content = path.read_bytes()
        assert not [word for word in SAID if word.encode() in content], path
    if name == "csv":
        kept = header("x.csv")
        assert kept == ["interview_number", "interview_origin", "interview_version", "interview_status",
                        "interview_outcome", "interview_language", *KEPT]  # fmt: skip


def test_a_public_bundle_has_neither_the_columns_nor_the_fieldwork(file: str) -> None:
    assert (
        run_command(
            [
                "export",
                file,
                "--db",
                "v.db",
                "--public",
                "--bundle",
                "b",
                "-o",
                "x.csv",
                "-o",
                "x.ddi.xml",
            ]
        )
        == 0
    )
    every = {path.name: path.read_bytes() for path in Path("b").iterdir() if path.is_file()}
    for word in SAID:
        assert not [name for name, content in every.items() if word.encode() in content], word
    readme = every["README.txt"].decode()
    assert "Left out of the public file: keys (interview_id, " in readme
    assert "Rare combinations of answers may still identify a respondent." in readme
    manifest = json.loads(every["manifest.json"])
    assert manifest["public"] is True
    assert "city" in manifest["left_out_for_the_public"]["free text"]
    assert len(manifest["last_event"]) == len("2026-11-24")
    assert not {"cases.csv", "calls.csv"} & every.keys()
    assert run_command(["export", file, "--db", "v.db", "--bundle", "all", "-o", "x.csv"]) == 0
    assert (
        "This file can identify respondents: keys (interview_id, "
        in Path("all/README.txt").read_text()
    )


@pytest.mark.parametrize(
    "option", [["--with-contacts"], ["--personal", "q2"], ["--what", "answers"]]
)
def test_public_and_what_is_not_are_refused_together(
    file: str, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["export", file, "--db", "v.db", "--public", *option, "-o", "x.csv"]) == 1
    assert capsys.readouterr().err.startswith("--public: ")


@pytest.mark.parametrize("ending", ["sps", "r", "sss"])
def test_data_for_one_program_are_said_not_to_be_safe_in_a_spreadsheet(
    file: str, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["export", file, "--db", "v.db", "-o", f"x.{ending}"]) == 0
    assert (
        f"x_{ending}.csv contains texts as they were typed, which a spreadsheet may run"
        in capsys.readouterr().err
    )
    assert (
        run_command(["export", file, "--db", "v.db", "--force", "-o", f"x.{ending}", "--public"])
        == 0
    )
    assert "spreadsheet" not in capsys.readouterr().err
    assert run_command(["export", file, "--db", "v.db", "-o", "x.do"]) == 0
    assert (
        "spreadsheet" not in capsys.readouterr().err
    )  # a .dta file is none that a spreadsheet opens


def test_a_folder_that_is_missing_is_made(file: str) -> None:
    for command in (
        ["export", file, "--db", "v.db", "-o", "new/deep/x.csv", "-o", "new/x.sps"],
        ["export", file, "--db", "v.db", "--bundle", "new/bundles/b"],
        ["codebook", file, "--db", "v.db", "-o", "new/pages/c.html"],
    ):
        assert run_command(command) == 0, command
    there = {str(path.relative_to("new")) for path in Path("new").rglob("*") if path.is_file()}
    assert {"deep/x.csv", "x.sps", "x_sps.csv", "bundles/b/README.txt", "pages/c.html"} <= there


@pytest.mark.parametrize(
    ("outs", "named"),
    [
        (["-o", "mine.datapackage.json", "-o", "mine.ddi.xml"], "mine.csv"),
        (["-o", "mine.ddi.xml"], "mine.csv"),
        (["-o", "mine.ddi.xml", "-o", "data/other.csv"], "other.csv"),
        (["--bundle", "b", "-o", "mine.ddi.xml", "-o", "third.csv"], "third.csv"),
    ],
)
def test_a_description_names_the_file_that_it_is_of(file: str, outs: list[str], named: str) -> None:
    assert run_command(["export", file, "--db", "v.db", *outs]) == 0
    [description] = Path().rglob("mine.ddi.xml")
    assert f"<fileName>{named}</fileName>" in description.read_text(encoding="utf-8")
    for package in Path().rglob("mine.datapackage.json"):
        assert json.loads(package.read_text(encoding="utf-8"))["resources"][0]["path"] == named


def test_a_dry_run_names_all_that_identifies_and_writes_nothing(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"unit": "U-78", "city": "Salem", "kind": "b", "staff": 7.0}
    keep(scenario(STUDY, sample=row).keys("1", "x", "1985", "9", "1")).close()
    before = sorted(Path().rglob("*"))
    options = ["--public", "--dry-run", "-o", "new/x.csv", "-o", "x.sav"]
    assert run_command(["export", file, "--db", "v.db", *options]) == 0
    said = capsys.readouterr().err
    assert "keys: interview_id, interview_case, interview_by, unit\n" in said
    assert (
        "free text: city, q1_2_text, q2, q2_state, q3, q3_y, q3_m, q3_d, q3_state, where\n" in said
    )
    assert (
        "1 of 4 interviews is the only one with these values of kind: somebody who knows them recognizes"
        in said
    )
    assert "x.sav: 4 interviews, 15 columns would be written, from v.db" in said
    assert sorted(Path().rglob("*")) == before
    assert run_command(["export", file, "--db", "v.db", "--dry-run", "--bundle", "b"]) == 1
    assert capsys.readouterr().err.startswith("--dry-run: ")
