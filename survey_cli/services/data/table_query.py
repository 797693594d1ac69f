"""Selection of the table that an export or report needs, by options that are checked here.

It writes nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case, has_final_override
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.instrument.expressions.known import Known
from survey_cli.permissions import Action
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.samples.cases.columns import list_columns
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
from survey_cli.study.open_study import StudyRecords, check_study_may
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
    """Build the table. Its rows are read while iterating over them: the records must stay open.

    `weights` appends those of a report, unless they are those of a sample column. Raises UserError.
    """
    data = _build_table(records, options)
    if options.what != "interviews":
        return data

    draws = list_weighting_draws(records.instrument)
    has_weights = bool(options.rake or options.weight or draws)
    if weights and has_weights:
        # Imported here: most exports are not weighted, and need nothing of the reports.
        from survey_cli.services.data.interview_weights import append_weights

        all_columns = _build_table(records, replace(options, variables=()))
        data = append_weights(data, all_columns, records.plan, options)

    keys = list_columns(records.instrument.sample, "key")
    identifying = find_identifying_columns(data.table.variables, keys)
    if options.public:
        names = {variable.name for variable in data.table.variables}
        for columns in identifying.values():
            names -= set(columns)
        data = replace(data, table=data.table.select_columns(names))
    return replace(data, identifying=identifying)


def _build_table(records: StudyRecords, options: ExportOptions) -> DataTable:
    """Build the table without weights, with the requested columns."""
    analysis = open_analysis(records.path, records.instrument)
    if options.all_personal or options.personal:
        _check_personal_access(records)

    now = convert_to_study_time(records.store, options.at)
    when = parse_as_of(options.as_of, now, options.zone)
    until = when.at if when.past else None
    verdicts = _load_verdicts(records, until)
    falsified = {interview for interview, verdict in verdicts.items() if verdict == "falsified"}
    left_out = falsified if options.without_falsified else set()
    pseudonyms = {}
    for interviewer in records.people.interviewers.values():
        if interviewer.pseudonym:
            pseudonyms[interviewer.login] = interviewer.pseudonym

    source = interview_table.InterviewSource(
        store=records.store,
        base=records.instrument,
        analysis=analysis,
        options=options,
        language=choose_language(analysis.instrument, options.language),
        pseudonyms=pseudonyms,
        until=until,
        left_out=left_out,
    )
    match options.what:
        case "interviews":
            source = replace(source, overrides=find_outcome_overrides(records, until))
            data = interview_table.build_interview_table(source)
            data = append_coded_variables(data, records, until)
            data = _append_reviews(data, verdicts, without_falsified=options.without_falsified)
        case "answers":
            data = interview_table.build_long_table(source, "answer")
        case "events":
            data = interview_table.build_long_table(source, "event")
        case "cases":
            data = _build_case_table(records.plan, source, until or now)
        case "calls":
            data = _build_call_table(records.plan, source)
        case "shifts":
            data = _build_shift_table(records, source, until or now)
        case unknown:
            assert_never(unknown)

    if options.variables:
        variables = data.table.variables
        names = select_column_names(variables, analysis.instrument, options.variables)
        data = replace(data, table=data.table.select_columns(names))
    return data


def _load_verdicts(records: StudyRecords, until: datetime | None) -> dict[str, str]:
    """Load what the office's reviews found, by interview, up to a time."""
    interviews = records.store.interviews
    if until is None:
        reviews = interviews.read_reviews()
    else:
        reviews = interviews.read_reviews(encode_timestamp(until))
    return {interview: review.verdict for interview, review in reviews.items()}


def _append_reviews(
    data: DataTable, verdicts: Mapping[str, str], *, without_falsified: bool
) -> DataTable:
    """Append a column with what reviews found, if any interview was drawn for one."""
    if not verdicts:
        return data

    # The stored text of an interview's id is in quotes.
    cells = {f'"{interview}"': verdict for interview, verdict in verdicts.items()}
    data = replace(data, table=data.table.append_column(REVIEW_COLUMN, cells, ""))
    falsified = sum(verdict == "falsified" for verdict in verdicts.values())
    if not falsified or without_falsified:
        return data

    interviews = format_quantity(falsified, "interview")
    note = f"interview_review is falsified in {interviews}; --without-falsified leaves them out"
    return replace(data, warnings=(*data.warnings, note))


def _check_personal_access(records: StudyRecords) -> None:
    """Check that the account may export names and numbers. Raises UserError."""
    check_study_may(records, Action.EXPORT_PERSONAL)


# ── corrected outcomes ──


def find_outcome_overrides(
    records: StudyRecords, until: datetime | None
) -> dict[str, OverriddenOutcome]:
    """Find the outcomes of interviews that a supervisor's correction of the case replaces.

    The outcome keyed at the end of the interview stays in the history. Raises StoreError.
    """
    overrides: dict[str, OverriddenOutcome] = {}
    queries = records.store.cases.queries
    for key, history in queries.iterate_histories(until=until, corrected=True):
        overrides |= _find_case_overrides(key, history, records.plan)
    return overrides


def _find_case_overrides(
    key: str, history: Iterable[events.HistoryEntry], plan: Plan
) -> dict[str, OverriddenOutcome]:
    """Find the corrected outcomes of one case.

    A correction applies to the latest interview: a final one always, any other if the corrected
    call is that interview's. It holds until the interview is resumed.
    """
    case = Case(key=key)
    overrides: dict[str, OverriddenOutcome] = {}
    # Whether the outcome of the last call is that of the interview.
    is_interview_outcome = False
    for entry in history:
        before = case
        case = case.apply(entry)
        match entry.event:
            case events.OutcomeRecorded():
                is_interview_outcome = before.interview_open
            case events.OutcomeRevoked():
                is_interview_outcome = False
            case events.InterviewOpened(interview):
                if not has_final_override(before, plan):
                    overrides.pop(interview, None)
            case events.OutcomeOverridden(outcome, code, _):
                is_of_interview = is_interview_outcome or has_final_override(case, plan)
                if case.interview and is_of_interview:
                    counted = code_case(case, plan).code
                    overrides[case.interview] = OverriddenOutcome(outcome or code, counted)
                elif not is_interview_outcome:
                    overrides.pop(case.interview, None)
            case events.CaseReopened():
                if not is_interview_outcome:
                    overrides.pop(case.interview, None)
    return overrides


# ── selected columns ──


def select_column_names(
    variables: Sequence[Variable], instrument: Instrument, selection: Sequence[str]
) -> set[str]:
    """Return the columns selected by their names, their items or their sections.

    The first column, which identifies a row, is always included. Raises UserError.
    """
    names_by_word: defaultdict[str, set[str]] = defaultdict(set)
    for variable in variables:
        names_by_word[variable.name].add(variable.name)
        if variable.item:
            names_by_word[variable.item].add(variable.name)

    selected = {variables[0].name}
    for word in selection:
        names = set(names_by_word.get(word, ()))
        group = instrument.groups.get(word)
        if isinstance(group, ItemGroup):
            for item in group.items:
                names |= names_by_word.get(item.id, set())
        if word == "interview":
            names |= {v.name for v in variables if v.name.startswith("interview_")}

        if not names:
            known = [*names_by_word, *instrument.groups, "interview"]
            remedy = suggest_nearest(word, known, otherwise="specify columns, items or sections")
            raise UserError("--variables", f"there is no column {word!r}", remedy)
        selected |= names
    return selected


# ── cases, calls and shifts ──


def _iterate_histories(
    source: interview_table.InterviewSource,
) -> Iterator[tuple[str, list[events.HistoryEntry]]]:
    """Iterate over the histories of all cases up to the requested time, and report progress."""
    cases = source.store.cases
    progress = source.options.progress
    # Without progress, the total isn't shown.
    total = 0
    if progress is not None:
        total = cases.counts.count_cases()
    reporter = ProgressReporter(progress, total)
    return reporter(cases.queries.iterate_histories(until=source.until))


def _build_shift_table(
    records: StudyRecords, source: interview_table.InterviewSource, at: datetime
) -> DataTable:
    """Build a table with one row per person and day: of all people for supervisors, else one's own.

    Raises UserError.
    """
    from survey_cli.fieldwork.shifts import build_days

    if source.options.where:
        what = "shifts have no answers and no sample columns"
        raise UserError("--where", what, "leave --where out")

    store = source.store
    own = None if records.who.may(Action.SEE_WORKING_TIMES) else store.account
    work = store.work.list_events(until=source.until, person=own)
    calls = ((key, entry) for key, history in _iterate_histories(source) for entry in history)

    def to_local(at: datetime) -> datetime:
        return at.astimezone(source.options.zone)

    def iterate_rows() -> Iterator[tuple[Cell, ...]]:
        names = source.pseudonyms
        for day in build_days(work, calls, records.plan, to_local, at=at):
            if own in (None, day.login):
                name = names.get(day.login, day.login)
                corrections = day.describe_corrections(names, to_local)
                yield build_shift_row(name, day.day, day.summary, corrections)

    table = Table(
        variables=SHIFT_COLUMNS,
        rows=iterate_rows(),
        language=source.language,
        study=describe_study(source.base, source.language),
        row_unit="shift",
    )
    return DataTable(table=table, analysis=source.analysis)


class _CaseSelection:
    """The cases that an export of cases or calls selects, and its personal columns."""

    def __init__(self, source: interview_table.InterviewSource) -> None:
        """Check which personal columns are requested. Raises UserError."""
        self._source = source
        options = source.options
        instrument = source.base
        self.keys = list_columns(instrument.sample, "key")
        personal = {name for name, column in instrument.sample.items() if column.is_personal}
        self.shown = personal
        """Personal columns whose values are exported."""
        if not options.all_personal:
            self.shown = personal & options.personal
        self.hidden = personal - self.shown

        self._condition = None
        if options.where:
            self._condition = parse_sample_condition(instrument, options.where)
        interview_table.check_personal_names(options, instrument.sample.keys())
        if self._condition is not None:
            forbidden = self.hidden & self._condition.names
            if forbidden:
                raise interview_table.make_personal_condition_error(min(forbidden))

        self.contacts: Mapping[str, Contact] = {}
        """Names, numbers and personal columns by case, if any of them is exported."""
        if self.shown or options.all_personal:
            self.contacts = dict(source.store.cases.queries.iterate_contacts())

    def iterate(self) -> Iterator[Case]:
        """Iterate over the cases for which the condition holds, with their personal columns."""
        unset: dict[str, Cell] = dict.fromkeys(self._source.base.sample, NOT_ASKED)
        for key, history in _iterate_histories(self._source):
            case = Case.from_history(key, history)
            contact = self.contacts.get(key)
            if contact is not None:
                case = replace(case, columns={**case.columns, **contact.columns})

            known = Known({**unset, **dict.fromkeys(self.keys, key), **case.columns})
            if self._condition is None or self._condition.evaluate(known) is True:
                yield case


def _build_call_table(plan: Plan, source: interview_table.InterviewSource) -> DataTable:
    """Build a table with one row per call. Raises UserError."""
    options = source.options
    if options.personal:
        remedy = "leave --personal out; --with-contacts includes the notes on calls"
        raise UserError("--personal", "calls have no sample columns", remedy)

    selection = _CaseSelection(source)
    has_notes = options.all_personal
    columns = (*CALL_COLUMNS, CALL_NOTE_COLUMN) if has_notes else CALL_COLUMNS

    def iterate_rows() -> Iterator[tuple[Cell, ...]]:
        for case in selection.iterate():
            yield from iterate_call_rows(case, plan, source.pseudonyms, notes=has_notes)

    table = Table(
        variables=columns,
        rows=iterate_rows(),
        language=source.language,
        study=describe_study(source.base, source.language),
        row_unit="call",
    )
    left_out = () if has_notes else (CALL_NOTE_COLUMN.name,)
    return DataTable(table=table, analysis=source.analysis, left_out=left_out)


def _build_case_table(
    plan: Plan, source: interview_table.InterviewSource, at: datetime
) -> DataTable:
    """Build a table with one row per case, as of the given time. Raises UserError."""
    # Imported here, like the weights.
    from survey_cli.reports.fieldwork.disposition_counts import find_study_groups

    instrument = source.base
    has_contacts = source.options.all_personal
    selection = _CaseSelection(source)
    shown = selection.shown
    if has_contacts:
        # Names and numbers have columns of their own.
        shown = {n for n in shown if instrument.sample[n].role not in ("name", "phone")}
    sample_columns = build_sample_columns(instrument, source.language, shown)
    groups = find_study_groups(plan)

    def iterate_rows() -> Iterator[tuple[Cell, ...]]:
        for case in selection.iterate():
            row = build_case_row(case, plan, at, groups, source.pseudonyms)
            sample_cells = build_sample_cells(case, sample_columns, selection.keys)
            contact_cells: tuple[Cell, ...] = ()
            if has_contacts:
                contact = selection.contacts.get(case.key, Contact(link=""))
                numbers = "; ".join(number.e164 or number.written for number in contact.numbers)
                contact_cells = (contact.name, numbers)
            yield *row, *sample_cells, *contact_cells

    contact_columns = CONTACT_COLUMNS if has_contacts else ()
    table = Table(
        variables=(*CASE_COLUMNS, *sample_columns, *contact_columns),
        rows=iterate_rows(),
        language=source.language,
        study=describe_study(instrument, source.language),
        row_unit="case",
    )
    left_out = tuple(sorted(selection.hidden))
    return DataTable(table=table, analysis=source.analysis, left_out=left_out)
