"""Personal data: everything stored about a person, erasure, anonymization of cases whose retention period is over."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never

from survey_cli.engine import events
from survey_cli.fieldwork.case.case import Case, list_call_zones
from survey_cli.fieldwork.case.codec import count_notes
from survey_cli.fieldwork.queue.reasons import DUE
from survey_cli.fieldwork.queue.scheduling import find_done_time, find_study_end
from survey_cli.instrument.compiled.model import Instrument, find_labels
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import SpokenItem
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
from survey_cli.study.consistency.person_erasure import ErasureResult, list_person_interviews
from survey_cli.study.open_study import OpenStudy
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Place

CONTACTS: Final = "contacts"
"""The key under `retention:`."""
ERASE: Final = "erase a person's data"
"""A supervisor's task."""


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


@on_study(ERASE)
def preview_erasure(study: OpenStudy, key: str) -> ErasurePreview:
    """Count what is stored about a person; nothing is changed."""
    cases = study.store.cases
    history = cases.queries.read_history(key)
    interviews = person_erasure.list_person_interviews(study.store, key)
    if not history and not interviews:
        raise make_unknown_case_error(study, key)
    case, contact = (
        Case.from_history(key, history),
        cases.queries.find_contact(key) or Contact(link=""),
    )
    removed = contact.columns.keys() | (
        case.columns.keys() - person_erasure.list_kept_columns(study.instrument)
    )
    journals = study.store.interviews
    kept = [
        row for row in interviews if not person_erasure.is_erased(journals.read_journal(row.id))
    ]
    return ErasurePreview(
        key=key,
        where=study.where,
        name=contact.name,
        numbers=len(contact.numbers),
        columns=tuple(name for name in study.instrument.sample if name in removed),
        notes=sum(map(count_notes, history)),
        interviews=len(interviews),
        answered=sum(row.answered for row in kept),
        erased=case.erased,
    )


@on_study(ERASE)
def erase_person(study: OpenStudy, key: str, *, why: str) -> ErasureResult:
    """Erase everything that identifies a case and everything that was answered.

    A second call finishes an interrupted erasure.
    """
    if not why.strip():
        raise UserError(
            f"case {key}",
            "an erasure needs a reason",
            "give it with --reason, without a person's name",
        )
    if not study.store.cases.queries.find_row(key) and not person_erasure.list_person_interviews(
        study.store, key
    ):
        raise make_unknown_case_error(study, key)
    result = person_erasure.erase_person(study, key, why=why.strip())
    for task in (ERASE_TASK, ERASE_PRACTICE_TASK):
        study.store.settings.complete_task(f"{task}: {key}")
    return result


finish_erasure = on_study(ERASE)(withdrawals.finish_erasures)


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
    """When the retention period of the next case ends; None where that is not known."""
    clean: bool
    dry_run: bool


@on_study("anonymize a study")
def anonymize_study(
    study: OpenStudy, *, dry_run: bool = False, pause: Callable[[], None] | None = None
) -> AnonymizationResult:
    """Remove names, numbers, notes and personal answers of every case whose retention period is over.

    The period begins when the case was done, or at the study's end where it was still open. Repeating the call
    changes nothing more.
    """
    retention, at = study.plan.retention.get(CONTACTS), study.at
    if retention is None:
        what = "the study does not say how long contacts are kept"
        raise UserError(study.path, what, "add fieldwork: retention: {contacts: 90d}")
    done_times = dict(_iterate_named_cases(study, at))
    due = [
        key for key, since in done_times.items() if since is not None and since + retention <= at
    ]
    later = [
        since + retention
        for since in done_times.values()
        if since is not None and since + retention > at
    ]
    span = (
        f"{retention.days} days"
        if retention.days
        else f"{retention.total_seconds() / 3600:g} hours"
    )
    cases = interviews = 0
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
            what = "its journal cannot be replayed, so its answers are kept: survey privacy erase removes all"
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
    """Iterate over the cases that can still be identified, each with the time since when it has been done."""
    contacts = {key for key, _ in study.store.cases.queries.iterate_contacts()}
    sampled = set()
    for key, history in study.store.cases.queries.iterate_histories():
        sampled.add(key)
        case = Case.from_history(key, history)
        if key in contacts or not case.anonymized:
            yield key, find_done_time(case, study.plan, history[-1].at, at)
    study_end = find_study_end(study.plan)
    others: dict[str, datetime | None] = {}
    for row in study.store.interviews.list_rows():
        is_other = row.case and row.case not in sampled and row.origin != "simulated"
        if (
            not is_other
            or events.find_erasure(study.store.interviews.read_journal(row.id)) is not None
        ):
            continue
        done_if_open = study_end if study_end is not None and study_end <= at else None
        since = row.updated_at if row.status in ("ended", "stopped") else done_if_open
        before = others.get(row.case, since)
        others[row.case] = max(before, since) if before is not None and since is not None else None
    yield from others.items()


@on_study("see all data stored about a person")
def load_subject(study: OpenStudy, key: str) -> Subject:
    """Load everything stored about a person; nothing is changed."""
    cases = study.store.cases
    row, history = cases.queries.find_row(key), cases.queries.read_history(key)
    interviews = list_person_interviews(study.store, key)
    if row is None and not interviews:
        raise make_unknown_case_error(study, key)
    study.store.access_log.record(
        Access.CONTACT, f"case {key}", "everything stored", at=study.at, by=study.who.login
    )
    case, contact = (
        Case.from_history(key, history),
        cases.queries.find_contact(key) or Contact(link=""),
    )
    zones = list_call_zones(case, case.next_number, study.plan)
    return Subject(
        key=key,
        where=study.where,
        name=contact.name,
        language=case.language,
        zone=zones[0] if zones else "",
        status=_describe_status(row),
        numbers=tuple(_iterate_numbers(case, contact)),
        columns=tuple(_iterate_columns(study.instrument, case, contact)),
        on_do_not_call_list=study.is_on_do_not_call_list(
            [number.e164 for number in contact.numbers if number.e164]
        ),
        history=tuple(iterate_history_lines(study, key, history)),
        interviews=tuple(_build_interview(study, interview) for interview in interviews),
    )


def _iterate_numbers(case: Case, contact: Contact) -> Iterator[SubjectNumber]:
    contact_numbers = {number.position: number for number in contact.numbers}
    for position in sorted({number.position for number in case.numbers} | contact_numbers.keys()):
        n, state = (
            contact_numbers.get(position, ContactNumber(position, "", "", "")),
            case.find_number(position),
        )
        yield SubjectNumber(
            position, n.display, n.written, n.e164, n.extension, state.state if state else ""
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
    """Iterate over columns that the questionnaire has now, in its order, then those of earlier versions."""
    values: Mapping[str, Cell] = {**contact.columns, **case.columns}
    for name in dict.fromkeys((*instrument.sample, *case.columns, *contact.columns)):
        if (value := values.get(name)) is None:
            continue
        column = instrument.sample.get(name)
        label = str(column.label.get(instrument.language)) if column and column.label else name
        labels = find_labels(instrument, name, instrument.language) if column is not None else {}
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
        case _:
            return str(value)


def _build_interview(study: OpenStudy, row: InterviewRow) -> SubjectInterview:
    instrument = person_erasure.load_version(study.store, study.instrument, row)
    journal = study.store.interviews.read_journal(row.id)
    draft = study.store.interviews.find_draft(row.id)
    versions = {stored.hash: stored.version for stored in study.store.data.list_instruments()}
    sample = (
        journal[0].sample if journal and isinstance(journal[0], events.InterviewStarted) else {}
    )
    return SubjectInterview(
        **{
            name: getattr(row, name)
            for name in ("id", "number", "origin", "status", "outcome", "began_at")
        },
        version=versions.get(row.instrument, ""),
        sample=tuple(
            (name, _format_value(value, {})) for name, value in sample.items() if value != NOT_ASKED
        ),
        lines=tuple(_iterate_journal_lines(instrument, journal)),
        draft=draft.text if draft is not None else "",
        problem="" if instrument is not None else "its questionnaire can no longer be read",
    )


def _iterate_journal_lines(
    instrument: Instrument | None, journal: Sequence[events.InterviewEvent]
) -> Iterator[JournalLine]:
    for seq, event in enumerate(journal, start=1):
        stamp, place = event.stamp, getattr(event, "place", None)
        item = (
            instrument.items.get(place.item)
            if instrument is not None and place is not None
            else None
        )
        question = (
            item.text.get_source_text(instrument.language)
            if instrument is not None and item is not None
            else ""
        )
        what, answer, note = _describe_event(event, instrument, item)
        where = str(place) if isinstance(place, Place) else ""
        yield JournalLine(
            seq, stamp.at, stamp.by, stamp.station, what, where, question, answer, note
        )


def _describe_event(  # noqa: C901 - one branch per kind
    event: events.InterviewEvent, instrument: Instrument | None, item: CompiledItem | None
) -> tuple[str, str, str]:
    """Return the event, the answer and the note, as text."""
    language = instrument.language if instrument is not None else ""
    labels = {o.code: str(o.label.get(language)) for o in item.options} if item is not None else {}
    match event:
        case events.InterviewStarted():
            return (
                f"began, {event.today}",
                "",
                f"{event.session.interviewer}, {event.session.daypart}",
            )
        case events.InterviewResumed(reopen=reopen):
            return "reopened" if reopen else "resumed", "", event.session.interviewer
        case events.QuestionAnswered(value=value, specify_texts=words):
            specified = "; ".join(f"{code}: {text}" for code, text in words.items())
            is_read_aloud = item is not None and isinstance(item.question, SpokenItem)
            return "read" if is_read_aloud else "answered", _format_value(value, labels), specified
        case events.QuestionDeclined(decline=decline):
            decline_texts = (
                {d.id: str(d.text.get(language)) for d in item.declines} if item is not None else {}
            )
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
            return (
                "continued with another version",
                f"without {', '.join(map(str, dropped))}" if dropped else "",
                "",
            )
        case events.AnswerCoded(codes=codes, role=role, note=note):
            return (
                f"coded ({role})",
                " ".join(map(str, codes)) if codes is not None else "taken back",
                note,
            )
        case events.InterviewReviewed(verdict=verdict, reason=reason):
            return (
                "drawn for a review" if verdict == "drawn" else f"reviewed: {verdict}",
                "",
                reason,
            )
        case events.AnswersErased(why=why, remaining=left):
            what = "erased" if left is None else "names and notes erased"
            remaining_text = ", ".join(
                f"{name} {_format_value(cell, {})}" for name, cell in (left or {}).items()
            )
            return what, remaining_text, why
        case _:
            assert_never(event)
