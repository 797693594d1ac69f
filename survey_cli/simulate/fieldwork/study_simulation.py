"""From a study's file to how its fieldwork would go: its cases or invented ones, its people or invented ones, some days
of calling, and the report. Nothing of it is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from survey_cli.fieldwork.calendar.zones import day_start
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan, Spread
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.simulation_report import FieldRun, WorkRow
from survey_cli.services.simulation.simulated_fieldwork_report import run_of
from survey_cli.services.simulation.simulated_study import Trial, trial_cases
from survey_cli.simulate.fieldwork.households import Chances, invented_cases
from survey_cli.simulate.fieldwork.model import FieldModel
from survey_cli.simulate.fieldwork.station_simulation import SECONDS, Fieldwork
from survey_cli.simulate.interviews.respondents import Habits
from survey_cli.study.open_study import people_of_study

INTERVIEWERS: Final = 6
"""Where nobody is listed and no number is given."""
DAYS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTrial:
    """What is tried, of which study."""

    path: str
    starts: date | None = None
    """None: the study's own first day, else `today`."""
    today: date
    days: int = DAYS
    """Of the calendar."""
    zone: str = ""
    """Where the stations are; empty: the study's own."""
    seed: int = 1
    chances: Chances = field(default_factory=Chances)
    habits: Habits = field(default_factory=Habits)
    seconds: float = SECONDS
    """For one item of an interview, on average."""
    interviewers: int | None = None
    """How many, more than are listed too; None: those listed, else six."""
    cases: int = 0
    """So many invented ones; 0: those of `sample`, else of the database."""
    spread: Spread | None = None
    """None: as the study has it."""
    sample: str = ""
    db: str | None = None
    people: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How it went."""

    run: FieldRun
    fieldwork: Fieldwork
    interviewers: int
    days: int
    """That were simulated: fewer than wanted where it was interrupted."""
    spread: Spread


def tried(trial: FieldTrial, tell: Callable[[int, int, int], None] | None = None) -> Tried | UserError:
    """Let them call, and see how it went. `tell` is told how many days are over, of how many, and how many interviews
    are complete."""
    instrument = open_instrument(trial.path)
    if isinstance(instrument, UserError):
        return instrument
    people = people_of_study(trial.path, instrument.id, db=trial.db, named=trial.people)
    if isinstance(people, UserError):
        return people
    staff = staff_of(people, trial.interviewers)
    if isinstance(staff, UserError):
        return staff
    plan = Plan.of(instrument)
    plan = replace(plan, spread=trial.spread or plan.spread)
    fieldwork = _fieldwork(trial, plan)
    if isinstance(fieldwork, UserError):
        return fieldwork
    zone = fieldwork.zone.key
    cases = trial_cases(
        Trial(
            path=trial.path,
            at=day_start(zone, fieldwork.starts),
            invented=invented_cases(instrument, trial.cases, zone, Random(f"{trial.seed}\0sample")),
            sample=trial.sample,
            db=trial.db,
            people=people,
        ),
        instrument,
    )
    if isinstance(cases, UserError):
        return cases
    model = FieldModel(instrument, plan, people, staff, cases, fieldwork)
    model.run(tell)
    return Tried(
        run=run_of(
            model.histories.items,
            plan,
            people,
            at=model.at,
            zone=zone,
            fill=model.fill,
            work=[
                WorkRow(w.login, w.shifts, w.on_duty, w.on_cases, w.calls, w.completes)
                for w in (agent.worked for agent in model.agents)
            ],
        ),
        fieldwork=fieldwork,
        interviewers=len(staff),
        days=model.days if model.interrupted else fieldwork.days,
        spread=plan.spread,
    )


def _fieldwork(trial: FieldTrial, plan: Plan) -> Fieldwork | UserError:
    name = trial.zone or plan.zone
    if not name:
        return UserError(
            trial.path,
            "it does not say in which zone the stations are",
            "write fieldwork: zone:, or give --zone America/Chicago",
        )
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UserError("--zone", f"{name!r} is no time zone", "write one as America/Chicago")
    return Fieldwork(
        starts=trial.starts or plan.calendar.starts or trial.today,
        days=trial.days,
        seed=trial.seed,
        zone=zone,
        chances=trial.chances,
        habits=trial.habits,
        seconds=trial.seconds,
    )


def staff_of(people: People, wanted: int | None) -> Sequence[Interviewer] | UserError:
    """Those who interview, in the order of the list. Where more are wanted than are listed, invented ones who speak and
    can do what the first listed ones do, in turn; where nobody is listed, ones who may do everything."""
    if not people.listed:
        return [
            Interviewer(login=f"interviewer {number}", role="supervisor")
            for number in range(1, (wanted or INTERVIEWERS) + 1)
        ]
    listed = [one for one in people.listed.values() if not one.supervises]
    if not listed:
        return UserError(
            "--interviewers", "nobody who interviews is listed", "give another list: --people FILE"
        )
    invented = [
        replace(listed[number % len(listed)], login=f"interviewer {number + 1}", pseudonym="")
        for number in range(len(listed), wanted or 0)
    ]
    return [*listed, *invented][:wanted]
