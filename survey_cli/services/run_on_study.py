"""Who asks the office for something, of which study, and when? The study is opened, brought up to that moment, asked, and
closed again; what is asked is for others to know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Final, TypeVar

from survey_cli.problems import UserError, did_you_mean
from survey_cli.store import Store, StoreError
from survey_cli.study.clock import on_clock
from survey_cli.study.consistency.queue_refresh import caught_up
from survey_cli.study.consistency.upkeep import in_step, repair
from survey_cli.study.open_study import Study, open_study
from survey_cli.study.permissions import for_supervisors

T = TypeVar("T")

LOOKED_THROUGH: Final = 20_000
"""Keys that are looked through for the one that was meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks, of which study, and when."""

    path: str
    at: datetime
    """On this computer's clock; the study that is asked has it on its own."""
    db: str | None = None
    by: str = ""
    """The account unless given."""
    people: str | None = None
    tell: Callable[[str], object] = str
    """Told, a sentence each, what opening the study put right."""


def asked(request: Request, do: Callable[[Study], T | UserError], *, for_whom: str = "") -> T | UserError:
    """What `do` gives of the study. `for_whom` is what only a supervisor may do, in words (`correct an outcome`)."""
    study = open_study(request.path, db=request.db, by=request.by, people=request.people)
    if isinstance(study, UserError):
        return study
    with study:
        if for_whom and (barred := for_supervisors(study, for_whom)) is not None:
            return barred
        try:
            study = replace(study, at=study_time(study.store, request.at))
            if study.store.read_only:
                repair(study, study.at)  # what it would do is said; the study is shown as it was left
            else:
                study.store.cases.settle()
                in_step(study, study.at)
                caught_up(study.store, study.plan, study.at)
            for sentence in study.repairs:
                request.tell(sentence)
            return do(study)
        except StoreError as problem:
            return UserError(problem.where, problem.what, problem.remedy)


def study_time(store: Store, at: datetime) -> datetime:
    """A time of this computer's clock on the study's."""
    return on_clock(store, at, datetime.now(UTC))


def no_such_case(study: Study, key: str) -> UserError:
    """There is none of this key; which one was meant?"""
    cases = study.store.cases
    near = [found.row.key for found in cases.search(key, limit=2)] if study.who.supervises and key else []
    remedy = f"did you mean {near[0]!r}?" if len(near) == 1 else ""
    otherwise = f"look for it: survey cases {study.path} --find {key or 'TEXT'}"
    keys = islice(cases.keys(), LOOKED_THROUGH)
    return UserError(
        study.where, f"there is no case {key!r}", remedy or did_you_mean(key, keys, otherwise=otherwise)
    )
