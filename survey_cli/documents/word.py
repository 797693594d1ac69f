"""Word documents: results, codebooks and questionnaires, from templates `….xml.jinja`.

It needs the extra `word`. Charts are included if the extra `png` is installed too.
"""

from collections.abc import Iterable
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any, Final

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor
from markupsafe import Markup

from survey_cli.documents.charts import charts, svg
from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.report.report_pages import list_values
from survey_cli.documents.templating import render_page
from survey_cli.documents.text_runs import Line, TextRun, flatten, render_plain
from survey_cli.exports.xml_elements import replace_illegal
from survey_cli.reports.codebook.codebook import Codebook
from survey_cli.reports.results.report_model import Results
from survey_cli.reports.texts import use_language

CHART_WIDTH_CM: Final = 15.5
"""Width of a picture: the text width of a page."""
MAX_ROWS_TOGETHER: Final = 24
"""A table with more rows may be divided over pages."""
LABEL_WIDTH_CM: Final = 6.0
"""Width of the column of labels; the others share the rest."""
_INK: Final = RGBColor(0x11, 0x11, 0x11)


def write_results_docx(results: Results, path: Path) -> None:
    """Write the report into this file."""
    with use_language(results.language):
        picture, caption = charts.draw_picture(results)
        drawn = {"charts": charts, "first_picture": picture, "first_caption": caption}
        _write("results.xml.jinja", flatten(results.title), path, **list_values(results), **drawn)


def write_codebook_docx(codebook: Codebook, path: Path) -> None:
    """Write the codebook into this file."""
    _write("codebook.xml.jinja", flatten(codebook.title), path, **list_values(codebook))


def write_booklet_docx(booklet: model.Booklet, path: Path) -> None:
    """Write the questionnaire into this file, which reviewers can change with tracked changes."""

    def mark(lines: Iterable[Line]) -> list[Line]:
        return [(TextRun("▷ "), *line) for line in lines]

    _write("booklet.xml.jinja", booklet.name, path, b=booklet, mark=mark)


def _write(template: str, title: str, path: Path, **values: Any) -> None:
    """Write the body that a template makes into a document."""
    word = _make_document(title)
    page = render_page(
        template,
        Cm=Cm,
        CHART_WIDTH_CM=CHART_WIDTH_CM,
        LABEL_WIDTH_CM=LABEL_WIDTH_CM,
        MAX_ROWS_TOGETHER=MAX_ROWS_TOGETHER,
        draw=partial(_draw, word, count(1)),
        has_pictures=svg.can_render_png(),
        render_plain=render_plain,
        **values,
    )
    end = word.element.body.sectPr
    for element in list(parse_xml(replace_illegal(page))):
        end.addprevious(element)
    for table in word.tables:
        following = table._tbl.getnext()
        # Word joins tables without a paragraph between them.
        if following.tag == qn("w:tbl"):
            following = parse_xml(f"<w:p {nsdecls('w')}/>")
            table._tbl.addnext(following)
        if following.tag == qn("w:p") and not (following.style or "").startswith("Heading"):
            following.get_or_add_pPr().spacing_before = Pt(5)
    word.save(str(path))


def _draw(word: Document, numbers: "count[int]", chart: charts.Chart) -> Markup:
    """Add a picture with its description to a document, and return the element that shows it."""
    shape = word.part.new_pic_inline(BytesIO(svg.render_png(chart.svg)), width=Cm(CHART_WIDTH_CM))
    number = next(numbers)
    shape.docPr.set("id", f"{number}")
    shape.docPr.set("name", f"Picture {number}")
    shape.docPr.set("title", replace_illegal(chart.title))
    shape.docPr.set("descr", replace_illegal(chart.description))
    return Markup(shape.xml)


def _make_document(title: str) -> Document:
    """Make an empty document on A4 paper with page numbers."""
    document = docx.Document()
    known = document.core_properties
    known.title = replace_illegal(title)
    known.author = ""
    known.language = "en"
    known.comments = ""
    # These times are those of python-docx's template, of 2013.
    for moment in known._element.xpath("./dcterms:created | ./dcterms:modified"):
        moment.getparent().remove(moment)
    for lang in document.styles.element.xpath("./w:docDefaults//w:lang"):
        lang.set(qn("w:val"), "en-GB")
    section = document.sections[0]
    section.page_width = Cm(21)
    section.page_height = Cm(29.7)
    section.left_margin = Cm(2.5)
    section.right_margin = Cm(2.5)
    section.top_margin = Cm(2.2)
    section.bottom_margin = Cm(2.2)

    for name, size in (("Title", 24), ("Heading 1", 16), ("Heading 2", 12), ("Heading 3", 11)):
        font = document.styles[name].font
        font.size = Pt(size)
        font.color.rgb = _INK
    normal = document.styles["Normal"]
    normal.font.size = Pt(10)
    normal.font.name = "Calibri"
    normal.paragraph_format.space_after = Pt(4)
    quote = document.styles["Intense Quote"]
    quote.font.color.rgb = _INK
    quote.font.bold = False

    # Word fills in the number of the page.
    number = parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr="PAGE" w:dirty="true"/>')
    section.footer.paragraphs[0]._p.append(number)
    return document
