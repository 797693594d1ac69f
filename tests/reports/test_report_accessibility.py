"""Accessibility of reports: the order of headings and tables, and texts that other programs do not take for markup."""

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring
from zipfile import ZipFile

import pytest

from support.example_results import HOSTILE, HOSTILE_SHOWN, base_of, figure, made_results
from support.html_pages import by_id, read, tables, text_of
from survey_cli.cli.output.report_text import render_report
from survey_cli.documents.report.report_layout import build_chapters
from survey_cli.documents.report.report_pages import render_results_html, render_results_markdown
from survey_cli.reports.results.report_model import (
    ItemResult,
    ResultColumn,
    ResultRow,
    Results,
    SummaryStatistics,
)

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def some(id: str, number: int, section: str = "", battery: str = "", **more: Any) -> ItemResult:
    said = {"label": id, "wording": f"What of {id}?", "bases": (base_of(100),)} | more
    row = ResultRow(kind="answer", code="1", label="Yes", figures=(figure(40, 100),))
    return ItemResult(
        id=id,
        number=str(number),
        kind="single",
        section=section,
        battery=battery,
        rows=(row,),
        **said,
    )


def of_items(*items: ItemResult, **more: Any) -> Results:
    return replace(
        made_results(), items=items, columns=(ResultColumn("", "All"),), **{"batteries": (), **more}
    )


def test_items_stand_in_the_order_they_were_asked() -> None:
    """Where a roster parts a section, or items stand in none."""
    made = of_items(
        some("consent", 1), some("size", 2, "Home"), some("age_1", 3, "Home: Members"), some("rent", 4, "Home"),
        some("last", 5), some("remark", 6),
    )  # fmt: skip
    assert [(c.title, c.span_text) for c in build_chapters(made)] == [
        ("Item 1", "item 1"), ("Home", "item 2"), ("Home: Members", "item 3"), ("Home, continued", "item 4"),
        ("Items 5–6", "items 5–6"),
    ]  # fmt: skip
    lines = "\n".join(render_report(made, cells=80)).splitlines()
    numbers = [int(line.split()[0]) for line in lines if re.match(r"\d+ +What of", line)]
    assert numbers == [1, 2, 3, 4, 5, 6]
    ids = [e.get("id") or "" for e in read(render_results_html(made)).iter("article")]
    assert ids == ["i-consent", "i-size", "i-age_1", "i-rent", "i-last", "i-remark"]


def test_a_statement_is_never_named_without_its_question() -> None:
    (m,) = made_results().batteries
    part = {"label": "the police", "wording": "How do you rate the police?"}
    titled = of_items(
        some("q2", 1, "S", "m", **part), batteries=(replace(m, section="S", title="Ratings"),)
    )
    untitled = of_items(
        some("q2", 1, "S", "m", **part), batteries=(replace(m, section="S", title="S"),)
    )
    for made, name, title in (
        (titled, "Ratings: the police", "Ratings"),
        (untitled, "How do you rate the police?", "Item 1, asked together"),
    ):
        page = read(render_results_html(made))
        article = by_id("b-m", page)
        assert text_of(next(article.iter("h3"))) == title
        assert text_of(next(article.iter("blockquote"))) == "Do you agree?"
        assert name in [text_of(e) for e in page.iter("a")]
        assert f"### {title}\n\n> Do you agree?" in render_results_markdown(made)


def test_what_the_marks_mean_is_said_once() -> None:
    made = made_results()
    small = base_of(20)._replace(small_text="small: one person is 5.0 percent")
    items = [
        replace(i, bases=(i.bases[0], small, i.bases[2])) if i.has_columns else i
        for i in made.items
    ]
    made = replace(made, items=tuple(items), notes=("[c] a small count", "[u] a small base"))
    for page in (
        render_results_markdown(made).replace("\\", ""),
        "\n".join(render_report(made, cells=80)),
    ):
        for mark in ("[u] a small base", "[c] a small count"):
            assert page.count(mark) == 1
        assert "20 [u]" in page
    (banner,) = tables(by_id("i-q14", read(render_results_html(made))), "banner")
    assert banner[-1] == ["Base", "400", "", "20 [u]", "200"]


def test_a_wide_banner_stands_below_the_topline() -> None:
    made = made_results()
    columns = (
        ResultColumn("", "All"),
        *(ResultColumn("Region", f"Region {n} {'n' * 9}") for n in range(7)),
    )
    (item,) = [i for i in made.items if i.has_columns]
    rows = [
        replace(row, figures=(row.figures[0], *row.figures[1:2] * 7)[: 8 if row.figures[1:] else 1])
        for row in item.rows
    ]
    wide = replace(item, rows=tuple(rows), bases=(base_of(400),) * 8, tests=())
    page = read(render_results_html(replace(made, columns=columns, items=(wide,), batteries=())))
    first, *others = [
        *tables(by_id("i-q14", page), "topline"),
        *tables(by_id("i-q14", page), "banner"),
    ]
    assert first[2] == [HOSTILE_SHOWN, "213", "53"]
    assert [line[:2] for line in (table[2] for table in others)] == [[HOSTILE_SHOWN, "53"]] * len(
        others
    )
    assert sum(len(table[2]) - 2 for table in others) == 7


# what other programs find


def test_markdown_rendered_by_another_program_has_no_markup_of_anybodys_words() -> None:
    rendering = pytest.importorskip("markdown_it", reason="pip install markdown-it-py")
    renderer = rendering.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

    def tags(hostile: str) -> dict[str, int]:
        found = re.findall(
            r"<(\w+)", renderer.render(render_results_markdown(made_results(hostile=hostile)))
        )
        return {tag: found.count(tag) for tag in set(found)}

    harmless = tags("Plain")
    assert harmless["table"] > 5
    hostile = tags(HOSTILE)
    # `**very**` is stress in a designer's texts, and only there
    assert {tag: n for tag, n in hostile.items() if tag != "strong"} == {
        tag: n for tag, n in harmless.items() if tag != "strong"
    }


@pytest.fixture(scope="module")
def word(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The report as a Word document, of a questionnaire in Spanish."""
    pytest.importorskip("docx", reason="the extra [word]")
    from survey_cli.documents.word import write_results_docx

    path = tmp_path_factory.mktemp("word") / "report.docx"
    write_results_docx(replace(made_results(), language="es"), path)
    return ZipFile(path)


def body(word: ZipFile) -> Element:
    return fromstring(word.read("word/document.xml"))[0]


def paragraphs(word: ZipFile) -> Iterator[tuple[str, str]]:
    """Style and text of each paragraph that is in no table."""
    for p in body(word).findall(f"{W}p"):
        style = p.find(f"{W}pPr/{W}pStyle")
        yield (style.get(f"{W}val") or "" if style is not None else ""), "".join(p.itertext())


def test_a_word_document_has_a_title_a_language_and_headings_in_steps(word: ZipFile) -> None:
    core = word.read("docProps/core.xml").decode()
    assert (
        f"<dc:title>{HOSTILE_SHOWN.replace('&', '&amp;').replace('<', '&lt;').replace('>', '&gt;')}"
        in core
        or ("<dc:title>Survey" in core)
    )
    assert "<dc:language>en</dc:language>" in core
    assert "2013" not in core, "the template's own date"
    styles = fromstring(word.read("word/styles.xml"))
    assert [e.get(f"{W}val") for e in styles.iter(f"{W}lang")] == ["en-GB"]
    quoted = [e.get(f"{W}val") for e in body(word).iter(f"{W}lang")]
    assert quoted
    assert set(quoted) == {"es"}, "what was read aloud, in its own language"
    found = [int(style[-1]) for style, _ in paragraphs(word) if re.fullmatch(r"Heading\d", style)]
    assert found[0] == 1
    assert max(b - a for a, b in pairwise(found)) == 1
    assert [style for style, _ in paragraphs(word)].count("Title") == 1
    assert any(style == "ListBullet" for style, _ in paragraphs(word))


def test_a_word_document_has_no_empty_lines_and_no_list_made_by_hand(word: ZipFile) -> None:
    with_pictures = sum(1 for _ in body(word).iter(f"{W}drawing"))
    assert len([text for _, text in paragraphs(word) if not text.strip()]) == with_pictures
    assert not [
        text
        for style, text in paragraphs(word)
        if text.startswith(("•", "- ")) and "Bullet" not in style
    ]


def test_each_table_of_a_word_document_repeats_its_head_and_says_what_it_is(word: ZipFile) -> None:
    found = list(body(word).iter(f"{W}tbl"))
    assert len(found) > 5
    for table in found:
        first, *_ = table.findall(f"{W}tr")
        assert first.find(f"{W}trPr/{W}tblHeader") is not None, "".join(first.itertext())
        properties = table.find(f"{W}tblPr")
        assert properties is not None
        caption = properties.find(f"{W}tblCaption")
        assert caption is not None
        assert caption.get(f"{W}val")
        order = ["tblStyle", "tblW", "tblBorders", "tblLayout", "tblLook", "tblCaption"]
        tags = [child.tag.removeprefix(W) for child in properties]
        assert tags == sorted(tags, key=order.index), "as the schema has it"


def test_each_picture_of_a_word_document_says_its_figures(word: ZipFile) -> None:
    if not list(body(word).iter(f"{W}drawing")):
        pytest.skip("no CairoSVG here: the extra [png]")
    told = [e.get("descr") or "" for e in body(word).iter() if e.tag.endswith("}docPr")]
    assert told
    assert all(re.search(r"\d+%", words) for words in told)


def test_the_contents_of_a_word_document_lead_to_its_headings(word: ZipFile) -> None:
    marks = {e.get(f"{W}name") for e in body(word).iter(f"{W}bookmarkStart")}
    links = [e.get(f"{W}anchor") for e in body(word).iter(f"{W}hyperlink")]
    assert links
    assert set(links) == marks
    fields = [e.get(f"{W}instr") or "" for e in body(word).iter(f"{W}fldSimple")]
    assert fields == [f"PAGEREF {mark} \\h" for mark in links]


def test_nothing_of_a_word_document_is_a_field_or_a_link_of_anybodys_words(word: ZipFile) -> None:
    assert {n for n in word.namelist() if "embed" in n.lower() or "vba" in n.lower()} == set()
    assert 'TargetMode="External"' not in word.read("word/_rels/document.xml.rels").decode()
    assert HOSTILE_SHOWN in "".join(body(word).itertext()), "as it was written"


def test_a_small_base_is_marked_in_a_workbook_and_stays_a_number(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra [excel]")
    from survey_cli.documents.report.workbook import write_results_xlsx

    made = made_results()
    (item,) = [i for i in made.items if i.has_columns]
    small = base_of(20)._replace(small_text="small")
    mean = SummaryStatistics(Fraction(2), "20", "2.00", "2", "0.70")
    marked = replace(item, bases=(item.bases[0], small, item.bases[2]), summaries=(mean,) * 3)
    write_results_xlsx(replace(made, items=(marked,)), tmp_path / "r.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["Results"]
    (base,) = [row for row in sheet.iter_rows() if row[0].value == "Base"]
    assert (base[3].value, base[3].number_format) == (20, '0" [u]"')
    assert base[1].number_format == "General"
    (means,) = [row for row in sheet.iter_rows() if row[0].value == "Mean"]
    assert (means[2].value, means[2].number_format) == (2, "0.00"), "as its neighbours are"
