"""The disk of the server becomes full while seats interview, and has room again later.

It is a small file system in memory, which only root can mount. What is tried on it: answers on
both faces, dialing, signing in, a reload, a new seat, and a download, whose reason belongs in the
access log.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from random import Random

import aiohttp

from crash.script import Stand, Step, answer
from seats.crowds import begin_interview
from seats.faces import (
    COLUMNS,
    PATHS,
    ROWS,
    FaceName,
    LostLineError,
    ScreenPage,
    SeatPage,
    TextPage,
)
from seats.journal import Journal, find_taken
from seats.row import Effort, Figure
from seats.study import make_study
from support.served_accounts import ServedAccounts, accept, invite, list_people, survey
from support.web_accounts import PASSWORD
from survey_cli.store.backends.account import read_system_account

DISK_MEGABYTES = 24
CHUNK_BYTES = 65_536
MOST_UNREFUSED = 200
"""Answers that may still find room in the files of the database, of which a part is reserved."""
FULL = "the disk is full"
REFUSAL_SECONDS = 1.5
"""After these, a refusal that is shown is that of the last key."""
CAN_STORE_NOTHING = "The server can't store anything now."


@contextmanager
def mount_disk(folder: Path) -> Iterator[None]:
    """Mount a small file system there."""
    options = f"size={DISK_MEGABYTES}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "survey-seats", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(file: Path) -> None:
    """Write a file until the disk has no byte left."""
    with file.open("wb", buffering=0) as filler:
        for size in (CHUNK_BYTES, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                # It is full for pieces of this size.
                pass


@dataclass
class Worker:
    """Somebody who interviews on one face."""

    login: str
    page: SeatPage
    dice: Random
    taken: list[Step] = field(default_factory=list)
    """Steps whose next question was shown."""
    refused: Step | None = None
    """The step that was refused and is still to be entered."""

    async def work(self, answers: int) -> None:
        """Answer so many questions, or until one is refused."""
        for _ in range(answers):
            at = self.page.find_position()
            assert isinstance(at, Stand), self.page.shown
            step = answer(at, self.dice, calm=True)
            await self.page.send(step)
            await self._see_result(step)
            if self.refused is not None:
                return

    async def try_again(self) -> None:
        """Enter once more what was refused."""
        step = self.refused
        assert step is not None
        self.refused = None
        if isinstance(self.page, ScreenPage):
            # What was typed is still there, and Enter or the code is the last key.
            await self.page.send_command(step.screen[-1], "")
            # What it says may be what it said before.
            await asyncio.sleep(REFUSAL_SECONDS)
        else:
            await self.page.send(step)
        await self._see_result(step)

    async def _see_result(self, step: Step) -> None:
        def is_answered() -> bool:
            return self.page.find_position() == step.to or self.page.says(FULL)

        await self.page.wait_for(is_answered, 30)
        if self.page.find_position() == step.to:
            self.taken.append(step)
        else:
            self.refused = step


class FullDisk:
    """The trial: what is tried, and what was wrong."""

    def __init__(self, served: ServedAccounts, folder: Path) -> None:
        self.wrong: list[str] = []
        self.done: list[str] = []
        self.answers: list[str] = []
        """How pages were answered on the full disk, with their HTTP status."""
        self._served = served
        self._filler = folder / "filler"

    def note(self, what: str, *, is_right: bool, seen: object = "") -> None:
        """Note what was tried, and what was seen if that was wrong."""
        self.done.append(what)
        if not is_right:
            self.wrong.append(f"{what}: {seen}")

    async def work(self, workers: list[Worker], browsers: dict[str, aiohttp.ClientSession]) -> None:
        """Let everybody work before, on and after the full disk."""
        calling = await open_face(browsers["cal"], FaceName.SCREEN)
        for worker in workers:
            await begin_interview(worker.page)
            await worker.work(3)

        fill(self._filler)
        for worker in workers:
            await worker.work(MOST_UNREFUSED)
            # It is no matter of chance: nothing more has room.
            for _ in range(3):
                if worker.refused is not None:
                    await worker.try_again()
            self.note(
                f"{worker.page.face.name.lower()}: an answer is refused with its reason",
                is_right=worker.refused is not None and worker.page.says(FULL),
                seen=worker.page.shown,
            )
        await self._ask_for_pages(browsers)
        await self._dial(calling)
        await self._begin_a_seat(browsers["dan"])
        await self._come_back(workers, browsers)

        self._filler.unlink()
        await begin_interview(calling)
        await calling.leave()
        page = await open_face(browsers["dan"], FaceName.SCREEN)
        await page.leave()
        for worker in workers:
            await worker.try_again()
            await worker.work(2)
            self.note(
                f"{worker.page.face.name.lower()}: the interview goes on when there is room",
                is_right=worker.refused is None,
                seen=worker.page.shown,
            )

    async def _ask_for_pages(self, browsers: dict[str, aiohttp.ClientSession]) -> None:
        """Ask for pages that store something, by people who are and who aren't signed in."""
        given = {"login": "ann", "password": PASSWORD, "zone": "UTC"}
        for what, login, path, fields in (
            ("a page", "sue", "/", None),
            ("signing in", "new", "/sign-in", given),
            ("a wrong password", "new", "/sign-in", {**given, "password": "wrong"}),
            ("a download", "sue", "/downloads", DOWNLOAD),
        ):
            method = "GET" if fields is None else "POST"
            async with browsers[login].request(
                method, path, data=fields, allow_redirects=False, headers={"Accept": "text/html"}
            ) as response:
                text = await response.text()
            is_clear = response.status < HTTPStatus.BAD_REQUEST
            if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
                is_clear = CAN_STORE_NOTHING.replace("'", "&#39;") in text
            elif response.status == HTTPStatus.CONFLICT:
                is_clear = FULL in text.lower()
            self.answers.append(f"{what} {response.status}")
            self.note(
                f"{what} is answered",
                is_right=is_clear,
                seen=f"{response.status}: {find_error(text)}",
            )

    async def _dial(self, page: SeatPage) -> None:
        """Dial the case that is shown, which is stored, too."""
        await page.send_command("d", ".dial")
        await page.wait_for(lambda: page.says(FULL), 30)
        self.note("dialing is refused with its reason", is_right=True)

    async def _begin_a_seat(self, browser: aiohttp.ClientSession) -> None:
        """Sit down on the full disk: no case can be had, and the first page says why."""
        line = await browser.ws_connect("/seat/screen", params={"columns": COLUMNS, "rows": ROWS})
        page = ScreenPage(line)
        with suppress(LostLineError):
            await page.wait_for(lambda: page.says(FULL), 30)
        await page.leave()
        async with browser.get("/") as response:
            text = await response.text()
        self.note(
            "the first page says why no seat can begin",
            is_right=page.says(FULL) or FULL in text,
            seen=find_error(text),
        )

    async def _come_back(
        self, workers: list[Worker], browsers: dict[str, aiohttp.ClientSession]
    ) -> None:
        """Reload each page on the full disk."""
        for worker in workers:
            at = worker.page.find_position()
            await worker.page.leave()
            worker.page = await open_face(browsers[worker.login], worker.page.face)
            self.note(
                f"{worker.page.face.name.lower()}: a reload shows the same question",
                is_right=worker.page.find_position() == at,
                seen=worker.page.shown,
            )


def find_error(page: str) -> str:
    """Return what a page says was wrong."""
    return " ".join(line for line in page.splitlines() if "error" in line or "<p>" in line)


DOWNLOAD = {
    "study": "0",
    "kind": "data",
    "format": "csv",
    "rows": "interviews",
    "origin": "all",
    "interviews": "all",
    "reason": "a full disk",
}


async def open_face(browser: aiohttp.ClientSession, face: FaceName) -> SeatPage:
    """Open a page of this face, and wait until it shows something."""
    line = await browser.ws_connect(PATHS[face], params={"columns": COLUMNS, "rows": ROWS})
    page: SeatPage = ScreenPage(line) if face is FaceName.SCREEN else TextPage(line)
    await page.wait_for(page.find_position, 60)
    return page


async def fill_disk(folder: Path, db: str, seed: int) -> list[Figure]:
    """Let two people interview while the disk becomes full."""
    interviewers = ("ann", "bob", "cal", "dan")
    logins = (*interviewers, "sue")
    listed = [f"{login},interviewer" for login in interviewers]
    list_people(folder, *listed, f"{read_system_account()},supervisor")
    tokens = {login: await asyncio.to_thread(invite, folder, login) for login in logins}
    served = await asyncio.to_thread(ServedAccounts, folder)
    trial = FullDisk(served, folder)
    try:
        async with AsyncExitStack() as stack:
            browsers = {"new": await stack.enter_async_context(served.open_browser())}
            for login in logins:
                browsers[login] = await stack.enter_async_context(served.open_browser())
                await accept(browsers[login], tokens[login])
            workers = []
            for login, face in (("ann", FaceName.SCREEN), ("bob", FaceName.TEXT)):
                page = await open_face(browsers[login], face)
                workers.append(Worker(login, page, Random(f"{login} {seed}")))
            processes = set(served.list_children())
            await trial.work(workers, browsers)
            trial.note(
                "no process has died",
                is_right=processes <= set(served.list_children()),
                seen=served.said,
            )
            for worker in workers:
                rows = Journal(db, worker.login).read()
                trial.note(
                    f"{worker.login}: all that was acknowledged is stored, once",
                    is_right=find_taken([], worker.taken, rows) == len(worker.taken),
                    seen=f"{len(worker.taken)} acknowledged, {len(rows)} stored: {rows[-3:]}",
                )
                await worker.page.leave()
            await ask_after_it(trial, folder, browsers)
        trial.note("no traceback", is_right="Traceback" not in served.said, seen=served.said)
    finally:
        await asyncio.to_thread(served.__exit__, None, None, None)
    return [
        Figure(
            goal="a full disk: a clear answer, nothing acknowledged lost, on when there is room",
            measured=f"{len(trial.done)} trials, {len(trial.wrong)} wrong; "
            f"{sum(len(worker.taken) for worker in workers)} entries acknowledged; "
            f"meanwhile {', '.join(trial.answers)}",
            is_met=not trial.wrong,
            findings=trial.wrong,
        )
    ]


async def ask_after_it(
    trial: FullDisk, folder: Path, browsers: dict[str, aiohttp.ClientSession]
) -> None:
    """Sign in and download when there is room again; the access log has the reason."""
    given = {"login": "ann", "password": PASSWORD, "zone": "UTC"}
    async with browsers["new"].post("/sign-in", data=given, allow_redirects=False) as response:
        trial.note("signing in afterwards", is_right=response.status == HTTPStatus.SEE_OTHER)
    async with browsers["sue"].post("/downloads", data=DOWNLOAD) as response:
        await response.read()
        trial.note(
            "a download afterwards",
            is_right=response.status == HTTPStatus.OK,
            seen=response.status,
        )
    log = await asyncio.to_thread(survey, folder, "db", "log", "field.yaml")
    trial.note("the access log has the download", is_right="a full disk" in log, seen=log)


def measure_full_disk(effort: Effort) -> list[Figure]:
    """Fill a small disk."""
    if os.geteuid() != 0:
        return [
            Figure(
                goal="a full disk",
                measured="not tried: only root can mount a small disk",
                is_met=False,
                is_promise=False,
            )
        ]
    # A socket of others is in a folder in which nobody else may write.
    folder = Path(tempfile.mkdtemp(prefix="survey-seats-", dir=Path.home()))
    try:
        with mount_disk(folder):
            shift = make_study(folder, cases=10)
            return asyncio.run(fill_disk(folder, shift.db, effort.seed))
    finally:
        shutil.rmtree(folder)
