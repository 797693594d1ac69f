"""A page of the documentation as lines for a terminal: without markup, comments and links."""

import re
from collections.abc import Iterator
from textwrap import dedent, wrap
from typing import Final

from survey_cli.cli.output.terminal import get_width, render_table, separate, wrap_paragraph

COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
BLOCK: Final = re.compile(
    r"^ *```[^\n]*\n(?P<code>.*?)^ *```$|(?P<text>(?:^(?! *```)[^\n]+\n?)+)",
    re.MULTILINE | re.DOTALL,
)
PICTURE: Final = re.compile(r"!\[([^]]*)\]\([^)]*\)")
LINK: Final = re.compile(r"\[((?:[^][]|\[[^]]*\])*)\]\([^)]*\)")
BOLD: Final = re.compile(r"\*\*(.+?)\*\*")
ITALIC: Final = re.compile(r"\*(\w[^*]*)\*")
CODE: Final = re.compile(r"(`[^`]+`)")
ANCHOR: Final = re.compile(r" \{#[\w-]+\}$")
TAG: Final = re.compile(r"</?(?:a|br|span)\b[^>]*>")
CODE_TAG: Final = re.compile(r"</?code\b[^>]*>")
ITEM: Final = re.compile(r"(?P<space> *)(?P<mark>-|\d+\.) +(?P<text>.*)")
CELL_END: Final = re.compile(r"(?<!\\)\|")
INDENT: Final = 4
WIDEST: Final = 100
"""Cells of a line, as of a paragraph."""
NARROWEST_COLUMN: Final = 8
GAP: Final = 2
"""Cells between two columns."""


def render_page(markdown: str) -> Iterator[str]:
    """Yield the lines of a page: paragraphs wrapped, code and quotations indented."""
    page = COMMENT.sub("", markdown)
    yield from separate(_render_block(block) for block in BLOCK.finditer(page))


def _render_block(block: re.Match[str]) -> list[str]:
    code = block["code"]
    if code is not None:
        # The code of a list's item is indented already.
        return [f"{' ' * INDENT}{line}".rstrip() for line in dedent(code).splitlines()]

    lines = block["text"].splitlines()
    first = lines[0]
    if first.startswith("#"):
        title = _remove_markup(ANCHOR.sub("", first.lstrip("# ")))
        return [title, "─" * len(title)]
    if first.startswith("|"):
        return _render_table(lines)
    if ITEM.match(first):
        return _render_list(lines)
    if first.startswith("> "):
        said = " ".join(line.removeprefix("> ") for line in lines)
        return wrap_paragraph(_remove_markup(said), indent=INDENT)
    if PICTURE.fullmatch(first):
        return wrap_paragraph(PICTURE.sub(r"[\1]", first), indent=INDENT)
    return wrap_paragraph(_remove_markup(" ".join(line.strip() for line in lines)))


def _render_table(lines: list[str]) -> list[str]:
    head, _, *rows = [_split_cells(line) for line in lines]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    fitting = _narrow_columns(widths)
    if fitting == widths:
        return render_table(head, rows)

    # A cell of several lines needs an empty line below, so that its end is seen.
    blocks = (_render_row(row, fitting) for row in (head, *rows))
    return list(separate(blocks))


def _split_cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [_remove_markup(cell.strip().replace("\\|", "|")) for cell in CELL_END.split(inner)]


def _narrow_columns(widths: list[int]) -> list[int]:
    """Return widths with which a table fits into the line: the widest column is narrowed first."""
    room = min(get_width(), WIDEST) - GAP * (len(widths) - 1)
    fitting = list(widths)
    while sum(fitting) > room and max(fitting) > NARROWEST_COLUMN:
        widest = fitting.index(max(fitting))
        fitting[widest] -= 1
    return fitting


def _render_row(row: list[str], widths: list[int]) -> list[str]:
    """Wrap each cell within its column."""
    cells = []
    for text, width in zip(row, widths, strict=True):
        cells.append(wrap(text, width, break_on_hyphens=False))

    lines = []
    for number in range(max(map(len, cells))):
        parts = []
        for cell, width in zip(cells, widths, strict=True):
            text = cell[number] if number < len(cell) else ""
            parts.append(text.ljust(width))
        lines.append((" " * GAP).join(parts).rstrip())
    return lines


def _render_list(lines: list[str]) -> list[str]:
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        item = ITEM.match(line)
        if item is not None:
            items.append((f"{item['space']}{item['mark']} ", [item["text"]]))
        else:
            _, texts = items[-1]
            texts.append(line.strip())

    rendered = []
    for mark, texts in items:
        first, *more = wrap_paragraph(_remove_markup(" ".join(texts)), indent=len(mark))
        rendered += [f"{mark}{first.strip()}", *more]
    return rendered


def _remove_markup(text: str) -> str:
    without_tags = CODE_TAG.sub("`", TAG.sub("", text))
    without_pictures = PICTURE.sub(r"[\1]", without_tags)
    without_links = LINK.sub(r"\1", without_pictures)
    parts = CODE.split(BOLD.sub(r"\1", without_links))
    # Between the parts is code, in which an asterisk multiplies.
    for number in range(0, len(parts), 2):
        parts[number] = ITALIC.sub(r"\1", parts[number])
    return "".join(parts)
