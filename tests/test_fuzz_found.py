"""What `make fuzz` has found, each once, as it came or smaller: it must not come back."""

import csv
import io

import pytest

from survey_cli.entries import Unread
from survey_cli.exports import FORMATS, Manner
from survey_cli.instrument.clock_words import read_date
from survey_cli.table import Table
from survey_cli.values import DK, Variable


def test_a_date_whose_day_is_a_huge_number_is_no_date() -> None:
    assert isinstance(read_date("1985 Feb 2219852400"), Unread)


@pytest.mark.parametrize("storage", ["integer", "decimal"])
def test_the_words_of_a_decline_cannot_run_in_a_spreadsheet(storage: str) -> None:
    variable = Variable(name="q", storage=storage, declines={"dk": (-8, "=1+1")})  # type: ignore[arg-type]
    written = io.StringIO(newline="")
    FORMATS["csv"].write(Table(variables=(variable,), rows=[(DK,)]), written, Manner(labels=True))
    assert list(csv.reader(io.StringIO(written.getvalue()))) == [["q"], ["'=1+1"]]
