"""One study as a station works on it, read again when its files change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from survey_cli.entries import Rejection
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseNoteWritten, HistoryEntry
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.problems import StoreError, UserError
from survey_cli.sessions.case.case_claim import CaseClaims
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.station_views import IdleView
from survey_cli.sessions.station.supervisor_news import SupervisorNews
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate
from survey_cli.study.consistency.upkeep import rebuild_queue, update_positions
from survey_cli.study.open_study import NoLongerListedError, OpenStudy, StudyFiles

OUTLOOK_INTERVAL: Final = timedelta(minutes=1)
"""How long it is known why no case can be called."""


class StudyCheck(NamedTuple):
    """Whether a study may be worked on now."""

    stop: IdleView | None = None
    """Why no case may be claimed or dialed, whatever the queue holds. None: calls go on."""
    notice: str = ""
    """What the interviewer should know about files that were read again."""


class _Outlook(NamedTuple):
    found_at: datetime
    view: IdleView


@dataclass(eq=False)
class StationStudy:
    """One study as one interviewer at one station works on it."""

    opened: OpenStudy
    station: str
    clock: Clock
    to_local: ToLocal
    rng: Random | None
    files: StudyFiles | None
    """Read again between two cases when they changed. None: never."""
    several: bool = False
    """The station has other studies too, so cases are named with their study."""
    last_case: str = ""
    """The case that left the station last; the plan may have changed since."""
    skipped: set[str] = field(default_factory=set)
    """Cases that this interviewer returned without a call: they are for others."""
    _queue_is_outdated: bool = False
    """The plan was read again, and the queue is not updated to it yet."""
    _barred_view: IdleView | None = None
    """Why this interviewer receives no more cases."""
    _outlook: _Outlook | None = None
    """Why no case can be called, and when that was found out."""
    _notice: str = ""
    """What the interviewer should know about files that were read again, until it is told."""

    def __post_init__(self) -> None:
        self.news = SupervisorNews(self.opened.store, self.opened.who.login)
        self._use(self.opened)

    def _use(self, study: OpenStudy) -> None:
        self.opened = study
        self.plan = study.plan
        self.store = study.store
        self.queue = CaseQueue(study, self.station)
        self.claims = CaseClaims(
            study=study,
            station=self.station,
            clock=self.clock,
            to_local=self.to_local,
            rng=self.rng,
        )
        self._outlook = None

    @property
    def title(self) -> str:
        """The survey's title."""
        instrument = self.opened.instrument
        return str(instrument.title.get(instrument.language))

    @property
    def login(self) -> str:
        """The interviewer, as this study knows her."""
        return self.opened.who.login

    def name_case(self, key: str) -> str:
        """Return the key by which the station tells a case from those of its other studies."""
        if self.several:
            return f"{self.opened.instrument.id}:{key}"
        return key

    # whether it may be worked on

    def check(self, at: datetime, *, interviewing: bool) -> StudyCheck:
        """Check whether the study may be worked on now.

        It is stopped if a supervisor paused it, or if the interviewer doesn't work on it any more.
        Changed files are read again first, except during an interview, which keeps its
        questionnaire. Raises StoreError; what was to be told is then told by the next check.
        """
        if not interviewing:
            self._reread_files(at)
        stop = self._barred_view or self._find_pause(at)
        return StudyCheck(stop, self._take_notice())

    def reload(self, at: datetime) -> str:
        """Use the changed files from now on, unless they have errors.

        Returns what the interviewer should know about it. Raises StoreError.
        """
        self._reread_files(at)
        return self._take_notice()

    def _find_pause(self, at: datetime) -> IdleView | None:
        pause = self.news.read_pause(at)
        if pause is None:
            return None
        why = pause.describe(self.to_local(pause.since), self.to_local(at))
        return IdleView(why=why, next_at=None, study_is_paused=True)

    def _take_notice(self) -> str:
        notice = self._notice
        self._notice = ""
        return notice

    def _reread_files(self, at: datetime) -> None:
        """Read changed files again, and find out whether the interviewer is still listed."""
        if self.files is None:
            return
        if not self.files.has_changed():
            self._update_queue(at)
            return

        self._barred_view = None
        try:
            study = self.files.reread(self.opened)
        except StoreError:
            raise
        except UserError as error:
            if isinstance(error, NoLongerListedError):
                self._barred_view = IdleView(why=str(error), next_at=None)
            self._notice = f"{error}. The station continues without the change"
            return

        self._use(study)
        self._notice = study.notice or "the study's files changed and were read again"
        self._queue_is_outdated = True
        self._update_queue(at)

    def _update_queue(self, at: datetime) -> None:
        """Update the queue, and the case that left last, to the newest plan.

        After a StoreError the next call tries it again.
        """
        if not self._queue_is_outdated:
            return
        rebuild_queue(self.opened, at, yielding=True)
        if self.last_case:
            update_positions(self.store, self.plan, [self.last_case], at)
        self._queue_is_outdated = False

    # why no case can be called

    def forget_outlook(self) -> None:
        """Forget why no case can be called: a case was claimed, or the study was stopped."""
        self._outlook = None

    def find_outlook(self, at: datetime) -> IdleView:
        """Find why no case can be called. Raises StoreError.

        It counts all cases, which takes a second for a million. It therefore does so once a minute.
        """
        outlook = self._outlook
        # The clock of the computer may be put back: then the outlook was found in the future.
        if outlook is not None and outlook.found_at <= at < outlook.found_at + OUTLOOK_INTERVAL:
            return outlook.view

        found = self.queue.find_outlook(at)
        next_here = None
        if found.next_at is not None:
            next_here = self.to_local(found.next_at)
        view = IdleView(why=str(found.words), next_at=next_here)
        self._outlook = _Outlook(at, view)
        return view

    # its cases

    def list_appointments(self) -> Sequence[CaseRow]:
        """List the cases with an open appointment of this interviewer. Raises StoreError."""
        return self.store.cases.queries.list_appointments(owner=self.login)

    def add_note(self, key: str, text: str, at: datetime, entry_key: str) -> Rejection | None:
        """Add a note to a case that is back in the queue. Raises StoreError."""
        history = self.store.cases.queries.read_history(key)
        # A history never goes backwards in time, whatever the clock says.
        noted_at = max(at, history[-1].at)
        entry = HistoryEntry(noted_at, self.login, self.station, CaseNoteWritten(text), entry_key)

        case = Case.from_history(key, [*history, entry])
        position = schedule_case(case, self.plan, noted_at)
        conflict = self.store.cases.update(CaseUpdate(key, len(history), [entry], position))
        if conflict is not None:
            return Rejection(f"{key}: {conflict.message}")
        return None
