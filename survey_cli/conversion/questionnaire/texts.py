"""Texts and formulas of a form as they are in the questionnaire, with their place in the form."""

import re
from typing import Final, TypeAlias

from survey_cli.conversion.conversion_log import ConversionLog
from survey_cli.conversion.loss_report import ReportEntry
from survey_cli.conversion.markup import has_markup
from survey_cli.conversion.model.forms import Origin, Texts
from survey_cli.conversion.questionnaire.conditions import Translator
from survey_cli.conversion.questionnaire.fills import convert_pieces
from survey_cli.conversion.questionnaire.yaml_text import OriginText, get_origin
from survey_cli.wording import join_words

FormText: TypeAlias = str | dict[str, OriginText]
"""A text, or texts by the codes of their languages if there are several."""

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}")
"""The pattern 007 is no number, nor is one of thousands of digits."""


class TextConverter:
    """Converts the texts of one form, and reports what can't be filled in."""

    def __init__(self, translator: Translator, log: ConversionLog) -> None:
        self.form = translator.form
        self.translator = translator
        self.log = log
        self._marked: set[Origin] = set()
        """The places whose HTML was removed."""

    def convert(self, texts: Texts, name: str, *, is_choice: bool = False) -> FormText:
        """Convert the texts of an item or a choice; empty if there aren't any."""
        origin = texts.origin
        refusal = self.log.refused.get(origin, "")
        row = self.form.words.name_row(origin.part, origin.row)

        converted: dict[str, str] = {}
        for language, pieces in texts.by_language.items():
            converted[language], lost = convert_pieces(self.translator, pieces, refusal)
            for source, why in lost.items():
                entry = ReportEntry(*origin, name, f"{source} in the text: {why}")
                self.log.report.lost[entry] = None
                if not is_choice:
                    comment = f"{row}: … in the text stands for {source}"
                    self.log.comments.append(comment)
            # A text may be converted several times, as in a loop that is written out.
            if has_markup(pieces) and origin not in self._marked:
                self._marked.add(origin)
                entry = ReportEntry(*origin, name, "HTML removed")
                self.log.report.noted[entry] = None

        filled = {
            language: OriginText(converted[language], origin)
            for language in self.form.languages
            if converted.get(language)
        }
        if len(filled) > 1:
            self._fill_gaps(filled, origin, name)
            first = next(iter(filled.values()))
            # "5" and "10 %" need no translation: a person writes them once.
            has_words = any(character.isalpha() for character in first)
            if not has_words and len(set(filled.values())) == 1:
                return first
            return filled
        for only in filled.values():
            return only
        return ""

    def _fill_gaps(self, texts: dict[str, OriginText], origin: Origin, name: str) -> None:
        """Put the first text in the place of translations that are missing, and report it."""
        first = next(iter(texts))
        missing = [language for language in self.form.languages if language not in texts]
        for language in missing:
            texts[language] = texts[first]
        if missing:
            text = f"no text in {join_words(missing)}: the one in {first} stands for it"
            self.log.report.noted[ReportEntry(*origin, name, text)] = None


def join_texts(first: FormText, second: FormText) -> FormText:
    """Join two texts in one language; of texts in several languages, return the first."""
    if isinstance(first, str) and isinstance(second, str):
        return OriginText(f"{first}\n{second}".strip(), get_origin(first))
    return first


def write_at(origin: Origin, text: str) -> OriginText | int:
    """Return a text with its place in the form, or a number that is written as the text is."""
    if _NUMBER.fullmatch(text):
        return int(text)
    return OriginText(text, origin)
