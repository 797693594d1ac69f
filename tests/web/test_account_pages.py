"""Pages of accounts: what a browser gets, with and without a session, by keyboard and at 400 px."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from support.account_pages import AccountPages
from support.html_pages import browser, in_browser  # noqa: F401 - a fixture
from support.scale import SCALE, large
from support.web_accounts import HOME, OTHER_PASSWORD, PASSWORD, AccountsAtHand, quick_hashes
from survey_cli.services.accounts.web_accounts import AskingBrowser, SignedIn
from survey_cli.web.server import password_threads, seats_routes
from survey_cli.web.server.account_visitors import DEVICE_COOKIE, SESSION_COOKIE
from survey_cli.web.server.browser_names import name_browser
from survey_cli.web.server.doors import ProxyDoor
from survey_cli.web.server.password_threads import PasswordThreads
from survey_cli.web.server.refusals import RefusalError
from survey_cli.web.server.zones import read_zone

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[AccountPages]:
    with quick_hashes(), AccountPages(AccountsAtHand(tmp_path)) as served:
        yield served


class Answer:
    """An answer, read to its end."""

    def __init__(self, status: int, text: str, headers: Any) -> None:
        self.status = status
        self.text = text
        self.headers = headers
        self.cookies = {}
        for line in headers.getall("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value


class FakeBrowser:
    """A browser that keeps cookies, and doesn't follow redirects."""

    def __init__(self, pages: AccountPages, **headers: str) -> None:
        self._address = pages.address
        self._headers = {"Origin": pages.origin, "User-Agent": FIREFOX, **headers}
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, headers)

    def post(self, path: str, data: dict[str, str] | None = None, json: object = None) -> Answer:
        return self._ask("POST", path, {}, data=data, json=json)

    def _ask(self, method: str, path: str, headers: dict[str, str], **content: Any) -> Answer:
        async def ask() -> Answer:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            own = {**self._headers, **headers}
            if cookie:
                own["Cookie"] = cookie
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
                client.request(
                    method, self._address + path, headers=own, allow_redirects=False, **content
                ) as answer,
            ):
                return Answer(answer.status, await answer.text(), answer.headers)

        answered = asyncio.run(ask())
        self.cookies.update(answered.cookies)
        return answered

    def hears_at_socket(self, path: str) -> str:
        """The first frame of a socket."""

        async def connect() -> str:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            own = {**self._headers, "Cookie": cookie}
            async with (
                aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
                client.ws_connect(self._address + path, headers=own) as socket,
            ):
                return str(await socket.receive_str(timeout=30))

        return asyncio.run(connect())


def sign_in(visitor: FakeBrowser, login: str = "ann", password: str = PASSWORD) -> Answer:
    return visitor.post("/sign-in", {"login": login, "password": password, "zone": "Asia/Tokyo"})


# What is sent


@pytest.mark.parametrize("path", ["/", "/seat", "/text", "/account", "/account/resets"])
def test_nobody_gets_a_page_before_signing_in(pages: AccountPages, path: str) -> None:
    answer = FakeBrowser(pages).get(path)
    assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")


@pytest.mark.parametrize("path", ["/seat/screen", "/seat/text"])
def test_nobody_gets_a_seat_before_signing_in(pages: AccountPages, path: str) -> None:
    assert FakeBrowser(pages).hears_at_socket(path) == '{"type": "signed-out"}'


def test_pages_before_signing_in_name_nobody(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    for path in ("/sign-in", "/invitation"):
        text = FakeBrowser(pages).get(path).text
        for word in ("ann", "sue", "Field", "study.yaml"):
            assert not re.search(rf"\b{word}\b", text), word


def test_the_cookies_are_for_this_host_and_its_own_pages_only(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    answer = sign_in(FakeBrowser(pages))
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    lines = answer.headers.getall("Set-Cookie")
    assert [line.partition("=")[0] for line in lines] == [SESSION_COOKIE, DEVICE_COOKIE]
    for line in lines:
        assert {"HttpOnly", "Path=/", "SameSite=Strict", "Secure"} <= set(line.split("; "))
        assert "Domain" not in line
    assert "Max-Age" not in lines[0], "the session is forgotten with the window"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_failed_sign_in_says_the_same_for_every_login(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    answers = [sign_in(FakeBrowser(pages), login, "wrong") for login in ("ann", "zoe")]
    texts = [answer.text.replace("zoe", "ann") for answer in answers]
    assert texts[0] == texts[1]
    assert "The login or the password is wrong." in texts[0]
    assert [answer.status for answer in answers] == [403, 403]
    assert answers[0].cookies == {}


def test_what_is_typed_as_a_login_is_shown_as_text(pages: AccountPages) -> None:
    answer = sign_in(FakeBrowser(pages), '"><img src=x onerror=alert(1)>', "wrong")
    assert "<img" not in answer.text


def test_after_too_many_attempts_the_page_says_when_to_try_again(pages: AccountPages) -> None:
    known = FakeBrowser(pages)
    pages.at_hand.make_account("ann")
    sign_in(known)
    for _ in range(10):
        sign_in(FakeBrowser(pages), "ann", "wrong")
    answer = sign_in(FakeBrowser(pages))
    assert answer.status == 429
    assert "Try again in 15 minutes." in answer.text
    assert sign_in(known).status == 303, "her own browser isn't kept out"


def test_looking_at_an_invitation_does_not_use_it_up(pages: AccountPages) -> None:
    token = pages.at_hand.owner.add("ann").token
    scanner = FakeBrowser(pages)
    for _ in range(3):
        assert scanner.get("/invitation").status == 200
    assert scanner.post("/invitation/check", json={"token": token}).text == '{"login": "ann"}'
    assert scanner.cookies == {}

    ann = FakeBrowser(pages)
    weak = ann.post("/invitation", {"token": token, "password": "short"})
    assert weak.status == 422
    assert "15 characters or more" in weak.text
    accepted = ann.post("/invitation", {"token": token, "password": PASSWORD})
    assert (accepted.status, accepted.headers["Location"]) == (303, "/")
    again = scanner.post("/invitation", {"token": token, "password": PASSWORD})
    assert again.status == 403
    assert "This invitation has been used." in again.text


@pytest.mark.parametrize("body", ["", "[]", '{"token": 1}', '{"token": "x"}', "[" * 9_999, "\0"])
def test_a_broken_invitation_gets_a_sentence(pages: AccountPages, body: str) -> None:
    answer = FakeBrowser(pages)._ask("POST", "/invitation/check", {}, data=body.encode())
    assert answer.status == 403
    assert "Open the whole link" in answer.text


def test_an_invitation_that_is_used_while_a_weak_password_is_refused_gets_a_sentence(
    pages: AccountPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = pages.at_hand.owner.add("ann").token
    web = pages.at_hand.web
    accept = web.accept_invitation

    def accept_elsewhere_first(token: str, password: str, asking: AskingBrowser) -> SignedIn:
        try:
            return accept(token, password, asking)
        finally:
            accept(token, PASSWORD, HOME)

    monkeypatch.setattr(web, "accept_invitation", accept_elsewhere_first)
    answer = FakeBrowser(pages).post("/invitation", {"token": token, "password": "short"})
    assert answer.status == 403
    assert "This invitation has been used." in answer.text


def test_a_reset_comes_before_everything_else(pages: AccountPages) -> None:
    at_hand = pages.at_hand
    at_hand.make_account("ann")
    token = at_hand.manage_as("sue").reset("ann").token
    ann = FakeBrowser(pages)
    ann.post("/invitation", {"token": token, "password": OTHER_PASSWORD, "zone": "Asia/Tokyo"})
    for path in ("/", "/seat", "/text"):
        assert ann.get(path).headers["Location"] == "/account/resets"
    text = ann.get("/account/resets").text
    assert "Tue 1 Dec 2026, 18:00, by <b>sue</b>" in text, "in the zone of her browser"
    assert ann.post("/account/resets").headers["Location"] == "/"
    assert ann.get("/").status == 200


def test_signing_out_ends_the_session_and_forgets_the_pages(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    ann = FakeBrowser(pages)
    sign_in(ann)
    before = dict(ann.cookies)
    answer = ann.post("/sign-out")
    assert answer.headers["Location"] == "/sign-in?out"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    ann.cookies = before
    assert ann.get("/").status == 303, "the cookie opens nothing any more"
    assert ann.post("/sign-out").headers["Location"] == "/sign-in"


def test_whoever_signs_in_again_leaves_the_session_before(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    pages.at_hand.make_account("bob")
    shared = FakeBrowser(pages)
    sign_in(shared, "ann")
    before = dict(shared.cookies)
    sign_in(shared, "bob")
    assert "<b>bob</b>" in shared.get("/account").text
    shared.cookies = before
    assert shared.get("/account").status == 303


def test_signing_out_everywhere_reaches_other_browsers(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    here = FakeBrowser(pages)
    there = FakeBrowser(pages)
    for ann in (here, there):
        sign_in(ann)
    here.post("/sign-out-everywhere")
    assert there.get("/").status == 303


def test_a_changed_password_and_zone(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    ann = FakeBrowser(pages)
    sign_in(ann)
    wrong = ann.post("/account/password", {"current": "wrong", "password": OTHER_PASSWORD})
    assert wrong.status == 422
    assert "The login or the password is wrong." in wrong.text
    weak = ann.post("/account/password", {"current": PASSWORD, "password": "annannannannannann"})
    assert weak.status == 422
    done = ann.post("/account/password", {"current": PASSWORD, "password": OTHER_PASSWORD})
    assert done.headers["Location"] == "/account?changed=password"
    assert sign_in(FakeBrowser(pages), "ann", PASSWORD).status == 403

    ann.post("/account/zone", {"zone": "America/Chicago"})
    assert "03:00: signed in" in ann.get("/account").text
    ann.post("/account/zone", {"zone": "../../etc/passwd"})
    assert "03:00: signed in" in ann.get("/account").text


def test_a_link_on_another_site_loads_the_page_again(pages: AccountPages) -> None:
    """The browser sends no strict cookie with the first request; it comes from elsewhere."""
    pages.at_hand.make_account("ann")
    ann = FakeBrowser(pages)
    sign_in(ann)
    cookies = dict(ann.cookies)
    ann.cookies = {}
    first = ann.get("/account", **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert first.status == 200
    assert "/elsewhere.js" in first.text
    odd = ann.get("//evil.example/", **{"Sec-Fetch-Site": "cross-site"})
    assert "evil" not in odd.text
    ann.cookies = cookies
    second = ann.get("/account", **{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"})
    assert "Your account" in second.text
    # the page of an invitation needs no cookie, and its link must keep what is behind `#`
    invitation = ann.get("/invitation", **{"Sec-Fetch-Site": "cross-site"})
    assert "Continue" in invitation.text
    assert "elsewhere.js" not in invitation.text


def test_whoever_is_removed_from_the_list_gets_no_page(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    ann = FakeBrowser(pages)
    sign_in(ann)
    pages.at_hand.list_people("bob,interviewer")
    assert ann.get("/account").status == 303


def test_a_study_whose_list_is_gone_lets_nobody_in_and_says_so(pages: AccountPages) -> None:
    pages.at_hand.make_account("ann")
    ann = FakeBrowser(pages)
    sign_in(ann)
    pages.at_hand.people_file.unlink()
    answer = ann.get("/account", Accept="text/html")
    assert answer.status == 409
    assert "The study has no list of people" in answer.text
    assert str(pages.at_hand.folder) not in answer.text


# Managing others


def test_a_supervisor_invites_and_the_link_is_shown_once(pages: AccountPages) -> None:
    at_hand = pages.at_hand
    at_hand.make_account("sue")
    sue = FakeBrowser(pages)
    sign_in(sue, "sue")
    before = sue.get("/accounts").text
    options = re.findall(r'<option value="(\w+)">', before)
    assert options == ["ann", "bob", "lea", "tim"], "no supervisors, and not herself"

    answer = sue.post("/accounts/add", {"login": "ann"})
    # The server wasn't told its address, and believes no Host: a script of the page completes it.
    [link] = re.findall(r'value="(/invitation#[^"]+)" data-lacks-address', answer.text)
    assert str(pages.port) not in answer.text
    token = link.partition("#")[2]
    assert token not in sue.get("/accounts").text
    ann = FakeBrowser(pages)
    ann.post("/invitation", {"token": token, "password": PASSWORD})
    assert ann.get("/").status == 200

    sue.post("/accounts/sign-out", {"login": "ann"})
    assert ann.get("/").status == 303
    sue.post("/accounts/disable", {"login": "ann"})
    assert sign_in(ann).status == 403
    sue.post("/accounts/enable", {"login": "ann"})
    assert sign_in(ann).status == 303
    assert "password reset" not in sue.get("/accounts/log").text
    at_hand.owner.keep_address("https://survey.example.org:443")
    answer = sue.post("/accounts/reset", {"login": "ann"})
    assert 'value="https://survey.example.org/invitation#' in answer.text
    assert "data-lacks-address" not in answer.text
    assert "<b>ann</b>, password reset by sue" in sue.get("/accounts/log").text


def test_what_the_table_of_roles_forbids_is_refused_also_without_a_button(
    pages: AccountPages,
) -> None:
    at_hand = pages.at_hand
    for login in ("sue", "lea", "ann", "max"):
        at_hand.make_account(login)
    browsers = {}
    for login in ("sue", "lea", "ann"):
        browsers[login] = FakeBrowser(pages)
        sign_in(browsers[login], login)
    actions = ("add", "invite", "reset", "disable", "enable", "sign-out")
    for login, targets in (
        ("sue", ["max", "sue"]),
        ("lea", ["max", "sue", "lea"]),
        ("ann", ["bob"]),
    ):
        for target in targets:
            for action in actions:
                answer = browsers[login].post(f"/accounts/{action}", {"login": target})
                assert answer.status == 403, (login, action, target)
                assert f"{login} is " in answer.text
                assert "may manage accounts" in answer.text
    assert browsers["ann"].get("/accounts").status == 403
    assert browsers["lea"].get("/accounts/log").status == 403
    assert browsers["ann"].get("/downloads").status == 403
    denied = [entry for entry in at_hand.owner.list_log("ann") if entry.what == "not permitted"]
    assert [entry.detail for entry in denied] == [
        "POST /accounts/{action}",
        "GET /accounts",
        "GET /downloads",
    ], "each once"
    assert "not permitted (GET /downloads)" in browsers["sue"].get("/accounts/log").text
    assert "/accounts" not in browsers["ann"].get("/").text
    assert browsers["sue"].post("/accounts/explode", {"login": "ann"}).status == 404
    assert FakeBrowser(pages).post("/accounts/reset", {"login": "ann"}).status == 303


def test_a_role_without_a_seat_gets_none(pages: AccountPages) -> None:
    at_hand = pages.at_hand
    at_hand.list_people("cora,coder")
    at_hand.make_account("cora")
    cora = FakeBrowser(pages)
    sign_in(cora, "cora")
    assert "Your role has no seat" in cora.get("/").text
    for path in ("/seat", "/text"):
        assert cora.get(path).status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError):
        cora.hears_at_socket("/seat/screen")


# Single sign-on


@pytest.fixture
def behind_proxy(tmp_path: Path) -> Iterator[AccountPages]:
    door = ProxyDoor(user_header="Remote-User")
    at_hand = AccountsAtHand(tmp_path)
    with quick_hashes(), AccountPages(at_hand, door=door, has_single_sign_on=True) as served:
        yield served


def test_whom_the_proxy_names_is_signed_in(behind_proxy: AccountPages) -> None:
    ann = FakeBrowser(behind_proxy, **{"Remote-User": "ann", "X-Forwarded-For": "198.51.100.7"})
    first = ann.get("/account")
    assert first.status == 200
    assert "<b>ann</b>" in first.text
    assert "Current password" not in first.text
    assert ann.get("/account").cookies == {}, "the same session"
    [line] = behind_proxy.at_hand.owner.list_accounts()
    assert (line.login, line.address) == ("ann", "198.51.100.7")

    # The same browser, and somebody else at the sign-on of the proxy.
    bob = FakeBrowser(behind_proxy, **{"Remote-User": "bob"})
    bob.cookies = dict(ann.cookies)
    assert "<b>bob</b>" in bob.get("/account").text


def test_nobody_else_gets_in_beside_a_single_sign_on(behind_proxy: AccountPages) -> None:
    unlisted = FakeBrowser(behind_proxy, **{"Remote-User": "zoe"})
    answer = unlisted.get("/", Accept="text/html")
    assert answer.status == 403
    assert "no longer on the study&#39;s list of people" in answer.text

    behind_proxy.at_hand.make_account("ann")
    without = FakeBrowser(behind_proxy)
    assert without.get("/").headers["Location"] == "/sign-in"
    assert "single sign-on" not in without.get("/sign-in").text
    assert sign_in(without).cookies == {}, "a password opens nothing here"


def test_the_header_of_a_proxy_is_not_believed_without_one(pages: AccountPages) -> None:
    answer = FakeBrowser(pages, **{"Remote-User": "sue"}).get("/account")
    assert answer.status == 303


# Parts


def test_a_full_line_before_the_hashes_says_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_threads, "MOST_WAITING", 3)

    async def run() -> list[object]:
        threads = PasswordThreads()
        release = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

        tasks = [asyncio.create_task(threads.run(wait)) for _ in range(4)]
        await asyncio.sleep(0.05)
        release.set()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        threads.close()
        return list(results)

    *waited, refused = asyncio.run(run())
    assert waited == [None] * 3
    assert isinstance(refused, RefusalError)


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0"
            " Mobile/15E148 Safari/604.1",
            "Safari on iPad",
        ),
        ("curl/8.14", "another browser"),
        ("", "another browser"),
    ],
)
def test_browsers_are_named_as_people_know_them(user_agent: str, name: str) -> None:
    assert name_browser(user_agent) == name


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" UTC ", "UTC"),
        ("", ""),
        ("Mars/Olympus", ""),
        ("/etc/passwd", ""),
        ("../UTC", ""),
        ("Europe", ""),
        ("x" * 65, ""),
        ("Europe/Berlin\0", ""),
    ],
)
def test_only_zones_that_are_known_are_taken(text: str, zone: str) -> None:
    assert read_zone(text) == zone


# In a real browser


def check_page(tab: Any, *, by_axe: bool = SCALE > 1) -> None:
    """Nothing is wider than the window, and axe finds nothing. It takes a second at each page."""
    width = tab.evaluate("document.documentElement.scrollWidth")
    assert width <= tab.viewport_size["width"]
    if not by_axe:
        return

    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(tab).response
    assert len(found["passes"]) > 15, "it did look"
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found["violations"]] == []


def open_tab(browser: Any, width: int, scheme: str) -> Any:  # noqa: F811 - the fixture
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        timezone_id="Asia/Tokyo",
    )
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    tab.on("pageerror", lambda error: pytest.fail(str(error)))
    return tab


@in_browser
@pytest.mark.parametrize(
    ("width", "scheme"), [pytest.param(1280, "light", marks=large), (400, "dark")]
)
def test_from_the_invitation_to_signing_out_by_keyboard(
    pages: AccountPages,
    browser: Any,  # noqa: F811 - the fixture
    width: int,
    scheme: str,
) -> None:
    tab = open_tab(browser, width, scheme)
    key = tab.keyboard
    token = pages.at_hand.owner.add("ann").token
    tab.goto(f"{pages.address}/invitation#{token}")
    assert token not in tab.url, "it isn't left in the history"
    check_page(tab)
    key.press("Tab")
    key.press("Enter")

    tab.wait_for_selector("#password")
    assert tab.input_value("#login") == "ann"
    assert tab.evaluate("document.activeElement.id") == "password"
    key.type("four words")
    assert tab.text_content("[data-counts]") == "5 more."
    check_page(tab, by_axe=True)
    key.press("Control+A")
    key.type("aaaaaaaaaaaaaaaa")
    key.press("Enter")
    tab.wait_for_selector("text=This repeats a few characters")
    check_page(tab)
    tab.focus("#password")
    key.type(PASSWORD)
    key.press("Tab")
    key.press("Space")
    assert tab.get_attribute("#password", "type") == "text"
    key.press("Enter")

    tab.wait_for_url(f"{pages.address}/")
    check_page(tab)
    [session] = pages.at_hand.store.list_open_sessions("ann")
    assert session.zone == "Asia/Tokyo"
    tab.get_by_role("link", name="Your account").focus()
    key.press("Enter")
    tab.wait_for_url("**/account")
    assert tab.input_value("#zone") == "Asia/Tokyo"
    check_page(tab, by_axe=True)

    tab.get_by_role("button", name="Sign out", exact=True).focus()
    key.press("Enter")
    tab.wait_for_selector("text=You are signed out.")
    check_page(tab)
    tab.go_back()
    tab.wait_for_load_state()
    assert "/sign-in" in tab.url, "the page before isn't shown from memory"
    tab.wait_for_selector("#login")
    key.type("Ann")
    key.press("Tab")
    key.type("wrong")
    key.press("Enter")
    tab.wait_for_selector("text=The login or the password is wrong.")
    check_page(tab)
    assert tab.evaluate("document.activeElement.id") == "password", "the login is there already"
    key.type(PASSWORD)
    key.press("Enter")
    tab.wait_for_url(f"{pages.address}/")

    token = pages.at_hand.manage_as("sue").reset("ann").token
    tab.goto(f"{pages.address}/invitation#{token}")
    tab.get_by_role("button", name="Continue").press("Enter")
    tab.wait_for_selector("#password")
    key.type(OTHER_PASSWORD)
    key.press("Enter")
    tab.wait_for_url("**/account/resets")
    check_page(tab)
    tab.get_by_role("button", name="I have read this").press("Enter")
    tab.wait_for_url(f"{pages.address}/")
    tab.context.close()


def look_at_seats(tab: Any, pages: AccountPages) -> None:
    """Open the page of seats without and with seats, and the board, which can't be opened here."""
    row = {
        "seat": "1",
        "person": "ann",
        "face": "full screen",
        "since": "09:00",
        "activity": "in an interview",
        "case": "A 17",
        "for": "09:04",
        "last_key": "4 s ago",
    }
    for rows in ([], [row, {**row, "seat": "2", "person": "bob", "activity": "", "for": ""}]):
        with patch.object(seats_routes, "_describe_seats", return_value=rows):
            tab.goto(f"{pages.address}/seats")
            tab.wait_for_selector("h1:has-text('Seats')")
            assert tab.get_by_role("button", name="End").count() == len(rows)
            check_page(tab)
    tab.goto(f"{pages.address}/board")
    tab.wait_for_selector(f"text={pages.link.SENTENCE}")
    check_page(tab)


@in_browser
@pytest.mark.parametrize(
    ("width", "scheme"), [pytest.param(1280, "dark", marks=large), (400, "light")]
)
def test_the_page_of_all_accounts_by_keyboard(
    pages: AccountPages,
    browser: Any,  # noqa: F811 - the fixture
    width: int,
    scheme: str,
) -> None:
    for login in ("sue", "max", "ann"):
        pages.at_hand.make_account(login)
    pages.at_hand.owner.disable("ann")
    tab = open_tab(browser, width, scheme)
    tab.goto(f"{pages.address}/sign-in")
    tab.fill("#login", "sue")
    tab.fill("#password", PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{pages.address}/")
    tab.get_by_role("link", name="Accounts", exact=True).press("Enter")
    tab.wait_for_url("**/accounts")
    check_page(tab)
    tab.get_by_role("combobox").press("b")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=bob is invited as interviewer")
    check_page(tab, by_axe=True)
    tab.locator("summary").first.press("Enter")
    check_page(tab)
    assert tab.input_value("#link").startswith(f"{pages.address}/invitation#")
    tab.get_by_role("link", name="Log of sign-ins").press("Enter")
    tab.wait_for_url("**/accounts/log")
    check_page(tab)
    look_at_seats(tab, pages)
    tab.context.close()


@in_browser
@pytest.mark.parametrize(
    ("width", "scheme"), [pytest.param(1280, "light", marks=large), (400, "dark")]
)
def test_the_page_of_downloads_by_keyboard(
    pages: AccountPages,
    browser: Any,  # noqa: F811 - the fixture
    width: int,
    scheme: str,
) -> None:
    pages.at_hand.make_account("sue")
    tab = open_tab(browser, width, scheme)
    tab.goto(f"{pages.address}/sign-in")
    tab.fill("#login", "sue")
    tab.fill("#password", PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{pages.address}/")
    tab.get_by_role("link", name="Downloads", exact=True).press("Enter")
    tab.wait_for_url("**/downloads")
    check_page(tab)

    # Only what belongs to the file that is chosen can be reached.
    assert tab.get_by_label("Names, telephone numbers and personal answers").is_visible()
    assert not tab.get_by_label("Names, telephone numbers and personal answers").is_checked()
    tab.get_by_label("Data:").press("ArrowDown")
    assert tab.get_by_label("Report:").is_checked()
    assert not tab.get_by_label("Format").is_visible()
    tab.get_by_label("Columns for the values of").fill("age")
    check_page(tab)

    # The browser itself asks for a reason; blanks get past it.
    tab.get_by_role("button", name="Download").press("Enter")
    assert tab.evaluate("document.activeElement.id") == "reason"
    tab.keyboard.type("   ")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("text=A reason is missing.")
    assert tab.get_by_label("Report:").is_checked()
    assert tab.get_by_label("Columns for the values of").input_value() == "age"
    check_page(tab, by_axe=True)

    # No file can be made in this test.
    tab.get_by_label("Reason").fill("For the tables")
    tab.keyboard.press("Enter")
    tab.wait_for_selector(f"text={pages.link.SENTENCE}")
    check_page(tab)
    look_at_seats(tab, pages)
    tab.context.close()


@in_browser
def test_a_link_in_a_chat_leads_to_the_page_without_signing_in_again(
    pages: AccountPages,
    browser: Any,  # noqa: F811 - the fixture
) -> None:
    tab = open_tab(browser, 1280, "light")
    pages.at_hand.make_account("ann")
    tab.goto(f"{pages.address}/sign-in")
    tab.fill("#login", "ann")
    tab.fill("#password", PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{pages.address}/")

    chat = f"<a id=link href='{pages.address}/account'>the account</a>"
    tab.route(
        "http://chat.example/**", lambda route: route.fulfill(body=chat, content_type="text/html")
    )
    tab.goto("http://chat.example/")
    tab.click("#link")
    tab.wait_for_selector("h1:has-text('Your account')")
    tab.context.close()


@in_browser
def test_signing_in_works_without_scripts(
    pages: AccountPages,
    browser: Any,  # noqa: F811 - the fixture
) -> None:
    pages.at_hand.make_account("ann")
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{pages.address}/")
    tab.fill("#login", "ann")
    tab.fill("#password", PASSWORD)
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"{pages.address}/")
    context.close()
