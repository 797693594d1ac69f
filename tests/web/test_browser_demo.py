"""`survey demo --browser`: nothing to set up, also in an empty folder."""

import asyncio
from pathlib import Path

import aiohttp
import pexpect

from support.browser_seat import LINK, LONG, ServedSeat, open_browser, open_page
from support.forked_survey import spawn_survey


def test_the_demonstration_begins_in_an_empty_folder(tmp_path: Path) -> None:
    with ServedSeat("demo", "--browser", folder=tmp_path) as served:

        async def act() -> None:
            async with open_browser(served) as browser, open_page(served, browser) as page:
                await page.shows("PRACTICE")
                await page.shows("Enter next")
                # an Enter right after the first statement came is taken for one too many
                await asyncio.sleep(1)
                await page.press("\r")
                await page.shows("2 / 11")

        asyncio.run(act())
        assert "No browser was found on this computer." in served.said
    assert "Resume it:" in served.said
    assert (tmp_path / "survey-demo" / "library.yaml").exists()


def test_enter_in_the_terminal_gives_a_new_link(tmp_path: Path) -> None:
    """A browser that was closed has lost its cookie, and the first link can be used once."""
    nothing = {"DISPLAY": "", "BROWSER": "", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    terminal = spawn_survey(
        "demo", "--browser", folder=tmp_path, environment=nothing, timeout=int(LONG)
    )

    def read_link() -> tuple[str, str]:
        terminal.expect(LINK.pattern.encode())
        address, key = terminal.match.groups()
        terminal.expect(b"Press Enter here for a new link")
        return address.decode(), key.decode()

    async def use(address: str, key: str) -> int:
        async with (
            aiohttp.ClientSession(headers={"Origin": address}) as browser,
            browser.post(f"{address}/enter", json={"key": key}) as answer,
        ):
            return answer.status

    try:
        first = read_link()
        assert asyncio.run(use(*first)) == 204
        terminal.send("\n")
        second = read_link()
        assert asyncio.run(use(*first)) == 403
        assert asyncio.run(use(*second)) == 204
        # unused ones are no longer good for anything either
        terminal.send("\n")
        third = read_link()
        terminal.send("\n")
        fourth = read_link()
        assert asyncio.run(use(*third)) == 403
        assert asyncio.run(use(*fourth)) == 204
    finally:
        terminal.send("\x03")
        terminal.expect(pexpect.EOF)
        terminal.close()


def test_the_browser_gets_a_file_that_leads_to_the_link(tmp_path: Path) -> None:
    """Its name is the argument, which all users of the computer can see, and the key is in it."""
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(
        f'#!/bin/sh\necho "$1" > {seen}\nstat -c %a "${{1#file://}}" >> {seen}\n'
        f'cat "${{1#file://}}" >> {seen}\n'
    )
    browser.chmod(0o755)
    environment = {"BROWSER": f"{browser} %s"}
    with ServedSeat("demo", "--browser", folder=tmp_path, environment=environment) as served:
        served.wait_for(lambda: "Opened in your browser" in served.said)
        served.wait_for(lambda: seen.exists() and "</html>" in seen.read_text())
        argument, mode, page = seen.read_text().split("\n", 2)
        assert mode == "600"
        key = page.partition("/enter#")[2].partition('"')[0]
        assert len(key) > 40
        assert key not in argument
        assert key not in served.said
    assert not Path(argument.removeprefix("file://")).exists()
