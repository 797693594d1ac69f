"""How is a wording of a report shown, whose fills stand as they were written? As lines of literal text, stress and
placeholders. It knows no questionnaire, and fills nothing.
"""

import re
from typing import Final

from survey_cli.documents.pages import Line, Stretch, Style, plainly
from survey_cli.documents.spoken import literal
from survey_cli.exports.xml_text import UNFIT

_PART: Final = re.compile(r"(?P<brace>\{\{|\}\})|\{(?P<fill>[^{}]+)\}|(?P<stress>\*\*)")


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
    found: list[Stretch] = []
    last, marks = 0, text.count("**") // 2 * 2
    style: Style = "plain"
    for part in _PART.finditer(text):
        found.append(Stretch(literal(text[last : part.start()]), style))
        last = part.end()
        if part["brace"]:
            found.append(Stretch(part["brace"][0], style))
        elif part["fill"]:
            name = re.split(r"[|:]", part["fill"])[0].strip()
            found.append(Stretch(literal(name), "fill"))
        elif marks:
            marks -= 1
            style = "plain" if style == "stress" else "stress"
        else:
            found.append(Stretch("**", style))
    found.append(Stretch(literal(text[last:]), style))
    return tuple(stretch for stretch in found if stretch.text)
