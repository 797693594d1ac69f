"""Texts that people write, on every page: nothing of them runs, and none changes another line."""

import asyncio
import re
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote

import pytest

from support.account_pages import AccountPages, RecordedSeats
from support.html_pages import CHROMIUM, CHROMIUM_ARGUMENTS
from support.injected_texts import EVIL, FIND_INJECTED, RUNS
from support.web_accounts import PASSWORD, AccountsAtHand, quick_hashes
from survey_cli.web.server import pages, seats_routes

FOLDER = Path(pages.__file__).parent


def test_no_template_and_no_script_makes_elements_of_texts() -> None:
    for template in (FOLDER / "templates").iterdir():
        assert not re.search(r"\|\s*safe|autoescape|<script>|\bon\w+=|style=", template.read_text())
    making = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    for script in (FOLDER / "static").glob("*.js"):
        assert not re.search(making, script.read_text()), script.name


@pytest.mark.skipif(CHROMIUM is None, reason="chromium isn't installed")
def test_a_sentence_of_a_seat_is_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from playwright.async_api import async_playwright

    monkeypatch.setattr(RecordedSeats, "SENTENCE", EVIL)

    async def look(served: AccountPages) -> None:
        async with async_playwright() as steering:
            browser = await steering.chromium.launch(
                executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
            )
            page = await browser.new_page()
            await page.goto(f"{served.origin}/sign-in")
            await page.fill("input[name=login]", "ann")
            await page.fill("input[name=password]", PASSWORD)
            await page.press("input[name=password]", "Enter")
            await page.wait_for_url(f"{served.origin}/")
            for path in ("/seat", "/text"):
                await page.goto(f"{served.origin}{path}")
                await page.get_by_text(RUNS).first.wait_for()
                assert await page.evaluate(FIND_INJECTED) == []
                assert "{{7*7}}" in await page.inner_text("body")
            await browser.close()

    at_hand = AccountsAtHand(tmp_path)
    with quick_hashes(), AccountPages(at_hand) as served:
        at_hand.make_account("ann")
        asyncio.run(look(served))


@pytest.mark.skipif(CHROMIUM is None, reason="chromium isn't installed")
def test_what_people_write_is_text_on_every_page(tmp_path: Path) -> None:
    """What `make seats` does with a real study, on the pages around it and without a seat."""
    from playwright.async_api import async_playwright

    row = dict.fromkeys(
        ("seat", "person", "face", "since", "activity", "case", "for", "last_key"), EVIL
    )

    async def look(served: AccountPages, login: str) -> None:
        async with async_playwright() as steering:
            browser = await steering.chromium.launch(
                executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS
            )
            page = await browser.new_page()
            happened: list[str] = []
            await page.set_content(EVIL)
            assert await page.evaluate(FIND_INJECTED), "on a page without our care it is found"
            page.on("dialog", lambda dialog: happened.append(dialog.message))
            page.on("request", lambda request: happened.append(request.url))

            await page.goto(f"{served.origin}/sign-in")
            await page.fill("input[name=login]", EVIL)
            await page.press("input[name=password]", "Enter")
            await page.fill("input[name=login]", login)
            await page.fill("input[name=password]", PASSWORD)
            await page.press("input[name=password]", "Enter")
            await page.wait_for_url(f"{served.origin}/")
            for path in ("/", "/account", "/accounts", "/accounts/log", "/seats", "/downloads"):
                await page.goto(f"{served.origin}{path}")
                assert await page.evaluate(FIND_INJECTED) == [], path
            await page.goto(f"{served.origin}/seats")
            async with page.expect_response("**/seats/list"):
                pass
            assert await page.evaluate(FIND_INJECTED) == []

            for path in (f"/downloads/{EVIL}", f"/{EVIL}"):
                await page.goto(f"{served.origin}{quote(path)}")
                assert await page.evaluate(FIND_INJECTED) == [], path
            addresses = [url for url in happened if not url.startswith(f"{served.origin}/")]
            assert addresses == []
            assert f"{served.origin}/x" not in happened
            await browser.close()

    at_hand = AccountsAtHand(tmp_path)
    at_hand.list_people("sue,supervisor", "<img>,supervisor", "<b>,interviewer")
    with quick_hashes(), patch.object(seats_routes, "_describe_seats", return_value=[row]):
        pages_served = AccountPages(at_hand)
        pages_served.title = EVIL
        with pages_served as served:
            for login in ("<img>", "<b>"):
                at_hand.make_account(login)
            asyncio.run(look(served, "<img>"))


def test_a_refusal_of_a_service_shows_no_folder_and_no_control(tmp_path: Path) -> None:
    import aiohttp

    from survey_cli.web.server.account_visitors import SESSION_COOKIE

    at_hand = AccountsAtHand(tmp_path)

    async def ask(served: AccountPages, token: str) -> str:
        headers = {
            "Origin": served.origin,
            "Accept": "text/html",
            "Cookie": f"{SESSION_COOKIE}={token}",
        }
        async with (
            aiohttp.ClientSession(served.origin, cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.post("/accounts/add", data={"login": EVIL}, headers=headers) as answer,
        ):
            assert answer.status == 409
            return await answer.text()

    with quick_hashes(), AccountPages(at_hand) as served:
        text = asyncio.run(ask(served, at_hand.make_account("sue").session_token))
    assert "interviewers.csv" in text
    assert str(tmp_path) not in text
    assert "<img" not in text
    assert not re.search("[\x1b\x9b\u202e]", text)
