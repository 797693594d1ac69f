"""Texts and cells of a form as they are in the questionnaire, with the cell that they come from."""

import re
from collections.abc import Mapping
from typing import TypeAlias

from survey_cli.conversion.calculations import convert_text
from survey_cli.conversion.conditions import Translator
from survey_cli.conversion.form import FormRow, SheetItem
from survey_cli.conversion.loss_report import ConversionLog, ReportEntry
from survey_cli.conversion.yaml_text import CellText, get_cell

FormText: TypeAlias = str | dict[str, CellText]
"""A text, or texts by the codes of their languages if there are several."""


class TextConverter:
    """Converts the texts of one form, and reports what can't be filled in."""

    def __init__(self, translator: Translator, log: ConversionLog) -> None:
        self.form = translator.form
        self.translator = translator
        self.log = log

    def get_text(self, row: FormRow, sheet: str, column: str) -> FormText:
        """Return the text of a column; empty if there isn't one."""
        return self.convert(row, sheet, column, self.form.get_text(row, column))

    def convert(self, row: FormRow, sheet: str, column: str, texts: Mapping[str, str]) -> FormText:
        """Convert texts of a column, which may be parts of it, by the codes of their languages."""
        cell = (sheet, row.number, column)
        refusal = self.log.refused.get(cell, "")
        name = row.get("name")

        converted: dict[str, str] = {}
        for language, text in texts.items():
            converted[language], lost = convert_text(self.translator, text, refusal)
            for fill, why in lost.items():
                entry = ReportEntry(*cell, name, f"${{{fill}}} in the text: {why}")
                self.log.report.lost[entry] = None
                if sheet == "survey":
                    comment = f"row {row.number}: … in the text stands for ${{{fill}}}"
                    self.log.comments.append(comment)
            if re.search(r"</?[a-zA-Z]", text):
                self.log.report.noted[ReportEntry(*cell, name, "HTML removed")] = None

        filled = {
            language: CellText(converted[language], cell)
            for language in self.form.codes
            if converted.get(language)
        }
        if len(filled) > 1:
            return filled
        for only in filled.values():
            return only
        return ""


def join_texts(first: FormText, second: FormText) -> FormText:
    """Join two texts in one language; of texts in several languages, return the first."""
    if isinstance(first, str) and isinstance(second, str):
        return CellText(f"{first}\n{second}".strip(), get_cell(first))
    return first


def write_cell(item: SheetItem, column: str, text: str) -> CellText | int:
    """Return a text with the cell that it comes from, or a number."""
    if text.isdigit():
        return int(text)
    return CellText(text, ("survey", item.row.number, column))
