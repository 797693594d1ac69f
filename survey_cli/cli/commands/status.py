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
from survey_cli.wording import format_quantity, format_work_time

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from survey_cli.fieldwork.shifts import ShiftCorrection
    from survey_cli.reports.fieldwork.cases import InterviewerLine
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
MAX_STATIONS: Final = 24
"""Maximum number of stations listed, which a supervisor wants to see together."""
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
    """Show the state of the fieldwork.

    It shows progress, cases, outcomes, quotas, appointments, calls and interviewers.

    Cases, outcomes, quotas and appointments are as they are now. Calls, hours and lengths are
    counted from --since, or from the beginning.

    With --forecast, show how the fieldwork would go on from here: interviews per day, hours per
    interview, when the target is reached. How often people answer and refuse is measured in the
    study's own calls, or assumed if there are too few; the result says which. Ctrl+C shows what is
    ready.

    Example: survey status study.yaml --watch
    """
    local_zone = parameters.parse_zone(zone)
    if forecast:
        from survey_cli.cli.commands.forecast import print_forecast

        status_only = (*list_option_names(StatusParameters), "theme")
        refuse_options(context, status_only, "is not for --forecast")
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

    from survey_cli.services.run_on_study import Request

    request = Request(path=file, at=datetimes.now(), db=db, people=people, notify=say)
    if given.out:
        from survey_cli.services.cases.fieldwork_status import publish_status

        publish_status(request, given.out, force=given.force, since=given.since, zone=local_zone)
        say(f"{given.out}: written")
    else:
        _print_status(request, given, form, local_zone)


def _print_status(
    request: "Request", given: StatusParameters, form: str, zone: "ZoneInfo | None"
) -> None:
    """Print the state of the fieldwork once."""
    from survey_cli.services.cases.fieldwork_status import load_fieldwork_status

    report = load_fieldwork_status(request, since=given.since, zone=zone)
    if form == "json":
        terminal.print_result(form, (), _build_status_value(report))
        return

    if given.watch:
        say("survey: this terminal cannot show a full screen, so the status is shown once")
    say(report.in_use)
    say(*report.future[: terminal.MOST_PROBLEMS])
    more = len(report.future) - terminal.MOST_PROBLEMS
    if more > 0:
        say(f"… and {more} more: survey db verify {request.path}")
    print_lines(render_status(report, cells=terminal.get_width()))


def _build_status_value(report: "FieldworkStatus") -> dict[str, Any]:
    """Build the report as one object, with some facts of the data that it is built from."""
    facts = {}
    for part in fields(report):
        if part.name != "data":
            facts[part.name] = getattr(report, part.name)
    for name in FACTS_OF_DATA:
        facts[name] = getattr(report.data, name)
    return facts


def render_status(report: "FieldworkStatus", *, cells: int) -> list[str]:
    """Render the report as lines of at most so many cells."""
    lines = [f"{report.study}, {report.as_of}", ""]
    if report.data.paused:
        lines += [*wrap_paragraph(report.data.paused), ""]
    lines += _render_progress(report)
    for heading, body in _render_sections(report):
        if body:
            lines += ["", heading, *body]

    backup = "no backup yet; make one with survey db backup"
    if report.data.backed_up is not None:
        backup = f"last made {report.data.backed_up:%Y-%m-%d %H:%M}"
    lines += ["", f"backup: {backup}"]
    return [_truncate(line, min(cells, MAX_WIDTH)) for line in lines]


def _render_progress(report: "FieldworkStatus") -> Iterator[str]:
    """Render the complete interviews, the pace and the main rates."""
    from fractions import Fraction

    from survey_cli.reports.fieldwork.rates import describe_main_rates, format_rate
    from survey_cli.reports.fieldwork.status import COMPLETE, PARTIAL

    progress = report.progress
    completes = f"{progress.complete:,} {COMPLETE.name}"
    if progress.target:
        share = format_rate(Fraction(progress.complete, progress.target))
        completes = (
            f"{progress.complete:,} of {progress.target:,} {COMPLETE.name} "
            f"({share} of {progress.target_of})"
        )
    yield f"{completes}, {progress.today:,} of them today, {progress.yesterday:,} yesterday"

    erased = report.numbers.erased
    if erased:
        yield (f"{erased:,} of the complete interviews were erased: their answers are in no export")
    yield f"{progress.partial:,} {PARTIAL.name}; {format_quantity(report.cases, 'case')} in all"
    if report.pace is not None:
        yield f"pace of the last days: {report.pace.describe()}"
    yield from describe_main_rates(report.data.rates)


Section: TypeAlias = tuple[str, Sequence[str]]
"""A heading, and the lines below it; without any, the section is left out."""


def _render_sections(report: "FieldworkStatus") -> Iterator[Section]:
    """Render the sections in their order."""
    yield "needs attention", _render_alerts(report)
    yield _render_statuses(report)
    yield from _render_attention(report)
    yield "last outcomes", _render_outcomes(report)
    yield "codes of cases that are done", _render_codes(report)
    yield "quotas", _render_quotas(report)
    yield f"attempts by the respondent's time of day, {report.period}", _render_dayparts(report)
    yield f"interviewers, {report.period}", _render_interviewers(report.people)
    yield f"length of interviews, {report.period}", _render_lengths(report)
    yield "numbers", _render_numbers(report)


def _render_alerts(report: "FieldworkStatus") -> list[str]:
    return [line for alert in report.alerts for line in wrap_paragraph(alert, indent=2)]


def _render_statuses(report: "FieldworkStatus") -> Section:
    from survey_cli.fieldwork.queue.call_order import CALLABLE_NOW

    rows = [(status, f"{cases:,}", what) for status, what, cases in report.statuses]
    rows.append(("total", f"{report.cases:,}", ""))
    heading = f"cases, current status ({report.callable_now:,} {CALLABLE_NOW.name})"
    return heading, _render_columns(("", "cases", ""), rows)


def _render_outcomes(report: "FieldworkStatus") -> list[str]:
    rows = [
        (line.name, f"{line.cases:,}", f"{line.done:,}", line.outcome) for line in report.outcomes
    ]
    return _render_columns(("outcome", "cases", "done", ""), rows)


def _render_codes(report: "FieldworkStatus") -> list[str]:
    rows = [(line.code, f"{line.cases:,}", line.group, line.name) for line in report.codes]
    return _render_columns(("", "cases", "group", ""), rows, right=(1,))


def _render_quotas(report: "FieldworkStatus") -> list[str]:
    from survey_cli.fieldwork.plan.plan import COUNTED, IN_PROGRESS

    rows = []
    for cell in report.cells:
        if cell.closed:
            state = "closed"
        elif cell.soft:
            state = "soft"
        else:
            state = ""
        label = _shorten(cell.label)
        rows.append((label, f"{cell.taken:,}", f"{cell.held:,}", f"{cell.target:,}", state))
    return _render_columns(("cell", COUNTED.name, IN_PROGRESS.name, "target", ""), rows)


def _render_dayparts(report: "FieldworkStatus") -> list[str]:
    from survey_cli.fieldwork.case.activity import ATTEMPTS, ATTEMPTS_ANSWERED

    rows = []
    for part in report.dayparts:
        share = _format_share(part.reached, part.attempts)
        rows.append((part.daypart, f"{part.attempts:,}", f"{part.reached:,}, {share}"))
    return _render_columns(("", ATTEMPTS.name, ATTEMPTS_ANSWERED.name), rows)


def _render_lengths(report: "FieldworkStatus") -> list[str]:
    lengths = report.lengths
    if lengths is None:
        return []

    median = _format_length(lengths.median)
    shortest = _format_length(lengths.shortest)
    longest = _format_length(lengths.longest)
    count = f"{lengths.interviews:,} completed"
    return [f"median {median}, from {shortest} to {longest} (of {count})"]


def _render_numbers(report: "FieldworkStatus") -> list[str]:
    from survey_cli.reports.fieldwork.status import CLOSED_NUMBERS, DEAD_NUMBERS, LISTED_NUMBERS

    numbers = report.numbers
    if not numbers.cases and not numbers.listed:
        return []

    dead = f"{numbers.dead:,} {DEAD_NUMBERS.name}"
    closed = f"{numbers.do_not_call:,} {CLOSED_NUMBERS.name}"
    listed = f"{numbers.listed:,} {LISTED_NUMBERS.name}"
    return [
        f"  {dead}, {closed}, of {format_quantity(numbers.cases, 'case')}",
        f"  {listed}, which all studies share",
    ]


def _render_attention(report: "FieldworkStatus") -> Iterator[Section]:
    """Render what a supervisor looks at first: referred cases, appointments, cases at stations."""
    yield _render_referred_cases(report)
    yield _render_appointments(report)
    yield _render_stations(report)


def _render_referred_cases(report: "FieldworkStatus") -> Section:
    held = report.data.held
    rows = []
    for case in held[:MAX_LISTED]:
        since = f"{case.since:%a} {case.since.day} {case.since:%b %H:%M}"
        why = case.why
        if case.note:
            why += f": {case.note}"
        rows.append((_shorten(case.key), since, why))
    heading = f"waiting for a supervisor: {len(held):,}"
    return heading, _render_list(("case", "since", ""), rows, len(held))


def _render_appointments(report: "FieldworkStatus") -> Section:
    """Render the first appointments of each state."""
    counts = []
    rows = []
    for state, words in APPOINTMENT_STATES.items():
        appointments = [line for line in report.data.appointments if line.state == state]
        if appointments:
            counts.append(f"{len(appointments):,} {words}")
            rows += [_build_appointment_row(line) for line in appointments[:MAX_LISTED]]

    head = ("case", "", "here", "there", "owner")
    lines = _render_list(head, rows, len(report.data.appointments))
    return f"appointments: {', '.join(counts)}", lines


def _render_stations(report: "FieldworkStatus") -> Section:
    leases = report.data.leases
    rows = []
    for lease in leases[:MAX_STATIONS]:
        since = f"{lease.since:%H:%M}" if lease.since else ""
        until = f"{lease.until:%H:%M}"
        rows.append((_shorten(lease.key), lease.who, lease.station, since, until))
    head = ("case", "with", "station", "since", "until")
    return f"at stations now: {len(leases):,}", _render_list(head, rows, len(leases))


def _build_appointment_row(line: "AppointmentLine") -> tuple[str, ...]:
    times = f"{line.starts:%H:%M}–{line.ends:%H:%M}"
    if line.state in ("missed", "later"):
        # On another day than today.
        times = f"{line.starts:%a} {line.starts.day} {line.starts:%b} {times}"
    owner = line.owner or "anybody"
    return (_shorten(line.key), line.state, times, line.respondent_time, owner)


def _render_interviewers(people: Sequence["InterviewerStatusLine"]) -> list[str]:
    """Render a row for each interviewer, then how the figures are meant."""
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

    head = (
        "",
        COMPLETED.name,
        CALLS.name,
        "hours",
        "calls/h",
        "length",
        REFUSALS.name,
        REFUSAL_SHARE.name,
    )
    rows = [_build_interviewer_row(line) for line in people]
    notes = wrap_paragraph(
        f"hours are {HOURS_ON_CASES.name}; calls/h is shown after one hour; "
        f"length is the mean of completed interviews; {REFUSALS.name} are of contacts that ended "
        "in a complete or partial interview or a refusal"
    )
    if any(0 < line.conclusive_contacts < SMALL_BASE for line in people):
        notes += wrap_paragraph(
            f"* base of fewer than {SMALL_BASE}: one case more or less changes the percentage by "
            "more than five points"
        )
    return [*_render_columns(head, rows), *notes]


def _build_interviewer_row(line: "InterviewerStatusLine") -> tuple[str, ...]:
    speed = "–" if line.calls_per_hour is None else f"{line.calls_per_hour:.1f}"
    length = "–" if line.mean_length is None else _format_length(line.mean_length)
    return (
        _shorten(line.name),
        f"{line.complete:,}",
        f"{line.calls:,}",
        f"{line.on_cases / timedelta(hours=1):.1f}",
        speed,
        length,
        f"{line.refusals:,} of {line.conclusive_contacts:,}",
        _format_share(line.refusals, line.conclusive_contacts),
    )


def _render_list(head: Sequence[str], rows: Sequence[Sequence[str]], total: int) -> list[str]:
    """Render a list, and the number of lines left out of `total`."""
    lines = _render_columns(head, rows, right=())
    if total > len(rows):
        lines.append(f"… and {total - len(rows):,} more")
    return lines


def _render_columns(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] | None = None
) -> list[str]:
    """Render rows in columns; those in `right` are aligned right.

    By default, these are the columns that contain only figures. The first is never one of them.
    """
    if not rows:
        return []

    if right is None:
        columns = list(zip(*rows, strict=True))
        right = [at for at in range(1, len(head)) if all(map(_is_figure, columns[at]))]
    lines = render_table(head, rows, right=right)
    if not any(head):
        lines = lines[1:]
    return [f"  {line}" for line in lines]


def _is_figure(cell: str) -> bool:
    return not cell or cell[0].isdecimal() or cell == "–"


def _format_share(part: int, base: int) -> str:
    """Format a share as `29%`, with a mark for a small base; a dash without a base."""
    from survey_cli.reports.fieldwork.status import SMALL_BASE

    if not base:
        return "–"
    mark = "*" if base < SMALL_BASE else " "
    return f"{part / base:.0%}{mark}"


def _format_length(length: timedelta) -> str:
    """Format a duration as `12:04` or `1:02:30`."""
    minutes, seconds = divmod(round(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"


def _shorten(name: str) -> str:
    return _truncate(make_printable(name), MAX_NAME_WIDTH)


def _truncate(line: str, cells: int) -> str:
    """Cut a line to at most `cells` cells; … marks the cut."""
    from survey_cli.text_width import fit, measure_width

    if measure_width(line) <= cells:
        return line
    return fit(line, cells - 1).rstrip() + "…"


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
    since = paused.since.astimezone()
    file = request.path
    remedy = f"survey study resume {file} lets the stations continue"
    say(f"{file}: {paused.describe(since, since)}; {remedy}")


@on_study
def study_resume(request: "Request") -> None:
    """Let the stations of a paused study call again; they continue automatically.

    Example: survey study resume study.yaml
    """
    from survey_cli.services.study_administration import resume_study

    paused = resume_study(request)
    minutes = (request.at - paused.since) // timedelta(minutes=1)
    duration = format_quantity(minutes, "minute")
    say(f"{request.path}: resumed after {duration}; the stations continue automatically")


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
    done = "is published" if result.new else "was in effect already"
    say(f"{result.where}: version {result.version} {done}")


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
def study_people(
    request: "Request",
    release: Annotated[
        str, option("--release LOGIN", "Make this trainee an interviewer, in the list.")
    ] = "",
) -> None:
    """List who works on the study, with each interviewer's current case and appointments.

    With --release, a trainee, who could only practice, becomes an interviewer. Everything else in
    the list stays as it is.

    Example: survey study people study.yaml
    """
    if release:
        _release(request, release)
        return

    from survey_cli.services.study_administration import list_interviewers
    from survey_cli.study.location import describe_rights_without_list

    listing = list_interviewers(request, request.people)
    say(*listing.problems)

    # Only people on a server have accounts.
    has_accounts = any(line.account for line in listing.lines)
    if listing.lines:
        print_lines(_render_people(listing.lines, has_accounts=has_accounts))
    if listing.unowned_appointments:
        say(f"{format_quantity(listing.unowned_appointments, 'appointment')} for anyone")

    if listing.where:
        listed = sum(bool(line.role) for line in listing.lines)
        say(f"{listing.where}: {format_quantity(listed, 'person', 'people')}")
    else:
        rights = describe_rights_without_list(on_server=has_accounts)
        say(
            f"no people are listed, so {rights} — "
            "list people in interviewers.csv beside the database"
        )


def _release(request: "Request", login: str) -> None:
    """Make a trainee an interviewer, and say where."""
    from survey_cli.services.study_administration import release_trainee

    released = release_trainee(request, login, request.people)
    say(f"{login} is an interviewer now, in {released.file}")
    if released.on_server:
        say(
            f"the owner of the database gives the role: survey db grant ADDRESS {login} interviewer"
        )


def _render_people(lines: "Sequence[InterviewerLine]", *, has_accounts: bool) -> list[str]:
    """Render a row for each person."""
    rows = []
    for line in lines:
        appointments = str(line.appointments)
        if line.missed:
            appointments += f" ({line.missed} missed)"
        row = [
            line.login,
            line.role or "(not on the list)",
            line.languages or "any",
            line.skills or "–",
            line.pseudonym or "–",
            appointments,
            ", ".join(line.cases) or "–",
        ]
        if has_accounts:
            row.insert(5, line.account)
        rows.append(row)

    head = ["login", "role", "languages", "skills", "pseudonym", "appointments", "current case"]
    if has_accounts:
        head.insert(5, "account")
    return render_table(head, rows)


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

    is_both = bool(withdraw and text)
    has_options_only = bool(to or until) and not text
    if is_both or has_options_only:
        raise typer.BadParameter(
            "give the text of a new message, or --withdraw N alone", param_hint="TEXT"
        )

    if withdraw:
        say(f"withdrawn: {floor.withdraw_message(request, withdraw).text}")
    elif text:
        end = datetimes.parse_time(until, option="--until") if until else None
        message = floor.send_message(request, text, to=to, until=end)
        say(f"sent to {to or 'everybody'}, shown until {datetimes.format_here(message.until)}")
    else:
        _list_messages(request)


def _list_messages(request: "Request") -> None:
    """Print the messages that stations show, and who has seen them."""
    from survey_cli.services.cases.floor import load_current_floor

    rows = []
    for number, (message, seen_by) in enumerate(load_current_floor(request).messages, 1):
        row = (
            number,
            datetimes.format_here(message.at),
            datetimes.format_here(message.until),
            message.by,
            message.to or "everybody",
            message.text,
            ", ".join(seen_by) or "–",
        )
        rows.append(row)
    if rows:
        head = ("", "sent", "until", "by", "to", "message", "seen by")
        print_lines(render_table(head, rows))
    say(f"{request.path}: {format_quantity(len(rows), 'message')}")


@option_group
class ShiftCorrectionParameters:
    """Options of `survey study shift` that correct a day, and the day."""

    day: Annotated[str, option("--day DATE", "The day; by default today.")] = ""
    start: Annotated[str, option("--from TIME", "Correct when the person began: 09:00.")] = ""
    end: Annotated[str, option("--to TIME", "Correct when the person left: 17:30.")] = ""
    unpaid: Annotated[
        int | None, option("--unpaid MINUTES", "Correct the unpaid breaks.", min=0)
    ] = None
    away: Annotated[
        int | None, option("--away MINUTES", "Correct the time signed off in between.", min=0)
    ] = None
    note: Annotated[str, option("--note TEXT", "The reason. Required with a correction.")] = ""

    @property
    def is_correction(self) -> bool:
        """Whether a time is corrected."""
        has_times = bool(self.start or self.end)
        return has_times or self.unpaid is not None or self.away is not None

    def make_correction(self, day: str) -> "ShiftCorrection":
        """Return the correction of this day."""
        from survey_cli.fieldwork.shifts import ShiftCorrection

        correction = ShiftCorrection(day, self.note)
        if self.start:
            since = datetimes.parse_time(f"{day} {self.start}", option="--from")
            correction = correction._replace(since=since)
        if self.end:
            until = datetimes.parse_time(f"{day} {self.end}", option="--to")
            correction = correction._replace(until=until)
        if self.unpaid is not None:
            correction = correction._replace(unpaid=timedelta(minutes=self.unpaid))
        if self.away is not None:
            correction = correction._replace(away=timedelta(minutes=self.away))
        return correction


@on_study
def study_shift(
    request: "Request",
    given: ShiftCorrectionParameters,
    person: Annotated[
        str, argument("PERSON", "The login. Without it, everybody who is at work is listed.")
    ] = "",
) -> None:
    """Show who is at work, or one person's working day, and correct its times.

    What was recorded stays. `survey export --what shifts` has the days of all, with the corrections
    and their reasons.

    Example: survey study shift study.yaml ann --to 17:30 --note "forgot"
    """
    is_complete = given.is_correction and person
    if (given.is_correction or given.note) and not is_complete:
        raise typer.BadParameter(
            "a correction needs a person, and what is corrected: --from, --to, --unpaid or --away"
        )

    if person:
        _show_shift(request, person, given)
    else:
        _list_people_at_work(request)


def _list_people_at_work(request: "Request") -> None:
    """Print who is signed on, where, and what they do."""
    from survey_cli.services.cases.floor import load_current_floor

    rows = []
    for one in load_current_floor(request).people:
        state = one.state
        if one.silent_since:
            state += f", no sign since {datetimes.format_here(one.silent_since)}"
        since = datetimes.format_here(one.since)
        rows.append((one.login, one.station, state, since, format_work_time(one.paid)))
    if rows:
        print_lines(render_table(("person", "station", "", "since", "paid"), rows))
    say(f"{request.path}: {format_quantity(len(rows), 'person', 'people')}")


def _show_shift(request: "Request", person: str, given: ShiftCorrectionParameters) -> None:
    """Print a person's working day, corrected before if that was requested."""
    from survey_cli.fieldwork.shifts import render_shift_summary
    from survey_cli.services.cases import floor

    at = datetimes.parse_time(given.day, option="--day") if given.day else request.at
    day = f"{at.astimezone():%Y-%m-%d}"
    if given.is_correction:
        worked = floor.correct_shift(request, person, given.make_correction(day))
    else:
        worked = floor.load_shift(request, person, day)

    print_lines(render_shift_summary(worked.summary))
    if worked.corrections:
        say(f"corrected: {worked.describe_corrections({}, datetime.astimezone)}")
