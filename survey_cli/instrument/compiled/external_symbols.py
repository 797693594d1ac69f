"""What may a condition name that is written outside the questionnaire: a quota's, an export's filter? Whatever the data
hold: items, sample columns, computes."""

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.symbols import Walk, declines_of
from survey_cli.instrument.expressions.conditions import Condition, Scope, compile_condition
from survey_cli.instrument.source.scalars import NOWHERE
from survey_cli.problems import Position, Problem


def scope_of(instrument: Instrument) -> Scope:
    """All that an interview's data can be asked about, from outside any roster."""
    walk = Walk(instrument.written)
    names = {name: named.known for name, named in walk.named.items()}
    for name, compute in instrument.computes.items():
        names[name] = next(iter(compute.conditions.values())).gives
    rosters = {r: frozenset(n for n, known in names.items() if known.roster == r) for r in walk.rosters}
    declines = tuple(declines_of(instrument.written))
    return Scope(names=names, rosters=rosters, declines=declines, groups=walk.groups.keys())


def condition_over(
    instrument: Instrument, text: str, *, who: str, where: Position = NOWHERE
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """The condition that `text` is over an interview's data, or None, and what was found in it."""
    return compile_condition(text, scope_of(instrument), where=where, who=who)
