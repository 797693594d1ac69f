"""`survey serve --socket` with accounts: whose seat it is, what ends it, and who gets none."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.served_accounts import (
    ServedAccounts,
    accept,
    invite,
    list_people,
    make_study_folder,
    open_seat,
    read_text,
    survey,
)


@pytest.fixture
def folder() -> Iterator[Path]:
    with make_study_folder() as made:
        yield made


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
