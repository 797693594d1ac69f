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
    sources = {str(name): (name, text) for name, text in compiler.draft.document.compute.items()}
    dependencies = {
        name: frozenset().union(*(find_names(w) for _, w in text.iterate_languages())) & sources.keys()
        for name, (_, text) in sources.items()
    }
    done: set[str] = set()
    after: dict[int, list[Compute]] = {}
    for first in sources:
        in_progress = [first]
        remaining = [iter(sorted(dependencies[first]))]  # the dependencies of each that are still to be compiled
        while in_progress and not (len(in_progress) == 1 and first in done):
            dependency = next(remaining[-1], None)
            if dependency in in_progress:
                _report_cycle(compiler, in_progress[in_progress.index(dependency) :], sources[dependency][0].where)
                done.update(in_progress)
            elif dependency is not None and dependency not in done:
                in_progress.append(dependency)
                remaining.append(iter(sorted(dependencies[dependency])))
            elif dependency is None:
                name = in_progress.pop()
                remaining.pop()
                if name not in done:
                    done.add(name)
                    index, compute = _compile_compute(compiler, *sources[name])
                    if compute is not None:
                        after.setdefault(index, []).append(compute)
    return after


def _report_cycle(compiler: ItemCompiler, names: list[str], where: Position) -> None:
    """Report computes that depend on one another."""
    cycle = [*names, names[0]]
    listed = (
        cycle
        if len(cycle) <= _MAX_LISTED
        else [*cycle[: _MAX_LISTED // 2], f"… {len(cycle) - _MAX_LISTED} more", *cycle[-_MAX_LISTED // 2 :]]
    )
    what = f"the computes depend on one another: {' → '.join(listed)}"
    compiler.problems.append(Problem("circular", where, names[0], what, "remove one of these references"))


def _compile_compute(compiler: ItemCompiler, name: YamlScalar, text: Text) -> tuple[int, Compute | None]:
    """Compile one compute, and find the index after which it can be computed."""
    draft = compiler.draft
    conditions: dict[str, Condition] = {}
    for language, expression in text.iterate_languages():
        condition = compiler.compile_condition(expression, CompileContext(str(name)), "compute", "value")
        if condition is not None:
            conditions[language] = condition
    first = conditions.get(draft.language) or next(iter(conditions.values()), None)
    result_type = first.result_type if first is not None else ValueType("text")
    where = locate_name(name)
    if str(name) in draft.symbols or str(name) in draft.symbol_table.groups:
        earlier = draft.symbols.get(str(name)) or draft.symbol_table.groups[str(name)][0]
        draft.symbol_table.clashes.append((earlier, where, str(name)))
        return -1, None
    index = max((_find_settled_index(compiler, need) for c in conditions.values() for need in c.names), default=-1)
    symbol = Symbol(
        id=str(name),
        kind="compute",
        where=where,
        index=index,
        value_type=result_type,
        text_variable=TextVariable(
            type=result_type.type, labels=_find_labels(compiler, first), may_be_missing=index >= 0
        ),
    )
    draft.symbol_table.define(symbol)
    if first is None:
        return index, None
    compute = draft.computes[str(name)] = Compute(id=str(name), conditions=conditions, type=result_type.type)
    return index, compute


def _find_settled_index(compiler: ItemCompiler, name: str) -> int:
    """Find the index at which a name is settled in any case: in a shuffled group or a roster, at the end of it."""
    table = compiler.draft.symbol_table
    symbol = table.symbols.get(name)
    if symbol is None:
        return -1
    ends = [table.groups[s.group][2] for s in symbol.path if s.shuffled and s.group in table.groups]
    if symbol.value_type.roster in table.groups:
        ends.append(table.groups[symbol.value_type.roster][2])
    return max([symbol.index, *ends])


def _find_labels(compiler: ItemCompiler, condition: Condition | None) -> Mapping[Code, Template] | None:
    """Find the texts of the codes that a compute returns: of one coded variable, or of several with the same list."""

    def labels(node: ast.expr) -> Mapping[Code, Template] | None:
        match node:
            case ast.Name(id=name):
                variable = compiler.draft.symbol_table.text_variables.get(name)
                return variable.labels if variable is not None and variable.type in ("code", "codes") else None
            case ast.Call(func=ast.Name(id="first"), args=[several]):
                return labels(several)
            case ast.IfExp(body=body, orelse=orelse):
                then_labels, else_labels = labels(body), labels(orelse)
                return then_labels if then_labels is else_labels else None
            case _:
                return None

    return labels(condition.tree) if condition is not None else None
