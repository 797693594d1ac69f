"""Texts that people write, on every page: nothing of them runs, and none changes another line."""

import asyncio
import re
from pathlib import Path

import pytest

from support.account_pages import AccountPages, RecordedSeats
from support.html_pages import CHROMIUM, CHROMIUM_ARGUMENTS
from support.web_accounts import PASSWORD, AccountsAtHand, quick_hashes
from survey_cli.web.server import pages

EVIL = (
    "<img src=x onerror=\"document.title='it ran'\">"
    "</p><script>document.title='it ran'</script>{{7*7}}\x1b[2J\x9b31m\u202egpj"
)
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
                await page.get_by_text("<img src=x").first.wait_for()
                assert "it ran" not in await page.title()
                assert await page.locator("img").count() == 0
                assert "{{7*7}}" in await page.inner_text("body")
            await browser.close()

    at_hand = AccountsAtHand(tmp_path)
    with quick_hashes(), AccountPages(at_hand) as served:
        at_hand.make_account("ann")
        asyncio.run(look(served))


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
