"""Tables of data: variables and rows with labels and typed missing values.

It knows no file and no format: it builds a `Table` of interviews, and every writer receives one.
"""

from survey_cli.table.columns import columns
from survey_cli.table.placeholder_labels import shown_table, shown_variable
from survey_cli.table.rows import cells
from survey_cli.table.table import ADMIN, Study, Table, admin
from survey_cli.table.versions import Difference, Part, United, united

__all__ = [
    "ADMIN",
    "Difference",
    "Part",
    "Study",
    "Table",
    "United",
    "admin",
    "cells",
    "columns",
    "shown_table",
    "shown_variable",
    "united",
]
