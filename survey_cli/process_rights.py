"""The rights of this process outside of the study's database.

A command in a terminal may do all that its user may: start the dial command of the computer, write
files, open addresses. A seat in a browser may do none of this, whatever the environment says. It
belongs to a person far away, while the programs, files and addresses are the server's.
"""

import errno
import os
import sys
from dataclasses import dataclass
from enum import Enum
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

    def allow(self, act: OutsideAct) -> bool:
        """Return whether this may be done."""
        return act in self.acts


EVERYTHING: Final = ProcessRights(frozenset(OutsideAct))
"""What a command in a terminal may do."""
TEMPORARY_FILES: Final = ProcessRights(frozenset({OutsideAct.WRITE_FILE}))
"""What the making of a download may do: an export is written to a file first."""
NOTHING: Final = ProcessRights(frozenset())
"""What a seat in a browser may do."""

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
_CHANGES_FILE: Final = frozenset(
    {
        "os.chmod",
        "os.chown",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
    }
)
"""`shutil` and `pathlib` come down to these."""
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _refuse_acts(event: str, arguments: tuple[Any, ...]) -> None:
    """Raise PermissionError if this process may not do what Python is about to do."""
    act = None
    if event == "open":
        path, _, flags = arguments
        if flags & _WRITING and not _is_no_file(path):
            act = OutsideAct.WRITE_FILE
    elif event in _STARTS_PROGRAM:
        act = OutsideAct.START_PROGRAM
    elif event in _OPENS_ADDRESS:
        act = OutsideAct.OPEN_ADDRESS
    elif event in _CHANGES_FILE:
        act = OutsideAct.WRITE_FILE

    if act is not None and not _current.allow(act):
        raise PermissionError(errno.EPERM, f"a seat in the browser may not {act.value}")


def _is_no_file(path: object) -> bool:
    """Return whether this is a descriptor that is open already, or takes what is discarded."""
    return isinstance(path, int) or path == os.devnull
