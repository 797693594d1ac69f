"""What a page says in the address of its socket, and the seat that it gets."""

import asyncio
import socket
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from survey_cli.web.seats.seat_link import OpenSeat, SeatError
from survey_cli.web.seats.seat_request import Face, SeatRequest
from survey_cli.web.server import seating
from survey_cli.web.server.seat_sockets import SeatSocket
from survey_cli.web.server.seating import SEATING, Seating


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1796123610513", 1_796_123_610_513),
        ("999999999999999", 999_999_999_999_999),
        ("9999999999999999", 0),
        ("-1", 0),
        ("\N{ARABIC-INDIC DIGIT ONE}", 0),
        ("", 0),
    ],
)
def test_a_page_names_no_generation_that_it_could_not_count_on(text: str, number: int) -> None:
    request = SimpleNamespace(app={SEATING: None}, query={"generation": text})
    socket = SeatSocket(None, request)  # type: ignore[arg-type]
    assert socket.read_number("generation") == number


class DyingSpawner:
    """A link to a spawner that opens one seat, and is killed when that is to end."""

    is_lost = False

    def list_seats(self) -> list[OpenSeat]:
        return []

    async def open(self, request: SeatRequest) -> OpenSeat:
        if self.is_lost:
            raise SeatError("the server has lost its seats")
        self.reports, self.other_end = socket.socketpair()
        return OpenSeat("1", request, self.reports, datetime.now(UTC), 0)

    async def end(self, _seat: str) -> None:
        self.is_lost = True


def test_nobody_waits_for_a_seat_whose_end_nobody_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    # Web stayed for five seconds behind its spawner, if that was killed while a face was changed.
    monkeypatch.setattr(seating, "END_SECONDS", 600)

    async def change_face() -> None:
        seats = Seating(DyingSpawner())  # type: ignore[arg-type]
        seats.begin()
        await seats.sit(SeatRequest(person="ann", face=Face.SCREEN))
        with pytest.raises(SeatError):
            async with asyncio.timeout(60):
                await seats.sit(SeatRequest(person="ann", face=Face.TEXT))

    asyncio.run(change_face())
