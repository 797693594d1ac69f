"""Tables of cases and of calls: codes, outcomes, attempts, times, interviewers.

Names and telephone numbers appear only in columns that are marked as personal.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.case.case import Case, list_call_zones
from survey_cli.fieldwork.case.disposition_coding import find_outcome_row
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.reasons import QueueReason, ReasonKind
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.fieldwork.rates.dispositions import DispositionGroup, UncountableCode, find_group
from survey_cli.fieldwork.shifts import ShiftSummary
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.table.columns import build_sample_variable
from survey_cli.table.paradata import read_columns
from survey_cli.values import NOT_ASKED, Cell, Variable

CASE_COLUMNS: Final = read_columns("cases")
"""The columns of the table of cases, before those of the sample."""
CONTACT_COLUMNS: Final = read_columns("contacts")
"""The last columns of the table of cases, if they are requested."""
CALL_COLUMNS: Final = read_columns("calls")
"""The columns of the table of calls."""
SHIFT_COLUMNS: Final = read_columns("shifts")
"""The columns of the table of shifts: one row per person and day."""
(CALL_NOTE_COLUMN,) = read_columns("call note")
"""The last column of the table of calls, if it is requested."""


def build_sample_columns(
    instrument: Instrument, language: str, personal: Collection[str] = ()
) -> tuple[Variable, ...]:
    """Return the sample's columns, but only those personal ones that `personal` names.

    A column with the name of a column of cases is prefixed with `sample_`.
    """
    case_names = {variable.name for variable in CASE_COLUMNS}
    columns = []
    for name, column in instrument.sample.items():
        if column.is_personal and name not in personal:
            continue
        variable = build_sample_variable(instrument, name, language)
        if variable.name in case_names:
            variable = replace(variable, name=f"sample_{variable.name}")
        columns.append(variable)
    return tuple(columns)


def build_case_row(
    case: Case,
    plan: Plan,
    at: datetime,
    overrides: Mapping[str, DispositionGroup],
    display_names: Mapping[str, str],
) -> tuple[Cell, ...]:
    """Return the row of one case at one time, aligned with `CASE_COLUMNS`.

    `overrides` are the groups of a study's own codes, `display_names` the displayed names of
    interviewers by login.
    """
    position = schedule_case(case, plan, at)
    reason = _replace_login(position.reason, display_names)

    group = find_group(position.code, frame=plan.frame, overrides=overrides)
    group_name = ""
    if not isinstance(group, UncountableCode):
        group_name = str(group)

    outcome = plan.outcomes.get(position.outcome)
    outcome_name = position.outcome
    if outcome is not None:
        outcome_name = outcome.name

    calls = case.calls
    first_call_at = ""
    last_call_at = ""
    if calls:
        first_call_at = format_timestamp(calls[0].at)
        last_call_at = format_timestamp(calls[-1].at)
    callers = [display_names.get(call.by, call.by) for call in calls]

    return (
        case.key,
        case.frame,
        case.replicate,
        int(case.released),
        position.status,
        str(reason.words),
        position.code,
        group_name,
        position.outcome,
        outcome_name,
        position.attempts,
        len(calls),
        first_call_at,
        last_call_at,
        ", ".join(dict.fromkeys(callers)),
        len(case.numbers),
        len(case.live_numbers),
        int(case.eligible),
        int(position.promised_at is not None),
        case.language,
        " or ".join(list_call_zones(case, case.next_number, plan)),
        case.weight,
        case.interview,
        int(case.do_not_call),
        int(case.erased),
    )


def _replace_login(reason: QueueReason, display_names: Mapping[str, str]) -> QueueReason:
    """Return the reason with the displayed name of the supervisor who set the outcome."""
    if reason.kind is not ReasonKind.OUTCOME_SET:
        return reason
    login = reason.detail
    return reason._replace(detail=display_names.get(login, login))


def build_sample_cells(
    case: Case, columns: tuple[Variable, ...], keys: Collection[str]
) -> tuple[Cell, ...]:
    """Return the case's sample values, aligned with `columns`; `keys` are those with its key."""
    cells: list[Cell] = []
    for variable in columns:
        if variable.item in keys:
            cells.append(case.key)
        else:
            cells.append(case.columns.get(variable.item, NOT_ASKED))
    return tuple(cells)


def iterate_call_rows(
    case: Case, plan: Plan, display_names: Mapping[str, str], *, notes: bool
) -> Iterator[tuple[Cell, ...]]:
    """Yield one row per call, aligned with `CALL_COLUMNS`; with `notes` also `CALL_NOTE_COLUMN`."""
    call_number = 0
    lines = {number.position: number.line for number in case.numbers}
    for attempt_number, attempt in enumerate(case.attempts, 1):
        ended_at = ""
        if attempt.ended_at is not None:
            ended_at = format_timestamp(attempt.ended_at)

        for call in attempt.calls:
            call_number += 1
            row = find_outcome_row(call, plan)
            outcome_name = call.outcome
            if row is not None:
                outcome_name = row.name
            last_cells = (call.note,) if notes else ()

            yield (
                case.key,
                attempt_number,
                call_number,
                format_timestamp(attempt.started_at),
                ended_at,
                format_timestamp(call.at),
                call.number,
                lines.get(call.number, ""),
                call.outcome,
                outcome_name,
                call.keyed_outcome,
                call.code,
                int(call.eligible),
                display_names.get(call.by, call.by),
                attempt.station,
                *last_cells,
            )


def build_shift_row(
    interviewer: str, day: str, shift: ShiftSummary, corrections: str
) -> tuple[Cell, ...]:
    """Return the row of one person's day, aligned with `SHIFT_COLUMNS`."""
    lengths = (
        shift.paid_time,
        shift.paid_breaks,
        shift.unpaid_breaks,
        shift.away,
        shift.time_on_cases,
        shift.idle_time,
    )
    minutes = (round(length.total_seconds() / 60, 1) for length in lengths)
    times = (f"{at:%H:%M:%S}" for at in (shift.since, shift.until))
    counts = (shift.calls, shift.contacts, shift.completes, shift.refusals)
    return (interviewer, day, *times, *minutes, *counts, corrections)


def format_timestamp(at: datetime) -> str:
    """Format a date and time: `2026-11-24T15:10:00+00:00`."""
    return at.isoformat(timespec="seconds")
