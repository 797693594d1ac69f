"""Options of questions: which choices of a list they are, and when each is offered."""

import re
from collections import Counter
from typing import Any

from survey_cli.conversion.conversion_log import ConversionLog
from survey_cli.conversion.markup import strip_markup
from survey_cli.conversion.model.expressions import (
    YES,
    Expression,
    UnsupportedError,
    list_conjuncts,
)
from survey_cli.conversion.model.forms import ChoiceList, FormChoice, FormQuestion, Formula
from survey_cli.conversion.questionnaire.codes import USUAL_DECLINES, list_choices
from survey_cli.conversion.questionnaire.condition_parts import Part, join_truths
from survey_cli.conversion.questionnaire.conditions import Translator, list_offered
from survey_cli.conversion.questionnaire.texts import FormText, TextConverter, write_at
from survey_cli.wording import join_words


class OptionBuilder:
    """Builds the options of questions, and the scales that several questions share."""

    def __init__(self, translator: Translator, texts: TextConverter, log: ConversionLog) -> None:
        self.form = translator.form
        self.translator = translator
        self.texts = texts
        self.log = log
        self.scales: dict[str, dict[Any, Any]] = {}
        self.scale_names: dict[ChoiceList, str] = {}
        """The names of scales by their lists."""
        self._uses = Counter(
            question.choices
            for question in self.form.iterate_questions()
            if question.choices is not None and question.offered is None
        )
        """How many questions offer all choices of a list."""

    def build(self, item: FormQuestion) -> dict[Any, Any] | str:
        """Return the options of a question, or the name of a scale that several questions use."""
        options: dict[Any, Any] = {}
        mistakes = self.translator.unknown_codes
        mistakes.clear()
        column = self.form.words.offered
        if item.offered is not None:
            column = item.offered.formula.origin.column
        with self.log.catch_loss(item, column, "; all options are offered"):
            self.log.check_accepted(item, column)
            options = self._list_options(item, list_offered(item))
            if not options:
                raise UnsupportedError("no option is ever offered")
        if not options:
            always: list[tuple[FormChoice, Expression]] = [
                (choice, YES) for choice in list_choices(item)
            ]
            options = self._list_options(item, always)
        self.log.note_unknown_codes(item, column, mistakes)

        if item.choices is None or item.offered is not None or not self._is_shared(item.choices):
            return options
        name = self._name_scale(item.choices)
        self.scales.setdefault(name, options)
        return name

    def _is_shared(self, choices: ChoiceList) -> bool:
        """Return whether several questions offer all choices of a list, and nothing else."""
        return self._uses[choices] > 1

    def _name_scale(self, choices: ChoiceList) -> str:
        """Return the name of the scale of a list: its own one, as a questionnaire may write it.

        Lists `a-b` and `a.b` would both be `a_b`: the second one gets a number.
        """
        if choices in self.scale_names:
            return self.scale_names[choices]

        name = re.sub(r"\W+", "_", choices.name, flags=re.ASCII).strip("_")
        if not name[:1].isalpha():
            name = f"list_{name}"
        taken = set(self.scale_names.values())
        unique = name
        number = 2
        while unique in taken:
            unique = f"{name}_{number}"
            number += 1

        self.scale_names[choices] = unique
        return unique

    def _list_options(
        self, item: FormQuestion, choices: list[tuple[FormChoice, Expression]]
    ) -> dict[Any, Any]:
        """Return the options of a question by their codes, with the conditions of a filter."""
        options: dict[Any, Any] = {}
        never_offered: list[str] = []
        column = self.form.words.offered
        if item.offered is not None:
            column = item.offered.formula.origin.column
        for number, (choice, condition) in enumerate(choices):
            code = self.translator.codes[item.id][choice.code]
            own = self._get_own_formula(item, number)
            if own is None or condition == YES:
                offered = self.translator.is_true(condition).text
            else:
                column = own.origin.column
                offered = self._translate_own_condition(item, own)
            option = self._build_option(choice, code)

            key = _read_code(code)
            used_before = options.get(key)
            condition_before = None
            if isinstance(used_before, dict):
                condition_before = used_before.get("ask_if")

            if code in USUAL_DECLINES:
                self.log.note_choice(choice, f"not an option: {code}")
            elif used_before is not None and condition_before is None:
                self.log.note_choice(choice, "not an option: its code is used before")
            elif offered == "true":
                options[key] = option
            elif offered == "false" and own is not None and own.uses_device:
                self.log.note(item, column, f"never offered by telephone: {choice.code}")
            elif offered == "false":
                never_offered.append(choice.code)
            else:
                if condition_before is not None:
                    offered = f"{condition_before} or {offered}"
                if not isinstance(option, dict) or "text" not in option:
                    option = {"text": option}
                options[key] = {**option, "ask_if": write_at(item.origin.at(column), offered)}

        if never_offered and options:
            words = join_words(never_offered, most=12)
            self.log.note(item, column, f"never offered, as in the form: {words}")
        return options

    def _get_own_formula(self, item: FormQuestion, number: int) -> Formula | None:
        """Return the condition that a choice has for itself; None if it has none of its own."""
        if item.offered is None or not item.offered.formulas:
            return None
        return item.offered.formulas[number]

    def _translate_own_condition(self, item: FormQuestion, formula: Formula) -> str:
        """Return the condition of a choice, or those of its parts that can be carried over."""
        column = formula.origin.column
        kept: list[Part] = []
        with self.log.catch_loss(item, column, "; the choice is always offered"):
            self.log.check_accepted(item, column)
            for part in list_conjuncts(formula.tree):
                with self.log.catch_loss(item, column, "; the choice is offered more often"):
                    kept.append(self.translator.is_true(part))
        return join_truths(kept, "and").text

    def _build_option(self, choice: FormChoice, code: str) -> FormText | dict[str, Any]:
        """Return the text of a choice, or a mapping with its text and what else it is."""
        text = self._get_choice_text(choice) or code
        marks: dict[str, Any] = {}
        if choice.asks_for_words:
            marks["specify"] = True
        if choice.is_exclusive:
            marks["exclusive"] = True
        if choice.is_fixed:
            marks["anchor"] = True
        return {"text": text, **marks} if marks else text

    def _get_choice_text(self, choice: FormChoice) -> FormText:
        text = self.texts.convert(choice.texts, choice.code, is_choice=True)
        refusal = self.log.refused.get(choice.texts.origin)
        if refusal:
            self.log.note_choice(choice, f"its code stands for its text: {refusal}")
            return strip_markup(choice.code)
        return text or strip_markup(choice.code)


def _read_code(written: str) -> str | int:
    """Return a code as the key of an option: a decline, or a number."""
    if written in USUAL_DECLINES:
        return written
    return int(written)
