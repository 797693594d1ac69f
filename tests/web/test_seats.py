"""Seats are processes of their own: what they have, how they end, and what outlives web."""

import asyncio
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from support.scale import SCALE
from support.seat_programs import NOBODY, SECRET
from support.seat_server import (
    SeatServer,
    is_running,
    key,
    read_line,
    read_to_end,
    read_until,
    wait_until,
)
from survey_cli.web.seats.messages import MOST_BYTES, encode_line
from survey_cli.web.seats.seat_link import OpenSeat, SeatError, SeatLink
from survey_cli.web.seats.seat_request import (
    Face,
    SeatEnd,
    SeatRequest,
    decode_request,
    encode_request,
)

Test = Callable[[SeatServer, SeatLink], Awaitable[None]]


def screen(task: str = "", person: str = "ann", **given: str | int) -> SeatRequest:
    return SeatRequest(person=person, face=Face.SCREEN, task=task, **given)  # type: ignore[arg-type]


def text(task: str = "") -> SeatRequest:
    return SeatRequest(person="ann", face=Face.TEXT, task=task)


def run(folder: Path, test: Test, **how: Any) -> SeatServer:
    """Run a test with a server of its own; returns the server, which has ended."""

    async def act(server: SeatServer) -> None:
        await test(server, await server.take_link())

    with SeatServer(folder, **how) as server:
        asyncio.run(act(server))
    return server


def note_ends(link: SeatLink) -> dict[str, SeatEnd]:
    """Note how seats end, in what is returned; their descriptors stay open."""
    ends: dict[str, SeatEnd] = {}

    def note(seat: OpenSeat, end: SeatEnd) -> None:
        ends[seat.id] = end

    link.on_ended = note
    return ends


def test_a_seat_talks_through_its_terminal(tmp_path: Path) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(screen())
        assert link.list_seats() == [seat]
        await read_until(seat, "seat of ann")
        key(seat, "17\n")
        await read_until(seat, "got 17")

        key(seat, "q\n")
        await wait_until(lambda: ends)
        assert ends == {seat.id: SeatEnd(0)}
        assert link.list_seats() == []
        # what it wrote last is still there
        assert "bye" in await read_to_end(seat)

    run(tmp_path, test)


def test_a_seat_talks_through_its_socket(tmp_path: Path) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(text())
        assert seat.messages is not None
        seat.messages.send(encode_line({"text": "é"}))
        assert await read_line(seat.messages) == {"count": 1, "text": "é"}

        await link.end(seat.id)
        await wait_until(lambda: ends)
        # it read the end of its input, and returned
        assert ends == {seat.id: SeatEnd(4)}

    run(tmp_path, test)


def test_web_is_killed_and_the_next_one_has_every_seat(tmp_path: Path) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        on_terminal = await link.open(screen())
        on_socket = await link.open(text())
        await read_until(on_terminal, "seat of ann")
        assert on_socket.messages is not None
        # half a line, as a web that is killed may leave it
        on_socket.messages.send(b'{"text": "ha')
        link.keep_notes({"port": 8011})
        key(on_terminal, "before\n")

        server.kill_web()
        await wait_until(lambda: link.is_lost)
        with pytest.raises(SeatError, match="must be started again"):
            await link.open(screen())
        link.close()

        after = await server.take_link()
        assert after.notes == {"port": 8011}
        again = {seat.id: seat for seat in after.list_seats()}
        assert again.keys() == {on_terminal.id, on_socket.id}
        seat = again[on_terminal.id]
        assert (seat.request, seat.since, seat.process) == (
            on_terminal.request,
            on_terminal.since,
            on_terminal.process,
        )
        # written while no web was there to read it
        await read_until(seat, "got before")
        key(seat, "after\n")
        await read_until(seat, "got after")

        talk = again[on_socket.id].messages
        assert talk is not None
        talk.send(encode_line({"text": "whole"}))
        assert await read_line(talk) == {"count": 1, "text": "whole"}

    server = run(tmp_path, test)
    assert "is started again; the seats go on" in server.log


def test_a_killed_seat_is_reported(tmp_path: Path) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(screen())
        other = await link.open(screen())
        os.kill(seat.process, signal.SIGKILL)
        await wait_until(lambda: ends)
        assert ends == {seat.id: SeatEnd(None, signal.SIGKILL)}
        assert link.list_seats() == [other]

    run(tmp_path, test)


def test_seats_and_web_end_with_a_killed_spawner(tmp_path: Path) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        seats = [await link.open(screen()), await link.open(text())]
        lost = []
        link.on_lost = lambda: lost.append(True)
        server.spawner.kill()
        await wait_until(lambda: lost)
        for process in [server.web_process, *(seat.process for seat in seats)]:
            await wait_until(lambda: not is_running(process))  # noqa: B023

    run(tmp_path, test)


def test_a_server_that_is_told_to_end_ends_its_seats_first(tmp_path: Path) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seats = [await link.open(screen()), await link.open(text())]
        server.spawner.send_signal(signal.SIGTERM)
        await wait_until(lambda: link.is_stopping)
        with pytest.raises(SeatError, match="is being stopped"):
            await link.open(screen())
        await wait_until(lambda: len(ends) == 2)
        assert ends == {
            seats[0].id: SeatEnd(None, signal.SIGHUP),
            seats[1].id: SeatEnd(4),
        }
        assert await asyncio.to_thread(server.wait) == 0
        assert not is_running(server.web_process)

    run(tmp_path, test)


def test_a_seat_that_does_not_end_is_killed(
    tmp_path: Path,
) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(screen("stay"))
        await read_until(seat, "staying")
        server.spawner.send_signal(signal.SIGINT)
        await wait_until(lambda: link.is_stopping)
        # Ctrl+C again
        server.spawner.send_signal(signal.SIGINT)
        await wait_until(lambda: ends)
        assert ends == {seat.id: SeatEnd(None, signal.SIGKILL)}

    run(tmp_path, test)


@pytest.mark.parametrize("face", [Face.SCREEN, Face.TEXT])
def test_what_a_seat_has(tmp_path: Path, face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        # others, of which the second must inherit nothing
        await link.open(screen())
        await link.open(text())
        given = SeatRequest(
            person="ann", face=face, task="describe", zone="Asia/Tokyo", columns=61, rows=1000
        )
        seats = [await link.open(given), await link.open(given)]
        first, second = [await read_line(seat.reports) for seat in seats]

        on_terminal = face is Face.SCREEN
        streams = first["descriptors"][:3]
        if on_terminal:
            assert streams[0].startswith("/dev/pts/")
            assert streams == [streams[0]] * 3
            rest = ["pipe", "socket"]
        else:
            assert streams == ["/dev/null"] * 3
            rest = ["pipe", "socket", "socket"]
        assert sorted(first["descriptors"][3:]) == rest
        assert first["parent"] == server.spawner.pid
        assert first["session"]
        assert first["controls"] is on_terminal
        assert first["size"] == ([61, 100] if on_terminal else [])
        assert first["umask"] == 0o077
        assert first["core"] == [0, 0]
        assert first["inspectable"] == 0
        assert first["files"] == [256, 256]
        assert 0 < first["data"][0] < 2**30
        assert first["zone"] == ["JST", "JST"]
        assert first["threads"] == 1
        assert all(first["handlers"])
        assert first["environment"] == {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "TZ": "Asia/Tokyo",
        }
        assert first["random"] != second["random"]

    run(tmp_path, test)


def test_a_seat_does_nothing_outside_of_the_database(tmp_path: Path) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        seat = await link.open(screen("escape"))
        results = await read_line(seat.reports)
        del results["folder"]
        program = "a seat in the browser may not start a program"
        file = "a seat in the browser may not write a file"
        address = "a seat in the browser may not open an address"
        assert results == {
            "run": program,
            "system": program,
            "spawn": program,
            "fork": program,
            "connect": address,
            "write": file,
            "append": file,
            "create": file,
            "remove": file,
            "temporary file": file,
            "screenshot": file,
            "database": "done",
            "discard": "done",
        }

    (tmp_path / "asked").touch()
    run(tmp_path, test)
    assert {file.name for file in tmp_path.iterdir()} == {"asked", "seat.db", "web.socket"}


def test_a_desk_has_a_folder_that_goes_with_it(tmp_path: Path) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(SeatRequest(person="sue", face=Face.DESK, task="escape"))
        results = await read_line(seat.reports)
        folder = Path(results["folder"])
        assert folder.name.startswith("survey-desk-")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert results["temporary file"] == "done"
        for outside in ("write", "append", "create", "remove", "screenshot"):
            assert results[outside].endswith("write a file")
        assert results["run"].endswith("start a program")
        assert results["connect"].endswith("open an address")

        (folder / "left behind").touch()
        os.kill(seat.process, signal.SIGKILL)
        await wait_until(lambda: ends)
        await wait_until(lambda: not folder.exists())

    (tmp_path / "asked").touch()
    run(tmp_path, test)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        (
            "fail",
            "this is a bug in survey (KeyError); what was confirmed is stored — open the seat again",
        ),
        ("refuse", "study.yaml: the study is closed — ask your supervisor"),
        ("take memory", "this seat needed more memory than a seat may have — open it again"),
    ],
)
def test_a_failure_is_a_sentence(tmp_path: Path, task: str, sentence: str) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(screen(task))
        await wait_until(lambda: ends)
        assert ends[seat.id] == SeatEnd(1, sentence=sentence)
        # no traceback reaches the browser
        assert await read_to_end(seat) == ""

    server = run(tmp_path, test)
    assert SECRET not in server.log
    assert ("in fail" in server.log) is (task == "fail")


def test_what_fails_on_a_thread_is_in_the_log(tmp_path: Path) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(screen("fail on a thread"))
        await wait_until(lambda: ends)
        assert ends[seat.id] == SeatEnd(0)
        assert await read_to_end(seat) == ""

    server = run(tmp_path, test)
    assert "builtins.KeyError (its message is left out)" in server.log
    assert SECRET not in server.log


def test_what_a_seat_wrote_is_read_after_its_end(tmp_path: Path) -> None:
    async def test(_: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        seat = await link.open(screen("paint"))
        shown = await read_to_end(seat)
        await wait_until(lambda: ends)
        assert shown.splitlines()[-1] == "line 4999"
        assert shown.count("\n") == 5000

    run(tmp_path, test)


def test_a_server_has_so_many_seats(tmp_path: Path) -> None:
    async def test(server: SeatServer) -> None:
        link = await server.take_link()
        await link.open(screen())
        await link.open(screen())
        with pytest.raises(SeatError, match="this server has 2 seats, all taken"):
            await link.open(screen())
        with pytest.raises(SeatError, match="no seats of the kind board"):
            await link.open(SeatRequest(person="sue", face=Face.BOARD))

    with SeatServer(tmp_path, most_seats=2) as server:
        asyncio.run(test(server))


def test_a_web_that_always_fails_ends_the_server(tmp_path: Path) -> None:
    with SeatServer(tmp_path, web="fail") as server:
        assert server.wait() == 1
    assert server.log.count("is started again") == 4
    assert "failed 5 times within a minute" in server.log
    assert str(tmp_path) not in server.log


def test_a_web_that_cannot_begin_says_why(tmp_path: Path) -> None:
    with SeatServer(tmp_path, web="refuse") as server:
        assert server.wait() == 1
    assert server.log == "--port 80: the port is taken — choose another one\n"


def test_a_web_that_returns_ends_the_server(tmp_path: Path) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        ends = note_ends(link)
        await link.open(text())
        server.end_web(7)
        link.close()
        assert await asyncio.to_thread(server.wait) == 7
        assert not ends

    run(tmp_path, test)


def test_no_seat_keeps_the_port_of_a_killed_web(tmp_path: Path) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        port = int((tmp_path / "port").read_text())
        seat = await link.open(screen())
        await read_until(seat, "seat of ann")
        with socket.create_connection(("127.0.0.1", port)):
            server.kill_web()
            await wait_until(lambda: not is_running(server.web_process))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        assert is_running(seat.process)

    run(tmp_path, test, web="listen")


def can_start_python(user: int) -> bool:
    """Return whether another user can start this Python, which may be in root's home."""
    command = [sys.executable, "-c", "import asyncio"]
    try:
        started = subprocess.run(
            command, user=user, group=user, extra_groups=[], stderr=subprocess.DEVNULL
        )
    except PermissionError:
        return False
    return started.returncode == 0


@pytest.mark.skipif(os.getuid() != 0, reason="needs another user's rights, to give them up")
def test_no_process_of_the_same_user_looks_into_a_seat(tmp_path: Path) -> None:
    if not can_start_python(NOBODY):
        pytest.skip("another user cannot read the files of this Python")

    def look(process: int, file: str) -> bool:
        """Return whether a user without rights can open this file of a process."""
        command = ["head", "-c", "0", f"/proc/{process}/{file}"]
        opened = subprocess.run(
            command, user=NOBODY, group=NOBODY, extra_groups=[], stderr=subprocess.DEVNULL
        )
        return opened.returncode == 0

    async def test(server: SeatServer, link: SeatLink) -> None:
        seat = await link.open(screen("stay"))
        await read_until(seat, "staying")
        for process in (seat.process, server.web_process, server.spawner.pid):
            assert os.stat(f"/proc/{process}/status").st_uid in (0, NOBODY)
            assert look(process, "status")
            assert not look(process, "environ")
            assert not look(process, "mem")

    # a folder that this user can reach
    with TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o777)
        run(Path(folder), test, prepare="support.seat_programs:become_nobody")


def test_many_seats_leave_nothing_behind(tmp_path: Path) -> None:
    async def open_and_end(link: SeatLink, ends: dict[str, SeatEnd], count: int) -> None:
        seats = []
        for number in range(count):
            face = (Face.SCREEN, Face.TEXT, Face.DESK)[number % 3]
            seats.append(await link.open(SeatRequest(person=f"p{number}", face=face)))
        for seat in seats:
            seat.resize(80, 25)
            await link.end(seat.id)
        await wait_until(lambda: all(seat.id in ends for seat in seats))

    async def test(server: SeatServer, link: SeatLink) -> None:
        ends: dict[str, SeatEnd] = {}

        def note(seat: OpenSeat, end: SeatEnd) -> None:
            ends[seat.id] = end
            seat.close()

        link.on_ended = note
        await open_and_end(link, ends, 12)
        before = measure(server.spawner.pid)
        for _ in range(5 * SCALE):
            await open_and_end(link, ends, 12)
        after = measure(server.spawner.pid)
        assert after.descriptors == before.descriptors
        assert after.own_descriptors == before.own_descriptors
        assert after.children == before.children == 1
        assert after.kilobytes < before.kilobytes + 500

    run(tmp_path, test)


class Measured(NamedTuple):
    descriptors: int
    own_descriptors: int
    children: int
    kilobytes: int


def measure(process: int) -> Measured:
    """Measure what a process has, and the descriptors of the test itself."""
    status = Path(f"/proc/{process}/smaps_rollup").read_text()
    private = [int(line.split()[1]) for line in status.splitlines() if line.startswith("Private_")]
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return Measured(
        len(os.listdir(f"/proc/{process}/fd")),
        len(os.listdir("/proc/self/fd")),
        len(children),
        sum(private),
    )


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"person": "ann", "face": "window"},
        {"person": "", "face": "screen"},
        {"person": "ann", "face": "screen", "columns": "80"},
        {"person": "ann", "face": "screen", "columns": True},
        {"person": "ann", "face": "screen", "root": True},
        {"person": "a" * 201, "face": "screen"},
        {"person": "ann", "face": "screen", "zone": "/etc/passwd"},
        {"person": "ann", "face": "screen", "zone": "../../etc/passwd"},
        {"person": "ann", "face": "desk", "task": "x" * 16_001},
    ],
)
def test_what_is_no_request_is_refused(request_: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        decode_request(request_)


def test_a_request_arrives_as_it_was_sent() -> None:
    sent = SeatRequest(
        person="ann", face=Face.DESK, zone="America/Argentina/Ushuaia", task="\U0001f600" * 16_000
    )
    text = json.dumps(encode_request(sent))
    assert len(text) < MOST_BYTES
    assert decode_request(json.loads(text)) == sent


def test_the_spawner_outlives_what_a_broken_web_sends(tmp_path: Path) -> None:
    async def test(server: SeatServer, link: SeatLink) -> None:
        seat = await link.open(screen())
        broken = [
            b"\xff" * 100,
            struct.pack(">IB", 100_000, 0) + b"[" * 100_000,
            struct.pack(">IB", 2, 3) + b"{}",
        ]
        for data in broken:
            link._channel._connection.send(data)
            await wait_until(lambda: link.is_lost)  # noqa: B023
            link.close()
            server.kill_web()
            link = await server.take_link()
            assert [again.id for again in link.list_seats()] == [seat.id]

        for content in (
            {"type": "open"},
            {"type": []},
            {"type": "end", "seat": {}},
            {"type": "notes", "notes": 1},
        ):
            link._send(content)
        assert (await link.open(text())).request == text()

    run(tmp_path, test)
