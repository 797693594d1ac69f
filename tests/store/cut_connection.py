"""A connection to the tests' database server that can be cut at a chosen word."""

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from support import postgres_server


class Line:
    """Between a station and the server. When a message with the armed word comes by, the line breaks: before the
    server has it, or after the server has done it and before the station hears so."""

    def __init__(self, server: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="survey-line-"))
        self._server = server
        self._armed: tuple[bytes, bool] | None = None
        self._open: list[socket.socket] = []
        self._unheard: set[socket.socket] = set()
        self._door: socket.socket | None = None
        self.cuts = 0
        self.mend()

    def arm(self, word: bytes, *, heard: bool, dead: bool = False) -> None:
        """Break at this word; `heard` by the server or not; `dead`: nobody can connect from then on."""
        self._armed, self._dead = (word, heard), dead

    def mend(self) -> None:
        """The line stands, or stands again."""
        self._armed, self._dead = None, False
        (self.folder / ".s.PGSQL.5432").unlink(missing_ok=True)
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(self.folder / ".s.PGSQL.5432"))
        self._door.listen()
        threading.Thread(target=self._answer, args=(self._door,), daemon=True).start()

    def close(self) -> None:
        if self._door is not None:
            with suppress(OSError):
                self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
            self._door = None
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def _answer(self, door: socket.socket) -> None:
        while True:
            try:
                station, _ = door.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._open += [station, server]
            threading.Thread(target=self._carry, args=(station, server, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, station, False), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, to_server: bool) -> None:
        with suppress(OSError):
            while message := one.recv(1 << 20):
                if to_server and self._armed is not None and self._armed[0] in message:
                    self._cut(message, one, other, heard=self._armed[1])
                    return
                if one not in self._unheard:
                    other.sendall(message)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _cut(
        self, message: bytes, station: socket.socket, server: socket.socket, *, heard: bool
    ) -> None:
        self._armed = None
        self.cuts += 1
        if self._dead and self._door is not None:
            self._door.close()
            (self.folder / ".s.PGSQL.5432").unlink()
        if heard:
            # It does what it heard, then finds that nobody is there; the thread that carries its words drops them.
            self._unheard.add(server)
            server.sendall(message)
            server.shutdown(socket.SHUT_WR)
        else:
            for end in (station, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


@contextmanager
def line(place: str) -> Iterator[tuple[Line, str]]:
    """The line, and the address of the same study over it."""
    folder = postgres_server.find_data_folder(place)
    found = Line(f"{folder}/.s.PGSQL.5432")
    try:
        yield found, place.replace(str(folder), str(found.folder))
    finally:
        found.close()
        shutil.rmtree(found.folder)
