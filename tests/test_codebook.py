"""Do the pages of a codebook say of every variable what an analyst must know, and take no text for markup?"""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from command_line import folder, written  # noqa: F401
from made_results import HOSTILE, HOSTILE_SHOWN, made_codebook
from page_reading import (
    browser,  # noqa: F401
    by_id,
    complaints_of_axe,
    in_browser,
    levels,
    read,
    tables,
    text_of,
)
from survey_cli.cli.running import run
from survey_cli.documents.report_html import codebook_html
from survey_cli.documents.report_markdown import codebook_markdown


def test_a_variable_says_wording_who_is_asked_codes_and_counts() -> None:
    root = read(codebook_html(made_codebook()))
    variable = by_id("v-q2", root)
    assert text_of(next(iter(variable.iter("blockquote")))) == HOSTILE_SHOWN
    assert "Asked of all. Whole number, ordinal. Source: question q2." in text_of(variable)
    assert "Interviewer: Read slowly." in text_of(variable)
    (codes,) = tables(variable, "codes")
    assert codes == [
        ["Code", "Meaning", "Missing", "Interviews"],
        ["1", HOSTILE_SHOWN, "", "2"],
        ["5", "No opinion", "missing", "[c]"],
        ["(empty)", "Not asked", "not asked", "0"],
    ]
    numbers = by_id("v-q25", root)
    assert "Asked if q24 is 1. Whole number, scale. Source: question q25. Range 1 to 60." in text_of(numbers)
    assert tables(numbers, "codes")[0][1][0] == "–", "any number is no code"
    assert "Personal: kept apart from the data." in text_of(by_id("v-phone", root))
    assert text_of(by_id("sets", root)).endswith("q24 Resources lacking: q24_1, q24_2")


def test_without_data_there_is_no_column_of_counts() -> None:
    made = made_codebook()
    bare = tuple(replace(v, codes=tuple(replace(c, count_text="") for c in v.codes)) for v in made.variables)
    root = read(codebook_html(replace(made, interviews=None, variables=bare)))
    assert tables(by_id("v-q2", root), "codes")[0][0] == ["Code", "Meaning", "Missing"]
    assert "interviews" not in text_of(next(e for e in root.iter("p") if e.get("class") == "edition"))


def test_the_page_is_in_order_for_those_who_hear_it() -> None:
    root = read(codebook_html(made_codebook()))
    found = levels(root)
    assert found[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(found))
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for e in root.iter():
        for name in [*(e.get("aria-labelledby") or "").split(), *re.findall("^#(.+)", e.get("href") or "")]:
            assert name in ids
    text = codebook_html(made_codebook())
    assert HOSTILE not in text
    assert not re.search(r"<(script|link|img|iframe|object)\b|@import|https?://", text)


@in_browser
def test_axe_finds_nothing(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "codebook.html"
    path.write_text(codebook_html(made_codebook()), encoding="utf-8")
    tab = browser.new_page()
    tab.goto(path.as_uri())
    found = complaints_of_axe(tab)
    tab.close()
    assert found == []


def test_markdown_says_the_same() -> None:
    lines = codebook_markdown(made_codebook()).splitlines()
    assert "### `q25` Agents" in lines
    assert "| 5 | No opinion | missing | \\[c\\] |" in lines
    rows = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    assert "Asked if q24 is 1. Whole number, scale. Source: question q25. Range 1 to 60." in lines


def test_a_word_document_has_a_heading_for_each_variable(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    from survey_cli.documents.word import codebook_docx

    path = tmp_path / "codebook.docx"
    codebook_docx(made_codebook(), path)
    document = docx.Document(str(path))
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 2"]
    assert heads == ["q2: Mission defined", "q25: Agents", "phone: Phone"]
    codes = document.tables[1]
    assert [c.text for c in codes.rows[1].cells] == ["1", HOSTILE_SHOWN, "", "2"]


def test_codebook_of_the_founding_survey_names_every_column_of_its_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What `survey export` writes as its header is what the codebook describes, in the same order."""
    source = Path(__file__).parent.parent / "instruments" / "asu_2000.yaml"
    written("asu.yaml", source.read_text(encoding="utf-8"))
    assert run(["simulate", "asu.yaml", "-n", "30", "--keep"]) == 0
    capsys.readouterr()
    assert run(["codebook", "asu.yaml", "--origin", "simulated"]) == 0
    described = re.findall(r"^### `(\w+)`", capsys.readouterr().out, re.MULTILINE)
    assert run(["export", "asu.yaml", "--origin", "simulated", "--with-contacts"]) == 0
    assert described == capsys.readouterr().out.splitlines()[0].split(",")
    assert run(["codebook", "asu.yaml", "-o", "asu.html"]) == 0
    assert "Asked if q2 is Disagree or Strongly disagree" in text_of(
        read(Path("asu.html").read_text("utf-8"))
    )
    assert run(["codebook", "asu.yaml", "-o", "asu.xlsx"]) == 1
    assert ".html" in capsys.readouterr().err
