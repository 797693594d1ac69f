"""Tables of a study's cases and calls."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from survey_cli.fieldwork.case.case import Case
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.disposition_counts import find_study_groups
from survey_cli.services.cases.case_lists import parse_sample_condition
from survey_cli.services.data.export_options import DataTable, ExportOptions
from survey_cli.services.data.interview_table import check_personal_names, make_personal_condition_error
from survey_cli.services.data.study_metadata import describe_study
from survey_cli.services.progress_callback import ProgressReporter
from survey_cli.store.cases.case_records import Contact
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.case_tables import (
    CALL_COLUMNS,
    CALL_NOTE_COLUMN,
    CASE_COLUMNS,
    CONTACT_COLUMNS,
    build_case_row,
    build_sample_cells,
    build_sample_columns,
    iterate_call_rows,
)
from survey_cli.table.table import Table
from survey_cli.values import NOT_ASKED, Cell


def build_fieldwork_table(
    records: StudyRecords,
    options: ExportOptions,
    *,
    language: str,
    pseudonyms: Mapping[str, str],
    at: datetime,
    until_then: bool,
) -> DataTable:
    """Build a table with one row per case, or one per call, as of the given time.

    With `until_then`, later events are left out.
    """
    instrument, cases, plan = records.instrument, records.store.cases, records.plan
    condition = parse_sample_condition(instrument, options.where) if options.where else None
    hidden = {n for n, c in instrument.sample.items() if c.is_personal}
    exported = hidden if options.all_personal else hidden & options.personal
    if options.what == "calls" and options.personal:
        remedy = "leave --personal out; --with-contacts includes the notes on calls"
        raise UserError("--personal", "calls have no sample columns", remedy)
    check_personal_names(options, instrument.sample.keys())
    if condition is not None and (forbidden := (hidden - exported) & condition.names):
        raise make_personal_condition_error(min(forbidden))
    keys = [name for name, column in instrument.sample.items() if column.role == "key"]
    unset: dict[str, Cell] = dict.fromkeys(instrument.sample, NOT_ASKED)
    contacts = dict(cases.queries.iterate_contacts()) if exported or options.all_personal else {}

    def select_cases() -> Iterator[Case]:
        total = cases.queries.count_cases() if options.progress is not None else 0
        reporter = ProgressReporter(options.progress, total)
        for key, history in reporter(cases.queries.iterate_histories(until=at if until_then else None)):
            case = Case.from_history(key, history)
            if (contact := contacts.get(key)) is not None:
                case = replace(case, columns={**case.columns, **contact.columns})
            env = {**unset, **dict.fromkeys(keys, key), **case.columns}
            if condition is None or condition.evaluate(env) is True:
                yield case

    description = describe_study(instrument, language)
    if options.what == "calls":
        notes = options.all_personal
        rows = (row for case in select_cases() for row in iterate_call_rows(case, plan, pseudonyms, notes=notes))
        table = Table(
            variables=(*CALL_COLUMNS, CALL_NOTE_COLUMN) if notes else CALL_COLUMNS,
            rows=rows,
            language=language,
            study=description,
            row_unit="call",
        )
        return DataTable(table=table, left_out=() if notes else (CALL_NOTE_COLUMN.name,))
    contact_names = (
        {n for n in exported if instrument.sample[n].role in ("name", "phone")} if options.all_personal else set()
    )
    sample_columns = build_sample_columns(instrument, language, exported - contact_names)
    groups = find_study_groups(plan)

    def case_rows() -> Iterator[tuple[Cell, ...]]:
        for case in select_cases():
            row = build_case_row(case, plan, at, groups, pseudonyms)
            contact = _build_contact_cells(contacts.get(case.key)) if options.all_personal else ()
            yield *row, *build_sample_cells(case, sample_columns, keys), *contact

    variables = (*CASE_COLUMNS, *sample_columns, *(CONTACT_COLUMNS if options.all_personal else ()))
    table = Table(variables=variables, rows=case_rows(), language=language, study=description, row_unit="case")
    return DataTable(table=table, left_out=tuple(sorted(hidden - exported)))


def _build_contact_cells(contact: Contact | None) -> tuple[Cell, ...]:
    if contact is None:
        return "", ""
    return contact.name, "; ".join(number.e164 or number.written for number in contact.numbers)
