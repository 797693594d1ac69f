"""Rows of a data dictionary of REDCap, with the columns by what they hold.

The headings differ between a download of the dictionary, an export by the API, and versions of
REDCap; so does the order of the columns.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from survey_cli.conversion.input_files import InputFile
from survey_cli.problems import UserError


class DictionaryField(StrEnum):
    """What a column holds; the value is its heading in a download."""

    NAME = "Variable / Field Name"
    FORM = "Form Name"
    SECTION = "Section Header"
    TYPE = "Field Type"
    LABEL = "Field Label"
    CHOICES = "Choices, Calculations, OR Slider Labels"
    NOTE = "Field Note"
    VALIDATION = "Text Validation Type OR Show Slider Number"
    MINIMUM = "Text Validation Min"
    MAXIMUM = "Text Validation Max"
    IDENTIFIER = "Identifier?"
    BRANCHING = "Branching Logic (Show field only if...)"
    REQUIRED = "Required Field?"
    ALIGNMENT = "Custom Alignment"
    NUMBER = "Question Number (surveys only)"
    MATRIX = "Matrix Group Name"
    RANKING = "Matrix Ranking?"
    ANNOTATION = "Field Annotation"


_HEADINGS: Final = {field.value.lower(): field for field in DictionaryField} | {
    "choices or calculations": DictionaryField.CHOICES,
    "choices, calculations, or slider labels": DictionaryField.CHOICES,
    "field_name": DictionaryField.NAME,
    "form_name": DictionaryField.FORM,
    "section_header": DictionaryField.SECTION,
    "field_type": DictionaryField.TYPE,
    "field_label": DictionaryField.LABEL,
    "select_choices_or_calculations": DictionaryField.CHOICES,
    "field_note": DictionaryField.NOTE,
    "text_validation_type_or_show_slider_number": DictionaryField.VALIDATION,
    "text_validation_min": DictionaryField.MINIMUM,
    "text_validation_max": DictionaryField.MAXIMUM,
    "identifier": DictionaryField.IDENTIFIER,
    "branching_logic": DictionaryField.BRANCHING,
    "required_field": DictionaryField.REQUIRED,
    "custom_alignment": DictionaryField.ALIGNMENT,
    "question_number": DictionaryField.NUMBER,
    "matrix_group_name": DictionaryField.MATRIX,
    "matrix_ranking": DictionaryField.RANKING,
    "field_annotation": DictionaryField.ANNOTATION,
}
"""What columns hold by their headings: those of a download, and those of the API."""
_NEEDED: Final = (DictionaryField.FORM, DictionaryField.TYPE, DictionaryField.LABEL)
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\ufeff]")


class DictionaryRow(NamedTuple):
    """A field of the dictionary."""

    number: int
    """Its line in the file."""
    cells: Mapping[DictionaryField, str]

    def get(self, field: DictionaryField) -> str:
        """Return a cell; empty if the dictionary doesn't have it."""
        return self.cells.get(field, "")


class Dictionary(NamedTuple):
    """A data dictionary."""

    rows: list[DictionaryRow]
    damaged_heading: str
    """The heading of the first column, if it isn't the one that the name of a field has."""


def is_dictionary(file: InputFile) -> bool:
    """Return whether a file is a data dictionary, by the headings in its first line."""
    first_line, _, _ = file.beginning.partition("\n")
    headings = {cell.strip(' "\r').lower() for cell in first_line.split(",")}
    return {"form name", "field type"} <= headings or {"form_name", "field_type"} <= headings


def read_dictionary(file: InputFile) -> Dictionary:
    """Read a data dictionary. Raises UserError if its columns aren't those of one."""
    rows = file.read_csv()
    _, headings = next(rows)
    columns = [_HEADINGS.get(heading.strip().lower()) for heading in headings]
    missing = [field.value for field in _NEEDED if field not in columns]
    if missing:
        what = f"this data dictionary has no column {missing[0]}"
        raise UserError(file.name, what, "download it again from REDCap")

    damaged = ""
    if DictionaryField.NAME not in columns:
        # REDCap writes the name first. Spreadsheets spoil a first heading without a word.
        damaged = headings[0] or "empty"
        columns[0] = DictionaryField.NAME

    found: list[DictionaryRow] = []
    for number, cells in rows:
        named: dict[DictionaryField, str] = {}
        for column, cell in zip(columns, cells, strict=False):
            visible = _INVISIBLE.sub("", cell.replace("\r\n", "\n")).strip()
            if column is not None and visible:
                named[column] = visible
        if DictionaryField.NAME in named:
            found.append(DictionaryRow(number, named))
    return Dictionary(found, damaged)
