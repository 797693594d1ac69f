"""Files of SQLite databases: checks of folders and files, locks, atomic creation.

Nothing here opens a database.
"""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Final

from survey_cli.problems import StoreError

_FILE_SYSTEMS: Final = Path(__file__).with_name("local_file_systems.txt")
LOCAL_FILE_SYSTEMS: Final = frozenset(_FILE_SYSTEMS.read_text(encoding="utf-8").split())
"""File systems that one computer mounts alone, by the kernel's names. Others may be shared by
several computers (nfs4, cifs, 9p, virtiofs, fuse.sshfs), which do not see each other's locks."""

LOCAL_FILE_SYSTEMS_VARIABLE: Final = "SURVEY_LOCAL_FILE_SYSTEMS"
"""The environment variable with further types that this computer mounts alone, separated by
commas."""

UNFINISHED_SUFFIX: Final = ".new"
"""The end of the name of a file that is being created."""

GROUP_FOLDER_MODE: Final = 0o2770
GROUP_FILE_MODE: Final = 0o660
GROUP_LIST_MODE: Final = 0o640
"""Modes of a folder, a database and a list of people for the members of a group, who only read a
list. SQLite's -wal and -shm files have the mode of the database."""


def find_file_system(folder: Path) -> str:
    """Return the kernel's name of a folder's file system (`ext4`, `nfs4`), or an empty text."""
    try:
        text = Path("/proc/self/mountinfo").read_bytes().decode(errors="surrogateescape")
    except OSError:
        return ""
    return find_mounted_file_system(text, str(folder.resolve()))


def find_mounted_file_system(mountinfo: str, path: str) -> str:
    """Return the file system of a path from the text of /proc/self/mountinfo (see proc(5)).

    It is that of the longest mount point that contains the path, the later of two on one point.
    """
    longest = -1
    file_system = ""
    for line in mountinfo.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue

        # spaces and other separators in the name of a folder are octal numbers here
        point = fields[4]
        for escape, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
            point = point.replace(escape, letter)
        contains_path = path == point or path.startswith(point.rstrip("/") + "/")
        if contains_path and len(point) >= longest:
            longest = len(point)
            file_system = after.split(" ")[0]
    return file_system


def is_read_only(file: Path) -> bool:
    """Whether a database file exists and can be read, and it or its folder can't be written."""
    is_writable = has_access(file, os.W_OK) and has_access(file.parent, os.W_OK | os.X_OK)
    return file.is_file() and has_access(file, os.R_OK) and not is_writable


def check_folder(folder: Path, *, where: str, written: bool = True) -> None:
    """Check that a folder can contain a database that is read and, with `written`, written.

    Raises StoreError.
    """
    if not folder.is_dir():
        what = "does not exist"
        if folder.exists():
            what = "is not a folder"
        raise StoreError(
            where, f"the folder {folder} {what}", "create it, or specify another folder"
        )

    kind = find_file_system(folder)
    declared = os.environ.get(LOCAL_FILE_SYSTEMS_VARIABLE, "").split(",")
    is_local = kind in LOCAL_FILE_SYSTEMS or kind in declared
    if kind and not is_local:
        raise StoreError(
            where,
            f"the folder is on a file system that other computers may share ({kind}), and there"
            " one computer can't be kept from overwriting another's answers",
            "keep the database on a disk of this computer; for several computers, use a database"
            " server; if only this computer mounts it, set"
            f" {LOCAL_FILE_SYSTEMS_VARIABLE}={kind}",
        )

    if written and not has_access(folder, os.W_OK | os.X_OK):
        raise StoreError(
            where,
            f"you have no permission to write to the folder {folder}",
            "make it writable for you",
        )


def check_file(path: Path, *, where: str) -> None:
    """Check that a file can be read and written. Raises StoreError."""
    if not path.is_file():
        raise StoreError(where, "is not a file", "specify another file")
    if not has_access(path, os.R_OK):
        raise StoreError(
            where, "the file can't be read", "make it readable for you, or ask its owner"
        )
    if not has_access(path, os.W_OK):
        raise StoreError(
            where, "the file is read-only", "make it writable for you, or ask its owner"
        )


def resolve_link(path: str | Path) -> Path:
    """Return the file to which a symbolic link leads.

    Files that belong to it are beside it, not beside the link.
    """
    file = Path(path)
    if file.is_symlink():
        return file.resolve()
    return file


def check_no_hard_link(path: Path, *, where: str) -> None:
    """Check that a file has no second name (a hard link). Raises StoreError.

    Each name would have a log of its own, and what is written under one overwrites what is written
    under the other.
    """
    while True:
        status = path.stat()
        if status.st_nlink <= 1:
            return

        # A file that is just being created has a temporary name beside it.
        temporary_names = [
            other
            for other in path.parent.glob(f".{path.name}.*{UNFINISHED_SUFFIX}")
            if _is_same_file(other, status)
        ]
        if len(temporary_names) + 1 >= status.st_nlink:
            return

        # unless a temporary name has gone meanwhile: then everything is looked at again
        if path.stat().st_nlink >= status.st_nlink:
            raise StoreError(
                where,
                "the file has a second name (a hard link); programs that use both names overwrite"
                " each other's answers",
                "remove the other name, or make a copy instead; it is found by:"
                f" find / -xdev -samefile {path}",
            )


def _is_same_file(path: Path, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(path.stat(), status)
    except OSError:
        return False


@contextlib.contextmanager
def lock_folder(folder: Path, *, alone: bool) -> Iterator[None]:
    """Context manager in which no program upgrades a database of this folder.

    With `alone`, no program opens one either.
    """
    import fcntl

    kind = fcntl.LOCK_SH
    if alone:
        kind = fcntl.LOCK_EX
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)


def has_access(path: Path, mode: int) -> bool:
    """Whether the effective user has access to a path, as `os.access`."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def is_shared_by_group(folder: Path) -> bool:
    """Whether a folder is shared by a group: it writes there, and new files belong to it."""
    mode = folder.stat().st_mode
    return bool(mode & stat.S_ISGID) and bool(mode & stat.S_IWGRP)


def create_atomically(
    path: Path, write: Callable[[Path], None], *, where: str, group_mode: int = GROUP_FILE_MODE
) -> bool:
    """Create a file so that other programs see all of it or nothing.

    `write` writes it under a temporary name in the same folder, which is then linked into place.
    Returns False where another program has created the file meanwhile; that one stays. Raises
    StoreError.
    """
    try:
        # only its owner can read it (0600), also while it is written
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=UNFINISHED_SUFFIX, dir=path.parent
        )
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            if is_shared_by_group(path.parent):
                temporary.chmod(group_mode)
            # unlike a rename, a link never replaces a file that another program has created
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            for ending in ("", "-wal", "-shm", "-journal"):
                Path(name + ending).unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise _translate_error(error, where) from error
    return True


def iterate_free_names(path: Path, label: str) -> Iterator[Path]:
    """Yield names beside a file that no file has: `asu.label.db`, `asu.label-2.db` and so on."""
    for number in count(1):
        numbered_label = label
        if number > 1:
            numbered_label = f"{label}-{number}"
        free = path.with_name(f"{path.stem}.{numbered_label}{path.suffix}")
        if not free.exists():
            yield free


def sync_folder(folder: Path) -> None:
    """Write the entries of a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _translate_error(error: OSError, where: str) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StoreError(where, "the disk is full", "free some space on it, then try again")
    if error.errno in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
        what = "the file system can't link a finished file into place"
        return StoreError(
            where, what, "keep the database on a disk of this computer (ext4, xfs, btrfs, apfs)"
        )
    what = f"the file can't be created ({error.strerror})"
    return StoreError(where, what, "choose another folder, or check the disk")
