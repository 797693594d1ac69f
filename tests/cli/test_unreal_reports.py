"""Reports of interviews that aren't real say so before any figure, in every format."""

import zipfile
from pathlib import Path

import pytest

from survey_cli.cli.run_command import run_command
from survey_cli.reports.results.methods import describe_unreal_origin

SIMULATED = "These are simulated interviews, of no real person."


@pytest.fixture(autouse=True)
def _study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["new", "study.yaml"]) == 0
    assert run_command(["simulate", "study.yaml", "-n", "12", "--keep"]) == 0


def report(*options: str) -> int:
    return run_command(["report", "study.yaml", *options])


def test_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert report("--origin", "simulated") == 0
    top = capsys.readouterr().out.splitlines()[:5]
    assert SIMULATED in top


def test_all_origins_say_that_some_are_not_real(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert report("--origin", "all") == 0
    top = capsys.readouterr().out.splitlines()[:5]
    assert "Practice and simulated interviews are among them." in top


@pytest.mark.parametrize(
    ("origin", "remark"),
    [("practice", "These are practice interviews."), ("real", ""), ("imported", "")],
)
def test_only_unreal_interviews_have_a_remark(origin: str, remark: str) -> None:
    assert describe_unreal_origin(origin) == remark


@pytest.mark.parametrize("ending", ["html", "md"])
def test_in_a_page_it_comes_before_the_first_table(ending: str) -> None:
    assert report("--origin", "simulated", "-o", f"report.{ending}") == 0
    page = Path(f"report.{ending}").read_text()
    assert SIMULATED in page
    table = "<table" if ending == "html" else "| ---"
    if table in page:
        assert page.index(SIMULATED) < page.index(table)


def test_in_a_word_document() -> None:
    pytest.importorskip("docx")
    assert report("--origin", "simulated", "-o", "report.docx") == 0
    with zipfile.ZipFile("report.docx") as document:
        assert SIMULATED in document.read("word/document.xml").decode()


def test_a_pdf_is_printed_from_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert report("-o", "results.pdf") == 1
    what = "results.pdf: a report cannot be written as .pdf"
    remedy = "write results.html, open it in a browser, and print it as a PDF"
    assert capsys.readouterr().err == f"{what} — {remedy}\n"
