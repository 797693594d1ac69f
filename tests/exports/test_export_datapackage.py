"""Data packages: whoever reads the CSV file by its description finds every cell, with its label or its reason."""

import csv
import io
import json
from datetime import date, time
from typing import Any

import pytest
from test_csv import hard, of

from survey_cli.exports import WriteOptions
from survey_cli.exports.conventions import RESERVED_LABELS
from survey_cli.exports.datapackage import write_datapackage
from survey_cli.exports.text import write_csv
from survey_cli.table.table import ADMIN_VARIABLES, StudyDescription, Table
from survey_cli.values import Missing, Variable

TYPES = {
    "integer": int,
    "number": float,
    "string": str,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}


def described(table: Table) -> dict[str, Any]:
    to = io.StringIO()
    write_datapackage(table, to, WriteOptions(data_name="x.csv"))
    package: dict[str, Any] = json.loads(to.getvalue())
    return package


def test_every_cell_is_read_by_the_description() -> None:
    table = of(hard(), hard("1"))
    rows = list(table.rows)
    to = io.StringIO(newline="")
    write_csv(Table(variables=table.variables, rows=rows), to, WriteOptions(raw=True))
    header, *lines = csv.reader(io.StringIO(to.getvalue(), newline=""))
    [resource] = described(Table(variables=table.variables, rows=rows))["resources"]
    fields = resource["schema"]["fields"]
    assert [field["name"] for field in fields] == header
    for row, line in zip(rows, lines, strict=True):
        for cell, text, field, variable in zip(row, line, fields, table.variables, strict=True):
            missing = {each["value"]: each["label"] for each in field["missingValues"]}
            if isinstance(cell, Missing):
                own = variable.declines.get(cell.kind, (0, ""))[1]
                assert missing[text] in ("No value", own or RESERVED_LABELS.get(cell.kind))
            elif text:
                value = TYPES[field["type"]](text)
                assert value == (pytest.approx(cell) if isinstance(cell, float) else cell)
                labels = {each["value"]: each["label"] for each in field.get("categories", [])}
                assert (
                    not variable.labels
                    or variable.storage == "decimal"
                    or labels[cell] == variable.labels[cell]
                )


def test_times_keys_and_orders_are_said() -> None:
    ordered = Variable(name="o", labels={1: "Low", 2: "High"}, measure="ordinal", wording="How?")
    study = StudyDescription(id="My Study", title="T", sponsor="S", conducted_by="C", version="2")
    package = described(Table(variables=(*ADMIN_VARIABLES, ordered), rows=[], study=study))
    assert (package["name"], package["title"], package["version"]) == ("my-study", "T", "2")
    assert [(c["title"], c["roles"]) for c in package["contributors"]] == [
        ("C", ["creator"]),
        ("S", ["funder"]),
    ]
    [resource] = package["resources"]
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    assert (resource["path"], resource["schema"]["primaryKey"]) == ("x.csv", ["interview_id"])
    assert fields["interview_began"]["type"] == "datetime"
    assert fields["interview_status"]["missingValues"] == [{"value": "", "label": "No value"}]
    assert (fields["o"]["categoriesOrdered"], fields["o"]["description"]) == (True, "How?")


def test_what_the_standard_lacks_is_there_too() -> None:
    item = Variable(
        name="q",
        item="q",
        labels={1: "A", 8: "None"},
        user_missing=(8,),
        declines={"dk": (-8, "?")},
    )
    study = StudyDescription(
        version="2", versions=("version 1", "version 2"), weight="w", population="Units", size=35,
        design={"stratum": ("s",)}, universes={"q": "Asked if p is 1."}, instructions={"q": "Wait."},
    )  # fmt: skip
    package = described(Table(variables=(item,), rows=[], study=study))
    assert package["survey"] == {
        "language": "en", "versions": ["version 1", "version 2"], "weight": "w", "design": {"stratum": ["s"]},
        "population": "Units", "populationSize": 35,
    }  # fmt: skip
    [field] = package["resources"][0]["schema"]["fields"]
    assert field["survey"] == {
        "role": "answer", "item": "q", "measure": "nominal", "universe": "Asked if p is 1.", "instruction": "Wait.",
        "missingKinds": {"dk": -8, "refused": -9, "not_asked": -6, "not_reached": -7}, "excludedFromMeans": [8],
    }  # fmt: skip
