"""The commands of `privacy`, for the data of a person, and of `db`, for the database."""

import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from math import ceil
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Annotated, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.case import say_skipped
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
    from collections.abc import Sequence

    from survey_cli.reports.fieldwork.cases import Subject, SubjectInterview
    from survey_cli.services.database.backups import RestoreResult
    from survey_cli.services.database.server import ServerCheck
    from survey_cli.services.privacy import ErasurePreview
    from survey_cli.services.run_on_study import Request

AddressArgument = Annotated[
    str, argument("ADDRESS", "The database: postgresql://USER@HOST/DATABASE, as its owner.")
]

PAUSE_SECONDS: Final = 0.005
"""Seconds between two cases, so that an interviewer never waits longer than one case takes."""


@on_study
def privacy_subject(
    request: "Request", case: parameters.CaseArgument, form: parameters.ResultFormatOption = "table"
) -> None:
    """Print everything stored about one person: name, numbers, history, notes, every answer.

    It answers a subject access request. If the study has a list of people, only supervisors may.
    Exports, printed lists and backups are not included.

    Example: survey privacy subject study.yaml 1017
    """
    from survey_cli.services.privacy import load_subject

    person = load_subject(request, case)
    print_result(form, _render_subject(person), person)
    others = "exports, the sample file, printed lists and backups"
    say(f"{person.where}: this is everything in the database; {others} are not included")


def _render_subject(person: "Subject") -> Iterator[str]:
    yield f"case {person.key}{f', {person.name}' if person.name else ''}"
    if person.status:
        yield f"  {person.status}"
    for number in person.numbers:
        as_written = (
            f" (written {number.written!r})" if number.written not in ("", number.shown) else ""
        )
        extension = f", extension {number.extension}" if number.extension else ""
        digits = f"{number.shown or 'no longer stored'}{as_written}{extension}"
        yield f"  number {number.position}: {digits}, {number.state.replace('_', ' ')}"
    yield f"  on the do-not-call list: {'yes' if person.on_do_not_call_list else 'no'}"
    if person.zone or person.language:
        yield f"  zone {person.zone or 'unknown'}, language {person.language or 'unknown'}"
    for column in person.columns:
        yield f"  {column.label}: {column.words}{' (personal)' if column.personal else ''}"
    if person.history:
        yield from ("", "history")
        described = [
            (entry, f"{entry.what}{f': {entry.note}' if entry.note else ''}")
            for entry in person.history
        ]
        rows = [
            (entry.seq, datetimes.format_here(entry.at), what, entry.by)
            for entry, what in described
        ]
        yield from render_table(("", "when", "what", "by"), rows)
    for interview in person.interviews:
        yield from ("", *_render_interview(interview))


def _render_interview(interview: "SubjectInterview") -> Iterator[str]:
    origin = "" if interview.origin == "real" else f", {interview.origin}"
    version = f", version {interview.version}" if interview.version else ""
    outcome, began = (
        interview.outcome or interview.status,
        datetimes.format_here(interview.began_at),
    )
    yield f"interview {interview.number}{origin}: {outcome}{version}, {began}"
    if interview.problem:
        yield f"  {interview.problem}"
    yield from (f"  sample column: {name} = {words}" for name, words in interview.sample)
    for line in interview.lines:
        place = f" {line.place}" if line.place else ""
        question = f" {line.question!r}" if line.question else ""
        answer = f": {line.answer}" if line.answer else ""
        what = f"{line.what}{place}{question}{answer}{f' — {line.note}' if line.note else ''}"
        yield f"  {line.seq:>3}  {datetimes.format_here(line.at)}  {line.by}  {what}"
    if interview.draft:
        yield f"  being typed: {interview.draft}"


@on_study
def privacy_erase(
    request: "Request",
    case: Annotated[str, argument("CASE", "The case's key, unless --unfinished is given.")] = "",
    reason: Annotated[
        str,
        option("--reason TEXT", "The reason. Required. It is stored, so it must not name anybody."),
    ] = "",
    yes: Annotated[bool, option("--yes", "Erase without asking for confirmation.")] = False,
    unfinished: Annotated[
        bool,
        option("--unfinished", "Finish interrupted erasures, which `survey db verify` reports."),
    ] = False,
) -> None:
    """Erase a person: name, numbers, notes, texts of the sample, every answer. It cannot be undone.

    The case's key, outcomes, times and coded sample columns stay, so that rates and counts remain
    correct. The same command again finishes an interrupted erasure.

    Example: survey privacy erase study.yaml 1017 --reason "asked by letter"
    """
    from survey_cli.services.privacy import erase_person, finish_erasure, preview_erasure

    if bool(case) == unfinished:
        raise typer.BadParameter("give a case, or --unfinished", param_hint="CASE")
    if unfinished:
        finished = finish_erasure(request)
        say(
            f"{format_quantity(finished.interviews, 'interview')} with an unfinished erasure erased"
        )
        _warn_of_free_pages(request.path, clean=finished.scrubbed)
        raise typer.Exit(0 if finished.scrubbed else 1)
    if not reason.strip():
        raise typer.BadParameter("give a reason that contains no name", param_hint="--reason")
    say(*_render_preview(preview_erasure(request, case)))
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UserError(
                f"case {case}",
                "nothing was erased: there is no terminal to confirm it",
                "add --yes",
            )
        if not typer.confirm("Erase this for good?", err=True):
            say("nothing was erased")
            raise typer.Exit(1)
    result = erase_person(request, case, why=reason)
    if result.case or result.interviews:
        history = "name, numbers and history; " if result.case else ""
        say(f"{case}: erased: {history}{format_quantity(result.interviews, 'interview')}")
    else:
        say(f"{case}: there was nothing left to erase")
    _warn_of_free_pages(request.path, clean=result.scrubbed)
    say(f"the key {case!r} is kept; if it identifies the person, only a new sample can change it")
    say("delete the sample file, exports, printed lists and backups yourself")


def _render_preview(preview: "ErasurePreview") -> Iterator[str]:
    name = f", {preview.name}" if preview.name else ""
    yield f"case {preview.key}{name} in {preview.where}" + (
        " (erased before)" if preview.erased else ""
    )
    columns = f" ({', '.join(preview.columns)})" if preview.columns else ""
    numbers, notes = (
        format_quantity(preview.numbers, "number"),
        format_quantity(preview.notes, "note"),
    )
    yield f"  {numbers}, {format_quantity(len(preview.columns), 'sample column')}{columns}, {notes}"
    yield f"  {format_quantity(preview.interviews, 'interview')} with {format_quantity(preview.answered, 'answer')}"


def _warn_of_free_pages(file: str, *, clean: bool) -> None:
    if not clean:
        say(
            "erased text may still be in free pages of the database, because another program was "
            "reading it or only "
            f"its owner may clean it — later, or as its owner, give: survey privacy erase {file} "
            "--unfinished"
        )


@on_study
def privacy_anonymize(request: "Request", dry_run: parameters.DryRunOption = False) -> None:
    """Remove names, numbers, notes and personal answers whose time is over, as `retention:` says. It cannot be undone.

    The time runs from when a case was done, or from the study's end. Other answers stay. Safe to
    repeat.

    Exit code 0: all done; 1: a case could not be anonymized now.

    Example: survey privacy anonymize study.yaml --dry-run
    """
    from survey_cli.services.privacy import anonymize_study

    result = anonymize_study(request, dry_run=dry_run, pause=lambda: sleep(PAUSE_SECONDS))
    say_skipped(result.skipped)
    change = "would lose" if result.dry_run else "lost"
    cases, interviews = (
        format_quantity(result.cases, "case"),
        format_quantity(result.interviews, "interview"),
    )
    say(
        f"{result.where}: {cases} and {interviews} {change} what identifies a person, after "
        f"{result.span}"
    )
    if result.next_at is not None:
        say(f"next: {datetimes.format_here(result.next_at)}")
    _warn_of_free_pages(request.path, clean=result.clean)
    if (result.cases or result.interviews) and not result.dry_run:
        say("delete the sample file, exports, printed lists and backups yourself")
    raise typer.Exit(1 if result.skipped else 0)


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
    counts = f"{format_quantity(report.interviews, 'interview')}, {format_quantity(report.events, 'event')}"
    say(*report.notes)
    summary = format_quantity(len(report.findings), "finding") if report.findings else "no problems"
    say(f"{report.where}: {counts}: {summary}")
    raise typer.Exit(1 if report.findings else 0)


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
    """Copy the database, complete and consistent, even while interviews run. `survey status` shows the last backup.

    With `--every`, a backup that fails is reported, and the next one is tried at its time. `--keep`
    alone suits cron. The file NAME.erasures beside the backups lists by hashes which cases were
    erased, so that `survey db restore` erases them again.

    Example: survey db backup study.yaml /mnt/backups --every 1h --keep 48
    """
    from survey_cli.fieldwork.plan.plan import parse_delay
    from survey_cli.services.database.backups import back_up_database

    span = parse_delay(every) if every else None
    if every and not (isinstance(span, timedelta) and span):
        raise typer.BadParameter(
            f"{every!r} is not a span: write 30m, 1h or 1d", param_hint="--every"
        )
    if (every or keep) and not Path(to).is_dir():
        raise UserError(
            to,
            "backups with --every or --keep are made in a folder",
            "create it, or specify another",
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # an unfinished copy is removed
    at = datetimes.now()
    while True:
        try:
            result = back_up_database(file, to, at=datetimes.now(), keep=keep or 0, db=db)
            line = f"{result.where}: copied to {result.file}"
            line += (
                f"; {format_quantity(result.kept, 'backup')} in the folder" if result.kept else ""
            )
            line += f", {result.removed} older removed" if result.removed else ""
        except UserError as error:
            if not isinstance(span, timedelta):
                raise
            line = f"no backup: {error}"
        if not isinstance(span, timedelta):
            say(line)
            return
        at += span * max(1, ceil((datetimes.now() - at) / span))
        say(f"{datetimes.format_here(datetimes.now())}  {line}; next {datetimes.format_here(at)}")
        sleep(max(0, (at - datetimes.now()).total_seconds()))


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
    """Replace the database by a backup, in a file or on a server. The replaced database is kept under a dated name.

    Nobody may be using the database. The backup is verified first, and what is newer in the
    replaced database is listed. Erasures that were made since the backup are repeated.

    Example: survey db restore /mnt/backups study.yaml --at "2026-11-24 14:30"
    """
    from survey_cli.services.database.backups import restore_database

    until = datetimes.parse_time(at, option="--at") if at else None
    result = restore_database(file, backup, at=datetimes.now(), db=db, until=until)
    contents = f"{format_quantity(result.interviews, 'interview')}, {format_quantity(result.events, 'event')}"
    say(f"{result.where}: restored from {result.backup}: {contents}")
    say(*_render_lost_data(result))
    for key, what in result.erasures.skipped:
        say(f"case {key}: {what}")
    raise typer.Exit(1 if result.erasures.skipped else 0)


def _render_lost_data(result: "RestoreResult") -> Iterator[str]:
    if result.kept:
        yield f"the replaced database is kept: {result.kept}"
    if result.erasures.cases:
        cases = format_quantity(result.erasures.cases, "case")
        yield f"erased again, as since the backup: {cases}; to check, use survey privacy subject"
    if (lost := result.lost) is None:
        known = (
            ""
            if result.known_until is None
            else f" after {result.known_until.astimezone():%Y-%m-%d %H:%M}"
        )
        yield f"no replaced database could be read, so newer entries and erasures{known} are not known"
        yield "check the requests for erasure since the backup, and repeat them with survey privacy erase"
    elif any(lost[:-1]):
        counts = zip(lost[:-1], ("interview", "answer", "case", "call"), strict=True)
        parts = ", ".join(format_quantity(number, name) for number, name in counts if number)
        newest = (
            f"; the newest is from {lost.newest.astimezone():%Y-%m-%d %H:%M}" if lost.newest else ""
        )
        yield f"only in the replaced database: {parts}{newest}"
    else:
        yield "the replaced database has no newer entries"


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
    """Prepare a database on a PostgreSQL server: create it and its roles, and give the roles their rights.

    Give this command as the owner of the database: an account that may create roles, and the
    database if there is none. It is safe to repeat. Studies that are created later receive the same
    rights.

    Example: survey db init postgresql://owner@host/field
    """
    from survey_cli.services.database.server import prepare_server

    server = prepare_server(address)
    say(
        f"{server.where}: {'created; ' if server.created else ''}the roles are "
        f"{', '.join(server.roles)}"
    )
    if server.studies:
        say(f"{server.where}: they have their rights in {', '.join(server.studies)}")


def db_grant(
    address: AddressArgument,
    person: Annotated[
        str, argument("PERSON", "The person's user name on the server; a new one is created.")
    ] = "",
    role: Annotated[str, argument("ROLE", "interviewer, supervisor, coder or analyst.")] = "",
    revoke: Annotated[bool, option("--revoke", "Take the role away.")] = False,
    password: Annotated[
        bool,
        option(
            "--password",
            "Also set the person's password, typed at the terminal or read from a pipe.",
        ),
    ] = False,
) -> None:
    """Give a person a role in all studies of a database, or take it away. Without PERSON, list who has which role.

    Interviewers add answers and calls, and read the contact of the case that they have. Supervisors
    correct and erase, and read all contacts. Coders code open answers. Analysts read data without
    names and numbers. None of them publishes a questionnaire or changes a table.

    Example: survey db grant postgresql://owner@host/field ann interviewer
    """
    from survey_cli.services.database.server import change_role, list_people

    if not (person or role or revoke or password):
        people = list_people(address)
        rows = [
            (name, ", ".join(each.roles), "yes" if each.can_log_in else "no")
            for name, each in people.items()
        ]
        print_lines(render_table(("person", "roles", "can log in"), rows) if rows else ())
        say(f"{format_quantity(len(people), 'person', 'people')} with a role")
        return
    if not role:
        raise typer.BadParameter(
            "give interviewer, supervisor, coder or analyst", param_hint="ROLE"
        )
    typed = ""
    if password and sys.stdin.isatty():
        typed = typer.prompt(
            f"password of {person}", hide_input=True, confirmation_prompt=True, err=True
        )
    elif password:
        typed = sys.stdin.readline().rstrip("\n")
    if password and not typed:
        raise typer.BadParameter("the password is empty", param_hint="--password")
    say(change_role(address, person, role, revoke=revoke, password=typed))


def db_check(address: AddressArgument, form: parameters.ResultFormatOption = "table") -> None:
    """Try on the server what each role may do with each table, and print it. Exit code 1 if a result is not the expected.

    S is select, I insert, U update, D delete; other results are numbers of rows. An unexpected
    result is marked with ! and the expected one. Everything is tried by roles that exist only
    during the check, in a transaction that is undone.

    Example: survey db check postgresql://owner@host/field
    """
    from survey_cli.services.database.server import check_server

    studies = check_server(address)
    print_result(form, _render_role_checks(studies), studies)
    for study in studies:
        surprises = (
            format_quantity(study.surprises, "surprise") if study.surprises else "no surprises"
        )
        say(f"{study.where}, {study.study}: {format_quantity(study.cells, 'trial')}, {surprises}")
    raise typer.Exit(1 if any(study.surprises for study in studies) else 0)


def _render_role_checks(studies: "Sequence[ServerCheck]") -> Iterator[str]:
    for study in studies:
        lines: dict[str, dict[str, str]] = {}
        for check in study.checks:
            found = check.found or "-"
            marked = (
                found if check.found == check.expected else f"{found} ! {check.expected or '-'}"
            )
            lines.setdefault(check.object, {})[check.role] = marked
        head = (study.study, *next(iter(lines.values())))
        yield from render_table(head, [(name, *cells.values()) for name, cells in lines.items()])
        yield from (f"! {sentence}" for sentence in study.excess_rights)
        yield ""


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
    """List who read contacts, searched a caller, exported or watched: when, under which account, which case or file.

    If the study has a list of people, only supervisors may.

    Example: survey db log study.yaml --since 2026-12-01
    """
    from survey_cli.services.database.administration import list_accesses

    entries = list_accesses(request, by=person, since=since, claims=claims)
    rows = ((f"{e.at.astimezone():%Y-%m-%d %H:%M}", *e[1:]) for e in entries)
    print_result(form, render_table(("when", "who", "account", "what", "of", ""), rows), entries)
