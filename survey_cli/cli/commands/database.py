"""The commands of `db`: verify, back up, restore, upgrade; roles on a server; the log."""

import signal
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import (
    print_lines,
    print_result,
    render_table,
    say,
    show_progress,
)
from survey_cli.cli.parameters import argument, on_study, option, text_option
from survey_cli.problems import UserError
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from survey_cli.services.database.backups import RestoreResult
    from survey_cli.services.database.server import ServerCheck
    from survey_cli.services.run_on_study import Request

ROLE_NAMES: Final = "interviewer, supervisor, coder, analyst, shift_leader, trainee"
"""The roles of a server. A test compares them with the groups that `db init` makes."""

AddressArgument = Annotated[
    str, argument("ADDRESS", "The database: postgresql://USER@HOST/DATABASE, as its owner.")
]


def db_verify(
    file: parameters.InstrumentArgument,
    route: Annotated[
        bool,
        option(
            "--route", "Name each answer that is off the route or missing on it, with the reason."
        ),
    ] = False,
    derive: Annotated[
        bool,
        option("--derive", "First derive the queue position of each case again from its history."),
    ] = False,
    db: parameters.DatabaseOption = None,
) -> None:
    """Verify that every interview's data match its journal, and that the database is intact.

    With `--route`, data that were changed or damaged from outside are explained answer by answer:
    `q7 has an answer but ask_if `q1 == 1` (study.yaml:14:5) is not true: q1 = 2`. The condition is
    that of the interview's own version. Values of personal items are not shown.

    With `--derive`, which is for supervisors, statuses and positions of cases that don't follow
    from their histories are replaced first.

    Exit code 0: everything agrees; 1: something was found.

    Example: survey db verify study.yaml --route
    """
    from survey_cli.services.database.administration import derive_positions, verify_database
    from survey_cli.services.run_on_study import Request

    if derive:
        count = derive_positions(Request(path=file, at=datetimes.now(), db=db, notify=say))
        say(f"{format_quantity(count, 'queue position')} derived again")
    with show_progress() as progress:
        report = verify_database(file, db=db, route=route, progress=progress)

    print_lines(report.findings)
    say(*report.notes)
    summary = "no problems"
    if report.findings:
        summary = format_quantity(len(report.findings), "finding")
    contents = _describe_contents(report.interviews, report.events)
    say(f"{report.where}: {contents}: {summary}")
    raise typer.Exit(1 if report.findings else 0)


def _describe_contents(interviews: int, events: int) -> str:
    """Describe what a database has: `300 interviews, 9,100 events`."""
    return f"{format_quantity(interviews, 'interview')}, {format_quantity(events, 'event')}"


def db_backup(
    file: parameters.InstrumentArgument,
    to: Annotated[
        str,
        argument(
            "TO",
            "Path of the copy, which must not exist, or a folder: the copy is named after the "
            "time.",
        ),
    ],
    every: Annotated[
        str,
        text_option(
            "--every SPAN", "Make a backup every 30m, 1h or 1d until Ctrl-C; TO is a folder."
        ),
    ] = "",
    keep: Annotated[
        int | None,
        option("--keep N", "Keep only the last N backups of this study in the folder TO.", min=1),
    ] = None,
    db: parameters.DatabaseOption = None,
) -> None:
    """Copy the database, complete and consistent, even while interviews run.

    `survey status` shows the last backup. With `--every`, a backup that fails is reported, and the
    next one is tried at its time. `--keep` alone suits cron. The file NAME.erasures beside the
    backups lists by hashes which cases were erased, so that `survey db restore` erases them again.

    Example: survey db backup study.yaml /mnt/backups --every 1h --keep 48
    """
    span = _parse_span(every) if every else None
    if (every or keep) and not Path(to).is_dir():
        raise UserError(
            to,
            "backups with --every or --keep are made in a folder",
            "create it, or specify another",
        )

    # At SIGTERM as at Ctrl-C, an unfinished copy is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if span is None:
        say(_back_up(file, to, keep=keep, db=db))
    else:
        _repeat_backups(file, to, span, keep=keep, db=db)


def _parse_span(every: str) -> timedelta:
    """Parse the time between two backups: `30m`, `1h` or `1d`."""
    from survey_cli.fieldwork.plan.plan import parse_delay

    span = parse_delay(every)
    if not isinstance(span, timedelta) or not span:
        raise typer.BadParameter(
            f"{every!r} is not a span: write 30m, 1h or 1d", param_hint="--every"
        )
    return span


def _repeat_backups(
    file: str, to: str, span: timedelta, *, keep: int | None, db: str | None
) -> None:
    """Make a backup every `span` until Ctrl-C. One that fails is reported."""
    at = datetimes.now()
    while True:
        try:
            line = _back_up(file, to, keep=keep, db=db)
        except UserError as error:
            line = f"no backup: {error}"

        now = datetimes.now()
        at = _find_next_time(at, span, now)
        say(f"{datetimes.format_here(now)}  {line}; next {datetimes.format_here(at)}")
        sleep(max(0, (at - datetimes.now()).total_seconds()))


def _find_next_time(last: datetime, span: timedelta, now: datetime) -> datetime:
    """Return the next multiple of `span` after `last` that isn't over.

    A copy that takes longer than a span leaves out the times in between.
    """
    return last + span * max(1, ceil((now - last) / span))


def _back_up(file: str, to: str, *, keep: int | None, db: str | None) -> str:
    """Make a backup. Returns a line about it."""
    from survey_cli.services.database.backups import back_up_database

    result = back_up_database(file, to, at=datetimes.now(), keep=keep or 0, db=db)
    line = f"{result.where}: copied to {result.file}"
    if result.kept:
        line += f"; {format_quantity(result.kept, 'backup')} in the folder"
    if result.removed:
        line += f", {result.removed} older removed"
    return line


def db_restore(
    backup: Annotated[
        str,
        argument("BACKUP", "A copy made by `survey db backup`, or a folder of them: the newest."),
    ],
    file: parameters.InstrumentArgument,
    at: Annotated[
        str,
        text_option("--at TIME", "The newest backup in the folder made at that time or before."),
    ] = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Replace the database by a backup, in a file or on a server.

    The replaced database is kept under a dated name. Nobody may be using the database. The backup
    is verified first, and what is newer in the replaced database is listed. Erasures that were made
    since the backup are repeated.

    Example: survey db restore /mnt/backups study.yaml --at "2026-11-24 14:30"
    """
    from survey_cli.services.database.backups import restore_database

    until = datetimes.parse_time(at, option="--at") if at else None
    result = restore_database(file, backup, at=datetimes.now(), db=db, until=until)

    contents = _describe_contents(result.interviews, result.events)
    say(f"{result.where}: restored from {result.backup}: {contents}")
    say(*_render_lost_data(result))
    for key, what in result.erasures.skipped:
        say(f"case {key}: {what}")
    raise typer.Exit(1 if result.erasures.skipped else 0)


def _render_lost_data(result: "RestoreResult") -> Iterator[str]:
    """Say what was replaced: where it is kept, what was erased again, what is only there."""
    if result.kept:
        yield f"the replaced database is kept: {result.kept}"
    if result.erasures.cases:
        cases = format_quantity(result.erasures.cases, "case")
        yield f"erased again, as since the backup: {cases}; to check, use survey privacy subject"

    if result.lost is None:
        yield from _warn_of_unknown_losses(result)
        return

    lost = result.lost
    counts = {
        "interview": lost.interviews,
        "answer": lost.answers,
        "case": lost.cases,
        "call": lost.calls,
    }
    parts = [format_quantity(number, what) for what, number in counts.items() if number]
    if not parts:
        yield "the replaced database has no newer entries"
        return

    newest = ""
    if lost.newest:
        newest = f"; the newest is from {_format_minute(lost.newest)}"
    yield f"only in the replaced database: {', '.join(parts)}{newest}"


def _warn_of_unknown_losses(result: "RestoreResult") -> Iterator[str]:
    """Say that newer entries and erasures are not known, and what to do about it."""
    known = ""
    if result.known_until is not None:
        known = f" after {_format_minute(result.known_until)}"
    yield f"no replaced database could be read, so newer entries and erasures{known} are not known"
    yield (
        "check the requests for erasure since the backup, and repeat them with survey privacy erase"
    )


def _format_minute(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def db_upgrade(file: parameters.InstrumentArgument, db: parameters.DatabaseOption = None) -> None:
    """Upgrade the database to this version of the program.

    Stations of the version before can go on if the change allows it; if not, this command asks you
    to close them. A file is copied first, and every command upgrades it. A server is upgraded only
    by this command, given by the owner.

    Example: survey db upgrade study.yaml
    """
    from survey_cli.services.database.administration import upgrade_database

    database = upgrade_database(file, db=db)
    say(f"{database}: ready for this version of the program")


def db_init(address: AddressArgument) -> None:
    """Prepare a database on a PostgreSQL server.

    It is created with its roles, and the roles receive their rights. Give this command as the owner
    of the database: an account that may create roles, and the database if there is none. It is safe
    to repeat. Studies that are created later receive the same rights.

    Example: survey db init postgresql://owner@host/field
    """
    from survey_cli.services.database.server import prepare_server

    server = prepare_server(address)
    created = "created; " if server.created else ""
    say(f"{server.where}: {created}the roles are {', '.join(server.roles)}")
    if server.studies:
        say(f"{server.where}: they have their rights in {', '.join(server.studies)}")


def db_grant(
    address: AddressArgument,
    person: Annotated[
        str, argument("PERSON", "The person's user name on the server; a new one is created.")
    ] = "",
    role: Annotated[str, argument("ROLE", f"One of {ROLE_NAMES}.")] = "",
    revoke: Annotated[bool, option("--revoke", "Take the role away.")] = False,
    password: Annotated[
        bool,
        option(
            "--password",
            "Also set the person's password, typed at the terminal or read from a pipe.",
        ),
    ] = False,
) -> None:
    """Give a person a role in all studies of a database, or take it away.

    Without PERSON, list who has which role. Interviewers add answers and calls, and read the
    contact of the case that they have. Supervisors correct and erase, and read all contacts. Coders
    code open answers. Analysts read data without names and numbers. Shift leaders are interviewers
    who also see who is at work, and send messages. Trainees practice. None of them publishes a
    questionnaire or changes a table.

    Example: survey db grant postgresql://owner@host/field ann interviewer
    """
    from survey_cli.services.database.server import change_role

    if not (person or role or revoke or password):
        _list_roles(address)
        return
    if not role:
        raise typer.BadParameter(f"give one of {ROLE_NAMES}", param_hint="ROLE")

    typed = _read_password(person) if password else ""
    say(change_role(address, person, role, revoke=revoke, password=typed))


def db_seats(
    address: AddressArgument,
    password: Annotated[
        bool,
        option(
            "--password",
            "Also set the login's password, typed at the terminal or read from a pipe.",
        ),
    ] = False,
) -> None:
    """Prepare the login with which `survey serve` opens seats on a server.

    It has no rights of its own, and may switch to the people who have a role in the database, one
    in each seat. So every event has the name of the person who sits there, and the server limits
    everybody as if they had logged in themselves. `survey db grant` includes new people. Keep its
    password where only the account of `survey serve` can read it.

    Example: survey db seats postgresql://owner@host/field --password
    """
    from survey_cli.services.database.server import prepare_seats

    typed = _read_password("the login for seats") if password else ""
    login = prepare_seats(address, password=typed)
    created = ", a new login," if login.is_new else ""
    people = format_quantity(len(login.people), "person", "people")
    say(f"{login.name}{created} can open seats of {people}")


def _list_roles(address: str) -> None:
    """List who has which role."""
    from survey_cli.services.database.server import list_people

    people = list_people(address)
    rows = []
    for name, account in people.items():
        can_log_in = "yes" if account.can_log_in else "no"
        rows.append((name, ", ".join(account.roles), can_log_in))
    if rows:
        print_lines(render_table(("person", "roles", "can log in"), rows))
    say(f"{format_quantity(len(people), 'person', 'people')} with a role")


def _read_password(person: str) -> str:
    """Read a new password, twice at a terminal, or as a line of a pipe."""
    if sys.stdin.isatty():
        typed: str = typer.prompt(
            f"password of {person}", hide_input=True, confirmation_prompt=True, err=True
        )
    else:
        typed = sys.stdin.readline().rstrip("\n")
    if not typed:
        raise typer.BadParameter("the password is empty", param_hint="--password")
    return typed


def db_check(address: AddressArgument, form: parameters.ResultFormatOption = "table") -> None:
    """Try on the server what each role may do with each table, and print it.

    Exit code 1 if a result is not the expected.

    S is select, I insert, U update, D delete; other results are numbers of rows. An unexpected
    result is marked with ! and the expected one. Everything is tried by roles that exist only
    during the check, in a transaction that is undone.

    Example: survey db check postgresql://owner@host/field
    """
    from survey_cli.services.database.server import check_server

    studies = check_server(address)
    print_result(form, _render_role_checks(studies), studies)
    for study in studies:
        surprises = "no surprises"
        if study.surprises:
            surprises = format_quantity(study.surprises, "surprise")
        trials = format_quantity(study.cells, "trial")
        say(f"{study.where}, {study.study}: {trials}, {surprises}")
    raise typer.Exit(1 if any(study.surprises for study in studies) else 0)


def _render_role_checks(studies: "Sequence[ServerCheck]") -> Iterator[str]:
    """Render a table for each study, with a row per table and a column per role."""
    for study in studies:
        results = _arrange_by_table(study)
        roles = next(iter(results.values()))
        rows = [(table, *by_role.values()) for table, by_role in results.items()]
        yield from render_table((study.study, *roles), rows)
        for sentence in study.excess_rights:
            yield f"! {sentence}"
        yield ""


def _arrange_by_table(study: "ServerCheck") -> "Mapping[str, Mapping[str, str]]":
    """Return the results by table and role; an unexpected one is marked with the expected one."""
    results: dict[str, dict[str, str]] = {}
    for check in study.checks:
        result = check.found or "-"
        if check.found != check.expected:
            result += f" ! {check.expected or '-'}"
        results.setdefault(check.object, {})[check.role] = result
    return results


@on_study
def db_log(
    request: "Request",
    person: Annotated[
        str, option("--person NAME", "Only accesses of this person or account.")
    ] = "",
    since: Annotated[str, option("--since DATE", "Only accesses on this day and later.")] = "",
    claims: Annotated[
        bool, option("--claims", "Also list claims of cases, by which interviewers see contacts.")
    ] = False,
    form: parameters.ResultFormatOption = "table",
) -> None:
    """List who read contacts, searched a caller, exported or watched.

    It shows when, under which account, and which case or file. If the study has a list of people,
    only supervisors may.

    Example: survey db log study.yaml --since 2026-12-01
    """
    from survey_cli.services.database.administration import list_accesses

    entries = list_accesses(request, by=person, since=since, claims=claims)
    rows = []
    for entry in entries:
        at = f"{entry.at.astimezone():%Y-%m-%d %H:%M}"
        rows.append((at, *entry[1:]))
    print_result(form, render_table(("when", "who", "account", "what", "of", ""), rows), entries)
