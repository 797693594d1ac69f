"""Conditions and calculations, compiled from their text into closures that read what is known.

Every mistake becomes a problem. Nothing is ever evaluated from text.
"""

import ast
from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from copy import deepcopy
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Final, Literal, TypeAlias, assert_never

from survey_cli.instrument.editions import STRICT_CHOICES_EDITION
from survey_cli.instrument.expressions import comparisons, parsing
from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.alternatives import compile_choice
from survey_cli.instrument.expressions.amount_terms import (
    attach_amounts,
    attach_limits,
    to_amount,
    to_amounts,
)
from survey_cli.instrument.expressions.expression_checker import (
    NO_NAMES,
    ExpressionChecker,
    Kind,
    Scope,
    Term,
    ValueType,
    get_family,
    shift_position,
)
from survey_cli.instrument.expressions.function_calls import compile_call
from survey_cli.instrument.expressions.known import INTERVIEWER_PREFIX, Known
from survey_cli.instrument.expressions.three_valued_logic import Evaluator
from survey_cli.instrument.source.foreign_words import list_synonyms
from survey_cli.instrument.source.nodes import MadeScalar
from survey_cli.problems import Position, Problem, select_errors, suggest_nearest
from survey_cli.values import NOT_ASKED, Code, Missing

__all__ = [
    "Condition",
    "ExpectedKind",
    "Scope",
    "ValueType",
    "compile_condition",
    "locate_use",
]

ExpectedKind: TypeAlias = Literal["truth", "number", "date", "value", "list"]
"""The kind of result that is required.

`value` is any single value; `list` is a list over turns, or a multiple.
"""


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

    A truth value is True, False, or the `Missing` that makes it unknown.
    """
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
    is_made = isinstance(text, MadeScalar)
    if is_made:
        parsed = parsing.parse_made(text)
    elif scope.edition >= STRICT_CHOICES_EDITION:
        parsed = parsing.parse_strictly(text)
    else:
        parsed = parsing.parse_expression(text)
    if isinstance(parsed, parsing.ParseFailure):
        rule, offset, length, what, remedy = parsed
        at = shift_position(where, text, offset)
        return None, (Problem(rule, at, who, what, remedy, "error", max(length, 1)),)

    checker = ExpressionChecker(text, parsed, scope, where, who)
    checker.guarded_names.update(answered)
    checker.is_limited = not is_made
    checker.guarded_names.update(_list_compared_names(parsed.tree))
    term = _compile(checker, parsed.tree, 1)
    if term.kind != "wrong":
        term = _check_expected(checker, term, expected)
    problems = checker.collect_problems()
    if term.kind == "wrong" or select_errors(problems):
        return None, problems

    result_type = _make_value_type(term.kind, term.codes, bool(term.unsure_names), term.roster)
    if term.kind == "code" and term.keyed is not None:
        # a code that was calculated has the amount of the code that was keyed
        result_type = result_type._replace(amounts=term.keyed.reading)
    elif term.may_lack_amount:
        result_type = result_type._replace(may_lack_amount=True)
    tree = parsed.tree
    if "elapsed" in text:
        # equal texts share a tree, but elapsed() is another number in each condition
        tree = deepcopy(tree)
    return Condition(text, frozenset(checker.names), result_type, term.evaluate, tree), problems


def _list_compared_names(tree: ast.expr) -> set[str]:
    """List the items that an `and` compares without a negation: `days >= 15 and days != 88`.

    A designer doesn't expect that to be true after a don't know.
    """
    names: set[str] = set()
    if not isinstance(tree, ast.BoolOp) or not isinstance(tree.op, ast.And):
        return names

    for part in tree.values:
        match part:
            case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[right]):
                is_negated = isinstance(op, ast.NotEq | ast.NotIn)
                if not is_negated and comparisons.find_constant(right) is not None:
                    names.add(name)
    return names


def locate_use(name: str, condition: Condition, where: Position) -> tuple[Position, int]:
    """Return position and length of the first use of a variable in a condition.

    `where` is the position at which the condition is written.
    """
    parsed = parsing.parse_expression(condition.text)
    if isinstance(parsed, parsing.ParseFailure):
        return where, 1

    for node in ast.walk(parsed.tree):
        match node:
            case ast.Name(id=used_name) | ast.Attribute(attr=used_name) if used_name == name:
                at, length = parsed.locate(node)
                return shift_position(where, condition.text, at), length
    return where, 1


@lru_cache(maxsize=256)  # thousands of conditions have few types of results
def _make_value_type(
    kind: Kind, codes: AbstractSet[Code] | None, declinable: bool, roster: str | None
) -> ValueType:
    assert kind != "wrong"
    if kind == "truth":
        return ValueType("flag", codes, declinable, roster)
    return ValueType(kind, codes, declinable, roster)


def _check_expected(checker: ExpressionChecker, part: Term, expected: ExpectedKind) -> Term:
    """Return the term if it is of the expected kind, else report a problem."""
    if expected == "list":
        if part.roster or part.kind == "codes":
            return part
        what = "this is one value, but a list is required here"
        remedy = "use a multiple, or a roster's item: person.age"
        return checker.report_problem("one-value", part.node, what, remedy)

    if part.roster:
        return checker.report_list(part)
    family = get_family(part)
    match expected:
        case "truth":
            return checker.require_truth(part)
        case "number":
            if family not in ("number", "any"):
                return checker.report_not_a_number(part, "a number is required here")
            return to_amount(checker, part)
        case "date":
            if family not in ("date", "any"):
                what = f"a date is required here, and {checker.describe(part)}"
                remedy = "use an item of type date, or today"
                return checker.report_problem("unlike-kinds", part.node, what, remedy)
        case "value":
            pass
        case _:
            assert_never(expected)
    return part


# One function for each kind of node; the table at the end of the module lists them.


def _compile(
    checker: ExpressionChecker, node: ast.expr, depth: int, compared: Term | None = None
) -> Term:
    """Compile a part of a condition. `compared` is the other side, if it is one of a comparison."""
    checker.part_count += 1
    has_too_many_parts = checker.is_limited and checker.part_count > parsing.MAX_PARTS
    if depth > parsing.MAX_DEPTH or has_too_many_parts:
        if not checker.is_too_large:
            checker.is_too_large = True  # every further part would say so again
            failure = parsing.TOO_LARGE
            checker.report_problem(failure.rule, node, failure.what, failure.remedy)
        return checker.make_wrong(node)

    if isinstance(node, ast.Name) and node.id not in checker.scope.names:
        return checker.report_unknown_name(node, compared)
    compile_node = _COMPILERS.get(node.__class__)
    if compile_node is None:
        return checker.report_syntax(node, *_explain_foreign_syntax(node))
    return compile_node(checker, node, depth + 1)


def _compile_name(checker: ExpressionChecker, node: ast.Name, _depth: int) -> Term:
    name = node.id
    value_type = checker.scope.names[name]
    roster = value_type.roster
    if roster is None:
        term = _compile_variable(checker, node, name, value_type, logic.make_reader)
        return term._replace(plain_name=name)

    # inside the roster a name stands for the current turn, outside for the list of all turns
    is_inside = roster == checker.scope.inside_roster or roster in checker.scope.sources
    if is_inside:
        return _compile_variable(checker, node, name, value_type, logic.make_turn_reader)
    read_all = partial(logic.make_all_turns_reader, roster=roster)
    return _compile_variable(checker, node, name, value_type, read_all, roster)


def _compile_variable(
    checker: ExpressionChecker,
    node: ast.expr,
    name: str,
    value_type: ValueType,
    make_reader: Callable[[str], Evaluator],
    roster: str | None = None,
) -> Term:
    """Compile a variable. With a roster, it is the list of all its turns."""
    checker.names.add(name)
    if value_type.has_mistake:
        return checker.make_wrong(node)

    evaluate = make_reader(name)
    if value_type.why_unanswered:
        what = f"{name} {value_type.why_unanswered}; it has no answer"
        return checker.report_problem("no-answer", node, what, "use an item with an answer")

    unsure_names = NO_NAMES
    if value_type.declinable:
        unsure_names = frozenset((name,))
    if value_type.type == "flag":
        stored = Term("truth", evaluate, node, roster=roster, unsure_names=unsure_names)
        return checker.combine(logic.to_truth, [stored], "truth", node)._replace(name=name)

    kind: Kind = "number"
    codes = None
    if value_type.type != "draw":
        kind = value_type.type
    if kind in ("code", "codes"):
        codes = value_type.codes
    part = Term(kind, evaluate, node, name, "", codes, roster, unsure_names=unsure_names)
    if value_type.may_lack_amount:
        part = part._replace(may_lack_amount=True)
    part = attach_amounts(checker, part, value_type.amounts, value_type.codes)
    if value_type.limits is not None:
        exact, low, high = value_type.limits
        names = [low, high]
        if exact is not None:
            names.append(exact)
        checker.names.update(names)
        readers = [make_reader(limit) for limit in names]
        return attach_limits(checker, part, readers)
    return part


def _compile_attribute(checker: ExpressionChecker, node: ast.Attribute, depth: int) -> Term:
    """Compile `person.age` or `person[1].age`."""
    scope = checker.scope
    turn_node: ast.expr | None = None
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
        return _report_not_a_roster(checker, node.value, roster)

    name = node.attr
    value_type = scope.names.get(name)
    if value_type is None or value_type.roster != roster:
        items = [item for item, known in scope.names.items() if known.roster == roster]
        what = f"the roster {roster} has no item {name!r}"
        remedy = suggest_nearest(name, items, otherwise=f"its items are {', '.join(items[:8])}")
        return checker.report_problem("unknown-name", node, what, remedy, subject=name)

    if turn_node is None:
        read_all = partial(logic.make_all_turns_reader, roster=roster)
        return _compile_variable(checker, node, name, value_type, read_all, roster)
    turn = _compile_turn(checker, turn_node, depth)
    if turn.kind == "wrong":
        return turn
    read_one = partial(logic.make_one_turn_reader, roster=roster, which=turn.evaluate)
    part = _compile_variable(checker, node, name, value_type, read_one)
    return part._replace(unsure_names=part.unsure_names | turn.unsure_names)


def _report_not_a_roster(checker: ExpressionChecker, node: ast.expr, name: str) -> Term:
    """Report what precedes the point of `q1.age` or `q1[1].age`."""
    scope = checker.scope
    if name in scope.names:
        what = f"{name} is an item and has no parts"
        remedy = f"write {name} alone; only a roster has items"
    else:
        what = f"{name!r} is not a roster"
        remedy = suggest_nearest(name, scope.rosters, otherwise="write the item's id alone")
    return checker.report_problem("unknown-name", node, what, remedy, subject=name)


def _compile_interviewer(checker: ExpressionChecker, node: ast.Attribute) -> Term:
    """Compile `interviewer.sex`: an entry of the list of people about who began the interview."""
    attribute = node.attr
    name = INTERVIEWER_PREFIX + attribute
    checker.names.add(name)

    def evaluate(known: Known) -> str | Missing:
        return known.attributes.get(attribute, NOT_ASKED)

    return Term("text", evaluate, node, name)


def _compile_turn(checker: ExpressionChecker, index: ast.expr, depth: int) -> Term:
    """Compile the number of a turn: the 1 of `person[1].age` or of `1 in person`."""
    if isinstance(index, ast.Slice | ast.Tuple):
        what = "this refers to several turns"
        return checker.report_syntax(index, what, "use one: person[1].age")

    turn = _compile(checker, index, depth)
    if turn.kind == "wrong":
        return turn
    if turn.roster or get_family(turn) not in ("number", "any"):
        return checker.report_syntax(index, "a turn is one number", "write person[1].age")
    turn = to_amount(checker, turn)
    if turn.is_literal:
        is_valid = isinstance(turn.value, int) and turn.value >= 1
        if not is_valid:
            what = f"there is no turn {turn.value}"
            return checker.report_syntax(index, what, "turns are counted from 1: person[1].age")
    return turn


def _compile_turn_test(
    checker: ExpressionChecker, left: ast.expr, roster: str, node: ast.expr, depth: int
) -> Term:
    """Compile `2 in person`: whether a roster has a turn."""
    turn = _compile_turn(checker, left, depth)
    if turn.kind == "wrong":
        return turn

    # so that the checks and the proof know that it depends on the roster
    for name, value_type in checker.scope.names.items():
        if value_type.roster == roster:
            checker.names.add(name)
    evaluate = logic.make_turn_test(roster, turn.evaluate)
    return Term("truth", evaluate, node, unsure_names=turn.unsure_names)


def _report_subscript(checker: ExpressionChecker, node: ast.Subscript, _depth: int) -> Term:
    """Report `person[1]` or `q1[1]`: a turn is no value."""
    source = checker.get_source(node)
    is_turn = isinstance(node.value, ast.Name) and node.value.id in checker.scope.rosters
    if is_turn:
        what = f"{source} is a turn, not an item"
        remedy = f"write the item: {source}.item"
        return checker.report_problem("roster-as-value", node, what, remedy)
    remedy = "only a roster has turns: person[1].age; a list follows in: q1 in [1, 2]"
    return checker.report_syntax(node, f"{source} is not part of a condition", remedy)


def _compile_junction(checker: ExpressionChecker, node: ast.BoolOp, depth: int) -> Term:
    """Compile `a and b and c`, or `a or b or c`."""
    conjunction = isinstance(node.op, ast.And)
    if not conjunction:
        _warn_if_without_brackets(checker, node.values)

    parts = []
    before: ast.expr | None = None
    for child in node.values:
        part = _compile(checker, child, depth)
        parts.append(checker.require_truth(part, before=before))
        before = child
    return _join_truths(checker, parts, node, conjunction=conjunction)


def _warn_if_without_brackets(checker: ExpressionChecker, alternatives: list[ast.expr]) -> None:
    """Warn about the first `and` without brackets in an `or`."""
    for child in alternatives:
        if isinstance(child, ast.BoolOp) and not checker.parsed.is_bracketed(child):
            what = "and binds more tightly than or, which is easily misread"
            remedy = f"write ({checker.get_source(child)}), or put the parentheses elsewhere"
            checker.warn("and-or-without-brackets", child, what, remedy)
            return


def _join_truths(
    checker: ExpressionChecker, parts: list[Term], node: ast.expr, *, conjunction: bool
) -> Term:
    """Join truth values by `and`, or by `or`."""
    join = logic.logical_and if conjunction else logic.logical_or
    joined = checker.combine(join, parts, "truth", node)
    if joined.kind == "wrong" or joined.roster:
        return joined

    # what was combined evaluates all parts; these two stop at the one that decides
    evaluate = logic.make_junction([part.evaluate for part in parts], conjunction=conjunction)
    tests = [part.test for part in parts if part.test is not None]
    if len(tests) == len(parts):
        evaluate = logic.make_tests_evaluator(tuple(tests), evaluate, conjunction=conjunction)
    return joined._replace(evaluate=evaluate)


def _compile_unary(checker: ExpressionChecker, node: ast.UnaryOp, depth: int) -> Term:
    """Compile `not a`, `-a` or `+a`."""
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
            return _compile_sign(checker, node, part)
        case _:
            return checker.report_syntax(node, "~ is not part of a condition", "write not")


def _compile_sign(checker: ExpressionChecker, node: ast.UnaryOp, part: Term) -> Term:
    if get_family(part) not in ("number", "any"):
        return checker.report_not_a_number(part, "a sign must precede a number")
    if isinstance(node.op, ast.UAdd):
        return part._replace(node=node)
    part = to_amount(checker, part)
    if part.is_literal:
        number = -part.value
        return part._replace(node=node, value=number, evaluate=logic.make_constant(number))
    return checker.combine(logic.negate, [part], "number", node)


def _compile_binary(checker: ExpressionChecker, node: ast.BinOp, depth: int) -> Term:
    """Compile `a + b` and the other calculations."""
    left = _compile(checker, node.left, depth)
    right = _compile(checker, node.right, depth)
    sign = comparisons.ARITHMETIC_SIGNS.get(type(node.op))
    if sign is None:
        return checker.report_syntax(node, *_explain_foreign_syntax(node))
    if left.kind == "wrong" or right.kind == "wrong":
        return checker.make_wrong(node)

    is_joining_texts = sign == "+" and get_family(left) == get_family(right) == "text"
    if is_joining_texts:
        what = "+ adds numbers and does not join texts"
        remedy = "use both as fills in the text: {first} {last}"
        return checker.report_problem("not-a-number", node, what, remedy)
    for part in (left, right):
        if get_family(part) not in ("number", "any"):
            return checker.report_not_a_number(part, f"{sign} requires numbers")
    operands = to_amounts(checker, [left, right])
    return checker.combine(logic.make_arithmetic(sign), operands, "number", node)


def _compile_comparisons(checker: ExpressionChecker, node: ast.Compare, depth: int) -> Term:
    """Compile `a < b`, or a chain: `1 <= a <= 5` is `1 <= a and a <= 5`."""
    links = []
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        links.append(_compile_link(checker, left, op, right, node, depth))
        left = right

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
    if sign is not None:
        first, second = _compile_operands(checker, left, right, depth)
        return comparisons.compile_comparison(checker, first, sign, second, node)

    negated = isinstance(op, ast.NotIn)
    if isinstance(right, ast.List | ast.Tuple):
        checker.part_count += len(right.elts)
        item = _compile(checker, left, depth)
        return comparisons.compile_in_list(checker, item, right.elts, node, negated=negated)
    if isinstance(right, ast.Name) and right.id in checker.scope.rosters:
        test = _compile_turn_test(checker, left, right.id, node, depth)
        if negated:
            return checker.combine(logic.logical_not, [test], "truth", node)
        return test
    first, second = _compile_operands(checker, left, right, depth)
    return comparisons.compile_in_multiple(checker, first, second, node, negated=negated)


def _compile_operands(
    checker: ExpressionChecker, left: ast.expr, right: ast.expr, depth: int
) -> tuple[Term, Term]:
    """Compile both sides of a comparison, an unknown name last.

    It may be a code without quotes, and the other side tells which codes there are.
    """
    if isinstance(left, ast.Name) and left.id not in checker.scope.names:
        second = _compile(checker, right, depth)
        first = _compile(checker, left, depth, compared=second)
    else:
        first = _compile(checker, left, depth)
        second = _compile(checker, right, depth, compared=first)
    return first, second


def _compile_choice(checker: ExpressionChecker, node: ast.IfExp, depth: int) -> Term:
    """Compile `a if condition else b`."""
    test = checker.require_truth(_compile(checker, node.test, depth))
    then = _compile(checker, node.body, depth)
    otherwise = _compile(checker, node.orelse, depth)
    return compile_choice(checker, node, test, then, otherwise)


def _explain_foreign_syntax(node: ast.expr) -> tuple[str, str]:
    """Explain syntax that is valid in Python but not in a condition."""
    match node:
        case ast.List():
            return "a list can't be used on its own", "a list follows in: q1 in [1, 2]"
        case ast.Tuple():
            remedy = "write decimals with a point (1.5), a list in square brackets ([1, 5])"
            return "there is a comma outside a list or function", remedy
        case ast.BinOp(op=ast.Pow()):
            return list_synonyms("signs")["**"]
        case ast.BinOp():
            return "this operator is not part of a condition", "use + - * / // %, and or not"
        case ast.JoinedStr():
            return "an f before a text is not part of a condition", "write the text alone"
        case _:
            example = "a condition is written like q1 == 1 and q2 in [3, 4]"
            return "this is not part of a condition", example


def _compile_constant(checker: ExpressionChecker, node: ast.Constant, _depth: int) -> Term:
    return checker.check_literal(node)


def _compile_function_call(checker: ExpressionChecker, node: ast.Call, depth: int) -> Term:
    return compile_call(checker, node, lambda argument: _compile(checker, argument, depth))


_COMPILERS: Final[dict[type[ast.AST], Callable[[ExpressionChecker, Any, int], Term]]] = {
    ast.Name: _compile_name,
    ast.Constant: _compile_constant,
    ast.Compare: _compile_comparisons,
    ast.BoolOp: _compile_junction,
    ast.Call: _compile_function_call,
    ast.UnaryOp: _compile_unary,
    ast.BinOp: _compile_binary,
    ast.IfExp: _compile_choice,
    parsing.StrictChoice: _compile_choice,
    ast.Attribute: _compile_attribute,
    ast.Subscript: _report_subscript,
}
