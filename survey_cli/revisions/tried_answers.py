"""Answers that are tried to find where two readings of one condition differ.

The answers of an interview are too many to try them all. What is tried are the constants that the
condition names and the numbers beside them, with each answer missing in each of its ways: alone, in
pairs, and all at once. Of combinations beyond `_MAX_COMBINATIONS`, an even selection is tried.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from itertools import combinations, product
from math import prod
from typing import Final, NamedTuple

from survey_cli.instrument.checks.missing_kinds import list_missing_kinds
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import find_inputs
from survey_cli.instrument.compiled.symbols import SymbolKind
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import INTERVIEWER_PREFIX, Known, RosterTurns
from survey_cli.instrument.schema.items.typed import NumericItem
from survey_cli.values import Cell, Missing, get_missing

_MAX_COMBINATIONS: Final = 200
"""Combinations of answers that are tried for each selection of missing ones."""
_MAX_CODES: Final = 8
"""Codes of one item that are tried, beside those that the condition names."""
_TURNS: Final = (1, 2)
"""The turns that each roster has. The condition is evaluated in the first."""
_TODAY: Final = date(2026, 1, 1)

TriedAnswers = Mapping[str, Cell]
"""An answer for each item and sample column, by name."""


class _Input(NamedTuple):
    """One item or sample column that a condition reads, and what is tried for it."""

    name: str
    answers: Sequence[Cell]
    missing: Sequence[Missing]


def iterate_answers(draft: InstrumentDraft, condition: Condition) -> Iterator[TriedAnswers]:
    """Yield the answers to try with a condition, those with the fewest missing ones first."""
    names = find_inputs(sorted(condition.names), draft.computes)
    constants = _list_constants(draft, condition, names)
    # calculations among the names follow from the others
    inputs = [_make_input(draft, name, constants) for name in names if name not in draft.computes]
    may_be_missing = [one for one in inputs if one.missing]
    missing_counts = sorted({0, 1, 2, len(may_be_missing)})
    for count in missing_counts:
        for chosen in combinations(may_be_missing, count):
            for cells in _select_combinations(_list_choices(inputs, chosen)):
                yield {one.name: cell for one, cell in zip(inputs, cells, strict=True)}


def _list_choices(inputs: Sequence[_Input], absent: Collection[_Input]) -> list[Sequence[Cell]]:
    """List what is tried for each input: ways to be missing for those that are absent."""
    absent_names = {one.name for one in absent}
    choices: list[Sequence[Cell]] = []
    for one in inputs:
        if one.name in absent_names:
            choices.append(one.missing)
        else:
            choices.append(one.answers)
    return choices


def _select_combinations(choices: Sequence[Sequence[Cell]]) -> Iterator[tuple[Cell, ...]]:
    """Yield all combinations, or an even selection of too many."""
    total = prod(len(cells) for cells in choices)
    if total <= _MAX_COMBINATIONS:
        yield from product(*choices)
        return

    # The combinations are numbered. Steps of the golden section spread the numbers evenly. The
    # step is odd, since an even one would only reach even numbers of an even total.
    step = int(total * 0.618) | 1
    for count in range(_MAX_COMBINATIONS):
        number = count * step % total
        # the number's digits, in a system whose bases are the lengths, are the indexes
        cells = []
        for options in choices:
            number, index = divmod(number, len(options))
            cells.append(options[index])
        yield tuple(cells)


# What an item can be


def _make_input(draft: InstrumentDraft, name: str, constants: Sequence[object]) -> _Input:
    missing = [get_missing(kind) for kind in list_missing_kinds(draft, name)]
    return _Input(name, _list_answers(draft, name, constants), missing)


def _list_constants(
    draft: InstrumentDraft, condition: Condition, inputs: Iterable[str]
) -> Sequence[object]:
    """List the numbers and texts in a condition, and in the calculations that it reads."""
    conditions = [condition]
    for name in inputs:
        if name in draft.computes:
            conditions += draft.computes[name].conditions.values()
    constants: dict[object, None] = {}
    for read in conditions:
        for node in ast.walk(read.tree):
            if isinstance(node, ast.Constant):
                constants[node.value] = None
    return list(constants)


def _list_answers(draft: InstrumentDraft, name: str, constants: Sequence[object]) -> Sequence[Cell]:
    """List some answers that an item or sample column can have; at least one."""
    symbol = draft.symbols.get(name)
    if symbol is None:  # an attribute of the interviewer
        return _list_texts(constants)

    value_type = symbol.value_type
    match value_type.type:
        case "code" | "codes":
            codes = sorted(value_type.codes or (), key=str)[:_MAX_CODES]
            codes += [code for code in value_type.codes or () if code in constants]
            codes += [code for code, option in symbol.options.items() if option.missing]
            codes = list(dict.fromkeys(codes))
            if value_type.type == "code":
                return codes or _list_texts(constants)
            # of a multiple: nothing, each code alone, and all of them
            return [(), *[(code,) for code in codes], tuple(codes)]
        case "number" | "draw":
            return _list_numbers(draft, name, constants)
        case "date":
            dates = [date.fromisoformat(text) for text in _list_texts(constants) if _is_date(text)]
            return [date(1980, 5, 17), *dates]
        case "time":
            return [time(9, 30), time(18, 0)]
        case "flag":
            return [1, 0]
        case _:
            return _list_texts(constants)


def _list_numbers(
    draft: InstrumentDraft, name: str, constants: Sequence[object]
) -> Sequence[float]:
    """List the numbers in the condition with those beside them, and codes with a text."""
    numbers: set[float] = {1, 2}
    for constant in constants:
        if isinstance(constant, int | float):
            numbers |= {constant - 1, constant, constant + 1}
    symbol = draft.symbols[name]
    if symbol.kind is SymbolKind.ITEM and isinstance(symbol.question, NumericItem):
        numbers |= set(symbol.question.options)
    return sorted(numbers)


def _list_texts(constants: Sequence[object]) -> Sequence[str]:
    texts = [constant for constant in constants if isinstance(constant, str)]
    return [*texts, "another text"]


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


# What a condition is with these answers


def evaluate_with(draft: InstrumentDraft, condition: Condition, answers: TriedAnswers) -> object:
    """Return the value of a condition with these answers, in the first turn of all rosters."""
    known = Known(today=_TODAY, turn=1)
    attributes = {}
    for name, cell in answers.items():
        item = draft.items.get(name)
        if name.startswith(INTERVIEWER_PREFIX):
            attributes[name.removeprefix(INTERVIEWER_PREFIX)] = cell
        elif item is not None and item.roster is not None:
            for turn in _TURNS:
                known.values_by_turn[name, turn] = cell
        else:
            known.values[name] = cell
    # Their cells are texts or missing, and `Known` declares texts.
    known.attributes = attributes  # type: ignore[assignment]
    for roster in draft.symbol_table.rosters:
        known.rosters[roster] = RosterTurns(_TURNS)

    inputs = find_inputs(condition.names, draft.computes)
    for name, compute in draft.computes.items():
        if name in inputs:
            first = next(iter(compute.conditions.values()))
            known.values[name] = first.evaluate(known)
    return condition.evaluate(known)
