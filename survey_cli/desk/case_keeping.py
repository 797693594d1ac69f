"""How does a case come into an interviewer's hands, and how is what happens to it kept? One claim and one write, whoever
holds it; it decides nothing and says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from survey_cli.desk.held_case import HeldCase
from survey_cli.desk.seating import Clock
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.events import Event
from survey_cli.fieldwork.plan import Plan
from survey_cli.fieldwork.policy import standing
from survey_cli.store import Store
from survey_cli.store.case_records import CaseRow, Contact, Held, Lease, LeaseLost, Overtaken

RENEWALS: Final = 10
"""How often a lease is prolonged in its own length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseKeeping:
    """The cases of one study as one interviewer has them at one station. Every method that reads or writes raises
    StoreProblem."""

    store: Store
    plan: Plan
    by: str
    station: str
    clock: Clock

    def take(self, key: str, token: str) -> HeldCase | Held | None:
        """Take the case of this key; Held where another has it, None where there is none."""
        at = self.clock()
        lease = Lease(token, self.by, self.station, at + self.plan.lease)
        row = self.store.cases.claim_case(key, lease, at)
        return self.held(row, token) if isinstance(row, CaseRow) else row

    def held(self, row: CaseRow, token: str) -> HeldCase:
        """A case that was claimed, with all that is kept of it."""
        history = tuple(self.store.cases.history(row.key))
        case = Case.of(row.key, history)
        number, sitting = case.next_number, case.claimed
        first = number.position if number is not None else 0
        return HeldCase(
            row=row,
            case=case,
            history=history,
            contact=self.store.cases.contact(row.key),
            token=token,
            current=(sitting.dialled if sitting is not None else 0) or first,
            shown_at=self.clock(),
        )

    def further(self, here: HeldCase, events: Sequence[Event], contact: Contact | None = None) -> HeldCase:
        """The case as it will stand once these events are kept."""
        return here.further(events, at=self.clock(), by=self.by, station=self.station, contact=contact)

    def keep(self, here: HeldCase, after: HeldCase, *, release: bool = False) -> Overtaken | LeaseLost | None:
        """Write what leads from `here` to `after`, which prolongs the lease or ends it; what is in the way where another
        has the case by now, and then nothing is written."""
        at = after.history[-1].at
        return self.store.cases.write(
            here.case.key,
            seq=here.case.seq,
            entries=after.history[len(here.history) :],
            standing=standing(after.case, self.plan, at),
            token=here.token,
            release=release,
            renew_until=at + self.plan.lease,
            contact=after.contact if after.contact is not here.contact else None,
        )

    def renew(self, here: HeldCase) -> bool:
        """Prolong the lease; False where another has the case by now."""
        return self.store.cases.renew(here.case.key, here.token, self.clock() + self.plan.lease)
