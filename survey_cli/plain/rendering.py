"""Lines with roles as the line interface prints them.

Control characters are replaced, and no text is markup. `OutputLines` adds brackets and marks.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

from survey_cli import entries
from survey_cli.sessions.lines import station_lines
from survey_cli.sessions.lines.line import TITLES, Line, Role, to_spans
from survey_cli.sessions.station.station_views import (
    CaseView,
    StationNumber,
    StationView,
)
from survey_cli.wording import format_quantity

_CONTROL_CHARACTERS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


NUMBERS: Final = (Role.NUMBER, Role.DIALED_NUMBER, Role.OTHER_NUMBER, Role.CLOSED_NUMBER)
"""Roles of telephone numbers."""


def clean(text: str) -> str:
    """Replace whatever moves a cursor, rings a bell or reverses a line; line ends stay."""
    plain = text.replace("\r\n", "\n").replace("\t", " ")
    return _CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", plain)


def render_words(words: entries.StyledText) -> str:
    """Render text as it is read, with `*` around emphasis."""
    parts = [f"*{span.text}*" if span.stress else span.text for span in words]
    return "".join(parts).strip()


def flatten(text: str) -> str:
    """Return the text on one line."""
    return " ".join(clean(text).split())


def render_line(line: Line) -> str:
    """Render what a line says, without the sign of its role."""
    render = RENDERERS.get(line.role)
    if render is not None:
        return render(line)
    if line.label:
        return f"{line.label}: {flatten(line.plain_text)}"
    return render_words(line.text)


def _join(sign: str, *parts: str) -> str:
    """Join the parts that aren't empty."""
    return sign.join([part for part in parts if part])


def list_option_remarks(line: Line) -> list[str]:
    """List what isn't read of an option: its note, how it is chosen, what must be typed."""
    remarks = [f"note: {flatten(line.note)}"] if line.note else []
    remarks += line.remarks
    if line.action:
        remarks.append(line.action)
    return remarks


def _render_option(line: Line) -> str:
    """`3  Disagree`, with what isn't read in brackets behind it."""
    words = flatten(render_words(line.text))
    shown = line.key if words in ("", line.key) else f"{line.key}  {words}"
    remarks = list_option_remarks(line)
    if not remarks:
        return shown
    return f"{shown} ({', '.join(remarks)})"


def _render_outcome(line: Line) -> str:
    """`11  Asks not to be called again [never_call]`, with what must be typed behind it."""
    shown = f"{line.key}  {flatten(line.plain_text)}"
    if line.note:
        shown += f" [{line.note}]"
    for remark in line.remarks:
        shown += f" ({remark})"
    return shown


def _render_earlier(line: Line) -> str:
    return _join(": ", flatten(line.plain_text), line.action)


def _render_prefill(line: Line) -> str:
    return _join(". ", flatten(line.plain_text), line.action)


def _render_draft(line: Line) -> str:
    heading = _join(": ", line.label, line.action)
    return f"{heading}\n{line.plain_text}"


def _render_titled(line: Line) -> str:
    return f"{TITLES[line.role]}: {_render_answer(line)}"


def _render_answer(line: Line) -> str:
    """`q6  There is agreement …: 2 Agree`, with the reason why a warning was accepted."""
    answer = _join(": ", flatten(line.label), flatten(line.plain_text))
    reason = f" ({flatten(line.note)})" if line.note else ""
    return _join("  ", line.key, f"{answer}{reason}")


def _render_note(line: Line) -> str:
    where = f"note at {line.key}" if line.key else "note"
    return f"{where}: {flatten(line.plain_text)}"


def _render_history(line: Line) -> str:
    """`Thu 26 Nov 14:10: busy, by ann, note: ring twice`."""
    parts = [flatten(line.plain_text)]
    parts += [f"by {flatten(remark)}" for remark in line.remarks]
    if line.note:
        parts.append(f"note: {flatten(line.note)}")
    return f"{flatten(line.label)}: {_join(', ', *parts)}"


def _render_callback(line: Line) -> str:
    """`LATE, Thu 26 Nov 14:10 here, 13:10 there, Blaine Sector, BL-02, note: ring twice`."""
    parts = ["LATE"] if line.role is Role.LATE_CALLBACK else []
    parts += [f"{flatten(line.label)} here", flatten(line.plain_text)]
    if line.key != line.plain_text:
        parts.append(line.key)
    parts += [flatten(remark) for remark in line.remarks]
    if line.note:
        parts.append(f"note: {flatten(line.note)}")
    return _join(", ", *parts)


def _render_match(line: Line) -> str:
    """`Blaine Sector, (360) 555-0100, waiting: 3h after busy: .fetch BL-02`."""
    parts = [flatten(part) for part in (line.plain_text, *line.remarks)]
    return f"{_join(', ', *parts)}: {line.action}"


RENDERERS: Final[dict[Role, Callable[[Line], str]]] = {
    Role.SECTION: lambda line: f"Section: {flatten(line.plain_text)}",
    Role.OPTION: _render_option,
    Role.UNREAD_OPTION: _render_option,
    Role.UNIT: _render_option,
    Role.OUTCOME: _render_outcome,
    Role.COMMAND: lambda line: f"{line.key}  {render_words(line.text)}",
    Role.EARLIER: _render_earlier,
    Role.PREFILL: _render_prefill,
    Role.DRAFT: _render_draft,
    Role.ANSWER: _render_answer,
    Role.DECLINED: _render_titled,
    Role.CONFIRMED: _render_titled,
    Role.NOTE: _render_note,
    Role.STOP: lambda line: f"{line.key}  {line.label}: {flatten(line.plain_text)} ({line.note})",
    Role.CASE: lambda line: f"Case: {_join(', ', flatten(line.plain_text), line.key, line.note)}",
    Role.CLOCK: lambda line: f"Clock: {_join(', ', line.plain_text, *line.remarks, line.note)}",
    Role.HISTORY: _render_history,
    Role.CALLBACK: _render_callback,
    Role.LATE_CALLBACK: _render_callback,
    Role.DUE: lambda line: _join(": ", line.label, flatten(line.plain_text), line.action),
    Role.MATCH: _render_match,
    Role.SCRIPT: lambda line: _join(", ", line.key, *line.remarks),
}
"""How lines are printed that have more than a label and a text."""


def render_declines(lines: Iterable[Line], *, has_buttons: bool = False) -> str:
    """Render all declines on one line: `or .dk don't know, .refused refused`.

    On a page with buttons, which have these texts: `or don't know, refused`.
    """
    declines = [line for line in lines if line.role is Role.DECLINE]
    offered = []
    for line in declines:
        text = flatten(line.plain_text)
        if line.key and has_buttons:
            offered.append(text)
        elif line.key:
            offered.append(f"{line.key} {text}")
    if offered:
        return f"or {', '.join(offered)}"
    return ", ".join([line.plain_text for line in declines])


def render_codes(entry: entries.Entry) -> str:
    """Render the codes alone: `1 to 5`."""
    match entry:
        case entries.PickEntry() as pick:
            return pick.format_codes()
        case entries.LineEntry(forms=forms, labels=labels):
            return ", ".join([str(code) for code, _ in (*forms, *labels)])
        case _:
            return ""


def arrange_result(lines: Iterable[Line], *, brief: bool = False) -> list[Line]:
    """Arrange how the interview ended; briefly, its length is on the first line."""
    if not brief:
        return list(lines)

    heading = []
    others = []
    for line in lines:
        text = line.short if line.short is not None else render_line(line)
        if line.role in (Role.HEADING, Role.FACT):
            heading.append(text)
        else:
            others.append(line)
    return [Line(Role.HEADING, to_spans(_join(", ", *heading))), *others]


def render_result(lines: Iterable[Line], *, brief: bool = False) -> str:
    """Render how the interview ended, in a few lines."""
    return "\n".join([render_line(line) for line in arrange_result(lines, brief=brief)])


# A station


def arrange_view(
    view: StationView, *, brief: bool = False, has_buttons: bool = False
) -> list[Line]:
    """Arrange what is shown now, one fact per line; briefly, of a case only what a call needs.

    On a page with buttons, nothing says how their commands are typed.
    """
    lines = station_lines.build_view_lines(view)
    if has_buttons and not isinstance(view, CaseView):
        lines = [line for line in lines if line.role is not Role.ACTION]
    if brief and isinstance(view, CaseView):
        return _arrange_case_briefly(lines)

    arranged = []
    numbers = sum(line.role in NUMBERS for line in lines)
    for line in lines:
        if brief and line.short is not None:
            arranged.append(Line(line.role, to_spans(line.short)))
        elif line.role in NUMBERS:
            arranged.append(_label_number(line, numbers=numbers))
        else:
            arranged.append(line)
    return [line for line in arranged if render_line(line)]


def _arrange_case_briefly(lines: list[Line]) -> list[Line]:
    """Arrange the case and its number on one line, then what a call needs.

    Of the history, that is the last line and those with a note.
    """
    (case,) = _select(lines, Role.CASE)
    (number,) = _select(lines, Role.NUMBER, Role.DIALED_NUMBER)
    name = _join(" ", flatten(case.plain_text), case.key)
    called = _join(", ", name, number.short or _describe_number(number), case.note)
    arranged = [Line(Role.HEADING, to_spans(called))]

    known = _select(lines, Role.NOTICE, Role.CLOCK, Role.APPOINTMENT, Role.PERSON, Role.INTERVIEW)
    for line in known:
        if line.short:
            line = Line(Role.FACT, to_spans(line.short))
        arranged.append(line)

    facts = [render_line(line) for line in _select(lines, Role.FACT)]
    arranged.append(Line(Role.FACT, to_spans(", ".join(facts))))
    others = len(_select(lines, Role.OTHER_NUMBER))
    if others:
        text = f"{format_quantity(others, 'other number')}: .next"
        arranged.append(Line(Role.FACT, to_spans(text)))

    history = _select(lines, Role.HISTORY)
    arranged += [line for line in history if line.note or line is history[-1]]
    arranged += _select(lines, Role.ACTION)
    return [line for line in arranged if render_line(line)]


def _select(lines: list[Line], *roles: Role) -> list[Line]:
    """Return the lines with these roles."""
    return [line for line in lines if line.role in roles]


def arrange_number(number: StationNumber, view: CaseView) -> Line:
    """Arrange one number of a case."""
    line = station_lines.build_number_line(number, view)
    return _label_number(line, numbers=len(view.numbers))


def _label_number(line: Line, *, numbers: int) -> Line:
    """`Number 1, current: (915) 555-0122, landline, dialed`; a case's only number has no number."""
    if not line.key:
        return line
    label = "Number"
    if numbers > 1:
        label += f" {line.key}"
        if line.role in (Role.NUMBER, Role.DIALED_NUMBER):
            label += ", current"
    return Line(line.role, to_spans(_describe_number(line)), label=label)


def _describe_number(line: Line) -> str:
    """Describe a number: itself, what is known of it, why it may not be dialed now."""
    return _join(", ", flatten(line.plain_text), *map(flatten, line.remarks), flatten(line.note))
