"""Drawing of lines with roles on the full screen: their colors, titles and columns."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

from textual.content import Content

from survey_cli.entries import StyledText
from survey_cli.sessions.lines.line import TITLES, Line, Role
from survey_cli.sessions.lines.question_lines import build_faq_lines
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.styled import clean, style_spans, style_text

TITLE_KEYS = {Role.FAQ: "F5"}
"""Keys that open more of what a title announces."""


def draw_page(lines: Iterable[Line], width: int) -> Content:
    """Draw lines as a page: those with the same title under it, with an empty line before it."""
    sections = []
    for title, group in groupby(lines, key=lambda line: TITLES.get(line.role, "")):
        if title:
            sections.append(_draw_titled(title, list(group), width))
        else:
            drawn = [part for line in group for part in _draw_untitled(line)]
            sections.append(styled.join_lines(drawn))
    return styled.join_sections(sections)


def draw_beside(lines: Iterable[Line], width: int) -> Content:
    """Draw lines as a page beside a question: answers stand under their questions, without ids."""
    shown = [line for line in lines if line.role is not Role.PLACE]
    return draw_page([line._replace(key="") for line in shown], width)


def _draw_titled(title: str, group: list[Line], width: int) -> Content:
    role = group[0].role
    heading = title.upper()
    if role in TITLE_KEYS:
        heading += f" ({TITLE_KEYS[role]})"
    return styled.build_section(heading, draw_rows(group, width))


def _draw_untitled(line: Line) -> list[Content]:
    """Draw a line of a page's first section; a heading may take two."""
    match line.role:
        case Role.HEADING if line.label:
            return [style_text(line.label, "bold"), style_spans(line.text, "$quiet")]
        case Role.HEADING:
            return [style_spans(line.text, "bold")]
        case Role.FACT | Role.PLACE if line.label:
            return styled.build_details([(line.label, line.plain_text)])
        case Role.ERROR:
            return [style_spans(line.text, "$error")]
        case Role.CLOCK:
            return [style_text("   ".join([line.plain_text, *line.remarks]))]
        case _:
            return [style_spans(line.text)]


def draw_rows(lines: Iterable[Line], width: int) -> list[Content]:
    """Draw lines in two columns, keys and texts; a line without a key takes the whole width."""
    rows: list[tuple[str, str | Content]] = []
    drawn: list[Content] = []
    for line in lines:
        if line.role is Role.ANSWER and not line.key:
            drawn += _draw_answer(line, width)
            continue
        if line.role is Role.FOLLOWING:
            drawn.append(style_text(line.plain_text, "$quiet").truncate(width, ellipsis=True))
            continue
        text = style_spans(line.text)
        if line.note:
            text += style_text(f"  ({line.note})", "italic $quiet")
        if line.key:
            rows.append((line.key, text))
        else:
            drawn.append(text)
    return [*styled.build_table(rows, width, "$code"), *drawn]


@lru_cache(maxsize=256)
def _draw_answer(line: Line, width: int) -> tuple[Content, ...]:
    """Draw a question on one line, however long it is, and its answer under it.

    Every key that answers has the same earlier answers drawn, and one more.
    """
    question = style_text(line.label, "$quiet").truncate(width, ellipsis=True)
    answer = styled.hang(Content("  "), style_spans(line.text), width)
    return (question, *answer)


def draw_ending(lines: Iterable[Line]) -> Content:
    """Draw a page in place of a question: its heading, an empty line, and what there is to know."""
    drawn = []
    for line in lines:
        if line.role is Role.HEADING:
            drawn += [style_spans(line.text, "bold"), Content(" ")]
        elif line.role is Role.ERROR:
            drawn.append(style_spans(line.text, "$error"))
        else:
            drawn.append(style_spans(line.text, "$quiet"))
    return styled.join_lines(drawn)


def draw_faq(lines: Iterable[Line]) -> Content:
    """Draw what respondents ask, each question above the answer that is read."""
    sections = []
    question = Content()
    for line in lines:
        if line.role is Role.FAQ:
            question = draw_aside(line)
        else:
            sections.append(styled.join_lines([question, style_spans(line.text)]))
    return styled.join_sections(sections)


@lru_cache(maxsize=64)
def draw_faq_beside(faq: tuple[tuple[StyledText, StyledText], ...]) -> Content:
    """Draw what respondents ask, with the answers, as a section of a broad side panel."""
    title = f"{TITLES[Role.FAQ].upper()} ({TITLE_KEYS[Role.FAQ]})"
    return styled.build_section(title, [draw_faq(build_faq_lines(faq))])


def draw_aside(line: Line, style: str = "$quiet") -> Content:
    """Draw a text that isn't read aloud, behind a mark."""
    return Content.assemble((styled.ASIDE, "$quiet"), style_spans(line.text, style))


def draw_labeled(line: Line, style: str = "") -> Content:
    """Draw a label and its text on one line, in one style."""
    text = clean(line.plain_text)
    if line.label:
        text = f"{clean(line.label)}: {text}"
    return style_text(text, style)
