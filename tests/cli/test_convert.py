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


def test_a_module_is_written_beside_the_questionnaire(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    form = str(FORMS.parent / "convert" / "qsf" / "claessens_ai_moral.qsf")
    module = Path("study", "modules", "DecisionRatings.yaml")
    assert run_command(["convert", form, "-o", "study/ai.yaml", "--format", "json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["modules"] == [str(module)]
    assert f"{module}: written; ai.yaml includes it once for each loop" in captured.err
    assert run_command(["check", "study/ai.yaml"]) == 0

    # nothing is written if a module is in the way
    assert run_command(["convert", form, "-o", "study/other.yaml"]) == 1
    assert f"{module}: the file" in capsys.readouterr().err
    assert not (tmp_path / "study" / "other.yaml").exists()


def test_without_out_the_questionnaire_is_beside_the_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "forms").mkdir()
    form = tmp_path / "forms" / "household.md"
    form.write_bytes((FORMS / "household_cati.md").read_bytes())
    assert run_command(["convert", "forms/household.md"]) == 0
    assert "forms/household.yaml: written" in capsys.readouterr().err
    assert (tmp_path / "forms" / "household.yaml").exists()


@pytest.mark.parametrize("name", ["form.docx", "form"])
def test_a_file_that_is_no_form_is_refused_first(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(b"")
    assert run_command(["convert", name]) == 1
    assert capsys.readouterr().err.startswith(f"{name}: this is no form that is known — it must be")
