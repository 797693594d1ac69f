"""Comparisons of variables with constants, in the neutral language of conditions.

What a comparison is true of is tried on the values that the variable can have, which are texts in
LimeSurvey: its codes, `Y` for a choice, and '' for a blank.
"""

import re
from typing import Final

from survey_cli.conversion.limesurvey.comparisons import ConstantComparison, read_number
from survey_cli.conversion.limesurvey.script import ScriptConstant
from survey_cli.conversion.limesurvey.variables import SurveyVariable, VariableKind
from survey_cli.conversion.model.expressions import (
    NO,
    YES,
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
    UnsupportedError,
    ValueComparison,
    join_all,
    join_any,
)
from survey_cli.instrument.expressions.three_valued_logic import COMPARE

FLAGS: Final = {VariableKind.CHOICE: "Y", VariableKind.CELL: "1"}
"""What a variable has if it is checked; otherwise it is empty."""
VALUES: Final = ("", "NAOK", "code", "value", "valueNAOK", "shown")
"""Attributes that are the value of a variable; others are known before the interview."""
QUOTED_NUMBER: Final = (
    "LimeSurvey takes numbers for texts beside a number in quotes, by which 9 is more than 18: "
    "numbers are compared here"
)
_DATE_WITH_TIME: Final = (
    "a date has the time 00:00 in LimeSurvey, so that it is more than the same date without one"
)
_DATE: Final = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)(?P<time> 00:00)?")


class VariableComparer:
    """Compares variables with constants, and notes what is different here."""

    def __init__(self, notes: dict[str, None]) -> None:
        self._notes = notes

    def compare(
        self, variable: SurveyVariable, attribute: str, comparison: ConstantComparison
    ) -> Expression:
        """Return what the comparison of a variable means. Raises UnsupportedError."""
        if attribute == "relevanceStatus":
            is_shown = Shown(AnswerOf(variable.item))
            if_shown = comparison.holds_for_condition(True)
            return choose(if_shown, comparison.holds_for_null(), is_shown)
        if attribute not in VALUES:
            raise UnsupportedError(f"{variable.name}.{attribute} has no counterpart")

        match variable.kind:
            case VariableKind.CHOICE | VariableKind.CELL:
                return _compare_flag(variable, attribute, comparison)
            case VariableKind.RANDOM:
                return _compare_random(variable, comparison)
            case VariableKind.RANK:
                return _compare_rank(variable, comparison)
            case VariableKind.WORDS:
                return _compare_words(variable, comparison)
            case VariableKind.ANSWER if variable.codes and attribute == "shown":
                return _compare_label(variable, comparison)
            case VariableKind.ANSWER if variable.codes:
                return _compare_code(variable, comparison)
            case VariableKind.ANSWER | VariableKind.CALCULATION:
                return self._compare_typed(variable, comparison)

    def _compare_typed(
        self, variable: SurveyVariable, comparison: ConstantComparison
    ) -> Expression:
        """Compare an answer without codes, or what an equation calculates."""
        answer = AnswerOf(variable.item)
        sign = comparison.sign
        written = comparison.constant.value
        is_text = variable.kind is VariableKind.ANSWER and not variable.is_number
        if written == "":
            return _compare_with_empty(answer, comparison, is_text=is_text)
        if written.strip() == "" and not comparison.is_order:
            # No answer consists of blanks only.
            return NO if sign == "==" else YES

        date = _DATE.fullmatch(written)
        if variable.is_date and date is not None:
            return self._compare_date(answer, comparison, date)

        if variable.is_number and comparison.is_order and not comparison.is_with_number:
            raise UnsupportedError("a number has no order with a text")
        if comparison.compares_numbers_as_texts and not is_text:
            self._notes[QUOTED_NUMBER] = None
        constant = make_constant(comparison.constant)
        number = read_number(written)
        if variable.is_number and number is not None:
            constant = Constant(number)
        return ValueComparison(answer, sign, constant, comparison.holds(""))

    def _compare_date(
        self, answer: AnswerOf, comparison: ConstantComparison, written: re.Match[str]
    ) -> Expression:
        """Compare a date with another.

        LimeSurvey compares texts, and the answer ends with a time: `2024-05-01 00:00` is more than
        `2024-05-01`.
        """
        date = Constant(written["date"])
        sign = comparison.sign
        if_blank = comparison.holds("")
        has_same_result = written["time"] is not None or sign in ("<", ">=")
        if has_same_result:
            return ValueComparison(answer, sign, date, if_blank)

        self._notes[_DATE_WITH_TIME] = None
        match sign:
            case "==":
                return NO
            case "!=":
                return YES
            case "<=":
                return ValueComparison(answer, "<", date, if_blank)
        return ValueComparison(answer, ">=", date, if_blank)


# ── kinds of variables ────────────────────────────────────────────────────────────────────────────


def _compare_flag(
    variable: SurveyVariable, attribute: str, comparison: ConstantComparison
) -> Expression:
    """Compare a choice or a cell that is checked or not."""
    word = FLAGS[variable.kind]
    if attribute == "shown" and variable.labels:
        word = variable.labels[0]
    return choose(comparison.holds(word), comparison.holds(""), is_variable_answered(variable))


def _compare_words(variable: SurveyVariable, comparison: ConstantComparison) -> Expression:
    """Compare the words that are typed for a choice."""
    if comparison.constant.value != "" or comparison.is_order:
        raise UnsupportedError("the words that are typed for a choice are no condition")
    return equate_with_empty(is_variable_answered(variable), comparison.sign)


def _compare_code(variable: SurveyVariable, comparison: ConstantComparison) -> Expression:
    """Compare an answer that is a code."""
    answer = AnswerOf(variable.item)
    if not comparison.is_order:
        if comparison.constant.value == "":
            return equate_with_empty(Answered(answer), comparison.sign)
        return _equate_code(variable, comparison)

    fulfilling = [code for code in variable.codes if comparison.holds(code)]
    if_blank = comparison.holds("")
    if len(fulfilling) == len(variable.codes):
        return YES if if_blank else Answered(answer)

    # The codes 1 and 2 of 1, 2 and 3 are `< 3`.
    limit = read_number(comparison.constant.value)
    if fulfilling and limit is not None:
        within = [code for code in variable.codes if _is_within(code, comparison.sign, limit)]
        if fulfilling == within:
            return ValueComparison(answer, comparison.sign, Constant(limit), if_blank)

    parts: list[Expression] = [
        ValueComparison(answer, "==", Constant(code), if_blank=False) for code in fulfilling
    ]
    if if_blank:
        parts.append(Not(Answered(answer)))
    return join_any(parts)


def _equate_code(variable: SurveyVariable, comparison: ConstantComparison) -> Expression:
    """Return whether an answer has a code, or one that is the same number: 1 and 01."""
    is_equality = comparison.sign == "=="
    codes = [code for code in variable.codes if comparison.holds(code) == is_equality]
    if not codes:
        # The report says that no answer has this code.
        codes = [comparison.constant.value]

    answer = AnswerOf(variable.item)
    parts: list[Expression] = [
        ValueComparison(answer, "==", Constant(code), if_blank=False) for code in codes
    ]
    is_equal = join_any(parts)
    if is_equality:
        return is_equal
    return negate_condition(is_equal)


def _is_within(code: str, sign: str, limit: float) -> bool:
    """Return whether a code is a number that is less or more than a limit."""
    number = read_number(code)
    return number is not None and bool(COMPARE[sign](number, limit))


def _compare_label(variable: SurveyVariable, comparison: ConstantComparison) -> Expression:
    """Compare the text of an answer, which is the one of its code."""
    sign = comparison.sign
    label = comparison.constant.value
    if comparison.is_order:
        raise UnsupportedError("texts of answers have no order")
    if not variable.labels or "" in variable.labels:
        raise UnsupportedError("the texts of these answers aren't in the file")

    answer = AnswerOf(variable.item)
    if label == "":
        return equate_with_empty(Answered(answer), sign)

    equal: list[Expression] = []
    for code, text in zip(variable.codes, variable.labels, strict=False):
        if text == label:
            equal.append(ValueComparison(answer, "==", Constant(code), if_blank=False))
    is_equal = join_any(equal)
    if sign == "==":
        return is_equal
    return negate_condition(is_equal)


def _compare_with_empty(
    answer: AnswerOf, comparison: ConstantComparison, *, is_text: bool
) -> Expression:
    """Compare a typed answer with ''.

    Every text is more than ''. A number is neither less nor more, but 0 fulfills <= and >=.
    """
    is_answered = Answered(answer)
    is_blank = Not(is_answered)
    match comparison.sign:
        case "==" | "!=" as sign:
            return equate_with_empty(is_answered, sign)
        case "<":
            return NO
        case ">":
            return is_answered if is_text else NO
        case "<=" if is_text:
            return is_blank
        case ">=" if is_text:
            return YES

    # A number that is <= or >= ''.
    is_zero = ValueComparison(answer, "==", Constant(0.0), if_blank=False)
    return AnyOf((is_blank, is_zero))


def _compare_rank(variable: SurveyVariable, comparison: ConstantComparison) -> Expression:
    """Compare the choice at a position of a ranking, which is empty if it isn't filled."""
    if comparison.is_order:
        raise UnsupportedError("choices of a ranking have no order")
    code = comparison.constant.value
    if code == "":
        return equate_with_empty(is_variable_answered(variable), comparison.sign)

    rank = FunctionCall("rank", (AnswerOf(variable.item), Constant(code)))
    position = Constant(float(variable.code))
    equality = ValueComparison(rank, "==", position, if_blank=False)
    if comparison.sign == "==":
        return equality
    return equality.negate()


def _compare_random(variable: SurveyVariable, comparison: ConstantComparison) -> Expression:
    """Compare a random whole number, which is a random number from 0 to 1 here.

    Of three whole numbers, the first one is here a number below 1/3, the second one a number from
    1/3 to below 2/3. The condition has the intervals of those that fulfill the comparison.
    """
    answer = AnswerOf(variable.item)
    share = 1 / len(variable.codes)
    fulfilling: list[Expression] = []
    for position, code in enumerate(variable.codes):
        if not comparison.holds(code):
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


# ── parts ─────────────────────────────────────────────────────────────────────────────────────────


def equate_with_empty(is_answered: Expression, sign: Sign) -> Expression:
    """Return what a value `== ""` or `!= ""` means, by the condition that it isn't empty."""
    if sign == "!=":
        return is_answered
    return negate_condition(is_answered)


def make_constant(constant: ScriptConstant) -> Constant:
    """Return a number, or a text if it is in quotes."""
    number = read_number(constant.value)
    if constant.is_quoted or number is None:
        return Constant(constant.value)
    return Constant(number)


def is_variable_answered(variable: SurveyVariable) -> Expression:
    """Return the condition that a variable isn't empty."""
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


def choose(if_true: bool, if_false: bool, tree: Expression) -> Expression:
    """Return what a comparison of a condition means, by its truth for both values."""
    if if_true and if_false:
        return YES
    if if_true:
        return tree
    if if_false:
        return negate_condition(tree)
    return NO


def negate_condition(tree: Expression) -> Expression:
    """Return the condition that is true exactly if this one is false."""
    match tree:
        case TruthConstant(value):
            return TruthConstant(not value)
        case Not(argument):
            return argument
        case ValueComparison():
            return tree.negate()
    return Not(tree)
