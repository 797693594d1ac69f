"""The seat that web asks of the spawner, and the program that runs in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from socket import socket
from typing import Final


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
    link_dialing: bool = False
    """Whether `d` hands the number to the page as a `tel:` link."""
    task: str = ""
    """For a desk: what is asked of it, as JSON."""


@dataclass(frozen=True, slots=True)
class SeatSide:
    """What a seat has of its surroundings, beside its standard input and output."""

    reports: socket
    """Reports to web, one JSON object a message, such as the case at hand or a number to dial."""
    messages: socket | None = None
    """The lines of a text page, or the answer of a desk. None on a terminal."""


SeatProgram = Callable[[SeatRequest, SeatSide], int]
"""Runs a seat in its own process, and returns the exit code."""
SeatPrograms = Mapping[Face, SeatProgram]
