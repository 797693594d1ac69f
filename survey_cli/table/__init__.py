"""Data as variables and rows, with labels and typed missing values.

It uses no file and no format: it builds a `Table`, which every writer receives.
"""

from survey_cli.table.columns import build_columns
from survey_cli.table.placeholder_labels import show_placeholders, show_table_placeholders
from survey_cli.table.rows import build_row
from survey_cli.table.table import ADMIN_VARIABLES, StudyDescription, Table, build_admin_variables
from survey_cli.table.versions import CombinedTable, VersionDifference, VersionRows, combine_versions

__all__ = [
    "ADMIN_VARIABLES",
    "CombinedTable",
    "StudyDescription",
    "Table",
    "VersionDifference",
    "VersionRows",
    "build_admin_variables",
    "build_columns",
    "build_row",
    "combine_versions",
    "show_placeholders",
    "show_table_placeholders",
]
