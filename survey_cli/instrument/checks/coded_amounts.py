"""Checks of codes among numbers: those that count as an amount in conditions, calculations, limits and statistics.

Codes are the `options:` of a number (`{88: None}`), and the options of a scale or single with `missing: true`.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from survey_cli.instrument.checks.number_bounds import find_item_bounds
from survey_cli.instrument.checks.source_items import find_key, report, shorten_text
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, find_constant
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.expression_checker import shift_position
from survey_cli.instrument.expressions.parsing import ParsedExpression, parse_expression
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.problems import Problem
from survey_cli.wording import join_words, pluralize

_ORDER_SIGNS: Final = ("<", "<=", ">", ">=")
_ADDING: Final = frozenset(("sum", "mean", "sum_answered", "mean_answered", "min", "max", "round"))
_NOTHING: Final = re.compile(
    r"(?i)^(none|never|zero|no|nothing|not at all|0|ningun[oa]?|nunca|nada|aucun|jamais|kein\w*|nie|nenhum\w*)\b"
)
"""Labels of a code that stands for 0."""
_OR_MORE: Final = re.compile(
    r"(?i)\b(or|and) (more|older|over|above|longer|later|higher)\b|\+\W*$|\b(more|over|older) than\b|\bat least\b"
    r"|\b[oy] (más|mayor)|\bet plus\b|\bou (mais|plus)\b|\b(oder|und) (mehr|älter)\b"
)
_OR_LESS: Final = re.compile(
    r"(?i)\b(or|and) (less|fewer|younger|under|below|earlier|lower)\b|^(under|below)\b|\b(less|fewer|younger) than\b"
    r"|\bat most\b|\b[oy] menos|\bou (menos|moins)\b|\boder (weniger|jünger)\b"
)


@dataclass(frozen=True, slots=True)
class _Code:
    """A code that may not be an amount."""

    value: int
    label: str
    is_zero: bool
    """Its text says that it stands for 0."""
    is_top: bool
    """It stands for itself and all that is more: `97 or older`."""
    is_bottom: bool
    is_counted: bool
    """It counts in means and medians of reports, because it is within the limits of the number."""

    @property
    def name(self) -> str:
        return f"{self.value} ({self.label})"

    def stays_on_one_side(self, limit: float) -> bool:
        """Return whether a comparison with a limit is the same for every amount that the code stands for."""
        if self.is_top:
            return limit <= self.value
        return self.is_bottom and limit >= self.value


_Codes = Mapping[str, tuple[_Code, ...]]


def counted_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """A code with a text of its own counts as a number.

        - {id: days, type: number, max: 30, options: {88: None}, …}
        - {id: why, type: text, ask_if: days >= 15, …}          88 (None) also fulfills it

    A calculation, a limit and the mean of a report take 88 for the number 88, and `q > 3` is true after `9: {text: No
    opinion, missing: true}`. Say in the condition what the code means there: `days >= 15 and days != 88`, `days < 15 or
    days == 88`. For a calculation or a mean, make a compute of the amount: `amount: 0 if days == 88 else days`.

    Nothing is reported if the condition, or that of the item, names the code. Of a code such as `97: 97 or older`, only
    what is wrong for somebody older is reported.
    """
    codes = _list_codes(draft)
    if not codes:
        return
    reported: set[tuple[str, str, str, str]] = set()
    for use in draft.uses:
        if use.condition is None or codes.keys().isdisjoint(use.condition.names):
            continue
        for node, name, sentence, remedy in _find_uses(codes, use.condition, use.key):
            values = {code.value for code in codes[name]}
            if _is_guarded(draft, use, name, values):
                continue
            key = (use.owner, use.key, name, sentence)
            if key not in reported:
                reported.add(key)
                yield _report_use(use, node, f"{use.key}: {sentence}", remedy)
    checked: set[int] = set()
    for name, its_codes in codes.items():
        question = draft.items[name].question
        if isinstance(question, NumberItem) and id(question.options) not in checked:
            checked.add(id(question.options))  # those of a battery are the same for all statements
            yield from _check_statistics(question, name, its_codes)


def _list_codes(draft: InstrumentDraft) -> _Codes:
    """List the codes of each item that may not be amounts."""
    found: dict[str, tuple[_Code, ...]] = {}
    for name, item in draft.items.items():
        if isinstance(item.question, NumberItem):
            if item.question.options:
                found[name] = tuple(_list_number_codes(draft, item.question))
        elif isinstance(item.question, CodedItem) and not isinstance(item.question, MultipleItem):
            missing = [
                option for option in item.options if option.missing and isinstance(option.code, int)
            ]
            if missing:
                labels = [
                    (int(option.code), shorten_text(option.text.source, draft))
                    for option in missing
                ]
                found[name] = tuple(
                    _Code(value, label, False, False, False, False) for value, label in labels
                )
    return {name: codes for name, codes in found.items() if codes}


def _list_number_codes(draft: InstrumentDraft, question: NumberItem) -> Iterator[_Code]:
    bounds = find_item_bounds(draft, question)
    for value, text in question.options.items():
        label = shorten_text(text, draft)
        is_zero = bool(_NOTHING.match(label))
        if label == str(value) or (is_zero and value == 0):
            continue  # the amount itself
        others = [code for code in question.options if code != value]
        lows = [bounds.low, *others]
        yield _Code(
            value,
            label,
            is_zero,
            is_top=bool(_OR_MORE.search(label)) and (bounds.high == inf or value >= bounds.high),
            is_bottom=bool(_OR_LESS.search(label)) and value <= min(lows),
            is_counted=bounds.contains(value),
        )


_FoundUse = tuple[ast.expr, str, str, str]
"""A part of a condition, the item, what happens there, and the remedy."""


def _find_uses(codes: _Codes, condition: Condition, key: str) -> Iterator[_FoundUse]:
    """Find where a condition or calculation takes codes for numbers."""
    whole = _find_name(condition.tree)
    if key in ("min", "max", "count") and whole in codes:
        yield from _describe(condition.tree, whole, codes[whole], f"{key}: {whole}")
    for node in ast.walk(condition.tree):
        match node:
            case ast.Compare():
                yield from _find_compared(codes, node, condition.text)
            case ast.BinOp(left=left, right=right):
                for operand in (left, right):
                    if (name := _find_name(operand)) in codes:
                        yield from _describe(
                            node, name, codes[name], _get_source(condition.text, node)
                        )
            case ast.Call(func=ast.Name(id=function), args=arguments) if function in _ADDING:
                for argument in arguments:
                    if (name := _find_name(argument)) in codes:
                        yield from _describe(
                            node, name, codes[name], _get_source(condition.text, node)
                        )


def _find_compared(codes: _Codes, node: ast.Compare, text: str) -> Iterator[_FoundUse]:
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        sign = COMPARISON_SIGNS.get(type(op), "")
        for one, its_sign, other in (
            (left, sign, right),
            (right, MIRRORED_SIGNS.get(sign, ""), left),
        ):
            name = _find_name(one)
            if name not in codes or not its_sign:
                continue
            limit = find_constant(other)
            if isinstance(limit, int | float):
                written = _get_source(text, one)
                for sentence, remedy in _compare_with_constant(
                    written, codes[name], its_sign, limit
                ):
                    yield node, name, sentence, remedy
            elif its_sign in _ORDER_SIGNS:
                yield from _describe(node, name, codes[name], _get_source(text, node))
        left = right


def _compare_with_constant(
    name: str, codes: Iterable[_Code], sign: str, limit: float
) -> Iterator[tuple[str, str]]:
    """Find the codes that a comparison treats like numbers although their text says something else.

    Yields what happens, and the remedy.
    """
    comparison = f"{name} {sign} {limit}"
    fulfilling: list[_Code] = []
    failing: list[_Code] = []
    for code in codes:
        if code.stays_on_one_side(limit) or code.value == limit:
            continue
        is_order = sign in _ORDER_SIGNS
        holds = bool(COMPARE[sign](code.value, limit))
        if not is_order and not code.is_zero:
            continue
        # 0 would give the same, or the code is no amount and the comparison does not hold for it.
        if code.is_zero and holds == bool(COMPARE[sign](0, limit)):
            continue
        if holds:
            fulfilling.append(code)
        elif code.is_zero or code.is_top or code.is_bottom:
            failing.append(code)
    if fulfilling:
        verb = pluralize(len(fulfilling), "also fulfills", "also fulfill")
        exclusion = " and ".join(f"{name} != {code.value}" for code in fulfilling)
        remedy = f"write {comparison} and {exclusion}, if {pluralize(len(fulfilling), 'it is', 'they are')} not meant"
        yield f"{join_words(code.name for code in fulfilling)} {verb} {comparison}", remedy
    if failing:
        verb = pluralize(len(failing), "doesn't fulfill", "don't fulfill")
        inclusion = " or ".join(f"{name} == {code.value}" for code in failing)
        remedy = f"write ({comparison} or {inclusion}), if {pluralize(len(failing), 'it is', 'they are')} meant"
        yield f"{join_words(code.name for code in failing)} {verb} {comparison}", remedy


def _describe(
    node: ast.expr, name: str, codes: tuple[_Code, ...], text: str
) -> Iterator[_FoundUse]:
    """Describe that codes count as numbers in a calculation, in a limit, or beside another item."""
    counted = join_words(code.name for code in codes)
    values = join_words((code.value for code in codes), "or")
    zeros = [code for code in codes if code.is_zero]
    if any(
        isinstance(part, ast.Attribute) and part.attr == name for part in ast.walk(node)
    ):  # of all turns
        remedy = "ask first whether there are any and then how many, so that no code is needed"
    elif zeros:
        remedy = f"use a compute instead, such as {_write_amount(name, zeros[0])}"
    elif not isinstance(node, ast.Compare | ast.Name):
        remedy = (
            f"write … if {name} == {codes[0].value} else {text}, with the value that it stands for"
        )
    else:
        condition = " and ".join(f"{name} != {code.value}" for code in codes)
        remedy = f"use it only if {condition}"
    verb = pluralize(len(codes), "counts", "count")
    yield node, name, f"{counted} {verb} as {values} in {text}", remedy


def _write_amount(name: str, zero: _Code) -> str:
    """Write a compute of the amount, in which a code counts as 0."""
    return f"{name}_amount: 0 if {name} == {zero.value} else {name}"


def _find_name(node: ast.expr) -> str:
    """Return the item that a part of a condition is, also in a turn of a roster; empty if it is something else."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _get_source(text: str, node: ast.expr) -> str:
    parsed = parse_expression(text)
    assert isinstance(parsed, ParsedExpression)
    at, length = parsed.locate(node)
    return " ".join(text[at : at + length].split())


def _is_guarded(draft: InstrumentDraft, use: NameUse, name: str, values: set[int]) -> bool:
    """Return whether the condition, or that of the item or of a group around it, says what happens with the codes."""
    assert use.condition is not None
    conditions = [use.condition]
    nodes = [draft.items.get(use.owner), draft.groups.get(use.owner)]
    nodes += [draft.groups.get(step.group) for step in use.path]
    for node in nodes:
        if node is not None:
            conditions += [
                condition for condition in (node.ask_if, node.unless) if condition is not None
            ]
    if any(
        name in condition.names and _names_code(condition.tree, name, values)
        for condition in conditions
    ):
        return True
    return _excludes(use.condition.tree, name, values)


def _names_code(tree: ast.expr, name: str, values: set[int]) -> bool:
    """Return whether a condition compares the item with one of the codes: `days != 88`, `days in [77, 88]`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        parts = [node.left, *node.comparators]
        if not any(_find_name(part) == name for part in parts):
            continue
        if any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops):
            listed = [
                each
                for part in parts
                for each in (part.elts if isinstance(part, ast.List | ast.Tuple) else [part])
            ]
            if any(find_constant(each) in values for each in listed):
                return True
    return False


def _excludes(tree: ast.expr, name: str, values: set[int]) -> bool:
    """Return whether the parts of an `and` leave none of the codes over: `days >= 15 and days <= 30`."""
    match tree:
        case ast.BoolOp(op=ast.And(), values=parts):
            links = [part for part in parts if isinstance(part, ast.Compare)]
        case ast.Compare():
            links = [tree]
        case _:
            return False
    comparisons = [found for link in links for found in _iterate_limits(link, name)]
    return len(comparisons) > 1 and all(
        any(not COMPARE[sign](value, limit) for sign, limit in comparisons) for value in values
    )


def _iterate_limits(node: ast.Compare, name: str) -> Iterator[tuple[str, float]]:
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        sign = COMPARISON_SIGNS.get(type(op), "")
        for one, its_sign, other in (
            (left, sign, right),
            (right, MIRRORED_SIGNS.get(sign, ""), left),
        ):
            limit = find_constant(other)
            if its_sign and _find_name(one) == name and isinstance(limit, int | float):
                yield its_sign, limit
        left = right


def _report_use(use: NameUse, node: ast.expr, what: str, remedy: str) -> Problem:
    assert use.condition is not None
    parsed = parse_expression(use.condition.text)
    assert isinstance(parsed, ParsedExpression)
    at, length = parsed.locate(node)
    where = shift_position(use.where, use.condition.text, at)
    return report("counted-code", (where, max(1, length)), use.owner, what, remedy, "warning")


def _check_statistics(
    question: NumberItem, name: str, codes: tuple[_Code, ...]
) -> Iterator[Problem]:
    """Report codes that distort the mean and the median of a number in reports."""
    node = question._node.get("options") if question._node is not None else None
    for code in codes:
        if code.is_top and not code.is_counted:
            what = "is left out of means and medians, which are then too low"
            remedy = f"write max: {code.value}, so that it counts as {code.value}"
        elif code.is_bottom and not code.is_counted:
            what = "is left out of means and medians, which are then too high"
            remedy = f"write min: {code.value}, so that it counts as {code.value}"
        elif code.is_zero:
            counted = f"counts as {code.value} in" if code.is_counted else "is left out of"
            what = f"{counted} means and medians, and stands for 0"
            remedy = f"report a compute instead, such as {_write_amount(name, code)}"
        elif code.is_counted and not code.is_top and not code.is_bottom:
            what = f"counts as {code.value} in means and medians, because it is within min and max"
            remedy = (
                "set a limit that excludes it, if it is no amount: options are accepted beyond it"
            )
        else:
            continue
        at = (
            find_key(node, code.value)
            if node is not None
            else (question.options[code.value].where, 1)
        )
        yield report("counted-code", at, name, f"{code.name} {what}", remedy, "warning")
