"""Settings that tie a database to its study: the study's identifier and the path of its questionnaire."""

import os
from pathlib import Path
from typing import Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.settings import KEEP_SETTING
from survey_cli.store.database import Store

STUDY_SETTING: Final = "study"
"""The setting with the identifier, 32 hexadecimal digits."""
NEW_STUDY: Final = "INSERT INTO settings (name, value) VALUES (?, lower(hex(randomblob(16)))) ON CONFLICT DO NOTHING"
QUESTIONNAIRE_SETTING: Final = "questionnaire"
"""The setting with the questionnaire's path as seen from the database, so that both can be moved together."""


class DifferentQuestionnaireError(StoreError):
    """The database belongs to another questionnaire of the same name."""


def check_origin(store: Store, questionnaire: Path, *, named: bool) -> None:
    """Store to which study the database belongs, where it is not stored yet.

    Raises DifferentQuestionnaireError where the database belongs to another file, unless the database was `named` with
    --db.
    """
    db = store.connector
    stored_path = store.settings.read(QUESTIONNAIRE_SETTING)
    if stored_path is None and not db.read_only:
        write_origin(store, questionnaire)
    elif stored_path is not None and not named and stored_path != _make_relative_path(db.where, questionnaire):
        file = Path(db.where).resolve()
        other = Path(os.path.normpath(file.parent / stored_path))
        publish = f"survey study publish {questionnaire} --db {db.where}"
        if other.exists():
            remedy = (
                "give this questionnaire another name (instrument:); if both are the same study, use"
                f" --db {db.where}, or replace the other file with this one: {publish}"
            )
        else:
            remedy = (
                f"if this is the same file, renamed or moved: {publish}; otherwise give it another name (instrument:)"
            )
        raise DifferentQuestionnaireError(
            str(file), f"it was made for another questionnaire of this name, {other}", remedy
        )


def write_origin(store: Store, questionnaire: Path) -> None:
    """Store that the database belongs to this questionnaire."""
    db = store.connector
    with db.transaction() as execute:
        execute(NEW_STUDY, (STUDY_SETTING,))
        execute(KEEP_SETTING, (QUESTIONNAIRE_SETTING, _make_relative_path(db.where, questionnaire)))


def _make_relative_path(database: str, questionnaire: Path) -> str:
    path = Path(os.path.relpath(questionnaire.resolve(), Path(database).resolve().parent)).as_posix()
    return os.fsencode(path).decode(errors="backslashreplace")  # a name need not be UTF-8
