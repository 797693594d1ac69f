"""Shift of an interviewer at a station: sign-ons, breaks and the time after calls.

They are stored in the study that is worked on.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.shifts import (
    AWAY_REASON,
    DIALS_BY_LINK,
    LONGEST_GAP_IN_SHIFT,
    OpenBreak,
    Shift,
    ShiftSummary,
    WorkEvent,
    WorkKind,
)
from survey_cli.outcomes import Outcome
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy

ACTIVE_INTERVAL: Final = timedelta(minutes=5)
"""How often a station, an interview or a break that goes on is recorded as time at work."""


class WrapUp(NamedTuple):
    """The time after a call, before the next case is claimed."""

    key: str
    """The case that was called."""
    name: str
    outcome: str
    since: datetime
    until: datetime


class ShiftRecord:
    """The shift of the interviewer at one station, as stored.

    Methods that record work raise StoreError. Cases are named by `StationStudy.name_case`.
    """

    def __init__(
        self,
        studies: StationStudies,
        station: str,
        clock: Clock,
        *,
        dials_by_link: bool = False,
    ) -> None:
        """`dials_by_link` says that the station hands numbers over as links."""
        self._dials_by_link = dials_by_link
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
        """The break that the interviewer is on."""
        return self._shift.open_break

    def list_break_reasons(self) -> tuple[str, ...]:
        """List the reasons for a break in the study that is worked on."""
        return tuple(self._studies.current.plan.breaks)

    def resume(self, since: datetime) -> None:
        """Add what this interviewer did since then in all studies.

        Raises StoreError, and then nothing is added.
        """
        work: list[WorkEvent] = []
        calls: list[tuple[str, HistoryEntry]] = []
        for study in self._studies.all:
            work += study.store.work.list_events(since=since, person=study.login)
            for key, entry in study.store.cases.queries.list_work(study.login, since):
                calls.append((study.name_case(key), entry))
            study.news.mark_seen(*(event.detail for event in work if event.kind == "seen"))

        in_order = sorted(work, key=lambda event: event.at)
        self._shift.resume(self._studies.current.login, in_order, calls)

    def record(self, kind: WorkKind, detail: str = "", study: StationStudy | None = None) -> None:
        """Store a work event in a study, by default the one that is worked on."""
        study = study or self._studies.current
        event = WorkEvent(self._clock(), study.login, kind, detail, self._station)
        if not study.store.read_only:
            study.store.work.add(event)
        self._shift.add_work(event)

    def sign_on(self) -> None:
        """Sign on in the study that is worked on."""
        detail = ""
        if self._dials_by_link:
            detail = DIALS_BY_LINK
        self.record("on", detail)

    def work_on(self, study: StationStudy) -> None:
        """Work on this study from now on."""
        if study is not self._studies.current:
            self.record("off")
            self._studies.current = study
            self.sign_on()

    def record_activity(self) -> None:
        """Record that an interview or a break goes on, if the last record is some minutes old."""
        last = self._shift.last_activity
        if last is None or self._clock() - last >= ACTIVE_INTERVAL:
            self.record("active")

    def record_presence(self, last_key: datetime) -> None:
        """Record that the station of a signed-on interviewer runs.

        A station that is left on overnight isn't paid for: the record ends `LONGEST_GAP_IN_SHIFT`
        after the last key, or the last thing that was done.
        """
        last_deed = self._shift.last_deed or last_key
        since = self._clock() - max(last_deed, last_key)
        if self._shift.is_on and since <= LONGEST_GAP_IN_SHIFT:
            self.record_activity()

    # breaks, and the time after a call

    def start_break(self, reason: str) -> None:
        """Start a break, which ends the time after a call."""
        self.end_wrapup()
        self.record("break", reason)

    def begin_away(self, last_key: datetime) -> None:
        """Begin a break at the last key, which ends the time after a call."""
        self.end_wrapup()
        self.record("away", last_key.isoformat())

    @property
    def is_away(self) -> bool:
        """Whether the present break began because no key was pressed."""
        return self.open_break is not None and self.open_break.reason == AWAY_REASON

    def end_break(self) -> None:
        """End the break, if there is one."""
        if self._shift.open_break is not None:
            self.record("back")

    def start_wrapup(self, key: str, name: str, outcome: str) -> None:
        """Start the time that the study gives after a call."""
        since = self._clock()
        until = since + self._studies.current.plan.wrapup
        self.wrapup = WrapUp(key, name, outcome, since, until)

    def end_wrapup(self) -> None:
        """End the time after a call, if it goes on."""
        if self.wrapup is not None:
            self._shift.add_time_on_case(self._clock() - self.wrapup.since)
            self.wrapup = None

    def sign_off(self) -> None:
        """End the shift."""
        self.end_wrapup()
        self.record("off")

    # cases and figures

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
        count = 0
        for study in self._studies.all:
            count += len(study.list_appointments())
        self._shift.appointments = count

    def summarize(self, to_local: ToLocal, *, case: str) -> ShiftSummary:
        """Return the counts and times so far; `case` is on the screen."""
        at = self._clock()
        wrapup_time = timedelta()
        if self.wrapup is not None:
            wrapup_time = at - self.wrapup.since

        outcomes: dict[str, Outcome] = {}
        breaks: dict[str, str] = {}
        for study in self._studies.all:
            outcomes |= study.plan.outcomes
            breaks |= study.plan.breaks

        return self._shift.summarize(
            to_local, outcomes, breaks, at=at, case=case, wrapup=wrapup_time
        )
