"""A report of results, or a codebook, as a Word document: real headings, tables with heads that repeat, pictures with
words for those who do not see them. It needs the extra `word`; charts are in it where the extra `png` is there too.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.documents import codebook as books
from survey_cli.documents.charts import Chart, chart_of_battery, chart_of_item
from survey_cli.documents.pages import Line
from survey_cli.documents.pictures import png, png_possible
from survey_cli.documents.results import (
    APPENDIX,
    METHODS,
    READING,
    Block,
    Grid,
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
    verbatim_line,
    weighting_lines,
)
from survey_cli.documents.wording import fit, flat, lines_of
from survey_cli.reports.described import Codebook, CodebookVariable
from survey_cli.reports.results import ItemResult, MethodLine, Results

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import Table, _Cell

CHART_CM: Final = 15.5
"""How wide a picture is: as the text of a page."""
TOGETHER: Final = 24
"""A table of more rows may be parted over pages."""
FIRST_CM: Final = 6.0
"""How wide the column of labels is; the others share the rest."""


def results_docx(results: Results, path: Path) -> None:
    """Write the report into this file."""
    word = _Writer(flat(results.title), results.language)
    word.head("Results", flat(results.title), edition(results))
    for warning in results.warnings:
        word.say(warning, strong=True)
    word.methods(results.methods)
    word.title(READING, 1)
    word.points(reading_notes(results))
    for chapter in chapters(results):
        word.title(chapter.title or "Results", 1)
        for block in chapter.blocks:
            _block(word, block, results)
    word.title(APPENDIX, 1)
    if results.weighting is not None:
        word.title("Weighting", 2)
        for line in weighting_lines(results.weighting):
            word.say(line)
        if (margins := margins_grid(results.weighting)) is not None:
            word.grid(margins)
    if results.rates is not None:
        word.title("Outcomes and rates", 2)
        if results.rates.heading:
            word.say(results.rates.heading, strong=True)
        word.grid(rates_grid(results.rates))
        word.points(results.rates.notes)
    word.document.save(str(path))


def codebook_docx(codebook: Codebook, path: Path) -> None:
    """Write the codebook into this file."""
    word = _Writer(flat(codebook.title), codebook.language)
    word.head("Codebook", flat(codebook.title), books.edition(codebook))
    word.methods(codebook.methods)
    word.points(codebook.notes)
    for title, variables in books.sections(codebook):
        word.title(title or "Variables", 1)
        for variable in variables:
            _variable(word, variable)
    word.document.save(str(path))


def _block(word: "_Writer", block: Block, results: Results) -> None:
    battery = block.battery
    if battery is not None:
        word.title(flat(block.title), 2)
        word.quote(battery.intro)
        word.picture(chart_of_battery(battery))
    for item in block.items:
        _item(word, block, item, results)


def _item(word: "_Writer", block: Block, item: ItemResult, results: Results) -> None:
    word.title(f"{item.number}. {flat(block.item_title(item))}", 2 if block.battery is None else 3)
    word.quote(block.said(item))
    word.say(base_line(item.base) + (f"; {item.margin_text}" if item.margin_text else ""), close=True)
    if item.rows:
        word.grid(topline_grid(item))
    if not item.battery:
        word.picture(chart_of_item(item))
    if item.summary is not None:
        word.say(summary_line(item.summary) + ".")
    word.points(item.notes)
    word.points(map(verbatim_line, item.verbatims))
    table = results.banner.table(item.id) if results.banner else None
    if table is not None and results.banner is not None:
        grid = banner_grid(item, table, results.banner)
        word.say(grid.caption + ":", close=True)
        word.grid(grid)
        word.points(table_notes(item, table))


def _variable(word: "_Writer", variable: CodebookVariable) -> None:
    label = flat(variable.label)
    word.title(books.named(variable) + (f": {label}" if label else ""), 2)
    if flat(variable.wording) != label:
        word.quote(variable.wording)
    for name, said in books.directions(variable):
        word.say(f"{name}: {said}", close=True)
    word.say(books.facts(variable), close=bool(variable.codes))
    if books.tabled(variable):
        word.grid(books.codes_grid(variable), words=True)
    grids = books.columns_grids(variable)
    for line in books.lines(variable):
        word.say(line, close=bool(grids))
    for grid in grids:
        word.grid(grid, words=True)
    word.points(variable.notes)


class _Writer:
    """A document being written from the beginning to the end."""

    def __init__(self, title: str, language: str) -> None:
        import docx
        from docx.shared import Cm, Pt, RGBColor

        self.document: Document = docx.Document()
        known = self.document.core_properties
        known.title, known.author, known.language, known.comments = fit(title), "", language, ""
        section = self.document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.5)
        section.top_margin = section.bottom_margin = Cm(2.2)
        for name, size in (("Title", 24), ("Heading 1", 16), ("Heading 2", 12), ("Heading 3", 11)):
            style = self.document.styles[name]
            style.font.size, style.font.color.rgb = Pt(size), RGBColor(0x11, 0x11, 0x11)
        normal = self.document.styles["Normal"]
        normal.font.size, normal.font.name = Pt(10), "Calibri"
        normal.paragraph_format.space_after = Pt(4)
        quote = self.document.styles["Intense Quote"]
        quote.font.color.rgb, quote.font.bold = RGBColor(0x11, 0x11, 0x11), False
        self._numbered_pages()

    def _numbered_pages(self) -> None:
        """A foot that says the page: a field, which Word fills in."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), "PAGE")
        self.document.sections[0].footer.paragraphs[0]._p.append(field)

    def head(self, what: str, title: str, told: str) -> None:
        self.say(what.upper())
        self.document.add_heading(fit(title), 0)
        self.say(told)

    def title(self, text: str, level: int) -> None:
        self.document.add_heading(fit(text), level)

    def say(self, text: str, *, strong: bool = False, close: bool = False) -> None:
        """A paragraph; `close`: it stays on the page of what follows."""
        paragraph = self.document.add_paragraph()
        paragraph.add_run(fit(text)).bold = strong or None
        paragraph.paragraph_format.keep_with_next = close or None

    def points(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.document.add_paragraph(fit(line), style="List Bullet")

    def quote(self, wording: str) -> None:
        """What was read aloud."""
        lines: Sequence[Line] = lines_of(wording)
        if not lines:
            return
        paragraph = self.document.add_paragraph(style="Quote")
        paragraph.paragraph_format.keep_with_next = True
        for n, line in enumerate(lines):
            if n:
                paragraph.add_run().add_break()
            for stretch in line:
                text = f"‹{stretch.text}›" if stretch.style == "fill" else stretch.text
                paragraph.add_run(fit(text)).bold = stretch.style == "stress" or None

    def methods(self, lines: Sequence[MethodLine]) -> None:
        if not lines:
            return
        self.title(METHODS, 1)
        table = self._table(len(lines), [FIRST_CM - 1.5, CHART_CM - FIRST_CM + 2])
        for row, line in zip(table.rows, lines, strict=True):
            _fill(row.cells[0], line.label, strong=True)
            _fill(row.cells[1], flat(line.text))

    def grid(self, grid: Grid, *, words: bool = False) -> None:
        """A table: its head repeats on every page, figures stand to the right; `words`: cells stand to the left."""
        first = FIRST_CM if not words else 3
        widths = [first, *([(CHART_CM + 0.5 - first) / len(grid.heads)] * len(grid.heads))]
        if words and grid.grouped:  # the first of the others has words, and figures need less
            widths[1:] = [3.5, *([(CHART_CM - 3 - first) / (len(grid.heads) - 1)] * (len(grid.heads) - 1))]
        heads = 2 if grid.grouped else 1
        table = self._table(len(grid.lines) + heads, widths)
        rows = [list(row.cells) for row in table.rows]
        if grid.grouped:
            at = 1
            for name, span in grid.groups():
                _fill(rows[0][at].merge(rows[0][at + span - 1]), name, strong=True)
                at += span
        _fill(rows[heads - 1][0], grid.corner, strong=True)
        for cell, head in zip(rows[heads - 1][1:], grid.heads, strict=True):
            letter = f" ({head.letter})" if head.letter else ""
            _fill(cell, head.text + letter, right=not words, strong=True)
        for row in table.rows[:heads]:
            _repeated(row)
        for cells, line in zip(rows[heads:], grid.lines, strict=True):
            strong = line.kind in ("net", "summary")
            _fill(cells[0], line.label + row_note(line), strong=strong)
            for cell, shown in zip(cells[1:], line.cells, strict=True):
                text = f"{shown.text} {shown.mark}".strip()
                _fill(cell, text, right=not words, strong=strong, raised=shown.letters)
        if len(rows) <= TOGETHER:
            _kept_together(rows[:-1])
        _said(table, grid.caption)
        self.document.add_paragraph().paragraph_format.space_after = 0

    def _table(self, rows: int, widths: Sequence[float]) -> "Table":
        from docx.shared import Cm

        table: Table = self.document.add_table(rows, len(widths))
        table.autofit = False
        _ruled(table)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
            for cell in column.cells:
                cell.width = Cm(width)
        return table

    def picture(self, chart: Chart | None) -> None:
        """A chart and its words, where it can be drawn here."""
        if chart is None or not png_possible():
            return
        from io import BytesIO

        from docx.shared import Cm

        shape = self.document.add_picture(BytesIO(png(chart.svg)), width=Cm(CHART_CM))
        shape._inline.docPr.set("descr", fit(chart.words))
        shape._inline.docPr.set("title", fit(chart.title))


def _fill(cell: "_Cell", text: str, *, right: bool = False, strong: bool = False, raised: str = "") -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(fit(text))
    run.bold, run.font.size = strong or None, Pt(9)
    if raised:
        paragraph.add_run(raised).font.superscript = True
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else None


def _repeated(row: object) -> None:
    """This row stands at the head of the table on every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    head = OxmlElement("w:tblHeader")
    head.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(head)  # type: ignore[attr-defined]


def _kept_together(rows: Iterable[Iterable["_Cell"]]) -> None:
    """Each of these rows stays on the page of the next."""
    for row in rows:
        for cell in row:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _ruled(table: "Table") -> None:
    """Lines between rows and none between columns."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:tblBorders")
    for edge, wide, color in (("top", "8", "111111"), ("bottom", "8", "111111"), ("insideH", "4", "BBBBBB")):
        line = OxmlElement(f"w:{edge}")
        for name, value in (("val", "single"), ("sz", wide), ("space", "0"), ("color", color)):
            line.set(qn(f"w:{name}"), value)
        borders.append(line)
    table._tbl.tblPr.append(borders)


def _said(table: "Table", words: str) -> None:
    """What the table is, for those who hear it."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    caption = OxmlElement("w:tblCaption")
    caption.set(qn("w:val"), fit(words))
    table._tbl.tblPr.append(caption)
