"""The outcome table: how a call or an interview can end, with names and AAPOR codes.

The effect of an outcome on its case (codes by precedence, delays, next numbers) is computed in
`fieldwork`. Codes are those of AAPOR's Standard Definitions, by frame. `derived` and `pending`
stand for codes that only the whole case or a supervisor can give; `dead` means that the number, not
the case, is finished. The rows are in the JSON file beside it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

CallResult: TypeAlias = Literal["complete", "partial", "refusal", ""]
"""What a call counts as for its interviewer; empty for all other calls."""
OutcomeMoment: TypeAlias = Literal["before", "after", "screened", "interrupted", "any", "end"]
"""The stage at which an outcome can be keyed: before contact, after contact, once screened, in the
middle of an interview, at any time, or never by hand (an interview that reaches its end sets
it)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One row of the outcome table."""

    id: str
    moment: OutcomeMoment
    name: str
    rdd: str
    """The AAPOR code while the case is open, in a random-digit frame."""
    listed: str
    """The AAPOR code where eligibility is known: in list and establishment frames."""
    temporary: bool
    """The case may be called again."""
    delay: str = ""
    """The least time before the next call: `20m`, `3h`, `7d`, `never`, `held`, `appointment`."""
    next_number: bool = False
    """Another number of the same case may be dialed at once."""
    like: str = ""
    """The outcome of the table that a study's own outcome behaves like."""
    number: int = 0
    """The number that interviewers key for it, the same in every list; 0 if nobody keys it."""

    @property
    def kind(self) -> str:
        """The id of the outcome of the table that it is, or behaves like."""
        return self.like or self.id

    @property
    def denies_contact(self) -> bool:
        """Whether it rules out an interview: the respondent wasn't spoken to.

        A fault of the line rules out nothing: it may end a call at any time.
        """
        if self.moment == "before":
            return self.kind != "technical"
        return self.kind in ("hangup_intro", "wrong_number")

    @property
    def ends_number(self) -> bool:
        """Whether it says that this number doesn't lead to the respondent."""
        return self.next_number and not self.temporary


WITHDRAWN: Final = "withdrawn"
"""The outcome after which all answers are erased."""
DO_NOT_CALL: Final = "never_call"
LOST: Final = "lost"
"""The outcome of a call whose station stopped. The program records it when the station's lease
ends."""
_ROWS: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
OUTCOMES: Final = {row["id"]: Outcome(**row) for row in _ROWS}
_SINGLE: Final = {row.number: row.id for row in OUTCOMES.values() if row.number <= 8}
SINGLE_KEY_OUTCOMES: Final = tuple(_SINGLE[number] for number in range(1, 9))
"""Outcomes 1 to 8, which are keyed with one digit: four calls in five end with one of them. The
others are numbered from 11."""
HARD_REFUSALS: Final = frozenset({"refusal_hard", "refusal_household_hard"})
REFUSAL_OUTCOMES: Final = HARD_REFUSALS | {
    "refusal_soft",
    "refusal_household_soft",
    "hangup_intro",
    "break_off",
}
FINAL_REFUSALS: Final = HARD_REFUSALS | {"never_call", "withdrawn"}
INTERVIEW_END_OUTCOMES: Final = REFUSAL_OUTCOMES | {"complete"}
"""Outcomes that end an interview that counts; after any other (an appointment, a lost line) it is
resumed."""


def is_answered(row: Outcome | None, *, has_interview: bool) -> bool:
    """Return whether somebody answered the telephone in a call with this outcome.

    `has_interview`: the interview was open in the call. Only that tells of a lost call whether
    somebody answered.
    """
    if row is None:
        return False
    if row.kind == LOST:
        return has_interview
    return row.moment != "before"


def classify_result(row: Outcome | None, code: str) -> CallResult:
    """Return what a call with this outcome and code counts as: the same in every count of calls.

    An interview that breaks off is complete or partial if it came that far, else a refusal. One
    that waits to be resumed is none of them yet.
    """
    if code == "1.1":
        return "complete"
    if code == "1.2" and (row is None or row.kind in INTERVIEW_END_OUTCOMES):
        return "partial"
    if row is not None and row.kind in REFUSAL_OUTCOMES | FINAL_REFUSALS:
        return "refusal"
    return ""
