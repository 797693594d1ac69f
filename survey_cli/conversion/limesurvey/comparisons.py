"""Comparisons of two values as the server of LimeSurvey makes them.

The server decides what is asked on later pages, and it empties the answers to questions that it
finds irrelevant. All values are texts for it. Two numbers are compared as numbers, and two words as
texts; 0 is both. If one is a number and the other a word or a blank, neither is less or more.
Beside a number in quotes, numbers are texts, so that 9 is more than "18".

The page in the browser compares by other rules. tests/data/convert/limesurvey/SOURCES.md lists
where they differ.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from survey_cli.conversion.limesurvey.script import ScriptConstant
from survey_cli.conversion.model.expressions import Sign
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_BLANK_OR_ZERO: Final = ("", "0")
SIGNS: Final[Mapping[str, Sign]] = {
    "==": "==",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
"""Signs of comparisons by their texts."""


@dataclass(frozen=True)
class ConstantComparison:
    """A comparison of any value with a constant, read as if the constant were on the right."""

    sign: Sign
    constant: ScriptConstant
    is_mirrored: bool = False
    """The constant is on the left in the survey, which makes a difference for a blank and 0."""
    is_counted: bool = False
    """It is one of countif() or countifop(), which compare like PHP."""

    @property
    def is_order(self) -> bool:
        """Whether the sign is about less and more."""
        return self.sign not in ("==", "!=")

    @property
    def is_with_number(self) -> bool:
        """Whether the constant is a number, in quotes or not."""
        return read_number(self.constant.value) is not None

    @property
    def compares_numbers_as_texts(self) -> bool:
        """Whether a number is less or more by its text, since the constant is in quotes."""
        is_quoted_number = self.constant.is_quoted and self.is_with_number
        return self.is_order and is_quoted_number and not self.is_counted

    def holds(self, value: str) -> bool:
        """Return the truth for the value of a variable; a blank is ''."""
        return self._compare(value, is_text=self.constant.is_quoted)

    def holds_for_text(self, text: str) -> bool:
        """Return the truth for a text, also if it consists of digits."""
        return self._compare(text, is_text=True)

    def holds_for_condition(self, is_true: bool) -> bool:
        """Return the truth for a condition. The constant counts as one, too: false if '' or 0."""
        if self.is_order and not self.is_with_number and not self.is_counted:
            # True is a number beside a word, and false is an empty text.
            return not is_true and compare_plainly("", self.sign, self.constant.value)
        return bool(COMPARE[self.sign](is_true, self.constant.value not in _BLANK_OR_ZERO))

    def holds_for_null(self) -> bool:
        """Return the truth for null, which PHP compares as an empty text."""
        return compare_plainly("", self.sign, self.constant.value)

    def _compare(self, value: str, *, is_text: bool) -> bool:
        if self.is_counted:
            return compare_plainly(value, self.sign, self.constant.value)
        if self.is_mirrored:
            written = mirror_sign(self.sign)
            return compare_values(self.constant.value, written, value, is_quoted=is_text)
        return compare_values(value, self.sign, self.constant.value, is_quoted=is_text)


def mirror_sign(sign: Sign) -> Sign:
    """Return the sign that means the same if the two sides change places."""
    return SIGNS[MIRRORED_SIGNS[sign]]


def compare_values(left: str, sign: Sign, right: str, *, is_quoted: bool) -> bool:
    """Return the truth of a comparison. `is_quoted` says that one value is written in quotes."""
    first = read_number(left)
    second = read_number(right)
    are_numbers = first is not None and second is not None
    if sign in ("==", "!=") or (are_numbers and not is_quoted):
        return compare_plainly(left, sign, right)

    left_is_text = first is None or left in _BLANK_OR_ZERO
    right_is_text = second is None or right in _BLANK_OR_ZERO
    are_texts = left_is_text and right_is_text
    if not are_texts and not are_numbers:
        return False

    # The server takes a blank and 0 for equal in two of the four comparisons.
    are_blank_and_zero = {left, right} == set(_BLANK_OR_ZERO)
    if are_blank_and_zero and sign in ("<=", ">"):
        return sign == "<="
    return bool(COMPARE[sign](left.encode(), right.encode()))


def compare_plainly(left: str, sign: Sign, right: str) -> bool:
    """Return the truth of a comparison in PHP: of numbers if both are, otherwise of texts."""
    first = read_number(left)
    second = read_number(right)
    if first is not None and second is not None:
        return bool(COMPARE[sign](first, second))
    return bool(COMPARE[sign](left.encode(), right.encode()))


def read_number(text: str) -> float | None:
    """Return a number; None for a blank or a word."""
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    return float(stripped)
