"""The guards as a browser obeys them: its forms pass, and nothing that is put into a page runs."""

import asyncio
from typing import Any

import pytest

from support.guarded_pages import GuardedPages, serve_on_port
from support.html_pages import CHROMIUM, CHROMIUM_ARGUMENTS

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium isn't installed")


async def look(pages: GuardedPages) -> None:
    from playwright.async_api import Error, async_playwright

    async with async_playwright() as steering:
        browser = await steering.chromium.launch(
            executable_path=CHROMIUM,
            args=[*CHROMIUM_ARGUMENTS, "--host-resolver-rules=MAP rebound.example 127.0.0.1"],
        )
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
        await look_from_rebound_name(browser, pages)
        await browser.close()


ASK = """async address => {
  const found = [];
  const change = { method: "POST", body: "x" };
  for (const [path, how] of [["/", {}], ["/change", change]]) {
    try {
      const answer = await fetch(address + path, how);
      found.push(answer.status);
    } catch {
      found.push("unreadable");
    }
  }
  const socket = new WebSocket(address.replace("http", "ws") + "/echo");
  found.push(await new Promise((resolve) => {
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("no socket");
  }));
  return found;
}"""
"""What a script of a page can learn from a server at an address."""


async def look_from_rebound_name(browser: Any, pages: GuardedPages) -> None:
    """A site has its own name resolve to this computer (DNS rebinding)."""
    rebound = f"http://rebound.example:{pages.host.rpartition(':')[2]}"
    page = await browser.new_page()
    answer = await page.goto(f"{rebound}/")
    assert answer.status == 421
    assert "This server doesn't answer under this address." in await page.inner_text("body")
    assert await page.evaluate(ASK, "") == [421, 421, "no socket"]
    # Nor does the name that is right help a page under the one that isn't.
    assert await page.evaluate(ASK, pages.origin) == ["unreadable", "unreadable", "no socket"]


def test_a_browser_obeys() -> None:
    async def run() -> None:
        async with serve_on_port() as pages:
            await look(pages)

    asyncio.run(run())
