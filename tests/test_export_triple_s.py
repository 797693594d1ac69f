"""Does a Triple-S reader that we did not write find what was put in?"""

import warnings
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scenario import scenario
from survey_cli.exports.triple_s import write_triple_s
from survey_cli.table import Study, Table
from test_csv import HARD, SAMPLE, hard, of


def definition(table: Table, folder: Path) -> ElementTree.Element:
    assert write_triple_s(table, folder / "hard.sss", folder / "hard.csv", "hard.csv") == len(
        list(table.rows)
    )
    return ElementTree.parse(folder / "hard.sss").getroot()


def read(table: Table, folder: Path) -> dict[str, list[Any]]:
    """As `triple-s-survey` reads the two files."""
    triple_s = pytest.importorskip("triple_s", reason="the independent reader: pip install triple-s-survey")
    definition(table, folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it measures a text by the fixed-width rules
        survey = triple_s.read_datamap(str(folder / "hard.sss"))
        survey.load_data(str(folder / "hard.csv"))
        frame = survey.to_polars()
    return {name: frame[name].to_list() for name in frame.columns}


def early() -> Table:
    return of(hard(".stop"), scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"))


def test_another_program_reads_every_value(tmp_path: Path) -> None:
    found = read(early(), tmp_path)
    assert found["a"] == ["1", "1"]
    assert found["b"] == ["y", "-9"]
    assert found["c"] == [98.0, -7.0]
    assert found["income"] == [-5.0, -7.0]
    assert found["day"] == [date(2000, 2, 29), None]
    assert found["hour"] == [time(9, 5), None]
    assert found["note"] == ['first "line", ünïcode\n=second\n\\', ""]
    assert found["note_state"] == ["0", "-7"]
    assert found["share"] == pytest.approx([2 / 3, 2 / 3])
    assert found["kind"] == ["2", "2"]
    assert (found["skipped"], found["last"]) == ([None, None], ["-7", "-7"])


def test_several_answers_are_one_variable_with_bits_and_a_bit_for_each_missing(tmp_path: Path) -> None:
    table = early()
    found = read(table, tmp_path)
    root = ElementTree.parse(tmp_path / "hard.sss").getroot()
    [media] = [v for v in root.iter("variable") if v.findtext("name") == "media"]
    labels = {int(v.get("code", "")): v.text for v in media.iter("value")}
    assert [labels[bit] for bit in (1, 2, 3)] == ["TV", "Web", "None"]
    assert [[labels[bit] for bit in bits] for bits in found["media"]] == [["TV", "Web"], ["Not reached"]]
    assert not {"media_tv", "media_web", "media_9"} & set(found)


def test_what_was_not_asked_is_an_empty_field_everywhere(tmp_path: Path) -> None:
    never = of(scenario(HARD, sample=SAMPLE).keys("2"))
    definition(never, tmp_path)
    names, values = (line.split(",") for line in (tmp_path / "hard.csv").read_text().splitlines())
    row = dict(zip(names, values, strict=False))
    assert (row["a"], row["b"]) == ("2", "-7")
    found = read(of(hard(".stop")), tmp_path)
    assert (found["age_2"], found["drawn"]) == ([None], [None])


def test_the_definition_says_what_was_asked_and_hostile_words_stay_words(tmp_path: Path) -> None:
    table = replace(
        of(hard(".stop")), study=Study(id="hard", title="A <b> & 'c' \x00 ]]>", version="1", sponsor="x")
    )
    root = definition(table, tmp_path)
    assert root.findtext("survey/title") == "A <b> & 'c'   ]]> (version 1)"
    [a] = [v for v in root.iter("variable") if v.findtext("name") == "a"]
    assert [v.text for v in a.iter("value")][:2] == ["Yes", "-No, never"]
    positions = [p.get("start") for p in root.iter("position")]
    header = (tmp_path / "hard.csv").read_text().splitlines()[0].split(",")
    assert positions == [str(n) for n in range(1, len(header) + 1)]


def test_a_numbers_range_holds_its_values_and_no_missings_code(tmp_path: Path) -> None:
    root = definition(early(), tmp_path)
    [share] = [v for v in root.iter("variable") if v.findtext("name") == "share"]
    bounds = share.find("values/range")
    assert bounds is not None
    assert float(bounds.get("from", "")) == float(bounds.get("to", "")) == pytest.approx(2 / 3)
    [c] = [v for v in root.iter("variable") if v.findtext("name") == "c"]
    assert {
        "98": "Don't know",
        "-9": "=Refused, really",
        "97": "97 or more",
        "-7": "Not reached",
    }.items() <= {v.get("code"): v.text for v in c.iter("value")}.items()


def test_without_rows_the_definition_is_whole(tmp_path: Path) -> None:
    table = of(hard(".stop"))
    assert len(list(definition(replace(table, rows=[]), tmp_path).iter("variable"))) > 20
