"""Names of items, columns and computes that are personal: marked so, or computed or copied from one that is.

Reads the instrument, never an answer.
"""

from collections.abc import Iterable
from functools import lru_cache

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.unasked_items import LookupItem


@lru_cache(maxsize=32)
def find_personal_names(instrument: Instrument) -> frozenset[str]:
    """Items, sample columns and computes that are personal, said or because they read one that is; and rosters whose
    number of turns is read from one.
    """
    found = {str(name) for name, column in instrument.sample.items() if column.is_personal}
    for leaf in instrument.leaves.values():
        question = leaf.question
        copied = question.sample if isinstance(question, LookupItem) else None
        if question.personal or copied in found:
            found.add(leaf.id)
    readers = {c.id: tuple(c.conditions.values()) for c in instrument.computes.values()}
    while spread := {key for key, conditions in readers.items() if key not in found and _reads(conditions, found)}:
        found |= spread
    for group in instrument.groups.values():
        if isinstance(group, Roster) and (
            (group.count is not None and _reads((group.count,), found))
            or (group.each is not None and group.each.id in found)
        ):
            found.add(group.id)
    return frozenset(found)


def _reads(conditions: Iterable[Condition], names: set[str]) -> bool:
    return any(not condition.names.isdisjoint(names) for condition in conditions)
