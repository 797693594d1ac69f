"""Computes of an instrument, compiled in the order of their dependencies and placed after their last input."""

import ast
from collections.abc import Mapping
from typing import Final

from survey_cli.instrument.compiled.item_compiler import CompileContext, ItemCompiler
from survey_cli.instrument.compiled.symbols import Symbol
from survey_cli.instrument.expressions.conditions import Condition, ValueType
from survey_cli.instrument.expressions.parsing import find_names
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.source.nodes import YamlScalar, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template, TextVariable
from survey_cli.problems import Position, Problem
from survey_cli.values import Code

_MAX_LISTED: Final = 20
"""How many names of a cycle a message lists."""


def compile_computes(compiler: ItemCompiler) -> dict[int, list[Compute]]:
    """Compile all computes, by the index after which each can be computed (−1: from the sample alone).

    Their names are added to the draft; cycles and clashes become problems.
    """
    written = {str(name): (name, text) for name, text in compiler.draft.document.compute.items()}
    needs = {
        name: frozenset().union(*(find_names(w) for _, w in text.iterate_languages())) & written.keys()
        for name, (_, text) in written.items()
    }
    done: set[str] = set()
    after: dict[int, list[Compute]] = {}
    for first in written:
        trail, left = (
            [first],
            [iter(sorted(needs[first]))],
        )  # the computes in progress, and what each still depends on
        while trail and not (len(trail) == 1 and first in done):
            need = next(left[-1], None)
            if need in trail:
                _report_cycle(compiler, trail[trail.index(need) :], written[need][0].where)
                done.update(trail)
            elif need is not None and need not in done:
                trail.append(need)
                left.append(iter(sorted(needs[need])))
            elif need is None:
                name = trail.pop()
                left.pop()
                if name not in done:
                    done.add(name)
                    index, compute = _compile_compute(compiler, *written[name])
                    if compute is not None:
                        after.setdefault(index, []).append(compute)
    return after


def _report_cycle(compiler: ItemCompiler, names: list[str], where: Position) -> None:
    """Report computes that depend on one another."""
    loop = [*names, names[0]]
    shown = (
        loop
        if len(loop) <= _MAX_LISTED
        else [*loop[: _MAX_LISTED // 2], f"… {len(loop) - _MAX_LISTED} more", *loop[-_MAX_LISTED // 2 :]]
    )
    what = f"the computes depend on one another: {' → '.join(shown)}"
    compiler.problems.append(Problem("circular", where, names[0], what, "break the cycle"))


def _compile_compute(compiler: ItemCompiler, name: YamlScalar, text: Text) -> tuple[int, Compute | None]:
    """Compile one compute, and find the index after which it can be computed."""
    draft = compiler.draft
    conditions: dict[str, Condition] = {}
    for language, expression in text.iterate_languages():
        condition = compiler.compile_condition(expression, CompileContext(str(name)), "compute", "value")
        if condition is not None:
            conditions[language] = condition
    first = conditions.get(draft.language) or next(iter(conditions.values()), None)
    gives = first.result_type if first is not None else ValueType("text")
    where = locate_name(name)
    if str(name) in draft.symbols or str(name) in draft.symbol_table.groups:
        before = draft.symbols.get(str(name)) or draft.symbol_table.groups[str(name)][0]
        draft.symbol_table.clashes.append((before, where, str(name)))
        return -1, None
    index = max((_find_settled_index(compiler, need) for c in conditions.values() for need in c.names), default=-1)
    draft.symbol_table.symbols[str(name)] = Symbol(
        id=str(name),
        kind="compute",
        where=where,
        index=index,
        value_type=gives,
        text_variable=TextVariable(type=gives.type, labels=_find_labels(compiler, first), may_be_missing=index >= 0),
    )
    compiler.add_symbol(str(name))
    if first is None:
        return index, None
    compute = draft.computes[str(name)] = Compute(id=str(name), conditions=conditions, type=gives.type)
    return index, compute


def _find_settled_index(compiler: ItemCompiler, name: str) -> int:
    """Find the index at which a name is settled in any case: in a shuffled group or a roster, at the end of it."""
    walk = compiler.draft.symbol_table
    named = walk.symbols.get(name)
    if named is None:
        return -1
    ends = [walk.groups[s.group][2] for s in named.path if s.shuffled and s.group in walk.groups]
    if named.value_type.roster in walk.groups:
        ends.append(walk.groups[named.value_type.roster][2])
    return max([named.index, *ends])


def _find_labels(compiler: ItemCompiler, condition: Condition | None) -> Mapping[Code, Template] | None:
    """Find the texts of the codes that a compute returns: of one coded variable, or of several with the same list."""

    def labels(node: ast.expr) -> Mapping[Code, Template] | None:
        match node:
            case ast.Name(id=name):
                said = compiler.text_variables.get(name)
                return said.labels if said is not None and said.type == "code" else None
            case ast.IfExp(body=body, orelse=orelse):
                one, other = labels(body), labels(orelse)
                return one if one is other else None
            case _:
                return None

    return labels(condition.tree) if condition is not None else None
