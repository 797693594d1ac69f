"""The commands of `case` that change cases, and `sample release`: for supervisors."""

from typing import TYPE_CHECKING, Literal, TypeAlias

import typer

from survey_cli.cli.commands.case_lists import say_skipped
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.progress import show_progress
from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import CaseArgument, DryRunOption, ResultFormatOption, argument, on_study, option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.cases.case_actions import CaseActionResult, CaseBatchResult
    from survey_cli.services.cases.interview_migration import MigratedCase, MigrationResult
    from survey_cli.services.run_on_study import Request


RefusalChoice: TypeAlias = Literal["soft"]
"""Which refusals are reopened."""


OwnerChoice: TypeAlias = Literal["only", "first"]
"""Who may keep an appointment."""


@on_study
def outcome(
    request: "Request",
    case: CaseArgument,
    outcome: str = argument("OUTCOME", "The outcome, such as callback; optional with --code.", ""),
    code: str = option("--code CODE", "An AAPOR code instead of the outcome's own: 4.70.", ""),
    note: str = option("--note TEXT", "The reason. Required.", ""),
) -> None:
    """Correct a case's outcome. The outcome that was keyed stays in its history.

    A temporary outcome puts the case back into the queue; a final one ends it. Correcting a complete interview to
    another outcome releases its quota places.

    Example: survey case outcome study.yaml 1017 callback --note "rang back"
    """
    from survey_cli.services.cases.case_actions import correct_outcome

    _say_change(correct_outcome(request, case, outcome, code=code, note=note))


@on_study
def answer(
    request: "Request",
    case: CaseArgument,
    note: str = option("--note TEXT", "A note for the interviewer, shown at the next call.", ""),
) -> None:
    """Answer what was referred to the supervisor: the case goes back into the queue.

    Example: survey case answer study.yaml 1017 --note "ask for the deputy"
    """
    from survey_cli.services.cases.case_actions import answer_referral

    _say_change(answer_referral(request, case, note=note))


@on_study
def reopen(
    request: "Request",
    case: str = argument("CASE", "The case's key, unless --refusals is given.", ""),
    refusals: RefusalChoice | None = option("--refusals", "Reopen all finished soft refusals, for conversion.", None),
    before: str = option("--before DATE", "With --refusals: only cases whose last refusal was before this date.", ""),
    note: str = option("--note TEXT", "The reason, which is recorded in the history.", ""),
) -> None:
    """Put a finished case back into the queue, or all soft refusals. Its attempts are counted anew.

    Hard refusals and cases that may not be called again are left alone.

    Example: survey case reopen study.yaml --refusals soft
    """
    from survey_cli.services.cases.case_actions import reopen_case, reopen_refusals

    if bool(case) == bool(refusals):
        raise typer.BadParameter("give a case, or --refusals soft", param_hint="CASE")
    if case:
        _say_change(reopen_case(request, case, why=note))
        return
    until = datetimes.parse_time(before, option="--before") if before else None
    with show_progress() as progress:
        batch = reopen_refusals(request, before=until, why=note, progress=progress)
    _say_changes(batch, "put back into the queue")


@on_study
def release(
    request: "Request", replicates: str = argument("REPLICATES", "The replicates: 3, 3-4, 1,5 or all.")
) -> None:
    """Release replicates of the sample: from now on their cases are called. Safe to repeat.

    Example: survey sample release study.yaml 3-4
    """
    from survey_cli.services.cases.case_actions import release_replicates

    with show_progress() as progress:
        batch = release_replicates(request, replicates, progress=progress)
    _say_changes(batch, "released")


@on_study
def free(request: "Request", case: CaseArgument) -> None:
    """Take a case away from the station that has it. The call in progress stays in its history.

    Example: survey case free study.yaml 1017
    """
    from survey_cli.services.cases.case_actions import free_case

    changed, lease = free_case(request, case)
    since = f" since {datetimes.format_here(lease.since)}" if lease.since else ""
    say(f"{changed.key}: {lease.by} at station {lease.station} had it{since}")
    _say_change(changed)


@on_study
def reassign(
    request: "Request",
    case: str = argument("CASE", "The case's key, unless --all-of is given.", ""),
    to: str = option("--to NAME", "The new owner of the appointment, or anyone. Required.", ""),
    all_of: str = option("--all-of NAME", "All appointments of this interviewer.", ""),
    keeps: OwnerChoice | None = option(
        "--keeps", "only: only the new owner calls; first: anyone once it is late. By default unchanged.", None
    ),
) -> None:
    """Give an appointment, or all those of one interviewer, to another interviewer.

    Example: survey case reassign study.yaml --all-of ann --to bob
    """
    from survey_cli.services.cases.case_actions import reassign_appointments

    if bool(case) == bool(all_of):
        raise typer.BadParameter("give a case, or --all-of NAME", param_hint="CASE")
    if not to:
        raise typer.BadParameter("give the new owner of the appointment, or anyone", param_hint="--to")
    batch = reassign_appointments(
        request, to=to, key=case, all_of=all_of, policy={None: None, "only": "me", "first": "me_first"}[keeps]
    )
    if case:
        _say_change(batch.changed[0])
    else:
        _say_changes(batch, f"now {'anyone' if to == 'anyone' else to}'s")


def _say_change(result: "CaseActionResult") -> None:
    """Print the change and the case's current status."""
    standing = result.position
    due = f", due {datetimes.format_here(standing.due_at)}" if standing.status == "waiting" and standing.due_at else ""
    reason = f" ({standing.why})" if standing.why else ""
    say(f"{result.key}: {result.summary}; {standing.status}{reason}{due}, code {standing.code}")


def _say_changes(batch: "CaseBatchResult", change: str) -> None:
    say_skipped(batch.skipped)
    say(f"{format_quantity(len(batch.changed), 'case')} {change}")


@on_study
def migrate(
    request: "Request",
    cases: list[str] | None = argument("[CASE]...", "Only these cases; by default all.", None),
    dry_run: DryRunOption = False,
    form: ResultFormatOption = "table",
) -> None:
    """Take unfinished interviews to the newest version of the questionnaire.

    Without it, each is resumed with the version with which it began. Answers carry over. A question is asked again if
    its answer is no longer valid or its meaning has changed, unless `survey check --accept ITEM --same` says that it is
    the same. Interviews of cases that a station has are skipped. Nothing is overwritten: the journal receives an event.

    Exit code 0: all were migrated; 1: some were skipped.

    Example: survey case migrate study.yaml --dry-run
    """
    from survey_cli.services.cases.interview_migration import migrate_interviews

    with show_progress() as progress:
        result = migrate_interviews(request, cases or (), dry_run=dry_run, progress=progress)
    if form == "json":
        print(render_json(result))
    else:
        for case in result.cases:
            print(f"{case.case}: {_describe_case(case)}")
        for skipped in result.skipped:
            print(f"{skipped.case}: skipped: {skipped.why}")
        for change in result.changes:
            say(f"{change.item} is asked again: {change.what}")
    say(_describe_totals(result))
    if result.note:
        say(f"it would be refused now: {result.note}")
    raise typer.Exit(1 if result.skipped or result.note else 0)


def _describe_case(case: "MigratedCase") -> str:
    parts = [f"{format_quantity(case.kept, 'answer')} kept"]
    for places, what in ((case.reopened, "asked again"), (case.off_route, "off the route")):
        parts += [f"{len(places)} {what} ({', '.join(places)})"] if places else []
    return ", ".join(parts)


def _describe_totals(result: "MigrationResult") -> str:
    done = f"{format_quantity(len(result.cases), 'interview')} {'would be ' if result.dry_run else ''}taken"
    kept = sum(case.kept for case in result.cases)
    reopened, off_route = sum(len(c.reopened) for c in result.cases), sum(len(c.off_route) for c in result.cases)
    skipped = f"; {format_quantity(len(result.skipped), 'case')} skipped" if result.skipped else ""
    answers = f"{format_quantity(kept, 'answer')} kept, {reopened:,} asked again, {off_route:,} off the route"
    return f"{result.where}: {done} to {result.version}: {answers}{skipped}"
