"""Consequences of an interview for its case: quota places, outcome, code, tasks.

Stations write the events when an interview closes; opening a study writes those that earlier
versions omitted. The transaction also stores follow-up tasks (numbers for the do-not-call list,
answers to be erased), which are done immediately afterwards, or after a crash when the study is
next opened.

A place in a quota cell is reserved as soon as what decides the cell is known: when the interview
starts (sample columns), when the last deciding answer is given, or at a `lookup` of the quota. The
cell is found by `fieldwork`, the reservation is made by the store.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.engine.events import InterviewEnded
from survey_cli.engine.interview import Interview, RouteState
from survey_cli.engine.machine import COMPLETE
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import (
    InterviewProgress,
    code_interview,
    code_waiting_interview,
    is_known_eligible,
)
from survey_cli.fieldwork.case.events import DoNotCallSet, OutcomeRecorded
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
from survey_cli.fieldwork.plan.plan import OUTSIDE_QUOTA, Plan, Quota
from survey_cli.fieldwork.queue.quota_holds import keeps_places
from survey_cli.fieldwork.queue.scheduling import QueuePosition
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import EndItem, LookupItem
from survey_cli.outcomes import DO_NOT_CALL, REFUSAL_OUTCOMES, WITHDRAWN, Outcome
from survey_cli.permissions import Action
from survey_cli.problems import StoreError, UserError
from survey_cli.store import InterviewOrigin, Store
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.study.consistency.person_erasure import PERSON_ORIGINS, erase_answers
from survey_cli.study.consistency.withdrawals import Withdrawal, find_withdrawal, is_own_withdrawal
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import Missing, Place

OPEN: Final = "open"
"""What a `lookup` stores if its quota has a place for the respondent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaReservations:
    """Reserves places in the quota cells of one study for the respondent of one interview."""

    store: Store
    plan: Plan
    clock: Callable[[], datetime]
    occupied: dict[str, int] = field(default_factory=dict)
    """The cells in which a place was reserved here, with the number of places that were occupied
    then."""

    def reserve_in_quota(self, interview_id: str, interview: Interview, quota_id: str) -> str:
        """Look up a quota: `open` (a place stays reserved until the end), `full` or `outside`."""
        quotas = [quota for quota in self.plan.quotas.quotas if quota.id == quota_id]
        if not quotas:
            return OPEN
        quota = quotas[0]
        cell = quota.find_cell(interview.machine.walk.known)
        if cell == OUTSIDE_QUOTA:
            return "outside"
        if cell is None or quota.soft:
            return OPEN

        target = quota.cells[cell].target
        others = quota.cells.keys() - {cell}
        occupied = self._hold(interview_id, {cell: target}, others)
        return OPEN if occupied[cell] else "full"

    def reserve_cells(
        self, interview_id: str, interview: Interview, reserved: frozenset[str]
    ) -> tuple[frozenset[str], str]:
        """Reserve a place in every hard cell that is decided, unless a `lookup` still asks for it.

        A returning respondent may have lost the place that a `lookup` found: it is reserved again.
        `reserved` are the cells in which this session has a place already. Returns the cells
        reserved now, and the first cell that is full or an empty text. A respondent whose route
        leads to another end, or whose interview was complete before, is not turned away. Raises
        StoreError.
        """
        if _is_at_recorded_answer(interview) or _find_expected_outcome(interview) != COMPLETE:
            return reserved, ""
        quotas = self._list_reserved_quotas(interview)
        targets = {}
        for quota in quotas:
            cell = quota.find_cell(interview.machine.walk.known)
            if cell:
                targets[cell] = quota.cells[cell].target
        if targets.keys() == reserved or _corrects_complete_interview(interview):
            return reserved, ""

        others = {cell for quota in quotas for cell in quota.cells} - targets.keys()
        occupied = self._hold(interview_id, targets, others)
        full = sorted(cell for cell, places in occupied.items() if not places)
        reserved_now = frozenset(cell for cell, places in occupied.items() if places)
        first_full = full[0] if full else ""
        return reserved_now, first_full

    def _hold(
        self, interview_id: str, targets: Mapping[str, int], others: Collection[str]
    ) -> Mapping[str, int]:
        """Hold a place in each of these cells instead of the others.

        Returns the places occupied, 0 in a full cell.
        """
        occupied = self.store.cases.quotas.hold(
            interview_id, targets, self.clock(), instead_of=others
        )
        for cell in others:
            self.occupied.pop(cell, None)
        self.occupied.update(occupied)
        return occupied

    def list_cells(self, interview: Interview) -> tuple[str, ...]:
        """List the cells in which the interview has a place, in words: `region: North (12 of 20)`.

        The number of places is that of the reservation; it is left out if an earlier session made
        it. Nothing is read from the database.
        """
        machine = interview.machine
        lookups = _find_lookup_items(interview.instrument)
        cells: list[str] = []
        for quota in self.plan.quotas.quotas:
            cell = None if quota.soft else quota.find_cell(machine.walk.known)
            if not cell:
                continue
            label = quota.cells[cell].label
            occupied = self.occupied.get(cell)
            if occupied:
                cells.append(f"{label} ({occupied} of {quota.cells[cell].target})")
                continue

            items = lookups.get(quota.id, frozenset())
            answers = [machine.recorded_answers.get(Place(item)) for item in items]
            if any(answer is not None and _is_open(answer) for answer in answers):
                cells.append(label)
        return tuple(cells)

    def _list_reserved_quotas(self, interview: Interview) -> list[Quota]:
        """List the hard quotas in which a respondent who has come so far needs a place.

        A quota that has a lookup waits for it. If the route passed all its lookups by, the place is
        reserved before the respondent hangs up.
        """
        lookups = _find_lookup_items(interview.instrument)
        answers = interview.machine.recorded_answers
        looked_up = {place.item for place in answers}
        open_items = {place.item for place, answer in answers.items() if _is_open(answer)}
        is_over = bool(interview.ending) or interview.is_after_hangup

        quotas = []
        for quota in self.plan.quotas.quotas:
            items = lookups.get(quota.id, frozenset())
            is_passed_by = is_over and items.isdisjoint(looked_up)
            needs_place = not items or is_passed_by or bool(items & open_items)
            if needs_place and not quota.soft:
                quotas.append(quota)
        return quotas


def _is_open(answer: RecordedAnswer) -> bool:
    """Return whether a lookup has found a place, and its answer still counts."""
    return answer.cell == OPEN and not answer.lapsed


def _is_at_recorded_answer(interview: Interview) -> bool:
    """Return whether the interview went back to an item that was answered before."""
    stop = interview.machine.current_stop
    if stop is None:
        return False
    answer = interview.machine.recorded_answers.get(stop.place)
    return answer is not None and not answer.lapsed


def _find_expected_outcome(interview: Interview) -> str:
    """Return the outcome to which the interview is coming, as far as its route shows."""
    if interview.ending:
        return interview.ending
    stop = interview.machine.current_stop
    if stop is not None and isinstance(stop.item.question, EndItem):
        return str(stop.item.question.outcome)
    return COMPLETE


def _corrects_complete_interview(interview: Interview) -> bool:
    """Return whether this session corrects an interview that was complete."""
    if not interview.is_reopened:
        return False
    ends = [event for event in interview.events if isinstance(event, InterviewEnded)]
    return any(end.outcome == COMPLETE for end in ends)


@lru_cache(maxsize=8)
def _find_lookup_items(instrument: Instrument) -> Mapping[str, frozenset[str]]:
    """Find the items that look up a quota, by quota."""
    lookups: dict[str, set[str]] = {}
    for item_id, item in instrument.items.items():
        if isinstance(item.question, LookupItem) and item.question.quota is not None:
            lookups.setdefault(str(item.question.quota), set()).add(item_id)
    return {quota: frozenset(items) for quota, items in lookups.items()}


DO_NOT_CALL_KINDS: Final = frozenset({DO_NOT_CALL, WITHDRAWN})
"""Outcomes after which all numbers of the case go on the do-not-call list."""


def build_do_not_call_events(row: Outcome) -> tuple[DoNotCallSet, ...]:
    """Return the event that forbids further calls, if the outcome does."""
    if row.kind not in DO_NOT_CALL_KINDS:
        return ()
    return (DoNotCallSet(row.name.lower()),)


def derive_interview_events(
    interview: Interview, row: Outcome, plan: Plan, *, number: int, interrupted: bool = False
) -> tuple[OutcomeRecorded | DoNotCallSet, ...]:
    """Return the case events of an interview that closed with this outcome.

    `number` is the position of the number that was dialed, 0 if none was. `interrupted` is True if
    another call of this session has left the interview open.
    """
    progress = measure_progress(interview)
    code = "1.1"
    if row.kind != "complete":
        code = code_unfinished_interview(interview, progress, row, plan)
    call = OutcomeRecorded(
        outcome=row.id,
        number=number,
        code=code,
        eligible=is_known_eligible(progress, plan),
        person=True,
        interrupted=interrupted or interview.status == "suspended",
    )
    return (call, *build_do_not_call_events(row))


def code_unfinished_interview(
    interview: Interview, progress: InterviewProgress, row: Outcome, plan: Plan
) -> str:
    """Return the code that an interview gives the call in which it stopped with this outcome.

    It is empty if the outcome's own code counts.
    """
    is_broken_off = interview.status == "stopped" or row.kind in REFUSAL_OUTCOMES
    if not is_broken_off:
        return code_waiting_interview(progress, plan)

    code = code_interview(progress, plan)
    # a refusal in the middle has a code of its own, unless enough was answered before
    if code in ("1.1", "1.2") or row.kind == "break_off":
        return code
    return ""


UNCHANGED_PLACES: Final = ("", ())
"""The value of `CaseUpdate.places` that changes none."""


def select_places(
    case: Case, plan: Plan, position: QueuePosition, interview: Interview | None = None
) -> tuple[str, tuple[str, ...]]:
    """Return the interview whose quota places change, and the cells in which it counts now.

    `interview` is the one that closed with this change, if one did. A complete interview counts in
    its cells. One that waits to be resumed keeps its places as long as `keeps_places` says. Any
    other gives them back. If no place changes, it is `UNCHANGED_PLACES`.
    """
    if not plan.quotas.quotas or not case.interview:
        return UNCHANGED_PLACES

    if position.code == "1.1":
        # it was counted when it closed
        if interview is None:
            return UNCHANGED_PLACES
        return case.interview, plan.quotas.list_counted_cells(interview.evaluate_route().known)

    is_closed = interview is not None and interview.status in ("ended", "stopped")
    is_kept = case.last_event_at is not None and keeps_places(case, plan, case.last_event_at)
    if is_kept and not is_closed and position.status != "done":
        return UNCHANGED_PLACES
    return case.interview, ()


def measure_progress(interview: Interview) -> InterviewProgress:
    """Return how far an interview has come along its route."""
    route = interview.evaluate_route()
    questions = {
        name
        for name, item in interview.instrument.items.items()
        if item.counts_in_progress and item.question.expects_answer
    }
    cells = [answer.cell for place, answer in route.answers.items() if place.item in questions]
    answers = [cell for cell in cells if cell is not None and not isinstance(cell, Missing)]
    unasked = [place for place in route.unreached if place.item in questions]
    return InterviewProgress(
        passed_items=_find_passed_items(interview.instrument, route),
        asked_item=_find_asked_item_past_screening(interview),
        answer_count=len(answers),
        question_count=len(cells) + len(unasked),
    )


def _find_passed_items(instrument: Instrument, route: RouteState) -> frozenset[str]:
    """Find the items, without ends, that a route has passed: answered, or left out on the way."""
    ends = {name for name, item in instrument.items.items() if isinstance(item.question, EndItem)}
    answered = {place.item for place in route.answers} - ends
    # some turns of a roster's item may be answered, and others not yet reached
    unreached = {place.item for place in route.unreached} - answered

    # in the order of the questionnaire, what precedes the first unreached item was left out
    left_out = set[str]()
    for name in instrument.items:
        if name in unreached:
            break
        left_out.add(name)
    return frozenset(answered | (left_out - ends))


def _find_asked_item_past_screening(interview: Interview) -> str:
    """Return the item at which the interview is, if only eligible respondents are asked it.

    Else an empty text.
    """
    stop = interview.machine.current_stop
    if stop is None:
        return ""
    if stop.place.item in _find_items_past_screening(interview.instrument):
        return stop.place.item
    return ""


@lru_cache(maxsize=8)
def _find_items_past_screening(instrument: Instrument) -> frozenset[str]:
    """Find the items that only eligible respondents are asked.

    They follow an `end` for those who are not eligible, and no `end` depends on their answer.
    Without such an `end` the interviewer screens, and nobody can tell who has passed.
    """
    outcomes = build_outcome_table(instrument)
    screening = _find_screening_items(instrument)
    is_screened = False
    past = set[str]()
    for name, item in instrument.items.items():
        if isinstance(item.question, EndItem):
            outcome = outcomes.get(str(item.question.outcome))
            is_screened = is_screened or (outcome is not None and outcome.kind == "not_eligible")
        elif is_screened and name not in screening:
            past.add(name)
    return frozenset(past)


def _find_screening_items(instrument: Instrument) -> frozenset[str]:
    """Find the items whose answers can end an interview, also through computes or sections."""
    ends = [item for item in instrument.items.values() if isinstance(item.question, EndItem)]
    conditions = [condition for end in ends for condition in (end.ask_if, end.unless)]
    for group in instrument.groups.values():
        conditions += [group.ask_if, group.unless]
    names: set[str] = set()
    unseen = {name for condition in conditions if condition is not None for name in condition.names}
    while unseen:
        names |= unseen
        computes = [instrument.computes[name] for name in unseen if name in instrument.computes]
        needs: set[str] = set()
        for compute in computes:
            for condition in compute.conditions.values():
                needs |= set(condition.names)
        unseen = needs - names
    return frozenset(names)


LIST_TASK = "do-not-call"
ERASE_TASK = "erase"
ERASE_PRACTICE_TASK = "erase practice"
TASK_MESSAGES = {
    LIST_TASK: "the numbers of case {} are not on the do-not-call list yet",
    ERASE_TASK: "the answers of case {}, who withdrew consent, are not erased yet",
    ERASE_PRACTICE_TASK: "the practice answers of case {}, who withdrew consent,"
    " are not erased yet",
}
REMEDY = "run survey status FILE to finish this"


def build_follow_up_tasks(
    row: Outcome, key: str, origin: InterviewOrigin = "real", *, sampled: bool = True
) -> tuple[str, ...]:
    """Return the tasks to do once this outcome is written to the case or interview."""
    tasks = []
    if sampled and row.kind in DO_NOT_CALL_KINDS:
        tasks.append(LIST_TASK)
    if row.kind == WITHDRAWN and origin == "real":
        tasks.append(ERASE_TASK)
    elif row.kind == WITHDRAWN:
        tasks.append(ERASE_PRACTICE_TASK)
    return tuple(f"{task}: {key}" for task in tasks)


def do_follow_up_tasks(
    store: Store,
    instrument: Instrument,
    do_not_call: DoNotCallList | None,
    *,
    at: datetime,
    by: str,
    key: str = "",
    confirmed: bool = False,
    names_waiting: bool = True,
) -> Iterator[str]:
    """Do the open tasks: those of the case `key`, or all if `key` is empty.

    Yields a sentence for each task that could not be done and, with `names_waiting`, for each that
    waits for a supervisor. `do_not_call` is None if only answers can be erased. With
    `confirmed`, the person at work is the supervisor who has just recorded the withdrawal.
    """
    for task in store.settings.list_tasks():
        kind, _, task_key = task.partition(": ")
        if kind not in TASK_MESSAGES or (key and task_key != key):
            continue
        try:
            if kind == LIST_TASK:
                result = _do_list_task(store, do_not_call, task_key, at=at, by=by)
            else:
                result = _do_erase_task(
                    store, instrument, kind, task_key, at=at, by=by, confirmed=confirmed
                )
            if result.message and (result.is_complete or names_waiting):
                yield result.message
            if result.is_complete:
                store.settings.complete_task(task)
        except UserError as error:
            reason = error.short if isinstance(error, StoreError) else error.what
            if not store.connector.supervises:
                reason = "the next command of a supervisor does that"
            yield f"{TASK_MESSAGES[kind].format(task_key)}: {reason}"


class _TaskResult(NamedTuple):
    """What became of one task."""

    is_complete: bool
    """Whether nothing is left to do; otherwise the task stays open."""
    message: str = ""
    """Why it was removed or what waits for a supervisor; empty if there is nothing to say."""


def _do_list_task(
    store: Store, do_not_call: DoNotCallList | None, key: str, *, at: datetime, by: str
) -> _TaskResult:
    """Put the numbers of a case on the do-not-call list, if an event of the case asks for it."""
    if not _forbids_calls(store, key):
        return _TaskResult(is_complete=True, message=_describe_removal(LIST_TASK, key))
    if do_not_call is None:
        return _TaskResult(is_complete=False)
    _add_to_do_not_call_list(store, do_not_call, key, at=at, by=by)
    return _TaskResult(is_complete=True)


def _do_erase_task(
    store: Store,
    instrument: Instrument,
    kind: str,
    key: str,
    *,
    at: datetime,
    by: str,
    confirmed: bool,
) -> _TaskResult:
    """Erase the answers of a case whose consent was withdrawn, if its history still says so."""
    withdrawal = find_withdrawal(store, instrument, key)
    if withdrawal is None:
        return _TaskResult(is_complete=True, message=_describe_removal(kind, key))
    has_waiting = _erase(store, instrument, withdrawal, kind, at=at, by=by, confirmed=confirmed)
    # the task stays open until a supervisor has decided
    if has_waiting:
        return _TaskResult(is_complete=False, message=withdrawal.message)
    return _TaskResult(is_complete=True)


def _describe_removal(kind: str, key: str) -> str:
    return f"case {key}: the task {kind!r} was removed, because no outcome of this case asks for it"


def _forbids_calls(store: Store, key: str) -> bool:
    """Return whether an event forbids further calls.

    On a server, interviewers may add tasks, which the programs of supervisors do.
    """
    history = store.cases.queries.read_history(key)
    return any(isinstance(entry.event, DoNotCallSet) for entry in history)


def _erase(
    store: Store,
    instrument: Instrument,
    withdrawal: Withdrawal,
    kind: str,
    *,
    at: datetime,
    by: str,
    confirmed: bool,
) -> bool:
    """Erase the answers that need no supervisor; returns whether others wait for one."""
    origins: tuple[InterviewOrigin, ...] = PERSON_ORIGINS if kind == ERASE_TASK else ("practice",)
    rows = [*withdrawal.at_once]
    if confirmed:
        rows += withdrawal.waiting
    only = {row.id for row in rows}
    erase_answers(store, instrument, withdrawal.key, at=at, by=by, origins=origins, only=only)
    return any(row.origin in origins and row.id not in only for row in withdrawal.waiting)


def follow_up(study: OpenStudy, key: str, at: datetime) -> Iterator[str]:
    """Do the open tasks of one case, or all if `key` is empty.

    Yields a sentence for each that could not be done.
    """
    confirmed = False
    if key and study.who.may(Action.ERASE):
        confirmed = is_own_withdrawal(study.store, study.instrument, key)
    return do_follow_up_tasks(
        study.store,
        study.instrument,
        study.do_not_call,
        at=at,
        by=study.who.login,
        key=key,
        confirmed=confirmed,
        names_waiting=bool(key) or study.who.may(Action.ERASE),
    )


def _add_to_do_not_call_list(
    store: Store, do_not_call: DoNotCallList, key: str, *, at: datetime, by: str
) -> None:
    """Put a case's numbers on the do-not-call list, with the time and reason of the request."""
    contact = store.cases.queries.find_contact(key)
    reason = ""
    for entry in store.cases.queries.read_history(key):
        if isinstance(entry.event, DoNotCallSet):
            at = entry.at
            by = entry.by
            reason = entry.event.why

    # an interviewer's account on a server can't read the numbers: the server lists them
    is_left_to_server = store.connector.dialect == "postgresql" and not store.connector.supervises
    if contact is None or is_left_to_server:
        store.cases.list_never_call(key, at=at, reason=reason, by=by)
        return
    numbers = [number.e164 for number in contact.numbers if number.e164]
    do_not_call.add(numbers, at=at, reason=reason, by=by)


def describe_open_tasks(store: Store, instrument: Instrument) -> list[str]:
    """Return a sentence for each open task, other than those that wait for a supervisor.

    Raises StoreError.
    """
    sentences = []
    for task in store.settings.list_tasks():
        kind, _, key = task.partition(": ")
        if kind not in TASK_MESSAGES:
            continue
        if kind != LIST_TASK:
            withdrawal = find_withdrawal(store, instrument, key)
            if withdrawal is not None and withdrawal.waiting and not withdrawal.at_once:
                continue
        sentences.append(f"{TASK_MESSAGES[kind].format(key)} — {REMEDY}")
    return sentences
