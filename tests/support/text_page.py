"""A text page without a browser: what a page receives from a seat, and what it sends."""

import json
import socket
from collections.abc import Callable
from threading import Thread
from time import monotonic
from typing import Any

PATIENCE = 30.0


class TextPage:
    """One page at the other end of a seat's socket; `seat` runs in a thread of its own."""

    def __init__(self, seat: Callable[[socket.socket], int]) -> None:
        self.connection, other = socket.socketpair()
        self.connection.settimeout(PATIENCE)
        self.code: int | None = None
        self.received: list[dict[str, Any]] = []
        self.lines: dict[int, dict[str, Any]] = {}
        """The lines of the log by their numbers."""
        self.ask: dict[str, Any] = {}
        """What is awaited."""
        self._buffer = b""
        self._thread = Thread(target=self._run, args=(seat, other), daemon=True)
        self._thread.start()

    def _run(self, seat: Callable[[socket.socket], int], connection: socket.socket) -> None:
        self.code = seat(connection)

    def send(self, **content: object) -> None:
        self.connection.sendall(json.dumps(content).encode() + b"\n")

    def enter(self, text: str, **changes: object) -> None:
        """Send an entry for what is awaited."""
        asked = {"seat": self.ask["seat"], "ask": self.ask["ask"]}
        self.send(type="entry", text=text, **{**asked, **changes})

    def receive(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            data = self.connection.recv(65536)
            assert data, "the seat has closed its socket"
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        self.received.append(message)
        if message["type"] == "lines":
            for number, sent in enumerate(message["lines"], message["first"]):
                self.lines[number] = sent
        elif message["type"] == "ask":
            self.ask = message
        return message

    def wait_for(self, kind: str) -> dict[str, Any]:
        """Receive messages until one of this kind."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            message = self.receive()
            if message["type"] == kind:
                return message
        raise AssertionError(f"no message {kind}")

    def answer(self, *texts: str) -> None:
        """Enter one line after the other, each once it is asked for."""
        for text in texts:
            self.enter(text)
            self.wait_for("ask")

    def say(self, role: str = "") -> list[str]:
        """Return the texts of the log, of one role or all, with their labels and keys."""
        texts = []
        for _, line in sorted(self.lines.items()):
            if role in ("", line["role"]):
                texts.append(describe(line))
        return texts

    def close(self) -> int | None:
        """Close the socket, wait for the seat, and return its exit code."""
        self.connection.close()
        self._thread.join(PATIENCE)
        return self.code


def describe(line: dict[str, Any]) -> str:
    words = "".join(text for text, _ in line["words"])
    parts = [line.get("label", ""), line.get("key", ""), words, *line.get("remarks", [])]
    return " | ".join(part for part in parts if part)
