"""A report of results, or a codebook, as a Word document: real headings, tables with heads that repeat, pictures with
words for those who do not see them. It needs the extra `word`; charts are in it where the extra `png` is there too.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.documents.charts.charts import Chart, chart_of_battery, chart_of_item
from survey_cli.documents.charts.png import png, png_possible
from survey_cli.documents.questionnaire.booklet_model import Line
from survey_cli.documents.report import codebook_layout as books
from survey_cli.documents.report.group_charts import charts_of_groups
from survey_cli.documents.report.report_layout import (
    APPENDIX,
    BARRED,
    METHODS,
    READING,
    WORD,
    Block,
    Grid,
    banner_grids,
    base_line,
    chapters,
    edition,
    joined_grid,
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
from survey_cli.documents.text_fragments import fit, flat, lines_of
from survey_cli.reports.codebook.codebook_model import Codebook, CodebookVariable
from survey_cli.reports.results.report_model import ItemResult, MethodLine, Results

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

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
    for line in results.narrowed:
        word.say(line, strong=True)
    for warning in results.warnings:
        word.say(warning, strong=True)
    word.methods(results.methods)
    parts = chapters(results)
    word.contents([*((part.id, part.title or "Results") for part in parts), ("appendix", APPENDIX)])
    word.title(READING, 1)
    word.points(reading_notes(results))
    for chapter in parts:
        word.title(chapter.title or "Results", 1, mark=chapter.id)
        for block in chapter.blocks:
            _block(word, block, results)
    word.title(APPENDIX, 1, mark="appendix")
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
        word.title(title, 1)
        for variable in variables:
            _variable(word, variable)
    word.document.save(str(path))


def _block(word: "_Writer", block: Block, results: Results) -> None:
    battery = block.battery
    if battery is not None:
        word.title(flat(block.title), 2)
        word.quote(battery.intro)
        word.picture(chart_of_battery(battery))
        for chart in charts_of_groups(results, battery):
            word.picture(chart, f"{chart.title}: per cent of each group")
    for item in block.items:
        _item(word, block, item, results)


def _item(word: "_Writer", block: Block, item: ItemResult, results: Results) -> None:
    word.title(f"{item.numbered}{flat(block.item_title(item))}", 2 if block.battery is None else 3)
    word.quote(block.said(item))
    word.say(base_line(item.base) + (f"; {item.margin_text}" if item.margin_text else ""), close=True)
    joined = joined_grid(item, results, BARRED, WORD)
    if joined is not None:
        word.grid(joined)
    elif item.rows:
        word.grid(topline_grid(item))
    if not item.battery:
        word.picture(chart_of_item(item))
    if item.summary is not None:
        word.say(summary_line(item.summary) + ".")
    word.points(item.notes)
    word.points(map(verbatim_line, item.verbatims))
    table = results.banner.table(item.id) if results.banner else None
    if table is not None and results.banner is not None:
        if joined is None:
            for grid in banner_grids(item, table, results.banner, WORD):
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
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt, RGBColor

        self.document: Document = docx.Document()
        known = self.document.core_properties
        known.title, known.author, known.language, known.comments = fit(title), "", "en", ""
        for moment in known._element.xpath("./dcterms:created | ./dcterms:modified"):
            moment.getparent().remove(moment)  # the template's own, of 2013
        for lang in self.document.styles.element.xpath("./w:docDefaults//w:lang"):
            lang.set(qn("w:val"), "en-GB")
        self.tongue = "" if language == "en" else language
        self.marks = 0
        self.below_table = False
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
        self.document.sections[0].footer.paragraphs[0]._p.append(_field("PAGE"))

    def _paragraph(self, style: str | None = None) -> "Paragraph":
        """One more, with some room above it below a table."""
        from docx.shared import Pt

        paragraph = self.document.add_paragraph(style=style)
        if self.below_table:
            paragraph.paragraph_format.space_before = Pt(5)
        self.below_table = False
        return paragraph

    def head(self, what: str, title: str, told: str) -> None:
        self.say(what.upper())
        self.document.add_heading(fit(title), 0)
        self.say(told)

    def title(self, text: str, level: int, *, mark: str = "") -> None:
        """A heading; `mark`: a name by which the contents find it."""
        paragraph = self.document.add_heading(fit(text), level)
        self.below_table = False
        if mark:
            self.marks += 1
            _marked(paragraph, mark, self.marks)

    def contents(self, lines: Iterable[tuple[str, str]]) -> None:
        """Titles that lead to their headings, each with the page it is on; by mark and title."""
        from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
        from docx.shared import Cm

        self.title("Contents", 1)
        for mark, title in lines:
            paragraph = self._paragraph()
            paragraph.paragraph_format.tab_stops.add_tab_stop(
                Cm(CHART_CM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
            )
            paragraph.add_run(fit(title) + "\t")
            _leading(paragraph, mark)

    def say(self, text: str, *, strong: bool = False, close: bool = False) -> None:
        """A paragraph; `close`: it stays on the page of what follows."""
        paragraph = self._paragraph()
        paragraph.add_run(fit(text)).bold = strong or None
        paragraph.paragraph_format.keep_with_next = close or None

    def points(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._paragraph("List Bullet").add_run(fit(line))

    def quote(self, wording: str) -> None:
        """What was read aloud."""
        lines: Sequence[Line] = lines_of(wording)
        if not lines:
            return
        paragraph = self._paragraph("Quote")
        paragraph.paragraph_format.keep_with_next = True
        for n, line in enumerate(lines):
            if n:
                paragraph.add_run().add_break()
            for stretch in line:
                text = f"‹{stretch.text}›" if stretch.style == "fill" else stretch.text
                run = paragraph.add_run(fit(text))
                run.bold = stretch.style == "stress" or None
                if self.tongue:
                    _spoken_in(run, self.tongue)

    def methods(self, lines: Sequence[MethodLine]) -> None:
        if not lines:
            return
        self.title(METHODS, 1)
        table = self._table(len(lines) + 1, [FIRST_CM - 1.5, CHART_CM - FIRST_CM + 2])
        for cell, text in zip(table.rows[0].cells, ("What", "Statement"), strict=True):
            _fill(cell, text, strong=True)
        _repeated(table.rows[0])
        _said(table, METHODS)
        for row, line in zip(table.rows[1:], lines, strict=True):
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
        for n in range(heads):
            _fill(rows[n][0], grid.corner if n == heads - 1 else "", strong=True)
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

    def _table(self, rows: int, widths: Sequence[float]) -> "Table":
        from docx.shared import Cm

        if self.below_table:
            self._paragraph()  # else they are one table
        self.below_table = True
        table: Table = self.document.add_table(rows, len(widths))
        table.autofit = False
        _ruled(table)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
            for cell in column.cells:
                cell.width = Cm(width)
        return table

    def picture(self, chart: Chart | None, caption: str = "") -> None:
        """A chart and its words, where it can be drawn here, below its caption."""
        if chart is None or not png_possible():
            return
        from io import BytesIO

        from docx.shared import Cm

        if caption:
            self.say(caption, close=True)

        run = self._paragraph().add_run()
        shape = run.add_picture(BytesIO(png(chart.svg)), width=Cm(CHART_CM))
        shape._inline.docPr.set("descr", fit(chart.words))
        shape._inline.docPr.set("title", fit(chart.title))


def _element(tag: str, **attributes: str) -> "BaseOxmlElement":
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made


def _field(instruction: str) -> "BaseOxmlElement":
    """What Word fills in when the document is opened."""
    return _element("fldSimple", instr=instruction, dirty="true")


def _marked(paragraph: "Paragraph", mark: str, number: int) -> None:
    """A name for this place, around its text."""
    paragraph.runs[0]._r.addprevious(_element("bookmarkStart", id=str(number), name=mark))
    paragraph._p.append(_element("bookmarkEnd", id=str(number)))


def _leading(paragraph: "Paragraph", mark: str) -> None:
    """Make the whole line lead to the place of this name, and end in its page."""
    link = _element("hyperlink", anchor=mark, history="1")
    paragraph.runs[0]._r.addprevious(link)
    for run in paragraph.runs:
        link.append(run._r)
    link.append(_field(f"PAGEREF {mark} \\h"))


def _spoken_in(run: "Run", language: str) -> None:
    """The language of a text, for those who hear it and for whoever checks its spelling."""
    run._r.get_or_add_rPr().append(_element("lang", val=language))


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
    head = _element("tblHeader", val="true")
    row._tr.get_or_add_trPr().append(head)  # type: ignore[attr-defined]


def _kept_together(rows: Iterable[Iterable["_Cell"]]) -> None:
    """Each of these rows stays on the page of the next."""
    for row in rows:
        for cell in row:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _ruled(table: "Table") -> None:
    """Lines between rows and none between columns."""
    borders = _element("tblBorders")
    for edge, wide, color in (("top", "8", "111111"), ("bottom", "8", "111111"), ("insideH", "4", "BBBBBB")):
        borders.append(_element(edge, val="single", sz=wide, space="0", color=color))
    layout = table._tbl.tblPr.xpath("./w:tblLayout")[0]
    layout.addprevious(borders)  # the order of the schema


def _said(table: "Table", words: str) -> None:
    """What the table is, for those who hear it."""
    table._tbl.tblPr.append(_element("tblCaption", val=fit(words)))
