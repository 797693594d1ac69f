"""Reports of a seat to web, the last of which a new web asks for again."""

from collections.abc import Mapping
from contextlib import suppress
from socket import MSG_DONTWAIT, socket
from threading import Thread
from typing import Final

from survey_cli.web.seats.messages import encode_line

ASK_AGAIN: Final = encode_line({"type": "report"})
"""What a new web sends to each seat that it takes over: it doesn't know what is at hand there."""
MOST_BYTES: Final = 4096


class SeatReports:
    """Sends reports to web, and the last status once more if web asks.

    Web may ask in the middle of an interview, which waits for keys. So a thread listens. It does
    nothing else, and ends with the process.
    """

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._status = b""

    def listen(self) -> None:
        """Answer a new web from now on."""
        Thread(target=self._answer, daemon=True, name="reports").start()

    def send_status(self, report: Mapping[str, object]) -> None:
        """Send what is at hand. Raises OSError if web takes nothing now; a new web gets it."""
        self._status = encode_line(report)
        self._send(self._status)

    def send(self, report: Mapping[str, object]) -> None:
        """Send something else. Raises OSError if web takes nothing now."""
        self._send(encode_line(report))

    def _send(self, line: bytes) -> None:
        # A station doesn't wait for web.
        self._connection.send(line, MSG_DONTWAIT)

    def _answer(self) -> None:
        with suppress(OSError):
            while self._connection.recv(MOST_BYTES):
                if self._status:
                    with suppress(BlockingIOError):
                        self._send(self._status)
