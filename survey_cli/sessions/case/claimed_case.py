"""A case claimed by a station: what is known of it, and how events are added to its history.

It writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseEvent, HistoryEntry, NumberDialed
from survey_cli.fieldwork.queue.call_order import explain_number_state
from survey_cli.store.cases.case_records import CaseRow, Contact, ContactNumber

RequiredInput: TypeAlias = Literal["", "note", "time", "number", "language", "sure"]
"""What an outcome requires besides: a note, an appointment's time, the new number, the language, or a confirmation.
"""
REQUIRED_INPUTS: Final[Mapping[str, RequiredInput]] = {
    "supervisor": "note",
    "changed": "number",
    "language": "language",
    "appointment": "time",
    "refusal_hard": "sure",
    "refusal_household_hard": "sure",
    "never_call": "sure",
    "withdrawn": "sure",
}
INTERVIEW_OUTCOMES: Final = frozenset({"complete", "break_off"})
"""Outcomes that only the interview itself can have."""

PendingInput: TypeAlias = Literal["", "time", "outcome"]
"""What is needed before the case can be released: an appointment's time, or the outcome of a suspended interview."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedCase:
    """One case at one station, as stored."""

    row: CaseRow
    """As it was claimed."""
    case: Case
    history: tuple[HistoryEntry, ...]
    contact: Contact | None
    token: str
    """The token of the lease."""
    current_number: int
    """The position of the number that is dialed next; 0: none."""
    shown_at: datetime
    interview_status: str = ""
    """The state of its interview, in words."""
    notice: str = ""
    heard: str = ""
    """What is heard in the open call of a practice station."""
    pending_input: PendingInput = ""

    def append_events(
        self, events: Sequence[CaseEvent], *, at: datetime, by: str, station: str, contact: Contact | None = None
    ) -> "ClaimedCase":
        """Return the case after these events.

        Each entry has a key of its own, so that writing it twice has no further effect. A history never goes
        backwards in time, whatever the clock says.
        """
        time = max(at, self.history[-1].at) if self.history else at
        case, history = self.case, self.history
        for number, event in enumerate(events, start=1):
            entry = HistoryEntry(time, by, station, event, f"{self.token}:{self.case.seq + number}")
            case, history = case.apply(entry), (*history, entry)
        return replace(self, case=case, history=history, contact=contact or self.contact, notice="")

    def choose_number(self, position: int) -> "ClaimedCase | Rejection":
        """Return the case with another live number as the one that is dialed next."""
        number = self.case.find_number(position)
        if number is None:
            return Rejection("there is no such number")
        if why := explain_number_state(number):
            return Rejection(why)
        if self.case.open_attempt is not None and self.case.open_attempt.dialed not in (0, position):
            return Rejection("first key the outcome of the call that was dialed")
        return replace(self, current_number=position)

    def move_to_next_number(self) -> "ClaimedCase":
        """Return the case with the next number that can be tried, where the current one was called."""
        number, attempt = self.case.next_number, self.case.open_attempt
        calls = attempt.calls if attempt is not None else ()
        if number is None or not any(call.number == self.current_number for call in calls):
            return self
        return replace(self, current_number=number.position)

    @property
    def has_calls(self) -> bool:
        """Whether a call was made under this claim and its outcome is entered."""
        return self.case.open_attempt is not None and bool(self.case.open_attempt.calls)

    @property
    def has_open_call(self) -> bool:
        """Whether a number was dialed and the outcome of the call is not entered yet."""
        return self.case.open_attempt is not None and self.case.open_attempt.dialed != 0

    @property
    def dialed_at(self) -> datetime | None:
        """When the open call was dialed; None while no call is open."""
        if not self.has_open_call:
            return None
        return next((entry.at for entry in reversed(self.history) if isinstance(entry.event, NumberDialed)), None)

    def why_not_releasable(self) -> str:
        """Explain why the case cannot be released yet; empty where it can."""
        if self.pending_input == "time":
            return "first give the appointment's time"
        return "first key the outcome of this call" if self.pending_input or self.has_open_call else ""

    def find_number(self, position: int) -> ContactNumber | None:
        """Find the digits of a number, where they are still stored."""
        numbers = self.contact.numbers if self.contact is not None else ()
        return next((n for n in numbers if n.position == position and n.e164), None)
