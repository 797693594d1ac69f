"""Record of erasures, from which they are repeated after a backup was restored.

It contains hashes of case keys, kinds and times: nothing that names a person.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from survey_cli.problems import StoreError, UserError
from survey_cli.store import Store
from survey_cli.study.consistency import person_erasure
from survey_cli.study.consistency.upkeep import end_expired_leases, reconcile_lapsed
from survey_cli.study.open_study import OpenStudy


class Erasure(NamedTuple):
    """An erasure of one case, without its time."""

    key_hash: str
    kind: str
    """`erased`, `answers` (consent was withdrawn) or `anonymized`."""


class RepeatedErasures(NamedTuple):
    """Erasures that were repeated."""

    cases: int
    """Cases that lost data."""
    skipped: tuple[tuple[str, str], ...] = ()
    """Keys of cases for which something is left to do, each with what it is."""


def hash_key(study: str, key: str) -> str:
    """Return the hash of a case's key. Another study has another hash for the same key."""
    return sha256(f"{study}\n{key}".encode()).hexdigest()


def list_erasures(store: Store, study: str) -> dict[Erasure, datetime]:
    """Return all erasures in a database with their times. Raises StoreError."""
    return {
        Erasure(hash_key(study, key), kind): at
        for key, kind, at in store.maintenance.list_erasures()
    }


def repeat_erasures(study: OpenStudy, erasures: Mapping[Erasure, datetime]) -> RepeatedErasures:
    """Erase again what was erased before in another copy of this database. Raises StoreError."""
    store = study.store
    end_expired_leases(store, study.plan, study.at)
    cases = 0
    skipped: list[tuple[str, str]] = []
    interviewed = {row.case for row in store.interviews.list_rows() if row.case}
    for key in sorted(interviewed.union(store.cases.queries.iterate_keys())):
        hashed = hash_key(study.instrument.id, key)
        has_changed = False
        try:
            for kind in ("erased", "answers", "anonymized"):
                erased_at = erasures.get(Erasure(hashed, kind))
                if erased_at is not None and _repeat(study, key, kind, erased_at):
                    has_changed = True
        except StoreError:
            raise
        except UserError as error:
            skipped.append((key, f"{error.what}: erase it again"))
            continue

        cases += has_changed
        if Erasure(hashed, "answers") in erasures and key not in interviewed:
            what = "consent was withdrawn in an interview that the backup lacks"
            skipped.append((key, f"{what}: set its outcome again"))
    person_erasure.scrub_database(store)
    return RepeatedErasures(cases, tuple(skipped))


def _repeat(study: OpenStudy, key: str, kind: str, at: datetime) -> bool:
    """Repeat one erasure; returns whether anything was left to erase."""
    why = f"{kind} on {at:%Y-%m-%d}, repeated after a backup was restored"
    if kind == "answers":
        count = person_erasure.erase_answers(
            study.store, study.instrument, key, at=study.at, by=study.who.login
        )
        reconcile_lapsed(study.store, study.plan, [key], study.at)
        return count > 0
    if kind == "erased":
        result = person_erasure.erase_person(study, key, why=why, scrub=False)
    else:
        result = person_erasure.anonymize_person(study, key, why=why)
    return result.case or result.interviews > 0
