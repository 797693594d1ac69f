"""Branching logic and calculations of REDCap, and what they mean.

A field that was left empty, or is hidden, is compared as JavaScript does it. What its value is
there depends on the field:

| field | value of a blank | true for a blank | false |
|---|---|---|---|
| calculation, slider, text that must be a number | the text NaN | `<> 5`, `> '5'` | `< 5`, `> 5` |
| any other one, so also choices | an empty text, as a number 0 | `= 0`, `< 5`, `< '5'` | `= '0'` |

In a calculation, choices are numbers too. A checkbox is never blank: each of its choices is the
number 1 or 0, and 0 equals an empty text.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from survey_cli.conversion.model.expressions import (
    NO,
    NO_VALUE,
    YES,
    All,
    Answered,
    AnswerOf,
    AnyOf,
    Chosen,
    Constant,
    Expression,
    FunctionCall,
    Not,
    Sign,
    Unsupported,
    UnsupportedError,
    ValueComparison,
    equate,
)
from survey_cli.conversion.model.formula_limits import check_formula_size
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS

DAYS_OF_YEAR: Final = 365.2425
DAYS_OF_MONTH: Final = 30.44
"""The days of a year and a month by which `datediff` divides."""

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<comment>(?:\#|//)[^\n]*)
        |(?P<field>(?:\[[^\[\]]+\])+)
        |(?P<text>'[^']*'|"[^"]*")
        |(?P<number>\d+(?:\.\d+)?|\.\d+)
        |(?P<word>[A-Za-z_]\w*)
        |(?P<sign><>|!=|<=|>=|==|&&|\|\||[=<>+*/^(),!-])
    )""",
    re.VERBOSE,
)
_TYPED: Final = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " "}
"""Quotes and spaces as typed on a keyboard, by those that word processors put in their place."""
_COMPARISONS: Final[dict[str, Sign]] = {
    "=": "==",
    "==": "==",
    "<>": "!=",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_NOT_A_NUMBER: Final = "NaN"
_CHECKBOX: Final = re.compile(r"([a-z]\w*)\(([^()]+)\)")
_FIELD: Final = re.compile(r"([a-z]\w*)(?::\w+)?")


class Token(NamedTuple):
    """A word, sign, field or value of an expression."""

    kind: str
    text: str


class LogicFields(NamedTuple):
    """What an expression may refer to."""

    checkboxes: frozenset[str]
    """The fields with several answers."""
    others: frozenset[str]
    record: str
    """The field with the key of the record; empty if there isn't one."""
    texts: frozenset[str] = frozenset()
    """The fields whose blank is an empty text; that of others is no number."""


def read_logic(text: str, fields: LogicFields) -> Expression:
    """Return what an expression means; an Unsupported if it can't be read."""
    try:
        check_formula_size(text)
        return _LogicReader(_split_tokens(text), fields).read()
    except UnsupportedError as error:
        return Unsupported(str(error))


def _split_tokens(text: str) -> list[Token]:
    """Return the words and signs of an expression. Raises UnsupportedError."""
    rest = text.translate(_TYPED).strip()
    tokens: list[Token] = []
    while rest:
        match = _TOKEN.match(rest)
        if match is None or match.lastgroup is None:
            raise UnsupportedError(f"{rest.split()[0]!r} is not understood")
        if match.lastgroup != "comment":
            tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        rest = rest[match.end() :].strip()
    return tokens


class _LogicReader:
    """Reads an expression by recursive descent: one method for each strength of operators."""

    def __init__(self, tokens: list[Token], fields: LogicFields) -> None:
        self._tokens = tokens
        self._fields = fields
        self._position = 0

    def read(self) -> Expression:
        tree = self._read_or()
        if self._position < len(self._tokens):
            raise UnsupportedError("the expression is incomplete, or its brackets do not match")
        return tree

    # ── tokens ────────────────────────────────────────────────────────────────────────────────────

    def _take(self) -> Token:
        if self._position >= len(self._tokens):
            raise UnsupportedError("the expression is incomplete, or its brackets do not match")
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _take_if(self, *texts: str) -> str:
        """Take the next token if it is one of these words or signs; otherwise return nothing."""
        if self._position >= len(self._tokens):
            return ""
        token = self._tokens[self._position]
        if token.kind in ("word", "sign") and token.text.lower() in texts:
            self._position += 1
            return token.text.lower()
        return ""

    def _expect(self, sign: str) -> None:
        if not self._take_if(sign):
            raise UnsupportedError("the expression is incomplete, or its brackets do not match")

    # ── conditions ────────────────────────────────────────────────────────────────────────────────

    def _read_or(self) -> Expression:
        parts = [self._read_and()]
        while self._take_if("or", "||"):
            parts.append(self._read_and())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _read_and(self) -> Expression:
        parts = [self._read_comparison()]
        while self._take_if("and", "&&"):
            parts.append(self._read_comparison())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _read_comparison(self) -> Expression:
        if self._take_if("!"):
            return Not(self._read_comparison())
        left = self._read_sum()
        written = self._take_if(*_COMPARISONS)
        if not written:
            return left
        right = self._read_sum()
        return self._compare(left, _COMPARISONS[written], right)

    def _compare(self, left: Expression, sign: Sign, right: Expression) -> Expression:
        compared = _compare(left, sign, right)
        if not isinstance(compared, ValueComparison):
            return compared
        match left, right:
            case (AnswerOf(name) as answer, Constant(value)):
                if_blank = _is_true_for_blank(name in self._fields.texts, sign, value)
            case (Constant(value), AnswerOf(name) as answer):
                if_blank = _is_true_for_blank(
                    name in self._fields.texts, MIRRORED_SIGNS[sign], value
                )
            case _:
                return compared
        if if_blank and sign == "==":
            return AnyOf((Not(Answered(answer)), compared))
        return replace(compared, if_blank=if_blank)

    # ── values ────────────────────────────────────────────────────────────────────────────────────

    def _read_sum(self) -> Expression:
        left = self._read_product()
        while sign := self._take_if("+", "-"):
            left = FunctionCall(sign, (left, self._read_product()))
        return left

    def _read_product(self) -> Expression:
        left = self._read_power()
        while sign := self._take_if("*", "/"):
            left = FunctionCall(sign, (left, self._read_power()))
        return left

    def _read_power(self) -> Expression:
        base = self._read_primary()
        if not self._take_if("^"):
            return base
        match self._read_primary():
            case Constant(2.0):
                return FunctionCall("*", (base, base))
            case Constant(3.0):
                return FunctionCall("*", (FunctionCall("*", (base, base)), base))
            case exponent:
                return Unsupported("only ^2 and ^3 have a counterpart", (base, exponent))

    def _read_primary(self) -> Expression:
        if self._take_if("("):
            tree = self._read_or()
            self._expect(")")
            return tree
        if self._take_if("-"):
            number = self._read_primary()
            if isinstance(number, Constant) and isinstance(number.value, float):
                return Constant(-number.value)
            return FunctionCall("-", (number,))

        token = self._take()
        match token.kind:
            case "number":
                return Constant(float(token.text))
            case "text":
                return Constant(token.text[1:-1])
            case "field":
                return self._read_field(token.text)
            case "word":
                return self._read_call(token.text.lower())
        raise UnsupportedError("the expression is incomplete, or its brackets do not match")

    def _read_field(self, text: str) -> Expression:
        """Return the answer of `[field]`, or whether `[field(code)]` is checked."""
        names = text[1:-1].split("][")
        if len(names) > 1:
            return Unsupported(f"{text} is a field of another event or instance")

        checkbox = _CHECKBOX.fullmatch(names[0])
        if checkbox is not None:
            name, code = checkbox.groups()
            if name not in self._fields.checkboxes:
                return Unsupported(f"the form has no checkbox {name}")
            return Chosen(AnswerOf(name), Constant(code.strip()))

        field = _FIELD.fullmatch(names[0])
        if field is None:
            return Unsupported(f"{text} is known to REDCap only")
        name = field[1]
        if name == self._fields.record:
            return FunctionCall("case")
        if name in self._fields.others:
            return AnswerOf(name)
        if name in self._fields.checkboxes:
            return Unsupported(f"{text} is a checkbox without a choice")
        return Unsupported(f"the form has no field {name}")

    def _read_call(self, name: str) -> Expression:
        if not self._take_if("("):
            return Unsupported(f"{name} is not understood")
        arguments: list[Expression] = []
        while not self._take_if(")"):
            arguments.append(self._read_or())
            if not self._take_if(","):
                self._expect(")")
                break
        return _call(name, tuple(arguments))


# ── comparisons ───────────────────────────────────────────────────────────────────────────────────


def _compare(left: Expression, sign: Sign, right: Expression) -> Expression:
    if isinstance(left, Chosen):
        return _compare_checkbox(left, sign, right)
    if isinstance(right, Chosen):
        return _compare_checkbox(right, sign, left)
    if sign not in ("==", "!="):
        return ValueComparison(left, sign, right, if_blank=False)

    equality = equate(left, right)
    if sign == "==":
        return equality
    if isinstance(equality, ValueComparison):
        return equality.negate()
    if isinstance(equality, Not):
        return equality.argument
    return Not(equality)


def _compare_checkbox(checked: Chosen, sign: Sign, value: Expression) -> Expression:
    """Compare a choice of a checkbox, which is 1 or 0 and never blank."""
    number: float | None = None
    if isinstance(value, Constant) and str(value.value) in ("0", "1", "0.0", "1.0"):
        number = float(value.value)
    if value == NO_VALUE:
        # JavaScript makes a number of an empty text that is compared with one.
        number = 0.0
    if number is None:
        return Unsupported("a checkbox is compared with something else than 0 and 1", (checked,))

    truths = {1.0: _holds(1.0, sign, number), 0.0: _holds(0.0, sign, number)}
    match truths[1.0], truths[0.0]:
        case True, True:
            return YES
        case True, False:
            return checked
        case False, True:
            return Not(checked)
        case _:
            return NO


def _is_true_for_blank(is_text: bool, sign: str, value: float | str) -> bool:
    """Return whether a comparison with a constant is true for a blank, as JavaScript has it."""
    # Two texts are compared by their characters, also if they look like numbers.
    is_among_texts = isinstance(value, str)
    blank: float | str
    if is_text:
        blank = "" if is_among_texts else 0.0
    else:
        blank = _NOT_A_NUMBER if is_among_texts else math.nan
    return bool(COMPARE[sign](blank, value))


def _holds(left: float, sign: Sign, right: float) -> bool:
    match sign:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right


# ── functions ─────────────────────────────────────────────────────────────────────────────────────


def _call(name: str, arguments: tuple[Expression, ...]) -> Expression:
    """Return what a function means; an Unsupported if it has no counterpart."""
    read = _FUNCTIONS.get(name)
    if read is not None:
        found = read(arguments)
        if found is not None:
            return found
    return Unsupported(f"there is no counterpart of {name}()", arguments)


def _read_if(arguments: tuple[Expression, ...]) -> Expression | None:
    return FunctionCall("if", arguments) if len(arguments) == 3 else None


def _read_round(arguments: tuple[Expression, ...]) -> Expression | None:
    """Round, to no decimals if their number isn't given."""
    return FunctionCall("round", arguments) if len(arguments) in (1, 2) else None


def _read_round_down(arguments: tuple[Expression, ...]) -> Expression | None:
    """Return the age of `rounddown(datediff([born], 'today', 'y'))`, the usual way to write it."""
    match arguments:
        case (FunctionCall("/", (FunctionCall("days_between", dates), Constant(days))), *digits):
            is_whole = not digits or digits == [Constant(0.0)]
            if is_whole and days == DAYS_OF_YEAR:
                return FunctionCall("years_between", dates)
    return None


def _read_date_difference(arguments: tuple[Expression, ...]) -> Expression | None:
    """Return the days between two dates, or their share of a year or a month."""
    match arguments:
        case (first, second, Constant(str(unit)), *_):
            dates = (_read_date(first), _read_date(second))
            days = FunctionCall("days_between", dates)
        case _:
            return None

    match unit:
        case "d":
            return days
        case "y":
            return FunctionCall("/", (days, Constant(DAYS_OF_YEAR)))
        case "M":
            return FunctionCall("/", (days, Constant(DAYS_OF_MONTH)))
        case _:
            return None


def _read_date(tree: Expression) -> Expression:
    return FunctionCall("today") if tree in (Constant("today"), Constant("now")) else tree


def _read_sum(arguments: tuple[Expression, ...]) -> Expression | None:
    """Sum up; REDCap leaves blanks out."""
    return FunctionCall("sum_answered", arguments)


def _read_mean(arguments: tuple[Expression, ...]) -> Expression | None:
    return FunctionCall("mean_answered", arguments)


def _read_contains(arguments: tuple[Expression, ...]) -> Expression | None:
    return FunctionCall("contains", arguments) if len(arguments) == 2 else None


def _read_blank(arguments: tuple[Expression, ...]) -> Expression | None:
    return Not(Answered(arguments[0])) if len(arguments) == 1 else None


def _read_length(arguments: tuple[Expression, ...]) -> Expression | None:
    return FunctionCall("length", arguments) if len(arguments) == 1 else None


def _read_concat(arguments: tuple[Expression, ...]) -> Expression | None:
    return FunctionCall("concat", arguments)


_FUNCTIONS: Final[Mapping[str, Callable[[tuple[Expression, ...]], Expression | None]]] = {
    "concat": _read_concat,
    "contain": _read_contains,
    "contains": _read_contains,
    "datediff": _read_date_difference,
    "if": _read_if,
    "isblankormissingcode": _read_blank,
    "isblanknotmissingcode": _read_blank,
    "length": _read_length,
    "mean": _read_mean,
    "round": _read_round,
    "rounddown": _read_round_down,
    "sum": _read_sum,
}
"""Functions with a counterpart. `min` and `max` leave blanks out, which ours don't."""
