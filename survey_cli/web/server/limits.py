"""Sizes, times and numbers that one side may ask of the server."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MAX_KEYS: Final = 10_000
"""So many addresses or sessions are remembered; the one that was seen longest ago is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    body: int = 64 * 1024
    """Forms have a few fields; nothing is uploaded."""
    body_time: float = 20
    """How long a body may take to arrive."""
    head: int = 8 * 1024
    """The request line, and each header. aiohttp limits the number of headers to 128."""
    idle_time: float = 75
    """How long a connection may stay without a request, or with one whose head isn't complete.

    Longer than the keep-alive of a proxy: nginx closes after 60 s, and a connection must not be
    closed here while the proxy begins to use it."""
    stalled_time: float = 60
    """How long a browser may take nothing of what is sent to it."""
    connections: int = 2_000
    """If there are more, the one that has been idle longest is closed. Seats are never idle."""
    sockets: int = 120
    """How many sockets one session may open at once, and …"""
    sockets_per_second: float = 2
    """… how many more in the long run. A page that lost its line tries again and again."""


class RateLimit:
    """A budget for each key that fills up again: `burst` at once, then `per_second`."""

    def __init__(self, *, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._budgets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Key → what was left, and when. The key seen longest ago comes first."""

    def take(self, key: str, now: float) -> bool:
        """Take one from the key's budget, at a time in seconds; return whether one was left."""
        left, since = self._budgets.get(key, (self._burst, now))
        refilled = min(self._burst, left + (now - since) * self._per_second)
        is_allowed = refilled >= 1
        if is_allowed:
            refilled -= 1

        self._budgets[key] = (refilled, now)
        self._budgets.move_to_end(key)
        if len(self._budgets) > MAX_KEYS:
            self._budgets.popitem(last=False)
        return is_allowed
