"""One study as a station works on it, read again when its files change: its pauses, messages and cases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseNoteWritten, HistoryEntry
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.problems import StoreError, UserError
from survey_cli.samples.cases.phone_numbers import extract_search_digits
from survey_cli.sessions.case.case_claim import CaseClaims
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.interview.interview_session import ToLocal
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station import case_view, station_views
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate
from survey_cli.store.work_events import SupervisorMessage
from survey_cli.study.consistency.upkeep import rebuild_queue, update_positions
from survey_cli.study.open_study import OpenStudy, StudyFiles
from survey_cli.study.pause import Pause, read_pause_and_messages

OUTLOOK_INTERVAL: Final = timedelta(minutes=1)
MAX_APPOINTMENTS_SEARCHED: Final = 200
"""Open appointments, the next first, whose person to ask for is compared with what is searched for."""
MESSAGE_INTERVAL: Final = timedelta(seconds=5)
"""How often messages of supervisors are looked for at most, apart from each look for a case."""


@dataclass(eq=False)
class StationStudy:
    """One study as one interviewer at one station works on it."""

    opened: OpenStudy
    station: str
    clock: Clock
    to_local: ToLocal
    rng: Random | None
    files: StudyFiles | None
    """Read again between two cases when they changed; None: never."""
    several: bool = False
    """The station has other studies too, so cases are named with their study."""
    last_case: str = ""
    """The case that left the station last; the plan may have changed since."""
    skipped: set[str] = field(default_factory=set)
    """Cases that this interviewer returned without a call: they are for others."""
    seen_messages: set[str] = field(default_factory=set)
    _queue_is_outdated: bool = False
    """The plan was read again, and the queue is not updated to it yet."""
    _barred_view: station_views.IdleView | None = None
    """Why this interviewer receives no more cases."""
    _outlook: tuple[datetime, station_views.IdleView] | None = None
    """Why no case can be called, and when that was found out."""
    _notice: str = ""
    _messages: list[SupervisorMessage] = field(default_factory=list)
    _messages_read_at: datetime | None = None

    def __post_init__(self) -> None:
        self._use(self.opened)

    def _use(self, study: OpenStudy) -> None:
        self.opened = study
        self.plan = study.plan
        self.store = study.store
        self.queue = CaseQueue(study, self.station)
        clock, to_local = self.clock, self.to_local
        self.claims = CaseClaims(
            study=study, station=self.station, clock=clock, to_local=to_local, rng=self.rng
        )
        self._outlook = None

    @property
    def title(self) -> str:
        """The survey's title."""
        instrument = self.opened.instrument
        return str(instrument.title.get(instrument.language))

    def name_case(self, key: str) -> str:
        """Return the key of a case by which the station tells it from those of its other studies."""
        return f"{self.opened.instrument.id}:{key}" if self.several else key

    def _read_pause(self, at: datetime) -> Pause | None:
        pause, self._messages = read_pause_and_messages(self.store, at)
        self._messages_read_at = at
        return pause

    def list_messages(self, at: datetime) -> list[SupervisorMessage]:
        """List the messages to this interviewer that are shown now, as of the last look."""
        return [
            message
            for message in self._messages
            if message.until > at and message.is_for(self.opened.who.login)
        ]

    def list_new_messages(self, at: datetime) -> list[SupervisorMessage]:
        """List the messages that were not shown here yet, and look for them after some seconds. Raises StoreError."""
        read_at = self._messages_read_at
        if read_at is None or not read_at <= at < read_at + MESSAGE_INTERVAL:
            self._read_pause(at)
        return [
            message for message in self.list_messages(at) if message.name not in self.seen_messages
        ]

    def take_notice(self) -> str:
        """Return once what the interviewer should know about the files that were read again."""
        notice, self._notice = self._notice, ""
        return notice

    def find_stop(self, at: datetime, *, interviewing: bool) -> station_views.IdleView | None:
        """Find why no case may be claimed or dialed here, whatever the queue holds.

        The study is paused, or the interviewer does not work on it any more. Changed files are read again first, except
        while an interview is open: it keeps its questionnaire. Raises StoreError.
        """
        barred = self._barred_view if interviewing else self.reload(at)
        if barred is not None:
            return barred
        if (pause := self._read_pause(at)) is None:
            return None
        why = pause.describe(self.to_local(pause.since), self.to_local(at))
        return station_views.IdleView(why=why, next_at=None, study_is_paused=True)

    def reload(self, at: datetime) -> station_views.IdleView | None:
        """Use the changed files from now on, unless they have errors.

        Returns why the interviewer receives no more cases, where the list of people does not contain them any more.
        Raises StoreError.
        """
        if self.files is None:
            return self._barred_view
        if not self.files.has_changed():
            self._update_queue(at)
            return self._barred_view
        self._barred_view = None
        try:
            study = self.files.reread(self.opened)
        except StoreError:
            raise
        except UserError as error:
            if error.where == self.opened.who.login:
                self._barred_view = station_views.IdleView(why=str(error), next_at=None)
            self._notice = f"{error}. The station continues without the change"
            return self._barred_view
        self._use(study)
        self._notice = study.notice or "the study's files changed and were read again"
        self._queue_is_outdated = True
        self._update_queue(at)
        return None

    def _update_queue(self, at: datetime) -> None:
        """Update the queue, and the case that left last, to the newest plan. Tried again after a StoreError."""
        if self._queue_is_outdated:
            rebuild_queue(self.opened, at, yielding=True)
            if self.last_case:
                update_positions(self.store, self.plan, [self.last_case], at)
            self._queue_is_outdated = False

    def forget_outlook(self) -> None:
        """A case was claimed, or the study was stopped: find out anew why no case can be called."""
        self._outlook = None

    def find_outlook(self, at: datetime) -> station_views.IdleView:
        """Find why no case can be called. All cases are counted, once a minute: a second's work for a million.

        Raises StoreError.
        """
        if (
            self._outlook is not None
            and self._outlook[0] <= at < self._outlook[0] + OUTLOOK_INTERVAL
        ):
            return self._outlook[1]
        outlook = self.queue.find_outlook(at)
        next_at = self.to_local(outlook.next_at) if outlook.next_at else None
        view = station_views.IdleView(why=str(outlook.words), next_at=next_at)
        self._outlook = (at, view)
        return self._outlook[1]

    def search_cases(self, text: str) -> tuple[station_views.CaseMatch, ...]:
        """Search cases by part of a number, of a name or of the key."""
        if not text.strip():
            return ()
        search = self.store.cases.queries.search
        # a number as it is spoken: `+44 (0)7911`, with the zero that is only dialed inside the country
        rows = search(text.strip()) or search(extract_search_digits(text))
        matches = []
        for match in rows:
            key, number, state = (
                match.row.key,
                ", ".join(match.numbers),
                case_view.describe_state(match.row, self.plan),
            )
            name, key = match.name or key, self.name_case(key)
            matches.append(station_views.CaseMatch(key=key, name=name, number=number, state=state))
        # a case of each appointment is read: only if nothing else is found
        return tuple(matches or self._find_asked_for(text.strip()))

    def _find_asked_for(self, text: str) -> Iterator[station_views.CaseMatch]:
        """Find the cases with an open appointment at which this person is to be asked for.

        Without a supervisor's rights, the name must be typed whole, as in other searches.
        """
        wanted = text.casefold()
        may_search_parts = self.store.connector.supervises
        for row in self.store.cases.queries.list_appointments()[:MAX_APPOINTMENTS_SEARCHED]:
            case = Case.from_history(row.key, self.store.cases.queries.read_history(row.key))
            person = case.appointment.details.person if case.appointment is not None else ""
            is_named = person.casefold() == wanted or (
                may_search_parts and wanted in person.casefold()
            )
            if person and is_named:
                state = case_view.describe_state(row, self.plan)
                contact = self.store.cases.queries.find_contact(row.key)
                name = case_view.format_case_name(self.opened.instrument, case, contact)
                yield station_views.CaseMatch(
                    key=self.name_case(row.key), name=name, number=f"ask for {person}", state=state
                )

    def list_appointments(self) -> Sequence[CaseRow]:
        """List the cases with an open appointment of this interviewer. Raises StoreError."""
        return self.store.cases.queries.list_appointments(owner=self.opened.who.login)

    def add_note(self, key: str, text: str, at: datetime, entry_key: str) -> Rejection | None:
        """Add a note to a case that is back in the queue. Raises StoreError."""
        history = self.store.cases.queries.read_history(key)
        at, note = max(at, history[-1].at), CaseNoteWritten(text)
        entry = HistoryEntry(at, self.opened.who.login, self.station, note, entry_key)
        position = schedule_case(Case.from_history(key, [*history, entry]), self.plan, at)
        conflict = self.store.cases.update(CaseUpdate(key, len(history), [entry], position))
        return Rejection(f"{key}: {conflict.message}") if conflict is not None else None
