"""Conversion of one file: it is recognized, read, and written as a questionnaire."""

from itertools import islice
from pathlib import Path
from typing import Final

from survey_cli.conversion.input_files import open_input
from survey_cli.conversion.questionnaire.writer import ConvertedForm, write_questionnaire
from survey_cli.conversion.readers import read_form

MOST_ITEMS: Final = 20_000
"""The items of a form. The largest real forms have some thousand."""


def convert_form(path: Path) -> ConvertedForm:
    """Convert a form of any system that has a reader. Raises UserError if there isn't one."""
    file = open_input(path)
    try:
        form = read_form(file)
        items = islice(form.root.iterate_items(), MOST_ITEMS + 1)
        if sum(1 for _ in items) > MOST_ITEMS:
            raise file.refuse("it has far more questions than a form")
        return write_questionnaire(form, file.name)
    except RecursionError as error:
        # Expressions have limits of their own. Groups in groups, or a condition that is made of
        # very many others, have none.
        raise file.refuse("its groups or its conditions are nested far too deeply") from error
