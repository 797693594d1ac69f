"""Lines of literal text in styles: plain, stressed, placeholders, names, code.

It fills in nothing.
"""

from typing import Literal, NamedTuple, TypeAlias

from survey_cli.instrument.texts.templates import iterate_parts
from survey_cli.wording import escape_controls

Style: TypeAlias = Literal["plain", "stress", "fill", "id", "code"]
"""The style of a run.

A `fill` is a placeholder for text that the computer fills in, an `id` the name of an item, sample
column or compute, and `code` is as written in the instrument's file.
"""


class TextRun(NamedTuple):
    """A run of literal text in one style."""

    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[TextRun, ...]


def parse_lines(wording: str) -> tuple[Line, ...]:
    """Return the lines of a text as written: `**stress**`, `{fill}`, two braces for one."""
    return tuple(
        tuple(TextRun(escape_controls(part), style) for part, style in iterate_parts(text) if part)
        for text in wording.split("\n")
        if text.strip()
    )


def flatten(wording: str) -> str:
    """Return a text as written on one line, without styles; placeholders are in angle quotes."""
    return " ".join(" ".join(render_plain(line).split()) for line in parse_lines(wording))


def render_plain(line: Line) -> str:
    """Return a line without its styles; placeholders are in angle quotes."""
    return "".join(f"‹{run.text}›" if run.style == "fill" else run.text for run in line)
