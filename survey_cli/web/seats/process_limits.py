"""Limits that the operating system enforces on a process: looking into it, memory, descriptors.

Linux does all of this. Elsewhere, what the system lacks is left out.
"""

import ctypes
import os
import resource
import sys
from contextlib import suppress
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4


def end_with_parent(number: int, parent: int) -> None:
    """Have this signal sent to this process when its parent ends, however it ends."""
    _prctl(_PR_SET_PDEATHSIG, number)
    # it may have ended before that
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def forbid_inspection() -> None:
    """Keep other processes of the same user out of the memory, environment and files of this one.

    Without it, whoever runs as the server's user could read answers and passwords in `/proc`.
    """
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_memory(more_bytes: int) -> None:
    """Let this process take so much memory beyond what it has; then Python raises MemoryError."""
    # Not RLIMIT_AS: address space that is only reserved, such as that of threads, is no memory.
    limit = _read_data_bytes() + more_bytes
    _lower_limit(resource.RLIMIT_DATA, limit)


def limit_descriptors(most: int) -> None:
    """Let this process have so many files and sockets open."""
    _lower_limit(resource.RLIMIT_NOFILE, most)


def allow_descriptors(wanted: int) -> None:
    """Let this process have so many files and sockets open, if the system permits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    is_less = soft != resource.RLIM_INFINITY and soft < wanted
    if is_less:
        # macOS refuses more than its own limit, which it doesn't tell
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _lower_limit(kind: int, limit: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (limit, limit))


def _read_data_bytes() -> int:
    """Return the size of the memory that RLIMIT_DATA counts, as it is now."""
    with suppress(OSError, ValueError), open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[5])
        return pages * resource.getpagesize()
    return 0


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)
