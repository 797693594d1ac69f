"""The sockets of the server: who can open them, and what happens if there is one already."""

import grp
import os
import socket
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from support.command_line import run_survey
from survey_cli.problems import UserError
from survey_cli.web.serve_lock import Holder, ServeLock
from survey_cli.web.server.listening import check_listening_address, listen_on_path, listen_on_port

HOLDER = Holder(user="ann", process=os.getpid(), since="09:12")
TAKE = """\
import sys, time
from pathlib import Path
from survey_cli.web.serve_lock import Holder, ServeLock
lock = ServeLock(Path(sys.argv[1]), "study.yaml")
lock.take(Holder(user="ann", process=4711, since="09:12"))
print("taken", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a short path that only its owner can enter: paths of sockets are short."""
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "survey.example.org", ""])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(UserError) as refused:
        check_listening_address(address)
    assert "--socket PATH" in str(refused.value)
    assert "unencrypted" in str(refused.value)


def test_a_port_is_on_this_computer_only_and_free_again_after_the_end() -> None:
    with closing(listen_on_port(0)) as listener:
        address, port = listener.getsockname()
        assert address == "127.0.0.1"
        with pytest.raises(UserError, match=f"port {port}: another program listens on it"):
            listen_on_port(port)
        # a connection that is still open when the server ends
        client = socket.create_connection((address, port))
        served, _ = listener.accept()
    served.close()
    client.close()
    listen_on_port(port).close()


def test_a_socket_is_open_to_its_owner_only(folder: Path) -> None:
    with closing(listen_on_path(folder / "s")):
        assert stat.S_IMODE((folder / "s").stat().st_mode) == 0o600


def test_a_socket_is_open_to_the_group_that_is_named(folder: Path) -> None:
    name = grp.getgrgid(os.getgid()).gr_name
    with closing(listen_on_path(folder / "s", group=name)):
        status = (folder / "s").stat()
        assert stat.S_IMODE(status.st_mode) == 0o660
        assert status.st_gid == os.getgid()
    with pytest.raises(UserError, match="this computer has no group no-such-group"):
        listen_on_path(folder / "t", group="no-such-group")
    assert not (folder / "t").exists()


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777, 0o770])
def test_a_folder_in_which_others_write_is_refused(folder: Path, mode: int) -> None:
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(mode)
    with pytest.raises(UserError, match=r"others may write to the folder .* — choose"):
        listen_on_path(shared / "s")
    assert not list(shared.iterdir())

    below = shared / "below"
    below.mkdir(mode=0o700)
    if mode & stat.S_ISVTX:
        listen_on_path(below / "s").close()
    else:
        with pytest.raises(UserError, match="others may change the folder"):
            listen_on_path(below / "s")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user")
def test_a_folder_of_another_user_is_refused(folder: Path) -> None:
    theirs = folder / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, 65534, 65534)
    with pytest.raises(UserError, match="others may change the folder"):
        listen_on_path(theirs / "s")


def test_a_dead_socket_is_replaced_and_a_living_one_is_not(folder: Path) -> None:
    path = folder / "s"
    living = listen_on_path(path)
    with pytest.raises(UserError, match="another server listens on this socket"):
        listen_on_path(path)
    living.close()
    assert path.exists()
    listen_on_path(path).close()


def test_a_file_in_the_way_stays(folder: Path) -> None:
    path = folder / "answers.db"
    path.write_text("answers")
    with pytest.raises(UserError, match="a file is there that is no socket"):
        listen_on_path(path)
    assert path.read_text() == "answers"

    link = folder / "link"
    link.symlink_to(path)
    with pytest.raises(UserError, match="a file is there that is no socket"):
        listen_on_path(link)


def test_other_reasons_are_said(folder: Path) -> None:
    with pytest.raises(UserError, match="no folder — make it"):
        listen_on_path(folder / "missing" / "s")
    with pytest.raises(UserError, match="at most 107 bytes"):
        listen_on_path(folder / ("s" * 120))


def test_two_servers_of_one_study_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "serving"
    first = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "taken\n"
        second = ServeLock(path, "study.yaml")
        with pytest.raises(UserError) as refused:
            second.take(HOLDER)
        assert str(refused.value) == (
            "study.yaml: it is served already, by ann since 09:12 (process 4711) — "
            "end that server first (Ctrl+C)"
        )
    finally:
        # as a crash would: nothing is released by the process itself
        first.kill()
        first.wait()
        first.communicate()

    with second:
        second.take(HOLDER)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with ServeLock(path, "study.yaml") as again:
        again.take(HOLDER)


def test_a_lock_that_names_nobody_still_holds(tmp_path: Path) -> None:
    path = tmp_path / "serving"
    first = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout is not None
        first.stdout.readline()
        path.write_text("")
        with pytest.raises(UserError, match="it is served already, by another process"):
            ServeLock(path, "study.yaml").take(HOLDER)
    finally:
        first.kill()
        first.communicate()

    with pytest.raises(UserError, match="can't be written"):
        ServeLock(tmp_path / "missing" / "serving", "study.yaml").take(HOLDER)


@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "fifo"])
def test_a_lock_overwrites_no_file_that_somebody_linked(tmp_path: Path, kind: str) -> None:
    victim = tmp_path / "accounts.sqlite"
    path = tmp_path / ".field.served"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "hard link":
        victim.write_text("accounts")
        path.hardlink_to(victim)
    else:
        if kind == "link":
            victim.write_text("accounts")
        path.symlink_to(victim)

    with pytest.raises(UserError, match="is a link, or no file at all — find out who made it"):
        ServeLock(path, "study.yaml").take(HOLDER)
    assert not victim.exists() or victim.read_text() == "accounts"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--host", "0.0.0.0"], 1, "the server listens on 127.0.0.1 only, not on 0.0.0.0"),
        (["--bind", "::"], 1, "the server listens on 127.0.0.1 only, not on ::"),
        (["--socket", "s", "--port", "8000"], 2, "leave --port out"),
        (["--socket", "s", "--interviewer", "ann"], 2, "leave --interviewer out"),
        (["--user-header", "Remote-User"], 2, "add --socket PATH"),
        (["--socket-group", "survey"], 2, "add --socket PATH"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    _, errors = run_survey(tmp_path, "serve", "study.yaml", *options, code=code)
    assert words in errors
