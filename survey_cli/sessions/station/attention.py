"""Attention of the interviewer at a station, from keys and answers: an open page is no work."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Final

STILL_THERE_AFTER: Final = timedelta(minutes=10)
"""Without a key for so long, the station asks whether somebody is still there."""
AWAY_AFTER: Final = timedelta(minutes=15)
"""Without an answer to that, a break begins: at the last key."""


class Presence(Enum):
    """Whether somebody sits at the station."""

    THERE = "there"
    ASKED = "asked"
    """No key for some time: the station asks."""
    AWAY = "away"
    """Nobody has answered."""


class Attention:
    """When the interviewer pressed a key last, and whether the station has asked since."""

    def __init__(self, at: datetime) -> None:
        self.last_key = at
        self.has_asked = False
        """The question was shown since the last key."""

    def note_key(self, at: datetime) -> None:
        """Note a key, or an answer of an interview."""
        self.last_key = at
        self.has_asked = False

    def find_presence(self, at: datetime) -> Presence:
        """Find whether somebody still sits there. A clock that was put back changes nothing."""
        silence = at - self.last_key
        if silence >= AWAY_AFTER:
            return Presence.AWAY
        if silence >= STILL_THERE_AFTER:
            return Presence.ASKED
        return Presence.THERE
