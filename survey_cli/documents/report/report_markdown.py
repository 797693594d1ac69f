"""A report of results, or a codebook, as Markdown that reads well as it is: what was read aloud in block quotes, tables
as tables; every text is escaped, so that none is taken for markup.
"""

from collections.abc import Iterable, Iterator, Sequence

from survey_cli.documents.questionnaire.booklet_model import Line
from survey_cli.documents.questionnaire.markdown import code, escaped
from survey_cli.documents.report import codebook_layout as books
from survey_cli.documents.report.report_layout import (
    APPENDIX,
    METHODS,
    READING,
    Block,
    Grid,
    Shown,
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
from survey_cli.documents.text_fragments import flat, lines_of
from survey_cli.reports.codebook.codebook_model import Codebook, CodebookVariable
from survey_cli.reports.results.report_model import ItemResult, MethodLine, Results


def results_markdown(results: Results) -> str:
    """The whole report, ending in a line end."""
    return _tidy(_results(results))


def codebook_markdown(codebook: Codebook) -> str:
    """The whole codebook, ending in a line end."""
    return _tidy(_codebook(codebook))


def _tidy(lines: Iterable[str]) -> str:
    """No space at the end of a line, no two empty lines."""
    all_lines = [line.rstrip() for line in lines]
    kept = [line for n, line in enumerate(all_lines) if line or (n and all_lines[n - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def _results(results: Results) -> Iterator[str]:
    yield from _head(results.title, edition(results))
    for line in results.narrowed:
        yield from (escaped(line), "")
    for warning in results.warnings:
        yield from (f"**{escaped(warning, first=False)}**", "")
    yield from _methods(results.methods)
    yield from ("## Contents", "")
    parts = chapters(results)
    for part in parts:
        items = f" (item{'s' if '–' in part.span else ''} {part.span})" if part.span not in part.title else ""
        yield f"- {escaped(part.title or 'Results')}{items}"
    yield from (f"- {APPENDIX}", "", f"## {READING}", "")
    yield from (f"- {escaped(note)}" for note in reading_notes(results))
    yield ""
    for part in parts:
        yield from (f"## {escaped(part.title or 'Results')}", "")
        for block in part.blocks:
            yield from _block(block, results)
    yield from (f"## {APPENDIX}", "")
    yield from _appendix(results)


def _head(title: str, told: str) -> Iterator[str]:
    yield from (f"# {escaped(flat(title), first=False)}", "", escaped(told), "")


def _methods(methods: Sequence[MethodLine]) -> Iterator[str]:
    if not methods:
        return
    yield from (f"## {METHODS}", "")
    yield from (f"- {escaped(m.label, first=False)}: {escaped(flat(m.text), first=False)}" for m in methods)
    yield ""


def _block(block: Block, results: Results) -> Iterator[str]:
    if block.battery is not None:
        yield from (f"### {escaped(flat(block.title), first=False)}", "")
        yield from _quoted(block.battery.intro)
    for item in block.items:
        yield from _item(block, item, results)


def _item(block: Block, item: ItemResult, results: Results) -> Iterator[str]:
    level, title = "###" if block.battery is None else "####", flat(block.item_title(item))
    number = f"{item.number}\\. " if item.number else ""
    yield from (f"{level} {number}{escaped(title, first=False)} ({code(item.id)})", "")
    yield from _quoted(block.said(item))
    margin = f"; {item.margin_text}" if item.margin_text else ""
    yield from (escaped(base_line(item.base) + margin), "")
    joined = joined_grid(item, results)
    table = results.banner.table(item.id) if results.banner else None
    if joined is not None:
        yield from _table(joined)
    elif item.rows:
        yield from _table(topline_grid(item))
    if item.summary is not None:
        yield from (escaped(summary_line(item.summary) + "."), "")
    yield from _notes(item.notes)
    yield from (f"- {escaped(verbatim_line(verbatim))}" for verbatim in item.verbatims)
    yield ""
    if table is not None and results.banner is not None:
        if joined is None:
            for grid in banner_grids(item, table, results.banner):
                yield from (escaped(grid.caption + ":"), "")
                yield from _table(grid)
        yield from _notes(table_notes(item, table))


def _appendix(results: Results) -> Iterator[str]:
    if results.weighting is not None:
        yield from ("### Weighting", "")
        for line in weighting_lines(results.weighting):
            yield from (escaped(line), "")
        margins = margins_grid(results.weighting)
        if margins is not None:
            yield from _table(margins)
    if results.rates is not None:
        yield from ("### Outcomes and rates", "")
        if results.rates.heading:
            yield from (f"**{escaped(results.rates.heading, first=False)}**", "")
        yield from _table(rates_grid(results.rates))
        yield from _notes(results.rates.notes)


def _quoted(text: str) -> Iterator[str]:
    lines = lines_of(text)
    for n, line in enumerate(lines):
        yield f"> {_inline(line)}" + ("\\" if n < len(lines) - 1 else "")
    yield ""


def _inline(line: Line) -> str:
    made = []
    for n, stretch in enumerate(line):
        match stretch.style:
            case "stress" if inner := stretch.text.strip():
                before, _, after = stretch.text.partition(inner)
                made.append(f"{before}**{escaped(inner, first=False)}**{after}")
            case "fill":
                made.append(f"‹{escaped(stretch.text, first=False)}›")
            case _:
                made.append(escaped(stretch.text, first=n == 0))
    return "".join(made)


def _notes(notes: Sequence[str]) -> Iterator[str]:
    yield from (f"- {escaped(note)}" for note in notes)
    yield ""


def _table(grid: Grid, *, words: bool = False) -> Iterator[str]:
    """Figures to the right; `words`: cells to the left."""
    heads = [
        ": ".join(part for part in (h.group, h.text) if part) + (f" ({h.letter})" if h.letter else "")
        for h in grid.heads
    ]
    yield _row([grid.corner, *heads])
    yield "|".join(["", " --- ", *([" --- " if words else " ---: "] * len(heads)), ""])
    for line in grid.lines:
        yield _row([line.label + row_note(line), *map(_shown, line.cells)])
    yield ""


def _shown(cell: Shown) -> str:
    return " ".join(part for part in (cell.text, cell.mark, cell.letters) if part)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(escaped(" ".join(cell.split()), first=False) for cell in cells) + " |"


def _codebook(codebook: Codebook) -> Iterator[str]:
    yield from _head(codebook.title, books.edition(codebook))
    yield from _methods(codebook.methods)
    yield from _notes(codebook.notes)
    for title, variables in books.sections(codebook):
        yield from (f"## {escaped(title, first=False)}", "")
        for variable in variables:
            yield from _variable(variable)


def _variable(variable: CodebookVariable) -> Iterator[str]:
    names = " … ".join(map(code, dict.fromkeys([variable.names[0], variable.names[-1]])))
    yield from (f"### {names} {escaped(flat(variable.label), first=False)}", "")
    if flat(variable.wording) != flat(variable.label):
        yield from _quoted(variable.wording)
    for name, said in books.directions(variable):
        yield from (f"{name}: {escaped(said, first=False)}", "")
    yield from (escaped(books.facts(variable)), "")
    if books.tabled(variable):
        yield from _table(books.codes_grid(variable), words=True)
    for line in books.lines(variable):
        yield from (escaped(line), "")
    for grid in books.columns_grids(variable):
        yield from _table(grid, words=True)
    yield from _notes(variable.notes)
