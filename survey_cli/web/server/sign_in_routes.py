"""Pages for signing in and out, and for invitations."""

import json
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from survey_cli.services.accounts.account_administration import INVITATION_PATH
from survey_cli.services.accounts.password_rules import MAX_LENGTH, MIN_LENGTH
from survey_cli.services.accounts.web_accounts import (
    SignInFailure,
    SignInRefusedError,
    WeakPasswordError,
    WebAccounts,
    describe_refusal,
)
from survey_cli.web.server.account_visitors import (
    ACCOUNT_VISITORS,
    SIGN_IN_PATH,
    describe_browser,
    find_session,
    keep_cookies,
    remove_session_cookie,
    require_session,
)
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.seating import SEATING
from survey_cli.web.server.zones import read_zone

FIRST_PAGE: Final = "/"


def add_routes(app: web.Application) -> None:
    """Add the pages."""
    app.router.add_get(SIGN_IN_PATH, show_sign_in)
    app.router.add_post(SIGN_IN_PATH, sign_in)
    app.router.add_post("/sign-out", sign_out)
    app.router.add_post("/sign-out-everywhere", sign_out_everywhere)
    app.router.add_get(INVITATION_PATH, show_invitation)
    app.router.add_post(f"{INVITATION_PATH}/check", check_invitation)
    app.router.add_post(INVITATION_PATH, accept_invitation)


async def show_sign_in(request: web.Request) -> web.Response:
    """Show the form, or the first page to whoever is signed in."""
    if find_session(request) is not None:
        raise web.HTTPSeeOther(FIRST_PAGE)
    return _render_sign_in(request)


async def sign_in(request: web.Request) -> web.Response:
    """Sign somebody in, or show the form again with what is wrong."""
    visitors = request.app[ACCOUNT_VISITORS]
    if visitors.has_single_sign_on:
        return _render_sign_in(request)

    form = await read_form(request)
    browser = describe_browser(request, zone=read_zone(form.get("zone", "")))
    login = form.get("login", "")
    password = form.get("password", "")
    try:
        signed_in = await visitors.threads.run(
            lambda: visitors.accounts.sign_in(login, password, browser)
        )
    except SignInRefusedError as error:
        sentence = str(describe_refusal(error, visitors.accounts.now()))
        status = HTTPStatus.FORBIDDEN
        if error.failure is SignInFailure.TOO_MANY:
            status = HTTPStatus.TOO_MANY_REQUESTS
        return _render_sign_in(request, status=status, login=login, sentence=sentence)
    keep_cookies(request, signed_in)
    raise web.HTTPSeeOther(FIRST_PAGE)


def _render_sign_in(
    request: web.Request, *, status: HTTPStatus = HTTPStatus.OK, login: str = "", sentence: str = ""
) -> web.Response:
    visitors = request.app[ACCOUNT_VISITORS]
    return render_page(
        "sign_in.html",
        status=status,
        login=login,
        sentence=sentence,
        has_single_sign_on=visitors.has_single_sign_on,
        has_signed_out="out" in request.query,
    )


async def sign_out(request: web.Request) -> web.Response:
    """End the session and the seat of whoever asks."""
    session = require_session(request)
    request.app[ACCOUNT_VISITORS].accounts.sign_out(session)
    await request.app[SEATING].end(session.person.login)
    return _answer_signed_out()


async def sign_out_everywhere(request: web.Request) -> web.Response:
    """End all sessions and the seat of whoever asks."""
    session = require_session(request)
    request.app[ACCOUNT_VISITORS].accounts.sign_out_everywhere(session)
    await request.app[SEATING].end(session.person.login)
    return _answer_signed_out()


def _answer_signed_out() -> web.Response:
    response = web.Response(status=HTTPStatus.SEE_OTHER)
    response.headers["Location"] = f"{SIGN_IN_PATH}?out"
    remove_session_cookie(response)
    return response


async def show_invitation(_request: web.Request) -> web.Response:
    """Show what an invitation is. Its token is behind `#`, and only the browser knows it.

    Programs that look at links in messages get this page, too, and use nothing up.
    """
    return _render_invitation()


async def check_invitation(request: web.Request) -> web.Response:
    """Say whom an invitation is for, after a press. It isn't used up."""
    accounts = request.app[ACCOUNT_VISITORS].accounts
    try:
        invited = accounts.find_invited(_read_token(await request.text()))
    except SignInRefusedError as error:
        sentence = str(describe_refusal(error, accounts.now()))
        return web.json_response({"sentence": sentence}, status=HTTPStatus.FORBIDDEN)
    return web.json_response({"login": invited.login})


async def accept_invitation(request: web.Request) -> web.Response:
    """Give the invited person the chosen password, and sign them in."""
    visitors = request.app[ACCOUNT_VISITORS]
    accounts = visitors.accounts
    form = await read_form(request)
    token = form.get("token", "")
    password = form.get("password", "")
    browser = describe_browser(request, zone=read_zone(form.get("zone", "")))
    try:
        signed_in = await visitors.threads.run(
            lambda: accounts.accept_invitation(token, password, browser)
        )
    except SignInRefusedError as error:
        return _refuse_invitation(accounts, error)
    except WeakPasswordError as error:
        try:
            invited = accounts.find_invited(token)
        except SignInRefusedError as refused:
            # It has been used elsewhere in the meantime.
            return _refuse_invitation(accounts, refused)
        return _render_invitation(
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            sentence=str(error.words),
            login=invited.login,
            token=token,
        )
    keep_cookies(request, signed_in)
    raise web.HTTPSeeOther(FIRST_PAGE)


def _refuse_invitation(accounts: WebAccounts, error: SignInRefusedError) -> web.Response:
    sentence = str(describe_refusal(error, accounts.now()))
    return _render_invitation(status=HTTPStatus.FORBIDDEN, sentence=sentence)


def _render_invitation(
    *, status: HTTPStatus = HTTPStatus.OK, sentence: str = "", login: str = "", token: str = ""
) -> web.Response:
    return render_page(
        "invitation.html",
        status=status,
        sentence=sentence,
        login=login,
        token=token,
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
    )


def _read_token(text: str) -> str:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(content, dict):
        return ""
    token = content.get("token")
    if not isinstance(token, str):
        return ""
    return token


async def read_form(request: web.Request) -> dict[str, str]:
    """Return the fields of a form that are texts. Nothing else is sent by our pages."""
    fields = await request.post()
    return {name: value for name, value in fields.items() if isinstance(value, str)}
