"""Table of the station's keys, their dot words and labels, used by the screen, the page of keys and the palette."""

from typing import Final, NamedTuple

from survey_cli.tui.interview.help import escape_markdown


class StationKey(NamedTuple):
    """What one key does."""

    action: str
    """Also the dot word: `.dial`."""
    keys: tuple[str, ...]
    """The key, and its other names."""
    does: str
    without_case: bool = False
    """It also acts where no case is on the screen."""
    rest: str = ""
    """What may follow the dot word on its line."""

    @property
    def sign(self) -> str:
        """The first key as it is printed: `F2`, `Bksp`, `d`."""
        return format_key(self.keys[0])


STATION_KEYS: Final = (
    StationKey("dial", ("d",), "dial the number that is marked"),
    StationKey("interview", ("i",), "begin the interview, or go on with it"),
    StationKey("outcomes", ("9",), "more outcomes than 1 to 8"),
    StationKey("appointment", ("a",), "make an appointment", rest="WHEN"),
    StationKey("next", ("n",), "the next number of the case"),
    StationKey("add", ("+",), "another number was given", rest="NUMBER"),
    StationKey("note", ("t", "f2"), "a note on the case, or on the one just called", True, rest="TEXT"),
    StationKey("scripts", ("s",), "scripts to read aloud: to voicemail, to a gatekeeper"),
    StationKey("faq", ("f5",), "what respondents ask"),
    StationKey("case", ("f6",), "the case, both clocks, appointments, the shift so far", True),
    StationKey("back", ("backspace",), "take back the last outcome", True),
    StationKey("finish", ("x", "f8"), "leave the case; one that was not called goes back to the queue"),
    StationKey("find", ("/", "f3"), "a respondent calls back: find the case", True, rest="WORDS"),
    StationKey("appointments", ("m",), "my appointments", True),
    StationKey("pause", ("p",), "a break, and back from it", True, rest="REASON"),
    StationKey("leave", ("q", "ctrl+c"), "the shift so far, and its end", True),
    StationKey("palette", ("ctrl+p",), "every action, to be found by its words", True),
    StationKey("help", ("?", "f1"), "this page", True),
)
BY_KEY: Final = {key: each for each in STATION_KEYS for key in each.keys}
BY_WORD: Final = {each.action: each for each in STATION_KEYS}
WORDS_ONLY: Final = (
    (".fetch KEY", "take this case, even if it is not next in the queue"),
    (".number 2", "the second number of the case"),
    (".busy .no_answer …", "an outcome by its id; words behind it are its note, number, language or reason"),
)
"""Dot words without a key."""
OPENERS: Final = frozenset(key for key in BY_KEY if len(key) > 1 and key != "backspace")
"""Keys that act whatever is open."""


def format_key(key: str) -> str:
    """Return a key as it is printed."""
    return {"backspace": "Bksp", "ctrl+c": "Ctrl+C", "ctrl+p": "Ctrl+P"}.get(key, key.upper() if len(key) > 1 else key)


def build_key_help() -> str:
    """Build the page of keys, as Markdown."""
    rows = [
        ("1 to 8", "", "the outcomes shown on the screen"),
        *((" ".join(map(format_key, key.keys)), f".{key.action} {key.rest}".strip(), key.does) for key in STATION_KEYS),
        *(("", word, does) for word, does in WORDS_ONLY),
        ("PgUp PgDn", "", "older and newer entries of the case's history"),
        ("Esc", "", "close what is open; forms keep what was typed"),
    ]
    lines = [f"| {' | '.join(map(escape_markdown, row))} |" for row in rows]
    return "\n".join(["| Key | Typed | |", "|---|---|---|", *lines])
