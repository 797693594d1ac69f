"""Limits and validation of answers."""

from math import isfinite
from typing import Final

from survey_cli.conversion.limesurvey.comparisons import read_number
from survey_cli.conversion.limesurvey.meaning import (
    Meaning,
    read_condition,
    read_pattern,
)
from survey_cli.conversion.limesurvey.records import MOST_DIGITS, QuestionRecord, SurveyRecords
from survey_cli.conversion.limesurvey.script_reader import ScriptReader
from survey_cli.conversion.model.expressions import (
    SELF,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    Unsupported,
    UnsupportedError,
    ValueComparison,
    join_all,
    replace_parts,
)
from survey_cli.conversion.model.forms import (
    FormGroup,
    FormItem,
    FormQuestion,
    Formula,
)
from survey_cli.wording import shorten

_USUAL_DECIMALS: Final = 2
_SLIDER: Final = (0.0, 100.0)


class ValidationReader:
    """Reads what valid answers of one survey fulfill."""

    def __init__(self, records: SurveyRecords, scripts: ScriptReader) -> None:
        self._records = records
        self._words = records.words
        self._scripts = scripts

    def read_whole(self, question: QuestionRecord, name: str, item: FormItem) -> int | None:
        """Return a number that an attribute has, if it isn't calculated."""
        text = question.get_attribute(name)
        if not text:
            return None
        if not text.isdecimal():
            item.lose(name, f"{text} is calculated: only numbers have a counterpart here")
            return None

        if len(text) > MOST_DIGITS:
            item.lose(name, f"{shorten(text)} is too large a number")
            return None
        return int(text) or None

    def _read_decimal(self, question: QuestionRecord, name: str, item: FormItem) -> float | None:
        text = question.get_attribute(name).replace(",", ".")
        if not text:
            return None
        number = read_number(text)
        if number is None or not isfinite(number):
            item.lose(name, f"{text} is calculated: only numbers have a counterpart here")
            return None
        return number

    def add_number_limits(self, question: QuestionRecord, item: FormQuestion) -> None:
        """Add the range and the decimals of a number, which may be a slider."""
        item.decimals = _USUAL_DECIMALS
        if question.is_set("num_value_int_only"):
            item.decimals = 0

        if question.is_set("slider_layout"):
            item.decimals = 0
            least = self._read_decimal(question, "slider_min", item)
            most = self._read_decimal(question, "slider_max", item)
            item.least = _SLIDER[0] if least is None else least
            item.most = _SLIDER[1] if most is None else most
            step = question.get_attribute("slider_accuracy")
            if "." in step:
                item.decimals = len(step.partition(".")[2])
            item.note("slider_layout", "a slider is a number here")
            return

        item.least = self._read_decimal(question, "min_num_value_n", item)
        item.most = self._read_decimal(question, "max_num_value_n", item)
        characters = _read_length(question)
        if characters:
            # A number of three characters is 999 or less, and has at most one decimal: 9.9.
            longest = 10.0**characters - 1
            item.most = longest if item.most is None else min(item.most, longest)
            item.decimals = max(0, min(item.decimals, characters - 2))

    def add_cell_limits(self, question: QuestionRecord, item: FormQuestion) -> None:
        """Add the range of a cell of an array, which LimeSurvey offers in a list from 1 to 10."""
        least = self._read_decimal(question, "multiflexible_min", item)
        most = self._read_decimal(question, "multiflexible_max", item)
        is_typed = question.is_set("input_boxes")
        if is_typed:
            item.decimals = _USUAL_DECIMALS
        else:
            least = 1.0 if least is None else least
            most = 10.0 if most is None else most
        item.least = least
        item.most = most
        step = question.get_attribute("multiflexible_step")
        if step not in ("", "1") and not is_typed:
            item.lose("multiflexible_step", f"steps of {step}")

    def add_total(self, question: QuestionRecord, group: FormGroup) -> None:
        """Add what the numbers of several fields must add up to."""
        total = self._read_decimal(question, "equals_num_value", group)
        if total is not None:
            group.total = total

        rows = [item for item in group.items if isinstance(item, FormQuestion)]
        added: Expression = SELF
        if len(rows) > 1:
            added = FunctionCall("sum_answered", tuple(AnswerOf(row.name) for row in rows))

        least = self._read_decimal(question, "min_num_value", group)
        most = self._read_decimal(question, "max_num_value", group)
        limits: list[Expression] = []
        if least is not None:
            limits.append(ValueComparison(added, ">=", Constant(least), if_blank=False))
        if most is not None:
            limits.append(ValueComparison(added, "<=", Constant(most), if_blank=False))

        if limits and rows:
            column = "max_num_value" if least is None else "min_num_value"
            tree = join_all(limits)
            formula = Formula("the sum of the fields", question.origin.at(column), tree)
            self._add_constraint(rows[-1], formula, Meaning(tree))

    def add_validation(self, question: QuestionRecord, rows: list[FormQuestion]) -> None:
        """Add what a valid answer fulfills; of several fields, what the last one must fulfill."""
        if not rows:
            return
        for row in rows:
            self._add_row_validation(question, row)
        script = question.get_attribute("em_validation_q")
        if not script:
            return

        last = rows[-1]
        meaning = read_condition(script, self._scripts.make_context(question, last.name))
        self._scripts.texts.note_columns(script)
        origin = question.origin.at(self._words.constraint)
        self._add_constraint(last, Formula(script, origin, meaning.tree), meaning)
        last.message = self._scripts.read_attribute_text(question, "em_validation_q_tip")

    def _add_row_validation(self, question: QuestionRecord, row: FormQuestion) -> None:
        script = question.get_attribute("em_validation_sq")
        if script:
            meaning = read_condition(script, self._scripts.make_context(question, row.name))
            origin = row.origin.at("em_validation_sq")
            self._add_constraint(row, Formula(script, origin, meaning.tree), meaning)
            row.message = self._scripts.read_attribute_text(question, "em_validation_sq_tip")
        if question.pattern and row.answer in ("text", "number"):
            origin = row.origin.at(self._records.pattern_column)
            tree = _read_regular_expression(question.pattern)
            self._add_constraint(row, Formula(question.pattern, origin, tree), Meaning(tree))

    def _add_constraint(self, item: FormQuestion, formula: Formula, meaning: Meaning) -> None:
        for note in meaning.notes:
            item.note(formula.origin.column, note)
        tree = replace_parts(formula.tree, {AnswerOf(item.name): SELF})
        if item.constraint is not None:
            texts = f"{item.constraint.text}; {formula.text}"
            joined = join_all([item.constraint.tree, tree])
            item.constraint = Formula(texts, item.constraint.origin, joined)
            return
        item.constraint = Formula(formula.text, formula.origin, tree)


def _read_length(question: QuestionRecord) -> int:
    """Return how many characters an answer may have; 0 if that is no limit for a number."""
    text = question.get_attribute("maximum_chars")
    if len(text) == 1 and text.isdecimal():
        return int(text)
    return 0


def _read_regular_expression(written: str) -> Expression:
    """Return what a regular expression means that an answer must match."""
    try:
        pattern = read_pattern(written)
    except UnsupportedError as error:
        return Unsupported(str(error))
    return FunctionCall("regex", (SELF, Constant(pattern.pattern)))
