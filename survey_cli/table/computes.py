"""Computes of the newest questionnaire, applied to interviews of an older version.

Like nets, they apply to every interview that has their inputs, so that a compute can be added after fieldwork.
"""

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from survey_cli.engine.codec import encode_cells
from survey_cli.engine.interview import Interview
from survey_cli.engine.route import may_change
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.schema.items.typed import DateItem
from survey_cli.table.columns import build_columns
from survey_cli.table.encoded_cells import NOT_ASKED_TEXT, join_row, make_cell_reader, split_row
from survey_cli.table.meaning_changes import SeparateColumns, select_computes
from survey_cli.table.personal import find_personal_names
from survey_cli.table.rows import convert_computed
from survey_cli.values import NOT_ASKED, Variable


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeUpdate:
    """The columns of a version with the newest computes in them, and how a row gets these."""

    instrument: Instrument
    """The version's."""
    variables: tuple[Variable, ...]
    lacking: frozenset[str]
    """Computes of the version that the newest questionnaire computes from answers that the version has not."""
    computes: tuple[Compute, ...]
    """What is computed here, in order."""
    not_computed: frozenset[str]
    """Computes of personal answers that nobody asked for: they are not computed."""

    @classmethod
    def between(
        cls,
        old: Instrument,
        new: Instrument,
        apart: Mapping[str, SeparateColumns],
        language: str,
        wanted: Collection[str] | None = None,
    ) -> Self:
        """`wanted`: the personal columns that are asked for; None asks for all."""
        own = {v.name: v for v in build_columns(old, language)}
        if old.hash == new.hash:
            return cls(
                instrument=old,
                variables=tuple(own.values()),
                lacking=frozenset(),
                computes=(),
                not_computed=frozenset(),
            )
        computes, lacking = select_computes(old, new, apart)
        described = {v.name: v for v in build_columns(new, language if language in new.languages else "")}
        personal = find_personal_names(old)
        unread: set[str] = set()
        for compute in computes:
            inputs = list_inputs(compute)
            hidden = described[compute.id].personal or not inputs.isdisjoint(personal | unread)
            own[compute.id] = replace(described[compute.id], personal=hidden)
            if hidden and wanted is not None and compute.id not in wanted:
                unread.add(compute.id)
        return cls(
            instrument=old,
            variables=tuple(own.values()),
            lacking=lacking & old.computes.keys(),
            computes=computes,
            not_computed=frozenset(unread),
        )

    def can_compute_from(self, row: str) -> bool:
        """Whether a kept row of the version is enough to compute from; otherwise its journal must be followed."""
        read = [c for c in self.computes if c.id not in self.not_computed]
        if not read:
            return True
        plain = find_plain_columns(self.instrument)
        names = {name for compute in read for name in list_inputs(compute)} - {c.id for c in self.computes}
        if not names <= plain.keys() or any(_needs_more(c) for one in read for c in one.conditions.values()):
            return False
        texts = split_row(row, len(build_columns(self.instrument)))
        return all(texts[plain[name][0]] != NOT_ASKED_TEXT for name in names)

    def update_row(self, row: str, interview: Interview | None) -> str:
        """A kept row of the version with what is computed; `interview` where its journal was followed."""
        if not self.computes:
            return row
        own = build_columns(self.instrument)
        texts = dict(zip([v.name for v in own], split_row(row, len(own)), strict=True))
        if interview is not None:
            env: Mapping[Any, Any] = interview.evaluate_route().env
        else:
            plain = find_plain_columns(self.instrument)
            env = {name: read(texts[name]) for name, (_, read) in plain.items() if name in self._all_inputs}
        env = self.extend_env(env)
        storages = {v.name: v.storage for v in self.variables}
        for compute in self.computes:
            cell = convert_computed(env[compute.id], storages[compute.id])
            texts[compute.id] = encode_cells((cell,))[1:-1]
        return join_row(texts[v.name] for v in self.variables)

    @property
    def _all_inputs(self) -> frozenset[str]:
        return frozenset[str]().union(*map(list_inputs, self.computes))

    def extend_env(self, env: Mapping[Any, Any]) -> dict[Any, Any]:
        """What is known at the end of an interview with what is computed; not asked where some input never came up."""
        known = dict(env)
        for compute in self.computes:
            there = compute.id not in self.not_computed and all(
                self._has_value(known, name) for name in list_inputs(compute)
            )
            for place, (language, condition) in enumerate(compute.conditions.items()):
                value = condition.evaluate(known) if there else NOT_ASKED
                if not place:
                    known[compute.id] = value
                if language:
                    known[compute.id, language] = value
        return known

    def _has_value(self, known: Mapping[Any, Any], name: str) -> bool:
        leaf = self.instrument.leaves.get(name)
        return name in known or (leaf is not None and leaf.roster is not None and f"#{leaf.roster}" in known)


def find_plain_columns(instrument: Instrument) -> dict[str, tuple[int, Any]]:
    """The columns whose cells are what a condition reads by their name: where they stand, and how they are read."""
    return {
        v.name: (at, make_cell_reader(v.storage))
        for at, v in enumerate(build_columns(instrument))
        if is_plain(instrument, v)
    }


def is_plain(instrument: Instrument, variable: Variable) -> bool:
    """Whether a column's cells are what a condition reads by its name."""
    if variable.name != variable.item or variable.turn is not None or variable.role == "compute":
        return False
    leaf = instrument.leaves.get(variable.name)
    return leaf is None or not (isinstance(leaf.question, DateItem) and leaf.question.partial)


def list_inputs(compute: Compute) -> frozenset[str]:
    """Everything that a compute reads, in any language."""
    return frozenset[str]().union(*(condition.names for condition in compute.conditions.values()))


def asks_for_today(condition: Condition) -> bool:
    """Whether it asks for more than names say: the day, the case."""
    return any(isinstance(n, ast.Call) and getattr(n.func, "id", "") == "today" for n in ast.walk(condition.tree))


def _needs_more(condition: Condition) -> bool:
    return may_change(condition) or asks_for_today(condition)
