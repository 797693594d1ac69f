"""Data Package 2.0 (datapackage.json): a CSV file's columns with types, categories, missing values.

Programs that know the standard read the CSV file with it: frictionless, R's package frictionless,
and archives. The standard permits further properties: what it has none for is in `survey`, a
property of the package and of every field.
"""

import json
import re
from typing import Any, Final, TextIO

from survey_cli.exports.conventions import WriteOptions, WriteResult, list_missing_codes
from survey_cli.exports.typed_columns import choose_measure
from survey_cli.table.table import StudyDescription, Table, is_timestamp
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
    data_name = options.data_name or f"{study.id or 'data'}.csv"

    schema: dict[str, Any] = {
        "$schema": f"{PROFILES}/tableschema.json",
        "fields": [_describe_field(variable, study) for variable in table.variables],
    }
    first = table.variables[0].name if table.variables else ""
    if first == "interview_id" and table.row_unit == "interview":
        schema["primaryKey"] = [first]

    survey = {
        "language": table.language,
        "versions": study.versions,
        "weight": study.weight,
        "design": dict(study.design),
        "replication": study.replication,
        "replicationFactors": study.replication_factors,
        "population": study.population,
        "populationSize": study.size,
        "frame": study.frame,
        "selection": study.selection,
        "mode": study.mode,
        "dates": study.dates,
    }
    package = {
        "$schema": f"{PROFILES}/datapackage.json",
        "name": name,
        "title": study.title,
        "description": study.notes,
        "version": study.version,
        "contributors": [
            {"title": title, "roles": [role]} for title, role in contributors if title
        ],
        "resources": [
            {
                "name": name,
                "path": data_name,
                "type": "table",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": schema,
            }
        ],
        "survey": _drop_empty(survey),
    }
    json.dump(_drop_empty(package), to, ensure_ascii=False, indent=1)
    to.write("\n")
    return WriteResult(sum(1 for _ in table.rows))


def _drop_empty(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value}


def _describe_field(variable: Variable, study: StudyDescription) -> dict[str, Any]:
    kind = "datetime" if is_timestamp(variable) else TYPES[variable.storage]

    # The empty field is first: it is the only missing value of a column without codes.
    missing_values = [{"value": "", "label": "No value"}]
    missing_kinds = {}
    if variable.role != "admin":  # an admin column holds no answers
        for missing, (code, text) in list_missing_codes(variable).items():
            missing_values.append({"value": str(code), "label": text})
            missing_kinds[missing] = code

    # The standard has categories for integers and strings only.
    categories = [{"value": code, "label": text} for code, text in variable.labels.items()]
    may_have_categories = kind in ("integer", "string")
    field = {
        "name": variable.name,
        "type": kind,
        "title": variable.label,
        "description": variable.wording,
        "categories": categories if may_have_categories else [],
        "categoriesOrdered": bool(categories) and choose_measure(variable) == "ordinal",
        "missingValues": missing_values,
    }

    universe = ""
    introduction = ""
    instruction = ""
    if variable.role in ("answer", "words", "state"):
        universe = study.universes.get(variable.item, "")
        introduction = study.intros.get(variable.item, "")
        instruction = study.instructions.get(variable.item, "")

    survey = {
        "role": variable.role,
        "item": variable.item,
        "turn": variable.turn,
        "option": "" if variable.option is None else str(variable.option),
        "measure": choose_measure(variable),
        "universe": universe,
        "introduction": introduction,
        "instruction": instruction,
        "missingKinds": missing_kinds,
        "excludedFromMeans": variable.user_missing,
        "personal": variable.personal,
    }
    return _drop_empty({**field, "survey": _drop_empty(survey)})
