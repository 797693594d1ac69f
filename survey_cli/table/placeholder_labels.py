"""Labels and wordings of a table with fills shown as placeholders, their names in angle quotes.

Cells are not changed.
"""

from collections.abc import Mapping
from dataclasses import replace

from survey_cli.instrument.texts.placeholder_text import render_placeholders
from survey_cli.table.table import Table
from survey_cli.values import Variable


def show_placeholders(variable: Variable) -> Variable:
    """The variable with its words as they are shown; the condition of a compute stays as it is written."""
    return replace(
        variable,
        label=render_placeholders(variable.label),
        wording=variable.wording if variable.role == "compute" else render_placeholders(variable.wording),
        labels={code: render_placeholders(text) for code, text in variable.labels.items()},
        declines={kind: (code, render_placeholders(text)) for kind, (code, text) in variable.declines.items()},
    )


def show_table_placeholders(table: Table) -> Table:
    """The table with its words as they are shown, those of its study too."""
    study = table.study
    return replace(
        table,
        variables=tuple(map(show_placeholders, table.variables)),
        study=replace(
            study,
            title=render_placeholders(study.title),
            intros=_show_each(study.intros),
            instructions=_show_each(study.instructions),
        ),
    )


def _show_each(texts: Mapping[str, str]) -> dict[str, str]:
    return {item: render_placeholders(text) for item, text in texts.items()}
