"""Rows of fieldwork: weeks of a large study simulated, and reports on a study of a million cases."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from time import process_time
from zoneinfo import ZoneInfo

from benchmarks.measuring import Line, below
from survey_cli.fieldwork.calendar.zones import find_day_start
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.services.simulated_study import SimulatedStudyOptions, load_simulation_cases
from survey_cli.simulate.fieldwork.behavior import FieldworkSettings, invent_cases
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart
from survey_cli.store import InstrumentRow, Store
from survey_cli.store.cases.case_records import NewCase
from survey_cli.study.consistency.upkeep import COMPARED_SETTING, PLAN_SETTING

CASES, INTERVIEWERS, DAYS = 20_000, 12, 18
MANY, TEMPLATES, WEEK = 1_000_000, 8_000, 5
"""Cases of the study that is reported on, those among them that differ, and days of calling."""
STARTS, ZONE = date(2026, 11, 30), ZoneInfo("America/Chicago")
QUESTIONS = "\n".join(f"  - {{id: q{n}, type: scale, from: 0, to: 10, text: Question {n}?}}" for n in range(12))
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


def forecast_row(folder: Path) -> list[Line]:
    """From the first day to the last, in memory."""
    model, took = _simulate(folder, CASES, DAYS, STARTS)
    calls = sum(agent.log.calls for agent in model.interviewers)
    what = f"fieldwork of {CASES:,} cases, {INTERVIEWERS} interviewers, {DAYS} days"
    said = f"{took:.1f} s of processor time, {calls:,} calls, {model.complete:,} complete"
    return [below(what, took, 60, said=said, goal="≤ 60 s")]


def _simulate(folder: Path, count: int, days: int, starts: date) -> tuple[FieldworkModel, float]:
    """The fieldwork of so many invented cases, and the seconds that it took."""
    file = folder / "forecast.yaml"
    file.write_text(STUDY)
    instrument = open_instrument(str(file))
    assert isinstance(instrument, Instrument)
    cases = invent_cases(instrument, count, ZONE.key, Random(1))
    histories = load_simulation_cases(
        SimulatedStudyOptions(path=str(file), at=find_day_start(ZONE.key, starts), invented=cases), instrument
    )
    assert isinstance(histories, list)
    staff = [Interviewer(login=f"i{number}", role="supervisor") for number in range(INTERVIEWERS)]
    settings = FieldworkSettings(starts=starts, days=days, zone=ZONE)
    start = process_time()
    model = FieldworkModel(
        FieldworkStart(instrument, Plan.from_instrument(instrument), People(), histories), staff, settings
    )
    model.run()
    return model, process_time() - start


REPEAT = """
CREATE TEMP TABLE copies AS
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}) SELECT n FROM numbers;
DROP TRIGGER cases_counted_when_new;
INSERT INTO cases ({columns}) SELECT {copied} FROM cases, copies;
INSERT INTO case_events (case_key, seq, kind, payload, at, by, station, key)
SELECT case_key || ' copy ' || n, seq, kind, payload, at, by, station, key FROM case_events, copies;
INSERT INTO interviews (id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome, last_seq,
    at_item, answered)
SELECT 'i ' || key, key, (SELECT hash FROM instruments), updated_at, 'bench', updated_at, 'real', 1, 'ended', 'complete',
    2, '', 12 FROM cases;
{trigger};
ANALYZE;
"""
"""Every case many times under other keys, and an interview of each."""


def repeat_cases(folder: Path, count: int = MANY) -> Path:
    """The questionnaire of a study with so many cases: those of a simulation, again and again."""
    model, _ = _simulate(folder, TEMPLATES, WEEK, datetime.now(UTC).date() - timedelta(days=WEEK))
    file, plan = folder / "forecast.yaml", model.plan
    (folder / "responses").mkdir()
    database = folder / "responses" / "forecast.db"
    with Store.open(database, create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(model.instrument, kept_at=model.at))
        cases = (
            NewCase(key, history, schedule_case(Case.from_history(key, history), plan, model.at))
            for key, history in model.histories.items()
        )
        store.cases.imports.add(cases, import_id="bench", at=model.at, by="bench", file="bench")
        store.settings.write(PLAN_SETTING, plan.fingerprint)
        store.settings.write(COMPARED_SETTING, model.at.isoformat())
    with sqlite3.connect(database) as db:
        trigger = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'cases_counted_when_new'").fetchone()[0]
        names = [name for _, name, *_ in db.execute("PRAGMA table_info(cases)")]
        copied = ", ".join("key || ' copy ' || n" if name == "key" else name for name in names)
        last = count // TEMPLATES - 1
        db.executescript(REPEAT.format(last=last, columns=", ".join(names), copied=copied, trigger=trigger))
    db.close()
    with Store.open(database, create=False) as store:
        store.cases.counts.rebuild()
    return file


def reports_row(folder: Path) -> list[Line]:
    """Status, rates and the start of a forecast of a million cases and as many interviews, whole processes."""
    file = repeat_cases(folder)
    python = min(_measure([sys.executable, "-c", "pass"]) for _ in range(3))
    lines = []
    for command in ("status", "rates", "status --forecast"):  # its target is reached: a forecast simulates no day
        survey = [str(Path(sys.executable).with_name("survey")), *command.split(), str(file)]
        took = min(_measure(survey) for _ in range(3)) - python
        what = f"`survey {command}` of {MANY:,} cases and interviews, beside the start of Python"
        lines.append(below(what, took, 0.5, said=f"{took:.2f} s of processor time", goal="≤ 0.5 s"))
    return lines


def _measure(command: Sequence[str]) -> float:
    """The processor seconds of a whole process."""
    before = os.times()
    subprocess.run(command, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


ROWS: dict[str, Callable[[Path], list[Line]]] = {"forecast": forecast_row, "reports": reports_row}
