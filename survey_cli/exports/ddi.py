"""DDI Codebook 2.5: the description of a study and its variables that archives ask for.

It states wording, filters, categories with their counts, and which categories are missing. It describes the data as a
CSV file that `survey export` writes. Elements are in the order of the standard; those whose content is unknown are
omitted.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TextIO
from xml.etree.ElementTree import Element

from survey_cli.exports.conventions import WriteOptions, WriteResult, find_response_sets, list_missing_codes
from survey_cli.exports.text import BATCH_SIZE
from survey_cli.exports.xml_elements import add_element, add_text, write_document
from survey_cli.table.table import StudyDescription, Table, make_cell_reader
from survey_cli.values import Cell, Missing, Variable
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


@dataclass(slots=True)
class ColumnFrequencies:
    """Frequencies of one column."""

    values: Counter[object] = field(default_factory=Counter)
    """Number of rows by code; empty if the column has no labels."""
    missing: Counter[str] = field(default_factory=Counter)
    """Number of rows by kind of missing value."""
    valid: int = 0
    """Number of rows with a value."""
    minimum: float | None = None
    maximum: float | None = None
    total: float = 0.0

    def add(self, cell: Cell, times: int, *, labeled: bool) -> None:
        """Count a cell that occurs so many times."""
        if isinstance(cell, Missing):
            self.missing[cell.kind] += times
            return
        self.valid += times
        if labeled:
            self.values[cell] += times
        if isinstance(cell, int | float):
            self.total += cell * times
            self.minimum = cell if self.minimum is None else min(self.minimum, cell)
            self.maximum = cell if self.maximum is None else max(self.maximum, cell)


def count_values(table: Table) -> tuple[int, list[ColumnFrequencies]]:
    """Return the number of rows and the frequencies of each column, in one pass and little memory."""
    rows = table.iterate_texts()
    frequencies = [ColumnFrequencies() for _ in table.variables]
    columns = [(column, make_cell_reader(v.storage), v) for column, v in zip(frequencies, table.variables, strict=True)]
    count = 0
    while batch := list(islice(rows, BATCH_SIZE)):
        count += len(batch)
        for texts, (column, read, variable) in zip(zip(*batch, strict=True), columns, strict=True):
            is_free_text = variable.storage == "text" and not variable.labels
            for text, times in Counter(texts).items():
                if is_free_text and text[0] == '"':
                    column.valid += times
                else:
                    column.add(read(text), times, labeled=bool(variable.labels))
    return count, frequencies


def write_ddi(table: Table, to: TextIO, options: WriteOptions) -> WriteResult:
    """Write one document."""
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
    _add_file(root, table, rows, options.data_name or f"{study.id or 'data'}.csv")
    description = add_element(root, "dataDscr")
    for name, label, names in find_response_sets(table.variables):
        members = " ".join(f"V_{member}" for member in names)
        group = add_element(description, "varGrp", ID=f"G_{name}", type="multipleResp", var=members)
        add_element(group, "labl", label)
    for variable, counts in zip(table.variables, frequencies, strict=True):
        _add_variable(description, variable, counts, study, rows)
    write_document(root, to)
    return WriteResult(rows)


def _add_study(root: Element, study: StudyDescription, *, has_weight: bool) -> None:
    """Add the description of the study: each text at its path, without those that are unknown."""
    units = format_quantity(study.size, "unit") if study.size is not None else ""
    weighting = f"The variable {study.weight} holds weights; counts and means here are unweighted."
    for path, text in (
        ("citation/titlStmt/titl", study.title or study.id or "Survey"),
        ("citation/titlStmt/IDNo", study.id),
        ("citation/rspStmt/AuthEnty", study.conducted_by),
        ("citation/prodStmt/producer", study.conducted_by),
        ("citation/prodStmt/fundAg", study.sponsor),
        ("citation/distStmt/contact", study.contact),
        ("citation/verStmt/version", study.version),
        ("stdyInfo/abstract", study.notes),
        ("stdyInfo/sumDscr/collDate", study.dates),
        ("stdyInfo/sumDscr/universe", ", ".join(filter(None, (study.population, units)))),
        ("stdyInfo/sumDscr/dataKind", "Survey data"),
        ("method/dataColl/dataCollector", study.conducted_by),
        ("method/dataColl/sampProc", study.selection),
        ("method/dataColl/sampleFrame/sampleFrameName", study.frame),
        ("method/dataColl/collMode", study.mode or "Telephone interview (CATI)"),
        ("method/dataColl/resInstru", "Structured questionnaire"),
        ("method/dataColl/weight", weighting if has_weight else ""),
    ):
        *tags, tag = f"stdyDscr/{path}".split("/")
        parent = root
        for name in tags if text else ():
            child = parent.find(name)
            parent = child if child is not None else add_element(parent, name)
        add_text(parent, tag, text)


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
    categories = [(c, text, c in variable.user_missing, counts.values[c]) for c, text in variable.labels.items()]
    categories += [(code, text, True, counts.missing[kind]) for kind, (code, text) in missing.items()]
    for code, label, is_missing, count in categories:
        category = add_element(element, "catgry", missing="Y" if is_missing else "")
        add_element(category, "catValu", str(code))
        add_element(category, "labl", label or str(code))
        if rows:
            add_element(category, "catStat", str(count), type="freq")
    if variable.role == "compute" and variable.wording:
        add_element(add_element(element, "derivation"), "drvdesc", variable.wording)
    kind = variable.storage if variable.storage in ("date", "time") else ""
    add_element(element, "varFormat", type="numeric" if numeric else "character", category=kind)
