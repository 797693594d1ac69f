"""An instrument under compilation: the document, its names and their uses, and the items compiled so far.

It holds what the checks read; nothing is compiled or checked here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from survey_cli.instrument.compiled.model import ItemGroup
from survey_cli.instrument.compiled.symbols import GroupStep, Symbol, SymbolTable
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position, Problem


class NameUse(NamedTuple):
    """One condition or text that names variables, and when it is evaluated."""

    owner: str
    key: str
    """Where it is written: `ask_if`, `text`, `checks`, …"""
    where: Position
    names: frozenset[str]
    before: int
    """Everything it names must have been settled before this index (see `Named.index`)."""
    path: tuple[GroupStep, ...] = ()
    condition: Condition | None = None
    length: int = 1


@dataclass(slots=True, kw_only=True)
class InstrumentDraft:
    """What the checks look at: the document, its names and uses, and the instrument as far as it could be built."""

    document: Document
    symbol_table: SymbolTable
    uses: list[NameUse]
    lost: frozenset[str]
    """Names of what could not be read at all: nothing is said about references to them."""
    templates: list[tuple[str, Template]] = field(default_factory=list)
    """Every text with its owner."""
    root: ItemGroup | None = None
    leaves: dict[str, CompiledItem] = field(default_factory=dict)
    groups: dict[str, ItemGroup] = field(default_factory=dict)
    computes: dict[str, Compute] = field(default_factory=dict)
    used_scales: set[str] = field(default_factory=set)
    file_problems: Sequence[Problem] = ()
    """What was wrong with the file before anything was checked."""
    check_cache: dict[str, Any] = field(default_factory=dict)
    """What several checks look at, gathered once."""

    @property
    def symbols(self) -> Mapping[str, Symbol]:
        return self.symbol_table.symbols
