"""Computes of the newest questionnaire, applied to interviews of an older version.

They apply to every interview that has their inputs, so that a compute can be added after fieldwork.
"""

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from survey_cli.engine.codec import encode_cells
from survey_cli.engine.interview import Interview
from survey_cli.engine.route import may_change
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.schema.items.typed import DateItem
from survey_cli.table.columns import build_columns
from survey_cli.table.encoded_cells import NOT_ASKED_TEXT, join_row, make_cell_reader, split_row
from survey_cli.table.personal import find_personal_names
from survey_cli.table.rows import convert_computed
from survey_cli.table.versions import SeparateColumns
from survey_cli.values import NOT_ASKED, Cell, Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeUpdate:
    """The columns of an older version with the newest computes, and the computation of their cells."""

    instrument: Instrument
    """The older version."""
    variables: tuple[Variable, ...]
    lacking: frozenset[str]
    """Computes of the older version whose newest definition reads answers that the version does not have."""
    computes: tuple[Compute, ...]
    """The newest computes that replace or extend those of the version, in the order of computation."""
    not_computed: frozenset[str]
    """Computes of personal answers that were not requested: their cells stay empty."""

    def can_compute_from(self, row: str) -> bool:
        """Return whether a stored row is enough to compute from; otherwise its journal must be replayed."""
        computes = [c for c in self.computes if c.id not in self.not_computed]
        if not computes:
            return True
        plain_columns = find_plain_columns(self.instrument)
        names = {name for compute in computes for name in list_inputs(compute)} - {c.id for c in self.computes}
        if not names <= plain_columns.keys() or any(
            may_change(condition) or reads_today(condition)
            for compute in computes
            for condition in compute.conditions.values()
        ):
            return False
        texts = split_row(row, len(build_columns(self.instrument)))
        return all(texts[plain_columns[name][0]] != NOT_ASKED_TEXT for name in names)

    def update_row(self, row: str, interview: Interview | None) -> str:
        """Return a stored row with the computed cells. `interview` is given where its journal was replayed."""
        if not self.computes:
            return row
        columns = build_columns(self.instrument)
        texts = dict(zip([v.name for v in columns], split_row(row, len(columns)), strict=True))
        if interview is not None:
            env: Mapping[Any, Any] = interview.evaluate_route().env
        else:
            names = frozenset[str]().union(*map(list_inputs, self.computes))
            plain_columns = find_plain_columns(self.instrument)
            env = {name: read(texts[name]) for name, (_, read) in plain_columns.items() if name in names}
        env = self.extend_env(env)
        storages = {v.name: v.storage for v in self.variables}
        for compute in self.computes:
            cell = convert_computed(env[compute.id], storages[compute.id])
            texts[compute.id] = encode_cells((cell,))[1:-1]
        return join_row(texts[v.name] for v in self.variables)

    def extend_env(self, env: Mapping[Any, Any]) -> dict[Any, Any]:
        """Return what is known at the end of an interview, with the computed values.

        A compute is not asked where one of its inputs never came up.
        """
        known = dict(env)
        for compute in self.computes:
            has_inputs = compute.id not in self.not_computed and all(
                self._has_value(known, name) for name in list_inputs(compute)
            )
            for index, (language, condition) in enumerate(compute.conditions.items()):
                value = condition.evaluate(known) if has_inputs else NOT_ASKED
                if not index:
                    known[compute.id] = value
                if language:
                    known[compute.id, language] = value
        return known

    def _has_value(self, known: Mapping[Any, Any], name: str) -> bool:
        item = self.instrument.items.get(name)
        return name in known or (item is not None and item.roster is not None and f"#{item.roster}" in known)


def build_compute_update(
    old: Instrument,
    new: Instrument,
    separate: Mapping[str, SeparateColumns],
    language: str,
    requested: Collection[str] | None = None,
) -> ComputeUpdate:
    """Return the update of `old` to the computes of `new`.

    `separate` are the names with another meaning in `old`, `requested` the personal columns that are requested; None
    requests all.
    """
    columns = {v.name: v for v in build_columns(old, language)}
    computes, lacking = _select_computes(old, new, separate) if old.hash != new.hash else ((), frozenset[str]())
    new_columns = {v.name: v for v in build_columns(new, language if language in new.languages else "")}
    personal_names = find_personal_names(old)
    not_computed: set[str] = set()
    for compute in computes:
        personal = new_columns[compute.id].personal or not list_inputs(compute).isdisjoint(
            personal_names | not_computed
        )
        columns[compute.id] = replace(new_columns[compute.id], personal=personal)
        if personal and requested is not None and compute.id not in requested:
            not_computed.add(compute.id)
    return ComputeUpdate(
        instrument=old,
        variables=tuple(columns.values()),
        lacking=lacking & old.computes.keys(),
        computes=computes,
        not_computed=frozenset(not_computed),
    )


def _select_computes(
    old: Instrument, new: Instrument, separate: Mapping[str, SeparateColumns]
) -> tuple[tuple[Compute, ...], frozenset[str]]:
    """Return the computes of `new` to apply to `old`, in the order of computation, and those that `old` lacks.

    To apply are those for which `old` has all inputs and which it did not compute in the same way. Lacking are those
    with an input that is missing in `old` or has another meaning there.
    """
    changed: dict[str, Compute] = {}
    lacking: set[str] = set()
    for name, compute in new.computes.items():
        inputs = list_inputs(compute)
        unknown = inputs - old.items.keys() - old.sample.keys() - new.computes.keys()
        if unknown or any(n in separate or n in lacking for n in inputs):
            lacking.add(name)
        elif (
            name not in old.computes
            or not _is_same_compute(old.computes[name], compute)
            or not inputs.isdisjoint(changed)
        ):
            changed[name] = compute
    return tuple(changed.values()), frozenset(lacking)


def _is_same_compute(old: Compute, new: Compute) -> bool:
    """Return whether two versions define a compute in the same way."""
    old_texts, new_texts = ([condition.text for condition in c.conditions.values()] for c in (old, new))
    return old_texts == new_texts and old.type == new.type


def find_plain_columns(instrument: Instrument) -> dict[str, tuple[int, Callable[[str], Cell]]]:
    """Return the index and the cell reader of each column whose cells are what conditions read by its name."""
    return {
        v.name: (index, make_cell_reader(v.storage))
        for index, v in enumerate(build_columns(instrument))
        if is_plain(instrument, v)
    }


def is_plain(instrument: Instrument, variable: Variable) -> bool:
    """Return whether the cells of a column are what conditions read by its name."""
    if variable.name != variable.item or variable.turn is not None or variable.role == "compute":
        return False
    item = instrument.items.get(variable.name)
    return item is None or not (isinstance(item.question, DateItem) and item.question.partial)


def list_inputs(compute: Compute) -> frozenset[str]:
    """Return all names that a compute reads, in any language."""
    return frozenset[str]().union(*(condition.names for condition in compute.conditions.values()))


def reads_today(condition: Condition) -> bool:
    """Return whether a condition reads the day of the interview, which is not among its names."""
    return any(isinstance(n, ast.Call) and getattr(n.func, "id", "") == "today" for n in ast.walk(condition.tree))
