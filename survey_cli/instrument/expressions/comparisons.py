"""May these two be compared, and how? `== != < <= > >=` and `in`, with the remedies for what cannot be."""

import ast
import re
from datetime import date, time
from typing import Any, Final, Literal

from survey_cli.instrument.expressions.expression_checker import (
    Family,
    Part,
    Reading,
    described,
    family,
    listed,
    written,
)
from survey_cli.instrument.expressions.three_valued_logic import (
    COMPARE,
    chosen,
    compares,
    comparison,
    constant,
    includes,
    is_one_of,
    member,
    negation,
    nfc,
)
from survey_cli.values import Code

SIGNS: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
TURNED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SPELLED: Final = 8
"""Codes that a remedy spells out."""


def compared(reading: Reading, left: Part, sign: str, right: Part, node: ast.expr) -> Part:
    """`left sign right`."""
    if left.literal and not right.literal:
        left, sign, right = right, TURNED[sign], left
    if left.kind == "wrong" or right.kind == "wrong":
        return reading.wrong(node)
    for part, other in ((left, right), (right, left)):
        if part.kind == "codes":
            return _several_compared(reading, part, sign, other, node)
    exact = sign in ("==", "!=")
    if right.literal:
        right = fitted(reading, right, left, exact=exact)
    elif not _kindred(reading, left, right, node):
        return reading.wrong(node)
    if right.kind == "wrong":
        return right
    kin = family(left)
    if kin in ("text", "truth") and not exact:
        what = f"{reading.said(left)}, which {sign} cannot put in order"
        return reading.problem(
            "no-order", node, what, "compare with == or !=, or list the codes: q1 in ['a', 'b']"
        )
    if left.literal:
        reading.warn("constant-condition", node, *_constant(comparison(sign)(left.value, right.value)))
    elif right.literal and left.codes and not exact:
        _reachable(reading, left, sign, right.value, node)
    elif left.name and left.name == right.name and reading.source(left.node) == reading.source(right.node):
        what = f"{left.name} is compared with itself"
        reading.warn("compared-with-itself", node, what, "name the other item, or a code")
    test = None
    if left.plain and right.literal and left.kind != "text" and (left.kind != "code" or left.codes):
        value = bool(right.value) if left.kind == "truth" else right.value
        test = compares(left.plain, sign, value)
    part = reading.together(comparison(sign), [left, right], "truth", node, test=test)
    if sign == "!=" and part.unsure:
        reading.doubt(part, part.unsure, _others(reading, left, [right.value]))
    return part


def one_of(reading: Reading, left: Part, elements: list[ast.expr], node: ast.expr, *, negated: bool) -> Part:
    """`left in [1, 2, dk]`."""
    scope = reading.scope
    declines: set[str] = set()
    values: list[Any] = []
    fine = True
    for element in elements:
        if isinstance(element, ast.Name) and element.id not in scope.names and element.id in scope.declines:
            declines.add(element.id)
            continue
        part = _element(reading, element, left)
        if part.kind != "wrong" and left.kind not in ("wrong", "codes"):
            part = fitted(reading, part, left, exact=True)
        fine = fine and part.kind != "wrong"
        values.append(part.value)
    if left.kind == "wrong" or not fine:
        return reading.wrong(node)
    if not elements:
        return reading.problem(
            "constant-condition", node, "nothing is in an empty list", "write the codes: [1, 2]"
        )
    if left.kind == "codes":
        return _several_compared(reading, left, "in", left, node, values)
    if left.literal:
        reading.warn("constant-condition", node, *_constant((left.value in values) is not negated))
    if declines:
        reading.guarded.add(left.name)
    among = frozenset(values)
    test = None
    if left.plain and not declines and left.kind != "text" and (left.kind != "code" or left.codes):
        test = is_one_of(left.plain, among)
    part = reading.together(member(among, frozenset(declines)), [left], "truth", node, test=test)
    if declines:
        part = part._replace(unsure=frozenset())
    return _negated(reading, part, left, values) if negated else part


def within(reading: Reading, left: Part, right: Part, node: ast.expr, *, negated: bool) -> Part:
    """`'tv' in media`."""
    if left.kind == "wrong" or right.kind == "wrong":
        return reading.wrong(node)
    source = reading.source(right.node)
    if right.kind != "codes":
        code = reading.source(left.node)
        if right.roster:
            what, remedy = (
                f"{source} is a list over the turns of {right.roster}",
                f"say count({source} == {code}) >= 1",
            )
        elif right.name:
            what, remedy = (
                f"{source} is {described(right)}, not a list",
                f"say {source} == {code}, or {source} in [{code}]",
            )
        else:
            what, remedy = (
                f"{source} is no list",
                "write a list in square brackets, or a multiple: 'tv' in media",
            )
        return reading.problem("not-a-list", right.node, what, remedy)
    if left.kind == "codes":
        what = f"{reading.source(left.node)} is itself a multiple"
        return reading.problem(
            "multiple-compared", left.node, what, "look for one code at a time: 'tv' in media"
        )
    if left.literal and right.codes:
        left = _coded(reading, left, right)
        if left.kind == "wrong":
            return left
    test = includes(left.value, right.plain) if left.literal and right.plain else None
    part = reading.together(chosen, [left, right], "truth", node, test=test)
    return _negated(reading, part, right, []) if negated else part


def fitted(reading: Reading, part: Part, other: Part, *, exact: bool) -> Part:
    """The literal `part` as it can be compared with `other`: a text that is a date or time becomes one,
    a code is one that exists (unless it only bounds, as in `q2 >= 0`); else a problem."""
    kin = family(other)
    if kin == "date" or kin == "time":
        return _moment(reading, part, other, kin)
    if kin == "truth":
        if part.kind == "truth" or (other.name and part.value in (0, 1)):
            return part
        what = f"{reading.said(other)} already, so there is nothing to compare it with"
        return reading.problem("unlike-kinds", part.node, what, "write it alone, or with not before it")
    if kin not in ("any", family(part)):
        return _unlike_literal(reading, part, other, kin)
    if other.kind == "code" and other.codes and (exact or kin == "text"):
        return _coded(reading, part, other)
    return part


def _coded(reading: Reading, part: Part, other: Part) -> Part:
    """The literal as the code that it names, letter for letter as the code was written."""
    codes = other.codes or frozenset()
    if part.value in codes:
        return part
    code = next((code for code in codes if nfc(code) == part.value), None)
    return (
        _no_such_code(reading, part, other) if code is None else part._replace(value=code, run=constant(code))
    )


def _element(reading: Reading, element: ast.expr, beside: Part) -> Part:
    """One value of a list in brackets."""
    match element:
        case ast.Constant():
            return reading.literal(element)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float()) as number):
            part = reading.literal(number)
            return part if part.kind == "wrong" else part._replace(node=element, value=-part.value)
        case ast.Name(id=name) if name in reading.scope.names:
            what = f"a list holds codes, and {name} is an item"
            return reading.problem("item-in-list", element, what, f"compare with it: q1 == {name} or …")
        case ast.Name():
            return reading.stray(element, beside)
        case _:
            what = f"{reading.source(element)} is no code"
            return reading.problem(
                "item-in-list", element, what, "list numbers, texts in quotes, dk and refused"
            )


def _negated(reading: Reading, part: Part, item: Part, values: list[Any]) -> Part:
    turned = reading.together(negation, [part], "truth", part.node)
    reading.doubt(turned, turned.unsure, _others(reading, item, values) if values else "")
    return turned


def _constant(holds: object) -> tuple[str, str]:
    word = "true" if holds is True else "false"
    return f"this is always {word}: no answer enters into it", "name an item, or leave it out"


def _several_compared(
    reading: Reading, part: Part, sign: str, other: Part, node: ast.expr, values: list[Any] | None = None
) -> Part:
    source = reading.source(part.node)
    what = f"{source} is a multiple, which holds any number of codes, so {sign} cannot compare it"
    if sign in ("<", "<=", ">", ">="):
        remedy = f"say count({source}) {sign} {reading.source(other.node) if other is not part else 2}"
    elif values:
        remedy = "say " + " or ".join(f"{written(value)} in {source}" for value in values[:_SPELLED])
    else:
        code = reading.source(other.node) if other.literal else "'code'"
        remedy = f"say {code} {'not in' if sign == '!=' else 'in'} {source}"
    return reading.problem("multiple-compared", node, what, remedy)


def _kindred(reading: Reading, left: Part, right: Part, node: ast.expr) -> bool:
    """Whether two parts, neither of them a literal, are of one kind; else a problem is noted."""
    families = {family(left), family(right)}
    if len(families) == 1 or "any" in families:
        return True
    what = f"{reading.said(left)}, but {reading.said(right)}"
    reading.problem("unlike-kinds", node, what, "compare two of one kind")
    return False


def _no_such_code(reading: Reading, part: Part, other: Part) -> Part:
    codes = other.codes or frozenset()
    twin = next((code for code in codes if str(code) == str(part.value)), None)
    if twin is not None:
        return _misquoted(reading, part, other, twin)
    return reading.unknown_code(part.node, other.name or reading.source(other.node), codes, part.value)


def _misquoted(reading: Reading, part: Part, other: Part, twin: Code) -> Part:
    """The code is there, as a number where a text was written, or the other way round."""
    kind = "numbers" if isinstance(twin, int) else "texts"
    what = f"the codes of {reading.source(other.node)} are {kind}, and {written(part.value)} is none"
    hint = "without quotes" if isinstance(twin, int) else "in quotes"
    return reading.problem("unlike-kinds", part.node, what, f"write {written(twin)}, {hint}")


def _unlike_literal(reading: Reading, part: Part, other: Part, kin: Family) -> Part:
    twin = next((code for code in other.codes or () if str(code) == str(part.value)), None)
    if other.kind == "code" and twin is not None:
        return _misquoted(reading, part, other, twin)
    what = f"{reading.said(other)}, but {written(part.value)} is {described(part)}"
    if other.kind == "code" and other.codes:
        return reading.problem("unlike-kinds", part.node, what, f"its codes are {listed(other.codes)}")
    if kin == "number" and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(part.value)):
        return reading.problem("unlike-kinds", part.node, what, f"write {part.value}, without quotes")
    remedy = f"write it in quotes: '{part.value}'" if kin == "text" else "compare it with a number"
    return reading.problem("unlike-kinds", part.node, what, remedy)


def _moment(reading: Reading, part: Part, other: Part, kin: Literal["date", "time"]) -> Part:
    """A text as the date or time of day it stands for."""
    shape = r"[0-9]{4}-[0-9]{2}-[0-9]{2}" if kin == "date" else r"[0-9]{2}:[0-9]{2}"
    moment: date | time | None = None
    if part.kind == "text" and re.fullmatch(shape, part.value):
        try:
            moment = date.fromisoformat(part.value) if kin == "date" else time.fromisoformat(part.value)
        except ValueError:
            moment = None
    if moment is None:
        example = (
            "year-month-day in quotes: '2024-01-05'" if kin == "date" else "hours:minutes in quotes: '09:30'"
        )
        what = f"{reading.said(other)}, but {reading.source(part.node)} is none"
        return reading.problem("unlike-kinds", part.node, what, f"write {example}")
    return part._replace(kind=kin, value=moment, run=constant(moment))


def _reachable(reading: Reading, part: Part, sign: str, bound: Any, node: ast.expr) -> None:
    """Warn where every code, or none, is on the right side of a bound."""
    if family(part) != "number" or part.kind != "code":
        return
    holds = [COMPARE[sign](code, bound) for code in part.codes or ()]
    if all(holds) or not any(holds):
        word = "true for every answer" if all(holds) else "never true"
        what = f"this is {word}: the codes of {part.name} are {listed(part.codes or ())}"
        remedy = (
            f"say answered({part.name}) if you mean any answer" if all(holds) else "compare with one of these"
        )
        reading.warn("constant-condition", node, what, remedy)


def _others(reading: Reading, item: Part, values: list[Any]) -> str:
    """The remedy that names the codes left, where they are few."""
    codes = sorted(
        (code for code in item.codes or () if code not in values),
        key=lambda code: (isinstance(code, str), code),
    )
    if item.kind != "code" or not item.name or not codes or len(codes) > _SPELLED:
        return ""
    source, left = reading.source(item.node), ", ".join(written(code) for code in codes)
    declines = ", ".join(reading.scope.declines) or "dk"
    return f"say {source} in [{left}, {declines}] if they count, {source} in [{left}] if not"


def constant_of(node: ast.expr) -> Any:
    """The number or text that a constant is, with its sign; None where it is no constant."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case _:
            return None
