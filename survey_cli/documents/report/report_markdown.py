"""Results and codebook as readable Markdown: block quotes are read aloud, tables are tables.

Every text is escaped, so that none is taken for markup.
"""

from collections.abc import Iterable, Iterator, Sequence

from survey_cli.documents.questionnaire.booklet_model import Line
from survey_cli.documents.questionnaire.markdown import escape_markdown, render_code
from survey_cli.documents.report import codebook_layout as books
from survey_cli.documents.report.report_layout import (
    APPENDIX_TITLE,
    METHODS_TITLE,
    READING_TITLE,
    Block,
    Grid,
    GridCell,
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
    format_row_note,
    format_verbatim,
    list_reading_notes,
    list_table_notes,
)
from survey_cli.documents.text_fragments import flatten, parse_lines
from survey_cli.reports.codebook.codebook_model import Codebook, CodebookVariable
from survey_cli.reports.results.report_model import ItemResult, MethodLine, Results


def render_results_markdown(results: Results) -> str:
    """The whole report, ending in a line end."""
    return _join_lines(_render_results(results))


def render_codebook_markdown(codebook: Codebook) -> str:
    """The whole codebook, ending in a line end."""
    return _join_lines(_render_codebook(codebook))


def _join_lines(lines: Iterable[str]) -> str:
    """No space at the end of a line, no two empty lines."""
    all_lines = [line.rstrip() for line in lines]
    kept = [line for n, line in enumerate(all_lines) if line or (n and all_lines[n - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def _render_results(results: Results) -> Iterator[str]:
    yield from _render_head(results.title, describe_edition(results))
    for line in results.filter_notes:
        yield from (escape_markdown(line), "")
    for warning in results.warnings:
        yield from (f"**{escape_markdown(warning, first=False)}**", "")
    yield from _render_methods(results.methods)
    yield from ("## Contents", "")
    parts = build_chapters(results)
    for part in parts:
        items = f" (item{'s' if '–' in part.span else ''} {part.span})" if part.span not in part.title else ""
        yield f"- {escape_markdown(part.title or 'Results')}{items}"
    yield from (f"- {APPENDIX_TITLE}", "", f"## {READING_TITLE}", "")
    yield from (f"- {escape_markdown(note)}" for note in list_reading_notes(results))
    yield ""
    for part in parts:
        yield from (f"## {escape_markdown(part.title or 'Results')}", "")
        for block in part.blocks:
            yield from _render_block(block, results)
    yield from (f"## {APPENDIX_TITLE}", "")
    yield from _render_appendix(results)


def _render_head(title: str, told: str) -> Iterator[str]:
    yield from (f"# {escape_markdown(flatten(title), first=False)}", "", escape_markdown(told), "")


def _render_methods(methods: Sequence[MethodLine]) -> Iterator[str]:
    if not methods:
        return
    yield from (f"## {METHODS_TITLE}", "")
    yield from (
        f"- {escape_markdown(m.label, first=False)}: {escape_markdown(flatten(m.text), first=False)}" for m in methods
    )
    yield ""


def _render_block(block: Block, results: Results) -> Iterator[str]:
    if block.battery is not None:
        yield from (f"### {escape_markdown(flatten(block.title), first=False)}", "")
        yield from _render_quote(block.battery.intro)
    for item in block.items:
        yield from _render_item(block, item, results)


def _render_item(block: Block, item: ItemResult, results: Results) -> Iterator[str]:
    level, title = "###" if block.battery is None else "####", flatten(block.get_item_title(item))
    number = f"{item.number}\\. " if item.number else ""
    yield from (f"{level} {number}{escape_markdown(title, first=False)} ({render_code(item.id)})", "")
    yield from _render_quote(block.get_wording(item))
    margin = f"; {item.margin_text}" if item.margin_text else ""
    yield from (escape_markdown(describe_base(item.base) + margin), "")
    joined = build_joined_grid(item, results)
    table = results.banner.find_table(item.id) if results.banner else None
    if joined is not None:
        yield from _render_table(joined)
    elif item.rows:
        yield from _render_table(build_topline_grid(item))
    if item.summary is not None:
        yield from (escape_markdown(describe_summary(item.summary) + "."), "")
    yield from _render_notes(item.notes)
    yield from (f"- {escape_markdown(format_verbatim(verbatim))}" for verbatim in item.verbatims)
    yield ""
    if table is not None and results.banner is not None:
        if joined is None:
            for grid in build_banner_grids(item, table, results.banner):
                yield from (escape_markdown(grid.caption + ":"), "")
                yield from _render_table(grid)
        yield from _render_notes(list_table_notes(item, table))


def _render_appendix(results: Results) -> Iterator[str]:
    if results.weighting is not None:
        yield from ("### Weighting", "")
        for line in describe_weighting(results.weighting):
            yield from (escape_markdown(line), "")
        margins = build_margins_grid(results.weighting)
        if margins is not None:
            yield from _render_table(margins)
    if results.rates is not None:
        yield from ("### Outcomes and rates", "")
        if results.rates.heading:
            yield from (f"**{escape_markdown(results.rates.heading, first=False)}**", "")
        yield from _render_table(build_rates_grid(results.rates))
        yield from _render_notes(results.rates.notes)


def _render_quote(text: str) -> Iterator[str]:
    lines = parse_lines(text)
    for n, line in enumerate(lines):
        yield f"> {_render_line(line)}" + ("\\" if n < len(lines) - 1 else "")
    yield ""


def _render_line(line: Line) -> str:
    made = []
    for n, stretch in enumerate(line):
        match stretch.style:
            case "stress" if inner := stretch.text.strip():
                before, _, after = stretch.text.partition(inner)
                made.append(f"{before}**{escape_markdown(inner, first=False)}**{after}")
            case "fill":
                made.append(f"‹{escape_markdown(stretch.text, first=False)}›")
            case _:
                made.append(escape_markdown(stretch.text, first=n == 0))
    return "".join(made)


def _render_notes(notes: Sequence[str]) -> Iterator[str]:
    yield from (f"- {escape_markdown(note)}" for note in notes)
    yield ""


def _render_table(grid: Grid, *, words: bool = False) -> Iterator[str]:
    """Figures to the right; `words`: cells to the left."""
    heads = [
        ": ".join(part for part in (h.group, h.text) if part) + (f" ({h.letter})" if h.letter else "")
        for h in grid.heads
    ]
    yield _render_row([grid.corner, *heads])
    yield "|".join(["", " --- ", *([" --- " if words else " ---: "] * len(heads)), ""])
    for line in grid.lines:
        yield _render_row([line.label + format_row_note(line), *map(_render_cell, line.cells)])
    yield ""


def _render_cell(cell: GridCell) -> str:
    return " ".join(part for part in (cell.text, cell.mark, cell.letters) if part)


def _render_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escape_markdown(" ".join(cell.split()), first=False) for cell in cells) + " |"


def _render_codebook(codebook: Codebook) -> Iterator[str]:
    yield from _render_head(codebook.title, books.describe_edition(codebook))
    yield from _render_methods(codebook.methods)
    yield from _render_notes(codebook.notes)
    for title, variables in books.split_sections(codebook):
        yield from (f"## {escape_markdown(title, first=False)}", "")
        for variable in variables:
            yield from _render_variable(variable)


def _render_variable(variable: CodebookVariable) -> Iterator[str]:
    names = " … ".join(map(render_code, dict.fromkeys([variable.names[0], variable.names[-1]])))
    yield from (f"### {names} {escape_markdown(flatten(variable.label), first=False)}", "")
    if flatten(variable.wording) != flatten(variable.label):
        yield from _render_quote(variable.wording)
    for name, said in books.list_directions(variable):
        yield from (f"{name}: {escape_markdown(said, first=False)}", "")
    yield from (escape_markdown(books.describe_facts(variable)), "")
    if books.has_code_table(variable):
        yield from _render_table(books.build_codes_grid(variable), words=True)
    for line in books.list_remarks(variable):
        yield from (escape_markdown(line), "")
    for grid in books.build_column_grids(variable):
        yield from _render_table(grid, words=True)
    yield from _render_notes(variable.notes)
