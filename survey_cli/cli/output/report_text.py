"""Text rendering of a results report for the terminal: tables with bars, at most 100 cells wide."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from textwrap import wrap
from typing import Final

from survey_cli.cli.output.terminal import make_printable
from survey_cli.documents.report import report_layout as layout
from survey_cli.documents.text_runs import flatten
from survey_cli.reports.results.report_model import ItemResult, Results
from survey_cli.reports.texts import translate, use_language
from survey_cli.text_width import fit, measure_width

MAX_WIDTH: Final = 100
LABEL_WIDTH: Final = 28
"""Width of a label before it is wrapped."""
INDENT: Final = 4
MIN_BAR_WIDTH: Final = 10
FULL_BAR_WIDTH: Final = 32
"""Width of a bar of 100 percent, the same for all items."""
BAR_BLOCKS: Final[dict[str, str]] = {"net": "▒", "decline": "░", "volunteered": "░"}
SOLID_BLOCK: Final = "█"
THRESHOLD_REMEDY: Final = "; --threshold 0 shows all, for those who may see them"
ASCII_BLOCKS: Final = {"█": "#", "▒": "=", "░": "-"}
"""Replacements on terminals without block characters."""


def render_report(results: Results, *, cells: int, blocks: bool = True) -> list[str]:
    """Render the report as lines. `blocks`: the terminal can show block characters."""
    with use_language(results.language):
        return list(_iterate_lines(results, min(cells, MAX_WIDTH), blocks))


def _iterate_lines(results: Results, cells: int, blocks: bool) -> Iterator[str]:
    yield _wrap_hanging("", flatten(results.title), cells)
    yield _wrap_hanging("", layout.describe_edition(results), cells)
    for line in filter(None, (results.in_brief, *results.filter_notes, *results.warnings)):
        yield _wrap_hanging("", line, cells)
    if results.findings:
        findings = [_wrap_hanging("  ", finding, cells) for finding in results.findings]
        yield from _render_section(translate(layout.FINDINGS_TITLE), findings, cells, blocks)
    for chapter in layout.build_chapters(results):
        yield from _render_section(chapter.title or translate("Results"), (), cells, blocks)
        for block in chapter.blocks:
            if block.battery is not None and flatten(block.battery.intro):
                yield from ("", _wrap_hanging("", flatten(block.battery.intro), cells))
            for item in block.items:
                yield from _render_item(item, results, cells, blocks)
    texts = layout.list_reading_notes(results, remedy=translate(THRESHOLD_REMEDY))
    notes = [_wrap_hanging("  ", note, cells) for note in texts]
    yield from _render_section(translate(layout.READING_TITLE), notes, cells, blocks)
    methods = _render_pairs([(line.label, flatten(line.text)) for line in results.methods], cells)
    yield from _render_section(translate(layout.METHODS_TITLE), methods, cells, blocks)
    for part in layout.build_appendix(results):
        lines = [_wrap_hanging("  ", line, cells) for line in part.lines]
        lines += ["", *_render_columns(part.grid, cells)] if part.grid is not None else []
        lines += [_wrap_hanging("  ", note, cells) for note in part.notes]
        yield from _render_section(part.title, lines, cells, blocks)


def _render_section(title: str, lines: Iterable[str], cells: int, blocks: bool) -> Iterator[str]:
    yield ""
    yield _wrap_hanging("", title, cells)
    yield ("─" if blocks else "-") * min(measure_width(make_printable(title)), cells)
    yield from lines


def _render_pairs(pairs: Sequence[tuple[str, str]], cells: int) -> Iterator[str]:
    label_width = max((measure_width(label) for label, _ in pairs), default=0)
    for label, text in pairs:
        lines = wrap(make_printable(text), max(cells - label_width - 4, 20)) or [""]
        yield f"  {fit(make_printable(label), label_width)}  {lines[0]}"
        yield from (" " * (label_width + 4) + line for line in lines[1:])


def _render_item(item: ItemResult, results: Results, cells: int, blocks: bool) -> Iterator[str]:
    yield ""
    yield _wrap_hanging(
        f"{item.number:<4}", f"{flatten(item.wording) or flatten(item.label)} [{item.id}]", cells
    )
    margin = f"; {item.margin_text}" if item.margin_text else ""
    yield _wrap_hanging(" " * INDENT, layout.describe_base(item.base) + margin, cells)
    grid = layout.build_item_grid(item, results)
    rows = [line for line in grid.lines if line.kind not in ("base", "summary")]
    yield from _render_bars(replace(grid, lines=tuple(rows)), cells, blocks)
    if item.summary is not None:
        yield _wrap_hanging(" " * INDENT, layout.describe_summary(item.summary), cells)
    for errors in layout.build_errors_grids(item, results):
        yield from ("", *_render_columns(errors, cells))
    if item.has_columns:
        yield from ("", *_render_columns(layout.drop_counts(grid), cells))
    yield from (_wrap_hanging(" " * INDENT, note, cells) for note in layout.list_table_notes(item))
    yield from (
        _wrap_hanging(" " * INDENT + "- ", layout.format_verbatim(v), cells) for v in item.verbatims
    )


def _wrap_hanging(first: str, text: str, cells: int) -> str:
    """Wrap a paragraph with a hanging indent."""
    space = " " * measure_width(first)
    lines = wrap(make_printable(text), max(cells - len(space), 20), break_on_hyphens=False) or [""]
    return "\n".join((first + lines[0], *(space + line for line in lines[1:])))


def _pad_left(text: str, to: int) -> str:
    return " " * (to - measure_width(text)) + text


def _wrap_labels(grid: layout.Grid, cells: int) -> list[list[str]]:
    """Wrap the label of each line where it is long."""
    most = min(LABEL_WIDTH, max(cells // 2 - INDENT, 12))
    return [wrap(make_printable(line.full_label), most) or [""] for line in grid.lines]


def _render_bars(grid: layout.Grid, cells: int, blocks: bool) -> Iterator[str]:
    """Render the label, count, percentage and bar of each line."""
    labels = _wrap_labels(grid, cells)
    label_width = max((measure_width(text) for lines in labels for text in lines), default=0)
    count_width = max((measure_width(line.cells[0].text) for line in grid.lines), default=0)
    share_width = max((measure_width(line.cells[1].text) + 1 for line in grid.lines), default=0)
    bar_width = min(cells - INDENT - label_width - count_width - share_width - 6, FULL_BAR_WIDTH)
    for line, label in zip(grid.lines, labels, strict=True):
        share = line.cells[1].text + ("%" if line.cells[1].share is not None else " ")
        figures = f"{_pad_left(line.cells[0].text, count_width)}  {_pad_left(share, share_width)}"
        bar = f"  {_render_bar(line, bar_width, blocks)}" if bar_width >= MIN_BAR_WIDTH else ""
        yield f"{' ' * INDENT}{fit(label[0], label_width)}  {figures}{bar}".rstrip()
        yield from (f"{' ' * INDENT}{text}" for text in label[1:])


def _render_bar(line: layout.GridLine, room: int, blocks: bool) -> str:
    if not (share := line.cells[1].share):
        return ""
    mark = BAR_BLOCKS.get(line.kind, SOLID_BLOCK)
    return (mark if blocks else ASCII_BLOCKS[mark]) * max(int(share * room + Fraction(1, 2)), 1)


def _render_columns(grid: layout.Grid, cells: int) -> Iterator[str]:
    """Render a table of figures: as many columns side by side as fit, the others below."""
    yield _wrap_hanging(" " * INDENT, grid.caption, cells)
    labels = _wrap_labels(grid, cells)
    label_width = max(measure_width(text) for lines in [*labels, [grid.corner]] for text in lines)
    heads = [make_printable(head.full_text) for head in grid.heads]
    texts = [
        [cell.full_text for cell in column]
        for column in zip(*(line.cells for line in grid.lines), strict=True)
    ]
    widths = [
        max(map(measure_width, (head, *column))) for head, column in zip(heads, texts, strict=True)
    ]
    start = 0
    while start < len(heads):
        end, width = start, INDENT + label_width
        while end < len(heads) and (end == start or width + 2 + widths[end] <= cells):
            width += 2 + widths[end]
            end += 1
        columns = range(start, end)
        if grid.has_groups:
            yield _render_group_names(grid, widths, columns, INDENT + label_width)
        room = [widths[n] for n in columns]
        yield _render_line(grid.corner, [heads[n] for n in columns], room, label_width)
        for at, label in enumerate(labels):
            yield _render_line(label[0], [texts[n][at] for n in columns], room, label_width)
            yield from (f"{' ' * INDENT}{text}" for text in label[1:])
        start = end
        if start < len(heads):
            yield ""


def _render_group_names(
    grid: layout.Grid, widths: Sequence[int], columns: range, label_width: int
) -> str:
    """Render the name of each group above its first column."""
    line, at = " " * label_width, label_width
    for n in columns:
        if (name := grid.heads[n].group) and (
            n == columns.start or grid.heads[n - 1].group != name
        ):
            line = fit(line, at) if measure_width(line) < at else line
            line += "  " + make_printable(name)
        at += 2 + widths[n]
    return line.rstrip()


def _render_line(label: str, texts: Sequence[str], widths: Sequence[int], label_width: int) -> str:
    figures = "".join(
        "  " + _pad_left(text, width) for text, width in zip(texts, widths, strict=True)
    )
    return f"{' ' * INDENT}{fit(label, label_width)}{figures}".rstrip()
