"""Listings of the board: cases, quotas, people and appointments as lines of a table."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.fieldwork.case.activity import (
    ATTEMPTS,
    ATTEMPTS_ANSWERED,
    CALLS,
    COMPLETED,
    REFUSAL_SHARE,
)
from survey_cli.fieldwork.plan.plan import COUNTED, IN_PROGRESS
from survey_cli.fieldwork.shifts import PAID_TIME, SHARE_ON_CASES
from survey_cli.reports.fieldwork.pace import EXPECTED
from survey_cli.wording import format_quantity, format_work_time

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.cases import CaseLine
    from survey_cli.reports.fieldwork.status import FieldworkStatus, PersonLine

BAR_WIDTH: Final = 20
"""Cells of the bar that shows how full a quota cell is."""


class TableLine(NamedTuple):
    """One line of a table."""

    cells: tuple[str, ...]
    key: str = ""
    """The case that it is about."""
    person: str = ""
    seq: int = 0
    """The number of the case's events when it was read."""


class Listing(NamedTuple):
    """The table of a tab."""

    head: tuple[str, ...]
    lines: Sequence[TableLine]
    about: str
    """What is listed, above the table."""


def format_share(part: int, base: int) -> str:
    """Format a share as a percentage; a dash if it has no base."""
    if not base:
        return "–"
    return f"{part / base:.0%}"


def list_cases(status: "FieldworkStatus", cases: "Sequence[CaseLine]", text: str) -> Listing:
    """List cases that were searched with a text, or without one."""
    lines = [_build_case(status, case) for case in cases]
    about = "Waiting for a supervisor, at stations, changed last, others; / finds more"
    if text:
        about = f"{format_quantity(len(lines), 'case')} with “{text}”; Esc shows the others"
    head = ("case", "name", "status", "outcome", ATTEMPTS.name, "due", "why")
    return Listing(head, lines, about)


def _build_case(status: "FieldworkStatus", case: "CaseLine") -> TableLine:
    name = ""
    if case.name != case.key:
        name = case.name
    due = ""
    if case.due_at is not None:
        at = case.due_at.astimezone(status.data.day_began.tzinfo)
        is_today = at.date() == status.data.day_began.date()
        due = f"{at:%H:%M}" if is_today else f"{at:%d %b %H:%M}"
    why = case.with_whom or case.why
    cells = (case.key, name, case.name_status(), case.outcome, str(case.attempts), due, why)
    return TableLine(cells, case.key, seq=case.seq)


def list_quotas(status: "FieldworkStatus") -> Listing:
    """List the quota cells, with the interviews to expect in each."""
    expected_by_cell: Mapping[str, int] = {}
    if status.pace is not None:
        expected_by_cell = status.pace.expected_by_cell

    lines = []
    has_expected = False
    for cell in status.cells:
        done = 1.0
        if cell.target:
            done = min(cell.taken / cell.target, 1.0)
        filled = round(done * BAR_WIDTH)
        bar = "━" * filled + "─" * (BAR_WIDTH - filled)

        state = ""
        if cell.closed and cell.taken >= cell.target:
            state = "full"
        elif cell.closed:
            state = "closed"
        elif cell.soft:
            state = "soft"

        expected = ""
        if cell.cell in expected_by_cell:
            expected = f"{expected_by_cell[cell.cell]:,}"
            has_expected = True
        figures = (f"{cell.taken:,}", f"{cell.held:,}", f"{cell.target:,}", f"{done:.0%}")
        lines.append(TableLine((cell.label, bar, *figures, expected, state)))

    about = "No quotas"
    if lines:
        about = "Counted: places taken. In progress: places held."
    if has_expected:
        about += (
            " Expected: by the last day of calling, at the cell's pace of the last days,"
            " up to its target"
        )
    head = ("cell", "", COUNTED.name, IN_PROGRESS.name, "target", "", EXPECTED.name, "")
    return Listing(head, lines, about)


def list_people(status: "FieldworkStatus") -> Listing:
    """List the interviewers of today."""
    lines = [_build_person(status, person) for person in status.people_today]
    about = "Nobody has called today"
    if lines:
        about = (
            "Today: case or break, since when, calls, and shares;"
            " survey explain FIGURE defines each of them"
        )
    head = (
        "person",
        "case",
        "since",
        CALLS.name,
        COMPLETED.name,
        ATTEMPTS_ANSWERED.name,
        REFUSAL_SHARE.name,
        SHARE_ON_CASES.name,
        "idle",
        PAID_TIME.name,
    )
    return Listing(head, lines, about)


def _build_person(status: "FieldworkStatus", person: "PersonLine") -> TableLine:
    work = person.work
    shift = person.at_work

    occupation, began = _describe_occupation(person)
    if shift is not None and shift.silent_since is not None:
        silent_since = shift.silent_since.astimezone(status.data.day_began.tzinfo)
        silence = f"no sign since {silent_since:%H:%M}"
        occupation = f"{occupation}, {silence}" if occupation else silence
    since = ""
    if began is not None:
        since = format_work_time(status.data.at - began)
    on_cases = "–"
    if person.on_cases is not None:
        on_cases = f"{person.on_cases:.0%}"
    idle = ""
    if person.idle is not None:
        idle = format_work_time(person.idle)
    paid = ""
    if shift is not None:
        paid = format_work_time(shift.paid)

    cells = (
        work.name,
        occupation,
        since,
        f"{work.calls:,}",
        f"{work.complete:,}",
        format_share(work.reached, work.sessions),
        format_share(work.refusals, work.conclusive_contacts),
        on_cases,
        idle,
        paid,
    )
    if person.case is None:
        return TableLine(cells, person=work.name)
    return TableLine(cells, person.case.key, work.name, person.case.seq)


def _describe_occupation(person: "PersonLine") -> tuple[str, datetime | None]:
    """Return the case that a person has, or the break that the person is on, and since when."""
    case = person.case
    shift = person.at_work
    if shift is not None and not shift.is_calling:
        return shift.state, shift.since
    if case is not None:
        return case.key, case.since
    if shift is not None:
        return "", shift.since
    return "", None


def list_appointments(status: "FieldworkStatus") -> Listing:
    """List missed appointments, and those of today and tomorrow, with their number by hour."""
    today = status.data.day_began.date()
    tomorrow = today + timedelta(days=1)

    lines = []
    by_hour: Counter[str] = Counter()
    for appointment in status.data.appointments:
        starts = appointment.starts
        if starts.date() > tomorrow:
            continue
        if appointment.state != "missed":
            by_hour[f"{starts:%a %H}:00"] += 1
        day = ""
        if starts.date() != today:
            day = f"{starts:%a} "
        state: str = appointment.state
        if starts.date() == tomorrow:
            state = "tomorrow"
        cells = (
            state,
            f"{day}{starts:%H:%M}–{appointment.ends:%H:%M}",
            appointment.key,
            appointment.language,
            appointment.respondent_time,
            appointment.zone,
            appointment.owner or "anybody",
        )
        lines.append(TableLine(cells, appointment.key, seq=appointment.seq))

    parts = [f"{format_quantity(len(lines), 'appointment')}: missed, today and tomorrow"]
    parts += [f"{hour}: {count}" for hour, count in by_hour.items()]
    head = ("", "here", "case", "language", "there", "zone", "owner")
    return Listing(head, lines, "  ".join(parts))
