"""Follow-up tasks of a transaction: numbers for the do-not-call list, answers to be erased.

The transaction stores the tasks. They are done immediately afterwards, or after a crash when the study is next opened.
"""

from collections.abc import Iterator
from datetime import datetime

from survey_cli.fieldwork.case.events import DoNotCallSet
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import WITHDRAWN, Outcome
from survey_cli.problems import StoreError, UserError
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
REMEDY = "run survey status FILE to finish this"


def build_follow_up_tasks(
    row: Outcome, key: str, origin: InterviewOrigin = "real", *, sampled: bool = True
) -> tuple[str, ...]:
    """Return the tasks that follow once this outcome is written to the case or interview of this key."""
    tasks = []
    if sampled and row.kind in DO_NOT_CALL_KINDS:
        tasks.append(f"{LIST_TASK}: {key}")
    if row.kind == WITHDRAWN:
        tasks.append(f"{ERASE_TASK if origin == 'real' else ERASE_PRACTICE_TASK}: {key}")
    return tuple(tasks)


def do_follow_up_tasks(
    store: Store, instrument: Instrument, do_not_call: DoNotCallList | None, *, at: datetime, by: str, key: str = ""
) -> Iterator[str]:
    """Do the open tasks: those of the case `key`, or all where `key` is empty.

    Yields a sentence for each task that could not be done. `do_not_call` is None where only answers can be erased.
    """
    for task in store.cases.follow_up_tasks.list_open():
        kind, _, task_key = task.partition(": ")
        if key and task_key != key:
            continue
        try:
            if kind != LIST_TASK:
                origins: tuple[InterviewOrigin, ...] = PERSON_ORIGINS if kind == ERASE_TASK else ("practice",)
                erase_answers(store, instrument, task_key, at=at, by=by, why=WITHDRAWN, origins=origins)
            elif do_not_call is not None:
                _list_numbers(store, do_not_call, task_key, at=at, by=by)
            else:
                continue
            store.cases.follow_up_tasks.complete(task)
        except UserError as error:
            reason = error.short if isinstance(error, StoreError) else error.what
            yield f"{TASK_MESSAGES[kind].format(task_key)}: {reason}"


def follow_up(study: OpenStudy, key: str, at: datetime) -> Iterator[str]:
    """Do the open tasks of one case, or all where `key` is empty; yields a sentence for each that could not be done."""
    return do_follow_up_tasks(study.store, study.instrument, study.do_not_call, at=at, by=study.who.login, key=key)


def _list_numbers(store: Store, do_not_call: DoNotCallList, key: str, *, at: datetime, by: str) -> None:
    contact = store.cases.queries.find_contact(key)
    if contact is None:
        return
    reason = ""
    for entry in store.cases.queries.read_history(key):
        if isinstance(entry.event, DoNotCallSet):
            at, by, reason = entry.at, entry.by, entry.event.why
    do_not_call.add([number.e164 for number in contact.numbers if number.e164], at=at, reason=reason, by=by)


def describe_open_tasks(store: Store) -> list[str]:
    """Return a sentence for each open task. Raises StoreError."""
    tasks = (task.partition(": ") for task in store.cases.follow_up_tasks.list_open())
    return [f"{TASK_MESSAGES[kind].format(key)} — {REMEDY}" for kind, _, key in tasks]
