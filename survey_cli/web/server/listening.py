"""The sockets that the server listens on: a port on the loopback address, or a Unix socket.

Both are made before anything is served, and refused with a sentence if others could reach them.
"""

import errno
import os
import socket
import stat
from pathlib import Path
from typing import Final

from survey_cli.problems import UserError

LOOPBACK: Final = "127.0.0.1"
_OPEN_TO_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_OWNER_ONLY: Final = 0o600
_OWNER_AND_GROUP: Final = 0o660
_CONNECT_SECONDS: Final = 2.0
USE_A_SOCKET: Final = (
    "passwords and answers would travel unencrypted; for other computers, use --socket PATH "
    "behind a proxy that does TLS: `survey explain guides/running-a-server`"
)


def check_listening_address(address: str) -> None:
    """Refuse every address but that of this computer. Raises UserError."""
    if address not in (LOOPBACK, "localhost"):
        what = f"the server listens on {LOOPBACK} only, not on {address}"
        raise UserError("serve", what, USE_A_SOCKET)


def listen_on_port(port: int) -> socket.socket:
    """Listen on a port of the loopback address; 0 chooses a free one. Raises UserError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # After a restart, connections of the process before are still in TIME_WAIT. On Linux two
    # listeners are refused nevertheless.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise _explain_port_error(port, error) from error
    listener.setblocking(False)
    return listener


def _explain_port_error(port: int, error: OSError) -> UserError:
    where = f"port {port}"
    if error.errno == errno.EADDRINUSE:
        remedy = "choose another one with --port, or leave --port out for a free one"
        return UserError(where, "another program listens on it", remedy)
    if error.errno == errno.EACCES:
        remedy = "choose one from 1024 to 65535"
        return UserError(where, "ports below 1024 belong to the system", remedy)
    return UserError(where, f"the server can't listen there ({error.strerror})")


def listen_on_path(path: Path, *, group: str = "") -> socket.socket:
    """Listen on a Unix socket that this user can open, and the group if one is named.

    A socket that a dead server left is replaced. Raises UserError if others could open or replace
    the socket, or if a server listens there.
    """
    where = str(path)
    group_id = find_group(where, group)
    check_folder(where, path.absolute().parent)
    _remove_dead_socket(where, path)

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Without it, the socket would be open to others for a moment.
    old_mask = os.umask(0o177)
    try:
        listener.bind(where)
        if group_id is not None:
            # A hardened service may not change owners, and has the group already.
            if path.stat().st_gid != group_id:
                os.chown(path, -1, group_id)
            path.chmod(_OWNER_AND_GROUP)
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise _explain_path_error(where, group, error) from error
    finally:
        os.umask(old_mask)
    listener.setblocking(False)
    return listener


def find_group(where: str, group: str) -> int | None:
    """Return the number of the group, or None if none is named. Raises UserError."""
    import grp

    if not group:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError as error:
        what = f"this computer has no group {group}"
        raise UserError(where, what, "name the group that the proxy is in") from error


def check_folder(where: str, folder: Path) -> None:
    """Check that nobody else can put another socket in this one's place. Raises UserError.

    Whoever can write to the folder, or rename it, could receive passwords that are meant for us.
    """
    if not folder.is_dir():
        raise UserError(where, f"{folder} is no folder", "make it, or choose another one")
    folder = folder.resolve()
    own = folder.stat()
    if own.st_mode & _OPEN_TO_OTHERS:
        what = f"others may write to the folder {folder}, so they could replace the socket"
        remedy = "choose a folder of your own, such as /run/survey"
        if own.st_uid == os.geteuid() and not own.st_mode & stat.S_ISVTX:
            remedy = f"choose another one, or type: chmod go-w {folder}"
        raise UserError(where, what, remedy)

    trusted = (0, os.geteuid())
    for part in (folder, *folder.parents):
        status = part.stat()
        # In /tmp everybody may write, but not rename what belongs to others.
        is_open = status.st_mode & _OPEN_TO_OTHERS and not status.st_mode & stat.S_ISVTX
        if is_open or status.st_uid not in trusted:
            what = f"others may change the folder {part}, so they could replace the socket"
            raise UserError(where, what, "choose a folder below one that only you may change")


def _remove_dead_socket(where: str, path: Path) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(status.st_mode):
        remedy = "choose a path at which no file is"
        raise UserError(where, "a file is there that is no socket", remedy)
    if status.st_uid != os.geteuid():
        remedy = "choose another path, or have it deleted"
        raise UserError(where, "another user made this socket", remedy)
    if _is_answered(path):
        remedy = "end it first, or choose another path"
        raise UserError(where, "another server listens on this socket", remedy)
    path.unlink(missing_ok=True)


def _is_answered(path: Path) -> bool:
    """Whether a process listens. A socket whose process died refuses connections."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_SECONDS)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            # Its queue is full, for example: somebody is there.
            return True
    return True


def _explain_path_error(where: str, group: str, error: OSError) -> UserError:
    if "too long" in str(error):
        return UserError(
            where, "the path of a socket has at most 107 bytes", "choose a shorter one"
        )
    if error.errno == errno.EPERM and group:
        what = f"you may not give the socket to the group {group}"
        remedy = f"become a member of it: `sudo usermod -aG {group} USER`, then sign in again"
        return UserError(where, what, remedy)
    if error.errno in (errno.EACCES, errno.EROFS):
        return UserError(where, "you have no permission to make it", "choose another folder")
    return UserError(where, f"the socket can't be made ({error.strerror or error})")
