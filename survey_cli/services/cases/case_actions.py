"""Actions of supervisors on cases: correct, answer, reopen, release, free, reassign.

Each is an event in the case's history; nothing that was keyed is lost. `seen` is the number of the last event that the
supervisor has seen of the case (None: as it is now): where there are later ones, nothing is written. A case is freed all
the same, unless it was claimed again.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import reduce
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
from survey_cli.outcomes import FINAL_REFUSALS, LOST, REFUSAL_OUTCOMES, WITHDRAWN
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

STATION: Final = "office"
MAX_TRIES: Final = 5
"""Attempts to write, since stations may write to the case between reading and writing."""
MAX_UNSEEN: Final = 3
"""Events that are named where a case was changed since it was seen."""


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
    """Follow-up tasks once it is stored: numbers for the do-not-call list, answers to erase."""


PlanChange: TypeAlias = Callable[[Case], "_PlannedChange | None"]
"""Returns the change to make to a case, or None where it is not affected. Raises UserError where it is not possible."""


@on_study("correct an outcome")
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

    A temporary outcome puts it back into the queue; quota places are released or taken according to its interview's
    code.
    """
    if not (note := clean_text(note, lines=True)):
        raise UserError(f"case {key}", "a correction needs a reason", "give it with --note")
    row = find_disposition(code)
    exact = row.code if row is not None else code
    undone: list[str] = []

    def plan_change(case: Case) -> _PlannedChange:
        validate_override(case, study.plan, outcome=outcome, code=exact)
        undone[:] = (
            _check_other_listings(study, key)
            if _undoes_do_not_call(case, study.plan, outcome)
            else []
        )
        return _plan_correction(study, case, outcome, exact, note)

    result = _change_existing_case(study, key, plan_change, seen)
    if undone:
        study.do_not_call.remove(undone, at=study.at, reason=note, by=study.who.login)
    return result


def _undoes_do_not_call(case: Case, plan: Plan, outcome: str) -> bool:
    """Return whether this outcome undoes a do-not-call mark set by a station, a supervisor or the list.

    A withdrawal of consent is never undone.
    """
    new_outcome = plan.outcomes.get(outcome)
    if (
        not case.do_not_call
        or case.erased
        or new_outcome is None
        or build_do_not_call_events(new_outcome)
    ):
        return False
    case_outcomes = {
        outcome for call in case.calls for outcome in (call.keyed_outcome, call.outcome)
    }
    case_outcomes |= {case.override.outcome} if case.override is not None else set()
    return not any(
        plan.outcomes[name].kind == WITHDRAWN for name in case_outcomes & plan.outcomes.keys()
    )


def _check_other_listings(study: OpenStudy, key: str) -> list[str]:
    """Return the case's numbers on the do-not-call list. Raises UserError where somebody else put one of them there."""
    history, contact = (
        study.store.cases.queries.read_history(key),
        study.store.cases.queries.find_contact(key),
    )
    blocked = {
        (entry.at, entry.by)
        for entry in history
        if isinstance(entry.event, case_events.DoNotCallSet)
    }
    listed = []
    for number in contact.numbers if contact is not None else ():
        if not number.e164 or (why := study.do_not_call.find_entry(number.e164)) is None:
            continue
        if (why.at, why.by) not in blocked:
            since = f"{why.at:%Y-%m-%d}, by {why.by}: {why.reason}"
            what = f"one of its numbers has been on the do-not-call list since {since}"
            remedy = (
                "if that is wrong too, first run: survey do-not-call remove NUMBER --reason TEXT"
            )
            raise UserError(f"case {key}", what, remedy)
        listed.append(number.e164)
    return listed


def _plan_correction(
    study: OpenStudy, case: Case, outcome: str, code: str, note: str
) -> _PlannedChange:
    plan = study.plan
    clearing = (
        [case_events.DoNotCallCleared(note)] if _undoes_do_not_call(case, plan, outcome) else []
    )
    case = (
        case.apply(case_events.HistoryEntry(study.at, "", STATION, clearing[0]))
        if clearing
        else case
    )
    events: list[case_events.CaseEvent] = [
        *clearing,
        case_events.OutcomeOverridden(outcome, code, note),
    ]
    last, new = case.last_call, plan.outcomes.get(outcome)
    number = case.find_number(last.number) if last is not None else None
    if last is not None and number is not None and new is not None and number.state != "never_call":
        old = plan.outcomes.get(last.outcome)
        dead_before = (
            old is not None and (old.listed if plan.eligibility_known else old.rdd) in NUMBER_CODES
        )
        dead_now = (new.listed if plan.eligibility_known else new.rdd) in NUMBER_CODES
        if dead_now and number.state == "live":
            events.append(case_events.NumberMarked(number.position, "dead", new.name.lower()))
        elif dead_before and not dead_now and number.state == "dead":
            events.append(case_events.NumberMarked(number.position, "live", "corrected"))
    summary = f"corrected to {_format_outcome(plan, outcome, code)}"
    earlier = case.override
    if (
        earlier is not None
        and earlier.calls_before == len(case.calls)
        and earlier.by != study.who.login
    ):
        whose = f"{earlier.by}, {earlier.at.astimezone():%Y-%m-%d %H:%M}"
        summary += f", replacing {_format_outcome(plan, earlier.outcome, earlier.code)} ({whose})"
    if new is None:
        return _PlannedChange(events, summary)
    return _PlannedChange(
        [*events, *build_do_not_call_events(new)], summary, build_follow_up_tasks(new, case.key)
    )


def _format_outcome(plan: Plan, outcome: str, code: str) -> str:
    return " ".join(filter(None, (describe_outcome(outcome, plan) if outcome else "", code)))


@on_study("answer a referred case")
def answer_referral(
    study: OpenStudy, key: str, *, note: str = "", seen: int | None = None
) -> CaseActionResult:
    """Answer what an interviewer referred to the supervisor; the case returns to the queue."""

    def plan_change(case: Case) -> _PlannedChange:
        waits = case.calls[case.calls_before_answer :]
        if waits and study.plan.delays.get(waits[-1].outcome) == "held":
            return _PlannedChange(
                [case_events.ReferralAnswered(clean_text(note, lines=True))], "answered"
            )
        remedy = "survey case why shows what it is waiting for"
        raise UserError(f"case {key}", "it was not referred to a supervisor", remedy)

    return _change_existing_case(study, key, plan_change, seen)


@on_study("put a case back into the queue")
def reopen_case(study: OpenStudy, key: str, *, why: str = "") -> CaseActionResult:
    """Put a finished case back into the queue, with its attempts counted anew."""

    def plan_change(case: Case) -> _PlannedChange:
        if obstacle := _find_obstacle_to_reopening(study, case):
            raise obstacle
        return _PlannedChange(
            [case_events.CaseReopened(clean_text(why, lines=True))], "put back into the queue"
        )

    return _change_existing_case(study, key, plan_change)


def _find_obstacle_to_reopening(study: OpenStudy, case: Case) -> UserError | None:
    where, position = f"case {case.key}", schedule_case(case, study.plan, study.at)
    if case.erased or case.do_not_call:
        what = "it was erased" if case.erased else "it may not be called again"
        return UserError(
            where, what, "nothing can be done: the request not to be called is permanent"
        )
    if position.status != "done":
        status: str = position.status
        if position.reason != DUE:
            status = f"{position.status}, {position.reason.words}"
        return UserError(
            where, f"it is not finished: {status}", "survey case why shows when it is due"
        )
    if position.code == "1.1":
        remedy = f"correct its outcome (survey case outcome), or its answers: survey interview {study.path} --reopen"
        return UserError(where, "its interview is complete", remedy)
    if case.numbers and not case.live_numbers:
        remedy = (
            f"add a number in the sample file: survey sample import {study.path} cases.csv --update"
        )
        return UserError(where, "none of its numbers is in service", remedy)
    return None


@on_study("put refusals back")
def reopen_refusals(
    study: OpenStudy,
    *,
    before: datetime | None,
    why: str = "",
    progress: ProgressCallback | None = None,
) -> CaseBatchResult:
    """Put finished soft refusals back for conversion: those whose last refusal was before a given time.

    Hard refusals and do-not-call requests are left alone.
    """
    why = clean_text(why, lines=True) or "for conversion"

    def plan_change(case: Case) -> _PlannedChange | None:
        if not _is_soft_refusal(case, study.plan, before) or _find_obstacle_to_reopening(
            study, case
        ):
            return None
        return _PlannedChange([case_events.CaseReopened(why)], "put back into the queue")

    done = study.store.cases.queries.iterate_rows(status="done")
    refused = [row for row in done if row.position.code.startswith(("2.", "3."))]
    return _change_cases(study, refused, plan_change, progress=progress)


def _is_soft_refusal(case: Case, plan: Plan, before: datetime | None) -> bool:
    """Return whether the case is finished because of refusals, none of them hard."""
    calls = case.calls[case.calls_before_reopening :]
    refused = [call for call in calls if classify_outcome(call, plan) in REFUSAL_OUTCOMES]
    if (
        not refused
        or case.override is not None
        or (before is not None and refused[-1].at >= before)
    ):
        return False
    return not any(classify_outcome(call, plan) in FINAL_REFUSALS for call in case.calls)


@on_study("release a replicate")
def release_replicates(
    study: OpenStudy, replicates: str, *, progress: ProgressCallback | None = None
) -> CaseBatchResult:
    """Release replicates of the sample, so that their cases may be called.

    Released replicates stay released; repeating the call continues where it stopped.
    """
    rows = [row for row in study.store.cases.queries.iterate_rows() if row.replicate]
    selected = parse_replicates(replicates, {row.replicate for row in rows}, where=study.where)
    # a case without a working number is done before its release
    waiting = [
        r for r in rows if r.replicate in selected and r.position.status in ("unreleased", "done")
    ]
    release = _PlannedChange([case_events.CaseReleased()], "released")
    return _change_cases(
        study, waiting, lambda case: None if case.released else release, progress=progress
    )


def parse_replicates(text: str, known: Collection[str], *, where: str) -> frozenset[str]:
    """Parse `1-2,5`, `north` or `all` into names of replicates.

    Each must be known, and a range must contain at least one.
    """
    if not known:
        raise UserError(where, "the sample has no replicates", "add a column with role: replicate")
    if text.strip() == "all":
        return frozenset(known)
    selected: set[str] = set()
    for part in filter(None, map(str.strip, text.split(","))):
        first, _, last = map(str.strip, part.partition("-"))
        if not (names := {part} & set(known)) and first.isdecimal() and last.isdecimal():
            names = {
                name for name in known if name.isdecimal() and int(first) <= int(name) <= int(last)
            }
        if not names:
            ordered = sorted(known, key=lambda name: (int(name) if name.isdecimal() else 0, name))
            otherwise = f"the replicates are {', '.join(ordered[:10])}"
            raise UserError(
                where,
                f"there is no replicate {part!r}",
                suggest_nearest(part, known, otherwise=otherwise),
            )
        selected |= names
    if not selected:
        raise UserError(where, "no replicate is specified", "write 3, 3-4 or all")
    return frozenset(selected)


@on_study("free a case from a station")
def free_case(
    study: OpenStudy, key: str, *, note: str = "", seen: int | None = None
) -> tuple[CaseActionResult, PreviousHolder]:
    """Free a case from its station. A call in progress gets the outcome `lost`."""
    if (holder := find_case(study, key).holder) is None:
        raise UserError(
            f"case {key}", "no station has it", "survey case why shows why it is not called"
        )
    history = study.store.cases.queries.read_history(key)
    seen = seen if seen is not None else len(history)
    _check_unchanged(study, key, history, seen, force=True)
    attempt = Case.from_history(key, history).open_attempt
    reconcile_lapsed(study.store, study.plan, [key], study.at)
    record_lost_call(study.store, study.plan, key, study.at, if_expired=False)
    change = _PlannedChange([*_build_note(note), case_events.CaseReturned("released")], "freed")
    result = _change_existing_case(study, key, lambda _: change, seen, force=True)
    return result, PreviousHolder(
        holder.by, holder.station, attempt.started_at if attempt is not None else None
    )


@on_study("give an appointment to another")
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

    `anyone` makes them available to all. Without a policy each appointment keeps its own, except that a single one
    that was anyone's becomes the new owner's alone. With `all_of`, appointments that anyone may keep are left as they
    are.
    """
    new_owner = study.people.require(to) if to != "anyone" else None

    def plan_change(case: Case) -> _PlannedChange | None:
        if (appointment := find_open_appointment(case, study.plan)) is None:
            raise UserError(
                f"case {case.key}", "it has no appointment", "survey case why shows when it is due"
            )
        if all_of and appointment.policy == "anyone":
            return None
        event = case_events.AppointmentReassigned("", "anyone")
        if new_owner is not None:
            if not new_owner.speaks(case.language):
                what = f"the case needs {case.language}, which {to} does not speak"
                raise UserError(f"case {case.key}", what, "choose somebody who does, or anyone")
            new_policy = policy or ("me" if appointment.policy == "anyone" else appointment.policy)
            event = case_events.AppointmentReassigned(to, new_policy)
        whose = "anyone's" if event.policy == "anyone" else f"{event.owner}'s"
        return _PlannedChange([*_build_note(note), event], f"its appointment is now {whose}")

    if key:
        return CaseBatchResult(changed=(_change_existing_case(study, key, plan_change, seen),))
    if not (rows := study.store.cases.queries.list_appointments(owner=all_of)):
        raise UserError(all_of, "has no appointments", "survey study people shows who has")
    return _change_cases(study, rows, plan_change)


def _build_note(text: str) -> list[case_events.CaseNoteWritten]:
    """Return the reason of an action whose own event has none, as a note on the case."""
    return [case_events.CaseNoteWritten(text)] if (text := clean_text(text, lines=True)) else []


class CaseChoices(NamedTuple):
    """What a supervisor can choose from when a case is changed."""

    outcomes: tuple[tuple[str, str], ...]
    """Outcomes by their ids, each with its name."""
    people: tuple[str, ...]
    """Logins to which an appointment can be given."""


@on_study()
def list_case_choices(study: OpenStudy) -> CaseChoices:
    """List the outcomes and the people of a study."""
    chosen = (outcome for outcome in study.plan.outcomes.values() if outcome.kind != LOST)
    outcomes = tuple((outcome.id, outcome.name) for outcome in chosen)
    return CaseChoices(outcomes, tuple(study.people.interviewers))


def _change_existing_case(
    study: OpenStudy,
    key: str,
    plan_change: PlanChange,
    seen: int | None = None,
    *,
    force: bool = False,
) -> CaseActionResult:
    seen = seen if seen is not None else find_case(study, key).seq
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
    """Read a case, plan the change and write it; repeat where somebody wrote meanwhile that need not be seen first.

    With `force` also where a station has the case. Returns None where the case is not affected. Raises UserError.
    """
    cases, at = study.store.cases, study.at
    for _ in range(MAX_TRIES):
        row = find_case(study, key)
        if row.holder is not None and not force:
            raise make_busy_error(study, row.key, row.holder)
        history = cases.queries.read_history(key)
        _check_unchanged(study, key, history, len(history) if seen is None else seen, force=force)
        case = Case.from_history(key, history)
        if (change := plan_change(case)) is None:
            return None
        entries = [
            case_events.HistoryEntry(at, study.who.login, STATION, event) for event in change.events
        ]
        after = reduce(Case.apply, entries, case)
        position = schedule_case(after, study.plan, at)
        places = _select_places(study, after, position)
        update = CaseUpdate(key, case.seq, entries, position, force=force, release=force)
        conflict = cases.update(update._replace(places=places, follow_up_tasks=change.follow_ups))
        if isinstance(conflict, LeaseLost) and conflict.holder is not None:
            raise make_busy_error(study, key, conflict.holder)
        if conflict is None:
            if change.follow_ups:
                undone = list(follow_up(study, key, at))
                scrub_database(study.store)
                if undone:
                    remedy = f"run survey status {study.path} to try again"
                    raise UserError(f"case {key}", f"{change.summary}, but {undone[0]}", remedy)
            return CaseActionResult(
                key, position, change.summary + _describe_passed_targets(study, places[1])
            )
    raise UserError(f"case {key}", "stations keep changing the case", "run the command again")


def _check_unchanged(
    study: OpenStudy,
    key: str,
    history: Sequence[case_events.HistoryEntry],
    seen: int,
    *,
    force: bool,
) -> None:
    """Raise OutdatedError where the case was changed after event `seen`; with `force` where it was claimed again."""
    unseen = history[seen:]
    if not unseen or (
        force and not any(isinstance(entry.event, case_events.CaseClaimed) for entry in unseen)
    ):
        return
    last = unseen[-1]
    what = "; ".join(
        describe_event(
            history[number].event, Case.from_history(key, history[:number]), study.plan
        ).what
        for number in range(max(seen, len(history) - MAX_UNSEEN), len(history))
    )
    what = f"changed by {last.by} at {last.at.astimezone():%H:%M} ({what}): nothing was written"
    raise OutdatedError(f"case {key}", what, "look at it again")


def _describe_passed_targets(study: OpenStudy, cells: Collection[str]) -> str:
    """Return a text with the quota targets that an interview counting in these cells exceeds; empty where none is."""
    fill = study.store.cases.quotas.read_fill() if cells else {}
    targets = ((fill[cell_id].completes, study.plan.quotas.cells[cell_id]) for cell_id in cells)
    passed = [
        f"{cell.label} {n} of {cell.target}"
        for n, cell in targets
        if n > cell.target and not cell.soft
    ]
    return f", which exceeds a quota's target ({', '.join(passed)})" if passed else ""


def _change_cases(
    study: OpenStudy,
    rows: Sequence[CaseRow],
    plan_change: PlanChange,
    *,
    progress: ProgressCallback | None = None,
) -> CaseBatchResult:
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
            changed += [result] if result is not None else []
        if progress is not None:
            progress(number, len(rows))
    return CaseBatchResult(changed=tuple(changed), skipped=tuple(skipped))


def _select_places(
    study: OpenStudy, case: Case, position: QueuePosition
) -> tuple[str, tuple[str, ...]]:
    """Return the case's interview, and the quota cells in which it counts from now on: `select_places`."""
    is_counted = position.code == "1.1" and study.plan.quotas.quotas
    row = study.store.interviews.find_row(case.interview) if is_counted else None
    interview = replay_stored(study.store, row) if row is not None else None
    return select_places(case, study.plan, position, interview)
