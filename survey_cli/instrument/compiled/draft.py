"""An instrument while it is built: what was written, what refers to what, and as far as it goes the program.

It holds what the checks look at; nothing is compiled or judged here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from survey_cli.instrument.compiled.model import Compute, Group, Leaf
from survey_cli.instrument.compiled.symbols import Named, Step, Walk
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position, Problem


class Use(NamedTuple):
    """One condition or text that names variables, and when it is evaluated."""

    owner: str
    key: str
    """Where it is written: `ask_if`, `text`, `checks`, …"""
    where: Position
    names: frozenset[str]
    before: int
    """Everything it names must have been settled before this index (see `Named.index`)."""
    path: tuple[Step, ...] = ()
    condition: Condition | None = None
    length: int = 1


@dataclass(slots=True, kw_only=True)
class Draft:
    """What the checks look at: the document, its names and uses, and the instrument as far as it could be built."""

    document: Document
    walk: Walk
    uses: list[Use]
    lost: frozenset[str]
    """Names of what could not be read at all: nothing is said about references to them."""
    templates: list[tuple[str, Template]] = field(default_factory=list)
    """Every text with its owner."""
    root: Group | None = None
    leaves: dict[str, Leaf] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    computes: dict[str, Compute] = field(default_factory=dict)
    used_scales: set[str] = field(default_factory=set)
    found: Sequence[Problem] = ()
    """What was wrong with the file before anything was checked."""
    gathered: dict[str, Any] = field(default_factory=dict)
    """What several checks look at, gathered once."""

    @property
    def named(self) -> Mapping[str, Named]:
        return self.walk.named
