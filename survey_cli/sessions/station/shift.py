"""Counts of what one interviewer has done today."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from survey_cli.fieldwork.case.events import CaseEvent, HistoryEntry, OutcomeRecorded
from survey_cli.fieldwork.queue.scheduling import REFUSAL_OUTCOMES
from survey_cli.sessions.station.station_protocol import ShiftSummary


class Shift:
    """Counts of one interviewer's shift so far."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._done = self._calls = self._refusals = 0
        self._talking = timedelta()
        self.appointments = 0
        """This interviewer's own open appointments."""

    def resume(self, calls: Sequence[HistoryEntry]) -> None:
        """Count the calls that were closed earlier today, so that the counts go on after a crash."""
        if calls:
            self._since = min(self._since, calls[0].at)
        self.count([call.event for call in calls])

    def count(self, events: Sequence[CaseEvent]) -> None:
        """Count the calls among these events."""
        calls = [event for event in events if isinstance(event, OutcomeRecorded)]
        self._calls += len(calls)
        self._done += sum(call.outcome == "complete" for call in calls)
        self._refusals += sum(call.outcome in REFUSAL_OUTCOMES for call in calls)

    def add_time(self, time: timedelta) -> None:
        """Add the time that a case took."""
        self._talking += time

    def summarize(
        self, at: datetime, *, shown_at: datetime | None, to_local: Callable[[datetime], datetime]
    ) -> ShiftSummary:
        """Return the counts at this time.

        `shown_at`: since when a case is on the screen; `to_local` converts a time to this station's clock.
        """
        return ShiftSummary(
            completes=self._done,
            calls=self._calls,
            refusals=self._refusals,
            appointments=self.appointments,
            since=to_local(self._since),
            time_on_cases=self._talking + (at - shown_at if shown_at is not None else timedelta()),
        )
