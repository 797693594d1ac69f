"""Columns of items with codes that count as numbers: the amount, and what was keyed."""

from dataclasses import replace
from typing import Final

from survey_cli.instrument.amounts import AmountReading
from survey_cli.instrument.number_ranges import count_decimals
from survey_cli.values import Cell, Code, Measure, Storage, Variable

KEYED_SUFFIX: Final = "_keyed"
"""What the column of the codes has after the name of the item."""


def split_columns(
    keyed: Variable, amounts: AmountReading | None, unlabeled: frozenset[Code] = frozenset()
) -> tuple[Variable, ...]:
    """Return the columns of an item: one, or two if a code counts as another number.

    `keyed` describes what was keyed. `unlabeled` are codes whose label belongs only there.
    """
    if amounts is None or not amounts.has_numbers:
        return (keyed,)

    numbers = amounts.values.values()
    decimals = max([keyed.decimals, *[count_decimals(number) for number in numbers]])
    storage: Storage = "decimal" if decimals else "integer"
    hidden = unlabeled | amounts.values.keys()
    scale: Measure = "scale"
    amount = replace(
        keyed,
        storage=storage,
        measure=scale,
        decimals=decimals,
        labels={code: label for code, label in keyed.labels.items() if code not in hidden},
    )
    as_keyed = replace(keyed, name=f"{keyed.name}{KEYED_SUFFIX}", label=f"{keyed.label} (as keyed)")
    return amount, as_keyed


def split_cells(value: Cell, amounts: AmountReading | None) -> tuple[Cell, ...]:
    """Return the cells of those columns for an answer or a missing value.

    A code without an amount, or for several amounts, is in both, and so is a missing value.
    """
    if amounts is None or not amounts.has_numbers:
        return (value,)
    amount = amounts.read(value)
    if not isinstance(amount, int | float):
        return value, value
    return amount, value
