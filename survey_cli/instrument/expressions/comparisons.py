"""Comparisons in conditions: `== != < <= > >=` and `in`, type-checked and compiled, with remedies for mistakes."""

import ast
import re
from contextlib import suppress
from datetime import date, time
from typing import Any, Final, Literal

from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.expression_checker import (
    ExpressionChecker,
    Family,
    Term,
    describe_kind,
    format_codes,
    format_constant,
    get_family,
    sort_codes,
)
from survey_cli.wording import MAX_LISTED

_NODES: Final[tuple[type[ast.cmpop], ...]] = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
COMPARISON_SIGNS: Final = dict(zip(_NODES, logic.COMPARE, strict=True))
ARITHMETIC_SIGNS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
}
OPPOSITE_SIGNS: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def compile_comparison(
    checker: ExpressionChecker, left: Term, sign: str, right: Term, node: ast.expr
) -> Term:
    """Compile `left sign right`."""
    if left.is_literal and not right.is_literal:
        left, sign, right = right, logic.MIRRORED_SIGNS[sign], left
    if left.kind == "wrong" or right.kind == "wrong":
        return checker.make_wrong(node)
    for part, other in ((left, right), (right, left)):
        if part.kind == "codes":
            return _report_multiple_compared(checker, part, sign, other, node)
    exact = sign in ("==", "!=")
    if right.is_literal:
        right = convert_literal(checker, right, left, exact=exact)
    elif len({get_family(left), get_family(right)} - {"any"}) > 1:
        what = f"{checker.describe(left)}, but {checker.describe(right)}"
        return checker.report_problem("unlike-kinds", node, what, "compare values of the same kind")
    if right.kind == "wrong":
        return right
    if get_family(left) in ("text", "truth") and not exact:
        what = f"{checker.describe(left)}, which {sign} cannot order"
        remedy = "compare with == or !=, or list the codes: q1 in ['a', 'b']"
        return checker.report_problem("no-order", node, what, remedy)
    if left.is_literal:
        _warn_if_certain(checker, node, logic.make_comparison(sign)(left.value, right.value))
    elif right.is_literal and left.codes and not exact:
        _warn_if_constant(checker, left, sign, right.value, node)
    elif (
        left.name
        and left.name == right.name
        and checker.get_source(left.node) == checker.get_source(right.node)
    ):
        what = f"{left.name} is compared with itself"
        checker.warn("compared-with-itself", node, what, "use the other item, or a code")
    test = None
    if right.is_literal and _can_be_tested(left):
        value = bool(right.value) if left.kind == "truth" else right.value
        test = logic.make_comparison_test(left.plain_name, sign, value)
    part = checker.combine_tested(logic.make_comparison(sign), [left, right], node, test)
    if sign == "!=":
        checker.add_doubt(
            part, part.unsure_names, _suggest_other_codes(checker, left, [right.value])
        )
    return part


def _can_be_tested(part: Term) -> bool:
    """Return whether a term is an ordinary variable that is compared with constants as it is."""
    return bool(part.plain_name and part.kind != "text" and (part.kind != "code" or part.codes))


def compile_in_list(
    checker: ExpressionChecker,
    left: Term,
    elements: list[ast.expr],
    node: ast.expr,
    *,
    negated: bool,
) -> Term:
    """Compile `left in [1, 2, dk]`."""
    scope = checker.scope
    declines: set[str] = set()
    values: list[Any] = []
    valid = left.kind != "wrong"
    for element in elements:
        if (
            isinstance(element, ast.Name)
            and element.id not in scope.names
            and element.id in scope.declines
        ):
            declines.add(element.id)
            continue
        part = _check_list_element(checker, element, left)
        if part.kind != "wrong" and left.kind not in ("wrong", "codes"):
            part = convert_literal(checker, part, left, exact=True)
        valid = valid and part.kind != "wrong"
        values.append(part.value)
    if not valid:
        return checker.make_wrong(node)
    if not elements:
        what = "an empty list contains nothing"
        return checker.report_problem("constant-condition", node, what, "write the codes: [1, 2]")
    if left.kind == "codes":
        return _report_multiple_compared(checker, left, "in", left, node, values)
    if left.is_literal:
        _warn_if_certain(checker, node, (left.value in values) is not negated)
    if declines:
        checker.guarded_names.add(left.name)
    allowed = frozenset(values)
    test = (
        logic.make_membership_test(left.plain_name, allowed)
        if _can_be_tested(left) and not declines
        else None
    )
    part = checker.combine_tested(
        logic.make_membership(allowed, frozenset(declines)), [left], node, test
    )
    if declines:
        part = part._replace(unsure_names=frozenset())
    return _negate(checker, part, left, values) if negated else part


def compile_in_multiple(
    checker: ExpressionChecker, left: Term, right: Term, node: ast.expr, *, negated: bool
) -> Term:
    """Compile `'tv' in media`."""
    if left.kind == "wrong" or right.kind == "wrong":
        return checker.make_wrong(node)
    source, code = checker.get_source(right.node), checker.get_source(left.node)
    if right.kind != "codes":
        what, remedy = (
            f"{source} is not a list",
            "write a list in square brackets, or a multiple: 'tv' in media",
        )
        if right.roster:
            what = f"{source} is a list over the turns of {right.roster}"
            remedy = f"write count({source} == {code}) >= 1"
        elif right.name:
            what = f"{source} is {describe_kind(right)}, not a list"
            remedy = f"write {source} == {code}, or {source} in [{code}]"
        return checker.report_problem("not-a-list", right.node, what, remedy)
    if left.kind == "codes":
        what, remedy = f"{code} is itself a multiple", "look for one code at a time: 'tv' in media"
        return checker.report_problem("multiple-compared", left.node, what, remedy)
    if left.is_literal and right.codes:
        left = convert_to_code(checker, left, right)
        if left.kind == "wrong":
            return left
    test = (
        logic.make_inclusion_test(left.value, right.plain_name)
        if left.is_literal and right.plain_name
        else None
    )
    part = checker.combine_tested(logic.is_chosen, [left, right], node, test)
    return _negate(checker, part, right, []) if negated else part


def convert_literal(checker: ExpressionChecker, part: Term, other: Term, *, exact: bool) -> Term:
    """Convert the literal `part` so that it can be compared with `other`, or report a problem.

    A text becomes a date or time, and a code must exist (unless it is only a limit, as in `q2 >= 0`).
    """
    family = get_family(other)
    if family == "date" or family == "time":
        return _convert_to_date_or_time(checker, part, other)
    if family == "truth":
        if part.kind == "truth" or (other.name and part.value in (0, 1)):
            return part
        what = f"{checker.describe(other)} already, so there is nothing to compare it with"
        return checker.report_problem(
            "unlike-kinds", part.node, what, "write it alone, or with not before it"
        )
    if family not in ("any", get_family(part)):
        return _report_unlike_literal(checker, part, other, family)
    return (
        convert_to_code(checker, part, other)
        if other.codes and (exact or family == "text")
        else part
    )


def convert_to_code(checker: ExpressionChecker, part: Term, other: Term) -> Term:
    """Convert the literal to the code that it names, exactly as that was written."""
    codes = other.codes or frozenset()
    if part.value in codes:
        return part
    code = next((code for code in codes if logic.to_nfc(code) == part.value), None)
    if code is not None:
        return part._replace(value=code, evaluate=logic.make_constant(code))
    if (reported := _report_other_notation(checker, part, other)) is not None:
        return reported
    return checker.report_unknown_code(
        part.node, other.name or checker.get_source(other.node), codes, part.value
    )


def _check_list_element(checker: ExpressionChecker, element: ast.expr, compared_term: Term) -> Term:
    """Check one value of a list in brackets."""
    match element:
        case ast.Constant():
            return checker.check_literal(element)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float()) as number):
            part = checker.check_literal(number)
            return part if part.kind == "wrong" else part._replace(node=element, value=-part.value)
        case ast.Name(id=name) if name not in checker.scope.names:
            return checker.report_unknown_name(element, compared_term)
        case ast.Name(id=name):
            what, remedy = (
                f"a list contains codes, but {name} is an item",
                f"compare with it: q1 == {name} or …",
            )
        case _:
            what = f"{checker.get_source(element)} is not a code"
            remedy = "list numbers, texts in quotes, dk and refused"
    return checker.report_problem("item-in-list", element, what, remedy)


def _negate(checker: ExpressionChecker, part: Term, item: Term, values: list[Any]) -> Term:
    negated = checker.combine(logic.logical_not, [part], "truth", part.node)
    checker.add_doubt(
        negated, negated.unsure_names, _suggest_other_codes(checker, item, values) if values else ""
    )
    return negated


def _warn_if_certain(checker: ExpressionChecker, node: ast.expr, holds: object) -> None:
    what = f"this is always {'true' if holds is True else 'false'}, because it depends on no answer"
    checker.warn("constant-condition", node, what, "use an item, or remove it")


def _report_multiple_compared(
    checker: ExpressionChecker,
    part: Term,
    sign: str,
    other: Term,
    node: ast.expr,
    values: list[Any] | None = None,
) -> Term:
    source = checker.get_source(part.node)
    what = (
        f"{source} is a multiple, which contains any number of codes, so {sign} cannot compare it"
    )
    if sign in ("<", "<=", ">", ">="):
        remedy = f"write count({source}) {sign} {checker.get_source(other.node) if other is not part else 2}"
    elif values:
        remedy = "write " + " or ".join(
            f"{format_constant(value)} in {source}" for value in values[:MAX_LISTED]
        )
    else:
        code = checker.get_source(other.node) if other.is_literal else "'code'"
        remedy = f"write {code} {'not in' if sign == '!=' else 'in'} {source}"
    return checker.report_problem("multiple-compared", node, what, remedy)


def _report_other_notation(checker: ExpressionChecker, part: Term, other: Term) -> Term | None:
    """Report a code with quotes too many or too few, or the text of a code; None if it is neither."""
    code = next((code for code in other.codes or () if str(code) == str(part.value)), None)
    if other.kind not in ("code", "codes") or code is None:
        return checker.report_text_of_code(part.node, other, part.value)
    kind, hint = ("numbers", "without quotes") if isinstance(code, int) else ("texts", "in quotes")
    what = f"the codes of {checker.get_source(other.node)} are {kind}, and {format_constant(part.value)} is not one"
    return checker.report_problem(
        "unlike-kinds", part.node, what, f"write {format_constant(code)}, {hint}"
    )


def _report_unlike_literal(
    checker: ExpressionChecker, part: Term, other: Term, family: Family
) -> Term:
    if (reported := _report_other_notation(checker, part, other)) is not None:
        return reported
    what = f"{checker.describe(other)}, but {format_constant(part.value)} is {describe_kind(part)}"
    remedy = (
        f"write it in quotes: '{part.value}'" if family == "text" else "compare it with a number"
    )
    if other.codes:
        remedy = f"its codes are {format_codes(other.codes)}"
    elif family == "number" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(part.value)):
        remedy = f"write {part.value}, without quotes"
    return checker.report_problem("unlike-kinds", part.node, what, remedy)


def _convert_to_date_or_time(checker: ExpressionChecker, part: Term, other: Term) -> Term:
    """Convert a text to a date or time of day."""
    family: Literal["date", "time"] = "date" if get_family(other) == "date" else "time"
    pattern = r"[0-9]{4}-[0-9]{2}-[0-9]{2}" if family == "date" else r"[0-9]{2}:[0-9]{2}"
    if part.kind == "text" and re.fullmatch(pattern, part.value):
        with suppress(ValueError):
            value = (date if family == "date" else time).fromisoformat(part.value)
            return part._replace(kind=family, value=value, evaluate=logic.make_constant(value))
    example = (
        "year-month-day in quotes: '2024-01-05'"
        if family == "date"
        else "hours:minutes in quotes: '09:30'"
    )
    what = f"{checker.describe(other)}, but {checker.get_source(part.node)} is not one"
    return checker.report_problem("unlike-kinds", part.node, what, f"write {example}")


def _warn_if_constant(
    checker: ExpressionChecker, part: Term, sign: str, bound: Any, node: ast.expr
) -> None:
    """Warn if every code satisfies the comparison, or none does."""
    if get_family(part) != "number" or part.kind != "code":
        return
    holds = {bool(logic.COMPARE[sign](code, bound)) for code in part.codes or ()}
    if len(holds) < 2:
        word, remedy = "never true", "compare with one of these"
        if False not in holds:
            word, remedy = (
                "true for every answer",
                f"write answered({part.name}) if you mean any answer",
            )
        what = f"this is {word}: the codes of {part.name} are {format_codes(part.codes or ())}"
        checker.warn("constant-condition", node, what, remedy)


def _suggest_other_codes(checker: ExpressionChecker, item: Term, values: list[Any]) -> str:
    """Suggest the remaining codes, if they are few."""
    codes = sort_codes(code for code in item.codes or () if code not in values)
    if item.kind != "code" or not item.name or not 0 < len(codes) <= MAX_LISTED:
        return ""
    source, remaining = checker.get_source(item.node), ", ".join(map(format_constant, codes))
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


_STRICT_FUNCTIONS: Final = frozenset(
    (
        "round",
        "length",
        "years_between",
        "months_between",
        "days_between",
        "sum",
        "mean",
        "min",
        "max",
        "contains",
    )
)
"""Functions that have no value if an argument has none."""


def list_operands(node: ast.expr) -> list[str]:
    """List the variables without which this has no value."""
    match node:
        case ast.Name(id=name):
            return [name]
        case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
            return [*list_operands(left), *list_operands(right)]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            return list_operands(operand)
        case ast.Call(func=ast.Name(id=name), args=args) if name in _STRICT_FUNCTIONS:
            return [name for argument in args for name in list_operands(argument)]
        case _:
            return []
