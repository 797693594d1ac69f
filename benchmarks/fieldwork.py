"""Rows of fieldwork: simulated weeks of a large study, and reports on a million cases."""

import sqlite3
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from time import process_time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.lines import Line, Row, below
from benchmarks.measuring import SURVEY, run_process
from survey_cli.fieldwork.calendar.zones import find_day_start
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.permissions import StaffRole
from survey_cli.services.simulated_study import SimulatedStudyOptions, load_simulation_cases
from survey_cli.simulate.fieldwork.behavior import FieldworkSettings, invent_cases
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart
from survey_cli.store import InstrumentRow, Store
from survey_cli.store.cases.case_records import NewCase
from survey_cli.study.consistency.upkeep import COMPARED_SETTING, PLAN_SETTING

CASES = 20_000
INTERVIEWERS = 12
DAYS = 18
MANY = 1_000_000
"""Cases of the study that is reported on."""
TEMPLATES = 8_000
"""Those among them that differ."""
WEEK = 5
"""Days on which they were called."""
STARTS = date(2026, 11, 30)
ZONE = ZoneInfo("America/Chicago")
QUESTIONS = "\n".join(
    f"  - {{id: q{n}, type: scale, from: 0, to: 10, text: Question {n}?}}" for n in range(12)
)
STUDY = f"""
instrument: forecast
title: Forecast
sample:
  unit: {{type: text, role: key}}
  kind: {{type: single, options: {{1: Sector, 2: District}}}}
items:
  - {{id: hello, type: read, text: "This is {{interviewer}} calling for the Institute."}}
  - {{id: consent, type: single, text: May I?, options: {{1: "Yes", 2: "No"}}, declines: []}}
  - {{id: no, type: end, unless: consent == 1, outcome: refusal_soft, text: Bye}}
{QUESTIONS}
fieldwork:
  frame: list
  country: US
  zone: {ZONE.key}
  hours: {{mon-fri: "09:00-20:30", sat: "10:00-17:00"}}
  attempts: {{total: 8, per_day: 2}}
quotas:
  - {{id: kinds, by: [kind], targets: {{1: 4000, 2: 4000}}}}
"""


class SimulatedFieldwork(NamedTuple):
    """Fieldwork after its last day, and the processor time that it took."""

    model: FieldworkModel
    seconds: float


def forecast_row(folder: Path) -> list[Line]:
    """`survey status --forecast` of 20,000 cases, 12 interviewers and 18 days: the simulation of
    all calls, in processor time of this process."""
    simulated = simulate_fieldwork(folder, CASES, DAYS, STARTS)
    calls = sum(agent.log.calls for agent in simulated.model.interviewers)
    figure = f"{simulated.seconds:.1f} s of processor time, {calls:,} calls"
    what = f"forecast of {CASES:,} cases, {INTERVIEWERS} interviewers, {DAYS} days"
    return [below(what, simulated.seconds, 60, figure=figure, goal="≤ 60 s")]


def simulate_fieldwork(folder: Path, count: int, days: int, starts: date) -> SimulatedFieldwork:
    """Simulate the fieldwork of so many invented cases."""
    file = folder / "forecast.yaml"
    file.write_text(STUDY, encoding="utf-8")
    instrument = open_instrument(str(file))
    assert isinstance(instrument, Instrument)
    cases = invent_cases(instrument, count, ZONE.key, Random(1))
    options = SimulatedStudyOptions(
        path=str(file), at=find_day_start(ZONE.key, starts), invented=cases
    )
    histories = load_simulation_cases(options, instrument)
    assert isinstance(histories, list)
    staff = [
        Interviewer(login=f"i{number}", role=StaffRole.SUPERVISOR) for number in range(INTERVIEWERS)
    ]
    beginning = FieldworkStart(instrument, Plan.from_instrument(instrument), People(), histories)
    settings = FieldworkSettings(starts=starts, days=days, zone=ZONE)

    start = process_time()
    model = FieldworkModel(beginning, staff, settings)
    model.run()
    return SimulatedFieldwork(model, process_time() - start)


REPEAT = """
CREATE TEMP TABLE copies AS
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})
SELECT n FROM numbers;
DROP TRIGGER cases_counted_when_new;
INSERT INTO cases ({columns}) SELECT {copied} FROM cases, copies;
INSERT INTO case_events (case_key, seq, kind, payload, at, by, station, key)
SELECT case_key || ' copy ' || n, seq, kind, payload, at, by, station, key FROM case_events, copies;
INSERT INTO interviews (id, case_key, instrument, began_at, by, updated_at, origin, number, status,
    outcome, last_seq, at_item, answered)
SELECT 'i ' || key, key, (SELECT hash FROM instruments), updated_at, 'bench', updated_at, 'real',
    1, 'ended', 'complete', 2, '', 12 FROM cases;
{trigger};
ANALYZE;
"""
"""Every case many times under other keys, and an interview of each."""


def repeat_cases(folder: Path, count: int = MANY) -> Path:
    """Write a study of so many cases: those of a simulation, again and again.

    Returns its questionnaire.
    """
    started = datetime.now(UTC).date() - timedelta(days=WEEK)
    model = simulate_fieldwork(folder, TEMPLATES, WEEK, started).model
    (folder / "responses").mkdir()
    database = folder / "responses" / "forecast.db"
    with Store.open(database, create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(model.instrument, kept_at=model.at))
        store.cases.imports.add(
            list_new_cases(model), import_id="bench", at=model.at, by="bench", file="bench"
        )
        store.settings.write(PLAN_SETTING, model.plan.fingerprint)
        store.settings.write(COMPARED_SETTING, model.at.isoformat())

    with sqlite3.connect(database) as db:
        find_trigger = "SELECT sql FROM sqlite_schema WHERE name = 'cases_counted_when_new'"
        trigger = db.execute(find_trigger).fetchone()[0]
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(cases)")]
        copied = ["key || ' copy ' || n" if name == "key" else name for name in columns]
        script = REPEAT.format(
            last=count // TEMPLATES - 1,
            columns=", ".join(columns),
            copied=", ".join(copied),
            trigger=trigger,
        )
        db.executescript(script)
    db.close()

    with Store.open(database, create=False) as store:
        store.cases.counts.rebuild()
    return folder / "forecast.yaml"


def list_new_cases(model: FieldworkModel) -> Iterator[NewCase]:
    """Yield the cases as an import with their histories would bring them."""
    for key, history in model.histories.items():
        position = schedule_case(Case.from_history(key, history), model.plan, model.at)
        yield NewCase(key, history, position)


COMMANDS = (("status",), ("rates",), ("status", "--forecast"))


def reports_row(folder: Path) -> list[Line]:
    """Commands on a study of 1,000,000 cases, 8.4 million events and 1,000,000 interviews, in
    processor time of the whole process without the start of Python. The target of this study is
    reached, so that the forecast simulates no day."""
    file = repeat_cases(folder)
    python = find_least_time([sys.executable, "-c", "pass"])
    lines = []
    for words in COMMANDS:
        took = find_least_time([SURVEY, *words, str(file)]) - python
        what = f"`survey {' '.join(words)}` of {MANY:,} cases and interviews"
        figure = f"{took:.2f} s of processor time"
        lines.append(below(what, took, 0.5, figure=figure, goal="≤ 0.5 s"))
    return lines


def find_least_time(command: Sequence[str]) -> float:
    """Return the least processor time of three runs."""
    return min(run_process(command).processor for _ in range(3))


ROWS = (
    Row("forecast", forecast_row, by_name=True),
    Row("reports", reports_row, by_name=True),
)
