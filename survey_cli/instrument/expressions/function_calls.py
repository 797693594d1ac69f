"""Is a function called rightly, and what is the call worth? Arguments against the table of functions."""

import ast
from collections.abc import Callable
from typing import Any, Final

from survey_cli.instrument.expressions.comparisons import fitted
from survey_cli.instrument.expressions.expression_checker import Kind, Part, Reading, doubtful, family
from survey_cli.instrument.expressions.functions import FUNCTIONS, Function, how_many, in_all
from survey_cli.instrument.expressions.three_valued_logic import Env, constant, first, is_answered
from survey_cli.problems import nearest
from survey_cli.values import NOT_REACHED

_ELSEWHERE: Final = {
    "and": "write a and b",
    "or": "write a or b",
    "not": "write not, in small letters",
    "if": "write 'a if condition else b'",
    "iif": "write 'a if condition else b'",
    "selected": "write 'tv' in media",
    "contains": "write 'tv' in media",
    "len": "write length(text), or count(media)",
    "avg": "write mean(…)",
    "average": "write mean(…)",
    "average_answered": "write mean_answered(…)",
    "int": "write round(number)",
    "isnull": "write not answered(q1)",
    "empty": "write not answered(q1)",
    "any": "write count(…) >= 1",
    "all": "compare count(…) with the number there should be",
    "abs": "write a if a >= 0 else -a",
    "now": "write today()",
    "age": "write years_between(born, today())",
}
"""What other programs call it."""


def called(reading: Reading, node: ast.Call, understand: Callable[[ast.expr], Part]) -> Part:
    """`function(argument, …)`."""
    if not isinstance(node.func, ast.Name):
        what = f"{reading.source(node.func)} is not a function"
        return reading.problem("unknown-function", node.func, what, _known())
    function = FUNCTIONS.get(node.func.id)
    if function is None:
        return _unknown(reading, node.func)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        what = "a function takes its arguments plainly, one after another"
        return reading.problem("wrong-arguments", node, what, f"write {function.signature}")
    if not function.least <= len(node.args) <= function.most:
        return _miscounted(reading, node, node.func.id, function)
    if function.takes == "item":
        return _of_item(reading, node, node.func.id, function, understand)
    parts = [understand(argument) for argument in node.args]
    if any(part.kind == "wrong" for part in parts):
        return reading.wrong(node)
    match function.takes:
        case "nothing":
            return Part("date", _today, node)
        case "truths":
            return _count(reading, node, parts, function)
        case "numbers" | "comparable":
            return _over(reading, node, node.func.id, parts, function)
        case "number":
            return _round(reading, node, parts, function)
        case "text":
            return _length(reading, node, parts, function)
        case "dates":
            return _years(reading, node, parts, function)


def _today(env: Env) -> Any:
    return env.get("#today", NOT_REACHED)


def _known() -> str:
    return f"the functions are {', '.join(FUNCTIONS)}"


def _unknown(reading: Reading, func: ast.Name) -> Part:
    name = func.id
    what = f"there is no function {name!r}"
    if name.lower() in FUNCTIONS:
        remedy = f"write it in small letters: {FUNCTIONS[name.lower()].signature}"
    elif name.lower() in _ELSEWHERE:
        remedy = _ELSEWHERE[name.lower()]
    elif name in reading.scope.declines:
        remedy = f"say q1 in [{name}]"
    elif name in reading.scope.names:
        what, remedy = f"{name} is an item, and brackets do not follow an item", f"write {name} alone"
    else:
        near = nearest(name, FUNCTIONS)
        remedy = f"did you mean {FUNCTIONS[near].signature}?" if near else _known()
    return reading.problem("unknown-function", func, what, remedy)


def _miscounted(reading: Reading, node: ast.Call, name: str, function: Function) -> Part:
    least, most = function.least, function.most
    if most == least:
        wanted = {0: "no argument", 1: "1 argument"}.get(least, f"{least} arguments")
    else:
        wanted = f"{least} or {most} arguments" if most == least + 1 else f"at least {least} argument"
    what = f"{name} takes {wanted}, not {len(node.args)}"
    return reading.problem("wrong-arguments", node, what, f"write {function.signature}")


def _of_item(
    reading: Reading, node: ast.Call, name: str, function: Function, understand: Callable[[ast.expr], Part]
) -> Part:
    part = understand(node.args[0])
    if part.kind == "wrong":
        return part
    if not part.name:
        what = f"{name} asks about an item, and {reading.source(part.node)} is none"
        return reading.problem(
            "wrong-arguments", part.node, what, f"write {function.signature}, as in {name}(q1)"
        )
    reading.guarded.add(part.name)
    if name == "answered" and part.plain:
        return Part("truth", is_answered(part.plain), node)
    return reading.together(function.worth, [part], "truth", node)._replace(unsure=frozenset())


def _count(reading: Reading, node: ast.Call, parts: list[Part], function: Function) -> Part:
    if len(parts) == 1 and parts[0].kind == "codes" and not parts[0].roster:
        return reading.together(how_many, parts, "number", node)
    for part in parts:
        if part.kind != "truth":
            return _uncountable(reading, part)
    if len(parts) == 1 and not parts[0].roster:
        _this_turn_only(reading, node, parts[0])
    return _gathered(reading, node, parts, function, "number", whole=True)._replace(unsure=frozenset())


def _uncountable(reading: Reading, part: Part) -> Part:
    source = reading.source(part.node)
    if part.kind == "codes":
        what = (
            f"{source} is a multiple and stands here with others"
            if not part.roster
            else f"{source} is a list of multiples"
        )
        remedy = (
            f"count({source}) alone gives how many codes were chosen"
            if not part.roster
            else f"say count('code' in {source})"
        )
    else:
        what = f"count counts what is true, and {reading.said(part)}"
        remedy = (
            f"say count(answered({source})), or count({source} == …)"
            if part.name
            else "compare it: count(q1 == 1, q2 == 1)"
        )
    return reading.problem("not-a-truth", part.node, what, remedy)


def _this_turn_only(reading: Reading, node: ast.Call, part: Part) -> None:
    inside = reading.scope.inside
    for inner in ast.walk(part.node) if inside else ():
        known = reading.scope.names.get(inner.id) if isinstance(inner, ast.Name) else None
        if isinstance(inner, ast.Name) and known and known.roster == inside:
            what = f"{inner.id} is this turn's here, so this counts one turn"
            remedy = f"say {inside}.{inner.id} for all turns, or leave count out"
            reading.warn("one-value", node, what, remedy)
            return


def _over(reading: Reading, node: ast.Call, name: str, parts: list[Part], function: Function) -> Part:
    for part in parts:
        kin = family(part)
        if kin == "codes" or (function.takes == "numbers" and kin not in ("number", "any")):
            return reading.no_number(part, f"{name} works on numbers")
        if kin in ("text", "truth"):
            return reading.no_number(part, f"{name} works on numbers, dates and times")
    kinds = {family(part) for part in parts} - {"any"}
    if len(kinds) > 1:
        what = f"{name} compares values of one kind, and {reading.said(parts[0])}, {reading.said(parts[-1])}"
        return reading.problem("unlike-kinds", node, what, "give values of one kind")
    if len(parts) == 1 and not parts[0].roster:
        source = reading.source(parts[0].node)
        what = f"{name} works on a list or several values, and {source} is one value"
        remedy = f"write {function.signature}"
        if parts[0].name and reading.scope.inside and isinstance(parts[0].node, ast.Name):
            remedy = f"say {name}({reading.scope.inside}.{source}) for all turns"
        return reading.problem("one-value", parts[0].node, what, remedy)
    kind: Kind = "date" if kinds == {"date"} else "time" if kinds == {"time"} else "number"
    return _gathered(reading, node, parts, function, kind)


def _gathered(
    reading: Reading,
    node: ast.Call,
    parts: list[Part],
    function: Function,
    kind: Kind,
    *,
    whole: bool = False,
) -> Part:
    """The function over all parts as one. `whole`: missing where a roster as a whole is."""
    runs, lists = [part.run for part in parts], [part.run for part in parts if part.roster and whole]
    worth = function.worth

    def run(env: Env) -> Any:
        cells = in_all(tuple([part(env) for part in runs]))
        return worth(cells)

    def run_whole(env: Env) -> Any:
        gone = first(*[part(env) for part in lists])
        return run(env) if gone is None else gone

    return Part(kind, run_whole if lists else run, node, unsure=doubtful(parts))


def _round(reading: Reading, node: ast.Call, parts: list[Part], function: Function) -> Part:
    if family(parts[0]) not in ("number", "any"):
        return reading.no_number(parts[0], "round works on a number")
    if len(parts) == 2 and not (isinstance(parts[1].value, int) and 0 <= parts[1].value <= 10):
        what = "the digits to round to are a whole number from 0 to 10"
        return reading.problem(
            "wrong-arguments", parts[1].node, what, f"write {function.signature}, as in round(a / b, 1)"
        )
    return reading.together(function.worth, parts, "number", node)


def _length(reading: Reading, node: ast.Call, parts: list[Part], function: Function) -> Part:
    part = parts[0]
    if part.kind != "text" and family(part) != "any":
        remedy = f"say count({part.name})" if part.kind == "codes" else f"write {function.signature}"
        return reading.problem(
            "wrong-arguments", part.node, f"length counts characters, and {reading.said(part)}", remedy
        )
    return reading.together(function.worth, parts, "number", node)


def _years(reading: Reading, node: ast.Call, parts: list[Part], function: Function) -> Part:
    dates: list[Part] = []
    for part in parts:
        if part.literal and part.kind == "text":
            part = fitted(reading, part, Part("date", constant(None), node), exact=True)
        elif family(part) not in ("date", "any"):
            what = f"years_between takes dates, and {reading.said(part)}"
            part = reading.problem("wrong-arguments", part.node, what, f"write {function.signature}")
        dates.append(part)
    return reading.together(function.worth, dates, "number", node)
