"""Personal data: what is stored about a person, erasure, and anonymization after a period."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, NamedTuple, assert_never

from survey_cli.engine import events
from survey_cli.fieldwork.case.case import Case, list_call_zones
from survey_cli.fieldwork.case.codec import count_notes
from survey_cli.fieldwork.queue.reasons import DUE
from survey_cli.fieldwork.queue.scheduling import find_done_time, find_study_end
from survey_cli.instrument.compiled.model import Instrument, find_labels
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import SpokenItem
from survey_cli.permissions import Action
from survey_cli.problems import StoreError, UserError
from survey_cli.reports.fieldwork.cases import (
    JournalLine,
    Subject,
    SubjectColumn,
    SubjectInterview,
    SubjectNumber,
)
from survey_cli.services.cases.case_lists import iterate_history_lines
from survey_cli.services.run_on_study import make_unknown_case_error, on_study
from survey_cli.store import InterviewRow
from survey_cli.store.access_log import Access
from survey_cli.store.cases.case_records import CaseRow, Contact, ContactNumber
from survey_cli.study.consistency import person_erasure, withdrawals
from survey_cli.study.consistency.interview_outcomes import ERASE_PRACTICE_TASK, ERASE_TASK
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Place, format_clock_time
from survey_cli.wording import format_quantity, pluralize

CONTACTS: Final = "contacts"
"""The key under `retention:` that this module acts on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePreview:
    """Counts of what an erasure will remove."""

    key: str
    where: str
    name: str
    numbers: int
    columns: tuple[str, ...]
    """Sample columns whose values are removed."""
    notes: int
    interviews: int
    answered: int
    """Answers in its interviews."""
    erased: bool
    """It was erased before."""


@on_study(Action.ERASE)
def preview_erasure(study: OpenStudy, key: str) -> ErasurePreview:
    """Count what is stored about a person. Nothing is changed."""
    history = study.store.cases.queries.read_history(key)
    interviews = person_erasure.list_person_interviews(study.store, key)
    if not history and not interviews:
        raise make_unknown_case_error(study, key)

    case = Case.from_history(key, history)
    contact = study.store.cases.queries.find_contact(key) or Contact(link="")
    kept_columns = person_erasure.list_kept_columns(study.instrument)
    removed_columns = contact.columns.keys() | (case.columns.keys() - kept_columns)
    answered = 0
    for row in interviews:
        journal = study.store.interviews.read_journal(row.id)
        if not person_erasure.is_erased(journal):
            answered += row.answered
    return ErasurePreview(
        key=key,
        where=study.where,
        name=contact.name,
        numbers=len(contact.numbers),
        columns=tuple(name for name in study.instrument.sample if name in removed_columns),
        notes=sum(count_notes(entry) for entry in history),
        interviews=len(interviews),
        answered=answered,
        erased=case.erased,
    )


@on_study(Action.ERASE)
def erase_person(study: OpenStudy, key: str, *, why: str) -> person_erasure.ErasureResult:
    """Erase everything that identifies a case and everything that was answered.

    A second call finishes an interrupted erasure.
    """
    if not why.strip():
        remedy = "give it with --reason, without a person's name"
        raise UserError(f"case {key}", "an erasure needs a reason", remedy)
    row = study.store.cases.queries.find_row(key)
    if row is None and not person_erasure.list_person_interviews(study.store, key):
        raise make_unknown_case_error(study, key)

    result = person_erasure.erase_person(study, key, why=why.strip())
    # An erasure of the answers that was still to be done is done now.
    for task in (ERASE_TASK, ERASE_PRACTICE_TASK):
        study.store.settings.complete_task(f"{task}: {key}")
    return result


finish_erasure = on_study(Action.ERASE)(withdrawals.finish_erasures)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymizationResult:
    """What anonymization by `retention:` did, or in a dry run would do."""

    where: str
    span: str
    """The retention period: `90 days`."""
    cases: int
    interviews: int
    """Interviews that lost answers; in a dry run, those that may."""
    skipped: tuple[tuple[str, str], ...]
    """Cases that could not be anonymized now, each with the reason."""
    next_at: datetime | None
    """When the retention period of the next case ends; None if that is not known."""
    clean: bool
    """Whether nothing of it can be recovered from the database's file; true in a dry run."""
    dry_run: bool


@on_study(Action.ANONYMIZE)
def anonymize_study(
    study: OpenStudy, *, dry_run: bool = False, pause: Callable[[], None] | None = None
) -> AnonymizationResult:
    """Remove names, numbers, notes and personal answers of cases whose retention period is over.

    The period begins when the case was done, or at the study's end if it was still open. `pause` is
    called between two cases. Repeating the call changes nothing more.
    """
    at = study.at
    retention = study.plan.retention.get(CONTACTS)
    if retention is None:
        what = "the study does not say how long contacts are kept"
        raise UserError(study.path, what, "add fieldwork: retention: {contacts: 90d}")
    span = format_quantity(retention.days, "day")
    if not retention.days:
        hours = retention.total_seconds() / 3600
        span = f"{hours:g} {pluralize(hours, 'hour')}"

    due = []
    later = []
    for key, done_at in _iterate_named_cases(study, at):
        if done_at is None:
            continue
        if done_at + retention <= at:
            due.append(key)
        else:
            later.append(done_at + retention)

    cases = 0
    interviews = 0
    skipped: list[tuple[str, str]] = []
    for number, key in enumerate(due):
        if dry_run:
            cases += study.store.cases.queries.find_row(key) is not None
            interviews += len(person_erasure.list_person_interviews(study.store, key))
            continue

        if number and pause is not None:
            pause()
        try:
            result = person_erasure.anonymize_person(study, key, why=f"kept for {span}")
        except StoreError:
            raise
        except UserError as error:
            skipped.append((key, error.what))
            continue
        cases += result.case
        interviews += result.interviews
        if result.unreadable:
            what = (
                "its journal cannot be replayed, so its answers are kept: "
                "survey privacy erase removes all"
            )
            skipped.append((key, what))
    return AnonymizationResult(
        where=study.where,
        span=span,
        cases=cases,
        interviews=interviews,
        skipped=tuple(skipped),
        next_at=min(later, default=None),
        clean=dry_run or person_erasure.scrub_database(study.store),
        dry_run=dry_run,
    )


def _iterate_named_cases(study: OpenStudy, at: datetime) -> Iterator[tuple[str, datetime | None]]:
    """Iterate over the cases that can still be identified, each with the time when it was done.

    The time is None if it isn't done.
    """
    contacts = {key for key, _ in study.store.cases.queries.iterate_contacts()}
    sampled = set()
    for key, history in study.store.cases.queries.iterate_histories():
        sampled.add(key)
        case = Case.from_history(key, history)
        if key in contacts or not case.anonymized:
            yield key, find_done_time(case, study.plan, history[-1].at, at)
    yield from _find_unsampled_done_times(study, at, sampled).items()


def _find_unsampled_done_times(
    study: OpenStudy, at: datetime, sampled: Collection[str]
) -> dict[str, datetime | None]:
    """Return when cases that are not in the sample were done, by their interviews."""
    study_end = find_study_end(study.plan)
    has_ended = study_end is not None and study_end <= at
    done_times: dict[str, datetime | None] = {}
    for row in study.store.interviews.list_rows():
        if not row.case or row.case in sampled or row.origin == "simulated":
            continue
        if events.find_erasure(study.store.interviews.read_journal(row.id)) is not None:
            continue

        done_at = study_end if has_ended else None
        if row.status in ("ended", "stopped"):
            done_at = row.updated_at
        # A case is done when all of its interviews are.
        other = done_times.get(row.case, done_at)
        if other is None or done_at is None:
            done_times[row.case] = None
        else:
            done_times[row.case] = max(other, done_at)
    return done_times


@on_study(Action.SEE_STORED_DATA)
def load_subject(study: OpenStudy, key: str) -> Subject:
    """Load everything stored about a person. Nothing is changed, but the access is recorded."""
    queries = study.store.cases.queries
    row = queries.find_row(key)
    interviews = person_erasure.list_person_interviews(study.store, key)
    if row is None and not interviews:
        raise make_unknown_case_error(study, key)
    study.store.access_log.record(
        Access.CONTACT, f"case {key}", "everything stored", at=study.at, by=study.who.login
    )

    history = queries.read_history(key)
    case = Case.from_history(key, history)
    contact = queries.find_contact(key) or Contact(link="")
    zones = list_call_zones(case, case.next_number, study.plan)
    dialable = [number.e164 for number in contact.numbers if number.e164]
    return Subject(
        key=key,
        where=study.where,
        name=contact.name,
        language=case.language,
        zone=zones[0] if zones else "",
        status=_describe_status(row),
        numbers=tuple(_iterate_numbers(case, contact)),
        columns=tuple(_iterate_columns(study.instrument, case, contact)),
        on_do_not_call_list=study.is_on_do_not_call_list(dialable),
        history=tuple(iterate_history_lines(study, key, history)),
        interviews=tuple(_build_interview(study, interview) for interview in interviews),
    )


def _iterate_numbers(case: Case, contact: Contact) -> Iterator[SubjectNumber]:
    """Yield the numbers of the contact with their states, and those that were erased."""
    contact_numbers = {number.position: number for number in contact.numbers}
    positions = {number.position for number in case.numbers} | contact_numbers.keys()
    for position in sorted(positions):
        written = contact_numbers.get(position, ContactNumber(position, "", "", ""))
        number = case.find_number(position)
        yield SubjectNumber(
            position,
            written.display,
            written.written,
            written.e164,
            written.extension,
            number.state if number is not None else "",
        )


def _describe_status(row: CaseRow | None) -> str:
    """Return `waiting (3h after no answer), code 3.13`; empty if the case has no row."""
    if row is None:
        return ""
    code = f"code {row.position.code}"
    if row.position.reason == DUE:
        return f"{row.status}, {code}"
    return f"{row.status} ({row.position.reason.words}), {code}"


def _iterate_columns(
    instrument: Instrument, case: Case, contact: Contact
) -> Iterator[SubjectColumn]:
    """Iterate over the present columns in their order, then over those of earlier versions."""
    values: Mapping[str, Cell] = {**contact.columns, **case.columns}
    for name in dict.fromkeys((*instrument.sample, *case.columns, *contact.columns)):
        value = values.get(name)
        if value is None:
            continue
        label = name
        labels: Mapping[Code, str] = {}
        column = instrument.sample.get(name)
        if column is not None:
            labels = find_labels(instrument, name, instrument.language)
            if column.label:
                label = str(column.label.get(instrument.language))
        yield SubjectColumn(name, label, _format_value(value, labels), name in contact.columns)


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
        case time():
            return format_clock_time(value)
        case _:
            return str(value)


def _build_interview(study: OpenStudy, row: InterviewRow) -> SubjectInterview:
    """Return an interview with all of its events, as text."""
    instrument = person_erasure.load_version(study.store, study.instrument, row)
    journal = study.store.interviews.read_journal(row.id)
    draft = study.store.interviews.find_draft(row.id)
    versions = {stored.hash: stored.version for stored in study.store.data.list_instruments()}

    sample = []
    if journal and isinstance(journal[0], events.InterviewStarted):
        for name, value in journal[0].sample.items():
            if value != NOT_ASKED:
                sample.append((name, _format_value(value, {})))
    return SubjectInterview(
        id=row.id,
        number=row.number,
        origin=row.origin,
        status=row.status,
        outcome=row.outcome,
        began_at=row.began_at,
        version=versions.get(row.instrument, ""),
        sample=tuple(sample),
        lines=tuple(_iterate_journal_lines(instrument, journal)),
        draft=draft.text if draft is not None else "",
        problem="" if instrument is not None else "its questionnaire can no longer be read",
    )


def _iterate_journal_lines(
    instrument: Instrument | None, journal: Sequence[events.InterviewEvent]
) -> Iterator[JournalLine]:
    """Yield the events as text. Without the instrument, codes have no labels."""
    for seq, event in enumerate(journal, start=1):
        place: Place | None = getattr(event, "place", None)
        item = None
        question = ""
        if instrument is not None and place is not None:
            item = instrument.items.get(place.item)
            if item is not None:
                question = item.text.get_source_text(instrument.language)
        text = _describe_event(event, instrument, item)
        yield JournalLine(
            seq,
            event.stamp.at,
            event.stamp.by,
            event.stamp.station,
            text.what,
            str(place) if place is not None else "",
            question,
            text.answer,
            text.note,
        )


class _EventText(NamedTuple):
    """What happened, the answer, and the note or the reason, as text."""

    what: str
    answer: str = ""
    note: str = ""


def _describe_event(  # noqa: C901 - one branch per kind
    event: events.InterviewEvent, instrument: Instrument | None, item: CompiledItem | None
) -> _EventText:
    labels: dict[Code, str] = {}
    decline_texts: dict[str, str] = {}
    if instrument is not None and item is not None:
        language = instrument.language
        labels = {option.code: str(option.label.get(language)) for option in item.options}
        decline_texts = {decline.id: str(decline.text.get(language)) for decline in item.declines}

    match event:
        case events.InterviewStarted(today=today, session=session):
            return _EventText(f"began, {today}", note=f"{session.interviewer}, {session.daypart}")
        case events.InterviewResumed(reopen=reopen, session=session):
            return _EventText("reopened" if reopen else "resumed", note=session.interviewer)
        case events.QuestionAnswered(value=value, specify_texts=words):
            is_read_aloud = item is not None and isinstance(item.question, SpokenItem)
            what = "read" if is_read_aloud else "answered"
            specified = "; ".join(f"{code}: {text}" for code, text in words.items())
            return _EventText(what, _format_value(value, labels), specified)
        case events.QuestionDeclined(decline=decline):
            return _EventText("declined", decline_texts.get(decline, decline))
        case events.ValueComputed(value=value):
            return _EventText("computed", _format_value(value, labels))
        case events.PositionMoved(jump=jump):
            return _EventText("jumped to" if jump else "back to")
        case events.QueryConfirmed(reason=reason):
            return _EventText("confirmed", note=reason)
        case events.AnswerKept():
            return _EventText("kept the answer")
        case events.NoteWritten(text=text):
            return _EventText("note", note=text)
        case events.LanguageChanged(language=spoken):
            return _EventText(f"in {spoken}")
        case events.InterviewSuspended(outcome=outcome):
            return _EventText(f"suspended: {outcome}" if outcome else "suspended")
        case events.InterviewStopped(outcome=outcome):
            return _EventText(f"stopped: {outcome}")
        case events.InterviewEnded(outcome=outcome):
            return _EventText(f"ended: {outcome}")
        case events.InterviewMigrated(dropped=dropped):
            without = f"without {', '.join(str(place) for place in dropped)}" if dropped else ""
            return _EventText("continued with another version", without)
        case events.AnswerCoded(codes=codes, role=role, note=note):
            answer = "taken back"
            if codes is not None:
                answer = " ".join(str(code) for code in codes)
            return _EventText(f"coded ({role})", answer, note)
        case events.InterviewReviewed(verdict=verdict, reason=reason):
            what = "drawn for a review" if verdict == "drawn" else f"reviewed: {verdict}"
            return _EventText(what, note=reason)
        case events.AnswersErased(why=why, remaining=left):
            if left is None:
                return _EventText("erased", note=why)
            remaining = [f"{name} {_format_value(cell, {})}" for name, cell in left.items()]
            return _EventText("names and notes erased", ", ".join(remaining), why)
        case _:
            assert_never(event)
