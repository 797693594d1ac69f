"""Texts of a survey, with the values that are filled into them."""

import re
from collections.abc import Mapping
from typing import Final

from survey_cli.conversion.limesurvey.meaning import (
    ScriptContext,
    name_column,
    read_value,
)
from survey_cli.conversion.limesurvey.records import LanguageTexts
from survey_cli.conversion.limesurvey.script import split_text
from survey_cli.conversion.model.expressions import (
    AnswerOf,
    Expression,
    FunctionCall,
    Unsupported,
)
from survey_cli.conversion.model.forms import (
    NO_TEXTS,
    Fill,
    FormCalculation,
    Formula,
    Origin,
    TextPieces,
    Texts,
)

_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\ufeff]")
_TOKEN: Final = re.compile(r"TOKEN:\w+")
_PARTICIPANT: Final = ("FIRSTNAME", "LASTNAME", "EMAIL", "TOKEN")
"""What is known of a participant, also without TOKEN: in front."""
_SURVEY_FIELDS: Final = ("SID", "SURVEYNAME", "SURVEYDESCRIPTION", "ADMINNAME", "ADMINEMAIL")


class SurveyTexts:
    """Reads the texts of one survey."""

    def __init__(self, codes: Mapping[str, str], settings: Mapping[str, str]) -> None:
        self._codes = codes
        """The codes of languages in the questionnaire, by LimeSurvey's."""
        self._settings = settings
        self.columns: dict[str, None] = {}
        """The columns of the sample that texts and expressions use."""
        self.calculations: list[FormCalculation] = []
        """Values that texts calculate, which must have a name to be filled in."""

    def read(
        self, texts: LanguageTexts, origin: Origin, context: ScriptContext, owner: str = ""
    ) -> Texts:
        """Return a text in all languages. `owner` is the name of what has it."""
        pieces: dict[str, TextPieces] = {}
        for language, text in texts.items():
            visible = _INVISIBLE.sub("", text.replace("\r\n", "\n")).strip()
            if language in self._codes and visible:
                code = self._codes[language]
                pieces[code] = self._read_pieces(visible, origin, context, owner)
        return Texts(pieces, origin) if pieces else NO_TEXTS

    def note_columns(self, script: str) -> None:
        """Note what an expression uses of participants."""
        for token in _TOKEN.findall(script):
            self.columns[name_column(token)] = None

    def _read_pieces(
        self, text: str, origin: Origin, context: ScriptContext, owner: str
    ) -> TextPieces:
        pieces: list[str | Fill] = []
        for part, is_expression in split_text(text):
            if is_expression:
                pieces.append(self._read_fill(part, origin, context, owner))
            else:
                pieces.append(part)
        return tuple(pieces)

    def _read_fill(
        self, script: str, origin: Origin, context: ScriptContext, owner: str
    ) -> str | Fill:
        source = "{" + script + "}"
        if script in _PARTICIPANT:
            script = f"TOKEN:{script}"
        if script in _SURVEY_FIELDS:
            return self._settings.get(script, "")
        self.note_columns(script)
        tree = read_value(script, context).tree
        match tree:
            case AnswerOf() | FunctionCall("label" | "today") | Unsupported():
                return Fill(source, tree)
        return Fill(source, self._name_value(tree, source, origin, owner))

    def _name_value(self, tree: Expression, source: str, origin: Origin, owner: str) -> Expression:
        """Return the name of a calculation with this value, which is made if there is none."""
        for calculation in self.calculations:
            if calculation.formula.tree == tree:
                return AnswerOf(calculation.name)
        name = f"{owner or 'text'}_fill{len(self.calculations) + 1}"
        formula = Formula(source, origin, tree)
        self.calculations.append(FormCalculation(name, origin, formula=formula))
        return AnswerOf(name)
