"""The pages of accounts on a port of this computer, in a thread of their own, without any seat."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from support.guarded_pages import serve_application
from support.web_accounts import AccountsAtHand
from survey_cli.web.seats.seat_link import OpenSeat, SeatError
from survey_cli.web.seats.seat_request import SeatRequest
from survey_cli.web.server import (
    account_routes,
    accounts_routes,
    download_routes,
    seats_routes,
    sign_in_routes,
)
from survey_cli.web.server.account_visitors import AccountVisitors
from survey_cli.web.server.application import build_application
from survey_cli.web.server.doors import Door, LoopbackDoor
from survey_cli.web.server.limits import Limits
from survey_cli.web.server.listening import listen_on_port

T = TypeVar("T")


class NoSeats:
    """A link to a spawner that has opened no seat."""

    is_stopping = False
    is_lost = False
    on_ended: Any = None

    def list_seats(self) -> list[OpenSeat]:
        return []


class RecordedSeats(NoSeats):
    """A link to a spawner that opens no seat, and notes for whom it should have."""

    SENTENCE = "no seat is opened in this test"

    def __init__(self) -> None:
        self.requests: list[SeatRequest] = []

    async def open(self, request: SeatRequest) -> OpenSeat:
        self.requests.append(request)
        raise SeatError(self.SENTENCE)


class AccountPages:
    """A running server; it ends with the block in which it is used."""

    def __init__(self, at_hand: AccountsAtHand, door: Door | None = None, **options: Any) -> None:
        self.at_hand = at_hand
        self._options = options
        self.link = RecordedSeats()
        self.title = "A study"
        """The title of the study that is served."""
        self.routes: set[tuple[str, str]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._listener = listen_on_port(0)
        self.port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._door = door or LoopbackDoor(self.port)
        self.origin = f"{self._door.scheme}://127.0.0.1:{self.port}"

    def __enter__(self) -> "AccountPages":
        self._thread.start()
        self._run(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, action: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(action, self._loop).result(60)

    async def _begin(self) -> None:
        visitors = AccountVisitors(self.at_hand.web, **self._options)
        app = build_application(
            self.link,  # type: ignore[arg-type]
            visitors,
            visitors.add_to,
            sign_in_routes.add_routes,
            account_routes.add_routes,
            accounts_routes.add_routes,
            seats_routes.add_routes,
            download_routes.make_adder([self.title]),
        )
        for route in app.router.routes():
            if route.resource is not None and route.method != "HEAD":
                self.routes.add((route.method, route.resource.canonical))
        self._serving = serve_application(self._listener, self._door, Limits(), app)
        await self._serving.__aenter__()

    async def _end(self) -> None:
        await self._serving.__aexit__(None, None, None)
