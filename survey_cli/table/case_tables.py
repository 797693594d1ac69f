"""What became of cases and calls, a row each: codes, outcomes, attempts, times, who called. Names and numbers of people
are none of their columns but those that are marked personal.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import outcome_row
from survey_cli.fieldwork.case.locations import zones_of
from survey_cli.fieldwork.plan.people import People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.rules import standing
from survey_cli.fieldwork.rates.dispositions import Group, Uncounted, group_of
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.table.columns import sample_variable
from survey_cli.table.paradata import fact, figure
from survey_cli.values import NOT_ASKED, Cell, Code, Variable

YES_NO: Final[dict[Code, str]] = {0: "No", 1: "Yes"}


def _flag(name: str, label: str) -> Variable:
    return fact(name, label, storage="integer", labels=YES_NO)


CASES: Final = (
    fact("case", "Case"),
    fact("case_frame", "Frame"),
    fact("case_replicate", "Replicate"),
    _flag("case_released", "In the field"),
    fact("case_status", "Where it stands in the queue"),
    fact("case_why", "Why it is done, held or due only later"),
    fact("case_code", "AAPOR code as if the field closed now"),
    fact("case_group", "Group of the code in rates"),
    fact("case_outcome", "Outcome keyed last, or a supervisor's"),
    fact("case_outcome_name", "The same in words"),
    figure("case_attempts", "Attempts as the limit counts them"),
    figure("case_calls", "Calls"),
    fact("case_first_call", "First call (UTC)"),
    fact("case_last_call", "Last call (UTC)"),
    fact("case_interviewers", "Who called"),
    figure("case_numbers", "Telephone numbers"),
    figure("case_live", "Numbers that may still reach somebody"),
    _flag("case_eligible", "Known to be eligible"),
    _flag("case_promised", "An appointment is made"),
    fact("case_language", "Language asked for"),
    fact("case_zone", "Time zone of the number called next"),
    fact("case_weight", "Base weight as written"),
    fact("case_interview", "Interview begun last"),
    _flag("case_blocked", "Never to be called again"),
    _flag("case_erased", "What told who it was is erased"),
)
"""The columns of a table of cases; the sample's follow."""
CONTACTS: Final = (
    fact("contact_name", "Name", personal=True),
    fact("contact_numbers", "Telephone numbers", personal=True),
)
"""Behind them, where they are asked for."""
CALLS: Final = (
    fact("case", "Case"),
    figure("attempt", "Number of the attempt"),
    figure("call", "Number of the call among the case's"),
    fact("sitting_began", "The case was taken (UTC)"),
    fact("sitting_ended", "The case was let go (UTC)"),
    fact("at", "The call came to its outcome (UTC)"),
    figure("position", "Which of the case's numbers; 0: they rang us"),
    fact("line", "Kind of line"),
    fact("outcome", "Outcome"),
    fact("outcome_name", "The same in words"),
    fact("keyed", "What the interviewer keyed, where a supervisor gave another"),
    fact("interview_code", "AAPOR code that the interview gave"),
    _flag("eligible", "Known to be eligible by then"),
    fact("interviewer", "Interviewer"),
    fact("station", "Station"),
)
"""The columns of a table of calls."""
CALL_NOTE: Final = fact("call_note", "Note on the call", personal=True)
"""Behind them, where it is asked for: it may say anything."""


def sample_columns(
    instrument: Instrument, language: str, personal: Collection[str] = ()
) -> tuple[Variable, ...]:
    """The sample's columns that are not personal, and those of these names; one that is called as a column of cases is
    `sample_` and its name."""
    taken = {variable.name for variable in CASES}
    found = [
        sample_variable(instrument, name, language)
        for name, column in instrument.sample.items()
        if not column.is_personal or name in personal
    ]
    return tuple(replace(v, name=f"sample_{v.name}") if v.name in taken else v for v in found)


def case_row(
    case: Case, plan: Plan, people: People, at: datetime, own: Mapping[str, Group], shown: Mapping[str, str]
) -> tuple[Cell, ...]:
    """One case as it stands at a moment, aligned with `CASES`. `own`: groups of a study's own codes; `shown`: by login
    what stands for an interviewer."""
    stands = standing(case, plan, at)
    group = group_of(stands.code, frame=plan.frame, overrides=own)
    calls = case.calls
    outcome = plan.outcomes.get(stands.outcome)
    return (
        case.key,
        case.frame,
        case.replicate,
        int(case.released),
        stands.status,
        _why(case, stands.why, shown),
        stands.code,
        "" if isinstance(group, Uncounted) else str(group),
        stands.outcome,
        outcome.name if outcome is not None else stands.outcome,
        stands.attempts,
        len(calls),
        _moment(calls[0].at) if calls else "",
        _moment(calls[-1].at) if calls else "",
        ", ".join(dict.fromkeys(shown.get(call.by, call.by) for call in calls)),
        len(case.numbers),
        len(case.live),
        int(case.eligible),
        int(stands.promised_at is not None),
        case.language,
        " or ".join(zones_of(case, case.next_number, plan)),
        case.weight,
        case.interview,
        int(case.blocked),
        int(case.erased),
    )


def _why(case: Case, why: str, shown: Mapping[str, str]) -> str:
    """The same with what stands for a supervisor."""
    by = case.ruling.by if case.ruling is not None else ""
    return f"ruled by {shown.get(by, by)}" if by and why == f"ruled by {by}" else why


def sample_cells(case: Case, columns: tuple[Variable, ...], keys: Collection[str]) -> tuple[Cell, ...]:
    """What the sample brought, aligned with `sample_columns`; `keys` are the columns that name the case."""
    return tuple(case.key if v.item in keys else case.columns.get(v.item, NOT_ASKED) for v in columns)


def call_rows(case: Case, plan: Plan, shown: Mapping[str, str], *, notes: bool) -> Iterator[tuple[Cell, ...]]:
    """A row a call, aligned with `CALLS`, and the note behind them where it is asked for."""
    made = 0
    lines = {number.position: number.line for number in case.numbers}
    for number, attempt in enumerate(case.attempts, 1):
        for call in attempt.calls:
            made += 1
            row = outcome_row(call, plan)
            yield (
                case.key,
                number,
                made,
                _moment(attempt.began),
                _moment(attempt.ended) if attempt.ended is not None else "",
                _moment(call.at),
                call.number,
                lines.get(call.number, ""),
                call.outcome,
                row.name if row is not None else call.outcome,
                call.keyed,
                call.code,
                int(call.eligible),
                shown.get(call.by, call.by),
                attempt.station,
                *((call.note,) if notes else ()),
            )


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
