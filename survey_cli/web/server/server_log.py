"""The log of web: one line an event, without names, addresses, answers or tracebacks."""

import logging
import sys
from typing import TextIO

from survey_cli.web.server.guarded_server import describe_failure


class PlainFormatter(logging.Formatter):
    """Writes one line an event. An exception is described by its kind and places.

    Its message, and the values in a traceback of aiohttp's or asyncio's own, may be what a person
    typed.
    """

    def format(self, record: logging.LogRecord) -> str:
        line = record.getMessage()
        if record.exc_info is not None and record.exc_info[1] is not None:
            line = f"{line}: {describe_failure(record.exc_info[1])}"
        # What a browser sent can't begin a line of its own, or write to a terminal.
        printable = "".join(letter if letter.isprintable() else "?" for letter in line)
        return f"survey: {printable}"


def begin_log(level: int, stream: TextIO | None = None) -> None:
    """Write what is logged in this process to standard error, from this level on.

    A service's log adds the time.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(PlainFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("survey_cli.web").setLevel(level)
