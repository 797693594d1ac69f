"""The codes of declines in columns that nobody is asked: calculations, draws, numbers of turns.

A question with a code that is also an answer is an error. A calculation has no declines of its own,
and its results could be the study's codes: with `dk: 7`, a mean of 7 days would be a don't know.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, count
from typing import Final, TypeAlias

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.number_bounds import NOT_NEGATIVE, find_bounds
from survey_cli.values import Variable

DeclineCodes: TypeAlias = Mapping[str, tuple[int, str]]
"""The code and the label of each kind of missing value."""

_USUAL_CODES: Final[Mapping[str, int]] = {"dk": -8, "refused": -9}
_FIRST_FREE_CODE: Final = -11
"""Of those for declines without a usual code."""


def move_taken_codes(
    instrument: Instrument, variable: Variable, declines: DeclineCodes, reserved: DeclineCodes
) -> DeclineCodes:
    """Return the study's declines for a column, with other codes instead of possible values."""
    is_number = variable.storage in ("integer", "decimal")
    if not is_number:
        return declines

    may_be_value = _find_value_test(instrument, variable)
    used = {code for code, _ in (*declines.values(), *reserved.values())}
    moved = {}
    for kind, (code, label) in declines.items():
        # A kind that the column's own item offers has a code that was examined.
        if kind not in variable.declines and may_be_value(code):
            code = next(free for free in _iterate_codes(kind) if free not in used)
            used.add(code)
        moved[kind] = (code, label)
    return moved


def _find_value_test(instrument: Instrument, variable: Variable) -> Callable[[int], bool]:
    """Return the test of whether a number can be a value of the column."""
    compute = instrument.computes.get(variable.item)
    # The labels of a calculation need not name every result.
    is_listed = bool(variable.labels) and (compute is None or compute.type in ("flag", "code"))
    if is_listed:
        return variable.labels.__contains__

    if compute is None:
        return NOT_NEGATIVE.contains
    condition = next(iter(compute.conditions.values()))
    return find_bounds(instrument, condition.tree).contains


def _iterate_codes(kind: str) -> Iterator[int]:
    """Yield the codes that a decline can have instead of its own."""
    return chain([_USUAL_CODES.get(kind, _FIRST_FREE_CODE)], count(_FIRST_FREE_CODE, -1))
