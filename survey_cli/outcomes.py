"""The outcome table: how a call or an interview can end, when each outcome may be keyed, its name and its AAPOR codes.

The effect of an outcome on its case (codes by precedence, delays, next numbers) is computed in `fieldwork`. Codes are
those of AAPOR's Standard Definitions, by frame. `derived` and `pending` stand for codes that only the whole case or a
supervisor can give; `dead` means that the number, not the case, is finished.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, Literal, TypeAlias

OutcomeMoment: TypeAlias = Literal["before", "after", "screened", "interrupted", "any", "end"]
"""The stage at which an outcome can be keyed: before contact, after contact, once screened, in the middle of an
interview, at any time, or never by hand (an interview that reaches its end sets it)."""


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
    """The number that interviewers key for it, the same in every list."""

    @property
    def kind(self) -> str:
        """The id of the outcome of the table that it is, or behaves like."""
        return self.like or self.id


def _make_outcome(
    outcome_id: str,
    moment: OutcomeMoment,
    name: str,
    rdd: str,
    listed: str,
    kind: str,
    delay: str = "",
    *,
    next_number: bool = False,
) -> Outcome:
    return Outcome(
        id=outcome_id,
        moment=moment,
        name=name,
        rdd=rdd,
        listed=listed,
        temporary=kind == "temporary",
        delay=delay,
        next_number=next_number,
    )


WITHDRAWN: Final = "withdrawn"
"""The outcome after which all answers are erased."""
DO_NOT_CALL: Final = "never_call"
SINGLE_KEY_OUTCOMES: Final = (
    "no_answer",
    "busy",
    "machine",
    "machine_left",
    "disconnected",
    "wrong_number",
    "refusal_soft",
    "callback",
)
"""Outcomes 1 to 8, which are keyed with one digit: four calls in five end with one of them. The others are numbered
from 11."""
FIRST_OTHER_NUMBER: Final = 11


def _assign_numbers(rows: Iterable[Outcome]) -> dict[str, Outcome]:
    """Index the rows by id and number them."""
    others = count(FIRST_OTHER_NUMBER)
    return {
        row.id: replace(
            row, number=SINGLE_KEY_OUTCOMES.index(row.id) + 1 if row.id in SINGLE_KEY_OUTCOMES else next(others)
        )
        for row in rows
    }


OUTCOMES: Final[dict[str, Outcome]] = _assign_numbers(
    (
        _make_outcome("no_answer", "before", "No answer", "3.13", "2.20", "temporary", "3h", next_number=True),
        _make_outcome("busy", "before", "Busy", "3.12", "2.20", "temporary", "20m", next_number=True),
        _make_outcome("machine", "before", "Machine, no message", "3.14", "2.222", "temporary", "3h", next_number=True),
        _make_outcome("machine_left", "before", "Machine, message left", "3.14", "2.221", "temporary", "1d"),
        _make_outcome(
            "blocked", "before", "Call blocked or screened", "3.15", "3.15", "temporary", "3d", next_number=True
        ),
        _make_outcome("technical", "before", "Line fault on our side", "3.16", "3.16", "temporary", "20m"),
        _make_outcome(
            "no_service", "before", "Temporarily out of service", "4.33", "3.16", "temporary", "2d", next_number=True
        ),
        _make_outcome("fax", "before", "Fax or data", "4.20", "dead", "final", next_number=True),
        _make_outcome(
            "disconnected", "before", "Not working or disconnected", "4.32", "dead", "final", next_number=True
        ),
        _make_outcome(
            "changed", "before", "Number changed (new number given)", "4.41", "dead", "final", next_number=True
        ),
        _make_outcome(
            "hangup_intro", "after", "Hung up before the introduction ended", "3.21", "2.111", "temporary", "3d"
        ),
        _make_outcome("callback", "after", "Call back, no time given", "3.21", "2.21", "temporary", "1d"),
        _make_outcome("appointment", "after", "Appointment", "3.21", "2.21", "temporary", "appointment"),
        _make_outcome(
            "refusal_household_soft", "after", "Household refuses (soft)", "2.111", "2.111", "temporary", "7d"
        ),
        _make_outcome(
            "refusal_household_hard", "after", "Household refuses (hard)", "2.111", "2.111", "final", "never"
        ),
        _make_outcome("refusal_soft", "after", "Respondent refuses (soft)", "2.112", "2.112", "temporary", "7d"),
        _make_outcome("refusal_hard", "after", "Respondent refuses (hard)", "2.112", "2.112", "final", "never"),
        _make_outcome("never_call", "after", "Asks not to be called again", "2.112", "2.112", "final", "never"),
        _make_outcome("language", "after", "Language problem", "2.33", "2.33", "temporary", "1d"),
        _make_outcome("unable", "after", "Physically or mentally unable", "2.32", "2.32", "final"),
        _make_outcome("dead", "after", "Dead", "2.31", "2.31", "final"),
        _make_outcome("away", "after", "Away for the whole field period", "2.21", "2.21", "final"),
        _make_outcome("wrong_number", "after", "Wrong number", "dead", "dead", "final", next_number=True),
        _make_outcome("business", "after", "Business, not a home", "4.51", "4.51", "final", next_number=True),
        _make_outcome("not_eligible", "after", "No eligible respondent", "4.70", "4.70", "final"),
        _make_outcome("quota_full", "screened", "Quota full", "4.80", "4.80", "final"),
        _make_outcome("supervisor", "after", "Refer to supervisor", "pending", "pending", "temporary", "held"),
        _make_outcome("break_off", "interrupted", "Broke off", "derived", "derived", "temporary", "7d"),
        _make_outcome("withdrawn", "any", "Withdraws consent: erase answers", "2.112", "2.112", "final", "never"),
        _make_outcome("complete", "end", "Complete", "1.1", "1.1", "final"),
    )
)

HARD_REFUSALS: Final = frozenset({"refusal_hard", "refusal_household_hard"})
REFUSAL_OUTCOMES: Final = HARD_REFUSALS | {"refusal_soft", "refusal_household_soft", "hangup_intro", "break_off"}
FINAL_REFUSALS: Final = HARD_REFUSALS | {"never_call", "withdrawn"}
INTERVIEW_END_OUTCOMES: Final = REFUSAL_OUTCOMES | {"complete"}
"""Outcomes that end an interview that counts; after any other (an appointment, a lost line) it is resumed."""
