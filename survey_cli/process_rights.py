"""The rights of this process outside of the study's database.

A command in a terminal may do all that its user may: start the dial command of the computer, write
files, open addresses. A seat in a browser may do none of this, whatever the environment says. It
belongs to a person far away, while the programs, files and addresses are the server's.
"""

import errno
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any, Final


class OutsideAct(Enum):
    """Something that a process can do outside of the study's database; and in words."""

    START_PROGRAM = "start a program"
    WRITE_FILE = "write a file"
    OPEN_ADDRESS = "open an address"


@dataclass(frozen=True, slots=True)
class ProcessRights:
    """What a process may do outside of the study's database."""

    acts: frozenset[OutsideAct]
    folder: str = ""
    """The only folder in which files may be written, with its links followed; empty for all."""

    def allow(self, act: OutsideAct) -> bool:
        """Return whether this may be done."""
        return act in self.acts

    def allow_files(self, paths: Iterable[object]) -> bool:
        """Return whether these files may be written, changed or removed."""
        if not self.allow(OutsideAct.WRITE_FILE):
            return False
        if not self.folder:
            return True
        return all(self._has(path) for path in paths)

    def _has(self, path: object) -> bool:
        """Return whether a file is in the folder, also after links are followed."""
        if not isinstance(path, str | bytes | os.PathLike):
            # a descriptor: whoever opened it was asked
            return True
        # A path that is relative to an open folder becomes one that is refused.
        real = os.path.realpath(os.fsdecode(path))
        return os.path.commonpath((real, self.folder)) == self.folder


EVERYTHING: Final = ProcessRights(frozenset(OutsideAct))
"""What a command in a terminal may do."""
NOTHING: Final = ProcessRights(frozenset())
"""What a seat in a browser may do."""


def make_folder_rights(folder: str) -> ProcessRights:
    """Return what the making of a download may do: write files into its own temporary folder."""
    return ProcessRights(frozenset({OutsideAct.WRITE_FILE}), os.path.realpath(folder))


_current = EVERYTHING
_is_watched = False


def get_rights() -> ProcessRights:
    """Return what this process may do."""
    return _current


def confine(rights: ProcessRights) -> None:
    """Let this process do no more than this from now on.

    Python itself then refuses the rest with a PermissionError, also to libraries: the screenshots
    of a full screen, for example. It can't refuse what libraries in C do without Python; the
    database's are meant to. This is no protection against code from elsewhere.
    """
    global _current, _is_watched
    _current = rights
    if not _is_watched:
        # it can't be removed again, and is asked at every file that is opened
        sys.addaudithook(_refuse_acts)
        _is_watched = True


_STARTS_PROGRAM: Final = frozenset(
    {
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.system",
        "pty.spawn",
        "subprocess.Popen",
        "webbrowser.open",
    }
)
_OPENS_ADDRESS: Final = frozenset(
    {"socket.bind", "socket.connect", "socket.sendmsg", "socket.sendto", "urllib.Request"}
)
_CHANGES_FILE: Final = MappingProxyType(
    {
        "os.chmod": 1,
        "os.chown": 1,
        "os.link": 2,
        "os.mkdir": 1,
        "os.remove": 1,
        "os.rename": 2,
        "os.rmdir": 1,
        "os.symlink": 2,
        "os.truncate": 1,
        "os.utime": 1,
    }
)
"""How many paths their arguments begin with. `shutil` and `pathlib` come down to these."""
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _refuse_acts(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise PermissionError if this process may not do what Python is about to do."""
    refused = None
    if event == "open":
        path, _, flags = arguments
        is_writing = flags & _WRITING and not _is_no_file(path)
        if is_writing and not _current.allow_files((path,)):
            refused = OutsideAct.WRITE_FILE
    elif event in _CHANGES_FILE:
        if not _current.allow_files(arguments[: _CHANGES_FILE[event]]):
            refused = OutsideAct.WRITE_FILE
    elif event in _STARTS_PROGRAM:
        if not _current.allow(OutsideAct.START_PROGRAM):
            refused = OutsideAct.START_PROGRAM
    elif event in _OPENS_ADDRESS and not _current.allow(OutsideAct.OPEN_ADDRESS):
        refused = OutsideAct.OPEN_ADDRESS

    if refused is not None:
        raise PermissionError(errno.EPERM, f"a seat in the browser may not {refused.value}")


def _is_no_file(path: object) -> bool:
    """Return whether this is a descriptor that is open already, or takes what is discarded."""
    return isinstance(path, int) or path == os.devnull
