"""Checks of codes among numbers: those that count as an amount in conditions or statistics.

Codes are the `options:` of a number (`{88: None}`), and the options of a scale or single with
`missing: true`.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from survey_cli.instrument.checks.source_items import find_key, report, shorten_text
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.number_bounds import find_item_bounds, find_item_ranges
from survey_cli.instrument.compiled.option_amounts import find_amount
from survey_cli.instrument.editions import AMOUNTS_EDITION
from survey_cli.instrument.expressions.comparisons import COMPARISON_SIGNS, find_constant
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.expression_checker import shift_position
from survey_cli.instrument.expressions.functions import AMOUNT_FUNCTIONS
from survey_cli.instrument.expressions.parsing import ParsedExpression, parse_expression
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS
from survey_cli.instrument.number_ranges import contain
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumericItem
from survey_cli.instrument.source.nodes import find_node
from survey_cli.problems import Position, Problem, Severity
from survey_cli.wording import join_words, pluralize

_ORDER_SIGNS: Final = ("<", "<=", ">", ">=")
_NOTHING: Final = re.compile(
    r"(?i)^(none|never|zero|no|nothing|not at all|0"
    r"|ningun[oa]?|nunca|nada|aucun|jamais|kein\w*|nie|nenhum\w*)\b"
)
"""Labels of a code that stands for 0."""
_OR_MORE: Final = re.compile(
    r"(?i)\b(or|and) (more|older|over|above|longer|later|higher)\b|\+\W*$"
    r"|\b(more|over|older) than\b|\bat least\b"
    r"|\b[oy] (más|mayor)|\bet plus\b|\bou (mais|plus)\b|\b(oder|und) (mehr|älter)\b"
)
_OR_LESS: Final = re.compile(
    r"(?i)\b(or|and) (less|fewer|younger|under|below|earlier|lower)\b|^(under|below)\b"
    r"|\b(less|fewer|younger) than\b|\bat most\b"
    r"|\b[oy] menos|\bou (menos|moins)\b|\boder (weniger|jünger)\b"
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
        """Return whether all amounts that the code stands for compare alike with a limit."""
        if self.is_top:
            return limit <= self.value
        return self.is_bottom and limit >= self.value


_Codes = Mapping[str, tuple[_Code, ...]]


def counted_code(draft: InstrumentDraft) -> Iterator[Problem]:
    """A code with a text of its own counts as a number.

        - {id: days, type: number, max: 30, options: {88: None}, …}
        - {id: why, type: text, ask_if: days >= 15, …}          88 (None) also fulfills it

    A calculation, a limit and the mean of a report take 88 for the number 88, and `q > 3` is true
    after `9: {text: No opinion, missing: true}`. Say in the condition what the code means there:
    `days >= 15 and days != 88`, `days < 15 or days == 88`. For a calculation or a mean, make a
    compute of the amount: `amount: 0 if days == 88 else days`.

    Nothing is reported if the condition, or that of the item, names the code. Of a code such as
    `97: 97 or older`, only what is wrong for somebody older is reported.
    """
    codes = _list_codes(draft)
    if not codes or draft.document.edition >= AMOUNTS_EDITION:
        return

    reported: set[tuple[str, str, str, str]] = set()
    for use in draft.uses:
        if use.condition is None or codes.keys().isdisjoint(use.condition.names):
            continue
        for found in _find_uses(codes, use.condition, use.key):
            values = {code.value for code in codes[found.item]}
            if _is_guarded(draft, use, found.item, values):
                continue
            key = (use.owner, use.key, found.item, found.what)
            if key not in reported:
                reported.add(key)
                yield _report_use("counted-code", use, found, "warning")

    checked: set[int] = set()
    for name, its_codes in codes.items():
        question = draft.items[name].question
        if isinstance(question, NumericItem) and id(question.options) not in checked:
            checked.add(id(question.options))  # those of a battery are the same for all statements
            yield from _check_statistics(question, name, its_codes)


def unsaid_amount(draft: InstrumentDraft) -> Iterator[Problem]:
    """From edition 2 on: an option of a number doesn't say what its amount is.

        - {id: days, type: number, max: 30, options: {88: None}, …}
        - {id: why, type: text, ask_if: days >= 15, …}          88 (None) also fulfills it

    Write `88: {text: None, value: 0}` if the code counts as a number, `777: {text: Varies, missing:
    true}` if it has no amount, and `97: {text: 97 or older, at_least: 97}` for several. A code that
    is its own amount has it as its value: `30: {text: Every day, value: 30}`.

    It is an error if a condition, a check, a calculation, a limit, a quota or an end takes the code
    for a number, and otherwise a warning.
    """
    if draft.document.edition < AMOUNTS_EDITION:
        return
    codes = _list_codes(draft)
    used: set[str] = set()
    for use in draft.uses:
        if use.condition is None or codes.keys().isdisjoint(use.condition.names):
            continue
        for found in _find_uses(codes, use.condition, use.key, every_comparison=True):
            values = {code.value for code in codes[found.item]}
            if found.item in used or _is_guarded(draft, use, found.item, values):
                continue
            used.add(found.item)
            remedy = _suggest_amounts(found.codes)
            yield _report_use("unsaid-amount", use, found._replace(remedy=remedy), "error")

    checked: set[int] = set()
    for name, its_codes in codes.items():
        question = draft.items[name].question
        assert isinstance(question, NumericItem)
        if name in used or id(question.options) in checked:
            continue
        checked.add(id(question.options))  # those of a battery are the same for all statements
        for code in its_codes:
            what = f"{code.name} doesn't say what its amount is"
            at = _locate_code(question, code)
            yield report("unsaid-amount", at, name, what, _suggest_amounts([code]), "warning")


def value_keyed_too(draft: InstrumentDraft) -> Iterator[Problem]:
    """The number that a code counts as can be keyed too, so that interviewers do either.

        - {id: days, type: number, max: 30, options: {88: {text: None, value: 0}}, …}     → min: 1

    Both are the same amount, and `ID_keyed` in the data tells them apart. Set a limit that leaves
    out the number, if it isn't meant to be keyed.
    """
    checked: set[int] = set()
    for name, item in draft.items.items():
        question = item.question
        if item.amounts is None or not isinstance(question, NumericItem):
            continue
        if id(question.options) in checked:
            continue
        checked.add(id(question.options))  # those of a battery are the same for all statements
        bounds = find_item_bounds(draft, question)
        ranges = find_item_ranges(draft, question)
        for code, amount in item.amounts.values.items():
            is_accepted = contain(ranges, amount)
            is_keyed_too = is_accepted and round(amount, question.places) == amount
            if amount == code or amount in question.options or not is_keyed_too:
                continue
            label = shorten_text(question.options[int(code)].text, draft)
            what = f"{code} ({label}) counts as {amount}, and {amount} can be keyed too"
            remedy = "set a limit that excludes it, if it isn't meant to be keyed"
            # with decimals, a limit of one more would exclude 0.5, too
            if amount == bounds.low and not question.places:
                change = f"write min: {amount + 1}"
                if question.range is not None:
                    change = f"write {amount + 1} to {ranges[0].high} in range:"
                remedy = f"{change}, if it isn't meant to be keyed"
            at = _locate_option(question, int(code))
            yield report("value-keyed-too", at, name, what, remedy, "warning")


def _suggest_amounts(codes: Sequence[_Code]) -> str:
    """Suggest what the options should say."""
    if len(codes) > 1:
        values = join_words(code.value for code in codes)
        return f"add value:, missing: or at_least: to {values}"
    [code] = codes
    amount = ""
    if code.is_zero:
        amount = "value: 0"
    elif code.is_top:
        amount = f"at_least: {code.value}"
    elif code.is_bottom:
        amount = f"at_most: {code.value}"
    if amount:
        return f"write {code.value}: {{text: {code.label}, {amount}}}"
    return f"add value:, missing: or at_least: to {code.value}"


def _list_codes(draft: InstrumentDraft) -> _Codes:
    """List the codes of each item that may not be amounts.

    From edition 2 on, these are the options of numbers that don't say what their amount is.
    """
    has_amounts = draft.document.edition >= AMOUNTS_EDITION
    found: dict[str, tuple[_Code, ...]] = {}
    for name, item in draft.items.items():
        codes: tuple[_Code, ...] = ()
        if isinstance(item.question, NumericItem):
            codes = tuple(_list_number_codes(draft, item.question))
        elif has_amounts:
            continue
        elif isinstance(item.question, CodedItem) and not isinstance(item.question, MultipleItem):
            codes = tuple(_list_missing_codes(draft, item))
        if codes:
            found[name] = codes
    return found


def _list_missing_codes(draft: InstrumentDraft, item: CompiledItem) -> Iterator[_Code]:
    """List the options with `missing: true`, which have a number and no amount."""
    for option in item.options:
        if option.missing and isinstance(option.code, int):
            yield _Code(
                int(option.code),
                shorten_text(option.text.source, draft),
                is_zero=False,
                is_top=False,
                is_bottom=False,
                is_counted=False,
            )


def _list_number_codes(draft: InstrumentDraft, question: NumericItem) -> Iterator[_Code]:
    if not question.options:
        return
    bounds = find_item_bounds(draft, question)
    ranges = find_item_ranges(draft, question)
    for value, option in question.options.items():
        label = shorten_text(option.text, draft)
        is_zero = bool(_NOTHING.match(label))
        if label == str(value) or (is_zero and value == 0):
            continue  # the amount itself
        if find_amount(option) is not None and draft.document.edition >= AMOUNTS_EDITION:
            continue  # it says so

        # "or older" is the top only if no amount above the code can be entered.
        is_highest = bounds.high == inf or value >= bounds.high
        others = [code for code in question.options if code != value]
        is_lowest = value <= min([bounds.low, *others])
        yield _Code(
            value,
            label,
            is_zero=is_zero,
            is_top=is_highest and bool(_OR_MORE.search(label)),
            is_bottom=is_lowest and bool(_OR_LESS.search(label)),
            is_counted=contain(ranges, value) and not option.missing,
        )


class _FoundUse(NamedTuple):
    """A part of a condition or calculation that takes codes for numbers."""

    node: ast.expr
    item: str
    codes: Sequence[_Code]
    what: str
    remedy: str


def _find_uses(
    codes: _Codes, condition: Condition, key: str, *, every_comparison: bool = False
) -> Iterator[_FoundUse]:
    """Find the parts of a condition or calculation that take codes for numbers.

    Without `every_comparison`, one that is right for what the text of a code says isn't among them.
    """
    whole = _find_name(condition.tree)
    if key in ("min", "max", "count") and whole in codes:
        yield _describe(condition.tree, whole, codes[whole], f"{key}: {whole}")

    for node in ast.walk(condition.tree):
        operands: list[ast.expr] = []
        match node:
            case ast.Compare():
                yield from _find_compared(
                    codes, node, condition.text, every_comparison=every_comparison
                )
            case ast.BinOp(left=left, right=right):
                operands = [left, right]
            case ast.Call(func=ast.Name(id=function), args=arguments) if (
                function in AMOUNT_FUNCTIONS
            ):
                operands = arguments
        for operand in operands:
            name = _find_name(operand)
            if name in codes and isinstance(node, ast.expr):
                source = _get_source(condition.text, node)
                yield _describe(node, name, codes[name], source)


class _Comparison(NamedTuple):
    """Two terms and a sign, read from the side of the first one: `x < 3`, and `3 > x`."""

    term: ast.expr
    sign: str
    other: ast.expr


def _iterate_comparisons(node: ast.Compare) -> Iterator[_Comparison]:
    """Yield every comparison of a chain (`1 < x < 3`), from both of its sides.

    A sign that only has a meaning in one direction, such as `in`, is yielded from neither.
    """
    left = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        sign = COMPARISON_SIGNS.get(type(op), "")
        mirrored = MIRRORED_SIGNS.get(sign, "")
        if sign:
            yield _Comparison(left, sign, right)
        if mirrored:
            yield _Comparison(right, mirrored, left)
        left = right


def _find_compared(
    codes: _Codes, node: ast.Compare, text: str, *, every_comparison: bool
) -> Iterator[_FoundUse]:
    for comparison in _iterate_comparisons(node):
        name = _find_name(comparison.term)
        if name not in codes:
            continue
        limit = find_constant(comparison.other)
        if isinstance(limit, int | float):
            written = _get_source(text, comparison.term)
            compared = list(_compare_with_constant(written, codes[name], comparison.sign, limit))
            for compared_codes, what, remedy in compared:
                yield _FoundUse(node, name, compared_codes, what, remedy)
            if every_comparison and not compared and comparison.sign in _ORDER_SIGNS:
                yield _describe(node, name, codes[name], _get_source(text, node))
        elif comparison.sign in _ORDER_SIGNS:
            yield _describe(node, name, codes[name], _get_source(text, node))


def _compare_with_constant(
    name: str, codes: Iterable[_Code], sign: str, limit: float
) -> Iterator[tuple[Sequence[_Code], str, str]]:
    """Find the codes that a comparison treats like numbers although their text says something else.

    Yields the codes, what happens, and the remedy.
    """
    fulfilling: list[_Code] = []
    failing: list[_Code] = []
    for code in codes:
        if code.stays_on_one_side(limit) or code.value == limit:
            continue
        if sign not in _ORDER_SIGNS and not code.is_zero:
            continue
        holds = bool(COMPARE[sign](code.value, limit))
        if code.is_zero and holds == bool(COMPARE[sign](0, limit)):
            continue  # 0 would give the same

        # A comparison that fails for a code that is no amount at all is meant to fail.
        is_amount = code.is_zero or code.is_top or code.is_bottom
        if holds:
            fulfilling.append(code)
        elif is_amount:
            failing.append(code)

    comparison = f"{name} {sign} {limit}"
    if fulfilling:
        verb = pluralize(len(fulfilling), "also fulfills", "also fulfill")
        what = f"{join_words(code.name for code in fulfilling)} {verb} {comparison}"
        exclusion = " and ".join(f"{name} != {code.value}" for code in fulfilling)
        unless_meant = f"if {pluralize(len(fulfilling), 'it is', 'they are')} not meant"
        yield fulfilling, what, f"write {comparison} and {exclusion}, {unless_meant}"
    if failing:
        verb = pluralize(len(failing), "doesn't fulfill", "don't fulfill")
        what = f"{join_words(code.name for code in failing)} {verb} {comparison}"
        inclusion = " or ".join(f"{name} == {code.value}" for code in failing)
        if_meant = f"if {pluralize(len(failing), 'it is', 'they are')} meant"
        yield failing, what, f"write ({comparison} or {inclusion}), {if_meant}"


def _describe(node: ast.expr, name: str, codes: tuple[_Code, ...], text: str) -> _FoundUse:
    """Describe that codes count as numbers in a calculation, in a limit, or beside another item."""
    counted = join_words(code.name for code in codes)
    values = join_words((code.value for code in codes), "or")
    verb = pluralize(len(codes), "counts", "count")
    what = f"{counted} {verb} as {values} in {text}"
    return _FoundUse(node, name, codes, what, _write_remedy(node, name, codes, text))


def _write_remedy(node: ast.expr, name: str, codes: tuple[_Code, ...], text: str) -> str:
    zeros = [code for code in codes if code.is_zero]
    if _reads_all_turns(node, name):
        return "ask first whether there are any and then how many, so that no code is needed"
    if zeros:
        return f"use a compute instead, such as {_write_amount(name, zeros[0])}"
    if isinstance(node, ast.Compare | ast.Name):
        condition = " and ".join(f"{name} != {code.value}" for code in codes)
        return f"use it only if {condition}"
    return f"write … if {name} == {codes[0].value} else {text}, with the value that it stands for"


def _reads_all_turns(node: ast.expr, name: str) -> bool:
    """Return whether a term takes the item in all turns of its roster: `sum(person.age)`."""
    attributes = [part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)]
    return name in attributes


def _write_amount(name: str, zero: _Code) -> str:
    """Write a compute of the amount, in which a code counts as 0."""
    return f"{name}_amount: 0 if {name} == {zero.value} else {name}"


def _find_name(node: ast.expr) -> str:
    """Return the item that a term is, also in a turn of a roster; empty if it isn't one."""
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
    """Return whether a condition says what happens with the codes.

    That is the condition itself, or one of the item or of a group around it.
    """
    assert use.condition is not None
    nodes = [draft.items.get(use.owner), draft.groups.get(use.owner)]
    nodes += [draft.groups.get(step.group) for step in use.path]
    conditions = [use.condition]
    for node in nodes:
        if node is not None:
            written = (node.ask_if, node.unless)
            conditions += [condition for condition in written if condition is not None]

    for condition in conditions:
        if name in condition.names and _names_code(condition.tree, name, values):
            return True
    return _excludes(use.condition.tree, name, values)


def _names_code(tree: ast.expr, name: str, values: set[int]) -> bool:
    """Return whether a condition names one of the codes: `days != 88`, `days in [77, 88]`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        terms = [node.left, *node.comparators]
        is_about_item = any(_find_name(term) == name for term in terms)
        if is_about_item and _is_equation(node):
            constants = {find_constant(part) for term in terms for part in _list_parts(term)}
            if not values.isdisjoint(constants):
                return True
    return False


def _is_equation(node: ast.Compare) -> bool:
    return any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops)


def _list_parts(term: ast.expr) -> list[ast.expr]:
    """List the elements of a list, or the term itself."""
    return term.elts if isinstance(term, ast.List | ast.Tuple) else [term]


def _excludes(tree: ast.expr, name: str, values: set[int]) -> bool:
    """Return whether an `and` excludes all of the codes: `days >= 15 and days <= 30`."""
    match tree:
        case ast.BoolOp(op=ast.And(), values=parts):
            compares = [part for part in parts if isinstance(part, ast.Compare)]
        case ast.Compare():
            compares = [tree]
        case _:
            return False

    limits = [limit for compare in compares for limit in _iterate_limits(compare, name)]
    if len(limits) < 2:
        return False  # one limit alone is the comparison that is reported
    left_over = [
        value for value in values if all(COMPARE[sign](value, limit) for sign, limit in limits)
    ]
    return not left_over


def _iterate_limits(node: ast.Compare, name: str) -> Iterator[tuple[str, float]]:
    """Yield sign and limit of each comparison of the item with a number."""
    for comparison in _iterate_comparisons(node):
        limit = find_constant(comparison.other)
        if _find_name(comparison.term) == name and isinstance(limit, int | float):
            yield comparison.sign, limit


def _report_use(rule: str, use: NameUse, found: _FoundUse, severity: Severity) -> Problem:
    assert use.condition is not None
    parsed = parse_expression(use.condition.text)
    assert isinstance(parsed, ParsedExpression)
    at, length = parsed.locate(found.node)
    where = shift_position(use.where, use.condition.text, at)
    what = f"{use.key}: {found.what}"
    place = (where, max(1, length))
    return report(rule, place, use.owner, what, found.remedy, severity)


def _check_statistics(
    question: NumericItem, name: str, codes: tuple[_Code, ...]
) -> Iterator[Problem]:
    """Report codes that distort the mean and the median of a number in reports."""
    for code in codes:
        explained = _explain_distortion(name, code)
        if explained is not None:
            what, remedy = explained
            at = _locate_code(question, code)
            yield report("counted-code", at, name, f"{code.name} {what}", remedy, "warning")


def _explain_distortion(name: str, code: _Code) -> tuple[str, str] | None:
    """Explain how a code distorts a mean, and the remedy; None if it doesn't."""
    if code.is_top and not code.is_counted:
        what = "is left out of means and medians, which are then too low"
        return what, f"write max: {code.value}, so that it counts as {code.value}"
    if code.is_bottom and not code.is_counted:
        what = "is left out of means and medians, which are then too high"
        return what, f"write min: {code.value}, so that it counts as {code.value}"
    if code.is_zero:
        counted = f"counts as {code.value} in" if code.is_counted else "is left out of"
        what = f"{counted} means and medians, and stands for 0"
        return what, f"report a compute instead, such as {_write_amount(name, code)}"
    if code.is_top or code.is_bottom or not code.is_counted:
        return None
    what = f"counts as {code.value} in means and medians, because it is within min and max"
    remedy = "set a limit that excludes it, if it is no amount: options are accepted beyond it"
    return what, remedy


def _locate_code(question: NumericItem, code: _Code) -> tuple[Position, int]:
    return _locate_option(question, code.value)


def _locate_option(question: NumericItem, code: int) -> tuple[Position, int]:
    node = find_node(question._node, "options")
    if node is None:
        return question.options[code].text.where, 1
    return find_key(node, code)
