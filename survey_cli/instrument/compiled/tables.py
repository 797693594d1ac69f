"""Compiler of calculations that are written as tables."""

from typing import Final, NamedTuple

from survey_cli.instrument.compiled.item_compiler import CompileContext, ItemCompiler
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.table_parts import CompiledRow, TableParts
from survey_cli.instrument.schema.compute_table import ComputeTable, write_as_choices
from survey_cli.instrument.source.nodes import YamlScalar, locate_name
from survey_cli.instrument.source.scalars import WHOLE

MAX_ROWS: Final = 40
"""Each row is a level of nesting in the expression that stands for the table."""


class CompiledTable(NamedTuple):
    """A table, compiled."""

    condition: Condition
    """What the whole means."""
    parts: TableParts
    has_whole_numbers: bool
    """All its values are written as whole numbers, such as codes."""


def compile_table(
    compiler: ItemCompiler, table: ComputeTable, context: CompileContext
) -> CompiledTable | None:
    """Compile a table, or record why that is not possible.

    Each part is checked where it is written. Then the whole is compiled as an expression, so that
    everything else has to know only one form.
    """
    where = table.find_position()
    if not table.when:
        what = "the table has no rows"
        compiler.report("empty-table", where, context.owner, what, "write [condition, value]")
        return None
    if len(table.when) > MAX_ROWS:
        what = f"the table has {len(table.when)} rows; {MAX_ROWS} is the maximum"
        remedy = "join rows with one value: [state in [1, 2, 3], 1]"
        compiler.report("condition-too-large", where, context.owner, what, remedy)
        return None

    parts = _compile_parts(compiler, table, context)
    if parts is None:
        return None

    whole = write_as_choices(table, tuple(compiler.declines), where)
    condition = compiler.compile_strictly(whole, context, "compute")
    if condition is None:
        return None
    has_whole_numbers = all(WHOLE.match(value.text.strip()) for value in parts.list_values())
    return CompiledTable(condition, parts, has_whole_numbers)


def _compile_parts(
    compiler: ItemCompiler, table: ComputeTable, context: CompileContext
) -> TableParts | None:
    """Compile each part of a table where it is written; None if one of them has errors."""
    # the tests come first, so that their problems do
    tests = [compiler.check_condition(row.test, context, "when", "truth") for row in table.when]
    values = [
        compiler.check_condition(row.value, context, "compute", "value") for row in table.when
    ]
    rows = []
    for test, value in zip(tests, values, strict=True):
        if test is not None and value is not None:
            rows.append(CompiledRow(test, value))

    otherwise = _compile_value(compiler, table.else_, context)
    unknown = None
    if not _is_decline(compiler, table.unknown, context):
        unknown = _compile_value(compiler, table.unknown, context)
    is_complete = (
        len(rows) == len(table.when)
        and (otherwise is None) == (table.else_ is None)
        and (unknown is None) == (table.unknown is None)
    )
    if not is_complete:
        return None
    return TableParts(tuple(rows), otherwise, unknown)


def _is_decline(
    compiler: ItemCompiler, unknown: YamlScalar | None, context: CompileContext
) -> bool:
    """Return whether `unknown` names a decline, and report it: without the key it is that one."""
    if unknown is None or unknown.strip() not in compiler.declines:
        return False
    what = f"unknown: {unknown.strip()} is a decline, not a value"
    remedy = "leave unknown: out: the result is then missing, with the kind of what was missing"
    compiler.report("decline-compared", locate_name(unknown), context.owner, what, remedy)
    return True


def _compile_value(
    compiler: ItemCompiler, value: YamlScalar | None, context: CompileContext
) -> Condition | None:
    """Compile the value of `else` or `unknown`; None if it isn't written, or has errors."""
    if value is None:
        return None
    return compiler.check_condition(value, context, "compute", "value")
