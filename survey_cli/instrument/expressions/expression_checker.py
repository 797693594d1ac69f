"""Type checker for conditions: types of names, typed parts of a condition, and problems in it.

Each part is compiled as soon as it is checked, and nothing is evaluated.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.amounts import AmountReading
from survey_cli.instrument.durations import DurationUnit
from survey_cli.instrument.editions import FIRST_EDITION
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

VariableType: TypeAlias = Literal["code", "codes", "number", "text", "date", "time", "draw", "flag"]
"""The type of a variable.

`codes` is a multiple, `draw` the number of the selected turn, and `flag` true or false.
"""


class LimitNames(NamedTuple):
    """What says the amount of a bracket more exactly than its interval."""

    exact: str | None
    """The amount, if the respondent named it. None if nobody can name it."""
    low: str
    high: str
    """The limits of what the steps have left. The second one is missing if there is none."""


class ValueType(NamedTuple):
    """What a name means in conditions and texts: the type and range of its value, and its words."""

    type: VariableType
    codes: AbstractSet[Code] | None = None
    """The codes it can have; None if it can have any."""
    declinable: bool = False
    """Whether it can be don't know or refused."""
    roster: str | None = None
    """The roster it belongs to."""
    why_unanswered: str = ""
    """Why it never has an answer: `is read aloud`."""
    ordered: bool = False
    """Whether the codes of a multiple are in the order of mention."""
    labels: Mapping[Code, Any] | None = None
    """The compiled texts of its options."""
    drawn_from: str | None = None
    """The roster that a draw selects from."""
    turn_name: str | None = None
    """For a draw: the item of that roster that names a turn."""
    limits: LimitNames | None = None
    """For a bracket: the names that comparisons read instead of its interval."""
    may_be_missing: bool = False
    """Whether it can be missing when a text fills it in: the text then needs alternative words."""
    amounts: AmountReading | None = None
    """How its amount is read from what was keyed; None if that is the amount.

    The type of a variable whose codes count as numbers (`value:`) is `number`."""
    duration_unit: DurationUnit | None = None
    """The unit of a length of time, which texts write in words."""
    may_lack_amount: bool = False
    """Whether a calculated value can be `NO_AMOUNT`."""
    has_mistake: bool = False
    """Whether its calculation has a mistake, so that nothing is known about its value."""


class Scope(NamedTuple):
    """The names that a condition or text may use, and its position in the questionnaire."""

    names: Mapping[str, ValueType]
    rosters: Collection[str] = frozenset()
    declines: tuple[str, ...] = ("dk", "refused")
    """The declines' ids, as in `q in [3, dk, refused]`."""
    inside_roster: str | None = None
    """The roster that contains it. Its items are those of the current turn; others are lists."""
    groups: Collection[str] = frozenset()
    """Sections and batteries, which have no answers of their own."""
    nearest: FindNearest = find_nearest
    """Finds the name that an unknown one probably stands for."""
    find_code: Callable[[str, str], Code | None] = lambda _name, _text: None
    """Finds the code of a variable that has a text, such as that of Yes."""
    has_interviewer: bool = False
    """Whether `interviewer.sex` can be used: the condition is evaluated in an interview."""
    has_clock: bool = False
    """Whether `elapsed()` can be used: the condition is evaluated when its item is reached."""
    sources: Collection[str] = ()
    """That roster, and those over whose turns it runs."""
    each: str | None = ""
    """The roster whose turn `{each}` stands for; None if it is not allowed here."""
    has_options: bool = False
    """Whether `{options}` can be used: the text is read with options."""
    has_amount: bool = False
    """Whether `{amount}` can be used: the text is read in a step of a bracket."""
    languages: Sequence[str] = ()
    """The languages of the file. A text without translations is read in all of them."""
    edition: int = FIRST_EDITION
    """The edition of the language in which the file is written."""


Kind: TypeAlias = Literal["truth", "number", "text", "code", "codes", "date", "time", "wrong"]
Family: TypeAlias = Literal["truth", "number", "text", "codes", "date", "time", "any", "wrong"]
NO_NAMES: Final[frozenset[str]] = frozenset()
NOT_CONSTANT: Final = object()


class KeyedForm(NamedTuple):
    """What a variable is before its amount is read from it."""

    evaluate: logic.Evaluator
    """Returns the number or code that was keyed."""
    reading: AmountReading
    codes: AbstractSet[Code] | None = None
    compared: logic.Evaluator | None = None
    """Returns what `<` and `>` compare, if something says the amount more exactly."""


class Term(NamedTuple):
    """A checked and compiled part of a condition."""

    kind: Kind
    evaluate: logic.Evaluator
    node: ast.expr
    name: str = ""
    """The name of the variable, if it is just a variable."""
    plain_name: str = ""
    """The same, if it is the variable's only value: not a roster's item, whose value has a turn."""
    codes: AbstractSet[Code] | None = None
    roster: str | None = None
    """The roster, if it is a list over the turns of one."""
    value: Any = NOT_CONSTANT
    """The value of a literal."""
    unsure_names: frozenset[str] = NO_NAMES
    """The variables whose don't know or refusal leaves it without a value."""
    test: logic.ConstantTest | None = None
    """A faster form of `evaluate`, if it compares an ordinary variable with constants."""
    keyed: KeyedForm | None = None
    """What was keyed, if it is a variable whose amount is something else.

    The value of a number is then its amount, or `NO_AMOUNT` if that isn't one number. The value of
    a code is the code, until it is used as a number: see `amount_terms`."""
    duration_unit: DurationUnit | None = None
    """The unit of a length of time, which texts write in words."""
    may_lack_amount: bool = False
    """Whether its value can be `NO_AMOUNT`."""

    @property
    def is_literal(self) -> bool:
        return self.value is not NOT_CONSTANT


_KIND_NAMES: Final[dict[Kind, str]] = {
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
    if part.kind == "code":
        return get_code_family(part.codes)
    return part.kind


def describe_kind(part: Term) -> str:
    """Describe in words what the term is."""
    if part.kind != "code":
        return _KIND_NAMES[part.kind]

    family = get_code_family(part.codes)
    if family == "any":
        return "an item with codes"
    return f"an item with {family} codes"


@lru_cache(maxsize=512)
def get_code_family(codes: AbstractSet[Code] | None) -> Literal["number", "text", "any"]:
    """Return whether codes are all numbers or all texts; `any` if they are mixed or unknown."""
    if not codes:
        return "any"

    number_count = sum(1 for code in codes if isinstance(code, int))
    if number_count == len(codes):
        return "number"
    if number_count == 0:
        return "text"
    return "any"


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
    """Sort codes, numbers before texts."""
    return sorted(codes, key=lambda code: (isinstance(code, str), code))


def format_codes(codes: Iterable[Code]) -> str:
    """Format codes for a message: sorted, only the first few of many."""
    return join_first(map(format_constant, sort_codes(codes)), MAX_LISTED)


def shift_position(where: Position, text: str, at: int) -> Position:
    """Return the position of the character `at` of a text that begins at `where`.

    If it isn't known, as in a text of several lines, it is the position of the whole text.
    """
    if isinstance(text, YamlScalar) and text.where == where:
        return text.find_position(at)
    if not where.column or "\n" in text:
        return where
    return Position(where.file, where.line, where.column + at)


class _Doubt(NamedTuple):
    """A warning that applies unless the condition provides for the declines of these variables."""

    names: frozenset[str]
    problem: Problem


@dataclass(slots=True, eq=False)
class ExpressionChecker:
    """Checker of one condition, with what was found in it so far.

    A method that reports a problem returns a wrong term, so that its caller returns that in turn.
    """

    text: str
    parsed: ParsedExpression
    scope: Scope
    where: Position
    who: str
    """The item that the condition belongs to."""
    problems: list[Problem] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    """The variables that it reads."""
    part_count: int = 0
    is_limited: bool = True
    """Whether it may have only so many parts, as all that is written."""
    is_too_large: bool = False
    guarded_names: set[str] = field(default_factory=set)
    """The variables for whose declines the condition provides, as in `answered(q1) and …`."""
    _doubts: list[_Doubt] = field(default_factory=list)

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
        code: int | str | None = None,
    ) -> Term:
        """Report a problem and return a wrong term, about which nothing more is reported."""
        problem = self._make_problem(rule, node, what, remedy, severity)
        self.problems.append(replace(problem, subject=subject, code=code))
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
        """Record that a don't know or refusal makes this unknown.

        It becomes a warning if nothing in the condition provides for the decline.
        """
        if not names:
            return

        items = " or ".join(sorted(names))
        what = f"a don't know or refusal at {items} makes this unknown, and thus not true"
        if not remedy:
            name = min(names)
            source = self.get_source(part.node)
            if isinstance(part.node, ast.BoolOp | ast.IfExp):
                source = f"({source})"
            remedy = (
                f"write {source} or declined({name}) if they count,"
                f" answered({name}) and {source} if not"
            )
        problem = self._make_problem("unsure-negation", part.node, what, remedy, "warning")
        self._doubts.append(_Doubt(names, problem))

    def collect_problems(self) -> tuple[Problem, ...]:
        """Return all problems; those about declines once per item."""
        covered = set(self.guarded_names)
        unguarded = []
        for doubt in self._doubts:
            if not doubt.names <= covered:
                unguarded.append(doubt.problem)
                covered |= doubt.names
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
        if value.__class__ is int:
            # most literals are codes: as many characters as the number has can't hide 01 or 1_000
            written_length = (node.end_col_offset or 0) - node.col_offset
            if written_length == len(str(value)) < 19:
                return _make_literal("number", value, node)

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
                    return _make_literal("number", value, node)
                what, remedy = mistake
            case str():
                # anything but a text between two quotes is longer: 'a' 'b', or three quotes
                if len(source) == len(value) + 2:
                    return _make_literal("text", logic.to_nfc(value), node)
                what = f"{shorten(source)} is not one text"
                remedy = (
                    "write one text between two quotes; texts of a list are separated by commas"
                )
            case None:
                what = "None is not part of a condition"
                remedy = "write answered(q1), or not answered(q1)"
            case _:
                what = f"{shorten(source)} is neither a number nor a text"
                remedy = "write a number, or a text between quotes"
        return self.report_syntax(node, what, remedy)

    def combine(
        self, function: Callable[..., Any], parts: list[Term], kind: Kind, node: ast.expr
    ) -> Term:
        """Combine terms by `function`, turn by turn if one of them is a list."""
        if any(part.kind == "wrong" for part in parts):
            return self.make_wrong(node)
        roster = self._find_common_roster(parts, node)
        if roster is None:
            return self.make_wrong(node)

        evaluators = [part.evaluate for part in parts]
        if roster:
            is_list = [part.roster is not None for part in parts]
            evaluate = logic.make_application_by_turn(function, evaluators, is_list)
        else:
            evaluate = logic.make_application(function, evaluators)
        return Term(
            kind,
            evaluate,
            node,
            roster=roster or None,
            unsure_names=collect_unsure_names(parts),
            may_lack_amount=any(part.may_lack_amount for part in parts),
        )

    def combine_tested(
        self,
        function: Callable[..., Any],
        parts: list[Term],
        node: ast.expr,
        test: logic.ConstantTest | None,
    ) -> Term:
        """Combine terms to a truth value, which the test evaluates in most cases if it has one."""
        part = self.combine(function, parts, "truth", node)
        if test is None or part.roster or part.kind == "wrong":
            return part
        return part._replace(evaluate=logic.make_test_evaluator(test, part.evaluate), test=test)

    def _find_common_roster(self, parts: Iterable[Term], node: ast.expr) -> str | None:
        """Find the roster over whose turns the lists among the terms run.

        It is empty if none is a list. Two rosters are reported, and the result is None.
        """
        rosters = sorted({part.roster for part in parts if part.roster})
        if len(rosters) > 1:
            what = f"lists of different rosters are combined here ({' and '.join(rosters)})"
            remedy = "count or sum each of them separately, then combine the results"
            self.report_problem("unlike-lists", node, what, remedy)
            return None
        return rosters[0] if rosters else ""

    def require_truth(self, part: Term, *, before: ast.expr | None = None) -> Term:
        """Return the term if it is a truth value, else report it.

        `before` is what precedes it in an `and` or `or`.
        """
        if part.kind in ("truth", "wrong"):
            return part
        if part.is_literal:
            return self._report_literal_as_truth(part, before)

        source = self.get_source(part.node)
        code = ""
        if part.codes:
            code = format_constant(sort_codes(part.codes)[0])
        match part.kind:
            case "code":
                remedy = f"write answered({source}), or {source} == {code or '1'}"
            case "codes":
                remedy = f"""write {code or "'tv'"} in {source}, or count({source}) >= 1"""
            case "number" if part.name:
                remedy = f"write answered({source}), or {source} > 0"
            case "number":
                remedy = f"compare it: {source} > 0"
            case _:
                remedy = f"write answered({source}), or compare it with =="
        what = f"{self.describe(part)}, and something true or false is required here"
        return self.report_problem("not-a-truth", part.node, what, remedy)

    def _report_literal_as_truth(self, part: Term, before: ast.expr | None) -> Term:
        """Report a constant as a condition: the 2 of `q1 == 1 or 2`."""
        source = self.get_source(part.node)
        what = f"{source} is used where something true or false is required"
        if isinstance(before, ast.Compare) and isinstance(before.left, ast.Name):
            item = before.left.id
            remedy = f"repeat the item: {item} == {source}, or list the codes: {item} in […]"
        elif part.kind == "text" and any(sign in part.value for sign in "=<>()"):
            remedy = "remove the quotes"
        else:
            remedy = "compare an item with it: q1 == 1"
        return self.report_problem("not-a-truth", part.node, what, remedy)

    def report_not_a_number(self, part: Term, requirement: str) -> Term:
        """Report a term that is not a number although one is expected."""
        source = self.get_source(part.node)
        is_number_in_quotes = part.kind == "text" and part.is_literal and part.value.isdigit()
        if is_number_in_quotes:
            remedy = f"write {part.value}, without quotes"
        else:
            match get_family(part):
                case "date":
                    remedy = (
                        "write years_between(start, end), months_between or days_between"
                        " for the time between two dates"
                    )
                case "truth":
                    remedy = f"write count({source}) for 1 if it is true, else 0"
                case "codes":
                    remedy = f"write count({source}) for how many were chosen"
                case _:
                    remedy = "use a number, or an item whose codes are numbers"
        what = f"{requirement}, and {self.describe(part)}"
        return self.report_problem("not-a-number", part.node, what, remedy)

    def report_list(self, part: Term) -> Term:
        """Report a list over turns if one value is expected."""
        roster = part.roster
        source = self.get_source(part.node)
        node, item = self._find_list_item(part)
        what = (
            f"{item} is asked once for each turn of {roster},"
            " so this is a list, and one value is required here"
        )
        rest = source.removeprefix(f"{roster}.")
        if part.kind != "truth":
            remedy = f"write sum({roster}.{item}), max({roster}.{item}) or {roster}[1].{item}"
        elif rest.startswith(item):
            remedy = f"write count({roster}.{rest}) >= 1, or {roster}[1].{rest} for one turn"
        else:
            remedy = f"write count({source}) >= 1, or use one turn: {roster}[1].{item}"
        return self.report_problem("list-as-value", node, what, remedy)

    def _find_list_item(self, part: Term) -> tuple[ast.expr, str]:
        """Find the first item of a list's roster, and its name."""
        found: list[tuple[ast.expr, str]] = []
        for node in ast.walk(part.node):
            match node:
                case ast.Name(id=name) if name in self.scope.names:
                    if self.scope.names[name].roster is not None:
                        found.append((node, name))
                case ast.Attribute(value=ast.Name(), attr=name):
                    found.append((node, name))
        return min(found, key=lambda use: self.parsed.locate(use[0]))

    def report_unknown_name(self, node: ast.Name, compared: Term | None = None) -> Term:
        """Report a name that is not a variable.

        It can be a code without quotes, a decline, a roster, a function, or a typing error.
        `compared` is the other side of a comparison.
        """
        word = shorten(node.id)
        if compared is not None:
            reported = self._report_bare_code(node, word, compared)
            if reported is not None:
                return reported
        example = "q1"
        if compared is not None and compared.name:
            example = compared.name
        reported = self._report_misused_word(node, word, example)
        if reported is not None:
            return reported

        what, remedy = self._explain_unknown_name(word, compared)
        return self.report_problem("unknown-name", node, what, remedy, subject=node.id)

    def _explain_unknown_name(self, word: str, compared: Term | None) -> tuple[str, str]:
        """Return what is wrong with a word that means nothing here, and the remedy."""
        suggestion = ""
        near = self.scope.nearest(word, self.scope.names)
        if near is not None:
            suggestion = f"did you mean {near!r}?"

        if compared is not None and compared.codes:
            owner = compared.name or "the item next to it"
            what = f"{word!r} is neither a variable nor a code of {owner}"
            near_code = find_nearest(word, _select_texts(compared.codes))
            if not suggestion and near_code is not None:
                suggestion = f"did you mean {format_constant(near_code)}, in quotes?"
            listed = f"its codes are {format_codes(compared.codes)}"
            return what, f"{suggestion} {listed}".lstrip()

        what = f"{word!r} is not a variable"
        if compared is not None and compared.kind == "text" and not compared.is_literal:
            in_quotes = f"put it in quotes if it is a text: '{word}'"
            if suggestion:
                return what, f"{in_quotes}; {suggestion}"
            return what, in_quotes
        return what, suggestion or "use an item, a sample column or a compute"

    def _report_bare_code(self, node: ast.Name, word: str, compared: Term) -> Term | None:
        """Report a code without quotes, or the text of a code; None if the word is neither."""
        reported = self.report_text_of_code(node, compared, word)
        if reported is not None:
            return reported

        for code in _select_texts(compared.codes or ()):
            if code.casefold() == word.casefold():
                owner = compared.name or "the list"
                what = f"{word} is a code of {owner}, and such codes need quotes"
                return self.report_problem(
                    "bare-code", node, what, f"write {format_constant(code)}"
                )
        return None

    def _report_misused_word(self, node: ast.Name, word: str, example: str) -> Term | None:
        """Report a word of the language that is no variable; None for any other word.

        `example` is the item that the remedy mentions.
        """
        scope = self.scope
        if word in scope.declines:
            what = f"{word} is a decline, not a value"
            remedy = f"write {example} in [{word}]"
            if word in FUNCTIONS:
                remedy = f"write {word}({example}), or {example} in [{word}]"
            return self.report_problem("decline-compared", node, what, remedy)

        if word in scope.rosters:
            item = "item"
            for name, value_type in scope.names.items():
                if value_type.roster == word:
                    item = name
                    break
            rule = "roster-as-value"
            what = f"{word} is a roster, which has no value of its own"
            remedy = f"use one of its items: count(answered({word}.{item})), {word}[1].{item}"
        elif word in scope.groups:
            rule = "no-answer"
            what = f"{word} is a group of items; it has no answer of its own"
            remedy = "use one of its items"
        elif word in FUNCTIONS:
            rule = "wrong-arguments"
            what = f"the function {word} is used without its parentheses"
            remedy = f"write {FUNCTIONS[word].signature}"
        elif word.lower() in ("true", "false", "always", "never"):
            rule = "unknown-name"
            what = f"{word} is not part of a condition"
            remedy = "remove the key if it is always true; otherwise compare an item: q1 == 1"
        else:
            return None
        return self.report_problem(rule, node, what, remedy)

    def report_text_of_code(self, node: ast.expr, compared: Term, text: object) -> Term | None:
        """Report the text of an option if its code is needed; None if it is no option's text."""
        if not compared.name:
            return None
        code = self.scope.find_code(compared.name, str(text))
        if code is None or code == text:
            return None

        constant = format_constant(code)
        what = f"{text} is the text of {constant}, and a condition needs the code"
        remedy = f"write {constant}: {compared.name} == {constant}"
        return self.report_problem("unlike-kinds", node, what, remedy)

    def report_unknown_code(
        self, node: ast.expr, name: str, codes: AbstractSet[Code], value: object
    ) -> Term:
        """Report a constant that is no code of the variable."""
        owner = name or "this item"
        what = f"{owner} has no code {format_constant(value)}: its codes are {format_codes(codes)}"
        remedy = ""
        if isinstance(value, str):
            remedy = suggest_nearest(value, _select_texts(codes))
        remedy = remedy or "use one of these, or add the option"
        code = value if isinstance(value, int | str) else None
        return self.report_problem("unknown-code", node, what, remedy, subject=owner, code=code)


def _make_literal(kind: Literal["number", "text"], value: object, node: ast.expr) -> Term:
    return Term(kind, logic.make_constant(value), node, value=value)


def _select_texts(codes: Iterable[Code]) -> list[str]:
    return [code for code in codes if isinstance(code, str)]


def collect_unsure_names(parts: Iterable[Term]) -> frozenset[str]:
    """Collect the variables whose don't know leaves any of the terms without a value."""
    return NO_NAMES.union(*[part.unsure_names for part in parts if part.unsure_names])
