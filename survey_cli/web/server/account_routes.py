"""The page of one's own account: sessions, time zone, password, and resets by somebody else."""

from http import HTTPStatus

from aiohttp import web

from survey_cli.services.accounts.password_rules import MAX_LENGTH, MIN_LENGTH
from survey_cli.services.accounts.web_accounts import (
    SignInRefusedError,
    WeakPasswordError,
    describe_refusal,
)
from survey_cli.web.server.account_visitors import (
    ACCOUNT_VISITORS,
    RESETS_PATH,
    describe_browser,
    require_session,
)
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.sign_in_routes import FIRST_PAGE, read_form
from survey_cli.web.server.visitors import require_visitor
from survey_cli.web.server.zones import format_time, read_zone

ACCOUNT_PATH = "/account"
MOST_ENTRIES = 20
"""So many entries of the log are shown, the newest first."""


def add_routes(app: web.Application) -> None:
    """Add the pages."""
    app.router.add_get(ACCOUNT_PATH, show_account)
    app.router.add_post(f"{ACCOUNT_PATH}/zone", change_zone)
    app.router.add_post(f"{ACCOUNT_PATH}/password", change_password)
    app.router.add_get(RESETS_PATH, show_resets)
    app.router.add_post(RESETS_PATH, confirm_resets)


async def show_account(request: web.Request) -> web.Response:
    """Show one's own account."""
    return await _render_account(request)


async def change_zone(request: web.Request) -> web.Response:
    """Show times in another zone. A seat that is open keeps its zone."""
    session = require_session(request)
    form = await read_form(request)
    zone = read_zone(form.get("zone", ""))
    if zone:
        request.app[ACCOUNT_VISITORS].accounts.set_zone(session, zone)
    raise web.HTTPSeeOther(f"{ACCOUNT_PATH}?changed=zone")


async def change_password(request: web.Request) -> web.Response:
    """Change one's own password; all other sessions end."""
    session = require_session(request)
    visitors = request.app[ACCOUNT_VISITORS]
    form = await read_form(request)
    current = form.get("current", "")
    new = form.get("password", "")
    browser = describe_browser(request)
    try:
        await visitors.threads.run(
            lambda: visitors.accounts.change_password(session, current, new, browser)
        )
    except WeakPasswordError as error:
        return await _render_account(request, sentence=str(error.words))
    except SignInRefusedError as error:
        sentence = str(describe_refusal(error, visitors.accounts.now()))
        return await _render_account(request, sentence=sentence)
    raise web.HTTPSeeOther(f"{ACCOUNT_PATH}?changed=password")


async def _render_account(request: web.Request, *, sentence: str = "") -> web.Response:
    """Render the page; `sentence` says why the password wasn't changed."""
    session = require_session(request)
    visitors = request.app[ACCOUNT_VISITORS]
    sessions = [
        {
            "device": row.device,
            "address": row.address,
            "began": format_time(row.began_at, session.zone),
            "is_this": row.id == session.id,
        }
        for row in visitors.accounts.list_sessions(session)
    ]
    entries = [
        {
            "at": format_time(entry.at, session.zone),
            "what": entry.what,
            "by": entry.by,
            "where": ", ".join(part for part in (entry.device, entry.address) if part),
        }
        for entry in reversed(visitors.accounts.list_log(session)[-MOST_ENTRIES:])
    ]

    status = HTTPStatus.OK
    if sentence:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return render_page(
        "account.html",
        status=status,
        visitor=await require_visitor(request),
        role=session.person.role.value,
        zone=session.zone,
        sessions=sessions,
        entries=entries,
        sentence=sentence,
        changed=request.query.get("changed", ""),
        has_single_sign_on=visitors.has_single_sign_on,
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
    )


async def show_resets(request: web.Request) -> web.Response:
    """Say who reset the password, before anything else."""
    session = require_session(request)
    accounts = request.app[ACCOUNT_VISITORS].accounts
    resets = [
        {"at": format_time(reset.at, session.zone), "by": reset.by}
        for reset in accounts.list_unseen_resets(session)
    ]
    if not resets:
        raise web.HTTPSeeOther(FIRST_PAGE)
    return render_page("resets.html", visitor=await require_visitor(request), resets=resets)


async def confirm_resets(request: web.Request) -> web.Response:
    """Note that the resets were read."""
    session = require_session(request)
    request.app[ACCOUNT_VISITORS].accounts.confirm_resets(session)
    raise web.HTTPSeeOther(FIRST_PAGE)
