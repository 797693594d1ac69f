"""Work that follows a commit outside of its transaction: numbers for the do-not-call list, answers to be erased.

The transaction writes what is owed. It is done at once, or at the next opening of the study where a crash came between.
"""

from collections.abc import Iterator
from datetime import datetime

from survey_cli.fieldwork.case.events import Blocked
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import WITHDRAWN, Outcome
from survey_cli.problems import UserError
from survey_cli.store import Origin, Store, StoreError
from survey_cli.store.do_not_call import NeverCall
from survey_cli.study.consistency.interview_outcomes import FOR_GOOD
from survey_cli.study.consistency.person_erasure import PERSONS, erase_answers
from survey_cli.study.open_study import Study

LIST = "do-not-call"
ERASE = "erase"
ERASE_PRACTICE = "erase practice"
WORDS = {
    LIST: "the numbers of case {} are not on the do-not-call list yet",
    ERASE: "the answers of case {}, who withdrew consent, are not erased yet",
    ERASE_PRACTICE: "the practice answers of case {}, who withdrew consent, are not erased yet",
}
REMEDY = "opening the study for writing (survey status FILE) does it"


def tasks_after(row: Outcome, key: str, origin: Origin = "real", *, sampled: bool = True) -> tuple[str, ...]:
    """What is owed once this outcome is written to the case or interview of this key."""
    kind, found = row.kind, []
    if sampled and kind in FOR_GOOD:
        found.append(f"{LIST}: {key}")
    if kind == WITHDRAWN:
        found.append(f"{ERASE if origin == 'real' else ERASE_PRACTICE}: {key}")
    return tuple(found)


def do_owed(
    store: Store,
    instrument: Instrument,
    never_call: NeverCall | None,
    *,
    at: datetime,
    by: str,
    key: str = "",
) -> Iterator[str]:
    """Do what is owed, of the case `key` alone where one is given. Yields a sentence for each thing that could not be
    done. `never_call` is None where only answers can be erased."""
    cases = store.cases
    for task in cases.owed():
        what, _, whose = task.partition(": ")
        if (key and whose != key) or (what == LIST and never_call is None):
            continue
        try:
            if what == LIST and never_call is not None:
                _list_numbers(store, never_call, whose, at=at, by=by)
            else:
                origins: tuple[Origin, ...] = PERSONS if what == ERASE else ("practice",)
                erased = erase_answers(store, instrument, whose, at=at, by=by, why=WITHDRAWN, origins=origins)
                if isinstance(erased, UserError):
                    yield f"{WORDS[what].format(whose)}: {erased.what}"
                    continue
            cases.done(task)
        except StoreError as problem:
            yield f"{WORDS[what].format(whose)}: {problem.what} — {problem.remedy}"


def follow_up(study: Study, key: str, at: datetime) -> Iterator[str]:
    """Do what is owed of one case, or of all where `key` is empty."""
    return do_owed(study.store, study.instrument, study.never_call, at=at, by=study.who.login, key=key)


def _list_numbers(store: Store, never_call: NeverCall, key: str, *, at: datetime, by: str) -> None:
    contact = store.cases.contact(key)
    if contact is None:
        return
    blocked = [e for e in store.cases.history(key) if isinstance(e.event, Blocked)]
    last = blocked[-1] if blocked else None
    never_call.add(
        [number.e164 for number in contact.numbers if number.e164],
        at=last.at if last is not None else at,
        reason=last.event.why if last is not None and isinstance(last.event, Blocked) else "",
        by=last.by if last is not None else by,
    )


def still_owed(store: Store) -> list[str]:
    """A sentence for each task that is owed. Raises StoreError."""
    found = []
    for task in store.cases.owed():
        what, _, whose = task.partition(": ")
        found.append(f"{WORDS[what].format(whose)} — {REMEDY}")
    return found
