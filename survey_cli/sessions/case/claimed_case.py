"""A case claimed by a station: what is known of it, and how events are added to its history.

It writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import CaseEvent, HistoryEntry
from survey_cli.fieldwork.queue.rules import explain_number_state
from survey_cli.store.cases.case_records import CaseRow, Contact, ContactNumber

PendingInput = Literal["", "time", "outcome"]
"""What is owed before the case can go: an appointment's time, or what came of an interview that was put aside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedCase:
    """One case at one station, as far as it was kept."""

    row: CaseRow
    """As it was claimed."""
    case: Case
    history: tuple[HistoryEntry, ...]
    contact: Contact | None
    token: str
    """The lease's."""
    current_number: int
    """The position of the number that is dialled next; 0 where there is none."""
    shown_at: datetime
    interview_status: str = ""
    """Where its interview stands, in words."""
    notice: str = ""
    pending_input: PendingInput = ""

    def append_events(
        self,
        events: Sequence[CaseEvent],
        *,
        at: datetime,
        by: str,
        station: str,
        contact: Contact | None = None,
    ) -> "ClaimedCase":
        """The case after these events. Each entry has a key of its own, so that writing them twice is writing them once.
        A history never runs backwards, whatever the clock does."""
        moment = max(at, self.history[-1].at) if self.history else at
        case, history = self.case, self.history
        for number, event in enumerate(events, start=1):
            entry = HistoryEntry(moment, by, station, event, f"{self.token}:{self.case.seq + number}")
            case, history = case.apply(entry), (*history, entry)
        return replace(self, case=case, history=history, contact=contact or self.contact, notice="")

    def choose_number(self, position: int) -> "ClaimedCase | Rejection":
        """With another live number as the one that is dialled next."""
        number = self.case.find_number(position)
        if number is None:
            return Rejection("there is no such number")
        if why := explain_number_state(number):
            return Rejection(why)
        if self.case.open_attempt is not None and self.case.open_attempt.dialed not in (0, position):
            return Rejection("first key the outcome of the call that was dialed")
        return replace(self, current_number=position)

    def move_to_next_number(self) -> "ClaimedCase":
        """After a call, the number that can be tried next is the one that is dialled."""
        number, sitting = self.case.next_number, self.case.open_attempt
        called = sitting.calls if sitting is not None else ()
        if number is None or not any(call.number == self.current_number for call in called):
            return self
        return replace(self, current_number=number.position)

    @property
    def has_calls(self) -> bool:
        """Somebody called in this sitting, and what came of it is keyed."""
        return self.case.open_attempt is not None and bool(self.case.open_attempt.calls)

    @property
    def has_open_call(self) -> bool:
        """A number was dialled, and what came of it is not keyed."""
        return self.case.open_attempt is not None and self.case.open_attempt.dialed != 0

    def why_not_releasable(self) -> str:
        """Why the case cannot be let go of yet; empty where it can."""
        if self.pending_input == "time":
            return "first give the appointment's time"
        return "first key the outcome of this call" if self.pending_input or self.has_open_call else ""

    def find_number(self, position: int) -> ContactNumber | None:
        """The digits of a number, where they are still kept."""
        numbers = self.contact.numbers if self.contact is not None else ()
        return next((n for n in numbers if n.position == position and n.e164), None)

    def list_phone_numbers(self) -> list[str]:
        """All its numbers."""
        return [n.e164 for n in self.contact.numbers if n.e164] if self.contact is not None else []
