"""Selection of the table that an export or report needs: validates options, builds it, drops other columns.

It writes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case, has_final_override
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.services.data.export_options import DataTable, ExportOptions, OverriddenOutcome
from survey_cli.services.data.fieldwork_table import build_fieldwork_table
from survey_cli.services.data.interview_table import (
    InterviewSource,
    build_answer_table,
    build_event_table,
    build_interview_table,
)
from survey_cli.services.data.interview_weights import append_raked_weights
from survey_cli.services.data.study_metadata import choose_language
from survey_cli.services.date_options import parse_past_time
from survey_cli.services.run_on_study import convert_to_study_time
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import find_identifying_columns
from survey_cli.values import Variable


def query_table(records: StudyRecords, options: ExportOptions) -> DataTable:
    """Build the table. Its rows are read while iterating over them, so the records must stay open."""
    data = _build_table(records, options)
    if options.rake:
        all_columns = _build_table(records, replace(options, variables=()))
        data = append_raked_weights(
            data, all_columns, records.instrument, records.plan, rake=options.rake, trim=options.trim
        )
    if options.what != "interviews":
        return data
    keys = [name for name, column in records.instrument.sample.items() if column.role == "key"]
    identifying = find_identifying_columns(data.table.variables, keys)
    if options.public:
        left_out = {name for names in identifying.values() for name in names}
        names = {v.name for v in data.table.variables} - left_out
        data = replace(data, table=data.table.select_columns(names))
    return replace(data, identifying=identifying)


def _build_table(records: StudyRecords, options: ExportOptions) -> DataTable:
    instrument, people = records.instrument, records.people
    language = choose_language(instrument, options.language)
    if options.all_personal or options.personal:
        _check_personal_access(records)
    now = convert_to_study_time(records.store, options.at or datetime.now(UTC))
    when = parse_past_time(options.as_of, now, options.zone, option="--as-of") if options.as_of else None
    until = when.at if when is not None and when.past else None
    pseudonyms = {
        interviewer.login: interviewer.pseudonym
        for interviewer in people.interviewers.values()
        if interviewer.pseudonym
    }
    if options.what in ("cases", "calls"):
        at = until or now
        data = build_fieldwork_table(
            records, options, language=language, pseudonyms=pseudonyms, at=at, until_then=until is not None
        )
    else:
        source = InterviewSource(
            store=records.store,
            instrument=instrument,
            options=options,
            language=language,
            pseudonyms=pseudonyms,
            until=until,
            overrides=find_outcome_overrides(records, until) if options.what == "interviews" else {},
        )
        tables = {"answers": build_answer_table, "events": build_event_table}
        data = tables.get(options.what, build_interview_table)(source)
    if options.variables:
        names = select_column_names(data.table.variables, instrument, options.variables)
        data = replace(data, table=data.table.select_columns(names))
    return data


def _check_personal_access(records: StudyRecords) -> None:
    """Check that the account may export names and numbers.

    Supervisors may, and everybody where nobody is listed.
    """
    who = records.people.find(records.store.account)
    if who is not None and who.supervises:
        return
    what = "only a supervisor may export names, numbers and personal answers"
    raise UserError(records.store.account, what, f"ask {records.people.format_supervisors()}")


def find_outcome_overrides(records: StudyRecords, until: datetime | None) -> dict[str, OverriddenOutcome]:
    """Find the outcomes of interviews that a supervisor's correction of the case has replaced and that still apply.

    The outcome keyed at the end of the interview stays in the history. Raises StoreError.
    """
    overrides: dict[str, OverriddenOutcome] = {}
    for key, history in records.store.cases.queries.iterate_histories(until=until, corrected=True):
        overrides |= _find_case_overrides(key, history, records.plan)
    return overrides


def _find_case_overrides(key: str, history: Iterable[events.HistoryEntry], plan: Plan) -> dict[str, OverriddenOutcome]:
    """Find the corrected outcomes of one case.

    A correction applies to the latest interview: a final one always, any other where the corrected call is that
    interview's. It holds until the interview is resumed.
    """
    case, overrides = Case(key=key), dict[str, OverriddenOutcome]()
    is_interview_outcome = False  # the last call's outcome is the interview's
    for entry in history:
        before, case = case, case.apply(entry)
        match entry.event:
            case events.OutcomeRecorded():
                is_interview_outcome = before.interview_open
            case events.OutcomeRevoked():
                is_interview_outcome = False
            case events.InterviewOpened(interview) if not has_final_override(before, plan):
                overrides.pop(interview, None)
            case events.OutcomeOverridden(outcome, code, _) if case.interview and (
                is_interview_outcome or has_final_override(case, plan)
            ):
                overrides[case.interview] = OverriddenOutcome(outcome or code, code_case(case, plan).code)
            case events.OutcomeOverridden() | events.CaseReopened() if not is_interview_outcome:
                overrides.pop(case.interview, None)
            case _:
                pass
    return overrides


def select_column_names(variables: Sequence[Variable], instrument: Instrument, selection: Sequence[str]) -> set[str]:
    """Return the columns selected by their names, their items or their sections.

    The first column, which identifies a row, is always included.
    """
    first = variables[0].name
    names = {first}
    columns_by_name: dict[str, set[str]] = {}
    for variable in variables:
        columns_by_name.setdefault(variable.name, set()).add(variable.name)
        if variable.item:
            columns_by_name.setdefault(variable.item, set()).add(variable.name)
    for name in selection:
        columns = set(columns_by_name.get(name, ()))
        group = instrument.groups.get(name)
        if isinstance(group, ItemGroup):
            for item in group.items:
                columns |= columns_by_name.get(item.id, set())
        if name == "interview":
            columns |= {v.name for v in variables if v.name.startswith("interview_")}
        if not columns:
            known = [*columns_by_name, *instrument.groups, "interview"]
            remedy = suggest_nearest(name, known, otherwise="specify columns, items or sections")
            raise UserError("--variables", f"there is no column {name!r}", remedy)
        names |= columns
    return names
