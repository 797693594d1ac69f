"""Checks of versions: comparison with those of stored interviews, and acceptance of intended changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from survey_cli.instrument.checks.source_items import locate_definition
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import Position, Problem, UserError, suggest_nearest
from survey_cli.revisions.meaning_changes import OUTCOME_PREFIX
from survey_cli.store import Store
from survey_cli.store.database_location import locate_database, open_existing_store
from survey_cli.study.identity import format_author, identify
from survey_cli.study.open_study import load_people
from survey_cli.study.version_changes import (
    Acceptance,
    VersionChange,
    count_answered,
    list_version_changes,
    write_acceptance,
)

RULES: Final = {
    "changed-meaning": """Interviews were conducted with an earlier version in which this item had another meaning.

A code had another text, the type of answer or the unit was different, codes or numbers were accepted that no longer
are, or the item no longer exists; or an outcome of the study had another name or code. Capitals, spaces, quotes and
marks at the end of a text are not compared.

No real interview begins until the change is undone or accepted. To undo it, give new answers new codes, and new
questions new names. To accept it:

    survey check FILE --accept ITEM --reason TEXT

Exports then have the older answers in separate columns, as `q1__v1`. With `--same`, which says that the new text has
the same meaning, they stay in one column.
"""
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedChanges:
    """Changes that `--accept` has stored as accepted."""

    where: str
    """The database."""
    changes: tuple[VersionChange, ...]


def check_meanings(
    file: str, instrument: Instrument, draft: InstrumentDraft, db: str | None
) -> tuple[list[Problem], list[str]]:
    """Problems for changes of meaning that nobody has accepted, and a text for each accepted one.

    Nothing where no interviews are stored yet.
    """
    top = Position(draft.document.instrument.where.file)
    try:
        store = open_existing_store(locate_database(file, instrument.id, db))
        if store is None:
            return [], []
        with store:
            changes = list_version_changes(store, instrument)
            open_changes = [change for change in changes if change.acceptance is None]
            problems = list(_iterate_problems(file, open_changes, store, draft, top))
    except UserError as error:
        what = f"the interviews in {error.where} were not compared: {error.what}"
        return [Problem("changed-meaning", top, "", what, error.remedy, "warning")], []
    accepted = [(change, change.acceptance) for change in changes if change.acceptance is not None]
    return problems, [_describe_acceptance(change, acceptance) for change, acceptance in accepted]


def _iterate_problems(
    file: str, changes: Sequence[VersionChange], store: Store, draft: InstrumentDraft, top: Position
) -> Iterator[Problem]:
    answered: dict[tuple[str, str], int] = {}
    totals: dict[str, int] = {}
    for version in dict.fromkeys(version for change in changes for version in change.versions):
        items = list(dict.fromkeys(change.change.item for change in changes if version in change.versions))
        counts, totals[version] = count_answered(store, version, items)
        answered |= {(version, item): n for item, n in counts.items()}
    for change in changes:
        item = change.change.item
        where = locate_definition(draft, item)
        count = sum(answered[version, item] for version in change.versions)
        total = sum(totals[version] for version in change.versions)
        extent = f"answered in {count:,} of {total:,} interviews of {change.versions_text}"
        if item.startswith(OUTCOME_PREFIX):
            extent = f"calls and interviews of {change.versions_text} may have it"
        yield Problem(
            "changed-meaning",
            where if where.line else top,
            item,
            f"{change.change.what} ({extent})",
            f"undo it, or accept it: survey check {file} --accept {item} --reason TEXT",
            "error",
            max(len(item), 1),
        )


def _describe_acceptance(change: VersionChange, acceptance: Acceptance) -> str:
    return (
        f"{change.change.item}: {change.change.what} since {change.versions_text}: accepted by {acceptance.by}, "
        f"{acceptance.at:%Y-%m-%d}: {acceptance.reason}"
    )


def accept_changes(
    file: str, items: Sequence[str], reason: str, *, same: bool = False, by: str = "", db: str | None = None
) -> AcceptedChanges:
    """Store that the changes of these items are intended, and why.

    Raises UserError where an item has no change, or people are listed and the account is no supervisor.
    """
    instrument = open_instrument(file)
    where = locate_database(file, instrument.id, db)
    people = load_people(file, where, None)
    store = open_existing_store(where)
    if store is None:
        raise UserError(where, "there are no interviews to compare with", "you don't need to accept anything")
    with store:
        who = identify(by, store.account, people, people)
        if not who.supervises:
            what = "only a supervisor may accept a change of meaning"
            raise UserError(who.login, what, f"ask {people.format_supervisors()}")
        changes = list_version_changes(store, instrument)
        changed_items = {change.change.item for change in changes}
        for item in items:
            if item not in changed_items:
                remedy = suggest_nearest(item, changed_items, otherwise="`survey check` lists the items that have")
                raise UserError("--accept", f"{item} has not changed its meaning", remedy)
        accepted = tuple(change for change in changes if change.change.item in items)
        later = f"version {instrument.version}" if instrument.version else f"version {instrument.hash[:12]}"
        for change in accepted:
            acceptance = Acceptance(
                reason=reason,
                by=format_author(who.login, store.account),
                at=datetime.now(UTC),
                earlier=change.versions_text,
                later=later,
                same=same,
            )
            write_acceptance(store, change.change, acceptance)
    return AcceptedChanges(where=where, changes=accepted)
