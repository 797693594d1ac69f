"""Names of items, sample columns and computes that are personal: marked as such, or derived from a personal one.

Reads the instrument, never an answer.
"""

from collections.abc import Iterable
from functools import lru_cache

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.unasked_items import LookupItem


@lru_cache(maxsize=32)
def find_personal_names(instrument: Instrument) -> frozenset[str]:
    """Return the names of items, sample columns and computes that are personal.

    Computes that read a personal value are included, as are rosters whose number of turns depends on one.
    """
    names = {str(name) for name, column in instrument.sample.items() if column.is_personal}
    for item in instrument.items.values():
        question = item.question
        column = question.sample if isinstance(question, LookupItem) else None
        if question.personal or column in names:
            names.add(item.id)
    computes = {c.id: tuple(c.conditions.values()) for c in instrument.computes.values()}
    while added := {key for key, conditions in computes.items() if key not in names and _reads(conditions, names)}:
        names |= added
    for group in instrument.groups.values():
        if isinstance(group, Roster) and (
            _reads([condition for condition in (group.count, group.where) if condition is not None], names)
            or (group.each is not None and group.each.id in names)
            or (group.over is not None and group.over.id in names)
        ):
            names.add(group.id)
    return frozenset(names)


def _reads(conditions: Iterable[Condition], names: set[str]) -> bool:
    """Return whether any of the conditions reads one of the names."""
    return any(not condition.names.isdisjoint(names) for condition in conditions)
