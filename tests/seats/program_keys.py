"""Which keys and lines the program lists on its own pages of help, and under which names.

The lists are read from what the program shows, so that a key which is new there has no trial yet,
and fails the row until somebody writes one.
"""

import re

from survey_cli.entry_commands import PLAIN_COMMANDS
from survey_cli.sessions.station.station_commands import STATION_COMMANDS
from survey_cli.tui.interview import pages as interview_pages
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.station import pages as station_pages
from survey_cli.tui.station.screen import StationScreen

STATION = "station"
INTERVIEW = "interview"
KEY_NAMES = {
    "←": "Left",
    "→": "Right",
    "↑": "Up",
    "↓": "Down",
    "Enter": "Return",
    "Esc": "Escape",
    "Bksp": "BackSpace",
    "PgUp": "Prior",
    "PgDn": "Next",
    "+": "plus",
    "/": "slash",
    "?": "question",
}
"""The names of keys on a page of help, and those of the window system."""
KEPT_BY_BROWSERS = frozenset(
    {
        "ctrl+n", "ctrl+t", "ctrl+w", "ctrl+q", "ctrl+tab", "ctrl+shift+tab",
        "ctrl+shift+n", "ctrl+shift+p", "ctrl+shift+t", "ctrl+shift+w",
        "ctrl+pageup", "ctrl+pagedown", "ctrl+f4", "alt+f4", "f11",
    }
)  # fmt: skip
"""Keys of which a browser gives none to a page, or some only in some windows."""
NO_KEYS = ("to", "or", "…")
"""What stands between keys."""


def list_screen_keys() -> dict[str, set[str]]:
    """List the keys of the two pages of help, as the window system calls them."""
    station = set()
    for row in station_pages.build_key_help().splitlines()[2:]:
        station |= split_keys(row.split("|")[1])
    interview = set()
    for row in interview_pages.build_help(None, interview_pages.KEYS).splitlines():
        label = row.split("**")[1]
        if not label.startswith("."):
            interview |= split_keys(label)
    return {STATION: station, INTERVIEW: interview}


def split_keys(listed: str) -> set[str]:
    """Return the keys that stand in one place of a page of help: `F8, Ctrl+C`, `← or Shift+Tab`."""
    words = re.split(r",? ", listed.replace("\\", "").strip())
    return {translate_key(word) for word in words if word and word not in NO_KEYS}


def translate_key(word: str) -> str:
    """Return the window system's name of a key: `ctrl+c` for `Ctrl+C`."""
    if word in KEY_NAMES:
        return KEY_NAMES[word]
    modifier, _, key = word.partition("+")
    if not key:
        return word
    name = key.lower() if len(key) == 1 else key
    return f"{modifier.lower()}+{name}"


def list_typed_words() -> dict[str, set[str]]:
    """List the commands that can be typed on the text page, with their dots."""
    return {
        STATION: {f".{command.name}" for command in STATION_COMMANDS},
        INTERVIEW: {f".{command.name}" for command in PLAIN_COMMANDS},
    }


def find_kept_keys() -> list[str]:
    """Return the keys that the program uses for something and a browser keeps for itself."""
    used = set(StationScreen.named_keys | InterviewScreen.named_keys)
    for key in station_pages.STATION_KEYS:
        used |= set(key.keys)
    for keys in list_screen_keys().values():
        used |= {key.lower() for key in keys}
    return sorted(used & KEPT_BY_BROWSERS)
