"""Every door of the server × everybody who may stand before it, from the table of roles.

A route that isn't in the table of this module fails a test, and so does a person without a row.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

import aiohttp
import pytest

from support.account_pages import AccountPages
from support.web_accounts import HOME, PASSWORD, AccountsAtHand, quick_hashes
from survey_cli.permissions import Action, StaffRole, may
from survey_cli.services.accounts.web_accounts import SignInRefusedError
from survey_cli.services.export.download_request import DownloadKind, read_form
from survey_cli.web.seats.seat_request import Face
from survey_cli.web.server.account_visitors import SESSION_COOKIE
from survey_cli.web.server.listening import listen_on_path, listen_on_port
from survey_cli.web.server.static_files import find_version


class Need(Enum):
    """Whom a route is for, if no action of the table says it."""

    NOBODY_IN_PARTICULAR = auto()
    """Everybody, also before signing in."""
    SESSION = auto()
    """Everybody who is signed in: one's own account."""
    TOKEN = auto()
    """Whoever has an invitation that can still be used."""


ROUTES: dict[tuple[str, str], Need | Action] = {
    ("GET", "/static/{version}/{name}"): Need.NOBODY_IN_PARTICULAR,
    ("GET", "/favicon.ico"): Need.NOBODY_IN_PARTICULAR,
    ("GET", "/sign-in"): Need.NOBODY_IN_PARTICULAR,
    ("POST", "/sign-in"): Need.NOBODY_IN_PARTICULAR,
    ("GET", "/invitation"): Need.NOBODY_IN_PARTICULAR,
    ("POST", "/invitation/check"): Need.TOKEN,
    ("POST", "/invitation"): Need.TOKEN,
    ("GET", "/"): Need.SESSION,
    ("POST", "/sign-out"): Need.SESSION,
    ("POST", "/sign-out-everywhere"): Need.SESSION,
    ("GET", "/account"): Need.SESSION,
    ("POST", "/account/zone"): Need.SESSION,
    ("POST", "/account/password"): Need.SESSION,
    ("GET", "/account/resets"): Need.SESSION,
    ("POST", "/account/resets"): Need.SESSION,
    ("GET", "/accounts"): Action.MANAGE_ACCOUNTS,
    ("GET", "/accounts/log"): Action.READ_ACCESS_LOG,
    ("POST", "/accounts/{action}"): Action.MANAGE_ACCOUNTS,
    ("GET", "/seats"): Action.SEE_SEATS,
    ("GET", "/seats/list"): Action.SEE_SEATS,
    ("POST", "/seats/end"): Action.END_SEAT,
    ("GET", "/board"): Action.SEE_BOARD,
    ("GET", "/board/screen"): Action.SEE_BOARD,
    ("GET", "/downloads"): Action.DOWNLOAD,
    ("POST", "/downloads"): Action.DOWNLOAD,
    ("GET", "/seat"): Action.PRACTICE,
    ("GET", "/text"): Action.PRACTICE,
    ("GET", "/seat/screen"): Action.PRACTICE,
    ("GET", "/seat/text"): Action.PRACTICE,
}
SOCKETS = {
    "/seat/screen": Face.SCREEN,
    "/seat/text": Face.TEXT,
    "/board/screen": Face.BOARD,
}
ANSWERED = (200, 204, 301, 403, 422, 429)
"""A page, nothing to show, and what a form says that lacks something or comes too often."""
ENDS_SESSIONS = {"/sign-out", "/sign-out-everywhere"}
FILES: list[tuple[DownloadKind, dict[str, str]]] = [
    (DownloadKind.DATA, {}),
    (DownloadKind.DATA, {"personal": "yes"}),
    (DownloadKind.REPORT, {}),
    (DownloadKind.CODEBOOK, {}),
]
ROLES = [role for role in StaffRole if role is not StaffRole.OWNER]
"""The owner works in a terminal: the list of people gives nobody this role."""
OUTSIDERS = ("stranger", "signed out", "disabled", "removed from the list", "forged cookie")
OTHER_USER = 65_534


@dataclass
class Served:
    """The pages, and the cookie of everybody who may stand before them."""

    pages: AccountPages
    cookies: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    at_hand = AccountsAtHand(tmp_path_factory.mktemp("accounts"))
    rows = [f"{role.name.lower()},{role.value}" for role in ROLES]
    gone = ["out,interviewer", "off,interviewer", "left,supervisor", "used,interviewer"]
    at_hand.list_people(*rows, *gone, "late,interviewer", "new,interviewer")
    with quick_hashes(), AccountPages(at_hand) as pages:
        one = Served(pages)
        make = at_hand.make_account
        one.cookies["signed out"] = make("out").session_token
        at_hand.web.sign_out(make_session(at_hand, one.cookies["signed out"]))
        one.cookies["disabled"] = make("off").session_token
        at_hand.owner.disable("off")
        one.cookies["removed from the list"] = make("left").session_token
        one.cookies["forged cookie"] = "a" * 43

        one.tokens["used"] = at_hand.owner.add("used").token
        at_hand.web.accept_invitation(one.tokens["used"], PASSWORD, HOME)
        one.tokens["late"] = at_hand.owner.add("late").token
        at_hand.clock.wait(hours=49)
        one.tokens["usable"] = at_hand.owner.add("new").token
        for role in ROLES:
            one.cookies[role.value] = make(role.name.lower()).session_token
        at_hand.list_people(*rows, *(row for row in gone if "left" not in row), "new,interviewer")
        yield one


def make_session(at_hand: AccountsAtHand, token: str):  # type: ignore[no-untyped-def]
    session = at_hand.web.find_session(token, in_interview=lambda _: False)
    assert session is not None
    return session


def make_headers(served: Served, person: str) -> dict[str, str]:
    headers = {"Origin": served.pages.origin, "Accept": "text/html"}
    if person in served.cookies:
        headers["Cookie"] = f"{SESSION_COOKIE}={served.cookies[person]}"
    return headers


async def ask(served: Served, method: str, path: str, person: str) -> tuple[int, str, str]:
    """Return the status, where it leads, and the text. Cookies are those of the person only."""
    jar = aiohttp.DummyCookieJar()
    async with (
        aiohttp.ClientSession(served.pages.origin, cookie_jar=jar) as client,
        client.request(
            method,
            path.replace("{name}", "page.css")
            .replace("{version}", find_version())
            .replace("{action}", "sign-out"),
            headers=make_headers(served, person),
            allow_redirects=False,
            data={"login": "new"} if method == "POST" else None,
        ) as answer,
    ):
        return answer.status, answer.headers.get("Location", ""), await answer.text()


async def connect(served: Served, path: str, person: str) -> dict[str, object]:
    """Return what a socket says first."""
    jar = aiohttp.DummyCookieJar()
    async with (
        aiohttp.ClientSession(served.pages.origin, cookie_jar=jar) as client,
        client.ws_connect(path, headers=make_headers(served, person)) as page,
    ):
        said = await page.receive_json()
        assert isinstance(said, dict)
        return said


def test_no_route_is_without_a_row(served: Served) -> None:
    assert served.pages.routes == set(ROUTES)


@pytest.mark.parametrize("person", OUTSIDERS)
@pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)
def test_outsiders_reach_nothing(served: Served, method: str, path: str, person: str) -> None:
    before = len(served.pages.link.requests)
    if path in SOCKETS:
        assert asyncio.run(connect(served, path, person)) == {"type": "signed-out"}
    else:
        status, location, text = asyncio.run(ask(served, method, path, person))
        match ROUTES[method, path]:
            case Need.NOBODY_IN_PARTICULAR:
                # signing in without a login is refused, too
                assert status in ANSWERED
            case Need.TOKEN:
                assert status == 403
            case _:
                assert (status, location) == (303, "/sign-in")
                assert len(text) < 20
    assert len(served.pages.link.requests) == before, "no seat was asked for"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
@pytest.mark.parametrize(("method", "path"), ROUTES, ids=" ".join)
def test_a_role_reaches_what_the_table_says(
    served: Served, method: str, path: str, role: StaffRole
) -> None:
    if path in ENDS_SESSIONS:
        # a session of its own, since it ends
        accounts = served.pages.at_hand.web
        served.cookies["leaving"] = accounts.sign_in(
            role.name.lower(), PASSWORD, HOME
        ).session_token
        status, location, _ = asyncio.run(ask(served, method, path, "leaving"))
        assert (status, location) == (303, "/sign-in?out")
        if path == "/sign-out-everywhere":
            renewed = accounts.sign_in(role.name.lower(), PASSWORD, HOME)
            served.cookies[role.value] = renewed.session_token
        return

    need = ROUTES[method, path]
    is_allowed = not isinstance(need, Action) or may(role, need)
    if path in SOCKETS:
        if not is_allowed:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                asyncio.run(connect(served, path, role.value))
            return
        said = asyncio.run(connect(served, path, role.value))
        assert said["sentence"] == served.pages.link.SENTENCE
        asked = served.pages.link.requests[-1]
        assert asked.person == role.name.lower()
        assert asked.face is SOCKETS[path]
        assert asked.practice == (not may(role, Action.CONDUCT_INTERVIEWS))
        return

    status, location, text = asyncio.run(ask(served, method, path, role.value))
    if not is_allowed:
        assert status == 403
        assert "may" in text or "role" in text
    elif need is Action.MANAGE_ACCOUNTS and method == "POST":
        assert (status, location) == (303, "/accounts")
    elif need is Action.END_SEAT:
        assert (status, location) == (303, "/seats")
    elif need is Need.TOKEN:
        assert status == 403, "a session is no invitation"
    else:
        assert status in (*ANSWERED, 303)
        assert location != "/sign-in"
        if method == "GET" and need is Need.SESSION:
            assert status in (200, 303)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.value)
def test_a_role_downloads_what_the_table_says(served: Served, role: StaffRole) -> None:
    """A desk is asked for, as this person, only if the role may take each action of the file."""
    link = served.pages.link

    async def try_files() -> None:
        headers = make_headers(served, role.value)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(served.pages.origin, cookie_jar=jar) as client:
            for kind, further in FILES:
                form = {"kind": kind.value, "reason": "a test", **further}
                wanted = read_form(form)
                is_allowed = all(may(role, action) for action in wanted.list_actions())
                before = len(link.requests)
                async with client.post("/downloads", data=form, headers=headers) as answer:
                    assert answer.status == (503 if is_allowed else 403), form
                asked = [(one.person, one.face) for one in link.requests[before:]]
                assert asked == [(role.name.lower(), Face.DESK)] * is_allowed

    asyncio.run(try_files())


@pytest.mark.parametrize("kind", ["used", "late", "none"])
def test_an_old_link_opens_nothing(served: Served, kind: str) -> None:
    token = served.tokens.get(kind, "")

    async def try_link() -> list[int]:
        headers = make_headers(served, "stranger")
        found = []
        async with aiohttp.ClientSession(served.pages.origin) as client:
            async with client.post(
                "/invitation/check", json={"token": token}, headers=headers
            ) as answer:
                found.append(answer.status)
            form = {"token": token, "password": "another long password here"}
            async with client.post("/invitation", data=form, headers=headers) as answer:
                found.append(answer.status)
                assert SESSION_COOKIE not in answer.cookies
        return found

    assert asyncio.run(try_link()) == [403, 403]


def test_an_invitation_is_not_used_up_by_looking_at_it(served: Served) -> None:
    async def look() -> tuple[int, str]:
        headers = make_headers(served, "stranger")
        body = {"token": served.tokens["usable"]}
        async with (
            aiohttp.ClientSession(served.pages.origin) as client,
            client.post("/invitation/check", json=body, headers=headers) as answer,
        ):
            return answer.status, await answer.text()

    assert asyncio.run(look()) == asyncio.run(look()) == (200, '{"login": "new"}')


def test_a_password_of_somebody_else_opens_no_seat(served: Served) -> None:
    with pytest.raises(SignInRefusedError):
        served.pages.at_hand.web.sign_in("interviewer", "not this password", HOME)


TRY_AS_OTHER = """\
import os, socket, sys, urllib.error, urllib.request
# read while this user may still read the files of this Python
import encodings.idna
os.setgid({user}); os.setuid({user})
unix = socket.socket(socket.AF_UNIX)
try:
    unix.connect(sys.argv[1])
    print("socket open")
except PermissionError:
    print("socket refused")
try:
    print("port", urllib.request.urlopen(sys.argv[2], timeout=5).status)
except urllib.error.HTTPError as error:
    print("port", error.code)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_of_this_computer_reaches_nothing(served: Served, tmp_path: Path) -> None:
    # the folder can be entered, so that the socket itself has to refuse
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    listener = listen_on_path(tmp_path / "s")
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-c", TRY_AS_OTHER.format(user=OTHER_USER)),
                *(str(tmp_path / "s"), f"{served.pages.address}/sign-in"),
            ],
            capture_output=True,
            text=True,
            timeout=30,
        )
    finally:
        listener.close()
    assert done.stdout.split("\n")[:2] == ["socket refused", "port 403"], done.stderr


def test_nothing_listens_on_another_address() -> None:
    with listen_on_port(0) as listener, socket.socket() as probe:
        port = listener.getsockname()[1]
        probe.settimeout(2)
        assert probe.connect_ex(("127.0.0.2", port)) != 0
