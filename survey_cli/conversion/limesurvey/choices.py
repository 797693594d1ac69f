"""Choices of questions: their texts, their order, and when they are offered."""

from typing import Final

from survey_cli.conversion.limesurvey.meaning import read_condition
from survey_cli.conversion.limesurvey.question_types import (
    FIXED_CHOICES,
    OTHER_CHOICE,
    OTHER_WORDS,
    get_fixed_word,
)
from survey_cli.conversion.limesurvey.records import (
    AnswerRecord,
    LanguageTexts,
    QuestionRecord,
    SubquestionRecord,
    SurveyRecords,
)
from survey_cli.conversion.limesurvey.script_reader import ScriptReader
from survey_cli.conversion.limesurvey.variables import list_filter_sources
from survey_cli.conversion.model.expressions import (
    YES,
    Expression,
    Not,
    Unsupported,
    join_all,
)
from survey_cli.conversion.model.forms import (
    ChoiceList,
    FormChoice,
    FormItem,
    FormQuestion,
    Formula,
    OfferedChoices,
    Order,
)

_RANDOM_ORDERS: Final = ("random", "random_alphabetical")


class AnswerListReader:
    """Reads the choices of one survey."""

    def __init__(self, records: SurveyRecords, scripts: ScriptReader) -> None:
        self._records = records
        self._words = records.words
        self._scripts = scripts
        self._lists: dict[str, ChoiceList] = {}
        """Lists of choices by what is in them: questions with the same one share it."""
        self._questions = {question.code: question for question in records.list_questions()}

    def read_choices(
        self, question: QuestionRecord, answers: list[AnswerRecord], name: str = ""
    ) -> ChoiceList:
        """Return the choices of a question; one list for all that have the same ones."""
        fixed = FIXED_CHOICES.get(question.type)
        if fixed is not None:
            if question.type not in self._lists:
                choices = [self._make_fixed(question, code) for code in fixed]
                self._lists[question.type] = ChoiceList(f"answers_{question.type}", choices)
            return self._lists[question.type]

        choices = [
            FormChoice(
                answer.code,
                answer.origin,
                self._scripts.read_text(answer.texts, answer.origin.at("answer"), question.code),
            )
            for answer in answers
        ]
        if question.has_other and question.type in ("L", "!"):
            choices.append(self.make_other(question, OTHER_CHOICE))

        key = repr([(choice.code, choice.texts.by_language) for choice in choices])
        if key not in self._lists:
            self._lists[key] = ChoiceList(name or question.code, choices)
        return self._lists[key]

    def _make_fixed(self, question: QuestionRecord, code: str) -> FormChoice:
        """Return a choice whose text isn't in the file, as in `yes or no`."""
        texts: LanguageTexts = {}
        for language in self._records.languages:
            short, _, _ = language.partition("-")
            word = get_fixed_word(question.type, code, short)
            if word:
                texts[language] = word
        if not texts and self._records.languages:
            texts[self._records.languages[0]] = get_fixed_word(question.type, code, "en")
        origin = question.origin.at(self._words.type)
        return FormChoice(code, origin, self._scripts.read_text(texts, origin, question.code))

    def make_other(self, question: QuestionRecord, code: str) -> FormChoice:
        """Return the choice "other", whose text may be an attribute."""
        texts: LanguageTexts = {}
        own = question.attributes.get("other_replace_text", {})
        for language in self._records.languages:
            short, _, _ = language.partition("-")
            text = own.get(language) or own.get("") or OTHER_WORDS.get(short)
            answers = [answer.texts.get(language, "").strip() for answer in question.answers]
            if text in answers:
                text = f"{text}:"  # as LimeSurvey shows it, beside an answer of its own
            if text:
                texts[language] = text
        if not texts and self._records.languages:
            texts[self._records.languages[0]] = OTHER_WORDS["en"]
        origin = question.origin.at("other")
        label = self._scripts.read_text(texts, origin, question.code)
        return FormChoice(code, origin, label, asks_for_words=True, is_fixed=True)

    def read_order(self, question: QuestionRecord, name: str, item: FormItem) -> Order:
        """Return the order in which choices or rows are put."""
        order = question.get_attribute(name)
        if order in _RANDOM_ORDERS or question.is_set("random_order"):
            return "random"
        if order == "alphabetical" or question.is_set("alphasort"):
            item.lose(name, "choices in alphabetical order, which differs between languages")
        return "written"

    def share_columns(
        self, question: QuestionRecord, columns: list[SubquestionRecord]
    ) -> ChoiceList:
        """Return the columns of an array of checkboxes as the choices of its rows."""
        answers = [
            AnswerRecord(column.code, "0", column.origin, column.texts) for column in columns
        ]
        return self.read_choices(question, answers, f"{question.code}_columns")

    def read_part_condition(
        self, question: QuestionRecord, part: SubquestionRecord
    ) -> Formula | None:
        """Return when a row of an array is shown: its relevance, and the filter of the array."""
        context = self._scripts.make_context(question, f"{question.code}_{part.code}")
        origin = part.origin.at(self._words.condition)
        own = self._scripts.read_script(part.relevance, origin, context)
        filtered = self._read_filter(question, part.code)
        if filtered == YES:
            return own

        names = ("array_filter", "array_filter_exclude")
        sources = " ".join(question.get_attribute(name) for name in names).strip()
        if own is None:
            return Formula(sources, part.origin.at(self._words.offered), filtered)
        return Formula(f"{own.text}; {sources}", origin, join_all([own.tree, filtered]))

    def _read_relevance(self, question: QuestionRecord, part: SubquestionRecord) -> Formula | None:
        """Return when a choice is offered by its own relevance; None if it always is."""
        if part.relevance in ("", "1"):
            return None
        context = self._scripts.make_context(question, f"{question.code}_{part.code}")
        return self._scripts.read_script(part.relevance, part.origin, context)

    def _read_filter(self, question: QuestionRecord, code: str) -> Expression:
        """Return when a part with a code is shown by the filters of its question."""
        parts: list[Expression] = []
        for name, is_excluding in (("array_filter", False), ("array_filter_exclude", True)):
            for source in list_filter_sources(question.attributes.get(name, {})):
                found = self._find_in_source(source, code)
                if found is None:
                    continue
                if is_excluding:
                    found = Not(found)
                parts.append(found)
        return join_all(parts)

    def _find_in_source(self, source: str, code: str) -> Expression | None:
        """Return whether the part with a code is answered in the question of a filter.

        A part that the other question doesn't have isn't filtered.
        """
        if source not in self._questions:
            return Unsupported(f"the survey has no question {source}")
        variable = self._scripts.variables.by_name.get(f"{source}_{code}")
        if variable is None:
            return None
        context = self._scripts.make_context(self._questions[source])
        return read_condition(f'{variable.name}.NAOK != ""', context).tree

    def filter_choices(self, question: QuestionRecord, item: FormQuestion) -> None:
        """Add when the choices are offered: their relevance, and the filters of the question."""
        if item.choices is None:
            return

        parts_by_code = {part.code: part for part in question.list_parts()}
        conditions: list[Expression] = []
        texts: list[str] = []
        for choice in item.choices.choices:
            tests: list[Expression] = []
            part = parts_by_code.get(choice.code)
            if part is not None:
                relevance = self._read_relevance(question, part)
                if relevance is not None:
                    tests.append(relevance.tree)
                    texts.append(relevance.text)

            filtered = self._read_filter(question, choice.code)
            if filtered != YES:
                tests.append(filtered)
            conditions.append(join_all(tests))

        if all(condition == YES for condition in conditions):
            return
        column = self._words.offered
        formula = Formula("; ".join(texts), question.origin.at(column), join_all(conditions))
        item.offered = OfferedChoices(formula, conditions)
