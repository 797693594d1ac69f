"""Visitors with accounts: their cookies, and the end of their seats with their session.

A cookie has a token that opens one web session. `SameSite=Strict` keeps it from requests that
another site has caused, also from the first request of a link in a chat; that page loads itself
again (`elsewhere.html`), which is then a request of our own.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from survey_cli.fieldwork.activities import Activity
from survey_cli.permissions import Action, format_permitted, may
from survey_cli.problems import UserError
from survey_cli.services.accounts.account_administration import INVITATION_PATH
from survey_cli.services.accounts.session_rules import DEVICE_TIME
from survey_cli.services.accounts.web_accounts import (
    AskingBrowser,
    SignedIn,
    SignInRefusedError,
    WebAccounts,
    WebSession,
    describe_refusal,
)
from survey_cli.study.permissions import NotPermittedError
from survey_cli.web.server.browser_names import name_browser
from survey_cli.web.server.doors import get_client
from survey_cli.web.server.guards import is_reading, is_socket, name_route
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.password_threads import PasswordThreads
from survey_cli.web.server.refusals import RefusalError, RoleDeniedError
from survey_cli.web.server.seating import SEATING, Seat, Seating
from survey_cli.web.server.visitors import Visitor

SESSION_COOKIE: Final = "__Host-survey-session"
DEVICE_COOKIE: Final = "__Host-survey-device"
SIGN_IN_PATH: Final = "/sign-in"
RESETS_PATH: Final = "/account/resets"
PAGES_AFTER_RESETS: Final = frozenset(("/", "/seat", "/text"))
"""Pages that nobody gets before having seen that somebody else reset their password."""
STATIC_PREFIX: Final = "/static/"
"""Files that are the same for everybody."""
SEAT_PATHS: Final = frozenset(("/seat", "/text", "/seat/screen", "/seat/text"))
CHECK_SECONDS: Final = 2.0
"""How long somebody who was signed out or removed from the list may still see a seat."""
ACTIVITIES_IN_INTERVIEW: Final = frozenset(
    activity.value for activity in (Activity.CALL, Activity.INTERVIEW, Activity.WRAP_UP)
)
"""What a seat reports as its `activity` while a respondent is or was just on the line."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger("survey_cli.web")


class AccountVisitors:
    """Finds visitors by the cookies of their accounts."""

    sign_in_path = SIGN_IN_PATH

    def __init__(
        self, accounts: WebAccounts, *, practice: bool = False, has_single_sign_on: bool = False
    ) -> None:
        """Find visitors among these accounts. With `practice` all of them only practice."""
        self.accounts = accounts
        accounts.has_single_sign_on = has_single_sign_on
        self._practice = practice
        self.threads = PasswordThreads()
        self.has_single_sign_on = has_single_sign_on
        """Whether the proxy says who has signed in there. Nobody signs in with a password then."""
        self._seating: Seating | None = None
        self._sockets: set[_SocketOfSession] = set()
        self._checked_at = 0.0

    def add_to(self, app: web.Application) -> None:
        """Let the application know its visitors, and watch their sessions."""
        app[ACCOUNT_VISITORS] = self
        app.middlewares.append(self._answer_denied)
        app.middlewares.append(self._identify)
        app.cleanup_ctx.append(self._watch_while_serving)

    async def find_visitor(self, request: web.Request) -> Visitor | None:
        """Return who asks, if the browser has the cookie of a session that goes on."""
        session = find_session(request)
        if session is None:
            return None
        role = session.person.role
        return Visitor(
            person=session.person.login,
            practice=self._practice or not may(role, Action.CONDUCT_INTERVIEWS),
            zone=session.zone,
            since=session.began_at,
            can_sit=may(role, Action.PRACTICE),
            manages_accounts=may(role, Action.MANAGE_ACCOUNTS),
            sees_seats=may(role, Action.SEE_SEATS),
            sees_board=may(role, Action.SEE_BOARD),
            downloads=may(role, Action.DOWNLOAD) and not self._practice,
        )

    async def end_shift(self, request: web.Request, answer: web.Response) -> None:
        """Sign out whoever ended the shift at the seat; the answer to this request says so."""
        self.accounts.sign_out(require_session(request))
        remove_session_cookie(answer)

    # Requests

    @web.middleware
    async def _answer_denied(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Write to the log what a role may not do, whoever found that out: a page or a service."""
        try:
            return await handler(request)
        except RoleDeniedError:
            record_denied(request)
            raise
        except NotPermittedError as error:
            record_denied(request)
            remedy = f"{error.remedy[:1].upper()}{error.remedy[1:]}."
            raise RoleDeniedError(f"{error.where} {error.what}.", remedy) from error

    @web.middleware
    async def _identify(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find the session of a request before any page is asked, and send new cookies."""
        if request.path.startswith(STATIC_PREFIX):
            return await handler(request)
        if _comes_from_elsewhere(request):
            return render_page("elsewhere.html")

        session = self._find_session(request)
        if session is None and self.has_single_sign_on:
            session = self._sign_in_by_proxy(request)
        if session is not None:
            request[SESSION] = session
            _check_may_sit(request, session)
            self._show_resets_first(request, session)

        if is_socket(request):
            return await self._serve_socket(request, handler, session)
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            _send_cookies(request, answer)
            raise
        _send_cookies(request, response)
        return response

    def _find_session(self, request: web.Request) -> WebSession | None:
        token = request.cookies.get(SESSION_COOKIE, "")
        # A page that lost its line connects again without anybody doing something.
        session = self.accounts.find_session(
            token, in_interview=self.is_in_interview, is_use=not is_socket(request)
        )
        if session is None or not self.has_single_sign_on:
            return session
        # Somebody else may have signed in at the proxy, with the same browser.
        user = get_client(request).user
        if user.casefold() != session.account.casefold():
            return None
        return session

    def _sign_in_by_proxy(self, request: web.Request) -> WebSession | None:
        """Sign in whom the proxy names. A socket has the session that its page has begun."""
        user = get_client(request).user
        if not user or is_socket(request):
            return None
        try:
            signed_in = self.accounts.sign_in_by_proxy(user, describe_browser(request))
        except SignInRefusedError as error:
            words = str(describe_refusal(error, self.accounts.now()))
            raise RefusalError(
                HTTPStatus.FORBIDDEN, words, reason="somebody from the single sign-on was refused"
            ) from error
        keep_cookies(request, signed_in)
        return signed_in.session

    def _show_resets_first(self, request: web.Request, session: WebSession) -> None:
        """Lead from the pages of the seat to the resets that the person hasn't seen yet."""
        if request.path in PAGES_AFTER_RESETS and self.accounts.list_unseen_resets(session):
            raise web.HTTPSeeOther(RESETS_PATH)

    async def _serve_socket(
        self, request: web.Request, handler: Handler, session: WebSession | None
    ) -> web.StreamResponse:
        """Serve the socket of a page, which ends with the session."""
        if session is None:
            return await handler(request)
        socket = _SocketOfSession(request, request.cookies[SESSION_COOKIE], session.person.login)
        self._sockets.add(socket)
        try:
            return await handler(request)
        finally:
            self._sockets.discard(socket)

    def is_in_interview(self, person: str) -> bool:
        """Whether the person's seat is in a call or an interview, as far as it has reported."""
        seat = self._find_seat(person)
        if seat is None:
            return False
        return seat.reports.get("status", {}).get("activity") in ACTIVITIES_IN_INTERVIEW

    def _find_seat(self, person: str) -> Seat | None:
        if self._seating is None:
            return None
        return self._seating.find_seat(person)

    # The end of sessions

    async def _watch_while_serving(self, app: web.Application) -> AsyncIterator[None]:
        self._seating = app[SEATING]
        watching = asyncio.create_task(self._watch(app[SEATING]))
        yield
        watching.cancel()
        self.threads.close()
        self.accounts.close()

    async def _watch(self, seating: Seating) -> None:
        """End the sockets and seats of people who are no longer signed in."""
        was_possible = True
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                await self._check(seating)
                was_possible = True
            except UserError as error:
                # Such as a full disk, or no list of people: said once, and tried again.
                if was_possible:
                    log.error("sessions can't be checked: %s", error)
                was_possible = False

    async def _check(self, seating: Seating) -> None:
        checked_at = self._checked_at
        self._checked_at = asyncio.get_running_loop().time()
        for socket in list(self._sockets):
            seats = [seat for seat in seating.list_seats() if seat.person == socket.person]
            was_used = any(seat.used_at >= checked_at for seat in seats)
            session = self.accounts.find_session(
                socket.token, in_interview=self.is_in_interview, is_use=was_used
            )
            if session is None:
                socket.cut()

        for seat in seating.list_seats():
            if not self.accounts.has_session(seat.person, in_interview=self.is_in_interview):
                await seating.end(seat.person)


@dataclass(frozen=True, slots=True, eq=False)
class _SocketOfSession:
    """The socket of a page that is open."""

    request: web.Request
    token: str
    """The token of its session."""
    person: str

    def cut(self) -> None:
        """Cut the line. The page connects again, and is told then that nobody is signed in."""
        if self.request.transport is not None:
            self.request.transport.abort()


ACCOUNT_VISITORS: web.AppKey[AccountVisitors] = web.AppKey("account_visitors")
SESSION: web.RequestKey[WebSession] = web.RequestKey("session")
_NEW_COOKIES: web.RequestKey[SignedIn] = web.RequestKey("new_cookies")


def find_session(request: web.Request) -> WebSession | None:
    """Return the web session of a request, or None if nobody is signed in."""
    if SESSION not in request:
        return None
    return request[SESSION]


def require_session(request: web.Request) -> WebSession:
    """Return the web session of a request. Sends everybody else to the page for signing in."""
    session = find_session(request)
    if session is None:
        raise web.HTTPSeeOther(SIGN_IN_PATH)
    return session


def check_action(request: web.Request, action: Action) -> WebSession:
    """Check that whoever asks may take an action; returns their session.

    Raises RoleDeniedError.
    """
    session = require_session(request)
    if not may(session.person.role, action):
        what = f"Only {format_permitted(action)} may {action.value}."
        raise RoleDeniedError(what, "Ask one of them.")
    return session


def record_denied(request: web.Request) -> None:
    """Write to the log that whoever asks may not do what was asked for."""
    accounts = request.app[ACCOUNT_VISITORS].accounts
    what = f"{request.method} {name_route(request)}"
    accounts.record_denied(require_session(request), describe_browser(request), what)


def describe_browser(request: web.Request, *, zone: str = "") -> AskingBrowser:
    """Describe the browser that asks, for the limits of signing in and for the log."""
    return AskingBrowser(
        address=get_client(request).address,
        device_token=request.cookies.get(DEVICE_COOKIE, ""),
        device=name_browser(request.headers.get(hdrs.USER_AGENT, "")),
        zone=zone,
    )


def keep_cookies(request: web.Request, signed_in: SignedIn) -> None:
    """Have the cookies of a new session sent with the answer to this request.

    They replace those of the session that the browser had, which ends.
    """
    before = find_session(request)
    if before is not None:
        request.app[ACCOUNT_VISITORS].accounts.sign_out(before)
    request[_NEW_COOKIES] = signed_in


def remove_session_cookie(response: web.StreamResponse) -> None:
    """Have the browser forget its session, and whatever it kept of the pages.

    It goes on being a known device.
    """
    _set_cookie(response, SESSION_COOKIE, "", seconds=0)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def _send_cookies(request: web.Request, response: web.StreamResponse) -> None:
    if _NEW_COOKIES not in request:
        return
    signed_in = request[_NEW_COOKIES]
    # Without an age, the browser forgets the session when it is closed.
    _set_cookie(response, SESSION_COOKIE, signed_in.session_token, seconds=None)
    device_seconds = int(DEVICE_TIME.total_seconds())
    _set_cookie(response, DEVICE_COOKIE, signed_in.device_token, seconds=device_seconds)


def _set_cookie(
    response: web.StreamResponse, name: str, value: str, *, seconds: int | None
) -> None:
    response.set_cookie(
        name, value, path="/", max_age=seconds, secure=True, httponly=True, samesite="Strict"
    )


def _check_may_sit(request: web.Request, session: WebSession) -> None:
    """Check that a person whose role has no seat asks for none. Raises RoleDeniedError."""
    role = session.person.role
    if request.path in SEAT_PATHS and not may(role, Action.PRACTICE):
        what = f"Your role, {role.value}, has no seat in the browser."
        raise RoleDeniedError(what, "Ask a supervisor for another role.")


def _comes_from_elsewhere(request: web.Request) -> bool:
    """Whether a link on another site led here, so that the browser has sent no cookie."""
    is_from_other_site = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
    is_page = is_reading(request) and not is_socket(request) and request.path != INVITATION_PATH
    return is_from_other_site and is_page and SESSION_COOKIE not in request.cookies
