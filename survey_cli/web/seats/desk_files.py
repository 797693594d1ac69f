"""The file that a desk sends to web: one line of JSON about it, then its bytes, on one socket.

The desk ends after it. Web takes the bytes as fast as the browser does, and the desk waits for web.
"""

import asyncio
import json
import re
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any, Final

from survey_cli.problems import UserError
from survey_cli.study.permissions import NotPermittedError
from survey_cli.web.seats.messages import encode_line

CHUNK: Final = 64 * 1024
MOST_HEADER_BYTES: Final = 16 * 1024
NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")
MEDIA_TYPE: Final = re.compile(r"[a-z]+/[a-z0-9.+-]+(; charset=utf-8)?")


def describe_error(error: UserError) -> str:
    """Describe an error in sentences, without the file or the option that it names first."""
    sentence = f"{error.what[:1].upper()}{error.what[1:]}."
    if error.remedy:
        sentence = f"{sentence} {error.remedy[:1].upper()}{error.remedy[1:]}."
    return sentence


# In the desk


def send_file(connection: socket, file: Path, media_type: str) -> None:
    """Send a file, and wait until all of it is taken. It has no name any more from then on."""
    with file.open("rb") as content:
        # Even if this process and the spawner are killed, nothing is left.
        file.unlink()
        length = content.seek(0, 2)
        content.seek(0)
        header = {"name": file.name, "type": media_type, "length": length}
        connection.sendall(encode_line(header))
        connection.sendfile(content)


def send_refusal(connection: socket, error: UserError) -> None:
    """Say why there is no file, as a sentence for the person."""
    # JSON needs up to twelve bytes for a letter.
    sentence = describe_error(error)[: MOST_HEADER_BYTES // 16]
    is_denied = isinstance(error, NotPermittedError)
    connection.sendall(encode_line({"sentence": sentence, "denied": is_denied}))


# In web


class DeskRefusalError(Exception):
    """Why there is no file, as a sentence for the person."""

    def __init__(self, sentence: str, *, is_denied: bool = False) -> None:
        super().__init__(sentence)
        self.is_denied = is_denied
        """Whether the person's role may not have the file."""


class DeskLostError(Exception):
    """The desk has ended before it sent everything."""


@dataclass(frozen=True, slots=True)
class DeskFile:
    """What a desk says of the file that follows."""

    name: str
    media_type: str
    length: int


class DeskReader:
    """Reads what a desk sends, no faster than it is asked to.

    Example:
        reader = DeskReader(connection)
        file = await reader.read_header()
        while chunk := await reader.read_chunk():
            await response.write(chunk)
    """

    def __init__(self, connection: socket) -> None:
        """Read from a socket that doesn't block."""
        self._connection = connection
        self._first = b""
        self._left = 0

    async def read_header(self) -> DeskFile:
        """Wait for the file. Raises DeskRefusalError, or DeskLostError."""
        received = bytearray()
        while b"\n" not in received:
            received += await self._receive(MOST_HEADER_BYTES)
            if len(received) > MOST_HEADER_BYTES and b"\n" not in received:
                raise DeskLostError

        line, _, rest = bytes(received).partition(b"\n")
        file = _read_header_line(line)
        self._first = rest[: file.length]
        self._left = file.length
        return file

    async def read_chunk(self) -> bytes:
        """Return the next bytes, or none at the end of the file. Raises DeskLostError."""
        if self._first:
            chunk = self._first
            self._first = b""
        elif self._left:
            chunk = await self._receive(min(CHUNK, self._left))
        else:
            return b""
        self._left -= len(chunk)
        return chunk

    async def _receive(self, most: int) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            received = await loop.sock_recv(self._connection, most)
        except OSError as error:
            raise DeskLostError from error
        if not received:
            raise DeskLostError
        return received


def _read_header_line(line: bytes) -> DeskFile:
    """Return what the line says of the file. Raises DeskRefusalError, or DeskLostError."""
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    match content:
        case {"sentence": str(sentence), "denied": bool(is_denied)}:
            raise DeskRefusalError(sentence, is_denied=is_denied)
        case {"name": str(name), "type": str(media_type), "length": int(length)}:
            # They become headers of the answer.
            is_named = NAME.fullmatch(name) is not None
            is_typed = MEDIA_TYPE.fullmatch(media_type) is not None
            if is_named and is_typed and length >= 0:
                return DeskFile(name, media_type, length)
    raise DeskLostError
