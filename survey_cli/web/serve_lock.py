"""The lock that keeps two `survey serve` from serving one study."""

import errno
import fcntl
import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from pwd import getpwuid
from types import TracebackType
from typing import IO

from survey_cli.problems import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who serves a study."""

    user: str
    """The account of the operating system."""
    process: int
    since: str
    """When it began, as it is shown."""


def describe_this_process(since: str) -> Holder:
    """Describe this process for those whom its lock keeps out."""
    return Holder(user=_name_account(os.getuid()), process=os.getpid(), since=since)


def _name_account(number: int) -> str:
    try:
        return getpwuid(number).pw_name
    except KeyError:
        return f"uid{number}"


class ServeLock:
    """A lock on a file, held as long as this process lives. Children don't inherit it.

    The system releases it however the process ends, so that no lock is left over.
    """

    def __init__(self, path: Path, study: str) -> None:
        """Lock with the file at `path`; `study` is its name in messages."""
        self._path = path
        self._study = study
        self._file: IO[str] | None = None

    @property
    def descriptor(self) -> int:
        """The descriptor that holds the lock, for the next version of the program."""
        assert self._file is not None
        return self._file.fileno()

    def take(self, holder: Holder, inherited: int | None = None) -> None:
        """Take the lock. Raises UserError if another process has it, with who and since when.

        `inherited` is the descriptor with which the version before this program has it. Opening and
        closing the file a second time would release the lock.
        """
        if inherited is not None:
            self._file = os.fdopen(inherited, "r+", encoding="utf-8")
            self._file.seek(0)
            _write_holder(self._file, holder)
            return

        # In the folder of a group, somebody else may have put a link to a file of ours there, which
        # would be overwritten.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            handle = os.open(self._path, flags, 0o600)
        except PermissionError as error:
            raise self._explain_foreign_file() from error
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise self._explain_link() from error
            what = f"the file {self._path} can't be written ({error.strerror})"
            raise UserError(self._study, what, "check the folder and the disk") from error
        if not _is_plain_file(handle):
            os.close(handle)
            raise self._explain_link()

        file = os.fdopen(handle, "r+", encoding="utf-8")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            described = _describe_holder(file.read())
            file.close()
            what = f"it is served already, by {described}"
            raise UserError(self._study, what, "end that server first (Ctrl+C)") from error

        self._file = file
        _write_holder(file, holder)

    def _explain_foreign_file(self) -> UserError:
        """Explain why the file can't be opened: another account made it, or owns the folder."""
        where = self._path
        if not where.exists():
            where = where.parent
        owner = _name_account(where.stat().st_uid)
        what = f"it can be served by the account {owner} only, to which {where} belongs"
        return UserError(self._study, what, f"start the server as {owner}")

    def _explain_link(self) -> UserError:
        what = f"the file {self._path} is a link, or no file at all"
        return UserError(self._study, what, "find out who made it, and delete it")

    def release(self) -> None:
        """Release the lock. The file stays: deleting it could delete the next holder's."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> "ServeLock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _write_holder(file: IO[str], holder: Holder) -> None:
    """Say who has the lock. On a full disk nobody is named; the lock holds nevertheless."""
    try:
        file.truncate(0)
        file.write(json.dumps(asdict(holder)))
        file.flush()
    except OSError:
        return


def _is_plain_file(handle: int) -> bool:
    """Whether an open file is one, and has no other name."""
    status = os.fstat(handle)
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def _describe_holder(text: str) -> str:
    try:
        holder = Holder(**json.loads(text))
    except (ValueError, TypeError):
        return "another process"
    return f"{holder.user} since {holder.since} (process {holder.process})"
