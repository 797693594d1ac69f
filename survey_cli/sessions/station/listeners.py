"""Listeners of a station: they are told what is at hand, and receive numbers to dial as links.

In a terminal nobody listens. A seat in a browser hands both to its page. It also knows whether the
program was updated meanwhile.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.fieldwork.activities import Activity

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
"""A number with its country, and nothing that a telephone could take for a command."""


class Occupation(NamedTuple):
    """What is at hand at a station."""

    activity: Activity
    case: str
    """The key of the case; empty if there is none."""
    since: datetime

    def to_report(self) -> dict[str, str]:
        """Return it as a message: `{"type": "status", "case": "1042", "activity": "interview"}`."""
        return {
            "type": "status",
            "case": self.case,
            "activity": self.activity.value,
            "since": self.since.isoformat(timespec="seconds"),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    """The listeners of one station.

    The station waits for these functions, so they must return at once.

    Example:
        def report(occupation: Occupation) -> None:
            reports.send(json.dumps(occupation.to_report()).encode())

        Listeners(report=report)
    """

    hand_link: Callable[[str], None] | None = None
    """Receives the `tel:` link of a number that is dialed. None: no links are made."""
    report: Callable[[Occupation], None] | None = None
    """Receives what is at hand, whenever that changes. None: nobody wants to know."""
    is_updated: Callable[[], bool] = lambda: False
    """Returns whether the program was updated: then the station claims no further case, and ends
    once nothing is at hand. It is asked every second."""


NO_LISTENERS: Final = Listeners()


class OccupationReporter:
    """Reports what is at hand when it has changed."""

    def __init__(self, report: Callable[[Occupation], None] | None) -> None:
        self._report = report
        self._last: Occupation | None = None

    def note(self, activity: Activity, case: str, at: datetime) -> None:
        """Note what is at hand now. Whoever listened may have gone: then nothing is reported."""
        last = self._last
        if last is not None and (last.activity, last.case) == (activity, case):
            return
        self._last = Occupation(activity, case, at)
        if self._report is not None:
            with suppress(OSError):
                self._report(self._last)


def build_dial_link(e164: str) -> str:
    """Build the link that dials a number: `tel:+19155550122`.

    It is empty if the number isn't one with its country, as of a case from an earlier version.
    """
    if E164.fullmatch(e164) is None:
        return ""
    return f"tel:{e164}"
