"""Pages of the station around the case: header, due appointment, side panel, messages, respondents' questions."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from textual.content import Content

from survey_cli.sessions.station import station_protocol
from survey_cli.sessions.station.shift import list_shift_figures
from survey_cli.tui.station.case import build_clocks, describe_number, format_appointment
from survey_cli.tui.widgets.text import (
    ASIDE,
    HERE,
    SEPARATOR,
    HeaderState,
    build_details,
    build_section,
    build_table,
    clean,
    format_duration,
    hang,
    join_lines,
    join_sections,
    style_text,
)
from survey_cli.wording import format_quantity, shorten

NEXT_APPOINTMENTS: Final = 5
"""Appointments listed beside the case."""
KEY_HINT_WIDTH: Final = 24
"""Cells kept free behind a due appointment."""


def build_header(session: station_protocol.StationProtocol, view: station_protocol.StationView) -> HeaderState:
    """Build the header: the survey, the station and the interviewer, the shift, the time since the number was dialed."""
    summary = session.summarize_shift()
    right = f"{summary.completes:,} done · {format_quantity(summary.calls, 'call')}"
    if isinstance(view, station_protocol.CaseView) and view.dialed_at is not None:
        right += f"   ● {format_duration(summary.until - view.dialed_at)}"
    else:
        right += f" · {summary.working_time / timedelta(hours=1):.1f} h"
    place = "  ›  ".join(part for part in (f"station {session.station}", session.interviewer) if part)
    return HeaderState(session.title, place, right, mark="PRACTICE" if session.practice else "")


def build_due_line(due: station_protocol.StationAppointment | None, now: datetime | None, width: int) -> Content:
    """Build the line of an appointment that is due; nothing where none is."""
    if due is None or now is None:
        return Content()
    return style_text(
        f" {shorten(describe_due(due, now), width - KEY_HINT_WIDTH)}  (m lists it) ", "bold reverse $warning"
    )


def build_waiting_page(
    appointments: Sequence[station_protocol.StationAppointment], summary: station_protocol.ShiftSummary, width: int
) -> Content:
    """Build what is shown below what is waited for: the next appointments and the shift."""
    appointments_section = build_section("MY APPOINTMENTS", _build_appointments(appointments))
    return join_sections([appointments_section, build_shift(summary, width)])


def build_shift(summary: station_protocol.ShiftSummary, width: int) -> Content:
    """Build the shift so far: its figures in a column."""
    return build_section("SHIFT SO FAR", build_table(list_shift_figures(summary), width, "$quiet"))


def build_messages(messages: Iterable[tuple[str, str, str]], width: int) -> Content:
    """Build messages under each other, each of a mark, a text and a style; a blank line where all are empty."""
    shown = [
        line
        for mark, text, style in messages
        if text
        for line in hang(style_text(mark, style), style_text(text, style), width)
    ]
    return join_lines(shown) if shown else Content(" ")


def describe_due(appointment: station_protocol.StationAppointment, now: datetime) -> str:
    """Describe an appointment that is due: `Appointment in 3 minutes: Blaine Sector, 10:45 there`."""
    minutes = int((appointment.station_time - now).total_seconds() / 60)
    when = "now"
    if abs(minutes) >= 1:
        apart = format_quantity(abs(minutes), "minute")
        when = f"in {apart}" if minutes > 0 else f"late by {apart}"
    there, here = appointment.respondent_time, appointment.station_time
    clocks = f"{there:%H:%M} there" if there.utcoffset() != here.utcoffset() else f"{here:%H:%M}"
    return f"Appointment {when}: {appointment.name}, {clocks}"


def build_side(
    view: station_protocol.StationView,
    appointments: Sequence[station_protocol.StationAppointment],
    summary: station_protocol.ShiftSummary,
    width: int,
    *,
    beside_card: bool,
) -> Content:
    """Build the side panel: details, numbers, next appointments, the shift; the rest only where no card is beside it."""
    sections: list[Content] = []
    if isinstance(view, station_protocol.CaseView):
        details = build_details(view.details)
        numbers = [line for number in view.numbers for line in _build_side_number(number, width)]
        if beside_card:
            sections += [build_section("CASE", details)]
            numbers = numbers if len(view.numbers) > 1 else []
        else:
            title = view.name if view.key == view.name else f"{view.name}  {view.key}"
            sections += [join_lines([style_text(title, "bold"), *details, *build_clocks(view, width)])]
        sections += [build_section("NUMBERS", numbers)]
    return join_sections([*sections, build_waiting_page(appointments, summary, width)])


def _build_side_number(number: station_protocol.StationNumber, width: int) -> list[Content]:
    style = "bold" if number.current else ""
    first = style_text(f"{HERE if number.current else ' '} {number.text}  ", style)
    return hang(first, style_text(SEPARATOR.join(describe_number(number)), style), width)


def _build_appointments(appointments: Sequence[station_protocol.StationAppointment]) -> list[Content]:
    """Build this interviewer's next appointments, one line each."""
    lines = []
    for appointment in appointments[:NEXT_APPOINTMENTS]:
        when, name, about = format_appointment(appointment)
        style = "bold $error" if appointment.is_late else "$quiet"
        lines.append(Content.assemble((f"{when}  ", style), clean(name), (f"  {clean(about)}", style)))
    if len(appointments) > NEXT_APPOINTMENTS:
        lines.append(style_text(f"and {len(appointments) - NEXT_APPOINTMENTS} more: m", "$quiet"))
    return lines


def build_faq(faq: Iterable[tuple[str, str]]) -> Content:
    """Build what respondents ask, and what may be answered."""
    return join_sections(
        [Content.assemble((f"{ASIDE}{clean(question)}", "$quiet"), f"\n{clean(answer)}") for question, answer in faq]
    )
