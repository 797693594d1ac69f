"""Comparison of versions: changes since stored interviews, acceptance of intended ones, differences of two files."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from survey_cli.instrument.checks.source_items import locate_definition
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument, rebuild_instrument
from survey_cli.problems import Position, Problem, UserError, suggest_nearest
from survey_cli.revisions.changes import ComparedChange
from survey_cli.revisions.comparison import compare_versions
from survey_cli.revisions.renaming import find_renamed
from survey_cli.revisions.versions import OUTCOME_PREFIX
from survey_cli.store import Store
from survey_cli.store.database_location import locate_database, open_existing_store
from survey_cli.study import versions
from survey_cli.study.account_names import format_author
from survey_cli.study.location import locate_people_file
from survey_cli.study.open_study import identify, load_people

RULE: Final = "changed-meaning"


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
            changes = versions.list_version_changes(store, instrument)
            open_changes = [change for change in changes if change.acceptance is None]
            problems = list(_iterate_problems(file, open_changes, store, draft, top))
    except UserError as error:
        what = f"the interviews in {error.where} were not compared: {error.what}"
        return [Problem(RULE, top, "", what, error.remedy, "warning")], []
    accepted = [(change, change.acceptance) for change in changes if change.acceptance is not None]
    return problems, [_describe_acceptance(change, acceptance) for change, acceptance in accepted]


def _iterate_problems(
    file: str,
    changes: Sequence[versions.VersionChange],
    store: Store,
    draft: InstrumentDraft,
    top: Position,
) -> Iterator[Problem]:
    answered, totals = Counter[tuple[str, str]](), Counter[str]()
    for version in {version for change in changes for version in change.versions}:
        items = {change.change.item for change in changes if version in change.versions}
        for answers in versions.iterate_answers(store, version, items):
            totals[version] += 1  # an interview without current data counts as answered
            answered.update((version, item) for item in items if answers is None or item in answers)
    for change in changes:
        item = change.change.item
        where = locate_definition(draft, item)
        count = sum(answered[version, item] for version in change.versions)
        total = sum(totals[version] for version in change.versions)
        extent = f"answered in {count:,} of {total:,} interviews of {change.versions_text}"
        if item.startswith(OUTCOME_PREFIX):
            extent = f"calls and interviews of {change.versions_text} may have it"
        what = f"{change.change.what} ({extent})"
        remedy = f"undo it, or accept it: survey check {file} --accept {item} --reason TEXT"
        yield Problem(
            RULE, where if where.line else top, item, what, remedy, length=max(len(item), 1)
        )


def _describe_acceptance(change: versions.VersionChange, acceptance: versions.Acceptance) -> str:
    return (
        f"{change.change.item}: {change.change.what} since {change.versions_text}: accepted by {acceptance.by}, "
        f"{acceptance.at:%Y-%m-%d}: {acceptance.reason}"
    )


def accept_changes(
    file: str,
    items: Sequence[str],
    reason: str,
    *,
    same: bool = False,
    by: str = "",
    db: str | None = None,
) -> list[versions.VersionChange]:
    """Store that the changes of these items are intended, and why. Returns these changes.

    Raises UserError where an item has no change, or people are listed and the account is no supervisor.
    """
    instrument = open_instrument(file)
    where = locate_database(file, instrument.id, db)
    people = load_people(file, where, None)
    store = open_existing_store(where)
    if store is None:
        raise UserError(
            where, "there are no interviews to compare with", "you don't need to accept anything"
        )
    with store:
        who = identify(by, store.account, people, people, locate_people_file(file, where))
        if not who.supervises:
            what = "only a supervisor may accept a change of meaning"
            raise UserError(who.login, what, f"ask {people.format_supervisors()}")
        changes = versions.list_version_changes(store, instrument)
        changed_items = {change.change.item for change in changes}
        for item in items:
            if item not in changed_items:
                remedy = suggest_nearest(
                    item, changed_items, otherwise="`survey check` lists the items that have"
                )
                raise UserError("--accept", f"{item} has not changed its meaning", remedy)
        accepted = [change for change in changes if change.change.item in items]
        later = (
            f"version {instrument.version}"
            if instrument.version
            else f"version {instrument.hash[:12]}"
        )
        for change in accepted:
            by, at, earlier = (
                format_author(who.login, store.account),
                datetime.now(UTC),
                change.versions_text,
            )
            acceptance = versions.Acceptance(
                reason=reason, by=by, at=at, earlier=earlier, later=later, same=same
            )
            versions.write_acceptance(store, change.change, acceptance)
    return accepted


class VersionDiff(NamedTuple):
    """What changed between two versions."""

    old: str
    """Description of the older version: its file, or the stored version."""
    new: str
    changes: Sequence[ComparedChange]
    counts: Sequence[int | None]
    """For each change, the number of interviews that it concerns; None where no database was read."""
    interviews: int | None
    """The number of real interviews with other versions than the new one; None where no database was read."""
    proved: bool
    """Conditions that are written differently were compared by proof."""


def diff_versions(old_file: str, new_file: str | None, db: str | None) -> VersionDiff:
    """Compare two files; with one file alone, the newest version with interviews and the file. Raises UserError."""
    new_name = new_file or old_file
    new = open_instrument(new_name)
    old = open_instrument(old_file) if new_file is not None else None
    if old is not None and db is None:
        return _diff(old, new, old_file, new_name, None)
    where = locate_database(new_name, new.id, db)
    store = open_existing_store(where)
    if store is None:
        raise UserError(
            where, "there are no interviews to compare with", "give two files: survey diff OLD NEW"
        )
    with store:
        if old is not None:
            return _diff(old, new, old_file, new_name, store)
        stored = store.data.list_instruments()
        used = [
            row for row in stored if row.hash != new.hash and store.data.has_interviews(row.hash)
        ]
        if not used:
            what = "there are no interviews with another version of this questionnaire"
            raise UserError(where, what, "give two files: survey diff OLD NEW")
        old = rebuild_instrument(used[-1].stored_text)
        return _diff(
            old, new, f"{versions.describe_version(used[-1], stored)} in {where}", new_name, store
        )


def _diff(
    old: Instrument, new: Instrument, old_name: str, new_name: str, store: Store | None
) -> VersionDiff:
    try:
        from survey_cli.proof.equivalence import ConditionComparer

        comparer = ConditionComparer(old, new, datetime.now(UTC).date(), find_renamed(old, new))
    except ImportError:
        comparer = None
    changes = compare_versions(old, new, comparer)
    counts, interviews = (
        _count(store, new, changes) if store is not None else ([None] * len(changes), None)
    )
    return VersionDiff(old_name, new_name, changes, counts, interviews, comparer is not None)


def _count(
    store: Store, new: Instrument, changes: Sequence[ComparedChange]
) -> tuple[list[int | None], int]:
    """Return how many real interviews of other versions each change concerns, and how many there are."""
    items = {item for change in changes for item in change.answers}
    counts, total = [0] * len(changes), 0
    for row in store.data.list_instruments():
        for answers in (
            versions.iterate_answers(store, row.hash, items) if row.hash != new.hash else ()
        ):
            total += 1
            for index, change in enumerate(changes):
                values = (
                    [answers[item] for item in change.answers if item in answers]
                    if answers is not None
                    else []
                )
                has_it = any(change.code is None or change.code in own for own in values)
                counts[index] += has_it or (answers is None and bool(change.answers))
    return [*counts], total
