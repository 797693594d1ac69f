"""Meaning of LimeSurvey's expressions, in the neutral language of conditions.

A question that was left empty has an empty text as its value. A question that isn't shown has none:
an expression that uses it without a suffix is false as a whole, and with `.NAOK` it is empty, too.
A choice of a question with several answers is `Y` or empty.

The page in the browser and the server differ in places. What the page shows decides here, because
it decides what a respondent is asked.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.conversion.limesurvey.comparisons import (
    PageValue,
    compare_values,
    read_answer,
    read_number,
)
from survey_cli.conversion.limesurvey.script import (
    ScriptCall,
    ScriptConstant,
    ScriptName,
    ScriptTree,
    parse_script,
)
from survey_cli.conversion.limesurvey.variables import SurveyVariable, VariableKind, VariableTable
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
    Shown,
    Sign,
    TruthConstant,
    Unsupported,
    UnsupportedError,
    ValueComparison,
    join_all,
    join_any,
)
from survey_cli.conversion.questionnaire.declined_filters import evaluate_blank
from survey_cli.instrument.expressions.three_valued_logic import MIRRORED_SIGNS

_COMPARISONS: Final[Mapping[str, Sign]] = {
    "==": "==",
    "!=": "!=",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_FLAGS: Final = {VariableKind.CHOICE: "Y", VariableKind.CELL: "1"}
"""What a variable has if it is checked; otherwise it is empty."""
_WITHOUT_BLANK: Final = ("count_true", "count_chosen", "length", "today", "years_between")
_NO_NUMBER: Final = ("truncate", "/")
"""What is no number, instead of a blank, if it has no value."""
_TRUTHS: Final = (*_COMPARISONS, "and", "or", "!", "is_empty")
"""Operators and functions that are conditions: 1, or empty."""
_SAME: Final = ("trim", "fixnum", "number_format")
"""Functions that leave an answer as it is, because answers have types."""
_FUNCTIONS: Final = {
    "floor": "truncate",
    "join": "concat",
    "max": "max_answered",
    "min": "min",
    "strlen": "length",
}
"""Functions by their names there. A blank is less than any number, so that `max` leaves it out."""
_FUNCTION_ARGUMENTS: Final = {"floor": (1,), "strlen": (1,)}
"""How many arguments they must have."""
_TEXT_SEARCHES: Final = ("strpos", "stripos")
_VALUES_OF_ALL: Final = ("", "NAOK", "code", "value", "valueNAOK", "shown")
"""Attributes that are the value of a variable; others are known before the interview."""
_QUOTED_NUMBER: Final = (
    "LimeSurvey compares a sum with a number in quotes as texts, by which 9 is more than 18: "
    "numbers are compared here"
)
_SUM_WITH_BLANK: Final = (
    "LimeSurvey leaves a blank out of a sum with +: here the sum has no value then"
)
_LONG_SUM_WITH_BLANK: Final = (
    "LimeSurvey joins the digits of a sum of three or more, 1 and 2 to 12, if the first is blank: "
    "a blank counts as 0 here"
)
_ZERO_DIVISOR: Final = (
    "LimeSurvey divides by 0 if the divisor is blank: here the quotient has no value then"
)
_DATE_WITH_TIME: Final = (
    "a date has the time 00:00 in LimeSurvey, so that it is more than the same date without one"
)
_DATE: Final = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)(?P<time> 00:00)?")
_NOT_AT_BEGINNING: Final = "here the text may also begin with what is searched for"


class Meaning(NamedTuple):
    """What an expression means."""

    tree: Expression
    notes: tuple[str, ...] = ()
    """Where it differs here."""


@dataclass(frozen=True)
class ScriptContext:
    """What the names in an expression refer to."""

    variables: VariableTable
    question: str = ""
    """The code of the question that has the expression, which `self` stands for."""
    this: str = ""
    """The name of the variable that `this` stands for."""
    uses_assessment: bool = False
    """The value of an answer is its number of points."""


def read_condition(text: str, context: ScriptContext) -> Meaning:
    """Return what a condition means; an Unsupported if it can't be read."""
    reader = _MeaningReader(context, is_condition=True)
    try:
        tree = reader.read_truth(parse_script(text))
    except UnsupportedError as error:
        return Meaning(Unsupported(str(error)))
    return Meaning(reader.require_shown(tree), tuple(reader.notes))


def read_value(text: str, context: ScriptContext) -> Meaning:
    """Return the value of an expression; an Unsupported if it can't be read."""
    reader = _MeaningReader(context, is_condition=False)
    try:
        tree = reader.read_value(parse_script(text))
    except UnsupportedError as error:
        return Meaning(Unsupported(str(error)))
    return Meaning(tree, tuple(reader.notes))


def name_column(token: str) -> str:
    """Return the name of the column of the sample for an attribute of participants."""
    return token.removeprefix("TOKEN:").lower()


class _MeaningReader:
    """Reads one expression."""

    def __init__(self, context: ScriptContext, *, is_condition: bool) -> None:
        self._context = context
        self._is_condition = is_condition
        """In a condition a blank counts as 0. An equation has no value then, as on the server."""
        self._variables = context.variables
        self._needed: dict[str, None] = {}
        """The items without which the expression is false, because it uses them without NAOK."""
        self.notes: dict[str, None] = {}

    def require_shown(self, tree: Expression) -> Expression:
        """Return a condition that is false if a question that it needs isn't shown."""
        parts = [tree]
        for name in self._needed:
            # `sex == "M"` is false in any case if sex isn't shown.
            if evaluate_blank(tree, name) is not False:
                parts.insert(-1, Shown(AnswerOf(name)))
        return join_all(parts)

    # ── truth ─────────────────────────────────────────────────────────────────────────────────────

    def read_truth(self, tree: ScriptTree) -> Expression:
        """Return the condition that an expression is true: neither empty nor 0."""
        match tree:
            case ScriptConstant(value):
                return NO if value in ("", "0") else YES
            case ScriptName():
                return self._read_name_truth(tree)
            case ScriptCall("and"):
                return All(self._read_truths(tree, "and"))
            case ScriptCall("or"):
                return AnyOf(self._read_truths(tree, "or"))
            case ScriptCall("!", (argument,)):
                return _negate(self.read_truth(argument))
            case ScriptCall(name, (left, right)) if name in _COMPARISONS:
                return self._compare(left, _COMPARISONS[name], right)
            case ScriptCall("if", (test, then, otherwise)):
                truths = (self.read_truth(test), self.read_truth(then), self.read_truth(otherwise))
                return FunctionCall("if", truths)
            case ScriptCall("is_empty", (argument,)):
                return _negate(self._is_answered(argument))
            case ScriptCall("is_numeric", (ScriptName() as argument,)):
                variable = self._find_variable(argument)
                if variable is not None and variable.is_number:
                    return Answered(AnswerOf(variable.item))
            case ScriptCall("regexmatch", (ScriptConstant(pattern), argument)):
                return self._read_match(pattern, argument)
            case ScriptCall(("strpos" | "stripos") as search, (text, ScriptConstant(words))):
                return self._read_search(search, text, words)
        result = self.read_value(tree)
        return ValueComparison(result, "!=", Constant(0.0), if_blank=False)

    def _read_truths(self, tree: ScriptTree, operator: str) -> tuple[Expression, ...]:
        """Return the parts of `a and b and c`, which are nested as they are read."""
        if not isinstance(tree, ScriptCall) or tree.name != operator:
            # What isn't understood is only lost itself, so that the other parts of `and` are kept.
            try:
                return (self.read_truth(tree),)
            except UnsupportedError as error:
                return (Unsupported(str(error)),)
        parts: tuple[Expression, ...] = ()
        for argument in tree.arguments:
            parts += self._read_truths(argument, operator)
        return parts

    def _read_name_truth(self, name: ScriptName) -> Expression:
        variable = self._find_variable(name)
        if name.attribute == "relevanceStatus" and variable is not None:
            return Shown(AnswerOf(variable.item))
        if variable is None:
            return Answered(self.read_value(name))
        if variable.kind is not VariableKind.ANSWER:
            return self._is_answered(name)

        answer = AnswerOf(variable.item)
        if variable.is_number or "0" in variable.codes:
            return ValueComparison(answer, "!=", Constant("0"), if_blank=False)
        return Answered(answer)

    def _is_answered(self, tree: ScriptTree) -> Expression:
        """Return the condition that a value isn't empty."""
        match tree:
            case ScriptConstant(value):
                return NO if value == "" else YES
            case ScriptName():
                variable = self._find_variable(tree)
                if variable is None:
                    return Answered(self.read_value(tree))
                return _is_variable_answered(variable)
            case ScriptCall(name, _) if name in _TRUTHS:
                return self.read_truth(tree)
        return Answered(self.read_value(tree))

    def _read_match(self, pattern: str, argument: ScriptTree) -> Expression:
        """Return whether a value matches a regular expression."""
        expression = read_pattern(pattern)
        variable = None
        if isinstance(argument, ScriptName):
            variable = self._find_variable(argument)
        if variable is not None and variable.codes:
            return _match_codes(variable, expression)
        value = self.read_value(argument)
        words = expression.pattern
        has_case = words.lower() != words.upper() and not expression.flags & re.IGNORECASE
        if re.fullmatch(r"[\w@ -]+", words) and not has_case:
            return FunctionCall("contains", (value, Constant(words)))
        return FunctionCall("regex", (value, Constant(words)))

    def _read_search(self, name: str, text: ScriptTree, words: str) -> Expression:
        if name == "strpos" and words.lower() != words.upper():
            raise UnsupportedError("capitals count in strpos(), and don't in contains() here")
        self.notes[_NOT_AT_BEGINNING] = None
        return FunctionCall("contains", (self.read_value(text), Constant(words)))

    # ── comparisons ───────────────────────────────────────────────────────────────────────────────

    def _compare(self, left: ScriptTree, sign: Sign, right: ScriptTree) -> Expression:
        if isinstance(left, ScriptConstant) and isinstance(right, ScriptConstant):
            return TruthConstant(compare_values(_read_written(left), sign, _read_written(right)))
        if isinstance(right, ScriptConstant):
            return self._compare_constant(left, sign, right)
        if isinstance(left, ScriptConstant):
            mirrored = _COMPARISONS[MIRRORED_SIGNS[sign]]
            return self._compare_constant(right, mirrored, left)
        return self._compare_two(left, sign, right)

    def _compare_constant(
        self, tree: ScriptTree, sign: Sign, constant: ScriptConstant
    ) -> Expression:
        """Compare a value with a constant, which may also have been written first."""
        written = _read_written(constant)

        def holds(value: PageValue) -> bool:
            return compare_values(value, sign, written)

        match tree:
            case ScriptCall(name, (text, ScriptConstant(words), *_)) if name in _TEXT_SEARCHES:
                if (sign, constant.value) in ((">", "0"), (">", "-1"), ("!=", "")):
                    return self._read_search(name, text, words)
                raise UnsupportedError("the position of a word in a text has no counterpart")
            case ScriptName():
                variable = self._find_variable(tree)
                if variable is not None:
                    return self._compare_variable(
                        variable, sign, constant, holds, attribute=tree.attribute
                    )
            case ScriptCall(name, _) if name in _TRUTHS:
                # The page counts a condition as 1 or 0.
                return _choose(holds(1.0), holds(0.0), self.read_truth(tree))

        value = self.read_value(tree)
        if constant.value == "" and sign in ("==", "!="):
            is_answered = self._is_answered(tree)
            return is_answered if sign == "!=" else _negate(is_answered)

        is_sum = isinstance(tree, ScriptCall) and tree.name == "sum"
        if is_sum and constant.is_quoted and sign not in ("==", "!="):
            self.notes[_QUOTED_NUMBER] = None
        right = _make_constant(constant)
        if right == NO_VALUE:
            right = Constant(0.0)
        if isinstance(value, FunctionCall) and value.name in _NO_NUMBER:
            # Nothing is equal to what is no number, and it is neither less nor more.
            return ValueComparison(value, sign, right, if_blank=sign == "!=")
        if _is_never_blank(value):
            return ValueComparison(value, sign, right, if_blank=False)
        return ValueComparison(value, sign, right, if_blank=holds(""))

    def _compare_variable(
        self,
        variable: SurveyVariable,
        sign: Sign,
        constant: ScriptConstant,
        holds: Callable[[PageValue], bool],
        *,
        attribute: str,
    ) -> Expression:
        answer = AnswerOf(variable.item)
        if attribute == "relevanceStatus":
            return _choose(holds(1.0), holds(0.0), Shown(answer))
        if attribute not in _VALUES_OF_ALL:
            raise UnsupportedError(f"{variable.name}.{attribute} has no counterpart")

        if variable.kind in _FLAGS:
            word = _FLAGS[variable.kind]
            if attribute == "shown" and variable.labels:
                word = variable.labels[0]
            is_chosen = _is_variable_answered(variable)
            return _choose(holds(read_answer(word)), holds(""), is_chosen)

        if variable.kind is VariableKind.ANSWER and variable.codes:
            if attribute == "shown":
                return _compare_label(variable, sign, constant.value)
            return _compare_code(variable, sign, constant, holds)

        match variable.kind:
            case VariableKind.ANSWER | VariableKind.CALCULATION:
                return self._compare_typed(variable, sign, constant, holds)
            case VariableKind.RANDOM:
                return _compare_random(variable, holds)
        if constant.value == "" and sign in ("==", "!="):
            is_answered = _is_variable_answered(variable)
            return is_answered if sign == "!=" else _negate(is_answered)
        if variable.kind is VariableKind.WORDS:
            raise UnsupportedError("the words that are typed for a choice are no condition")

        # A position that isn't filled is empty, and a blank is equal to 0.
        is_blank_equal = holds("") == (sign == "==")
        if sign in ("==", "!=") and is_blank_equal:
            raise UnsupportedError("a position of a ranking is compared with 0")
        return _compare_rank(variable, sign, constant.value)

    def _compare_typed(
        self,
        variable: SurveyVariable,
        sign: Sign,
        constant: ScriptConstant,
        holds: Callable[[PageValue], bool],
    ) -> Expression:
        """Compare an answer without codes, or what an equation calculates, with a constant."""
        answer = AnswerOf(variable.item)
        number = read_number(constant.value or "0")
        if variable.is_number and number is not None:
            return ValueComparison(answer, sign, Constant(number), holds(""))

        if constant.value == "" and sign in ("==", "!="):
            return Answered(answer) if sign == "!=" else Not(Answered(answer))
        if constant.value.strip() == "" and sign in ("==", "!="):
            return NO if sign == "==" else YES  # nobody can type a blank
        date = _DATE.fullmatch(constant.value)
        if variable.is_date and date is not None:
            return self._compare_date(answer, sign, date, if_blank=holds(""))
        return ValueComparison(answer, sign, _make_constant(constant), holds(""))

    def _compare_date(
        self, answer: AnswerOf, sign: Sign, written: re.Match[str], *, if_blank: bool
    ) -> Expression:
        """Compare a date, which is a text that ends with a time there, with another."""
        date = Constant(written["date"])
        if written["time"]:
            return ValueComparison(answer, sign, date, if_blank)
        match sign:
            case "==" | "!=":
                self.notes[_DATE_WITH_TIME] = None
                return NO if sign == "==" else YES
            case "<=":
                self.notes[_DATE_WITH_TIME] = None
                return ValueComparison(answer, "<", date, if_blank)
            case ">":
                self.notes[_DATE_WITH_TIME] = None
                return ValueComparison(answer, ">=", date, if_blank)
        return ValueComparison(answer, sign, date, if_blank)

    def _compare_two(self, left: ScriptTree, sign: Sign, right: ScriptTree) -> Expression:
        flags = (self._find_flag(left), self._find_flag(right))
        if flags[0] is not None and flags[1] is not None:
            same = AnyOf((All((flags[0], flags[1])), All((Not(flags[0]), Not(flags[1])))))
            if sign == "==":
                return same
            if sign == "!=":
                return Not(same)
        if flags != (None, None):
            raise UnsupportedError("a choice is compared with another value")

        first = self.read_value(left)
        second = self.read_value(right)
        if self._is_typed_number(left) and self._is_typed_number(right):
            first = _put_zero_for_blank(first)
            second = _put_zero_for_blank(second)
            return ValueComparison(first, sign, second, if_blank=False)
        if sign == "!=":
            return Not(_compare_blanks(first, "==", second))
        return _compare_blanks(first, sign, second)

    def _is_typed_number(self, tree: ScriptTree) -> bool:
        """Return whether a value is the answer to a question that takes a number."""
        if not isinstance(tree, ScriptName):
            return False
        variable = self._find_variable(tree)
        return variable is not None and variable.is_number

    def _find_flag(self, tree: ScriptTree) -> Expression | None:
        """Return the condition that a choice is checked; None if the value is something else."""
        if isinstance(tree, ScriptName):
            variable = self._find_variable(tree)
            if variable is not None and variable.kind in _FLAGS:
                return _is_variable_answered(variable)
        return None

    # ── values ────────────────────────────────────────────────────────────────────────────────────

    def read_value(self, tree: ScriptTree) -> Expression:
        """Return the value of an expression. Raises UnsupportedError if it has none here."""
        match tree:
            case ScriptConstant():
                return _make_constant(tree)
            case ScriptName():
                return self._read_name_value(tree)
            case ScriptCall(name, arguments):
                return self._read_call(name, arguments)

    def _read_name_value(self, name: ScriptName) -> Expression:
        if name.name.startswith("TOKEN:"):
            return AnswerOf(name_column(name.name))
        variable = self._find_variable(name)
        if variable is None or name.attribute not in _VALUES_OF_ALL:
            raise UnsupportedError(f"{name.name}.{name.attribute} has no counterpart")
        match variable.kind:
            case VariableKind.ANSWER if name.attribute == "shown" and variable.codes:
                return FunctionCall("label", (AnswerOf(variable.item),))
            case VariableKind.ANSWER | VariableKind.CALCULATION:
                return AnswerOf(variable.item)
            case VariableKind.CELL:
                checked = _is_variable_answered(variable)
                return FunctionCall("if", (checked, Constant(1.0), NO_VALUE))
            case VariableKind.CHOICE:
                raise UnsupportedError(f"{name.name} is a choice, which has no value")
            case VariableKind.WORDS:
                raise UnsupportedError("the words that are typed for a choice are no value")
            case VariableKind.RANK:
                raise UnsupportedError("a position of a ranking has no value here")
            case VariableKind.RANDOM:
                raise UnsupportedError("a random number is an arm of a split: compare it")

    def _find_variable(self, name: ScriptName) -> SurveyVariable | None:
        """Return a variable, None for what is known of a participant. Raises UnsupportedError."""
        if name.name.startswith("TOKEN:"):
            return None
        written = self._context.this if name.name == "this" else name.name
        if written == "self":
            parts = self._variables.list_parts(self._context.question)
            written = parts[0].name if len(parts) == 1 else written

        variable = self._variables.find(written)
        if variable is None and written in self._variables.of_question:
            raise UnsupportedError(f"{written} has several variables, one for each of its parts")
        if variable is None:
            raise UnsupportedError(f"the survey has no variable {written}")
        is_points = variable.has_points or self._context.uses_assessment
        if name.attribute.startswith("value") and is_points:
            raise UnsupportedError("points of an assessment have no counterpart")

        # With any suffix the page takes a question that isn't shown for empty.
        if name.attribute == "" and variable.can_be_hidden:
            self._needed[variable.item] = None
        return variable

    def _read_call(self, name: str, arguments: tuple[ScriptTree, ...]) -> Expression:
        match name, arguments:
            case (("+" | "-" | "*" | "/"), (_, _)) | ("-", (_,)):
                return self._calculate(name, arguments)
            case ("round", (_,)) | ("round", (_, _)):
                digits = self._read_all(arguments[1:])
                return FunctionCall("round", (*self._read_numbers(arguments[:1]), *digits))
            case (("intval" | "floatval"), (argument,)):
                # Both are 0 for a blank, also on the server.
                value = self.read_value(argument)
                whole = FunctionCall("truncate", (value,))
                return _put_zero_for_blank(whole if name == "intval" else value)
            case "if", (test, then, *otherwise):
                if_false = self.read_value(otherwise[0]) if otherwise else NO_VALUE
                return FunctionCall("if", (self.read_truth(test), self.read_value(then), if_false))
            case "sum", _:
                return self._sum(self._expand(arguments))
            case (("count" | "countif" | "countifop"), _):
                return self._read_count(name, arguments)
            case "date", (ScriptConstant("Y"),):
                return _count_years()
            case "date", (ScriptConstant("Y-m-d"),):
                return FunctionCall("today")
            case "pow", (base, ScriptConstant("2")):
                value = self.read_value(base)
                return FunctionCall("*", (value, value))
            case _, (argument,) if name in _SAME:
                return self.read_value(argument)
            case _ if len(arguments) in _FUNCTION_ARGUMENTS.get(name, ()):
                return FunctionCall(_FUNCTIONS[name], self._read_all(arguments))
            case _ if name in ("min", "max", "join"):
                return FunctionCall(_FUNCTIONS[name], self._read_all(arguments))
            case _ if name in _TRUTHS:
                truth = self.read_truth(ScriptCall(name, arguments))
                return FunctionCall("if", (truth, Constant(1.0), NO_VALUE))
        raise UnsupportedError(f"there is no counterpart of {name}()")

    def _read_count(self, name: str, arguments: tuple[ScriptTree, ...]) -> Expression:
        """Count the values that aren't empty, or that fulfill a comparison."""
        match name, arguments:
            case "count", _:
                return self._count(self._expand(arguments))
            case "countif", (ScriptConstant() as value, *others):
                return self._count_equal(self._expand(tuple(others)), "==", value)
            case "countifop", (ScriptConstant(sign), ScriptConstant() as value, *others):
                if sign in _COMPARISONS:
                    counted = self._expand(tuple(others))
                    return self._count_equal(counted, _COMPARISONS[sign], value)
        raise UnsupportedError(f"there is no counterpart of this {name}()")

    def _read_all(self, trees: tuple[ScriptTree, ...]) -> tuple[Expression, ...]:
        return tuple(self.read_value(tree) for tree in self._expand(trees))

    def _calculate(self, sign: str, operands: tuple[ScriptTree, ...]) -> Expression:
        match sign, operands:
            case "+", (left, right):
                return self._add(left, right)
            case "/", (left, right):
                return self._divide(left, right)
        return FunctionCall(sign, self._read_numbers(operands))

    def _add(self, left: ScriptTree, right: ScriptTree) -> Expression:
        """Add two numbers, or join two texts."""
        values = (self.read_value(left), self.read_value(right))
        if any(_is_text(value) for value in values):
            return FunctionCall("concat", values)
        if self._is_condition:
            if _is_sum(left) or _is_sum(right):
                self.notes[_LONG_SUM_WITH_BLANK] = None
            return FunctionCall("+", tuple(_put_zero_for_blank(value) for value in values))
        if any(isinstance(value, AnswerOf) for value in values):
            self.notes[_SUM_WITH_BLANK] = None
        return FunctionCall("+", values)

    def _divide(self, dividend: ScriptTree, divisor: ScriptTree) -> Expression:
        (first,) = self._read_numbers((dividend,))
        second = self.read_value(divisor)
        if self._is_condition and not isinstance(second, Constant):
            self.notes[_ZERO_DIVISOR] = None
        return FunctionCall("/", (first, second))

    def _read_numbers(self, trees: tuple[ScriptTree, ...]) -> tuple[Expression, ...]:
        """Return the numbers that something is calculated from."""
        values = self._read_all(trees)
        if not self._is_condition:
            return values
        return tuple(_put_zero_for_blank(value) for value in values)

    def _sum(self, trees: tuple[ScriptTree, ...]) -> Expression:
        """Sum up; a blank is 0, also if there is nothing else."""
        values: list[Expression] = []
        are_answered: list[Expression] = []
        checked: list[Expression] = []
        for tree in trees:
            variable = self._find_variable(tree) if isinstance(tree, ScriptName) else None
            if variable is not None and variable.kind is VariableKind.CHOICE:
                continue  # the number of the word Y is 0
            if variable is not None and variable.kind is VariableKind.CELL:
                checked.append(_is_variable_answered(variable))
                continue
            if variable is not None and not _has_numbers(variable):
                raise UnsupportedError(f"the codes of {variable.name} are no numbers to sum up")
            values.append(self.read_value(tree))
            are_answered.append(self._is_answered(tree))
        if checked:
            values.append(FunctionCall("count_true", tuple(checked)))
            are_answered.append(YES)
        if not values:
            return Constant(0.0)

        total: Expression = values[0]
        if len(values) == 1 and checked:
            return total
        if len(values) > 1:
            total = FunctionCall("sum_answered", tuple(values))
        return FunctionCall("if", (join_any(are_answered), total, Constant(0.0)))

    def _count(self, trees: tuple[ScriptTree, ...]) -> Expression:
        """Count the values that aren't empty."""
        names: list[str] = []
        for tree in trees:
            if isinstance(tree, ScriptName):
                variable = self._find_variable(tree)
                if variable is not None:
                    names.append(variable.name)
        for code, parts in self._variables.of_question.items():
            if names == parts and all(
                variable.kind is VariableKind.CHOICE or variable.code == "other"
                for variable in self._variables.list_parts(code)
            ):
                return FunctionCall("count_chosen", (AnswerOf(code),))
        return FunctionCall("count_true", tuple(self._is_answered(tree) for tree in trees))

    def _count_equal(
        self, trees: tuple[ScriptTree, ...], sign: Sign, value: ScriptConstant
    ) -> Expression:
        comparisons = [self._compare(tree, sign, value) for tree in trees]
        return FunctionCall("count_true", tuple(comparisons))

    def _expand(self, trees: tuple[ScriptTree, ...]) -> tuple[ScriptTree, ...]:
        """Put the variables of a question in the place of `self` and `that.question`."""
        expanded: list[ScriptTree] = []
        for tree in trees:
            if isinstance(tree, ScriptName):
                expanded += self._expand_name(tree)
            else:
                expanded.append(tree)
        return tuple(expanded)

    def _expand_name(self, name: ScriptName) -> list[ScriptName]:
        first, *others = name.name.split(".")
        match first:
            case "self":
                code = self._context.question
            case "that" if others:
                code = others.pop(0)
            case _:
                return [name]

        parts = self._variables.list_parts(code)
        if not parts:
            raise UnsupportedError(f"the survey has no question {code}")
        kept: list[ScriptName] = []
        for variable in parts:
            is_comment = variable.name.endswith("comment")
            if all(_passes(variable.name, word, is_comment=is_comment) for word in others):
                kept.append(ScriptName(variable.name, name.attribute))
        return kept


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────


def read_pattern(written: str) -> re.Pattern[str]:
    """Return `/^[0-9]+$/i` as a regular expression. Raises UnsupportedError."""
    mark = written[:1]
    body, found, flags = written[1:].rpartition(mark)
    if not mark or mark.isalnum() or not found or set(flags) - {"i", "u"}:
        raise UnsupportedError(f"{written!r} is no regular expression that is known here")
    try:
        return re.compile(body, re.IGNORECASE if "i" in flags else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsupportedError(f"{written!r} is no regular expression ({error})") from error


def _passes(name: str, word: str, *, is_comment: bool) -> bool:
    """Return whether a variable is meant by `self.WORD`: by a part of its name, or a comment."""
    if word == "comments":
        return is_comment
    if word == "nocomments":
        return not is_comment
    if word.startswith("nosq_"):
        return word.removeprefix("nosq_") not in name
    return word.removeprefix("sq_") in name


def _is_sum(tree: ScriptTree) -> bool:
    return isinstance(tree, ScriptCall) and tree.name == "+"


def _read_written(constant: ScriptConstant) -> PageValue:
    """Return the value that a constant has on the page: a text if it is in quotes."""
    number = read_number(constant.value)
    if constant.is_quoted or number is None:
        return constant.value
    return number


def _make_constant(constant: ScriptConstant) -> Constant:
    number = read_number(constant.value)
    if constant.is_quoted or number is None:
        return Constant(constant.value)
    return Constant(number)


def _negate(tree: Expression) -> Expression:
    match tree:
        case TruthConstant(value):
            return TruthConstant(not value)
        case Not(argument):
            return argument
        case ValueComparison():
            return tree.negate()
    return Not(tree)


def _choose(if_true: bool, if_false: bool, tree: Expression) -> Expression:
    """Return what a comparison of a condition means, by its truth for both values."""
    if if_true and if_false:
        return YES
    if if_true:
        return tree
    if if_false:
        return _negate(tree)
    return NO


def _is_variable_answered(variable: SurveyVariable) -> Expression:
    answer = AnswerOf(variable.item)
    match variable.kind:
        case VariableKind.CHOICE | VariableKind.CELL | VariableKind.WORDS:
            return Chosen(answer, Constant(variable.code))
        case VariableKind.RANK:
            ranked = FunctionCall("count_chosen", (answer,))
            position = Constant(float(variable.code))
            return ValueComparison(ranked, ">=", position, if_blank=False)
        case VariableKind.ANSWER | VariableKind.CALCULATION:
            return Answered(answer)
        case VariableKind.RANDOM:
            return YES


def _compare_random(variable: SurveyVariable, holds: Callable[[PageValue], bool]) -> Expression:
    """Compare a random whole number: its intervals of a random number from 0 to 1 that fulfill it.

    The first of three numbers is less than 1/3, the second one is not, and is less than 2/3.
    """
    answer = AnswerOf(variable.item)
    share = 1 / len(variable.codes)
    fulfilling: list[Expression] = []
    for position, code in enumerate(variable.codes):
        if not holds(read_answer(code)):
            continue
        limits: list[Expression] = []
        if position > 0:
            least = Constant(round(position * share, 3))
            limits.append(ValueComparison(answer, ">=", least, if_blank=False))
        if position < len(variable.codes) - 1:
            most = Constant(round((position + 1) * share, 3))
            limits.append(ValueComparison(answer, "<", most, if_blank=False))
        fulfilling.append(join_all(limits))
    if len(fulfilling) == len(variable.codes):
        return YES
    return join_any(fulfilling)


def _compare_rank(variable: SurveyVariable, sign: Sign, code: str) -> Expression:
    """Compare the choice at a position of a ranking with a code."""
    if sign not in ("==", "!="):
        raise UnsupportedError("choices of a ranking have no order")
    rank = FunctionCall("rank", (AnswerOf(variable.item), Constant(code)))
    position = Constant(float(variable.code))
    equality = ValueComparison(rank, "==", position, if_blank=False)
    return equality if sign == "==" else equality.negate()


def _compare_label(variable: SurveyVariable, sign: Sign, label: str) -> Expression:
    """Compare the text of an answer, which is the one of its code."""
    if sign not in ("==", "!="):
        raise UnsupportedError("texts of answers have no order")
    if not variable.labels or "" in variable.labels:
        raise UnsupportedError("the texts of these answers aren't in the file")
    answer = AnswerOf(variable.item)
    if label == "":
        return Answered(answer) if sign == "!=" else Not(Answered(answer))
    equal: list[Expression] = []
    for code, text in zip(variable.codes, variable.labels, strict=False):
        if text == label:
            equal.append(ValueComparison(answer, "==", Constant(code), if_blank=False))
    is_equal = join_any(equal)
    return is_equal if sign == "==" else _negate(is_equal)


def _compare_code(
    variable: SurveyVariable,
    sign: Sign,
    constant: ScriptConstant,
    holds: Callable[[PageValue], bool],
) -> Expression:
    """Compare an answer that is a code with a constant."""
    answer = AnswerOf(variable.item)
    if_blank = holds("")
    fulfilling = [code for code in variable.codes if holds(read_answer(code))]
    others = [code for code in variable.codes if code not in fulfilling]

    if sign == "==" and len(fulfilling) == 1:
        return ValueComparison(answer, "==", Constant(fulfilling[0]), if_blank)
    if sign == "!=" and len(others) == 1:
        return ValueComparison(answer, "==", Constant(others[0]), not if_blank).negate()
    is_any_word = bool(constant.value.strip())
    if sign == "==" and not fulfilling and not if_blank and is_any_word:
        # The report says that no answer has this code.
        return ValueComparison(answer, "==", Constant(constant.value), if_blank=False)
    if sign == "!=" and not others and if_blank and is_any_word:
        return ValueComparison(answer, "==", Constant(constant.value), if_blank=False).negate()
    if not others:
        return YES if if_blank else Answered(answer)

    limit = read_number(constant.value)
    as_numbers: list[str] = []
    if limit is not None:
        as_numbers = [code for code in variable.codes if compare_values(code, sign, limit)]
    if fulfilling == as_numbers and fulfilling and limit is not None and sign not in ("==", "!="):
        return ValueComparison(answer, sign, Constant(limit), if_blank)

    equal: list[Expression] = [
        ValueComparison(answer, "==", Constant(code), if_blank=False) for code in fulfilling
    ]
    if if_blank:
        equal.append(Not(Answered(answer)))
    return join_any(equal)


def _match_codes(variable: SurveyVariable, expression: re.Pattern[str]) -> Expression:
    """Return the condition that the code of an answer matches a regular expression."""
    answer = AnswerOf(variable.item)
    equal: list[Expression] = [
        ValueComparison(answer, "==", Constant(code), if_blank=False)
        for code in variable.codes
        if expression.search(code)
    ]
    if expression.search(""):
        equal.append(Not(Answered(answer)))
    return join_any(equal)


def _compare_blanks(left: Expression, sign: Sign, right: Expression) -> Expression:
    """Compare two values; blanks are equal to each other, and less than anything else."""
    comparison = ValueComparison(left, sign, right, if_blank=False)
    is_left_blank = Not(Answered(left))
    is_right_blank = Not(Answered(right))
    match sign:
        case "==":
            return AnyOf((All((is_left_blank, is_right_blank)), comparison))
        case "<=":
            return AnyOf((is_left_blank, comparison))
        case ">=":
            return AnyOf((is_right_blank, comparison))
        case "<":
            return AnyOf((All((is_left_blank, Answered(right))), comparison))
        case ">":
            return AnyOf((All((is_right_blank, Answered(left))), comparison))
    return comparison


def _put_zero_for_blank(value: Expression) -> Expression:
    """Return a number, which is 0 for a blank."""
    if value == NO_VALUE:
        return Constant(0.0)
    if _is_never_blank(value):
        return value
    return FunctionCall("first_answered", (value, Constant(0.0)))


def _is_never_blank(value: Expression) -> bool:
    """Return whether a value is there in any case."""
    match value:
        case Constant():
            return value != NO_VALUE
        case FunctionCall(name) if name in _WITHOUT_BLANK:
            return True
        case FunctionCall("if", (_, _, Constant(0.0))):
            return True  # a sum, as _sum() makes it
        case FunctionCall("first_answered", (*_, last)):
            return _is_never_blank(last)
        case FunctionCall("+" | "-" | "*" | "round" | "truncate", arguments):
            return all(_is_never_blank(argument) for argument in arguments)
    return False


def _has_numbers(variable: SurveyVariable) -> bool:
    """Return whether the values of a variable are numbers, also as codes."""
    if variable.codes:
        return all(read_number(code) is not None for code in variable.codes)
    return variable.is_number or variable.kind in (VariableKind.CELL, VariableKind.CALCULATION)


def _is_text(tree: Expression) -> bool:
    return isinstance(tree, Constant) and isinstance(tree.value, str)


def _count_years() -> Expression:
    """Return the year of the interview: 2000 and the years since its first of January."""
    dates = (Constant("2000-01-01"), FunctionCall("today"))
    years = FunctionCall("years_between", dates)
    return FunctionCall("+", (years, Constant(2000.0)))
