"""Compiler of calculations that are written as tables."""

from typing import Final, NamedTuple

from survey_cli.instrument.compiled.item_compiler import CompileContext, ItemCompiler
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.compute_table import ComputeTable, write_as_choices
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.instrument.source.scalars import WHOLE

MAX_ROWS: Final = 40
"""Each row is a level of nesting in the expression that stands for the table."""


class CompiledTable(NamedTuple):
    """A table, compiled."""

    condition: Condition
    """What the whole means."""
    tests: tuple[Condition, ...]
    """The condition of each row."""
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

    tests = []
    for row in table.when:
        test = compiler.check_condition(row.test, context, "when", "truth")
        if test is not None:
            tests.append(test)
    values: list[YamlScalar | None] = [row.value for row in table.when]
    values += [table.else_, table.unknown]
    compiled_values = [
        compiler.check_condition(value, context, "compute", "value")
        for value in values
        if value is not None
    ]
    if len(tests) < len(table.when) or None in compiled_values:
        return None

    whole = write_as_choices(table, tuple(compiler.declines), where)
    condition = compiler.compile_strictly(whole, context, "compute")
    if condition is None:
        return None
    has_whole_numbers = all(WHOLE.match(value.strip()) for value in values if value is not None)
    return CompiledTable(condition, tuple(tests), has_whole_numbers)
