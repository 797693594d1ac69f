"""Labels and wordings of a table with fills shown as placeholders: their names in angle quotes.

Cells are not changed.
"""

from dataclasses import replace

from survey_cli.instrument.texts.placeholder_text import render_placeholders
from survey_cli.table.table import Table
from survey_cli.values import Variable


def show_placeholders(variable: Variable) -> Variable:
    """Return the variable with placeholders in its texts; the condition of a compute is left as written."""
    return replace(
        variable,
        label=render_placeholders(variable.label),
        wording=variable.wording if variable.role == "compute" else render_placeholders(variable.wording),
        labels={code: render_placeholders(text) for code, text in variable.labels.items()},
        declines={kind: (code, render_placeholders(text)) for kind, (code, text) in variable.declines.items()},
    )


def show_table_placeholders(table: Table) -> Table:
    """Return the table with placeholders in the texts of its variables and its study."""
    study = table.study
    return replace(
        table,
        variables=tuple(map(show_placeholders, table.variables)),
        study=replace(
            study,
            title=render_placeholders(study.title),
            intros={item: render_placeholders(text) for item, text in study.intros.items()},
            instructions={item: render_placeholders(text) for item, text in study.instructions.items()},
        ),
    )
