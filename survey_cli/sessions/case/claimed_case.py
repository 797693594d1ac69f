"""A case claimed by a station: its state, and the events for what an interviewer enters.

The events are built from the plan and the case; other modules write them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import Case, find_case_region
from survey_cli.fieldwork.case.disposition_coding import NUMBER_CODES, code_case, is_known_eligible
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.calling_rules import describe_dead_number
from survey_cli.instrument.texts.languages import find_language, list_languages
from survey_cli.outcomes import LOST, Outcome
from survey_cli.samples.cases.phone_numbers import InvalidNumber, read_number
from survey_cli.store.cases.case_records import CaseRow, Contact, ContactNumber
from survey_cli.study.consistency import interview_outcomes

RequiredInput: TypeAlias = Literal["", "note", "time", "number", "language", "sure"]
"""What an outcome requires besides.

It is a note, an appointment's time, the new number, the language, or a confirmation.
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
OTHER_LANGUAGE: Final = "other"
"""What is typed, and stored, for a language in which the study can't interview."""
INTERVIEW_OUTCOMES: Final = frozenset({"complete", "break_off", LOST})
"""Outcomes that only the interview itself can have, or the program gives."""

PendingInput: TypeAlias = Literal["", "time", "outcome"]
"""What is needed before the case can be released.

It is an appointment's time, or the outcome of a suspended interview.
"""


class InterviewState(Enum):
    """The state of a case's last interview."""

    NONE = auto()
    OPEN = auto()
    COMPLETE = auto()
    ERASED = auto()
    """Its answers were erased."""


class InterviewStatus(NamedTuple):
    """The state of a case's last interview, and how it is shown."""

    state: InterviewState
    text: str
    """`open at q17, Tue 14:03, version 1`, `complete`; empty if there is no interview."""


NO_INTERVIEW: Final = InterviewStatus(InterviewState.NONE, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedCase:
    """One case at one station, as stored."""

    row: CaseRow
    """As it was claimed."""
    case: Case
    history: tuple[case_events.HistoryEntry, ...]
    contact: Contact | None
    token: str
    """The token of the lease."""
    current_number: int
    """The position of the number that is dialed next; 0 if there is none."""
    shown_at: datetime
    interview: InterviewStatus = NO_INTERVIEW
    notice: str = ""
    heard: str = ""
    """What is heard in the open call of a practice station."""
    pending_input: PendingInput = ""
    answers_in_call: int = 0
    """Answers that were recorded since the number was dialed."""

    def append_events(
        self,
        events: Sequence[case_events.CaseEvent],
        *,
        at: datetime,
        by: str,
        station: str,
        contact: Contact | None = None,
    ) -> "ClaimedCase":
        """Return the case after these events.

        Each entry has a key of its own, so that writing it twice has no further effect.
        """
        # A history never goes backwards in time, whatever the clock says.
        time = at
        if self.history:
            time = max(at, self.history[-1].at)

        case = self.case
        entries = []
        for number, event in enumerate(events, start=self.case.seq + 1):
            key = f"{self.token}:{number}"
            entry = case_events.HistoryEntry(time, by, station, event, key)
            case = case.apply(entry)
            entries.append(entry)
        return replace(
            self,
            case=case,
            history=(*self.history, *entries),
            contact=contact or self.contact,
            notice="",
        )

    def choose_number(self, position: int) -> "ClaimedCase | Rejection":
        """Return the case with another live number as the one that is dialed next."""
        number = self.case.find_number(position)
        if number is None:
            return Rejection("there is no such number")
        dead = describe_dead_number(number)
        if dead is not None:
            return Rejection(str(dead))
        attempt = self.case.open_attempt
        if attempt is not None and attempt.dialed not in (0, position):
            return Rejection("first key the outcome of the call that was dialed")
        return replace(self, current_number=position)

    def move_to_next_number(self) -> "ClaimedCase":
        """Return the case with the next number that can be tried, if the current one was called."""
        number = self.case.next_number
        attempt = self.case.open_attempt
        if number is None or attempt is None:
            return self
        called_numbers = {call.number for call in attempt.calls}
        if self.current_number not in called_numbers:
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
        for entry in reversed(self.history):
            if isinstance(entry.event, case_events.NumberDialed):
                return entry.at
        return None

    def why_not_releasable(self) -> str:
        """Explain why the case can't be released yet; empty if it can."""
        if self.pending_input == "time":
            return "first give the appointment's time"
        if self.pending_input or self.has_open_call:
            return "first key the outcome of this call"
        return ""

    def find_number(self, position: int) -> ContactNumber | None:
        """Find the digits of a number; None if they were erased."""
        if self.contact is None:
            return None
        for number in self.contact.numbers:
            if number.position == position and number.e164:
                return number
        return None


NO_TIME_NOTICE: Final = (
    "no time was recorded: the case will be called back; `survey station` can make appointments"
)
TIMED_OUTCOMES: Final = frozenset({"appointment", "callback"})
"""Outcomes of an `end` after which the respondent is asked when to call again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvents:
    """Events that a case receives, and what follows from them."""

    events: tuple[case_events.CaseEvent, ...]
    release: bool = False
    """The station releases the case with them."""
    outcome: str = ""
    """The outcome that was entered; empty if there is none."""
    contact: Contact | None = None
    """The person's contact data from now on; None if they don't change."""
    tasks: tuple[str, ...] = ()
    """Tasks that follow: numbers for the do-not-call list, answers to erase."""
    notice: str = ""
    """What the interviewer should know about it."""


def build_outcome_events(
    claimed: ClaimedCase,
    outcome: Outcome,
    plan: Plan,
    interview: Interview | None,
    *,
    note: str,
    number: str,
    language: str,
    languages: Sequence[str],
    contact_link: str,
) -> CaseEvents | Rejection:
    """Build the events for an outcome on offer; `languages` are the study's.

    The station keeps the case while another number can be tried. `contact_link` is for the new
    number of a case without contact data.
    """
    kind = outcome.kind
    if kind in INTERVIEW_OUTCOMES and claimed.pending_input != "outcome":
        return Rejection("only the interview itself can set this outcome")
    call = build_call_event(claimed, outcome.id, plan, interview, note=note)
    events: list[case_events.CaseEvent] = [call]
    contact = None
    match REQUIRED_INPUTS.get(kind, ""):
        case "note" if not note:
            return Rejection("add a note on what the supervisor should know")
        case "time":
            return Rejection("an appointment needs a time")
        case "language":
            chosen = _choose_language(language, languages)
            if isinstance(chosen, Rejection):
                return chosen
            events.append(case_events.LanguageSet(chosen))
        case "number":
            added = build_number_events(claimed, number, plan, contact_link=contact_link)
            if isinstance(added, Rejection):
                return added
            events += added.events
            contact = added.contact

    code = outcome.listed if plan.eligibility_known else outcome.rdd
    if code in NUMBER_CODES and claimed.current_number:
        dead = case_events.NumberMarked(claimed.current_number, "dead", outcome.name.lower())
        events.append(dead)
    events += interview_outcomes.build_do_not_call_events(outcome)

    # A busy line is dialed again within the hour, which counts as the same attempt.
    tries_others = outcome.next_number and kind != "busy"
    keeps_case = tries_others and _has_untried_number(claimed, events)
    if not keeps_case:
        events.append(case_events.AttemptClosed())
    return CaseEvents(
        events=tuple(events),
        release=not keeps_case,
        outcome=outcome.id,
        contact=contact,
        tasks=interview_outcomes.build_follow_up_tasks(outcome, claimed.case.key),
    )


def _choose_language(typed: str, languages: Sequence[str]) -> str | Rejection:
    """Choose the language that a respondent speaks: one of the study's, or another one."""
    if typed.strip().casefold() == OTHER_LANGUAGE:
        return OTHER_LANGUAGE
    language = find_language(typed, languages)
    if language:
        return language
    what = "which language?"
    if typed.strip():
        what = f"{typed.strip()} is not a language of this study"
    return Rejection(f"{what}: {list_languages(languages)}, or {OTHER_LANGUAGE}")


def build_call_event(
    claimed: ClaimedCase,
    outcome: str,
    plan: Plan,
    interview: Interview | None,
    *,
    note: str = "",
    interrupted: bool = False,
) -> case_events.OutcomeRecorded:
    """Build the event of the current call, with its outcome.

    `interview` is the one of this claim. If it is still open in this call, its progress decides the
    code.
    """
    is_open = claimed.case.interview_open
    code = ""
    eligible = False
    if interview is not None:
        progress = interview_outcomes.measure_progress(interview)
        eligible = is_known_eligible(progress, plan)
        if is_open:
            row = plan.outcomes[outcome]
            code = interview_outcomes.code_unfinished_interview(interview, progress, row, plan)

    was_left = is_open or claimed.pending_input != ""
    return case_events.OutcomeRecorded(
        outcome=outcome,
        number=claimed.current_number,
        code=code,
        eligible=eligible,
        person=interview is not None,
        interrupted=interrupted or claimed.case.interrupted or was_left,
        note=note,
    )


def _has_untried_number(claimed: ClaimedCase, events: list[case_events.CaseEvent]) -> bool:
    """Whether a live number has not been called under this claim."""
    case = claimed.append_events(events, at=claimed.shown_at, by="", station="").case
    called_numbers = set()
    if case.open_attempt is not None:
        called_numbers = {call.number for call in case.open_attempt.calls}
    return any(number.position not in called_numbers for number in case.live_numbers)


def build_number_events(
    claimed: ClaimedCase, text: str, plan: Plan, *, contact_link: str
) -> CaseEvents | Rejection:
    """Build the events for a new number; `contact_link` is for a case without contact data."""
    country = find_case_region(claimed.case, plan)[:2]
    parsed = read_number(text, country or None)
    if isinstance(parsed, InvalidNumber):
        return Rejection(f"{parsed.why}: {parsed.remedy}")

    position = max((number.position for number in claimed.case.numbers), default=0) + 1
    display = parsed.international
    if parsed.country in ("", country):
        display = parsed.national
    added = ContactNumber(position, parsed.written, parsed.e164, display, parsed.extension)
    contact = claimed.contact or Contact(link=contact_link)
    facts = case_events.NumberFacts(position, parsed.line, parsed.zones)
    return CaseEvents(
        events=(case_events.NumberAdded(facts),),
        contact=contact._replace(numbers=(*contact.numbers, added)),
    )


def build_interview_events(
    claimed: ClaimedCase, interview: Interview, outcome: Outcome | None, plan: Plan, by_route: bool
) -> CaseEvents | PendingInput:
    """Build the events that close the case with its interview, or return what is pending first.

    `by_route`: an `end` closed the interview, not the interviewer.
    """
    if outcome is None:
        return "outcome"
    if interview.status == "suspended" and requires_time(outcome, plan, by_route=by_route):
        return "time"
    events = interview_outcomes.derive_interview_events(
        interview,
        outcome,
        plan,
        number=claimed.current_number,
        interrupted=claimed.case.interrupted,
    )
    tasks = interview_outcomes.build_follow_up_tasks(outcome, claimed.case.key)
    return CaseEvents(
        events=(*events, case_events.AttemptClosed()), release=True, outcome=outcome.id, tasks=tasks
    )


def requires_time(outcome: Outcome, plan: Plan, *, by_route: bool) -> bool:
    """Whether a suspended interview with this outcome needs an appointment's time."""
    return plan.delays.get(outcome.id) == "appointment" or (
        by_route and outcome.kind in TIMED_OUTCOMES
    )


def build_events_without_station(
    claimed: ClaimedCase, interview: Interview, outcome: Outcome | None, plan: Plan, by_route: bool
) -> CaseEvents:
    """Build the same events for an interview outside of a station.

    No time can be asked for there: the case is called again.
    """
    closing = build_interview_events(claimed, interview, outcome, plan, by_route)
    if outcome is None or not isinstance(closing, CaseEvents):
        call = build_call_event(claimed, "callback", plan, interview, interrupted=True)
        notice = NO_TIME_NOTICE if closing == "time" else ""
        return CaseEvents(events=(call, case_events.AttemptClosed()), release=True, notice=notice)

    last_call = claimed.case.last_call
    if last_call is not None and last_call.outcome == outcome.id:
        after = claimed.append_events(closing.events, at=claimed.shown_at, by="", station="").case
        code_before = code_case(claimed.case, plan).code
        if code_before == code_case(after, plan).code:
            # a correction that changed no outcome
            return CaseEvents(events=(case_events.CaseReturned("given back"),), release=True)
    return closing
