"""Pages of a report: the figures, in an order for eye, ear and keyboard, and no text as markup."""

import csv
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest

from support.command_line import folder, written  # noqa: F401
from support.example_results import (
    HIDDEN_FIGURE,
    HOSTILE,
    HOSTILE_SHOWN,
    MISSION,
    POINTS,
    made_results,
)
from support.html_pages import (
    SVG,
    browser,  # noqa: F401
    by_id,
    complaints_of_axe,
    contrast,
    in_browser,
    levels,
    read,
    tables,
    text_of,
)
from survey_cli.cli.output.report_text import render_report
from survey_cli.cli.run_command import run_command
from survey_cli.documents.report.report_layout import Block, build_battery_grids
from survey_cli.documents.report.report_pages import render_results_html, render_results_markdown
from survey_cli.documents.report.workbook import build_results_table
from survey_cli.exports import WriteOptions
from survey_cli.exports.text import write_csv


@lru_cache
def page() -> Element:
    return read(render_results_html(made_results()))


def item(id: str) -> Element:
    return by_id(id, page())


def ancestry(root: Element) -> Iterator[tuple[Element, Element]]:
    for parent in root.iter():
        for child in parent:
            yield child, parent


# what a reader reads


@pytest.mark.parametrize(
    ("valid", "caption"),
    [
        ((False, False), "Percentages of all who were asked"),
        ((True, True), "Percentages of those with an answer"),
        ((True, False), "Percentages"),
    ],
)
def test_the_table_of_a_battery_says_of_whom_its_percentages_are(
    valid: tuple[bool, bool], caption: str
) -> None:
    """With `--valid`, a statement has the base of all who were asked if the other would reveal a small count."""
    results = made_results()
    battery = results.batteries[0]
    statements = [
        replace(battery.statements[0], id=f"s{number}", is_valid=is_valid)
        for number, is_valid in enumerate(valid)
    ]
    (grid, *_) = build_battery_grids(replace(battery, statements=tuple(statements)), results)
    assert grid.caption == caption


def test_an_item_has_its_title_base_and_statistics() -> None:
    (topline,) = tables(item("i-consent"), "topline")
    assert topline == [["Answer", "Number", "Percent"], ["Yes", "35", "100"], ["No", "0", "0"]]
    assert text_of(item("h-consent")) == "1 Agrees consent"
    assert "Base: all 35" in text_of(item("i-consent"))
    scale = replace(made_results().items[1], battery="")
    root = read(render_results_html(replace(made_results(), items=(scale,), batteries=())))
    assert "Mean 2.50, median 2, standard deviation 0.70 (of 34 with a value)." in text_of(
        by_id("i-q2", root)
    )


def test_bars_in_a_table_are_as_long_as_their_shares() -> None:
    widths = [e.get("width") for e in item("i-q24").iter(f"{SVG}rect")]
    assert widths == ["75.00%", "55.00%"]
    assert not list(item("i-q25").iter(f"{SVG}rect")), "nobody was asked"


def test_a_banner_says_its_columns_letters_bases_and_tests() -> None:
    (banner,) = tables(item("i-q14"), "banner")
    assert banner[0] == ["Answer", "All", "Kind of unit"]
    assert banner[1] == ["Number", "Percent", "District (A)", "Sector (B)"]
    assert banner[2] == [HOSTILE_SHOWN, "213", "53", "75B", "32"]
    assert banner[3] == ["Trace", "1", "*", "[c]", "[c]"]
    assert banner[-1] == ["Base", "400", "", "200", "200"]
    assert "Kind of unit: Chi-square test: χ² = 7.81, df = 2, p = 0.020" in text_of(item("i-q14"))


def test_a_span_of_items_ends_with_a_number() -> None:
    numbered, turns = (
        replace(made_results().items[0], id=id, number=n)
        for id, n in (("age", "4"), ("hh_turns", ""))
    )
    assert Block(None, (numbered, turns)).span == "4"
    assert Block(None, (turns,)).span == "hh_turns"


def test_the_page_goes_from_contents_over_sections_to_methods() -> None:
    titles = [text_of(e) for e in page().iter("h2")]
    assert titles == [
        "Read this first",
        "Contents",
        "Item 1",
        "Mission",
        HOSTILE_SHOWN,
        "Resources",
        "Appendix: methods and rates",
    ]
    appendix = text_of(item("appendix"))
    for told in (
        "Raked to kind.",
        "design effect 1 + cv² is 1.09",
        "RR1",
        "85.7%",
    ):
        assert told in appendix
    weights, _ = tables(item("appendix"), "banner")
    assert weights[1:] == [["Kind: District", "48.2", "60.0", "60"]]
    assert "Incentivenot stated" in appendix.replace(" not", "not")


def test_an_item_in_no_battery_has_its_wording_and_verbatims() -> None:
    found = item("i-q14")
    assert text_of(next(iter(found.iter("blockquote")))) == f"How is it? {HOSTILE_SHOWN}"
    (said,) = [e for e in found.iter("ul") if e.get("class") == "verbatims"]
    assert text_of(said).startswith("Other: “=1+1 <b>&amp; | {name} **very**"), (
        "words of people are as they said them"
    )
    assert text_of(said).endswith("” (7)")


def test_a_battery_of_which_nothing_can_be_drawn_has_its_table() -> None:
    made = made_results()
    (m,) = made.batteries
    rows = [
        replace(row, figures=(HIDDEN_FIGURE,)) if row.code == "1" else row
        for row in m.statements[0].rows
    ]
    hidden = replace(m, statements=tuple(replace(s, rows=tuple(rows)) for s in m.statements))
    root = read(render_results_html(replace(made, batteries=(hidden,))))
    assert not list(by_id("b-m", root).iter("figure"))
    (table,) = tables(by_id("b-m", root), "banner")
    assert [line[1] for line in table[2:]] == ["[c]", "[c]"]
    assert list(by_id("b-m", page()).iter("figure"))


def test_a_battery_is_a_table_of_its_statements() -> None:
    (table,) = tables(item("b-m"), "banner")
    assert table == [
        ["Statement", "Percent", "Nets", ""],
        [*(label for label, _ in POINTS), "Agree (1 + 2)", "Disagree (3 + 4)", "Mean", "Base"],
        [f"2. {MISSION}", "6", "46", "40", "6", "3", "51", "46", "2.50", "35"],
        ["3. You and your ‹chief› agree.", "3", "86", "3", "3", "6", "89", "6", "2.50", "35"],
    ]


def test_the_first_page_has_findings_and_one_picture() -> None:
    made = replace(
        made_results(), findings=("51% agree.",), in_brief="Units · Telephone", picture="m"
    )
    root = read(render_results_html(made))
    (head,) = root.iter("header")
    assert "51% agree." in text_of(head)
    assert "Units · Telephone" in text_of(head)
    assert len(list(head.iter("figure"))) == 1
    assert not list(by_id("b-m", root).iter("figure")), "it is drawn once"
    assert not list(next(iter(page().iter("header"))).iter("figure"))


# structure, by ear and by keyboard


def test_headings_go_down_one_step_at_a_time() -> None:
    found = levels(page())
    assert found.count(1) == 1
    assert found[0] == 1
    assert max(b - a for a, b in pairwise(found)) == 1


def test_every_table_has_a_caption_and_heads_that_say_of_what() -> None:
    for table in page().iter("table"):
        assert text_of(next(iter(table.iter("caption"))))
        for row in table.iter("tr"):
            for th in row.iter("th"):
                assert th.get("scope") in ("col", "row", "colgroup"), text_of(table)
        for row in next(iter(table.iter("tbody"))).iter("tr"):
            assert row[0].tag == "th"
            assert row[0].get("scope") == "row"


def test_every_reference_finds_what_it_names() -> None:
    ids = [e.get("id") for e in page().iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for e in page().iter():
        for name in (e.get("aria-labelledby") or "").split():
            assert name in ids
        if (to := e.get("href")) is not None:
            assert to.startswith("#")
            assert to[1:] in ids


def test_pictures_have_words_or_are_decoration() -> None:
    inside = dict(ancestry(page()))
    assert len(list(page().iter(f"{SVG}svg"))) > 7
    for svg in page().iter(f"{SVG}svg"):
        hidden = svg.get("aria-hidden") == "true"
        assert hidden or (svg.get("role") == "img" and svg.get("aria-labelledby")), svg.attrib
        if not hidden:
            assert text_of(svg[1]), "a chart says its figures"
        else:
            assert inside[svg].tag in ("td", "body"), "beside its figure"


def test_the_file_needs_nothing_else() -> None:
    text = render_results_html(made_results())
    assert not re.search(
        r"<(script|link|img|iframe|object)\b|@import|url\((?!#hatch)|https?://(?!www\.w3\.org/2000/svg)",
        text,
    )


def test_no_text_is_taken_for_markup_anywhere() -> None:
    harmless = render_results_html(made_results(hostile="Plain"))
    hostile = render_results_html(made_results())
    kinds = [{e.tag for e in read(text).iter()} for text in (harmless, hostile)]
    assert kinds[1] == kinds[0]
    assert [len(list(read(text).iter("table"))) for text in (harmless, hostile)] == [7, 7]
    assert HOSTILE not in hostile


def test_words_in_another_language_say_which() -> None:
    root = read(render_results_html(replace(made_results(), language="fr")))
    said = list(root.iter("blockquote"))
    assert {e.get("lang") for e in said} == {"fr"}
    assert root.get("lang") == "en"
    spanish = read(render_results_html(replace(made_results(), language="es-MX")))
    assert spanish.get("lang") == "es-MX"
    assert not [e for e in page().iter("blockquote") if e.get("lang")]


def test_letters_can_be_read_on_white() -> None:
    """Every colour of letters in the stylesheet, against white and against the grey of nothing: 4.5 to 1."""
    style = (Path(__file__).parents[2] / "survey_cli/documents/templates/report.css").read_text(
        encoding="utf-8"
    )
    named = dict(re.findall(r"--(\w+): (#\w+);", style))
    used = set(re.findall(r"(?<![-\w])color: (?:var\(--(\w+)\)|(#\w+))", style))
    colors = {named.get(name, color) for name, color in used}
    assert named["ink"] in colors
    assert all(contrast(color, "#fff") >= 4.5 for color in colors)


# in a browser


@pytest.fixture
def shown(browser: Any, tmp_path: Path) -> Iterator[Any]:  # noqa: F811
    """The page, opened from a file without a network; whatever it complains of fails the test."""
    path = tmp_path / "report.html"
    path.write_text(render_results_html(made_results()), encoding="utf-8")
    context = browser.new_context(offline=True)
    tab = context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("requestfailed", lambda request: complaints.append(request.url))
    tab.goto(path.as_uri())
    yield tab
    context.close()
    assert complaints == []


@in_browser
def test_axe_finds_nothing(shown: Any) -> None:
    assert complaints_of_axe(shown) == []


@in_browser
def test_a_keyboard_reaches_the_results_at_once_and_every_wide_table(shown: Any) -> None:
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Skip to the results"
    shown.keyboard.press("Enter")
    assert shown.evaluate("location.hash") == "#results"
    names = []
    for _ in range(4):
        shown.keyboard.press("Tab")
        names.append(shown.evaluate("document.activeElement.getAttribute('aria-label')"))
    assert names == [
        "Table: Item 1: counts and percentages",
        "Chart of items 2–3",
        "Table: items 2–3: Percentages of all who were asked",
        "Table: Item 4: counts and percentages",
    ]


@in_browser
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_runs_over_the_edge(shown: Any, width: int) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    wide = shown.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


@in_browser
@pytest.mark.parametrize("width", [400, 1200])
def test_each_chart_of_a_battery_is_seen_whole_and_once(shown: Any, width: int) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    ends = shown.evaluate(
        "[...document.querySelectorAll('figure:has(svg.stacked)')].map(figure => [...figure.querySelectorAll('svg')]"
        ".map(chart => chart.getBoundingClientRect()).filter(box => box.width).map(box => box.right))"
    )
    assert ends, "there is a battery"
    assert all(len(rights) == 1 and rights[0] <= width for rights in ends)


@in_browser
def test_it_prints_on_a_few_pages(shown: Any) -> None:
    pdf = shown.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 12


# Markdown


def test_markdown_tables_have_as_many_cells_in_each_line() -> None:
    lines = render_results_markdown(made_results()).splitlines()
    counts: list[int] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            counts.append(len(re.findall(r"(?<!\\)\|", line)))
        elif counts:
            assert len(set(counts)) == 1
            assert len(counts) > 2
            counts = []
    assert f"| 2. {MISSION} | 6 | 46 | 40 | 6 | 3 | 51 | 46 | 2.50 | 35 |" in lines
    assert "| Yes | 35 | 100 |" in lines
    assert "> Which resources\\" in lines
    assert "> are **lacking**?" in lines
    assert not any(line.startswith("<") for line in lines)


# data


def test_the_table_for_programs_is_exact_and_hides_what_is_hidden(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(build_results_table(made_results()), file, WriteOptions())
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (agree,) = [r for r in rows if r["item"] == "q2" and r["answer"] == "Agree"]
    assert (agree["count"], agree["percent"], agree["shown_percent"]) == ("16", "45.714286", "46")
    (net,) = [r for r in rows if r["item"] == "q2" and r["answer"] == "Disagree (3 + 4)"]
    assert (net["kind"], net["percent"]) == ("net", "45.714286")
    (hidden,) = [r for r in rows if r["answer"] == "Fair"]
    assert (hidden["count"], hidden["percent"], hidden["shown_count"]) == ("", "", "[c]")
    (trace,) = [r for r in rows if r["answer"] == "Trace" and not r["group"]]
    assert (trace["percent"], trace["shown_percent"]) == ("0.25", "*")
    columns = [
        (r["group"], r["column"], r["count"])
        for r in rows
        if r["item"] == "q14" and r["code"] == "1" and r["group"]
    ]
    assert columns[0] == ("Kind of unit", "District", "150")


def test_in_a_table_of_figures_a_negative_code_is_the_number_it_is() -> None:
    made = made_results()
    declined = replace(made.items[0].rows[0], kind="decline", code="-8", label="-3")
    made = replace(
        made, items=(replace(made.items[0], rows=(declined,)),), filter_notes=("=1+1 alone.",)
    )
    text = StringIO()
    write_csv(build_results_table(made), text, WriteOptions())
    (row, *_) = csv.DictReader(text.getvalue().splitlines())
    assert (row["code"], row["answer"], row["narrowed"]) == ("-8", "-3", "'=1+1 alone.")


def test_a_workbook_holds_numbers_and_runs_no_text(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    from survey_cli.documents.report.workbook import write_results_xlsx

    path = tmp_path / "report.xlsx"
    write_results_xlsx(made_results(), path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Methods", "Results", "Weighting", "Outcomes and rates"]
    lines = [[c.value for c in row[:3]] for row in book["Results"].iter_rows()]
    shares = {line[0]: line[2] for line in lines[:20]}
    assert shares["Agree"] == pytest.approx(16 / 35)
    assert shares["Disagree (3 + 4)"] == pytest.approx(16 / 35)
    assert ["Fair", "[c]", "[c]"] in lines
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [c for c in cells if c.data_type == "f"], "nothing runs"
    assert [c.value for c in cells if str(c.value).startswith("=1+1")]
    (trace,) = [row for row in book["Results"].iter_rows() if row[0].value == "Trace"]
    assert (trace[2].value, trace[2].number_format) == (1 / 400, '[=0]0%;[<0.005]"*";0%')
    texts = [
        str(cell.value)
        for name in ("Results", "Weighting", "Outcomes and rates")
        for row in book[name].iter_rows(min_col=2)
        for cell in row
        if cell.data_type == "s"
    ]
    assert "All" in texts
    texts.remove("7")  # a case
    assert not [t for t in texts if re.fullmatch(r"-?[\d,.]+%?", t)], "no number is a text"
    (rate,) = [
        row[1]
        for row in book["Outcomes and rates"].iter_rows()
        if str(row[0].value).startswith("RR1 ")
    ]
    assert 0 < rate.value < 1
    assert rate.number_format.endswith("0.0%")


def test_a_workbook_prints_one_page_wide_with_its_heads_on_every_page(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    from survey_cli.documents.report.workbook import write_results_xlsx

    path = tmp_path / "report.xlsx"
    made = made_results()
    write_results_xlsx(made, path)
    book = openpyxl.load_workbook(path)
    for sheet in book:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    sheet = book["Results"]
    assert sheet.print_title_rows == "$1:$3"
    assert sheet["A1"].value == made.title
    assert [cell.value for cell in sheet[3][:5]] == [
        "Answer",
        "Number",
        "Percent",
        "District (A)",
        "Sector (B)",
    ]
    ruled = {cell.row for cell in sheet["A"] if cell.border.bottom.style == "thin"}
    assert ruled == {cell.row for cell in sheet["A"] if cell.value == "Answer"}


def test_a_word_document_has_real_headings_and_tables(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx")
    from survey_cli.documents.word import write_results_docx

    path = tmp_path / "report.docx"
    write_results_docx(made_results(), path)
    document = docx.Document(str(path))
    heads = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert heads[-1] == "Appendix: methods and rates"
    assert "Mission" in heads
    assert HOSTILE_SHOWN in heads
    found = [[[c.text for c in row.cells] for row in t.rows] for t in document.tables]
    assert ["Yes", "35", "100"] in [line for table in found for line in table]
    assert [f"2. {MISSION}", "6", "46", "40", "6", "3"] in [
        line for table in found for line in table
    ]
    banner = next(t for t in document.tables if "Sector (B)" in [c.text for c in t.rows[1].cells])
    assert [c.text for c in banner.rows[0].cells] == [
        "",
        "All",
        "All",
        "Kind of unit",
        "Kind of unit",
    ]
    assert banner.rows[2].cells[3].text == "75B"
    repeated = [row._tr.xpath("./w:trPr/w:tblHeader") for row in banner.rows]
    assert [bool(r) for r in repeated[:4]] == [True, True, False, False]


# on the terminal


@pytest.mark.parametrize("cells", [40, 80, 140])
def test_no_line_is_wider_than_the_terminal(cells: int) -> None:
    from rich.cells import cell_len

    for line in "\n".join(render_report(made_results(), cells=cells)).splitlines():
        assert cell_len(line) <= cells, line


def test_bars_stand_beside_their_figures() -> None:
    lines = "\n".join(render_report(made_results(), cells=80)).splitlines()
    bars = {
        line.split("  ")[0] + line[4:].split("  ")[0]: len(re.findall("[█▒░]", line))
        for line in lines
        if "%" in line
    }
    assert bars["Agents"] == 24, "75 per cent of 32 cells"
    assert bars["Vehicles"] == 18
    assert bars["Trace"] == 1, "more than none"
    agree = next(line for line in lines if line.startswith("    Agree "))
    assert re.fullmatch(r" {4}Agree +16 +46% +█+", agree)
    plainly = "\n".join(render_report(made_results(), cells=80, blocks=False))
    assert not set("█▒░") & set(plainly)
    assert re.search(r"Agree +16 +46% +#+\n", plainly)


# the command

TEA = """\
instrument: tea
title: Tea
study: {sponsor: Institute}
items:
  - id: drinks
    type: single
    text: Do you drink tea?
    options: {1: "Yes", 2: "No"}
  - id: cups
    type: number
    ask_if: drinks == 1
    text: How many cups?
    min: 1
    max: 9
"""


@pytest.fixture
def tea() -> None:
    written("tea.yaml", TEA)
    assert run_command(["simulate", "tea.yaml", "-n", "40", "--keep"]) == 0


SIMULATED = ("report", "tea.yaml", "--origin", "simulated")


@pytest.mark.usefixtures("tea")
def test_report_is_drawn_or_written_by_the_ending(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run_command([*SIMULATED]) == 0
    said = capsys.readouterr()
    assert "Do you drink tea?" in said.out
    for name in ("tea.html", "tea.md", "tea.docx", "tea.xlsx", "tea.csv"):
        assert run_command([*SIMULATED, "-o", name]) == 0
        assert Path(name).stat().st_size > 500
    assert run_command([*SIMULATED, "-o", "tea.html"]) == 1
    assert "--force" in capsys.readouterr().err
    assert run_command([*SIMULATED, "-o", "tea.html", "--force"]) == 0
    assert run_command([*SIMULATED, "-o", "-"]) == 0
    assert capsys.readouterr().out == Path("tea.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("tea")
def test_a_name_that_says_no_form_is_refused_before_anything_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("tea.pdf", "tea"):
        assert run_command([*SIMULATED, "-o", name]) == 1
        assert ".html" in capsys.readouterr().err
        assert not Path(name).exists()
    assert run_command(["report", "tea.yaml"]) == 1
    assert "no interviews to report on" in capsys.readouterr().err


@pytest.mark.usefixtures("tea")
def test_charts_go_into_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*SIMULATED, "--charts", "pictures"]) == 0
    assert sorted(p.name for p in Path("pictures").iterdir()) == ["cups.svg", "drinks.svg"]
    drinks = Path("pictures/drinks.svg").read_text(encoding="utf-8")
    assert drinks.startswith("<?xml")
    assert re.search(r"<text [^>]*>\d\. Do you drink tea\?</text>", drinks), (
        "its number and wording stand over it"
    )
    assert run_command([*SIMULATED, "--charts", "pictures"]) == 1, "what is there stays"
    assert run_command([*SIMULATED, "--png"]) == 1
    assert "--charts" in capsys.readouterr().err


@pytest.mark.usefixtures("tea")
def test_a_missing_library_is_named_with_what_brings_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "survey_cli.documents.word", raising=False)
    monkeypatch.delattr("survey_cli.documents.word", raising=False)
    monkeypatch.setitem(sys.modules, "docx", None)
    assert run_command([*SIMULATED, "-o", "tea.docx"]) == 1
    assert "pip install 'python-docx" in capsys.readouterr().err
    assert not list(Path.cwd().glob("*.docx"))
