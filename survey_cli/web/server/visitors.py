"""Visitors of a page: the person who is signed in, if somebody is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A person who is signed in."""

    person: str
    """The login."""
    practice: bool = False
    """Whether this person reaches practice only."""
    zone: str = ""
    """The time zone of this person's seats; empty for that of the browser."""
    since: datetime | None = None
    """When this person signed in. The first page says nothing of seats before that."""
    can_sit: bool = True
    """Whether this person has a seat at all. Coders and analysts have none."""
    manages_accounts: bool = False
    """Whether this person invites others."""
    sees_seats: bool = False
    """Whether this person sees who sits where."""
    sees_board: bool = False
    """Whether this person sees the board."""
    downloads: bool = False
    """Whether this person downloads data or reports."""
    can_sign_out: bool = True
    """Whether the page offers to sign out. On one's own computer there is nothing to sign out of.
    """


class VisitorFinder(Protocol):
    """Finds out who asks.

    A finder for tests, to which everybody is the same person:

    class OnePerson:
        sign_in_path = "/"

        async def find_visitor(self, request: web.Request) -> Visitor | None:
            return Visitor(person="ann")

        async def end_shift(self, request: web.Request, answer: web.Response) -> None:
            pass
    """

    @property
    def sign_in_path(self) -> str:
        """The page for whoever isn't signed in."""
        ...

    async def find_visitor(self, request: web.Request) -> Visitor | None:
        """Return who asks, or None for somebody who isn't signed in."""
        ...

    async def end_shift(self, request: web.Request, answer: web.Response) -> None:
        """Sign out whoever ended the shift at the seat; the answer to this request says so."""
        ...


VISITORS: web.AppKey[VisitorFinder] = web.AppKey("visitors")


async def find_visitor(request: web.Request) -> Visitor | None:
    """Return who asks, or None for somebody who isn't signed in."""
    return await request.app[VISITORS].find_visitor(request)


async def require_visitor(request: web.Request) -> Visitor:
    """Return who asks. Sends everybody else to the page for signing in."""
    visitor = await find_visitor(request)
    if visitor is None:
        raise web.HTTPSeeOther(request.app[VISITORS].sign_in_path)
    return visitor
