"""Questionnaire texts without answers, for labels and reports: each fill is replaced by its name.

Nothing is filled in, and no answer is known here.
"""

import re
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

PartStyle: TypeAlias = Literal["plain", "stress", "fill"]

_PART: Final = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<fill>[^{}]+)\}|(?P<stress>\*\*)")


def iterate_parts(line: str) -> Iterator[tuple[str, PartStyle]]:
    """Split one line of a text into parts with their style.

    `**stress**` and `{fill}` become parts (a fill is its name alone), and a doubled brace becomes one.
    """
    last, marks = 0, line.count("**") // 2 * 2
    style: PartStyle = "plain"
    for part in _PART.finditer(line):
        yield line[last : part.start()], style
        last = part.end()
        if part["brace"]:
            yield part["brace"][0], style
        elif part["fill"]:
            yield re.split(r"[|:]", part["fill"])[0].strip(), "fill"
        elif marks:
            marks -= 1
            style = "plain" if style == "stress" else "stress"
        else:
            yield "**", style
    yield line[last:], style


def render_placeholders(text: str) -> str:
    """Return the text without stress marks and with fills in angle quotes: `your ‹office›`. Lines are kept."""
    if not _PART.search(text):
        return text
    lines = map(iterate_parts, text.split("\n"))
    return "\n".join("".join(f"‹{part}›" if style == "fill" else part for part, style in line) for line in lines)
