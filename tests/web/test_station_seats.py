"""Real stations in seats: whatever dies, the same question is asked again, and no answer is lost."""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from support.seat_server import SeatServer, is_running, key, read_until, wait_until
from support.station_seats import STUDY, list_answers, prepare_study
from survey_cli.web.seats.seat_link import OpenSeat, SeatLink
from survey_cli.web.seats.seat_request import Face, SeatRequest

ANN = SeatRequest(person="ann", face=Face.SCREEN)
QUESTION = "Is this a good time"
NEXT_QUESTION = "ASU agents should be"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    prepare_study(folder, cases=3)
    return folder


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Path:
    """A folder with a study of its own."""
    return Path(shutil.copytree(prepared, tmp_path / "study"))


def serve(folder: Path, test: Callable[[SeatServer], Awaitable[None]]) -> None:
    with SeatServer(folder, "support.station_seats:PROGRAMS") as server:
        asyncio.run(test(server))  # type: ignore[arg-type]


async def begin_interview(link: SeatLink) -> OpenSeat:
    """Open a seat, and interview up to a question."""
    seat = await link.open(ANN)
    await read_until(seat, "Chicago")
    for keyed, shown in [
        ("d", "ialed"),
        ("i", "Ask for the supervisor"),
        ("\r", "May I ask you"),
        ("1", QUESTION),
    ]:
        key(seat, keyed)
        await read_until(seat, shown)
    return seat


async def finish_question(seat: OpenSeat) -> None:
    """Answer the question that is shown, and see the next one."""
    key(seat, "1")
    await read_until(seat, NEXT_QUESTION)


def test_web_is_killed_and_the_interview_goes_on(folder: Path) -> None:
    async def test(server: SeatServer) -> None:
        link = await server.take_link()
        await begin_interview(link)
        server.kill_web()
        await wait_until(lambda: link.is_lost)
        link.close()

        after = await server.take_link()
        (seat,) = after.list_seats()
        # a new size has it paint everything
        seat.resize(81, 24)
        await read_until(seat, QUESTION)
        await finish_question(seat)

    serve(folder, test)
    assert list_answers(folder) == ["hello", "consent", "good_time"]


def test_a_seat_is_killed_and_the_next_one_is_at_its_question(folder: Path) -> None:
    async def test(server: SeatServer) -> None:
        link = await server.take_link()
        seat = await begin_interview(link)
        os.kill(seat.process, signal.SIGKILL)
        await wait_until(lambda: not link.list_seats())

        seat = await link.open(ANN)
        await read_until(seat, QUESTION)
        await finish_question(seat)

    serve(folder, test)
    assert list_answers(folder) == ["hello", "consent", "good_time"]


def test_the_server_is_killed_and_the_next_one_is_at_the_question(folder: Path) -> None:
    async def begin(server: SeatServer) -> None:
        link = await server.take_link()
        seat = await begin_interview(link)
        server.spawner.kill()
        await wait_until(lambda: not is_running(seat.process))

    async def go_on(server: SeatServer) -> None:
        link = await server.take_link()
        seat = await link.open(ANN)
        await read_until(seat, QUESTION)
        await finish_question(seat)

    serve(folder, begin)
    (folder / "web.socket").unlink()
    serve(folder, go_on)
    assert list_answers(folder) == ["hello", "consent", "good_time"]


def test_a_seat_that_is_ended_suspends_its_interview(folder: Path) -> None:
    async def test(server: SeatServer) -> None:
        link = await server.take_link()
        ends = []
        link.on_ended = lambda _, end: ends.append(end)
        seat = await begin_interview(link)
        await link.end(seat.id)
        await wait_until(lambda: ends)
        assert ends[0].signal is None
        assert ends[0].sentence == ""

    serve(folder, test)
    assert list_answers(folder) == ["hello", "consent"]
    assert (folder / STUDY).exists()
