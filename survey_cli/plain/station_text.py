"""Lines of text for a case that is to be called, and the station's commands.

Nothing is conveyed by position alone.
"""

from datetime import datetime
from typing import Final, assert_never

from survey_cli.plain.interview_text import flatten
from survey_cli.sessions.station import station_protocol
from survey_cli.wording import format_quantity

STATION_COMMANDS: Final = {
    ".dial": "dial the current number",
    ".interview": "begin the interview, or continue it",
    ".outcomes": "all outcomes; a number or an id keys one, words behind it are its note, number, language or reason",
    ".appointment WHEN": "make an appointment; shows how the time was understood, and asks for what is missing",
    ".next": "the next number of the case; without a case, look again",
    ".number 2": "the second number of the case",
    ".add NUMBER": "another number was given",
    ".note TEXT": "a note on the case",
    ".scripts": "scripts to read aloud; .scripts ID notes that one was read",
    ".faq": "questions respondents ask, with the answers to read",
    ".find WORDS": "a respondent calls back: find the case by part of a number, name or key",
    ".fetch KEY": "take this case, even if it is not next in the queue",
    ".appointments": "my appointments",
    ".back": "undo the last outcome",
    ".finish": "leave the case; one that was not called goes back to the queue",
    ".pause REASON": "a break: no new case comes; .pause again resumes calling",
    ".again": "this case once more, with everything known about it",
    ".brief": "say only once what you know by heart; .brief again says it every time",
    ".leave": "end the shift; the end of input and Ctrl+C do the same",
    ".help": "this list",
}


def format_time(at: datetime) -> str:
    """`Thu 26 Nov 14:10`."""
    return f"{at:%a} {at.day} {at:%b %H:%M}"


def render_view(view: station_protocol.StationView, *, brief: bool = False) -> list[str]:
    """Render what is shown now, one fact per line; the brief form says of a case only what a call needs."""
    match view:
        case station_protocol.CaseView():
            return _render_case_briefly(view) if brief else _render_case(view)
        case station_protocol.IdleView(why=why, next_at=next_at):
            nobody = f"Nobody can be called just now: {flatten(why)}" if why else "Nobody can be called just now"
            next_one = [f"Next: {format_time(next_at)}"] if next_at is not None else []
            return [nobody, *next_one, ".next looks again"]
        case station_protocol.BreakView(since=since, reason=reason):
            return [
                f"On a break{f' ({flatten(reason)})' if reason else ''} since {since:%H:%M}; .pause resumes calling"
            ]
        case station_protocol.WrapUpView() if brief:
            return ["After the call; Enter continues"]
        case station_protocol.WrapUpView():
            return [
                f"After the call: {flatten(view.case)}, {flatten(view.outcome)}. "
                ".note TEXT adds a note, .back undoes the outcome, Enter continues"
            ]
        case _:
            assert_never(view)


def _render_case(view: station_protocol.CaseView) -> list[str]:
    key = f", {view.key}" if view.key != view.name else ""
    lines = [f"Case: {flatten(view.name)}{key}, attempt {view.attempt} of {view.limit}"]
    lines += [view.notice] if view.notice else []
    lines += [f"{label}: {flatten(value)}" for label, value in view.details if value]
    lines += [render_number(n, view, dialled=view.has_open_call) for n in view.numbers]
    lines.append(_render_clock(view))
    lines += [f"{label}: {flatten(text)}" for label, text in list_known_facts(view) if text]
    lines += map(_render_past, view.history)
    return [*lines, *render_pending_input(view)]


def _render_case_briefly(view: station_protocol.CaseView) -> list[str]:
    """Render the case and its number on one line, then what a call needs; of the history the last line and all notes."""
    key = f" {view.key}" if view.key != view.name else ""
    number = view.current_number
    words = _describe_number(number, dialled=view.has_open_call) if number is not None else ["no number"]
    lines = [f"{flatten(view.name)}{key}, {', '.join(words)}, attempt {view.attempt} of {view.limit}"]
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


def _render_past(past: station_protocol.StationHistoryLine) -> str:
    note = f", note: {flatten(past.note)}" if past.note else ""
    return f"{format_time(past.at)}: {flatten(past.what)}{f', by {past.by}' if past.by else ''}{note}"


def list_known_facts(view: station_protocol.CaseView) -> tuple[tuple[str, str], ...]:
    """List label and text of what is known besides the numbers; some are empty."""
    return ("Appointment", view.appointment), ("Ask for", view.ask_for), ("Interview", view.interview_status)


def render_pending_input(view: station_protocol.CaseView) -> list[str]:
    """Render what is needed before the case can be released."""
    match view.pending_input:
        case "time":
            return [
                "The respondent will be called again: type .appointment and the time, or callback if no time was given"
            ]
        case "outcome":
            return ["The interview was not finished: key the outcome"]
        case _:
            return []


def render_number(number: station_protocol.StationNumber, view: station_protocol.CaseView, *, dialled: bool) -> str:
    """`Number 1, current: (915) 555-0122, fixed line, dialed`; a case's only number has no number."""
    words = ", ".join(_describe_number(number, dialled=dialled))
    position = f" {number.position}" if len(view.numbers) > 1 else ""
    current = ", current" if position and number.current else ""
    return f"Number{position}{current}: {words}"


def _describe_number(number: station_protocol.StationNumber, *, dialled: bool) -> list[str]:
    """List what is known of a number, itself first."""
    parts = [flatten(number.text)]
    parts += [f"{number.line} line"] if number.line != "unknown" else []
    parts += {"dead": ["dead"], "never_call": ["never to be called"]}.get(number.state, [])
    parts += ["dial by hand"] if number.by_hand else []
    parts += [flatten(number.outcome)] if number.outcome else []
    parts += ["dialed"] if number.current and dialled else []
    parts += [f"not now: {flatten(number.why_not)}"] if number.why_not else []
    return parts


def _render_clock(view: station_protocol.CaseView) -> str:
    station_time = f"{view.station_time:%H:%M} here"
    if view.respondent_time is None:
        return f"Clock: {station_time}; the respondent's is not known"
    until = f", may be called until {view.callable_until:%H:%M} there" if view.callable_until is not None else ""
    return f"Clock: {view.respondent_time:%H:%M} there, {station_time}{until}"


def render_outcome(choice: station_protocol.OutcomeChoice, *, brief: bool = False) -> str:
    """`11  Asks not to be called again [never_call]`, with what must be typed behind it; briefly without its id."""
    additions = {"note": " (and a note)", "number": " (and the new number)", "language": " (and which)"}
    outcome = choice.outcome
    outcome_id = "" if brief else f" [{outcome.id}]"
    return f"{outcome.number}  {flatten(outcome.name)}{outcome_id}{additions.get(choice.required_input, '')}"


def render_appointment(appointment: station_protocol.StationAppointment) -> str:
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


def render_match(case: station_protocol.CaseMatch) -> str:
    return f"{flatten(case.name)}, {flatten(case.number)}, {flatten(case.state)}: .fetch {case.key}"
