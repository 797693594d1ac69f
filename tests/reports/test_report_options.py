"""Tests and tables on request, the columns of several answers, findings, and the language of a report's own texts."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from support.command_line import folder  # noqa: F401
from support.example_results import made_results
from support.report_tables import OPEN, Report
from survey_cli.cli.run_command import run_command
from survey_cli.documents.report.report_pages import render_results_html
from survey_cli.instrument.schema.analysis_file import FindingSpec
from survey_cli.instrument.source.scalars import Text
from survey_cli.reports import texts
from survey_cli.reports.results.findings import build_findings
from survey_cli.reports.results.groupings import nest_grouping, select_option
from survey_cli.values import DK, REFUSED, Cell

pytest.importorskip("scipy", reason="the extra [report]")

TEXT = """
sample:
  kind: {type: single, options: {1: North, 2: South, 3: East, 4: West}, label: Region}
items:
  - {id: q, type: single, text: Which?, options: {1: One, 2: Two, 3: Three}}
  - {id: media, type: multiple, text: Which media?, options: {1: TV, 2: Radio}, label: Media}
  - {id: n, type: number, text: How many?, min: 0, max: 99}
"""


def crossed(*kinds: Sequence[int]) -> list[dict[str, Cell]]:
    """Of each kind so many with each code."""
    return [
        {"q": q, "kind": kind}
        for kind, counts in enumerate(kinds, 1)
        for q, n in enumerate(counts, 1)
        for _ in range(n)
    ]


def letters(report: Report, id: str = "q") -> list[list[str]]:
    return [[figure.letters for figure in row.figures[1:]] for row in report[id].rows]


def test_letters_follow_level_and_correction() -> None:
    """`prop.test(c(60, 45), c(100, 100), correct = FALSE)`: p 0.0336; of the second row, 30 and 45 of 100: 0.0285; of
    the third, 10 and 10: 1. Three comparisons: 0.101 and 0.086 with Bonferroni, 0.0505 both with Benjamini-Hochberg."""
    rows = crossed((60, 30, 10), (45, 45, 10))
    for level, correction, expected in (
        (0.95, "none", [["B", ""], ["", "A"], ["", ""]]),
        (0.95, "bonferroni", [["", ""]] * 3),
        (0.95, "fdr", [["", ""]] * 3),
        (0.9, "fdr", [["B", ""], ["", "A"], ["", ""]]),
        (0.9, "bonferroni", [["", ""], ["", "A"], ["", ""]]),
    ):
        options = replace(OPEN, level=level, correction=correction)  # type: ignore[arg-type]
        report = Report(TEXT, rows, by=["kind"], options=options)
        assert letters(report) == expected, (level, correction)
        assert any(f"at the {1 - level:.4g} level" in note for note in report.notes)


def test_each_column_against_the_rest_of_the_total() -> None:
    """`prop.test(c(60, 80), c(100, 200), correct = FALSE)`: z = 3.2733, of 60% in the North and 40% in the others."""
    rows = crossed((60, 40, 0), (40, 60, 0), (40, 60, 0))
    report = Report(TEXT, rows, by=["kind"])
    report.groupings = [replace(report.groupings[0], compare="total")]
    assert letters(report) == [["↑", "", ""], ["↓", "", ""], ["", "", ""]]
    assert [column.letter for column in report.columns] == [""] * 4
    assert any("(1 − n₁/n) times as large" in note for note in report.notes)


def test_row_percentages_add_up_over_the_columns() -> None:
    report = Report(
        TEXT, crossed((30, 10, 0), (10, 30, 0)), by=["kind"], options=replace(OPEN, percent="row")
    )
    item = report["q"]
    assert [[figure.percent_text for figure in row.figures] for row in item.rows[:2]] == [
        ["50", "75", "25"]
    ] * 1 + [["50", "25", "75"]]
    assert letters(report) == [["", ""]] * 3, "letters compare column percentages"
    assert item.tests[0].name == "Chi-square test"


def test_columns_with_a_small_base_are_merged_or_left_out_and_said() -> None:
    rows = crossed((30, 10, 0), (3, 4, 0), (2, 6, 0), (20, 20, 0))
    merged = Report(TEXT, rows, by=["kind"], options=replace(OPEN, min_base=10))
    assert [column.label for column in merged.columns] == ["All", "North", "West", "South/East"]
    assert [base.asked for base in merged["q"].bases] == [95, 40, 40, 15]
    left_out = Report(TEXT, rows, by=["kind"], options=replace(OPEN, min_base=20))
    assert [column.label for column in left_out.columns] == ["All", "North", "West"]
    assert "Left out: Region: South/East." in left_out.notes
    one = Report(
        TEXT, crossed((30, 10, 0), (3, 4, 0)), by=["kind"], options=replace(OPEN, min_base=10)
    )
    assert [column.label for column in one.columns] == ["All", "North"]


def test_columns_left_out_are_named_if_each_is_compared_with_the_rest() -> None:
    """Whoever asks for arrows looks for the same columns as whoever asks for letters."""
    rows = crossed((30, 10, 0), (3, 4, 0), (2, 6, 0), (20, 20, 0))
    report = Report(TEXT, rows, by=["kind"], options=replace(OPEN, min_base=20))
    report.groupings = [replace(report.groupings[0], compare="total")]
    assert [column.label for column in report.columns] == ["All", "North", "West"]
    assert "Left out: Region: South/East." in report.notes


@pytest.mark.parametrize(("chose", "others"), [(6, 60), (6, 7)])
def test_an_option_with_a_small_base_is_left_out_and_named(chose: int, others: int) -> None:
    """People who did not choose it are no column that a reader would look for."""
    rows: list[dict[str, Cell]] = [
        {"q": 1 + n % 2, "media_1": int(n < chose)} for n in range(chose + others)
    ]
    report = Report(TEXT, rows, by=["media_1"], options=replace(OPEN, min_base=10))
    report.groupings = [select_option(report.groupings[0], report.answers.variables["media_1"])]
    assert [column.label for column in report.columns] == ["All"]
    assert "Left out: Media: TV." in report.notes


def test_a_figure_with_a_small_base_is_left_out() -> None:
    rows = [
        *crossed((30, 10, 0), (20, 30, 0)),
        *({"n": 3, "kind": 1} for _ in range(4)),
        *({"n": 3, "kind": 2} for _ in range(30)),
    ]
    item = Report(TEXT, rows, by=["kind"], options=replace(OPEN, min_base=10))["n"]
    assert {row.figures[1].percent_text for row in item.rows} == {"[u]"}
    assert item.summaries[1].mean_text == "[u]"
    assert item.summaries[2].mean_text == "3.00"


def test_quartiles_and_standard_errors() -> None:
    """`quantile(x, c(.25, .75), type = 2)`: 3.5 and 11; `sd(x)/sqrt(8)`: 2.1292."""
    rows: list[dict[str, Cell]] = [{"n": n, "kind": 1} for n in (1, 3, 4, 8, 9, 10, 12, 20)]
    report = Report(
        TEXT, rows, by=["kind"], options=replace(OPEN, statistics=frozenset(("quartiles", "se")))
    )
    summary = report["n"].summary
    assert summary is not None
    assert (summary.quartiles_text, summary.error_text) == ("3.5 · 11", "2.129")
    assert Report(TEXT, rows)["n"].summary == summary._replace(quartiles_text="", error_text="")


def test_options_of_a_multiple_are_columns_and_each_is_compared_with_those_who_did_not_choose_it() -> (
    None
):
    """Of 200, 100 chose TV and 100 radio, 50 both: each option divides all, and only those who chose it are shown."""
    rows: list[dict[str, Cell]] = []
    for tv, radio, ones in ((1, 1, 40), (1, 0, 40), (0, 1, 15), (0, 0, 15)):
        rows += [{"q": 1 if i < ones else 2, "media_1": tv, "media_2": radio} for i in range(50)]
    report = Report(TEXT, rows, by=["media_1", "media_2"])
    report.groupings = [
        select_option(grouping, report.answers.variables[grouping.name])
        for grouping in report.groupings
    ]
    assert [(column.group, column.label) for column in report.columns] == [
        ("", "All"),
        ("Media", "TV"),
        ("Media", "Radio"),
    ]
    item = report["q"]
    assert [base.asked for base in item.bases] == [200, 100, 100]
    assert [figure.percent_text for figure in item.rows[0].figures] == ["55", "80", "55"]
    assert letters(report)[0] == ["↑", ""], "80% against 30% of those who did not choose TV"
    assert [test.group for test in item.tests] == ["Media, TV", "Media, Radio"]
    assert letters(report, "media") == [["", ""]] * len(report["media"].rows), (
        "not compared with itself"
    )


def test_a_few_who_declined_do_not_hide_the_columns_of_the_others() -> None:
    declined: list[Cell] = [DK] * 4 + [REFUSED] * 6
    rows = [{"q": q, "media_1": 1} for q in (*(1, 2) * 75, *(1, 1, 2) * 49, *declined)]
    report = Report(TEXT, rows, by=["q"], options=replace(OPEN, threshold=5))
    assert [column.label for column in report.columns] == [
        "All",
        "One",
        "Two",
        "Don't know/Refused",
    ]
    assert [base.count_text for base in report["media"].bases] == ["307", "173", "124", "10"]
    assert [row.total.count_text for row in report["q"].rows] == ["173", "124", "0", "[c]", "[c]"]
    report = Report(TEXT, rows, by=["q"])
    assert [column.label for column in report.columns] == [
        "All",
        "One",
        "Two",
        "Don't know",
        "Refused",
    ]


def test_columns_that_are_made_of_the_answers_themselves_are_not_tested() -> None:
    """Of the men all are men: such a table has no test, no letter, and reveals nobody's answer."""
    analysis = "variables: {same: {recode: {of: q, values: {1: [1], 2: [2, 3]}}}}"
    report = Report(
        TEXT, crossed((60, 40, 0), (0, 60, 0)), by=["kind", "same", "q"], analysis=analysis
    )
    kind, same, itself = report.groupings
    assert nest_grouping(kind, itself).inputs == {"kind", "q"}
    assert [test.group for test in report["q"].tests] == ["Region", "same"]
    assert sum(note.startswith("Unanimous: all of same") for note in report["q"].notes) == 2
    report.groupings[1:] = [
        replace(same, inputs=same.inputs | {"q"}),
        replace(itself, inputs=kind.inputs | {"q"}),
    ]
    assert [test.group for test in report["q"].tests] == ["Region"]
    assert [note.partition(", gave")[0] for note in report["q"].notes[1:]] == [
        "Unanimous: all of Region, South"
    ]
    assert {"".join(row[2:]) for row in letters(report)} == {""}


def finding(text: str, **more: object) -> FindingSpec:
    return FindingSpec.model_construct(
        text=Text(text, {}), **{"answer": None, "figure": None, "per": None, **more}
    )


def test_findings_have_the_figures_of_the_tables_and_hide_what_they_hide() -> None:
    report = Report(TEXT, crossed((30, 10, 0), (10, 30, 0)), by=["kind"])
    items = [report["q"], report["n"]]
    findings = [
        finding("{percent} say one, of {base}.", item="q", answer=(1,)),
        finding("{percent} say any.", item="q", answer=(1, 2)),
        finding("Of those left out {percent}.", item="gone", answer=(1,)),
    ]
    assert build_findings(findings, items, {}, report.answers, "en", OPEN) == (
        "50% say one, of 80.",
        "100% say any.",
    )
    hidden = Report(TEXT, crossed((30, 3, 2)), options=replace(OPEN, threshold=5))["q"]
    two = finding("{percent} say that they have two.", item="q", answer=(2,))
    said = build_findings([findings[0], two, two], [hidden], {}, report.answers, "en", OPEN)
    assert said == ("86% say one, of 35.", "Not shown, because of small counts: Which?")
    filled = build_findings(
        [two], [replace(hidden, label="What does {chief} say?")], {}, report.answers, "en", OPEN
    )
    assert filled == ("Not shown, because of small counts: What does ‹chief› say?",)
    numbers = Report(TEXT, [{"n": n} for n in (1, 2, 6)])["n"]
    assert build_findings(
        [finding("{mean}, {median}", item="n", figure="median")],
        [numbers],
        {},
        report.answers,
        "en",
        OPEN,
    ) == ("3.00, 2",)
    declined = Report(TEXT, [{"n": DK}] * 9)["n"]
    for none in (declined, Report(TEXT, [{"q": 1}] * 9)["n"]):
        half = [finding("Half have {median} or less.", item="n", figure="median")]
        assert build_findings(half, [none], {}, report.answers, "en", OPEN) == ()


def test_a_ratio_is_of_those_who_have_both_numbers_and_hidden_where_few_have_only_one() -> None:
    """(2·1 + 3·3)/(4·1 + 8·3); of the third, who has no `m`, nothing counts."""
    text = TEXT + "  - {id: m, type: number, text: How many others?, min: 0, max: 9}\n"
    rows: list[dict[str, Cell]] = [{"n": 2, "m": 4}, {"n": 3, "m": 8}, {"n": 9, "m": DK}]
    found = [
        finding("{ratio}, of {base}", item="n", per="m"),
        finding("{ratio}", item="n", per="gone"),
    ]
    said = []
    for threshold in (0, 2):
        options = replace(OPEN, threshold=threshold)
        report = Report(text, rows, weights=[Fraction(1), Fraction(3), Fraction(1)])
        tables = {table.question.id: table for table in report.tables}
        said.append(build_findings(found, report.items, tables, report.answers, "en", options))
    assert said == [("0.393, of 2",), ("Not shown, because of small counts: How many?",)]


# languages


def test_every_translation_fills_in_the_same_values() -> None:
    files = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in Path(texts.__file__).parent.glob("*.json")
    }
    named = files["en"]
    for language, table in files.items():
        assert named.keys() <= table.keys(), language
        for text, other in table.items():
            english = named.get(text, text)
            assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", other)), (
                english
            )


SPANISH = TEXT.replace(
    "sample:",
    "instrument: media\ntitle: Medios\nlanguages: [es]\nsample:\n  w: {type: number, role: weight}",
).replace("items:", 'items:\n  - {id: hola, type: read, text: "Soy {interviewer}."}')
SPANISH += "  - {id: razon, type: verbatim, text: ¿Por qué?, label: Razón}\n"


def test_a_report_in_spanish_has_no_english_text_of_its_own(
    folder: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever is asked for: a text that the table of Spanish lacks is noticed."""
    (folder / "media.yaml").write_text(SPANISH, encoding="utf-8")
    (folder / "media.razon.codes.yaml").write_text("codes: {1: Porque sí}\n", encoding="utf-8")
    (folder / "targets.csv").write_text("variable,value,share\nq,1,50%\nq,2,30%\nq,3,20%\n")
    assert run_command(["simulate", "media.yaml", "-n", "80", "--keep", "--seed", "2"]) == 0
    missing: set[str] = set()
    translate = texts.translate

    def notice(text: str, /, **values: object) -> str:
        if not texts.is_english() and text and text not in (texts._load_texts("es") or {}):
            missing.add(text)
        return translate(text, **values)

    for module in [
        module
        for name, module in __import__("sys").modules.items()
        if name.startswith("survey_cli.")
    ]:
        if getattr(module, "translate", None) is translate:
            monkeypatch.setattr(module, "translate", notice)
    report = ["report", "media.yaml", "--origin", "simulated", "--force", "--unweighted"]
    for more in (
        ["--by", "kind", "--margins", "--verbatims", "-o", "r.html"],
        [
            "--by",
            "media,kind",
            "--threshold",
            "0",
            "--min-base",
            "25",
            "--statistics",
            "quartiles,se",
            "-o",
            "r.md",
        ],
        [
            "--rake",
            "targets.csv",
            "--trim",
            "3",
            "--valid",
            "--percent",
            "row",
            "--by",
            "kind",
            "-o",
            "r.xlsx",
        ],
        [
            "--errors",
            "--where",
            "q == 1",
            "--interviews",
            "complete",
            "--by",
            "kind",
            "--compare",
            "total",
        ],
    ):
        assert run_command([*report, *more]) == 0
        assert texts.is_english(), "what the process builds next is not in the report's language"
    assert not missing
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert '<html lang="es">' in page
    assert "Razón (codificada)" in page
    assert "sin codificar" in page.lower()
    assert "Cómo se hizo la encuesta" in page
    assert "Percent" not in page


def test_a_language_without_a_table_falls_back_to_english() -> None:
    page = render_results_html(replace(made_results(), language="fi"))
    assert '<html lang="en">' in page
    assert ">Percent<" in page
    assert texts.find_language("es-MX") == "es-MX"
    assert texts.find_language("fi") == "en"
