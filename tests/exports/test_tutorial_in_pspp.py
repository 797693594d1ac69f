"""The SPSS syntax of the tutorial, run by GNU PSPP: it prints the figures of the tutorial's report."""

import csv
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

from support.pages import ROOT, iterate_fences
from survey_cli.cli.run_command import run_command

TUTORIAL = ROOT / "docs" / "tutorials" / "first-report.md"
FENCES = list(iterate_fences(TUTORIAL))
[SYNTAX] = [fence.text for fence in FENCES if fence.text.startswith("GET FILE='library.sav'")]
[REPORT] = [fence.text for fence in FENCES if "[money]" in fence.text]
ANSWERS = ("Strongly agree", "Agree", "Disagree", "Strongly disagree", "No opinion")


@pytest.mark.skipif(which("pspp") is None, reason="GNU PSPP is not here: apt-get install pspp")
def test_the_syntax_of_the_tutorial_prints_the_figures_of_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyreadstat", reason="the extra [spss]")
    monkeypatch.chdir(tmp_path)
    for fence in FENCES:
        if fence.title.endswith(".yaml"):
            (tmp_path / fence.title).write_text(fence.text, encoding="utf-8")
    settings = ["--settings", "library.simulation.yaml"]
    assert (
        run_command(["simulate", "library.yaml", "-n", "300", "--seed", "1", "--keep", *settings])
        == 0
    )
    assert (
        run_command(["export", "library.yaml", "--origin", "simulated", "-o", "library.sav"]) == 0
    )

    (tmp_path / "x.sps").write_text(SYNTAX, encoding="utf-8")
    subprocess.run(
        ["pspp", "-O", "format=csv", "-o", "x.csv", "x.sps"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    rows = list(csv.reader((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()))
    assert list_cross_tabulation(rows) == list_reported(REPORT)
    assert ["Total", "", "Count", "129", "131", "260"] in rows


def list_cross_tabulation(rows: list[list[str]]) -> list[list[int]]:
    """List the column percentages of the table of all and two branches, from its counts: SPSS rounds to tenths first."""
    counts = []
    for row in rows:
        if len(row) == 6 and row[2] == "Count":
            main_street, riverside, everybody = map(int, row[3:])
            counts.append([everybody, main_street, riverside])

    *answers, bases = counts
    return [
        [int(100 * n / base + 0.5) for n, base in zip(answer, bases, strict=True)]
        for answer in answers
    ]


def list_reported(report: str) -> list[list[int]]:
    """List the percentages of the answers in the report's cross-tabulation: all, Main Street, Riverside."""
    _, _, table = report.partition("counts and percentages")
    lines = re.findall(r"^ +(.+?) +(\d+) +(\d+) +(\d+)$", table, re.MULTILINE)
    return [
        [int(figure) for figure in figures]
        for label, *figures in lines
        if label.startswith(ANSWERS)
    ]
