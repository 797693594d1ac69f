"""Goals: what may be possible in a questionnaire, and witnesses: answers that lead there. Needs no solver."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from survey_cli.values import Place

GoalKind: TypeAlias = Literal["asked", "skipped", "unknown", "offered", "fires", "passes"]
"""What may be possible.

`asked`: an item is asked; `skipped`: the interview comes to it, and it is not asked; `unknown`: its condition is neither
true nor false there; `offered`: an option is; `fires`, `passes`: a check does, on an answer.
"""


class Goal(NamedTuple):
    """Something that may or may not be possible."""

    kind: GoalKind
    name: str
    """The item or group."""
    detail: Any = None
    """The option's code, or the number of the check from 0."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Answers and sample values that lead somewhere."""

    sample: Mapping[str, Any]
    answers: Mapping[Place, Any]
    route: tuple[Place, ...]
    """The items that are asked, in order."""
