"""`survey serve --socket` with accounts: whose seat it is, what ends it, and who gets none."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from support.browser_seat import Page, ServedSeat, make_shift
from support.forked_survey import run_forked_survey
from support.web_accounts import PASSWORD

ADDRESS = "https://survey.example.org"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a study, in which nobody else may put a socket."""
    made = Path(tempfile.mkdtemp(prefix="survey-accounts-", dir=Path.home()))
    try:
        make_shift(made)
        list_people(made, "ann,interviewer", "tim,trainee")
        yield made
    finally:
        shutil.rmtree(made)


def list_people(folder: Path, *rows: str) -> None:
    (folder / "interviewers.csv").write_text("\n".join(("login,role", "sue,supervisor", *rows, "")))


def survey(folder: Path, *arguments: str) -> str:
    done = run_forked_survey(*arguments, "--db", "field.db", folder=folder)
    return done.stdout + done.stderr


def invite(folder: Path, login: str) -> str:
    """Add an account, and return the token of its invitation."""
    said = survey(folder, "account", "add", "field.yaml", login)
    return said.partition("#")[2].split()[0]


class ServedAccounts(ServedSeat):
    """A running `survey serve --socket`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "web.socket"
        super().__init__(
            "serve", "field.yaml", "--db", "field.db", "--socket", str(self.path), folder=folder
        )
        self.wait_for(lambda: "The proxy can open" in self.said)

    @property
    def web_process(self) -> int:
        """The process of web: the one that listens."""
        [inode] = [
            line.split()[6]
            for line in Path("/proc/net/unix").read_text().splitlines()
            if line.endswith(f" {self.path}") and line.split()[3] == "00010000"
        ]
        for child in self.list_children():
            for descriptor in Path(f"/proc/{child}/fd").iterdir():
                with suppress(OSError):
                    if os.readlink(descriptor) == f"socket:[{inode}]":
                        return child
        raise AssertionError("nobody listens")

    @asynccontextmanager
    async def open_browser(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A browser behind the proxy."""
        async with aiohttp.ClientSession(
            "http://survey.example.org",
            connector=aiohttp.UnixConnector(str(self.path)),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Origin": ADDRESS, "X-Forwarded-For": "198.51.100.7"},
        ) as browser:
            yield browser


async def accept(browser: aiohttp.ClientSession, token: str) -> None:
    """Accept an invitation, and keep the cookies."""
    given = {"token": token, "password": PASSWORD, "zone": "Asia/Tokyo"}
    async with browser.post("/invitation", data=given, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        cookies = [line.partition(";")[0] for line in answer.headers.getall("Set-Cookie")]
        browser.headers["Cookie"] = "; ".join(cookies)


async def read_text(browser: aiohttp.ClientSession, path: str) -> str:
    async with browser.get(path) as answer:
        return await answer.text()


@asynccontextmanager
async def open_seat(browser: aiohttp.ClientSession) -> AsyncIterator[Page]:
    size = {"columns": 100, "rows": 30}
    async with browser.ws_connect("/seat/screen", params=size) as socket:
        page = Page(socket, 100, 30)
        try:
            yield page
        finally:
            await socket.close()
            await page._reader


def test_the_seat_is_that_of_the_account_and_ends_with_its_place_on_the_list(
    folder: Path,
) -> None:
    tokens = {login: invite(folder, login) for login in ("ann", "tim")}

    async def work(served: ServedAccounts) -> None:
        async with served.open_browser() as ann, served.open_browser() as tim:
            await accept(ann, tokens["ann"])
            async with open_seat(ann) as seat:
                await seat.shows("ann · 0 done")
                assert seat.seated["zone"] == "Asia/Tokyo"

                # A restart of web ends neither the session nor the seat.
                os.kill(served.web_process, signal.SIGKILL)
                served.wait_for(lambda: served.said.count("The proxy can open") == 2)
            async with open_seat(ann) as seat:
                await seat.shows("ann · 0 done")
                list_people(folder, "tim,trainee")
                await seat.wait_for(lambda: seat.is_closed, 10)
            async with open_seat(ann) as seat:
                await seat.gets("signed-out")

            await accept(tim, tokens["tim"])
            async with open_seat(tim) as seat:
                await seat.shows("PRACTICE")
                await seat.shows("tim · 0 done")
                await seat.press("q")
                await seat.press("y")
                await seat.gets("ended")
            home = await read_text(tim, "/")
            assert "Your seat has ended" in home
            assert "You are signed out." in home
            assert "Sign in" in await read_text(tim, "/")

    with ServedAccounts(folder) as served:
        asyncio.run(asyncio.wait_for(work(served), 120))
    assert "ann" not in served.said.replace(str(folder), ""), "the log names nobody"


@pytest.mark.skipif(os.geteuid() != 0, reason="another account is only at hand for root")
def test_the_account_of_the_server_needs_no_place_on_the_list(folder: Path) -> None:
    assert "root" not in (folder / "interviewers.csv").read_text()
    said = survey(folder, "serve", "field.yaml", "--socket", str(folder / "s.socket"))
    assert "there are no accounts yet — add the first one: survey account add field.yaml" in said


def test_other_lists_of_people_give_no_accounts(folder: Path) -> None:
    said = survey(
        folder, "serve", "field.yaml", "--socket", str(folder / "s.socket"), "--people", "x.csv"
    )
    assert "--socket is for people with accounts: leave --people out" in said
