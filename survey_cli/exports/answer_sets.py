"""Multiple response sets: the 0/1 columns that belong to one question with several answers."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from survey_cli.values import Variable


class MultipleResponseSet(NamedTuple):
    """The columns of one question with several answers, in one turn of its roster."""

    name: str
    label: str
    names: tuple[str, ...]
    """The names of its columns."""


def find_response_sets(variables: Iterable[Variable]) -> list[MultipleResponseSet]:
    """Return the sets of at least two columns, in the order of the columns."""
    columns: dict[tuple[str, int | None], list[Variable]] = {}
    for variable in variables:
        if variable.option is not None and variable.role == "answer":
            columns.setdefault((variable.item, variable.turn), []).append(variable)
    return [
        MultipleResponseSet(_make_name(item, turn), _find_common_label(members), tuple(v.name for v in members))
        for (item, turn), members in columns.items()
        if len(members) > 1
    ]


def _make_name(item: str, turn: int | None) -> str:
    return item if turn is None else f"{item}_{turn}"


def _find_common_label(members: list[Variable]) -> str:
    """Return the beginning that the labels of the columns share: the label of the question."""
    first, *others = [variable.label for variable in members]
    heads = [first[: mark.start()] for mark in re.finditer(": ", first)]
    common = [head for head in heads if all(label.startswith(f"{head}: ") for label in others)]
    return common[-1] if common else members[0].wording or members[0].item
