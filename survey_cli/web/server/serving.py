"""The process web: it listens on its port or socket until the spawner tells it to end."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any, Final

from aiohttp import web

from survey_cli.services.accounts.open_accounts import open_web_accounts
from survey_cli.services.accounts.server_address import find_host
from survey_cli.web.seats.seat_link import SeatLink
from survey_cli.web.serve_options import ServeOptions
from survey_cli.web.server import (
    account_routes,
    accounts_routes,
    download_routes,
    seats_routes,
    sign_in_routes,
)
from survey_cli.web.server.account_visitors import AccountVisitors
from survey_cli.web.server.application import build_application
from survey_cli.web.server.browser import LinkFile, can_open_browser, open_browser
from survey_cli.web.server.doors import Door, LoopbackDoor, ProxyDoor
from survey_cli.web.server.guarded_server import GuardedSite
from survey_cli.web.server.guards import guard_application
from survey_cli.web.server.limits import Limits
from survey_cli.web.server.listening import LOOPBACK, listen_on_path, listen_on_port
from survey_cli.web.server.local_visitor import ENTER_PATH, LocalVisitor
from survey_cli.web.server.server_log import begin_log
from survey_cli.web.server.visitors import Visitor

OPEN_SECONDS: Final = 3.0
"""A browser that was started, and has not ended or failed by then, is taken for opened."""


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
        self._announcing: asyncio.Task[None] | None = None
        """Opens the browser once more."""

    async def run(self) -> int:
        link = SeatLink(self._connection)
        link.on_lost = self._stopping.set
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        await link.start()

        notes = dict(link.notes)

        def keep(news: Mapping[str, Any]) -> None:
            notes.update(news)
            link.keep_notes(notes)

        if self._options.socket is not None:
            begin_log(logging.INFO)
            await self._serve_others(link, self._options.socket)
        else:
            # The terminal is for its person. Refused requests of a page of ours are its own matter.
            begin_log(logging.WARNING)
            await self._serve_this_computer(link, notes, keep)
        return 0

    async def _serve_this_computer(
        self, link: SeatLink, notes: Mapping[str, Any], keep: Callable[[Mapping[str, Any]], None]
    ) -> None:
        """Serve the browser of this computer, whose person is known by the link."""
        is_first = not notes
        listener = listen_on_port(notes.get("port", self._options.port))
        port = listener.getsockname()[1]
        keep({"port": port})

        visitor = Visitor(
            person=self._options.person,
            practice=self._options.practice,
            zone=self._options.zone,
            can_sign_out=False,
        )
        local = LocalVisitor(visitor, notes, keep)
        local.on_enter = self._remove_link_file
        app = build_application(link, local, local.add_routes)

        async def announce_link() -> None:
            self._remove_link_file()
            address = f"http://{LOOPBACK}:{port}{ENTER_PATH}"
            await self._announce(f"{address}#{local.make_key()}")

        def announce_again() -> None:
            # Of a key that is held down, once.
            if self._announcing is None or self._announcing.done():
                self._announcing = asyncio.create_task(announce_link())

        async def announce() -> None:
            if is_first:
                await announce_link()
            link.on_enter = announce_again

        await self._serve(app, LoopbackDoor(port), listener, announce)

    async def _serve_others(self, link: SeatLink, path: Path) -> None:
        """Serve people with accounts, whose browsers come through the proxy."""
        assert self._options.accounts is not None
        visitors = AccountVisitors(
            open_web_accounts(self._options.accounts),
            practice=self._options.practice,
            has_single_sign_on=bool(self._options.user_header),
        )
        listener = listen_on_path(path, group=self._options.socket_group)
        address = visitors.accounts.read_address()
        door = ProxyDoor(host=find_host(address), user_header=self._options.user_header)
        app = build_application(
            link,
            visitors,
            visitors.add_to,
            sign_in_routes.add_routes,
            account_routes.add_routes,
            accounts_routes.add_routes,
            seats_routes.add_routes,
            download_routes.make_adder(self._options.studies),
        )

        async def announce() -> None:
            _say(f"The proxy can open {path}  (Ctrl+C here ends the server)")
            if address:
                _say(f"It answers at {address} only.")
            else:
                _say("Tell it the address that people open: --address https://…")

        try:
            await self._serve(app, door, listener, announce)
        finally:
            path.unlink(missing_ok=True)

    async def _serve(
        self,
        app: web.Application,
        door: Door,
        listener: socket,
        announce: Callable[[], Awaitable[None]],
    ) -> None:
        """Serve an application until the end, and announce it once it can be reached."""
        limits = Limits()
        guard_application(app, door, limits)
        site = GuardedSite(app, listener, limits)
        await site.start()
        try:
            await announce()
            await self._stopping.wait()
        finally:
            self._remove_link_file()
            await site.close()

    async def _announce(self, link: str) -> None:
        """Open the browser at the link, or print it."""
        if self._options.opens_browser and can_open_browser():
            self._link_file = LinkFile(link)
            if await _open_in_browser(self._link_file):
                address, _, _ = link.partition(ENTER_PATH)
                _say(f"Opened in your browser: {address}  (Ctrl+C here ends it)")
                _say("Is no window there, or was it closed? Press Enter here to open a new one.")
                _say("If none appears, start it again with --no-browser.")
                return
            self._remove_link_file()

        if self._options.opens_browser:
            _say("No browser was found on this computer.")
        _say(f"Open this link in a browser on this computer; it can be used once:\n\n  {link}\n")
        _say("Press Enter here for a new link. Ctrl+C here ends it.")

    def _remove_link_file(self) -> None:
        if self._link_file is not None:
            self._link_file.remove()
            self._link_file = None


async def _open_in_browser(file: LinkFile) -> bool:
    """Open the file in the browser; return whether that succeeded, as far as is known by then."""
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[bool] = loop.create_future()

    def report(has_opened: bool) -> None:
        if not opened.done():
            opened.set_result(has_opened)

    def open_it() -> None:
        has_opened = open_browser(file)
        # a loop that was closed in the meantime raises RuntimeError
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(report, has_opened)

    # It may wait until the browser is closed, so the server must not wait for this thread.
    Thread(target=open_it, daemon=True, name="open the browser").start()
    try:
        return await asyncio.wait_for(opened, OPEN_SECONDS)
    except TimeoutError:
        return True


def _say(line: str) -> None:
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
