"""The seat that web asks of the spawner, and the program that runs in it."""

import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum
from socket import socket
from types import MappingProxyType
from typing import Any, Final


class Face(Enum):
    """What a seat shows, and through what."""

    SCREEN = "screen"
    """The full screen of a station, on a pseudo-terminal."""
    TEXT = "text"
    """The lines of a station, as messages on a socket."""
    BOARD = "board"
    """The board of a supervisor, on a pseudo-terminal."""
    DESK = "desk"
    """One request of a supervisor's page, such as a download, on a socket; then it ends."""


FACES_ON_TERMINALS: Final = frozenset((Face.SCREEN, Face.BOARD))
"""Their standard input and output are a pseudo-terminal. The others have a socket."""


class SeatPlace(Enum):
    """Where a seat is. A supervisor may have a station and a board at the same time."""

    STATION = "station"
    BOARD = "board"
    DESK = "desk"


PLACES: Final = MappingProxyType(
    {
        Face.SCREEN: SeatPlace.STATION,
        Face.TEXT: SeatPlace.STATION,
        Face.BOARD: SeatPlace.BOARD,
        Face.DESK: SeatPlace.DESK,
    }
)
"""The place of each face. A person has one seat at a place: another face takes over from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRequest:
    """One seat that web asks for. The person has been signed in by web."""

    person: str
    """The login of whoever sits there."""
    face: Face
    practice: bool = False
    """Whether only practice may be done here."""
    zone: str = ""
    """The time zone of the browser, such as `Europe/Berlin`; empty if it named none."""
    columns: int = 80
    rows: int = 24
    """The size of the terminal, for faces on terminals."""
    task: str = ""
    """For a desk: what is asked of it, as JSON."""


UPDATE_SIGNAL: Final = signal.Signals.SIGUSR1
"""Tells the spawner that the program was updated; the spawner tells it to the seats."""
ENDED_FOR_UPDATE: Final = 75
"""Exit code of a seat that has ended so that its person goes on in the new version."""
COLUMNS: Final = range(60, 301)
ROWS: Final = range(20, 101)
"""Sizes of terminals. A browser could ask for any, and each cell takes memory in the seat."""
MOST_LETTERS: Final = 200
"""The longest name of a person or a zone."""
MOST_TASK_LETTERS: Final = 16_000
"""Twelve bytes each in JSON at most, which is less than a message may have."""
ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
"""The form of a time zone's name. Others could name any file of the server."""


def clamp_size(columns: int, rows: int) -> tuple[int, int]:
    """Return the nearest size that a terminal may have."""
    return (
        min(max(columns, COLUMNS[0]), COLUMNS[-1]),
        min(max(rows, ROWS[0]), ROWS[-1]),
    )


def encode_request(request: SeatRequest) -> dict[str, Any]:
    """Return a request as JSON."""
    return {**asdict(request), "face": request.face.value}


def decode_request(content: object) -> SeatRequest:
    """Return the request that web sent; raises ValueError if it is none.

    web reads what browsers send, so the spawner doesn't trust it.
    """
    if not isinstance(content, dict):
        raise ValueError("a request is a JSON object")

    values = dict(content)
    values["face"] = Face(values.get("face"))
    known = {field.name: field for field in fields(SeatRequest)}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{name} is no part of a request")
        if type(value) is not known[name].type:
            raise ValueError(f"{name} has a value of another type")
        most_letters = MOST_TASK_LETTERS if name == "task" else MOST_LETTERS
        if isinstance(value, str) and len(value) > most_letters:
            raise ValueError(f"{name} is too long")
    if not values.get("person"):
        raise ValueError("a seat is for a person")
    zone = values.get("zone")
    if zone and ZONE.fullmatch(zone) is None:
        raise ValueError(f"{zone!r} is no time zone")

    request = SeatRequest(**values)
    columns, rows = clamp_size(request.columns, request.rows)
    return SeatRequest(**{**values, "columns": columns, "rows": rows})


@dataclass(frozen=True, slots=True)
class SeatEnd:
    """How a seat ended."""

    code: int | None
    """The exit code of its program; None if a signal ended it."""
    signal: int | None = None
    sentence: str = ""
    """What the person should read if the program failed."""
    is_for_update: bool = False
    """Whether its person goes on in a seat of the new version of the program."""


@dataclass(frozen=True, slots=True)
class SeatSide:
    """What a seat has of its surroundings, beside its standard input and output."""

    reports: socket
    """Reports to web, one JSON object a message, such as the case at hand or a number to dial."""
    messages: socket | None = None
    """The lines of a text page, or the answer of a desk. None on a terminal."""
    folder: str = ""
    """For a desk: the only folder it writes to, which is removed when it ends."""
    is_updated: Callable[[], bool] = lambda: False
    """Returns whether the program was updated, so that a station ends after the case at hand."""


SeatProgram = Callable[[SeatRequest, SeatSide], int]
"""Runs a seat in its own process, and returns the exit code."""
SeatPrograms = Mapping[Face, SeatProgram]
