"""Open places of a walk that looks ahead, and the names whose values depend on them."""

import ast
from functools import lru_cache
from typing import Final

from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import StrictChoice
from survey_cli.values import NOT_REACHED, Place

FUNCTIONS_DEFINED_ON_UNKNOWN: Final = frozenset(
    (
        "answered",
        "dk",
        "refused",
        "declined",
        "count",
        "sum",
        "mean",
        "min",
        "max",
        "sum_answered",
        "mean_answered",
        "min_answered",
        "max_answered",
        "first_answered",
        "default",
    )
)
"""Functions that treat a value that is not known yet as false or as absent: that of an item, or of
turns of a roster still to come."""


@lru_cache(maxsize=4096)
def is_defined_on_unknown(condition: Condition) -> bool:
    """Return whether a condition can have one value before its inputs are known, and another after.

    It can if it counts, asks whether something is answered, or has an `else` for unknown values.
    """
    for node in ast.walk(condition.tree):
        match node:
            case StrictChoice():
                continue  # it has no value before that of its test is known
            case ast.IfExp():
                return True
            case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS_DEFINED_ON_UNKNOWN:
                return True
    return False


class LookAhead:
    """The open places of a walk, and the names whose values depend on them.

    Nothing is open until the walk goes past a place without an answer.
    """

    def __init__(self) -> None:
        self.has_begun = False
        """The walk has gone past an open place. What depends on it is not reached."""
        self.unreached: list[Place] = []
        """The open places, and those that depend on them."""
        self._open_names: set[str] = set()
        """Items and computes whose value is not known yet."""
        self._provisional_names: set[str] = set()
        """Computes with a value that an answer to an open place can still change."""

    def open_place(self, place: Place) -> None:
        """Note that a place isn't reached: an interview that is continued may ask it."""
        self.unreached.append(place)
        self._open_names.add(place.item)

    def open_name(self, item: str) -> None:
        """Note that an item has no value in some turns yet."""
        self._open_names.add(item)

    def note_compute(self, name: str, condition: Condition, value: object) -> None:
        """Note a computed value if an answer to an open place can change it."""
        if not self.has_begun:
            return
        if value == NOT_REACHED:
            self._open_names.add(name)
        elif self.may_change(condition):
            self._provisional_names.add(name)

    def may_change(self, condition: Condition) -> bool:
        """Return whether answers to open places can change the value of a condition.

        `not answered(q)` is true as long as q is still to come.
        """
        if not self.has_begun:
            return False
        if not self._provisional_names.isdisjoint(condition.names):
            return True
        reads_open_name = not self._open_names.isdisjoint(condition.names)
        return reads_open_name and is_defined_on_unknown(condition)

    def is_open(self, condition: Condition, value: object) -> bool:
        """Return whether a condition is undecided: it has no value yet, or may have another."""
        return self.has_begun and (value == NOT_REACHED or self.may_change(condition))
