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
    """Yield the report section by section."""
    yield _wrap_hanging("", flatten(results.title), cells)
    yield _wrap_hanging("", layout.describe_edition(results), cells)
    for line in (results.in_brief, *results.filter_notes, *results.warnings):
        if line:
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
        if part.grid is not None:
            lines += ["", *_render_columns(part.grid, cells)]
        lines += [_wrap_hanging("  ", note, cells) for note in part.notes]
        yield from _render_section(part.title, lines, cells, blocks)


def _render_section(title: str, lines: Iterable[str], cells: int, blocks: bool) -> Iterator[str]:
    """Render a heading, underlined, and the lines below it."""
    rule = "─" if blocks else "-"
    yield ""
    yield _wrap_hanging("", title, cells)
    yield rule * min(measure_width(make_printable(title)), cells)
    yield from lines


def _render_pairs(pairs: Sequence[tuple[str, str]], cells: int) -> Iterator[str]:
    label_width = max((measure_width(label) for label, _ in pairs), default=0)
    for label, text in pairs:
        lines = wrap(make_printable(text), max(cells - label_width - 4, 20)) or [""]
        yield f"  {fit(make_printable(label), label_width)}  {lines[0]}"
        yield from (" " * (label_width + 4) + line for line in lines[1:])


def _render_item(item: ItemResult, results: Results, cells: int, blocks: bool) -> Iterator[str]:
    """Render an item: its wording, its base, its bars, then its tables, notes and verbatims."""
    space = " " * INDENT
    wording = flatten(item.wording) or flatten(item.label)
    yield ""
    yield _wrap_hanging(f"{item.number:<4}", f"{wording} [{item.id}]", cells)
    base = layout.describe_base(item.base)
    if item.margin_text:
        base += f"; {item.margin_text}"
    yield _wrap_hanging(space, base, cells)

    grid = layout.build_item_grid(item, results)
    rows = [line for line in grid.lines if line.kind not in ("base", "summary")]
    yield from _render_bars(replace(grid, lines=tuple(rows)), cells, blocks)
    if item.summary is not None:
        yield _wrap_hanging(space, layout.describe_summary(item.summary), cells)

    for errors in layout.build_errors_grids(item, results):
        yield ""
        yield from _render_columns(errors, cells)
    if item.has_columns:
        yield ""
        yield from _render_columns(layout.drop_counts(grid), cells)
    for note in layout.list_table_notes(item):
        yield _wrap_hanging(space, note, cells)
    for verbatim in item.verbatims:
        yield _wrap_hanging(f"{space}- ", layout.format_verbatim(verbatim), cells)


def _wrap_hanging(first: str, text: str, cells: int) -> str:
    """Wrap a paragraph with a hanging indent."""
    space = " " * measure_width(first)
    lines = wrap(make_printable(text), max(cells - len(space), 20), break_on_hyphens=False) or [""]
    return "\n".join((first + lines[0], *(space + line for line in lines[1:])))


def _pad_left(text: str, to: int) -> str:
    return " " * (to - measure_width(text)) + text


def _wrap_labels(grid: layout.Grid, cells: int) -> list[list[str]]:
    """Wrap the labels of lines that are too long for the table."""
    most = min(LABEL_WIDTH, max(cells // 2 - INDENT, 12))
    return [wrap(make_printable(line.full_label), most) or [""] for line in grid.lines]


def _render_bars(grid: layout.Grid, cells: int, blocks: bool) -> Iterator[str]:
    """Render the label, count, percentage and bar of each line."""
    space = " " * INDENT
    labels = _wrap_labels(grid, cells)
    label_width = max((measure_width(text) for lines in labels for text in lines), default=0)
    count_width = max((measure_width(line.cells[0].text) for line in grid.lines), default=0)
    share_width = max((measure_width(line.cells[1].text) + 1 for line in grid.lines), default=0)
    bar_width = min(cells - INDENT - label_width - count_width - share_width - 6, FULL_BAR_WIDTH)

    for line, label in zip(grid.lines, labels, strict=True):
        count, share, *_ = line.cells
        sign = " " if share.share is None else "%"
        parts = [
            f"{space}{fit(label[0], label_width)}",
            _pad_left(count.text, count_width),
            _pad_left(share.text + sign, share_width),
        ]
        if bar_width >= MIN_BAR_WIDTH:
            parts.append(_render_bar(line, bar_width, blocks))
        yield "  ".join(parts).rstrip()
        for text in label[1:]:
            yield f"{space}{text}"


def _render_bar(line: layout.GridLine, room: int, blocks: bool) -> str:
    """Render the bar of a line, at least one block; nothing if its percentage is 0 or unknown."""
    share = line.cells[1].share
    if not share:
        return ""

    mark = BAR_BLOCKS.get(line.kind, SOLID_BLOCK)
    if not blocks:
        mark = ASCII_BLOCKS[mark]
    return mark * max(int(share * room + Fraction(1, 2)), 1)


def _render_columns(grid: layout.Grid, cells: int) -> Iterator[str]:
    """Render a table of figures: as many columns side by side as fit, the others below."""
    yield _wrap_hanging(" " * INDENT, grid.caption, cells)
    labels = _wrap_labels(grid, cells)
    label_width = max(measure_width(text) for lines in [*labels, [grid.corner]] for text in lines)
    heads = [make_printable(head.full_text) for head in grid.heads]
    texts = []
    widths = []
    columns_of_cells = zip(*(line.cells for line in grid.lines), strict=True)
    for head, column in zip(heads, columns_of_cells, strict=True):
        column_texts = [cell.full_text for cell in column]
        texts.append(column_texts)
        widths.append(max(map(measure_width, (head, *column_texts))))

    start = 0
    while start < len(heads):
        end = _find_end(widths, start, cells - INDENT - label_width)
        columns = range(start, end)
        room = [widths[n] for n in columns]
        if grid.has_groups:
            yield _render_group_names(grid, widths, columns, INDENT + label_width)
        yield _render_line(grid.corner, [heads[n] for n in columns], room, label_width)
        for at, label in enumerate(labels):
            yield _render_line(label[0], [texts[n][at] for n in columns], room, label_width)
            for text in label[1:]:
                yield f"{' ' * INDENT}{text}"

        start = end
        if start < len(heads):
            yield ""


def _find_end(widths: Sequence[int], start: int, room: int) -> int:
    """Return the end of the columns from `start` that fit side by side; at least one does."""
    end = start
    while end < len(widths):
        room -= 2 + widths[end]
        if room < 0 and end > start:
            break
        end += 1
    return end


def _render_group_names(
    grid: layout.Grid, widths: Sequence[int], columns: range, label_width: int
) -> str:
    """Render the name of each group above its first column."""
    line = " " * label_width
    at = label_width
    for n in columns:
        group = grid.heads[n].group
        is_first = n == columns.start or grid.heads[n - 1].group != group
        if group and is_first:
            if measure_width(line) < at:
                line = fit(line, at)
            line += f"  {make_printable(group)}"
        at += 2 + widths[n]
    return line.rstrip()


def _render_line(label: str, texts: Sequence[str], widths: Sequence[int], label_width: int) -> str:
    figures = "".join(
        "  " + _pad_left(text, width) for text, width in zip(texts, widths, strict=True)
    )
    return f"{' ' * INDENT}{fit(label, label_width)}{figures}".rstrip()
