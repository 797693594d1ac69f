"""The scope of conditions written outside the questionnaire: quotas and the filters of exports and reports.

It contains every item, sample column and compute.
"""

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.symbols import SymbolTable, list_declines
from survey_cli.instrument.expressions.conditions import Condition, Scope, compile_condition
from survey_cli.instrument.source.nodes import NOWHERE
from survey_cli.problems import Position, Problem


def build_external_scope(instrument: Instrument) -> Scope:
    """Build the scope of all names in an interview's data, as seen from outside every roster."""
    table = SymbolTable(instrument.document)
    names = {name: symbol.value_type for name, symbol in table.symbols.items()}
    for name, compute in instrument.computes.items():
        names[name] = next(iter(compute.conditions.values())).result_type
    rosters = {r: frozenset(n for n, value_type in names.items() if value_type.roster == r) for r in table.rosters}
    declines = tuple(list_declines(instrument.document))
    return Scope(names=names, rosters=rosters, declines=declines, groups=table.groups.keys())


def compile_external_condition(
    instrument: Instrument, text: str, *, who: str, where: Position = NOWHERE
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """Compile a condition over an interview's data; returns it, or None, with the problems found."""
    return compile_condition(text, build_external_scope(instrument), where=where, who=who)
