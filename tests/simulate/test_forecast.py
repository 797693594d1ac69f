"""Forecasts: they start from the study as it is, only read it, follow the rules of the queue, and agree with
simulated stations.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from test_simulated_fieldwork import MONDAY, STUDY

from support import audited_fieldwork as fieldwork_audit
from support import postgres_server
from support.scale import SCALE
from support.shift import FIELDWORK, Shift, interviewed
from support.station_simulation import StationSimulation
from survey_cli.cli.commands.forecast import render_forecast
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.calendar.zones import find_day_start
from survey_cli.fieldwork.plan.plan import People, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.run_on_study import Request
from survey_cli.services.simulated_study import (
    SimulatedStudyOptions,
    load_simulation_cases,
    open_simulated_study,
)
from survey_cli.simulate.fieldwork.behavior import (
    MIN_CALLS,
    FieldworkSettings,
    Propensities,
    invent_cases,
    measure_propensities,
)
from survey_cli.simulate.fieldwork.forecast import Forecast, ForecastOptions, forecast
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart
from survey_cli.store.cases.case_records import Lease
from survey_cli.store.cases.case_store import CaseQueries
from survey_cli.study.consistency.upkeep import PLAN_SETTING
from survey_cli.study.open_study import OpenStudy

CHICAGO = ZoneInfo("America/Chicago")
QUOTAS = "quotas:\n  - {id: kinds, by: [kind], targets: {1: 25, 2: 25}}\n"


def sample(count: int) -> str:
    lines = (
        f"U{n:03},{n % 2 + 1},Person {n},312 555 0{n % 100 + 100},America/Chicago"
        for n in range(count)
    )
    return "\n".join(("unit,kind,name,phone,zone", *lines)) + "\n"


def midfield(folder: Path, *, cases: int = 300, quotas: str = QUOTAS, fieldwork: str = "") -> Shift:
    """A study in its first morning: some calls, an appointment, an interview."""
    shift = Shift(
        folder,
        cases=sample(cases),
        fieldwork=f"{FIELDWORK}  zone: America/Chicago\n{fieldwork}{quotas}",
    )
    ann = shift.station()
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    for outcome in ("refusal_hard", "no_answer", "busy", "disconnected"):
        assert ann.record_outcome(outcome).rejection is None
    assert ann.end_shift().rejection is None
    return shift


def made(shift: Shift, **more: object) -> Forecast:
    wish = {"interviewers": (3,), "days": 20} | more
    found = forecast(ForecastOptions(path=str(shift.file), at=shift.at, db=shift.db, **wish))  # type: ignore[arg-type]
    assert isinstance(found, Forecast), found
    return found


# the model


@pytest.mark.parametrize("seed", range(1, 1 + 10 * SCALE))
def test_every_call_of_the_model_keeps_every_rule(seed: int, tmp_path: Path) -> None:
    """The audit that real stations are held to, on studies that nobody planned."""
    fieldwork_audit.modeled(seed, tmp_path)


def some_studies(folder: Path) -> None:
    for number in range(1, 30):
        fieldwork_audit.modeled(number, folder)


def test_the_model_makes_calls_worth_an_audit(tmp_path: Path) -> None:
    _, seen = fieldwork_audit.modeled(3, tmp_path)
    assert seen["dialled"] > 20
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr("survey_cli.simulate.fieldwork.calls.find_number_obstacle", lambda *_: None)
        broken.setattr("survey_cli.fieldwork.queue.call_order.CallOrder.is_open", lambda *_: True)
        with pytest.raises(fieldwork_audit.Broken):
            some_studies(tmp_path)


def test_the_model_comes_to_what_real_stations_come_to(tmp_path: Path) -> None:
    file = tmp_path / "fieldwork.yaml"
    file.write_text(STUDY.replace("targets: {1: 12, 2: 30}", "targets: {1: 400, 2: 400}"))
    made = open_instrument(str(file))
    assert isinstance(made, Instrument)
    calls, completes = [0, 0], [0, 0]
    for seed in range(SCALE):
        settings = FieldworkSettings(starts=MONDAY, days=5, seed=seed, zone=CHICAGO)
        cases = invent_cases(made, 120, CHICAGO.key, Random(seed))
        wish = SimulatedStudyOptions(
            path=str(file), at=find_day_start(CHICAGO.key, MONDAY), invented=cases
        )
        study = open_simulated_study(wish, Random(seed))
        assert isinstance(study, OpenStudy)
        staff = [replace(study.who, login=f"interviewer {n}") for n in (1, 2, 3)]
        with study:
            field = StationSimulation(study, staff, settings)
            field.run()
        histories = load_simulation_cases(wish, made)
        assert isinstance(histories, list)
        model = FieldworkModel(
            FieldworkStart(made, Plan.from_instrument(made), People(), histories), staff, settings
        )
        model.run()
        for number, workers in enumerate((field.interviewers, model.interviewers)):
            calls[number] += sum(one.log.calls for one in workers)  # type: ignore[attr-defined]
            completes[number] += sum(one.log.complete for one in workers)  # type: ignore[attr-defined]
    assert calls[1] == pytest.approx(calls[0], rel=0.1)
    assert completes[1] == pytest.approx(completes[0], rel=0.1)


# forecasts


def test_a_forecast_starts_from_the_study_as_it_stands_and_writes_nothing(tmp_path: Path) -> None:
    shift = midfield(tmp_path)

    def content() -> list[str]:
        with shift.study() as study:
            return list(
                study.store.cases._db.read("SELECT * FROM case_events ORDER BY case_key, seq")
            )

    before, files = content(), sorted(path.name for path in tmp_path.iterdir())
    found = made(shift)
    assert (found.cases, found.complete, found.target) == (300, 1, 50)
    assert found.target_of == "quota kinds"
    [row] = found.rows
    assert row.complete == found.complete + row.new
    assert row.calls > row.new > 10
    assert content() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def called_for_a_day(folder: Path) -> Shift:
    """A study in its second morning: cases that wait, rest, are done, are at a station, or came back by themselves."""
    shift = midfield(folder, cases=120)
    ann = shift.station()
    for outcome in ("no_answer", "machine", "busy", "refusal_soft", "no_answer", "language") * 3:
        assert (
            ann.record_outcome(outcome, language="other" if outcome == "language" else "").rejection
            is None
        )
        shift.later(minutes=3)
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    shift.later(minutes=90)  # the case that ann still has returns to the queue by itself
    with shift.study("bob") as study:
        assert study.store.cases.expire_leases(shift.at)
        assert study.store.cases.queries.list_stale_rows(limit=9)
    shift.later(days=1)
    bob = shift.study("bob")
    lease = Lease("token", "bob", "here", shift.at + timedelta(hours=1))
    [head, *_] = bob.store.cases.queries.list_queue_heads()
    assert bob.store.cases.claim(head.bucket, lease, shift.at) is not None
    return shift


@pytest.mark.parametrize("place", ["file", "server"])
@pytest.mark.parametrize("spreads", [(), ("off", "wait")])
def test_the_stored_queue_gives_the_forecast_of_all_histories(
    place: str, spreads: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "server":
        monkeypatch.setattr(
            Shift, "place", staticmethod(lambda folder: postgres_server.create_address())
        )
    monkeypatch.setattr("survey_cli.store.cases.case_store.PAGE_SIZE", 7)
    shift = called_for_a_day(tmp_path)
    shift.publish()
    from_queue = made(shift, days=2, spreads=spreads)
    read = []
    read_history = CaseQueries.read_history
    monkeypatch.setattr(
        CaseQueries, "read_history", lambda *args: read.append(args[1]) or read_history(*args)
    )
    assert made(shift, days=1, spreads=spreads[:1]).rows[0].calls > 0
    assert len(read) < 120, "uncalled cases are read when they are claimed"
    with shift.study() as study:
        study.store.settings.write(PLAN_SETTING, "of other rules")
    read.clear()
    assert made(shift, days=2, spreads=spreads) == from_queue
    assert len(read) == 120 * max(1, len(spreads)), "nothing that is stored was used"


def test_few_histories_tell_the_propensities_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sample in proportion, of every replicate, whatever the number of replicates."""
    shift = called_for_a_day(tmp_path)
    with shift.study() as study:
        queries = study.store.cases.queries
        called = {key for key, history in queries.iterate_histories() if len(history) > 1}
        assert {key for key, _ in queries.iterate_sampled_histories(1.0)} == called
        half = {key for key, _ in queries.iterate_sampled_histories(0.5)}
        assert half < called
        assert len(half) == pytest.approx(len(called) / 2, abs=3)
        ordinals = [
            number for number in range(1, 100_001) if number * 2654435769 % 2**32 < 0.02 * 2**32
        ]
    assert len(ordinals) == pytest.approx(2_000, abs=5)
    for replicates in range(2, 60):
        sizes = Counter(number % replicates for number in ordinals)
        assert min(sizes[n] for n in range(replicates)) > 0.5 * 2_000 / replicates
    monkeypatch.setattr("survey_cli.simulate.fieldwork.forecast.CASES_MEASURED", 10)
    monkeypatch.setattr("survey_cli.simulate.fieldwork.behavior.MIN_CALLS", 5)
    assert any(
        "calls in a sample of this study's cases)" in line for line in made(shift, days=1).basis
    )


def test_status_and_forecast_agree_on_what_quotas_allow(tmp_path: Path) -> None:
    """The status expected the target of 60, and more in a cell than its target; only the forecast knew better."""
    quotas = "quotas:\n  - {id: kinds, by: [kind], targets: {1: 6, 2: 9}}\nstudy: {target: 60}\n"
    shift = midfield(tmp_path, quotas=quotas, fieldwork="  ends: 2026-12-18\n")
    [row] = made(shift, days=None).rows
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    status = load_fieldwork_status(request, zone=CHICAGO)
    assert (status.progress.target, status.progress.target_of) == (60, "study.target")
    assert status.pace is not None
    assert row.complete == status.pace.most == 15
    assert status.pace.expected is not None
    assert status.pace.expected <= row.complete
    assert (row.unfilled, row.target_on, status.pace.reached) == ((), None, None)
    assert row.filled_on is not None
    lines = " ".join(" ".join(render_forecast(made(shift, days=None))).split())
    assert f"all quota cells are full on {row.filled_on}, with 15 of 60 complete" in lines
    assert "the target of 60 can't be reached: the quotas allow 15" in status.alerts
    assert all(status.pace.expected_by_cell[cell.cell] <= cell.target for cell in status.cells)


def test_the_same_seed_gives_the_same_forecast(tmp_path: Path) -> None:
    shift = midfield(tmp_path)
    found = made(shift, days=6)
    assert made(shift, days=6) == found
    assert made(shift, days=6, seed=2).rows != found.rows


def test_more_interviewers_reach_the_target_sooner(tmp_path: Path) -> None:
    shift = midfield(tmp_path)
    few, many = made(shift, interviewers=(1, 6), days=40).rows
    assert many.completes_per_day is not None
    assert few.completes_per_day is not None
    assert many.completes_per_day > 1.5 * few.completes_per_day
    assert many.target_on is not None
    assert few.target_on is None or few.target_on > many.target_on
    assert many.unfilled == ()
    assert many.complete == 50, "no target is passed, and it ends when all are reached"
    assert many.hours_per_complete is not None
    assert many.hours_per_complete == pytest.approx(many.hours / many.new)


def test_a_target_that_is_reached_is_said_to_be(tmp_path: Path) -> None:
    reached = "quotas:\n  - {id: all, by: [a], targets: {1: 1}}\n"
    [row] = made(midfield(tmp_path, quotas=reached)).rows
    assert (row.new, row.calls, row.target_on) == (0, 0, date(2026, 11, 24))


@pytest.mark.parametrize("seed", range(1, 1 + 3 * SCALE))
def test_a_cell_with_a_place_that_is_only_held_is_not_filled(seed: int, tmp_path: Path) -> None:
    """It may be given back: interviews that go on when the last places are taken need not become complete."""
    [row] = made(midfield(tmp_path), interviewers=(12,), seed=seed).rows
    assert row.target_on is not None
    assert (row.complete, row.unfilled) == (50, ())


def test_it_is_said_when_the_sample_runs_out_and_which_cells_do_not_fill(tmp_path: Path) -> None:
    shift = midfield(tmp_path, cases=40)
    [row] = made(shift, interviewers=(4,), days=60).rows
    assert row.target_on is None
    assert row.runs_out_on is not None
    assert row.runs_out_on > date(2026, 11, 24)
    assert {cell.cell for cell in row.unfilled} == {"kinds:1", "kinds:2"}
    assert all(cell.complete < cell.target == 25 for cell in row.unfilled)
    assert row.days == 60
    assert row.hours < 4 * 60 * 6 / 2, "nobody waits on for a sample that has run out"


def test_appointments_are_called_by_their_maker_and_refusals_never_again(tmp_path: Path) -> None:
    shift = midfield(tmp_path, cases=8, quotas="")
    with shift.study() as study:
        histories = [
            (key, list(history)) for key, history in study.store.cases.queries.iterate_histories()
        ]
        settings = FieldworkSettings(starts=date(2026, 11, 24), days=20, zone=CHICAGO)
        model = FieldworkModel(
            FieldworkStart(study.instrument, study.plan, study.people, histories, at=shift.at),
            [study.who] * 2,
            settings,
        )
    before = {key: len(history) for key, history in histories}
    model.run()
    refused = next(
        key for key, h in histories if any("refusal_hard" in str(entry.event) for entry in h)
    )
    booked = next(
        key for key, h in histories if any("AppointmentMade" in str(entry.event) for entry in h)
    )
    assert len(model.histories[refused]) == before[refused]
    called = next(entry.at for entry in model.histories[booked][before[booked] :])
    assert (
        timedelta(0) <= called - shift.at.replace(day=25, hour=21) < timedelta(minutes=30)
    )  # 15:00 in Chicago


def test_spreads_are_compared_row_by_row(tmp_path: Path) -> None:
    shift = midfield(tmp_path, cases=120, quotas="")
    rows = made(shift, spreads=("prefer", "wait", "off"), days=3).rows
    assert [row.spread for row in rows] == ["prefer", "wait", "off"]
    assert rows[0].complete > rows[1].complete, "whoever is waited for is interviewed later"


def test_what_the_study_shows_is_measured_and_all_else_is_assumed(tmp_path: Path) -> None:
    shift = midfield(tmp_path)
    with shift.study() as study:
        few = measure_propensities(study.store.cases.queries.iterate_histories(), study.plan)
    assert few.propensities == Propensities()
    assert all("(assumed)" in line for line in few.basis)
    instrument = study.instrument
    settings = FieldworkSettings(
        starts=MONDAY,
        days=5,
        zone=CHICAGO,
        propensities=Propensities(contact=0.5, refuse=0.4),
        item_seconds=20,
    )
    cases = invent_cases(instrument, 300, CHICAGO.key, Random(1))
    wish = SimulatedStudyOptions(
        path=str(shift.file), at=find_day_start(CHICAGO.key, MONDAY), invented=cases
    )
    histories = load_simulation_cases(wish, instrument)
    assert isinstance(histories, list)
    staff = [replace(study.who, login=f"i{n}") for n in range(4)]
    model = FieldworkModel(
        FieldworkStart(instrument, study.plan, People(), histories), staff, settings
    )
    model.run()
    many = measure_propensities(model.histories.items(), study.plan)
    assert sum(agent.log.calls for agent in model.interviewers) > MIN_CALLS
    assert many.propensities.contact == pytest.approx(0.5, abs=0.12)
    assert many.propensities.refuse == pytest.approx(0.4, abs=0.08)
    assert any(re.search(r"of [\d,]+ calls in this study", line) for line in many.basis)
    assert many.length is not None
    assert timedelta(minutes=1) < many.length < timedelta(minutes=5)


def test_what_is_lacking_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shift = midfield(tmp_path)
    assert (
        run_command(
            ["status", "--forecast", str(shift.file), "--db", shift.db, "--zone", "Mars/Olympus"]
        )
        == 2
    )
    assert "not a time zone" in capfd.readouterr().err
    over = shift.file.read_text().replace("  country: US\n", "  country: US\n  ends: 2026-11-20\n")
    shift.file.write_text(over)
    with pytest.raises(UserError) as caught:
        forecast(ForecastOptions(path=str(shift.file), at=shift.at, db=shift.db))
    done = caught.value
    assert "2026-11-20, is over" in done.what


def test_an_interrupted_forecast_keeps_what_it_has(tmp_path: Path) -> None:
    shift = midfield(tmp_path, cases=200, quotas="")

    def tell(done: int, days: int, complete: int) -> None:
        if done == 8:
            raise KeyboardInterrupt

    options = ForecastOptions(
        path=str(shift.file), at=shift.at, interviewers=(1, 2, 3), days=5, db=shift.db
    )
    found = forecast(options, tell)
    assert isinstance(found, Forecast)
    assert found.interrupted
    assert [row.interviewers for row in found.rows] == [1, 2]
    assert (found.rows[0].days, found.rows[1].days) == (5, 3)
    assert found.rows[1].calls > 0
    shown = "\n".join(render_forecast(found))
    assert re.search(r"^ *1 +\d+ .* no$", shown, re.MULTILINE)
    assert re.search(r"^ *2\* +\d+ .* \?$", shown, re.MULTILINE)
    assert "\n* interrupted after 3 of 5 days: its figures are for these days only\n" in shown


def test_the_command_prints_a_table_or_figures(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shift = midfield(tmp_path)
    study = (str(shift.file), "--db", shift.db, "--days", "8")
    assert run_command(["status", "--forecast", *study, "--interviewers", "2,4"]) == 0
    out = capfd.readouterr().out
    assert "1 of 50 (quota kinds) complete now, 300 cases" in " ".join(out.split())
    assert re.search(
        r"^people +complete +per day +hours +calls +target +sample ends$", out, re.MULTILINE
    )
    assert len(re.findall(r"^[24] +\d+ ", out, re.MULTILINE)) == 2
    assert max(map(len, out.splitlines())) <= 80
    assert (
        run_command(["status", "--forecast", *study, "--interviewers", "2", "--format", "json"])
        == 0
    )
    figures = json.loads(capfd.readouterr().out)
    assert figures["rows"][0]["interviewers"] == 2
    assert figures["target"] == 50
    assert run_command(["status", "--forecast", *study, "--interviewers", "two"]) == 2
    assert run_command(["status", "--forecast", *study, "--spread", "always"]) == 2


def test_simulated_fieldwork_says_how_it_spreads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fieldwork.yaml"
    file.write_text(STUDY)
    settings = tmp_path / "fieldwork.simulation.yaml"
    command = ("simulate", str(file), "--fieldwork", "-n", "60", "--settings", str(settings))
    said = {}
    for spread in ("prefer", "wait"):
        settings.write_text(f"fieldwork: {{days: 3, start: {MONDAY}, spread: {spread}}}\n")
        assert run_command(command) == 0
        said[spread] = capfd.readouterr().out
        assert f"spread: {spread}," in " ".join(said[spread].split())
    settings.write_text(f"fieldwork: {{days: 3, start: {MONDAY}}}\n")
    assert run_command(command) == 0
    assert capfd.readouterr().out == said["prefer"], "the study's own, which is the default"


@pytest.mark.parametrize(
    "command",
    [
        (
            "status",
            "--forecast",
            "--days",
            "300",
            "--interviewers",
            ",".join(map(str, range(2, 60))),
        ),
        (
            "simulate",
            "--fieldwork",
            "-n",
            "8000",
        ),  # fewer are over before the first line of progress
    ],
)
def test_ctrl_c_prints_what_is_ready_and_exits_with_130(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    shift = midfield(tmp_path, cases=300, quotas="")
    [word, *more] = command
    arguments = [word, str(shift.file), "--db", shift.db, *more]
    if word == "simulate":
        settings = tmp_path / "long.simulation.yaml"
        settings.write_text("fieldwork: {days: 300}\n")
        arguments += ["--settings", str(settings)]
    process = subprocess.Popen(
        [sys.executable, "-m", "survey_cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    said = [process.stderr.readline()]
    while not said[-1].startswith("day "):
        assert said[-1], f"it ended with {process.wait(20)}: {''.join(said)}"
        said.append(process.stderr.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert "complete" in out
    assert "interrupted" in err
    assert "Traceback" not in err
