"""The language of conditions and calculations in a form, whatever system the form comes from.

An expression is a small tree. `[sex] = '0' and [births] <> '1'` of REDCap is

    All((
        ValueComparison(AnswerOf("sex"), "==", Constant("0"), if_blank=False),
        ValueComparison(AnswerOf("births"), "!=", Constant("1"), if_blank=True),
    ))

**A condition is true or false, never unknown**, as it is in every system that forms come from. The
systems differ in what a blank means: a question that was left empty, declined or never shown. So
each node says it:

- `ValueComparison` has `if_blank`, its truth if one of its sides has no value.
- `Chosen` is false for a blank.
- `Answered` is false, and `Shown` tells a question that was never shown from one left empty.

A system whose comparison is false for a hidden question, but true for an empty one, is written as
`All((Shown(AnswerOf("a")), ValueComparison(…, if_blank=True)))`.

What can't be expressed is an `Unsupported` in its place. The writer keeps the parts of an `All`
around it, and reports it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Sign: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


class UnsupportedError(Exception):
    """Why something can't be carried over, in words for the report."""


# ── values ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Constant:
    """A number or a text. The text '' stands for no value."""

    value: float | str


@dataclass(frozen=True, slots=True)
class AnswerOf:
    """The answer to a question, or the value of a calculation; `.` is the question's own answer."""

    name: str


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function or an operator with its arguments. FUNCTIONS lists the names."""

    name: str
    arguments: tuple["Expression", ...] = ()


# ── truths ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class TruthConstant:
    """A condition that is always true, or always false."""

    value: bool


@dataclass(frozen=True, slots=True)
class All:
    """A condition that is true if all its parts are."""

    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A condition that is true if at least one of its parts is."""

    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that is true if its part is false."""

    argument: "Expression"


@dataclass(frozen=True, slots=True)
class ValueComparison:
    """A comparison of two values."""

    left: "Expression"
    sign: Sign
    right: "Expression"
    if_blank: bool
    """Its truth if a side has no value: the question was left empty, declined, or not shown."""

    def negate(self) -> "ValueComparison":
        """Return the comparison that is true exactly if this one is false, blanks included."""
        return ValueComparison(self.left, OPPOSITES[self.sign], self.right, not self.if_blank)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A condition that a code is chosen in a question, of one answer or several; false if blank.

    The value may also be a `FunctionCall("join", …)`, the answers of all turns of a roster.
    """

    value: "Expression"
    code: "Expression"


@dataclass(frozen=True, slots=True)
class Answered:
    """A condition that a value isn't blank."""

    value: "Expression"


@dataclass(frozen=True, slots=True)
class Shown:
    """A condition that a question was shown, answered or not, or that a group was.

    The value is an `AnswerOf` with its name, or one in a turn of a roster.
    """

    value: "Expression"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A condition or a value that can't be expressed, with the reason in words for the report.

    `arguments` are its parts that can, so that what it depends on is known.
    """

    why: str
    arguments: tuple["Expression", ...] = field(default=())


Expression: TypeAlias = (
    Constant
    | AnswerOf
    | FunctionCall
    | TruthConstant
    | All
    | AnyOf
    | Not
    | ValueComparison
    | Chosen
    | Answered
    | Shown
    | Unsupported
)

OPPOSITES: Final[Mapping[Sign, Sign]] = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}
SELF: Final = AnswerOf(".")
NO_VALUE: Final = Constant("")
YES: Final = TruthConstant(True)
NO: Final = TruthConstant(False)
TURN: Final = FunctionCall("turn")
FUNCTIONS: Final = {
    "+": "sum of two numbers",
    "-": "difference of two numbers; of one number, its opposite",
    "*": "product of two numbers",
    "/": "quotient of two numbers",
    "if": "of a condition and two values: the first value if it is true, otherwise the second",
    "first_answered": "the first of its values that isn't blank",
    "round": "of a number and, if given, a number of digits",
    "truncate": "the whole part of a number",
    "min": "the least of its values; of one answer in a roster, the least of all turns",
    "max": "the largest of its values; of one answer in a roster, the largest of all turns",
    "max_answered": "the largest of those of its values that aren't blank",
    "sum": "the sum of an answer in all turns of a roster",
    "sum_answered": "the sum of those of its values that aren't blank",
    "mean_answered": "the mean of those of its values that aren't blank",
    "count_chosen": "the number of codes that are chosen in a question of several answers",
    "count_true": "how many of its conditions are true",
    "rank": "of a ranking and a code: the position of the code, from 1; none if it isn't ranked",
    "length": "the number of characters of a text",
    "concat": "its values joined to a text",
    "label": "the text of the code that is chosen in a question",
    "format_date": "of a date and a format: the date as a text, with %d, %B, %Y",
    "today": "the date of the interview",
    "years_between": "the whole years from one date to another",
    "months_between": "the whole months from one date to another",
    "days_between": "the days from one date to another",
    "random": "a random number from 0 to 1, drawn once",
    "case": "the key of the case",
    "interviewer": "the name of the interviewer",
    "column": "a column of the sample, by its name",
    "turn": "the number of the turn of a roster",
    "each": "the text of the choice that a turn of a roster is for",
    "count_turns": "the number of turns of a roster, which is an AnswerOf with its name",
    "in_turn": "of an answer in a roster, and the number of a turn: the answer in that turn",
    "each_turn": "the answers in all turns of a roster, as a list",
    "join": "the values of all turns, joined to a text; its argument is the value of one turn",
    "contains": "of two texts: a condition that the first has the second in it, in any case",
    "regex": "of a text and a regular expression: a condition that the text matches",
}
"""The names of calls, and what each stands for."""


# ── trees ─────────────────────────────────────────────────────────────────────────────────────────


def list_children(tree: Expression) -> tuple[Expression, ...]:
    """Return the parts that a tree has directly below it."""
    match tree:
        case FunctionCall() | All() | AnyOf() | Unsupported():
            return tree.arguments
        case Not(argument):
            return (argument,)
        case ValueComparison(left, _, right):
            return (left, right)
        case Chosen(value, code):
            return (value, code)
        case Answered(value) | Shown(value):
            return (value,)
        case _:
            return ()


def replace_parts(tree: Expression, values: Mapping[Expression, Expression]) -> Expression:
    """Return the tree with some of its parts replaced."""
    if tree in values:
        return values[tree]

    parts = tuple(replace_parts(part, values) for part in list_children(tree))
    match tree:
        case FunctionCall(name):
            return FunctionCall(name, parts)
        case All():
            return All(parts)
        case AnyOf():
            return AnyOf(parts)
        case Unsupported(why):
            return Unsupported(why, parts)
        case Not():
            return Not(parts[0])
        case ValueComparison(_, sign, _, if_blank):
            return ValueComparison(parts[0], sign, parts[1], if_blank)
        case Chosen():
            return Chosen(parts[0], parts[1])
        case Answered():
            return Answered(parts[0])
        case Shown():
            return Shown(parts[0])
        case _:
            return tree


def iterate_parts(tree: Expression) -> Iterator[Expression]:
    """Yield the tree and everything in it."""
    yield tree
    for part in list_children(tree):
        yield from iterate_parts(part)


def find_names(tree: Expression) -> set[str]:
    """Return the names of the questions, groups and calculations that the tree uses."""
    return {part.name for part in iterate_parts(tree) if isinstance(part, AnswerOf)}


def list_conjuncts(tree: Expression) -> list[Expression]:
    """Return the conditions that must all be true, however they are nested."""
    if not isinstance(tree, All):
        return [tree]
    conjuncts: list[Expression] = []
    for part in tree.arguments:
        conjuncts += list_conjuncts(part)
    return conjuncts


def list_disjuncts(tree: Expression) -> list[Expression]:
    """Return the conditions of which one must be true, however they are nested."""
    if not isinstance(tree, AnyOf):
        return [tree]
    disjuncts: list[Expression] = []
    for part in tree.arguments:
        disjuncts += list_disjuncts(part)
    return disjuncts


def join_all(parts: list[Expression]) -> Expression:
    """Return the condition that all parts are true; true if there isn't one."""
    if not parts:
        return YES
    if len(parts) == 1:
        return parts[0]
    return All(tuple(parts))


def join_any(parts: list[Expression]) -> Expression:
    """Return the condition that one of the parts is true; false if there isn't one."""
    if not parts:
        return NO
    if len(parts) == 1:
        return parts[0]
    return AnyOf(tuple(parts))


def equate(left: Expression, right: Expression) -> Expression:
    """Return `left = right` as REDCap and XLSForm mean it: two blanks are equal, one is not."""
    if right == NO_VALUE:
        return Not(Answered(left))
    if left == NO_VALUE:
        return Not(Answered(right))

    equal = ValueComparison(left, "==", right, if_blank=False)
    if isinstance(left, AnswerOf) and isinstance(right, AnswerOf):
        are_blank = All((Not(Answered(left)), Not(Answered(right))))
        return AnyOf((are_blank, equal))
    return equal
