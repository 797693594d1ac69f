"""Multiple response sets: the 0/1 columns that belong to one question with several answers."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from survey_cli.values import Variable


class MultipleResponseSet(NamedTuple):
    """The columns of one question of several answers, at one turn."""

    name: str
    label: str
    names: tuple[str, ...]


def find_response_sets(variables: Iterable[Variable]) -> list[MultipleResponseSet]:
    """In the order of the columns, each of two columns at least."""
    found: dict[tuple[str, int | None], list[Variable]] = {}
    for variable in variables:
        if variable.option is not None and variable.role == "answer":
            found.setdefault((variable.item, variable.turn), []).append(variable)
    return [
        MultipleResponseSet(_make_name(item, turn), _find_common_label(several), tuple(v.name for v in several))
        for (item, turn), several in found.items()
        if len(several) > 1
    ]


def _make_name(item: str, turn: int | None) -> str:
    """The item's; where it stands in several turns, with the turn."""
    return item if turn is None else f"{item}_{turn}"


def _find_common_label(several: list[Variable]) -> str:
    """What the labels of its columns have in common: the question's."""
    first, *others = [variable.label for variable in several]
    heads = [first[: mark.start()] for mark in re.finditer(": ", first)]
    common = [head for head in heads if all(label.startswith(f"{head}: ") for label in others)]
    return common[-1] if common else several[0].wording or several[0].item
