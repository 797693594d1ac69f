"""How a field run is reported, in order: the queue is brought up to its end, histories are read, rates are made as if the
field closed then."""

from collections.abc import Sequence
from datetime import datetime

from survey_cli.office.rating import Assumed, Settled, settled
from survey_cli.reports.field_run import FieldRun, WorkRow, field_run
from survey_cli.reports.rates import Rated, RateTable, rate_table
from survey_cli.reports.tallies import Wanted, tallied
from survey_cli.study.opening import Study
from survey_cli.study.queueing import caught_up


def run_of(study: Study, *, at: datetime, zone: str, work: Sequence[WorkRow]) -> FieldRun:
    """The report of a study that is open, as of the moment `at`; days are those of `zone`. Raises StoreProblem."""
    cases = study.store.cases
    caught_up(study.store, study.plan, at)
    return field_run(
        cases.histories(),
        study.plan,
        at=at,
        zone=zone,
        fill=cases.fill(),
        work=work,
        rates=_rates(study, at),
    )


def _rates(study: Study, at: datetime) -> RateTable | None:
    people = study.people if study.people.listed else None
    found = tallied(study.store.cases.histories(), study.plan, people, Wanted(at=at))
    told = settled({tally.frame: tally.counts for tally in found.frames}, Assumed(frame=study.plan.frame))
    if found.uncounted or not found.frames or not isinstance(told, Settled):
        return None
    return rate_table(
        [
            Rated(frame=t.frame, by=t.by, counts=t.counts, e=told.e[t.frame], open_cases=t.open_cases)
            for t in found.frames
        ],
        quotas=bool(study.plan.quotas.quotas),
    )
