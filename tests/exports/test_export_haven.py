"""Exports read by R agree with the CSV, cell by cell, missing by missing, label by label: haven reads .sav, .zsav and
.dta, and base R runs the script.
"""

import shutil
import subprocess
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from test_csv import HARD, SAMPLE, hard, of, with_admin
from test_export_simulated import simulated_table

from support.scenario import INSTRUMENTS, scenario
from survey_cli.exports import WriteOptions
from survey_cli.exports.conventions import list_missing_codes
from survey_cli.exports.r_script import write_r_script
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.table.table import Table
from survey_cli.values import Cell, Missing, Variable

pytest.importorskip("pyreadstat")
pytest.importorskip("polars")

from survey_cli.exports.spss.sav import write_sav
from survey_cli.exports.stata import assign_letters, write_dta


@cache
def haven() -> bool:
    """Whether R is here with its reader."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "--vanilla", "-e", "stopifnot(requireNamespace('haven'))"]
    return subprocess.run(asked, capture_output=True, check=False, timeout=60).returncode == 0


pytestmark = pytest.mark.skipif(
    not haven(), reason="R with haven is not here: apt-get install r-cran-haven"
)

READ = r"""
said <- function(x) {
  tag <- if (is.double(x)) haven::na_tag(as.double(unclass(x))) else rep(NA, length(x))
  if (identical(attr(x, "format.stata"), "%tcHH:MM")) v <- format(x, "%H:%M", tz = "UTC")
  else if (inherits(x, "POSIXct")) v <- format(x, "%Y-%m-%dT%H:%M:%S+00:00", tz = "UTC")
  else if (inherits(x, "Date")) v <- format(x, "%Y-%m-%d")
  else if (inherits(x, "difftime")) v <- substr(format(hms::as_hms(x)), 1, 5)
  else { attributes(x) <- NULL; v <- if (is.numeric(x)) format(x, digits = 15, trim = TRUE) else x }
  v[is.na(x)] <- ""
  ifelse(is.na(tag), v, paste0(".", tag))
}
labels <- function(x) {
  l <- attr(x, "labels")
  if (is.null(l)) return(character())
  tag <- if (is.double(l)) haven::na_tag(l) else rep(NA, length(l))
  code <- ifelse(is.na(tag), as.character(unclass(l)), paste0(".", tag))
  paste0(code, "\x1d", names(l))
}
wrote <- function(d, to) {
  joined <- function(x) paste(enc2utf8(x), collapse = "\x1e")
  columns <- vapply(names(d), function(n) paste(n, joined(said(d[[n]])), joined(labels(d[[n]])), sep = "\x1f"), "")
  writeBin(charToRaw(paste(columns, collapse = "\x1c")), to)
}
wrote(haven::read_sav("x.sav", user_na = TRUE), "sav.txt")
wrote(haven::read_sav("x.zsav", user_na = TRUE), "zsav.txt")
wrote(haven::read_dta("x.dta"), "dta.txt")
source("x.R")
wrote(survey, "r.txt")
"""


def studies() -> dict[str, Table]:
    household = open_instrument(str(INSTRUMENTS / "household.yaml"))
    return {
        "household": with_admin(simulated_table(household, 40)),
        "hard": with_admin(
            of(
                hard(".stop"),
                scenario(HARD, sample=SAMPLE).keys("1", ".refused", ".stop"),
                hard("1", "p"),
            )
        ),
    }


class Column(NamedTuple):
    """As R has it."""

    name: str
    cells: list[str]
    labels: dict[str, str]
    """By code."""


def column(text: str) -> Column:
    name, cells, labels = text.split("\x1f")
    pairs = [label.split("\x1d") for label in labels.split("\x1e") if label]
    return Column(name, cells.split("\x1e"), dict(pairs))


def found_by_r(table: Table, folder: Path) -> dict[str, list[Column]]:
    """By format what it has found."""
    write_sav(table, folder / "x.sav", WriteOptions())
    write_sav(table, folder / "x.zsav", WriteOptions())
    write_dta(table, folder / "x.dta", WriteOptions())
    write_r_script(table, folder / "x.R", folder / "x.csv", "x.csv")
    (folder / "read.R").write_text(READ, encoding="utf-8")
    done = subprocess.run(
        ["Rscript", "--vanilla", "read.R"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return {
        name: [
            column(text) for text in (folder / f"{name}.txt").read_bytes().decode().split("\x1c")
        ]
        for name in ("sav", "zsav", "dta", "r")
    }


def same(held: str, cell: Cell, variable: Variable, letters: dict[str, str]) -> bool:
    """Whether what R has is the cell. `letters`: of Stata's missings, where it has them."""
    if isinstance(cell, Missing):
        if variable.role == "admin" or (
            not variable.labels and variable.storage not in ("integer", "decimal")
        ):
            return held == (
                f".{letters[cell.kind]}" if letters and variable.storage != "text" else ""
            )
        if letters and variable.storage != "text":
            return held == f".{letters[cell.kind]}"
        if cell.kind == "not_asked" and held == "":  # system-missing
            return True
        return held == str(list_missing_codes(variable)[cell.kind][0])
    if isinstance(cell, time):
        return held == f"{cell:%H:%M}"
    if isinstance(cell, date):
        return held == cell.isoformat()
    if isinstance(cell, int | float):
        return abs(float(held) - cell) <= 1e-9 * abs(cell)
    return held == cell


@pytest.mark.parametrize("name", ["household", "hard"])
def test_r_finds_the_same_in_every_file(name: str, tmp_path: Path) -> None:
    table = studies()[name]
    rows = list(table.rows)
    letters = assign_letters(table.variables)
    for form, columns in found_by_r(table, tmp_path).items():
        assert [found.name for found in columns] == [v.name for v in table.variables], form
        for at, (found, variable) in enumerate(zip(columns, table.variables, strict=True)):
            assert [
                (form, variable.name, has, row[at])
                for has, row in zip(found.cells, rows, strict=True)
                if not same(has, row[at], variable, letters if form == "dta" else {})
            ] == []
            labels = {str(code): text for code, text in variable.labels.items()}
            if form != "dta" or variable.storage != "text":
                assert labels.items() <= found.labels.items()
            if variable.role == "admin":
                assert not found.labels.keys() - labels.keys()  # nobody was asked
            elif variable.role == "sample":
                assert found.labels.keys() - labels.keys() <= {
                    "-6",
                    ".u",
                }  # a cell is filled, or it is not
