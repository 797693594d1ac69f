"""The supervisor's commands that change cases: `outcome`, `answer`, `reopen`, `release`, `free`, `reassign`. Each
makes one call to the office and says what came of it.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli.commands.case_lists import Case, request, say_left
from survey_cli.cli.commands.interview import Database, Instrument
from survey_cli.cli.commands.sample import By, PeopleFile, bar
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import count, fail, say
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.services.cases.case_actions import Changed, Several


class Refusals(StrEnum):
    """Which refusals."""

    soft = "soft"


class Keeper(StrEnum):
    """Who keeps a promise."""

    only = "only"
    first = "first"


def outcome(
    file: Instrument,
    case: Case,
    outcome: Annotated[
        str,
        typer.Argument(metavar="[OUTCOME]", help="The outcome, as callback; with --code it may be left out."),
    ] = "",
    code: Annotated[
        str, typer.Option("--code", metavar="CODE", help="An AAPOR code instead of the outcome's own: 4.70.")
    ] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why it is corrected; needed.")] = "",
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Correct a case's outcome. What was keyed stays in its history.

    An outcome that is temporary puts the case back into the queue; one that is final ends it. A complete interview that
    is corrected away gives its places in the quotas back.
    """
    from survey_cli.services.cases.case_actions import correct

    _said(correct(request(file, by=by, people=people, db=db), case, outcome, code=code, note=note))


def answer(
    file: Instrument,
    case: Case,
    note: Annotated[
        str,
        typer.Option(
            "--note", metavar="TEXT", help="What the interviewer is to know; shown at the next call."
        ),
    ] = "",
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Answer what was referred to the supervisor: the case goes back into the queue."""
    from survey_cli.services.cases.case_actions import answer as answered

    _said(answered(request(file, by=by, people=people, db=db), case, note=note))


def reopen(
    file: Instrument,
    case: Annotated[
        str, typer.Argument(metavar="[CASE]", help="The case's key; left out with --refusals.")
    ] = "",
    refusals: Annotated[
        Refusals | None,
        typer.Option("--refusals", help="All soft refusals that are finished, to be converted."),
    ] = None,
    before: Annotated[
        str,
        typer.Option("--before", metavar="DATE", help="Of these, only those that last refused before then."),
    ] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; it stands in the history.")] = "",
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Put a finished case back into the queue, or all soft refusals. Its limit of attempts begins anew.

    Whoever refused for good, or is never to be called, is left alone.
    """
    from survey_cli.services.cases.case_actions import reopen as reopened
    from survey_cli.services.cases.case_actions import reopen_refusals

    if bool(case) == bool(refusals):
        raise typer.BadParameter("name a case, or --refusals soft", param_hint="CASE")
    asks = request(file, by=by, people=people, db=db)
    if case:
        _said(reopened(asks, case, why=note))
        return
    until = datetimes.typed(before, option="--before") if before else None
    with bar() as progress:
        made = reopen_refusals(asks, before=until, why=note, progress=progress)
    _said_of_several(made, "put back into the queue")


def release(
    file: Instrument,
    replicates: Annotated[str, typer.Argument(metavar="REPLICATES", help="Which: 3, 3-4, 1,5 or all.")],
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Release replicates of the sample: from now on their cases are called. Safe to repeat."""
    from survey_cli.services.cases.case_actions import release as released

    with bar() as progress:
        made = released(request(file, by=by, people=people, db=db), replicates, progress=progress)
    _said_of_several(made, "released")


def free(file: Instrument, case: Case, by: By = "", people: PeopleFile = None, db: Database = None) -> None:
    """Take a case away from the station that has it. The call that was going on stays in its history."""
    from survey_cli.services.cases.case_actions import free as freed

    made = freed(request(file, by=by, people=people, db=db), case)
    if isinstance(made, UserError):
        fail(made)
    changed, had = made
    since = f" since {datetimes.here(had.since)}" if had.since else ""
    say(f"{changed.key}: {had.by} had it at station {had.station}{since}")
    _said(changed)


def reassign(
    file: Instrument,
    case: Annotated[
        str, typer.Argument(metavar="[CASE]", help="The case's key; left out with --all-of.")
    ] = "",
    to: Annotated[
        str, typer.Option("--to", metavar="NAME", help="Who keeps the appointment from now on; or anyone.")
    ] = "",
    all_of: Annotated[
        str,
        typer.Option("--all-of", metavar="NAME", help="All appointments that this interviewer is to keep."),
    ] = "",
    keeps: Annotated[
        Keeper | None,
        typer.Option(
            "--keeps", help="Only they, or they first and anyone once it is late; as before unless given."
        ),
    ] = None,
    by: By = "",
    people: PeopleFile = None,
    db: Database = None,
) -> None:
    """Give a promised call, or all those of one interviewer, to another."""
    from survey_cli.services.cases.case_actions import reassign as reassigned

    if bool(case) == bool(all_of):
        raise typer.BadParameter("name a case, or --all-of NAME", param_hint="CASE")
    if not to:
        raise typer.BadParameter("name who keeps the appointment, or anyone", param_hint="--to")
    made = reassigned(
        request(file, by=by, people=people, db=db),
        to=to,
        key=case,
        all_of=all_of,
        policy={None: None, Keeper.only: "me", Keeper.first: "me_first"}[keeps],
    )
    if case and not isinstance(made, UserError):
        _said(made.changed[0])
    else:
        _said_of_several(made, f"{'anyone' if to == 'anyone' else to}'s to keep now")


def _said(made: "Changed | UserError") -> None:
    """What was done, and where the case stands now."""
    if isinstance(made, UserError):
        fail(made)
    stands = made.standing
    due = f", due {datetimes.here(stands.due_at)}" if stands.status == "waiting" and stands.due_at else ""
    reason = f" ({stands.why})" if stands.why else ""
    say(f"{made.key}: {made.said}; {stands.status}{reason}{due}, code {stands.code}")


def _said_of_several(made: "Several | UserError", what: str) -> None:
    if isinstance(made, UserError):
        fail(made)
    say_left(made.left)
    say(f"{count(len(made.changed), 'case')} {what}")


COMMANDS = (outcome, answer, reopen, release, free, reassign)
