"""Simulated interviews come back from each binary format value for value: of the founding survey, of the examples,
and of random instruments.
"""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import test_export_excel as excel
import test_export_parquet as parquet
import test_export_spss as spss
import test_export_stata as stata
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from support.example_files import QUESTIONNAIRES
from support.random_instruments import instruments
from support.scenario import instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.table.columns import build_columns, build_row
from survey_cli.table.table import Table
from survey_cli.values import Missing, Variable

pyreadstat = spss.pyreadstat
START = datetime(2026, 11, 24, 9, tzinfo=UTC)
EXAMPLES = QUESTIONNAIRES


def simulated_table(of: Instrument, count: int, seed: int = 1) -> Table:
    crowd = simulate_interviews(
        of, count=count, seed=seed, start=START, habits=Habits(decline=0.15, back=0.1)
    )
    return Table(variables=build_columns(of), rows=[build_row(one.interview) for one in crowd])


def through_spss(table: Table, folder: Path) -> None:
    spss.wrote(table, folder / "x.sav")
    assert spss.back(folder / "x.sav", table) == spss.expected(table)


def through_stata(table: Table, folder: Path) -> None:
    stata.wrote(table, folder / "x.dta")
    assert stata.back(folder / "x.dta", table)[0] == stata.expected(table)


def through_parquet(table: Table, folder: Path) -> None:
    assert parquet.back(parquet.wrote(table, folder), table) == list(table.rows)


def through_excel(table: Table, folder: Path) -> None:
    excel.wrote(table, folder / "x.xlsx")
    held = excel.back(folder / "x.xlsx", table)
    wanted = excel.expected(table)
    assert held == wanted[: len(held)]
    assert not any(
        any(cell for cell in row) for row in wanted[len(held) :]
    )  # rows of nothing but empty cells


WAYS = (through_spss, through_stata, through_parquet, through_excel)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples(path: Path, tmp_path: Path) -> None:
    opened = open_instrument(str(path))
    table = simulated_table(opened, 35 if path.stem == "asu_2000" else 6)
    for through in WAYS:
        through(table, tmp_path)


@pytest.mark.parametrize("through", WAYS)
def test_instruments_that_nobody_wrote(
    through: Callable[[Table, Path], None], tmp_path: Path
) -> None:
    @settings(
        max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.too_slow]
    )
    @given(instruments(), st.integers(0, 9))
    def come_back(text: str, seed: int) -> None:
        table = simulated_table(instrument(text), 4, seed)
        assume(table.variables)  # a study's table has those of its interviews besides
        through(table, tmp_path)

    come_back()


def test_what_nobody_was_asked_is_empty_where_it_does_not_apply(tmp_path: Path) -> None:
    """Tables of events, calls and cases have such columns, and moments that never came."""
    described = (
        Variable(name="at", storage="text", role="admin"),
        Variable(name="seconds", storage="decimal", decimals=1, role="admin"),
        Variable(name="check", role="admin"),
        Variable(name="changed", labels={0: "No", 1: "Yes"}, role="admin"),
        Variable(name="kind", storage="text", labels={"a": "A"}, role="admin"),
    )
    none = Missing("not_applicable")
    rows = [("2026-11-24T15:20:11+00:00", 2.5, 7, 1, "a"), ("", none, none, none, none)]
    table = Table(variables=described, rows=rows)
    spss.wrote(table, tmp_path / "x.sav")
    stata.wrote(table, tmp_path / "x.dta")
    excel.wrote(table, tmp_path / "x.xlsx")
    moment = datetime(2026, 11, 24, 15, 20, 11)  # noqa: DTZ001 - programs know no zones
    held, meta = pyreadstat.read_sav(str(tmp_path / "x.sav"), output_format="polars")
    assert held.rows() == [(moment, 2.5, 7, 1, "a"), (None, None, None, None, "")]
    assert meta.variable_value_labels["changed"] == {0: "No", 1: "Yes"}
    held, meta = pyreadstat.read_dta(
        str(tmp_path / "x.dta"), output_format="polars", user_missing=True
    )
    assert held.rows() == [(moment, 2.5, 7, 1, "a"), (None, None, None, None, "")]
    assert meta.variable_value_labels["changed"] == {0: "No", 1: "Yes"}
    assert [row["seconds"] for row in excel.sheet(tmp_path / "x.xlsx")] == [2.5]
    read = parquet.wrote(table, tmp_path)
    assert read.column_names == [v.name for v in described]
    assert read["at"].to_pylist() == [moment.replace(tzinfo=UTC), None]
    assert read["kind"].to_pylist() == ["a", None]


FULL = """
import resource, signal, sys
from pathlib import Path
from survey_cli.exports import FORMATS, WriteOptions
from survey_cli.table.table import Table
from survey_cli.values import Variable

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
variables = tuple(Variable(name=f"v{n}", storage="decimal") for n in range(20))
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for name in ("sav", "dta", "parquet", "arrow", "xlsx"):
    rows = (tuple(n * 1.37 + at for at in range(20)) for n in range(3_000))
    try:
        FORMATS[name].write_file(Table(variables=variables, rows=rows), Path(f"x.{name}"), WriteOptions())
    except OSError as error:
        print(name, "OSError", bool(error.strerror))
"""


def test_a_full_disk_is_one_to_every_library(tmp_path: Path) -> None:
    """So that the office tells it as such, and nothing else is printed."""
    done = subprocess.run(
        [sys.executable, "-c", FULL], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    told = "".join(f"{name} OSError True\n" for name in ("sav", "dta", "parquet", "arrow", "xlsx"))
    assert (done.stdout, done.stderr) == (told, "")
