"""DDI Codebook 2.5, the description of a study and its variables that archives ask for: wording, who is asked,
categories with their counts, which of them are missings. The data themselves stand in a file of comma-separated values,
which it describes as `survey export` writes it.

The order of elements is the standard's; what is not stated is left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TextIO

from survey_cli.exports.answer_sets import answer_sets
from survey_cli.exports.frequencies import Tally, tallied_columns
from survey_cli.exports.missing_codes import missing_codes
from survey_cli.exports.xml_text import attribute, xml
from survey_cli.table import StudyDescription, Table
from survey_cli.values import Code, Variable

NAMESPACE: Final = "ddi:codebook:2_5"
SCHEMA: Final = "http://www.ddialliance.org/Specification/DDI-Codebook/2.5/XMLSchema/codebook.xsd"
NATURES: Final = {"nominal": "nominal", "ordinal": "ordinal", "scale": "ratio"}
ROLES: Final = {
    "words": "Words given with an option, as they were typed.",
    "state": "Why the variable it accompanies has no value.",
    "order": "The order that was drawn for this interview.",
    "sample": "From the sample.",
    "compute": "Computed from other variables.",
    "admin": "Known of every interview.",
}
MISSING: Final = (
    "Categories with missing=Y are missings: don't know, refused and the like; not asked, off the route; not reached, as "
    "the interview stopped before. Texts, dates and times are empty there, and the variable named after them with _state "
    "says why."
)
CONTENT: Final = "Comma-separated values, UTF-8; the first line has the names, each other line is one {each}."


def write_ddi(table: Table, to: TextIO, data: str = "") -> int:
    """One document; the number of rows that were counted for it. `data`: the name of the file that it describes."""
    rows, tallies = tallied_columns(table)
    to.writelines(line + "\n" for line in _document(table, rows, tallies, data))
    return rows


def _document(table: Table, rows: int, tallies: Sequence[Tally], data: str) -> Iterator[str]:
    study = table.study
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<codeBook xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xsi:schemaLocation="{NAMESPACE} {SCHEMA}" version="2.5" xml:lang={attribute(table.language)}>'
    )
    yield "<stdyDscr>"
    yield from _study(study, {variable.name for variable in table.variables})
    yield "</stdyDscr>"
    yield '<fileDscr ID="F1">'
    yield "<fileTxt>"
    name = data or f"{study.id or 'data'}.csv"
    yield f"<fileName>{xml(name)}</fileName>"
    yield f"<fileCont>{CONTENT.format(each=table.row_unit)}</fileCont>"
    yield f"<dimensns><caseQnty>{rows}</caseQnty><varQnty>{len(table.variables)}</varQnty></dimensns>"
    yield "<fileType>text/csv</fileType>"
    if any(variable.role == "state" or missing_codes(variable) for variable in _asked(table)):
        yield f"<dataMsng>{MISSING}</dataMsng>"
    yield "</fileTxt>"
    yield "</fileDscr>"
    yield "<dataDscr>"
    for name, label, names in answer_sets(table.variables):
        refs = " ".join(f"V_{one}" for one in names)
        yield f'<varGrp ID={attribute(f"G_{name}")} type="multipleResp" var={attribute(refs)}>'
        yield f"<labl>{xml(label)}</labl>"
        yield "</varGrp>"
    for variable, tally in zip(table.variables, tallies, strict=True):
        yield from _variable(variable, tally, study, rows)
    yield "</dataDscr>"
    yield "</codeBook>"


def _asked(table: Table) -> Iterator[Variable]:
    yield from (variable for variable in table.variables if variable.role != "admin")


def _study(study: StudyDescription, names: set[str]) -> Iterator[str]:
    yield "<citation>"
    yield f"<titlStmt><titl>{xml(study.title or study.id or 'Survey')}</titl>{_told('IDNo', study.id)}</titlStmt>"
    if study.conducted_by:
        yield f"<rspStmt>{_told('AuthEnty', study.conducted_by)}</rspStmt>"
    if study.conducted_by or study.sponsor:
        yield f"<prodStmt>{_told('producer', study.conducted_by)}{_told('fundAg', study.sponsor)}</prodStmt>"
    if study.contact:
        yield f"<distStmt>{_told('contact', study.contact)}</distStmt>"
    if study.version:
        yield f"<verStmt>{_told('version', study.version)}</verStmt>"
    yield "</citation>"
    units = f"{study.size:,} units" if study.size is not None else ""
    universe = ", ".join(filter(None, (study.population, units)))
    summary = _told("collDate", study.dates) + _told("universe", universe) + _told("dataKind", "Survey data")
    yield f"<stdyInfo>{_told('abstract', study.notes)}<sumDscr>{summary}</sumDscr></stdyInfo>"
    yield "<method><dataColl>"
    yield _told("dataCollector", study.conducted_by) + _told("sampProc", study.selection)
    if study.frame:
        yield f"<sampleFrame>{_told('sampleFrameName', study.frame)}</sampleFrame>"
    yield _told("collMode", study.mode or "Telephone interview (CATI)")
    yield _told("resInstru", "Structured questionnaire")
    if study.weight in names:
        yield _told(
            "weight", f"The variable {study.weight} holds weights; counts and means here are unweighted."
        )
    yield "</dataColl></method>"


def _told(element: str, text: str) -> str:
    return f"<{element}>{xml(text)}</{element}>" if text else ""


def _variable(variable: Variable, tally: Tally, study: StudyDescription, rows: int) -> Iterator[str]:
    numeric = variable.storage in ("integer", "decimal")
    interval = "contin" if numeric and (not variable.labels or variable.measure == "scale") else "discrete"
    places = f' dcml="{variable.decimals}"' if numeric else ""
    nature = f' nature="{NATURES[variable.measure]}"' if numeric or variable.labels else ""
    weighs = ' wgt="wgt"' if variable.name == study.weight else ""
    yield (
        f'<var ID={attribute(f"V_{variable.name}")} name={attribute(variable.name)}{weighs} files="F1"'
        f' intrvl="{interval}"{places}{nature}>'
    )
    yield f"<labl>{xml(variable.label or variable.name)}</labl>"
    if variable.personal:
        yield "<security>Personal: it tells who the respondent is.</security>"
    if variable.wording and variable.role in ("answer", "words"):
        intro = _told("preQTxt", study.intros.get(variable.item, ""))
        told = _told("ivuInstr", study.instructions.get(variable.item, ""))
        yield f"<qstn>{intro}<qstnLit>{xml(variable.wording)}</qstnLit>{told}</qstn>"
    missing = missing_codes(variable) if variable.role != "admin" else {}
    absent: dict[Code, str] = dict(missing.values())
    unwanted = [*absent, *(code for code in variable.user_missing if code not in absent)]
    if unwanted:
        items = "".join(f"<item VALUE={attribute(str(code))}/>" for code in unwanted)
        yield f"<invalrng>{items}</invalrng>"
    if variable.item in study.universes and variable.role in ("answer", "words", "state"):
        yield _told("universe", study.universes[variable.item])
    if rows:
        valid = tally.valid - sum(tally.values[code] for code in variable.user_missing)
        yield f'<sumStat type="vald">{valid}</sumStat>'
        yield f'<sumStat type="invd">{rows - valid}</sumStat>'
        if numeric and not variable.labels and tally.valid:
            yield f'<sumStat type="min">{tally.least:.15g}</sumStat>'
            yield f'<sumStat type="max">{tally.most:.15g}</sumStat>'
            yield f'<sumStat type="mean">{tally.total / tally.valid:.10g}</sumStat>'
    if variable.role in ROLES:
        yield f"<txt>{ROLES[variable.role]}</txt>"
    yield from _categories(variable, tally, missing, rows)
    derived = variable.role == "compute" and variable.wording
    if derived:
        yield f"<derivation><drvdesc>{xml(variable.wording)}</drvdesc></derivation>"
    yield f'<varFormat type="{"numeric" if numeric else "character"}"{_category(variable)}/>'
    yield "</var>"


def _category(variable: Variable) -> str:
    return f' category="{variable.storage}"' if variable.storage in ("date", "time") else ""


def _categories(
    variable: Variable, tally: Tally, missing: Mapping[str, tuple[int, str]], rows: int
) -> Iterator[str]:
    for code, text in variable.labels.items():
        left_out = code in variable.user_missing
        yield _one(code, text, tally.values[code] if rows else None, missing=left_out)
    for kind, (code, text) in missing.items():
        yield _one(code, text, tally.missing[kind] if rows else None, missing=True)


def _one(code: Code, text: str, count: int | None, *, missing: bool) -> str:
    flag = ' missing="Y"' if missing else ""
    counted = f'<catStat type="freq">{count}</catStat>' if count is not None else ""
    return f"<catgry{flag}><catValu>{xml(str(code))}</catValu><labl>{xml(text or str(code))}</labl>{counted}</catgry>"
