"""Simulation of a study's fieldwork from its file: cases, interviewers, some days of calling, and the report.

Cases and interviewers are the study's own or invented. Nothing is stored.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from survey_cli.fieldwork.calendar.zones import find_day_start
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan, SpreadMode
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.disposition_counts import DispositionOptions, count_dispositions
from survey_cli.reports.fieldwork.rates import RateColumn, RateTable, build_rate_table
from survey_cli.reports.fieldwork.simulation_report import SimulationReport, summarize_simulation
from survey_cli.services.report.response_rates import RatesOptions, resolve_assumptions
from survey_cli.services.simulated_study import SimulatedStudyOptions, load_simulation_cases
from survey_cli.simulate.fieldwork.households import Propensities, invent_cases
from survey_cli.simulate.fieldwork.interviewers import ITEM_SECONDS, FieldworkSettings
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart
from survey_cli.simulate.interviews.respondents import Habits
from survey_cli.study.open_study import load_people_by_id

DEFAULT_INTERVIEWERS: Final = 6
"""Used where nobody is listed and no number is given."""
DEFAULT_DAYS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySimulationOptions:
    """What is simulated, of which study."""

    path: str
    starts: date | None = None
    """None: the study's own first day, else `today`."""
    today: date
    days: int = DEFAULT_DAYS
    """Calendar days."""
    zone: str = ""
    """The time zone of the stations; empty: the study's."""
    seed: int = 1
    propensities: Propensities = field(default_factory=Propensities)
    habits: Habits = field(default_factory=Habits)
    item_seconds: float = ITEM_SECONDS
    """Average seconds per item of an interview."""
    interviewers: int | None = None
    """Number of interviewers, possibly more than are listed; None: those listed, else six."""
    cases: int = 0
    """Number of invented cases; 0: those of `sample`, else of the database."""
    spread: SpreadMode | None = None
    """None: the study's."""
    sample: str = ""
    db: str | None = None
    people: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySimulation:
    """The result of a simulation."""

    run: SimulationReport
    settings: FieldworkSettings
    interviewers: int
    days: int
    """Days simulated: fewer than requested where it was interrupted."""
    spread: SpreadMode


def simulate_study(
    options: StudySimulationOptions, progress: Callable[[int, int, int], None] | None = None
) -> StudySimulation:
    """Simulate the study's fieldwork.

    `progress` receives how many days have passed, of how many, and how many interviews are complete.
    """
    instrument = open_instrument(options.path)
    people = load_people_by_id(options.path, instrument.id, db=options.db, named=options.people)
    staff = build_staff(people, options.interviewers)
    plan = Plan.from_instrument(instrument)
    plan = replace(plan, spread=options.spread or plan.spread)
    settings = FieldworkSettings(
        starts=options.starts or plan.calendar.starts or options.today,
        days=options.days,
        seed=options.seed,
        zone=find_station_zone(options.path, options.zone or plan.zone),
        propensities=options.propensities,
        habits=options.habits,
        item_seconds=options.item_seconds,
    )
    zone = settings.zone.key
    cases = load_simulation_cases(
        SimulatedStudyOptions(
            path=options.path,
            at=find_day_start(zone, settings.starts),
            invented=invent_cases(instrument, options.cases, zone, Random(f"{options.seed}\0sample")),
            sample=options.sample,
            db=options.db,
            people=people,
        ),
        instrument,
    )
    model = FieldworkModel(FieldworkStart(instrument, plan, people, cases), staff, settings)
    model.run(progress)
    return StudySimulation(
        run=summarize_simulation(
            model.histories.items(),
            plan,
            at=model.at,
            zone=zone,
            fill=model.fill,
            work=[agent.log for agent in model.interviewers],
            rates=_build_rates(model),
        ),
        settings=settings,
        interviewers=len(staff),
        days=model.days if model.interrupted else settings.days,
        spread=plan.spread,
    )


def _build_rates(model: FieldworkModel) -> RateTable | None:
    """Build the rates as if the field period closed at the end of the simulation."""
    plan, people = model.plan, model.people
    dispositions = count_dispositions(
        model.histories.items(), plan, people if people.interviewers else None, DispositionOptions(at=model.at)
    )
    if dispositions.uncountable or not dispositions.frames:
        return None
    frames = {tally.frame: tally.counts for tally in dispositions.frames}
    eligibility, _ = resolve_assumptions("", frames, RatesOptions(frame=plan.frame))
    return build_rate_table(
        [
            RateColumn.from_counts(t.counts, eligibility[t.frame], frame=t.frame, by=t.by, open_cases=t.open_cases)
            for t in dispositions.frames
        ],
        quotas=bool(plan.quotas.quotas),
    )


def find_station_zone(path: str, name: str) -> ZoneInfo:
    """Return the time zone of the stations. Raises UserError."""
    if not name:
        remedy = "add fieldwork: zone:, or use --zone America/Chicago"
        raise UserError(path, "the stations' time zone is not known", remedy)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError("--zone", f"{name!r} is not a time zone", "write one such as America/Chicago") from None


def build_staff(people: People, requested: int | None) -> Sequence[Interviewer]:
    """List the interviewers, in the order of the list.

    Where more are requested than are listed, further ones copy the languages and skills of the first ones in turn;
    where nobody is listed, all may do everything.
    """
    if not people.interviewers:
        return [
            Interviewer(login=f"interviewer {number}", role="supervisor")
            for number in range(1, (requested or DEFAULT_INTERVIEWERS) + 1)
        ]
    listed = [interviewer for interviewer in people.interviewers.values() if not interviewer.supervises]
    if not listed:
        raise UserError("--interviewers", "the list has nobody who interviews", "specify another list: --people FILE")
    invented = [
        replace(listed[number % len(listed)], login=f"interviewer {number + 1}", pseudonym="")
        for number in range(len(listed), requested or 0)
    ]
    return [*listed, *invented][:requested]
