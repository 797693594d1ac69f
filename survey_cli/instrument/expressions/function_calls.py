"""Function calls in conditions: arguments checked against the table of functions and compiled."""

import ast
from collections.abc import Callable
from typing import Any, Final

from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.alternatives import (
    compile_default,
    find_common_kind,
)
from survey_cli.instrument.expressions.amount_terms import (
    attach_amounts,
    to_amount,
    to_amounts,
    to_keyed,
)
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
    if not function.min_arguments <= len(node.args) <= function.max_arguments:
        what = f"{name} takes {_format_argument_count(function)}, not {len(node.args)}"
        return checker.report_problem("wrong-arguments", node, what, f"write {function.signature}")

    value_nodes = node.args
    if function.argument_kind == "replacement":
        value_nodes = node.args[:2]  # what follows are kinds of missing values
    parts = [compile_argument(argument) for argument in value_nodes]
    if any(part.kind == "wrong" for part in parts):
        return checker.make_wrong(node)
    return _COMPILERS[function.argument_kind](checker, node, parts, function)


def _format_argument_count(function: Function) -> str:
    least = function.min_arguments
    most = function.max_arguments
    if most == least + 1:
        return f"{least} or {most} arguments"
    if most > least:
        return f"at least {least} argument"
    if least == 0:
        return "no argument"
    if least == 1:
        return "1 argument"
    return f"{least} arguments"


def _list_known_functions() -> str:
    return f"the functions are {', '.join(FUNCTIONS)}"


def _report_unknown_function(checker: ExpressionChecker, func: ast.Name) -> Term:
    name = func.id
    lower = name.lower()
    what = f"there is no function {name!r}"
    if lower in FUNCTIONS:
        remedy = f"write it in lower case: {FUNCTIONS[lower].signature}"
    elif lower in read_foreign_words("functions"):
        remedy = read_foreign_words("functions")[lower]
    elif name in checker.scope.declines:
        remedy = f"write q1 in [{name}]"
    elif name in checker.scope.names:
        what = f"{name} is an item, and items have no parentheses"
        remedy = f"write {name} alone"
    else:
        near = find_nearest(name, FUNCTIONS)
        remedy = _list_known_functions()
        if near is not None:
            remedy = f"did you mean {FUNCTIONS[near].signature}?"
    return checker.report_problem("unknown-function", func, what, remedy)


# One function for each kind of arguments


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

    use = object()  # tells this use from all others: a clock keeps the minutes of each

    def run(known: Known) -> Any:
        if known.clock is None:
            return NOT_REACHED
        return known.clock.read((use, known.turn))

    return Term("number", run, node)


def _compile_mention(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `first(multiple)`, or `rank(multiple, code)`."""
    multiple = parts[0]
    if multiple.kind != "codes":
        what = f"{function.name} requires a multiple, and {checker.describe(multiple)}"
        return checker.report_problem(
            "wrong-arguments", multiple.node, what, f"write {function.signature}"
        )
    if not checker.scope.names[multiple.name].ordered:
        what = f"the order of the answers to {multiple.name} is not stored"
        remedy = f"write mentions: ordered at {multiple.name}"
        return checker.report_problem("wrong-arguments", multiple.node, what, remedy)

    if function.name == "first":
        first = checker.combine(function.apply, parts, "code", node)
        return first._replace(codes=multiple.codes)
    code = parts[1]
    if code.is_literal:
        code = convert_to_code(checker, code, multiple)
    return checker.combine(function.apply, [multiple, code], "number", node)


def _compile_item_function(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `answered(item)` and the other functions of an item's state."""
    [part] = parts
    if not part.name:
        what = f"{function.name} requires an item, but {checker.get_source(part.node)} is not one"
        remedy = f"write {function.signature}, as in {function.name}(q1)"
        return checker.report_problem("wrong-arguments", part.node, what, remedy)

    checker.guarded_names.add(part.name)
    part = to_keyed(part)  # an answer without an amount is an answer
    if function.name == "answered" and part.plain_name:
        return Term("truth", logic.make_answered_reader(part.plain_name), node)
    state = checker.combine(function.apply, [part], "truth", node)
    return state._replace(unsure_names=frozenset())


def _compile_keyed(
    checker: ExpressionChecker, _node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `keyed(item)`: the number or code that was keyed."""
    [part] = parts
    if not part.name:
        what = f"{function.name} requires an item, but {checker.get_source(part.node)} is not one"
        remedy = f"write {function.signature}, as in {function.name}(q1)"
        return checker.report_problem("wrong-arguments", part.node, what, remedy)
    return to_keyed(part)


def _compile_count(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `count(condition, …)`, or `count(multiple)`."""
    is_single_value = len(parts) == 1 and not parts[0].roster
    if is_single_value and parts[0].kind == "codes":
        return checker.combine(count_codes, parts, "number", node)
    for part in parts:
        if part.kind != "truth":
            return _report_uncountable(checker, part)

    if is_single_value:
        _warn_if_one_turn(checker, node, parts[0])
    # what is unknown doesn't count, so that the count is known
    count = _combine_lists(node, parts, function, "number", needs_whole_roster=True)
    return count._replace(unsure_names=frozenset(), may_lack_amount=False)


def _report_uncountable(checker: ExpressionChecker, part: Term) -> Term:
    source = checker.get_source(part.node)
    if part.kind == "codes" and part.roster:
        what = f"{source} is a list of multiples"
        remedy = f"write count('code' in {source})"
    elif part.kind == "codes":
        what = f"{source} is a multiple, but there are other arguments"
        remedy = f"write count({source}) alone for the number of codes chosen"
    else:
        what = f"count requires conditions, and {checker.describe(part)}"
        remedy = "compare it: count(q1 == 1, q2 == 1)"
        if part.name:
            remedy = f"write count(answered({source})), or count({source} == …)"
    return checker.report_problem("not-a-truth", part.node, what, remedy)


def _warn_if_one_turn(checker: ExpressionChecker, node: ast.Call, part: Term) -> None:
    """Warn inside a roster if `count(sex == 1)` seems to mean all turns."""
    scope = checker.scope
    if not scope.inside_roster:
        return
    for inner in ast.walk(part.node):
        if not isinstance(inner, ast.Name) or inner.id not in scope.names:
            continue
        name = inner.id
        roster = scope.names[name].roster
        if roster == scope.inside_roster or roster in scope.sources:
            what = f"{name} refers to the current turn here, so this counts one turn"
            remedy = f"write {roster}.{name} for all turns, or remove count"
            checker.warn("one-value", node, what, remedy)
            return


def _compile_list_function(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `sum`, `mean`, `min`, `max` and the like, over several values or one list."""
    name = function.name
    takes_numbers_only = function.argument_kind == "numbers"
    for part in parts:
        family = get_family(part)
        is_not_a_number = takes_numbers_only and family not in ("number", "any")
        if family == "codes" or is_not_a_number:
            return checker.report_not_a_number(part, f"{name} requires numbers")
        if family in ("text", "truth"):
            return checker.report_not_a_number(part, f"{name} requires numbers, dates or times")

    kinds = {get_family(part) for part in parts} - {"any"}
    if len(kinds) > 1:
        described = f"{checker.describe(parts[0])}, {checker.describe(parts[-1])}"
        what = f"{name} compares values of the same kind, and {described}"
        return checker.report_problem("unlike-kinds", node, what, "use values of the same kind")
    if len(parts) == 1 and not parts[0].roster:
        return _report_one_value(checker, parts[0], function)

    parts = to_amounts(checker, parts)
    kind: Kind = "number"
    if kinds == {"date"}:
        kind = "date"
    elif kinds == {"time"}:
        kind = "time"
    return _combine_lists(node, parts, function, kind)


def _report_one_value(checker: ExpressionChecker, part: Term, function: Function) -> Term:
    """Report `sum(age)`: one value for a function of several."""
    roster = checker.scope.inside_roster
    source = checker.get_source(part.node)
    what = f"{function.name} requires a list or several values, but {source} is one value"
    remedy = f"write {function.signature}"
    if roster and part.name and isinstance(part.node, ast.Name):
        remedy = f"write {function.name}({roster}.{source}) for all turns"
    return checker.report_problem("one-value", part.node, what, remedy)


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
    needed_indexes = []
    if needs_whole_roster:
        needed_indexes = [index for index, part in enumerate(parts) if part.roster]
    apply = function.apply

    def run(known: Known) -> Any:
        values = [evaluate(known) for evaluate in evaluators]
        missing = logic.combine_missing(*[values[index] for index in needed_indexes])
        if missing is not None:
            return missing
        return apply(flatten(values))

    return Term(
        kind,
        run,
        node,
        unsure_names=collect_unsure_names(parts),
        may_lack_amount=any(part.may_lack_amount for part in parts),
    )


def _compile_alternatives(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `first_answered(a, b)`, or `first_answered(roster.item)`."""
    if len(parts) == 1 and not parts[0].roster:
        return _report_one_value(checker, parts[0], function)
    common = find_common_kind(checker, parts, node)
    if common is None:
        return checker.make_wrong(node)
    first = _combine_lists(node, common.parts, function, common.kind)
    if len(parts) > 1:
        # one of several answers is enough
        first = first._replace(unsure_names=frozenset())
    return attach_amounts(checker, first._replace(codes=common.codes), common.reading, common.codes)


def _compile_replacement(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], _function: Function
) -> Term:
    """Compile `default(value, otherwise, dk)`."""
    value, otherwise = parts
    return compile_default(checker, node, value, otherwise)


def _compile_round(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `round(number)`, or `round(number, digits)`."""
    if get_family(parts[0]) not in ("number", "any"):
        return checker.report_not_a_number(parts[0], "round requires a number")
    for digits in parts[1:]:
        is_valid = isinstance(digits.value, int) and 0 <= digits.value <= 10
        if not is_valid:
            what = "the number of digits must be a whole number from 0 to 10"
            remedy = f"write {function.signature}, as in round(a / b, 1)"
            return checker.report_problem("wrong-arguments", digits.node, what, remedy)
    numbers = [to_amount(checker, parts[0]), *parts[1:]]
    return checker.combine(function.apply, numbers, "number", node)


def _compile_text_function(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `length(text)`, or `contains(text, 'word')`."""
    is_length = function.name == "length"
    for part in parts:
        if part.kind == "text" or get_family(part) == "any":
            continue
        if is_length:
            what = "length counts characters"
            instead = f"count({part.name})"
        else:
            what = "contains looks for words in a text"
            instead = f"{checker.get_source(parts[1].node)} in {part.name}"
        if part.kind != "codes":
            instead = function.signature
        return checker.report_problem(
            "wrong-arguments",
            part.node,
            f"{what}, and {checker.describe(part)}",
            f"write {instead}",
        )
    kind: Kind = "number" if is_length else "truth"
    return checker.combine(function.apply, parts, kind, node)


def _compile_between(
    checker: ExpressionChecker, node: ast.Call, parts: list[Term], function: Function
) -> Term:
    """Compile `years_between(date, date)` and the like. A date can be a text: '2024-01-05'."""
    some_date = Term("date", logic.make_constant(None), node)
    dates: list[Term] = []
    for part in parts:
        if part.is_literal and part.kind == "text":
            date = convert_literal(checker, part, some_date, exact=True)
        elif get_family(part) in ("date", "any"):
            date = part
        else:
            what = f"{function.name} takes dates, and {checker.describe(part)}"
            date = checker.report_problem(
                "wrong-arguments", part.node, what, f"write {function.signature}"
            )
        dates.append(date)
    return checker.combine(function.apply, dates, "number", node)


_COMPILERS: Final[
    dict[ArgumentKind, Callable[[ExpressionChecker, ast.Call, list[Term], Function], Term]]
] = {
    "item": _compile_item_function,
    "keyed": _compile_keyed,
    "nothing": _compile_clock,
    "mentions": _compile_mention,
    "truths": _compile_count,
    "numbers": _compile_list_function,
    "comparable": _compile_list_function,
    "number": _compile_round,
    "text": _compile_text_function,
    "dates": _compile_between,
    "alternatives": _compile_alternatives,
    "replacement": _compile_replacement,
}
