"""Regression tests of what `make fuzz` found, each as found or smaller."""

import csv
import io

import pytest

from survey_cli.entries import Rejection
from survey_cli.exports import FORMATS, WriteOptions
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.instrument.texts.date_text import read_date
from survey_cli.table.table import Table
from survey_cli.values import DK, Variable


def test_a_date_whose_day_is_a_huge_number_is_no_date() -> None:
    assert isinstance(read_date("1985 Feb 2219852400"), Rejection)


@pytest.mark.parametrize("storage", ["integer", "decimal"])
def test_the_words_of_a_decline_cannot_run_in_a_spreadsheet(storage: str) -> None:
    variable = Variable(name="q", storage=storage, declines={"dk": (-8, "=1+1")})  # type: ignore[arg-type]
    written = io.StringIO(newline="")
    FORMATS["csv"].write(
        Table(variables=(variable,), rows=[(DK,)]), written, WriteOptions(labels=True)
    )
    assert list(csv.reader(io.StringIO(written.getvalue()))) == [["q"], ["'=1+1"]]


def problems(text: str) -> list[str]:
    return [
        str(p)
        for p in check_instrument(
            load_source_text("instrument: t\ntitle: T\n" + text, "f.yaml")
        ).problems
    ]


def test_a_scale_with_a_code_that_is_called_options_has_a_place() -> None:
    found = problems(
        "scales:\n  own: {options: mine}\nitems:\n  - {id: q, type: scale, scale: own, text: Which?}\n"
    )
    assert any(p.startswith("f.yaml:4:9: own: the only option is options") for p in found)
    assert all(p.startswith("f.yaml:") for p in found)


@pytest.mark.parametrize("role", ["key", "name", "phone", "zone", "language"])
def test_what_names_a_case_is_no_date(role: str) -> None:
    """A case's key is kept as it is typed: in a column of dates its interviews could not be read again."""
    found = problems(f"sample: {{case: {{type: date, role: {role}}}}}\nitems: []\n")
    assert any(
        f"role: a {role} must be a text, and this is a date — write type: text" in p for p in found
    )
