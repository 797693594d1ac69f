"""Lines of a station: the case that is called, waits, appointments, outcomes, found cases."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, assert_never

from survey_cli.sessions.lines import question_lines
from survey_cli.sessions.lines.line import Line, Role, to_spans
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseMatch,
    CaseView,
    IdleView,
    OutcomeChoice,
    StationAppointment,
    StationHistoryLine,
    StationNumber,
    StationScript,
    StationView,
    WrapUpView,
)
from survey_cli.wording import format_quantity

KINDS_OF_LINE: Final = {"mobile": "mobile", "fixed": "landline"}
NUMBER_STATES: Final = {"dead": "dead", "never_call": "never to be called"}
"""States of numbers that aren't called, in words."""
PENDING_INPUTS: Final = {
    "time": (
        "The respondent will be called again",
        "type .appointment and the time, or callback if no time was given",
    ),
    "outcome": ("The interview was not finished", "key the outcome"),
}
"""Why a case can't be left yet, and what must be typed before."""
REQUIRED_INPUTS: Final = {
    "note": "and a note",
    "number": "and the new number",
    "language": "and which",
}
"""What must be typed behind the number of an outcome."""


def format_time(at: datetime, today: datetime | None = None) -> str:
    """Return a day and a time, `Thu 26 Nov 14:10`; only the time if it is today.

    All days have the same length, so that times below each other stand in columns.
    """
    if today is not None and at.date() == today.date():
        return f"{at:%H:%M}"
    return f"{at:%a} {at.day:>2} {at:%b %H:%M}"


def build_view_lines(view: StationView) -> list[Line]:
    """Build what a station shows now: a case, or what is waited for."""
    match view:
        case CaseView():
            return build_case_lines(view)
        case IdleView():
            return _build_idle_lines(view)
        case BreakView():
            return _build_break_lines(view)
        case WrapUpView():
            return _build_wrapup_lines(view)
        case _:
            assert_never(view)


# The case


def build_case_lines(view: CaseView) -> list[Line]:
    """Build all that is known of a case, and what is needed before it can be left."""
    lines = [_build_name_line(view)]
    if view.notice:
        lines.append(Line(Role.NOTICE, to_spans(view.notice)))
    for label, text in view.details:
        if text:
            lines.append(Line(Role.FACT, to_spans(text), label=label))
    if view.current_number is None:
        lines.append(Line(Role.NUMBER, to_spans("no number that can be dialed"), short="no number"))
    lines += [build_number_line(number, view) for number in view.numbers]
    lines.append(build_clock_line(view))

    known = (
        (Role.APPOINTMENT, "Appointment", view.appointment),
        (Role.PERSON, "Ask for", view.ask_for),
        (Role.INTERVIEW, "Interview", view.interview_status),
    )
    for role, label, text in known:
        if text:
            lines.append(Line(role, to_spans(text), label=label))

    lines += [build_history_line(past) for past in view.history]
    lines += build_pending_lines(view)
    return lines


def _build_name_line(view: CaseView) -> Line:
    key = view.key if view.key != view.name else ""
    attempt = f"attempt {view.attempt} of {view.limit}"
    return Line(Role.CASE, to_spans(view.name), key=key, note=attempt)


def build_number_line(number: StationNumber, view: CaseView) -> Line:
    """Build a number with what is known of it; the note says why it may not be dialed now."""
    remarks = []
    if number.line in KINDS_OF_LINE:
        remarks.append(KINDS_OF_LINE[number.line])
    if number.by_hand:
        remarks.append("dial by hand")
    if number.state in NUMBER_STATES:
        remarks.append(NUMBER_STATES[number.state])
    if number.outcome:
        remarks.append(number.outcome)

    if number.current and view.has_open_call:
        role = Role.DIALED_NUMBER
        remarks.append("dialed")
    elif number.current:
        role = Role.NUMBER
    elif number.state == "live":
        role = Role.OTHER_NUMBER
    else:
        role = Role.CLOSED_NUMBER

    why_not = f"not now: {number.why_not}" if number.why_not else ""
    return Line(
        role,
        to_spans(number.text),
        key=str(number.position),
        note=why_not,
        remarks=tuple(remarks),
    )


def build_clock_line(view: CaseView) -> Line:
    """Build both clocks, and until when the respondent may be called."""
    there = view.respondent_time
    here = view.station_time
    if there is None:
        return Line(
            Role.CLOCK,
            to_spans(f"{here:%H:%M} here"),
            note="their local time is not known",
            short="time there unknown",
        )

    # The day is said only if it is another one there.
    clock = "%H:%M" if there.date() == here.date() else "%a %H:%M"
    until = ""
    short = f"{there:{clock}} there"
    if view.callable_until is not None:
        until = f"call until {view.callable_until:%H:%M} there"
        short = f"{short}, until {view.callable_until:%H:%M}"
    return Line(
        Role.CLOCK,
        to_spans(f"{there:{clock}} there"),
        remarks=(f"{here:{clock}} here",),
        note=until,
        short=short,
    )


def build_history_line(past: StationHistoryLine) -> Line:
    """Build something that happened to the case: when, what, by whom, and what was noted."""
    by = (past.by,) if past.by else ()
    return Line(
        Role.HISTORY,
        to_spans(past.what),
        label=format_time(past.at),
        note=past.note,
        remarks=by,
    )


def build_pending_lines(view: CaseView) -> list[Line]:
    """Build what is needed before the case can be left, if anything is."""
    if not view.pending_input:
        return []
    why, action = PENDING_INPUTS[view.pending_input]
    return [Line(Role.ACTION, to_spans(action), label=why)]


# Without a case


def _build_idle_lines(view: IdleView) -> list[Line]:
    heading = "The study is paused" if view.study_is_paused else "Nobody can be called just now"
    lines = [Line(Role.HEADING, to_spans(view.why), label=heading)]
    if view.next_at is not None:
        next_time = format_time(view.next_at, view.station_time)
        lines.append(Line(Role.FACT, to_spans(next_time), label="Next"))
    lines.append(Line(Role.ACTION, to_spans(".next looks again")))
    return lines


def _build_break_lines(view: BreakView) -> list[Line]:
    heading = f"On a break: {view.reason}" if view.reason else "On a break"
    return [
        Line(Role.HEADING, to_spans(heading)),
        Line(Role.FACT, to_spans(f"Since {view.since:%H:%M}")),
        Line(Role.ACTION, to_spans(".pause resumes calling")),
    ]


def _build_wrapup_lines(view: WrapUpView) -> list[Line]:
    action = "After the call: .note TEXT adds a note, .back undoes the outcome, Enter continues"
    return [
        Line(Role.HEADING, to_spans(f"{view.case}: {view.outcome}"), short=""),
        Line(Role.ACTION, to_spans(action), short="After the call; Enter continues"),
    ]


# Lists

NO_APPOINTMENTS: Final = "you have no open appointments"


def build_callback_line(appointment: StationAppointment) -> Line:
    """Build an appointment: its time, its case, and what is known of it.

    The respondent's time is among its remarks if it is another one.
    """
    there = appointment.respondent_time
    here = appointment.station_time
    remarks = []
    if there.utcoffset() != here.utcoffset():
        remarks.append(f"{there:%H:%M} there")
    if appointment.owner:
        remarks.append(appointment.owner)
    if appointment.person:
        remarks.append(f"ask for {appointment.person}")

    role = Role.LATE_CALLBACK if appointment.is_late else Role.CALLBACK
    return Line(
        role,
        to_spans(appointment.name),
        key=appointment.key,
        label=format_time(here),
        note=appointment.note,
        remarks=tuple(remarks),
    )


def build_due_line(appointment: StationAppointment, now: datetime) -> Line:
    """Build an appointment that is due: `Appointment in 3 minutes: Blaine Sector, 10:45 there`.

    `now` is the time at the station.
    """
    minutes = int((appointment.station_time - now).total_seconds() / 60)
    apart = format_quantity(abs(minutes), "minute")
    if minutes > 0:
        when = f"in {apart}"
    elif minutes < 0:
        when = f"late by {apart}"
    else:
        when = "now"

    there = appointment.respondent_time
    here = appointment.station_time
    clock = f"{here:%H:%M}"
    if there.utcoffset() != here.utcoffset():
        clock = f"{there:%H:%M} there"
    return Line(
        Role.DUE,
        to_spans(f"{appointment.name}, {clock}"),
        key=appointment.key,
        label=f"Appointment {when}",
        action=f".fetch {appointment.key}",
    )


def build_match_line(match: CaseMatch) -> Line:
    """Build a case that fits what was searched for."""
    return Line(
        Role.MATCH,
        to_spans(match.name),
        key=match.key,
        remarks=(match.number, match.state),
        action=f".fetch {match.key}",
    )


def build_outcome_line(choice: OutcomeChoice) -> Line:
    """Build an outcome: its number, its name, its id, and what must be typed behind it."""
    required = REQUIRED_INPUTS.get(choice.required_input, "")
    remarks = (required,) if required else ()
    return Line(
        Role.OUTCOME,
        to_spans(choice.outcome.name),
        key=str(choice.outcome.number),
        note=choice.outcome.id,
        remarks=remarks,
    )


def build_faq_lines(faq: Iterable[tuple[str, str]]) -> list[Line]:
    """Build the questions that respondents ask, each with the answer that is read to them."""
    pairs = [(to_spans(question), to_spans(answer)) for question, answer in faq]
    return question_lines.build_faq_lines(pairs)


def build_script_lines(scripts: Iterable[StationScript]) -> list[Line]:
    """Build the texts that are read aloud at the station, each after its id."""
    lines = []
    for script in scripts:
        used = ("already read (once per case)",) if script.is_used else ()
        lines.append(Line(Role.SCRIPT, key=script.id, remarks=used))
        lines.append(Line(Role.SPOKEN, to_spans(script.text)))
    return lines
