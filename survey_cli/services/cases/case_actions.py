"""Actions of supervisors on cases: correct, answer, reopen, release, free, reassign.

Each is an event in the case's history, and nothing that was keyed is lost. `seen` is the number of
the last event of the case that the supervisor has seen; None means all. If there are later ones,
nothing is written. A case is freed all the same, unless it was claimed again.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.appointment import find_open_appointment
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import (
    NUMBER_CODES,
    classify_outcome,
    validate_override,
)
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.reasons import DUE
from survey_cli.fieldwork.queue.scheduling import QueuePosition, schedule_case
from survey_cli.fieldwork.rates.dispositions import find_disposition
from survey_cli.outcomes import FINAL_REFUSALS, LOST, REFUSAL_OUTCOMES, WITHDRAWN, Outcome
from survey_cli.permissions import Action, may, with_article
from survey_cli.problems import OutdatedError, StoreError, UserError, suggest_nearest
from survey_cli.reports.fieldwork.case_histories import describe_event, describe_outcome
from survey_cli.samples.cases.columns import clean_text
from survey_cli.services.run_on_study import ProgressCallback, find_case, on_study
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate, LeaseLost
from survey_cli.study.consistency.interview_outcomes import (
    build_do_not_call_events,
    build_follow_up_tasks,
    follow_up,
    select_places,
)
from survey_cli.study.consistency.person_erasure import scrub_database
from survey_cli.study.consistency.upkeep import reconcile_lapsed, record_lost_call, replay_stored
from survey_cli.study.open_study import OpenStudy, make_busy_error

MAX_TRIES: Final = 5
"""Attempts to write, since stations may write to the case between reading and writing."""
MAX_UNSEEN: Final = 3
"""Events that are named if a case was changed since it was seen."""


class CaseActionResult(NamedTuple):
    """A case that was changed, and its queue position afterwards."""

    key: str
    position: QueuePosition
    summary: str
    """What was done, as text."""


class PreviousHolder(NamedTuple):
    """Who had the case before it was freed."""

    by: str
    station: str
    since: datetime | None


class CaseBatchResult(NamedTuple):
    """What was done to several cases."""

    changed: tuple[CaseActionResult, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    """Cases that were not changed, each with the reason."""


class _PlannedChange(NamedTuple):
    """The change to make to a case."""

    events: list[case_events.CaseEvent]
    summary: str
    follow_ups: tuple[str, ...] = ()
    """What to do once it is stored: numbers for the do-not-call list, answers to erase."""


PlanChange: TypeAlias = Callable[[Case], "_PlannedChange | None"]
"""Returns the change to make to a case; None if it isn't affected. May raise UserError."""


@on_study(Action.CORRECT_OUTCOMES)
def correct_outcome(
    study: OpenStudy,
    key: str,
    outcome: str,
    *,
    code: str = "",
    note: str = "",
    seen: int | None = None,
) -> CaseActionResult:
    """Give a case another outcome, or a code of the supervisor's own.

    A temporary outcome puts it back into the queue. Its interview takes or gives back quota places
    according to the new code.
    """
    note = clean_text(note, lines=True)
    if not note:
        raise UserError(f"case {key}", "a correction needs a reason", "give it with --note")
    disposition = find_disposition(code)
    if disposition is not None:
        code = disposition.code
    unlisted: list[str] = []

    def plan_change(case: Case) -> _PlannedChange:
        validate_override(case, study.plan, outcome=outcome, code=code)
        # The change is planned again if a station writes meanwhile: only the last plan counts.
        unlisted.clear()
        if _undoes_do_not_call(case, study.plan, outcome):
            unlisted.extend(_list_own_listings(study, key))
        return _plan_correction(study, case, outcome, code, note)

    result = _change_existing_case(study, key, plan_change, seen)
    if unlisted:
        study.do_not_call.remove(unlisted, at=study.at, reason=note, by=study.who.login)
    return result


def _undoes_do_not_call(case: Case, plan: Plan, outcome: str) -> bool:
    """Return whether this outcome undoes a do-not-call mark of a station, a supervisor or the list.

    A withdrawal of consent is never undone.
    """
    new_outcome = plan.outcomes.get(outcome)
    if not case.do_not_call or case.erased or new_outcome is None:
        return False
    sets_it_again = bool(build_do_not_call_events(new_outcome))
    if sets_it_again:
        return False

    case_outcomes: set[str] = set()
    for call in case.calls:
        case_outcomes.update((call.keyed_outcome, call.outcome))
    if case.override is not None:
        case_outcomes.add(case.override.outcome)
    known_outcomes = case_outcomes & plan.outcomes.keys()
    return all(plan.outcomes[name].kind != WITHDRAWN for name in known_outcomes)


def _list_own_listings(study: OpenStudy, key: str) -> list[str]:
    """List the numbers that this case put on the do-not-call list.

    Raises UserError if another request put one of its numbers there.
    """
    requests = set()
    for entry in study.store.cases.queries.read_history(key):
        if isinstance(entry.event, case_events.DoNotCallSet):
            requests.add((entry.at, entry.by))

    own = []
    contact = study.store.cases.queries.find_contact(key)
    numbers = contact.numbers if contact is not None else ()
    for number in numbers:
        if not number.e164:
            continue
        listing = study.do_not_call.find_entry(number.e164)
        if listing is None:
            continue
        if (listing.at, listing.by) not in requests:
            since = f"{listing.at:%Y-%m-%d}, by {listing.by}: {listing.reason}"
            what = f"one of its numbers has been on the do-not-call list since {since}"
            remedy = (
                "if that is wrong too, first run: survey do-not-call remove NUMBER --reason TEXT"
            )
            raise UserError(f"case {key}", what, remedy)
        own.append(number.e164)
    return own


def _plan_correction(
    study: OpenStudy, case: Case, outcome: str, code: str, note: str
) -> _PlannedChange:
    """Plan the events of a correction, and say what it does."""
    plan = study.plan
    events: list[case_events.CaseEvent] = []
    if _undoes_do_not_call(case, plan, outcome):
        cleared = case_events.DoNotCallCleared(note)
        events.append(cleared)
        # Its numbers may be called again from here on.
        case = case.apply(
            case_events.HistoryEntry(study.at, "", case_events.OFFICE_STATION, cleared)
        )
    events.append(case_events.OutcomeOverridden(outcome, code, note))

    new = plan.outcomes.get(outcome)
    if new is not None:
        mark = _correct_number(case, plan, new)
        if mark is not None:
            events.append(mark)

    summary = f"corrected to {_format_outcome(plan, outcome, code)}"
    earlier = case.override
    is_replaced = earlier is not None and earlier.calls_before == len(case.calls)
    if earlier is not None and is_replaced and earlier.by != study.who.login:
        whose = f"{earlier.by}, {earlier.at.astimezone():%Y-%m-%d %H:%M}"
        summary += f", replacing {_format_outcome(plan, earlier.outcome, earlier.code)} ({whose})"

    if new is None:
        return _PlannedChange(events, summary)
    events += build_do_not_call_events(new)
    return _PlannedChange(events, summary, build_follow_up_tasks(new, case.key))


def _correct_number(case: Case, plan: Plan, new: Outcome) -> case_events.NumberMarked | None:
    """Return the mark on the number that was called last, if the new outcome changes its state."""
    last = case.last_call
    number = case.find_number(last.number) if last is not None else None
    if last is None or number is None or number.state == "never_call":
        return None

    if _says_number_is_dead(new, plan):
        if number.state == "live":
            return case_events.NumberMarked(number.position, "dead", new.name.lower())
        return None

    old = plan.outcomes.get(last.outcome)
    if old is not None and _says_number_is_dead(old, plan) and number.state == "dead":
        return case_events.NumberMarked(number.position, "live", "corrected")
    return None


def _says_number_is_dead(outcome: Outcome, plan: Plan) -> bool:
    """Return whether this outcome means that the number is not in service, by the kind of frame."""
    code = outcome.listed if plan.eligibility_known else outcome.rdd
    return code in NUMBER_CODES


def _format_outcome(plan: Plan, outcome: str, code: str) -> str:
    """Return an outcome and its code as text, either of which may be empty."""
    if not outcome:
        return code
    return f"{describe_outcome(outcome, plan)} {code}".strip()


@on_study(Action.ANSWER_REFERRALS)
def answer_referral(
    study: OpenStudy, key: str, *, note: str = "", seen: int | None = None
) -> CaseActionResult:
    """Answer what an interviewer referred to the supervisor; the case returns to the queue."""

    def plan_change(case: Case) -> _PlannedChange:
        waits = case.calls[case.calls_before_answer :]
        is_referred = waits and study.plan.delays.get(waits[-1].outcome) == "held"
        if not is_referred:
            remedy = "survey case why shows what it is waiting for"
            raise UserError(f"case {key}", "it was not referred to a supervisor", remedy)
        answered = case_events.ReferralAnswered(clean_text(note, lines=True))
        return _PlannedChange([answered], "answered")

    return _change_existing_case(study, key, plan_change, seen)


@on_study(Action.REOPEN_CASES)
def reopen_case(study: OpenStudy, key: str, *, why: str = "") -> CaseActionResult:
    """Put a finished case back into the queue, with its attempts counted anew."""

    def plan_change(case: Case) -> _PlannedChange:
        obstacle = _find_obstacle_to_reopening(study, case)
        if obstacle is not None:
            raise obstacle
        reopened = case_events.CaseReopened(clean_text(why, lines=True))
        return _PlannedChange([reopened], "put back into the queue")

    return _change_existing_case(study, key, plan_change)


def _find_obstacle_to_reopening(study: OpenStudy, case: Case) -> UserError | None:
    """Return why a case can't be put back into the queue; None if it can."""
    where = f"case {case.key}"
    if case.erased or case.do_not_call:
        what = "it was erased" if case.erased else "it may not be called again"
        remedy = "nothing can be done: the request not to be called is permanent"
        return UserError(where, what, remedy)

    position = schedule_case(case, study.plan, study.at)
    if position.status != "done":
        status: str = position.status
        if position.reason != DUE:
            status = f"{position.status}, {position.reason.words}"
        remedy = "survey case why shows when it is due"
        return UserError(where, f"it is not finished: {status}", remedy)
    if position.code == "1.1":
        remedy = (
            "correct its outcome (survey case outcome), "
            f"or its answers: survey interview {study.path} --reopen"
        )
        return UserError(where, "its interview is complete", remedy)
    if case.numbers and not case.live_numbers:
        remedy = (
            f"add a number in the sample file: survey sample import {study.path} cases.csv --update"
        )
        return UserError(where, "none of its numbers is in service", remedy)
    return None


@on_study(Action.REOPEN_CASES)
def reopen_refusals(
    study: OpenStudy,
    *,
    before: datetime | None,
    why: str = "",
    progress: ProgressCallback | None = None,
) -> CaseBatchResult:
    """Put finished soft refusals whose last refusal was before a given time back into the queue.

    Hard refusals and do-not-call requests are left alone.
    """
    why = clean_text(why, lines=True) or "for conversion"

    def plan_change(case: Case) -> _PlannedChange | None:
        if not _is_soft_refusal(case, study.plan, before):
            return None
        if _find_obstacle_to_reopening(study, case) is not None:
            return None
        return _PlannedChange([case_events.CaseReopened(why)], "put back into the queue")

    # The code of a refusal begins with 2, or with 3 if it came before the screening.
    done = study.store.cases.queries.iterate_rows(status="done")
    refused = [row for row in done if row.position.code.startswith(("2.", "3."))]
    return _change_cases(study, refused, plan_change, progress=progress)


def _is_soft_refusal(case: Case, plan: Plan, before: datetime | None) -> bool:
    """Return whether the case is finished because of refusals, none of them hard."""
    if case.override is not None:
        return False
    calls = case.calls[case.calls_before_reopening :]
    refused = [call for call in calls if classify_outcome(call, plan) in REFUSAL_OUTCOMES]
    if not refused:
        return False
    if before is not None and refused[-1].at >= before:
        return False
    return all(classify_outcome(call, plan) not in FINAL_REFUSALS for call in case.calls)


@on_study(Action.RELEASE_REPLICATES)
def release_replicates(
    study: OpenStudy, replicates: str, *, progress: ProgressCallback | None = None
) -> CaseBatchResult:
    """Release replicates of the sample, so that their cases may be called.

    Released replicates stay released. Repeating the call continues where it stopped.
    """
    rows = [row for row in study.store.cases.queries.iterate_rows() if row.replicate]
    selected = parse_replicates(replicates, {row.replicate for row in rows}, where=study.where)

    # A case without a working number is done before its release.
    waiting = [
        row
        for row in rows
        if row.replicate in selected and row.position.status in ("unreleased", "done")
    ]

    def plan_change(case: Case) -> _PlannedChange | None:
        if case.released:
            return None
        return _PlannedChange([case_events.CaseReleased()], "released")

    return _change_cases(study, waiting, plan_change, progress=progress)


def parse_replicates(text: str, known: Collection[str], *, where: str) -> frozenset[str]:
    """Parse `1-2,5`, `north` or `all` into names of replicates.

    Each must be known, and a range must contain at least one.
    """
    if not known:
        raise UserError(where, "the sample has no replicates", "add a column with role: replicate")
    if text.strip() == "all":
        return frozenset(known)

    selected: set[str] = set()
    for part in text.split(","):
        name = part.strip()
        if not name:
            continue
        found = _find_replicates(name, known)
        if not found:
            ordered = sorted(known, key=_rank_replicate)
            otherwise = f"the replicates are {', '.join(ordered[:10])}"
            remedy = suggest_nearest(name, known, otherwise=otherwise)
            raise UserError(where, f"there is no replicate {name!r}", remedy)
        selected |= found
    if not selected:
        raise UserError(where, "no replicate is specified", "write 3, 3-4 or all")
    return frozenset(selected)


def _find_replicates(name: str, known: Collection[str]) -> set[str]:
    """Find the replicate of this name, or those in a range such as `1-2`."""
    # Names may have a hyphen themselves.
    if name in known:
        return {name}

    first, _, last = name.partition("-")
    first = first.strip()
    last = last.strip()
    if not (first.isdecimal() and last.isdecimal()):
        return set()
    numbers = range(int(first), int(last) + 1)
    return {other for other in known if other.isdecimal() and int(other) in numbers}


def _rank_replicate(name: str) -> tuple[int, str]:
    """Return the key that sorts names before numbers, and numbers by their value."""
    return int(name) if name.isdecimal() else 0, name


@on_study(Action.FREE_CASES)
def free_case(
    study: OpenStudy, key: str, *, note: str = "", seen: int | None = None
) -> tuple[CaseActionResult, PreviousHolder]:
    """Free a case from its station. A call in progress gets the outcome `lost`."""
    holder = find_case(study, key).holder
    if holder is None:
        remedy = "survey case why shows why it is not called"
        raise UserError(f"case {key}", "no station has it", remedy)

    history = study.store.cases.queries.read_history(key)
    if seen is None:
        seen = len(history)
    _check_unchanged(study, key, history, seen, force=True)
    attempt = Case.from_history(key, history).open_attempt
    reconcile_lapsed(study.store, study.plan, [key], study.at)
    record_lost_call(study.store, study.plan, key, study.at, if_expired=False)

    change = _PlannedChange([*_build_note(note), case_events.CaseReturned("released")], "freed")
    result = _change_existing_case(study, key, lambda _: change, seen, force=True)
    since = attempt.started_at if attempt is not None else None
    return result, PreviousHolder(holder.by, holder.station, since)


@on_study(Action.REASSIGN_APPOINTMENTS)
def reassign_appointments(
    study: OpenStudy,
    *,
    to: str,
    key: str = "",
    all_of: str = "",
    policy: case_events.AppointmentPolicy | None = None,
    note: str = "",
    seen: int | None = None,
) -> CaseBatchResult:
    """Give the appointment of one case, or all those of one interviewer, to another.

    `anyone` makes them available to all. Without a policy an appointment keeps its own, except that
    a single one that was anyone's becomes the new owner's only. With `all_of`, appointments that
    anyone may keep are left as they are.
    """
    new_owner = None
    if to != "anyone":
        new_owner = study.people.require(to)
        if not may(new_owner.role, Action.CONDUCT_INTERVIEWS):
            what = f"is {with_article(new_owner.role.value)}, and calls no cases"
            raise UserError(to, what, "choose an interviewer, or anyone")

    def plan_change(case: Case) -> _PlannedChange | None:
        appointment = find_open_appointment(case, study.plan)
        if appointment is None:
            remedy = "survey case why shows when it is due"
            raise UserError(f"case {case.key}", "it has no appointment", remedy)
        if all_of and appointment.policy == "anyone":
            return None

        if new_owner is None:
            event = case_events.AppointmentReassigned("", "anyone")
        else:
            if not new_owner.speaks(case.language):
                what = f"the case needs {case.language}, which {to} does not speak"
                raise UserError(f"case {case.key}", what, "choose somebody who does, or anyone")
            new_policy = policy
            if new_policy is None:
                new_policy = "me" if appointment.policy == "anyone" else appointment.policy
            event = case_events.AppointmentReassigned(to, new_policy)

        whose = "anyone's" if event.policy == "anyone" else f"{event.owner}'s"
        return _PlannedChange([*_build_note(note), event], f"its appointment is now {whose}")

    if key:
        return CaseBatchResult(changed=(_change_existing_case(study, key, plan_change, seen),))

    rows = study.store.cases.queries.list_appointments(owner=all_of)
    if not rows:
        raise UserError(all_of, "has no appointments", "survey study people shows who has")
    return _change_cases(study, rows, plan_change)


def _build_note(text: str) -> list[case_events.CaseNoteWritten]:
    """Build the note with the reason of an action whose own event has none."""
    note = clean_text(text, lines=True)
    return [case_events.CaseNoteWritten(note)] if note else []


class CaseChoices(NamedTuple):
    """What a supervisor can choose from when a case is changed."""

    outcomes: tuple[tuple[str, str], ...]
    """Outcomes by their ids, each with its name."""
    people: tuple[str, ...]
    """Logins to which an appointment can be given."""


@on_study(Action.SEE_CASES)
def list_case_choices(study: OpenStudy) -> CaseChoices:
    """List the outcomes and the people of a study."""
    # Only the program records a lost call, which a station did not finish.
    outcomes = tuple(
        (outcome.id, outcome.name)
        for outcome in study.plan.outcomes.values()
        if outcome.kind != LOST
    )
    callers = tuple(person.login for person in study.people.iterate_callers())
    return CaseChoices(outcomes, callers)


def _change_existing_case(
    study: OpenStudy,
    key: str,
    plan_change: PlanChange,
    seen: int | None = None,
    *,
    force: bool = False,
) -> CaseActionResult:
    """Change a case that the supervisor has named."""
    if seen is None:
        seen = find_case(study, key).seq
    result = _change_case(study, key, plan_change, seen, force=force)
    assert result is not None, "the change of a named case affects it"
    return result


def _change_case(
    study: OpenStudy,
    key: str,
    plan_change: PlanChange,
    seen: int | None = None,
    *,
    force: bool = False,
) -> CaseActionResult | None:
    """Read a case, plan the change and write it.

    This is repeated if a station wrote meanwhile, as long as the supervisor need not see that
    first. With `force`, a case at a station is changed too, and freed. Returns None if the case is
    not affected. Raises UserError.
    """
    cases = study.store.cases
    for _ in range(MAX_TRIES):
        row = find_case(study, key)
        if row.holder is not None and not force:
            raise make_busy_error(study, row.key, row.holder)

        history = cases.queries.read_history(key)
        seen_now = len(history) if seen is None else seen
        _check_unchanged(study, key, history, seen_now, force=force)
        case = Case.from_history(key, history)
        change = plan_change(case)
        if change is None:
            return None

        after = case
        entries = []
        for event in change.events:
            entry = case_events.HistoryEntry(
                study.at, study.who.login, case_events.OFFICE_STATION, event
            )
            entries.append(entry)
            after = after.apply(entry)
        position = schedule_case(after, study.plan, study.at)
        places = _select_places(study, after, position)
        update = CaseUpdate(
            key,
            case.seq,
            entries,
            position,
            force=force,
            release=force,
            places=places,
            follow_up_tasks=change.follow_ups,
        )

        conflict = cases.update(update)
        if isinstance(conflict, LeaseLost) and conflict.holder is not None:
            raise make_busy_error(study, key, conflict.holder)
        if conflict is not None:
            continue

        if change.follow_ups:
            _follow_up_change(study, key, change)
        _, cells = places
        return CaseActionResult(key, position, change.summary + _describe_passed(study, cells))
    raise UserError(f"case {key}", "stations keep changing the case", "run the command again")


def _follow_up_change(study: OpenStudy, key: str, change: _PlannedChange) -> None:
    """Do what follows from a stored change. Raises UserError if a part of it can't be done now."""
    undone = list(follow_up(study, key, study.at))
    scrub_database(study.store)
    if undone:
        remedy = f"run survey status {study.path} to try again"
        raise UserError(f"case {key}", f"{change.summary}, but {undone[0]}", remedy)


def _check_unchanged(
    study: OpenStudy,
    key: str,
    history: Sequence[case_events.HistoryEntry],
    seen: int,
    *,
    force: bool,
) -> None:
    """Raise OutdatedError if the case was changed after event `seen`.

    With `force`, only a later claim counts.
    """
    unseen = history[seen:]
    if force and not any(isinstance(entry.event, case_events.CaseClaimed) for entry in unseen):
        return
    if not unseen:
        return

    changes = []
    first_named = max(seen, len(history) - MAX_UNSEEN)
    for number in range(first_named, len(history)):
        case_before = Case.from_history(key, history[:number])
        event = describe_event(history[number].event, case_before, study.plan)
        changes.append(event.what)
    last = unseen[-1]
    when = f"{last.at.astimezone():%H:%M}"
    what = f"changed by {last.by} at {when} ({'; '.join(changes)}): nothing was written"
    raise OutdatedError(f"case {key}", what, "look at it again")


def _describe_passed(study: OpenStudy, cells: Collection[str]) -> str:
    """Return a text with the quota targets that an interview in these cells exceeds.

    It is empty if it exceeds none.
    """
    if not cells:
        return ""
    fill = study.store.cases.quotas.read_fill()
    passed = []
    for cell_id in cells:
        cell = study.plan.quotas.cells[cell_id]
        completes = fill[cell_id].completes
        if completes > cell.target and not cell.soft:
            passed.append(f"{cell.label} {completes} of {cell.target}")
    if not passed:
        return ""
    return f", which exceeds a quota's target ({', '.join(passed)})"


def _change_cases(
    study: OpenStudy,
    rows: Sequence[CaseRow],
    plan_change: PlanChange,
    *,
    progress: ProgressCallback | None = None,
) -> CaseBatchResult:
    """Change several cases. A case for which that is not possible is skipped with the reason."""
    changed: list[CaseActionResult] = []
    skipped: list[tuple[str, str]] = []
    for number, row in enumerate(rows, start=1):
        try:
            result = _change_case(study, row.key, plan_change)
        except StoreError:
            raise
        except UserError as error:
            skipped.append((row.key, error.what))
        else:
            if result is not None:
                changed.append(result)
        if progress is not None:
            progress(number, len(rows))
    return CaseBatchResult(changed=tuple(changed), skipped=tuple(skipped))


def _select_places(
    study: OpenStudy, case: Case, position: QueuePosition
) -> tuple[str, tuple[str, ...]]:
    """Return the case's interview, and the quota cells in which it counts from now on."""
    interview = None
    if position.code == "1.1" and study.plan.quotas.quotas:
        row = study.store.interviews.find_row(case.interview)
        if row is not None:
            interview = replay_stored(study.store, row)
    return select_places(case, study.plan, position, interview)
