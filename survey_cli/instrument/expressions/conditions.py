"""Conditions and calculations, compiled from their text into closures that read what is known.

Every mistake becomes a problem. Nothing is ever evaluated from text.
"""

import ast
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from survey_cli.instrument.expressions import comparisons, parsing
from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.expression_checker import (
    ExpressionChecker,
    Kind,
    Scope,
    Term,
    ValueType,
    get_family,
    shift_position,
)
from survey_cli.instrument.expressions.function_calls import compile_call
from survey_cli.instrument.expressions.known import INTERVIEWER_PREFIX
from survey_cli.instrument.expressions.three_valued_logic import Evaluator
from survey_cli.instrument.source.foreign_words import list_synonyms
from survey_cli.problems import Position, Problem, select_errors, suggest_nearest
from survey_cli.values import NOT_ASKED, Code

__all__ = [
    "Condition",
    "ExpectedKind",
    "Scope",
    "ValueType",
    "compile_condition",
    "locate_use",
]

ExpectedKind: TypeAlias = Literal["truth", "number", "date", "value", "list"]
"""What is expected. `value` is any single value; `list` is a list over turns, or a multiple."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition or calculation, ready to be evaluated."""

    text: str
    names: frozenset[str]
    """The variables it reads."""
    result_type: ValueType
    """The type of its value, as another condition would see it."""
    evaluate: Evaluator = field(compare=False, repr=False)
    """Returns the value for what is known.

    A truth value is True, False, or the `Missing` that makes it unknown."""
    tree: ast.expr = field(compare=False, repr=False)


def compile_condition(
    text: str,
    scope: Scope,
    where: Position,
    who: str,
    expected: ExpectedKind = "truth",
    answered: Collection[str] = (),
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """Compile `text` to a condition (None if there are errors), and return the problems in it.

    The condition is evaluated only if the items in `answered` have an answer.
    """
    parsed = parsing.parse_expression(text)
    if isinstance(parsed, parsing.ParseFailure):
        rule, offset, length, what, remedy = parsed
        at = shift_position(where, text, offset)
        return None, (Problem(rule, at, who, what, remedy, "error", max(length, 1)),)
    checker = ExpressionChecker(text, parsed, scope, where, who)
    checker.guarded_names.update(answered)
    checker.guarded_names.update(_list_compared_names(parsed.tree))
    term = _compile(checker, parsed.tree, 1)
    if term.kind != "wrong":
        term = _check_expected(checker, term, expected)
    problems = checker.collect_problems()
    if term.kind == "wrong" or (problems and select_errors(problems)):
        return None, problems
    result_type = _make_value_type(term.kind, term.codes, bool(term.unsure_names), term.roster)
    # equal texts share a tree, but elapsed() is another number in each condition
    tree = deepcopy(parsed.tree) if "elapsed" in text else parsed.tree
    return Condition(text, frozenset(checker.names), result_type, term.evaluate, tree), problems


def _list_compared_names(tree: ast.expr) -> set[str]:
    """Return the items that an `and` also compares without a negation: `days >= 15 and days != 88`.

    Nobody expects that to be true after a don't know.
    """
    names: set[str] = set()
    if not isinstance(tree, ast.BoolOp) or not isinstance(tree.op, ast.And):
        return names
    for part in tree.values:
        match part:
            case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[right]) if (
                not isinstance(op, ast.NotEq | ast.NotIn)
                and comparisons.find_constant(right) is not None
            ):
                names.add(name)
    return names


def locate_use(name: str, condition: Condition, where: Position) -> tuple[Position, int]:
    """Return position and length of the first use of a variable in a condition.

    `where` is the position at which the condition is written.
    """
    parsed = parsing.parse_expression(condition.text)
    if isinstance(parsed, parsing.ParsedExpression):
        for node in ast.walk(parsed.tree):
            if (
                isinstance(node, ast.Name | ast.Attribute)
                and getattr(node, "id", getattr(node, "attr", "")) == name
            ):
                at, length = parsed.locate(node)
                return shift_position(where, condition.text, at), length
    return where, 1


@lru_cache(maxsize=256)
def _make_value_type(
    kind: Kind, codes: AbstractSet[Code] | None, declinable: bool, roster: str | None
) -> ValueType:
    assert kind != "wrong"
    return ValueType("flag" if kind == "truth" else kind, codes, declinable, roster)


def _check_expected(checker: ExpressionChecker, part: Term, expected: ExpectedKind) -> Term:
    """Return the term if it is of the expected kind, else report a problem."""
    if expected == "list":
        if part.roster or part.kind == "codes":
            return part
        what = "this is one value, but a list is required here"
        return checker.report_problem(
            "one-value", part.node, what, "use a multiple, or a roster's item: person.age"
        )
    if part.roster:
        return checker.report_list(part)
    if expected == "truth":
        return checker.require_truth(part)
    if expected == "number" and get_family(part) not in ("number", "any"):
        return checker.report_not_a_number(part, "a number is required here")
    if expected == "date" and get_family(part) not in ("date", "any"):
        what = f"a date is required here, and {checker.describe(part)}"
        return checker.report_problem(
            "unlike-kinds", part.node, what, "use an item of type date, or today"
        )
    return part


def _compile(
    checker: ExpressionChecker, node: ast.expr, depth: int, compared_term: Term | None = None
) -> Term:
    checker.part_count += 1
    if depth > parsing.MAX_DEPTH or checker.part_count > parsing.MAX_PARTS:
        if not checker.is_too_large:
            checker.is_too_large = True
            checker.report_problem(
                parsing.TOO_LARGE.rule, node, parsing.TOO_LARGE.what, parsing.TOO_LARGE.remedy
            )
        return checker.make_wrong(node)
    if isinstance(node, ast.Name) and node.id not in checker.scope.names:
        return checker.report_unknown_name(node, compared_term)
    compile_node = _COMPILERS.get(node.__class__)
    if compile_node is None:
        return checker.report_syntax(node, *_explain_foreign_syntax(node))
    return compile_node(checker, node, depth + 1)


def _compile_name(checker: ExpressionChecker, node: ast.Name, _depth: int) -> Term:
    name = node.id
    value_type = checker.scope.names[name]
    roster = value_type.roster
    if roster is None:
        term = _compile_variable(checker, node, name, value_type, logic.make_reader(name))
        return term._replace(plain_name=name)

    # inside the roster a name stands for the current turn, outside for the list of all turns
    if roster == checker.scope.inside_roster or roster in checker.scope.sources:
        return _compile_variable(checker, node, name, value_type, logic.make_turn_reader(name))
    read_all = logic.make_all_turns_reader(name, roster)
    return _compile_variable(checker, node, name, value_type, read_all, roster)


def _compile_variable(
    checker: ExpressionChecker,
    node: ast.expr,
    name: str,
    value_type: ValueType,
    evaluate: Evaluator,
    roster: str = "",
) -> Term:
    checker.names.add(name)
    if value_type.why_unanswered:
        what = f"{name} {value_type.why_unanswered}; it has no answer"
        return checker.report_problem("no-answer", node, what, "use an item with an answer")
    unsure_names = frozenset((name,)) if value_type.declinable else frozenset[str]()
    if value_type.type == "flag":
        term = Term("truth", evaluate, node, roster=roster or None, unsure_names=unsure_names)
        return checker.combine(logic.to_truth, [term], "truth", node)._replace(name=name)
    kind: Kind = "number" if value_type.type == "draw" else value_type.type
    codes = value_type.codes if kind in ("code", "codes") else None
    return Term(kind, evaluate, node, name, "", codes, roster or None, unsure_names=unsure_names)


def _compile_attribute(checker: ExpressionChecker, node: ast.Attribute, depth: int) -> Term:
    """Compile `person.age` or `person[1].age`."""
    scope = checker.scope
    turn_node = ast.expr()
    match node.value:
        case ast.Name(id="interviewer") if scope.has_interviewer:
            return _compile_interviewer(checker, node)
        case ast.Name(id=roster):
            pass
        case ast.Subscript(value=ast.Name(id=roster), slice=turn_node):
            pass
        case _:
            what = f"{checker.get_source(node)} does not name an item of a roster"
            return checker.report_syntax(node, what, "write person.age, or person[1].age")
    if roster not in scope.rosters:
        if roster in scope.names:
            what = f"{roster} is an item and has no parts"
            remedy = f"write {roster} alone; only a roster has items"
        else:
            what = f"{roster!r} is not a roster"
            nearest = suggest_nearest(roster, scope.rosters)
            remedy = nearest or "write the item's id alone"
        return checker.report_problem("unknown-name", node.value, what, remedy, subject=roster)

    name = node.attr
    value_type = scope.names.get(name)
    if value_type is None or value_type.roster != roster:
        items = [name for name, item in scope.names.items() if item.roster == roster]
        remedy = suggest_nearest(name, items, otherwise=f"its items are {', '.join(items[:8])}")
        return checker.report_problem(
            "unknown-name",
            node,
            f"the roster {roster} has no item {name!r}",
            remedy,
            subject=name,
        )
    if isinstance(node.value, ast.Name):
        read_all = logic.make_all_turns_reader(name, roster)
        return _compile_variable(checker, node, name, value_type, read_all, roster)

    turn = _compile_turn(checker, turn_node, depth)
    if turn.kind == "wrong":
        return turn
    read_one = logic.make_one_turn_reader(name, roster, turn.evaluate)
    part = _compile_variable(checker, node, name, value_type, read_one)
    return part._replace(unsure_names=part.unsure_names | turn.unsure_names)


def _compile_interviewer(checker: ExpressionChecker, node: ast.Attribute) -> Term:
    """Compile `interviewer.sex`: an entry of the list of people about who began the interview."""
    attribute = node.attr
    name = INTERVIEWER_PREFIX + attribute
    checker.names.add(name)
    return Term("text", lambda known: known.attributes.get(attribute, NOT_ASKED), node, name)


def _compile_turn(checker: ExpressionChecker, index: ast.expr, depth: int) -> Term:
    if isinstance(index, ast.Slice | ast.Tuple):
        return checker.report_syntax(
            index, "this refers to several turns", "use one: person[1].age"
        )
    turn = _compile(checker, index, depth)
    if turn.kind == "wrong":
        return turn
    if turn.roster or get_family(turn) not in ("number", "any"):
        return checker.report_syntax(index, "a turn is one number", "write person[1].age")
    if turn.is_literal and not (isinstance(turn.value, int) and turn.value >= 1):
        return checker.report_syntax(
            index, f"there is no turn {turn.value}", "turns are counted from 1: person[1].age"
        )
    return turn


def _compile_turn_test(
    checker: ExpressionChecker, left: ast.expr, roster: str, node: ast.expr, depth: int
) -> Term:
    """Compile `2 in person`: whether a roster has a turn."""
    turn = _compile_turn(checker, left, depth)
    if turn.kind == "wrong":
        return turn
    checker.names.update(
        name for name, item in checker.scope.names.items() if item.roster == roster
    )
    return Term(
        "truth", logic.make_turn_test(roster, turn.evaluate), node, unsure_names=turn.unsure_names
    )


def _report_subscript(checker: ExpressionChecker, node: ast.Subscript, _depth: int) -> Term:
    source = checker.get_source(node)
    if isinstance(node.value, ast.Name) and node.value.id in checker.scope.rosters:
        what = f"{source} is a turn, not an item"
        return checker.report_problem(
            "roster-as-value", node, what, f"write the item: {source}.item"
        )
    remedy = "only a roster has turns: person[1].age; a list follows in: q1 in [1, 2]"
    return checker.report_syntax(node, f"{source} is not part of a condition", remedy)


def _compile_junction(checker: ExpressionChecker, node: ast.BoolOp, depth: int) -> Term:
    conjunction = isinstance(node.op, ast.And)
    alternatives = node.values if not conjunction else []
    for child in alternatives:
        if isinstance(child, ast.BoolOp) and not checker.parsed.is_bracketed(child):
            what = "and binds more tightly than or, which is easily misread"
            remedy = f"write ({checker.get_source(child)}), or put the parentheses elsewhere"
            checker.warn("and-or-without-brackets", child, what, remedy)
            break
    befores: list[ast.expr | None] = [None, *node.values]
    parts = [
        checker.require_truth(_compile(checker, child, depth), before=before)
        for child, before in zip(node.values, befores, strict=False)
    ]
    return _join_truths(checker, parts, node, conjunction=conjunction)


def _join_truths(
    checker: ExpressionChecker, parts: list[Term], node: ast.expr, *, conjunction: bool
) -> Term:
    """Join truth values by `and`, or by `or`."""
    join = logic.logical_and if conjunction else logic.logical_or
    joined = checker.combine(join, parts, "truth", node)
    if joined.kind == "wrong" or joined.roster:
        return joined
    tests = [part.test for part in parts if part.test is not None]
    evaluate = logic.make_junction([part.evaluate for part in parts], conjunction=conjunction)
    if len(tests) == len(parts):
        evaluate = logic.make_tests_evaluator(tuple(tests), evaluate, conjunction=conjunction)
    return joined._replace(evaluate=evaluate)


def _compile_unary(checker: ExpressionChecker, node: ast.UnaryOp, depth: int) -> Term:
    part = _compile(checker, node.operand, depth)
    if part.kind == "wrong":
        return part
    match node.op:
        case ast.Not():
            part = checker.require_truth(part)
            inverse = checker.combine(logic.logical_not, [part], "truth", node)
            checker.add_doubt(inverse, inverse.unsure_names)
            return inverse
        case ast.USub() | ast.UAdd():
            if get_family(part) not in ("number", "any"):
                return checker.report_not_a_number(part, "a sign must precede a number")
            if isinstance(node.op, ast.UAdd):
                return part._replace(node=node)
            if part.is_literal:
                return part._replace(
                    node=node, value=-part.value, evaluate=logic.make_constant(-part.value)
                )
            return checker.combine(logic.negate, [part], "number", node)
        case _:
            return checker.report_syntax(node, "~ is not part of a condition", "write not")


def _compile_binary(checker: ExpressionChecker, node: ast.BinOp, depth: int) -> Term:
    parts = [_compile(checker, node.left, depth), _compile(checker, node.right, depth)]
    sign = comparisons.ARITHMETIC_SIGNS.get(type(node.op))
    if sign is None:
        return checker.report_syntax(node, *_explain_foreign_syntax(node))
    if any(part.kind == "wrong" for part in parts):
        return checker.make_wrong(node)
    if sign == "+" and [get_family(part) for part in parts] == ["text", "text"]:
        remedy = "use both as fills in the text: {first} {last}"
        return checker.report_problem(
            "not-a-number", node, "+ adds numbers and does not join texts", remedy
        )
    for part in parts:
        if get_family(part) not in ("number", "any"):
            return checker.report_not_a_number(part, f"{sign} requires numbers")
    return checker.combine(logic.make_arithmetic(sign), parts, "number", node)


def _compile_comparisons(checker: ExpressionChecker, node: ast.Compare, depth: int) -> Term:
    chain = zip((node.left, *node.comparators), node.ops, node.comparators, strict=False)
    links = [_compile_link(checker, left, op, right, node, depth) for left, op, right in chain]
    if len(links) == 1:
        return links[0]
    return _join_truths(checker, links, node, conjunction=True)


def _compile_link(
    checker: ExpressionChecker,
    left: ast.expr,
    op: ast.cmpop,
    right: ast.expr,
    node: ast.expr,
    depth: int,
) -> Term:
    """Compile one link of a chained comparison."""
    if isinstance(op, ast.Is | ast.IsNot):
        remedy = "write == for 'is the same as', or answered(q1)"
        return checker.report_syntax(node, "'is' is not part of a condition", remedy)
    sign = comparisons.COMPARISON_SIGNS.get(type(op))
    negated = isinstance(op, ast.NotIn)
    if sign is None and isinstance(right, ast.List | ast.Tuple):
        checker.part_count += len(right.elts)
        return comparisons.compile_in_list(
            checker, _compile(checker, left, depth), right.elts, node, negated=negated
        )
    if sign is None and isinstance(right, ast.Name) and right.id in checker.scope.rosters:
        test = _compile_turn_test(checker, left, right.id, node, depth)
        if negated:
            return checker.combine(logic.logical_not, [test], "truth", node)
        return test
    if isinstance(left, ast.Name) and left.id not in checker.scope.names:
        second = _compile(checker, right, depth)
        first = _compile(checker, left, depth, second)
    else:
        first = _compile(checker, left, depth)
        second = _compile(checker, right, depth, first)
    if sign is None:
        return comparisons.compile_in_multiple(checker, first, second, node, negated=negated)
    return comparisons.compile_comparison(checker, first, sign, second, node)


def _compile_choice(checker: ExpressionChecker, node: ast.IfExp, depth: int) -> Term:
    test = checker.require_truth(_compile(checker, node.test, depth))
    then = _compile(checker, node.body, depth)
    otherwise = _compile(checker, node.orelse, depth)
    if "wrong" in (test.kind, then.kind, otherwise.kind):
        return checker.make_wrong(node)
    if then.is_literal and get_family(otherwise) in ("date", "time"):
        then = comparisons.convert_literal(checker, then, otherwise, exact=True)
    if otherwise.is_literal and get_family(then) in ("date", "time"):
        otherwise = comparisons.convert_literal(checker, otherwise, then, exact=True)
    families = {family for part in (then, otherwise) if (family := get_family(part)) != "any"}
    if "wrong" in families:
        return checker.make_wrong(node)
    if len(families) > 1:
        what = f"{checker.describe(then)}, but {checker.describe(otherwise)}"
        return checker.report_problem("unlike-kinds", node, what, "use two values of the same kind")
    kind: Kind = then.kind if then.kind == otherwise.kind else "code"
    codes = then.codes | otherwise.codes if then.codes and otherwise.codes else None
    if kind == "code" and codes is None and families:
        kind = families.pop()
    part = checker.combine(logic.choose, [test, then, otherwise], kind, node)
    return part._replace(codes=codes, unsure_names=then.unsure_names | otherwise.unsure_names)


def _explain_foreign_syntax(node: ast.expr) -> tuple[str, str]:
    """Explain syntax that is valid in Python but not in a condition."""
    match node:
        case ast.List():
            return "a list can't be used on its own", "a list follows in: q1 in [1, 2]"
        case ast.Tuple():
            remedy = "write decimals with a point (1.5), a list in square brackets ([1, 5])"
            return "there is a comma outside a list or function", remedy
        case ast.BinOp(op=op):
            sign = {ast.Pow: "**", ast.FloorDiv: "//", ast.Mod: "%"}.get(type(op), "")
            operator = "this operator is not part of a condition", "use + - * /, and or not"
            return list_synonyms("signs").get(sign, operator)
        case ast.JoinedStr():
            return "an f before a text is not part of a condition", "write the text alone"
        case _:
            return (
                "this is not part of a condition",
                "a condition is written like q1 == 1 and q2 in [3, 4]",
            )


_COMPILERS: Final[dict[type[ast.AST], Callable[[ExpressionChecker, Any, int], Term]]] = {
    ast.Name: _compile_name,
    ast.Constant: lambda checker, node, _depth: checker.check_literal(node),
    ast.Compare: _compile_comparisons,
    ast.BoolOp: _compile_junction,
    ast.Call: lambda checker, node, depth: compile_call(
        checker, node, lambda part: _compile(checker, part, depth)
    ),
    ast.UnaryOp: _compile_unary,
    ast.BinOp: _compile_binary,
    ast.IfExp: _compile_choice,
    ast.Attribute: _compile_attribute,
    ast.Subscript: _report_subscript,
}
