"""Table of the station's keys, and its pages around the case: header, due appointment, side panel, messages."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple, assert_never

from textual.content import Content

from survey_cli.fieldwork.shifts import list_shift_figures
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseView,
    IdleView,
    StationView,
    WrapUpView,
)
from survey_cli.tui.station.views import build_clocks, describe_number, format_appointment
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.styled import KeyHint
from survey_cli.wording import format_quantity, shorten


class StationKey(NamedTuple):
    """What one key does."""

    action: str
    """Also the dot word: `.dial`."""
    keys: tuple[str, ...]
    """The key, and its other names."""
    does: str
    without_case: bool = False
    """It also acts where no case is on the screen."""
    rest: str = ""
    """What may follow the dot word on its line."""

    @property
    def sign(self) -> str:
        """The first key as it is printed: `F2`, `Bksp`, `d`."""
        return format_key(self.keys[0])


_ROWS: Final = json.loads(Path(__file__).with_name("station_keys.json").read_text(encoding="utf-8"))
STATION_KEYS: Final = tuple(StationKey(action, tuple(keys), *more) for action, keys, *more in _ROWS)
BY_KEY: Final = {key: each for each in STATION_KEYS for key in each.keys}
BY_WORD: Final = {each.action: each for each in STATION_KEYS}
WORDS_ONLY: Final = (
    (".fetch KEY", "take this case, even if it is not next in the queue"),
    (".number 2", "the second number of the case"),
    (
        ".busy .no_answer …",
        "an outcome by its id; words behind it are its note, number, language or reason",
    ),
)
"""Dot words without a key."""
OPENERS: Final = frozenset(key for key in BY_KEY if len(key) > 1 and key != "backspace")
"""Keys that act whatever is open."""


def format_key(key: str) -> str:
    """Return a key as it is printed."""
    return {"backspace": "Bksp", "ctrl+c": "Ctrl+C", "ctrl+p": "Ctrl+P"}.get(
        key, key.upper() if len(key) > 1 else key
    )


def build_key_help() -> str:
    """Build the page of keys, as Markdown."""
    rows = [
        ("1 to 8", "", "the outcomes (dispositions) shown on the screen"),
        *(
            (" ".join(map(format_key, key.keys)), f".{key.action} {key.rest}".strip(), key.does)
            for key in STATION_KEYS
        ),
        *(("", word, does) for word, does in WORDS_ONLY),
        ("PgUp PgDn", "", "older and newer entries of the case's history"),
        ("Esc", "", "close what is open; forms keep what was typed"),
    ]
    lines = [f"| {' | '.join(map(styled.escape_markdown, row))} |" for row in rows]
    return "\n".join(["| Key | Typed | |", "|---|---|---|", *lines])


def describe_offered(view: StationView) -> str:
    """Describe what keys do, after one that does nothing."""
    if isinstance(view, CaseView) and view.has_open_call:
        return "key the outcome of the call, or i begins the interview; F1 shows all keys"
    return {
        CaseView: "d dials, i starts the interview, a number keys the outcome of a call; F1 shows all keys",
        IdleView: "Enter looks again, / finds a respondent who calls back, q ends the shift",
        BreakView: "p resumes calling, q ends the shift",
        WrapUpView: "Enter continues, t adds a note, Bksp undoes the outcome",
    }[type(view)]


def list_call_keys(view: CaseView) -> list[KeyHint]:
    """List the keys that begin a call, or end it with an appointment."""
    others = sum(number.state == "live" and not number.current for number in view.numbers)
    begun = view.interview_status.startswith("open")
    return [
        KeyHint("d", "dial again" if view.has_open_call else "dial"),
        KeyHint("i", "continue the interview" if begun else "interview"),
        *([KeyHint("n", f"next number ({others} more)")] if others else []),
        KeyHint("a", "appointment"),
    ]


def list_keys(
    view: StationView, *, is_narrow: bool, has_side: bool, older: bool
) -> styled.KeyHints:
    """List the keys that act while nothing is open, most wanted first."""
    back = KeyHint("Bksp", "undo", 3)
    keys: list[KeyHint | None] = []
    match view:
        case CaseView():
            keys += [
                KeyHint("a", "appointment", 1) if is_narrow else None,
                KeyHint("PgUp", "older", 2) if older else None,
            ]
            keys += [KeyHint("t", "note", 2), KeyHint("s", "scripts", 4) if view.scripts else None]
            keys += [KeyHint("F5", "questions", 4) if view.faq else None, back]
            keys += [KeyHint("x", "leave it", 5), KeyHint("p", "break", 5)]
        case BreakView():
            keys += [KeyHint("p", "resume calling")]
        case WrapUpView():
            keys += [
                KeyHint("Enter", "next case"),
                KeyHint("t", "note"),
                back,
                KeyHint("p", "break", 3),
            ]
        case IdleView():
            keys += [KeyHint("Enter", "look again", 1), KeyHint("p", "break", 3), back]
        case _:
            assert_never(view)
    keys += [
        KeyHint("/", "caller", 4),
        KeyHint("m", "appointments", 6),
        None if has_side else KeyHint("F6", "case", 7),
    ]
    keys += [KeyHint("q", "end", 1), KeyHint("F1", "keys"), KeyHint("^P", "actions", 5, "ctrl+p")]
    return [key for key in keys if key is not None]


NEXT_APPOINTMENTS: Final = 5
"""Appointments listed beside the case."""
KEY_HINT_WIDTH: Final = 24
"""Cells kept free behind a due appointment."""


def build_header(session: StationSession, view: station_views.StationView) -> styled.HeaderState:
    """Build the header: the survey, the station and the interviewer, the shift, the time since the number was dialed."""
    summary = session.summarize_shift()
    right = f"{summary.completes:,} done · {format_quantity(summary.calls, 'call')}"
    if isinstance(view, station_views.CaseView) and view.dialed_at is not None:
        right += f"   ● {styled.format_duration(summary.until - view.dialed_at)}"
    else:
        right += f" · {summary.working_time / timedelta(hours=1):.1f} h"
    place = "  ›  ".join(
        part for part in (f"station {session.station}", session.interviewer) if part
    )
    return styled.HeaderState(
        session.title, place, right, mark="PRACTICE" if session.practice else ""
    )


def build_due_line(
    due: station_views.StationAppointment | None, now: datetime | None, width: int
) -> Content:
    """Build the line of an appointment that is due; nothing where none is."""
    if due is None or now is None:
        return Content()
    text = shorten(describe_due(due, now), width - KEY_HINT_WIDTH)
    return styled.style_text(f" {text}  (m lists it) ", "bold reverse $warning")


def build_waiting_page(
    appointments: Sequence[station_views.StationAppointment], session: StationSession, width: int
) -> Content:
    """Build what is shown below what is waited for: supervisors' messages, the next appointments, the shift."""
    messages = [styled.style_text(text) for text in session.list_messages()]
    lines = []
    for appointment in appointments[:NEXT_APPOINTMENTS]:
        when, name, about = format_appointment(appointment)
        style = "bold $error" if appointment.is_late else "$quiet"
        lines.append(
            Content.assemble(
                (f"{when}  ", style), styled.clean(name), (f"  {styled.clean(about)}", style)
            )
        )
    if len(appointments) > NEXT_APPOINTMENTS:
        lines.append(
            styled.style_text(f"and {len(appointments) - NEXT_APPOINTMENTS} more: m", "$quiet")
        )
    sections = (
        styled.build_section("MESSAGES", messages),
        styled.build_section("MY APPOINTMENTS", lines),
    )
    return styled.join_sections([*sections, build_shift(session.summarize_shift(), width)])


def build_shift(summary: station_views.ShiftSummary, width: int) -> Content:
    """Build the shift so far: its figures in a column."""
    return styled.build_section(
        "SHIFT SO FAR", styled.build_table(list_shift_figures(summary), width, "$quiet")
    )


def build_messages(messages: Iterable[tuple[str, str, str]], width: int) -> Content:
    """Build messages under each other, each of a mark, a text and a style; a blank line where all are empty."""
    styled_parts = [
        [styled.style_text(part, style) for part in (mark, text)]
        for mark, text, style in messages
        if text
    ]
    shown = [line for mark, text in styled_parts for line in styled.hang(mark, text, width)]
    return styled.join_lines(shown) if shown else Content(" ")


def describe_due(appointment: station_views.StationAppointment, now: datetime) -> str:
    """Describe an appointment that is due: `Appointment in 3 minutes: Blaine Sector, 10:45 there`."""
    minutes = int((appointment.station_time - now).total_seconds() / 60)
    apart = format_quantity(abs(minutes), "minute")
    when = f"in {apart}" if minutes > 0 else f"late by {apart}" if minutes else "now"
    there, here = appointment.respondent_time, appointment.station_time
    clocks = f"{there:%H:%M} there" if there.utcoffset() != here.utcoffset() else f"{here:%H:%M}"
    return f"Appointment {when}: {appointment.name}, {clocks}"


def build_side(
    view: station_views.StationView,
    appointments: Sequence[station_views.StationAppointment],
    session: StationSession,
    width: int,
    *,
    beside_card: bool,
) -> Content:
    """Build the side panel: details, numbers, next appointments, the shift; the rest only where no card is beside it."""
    sections: list[Content] = []
    if isinstance(view, station_views.CaseView):
        details = styled.build_details(view.details)
        numbers = [line for number in view.numbers for line in _build_side_number(number, width)]
        if beside_card:
            sections += [styled.build_section("CASE", details)]
            numbers = numbers if len(view.numbers) > 1 else []
        else:
            title = view.name if view.key == view.name else f"{view.name}  {view.key}"
            sections += [
                styled.join_lines(
                    [styled.style_text(title, "bold"), *details, *build_clocks(view, width)]
                )
            ]
        sections += [styled.build_section("NUMBERS", numbers)]
    return styled.join_sections([*sections, build_waiting_page(appointments, session, width)])


def _build_side_number(number: station_views.StationNumber, width: int) -> list[Content]:
    style = "bold" if number.current else ""
    first = styled.style_text(f"{styled.HERE if number.current else ' '} {number.text}  ", style)
    return styled.hang(
        first, styled.style_text(styled.SEPARATOR.join(describe_number(number)), style), width
    )


def build_faq(faq: Iterable[tuple[str, str]]) -> Content:
    """Build what respondents ask, and what may be answered."""
    return styled.join_sections(
        Content.assemble(
            (f"{styled.ASIDE}{styled.clean(question)}", "$quiet"), f"\n{styled.clean(answer)}"
        )
        for question, answer in faq
    )
