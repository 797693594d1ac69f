"""The sockets of pages that are open. A web that ends closes them, so that they come back soon."""

import asyncio
from typing import Final
from weakref import WeakSet

from aiohttp import WSCloseCode, web

CLOSING_SECONDS: Final = 1.0
"""How long a page may take to answer that its socket is closed."""

OPEN_SOCKETS: web.AppKey[WeakSet[web.WebSocketResponse]] = web.AppKey("open_sockets")


def prepare_sockets(app: web.Application) -> None:
    """Have the sockets of the application closed before it ends."""
    app[OPEN_SOCKETS] = WeakSet()
    app.on_shutdown.append(_close_sockets)


async def _close_sockets(app: web.Application) -> None:
    closing = [
        asyncio.ensure_future(socket.close(code=WSCloseCode.GOING_AWAY))
        for socket in app[OPEN_SOCKETS]
    ]
    if closing:
        await asyncio.wait(closing, timeout=CLOSING_SECONDS)
