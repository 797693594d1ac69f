"""The command `status`, once or on a screen that follows it, and the commands of `study`."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import has_full_screen
from survey_cli.cli.option_groups import list_option_names, option_group, refuse_options
from survey_cli.cli.output import datetimes, terminal
from survey_cli.cli.output.terminal import (
    make_printable,
    print_lines,
    render_table,
    say,
    wrap_paragraph,
)
from survey_cli.cli.parameters import argument, on_study, option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.status import (
        AppointmentLine,
        FieldworkStatus,
        InterviewerStatusLine,
    )
    from survey_cli.services.run_on_study import Request

MAX_WIDTH: Final = 100
"""Maximum width of a line."""
MAX_LISTED: Final = 8
"""Maximum number of lines in a list; the rest is counted."""
MAX_NAME_WIDTH: Final = 28
"""Maximum width of a name or note."""
FACTS_OF_DATA: Final = ("paused", "appointments", "leases", "held", "backed_up")
"""What the JSON of the status contains of the data that it is built from."""
APPOINTMENT_STATES: Final = {
    "missed": "missed",
    "due": "due now",
    "today": "later today",
    "later": "on other days",
}


@option_group
class StatusParameters:
    """Options of `survey status` that have no meaning with --forecast."""

    watch: Annotated[
        bool, option("--watch", "Follow it on the full screen, as `survey board` does; q leaves.")
    ] = False
    since: Annotated[
        str,
        option(
            "--since TIME",
            "Count calls, hours and lengths from this date or time: 2026-11-24, or '2026-11-24 "
            "17:00'.",
        ),
    ] = ""
    out: Annotated[
        str, option("--out -o FILE", "Write a page for the client (.html), without persons.")
    ] = ""
    force: parameters.ForceOption = False


@option_group
class ForecastParameters:
    """Options of `survey status` that need --forecast."""

    interviewers: Annotated[
        str,
        option(
            "--interviewers N,N,…",
            "With --forecast: numbers of interviewers, one row each; by default that of the list "
            "of people, else 4,8,12.",
        ),
    ] = ""
    spread: Annotated[
        str,
        option(
            "--spread HOW,…",
            "With --forecast: ways to spread attempts over the day, one row each: prefer,wait,off; "
            "by default as the study"
            " says.",
        ),
    ] = ""
    days: Annotated[
        int | None,
        option(
            "--days N",
            "With --forecast: number of calendar days; by default up to the study's last day, or "
            "60.",
            min=1,
            max=400,
        ),
    ] = None
    seed: Annotated[
        int, option("--seed N", "With --forecast: the same seed gives the same forecast.")
    ] = 1


def status(
    context: typer.Context,
    file: parameters.InstrumentArgument,
    given: StatusParameters,
    *,
    form: parameters.ResultFormatOption = "table",
    people: parameters.PeopleOption = None,
    zone: Annotated[
        str,
        option(
            "--zone ZONE",
            "Local time zone, such as America/Chicago; by default the computer's, in a forecast "
            "the study's.",
        ),
    ] = "",
    db: parameters.DatabaseOption = None,
    theme: parameters.ThemeOption = "",
    forecast: Annotated[
        bool,
        option("--forecast", "Instead, forecast the rest of the fieldwork. Nothing is written."),
    ] = False,
    assumed: ForecastParameters,
) -> None:
    """Show the state of the fieldwork: progress, cases, outcomes, quotas, appointments, calls, interviewers.

    Cases, outcomes, quotas and appointments are as they are now. Calls, hours and lengths are
    counted from --since, or from the beginning.

    With --forecast, show how the fieldwork would go on from here: interviews per day, hours per
    interview, when the target is reached. How often people answer and refuse is measured in the
    study's own calls, or assumed if there are too few; the result says which. Ctrl+C shows what is
    ready.

    Example: survey status study.yaml --watch
    """
    from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
    from survey_cli.services.run_on_study import Request

    local_zone = parameters.parse_zone(zone)
    if forecast:
        from survey_cli.cli.commands.forecast import print_forecast

        refuse_options(
            context, (*list_option_names(StatusParameters), "theme"), "is not for --forecast"
        )
        print_forecast(
            file,
            interviewers=assumed.interviewers,
            spread=assumed.spread,
            days=assumed.days,
            seed=assumed.seed,
            people=people,
            zone=local_zone,
            db=db,
            form=form,
        )
        return

    refuse_options(context, list_option_names(ForecastParameters), "is only for --forecast")
    if given.watch and has_full_screen() and form == "table":
        from survey_cli.cli.commands.board import run_boards
        from survey_cli.cli.commands.study_commands import StudyCommands

        run_boards([StudyCommands(file, people=people, db=db, zone=local_zone)], theme)
        return
    request = Request(path=file, at=datetimes.now(), db=db, people=people, notify=say)
    if given.out:
        from survey_cli.services.cases.fieldwork_status import publish_status

        publish_status(request, given.out, force=given.force, since=given.since, zone=local_zone)
        say(f"{given.out}: written")
        return
    report = load_fieldwork_status(request, since=given.since, zone=local_zone)
    if form == "json":
        facts = {
            part.name: getattr(report, part.name) for part in fields(report) if part.name != "data"
        }
        facts |= {name: getattr(report.data, name) for name in FACTS_OF_DATA}
        terminal.print_result(form, (), facts)
        return
    if given.watch:
        say("survey: this terminal cannot show a full screen, so the status is shown once")
    say(report.in_use)
    say(*report.future[: terminal.MOST_PROBLEMS])
    if len(report.future) > terminal.MOST_PROBLEMS:
        say(f"… and {len(report.future) - terminal.MOST_PROBLEMS} more: survey db verify {file}")
    print_lines(render_status(report, cells=terminal.get_width()))


def render_status(report: "FieldworkStatus", *, cells: int) -> list[str]:
    """Render the report as lines of at most so many cells."""
    lines = [f"{report.study}, {report.as_of}", ""]
    if report.data.paused:
        lines += [*wrap_paragraph(report.data.paused), ""]
    lines += _render_progress(report)
    for heading, body in _render_sections(report):
        if body:
            lines += ["", heading, *body]
    last = report.data.backed_up
    backup = (
        f"last made {last:%Y-%m-%d %H:%M}"
        if last is not None
        else "no backup yet; make one with survey db backup"
    )
    return [_truncate(line, min(cells, MAX_WIDTH)) for line in (*lines, "", f"backup: {backup}")]


def _render_progress(report: "FieldworkStatus") -> Iterator[str]:
    from fractions import Fraction

    from survey_cli.reports.fieldwork.rates import describe_main_rates, format_rate
    from survey_cli.reports.fieldwork.status import COMPLETE, PARTIAL

    progress = report.progress
    completes = f"{progress.complete:,} {COMPLETE.name}"
    if progress.target:
        share = format_rate(Fraction(progress.complete, progress.target))
        completes = f"{progress.complete:,} of {progress.target:,} {COMPLETE.name} ({share} of {progress.target_of})"
    yield f"{completes}, {progress.today:,} of them today, {progress.yesterday:,} yesterday"
    if report.numbers.erased:
        yield f"{report.numbers.erased:,} of the complete interviews were erased: their answers are in no export"
    yield f"{progress.partial:,} {PARTIAL.name}; {format_quantity(report.cases, 'case')} in all"
    if report.pace is not None:
        yield f"pace of the last days: {report.pace.describe()}"
    yield from describe_main_rates(report.data.rates)


Section: TypeAlias = tuple[str, Sequence[str]]
"""A heading, and the lines below it; without any, the section is left out."""


def _render_sections(report: "FieldworkStatus") -> Iterator[Section]:
    from survey_cli.fieldwork.case.activity import ATTEMPTS, ATTEMPTS_ANSWERED
    from survey_cli.fieldwork.plan.plan import COUNTED, IN_PROGRESS
    from survey_cli.fieldwork.queue.call_order import CALLABLE_NOW
    from survey_cli.reports.fieldwork.status import CLOSED_NUMBERS, DEAD_NUMBERS, LISTED_NUMBERS

    yield (
        "needs attention",
        [line for alert in report.alerts for line in wrap_paragraph(alert, indent=2)],
    )
    statuses = [
        *((s, f"{n:,}", what) for s, what, n in report.statuses),
        ("total", f"{report.cases:,}", ""),
    ]
    yield (
        f"cases, current status ({report.callable_now:,} {CALLABLE_NOW.name})",
        _render_columns(("", "cases", ""), statuses),
    )
    yield from _render_attention(report)
    outcomes = [(o.name, f"{o.cases:,}", f"{o.done:,}", o.outcome) for o in report.outcomes]
    yield "last outcomes", _render_columns(("outcome", "cases", "done", ""), outcomes)
    codes = [(c.code, f"{c.cases:,}", c.group, c.name) for c in report.codes]
    yield (
        "codes of cases that are done",
        _render_columns(("", "cases", "group", ""), codes, right=(1,)),
    )
    cells = []
    for c in report.cells:
        state = "closed" if c.closed else "soft" if c.soft else ""
        cells.append((_shorten(c.label), f"{c.taken:,}", f"{c.held:,}", f"{c.target:,}", state))
    yield "quotas", _render_columns(("cell", COUNTED.name, IN_PROGRESS.name, "target", ""), cells)
    dayparts = []
    for part in report.dayparts:
        share = _format_share(part.reached, part.attempts)
        dayparts.append((part.daypart, f"{part.attempts:,}", f"{part.reached:,}, {share}"))
    heading = f"attempts by the respondent's time of day, {report.period}"
    yield heading, _render_columns(("", ATTEMPTS.name, ATTEMPTS_ANSWERED.name), dayparts)
    yield f"interviewers, {report.period}", _render_interviewers(report.people)
    if (lengths := report.lengths) is not None:
        limits = f"from {_format_length(lengths.shortest)} to {_format_length(lengths.longest)}"
        line = f"median {_format_length(lengths.median)}, {limits} (of {lengths.interviews:,} completed)"
        yield f"length of interviews, {report.period}", [line]
    numbers = report.numbers
    if numbers.cases or numbers.listed:
        cases = format_quantity(numbers.cases, "case")
        closed = f"{numbers.dead:,} {DEAD_NUMBERS.name}, {numbers.do_not_call:,} {CLOSED_NUMBERS.name}, of {cases}"
        yield (
            "numbers",
            [f"  {closed}", f"  {numbers.listed:,} {LISTED_NUMBERS.name}, which all studies share"],
        )


def _render_attention(report: "FieldworkStatus") -> Iterator[Section]:
    """Render what a supervisor looks at first: referred cases, appointments, cases at stations."""
    held = [
        (
            _shorten(h.key),
            f"{h.since:%a} {h.since.day} {h.since:%b %H:%M}",
            f"{h.why}: {h.note}" if h.note else h.why,
        )
        for h in report.data.held[:MAX_LISTED]
    ]
    waiting = len(report.data.held)
    yield (
        f"waiting for a supervisor: {waiting:,}",
        _render_list(("case", "since", ""), held, waiting),
    )
    by_state = {
        state: [p for p in report.data.appointments if p.state == state]
        for state in APPOINTMENT_STATES
    }
    counts = ", ".join(
        f"{len(by_state[s]):,} {words}" for s, words in APPOINTMENT_STATES.items() if by_state[s]
    )
    rows = [
        _build_appointment_row(p)
        for appointments in by_state.values()
        for p in appointments[:MAX_LISTED]
    ]
    head = ("case", "", "here", "there", "owner")
    yield f"appointments: {counts}", _render_list(head, rows, len(report.data.appointments))
    stations = []
    for lease in report.data.leases[: 3 * MAX_LISTED]:
        since = f"{lease.since:%H:%M}" if lease.since else ""
        stations.append(
            (_shorten(lease.key), lease.who, lease.station, since, f"{lease.until:%H:%M}")
        )
    head = ("case", "with", "station", "since", "until")
    yield (
        f"at stations now: {len(report.data.leases):,}",
        _render_list(head, stations, len(report.data.leases)),
    )


def _build_appointment_row(p: "AppointmentLine") -> tuple[str, ...]:
    day = f"{p.starts:%a} {p.starts.day} {p.starts:%b} " if p.state in ("missed", "later") else ""
    return (
        _shorten(p.key),
        p.state,
        f"{day}{p.starts:%H:%M}–{p.ends:%H:%M}",
        p.respondent_time,
        p.owner or "anybody",
    )


def _render_interviewers(people: Sequence["InterviewerStatusLine"]) -> list[str]:
    from survey_cli.fieldwork.case.activity import (
        CALLS,
        COMPLETED,
        HOURS_ON_CASES,
        REFUSAL_SHARE,
        REFUSALS,
    )
    from survey_cli.reports.fieldwork.status import SMALL_BASE

    if not people:
        return []
    rows = []
    for line in people:
        counts = (_shorten(line.name), f"{line.complete:,}", f"{line.calls:,}")
        hours, speed = f"{line.on_cases / timedelta(hours=1):.1f}", line.calls_per_hour
        length = _format_length(line.mean_length) if line.mean_length is not None else "–"
        refused = f"{line.refusals:,} of {line.conclusive_contacts:,}"
        share = _format_share(line.refusals, line.conclusive_contacts)
        rows.append(
            (*counts, hours, f"{speed:.1f}" if speed is not None else "–", length, refused, share)
        )
    head = (
        "", COMPLETED.name, CALLS.name, "hours", "calls/h", "length", REFUSALS.name, REFUSAL_SHARE.name
    )  # fmt: skip
    notes = wrap_paragraph(
        f"hours are {HOURS_ON_CASES.name}; calls/h is shown after one hour; length is the mean of "
        "completed"
        f" interviews; {REFUSALS.name} are of contacts that ended in a complete or partial "
        "interview or a refusal"
    )
    if any(0 < line.conclusive_contacts < SMALL_BASE for line in people):
        notes += wrap_paragraph(
            f"* base of fewer than {SMALL_BASE}: one case more or less changes the percentage by "
            "more than five points"
        )
    return [*_render_columns(head, rows), *notes]


def _render_list(head: Sequence[str], rows: Sequence[Sequence[str]], total: int) -> list[str]:
    """Render a list, and the number of lines left out of `total`."""
    more = [f"… and {total - len(rows):,} more"] if total > len(rows) else []
    return [*_render_columns(head, rows, right=()), *more]


def _render_columns(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] | None = None
) -> list[str]:
    """Render rows in columns. Figures are aligned right: in all columns that contain nothing else, or in those given."""
    if not rows:
        return []
    if right is None:
        columns = list(zip(*rows, strict=True))
        figures = [
            all(not cell or cell[0].isdecimal() or cell == "–" for cell in column)
            for column in columns
        ]
        right = [at for at in range(1, len(head)) if figures[at]]
    lines = render_table(head, rows, right=right)
    return [f"  {line}" for line in (lines if any(head) else lines[1:])]


def _format_share(part: int, base: int) -> str:
    """Format a share as `29%`, with a mark for a small base; a dash without a base."""
    from survey_cli.reports.fieldwork.status import SMALL_BASE

    return f"{part / base:.0%}{'*' if base < SMALL_BASE else ' '}" if base else "–"


def _format_length(length: timedelta) -> str:
    """Format a duration as `12:04` or `1:02:30`."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _shorten(name: str) -> str:
    return _truncate(make_printable(name), MAX_NAME_WIDTH)


def _truncate(line: str, cells: int) -> str:
    """Cut a line to at most `cells` cells; … marks the cut."""
    from survey_cli.text_width import fit, measure_width

    return line if measure_width(line) <= cells else fit(line, cells - 1).rstrip() + "…"


@on_study
def study_pause(
    request: "Request",
    message: Annotated[str, option("--message TEXT", "Text shown on every station's screen.")] = "",
) -> None:
    """Stop all calling: no station claims a case or dials a number until `survey study resume`.

    Current interviews are finished, and outcomes of numbers already dialed are still keyed. Cases
    and appointments stay in the queue.

    Example: survey study pause study.yaml --message "back at 3 pm"
    """
    from survey_cli.services.study_administration import pause_study

    paused = pause_study(request, message)
    since, file = paused.since.astimezone(), request.path
    say(
        f"{file}: {paused.describe(since, since)}; survey study resume {file} lets the stations "
        "continue"
    )


@on_study
def study_resume(request: "Request") -> None:
    """Let the stations of a paused study call again; they continue automatically.

    Example: survey study resume study.yaml
    """
    from survey_cli.services.study_administration import resume_study

    minutes = (request.at - resume_study(request).since) // timedelta(minutes=1)
    say(
        f"{request.path}: resumed after {format_quantity(minutes, 'minute')}; the stations "
        "continue automatically"
    )


@on_study
def study_publish(request: "Request") -> None:
    """Let interviews begin with the questionnaire as its file is now.

    On a database server only this command changes the version: until then, stations continue with
    the published one. It is for the owner of the schema. With a database file, every change of the
    questionnaire's file takes effect automatically; there this command makes another file the
    study's questionnaire.

    Example: survey study publish study.yaml --db postgresql://owner@host/field
    """
    from survey_cli.services.study_administration import publish_version

    result = publish_version(request)
    say(
        f"{result.where}: version {result.version} "
        f"{'is published' if result.new else 'was in effect already'}"
    )


def study_share(
    file: parameters.InstrumentArgument,
    group: Annotated[str, option("--group GROUP", "The interviewers' group on this computer.")],
    db: parameters.DatabaseOption = None,
) -> None:
    """Let several people on one computer work on a study, each under their own login.

    The folder of the databases is given to the group, and closed to everybody else. Its mode
    becomes 2770, that of the databases 0660, and that of the lists 0640.

    Example: survey study share study.yaml --group interviewers
    """
    from survey_cli.services.database.administration import share_with_group
    from survey_cli.study.location import PEOPLE_FILE, describe_rights_without_list

    folder = share_with_group(file, group, db=db)
    say(f"{folder}: shared with the group {group}; nobody else has access")
    if not (folder / PEOPLE_FILE).is_file():
        rights = describe_rights_without_list(on_server=False)
        say(
            f"{folder / PEOPLE_FILE}: there is no list of people, so {rights} — list who is "
            "supervisor, and who calls"
        )


@on_study
def study_people(request: "Request") -> None:
    """List who works on the study, with each interviewer's current case and appointments.

    Example: survey study people study.yaml
    """
    from survey_cli.services.study_administration import list_interviewers
    from survey_cli.study.location import describe_rights_without_list

    listing = list_interviewers(request, request.people)
    say(*listing.problems)
    rows = []
    for line in listing.lines:
        described = (
            line.role or "(not on the list)",
            line.languages or "any",
            line.skills or "–",
            line.pseudonym or "–",
        )
        appointments = (
            f"{line.appointments} ({line.missed} missed)" if line.missed else line.appointments
        )
        account = (line.account,) if line.account else ()
        rows.append((line.login, *described, *account, appointments, ", ".join(line.cases) or "–"))
    on_server = ("account",) if any(line.account for line in listing.lines) else ()
    head = (
        "login",
        "role",
        "languages",
        "skills",
        "pseudonym",
        *on_server,
        "appointments",
        "current case",
    )
    print_lines(render_table(head, rows) if rows else ())
    if listing.unowned_appointments:
        say(f"{format_quantity(listing.unowned_appointments, 'appointment')} for anyone")
    if listing.where:
        say(
            f"{listing.where}: "
            f"{format_quantity(sum(bool(line.role) for line in listing.lines), 'person', 'people')}"
        )
    else:
        rights = describe_rights_without_list(on_server=bool(on_server))
        say(
            f"no people are listed, so {rights} — list people in interviewers.csv beside the "
            "database"
        )


@on_study
def study_message(
    request: "Request",
    text: Annotated[
        str,
        argument("TEXT", "The message. Without it, the messages that stations show are listed."),
    ] = "",
    to: Annotated[str, option("--to PERSON", "Only for this person.")] = "",
    until: Annotated[
        str,
        option("--until TIME", "Show it until then: 15:00; by default until the end of the day."),
    ] = "",
    withdraw: Annotated[
        int, option("--withdraw N", "Withdraw the message with this number in the list.", min=0)
    ] = 0,
) -> None:
    """Send a message to the stations, or list the messages and who has seen them.

    Stations show it at the next key, once to each person; it never covers what is read to the
    respondent.

    Example: survey study message study.yaml --to ann "please call me"
    """
    from survey_cli.services.cases import floor

    if (withdraw and text) or ((to or until) and not text):
        raise typer.BadParameter(
            "give the text of a new message, or --withdraw N alone", param_hint="TEXT"
        )
    if withdraw:
        say(f"withdrawn: {floor.withdraw_message(request, withdraw).text}")
        return
    if text:
        end = datetimes.parse_time(until, option="--until") if until else None
        message = floor.send_message(request, text, to=to, until=end)
        say(f"sent to {to or 'everybody'}, shown until {datetimes.format_here(message.until)}")
        return
    rows = []
    for number, (message, seen_by) in enumerate(floor.load_current_floor(request).messages, 1):
        times = datetimes.format_here(message.at), datetimes.format_here(message.until)
        rows.append(
            (
                number,
                *times,
                message.by,
                message.to or "everybody",
                message.text,
                ", ".join(seen_by) or "–",
            )
        )
    print_lines(
        render_table(("", "sent", "until", "by", "to", "message", "seen by"), rows) if rows else ()
    )
    say(f"{request.path}: {format_quantity(len(rows), 'message')}")


@on_study
def study_shift(
    request: "Request",
    person: Annotated[
        str, argument("PERSON", "The login. Without it, everybody who is at work is listed.")
    ] = "",
    day: Annotated[str, option("--day DATE", "The day; by default today.")] = "",
    start: Annotated[str, option("--from TIME", "Correct when the person began: 09:00.")] = "",
    end: Annotated[str, option("--to TIME", "Correct when the person left: 17:30.")] = "",
    unpaid: Annotated[
        int | None, option("--unpaid MINUTES", "Correct the unpaid breaks.", min=0)
    ] = None,
    away: Annotated[
        int | None, option("--away MINUTES", "Correct the time signed off in between.", min=0)
    ] = None,
    note: Annotated[str, option("--note TEXT", "The reason. Required with a correction.")] = "",
) -> None:
    """Show who is at work, or one person's working day, and correct its times.

    What was recorded stays. `survey export --what shifts` has the days of all, with the corrections
    and their reasons.

    Example: survey study shift study.yaml ann --to 17:30 --note "forgot"
    """
    from survey_cli.fieldwork.shifts import ShiftCorrection, format_length, render_shift_summary
    from survey_cli.services.cases import floor

    is_correction = any((start, end, unpaid is not None, away is not None))
    if (is_correction or note) and not (is_correction and person):
        raise typer.BadParameter(
            "a correction needs a person, and what is corrected: --from, --to, --unpaid or --away"
        )
    if not person:
        rows = []
        for each in floor.load_current_floor(request).people:
            since, paid = datetimes.format_here(each.since), format_length(each.paid)
            silent = (
                f", no sign since {datetimes.format_here(each.silent_since)}"
                if each.silent_since
                else ""
            )
            rows.append((each.login, each.station, each.state + silent, since, paid))
        print_lines(render_table(("person", "station", "", "since", "paid"), rows) if rows else ())
        say(f"{request.path}: {format_quantity(len(rows), 'person', 'people')}")
        return
    day = f"{(datetimes.parse_time(day, option='--day') if day else request.at).astimezone():%Y-%m-%d}"
    times = {"since": ("--from", start), "until": ("--to", end)}
    lengths = {"away": away, "unpaid": unpaid}
    changes: dict[str, Any] = {
        **{
            name: datetimes.parse_time(f"{day} {text}", option=by)
            for name, (by, text) in times.items()
            if text
        },
        **{
            name: timedelta(minutes=minutes)
            for name, minutes in lengths.items()
            if minutes is not None
        },
    }
    if is_correction:
        worked = floor.correct_shift(request, person, ShiftCorrection(day, note, **changes))
    else:
        worked = floor.load_shift(request, person, day)
    print_lines(render_shift_summary(worked.summary))
    if worked.corrections:
        say(f"corrected: {worked.describe_corrections({}, datetime.astimezone)}")
