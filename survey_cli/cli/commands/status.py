"""The command `status`: the state of the fieldwork as text or JSON, once or on a screen that follows it."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import SIMPLE_TERMINALS
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.terminal import MOST_PROBLEMS, get_width, make_printable, render_table, say, wrap_paragraph
from survey_cli.cli.parameters import option
from survey_cli.problems import UserError
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.status import AppointmentLine, FieldworkStatus, InterviewerStatusLine

MAX_WIDTH: Final = 100
"""Maximum width of a line."""
MAX_LISTED: Final = 8
"""Maximum number of lines in a list; the rest is counted."""
MAX_NAME_WIDTH: Final = 28
"""Maximum width of a name or note."""
APPOINTMENT_STATES: Final = {"missed": "missed", "due": "due now", "today": "later today", "later": "on other days"}


def status(
    file: parameters.InstrumentArgument,
    watch: bool = option("--watch", "Follow changes on the full screen; q leaves.", False),
    since: str = option(
        "--since TIME", "Count calls, hours and lengths from this date or time: 2026-11-24, or '2026-11-24 17:00'.", ""
    ),
    form: parameters.ResultFormatOption = "table",
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
    theme: parameters.ThemeOption = "",
) -> None:
    """Show the state of the fieldwork: progress, cases, outcomes, quotas, appointments, calls, interviewers.

    Cases, outcomes, quotas and appointments are as they are now. Calls, hours and lengths are counted from --since,
    or from the beginning.

    Example: survey status study.yaml --watch
    """
    from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
    from survey_cli.services.run_on_study import Request

    local_zone = parameters.parse_zone(zone)

    def load() -> "FieldworkStatus":
        request = Request(path=file, at=datetime.now(UTC), db=db, people=people, notify=say)
        return load_fieldwork_status(request, since=since, zone=local_zone)

    report = load()
    if form == "json":
        print(render_json(report))
        return
    on_screen = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") not in SIMPLE_TERMINALS
    if watch and on_screen:
        _watch_status(load, theme)
        return
    if watch:
        say("survey: this terminal cannot show a full screen, so the status is shown once")
    say(report.in_use)
    for line in report.future[:MOST_PROBLEMS]:
        say(line)
    if len(report.future) > MOST_PROBLEMS:
        say(f"… and {len(report.future) - MOST_PROBLEMS} more: survey db verify {file}")
    print("\n".join(render_status(report, cells=get_width())))


def _watch_status(load: Any, theme: str) -> None:
    from survey_cli.tui import ScreenError, watch_report

    def render(cells: int) -> list[str]:
        try:
            return render_status(load(), cells=cells)
        except UserError as error:
            return [make_printable(str(problem)) for problem in (*error.problems, error)]

    try:
        watch_report(render, theme)
    except ScreenError as error:
        raise UserError("survey", str(error), "survey status without --watch shows the same once") from error


# As lines


def render_status(report: "FieldworkStatus", *, cells: int) -> list[str]:
    """Render the report as lines of at most so many cells."""
    width = min(cells, MAX_WIDTH)
    lines: list[str] = [report.title, ""]
    if report.paused:
        lines += [*wrap_paragraph(report.paused).split("\n"), ""]
    lines += _render_progress(report)
    for heading, body in _render_sections(report):
        if body:
            lines += ["", heading, *body]
    last = report.backed_up
    backup = f"last made {last:%Y-%m-%d %H:%M}" if last is not None else "no backup yet; make one with survey db backup"
    lines += ["", f"backup: {backup}"]
    return [truncate(line, width) for part in lines for line in part.split("\n")]


def _render_progress(report: "FieldworkStatus") -> Iterator[str]:
    from fractions import Fraction

    from survey_cli.reports.fieldwork.rates import format_rate

    progress = report.progress
    completes = f"{progress.complete:,} complete"
    if progress.target:
        share = format_rate(Fraction(progress.complete, progress.target))
        completes = f"{progress.complete:,} of {progress.target:,} complete ({share} of {progress.target_of})"
    yield f"{completes}, {progress.today:,} of them today"
    yield f"{progress.partial:,} partial; {format_quantity(report.cases, 'case')} in all"


def _build_section(
    heading: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] | None = None
) -> tuple[str, Sequence[str]]:
    return heading, _render_columns(head, rows, right=right)


def _render_sections(report: "FieldworkStatus") -> Iterator[tuple[str, Sequence[str]]]:
    yield _build_section(
        "cases, current status",
        ("", "cases", ""),
        [*((s, f"{n:,}", what) for s, what, n in report.statuses), ("total", f"{report.cases:,}", "")],
    )
    yield from _render_attention(report)
    yield _build_section(
        "last outcomes",
        ("outcome", "cases", "done", ""),
        ((o.name, f"{o.cases:,}", f"{o.done:,}", o.outcome) for o in report.outcomes),
    )
    yield _build_section(
        "codes of cases that are done",
        ("", "cases", "group", ""),
        ((c.code, f"{c.cases:,}", c.group, c.name) for c in report.codes),
        right=(1,),
    )
    yield _build_section(
        "quotas",
        ("cell", "taken", "held", "target", ""),
        (
            (
                _shorten(c.cell),
                f"{c.taken:,}",
                f"{c.held:,}",
                f"{c.target:,}",
                "closed" if c.closed else "soft" if c.soft else "",
            )
            for c in report.cells
        ),
    )
    yield _build_section(
        f"attempts by the respondent's time of day, {report.period}",
        ("", "attempts", "answered", "share"),
        (
            (d.daypart, f"{d.attempts:,}", f"{d.reached:,}", _format_share(d.reached, d.attempts))
            for d in report.dayparts
        ),
    )
    yield f"interviewers, {report.period}", _render_interviewers(report.people)
    if report.lengths is not None:
        lengths = report.lengths
        yield (
            f"length of interviews, {report.period}",
            [
                f"median {_format_length(lengths.median)}, from {_format_length(lengths.shortest)} to "
                f"{_format_length(lengths.longest)}"
                f" (of {lengths.interviews:,} completed)"
            ],
        )
    if report.numbers.cases:
        n = report.numbers
        yield (
            "numbers",
            [f"{n.dead:,} dead, {n.do_not_call:,} on the do-not-call list, of {format_quantity(n.cases, 'case')}"],
        )


def _render_attention(report: "FieldworkStatus") -> Iterator[tuple[str, Sequence[str]]]:
    """Render what a supervisor looks at first: referred cases, appointments, cases at stations."""
    yield f"waiting for a supervisor: {len(report.held):,}", _render_held(report)
    by_state = {state: [p for p in report.appointments if p.state == state] for state in APPOINTMENT_STATES}
    counts = ", ".join(f"{len(by_state[s]):,} {words}" for s, words in APPOINTMENT_STATES.items() if by_state[s])
    rows = [_render_appointment(p) for appointments in by_state.values() for p in appointments[:MAX_LISTED]]
    head = ("case", "", "here", "there", "owner")
    yield f"appointments: {counts}", _render_list(head, rows, len(report.appointments))
    stations = [
        (
            _shorten(lease.key),
            lease.who,
            lease.station,
            f"{lease.since:%H:%M}" if lease.since else "",
            f"{lease.until:%H:%M}",
        )
        for lease in report.leases[: 3 * MAX_LISTED]
    ]
    head = ("case", "with", "station", "since", "until")
    yield f"at stations now: {len(report.leases):,}", _render_list(head, stations, len(report.leases))


def _render_held(report: "FieldworkStatus") -> list[str]:
    rows = [
        (_shorten(h.key), f"{h.since:%a} {h.since.day} {h.since:%b %H:%M}", f"{h.why}: {h.note}" if h.note else h.why)
        for h in report.held[:MAX_LISTED]
    ]
    return _render_list(("case", "since", ""), rows, len(report.held))


def _render_appointment(p: "AppointmentLine") -> tuple[str, ...]:
    day = f"{p.starts:%a} {p.starts.day} {p.starts:%b} " if p.state in ("missed", "later") else ""
    return (_shorten(p.key), p.state, f"{day}{p.starts:%H:%M}–{p.ends:%H:%M}", p.respondent_time, p.owner or "anybody")


def _render_interviewers(people: Sequence["InterviewerStatusLine"]) -> list[str]:
    from survey_cli.reports.fieldwork.status import SMALL_BASE

    if not people:
        return []
    rows = [
        (
            _shorten(line.name),
            f"{line.complete:,}",
            f"{line.calls:,}",
            f"{line.on_cases / timedelta(hours=1):.1f}",
            f"{line.calls_per_hour:.1f}" if line.calls_per_hour is not None else "–",
            _format_length(line.mean_length) if line.mean_length is not None else "–",
            f"{line.refusals:,} of {line.conclusive_contacts:,}",
            _format_share(line.refusals, line.conclusive_contacts),
        )
        for line in people
    ]
    head = ("", "complete", "calls", "hours", "calls/h", "length", "refused", "share")
    notes = [
        "hours are hours spent on cases; calls/h is shown after one hour; length is the mean of completed"
        " interviews; refused is a percentage of contacts that ended in a complete or partial interview or a refusal"
    ]
    if any(0 < line.conclusive_contacts < SMALL_BASE for line in people):
        notes.append(
            f"* base of fewer than {SMALL_BASE}: one case more or less changes the percentage by more than five points"
        )
    return [*_render_columns(head, rows), *(wrap_paragraph(note) for note in notes)]


def _render_list(head: Sequence[str], rows: Iterable[Sequence[str]], total: int) -> list[str]:
    """Render a list, and the number of lines left out of `total`."""
    lines = list(rows)
    more = [f"… and {total - len(lines):,} more"] if total > len(lines) else []
    return [*_render_columns(head, lines, right=()), *more]


def _render_columns(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] | None = None
) -> list[str]:
    """Render rows in columns. Figures are aligned right: in all columns that contain nothing else, or in those given."""
    body = [tuple(map(make_printable, row)) for row in rows]
    if not body:
        return []
    figures = (
        set(right)
        if right is not None
        else {
            at
            for at in range(1, len(head))
            if all(not row[at] or row[at][0].isdecimal() or row[at] == "–" for row in body)
        }
    )
    lines = render_table(head, body, right=figures).split("\n")
    return [f"  {line}" for line in (lines if any(head) else lines[1:])]


def _format_share(part: int, base: int) -> str:
    """Format a share as `29%`, with a mark for a small base; a dash without a base."""
    from survey_cli.reports.fieldwork.status import SMALL_BASE

    if not base:
        return "–"
    return f"{part / base:.0%}{'*' if base < SMALL_BASE else ' '}"


def _format_length(length: timedelta) -> str:
    """Format a duration as `12:04` or `1:02:30`."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _shorten(name: str) -> str:
    return truncate(make_printable(name), MAX_NAME_WIDTH)


def truncate(line: str, cells: int) -> str:
    """Cut a line to at most `cells` cells; … marks the cut."""
    from survey_cli.text_width import fit, measure_width

    if measure_width(line) <= cells:
        return line
    return fit(line, cells - 1).rstrip() + "…"
