"""Lists of the station: other outcomes, appointments, callers, breaks. A row hands what was chosen to `take`."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeAlias

from survey_cli.sessions.station.station_protocol import CaseMatch, CaseView, OutcomeChoice, StationAppointment
from survey_cli.tui.station.case import format_appointment
from survey_cli.tui.widgets.panel import ListPanel, Row

TakeText: TypeAlias = Callable[[str], Awaitable[None]]
MIN_SEARCH: Final = 2
"""Characters of a number or a name that are searched for; fewer would find half the sample."""


def build_outcome_list(case: CaseView, take: Callable[[OutcomeChoice], Awaitable[None]]) -> ListPanel:
    """Build the list of outcomes that have no key of their own, under their headings; none is marked at first."""
    rows = [
        Row((str(row.number), row.name), partial(take, choice), str(row.number), heading, row.id)
        for heading, choices in case.other_outcomes
        for choice in choices
        for row in (choice.outcome,)
    ]
    empty = "no outcome matches"
    return ListPanel("outcomes", "outcome: ", rows, marked=None, empty=empty, takes="record it")


def build_appointment_list(appointments: Sequence[StationAppointment], take: TakeText) -> ListPanel:
    """Build the list of appointments; `take` receives the case's key."""
    rows = [Row(format_appointment(each), partial(take, each.key), terms=each.key) for each in appointments]
    empty = "no appointment matches" if rows else "you have no open appointments"
    return ListPanel("appointments", "my appointments: ", rows, empty=empty, takes="take the case")


def build_caller_list(search: Callable[[str], Iterable[CaseMatch]], take: TakeText) -> ListPanel:
    """Build the list of cases that are searched for by what is typed; `take` receives the case's key."""

    def find(text: str) -> Sequence[Row]:
        matches = search(text) if len(text) >= MIN_SEARCH else ()
        return [
            Row(
                (match.name if match.key == match.name else f"{match.name} {match.key}", match.number, match.state),
                partial(take, match.key),
            )
            for match in matches
        ]

    empty = "no case matches: type part of the number they call from, the name or the key"
    return ListPanel("find", "who calls back: ", (), empty=empty, takes="take the case", search=find)


def build_break_list(reasons: Sequence[str], take: TakeText) -> ListPanel:
    """Build the list of reasons for a break."""
    rows = [Row(("", "no reason"), partial(take, ""))]
    rows += [Row((str(n), reason), partial(take, reason), str(n)) for n, reason in enumerate(reasons, 1)]
    return ListPanel("pause", "a break: ", rows, takes="start it")
