"""Row of simulated fieldwork: the processor time that weeks of a large study take."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from time import process_time
from zoneinfo import ZoneInfo

from benchmarks.measuring import Line, below
from survey_cli.fieldwork.calendar.zones import find_day_start
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.services.simulated_study import SimulatedStudyOptions, load_simulation_cases
from survey_cli.simulate.fieldwork.behavior import FieldworkSettings, invent_cases
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart

CASES, INTERVIEWERS, DAYS = 20_000, 12, 18
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
    file = folder / "forecast.yaml"
    file.write_text(STUDY)
    instrument = open_instrument(str(file))
    assert isinstance(instrument, Instrument)
    cases = invent_cases(instrument, CASES, ZONE.key, Random(1))
    histories = load_simulation_cases(
        SimulatedStudyOptions(path=str(file), at=find_day_start(ZONE.key, STARTS), invented=cases), instrument
    )
    assert isinstance(histories, list)
    staff = [Interviewer(login=f"i{number}", role="supervisor") for number in range(INTERVIEWERS)]
    settings = FieldworkSettings(starts=STARTS, days=DAYS, zone=ZONE)
    start = process_time()
    model = FieldworkModel(
        FieldworkStart(instrument, Plan.from_instrument(instrument), People(), histories), staff, settings
    )
    model.run()
    took = process_time() - start
    calls = sum(agent.log.calls for agent in model.interviewers)
    what = f"fieldwork of {CASES:,} cases, {INTERVIEWERS} interviewers, {DAYS} days"
    said = f"{took:.1f} s of processor time, {calls:,} calls, {model.complete:,} complete"
    return [below(what, took, 60, said=said, goal="≤ 60 s")]


ROWS: dict[str, Callable[[Path], list[Line]]] = {"forecast": forecast_row}
