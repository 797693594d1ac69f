"""Wordings of a report as lines of literal text, stress and placeholders. It fills in nothing."""

from survey_cli.documents.questionnaire.booklet_model import Line, TextRun, render_plain
from survey_cli.documents.questionnaire.text_rendering import escape_controls
from survey_cli.instrument.texts.placeholder_text import iterate_parts


def parse_lines(wording: str) -> tuple[Line, ...]:
    """The lines of a text as the questionnaire's file has it: `**stress**`, `{fill}`, and a doubled brace for one."""
    return tuple(_parse_line(line) for line in wording.split("\n") if line.strip())


def flatten(wording: str) -> str:
    """The same on one line, without styles; a placeholder stands in angle quotes."""
    return " ".join(" ".join(render_plain(line).split()) for line in parse_lines(wording))


def _parse_line(text: str) -> Line:
    return tuple(TextRun(escape_controls(part), style) for part, style in iterate_parts(text) if part)
