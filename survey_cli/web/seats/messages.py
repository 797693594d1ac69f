"""Messages between the processes of `survey serve`.

A `Channel` connects the spawner and web. Its messages are JSON objects, and can carry descriptors.
`LineReader` and `encode_line` are for the sockets between web and a seat: one JSON object a line.
"""

import array
import json
import os
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from socket import CMSG_SPACE, SCM_RIGHTS, SOL_SOCKET, socket
from typing import Any, Final, NamedTuple

MOST_BYTES: Final = 256 * 1024
"""A message of a channel, or a line of a seat, is no longer than this."""
MOST_WAITING: Final = 2000
"""Messages that a channel keeps while its other end doesn't read."""
MOST_DESCRIPTORS: Final = 8
_CHUNK: Final = 64 * 1024
_HEADER: Final = struct.Struct(">IB")
"""The length of the JSON text, and the number of descriptors that belong to it."""


class ChannelClosedError(Exception):
    """The other end has gone, does not read, or sent what is no message."""


class ChannelMessage(NamedTuple):
    """A message that was received; whoever takes it closes its descriptors."""

    content: dict[str, Any]
    descriptors: tuple[int, ...] = ()


class _Waiting(NamedTuple):
    text: bytes
    descriptors: tuple[int, ...]


class Channel:
    """One end of the connection between the spawner and web; it never blocks.

    The connection is a stream, because macOS has no sequence of packets between processes. The
    descriptors of a message travel with its first byte, so they have arrived when its last one has.
    """

    def __init__(self, connection: socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._outgoing: deque[_Waiting] = deque()
        self._incoming = bytearray()
        self._descriptors: deque[int] = deque()

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._connection.fileno()

    @property
    def has_waiting(self) -> bool:
        """Whether something waits until the other end reads: poll for writing, then `flush`."""
        return bool(self._outgoing)

    def send(self, content: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a message, now or when the other end reads. The caller keeps its descriptors."""
        if len(self._outgoing) >= MOST_WAITING:
            raise ChannelClosedError("the other end does not read")

        text = json.dumps(content).encode()
        if len(text) > MOST_BYTES:
            raise ValueError(f"a message of {len(text)} bytes is too long")
        copies = _copy(descriptors)
        frame = _HEADER.pack(len(text), len(copies)) + text
        self._outgoing.append(_Waiting(frame, copies))
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the other end takes it."""
        while self._outgoing:
            frame = self._outgoing[0]
            try:
                sent = self._send_part(frame)
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosedError(str(error)) from None

            _close(frame.descriptors)
            self._outgoing.popleft()
            if sent < len(frame.text):
                self._outgoing.appendleft(_Waiting(frame.text[sent:], ()))

    def _send_part(self, frame: _Waiting) -> int:
        ancillary = []
        if frame.descriptors:
            rights = array.array("i", frame.descriptors)
            ancillary.append((SOL_SOCKET, SCM_RIGHTS, rights))
        return self._connection.sendmsg([frame.text], ancillary)

    def receive(self) -> list[ChannelMessage]:
        """Return the messages that have arrived; raises `ChannelClosedError` at the end."""
        room = CMSG_SPACE(MOST_DESCRIPTORS * array.array("i").itemsize)
        while True:
            try:
                data, ancillary, _, _ = self._connection.recvmsg(_CHUNK, room)
            except BlockingIOError:
                break
            except OSError as error:
                raise ChannelClosedError(str(error)) from None

            self._keep_descriptors(ancillary)
            if not data:
                # what came before the end is still handed over; the next call raises
                messages = self._take_messages()
                if messages:
                    return messages
                raise ChannelClosedError("the other end has closed the connection")
            self._incoming += data
            if len(self._incoming) > 2 * MOST_BYTES:
                break
        return self._take_messages()

    def _keep_descriptors(self, ancillary: list[tuple[int, int, bytes]]) -> None:
        for level, kind, data in ancillary:
            if level != SOL_SOCKET or kind != SCM_RIGHTS:
                continue
            rights = array.array("i")
            rights.frombytes(data[: len(data) - len(data) % rights.itemsize])
            for descriptor in rights:
                os.set_inheritable(descriptor, False)
                self._descriptors.append(descriptor)

    def _take_messages(self) -> list[ChannelMessage]:
        messages = []
        while len(self._incoming) >= _HEADER.size:
            length, count = _HEADER.unpack_from(self._incoming)
            if length > MOST_BYTES:
                raise ChannelClosedError("a message is too long")
            end = _HEADER.size + length
            if len(self._incoming) < end:
                break

            text = bytes(self._incoming[_HEADER.size : end])
            del self._incoming[:end]
            messages.append(self._read_message(text, count))
        return messages

    def _read_message(self, text: bytes, count: int) -> ChannelMessage:
        if count > len(self._descriptors):
            raise ChannelClosedError("a descriptor got lost")
        descriptors = tuple(self._descriptors.popleft() for _ in range(count))
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            # a text of brackets only is nested too deeply
            content = None
        if not isinstance(content, dict):
            _close(descriptors)
            raise ChannelClosedError("a message is no JSON object")
        return ChannelMessage(content, descriptors)

    def close(self) -> None:
        """Close the connection, and the descriptors that have not been handed over."""
        self._connection.close()
        for frame in self._outgoing:
            _close(frame.descriptors)
        _close(self._descriptors)
        self._outgoing.clear()
        self._descriptors.clear()

    def abandon(self) -> None:
        """Forget the connection without closing it.

        For a forked process, in which its number may already belong to something else.
        """
        self._connection.detach()
        self._outgoing.clear()
        self._descriptors.clear()


def _copy(descriptors: Sequence[int]) -> tuple[int, ...]:
    """Copy descriptors, because the caller may close its own before the other end reads."""
    copies: list[int] = []
    try:
        # one after another, so that those before a failure are in the list
        copies.extend(os.dup(descriptor) for descriptor in descriptors)
    except OSError:
        _close(copies)
        raise
    return tuple(copies)


def _close(descriptors: Sequence[int] | deque[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def encode_line(content: Mapping[str, Any]) -> bytes:
    """Return a JSON object as one line, as `LineReader` reads it."""
    # JSON escapes line ends within texts
    return json.dumps(content).encode() + b"\n"


class LineReader:
    """Makes JSON objects of the bytes that arrive on a socket between web and a seat.

    What is no JSON object is skipped: if web is killed while it writes, the rest of its line is
    lost, and the next web begins with an empty one.

    Example:
        reader = LineReader()
        while data := connection.recv(65536):
            for content in reader.feed(data):
                handle(content)
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._rest = bytearray()
        self._is_too_long = False

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the objects whose lines are complete with these bytes."""
        objects = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._keep(line)
            content = self._take()
            if content is not None:
                objects.append(content)
        self._keep(rest)
        return objects

    def _keep(self, part: bytes) -> None:
        if len(self._rest) + len(part) > self._most_bytes:
            self._is_too_long = True
            self._rest.clear()
        if not self._is_too_long:
            self._rest += part

    def _take(self) -> dict[str, Any] | None:
        line = bytes(self._rest)
        is_too_long = self._is_too_long
        self._rest.clear()
        self._is_too_long = False
        if is_too_long:
            return None

        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(content, dict):
            return None
        return content
