"""End of a web session: after a time without use, or after the longest time.

It never ends within an interview. The times are those of NIST SP 800-63B-4, 2.2.3 (an hour without
use) and of a long shift.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

IDLE_TIME: Final = timedelta(hours=1)
"""The time without a key, an answer or a request."""
LONGEST_TIME: Final = timedelta(hours=12)
USE_INTERVAL: Final = timedelta(minutes=1)
"""The last use is stored once in this time, not at every key."""
INVITATION_TIME: Final = timedelta(hours=48)
DEVICE_TIME: Final = timedelta(days=400)
"""A device is known for so long after its last sign-in. Browsers keep no cookie longer."""
LOG_TIME: Final = timedelta(days=365)
"""Entries of the log, with addresses, are kept for so long."""


DENIED_INTERVAL: Final = timedelta(minutes=1)
"""What somebody may not do is logged once in this time, however often it is tried."""


class SessionEnd(StrEnum):
    """Why a session ended, as it is stored."""

    IDLE = "not used"
    TOO_OLD = "too old"
    SIGNED_OUT = "signed out"
    SIGNED_OUT_EVERYWHERE = "signed out everywhere"
    PASSWORD = "password changed"
    RESET = "reset"
    DISABLED = "disabled"
    NOT_LISTED = "not on the list of people"
    NEEDS_INVITATION = "needs a new invitation"
    """The list has changed since the invitation was made; see `invitation_rules`."""


def find_session_end(
    *, began_at: datetime, used_at: datetime, at: datetime, in_interview: bool
) -> SessionEnd | None:
    """Return why a session is over at a time, or None if it goes on."""
    if in_interview:
        return None
    if at - began_at >= LONGEST_TIME:
        return SessionEnd.TOO_OLD
    if at - used_at >= IDLE_TIME:
        return SessionEnd.IDLE
    return None
