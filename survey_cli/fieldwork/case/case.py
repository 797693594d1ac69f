"""The state of a case, derived from its history, and its location, derived with the plan.

The location is the time zones in which a call may ring, and the region whose hours and holidays
apply. No clock is used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple, assert_never

from survey_cli.fieldwork.calendar.zones import get_zone
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.countries import REGION_ZONES
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import Value

NO_TIME: Final = timedelta()
BUSY_REDIAL_WINDOW: Final = timedelta(hours=1)
"""Redials of a busy line within this time are one attempt."""


class NumberRecord(NamedTuple):
    """One of the case's telephone numbers, without its digits."""

    position: int
    line: events.LineType
    zones: tuple[str, ...]
    state: events.NumberState = "live"


class Call(NamedTuple):
    """One call with its outcome."""

    at: datetime
    by: str
    number: int
    outcome: str
    code: str
    eligible: bool
    """Known to be eligible at this call's end, or before."""
    note: str
    keyed_outcome: str = ""
    """The outcome that the interviewer keyed, if a supervisor changed it."""
    interview_time: timedelta | None = None
    """The time of the interview until this call's end, all its calls added up; None without an
    interview."""


class Attempt(NamedTuple):
    """One attempt: the calls that one interviewer makes while holding the case."""

    started_at: datetime
    by: str
    station: str
    calls: tuple[Call, ...] = ()
    dialed: int = 0
    """The number that was dialed last and has no outcome yet; 0 for none."""
    ended_at: datetime | None = None
    claimed: bool = False
    """False for calls that were recorded without a claim: how long they took is not known."""
    held_until: datetime | None = None
    """When the interviewer had the case last: its return, or the last event before a lost lease;
    None while open."""

    @property
    def end(self) -> datetime:
        """The end of the attempt; while it is open, its beginning."""
        return self.ended_at or self.started_at

    @property
    def is_busy(self) -> bool:
        """Whether every line was busy."""
        return bool(self.calls) and all(call.outcome == "busy" for call in self.calls)


class OutcomeOverride(NamedTuple):
    """The outcome that a supervisor gave the case.

    A final one is the case's until it is reopened; any other is the outcome of the last call.
    """

    at: datetime
    by: str
    outcome: str
    code: str
    calls_before: int
    """The number of calls made before it; with none, the override counts by itself."""


class Appointment(NamedTuple):
    """The appointment of a case, and when it was made."""

    at: datetime
    by: str
    details: events.AppointmentMade


RESTORED_FIELDS: Final = (
    "appointment",
    "interrupted",
    "eligible",
    "person_known",
    "do_not_call",
    "requested_language",
    "numbers",
    "interview_left_at",
)
"""The fields that an outcome, and what is keyed with it, may change. They are restored if the
outcome is revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The state of one sampled respondent or unit, derived from its history."""

    key: str
    seq: int = 0
    """The number of its events."""
    columns: Mapping[str, Value] = field(default_factory=lambda: events.NO_COLUMNS)
    numbers: tuple[NumberRecord, ...] = ()
    zone: str = ""
    sampled_language: str = ""
    requested_language: str = ""
    """The language the respondent asked for; no later import changes it."""
    priority: int = 0
    weight: str = ""
    frame: str = ""
    replicate: str = ""
    released: bool = False
    attempts: tuple[Attempt, ...] = ()
    """The attempts with at least one call; the last one may still be open."""
    uncalled_attempts: tuple[Attempt, ...] = ()
    """The attempts that ended without a call."""
    open_attempt: Attempt | None = None
    """The current attempt, in which nothing need have been dialed."""
    appointment: Appointment | None = None
    interview: str = ""
    """The interview that was opened last."""
    interview_open: bool = False
    """The interview is being conducted, in this attempt."""
    interview_began: datetime | None = None
    """When the interview that is being conducted was opened."""
    interview_time: timedelta = NO_TIME
    """How long the last interview took in the calls that are over."""
    interview_left_at: datetime | None = None
    """When the interview that waits to be resumed was left; None while it is being conducted."""
    last_event_at: datetime | None = None
    interrupted: bool = False
    """The interview waits to be resumed, whatever else is keyed until then, or its station was lost
    in the middle."""
    eligible: bool = False
    person_known: bool = False
    override: OutcomeOverride | None = None
    reopened_at: datetime | None = None
    """The time at which a supervisor last put it back into the queue."""
    calls_before_reopening: int = 0
    """The number of calls made before it."""
    calls_before_answer: int = 0
    """The number of calls made before a supervisor last answered a referral."""
    do_not_call: bool = False
    """It is never called again."""
    erased: bool = False
    anonymized: bool = False
    """Identifying data are no longer stored, at the respondent's request or because the retention
    period was over."""
    scripts_read: frozenset[str] = frozenset()
    """Texts that were read out."""
    before_outcome: Mapping[str, Any] | None = None
    """The `RESTORED_FIELDS` as they were before the last outcome was keyed."""

    @classmethod
    def from_history(cls, key: str, history: Iterable[events.HistoryEntry]) -> "Case":
        """Build the case from its events.

        The new case is changed in place before anyone else has it: a copy per event would take
        longer than all the rest.
        """
        case = cls(key=key)
        for entry in history:
            changes = case._compute_changes(entry)
            changes["seq"] = case.seq + 1
            changes["last_event_at"] = entry.at
            for name, value in changes.items():
                object.__setattr__(case, name, value)
        return case

    # derived values

    @property
    def has_unfinished_interview(self) -> bool:
        """Whether an interview waits to be resumed, or would if the attempt ended now."""
        return self.interrupted or self.interview_open

    @property
    def language(self) -> str:
        """The language that the respondent asked for, else that of the sample."""
        return self.requested_language or self.sampled_language

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls, the earliest first."""
        return tuple(call for attempt in self.attempts for call in attempt.calls)

    @property
    def last_call(self) -> Call | None:
        """The last call; None before the first."""
        for attempt in reversed(self.attempts):
            if attempt.calls:
                return attempt.calls[-1]
        return None

    @property
    def live_numbers(self) -> tuple[NumberRecord, ...]:
        """The numbers that may still reach a person."""
        return tuple(number for number in self.numbers if number.state == "live")

    @property
    def counted_attempts(self) -> tuple[Attempt, ...]:
        """The attempts that count toward a limit.

        Redials of a busy line within an hour of the first are one attempt, and calls from the
        respondent are none.
        """
        counted: list[Attempt] = []
        for attempt in self.attempts:
            only_respondent_called = all(call.number == 0 for call in attempt.calls)
            if only_respondent_called or (counted and _is_redial(attempt, counted[-1])):
                continue
            counted.append(attempt)
        return tuple(counted)

    def find_number(self, position: int) -> NumberRecord | None:
        """Return the number at this position; None if there isn't one."""
        for number in self.numbers:
            if number.position == position:
                return number
        return None

    def list_zones(self, number: NumberRecord | None) -> tuple[str, ...]:
        """Return where this number may ring: the case's own zone, else those of the number."""
        if self.zone:
            return (self.zone,)
        if number is None:
            return ()
        return number.zones

    @property
    def next_number(self) -> NumberRecord | None:
        """The number that is dialed next.

        Only live numbers in a known zone count, or all live ones if no zone is known. In an attempt
        it is the first one not tried yet. Otherwise it is the number of the last call if somebody
        answered there, else the one after it, going round.
        """
        live = [n for n in self.live_numbers if self.list_zones(n)] or list(self.live_numbers)
        if not live:
            return None

        if self.open_attempt is not None and self.open_attempt.calls:
            tried = {call.number for call in self.open_attempt.calls}
            untried = [number for number in live if number.position not in tried]
            return untried[0] if untried else live[0]

        last = self.last_call
        if last is None or last.number == 0:
            return live[0]
        row = OUTCOMES.get(last.outcome)
        has_talked = row is not None and row.moment != "before"
        was_contact = last.eligible or self.person_known or has_talked
        last_number = self.find_number(last.number)
        if was_contact and last_number in live:
            return last_number
        later = [number for number in live if number.position > last.number]
        return later[0] if later else live[0]

    def end_attempt(self) -> "Case":
        """Return the case as if its attempt ended at its last call.

        Unchanged without an open attempt.
        """
        if self.open_attempt is None:
            return self
        return replace(self, **self._close_attempt(None))

    # applying events

    def apply(self, entry: events.HistoryEntry) -> "Case":
        """Return the case after one more event."""
        changes = self._compute_changes(entry)
        changes["seq"] = self.seq + 1
        changes["last_event_at"] = entry.at
        return replace(self, **changes)

    def _compute_changes(  # noqa: C901 - one branch per kind
        self, entry: events.HistoryEntry
    ) -> dict[str, Any]:
        """Return the fields that change with this event."""
        at, by, station, event, _ = entry
        match event:
            case events.CaseSampled():
                sampled = event._asdict()
                sampled["sampled_language"] = sampled.pop("language")
                sampled["numbers"] = _merge_numbers(self.numbers, event.numbers)
                sampled["released"] = self.released or not event.replicate
                return sampled
            case events.CaseReleased():
                return {"released": True}
            case events.CaseClaimed():
                changes = self._close_attempt(None)
                changes["open_attempt"] = Attempt(at, by, station, claimed=True)
                return changes
            case events.NumberDialed(number):
                attempt = self._get_open_attempt(at, by, station)
                return self._replace_attempt(attempt._replace(dialed=number))
            case events.OutcomeRecorded():
                return self._record_outcome(at, by, station, event)
            case events.OutcomeRevoked():
                return self._revoke_outcome(by, station)
            case events.CaseReturned("lapsed" | "released"):
                # the station was silent for an unknown time
                return self._close_attempt(at, held_until=self.last_event_at)
            case events.AttemptClosed() | events.CaseReturned():
                return self._close_attempt(at, held_until=at)
            case events.InterviewOpened(interview):
                time_before = self.interview_time if interview == self.interview else NO_TIME
                return {
                    "interview": interview,
                    "interview_open": True,
                    "interrupted": False,
                    "interview_began": at,
                    "interview_time": time_before,
                    "interview_left_at": None,
                }
            case events.AppointmentMade():
                return {"appointment": Appointment(at, by, event)}
            case events.AppointmentCanceled():
                return {"appointment": None}
            case events.AppointmentReassigned(owner, policy):
                if self.appointment is None:
                    return {}
                details = self.appointment.details._replace(owner=owner, policy=policy)
                return {"appointment": self.appointment._replace(details=details)}
            case events.NumberAdded(facts):
                return {"numbers": _merge_numbers(self.numbers, (facts,))}
            case events.NumberMarked(position, state, _):
                return {"numbers": tuple(_mark_number(n, position, state) for n in self.numbers)}
            case events.LanguageSet(language):
                return {"requested_language": language}
            case events.CaseNoteWritten() | events.RefusalDescribed():
                return {}
            case events.ScriptRead(script):
                return {"scripts_read": self.scripts_read | {script}}
            case events.OutcomeOverridden(outcome, code, _):
                override = OutcomeOverride(at, by, outcome, code, len(self.calls))
                attempts = self._override_outcome(outcome, code)
                return {**self._answer_referral(), "override": override, "attempts": attempts}
            case events.ReferralAnswered():
                return self._answer_referral()
            case events.CaseReopened():
                return {
                    **self._answer_referral(),
                    "override": None,
                    "reopened_at": at,
                    "calls_before_reopening": len(self.calls),
                }
            case events.DoNotCallSet():
                numbers = tuple(_mark_number(n, n.position, "never_call") for n in self.numbers)
                return {"do_not_call": True, "appointment": None, "numbers": numbers}
            case events.DoNotCallCleared():
                return self._clear_do_not_call()
            case events.CaseErased():
                # the states of its numbers stay: the case's code depends on them
                return {"appointment": None, "erased": True, "anonymized": True}
            case events.CaseAnonymized():
                return {"appointment": None, "anonymized": True}
            case _:
                assert_never(event)

    def _answer_referral(self) -> dict[str, Any]:
        return {"calls_before_answer": len(self.calls)}

    def _get_open_attempt(self, at: datetime, by: str, station: str) -> Attempt:
        """Return the current attempt; one that nobody began (the respondent called) begins here."""
        return self.open_attempt or Attempt(at, by, station)

    def _replace_attempt(self, attempt: Attempt) -> dict[str, Any]:
        """Return the changes that replace the current attempt; it is counted once it has a call."""
        if not attempt.calls:
            return {"open_attempt": attempt}
        begun = self.open_attempt is not None and bool(self.open_attempt.calls)
        earlier = self.attempts[:-1] if begun else self.attempts
        return {"open_attempt": attempt, "attempts": (*earlier, attempt)}

    def _close_attempt(
        self, at: datetime | None, held_until: datetime | None = None
    ) -> dict[str, Any]:
        """Return the changes that end the current attempt, at its last call if no time is given.

        An interview in the middle is interrupted.
        """
        held_until = held_until or self.last_event_at
        changes: dict[str, Any] = {"open_attempt": None, "interview_began": None}
        if self.interview_began is not None and held_until is not None:
            changes["interview_time"] = self.interview_time + (held_until - self.interview_began)

        if self.interview_open:
            changes["interview_open"] = False
            changes["interrupted"] = True
            changes["interview_left_at"] = at or held_until

        # an attempt is one of the case only if it has a call
        if self.open_attempt is not None and self.open_attempt.calls:
            last = self.attempts[-1]
            ended = last._replace(ended_at=at or last.calls[-1].at, dialed=0, held_until=held_until)
            changes["attempts"] = (*self.attempts[:-1], ended)
        elif self.open_attempt is not None:
            ended = self.open_attempt._replace(held_until=held_until)
            changes["uncalled_attempts"] = (*self.uncalled_attempts, ended)
        return changes

    def _record_outcome(
        self, at: datetime, by: str, station: str, event: events.OutcomeRecorded
    ) -> dict[str, Any]:
        eligible = self.eligible or event.eligible
        interview_time = None
        if self.interview_began is not None:
            interview_time = self.interview_time + (at - self.interview_began)
        call = Call(
            at=at,
            by=by,
            number=event.number,
            outcome=event.outcome,
            code=event.code,
            eligible=eligible,
            note=event.note,
            interview_time=interview_time,
        )
        left_at = self.interview_left_at
        if self.interview_open or (event.interrupted and not self.interrupted):
            left_at = at

        # if this outcome is revoked, the interview goes on as one that was interrupted
        before_outcome = {name: getattr(self, name) for name in RESTORED_FIELDS}
        before_outcome["interrupted"] = self.has_unfinished_interview
        before_outcome["interview_left_at"] = left_at

        attempt = self._get_open_attempt(at, by, station)
        with_call = attempt._replace(calls=(*attempt.calls, call), dialed=0)
        return {
            "eligible": eligible,
            "person_known": self.person_known or event.person,
            "interview_open": False,
            "interview_began": None,
            "interview_time": self.interview_time if interview_time is None else interview_time,
            "interview_left_at": left_at,
            "interrupted": self.interrupted or event.interrupted,
            "before_outcome": before_outcome,
            **self._replace_attempt(with_call),
        }

    def _revoke_outcome(self, by: str, station: str) -> dict[str, Any]:
        """Return the changes that remove the last outcome and what followed from it.

        The attempt goes on. A number that was given, a text that was read out and a supervisor's
        answer stay.
        """
        if self.before_outcome is None or not self.attempts or not self.attempts[-1].calls:
            return {}
        last = self.attempts[-1]
        *calls, revoked = last.calls
        attempt = last._replace(
            by=by,
            station=station,
            calls=tuple(calls),
            dialed=revoked.number,
            ended_at=None,
            held_until=None,
        )

        attempts = self.attempts[:-1]
        if attempt.calls:
            attempts = (*attempts, attempt)
        states = {number.position: number.state for number in self.before_outcome["numbers"]}
        # a number that was given since then stays
        numbers = tuple(
            number._replace(state=states.get(number.position, number.state))
            for number in self.numbers
        )
        return {
            **self.before_outcome,
            "attempts": attempts,
            "open_attempt": attempt,
            "numbers": numbers,
            "before_outcome": None,
        }

    def _clear_do_not_call(self) -> dict[str, Any]:
        """Return the changes that restore the do-not-call state from before the last outcome."""
        before = self.before_outcome or {}
        states = {number.position: number.state for number in before.get("numbers", ())}
        numbers = []
        for number in self.numbers:
            if number.state == "never_call":
                numbers.append(number._replace(state=states.get(number.position, "live")))
            else:
                numbers.append(number)
        return {
            "do_not_call": False,
            "numbers": tuple(numbers),
            "appointment": self.appointment or before.get("appointment"),
        }

    def _override_outcome(self, outcome: str, code: str) -> tuple[Attempt, ...]:
        """Return the attempts with another outcome of the last call.

        Unchanged if no outcome is given.
        """
        if not outcome or not self.attempts or not self.attempts[-1].calls:
            return self.attempts
        last = self.attempts[-1]
        *earlier_calls, call = last.calls
        call = call._replace(
            outcome=outcome, code=code, keyed_outcome=call.keyed_outcome or call.outcome
        )
        return (*self.attempts[:-1], last._replace(calls=(*earlier_calls, call)))


def _is_redial(attempt: Attempt, last: Attempt) -> bool:
    """Return whether an attempt only dialed a busy line again, within an hour of the one before."""
    are_busy = attempt.is_busy and last.is_busy
    return are_busy and attempt.started_at - last.end < BUSY_REDIAL_WINDOW


def _mark_number(number: NumberRecord, position: int, state: events.NumberState) -> NumberRecord:
    """Return the number in another state.

    A dead number stays dead even if it must not be called.
    """
    if number.position != position or (number.state == "dead" and state == "never_call"):
        return number
    return number._replace(state=state)


def _merge_numbers(
    known: tuple[NumberRecord, ...], added: tuple[events.NumberFacts, ...]
) -> tuple[NumberRecord, ...]:
    """Add numbers behind the known ones, which keep their position and state."""
    merged = {number.position: number for number in known}
    for facts in added:
        record = NumberRecord(*facts)
        if facts.position in merged:
            record = record._replace(state=merged[facts.position].state)
        merged[facts.position] = record
    return tuple(merged[position] for position in sorted(merged))


_WINTER_AND_SUMMER: Final = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


class CallZones(NamedTuple):
    """The zones in which a call to a number may ring, and the rule that gave them."""

    names: tuple[str, ...]
    rule: str


def find_call_zones(case: Case, number: NumberRecord | None, plan: Plan) -> CallZones:
    """Return the zones in which a call to the number may ring.

    The first of these rules that applies decides:

    1. the zone that the sample gives the case
    2. the zone of a landline number that has only one
    3. the zones of the case's region, if possible only those of the number
    4. the zone of any other number that has only one
    5. the study's zone, if the number may be in it
    6. all zones of the number: the case is called only while all are open
    """
    own_zone = _find_own_zone(case, plan)
    if own_zone:
        return CallZones((own_zone,), "the case's own zone")

    number_zones = number.zones if number is not None else ()
    is_in_one_zone = len(number_zones) == 1
    if number is not None and number.line == "fixed" and is_in_one_zone:
        return CallZones(number_zones, "by its number")

    region = find_case_region(case, plan)
    region_zones = REGION_ZONES.get(region, ())
    if region_zones:
        common_zones = tuple(zone for zone in region_zones if _has_same_clock(zone, number_zones))
        return CallZones(common_zones or region_zones, f"by its region, {region}")
    if is_in_one_zone:
        return CallZones(number_zones, "by its number")

    # an import writes the study's zone into cases that have none
    study_zone = plan.zone or case.zone
    if study_zone and (not number_zones or _has_same_clock(study_zone, number_zones)):
        rule = "the study's zone"
        if number_zones and number is not None and number.line == "mobile":
            rule = "the study's zone: a mobile number does not say where it is"
        return CallZones((study_zone,), rule)
    rule = ""
    if number_zones:
        rule = "all zones where its number may be"
    return CallZones(number_zones, rule)


def list_call_zones(case: Case, number: NumberRecord | None, plan: Plan) -> tuple[str, ...]:
    """Return the names of the zones that `find_call_zones` finds."""
    return find_call_zones(case, number, plan).names


def find_case_region(case: Case, plan: Plan) -> str:
    """Return the region (`DE-BY`) or country (`DE`) that the sample gives the case.

    Else the study's, or nothing.
    """
    region = str(case.columns.get(plan.region_column, ""))
    country = str(case.columns.get(plan.country_column, ""))
    if not region and country == plan.region[:2]:
        return plan.region
    return region or country or plan.region


def find_other_region(case: Case, plan: Plan) -> str:
    """Return the case's region; empty if it is the study's."""
    region = find_case_region(case, plan)
    if region == plan.region:
        return ""
    return region


def localize_plan(case: Case, plan: Plan) -> Plan:
    """Return the plan with the calendar that applies to the case."""
    return plan.for_region(find_case_region(case, plan))


def _find_own_zone(case: Case, plan: Plan) -> str:
    """Return the zone that the sample gives the case.

    Imports write the study's zone into cases without one, so it is the case's own only if a column
    for it is filled in. A personal column is not among the columns; then it is the case's own if it
    isn't the study's.
    """
    is_filled_in = bool(case.columns.get(plan.zone_column))
    is_other_zone = plan.zone_column and case.zone != plan.zone
    if is_filled_in or is_other_zone:
        return case.zone
    return ""


@lru_cache(maxsize=4096)
def _has_same_clock(zone: str, others: tuple[str, ...]) -> bool:
    """Return whether a zone shows the same time as one of the others, in winter and in summer."""
    return any(_list_offsets(zone) == _list_offsets(other) for other in others)


def _list_offsets(zone: str) -> list[timedelta | None]:
    return [at.astimezone(get_zone(zone)).utcoffset() for at in _WINTER_AND_SUMMER]
