"""How is a condition said in plain English, for booklets and codebooks? Whoever asks brings the words for
items and codes; it never decides whether a condition holds.
"""

import ast
from collections.abc import Callable
from typing import Final, TypeAlias

from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.values import Code

Say: TypeAlias = Callable[[str, Code | None], str]
"""Words for an item (code None), or for a code of it. Where a code has no label: the code itself."""

_DECLINES: Final = {"dk": "don't know", "refused": "refused"}
_COMPARED: Final[dict[type[ast.cmpop], tuple[str, str]]] = {
    ast.Eq: ("is", "is not"),
    ast.NotEq: ("is not", "is"),
    ast.Lt: ("is less than", "is at least"),
    ast.LtE: ("is at most", "is more than"),
    ast.Gt: ("is more than", "is at most"),
    ast.GtE: ("is at least", "is less than"),
}
"""Each comparison, and its opposite."""
_TURNED: Final[dict[type[ast.cmpop], ast.cmpop]] = {
    ast.Lt: ast.Gt(),
    ast.LtE: ast.GtE(),
    ast.Gt: ast.Lt(),
    ast.GtE: ast.LtE(),
}
_STATES: Final = {
    "answered": ("was answered", "was not answered"),
    "declined": ("was declined", "was not declined"),
    "dk": ("is don't know", "is not don't know"),
    "refused": ("was refused", "was not refused"),
}
_CALLED: Final = {
    "sum": "the sum of",
    "sum_answered": "the sum of what was answered of",
    "mean": "the mean of",
    "mean_answered": "the mean of what was answered of",
    "min": "the smallest of",
    "max": "the largest of",
    "length": "the number of characters of",
}
_OPERATED: Final[dict[type[ast.operator], str]] = {
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divided by",
}


def words(condition: Condition, say: Say) -> str:
    """The condition as an English sentence without its full stop."""
    sentence = clause(condition, say)
    return sentence[:1].upper() + sentence[1:]


def clause(condition: Condition, say: Say) -> str:
    """The same as a part of a longer sentence: what follows "asked if"."""
    return (_holding if condition.gives.type == "flag" else _said)(condition.tree, say)


def _said(node: ast.expr, say: Say) -> str:
    match node:
        case ast.BoolOp(op=op, values=values):
            word = " and " if isinstance(op, ast.And) else " or "
            return word.join(_bracketed(value, say, truth=True) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _denied(operand, say)
        case ast.Compare():
            return _compared(node, say)
        case ast.Call(func=ast.Name(id=name), args=args):
            return _called(name, args, say)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return f"{_said(body, say)} if {_holding(test, say)}, else {_said(orelse, say)}"
        case ast.BinOp(left=left, op=op, right=right):
            sign = _OPERATED.get(type(op), "and")
            return f"{_bracketed(left, say)} {sign} {_bracketed(right, say)}"
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return f"−{number}"
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return f"minus {_bracketed(operand, say)}"
        case ast.Name(id=name):
            return say(name, None)
        case ast.Attribute(value=ast.Subscript(slice=turn), attr=name):
            return f"{say(name, None)} (turn {_said(turn, say)})"
        case ast.Attribute(value=ast.Name(id=roster), attr=name):
            return f"{say(name, None)} of each {say(roster, None)}"
        case ast.Constant(value=value):
            return str(value) if isinstance(value, str | int | float) else ""
        case _:
            return ast.unparse(node)


def _holding(node: ast.expr, say: Say) -> str:
    """A truth: of a name alone, that it holds."""
    return f"{say(node.id, None)} holds" if isinstance(node, ast.Name) else _said(node, say)


def _bracketed(node: ast.expr, say: Say, *, truth: bool = False) -> str:
    """A part of a larger sentence: in brackets where it could be read otherwise."""
    text = (_holding if truth else _said)(node, say)
    return f"({text})" if isinstance(node, ast.BoolOp | ast.IfExp | ast.BinOp) else text


def _denied(node: ast.expr, say: Say) -> str:
    """The opposite of a part."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _said(operand, say)
        case ast.Compare(ops=[_]):
            return _compared(node, say, denied=True)
        case ast.Call(func=ast.Name(id=name), args=[item]) if name in _STATES:
            return f"{_said(item, say)} {_STATES[name][1]}"
        case ast.Name(id=name):
            return f"{say(name, None)} does not hold"
    return f"it is not so that {_bracketed(node, say, truth=True)}"


def _compared(node: ast.Compare, say: Say, *, denied: bool = False) -> str:
    """`age is at least 18`; `age is at least 18 and at most 65` where a chain goes round one item."""
    operands = [node.left, *node.comparators]
    links: list[str] = []
    for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
        if isinstance(op, ast.In | ast.NotIn):
            links.append(_within(left, right, say, denied=isinstance(op, ast.NotIn) is not denied))
            continue
        if _name(right) and not _name(left):
            left, right, op = right, left, _TURNED.get(type(op), op)
        relation = _COMPARED[type(op)][denied]
        about = _said(left, say)
        object_ = _valued(_name(left), right, say)
        told = links[-1].startswith(f"{about} is ") if links else False
        links.append(f"{relation.removeprefix('is ')} {object_}" if told else f"{about} {relation} {object_}")
    return " and ".join(links)


def _within(left: ast.expr, right: ast.expr, say: Say, *, denied: bool) -> str:
    if isinstance(right, ast.List | ast.Tuple):
        values = [_valued(_name(left), value, say) for value in right.elts]
        one = (
            values[0]
            if len(values) == 1
            else f"{', '.join(values[:-1])} {'nor' if denied else 'or'} {values[-1]}"
        )
        relation = "is neither" if denied and len(values) > 1 else "is not" if denied else "is"
        return f"{_said(left, say)} {relation} {one}"
    relation = "does not include" if denied else "includes"
    return f"{_said(right, say)} {relation} {_valued(_name(right), left, say)}"


def _name(node: ast.expr) -> str:
    """The item that a part is, if it is one."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _valued(item: str, node: ast.expr, say: Say) -> str:
    """A value beside an item: the label of its code, a way of not answering, or what it is."""
    match node:
        case ast.Constant(value=int() | str() as code) if item:
            return say(item, code)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as code)) if item:
            return say(item, -code)
        case ast.Name(id=word) if word in _DECLINES and item:
            return _DECLINES[word]
        case _:
            return _bracketed(node, say)


def _called(name: str, args: list[ast.expr], say: Say) -> str:
    told = [_said(arg, say) for arg in args]
    match name, args:
        case ("today", _):
            return "the day of the interview"
        case ("years_between", [start, ast.Call(func=ast.Name(id="today"))]):
            return f"whole years since {_said(start, say)}"
        case ("years_between", _):
            return f"whole years from {told[0]} to {told[1]}"
        case ("round", _):
            return f"{told[0]}, rounded"
        case ("count", [ast.Name(id=item)]):
            return f"the number of answers to {say(item, None)}"
        case ("count", [one]):
            roster = _turns_of(one)
            if not roster:
                return f"1 if {told[0]}, else 0"
            each = f" of each {say(roster, None)}"
            return f"the number of turns of {say(roster, None)} where {told[0].replace(each, '')}"
        case ("count", _):
            return f"how many hold of: {'; '.join(told)}"
        case _ if name in _STATES:
            return f"{told[0]} {_STATES[name][0]}"
        case _:
            several = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
            return f"{_CALLED.get(name, FUNCTIONS[name].signature)} {several}"


def _turns_of(node: ast.expr) -> str:
    """The roster whose turns a part runs over, where it says so."""
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            return part.value.id
    return ""
