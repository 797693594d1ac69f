"""Comparisons in conditions: `== != < <= > >=` and `in`, type-checked and compiled, with remedies for mistakes."""

import ast
import re
from datetime import date, time
from typing import Any, Final, Literal

from survey_cli.instrument.expressions.expression_checker import (
    ExpressionChecker,
    Family,
    Term,
    describe_kind,
    format_codes,
    format_constant,
    get_family,
)
from survey_cli.instrument.expressions.three_valued_logic import (
    COMPARE,
    is_chosen,
    logical_not,
    make_comparison,
    make_comparison_test,
    make_constant,
    make_inclusion_test,
    make_membership,
    make_membership_test,
    to_nfc,
)
from survey_cli.values import Code

COMPARISON_SIGNS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
OPPOSITE_SIGNS: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRRORED_SIGNS: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_MAX_LISTED: Final = 8
"""How many codes a remedy lists."""


def compile_comparison(checker: ExpressionChecker, left: Term, sign: str, right: Term, node: ast.expr) -> Term:
    """Compile `left sign right`."""
    if left.is_literal and not right.is_literal:
        left, sign, right = right, MIRRORED_SIGNS[sign], left
    if left.kind == "wrong" or right.kind == "wrong":
        return checker.make_wrong(node)
    for part, other in ((left, right), (right, left)):
        if part.kind == "codes":
            return _report_multiple_compared(checker, part, sign, other, node)
    exact = sign in ("==", "!=")
    if right.is_literal:
        right = convert_literal(checker, right, left, exact=exact)
    elif not _check_same_kind(checker, left, right, node):
        return checker.make_wrong(node)
    if right.kind == "wrong":
        return right
    other_family = get_family(left)
    if other_family in ("text", "truth") and not exact:
        what = f"{checker.describe(left)}, which {sign} cannot order"
        return checker.report_problem(
            "no-order", node, what, "compare with == or !=, or list the codes: q1 in ['a', 'b']"
        )
    if left.is_literal:
        checker.warn(
            "constant-condition", node, *_describe_constant_condition(make_comparison(sign)(left.value, right.value))
        )
    elif right.is_literal and left.codes and not exact:
        _warn_if_constant(checker, left, sign, right.value, node)
    elif left.name and left.name == right.name and checker.get_source(left.node) == checker.get_source(right.node):
        what = f"{left.name} is compared with itself"
        checker.warn("compared-with-itself", node, what, "use the other item, or a code")
    test = None
    if left.plain_name and right.is_literal and left.kind != "text" and (left.kind != "code" or left.codes):
        value = bool(right.value) if left.kind == "truth" else right.value
        test = make_comparison_test(left.plain_name, sign, value)
    part = checker.combine(make_comparison(sign), [left, right], "truth", node, test=test)
    if sign == "!=" and part.unsure_names:
        checker.add_doubt(part, part.unsure_names, _suggest_other_codes(checker, left, [right.value]))
    return part


def compile_in_list(
    checker: ExpressionChecker, left: Term, elements: list[ast.expr], node: ast.expr, *, negated: bool
) -> Term:
    """Compile `left in [1, 2, dk]`."""
    scope = checker.scope
    declines: set[str] = set()
    values: list[Any] = []
    valid = True
    for element in elements:
        if isinstance(element, ast.Name) and element.id not in scope.names and element.id in scope.declines:
            declines.add(element.id)
            continue
        part = _check_list_element(checker, element, left)
        if part.kind != "wrong" and left.kind not in ("wrong", "codes"):
            part = convert_literal(checker, part, left, exact=True)
        valid = valid and part.kind != "wrong"
        values.append(part.value)
    if left.kind == "wrong" or not valid:
        return checker.make_wrong(node)
    if not elements:
        return checker.report_problem(
            "constant-condition", node, "an empty list contains nothing", "write the codes: [1, 2]"
        )
    if left.kind == "codes":
        return _report_multiple_compared(checker, left, "in", left, node, values)
    if left.is_literal:
        checker.warn("constant-condition", node, *_describe_constant_condition((left.value in values) is not negated))
    if declines:
        checker.guarded_names.add(left.name)
    allowed = frozenset(values)
    test = None
    if left.plain_name and not declines and left.kind != "text" and (left.kind != "code" or left.codes):
        test = make_membership_test(left.plain_name, allowed)
    part = checker.combine(make_membership(allowed, frozenset(declines)), [left], "truth", node, test=test)
    if declines:
        part = part._replace(unsure_names=frozenset())
    return _negate(checker, part, left, values) if negated else part


def compile_in_multiple(checker: ExpressionChecker, left: Term, right: Term, node: ast.expr, *, negated: bool) -> Term:
    """Compile `'tv' in media`."""
    if left.kind == "wrong" or right.kind == "wrong":
        return checker.make_wrong(node)
    source = checker.get_source(right.node)
    if right.kind != "codes":
        code = checker.get_source(left.node)
        if right.roster:
            what, remedy = (
                f"{source} is a list over the turns of {right.roster}",
                f"write count({source} == {code}) >= 1",
            )
        elif right.name:
            what, remedy = (
                f"{source} is {describe_kind(right)}, not a list",
                f"write {source} == {code}, or {source} in [{code}]",
            )
        else:
            what, remedy = (f"{source} is not a list", "write a list in square brackets, or a multiple: 'tv' in media")
        return checker.report_problem("not-a-list", right.node, what, remedy)
    if left.kind == "codes":
        what = f"{checker.get_source(left.node)} is itself a multiple"
        return checker.report_problem(
            "multiple-compared", left.node, what, "look for one code at a time: 'tv' in media"
        )
    if left.is_literal and right.codes:
        left = convert_to_code(checker, left, right)
        if left.kind == "wrong":
            return left
    test = make_inclusion_test(left.value, right.plain_name) if left.is_literal and right.plain_name else None
    part = checker.combine(is_chosen, [left, right], "truth", node, test=test)
    return _negate(checker, part, right, []) if negated else part


def convert_literal(checker: ExpressionChecker, part: Term, other: Term, *, exact: bool) -> Term:
    """Convert the literal `part` so that it can be compared with `other`, or report a problem.

    A text becomes a date or time, and a code must exist (unless it is only a limit, as in `q2 >= 0`).
    """
    other_family = get_family(other)
    if other_family == "date" or other_family == "time":
        return _convert_to_date_or_time(checker, part, other, other_family)
    if other_family == "truth":
        if part.kind == "truth" or (other.name and part.value in (0, 1)):
            return part
        what = f"{checker.describe(other)} already, so there is nothing to compare it with"
        return checker.report_problem("unlike-kinds", part.node, what, "write it alone, or with not before it")
    if other_family not in ("any", get_family(part)):
        return _report_unlike_literal(checker, part, other, other_family)
    if other.kind == "code" and other.codes and (exact or other_family == "text"):
        return convert_to_code(checker, part, other)
    return part


def convert_to_code(checker: ExpressionChecker, part: Term, other: Term) -> Term:
    """Convert the literal to the code that it names, exactly as that was written."""
    codes = other.codes or frozenset()
    if part.value in codes:
        return part
    code = next((code for code in codes if to_nfc(code) == part.value), None)
    return (
        _report_unknown_code(checker, part, other)
        if code is None
        else part._replace(value=code, evaluate=make_constant(code))
    )


def _check_list_element(checker: ExpressionChecker, element: ast.expr, compared_term: Term) -> Term:
    """Check one value of a list in brackets."""
    match element:
        case ast.Constant():
            return checker.check_literal(element)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float()) as number):
            part = checker.check_literal(number)
            return part if part.kind == "wrong" else part._replace(node=element, value=-part.value)
        case ast.Name(id=name) if name in checker.scope.names:
            what = f"a list contains codes, but {name} is an item"
            return checker.report_problem("item-in-list", element, what, f"compare with it: q1 == {name} or …")
        case ast.Name():
            return checker.report_unknown_name(element, compared_term)
        case _:
            what = f"{checker.get_source(element)} is not a code"
            return checker.report_problem(
                "item-in-list", element, what, "list numbers, texts in quotes, dk and refused"
            )


def _negate(checker: ExpressionChecker, part: Term, item: Term, values: list[Any]) -> Term:
    negated_term = checker.combine(logical_not, [part], "truth", part.node)
    checker.add_doubt(
        negated_term, negated_term.unsure_names, _suggest_other_codes(checker, item, values) if values else ""
    )
    return negated_term


def _describe_constant_condition(holds: object) -> tuple[str, str]:
    word = "true" if holds is True else "false"
    return f"this is always {word}, because it depends on no answer", "use an item, or remove it"


def _report_multiple_compared(
    checker: ExpressionChecker, part: Term, sign: str, other: Term, node: ast.expr, values: list[Any] | None = None
) -> Term:
    source = checker.get_source(part.node)
    what = f"{source} is a multiple, which contains any number of codes, so {sign} cannot compare it"
    if sign in ("<", "<=", ">", ">="):
        remedy = f"write count({source}) {sign} {checker.get_source(other.node) if other is not part else 2}"
    elif values:
        remedy = "write " + " or ".join(f"{format_constant(value)} in {source}" for value in values[:_MAX_LISTED])
    else:
        code = checker.get_source(other.node) if other.is_literal else "'code'"
        remedy = f"write {code} {'not in' if sign == '!=' else 'in'} {source}"
    return checker.report_problem("multiple-compared", node, what, remedy)


def _check_same_kind(checker: ExpressionChecker, left: Term, right: Term, node: ast.expr) -> bool:
    """Return whether two terms, neither of them a literal, are of the same kind; otherwise report a problem."""
    families = {get_family(left), get_family(right)}
    if len(families) == 1 or "any" in families:
        return True
    what = f"{checker.describe(left)}, but {checker.describe(right)}"
    checker.report_problem("unlike-kinds", node, what, "compare values of the same kind")
    return False


def _report_unknown_code(checker: ExpressionChecker, part: Term, other: Term) -> Term:
    codes = other.codes or frozenset()
    lookalike = next((code for code in codes if str(code) == str(part.value)), None)
    if lookalike is not None:
        return _report_misquoted_code(checker, part, other, lookalike)
    if (reported := checker.report_text_of_code(part.node, other, part.value)) is not None:
        return reported
    return checker.report_unknown_code(part.node, other.name or checker.get_source(other.node), codes, part.value)


def _report_misquoted_code(checker: ExpressionChecker, part: Term, other: Term, lookalike: Code) -> Term:
    """Report a code that exists as a number although a text was written, or the other way round."""
    kind = "numbers" if isinstance(lookalike, int) else "texts"
    what = f"the codes of {checker.get_source(other.node)} are {kind}, and {format_constant(part.value)} is not one"
    hint = "without quotes" if isinstance(lookalike, int) else "in quotes"
    return checker.report_problem("unlike-kinds", part.node, what, f"write {format_constant(lookalike)}, {hint}")


def _report_unlike_literal(checker: ExpressionChecker, part: Term, other: Term, other_family: Family) -> Term:
    lookalike = next((code for code in other.codes or () if str(code) == str(part.value)), None)
    if other.kind == "code" and lookalike is not None:
        return _report_misquoted_code(checker, part, other, lookalike)
    if (reported := checker.report_text_of_code(part.node, other, part.value)) is not None:
        return reported
    what = f"{checker.describe(other)}, but {format_constant(part.value)} is {describe_kind(part)}"
    if other.kind == "code" and other.codes:
        return checker.report_problem("unlike-kinds", part.node, what, f"its codes are {format_codes(other.codes)}")
    if other_family == "number" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(part.value)):
        return checker.report_problem("unlike-kinds", part.node, what, f"write {part.value}, without quotes")
    remedy = f"write it in quotes: '{part.value}'" if other_family == "text" else "compare it with a number"
    return checker.report_problem("unlike-kinds", part.node, what, remedy)


def _convert_to_date_or_time(
    checker: ExpressionChecker, part: Term, other: Term, other_family: Literal["date", "time"]
) -> Term:
    """Convert a text to a date or time of day."""
    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}" if other_family == "date" else r"[0-9]{2}:[0-9]{2}"
    parsed: date | time | None = None
    if part.kind == "text" and re.fullmatch(pattern, part.value):
        try:
            parsed = date.fromisoformat(part.value) if other_family == "date" else time.fromisoformat(part.value)
        except ValueError:
            parsed = None
    if parsed is None:
        example = (
            "year-month-day in quotes: '2024-01-05'" if other_family == "date" else "hours:minutes in quotes: '09:30'"
        )
        what = f"{checker.describe(other)}, but {checker.get_source(part.node)} is not one"
        return checker.report_problem("unlike-kinds", part.node, what, f"write {example}")
    return part._replace(kind=other_family, value=parsed, evaluate=make_constant(parsed))


def _warn_if_constant(checker: ExpressionChecker, part: Term, sign: str, bound: Any, node: ast.expr) -> None:
    """Warn if every code satisfies the comparison, or none does."""
    if get_family(part) != "number" or part.kind != "code":
        return
    holds = [COMPARE[sign](code, bound) for code in part.codes or ()]
    if all(holds) or not any(holds):
        word = "true for every answer" if all(holds) else "never true"
        what = f"this is {word}: the codes of {part.name} are {format_codes(part.codes or ())}"
        remedy = f"write answered({part.name}) if you mean any answer" if all(holds) else "compare with one of these"
        checker.warn("constant-condition", node, what, remedy)


def _suggest_other_codes(checker: ExpressionChecker, item: Term, values: list[Any]) -> str:
    """Suggest the remaining codes, if they are few."""
    codes = sorted(
        (code for code in item.codes or () if code not in values), key=lambda code: (isinstance(code, str), code)
    )
    if item.kind != "code" or not item.name or not codes or len(codes) > _MAX_LISTED:
        return ""
    source, remaining = checker.get_source(item.node), ", ".join(format_constant(code) for code in codes)
    declines = ", ".join(checker.scope.declines) or "dk"
    return f"write {source} in [{remaining}, {declines}] if they count, {source} in [{remaining}] if not"


def find_constant(node: ast.expr) -> Any:
    """Find the value of a constant, with its sign; None if it is not a constant."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case _:
            return None
