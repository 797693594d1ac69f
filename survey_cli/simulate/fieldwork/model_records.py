"""The histories of the cases of simulated fieldwork, the time, and the calls counted by day."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseEvent,
    HistoryEntry,
    OutcomeRecorded,
)
from survey_cli.simulate.fieldwork.staff import ModelInterviewer

COMPLETE_CODE: Final = "1.1"
"""The code of a complete interview."""


class ModelRecords:
    """What is written during simulated fieldwork. The model sets the time."""

    def __init__(
        self,
        histories: Iterable[tuple[str, Sequence[HistoryEntry]]],
        *,
        at: datetime,
        zone: ZoneInfo,
        complete: int,
    ) -> None:
        """Begin with these histories.

        `zone` is that of the stations, `complete` counts interviews of other cases.
        """
        self.at = at
        self.histories = {key: list(history) for key, history in histories}
        """The histories of all cases that were read."""
        self.cases = {
            key: Case.from_history(key, history) for key, history in self.histories.items()
        }
        self.complete = complete
        """Complete interviews, including those before the start."""
        self.by_day: dict[date, Counter[str]] = {}
        """Calls and complete interviews of each day."""
        self._zone = zone

    def add_case(self, key: str, history: Sequence[HistoryEntry]) -> None:
        """Add a case whose history was read when it was claimed."""
        self.histories[key] = list(history)
        self.cases[key] = Case.from_history(key, history)

    def append(self, agent: ModelInterviewer, key: str, *events: CaseEvent) -> Case:
        """Write these events now, and return the case after them."""
        history = self.histories[key]
        case = self.cases[key]
        for event in events:
            entry = HistoryEntry(self.at, agent.who.login, agent.station, event)
            history.append(entry)
            case = case.apply(entry)
            if isinstance(event, OutcomeRecorded):
                self._count_call(agent, event)
        self.cases[key] = case
        return case

    def end_call(self, agent: ModelInterviewer, key: str, *events: CaseEvent) -> None:
        """Write these events, and close the attempt."""
        self.append(agent, key, *events, AttemptClosed())

    def _count_call(self, agent: ModelInterviewer, call: OutcomeRecorded) -> None:
        day = self.by_day.setdefault(self.at.astimezone(self._zone).date(), Counter())
        agent.log.calls += 1
        day["calls"] += 1
        if call.code == COMPLETE_CODE:
            agent.log.complete += 1
            day["complete"] += 1
            self.complete += 1
