"""What a page says in the address of its socket."""

from types import SimpleNamespace

import pytest

from survey_cli.web.server.seat_sockets import SeatSocket
from survey_cli.web.server.seating import SEATING


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
