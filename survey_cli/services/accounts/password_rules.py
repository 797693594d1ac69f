"""Rules for new passwords, after NIST SP 800-63B-4, 3.1.1.2.

The only factor is a password, so it has 15 characters or more. Nothing is asked of its kinds of
characters, and it never expires. A password that is hardly more than a common one, the login or a
row of keys is refused.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final, assert_never

from survey_cli.wording import Words

MIN_LENGTH: Final = 15
MAX_LENGTH: Final = 128
"""Longer ones are refused, never cut off. NIST asks for 64 or more."""
MIN_REMAINDER: Final = 6
"""A password needs this many characters besides what everybody tries first."""
MIN_COMMON_LENGTH: Final = 6
"""Common passwords that are shorter are parts of too many words."""
MIN_DIFFERENT: Final = 5
"""A password with fewer different characters is a repetition."""
MIN_RUN: Final = 4
"""So many keys in a row are a run."""

COMMON_PASSWORDS_FILE: Final = Path(__file__).with_name("common_passwords.txt")
"""The most common passwords of six characters or more in lower case, from the list of zxcvbn (MIT,
Dropbox), whose source is public breaches."""

ROWS_OF_KEYS: Final = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
)
PROGRAM_WORDS: Final = ("survey", "interview", "interviewer", "supervisor", "password", "passwort")


class Weakness(Enum):
    """Why a password is refused."""

    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    REPEATED = "repeated"
    COMMON = "common"
    LOGIN = "login"


def describe_weakness(weakness: Weakness) -> Words:
    """Return why a password is refused, and what to do, as a sentence."""
    match weakness:
        case Weakness.TOO_SHORT:
            text = f"The password needs {MIN_LENGTH} characters or more. Four words are enough."
        case Weakness.TOO_LONG:
            text = f"The password may have {MAX_LENGTH} characters at most. Use a shorter one."
        case Weakness.REPEATED:
            text = "This repeats a few characters or a row of keys. Use several words instead."
        case Weakness.COMMON:
            text = "This is hardly more than a password that many people use. Add other words."
        case Weakness.LOGIN:
            text = "This is hardly more than your login. Use several other words."
        case unknown:
            assert_never(unknown)
    return Words(text)


def normalize_password(password: str) -> str:
    """Return a password in one form of Unicode: keyboards differ in how they compose `é`."""
    return unicodedata.normalize("NFKC", password)


def encode_password(password: str) -> bytes:
    """Return the bytes that are hashed. Half of a character can be sent, and is no error here."""
    return normalize_password(password).encode("utf-8", "surrogatepass")


def find_weakness(password: str, login: str) -> Weakness | None:
    """Return why a password is refused for a login, or None if it is accepted."""
    password = normalize_password(password)
    if len(password) < MIN_LENGTH:
        return Weakness.TOO_SHORT
    if len(password) > MAX_LENGTH:
        return Weakness.TOO_LONG

    core = _reduce(password)
    if len(set(core)) < MIN_DIFFERENT or len(_remove_runs(core)) < MIN_REMAINDER:
        return Weakness.REPEATED
    if _is_hardly_more_than(core, _reduce(login)):
        return Weakness.LOGIN
    for common in (*PROGRAM_WORDS, *_list_common_parts(core)):
        if _is_hardly_more_than(core, common):
            return Weakness.COMMON
    return None


def _reduce(text: str) -> str:
    """Return a text without spaces, signs and capitals. Letters of all languages stay."""
    return re.sub(r"[\W_]+", "", text.casefold())


def _is_hardly_more_than(core: str, part: str) -> bool:
    """Whether little is left of a password without a part, and without runs of keys."""
    if len(part) < 3 or part not in core:
        return False
    return len(_remove_runs(core.replace(part, ""))) < MIN_REMAINDER


def _list_common_parts(core: str) -> Iterator[str]:
    """Yield every common password that is a part of a text."""
    common = _read_common_passwords()
    longest = max(len(word) for word in common)
    for start in range(len(core)):
        for end in range(start + MIN_COMMON_LENGTH, min(start + longest, len(core)) + 1):
            part = core[start:end]
            if part in common:
                yield part


@cache
def _read_common_passwords() -> frozenset[str]:
    return frozenset(COMMON_PASSWORDS_FILE.read_text(encoding="ascii").split())


@cache
def _build_run_pattern() -> re.Pattern[str]:
    """Build the pattern of runs: neighbors in a row of keys, either way, or one key repeated."""
    runs = set()
    for row in ROWS_OF_KEYS:
        for direction in (row, row[::-1]):
            for start in range(len(direction) - MIN_RUN + 1):
                for end in range(start + MIN_RUN, len(direction) + 1):
                    runs.add(direction[start:end])
    # the longest first: a pattern takes the first alternative that fits
    ordered = sorted(runs, key=lambda run: (-len(run), run))
    return re.compile("|".join([*ordered, r"(.)\1{2,}"]))


def _remove_runs(text: str) -> str:
    return _build_run_pattern().sub("", text)
