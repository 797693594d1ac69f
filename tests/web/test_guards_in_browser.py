"""The guards as a browser obeys them: its forms pass, and nothing that is put into a page runs."""

import asyncio

import pytest

from support.guarded_pages import GuardedPages, serve_on_port
from support.html_pages import CHROMIUM, CHROMIUM_ARGUMENTS

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium isn't installed")


async def look(pages: GuardedPages) -> None:
    from playwright.async_api import Error, async_playwright

    async with async_playwright() as steering:
        browser = await steering.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        page = await browser.new_page()
        await page.goto(f"{pages.origin}/")
        assert await page.title() == "A form", "the inline script did not run"
        color = "element => getComputedStyle(element).color"
        assert await page.eval_on_selector("#styled", color) == "rgb(0, 0, 0)"
        with pytest.raises(Error, match="TrustedHTML"):
            await page.evaluate("document.body.innerHTML = '<img src=x onerror=alert(1)>'")

        # Under our Referrer-Policy, the origin of this form is `null`.
        await page.goto(f"{pages.origin}/")
        async with page.expect_navigation() as answer:
            await page.click("button")
        assert (await answer.value).status == 200
        assert '"bytes": 0' in await page.inner_text("body")

        # the same form in a frame of a site that has no origin
        foreign = await browser.new_page()
        await foreign.set_content(f'<form method="post" action="{pages.origin}/change"><button>')
        async with foreign.expect_navigation() as refused:
            await foreign.click("button")
        assert (await refused.value).status == 403
        assert "This didn't come from a page of this server." in await foreign.inner_text("body")
        await browser.close()


def test_a_browser_obeys() -> None:
    async def run() -> None:
        async with serve_on_port() as pages:
            await look(pages)

    asyncio.run(run())
