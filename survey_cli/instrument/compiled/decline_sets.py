"""Codes of declines that are given by a name: a set of the file, or the width of the answers."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from survey_cli.instrument.number_ranges import NumberRanges, contain
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.items.typed import NumericItem

BY_WIDTH: Final = "by_width"
"""The name that no set of a file can have."""
_DIGITS: Final[Mapping[str, str]] = {"dk": "7", "refused": "9"}
"""What official questionnaires repeat for the code of a decline: 7, 77 or 777; 9, 99 or 999."""
_MAX_WIDTH: Final = 9
_USUAL_CODES: Final[Mapping[str, int]] = {"dk": -8, "refused": -9}
_OTHER_CODES: Final[tuple[int, ...]] = (*range(-11, -1000, -1), *range(-9991, -10_000, -1))
"""Those for declines whose own code, or usual code, is taken."""
_MARKS_OF_MULTIPLE: Final = (0, 1)
"""Not mentioned and mentioned, which the columns of a multiple contain."""


def has_codes_by_width(document: Document) -> bool:
    """Return whether the declines of a whole file have codes of the answers' width."""
    return document.defaults is not None and document.defaults.declines == BY_WIDTH


def describe_codes_by_width(decline: str) -> str:
    """Describe the codes that a decline can have: `7, 77 or 777 …`; empty if it has one code."""
    digit = _DIGITS.get(decline)
    if digit is None:
        return ""
    return f"{digit}, {digit * 2} or {digit * 3} …"


def choose_codes(
    question: QuestionItem, codes: Collection[object], kinds: Collection[str] | None = None
) -> dict[str, int] | None:
    """Choose the shortest codes of don't know and refused that no answer can have.

    `codes` are those of the options, and the numbers that these count as. Both codes have the same
    width, unless only one of them is among the `kinds` that are offered: with options from 1 to 8,
    refused is 9, and both are 77 and 99. None if the answers have no limits that are known.
    """
    digits = dict(_DIGITS)
    if kinds is not None:
        digits = {decline: digit for decline, digit in _DIGITS.items() if decline in kinds}
    ranges: NumberRanges = ()
    least_width = 1
    taken = {code for code in codes if isinstance(code, int)}
    if isinstance(question, NumericItem):
        if question.lowest is None or question.highest is None:
            return None
        ranges = question.ranges
        taken |= question.options.keys()
    elif isinstance(question, QuantityItem):
        ranges = question.list_used_numbers()
        # 7 is no don't know where 7 per week can be typed
        least_width = max(len(str(int(one.high))) for one in ranges)
    elif isinstance(question, MultipleItem):
        taken = set(_MARKS_OF_MULTIPLE)

    for width in range(least_width, _MAX_WIDTH + 1):
        chosen = {decline: int(digit * width) for decline, digit in digits.items()}
        is_free = taken.isdisjoint(chosen.values())
        is_outside = not any(contain(ranges, code) for code in chosen.values())
        if is_free and is_outside:
            return chosen
    return None


def choose_other_code(kind: str, is_taken: Callable[[int], bool]) -> int | None:
    """Choose another code for a decline: its usual one, or the first that is free.

    None if all are taken.
    """
    codes = list(_OTHER_CODES)
    if kind in _USUAL_CODES:
        codes.insert(0, _USUAL_CODES[kind])
    for code in codes:
        if not is_taken(code):
            return code
    return None
