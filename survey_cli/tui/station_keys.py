"""Table of the station's keys and their labels, used by the board and by the help page."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from survey_cli.tui.modes import NAMED as INTERVIEW_KEYS

Deed: TypeAlias = Literal[
    "interview", "dial", "next", "add", "outcomes", "appointment", "note", "scripts", "faq", "find",
    "appointments", "finish", "back", "pause", "leave", "help",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One key, its other names, and what it does."""

    deed: Deed
    """Also the dot word: `.dial`."""
    keys: tuple[str, ...]
    does: str
    idle: bool = False
    """It also acts where no case is on the screen."""
    rest: str = ""
    """What may follow the dot word on its line."""


BOUND: Final = (
    Bound(deed="dial", keys=("d",), does="dial the number that is marked"),
    Bound(deed="interview", keys=("i",), does="begin the interview, or go on with it"),
    Bound(deed="outcomes", keys=("9",), does="more outcomes than 1 to 8"),
    Bound(deed="appointment", keys=("a",), does="make an appointment", rest="WHEN"),
    Bound(deed="next", keys=("n",), does="the next number of the case"),
    Bound(deed="add", keys=("+",), does="another number was given", rest="NUMBER"),
    Bound(deed="note", keys=("t", "f2"), does="a note on the case", rest="TEXT"),
    Bound(deed="scripts", keys=("s",), does="scripts to read aloud: to voicemail, to a gatekeeper"),
    Bound(deed="faq", keys=("f5",), does="what respondents ask"),
    Bound(deed="back", keys=("backspace",), does="take back the last outcome", idle=True),
    Bound(deed="finish", keys=("x", "f8"), does="leave the case; one that was not called goes back to the queue"),
    Bound(deed="find", keys=("/", "f3"), does="a respondent calls back: find the case", idle=True, rest="WORDS"),
    Bound(deed="appointments", keys=("m",), does="my appointments", idle=True),
    Bound(deed="pause", keys=("p",), does="a break, and back from it", idle=True),
    Bound(deed="leave", keys=("q", "ctrl+c"), does="end the shift", idle=True),
    Bound(deed="help", keys=("?", "f1"), does="this page", idle=True),
)
BY_KEY: Final = {key: bound for bound in BOUND for key in bound.keys}
BY_WORD: Final = {str(bound.deed): bound for bound in BOUND}
WORDS_ONLY: Final = (
    (".fetch KEY", "take this case, even if it is not next in the queue"),
    (".number 2", "the second number of the case"),
    (".busy .no_answer …", "an outcome by its id"),
)
"""Dot words without a key."""
NAMED: Final = INTERVIEW_KEYS | {"shift+tab"}
SIGNS: Final = {"backspace": "Bksp", "ctrl+c": "Ctrl+C"}
"""How a key is printed, where not by its own name."""


def sign(key: str) -> str:
    """`F2`, `Bksp`, `d`."""
    return SIGNS.get(key, key.upper() if len(key) > 1 else key)
