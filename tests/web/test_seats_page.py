"""The page of seats, and links to dial: what supervisors see of seats, and what seats hand to pages."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from support.served_accounts import (
    ServedAccounts,
    accept,
    invite,
    make_study_folder,
    open_seat,
    read_text,
)


async def wait_for_rows(browser: aiohttp.ClientSession) -> list[dict[str, str]]:
    """Wait until web, which was started again, has heard from the seats."""
    async with asyncio.timeout(30):
        while True:
            with suppress(aiohttp.ClientError, OSError):
                rows: list[dict[str, str]] = json.loads(await read_text(browser, "/seats/list"))
                if rows and rows[0]["activity"]:
                    return rows
            await asyncio.sleep(0.05)


@pytest.fixture
def folder() -> Iterator[Path]:
    with make_study_folder() as made:
        yield made


def test_a_supervisor_sees_who_sits_where_and_ends_a_seat(folder: Path) -> None:
    tokens = {login: invite(folder, login) for login in ("ann", "sue")}

    async def work(served: ServedAccounts) -> None:
        async with served.open_browser() as ann, served.open_browser() as sue:
            await accept(sue, tokens["sue"])
            assert json.loads(await read_text(sue, "/seats/list")) == []
            assert "Nobody sits at a seat." in await read_text(sue, "/seats")

            await accept(ann, tokens["ann"])
            async with open_seat(ann) as seat:
                await seat.shows("dial")
                # The number is handed to the page as a link, once its key is pressed.
                await seat.press("d")
                assert (await seat.gets("dial"))["link"] == "tel:+13125550100"

                [row] = json.loads(await read_text(sue, "/seats/list"))
                assert (row["person"], row["face"]) == ("ann", "full screen")
                assert (row["activity"], row["case"]) == ("calling", "A")
                assert row["last_key"] == "just now"
                process = served.web_process
                os.kill(process, signal.SIGKILL)
                served.wait_for(lambda: "is started again" in served.said)
                [row] = await wait_for_rows(sue)
                assert (row["activity"], row["case"]) == ("calling", "A"), "asked again"
            async with open_seat(ann) as seat:
                await seat.shows("dial again")
                assert "calling" in await read_text(sue, "/seats")

                for path in ("/seats", "/board"):
                    async with ann.get(path) as answer:
                        assert answer.status == 403
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await ann.ws_connect("/board/screen")
                for person, status in ((ann, 403), (sue, 303)):
                    given = {"seat": row["seat"]}
                    async with person.post(
                        "/seats/end", data=given, allow_redirects=False
                    ) as answer:
                        assert answer.status == status
                await seat.gets("ended")

            assert json.loads(await read_text(sue, "/seats/list")) == []
            assert "The seat was ended by sue." in await read_text(ann, "/")
            # She is signed in as before, and at the same case.
            async with open_seat(ann) as seat:
                await seat.shows("dial again")

    with ServedAccounts(folder, "--dial", "link") as served:
        asyncio.run(asyncio.wait_for(work(served), 120))


def test_the_board_is_a_seat_of_its_own_beside_the_station(folder: Path) -> None:
    token = invite(folder, "sue")

    async def work(served: ServedAccounts) -> None:
        async with served.open_browser() as sue:
            await accept(sue, token)
            async with open_seat(sue) as station, open_seat(sue, "/board/screen") as board:
                await station.shows("dial")
                await board.shows("Needs attention")
                rows = json.loads(await read_text(sue, "/seats/list"))
                assert sorted(row["face"] for row in rows) == ["board", "full screen"]
                await board.press("q")
                await board.gets("ended")

                await station.press("d")
                await station.shows("dial again")
            assert "Your seat is open" in await read_text(sue, "/")

    with ServedAccounts(folder) as served:
        asyncio.run(asyncio.wait_for(work(served), 120))
