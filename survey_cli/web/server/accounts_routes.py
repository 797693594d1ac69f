"""The page on which supervisors and shift leaders invite others, and reset or disable accounts.

The table of roles decides whose account somebody may change; the service checks it again.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final, TypeAlias

from aiohttp import web

from survey_cli.permissions import Action, may
from survey_cli.services.accounts.account_administration import (
    AccountAdministration,
    AccountLine,
    Invitation,
)
from survey_cli.web.server.account_visitors import ACCOUNT_VISITORS, require_session
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.sign_in_routes import read_form
from survey_cli.web.server.visitors import require_visitor
from survey_cli.web.server.zones import format_time

ACCOUNTS_PATH: Final = "/accounts"
MOST_ENTRIES: Final = 200
"""So many entries of the log are shown, the newest first."""

Invite: TypeAlias = Callable[[AccountAdministration, str], Invitation]
Change: TypeAlias = Callable[[AccountAdministration, str], object]

INVITING: Final = MappingProxyType[str, Invite](
    {
        "add": AccountAdministration.add,
        "invite": AccountAdministration.invite,
        "reset": AccountAdministration.reset,
    }
)
"""Actions that lead to a new invitation, by the end of their path."""
CHANGING: Final = MappingProxyType[str, Change](
    {
        "disable": AccountAdministration.disable,
        "enable": AccountAdministration.enable,
        "sign-out": AccountAdministration.sign_out,
    }
)


def add_routes(app: web.Application) -> None:
    """Add the pages."""
    app.router.add_get(ACCOUNTS_PATH, show_accounts)
    app.router.add_get(f"{ACCOUNTS_PATH}/log", show_log)
    app.router.add_post(f"{ACCOUNTS_PATH}/{{action}}", change_account)


async def show_accounts(request: web.Request) -> web.Response:
    """List the accounts, with what may be done with each."""
    return await _render_accounts(request)


async def change_account(request: web.Request) -> web.Response:
    """Do something with an account. The link of a new invitation is shown once."""
    administration = _administer(request)
    action = request.match_info["action"]
    form = await read_form(request)
    login = form.get("login", "")
    if action in INVITING:
        invitation = INVITING[action](administration, login)
        return await _render_accounts(request, invitation)
    if action not in CHANGING:
        raise web.HTTPNotFound
    CHANGING[action](administration, login)
    raise web.HTTPSeeOther(ACCOUNTS_PATH)


def _administer(request: web.Request) -> AccountAdministration:
    return request.app[ACCOUNT_VISITORS].accounts.administer(require_session(request))


async def _render_accounts(
    request: web.Request, invitation: Invitation | None = None
) -> web.Response:
    session = require_session(request)
    administration = _administer(request)
    lines = [_describe(line, session.zone) for line in administration.list_accounts()]

    until = ""
    if invitation is not None:
        until = format_time(invitation.until, session.zone)
    return render_page(
        "accounts.html",
        visitor=await require_visitor(request),
        lines=lines,
        invitable=administration.list_invitable(),
        has_single_sign_on=request.app[ACCOUNT_VISITORS].has_single_sign_on,
        invitation=invitation,
        until=until,
        may_read_log=may(session.person.role, Action.READ_ACCESS_LOG),
    )


def _describe(line: AccountLine, zone: str) -> dict[str, object]:
    """Describe an account for the page."""
    state = line.state.value
    if line.disabled_at is not None:
        state = f"disabled by {line.disabled_by}, {format_time(line.disabled_at, zone)}"
    elif line.invited_until is not None:
        state = f"invited until {format_time(line.invited_until, zone)}"

    last = "never signed in"
    if line.signed_in_at is not None:
        places = ", ".join(part for part in (line.device, line.address) if part)
        last = f"last sign-in {format_time(line.signed_in_at, zone)}, {places}"
    return {
        "login": line.login,
        "role": line.role or "not on the list of people",
        "state": state,
        "last": last,
        "sessions": line.sessions,
        "may_manage": line.may_manage,
        "is_disabled": line.disabled_at is not None,
        "has_password": line.has_password,
        "is_listed": bool(line.role),
    }


async def show_log(request: web.Request) -> web.Response:
    """List sign-ins, invitations and resets of all accounts."""
    session = require_session(request)
    entries = [
        {
            "at": format_time(entry.at, session.zone),
            "login": entry.login,
            "what": entry.what,
            "by": entry.by,
            "detail": entry.detail,
            "where": ", ".join(part for part in (entry.device, entry.address) if part),
        }
        for entry in reversed(_administer(request).list_log()[-MOST_ENTRIES:])
    ]
    return render_page("accounts_log.html", visitor=await require_visitor(request), entries=entries)
