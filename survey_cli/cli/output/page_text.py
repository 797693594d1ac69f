"""A page of the documentation as lines for a terminal: its Markdown without markup, hidden comments and links."""

import re
from collections.abc import Iterator
from typing import Final

from survey_cli.cli.output.terminal import separate, wrap_paragraph

COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
BLOCK: Final = re.compile(r"^```[^\n]*\n(?P<code>.*?)^```$|(?P<text>(?:^(?!```)[^\n]+\n?)+)", re.MULTILINE | re.DOTALL)
PICTURE: Final = re.compile(r"!\[([^]]*)\]\([^)]*\)")
LINK: Final = re.compile(r"\[([^]]*)\]\([^)]*\)")
BOLD: Final = re.compile(r"\*\*(.+?)\*\*")
ITALIC: Final = re.compile(r"\*(\w[^*]*)\*")
INDENT: Final = 4


def render_page(markdown: str) -> Iterator[str]:
    """Yield the lines of a page: paragraphs wrapped to the terminal, code and quotations indented."""
    page = COMMENT.sub("", markdown)
    yield from separate(_render_block(block) for block in BLOCK.finditer(page))


def _render_block(block: re.Match[str]) -> list[str]:
    code = block["code"]
    if code is not None:
        return [f"{' ' * INDENT}{line}".rstrip() for line in code.splitlines()]

    lines = block["text"].splitlines()
    first = lines[0]
    if first.startswith("#"):
        title = _remove_markup(first.lstrip("# "))
        return [title, "─" * len(title)]
    if first.startswith("|"):
        return _render_table(lines)
    if first.startswith("- "):
        return _render_list(lines)
    if first.startswith("> "):
        said = " ".join(line.removeprefix("> ") for line in lines)
        return wrap_paragraph(_remove_markup(said), indent=INDENT)
    if PICTURE.fullmatch(first):
        return wrap_paragraph(PICTURE.sub(r"[\1]", first), indent=INDENT)
    return wrap_paragraph(_remove_markup(" ".join(lines)))


def _render_table(lines: list[str]) -> list[str]:
    head, _, *rows = ([_remove_markup(cell.strip()) for cell in line.strip("|").split("|")] for line in lines)
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    rendered = []
    for row in (head, *rows):
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        rendered.append("  ".join(padded).rstrip())
    return rendered


def _render_list(lines: list[str]) -> list[str]:
    items: list[list[str]] = []
    for line in lines:
        if line.startswith("- "):
            items.append([line.removeprefix("- ")])
        else:
            items[-1].append(line.strip())

    rendered = []
    for item in items:
        first, *more = wrap_paragraph(_remove_markup(" ".join(item)), indent=2)
        rendered += [f"- {first.removeprefix('  ')}", *more]
    return rendered


def _remove_markup(text: str) -> str:
    without_links = LINK.sub(r"\1", text)
    return ITALIC.sub(r"\1", BOLD.sub(r"\1", without_links))
