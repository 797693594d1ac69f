"""Detection of changed files while stations work: the questionnaire with its modules, and the list of people.

A station checks between two cases. For unchanged files it reads only their dates and sizes.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.study.location import PEOPLE_FILE, locate_people_file
from survey_cli.study.open_study import OpenStudy, load_people
from survey_cli.study.versions import check_may_begin, find_version_in_force, read_published_hash

FileStates: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class StudyFiles:
    """The files from which one open study was read, with their content at that time as a digest."""

    def __init__(self, study: OpenStudy, people: str | None = None) -> None:
        self._people = people
        self._store = study.store
        self._in_use = study.instrument.hash
        self._refused: Instrument | None = None
        """A changed questionnaire that is not used because nobody has accepted its changes of meaning."""
        self._files = self._list_files(study)
        self._signature: FileStates = ()
        """Dates and sizes at the last check; empty before the first."""
        self._digest = _compute_digest(self._files)

    def _list_files(self, study: OpenStudy) -> tuple[Path, ...]:
        top = Path(study.path)
        modules = [top.parent / name for name in list(study.instrument.texts)[1:]]
        people = Path(self._people) if self._people else locate_people_file(top, study.where)
        return (top, *modules, *((people,) if people is not None else ()))

    def has_changed(self) -> bool:
        """Return whether a file's content has changed since the last call, or since the study was opened.

        Also True where refused changes of meaning have been accepted since, or another version was published. Raises
        StoreError.
        """
        if self._store.clock is not None and read_published_hash(self._store) not in ("", self._in_use):
            return True  # on a server
        if self._refused is not None and self._may_begin(self._refused):
            return True
        signature = tuple(map(_read_file_state, self._files))
        if signature == self._signature:
            return False
        self._signature, before = signature, self._digest
        self._digest = _compute_digest(self._files)
        return self._digest != before

    def _may_begin(self, instrument: Instrument) -> bool:
        try:
            check_may_begin(self._store, instrument)
        except StoreError:
            raise
        except UserError:
            return False
        return True

    def reread(self, study: OpenStudy) -> OpenStudy:
        """Return the study with the current questionnaire, plan and people; its database stays open.

        Raises UserError where a file has errors, the questionnaire is another one or has changes of meaning that nobody
        has accepted, or the person who works here is no longer listed; and StoreError.
        """
        self._refused = None
        instrument = open_instrument(study.path)
        version = find_version_in_force(study.store, instrument, study.path)
        instrument = version.instrument
        people = load_people(study.path, study.where, self._people)
        if instrument.id != study.instrument.id:
            what = f"the questionnaire is now {instrument.id}, but this station works on {study.instrument.id}"
            raise UserError(study.path, what, "leave the station and start it again")
        try:
            check_may_begin(study.store, instrument)
        except StoreError:
            raise
        except UserError:
            self._refused = instrument
            raise
        who = people.find(study.who.login)
        if who is None:
            remedy = f"ask a supervisor to add you to {PEOPLE_FILE}"
            raise UserError(study.who.login, "is no longer on the study's list of people", remedy)
        plan, notice = Plan.from_instrument(instrument), version.notice
        reopened = replace(study, instrument=instrument, plan=plan, people=people, who=who, notice=notice)
        self._files, self._in_use = self._list_files(reopened), instrument.hash
        return reopened


def _read_file_state(file: Path) -> tuple[int, int, int] | None:
    """Return the time of the last change, size and inode of a file; None where it cannot be read."""
    try:
        state = os.stat(file)
    except (OSError, ValueError):
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _compute_digest(files: Iterable[Path]) -> bytes:
    digest = blake2b(digest_size=16)
    for file in files:
        try:
            content = file.read_bytes()
        except (OSError, ValueError):
            content = b"\0"
        digest.update(b"%d:" % len(content))
        digest.update(content)
    return digest.digest()
