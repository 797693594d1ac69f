"""`6/8/2026` is read in one order in a study: that of its country, in questions, appointments and samples."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from survey_cli.fieldwork.appointments.appointment import AppointmentTime
from survey_cli.fieldwork.appointments.reading import parse_appointment
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.samples.cases.columns import make_reader
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume

STUDY = """\
instrument: moves
title: Moves
sample:
  id: {{type: text, role: key}}
  since: {{type: date}}
items:
  - {{id: moved, type: date, text: When did you move?{own}}}
  - {{id: bye, type: read, text: Bye.}}
fieldwork:
  country: {country}
  hours: {{mon-sun: "09:00-20:00"}}
  reason: A test.
"""
ORDERS = [
    ("US", "", date(2026, 6, 8)),
    ("PH", "", date(2026, 6, 8)),
    ("GB", "", date(2026, 8, 6)),
    ("DE", "", date(2026, 8, 6)),
]


def written(folder: Path, country: str, own: str) -> Instrument:
    (folder / "moves.yaml").write_text(STUDY.format(country=country, own=own), encoding="utf-8")
    return open_instrument(str(folder / "moves.yaml"))


def answered(folder: Path, text: str) -> object:
    session = start_or_resume(folder / "moves.yaml", StartOptions(case="1", practice=True))
    assert session.reply(text) is None
    (value,) = [e.value for e in session.interview.events if type(e).__name__ == "QuestionAnswered"]
    session.close()
    return value


@pytest.mark.parametrize(("country", "own", "meant"), ORDERS)
def test_an_answer_an_appointment_and_a_sample_column_are_read_alike(
    tmp_path: Path, country: str, own: str, meant: date
) -> None:
    instrument = written(tmp_path, country, own)
    assert answered(tmp_path, "6/8/2026") == meant
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    calendar = Plan.from_instrument(instrument).calendar
    booked = parse_appointment("6/8/2026 10:00", now=now, zones=["UTC"], calendar=calendar)
    assert isinstance(booked, AppointmentTime), booked
    assert booked.text == f"{meant:%a} {meant.day} {meant:%b} 10:00"
    assert make_reader(instrument, instrument.sample["since"])("6/8/2026") == meant


@pytest.mark.parametrize(
    ("country", "own", "meant"),
    [("US", ", typed_as: dmy", date(2026, 8, 6)), ("GB", ", typed_as: mdy", date(2026, 6, 8))],
)
def test_typed_as_overrides_the_country(
    tmp_path: Path, country: str, own: str, meant: date
) -> None:
    written(tmp_path, country, own)
    assert answered(tmp_path, "6/8/2026") == meant
