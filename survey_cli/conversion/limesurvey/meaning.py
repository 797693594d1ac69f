"""Meaning of LimeSurvey's expressions, in the neutral language of conditions.

A question that was left empty has an empty text as its value. A question that isn't shown has none:
an expression that uses it without `.NAOK` is false as a whole, and with `.NAOK` it is empty, too.
A choice of a question with several answers is `Y` or empty.

The page in the browser and the server differ in places. Here a condition means what it means for
the server, which decides what is asked on later pages and which answers are kept.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.conversion.limesurvey.comparisons import (
    SIGNS,
    ConstantComparison,
    mirror_sign,
    read_number,
)
from survey_cli.conversion.limesurvey.question_types import OTHER_IN_MULTIPLE
from survey_cli.conversion.limesurvey.script import (
    ScriptCall,
    ScriptConstant,
    ScriptName,
    ScriptTree,
    parse_script,
)
from survey_cli.conversion.limesurvey.variable_comparisons import (
    FLAGS,
    QUOTED_NUMBER,
    VALUES,
    VariableComparer,
    choose,
    equate_with_empty,
    is_variable_answered,
    make_constant,
    negate_condition,
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
    iterate_parts,
    join_all,
    join_any,
)
from survey_cli.conversion.questionnaire.declined_filters import evaluate_blank

_WITHOUT_BLANK: Final = ("count_true", "count_chosen", "length", "today", "years_between")
"""Functions that always have a value."""
_CALCULATIONS: Final = ("-", "*", "/", "round", "truncate")
"""Functions whose value is NaN, not a blank, if one of their arguments is blank."""
_TRUTHS: Final = (*SIGNS, "and", "or", "!", "is_empty")
"""Operators and functions that are conditions: 1, or empty."""
_SAME: Final = ("trim", "fixnum", "number_format")
"""Functions that leave an answer as it is, because answers have types."""
_FUNCTIONS: Final = {
    "floor": "truncate",
    "join": "concat",
    "max": "max_answered",
    "min": "min",
    "round": "round",
    "strlen": "length",
}
"""Functions by their names there. A blank is less than any number, so that `max` leaves it out."""
_FUNCTION_ARGUMENTS: Final = {"floor": (1,), "round": (1, 2), "strlen": (1,)}
"""How many arguments they must have."""
_WITHOUT_NAOK: Final = ("", "code", "value")
"""Attributes with which an expression is false if the question isn't shown."""
_TEXT_SEARCHES: Final = ("strpos", "stripos")
_SUM_WITH_BLANK: Final = (
    "LimeSurvey leaves a blank out of a sum with +, and takes what is left for a text, by which 9 "
    "is more than 18: here it is a number"
)
_LONG_SUM_WITH_BLANK: Final = (
    "LimeSurvey joins the digits of a sum of three or more, 1 and 2 to 12, if one of the first two "
    "is blank: here a blank is left out"
)
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
    reader = _MeaningReader(context)
    try:
        tree = reader.read_truth(parse_script(text))
    except UnsupportedError as error:
        return Meaning(Unsupported(str(error)))
    return Meaning(reader.require_shown(tree), tuple(reader.notes))


def read_value(text: str, context: ScriptContext) -> Meaning:
    """Return the value of an expression; an Unsupported if it can't be read."""
    reader = _MeaningReader(context)
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

    def __init__(self, context: ScriptContext) -> None:
        self._context = context
        self._variables = context.variables
        self._needed: dict[str, None] = {}
        """The items without which the expression is false, because it uses them without NAOK."""
        self.notes: dict[str, None] = {}
        self._variable_comparer = VariableComparer(self.notes)

    def require_shown(self, tree: Expression) -> Expression:
        """Return a condition that is false if a question that it needs isn't shown."""
        parts: list[Expression] = []
        for name in self._needed:
            is_shown = Shown(AnswerOf(name))
            # `sex == "M"` is false in any case if sex isn't shown.
            is_false_anyway = evaluate_blank(tree, name) is False
            if not is_false_anyway or is_shown in iterate_parts(tree):
                parts.append(is_shown)
        return join_all([*parts, tree])

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
                return negate_condition(self.read_truth(argument))
            case ScriptCall(name, (left, right)) if name in SIGNS:
                return self._compare(left, SIGNS[name], right)
            case ScriptCall("if", (test, then, otherwise)):
                truths = (self.read_truth(test), self.read_truth(then), self.read_truth(otherwise))
                return FunctionCall("if", truths)
            case ScriptCall("is_empty", (argument,)):
                return negate_condition(self._is_answered(argument))
            case ScriptCall("is_numeric", (ScriptName() as argument,)):
                variable = self._find_variable(argument)
                if variable is not None and variable.is_number:
                    return Answered(AnswerOf(variable.item))
            case ScriptCall("regexmatch", (ScriptConstant(pattern), argument)):
                return self._read_match(pattern, argument)
            case ScriptCall(("strpos" | "stripos") as search, (text, ScriptConstant(words))):
                return self._read_search(search, text, words)

        result = self.read_value(tree)
        # NaN isn't 0, and therefore true.
        return ValueComparison(result, "!=", Constant(0.0), if_blank=_is_nan_if_blank(result))

    def _read_truths(self, tree: ScriptTree, operator: str) -> tuple[Expression, ...]:
        """Return the parts of `a and b and c`, which are nested as they are read."""
        if not isinstance(tree, ScriptCall) or tree.name != operator:
            # Only the part that isn't understood is lost; the other parts of `and` are kept.
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
                return is_variable_answered(variable)
            case ScriptCall(name, _) if name in _TRUTHS:
                return self.read_truth(tree)
        result = self.read_value(tree)
        if _is_never_blank(result) or _is_nan_if_blank(result):
            return YES
        return Answered(result)

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
        if isinstance(right, ScriptConstant):
            return self._compare_constant(left, ConstantComparison(sign, right))
        if isinstance(left, ScriptConstant):
            mirrored = ConstantComparison(mirror_sign(sign), left, is_mirrored=True)
            return self._compare_constant(right, mirrored)
        return self._compare_two(left, sign, right)

    def _compare_constant(self, tree: ScriptTree, comparison: ConstantComparison) -> Expression:
        sign = comparison.sign
        written = comparison.constant.value
        match tree:
            case ScriptConstant(text, is_quoted=True):
                return TruthConstant(comparison.holds_for_text(text))
            case ScriptConstant(number):
                return TruthConstant(comparison.holds(number))
            case ScriptName():
                variable = self._find_variable(tree)
                if variable is not None:
                    return self._variable_comparer.compare(variable, tree.attribute, comparison)
            case ScriptCall("+", operands) if comparison.is_with_number:
                added = _find_added_number(operands)
                if added is not None:
                    return self._compare_sum(operands, added, comparison)
            case ScriptCall(name, (searched, ScriptConstant(words), *_)) if name in _TEXT_SEARCHES:
                if (sign, written) in ((">", "0"), (">", "-1"), ("!=", "")):
                    return self._read_search(name, searched, words)
                raise UnsupportedError("the position of a word in a text has no counterpart")
            case ScriptCall(name, _) if name in _TRUTHS:
                if_true = comparison.holds_for_condition(True)
                if_false = comparison.holds_for_condition(False)
                return choose(if_true, if_false, self.read_truth(tree))

        return self._compare_calculated(tree, comparison)

    def _compare_calculated(self, tree: ScriptTree, comparison: ConstantComparison) -> Expression:
        """Compare the value of a function, or what is known of a participant."""
        sign = comparison.sign
        if comparison.is_order and not comparison.is_with_number and isinstance(tree, ScriptCall):
            raise UnsupportedError("a calculated value has no order with a text")
        value = self.read_value(tree)
        if comparison.constant.value == "":
            return equate_with_empty(self._is_answered(tree), sign)

        if comparison.compares_numbers_as_texts:
            self.notes[QUOTED_NUMBER] = None
        if _is_never_blank(value):
            if_blank = False
        elif _is_nan_if_blank(value):
            # NaN is equal to nothing, and neither less nor more than anything.
            if_blank = sign == "!="
        else:
            if_blank = comparison.holds("")
        return ValueComparison(value, sign, make_constant(comparison.constant), if_blank)

    def _compare_sum(
        self, operands: tuple[ScriptTree, ...], added: str, comparison: ConstantComparison
    ) -> Expression:
        """Compare `age + 1`. If age is blank, the sum is the added number as a text."""
        if comparison.compares_numbers_as_texts:
            self.notes[QUOTED_NUMBER] = None
        total = FunctionCall("+", self._read_all(operands))
        if_blank = comparison.holds_for_text(added)
        right = make_constant(comparison.constant)
        return ValueComparison(total, comparison.sign, right, if_blank)

    def _compare_two(self, left: ScriptTree, sign: Sign, right: ScriptTree) -> Expression:
        """Compare two values that are both only known in the interview."""
        left_flag = self._find_flag(left)
        right_flag = self._find_flag(right)
        if left_flag is not None and right_flag is not None and sign in ("==", "!="):
            are_checked = All((left_flag, right_flag))
            are_unchecked = All((Not(left_flag), Not(right_flag)))
            are_same = AnyOf((are_checked, are_unchecked))
            if sign == "==":
                return are_same
            return Not(are_same)
        if left_flag is not None or right_flag is not None:
            raise UnsupportedError("a choice is compared with another value")

        first = self.read_value(left)
        second = self.read_value(right)
        if _is_nan_if_blank(first) or _is_nan_if_blank(second):
            holds_for_nan = sign == "!="
            return ValueComparison(first, sign, second, if_blank=holds_for_nan)
        has_number = self._is_number(left) or self._is_number(right)
        if sign == "!=":
            return Not(_compare_blanks(first, "==", second, has_number=has_number))
        return _compare_blanks(first, sign, second, has_number=has_number)

    def _is_number(self, tree: ScriptTree) -> bool:
        """Return whether a value is a number if it isn't blank."""
        if not isinstance(tree, ScriptName):
            return isinstance(tree, ScriptCall)
        variable = self._find_variable(tree)
        return variable is not None and _has_numbers(variable)

    def _find_flag(self, tree: ScriptTree) -> Expression | None:
        """Return the condition that a choice is checked; None if the value is something else."""
        if isinstance(tree, ScriptName):
            variable = self._find_variable(tree)
            if variable is not None and variable.kind in FLAGS:
                return is_variable_answered(variable)
        return None

    # ── values ────────────────────────────────────────────────────────────────────────────────────

    def read_value(self, tree: ScriptTree) -> Expression:
        """Return the value of an expression. Raises UnsupportedError if it has none here."""
        match tree:
            case ScriptConstant():
                return make_constant(tree)
            case ScriptName():
                return self._read_name_value(tree)
            case ScriptCall(name, arguments):
                return self._read_call(name, arguments)

    def _read_name_value(self, name: ScriptName) -> Expression:
        if name.name.startswith("TOKEN:"):
            return AnswerOf(name_column(name.name))
        variable = self._find_variable(name)
        if variable is None or name.attribute not in VALUES:
            raise UnsupportedError(f"{name.name}.{name.attribute} has no counterpart")
        match variable.kind:
            case VariableKind.ANSWER if name.attribute == "shown" and variable.codes:
                return FunctionCall("label", (AnswerOf(variable.item),))
            case VariableKind.ANSWER | VariableKind.CALCULATION:
                return AnswerOf(variable.item)
            case VariableKind.CELL:
                checked = is_variable_answered(variable)
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
        """Return a variable, and note its item if the expression needs it to be shown.

        It is None for what is known of a participant. Raises UnsupportedError.
        """
        if name.name.startswith("TOKEN:"):
            return None
        written = name.name
        if written == "this":
            written = self._context.this
        if written == "self":
            parts = self._variables.list_parts(self._context.question)
            if len(parts) == 1:
                written = parts[0].name

        variable = self._variables.find(written)
        if variable is None and written in self._variables.of_question:
            raise UnsupportedError(f"{written} has several variables, one for each of its parts")
        if variable is None:
            raise UnsupportedError(f"the survey has no variable {written}")
        is_points = variable.has_points or self._context.uses_assessment
        if name.attribute.startswith("value") and is_points:
            raise UnsupportedError("points of an assessment have no counterpart")

        if name.attribute in _WITHOUT_NAOK and variable.can_be_hidden:
            self._needed[variable.item] = None
        return variable

    def _read_call(self, name: str, arguments: tuple[ScriptTree, ...]) -> Expression:
        match name, arguments:
            case (("+" | "-" | "*" | "/"), (_, _)) | ("-", (_,)):
                return self._calculate(name, arguments)
            case (("intval" | "floatval"), (argument,)):
                # Both are 0 for a blank.
                value = self.read_value(argument)
                if name == "intval":
                    value = FunctionCall("truncate", (value,))
                return _put_zero_for_blank(value)
            case "if", (test, then, *otherwise):
                return self._read_choice(test, then, otherwise)
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

    def _read_choice(
        self, test: ScriptTree, then: ScriptTree, otherwise: list[ScriptTree]
    ) -> Expression:
        """Return the value of `if(test, then, otherwise)`, whose last argument may be left out."""
        if_false: Expression = NO_VALUE
        if otherwise:
            if_false = self.read_value(otherwise[0])
        is_true = self.read_truth(test)
        if_true = self.read_value(then)
        return FunctionCall("if", (is_true, if_true, if_false))

    def _read_count(self, name: str, arguments: tuple[ScriptTree, ...]) -> Expression:
        """Count the values that aren't empty, or that fulfill a comparison."""
        match name, arguments:
            case "count", _:
                return self._count(self._expand(arguments))
            case "countif", (ScriptConstant() as value, *others):
                return self._count_equal(self._expand(tuple(others)), "==", value)
            case "countifop", (ScriptConstant(sign), ScriptConstant() as value, *others):
                if sign in SIGNS:
                    counted = self._expand(tuple(others))
                    return self._count_equal(counted, SIGNS[sign], value)
        raise UnsupportedError(f"there is no counterpart of this {name}()")

    def _read_all(self, trees: tuple[ScriptTree, ...]) -> tuple[Expression, ...]:
        return tuple(self.read_value(tree) for tree in self._expand(trees))

    def _calculate(self, sign: str, operands: tuple[ScriptTree, ...]) -> Expression:
        match sign, operands:
            case "+", (left, right):
                return self._add(left, right)
            case "-", (operand,):
                return FunctionCall("-", (_put_zero_for_blank(self.read_value(operand)),))
        return FunctionCall(sign, self._read_all(operands))

    def _add(self, left: ScriptTree, right: ScriptTree) -> Expression:
        """Add two numbers, or join two texts. A blank is left out."""
        values = (self.read_value(left), self.read_value(right))
        if any(_is_text(value) for value in values):
            return FunctionCall("concat", values)
        if all(_is_never_blank(value) for value in values):
            return FunctionCall("+", values)

        if _is_sum(left) or _is_sum(right):
            self.notes[_LONG_SUM_WITH_BLANK] = None
        else:
            self.notes[_SUM_WITH_BLANK] = None
        if not any(_is_nan_if_blank(value) for value in values):
            return FunctionCall("sum_answered", values)

        # `a - b + c` is NaN if a or b is blank, and `a - b` if c is blank.
        numbers: list[Expression] = []
        for value in values:
            if _is_nan_if_blank(value):
                numbers.append(value)
            else:
                numbers.append(_put_zero_for_blank(value))
        return FunctionCall("+", tuple(numbers))

    def _sum(self, trees: tuple[ScriptTree, ...]) -> Expression:
        """Sum up; a blank is 0, also if there is nothing else."""
        values: list[Expression] = []
        are_answered: list[Expression] = []
        checked: list[Expression] = []
        for tree in trees:
            variable = None
            if isinstance(tree, ScriptName):
                variable = self._find_variable(tree)
            if variable is not None and variable.kind is VariableKind.CHOICE:
                continue  # the number of the word Y is 0
            if variable is not None and variable.kind is VariableKind.CELL:
                checked.append(is_variable_answered(variable))
                continue
            if variable is not None and not _has_numbers(variable):
                raise UnsupportedError(f"the codes of {variable.name} are no numbers to sum up")
            values.append(self.read_value(tree))
            are_answered.append(self._is_answered(tree))

        if checked:
            count = FunctionCall("count_true", tuple(checked))
            if not values:
                return count
            values.append(count)
            are_answered.append(YES)

        if not values:
            return Constant(0.0)
        if len(values) == 1:
            total = values[0]
        else:
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
            if names == parts and self._has_only_choices(code):
                return FunctionCall("count_chosen", (AnswerOf(code),))
        return FunctionCall("count_true", tuple(self._is_answered(tree) for tree in trees))

    def _has_only_choices(self, code: str) -> bool:
        """Return whether a question has choices, and no comments on them."""
        return all(
            variable.kind is VariableKind.CHOICE or variable.code == OTHER_IN_MULTIPLE
            for variable in self._variables.list_parts(code)
        )

    def _count_equal(
        self, trees: tuple[ScriptTree, ...], sign: Sign, value: ScriptConstant
    ) -> Expression:
        comparison = ConstantComparison(sign, value, is_counted=True)
        comparisons = [self._compare_constant(tree, comparison) for tree in trees]
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
            is_selected = all(
                _is_selected_by(word, variable.name, is_comment=is_comment) for word in others
            )
            if is_selected:
                kept.append(ScriptName(variable.name, name.attribute))
        return kept


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────


def read_pattern(written: str) -> re.Pattern[str]:
    """Return `/^[0-9]+$/i` as a regular expression. Raises UnsupportedError."""
    if not written:
        raise UnsupportedError("an empty text is no regular expression")

    mark = written[0]
    body, found, flags = written[1:].rpartition(mark)
    has_mark = not mark.isalnum() and found != ""
    has_known_flags = set(flags) <= {"i", "u"}
    if not has_mark or not has_known_flags:
        raise UnsupportedError(f"{written!r} is no regular expression that is known here")

    options = re.NOFLAG
    if "i" in flags:
        options = re.IGNORECASE
    try:
        return re.compile(body, options)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsupportedError(f"{written!r} is no regular expression ({error})") from error


def _is_selected_by(word: str, name: str, *, is_comment: bool) -> bool:
    """Return whether `self.WORD` includes a variable: by a part of its name, or as a comment."""
    if word == "comments":
        return is_comment
    if word == "nocomments":
        return not is_comment
    if word.startswith("nosq_"):
        return word.removeprefix("nosq_") not in name
    return word.removeprefix("sq_") in name


def _is_sum(tree: ScriptTree) -> bool:
    return isinstance(tree, ScriptCall) and tree.name == "+"


def _find_added_number(operands: tuple[ScriptTree, ...]) -> str | None:
    """Return the number in `age + 1` or `1 + age`; None if it is another sum."""
    match operands:
        case (ScriptName(), ScriptConstant(added)) | (ScriptConstant(added), ScriptName()):
            if read_number(added) is not None:
                return added
    return None


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


def _compare_blanks(
    left: Expression, sign: Sign, right: Expression, *, has_number: bool
) -> Expression:
    """Compare two values, of which two blanks are equal.

    A blank is less than a text, and neither less nor more than a number.
    """
    comparison = ValueComparison(left, sign, right, if_blank=False)
    is_left_blank = Not(Answered(left))
    is_right_blank = Not(Answered(right))
    if not has_number:
        match sign:
            case "<":
                return AnyOf((All((is_left_blank, Answered(right))), comparison))
            case "<=":
                return AnyOf((is_left_blank, comparison))
            case ">":
                return AnyOf((All((is_right_blank, Answered(left))), comparison))
            case ">=":
                return AnyOf((is_right_blank, comparison))

    can_both_be_blank = not _is_never_blank(left) and not _is_never_blank(right)
    if sign in ("==", "<=", ">=") and can_both_be_blank:
        return AnyOf((All((is_left_blank, is_right_blank)), comparison))
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
        case FunctionCall("first_answered" | "sum_answered", arguments):
            return any(_is_never_blank(argument) for argument in arguments)
        case FunctionCall("+" | "-" | "*" | "round" | "truncate", arguments):
            return all(_is_never_blank(argument) for argument in arguments)
    return False


def _is_nan_if_blank(value: Expression) -> bool:
    """Return whether a value is NaN, not a blank, if what it is calculated of is blank."""
    if not isinstance(value, FunctionCall) or _is_never_blank(value):
        return False
    if value.name == "+":
        return any(_is_nan_if_blank(argument) for argument in value.arguments)
    return value.name in _CALCULATIONS


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
