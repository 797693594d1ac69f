"""The one visitor of a server on one's own computer: whoever has its link.

The key of the link stands behind `#`, which no browser sends or logs. A script of the first page
posts it. It can be used once, and gives the browser a cookie.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import compare_digest
from secrets import token_urlsafe
from typing import Any, Final

from aiohttp import web

from survey_cli.web.server.pages import render_page
from survey_cli.web.server.visitors import Visitor

COOKIE: Final = "__Host-survey-local"
"""Browsers take cookies of this kind over the loopback address without TLS, for this host only."""
ENTER_PATH: Final = "/enter"
MOST_SESSIONS: Final = 20


class LocalVisitor:
    """Lets in the browser that brought the key.

    `notes` are what the web before this one kept: a new web knows the link and the cookies, of
    which only digests are kept.
    """

    sign_in_path = ENTER_PATH

    def __init__(
        self,
        visitor: Visitor,
        notes: Mapping[str, Any],
        keep_notes: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._visitor = visitor
        self._keep_notes = keep_notes
        self._key_digest: str = notes.get("key", "")
        self._session_digests: list[str] = list(notes.get("sessions", ()))
        self.on_enter: Callable[[], None] = lambda: None
        """Called once the key was used."""

    def make_key(self) -> str:
        """Make the key of the link. The one before is no longer good for anything."""
        key = token_urlsafe(32)
        self._key_digest = _digest(key)
        self._keep()
        return key

    def add_routes(self, app: web.Application) -> None:
        """Add the page of the link."""
        app.router.add_get(ENTER_PATH, self._show_enter)
        app.router.add_post(ENTER_PATH, self._enter)

    async def find_visitor(self, request: web.Request) -> Visitor | None:
        """Return the visitor, if the browser has the cookie."""
        cookie = request.cookies.get(COOKIE, "")
        if not cookie:
            return None
        digest = _digest(cookie)
        for known in self._session_digests:
            if compare_digest(known, digest):
                return self._visitor
        return None

    async def end_shift(self, request: web.Request, answer: web.Response) -> None:
        """Do nothing: on one's own computer there is nothing to sign out of."""

    async def _show_enter(self, _request: web.Request) -> web.Response:
        return render_page("enter.html")

    async def _enter(self, request: web.Request) -> web.Response:
        key = _read_key(await request.text())
        is_right = bool(self._key_digest) and compare_digest(_digest(key), self._key_digest)
        if not is_right:
            if await self.find_visitor(request) is not None:
                # the link was opened a second time, in the same browser
                return web.Response(status=204)
            return web.Response(status=403)

        session = token_urlsafe(32)
        self._key_digest = ""
        self._session_digests.append(_digest(session))
        del self._session_digests[:-MOST_SESSIONS]
        self._keep()
        self.on_enter()

        response = web.Response(status=204)
        response.set_cookie(
            COOKIE, session, path="/", secure=True, httponly=True, samesite="Strict"
        )
        return response

    def _keep(self) -> None:
        self._keep_notes({"key": self._key_digest, "sessions": self._session_digests})


def _read_key(text: str) -> str:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(content, dict):
        return ""
    return str(content.get("key", ""))


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
