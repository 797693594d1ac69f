"""Selection of the table that an export or report needs: validates options, builds it, drops other columns.

It writes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case, has_final_override
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.instrument.expressions.known import Known
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.services.conditions import parse_sample_condition
from survey_cli.services.data import interview_table
from survey_cli.services.data.code_frames import append_coded_variables
from survey_cli.services.data.export_options import DataTable, ExportOptions, OverriddenOutcome
from survey_cli.services.data.study_metadata import (
    choose_language,
    describe_study,
    list_weighting_draws,
)
from survey_cli.services.date_options import parse_as_of
from survey_cli.services.run_on_study import ProgressReporter, convert_to_study_time
from survey_cli.store.cases.case_records import Contact
from survey_cli.study.analysis import open_analysis
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.case_tables import (
    CALL_COLUMNS,
    CALL_NOTE_COLUMN,
    CASE_COLUMNS,
    CONTACT_COLUMNS,
    SHIFT_COLUMNS,
    build_case_row,
    build_sample_cells,
    build_sample_columns,
    build_shift_row,
    iterate_call_rows,
)
from survey_cli.table.columns import find_identifying_columns
from survey_cli.table.table import Table
from survey_cli.values import NOT_ASKED, Cell, Variable
from survey_cli.wording import format_quantity

REVIEW_COLUMN: Final = Variable(
    name="interview_review",
    label="Review by the office",
    storage="text",
    labels={
        "drawn": "To be reviewed",
        "ok": "OK",
        "questionable": "Questionable",
        "falsified": "Falsified",
    },
    role="admin",
)


def query_table(
    records: StudyRecords, options: ExportOptions, *, weights: bool = True
) -> DataTable:
    """Build the table. Its rows are read while iterating over them, so the records must stay open.

    `weights` appends those of a report, where they are not those of a sample column.
    """
    data = _build_table(records, options)
    is_drawn = options.what == "interviews" and bool(list_weighting_draws(records.instrument))
    if weights and (options.rake or options.weight or is_drawn):
        # imported here: most exports are not weighted, and need nothing of the reports
        from survey_cli.services.data.interview_weights import append_weights

        all_columns = _build_table(records, replace(options, variables=()))
        data = append_weights(data, all_columns, records.plan, options)
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
    analysis = open_analysis(records.path, records.instrument)
    instrument = analysis.instrument
    if options.all_personal or options.personal:
        _check_personal_access(records)
    now = convert_to_study_time(records.store, options.at)
    when = parse_as_of(options.as_of, now, options.zone)
    until = when.at if when.past else None
    reviews = records.store.interviews.read_reviews(
        *([encode_timestamp(until)] if until is not None else [])
    )
    falsified = {
        interview for interview, review in reviews.items() if review.verdict == "falsified"
    }
    source = interview_table.InterviewSource(
        store=records.store,
        base=records.instrument,
        analysis=analysis,
        options=options,
        language=choose_language(instrument, options.language),
        pseudonyms={
            who.login: who.pseudonym
            for who in records.people.interviewers.values()
            if who.pseudonym
        },
        until=until,
        overrides=find_outcome_overrides(records, until) if options.what == "interviews" else {},
        left_out=falsified if options.without_falsified else frozenset(),
    )
    if options.what in ("cases", "calls"):
        data = _build_fieldwork_table(records.plan, source, until or now)
    elif options.what == "shifts":
        data = _build_shift_table(records, source, until or now)
    elif options.what == "interviews":
        data = append_coded_variables(interview_table.build_interview_table(source), records, until)
        if reviews:
            verdicts = {f'"{interview}"': review.verdict for interview, review in reviews.items()}
            data = replace(data, table=data.table.append_column(REVIEW_COLUMN, verdicts, ""))
        if falsified - set(source.left_out):
            interviews = format_quantity(len(falsified), "interview")
            note = f"interview_review is falsified in {interviews}; --without-falsified leaves them out"
            data = replace(data, warnings=(*data.warnings, note))
    else:
        data = interview_table.build_long_table(source, options.what.removesuffix("s"))
    if options.variables:
        names = select_column_names(data.table.variables, instrument, options.variables)
        data = replace(data, table=data.table.select_columns(names))
    return data


def _check_personal_access(records: StudyRecords) -> None:
    """Check that the account may export names and numbers.

    Supervisors may, and where nobody is listed, everybody to whom a server gives the rights of one.
    """
    who = records.people.find(records.store.account)
    if who is not None and who.supervises and records.store.connector.supervises:
        return
    what = "only a supervisor may export names, numbers and personal answers"
    raise UserError(records.store.account, what, f"ask {records.people.format_supervisors()}")


def find_outcome_overrides(
    records: StudyRecords, until: datetime | None
) -> dict[str, OverriddenOutcome]:
    """Find the outcomes of interviews that a supervisor's correction of the case has replaced and that still apply.

    The outcome keyed at the end of the interview stays in the history. Raises StoreError.
    """
    overrides: dict[str, OverriddenOutcome] = {}
    for key, history in records.store.cases.queries.iterate_histories(until=until, corrected=True):
        overrides |= _find_case_overrides(key, history, records.plan)
    return overrides


def _find_case_overrides(
    key: str, history: Iterable[events.HistoryEntry], plan: Plan
) -> dict[str, OverriddenOutcome]:
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
                overrides[case.interview] = OverriddenOutcome(
                    outcome or code, code_case(case, plan).code
                )
            case events.OutcomeOverridden() | events.CaseReopened() if not is_interview_outcome:
                overrides.pop(case.interview, None)
    return overrides


def select_column_names(
    variables: Sequence[Variable], instrument: Instrument, selection: Sequence[str]
) -> set[str]:
    """Return the columns selected by their names, their items or their sections.

    The first column, which identifies a row, is always included.
    """
    first = variables[0].name
    names = {first}
    columns_by_name: defaultdict[str, set[str]] = defaultdict(set)
    for variable in variables:
        for name in filter(None, (variable.name, variable.item)):
            columns_by_name[name].add(variable.name)
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


def _build_shift_table(
    records: StudyRecords, source: interview_table.InterviewSource, at: datetime
) -> DataTable:
    """Build a table with one row per person and day: those of everybody for supervisors, else one's own."""
    from survey_cli.fieldwork.shifts import build_days

    store, zone = source.store, source.options.zone
    who = records.people.find(store.account)
    own = (
        None if who is not None and who.supervises and store.connector.supervises else store.account
    )
    if source.options.where:
        raise UserError(
            "--where", "shifts have no answers and no sample columns", "leave --where out"
        )
    histories = _iterate_histories(source)
    calls = ((key, entry) for key, history in histories for entry in history)
    work = store.work.list_events(until=source.until, person=own)

    def to_local(at: datetime) -> datetime:
        return at.astimezone(zone)

    names = source.pseudonyms
    rows = (
        build_shift_row(
            names.get(d.login, d.login), d.day, d.summary, d.describe_corrections(names, to_local)
        )
        for d in build_days(work, calls, records.plan, to_local, at=at)
        if own in (None, d.login)
    )
    description = describe_study(source.base, source.language)
    table = Table(
        variables=SHIFT_COLUMNS,
        rows=rows,
        language=source.language,
        study=description,
        row_unit="shift",
    )
    return DataTable(table=table, analysis=source.analysis)


def _iterate_histories(
    source: interview_table.InterviewSource,
) -> Iterator[tuple[str, list[events.HistoryEntry]]]:
    cases, progress = source.store.cases, source.options.progress
    total = cases.counts.count_cases() if progress is not None else 0
    return ProgressReporter(progress, total)(cases.queries.iterate_histories(until=source.until))


def _build_fieldwork_table(
    plan: Plan, source: interview_table.InterviewSource, at: datetime
) -> DataTable:
    """Build a table with one row per case, or one per call, as of the given time."""
    instrument, cases, options, language = (
        source.base,
        source.store.cases,
        source.options,
        source.language,
    )
    condition = parse_sample_condition(instrument, options.where) if options.where else None
    hidden = {n for n, c in instrument.sample.items() if c.is_personal}
    exported = hidden if options.all_personal else hidden & options.personal
    if options.what == "calls" and options.personal:
        remedy = "leave --personal out; --with-contacts includes the notes on calls"
        raise UserError("--personal", "calls have no sample columns", remedy)
    interview_table.check_personal_names(options, instrument.sample.keys())
    if condition is not None and (forbidden := (hidden - exported) & condition.names):
        raise interview_table.make_personal_condition_error(min(forbidden))
    keys = [name for name, column in instrument.sample.items() if column.role == "key"]
    unset: dict[str, Cell] = dict.fromkeys(instrument.sample, NOT_ASKED)
    contacts = dict(cases.queries.iterate_contacts()) if exported or options.all_personal else {}

    def select_cases() -> Iterator[Case]:
        for key, history in _iterate_histories(source):
            case = Case.from_history(key, history)
            if (contact := contacts.get(key)) is not None:
                case = replace(case, columns={**case.columns, **contact.columns})
            known = Known({**unset, **dict.fromkeys(keys, key), **case.columns})
            if condition is None or condition.evaluate(known) is True:
                yield case

    description = describe_study(instrument, language)
    if options.what == "calls":
        notes = options.all_personal
        rows = (
            row
            for case in select_cases()
            for row in iterate_call_rows(case, plan, source.pseudonyms, notes=notes)
        )
        columns = (*CALL_COLUMNS, CALL_NOTE_COLUMN) if notes else CALL_COLUMNS
        table = Table(
            variables=columns, rows=rows, language=language, study=description, row_unit="call"
        )
        return DataTable(
            table=table,
            analysis=source.analysis,
            left_out=() if notes else (CALL_NOTE_COLUMN.name,),
        )
    contact_names = {n for n in exported if instrument.sample[n].role in ("name", "phone")}
    shown = exported - contact_names if options.all_personal else exported
    sample_columns = build_sample_columns(instrument, language, shown)
    # imported here, like the weights
    from survey_cli.reports.fieldwork.disposition_counts import find_study_groups

    groups = find_study_groups(plan)

    def case_rows() -> Iterator[tuple[Cell, ...]]:
        for case in select_cases():
            row = build_case_row(case, plan, at, groups, source.pseudonyms)
            contact = contacts.get(case.key, Contact(link=""))
            numbers = "; ".join(number.e164 or number.written for number in contact.numbers)
            personal = (contact.name, numbers) if options.all_personal else ()
            yield *row, *build_sample_cells(case, sample_columns, keys), *personal

    variables = (*CASE_COLUMNS, *sample_columns, *(CONTACT_COLUMNS if options.all_personal else ()))
    table = Table(
        variables=variables, rows=case_rows(), language=language, study=description, row_unit="case"
    )
    return DataTable(
        table=table, analysis=source.analysis, left_out=tuple(sorted(hidden - exported))
    )
