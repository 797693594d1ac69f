"""DDI Codebook 2.5: the description of a study and its variables that archives ask for.

It states wording, filters, categories with their counts, and which categories are missing. The data are in a CSV
file, which the description covers as `survey export` writes it. Elements come in the order of the standard; unknown
ones are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TextIO

from survey_cli.exports.answer_sets import find_response_sets
from survey_cli.exports.frequencies import ColumnFrequencies, count_values
from survey_cli.exports.missing_codes import list_missing_codes
from survey_cli.exports.xml_text import escape_text, quote_attribute
from survey_cli.table import StudyDescription, Table
from survey_cli.values import Code, Variable

NAMESPACE: Final = "ddi:codebook:2_5"
SCHEMA: Final = "http://www.ddialliance.org/Specification/DDI-Codebook/2.5/XMLSchema/codebook.xsd"
NATURES: Final = {"nominal": "nominal", "ordinal": "ordinal", "scale": "ratio"}
ROLE_NOTES: Final = {
    "words": "Words given with an option, as they were typed.",
    "state": "Why the variable it accompanies has no value.",
    "order": "The order that was drawn for this interview.",
    "sample": "From the sample.",
    "compute": "Computed from other variables.",
    "admin": "Known of every interview.",
}
MISSING_NOTE: Final = (
    "Categories with missing=Y are missings: don't know, refused and the like; not asked, off the route; not reached, as "
    "the interview stopped before. Texts, dates and times are empty there, and the variable named after them with _state "
    "says why."
)
CONTENT_NOTE: Final = "Comma-separated values, UTF-8; the first line has the names, each other line is one {each}."


def write_ddi(table: Table, to: TextIO, data: str = "") -> int:
    """One document; the number of rows that were counted for it. `data`: the name of the file that it describes."""
    rows, tallies = count_values(table)
    to.writelines(line + "\n" for line in _render_document(table, rows, tallies, data))
    return rows


def _render_document(table: Table, rows: int, tallies: Sequence[ColumnFrequencies], data: str) -> Iterator[str]:
    study = table.study
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<codeBook xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{NAMESPACE} {SCHEMA}" version="2.5" xml:lang={quote_attribute(table.language)}>'
    )
    yield "<stdyDscr>"
    yield from _render_study(study, {variable.name for variable in table.variables})
    yield "</stdyDscr>"
    yield '<fileDscr ID="F1">'
    yield "<fileTxt>"
    name = data or f"{study.id or 'data'}.csv"
    yield f"<fileName>{escape_text(name)}</fileName>"
    yield f"<fileCont>{CONTENT_NOTE.format(each=table.row_unit)}</fileCont>"
    yield f"<dimensns><caseQnty>{rows}</caseQnty><varQnty>{len(table.variables)}</varQnty></dimensns>"
    yield "<fileType>text/csv</fileType>"
    if any(variable.role == "state" or list_missing_codes(variable) for variable in _iterate_asked(table)):
        yield f"<dataMsng>{MISSING_NOTE}</dataMsng>"
    yield "</fileTxt>"
    yield "</fileDscr>"
    yield "<dataDscr>"
    for name, label, names in find_response_sets(table.variables):
        refs = " ".join(f"V_{one}" for one in names)
        yield f'<varGrp ID={quote_attribute(f"G_{name}")} type="multipleResp" var={quote_attribute(refs)}>'
        yield f"<labl>{escape_text(label)}</labl>"
        yield "</varGrp>"
    for variable, tally in zip(table.variables, tallies, strict=True):
        yield from _render_variable(variable, tally, study, rows)
    yield "</dataDscr>"
    yield "</codeBook>"


def _iterate_asked(table: Table) -> Iterator[Variable]:
    yield from (variable for variable in table.variables if variable.role != "admin")


def _render_study(study: StudyDescription, names: set[str]) -> Iterator[str]:
    yield "<citation>"
    title = escape_text(study.title or study.id or "Survey")
    yield f"<titlStmt><titl>{title}</titl>{_render_element('IDNo', study.id)}</titlStmt>"
    if study.conducted_by:
        yield f"<rspStmt>{_render_element('AuthEnty', study.conducted_by)}</rspStmt>"
    if study.conducted_by or study.sponsor:
        producer = _render_element("producer", study.conducted_by)
        yield f"<prodStmt>{producer}{_render_element('fundAg', study.sponsor)}</prodStmt>"
    if study.contact:
        yield f"<distStmt>{_render_element('contact', study.contact)}</distStmt>"
    if study.version:
        yield f"<verStmt>{_render_element('version', study.version)}</verStmt>"
    yield "</citation>"
    units = f"{study.size:,} units" if study.size is not None else ""
    universe = ", ".join(filter(None, (study.population, units)))
    summary = (
        _render_element("collDate", study.dates)
        + _render_element("universe", universe)
        + _render_element("dataKind", "Survey data")
    )
    yield f"<stdyInfo>{_render_element('abstract', study.notes)}<sumDscr>{summary}</sumDscr></stdyInfo>"
    yield "<method><dataColl>"
    yield _render_element("dataCollector", study.conducted_by) + _render_element("sampProc", study.selection)
    if study.frame:
        yield f"<sampleFrame>{_render_element('sampleFrameName', study.frame)}</sampleFrame>"
    yield _render_element("collMode", study.mode or "Telephone interview (CATI)")
    yield _render_element("resInstru", "Structured questionnaire")
    if study.weight in names:
        yield _render_element(
            "weight", f"The variable {study.weight} holds weights; counts and means here are unweighted."
        )
    yield "</dataColl></method>"


def _render_element(element: str, text: str) -> str:
    return f"<{element}>{escape_text(text)}</{element}>" if text else ""


def _render_variable(variable: Variable, tally: ColumnFrequencies, study: StudyDescription, rows: int) -> Iterator[str]:
    numeric = variable.storage in ("integer", "decimal")
    interval = "contin" if numeric and (not variable.labels or variable.measure == "scale") else "discrete"
    places = f' dcml="{variable.decimals}"' if numeric else ""
    nature = f' nature="{NATURES[variable.measure]}"' if numeric or variable.labels else ""
    weighs = ' wgt="wgt"' if variable.name == study.weight else ""
    yield (
        f'<var ID={quote_attribute(f"V_{variable.name}")} name={quote_attribute(variable.name)}{weighs} files="F1"'
        f' intrvl="{interval}"{places}{nature}>'
    )
    yield f"<labl>{escape_text(variable.label or variable.name)}</labl>"
    if variable.personal:
        yield "<security>Personal: it tells who the respondent is.</security>"
    if variable.wording and variable.role in ("answer", "words"):
        intro = _render_element("preQTxt", study.intros.get(variable.item, ""))
        told = _render_element("ivuInstr", study.instructions.get(variable.item, ""))
        yield f"<qstn>{intro}<qstnLit>{escape_text(variable.wording)}</qstnLit>{told}</qstn>"
    missing = list_missing_codes(variable) if variable.role != "admin" else {}
    absent: dict[Code, str] = dict(missing.values())
    unwanted = [*absent, *(code for code in variable.user_missing if code not in absent)]
    if unwanted:
        items = "".join(f"<item VALUE={quote_attribute(str(code))}/>" for code in unwanted)
        yield f"<invalrng>{items}</invalrng>"
    if variable.item in study.universes and variable.role in ("answer", "words", "state"):
        yield _render_element("universe", study.universes[variable.item])
    if rows:
        valid = tally.valid - sum(tally.values[code] for code in variable.user_missing)
        yield f'<sumStat type="vald">{valid}</sumStat>'
        yield f'<sumStat type="invd">{rows - valid}</sumStat>'
        if numeric and not variable.labels and tally.valid:
            yield f'<sumStat type="min">{tally.minimum:.15g}</sumStat>'
            yield f'<sumStat type="max">{tally.maximum:.15g}</sumStat>'
            yield f'<sumStat type="mean">{tally.total / tally.valid:.10g}</sumStat>'
    if variable.role in ROLE_NOTES:
        yield f"<txt>{ROLE_NOTES[variable.role]}</txt>"
    yield from _render_categories(variable, tally, missing, rows)
    derived = variable.role == "compute" and variable.wording
    if derived:
        yield f"<derivation><drvdesc>{escape_text(variable.wording)}</drvdesc></derivation>"
    yield f'<varFormat type="{"numeric" if numeric else "character"}"{_render_category_attribute(variable)}/>'
    yield "</var>"


def _render_category_attribute(variable: Variable) -> str:
    return f' category="{variable.storage}"' if variable.storage in ("date", "time") else ""


def _render_categories(
    variable: Variable, tally: ColumnFrequencies, missing: Mapping[str, tuple[int, str]], rows: int
) -> Iterator[str]:
    for code, text in variable.labels.items():
        left_out = code in variable.user_missing
        yield _render_category(code, text, tally.values[code] if rows else None, missing=left_out)
    for kind, (code, text) in missing.items():
        yield _render_category(code, text, tally.missing[kind] if rows else None, missing=True)


def _render_category(code: Code, text: str, count: int | None, *, missing: bool) -> str:
    flag = ' missing="Y"' if missing else ""
    counted = f'<catStat type="freq">{count}</catStat>' if count is not None else ""
    value, label = escape_text(str(code)), escape_text(text or str(code))
    return f"<catgry{flag}><catValu>{value}</catValu><labl>{label}</labl>{counted}</catgry>"
