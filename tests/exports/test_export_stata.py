"""Stata files, read back by pyreadstat, missing by missing."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_csv import HARD, SAMPLE, hard, kept, of

from support.scenario import scenario
from survey_cli.exports import WriteOptions, find_format
from survey_cli.table.table import ADMIN_VARIABLES, StudyDescription, Table
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Cell, Missing, Variable

pyreadstat = pytest.importorskip("pyreadstat")
pytest.importorskip("polars")

from survey_cli.exports.stata import (  # noqa: E402
    assign_letters,
    write_dta,
    write_stata_script,
)

ASKED = {"dk": (-8, "Don't know"), "refused": (-9, "Refused")}
CODES = {"dk": "-8", "refused": "-9", "not_reached": "-7", "not_asked": "-6"}


def wrote(table: Table, to: Path) -> tuple[str, ...]:
    rows = list(table.rows)
    count, notes = write_dta(replace(table, rows=rows), to, WriteOptions())
    assert count == len(rows)
    quick = to.with_stem("quick")
    assert write_dta(kept(replace(table, rows=rows)), quick, WriteOptions()) == (count, notes)
    return notes


def back(file: Path, table: Table) -> tuple[list[tuple[Cell, ...]], Any]:
    """The cells that a reader of the file makes out, by the labels of its letters; and what else it finds."""
    columns, meta = pyreadstat.read_dta(str(file), output_format="dict", user_missing=True)
    words = {text: kind for v in table.variables for kind, (_, text) in v.declines.items()}
    words |= {
        "Not asked": "not_asked",
        "Not reached": "not_reached",
        "Don't know": "dk",
        "Refused": "refused",
    }
    kinds = {letter: kind for kind, letter in assign_letters(table.variables).items()}
    cells = []
    for (name, held), variable in zip(columns.items(), table.variables, strict=True):
        labels = meta.variable_value_labels.get(name, {})
        tagged = set(meta.missing_user_values.get(name) or ())
        column: list[Cell] = []
        for value in list(held):
            if variable.storage != "text" and isinstance(value, str):
                assert value in tagged
                kinds.setdefault(value, labels.get(value, ""))
                words.setdefault(labels.get(value, ""), kinds[value])
                assert not labels or words[labels[value]] == kinds[value]
                column.append(Missing(kinds[value]))
            else:
                column.append(value.item() if hasattr(value, "item") else value)
        cells.append(column)
    return list(zip(*cells, strict=True)), meta


def expected(table: Table) -> list[tuple[Cell, ...]]:
    def told(cell: Cell, variable: Variable) -> Cell:
        if variable.storage == "text" and isinstance(cell, Missing):
            codes = CODES | {kind: str(code) for kind, (code, _) in variable.declines.items()}
            return codes[cell.kind] if variable.labels else ""
        return cell

    return [
        tuple(told(cell, v) for cell, v in zip(row, table.variables, strict=True))
        for row in table.rows
    ]


def test_an_interview_that_holds_everything_hard_comes_back_value_for_value(tmp_path: Path) -> None:
    table = of(
        hard(".stop"), scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"), hard("1", "p")
    )
    notes = wrote(table, tmp_path / "x.dta")
    rows, meta = back(tmp_path / "x.dta", table)
    assert rows == expected(table)
    assert meta.variable_value_labels["income"] == {
        "d": "Don't know", "r": "=Refused, really", "l": "Rather later", "n": "Not reached", "u": "Not asked",
    }  # fmt: skip
    assert "extended missing values of the study: .l later" in notes
    assert any("Stata cannot label texts" in note for note in notes)
    formats = meta.original_variable_types
    assert (formats["day"], formats["hour"]) == ("%td", "%tcHH:MM")


@pytest.mark.parametrize("edition", [1, 2])
def test_options_marked_as_missing_are_extended_missing_values_from_edition_2_on(
    edition: int, tmp_path: Path
) -> None:
    likes = Variable(
        name="likes",
        measure="ordinal",
        labels={1: "Bad", 5: "Good", 8: "Varies", 9: "No opinion"},
        user_missing=(8, 9),
        declines={**ASKED, "away": (-20, "Away")},
    )
    table = Table(
        variables=(likes,),
        rows=[(5,), (9,), (DK,), (8,), (1,), (Missing("away"),)],
        study=StudyDescription(edition=edition),
    )
    result = write_dta(table, tmp_path / "x.dta", WriteOptions())
    columns, meta = pyreadstat.read_dta(
        str(tmp_path / "x.dta"), output_format="dict", user_missing=True
    )
    labels = meta.variable_value_labels["likes"]
    [note] = [note for note in result.notes if "likes" in note]
    if edition == 1:
        # "a" is the kind's: exports of edition 1 are as they were.
        assert list(columns["likes"]) == [5, 9, "d", 8, 1, "a"]
        assert (labels[8], labels[9]) == ("Varies", "No opinion")
        assert note == "Stata counts options marked as missing as answers: likes (8, 9)"
        return

    assert list(columns["likes"]) == [5, "c", "d", "b", 1, "a"]
    assert labels == {
        1: "Bad", 5: "Good", "a": "Away", "b": "Varies", "c": "No opinion",
        "d": "Don't know", "r": "Refused", "n": "Not reached", "u": "Not asked",
    }  # fmt: skip
    assert note.endswith("are extended missing values: likes (8 = .b, 9 = .c)")
    # A reader that knows no letters counts only the two answers.
    columns, _ = pyreadstat.read_dta(str(tmp_path / "x.dta"), output_format="dict")
    assert sum(value for value in columns["likes"] if value is not None) == 6


CELLS = {
    "integer": st.integers(-(2**40), 2**40) | st.integers(-9, 9),
    "decimal": st.floats(-1e9, 1e9, allow_nan=False),
    "text": st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=3000),
    "date": st.dates(date(1600, 1, 1)),
    "time": st.times().map(lambda t: t.replace(second=0, microsecond=0)),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    storages = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    variables = tuple(
        Variable(name=f"v{n}", label=f"V {n}", storage=s, declines=ASKED)  # type: ignore[arg-type]
        for n, s in enumerate(storages)
    )
    missing = st.sampled_from([DK, REFUSED, NOT_ASKED, NOT_REACHED])
    rows = draw(st.lists(st.tuples(*(CELLS[s] | missing for s in storages)), max_size=6))
    return Table(variables=variables, rows=rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_whatever_a_table_holds_comes_back(tmp_path: Path, table: Table) -> None:
    """Codes too that look like those of missings: a letter is no number."""
    wrote(table, tmp_path / "x.dta")
    if table.rows:
        assert back(tmp_path / "x.dta", table)[0] == expected(table)


def test_names_of_32_letters_stay_though_they_have_labels(tmp_path: Path) -> None:
    variables = tuple(
        Variable(name=name, labels={n: f"Label {n}"})
        for n, name in enumerate(("x" * 32, "x" * 38, "long", "X" * 30 + "_2", "q"))
    )
    notes = wrote(Table(variables=variables, rows=[(0, 1, 2, 3, 4)]), tmp_path / "x.dta")
    rows, meta = back(tmp_path / "x.dta", Table(variables=variables, rows=()))
    assert meta.column_names == ["x" * 32, "x" * 30 + "_3", "long_1", "X" * 30 + "_2", "q"]
    assert rows == [(0, 1, 2, 3, 4)]
    assert [meta.variable_value_labels[name][n] for n, name in enumerate(meta.column_names)] == [
        f"Label {n}" for n in range(5)
    ]
    assert [note.split()[0] for note in notes] == ["x" * 38, "long"]


def test_labels_are_cut_to_80_letters_and_it_is_said(tmp_path: Path) -> None:
    variable = Variable(name="q", wording="Would you say " + "ü" * 90)
    [note] = wrote(Table(variables=(variable,), rows=[(1,)]), tmp_path / "x.dta")
    _, meta = back(tmp_path / "x.dta", Table(variables=(variable,), rows=()))
    assert meta.column_names_to_labels["q"] == "Would you say " + "ü" * 65 + "…"
    assert note == "q: labels are cut to 80 characters, the limit of Stata"


def test_codes_too_large_for_a_label_stand_without_and_it_is_said(tmp_path: Path) -> None:
    variables = (Variable(name="q", labels={1: "One", 3_000_000_000: "Three thousand million"}),)
    [note] = wrote(Table(variables=variables, rows=[(1,), (3_000_000_000,)]), tmp_path / "x.dta")
    rows, meta = back(tmp_path / "x.dta", Table(variables=variables, rows=()))
    assert rows == [(1,), (3_000_000_000,)]
    assert 1 in meta.variable_value_labels["q"]
    assert 3_000_000_000 not in meta.variable_value_labels["q"]
    assert note == "q: Stata labels numbers up to 2,147,483,620; larger codes have no labels"


def test_a_list_shows_texts_to_80_letters(tmp_path: Path) -> None:
    """Stata would show nine."""
    variables = (Variable(name="t", storage="text"), Variable(name="words", storage="text"))
    wrote(Table(variables=variables, rows=[("ünïcode text", "x" * 3_000)]), tmp_path / "x.dta")
    _, meta = back(tmp_path / "x.dta", Table(variables=variables, rows=()))
    assert meta.original_variable_types == {"t": "%-12s", "words": "%-80s"}


def test_texts_whose_codes_are_their_labels_need_no_labels(tmp_path: Path) -> None:
    variable = Variable(name="kind", storage="text", labels={"Sector": "Sector"}, role="sample")
    assert (
        wrote(Table(variables=(variable,), rows=[("Sector",), (NOT_ASKED,)]), tmp_path / "x.dta")
        == ()
    )


def test_the_same_data_make_the_same_file(tmp_path: Path) -> None:
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
        variables=(*ADMIN_VARIABLES, Variable(name="t", storage="time")),
        rows=[(*admin, time(9, 5))],
        study=StudyDescription(title="Title"),
    )
    wrote(table, tmp_path / "x.dta")
    assert b"24 Nov 2026 15:20</timestamp>" in (tmp_path / "x.dta").read_bytes()
    [row], meta = back(tmp_path / "x.dta", table)
    assert (meta.file_label, row[2], row[-1]) == ("Title", 1, time(9, 5))
    assert str(row[8]) == "2026-11-24 15:20:11"


def test_each_decline_has_a_letter_of_its_own() -> None:
    declines = {f"{letter}{n}": (-n - 20, "x") for n in range(3) for letter in "abcdefghijkl"}
    letters = assign_letters([Variable(name="q", declines=declines)])
    assert len(set(letters.values())) == len(letters) == 26
    assert (letters["a0"], letters["dk"], letters["not_asked"]) == ("a", "d", "u")


def test_the_ending_chooses_it() -> None:
    found = find_format("x.dta")
    assert not isinstance(found, str)
    assert (found.name, found.extra) == ("dta", "stata")


def test_where_letters_run_out_a_code_stands_and_it_is_said(tmp_path: Path) -> None:
    declines = {f"k{n}": (-n - 20, f"K {n}") for n in range(24)}
    variable = Variable(name="q", declines=declines)
    kinds = [Missing(kind) for kind in declines]
    notes = wrote(
        Table(variables=(variable,), rows=[(kind,) for kind in kinds]), tmp_path / "x.dta"
    )
    rows, meta = back(
        tmp_path / "x.dta", Table(variables=(replace(variable, declines={}),), rows=())
    )
    held = [row[0] for row in rows]
    assert held[-2:] == [-42, -43]
    assert meta.variable_value_labels["q"][-43] == "K 23"
    assert "k22, k23: Stata has no letters left for them, so they are labeled codes" in notes


def test_a_missing_that_the_column_does_not_have_is_refused(tmp_path: Path) -> None:
    for name in ("q", "t"):
        labels = {"p": "P"} if name == "t" else {}
        variable = Variable(name=name, storage="text" if name == "t" else "integer", labels=labels)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="a missing value of a kind that no column has"):
            wrote(Table(variables=(variable,), rows=[(Missing("odd"),)]), tmp_path / "x.dta")


LONG = "unit" + "_" * 40
REPLICATES = {"replicate_weight": ("r1", "r2", "r3", "r4")}
SYNTAX = [
    ({"stratum": ("s",), "psu": (LONG,), "fpc": ("f",)}, {},
     f"{LONG[:32]} [pweight = w], strata(s) fpc(f) vce(linearized) singleunit(centered)"),
    ({}, {}, "_n [pweight = w], vce(linearized) singleunit(centered)"),
    (REPLICATES, {"replication": "jk1"},
     "_n [pweight = w], jkrweight(r1 r2 r3 r4, multiplier(0.75)) vce(jackknife)"),
    (REPLICATES, {"replication": "jkn", "replication_factors": (0.5, 0.5, 0.75, 0.75)},
     "_n [pweight = w], jkrweight(r1 r2 r3 r4, multiplier(0.5 0.5 0.75 0.75)) vce(jackknife)"),
    (REPLICATES, {"replication": "brr"}, "_n [pweight = w], brrweight(r1 r2 r3 r4) vce(brr)"),
    (REPLICATES, {"replication": "fay", "replication_factors": (0.3,)},
     "_n [pweight = w], brrweight(r1 r2 r3 r4) fay(0.3) vce(brr)"),
    (REPLICATES, {"replication": "bootstrap"}, "_n [pweight = w], bsrweight(r1 r2 r3 r4) vce(bootstrap)"),
    (REPLICATES, {"replication": "sdr"}, "_n [pweight = w], sdrweight(r1 r2 r3 r4) vce(sdr)"),
]  # fmt: skip


@pytest.mark.parametrize(("design", "replication", "svyset"), SYNTAX)
def test_a_script_sets_the_design_of_the_sample(
    design: dict[str, tuple[str, ...]], replication: dict[str, Any], svyset: str, tmp_path: Path
) -> None:
    names = ("w", "s", LONG, "f", "r1", "r2", "r3", "r4")
    variables = tuple(Variable(name=name, storage="decimal", measure="scale") for name in names)
    study = StudyDescription(weight="w", design=design, **replication)
    table = Table(variables=variables, rows=[(1.0,) * len(names)], study=study)
    result = write_stata_script(table, tmp_path / "x.do", tmp_path / "x_do.dta", "x `1'$y_do.dta")
    script = (tmp_path / "x.do").read_text(encoding="utf-8")
    assert script == f"version 14\nuse `\"x \\`1'\\$y_do.dta\"', clear\nsvyset {svyset}\n"
    _, meta = pyreadstat.read_dta(str(tmp_path / "x_do.dta"), output_format="dict")
    assert LONG[:32] in meta.column_names
    assert result.rows == 1
    no_weight = replace(table, variables=variables[1:], rows=[(1.0,) * 7])
    write_stata_script(no_weight, tmp_path / "x.do", tmp_path / "x_do.dta", "x_do.dta")
    assert "svyset" not in (tmp_path / "x.do").read_text(encoding="utf-8")
