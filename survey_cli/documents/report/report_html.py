"""A report of results, or a codebook, as one HTML file that needs nothing else: no script, no other file. The templates
say where things stand, the stylesheet how they look; every text is escaped.
"""

from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from survey_cli.documents.charts.charts import chart_of_battery, short
from survey_cli.documents.questionnaire.html import css_string
from survey_cli.documents.report import codebook_layout as books
from survey_cli.documents.report.group_charts import charts_of_groups
from survey_cli.documents.report.report_layout import (
    APPENDIX,
    METHODS,
    READING,
    banner_grids,
    base_line,
    chapters,
    edition,
    joined_grid,
    margins_grid,
    rates_grid,
    reading_notes,
    stated,
    summary_line,
    table_notes,
    topline_grid,
    unstated,
    verbatim_line,
    weighting_lines,
)
from survey_cli.documents.text_fragments import flat, lines_of
from survey_cli.reports.codebook.codebook_model import Codebook
from survey_cli.reports.results.report_model import Results

if TYPE_CHECKING:
    from markupsafe import Markup

LONG_TABLE: Final = 14
"""An item with more rows may be parted over pages."""


def results_html(results: Results) -> str:
    """The whole file, ending in a line end."""
    from markupsafe import Markup

    charts = {
        battery.id: Markup(chart.svg)
        if (chart := chart_of_battery(battery)) is not None
        else ""  # escaped there
        for battery in results.batteries
    }
    compared = {
        battery.id: [(chart.title, Markup(chart.svg)) for chart in charts_of_groups(results, battery)]
        for battery in results.batteries
    }
    return _page(
        "results.html.jinja",
        flat(results.title),
        edition(results),
        r=results,
        chapters=chapters(results),
        charts=charts,
        compared=compared,
        edition=edition(results),
        long=LONG_TABLE,
        margins=margins_grid(results.weighting) if results.weighting else None,
        rates=rates_grid(results.rates) if results.rates else None,
        reading_notes=reading_notes(results),
        stated=stated(results.methods),
        unstated=unstated(results.methods),
        tongue=_tongue(results.language),
        weighting_lines=weighting_lines(results.weighting) if results.weighting else (),
        APPENDIX=APPENDIX,
        METHODS=METHODS,
        READING=READING,
        banner_grids=banner_grids,
        base_line=base_line,
        joined_grid=joined_grid,
        short=short,
        summary_line=summary_line,
        table_notes=table_notes,
        topline_grid=topline_grid,
        verbatim_line=verbatim_line,
    )


def codebook_html(codebook: Codebook) -> str:
    """The whole file, ending in a line end."""
    return _page(
        "codebook.html.jinja",
        flat(codebook.title),
        books.edition(codebook),
        c=codebook,
        edition=books.edition(codebook),
        codes_grid=books.codes_grid,
        columns_grids=books.columns_grids,
        directions=books.directions,
        facts=books.facts,
        lines=books.lines,
        long=LONG_TABLE,
        named=books.named,
        numbered=books.numbered,
        turned=books.turned,
        short=short,
        tabled=books.tabled,
        sections=books.sections(codebook),
        stated=stated(codebook.methods),
        unstated=unstated(codebook.methods),
        tongue=_tongue(codebook.language),
        METHODS=METHODS,
    )


def _page(template: str, running: str, foot: str, /, **values: Any) -> str:
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
    style = style.replace("«running»", css_string(running)).replace("«edition»", css_string(foot))
    return environment.get_template(template).render(
        style=Markup(style),  # our own stylesheet, what is put into it made harmless
        flat=flat,
        lines_of=lines_of,
        **values,
    )


def _tongue(language: str) -> "Markup":
    """The attribute of what is in the questionnaire's language, where that is not the page's."""
    from markupsafe import Markup

    return Markup("") if language == "en" else Markup(' lang="{}"').format(language)
