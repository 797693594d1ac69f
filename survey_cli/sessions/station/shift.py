"""One interviewer's shift: its calls, times and breaks, and their summary as text."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from survey_cli.fieldwork.case import events
from survey_cli.outcomes import REFUSAL_OUTCOMES, Outcome
from survey_cli.sessions.interview.interview_session import ToLocal
from survey_cli.sessions.station.station_views import BreakTaken, ShiftSummary


class OpenBreak(NamedTuple):
    """The break that the interviewer is on."""

    reason: str
    since: datetime


class Shift:
    """Counts and times of one interviewer's shift so far, from the events of the cases."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._calls: list[tuple[str, str]] = []
        """Case and outcome of each call."""
        self._claimed: dict[str, datetime] = {}
        """The cases that are not released yet, and since when they are on the screen."""
        self._dialed: dict[str, datetime] = {}
        """The cases whose call is open, and since when."""
        self._talk_time = self._time_on_cases = timedelta()
        self._breaks: list[BreakTaken] = []
        self.open_break: OpenBreak | None = None
        self.appointments = 0
        """This interviewer's own open appointments."""

    def resume(self, work: Iterable[tuple[str, events.HistoryEntry]]) -> None:
        """Add what was done earlier today, so that the counts go on after a crash."""
        for key, entry in work:
            self._since = min(self._since, entry.at)
            self.add(key, entry)

    def add(self, key: str, entry: events.HistoryEntry) -> None:
        """Add one event of a case."""
        match entry.event:
            case events.CaseClaimed():
                self.show_case(key, entry.at)
            case events.NumberDialed() | events.InterviewOpened():
                self._dialed.setdefault(key, entry.at)
            case events.OutcomeRecorded(outcome=outcome):
                self._calls.append((key, outcome))
                self._talk_time += entry.at - self._dialed.pop(key, entry.at)
            case events.OutcomeRevoked():
                last = max((n for n, call in enumerate(self._calls) if call[0] == key), default=None)
                if last is not None:
                    del self._calls[last]
            case events.AttemptClosed() | events.CaseReturned():
                self._dialed.pop(key, None)
                self.add_time_on_case(entry.at - self._claimed.pop(key, entry.at))
            case _:
                pass

    def show_case(self, key: str, at: datetime) -> None:
        """A case is on the screen since then."""
        self._claimed[key] = at

    def add_time_on_case(self, time: timedelta) -> None:
        """Add time that a case took."""
        self._time_on_cases += time

    def start_break(self, reason: str, at: datetime) -> None:
        self.end_break(at)
        self.open_break = OpenBreak(reason, at)

    def end_break(self, at: datetime) -> None:
        """End the break, if there is one."""
        if self.open_break is not None:
            self._breaks.append(BreakTaken(self.open_break.reason, at - self.open_break.since))
            self.open_break = None

    def summarize(
        self, at: datetime, case: str, wrapup: timedelta, outcomes: Mapping[str, Outcome], to_local: ToLocal
    ) -> ShiftSummary:
        """Return the counts at this time.

        `case` is on the screen; the present `wrapup` is not added yet; `to_local` converts a time to this station's
        clock.
        """
        kinds = [outcomes[outcome].kind if outcome in outcomes else outcome for _, outcome in self._calls]
        break_now = [BreakTaken(self.open_break.reason, at - self.open_break.since)] if self.open_break else []
        on_screen = at - self._claimed.get(case, at)
        return ShiftSummary(
            since=to_local(self._since),
            until=to_local(at),
            calls=len(kinds),
            contacts=sum(id in outcomes and outcomes[id].moment != "before" for _, id in self._calls),
            completes=kinds.count("complete"),
            refusals=sum(kind in REFUSAL_OUTCOMES for kind in kinds),
            appointments_made=kinds.count("appointment"),
            appointments=self.appointments,
            talk_time=self._talk_time + (at - self._dialed.get(case, at)),
            time_on_cases=self._time_on_cases + on_screen + wrapup,
            breaks=(*self._breaks, *break_now),
        )


def list_shift_figures(summary: ShiftSummary) -> list[tuple[str, str]]:
    """List the figures of a shift, label and value, the same for every interface."""
    per_hour = f" ({summary.completes_per_hour:.1f} per hour)" if summary.completes else ""
    figures = [
        ("Shift", f"{summary.since:%H:%M} to {summary.until:%H:%M}"),
        ("Working", format_length(summary.working_time)),
        ("Without a case", format_length(summary.idle_time)),
        ("Calls", f"{summary.calls:,} ({summary.contacts:,} reached)"),
        ("Talk", format_length(summary.talk_time)),
        ("Complete", f"{summary.completes:,}{per_hour}"),
        ("Refusals", f"{summary.refusals:,}"),
        ("Appointments", f"{summary.appointments_made:,} made, {summary.appointments:,} for me"),
    ]
    if summary.breaks:
        taken = [f"{reason or 'no reason'} {format_length(duration)}" for reason, duration in summary.breaks]
        figures.append(("Breaks", ", ".join(taken)))
    return figures


def render_shift_summary(summary: ShiftSummary) -> list[str]:
    """Render the figures of a shift as lines of text."""
    return [f"{label}: {value}" for label, value in list_shift_figures(summary)]


def format_length(time: timedelta) -> str:
    """Format a length of time: `2 h 05 min`, `12 min`, `40 s`."""
    seconds = int(time.total_seconds())
    hours, minutes = divmod(seconds // 60, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
