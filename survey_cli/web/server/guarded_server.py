"""HTTP connections with bounded times and numbers, whatever is sent over them."""

import asyncio
import logging
import resource
import socket
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from survey_cli.web.server.limits import Limits
from survey_cli.web.server.refusals import answer_refusal, explain_status
from survey_cli.web.server.security_headers import FIXED_HEADERS, make_policy

SPARE_DESCRIPTORS: Final = 256
"""Descriptors that are kept for all but connections: seats, files, the accounts."""
WANTED_DESCRIPTORS: Final = 8_192
_LINGERING_TIME: Final = 2.0
"""Seconds in which the rest of a refused body is read, so that the browser can read the answer."""

log = logging.getLogger("survey_cli.web")


class GuardedConnection(web.RequestHandler):
    """A connection that counts itself, and that ends if nobody takes what is sent."""

    def __init__(self, server: "GuardedServer", **options: Any) -> None:
        super().__init__(server, **options)
        self._server = server
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._server.admit(self):
            cast(asyncio.Transport, transport).abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        self._server.forget(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        loop = asyncio.get_running_loop()
        self._stalled = loop.call_later(self._server.limits.stalled_time, self._give_up)

    def resume_writing(self) -> None:
        self._stop_waiting()
        super().resume_writing()

    def _stop_waiting(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _give_up(self) -> None:
        log.info("a connection was ended: its browser took nothing for a minute")
        if self.transport is not None:
            # What waits to be sent is thrown away: close() would go on waiting for it.
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 (it quotes what was sent)
    ) -> web.StreamResponse:
        """Answer what the guards never see: bytes that are no request."""
        if request.writer.output_size > 0:
            # The guards have noted why.
            raise ConnectionError("the answer has begun already")
        if isinstance(exc, HttpProcessingError):
            log.info("a request that isn't HTTP was refused (%s)", type(exc).__name__)
        else:
            log.error("a request failed: %s", describe_failure(exc))

        # No page: whoever sends this is no browser. The application adds no headers here.
        response = answer_refusal(status, explain_status(status), close=True)
        response.headers.update(FIXED_HEADERS)
        response.headers["Content-Security-Policy"] = make_policy(inline_styles=False)
        response.headers["Cache-Control"] = "no-store"
        return response


class GuardedServer(web.Server):
    """The connections of one socket. The one that was idle longest makes room for a new one."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        """Serve the requests of an application's server, within the limits."""
        self._answer: Callable[[Any], Awaitable[web.StreamResponse]] = server.request_handler
        super().__init__(self._answer_counted, request_factory=server.request_factory)
        self.limits = limits
        self._busy: set[GuardedConnection] = set()
        self._idle: OrderedDict[GuardedConnection, None] = OrderedDict()

    def __call__(self) -> web.RequestHandler:
        return GuardedConnection(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=self.limits.idle_time,
            max_line_size=self.limits.head,
            max_field_size=self.limits.head,
            lingering_time=_LINGERING_TIME,
            # Nobody sends us compressed forms, and what is small may become very large.
            auto_decompress=False,
            access_log=None,
        )

    def admit(self, connection: GuardedConnection) -> bool:
        """Count a new connection. Return False if all others are busy and it has to go."""
        count = len(self._busy) + len(self._idle)
        if count >= self.limits.connections:
            if not self._idle:
                log.warning("a connection was refused: %d are busy", count)
                return False
            oldest, _ = self._idle.popitem(last=False)
            if oldest.transport is not None:
                oldest.transport.abort()

        self._idle[connection] = None
        return True

    def forget(self, connection: GuardedConnection) -> None:
        self._busy.discard(connection)
        self._idle.pop(connection, None)

    async def _answer_counted(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, GuardedConnection)
        self._idle.pop(connection, None)
        self._busy.add(connection)
        try:
            return await self._answer(request)
        finally:
            # It may have been lost in the meantime, and is forgotten then.
            if connection in self._busy:
                self._busy.discard(connection)
                self._idle[connection] = None


class GuardedSite:
    """An application that answers on a socket. `start` begins, `close` ends all connections."""

    def __init__(self, app: web.Application, sock: socket.socket, limits: Limits) -> None:
        self._runner = web.AppRunner(app)
        self._socket = sock
        self._limits = limits
        self._server_runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Begin to answer."""
        descriptors = raise_descriptor_limit()
        connections = min(self._limits.connections, max(16, descriptors - SPARE_DESCRIPTORS))
        limits = replace(self._limits, connections=connections)

        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        self._server_runner = web.ServerRunner(GuardedServer(server, limits), shutdown_timeout=5)
        await self._server_runner.setup()
        await web.SockSite(self._server_runner, self._socket, backlog=512).start()

    async def close(self) -> None:
        """Take no new request, and end what goes on."""
        if self._server_runner is not None:
            # First: sockets of pages are told to end by the application's own shutdown.
            await self._runner.app.shutdown()
            await self._server_runner.cleanup()
        await self._runner.cleanup()


def raise_descriptor_limit() -> int:
    """Let this process open more files, if the system permits it; return how many it may open.

    Many systems begin with 1,024. Beyond that no connection can be accepted.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_DESCRIPTORS
    if hard != resource.RLIM_INFINITY:
        wanted = min(WANTED_DESCRIPTORS, hard)
    is_enough = soft == resource.RLIM_INFINITY or soft >= wanted
    if is_enough:
        return max(soft, wanted)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def describe_failure(error: BaseException | None) -> str:
    """Describe an exception for the log: its kind and where it arose, without its message.

    Messages quote values, such as what a person typed.
    """
    if error is None:
        return HTTPStatus.INTERNAL_SERVER_ERROR.phrase
    places = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        module = step.tb_frame.f_globals.get("__name__", "?")
        places.append(f"{module}.{code.co_qualname}:{step.tb_lineno}")
        step = step.tb_next
    return f"{type(error).__name__} in {' > '.join(places)}"
