"""Terms as amounts: variables whose amount isn't what was keyed, compared and calculated with.

A variable has two sides. Its code is known: `keyed(q)`, `q == 888` and `answered(q)` look at it.
Everything else takes the amount, which may be missing or an interval.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any

from survey_cli.instrument.amounts import (
    Amount,
    AmountReading,
    Interval,
    make_amount_comparison,
    merge_amounts,
)
from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.expression_checker import (
    ExpressionChecker,
    KeyedForm,
    Kind,
    Term,
)
from survey_cli.values import NO_AMOUNT, Code


def attach_amounts(
    checker: ExpressionChecker,
    part: Term,
    reading: AmountReading | None,
    codes: AbstractSet[Code] | None,
) -> Term:
    """Return a variable whose amount is read like this; itself if that is what was keyed."""
    if reading is None:
        return part
    keyed = KeyedForm(part.evaluate, reading, codes)
    if part.kind == "code":
        # it stays a code; `to_amount` reads its amount if something needs that
        return part._replace(keyed=keyed)
    amount = checker.combine(reading.read_number, [part], part.kind, part.node)
    return part._replace(
        evaluate=amount.evaluate, keyed=keyed, may_lack_amount=reading.may_lack_amount
    )


def attach_limits(
    checker: ExpressionChecker, part: Term, readers: Sequence[logic.Evaluator]
) -> Term:
    """Return a bracket so that comparisons read its amount as exactly as it is known.

    `readers` evaluate the lower and the upper limit, and the amount that was named if one can be.
    They are used besides the interval, which is what `part` is.
    """
    assert part.keyed is not None
    limits = [Term("number", read, part.node, roster=part.roster) for read in readers]
    operands = [to_keyed(part), *limits]
    compared = checker.combine(part.keyed.reading.read_bracket, operands, "number", part.node)
    return part._replace(keyed=part.keyed._replace(compared=compared.evaluate))


def to_keyed(part: Term) -> Term:
    """Return the number or code that was keyed."""
    if part.keyed is None:
        return part
    kind: Kind = "code" if part.keyed.codes else "number"
    return part._replace(
        kind=kind,
        codes=part.keyed.codes,
        evaluate=part.keyed.evaluate,
        keyed=None,
        may_lack_amount=False,
    )


def to_amount(checker: ExpressionChecker, part: Term) -> Term:
    """Return the amount, with which can be calculated."""
    if part.keyed is None or part.kind != "code":
        return part  # it evaluates to its amount already
    reading = part.keyed.reading
    amount = checker.combine(reading.read_number, [to_keyed(part)], "number", part.node)
    return part._replace(
        kind="number",
        codes=None,
        evaluate=amount.evaluate,
        may_lack_amount=reading.may_lack_amount,
    )


def to_amounts(checker: ExpressionChecker, parts: Iterable[Term]) -> list[Term]:
    """Return the amounts of several terms."""
    return [to_amount(checker, part) for part in parts]


def _to_full_amount(checker: ExpressionChecker, part: Term) -> Term:
    """Return the amount, which may be an interval, so that it can only be compared."""
    if part.keyed is None:
        return part
    keyed = to_keyed(part)
    if part.keyed.compared is not None:
        return keyed._replace(kind="number", codes=None, evaluate=part.keyed.compared)
    return checker.combine(part.keyed.reading.read, [keyed], "number", part.node)


def takes_amounts(left: Term, sign: str, right: Term) -> bool:
    """Return whether a comparison reads an amount that isn't what was keyed.

    `==` and `!=` of codes don't: the codes are compared.
    """
    if left.keyed is None and right.keyed is None:
        return False
    is_equality = sign in ("==", "!=")
    are_codes = left.kind == "code" and (right.kind == "code" or right.is_literal)
    return not (is_equality and are_codes)


def compare_amounts(
    checker: ExpressionChecker, left: Term, sign: str, right: Term, node: ast.expr
) -> Term:
    """Compile a comparison of amounts. Only the right operand can be a constant."""
    is_equality = sign in ("==", "!=")
    if is_equality and right.is_literal:
        return _compile_equation(checker, left, sign, right, node)

    operands = [_to_full_amount(checker, left), _to_full_amount(checker, right)]
    compare = make_amount_comparison(sign, logic.make_comparison(sign))
    part = checker.combine(compare, operands, "truth", node)
    readings = [operand.keyed.reading for operand in (left, right) if operand.keyed is not None]
    may_lack_amount = part.may_lack_amount or any(reading.may_lack_amount for reading in readings)
    return part._replace(may_lack_amount=may_lack_amount)


def _compile_equation(
    checker: ExpressionChecker, left: Term, sign: str, right: Term, node: ast.expr
) -> Term:
    """Compile `days == 0`, or `days != 0`."""
    assert left.keyed is not None
    reported = _report_value_code(checker, left, sign, right)
    if reported is not None:
        return reported
    equation = left.keyed.reading.make_equation(right.value)
    part = checker.combine(equation, [to_keyed(left)], "truth", node)
    if sign == "!=":
        part = checker.combine(logic.logical_not, [part], "truth", node)
    # an answer without an amount is no number, so that only intervals leave it open
    return part._replace(may_lack_amount=_has_intervals(left.keyed.reading))


def compile_amount_list(
    checker: ExpressionChecker,
    left: Term,
    literals: Sequence[Term],
    declines: frozenset[str],
    node: ast.expr,
) -> Term:
    """Compile `days in [0, 888, dk]`."""
    assert left.keyed is not None
    for literal in literals:
        reported = _report_value_code(checker, left, "==", literal)
        if reported is not None:
            return reported
    reading = left.keyed.reading
    equations = [reading.make_equation(literal.value) for literal in literals]
    is_member = logic.make_equations(equations, declines)
    part = checker.combine(is_member, [to_keyed(left)], "truth", node)
    return part._replace(may_lack_amount=_has_intervals(reading))


def _report_value_code(
    checker: ExpressionChecker, left: Term, sign: str, constant: Term
) -> Term | None:
    """Report the code of another amount: the 88 of `days == 88`, which counts as 0."""
    assert left.keyed is not None
    code = constant.value
    amount = left.keyed.reading.values.get(code)
    if amount is None or amount == code:
        return None
    source = checker.get_source(left.node)
    what = f"{code} counts as {amount}"
    remedy = f"write keyed({source}) {sign} {code}, or {source} {sign} {amount}"
    return checker.report_problem("code-with-value", constant.node, what, remedy)


def list_numbers(codes: Iterable[Code], reading: AmountReading) -> list[Any] | None:
    """List the amounts of codes that have one; None if one is an interval."""
    amounts: list[Amount] = [reading.read(code) for code in codes]
    if any(isinstance(amount, Interval) for amount in amounts):
        return None
    return [amount for amount in amounts if amount is not NO_AMOUNT]


def find_common_reading(parts: Sequence[Term]) -> AmountReading | None:
    """Return how the amount of a choice between several terms is read; None if it is the code.

    No code may have two amounts in these terms: `have_common_amounts` tells.
    """
    readings = {part.keyed.reading for part in parts if part.keyed is not None}
    if len(readings) == 1:
        return readings.pop()
    if not readings:
        return None
    by_code = _merge(tuple(_list_amounts(parts)))
    assert by_code is not None
    return AmountReading({code: amount for code, amount in by_code.items() if amount != code})


def have_common_amounts(parts: Sequence[Term]) -> bool:
    """Return whether each code of several terms has one amount, whichever term it comes from."""
    if all(part.keyed is None for part in parts):
        return True
    return _merge(tuple(_list_amounts(parts))) is not None


def _list_amounts(
    parts: Iterable[Term],
) -> Iterator[tuple[AbstractSet[Code], AmountReading | None]]:
    """Yield the codes of each term, and how their amount is read."""
    for part in parts:
        reading = part.keyed.reading if part.keyed is not None else None
        yield part.codes or frozenset(), reading


@lru_cache(maxsize=256)
def _merge(
    lists: tuple[tuple[AbstractSet[Code], AmountReading | None], ...],
) -> Mapping[Code, Amount] | None:
    return merge_amounts(lists)


def _has_intervals(reading: AmountReading) -> bool:
    return any(isinstance(amount, Interval) for amount in reading.by_code.values())
