"""Parquet and Arrow files, read back by pyarrow and polars, with the reason of each missing value."""

import json
import sys
import tomllib
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import product
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

pl = pytest.importorskip("polars")
pq = pytest.importorskip("pyarrow.parquet")
feather = pytest.importorskip("pyarrow.feather")

from survey_cli.exports.parquet import write_arrow, write_parquet  # noqa: E402

ROOT = Path(__file__).parents[2]
LIBRARIES = ("polars", "pyarrow", "pyreadstat")


def wrote(table: Table, folder: Path) -> Any:
    """As both, the same by both readers."""
    rows = list(table.rows)
    table = replace(table, rows=rows)
    assert write_parquet(table, folder / "x.parquet", WriteOptions()).rows == len(rows)
    assert write_arrow(kept(table), folder / "x.arrow", WriteOptions()).rows == len(rows)
    read = pq.read_table(folder / "x.parquet")
    assert read.to_pylist() == feather.read_table(folder / "x.arrow").to_pylist()
    assert pl.read_parquet(folder / "x.parquet").to_dicts() == read.to_pylist()
    return read


def back(read: Any, table: Table) -> list[tuple[Cell, ...]]:
    """The cells by the schema alone: a value, or the kind that the column of words says."""
    columns: list[list[Cell]] = []
    for variable in table.variables:
        told = {
            key.decode(): text.decode()
            for key, text in read.schema.field(variable.name).metadata.items()
        }
        column = read[variable.name].to_pylist()
        if told["role"] == "state":
            columns.append([0 if kind == "answered" else Missing(kind) for kind in column])
            continue
        states = read[told["state"]].to_pylist() if "state" in told else ["answered"] * len(column)
        assert all(
            (value is None) == (state != "answered")
            for value, state in zip(column, states, strict=True)
        )
        columns.append(
            [
                value if s == "answered" else Missing(s)
                for value, s in zip(column, states, strict=True)
            ]
        )
    return list(zip(*columns, strict=True))


def test_an_interview_that_holds_everything_hard_comes_back_value_for_value(tmp_path: Path) -> None:
    table = of(
        hard(".stop"), scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"), hard("1", "p")
    )
    read = wrote(table, tmp_path)
    assert back(read, table) == list(table.rows)
    assert read["note_state"].to_pylist() == ["answered", "not_reached", "answered"]
    assert "note_state_state" not in read.column_names


CELLS = {
    "integer": st.integers(-(2**53), 2**53),
    "decimal": st.floats(allow_nan=False, allow_infinity=False).map(lambda n: n + 0.0),
    "text": st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1),
    "date": st.dates(),
    "time": st.times().map(lambda t: t.replace(microsecond=0)),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    storages = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    variables = tuple(
        Variable(name=f"v{n}", storage=s, declines={"later": (-5, "Later")})  # type: ignore[arg-type]
        for n, s in enumerate(storages)
    )
    missing = st.sampled_from([DK, REFUSED, NOT_ASKED, NOT_REACHED, Missing("later")])
    rows = draw(st.lists(st.tuples(*(CELLS[s] | missing for s in storages)), max_size=6))
    return Table(variables=variables, rows=rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_whatever_a_table_holds_comes_back(tmp_path: Path, table: Table) -> None:
    assert back(wrote(table, tmp_path), table) == list(table.rows)


def test_the_schema_says_what_an_analyst_wants_to_know(tmp_path: Path) -> None:
    q = Variable(
        name="q",
        label="Satisfied?",
        wording="Are you satisfied, {name}?",
        measure="ordinal",
        labels={1: "Yes", 5: "Weiß nicht"},
        user_missing=(5,),
        declines={"dk": (98, "Don't know")},
        item="q",
    )
    taken = Variable(name="q_state", storage="text", item="q_state")
    study = StudyDescription(id="s", title="T", universes={"q": "Asked if …"})
    table = Table(variables=(q, taken), rows=[(1, "x")], study=study, language="de")
    schema = wrote(table, tmp_path).schema
    told = {key.decode(): text.decode() for key, text in schema.field("q").metadata.items()}
    assert (told["label"], told["wording"], told["measure"]) == ("Satisfied?", q.wording, "ordinal")
    assert json.loads(told["value_labels"]) == {"1": "Yes", "5": "Weiß nicht"}
    assert json.loads(told["missing_codes"])["dk"] == [98, "Don't know"]
    assert json.loads(told["user_missing"]) == [5]
    assert told["state"] == "q_state_"
    assert schema.field("q_state_").metadata[b"label"] == b"Satisfied? (state)"
    assert json.loads(schema.metadata[b"study"]) == {"id": "s", "title": "T"}
    assert schema.metadata[b"language"] == b"de"


def test_moments_are_moments(tmp_path: Path) -> None:
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
    read = wrote(
        Table(
            variables=(*ADMIN_VARIABLES, Variable(name="t", storage="time")),
            rows=[(*admin, time(9, 5))],
        ),
        tmp_path,
    )
    assert read["interview_began"].to_pylist() == [datetime(2026, 11, 24, 15, 20, 11, tzinfo=UTC)]
    assert read["t"].to_pylist() == [time(9, 5)]
    assert "interview_case_state" not in read.column_names


def test_rows_are_written_as_they_come(tmp_path: Path) -> None:
    """More groups of rows take no more memory."""
    variables = tuple(Variable(name=f"v{n}") for n in range(10))

    def peak(count: int) -> int:
        def rows() -> Iterator[str]:
            for n in range(count):
                yield f"[{n},1,2,3,null,5,6,7,8,9]"

        tracemalloc.start()
        write_parquet(
            Table(variables=variables, rows=rows()), tmp_path / "x.parquet", WriteOptions()
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    few = peak(60_000)  # three groups: the rows of one are collected while another is written
    assert peak(200_000) < 1.5 * few
    read = pq.ParquetFile(tmp_path / "x.parquet")
    assert (read.num_row_groups, read.metadata.num_rows) == (10, 200_000)


def test_a_row_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    for row in ('["a"]', "[1.5.2]", "[1,2]", '[{"missing":'):
        with pytest.raises(ValueError, match=r"\S"):
            write_parquet(
                Table(variables=(Variable(name="v"),), rows=[row]),
                tmp_path / "x.parquet",
                WriteOptions(),
            )


def test_endings_choose_them() -> None:
    for name, form in (("x.parquet", "parquet"), ("x.arrow", "arrow"), ("x.feather", "arrow")):
        found = find_format(name)
        assert not isinstance(found, str)
        assert (found.name, found.extra) == (form, "parquet")


def test_dates_are_days(tmp_path: Path) -> None:
    read = wrote(
        Table(variables=(Variable(name="d", storage="date"),), rows=[(date(1, 1, 1),), (DK,)]),
        tmp_path,
    )
    assert read["d"].to_pylist() == [date(1, 1, 1), None]
    assert read["d_state"].to_pylist() == ["answered", "dk"]


@pytest.mark.parametrize(
    ("name", "library"), list(product(("parquet", "arrow", "sav", "dta"), LIBRARIES))
)
def test_the_extra_of_a_format_brings_every_library_that_it_needs(
    name: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a library, the message names the extra: it must then be there."""
    form = find_format(f"x.{name}")
    assert not isinstance(form, str)
    assert form.write_file is not None
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    monkeypatch.setitem(sys.modules, library, None)
    try:
        form.write_file(of(hard("1")), tmp_path / f"x.{name}", WriteOptions())
    except ImportError:
        assert any(requirement.startswith(library) for requirement in extras[form.extra]), extras[
            form.extra
        ]


@pytest.mark.parametrize("cell", ['"one"', '{"missing":"odd"}'])
def test_a_cell_that_the_column_cannot_hold_is_refused(cell: str, tmp_path: Path) -> None:
    """It would be taken for an answer that is not there."""
    with pytest.raises(ValueError, match="q: a cell is no value, nor missing"):
        write_parquet(
            Table(variables=(Variable(name="q"),), rows=["[1]", f"[{cell}]"]),
            tmp_path / "x",
            WriteOptions(),
        )
