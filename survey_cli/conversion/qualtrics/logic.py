"""Logic of Qualtrics: display logic, branches, skips and quotas, and what they mean.

A condition is a mapping of sets, each a mapping of expressions:

    {"0": {"0": expression, "1": expression, "Type": "If"}, "1": {…, "Type": "OrIf"}}

Within a set and between sets, "And" binds before "Or". A question that was left empty or never
shown has nothing selected: "is not selected", "is not equal to" and "is empty" are true of it, and
comparisons of size are false.

`LogicReader.list_remarks` yields the rules of which no page of Qualtrics could be found.
"""

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from survey_cli.conversion.model.expressions import (
    NO,
    NO_VALUE,
    YES,
    All,
    Answered,
    AnswerOf,
    Chosen,
    Constant,
    Expression,
    FunctionCall,
    Not,
    Sign,
    Unsupported,
    ValueComparison,
    iterate_parts,
    join_all,
    join_any,
)
from survey_cli.conversion.model.forms import Origin, Remark
from survey_cli.conversion.qualtrics.asked_questions import AskedQuestion, AskedQuestions
from survey_cli.conversion.qualtrics.embedded_data import EmbeddedFields
from survey_cli.conversion.qualtrics.survey_file import (
    JsonObject,
    get_mapping,
    get_number,
    get_text,
    is_on,
    sort_keys,
)
from survey_cli.wording import join_words

_LOCATOR: Final = re.compile(r"q://(?:(?P<loop>\d+)_)?(?P<question>[^/]+)/(?P<rest>.+)")
_COMPARISONS: Final[dict[str, Sign]] = {
    "EqualTo": "==",
    "NotEqualTo": "!=",
    "GreaterThan": ">",
    "GreaterThanOrEqual": ">=",
    "LessThan": "<",
    "LessThanOrEqual": "<=",
}
_OPPOSITES: Final = {
    "NotSelected": "Selected",
    "NotDisplayed": "Displayed",
    "NotEmpty": "Empty",
    "DoesNotContain": "Contains",
    "NotEqualTo": "EqualTo",
    "IsNot": "Is",
}
"""Operators that are true exactly if another one is false, blanks included."""
_COUNTRY: Final = "CountryCode"
_REGION: Final = "Region"
_REGION_PREFIX: Final = "RG|"
"""What precedes the code of a region in a map: RG|TX is Texas."""
_AND_WORDS: Final = ("", "and", "andif")
_OR_WORDS: Final = ("or", "orif", "elseif")
_COUNTS: Final = ("SelectedChoicesCount", "SelectedAnswerCount")
_BLANK_VALUE: Final = (
    "a missing answer doesn't count as 0 in conditions; no page of Qualtrics was found that says"
    " so: check it there"
)
_BLANK_COUNT: Final = (
    "a missing answer counts as 0 choices in conditions; no page of Qualtrics was found that says"
    " so: check it there"
)
_NUMBER_IN_TEXT: Final = (
    "7, 7.0 and 07 are the same number in conditions of Qualtrics, and different texts here: check"
    " how the answers are written"
)
_MOST_NAMED: Final = 12


class Locator(NamedTuple):
    """What a part of a condition looks at: `q://QID4%231/SelectableAnswer/3`."""

    question: str
    selector: str
    arguments: tuple[str, ...]
    loop: str = ""


class LogicReader:
    """Reads conditions at one point of the flow."""

    def __init__(self, asked: AskedQuestions, fields: EmbeddedFields) -> None:
        self._asked = asked
        self._fields = fields
        self._rules: dict[str, dict[str, None]] = {}
        """What is to be checked in Qualtrics, with the questions and fields that it concerns."""

    def list_remarks(self) -> Iterator[Remark]:
        """Yield what is to be checked in Qualtrics, of the conditions that were read so far."""
        origin = Origin("logic", 1, "Operator")
        for rule, names in self._rules.items():
            yield Remark(origin, f"{join_words(list(names), most=_MOST_NAMED)}: {rule}")

    def read(self, logic: object) -> Expression:
        """Return what a condition means."""
        sets: list[tuple[str, Expression]] = []
        for key in sort_keys(get_mapping(logic)):
            entry = get_mapping(logic)[key]
            if not isinstance(entry, dict):
                continue
            if "LogicType" in entry:
                return Unsupported("a condition that is in no set is not understood")

            parts = self._read_set(entry)
            if parts:
                sets.append((_find_set_word(entry, parts), _join(parts)))
        if not sets:
            return YES
        return _join(sets)

    def _read_set(self, entry: JsonObject) -> list[tuple[str, Expression]]:
        """Return the expressions of a set, each with the word before it."""
        parts: list[tuple[str, Expression]] = []
        for key in sort_keys(entry):
            part = entry[key]
            if isinstance(part, dict) and not is_on(part.get("_HiddenExpression")):
                # "Conjuction" is how Qualtrics spells it
                word = get_text(part.get("Conjuction") or part.get("Conjunction"))
                parts.append((word, self.read_expression(part)))
        return parts

    def read_skip(self, skip: JsonObject) -> Expression:
        """Return the condition of a skip, which has one expression in other words."""
        expression = {
            "LogicType": "Question",
            "LeftOperand": skip.get("ChoiceLocator") or skip.get("Locator"),
            "Operator": skip.get("Condition"),
            "RightOperand": skip.get("Value"),
        }
        return self.read_expression(expression)

    def read_expression(self, part: JsonObject) -> Expression:
        """Return what one expression means."""
        operator = get_text(part.get("Operator"))
        opposite = _OPPOSITES.get(operator)
        if opposite is not None:
            tree = self.read_expression({**part, "Operator": opposite})
            return tree if isinstance(tree, Unsupported) else Not(tree)

        left = get_text(part.get("LeftOperand"))
        match get_text(part.get("LogicType")):
            case "Question":
                return self._read_question(left, part)
            case "EmbeddedField":
                return self._compare_field(left, part)
            case "PanelData":
                return _compare(self._fields.read(left.removeprefix("m://")), part)
            case "LoopAndMerge" | "LoopAndMergeField":
                number = left.rpartition("/")[2]
                loop_fields = self._asked.loop.fields
                if number not in loop_fields:
                    return Unsupported("the fields of a loop are only known in texts")
                return _compare(Constant(loop_fields[number]), part)
            case "DeviceType":
                return NO  # a telephone is none of these devices
            case "GeoIP":
                return self._compare_place(left, part)
            case "Quota":
                return Unsupported("a quota ends an interview, and can't be asked for")
            case kind:
                return Unsupported(f"logic on {kind or 'nothing'} has no counterpart")

    def _compare_place(self, left: str, part: JsonObject) -> Expression:
        """Compare the place of the respondent, or tell whether it is in a part of a map."""
        if left == "LocationMap":
            return self._read_map(get_text(part.get("Location")))
        return _compare(self._fields.read_place(left), part)

    def _read_map(self, location: str) -> Expression:
        """Return the condition to be in a part of a map: `{"NorthAmerica":{"US":{"RG|TX":{}}}}`."""
        try:
            continents = get_mapping(json.loads(location))
        except (ValueError, RecursionError):
            continents = {}
        parts: list[Expression] = []
        for name, countries in continents.items():
            if not countries:
                return Unsupported(f"no column tells whether a place is in {name}")
            for country, regions in get_mapping(countries).items():
                parts.append(self._read_country(country, get_mapping(regions)))
        if not parts:
            return Unsupported("the part of the map is not in the survey")
        return join_any(parts)

    def _read_country(self, country: str, regions: JsonObject) -> Expression:
        """Return the condition to be in a country, or in one of some regions of it."""
        is_there = self._is_place(_COUNTRY, country)
        if not regions:
            return is_there

        parts: list[Expression] = []
        for region, places in regions.items():
            if places or not region.startswith(_REGION_PREFIX):
                return Unsupported(f"the part {region} of a map is not understood")
            parts.append(self._is_place(_REGION, region.removeprefix(_REGION_PREFIX)))
        return All((is_there, join_any(parts)))

    def _is_place(self, name: str, code: str) -> Expression:
        """Return the condition that a place has a code, as that its country is US."""
        place = self._fields.read_place(name)
        return ValueComparison(place, "==", Constant(code), if_blank=False)

    def _compare_field(self, name: str, part: JsonObject) -> Expression:
        """Compare embedded data, whose value may be the text of a choice."""
        value = self._fields.read(name)
        made = self._fields.get_value(name)
        if isinstance(value, AnswerOf):
            self._note_rules(name, part, is_text=self._fields.is_column(name))
        has_label = any(
            isinstance(piece, FunctionCall) and piece.name == "label"
            for piece in iterate_parts(made)
        )
        if not has_label or get_text(part.get("Operator")) == "Empty":
            return _compare(value, part)

        match made:
            case FunctionCall("label", (AnswerOf(item),)):
                code = self._asked.find_code(item, get_text(part.get("RightOperand")))
                if code and get_text(part.get("Operator")) in ("EqualTo", "Is"):
                    return Chosen(AnswerOf(item), Constant(code))
        return Unsupported(f"the field {name} has the text of a choice")

    # ── questions ─────────────────────────────────────────────────────────────────────────────────

    def _read_question(self, left: str, part: JsonObject) -> Expression:
        locator = read_locator(left)
        if locator is None:
            return Unsupported(f"{left or 'an empty condition'} is not understood")

        operator = get_text(part.get("Operator"))
        loops = get_text(part.get("LoopAndMergeLoops"))
        if is_on(part.get("QuestionIsInLoop")) and loops not in ("", "current"):
            return Unsupported(f"it asks about other loops of {locator.question}")

        def build(asked: AskedQuestion) -> Expression:
            if asked.payload.get("QuestionType") == "Meta":
                return Unsupported("what a browser tells isn't known by telephone")
            is_count = locator.selector in _COUNTS
            self._note_rules(asked.id, part, is_text=asked.answer == "text", is_count=is_count)
            match operator:
                case "Displayed":
                    return _build_displayed(asked, locator)
                case "Selected":
                    return _build_selected(asked, locator)
                case _:
                    return _build_comparison(asked, locator, part)

        if operator in ("Displayed", "Selected"):
            if_never: Expression = NO
        else:
            if_never = _compare_blank(locator, part)
        return self._asked.resolve(locator.question, build, if_never=if_never, loop=locator.loop)

    def _note_rules(
        self, name: str, part: JsonObject, *, is_text: bool, is_count: bool = False
    ) -> None:
        """Note what is to be checked in Qualtrics of a comparison with a number."""
        sign = _COMPARISONS.get(get_text(part.get("Operator")))
        number = get_number(part.get("RightOperand"))
        if sign is None or number is None:
            return

        if is_text and sign == "==":
            self._rules.setdefault(_NUMBER_IN_TEXT, {})[name] = None
        if _holds(0.0, sign, number):
            # The comparison would be true if a missing answer were 0.
            rule = _BLANK_COUNT if is_count else _BLANK_VALUE
            self._rules.setdefault(rule, {})[name] = None


def uses_device(logic: object) -> bool:
    """Return whether a condition asks for the device, which a telephone isn't."""
    for entry in get_mapping(logic).values():
        for part in get_mapping(entry).values():
            if isinstance(part, dict) and part.get("LogicType") == "DeviceType":
                return True
    return False


def read_locator(text: str) -> Locator | None:
    """Return what a locator points to; None if it isn't one."""
    match = _LOCATOR.fullmatch(text)
    if match is None:
        return None
    selector, *arguments = (unquote(part) for part in match["rest"].split("/"))
    return Locator(unquote(match["question"]), selector, tuple(arguments), match["loop"] or "")


def _find_set_word(entry: JsonObject, parts: list[tuple[str, Expression]]) -> str:
    """Return the word before a set: its type, or its first word if the type is If again."""
    type_ = get_text(entry.get("Type"))
    first_word, _tree = parts[0]
    # A program that writes surveys joins sets so. What an "Or" does in this place isn't known.
    if type_ == "If" and first_word.lower() == "and":
        return first_word
    return type_


def _join(parts: list[tuple[str, Expression]]) -> Expression:
    """Join conditions, each with the word before it: And, Or, AndIf, OrIf, ElseIf."""
    alternatives: list[list[Expression]] = [[]]
    for number, (word, tree) in enumerate(parts):
        is_or = word.lower() in _OR_WORDS
        if number and not is_or and word.lower() not in _AND_WORDS:
            return Unsupported(f"conditions that are joined by {word} are not understood")
        if number and is_or:
            alternatives.append([])
        alternatives[-1].append(tree)
    return join_any([join_all(alternative) for alternative in alternatives])


# ── what a question has selected or shown ─────────────────────────────────────────────────────────


def _build_displayed(asked: AskedQuestion, locator: Locator) -> Expression:
    match locator.selector, locator.arguments:
        case "ChoiceDisplayed" | "SelectableChoice", (choice, *_):
            return asked.build_choice_shown(f"Choices {choice}")
        case "AnswerDisplayed" | "SelectableAnswer", (*_, answer):
            return asked.build_choice_shown(f"Answers {answer}")
        case _:
            return asked.build_shown()


def _build_selected(asked: AskedQuestion, locator: Locator) -> Expression:
    match locator.selector, locator.arguments:
        case "SelectableAnswer", (answer,):
            rows = [_build_cell(asked, row, answer) for row in asked.items]
            return join_any(rows)
        case (("SelectableAnswer" | "SelectableChoice"), (row, answer)):
            return _build_cell(asked, row, answer)
        case "SelectableChoice", (choice,) if asked.is_table or asked.answer not in (
            "code",
            "codes",
        ):
            return _build_row_answered(asked, choice)
        case "SelectableChoice", (choice,) if not asked.is_ranking:
            code = asked.codes.get(choice)
            if code is None:
                return Unsupported(f"{asked.id} has no choice {choice}")
            return Chosen(AnswerOf(asked.only_item), Constant(code))
    return Unsupported(f"{locator.selector} of {asked.id} is not understood")


def _build_cell(asked: AskedQuestion, row: str, answer: str) -> Expression:
    """Return the condition that an answer is chosen in a row of a table."""
    cell = f"{row}/{answer}"
    if cell in asked.items:
        return Answered(AnswerOf(asked.items[cell]))

    name = asked.items.get(row)
    if name is None:
        return Unsupported(f"{asked.id} has no row {row}")
    code = asked.codes.get(cell) or asked.codes.get(answer)
    if code is None:
        # of the rows of a profile, each has its own answers
        return Unsupported(f"{asked.id} has no answer {answer}")
    return Chosen(AnswerOf(name), Constant(code))


def _build_row_answered(asked: AskedQuestion, row: str) -> Expression:
    """Return the condition that a row of a table, or a field of a form, has an answer."""
    names = [name for key, name in asked.items.items() if key.partition("/")[0] in (row, "")]
    if not names:
        return Unsupported(f"{asked.id} has no row {row}")
    return join_any([Answered(AnswerOf(name)) for name in names])


# ── values ────────────────────────────────────────────────────────────────────────────────────────


def _build_comparison(asked: AskedQuestion, locator: Locator, part: JsonObject) -> Expression:
    match locator.selector, locator.arguments:
        case "SelectedChoicesCount", _:
            return _compare_count(asked, asked.only_item, part)
        case "SelectedAnswerCount", (row, *_):
            return _compare_count(asked, asked.items.get(row, ""), part)
        case "ChoiceTextEntryValue", (choice,) if asked.answer in ("code", "codes"):
            return _compare_other_words(asked, choice, part)
        case (("ChoiceTextEntryValue" | "ChoiceNumericEntryValue"), arguments):
            return _compare_typed(asked, "/".join(arguments), part)
        case (("SelectedChoicesRecode" | "SelectedAnswerRecode"), (row,)) if asked.is_table:
            return _compare_recode(asked, asked.items.get(row, ""), part)
        case (("SelectedChoicesRecode" | "SelectedAnswerRecode"), ()):
            return _compare_recode(asked, asked.only_item, part)
    return Unsupported(f"{locator.selector} of {asked.id} is not understood")


def _compare_typed(asked: AskedQuestion, key: str, part: JsonObject) -> Expression:
    """Compare what was typed into a field, or set with a slider."""
    name = asked.items.get(key) or asked.only_item
    if asked.is_ranking and key in asked.codes:
        rank = FunctionCall("rank", (AnswerOf(name), Constant(asked.codes[key])))
        return _compare_number(rank, part)
    if not name or asked.is_ranking:
        return Unsupported(f"{asked.id} has no number or text {key}")

    value = AnswerOf(name)
    if asked.answer == "number":
        return _compare_number(value, part)
    return _compare(value, part)


def _compare_number(value: Expression, part: JsonObject) -> Expression:
    """Compare a number with a constant that is written as a text."""
    number = get_number(part.get("RightOperand"))
    if get_text(part.get("Operator")) == "EqualTo" and number is not None:
        return ValueComparison(value, "==", Constant(number), if_blank=False)
    return _compare(value, part)


def _compare_recode(asked: AskedQuestion, name: str, part: JsonObject) -> Expression:
    """Compare the recode value of the answer."""
    if not name or asked.answer == "codes":
        return Unsupported(f"{asked.id} has several answers, and which recode value counts is open")
    sign = _COMPARISONS.get(get_text(part.get("Operator")))
    if sign is None:
        return _compare(AnswerOf(name), part)

    values = _list_recode_values(asked)
    values_are_codes = values == asked.codes
    if values_are_codes and sign != "==":
        return _compare(AnswerOf(name), part)

    right = get_text(part.get("RightOperand"))
    codes = [code for choice, code in asked.codes.items() if _fulfills(values[choice], sign, right)]
    if values_are_codes and not codes:
        codes = [right]  # the report says that there is no such code
    return join_any([Chosen(AnswerOf(name), Constant(code)) for code in codes])


def _list_recode_values(asked: AskedQuestion) -> dict[str, str]:
    """Return the recode values by the choices, also those that can't be codes here, such as 1.5."""
    recoded = get_mapping(asked.payload.get("RecodeValues"))
    return {choice: get_text(recoded.get(choice)) or code for choice, code in asked.codes.items()}


def _fulfills(value: str, sign: Sign, right: str) -> bool:
    """Return whether a value fulfills a comparison: of numbers if both are, otherwise of texts."""
    number = get_number(value)
    limit = get_number(right)
    if number is not None and limit is not None:
        return _holds(number, sign, limit)
    is_same_text = value == right
    return sign == "==" and is_same_text


def _compare_other_words(asked: AskedQuestion, choice: str, part: JsonObject) -> Expression:
    """Tell whether the words of "other, specify" are empty; they must be typed with the choice."""
    code = asked.codes.get(choice)
    if get_text(part.get("Operator")) == "Empty" and code is not None:
        return Not(Chosen(AnswerOf(asked.only_item), Constant(code)))
    return Unsupported("the words of a choice with a text can't be used in conditions")


def _compare_count(asked: AskedQuestion, name: str, part: JsonObject) -> Expression:
    """Compare the number of answers, which is 0 without an answer."""
    number = get_number(part.get("RightOperand"))
    sign = _COMPARISONS.get(get_text(part.get("Operator")))
    if not name or number is None or sign is None:
        return Unsupported(f"the number of answers of {asked.id} is not understood")
    if asked.answer == "codes":
        count = FunctionCall("count_chosen", (AnswerOf(name),))
        return ValueComparison(count, sign, Constant(number), if_blank=False)

    with_answer = _holds(1.0, sign, number)
    without = _holds(0.0, sign, number)
    if with_answer == without:
        return YES if with_answer else NO
    answered = Answered(AnswerOf(name))
    return answered if with_answer else Not(answered)


def _holds(value: float, sign: Sign, limit: float) -> bool:
    match sign:
        case "==":
            return value == limit
        case "!=":
            return value != limit
        case "<":
            return value < limit
        case "<=":
            return value <= limit
        case ">":
            return value > limit
        case ">=":
            return value >= limit


def _compare_blank(locator: Locator, part: JsonObject) -> Expression:
    """Return the truth of a comparison with a question that is never shown."""
    if locator.selector in _COUNTS:
        sign = _COMPARISONS.get(get_text(part.get("Operator")))
        number = get_number(part.get("RightOperand"))
        if sign is not None and number is not None:
            return YES if _holds(0.0, sign, number) else NO
    return _compare(NO_VALUE, part)


def _compare(value: Expression, part: JsonObject) -> Expression:
    """Compare a value with a constant. The negative operators were taken apart before."""
    if isinstance(value, Unsupported):
        return value
    operator = get_text(part.get("Operator"))
    right = get_text(part.get("RightOperand"))
    if "${" in right:
        return Unsupported(f"{right} on the right side has no counterpart")

    match operator:
        case "Empty":
            return Not(Answered(value))
        case "EqualTo" | "Is" if not right:
            return Not(Answered(value))
        case "EqualTo" | "Is":
            if is_on(part.get("IgnoreCase")) and _has_letters(right):
                return Unsupported("texts are compared with regard to capitals")
            return ValueComparison(value, "==", Constant(right), if_blank=False)
        case "Contains" if not right:
            return Unsupported("it looks for an empty text")
        case "Contains":
            if not is_on(part.get("IgnoreCase")) and _has_letters(right):
                return Unsupported("contains() takes no account of capitals")
            return FunctionCall("contains", (value, Constant(right)))
        case "MatchesRegex":
            return Unsupported("a regular expression in a condition has no counterpart")

    sign = _COMPARISONS.get(operator)
    number = get_number(right)
    if sign is None:
        return Unsupported(f"the operator {operator or 'is missing'} is not understood")
    if number is None:
        return Unsupported(f"{right!r} is no number")
    return ValueComparison(value, sign, Constant(number), if_blank=False)


def _has_letters(text: str) -> bool:
    return text.upper() != text.lower()
