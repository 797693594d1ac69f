"""The scope of conditions written outside the questionnaire: quotas and the filters of exports and reports.

It contains every item, sample column and compute.
"""

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.symbols import SymbolTable
from survey_cli.instrument.expressions.conditions import Condition, Scope, compile_condition
from survey_cli.instrument.source.nodes import NOWHERE
from survey_cli.problems import Position, Problem


def build_external_scope(instrument: Instrument) -> Scope:
    """Build the scope of all names in an interview's data, as seen from outside every roster."""
    table = SymbolTable(instrument.document)
    for name, compute in instrument.computes.items():
        table.value_types[name] = next(iter(compute.conditions.values())).result_type
    return table.build_scope()


def compile_external_condition(
    instrument: Instrument, text: str, *, who: str, where: Position = NOWHERE
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """Compile a condition over an interview's data; returns it, or None, with the problems found."""
    return compile_condition(text, build_external_scope(instrument), where=where, who=who)
