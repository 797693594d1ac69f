"""Simulation of a study's fieldwork from its file.

Cases and interviewers are the study's own or invented.

Nothing is stored.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.calendar.zones import find_day_start
from survey_cli.fieldwork.plan.plan import Plan, SpreadMode
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.reports.fieldwork.disposition_counts import DispositionOptions, count_dispositions
from survey_cli.reports.fieldwork.rates import RateTable, build_rate_table
from survey_cli.reports.fieldwork.simulation_report import SimulationReport, summarize_simulation
from survey_cli.services.report.response_rates import RatesOptions, build_rate_columns
from survey_cli.services.simulated_study import SimulatedStudyOptions, load_simulation_cases
from survey_cli.simulate.fieldwork import behavior
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart
from survey_cli.simulate.fieldwork.staff import build_staff, find_station_zone
from survey_cli.simulate.interviews.respondents import Habits
from survey_cli.study.open_study import load_study_people

DEFAULT_DAYS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySimulationOptions:
    """What is simulated, of which study."""

    path: str
    starts: date | None = None
    """The first day; None for the study's own, else `today`."""
    today: date
    days: int = DEFAULT_DAYS
    """Calendar days."""
    zone: ZoneInfo | None = None
    """The time zone of the stations; None for the study's."""
    seed: int = 1
    propensities: behavior.Propensities = field(default_factory=behavior.Propensities)
    habits: Habits = field(default_factory=Habits)
    item_seconds: float = behavior.ITEM_SECONDS
    """Average seconds per item of an interview."""
    interviewers: int | None = None
    """Number of interviewers, possibly more than are listed; None for those listed, else six."""
    cases: int = 0
    """Number of invented cases; 0: those of `sample`, else of the database."""
    spread: SpreadMode | None = None
    """How attempts are spread over the parts of the day; None for the study's rule."""
    sample: str = ""
    db: str | None = None
    people: str | None = None


def simulate_study(
    options: StudySimulationOptions, progress: Callable[[int, int, int], None] | None = None
) -> tuple[SimulationReport, FieldworkModel]:
    """Simulate the study's fieldwork. Returns the report on it, and the model at its end.

    `progress` receives how many days have passed, of how many, and how many interviews are
    complete.
    """
    instrument = open_instrument(options.path)
    people = load_study_people(options.path, instrument.id, db=options.db, named=options.people)
    staff = build_staff(people, options.interviewers)
    plan = Plan.from_instrument(instrument)
    plan = replace(plan, spread=options.spread or plan.spread)

    settings = behavior.FieldworkSettings(
        starts=options.starts or plan.calendar.starts or options.today,
        days=options.days,
        seed=options.seed,
        zone=find_station_zone(options.path, options.zone, plan),
        propensities=options.propensities,
        habits=options.habits,
        item_seconds=options.item_seconds,
    )
    zone = settings.zone.key
    cases = load_simulation_cases(
        SimulatedStudyOptions(
            path=options.path,
            at=find_day_start(zone, settings.starts),
            invented=behavior.invent_cases(
                instrument, options.cases, zone, Random(f"{options.seed}\0sample")
            ),
            sample=options.sample,
            db=options.db,
            people=people,
        ),
        instrument,
    )

    model = FieldworkModel(FieldworkStart(instrument, plan, people, cases), staff, settings)
    model.run(progress)

    report = summarize_simulation(
        model.histories.items(),
        plan,
        at=model.at,
        zone=zone,
        fill=model.fill,
        work=[agent.log for agent in model.interviewers],
        rates=_build_rates(model),
    )
    return report, model


def _build_rates(model: FieldworkModel) -> RateTable | None:
    """Build the rates as if the field period closed at the end of the simulation."""
    plan = model.plan
    dispositions = count_dispositions(
        model.histories.items(), plan, DispositionOptions(at=model.at)
    )
    if dispositions.uncountable or not dispositions.frames:
        return None
    columns, _ = build_rate_columns(dispositions, RatesOptions(frame=plan.frame))
    return build_rate_table(columns, quotas=bool(plan.quotas.quotas))
