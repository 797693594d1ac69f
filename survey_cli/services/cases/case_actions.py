"""Actions of supervisors on cases: correct, answer, reopen, release, free, reassign.

Each is an event in the case's history; nothing that was keyed is lost.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.appointments.due_times import find_open_appointment
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import NUMBER_CODES, classify_outcome, code_case, validate_override
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.fieldwork.queue.scheduling import FINAL_REFUSALS, REFUSAL_OUTCOMES, schedule_case
from survey_cli.fieldwork.rates.dispositions import find_disposition
from survey_cli.instrument.open_instrument import rebuild_if_readable
from survey_cli.outcomes import WITHDRAWN
from survey_cli.problems import StoreError, UserError, suggest_nearest
from survey_cli.reports.fieldwork.case_histories import describe_outcome
from survey_cli.services.run_on_study import Request, make_unknown_case_error, run_on_study
from survey_cli.services.sample.replicates import parse_replicates
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate, LeaseLost
from survey_cli.store.do_not_call import DoNotCallEntry
from survey_cli.study.consistency.follow_up import build_follow_up_tasks, follow_up
from survey_cli.study.consistency.interview_outcomes import build_do_not_call_events
from survey_cli.study.consistency.person_erasure import scrub_database
from survey_cli.study.consistency.reconciliation import reconcile_lapsed
from survey_cli.study.open_study import OpenStudy, make_busy_error

STATION: Final = "office"
MAX_TRIES: Final = 5
"""Attempts to write, since stations may write to the case between reading and writing."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBatchResult:
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


ProgressCallback: TypeAlias = Callable[[int, int], None]
"""Receives the number of cases done and the total."""
PlanChange: TypeAlias = Callable[[OpenStudy, Case], "_PlannedChange | None"]
"""Returns the change to make to a case, or None where it is not affected. Raises UserError where it is not possible."""


def correct_outcome(request: Request, key: str, outcome: str, *, code: str = "", note: str = "") -> CaseActionResult:
    """Give a case another outcome, or a code of the supervisor's own.

    A temporary outcome puts it back into the queue; quota places are released or taken according to its interview's
    code.
    """
    if not note.strip():
        raise UserError(f"case {key}", "a correction needs a reason", "give it with --note")

    def do(study: OpenStudy) -> CaseActionResult:
        row = find_disposition(code)
        exact = row.code if row is not None else code

        def plan_change(study: OpenStudy, case: Case) -> _PlannedChange:
            validate_override(case, study.plan, outcome=outcome, code=exact)
            if _undoes_do_not_call(case, study.plan, outcome):
                _check_other_listings(study, key)
            return _plan_correction(case, study.plan, outcome, exact, note.strip(), study.at)

        before = study.store.cases.queries.read_history(key)
        result = _change_existing_case(study, key, plan_change)
        if _undoes_do_not_call(Case.from_history(key, before), study.plan, outcome):
            numbers = [number for number, _ in _find_listed_numbers(study, key)]
            study.do_not_call.remove(numbers, at=study.at, reason=note.strip(), by=study.who.login)
        return result

    return run_on_study(request, do, supervisor_task="correct an outcome")


def _undoes_do_not_call(case: Case, plan: Plan, outcome: str) -> bool:
    """Return whether this outcome undoes a do-not-call mark set by a station, a supervisor or the list.

    A withdrawal of consent is never undone.
    """
    new_outcome = plan.outcomes.get(outcome)
    if not case.do_not_call or case.erased or new_outcome is None or build_do_not_call_events(new_outcome):
        return False
    case_outcomes = {outcome for call in case.calls for outcome in (call.keyed_outcome, call.outcome)}
    case_outcomes |= {case.override.outcome} if case.override is not None else set()
    return not any(plan.outcomes[name].kind == WITHDRAWN for name in case_outcomes & plan.outcomes.keys())


def _find_listed_numbers(study: OpenStudy, key: str) -> list[tuple[str, DoNotCallEntry]]:
    """Return the case's numbers that are on the do-not-call list, each with its entry."""
    contact = study.store.cases.queries.find_contact(key)
    numbers = [number.e164 for number in contact.numbers if number.e164] if contact is not None else []
    return [(number, why) for number in numbers if (why := study.do_not_call.find_entry(number)) is not None]


def _check_other_listings(study: OpenStudy, key: str) -> None:
    """Check that nobody else put one of the case's numbers on the do-not-call list."""
    blocked = [
        entry
        for entry in study.store.cases.queries.read_history(key)
        if isinstance(entry.event, case_events.DoNotCallSet)
    ]
    for _, why in _find_listed_numbers(study, key):
        if not any((entry.at, entry.by) == (why.at, why.by) for entry in blocked):
            since = f"{why.at:%Y-%m-%d}, by {why.by}: {why.reason}"
            what = f"one of its numbers has been on the do-not-call list since {since}"
            remedy = "if that is wrong too, first run: survey do-not-call remove NUMBER --reason TEXT"
            raise UserError(f"case {key}", what, remedy)


def _plan_correction(case: Case, plan: Plan, outcome: str, code: str, note: str, at: datetime) -> _PlannedChange:
    clearing = [case_events.DoNotCallCleared(note)] if _undoes_do_not_call(case, plan, outcome) else []
    case = case.apply(case_events.HistoryEntry(at, "", STATION, clearing[0])) if clearing else case
    events: list[case_events.CaseEvent] = [*clearing, case_events.OutcomeOverridden(outcome, code, note)]
    last, new = case.last_call, plan.outcomes.get(outcome)
    number = case.find_number(last.number) if last is not None else None
    if last is not None and number is not None and new is not None and number.state != "never_call":
        old = plan.outcomes.get(last.outcome)
        dead_before = old is not None and (old.listed if plan.eligibility_known else old.rdd) in NUMBER_CODES
        dead_now = (new.listed if plan.eligibility_known else new.rdd) in NUMBER_CODES
        if dead_now and number.state == "live":
            events.append(case_events.NumberMarked(number.position, "dead", new.name.lower()))
        elif dead_before and not dead_now and number.state == "dead":
            events.append(case_events.NumberMarked(number.position, "live", "corrected"))
    summary = "corrected to " + " ".join(filter(None, (describe_outcome(outcome, plan) if outcome else "", code)))
    if new is None:
        return _PlannedChange(events, summary)
    return _PlannedChange([*events, *build_do_not_call_events(new)], summary, build_follow_up_tasks(new, case.key))


def answer_referral(request: Request, key: str, *, note: str = "") -> CaseActionResult:
    """Answer what an interviewer referred to the supervisor; the case returns to the queue."""

    def plan_change(study: OpenStudy, case: Case) -> _PlannedChange:
        waits = case.calls[case.calls_before_answer :]
        if waits and study.plan.delays.get(waits[-1].outcome) == "held":
            return _PlannedChange([case_events.ReferralAnswered(note.strip())], "answered")
        remedy = "survey case why shows what it is waiting for"
        raise UserError(f"case {key}", "it was not referred to a supervisor", remedy)

    task = "answer a referred case"
    return run_on_study(request, lambda study: _change_existing_case(study, key, plan_change), supervisor_task=task)


def reopen_case(request: Request, key: str, *, why: str = "") -> CaseActionResult:
    """Put a finished case back into the queue, with its attempts counted anew."""

    def plan_change(study: OpenStudy, case: Case) -> _PlannedChange:
        if obstacle := _find_obstacle_to_reopening(study, case):
            raise obstacle
        return _PlannedChange([case_events.CaseReopened(why.strip())], "put back into the queue")

    task = "put a case back into the queue"
    return run_on_study(request, lambda study: _change_existing_case(study, key, plan_change), supervisor_task=task)


def _find_obstacle_to_reopening(study: OpenStudy, case: Case) -> UserError | None:
    where, position = f"case {case.key}", schedule_case(case, study.plan, study.at)
    if case.erased or case.do_not_call:
        what = "it was erased" if case.erased else "it may not be called again"
        return UserError(where, what, "nothing can be done: the request not to be called is permanent")
    if position.status != "done":
        status = f"{position.status}, {position.why}" if position.why else position.status
        return UserError(where, f"it is not finished: {status}", "survey case why shows when it is due")
    if position.code == "1.1":
        remedy = f"correct its outcome (survey case outcome), or its answers: survey interview {study.path} --reopen"
        return UserError(where, "its interview is complete", remedy)
    if case.numbers and not case.live_numbers:
        remedy = f"add a number in the sample file: survey sample import {study.path} cases.csv --update"
        return UserError(where, "none of its numbers is in service", remedy)
    return None


def reopen_refusals(
    request: Request, *, before: datetime | None, why: str = "", progress: ProgressCallback | None = None
) -> CaseBatchResult:
    """Put finished soft refusals back for conversion: those whose last refusal was before a given time.

    Hard refusals and do-not-call requests are left alone.
    """

    def do(study: OpenStudy) -> CaseBatchResult:
        rows = study.store.cases.queries.iterate_rows(status="done")
        refused = [row for row in rows if row.code.startswith(("2.", "3."))]
        return _change_cases(study, refused, plan_change, progress=progress)

    def plan_change(study: OpenStudy, case: Case) -> _PlannedChange | None:
        if not _is_soft_refusal(case, study.plan, before) or _find_obstacle_to_reopening(study, case):
            return None
        return _PlannedChange([case_events.CaseReopened(why.strip() or "for conversion")], "put back into the queue")

    return run_on_study(request, do, supervisor_task="put refusals back")


def _is_soft_refusal(case: Case, plan: Plan, before: datetime | None) -> bool:
    """Return whether the case is finished because of refusals, none of them hard."""
    calls = case.calls[case.calls_before_reopening :]
    refused = [call for call in calls if classify_outcome(call, plan) in REFUSAL_OUTCOMES]
    return (
        bool(refused)
        and case.override is None
        and not any(classify_outcome(call, plan) in FINAL_REFUSALS for call in case.calls)
        and (before is None or refused[-1].at < before)
    )


def release_replicates(
    request: Request, replicates: str, *, progress: ProgressCallback | None = None
) -> CaseBatchResult:
    """Release replicates of the sample, so that their cases may be called.

    Released replicates stay released; repeating the call continues where it stopped.
    """

    def do(study: OpenStudy) -> CaseBatchResult:
        rows, known = [], set()
        for row in study.store.cases.queries.iterate_rows():
            if row.replicate:
                known.add(row.replicate)
                # a case without a working number is done before its release
                if row.status_after_lease in ("unreleased", "done"):
                    rows.append(row)
        selected = parse_replicates(replicates, known, where=study.where)

        selected_rows = [row for row in rows if row.replicate in selected]
        return _change_cases(study, selected_rows, plan_change, progress=progress)

    def plan_change(_: OpenStudy, case: Case) -> _PlannedChange | None:
        return None if case.released else _PlannedChange([case_events.CaseReleased()], "released")

    return run_on_study(request, do, supervisor_task="release a replicate")


def free_case(request: Request, key: str) -> tuple[CaseActionResult, PreviousHolder]:
    """Free a case from its station. The call in progress stays in the history."""

    def do(study: OpenStudy) -> tuple[CaseActionResult, PreviousHolder]:
        row = study.store.cases.queries.find_row(key)
        if row is None:
            raise make_unknown_case_error(study, key)
        if row.holder is None:
            raise UserError(f"case {key}", "no station has it", "survey case why shows why it is not called")
        holder = row.holder
        open_interviews: list[str] = []
        call_starts: list[datetime] = []

        def plan_change(_: OpenStudy, case: Case) -> _PlannedChange:
            open_interviews[:] = [case.interview] if case.interview_open else []
            call_starts[:] = [case.open_attempt.started_at] if case.open_attempt is not None else []
            return _PlannedChange([case_events.CaseReturned("released")], "freed")

        result = _change_existing_case(study, key, plan_change, force=True)
        for interview in open_interviews:
            # as when a lease expires: resuming the interview reserves a place again
            study.store.cases.quotas.drop(interview)
        reconcile_lapsed(study.store, study.plan, [key], study.at)
        case = Case.from_history(key, study.store.cases.queries.read_history(key))
        result = result._replace(position=schedule_case(case, study.plan, study.at))
        return result, PreviousHolder(holder.by, holder.station, call_starts[0] if call_starts else None)

    return run_on_study(request, do, supervisor_task="free a case from a station")


def reassign_appointments(
    request: Request, *, to: str, key: str = "", all_of: str = "", policy: case_events.AppointmentPolicy | None = None
) -> CaseBatchResult:
    """Give the appointment of one case, or all those of one interviewer, to another.

    `anyone` makes them available to all. Without a policy each appointment keeps its own, except that a single one
    that was anyone's becomes the new owner's alone. With `all_of`, appointments that anyone may keep are left as they
    are.
    """

    def do(study: OpenStudy) -> CaseBatchResult:
        _check_login(study, to)
        new_owner = study.people.find(to) if to != "anyone" else None

        def plan_change(study: OpenStudy, case: Case) -> _PlannedChange | None:
            appointment = find_open_appointment(case, study.plan)
            if appointment is None:
                raise UserError(f"case {case.key}", "it has no appointment", "survey case why shows when it is due")
            if all_of and appointment.policy == "anyone":
                return None
            new_policy = policy or ("me" if appointment.policy == "anyone" else appointment.policy)
            event = (
                case_events.AppointmentReassigned("", "anyone")
                if to == "anyone"
                else case_events.AppointmentReassigned(to, new_policy)
            )
            if new_owner is not None and not new_owner.speaks(case.language):
                what = f"the case needs {case.language}, which {to} does not speak"
                raise UserError(f"case {case.key}", what, "choose somebody who does, or anyone")
            whose = "anyone's" if event.policy == "anyone" else f"{event.owner}'s"
            return _PlannedChange([event], f"its appointment is now {whose}")

        if key:
            return CaseBatchResult(changed=(_change_existing_case(study, key, plan_change),))
        rows = study.store.cases.queries.list_appointments(owner=all_of)
        if not rows:
            raise UserError(all_of, "has no appointments", "survey study people shows who has")
        return _change_cases(study, rows, plan_change)

    return run_on_study(request, do, supervisor_task="give an appointment to another")


def _check_login(study: OpenStudy, login: str) -> None:
    if login == "anyone" or study.people.find(login) is not None:
        return
    known = study.people.interviewers
    remedy = suggest_nearest(login, known, otherwise=f"the people are {', '.join(sorted(known)[:10])}")
    raise UserError(login, "is not on the study's list of people", remedy)


# applying changes


def _change_existing_case(
    study: OpenStudy, key: str, plan_change: PlanChange, *, force: bool = False
) -> CaseActionResult:
    result = _change_case(study, key, plan_change, force=force)
    assert result is not None, "the change of a named case affects it"
    return result


def _change_case(
    study: OpenStudy, key: str, plan_change: PlanChange, *, force: bool = False
) -> CaseActionResult | None:
    """Read a case, plan the change and write it; repeat where somebody wrote meanwhile.

    With `force` also where a station has the case. Returns None where the case is not affected. Raises UserError.
    """
    cases, at = study.store.cases, study.at
    for _ in range(MAX_TRIES):
        row = cases.queries.find_row(key)
        if row is None:
            raise make_unknown_case_error(study, key)
        if row.holder is not None and not force:
            raise make_busy_error(study, row.key, row.holder)
        case = Case.from_history(key, cases.queries.read_history(key))
        change = plan_change(study, case)
        if change is None:
            return None
        entries, after = (
            [case_events.HistoryEntry(at, study.who.login, STATION, event) for event in change.events],
            case,
        )
        for entry in entries:
            after = after.apply(entry)
        position = schedule_case(after, study.plan, at)
        interview, cells = _find_counted_cells(study, after)
        conflict = cases.update(
            CaseUpdate(
                key,
                case.seq,
                entries,
                position,
                force=force,
                release=force,
                interview=interview,
                cells=cells,
                follow_up_tasks=change.follow_ups,
            )
        )
        if isinstance(conflict, LeaseLost) and conflict.holder is not None:
            raise make_busy_error(study, key, conflict.holder)
        if conflict is None:
            if change.follow_ups:
                undone = list(follow_up(study, key, at))
                scrub_database(study.store)
                if undone:
                    remedy = f"run survey status {study.path} to try again"
                    raise UserError(f"case {key}", f"{change.summary}, but {undone[0]}", remedy)
            return CaseActionResult(key, position, change.summary + _describe_passed_targets(study, cells))
    raise UserError(f"case {key}", "stations keep changing the case", "run the command again")


def _describe_passed_targets(study: OpenStudy, cells: Collection[str]) -> str:
    """Return a text with the quota targets that an interview counting in these cells exceeds; empty where none is."""
    fill = study.store.cases.quotas.read_fill() if cells else {}
    targets = ((cell_id, fill[cell_id].completes, study.plan.quotas.cells[cell_id]) for cell_id in cells)
    passed = [
        f"{cell_id} {completes} of {cell.target}"
        for cell_id, completes, cell in targets
        if completes > cell.target and not cell.soft
    ]
    return f", which exceeds a quota's target ({', '.join(passed)})" if passed else ""


def _change_cases(
    study: OpenStudy, rows: Sequence[CaseRow], plan_change: PlanChange, *, progress: ProgressCallback | None = None
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


def _find_counted_cells(study: OpenStudy, case: Case) -> tuple[str, tuple[str, ...]]:
    """Return the case's interview, and the quota cells in which it counts from now on.

    The cells are its own where it is complete, else none. No interview where its quota places do not change.
    """
    if not case.interview or not study.plan.quotas.quotas:
        return "", ()
    if code_case(case, study.plan).code != "1.1":
        return ("", ()) if case.interrupted or case.interview_open else (case.interview, ())
    row = study.store.interviews.find_row(case.interview)
    if row is None:
        return "", ()
    instrument = rebuild_if_readable(study.store.data.find_instrument_texts(row.instrument), row.instrument)
    if instrument is None:
        return "", ()
    interview = Interview.replay(instrument, study.store.interviews.read_journal(row.id))
    return row.id, study.plan.quotas.list_counted_cells(interview.evaluate_route().env)
