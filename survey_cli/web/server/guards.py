"""Checks that every request must pass, and the answers to those that don't.

`guard_application` puts the guards before all routes of an application, also before those that
don't exist. What the pages do on top of it, such as asking for a session, is their own.
"""

import asyncio
import errno
import hashlib
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from survey_cli.problems import StoreError, UserError
from survey_cli.web.server.doors import (
    Door,
    LoopbackDoor,
    UntrustedRequestError,
    get_client,
    remember_client,
)
from survey_cli.web.server.guarded_server import describe_failure
from survey_cli.web.server.limits import Limits, RateLimit
from survey_cli.web.server.peer_owner import is_foreign_user
from survey_cli.web.server.refusals import (
    Explanation,
    RefusalError,
    answer_refusal,
    explain_status,
)
from survey_cli.web.server.security_headers import add_headers

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

READING_METHODS: Final = frozenset((hdrs.METH_GET, hdrs.METH_HEAD))
"""Methods that change nothing. All others need the origin of our own pages."""
FULL_DISK: Final = frozenset((errno.ENOSPC, errno.EDQUOT))
_FOLDERS: Final = re.compile(r"(?<![\w:/<.])/(?:[^\s/,;:'\"<>]+/)+(?=[^\s/])")
"""The folders of an absolute path: its file keeps its name."""

log = logging.getLogger("survey_cli.web")


def guard_application(app: web.Application, door: Door, limits: Limits) -> None:
    """Put the guards before everything that the application answers."""
    guards = Guards(door, limits)
    # The first middleware is the outermost: it also sees what the others raise.
    app.middlewares.insert(0, guards.answer)
    app.on_response_prepare.append(add_headers)


class Guards:
    """The checks of one door, and the answers to requests that fail them."""

    def __init__(self, door: Door, limits: Limits) -> None:
        self._door = door
        self._limits = limits
        self._sockets = RateLimit(burst=limits.sockets, per_second=limits.sockets_per_second)

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the request in, or answer why not; answer also if it fails."""
        try:
            self._check_address(request)
            self._check_client(request)
            self._check_origin(request)
            if is_socket(request):
                self._count_socket(request)
            await self._read_body(request)
            response = await handler(request)
        except asyncio.CancelledError:
            raise
        except web.HTTPException as error:
            if error.status < HTTPStatus.BAD_REQUEST:
                _log_answer(request, error.status)
                raise
            response = self._answer_http_error(request, error)
        except Exception as error:
            # Half an answer can't become another one.
            if request.writer.output_size > 0:
                if not isinstance(error, ConnectionError):
                    log.error("an answer was broken off: %s", describe_failure(error))
                raise ConnectionError("the answer has begun already") from None
            response = self._answer_failure(request, error)

        _log_answer(request, response.status)
        return response

    def _check_address(self, request: web.Request) -> None:
        # A request for `http://other.example/` names its host in its first line, and proxies
        # send no such requests. A page that led to `//other.example` again would leave the server.
        path = request.raw_path
        is_plain = path.startswith("/") and not path.startswith(("//", "/\\"))
        hosts = request.headers.getall(hdrs.HOST, [])
        is_own = len(hosts) == 1 and self._door.allows_host(hosts[0])
        if not (is_plain and is_own):
            raise RefusalError(
                HTTPStatus.MISDIRECTED_REQUEST,
                "This server doesn't answer under this address.",
                "Open the address that you were given, or the link that `survey serve` printed.",
                reason="foreign Host",
            )

    def _check_client(self, request: web.Request) -> None:
        try:
            client = self._door.identify_client(request)
        except UntrustedRequestError as error:
            raise RefusalError(
                HTTPStatus.FORBIDDEN,
                "The proxy of this server isn't set up correctly.",
                "Open the address with https://, or tell whoever runs the server.",
                reason=str(error),
            ) from error
        remember_client(request, client)

        if isinstance(self._door, LoopbackDoor) and _is_from_foreign_user(request):
            raise RefusalError(
                HTTPStatus.FORBIDDEN,
                "This server belongs to another user of this computer.",
                "Start your own: survey serve",
                reason="another user of this computer",
            )

    def _check_origin(self, request: web.Request) -> None:
        changes_something = is_socket(request) or not is_reading(request)
        if changes_something:
            is_allowed = self._is_from_own_page(request)
        else:
            is_allowed = not _is_embedded_elsewhere(request)
        if not is_allowed:
            raise RefusalError(
                HTTPStatus.FORBIDDEN,
                "This didn't come from a page of this server.",
                "Open the first page, and try again from there.",
                reason="foreign Origin",
            )

    def _is_from_own_page(self, request: web.Request) -> bool:
        own = f"{self._door.scheme}://{request.headers[hdrs.HOST]}"
        origins = request.headers.getall(hdrs.ORIGIN, [])
        if origins == [own]:
            return True

        # Our `Referrer-Policy: no-referrer` makes browsers call the origin of a form `null`, as
        # that of a sandboxed frame on a foreign site. This header tells the two apart, and no
        # script can set it.
        is_form = origins == ["null"] and not is_socket(request)
        return is_form and request.headers.get("Sec-Fetch-Site") == "same-origin"

    def _count_socket(self, request: web.Request) -> None:
        # The session is in the cookie. Whether it is valid is asked later.
        session = request.headers.get(hdrs.COOKIE) or get_client(request).network
        key = hashlib.sha256(session.encode("utf-8", "surrogateescape")).hexdigest()
        if not self._sockets.take(key, asyncio.get_running_loop().time()):
            raise RefusalError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "This page has connected too often in a short time.",
                "Wait a minute; then it goes on.",
                reason="sockets of one session",
            )

    async def _read_body(self, request: web.Request) -> None:
        """Read a body before the page is asked: completely, and in bounded time and size.

        A request for a socket has none. One that has a body nevertheless is bounded as all others.
        """
        if not request.body_exists:
            return
        length = request.content_length or 0
        if length > self._limits.body:
            raise RefusalError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                *_get_words(HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
            )
        try:
            async with asyncio.timeout(self._limits.body_time):
                body = await request.read()
        except TimeoutError as error:
            raise RefusalError(
                HTTPStatus.REQUEST_TIMEOUT, *_get_words(HTTPStatus.REQUEST_TIMEOUT)
            ) from error
        if not _is_plain_text(request, body):
            raise RefusalError(HTTPStatus.BAD_REQUEST, *_get_words(HTTPStatus.BAD_REQUEST))

    def _answer_http_error(
        self, request: web.Request, error: web.HTTPException
    ) -> web.StreamResponse:
        response = self._answer(request, error.status, explain_status(error.status))
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response

    def _answer_failure(self, request: web.Request, error: Exception) -> web.StreamResponse:
        if isinstance(error, RefusalError):
            if error.reason:
                log.info("%s %s: %s", request.method, name_route(request), error.reason)
            return self._answer(request, error.status, error.explanation)

        if isinstance(error, StoreError) or _is_full_disk(error):
            # Its words name files of this computer, so they are for whoever runs the server.
            log.error("nothing can be stored: %s", error)
            explanation = Explanation(
                "The server can't store anything now.",
                "Nothing that it confirmed is lost. Tell whoever runs the server, and try again.",
            )
            return self._answer(request, HTTPStatus.SERVICE_UNAVAILABLE, explanation)

        if isinstance(error, UserError):
            what = _write_for_browser(error.what)
            explanation = Explanation(
                f"{what[:1].upper()}{what[1:]}.", _write_for_browser(error.remedy)
            )
            return self._answer(request, HTTPStatus.CONFLICT, explanation)

        incident = secrets.token_hex(3)
        log.error("incident %s: %s", incident, describe_failure(error))
        explanation = Explanation(
            "Something failed on the server.",
            f"Answers that were confirmed are stored. Try again; if it fails again, "
            f"tell whoever runs the server: incident {incident}.",
        )
        return self._answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, explanation)

    def _answer(
        self, request: web.Request, status: int, explanation: Explanation
    ) -> web.StreamResponse:
        # An unread body would be taken for the next request.
        close = request.can_read_body
        accept = request.headers.get(hdrs.ACCEPT, "")
        return answer_refusal(status, explanation, accept=accept, close=close)


def is_reading(request: web.Request) -> bool:
    """Whether the method of the request changes nothing."""
    return request.method in READING_METHODS


def is_socket(request: web.Request) -> bool:
    """Whether the request asks for a WebSocket. aiohttp asks in the same way, also with blanks."""
    return request.headers.get(hdrs.UPGRADE, "").lower().strip() == "websocket"


def name_route(request: web.Request) -> str:
    """Name what was asked for, for the log: the route without what is filled in, nor a query."""
    resource = request.match_info.route.resource
    if resource is None:
        return "(no such page)"
    return resource.canonical


def _log_answer(request: web.Request, status: int) -> None:
    """Log what changed something, and what failed."""
    if status >= HTTPStatus.BAD_REQUEST or not is_reading(request):
        log.info("%s %s: %d", request.method, name_route(request), status)


def _is_embedded_elsewhere(request: web.Request) -> bool:
    """Whether another site asks for a page of ours as its image, script or frame."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return site in ("cross-site", "same-site") and mode != "navigate"


def _is_plain_text(request: web.Request, body: bytes) -> bool:
    """Whether a body is of a kind that our pages send: a simple form or JSON, in UTF-8.

    Python knows encodings that need minutes for a long text, and some that are no text at all.
    """
    is_multipart = request.content_type.startswith("multipart/")
    charset = request.charset or "utf-8"
    if is_multipart or charset.lower() != "utf-8":
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_from_foreign_user(request: web.Request) -> bool:
    transport = request.transport
    if transport is None:
        return False
    peer = transport.get_extra_info("peername")
    own = transport.get_extra_info("sockname")
    return is_foreign_user(peer[:2], own[:2])


def _is_full_disk(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in FULL_DISK


def _write_for_browser(text: str) -> str:
    """Return a message without folders of this computer, and without controls that it quotes."""
    without_folders = _FOLDERS.sub("", text)
    return "".join(letter if letter.isprintable() else "?" for letter in without_folders)


def _get_words(status: HTTPStatus) -> tuple[str, str]:
    explanation = explain_status(status)
    return explanation.what, explanation.remedy
