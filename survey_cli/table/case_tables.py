"""Tables of cases and of calls: codes, outcomes, attempts, times, interviewers.

Names and telephone numbers appear only in columns that are marked personal.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import find_outcome_row
from survey_cli.fieldwork.case.locations import list_call_zones
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.fieldwork.rates.dispositions import DispositionGroup, UncountableCode, find_group
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.table.columns import build_sample_variable
from survey_cli.table.paradata import make_fact, make_figure
from survey_cli.values import NOT_ASKED, Cell, Code, Variable

YES_NO: Final[dict[Code, str]] = {0: "No", 1: "Yes"}


def _make_flag(name: str, label: str) -> Variable:
    return make_fact(name, label, storage="integer", labels=YES_NO)


CASE_COLUMNS: Final = (
    make_fact("case", "Case"),
    make_fact("case_frame", "Frame"),
    make_fact("case_replicate", "Replicate"),
    _make_flag("case_released", "In the field"),
    make_fact("case_status", "Where it stands in the queue"),
    make_fact("case_why", "Why it is done, held or due only later"),
    make_fact("case_code", "AAPOR code as if the field closed now"),
    make_fact("case_group", "Group of the code in rates"),
    make_fact("case_outcome", "Outcome keyed last, or a supervisor's"),
    make_fact("case_outcome_name", "The same in words"),
    make_figure("case_attempts", "Attempts as the limit counts them"),
    make_figure("case_calls", "Calls"),
    make_fact("case_first_call", "First call (UTC)"),
    make_fact("case_last_call", "Last call (UTC)"),
    make_fact("case_interviewers", "Who called"),
    make_figure("case_numbers", "Telephone numbers"),
    make_figure("case_live", "Numbers that may still reach somebody"),
    _make_flag("case_eligible", "Known to be eligible"),
    _make_flag("case_promised", "An appointment is made"),
    make_fact("case_language", "Language asked for"),
    make_fact("case_zone", "Time zone of the number called next"),
    make_fact("case_weight", "Base weight as written"),
    make_fact("case_interview", "Interview begun last"),
    _make_flag("case_blocked", "Never to be called again"),
    _make_flag("case_erased", "What told who it was is erased"),
)
"""The columns of a table of cases; the sample's follow."""
CONTACT_COLUMNS: Final = (
    make_fact("contact_name", "Name", personal=True),
    make_fact("contact_numbers", "Telephone numbers", personal=True),
)
"""Behind them, where they are asked for."""
CALL_COLUMNS: Final = (
    make_fact("case", "Case"),
    make_figure("attempt", "Number of the attempt"),
    make_figure("call", "Number of the call among the case's"),
    make_fact("sitting_began", "The case was taken (UTC)"),
    make_fact("sitting_ended", "The case was let go (UTC)"),
    make_fact("at", "The call came to its outcome (UTC)"),
    make_figure("position", "Which of the case's numbers; 0: they rang us"),
    make_fact("line", "Kind of line"),
    make_fact("outcome", "Outcome"),
    make_fact("outcome_name", "The same in words"),
    make_fact("keyed", "What the interviewer keyed, where a supervisor gave another"),
    make_fact("interview_code", "AAPOR code that the interview gave"),
    _make_flag("eligible", "Known to be eligible by then"),
    make_fact("interviewer", "Interviewer"),
    make_fact("station", "Station"),
)
"""The columns of a table of calls."""
CALL_NOTE_COLUMN: Final = make_fact("call_note", "Note on the call", personal=True)
"""Behind them, where it is asked for: it may say anything."""


def build_sample_columns(instrument: Instrument, language: str, personal: Collection[str] = ()) -> tuple[Variable, ...]:
    """The sample's columns that are not personal, and those of these names; one that is called as a column of cases is
    `sample_` and its name.
    """
    taken = {variable.name for variable in CASE_COLUMNS}
    found = [
        build_sample_variable(instrument, name, language)
        for name, column in instrument.sample.items()
        if not column.is_personal or name in personal
    ]
    return tuple(replace(v, name=f"sample_{v.name}") if v.name in taken else v for v in found)


def build_case_row(
    case: Case, plan: Plan, at: datetime, own: Mapping[str, DispositionGroup], shown: Mapping[str, str]
) -> tuple[Cell, ...]:
    """The row of one case at one time, aligned with `CASE_COLUMNS`.

    `own`: groups of a study's own codes; `shown`: the displayed name of each interviewer by login.
    """
    stands = schedule_case(case, plan, at)
    group = find_group(stands.code, frame=plan.frame, overrides=own)
    calls = case.calls
    outcome = plan.outcomes.get(stands.outcome)
    return (
        case.key,
        case.frame,
        case.replicate,
        int(case.released),
        stands.status,
        _replace_login(case, stands.why, shown),
        stands.code,
        "" if isinstance(group, UncountableCode) else str(group),
        stands.outcome,
        outcome.name if outcome is not None else stands.outcome,
        stands.attempts,
        len(calls),
        _format_timestamp(calls[0].at) if calls else "",
        _format_timestamp(calls[-1].at) if calls else "",
        ", ".join(dict.fromkeys(shown.get(call.by, call.by) for call in calls)),
        len(case.numbers),
        len(case.live_numbers),
        int(case.eligible),
        int(stands.promised_at is not None),
        case.language,
        " or ".join(list_call_zones(case, case.next_number, plan)),
        case.weight,
        case.interview,
        int(case.do_not_call),
        int(case.erased),
    )


def _replace_login(case: Case, why: str, shown: Mapping[str, str]) -> str:
    """The same with what stands for a supervisor."""
    by = case.override.by if case.override is not None else ""
    return f"outcome set by {shown.get(by, by)}" if by and why == f"outcome set by {by}" else why


def build_sample_cells(case: Case, columns: tuple[Variable, ...], keys: Collection[str]) -> tuple[Cell, ...]:
    """What the sample brought, aligned with `build_sample_columns`; `keys` are the columns that name the case."""
    return tuple(case.key if v.item in keys else case.columns.get(v.item, NOT_ASKED) for v in columns)


def iterate_call_rows(case: Case, plan: Plan, shown: Mapping[str, str], *, notes: bool) -> Iterator[tuple[Cell, ...]]:
    """A row a call, aligned with `CALL_COLUMNS`, and the note behind them where it is asked for."""
    made = 0
    lines = {number.position: number.line for number in case.numbers}
    for number, attempt in enumerate(case.attempts, 1):
        for call in attempt.calls:
            made += 1
            row = find_outcome_row(call, plan)
            yield (
                case.key,
                number,
                made,
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
                shown.get(call.by, call.by),
                attempt.station,
                *((call.note,) if notes else ()),
            )


def _format_timestamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
