"""The commands for a person's data: `subject`, `erase`, `anonymise`. Each makes one call to the office and says what came
of it.
"""

import sys
from collections.abc import Iterator
from enum import StrEnum
from time import sleep
from typing import TYPE_CHECKING, Annotated, Final

import typer

from survey_cli.cli.commands.case_lists import Case, as_json, request, say_left
from survey_cli.cli.commands.interview import Database, Instrument
from survey_cli.cli.commands.sample import By, PeopleFile
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import count, fail, printable, say, table
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.subject_access import JournalLine, KnownInterview, Subject
    from survey_cli.services.privacy.erase_and_anonymize import Known

BREATH: Final = 0.005
"""Seconds between two cases: an interviewer beside us waits no longer than one of them."""


class Form(StrEnum):
    """How it is written."""

    text = "text"
    json = "json"


def subject(
    file: Instrument,
    case: Case,
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.text,
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Print everything that is held on one person: name, numbers, history, notes, every answer.

    Where the study lists its people, only supervisors may. What was exported, printed or backed up is not known here.
    """
    from survey_cli.services.privacy.subject_access import subject as held

    found = held(request(file, by=by, people=people, db=db), case)
    if isinstance(found, UserError):
        fail(found)
    print(as_json(found) if form is Form.json else "\n".join(_subject(found)))
    say(
        f"{found.where}: nothing else here; exports, the sample file, printed lists and backups are not looked at"
    )


def _subject(found: "Subject") -> Iterator[str]:
    yield printable(f"case {found.key}{f', {found.name}' if found.name else ''}")
    if found.stands:
        yield printable(f"  {found.stands}")
    for number in found.numbers:
        written = f" (written {number.written!r})" if number.written not in ("", number.shown) else ""
        extension = f", extension {number.extension}" if number.extension else ""
        shown = number.shown or "not kept any more"
        yield printable(
            f"  number {number.position}: {shown}{written}{extension}, {number.state.replace('_', ' ')}"
        )
    yield f"  on the list of numbers never to be called: {'yes' if found.listed else 'no'}"
    if found.zone or found.language:
        yield printable(f"  zone {found.zone or 'unknown'}, language {found.language or 'not said'}")
    for column in found.columns:
        personal = " (personal)" if column.personal else ""
        yield printable(f"  {column.label}: {column.words}{personal}")
    if found.past:
        yield ""
        yield "what happened"
        rows = [
            (str(p.seq), datetimes.here(p.at), f"{p.what}{f': {p.note}' if p.note else ''}", p.by)
            for p in found.past
        ]
        yield table(("", "when", "what", "by"), rows)
    for one in found.interviews:
        yield ""
        yield from _interview(one)


def _interview(one: "KnownInterview") -> Iterator[str]:
    origin = "" if one.origin == "real" else f", {one.origin}"
    version = f", version {one.version}" if one.version else ""
    yield printable(
        f"interview {one.number}{origin}: {one.outcome or one.status}{version}, {datetimes.here(one.began_at)}"
    )
    if one.trouble:
        yield printable(f"  {one.trouble}")
    for name, words in one.sample:
        yield printable(f"  told of the sample: {name} = {words}")
    for line in one.lines:
        yield printable(f"  {line.seq:>3}  {datetimes.here(line.at)}  {line.by}  {_line(line)}")
    if one.draft:
        yield printable(f"  being typed: {one.draft}")


def _line(line: "JournalLine") -> str:
    place = f" {line.place}" if line.place else ""
    question = f" {line.question!r}" if line.question else ""
    answer = f": {line.answer}" if line.answer else ""
    return f"{line.what}{place}{question}{answer}{f' — {line.note}' if line.note else ''}"


def erase(
    file: Instrument,
    case: Annotated[str, typer.Argument(metavar="[CASE]", help="The case's key.")] = "",
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; needed, and kept: name nobody in it.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="No case: finish what was broken off, as verify tells.")
    ] = False,
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Erase a person: name, numbers, notes, texts of the sample, every answer. It cannot be undone.

    What stays is a tombstone: the case's key, outcomes, times and coded sample columns, so that rates and counts hold.
    The same command again finishes what was broken off.
    """
    from survey_cli.services.privacy.erase_and_anonymize import erase as erased
    from survey_cli.services.privacy.erase_and_anonymize import finish, known

    asks = request(file, by=by, people=people, db=db)
    if bool(case) == unfinished:
        raise typer.BadParameter("name a case, or --unfinished", param_hint="CASE")
    if unfinished:
        finished = finish(asks)
        if isinstance(finished, UserError):
            fail(finished)
        say(f"{count(finished.interviews, 'interview')} erased that had been left")
        _bytes(file, clean=finished.clean)
        raise typer.Exit(0 if finished.clean else 1)
    if not reason.strip():
        raise typer.BadParameter("say why, without a name in it", param_hint="--reason")
    found = known(asks, case)
    if isinstance(found, UserError):
        fail(found)
    for line in _known(found):
        say(line)
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            fail(UserError(f"case {case}", "nothing was erased: nobody can be asked here", "give --yes"))
        if not typer.confirm("Erase this for good?", err=True):
            say("nothing was erased")
            raise typer.Exit(1)
    made = erased(asks, case, why=reason)
    if isinstance(made, UserError):
        fail(made)
    if made.case or made.interviews:
        history = "name, numbers and history; " if made.case else ""
        say(f"{case}: erased: {history}{count(made.interviews, 'interview')}")
    else:
        say(f"{case}: nothing was left to erase")
    _bytes(file, clean=made.clean)
    say(
        f"the key {case!r} stays as the tombstone's name; if it tells who it was, only a new sample has another"
    )
    say("the sample file, exports, printed lists and backups are yours to delete")


def _known(found: "Known") -> Iterator[str]:
    named = f", {found.name}" if found.name else ""
    yield f"case {found.key}{named} in {found.where}" + (" (erased before)" if found.erased else "")
    columns = f" ({', '.join(found.columns)})" if found.columns else ""
    yield (
        f"  {count(found.numbers, 'number')}, {count(len(found.columns), 'sample column')}{columns}, "
        f"{count(found.notes, 'note')}"
    )
    yield f"  {count(found.interviews, 'interview')} with {count(found.answered, 'answer')}"


def _bytes(file: str, *, clean: bool) -> None:
    if not clean:
        say(
            "another program was reading the database, so erased words may still be in its free pages — "
            f"later give: survey erase {file} --unfinished"
        )


def anonymise(
    file: Instrument,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")
    ] = False,
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Remove names, numbers, notes and personal answers whose time is over, as `retention:` says. It cannot be undone.

    The time runs from when a case was done, or from the study's end. Other answers stay. Safe to repeat.
    """
    from survey_cli.services.privacy.erase_and_anonymize import anonymise as done

    made = done(request(file, by=by, people=people, db=db), dry=dry_run, pause=lambda: sleep(BREATH))
    if isinstance(made, UserError):
        fail(made)
    say_left(made.left)
    would = "would lose" if made.dry else "lost"
    say(
        f"{made.where}: {count(made.cases, 'case')} and {count(made.interviews, 'interview')} {would} "
        f"what tells who it was, after {made.span}"
    )
    if made.next_at is not None:
        say(f"next: {datetimes.here(made.next_at)}")
    _bytes(file, clean=made.clean)
    if (made.cases or made.interviews) and not made.dry:
        say("the sample file, exports, printed lists and backups are yours to delete")
    raise typer.Exit(1 if made.left else 0)


COMMANDS = (subject, erase, anonymise)
