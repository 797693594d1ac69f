"""Calculations that give one of several values: choices, first answers and replacements."""

import ast
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from functools import reduce
from typing import NamedTuple

from survey_cli.instrument.amounts import AmountReading
from survey_cli.instrument.expressions import comparisons
from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.amount_terms import (
    attach_amounts,
    find_common_reading,
    have_common_amounts,
    to_amounts,
)
from survey_cli.instrument.expressions.expression_checker import (
    ExpressionChecker,
    Kind,
    Term,
    collect_unsure_names,
    get_family,
)
from survey_cli.instrument.expressions.functions import make_replacement
from survey_cli.instrument.expressions.parsing import StrictChoice
from survey_cli.values import NO_AMOUNT, NOT_ASKED, NOT_REACHED, Code


class CommonKind(NamedTuple):
    """Values that can stand for one another."""

    parts: list[Term]
    """The values; a text beside a date has become a date."""
    kind: Kind
    codes: AbstractSet[Code] | None
    """The codes that it can be, if each of the values has some."""
    reading: AmountReading | None = None
    """How the amount of such a code is read; None if that is the code itself."""


def find_common_kind(
    checker: ExpressionChecker, parts: Sequence[Term], node: ast.expr
) -> CommonKind | None:
    """Find the kind of a value that is one of several; None if they are of several kinds."""
    converted = _convert_dates(checker, parts)
    families: list[Kind] = []
    for part in converted:
        family = get_family(part)
        if family == "wrong":
            return None
        if family != "any" and family not in families:
            families.append(family)

    if len(families) > 1:
        unlike = [part for part in converted if get_family(part) != families[0]]
        first = next(part for part in converted if get_family(part) == families[0])
        what = f"{checker.describe(first)}, but {checker.describe(unlike[0])}"
        checker.report_problem("unlike-kinds", node, what, "use values of the same kind")
        return None

    codes = None
    if all(part.codes for part in converted):
        codes = reduce(frozenset.union, [frozenset(part.codes or ()) for part in converted])
    kind = _find_kind(converted, codes, families)
    if kind == "code" and have_common_amounts(converted):
        return CommonKind(converted, kind, codes, find_common_reading(converted))
    if kind == "code":
        # from which list a code is isn't known any more, so that only its amount tells
        return CommonKind(to_amounts(checker, converted), "number", None)
    return CommonKind(to_amounts(checker, converted), kind, codes)


def compile_choice(
    checker: ExpressionChecker, node: ast.IfExp, test: Term, then: Term, otherwise: Term
) -> Term:
    """Compile `a if condition else b`."""
    common = find_common_kind(checker, [then, otherwise], node)
    if test.kind == "wrong" or common is None:
        return checker.make_wrong(node)

    parts = [test, *common.parts]
    if isinstance(node, StrictChoice):
        choice = checker.combine(logic.choose_if_known, parts, common.kind, node)
        choice = choice._replace(codes=common.codes)
        return attach_amounts(checker, choice, common.reading, common.codes)
    choice = checker.combine(logic.choose, parts, common.kind, node)
    # an unknown test gives the second value, and doesn't leave the choice without one
    choice = choice._replace(
        codes=common.codes, unsure_names=then.unsure_names | otherwise.unsure_names
    )
    return attach_amounts(checker, choice, common.reading, common.codes)


def compile_default(
    checker: ExpressionChecker, node: ast.Call, value: Term, otherwise: Term
) -> Term:
    """Compile `default(value, otherwise, dk, refused)`; its further arguments aren't compiled."""
    kinds = _collect_replaced_kinds(checker, node)
    common = find_common_kind(checker, [value, otherwise], node)
    if kinds is None or common is None:
        return checker.make_wrong(node)

    replaced = checker.combine(make_replacement(kinds), common.parts, common.kind, node)
    unsure_names = collect_unsure_names([value, otherwise])
    if kinds.issuperset(checker.scope.declines):
        unsure_names = otherwise.unsure_names
    if NO_AMOUNT.kind in kinds:
        replaced = replaced._replace(may_lack_amount=otherwise.may_lack_amount)
    replaced = replaced._replace(codes=common.codes, unsure_names=unsure_names)
    return attach_amounts(checker, replaced, common.reading, common.codes)


def list_replaced_kinds(arguments: Sequence[ast.expr]) -> frozenset[str]:
    """List the kinds of missing values that `default(…)` replaces.

    These are not asked, and those among its arguments.
    """
    named = [argument.id for argument in arguments[2:] if isinstance(argument, ast.Name)]
    return frozenset((NOT_ASKED.kind, *named))


def _collect_replaced_kinds(checker: ExpressionChecker, node: ast.Call) -> frozenset[str] | None:
    """Check the kinds of missing values that `default(…)` names; None if one doesn't exist."""
    known_kinds = (*checker.scope.declines, NOT_ASKED.kind, NOT_REACHED.kind, NO_AMOUNT.kind)
    for argument in node.args[2:]:
        is_known = isinstance(argument, ast.Name) and argument.id in known_kinds
        if not is_known:
            what = f"{checker.get_source(argument)} is not a kind of missing value"
            remedy = f"use some of {', '.join(known_kinds)}"
            checker.report_problem("wrong-arguments", argument, what, remedy)
            return None

    kinds = list_replaced_kinds(node.args)
    if NOT_REACHED.kind in kinds:
        value = checker.get_source(node.args[0])
        otherwise = checker.get_source(node.args[1])
        what = (
            f"an interview that breaks off before {value} gets {otherwise},"
            " like one in which it was not asked"
        )
        remedy = "remove not_reached, unless interviews that broke off are left out of all results"
        checker.warn("default-not-reached", node, what, remedy)
    return kinds


def _convert_dates(checker: ExpressionChecker, parts: Sequence[Term]) -> list[Term]:
    """Make dates of the texts beside a date: '2024-01-05' if … else born."""
    dates = [part for part in parts if get_family(part) in ("date", "time")]
    if not dates:
        return list(parts)

    converted = []
    for part in parts:
        if part.is_literal:
            part = comparisons.convert_literal(checker, part, dates[0], exact=True)
        converted.append(part)
    return converted


def _find_kind(
    parts: Sequence[Term], codes: AbstractSet[Code] | None, families: Collection[Kind]
) -> Kind:
    """Find the kind of several values, whose family is one or isn't known."""
    kinds = {part.kind for part in parts}
    if len(kinds) == 1 and "code" not in kinds:
        return parts[0].kind
    # q1 if … else 0 is a number, which needn't be a code of q1
    if codes is None and families:
        [family] = families
        return family
    return "code"
