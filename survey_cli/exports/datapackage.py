"""Data Package 2.0 (datapackage.json): a CSV file's columns with types, categories and labeled missing values.

Programs that know the standard read the CSV file with it: frictionless, R's package frictionless, and archives. What
the standard has no property for is under `survey`, of the package and of each field: it permits further properties.
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
    first = table.variables[0].name if table.variables else ""
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
                "path": options.data_name or f"{study.id or 'data'}.csv",
                "type": "table",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "schema": {
                    "$schema": f"{PROFILES}/tableschema.json",
                    "fields": [_describe_field(variable, study) for variable in table.variables],
                    **(
                        {"primaryKey": [first]}
                        if first == "interview_id" and table.row_unit == "interview"
                        else {}
                    ),
                },
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
    missing = list_missing_codes(variable) if variable.role != "admin" else {}
    categories = [{"value": code, "label": text} for code, text in variable.labels.items()]
    field = {
        "name": variable.name,
        "type": kind,
        "title": variable.label,
        "description": variable.wording,
        "categories": categories if kind in ("integer", "string") else [],
        "categoriesOrdered": bool(categories) and choose_measure(variable) == "ordinal",
        "missingValues": [
            {"value": str(code), "label": text}
            for code, text in (("", "No value"), *missing.values())
        ],
    }
    is_asked = variable.role in ("answer", "words", "state")
    survey = {
        "role": variable.role,
        "item": variable.item,
        "turn": variable.turn,
        "option": "" if variable.option is None else str(variable.option),
        "measure": choose_measure(variable),
        "universe": study.universes.get(variable.item, "") if is_asked else "",
        "introduction": study.intros.get(variable.item, "") if is_asked else "",
        "instruction": study.instructions.get(variable.item, "") if is_asked else "",
        "missingKinds": {kind: code for kind, (code, _) in missing.items()},
        "excludedFromMeans": variable.user_missing,
        "personal": variable.personal,
    }
    return _drop_empty({**field, "survey": _drop_empty(survey)})
