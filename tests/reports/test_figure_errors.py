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
from survey_cli.documents.report.report_layout import build_errors_grids
from survey_cli.documents.report.workbook import build_results_table
from survey_cli.instrument.schema.analysis_file import FindingSpec
from survey_cli.instrument.schema.document import StudySpec
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import UserError
from survey_cli.reports.disclosure.suppression import BASE, CellPosition
from survey_cli.reports.results import figure_errors
from survey_cli.reports.results.column_groups import ReportColumns
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions
from survey_cli.reports.results.findings import build_findings
from survey_cli.reports.results.linked_tables import build_tables
from survey_cli.reports.results.result_tables import build_item_result

DATA = Path(__file__).parent.parent / "data/school_survey"
REFERENCE = {
    name: float(figure)
    for name, figure in csv.reader((DATA / "reference.tsv").open(), delimiter="\t")
}
TOTAL = ReportColumns((), OPEN)
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
  - {id: tested, type: number, text: "Tested?", min: 0, max: 9999}
  - {id: enrolled, type: number, text: "Enrolled?", min: 0, max: 9999}
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
            "tested": int(lines[i]["api.stu"]),
            "enrolled": int(lines[i]["enroll"]),
        }
        for i in kept
    ]
    return Report(SCHOOLS, rows, by=by, weights=[Fraction(lines[i]["pw"]) for i in kept]), kept


def measured(report: Report, id: str, positions: Sequence[int]) -> Crosstab:
    sampled = schools()[0].answers
    design = figure_errors.read_design(sampled, ROLES, StudySpec())
    design = figure_errors.select_interviews(design, positions, report.answers)
    table = next(table for table in report.tables if table.question.id == id)
    return figure_errors.add_design(table, report.answers, report.groupings, design)


def close(*figures: float) -> object:
    return pytest.approx(figures, rel=1e-8)


def test_shares_and_means_have_the_errors_of_r() -> None:
    report, positions = schools(by=["stype"])
    awards, index = measured(report, "awards", positions), measured(report, "index", positions)
    item = build_item_result(awards, report.printed, interviews=200)
    error = item.rows[0].total.error
    assert error is not None
    expected = [REFERENCE[f"stratified_share_{n}"] for n in (2, 3, 4, 5)]
    assert (error.standard_error, error.coefficient_of_variation, error.low, error.high) == close(
        *expected
    )
    mean = build_item_result(index, TOTAL, interviews=200).summary
    assert mean is not None
    assert mean.error is not None
    expected = [REFERENCE[f"stratified_mean_{n}"] for n in (2, 3, 5, 6)]
    found = (mean.error.standard_error, mean.error.design_effect, mean.error.low, mean.error.high)
    assert found == close(*expected)
    by_kind = build_item_result(index, report.printed, interviews=200).summaries[1:]
    found = [summary.error.standard_error for summary in by_kind if summary.error is not None]
    assert tuple(found) == close(*(REFERENCE[f"stratified_by_{n}"] for n in (4, 5, 6)))
    grid, _ = build_errors_grids(item, replace(made_results(), columns=report.columns))
    assert [line.label for line in grid.lines if line.kind == "head"] == [
        "All",
        "stype: E",
        "stype: H",
        "stype: M",
    ]
    assert [cell.text for cell in grid.lines[1].cells] == ["64", "3.4", "56.9–70.4", "5.4%", "1.02"]
    of_high_schools = next(line for line in grid.lines[7:] if line.label == "Yes")
    error = item.rows[0].figures[2].error
    assert error is not None
    assert of_high_schools.cells[1].text == f"{error.standard_error * 100:.1f}"


def test_differences_are_those_of_r() -> None:
    report, positions = schools(by=["stype"])
    awards, index = measured(report, "awards", positions), measured(report, "index", positions)
    item = build_item_result(awards, report.printed, interviews=200)
    assert [figure.difference is None for figure in item.rows[0].figures] == [
        True,
        True,
        False,
        False,
    ]
    pair = (
        item.rows[0].figures[2].difference
    )  # high schools less elementary ones, the reverse of R's
    assert pair is not None
    value, error, _, _, p = (REFERENCE[f"stratified_pair_{n}"] for n in range(1, 6))
    assert (pair.value, pair.error.standard_error, pair.p) == close(-value, error, p)
    assert (pair.other, pair.error.freedom) == ("E", 148)
    _, grid = build_errors_grids(item, replace(made_results(), columns=report.columns))
    assert [line.label for line in grid.lines if line.kind == "head"] == [
        "stype: H less E",
        "stype: M less E",
    ]
    assert [cell.text for cell in grid.lines[1].cells] == [
        "-41.0",
        "7.8",
        "-56.4 to -25.6",
        "< 0.001",
    ]
    assert [test.name for test in item.tests] == ["Rao–Scott test"]
    assert item.tests[0].p == pytest.approx(REFERENCE["stratified_chisq_4"], rel=1e-8)
    rest = ReportColumns([replace(report.groupings[0], compare="total")], OPEN)
    for table, figure in ((awards, "rest"), (index, "mean_rest")):
        item = build_item_result(table, rest, interviews=200)
        summaries = item.summaries or item.rows[0].figures
        difference = summaries[2].difference
        assert difference is not None
        found = (
            difference.value,
            difference.error.standard_error,
            difference.error.low,
            difference.error.high,
        )
        assert (*found, difference.p) == close(
            *(REFERENCE[f"stratified_{figure}_{n}"] for n in range(1, 6))
        )
        assert difference.other == "the rest"
    assert [
        figure.letters for figure in build_item_result(awards, rest, interviews=200).rows[0].figures
    ] == ["", "↑", "↓", ""]


def test_letters_take_account_of_clusters_and_hidden_figures_have_no_difference() -> None:
    """Ten districts of 20 schools, all of one answer: 80% against 20% are four districts against one."""
    rows = [
        {
            "stype": 1 + district // 5,
            "fpc": district,
            "awards": 1 if district in (0, 1, 2, 3, 5) else 2,
        }
        for district in range(10)
        for _ in range(20)
    ]
    report = Report(SCHOOLS, rows, by=["stype"])
    design = figure_errors.read_design(report.answers, {"psu": ["fpc"]}, StudySpec())
    design = figure_errors.select_interviews(design, range(200), report.answers)
    table = report.tables[0]
    with_design = figure_errors.add_design(table, report.answers, report.groupings, design)
    letters = [
        [
            figure.letters
            for figure in build_item_result(one, report.printed, interviews=200).rows[0].figures
        ]
        for one in (table, with_design)
    ]
    assert letters == [["", "B", ""], ["", "", ""]]
    difference = with_design.design and with_design.design.compare(0, ([1], [2]))
    assert difference
    # 10/9 · Σz² over ten districts, with z = ±0.2/5 or ±0.8/5
    assert difference.error.standard_error == pytest.approx((2 * 0.16 / 5 * 10 / 9) ** 0.5)
    hidden = replace(with_design, hidden=frozenset({CellPosition(0, 2)}))
    for compare in ("pairs", "total"):
        grouping = replace(report.groupings[0], compare=compare)
        item = build_item_result(hidden, ReportColumns([grouping], OPEN), interviews=200)
        assert [figure.difference for figure in item.rows[0].figures] == [None] * 3


def test_a_row_in_which_the_first_column_is_hidden_has_no_differences() -> None:
    report, positions = schools(by=["stype"])
    table = replace(measured(report, "awards", positions), hidden=frozenset({CellPosition(0, 1)}))
    item = build_item_result(table, report.printed, interviews=200)
    assert [figure.difference is not None for figure in item.rows[0].figures] == [False] * 4
    assert [figure.difference is not None for figure in item.rows[1].figures] == [
        False,
        False,
        True,
        True,
    ]


def test_a_ratio_has_the_error_of_r() -> None:
    report, positions = schools()
    tested, enrolled = (
        measured(report, "tested", positions),
        measured(report, "enrolled", positions),
    )
    assert tested.design is not None
    assert enrolled.design is not None
    error = tested.design.measure_ratio(BASE, enrolled.design)
    assert error is not None
    assert (error.standard_error, error.freedom) == close(REFERENCE["stratified_ratio_2"], 197)
    finding = FindingSpec.model_construct(
        text=Text("{ratio}", {}), item="tested", per="enrolled", answer=None, figure=None
    )
    tables = {"tested": tested, "enrolled": enrolled}
    assert build_findings([finding], report.items, tables, report.answers, "en", OPEN) == (
        "0.837 (standard error 0.008, interval 0.822 to 0.852)",
    )


def test_a_condition_leaves_the_design_as_it_is() -> None:
    report, positions = schools("H")
    item = build_item_result(
        measured(report, "awards", positions), TOTAL, interviews=len(positions)
    )
    error = item.rows[0].total.error
    assert error is not None
    expected = (REFERENCE[f"stratified_within_{n}"] for n in (2, 3, 4))
    assert (error.standard_error, error.design_effect, error.freedom) == close(*expected)


def test_what_cannot_be_measured_has_no_error() -> None:
    report, positions = schools("E")
    table = measured(report, "awards", positions)
    item = build_item_result(table, TOTAL, interviews=len(positions))
    assert [row.total.error is None for row in item.rows] == [
        not row.total.amount for row in item.rows
    ]
    alone = Report(
        SCHOOLS,
        [{"stype": 1, "fpc": 9, "awards": 1, "index": 5}, {"stype": 1, "fpc": 9, "awards": 2}],
    )
    design = figure_errors.read_design(
        alone.answers, {"stratum": [], "psu": ["stype"]}, StudySpec()
    )
    table = figure_errors.add_design(alone.tables[0], alone.answers, (), design)  # one unit
    item = build_item_result(table, TOTAL, interviews=2)
    assert not any(row.total.error for row in item.rows)


@pytest.mark.parametrize(
    ("columns", "method", "message"),
    [
        ({"stratum": ["region"]}, None, "no interview has this column"),
        (
            {"replicate_weight": ["fpc", "fpc"]},
            None,
            "the method of the replicate weights is not stated",
        ),
        ({"replicate_weight": ["fpc"]}, "jk1", "only one replicate weight"),
        ({"replicate_weight": ["fpc", "fpc"]}, "fay", "fay needs one factor, its coefficient"),
        (
            {"replicate_weight": ["fpc", "fpc"]},
            "jkn",
            "jkn needs one factor, or 2 for as many replicate weights",
        ),
        ({"fpc": ["stype"], "stratum": ["awards"]}, None, "units in the population"),
        ({"psu": ["school"]}, None, "an interview has no value"),
    ],
)
def test_a_design_that_cannot_be_is_refused(
    columns: dict[str, list[str]], method: Any, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        figure_errors.read_design(schools()[0].answers, columns, StudySpec(replication=method))


def test_a_report_has_errors_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    (folder / "schools.yaml").write_text(SCHOOLS.replace("  fpc: {type: number, role: fpc}\n", ""))
    assert run_command(["simulate", "schools.yaml", "-n", "60", "--keep"]) == 0
    report = ["report", "schools.yaml", "--origin", "simulated", "--threshold", "0"]
    assert (
        run_command([*report, "--errors", "--where", "stype != 2", "--by", "stype", "-o", "r.csv"])
        == 0
    )
    rows = list(csv.DictReader(io.StringIO((folder / "r.csv").read_text())))
    share = next(row for row in rows if row["answer"] == "Yes")
    assert float(share["interval_low"]) < float(share["percent"]) < float(share["interval_high"])
    variation = 100 * float(share["standard_error"]) / float(share["percent"])
    assert float(share["coefficient_of_variation"]) == pytest.approx(variation, rel=1e-4)
    compared = next(row for row in rows if row["column"] == "M" and row["answer"] == "Yes")
    low, value, high = (
        float(compared[name]) for name in ("difference_low", "difference", "difference_high")
    )
    assert low < value < high
    assert compared["difference_from"] == "E"
    reference = next(row for row in rows if row["column"] == "E" and row["answer"] == "Yes")
    assert value == pytest.approx(
        float(compared["percent"]) - float(reference["percent"]), abs=1e-4
    )
    mean = next(row for row in rows if row["kind"] == "mean" and row["column"] == "M")
    assert float(mean["interval_low"]) < float(mean["mean"]) < float(mean["interval_high"])
    assert mean["difference_degrees_of_freedom"]
    capsys.readouterr()
    assert run_command([*report, "--errors"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "by Taylor linearization, for 60 primary sampling units in 3 strata" in shown
    assert "Design effect" in shown
    assert run_command(report) == 0
    assert "Design effect" not in capsys.readouterr().out


# ── totals and quantiles ───────────────────────────────────────────────────────────────────────


def measured_totals(options: ResultOptions) -> tuple[Report, Crosstab]:
    """The schools by awards with weights that have a mean of 1, as reports have them: the index."""
    report, positions = schools(by=["awards"])
    weights = [Fraction(weight, report.answers.unit) for weight in report.answers.weights or ()]
    scaled = report.answers.with_weights([weight * 200 / 6194 for weight in weights])
    tables = build_tables(
        [table.question for table in report.tables], scaled, report.groupings, options
    )
    design = figure_errors.read_design(schools()[0].answers, ROLES, StudySpec())
    design = figure_errors.select_interviews(design, positions, scaled, units=6194)
    table = next(table for table in tables if table.question.id == "index")
    return report, figure_errors.add_design(table, scaled, report.groupings, design)


def test_totals_are_those_of_r() -> None:
    """`svytotal(~api00, dstrat)` and `svyby(~api00, ~awards, dstrat, svytotal)` of package survey 4.5."""
    options = replace(OPEN, statistics=("totals",))
    report, table = measured_totals(options)
    columns = ReportColumns(report.groupings, options)
    item = build_item_result(table, columns, interviews=200)
    totals = [summary.total for summary in item.summaries]
    assert [total and total.value for total in totals] == [
        pytest.approx(4102207.93, rel=1e-7),
        pytest.approx(2684904.16, rel=1e-7),
        pytest.approx(1417303.77, rel=1e-7),
    ]
    assert [total and total.error.standard_error for total in totals] == [
        pytest.approx(58278.9798072143, rel=1e-6),
        pytest.approx(152042.166199407, rel=1e-6),
        pytest.approx(142752.682431189, rel=1e-6),
    ]
    shown = [total.value for total in (row.total.total for row in item.rows) if total is not None]
    assert sum(shown) == pytest.approx(6194, rel=1e-6), "each school is in one range"
    results = replace(made_results(), columns=columns.headings, items=(item,))
    grid = build_errors_grids(item, results)[-1]
    total = next(line for line in grid.lines if line.kind == "summary")
    assert [total.label, *(cell.text for cell in total.cells)] == [
        "Sum", "4,102,208", "58,279", "3,987,277–4,217,139", "1.4%"
    ]  # fmt: skip
    table_of_rows = build_results_table(results)
    names = [variable.name for variable in table_of_rows.variables]
    rows = [dict(zip(names, row, strict=True)) for row in table_of_rows.iterate_cells()]
    of_sum = next(row for row in rows if row["kind"] == "mean")
    assert float(str(of_sum["total"])) == pytest.approx(4102207.93)
    assert float(str(of_sum["total_standard_error"])) == pytest.approx(58278.98, rel=1e-6)


def test_nothing_hidden_has_a_total_or_a_quantile() -> None:
    options = ResultOptions(threshold=12, statistics=("totals", "quartiles"), inference=False)
    report, table = measured_totals(options)
    item = build_item_result(table, ReportColumns(report.groupings, options), interviews=200)
    figures = [figure for row in item.rows for figure in row.figures]
    assert any(figure.hidden for figure in figures)
    assert all(figure.total is None for figure in figures if figure.share is None)
    for summary in item.summaries:
        assert not summary.hidden or (summary.total is None and summary.quantiles == ())


def test_intervals_of_quantiles_end_where_ranges_do_if_small_counts_are_hidden() -> None:
    """Exactly, they end at the index of one school: 523 and 756 are answers."""
    exact = ResultOptions(threshold=0, statistics=("quartiles",), inference=False)
    _, table = measured_totals(exact)
    summary = build_item_result(table, total_column(exact), interviews=200).summary
    assert summary is not None
    assert [quantile.text for quantile in summary.quantiles] == ["565", "668", "756"]
    index = {value for value, _ in table.values}
    for quantile in summary.quantiles:
        assert {quantile.error.low, quantile.error.high} <= index
        assert quantile.error.low < quantile.value < quantile.error.high

    hiding = replace(exact, threshold=5)
    _, table = measured_totals(hiding)
    ends = {float(end) for line in table.lines for end in line.limits or () if end is not None}
    protected = build_item_result(table, total_column(hiding), interviews=200).summary
    assert protected is not None
    pairs = zip(summary.quantiles, protected.quantiles, strict=True)
    for quantile, wider in pairs:
        assert {wider.error.low, wider.error.high} <= ends
        assert wider.error.low <= quantile.error.low < quantile.error.high <= wider.error.high
        assert wider.error.standard_error >= quantile.error.standard_error
    assert summary.quantiles[1].error != protected.quantiles[1].error

    anonymous = replace(hiding, units="anonymous")
    _, table = measured_totals(anonymous)
    shown = build_item_result(table, total_column(anonymous), interviews=200).summary
    assert shown is not None
    assert shown.quantiles == summary.quantiles


def test_a_report_has_totals_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: F811
    text = SCHOOLS.replace("  fpc: {type: number, role: fpc}\n", "")
    (folder / "schools.yaml").write_text(text)
    assert run_command(["simulate", "schools.yaml", "-n", "80", "--keep"]) == 0
    report = ["report", "schools.yaml", "--origin", "simulated", "--threshold", "0"]
    report += ["--statistics", "totals", "--force", "-o", "r.csv"]

    def read(*options: str) -> dict[tuple[str, str], dict[str, str]]:
        assert run_command([*report, *options]) == 0, capsys.readouterr().err
        rows = csv.DictReader(io.StringIO((folder / "r.csv").read_text()))
        return {(row["item"], row["answer"]): row for row in rows if not row["group"]}

    capsys.readouterr()
    assert run_command(report) != 0
    message = "totals need the number of units in the population — state it: study: {size: …}"
    assert message in capsys.readouterr().err

    # Targets as numbers of units say how many there are. What they fix doesn't vary.
    targets = "variable,value,share\nawards,1,4194\nawards,2,2000\n"
    (folder / "targets.csv").write_text(targets)
    rows = read("--rake", "targets.csv")
    answers = [row for (item, _), row in rows.items() if item == "awards"]
    assert sum(float(row["total"] or 0) for row in answers) == pytest.approx(6194, rel=1e-6)
    declined = sum(float(row["total"] or 0) for row in answers if row["kind"] == "decline")
    of_target = 4194 / 6194 * (6194 - declined)
    assert float(rows["awards", "Yes"]["total"]) == pytest.approx(of_target, rel=1e-6)
    enrolled = rows["enrolled", "Mean"]
    assert float(enrolled["total"]) == pytest.approx(6194 * float(enrolled["mean"]), rel=1e-6)
    assert float(enrolled["total_low"]) < float(enrolled["total"]) < float(enrolled["total_high"])

    (folder / "targets.csv").write_text(targets.replace("4194", "60%").replace("2000", "40%"))
    capsys.readouterr()
    assert run_command([*report, "--rake", "targets.csv"]) != 0
    assert message in capsys.readouterr().err

    # Without weights, all interviews stand for the population, and part of them for a part of it.
    (folder / "schools.yaml").write_text(text.replace("sample:", "study: {size: 6194}\nsample:"))
    rows = read()
    assert float(rows["awards", "Yes"]["total"]) == pytest.approx(
        61.94 * float(rows["awards", "Yes"]["percent"])
    )
    part = read("--where", "awards == 1")
    assert float(part["enrolled", "Mean"]["total"]) == pytest.approx(
        float(rows["awards", "Yes"]["total"]) * float(part["enrolled", "Mean"]["mean"]), rel=1e-6
    )
    capsys.readouterr()
    assert run_command([*report, "--rake", "targets.csv", "--where", "index > 500"]) != 0
    assert "the number of units that meet the condition is not known" in capsys.readouterr().err


def total_column(options: ResultOptions) -> ReportColumns:
    """The only column of a topline with these options."""
    return ReportColumns((), options)
