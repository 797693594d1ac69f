"""Conversion of one file: it is recognized, read, and written as a questionnaire."""

from pathlib import Path

from survey_cli.conversion.input_files import open_input
from survey_cli.conversion.questionnaire.writer import ConvertedForm, write_questionnaire
from survey_cli.conversion.readers import read_form


def convert_form(path: Path) -> ConvertedForm:
    """Convert a form of any system that has a reader. Raises UserError if there isn't one."""
    file = open_input(path)
    form = read_form(file)
    return write_questionnaire(form, file.name)
