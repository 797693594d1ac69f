"""Conditions in plain English, for questionnaires and codebooks.

The caller supplies the words for items and codes. No condition is evaluated here.
"""

import ast
from collections.abc import Callable
from typing import Final, TypeAlias

from survey_cli.instrument.expressions import (
    alternatives,
    comparisons,
    conditions,
    functions,
    three_valued_logic,
)
from survey_cli.instrument.expressions.parsing import write_expression
from survey_cli.instrument.expressions.table_parts import TableParts
from survey_cli.values import Code
from survey_cli.wording import join_words

LabelLookup: TypeAlias = Callable[[str, Code | None], str]
"""Returns the words for an item (code None) or its code; the code itself if it has no label."""

_DECLINES: Final = {"dk": "don't know", "refused": "refused"}
_COMPARISON_WORDS: Final = {
    "==": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
_STATE_WORDS: Final = {
    "answered": ("was answered", "was not answered"),
    "declined": ("was declined", "was not declined"),
    "dk": ("is don't know", "is not don't know"),
    "refused": ("was refused", "was not refused"),
}
_FUNCTION_WORDS: Final = {
    "sum": "the sum of",
    "sum_answered": "the sum of the answers to",
    "mean": "the mean of",
    "mean_answered": "the mean of the answers to",
    "min": "the smallest of",
    "max": "the largest of",
    "min_answered": "the smallest of the answers to",
    "max_answered": "the largest of the answers to",
    "first_answered": "the first answer among",
    "keyed": "what was keyed at",
    "length": "the number of characters of",
}
_OPERATOR_WORDS: Final = {
    "+": "plus",
    "-": "minus",
    "*": "times",
    "/": "divided by",
}
_MISSING_WORDS: Final = {
    "not_asked": "not asked",
    "not_reached": "not reached",
    "no_amount": "no amount",
    "dk": "don't know",
    "refused": "refused",
}


def render_clause(condition: conditions.Condition, get_label: LabelLookup) -> str:
    """Render a condition as a part of a longer sentence, after "asked if"."""
    if condition.result_type.type == "flag":
        return _render_truth(condition.tree, get_label)
    return _render(condition.tree, get_label)


def render_table(table: TableParts, get_label: LabelLookup) -> str:
    """Render a calculation by rows: `1 if age is less than 30; else 2; 9 if that is unknown`."""
    phrases = []
    for row in table.rows:
        value = _render_table_value(row.value, get_label)
        phrases.append(f"{value} if {_render_truth(row.test.tree, get_label)}")
    if table.otherwise is not None:
        phrases.append(_render_table_value(table.otherwise, get_label))
    text = "; else ".join(phrases)
    if table.unknown is not None:
        text += f"; {_render_table_value(table.unknown, get_label)} if that is unknown"
    return text


def _render_table_value(value: conditions.Condition, get_label: LabelLookup) -> str:
    """Render a value of a table; a choice in brackets, since it has an `if` and `else` itself."""
    text = _render(value.tree, get_label)
    if isinstance(value.tree, ast.IfExp):
        return f"({text})"
    return text


def _render(node: ast.expr, get_label: LabelLookup) -> str:
    """Render a term as it stands in a sentence; what has no words is rendered as written."""
    match node:
        case ast.BoolOp(op=op, values=values):
            word = " and " if isinstance(op, ast.And) else " or "
            return word.join(_render_operand(value, get_label, truth=True) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _render_negation(operand, get_label)
        case ast.Compare():
            return _render_comparison(node, get_label)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _render_call(name, args, get_label)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            then = _render(body, get_label)
            condition = _render_truth(test, get_label)
            otherwise = _render(orelse, get_label)
            return f"{then} if {condition}, else {otherwise}"
        case ast.BinOp(left=left, op=op, right=right):
            sign = comparisons.ARITHMETIC_SIGNS[type(op)]
            return _render_arithmetic(left, sign, right, get_label)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return f"−{number}"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"minus {_render_operand(operand, get_label)}"
        case ast.Name(id=name):
            return get_label(name, None)
        case ast.Attribute(value=ast.Subscript(slice=turn), attr=name):
            return f"{get_label(name, None)} (turn {_render(turn, get_label)})"
        case ast.Attribute(value=ast.Name(id="interviewer"), attr=name):
            return f"the interviewer's {name}"
        case ast.Attribute(value=ast.Name(id=roster), attr=name):
            return f"{get_label(name, None)} of each {get_label(roster, None)}"
        case ast.Constant(value=str() | int() | float() as value):
            return str(value)
        case ast.Constant():
            return ""
        case _:
            return write_expression(node)


def _render_truth(node: ast.expr, get_label: LabelLookup) -> str:
    """Render a truth value; of a name, that it holds."""
    if isinstance(node, ast.Name):
        return f"{get_label(node.id, None)} holds"
    return _render(node, get_label)


def _render_operand(node: ast.expr, get_label: LabelLookup, *, truth: bool = False) -> str:
    """Render a part of a larger sentence, in brackets if it could be misread."""
    if truth:
        text = _render_truth(node, get_label)
    else:
        text = _render(node, get_label)
    if isinstance(node, ast.BoolOp | ast.IfExp | ast.BinOp):
        return f"({text})"
    return text


def _render_arithmetic(left: ast.expr, sign: str, right: ast.expr, get_label: LabelLookup) -> str:
    first = _render_operand(left, get_label)
    second = _render_operand(right, get_label)
    match sign:
        case "//":
            return f"{first} divided by {second}, rounded down"
        case "%":
            return f"the remainder of {first} divided by {second}"
        case _:
            return f"{first} {_OPERATOR_WORDS[sign]} {second}"


def _render_negation(node: ast.expr, get_label: LabelLookup) -> str:
    """Render the opposite of a term."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _render(operand, get_label)
        case ast.Compare(ops=[_]):
            return _render_comparison(node, get_label, denied=True)
        case ast.Call(func=ast.Name(id=name), args=[item]) if name in _STATE_WORDS:
            return f"{_render(item, get_label)} {_STATE_WORDS[name][1]}"
        case ast.Name(id=name):
            return f"{get_label(name, None)} does not hold"
    return f"it is not true that {_render_operand(node, get_label, truth=True)}"


def _render_comparison(node: ast.Compare, get_label: LabelLookup, *, denied: bool = False) -> str:
    """Render `age is at least 18`; for a chain around one item, also `and at most 65`."""
    operands = [node.left, *node.comparators]
    links: list[str] = []
    for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
        if isinstance(op, ast.In | ast.NotIn):
            is_denied = isinstance(op, ast.NotIn) is not denied
            links.append(_render_membership(left, right, get_label, denied=is_denied))
            continue

        sign = comparisons.COMPARISON_SIGNS[type(op)]
        # `18 <= age` is said from the item's side, as `age >= 18`.
        if _find_item(right) and not _find_item(left):
            left, right = right, left
            sign = three_valued_logic.MIRRORED_SIGNS[sign]
        if denied:
            sign = comparisons.OPPOSITE_SIGNS[sign]

        relation = _COMPARISON_WORDS[sign]
        about = _render(left, get_label)
        value = _render_value(_find_item(left), right, get_label)

        # A chain around one item names it once: `age is at least 18 and at most 65`.
        if links and links[-1].startswith(f"{about} is "):
            links.append(f"{relation.removeprefix('is ')} {value}")
        else:
            links.append(f"{about} {relation} {value}")
    return " and ".join(links)


def _render_membership(
    left: ast.expr, right: ast.expr, get_label: LabelLookup, *, denied: bool
) -> str:
    """Render `q1 in [1, 2]`, a choice of codes, or `'tv' in media`, a code among mentions."""
    if isinstance(right, ast.List | ast.Tuple):
        values = [_render_value(_find_item(left), value, get_label) for value in right.elts]
        about = _render(left, get_label)
        if not denied:
            return f"{about} is {join_words(values, 'or')}"
        relation = "is neither" if len(values) > 1 else "is not"
        return f"{about} {relation} {join_words(values, 'nor')}"

    relation = "does not include" if denied else "includes"
    value = _render_value(_find_item(right), left, get_label)
    return f"{_render(right, get_label)} {relation} {value}"


def _find_item(node: ast.expr) -> str:
    """Return the item that a node names, if it is one."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Name(id="first" | "keyed"), args=[item]):
            return _find_item(item)
        case _:
            return ""


def _render_value(item: str, node: ast.expr, get_label: LabelLookup) -> str:
    """Render a value compared with an item: its code's label, a decline, or the value itself."""
    match node:
        case ast.Constant(value=int() | str() as code) if item:
            return get_label(item, code)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as code)) if item:
            return get_label(item, -code)
        case ast.Name(id=word) if word in _DECLINES and item:
            return _DECLINES[word]
        case _:
            return _render_operand(node, get_label)


def _render_call(name: str, args: list[ast.expr], get_label: LabelLookup) -> str:
    """Render a function and its arguments."""
    arguments = [_render(arg, get_label) for arg in args]
    match name, args:
        case ("today", _):
            return "the day of the interview"
        case ("elapsed", _):
            return "the number of minutes so far"
        case ("first", _):
            return f"the first mention in {arguments[0]}"
        case ("rank", [several, code]):
            value = _render_value(_find_item(several), code, get_label)
            return f"the position of {value} in the mentions of {arguments[0]}"
        case ("contains", _):
            return f"{arguments[0]} contains “{arguments[1]}”"
        case ("years_between" | "months_between" | "days_between", [_, end]):
            unit = {"days_between": "days"}.get(name, f"whole {name.partition('_')[0]}")
            if isinstance(end, ast.Call):
                return f"{unit} since {arguments[0]}"
            return f"{unit} from {arguments[0]} to {arguments[1]}"
        case ("default", [_, _, *_]):
            kinds = sorted(alternatives.list_replaced_kinds(args))
            reasons = join_words([_MISSING_WORDS.get(kind, kind) for kind in kinds], "or")
            return f"{arguments[0]} ({arguments[1]} if that is {reasons})"
        case ("round", _):
            return f"{arguments[0]}, rounded"
        case ("count", [ast.Name(id=item)]):
            return f"the number of answers to {get_label(item, None)}"
        case ("count", [condition]):
            roster = _find_roster(condition)
            if not roster:
                return f"1 if {arguments[0]}, else 0"
            label = get_label(roster, None)
            holds = arguments[0].replace(f" of each {label}", "")
            return f"the number of turns of {label} where {holds}"
        case ("count", _):
            return f"how many of these hold: {'; '.join(arguments)}"
        case _ if name in _STATE_WORDS:
            return f"{arguments[0]} {_STATE_WORDS[name][0]}"
        case _:
            words = _FUNCTION_WORDS.get(name, functions.FUNCTIONS[name].signature)
            return f"{words} {join_words(arguments)}"


def _find_roster(node: ast.expr) -> str:
    """Find the roster whose turns a node runs over, if it names one."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            if part.value.id == "interviewer":
                continue  # `interviewer.name` is no item of a roster
            return part.value.id
    return ""
