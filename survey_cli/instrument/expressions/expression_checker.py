"""Type checker for conditions: value types of names, typed expressions, and the problems found on the way.

It evaluates nothing.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.expressions import three_valued_logic as logic
from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.expressions.parsing import ParsedExpression, shorten, validate_number
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import (
    FindNearest,
    Position,
    Problem,
    Severity,
    find_nearest,
    suggest_nearest,
)
from survey_cli.values import NOT_ASKED, Code
from survey_cli.wording import MAX_LISTED, join_first


class ValueType(NamedTuple):
    """What a name means in conditions and texts: the type and range of its value, and how a text renders it."""

    type: Literal["code", "codes", "number", "text", "date", "time", "draw", "flag"]
    """`codes`: a multiple; `draw`: the number of the selected turn; `flag`: true or false."""
    codes: AbstractSet[Code] | None = None
    """The codes it can have; None if it can have any."""
    declinable: bool = False
    """Whether it can be don't know or refused."""
    roster: str | None = None
    """The roster it belongs to."""
    why_unanswered: str = ""
    """Why it never has an answer: `is read aloud`."""
    ordered: bool = False
    """Of a multiple: its codes are in the order of mention."""
    labels: Mapping[Code, Any] | None = None
    """The compiled texts of its options."""
    drawn_from: str | None = None
    """Of a draw: the roster it selects from."""
    turn_name: str | None = None
    """Of a draw: the roster's item that names a turn."""
    may_be_missing: bool = False
    """It can be missing where a text fills it in, so that the text should have alternative words."""


class Scope(NamedTuple):
    """The names that a condition or text may use, and where it is."""

    names: Mapping[str, ValueType]
    rosters: Collection[str] = frozenset()
    declines: tuple[str, ...] = ("dk", "refused")
    """The declines' ids, as in `q in [3, dk, refused]`."""
    inside_roster: str | None = None
    """The roster that contains it: its items are those of the current turn; elsewhere they are lists."""
    groups: Collection[str] = frozenset()
    """Sections and batteries, which have no answers of their own."""
    nearest: FindNearest = find_nearest
    """Finds the name that an unknown one probably stands for."""
    find_code: Callable[[str, str], Code | None] = lambda _name, _text: None
    """Finds the code of a variable that has a text, such as that of Yes."""
    has_interviewer: bool = False
    """Whether `interviewer.sex` can be used: the condition is evaluated in an interview."""
    has_clock: bool = False
    """Whether `elapsed()` can be used: the condition decides what is asked, and is evaluated when that is reached."""
    sources: Collection[str] = ()
    """That roster, and those over whose turns it runs."""
    each: str | None = ""
    """The roster whose turn `{each}` stands for; None where it is not allowed."""
    has_options: bool = False
    """Whether `{options}` can be used: the text is read with options."""
    languages: Sequence[str] = ()
    """The languages of the file, in which a text without translations is read."""


Kind: TypeAlias = Literal["truth", "number", "text", "code", "codes", "date", "time", "wrong"]
Family: TypeAlias = Literal["truth", "number", "text", "codes", "date", "time", "any", "wrong"]
NO_NAMES: Final[frozenset[str]] = frozenset()
NOT_CONSTANT: Final = object()


class Term(NamedTuple):
    """A checked and compiled part of a condition."""

    kind: Kind
    evaluate: logic.Evaluator
    node: ast.expr
    name: str = ""
    """The variable, if it is just a variable."""
    plain_name: str = ""
    """The same, if a single look-up by this name reads it."""
    codes: AbstractSet[Code] | None = None
    roster: str | None = None
    """If set, it is a list over the turns of this roster."""
    value: Any = NOT_CONSTANT
    """The value of a literal."""
    unsure_names: frozenset[str] = NO_NAMES
    """Variables whose don't know or refusal leaves this term without a value."""
    test: logic.ConstantTest | None = None
    """The same as `evaluate`, if it compares an ordinary variable with constants."""

    @property
    def is_literal(self) -> bool:
        return self.value is not NOT_CONSTANT


KIND_NAMES: Final[dict[Kind, str]] = {
    "truth": "true or false",
    "number": "a number",
    "text": "a text",
    "code": "an answer's code",
    "codes": "a multiple",
    "date": "a date",
    "time": "a time of day",
    "wrong": "nothing",
}


def get_family(part: Term) -> Family:
    """Return what the term can be compared with."""
    return get_code_family(part.codes) if part.kind == "code" else part.kind


def describe_kind(part: Term) -> str:
    """Describe in words what the term is."""
    if part.kind != "code":
        return KIND_NAMES[part.kind]
    code_kind = get_code_family(part.codes)
    return "an item with codes" if code_kind == "any" else f"an item with {code_kind} codes"


@lru_cache(maxsize=512)
def get_code_family(codes: AbstractSet[Code] | None) -> Literal["number", "text", "any"]:
    """Return whether codes are all numbers, all texts, or (unknown or mixed) either."""
    if not codes:
        return "any"
    numbers = sum(1 for code in codes if isinstance(code, int))
    if numbers == len(codes):
        return "number"
    return "any" if numbers else "text"


def format_constant(value: object) -> str:
    """Format a constant as it is written in a condition."""
    match value:
        case date():
            return repr(value.isoformat())
        case time():
            return repr(value.isoformat("minutes"))
        case str() if "'" in value:
            return f'"{value}"'
        case _:
            return repr(value)


def sort_codes(codes: Iterable[Code]) -> list[Code]:
    return sorted(codes, key=lambda code: (isinstance(code, str), code))


def format_codes(codes: Iterable[Code]) -> str:
    """Format codes for a message: sorted, only the first few of many."""
    return join_first(map(format_constant, sort_codes(codes)), MAX_LISTED)


def shift_position(where: Position, text: str, at: int) -> Position:
    """Return the position of the character `at` of a text written at `where`; the text's own position if unknown."""
    if isinstance(text, YamlScalar) and text.where == where:
        return text.find_position(at)
    return (
        where
        if not where.column or "\n" in text
        else Position(where.file, where.line, where.column + at)
    )


@dataclass(slots=True, eq=False)
class ExpressionChecker:
    """Checker of one condition, with what was found in it so far."""

    text: str
    parsed: ParsedExpression
    scope: Scope
    where: Position
    who: str
    problems: list[Problem] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    parts: int = 0
    too_large: bool = False
    guarded_names: set[str] = field(default_factory=set)
    _doubts: list[tuple[frozenset[str], Problem]] = field(default_factory=list)

    def get_source(self, node: ast.expr) -> str:
        """Return a node as written, for a message: a long one loses its middle."""
        return shorten(self.parsed.get_source(node))

    def report_problem(
        self,
        rule: str,
        node: ast.expr,
        what: str,
        remedy: str,
        severity: Severity = "error",
        *,
        subject: str = "",
    ) -> Term:
        """Report a problem and return a wrong term, about which nothing more is reported."""
        problem = self._make_problem(rule, node, what, remedy, severity)
        self.problems.append(replace(problem, subject=subject))
        return self.make_wrong(node)

    def report_syntax(self, node: ast.expr, what: str, remedy: str) -> Term:
        """Report what is not part of a condition."""
        return self.report_problem("condition-syntax", node, what, remedy)

    def make_wrong(self, node: ast.expr) -> Term:
        """Return a term about which nothing more is reported."""
        return Term("wrong", logic.make_constant(NOT_ASKED), node)

    def describe(self, part: Term) -> str:
        """Describe a term: `age is a number`."""
        return f"{self.get_source(part.node)} is {describe_kind(part)}"

    def warn(self, rule: str, node: ast.expr, what: str, remedy: str) -> None:
        self.report_problem(rule, node, what, remedy, "warning")

    def add_doubt(self, part: Term, names: frozenset[str], remedy: str = "") -> None:
        """Record that a don't know or refusal makes this unknown, unless the condition provides for it."""
        if not names:
            return
        name = min(names)
        source = self.get_source(part.node)
        source = f"({source})" if isinstance(part.node, ast.BoolOp | ast.IfExp) else source
        items = " or ".join(sorted(names))
        what = f"a don't know or refusal at {items} makes this unknown, and thus not true"
        remedy = (
            remedy
            or f"write {source} or declined({name}) if they count, answered({name}) and {source} if not"
        )
        self._doubts.append(
            (names, self._make_problem("unsure-negation", part.node, what, remedy, "warning"))
        )

    def collect_problems(self) -> tuple[Problem, ...]:
        """Return all problems; those about declines once per item."""
        covered, unguarded = set(self.guarded_names), []
        for names, problem in self._doubts:
            if not names <= covered:
                unguarded.append(problem)
                covered |= names
        return (*self.problems, *unguarded)

    def _make_problem(
        self, rule: str, node: ast.expr, what: str, remedy: str, severity: Severity
    ) -> Problem:
        at, length = self.parsed.locate(node)
        where = shift_position(self.where, self.text, at)
        return Problem(rule, where, self.who, what, remedy, severity, max(length, 1))

    def check_literal(self, node: ast.Constant) -> Term:
        """Check a number or text as written."""
        value = node.value
        if (
            value.__class__ is int
            and (node.end_col_offset or 0) - node.col_offset == len(str(value)) < 19
        ):
            return Term("number", logic.make_constant(value), node, value=value)
        source = self.parsed.get_source(node)
        if isinstance(value, int | float) and not -logic.MAX_NUMBER <= value <= logic.MAX_NUMBER:
            return self.report_syntax(node, "this number is too large", "write it in larger units")
        match value:
            case bool():
                what = f"{value} is not part of a condition"
                remedy = "a truth value needs no comparison: write adult, or not adult"
            case int() | float():
                mistake = validate_number(source)
                if mistake is None:
                    return Term("number", logic.make_constant(value), node, value=value)
                what, remedy = mistake
            case str() if len(source) == len(value) + 2:
                value = logic.to_nfc(value)
                return Term("text", logic.make_constant(value), node, value=value)
            case str():
                what = f"{shorten(source)} is not one text"
                remedy = (
                    "write one text between two quotes; texts of a list are separated by commas"
                )
            case None:
                what, remedy = (
                    "None is not part of a condition",
                    "write answered(q1), or not answered(q1)",
                )
            case _:
                what = f"{shorten(source)} is neither a number nor a text"
                remedy = "write a number, or a text between quotes"
        return self.report_syntax(node, what, remedy)

    def combine(
        self, function: Callable[..., Any], parts: list[Term], kind: Kind, node: ast.expr
    ) -> Term:
        """Combine terms by `function`, turn by turn if one of them is a list."""
        roster = (
            None
            if any(part.kind == "wrong" for part in parts)
            else self.find_common_roster(parts, node)
        )
        if roster is None:
            return self.make_wrong(node)
        evaluators = [part.evaluate for part in parts]
        evaluate = logic.make_application(function, evaluators)
        if roster:
            lists = [part.roster is not None for part in parts]
            evaluate = logic.make_application_by_turn(function, evaluators, lists)
        return Term(
            kind, evaluate, node, roster=roster or None, unsure_names=collect_unsure_names(parts)
        )

    def combine_tested(
        self,
        function: Callable[..., Any],
        parts: list[Term],
        node: ast.expr,
        test: logic.ConstantTest | None,
    ) -> Term:
        """Combine terms to a truth value that a test, if there is one, evaluates in most cases."""
        part = self.combine(function, parts, "truth", node)
        if test is None or part.roster or part.kind == "wrong":
            return part
        return part._replace(evaluate=logic.make_test_evaluator(test, part.evaluate), test=test)

    def find_common_roster(self, parts: Iterable[Term], node: ast.expr) -> str | None:
        """Find the roster whose turns the terms run over; empty without a list, None if there are two."""
        rosters = sorted({part.roster for part in parts if part.roster})
        if len(rosters) > 1:
            what = f"lists of different rosters are combined here ({' and '.join(rosters)})"
            remedy = "count or sum each of them separately, then combine the results"
            self.report_problem("unlike-lists", node, what, remedy)
            return None
        return rosters[0] if rosters else ""

    def require_truth(self, part: Term, *, before: ast.expr | None = None) -> Term:
        """Return the term if it is a truth value, else report it; `before` is the other operand of `and` or `or`."""
        if part.kind in ("truth", "wrong"):
            return part
        source = self.get_source(part.node)
        if part.is_literal:
            what = f"{source} is used where something true or false is required"
            remedy = "compare an item with it: q1 == 1"
            if isinstance(before, ast.Compare) and isinstance(before.left, ast.Name):
                item = before.left.id
                remedy = f"repeat the item: {item} == {source}, or list the codes: {item} in […]"
            elif part.kind == "text" and any(sign in part.value for sign in "=<>()"):
                remedy = "remove the quotes"
            return self.report_problem("not-a-truth", part.node, what, remedy)
        code = format_constant(sort_codes(part.codes)[0]) if part.codes else ""
        remedy = {
            "code": f"write answered({source}), or {source} == {code or '1'}",
            "codes": f"write {code or repr('tv')} in {source}, or count({source}) >= 1",
            "number": f"write answered({source}), or {source} > 0"
            if part.name
            else f"compare it: {source} > 0",
        }.get(part.kind, f"write answered({source}), or compare it with ==")
        what = f"{self.describe(part)}, and something true or false is required here"
        return self.report_problem("not-a-truth", part.node, what, remedy)

    def report_not_a_number(self, part: Term, requirement: str) -> Term:
        """Report a term that is not a number although one is expected."""
        source = self.get_source(part.node)
        remedy = {
            "date": "write years_between(start, end), months_between or days_between for the time between two dates",
            "truth": f"write count({source}) for 1 if it is true, else 0",
            "codes": f"write count({source}) for how many were chosen",
        }.get(get_family(part), "use a number, or an item whose codes are numbers")
        if part.kind == "text" and part.is_literal and part.value.isdigit():
            remedy = f"write {part.value}, without quotes"
        return self.report_problem(
            "not-a-number", part.node, f"{requirement}, and {self.describe(part)}", remedy
        )

    def report_list(self, part: Term) -> Term:
        """Report a list over turns where one value is expected."""
        roster, source = part.roster, self.get_source(part.node)
        lists = {name for name, known in self.scope.names.items() if known.roster is not None}
        names = [
            node
            for node in ast.walk(part.node)
            if (isinstance(node, ast.Name) and node.id in lists)
            or (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name))
        ]
        node = min(names, key=self.parsed.locate, default=part.node)
        item = getattr(node, "id", getattr(node, "attr", "item"))
        what = f"{item} is asked once for each turn of {roster}, so this is a list, and one value is required here"
        rest = source.removeprefix(f"{roster}.")
        if part.kind != "truth":
            remedy = f"write sum({roster}.{item}), max({roster}.{item}) or {roster}[1].{item}"
        elif rest.startswith(item):
            remedy = f"write count({roster}.{rest}) >= 1, or {roster}[1].{rest} for one turn"
        else:
            remedy = f"write count({source}) >= 1, or use one turn: {roster}[1].{item}"
        return self.report_problem("list-as-value", node, what, remedy)

    def report_unknown_name(self, node: ast.Name, beside: Term | None = None) -> Term:
        """Report a name that is not a variable: a code without quotes, a decline, a roster, a function, or a typo."""
        word, scope = shorten(node.id), self.scope
        beside_name = beside.name if beside else ""
        if beside and (reported := self.report_text_of_code(node, beside, word)) is not None:
            return reported
        words = [code for code in (beside.codes if beside else None) or () if isinstance(code, str)]
        near = next((code for code in words if code.casefold() == word.casefold()), None)
        if near is not None:
            what = f"{word} is a code of {beside_name or 'the list'}, and such codes need quotes"
            return self.report_problem("bare-code", node, what, f"write {format_constant(near)}")
        if (reported := self._report_misused_word(node, word, beside_name or "q1")) is not None:
            return reported
        near = scope.nearest(word, scope.names)
        what = f"{word!r} is not a variable"
        remedy = f"did you mean {near!r}?" if near else "use an item, a sample column or a compute"
        if beside and beside.codes:
            what = f"{word!r} is neither a variable nor a code of {beside_name or 'the item next to it'}"
            also = f"{remedy} " if near else ""
            code = find_nearest(word, words)
            if code is not None and not near:
                also = f"did you mean {format_constant(code)}, in quotes? "
            remedy = f"{also}its codes are {format_codes(beside.codes)}"
        elif beside and beside.kind == "text" and not beside.is_literal:
            also = f"; {remedy}" if near else ""
            remedy = f"put it in quotes if it is a text: '{word}'{also}"
        return self.report_problem("unknown-name", node, what, remedy, subject=node.id)

    def _report_misused_word(self, node: ast.Name, word: str, name: str) -> Term | None:
        """Report a word of the language that is no variable; None for any other word. `name` is the item for examples."""
        scope, rule = self.scope, "unknown-name"
        if word in scope.declines:
            remedy = (
                f"write {f'{word}({name}), or ' if word in FUNCTIONS else ''}{name} in [{word}]"
            )
            return self.report_problem(
                "decline-compared", node, f"{word} is a decline, not a value", remedy
            )
        if word in scope.rosters:
            item = next(
                (item for item, known in scope.names.items() if known.roster == word), "item"
            )
            rule, what = "roster-as-value", f"{word} is a roster, which has no value of its own"
            remedy = f"use one of its items: count(answered({word}.{item})), {word}[1].{item}"
        elif word in scope.groups:
            what = f"{word} is a group of items; it has no answer of its own"
            rule, remedy = "no-answer", "use one of its items"
        elif word in FUNCTIONS:
            what = f"the function {word} is used without its parentheses"
            rule, remedy = "wrong-arguments", f"write {FUNCTIONS[word].signature}"
        elif word.lower() in ("true", "false", "always", "never"):
            what = f"{word} is not part of a condition"
            remedy = "remove the key if it is always true; otherwise compare an item: q1 == 1"
        else:
            return None
        return self.report_problem(rule, node, what, remedy)

    def report_text_of_code(self, node: ast.expr, beside: Term, text: object) -> Term | None:
        """Report the text of an option where its code is needed; None if it is no option's text."""
        code = self.scope.find_code(beside.name, str(text)) if beside.name else None
        if code is None or code == text:
            return None
        constant = format_constant(code)
        what = f"{text} is the text of {constant}, and a condition needs the code"
        return self.report_problem(
            "unlike-kinds", node, what, f"write {constant}: {beside.name} == {constant}"
        )

    def report_unknown_code(
        self, node: ast.expr, name: str, codes: AbstractSet[Code], value: object
    ) -> Term:
        what = f"{name or 'this item'} has no code {format_constant(value)}: its codes are {format_codes(codes)}"
        words = [code for code in codes if isinstance(code, str)]
        remedy = suggest_nearest(value, words) if isinstance(value, str) else ""
        return self.report_problem(
            "unknown-code", node, what, remedy or "use one of these, or add the option"
        )


def collect_unsure_names(parts: Iterable[Term]) -> frozenset[str]:
    """Collect the variables whose don't know leaves any of the terms without a value."""
    return NO_NAMES.union(*[part.unsure_names for part in parts if part.unsure_names])
