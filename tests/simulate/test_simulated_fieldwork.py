"""Simulated fieldwork: the same seed gives the same fieldwork, nothing is dialed against the rules, no appointment is
forgotten, and the reported figures add up.
"""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from support import audited_fieldwork as fieldwork_audit
from support import station_simulation
from support.scale import SCALE
from support.shift import FIELDWORK, Shift, interviewed, on
from support.station_simulation import StationSimulation
from survey_cli.fieldwork.case.case import Case, NumberRecord
from survey_cli.fieldwork.case.events import (
    AppointmentMade,
    AttemptClosed,
    CaseClaimed,
    HistoryEntry,
    NumberDialed,
    OutcomeRecorded,
)
from survey_cli.fieldwork.plan.plan import People, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.simulation_report import SimulationReport, classify_appointments
from survey_cli.services.simulated_study import SimulatedStudyOptions, open_simulated_study
from survey_cli.simulate.fieldwork import staff as simulated_staff
from survey_cli.simulate.fieldwork.behavior import (
    FieldworkSettings,
    Household,
    Propensities,
    invent_cases,
)
from survey_cli.simulate.fieldwork.model import FieldworkModel
from survey_cli.simulate.fieldwork.study_simulation import (
    StudySimulationOptions,
    build_staff,
    simulate_study,
)
from survey_cli.study.open_study import OpenStudy, load_people

STUDY = """
instrument: fieldwork
title: Fieldwork
sample:
  unit: {type: text, role: key}
  kind: {type: single, options: {1: Sector, 2: District}}
  name: {type: text, role: name}
  phone: {type: text, role: phone}
  zone: {type: text, role: zone}
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling {name|you} for the Institute."}
  - {id: consent, type: single, text: May I?, options: {1: "Yes", 2: "No"}, declines: []}
  - {id: no, type: end, unless: consent == 1, outcome: refusal_soft, text: Bye}
  - {id: sex, type: single, text: Sex?, options: {1: F, 2: M}, declines: []}
  - {id: place, type: lookup, quota: sexes}
  - {id: full, type: end, ask_if: "place == 'full'", outcome: quota_full, text: Bye}
  - {id: a, type: scale, from: 0, to: 10, text: First?}
fieldwork:
  frame: list
  country: US
  zone: America/Chicago
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
  attempts: {total: 6, per_day: 2}
  scripts: {voicemail: {text: We call again., once: true}}
quotas:
  - {id: sexes, by: [sex], targets: {1: 12, 2: 30}}
"""
MONDAY = date(2026, 11, 30)


@pytest.fixture
def study(tmp_path: Path) -> str:
    file = tmp_path / "fieldwork.yaml"
    file.write_text(STUDY)
    return str(file)


def simulate(study: str, **more: object) -> SimulationReport:
    return simulate_model(study, **more)[0]


def simulate_model(study: str, **more: object) -> tuple[SimulationReport, FieldworkModel]:
    wish = {"interviewers": 3, "days": 6, "cases": 80, "seed": 3, "today": MONDAY} | more
    return simulate_study(StudySimulationOptions(path=study, **wish))  # type: ignore[arg-type]


def instrument(path: str) -> Instrument:
    found = open_instrument(path)
    assert isinstance(found, Instrument)
    return found


@pytest.mark.parametrize("seed", [14, 1007, 79, 1002, 1011][: 1 + SCALE])
def test_studies_that_nobody_planned_keep_every_rule(seed: int, tmp_path: Path) -> None:
    """Of each call, promise, place and standing; `make fieldwork` runs as many as there is time for. In 14 a case waited
    for an evening when none came any more."""
    field, seen = fieldwork_audit.run(seed, tmp_path)
    assert field.idle_moments
    assert seen["dialled"] > 10


@pytest.mark.parametrize(
    ("where", "wrong", "seed", "says"),
    [
        (
            "survey_cli.fieldwork.calendar.calendar.Calendar.find_closing",
            lambda *_: None,
            1,
            "dialled by",
        ),
        (
            "survey_cli.fieldwork.queue.scheduling._find_wait_end",
            lambda *_: (datetime.min.replace(tzinfo=UTC), ""),
            1,
            "not",
        ),
        (
            "survey_cli.fieldwork.queue.scheduling._find_next_day",
            lambda *_: None,
            20,
            "called . times on",
        ),
        (
            "survey_cli.study.consistency.interview_outcomes.QuotaReservations._hold",
            lambda _self, _interview, targets, _others: dict.fromkeys(targets, 1),
            7,
            "cell",
        ),
        (
            "survey_cli.study.consistency.interview_outcomes.QuotaReservations.reserve_cells",
            lambda *_: (frozenset(), ""),
            17,
            "cell (low|pairs|kinds)",
        ),
        (
            "survey_cli.fieldwork.queue.scheduling.MISSED_RETRY",
            timedelta(0),
            15,
            "after no_answer, not 0:30",
        ),
    ],
)
def test_the_audit_sees_a_rule_that_is_broken(
    where: str, wrong: object, seed: int, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of these rules taken away from the program is missed by the audit of some study, from `seed` on."""
    monkeypatch.setattr(where, wrong)

    def some_studies() -> None:
        for number in range(seed, seed + 30):
            fieldwork_audit.run(number, tmp_path)

    with pytest.raises(fieldwork_audit.Broken, match=says):
        some_studies()


def test_the_same_seed_is_the_same_fieldwork(study: str) -> None:
    """Also in another process, where sets of texts have another order."""
    command = [
        sys.executable,
        "-m",
        "survey_cli",
        "simulate",
        study,
        "--fieldwork",
        "-n",
        "40",
    ]
    settings = Path(study).with_suffix(".simulation.yaml")
    settings.write_text("fieldwork: {days: 4, start: 2026-11-30}\n")
    command += ["--interviewers", "3", "--settings", str(settings), "--seed", "7"]
    said = [
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed, "COLUMNS": "80"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert b"nobody was called" in said[0]
    assert simulate(study, seed=7) != simulate(study, seed=8)


def test_what_belongs_to_fieldwork_wants_it(study: str) -> None:
    command = [sys.executable, "-m", "survey_cli", "simulate", study, "--interviewers", "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--interviewers is only for --fieldwork" in done.stderr


def test_what_is_reported_adds_up(study: str) -> None:
    run = simulate(study)
    assert (
        run.cases
        == sum(row.cases for row in run.attempts)
        == sum(row.cases for row in run.final_statuses)
        == 80
    )
    assert (
        run.complete
        == sum(row.complete for row in run.days)
        == run.days[-1].cumulative_complete
        > 5
    )
    assert (
        run.complete
        == sum(row.complete for row in run.attempts)
        == sum(row.complete for row in run.interviewers)
    )
    assert (
        run.calls
        == sum(row.calls for row in run.days)
        == sum(row.calls for row in run.interviewers)
    )
    assert run.calls == sum(calls for _, calls in run.outcomes)
    assert sum(run.appointments.values()) == sum(row.appointments for row in run.days) > 0
    assert sum(cell.complete for cell in run.cells) == run.complete
    assert run.rates is not None
    [column] = run.rates.columns
    assert column.counts is not None
    assert column.counts.sum_groups() == 80
    assert column.rates.RR1 is not None
    assert run.complete == column.rates.RR1 * (80 - column.counts.ne)


@pytest.mark.parametrize("simulated_by", ["model", "stations"])
def test_the_time_after_calls_is_kept(simulated_by: str, study: str) -> None:
    """The same interviewers make fewer calls where each is followed by ten minutes."""

    def count_calls(wrapup: str) -> int:
        Path(study).write_text(STUDY.replace("frame: list", f"frame: list\n{wrapup}"))
        if simulated_by == "model":
            run = simulate(study, interviewers=2, days=1, cases=300)
            return sum(row.calls for row in run.interviewers)
        start = datetime(2026, 11, 30, 6, tzinfo=UTC)
        cases = invent_cases(instrument(study), 300, "America/Chicago", Random(1))
        settings = FieldworkSettings(starts=MONDAY, days=1, zone=ZoneInfo("America/Chicago"))
        with open_simulated_study(
            SimulatedStudyOptions(path=study, at=start, invented=cases), Random(1)
        ) as opened:
            simulation = StationSimulation(opened, build_staff(People(), 2), settings)
            simulation.run()
        return sum(interviewer.log.calls for interviewer in simulation.interviewers)

    without, with_time = count_calls(""), count_calls("  wrapup: 10m\n")
    assert 20 < with_time < without / 2


def test_a_cell_is_never_passed_and_what_is_lacking_is_said(study: str) -> None:
    found = simulate(study, cases=200, days=8, propensities=Propensities(contact=0.6, refuse=0.05))
    women, men = found.cells
    assert (women.complete, women.shortfall) == (12, "")
    assert men.complete == 30 or men.shortfall.startswith(f"{30 - men.complete} more needed")


def test_who_is_never_in_is_never_reached_and_who_always_is_soon(study: str) -> None:
    never = simulate(study, propensities=Propensities(contact=0.0))
    assert sum(row.reached for row in never.days) <= sum(
        calls for outcome, calls in never.outcomes if outcome == "Wrong number"
    )
    assert never.complete == 0
    eager = Propensities(contact=1.0, refuse=0.0, call_again=0.0, eligible=1.0, interrupt=0.0)
    open_cells = STUDY.replace("{1: 12, 2: 30}", "{1: 500, 2: 500}")
    Path(study).write_text(open_cells)
    often = simulate(study, propensities=eager)
    assert often.complete > 0.7 * often.cases
    assert not any(row.refusals for row in often.days)


def test_the_cases_of_a_file_are_tried_without_who_they_are(study: str, tmp_path: Path) -> None:
    sample = tmp_path / "cases.csv"
    lines = [f"u{n},1,Person {n},312 555 01{n:02},America/New_York" for n in range(30)]
    sample.write_text("unit,kind,name,phone,zone\n" + "\n".join(lines) + "\n")
    made = open_simulated_study(
        SimulatedStudyOptions(
            path=study, at=datetime(2026, 11, 29, tzinfo=UTC), sample=str(sample)
        ),
        Random(1),
    )
    assert isinstance(made, OpenStudy)
    with made:
        contact = made.store.cases.queries.find_contact("u7")
        assert contact is not None
        assert (contact.name, dict(contact.columns)) == ("", {})
        assert contact.numbers[0].e164.startswith("+999")
    run = simulate(study, cases=0, sample=str(sample))
    assert (run.cases, run.calls > 20) == (30, True)


def test_the_cases_of_the_database_are_tried_as_if_nobody_had_called(tmp_path: Path) -> None:
    shift = Shift(tmp_path, at=datetime(2026, 11, 24, 16, tzinfo=UTC))
    ann = shift.station()
    assert ann.record_outcome("refusal_hard").rejection is None
    before = shift.study().store.cases.queries.read_history("A")
    run, _ = simulate_study(
        StudySimulationOptions(
            path=str(shift.file),
            today=MONDAY,
            days=3,
            db=shift.db,
            zone=ZoneInfo("America/Chicago"),
            interviewers=1,
        )
    )
    assert (run.cases, run.calls > 0) == (1, True)
    assert shift.study().store.cases.queries.read_history("A") == before


def test_a_study_without_a_zone_is_simulated_in_that_of_the_computer(
    study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(study).write_text(STUDY.replace("  zone: America/Chicago\n", ""))
    monkeypatch.setenv("TZ", "America/Denver")
    _, model = simulate_study(StudySimulationOptions(path=study, cases=5, days=1, today=MONDAY))
    assert model.settings.zone.key == "America/Denver"


def test_what_is_lacking_is_said_in_words(
    study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def why(**more: object) -> UserError:
        wish = {"cases": 5, "today": MONDAY} | more
        with pytest.raises(UserError) as caught:
            simulate_study(StudySimulationOptions(path=study, **wish))
        return caught.value

    assert "--cases 500" in why(cases=0).remedy
    people = tmp_path / "people.csv"
    people.write_text("login,role\nsue,supervisor\n")
    assert why(people=str(people)).what == "the list has nobody who interviews"
    Path(study).write_text(STUDY.replace("  zone: America/Chicago\n", ""))
    monkeypatch.setattr(simulated_staff, "find_computer_zone", lambda name: None)
    assert "time zone is not known" in why().what


def test_more_interviewers_than_are_listed_are_invented(study: str, tmp_path: Path) -> None:
    """They are like those that are listed, in turn, so that what they can do is not another study's."""
    people = tmp_path / "people.csv"
    people.write_text(
        "login,languages,skills,role\nann,en,converter,\nbob,en;es,,\nsue,,,supervisor\n"
    )
    _, model = simulate_model(study, people=str(people), interviewers=5, days=1, cases=20)
    assert len(model.interviewers) == 5
    listed = load_people(study, "", str(people))
    assert isinstance(listed, People)
    staff = simulated_staff.build_staff(listed, 5)
    said = [(one.login, sorted(one.languages), sorted(one.skills)) for one in staff]
    assert said == [
        ("ann", ["en"], ["converter"]),
        ("bob", ["en", "es"], []),
        ("interviewer 3", ["en"], ["converter"]),
        ("interviewer 4", ["en", "es"], []),
        ("interviewer 5", ["en"], ["converter"]),
    ]
    assert len(simulated_staff.build_staff(listed, 1)) == 1  # type: ignore[arg-type]


def test_shifts_lie_within_the_hours_where_the_stations_are(study: str) -> None:
    made = open_simulated_study(
        SimulatedStudyOptions(
            path=study,
            at=datetime(2026, 11, 29, tzinfo=UTC),
            invented=invent_cases(instrument(study), 9, "America/Chicago", Random(1)),
        ),
        Random(1),
    )
    assert isinstance(made, OpenStudy)
    zone = ZoneInfo("America/Chicago")
    with made:
        field = StationSimulation(
            made,
            fieldwork_audit.Planned.of(2).staff[:1],
            FieldworkSettings(starts=MONDAY, days=7, zone=zone),
        )
        began = []
        man = field.open_station
        field.open_station = lambda number: (began.append(field.at.astimezone(zone)), man(number))[
            1
        ]  # type: ignore[method-assign,func-returns-value]
        field.run()
    assert [at.strftime("%a %H:%M") for at in began] == [
        *(f"{day} 09:00" for day in ("Mon", "Tue", "Wed", "Thu", "Fri")),
        "Sat 10:00",
    ]


def test_households_are_the_same_whoever_calls_them_in_whatever_order() -> None:
    def of(key: str) -> Household:
        case = Case(
            key=key, numbers=(NumberRecord(1, "unknown", ()), NumberRecord(2, "unknown", ()))
        )
        return Household.draw(case, Plan(study="s"), ("en", "es"), Propensities(), 5)

    one, other = of("a"), of("a")
    of("b").choose_response(fieldwork_audit.Interviewer(login="ann"))
    at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert [one.answer_call(1, at) for _ in range(30)] == [
        other.answer_call(1, at) for _ in range(30)
    ]
    kept = [of(str(n)) for n in range(400)]
    for house in kept:
        house.appointment = at
    promised = sum(
        h.answer_call(1, at) == "somebody" for h in kept if 1 not in h.dead_numbers
    ) / len(kept)
    assert promised == pytest.approx(Propensities().keep_appointment * 0.91, abs=0.06)


def test_what_became_of_a_promise_is_told_from_the_history(study: str) -> None:
    plan = Plan.from_instrument(instrument(study))

    def at(hour: int, minute: int = 0) -> datetime:
        return datetime(2026, 11, 30, hour, minute, tzinfo=UTC)

    def entries(*events: tuple[datetime, object]) -> list[HistoryEntry]:
        return [HistoryEntry(when, "ann", "1", event) for when, event in events]  # type: ignore[arg-type]

    promise = (at(16), AppointmentMade("2026-11-30T12:00", "2026-11-30T12:30", "America/Chicago"))
    first = (
        (at(15, 58), CaseClaimed()),
        (at(15, 59), NumberDialed(1)),
        (at(16), OutcomeRecorded("appointment", 1)),
        promise,
    )
    closed = (at(16), AttemptClosed())
    for then, said in (
        (((at(18, 5), NumberDialed(1)),), "kept"),
        (((at(17, 50), NumberDialed(1)),), "kept"),
        (((at(19), NumberDialed(1)),), "late"),
        (((at(17), NumberDialed(1)), (at(17, 1), OutcomeRecorded("callback", 1))), "overtaken"),
        (
            (
                (at(17), NumberDialed(1)),
                (at(17, 1), OutcomeRecorded("no_answer", 1)),
                (at(18), NumberDialed(1)),
            ),
            "kept",
        ),
        ((), "never called"),
    ):
        assert classify_appointments(entries(*first, closed, *then), plan, at(23)) == [said]
    assert classify_appointments(entries(*first, closed), plan, at(17)) == ["to come"]


def test_an_interviewer_who_is_turned_down_goes_on(
    study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading a card takes so long that the hours are over when the key is pressed: it is said, and the case goes
    back."""
    monkeypatch.setattr(station_simulation, "LOOK_SECONDS", (600, 900))
    made = open_simulated_study(
        SimulatedStudyOptions(
            path=study,
            at=datetime(2026, 11, 29, tzinfo=UTC),
            invented=invent_cases(instrument(study), 80, "America/Chicago", Random(1)),
        ),
        Random(1),
    )
    assert isinstance(made, OpenStudy)
    with made:
        staff = [replace(made.who, login=f"interviewer {number}") for number in (1, 2, 3)]
        field = StationSimulation(
            made,
            staff,
            FieldworkSettings(starts=MONDAY, days=1, seed=3, zone=ZoneInfo("America/Chicago")),
        )
        field.run()
    denied = [one for colleague in field.interviewers for one in colleague.rejected]
    assert denied
    assert all(one.why.startswith("not now: after 20:30 there") for one in denied)


# what it found, each by itself

QUOTA_ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: sex, type: single, text: Sex?, options: {1: F, 2: M}, declines: []}
  - {id: place, type: lookup, quota: sexes}
  - {id: full, type: end, ask_if: "place == 'full'", outcome: quota_full, text: Bye}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
"""


def test_a_place_is_given_back_when_who_was_interrupted_refuses_for_good(tmp_path: Path) -> None:
    quotas = "quotas:\n  - {id: sexes, by: [sex], targets: {1: 1, 2: 1}}\n"
    shift = Shift(tmp_path, items=QUOTA_ITEMS, fieldwork=FIELDWORK + quotas)
    ann = shift.station()
    assert interviewed(ann, "1").suspend() is None
    assert ann.close_interview().rejection is None
    assert ann.record_outcome("callback").rejection is None
    assert shift.study().store.cases.quotas.read_fill()["sexes:1"].reserved == 1
    shift.later(days=1)
    ann.keep_alive()
    assert on(ann) == "A"
    assert ann.record_outcome("refusal_hard").rejection is None
    assert shift.study().store.cases.quotas.read_fill()["sexes:1"] == (0, 0)


def test_an_interview_whose_terminal_died_still_waits_when_a_callback_is_keyed(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path)
    interviewed(shift.station(), "1")  # and then nothing more is heard of the terminal
    shift.later(minutes=5)
    back = shift.station()
    assert back.record_outcome("callback").rejection is None
    case = shift.case("A")
    assert case.interrupted
    assert shift.row("A").position.rank.startswith("2"), (
        "interrupted interviews come before all but promises"
    )


def test_a_case_that_must_be_called_in_an_evening_is_done_when_no_evening_is_left(
    tmp_path: Path,
) -> None:
    """Tried once by day, where one attempt in each part is the limit: in the queue for an evening until none comes."""
    fieldwork = FIELDWORK.replace("per_day: 3", "per_day: 3, per_daypart: 1")
    shift = Shift(
        tmp_path,
        fieldwork=fieldwork + '  ends: 2026-11-28\n  holidays: false\n  closed: ["2026-11-27"]\n',
    )
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    shift.to("2026-11-25T10:00")
    ann.keep_alive()
    assert on(ann) == ""
    assert shift.row("A").status == "ready"
    shift.to("2026-11-28T10:00")  # a Saturday, which closes at 17:00
    ann.note_key()
    ann.keep_alive()
    assert (on(ann), shift.row("A").status) == ("", "done")


@pytest.mark.parametrize(
    ("spread", "called"),
    [
        ("spread: prefer", "2026-11-24T13:00"),
        ("spread: off", "2026-11-24T13:00"),
        ("spread: wait", "2026-11-24T17:00"),
    ],
)
def test_an_idle_station_takes_the_next_best_unless_it_is_to_wait(
    spread: str, called: str, tmp_path: Path
) -> None:
    """Tried once by day, and nobody else is to be called."""
    shift = Shift(tmp_path, fieldwork=f"{FIELDWORK}  {spread}\n")
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    shift.to(called)
    shift.later(minutes=-1)
    ann.keep_alive()
    assert on(ann) == ""
    ann.note_key()
    shift.to(called)
    ann.keep_alive()
    assert on(ann) == "A"
