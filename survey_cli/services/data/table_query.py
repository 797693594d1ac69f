"""Selection of the table that an export or report needs: validates options, builds it, drops other columns.

It writes nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.services.data.export_options import DataTable, ExportOptions
from survey_cli.services.data.fieldwork_table import build_fieldwork_table
from survey_cli.services.data.interview_table import (
    InterviewSource,
    build_answer_table,
    build_event_table,
    build_interview_table,
)
from survey_cli.services.data.interview_weights import append_raked_weights
from survey_cli.services.data.outcome_overrides import find_outcome_overrides
from survey_cli.services.date_options import parse_past_time
from survey_cli.services.run_on_study import convert_to_study_time
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.identifying_columns import find_identifying_columns
from survey_cli.values import Variable


def query_table(records: StudyRecords, options: ExportOptions) -> DataTable:
    """Build the table. Its rows are read while iterating over them, so the records must stay open."""
    made = _build_table(records, options)
    if options.rake:
        whole = _build_table(records, replace(options, variables=()))
        made = append_raked_weights(made, whole, records.instrument, records.plan, rake=options.rake, trim=options.trim)
    if options.what != "interviews":
        return made
    keys = [name for name, column in records.instrument.sample.items() if column.role == "key"]
    telling = find_identifying_columns(made.table.variables, keys)
    if options.public:
        left_out = {name for names in telling.values() for name in names}
        names = {v.name for v in made.table.variables} - left_out
        made = replace(made, table=made.table.select_columns(names))
    return replace(made, identifying=telling)


def _build_table(records: StudyRecords, options: ExportOptions) -> DataTable:
    instrument, people = records.instrument, records.people
    language = options.language or instrument.language
    if language not in instrument.languages:
        what = f"the questionnaire has no language {language!r}"
        raise UserError("--language", what, f"it has {', '.join(instrument.languages)}")
    if options.all_personal or options.personal:
        _check_personal_access(records)
    now = convert_to_study_time(records.store, options.at or datetime.now(UTC))
    when = parse_past_time(options.as_of, now, options.zone, option="--as-of") if options.as_of else None
    until = when.at if when is not None and when.past else None
    shown = {one.login: one.pseudonym for one in people.interviewers.values() if one.pseudonym}
    if options.what in ("cases", "calls"):
        at = until or now
        made = build_fieldwork_table(records, options, language=language, shown=shown, at=at, past=until is not None)
    else:
        source = InterviewSource(
            store=records.store,
            instrument=instrument,
            options=options,
            language=language,
            pseudonyms=shown,
            until=until,
            overrides=find_outcome_overrides(records, until) if options.what == "interviews" else {},
        )
        tables = {"answers": build_answer_table, "events": build_event_table}
        made = tables.get(options.what, build_interview_table)(source)
    return _select_columns(made, instrument, options)


def _select_columns(made: DataTable, instrument: Instrument, options: ExportOptions) -> DataTable:
    if options.variables:
        names = select_column_names(made.table.variables, instrument, options.variables)
        made = replace(made, table=made.table.select_columns(names))
    return made


def _check_personal_access(records: StudyRecords) -> None:
    """Check that the account may export names and numbers.

    Supervisors may, and everybody where nobody is listed.
    """
    who = records.people.find(records.store.account)
    if who is not None and who.supervises:
        return
    what = "only a supervisor may export names, numbers and personal answers"
    raise UserError(records.store.account, what, f"ask {records.people.format_supervisors()}")


def select_column_names(variables: Sequence[Variable], instrument: Instrument, wanted: Sequence[str]) -> set[str]:
    """The columns selected by their names, their items or their sections.

    The first column, which identifies a row, is always included.
    """
    first = variables[0].name
    names = {first}
    of_item: dict[str, set[str]] = {}
    for variable in variables:
        of_item.setdefault(variable.name, set()).add(variable.name)
        if variable.item:
            of_item.setdefault(variable.item, set()).add(variable.name)
    for name in wanted:
        found = set(of_item.get(name, ()))
        group = instrument.groups.get(name)
        if isinstance(group, ItemGroup):
            for leaf in group.items:
                found |= of_item.get(leaf.id, set())
        if name == "interview":
            found |= {v.name for v in variables if v.name.startswith("interview_")}
        if not found:
            known = [*of_item, *instrument.groups, "interview"]
            remedy = suggest_nearest(name, known, otherwise="name columns, items or sections")
            raise UserError("--variables", f"there is no column {name!r}", remedy)
        names |= found
    return names
