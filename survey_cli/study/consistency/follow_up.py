"""Follow-up tasks of a transaction: numbers for the do-not-call list, answers to be erased.

The transaction stores the tasks. They are done at once, or at the next opening of the study after a crash.
"""

from collections.abc import Iterator
from datetime import datetime

from survey_cli.fieldwork.case.events import DoNotCallSet
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import WITHDRAWN, Outcome
from survey_cli.problems import UserError
from survey_cli.store import InterviewOrigin, Store
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.study.consistency.interview_outcomes import DO_NOT_CALL_KINDS
from survey_cli.study.consistency.person_erasure import PERSON_ORIGINS, erase_answers
from survey_cli.study.open_study import OpenStudy

LIST_TASK = "do-not-call"
ERASE_TASK = "erase"
ERASE_PRACTICE_TASK = "erase practice"
TASK_MESSAGES = {
    LIST_TASK: "the numbers of case {} are not on the do-not-call list yet",
    ERASE_TASK: "the answers of case {}, who withdrew consent, are not erased yet",
    ERASE_PRACTICE_TASK: "the practice answers of case {}, who withdrew consent, are not erased yet",
}
REMEDY = "opening the study for writing (survey status FILE) does it"


def build_follow_up_tasks(
    row: Outcome, key: str, origin: InterviewOrigin = "real", *, sampled: bool = True
) -> tuple[str, ...]:
    """What is owed once this outcome is written to the case or interview of this key."""
    kind, found = row.kind, []
    if sampled and kind in DO_NOT_CALL_KINDS:
        found.append(f"{LIST_TASK}: {key}")
    if kind == WITHDRAWN:
        found.append(f"{ERASE_TASK if origin == 'real' else ERASE_PRACTICE_TASK}: {key}")
    return tuple(found)


def do_follow_up_tasks(
    store: Store, instrument: Instrument, do_not_call: DoNotCallList | None, *, at: datetime, by: str, key: str = ""
) -> Iterator[str]:
    """Do what is owed, of the case `key` alone where one is given. Yields a sentence for each thing that could not be
    done. `do_not_call` is None where only answers can be erased.
    """
    cases = store.cases
    for task in cases.follow_up_tasks.list_open():
        what, _, whose = task.partition(": ")
        if (key and whose != key) or (what == LIST_TASK and do_not_call is None):
            continue
        try:
            if what == LIST_TASK and do_not_call is not None:
                _list_numbers(store, do_not_call, whose, at=at, by=by)
            else:
                origins: tuple[InterviewOrigin, ...] = PERSON_ORIGINS if what == ERASE_TASK else ("practice",)
                erase_answers(store, instrument, whose, at=at, by=by, why=WITHDRAWN, origins=origins)
            cases.follow_up_tasks.complete(task)
        except UserError as error:
            yield f"{TASK_MESSAGES[what].format(whose)}: {error.short}"


def follow_up(study: OpenStudy, key: str, at: datetime) -> Iterator[str]:
    """Do what is owed of one case, or of all where `key` is empty."""
    return do_follow_up_tasks(study.store, study.instrument, study.do_not_call, at=at, by=study.who.login, key=key)


def _list_numbers(store: Store, do_not_call: DoNotCallList, key: str, *, at: datetime, by: str) -> None:
    contact = store.cases.queries.find_contact(key)
    if contact is None:
        return
    blocked = [e for e in store.cases.queries.read_history(key) if isinstance(e.event, DoNotCallSet)]
    last = blocked[-1] if blocked else None
    do_not_call.add(
        [number.e164 for number in contact.numbers if number.e164],
        at=last.at if last is not None else at,
        reason=last.event.why if last is not None and isinstance(last.event, DoNotCallSet) else "",
        by=last.by if last is not None else by,
    )


def describe_open_tasks(store: Store) -> list[str]:
    """A sentence for each task that is owed. Raises StoreError."""
    found = []
    for task in store.cases.follow_up_tasks.list_open():
        what, _, whose = task.partition(": ")
        found.append(f"{TASK_MESSAGES[what].format(whose)} — {REMEDY}")
    return found
