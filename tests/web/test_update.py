"""A running server is updated: no interview ends, and whoever has no case is in the new version."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path

import pytest

pytest.importorskip("aiohttp")

from support.browser_seat import AT_ANY_HOUR, Page
from support.scale import large
from support.served_accounts import (
    InstalledServer,
    accept,
    invite,
    list_people,
    open_seat,
    read_text,
    survey,
)
from support.shift import Shift
from survey_cli.web.server.static_files import OWN_FOLDER

HEAD = "unit,kind,name,phone,zone\n"
CASE = "{key},1,Mr {key},+1 312 555 010{digit},America/Chicago\n"
UPDATED = "the program was updated"
BEGIN_AGAIN = {"type": "ended", "died": False, "updated": True}
PACKAGE = OWN_FOLDER.parents[2]
BROKEN = "raise ImportError('half an installation')\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A study with one case, so that the second interviewer waits for one."""
    made = Path(tempfile.mkdtemp(prefix="survey-update-", dir=Path.home()))
    try:
        cases = HEAD + CASE.format(key="A", digit=0)
        Shift(made, fieldwork=AT_ANY_HOUR, cases=cases, at=datetime.now(UTC))
        imports = f"{getuser()},supervisor"
        list_people(made, "ann,interviewer", "bob,interviewer", imports)
        yield made
    finally:
        shutil.rmtree(made)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def begin_interview(page: Page) -> None:
    await page.shows("dial")
    await page.press("d")
    await page.shows("dialed")
    await page.press("i")
    await page.shows("Good")
    await page.press("\r")
    await page.shows("First?")


@large
def test_an_interview_goes_on_and_its_next_case_is_in_the_new_version(folder: Path) -> None:
    tokens = {login: invite(folder, login) for login in ("ann", "bob")}

    async def work(served: InstalledServer) -> None:
        server = served.program.pid
        async with served.open_browser() as ann, served.open_browser() as bob:
            await accept(ann, tokens["ann"])
            await accept(bob, tokens["bob"])
            async with open_seat(ann) as calling:
                # She has the only case before he sits down.
                await begin_interview(calling)
                of_ann = calling.seated["seat"]
                async with open_seat(bob) as waiting:
                    await waiting.shows("bob · 0 done")
                    old_seats = served.list_seats()
                    served.update()
                    await calling.wait_for(lambda: calling.is_closed)

            # The idle seat ends, and the page that comes back to it is told to begin again.
            async with open_seat(bob, f"/seat/screen?seat={waiting.seated['seat']}") as waiting:
                assert await waiting.gets("ended") == BEGIN_AGAIN
            async with open_seat(bob) as waiting:
                await waiting.shows("bob · 0 done")
                assert waiting.seated["zone"] == "Asia/Tokyo", "he is still signed in"
                # The next case is hers.
                await waiting.press("q")
                await waiting.press("y")
                assert (await waiting.gets("ended"))["updated"] is False

            # The interview goes on in the same seat and process, at the same question.
            async with open_seat(ann) as calling:
                await calling.shows("First?")
                assert calling.seated["seat"] == of_ann
                assert len([seat for seat in old_seats if is_alive(seat)]) == 1
                add_case(folder)
                for shown in ("Second?", "Third?", "Every question is answered"):
                    await calling.press("1")
                    await calling.shows(shown)
                # An Enter right after the last key would be taken for a slip.
                await asyncio.sleep(1.5)
                await calling.press("\r")
                assert await calling.gets("ended") == BEGIN_AGAIN
            assert not any(is_alive(seat) for seat in old_seats)
            async with open_seat(ann) as calling:
                await calling.shows("ann · 1 done")
                await calling.shows("Mr B")
                assert calling.seated["seat"] != of_ann
            assert "Begin again" not in await read_text(ann, "/")
        assert served.program.pid == server
        assert served.program.poll() is None

    with InstalledServer(folder) as served:
        asyncio.run(asyncio.wait_for(work(served), 120))
        said = survey(folder, "serve", "field.yaml", "--socket", str(folder / "other.socket"))
        assert "it is served already" in said, "the lock is kept"
        assert f"(process {served.program.pid})" in said
    assert UPDATED in served.said
    assert "Traceback" not in served.said


def add_case(folder: Path) -> None:
    """Import the next case."""
    (folder / "more.csv").write_text(HEAD + CASE.format(key="B", digit=1))
    said = survey(folder, "sample", "import", "field.yaml", "more.csv")
    assert "not on the study's list" not in said


def test_a_version_that_does_not_start_changes_nothing(folder: Path) -> None:
    token = invite(folder, "ann")

    async def work(served: InstalledServer) -> None:
        async with served.open_browser() as ann:
            await accept(ann, token)
            async with open_seat(ann) as page:
                await begin_interview(page)
                children = served.list_children()

                # Python looks in this folder first, as if the installation had been interrupted.
                broken = folder / "survey_cli"
                broken.mkdir()
                (broken / "__init__.py").write_text(BROKEN)
                served.program.send_signal(signal.SIGUSR1)
                served.wait_for(lambda: "the new version can't start" in served.said)
                await page.press("1")
                await page.shows("Second?")
                assert served.list_children() == children

    with InstalledServer(folder) as served:
        asyncio.run(asyncio.wait_for(work(served), 60))
    assert "ImportError: half an installation), so this one goes on" in served.said


def test_a_page_gets_the_scripts_of_its_own_version(folder: Path) -> None:
    # Python looks in this folder first: it is an installation that the test may change.
    installed = folder / "survey_cli"
    shutil.copytree(PACKAGE, installed)
    token = invite(folder, "ann")

    async def work(served: InstalledServer) -> None:
        async with served.open_browser() as ann:
            await accept(ann, token)
            before = find_script(await read_text(ann, "/seat"))
            script = await read_text(ann, before)
            assert "SeatLine" in script

            for name in ("static/seat_page.js", "templates/page.html"):
                file = installed / "web" / "server" / name
                file.write_text(file.read_text().replace("SeatLine", "NewLine") + "<!-- new -->")
            os.kill(served.web_process, signal.SIGKILL)
            served.wait_for(lambda: served.said.count("The proxy can open") == 2)
            page = await read_text(ann, "/seat")
            assert "new" not in page, "the program is that of before, and so is its page"
            assert find_script(page) == before
            assert await read_text(ann, before) == script

            served.update()
            page = await read_text(ann, "/seat")
            assert "new" in page
            assert "NewLine" in await read_text(ann, find_script(page))
            # The page of the version before, opened a moment ago, has no scripts yet.
            assert await read_text(ann, before) == "location.reload();\n"

    with InstalledServer(folder) as served:
        asyncio.run(asyncio.wait_for(work(served), 120))


def find_script(page: str) -> str:
    """Return the address of the script of the full screen."""
    found = re.search(r'src="(\S+seat_page\.js)"', page)
    assert found is not None, page
    return found[1]
