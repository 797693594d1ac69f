"""Threads for whatever hashes passwords, so that nobody else waits for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Final, TypeVar

from survey_cli.web.server.refusals import RefusalError

T = TypeVar("T")

THREADS: Final = 2
"""More wouldn't be faster: so many passwords are hashed at a time."""
MOST_WAITING: Final = 200
"""Whoever comes when so many wait is told to try again. Nobody waits longer than half a minute."""


class PasswordThreads:
    """Two threads, and a line of bounded length before them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._waiting = 0

    async def run(self, action: Callable[[], T]) -> T:
        """Run something that hashes a password. Raises RefusalError if too many others wait."""
        if self._waiting >= MOST_WAITING:
            raise RefusalError(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "Too many people are signing in at this moment.",
                "Wait a minute, then try again.",
                reason="the line for signing in is full",
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, action)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Begin nothing more. What runs is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)
