"""Checks of conditions: those that are always or never true, and prefills of the wrong kind."""

import ast
from collections.abc import Iterable, Iterator
from math import inf
from typing import Any

from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import (
    InstrumentDraft,
    NameUse,
    SymbolKind,
    list_declines,
)
from survey_cli.instrument.compiled.model import find_inputs
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, find_constant
from survey_cli.instrument.expressions.conditions import ValueType
from survey_cli.instrument.expressions.expression_checker import (
    format_codes,
    get_code_family,
    shift_position,
)
from survey_cli.instrument.expressions.parsing import ParsedExpression, parse_expression, shorten
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.items.typed import DateItem, FreeTextItem, NumberItem, TimeItem
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
    items = (
        (name, symbol.question)
        for name, symbol in draft.symbols.items()
        if symbol.kind is SymbolKind.ITEM
    )
    numbers = {name: question for name, question in items if isinstance(question, NumberItem)}
    declines = {
        float(decline.code): name for name, decline in list_declines(draft.document).items()
    }
    for use in draft.uses:
        condition = use.condition
        if condition is None:
            continue
        tree = condition.tree
        problems: Iterable[Problem] = ()
        if isinstance(tree, ast.BoolOp) and (certain := _find_certain_choice(tree)):
            name, values = certain
            what = f"{' or '.join(f'{name} != {value!r}' for value in values)} is true for every answer"
            remedy = f"for none of them write {name} not in [{', '.join(map(repr, values))}]"
            problems = [_make_problem(use, tree, what, remedy)]
        elif isinstance(tree, ast.BoolOp) and (contradiction := _find_contradiction(tree)):
            what = f"{contradiction} can't both be true, so this is never true"
            problems = [_make_problem(use, tree, what, _write_remedy(tree))]
        elif not numbers.keys().isdisjoint(condition.names):
            problems = _check_ranges(use, numbers, declines)
        yield from problems


def _iterate_links(node: ast.expr) -> Iterator[tuple[str, str, Any, ast.expr]]:
    """Yield name, sign and constant of each comparison that must hold for `node` to hold, and its node."""
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            for value in values:
                yield from _iterate_links(value)
        case ast.Compare():
            before: ast.expr = node.left
            for op, after in zip(node.ops, node.comparators, strict=True):
                sign = COMPARISON_SIGNS.get(type(op), "")
                for name, value, mirrored in (
                    (before, after, sign),
                    (after, before, MIRRORED_SIGNS.get(sign, "")),
                ):
                    if (
                        mirrored
                        and isinstance(name, ast.Name)
                        and (constant := find_constant(value)) is not None
                    ):
                        yield name.id, mirrored, constant, node
                        break
                before = after


def _find_contradiction(tree: ast.BoolOp) -> str:
    """Describe two comparisons of one item that exclude each other; empty if there are none."""
    if not isinstance(tree.op, ast.And):
        return ""
    seen: dict[str, list[tuple[str, Any]]] = {}
    for name, sign, value, _ in _iterate_links(tree):
        for other_sign, other in seen.get(name, ()):
            if _are_exclusive((sign, value), (other_sign, other)):
                return f"{name} {other_sign} {other!r} and {name} {sign} {value!r}"
        seen.setdefault(name, []).append((sign, value))
    return ""


def _find_certain_choice(tree: ast.BoolOp) -> tuple[str, list[Any]] | None:
    """Find an item of which an `or` excludes two values, one of which it can't have: `job != 1 or job != 2`."""
    excluded: dict[str, list[Any]] = {}
    for part in tree.values if isinstance(tree.op, ast.Or) else ():
        match part:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.NotEq()], comparators=[right]):
                value = find_constant(right)
                if value is not None and value not in excluded.get(name, ()):
                    excluded.setdefault(name, []).append(value)
    return next(((name, values) for name, values in excluded.items() if len(values) > 1), None)


def _are_exclusive(first: tuple[str, Any], second: tuple[str, Any]) -> bool:
    if second[0] == "==" or (first[0] in ("<", "<=") and second[0] in (">", ">=")):
        first, second = second, first
    (sign, low), (other_sign, high) = first, second
    if sign == "==":
        return type(low) is type(high) and not COMPARE[other_sign](low, high)
    if sign not in (">", ">=") or other_sign not in ("<", "<="):
        return False
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return False
    return bool(low > high or (low == high and sign + other_sign != ">=<="))


def _write_remedy(tree: ast.BoolOp) -> str:
    equal = [(name, value) for name, sign, value, _ in _iterate_links(tree) if sign == "=="]
    if len(equal) == len(tree.values) and len({name for name, _ in equal}) == 1:
        return f"for any of them write {equal[0][0]} in [{', '.join(repr(value) for _, value in equal)}]"
    return "for either of them write or"


def _check_ranges(
    use: NameUse, numbers: dict[str, NumberItem], declines: dict[float, str]
) -> Iterator[Problem]:
    """Yield comparisons with a number that every answer, or no answer, satisfies."""
    assert use.condition is not None
    for node in _iterate_comparisons(use.condition.tree):
        for name, sign, value, _ in _iterate_links(node):
            item = numbers.get(name)
            if item is None or not isinstance(value, int | float):
                continue
            holds = _compare_with_range(item, sign, value)
            if holds is None:
                continue
            remedy = (
                f"write answered({name}) if you mean any answer"
                if holds
                else "change the number or the range"
            )
            if not holds and (kind := declines.get(value)) is not None:
                remedy = f"write dk({name})" if kind == "dk" else f"write {name} in [{kind}]"
            word = "true for every answer" if holds else "never true"
            what = f"{name} {sign} {value} is {word}: {_describe_range(name, item, value)}"
            yield _make_problem(use, node, what, remedy)
        yield from _check_list(use, node, numbers)


def _iterate_comparisons(tree: ast.expr) -> Iterator[ast.Compare]:
    """Yield every comparison of a condition that is not within another one."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Compare):
            yield node
        elif isinstance(node, ast.BoolOp | ast.UnaryOp | ast.Call | ast.IfExp):
            waiting += ast.iter_child_nodes(node)


def _check_list(
    use: NameUse, node: ast.Compare, numbers: dict[str, NumberItem]
) -> Iterator[Problem]:
    """Yield problems for numbers in a list that the item can't have."""
    match node:
        case ast.Compare(ast.Name(name), [ast.In() | ast.NotIn()], [ast.List(elts)]) if (
            name in numbers
        ):
            item = numbers[name]
            values = [
                value
                for element in elts
                if isinstance(value := find_constant(element), int | float)
            ]
            impossible = [
                value for value in values if _compare_with_range(item, "==", value) is False
            ]
            if impossible:
                listed = join_words(impossible, "or", most=MAX_LISTED)
                what = f"{name} is never {listed}: {_describe_range(name, item, *impossible)}"
                yield _make_problem(use, node, what, "change the list or the range")


def _describe_range(name: str, item: NumberItem, *values: float) -> str:
    decimals = f"{item.decimals or 'no'} {pluralize(item.decimals, 'decimal')}"
    decimals_clause = (
        f", with {decimals}"
        if any(round(value, item.decimals) != value for value in values)
        else ""
    )
    labels_clause = (
        f", or is {join_words(item.options, 'or', most=MAX_LISTED)}" if item.options else ""
    )
    limits = item.format_range(str(item.min), "" if item.max is None else str(item.max))
    return f"{name} goes from {limits}{decimals_clause}{labels_clause}"


def _compare_with_range(item: NumberItem, sign: str, value: float) -> bool | None:
    """Return whether the comparison holds for every number of the range, or for none; None if it depends."""
    low = -inf if item.lowest is None else item.lowest
    high = inf if item.highest is None else item.highest
    if sign in ("==", "!="):
        outside = round(value, item.decimals) != value or not low <= value <= high
        return (sign == "!=") if outside and value not in item.options else None
    at_low, at_high = (bool(COMPARE[sign](limit, value)) for limit in (low, high))
    return at_low if at_low == at_high and not item.options else None


def _make_problem(use: NameUse, node: ast.expr, what: str, remedy: str) -> Problem:
    assert use.condition is not None
    parsed = parse_expression(use.condition.text)
    assert isinstance(parsed, ParsedExpression)
    at, length = parsed.locate(node)
    where = shift_position(use.where, use.condition.text, at)
    return report(
        "never-true", (where, max(1, length)), use.owner, f"{use.key}: {what}", remedy, "warning"
    )


def foreign_check(draft: InstrumentDraft) -> Iterator[Problem]:
    """A check does not use the answer to its own item, so that no other answer could satisfy it.

        - {id: kids, type: number, checks: {expect: people < 20, say: So many?}, …}     → at people, or kids < people

    Name the item, or move the check to the item that it is about.
    """
    reported: set[Position] = set()
    for use in draft.uses:
        if (
            use.key != "expect"
            or use.condition is None
            or use.owner not in draft.items
            or use.where in reported
        ):
            continue
        around = draft.groups.get(use.path[-1].group) if use.path else None
        is_statement = around is not None and isinstance(around.spec, BatteryItem)
        siblings = (
            {item.id for item in around.items} if around is not None and is_statement else set()
        )
        named = find_inputs(use.condition.names, draft.computes).keys()
        if use.owner in named or siblings & named:
            continue
        what = f"expect: {shorten(use.condition.text)} does not use {use.owner}, so no other answer could satisfy it"
        remedy = f"name {use.owner} in it, or move the check to {join_words(sorted(use.condition.names), 'or', most=3)}"
        reported.add(use.where)
        at = (use.where, max(1, use.length))
        yield report("foreign-check", at, use.owner, what, remedy, "warning")


def prefill_kind(draft: InstrumentDraft) -> Iterator[Problem]:
    """The value of a `prefill` can't be an answer to its item.

        - {id: age, type: number, prefill: name, …}     a name is not a number

    Name something of the item's own kind.
    """
    for item in draft.items.values():
        if item.prefill is None:
            continue
        why = _explain_mismatch(
            item.question, item.prefill.result_type, {option.code for option in item.options}
        )
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
            fits, required = (
                value_type.type == "codes" and not are_disjoint,
                "codes of a multiple are required",
            )
        case CodedItem() if are_disjoint:
            return f"its value is one of {format_codes(value_codes or ())}, and the options are {format_codes(codes)}"
        case CodedItem():
            option_kinds = {"number" if isinstance(code, int) else "text" for code in codes}
            fits, required = (
                not codes or kind in {"any", *option_kinds},
                "the code of an option is required",
            )
        case NumberItem():
            fits, required = kind in ("number", "draw", "any"), "a number is required"
        case FreeTextItem():
            fits, required = kind in ("text", "any"), "a text is required"
        case DateItem():
            fits, required = kind == "date", "a date is required"
        case TimeItem():
            fits, required = kind == "time", "a time of day is required"
        case _:
            return ""
    return "" if fits else required
