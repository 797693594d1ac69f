"""Repairs when a study is opened: unfinished follow-up tasks, missing outcomes, and the queue after a change of plan."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.problems import StoreError
from survey_cli.study.consistency.follow_up import describe_open_tasks, follow_up
from survey_cli.study.consistency.person_erasure import scrub_database
from survey_cli.study.consistency.queue_refresh import drop_unused_quota_places
from survey_cli.study.consistency.reconciliation import COMPARED_SETTING, find_disagreements, reconcile
from survey_cli.study.open_study import OpenStudy

PLAN_SETTING: Final = "plan"
"""The setting that says by which plan the queue was worked out; with a date and time while somebody is at it."""
REBUILD_TIMEOUT: Final = timedelta(minutes=5)
"""So long somebody else may be at it."""


def repair(study: OpenStudy, at: datetime) -> None:
    """Record what interviews and cases of an earlier version disagree on, and do what is still owed. What was done, and
    what could not be, is in `study.repairs`; of a database that can only be read, what would be done. Bytes of erased
    answers leave the file only after the first comparison: writing it anew keeps every station waiting.
    """
    if study.store.read_only:
        study.repairs.extend((*find_disagreements(study.store), *describe_open_tasks(study.store)))
        return
    try:
        compared_before = study.store.settings.read(COMPARED_SETTING) is not None
        study.repairs.extend(reconcile(study.store, study.plan, at))
        study.repairs.extend(follow_up(study, "", at))
        if not compared_before and study.store.settings.read(COMPARED_SETTING) is not None:
            scrub_database(study.store)
    except StoreError as problem:
        study.repairs.append(f"{problem.what}: what verify finds could not be put right — {problem.remedy}")


def rebuild_queue(
    study: OpenStudy, at: datetime, *, pause: Callable[[], None] | None = None, yielding: bool = False
) -> int:
    """Work the whole queue out anew where the plan has changed since, and those cases whose lease ran out; gives how many
    cases that were. Places in quota cells are held by the plan's targets from now on. With `yielding` it is left to
    whoever began it some minutes ago at most: every claim asks the rules once more. Raises StoreError.
    """
    repair(study, at)
    cases = study.store.cases
    cases.quotas.write_targets({id: cell.target for id, cell in study.plan.quotas.cells.items()})
    mark, _, since = (study.store.settings.read(PLAN_SETTING) or "").partition(" ")
    if mark == study.plan.fingerprint and (
        not since or (yielding and abs(at - datetime.fromisoformat(since)) < REBUILD_TIMEOUT)
    ):
        return 0
    study.store.settings.write(PLAN_SETTING, f"{study.plan.fingerprint} {at.isoformat()}")
    begun: list[Case] = []
    done = cases.update_queue_positions(_iterate_positions(study, at, begun), pause=pause)
    drop_unused_quota_places(study.store, study.plan, begun, at)
    study.store.settings.write(PLAN_SETTING, study.plan.fingerprint)
    return done


def _iterate_positions(study: OpenStudy, at: datetime, begun: list[Case]) -> Iterator[tuple[str, int, QueuePosition]]:
    """Where every case stands; those whose interview was begun are told."""
    for key, history in study.store.cases.queries.iterate_histories():
        case = Case.from_history(key, history)
        if case.interview:
            begun.append(case)
        yield key, case.seq, schedule_case(case, study.plan, at)
