"""A report of results as a workbook: figures as numbers that go on counting, texts as texts that never run. It needs the
extra `excel`.
"""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.documents.report.report_layout import (
    METHODS,
    READING,
    Block,
    Grid,
    Head,
    Shown,
    banner_grid,
    base_line,
    chapters,
    edition,
    margins_grid,
    rates_grid,
    reading_notes,
    row_note,
    summary_line,
    table_notes,
    topline_grid,
    weighting_lines,
)
from survey_cli.documents.text_fragments import fit, flat
from survey_cli.exports.excel import telling_full_disk
from survey_cli.reports.results.report_model import ItemResult, Results

if TYPE_CHECKING:
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

LABELS: Final = 60
"""Letters that the column of labels is wide."""
NAMES: Final = 28
FIGURES: Final = 14
UPRIGHT: Final = 4
"""Columns of figures for which a page that stands is wide enough."""
PRINTED: Final = re.compile(r"-?\d[\d,]*(\.\d+)?", re.ASCII)
"""A number of which there is nothing but its text."""
TOPLINE: Final = Grid(caption="", corner="Answer", heads=(Head("", "Number"), Head("", "Per cent")), lines=())
LONGEST: Final = 32_767
"""Letters that a cell holds."""


def results_xlsx(results: Results, path: Path) -> None:
    """Write the report into this file: sheets with methods, topline, banner, weights and rates."""
    telling_full_disk(lambda: _write(results, path))


def _write(results: Results, path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.properties.title, book.properties.creator = fit(flat(results.title)), ""
    methods = _Sheet(book.active, "Methods")  # type: ignore[arg-type]
    methods.wide("A", NAMES)
    methods.wide("B", LABELS)
    methods.line(["Results", flat(results.title)], strong=True)
    methods.line(["", edition(results)])
    for told in results.narrowed:
        methods.line(["", told], strong=True)
    for warning in results.warnings:
        methods.line(["Read this first", warning], strong=True)
    methods.line([METHODS], strong=True)
    for line in results.methods:
        methods.line([line.label, flat(line.text)])
    methods.line([READING], strong=True)
    for note in reading_notes(results):
        methods.line(["", note])
    topline = _Sheet(book.create_sheet(), "Topline")
    topline.repeated(flat(results.title), TOPLINE)
    listed = [(block, item) for part in chapters(results) for block in part.blocks for item in block.items]
    for block, item in listed:
        _topline(topline, block, item, results)
    if results.banner is not None:
        banner = _Sheet(book.create_sheet(), "Banner", across=len(results.banner.columns) > UPRIGHT)
        tabulated = [(block, item, results.banner.table(item.id)) for block, item in listed]
        for _, item, table in tabulated:
            if table is not None and table.rows:
                banner.repeated(flat(results.title), banner_grid(item, table, results.banner))
                break
        for block, item, table in tabulated:
            if table is not None:
                banner.line([_heading(block, item), item.id], strong=True)
                if table.rows:
                    banner.grid(banner_grid(item, table, results.banner), _decimals(results))
                banner.lines(table_notes(item, table))
                banner.line([])
    if results.weighting is not None:
        weights = _Sheet(book.create_sheet(), "Weighting")
        weights.lines(weighting_lines(results.weighting))
        if (margins := margins_grid(results.weighting)) is not None:
            weights.grid(margins, 0)
    if results.rates is not None:
        rates = _Sheet(book.create_sheet(), "Rates")
        if results.rates.heading:
            rates.line([results.rates.heading], strong=True)
        rates.grid(rates_grid(results.rates), 1)
        rates.lines(results.rates.notes)
    book.save(path)


def _heading(block: Block, item: ItemResult) -> str:
    return f"{item.numbered}{flat(block.item_title(item))}"


def _topline(sheet: "_Sheet", block: Block, item: ItemResult, results: Results) -> None:
    sheet.line([_heading(block, item), item.id], strong=True)
    if said := flat(block.said(item)):
        sheet.line([said])
    sheet.line([base_line(item.base)])
    if item.rows:
        sheet.grid(topline_grid(item), _decimals(results))
    if item.summary is not None:
        sheet.line([summary_line(item.summary)])
    sheet.lines(item.notes)
    for verbatim in item.verbatims:
        times = f"{verbatim.times:,} times" if verbatim.times > 1 else ""
        sheet.line([verbatim.text, verbatim.option, verbatim.case, times])
    sheet.line([])


def _decimals(results: Results) -> int:
    """As many as the report's per cents have."""
    texts = (row.total.percent_text for item in results.items for row in item.rows)
    return max((len(text.partition(".")[2]) for text in texts), default=0)


class _Sheet:
    """A sheet that grows downwards, and prints one page wide; `across` on paper that lies."""

    def __init__(self, sheet: "Worksheet", title: str, *, across: bool = False) -> None:
        sheet.title = title
        self.sheet = sheet
        self.row = 0
        self.wide("A", LABELS)
        for letter in "BCDEFGHIJKLMNO":
            self.wide(letter, FIGURES)
        sheet.page_setup.orientation = "landscape" if across else "portrait"
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.oddFooter.center.text = "&P/&N"  # type: ignore[union-attr]
        sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]

    def repeated(self, title: str, grid: Grid) -> None:
        """The first lines, which every page and the screen keep on top: a title, and what the columns of a grid are."""
        self.line([title], strong=True)
        self._heads(grid)
        self.sheet.print_title_rows = f"1:{self.row}"
        self.sheet.freeze_panes = f"B{self.row + 1}"

    def wide(self, column: str, letters: int) -> None:
        self.sheet.column_dimensions[column].width = letters

    def line(self, texts: Sequence[str], *, strong: bool = False, heads: bool = False) -> None:
        """Texts from the first column on; `heads`: all but the first stand over figures."""
        self.row += 1
        for column, text in enumerate(texts, 1):
            right = heads and column > 1
            self._text(column, text, strong=strong, wrap=right or column <= 2 >= len(texts), right=right)

    def lines(self, texts: Iterable[str], *, strong: bool = False) -> None:
        for text in texts:
            self.line([text], strong=strong)

    def _heads(self, grid: Grid) -> None:
        from openpyxl.styles import Border, Side

        if grid.grouped:
            self.line(["", *(h.group for h in grid.heads)], strong=True, heads=True)
        heads = [h.text + (f" ({h.letter})" if h.letter else "") for h in grid.heads]
        self.line([grid.corner, *heads], strong=True, heads=True)
        for column in range(1, len(heads) + 2):
            self.sheet.cell(self.row, column).border = Border(bottom=Side("thin"))

    def grid(self, grid: Grid, decimals: int) -> None:
        self._heads(grid)
        for line in grid.lines:
            self.row += 1
            self._text(1, line.label + row_note(line), strong=line.kind == "net", wrap=True)
            for column, shown in enumerate(line.cells, 2):
                self._figure(column, shown, decimals)

    def _figure(self, column: int, shown: Shown, decimals: int) -> None:
        """A number where it is one; a trace of a per cent shows its star, and keeps its value."""
        from openpyxl.styles import Alignment

        cell: Cell = self.sheet.cell(self.row, column)  # type: ignore[assignment]
        value = shown.share if shown.share is not None else shown.amount
        if value is None and PRINTED.fullmatch(shown.text):
            value = Fraction(shown.text.replace(",", ""))
        if value is None:
            self._text(column, shown.text)
        else:
            cell.value = value if isinstance(value, int) else _decimal(value)
            if shown.share is not None:
                form = "0" + (f".{'0' * decimals}" if decimals else "") + "%"
                least = f"{0.5 / 10 ** (decimals + 2):.{decimals + 3}f}"
                letters = f'" {shown.letters}"' if shown.letters else ""
                cell.number_format = f'[=0]{form};[<{least}]"*";{form}{letters}'
            elif decimals_shown := len(shown.text.partition(".")[2]):
                cell.number_format = f"0.{'0' * decimals_shown}"
            elif shown.mark:
                cell.number_format = f'0" {shown.mark}"'
        cell.alignment = Alignment(horizontal="right")

    def _text(
        self, column: int, text: str, *, strong: bool = False, wrap: bool = False, right: bool = False
    ) -> None:
        from openpyxl.styles import Alignment, Font

        if not text:
            return
        cell: Cell = self.sheet.cell(self.row, column)  # type: ignore[assignment]
        cell.value = fit(text)[:LONGEST]
        cell.data_type = "s"  # also where it begins as a formula does
        cell.quotePrefix = True
        cell.font = Font(bold=strong)
        cell.alignment = Alignment(
            wrap_text=wrap, vertical="bottom" if right else "top", horizontal="right" if right else None
        )


def _decimal(value: Fraction) -> float | int:
    return value.numerator if value.denominator == 1 else float(value)
