"""Excel workbooks, read back by openpyxl and as the XML that Excel reads."""

import csv
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_csv import HARD, SAMPLE, hard, of, with_admin

from support.scenario import scenario
from survey_cli.exports import WriteOptions, excel, find_format
from survey_cli.exports.limits import FormatLimits
from survey_cli.exports.text import FORMULA_START
from survey_cli.table.table import ADMIN_VARIABLES, StudyDescription, Table, is_timestamp
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Cell, Missing, Variable

openpyxl = pytest.importorskip("openpyxl")

TEXT = Variable(name="t", storage="text", label="T")


def wrote(table: Table, to: Path, **manner: bool) -> tuple[str, ...]:
    rows = list(table.rows)
    count, notes = excel.write_xlsx(replace(table, rows=rows), to, WriteOptions(**manner))
    assert count == len(rows)
    return notes


def sheet(file: Path, name: str = "data") -> list[dict[str, Any]]:
    head, *rows = openpyxl.load_workbook(file)[name].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def back(file: Path, table: Table) -> list[tuple[Cell, ...]]:
    """The cells: an empty one of a number or code was not asked, a word is the kind of another missing."""
    rows = []
    for row in sheet(file):
        cells: list[Any] = []
        for variable in table.variables:
            value, coded = (
                row[variable.name],
                variable.storage in ("integer", "decimal") or variable.labels,
            )
            kinds = {*variable.declines, "dk", "refused", "not_reached"}
            if coded and value is None:
                value = NOT_ASKED
            elif coded and value in kinds and value not in variable.labels:
                value = Missing(value)
            elif variable.storage == "date" and value is not None:
                value = value.date() if isinstance(value, datetime) else date.fromisoformat(value)
            cells.append(value)
        rows.append(tuple(cells))
    return rows


def expected(table: Table) -> list[tuple[Cell, ...]]:
    def told(cell: Cell, variable: Variable) -> Any:
        coded = variable.storage in ("integer", "decimal") or variable.labels
        return None if (isinstance(cell, Missing) and not coded) or cell == "" else cell

    return [
        tuple(told(cell, v) for cell, v in zip(row, table.variables, strict=True))
        for row in table.rows
    ]


def test_an_interview_that_holds_everything_hard_comes_back_value_for_value(tmp_path: Path) -> None:
    table = of(
        hard(".stop"), scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"), hard("1", "p")
    )
    assert wrote(table, tmp_path / "x.xlsx") == ()
    assert back(tmp_path / "x.xlsx", table) == expected(table)


CELLS = {
    "integer": st.integers(-(10**15), 10**15),
    "decimal": st.floats(-1e15, 1e15).map(lambda n: float(f"{n:.15g}")),  # Excel has 15 digits
    "text": st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).filter(
        lambda t: not re.search("_x[0-9A-Fa-f]{4}_|[\ufffe\uffff]", t)
    ),
    "date": st.dates(),
    "time": st.times().map(lambda t: t.replace(second=0, microsecond=0)),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    storages = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    variables = tuple(Variable(name=f"v{n}", storage=s) for n, s in enumerate(storages))  # type: ignore[arg-type]
    missing = st.sampled_from([DK, REFUSED, NOT_ASKED, NOT_REACHED])
    rows = draw(st.lists(st.tuples(*(CELLS[s] | missing for s in storages)), max_size=6))
    number = Variable(name="row")  # rows of empty cells are no rows to who reads
    return Table(variables=(number, *variables), rows=[(n, *row) for n, row in enumerate(rows)])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_whatever_a_table_holds_comes_back(tmp_path: Path, table: Table) -> None:
    wrote(table, tmp_path / "x.xlsx")
    assert back(tmp_path / "x.xlsx", table) == expected(table)


# nothing runs


@pytest.mark.parametrize(
    "text", ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "#N/A", "'x", "=", "＝1"]
)
def test_no_text_is_a_formula_and_all_are_as_they_were_typed(tmp_path: Path, text: str) -> None:
    wrote(
        Table(variables=(replace(TEXT, name="t", label=text),), rows=[(text,)]), tmp_path / "x.xlsx"
    )
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    [cell] = next(iter(book["data"].iter_rows(min_row=2)))
    assert (cell.data_type, cell.value) == ("s", text)
    assert cell.quotePrefix or not FORMULA_START.match(text)
    with zipfile.ZipFile(tmp_path / "x.xlsx") as parts:
        for part in parts.namelist():
            assert b"<f>" not in parts.read(part)


def test_what_looks_like_an_escape_stays_what_it_is_and_what_xml_cannot_hold_goes(
    tmp_path: Path,
) -> None:
    wrote(
        Table(variables=(TEXT,), rows=[("a_x0041_b",), ("a\x00\x1fb\ufffe",)]), tmp_path / "x.xlsx"
    )
    with zipfile.ZipFile(tmp_path / "x.xlsx") as parts:
        data = parts.read("xl/worksheets/sheet1.xml")
    assert b"<t>a_x005F_x0041_b</t>" in data  # which Excel shows as a_x0041_b
    assert sheet(tmp_path / "x.xlsx")[1]["t"] == "ab"


# missings, labels and the other sheets


def test_words_stand_for_codes_where_labels_are_wanted(tmp_path: Path) -> None:
    wrote(of(hard(".stop"), language="es"), tmp_path / "x.xlsx", labels=True)
    [row] = sheet(tmp_path / "x.xlsx")
    assert (row["kind"], row["c"], row["income"], row["skipped"]) == (
        "District",
        "No sabe",
        "Más tarde",
        None,
    )


def test_a_missing_is_never_taken_for_an_option(tmp_path: Path) -> None:
    options = Variable(name="q", storage="text", labels={"dk": "Denmark", "no": "Norway"})
    wrote(Table(variables=(options,), rows=[("dk",), (DK,), (REFUSED,)]), tmp_path / "x.xlsx")
    assert [row["q"] for row in sheet(tmp_path / "x.xlsx")] == ["dk", "-8", "refused"]


def test_codebook_and_labels_have_sheets(tmp_path: Path) -> None:
    q = Variable(
        name="q", label="Satisfied?", wording="Are you?", labels={1: "Yes", 5: "=None"}, user_missing=(5,),
        declines={"dk": (98, "Don't know")}, item="q", measure="ordinal",
    )  # fmt: skip
    table = Table(
        variables=(q, TEXT), rows=[(1, "x")], study=StudyDescription(universes={"q": "who agreed"})
    )
    wrote(table, tmp_path / "x.xlsx")
    first, second = sheet(tmp_path / "x.xlsx", "codebook")
    assert (first["label"], first["wording"], first["asked"]) == (
        "Satisfied?",
        "Are you?",
        "who agreed",
    )
    assert "dk 98 Don't know" in first["missing"]
    assert (second["variable"], second["stored as"], second["missing"]) == ("t", "text", None)
    lines = [tuple(row.values()) for row in sheet(tmp_path / "x.xlsx", "labels")]
    assert lines[:3] == [
        ("q", "1", "Yes", None), ("q", "5", "=None", "excluded from means"), ("q", "98", "Don't know", "dk"),
    ]  # fmt: skip


# limits


def test_what_a_sheet_does_not_hold_goes_on_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = FormatLimits(
        program="Excel", counts_bytes=False, name=9, label=9, value_label=9, text=5, columns=2
    )
    monkeypatch.setattr(excel, "EXCEL", small)
    monkeypatch.setattr(excel, "EXCEL_ROWS", 3)
    variables = (*(Variable(name=f"v{n}") for n in range(2)), TEXT)
    rows = [(n, -n, "abcdefg" if n == 4 else "abcde") for n in range(5)]
    notes = wrote(Table(variables=variables, rows=rows), tmp_path / "x.xlsx")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    held = {
        s.title: list(s.iter_rows(values_only=True)) for s in book if s.title.startswith("data")
    }
    assert held["data"] == [("v0", "v1"), (0, 0), (1, -1)]
    assert held["data 2"] == [("t",), ("abcde",), ("abcde",)]
    assert held["data 5"] == [("v0", "v1"), (4, -4)]
    assert held["data 6"] == [("t",), ("abcd…",)]
    assert [note.partition(":")[0] for note in notes] == ["3 columns", "5 rows", "t"]


def test_days_before_excels_calendar_are_texts(tmp_path: Path) -> None:
    day = Variable(name="d", storage="date")
    wrote(
        Table(variables=(day,), rows=[(date(1900, 2, 28),), (date(1900, 3, 1),)]),
        tmp_path / "x.xlsx",
    )
    assert [row["d"] for row in sheet(tmp_path / "x.xlsx")] == ["1900-02-28", datetime(1900, 3, 1)]  # noqa: DTZ001


def test_the_same_data_make_the_same_file_dated_by_the_last_entry(tmp_path: Path) -> None:
    admin = (
        "i",
        "c",
        1,
        "real",
        "1",
        "ended",
        "complete",
        *["2026-11-24T15:20:11+00:00"] * 2,
        "pat",
        "en",
    )
    table = Table(
        variables=(*ADMIN_VARIABLES, Variable(name="h", storage="time")),
        rows=[(*admin, time(9, 5))],
    )
    for name in ("a.xlsx", "b.xlsx"):
        wrote(table, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    [row] = sheet(tmp_path / "a.xlsx")
    assert (row["interview_updated"].isoformat(), row["h"]) == ("2026-11-24T15:20:11", time(9, 5))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as parts:
        assert {part.date_time for part in parts.infolist()} == {(2026, 11, 24, 15, 20, 10)}


def test_rows_are_asked_for_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is held: the one before is written when the next is asked for."""
    seen: list[int] = []
    further = excel._DataSheets.append
    monkeypatch.setattr(
        excel._DataSheets, "append", lambda self, row: (seen.append(row[0]), further(self, row))[1]
    )

    def rows() -> Iterator[tuple[Cell, ...]]:
        for n in range(50):
            assert seen == list(range(n))
            yield (n,)

    excel.write_xlsx(
        Table(variables=(Variable(name="n"),), rows=rows()), tmp_path / "x.xlsx", WriteOptions()
    )


def test_the_ending_chooses_it() -> None:
    found = find_format("x.xlsx")
    assert not isinstance(found, str)
    assert (found.name, found.extra) == ("xlsx", "excel")


@pytest.mark.skipif(
    shutil.which("localc") is None,
    reason="LibreOffice is not here: apt-get install libreoffice-calc",
)
def test_libreoffice_shows_what_was_answered(tmp_path: Path) -> None:
    """Another program's view of the sheet of data."""
    table = with_admin(of(hard(".stop")))
    table = replace(table, rows=list(table.rows))
    wrote(table, tmp_path / "x.xlsx")
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"  # commas, quotes, UTF-8, as shown
    subprocess.run(
        ["soffice", home, "--headless", "--convert-to", form, "x.xlsx"],
        cwd=tmp_path, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        [shown] = csv.DictReader(file)
    [row] = table.rows
    for variable, cell in zip(table.variables, row, strict=True):
        said = shown[variable.name]
        if isinstance(cell, Missing):
            coded = variable.storage in ("integer", "decimal") or variable.labels
            assert said == (cell.kind if coded and cell.kind != "not_asked" else ""), variable.name
        elif isinstance(cell, int | float):
            assert float(said) == pytest.approx(cell), variable.name
        elif isinstance(cell, date):
            assert said == cell.isoformat()
        elif is_timestamp(variable):
            assert said == cell[:19].replace("T", " ")
        elif isinstance(cell, str):
            assert said == cell, variable.name


def test_columns_are_wide_enough_for_headings_days_and_moments(tmp_path: Path) -> None:
    """A day or moment that has no room is shown as ###."""
    table = with_admin(of(hard(".stop")))
    wrote(table, tmp_path / "x.xlsx")
    wide = openpyxl.load_workbook(tmp_path / "x.xlsx")["data"].column_dimensions
    for number, variable in enumerate(table.variables, 1):
        held = 19 if is_timestamp(variable) else 10 if variable.storage == "date" else 0
        assert wide[openpyxl.utils.get_column_letter(number)].width > max(
            held, len(variable.name)
        ), variable.name
