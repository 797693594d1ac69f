"""The command `case migrate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli.options import DryRunOption, ResultFormat, ResultFormatOption, argument, on_study
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.progress import show_progress
from survey_cli.cli.output.terminal import say
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.cases.interview_migration import MigratedCase, MigrationResult
    from survey_cli.services.run_on_study import Request


@on_study
def migrate(
    request: "Request",
    cases: Annotated[list[str] | None, argument("[CASE]...", "Only these cases; by default all.")] = None,
    dry_run: DryRunOption = False,
    form: ResultFormatOption = ResultFormat.table,
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
    if form is ResultFormat.json:
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
