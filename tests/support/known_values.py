"""What is known at a point of an interview, from values written in a test."""

from collections.abc import Mapping
from typing import Any

from survey_cli.instrument.expressions.known import Known, RosterTurns
from survey_cli.values import Missing


def make_known(
    values: Mapping[Any, Any],
    turns: Mapping[str, tuple[int, ...] | Missing] | None = None,
    **more: Any,
) -> Known:
    """Make what is known of values by name, or by (name, turn) in a roster, and of the turns of rosters."""
    known = Known(**more)
    for key, value in values.items():
        if isinstance(key, tuple):
            known.values_by_turn[key] = value
        else:
            known.values[key] = value
    for roster, numbers in (turns or {}).items():
        known.rosters[roster] = RosterTurns(numbers)
    return known
