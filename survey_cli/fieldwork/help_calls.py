"""Calls for help: an interviewer raises a hand, and a supervisor answers with a message."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from survey_cli.fieldwork.activities import describe_activity
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.shifts import WorkEvent

LONGEST_CALL_FOR_HELP: Final = timedelta(hours=12)
"""A call for help that is older is over: its station ended without a sign-off."""


class HelpSubject(NamedTuple):
    """What the person who raises a hand is doing."""

    case: str = ""
    """The key of the case at hand; empty if there is none."""
    activity: str = ""
    """The value of an `Activity`; empty if it isn't known."""

    def encode(self) -> str:
        """Encode it as the detail of a work event."""
        return json.dumps(self._asdict(), ensure_ascii=False)

    @classmethod
    def decode(cls, detail: str) -> "HelpSubject":
        """Decode the detail of a work event. What isn't understood is left empty."""
        try:
            values = json.loads(detail)
        except ValueError:
            return cls()
        if not isinstance(values, dict):
            return cls()
        return cls(str(values.get("case", "")), str(values.get("activity", "")))


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpCall:
    """A hand that was raised at a station."""

    person: str
    station: str
    subject: HelpSubject
    since: datetime
    answered_by: str = ""
    """The supervisor who sent a message. Empty: nobody has answered yet."""
    answered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody has answered yet."""
        return self.answered_at is None

    def describe(self, to_local: ToLocal) -> str:
        """Describe the call: `ann calls for help since 10:42: station 04, case 1042, calling`."""
        facts = [f"station {self.station}"]
        if self.subject.case:
            facts.append(f"case {self.subject.case}")
        if self.subject.activity:
            facts.append(describe_activity(self.subject.activity))
        described = f"{', '.join(facts)}"
        if self.answered_at is None:
            since = to_local(self.since)
            return f"{self.person} calls for help since {since:%H:%M}: {described}"
        answered = to_local(self.answered_at)
        return f"{self.person} was answered by {self.answered_by} at {answered:%H:%M}: {described}"


def find_help_calls(work: Iterable[WorkEvent]) -> list[HelpCall]:
    """Find the last call for help of each person, answered or not, the oldest first.

    It is over when the person takes the hand down or signs off. `work` is in the order in which it
    was stored: the clocks of two computers may differ by more than an answer takes.
    """
    calls: dict[str, HelpCall] = {}
    for event in work:
        match event.kind:
            case "help":
                calls[event.person] = HelpCall(
                    person=event.person,
                    station=event.station,
                    subject=HelpSubject.decode(event.detail),
                    since=event.at,
                )
            case "helped" if event.person in calls:
                calls[event.person] = replace(
                    calls[event.person], answered_by=event.by, answered_at=event.at
                )
            case "help_over" | "off":
                calls.pop(event.person, None)
    return sorted(calls.values(), key=lambda call: call.since)
