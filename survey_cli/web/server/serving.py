"""The process web: it listens on the loopback address until the spawner tells it to end."""

import asyncio
import signal
import sys
from contextlib import suppress
from errno import EACCES, EADDRINUSE
from socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Final

from aiohttp import web

from survey_cli.problems import UserError
from survey_cli.web.seats.seat_link import SeatLink
from survey_cli.web.serve_options import ServeOptions
from survey_cli.web.server.application import build_application
from survey_cli.web.server.browser import LinkFile, can_open_browser, open_browser
from survey_cli.web.server.local_visitor import ENTER_PATH, LocalVisitor
from survey_cli.web.server.visitors import Visitor

HOST: Final = "127.0.0.1"
END_SECONDS: Final = 3.0
"""How long pages have to hear of the end."""


def serve_pages(options: ServeOptions, connection: socket) -> int:
    """Serve until the spawner ends it; returns the exit code. Raises UserError."""
    return asyncio.run(_Server(options, connection).run())


class _Server:
    """One run of web."""

    def __init__(self, options: ServeOptions, connection: socket) -> None:
        self._options = options
        self._connection = connection
        self._stopping = asyncio.Event()
        self._link_file: LinkFile | None = None

    async def run(self) -> int:
        link = SeatLink(self._connection)
        link.on_lost = self._stopping.set
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        await link.start()

        notes = dict(link.notes)
        is_first = not notes
        listener = _listen(notes.get("port", self._options.port))
        notes["port"] = listener.getsockname()[1]

        def keep(news: object) -> None:
            notes.update(news)  # type: ignore[call-overload]
            link.keep_notes(notes)

        visitor = Visitor(
            person=self._options.person, practice=self._options.practice, can_sign_out=False
        )
        local = LocalVisitor(visitor, notes, keep)
        local.on_enter = self._remove_link_file
        app = build_application(link, local, local.add_routes)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=END_SECONDS)
        await runner.setup()
        await web.SockSite(runner, listener).start()

        if is_first:
            await self._announce(f"http://{HOST}:{notes['port']}{ENTER_PATH}#{local.make_key()}")
        try:
            await self._stopping.wait()
        finally:
            self._remove_link_file()
            await runner.cleanup()
        return 0

    async def _announce(self, link: str) -> None:
        """Open the browser at the link, or print it."""
        if self._options.opens_browser and can_open_browser():
            self._link_file = LinkFile(link)
            loop = asyncio.get_running_loop()
            has_opened = await loop.run_in_executor(None, open_browser, self._link_file)
            if has_opened:
                address, _, _ = link.partition(ENTER_PATH)
                _say(f"Opened in your browser: {address}  (Ctrl+C here ends it)")
                _say("If no window appears, start it again with --no-browser.")
                return
            self._remove_link_file()

        if self._options.opens_browser:
            _say("No browser was found on this computer.")
        _say(f"Open this link in a browser on this computer; it can be used once:\n\n  {link}\n")
        _say("Ctrl+C here ends it.")

    def _remove_link_file(self) -> None:
        if self._link_file is not None:
            self._link_file.remove()
            self._link_file = None


def _listen(port: int) -> socket:
    """Listen at a port of the loopback address. Raises UserError if it can't be had."""
    listener = socket(AF_INET, SOCK_STREAM)
    # A web that is started again listens at the same port at once.
    listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise _explain(error, port) from error
    listener.listen(128)
    return listener


def _explain(error: OSError, port: int) -> UserError:
    remedy = "give another one, or leave --port out for a free one"
    if error.errno == EADDRINUSE:
        return UserError(f"--port {port}", "another program listens at this port", remedy)
    if error.errno == EACCES:
        return UserError(f"--port {port}", "only root may listen at this port", remedy)
    what = (error.strerror or "it can't be opened").lower()
    return UserError(f"--port {port}", what, remedy)


def _say(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
