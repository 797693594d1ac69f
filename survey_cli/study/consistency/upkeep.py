"""Upkeep of a study at its opening: work that a crash left undone, outcomes that cases lack, the queue by the plan."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.queue.rules import Standing, standing
from survey_cli.store import StoreError
from survey_cli.study.consistency.follow_up import follow_up, still_owed
from survey_cli.study.consistency.person_erasure import clean
from survey_cli.study.consistency.queue_refresh import let_places_go
from survey_cli.study.consistency.reconciliation import COMPARED, disagreements, reconcile
from survey_cli.study.open_study import Study

PLAN: Final = "plan"
"""The setting that says by which plan the queue was worked out; with a date and time while somebody is at it."""
BEGUN: Final = timedelta(minutes=5)
"""So long somebody else may be at it."""


def repair(study: Study, at: datetime) -> None:
    """Record what interviews and cases of an earlier version disagree on, and do what is still owed. What was done, and
    what could not be, is in `study.repairs`; of a database that can only be read, what would be done. Bytes of erased
    answers leave the file only after the first comparison: writing it anew keeps every station waiting."""
    if study.store.read_only:
        study.repairs.extend((*disagreements(study.store), *still_owed(study.store)))
        return
    cases = study.store.cases
    try:
        compared_before = cases.setting(COMPARED) is not None
        study.repairs.extend(reconcile(study.store, study.plan, at))
        study.repairs.extend(follow_up(study, "", at))
        if not compared_before and cases.setting(COMPARED) is not None:
            clean(study.store)
    except StoreError as problem:
        study.repairs.append(f"{problem.what}: what verify finds could not be put right — {problem.remedy}")


def in_step(
    study: Study, at: datetime, *, pause: Callable[[], None] | None = None, yielding: bool = False
) -> int:
    """Work the whole queue out anew where the plan has changed since, and those cases whose lease ran out; gives how many
    cases that were. Places in quota cells are held by the plan's targets from now on. With `yielding` it is left to
    whoever began it some minutes ago at most: every claim asks the rules once more. Raises StoreError."""
    repair(study, at)
    cases = study.store.cases
    cases.keep_targets({id: cell.target for id, cell in study.plan.quotas.cells.items()})
    mark, _, since = (cases.setting(PLAN) or "").partition(" ")
    if mark == study.plan.mark and (
        not since or (yielding and abs(at - datetime.fromisoformat(since)) < BEGUN)
    ):
        return 0
    cases.keep_setting(PLAN, f"{study.plan.mark} {at.isoformat()}")
    begun: list[Case] = []
    done = cases.restand(_stood(study, at, begun), pause=pause)
    let_places_go(study.store, study.plan, begun, at)
    cases.keep_setting(PLAN, study.plan.mark)
    return done


def _stood(study: Study, at: datetime, begun: list[Case]) -> Iterator[tuple[str, int, Standing]]:
    """Where every case stands; those whose interview was begun are told."""
    for key, history in study.store.cases.histories():
        case = Case.of(key, history)
        if case.interview:
            begun.append(case)
        yield key, case.seq, standing(case, study.plan, at)
