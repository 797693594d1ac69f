"""A tiny application behind the guards, and connections to it that no browser would make."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from survey_cli.web.server.doors import Door, LoopbackDoor, ProxyDoor, get_client
from survey_cli.web.server.guarded_server import GuardedSite
from survey_cli.web.server.guards import guard_application
from survey_cli.web.server.limits import Limits
from survey_cli.web.server.listening import listen_on_path, listen_on_port

FORM = """\
<!doctype html><title>A form</title>
<form method="post" action="/change"><button>Change</button></form>
<script>document.title = "inline scripts run"</script>
<p style="color: red" id="styled">text</p>
"""


def make_application() -> web.Application:
    """A page with a form, a change, a socket that echoes, and pages that fail."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=FORM, content_type="text/html")

    async def change(request: web.Request) -> web.Response:
        body = await request.read()
        client = get_client(request)
        return web.json_response(
            {"address": client.address, "user": client.user, "bytes": len(body)}
        )

    async def echo(request: web.Request) -> web.StreamResponse:
        page = web.WebSocketResponse(max_msg_size=65_536)
        await page.prepare(request)
        async for message in page:
            await page.send_str(str(message.data))
        return page

    async def send_much(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(1_000):
            await answer.write(b"x" * 65_536)
        return answer

    async def fail(_request: web.Request) -> web.Response:
        raise KeyError("the name of a respondent")

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_post("/change", change)
    app.router.add_get("/echo", echo)
    app.router.add_get("/much", send_much)
    app.router.add_get("/case/{case}", fail)
    return app


@dataclass
class GuardedPages:
    """The running application: its address as a browser writes it, and a client."""

    host: str
    origin: str
    client: aiohttp.ClientSession
    address: tuple[str, int] | str
    """For raw connections."""

    async def send(self, raw: bytes, *, seconds: float = 30) -> bytes:
        """Send bytes over a connection of their own; return all that comes until it is closed."""
        reader, writer = await self.connect()
        writer.write(raw)
        await writer.drain()
        async with asyncio.timeout(seconds):
            answer = await reader.read()
        writer.close()
        return answer

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.address, str):
            return await asyncio.open_unix_connection(self.address)
        host, port = self.address
        return await asyncio.open_connection(host, port)


@asynccontextmanager
async def serve_on_port(
    limits: Limits | None = None, app: web.Application | None = None
) -> AsyncIterator[GuardedPages]:
    """Serve the application as in local mode."""
    listener = listen_on_port(0)
    port = listener.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    connector = aiohttp.TCPConnector()
    async with (
        serve_application(
            listener, LoopbackDoor(port), limits or Limits(), app or make_application()
        ),
        aiohttp.ClientSession(base, connector=connector) as client,
    ):
        yield GuardedPages(f"127.0.0.1:{port}", base, client, ("127.0.0.1", port))


@asynccontextmanager
async def serve_on_socket(
    path: Path,
    *,
    door: ProxyDoor | None = None,
    limits: Limits | None = None,
    app: web.Application | None = None,
) -> AsyncIterator[GuardedPages]:
    """Serve the application as behind a proxy, under the name survey.example.org."""
    listener = listen_on_path(path)
    connector = aiohttp.UnixConnector(str(path))
    door = door or ProxyDoor()
    async with (
        serve_application(listener, door, limits or Limits(), app or make_application()),
        aiohttp.ClientSession("http://survey.example.org", connector=connector) as client,
    ):
        yield GuardedPages("survey.example.org", "https://survey.example.org", client, str(path))


@asynccontextmanager
async def serve_application(
    listener: socket.socket, door: Door, limits: Limits, app: web.Application
) -> AsyncIterator[None]:
    """Serve an application behind the guards, until the block ends."""
    guard_application(app, door, limits)
    site = GuardedSite(app, listener, limits)
    await site.start()
    try:
        yield
    finally:
        await site.close()
