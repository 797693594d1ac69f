"""Lines of literal text in styles: plain, stressed, placeholders, names, code. It fills in nothing."""

from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.texts.placeholder_text import iterate_parts

Style: TypeAlias = Literal["plain", "stress", "fill", "id", "code"]
"""`fill`: a placeholder for text that the computer fills in; `id`: the name of an item, sample column or compute; `code`:
as written in the instrument's file."""

_DIRECTION_CONTROLS: Final = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
"""Characters that change the direction of the following text."""


class TextRun(NamedTuple):
    """A run of literal text in one style."""

    text: str
    style: Style = "plain"


Line: TypeAlias = tuple[TextRun, ...]


def parse_lines(wording: str) -> tuple[Line, ...]:
    """Return the lines of a text as written in a questionnaire: `**stress**`, `{fill}`, and a doubled brace for one."""
    return tuple(
        tuple(TextRun(escape_controls(part), style) for part, style in iterate_parts(text) if part)
        for text in wording.split("\n")
        if text.strip()
    )


def flatten(wording: str) -> str:
    """Return a text as written in a questionnaire on one line, without styles; placeholders are in angle quotes."""
    return " ".join(" ".join(render_plain(line).split()) for line in parse_lines(wording))


def render_plain(line: Line) -> str:
    """Return a line without its styles; placeholders are in angle quotes."""
    return "".join(f"‹{run.text}›" if run.style == "fill" else run.text for run in line)


def escape_controls(text: str) -> str:
    """Return a text with control characters and direction controls made visible; line ends stay."""
    return "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    point = ord(character)
    if character == "\t":
        return " "
    hidden = (point < 0x20 and character != "\n") or 0x7F <= point < 0xA0 or 0xD800 <= point < 0xE000
    return f"<U+{point:04X}>" if hidden or point in _DIRECTION_CONTROLS else character
