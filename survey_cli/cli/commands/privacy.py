"""The commands of `privacy`: what is stored about a person, and how it is erased."""

import sys
from collections.abc import Iterator
from time import sleep
from typing import TYPE_CHECKING, Annotated, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.case import say_skipped
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import (
    print_result,
    render_table,
    say,
)
from survey_cli.cli.parameters import argument, on_study, option
from survey_cli.problems import UserError
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.cases import (
        JournalLine,
        Subject,
        SubjectInterview,
        SubjectNumber,
    )
    from survey_cli.services.privacy import ErasurePreview
    from survey_cli.services.run_on_study import Request

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
    """Render everything that is stored about a person."""
    name = f", {person.name}" if person.name else ""
    yield f"case {person.key}{name}"
    if person.status:
        yield f"  {person.status}"
    for number in person.numbers:
        yield f"  {_describe_number(number)}"
    listed = "yes" if person.on_do_not_call_list else "no"
    yield f"  on the do-not-call list: {listed}"
    if person.zone or person.language:
        yield f"  zone {person.zone or 'unknown'}, language {person.language or 'unknown'}"
    for column in person.columns:
        personal = " (personal)" if column.personal else ""
        yield f"  {column.label}: {column.words}{personal}"

    if person.history:
        yield from ("", "history")
        yield from _render_history(person)
    for interview in person.interviews:
        yield ""
        yield from _render_interview(interview)


def _describe_number(number: "SubjectNumber") -> str:
    """Describe a telephone number, and how it was written in the sample if that differs."""
    as_written = ""
    if number.written not in ("", number.shown):
        as_written = f" (written {number.written!r})"
    extension = f", extension {number.extension}" if number.extension else ""
    digits = f"{number.shown or 'no longer stored'}{as_written}{extension}"
    return f"number {number.position}: {digits}, {number.state.replace('_', ' ')}"


def _render_history(person: "Subject") -> list[str]:
    rows = []
    for entry in person.history:
        what = entry.what
        if entry.note:
            what += f": {entry.note}"
        rows.append((entry.seq, datetimes.format_here(entry.at), what, entry.by))
    return render_table(("", "when", "what", "by"), rows)


def _render_interview(interview: "SubjectInterview") -> Iterator[str]:
    """Render an interview: the sample columns that it read, then its journal."""
    origin = "" if interview.origin == "real" else f", {interview.origin}"
    outcome = interview.outcome or interview.status
    version = f", version {interview.version}" if interview.version else ""
    began = datetimes.format_here(interview.began_at)
    yield f"interview {interview.number}{origin}: {outcome}{version}, {began}"
    if interview.problem:
        yield f"  {interview.problem}"
    for name, words in interview.sample:
        yield f"  sample column: {name} = {words}"
    for line in interview.lines:
        at = datetimes.format_here(line.at)
        yield f"  {line.seq:>3}  {at}  {line.by}  {_describe_entry(line)}"
    if interview.draft:
        yield f"  being typed: {interview.draft}"


def _describe_entry(line: "JournalLine") -> str:
    place = f" {line.place}" if line.place else ""
    question = f" {line.question!r}" if line.question else ""
    answer = f": {line.answer}" if line.answer else ""
    note = f" — {line.note}" if line.note else ""
    return f"{line.what}{place}{question}{answer}{note}"


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
    if bool(case) == unfinished:
        raise typer.BadParameter("give a case, or --unfinished", param_hint="CASE")
    if unfinished:
        _finish_erasures(request)
    else:
        _erase_case(request, case, reason, is_confirmed=yes)


def _finish_erasures(request: "Request") -> None:
    """Finish interrupted erasures. Exits with 1 if erased text may still be in the database."""
    from survey_cli.services.privacy import finish_erasure

    finished = finish_erasure(request)
    interviews = format_quantity(finished.interviews, "interview")
    say(f"{interviews} with an unfinished erasure erased")
    _warn_of_free_pages(request.path, clean=finished.scrubbed)
    raise typer.Exit(0 if finished.scrubbed else 1)


def _erase_case(request: "Request", case: str, reason: str, *, is_confirmed: bool) -> None:
    """Show what would be erased, ask for confirmation, and erase it."""
    from survey_cli.services.privacy import erase_person, preview_erasure

    if not reason.strip():
        raise typer.BadParameter("give a reason that contains no name", param_hint="--reason")

    say(*_render_preview(preview_erasure(request, case)))
    if not is_confirmed:
        _confirm_erasure(case)

    result = erase_person(request, case, why=reason)
    interviews = format_quantity(result.interviews, "interview")
    if result.case:
        say(f"{case}: erased: name, numbers and history; {interviews}")
    elif result.interviews:
        say(f"{case}: erased: {interviews}")
    else:
        say(f"{case}: there was nothing left to erase")
    _warn_of_free_pages(request.path, clean=result.scrubbed)
    say(f"the key {case!r} is kept; if it identifies the person, only a new sample can change it")
    say("delete the sample file, exports, printed lists and backups yourself")


def _confirm_erasure(case: str) -> None:
    """Ask at the terminal whether to erase. Exits with 1 if the answer is no."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        what = "nothing was erased: there is no terminal to confirm it"
        raise UserError(f"case {case}", what, "add --yes")
    if not typer.confirm("Erase this for good?", err=True):
        say("nothing was erased")
        raise typer.Exit(1)


def _render_preview(preview: "ErasurePreview") -> Iterator[str]:
    """Render what an erasure would erase."""
    name = f", {preview.name}" if preview.name else ""
    before = " (erased before)" if preview.erased else ""
    yield f"case {preview.key}{name} in {preview.where}{before}"

    numbers = format_quantity(preview.numbers, "number")
    columns = format_quantity(len(preview.columns), "sample column")
    if preview.columns:
        columns += f" ({', '.join(preview.columns)})"
    notes = format_quantity(preview.notes, "note")
    yield f"  {numbers}, {columns}, {notes}"

    interviews = format_quantity(preview.interviews, "interview")
    yield f"  {interviews} with {format_quantity(preview.answered, 'answer')}"


def _warn_of_free_pages(file: str, *, clean: bool) -> None:
    if clean:
        return

    say(
        "erased text may still be in free pages of the database, because another program was "
        "reading it or only its owner may clean it — later, or as its owner, give: "
        f"survey privacy erase {file} --unfinished"
    )


@on_study
def privacy_anonymize(request: "Request", dry_run: parameters.DryRunOption = False) -> None:
    """Remove names, numbers, notes and personal answers whose time is over.

    `retention:` says how long they are kept. It cannot be undone. The time runs from when a case
    was done, or from the study's end. Other answers stay. Safe to repeat.

    Exit code 0: all done; 1: a case could not be anonymized now.

    Example: survey privacy anonymize study.yaml --dry-run
    """
    from survey_cli.services.privacy import anonymize_study

    result = anonymize_study(request, dry_run=dry_run, pause=lambda: sleep(PAUSE_SECONDS))
    say_skipped(result.skipped)
    cases = format_quantity(result.cases, "case")
    interviews = format_quantity(result.interviews, "interview")
    change = "would lose" if result.dry_run else "lost"
    say(
        f"{result.where}: {cases} and {interviews} {change} what identifies a person, "
        f"after {result.span}"
    )
    if result.next_at is not None:
        say(f"next: {datetimes.format_here(result.next_at)}")

    _warn_of_free_pages(request.path, clean=result.clean)
    has_changed = not result.dry_run and (result.cases or result.interviews)
    if has_changed:
        say("delete the sample file, exports, printed lists and backups yourself")
    raise typer.Exit(1 if result.skipped else 0)
