"""The commands `privacy subject`, `erase` and `anonymize`, for the data of a person."""

import sys
from collections.abc import Iterator
from time import sleep
from typing import TYPE_CHECKING, Final

import typer

from survey_cli.cli.commands.case_lists import say_skipped
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.terminal import make_printable, render_table, say
from survey_cli.cli.parameters import CaseArgument, DryRunOption, ResultFormatOption, argument, on_study, option
from survey_cli.problems import UserError
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.subject_access import JournalLine, Subject, SubjectInterview
    from survey_cli.services.privacy.erase_and_anonymize import ErasurePreview
    from survey_cli.services.run_on_study import Request

PAUSE_SECONDS: Final = 0.005
"""Seconds between two cases, so that an interviewer never waits longer than one case takes."""


@on_study
def subject(request: "Request", case: CaseArgument, form: ResultFormatOption = "table") -> None:
    """Print everything stored about one person: name, numbers, history, notes, every answer.

    If the study has a list of people, only supervisors may. Exports, printed lists and backups are not included.

    Example: survey privacy subject study.yaml 1017
    """
    from survey_cli.services.privacy.subject_access import load_subject

    person = load_subject(request, case)
    print(render_json(person) if form == "json" else "\n".join(_render_subject(person)))
    say(
        f"{person.where}: this is everything in the database; exports, the sample file, printed lists"
        " and backups are not included"
    )


def _render_subject(person: "Subject") -> Iterator[str]:
    yield make_printable(f"case {person.key}{f', {person.name}' if person.name else ''}")
    if person.status:
        yield make_printable(f"  {person.status}")
    for number in person.numbers:
        as_written = f" (written {number.written!r})" if number.written not in ("", number.shown) else ""
        extension = f", extension {number.extension}" if number.extension else ""
        digits = number.shown or "no longer stored"
        yield make_printable(
            f"  number {number.position}: {digits}{as_written}{extension}, {number.state.replace('_', ' ')}"
        )
    yield f"  on the do-not-call list: {'yes' if person.on_do_not_call_list else 'no'}"
    if person.zone or person.language:
        yield make_printable(f"  zone {person.zone or 'unknown'}, language {person.language or 'unknown'}")
    for column in person.columns:
        personal = " (personal)" if column.personal else ""
        yield make_printable(f"  {column.label}: {column.words}{personal}")
    if person.history:
        yield ""
        yield "history"
        rows = [
            (str(p.seq), datetimes.format_here(p.at), f"{p.what}{f': {p.note}' if p.note else ''}", p.by)
            for p in person.history
        ]
        yield render_table(("", "when", "what", "by"), rows)
    for interview in person.interviews:
        yield ""
        yield from _render_interview(interview)


def _render_interview(interview: "SubjectInterview") -> Iterator[str]:
    origin = "" if interview.origin == "real" else f", {interview.origin}"
    version = f", version {interview.version}" if interview.version else ""
    yield make_printable(
        f"interview {interview.number}{origin}: {interview.outcome or interview.status}{version}, "
        f"{datetimes.format_here(interview.began_at)}"
    )
    if interview.problem:
        yield make_printable(f"  {interview.problem}")
    for name, words in interview.sample:
        yield make_printable(f"  sample column: {name} = {words}")
    for line in interview.lines:
        yield make_printable(
            f"  {line.seq:>3}  {datetimes.format_here(line.at)}  {line.by}  {_render_journal_line(line)}"
        )
    if interview.draft:
        yield make_printable(f"  being typed: {interview.draft}")


def _render_journal_line(line: "JournalLine") -> str:
    place = f" {line.place}" if line.place else ""
    question = f" {line.question!r}" if line.question else ""
    answer = f": {line.answer}" if line.answer else ""
    return f"{line.what}{place}{question}{answer}{f' — {line.note}' if line.note else ''}"


@on_study
def erase(
    request: "Request",
    case: str = argument("CASE", "The case's key, unless --unfinished is given.", ""),
    reason: str = option("--reason TEXT", "The reason. Required. It is stored, so it must not name anybody.", ""),
    yes: bool = option("--yes", "Erase without asking for confirmation.", False),
    unfinished: bool = option("--unfinished", "Finish interrupted erasures, which `survey db verify` reports.", False),
) -> None:
    """Erase a person: name, numbers, notes, texts of the sample, every answer. It cannot be undone.

    The case's key, outcomes, times and coded sample columns stay, so that rates and counts remain correct. The same
    command again finishes an interrupted erasure.

    Example: survey privacy erase study.yaml 1017 --reason "asked by letter"
    """
    from survey_cli.services.privacy.erase_and_anonymize import erase_person, finish_erasure, preview_erasure

    if bool(case) == unfinished:
        raise typer.BadParameter("give a case, or --unfinished", param_hint="CASE")
    if unfinished:
        finished = finish_erasure(request)
        say(f"{format_quantity(finished.interviews, 'interview')} with an unfinished erasure erased")
        _warn_of_free_pages(request.path, clean=finished.scrubbed)
        raise typer.Exit(0 if finished.scrubbed else 1)
    if not reason.strip():
        raise typer.BadParameter("give a reason that contains no name", param_hint="--reason")
    preview = preview_erasure(request, case)
    for line in _render_preview(preview):
        say(line)
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UserError(f"case {case}", "nothing was erased: there is no terminal to confirm it", "add --yes")
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
    yield f"case {preview.key}{name} in {preview.where}" + (" (erased before)" if preview.erased else "")
    columns = f" ({', '.join(preview.columns)})" if preview.columns else ""
    yield (
        f"  {format_quantity(preview.numbers, 'number')}, "
        f"{format_quantity(len(preview.columns), 'sample column')}{columns}, "
        f"{format_quantity(preview.notes, 'note')}"
    )
    yield f"  {format_quantity(preview.interviews, 'interview')} with {format_quantity(preview.answered, 'answer')}"


def _warn_of_free_pages(file: str, *, clean: bool) -> None:
    if not clean:
        say(
            "erased text may still be in free pages of the database, because another program was reading it or only "
            f"its owner may clean it — later, or as its owner, give: survey privacy erase {file} --unfinished"
        )


@on_study
def anonymize(request: "Request", dry_run: DryRunOption = False) -> None:
    """Remove names, numbers, notes and personal answers whose time is over, as `retention:` says. It cannot be undone.

    The time runs from when a case was done, or from the study's end. Other answers stay. Safe to repeat.

    Exit code 0: all done; 1: a case could not be anonymized now.

    Example: survey privacy anonymize study.yaml --dry-run
    """
    from survey_cli.services.privacy.erase_and_anonymize import anonymize_study

    result = anonymize_study(request, dry_run=dry_run, pause=lambda: sleep(PAUSE_SECONDS))
    say_skipped(result.skipped)
    change = "would lose" if result.dry_run else "lost"
    cases, interviews = format_quantity(result.cases, "case"), format_quantity(result.interviews, "interview")
    say(f"{result.where}: {cases} and {interviews} {change} what identifies a person, after {result.span}")
    if result.next_at is not None:
        say(f"next: {datetimes.format_here(result.next_at)}")
    _warn_of_free_pages(request.path, clean=result.clean)
    if (result.cases or result.interviews) and not result.dry_run:
        say("delete the sample file, exports, printed lists and backups yourself")
    raise typer.Exit(1 if result.skipped else 0)
