"""Overview of the board: progress, the sample, and what needs attention."""

from datetime import timedelta
from typing import TYPE_CHECKING

from textual.content import Content

from survey_cli.fieldwork.case.activity import ATTEMPTS, ATTEMPTS_ANSWERED, REFUSAL_SHARE
from survey_cli.fieldwork.queue.call_order import CALLABLE_NOW
from survey_cli.reports.fieldwork.rates import describe_main_rates
from survey_cli.reports.fieldwork.status import (
    AT_STATIONS,
    COMPLETE,
    DONE,
    PARKED,
    STATUSES_PARKED,
    STATUSES_WAITING,
    WAITING,
)
from survey_cli.tui.board.listings import format_share
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.styled import style_text
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.status import FieldworkStatus

TABLE_WIDTH = 100
"""Cells of a line in the tables of counts."""


def build_progress(status: "FieldworkStatus") -> Content:
    """Build the completed interviews, and the shares of answered calls and refusals."""
    progress = status.progress
    contacts = sum(person.reached for person in status.people)
    sessions = sum(person.sessions for person in status.people)
    refusals = sum(person.refusals for person in status.people)
    conclusive = sum(person.conclusive_contacts for person in status.people)

    target = ""
    if progress.target:
        target = f" of {progress.target:,}"
    answered = f"{ATTEMPTS_ANSWERED.name} {format_share(contacts, sessions)}"
    refused = f"{REFUSAL_SHARE.name} {format_share(refusals, conclusive)}"
    pace = ""
    if status.pace is not None:
        pace = status.pace.describe()

    complete = (f"{progress.complete:,}", "bold")
    return styled.join_lines(
        (
            style_text("Completes", "$quiet"),
            Content.assemble(complete, target, f", {progress.today:,} today"),
            style_text(f"{progress.yesterday:,} yesterday"),
            style_text(f"{progress.partial:,} partial"),
            style_text(f"{answered}, {refused}"),
            style_text(pace, "$quiet"),
        )
    )


def build_hours(status: "FieldworkStatus") -> Content:
    """Build the numbers of today's completed interviews by hour."""
    hours = status.hours
    if not any(hour.complete for hour in hours):
        return style_text("Completes per hour: none today", "$quiet")
    began = hours[0].began
    ended = hours[-1].began + timedelta(hours=1)
    label = f"Completes per hour from {began:%H:%M} to {ended:%H:%M}: "
    counts = " ".join(str(hour.complete) for hour in hours)
    return Content.assemble((label, "$quiet"), counts)


def build_sample(status: "FieldworkStatus") -> Content:
    """Build the numbers of cases by what can be done with them."""
    numbers = (
        (CALLABLE_NOW, status.callable_now),
        (WAITING, status.count_cases(STATUSES_WAITING)),
        (PARKED, status.count_cases(STATUSES_PARKED)),
        (AT_STATIONS, status.count_cases({"leased"})),
        (DONE, status.count_cases({"done"})),
    )
    lines = [style_text("Sample", "$quiet")]
    for figure, number in numbers:
        lines.append(Content.assemble(f"{figure.name} ", (f"{number:,}", "bold")))
    return styled.join_lines(lines)


def build_details(status: "FieldworkStatus") -> list[Content]:
    """Build what needs attention, and the cases by their status and last outcome."""
    rates = [style_text(line) for line in describe_main_rates(status.data.rates)]
    alerts = [style_text(f"! {alert}", "bold $warning") for alert in status.alerts]
    statuses = [(f"{line.cases:,}", line.what) for line in status.statuses]
    outcomes = [(f"{line.cases:,}", f"{line.name}, {line.done:,} done") for line in status.outcomes]
    dayparts = []
    for daypart in status.dayparts:
        answered = format_share(daypart.reached, daypart.attempts)
        text = f"{ATTEMPTS.name} {daypart.daypart}, {ATTEMPTS_ANSWERED.name} {answered}"
        dayparts.append((f"{daypart.attempts:,}", text))

    return [
        Content("\n").join(rates),
        styled.build_section("Needs attention", alerts or [style_text("nothing")]),
        _build_counts("Cases", statuses),
        _build_counts("Last outcomes", outcomes),
        _build_counts("Parts of the day", dayparts),
    ]


def _build_counts(title: str, rows: list[tuple[str, str]]) -> Content:
    return styled.build_section(title, styled.build_table(rows, TABLE_WIDTH, "bold"))


def describe_study(status: "FieldworkStatus") -> str:
    """Describe one of several studies in a line."""
    progress = status.progress
    complete = f"{progress.complete:,}"
    if progress.target:
        complete += f" of {progress.target:,}"
    parts = [
        f"{complete} {COMPLETE.name}",
        f"{status.callable_now:,} {CALLABLE_NOW.name}",
    ]
    if status.alerts:
        parts.append(format_quantity(len(status.alerts), "alert"))
    return styled.SEPARATOR.join(parts)
