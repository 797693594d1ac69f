"""Results and codebook as HTML and as Markdown, each one self-contained file without scripts."""

from typing import Any, Final

from survey_cli.documents.charts.charts import draw_battery, draw_picture, shorten_title
from survey_cli.documents.charts.svg import NARROW_WIDTH, STACKED_WIDTH
from survey_cli.documents.report import codebook_layout, report_layout
from survey_cli.documents.templating import render_page
from survey_cli.documents.text_runs import flatten, parse_lines
from survey_cli.instrument.texts.languages import is_right_to_left
from survey_cli.reports.codebook.codebook import Codebook
from survey_cli.reports.results.report_model import Results
from survey_cli.reports.texts import ENGLISH, find_language, translate, use_language

LONG_TABLE_ROWS: Final = 14
"""An item with more rows may be divided over printed pages."""


def render_results_html(results: Results) -> str:
    """Return the page, ending in a line end."""
    with use_language(results.language):
        charts = {b.id: draw_battery(b) for b in results.batteries if b.id != results.picture}
        stacked = {b.id: draw_battery(b, STACKED_WIDTH) for b in results.batteries}
        picture, caption = draw_picture(results, NARROW_WIDTH)
        drawn = {
            "charts": charts,
            "stacked": stacked,
            "picture": picture,
            "picture_caption": caption,
        }
        return _render("results.html.jinja", results, **drawn)


def render_results_markdown(results: Results) -> str:
    """Return the page, ending in a line end."""
    with use_language(results.language):
        return _render("results.md.jinja", results)


def render_codebook_html(codebook: Codebook) -> str:
    """Return the page, ending in a line end."""
    return _render("codebook.html.jinja", codebook)


def render_codebook_markdown(codebook: Codebook) -> str:
    """Return the page, ending in a line end."""
    return _render("codebook.md.jinja", codebook)


def list_values(document: Results | Codebook) -> dict[str, Any]:
    """Return what the templates of results and codebooks use, whatever their format."""
    return {
        "document": document,
        "edition": report_layout.describe_edition(document),
        "translate": translate,
        "layout": report_layout,
        "codebook_layout": codebook_layout,
        "flatten": flatten,
        "parse_lines": parse_lines,
    }


def _render(template: str, document: Results | Codebook, **values: Any) -> str:
    from markupsafe import Markup

    # of texts in the questionnaire's language: direction, and name unless it is the page's
    direction = "rtl" if is_right_to_left(document.language) else "auto"
    page_language = ENGLISH
    if isinstance(document, Results):
        page_language = find_language(document.language)

    name = Markup("")
    if document.language != page_language:
        name = Markup(' lang="{}"').format(document.language)

    return render_page(
        template,
        page_header=flatten(document.title),
        page_language=page_language,
        language_attribute=name + Markup(f' dir="{direction}"'),
        shorten_title=shorten_title,
        render_chart=lambda chart: Markup(chart.svg),  # its texts are escaped
        long=LONG_TABLE_ROWS,
        **list_values(document),
        **values,
    )
