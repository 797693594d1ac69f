"""Banners: columns, tests and letters agree with textbooks and with another program."""

import builtins
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from support.report_tables import OPEN, Report
from survey_cli.documents.report.report_layout import build_item_grid
from survey_cli.documents.report.workbook import build_results_table
from survey_cli.reports.results.column_groups import name_letter
from survey_cli.reports.results.crosstab import ResultOptions, tabulate
from survey_cli.reports.results.groupings import (
    build_grouping,
    leave_out_hidden_columns,
    nest_grouping,
)
from survey_cli.reports.results.linked_tables import hide_small_counts
from survey_cli.reports.results.report_model import Results
from survey_cli.reports.weighting.answer_counts import (
    EMPTY_COUNT,
    WeightedCount,
    compute_effective_size,
)
from survey_cli.reports.weighting.significance import (
    ComparisonTable,
    adjust_p_values,
    compare_shares,
    compute_p,
    describe_tests,
    run_independence_test,
    run_trend_test,
)
from survey_cli.values import DK, NOT_ASKED, Cell

pytest.importorskip("scipy", reason="the extra [report]")

TEXT = """
scales: {extent: {1: Great, 2: Some, 3: Small, 4: None}}
sample:
  kind: {type: single, options: {1: Sector, 2: District}, label: Kind of unit}
items:
  - {id: q, type: single, text: Which?, options: {1: One, 2: Two}}
  - {id: s, type: scale, text: To what extent?, scale: extent}
"""


def matrix(*rows: Sequence[int]) -> ComparisonTable:
    return ComparisonTable(
        "Group", [[WeightedCount(n, n, n) if n else EMPTY_COUNT for n in row] for row in rows]
    )


def crossed(name: str, **kinds: Sequence[int]) -> list[dict[str, Cell]]:
    """`crossed("q", _1=(3, 1))`: of kind 1 three with code 1 and one with code 2."""
    return [
        {name: code, "kind": int(kind[1:])}
        for kind, counts in kinds.items()
        for code, n in enumerate(counts, 1)
        for _ in range(n)
    ]


def test_chi_square_as_in_the_documentation_of_scipy():
    """`chi2_contingency([[10, 10, 20], [20, 20, 20]])`: 2.7778, 2 degrees of freedom, 0.24935."""
    test = run_independence_test(matrix([10, 10, 20], [20, 20, 20]))
    assert (test.name, test.statistic_text, test.p_text) == (
        "Chi-square test", "χ² = 2.78, df = 2", "p = 0.249",
    )  # fmt: skip
    assert test.p == pytest.approx(0.24935220877729622)


def test_fisher_as_in_the_documentation_of_scipy():
    """`fisher_exact([[8, 2], [1, 5]])`: 0.0350."""
    test = run_independence_test(matrix([8, 2], [1, 5]))
    assert test.name == "Fisher’s exact test"
    assert test.p == pytest.approx(0.034965034965034975)


def test_the_lady_tasting_tea():
    """Fisher's own: three of four cups right, 34/70 two-sided."""
    assert run_independence_test(matrix([3, 1], [1, 3])).p == pytest.approx(34 / 70)


def test_fisher_of_more_columns_draws_the_same_tables_each_time():
    """Exact p of [[2, 0], [0, 1], [0, 1], [1, 2], [0, 1]] is 4/7, by going through all tables."""
    found = [
        run_independence_test(matrix([2, 0], [0, 1], [0, 1], [1, 2], [0, 1]), seed=7)
        for _ in range(2)
    ]
    assert found[0].p == found[1].p
    assert found[0].p == pytest.approx(4 / 7, abs=0.02)
    assert "seed 7" in describe_tests(seed=7)[found[0].name]


def test_trend_as_agresti_has_it():
    """Malformation of infants by their mothers' drinking (A. Agresti, Categorical Data Analysis, table 3.7): M² is 6.57
    with the scores 0, 0.5, 1.5, 4, 7, and 1.83 with equally spaced ones."""
    absent, present = (17066, 14464, 788, 126, 37), (48, 38, 5, 1, 1)
    table = matrix(*zip(absent, present, strict=True))
    drinks = [Fraction(s) for s in ("0", "0.5", "1.5", "4", "7")]
    assert run_trend_test(table, drinks, ordered=True).statistic_text == "M² = 6.57, df = 1"
    assert (
        run_trend_test(table, [Fraction(i) for i in range(5)], ordered=True).statistic_text
        == "M² = 1.83, df = 1"
    )


def test_kruskal_as_in_the_documentation_of_scipy():
    """`kruskal([1, 1, 1], [2, 2, 2], [2, 2])`: 7.0, 0.0302."""
    test = run_trend_test(matrix([3, 0, 0], [0, 3, 2]), [Fraction(1), Fraction(2)], ordered=False)
    assert test.name == "Kruskal–Wallis test"
    assert (test.statistic_text, test.p) == ("H = 7.00, df = 2", pytest.approx(0.0301973834223185))


def test_weighted_counts_are_never_tested_as_counts():
    """Weights that only multiply everything change nothing; weights that vary make the test weaker."""
    plain = run_independence_test(matrix([30, 20], [20, 30]))
    alike = ComparisonTable(
        "Group",
        [[WeightedCount(n, 7 * n, 49 * n) for n in row] for row in ([30, 20], [20, 30])],
        weighted=True,
    )
    assert run_independence_test(alike).p == pytest.approx(
        plain.p, abs=0.005
    )  # an F with 99 is not quite a chi-square
    uneven = ComparisonTable(
        "Group",
        [[WeightedCount(n, n, 2 * n) for n in row] for row in ([30, 20], [20, 30])],
        weighted=True,
    )
    test = run_independence_test(uneven)
    assert test.p is not None
    assert plain.p is not None
    assert test.p == pytest.approx(0.16, abs=0.005)  # as 50 interviews: χ² = 2.00


def test_the_finite_population_correction_makes_differences_surer():
    table = matrix([30, 20], [20, 30])
    half = run_independence_test(table._replace(population_correction=Fraction(1, 2)))
    assert half.statistic_text == "χ² = 8.00, df = 1"  # twice 4.00
    assert run_independence_test(table).statistic_text == "χ² = 4.00, df = 1"
    assert (
        "whole population"
        in run_independence_test(table._replace(population_correction=Fraction(0))).text
    )


def test_column_percentages_bases_and_the_total():
    report = Report(TEXT, crossed("q", _1=(3, 1), _2=(2, 4)), by=["kind"])
    assert report.lines("q") == {
        "One": [("5", "50"), ("3", "75"), ("2", "33")],
        "Two": [("5", "50"), ("1", "25"), ("4", "67")],
    }
    assert [column.label for column in report.columns] == ["All", "Sector", "District"]
    table = report["q"]
    assert [base.asked for base in table.bases] == [10, 4, 6]


def test_who_has_no_value_is_a_column_of_its_own_and_in_no_test():
    rows = [
        *crossed("q", _1=(10, 10), _2=(10, 10)),
        {"q": 1, "kind": NOT_ASKED},
        {"q": DK, "kind": 1},
    ]
    report = Report(TEXT, rows, by=["kind"])
    assert [column.label for column in report.columns][-1] == "no value"
    table = report["q"]
    assert table.tests[0].statistic_text == "χ² = 0.00, df = 1"


def test_letters_from_base_30_with_bonferroni():
    """60 and 40 per cent: z = 1.55 of 30 each (p = 0.12), 2.83 of 100 each (p = 0.005)."""
    small = Report(TEXT, crossed("q", _1=(18, 12), _2=(12, 18)), by=["kind"])["q"]
    large = Report(TEXT, crossed("q", _1=(60, 40), _2=(40, 60)), by=["kind"])["q"]
    few = Report(TEXT, crossed("q", _1=(28, 1), _2=(1, 28)), by=["kind"])["q"]
    assert [f.letters for f in small.rows[0].figures] == ["", "", ""]
    assert [f.letters for f in large.rows[0].figures] == ["", "B", ""]
    assert [f.letters for f in large.rows[1].figures] == ["", "", "A"]
    assert [f.letters for f in few.rows[0].figures] == ["", "", ""]  # bases of 29


def test_more_pairs_want_surer_differences():
    one, other = (
        (WeightedCount(58, 58, 58), WeightedCount(100, 100, 100)),
        (WeightedCount(43, 43, 43), WeightedCount(100, 100, 100)),
    )
    z = compare_shares(one, other, weighted=False)
    assert z == pytest.approx(2.1215, abs=5e-4)
    assert compare_shares(other, one, weighted=False) == pytest.approx(-z)
    p = compute_p(z)
    assert p == pytest.approx(0.0339, abs=5e-5)
    assert adjust_p_values([p, 0.5], "bonferroni") == pytest.approx([2 * p, 1])


def test_a_scale_has_a_trend_too_and_a_census_no_test():
    rows = crossed("s", _1=(20, 15, 10, 5), _2=(5, 10, 15, 20))
    table = Report(TEXT, rows, by=["kind"])["s"]
    assert [test.name for test in table.tests] == ["Chi-square test", "Linear-by-linear trend test"]
    census = Report(
        TEXT,
        rows,
        by=["kind"],
        options=ResultOptions(threshold=0, inference=False, census=True, population=100),
    )
    assert all(not item.tests for item in census.items)
    assert not any(f.letters for item in census.items for row in item.rows for f in row.figures)
    assert any("whole population" in note for note in census.notes)


def test_without_scipy_the_table_stands_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch):
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.partition(".")[0] in ("scipy", "numpy"):
            raise ImportError(name=name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    table = Report(TEXT, crossed("q", _1=(3, 1), _2=(2, 4)), by=["kind"])["q"]
    assert [f.percent_text for f in table.rows[0].figures] == ["50", "75", "33"]
    assert table.tests[0].text == "no test: scipy is not installed"


def test_the_effective_number_is_that_of_kish():
    """Weights 1, 1, 2: 16/6."""
    assert compute_effective_size(WeightedCount(3, 4, 6)) == Fraction(16, 6)
    assert compute_effective_size(EMPTY_COUNT) == 0


def test_an_item_by_itself_is_not_called_unanimous() -> None:
    rows = crossed("q", _1=(8, 9), _2=(7, 0))
    table = Report(TEXT, rows, options=ResultOptions(threshold=0), by=["q", "kind"])["q"]
    unanimous = [note.partition(" gave")[0] for note in table.notes if "Unanimous" in note]
    assert unanimous == ["Unanimous: all of Kind of unit, District,"]


def test_a_nested_column_whose_base_is_hidden_is_left_out() -> None:
    text = TEXT.replace(
        "items:", "  region: {type: single, options: {1: North, 2: South, 3: West}}\nitems:"
    )
    sizes = {(1, 1): 40, (1, 2): 30, (1, 3): 3, (2, 1): 40, (2, 2): 60, (2, 3): 4}
    rows = [
        {"kind": k, "region": r, "q": 1 + n % 2}
        for (k, r), size in sizes.items()
        for n in range(size)
    ]
    options = replace(OPEN, threshold=5)
    report = Report(text, rows, options=options, by=["kind", "region"])
    nested = nest_grouping(*report.groupings)
    question = report.tables[0].question
    tables = hide_small_counts(
        [tabulate(question, report.answers, [nested], options)], report.answers, [nested], options
    )
    hidden = {n for n in range(1, 7) if tables[0].is_base_hidden(n)}
    assert 0 < len(hidden) < 4
    report.tables, report.groupings = tables, leave_out_hidden_columns([nested], tables)
    labels = dict(enumerate(nested.part_labels, 1))
    outer = f"{nested.label}: "
    assert [f"{c.group}: {c.label}".removeprefix(outer) for c in report.columns[1:]] == [
        labels[n] for n in labels if n not in hidden
    ]
    assert len(report["q"].bases) == len(report.columns)
    left_out = "; ".join(f"{nested.label}: {labels[n]}" for n in sorted(hidden))
    assert f"Left out: {left_out}." in report.notes


def test_nested_columns_with_a_small_base_are_merged_within_the_outer_value() -> None:
    text = TEXT.replace(
        "items:", "  region: {type: single, options: {1: North, 2: South, 3: West}}\nitems:"
    )
    sizes = {(1, 1): 40, (1, 2): 30, (1, 3): 3, (2, 1): 40, (2, 2): 60, (2, 3): 4}
    rows: list[dict[str, Cell]] = [
        {"kind": k, "region": r} for (k, r), size in sizes.items() for _ in range(size)
    ]
    groupings = Report(text, rows, by=["kind", "region"]).groupings
    merged = nest_grouping(*groupings, min_base=35)
    assert [label.partition(": ")[2] for label in merged.part_labels] == [
        "North", "South/West", "North", "South", "West"
    ]  # fmt: skip
    assert [merged.part_by_interview.count(part) for part in range(5)] == [40, 33, 40, 60, 4]
    assert merged.unprinted == {1, 4}, "33 together, and 4 alone, are too few"
    assert nest_grouping(*groupings, min_base=33).unprinted == {4}


NESTED = """
sample:
  kind: {type: single, options: {1: Sector, 2: District}, label: Kind}
  region: {type: single, options: {1: North, 2: South}, label: Region}
  sex: {type: single, options: {1: Men, 2: Women}, label: Sex}
items:
  - {id: q, type: single, text: Which?, options: {1: One, 2: Two}}
"""


def nested_report(sizes: dict[tuple[int, int, int], int]) -> Report:
    """Return a report by kind > region > sex: of 100 in each, so many gave the first answer."""
    rows: list[dict[str, Cell]] = [
        {"kind": kind, "region": region, "sex": sex, "q": 1 if n < first else 2}
        for (kind, region, sex), first in sizes.items()
        for n in range(100)
    ]
    report = Report(NESTED, rows, by=["kind", "region", "sex"])
    kind, region, sex = report.groupings
    nested = nest_grouping(nest_grouping(kind, region), sex)
    report.groupings = [nested]
    report.tables = [tabulate(report.tables[0].question, report.answers, [nested], OPEN)]
    return report


def test_letters_of_a_nested_banner_compare_within_the_outer_value() -> None:
    """`prop.test(c(60, 40), c(100, 100), correct = FALSE)`: p = 0.0047; 4 pairs by 2 rows: 0.037.

    All 28 pairs of the eight columns by 2 rows would have had no letter: p = 0.26.
    """
    report = nested_report(
        {
            (1, 1, 1): 60, (1, 1, 2): 40, (1, 2, 1): 50, (1, 2, 2): 50,
            (2, 1, 1): 50, (2, 1, 2): 50, (2, 2, 1): 40, (2, 2, 2): 60,
        }
    )  # fmt: skip
    heads = [(column.group, column.label, column.letter) for column in report.columns[1:]]
    assert heads == [
        ("Kind > Region > Sex: Sector: North", "Men", "A"),
        ("Kind > Region > Sex: Sector: North", "Women", "B"),
        ("Kind > Region > Sex: Sector: South", "Men", "C"),
        ("Kind > Region > Sex: Sector: South", "Women", "D"),
        ("Kind > Region > Sex: District: North", "Men", "E"),
        ("Kind > Region > Sex: District: North", "Women", "F"),
        ("Kind > Region > Sex: District: South", "Men", "G"),
        ("Kind > Region > Sex: District: South", "Women", "H"),
    ]
    letters = [[figure.letters for figure in row.figures[1:]] for row in report["q"].rows]
    assert letters == [["B", "", "", "", "", "", "", "G"], ["", "A", "", "", "", "", "H", ""]]
    note = "In Kind > Region > Sex, a column is compared only with those of the same Kind > Region."
    assert note in report.notes


def test_columns_without_a_value_have_no_letter_and_leave_none_out() -> None:
    rows: list[dict[str, Cell]] = [
        {"kind": kind, "region": region, "sex": 1, "q": 1}
        for kind in (1, 2)
        for region in (1, 2, NOT_ASKED)
        for _ in range(30)
    ]
    report = Report(NESTED, rows, by=["kind", "region"])
    report.groupings = [nest_grouping(*report.groupings)]
    heads = [(column.label, column.letter) for column in report.columns[1:]]
    assert heads == [
        ("North", "A"), ("South", "B"), ("no value", ""),
        ("North", "C"), ("South", "D"), ("no value", ""),
    ]  # fmt: skip


def test_a_column_after_z_has_two_letters_and_figures_separate_them() -> None:
    assert [name_letter(n) for n in (0, 25, 26, 27, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"
    ]  # fmt: skip
    options = ", ".join(f"{n}: State {n}" for n in range(1, 31))
    text = NESTED.replace("1: Sector, 2: District", options)
    # Half of the first state gave the first answer, and nearly all of the second and the last.
    first_answers = {1: 100, 2: 190, 30: 190}
    rows = [
        {"kind": state, "q": 1 if n < first_answers.get(state, 145) else 2}
        for state in range(1, 31)
        for n in range(200)
    ]
    report = Report(text, rows, by=["kind"])
    assert len(report.columns) == 31
    one, two = report["q"].rows
    assert one.figures[1].letters == ""
    assert one.figures[2].letters.startswith("A,C,D")
    assert two.figures[1].letters.startswith("B,C,D")
    assert two.figures[1].letters.endswith(",Z,AA,AB,AC,AD")


def test_numbers_without_labels_are_no_columns_if_they_are_many() -> None:
    options = ", ".join(f"{n}: State {n}" for n in range(1, 31))
    text = f"""
sample:
  state: {{type: single, options: {{{options}}}}}
  age: {{type: number}}
items:
  - {{id: q, type: single, text: Which?, options: {{1: One, 2: Two}}}}
"""
    rows: list[dict[str, Cell]] = [{"state": n, "age": 20 + n, "q": 1} for n in range(1, 31)]
    report = Report(text, rows)
    variables = report.answers.variables
    assert build_grouping(report.answers, variables["age"]) == 30
    by_state = build_grouping(report.answers, variables["state"])
    assert not isinstance(by_state, int)
    assert len(by_state.part_labels) == 30


def test_an_item_has_no_columns_of_its_own_answers() -> None:
    """Of those who answered 1, all answered 1."""
    text = """
items:
  - {id: a, type: single, text: A?, options: {1: One, 2: Two}}
  - {id: b, type: single, text: B?, options: {1: Yes, 2: No}}
"""
    rows: list[dict[str, Cell]] = [
        {"a": a, "b": b} for a, b in ((1, 1), (1, 2), (2, 1), (2, 2)) for _ in range(10)
    ]
    report = Report(text, rows, by=["a"])
    assert not report["a"].has_columns
    assert report["b"].has_columns
    both = Report(text, rows, by=["a", "b"])
    results = Results(
        title="", instrument="x", interviews=40, methods=(), items=tuple(both.items), columns=both.columns
    )  # fmt: skip
    grid = build_item_grid(both["a"], results)
    assert [head.group for head in grid.heads] == ["All", "All", "B?", "B?"]
    assert {len(line.cells) for line in grid.lines} == {4}
    printed = {(row[1], row[5]) for row in build_results_table(results).iterate_cells()}
    assert printed == {("a", ""), ("a", "B?"), ("b", ""), ("b", "A?")}


def test_what_interviewers_note_is_reported_only_if_the_questionnaire_says_so() -> None:
    text = """
items:
  - {id: a, type: single, text: A?, options: {1: One, 2: Two}}
  - {id: mood, type: single, by: interviewer, text: Mood?, options: {1: Good, 2: Bad}}
  - {id: noise, type: single, by: interviewer, report: true, text: Noise?, options: {1: Some, 2: None}}
"""
    report = Report(text, [{"a": 1, "mood": 1, "noise": 2}])
    reported = {table.question.id: table.question.is_reported for table in report.tables}
    assert reported == {"a": True, "mood": False, "noise": True}
