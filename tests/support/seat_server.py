"""A spawner with real seats, whose web is the test itself.

The web that the spawner forks only hands its end of the connection to the test, and waits. So a
test opens seats through a `SeatLink` of its own, and can kill web or the spawner.
"""

import asyncio
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from support.forked_survey import PRELUDE
from support.programs import Program
from survey_cli.web.seats.messages import LineReader
from survey_cli.web.seats.seat_link import OpenSeat, SeatLink

TESTS = Path(__file__).parent.parent
SCRIPT = """
import importlib, os, sys
_tests, _programs, _prepare, _web, _address, _most_seats = sys.argv[1:]
sys.path.insert(0, _tests)

def _find(name):
    module, _, name = name.partition(":")
    return getattr(importlib.import_module(module), name)

if _prepare:
    _find(_prepare)()
from survey_cli.web.seats.spawner import Spawner
from support.seat_server import make_web
_code = Spawner(_find(_programs), make_web(_web, _address), most_seats=int(_most_seats)).run()
sys.stderr.flush()
os._exit(_code)
"""
PATIENCE = 60.0


def make_web(kind: str, address: str) -> Callable[[socket.socket], int]:
    """Return the program of web: one that hands its connection to the test, or one that fails."""

    def hand_over(connection: socket.socket) -> int:
        with socket.socket(socket.AF_UNIX) as to_test:
            to_test.connect(address)
            socket.send_fds(to_test, [str(os.getpid()).encode()], [connection.fileno()])
            connection.close()
            return int(to_test.recv(100) or b"0")

    def listen(connection: socket.socket) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        Path(address).with_name("port").write_text(str(listener.getsockname()[1]))
        return hand_over(connection)

    def fail(_: socket.socket) -> int:
        raise KeyError(address)

    def refuse(_: socket.socket) -> int:
        from survey_cli.problems import UserError

        raise UserError("--port 80", "the port is taken", "choose another one")

    return {"hand over": hand_over, "listen": listen, "fail": fail, "refuse": refuse}[kind]


class SeatServer:
    """A running spawner; ends with the block in which it is used.

    `programs` and `prepare` are names such as `support.seat_programs:PROGRAMS`. What is to be prepared is called
    before the first fork.
    """

    def __init__(
        self,
        folder: Path,
        programs: str = "support.seat_programs:PROGRAMS",
        prepare: str = "",
        prelude: str = PRELUDE,
        web: str = "hand over",
        most_seats: int = 200,
    ) -> None:
        address = str(folder / "web.socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        # a server may run as another user
        os.chmod(address, 0o777)
        self._listener.listen()
        self._listener.settimeout(PATIENCE)
        arguments = [str(TESTS), programs, prepare, web, address, str(most_seats)]
        self.spawner = Program(prelude, SCRIPT, arguments, cwd=folder)
        self.web_process = 0
        """The process of the web whose link was taken last."""
        self._web: socket.socket | None = None
        self.log = ""
        """What the server had logged at its end."""

    def __enter__(self) -> "SeatServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.spawner.poll() is None:
            # the second one ends its patience; two of the same could arrive as one
            self.spawner.send_signal(signal.SIGTERM)
            self.spawner.send_signal(signal.SIGINT)
        self.wait()
        self._listener.close()

    async def take_link(self) -> SeatLink:
        """Return the link of the web that was started last, when it knows the running seats."""
        self._web, _ = await asyncio.to_thread(self._listener.accept)
        data, descriptors, _, _ = socket.recv_fds(self._web, 100, 1)
        self.web_process = int(data)
        link = SeatLink(socket.socket(fileno=descriptors[0]))
        await link.start()
        return link

    def kill_web(self) -> None:
        os.kill(self.web_process, signal.SIGKILL)

    def end_web(self, code: int) -> None:
        """Have web return this exit code."""
        assert self._web is not None
        self._web.sendall(str(code).encode())

    def wait(self) -> int:
        """Wait for the end of the spawner; returns its exit code."""
        if self.spawner.returncode is None:
            _, self.log = self.spawner.communicate(timeout=PATIENCE)
        assert self.spawner.returncode is not None
        return self.spawner.returncode


async def read_until(seat: OpenSeat, text: str) -> str:
    """Read the seat's terminal until this text was written; returns what was read."""
    shown = b""
    until = time.monotonic() + PATIENCE
    while text.encode() not in shown:
        assert time.monotonic() < until, f"{text!r} is not in {shown!r}"
        shown += await _read_terminal(seat)
    return shown.decode()


async def read_to_end(seat: OpenSeat) -> str:
    """Read the seat's terminal until the seat has closed it; returns what was read."""
    shown = b""
    with suppress(OSError):
        while data := await _read_terminal(seat, may_end=True):
            shown += data
    return shown.decode()


async def _read_terminal(seat: OpenSeat, *, may_end: bool = False) -> bytes:
    assert seat.terminal is not None
    for _ in range(int(PATIENCE * 100)):
        if select.select([seat.terminal], [], [], 0)[0]:
            return os.read(seat.terminal, 65536)
        await asyncio.sleep(0.01)
    assert may_end
    return b""


def key(seat: OpenSeat, text: str) -> None:
    """Key a text at the seat's terminal."""
    assert seat.terminal is not None
    os.write(seat.terminal, text.encode())


async def read_line(connection: socket.socket) -> dict[str, Any]:
    """Return the next JSON object that a seat sends, if it sends one at a time."""
    reader = LineReader()
    loop = asyncio.get_running_loop()
    while True:
        data = await asyncio.wait_for(loop.sock_recv(connection, 65536), PATIENCE)
        assert data, "the seat has ended"
        for content in reader.feed(data):
            return content


async def wait_until(is_true: Callable[[], object]) -> None:
    """Wait until this is true."""
    until = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < until
        await asyncio.sleep(0.01)


def is_running(process: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] not in "ZX"
