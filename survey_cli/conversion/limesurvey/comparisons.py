"""Comparisons of two values as LimeSurvey makes them, for which all values are texts.

Its own tests are the source (`ExpressionManagerCoreTest`): a blank is less than any other text, and
nothing is less or more than a number if it is a blank or a word. A number in quotes is a text, so
that 9 is more than "18".
"""

from survey_cli.conversion.model.expressions import Sign
from survey_cli.instrument.expressions.three_valued_logic import COMPARE

_BLANK_OR_ZERO = ("", "0")


def compare_values(left: str, sign: Sign, right: str, *, is_quoted: bool) -> bool:
    """Return the truth of a comparison. `is_quoted` says that one value is written in quotes."""
    first = read_number(left)
    second = read_number(right)
    are_numbers = first is not None and second is not None
    if sign in ("==", "!="):
        is_equal = first == second if are_numbers else left == right
        return is_equal == (sign == "==")

    if are_numbers and not is_quoted:
        return bool(COMPARE[sign](first, second))
    left_is_text = first is None or left in _BLANK_OR_ZERO
    right_is_text = second is None or right in _BLANK_OR_ZERO
    are_texts = left_is_text and right_is_text
    if not are_texts and not are_numbers:
        return False

    # It takes a blank and zero for equal in two of the four comparisons.
    if {left, right} == set(_BLANK_OR_ZERO) and sign in ("<=", ">"):
        return sign == "<="
    return bool(COMPARE[sign](left.encode(), right.encode()))


def read_number(text: str) -> float | None:
    """Return a number; None for a blank or a word."""
    try:
        return float(text)
    except ValueError:
        return None
