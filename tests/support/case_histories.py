"""Histories of cases, written like a log.

`history("unit 7").at("2026-11-23 14:10").call("no_answer").at("15:00").call("busy")`: times are those of a clock
where the respondent is, and each call is a session of its own that a station claims and closes.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from support.scenario import instrument
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import NUMBER_CODES, CaseDisposition, code_case
from survey_cli.fieldwork.case.events import (
    AppointmentMade,
    AppointmentPolicy,
    AttemptClosed,
    CaseClaimed,
    CaseEvent,
    CaseReopened,
    CaseSampled,
    DoNotCallSet,
    HistoryEntry,
    NumberDialed,
    NumberFacts,
    NumberMarked,
    OutcomeOverridden,
    OutcomeRecorded,
    ReferralAnswered,
)
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.fieldwork.queue.calling_rules import ClaimContext
from survey_cli.fieldwork.queue.scheduling import QueuePosition, schedule_case

DENVER, LOS_ANGELES, NEW_YORK = "America/Denver", "America/Los_Angeles", "America/New_York"
ITEMS = """
- {id: hello, type: read, text: "Good morning, this is Pat calling for the Institute."}
- {id: n, type: number, text: How many?, min: 0, max: 99}
- {id: kind, type: single, text: Which?, options: {1: One, 2: Two}}
- {id: last, type: number, text: And then?, min: 0, max: 99}
"""
EVERYBODY = People()


@lru_cache(maxsize=100)
def plan(fieldwork: str = "", more: str = "") -> Plan:
    """The plan of a study whose `fieldwork:` holds this; `more` are other parts of its file."""
    return Plan.from_instrument(instrument(f"items:{ITEMS}{more}\nfieldwork: {{{fieldwork}}}\n"))


def moment(text: str, zone: str = DENVER) -> datetime:
    """When a clock in this zone shows it, in UTC; `2026-11-01 01:30 again` the second time."""
    wall, again = text.removesuffix(" again"), text.endswith(" again")
    return (
        datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone), fold=int(again)).astimezone(UTC)
    )


def history(
    key: str = "unit 7", *, zone: str = DENVER, numbers: int = 1, **sampled: Any
) -> "History":
    """A case that came with the sample, with so many numbers."""
    facts = sampled.pop("facts", tuple(NumberFacts(n) for n in range(1, numbers + 1)))
    begun = History(key, zone or DENVER, moment("2026-10-01 08:00"))
    return begun.then(CaseSampled(numbers=facts, zone=zone, **sampled))


def claimant(at: datetime, login: str = "pat", **more: Any) -> ClaimContext:
    """Somebody who may do everything."""
    return ClaimContext(at=at, who=Interviewer(login=login), people=EVERYBODY, **more)


@dataclass(frozen=True)
class History:
    """A log that grows; every step gives another."""

    key: str
    zone: str
    now: datetime
    entries: tuple[HistoryEntry, ...] = ()

    def __repr__(self) -> str:
        lines = (f"{e.at:%a %d %b %H:%M} {e.by}: {e.event}" for e in self.entries)
        return "\n".join((f"{self.key}, now {self.now:%a %d %b %H:%M}", *lines))

    # what happens

    def at(self, text: str) -> "History":
        """It is now this day and time there; a time alone is on the same day."""
        day = "" if "-" in text else f"{self.now.astimezone(ZoneInfo(self.zone)):%Y-%m-%d} "
        return replace(self, now=moment(day + text, self.zone))

    def later(self, **length: float) -> "History":
        return replace(self, now=self.now + timedelta(**length))

    def then(self, *events: CaseEvent, by: str = "pat") -> "History":
        """Write these down."""
        return replace(
            self,
            entries=self.entries
            + tuple(HistoryEntry(self.now, by, "s1", event) for event in events),
        )

    def claim(self, by: str = "pat") -> "History":
        return self.then(CaseClaimed(), by=by)

    def dial(self, outcome: str, number: int = 0, *, by: str = "pat", **called: Any) -> "History":
        """One call in a sitting that goes on, to this number or whichever is next."""
        case = self.case
        to = number or (case.next_number.position if case.next_number is not None else 0)
        called.setdefault("interrupted", case.interrupted)
        told = self.then(NumberDialed(to), OutcomeRecorded(outcome, to, **called), by=by)
        row = plan().outcomes.get(outcome)
        if row is not None and {row.rdd, row.listed} & NUMBER_CODES:
            told = told.then(NumberMarked(to, "dead", outcome), by=by)
        return (
            told.then(DoNotCallSet(outcome), by=by)
            if outcome in ("never_call", "withdrawn")
            else told
        )

    def close(self) -> "History":
        return self.then(AttemptClosed())

    def call(self, outcome: str, number: int = 0, *, by: str = "pat", **called: Any) -> "History":
        """A sitting with one call."""
        return self.claim(by).dial(outcome, number, by=by, **called).close()

    def rings_us(self, outcome: str, **called: Any) -> "History":
        """The respondent rang, and it came to this."""
        return self.then(CaseClaimed(), OutcomeRecorded(outcome, 0, **called), AttemptClosed())

    def appointment(
        self,
        start: str,
        end: str = "",
        *,
        policy: AppointmentPolicy = "anyone",
        owner: str = "pat",
        **called: Any,
    ) -> "History":
        """A sitting that ends with a promise for this wall time."""
        until = end or f"{datetime.fromisoformat(start) + timedelta(minutes=30):%Y-%m-%d %H:%M}"
        wall, to = (text.replace(" ", "T") for text in (start, until))
        made = self.claim().dial("appointment", **called)
        return made.then(AppointmentMade(wall, to, self.zone, owner=owner, policy=policy)).close()

    def corrected(self, outcome: str, code: str = "") -> "History":
        return self.then(OutcomeOverridden(outcome, code), by="sam")

    def advised(self) -> "History":
        return self.then(ReferralAnswered(), by="sam")

    def reopened(self) -> "History":
        return self.then(CaseReopened(), by="sam")

    # what it comes to

    @property
    def case(self) -> Case:
        return Case.from_history(self.key, self.entries)

    def coded(self, study: Plan | None = None) -> CaseDisposition:
        return code_case(self.case, study or plan())

    def code(self, study: Plan | None = None) -> str:
        return self.coded(study).code

    def standing(self, study: Plan | None = None) -> QueuePosition:
        return schedule_case(self.case, study or plan(), self.now)

    def due(self, study: Plan | None = None) -> str:
        """When it is due, on the clock there; empty for never."""
        at = self.standing(study).due_at
        return f"{at.astimezone(ZoneInfo(self.zone)):%Y-%m-%d %H:%M}" if at is not None else ""

    def claimant(
        self, login: str = "pat", *, full_cells: Collection[str] = (), **more: Any
    ) -> ClaimContext:
        return claimant(self.now, login, full_cells=full_cells, **more)
