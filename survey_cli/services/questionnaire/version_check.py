"""Comparison of versions: changes since stored interviews, their acceptance, two files."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from survey_cli.instrument.checks.source_items import locate_definition
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument, rebuild_instrument
from survey_cli.permissions import Action
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
from survey_cli.study.permissions import check_may
from survey_cli.values import Cell

RULE: Final = "changed-meaning"


def check_meanings(
    file: str, instrument: Instrument, draft: InstrumentDraft, db: str | None
) -> tuple[list[Problem], list[str]]:
    """Return a problem for each change of meaning, or a text if the change was accepted.

    Returns nothing if no interviews are stored yet.
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

    accepted = [
        _describe_acceptance(change, change.acceptance)
        for change in changes
        if change.acceptance is not None
    ]
    return problems, accepted


def _iterate_problems(
    file: str,
    changes: Sequence[versions.VersionChange],
    store: Store,
    draft: InstrumentDraft,
    top: Position,
) -> Iterator[Problem]:
    """Yield a problem for each change, with the number of interviews that it concerns."""
    answered = Counter[tuple[str, str]]()
    totals = Counter[str]()
    versions_concerned = {version for change in changes for version in change.versions}
    for version in versions_concerned:
        items = {change.change.item for change in changes if version in change.versions}
        for answers in versions.iterate_answers(store, version, items):
            totals[version] += 1
            # An interview without current data counts as answered.
            for item in items:
                if answers is None or item in answers:
                    answered[version, item] += 1

    for change in changes:
        item = change.change.item
        if item.startswith(OUTCOME_PREFIX):
            extent = f"calls and interviews of {change.versions_text} may have it"
        else:
            count = sum(answered[version, item] for version in change.versions)
            total = sum(totals[version] for version in change.versions)
            extent = f"answered in {count:,} of {total:,} interviews of {change.versions_text}"
        what = f"{change.change.what} ({extent})"
        remedy = f"undo it, or accept it: survey check {file} --accept {item} --reason TEXT"

        where = locate_definition(draft, item)
        if not where.line:
            # A removed item has no position.
            where = top
        yield Problem(RULE, where, item, what, remedy, length=max(len(item), 1))


def _describe_acceptance(change: versions.VersionChange, acceptance: versions.Acceptance) -> str:
    return (
        f"{change.change.item}: {change.change.what} since {change.versions_text}: "
        f"accepted by {acceptance.by}, {acceptance.at:%Y-%m-%d}: {acceptance.reason}"
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

    Raises UserError if an item has no change, or if people are listed and the account is not a
    supervisor.
    """
    instrument = open_instrument(file)
    where = locate_database(file, instrument.id, db)
    people = load_people(file, where, None)
    store = open_existing_store(where)
    if store is None:
        what = "there are no interviews to compare with"
        raise UserError(where, what, "you don't need to accept anything")

    with store:
        who = identify(by, store.account, people, people, locate_people_file(file, where))
        check_may(who, Action.ACCEPT_CHANGES, people)

        changes = versions.list_version_changes(store, instrument)
        _check_changed(items, changes)
        accepted = [change for change in changes if change.change.item in items]
        for change in accepted:
            acceptance = versions.Acceptance(
                reason=reason,
                by=format_author(who.login, store.account),
                at=datetime.now(UTC),
                earlier=change.versions_text,
                later=f"version {instrument.version or instrument.hash[:12]}",
                same=same,
            )
            versions.write_acceptance(store, change.change, acceptance)
    return accepted


def _check_changed(items: Sequence[str], changes: Sequence[versions.VersionChange]) -> None:
    """Check that each of these items has a change. Raises UserError."""
    changed_items = {change.change.item for change in changes}
    for item in items:
        if item not in changed_items:
            otherwise = "`survey check` lists the items that have"
            remedy = suggest_nearest(item, changed_items, otherwise=otherwise)
            raise UserError("--accept", f"{item} has not changed its meaning", remedy)


class VersionDiff(NamedTuple):
    """What changed between two versions."""

    old: str
    """Description of the older version: its file, or the stored version."""
    new: str
    """The file of the newer version."""
    changes: Sequence[ComparedChange]
    counts: Sequence[int | None]
    """For each change, the number of interviews that it concerns; None if no database was read."""
    interviews: int | None
    """Number of real interviews with other versions than the new one.

    It is None if no database was read.
    """
    proved: bool
    """Whether conditions that are written differently were compared by proof."""


def diff_versions(old_file: str, new_file: str | None, db: str | None) -> VersionDiff:
    """Compare two files, or one file with the newest version that has interviews.

    Raises UserError.
    """
    new_name = new_file or old_file
    new = open_instrument(new_name)
    old = None
    if new_file is not None:
        old = open_instrument(old_file)
        # Interviews are only counted in a database that was given.
        if db is None:
            return _diff(old, new, old_file, new_name, None)

    where = locate_database(new_name, new.id, db)
    store = open_existing_store(where)
    if store is None:
        what = "there are no interviews to compare with"
        raise UserError(where, what, "give two files: survey diff OLD NEW")

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

        newest = used[-1]
        old = rebuild_instrument(newest.stored_text)
        old_name = f"{versions.describe_version(newest, stored)} in {where}"
        return _diff(old, new, old_name, new_name, store)


def _diff(
    old: Instrument, new: Instrument, old_name: str, new_name: str, store: Store | None
) -> VersionDiff:
    """Compare two versions. `store` has the interviews to count, if there are any."""
    try:
        from survey_cli.proof.equivalence import ConditionComparer
    except ImportError:
        # The solver has no wheel for this platform: conditions are compared as written.
        comparer = None
    else:
        today = datetime.now(UTC).date()
        comparer = ConditionComparer(old, new, today, find_renamed(old, new))

    changes = compare_versions(old, new, comparer)
    counts: list[int | None] = [None] * len(changes)
    interviews = None
    if store is not None:
        counts, interviews = _count(store, new, changes)
    return VersionDiff(
        old=old_name,
        new=new_name,
        changes=changes,
        counts=counts,
        interviews=interviews,
        proved=comparer is not None,
    )


def _count(
    store: Store, new: Instrument, changes: Sequence[ComparedChange]
) -> tuple[list[int | None], int]:
    """Count the real interviews of other versions that each change concerns, and all of them."""
    items = {item for change in changes for item in change.answers}
    counts = [0] * len(changes)
    total = 0
    for row in store.data.list_instruments():
        if row.hash == new.hash:
            continue
        for answers in versions.iterate_answers(store, row.hash, items):
            total += 1
            for index, change in enumerate(changes):
                if _concerns(change, answers):
                    counts[index] += 1
    return [*counts], total


def _concerns(change: ComparedChange, answers: Mapping[str, Collection[Cell]] | None) -> bool:
    """Return whether a change is about an interview's answers.

    An interview without current data counts as answered.
    """
    if answers is None:
        return bool(change.answers)

    answered = [answers[item] for item in change.answers if item in answers]
    if change.code is None:
        return bool(answered)
    return any(change.code in codes for codes in answered)
