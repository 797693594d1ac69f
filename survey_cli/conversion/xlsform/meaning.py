"""Meaning of XPath expressions, in the neutral language of conditions.

An empty value is compared like a text: `${a} != 1` is true while `a` is empty, `${a} < 5` is
false, and two empty values are equal.
"""

from collections.abc import Mapping
from typing import Final

from survey_cli.conversion.model.expressions import (
    NO,
    NO_VALUE,
    TURN,
    YES,
    All,
    AnswerOf,
    AnyOf,
    Chosen,
    Constant,
    Expression,
    FunctionCall,
    Not,
    Shown,
    Sign,
    Unsupported,
    ValueComparison,
    equate,
)
from survey_cli.conversion.xlsform.xpath import XPathCall, XPathLiteral, XPathName, XPathTree

_SAME: Final = ("once", "number", "string", "date", "date-time", "decimal-date-time", "boolean")
"""Functions that leave an answer as it is, because answers have types."""
_METADATA: Final[dict[str, Expression]] = {
    "today": FunctionCall("today"),
    "caseid": FunctionCall("case"),
    "username": FunctionCall("interviewer"),
}
"""What stands for metadata that can be used, by their types. Others are empty by telephone."""
_SIGNS: Final[dict[str, Sign]] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FUNCTIONS: Final = {
    "+": "+",
    "-": "-",
    "*": "*",
    "div": "/",
    "coalesce": "first_answered",
    "concat": "concat",
    "count-selected": "count_chosen",
    "format-date": "format_date",
    "format-date-time": "format_date",
    "if": "if",
    "max": "max",
    "min": "min",
    "random": "random",
    "regex": "regex",
    "round": "round",
    "string-length": "length",
    "sum": "sum",
}
"""Functions whose arguments are the same here, by their names in a form."""
_AGE_DIVISOR: Final = XPathLiteral(365.25)
_DAYS_DIVISOR: Final = XPathLiteral(365.0)


class MeaningReader:
    """Reads what expressions mean. `metadata` has the types of metadata by their names."""

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self.metadata = metadata

    def read(self, tree: XPathTree, cells: Mapping[str, str] | None = None) -> Expression:
        """Return what an expression means; `cells` has the columns of the choice it is about."""
        columns = {} if cells is None else cells
        match tree:
            case XPathLiteral(value):
                return Constant(value)
            case XPathName(name):
                return self._read_name(name, columns)
            case XPathCall(name, arguments):
                meanings = tuple(self.read(argument, columns) for argument in arguments)
                return self._read_call(tree, name, meanings)

    def _read_name(self, name: str, cells: Mapping[str, str]) -> Expression:
        column = name.removeprefix("@")
        if column != name and column in cells:
            return Constant(cells[column])
        if name in self.metadata:
            return _METADATA.get(self.metadata[name], NO_VALUE)
        return AnswerOf(name)

    def _read_call(
        self, tree: XPathCall, name: str, arguments: tuple[Expression, ...]
    ) -> Expression:
        condition = _read_condition(name, arguments)
        if condition is not None:
            return condition

        match name, arguments:
            case (("today" | "now"), ()):
                return FunctionCall("today")  # conditions know no time of day
            case ("index", ()) | ("position", (AnswerOf(".."),)):
                return TURN
            case "int", (argument,):
                return self._read_truncation(tree.arguments[0], argument)
            case "count", (AnswerOf() as repeat,):
                return FunctionCall("count_turns", (repeat,))
            case "indexed-repeat", (AnswerOf() as asked, _, *_):
                return FunctionCall("in_turn", (asked, arguments[-1]))
            case "join", (_, turn):
                return FunctionCall("join", (turn,))
            case (("jr:choice-name" | "choice-label"), (argument, _)):
                return FunctionCall("label", (argument,))
            case "pulldata", (_, column, _, FunctionCall("case")):
                return FunctionCall("column", (column,))
            case _, (argument,) if name in _SAME:
                return argument
            case "if", _ if len(arguments) != 3:
                return Unsupported("there is no counterpart of if()", arguments)
            case _ if name in _FUNCTIONS:
                return FunctionCall(_FUNCTIONS[name], arguments)
        return Unsupported(f"there is no counterpart of {name}()", arguments)

    def _read_truncation(self, tree: XPathTree, argument: Expression) -> Expression:
        """Return the whole years of `int((today() - ${born}) div 365.25)`, or a whole part."""
        match tree:
            case XPathCall(
                "div", (XPathCall("-", (XPathCall("today" | "now", ()), born)), divisor)
            ) if divisor in (_AGE_DIVISOR, _DAYS_DIVISOR):
                dates = (self.read(born), FunctionCall("today"))
                if divisor == _AGE_DIVISOR:
                    return FunctionCall("years_between", dates)
                # Years of 365 days are no ages: at 73, the difference is 18 days.
                days = FunctionCall("days_between", dates)
                return FunctionCall("truncate", (FunctionCall("/", (days, Constant(365.0))),))
        return FunctionCall("truncate", (argument,))


def _read_condition(name: str, arguments: tuple[Expression, ...]) -> Expression | None:
    """Return what an operator or a function means that is a condition; None for others."""
    match name, arguments:
        case "and", _:
            return All(arguments)
        case "or", _:
            return AnyOf(arguments)
        case "not", (argument,):
            return Not(argument)
        case "true", ():
            return YES
        case "false", ():
            return NO
        case "==", (left, right):
            return equate(left, right)
        case "!=", (left, right):
            return _read_inequality(left, right)
        case (("<" | "<=" | ">" | ">="), (left, right)):
            return ValueComparison(left, _SIGNS[name], right, if_blank=False)
        case "selected", (value, code):
            return Chosen(value, code)
        case "relevant", (AnswerOf() as asked,):
            return Shown(asked)
    return None


def _read_inequality(left: Expression, right: Expression) -> Expression:
    equality = equate(left, right)
    match equality:
        case Not(answered):
            return answered
        case ValueComparison():
            return equality.negate()
        case _:
            return Not(equality)
