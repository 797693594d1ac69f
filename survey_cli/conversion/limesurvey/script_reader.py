"""Expressions and texts of questions, as formulas and texts of the neutral shape."""

from collections.abc import Mapping

from survey_cli.conversion.limesurvey.meaning import (
    Meaning,
    ScriptContext,
    read_condition,
)
from survey_cli.conversion.limesurvey.records import (
    LanguageTexts,
    QuestionRecord,
    SurveyRecords,
)
from survey_cli.conversion.limesurvey.survey_texts import SurveyTexts
from survey_cli.conversion.limesurvey.variables import VariableTable
from survey_cli.conversion.model.forms import (
    NO_TEXTS,
    Formula,
    Origin,
    Remark,
    Texts,
)


class ScriptReader:
    """Reads the expressions and the texts of one survey."""

    def __init__(
        self, records: SurveyRecords, texts: SurveyTexts, variables: VariableTable
    ) -> None:
        self._records = records
        self._words = records.words
        self.texts = texts
        self.variables = variables
        self._conditions: dict[str, str] = {}
        """The relevance of questions that only have conditions of the old kind, by id."""
        self._uses_assessment = records.settings.get("assessments", "N") == "Y"
        self.remarks: list[Remark] = []
        """Where expressions differ here."""

    def make_context(self, question: QuestionRecord | None = None, this: str = "") -> ScriptContext:
        """Return what the names in an expression of a question refer to."""
        code = "" if question is None else question.code
        return ScriptContext(self.variables, code, this or code, self._uses_assessment)

    def read_relevance(self, question: QuestionRecord) -> Formula | None:
        """Return when a question is shown; None if it always is."""
        script = question.relevance
        if script in ("", "1"):
            script = self._conditions.get(question.id, "")
        origin = question.origin.at(self._words.condition)
        return self.read_script(script, origin, self.make_context(question))

    def read_script(self, script: str, origin: Origin, context: ScriptContext) -> Formula | None:
        """Return a condition; None if it is always true."""
        stripped = script.strip()
        if stripped.startswith("{") and stripped.endswith("}"):
            stripped = stripped[1:-1]
        if stripped in ("", "1"):
            return None
        self.texts.note_columns(stripped)
        meaning = read_condition(stripped, context)
        self.note_differences(meaning, origin, context.question)
        return Formula(stripped, origin, meaning.tree)

    def note_differences(self, meaning: Meaning, origin: Origin, name: str) -> None:
        """Note where an expression differs here."""
        self.remarks += [Remark(origin, note, name=name) for note in meaning.notes]

    def read_text(self, texts: LanguageTexts, origin: Origin, name: str) -> Texts:
        """Return a text in all languages, of the question or choice with a name."""
        return self.texts.read(texts, origin, self.make_context(), name)

    def read_attribute_text(self, question: QuestionRecord, name: str) -> Texts:
        """Return an attribute that is a text, in all its languages."""
        values = question.attributes.get(name, {})
        texts: LanguageTexts = {}
        for language in self._records.languages:
            text = values.get(language) or values.get("")
            if text:
                texts[language] = text
        if not texts:
            return NO_TEXTS
        return self.read_text(texts, question.origin.at(name), question.code)

    def set_conditions(self, conditions: Mapping[str, str]) -> None:
        """Set what the conditions of the old kind mean, by the ids of questions."""
        self._conditions = dict(conditions)
