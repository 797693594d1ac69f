"""A change between two versions of a questionnaire, and the classes that changes belong to."""

from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.problems import Position
from survey_cli.values import Code

ChangeKind: TypeAlias = Literal[
    "removed",
    "type",
    "recoded",
    "narrowed",
    "widened",
    "route",
    "order",
    "added",
    "text",
    "fieldwork",
]
"""The class of a change, the gravest first."""
LOSSES: Final = ("removed", "type", "recoded", "narrowed")
"""The kinds after which stored answers and new ones don't belong together."""


class ComparedChange(NamedTuple):
    """One change between two versions."""

    kind: ChangeKind
    items: tuple[str, ...]
    """The items, groups, sample columns or computes that have it; empty if it is a setting."""
    what: str
    places: tuple[Position | None, ...]
    """Its positions in the older and the newer version."""
    code: Code | None = None
    """The code that it concerns, if it concerns one."""
    decided: bool = True
    """Whether it is proved that the change makes a difference."""
    affected: tuple[str, ...] = ()
    """The items of a group that are asked of other people."""

    @property
    def where(self) -> Position:
        """Its position in the newer version, or in the older one if it is gone."""
        return self.places[1] or self.places[0] or Position("")

    @property
    def answers(self) -> tuple[str, ...]:
        """The items whose stored answers it concerns, by their names in the older version."""
        if self.kind in ("widened", "added", "fieldwork"):
            return ()
        return self.affected or self.items
