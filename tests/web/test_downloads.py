"""Downloads at a real server: whose, with which reason, and what is left when one breaks off."""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from getpass import getuser
from html import unescape
from pathlib import Path

import aiohttp
import pytest

from support.scale import large
from support.served_accounts import (
    ServedAccounts,
    accept,
    invite,
    list_people,
    make_study_folder,
    survey,
)
from support.stored_interviews import sql

REASON = "The tables of <b>December</b>\x1b[31m & more"
STORED_REASON = "The tables of <b>December</b>[31m & more"
SIMULATED = {"kind": "data", "origin": "simulated", "partials": "yes", "reason": REASON}
LONG = 60.0


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A study with simulated interviews, and people of every role that has to do with downloads."""
    with make_study_folder() as made:
        rows = ("ann,interviewer", "lea,shift leader", "ada,analyst", f"{getuser()},supervisor")
        list_people(made, *rows)
        said = survey(made, "simulate", "field.yaml", "-n", "40", "--keep")
        assert "40 interviews" in said, said
        yield made


@pytest.fixture(scope="module")
def tokens(folder: Path) -> dict[str, str]:
    return {login: invite(folder, login) for login in ("sue", "ann", "lea", "ada")}


@pytest.fixture(scope="module")
def served(folder: Path, tokens: dict[str, str]) -> Iterator[ServedAccounts]:
    # Others on this computer have such folders, too.
    temporary = folder / "temporary"
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(temporary))
        running = ServedAccounts(folder)
    with running:
        running.temporary = temporary
        running.cookies = asyncio.run(sign_in_all(running, tokens))
        yield running


async def sign_in_all(served: ServedAccounts, tokens: dict[str, str]) -> dict[str, str]:
    cookies = {}
    for login, token in tokens.items():
        async with served.open_browser() as browser:
            await accept(browser, token)
            cookies[login] = browser.headers["Cookie"]
    return cookies


async def ask(
    served: ServedAccounts, login: str, form: dict[str, str] | None
) -> tuple[int, dict[str, str], bytes]:
    """Return the answer to a form, or the page: its status, headers and contents."""
    async with served.open_browser() as browser:
        browser.headers["Cookie"] = served.cookies[login]
        method = "GET" if form is None else "POST"
        async with browser.request(method, "/downloads", data=form) as answer:
            return answer.status, dict(answer.headers), await answer.read()


def send(
    served: ServedAccounts, login: str, form: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    return asyncio.run(asyncio.wait_for(ask(served, login, form), 180))


def find_error(page: bytes) -> str:
    """Return the sentence of a page, as it is read."""
    found = re.search(r'<p class="error" role="alert">(.*?)</p>', page.decode(), re.DOTALL)
    return unescape(found[1]) if found else ""


def read_log(folder: Path) -> list[dict[str, str]]:
    """The log of reads as it is stored. A command that shows it would cost a process."""
    columns = ("account", "what", "object", "detail")
    rows = sql(folder / "field.db", f"SELECT {', '.join(columns)} FROM access_log ORDER BY rowid")
    return [dict(zip(columns, row, strict=True)) for row in rows]


def show_log(folder: Path) -> list[dict[str, str]]:
    """The log as its command shows it, which leaves out what was refused later."""
    said = survey(folder, "db", "log", "field.yaml", "--format", "json")
    entries: list[dict[str, str]] = json.loads(said)
    return entries


def list_folders(served: ServedAccounts) -> list[Path]:
    return list(served.temporary.iterdir())


def wait_until_nothing_is_left(served: ServedAccounts) -> None:
    deadline = time.monotonic() + LONG
    while list_folders(served) or served.list_seats():
        assert time.monotonic() < deadline, (list_folders(served), served.list_seats())
        time.sleep(0.05)


def test_an_analyst_downloads_what_export_writes(served: ServedAccounts, folder: Path) -> None:
    survey(folder, "export", "field.yaml", "--origin", "simulated", "-o", "own.csv")
    before = len(read_log(folder))

    status, headers, content = send(served, "ada", SIMULATED)
    assert status == 200, content
    assert content == (folder / "own.csv").read_bytes()
    assert content.count(b"\n") > 40
    assert headers["Content-Disposition"] == 'attachment; filename="field.csv"'
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")

    [entry] = read_log(folder)[before:]
    assert (entry["account"], entry["what"]) == ("ada", "export")
    assert entry["object"] == "field.csv"
    assert entry["detail"] == f"interviews; downloaded: {STORED_REASON}"
    wait_until_nothing_is_left(served)


@pytest.mark.parametrize("kind", ["report", "codebook"])
def test_pages_are_saved_and_never_shown(served: ServedAccounts, folder: Path, kind: str) -> None:
    # The report has the days of fieldwork, in the zone of its reader.
    zone = ("--zone", "Asia/Tokyo") if kind == "report" else ()
    survey(folder, kind, "field.yaml", "--origin", "simulated", *zone, "-o", f"{kind}.html")
    before = len(read_log(folder))
    status, headers, content = send(served, "ada", {**SIMULATED, "kind": kind})
    assert status == 200, content
    assert headers["Content-Disposition"] == f'attachment; filename="field_{kind}.html"'
    assert headers["Content-Security-Policy"].startswith("sandbox;")
    written = (folder / f"{kind}.html").read_bytes()
    # A report says until which minute it counts.
    assert re.sub(rb"\d\d:\d\d", b"", content) == re.sub(rb"\d\d:\d\d", b"", written)
    [entry] = read_log(folder)[before:]
    assert (entry["account"], entry["object"]) == ("ada", f"field_{kind}.html")
    assert entry["detail"] == f"{kind}; downloaded: {STORED_REASON}"


@pytest.mark.parametrize(
    ("data_format", "module", "begins"),
    [
        ("xlsx", "openpyxl", b"PK"),
        ("sav", "pyreadstat", b"$FL2"),
        ("dta", "pyreadstat", b"<stata_dta>"),
        ("parquet", "pyarrow", b"PAR1"),
    ],
)
def test_formats_of_other_programs(
    served: ServedAccounts, data_format: str, module: str, begins: bytes
) -> None:
    pytest.importorskip(module)
    status, headers, content = send(served, "ada", {**SIMULATED, "format": data_format})
    assert status == 200, find_error(content)
    assert content.startswith(begins)
    assert headers["Content-Disposition"].endswith(f'"field.{data_format}"')
    assert int(headers["Content-Length"]) == len(content)


def test_only_some_roles_reach_it(served: ServedAccounts, folder: Path) -> None:
    before = read_log(folder)
    for login in ("ann", "lea"):
        for form in (None, SIMULATED):
            status, _, page = send(served, login, form)
            assert status == 403
            assert b"Only a supervisor or analyst may download with a reason." in page
    page = send(served, "ada")[2]
    assert b'href="/downloads"' in page
    assert b"<p>Field test</p>" in page, "the title of the study"
    assert read_log(folder) == before


@pytest.mark.parametrize("reason", ["", "   ", "\x07\x1b", "\u202e"])
def test_nothing_is_read_without_a_reason(
    served: ServedAccounts, folder: Path, reason: str
) -> None:
    before = read_log(folder)
    status, headers, page = send(served, "sue", {**SIMULATED, "labels": "yes", "reason": reason})
    assert status == 422
    assert "Content-Disposition" not in headers
    assert find_error(page).startswith("A reason is missing. Say in a few words what")
    assert b'name="labels" value="yes" autocomplete="off" checked' in page, "the choices are kept"
    assert read_log(folder) == before


def test_personal_columns_are_for_supervisors(served: ServedAccounts, folder: Path) -> None:
    form = {**SIMULATED, "rows": "cases", "personal": "yes"}
    assert b'name="personal"' not in send(served, "ada")[2]
    before = read_log(folder)
    status, _, page = send(served, "ada", form)
    assert status == 403
    assert b"may export names, numbers and personal answers" in page
    assert read_log(folder) == before

    assert b'name="personal" value="yes" autocomplete="off">' in send(served, "sue")[2]
    status, _, content = send(served, "sue", form)
    assert status == 200
    assert b"Mr A" in content
    without = {name: value for name, value in form.items() if name != "personal"}
    assert b"Mr A" not in send(served, "sue", without)[2]
    assert [entry["detail"].partition(";")[0] for entry in read_log(folder)[len(before) :]] == [
        "cases, with contacts",
        "cases",
    ]


def test_an_error_is_a_sentence(served: ServedAccounts, folder: Path) -> None:
    before = len(show_log(folder))
    status, _, page = send(served, "ada", {**SIMULATED, "origin": "real"})
    sentence = find_error(page)
    assert status == 409
    assert sentence.startswith("No real interviews are stored, but")
    assert "survey-desk" not in page.decode()
    assert str(folder) not in page.decode()
    assert [entry["what"] for entry in show_log(folder)[before:]] == ["refused"]

    status, _, page = send(served, "ada", {**SIMULATED, "kind": "report", "by": "no<such"})
    assert status == 409
    assert "no<such" in find_error(page)
    wait_until_nothing_is_left(served)


@pytest.mark.parametrize(
    "forged",
    [
        {"study": "7"},
        {"study": "-1"},
        {"study": "9" * 5000},
        {"format": "../../x"},
        {"format": "sps"},
        {"rows": "shifts"},
        {"kind": "database"},
        {"origin": ""},
        {"reason": "x" * 301},
        {"by": "x" * 501},
    ],
    ids=str,
)
def test_forged_requests_are_refused(
    served: ServedAccounts, folder: Path, forged: dict[str, str]
) -> None:
    before = read_log(folder)
    status, _, page = send(served, "ada", {**SIMULATED, **forged})
    assert status in (409, 422)
    assert find_error(page)
    assert read_log(folder) == before


@asynccontextmanager
async def begin(served: ServedAccounts, login: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """Begin a download that no buffer on the way holds, and read only its beginning."""
    form = {**SIMULATED, "rows": "events"}
    async with served.open_browser() as browser:
        browser.headers["Cookie"] = served.cookies[login]
        async with browser.post("/downloads", data=form) as answer:
            assert answer.status == 200, find_error(await answer.read())
            assert len(await answer.content.read(1000)) > 0
            yield answer


@pytest.fixture(scope="module")
def is_large(folder: Path) -> None:
    """So many interviews that their events fill every buffer on the way."""
    survey(folder, "simulate", "field.yaml", "-n", "3000", "--seed", "2", "--keep")


@large
@pytest.mark.usefixtures("is_large")
def test_a_broken_download_leaves_nothing(served: ServedAccounts) -> None:
    async def leave() -> None:
        async with begin(served, "ada") as answer:
            assert int(answer.headers["Content-Length"]) > 1_500_000
            assert len(served.list_seats()) == 1
            # The file has no name any more: even a power cut leaves nothing.
            assert [list(made.iterdir()) for made in list_folders(served)] == [[]]
            answer.close()

    asyncio.run(asyncio.wait_for(leave(), 180))
    wait_until_nothing_is_left(served)

    async def lose_desk() -> None:
        async with begin(served, "ada") as answer:
            [desk] = served.list_seats()
            os.kill(desk, signal.SIGKILL)
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    asyncio.run(asyncio.wait_for(lose_desk(), 180))
    wait_until_nothing_is_left(served)

    async def lose_web() -> None:
        async with begin(served, "ada") as answer:
            os.kill(served.web_process, signal.SIGKILL)
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
            served.wait_for(lambda: served.said.count("The proxy can open") == 2)

    asyncio.run(asyncio.wait_for(lose_web(), 180))
    wait_until_nothing_is_left(served)


@large
@pytest.mark.usefixtures("is_large")
def test_only_some_are_made_at_a_time(served: ServedAccounts) -> None:
    async def try_all() -> None:
        async with AsyncExitStack() as running:
            for login in ("ada", "ada", "sue", "sue"):
                await running.enter_async_context(begin(served, login))
            status, _, page = await ask(served, "ada", SIMULATED)
            assert status == 429
            assert find_error(page).startswith("2 of your downloads are being made.")
            assert len(served.list_seats()) == 4

    asyncio.run(asyncio.wait_for(try_all(), 180))
    wait_until_nothing_is_left(served)
    assert send(served, "ada", SIMULATED)[0] == 200
