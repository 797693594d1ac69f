"""Exported weights give the figures of the report that was raked to the same targets."""

import csv
import io
import json
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from shutil import which
from subprocess import run

import openpyxl
import pytest
from test_exporting import keep

from support.command_line import run_survey, write_respondents
from support.scenario import INSTRUMENTS, scenario
from survey_cli.cli.run_command import run_command
from survey_cli.reports.disclosure.suppression import DEFAULT_THRESHOLD
from survey_cli.reports.results.report_model import Results
from survey_cli.services.report.results_report import ReportOptions, build_results_report

TARGETS = "variable,value,share\nkind,District,70%\nkind,Sector,30%\nq14,1,1\nq14,2,2\nq14,3,1\n"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The founding survey with weights in the sample and 300 invented interviews, some broken off."""
    folder = tmp_path_factory.mktemp("weighed")
    text = (INSTRUMENTS / "asu_2000.yaml").read_text(encoding="utf-8")
    file = folder / "asu_2000.yaml"
    file.write_text(
        text.replace("  region: {", "  w: {type: number, role: weight}\n  region: {"),
        encoding="utf-8",
    )
    (folder / "targets.csv").write_text(TARGETS, encoding="utf-8")
    habits = write_respondents(folder, break_off="1%")
    run_survey(folder, "simulate", "asu_2000.yaml", "-n", "300", "--keep", *habits, "--seed", "5")
    return file


def exported(study: Path, *more: str) -> tuple[str, str]:
    options = ("--origin", "simulated", "--rake", "targets.csv", "--force", *more)
    return run_survey(study.parent, "export", study.name, *options)


def reported(study: Path, trim: str = "", threshold: int = 0) -> Results:
    folder = study.parent
    wish = ReportOptions(
        db=str(folder / "responses/asu_2000.db"), origin="simulated", threshold=threshold
    )
    made = build_results_report(study, replace(wish, rake=str(folder / "targets.csv"), trim=trim))
    assert isinstance(made, Results), made
    return made


@pytest.mark.parametrize("trim", ["", "2"])
def test_sums_of_the_column_are_the_reports_figures(study: Path, trim: str) -> None:
    """Of every code of every item, to the last digit that weights are kept with."""
    out, said = exported(study, *(("--trim", trim) if trim else ()))
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0])[-1] == "weight_raked"
    counted = [row for row in rows if row["weight_raked"]]
    report = reported(study, trim)
    assert report.interviews == len(counted) < len(rows)
    checked = 0
    for item in report.items:
        if item.kind not in ("single", "scale"):
            continue
        sums: defaultdict[str, Fraction] = defaultdict(Fraction)
        for row in counted:
            if row[item.id] not in ("-6", "-7"):
                sums[row[item.id]] += Fraction(row["weight_raked"])
        shown = {row.code: Fraction(row.total.amount or 0) for row in item.rows if row.code}
        assert {code: amount for code, amount in shown.items() if amount} == dict(sums)
        checked += len(sums)
    assert checked > 100
    weighting = reported(study, trim, DEFAULT_THRESHOLD).weighting
    assert weighting is not None
    for line in (weighting.description, *weighting.notes):
        assert f"weight_raked: {line[0].lower()}{line[1:]}\n" in said


@pytest.mark.skipif(which("pspp") is None, reason="GNU PSPP is not here: apt-get install pspp")
def test_gnu_pspp_weighs_by_it_as_the_report_does(study: Path) -> None:
    pytest.importorskip("pyreadstat", reason="the extra [spss]")
    exported(study, "-o", "d.sav", "--variables", "q1")
    (study.parent / "d.sps").write_text(
        "GET FILE='d.sav'.\nWEIGHT BY weight_raked.\nMISSING VALUES q1 (-7).\nFREQUENCIES q1.\n",
        encoding="utf-8",
    )
    run(
        ["pspp", "-O", "format=csv", "-o", "o.csv", "d.sps"],
        cwd=study.parent,
        check=True,
        capture_output=True,
    )
    told = list(csv.reader((study.parent / "o.csv").read_text(encoding="utf-8").splitlines()))
    theirs = {
        label: float(number)
        for _, label, number, *_ in (row for row in told if len(row) == 6)
        if label
    }
    item = next(item for item in reported(study).items if item.id == "q1")
    ours = {row.label: float(Fraction(row.total.amount or 0)) for row in item.rows if row.code}
    assert {label: theirs[label] for label in ours} == pytest.approx(ours, abs=1e-6)


def test_whoever_counts_in_no_report_weighs_nothing_in_any_format(study: Path) -> None:
    """The cell is empty there: it holds no code that a program would weigh by."""
    pyreadstat = pytest.importorskip("pyreadstat", reason="the extra [spss]")
    polars = pytest.importorskip("polars", reason="the extra [spss]")
    folder = study.parent
    endings = ("csv", "sav", "dta", "parquet", "jsonl", "xlsx")
    exported(study, *(option for ending in endings for option in ("-o", f"x.{ending}")))
    exported(study, "--bundle", "bundle")
    text = (folder / "x.csv").read_text(encoding="utf-8")
    wanted = [float(row["weight_raked"] or 0) for row in csv.DictReader(io.StringIO(text))]
    assert 0 in wanted
    lines = (folder / "x.jsonl").read_text(encoding="utf-8").splitlines()
    objects = [json.loads(line)["weight_raked"] for line in lines]
    sheet = openpyxl.load_workbook(folder / "x.xlsx")["data"]
    [at] = [cell.column for cell in sheet[1] if cell.value == "weight_raked"]
    found = {
        "sav": pyreadstat.read_sav(folder / "x.sav", user_missing=True, output_format="dict")[0],
        "dta": pyreadstat.read_dta(folder / "x.dta", user_missing=True, output_format="dict")[0],
        "parquet": polars.read_parquet(folder / "x.parquet"),
    }
    columns = {ending: data["weight_raked"] for ending, data in found.items()} | {
        "jsonl": [0 if cell == {"missing": "not_applicable"} else cell for cell in objects],
        "xlsx": [
            cell for [cell] in sheet.iter_rows(min_row=2, min_col=at, max_col=at, values_only=True)
        ],
    }
    for ending, column in columns.items():
        assert [value or 0 for value in column] == wanted, ending
    assert (folder / "bundle/asu_2000.csv").read_text(encoding="utf-8") == text
    assert "weight_raked: base weights of w, raked" in (folder / "bundle/README.txt").read_text(
        encoding="utf-8"
    )


def test_what_cannot_be_meant_is_refused_and_targets_are_not_written_over(study: Path) -> None:
    for options, told in (
        (("--what", "calls"), "only interviews are weighted"),
        (("--no-partials",), "partial interviews are weighted with complete ones"),
        (("--trim", "1"), "'1' is not valid"),
        (("-o", "targets.csv", "--force"), "targets.csv is the file of targets"),
        (
            ("-o", "targets.sss", "--rake", "targets_sss.csv", "--force"),
            "targets_sss.csv is the file of targets",
        ),
    ):
        options = ("--origin", "simulated", "--rake", "targets.csv", *options)
        assert told in run_survey(study.parent, "export", study.name, *options, code=1)[1]
    assert (study.parent / "targets.csv").read_text(encoding="utf-8") == TARGETS


HOUSEHOLDS = """
instrument: homes
title: Homes
languages: [en]
sample:
  home: {role: key}
  w: {type: number, role: weight}
  r1: {type: number, role: replicate_weight}
  r2: {type: number, role: replicate_weight}
study: {replication: jk1}
items:
  - {id: n, type: number, text: How many?, min: 1, max: 4}
  - {id: person, type: roster, count: n, max: 4, items: [{id: age, type: number, text: Age?, min: 0, max: 120}]}
  - {id: adult, type: draw, from: person, weight: true}
  - {id: well, type: single, text: Well?, options: {1: "Yes", 2: "No"}}
"""


def test_who_is_drawn_stands_for_all_of_the_household(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 1 and of 3 persons, with base weights of 2 and 1: weights of 2 and 3, scaled to two interviews."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.yaml").write_text(HOUSEHOLDS, encoding="utf-8")
    homes = (("a", 2.0, ("1", "30", "1")), ("b", 1.0, ("3", "30", "40", "50", "2")))
    keep(
        *(
            scenario(HOUSEHOLDS, sample={"home": key, "w": weight, "r1": weight, "r2": 2.0}).keys(
                *answers
            )
            for key, weight, answers in homes
        )
    ).close()
    files = ["x.csv", "x.sav", "x.r", "x.do"]
    assert (
        run_command(
            ["export", "v.yaml", "--db", "v.db", *(part for file in files for part in ("-o", file))]
        )
        == 0
    )
    assert (
        "weight_drawn: base weights of w, weights by how many each was drawn from (adult_of)"
        in capsys.readouterr().err
    )
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["adult_of"], row["weight_drawn"]) for row in rows] == [("1", "0.8"), ("3", "1.2")]
    assert "svyset _n [pweight = weight_drawn], vce(linearized)" in (tmp_path / "x.do").read_text(
        encoding="utf-8"
    )
    report = build_results_report("v.yaml", ReportOptions(db="v.db", threshold=0, errors=True))
    item = next(item for item in report.items if item.id == "well")
    assert [row.total.percent_text for row in item.rows[:2]] == ["40", "60"]
    error = item.rows[0].total.error
    assert error is not None
    # shares of Yes under the replicates 2, 1·3 and 2, 2·3: 0.4 and 0.25
    assert error.standard_error == pytest.approx((0.5 * 2 * 0.075**2) ** 0.5)
    plain = build_results_report("v.yaml", ReportOptions(db="v.db", threshold=0, weighted=False))
    item = next(item for item in plain.items if item.id == "well")
    assert [row.total.percent_text for row in item.rows[:2]] == ["50", "50"]
