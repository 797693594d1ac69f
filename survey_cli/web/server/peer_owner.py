"""The owner of the other end of a connection over the loopback address.

Another user of this computer can open our port. Cookies don't help there: a browser sends those of
one port to all other ports of the same address, such as one on which that user listens.
"""

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Final

_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL_COLUMN: Final = 1
_REMOTE_COLUMN: Final = 2
_USER_COLUMN: Final = 7
_INODE_COLUMN: Final = 9
NO_INODE: Final = "0"
NOBODY: Final = -1
"""The owner of a connection that its program has closed. The system calls it root's."""


def is_foreign_user(peer: tuple[str, int], own: tuple[str, int]) -> bool:
    """Return whether another user of this computer opened the connection `peer` → `own`.

    Unknown owners count as one's own, such as on systems without `/proc`: the key of the link is
    then the only guard. So does root, who could read this process anyway. Whoever has closed the
    connection counts as another user: nobody reads the answer, and it may have been anybody.
    """
    owner = find_owner(peer, own)
    return owner is not None and owner not in (0, os.geteuid())


def find_owner(peer: tuple[str, int], own: tuple[str, int]) -> int | None:
    """Return the user id that opened the connection, or None if the system doesn't tell.

    It is NOBODY once the other end has closed the connection.
    """
    local = _write_address(peer)
    remote = _write_address(own)
    for table in _TABLES:
        try:
            lines = table.read_text("ascii").splitlines()
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            # As mapped into IPv6, the address is the last part of a longer one.
            is_connection = columns[_LOCAL_COLUMN].endswith(local) and columns[
                _REMOTE_COLUMN
            ].endswith(remote)
            if not is_connection:
                continue
            if columns[_INODE_COLUMN] == NO_INODE:
                return NOBODY
            return int(columns[_USER_COLUMN])
    return None


def _write_address(address: tuple[str, int]) -> str:
    """Write an IPv4 address and port as in the table: `0100007F:1F90` for 127.0.0.1:8080."""
    host, port = address
    number = int.from_bytes(ip_address(host).packed, sys.byteorder)
    return f"{number:08X}:{port:04X}"
