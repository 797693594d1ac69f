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
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.fieldwork.rates.dispositions import DispositionGroup, UncountableCode, find_group
from survey_cli.fieldwork.shifts import ShiftSummary
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.table.columns import build_sample_variable
from survey_cli.table.paradata import make_flag_column, make_number_column, make_text_column
from survey_cli.values import NOT_ASKED, Cell, Variable

CASE_COLUMNS: Final = (
    make_text_column("case", "Case"),
    make_text_column("case_frame", "Frame"),
    make_text_column("case_replicate", "Replicate"),
    make_flag_column("case_released", "Released for calling"),
    make_text_column("case_status", "Queue status"),
    make_text_column("case_why", "Reason for the queue status"),
    make_text_column("case_code", "AAPOR code if fieldwork ended now"),
    make_text_column("case_group", "Group of the code in outcome rates"),
    make_text_column("case_outcome", "Last outcome, or the supervisor's override"),
    make_text_column("case_outcome_name", "Name of the outcome"),
    make_number_column("case_attempts", "Attempts that count toward the limit"),
    make_number_column("case_calls", "Calls"),
    make_text_column("case_first_call", "First call (UTC)"),
    make_text_column("case_last_call", "Last call (UTC)"),
    make_text_column("case_interviewers", "Interviewers who called"),
    make_number_column("case_numbers", "Telephone numbers"),
    make_number_column("case_live", "Telephone numbers that may still be called"),
    make_flag_column("case_eligible", "Known to be eligible"),
    make_flag_column("case_promised", "Has an appointment"),
    make_text_column("case_language", "Language"),
    make_text_column("case_zone", "Time zone of the next number"),
    make_text_column("case_weight", "Base weight as written in the sample"),
    make_text_column("case_interview", "Latest interview"),
    make_flag_column("case_blocked", "Must not be called again"),
    make_flag_column("case_erased", "Identifying data erased"),
)
"""The columns of the table of cases, before those of the sample."""
CONTACT_COLUMNS: Final = (
    make_text_column("contact_name", "Name", personal=True),
    make_text_column("contact_numbers", "Telephone numbers", personal=True),
)
"""The last columns of the table of cases, where they are requested."""
CALL_COLUMNS: Final = (
    make_text_column("case", "Case"),
    make_number_column("attempt", "Number of the attempt"),
    make_number_column("call", "Number of the call within the case"),
    make_text_column("sitting_began", "Attempt started (UTC)"),
    make_text_column("sitting_ended", "Attempt ended (UTC)"),
    make_text_column("at", "Outcome recorded (UTC)"),
    make_number_column("position", "Position of the number called; 0: the respondent called"),
    make_text_column("line", "Kind of line"),
    make_text_column("outcome", "Outcome"),
    make_text_column("outcome_name", "Name of the outcome"),
    make_text_column("keyed", "Outcome keyed, where a supervisor changed it"),
    make_text_column("interview_code", "AAPOR code of the interview"),
    make_flag_column("eligible", "Known to be eligible after the call"),
    make_text_column("interviewer", "Interviewer"),
    make_text_column("station", "Station"),
)
"""The columns of the table of calls."""
SHIFT_COLUMNS: Final = (
    make_text_column("interviewer", "Interviewer"),
    make_text_column("day", "Day"),
    make_text_column("first", "First activity, or as corrected"),
    make_text_column("last", "Last activity, or as corrected"),
    make_number_column("paid", "Minutes at work, with paid breaks", decimals=1),
    make_number_column("paid_breaks", "Minutes of paid breaks", decimals=1),
    make_number_column("unpaid_breaks", "Minutes of unpaid breaks", decimals=1),
    make_number_column("away", "Minutes signed off between first and last", decimals=1),
    make_number_column("on_cases", "Minutes with a case on the screen", decimals=1),
    make_number_column("idle", "Minutes at work without a case", decimals=1),
    make_number_column("calls", "Calls"),
    make_number_column("contacts", "Calls in which somebody was reached"),
    make_number_column("completes", "Complete interviews"),
    make_number_column("refusals", "Refusals"),
    make_text_column("corrections", "Corrections by supervisors"),
)
"""The columns of the table of shifts: one row per person and day."""
CALL_NOTE_COLUMN: Final = make_text_column("call_note", "Note on the call", personal=True)
"""The last column of the table of calls, where it is requested."""


def build_sample_columns(instrument: Instrument, language: str, personal: Collection[str] = ()) -> tuple[Variable, ...]:
    """Return the sample's columns, personal ones only where `personal` names them.

    A column with the name of a column of cases is prefixed with `sample_`.
    """
    case_names = {variable.name for variable in CASE_COLUMNS}
    columns = [
        build_sample_variable(instrument, name, language)
        for name, column in instrument.sample.items()
        if not column.is_personal or name in personal
    ]
    return tuple(replace(v, name=f"sample_{v.name}") if v.name in case_names else v for v in columns)


def build_case_row(
    case: Case, plan: Plan, at: datetime, overrides: Mapping[str, DispositionGroup], display_names: Mapping[str, str]
) -> tuple[Cell, ...]:
    """Return the row of one case at one time, aligned with `CASE_COLUMNS`.

    `overrides` are the groups of a study's own codes, `display_names` the displayed names of interviewers by login.
    """
    position = schedule_case(case, plan, at)
    group = find_group(position.code, frame=plan.frame, overrides=overrides)
    calls = case.calls
    outcome = plan.outcomes.get(position.outcome)
    return (
        case.key,
        case.frame,
        case.replicate,
        int(case.released),
        position.status,
        _replace_login(case, position.why, display_names),
        position.code,
        "" if isinstance(group, UncountableCode) else str(group),
        position.outcome,
        outcome.name if outcome is not None else position.outcome,
        position.attempts,
        len(calls),
        _format_timestamp(calls[0].at) if calls else "",
        _format_timestamp(calls[-1].at) if calls else "",
        ", ".join(dict.fromkeys(display_names.get(call.by, call.by) for call in calls)),
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


def _replace_login(case: Case, why: str, display_names: Mapping[str, str]) -> str:
    """Return the reason with the displayed name of the supervisor."""
    by = case.override.by if case.override is not None else ""
    return f"outcome set by {display_names.get(by, by)}" if by and why == f"outcome set by {by}" else why


def build_sample_cells(case: Case, columns: tuple[Variable, ...], keys: Collection[str]) -> tuple[Cell, ...]:
    """Return the case's sample values, aligned with `columns`; the columns named in `keys` contain the case's key."""
    return tuple(case.key if v.item in keys else case.columns.get(v.item, NOT_ASKED) for v in columns)


def iterate_call_rows(
    case: Case, plan: Plan, display_names: Mapping[str, str], *, notes: bool
) -> Iterator[tuple[Cell, ...]]:
    """Yield one row per call, aligned with `CALL_COLUMNS`, and with `CALL_NOTE_COLUMN` where `notes` is true."""
    call_number = 0
    lines = {number.position: number.line for number in case.numbers}
    for attempt_number, attempt in enumerate(case.attempts, 1):
        for call in attempt.calls:
            call_number += 1
            row = find_outcome_row(call, plan)
            yield (
                case.key,
                attempt_number,
                call_number,
                _format_timestamp(attempt.started_at),
                _format_timestamp(attempt.ended_at) if attempt.ended_at is not None else "",
                _format_timestamp(call.at),
                call.number,
                lines.get(call.number, ""),
                call.outcome,
                row.name if row is not None else call.outcome,
                call.keyed_outcome,
                call.code,
                int(call.eligible),
                display_names.get(call.by, call.by),
                attempt.station,
                *((call.note,) if notes else ()),
            )


def build_shift_row(interviewer: str, day: str, shift: ShiftSummary, corrections: str) -> tuple[Cell, ...]:
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


def _format_timestamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
