"""Compiler of computes: in the order in which they depend on one another."""

import ast
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.item_compiler import CompileContext, ItemCompiler
from survey_cli.instrument.compiled.symbols import Symbol, SymbolKind
from survey_cli.instrument.compiled.tables import compile_table
from survey_cli.instrument.expressions.conditions import Condition, ValueType
from survey_cli.instrument.expressions.parsing import find_names
from survey_cli.instrument.expressions.table_parts import TableParts
from survey_cli.instrument.schema.compute_table import ComputeTable
from survey_cli.instrument.schema.items.question import Compute
from survey_cli.instrument.source.nodes import YamlScalar, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position
from survey_cli.values import Code

_MAX_LISTED: Final = 20
"""How many names of a cycle a message lists."""


_DECIMALS: Final = 2
"""How many decimals of a calculated number are shown."""


class _WrittenCompute(NamedTuple):
    """A compute as the file contains it."""

    name: YamlScalar
    calculation: Text | ComputeTable

    def iterate_expressions(self) -> Iterator[YamlScalar]:
        """Yield the expressions in it."""
        if isinstance(self.calculation, ComputeTable):
            yield from self.calculation.iterate_expressions()
        else:
            for _, expression in self.calculation.iterate_languages():
                yield expression


def compile_computes(compiler: ItemCompiler) -> dict[int, list[Compute]]:
    """Compile all computes, by the index after which each can be computed.

    Index −1 needs only the sample. Their names are added to the draft. Cycles and clashes become
    problems.
    """
    written: dict[str, _WrittenCompute] = {}
    for name, calculation in compiler.draft.document.compute.items():
        written[str(name)] = _WrittenCompute(name, calculation)

    computes_after: dict[int, list[Compute]] = {}
    for compute_id in _iterate_in_order(compiler, written):
        index, compute = _compile_compute(compiler, written[compute_id])
        if compute is not None:
            computes_after.setdefault(index, []).append(compute)
    return computes_after


def _iterate_in_order(
    compiler: ItemCompiler, written: Mapping[str, _WrittenCompute]
) -> Iterator[str]:
    """Yield every compute after those that it depends on.

    Cycles are reported, and left out together with what leads to them.
    """
    dependencies: dict[str, list[str]] = {}
    for name, compute in written.items():
        used_names: set[str] = set()
        for expression in compute.iterate_expressions():
            used_names |= find_names(expression)
        dependencies[name] = sorted(used_names & written.keys())

    done: set[str] = set()
    for first in written:
        # Depth first, but not by recursion, as a chain of computes can be longer than the stack.
        path = [first]
        remaining = [iter(dependencies[first])]  # of each compute on the path
        while path:
            if path == [first] and first in done:
                break  # it came before another one, or its cycle has been reported
            dependency = next(remaining[-1], None)
            if dependency is None:
                name = path.pop()
                remaining.pop()
                if name not in done:
                    done.add(name)
                    yield name
            elif dependency in path:
                cycle = path[path.index(dependency) :]
                _report_cycle(compiler, cycle, written[dependency].name.where)
                done.update(path)
            elif dependency not in done:
                path.append(dependency)
                remaining.append(iter(dependencies[dependency]))


def _report_cycle(compiler: ItemCompiler, names: list[str], where: Position) -> None:
    """Report computes that depend on one another, or one that depends on itself."""
    if len(names) == 1:
        name = names[0]
        what = f"the compute reads itself: {name} is its own name"
        if name in compiler.draft.symbol_table.symbols:
            what = f"the compute reads itself: its name is also that of another variable, {name}"
        compiler.report("circular", where, name, what, f"give it a name of its own: {name}_new: …")
        return

    cycle = [*names, names[0]]
    if len(cycle) > _MAX_LISTED:
        half = _MAX_LISTED // 2
        cycle[half:-half] = [f"… {len(cycle) - _MAX_LISTED} more"]
    what = f"the computes depend on one another: {' → '.join(cycle)}"
    compiler.report("circular", where, names[0], what, "remove one of these references")


def _compile_compute(
    compiler: ItemCompiler, written: _WrittenCompute
) -> tuple[int, Compute | None]:
    """Compile one compute, and find the index after which it can be computed.

    There is no compute if its name is used already, or if it has errors.
    """
    draft = compiler.draft
    name = str(written.name)
    conditions: dict[str, Condition] = {}
    parts: TableParts | None = None
    gap_tests: tuple[Condition, ...] = ()
    decimals = _DECIMALS
    context = CompileContext(name)
    if isinstance(written.calculation, ComputeTable):
        table = compile_table(compiler, written.calculation, context)
        if table is not None:
            conditions[""] = table.condition
            parts = table.parts
            if table.has_whole_numbers:
                decimals = 0
            if written.calculation.else_ is None:
                gap_tests = tuple(row.test for row in table.parts.rows)
    else:
        for language, expression in written.calculation.iterate_languages():
            condition = compiler.compile_condition(expression, context, "compute", "value")
            if condition is not None:
                conditions[language] = condition

    index = -1
    for condition in conditions.values():
        for used_name in condition.names:
            index = max(index, _find_settled_index(compiler, used_name))
    main_condition = conditions.get(draft.language)
    if main_condition is None:
        main_condition = next(iter(conditions.values()), None)

    result_type = ValueType("text", has_mistake=main_condition is None)
    labels = None
    if main_condition is not None:
        result_type = main_condition.result_type
        labels = _find_labels(compiler, main_condition.tree)
    value_type = result_type._replace(labels=labels, may_be_missing=index >= 0)
    symbol = Symbol(name, SymbolKind.COMPUTE, locate_name(written.name), index, value_type)
    # even with errors its name is known, so that it isn't called unknown
    is_new = draft.symbol_table.add(symbol)
    if not is_new or main_condition is None:
        return index, None

    compute = Compute(
        id=name,
        conditions=conditions,
        type=result_type.type,
        table=parts,
        gap_tests=gap_tests,
        decimals=decimals,
    )
    draft.computes[name] = compute
    return index, compute


def _find_settled_index(compiler: ItemCompiler, name: str) -> int:
    """Find the index at which a name is settled in any case.

    A name in a shuffled group or a roster is settled at the end of it.
    """
    table = compiler.draft.symbol_table
    symbol = table.symbols.get(name)
    if symbol is None:
        return -1

    groups = [step.group for step in symbol.path if step.shuffled]
    if symbol.value_type.roster is not None:
        groups.append(symbol.value_type.roster)
    index = symbol.index
    for group in groups:
        if group in table.groups:
            index = max(index, table.groups[group].last)
    return index


def _find_labels(compiler: ItemCompiler, node: ast.expr) -> Mapping[Code, Template] | None:
    """Find the texts of the codes that a compute returns.

    They are known if it returns one coded variable, or one of several with the same list.
    """
    match node:
        case ast.Name(id=name):
            variable = compiler.draft.symbol_table.value_types.get(name)
            if variable is None or variable.type not in ("code", "codes"):
                return None
            return variable.labels
        case ast.Call(func=ast.Name(id="first"), args=[multiple]):
            return _find_labels(compiler, multiple)
        case ast.IfExp(body=body, orelse=orelse):
            labels = _find_labels(compiler, body)
            if labels is _find_labels(compiler, orelse):
                return labels
            return None
        case _:
            return None
