"""Everything that is stored about one person, for a subject access request."""

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from survey_cli.engine import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.locations import list_call_zones
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_if_readable
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import SpokenItem
from survey_cli.reports.fieldwork.case_histories import describe_event
from survey_cli.reports.fieldwork.cases import (
    CaseHistoryLine,
    JournalLine,
    Subject,
    SubjectColumn,
    SubjectInterview,
    SubjectNumber,
)
from survey_cli.samples.cases.columns import build_labels
from survey_cli.services.run_on_study import Request, make_unknown_case_error, run_on_study
from survey_cli.store import InterviewRow
from survey_cli.store.cases.case_records import Contact, ContactNumber
from survey_cli.study.consistency.person_erasure import list_person_interviews
from survey_cli.study.identity import format_author
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Place


def load_subject(request: Request, key: str) -> Subject:
    """Load everything stored about a person; nothing is changed."""
    return run_on_study(
        request, lambda study: _build_subject(study, key), supervisor_task="see all data stored about a person"
    )


def _build_subject(study: OpenStudy, key: str) -> Subject:
    cases, plan = study.store.cases, study.plan
    row, history = cases.queries.find_row(key), cases.queries.read_history(key)
    interviews = list_person_interviews(study.store, key)
    if row is None and not interviews:
        raise make_unknown_case_error(study, key)
    case, contact = Case.from_history(key, history), cases.queries.find_contact(key)
    zones = list_call_zones(case, case.next_number, plan)
    history_lines = []
    case_before = Case(key=key)
    for seq, (entry, account) in enumerate(zip(history, cases.queries.list_accounts(key), strict=False), start=1):
        what, note = describe_event(entry.event, case_before, plan)
        history_lines.append(
            CaseHistoryLine(seq, entry.at, what, format_author(entry.by, account), entry.station, note)
        )
        case_before = case_before.apply(entry)
    numbers = contact.numbers if contact is not None else ()
    return Subject(
        key=key,
        where=study.where,
        name=contact.name if contact is not None else "",
        language=case.language,
        zone=zones[0] if zones else "",
        status=f"{row.status}{f' ({row.why})' if row.why else ''}, code {row.code}" if row is not None else "",
        numbers=tuple(_iterate_numbers(case, contact)),
        columns=tuple(_iterate_columns(study.instrument, case, contact)),
        on_do_not_call_list=study.is_on_do_not_call_list([number.e164 for number in numbers if number.e164]),
        history=tuple(history_lines),
        interviews=tuple(_build_interview(study, interview) for interview in interviews),
    )


def _iterate_numbers(case: Case, contact: Contact | None) -> Iterator[SubjectNumber]:
    contact_numbers = {number.position: number for number in contact.numbers} if contact is not None else {}
    for position in sorted({number.position for number in case.numbers} | contact_numbers.keys()):
        number = contact_numbers.get(position, ContactNumber(position, "", "", ""))
        state = case.find_number(position)
        yield SubjectNumber(
            *(position, number.display, number.written, number.e164, number.extension),
            state.state if state is not None else "",
        )


def _iterate_columns(instrument: Instrument, case: Case, contact: Contact | None) -> Iterator[SubjectColumn]:
    """Iterate over columns that the questionnaire has now, in its order, then those of earlier versions."""
    personal: Mapping[str, Cell] = contact.columns if contact is not None else {}
    names = [*instrument.sample, *case.columns, *personal]
    for name in dict.fromkeys(names):
        value = case.columns.get(name, personal.get(name))
        if value is None:
            continue
        column = instrument.sample.get(name)
        label = str(column.label.get(instrument.language)) if column and column.label else name
        labels = build_labels(instrument, column) if column is not None else {}
        yield SubjectColumn(name, label, _format_value(value, labels), name in personal)


def _format_value(value: Cell | None, labels: Mapping[Code, str]) -> str:
    """Return a value with its label: `2 (District)`."""
    match value:
        case None:
            return ""
        case Missing():
            return value.kind.replace("_", " ")
        case tuple():
            return ", ".join(_format_value(code, labels) for code in value)
        case int() | str() if value in labels and labels[value] != str(value):
            return f"{value} ({labels[value]})"
        case _:
            return str(value)


def _build_interview(study: OpenStudy, row: InterviewRow) -> SubjectInterview:
    instrument: Instrument | None = study.instrument
    if row.instrument != study.instrument.hash:
        instrument = rebuild_if_readable(study.store.data.find_instrument_texts(row.instrument), row.instrument)
    journal = study.store.interviews.read_journal(row.id)
    draft = study.store.interviews.find_draft(row.id)
    version = next(
        (stored.version for stored in study.store.data.list_instruments() if stored.hash == row.instrument), ""
    )
    sample = journal[0].sample if journal and isinstance(journal[0], events.InterviewStarted) else {}
    return SubjectInterview(
        id=row.id,
        number=row.number,
        origin=row.origin,
        status=row.status,
        outcome=row.outcome,
        version=version,
        began_at=row.began_at,
        sample=tuple((name, _format_value(value, {})) for name, value in sample.items() if value != NOT_ASKED),
        lines=tuple(_iterate_journal_lines(instrument, journal)),
        draft=draft.text if draft is not None else "",
        problem="" if instrument is not None else "its questionnaire can no longer be read",
    )


def _iterate_journal_lines(
    instrument: Instrument | None, journal: Sequence[events.InterviewEvent]
) -> Iterator[JournalLine]:
    for seq, event in enumerate(journal, start=1):
        stamp = event.stamp
        place = getattr(event, "place", None)
        item = instrument.items.get(place.item) if instrument is not None and place is not None else None
        question = item.text.get_source_text(instrument.language) if instrument is not None and item is not None else ""
        what, answer, note = _describe_event(event, instrument, item)
        where = str(place) if isinstance(place, Place) else ""
        yield JournalLine(seq, stamp.at, stamp.by, stamp.station, what, where, question, answer, note)


def _describe_event(  # noqa: C901 - one branch per kind
    event: events.InterviewEvent, instrument: Instrument | None, item: CompiledItem | None
) -> tuple[str, str, str]:
    """Return the event, the answer and the note, as text."""
    language = instrument.language if instrument is not None else ""
    labels = {o.code: str(o.label.get(language)) for o in item.options} if item is not None else {}
    match event:
        case events.InterviewStarted():
            return f"began, {event.today}", "", f"{event.session.interviewer}, {event.session.daypart}"
        case events.InterviewResumed(reopen=reopen):
            return "reopened" if reopen else "resumed", "", event.session.interviewer
        case events.QuestionAnswered(value=value, specify_texts=words):
            specified = "; ".join(f"{code}: {text}" for code, text in words.items())
            is_read_aloud = item is not None and isinstance(item.question, SpokenItem)
            return "read" if is_read_aloud else "answered", _format_value(value, labels), specified
        case events.QuestionDeclined(decline=decline):
            decline_texts = {d.id: str(d.text.get(language)) for d in item.declines} if item is not None else {}
            return "declined", decline_texts.get(decline, decline), ""
        case events.ValueComputed(value=value):
            return "computed", _format_value(value, labels), ""
        case events.PositionMoved(jump=jump):
            return "jumped to" if jump else "back to", "", ""
        case events.QueryConfirmed(reason=reason):
            return "confirmed", "", reason
        case events.AnswerKept():
            return "kept the answer", "", ""
        case events.NoteWritten(text=text):
            return "note", "", text
        case events.LanguageChanged(language=spoken):
            return f"in {spoken}", "", ""
        case events.InterviewSuspended(outcome=outcome):
            return f"suspended{f': {outcome}' if outcome else ''}", "", ""
        case events.InterviewStopped(outcome=outcome):
            return f"stopped: {outcome}", "", ""
        case events.InterviewEnded(outcome=outcome):
            return f"ended: {outcome}", "", ""
        case events.InterviewMigrated(dropped=dropped):
            return "continued with another version", f"without {', '.join(map(str, dropped))}" if dropped else "", ""
        case events.AnswersErased(why=why, remaining=left):
            what = "erased" if left is None else "names and notes erased"
            remaining_text = ", ".join(f"{name} {_format_value(cell, {})}" for name, cell in (left or {}).items())
            return what, remaining_text, why
        case _:
            assert_never(event)
