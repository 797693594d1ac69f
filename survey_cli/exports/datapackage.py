"""Data Package 2.0 (datapackage.json): a CSV file's columns with types, categories and labeled missing values.

Programs that know the standard read the CSV file with it: frictionless, R's package frictionless, and archives.
"""

import json
import re
from typing import Any, Final, TextIO

from survey_cli.exports.conventions import WriteOptions, WriteResult, list_missing_codes
from survey_cli.exports.typed_columns import choose_measure
from survey_cli.table.table import Table, is_timestamp
from survey_cli.values import Storage, Variable

PROFILES: Final = "https://datapackage.org/profiles/2.0"
TYPES: Final[dict[Storage, str]] = {
    "integer": "integer", "decimal": "number", "text": "string", "date": "date", "time": "time"
}  # fmt: skip


def write_datapackage(table: Table, to: TextIO, options: WriteOptions) -> WriteResult:
    """Write the description of a CSV file that an export writes."""
    study = table.study
    name = re.sub(r"[^a-z0-9._-]+", "-", study.id.lower()).strip("-") or "data"
    contributors = ((study.conducted_by, "creator"), (study.sponsor, "funder"))
    first = table.variables[0].name if table.variables else ""
    package = {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": name,
        "title": study.title,
        "description": study.notes,
        "version": study.version,
        "contributors": [{"title": title, "roles": [role]} for title, role in contributors if title],
        "resources": [
            {
                "name": name,
                "path": options.data_name or f"{study.id or 'data'}.csv",
                "type": "table",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {
                    "$schema": f"{PROFILES}/tableschema.json",
                    "fields": [_describe_field(variable) for variable in table.variables],
                    **({"primaryKey": [first]} if first == "interview_id" and table.row_unit == "interview" else {}),
                },
            }
        ],
    }
    json.dump({key: value for key, value in package.items() if value}, to, ensure_ascii=False, indent=1)
    to.write("\n")
    return WriteResult(sum(1 for _ in table.rows))


def _describe_field(variable: Variable) -> dict[str, Any]:
    kind = "datetime" if is_timestamp(variable) else TYPES[variable.storage]
    missing = list_missing_codes(variable) if variable.role != "admin" else {}
    categories = [{"value": code, "label": text} for code, text in variable.labels.items()]
    field = {
        "name": variable.name,
        "type": kind,
        "title": variable.label,
        "description": variable.wording,
        "categories": categories if kind in ("integer", "string") else [],
        "categoriesOrdered": bool(categories) and choose_measure(variable) == "ordinal",
        "missingValues": [{"value": str(code), "label": text} for code, text in (("", "No value"), *missing.values())],
    }
    return {key: value for key, value in field.items() if value}
