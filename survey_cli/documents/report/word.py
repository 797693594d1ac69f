"""Results and codebook as a Word document: headings, tables with repeated heads, pictures with descriptions.

It needs the extra `word`.
"""

from pathlib import Path

from survey_cli.documents.charts.charts import draw_battery, draw_item
from survey_cli.documents.report import codebook_layout as books
from survey_cli.documents.report import report_layout as layout
from survey_cli.documents.report.group_charts import draw_group_charts
from survey_cli.documents.report.word_writer import WordWriter
from survey_cli.documents.text_runs import flatten
from survey_cli.reports.codebook.codebook_model import Codebook, CodebookVariable
from survey_cli.reports.results.report_model import ItemResult, Results


def write_results_docx(results: Results, path: Path) -> None:
    """Write the report into this file."""
    word = WordWriter(flatten(results.title), results.language)
    word.add_head("Results", flatten(results.title), layout.describe_edition(results))
    for line in results.filter_notes:
        word.add_text(line, strong=True)
    for warning in results.warnings:
        word.add_text(warning, strong=True)
    word.add_methods(results.methods)
    parts = layout.build_chapters(results)
    word.add_contents([*((part.id, part.title or "Results") for part in parts), ("appendix", layout.APPENDIX_TITLE)])
    word.add_heading(layout.READING_TITLE, 1)
    word.add_bullets(layout.list_reading_notes(results))
    for chapter in parts:
        word.add_heading(chapter.title or "Results", 1, mark=chapter.id)
        for block in chapter.blocks:
            _write_block(word, block, results)
    word.add_heading(layout.APPENDIX_TITLE, 1, mark="appendix")
    if results.weighting is not None:
        word.add_heading("Weighting", 2)
        for line in layout.describe_weighting(results.weighting):
            word.add_text(line)
        if (margins := layout.build_margins_grid(results.weighting)) is not None:
            word.add_grid(margins)
    if results.rates is not None:
        word.add_heading("Outcomes and rates", 2)
        if results.rates.heading:
            word.add_text(results.rates.heading, strong=True)
        word.add_grid(layout.build_rates_grid(results.rates))
        word.add_bullets(results.rates.notes)
    word.document.save(str(path))


def write_codebook_docx(codebook: Codebook, path: Path) -> None:
    """Write the codebook into this file."""
    word = WordWriter(flatten(codebook.title), codebook.language)
    word.add_head("Codebook", flatten(codebook.title), books.describe_edition(codebook))
    word.add_methods(codebook.methods)
    word.add_bullets(codebook.notes)
    for title, variables in books.split_sections(codebook):
        word.add_heading(title, 1)
        for variable in variables:
            _write_variable(word, variable)
    word.document.save(str(path))


def _write_block(word: WordWriter, block: layout.Block, results: Results) -> None:
    battery = block.battery
    if battery is not None:
        word.add_heading(flatten(block.title), 2)
        word.add_quote(battery.intro)
        word.add_chart(draw_battery(battery))
        for chart in draw_group_charts(results, battery):
            word.add_chart(chart, f"{chart.title}: percentage of each group")
    for item in block.items:
        _write_item(word, block, item, results)


def _write_item(word: WordWriter, block: layout.Block, item: ItemResult, results: Results) -> None:
    word.add_heading(f"{item.number_prefix}{flatten(block.get_item_title(item))}", 2 if block.battery is None else 3)
    word.add_quote(block.get_wording(item))
    word.add_text(layout.describe_base(item.base) + (f"; {item.margin_text}" if item.margin_text else ""), close=True)
    joined = layout.build_joined_grid(item, results, layout.MAX_BAR_COLUMNS, layout.WORD_WIDTH)
    if joined is not None:
        word.add_grid(joined)
    elif item.rows:
        word.add_grid(layout.build_topline_grid(item))
    if not item.battery:
        word.add_chart(draw_item(item))
    if item.summary is not None:
        word.add_text(layout.describe_summary(item.summary) + ".")
    word.add_bullets(item.notes)
    word.add_bullets(map(layout.format_verbatim, item.verbatims))
    table = results.banner.find_table(item.id) if results.banner else None
    if table is not None and results.banner is not None:
        if joined is None:
            for grid in layout.build_banner_grids(item, table, results.banner, layout.WORD_WIDTH):
                word.add_text(grid.caption + ":", close=True)
                word.add_grid(grid)
        word.add_bullets(layout.list_table_notes(item, table))


def _write_variable(word: WordWriter, variable: CodebookVariable) -> None:
    label = flatten(variable.label)
    word.add_heading(books.format_name(variable) + (f": {label}" if label else ""), 2)
    if flatten(variable.wording) != label:
        word.add_quote(variable.wording)
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
