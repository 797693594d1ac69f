"""Comparison of two versions of a questionnaire, with the number of interviews that each change concerns."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument, rebuild_instrument
from survey_cli.problems import UserError
from survey_cli.revisions.comparison import compare_versions, find_renamed
from survey_cli.revisions.properties import ComparedChange
from survey_cli.store import Store
from survey_cli.store.database_location import locate_database, open_existing_store
from survey_cli.study.version_changes import describe_version, iterate_answers


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
        raise UserError(where, "there are no interviews to compare with", "give two files: survey diff OLD NEW")
    with store:
        if old is not None:
            return _diff(old, new, old_file, new_name, store)
        stored = store.data.list_instruments()
        used = [row for row in stored if row.hash != new.hash and store.data.has_interviews(row.hash)]
        if not used:
            what = "there are no interviews with another version of this questionnaire"
            raise UserError(where, what, "give two files: survey diff OLD NEW")
        old = rebuild_instrument(used[-1].texts, used[-1].hash)
        return _diff(old, new, f"{describe_version(used[-1], stored)} in {where}", new_name, store)


def _diff(old: Instrument, new: Instrument, old_name: str, new_name: str, store: Store | None) -> VersionDiff:
    try:
        from survey_cli.proof.equivalence import ConditionComparer

        comparer = ConditionComparer(old, new, datetime.now(UTC).date(), find_renamed(old, new))
    except ImportError:
        comparer = None
    changes = compare_versions(old, new, comparer)
    counts, interviews = _count(store, new, changes) if store is not None else ([None] * len(changes), None)
    return VersionDiff(old_name, new_name, changes, counts, interviews, comparer is not None)


def _count(store: Store, new: Instrument, changes: Sequence[ComparedChange]) -> tuple[list[int | None], int]:
    """Return how many real interviews of other versions each change concerns, and how many there are."""
    items = {item for change in changes for item in change.answers}
    counts, total = [0] * len(changes), 0
    for row in store.data.list_instruments():
        for answers in iterate_answers(store, row.hash, items) if row.hash != new.hash else ():
            total += 1
            for index, change in enumerate(changes):
                values = [answers[item] for item in change.answers if item in answers] if answers is not None else []
                has_it = any(change.code is None or change.code in own for own in values)
                counts[index] += has_it or (answers is None and bool(change.answers))
    return [*counts], total
