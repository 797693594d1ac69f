"""Shift of an interviewer at a station: sign-ons, breaks and the time after calls, stored in the study worked on."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.shifts import (
    LONGEST_SILENCE,
    OpenBreak,
    Shift,
    ShiftSummary,
    WorkEvent,
    WorkKind,
)
from survey_cli.sessions.interview.interview_session import ToLocal
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy

ACTIVE_INTERVAL: Final = timedelta(minutes=5)
"""How often a station that runs, or an interview or a break that goes on, is recorded as time at work."""


class WrapUp(NamedTuple):
    """The time after a call, before the next case is claimed."""

    key: str
    """The case that was called."""
    name: str
    outcome: str
    since: datetime
    until: datetime


class ShiftRecord:
    """The shift of the interviewer at one station, as stored. Whatever records work raises StoreError.

    Cases are named by `StationStudy.name_case`.
    """

    def __init__(self, studies: StationStudies, station: str, clock: Clock) -> None:
        self._studies = studies
        self._station = station
        self._clock = clock
        self._shift = Shift()
        self.wrapup: WrapUp | None = None

    @property
    def is_on(self) -> bool:
        """Whether the interviewer is signed on."""
        return self._shift.is_on

    @property
    def open_break(self) -> OpenBreak | None:
        return self._shift.open_break

    def resume(self, since: datetime) -> None:
        """Add what this interviewer did since then in all studies. Raises StoreError, and then nothing is added."""
        work, calls = list[WorkEvent](), list[tuple[str, HistoryEntry]]()
        for study in self._studies.all:
            login = study.opened.who.login
            work += study.store.work.list_events(since=since, person=login)
            calls += [
                (study.name_case(key), e)
                for key, e in study.store.cases.queries.list_work(login, since)
            ]
            study.seen_messages |= {event.detail for event in work if event.kind == "seen"}
        self._shift.resume(
            self._studies.current.opened.who.login, sorted(work, key=lambda event: event.at), calls
        )

    def record(self, kind: WorkKind, detail: str = "", study: StationStudy | None = None) -> None:
        """Store a work event in a study, by default the one that is worked on."""
        study = study or self._studies.current
        event = WorkEvent(self._clock(), study.opened.who.login, kind, detail, self._station)
        if not study.store.read_only:
            study.store.work.add(event)
        self._shift.add_work(event)

    def work_on(self, study: StationStudy) -> None:
        """Work on this study from now on."""
        if study is not self._studies.current:
            self.record("off")
            self._studies.current = study
            self.record("on")

    def record_activity(self) -> None:
        """Record that an interview or a break goes on, where nothing else was recorded for long."""
        last = self._shift.last_activity
        if last is None or self._clock() - last >= ACTIVE_INTERVAL:
            self.record("active")

    def record_presence(self) -> None:
        """Record that the station runs while somebody is signed on.

        Not if nobody pressed a key for `LONGEST_SILENCE`: a station that is left on over night is not paid for.
        """
        last_deed = self._shift.last_deed
        if not self._shift.is_on or last_deed is None:
            return
        if self._clock() - last_deed <= LONGEST_SILENCE:
            self.record_activity()

    def end_break(self) -> None:
        if self._shift.open_break is not None:
            self.record("back")

    def end_wrapup(self) -> None:
        """End the time after a call."""
        if self.wrapup is not None:
            self._shift.add_time_on_case(self._clock() - self.wrapup.since)
            self.wrapup = None

    def show_case(self, name: str, at: datetime) -> None:
        """A case is on the screen since then."""
        self.end_wrapup()
        self._shift.show_case(name, at)

    def add(self, name: str, *entries: HistoryEntry) -> None:
        """Add events of a case, which are stored."""
        for entry in entries:
            self._shift.add(name, entry)

    def count_appointments(self) -> None:
        """Count the interviewer's own open appointments. Raises StoreError."""
        self._shift.appointments = sum(
            len(study.list_appointments()) for study in self._studies.all
        )

    def summarize(self, to_local: ToLocal, *, case: str) -> ShiftSummary:
        """Return the counts and times so far; `case` is on the screen."""
        at = self._clock()
        wrapup_time = at - self.wrapup.since if self.wrapup is not None else timedelta()
        outcomes = {
            id: row for study in self._studies.all for id, row in study.plan.outcomes.items()
        }
        breaks = {
            reason: pay for study in self._studies.all for reason, pay in study.plan.breaks.items()
        }
        return self._shift.summarize(
            to_local, outcomes, breaks, at=at, case=case, wrapup=wrapup_time
        )
