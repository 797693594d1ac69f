"""Pictures of every screen, compared with those that were looked at. `pytest tests/tui --snapshot-update` renews them."""

from zoneinfo import ZoneInfo

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy import SnapshotAssertion
from test_board_screen import board_study

from support.command_line import folder
from support.fake_interview import FakeInterview, every_kind
from support.fake_station import FakeStation, an_appointment
from support.screens import Hands, wait_for_board
from support.stored_study import NOW
from survey_cli.cli.commands.study_commands import StudyCommands
from survey_cli.cli.output import datetimes
from survey_cli.entries import Query, TextSpan
from survey_cli.tui.board.screen import BoardApp
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.station.screen import StationApp
from survey_cli.tui.widgets.key_app import KeyApp
from survey_cli.values import Place

__all__ = ["folder"]

NARROW, WIDE = (80, 24), (120, 32)
INTERVIEW: dict[str, tuple[int, tuple[str, ...], tuple[int, int], str]] = {
    "introduction": (0, (), NARROW, "dark"),
    "statement": (1, ("3", "left"), NARROW, "dark"),
    "statement_light": (1, ("3", "left"), NARROW, "light"),
    "statement_contrast": (1, ("3", "left"), NARROW, "contrast"),
    "statement_terminal": (1, ("3", "left"), NARROW, "terminal"),
    "statement_wide": (1, ("3", "left"), WIDE, "dark"),
    "long_list": (3, (), NARROW, "dark"),
    "several": (4, ("1", "7", "x", "y", "enter", "down"), NARROW, "dark"),
    "warning": (5, ("1", "6", "9", "enter"), NARROW, "dark"),
    "free_answer": (8, ("T", "h", "e", "y", "ctrl+j", "g", "o"), NARROW, "dark"),
    "note": (1, ("f2", "t", "i", "r", "e", "d"), NARROW, "dark"),
    "field_terminal": (
        5,
        ("1", "6", "9", "enter", "f2", "o", "k", "shift+left"),
        NARROW,
        "terminal",
    ),
    "field_contrast": (5, ("1", "6", "9"), NARROW, "contrast"),
    "jump": (5, ("f3",), WIDE, "light"),
    "stop": (1, ("f8",), NARROW, "dark"),
    "help": (1, ("f1",), NARROW, "dark"),
    "palette": (1, ("ctrl+p",), NARROW, "dark"),
    "too_small": (1, (), (50, 15), "dark"),
}
"""Name to item, keys, size and theme."""


def _is_as_before(
    snapshot: SnapshotAssertion, app: KeyApp, keys: tuple[str, ...], size: tuple[int, int]
) -> bool:
    """Press the keys, and compare the screen with its picture."""
    hands = Hands(app, size)
    try:
        if isinstance(app, BoardApp):
            wait_for_board(hands)
        hands.press(*keys)
        picture = hands.picture()
    finally:
        hands.close()
    return snapshot.use_extension(SVGImageExtension) == picture


@pytest.mark.parametrize("name", INTERVIEW)
def test_interview(name: str, snapshot: SnapshotAssertion) -> None:
    at, keys, size, theme = INTERVIEW[name]
    warning = {
        ("hours", "169"): Query((TextSpan("A week has 168 hours."),), places=(Place("pay"),))
    }
    session = FakeInterview(every_kind(), at=at, queries=warning)
    assert _is_as_before(snapshot, KeyApp(lambda: InterviewScreen(session), theme), keys, size)


def test_closing_review(snapshot: SnapshotAssertion) -> None:
    app = KeyApp(lambda: InterviewScreen(FakeInterview(every_kind()[1:3])), "dark")
    assert _is_as_before(snapshot, app, ("d", "f2", "ok", "enter", "7"), NARROW)


STATION: dict[str, tuple[tuple[str, ...], tuple[int, int], str]] = {
    "case": (("d",), NARROW, "dark"),
    "case_light": (("d",), NARROW, "light"),
    "case_contrast": (("d",), NARROW, "contrast"),
    "case_terminal": (("d",), NARROW, "terminal"),
    "case_wide": (("d",), WIDE, "dark"),
    "case_small": (("d",), (60, 20), "dark"),
    "outcomes": (("9", "r", "e", "f"), NARROW, "dark"),
    "appointment": (("a", "tomorrow 3pm"), NARROW, "dark"),
    "appointment_high": (("a", *"soon", "enter"), (120, 40), "light"),
    "refusal": (("d", "7", "tab", "tab", "2"), NARROW, "dark"),
    "breaks": (("p",), NARROW, "dark"),
    "break": (("p", "1"), NARROW, "dark"),
    "after_call": (("d", "1"), NARROW, "dark"),
    "callers": (("/", *"555"), NARROW, "dark"),
    "end": (("q",), NARROW, "dark"),
}
"""Name to keys, size and theme."""


@pytest.mark.parametrize("name", STATION)
def test_station(name: str, snapshot: SnapshotAssertion) -> None:
    keys, size, theme = STATION[name]
    due = an_appointment(key="BL", name="Blaine Sector")
    station = FakeStation(appointments=(an_appointment(),), due_appointment=due, wrapup=True)
    assert _is_as_before(snapshot, StationApp(station, theme), keys, size)


def test_station_without_a_case(snapshot: SnapshotAssertion) -> None:
    assert _is_as_before(snapshot, StationApp(FakeStation([])), (), NARROW)


BOARD: dict[str, tuple[tuple[str, ...], tuple[int, int], str]] = {
    "overview": ((), NARROW, "dark"),
    "overview_wide": ((), WIDE, "light"),
    "cases": (("2", "down"), NARROW, "dark"),
    "cases_terminal": (("2", "down"), NARROW, "terminal"),
    "case": (("2", "enter"), WIDE, "dark"),
    "quotas": (("3",), NARROW, "contrast"),
    "people": (("4",), NARROW, "dark"),
    "appointments": (("5", "f", *"late"), NARROW, "dark"),
}
"""Name to keys, size and theme."""


@pytest.mark.parametrize("name", BOARD)
@pytest.mark.usefixtures("folder")
def test_board(name: str, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, size, theme = BOARD[name]
    monkeypatch.setattr(datetimes, "now", lambda: NOW)
    study = StudyCommands(str(board_study()), zone=ZoneInfo("America/Denver"))
    assert _is_as_before(snapshot, BoardApp([study], theme), keys, size)
