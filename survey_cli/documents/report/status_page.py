"""Status of the fieldwork as one HTML page for the client: only numbers, and nobody's name."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from survey_cli.documents.templating import render_page
from survey_cli.fieldwork.case.activity import ATTEMPTS, ATTEMPTS_ANSWERED
from survey_cli.fieldwork.plan.plan import COUNTED
from survey_cli.fieldwork.queue.call_order import CALLABLE_NOW
from survey_cli.reports.fieldwork.status import COMPLETE, DONE, PARTIAL, FieldworkStatus


class PageTable(NamedTuple):
    """A table of the page: a label, a bar and numbers in each row."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, float, tuple[str, ...]]]
    """The label, the length of the bar from 0 to 1, and the numbers."""


def render_status_html(status: FieldworkStatus) -> str:
    """Return the page, ending in a line end."""
    progress = status.progress
    target = ""
    if progress.target:
        target = f" of {progress.target:,}"
    done = status.count_cases({"done"})
    lines = [
        f"{_begin(COMPLETE.name)} interviews: {progress.complete:,}{target}, "
        f"{progress.today:,} of them today, {progress.yesterday:,} yesterday",
        f"{_begin(PARTIAL.name)} interviews: {progress.partial:,}; "
        f"cases in the sample: {status.cases:,}",
        f"{_begin(CALLABLE_NOW.name)}: {status.callable_now:,}; {DONE.name}: {done:,}",
    ]
    if status.pace is not None:
        lines.append(f"Pace of the last days: {status.pace.describe()}")
    if status.data.paused:
        lines.append("Calling is paused")

    share = None
    if progress.target:
        share = min(progress.complete / progress.target, 1.0)
    return render_page(
        "status.html.jinja",
        page_header=status.study_title,
        edition=status.as_of,
        lines=lines,
        share=share,
        tables=[table for table in _iterate_tables(status) if table.rows],
    )


def _iterate_tables(status: FieldworkStatus) -> Iterator[PageTable]:
    most = max((hour.complete for hour in status.hours), default=0)
    hours = []
    if most:
        hours = [
            (f"{hour.began:%H:%M}", hour.complete / most, (f"{hour.complete:,}",))
            for hour in status.hours
        ]
    yield PageTable("Complete interviews today, by the hour", ("from", "complete"), hours)

    cells = []
    for cell in status.cells:
        share = 1.0  # a quota of none is always full
        if cell.target:
            share = min(cell.taken / cell.target, 1.0)
        cells.append((cell.label, share, (f"{cell.taken:,}", f"{cell.target:,}")))
    yield PageTable("Quotas", ("cell", COUNTED.name, "target"), cells)

    cases = max(status.cases, 1)
    statuses = [
        (_begin(what), n / cases, (f"{n:,}", f"{n / cases:.1%}")) for _, what, n in status.statuses
    ]
    yield PageTable("Cases, current status", ("status", "cases", "share"), statuses)
    outcomes = [
        (_begin(o.name), o.cases / cases, (f"{o.cases:,}", f"{o.done:,}")) for o in status.outcomes
    ]
    yield PageTable("Last outcomes", ("outcome", "cases", DONE.name), outcomes)

    parts = []
    for part in status.dayparts:
        if part.attempts:
            share = part.reached / part.attempts
            parts.append((part.daypart, share, (f"{part.attempts:,}", f"{share:.0%}")))
    yield PageTable(
        "Attempts by the respondent's time of day",
        ("part of the day", ATTEMPTS.name, ATTEMPTS_ANSWERED.name),
        parts,
    )


def _begin(text: str) -> str:
    """Return the text with a capital letter."""
    return text[:1].upper() + text[1:]
