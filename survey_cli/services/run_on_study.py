"""Requests to a study or to its stored data: opening, repairs, closing, translation of errors."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from errno import EBADF
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeAlias, TypeVar

from survey_cli.permissions import Action
from survey_cli.problems import StoreError, UserError, suggest_nearest
from survey_cli.store import Store
from survey_cli.store.access_log import Access
from survey_cli.store.backends.errors import close_on_error
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.clock import convert_to_study_clock
from survey_cli.study.consistency.upkeep import rebuild_queue, refresh_queue, repair
from survey_cli.study.open_study import (
    OpenStudy,
    StudyRecords,
    check_study_may,
    open_records,
    open_study,
)

T = TypeVar("T")
P = ParamSpec("P")
ProgressCallback: TypeAlias = Callable[[int, int], None]
"""Receives the number of items done and the total."""

MAX_KEYS_SEARCHED: Final = 20_000
"""Number of keys among which a similar one is searched."""
REPORT_INTERVAL: Final = 200
"""Number of items between two reports of progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Study, time and account of one request."""

    path: str
    at: datetime
    """On this computer's clock; it is converted to the study's clock."""
    db: str | None = None
    by: str = ""
    """The account by default."""
    people: str | None = None
    notify: Callable[[str], object] = str
    """Receives one sentence for each thing that opening the study repaired."""


def run_on_study(request: Request, function: Callable[[OpenStudy], T], *, action: Action) -> T:
    """Return what `function` returns for the opened study, in which it takes this action.

    Raises UserError, also if the person at work may not take it.
    """
    with open_requested(request, action) as study:
        if study.store.read_only:
            # It reports what it would do, and changes nothing.
            repair(study, study.at)
        else:
            study.store.cases.imports.finish()
            rebuild_queue(study, study.at)
            refresh_queue(study.store, study.plan, study.at)
        for sentence in study.repairs:
            request.notify(sentence)
        return function(study)


@contextmanager
def open_requested(
    request: Request, action: Action, *, create: bool = False, as_written: bool = False
) -> Iterator[OpenStudy]:
    """Context manager in which the study of a request is open, for this action.

    Its time is that of the request, on the study's clock. Nothing is repaired. `create` and
    `as_written` are those of `open_study`. Raises UserError.
    """
    with open_study(
        request.path,
        db=request.db,
        by=request.by,
        people=request.people,
        create=create,
        as_written=as_written,
    ) as study:
        check_study_may(study, action)
        yield replace(study, at=convert_to_study_time(study.store, request.at))


def on_study(
    action: Action,
) -> Callable[[Callable[Concatenate[OpenStudy, P], T]], Callable[Concatenate[Request, P], T]]:
    """Return a decorator that makes a function of an open study one of a request.

    `run_on_study` runs it:

        @on_study(Action.PAUSE_STUDY)
        def pause_study(study: OpenStudy, message: str = "") -> Pause: ...

        pause_study(request, "Please wait.")
    """

    def decorate(
        function: Callable[Concatenate[OpenStudy, P], T],
    ) -> Callable[Concatenate[Request, P], T]:
        @wraps(function)
        def run(request: Request, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return run_on_study(
                request,
                lambda study: function(study, *args, **kwargs),
                action=action,
            )

        return run

    return decorate


def convert_to_study_time(store: Store, at: datetime) -> datetime:
    """Convert a time of this computer's clock to the study's clock."""
    return convert_to_study_clock(store, at, datetime.now(UTC))


def find_case(study: OpenStudy, key: str) -> CaseRow:
    """Return the row of a case. Raises UserError if there isn't one."""
    row = study.store.cases.queries.find_row(key)
    if row is None:
        raise make_unknown_case_error(study, key)
    return row


def make_unknown_case_error(study: OpenStudy, key: str) -> UserError:
    """Return the error for a key that no case has, with the most similar key as a suggestion."""
    queries = study.store.cases.queries
    found = []
    # Who sees names may have given a part of the key, a name or a number.
    if study.who.may(Action.SEE_CONTACTS) and key:
        found = queries.search(key, limit=2)
    if len(found) == 1:
        remedy = f"did you mean {found[0].row.key!r}?"
    else:
        keys = islice(queries.iterate_keys(), MAX_KEYS_SEARCHED)
        otherwise = f"search for it: survey case list {study.path} --find {key or 'TEXT'}"
        remedy = suggest_nearest(key, keys, otherwise=otherwise)
    return UserError(study.where, f"there is no case {key!r}", remedy)


@contextmanager
def read_records(
    path: str | Path,
    action: Action,
    *,
    db: str | None = None,
    people: str | None = None,
    to: str = "-",
    exported: tuple[str, str] | None = None,
) -> Iterator[StudyRecords]:
    """Context manager in which the records of an instrument are open, and read as of one time.

    They are read for this action, which the person at work must be allowed to take.
    `to` is where the result is written. If data leave the program, `exported` says where to and
    which: nothing is read before that is in the log of accesses. An export that is refused
    afterwards is a second entry, `refused`. Raises UserError.
    """
    records = open_records(path, db=db, people=people)
    with close_on_error(records):
        check_study_may(records, action)
    try:
        if exported is not None:
            at = convert_to_study_time(records.store, datetime.now(UTC))
            with close_on_error(records):
                records.store.access_log.record(Access.EXPORT, *exported, at=at)
        with records:
            try:
                with records.store.read_transaction():
                    yield records
            except UserError:
                if exported is not None:
                    _record_refusal(records, exported)
                raise
    except ValueError:
        # Without the text of the error, which may contain an answer.
        what = "a row of data cannot be read"
        raise UserError(records.where, what, "`survey db verify` gives details") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        place = "standard output" if to == "-" else to
        if error.errno == EBADF:
            what = "it is closed, so the result was lost"
            raise UserError(place, what, "open it, or specify a file") from error
        what = f"it cannot be written ({error.strerror or error})"
        raise UserError(place, what, "choose another folder, or free some space") from error


def _record_refusal(records: StudyRecords, exported: tuple[str, str]) -> None:
    """Record that an export was refused after it had been recorded: nothing was written."""
    at = convert_to_study_time(records.store, datetime.now(UTC))
    with suppress(StoreError):
        records.store.access_log.record(Access.REFUSED, *exported, at=at)


class ProgressReporter:
    """Counts items while they are read, in one iteration or several, and reports progress.

    for case in reporter(cases): ...
    """

    def __init__(self, progress: ProgressCallback | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def __call__(self, items: Iterable[T]) -> Iterator[T]:
        for item in items:
            self._done += 1
            if self._progress is not None and self._done % REPORT_INTERVAL == 0:
                self._progress(self._done, self._total)
            yield item
