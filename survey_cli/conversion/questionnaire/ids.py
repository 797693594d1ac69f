"""Ids of the items of a questionnaire: their names in the form, if those are permitted."""

import re

from survey_cli.conversion.conversion_log import ConversionLog
from survey_cli.conversion.model.expressions import FunctionCall
from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormCalculation,
    FormColumn,
    FormItem,
    LeftOut,
)
from survey_cli.conversion.questionnaire.codes import USUAL_DECLINES
from survey_cli.conversion.questionnaire.names import find_columns
from survey_cli.instrument.checks.names import MAX_ID_LENGTH, explain_reserved


def name_items(form: ForeignForm, log: ConversionLog) -> None:
    """Give every item its id in the questionnaire: its name if possible.

    The names of sample columns are kept for the columns, and for calculations that are one.
    """
    columns = find_columns(form)
    taken = {column.casefold() for column in columns}
    for item in form.root.iterate_items():
        name = re.sub(r"\W+", "_", item.name, flags=re.ASCII).strip("_")
        if not name[:1].isalpha():
            name = f"q{name}"
        name = name[:MAX_ID_LENGTH]

        is_column = _is_column(item) and name in columns
        may_keep_name = is_column and not explain_reserved(name, USUAL_DECLINES)
        item.id = name if may_keep_name else _find_free_id(name, taken)
        taken.add(item.id.casefold())
        if item.id != item.name and not isinstance(item, LeftOut):
            log.note(item, form.words.name, f"its id is {item.id}")


def _is_column(item: FormItem) -> bool:
    """Return whether an item is, or is calculated from nothing but, a column of the sample."""
    if isinstance(item, FormColumn):
        return True
    if not isinstance(item, FormCalculation):
        return False
    tree = item.formula.tree
    return isinstance(tree, FunctionCall) and tree.name == "column"


def _find_free_id(name: str, taken: set[str]) -> str:
    """Return a name, or the name with the first number from 2 that makes it free."""
    start = name[: MAX_ID_LENGTH - 3]
    candidate = name
    number = 1
    while candidate.casefold() in taken or explain_reserved(candidate, USUAL_DECLINES):
        number += 1
        candidate = f"{start}_{number}"
    return candidate
