"""How is a wording of a report shown, whose fills stand as they were written? As lines of literal text, stress and
placeholders. It knows no questionnaire, and fills nothing.
"""

from survey_cli.documents.questionnaire.booklet_model import Line, Stretch, plainly
from survey_cli.documents.questionnaire.text_rendering import literal
from survey_cli.exports.xml_text import UNFIT
from survey_cli.instrument.texts.placeholder_text import iterate_parts


def lines_of(wording: str) -> tuple[Line, ...]:
    """The lines of a text as the questionnaire's file has it: `**stress**`, `{fill}`, and a doubled brace for one."""
    return tuple(_line(line) for line in wording.split("\n") if line.strip())


def flat(wording: str) -> str:
    """The same on one line, without styles; a placeholder stands in angle quotes."""
    return " ".join(" ".join(plainly(line).split()) for line in lines_of(wording))


def fit(text: str) -> str:
    """The text with a space for each character that a file of XML cannot hold."""
    return UNFIT.sub(" ", text)


def _line(text: str) -> Line:
    return tuple(Stretch(literal(part), manner) for part, manner in iterate_parts(text) if part)
