"""When does a condition hold? Its text is read once into a closure over a plain mapping of answers, and every
doubt about it becomes a problem. Nothing is ever evaluated from text.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from survey_cli.instrument.expressions.comparisons import SIGNS, compared, fitted, one_of, within
from survey_cli.instrument.expressions.expression_checker import (
    Kind,
    Known,
    Part,
    Reading,
    Scope,
    family,
    shifted,
)
from survey_cli.instrument.expressions.function_calls import called
from survey_cli.instrument.expressions.parsing import (
    DEEPEST,
    MOST_PARTS,
    Parsed,
    Slip,
    names_in,
    parse,
    too_large,
)
from survey_cli.instrument.expressions.three_valued_logic import (
    Env,
    Run,
    all_hold,
    all_of,
    all_pass,
    any_holds,
    any_of,
    any_passes,
    arithmetic,
    choice,
    constant,
    flag,
    negation,
    negative,
    reads,
    reads_one_turn,
    reads_turn,
    reads_turns,
)
from survey_cli.problems import Position, Problem, did_you_mean, errors
from survey_cli.values import Code

__all__ = ["Condition", "Env", "Known", "Scope", "Wants", "compile_condition", "read_names", "use_of"]

Wants: TypeAlias = Literal["truth", "number", "value", "list"]
"""What a place wants: a truth; a number; any one value; a list over turns or a multiple."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition or calculation, ready to be evaluated."""

    text: str
    names: frozenset[str]
    """The variables it reads."""
    turns: bool
    """Whether it reads the current turn of a roster."""
    gives: Known
    """What its value is, as another condition would see it."""
    evaluate: Run = field(compare=False, repr=False)
    """From answers to a value. A truth is True, False, or the `Missing` that leaves it unknown."""
    tree: ast.expr = field(compare=False, repr=False)


def compile_condition(
    text: str,
    scope: Scope,
    *,
    where: Position,
    who: str,
    wants: Wants = "truth",
    answered: frozenset[str] = frozenset(),
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """The condition that `text` is, or None, and what was found in it: warnings alone leave it whole. It is evaluated
    only where the items in `answered` have an answer."""
    parsed = parse(text)
    if isinstance(parsed, Slip):
        return None, (_told(parsed, text, where, who),)
    reading = Reading(text, parsed, scope, where, who)
    reading.guarded |= answered
    part = _part(reading, parsed.tree, 1)
    if part.kind != "wrong":
        part = _wanted(reading, part, wants)
    problems = reading.close()
    if part.kind == "wrong" or (problems and errors(problems)):
        return None, problems
    gives = _given(part.kind, part.codes, bool(part.unsure), part.roster)
    return Condition(text, frozenset(reading.names), reading.turns, gives, part.run, parsed.tree), problems


def read_names(text: str) -> frozenset[str]:
    """Every name in an expression, rosters and declines among them, functions not; of any text whatever."""
    return names_in(text)


def use_of(name: str, condition: Condition, where: Position) -> tuple[Position, int]:
    """Where a condition written at `where` first names a variable, and how many characters that takes."""
    parsed = parse(condition.text)
    if isinstance(parsed, Parsed):
        for node in ast.walk(parsed.tree):
            if getattr(node, "id", None) == name or getattr(node, "attr", None) == name:
                at, length = parsed.at(node)
                return shifted(where, condition.text, at), length
    return where, 1


_GIVES: Final[dict[Kind, Literal["code", "codes", "number", "text", "date", "time", "flag"]]] = {
    "truth": "flag",
    "number": "number",
    "text": "text",
    "code": "code",
    "codes": "codes",
    "date": "date",
    "time": "time",
}


@lru_cache(maxsize=256)
def _given(kind: Kind, codes: frozenset[Code] | None, declinable: bool, roster: str | None) -> Known:
    return Known(_GIVES[kind], codes, declinable, roster)


def _told(slip: Slip, text: str, where: Position, who: str) -> Problem:
    return Problem(
        slip.rule, shifted(where, text, slip.at), who, slip.what, slip.remedy, "error", max(slip.length, 1)
    )


def _wanted(reading: Reading, part: Part, wants: Wants) -> Part:
    """The whole, if it is what its place wants."""
    if wants == "list":
        if part.roster or part.kind == "codes":
            return part
        remedy = "name a multiple, or a roster's item: person.age"
        return reading.problem("one-value", part.node, "this is one value, but a list is wanted here", remedy)
    if part.roster:
        return reading.listed(part)
    if wants == "truth":
        return reading.truth(part)
    if wants == "number" and family(part) not in ("number", "any"):
        return reading.no_number(part, "a number is wanted here")
    return part


def _part(reading: Reading, node: ast.expr, depth: int, beside: Part | None = None) -> Part:
    reading.parts += 1
    if depth > DEEPEST or reading.parts > MOST_PARTS:
        if not reading.too_large:
            reading.too_large = True
            reading.problem("condition-too-large", node, too_large().what, too_large().remedy)
        return reading.wrong(node)
    if isinstance(node, ast.Name) and node.id not in reading.scope.names:
        return reading.stray(node, beside)
    kind = _KINDS.get(node.__class__)
    if kind is None:
        return reading.problem("condition-syntax", node, *_foreign(node))
    return kind(reading, node, depth + 1)


def _name(reading: Reading, node: ast.Name, depth: int) -> Part:
    known = reading.scope.names[node.id]
    if known.roster is None:
        return _variable(reading, node, node.id, known, reads(node.id), plain=node.id)
    if known.roster == reading.scope.inside:
        reading.turns = True
        return _variable(reading, node, node.id, known, reads_turn(node.id))
    return _variable(reading, node, node.id, known, reads_turns(node.id, known.roster), roster=known.roster)


_READ_AS: Final[dict[str, Kind]] = {"draw": "number", "flag": "truth"}


def _variable(
    reading: Reading,
    node: ast.expr,
    name: str,
    known: Known,
    run: Run,
    *,
    plain: str = "",
    roster: str | None = None,
) -> Part:
    reading.names.add(name)
    if known.silent:
        what = f"{name} {known.silent}; it has no answer"
        return reading.problem("no-answer", node, what, "name an item that somebody answers")
    unsure = frozenset((name,)) if known.declinable else frozenset[str]()
    kind: Kind = _READ_AS.get(known.type, known.type)  # type: ignore[arg-type]
    if kind == "truth":
        part = Part(kind, run, node, roster=roster, unsure=unsure)
        part = reading.together(flag, [part], kind, node)
        return part._replace(name=name, plain=plain)
    codes = known.codes if kind in ("code", "codes") else None
    return Part(kind, run, node, name, plain, codes, roster, unsure=unsure)


def _attribute(reading: Reading, node: ast.Attribute, depth: int) -> Part:
    """`person.age` or `person[1].age`."""
    scope = reading.scope
    match node.value:
        case ast.Name(id=roster):
            which = None
        case ast.Subscript(value=ast.Name(id=roster), slice=index):
            which = index
        case _:
            what = f"{reading.source(node)} names no item of a roster"
            return reading.problem("condition-syntax", node, what, "write person.age, or person[1].age")
    if roster not in scope.rosters:
        if roster in scope.names:
            what, remedy = (
                f"{roster} is an item and has no parts",
                f"write {roster} alone; only a roster has items",
            )
        else:
            what, remedy = f"{roster!r} is not a roster", did_you_mean(roster, scope.rosters)
        return reading.problem("unknown-name", node.value, what, remedy or "write the item's id alone")
    known = scope.names.get(node.attr)
    if known is None or known.roster != roster:
        items = [name for name, item in scope.names.items() if item.roster == roster]
        remedy = did_you_mean(node.attr, items, otherwise=f"its items are {', '.join(items[:8])}")
        return reading.problem("unknown-name", node, f"the roster {roster} has no item {node.attr!r}", remedy)
    if which is None:
        return _variable(reading, node, node.attr, known, reads_turns(node.attr, roster), roster=roster)
    turn = _turn(reading, which, depth)
    if turn.kind == "wrong":
        return turn
    part = _variable(reading, node, node.attr, known, reads_one_turn(node.attr, roster, turn.run))
    return part._replace(unsure=part.unsure | turn.unsure)


def _turn(reading: Reading, index: ast.expr, depth: int) -> Part:
    if isinstance(index, ast.Slice | ast.Tuple):
        return reading.problem(
            "condition-syntax", index, "this names several turns", "name one: person[1].age"
        )
    turn = _part(reading, index, depth)
    if turn.kind == "wrong":
        return turn
    if turn.roster or family(turn) not in ("number", "any"):
        return reading.problem("condition-syntax", index, "a turn is one number", "write person[1].age")
    if turn.literal and not (isinstance(turn.value, int) and turn.value >= 1):
        what = f"there is no turn {turn.value}"
        return reading.problem("condition-syntax", index, what, "turns are counted from 1: person[1].age")
    return turn


def _subscript(reading: Reading, node: ast.Subscript, depth: int) -> Part:
    source = reading.source(node)
    if isinstance(node.value, ast.Name) and node.value.id in reading.scope.rosters:
        return reading.problem(
            "roster-as-value", node, f"{source} is a turn, not an item", f"name the item: {source}.item"
        )
    remedy = "only a roster's turn stands so: person[1].age; a list follows in: q1 in [1, 2]"
    return reading.problem("condition-syntax", node, f"{source} is not part of a condition", remedy)


def _literal(reading: Reading, node: ast.Constant, depth: int) -> Part:
    return reading.literal(node)


def _bool(reading: Reading, node: ast.BoolOp, depth: int) -> Part:
    conjunction = isinstance(node.op, ast.And)
    if not conjunction:
        for child in node.values:
            if isinstance(child, ast.BoolOp) and not reading.parsed.bracketed(child):
                source = reading.source(child)
                what = "and binds more closely than or, which is easily read otherwise"
                reading.warn(
                    "and-or-without-brackets", child, what, f"write ({source}), or put brackets elsewhere"
                )
                break
    parts: list[Part] = []
    before: ast.expr | None = None
    for child in node.values:
        parts.append(reading.truth(_part(reading, child, depth), before=before))
        before = child
    return _joined(reading, parts, node, conjunction=conjunction)


def _joined(reading: Reading, parts: list[Part], node: ast.expr, *, conjunction: bool) -> Part:
    """The truths joined by `and`, or by `or`."""
    tests = [part.test for part in parts if part.test is not None]

    def quick(runs: list[Run]) -> Run:
        run = (all_hold if conjunction else any_holds)(runs)
        if len(tests) < len(runs):
            return run
        return (all_pass if conjunction else any_passes)(tuple(tests), run)

    return reading.together(all_of if conjunction else any_of, parts, "truth", node, quick=quick)


def _unary(reading: Reading, node: ast.UnaryOp, depth: int) -> Part:
    part = _part(reading, node.operand, depth)
    if part.kind == "wrong":
        return part
    match node.op:
        case ast.Not():
            part = reading.truth(part)
            turned = reading.together(negation, [part], "truth", node)
            reading.doubt(turned, turned.unsure)
            return turned
        case ast.USub() | ast.UAdd():
            if family(part) not in ("number", "any"):
                return reading.no_number(part, "a sign goes before a number")
            if isinstance(node.op, ast.UAdd):
                return part._replace(node=node)
            if part.literal:
                return part._replace(node=node, value=-part.value, run=constant(-part.value))
            return reading.together(negative, [part], "number", node)
        case _:
            return reading.problem("condition-syntax", node, "~ is not part of a condition", "write not")


_ARITHMETIC: Final[dict[type[ast.operator], str]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def _binary(reading: Reading, node: ast.BinOp, depth: int) -> Part:
    parts = [_part(reading, node.left, depth), _part(reading, node.right, depth)]
    sign = _ARITHMETIC.get(type(node.op))
    if sign is None:
        return reading.problem("condition-syntax", node, *_foreign(node))
    if any(part.kind == "wrong" for part in parts):
        return reading.wrong(node)
    families = [family(part) for part in parts]
    if sign == "+" and families == ["text", "text"]:
        remedy = "name both as fills in the text that is to be read: {first} {last}"
        return reading.problem("not-a-number", node, "+ adds numbers and does not join texts", remedy)
    for part, kin in zip(parts, families, strict=True):
        if kin not in ("number", "any"):
            return reading.no_number(part, f"{sign} works on numbers")
    return reading.together(arithmetic(sign), parts, "number", node)


def _compare(reading: Reading, node: ast.Compare, depth: int) -> Part:
    if len(node.ops) == 1:
        return _pair(reading, node.left, node.ops[0], node.comparators[0], node, depth)
    links: list[Part] = []
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        links.append(_pair(reading, left, op, right, node, depth))
        left = right
    return _joined(reading, links, node, conjunction=True)


def _pair(
    reading: Reading, left: ast.expr, op: ast.cmpop, right: ast.expr, node: ast.expr, depth: int
) -> Part:
    """One link of a comparison."""
    if isinstance(op, ast.Is | ast.IsNot):
        what = "'is' is not part of a condition"
        return reading.problem(
            "condition-syntax", node, what, "write == for 'is the same as', or answered(q1)"
        )
    sign = SIGNS.get(type(op))
    if sign is None and isinstance(right, ast.List | ast.Tuple):
        reading.parts += len(right.elts)
        first = _part(reading, left, depth)
        return one_of(reading, first, right.elts, node, negated=isinstance(op, ast.NotIn))
    if _stray(reading, left):
        second = _part(reading, right, depth)
        first = _part(reading, left, depth, second)
    else:
        first = _part(reading, left, depth)
        second = _part(reading, right, depth, first)
    if sign is None:
        return within(reading, first, second, node, negated=isinstance(op, ast.NotIn))
    return compared(reading, first, sign, second, node)


def _stray(reading: Reading, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id not in reading.scope.names


def _if(reading: Reading, node: ast.IfExp, depth: int) -> Part:
    test = reading.truth(_part(reading, node.test, depth))
    then, otherwise = _part(reading, node.body, depth), _part(reading, node.orelse, depth)
    if "wrong" in (test.kind, then.kind, otherwise.kind):
        return reading.wrong(node)
    if then.literal and family(otherwise) in ("date", "time"):
        then = fitted(reading, then, otherwise, exact=True)
    if otherwise.literal and family(then) in ("date", "time"):
        otherwise = fitted(reading, otherwise, then, exact=True)
    kinds = {family(then), family(otherwise)} - {"any"}
    if "wrong" in kinds:
        return reading.wrong(node)
    if len(kinds) > 1:
        what = f"{reading.said(then)}, but {reading.said(otherwise)}"
        return reading.problem("unlike-kinds", node, what, "give two of one kind")
    kind: Kind = then.kind if then.kind == otherwise.kind else "code"
    codes = then.codes | otherwise.codes if then.codes and otherwise.codes else None
    if kind == "code" and codes is None and kinds:
        kind = kinds.pop()  # type: ignore[assignment]
    part = reading.together(choice, [test, then, otherwise], kind, node)
    return part._replace(codes=codes, unsure=then.unsure | otherwise.unsure)


def _call(reading: Reading, node: ast.Call, depth: int) -> Part:
    return called(reading, node, lambda argument: _part(reading, argument, depth))


def _foreign(node: ast.expr) -> tuple[str, str]:
    """What is said of syntax that Python has and a condition has not."""
    match node:
        case ast.List():
            return "a list stands here alone", "a list follows in: q1 in [1, 2]"
        case ast.Tuple():
            remedy = "write decimals with a point (1.5), a list in square brackets ([1, 5])"
            return "there is a comma outside a list or function", remedy
        case ast.BinOp(op=ast.Pow()):
            return "** is not part of a condition", "write a product: a * a"
        case ast.BinOp(op=ast.FloorDiv()):
            return "// is not part of a condition", "write / and, where you want a whole number, round(…)"
        case ast.BinOp(op=ast.Mod()):
            return "% is not part of a condition", "write the share as a number: 0.5 for 50 per cent"
        case ast.BinOp():
            return "this operator is not part of a condition", "use + - * /, and or not"
        case ast.JoinedStr():
            return "an f before a text is not part of a condition", "write the text alone"
        case _:
            return "this is not part of a condition", "a condition is written like q1 == 1 and q2 in [3, 4]"


_KINDS: Final[dict[type[ast.AST], Callable[[Reading, Any, int], Part]]] = {
    ast.Name: _name,
    ast.Constant: _literal,
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.Call: _call,
    ast.UnaryOp: _unary,
    ast.BinOp: _binary,
    ast.IfExp: _if,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
}
