"""Requests that are refused, and the plain pages and texts that say so.

They reveal nothing: no version, no traceback, no path of the server, and not what was sent.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web

from survey_cli.web.server.pages import render_page


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person reads who can't get what was asked for."""

    what: str
    remedy: str


class RefusalError(Exception):
    """A request that isn't carried out. Any handler may raise it; the guards answer with a page."""

    def __init__(
        self, status: HTTPStatus, what: str, remedy: str = "", *, reason: str = ""
    ) -> None:
        super().__init__(status, what, remedy, reason)
        self.status = status
        self.explanation = Explanation(what, remedy)
        self.reason = reason
        """For the log of the server only."""


class RoleDeniedError(RefusalError):
    """A request for what the visitor's role may not do. It is written to the log of accounts."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(HTTPStatus.FORBIDDEN, what, remedy, reason="the role may not do this")


BACK_TO_START: Final = "Go back to the first page, and try again from there."
_EXPLANATIONS: Final = {
    HTTPStatus.BAD_REQUEST: Explanation("This request can't be understood.", BACK_TO_START),
    HTTPStatus.FORBIDDEN: Explanation("You may not do this.", BACK_TO_START),
    HTTPStatus.NOT_FOUND: Explanation("No page has this address.", BACK_TO_START),
    HTTPStatus.METHOD_NOT_ALLOWED: Explanation("This page can't do that.", BACK_TO_START),
    HTTPStatus.REQUEST_TIMEOUT: Explanation("The request took too long to arrive.", "Try again."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Explanation(
        "What was sent is too large.", "Send less at a time."
    ),
    HTTPStatus.TOO_MANY_REQUESTS: Explanation(
        "Too many requests in a short time.", "Wait a minute, then try again."
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: Explanation(
        "The server can't do this now.", "Wait a minute, then try again."
    ),
}
_OTHER_EXPLANATION: Final = Explanation("This can't be done.", BACK_TO_START)


def explain_status(status: int) -> Explanation:
    """Return what to say about a status for which no handler said anything."""
    try:
        return _EXPLANATIONS[HTTPStatus(status)]
    except (KeyError, ValueError):
        return _OTHER_EXPLANATION


def answer_refusal(
    status: int, explanation: Explanation, *, accept: str = "", close: bool = False
) -> web.Response:
    """Build the answer: a page for a browser, or a sentence for whatever else asks.

    `accept` is the request's header; `close` ends the connection, whose rest can't be trusted.
    """
    if "text/html" in accept:
        response = render_page(
            "refusal.html", status=status, what=explanation.what, remedy=explanation.remedy
        )
    else:
        sentence = f"{explanation.what} {explanation.remedy}".strip()
        response = web.Response(status=status, text=f"{sentence}\n")
    if close:
        response.force_close()
    return response
