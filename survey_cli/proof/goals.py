"""Goals: what may be possible in a questionnaire, and witnesses: answers that lead there. Needs no solver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.values import Place

RETRIES: Final = 12
"""How often another witness is looked for where one does not lead where it should."""

GoalKind: TypeAlias = Literal[
    "asked",
    "skipped",
    "unknown",
    "offered",
    "fires",
    "passes",
    "unfilled",
    "counted",
    "taken",
    "left",
    "hole",
    "filled",
]
"""What may be possible.

`asked`: an item is asked; `skipped`: the interview comes to it, and it is not asked; `unknown`: its condition is neither
true nor false there; `offered`: an option is; `fires`, `passes`: a check does, on an answer; `unfilled`: a text is read,
and a fill in it has no value; `counted`: a complete interview counts in a quota cell; `taken`, `left`: a branch of a fork
is asked or not asked, in a range of the variable; `hole`: no branch is asked after a decline; `filled`: a text is read,
and a fill in it has a value (not proved).
"""


class Goal(NamedTuple):
    """Something that may or may not be possible."""

    kind: GoalKind
    name: str
    """The item, group or quota; of a fork the first of its items."""
    detail: Any = None
    """The option's code, the number of the check from 0, the quota cell, or what else identifies it."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Answers and sample values that lead somewhere."""

    sample: Mapping[str, Any]
    answers: Mapping[Place, Any]
    route: tuple[Place, ...]
    """The items that are asked, in order."""
    today: date
    """The day of the interview."""


@dataclass(slots=True)
class Verdicts:
    """What is possible, with a witness, and what is not."""

    possible: dict[Goal, Witness] = field(default_factory=dict)
    impossible: list[Goal] = field(default_factory=list)
    undecided: list[Goal] = field(default_factory=list)
    """What clauses call possible, but no witness of which leads there."""


class Comparison(NamedTuple):
    """The result of a comparison of conditions of two versions."""

    is_same: bool = False
    decided: bool = False
    holds_in_new: bool = True
    """Whether the conditions of the newer version hold for the example, and those of the older don't."""
    example: Mapping[str, Any] = MappingProxyType({})
    """Answers and sample values for which only one of the two holds."""
