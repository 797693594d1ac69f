"""Function calls in conditions: arguments checked against the table of functions and compiled."""

import ast
from collections.abc import Callable
from typing import Any, Final

from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.comparisons import convert_literal, convert_to_code
from survey_cli.instrument.expressions.expression_checker import (
    ExpressionChecker,
    Kind,
    Term,
    collect_unsure_names,
    get_family,
)
from survey_cli.instrument.expressions.functions import (
    FUNCTIONS,
    ArgumentKind,
    Function,
    count_codes,
    flatten,
)
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.source.foreign_words import read_foreign_words
from survey_cli.problems import find_nearest
from survey_cli.values import NOT_REACHED


def compile_call(
    checker: ExpressionChecker, node: ast.Call, compile_argument: Callable[[ast.expr], Term]
) -> Term:
    """Compile `function(argument, …)`."""
    if not isinstance(node.func, ast.Name):
        what = f"{checker.get_source(node.func)} is not a function"
        return checker.report_problem("unknown-function", node.func, what, _list_known_functions())
    name = node.func.id
    function = FUNCTIONS.get(name)
    if function is None:
        return _report_unknown_function(checker, node.func)
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        what = "arguments are passed by position only"
        return checker.report_problem("wrong-arguments", node, what, f"write {function.signature}")
    least, most = function.min_arguments, function.max_arguments
    if not least <= len(node.args) <= most:
        expected = {0: "no argument", 1: "1 argument"}.get(least, f"{least} arguments")
        if most > least:
            expected = (
                f"{least} or {most} arguments"
                if most == least + 1
                else f"at least {least} argument"
            )
        what = f"{name} takes {expected}, not {len(node.args)}"
        return checker.report_problem("wrong-arguments", node, what, f"write {function.signature}")
    parts = [compile_argument(argument) for argument in node.args]
    if any(part.kind == "wrong" for part in parts):
        return checker.make_wrong(node)
    return _COMPILERS[function.argument_kind](checker, node, parts, function)


def _compile_clock(
    checker: ExpressionChecker, node: ast.Call, _parts: list[Term], function: Function
) -> Term:
    """Compile `today()`, or `elapsed()`.

    `elapsed()` is the minutes at its first use, which stay the same whatever is corrected.
    """
    if function.name == "today":
        return Term("date", lambda known: known.today, node)
    if not checker.scope.has_clock:
        what = "elapsed() depends on when it is used, and this may be evaluated several times"
        return checker.report_problem(
            "unknown-function", node, what, "use it in an ask_if or unless"
        )
    use = object()

    def run(known: Known) -> Any:
        if known.clock is None:
            return NOT_REACHED
        return known.clock.read((use, known.turn))

    return Term("number", run, node)


def _compile_mention(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    several = parts[0]
    name = function.name
    if several.kind != "codes":
        what = f"{name} requires a multiple, and {checker.describe(several)}"
        return checker.report_problem(
            "wrong-arguments", several.node, what, f"write {function.signature}"
        )
    if not checker.scope.names[several.name].ordered:
        what = f"the order of the answers to {several.name} is not stored"
        remedy = f"write mentions: ordered at {several.name}"
        return checker.report_problem("wrong-arguments", several.node, what, remedy)
    if len(parts) == 1:
        return checker.combine(function.apply, parts, "code", node)._replace(codes=several.codes)
    code = convert_to_code(checker, parts[1], several) if parts[1].is_literal else parts[1]
    return checker.combine(function.apply, [several, code], "number", node)


def _list_known_functions() -> str:
    return f"the functions are {', '.join(FUNCTIONS)}"


def _report_unknown_function(checker: ExpressionChecker, func: ast.Name) -> Term:
    name = func.id
    what = f"there is no function {name!r}"
    if name.lower() in FUNCTIONS:
        remedy = f"write it in lower case: {FUNCTIONS[name.lower()].signature}"
    elif name.lower() in (replacements := read_foreign_words("functions")):
        remedy = replacements[name.lower()]
    elif name in checker.scope.declines:
        remedy = f"write q1 in [{name}]"
    elif name in checker.scope.names:
        what, remedy = f"{name} is an item, and items have no parentheses", f"write {name} alone"
    else:
        near = find_nearest(name, FUNCTIONS)
        remedy = f"did you mean {FUNCTIONS[near].signature}?" if near else _list_known_functions()
    return checker.report_problem("unknown-function", func, what, remedy)


def _compile_item_function(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    [part] = parts
    if not part.name:
        what = f"{function.name} requires an item, but {checker.get_source(part.node)} is not one"
        remedy = f"write {function.signature}, as in {function.name}(q1)"
        return checker.report_problem("wrong-arguments", part.node, what, remedy)
    checker.guarded_names.add(part.name)
    if function.name == "answered" and part.plain_name:
        return Term("truth", logic.make_answered_reader(part.plain_name), node)
    return checker.combine(function.apply, [part], "truth", node)._replace(unsure_names=frozenset())


def _compile_count(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    if len(parts) == 1 and parts[0].kind == "codes" and not parts[0].roster:
        return checker.combine(count_codes, parts, "number", node)
    for part in parts:
        if part.kind != "truth":
            return _report_uncountable(checker, part)
    if len(parts) == 1 and not parts[0].roster:
        _warn_if_one_turn(checker, node, parts[0])
    return _combine_lists(node, parts, function, "number", needs_whole_roster=True)._replace(
        unsure_names=frozenset()
    )


def _report_uncountable(checker: ExpressionChecker, part: Term) -> Term:
    source = checker.get_source(part.node)
    if part.kind == "codes" and part.roster:
        what, remedy = f"{source} is a list of multiples", f"write count('code' in {source})"
    elif part.kind == "codes":
        what = f"{source} is a multiple, but there are other arguments"
        remedy = f"write count({source}) alone for the number of codes chosen"
    else:
        what = f"count requires conditions, and {checker.describe(part)}"
        remedy = "compare it: count(q1 == 1, q2 == 1)"
        remedy = (
            f"write count(answered({source})), or count({source} == …)" if part.name else remedy
        )
    return checker.report_problem("not-a-truth", part.node, what, remedy)


def _warn_if_one_turn(checker: ExpressionChecker, node: ast.Call, part: Term) -> None:
    scope = checker.scope
    for inner in ast.walk(part.node) if scope.inside_roster else ():
        value_type = scope.names.get(inner.id) if isinstance(inner, ast.Name) else None
        if value_type and value_type.roster in (scope.inside_roster, *scope.sources):
            name = getattr(inner, "id", "")
            what = f"{name} refers to the current turn here, so this counts one turn"
            remedy = f"write {value_type.roster}.{name} for all turns, or remove count"
            checker.warn("one-value", node, what, remedy)
            return


def _compile_list_function(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    name = function.name
    for part in parts:
        family = get_family(part)
        if family == "codes" or (
            function.argument_kind == "numbers" and family not in ("number", "any")
        ):
            return checker.report_not_a_number(part, f"{name} requires numbers")
        if family in ("text", "truth"):
            return checker.report_not_a_number(part, f"{name} requires numbers, dates or times")
    kinds = {get_family(part) for part in parts} - {"any"}
    if len(kinds) > 1:
        described = f"{checker.describe(parts[0])}, {checker.describe(parts[-1])}"
        what = f"{name} compares values of the same kind, and {described}"
        return checker.report_problem("unlike-kinds", node, what, "use values of the same kind")
    if len(parts) == 1 and not parts[0].roster:
        source = checker.get_source(parts[0].node)
        what = f"{name} requires a list or several values, but {source} is one value"
        remedy = f"write {function.signature}"
        if parts[0].name and checker.scope.inside_roster and isinstance(parts[0].node, ast.Name):
            remedy = f"write {name}({checker.scope.inside_roster}.{source}) for all turns"
        return checker.report_problem("one-value", parts[0].node, what, remedy)
    kind: Kind = "number"
    if kinds == {"date"}:
        kind = "date"
    elif kinds == {"time"}:
        kind = "time"
    return _combine_lists(node, parts, function, kind)


def _combine_lists(
    node: ast.Call,
    parts: list[Term],
    function: Function,
    kind: Kind,
    *,
    needs_whole_roster: bool = False,
) -> Term:
    """Apply the function to all arguments as one list.

    With `needs_whole_roster` the result is missing if a roster is missing as a whole.
    """
    evaluators = [part.evaluate for part in parts]
    rosters = [part.evaluate for part in parts if part.roster and needs_whole_roster]
    apply = function.apply

    def run(known: Known) -> Any:
        missing = logic.combine_missing(*[part(known) for part in rosters])
        if missing is not None:
            return missing
        return apply(flatten(tuple([part(known) for part in evaluators])))

    return Term(kind, run, node, unsure_names=collect_unsure_names(parts))


def _compile_round(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    if get_family(parts[0]) not in ("number", "any"):
        return checker.report_not_a_number(parts[0], "round requires a number")
    if len(parts) == 2 and not (isinstance(parts[1].value, int) and 0 <= parts[1].value <= 10):
        what = "the number of digits must be a whole number from 0 to 10"
        remedy = f"write {function.signature}, as in round(a / b, 1)"
        return checker.report_problem("wrong-arguments", parts[1].node, what, remedy)
    return checker.combine(function.apply, parts, "number", node)


def _compile_text_function(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    is_length = len(parts) == 1
    for part in parts:
        if part.kind != "text" and get_family(part) != "any":
            what = "length counts characters" if is_length else "contains looks for words in a text"
            instead = (
                f"count({part.name})"
                if is_length
                else f"{checker.get_source(parts[1].node)} in {part.name}"
            )
            remedy = f"write {instead if part.kind == 'codes' else function.signature}"
            return checker.report_problem(
                "wrong-arguments", part.node, f"{what}, and {checker.describe(part)}", remedy
            )
    return checker.combine(function.apply, parts, "number" if is_length else "truth", node)


def _compile_between(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    dates: list[Term] = []
    for part in parts:
        if part.is_literal and part.kind == "text":
            part = convert_literal(
                checker, part, Term("date", logic.make_constant(None), node), exact=True
            )
        elif get_family(part) not in ("date", "any"):
            what = f"{function.name} takes dates, and {checker.describe(part)}"
            part = checker.report_problem(
                "wrong-arguments", part.node, what, f"write {function.signature}"
            )
        dates.append(part)
    return checker.combine(function.apply, dates, "number", node)


_COMPILERS: Final[
    dict[ArgumentKind, Callable[[ExpressionChecker, ast.Call, list[Term], Function], Term]]
] = {
    "item": _compile_item_function,
    "nothing": _compile_clock,
    "mentions": _compile_mention,
    "truths": _compile_count,
    **dict.fromkeys(("numbers", "comparable"), _compile_list_function),
    "number": _compile_round,
    "text": _compile_text_function,
    "dates": _compile_between,
}
