"""Caddy and nginx, each with its file of `deploy/`, before the Unix socket of the server."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from support.guarded_pages import make_application, serve_application
from support.proxies import (
    Change,
    Proxy,
    find_proxy_group,
    has_caddy,
    has_nginx,
    keep,
    make_open_folder,
    run_caddy,
    run_nginx,
)
from survey_cli.web.server.doors import ProxyDoor
from survey_cli.web.server.limits import Limits
from survey_cli.web.server.listening import listen_on_path

RUNNERS = {"caddy": run_caddy, "nginx": run_nginx}
PROXIES = [
    pytest.param(
        "caddy", marks=pytest.mark.skipif(not has_caddy(), reason="caddy isn't installed")
    ),
    pytest.param(
        "nginx", marks=pytest.mark.skipif(not has_nginx(), reason="nginx isn't installed")
    ),
]
SHORT_TIMEOUT = 1.0
"""Seconds after which nginx closes a silent socket in the test of idle sockets, instead of 90."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with make_open_folder() as made:
        yield made


def make_silent_socket(heartbeat: float | None) -> web.Application:
    async def wait(request: web.Request) -> web.StreamResponse:
        page = web.WebSocketResponse(heartbeat=heartbeat)
        await page.prepare(request)
        async for message in page:
            await page.send_str(str(message.data))
        return page

    app = make_application()
    app.router.add_get("/silent", wait)
    return app


@pytest.mark.parametrize("name", PROXIES)
def test_pages_and_sockets_through_a_proxy(name: str, folder: Path) -> None:
    async def ask(proxy: Proxy) -> None:
        connector = aiohttp.TCPConnector(ssl=proxy.trust)
        async with aiohttp.ClientSession(proxy.origin, connector=connector) as client:
            async with client.get("/") as answer:
                assert answer.status == 200
                assert "<form" in await answer.text()
                assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
                assert answer.headers.getall("Content-Security-Policy")[0].startswith("default-src")
                assert not any(char.isdigit() for char in answer.headers["Server"])

            # what the browser made up about itself isn't believed
            forged = {
                "Origin": proxy.origin,
                "X-Forwarded-For": "203.0.113.9",
                "X-Forwarded-Proto": "http",
                "Remote-User": "the boss",
            }
            async with client.post("/change", headers=forged, data=b"x" * 60_000) as answer:
                assert answer.status == 200
                found = await answer.json()
                assert found == {"address": "127.0.0.1", "user": "", "bytes": 60_000}

            async with client.post("/change", headers={"Origin": "https://evil.example"}) as answer:
                assert answer.status == 403
            async with client.post(
                "/change", headers={"Origin": proxy.origin}, data=b"x" * 200_000
            ) as answer:
                assert answer.status == 413

            async with client.ws_connect("/echo", origin=proxy.origin) as page:
                await page.send_str("ä" * 20_000)
                assert await page.receive_str() == "ä" * 20_000
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect("/echo", origin="https://evil.example")

    run_behind(name, folder, ask)


@pytest.mark.parametrize("name", PROXIES)
def test_a_name_of_the_proxys_sign_on(name: str, folder: Path) -> None:
    # the line of the guide, with a name as if somebody had signed in
    lines = {
        "caddy": ("transport http {", "header_up Remote-User ann\n\t\ttransport http {"),
        "nginx": (
            "proxy_http_version 1.1;",
            "proxy_http_version 1.1;proxy_set_header Remote-User ann;",
        ),
    }
    old, new = lines[name]

    async def ask(proxy: Proxy) -> None:
        connector = aiohttp.TCPConnector(ssl=proxy.trust)
        async with aiohttp.ClientSession(proxy.origin, connector=connector) as client:
            headers = {"Origin": proxy.origin, "Remote-User": "the boss"}
            async with client.post("/change", headers=headers) as answer:
                assert (await answer.json())["user"] == "ann"

    door = ProxyDoor(user_header="Remote-User")
    run_behind(name, folder, ask, door=door, change=lambda text: text.replace(old, new))


@pytest.mark.parametrize("name", PROXIES)
def test_a_socket_that_is_idle_stays_open(name: str, folder: Path) -> None:
    async def ask(proxy: Proxy) -> None:
        connector = aiohttp.TCPConnector(ssl=proxy.trust)
        async with (
            aiohttp.ClientSession(proxy.origin, connector=connector) as client,
            client.ws_connect("/silent", origin=proxy.origin) as page,
        ):
            # a timeout of receive() itself would begin again at every heartbeat
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3 * SHORT_TIMEOUT):
                    await page.receive()
            await page.send_str("still here")
            assert await page.receive_str() == "still here"

    def shorten(text: str) -> str:
        return re.sub(r"proxy_read_timeout \d+s", f"proxy_read_timeout {SHORT_TIMEOUT:.0f}s", text)

    app = make_silent_socket(heartbeat=SHORT_TIMEOUT / 4)
    run_behind(name, folder, ask, app=app, change=shorten)


@pytest.mark.skipif(not has_nginx(), reason="nginx isn't installed")
def test_without_heartbeats_nginx_would_close_it(folder: Path) -> None:
    async def ask(proxy: Proxy) -> None:
        connector = aiohttp.TCPConnector(ssl=proxy.trust)
        async with (
            aiohttp.ClientSession(proxy.origin, connector=connector) as client,
            client.ws_connect("/silent", origin=proxy.origin) as page,
        ):
            message = await page.receive(5 * SHORT_TIMEOUT)
            assert message.type in (WSMsgType.CLOSED, WSMsgType.CLOSE, WSMsgType.ERROR)

    def shorten(text: str) -> str:
        short, replaced = re.subn(
            r"proxy_read_timeout \d+s", f"proxy_read_timeout {SHORT_TIMEOUT:.0f}s", text
        )
        assert replaced
        return short

    run_behind("nginx", folder, ask, app=make_silent_socket(heartbeat=None), change=shorten)


def run_behind(
    name: str,
    folder: Path,
    ask: Callable[[Proxy], Awaitable[None]],
    *,
    door: ProxyDoor | None = None,
    app: web.Application | None = None,
    change: Change = keep,
) -> None:
    """Serve an application at a socket, run the proxy before it, and ask the proxy."""
    path = folder / "s"

    async def serve() -> None:
        listener = listen_on_path(path, group=find_proxy_group())
        application = app or make_application()
        async with serve_application(listener, door or ProxyDoor(), Limits(), application):
            with RUNNERS[name](folder, path, change) as proxy:
                await ask(proxy)

    asyncio.run(serve())
