"""File permissions that let a group of accounts share a study's databases on one computer."""

import os
from pathlib import Path

from survey_cli.problems import UserError
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.backends.sqlite.database_files import GROUP_FILE_MODE, GROUP_FOLDER_MODE, GROUP_LIST_MODE
from survey_cli.study.location import open_and_locate

SHARED_ENDINGS = (".db", ".db-wal", ".db-shm", ".db.key", ".csv")


def share_with_group(path: str, group: str, *, db: str | None = None) -> Path:
    """Give the folder of the databases, with every database and list in it, to the group.

    Its members can write the databases and read the lists, files made later belong to the group too, and nobody else
    has access. Returns the folder.
    """
    _, where = open_and_locate(path, db)
    if is_server_address(where):
        raise UserError(where, "a server has its own users", "give each interviewer a login there")
    number = _find_group_id(group)
    folder = Path(where).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, -1, number)
        folder.chmod(GROUP_FOLDER_MODE)
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.endswith(SHARED_ENDINGS):
                os.chown(file, -1, number)
                file.chmod(GROUP_LIST_MODE if file.suffix in (".csv", ".key") else GROUP_FILE_MODE)
    except OSError as error:
        remedy = f"ask its owner (who must be a member of the group {group}) or root to do this"
        raise UserError(
            str(error.filename or folder), f"its group cannot be changed ({error.strerror})", remedy
        ) from error
    return folder


def _find_group_id(group: str) -> int:
    try:
        from grp import getgrnam

        return getgrnam(group).gr_gid
    except (ImportError, KeyError):
        raise UserError("--group", f"this computer has no group {group!r}", f"create it: groupadd {group}") from None
