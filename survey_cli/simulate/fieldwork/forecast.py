"""Forecasts of the rest of a study's fieldwork, from its cases as stored. Nothing is written.

Each row of a forecast is one run of the model. It starts from the stored queue, and a history is
read when its case is called, so that the time taken depends on the days that are simulated and not
on the size of the study.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import product
from statistics import fmean
from typing import Final, NamedTuple, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.plan.plan import CellFill, People, Plan, SpreadMode
from survey_cli.fieldwork.queue.scheduling import QueuePosition
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.permissions import Action, StaffRole
from survey_cli.problems import UserError
from survey_cli.services.cases.fieldwork_status import find_interview_target
from survey_cli.services.run_on_study import read_records
from survey_cli.simulate.fieldwork import behavior
from survey_cli.simulate.fieldwork.model import FieldworkModel, FieldworkStart
from survey_cli.simulate.fieldwork.model_records import COMPLETE_CODE
from survey_cli.simulate.fieldwork.staff import build_staff, find_station_zone
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.study.consistency.upkeep import PLAN_SETTING
from survey_cli.study.open_study import StudyRecords

ForecastProgress: TypeAlias = Callable[[int, int, int], None]
DEFAULT_INTERVIEWER_COUNTS: Final = (4, 8, 12)
MAX_DAYS: Final = 60
"""Length of a forecast if the study has no last day."""
CASES_MEASURED: Final = 2_000
"""About how many called cases propensities are measured in; all if fewer were called."""
QUEUED: Final = ("ready", "waiting")
PILOT_INTERVIEWS: Final = 60
"""Number of interviews simulated to estimate the number of items per interview."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastOptions:
    """Options of a forecast, and the study it is made for."""

    path: str
    at: datetime
    interviewers: tuple[int, ...] = ()
    """One row for each number. Empty for those listed, or else `DEFAULT_INTERVIEWER_COUNTS`."""
    spreads: tuple[SpreadMode, ...] = ()
    """One row for each of these; empty for the study's."""
    days: int | None = None
    """Calendar days; None for those to the study's last day."""
    zone: ZoneInfo | None = None
    """The time zone of the stations; None for the study's."""
    seed: int = 1
    db: str | None = None
    people: str | None = None


class StoredPosition(Protocol):
    """A row of a case, of which the forecast needs the position in the queue."""

    @property
    def key(self) -> str: ...

    @property
    def status(self) -> str:
        """The status of its position, or `leased` while a station has it."""

    @property
    def position(self) -> QueuePosition: ...


class UnfilledCell(NamedTuple):
    """A quota cell that is not full at the end."""

    cell: str
    complete: int
    target: int
    label: str


class ForecastRow(NamedTuple):
    """The forecast for one number of interviewers."""

    interviewers: int
    spread: SpreadMode
    complete: int
    """At the end, including those complete today."""
    new: int
    """Completed in these days."""
    working_days: int
    calls: int
    hours: float
    """On duty, all interviewers together."""
    days: int
    """Calendar days simulated."""
    target_on: date | None
    """When the target is reached; without one, when all hard quota cells are full."""
    filled_on: date | None
    """When all hard quota cells are full."""
    runs_out_on: date | None
    """When no case is left to call."""
    unfilled: tuple[UnfilledCell, ...]

    @property
    def completes_per_day(self) -> float | None:
        """Complete interviews per day on which somebody was called."""
        return self.new / self.working_days if self.working_days else None

    @property
    def hours_per_complete(self) -> float | None:
        """Hours on duty for each complete interview."""
        return self.hours / self.new if self.new else None

    @property
    def calls_per_complete(self) -> float | None:
        """Calls for each complete interview."""
        return self.calls / self.new if self.new else None


class Forecast(NamedTuple):
    """A forecast with all its rows."""

    where: str
    at: datetime
    until: date
    """The last day that is simulated."""
    days: int
    """Number of days simulated for each row."""
    zone: str
    cases: int
    complete: int
    """Today."""
    target: int | None
    target_of: str
    basis: tuple[str, ...]
    """The assumptions, with their sources."""
    rows: tuple[ForecastRow, ...]
    interrupted: bool
    """The last row, if there is one, was not simulated to its end."""


def forecast(options: ForecastOptions, progress: ForecastProgress | None = None) -> Forecast:
    """Forecast a study from its current state.

    Interrupted from the keyboard, it returns what is ready.

    `progress` receives how many days have passed, of how many, over all rows, and how many
    interviews are complete in the current row.
    """
    with read_records(
        options.path, Action.READ_STATUS, db=options.db, people=options.people
    ) as records:
        cases = records.store.cases
        states = cases.counts.count_states()
        target = find_interview_target(records)
        if not states:
            remedy = f"import them: survey sample import {options.path} cases.csv"
            raise UserError(records.where, "there are no cases yet", remedy)

        called = sum(number for state, number in states.items() if state.outcome)
        share = min(1.0, CASES_MEASURED / max(1, called))
        measured = behavior.measure_propensities(
            cases.queries.iterate_sampled_histories(share), records.plan, sampled=share < 1
        )
        seconds, basis = _estimate_item_seconds(records.instrument, options, measured.length)
        settings = replace(
            _build_settings(options, records.plan),
            propensities=measured.propensities,
            item_seconds=seconds,
        )
        combinations = list(
            product(
                options.spreads or (records.plan.spread,),
                _choose_interviewer_counts(options, records.people),
            )
        )

        all_days = len(combinations) * settings.days
        days_before = 0
        rows: list[ForecastRow] = []
        complete = 0
        interrupted = False
        for spread, number in combinations:
            start = _build_start(records, replace(records.plan, spread=spread), options.at)
            staff = build_staff(records.people, number)
            model = FieldworkModel(
                start, staff, settings, target=target.interviews, stops_early=True
            )
            complete = model.complete
            model.run(_offset_progress(progress, days_before, all_days))
            rows.append(_build_row(model, complete, number, spread))
            days_before += settings.days
            if progress is not None:
                progress(days_before, all_days, model.complete)
            if model.interrupted:
                interrupted = True
                break
    return Forecast(
        where=records.where,
        at=options.at,
        until=settings.starts + timedelta(days=settings.days - 1),
        days=settings.days,
        zone=settings.zone.key,
        cases=states.total(),
        complete=complete,
        target=target.interviews,
        target_of=target.source,
        basis=(*measured.basis, *basis),
        rows=tuple(rows),
        interrupted=interrupted,
    )


def _choose_interviewer_counts(options: ForecastOptions, people: People) -> tuple[int, ...]:
    """Return the rows' numbers of interviewers: as requested, as listed, or the usual ones."""
    if options.interviewers:
        return options.interviewers
    listed = sum(person.role is StaffRole.INTERVIEWER for person in people.interviewers.values())
    if listed:
        return (listed,)
    return DEFAULT_INTERVIEWER_COUNTS


def _build_start(records: StudyRecords, plan: Plan, at: datetime) -> FieldworkStart:
    """Start from the stored queue, except for cases with another position under this plan."""
    queries = records.store.cases.queries
    states = records.store.cases.counts.count_states()
    held_cells: dict[str, set[str]] = {}
    for place in queries.list_held_places(at):
        held_cells.setdefault(place.interview, set()).add(place.cell)
    rows = list(_iterate_rows_to_derive(records, plan, at, cases=states.total()))

    complete = 0
    callable_counts: Counter[str] = Counter()
    for state, number in states.items():
        if state.code == COMPLETE_CODE:
            complete += number
        if state.status in QUEUED:
            callable_counts[state.bucket] += number
    # cases whose histories are read are counted by the model
    histories = {}
    for row in rows:
        histories[row.key] = queries.read_history(row.key)
        if row.position.code == COMPLETE_CODE:
            complete -= 1
        if row.status in QUEUED:
            callable_counts[row.position.bucket] -= 1

    remaining = +callable_counts
    return FieldworkStart(
        instrument=records.instrument,
        plan=plan,
        people=records.people,
        histories=histories.items(),
        fill=records.store.cases.quotas.read_fill(),
        held_cells=held_cells,
        at=at,
        queue=queries if remaining else None,
        callable_counts=remaining,
        complete=complete,
    )


def _iterate_rows_to_derive(
    records: StudyRecords, plan: Plan, at: datetime, *, cases: int
) -> Iterator[StoredPosition]:
    """Yield the cases whose stored position is not the one that they have by this plan.

    `cases` is the number of all cases.
    """
    queries = records.store.cases.queries
    fingerprint = records.store.settings.read(PLAN_SETTING)
    is_other_plan = fingerprint != records.plan.fingerprint
    if is_other_plan or records.store.cases.imports.is_settling():
        yield from queries.iterate_rows()
        return

    rows: dict[str, StoredPosition] = {row.key: row for row in queries.list_leased_rows()}
    for row in queries.list_stale_rows(limit=cases):
        rows.setdefault(row.key, row)
    for row in queries.list_outdated_rows(limit=cases):
        rows.setdefault(row.key, row)
    for place in queries.list_held_places(at):
        held_row = queries.find_row(place.case)
        if held_row is not None:
            rows.setdefault(held_row.key, held_row)
    # the parts of the day that a case prefers depend on the spread, once it was called
    if plan.spread != records.plan.spread:
        for status in QUEUED:
            for row in queries.iterate_rows(status=status):
                if row.seq > 1:
                    rows.setdefault(row.key, row)
    yield from rows.values()


def _build_settings(options: ForecastOptions, plan: Plan) -> behavior.FieldworkSettings:
    """Build the settings for the coming days, on the stations' clock."""
    zone = find_station_zone(options.path, options.zone, plan)
    today = options.at.astimezone(zone).date()
    starts = max(today, plan.calendar.starts or today)
    last = plan.calendar.ends
    if last is not None and last < starts:
        remedy = "move fieldwork: ends: to a later day"
        raise UserError(options.path, f"the study's last day, {last}, is over", remedy)
    days = MAX_DAYS
    if options.days:
        days = options.days
    elif last is not None:
        days = (last - starts).days + 1
    return behavior.FieldworkSettings(starts=starts, days=days, seed=options.seed, zone=zone)


def _offset_progress(
    progress: ForecastProgress | None, before: int, whole: int
) -> ForecastProgress | None:
    """Report progress with the days of the rows before added."""
    if progress is None:
        return None
    return lambda days, _, complete: progress(before + days, whole, complete)


def _estimate_item_seconds(
    instrument: Instrument, options: ForecastOptions, length: timedelta | None
) -> tuple[float, tuple[str, ...]]:
    """Estimate the seconds per item from the length of interviews in this study, if it is known.

    With it comes the assumption, in words, if it was assumed.
    """
    if length is None:
        assumed = f"{behavior.ITEM_SECONDS:g} seconds for each item of an interview (assumed)"
        return behavior.ITEM_SECONDS, (assumed,)

    # the length is of interviews, the model needs that of an item
    pilot = simulate_interviews(
        instrument,
        count=PILOT_INTERVIEWS,
        seed=options.seed,
        start=options.at,
        habits=Habits(qualify=1.0),
    )
    items = [
        simulated.interview.seq for simulated in pilot if simulated.interview.outcome == "complete"
    ]
    if not items:
        return behavior.ITEM_SECONDS, ()
    return length.total_seconds() / fmean(items), ()


def _build_row(
    model: FieldworkModel, complete: int, interviewers: int, spread: SpreadMode
) -> ForecastRow:
    """Build the row of a model at its end; `complete` interviews were complete at its beginning."""

    def find_day(at: datetime | None) -> date | None:
        if at is None:
            return None
        return at.astimezone(model.settings.zone).date()

    on_duty = sum((agent.log.on_duty for agent in model.interviewers), timedelta())
    # without a target, the quotas are what is to be reached
    target_at = model.reached_at if model.target else model.filled_at
    unfilled = []
    for id, cell in model.plan.quotas.cells.items():
        completes = model.fill.get(id, CellFill()).completes
        if completes < cell.target:
            unfilled.append(UnfilledCell(id, completes, cell.target, cell.label))
    return ForecastRow(
        interviewers=interviewers,
        spread=spread,
        complete=model.complete,
        new=model.complete - complete,
        working_days=model.working_days,
        calls=sum(agent.log.calls for agent in model.interviewers),
        hours=on_duty / timedelta(hours=1),
        days=model.simulated_days,
        target_on=find_day(target_at),
        filled_on=find_day(model.filled_at),
        runs_out_on=find_day(model.exhausted_at),
        unfilled=tuple(unfilled),
    )
