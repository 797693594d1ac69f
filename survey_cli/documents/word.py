"""Word documents: results, codebooks and questionnaires, with headings, tables with repeated heads, and pictures.

It needs the extra `word`; charts are included where the extra `png` is installed too.
"""

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from survey_cli.documents.charts import charts, svg
from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.report import codebook_layout as books
from survey_cli.documents.report import report_layout as layout
from survey_cli.documents.text_runs import Line, TextRun, flatten, parse_lines, render_plain
from survey_cli.exports.xml_elements import replace_illegal
from survey_cli.reports.codebook.codebook import Codebook, CodebookVariable
from survey_cli.reports.results.report_model import Battery, ItemResult, MethodLine, Results
from survey_cli.reports.texts import ENGLISH, translate, use_language

CHART_WIDTH_CM: Final = 15.5
"""Width of a picture: the text width of a page."""
MAX_ROWS_TOGETHER: Final = 24
"""A table with more rows may be divided over pages."""
LABEL_WIDTH_CM: Final = 6.0
"""Width of the column of labels; the others share the rest."""
BLANK: Final = "_" * 24
_FOR_INTERVIEWER: Final = "▷ "
_INK: Final = RGBColor(0x11, 0x11, 0x11)


class WordWriter:
    """A writer of a document from beginning to end."""

    def __init__(self, title: str, language: str) -> None:
        self.document = docx.Document()
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
            font = self.document.styles[name].font
            font.size, font.color.rgb = Pt(size), _INK
        normal = self.document.styles["Normal"]
        normal.font.size, normal.font.name = Pt(10), "Calibri"
        normal.paragraph_format.space_after = Pt(4)
        quote = self.document.styles["Intense Quote"]
        quote.font.color.rgb, quote.font.bold = _INK, False
        section.footer.paragraphs[0]._p.append(_make_field("PAGE"))

    def _add_paragraph(self, style: str | None = None) -> Paragraph:
        """Add a paragraph, with space above it after a table."""
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
            start = _make_element("bookmarkStart", id=str(self.bookmark_count), name=mark)
            paragraph.runs[0]._r.addprevious(start)
            paragraph._p.append(_make_element("bookmarkEnd", id=str(self.bookmark_count)))

    def add_contents(self, lines: Iterable[tuple[str, str]]) -> None:
        """Add links to headings with their page numbers; `lines` holds bookmark and title."""
        self.add_heading(translate("Contents"), 1)
        for mark, title in lines:
            paragraph = self._add_paragraph()
            tab_stops = paragraph.paragraph_format.tab_stops
            tab_stops.add_tab_stop(Cm(CHART_WIDTH_CM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
            run = paragraph.add_run(replace_illegal(title) + "\t")._r
            link = _make_element("hyperlink", anchor=mark, history="1")
            run.addprevious(link)
            link.extend([run, _make_field(f"PAGEREF {mark} \\h")])

    def add_text(self, text: str, *, strong: bool = False, close: bool = False) -> None:
        """Add a paragraph; `close`: it stays on the page of the next one."""
        paragraph = self._add_paragraph()
        paragraph.add_run(replace_illegal(text)).bold = strong or None
        paragraph.paragraph_format.keep_with_next = close or None

    def add_bullets(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._add_paragraph("List Bullet").add_run(replace_illegal(line))

    def add_quote(self, lines: Sequence[Line], language: str | None = None) -> None:
        """Add text that was read aloud, by default in the document's language."""
        if lines:
            language = self.language if language is None else language
            self.add_runs(lines, "Quote", language=language).paragraph_format.keep_with_next = True

    def add_runs(self, lines: Sequence[Line], style: str | None = None, *, language: str = "") -> Paragraph:
        """Add a paragraph of lines with their styles; the language is for screen readers and spelling checks."""
        paragraph = self._add_paragraph(style)
        for n, line in enumerate(lines):
            if n:
                paragraph.add_run().add_break()
            for stretch in line:
                run = paragraph.add_run(replace_illegal(render_plain((stretch,))))
                run.bold = stretch.style == "stress" or None
                if language:
                    run._r.get_or_add_rPr().append(_make_element("lang", val=language))
        return paragraph

    def add_methods(self, lines: Sequence[MethodLine], *, level: int = 1) -> None:
        if lines:
            title, heads = translate(layout.METHODS_TITLE), (translate("Item"), translate("Statement"))
            self.add_heading(title, level)
            rows = [(line.label, flatten(line.text)) for line in lines]
            self.add_words(heads, rows, title, first=LABEL_WIDTH_CM - 1.5)

    def add_words(
        self, head: Sequence[str], rows: Sequence[Sequence[str]], caption: str, *, first: float = LABEL_WIDTH_CM
    ) -> None:
        """Add a table of texts whose first column is `first` cm wide, and whose others share the rest."""
        others = [(CHART_WIDTH_CM + 0.5 - first) / (len(head) - 1)] * (len(head) - 1)
        table = self._add_table(len(rows) + 1, [first, *others], caption, heads=1)
        for row, texts in zip(table.rows, (head, *rows), strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                _fill_cell(cell, text, strong=texts is head)

    def add_grid(self, grid: layout.Grid, *, words: bool = False) -> None:
        """Add a table whose head repeats on every page; cells are right-aligned unless `words`."""
        first = LABEL_WIDTH_CM if not words else 3
        widths = [first, *([(CHART_WIDTH_CM + 0.5 - first) / len(grid.heads)] * len(grid.heads))]
        if words and grid.has_groups:  # the first of the others has words, and figures need less
            widths[1:] = [3.5, *([(CHART_WIDTH_CM - 3 - first) / (len(grid.heads) - 1)] * (len(grid.heads) - 1))]
        heads = 2 if grid.has_groups else 1
        table = self._add_table(len(grid.lines) + heads, widths, grid.caption, heads=heads)
        rows = [list(row.cells) for row in table.rows]
        if grid.has_groups:
            _fill_cell(rows[0][0], "", strong=True)
            at = 1
            for name, span in grid.iterate_groups():
                _fill_cell(rows[0][at].merge(rows[0][at + span - 1]), name, strong=True)
                at += span
        _fill_cell(rows[heads - 1][0], grid.corner, strong=True)
        for cell, head in zip(rows[heads - 1][1:], grid.heads, strict=True):
            _fill_cell(cell, head.full_text, right=not words, strong=True)
        for cells, line in zip(rows[heads:], grid.lines, strict=True):
            strong = line.kind in ("net", "summary", "head")
            _fill_cell(cells[0], line.full_label, strong=strong)
            for cell, shown in zip(cells[1:], line.cells, strict=True):
                text = f"{shown.text} {shown.mark}".strip()
                _fill_cell(cell, text, right=not words, strong=strong, raised=shown.letters)
        if len(rows) <= MAX_ROWS_TOGETHER:
            for cell in (cell for cells in rows[:-1] for cell in cells):
                cell.paragraphs[0].paragraph_format.keep_with_next = True

    def _add_table(self, rows: int, widths: Sequence[float], caption: str, *, heads: int) -> Table:
        """Add a table with lines between rows and none between columns; its heads are repeated on every page.

        The caption is its description for screen readers.
        """
        if self.below_table:
            self._add_paragraph()  # else they are one table
        self.below_table = True
        table: Table = self.document.add_table(rows, len(widths))
        table.autofit = False
        borders = _make_element("tblBorders")
        for edge, wide, color in (("top", "8", "111111"), ("bottom", "8", "111111"), ("insideH", "4", "BBBBBB")):
            borders.append(_make_element(edge, val="single", sz=wide, space="0", color=color))
        properties = table._tbl.tblPr
        properties.xpath("./w:tblLayout")[0].addprevious(borders)  # the order of the schema
        properties.append(_make_element("tblCaption", val=replace_illegal(caption)))
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
            for cell in column.cells:
                cell.width = Cm(width)
        for row in table.rows[:heads]:
            row._tr.get_or_add_trPr().append(_make_element("tblHeader", val="true"))
        return table

    def add_chart(self, chart: charts.Chart | None, caption: str = "") -> None:
        """Add a chart with its description below its caption, if charts can be rendered."""
        if chart is None or not svg.can_render_png():
            return
        if caption:
            self.add_text(caption, close=True)
        run = self._add_paragraph().add_run()
        shape = run.add_picture(BytesIO(svg.render_png(chart.svg)), width=Cm(CHART_WIDTH_CM))
        shape._inline.docPr.set("descr", replace_illegal(chart.description))
        shape._inline.docPr.set("title", replace_illegal(chart.title))


def _make_element(tag: str, **attributes: str) -> BaseOxmlElement:
    element = OxmlElement(f"w:{tag}")
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _make_field(instruction: str) -> BaseOxmlElement:
    """Return a field that Word fills in when the document is opened."""
    return _make_element("fldSimple", instr=instruction, dirty="true")


def _fill_cell(cell: _Cell, text: str, *, right: bool = False, strong: bool = False, raised: str = "") -> None:
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(replace_illegal(text))
    run.bold, run.font.size = strong or None, Pt(9)
    if raised:
        paragraph.add_run(raised).font.superscript = True
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else None


# ── results and codebook ───────────────────────────────────────────────────────────────────────────────────


def write_results_docx(results: Results, path: Path) -> None:
    """Write the report into this file."""
    use_language(results.language)
    word = WordWriter(flatten(results.title), results.language)
    word.add_head(translate("Results"), flatten(results.title), layout.describe_edition(results))
    for line in (*results.filter_notes, *results.warnings):
        word.add_text(line, strong=True)
    if results.in_brief:
        word.add_text(results.in_brief)
    if results.findings:
        word.add_heading(translate(layout.FINDINGS_TITLE), 1)
        word.add_bullets(results.findings)
    word.add_chart(*charts.draw_picture(results))
    parts = layout.build_chapters(results)
    titles = [(part.id, part.title or translate("Results")) for part in parts]
    word.add_contents([*titles, ("appendix", translate(layout.APPENDIX_TITLE))])
    for chapter in parts:
        word.add_heading(chapter.title or translate("Results"), 1, mark=chapter.id)
        for block in chapter.blocks:
            if block.battery is not None:
                _write_battery(word, block, block.battery, results)
            else:
                _write_item(word, block, block.items[0], results)
    word.add_heading(translate(layout.APPENDIX_TITLE), 1, mark="appendix")
    word.add_heading(translate(layout.READING_TITLE), 2)
    word.add_bullets(layout.list_reading_notes(results))
    word.add_methods(results.methods, level=2)
    for part in layout.build_appendix(results):
        word.add_heading(part.title, 2)
        for line in part.lines:
            word.add_text(line)
        if part.grid is not None:
            word.add_grid(part.grid)
        word.add_bullets(part.notes)
    word.document.save(str(path))


def _write_battery(word: WordWriter, block: layout.Block, battery: Battery, results: Results) -> None:
    word.add_heading(flatten(block.title), 2)
    word.add_quote(parse_lines(battery.intro))
    if battery.id != results.picture:
        word.add_chart(charts.draw_battery(battery))
    for grid in layout.build_battery_grids(battery, results, layout.WORD_WIDTH):
        word.add_text(grid.caption + ":", close=True)
        word.add_grid(grid)
    for item in block.items:
        _write_errors(word, item, results)
        word.add_bullets(map(layout.format_verbatim, item.verbatims))
    word.add_bullets(layout.list_table_notes(*block.items))


def _write_item(word: WordWriter, block: layout.Block, item: ItemResult, results: Results) -> None:
    word.add_heading(f"{item.number_prefix}{flatten(block.get_item_title(item))}", 2)
    word.add_quote(parse_lines(block.get_wording(item)))
    word.add_text(layout.describe_base(item.base) + (f"; {item.margin_text}" if item.margin_text else ""), close=True)
    for n, grid in enumerate(layout.build_item_grids(item, results, layout.WORD_WIDTH)):
        if n:
            word.add_text(grid.caption + ":", close=True)
        word.add_grid(grid)
    word.add_chart(charts.draw_item(item))
    if item.summary is not None:
        word.add_text(layout.describe_summary(item.summary) + ".")
    _write_errors(word, item, results)
    word.add_bullets(layout.list_table_notes(item))
    word.add_bullets(map(layout.format_verbatim, item.verbatims))


def _write_errors(word: WordWriter, item: ItemResult, results: Results) -> None:
    if (errors := layout.build_errors_grid(item, results)) is not None:
        word.add_text(errors.caption + ":", close=True)
        word.add_grid(errors)


def write_codebook_docx(codebook: Codebook, path: Path) -> None:
    """Write the codebook into this file."""
    use_language(ENGLISH)
    word = WordWriter(flatten(codebook.title), codebook.language)
    word.add_head("Codebook", flatten(codebook.title), layout.describe_edition(codebook))
    word.add_methods(codebook.methods)
    word.add_bullets(codebook.notes)
    for title, variables in books.split_sections(codebook):
        word.add_heading(title, 1)
        for variable in variables:
            _write_variable(word, variable)
    word.document.save(str(path))


def _write_variable(word: WordWriter, variable: CodebookVariable) -> None:
    label = flatten(variable.label)
    word.add_heading(books.format_name(variable) + (f": {label}" if label else ""), 2)
    if flatten(variable.wording) != label:
        word.add_quote(parse_lines(variable.wording))
    for name, text in books.list_directions(variable):
        word.add_text(f"{name}: {text}", close=True)
    word.add_text(books.describe_facts(variable), close=bool(variable.codes))
    if books.has_code_table(variable):
        word.add_grid(books.build_codes_grid(variable), words=True)
    grids = books.build_column_grids(variable)
    for line in books.list_remarks(variable):
        word.add_text(line, close=bool(grids))
    for grid in grids:
        word.add_grid(grid, words=True)
    word.add_bullets(variable.notes)


# ── questionnaire ──────────────────────────────────────────────────────────────────────────────────────────


def write_booklet_docx(booklet: model.Booklet, path: Path) -> None:
    """Write the questionnaire into this file, which reviewers can change with tracked changes."""
    word = WordWriter(booklet.name, booklet.languages[0][0])
    version = f"Version {booklet.version}, " if booklet.version else ""
    languages = ", ".join(name for _, name in booklet.languages)
    edition = f"{version}in {languages}; fingerprint of the text {booklet.fingerprint}"
    word.add_head("Questionnaire", booklet.name, edition)
    word.add_bullets(f"{name}: {_join(text)}" for name, text in booklet.study)
    if booklet.unstated:
        word.add_text(f"Not stated: {', '.join(booklet.unstated)}")
    word.add_heading("How to read this", 1)
    word.add_bullets(
        [
            "Texts in italics are read aloud; bold words are stressed.",
            "‹Words in angle quotes› are filled in by the computer.",
            "The name after an item's number is its name in the data; the number before an answer is its code.",
            f"Lines with {_FOR_INTERVIEWER.strip()} are for the interviewer, and not read.",
        ]
    )
    if booklet.declines:
        accepted = "; ".join(map(_describe_choice, booklet.declines))
        word.add_text(f"Accepted everywhere, and never read, unless an item says otherwise: {accepted}")
    for part in booklet.parts:
        _write_part(word, part, booklet)
    for appendix in booklet.appendices:
        word.add_heading(appendix.title, 1)
        word.add_text(_FOR_INTERVIEWER + appendix.description)
        for entry in appendix.entries:
            name = " ".join(filter(None, (entry.id, _join(entry.wording))))
            notes = "; ".join("".join(_iterate_note(note)) for note in entry.notes)
            word.add_text(f"{name}: {notes}" if notes else name, close=bool(entry.answer))
            _write_aloud(word, entry.answer)
    word.document.save(str(path))


def _write_part(word: WordWriter, part: model.BookletPart, booklet: model.Booklet) -> None:
    if part.kind != "loose" or part.level == 1:
        title = part.span_text.capitalize() if part.kind == "loose" else _join(part.title) or part.id
        word.add_heading(title, min(part.level, 3))
    _write_notes(word, part.notes)
    if part.intro:
        word.add_text(f"{_FOR_INTERVIEWER}Before whichever of these items comes first:", close=True)
        _write_aloud(word, part.intro)
    for child in part.children:
        if isinstance(child, model.BookletPart):
            _write_part(word, child, booklet)
        else:
            _write_booklet_item(word, child, comments=booklet.comments)
    if part.kind == "roster":
        word.add_text(f"{_FOR_INTERVIEWER}End of what is repeated ({part.id}).")


def _write_booklet_item(word: WordWriter, item: model.BookletItem, *, comments: bool) -> None:
    def mark(line: Line) -> Line:
        return (TextRun(_FOR_INTERVIEWER), *line)

    word.add_heading(f"{item.number}. {item.id} – {item.kind}", 3)
    for line in item.asked:
        word.add_runs([mark(line)])
    _write_aloud(word, item.intro)
    if item.read_aloud:
        _write_aloud(word, item.wording)
    else:
        for text in item.wording:
            word.add_runs(list(map(mark, text.lines)))
    if item.space == "grid":
        head = ["", *map(_describe_choice, item.choices)]
        rows = [[_describe_row(row), *([""] * len(item.choices))] for row in item.rows]
        word.add_words(head, rows, item.id)
    else:
        word.add_bullets(map(_describe_choice, item.choices))
    if item.space in ("line", "lines"):
        word.add_text(f"{BLANK}{f' ({item.expects})' if item.expects else ''}")
    _write_notes(word, item.notes)
    if comments:
        word.add_text(f"Comment: {BLANK * 2}")


def _write_aloud(word: WordWriter, wording: model.MultilingualText) -> None:
    for text in wording:
        word.add_quote(text.lines, text.language)


def _write_notes(word: WordWriter, notes: Iterable[model.BookletNote]) -> None:
    for note in notes:
        word.add_text(_FOR_INTERVIEWER + "".join(_iterate_note(note)))


def _iterate_note(note: model.BookletNote) -> Iterator[str]:
    if note.label:
        yield f"{note.label}: "
    yield render_plain(note.prose)
    if note.wording:
        words = _join(note.wording)
        yield (" " if note.prose else "") + (f"“{words}”" if note.read_aloud else words)


def _describe_choice(choice: model.BookletChoice) -> str:
    remarks = "".join(f" ({render_plain(remark)})" for remark in choice.remarks)
    note = f" [{_join(choice.note)}]" if choice.note else ""
    return f"{choice.code}  {_join(choice.wording)}{remarks}{note}{f' {BLANK}' if choice.specify else ''}".strip()


def _describe_row(row: model.BookletStatement) -> str:
    remarks = (f" ({_FOR_INTERVIEWER}{render_plain(remark)})" for remark in row.remarks)
    return f"{row.id}: {_join(row.wording)}" + "".join(remarks)


def _join(wording: model.MultilingualText) -> str:
    """Return a text on one line; several languages are separated by a slash."""
    return " / ".join(" ".join(map(render_plain, text.lines)) for text in wording)
