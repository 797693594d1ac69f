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
"""The setting with the fingerprint of the plan by which the queue was built; with a start time during a rebuild."""
REBUILD_TIMEOUT: Final = timedelta(minutes=5)
"""Time after which a rebuild that another process began counts as abandoned."""


def repair(study: OpenStudy, at: datetime) -> None:
    """Reconcile interviews with cases, and do the open follow-up tasks.

    `study.repairs` receives a sentence for what was done and what could not be done; in a database opened for reading,
    for what would be done. Erased text is removed from the file's free pages only after the first comparison, because
    rewriting the file makes every station wait.
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
        study.repairs.append(f"{problem.what}: the case histories could not be reconciled — {problem.remedy}")


def rebuild_queue(
    study: OpenStudy, at: datetime, *, pause: Callable[[], None] | None = None, yielding: bool = False
) -> int:
    """Repair the study, store its quota targets, and schedule all cases again where the plan has changed.

    With `yielding`, a rebuild that another process began within `REBUILD_TIMEOUT` is left to it, because every claim
    applies the rules once more. Returns the number of cases whose position was written. Raises StoreError.
    """
    repair(study, at)
    cases = study.store.cases
    cases.quotas.write_targets({cell_id: cell.target for cell_id, cell in study.plan.quotas.cells.items()})
    fingerprint, _, since = (study.store.settings.read(PLAN_SETTING) or "").partition(" ")
    if fingerprint == study.plan.fingerprint and (
        not since or (yielding and abs(at - datetime.fromisoformat(since)) < REBUILD_TIMEOUT)
    ):
        return 0
    study.store.settings.write(PLAN_SETTING, f"{study.plan.fingerprint} {at.isoformat()}")
    interviewed_cases: list[Case] = []
    count = cases.update_queue_positions(_iterate_positions(study, at, interviewed_cases), pause=pause)
    drop_unused_quota_places(study.store, study.plan, interviewed_cases, at)
    study.store.settings.write(PLAN_SETTING, study.plan.fingerprint)
    return count


def _iterate_positions(
    study: OpenStudy, at: datetime, interviewed_cases: list[Case]
) -> Iterator[tuple[str, int, QueuePosition]]:
    """Yield every case's key, sequence number and queue position; cases with an interview go to `interviewed_cases`."""
    for key, history in study.store.cases.queries.iterate_histories():
        case = Case.from_history(key, history)
        if case.interview:
            interviewed_cases.append(case)
        yield key, case.seq, schedule_case(case, study.plan, at)
