"""Reports that compare many groups show every column, on paper, in Word and on a screen."""

import re
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.example_results import base_of, figure, made_results
from support.html_pages import CHROMIUM, read
from survey_cli.documents.report.report_layout import (
    PAGE_WIDTH,
    WORD_WIDTH,
    TableWidth,
    build_item_grids,
)
from survey_cli.documents.report.report_pages import render_results_html, render_results_markdown
from survey_cli.reports.results.report_model import ResultColumn, ResultRow, Results

GROUPS = {
    "Region": ("Northern", "Southern", "Eastern", "Western", "Metropolitan"),
    "Education": (
        "Primary",
        "Secondary",
        "Postsecondary",
        "University",
        "Doctorate",
        "Other-qualification",
    ),
    "Occupation": (
        "Employed",
        "Self-employed",
        "Unemployed",
        "Retired",
        "Homemaker",
        "In-education",
    ),
    "Age": ("Under-18", "18-24", "25-34", "35-44", "45-54", "55-64", "65-74", "75-or-older"),
}


def compared(groups: dict[str, tuple[str, ...]]) -> Results:
    """A report with one item by these groups; the share of each column is its own."""
    columns = [ResultColumn("", "All")]
    for group, labels in groups.items():
        columns += [
            ResultColumn(group, label, chr(65 + n), group) for n, label in enumerate(labels)
        ]
    figures = tuple(figure(n + 1, 1000) for n in range(len(columns)))
    made = made_results()
    item = replace(
        next(item for item in made.items if item.id == "q14"),
        rows=(ResultRow(kind="answer", label="Some answer", figures=figures),),
        bases=tuple(base_of(1000 + n) for n in range(len(columns))),
    )
    return replace(made, columns=tuple(columns), items=(item,), batteries=())


def item_of(results: Results):  # type: ignore[no-untyped-def]
    return next(item for item in results.items if item.id == "q14")


@given(
    st.lists(st.lists(st.integers(1, 30), min_size=1, max_size=12), min_size=1, max_size=5),
    st.sampled_from([PAGE_WIDTH, WORD_WIDTH, TableWidth(20), TableWidth(200)]),
)
def test_each_column_is_in_one_table_with_its_base_and_no_table_is_too_wide(
    lengths: list[list[int]], room: TableWidth
) -> None:
    groups = {f"g{g}": tuple("n" * size for size in sizes) for g, sizes in enumerate(lengths)}
    results = compared(groups)
    grids = build_item_grids(item_of(results), results, room)
    shown = [
        (head.group, cell.text)
        for grid in grids
        for head, cell in zip(grid.heads, grid.lines[-1].cells, strict=True)
        if "All" not in head[:2]
    ]
    bases = [text for group, text in shown if group]
    assert bases == [base.count_text for base in item_of(results).bases[1:]], (
        "every column once, in order"
    )
    for grid in grids:
        assert "All" in grid.heads[0][:2]
        assert len(grid.heads) > 1
        assert all(len(line.cells) == len(grid.heads) for line in grid.lines)
        widths = [max(len(head.text), 4) + 2 for head in grid.heads]
        taken = max(widths) * len(widths) if room.equal_columns else sum(widths)
        assert taken <= room.characters or len(grid.heads) == 2


def test_a_group_stays_together_where_it_fits_by_itself() -> None:
    results = compared(GROUPS)
    grids = build_item_grids(item_of(results), results, PAGE_WIDTH)
    found = Counter(
        head.group for grid in grids for head in {h.group: h for h in grid.heads}.values()
    )
    assert found["Region"] == 1
    assert found["Age"] == 1
    assert [grid.caption for grid in grids][1] == "Item 4: counts and percentages: Education"


def test_a_narrow_banner_is_one_table() -> None:
    results = compared({"Kind": ("A", "B")})
    assert len(build_item_grids(item_of(results), results)) == 1


@pytest.mark.parametrize("render", [render_results_html, render_results_markdown])
def test_pages_have_every_column(render) -> None:  # type: ignore[no-untyped-def]
    said = render(compared(GROUPS))
    for group, labels in GROUPS.items():
        for place, label in enumerate(labels):
            assert f"{label} ({chr(65 + place)})" in said.replace("\\", ""), (group, label)
    if render is render_results_html:
        assert read(said) is not None


def test_word_has_every_column_in_tables_as_wide_as_the_text(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx", reason="the extra [word]")
    from survey_cli.documents.word import CHART_WIDTH_CM, write_results_docx

    write_results_docx(compared(GROUPS), tmp_path / "x.docx")
    found = set()
    for table in docx.Document(str(tmp_path / "x.docx")).tables:
        found |= {cell.text for row in table.rows for cell in row.cells}
        wide = sum(cell.width.cm for cell in table.rows[-1].cells)
        assert wide < CHART_WIDTH_CM + 1
        if len(table.columns) > 3:
            heads = [
                word
                for row in table.rows[:2]
                for cell in row.cells[1:]
                for word in cell.text.split()
            ]
            assert table.rows[-1].cells[-1].width.cm > 0.15 * max(map(len, heads)), (
                "no head is broken in a word"
            )
    for labels in GROUPS.values():
        assert {f"{label} ({chr(65 + n)})" for n, label in enumerate(labels)} <= found


@pytest.mark.skipif(
    not CHROMIUM or which("pdftotext") is None, reason="chromium and poppler-utils are not here"
)
def test_every_column_is_on_the_paper(tmp_path: Path) -> None:
    """Printed by a browser: each column's head and its base stand within a page's edges."""
    (tmp_path / "x.html").write_text(render_results_html(compared(GROUPS)), encoding="utf-8")
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/browser",
         f"--print-to-pdf={tmp_path}/x.pdf", str(tmp_path / "x.html")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    done = subprocess.run(
        ["pdftotext", "-bbox", tmp_path / "x.pdf", "-"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    wide = max(float(width) for width in re.findall(r'<page width="([\d.]+)"', done.stdout))
    words = re.findall(
        r'<word xMin="([\d.-]+)" yMin="[\d.]+" xMax="([\d.]+)" yMax="[\d.]+">([^<]*)</word>',
        done.stdout,
    )
    on_paper = Counter(
        word for left, right, word in words if float(left) >= 0 and float(right) <= wide - 40
    )
    columns = sum(map(len, GROUPS.values()))
    bases = [str(1000 + n) for n in range(1, columns + 1)]
    assert [base for base in bases if not on_paper[base]] == []
    for labels in GROUPS.values():
        for label in labels:
            assert on_paper[label] or on_paper[label.split("-")[0] + "-"], label
    assert on_paper["1000"] >= 3, "each table has the total and its base"
