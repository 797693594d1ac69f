"""Results and codebook as one self-contained HTML file: no script, no other file.

The templates place things, the stylesheet shapes them; every text is escaped.
"""

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from survey_cli.documents.charts.charts import draw_battery, shorten_title
from survey_cli.documents.questionnaire.html import quote_css
from survey_cli.documents.report import codebook_layout as books
from survey_cli.documents.report.group_charts import draw_group_charts
from survey_cli.documents.report.report_layout import (
    APPENDIX_TITLE,
    METHODS_TITLE,
    READING_TITLE,
    build_banner_grids,
    build_chapters,
    build_joined_grid,
    build_margins_grid,
    build_rates_grid,
    build_topline_grid,
    describe_base,
    describe_edition,
    describe_summary,
    describe_weighting,
    format_verbatim,
    list_reading_notes,
    list_table_notes,
    list_unstated,
    select_stated,
)
from survey_cli.documents.text_fragments import flatten, parse_lines
from survey_cli.reports.codebook.codebook_model import Codebook
from survey_cli.reports.results.report_model import Results

if TYPE_CHECKING:
    from markupsafe import Markup

LONG_TABLE_ROWS: Final = 14
"""An item with more rows may be parted over pages."""


def render_results_html(results: Results) -> str:
    """The whole file, ending in a line end."""
    from markupsafe import Markup

    charts = {
        battery.id: Markup(chart.svg) if (chart := draw_battery(battery)) is not None else ""  # escaped there
        for battery in results.batteries
    }
    group_charts = {
        battery.id: [(chart.title, Markup(chart.svg)) for chart in draw_group_charts(results, battery)]
        for battery in results.batteries
    }
    return _render_page(
        "results.html.jinja",
        flatten(results.title),
        describe_edition(results),
        r=results,
        chapters=build_chapters(results),
        charts=charts,
        group_charts=group_charts,
        edition=describe_edition(results),
        long=LONG_TABLE_ROWS,
        margins=build_margins_grid(results.weighting) if results.weighting else None,
        rates=build_rates_grid(results.rates) if results.rates else None,
        reading_notes=list_reading_notes(results),
        stated=select_stated(results.methods),
        unstated=list_unstated(results.methods),
        tongue=_render_language_attribute(results.language),
        weighting_lines=describe_weighting(results.weighting) if results.weighting else (),
        APPENDIX_TITLE=APPENDIX_TITLE,
        METHODS_TITLE=METHODS_TITLE,
        READING_TITLE=READING_TITLE,
        build_banner_grids=build_banner_grids,
        describe_base=describe_base,
        build_joined_grid=build_joined_grid,
        shorten_title=shorten_title,
        describe_summary=describe_summary,
        list_table_notes=list_table_notes,
        build_topline_grid=build_topline_grid,
        format_verbatim=format_verbatim,
    )


def render_codebook_html(codebook: Codebook) -> str:
    """The whole file, ending in a line end."""
    return _render_page(
        "codebook.html.jinja",
        flatten(codebook.title),
        books.describe_edition(codebook),
        c=codebook,
        edition=books.describe_edition(codebook),
        build_codes_grid=books.build_codes_grid,
        build_column_grids=books.build_column_grids,
        list_directions=books.list_directions,
        describe_facts=books.describe_facts,
        list_remarks=books.list_remarks,
        long=LONG_TABLE_ROWS,
        format_name=books.format_name,
        format_position=books.format_position,
        format_turns=books.format_turns,
        shorten_title=shorten_title,
        has_code_table=books.has_code_table,
        sections=books.split_sections(codebook),
        stated=select_stated(codebook.methods),
        unstated=list_unstated(codebook.methods),
        tongue=_render_language_attribute(codebook.language),
        METHODS_TITLE=METHODS_TITLE,
    )


def _render_page(template: str, running: str, foot: str, /, **values: Any) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("survey_cli.documents", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    style = files("survey_cli.documents.report").joinpath("report.css").read_text(encoding="utf-8")
    style = style.replace("«running»", quote_css(running)).replace("«edition»", quote_css(foot))
    return environment.get_template(template).render(
        style=Markup(style),  # our own stylesheet, what is put into it made harmless
        flatten=flatten,
        parse_lines=parse_lines,
        **values,
    )


def _render_language_attribute(language: str) -> "Markup":
    """The attribute of what is in the questionnaire's language, where that is not the page's."""
    from markupsafe import Markup

    return Markup("") if language == "en" else Markup(' lang="{}"').format(language)
