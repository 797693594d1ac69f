"""Checks of conditions: those that are always or never true, and prefills of the wrong kind."""

import ast
from collections.abc import Iterator
from math import inf
from typing import Any, NamedTuple

from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import find_inputs
from survey_cli.instrument.compiled.number_bounds import describe_accepted
from survey_cli.instrument.compiled.symbols import SymbolKind
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, find_constant
from survey_cli.instrument.expressions.conditions import ValueType
from survey_cli.instrument.expressions.expression_checker import (
    format_codes,
    get_code_family,
    shift_position,
)
from survey_cli.instrument.expressions.functions import write_decline_test
from survey_cli.instrument.expressions.parsing import ParsedExpression, parse_expression, shorten
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS
from survey_cli.instrument.number_ranges import contain
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.items.typed import DateItem, FreeTextItem, NumericItem, TimeItem
from survey_cli.problems import Position, Problem
from survey_cli.values import Code
from survey_cli.wording import MAX_LISTED, join_words, pluralize


def never_true(draft: InstrumentDraft) -> Iterator[Problem]:
    """A condition is never true, or always true, whatever the answers are.

        ask_if: q1 == 1 and q1 == 2          → q1 in [1, 2]
        ask_if: age > 65 and age < 18        → age > 65 or age < 18
        ask_if: age > 150                    where age has max: 120

    Correct the condition, or remove it.
    """
    numbers: dict[str, NumericItem] = {}
    for name, symbol in draft.symbols.items():
        is_number = symbol.kind is SymbolKind.ITEM and isinstance(symbol.question, NumericItem)
        # of codes with amounts of their own the proof finds what is never true
        if is_number and symbol.value_type.amounts is None:
            assert isinstance(symbol.question, NumericItem)
            numbers[name] = symbol.question

    for use in draft.uses:
        if use.condition is None:
            continue
        problem = _find_mistaken_operator(use, use.condition.tree)
        if problem is not None:
            yield problem
        elif not numbers.keys().isdisjoint(use.condition.names):
            yield from _check_ranges(draft, use, numbers)


def _find_mistaken_operator(use: NameUse, tree: ast.expr) -> Problem | None:
    """Find an `or` that is always true, or an `and` that never is, whatever the limits are."""
    if not isinstance(tree, ast.BoolOp):
        return None

    certain = _find_certain_choice(tree)
    if certain is not None:
        name, values = certain
        choice = " or ".join(f"{name} != {value!r}" for value in values)
        listed = ", ".join(map(repr, values))
        what = f"{choice} is true for every answer"
        return _make_problem(use, tree, what, f"for none of them write {name} not in [{listed}]")

    contradiction = _find_contradiction(tree)
    if contradiction:
        what = f"{contradiction} can't both be true, so this is never true"
        return _make_problem(use, tree, what, _write_remedy(tree))
    return None


class _Comparison(NamedTuple):
    """A comparison of a name with a constant, as if the name stood on the left."""

    name: str
    sign: str
    value: Any
    """The constant: of the kind that the name's answers have, or of another one by mistake."""


def _find_contradiction(tree: ast.BoolOp) -> str:
    """Describe two comparisons of one item that exclude each other; empty if no two do."""
    if not isinstance(tree.op, ast.And):
        return ""
    earlier: dict[str, list[_Comparison]] = {}
    for comparison in _iterate_comparisons(tree):
        name, sign, value = comparison
        for other in earlier.get(name, ()):
            if _are_exclusive(comparison, other):
                return f"{name} {other.sign} {other.value!r} and {name} {sign} {value!r}"
        earlier.setdefault(name, []).append(comparison)
    return ""


def _find_certain_choice(tree: ast.BoolOp) -> tuple[str, list[Any]] | None:
    """Find an item whose answer always differs from one of two values: `job != 1 or job != 2`."""
    if not isinstance(tree.op, ast.Or):
        return None
    excluded: dict[str, list[Any]] = {}
    for part in tree.values:
        match part:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.NotEq()], comparators=[right]):
                value = find_constant(right)
                if value is not None and value not in excluded.get(name, ()):
                    excluded.setdefault(name, []).append(value)

    for name, values in excluded.items():
        if len(values) > 1:
            return name, values
    return None


def _are_exclusive(first: _Comparison, second: _Comparison) -> bool:
    """Return whether two comparisons of one item can't both be true."""
    # An equation comes first, and otherwise the lower limit.
    if second.sign == "==" or (first.sign in ("<", "<=") and second.sign in (">", ">=")):
        first, second = second, first

    low = first.value
    high = second.value
    if first.sign == "==":
        return type(low) is type(high) and not COMPARE[second.sign](low, high)
    if first.sign not in (">", ">=") or second.sign not in ("<", "<="):
        return False
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return False
    include_limits = first.sign == ">=" and second.sign == "<="
    return low > high or (low == high and not include_limits)


def _write_remedy(tree: ast.BoolOp) -> str:
    equations = [found for found in _iterate_comparisons(tree) if found.sign == "=="]
    names = {found.name for found in equations}
    if len(names) == 1 and len(equations) == len(tree.values):
        [name] = names
        listed = ", ".join(repr(found.value) for found in equations)
        return f"for any of them write {name} in [{listed}]"
    return "for either of them write or"


def _check_ranges(
    draft: InstrumentDraft, use: NameUse, numbers: dict[str, NumericItem]
) -> Iterator[Problem]:
    """Yield comparisons with a number that every answer, or no answer, satisfies."""
    assert use.condition is not None
    for node in _iterate_compares(use.condition.tree):
        for name, sign, value in _iterate_comparisons(node):
            item = numbers.get(name)
            if item is None or not isinstance(value, int | float):
                continue
            holds = _compare_with_range(item, sign, value)
            if holds is None:
                continue
            if holds:
                word = "true for every answer"
                remedy = f"write answered({name}) if you mean any answer"
            else:
                word = "never true"
                remedy = _write_range_remedy(draft, name, value)
            what = f"{name} {sign} {value} is {word}: {_describe_range(name, item, value)}"
            yield _make_problem(use, node, what, remedy)
        yield from _check_list(use, node, numbers)


def _write_range_remedy(draft: InstrumentDraft, name: str, value: float) -> str:
    """Write what to do about a number that no answer is, perhaps because it is a decline's code."""
    item = draft.items.get(name)
    if item is not None:
        for decline in item.declines:
            if decline.code == value:
                return f"write {write_decline_test(name, decline.id)}"
    return "change the number or the range"


def _iterate_compares(tree: ast.expr) -> Iterator[ast.Compare]:
    """="""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Compare):
            yield node
        elif isinstance(node, ast.BoolOp | ast.UnaryOp | ast.Call | ast.IfExp):
            waiting += ast.iter_child_nodes(node)


def _iterate_comparisons(node: ast.expr) -> Iterator[_Comparison]:
    """Yield the comparisons of names with constants that must hold for `node` to hold."""
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _iterate_comparisons(value)
        case ast.Compare():
            left: ast.expr = node.left
            for op, right in zip(node.ops, node.comparators, strict=True):
                comparison = _read_comparison(left, op, right)
                if comparison is not None:
                    yield comparison
                left = right


def _read_comparison(left: ast.expr, op: ast.cmpop, right: ast.expr) -> _Comparison | None:
    """Read `age > 65`, and also `65 < age`; None if it is no name compared with a constant."""
    sign = COMPARISON_SIGNS.get(type(op), "")
    if sign and isinstance(left, ast.Name):
        value = find_constant(right)
        if value is not None:
            return _Comparison(left.id, sign, value)

    mirrored = MIRRORED_SIGNS.get(sign, "")
    if mirrored and isinstance(right, ast.Name):
        value = find_constant(left)
        if value is not None:
            return _Comparison(right.id, mirrored, value)
    return None


def _check_list(
    use: NameUse, node: ast.Compare, numbers: dict[str, NumericItem]
) -> Iterator[Problem]:
    """Yield problems for numbers in a list that the item can't have."""
    match node:
        case ast.Compare(ast.Name(name), [ast.In() | ast.NotIn()], [ast.List(elements)]):
            item = numbers.get(name)
        case _:
            return
    if item is None:
        return

    impossible: list[float] = []
    for element in elements:
        value = find_constant(element)
        if isinstance(value, int | float) and _compare_with_range(item, "==", value) is False:
            impossible.append(value)
    if impossible:
        listed = join_words(impossible, "or", most=MAX_LISTED)
        what = f"{name} is never {listed}: {_describe_range(name, item, *impossible)}"
        yield _make_problem(use, node, what, "change the list or the range")


def _describe_range(name: str, item: NumericItem, *values: float) -> str:
    """Describe which numbers an item accepts, as far as it explains why these are none of them."""
    described = f"{name} goes from {describe_accepted(item)}"
    if any(round(value, item.places) != value for value in values):
        described += f", with {item.places or 'no'} {pluralize(item.places, 'decimal')}"
    if item.options:
        described += f", or is {join_words(item.options, 'or', most=MAX_LISTED)}"
    return described


def _compare_with_range(item: NumericItem, sign: str, value: float) -> bool | None:
    """Return whether a comparison holds for every number of the range; None if that depends."""
    if sign in ("==", "!="):
        is_outside = round(value, item.places) != value or not contain(item.ranges, value)
        if is_outside and value not in item.options:
            return sign == "!="
        return None

    low = -inf if item.lowest is None else item.lowest
    high = inf if item.highest is None else item.highest
    at_low = bool(COMPARE[sign](low, value))
    at_high = bool(COMPARE[sign](high, value))
    if at_low != at_high or item.options:
        return None
    return at_low


def _make_problem(use: NameUse, node: ast.expr, what: str, remedy: str) -> Problem:
    assert use.condition is not None
    parsed = parse_expression(use.condition.text)
    assert isinstance(parsed, ParsedExpression)
    at, length = parsed.locate(node)
    where = shift_position(use.where, use.condition.text, at)
    place = (where, max(1, length))
    return report("never-true", place, use.owner, f"{use.key}: {what}", remedy, "warning")


def foreign_check(draft: InstrumentDraft) -> Iterator[Problem]:
    """A check does not use the answer to its own item, so that no other answer could satisfy it.

        - {id: kids, type: number, checks: {expect: people < 20, say: So many?}, …}
                                                                 → at people, or kids < people

    Name the item, or move the check to the item that it is about.
    """
    reported: set[Position] = set()
    for use in draft.uses:
        if use.key != "expect" or use.condition is None or use.owner not in draft.items:
            continue
        if use.where in reported:
            continue  # a check of a battery is used by all of its statements
        names = find_inputs(use.condition.names, draft.computes).keys()
        if use.owner in names or not names.isdisjoint(_list_statements(draft, use)):
            continue
        reported.add(use.where)
        written = shorten(use.condition.text)
        named = join_words(sorted(use.condition.names), "or", most=3)
        what = f"expect: {written} does not use {use.owner}, so no other answer could satisfy it"
        remedy = f"name {use.owner} in it, or move the check to {named}"
        place = (use.where, max(1, use.length))
        yield report("foreign-check", place, use.owner, what, remedy, "warning")


def _list_statements(draft: InstrumentDraft, use: NameUse) -> list[str]:
    """List the statements of the battery in which a check is used; empty outside of batteries."""
    around = draft.groups.get(use.path[-1].group) if use.path else None
    if around is None or not isinstance(around.spec, BatteryItem):
        return []
    return [item.id for item in around.items]


def prefill_kind(draft: InstrumentDraft) -> Iterator[Problem]:
    """The value of a `prefill` can't be an answer to its item.

        - {id: age, type: number, prefill: name, …}     a name is not a number

    Name something of the item's own kind.
    """
    for item in draft.items.values():
        if item.prefill is None:
            continue
        codes = {option.code for option in item.options}
        why = _explain_mismatch(item.question, item.prefill.result_type, codes)
        if why:
            at = (item.question.find_position("prefill"), len(item.prefill.text))
            what = f"prefill: {item.prefill.text} can't be an answer: {why}"
            yield report("prefill-kind", at, item.id, what, "use a value of the item's own type")


def _explain_mismatch(question: QuestionItem, value_type: ValueType, codes: set[Code]) -> str:
    """Explain why a value of this type can never be an answer; empty if it can."""
    value_codes = value_type.codes
    kind = get_code_family(value_codes) if value_type.type == "code" else value_type.type
    are_disjoint = value_codes is not None and bool(codes) and codes.isdisjoint(value_codes)
    match question:
        case _ if not question.expects_answer:
            return "this item has no answer"
        case MultipleItem():
            fits = value_type.type == "codes" and not are_disjoint
            required = "codes of a multiple are required"
        case CodedItem() if are_disjoint:
            its_values = format_codes(value_codes or ())
            return f"its value is one of {its_values}, and the options are {format_codes(codes)}"
        case CodedItem():
            option_kinds = {"number" if isinstance(code, int) else "text" for code in codes}
            fits = not codes or kind in {"any", *option_kinds}
            required = "the code of an option is required"
        case NumericItem():
            fits = kind in ("number", "draw", "any")
            required = "a number is required"
        case FreeTextItem():
            fits = kind in ("text", "any")
            required = "a text is required"
        case DateItem():
            fits = kind == "date"
            required = "a date is required"
        case TimeItem():
            fits = kind == "time"
            required = "a time of day is required"
        case _:
            return ""
    return "" if fits else required
