"""Counts of what one interviewer has done today."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from survey_cli.fieldwork.case.events import CaseEvent, HistoryEntry, OutcomeRecorded
from survey_cli.fieldwork.queue.rules import REFUSAL_OUTCOMES
from survey_cli.sessions.station.station_protocol import ShiftSummary


class Shift:
    """One interviewer's shift so far."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._done = self._calls = self._refusals = 0
        self._talking = timedelta()
        self.appointments = 0
        """This interviewer's own promises that are still to be kept."""

    def resume(self, calls: Sequence[HistoryEntry]) -> None:
        """Count the calls that were closed before on this day: after a crash the counts go on."""
        if calls:
            self._since = min(self._since, calls[0].at)
        self.count([call.event for call in calls])

    def count(self, events: Sequence[CaseEvent]) -> None:
        """Count the calls among what was kept."""
        calls = [event for event in events if isinstance(event, OutcomeRecorded)]
        self._calls += len(calls)
        self._done += sum(call.outcome == "complete" for call in calls)
        self._refusals += sum(call.outcome in REFUSAL_OUTCOMES for call in calls)

    def add_time(self, time: timedelta) -> None:
        """A case had this much of it."""
        self._talking += time

    def summarize(
        self, at: datetime, *, shown_at: datetime | None, local: Callable[[datetime], datetime]
    ) -> ShiftSummary:
        """The counts at this moment. `shown_at`: since when a case is on the screen; `to_local` puts a moment on this
        station's clock."""
        return ShiftSummary(
            completes=self._done,
            calls=self._calls,
            refusals=self._refusals,
            appointments=self.appointments,
            since=local(self._since),
            time_on_cases=self._talking + (at - shown_at if shown_at is not None else timedelta()),
        )
