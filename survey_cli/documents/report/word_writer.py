"""Writer of Word documents: headings, texts, tables with repeated heads, pictures with descriptions.

It needs the extra `word`; charts are included where the extra `png` is installed too.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from survey_cli.documents.charts.charts import Chart
from survey_cli.documents.charts.png import can_render_png, render_png
from survey_cli.documents.report.report_layout import METHODS_TITLE, Grid
from survey_cli.documents.text_runs import Line, flatten, parse_lines
from survey_cli.exports.xml_elements import replace_illegal
from survey_cli.reports.results.report_model import MethodLine

if TYPE_CHECKING:
    from docx.document import Document
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

CHART_WIDTH_CM: Final = 15.5
"""Width of a picture: the text width of a page."""
MAX_ROWS_TOGETHER: Final = 24
"""A table with more rows may be divided over pages."""
LABEL_WIDTH_CM: Final = 6.0
"""Width of the column of labels; the others share the rest."""


class WordWriter:
    """A writer of a document from beginning to end."""

    def __init__(self, title: str, language: str) -> None:
        import docx
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt, RGBColor

        self.document: Document = docx.Document()
        known = self.document.core_properties
        known.title, known.author, known.language, known.comments = replace_illegal(title), "", "en", ""
        for moment in known._element.xpath("./dcterms:created | ./dcterms:modified"):
            moment.getparent().remove(moment)  # of python-docx's template, of 2013
        for lang in self.document.styles.element.xpath("./w:docDefaults//w:lang"):
            lang.set(qn("w:val"), "en-GB")
        self.language = "" if language == "en" else language
        self.bookmark_count = 0
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
        self._number_pages()

    def _number_pages(self) -> None:
        """Add a footer with the page number, a field that Word fills in."""
        self.document.sections[0].footer.paragraphs[0]._p.append(_make_field("PAGE"))

    def _add_paragraph(self, style: str | None = None) -> "Paragraph":
        """Add a paragraph, with space above it after a table."""
        from docx.shared import Pt

        paragraph = self.document.add_paragraph(style=style)
        if self.below_table:
            paragraph.paragraph_format.space_before = Pt(5)
        self.below_table = False
        return paragraph

    def add_head(self, what: str, title: str, subtitle: str) -> None:
        self.add_text(what.upper())
        self.document.add_heading(replace_illegal(title), 0)
        self.add_text(subtitle)

    def add_heading(self, text: str, level: int, *, mark: str = "") -> None:
        """Add a heading; `mark` is the bookmark to which the contents link."""
        paragraph = self.document.add_heading(replace_illegal(text), level)
        self.below_table = False
        if mark:
            self.bookmark_count += 1
            _add_bookmark(paragraph, mark, self.bookmark_count)

    def add_contents(self, lines: Iterable[tuple[str, str]]) -> None:
        """Add links to headings with their page numbers; `lines` holds bookmark and title."""
        from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
        from docx.shared import Cm

        self.add_heading("Contents", 1)
        for mark, title in lines:
            paragraph = self._add_paragraph()
            paragraph.paragraph_format.tab_stops.add_tab_stop(
                Cm(CHART_WIDTH_CM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS
            )
            paragraph.add_run(replace_illegal(title) + "\t")
            _link_to_bookmark(paragraph, mark)

    def add_text(self, text: str, *, strong: bool = False, close: bool = False) -> None:
        """Add a paragraph; `close`: it stays on the page of the next one."""
        paragraph = self._add_paragraph()
        paragraph.add_run(replace_illegal(text)).bold = strong or None
        paragraph.paragraph_format.keep_with_next = close or None

    def add_bullets(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._add_paragraph("List Bullet").add_run(replace_illegal(line))

    def add_quote(self, wording: str) -> None:
        """Add text that was read aloud."""
        if lines := parse_lines(wording):
            self.add_runs(lines, "Quote", language=self.language).paragraph_format.keep_with_next = True

    def add_runs(self, lines: Sequence[Line], style: str | None = None, *, language: str = "") -> "Paragraph":
        """Add a paragraph of lines with their styles."""
        paragraph = self._add_paragraph(style)
        for n, line in enumerate(lines):
            if n:
                paragraph.add_run().add_break()
            for stretch in line:
                text = f"‹{stretch.text}›" if stretch.style == "fill" else stretch.text
                run = paragraph.add_run(replace_illegal(text))
                run.bold = stretch.style == "stress" or None
                if language:
                    _set_language(run, language)
        return paragraph

    def add_methods(self, lines: Sequence[MethodLine]) -> None:
        if not lines:
            return
        self.add_heading(METHODS_TITLE, 1)
        rows = [(line.label, flatten(line.text)) for line in lines]
        self.add_words(("What", "Statement"), rows, METHODS_TITLE, first=LABEL_WIDTH_CM - 1.5)

    def add_words(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, *, first: float = LABEL_WIDTH_CM
    ) -> None:
        """Add a table of texts whose first column is `first` cm wide, and whose others share the rest."""
        others = [(CHART_WIDTH_CM + 0.5 - first) / (len(head) - 1)] * (len(head) - 1)
        table = self._add_table(len(rows) + 1, [first, *others])
        for cell, text in zip(table.rows[0].cells, head, strict=True):
            _fill_cell(cell, text, strong=True)
        _repeat_row(table.rows[0])
        _set_caption(table, caption)
        for row, texts in zip(table.rows[1:], rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                _fill_cell(cell, text)

    def add_grid(self, grid: Grid, *, words: bool = False) -> None:
        """Add a table whose head repeats on every page; cells are right-aligned unless `words`."""
        first = LABEL_WIDTH_CM if not words else 3
        widths = [first, *([(CHART_WIDTH_CM + 0.5 - first) / len(grid.heads)] * len(grid.heads))]
        if words and grid.has_groups:  # the first of the others has words, and figures need less
            widths[1:] = [3.5, *([(CHART_WIDTH_CM - 3 - first) / (len(grid.heads) - 1)] * (len(grid.heads) - 1))]
        heads = 2 if grid.has_groups else 1
        table = self._add_table(len(grid.lines) + heads, widths)
        rows = [list(row.cells) for row in table.rows]
        if grid.has_groups:
            at = 1
            for name, span in grid.iterate_groups():
                _fill_cell(rows[0][at].merge(rows[0][at + span - 1]), name, strong=True)
                at += span
        for n in range(heads):
            _fill_cell(rows[n][0], grid.corner if n == heads - 1 else "", strong=True)
        for cell, head in zip(rows[heads - 1][1:], grid.heads, strict=True):
            _fill_cell(cell, head.full_text, right=not words, strong=True)
        for row in table.rows[:heads]:
            _repeat_row(row)
        for cells, line in zip(rows[heads:], grid.lines, strict=True):
            strong = line.kind in ("net", "summary")
            _fill_cell(cells[0], line.full_label, strong=strong)
            for cell, shown in zip(cells[1:], line.cells, strict=True):
                text = f"{shown.text} {shown.mark}".strip()
                _fill_cell(cell, text, right=not words, strong=strong, raised=shown.letters)
        if len(rows) <= MAX_ROWS_TOGETHER:
            _keep_together(rows[:-1])
        _set_caption(table, grid.caption)

    def _add_table(self, rows: int, widths: Sequence[float]) -> "Table":
        from docx.shared import Cm

        if self.below_table:
            self._add_paragraph()  # else they are one table
        self.below_table = True
        table: Table = self.document.add_table(rows, len(widths))
        table.autofit = False
        _add_rules(table)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
            for cell in column.cells:
                cell.width = Cm(width)
        return table

    def add_chart(self, chart: Chart | None, caption: str = "") -> None:
        """Add a chart with its description below its caption, if charts can be rendered."""
        if chart is None or not can_render_png():
            return
        from io import BytesIO

        from docx.shared import Cm

        if caption:
            self.add_text(caption, close=True)

        run = self._add_paragraph().add_run()
        shape = run.add_picture(BytesIO(render_png(chart.svg)), width=Cm(CHART_WIDTH_CM))
        shape._inline.docPr.set("descr", replace_illegal(chart.description))
        shape._inline.docPr.set("title", replace_illegal(chart.title))


def _make_element(tag: str, **attributes: str) -> "BaseOxmlElement":
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _make_field(instruction: str) -> "BaseOxmlElement":
    """Return a field that Word fills in when the document is opened."""
    return _make_element("fldSimple", instr=instruction, dirty="true")


def _add_bookmark(paragraph: "Paragraph", mark: str, number: int) -> None:
    """Add a bookmark around the text of a paragraph."""
    paragraph.runs[0]._r.addprevious(_make_element("bookmarkStart", id=str(number), name=mark))
    paragraph._p.append(_make_element("bookmarkEnd", id=str(number)))


def _link_to_bookmark(paragraph: "Paragraph", mark: str) -> None:
    """Link the whole line to a bookmark, and end it with the page number."""
    link = _make_element("hyperlink", anchor=mark, history="1")
    paragraph.runs[0]._r.addprevious(link)
    for run in paragraph.runs:
        link.append(run._r)
    link.append(_make_field(f"PAGEREF {mark} \\h"))


def _set_language(run: "Run", language: str) -> None:
    """Set the language of a text, for screen readers and spelling checks."""
    run._r.get_or_add_rPr().append(_make_element("lang", val=language))


def _fill_cell(cell: "_Cell", text: str, *, right: bool = False, strong: bool = False, raised: str = "") -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(replace_illegal(text))
    run.bold, run.font.size = strong or None, Pt(9)
    if raised:
        paragraph.add_run(raised).font.superscript = True
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else None


def _repeat_row(row: object) -> None:
    """Repeat the row at the head of the table on every page."""
    head = _make_element("tblHeader", val="true")
    row._tr.get_or_add_trPr().append(head)  # type: ignore[attr-defined]


def _keep_together(rows: Iterable[Iterable["_Cell"]]) -> None:
    """Keep each of these rows on the page of the next."""
    for row in rows:
        for cell in row:
            cell.paragraphs[0].paragraph_format.keep_with_next = True


def _add_rules(table: "Table") -> None:
    """Add lines between rows and none between columns."""
    borders = _make_element("tblBorders")
    for edge, wide, color in (("top", "8", "111111"), ("bottom", "8", "111111"), ("insideH", "4", "BBBBBB")):
        borders.append(_make_element(edge, val="single", sz=wide, space="0", color=color))
    layout = table._tbl.tblPr.xpath("./w:tblLayout")[0]
    layout.addprevious(borders)  # the order of the schema


def _set_caption(table: "Table", words: str) -> None:
    """Set the description of a table for screen readers."""
    table._tbl.tblPr.append(_make_element("tblCaption", val=replace_illegal(words)))
