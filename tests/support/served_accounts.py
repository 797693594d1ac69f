"""`survey serve --socket` with accounts, as a running server, and browsers behind its proxy."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp

from support.browser_seat import Page, ServedSeat, make_shift
from support.forked_survey import run_forked_survey
from support.web_accounts import PASSWORD
from survey_cli.web.seats.updating import CHECK_PATIENCE

ADDRESS = "https://survey.example.org"


@contextmanager
def make_study_folder() -> Iterator[Path]:
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

    def __init__(self, folder: Path, *options: str, before: str = "") -> None:
        self.path = folder / "web.socket"
        arguments = ("serve", "field.yaml", "--db", "field.db", "--socket", str(self.path))
        super().__init__(*arguments, *options, folder=folder, before=before)
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


class InstalledServer(ServedAccounts):
    """A server that was started as an installed program is: it can be executed anew."""

    def _start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "survey_cli", *arguments],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def update(self) -> None:
        """Update the server, and wait until its new web listens."""
        before = self.said.count("The proxy can open")
        self.program.send_signal(signal.SIGUSR1)
        # The new version is started twice, first to see whether it can: on a busy computer slowly.
        self.wait_for(lambda: self.said.count("The proxy can open") == before + 1, CHECK_PATIENCE)


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
async def open_seat(
    browser: aiohttp.ClientSession, path: str = "/seat/screen"
) -> AsyncIterator[Page]:
    size = {"columns": 100, "rows": 30}
    async with browser.ws_connect(path, params=size) as socket:
        page = Page(socket, 100, 30)
        try:
            yield page
        finally:
            await socket.close()
            await page._reader
