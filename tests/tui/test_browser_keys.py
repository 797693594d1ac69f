"""What a browser never gives away is used for nothing at a station, in its interviews and on the board."""

import re

from support.fake_interview import every_kind
from survey_cli.entry_commands import COMMANDS
from survey_cli.tui.board.screen import KEYS as BOARD_KEYS
from survey_cli.tui.board.screen import OTHER_KEYS, PRINTED_KEYS, BoardScreen
from survey_cli.tui.interview import pages as interview_pages
from survey_cli.tui.interview.screen import BACK_KEYS, FRONT_KEYS, InterviewScreen
from survey_cli.tui.station import pages as station_pages
from survey_cli.tui.station.screen import StationScreen

KEPT = frozenset(
    [
        "ctrl+n", "ctrl+t", "ctrl+w", "ctrl+q", "ctrl+tab", "ctrl+shift+tab",
        "ctrl+shift+n", "ctrl+shift+t", "ctrl+shift+w", "alt+f4", "f11", "f12",
    ]
)  # fmt: skip
"""Keys that Chromium or Firefox, or the window manager, keeps for itself."""
BROWSER_MAY_KEEP = frozenset(["alt+left", "alt+right", "f10"])
"""Keys that some browsers or terminals keep: another key does the same."""


def test_no_key_that_a_browser_keeps_acts_here() -> None:
    for screen in (StationScreen, InterviewScreen, BoardScreen):
        assert not screen.named_keys & KEPT, screen.__name__
    station = {key for each in station_pages.STATION_KEYS for key in each.keys}
    assert not station & KEPT
    assert not {command.key for command in COMMANDS} & KEPT


def test_no_page_of_keys_names_one() -> None:
    pages = [
        station_pages.build_key_help(),
        interview_pages.build_help(every_kind()[1], interview_pages.KEYS),
        str(BOARD_KEYS),
        str(PRINTED_KEYS),
    ]
    for page in pages:
        named = {key.casefold() for key in re.findall(r"\b(?:Ctrl|Alt|Shift|F\d+)[+\w]*", page)}
        assert not named & KEPT


def test_a_key_that_may_be_kept_has_another_beside_it() -> None:
    for keys in (BACK_KEYS, FRONT_KEYS):
        assert set(keys) - BROWSER_MAY_KEEP, keys
    for key in BROWSER_MAY_KEEP & OTHER_KEYS.keys():
        assert len(OTHER_KEYS[key]) == 1, "a letter does the same"
