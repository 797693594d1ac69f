"""Lines with roles as the line interface prints them.

Control characters are replaced, and no text is markup. `OutputLines` adds brackets and marks.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, assert_never

from survey_cli import entries
from survey_cli.sessions.lines.line import TITLES, Line, Role
from survey_cli.sessions.station import station_views
from survey_cli.wording import format_quantity

_CONTROL_CHARACTERS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


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
    match line.role:
        case Role.SECTION:
            return f"Section: {flatten(render_words(line.text))}"
        case Role.OPTION | Role.UNREAD_OPTION:
            return _render_option(line)
        case Role.EARLIER:
            return _join(": ", flatten(line.plain_text), line.action)
        case Role.PREFILL:
            return _join(". ", flatten(line.plain_text), line.action)
        case Role.DRAFT:
            heading = _join(": ", line.label, line.action)
            return f"{heading}\n{line.plain_text}"
        case Role.ANSWER:
            return _render_answer(line)
        case Role.DECLINED | Role.CONFIRMED:
            return f"{TITLES[line.role]}: {_render_answer(line)}"
        case Role.NOTE:
            return f"note at {line.key}: {flatten(line.plain_text)}"
        case Role.HEADING | Role.FACT | Role.HEARD if line.label:
            return f"{line.label}: {line.plain_text}"
        case _:
            return render_words(line.text)


def _join(sign: str, *parts: str) -> str:
    """Join the parts that aren't empty."""
    return sign.join([part for part in parts if part])


def _render_option(line: Line) -> str:
    """`3  Disagree`, with what isn't read in brackets behind it."""
    words = flatten(render_words(line.text))
    shown = line.key if words in ("", line.key) else f"{line.key}  {words}"
    remarks = [f"note: {flatten(line.note)}"] if line.note else []
    remarks += line.remarks
    if line.action:
        remarks.append(line.action)
    if not remarks:
        return shown
    return f"{shown} ({', '.join(remarks)})"


def _render_answer(line: Line) -> str:
    """`q6  There is agreement …: 2 Agree`, with the reason why a warning was accepted."""
    answer = _join(": ", flatten(line.label), flatten(line.plain_text))
    reason = f" ({flatten(line.note)})" if line.note else ""
    return f"{line.key}  {answer}{reason}"


def render_declines(lines: Iterable[Line]) -> str:
    """Render all declines on one line: `or .dk don't know, .refused refused`."""
    declines = [line for line in lines if line.role is Role.DECLINE]
    offered = [f"{line.key} {flatten(line.plain_text)}" for line in declines if line.key]
    if offered:
        return f"or {', '.join(offered)}"
    return ", ".join([line.plain_text for line in declines])


def render_codes(entry: entries.Entry) -> str:
    """Render the codes alone: `1 to 5`."""
    match entry:
        case entries.PickEntry() as pick:
            return pick.format_codes()
        case entries.LineEntry(labels=labels):
            return ", ".join([str(code) for code, _ in labels])
        case _:
            return ""


def render_result(lines: Iterable[Line], *, brief: bool = False) -> str:
    """Render how the interview ended, in a few lines; briefly with its length on the first one."""
    if not brief:
        return "\n".join([render_line(line) for line in lines])

    heading = []
    others = []
    for line in lines:
        text = line.short if line.short is not None else render_line(line)
        if line.role in (Role.HEADING, Role.FACT):
            heading.append(text)
        else:
            others.append(text)
    return _join("\n", _join(", ", *heading), *others)


STATION_COMMANDS: Final[dict[str, str]] = json.loads(
    Path(__file__).with_name("station_commands.json").read_text(encoding="utf-8")
)
"""What each command of a station does."""


def format_time(at: datetime) -> str:
    """`Thu 26 Nov 14:10`."""
    return f"{at:%a} {at.day} {at:%b %H:%M}"


def render_view(view: station_views.StationView, *, brief: bool = False) -> list[str]:
    """Render what is shown now, one fact per line; the brief form says of a case only what a call needs."""
    match view:
        case station_views.CaseView():
            return _render_case_briefly(view) if brief else _render_case(view)
        case station_views.IdleView(why=why, next_at=next_at):
            nobody = (
                f"Nobody can be called just now: {flatten(why)}"
                if why
                else "Nobody can be called just now"
            )
            next_one = [f"Next: {format_time(next_at)}"] if next_at is not None else []
            return [nobody, *next_one, ".next looks again"]
        case station_views.BreakView(since=since, reason=reason):
            why = f" ({flatten(reason)})" if reason else ""
            return [f"On a break{why} since {since:%H:%M}; .pause resumes calling"]
        case station_views.WrapUpView() if brief:
            return ["After the call; Enter continues"]
        case station_views.WrapUpView():
            keys = ".note TEXT adds a note, .back undoes the outcome, Enter continues"
            return [f"After the call: {flatten(view.case)}, {flatten(view.outcome)}. {keys}"]
        case _:
            assert_never(view)


def _render_case(view: station_views.CaseView) -> list[str]:
    key = f", {view.key}" if view.key != view.name else ""
    lines = [f"Case: {flatten(view.name)}{key}, attempt {view.attempt} of {view.limit}"]
    lines += [view.notice] if view.notice else []
    lines += [f"{label}: {flatten(value)}" for label, value in view.details if value]
    lines += [render_number(n, view, dialled=view.has_open_call) for n in view.numbers]
    lines.append(_render_clock(view))
    lines += [f"{label}: {flatten(text)}" for label, text in list_known_facts(view) if text]
    lines += map(_render_past, view.history)
    return [*lines, *render_pending_input(view)]


def _render_case_briefly(view: station_views.CaseView) -> list[str]:
    """Render the case and its number on one line, then what a call needs; of the history the last line and all notes."""
    key = f" {view.key}" if view.key != view.name else ""
    number = view.current_number
    words = (
        _describe_number(number, dialled=view.has_open_call)
        if number is not None
        else ["no number"]
    )
    lines = [
        f"{flatten(view.name)}{key}, {', '.join(words)}, attempt {view.attempt} of {view.limit}"
    ]
    lines += [view.notice] if view.notice else []
    if view.respondent_time is None:
        lines.append("time there unknown")
    else:
        until = f", until {view.callable_until:%H:%M}" if view.callable_until is not None else ""
        lines.append(f"{view.respondent_time:%H:%M} there{until}")
    lines += [f"{label}: {flatten(text)}" for label, text in list_known_facts(view) if text]
    lines.append(", ".join(f"{label}: {flatten(value)}" for label, value in view.details if value))
    if others := sum(1 for other in view.numbers if not other.current and other.state == "live"):
        lines.append(f"{format_quantity(others, 'other number')}: .next")
    lines += [_render_past(past) for past in view.history if past.note or past is view.history[-1]]
    return [*lines, *render_pending_input(view)]


def _render_past(past: station_views.StationHistoryLine) -> str:
    note = f", note: {flatten(past.note)}" if past.note else ""
    return (
        f"{format_time(past.at)}: {flatten(past.what)}{f', by {past.by}' if past.by else ''}{note}"
    )


def list_known_facts(view: station_views.CaseView) -> tuple[tuple[str, str], ...]:
    """List label and text of what is known besides the numbers; some are empty."""
    return (
        ("Appointment", view.appointment),
        ("Ask for", view.ask_for),
        ("Interview", view.interview_status),
    )


def render_pending_input(view: station_views.CaseView) -> list[str]:
    """Render what is needed before the case can be released."""
    time = "The respondent will be called again: type .appointment and the time, or callback if no time was given"
    texts = {"time": [time], "outcome": ["The interview was not finished: key the outcome"]}
    return texts.get(view.pending_input, [])


def render_number(
    number: station_views.StationNumber, view: station_views.CaseView, *, dialled: bool
) -> str:
    """`Number 1, current: (915) 555-0122, fixed line, dialed`; a case's only number has no number."""
    words = ", ".join(_describe_number(number, dialled=dialled))
    position = f" {number.position}" if len(view.numbers) > 1 else ""
    current = ", current" if position and number.current else ""
    return f"Number{position}{current}: {words}"


def _describe_number(number: station_views.StationNumber, *, dialled: bool) -> list[str]:
    """List what is known of a number, itself first."""
    parts = [flatten(number.text)]
    parts += [f"{number.line} line"] if number.line != "unknown" else []
    parts += {"dead": ["dead"], "never_call": ["never to be called"]}.get(number.state, [])
    parts += ["dial by hand"] if number.by_hand else []
    parts += [flatten(number.outcome)] if number.outcome else []
    parts += ["dialed"] if number.current and dialled else []
    parts += [f"not now: {flatten(number.why_not)}"] if number.why_not else []
    return parts


def _render_clock(view: station_views.CaseView) -> str:
    station_time = f"{view.station_time:%H:%M} here"
    if view.respondent_time is None:
        return f"Clock: {station_time}; the respondent's is not known"
    until = (
        f", may be called until {view.callable_until:%H:%M} there"
        if view.callable_until is not None
        else ""
    )
    return f"Clock: {view.respondent_time:%H:%M} there, {station_time}{until}"


def render_outcome(choice: station_views.OutcomeChoice, *, brief: bool = False) -> str:
    """`11  Asks not to be called again [never_call]`, with what must be typed behind it; briefly without its id."""
    additions = {
        "note": " (and a note)",
        "number": " (and the new number)",
        "language": " (and which)",
    }
    outcome = choice.outcome
    outcome_id = "" if brief else f" [{outcome.id}]"
    return f"{outcome.number}  {flatten(outcome.name)}{outcome_id}{additions.get(choice.required_input, '')}"


def render_appointment(appointment: station_views.StationAppointment) -> str:
    late = "LATE, " if appointment.is_late else ""
    parts = [
        f"{late}{format_time(appointment.station_time)} here, {format_time(appointment.respondent_time)} there",
        flatten(appointment.name),
    ]
    parts += [appointment.key] if appointment.key != appointment.name else []
    parts += [appointment.owner] if appointment.owner else []
    parts += [f"ask for {flatten(appointment.person)}"] if appointment.person else []
    parts += [f"note: {flatten(appointment.note)}"] if appointment.note else []
    return ", ".join(parts)


def render_match(case: station_views.CaseMatch) -> str:
    return f"{flatten(case.name)}, {flatten(case.number)}, {flatten(case.state)}: .fetch {case.key}"
