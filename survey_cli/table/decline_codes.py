"""The codes of declines in columns that nobody is asked: calculations, draws, numbers of turns.

A question with a code that is also an answer is an error. A calculation has no declines of its own,
and its results could be the study's codes: with `dk: 7`, a mean of 7 days would be a don't know.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from survey_cli.instrument.compiled.decline_sets import choose_other_code
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.number_bounds import NOT_NEGATIVE, find_bounds
from survey_cli.instrument.editions import AMOUNTS_EDITION
from survey_cli.values import Variable

DeclineCodes: TypeAlias = Mapping[str, tuple[int, str]]
"""The code and the label of each kind of missing value."""


def move_taken_codes(
    instrument: Instrument, variable: Variable, declines: DeclineCodes, reserved: DeclineCodes
) -> DeclineCodes:
    """Return the study's declines for a column, with other codes instead of possible values.

    `reserved` are the codes of not asked and not reached, which are among `declines`, too. In
    edition 1 they stay, and a difference is never taken for negative: exports are as before.
    """
    is_number = variable.storage in ("integer", "decimal")
    if not is_number:
        return declines

    may_be_value = _find_value_test(instrument, variable)
    used = {code for code, _ in (*declines.values(), *reserved.values())}
    # A kind that the column's own item offers has a code that was examined.
    fixed = set(variable.declines)
    if instrument.edition < AMOUNTS_EDITION:
        fixed |= reserved.keys()

    moved = {}
    for kind, (code, label) in declines.items():
        if kind not in fixed and may_be_value(code):
            code = _choose_code(kind, used, may_be_value)
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
    has_negative_differences = instrument.edition >= AMOUNTS_EDITION
    bounds = find_bounds(
        instrument, condition.tree, has_negative_differences=has_negative_differences
    )
    return bounds.contains


def _choose_code(kind: str, used: Collection[int], may_be_value: Callable[[int], bool]) -> int:
    """Choose a code that is no value of the column, or is at least no other decline's."""
    code = choose_other_code(kind, lambda code: code in used or may_be_value(code))
    if code is None:  # without a known limit, every number may be a value
        code = choose_other_code(kind, used.__contains__)
    assert code is not None  # there are more codes than declines
    return code
