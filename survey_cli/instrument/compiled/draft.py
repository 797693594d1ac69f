"""An instrument under compilation: the document, its names and their uses, and the items so far.

It holds what the checks read; nothing is compiled or checked here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.instrument.compiled.symbol_table import SymbolTable
from survey_cli.instrument.compiled.symbols import GroupPath, Symbol, SymbolKind
from survey_cli.instrument.expressions.conditions import Condition, compile_condition
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.source.nodes import NOWHERE
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position, Problem


class NameUse(NamedTuple):
    """One condition or text that uses names, and when it is evaluated."""

    owner: str
    key: str
    """The key it is written under: `ask_if`, `text`, `checks`, …"""
    where: Position
    names: frozenset[str]
    before: int
    """Everything it names must have been settled before this index (see `Symbol.index`)."""
    path: GroupPath = ()
    condition: Condition | None = None
    """The condition itself; None for a text."""
    length: int = 1
    """The length of a condition, for the problem that is reported of it."""


@dataclass(slots=True, kw_only=True)
class InstrumentDraft:
    """What the checks read: the document, its names and their uses, and the items so far."""

    document: Document
    symbol_table: SymbolTable
    uses: list[NameUse]
    lost: frozenset[str]
    """Names of parts that could not be read at all: references to them are not reported."""
    templates: list[tuple[str, Template]] = field(default_factory=list)
    """Every text with its owner."""
    root: ItemGroup | None = None
    items: dict[str, CompiledItem] = field(default_factory=dict)
    groups: dict[str, ItemGroup] = field(default_factory=dict)
    computes: dict[str, Compute] = field(default_factory=dict)
    used_scales: set[str] = field(default_factory=set)
    file_problems: Sequence[Problem] = ()
    """The problems found in the file before the checks run."""
    cache: dict[Any, Any] = field(default_factory=dict)
    """Results of the functions that are marked `once_per_draft`."""

    @property
    def symbols(self) -> Mapping[str, Symbol]:
        return self.symbol_table.symbols

    @property
    def language(self) -> str:
        """The default language."""
        return str(self.document.languages[0])


T = TypeVar("T")


def once_per_draft(function: Callable[[InstrumentDraft], T]) -> Callable[[InstrumentDraft], T]:
    """Decorate a function that several checks call: its result is computed once for each draft."""

    @wraps(function)
    def get_result(draft: InstrumentDraft) -> T:
        if function not in draft.cache:
            draft.cache[function] = function(draft)
        return cast(T, draft.cache[function])

    return get_result


def build_external_symbols(instrument: Instrument) -> SymbolTable:
    """Build the table of all names in an interview's data.

    Conditions on the data are outside of all rosters.
    """
    table = SymbolTable(instrument.document)
    for name, compute in instrument.computes.items():
        value_type = next(iter(compute.conditions.values())).result_type
        table.add(Symbol(name, SymbolKind.COMPUTE, NOWHERE, 0, value_type))
    return table


def compile_external_condition(
    instrument: Instrument, text: str, *, who: str
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """Compile a condition on an interview's data. It is None if it has errors."""
    scope = build_external_symbols(instrument).build_scope()
    return compile_condition(text, scope, NOWHERE, who)
