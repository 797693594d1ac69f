"""CSV files: one golden file of an interview with everything difficult, and what must be true of any table."""

import csv
import io
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scenario import Scenario, scenario
from survey_cli.engine.codec import encode_cells
from survey_cli.exports import WriteOptions
from survey_cli.exports.text import FORMULA_START, escape_formula, write_csv, write_tsv
from survey_cli.table.columns import build_columns, build_row
from survey_cli.table.table import ADMIN_VARIABLES, Table
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Cell, Missing, Variable

GOLDEN = Path(__file__).parents[1] / "data" / "golden.csv"
HARD = """
instrument: hard
title: Everything hard
languages: [en, es]
declines:
  dk: {code: -8, text: {en: Don't know, es: No sabe}, key: d}
  refused: {code: -9, text: {en: "=Refused, really", es: No responde}, key: r}
  later: {code: -5, text: {en: Rather later, es: Más tarde}, key: l}
sample:
  unit: {type: text, role: key}
  kind: {type: single, options: {1: Sector, 2: District}, label: Kind of unit}
  size: {type: number}
  nm: {type: text, role: name}
compute:
  is_district: kind == 2
  share: size / 3
  same: kind
  worth: income
  unsaid: c
items:
  - {id: a, type: single, text: 'Is it "so", or not?', options: {1: "Yes", 2: {en: "-No, never", es: "No"}}}
  - {id: b, type: single, text: Code, options: {x: "Ex, with comma", y: {text: "=Why", specify: true}}}
  - {id: c, type: number, text: Number, decimals: 2, min: -5, max: 99999999999, options: {97: 97 or more},
     declines: {dk: 98, refused: -9}}
  - {id: income, type: number, text: Income, max: 9, declines: [dk, refused, later]}
  - {id: media, type: multiple, text: Media, mentions: ordered,
     options: {tv: TV, web: {text: Web, specify: true}, 9: {text: None, exclusive: true}}}
  - {id: note, type: verbatim, text: Note}
  - {id: code, type: text, text: Code}
  - {id: day, type: date, text: Day}
  - {id: born, type: date, text: Born, partial: true}
  - {id: hour, type: time, text: Hour}
  - {id: lk, type: lookup, sample: kind, label: Kind again}
  - {id: sp, type: split, arms: {red: 1, blue: 0}}
  - {id: n, type: number, text: How many, max: 3}
  - {id: person, type: roster, max: 2, count: n, items: [{id: age, type: number, text: Age}]}
  - {id: drawn, type: draw, from: person, where: age >= 18}
  - {id: skipped, type: single, ask_if: a == 2, text: Skipped, options: {1: "Yes"}}
  - {id: skipped_word, type: single, ask_if: a == 2, text: Skipped, options: {p: "P"}}
  - {id: last, type: single, text: Last, options: {1: "Yes"}}
  - {id: last_word, type: single, text: Last, options: {p: "P"}}
"""
SAMPLE = {"unit": "@unit\t1", "kind": 2, "size": 2.0, "nm": "Al"}
ANSWERS = (
    "1", 'y  he said "so", and\t=1+1', ".dk", ".later", "tv web a site", 'first "line", ünïcode\n=second\n\\',
    "=SUM(A1)", "2000-02-29", "1985-06", "9:05", "1", "5",
)  # fmt: skip

WRITERS = {"csv": write_csv, "tsv": write_tsv}


def hard(*more: str) -> Scenario:
    return scenario(HARD, sample=SAMPLE).keys(*ANSWERS, *more)


def of(*interviews: Scenario, language: str = "") -> Table:
    first = interviews[0].interview.instrument
    return Table(
        variables=build_columns(first, language), rows=[build_row(i.interview) for i in interviews]
    )


def with_admin(table: Table) -> Table:
    """What is known of each interview before its data."""
    rows = list(table.rows)
    at = "2026-11-24T15:20:11+00:00"
    head = [
        (f"id{n}", "c", 1, "simulated", "1", "ended", "complete", at, at if n else "", "pat", "en")
        for n in range(len(rows))
    ]
    return Table(
        variables=(*ADMIN_VARIABLES, *table.variables),
        rows=[(*a, *b) for a, b in zip(head, rows, strict=True)],
    )


def kept(table: Table) -> Table:
    """The same table, its rows as the store keeps them."""
    return Table(variables=table.variables, rows=[encode_cells(row) for row in table.rows])


def written(table: Table, *, form: str = "csv", **manner: bool) -> str:
    to = io.StringIO(newline="")
    rows = list(table.rows)
    count = WRITERS[form](Table(variables=table.variables, rows=rows), to, WriteOptions(**manner))
    quick = io.StringIO(newline="")
    same = WRITERS[form](kept(table), quick, WriteOptions(**manner))
    assert (quick.getvalue(), same) == (to.getvalue(), count)
    return to.getvalue()


def read(text: str, *, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


# one interview that holds everything hard


def test_the_golden_file() -> None:
    """Codes, then labels, of an interview broken off before its last items. Read what changed before replacing it."""
    table = of(hard(".stop"))
    text = written(table) + "\r\n" + written(table, labels=True)
    assert text.encode() == GOLDEN.read_bytes()


def test_five_states_are_kept_apart() -> None:
    [row] = read(written(of(hard(".stop"))))
    assert (row["a"], row["c"], row["income"]) == ("1", "98", "-5")
    assert (row["skipped"], row["skipped_word"], row["last"], row["last_word"]) == (
        "-6",
        "-6",
        "-7",
        "-7",
    )
    assert (row["worth"], row["unsaid"]) == (
        "-5",
        "-8",
    )  # as the study codes them, where no item does
    assert (row["drawn"], row["drawn_of"], row["person_turns"], row["age_2"]) == (
        "-6",
        "0",
        "1",
        "-6",
    )
    assert (row["born"], row["born_y"], row["born_m"], row["born_d"]) == (
        "1985-06",
        "1985",
        "6",
        "-8",
    )
    [early] = read(written(of(scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"))))
    assert (early["b"], early["sp"], early["lk"], early["person_turns"]) == ("-9", "-7", "-7", "-7")
    assert (early["note"], early["note_state"], early["day"], early["day_state"]) == (
        "",
        "-7",
        "",
        "-7",
    )


def test_labels_say_everything_in_words() -> None:
    [row] = read(written(of(hard(".stop")), labels=True))
    assert (row["a"], row["kind"], row["lk"], row["sp"], row["same"]) == (
        "Yes",
        *["District"] * 2,
        "red",
        "District",
    )
    assert (row["media_tv"], row["media_9"], row["is_district"]) == (
        "Mentioned",
        "Not mentioned",
        "true",
    )
    assert (row["income"], row["c"], row["last_word"]) == (
        "Rather later",
        "Don't know",
        "Not reached",
    )
    assert row["skipped_word"] == "Not asked"
    [early] = read(
        written(of(scenario(HARD, sample=SAMPLE).keys("2", ".refused", ".stop")), labels=True)
    )
    assert (early["a"], early["b"]) == ("'-No, never", "'=Refused, really")
    [spanish] = read(
        written(
            of(scenario(HARD, sample=SAMPLE).keys("2", ".dk", ".stop"), language="es"), labels=True
        )
    )
    assert (spanish["a"], spanish["b"]) == ("No", "No sabe")


def test_no_text_can_run_in_a_spreadsheet_unless_it_is_asked_for() -> None:
    table = of(hard(".stop"))
    [tamed], [raw] = read(written(table)), read(written(table, raw=True))
    assert (tamed["code"], raw["code"]) == ("'=SUM(A1)", "=SUM(A1)")
    assert tamed["b_y_text"].startswith("he said")
    assert tamed["unit"].startswith("'@unit")
    for labels in (False, True):
        for row in read(written(table, labels=labels)):
            runs = {n: v for n, v in row.items() if v.startswith(("=", "+", "-", "@", "\t", "\r"))}
            assert not any(v for v in runs.values() if not v.lstrip("-").isdecimal()), runs


def test_the_mark_by_which_excel_knows_utf8_comes_first() -> None:
    assert written(of(hard(".stop")), bom=True).startswith("\ufeffunit,")
    assert written(of(hard(".stop"))).startswith("unit,")


def test_tabs_part_the_other_format() -> None:
    table = of(hard(".stop"))
    assert read(written(table, form="tsv"), delimiter="\t") == read(written(table))


# any table

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["=1+1", "'=1", "null", "a,null", '"', "\\", "\r\n=", "", '","', "{", "1", "＝1"]
)
MISSING = st.sampled_from([DK, REFUSED, NOT_ASKED, NOT_REACHED, Missing("later")])
CELLS: dict[str, st.SearchStrategy[Cell]] = {
    "integer": st.integers(-(10**9), 10**9),
    "decimal": st.integers(0, 9) | st.decimals(-99999, 99999, places=3).map(float),
    "text": TEXTS,
    "date": st.dates(),
    "time": st.times().map(lambda t: time(t.hour, t.minute)),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    storages = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=8))
    declines = {"dk": (draw(st.sampled_from([-8, 98])), "Don't know"), "later": (-5, "Later")}
    variables = tuple(
        Variable(name=f"v{n}", storage=s, declines=declines if n % 3 else {})  # type: ignore[arg-type]
        for n, s in enumerate(storages)
    )
    row = st.tuples(*(CELLS[s] | MISSING for s in storages))
    return Table(variables=variables, rows=draw(st.lists(row, max_size=4)))


def back(field: str, variable: Variable) -> Cell:
    codes = {"dk": -8, "refused": -9, "not_asked": -6, "not_reached": -7}
    codes |= {kind: code for kind, (code, _) in variable.declines.items()}
    kinds = {str(code): Missing(kind) for kind, code in codes.items()}
    match variable.storage:
        case "text":
            return field[1:] if field.startswith("'") and FORMULA_START.match(field) else field
        case "date":
            return date.fromisoformat(field) if field else NOT_ASKED
        case "time":
            return time.fromisoformat(field) if field else NOT_ASKED
        case _:
            return kinds[field] if field in kinds else float(field) if field else NOT_ASKED


@given(tables(), st.sampled_from(["csv", "tsv"]))
def test_what_goes_out_comes_back(table: Table, form: str) -> None:
    """Cell for cell, but that text, dates and times are empty where they are missing, and an answer that is a decline's
    own code is that decline."""
    text = written(table, form=form)
    found = list(
        csv.reader(
            io.StringIO(text, newline=""), delimiter={"csv": ",", "tsv": "\t"}[form], strict=True
        )
    )
    assert found[0] == [v.name for v in table.variables]
    assert len(found) == 1 + len(list(table.rows))
    for fields, row in zip(found[1:], table.rows, strict=True):
        for field, cell, variable in zip(fields, row, table.variables, strict=True):
            if variable.storage == "text":
                assert back(field, variable) == ("" if isinstance(cell, Missing) else cell)
            elif isinstance(cell, Missing) and variable.storage in ("date", "time"):
                assert field == ""
            elif isinstance(cell, Missing):
                coded = cell.kind != "later" or "later" in variable.declines
                assert back(field, variable) == cell if coded else field == ""
            elif not isinstance(back(field, variable), Missing):
                assert back(field, variable) == cell
            else:
                assert cell in (-5, -6, -7, -8, -9, 98)


@given(tables(), st.booleans(), st.booleans())
def test_a_row_as_it_is_kept_is_written_as_the_row_itself(
    table: Table, labels: bool, raw: bool
) -> None:
    """Among the columns that every export begins with, too. (`written` compares.)"""
    head: tuple[Cell, ...] = (
        "ab-1",
        "Case, 1",
        1,
        "real",
        "",
        "ended",
        "",
        "2000",
        "2000",
        "Ann",
        "en",
    )
    wide = Table(
        variables=(*ADMIN_VARIABLES, *table.variables), rows=[(*head, *row) for row in table.rows]
    )
    written(wide, labels=labels, raw=raw)


@given(TEXTS)
def test_a_tamed_text_does_not_run_and_can_be_had_back(text: str) -> None:
    assert not escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert escape_formula(text) in (text, "'" + text)
    assert (
        escape_formula(text)[1:]
        if FORMULA_START.match(escape_formula(text))
        else escape_formula(text)
    ) == text


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (2 / 3, "0.666666666666667"),
        (12345678901.25, "12345678901.25"),
        (0.1 + 0.2, "0.3"),
        (3.0, "3"),
        (7, "7"),
    ],
)
def test_a_number_keeps_all_that_was_typed(number: float, said: str) -> None:
    table = Table(variables=(Variable(name="n", storage="decimal"),), rows=[(number,)])
    assert written(table) == f"n\r\n{said}\r\n"


def test_a_row_of_one_empty_cell_is_a_row() -> None:
    table = Table(variables=(Variable(name="t", storage="text"),), rows=[("",), (NOT_ASKED,)])
    assert list(csv.reader(io.StringIO(written(table)))) == [["t"], [""], [""]]


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ("a,b", '"a,b"'),
        ("=1+1", "'=1+1"),
        ('say "so"', '"say ""so"""'),
        ("two\nlines", '"two\nlines"'),
        ("null {", "null {"),
        ("", ""),
        (NOT_ASKED, ""),
        ("é", "é"),
    ],
)
def test_a_text_that_is_not_plain_among_plain_ones_is_written_as_ever(
    cell: Cell, field: str
) -> None:
    variables = (
        Variable(name="t", storage="text"),
        *(Variable(name=n, storage="integer") for n in "ab"),
    )
    rows = [("plain", 1, DK), (cell, REFUSED, 3), ("also plain", NOT_ASKED, 4)]
    lines = ["t,a,b", "plain,1,-8", f"{field},-9,3", "also plain,-6,4", ""]
    assert written(Table(variables=variables, rows=rows)) == "\r\n".join(lines)
    del rows[1], lines[2]
    assert written(Table(variables=variables, rows=rows)) == "\r\n".join(lines)
