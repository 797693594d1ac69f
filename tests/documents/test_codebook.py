"""Pages of a codebook: what an analyst must know of every variable, and no text as markup."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from support.command_line import folder, write_respondents, written  # noqa: F401
from support.example_results import HOSTILE, HOSTILE_SHOWN, made_codebook
from support.html_pages import (
    browser,  # noqa: F401
    by_id,
    complaints_of_axe,
    in_browser,
    levels,
    read,
    tables,
    text_of,
)
from survey_cli.cli.run_command import run_command
from survey_cli.documents.report.report_pages import render_codebook_html, render_codebook_markdown
from survey_cli.reports.codebook.codebook import Codebook, CodebookVariable
from survey_cli.services.report.publish import load_codebook
from survey_cli.services.report.results_report import ReportOptions


def test_a_variable_says_wording_who_is_asked_codes_and_counts() -> None:
    root = read(render_codebook_html(made_codebook()))
    variable = by_id("v-q2", root)
    assert text_of(next(iter(variable.iter("blockquote")))) == HOSTILE_SHOWN
    assert "Asked of all. Whole number, ordinal. Source: question q2." in text_of(variable)
    assert "Interviewer: Read slowly." in text_of(variable)
    (codes,) = tables(variable, "codes")
    assert codes == [
        ["Code", "Meaning", "Missing", "Interviews"],
        ["1", HOSTILE_SHOWN, "", "2"],
        ["5", "No opinion", "missing", "[c]"],
    ]
    told = f"Missing: -8 {HOSTILE_SHOWN}, don't know (3) · -6 Not asked (0)"
    assert told in text_of(variable), "the kind is said where the label does not"
    numbers = by_id("v-q25", root)
    told = "Asked if q24 is 1. Whole number, scale. Source: question q25. Range 1 to 60. Values: any whole number (30)."
    assert told in text_of(numbers)
    assert not tables(numbers, "codes"), "any number is no table"
    assert text_of(by_id("v-phone", root)).count("Personal") == 1


def test_the_options_of_a_multiple_stand_together_with_the_counts_of_each() -> None:
    variable = by_id("v-q24_1", read(render_codebook_html(made_codebook())))
    assert "Codes: 0 No · 1 Yes" in text_of(variable)
    (grid,) = tables(variable, "columns")
    assert grid == [
        ["Variable", "Content", "0", "1", "-6"],
        ["q24_1", "staff", "20", "15", "0"],
        ["q24_2", HOSTILE_SHOWN, "30", "[c]", "[c]"],
    ]


def test_the_contents_say_what_each_variable_is() -> None:
    root = read(render_codebook_html(made_codebook()))
    names = [text_of(e) for e in root.iter("a") if (e.get("href") or "").startswith("#v-")]
    assert names == [
        "q2 Mission defined",
        "q24_1 … q24_2 Resources lacking",
        "q25 Agents",
        "phone Phone",
    ]


def test_of_turns_the_contents_say_how_many_there_are_and_no_range_that_others_overlap() -> None:
    made = made_codebook()
    q24 = made.variables[1]
    ages = tuple(replace(c, number=2 + 5 * i, turn=i + 1) for i, c in enumerate(q24.columns))
    root = read(
        render_codebook_html(replace(made, variables=(q24, replace(q24, name="age", columns=ages))))
    )
    numbers = [text_of(e) for e in root.iter("span") if e.get("class") == "span"]
    assert numbers == ["2–3", "2"]
    links = [text_of(e) for e in root.iter("a") if e.get("href") == "#v-age"]
    assert links == ["q24_1 … q24_2 (2 turns) Resources lacking"]


def test_without_data_there_is_no_column_of_counts() -> None:
    made = made_codebook()
    bare = tuple(
        replace(v, codes=tuple(replace(c, count_text="") for c in v.codes)) for v in made.variables
    )
    root = read(render_codebook_html(replace(made, interviews=None, variables=bare)))
    assert tables(by_id("v-q2", root), "codes")[0][0] == ["Code", "Meaning", "Missing"]
    assert "interviews" not in text_of(
        next(e for e in root.iter("p") if e.get("class") == "edition")
    )


def test_the_page_is_in_order_for_those_who_hear_it() -> None:
    root = read(render_codebook_html(made_codebook()))
    found = levels(root)
    assert found[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(found))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for e in root.iter():
        for name in [
            *(e.get("aria-labelledby") or "").split(),
            *re.findall("^#(.+)", e.get("href") or ""),
        ]:
            assert name in ids
    text = render_codebook_html(made_codebook())
    assert HOSTILE not in text
    assert not re.search(r"<(script|link|img|iframe|object)\b|@import|https?://", text)


@in_browser
def test_axe_finds_nothing(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "codebook.html"
    path.write_text(render_codebook_html(made_codebook()), encoding="utf-8")
    tab = browser.new_page()
    tab.goto(path.as_uri())
    found = complaints_of_axe(tab)
    tab.close()
    assert found == []


def test_markdown_says_the_same() -> None:
    lines = render_codebook_markdown(made_codebook()).splitlines()
    assert "### `q25` Agents" in lines
    assert "| 5 | No opinion | missing | \\[c\\] |" in lines
    rows = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5, 6}
    assert any(
        line.endswith("Source: question q25. Range 1 to 60. Values: any whole number (30).")
        for line in lines
    )
    assert "### `q24_1` … `q24_2` Resources lacking" in lines


def test_a_word_document_has_a_heading_for_each_variable(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    from survey_cli.documents.word import write_codebook_docx

    path = tmp_path / "codebook.docx"
    write_codebook_docx(made_codebook(), path)
    document = docx.Document(str(path))
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 2"]
    assert heads == [
        "q2: Mission defined",
        "q24_1 … q24_2: Resources lacking",
        "q25: Agents",
        "phone: Phone",
    ]
    codes = document.tables[1]
    assert [c.text for c in codes.rows[1].cells] == ["1", HOSTILE_SHOWN, "", "2"]


def described(file: str) -> Codebook:
    """What the codebook says of simulated interviews, with nothing hidden."""
    made = load_codebook(file, ReportOptions(origin="simulated", threshold=0))
    assert isinstance(made, Codebook)
    return made


def counted(variable: CodebookVariable) -> Iterator[tuple[str, Counter[tuple[str, str]]]]:
    """By column how many interviews have each code and each missing; one without a code stands under ""."""
    lines = [("", code) for code in variable.codes] + [
        (code.missing, code) for code in variable.missing
    ]
    for name, counts in (
        [(column.name, column.counts) for column in variable.columns]
        if variable.columns
        else [(variable.name, tuple(line.count_text for _, line in lines))]
    ):
        found: Counter[tuple[str, str]] = Counter()
        for (kind, line), count in zip(lines, counts, strict=True):
            found[line.code, "" if line.code else kind] += int(count.replace(",", ""))
        yield name, +found


@pytest.mark.parametrize("name", ["asu_2000", "household"])
def test_the_counts_of_a_codebook_are_those_of_the_data_missing_by_missing(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each column of the CSV, counted by hand: every code; every other value; empty cells by what their companion says,
    where they have one."""
    copytree(Path(__file__).parents[2] / "instruments", "i")
    file = f"i/{name}.yaml"
    habits = write_respondents(Path(file).parent, decline="10%")
    assert run_command(["simulate", file, "-n", "60", "--keep", *habits, "--seed", "3"]) == 0
    capsys.readouterr()
    assert run_command(["export", file, "--origin", "simulated", "--raw"]) == 0
    rows = list(csv.DictReader(StringIO(capsys.readouterr().out)))
    book = described(file)
    assert book.interviews == len(rows) == 60
    states = {"-8": "don't know", "-9": "refused", "-6": "not asked", "-7": "not reached"}
    seen = set()
    for variable in book.variables:
        if variable.personal:
            continue
        codes = {line.code for line in (*variable.codes, *variable.missing)}
        for column, said in counted(variable):
            there: Counter[tuple[str, str]] = Counter()
            told = f"{column}_state" in rows[0]
            for row in rows:
                cell = row[column]
                why = "" if cell else states[row[f"{column}_state"]] if told else "empty"
                there[cell if cell in codes else "", why] += 1
            if not told:
                answers = Counter({key: n for key, n in said.items() if key[0] or not key[1]})
                said = +(answers + Counter({("", "empty"): said.total() - answers.total()}))
            assert said == there, column
            seen.add(column)
    assert seen == set(rows[0])


def test_a_number_with_labels_also_says_its_range() -> None:
    copytree(Path(__file__).parents[2] / "instruments", "i")
    made = load_codebook("i/features/number_codes.yaml", ReportOptions())
    assert isinstance(made, Codebook)
    (age,) = [variable for variable in made.variables if variable.name == "age"]
    assert [(code.code, code.label) for code in age.codes] == [
        ("97", "97 or older"),
        ("", "any other value from 18 to 97"),
    ]


def test_a_calculation_by_rows_is_described_by_its_rows() -> None:
    copytree(Path(__file__).parents[2] / "instruments", "i")
    made = load_codebook("i/features/compute_table.yaml", ReportOptions())
    assert isinstance(made, Codebook)
    work, weight_class = (
        next(variable for variable in made.variables if variable.name == name)
        for name in ("work", "weight_class")
    )
    assert work.asked == (
        "Computed: no if hours is 0; else part-time if hours is less than 35;"
        " else full-time if hours is at least 35."
    )
    assert weight_class.source == (
        "computed: {when: [[bmi < 18.5, 1], [bmi < 25, 2], [bmi < 30, 3]], else: 4, unknown: 9}"
    )


def test_what_nobody_is_asked_says_how_it_comes_about() -> None:
    copytree(Path(__file__).parents[2] / "instruments", "i")
    made = load_codebook("i/household.yaml", ReportOptions())
    assert isinstance(made, Codebook)
    asked = {v.name: v.asked for v in made.variables}
    assert asked["alone"] == "Computed: 1 if hh_size is 1, else 0."
    assert asked["age_1"] == "Asked in each turn of person (as many as hh_size, at most 12)."
    assert asked["person_turns"].endswith("turns of person, as many as hh_size, at most 12.")
    assert asked["wording"] == "Drawn by the computer with these shares: spend (1), invest (1)."
    assert asked["adult"] == "Drawn by the computer: a turn of person, by the next birthday."
    assert asked["media_order"].startswith("Drawn for each interview: the codes of the options")
    assert asked["media_other_text"] == "Asked with option other."
    assert asked["consent"] == "Asked of all."
    assert asked["school"] == "Asked of all who reached this item."
    sections = {v.name: v.section for v in made.variables}
    assert sections["name_1"] == sections["age_1"] == "The household: Members of the household"
    kept = {
        v.name: (v.storage, v.codes[0].label)
        for v in made.variables
        if v.section == "About the interview"
    }
    assert (
        kept["interview_began"]
        == kept["interview_updated"]
        == ("date and time", "any date and time")
    )
    assert kept["interview_by"] == ("text", "any text")
    status = next(v for v in made.variables if v.name == "interview_status")
    assert [code.code for code in status.codes] == ["open", "suspended", "stopped", "ended"]


def test_codebook_of_the_founding_survey_names_every_column_of_its_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What `survey export` writes as its header is what the codebook describes, in the same order."""
    source = Path(__file__).parents[2] / "instruments" / "asu_2000.yaml"
    written("asu.yaml", source.read_text(encoding="utf-8"))
    assert run_command(["simulate", "asu.yaml", "-n", "30", "--keep"]) == 0
    names = [name for v in described("asu.yaml").variables for name in v.names]
    capsys.readouterr()
    assert run_command(["export", "asu.yaml", "--origin", "simulated", "--with-contacts"]) == 0
    assert names == capsys.readouterr().out.splitlines()[0].split(",")
    assert run_command(["codebook", "asu.yaml", "-o", "asu.html"]) == 0
    assert "Asked if q2 is Disagree or Strongly disagree" in text_of(
        read(Path("asu.html").read_text("utf-8"))
    )
    assert run_command(["codebook", "asu.yaml", "-o", "asu.xlsx"]) == 1
    assert ".html" in capsys.readouterr().err
