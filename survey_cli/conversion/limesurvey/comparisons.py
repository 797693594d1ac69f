"""Comparisons of two values as the page of a LimeSurvey survey makes them.

The page decides what a respondent sees, in JavaScript, when it is loaded and after each answer. An
answer that consists of digits is a number there, and so is a constant without quotes. Two texts are
compared as texts. Otherwise both are numbers: a blank is 0, and a word is no number, so that
nothing is equal to it, less or more.

The server compares by other rules, in PHP: for it, a blank is neither less nor more than 18. They
decide whether a page has a question to show, and which answers are kept.
"""

import re
from math import nan
from typing import Final, TypeAlias

from survey_cli.conversion.model.expressions import Sign
from survey_cli.instrument.expressions.three_valued_logic import COMPARE

PageValue: TypeAlias = float | str
"""A value on the page: a number or a text; the text '' is a blank."""

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_ZERO_IN_FRONT: Final = re.compile(r"0\d")


def compare_values(left: PageValue, sign: Sign, right: PageValue) -> bool:
    """Return the truth of a comparison."""
    if isinstance(left, str) and isinstance(right, str):
        return bool(COMPARE[sign](left, right))
    return bool(COMPARE[sign](_count_as_number(left), _count_as_number(right)))


def read_answer(text: str) -> PageValue:
    """Return the value that an answer has on the page. The code 01 is a text."""
    number = read_number(text)
    if number is None or _ZERO_IN_FRONT.match(text.strip()):
        return text
    return number


def read_number(text: str) -> float | None:
    """Return a number; None for a blank or a word."""
    stripped = text.strip()
    return float(stripped) if _NUMBER.fullmatch(stripped) else None


def _count_as_number(value: PageValue) -> float:
    if isinstance(value, float):
        return value
    if not value.strip():
        return 0.0
    number = read_number(value)
    return nan if number is None else number
