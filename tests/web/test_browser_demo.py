"""`survey demo --browser`: nothing to set up, also in an empty folder."""

import asyncio
from pathlib import Path

from support.browser_seat import ServedSeat, open_browser, open_page


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
