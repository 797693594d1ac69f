"""DDI Codebook 2.5: the description of a study and its variables that archives ask for.

It states wording, filters, categories with their counts, and which categories are missing. It describes the data as a
CSV file that `survey export` writes. Elements are in the order of the standard; those whose content is unknown are
omitted.
"""

from collections.abc import Mapping
from typing import Final, TextIO
from xml.etree.ElementTree import Element

from survey_cli.exports.answer_sets import find_response_sets
from survey_cli.exports.frequencies import ColumnFrequencies, count_values
from survey_cli.exports.missing_codes import list_missing_codes
from survey_cli.exports.xml_elements import add_element, add_text, write_document
from survey_cli.table.table import StudyDescription, Table
from survey_cli.values import Code, Variable
from survey_cli.wording import format_quantity

NAMESPACE: Final = "ddi:codebook:2_5"
SCHEMA: Final = "http://www.ddialliance.org/Specification/DDI-Codebook/2.5/XMLSchema/codebook.xsd"
NATURES: Final = {"nominal": "nominal", "ordinal": "ordinal", "scale": "ratio"}
ROLE_NOTES: Final = {
    "words": "Text typed with an option.",
    "state": "The reason why the variable that it accompanies has no value.",
    "order": "The order drawn for this interview.",
    "sample": "From the sample.",
    "compute": "Computed from other variables.",
    "admin": "Stored for every interview.",
}
MISSING_NOTE: Final = (
    "Categories with missing=Y are missing values: don't know, refused and other declines; not asked (not on the route); "
    "not reached (the interview stopped before). Texts, dates and times are empty instead, and the variable of the same "
    "name with _state gives the reason."
)
CONTENT_NOTE: Final = "Comma-separated values, UTF-8; the first line has the names, every other line is one {unit}."


def write_ddi(table: Table, to: TextIO, data: str = "") -> int:
    """Write one document; return the number of rows counted for it. `data` is the name of the file that it describes."""
    rows, frequencies = count_values(table)
    study = table.study
    root = Element("codeBook", {
        "xmlns": NAMESPACE,
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:schemaLocation": f"{NAMESPACE} {SCHEMA}",
        "version": "2.5",
        "xml:lang": table.language,
    })  # fmt: skip
    _add_study(root, study, has_weight=any(variable.name == study.weight for variable in table.variables))
    _add_file(root, table, rows, data or f"{study.id or 'data'}.csv")
    description = add_element(root, "dataDscr")
    for name, label, names in find_response_sets(table.variables):
        members = " ".join(f"V_{member}" for member in names)
        group = add_element(description, "varGrp", ID=f"G_{name}", type="multipleResp", var=members)
        add_element(group, "labl", label)
    for variable, counts in zip(table.variables, frequencies, strict=True):
        _add_variable(description, variable, counts, study, rows)
    write_document(root, to)
    return rows


def _add_study(root: Element, study: StudyDescription, *, has_weight: bool) -> None:
    description = add_element(root, "stdyDscr")
    citation = add_element(description, "citation")
    title = add_element(citation, "titlStmt")
    add_element(title, "titl", study.title or study.id or "Survey")
    add_text(title, "IDNo", study.id)
    if study.conducted_by:
        add_element(add_element(citation, "rspStmt"), "AuthEnty", study.conducted_by)
    if study.conducted_by or study.sponsor:
        production = add_element(citation, "prodStmt")
        add_text(production, "producer", study.conducted_by)
        add_text(production, "fundAg", study.sponsor)
    if study.contact:
        add_element(add_element(citation, "distStmt"), "contact", study.contact)
    if study.version:
        add_element(add_element(citation, "verStmt"), "version", study.version)

    information = add_element(description, "stdyInfo")
    add_text(information, "abstract", study.notes)
    summary = add_element(information, "sumDscr")
    add_text(summary, "collDate", study.dates)
    units = format_quantity(study.size, "unit") if study.size is not None else ""
    add_text(summary, "universe", ", ".join(filter(None, (study.population, units))))
    add_element(summary, "dataKind", "Survey data")

    collection = add_element(add_element(description, "method"), "dataColl")
    add_text(collection, "dataCollector", study.conducted_by)
    add_text(collection, "sampProc", study.selection)
    if study.frame:
        add_element(add_element(collection, "sampleFrame"), "sampleFrameName", study.frame)
    add_element(collection, "collMode", study.mode or "Telephone interview (CATI)")
    add_element(collection, "resInstru", "Structured questionnaire")
    if has_weight:
        note = f"The variable {study.weight} holds weights; counts and means here are unweighted."
        add_element(collection, "weight", note)


def _add_file(root: Element, table: Table, rows: int, name: str) -> None:
    file = add_element(add_element(root, "fileDscr", ID="F1"), "fileTxt")
    add_element(file, "fileName", name)
    add_element(file, "fileCont", CONTENT_NOTE.format(unit=table.row_unit))
    dimensions = add_element(file, "dimensns")
    add_element(dimensions, "caseQnty", str(rows))
    add_element(dimensions, "varQnty", str(len(table.variables)))
    add_element(file, "fileType", "text/csv")
    if any(v.role == "state" or (v.role != "admin" and list_missing_codes(v)) for v in table.variables):
        add_element(file, "dataMsng", MISSING_NOTE)


def _add_variable(
    parent: Element, variable: Variable, counts: ColumnFrequencies, study: StudyDescription, rows: int
) -> None:
    numeric = variable.storage in ("integer", "decimal")
    element = add_element(
        parent,
        "var",
        ID=f"V_{variable.name}",
        name=variable.name,
        wgt="wgt" if variable.name == study.weight else "",
        files="F1",
        intrvl="contin" if numeric and (not variable.labels or variable.measure == "scale") else "discrete",
        dcml=str(variable.decimals) if numeric else "",
        nature=NATURES[variable.measure] if numeric or variable.labels else "",
    )
    add_element(element, "labl", variable.label or variable.name)
    if variable.personal:
        add_element(element, "security", "Personal: it identifies the respondent.")
    if variable.wording and variable.role in ("answer", "words"):
        question = add_element(element, "qstn")
        add_text(question, "preQTxt", study.intros.get(variable.item, ""))
        add_element(question, "qstnLit", variable.wording)
        add_text(question, "ivuInstr", study.instructions.get(variable.item, ""))
    missing = list_missing_codes(variable) if variable.role != "admin" else {}
    invalid = dict.fromkeys([*(code for code, _ in missing.values()), *variable.user_missing])
    if invalid:
        invalid_range = add_element(element, "invalrng")
        for code in invalid:
            add_element(invalid_range, "item", VALUE=str(code))
    if variable.role in ("answer", "words", "state"):
        add_text(element, "universe", study.universes.get(variable.item, ""))
    if rows:
        valid = counts.valid - sum(counts.values[code] for code in variable.user_missing)
        add_element(element, "sumStat", str(valid), type="vald")
        add_element(element, "sumStat", str(rows - valid), type="invd")
        if numeric and not variable.labels and counts.valid:
            add_element(element, "sumStat", f"{counts.minimum:.15g}", type="min")
            add_element(element, "sumStat", f"{counts.maximum:.15g}", type="max")
            add_element(element, "sumStat", f"{counts.total / counts.valid:.10g}", type="mean")
    add_text(element, "txt", ROLE_NOTES.get(variable.role, ""))
    _add_categories(element, variable, counts if rows else None, missing)
    if variable.role == "compute" and variable.wording:
        add_element(add_element(element, "derivation"), "drvdesc", variable.wording)
    category = variable.storage if variable.storage in ("date", "time") else ""
    add_element(element, "varFormat", type="numeric" if numeric else "character", category=category)


def _add_categories(
    parent: Element, variable: Variable, counts: ColumnFrequencies | None, missing: Mapping[str, tuple[int, str]]
) -> None:
    categories: list[tuple[Code, str, bool, int]] = [
        (code, label, code in variable.user_missing, counts.values[code] if counts else 0)
        for code, label in variable.labels.items()
    ]
    categories += [
        (code, label, True, counts.missing[kind] if counts else 0) for kind, (code, label) in missing.items()
    ]
    for code, label, is_missing, count in categories:
        category = add_element(parent, "catgry", missing="Y" if is_missing else "")
        add_element(category, "catValu", str(code))
        add_element(category, "labl", label or str(code))
        if counts:
            add_element(category, "catStat", str(count), type="freq")
