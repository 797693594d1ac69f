"""Comparisons in conditions: `== != < <= > >=` and `in`, type-checked and compiled."""

import ast
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import date, time
from typing import Any, Final

from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.amount_terms import (
    compare_amounts,
    compile_amount_list,
    list_numbers,
    takes_amounts,
    to_keyed,
)
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
from survey_cli.values import Code
from survey_cli.wording import MAX_LISTED

COMPARISON_SIGNS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
ARITHMETIC_SIGNS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
OPPOSITE_SIGNS: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def compile_comparison(
    checker: ExpressionChecker, left: Term, sign: str, right: Term, node: ast.expr
) -> Term:
    """Compile `left sign right`."""
    if left.is_literal and not right.is_literal:
        # from here on, only the right operand can be the constant: 3 < q1 is q1 > 3
        left, right = right, left
        sign = logic.MIRRORED_SIGNS[sign]
    if left.kind == "wrong" or right.kind == "wrong":
        return checker.make_wrong(node)
    if left.kind == "codes":
        return _report_multiple_compared(checker, left, sign, right, node)
    if right.kind == "codes":
        mirrored = logic.MIRRORED_SIGNS[sign]
        return _report_multiple_compared(checker, right, mirrored, left, node)

    is_equality = sign in ("==", "!=")
    if right.is_literal:
        right = convert_literal(checker, right, left, exact=is_equality)
        if right.kind == "wrong":
            return right
    elif not _can_be_compared(left, right):
        what = f"{checker.describe(left)}, but {checker.describe(right)}"
        return checker.report_problem("unlike-kinds", node, what, "compare values of the same kind")
    if get_family(left) in ("text", "truth") and not is_equality:
        what = f"{checker.describe(left)}, which {sign} cannot order"
        remedy = "compare with == or !=, or list the codes: q1 in ['a', 'b']"
        return checker.report_problem("no-order", node, what, remedy)

    _warn_if_pointless(checker, left, sign, right, node)
    part = _combine_operands(checker, left, sign, right, node)
    if part.kind == "wrong":
        return part
    if sign == "!=":
        remedy = _suggest_other_codes(checker, left, [right.value])
        checker.add_doubt(part, part.unsure_names, remedy)
    return part


def _combine_operands(
    checker: ExpressionChecker, left: Term, sign: str, right: Term, node: ast.expr
) -> Term:
    """Compile a comparison whose operands can be compared."""
    if takes_amounts(left, sign, right):
        return compare_amounts(checker, left, sign, right, node)
    left = to_keyed(left)
    right = to_keyed(right)
    test = None
    if right.is_literal and _can_be_tested(left):
        value = right.value
        if left.kind == "truth":
            value = bool(value)
        test = logic.make_comparison_test(left.plain_name, sign, value)
    return checker.combine_tested(logic.make_comparison(sign), [left, right], node, test)


def _can_be_compared(left: Term, right: Term) -> bool:
    families = {get_family(left), get_family(right)}
    return "any" in families or len(families) == 1


def _can_be_tested(part: Term) -> bool:
    """Return whether a term is an ordinary variable that is compared with constants as it is.

    A text isn't, since it must be in composed form first.
    """
    if not part.plain_name or part.kind == "text" or part.keyed is not None:
        return False
    return part.kind != "code" or bool(part.codes)


def _warn_if_pointless(
    checker: ExpressionChecker, left: Term, sign: str, right: Term, node: ast.expr
) -> None:
    """Warn about a comparison that has the same result for every answer."""
    if left.is_literal:
        holds = logic.make_comparison(sign)(left.value, right.value)
        _warn_of_constant(checker, node, holds=holds is True)
    elif right.is_literal:
        if left.codes and sign not in ("==", "!="):
            _warn_if_same_for_all_codes(checker, left, sign, right.value, node)
    elif left.name and left.name == right.name:
        # person[1].age and person[2].age have one name, but not one source
        is_same = checker.get_source(left.node) == checker.get_source(right.node)
        if is_same:
            what = f"{left.name} is compared with itself"
            checker.warn("compared-with-itself", node, what, "use the other item, or a code")


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
    literals: list[Term] = []
    has_mistake = left.kind == "wrong"
    for element in elements:
        if isinstance(element, ast.Name):
            is_decline = element.id in scope.declines and element.id not in scope.names
            if is_decline:
                declines.add(element.id)
                continue
        part = _check_list_element(checker, element, left)
        if part.kind != "wrong" and left.kind not in ("wrong", "codes"):
            part = convert_literal(checker, part, left, exact=True)
        if part.kind == "wrong":
            has_mistake = True
        values.append(part.value)
        literals.append(part)

    if has_mistake:
        return checker.make_wrong(node)
    if not elements:
        what = "an empty list contains nothing"
        return checker.report_problem("constant-condition", node, what, "write the codes: [1, 2]")
    if left.kind == "codes":
        return _report_multiple_in_list(checker, left, values, node)
    if left.is_literal:
        is_listed = left.value in values
        _warn_of_constant(checker, node, holds=is_listed is not negated)

    if left.keyed is not None and left.kind != "code":
        part = compile_amount_list(checker, left, literals, frozenset(declines), node)
        if part.kind == "wrong":
            return part
    else:
        part = _compile_code_list(checker, to_keyed(left), values, frozenset(declines), node)
    if declines:
        # the condition provides for declines
        checker.guarded_names.add(left.name)
        part = part._replace(unsure_names=frozenset())
    if negated:
        return _negate(checker, part, left, values)
    return part


def _compile_code_list(
    checker: ExpressionChecker,
    left: Term,
    values: Sequence[Any],
    declines: frozenset[str],
    node: ast.expr,
) -> Term:
    """Compile `left in [1, 2, dk]` of what is compared as it was keyed."""
    allowed = frozenset(values)
    test = None
    if not declines and _can_be_tested(left):
        test = logic.make_membership_test(left.plain_name, allowed)
    is_member = logic.make_membership(allowed, declines)
    return checker.combine_tested(is_member, [left], node, test)


def compile_in_multiple(
    checker: ExpressionChecker, left: Term, right: Term, node: ast.expr, *, negated: bool
) -> Term:
    """Compile `'tv' in media`."""
    if left.kind == "wrong" or right.kind == "wrong":
        return checker.make_wrong(node)
    if right.kind != "codes":
        return _report_not_a_list(checker, left, right)
    if left.kind == "codes":
        what = f"{checker.get_source(left.node)} is itself a multiple"
        remedy = "look for one code at a time: 'tv' in media"
        return checker.report_problem("multiple-compared", left.node, what, remedy)
    if left.kind == "code":
        left = to_keyed(left)
    if left.is_literal and right.codes:
        left = convert_to_code(checker, left, right)
        if left.kind == "wrong":
            return left

    test = None
    if left.is_literal and right.plain_name:
        test = logic.make_inclusion_test(left.value, right.plain_name)
    part = checker.combine_tested(logic.is_chosen, [left, right], node, test)
    if negated:
        return _negate(checker, part, right, [])
    return part


def _report_not_a_list(checker: ExpressionChecker, left: Term, right: Term) -> Term:
    """Report what follows `in` and is neither a multiple nor a list in brackets."""
    source = checker.get_source(right.node)
    code = checker.get_source(left.node)
    if right.roster:
        what = f"{source} is a list over the turns of {right.roster}"
        remedy = f"write count({source} == {code}) >= 1"
    elif right.name:
        what = f"{source} is {describe_kind(right)}, not a list"
        remedy = f"write {source} == {code}, or {source} in [{code}]"
    else:
        what = f"{source} is not a list"
        remedy = "write a list in square brackets, or a multiple: 'tv' in media"
    return checker.report_problem("not-a-list", right.node, what, remedy)


def convert_literal(checker: ExpressionChecker, part: Term, other: Term, *, exact: bool) -> Term:
    """Convert the literal `part` so that it can be compared with `other`, or report a problem.

    A text becomes a date or time. A code must exist if the comparison is `exact`; it needn't if it
    is only a limit, as in `q2 >= 0`.
    """
    family = get_family(other)
    if family == "date":
        return _convert_to_date(checker, part, other)
    if family == "time":
        return _convert_to_time(checker, part, other)
    if family == "truth":
        is_stored_truth = other.name and part.value in (0, 1)
        if part.kind == "truth" or is_stored_truth:
            return part
        what = f"{checker.describe(other)} already, so there is nothing to compare it with"
        return checker.report_problem(
            "unlike-kinds", part.node, what, "write it alone, or with not before it"
        )
    if family not in ("any", get_family(part)):
        return _report_unlike_literal(checker, part, other, family)

    must_be_code = exact or family == "text"
    if other.codes and must_be_code:
        return convert_to_code(checker, part, other)
    return part


def convert_to_code(checker: ExpressionChecker, part: Term, other: Term) -> Term:
    """Convert the literal to the code that it names, exactly as the questionnaire writes that."""
    codes = other.codes or frozenset()
    if part.value in codes:
        return part
    for code in codes:
        # the literal is in composed form already, and answers are stored as the code is written
        if logic.to_nfc(code) == part.value:
            return part._replace(value=code, evaluate=logic.make_constant(code))

    reported = _report_other_notation(checker, part, other)
    if reported is not None:
        return reported
    owner = other.name or checker.get_source(other.node)
    return checker.report_unknown_code(part.node, owner, codes, part.value)


def _check_list_element(checker: ExpressionChecker, element: ast.expr, compared_term: Term) -> Term:
    """Check one value of a list in brackets."""
    match element:
        case ast.Constant():
            return checker.check_literal(element)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float()) as number):
            part = checker.check_literal(number)
            if part.kind == "wrong":
                return part
            return part._replace(node=element, value=-part.value)
        case ast.Name(id=name) if name not in checker.scope.names:
            return checker.report_unknown_name(element, compared_term)
        case ast.Name(id=name):
            what = f"a list contains codes, but {name} is an item"
            remedy = f"compare with it: q1 == {name} or …"
        case _:
            what = f"{checker.get_source(element)} is not a code"
            remedy = "list numbers, texts in quotes, dk and refused"
    return checker.report_problem("item-in-list", element, what, remedy)


def _negate(checker: ExpressionChecker, part: Term, item: Term, values: list[Any]) -> Term:
    """Negate `item in …`. The remedy for a decline lists the codes other than `values`, if any."""
    negated = checker.combine(logic.logical_not, [part], "truth", part.node)
    remedy = ""
    if values:
        remedy = _suggest_other_codes(checker, item, values)
    checker.add_doubt(negated, negated.unsure_names, remedy)
    return negated


def _warn_of_constant(checker: ExpressionChecker, node: ast.expr, *, holds: bool) -> None:
    word = "true" if holds else "false"
    what = f"this is always {word}, because it depends on no answer"
    checker.warn("constant-condition", node, what, "use an item, or remove it")


def _report_multiple_compared(
    checker: ExpressionChecker, multiple: Term, sign: str, other: Term, node: ast.expr
) -> Term:
    """Report a multiple that is compared like an item with one answer."""
    source = checker.get_source(multiple.node)
    other_source = checker.get_source(other.node)
    if sign in ("<", "<=", ">", ">="):
        remedy = f"write count({source}) {sign} {other_source}"
    else:
        code = other_source if other.is_literal else "'code'"
        operator = "not in" if sign == "!=" else "in"
        remedy = f"write {code} {operator} {source}"
    return _report_multiple(checker, source, sign, node, remedy)


def _report_multiple_in_list(
    checker: ExpressionChecker, multiple: Term, values: Sequence[Any], node: ast.expr
) -> Term:
    """Report a multiple before `in [1, 2]`."""
    source = checker.get_source(multiple.node)
    tests = [f"{format_constant(value)} in {source}" for value in values[:MAX_LISTED]]
    if not tests:
        tests = [f"'code' in {source}"]  # the list has only declines
    return _report_multiple(checker, source, "in", node, f"write {' or '.join(tests)}")


def _report_multiple(
    checker: ExpressionChecker, source: str, sign: str, node: ast.expr, remedy: str
) -> Term:
    what = (
        f"{source} is a multiple, which contains any number of codes, so {sign} cannot compare it"
    )
    return checker.report_problem("multiple-compared", node, what, remedy)


def _report_other_notation(checker: ExpressionChecker, part: Term, other: Term) -> Term | None:
    """Report a code with quotes that it must not have, or without, or the text of a code.

    The result is None if it is neither.
    """
    value = part.value
    code = None
    if other.kind in ("code", "codes"):
        code = _find_alike(other.codes or (), value)
    if code is None:
        return checker.report_text_of_code(part.node, other, value)

    if isinstance(code, int):
        kind = "numbers"
        notation = "without quotes"
    else:
        kind = "texts"
        notation = "in quotes"
    source = checker.get_source(other.node)
    what = f"the codes of {source} are {kind}, and {format_constant(value)} is not one"
    remedy = f"write {format_constant(code)}, {notation}"
    return checker.report_problem("unlike-kinds", part.node, what, remedy)


def _find_alike(codes: Iterable[Code], value: object) -> Code | None:
    """Find the code that differs from a value only in its quotes."""
    for code in codes:
        if str(code) == str(value):
            return code
    return None


def _report_unlike_literal(
    checker: ExpressionChecker, part: Term, other: Term, family: Family
) -> Term:
    """Report a constant of another kind than the term that it is compared with."""
    reported = _report_other_notation(checker, part, other)
    if reported is not None:
        return reported

    if other.codes:
        remedy = f"its codes are {format_codes(other.codes)}"
    elif family == "number" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(part.value)):
        remedy = f"write {part.value}, without quotes"
    elif family == "text":
        remedy = f"write it in quotes: '{part.value}'"
    else:
        remedy = "compare it with a number"
    what = f"{checker.describe(other)}, but {format_constant(part.value)} is {describe_kind(part)}"
    return checker.report_problem("unlike-kinds", part.node, what, remedy)


def _convert_to_date(checker: ExpressionChecker, part: Term, other: Term) -> Term:
    # fromisoformat would also accept 20240105 and 2024-W01
    if part.kind == "text" and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", part.value):
        with suppress(ValueError):
            value = date.fromisoformat(part.value)
            return part._replace(kind="date", value=value, evaluate=logic.make_constant(value))
    example = "year-month-day in quotes: '2024-01-05'"
    return _report_not_in_notation(checker, part, other, example)


def _convert_to_time(checker: ExpressionChecker, part: Term, other: Term) -> Term:
    if part.kind == "text" and re.fullmatch(r"[0-9]{2}:[0-9]{2}", part.value):
        with suppress(ValueError):
            value = time.fromisoformat(part.value)
            return part._replace(kind="time", value=value, evaluate=logic.make_constant(value))
    example = "hours:minutes in quotes: '09:30'"
    return _report_not_in_notation(checker, part, other, example)


def _report_not_in_notation(
    checker: ExpressionChecker, part: Term, other: Term, example: str
) -> Term:
    what = f"{checker.describe(other)}, but {checker.get_source(part.node)} is not one"
    return checker.report_problem("unlike-kinds", part.node, what, f"write {example}")


def _warn_if_same_for_all_codes(
    checker: ExpressionChecker, part: Term, sign: str, bound: Any, node: ast.expr
) -> None:
    """Warn if every code satisfies the comparison, or none does."""
    if part.kind != "code" or get_family(part) != "number":
        return
    codes: Collection[Any] | None = part.codes or ()
    if part.keyed is not None:
        codes = list_numbers(part.codes or (), part.keyed.reading)
    if codes is None:
        return  # some of them are intervals
    results = {bool(logic.COMPARE[sign](code, bound)) for code in codes}
    if len(results) != 1:
        return

    if False in results:
        word = "never true"
        remedy = "compare with one of these"
    else:
        word = "true for every answer"
        remedy = f"write answered({part.name}) if you mean any answer"
    what = f"this is {word}: the codes of {part.name} are {format_codes(codes)}"
    checker.warn("constant-condition", node, what, remedy)


def _suggest_other_codes(checker: ExpressionChecker, item: Term, values: list[Any]) -> str:
    """Suggest a list of the codes other than `values`; nothing if they are many, or none."""
    if item.kind != "code" or not item.name:
        return ""
    codes = sort_codes(code for code in item.codes or () if code not in values)
    if not 0 < len(codes) <= MAX_LISTED:
        return ""

    source = checker.get_source(item.node)
    listed = ", ".join(format_constant(code) for code in codes)
    declines = ", ".join(checker.scope.declines) or "dk"
    return f"write {source} in [{listed}, {declines}] if they count, {source} in [{listed}] if not"


def find_constant(node: ast.expr) -> Any:
    """Find the value of a constant, with its sign; None if it is not a constant."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case _:
            return None


_STRICT_FUNCTIONS: Final = (
    "keyed",
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
            names = []
            for argument in args:
                names += list_operands(argument)
            return names
        case _:
            return []
