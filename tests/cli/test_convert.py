"""The command `convert`: a file, a report, and exit codes."""

import json
from pathlib import Path

import pytest

from survey_cli.cli.run_command import run_command

FORMS = Path(__file__).parents[1] / "data" / "xlsform"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_form_becomes_a_questionnaire_and_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = str(FORMS / "xlsform_spec_test.xlsx")
    assert run_command(["convert", form, "-o", "study.yaml", "--report", "loss.md"]) == 1
    assert "not carried over, with the reasons" in capsys.readouterr().err
    assert "| survey | 34 |  | geopoint_test |" in (tmp_path / "loss.md").read_text()
    assert run_command(["check", "study.yaml"]) == 0
    assert run_command(["convert", form, "-o", "study.yaml"]) == 1
    assert "the file exists" in capsys.readouterr().err.replace("already ", "")


def test_a_form_without_losses_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["convert", str(FORMS / "household_cati.md"), "-o", "study.yaml"]) == 0
    assert "relevant 29 of 29, constraint 4 of 4, calculation 5 of 5" in capsys.readouterr().err


def test_losses_are_printed_or_written_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    form = str(FORMS / "ipa__Likert_template.xlsx")
    assert run_command(["convert", form, "-o", "study.yaml"]) == 1
    assert (
        "sheet survey, row 6, calculation: device_info: there is no counterpart"
        in capsys.readouterr().out
    )
    assert run_command(["convert", form, "-o", "study.yaml", "--force", "--format", "json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["report"]["lost"][0]["row"] == 6
    assert result["errors"] == []
