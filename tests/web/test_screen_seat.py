"""`survey serve` on this computer: the link, the socket of the full screen, and what survives a cut."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from support.browser_seat import Page, ServedSeat, make_shift, open_browser, open_page
from support.shift import Shift

ALT_LEFT = "\x1b[1;3D"
ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer}."}
  - {id: age, type: number, text: How old?, min: 0, max: 120}
  - {id: job, type: text, text: What work?}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
  - {id: c, type: single, text: Third?, options: {1: "Yes", 2: "No"}}
  - {id: d, type: single, text: Fourth?, options: {1: "Yes", 2: "No"}}
"""
BROKEN = {"columns": "many", "rows": "9" * 30, "zone": "../../etc/passwd"}
Test = Callable[[aiohttp.ClientSession], Awaitable[None]]


def serve(shift: Shift) -> ServedSeat:
    arguments = ("serve", str(shift.file), "--db", shift.db, "--no-browser", "--port", "0")
    return ServedSeat(*arguments, folder=shift.folder)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedSeat]:
    """A server for the tests that begin no interview. Each test ends its seats."""
    with serve(make_shift(tmp_path_factory.mktemp("study"), ITEMS)) as server:
        yield server


@pytest.fixture
def shift(tmp_path: Path) -> Shift:
    return make_shift(tmp_path, ITEMS)


@pytest.fixture
def served(shift: Shift) -> Iterator[ServedSeat]:
    """A server of this study."""
    with serve(shift) as server:
        yield server


def run(served: ServedSeat, test: Test) -> None:
    """Run a test in a browser that has used the link, and end its seat."""

    async def act() -> None:
        async with open_browser(served) as browser:
            try:
                await test(browser)
            finally:
                await end_seat(served)

    asyncio.run(act())


async def end_seat(served: ServedSeat) -> None:
    for child in served.list_seats():
        os.kill(child, signal.SIGTERM)
    async with asyncio.timeout(60):
        while served.list_seats():
            await asyncio.sleep(0.02)


def read_answers(shift: Shift) -> list[tuple[str, str]]:
    """The answers of all interviews: item and payload, in their order."""
    with sqlite3.connect(shift.db) as database:
        return database.execute(
            "SELECT item, payload FROM journal WHERE kind IN ('answered', 'read') "
            "ORDER BY at, interview, seq"
        ).fetchall()


async def begin_interview(page: Page) -> None:
    await page.shows("dial")
    await page.press("d")
    await page.shows("dialed")
    await page.press("i")
    await page.shows("Good")


# the link


def test_the_link_can_be_used_once_and_only_its_browser_is_known(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        origin = {"Origin": shared.address}
        key = shared.link[2]
        async with aiohttp.ClientSession(headers=origin) as other:
            for wrong in (key, key[:-1], ""):
                async with other.post(f"{shared.address}/enter", json={"key": wrong}) as answer:
                    assert answer.status == 403
                    assert "Set-Cookie" not in answer.headers
            for body in ("[]", "nothing", '{"key": 5}', "[" * 5000):
                async with other.post(f"{shared.address}/enter", data=body) as answer:
                    assert answer.status == 403
            async with other.get(f"{shared.address}/seat", allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (303, "/enter")
            async with other.get(f"{shared.address}/enter") as answer:
                assert "This page needs JavaScript" in await answer.text()
            async with open_page(shared, other) as page:
                await page.gets("signed-out")
                await page.wait_for(lambda: page.is_closed)
        assert shared.list_seats() == []
        # the browser that was first may open the link again
        async with browser.post(f"{shared.address}/enter", json={"key": key}) as answer:
            assert answer.status == 204

    run(shared, test)


def test_the_cookie_is_for_this_computer_and_for_no_script(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        assert shared.cookie.startswith("__Host-survey-local=")

    run(shared, test)


def test_unknown_addresses_reveal_nothing(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        for path in (
            "/nothing",
            "/static/",
            "/static/../serving.py",
            "/static/%2e%2e/serving.py",
            "/static/terminal/server.py",
            "/static//etc/passwd",
        ):
            url = aiohttp.client.URL(shared.address + path, encoded=True)
            async with browser.get(url, headers={"Accept": "text/html"}) as answer:
                assert answer.status == 404
                assert "No page has this address." in await answer.text()
                assert "aiohttp" not in str(answer.headers)

    run(shared, test)


def test_pages_have_no_inline_scripts_and_all_their_files_are_there(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        for path in ("/", "/seat", "/enter"):
            async with browser.get(shared.address + path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert ("'unsafe-inline'" in policy) == (path == "/seat")
                assert "script-src 'self';" in policy
                text = await answer.text()
            assert "<script>" not in text
            files = [part.partition('"')[0] for part in text.split('="/static/')[1:]]
            assert any(file.endswith("/page.css") for file in files)
            for file in files:
                async with browser.get(f"{shared.address}/static/{file}") as answer:
                    assert answer.status == 200
                    kind = answer.headers["Content-Type"].partition(";")[0]
                    assert kind in ("text/css", "text/javascript", "image/svg+xml", "font/ttf")

    run(shared, test)


# the seat


def test_an_interview_survives_reloads_cuts_and_the_end_of_web(
    served: ServedSeat, shift: Shift
) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        before = len(read_answers(shift))
        async with open_page(served, browser) as page:
            seat = await page.gets("seated")
            await begin_interview(page)
            await page.press("\r")
            await page.shows("How old?")
            await page.press("25\r")
            await page.shows("What work?")

        # a reload: the same question within two seconds
        async with open_page(served, browser) as page:
            await page.shows("What work?")
            assert page.seated["seat"] == seat["seat"]
            await page.press("né中\r")
            await page.shows("Second?")
            await page.cut()

        # the page comes back by itself, and a key of before is of an older generation
        old = page.seated["generation"]
        again = {"seat": seat["seat"], "generation": old}
        async with open_page(served, browser, query=again) as page:
            await page.shows("Second?")
            await page.type("1", generation=old)
            await asyncio.sleep(0.3)
            assert page.taken == []
            assert "Second?" in page.text()
            await page.press("1")
            await page.shows("Third?")

            await asyncio.to_thread(served.kill_web)
            await page.wait_for(lambda: page.is_closed)

        again = {"seat": seat["seat"], "generation": page.seated["generation"]}
        async with open_page(served, browser, query=again) as page:
            await page.shows("Third?")
            await page.press("2")
            await page.shows("Fourth?")
            await page.press("1")
            await page.shows("Every question is answered")
            # an Enter right after the last key asks for another one
            await asyncio.sleep(1)
            await page.press("\r")
            await page.shows("1 done")
            await page.press("q")
            await page.press("y")
            await page.gets("ended")

        answers = read_answers(shift)[before:]
        assert [item for item, _ in answers] == ["hello", "age", "job", "b", "c", "d"]
        assert (
            '"né中"' in answers[2][1].encode().decode("unicode_escape", "replace")
            or "né中" in (answers[2][1])
        )
        async with browser.get(served.address) as answer:
            text = await answer.text()
        assert "Begin again" in text
        assert "Complete: 1" in text

    run(served, test)


def test_keys_in_flight_at_a_cut_act_before_anything_is_shown_and_none_acts_late(
    served: ServedSeat, shift: Shift
) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        before = len(read_answers(shift))
        async with open_page(served, browser) as page:
            await begin_interview(page)
            await page.press("\r")
            await page.shows("How old?")
            seated = page.seated
            (seat,) = served.list_seats()
            # the seat is busy: its keys arrive, and nobody knows when they will act
            os.kill(seat, signal.SIGSTOP)
            await page.type("25")
            await page.type("\r")
            await page.wait_for(lambda: page.number in page.taken)
            taken = page.number
            await page.cut()

        again = {"seat": seated["seat"], "generation": seated["generation"]}
        async with open_page(served, browser, query=again) as page:
            await page.gets("catching-up")
            await asyncio.sleep(0.5)
            assert page.kinds() == ["catching-up"]
            assert page.bytes == 0, "the old question is not shown"
            os.kill(seat, signal.SIGCONT)
            back = await page.gets("seated")
            assert (back["taken"], back["behind"]) == (taken, False)
            await page.shows("What work?")
            assert "How old?" not in page.text()
            await page.press("baker\r")
            await page.shows("Second?")
        answers = [(item, json.loads(payload)) for item, payload in read_answers(shift)[before:]]
        assert [item for item, _ in answers] == ["hello", "age", "job"]
        assert answers[1][1]["value"] == 25

    run(served, test)


def test_another_window_takes_the_seat_and_the_first_gets_it_back(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        async with open_page(shared, browser) as first, open_page(shared, browser) as second:
            await first.gets("moved")
            await second.shows("dial")
            old = {"seat": first.seated["seat"], "generation": first.seated["generation"]}
            # a page that comes back by itself doesn't take it
            async with open_page(shared, browser, query=old) as back:
                await back.gets("moved")
            assert "moved" not in second.kinds()
            # its person may
            async with open_page(shared, browser) as third:
                await third.shows("dial")
                await second.gets("moved")
                assert len(shared.list_seats()) == 1

    run(shared, test)


def test_a_page_does_not_come_back_to_another_seat(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        async with open_page(shared, browser, query={"seat": "gone", "generation": 5}) as page:
            await page.gets("ended")
        assert shared.list_seats() == []

        async with open_page(shared, browser) as here:
            await here.gets("seated")
            async with open_page(shared, browser, query={"seat": "gone", "generation": 5}) as page:
                await page.gets("moved")

    run(shared, test)


def test_alt_and_an_arrow_arrive_as_such(served: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        async with open_page(served, browser) as page:
            await begin_interview(page)
            await page.press("\r")
            await page.shows("How old?")
            await page.press("25")
            await page.shows("25")
            await page.press(ALT_LEFT)
            await page.shows("Good")

    run(served, test)


def test_a_page_whose_frames_make_no_sense_is_told_so_and_its_seat_goes_on(
    shared: ServedSeat,
) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        for frame in (
            "{",
            "[" * 10_000,
            "null",
            '{"type": "keys", "number": "1", "keys": 5}',
            '{"type": "size", "columns": 1e99, "rows": 1}',
            '{"type": ["keys"]}',
            b"\0\1",
        ):
            async with open_page(shared, browser) as page:
                await page.shows("dial")
                if isinstance(frame, bytes):
                    await page.line.send_bytes(frame)
                else:
                    await page.line.send_str(frame)
                assert "Reload it" in (await page.gets("refused"))["sentence"]
                await page.wait_for(lambda: page.is_closed)
                assert page.line.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION

    run(shared, test)


def test_huge_sizes_are_clamped_and_huge_frames_end_the_page(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        async with open_page(shared, browser, query=BROKEN) as page:
            assert (await page.gets("seated"))["zone"] == ""
            await page.send(type="size", columns=60_000, rows=60_000)
            await page.send(type="size", columns=100, rows=30)
            await page.send(type="paint")
            await page.send(type="alive")
            await page.gets("alive")
            await page.shows("dial")

            with suppress(ConnectionError):
                await page.send(
                    type="keys",
                    generation=page.seated["generation"],
                    number=1,
                    keys="x" * 4_000_000,
                )
            await page.wait_for(lambda: page.is_closed)
            assert page.taken == []
        async with open_page(shared, browser) as page:
            await page.shows("dial")

    run(shared, test)


def test_a_browser_that_reads_nothing_stops_nobody(shared: ServedSeat) -> None:
    async def test(browser: aiohttp.ClientSession) -> None:
        memory = read_memory(shared.web_process)
        url = f"{shared.address}/seat/screen?columns=300&rows=100"
        async with browser.ws_connect(url) as slow:
            # what aiohttp has not handed out yet stops it from reading
            for _ in range(150):
                await slow.send_str('{"type": "paint"}')
                await asyncio.sleep(0.02)
            grown = read_memory(shared.web_process) - memory
            assert grown < 24_000, f"{grown} KiB"
            async with open_page(shared, browser) as page:
                await page.shows("dial")

    run(shared, test)


def read_memory(process: int) -> int:
    """Private memory in KiB."""
    text = Path(f"/proc/{process}/smaps_rollup").read_text()
    lines = [line for line in text.splitlines() if line.startswith("Private_")]
    return sum(int(line.split()[1]) for line in lines)


# the command


def serve_badly(folder: Path, *arguments: str) -> tuple[int, str]:
    with ServedSeat("serve", *arguments, "--no-browser", folder=folder) as server:
        server.program.wait()
        server._reader.join()
    return server.program.returncode or 0, server.said


def test_an_occupied_port_is_said(shift: Shift) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, said = serve_badly(shift.folder, str(shift.file), "--db", shift.db, "--port", port)
    assert code == 1
    assert f"port {port}: another program listens on it — choose another one with --port" in said


def test_a_study_that_cannot_be_opened_is_refused_before_anything_is_served(shift: Shift) -> None:
    code, said = serve_badly(shift.folder, "missing.yaml")
    assert code == 1
    assert said.startswith("missing.yaml: ")

    (shift.folder / "other.yaml").write_text(shift.file.read_text())
    code, said = serve_badly(shift.folder, "other.yaml")
    assert code == 1
    assert "there are no cases yet — import them: survey sample import other.yaml cases.csv" in said

    code, said = serve_badly(shift.folder, str(shift.file), "--zone", "Mars/Crater")
    assert code == 1
    assert "Mars/Crater" in said


def test_ctrl_c_ends_everything_and_pages_are_told(shift: Shift) -> None:
    arguments = ("serve", str(shift.file), "--db", shift.db, "--no-browser")
    with ServedSeat(*arguments, folder=shift.folder) as server:

        async def act() -> None:
            async with open_browser(server) as browser, open_page(server, browser) as page:
                await begin_interview(page)
                server.program.send_signal(signal.SIGINT)
                await page.gets("stopped")

        asyncio.run(act())
        assert server.program.wait() == 0
    assert "Traceback" not in server.said


def test_two_servers_of_one_study_call_different_cases(shift: Shift, served: ServedSeat) -> None:
    arguments = (
        "serve", str(shift.file), "--db", shift.db, "--no-browser", "--interviewer", "bob",
    )  # fmt: skip
    with ServedSeat(*arguments, folder=shift.folder) as second:

        async def test(browser: aiohttp.ClientSession) -> None:
            async with (
                open_page(served, browser) as page,
                open_browser(second) as other_browser,
                open_page(second, other_browser) as other_page,
            ):
                # a screen may arrive in two parts, and the line of the case in either
                for one in (page, other_page):
                    await one.shows("dial")
                    await one.shows("attempt")
                assert read_case(page) != read_case(other_page)

        run(served, test)


def read_case(page: Page) -> str:
    """The name of the case. While the screen is painted, its line may be there twice."""
    lines = [line for line in page.screen.display if "attempt" in line]
    (name,) = {line.split("attempt")[0].strip() for line in lines}
    return name


def test_practice_stores_nothing(shift: Shift) -> None:
    before = sqlite3.connect(shift.db).execute("SELECT count(*) FROM case_events").fetchone()
    arguments = ("serve", str(shift.file), "--practice", "--no-browser")
    with ServedSeat(*arguments, folder=shift.folder) as server:

        async def act() -> None:
            async with open_browser(server) as browser, open_page(server, browser) as page:
                await page.shows("PRACTICE")
                await page.shows("dial")

        asyncio.run(act())
    assert (
        sqlite3.connect(shift.db).execute("SELECT count(*) FROM case_events").fetchone() == before
    )
