"""Figures of a report have the precision that the roles of sample columns describe, equal to R's package survey."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from support.command_line import folder  # noqa: F401
from support.example_results import made_results
from support.report_tables import OPEN, Report
from survey_cli.cli.run_command import run_command
from survey_cli.documents.report.report_layout import build_errors_grid
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.problems import UserError
from survey_cli.reports.disclosure.suppression import BASE, CellPosition
from survey_cli.reports.results import figure_errors
from survey_cli.reports.results.crosstab import Crosstab
from survey_cli.reports.results.result_tables import build_item_result

DATA = Path(__file__).parent.parent / "data/school_survey"
REFERENCE = {name: float(figure) for name, figure in csv.reader((DATA / "reference.tsv").open(), delimiter="\t")}
ROLES = {"stratum": ["stype"], "fpc": ["fpc"]}
SCHOOLS = """
instrument: schools
title: Schools
sample:
  school: {role: key}
  stype: {type: single, options: {1: E, 2: H, 3: M}, role: stratum}
  fpc: {type: number, role: fpc}
items:
  - {id: hello, type: read, text: "This is {interviewer}."}
  - {id: awards, type: single, text: "Awards?", options: {1: "Yes", 2: "No"}}
  - {id: index, type: number, text: "Index?", min: 0, max: 1000}
"""


def schools(kinds: str = "EHM", by: Sequence[str] = ()) -> tuple[Report, list[int]]:
    """The stratified schools of some kinds, and their positions among all."""
    with (DATA / "apistrat.csv").open() as file:
        lines = list(csv.DictReader(file))
    kept = [i for i, line in enumerate(lines) if line["stype"] in kinds]
    rows = [
        {
            "stype": 1 + "EHM".index(lines[i]["stype"]),
            "fpc": int(lines[i]["fpc"]),
            "awards": 1 if lines[i]["awards"] == "Yes" else 2,
            "index": int(lines[i]["api00"]),
        }
        for i in kept
    ]
    return Report(SCHOOLS, rows, by=by, weights=[Fraction(lines[i]["pw"]) for i in kept]), kept


def measured(report: Report, id: str, positions: Sequence[int]) -> Crosstab:
    sampled = schools()[0].answers
    design = figure_errors.read_design(sampled, ROLES, StudySpec())
    design = figure_errors.select_interviews(design, positions, report.answers)
    table = next(table for table in report.tables if table.question.id == id)
    return figure_errors.add_errors(table, report.answers, report.groupings, design)


def close(*figures: float) -> object:
    return pytest.approx(figures, rel=1e-8)


def test_shares_and_means_have_the_errors_of_r() -> None:
    report, positions = schools(by=["stype"])
    awards, index = measured(report, "awards", positions), measured(report, "index", positions)
    item = build_item_result(awards, report.groupings, interviews=200, options=OPEN)
    error = item.rows[0].total.error
    assert error is not None
    expected = [REFERENCE[f"stratified_share_{n}"] for n in (2, 3, 4, 5)]
    assert (error.standard_error, error.coefficient_of_variation, error.low, error.high) == close(*expected)
    mean = build_item_result(index, interviews=200, options=OPEN).summary
    assert mean is not None
    assert mean.error is not None
    expected = [REFERENCE[f"stratified_mean_{n}"] for n in (2, 3, 5, 6)]
    found = (mean.error.standard_error, mean.error.design_effect, mean.error.low, mean.error.high)
    assert found == close(*expected)
    by_kind = [index.errors[CellPosition(BASE, column)].standard_error for column in (1, 2, 3)]
    assert tuple(by_kind) == close(*(REFERENCE[f"stratified_by_{n}"] for n in (4, 5, 6)))
    grid = build_errors_grid(item, replace(made_results(), columns=report.columns))
    assert grid is not None
    assert [line.label for line in grid.lines if line.kind == "head"] == ["All", "stype: E", "stype: H", "stype: M"]
    assert [cell.text for cell in grid.lines[1].cells] == ["64", "3.4", "56.9–70.4", "5.4%", "1.02"]
    of_high_schools = next(line for line in grid.lines[7:] if line.label == "Yes")
    expected = float(awards.errors[CellPosition(0, 2)].standard_error) * 100
    assert of_high_schools.cells[1].text == f"{expected:.1f}"


def test_a_condition_leaves_the_design_as_it_is() -> None:
    report, positions = schools("H")
    error = measured(report, "awards", positions).errors[CellPosition(0, 0)]
    expected = (REFERENCE[f"stratified_within_{n}"] for n in (2, 3, 4))
    assert (error.standard_error, error.design_effect, error.freedom) == close(*expected)


def test_what_cannot_be_measured_has_no_error() -> None:
    report, positions = schools("E")
    table = measured(report, "awards", positions)
    nobody = [i for i, line in enumerate(table.lines) if not line.counts[0].people]
    assert all(CellPosition(i, 0) not in table.errors for i in nobody)
    alone = Report(SCHOOLS, [{"stype": 1, "fpc": 9, "awards": 1, "index": 5}, {"stype": 1, "fpc": 9, "awards": 2}])
    design = figure_errors.read_design(alone.answers, {"stratum": [], "psu": ["stype"]}, StudySpec())
    assert not figure_errors.add_errors(alone.tables[0], alone.answers, (), design).errors  # one unit


@pytest.mark.parametrize(
    ("columns", "method", "message"),
    [
        ({"stratum": ["region"]}, None, "no interview has this column"),
        ({"replicate_weight": ["fpc", "fpc"]}, None, "the method of the replicate weights is not stated"),
        ({"replicate_weight": ["fpc"]}, "jk1", "only one replicate weight"),
        ({"replicate_weight": ["fpc", "fpc"]}, "fay", "fay needs one factor, its coefficient"),
        ({"replicate_weight": ["fpc", "fpc"]}, "jkn", "jkn needs one factor, or 2 for as many replicate weights"),
        ({"fpc": ["stype"], "stratum": ["awards"]}, None, "units in the population"),
        ({"psu": ["school"]}, None, "an interview has no value"),
    ],
)
def test_a_design_that_cannot_be_is_refused(columns: dict[str, list[str]], method: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        figure_errors.read_design(schools()[0].answers, columns, StudySpec(replication=method))


def test_a_report_has_errors_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    (folder / "schools.yaml").write_text(SCHOOLS.replace("  fpc: {type: number, role: fpc}\n", ""))
    assert run_command(["simulate", "schools.yaml", "-n", "60", "--keep"]) == 0
    report = ["report", "schools.yaml", "--origin", "simulated", "--threshold", "0"]
    assert run_command([*report, "--errors", "--where", "stype != 2", "--by", "stype", "-o", "r.csv"]) == 0
    rows = list(csv.DictReader(io.StringIO((folder / "r.csv").read_text())))
    share = next(row for row in rows if row["answer"] == "Yes")
    assert float(share["interval_low"]) < float(share["percent"]) < float(share["interval_high"])
    variation = 100 * float(share["standard_error"]) / float(share["percent"])
    assert float(share["coefficient_of_variation"]) == pytest.approx(variation, rel=1e-4)
    capsys.readouterr()
    assert run_command([*report, "--errors"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "by Taylor linearization, for 60 primary sampling units in 3 strata" in shown
    assert "Design effect" in shown
    assert run_command(report) == 0
    assert "Design effect" not in capsys.readouterr().out
