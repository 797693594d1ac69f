"""Erasure of one person's data, and anonymization of all cases whose retention period is over.

Only supervisors may do either where a study lists its people.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.codec import count_notes
from survey_cli.fieldwork.queue.scheduling import find_done_time, find_study_end
from survey_cli.problems import StoreError, UserError
from survey_cli.services.run_on_study import Request, make_unknown_case_error, run_on_study
from survey_cli.study.consistency import person_erasure
from survey_cli.study.consistency.person_erasure import ErasureResult
from survey_cli.study.open_study import OpenStudy

CONTACTS: Final = "contacts"
"""The key under `retention:`."""


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


def preview_erasure(request: Request, key: str) -> ErasurePreview:
    """Count what is stored about a person; nothing is changed."""
    return run_on_study(request, lambda study: _build_preview(study, key), supervisor_task="erase a person's data")


def _build_preview(study: OpenStudy, key: str) -> ErasurePreview:
    cases = study.store.cases
    history = cases.queries.read_history(key)
    interviews = person_erasure.list_person_interviews(study.store, key)
    if not history and not interviews:
        raise make_unknown_case_error(study, key)
    case, contact = Case.from_history(key, history), cases.queries.find_contact(key)
    personal = contact.columns if contact is not None else {}
    kept_columns = person_erasure.list_kept_columns(study.instrument)
    return ErasurePreview(
        key=key,
        where=study.where,
        name=contact.name if contact is not None else "",
        numbers=len(contact.numbers) if contact is not None else 0,
        columns=tuple(n for n in study.instrument.sample if n in personal or n in case.columns.keys() - kept_columns),
        notes=sum(map(count_notes, history)),
        interviews=len(interviews),
        answered=sum(
            row.answered
            for row in interviews
            if not person_erasure.is_erased(study.store.interviews.read_journal(row.id))
        ),
        erased=case.erased,
    )


def erase_person(request: Request, key: str, *, why: str) -> ErasureResult:
    """Erase everything that identifies a case and everything that was answered.

    A second call finishes an interrupted erasure.
    """
    if not why.strip():
        raise UserError(f"case {key}", "an erasure needs a reason", "give it with --reason, without a person's name")

    def do(study: OpenStudy) -> ErasureResult:
        if not study.store.cases.queries.find_row(key) and not person_erasure.list_person_interviews(study.store, key):
            raise make_unknown_case_error(study, key)
        return person_erasure.erase_person(study, key, at=study.at, by=study.who.login, why=why.strip())

    return run_on_study(request, do, supervisor_task="erase a person's data")


def finish_erasure(request: Request) -> ErasureResult:
    """Finish interrupted erasures, and clear the file's free pages where that was not possible before."""
    return run_on_study(
        request,
        lambda study: person_erasure.finish_erasures(study, at=study.at, by=study.who.login),
        supervisor_task="erase a person's data",
    )


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


def anonymize_study(
    request: Request, *, dry_run: bool = False, pause: Callable[[], None] | None = None
) -> AnonymizationResult:
    """Remove names, numbers, notes and personal answers of every case whose retention period is over.

    The period begins when the case was done, or at the study's end where it was still open. Repeating the call
    changes nothing more.
    """

    def do(study: OpenStudy) -> AnonymizationResult:
        retention = study.plan.retention.get(CONTACTS)
        if retention is None:
            what = "the study does not say how long contacts are kept"
            raise UserError(study.path, what, "add fieldwork: retention: {contacts: 90d}")
        return _anonymize_due_cases(study, retention, study.at, dry_run=dry_run, pause=pause)

    return run_on_study(request, do, supervisor_task="anonymize a study")


def _anonymize_due_cases(
    study: OpenStudy, retention: timedelta, at: datetime, *, dry_run: bool, pause: Callable[[], None] | None
) -> AnonymizationResult:
    done_times = dict(_iterate_named_cases(study, at))
    due = [key for key, since in done_times.items() if since is not None and since + retention <= at]
    later = [since + retention for since in done_times.values() if since is not None and since + retention > at]
    cases = interviews = 0
    skipped: list[tuple[str, str]] = []
    for number, key in enumerate(due):
        if dry_run:
            cases += study.store.cases.queries.find_row(key) is not None
            interviews += len(person_erasure.list_person_interviews(study.store, key))
            continue
        if number and pause is not None:
            pause()
        why = f"kept for {format_duration(retention)}"
        try:
            result = person_erasure.anonymize_person(study, key, at=at, by=study.who.login, why=why)
        except StoreError:
            raise
        except UserError as error:
            skipped.append((key, error.what))
            continue
        cases += result.case
        interviews += result.interviews
        if result.unreadable:
            skipped.append(
                (
                    key,
                    "its journal cannot be replayed, so its answers are kept: survey privacy erase removes all",
                )
            )
    return AnonymizationResult(
        where=study.where,
        span=format_duration(retention),
        cases=cases,
        interviews=interviews,
        skipped=tuple(skipped),
        next_at=min(later, default=None),
        clean=dry_run or person_erasure.scrub_database(study.store),
        dry_run=dry_run,
    )


def format_duration(span: timedelta) -> str:
    """`90 days`, `12 hours`."""
    if span.days:
        return f"{span.days} days"
    return f"{span.total_seconds() / 3600:g} hours"


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
        if not row.case or row.case in sampled or row.origin == "simulated":
            continue
        if person_erasure.is_reduced(study.store.interviews.read_journal(row.id)):
            continue
        done_if_open = study_end if study_end is not None and study_end <= at else None
        since = row.updated_at if row.status in ("ended", "stopped") else done_if_open
        before = others.get(row.case, since)
        others[row.case] = max(before, since) if before is not None and since is not None else None
    yield from others.items()
