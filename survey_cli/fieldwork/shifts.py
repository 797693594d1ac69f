"""Shifts: times, breaks and calls of one person, from work events and events of cases."""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.calendar.zones import ToLocal, find_midnight
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.figures import NamedFigure
from survey_cli.outcomes import Outcome, classify_result, is_answered
from survey_cli.wording import format_work_time

WorkKind: TypeAlias = Literal[
    "on",
    "off",
    "break",
    "back",
    "active",
    "away",
    "seen",
    "corrected",
    "help",
    "help_over",
    "helped",
]
"""Signed on, signed off, on a break, back, an interview or break goes on, no key was pressed for
long, a message was shown, a time was corrected, a hand was raised, it was taken down, a supervisor
answered it."""
AWAY_REASON: Final = "no key was pressed"
"""The reason of a break that a station began; it is never paid."""
DIALS_BY_LINK: Final = "link"
"""The detail of a sign-on at a station that hands numbers over as links."""
NOT_AT_WORK: Final = frozenset(("seen", "corrected", "helped"))
"""Kinds that say nothing about the time at work: nobody pressed a key at a station for them."""


OFFICE: Final = (events.OFFICE_STATION, events.SAMPLE_STATION)
"""Names in place of a station when supervisors write to cases, which is no part of a shift."""
NEVER: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Before any activity. On the day before, times west of UTC would be before the first year."""
LONGEST_GAP_IN_SHIFT: Final = timedelta(hours=2)
"""A shift goes on over midnight if no more time than this is between what was stored before and
after it."""
MAX_SILENCE: Final = timedelta(minutes=15)
"""A person who is signed on is at work until now if the last sign is not older. A running station
stores a sign at least every five minutes; after a longer silence the time counts until the last
sign."""


PAID_TIME: Final = NamedFigure(
    "paid time",
    "The time signed on, without unpaid breaks. For a station that stopped it ends with the last"
    " thing that was stored. Corrections of supervisors are included.",
    "board, survey study shift, station, export of shifts",
)
WORKING_TIME: Final = NamedFigure(
    "working time", "The paid time without paid breaks.", "survey study shift, station, board"
)
SHARE_ON_CASES: Final = NamedFigure(
    "share on cases",
    "The time of today with a case on the screen, as a share of the working time of today.",
    "board",
)


class WorkEvent(NamedTuple):
    """Something that a person did at work apart from cases, or a supervisor's correction of it."""

    at: datetime
    person: str
    kind: WorkKind
    detail: str = ""
    """The reason of a break, the message that was seen, the correction, or `DIALS_BY_LINK`."""
    station: str = ""
    by: str = ""
    """Who wrote it."""


class OpenBreak(NamedTuple):
    """The break that the person is on."""

    reason: str
    since: datetime


class BreakTaken(NamedTuple):
    """One break of a shift."""

    reason: str
    """Empty: none was given."""
    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSummary:
    """Counts and times of a shift so far, from what was stored of it: a crash loses none of it."""

    since: datetime
    until: datetime
    """Now, on this station's clock; of a past shift its last activity."""
    calls: int
    """Dialed calls with an outcome, as corrected."""
    contacts: int
    """Calls in which a person was reached."""
    completes: int
    """Complete interviews."""
    refusals: int
    appointments_made: int
    appointments: int
    """This interviewer's own open appointments."""
    talk_time: timedelta | None
    """From dialing to the outcome, interviews included. None: numbers were handed over as links,
    so that nobody knows when they were called."""
    time_on_cases: timedelta
    """While a case was on the screen, with the time after calls."""
    breaks: tuple[BreakTaken, ...] = ()
    """The present one included."""
    away: timedelta = timedelta()
    """The time between two sign-ons in which the person was signed off, or the station no longer
    responded."""
    paid_reasons: Collection[str] = field(default=())
    """The reasons of breaks that are paid."""
    corrected_unpaid: timedelta | None = None
    """The unpaid breaks as a supervisor corrected them."""

    @property
    def paid_breaks(self) -> timedelta:
        """The length of all paid breaks."""
        paid = [taken.duration for taken in self.breaks if taken.reason in self.paid_reasons]
        return sum(paid, timedelta())

    @property
    def unpaid_breaks(self) -> timedelta:
        """The length of all unpaid breaks, as corrected."""
        if self.corrected_unpaid is not None:
            return self.corrected_unpaid
        unpaid = [taken.duration for taken in self.breaks if taken.reason not in self.paid_reasons]
        return sum(unpaid, timedelta())

    @property
    def paid_time(self) -> timedelta:
        """The time at work, paid breaks included."""
        return max(self.until - self.since - self.away - self.unpaid_breaks, timedelta())

    @property
    def working_time(self) -> timedelta:
        """The time at work without any breaks."""
        return max(self.paid_time - self.paid_breaks, timedelta())

    @property
    def idle_time(self) -> timedelta:
        """The working time without a case."""
        return max(self.working_time - self.time_on_cases, timedelta())

    @property
    def completes_per_hour(self) -> float:
        """Complete interviews per hour of working time."""
        hours = self.working_time / timedelta(hours=1)
        if not hours:
            return 0.0
        return self.completes / hours


class PersonAtWork(NamedTuple):
    """One person who signed on today."""

    login: str
    station: str
    """Where the person signed on last."""
    state: str
    """`at work`, `off`, or the break: `break: lunch`."""
    is_calling: bool
    """Whether the person is signed on and in no break."""
    since: datetime
    """When that began."""
    paid: timedelta
    """The paid time of the day so far, as the export and the person's own day have it."""
    working: timedelta
    """The paid time without paid breaks."""
    on_cases: timedelta
    """The time with a case on the screen."""
    silent_since: datetime | None
    """The last sign of the station if it is older than `MAX_SILENCE`: the time is counted until
    then."""


class _CountedCall(NamedTuple):
    """A call of a shift."""

    key: str
    number: int
    outcome: str
    code: str
    has_interview: bool
    """The interview was open in it."""


def _parse_last_key(event: WorkEvent) -> datetime:
    """Parse the detail of a break that a station began; if it is no time, that of the event."""
    try:
        last_key = datetime.fromisoformat(event.detail)
    except ValueError:
        return event.at
    # without a zone it can't be compared with anything
    return last_key if last_key.tzinfo is not None else event.at


class Shift:
    """Counts and times of one person's shift.

    Work events are added in the order of time, and the events of a case in their order.
    """

    def __init__(self) -> None:
        self._sign_ons: list[datetime] = []
        self._spans: list[tuple[datetime, datetime] | None] = [None]
        """First and last activity before the first sign-on, and after each one."""
        self._sign_offs: dict[int, datetime] = {}
        """The sign-offs, by the number of their span."""
        self.is_on = False
        """Whether the person is signed on."""
        self._last_sign: WorkEvent | None = None
        """The last sign-on or sign-off."""
        self.last_deed: datetime | None = None
        """The last thing that the person did; that a station runs is none."""

        self._calls: list[_CountedCall] = []
        self._interviewing: set[str] = set()
        """The cases whose interview is open."""
        self._claimed: dict[str, datetime] = {}
        """The cases that are not released yet, and since when they are on the screen."""
        self._last_events: dict[str, datetime] = {}
        """The last event of each of them."""
        self._present_at: datetime | None = None
        """The present time, if the person is at work now."""
        self._dialed: dict[str, datetime] = {}
        """The cases whose call is open, and since when."""

        self._talk_time = self._time_on_cases = timedelta()
        self._is_talk_known = True
        """Whether no number was handed over as a link, so that `_talk_time` is all of it."""
        self._breaks: list[BreakTaken] = []
        self.open_break: OpenBreak | None = None
        self.appointments = 0
        """This interviewer's own open appointments."""

    @property
    def last_activity(self) -> datetime | None:
        """The last activity of the shift; None if there wasn't any."""
        return max((span[1] for span in self._spans if span is not None), default=None)

    def is_at_work(self, at: datetime) -> bool:
        """Whether the person is signed on, and the last sign is not older than `MAX_SILENCE`."""
        last = self.last_activity
        return self.is_on and last is not None and timedelta() <= at - last <= MAX_SILENCE

    def note_presence(self, at: datetime) -> None:
        """Count the time until `at`: the person is at work then, though nothing was stored."""
        self._note_activity(at)
        self._present_at = at

    def _note_activity(self, at: datetime) -> None:
        """Add an activity to the span of its sign-on."""
        # the number of sign-ons until then is the number of its span: 0 is before the first
        number = bisect_right(self._sign_ons, at)
        if number in self._sign_offs and number < len(self._sign_ons):
            until_next_sign_on = self._sign_ons[number] - at
            since_sign_off = at - self._sign_offs[number]
            # a case for which the person signed on again may be claimed a moment before
            if until_next_sign_on < since_sign_off:
                number += 1

        first, last = self._spans[number] or (at, at)
        self._spans[number] = (min(first, at), max(last, at))

    def _note_deed(self, at: datetime) -> None:
        if self.last_deed is None or at > self.last_deed:
            self.last_deed = at

    def add_work(self, event: WorkEvent) -> None:
        """Add a work event."""
        at = event.at
        if event.kind in ("on", "off"):
            self._last_sign = event
        if event.kind not in ("active", "away", "helped"):
            self._note_deed(at)

        match event.kind:
            case "on":
                self._pass_sign_on(at)
                self._sign_ons.append(at)
                self._spans.append((at, at))
                self.is_on = True
                if event.detail == DIALS_BY_LINK:
                    self._is_talk_known = False
            case "off":
                self._end_break(at)
                self._sign_offs[len(self._sign_ons)] = at
                self.is_on = False
            case "break":
                self._end_break(at)
                self.open_break = OpenBreak(event.detail, at)
            case "away":
                self._begin_away(event)
            case "back":
                self._end_break(at)
            case "seen" | "corrected" | "helped":
                return
        self._note_activity(at)

    def _pass_sign_on(self, at: datetime) -> None:
        """Let a break go on over a sign-on, if nobody had signed off before.

        The server was started again meanwhile, or the person has changed to another face of the
        seat. After a long time, as on the next day, the break ended with the last sign before.
        """
        if self.open_break is None:
            return
        last = self.last_activity or at
        if at - last > LONGEST_GAP_IN_SHIFT:
            self._end_break(last)
        else:
            # the time is the break's, and so is none between two sign-ons
            self._note_activity(at)

    def _begin_away(self, event: WorkEvent) -> None:
        """Begin a break at the last key, which was some time before the event was stored.

        The time in its detail is the station's word. It can only make the paid time shorter: the
        break is unpaid, and begins within the present sign-on.
        """
        self._end_break(event.at)
        began = min(_parse_last_key(event), event.at)
        if self._sign_ons:
            began = max(began, self._sign_ons[-1])
        self.open_break = OpenBreak(AWAY_REASON, began)

    def _end_break(self, at: datetime) -> None:
        if self.open_break is not None:
            self._breaks.append(BreakTaken(self.open_break.reason, at - self.open_break.since))
            self.open_break = None

    def find_activity_before(self, at: datetime) -> datetime:
        """Return the last time until then at which the person was active; `at` if there is none."""
        times = [min(span[1], at) for span in self._spans if span is not None and span[0] <= at]
        return max(times, default=at)

    def pass_midnight(self, following: "Shift", to_local: ToLocal) -> None:
        """Divide a shift that goes on over midnight by days: breaks too, but not cases.

        It does not go on if the person signed off, or signed on again after midnight.
        """
        last = self.last_activity
        after = following._spans[0]
        if not self.is_on or last is None or after is None:
            return
        if after[0] - last > LONGEST_GAP_IN_SHIFT:
            return

        midnight = find_midnight(after[0], to_local)
        if self.open_break is not None:
            following._breaks.insert(0, BreakTaken(self.open_break.reason, after[0] - midnight))
            self._end_break(midnight)
        self._note_activity(midnight)
        following._note_activity(midnight)
        # since midnight only calls were stored, or the person is present now
        if following._last_sign is None:
            following._last_sign = self._last_sign
            following.is_on = True
        signed_on = self._last_sign
        if signed_on is not None and signed_on.detail == DIALS_BY_LINK:
            following._is_talk_known = False

    def resume(
        self,
        login: str,
        work: Iterable[WorkEvent],
        case_events: Iterable[tuple[str, events.HistoryEntry]],
    ) -> None:
        """Add what this person did earlier today, so that the counts go on after a crash."""
        for event in work:
            self.add_work(event)
        add_case_events(case_events, lambda entry: self if entry.by == login else None)

    def add(self, key: str, entry: events.HistoryEntry) -> None:
        """Add one event of a case."""
        # dated when the lease of a silent station ended, which is no activity
        if entry.event == events.CaseReturned("lapsed"):
            self._dialed.pop(key, None)
            self.leave_case(key)
            self._interviewing.discard(key)
            return
        self._note_activity(entry.at)
        if isinstance(entry.event, events.CaseClaimed):
            # another station ended its lease
            self.leave_case(key)
        else:
            # a claim is no deed: the next case comes without a keystroke
            self._note_deed(entry.at)
        self._last_events[key] = entry.at

        match entry.event:
            case events.CaseClaimed():
                self.show_case(key, entry.at)
            case events.NumberDialed():
                self._dialed.setdefault(key, entry.at)
            case events.InterviewOpened():
                self._dialed.setdefault(key, entry.at)
                self._interviewing.add(key)
            case events.OutcomeRecorded() as call:
                has_interview = key in self._interviewing
                counted = _CountedCall(key, call.number, call.outcome, call.code, has_interview)
                self._calls.append(counted)
                self._interviewing.discard(key)
                self._talk_time += entry.at - self._dialed.pop(key, entry.at)
            case events.OutcomeRevoked():
                last = self._find_last_call(key)
                if last is not None:
                    del self._calls[last]
            case events.AttemptClosed() | events.CaseReturned():
                self._dialed.pop(key, None)
                self._interviewing.discard(key)
                self.leave_case(key)

    def leave_case(self, key: str) -> None:
        """Add the time of a case that is no longer on the screen, until its last event."""
        since = self._claimed.pop(key, None)
        if since is not None:
            self.add_time_on_case(max(self._last_events.get(key, since) - since, timedelta()))

    def _find_last_call(self, key: str) -> int | None:
        """Return the index of the last call of a case; None if there isn't one."""
        indexes = [index for index, call in enumerate(self._calls) if call.key == key]
        return max(indexes, default=None)

    def correct_call(self, key: str, outcome: str, code: str) -> None:
        """Give the last call of a case the outcome that a supervisor gave it."""
        last = self._find_last_call(key)
        if last is not None and outcome:
            self._calls[last] = self._calls[last]._replace(outcome=outcome, code=code)

    def show_case(self, key: str, at: datetime) -> None:
        """A case is on the screen since then."""
        self._claimed[key] = at

    def add_time_on_case(self, time: timedelta) -> None:
        """Add time that a case took."""
        self._time_on_cases += time

    def summarize(
        self,
        to_local: ToLocal,
        outcomes: Mapping[str, Outcome],
        breaks: Mapping[str, str],
        *,
        at: datetime | None = None,
        case: str = "",
        wrapup: timedelta = timedelta(),
    ) -> ShiftSummary:
        """Return the counts as of the last activity, or as of `at` while the person is signed on.

        `case` is on the screen; the present `wrapup` is not added yet; `to_local` converts a time
        to this station's clock; `breaks` says which reasons are paid.
        """
        spans = [span for span in self._spans if span is not None]
        at = at or self.last_activity or NEVER
        # while the person is signed on, the last span goes on
        if self.is_on and spans:
            spans[-1] = (spans[-1][0], max(at, spans[-1][1]))
        spans = spans or [(at, at)]
        first = spans[0][0]
        last = spans[-1][1]
        signed_on = sum((end - start for start, end in spans), timedelta())

        dialed = [call for call in self._calls if call.number]
        contacts = 0
        for call in dialed:
            contacts += is_answered(outcomes.get(call.outcome), has_interview=call.has_interview)
        results = [classify_result(outcomes.get(call.outcome), call.code) for call in self._calls]
        kinds = [outcomes[call.outcome].kind for call in self._calls if call.outcome in outcomes]
        breaks_taken = list(self._breaks)
        if self.open_break is not None:
            breaks_taken.append(BreakTaken(self.open_break.reason, at - self.open_break.since))

        talk_time = None
        if self._is_talk_known:
            talk_time = self._talk_time + (at - self._dialed.get(case, at))
        on_screen = self._sum_claimed_time(at, case)
        return ShiftSummary(
            since=to_local(first),
            until=to_local(last),
            calls=len(dialed),
            contacts=contacts,
            completes=results.count("complete"),
            refusals=results.count("refusal"),
            appointments_made=kinds.count("appointment"),
            appointments=self.appointments,
            talk_time=talk_time,
            time_on_cases=self._time_on_cases + on_screen + wrapup,
            breaks=tuple(breaks_taken),
            away=last - first - signed_on,
            paid_reasons=_list_paid_reasons(breaks),
        )

    def _sum_claimed_time(self, at: datetime, case: str) -> timedelta:
        """Add up the time of the cases that are not released yet.

        The time of the case on the screen counts until `at`: it is `case` or, for a person who is
        present, the one claimed last. The time of any other counts until its last event.
        """
        newest = max(self._claimed, key=self._claimed.__getitem__, default="")
        total = timedelta()
        for key, since in self._claimed.items():
            is_on_screen = key == case or (self._present_at is not None and key == newest)
            if is_on_screen:
                total += at - since
            else:
                total += self._last_events.get(key, since) - since
        return total

    def describe_person(
        self, login: str, summary: ShiftSummary, at: datetime
    ) -> PersonAtWork | None:
        """Describe where the person is, from the work events.

        None if there was no sign-on or sign-off.
        """
        sign = self._last_sign
        if sign is None:
            return None

        state = "at work" if self.is_on else "off"
        since = sign.at
        if self.open_break is not None:
            state = f"break: {self.open_break.reason or 'no reason'}"
            since = self.open_break.since

        silent_since = None
        if self.is_on and not self.is_at_work(at):
            silent_since = self.last_activity

        return PersonAtWork(
            login=login,
            station=sign.station,
            state=state,
            is_calling=self.is_on and self.open_break is None,
            since=since,
            paid=summary.paid_time,
            working=summary.working_time,
            on_cases=summary.time_on_cases,
            silent_since=silent_since,
        )


def is_work_at_station(entry: events.HistoryEntry) -> bool:
    """Whether an event of a case belongs to a shift: written at a station, not in the office."""
    return entry.by != "" and entry.station not in OFFICE


def add_case_events(
    case_events: Iterable[tuple[str, events.HistoryEntry]],
    find_shift: Callable[[events.HistoryEntry], Shift | None],
) -> None:
    """Add events of cases to the shifts of those who wrote them.

    `find_shift` returns None for an event of another person. The outcome that a supervisor gave a
    case replaces that of its last call, whoever made it.
    """
    shifts_of_last_calls: dict[str, Shift | None] = {}
    holders: dict[str, Shift | None] = {}
    for key, entry in case_events:
        if isinstance(entry.event, events.CaseClaimed):
            holders[key] = find_shift(entry)
        elif isinstance(entry.event, events.CaseReturned):
            holder = holders.pop(key, None)
            # a supervisor frees the case: the event is the supervisor's, and the time on the case
            # that of the station
            if holder is not None and not is_work_at_station(entry):
                holder.leave_case(key)

        if isinstance(entry.event, events.OutcomeOverridden):
            shift = shifts_of_last_calls.get(key)
            if shift is not None:
                shift.correct_call(key, entry.event.outcome, entry.event.code)
        elif is_work_at_station(entry):
            shift = find_shift(entry)
            if shift is not None:
                shift.add(key, entry)
            if isinstance(entry.event, events.OutcomeRecorded):
                shifts_of_last_calls[key] = shift


class ShiftCorrection(NamedTuple):
    """What a supervisor corrected of one person's day; None for what was right."""

    day: str
    """On the supervisor's clock: `2026-11-24`."""
    note: str
    since: datetime | None = None
    until: datetime | None = None
    away: timedelta | None = None
    unpaid: timedelta | None = None

    def encode(self) -> str:
        """Encode the correction as the detail of a work event."""
        values = {name: value for name, value in self._asdict().items() if value is not None}
        return json.dumps(values, default=_encode_time, ensure_ascii=False)

    @classmethod
    def decode(cls, detail: str) -> "ShiftCorrection":
        """Decode the detail of a work event."""
        values = json.loads(detail)
        for name in ("since", "until"):
            if name in values:
                values[name] = datetime.fromisoformat(values[name])
        for name in ("away", "unpaid"):
            if name in values:
                values[name] = timedelta(seconds=values[name])
        return cls(**values)

    def apply(self, summary: ShiftSummary, to_local: ToLocal) -> ShiftSummary:
        """Return the summary as corrected."""
        if self.since is not None:
            summary = replace(summary, since=to_local(self.since))
        if self.until is not None:
            summary = replace(summary, until=to_local(self.until))
        if self.away is not None:
            summary = replace(summary, away=self.away)
        if self.unpaid is not None:
            summary = replace(summary, corrected_unpaid=self.unpaid)
        return summary

    def describe(self, to_local: ToLocal) -> str:
        """Describe the corrected values and the reason: `until 17:30: forgot to sign off`."""
        words = []
        if self.since is not None:
            words.append(f"from {to_local(self.since):%H:%M}")
        if self.until is not None:
            words.append(f"until {to_local(self.until):%H:%M}")
        if self.away is not None:
            words.append(f"away {format_work_time(self.away)}")
        if self.unpaid is not None:
            words.append(f"unpaid breaks {format_work_time(self.unpaid)}")
        return f"{', '.join(words)}: {self.note}"


def _encode_time(value: datetime | timedelta) -> str | float:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds()


def _list_paid_reasons(breaks: Mapping[str, str]) -> frozenset[str]:
    """List the reasons of breaks that are paid; a break that a station began never is."""
    paid = {reason for reason, pay in breaks.items() if pay == "paid"}
    return frozenset(paid - {AWAY_REASON})


class DayOfWork(NamedTuple):
    """One person's day, with the corrections that were made."""

    login: str
    day: str
    """`2026-11-24`"""
    summary: ShiftSummary
    corrections: tuple[tuple[WorkEvent, ShiftCorrection], ...]
    person: PersonAtWork | None = None
    """Where the person is, or was last on that day; None if no station recorded a sign-on."""

    def describe_corrections(self, display_names: Mapping[str, str], to_local: ToLocal) -> str:
        """Describe the corrections and who made them: `until 17:30: forgot to sign off (sue)`."""
        descriptions = []
        for event, correction in self.corrections:
            name = display_names.get(event.by, event.by)
            descriptions.append(f"{correction.describe(to_local)} ({name})")
        return "; ".join(descriptions)


def build_days(
    work: Iterable[WorkEvent],
    case_events: Iterable[tuple[str, events.HistoryEntry]],
    plan: Plan,
    to_local: ToLocal,
    *,
    at: datetime,
) -> list[DayOfWork]:
    """Build each person's days as of `at`, as corrected; those of one person in order.

    The board, the list of people, one person's day and the export all call it, so that paid time is
    one figure. `work` is in the order of time.
    """
    shifts: defaultdict[tuple[str, str], Shift] = defaultdict(Shift)
    corrections: defaultdict[tuple[str, str], list[tuple[WorkEvent, ShiftCorrection]]] = (
        defaultdict(list)
    )
    for event in work:
        if event.kind == "corrected":
            correction = ShiftCorrection.decode(event.detail)
            corrections[event.person, correction.day].append((event, correction))
        elif event.kind not in NOT_AT_WORK:
            shifts[event.person, _format_day(to_local(event.at))].add_work(event)
    add_case_events(case_events, lambda entry: shifts[entry.by, _format_day(to_local(entry.at))])

    present = {login for (login, _), shift in shifts.items() if shift.is_at_work(at)}
    for login in present:
        shifts[login, _format_day(to_local(at))].note_presence(at)

    for (login, day), shift in sorted(shifts.items()):
        day_before = date.fromisoformat(day) - timedelta(days=1)
        shift_before = shifts.get((login, f"{day_before}"))
        if shift_before is not None:
            shift_before.pass_midnight(shift, to_local)

    days = []
    for (login, day), shift in sorted(shifts.items()):
        summary = shift.summarize(to_local, plan.outcomes, plan.breaks)
        corrected = corrections[login, day]
        for event, correction in corrected:
            summary = _apply_correction(summary, shift, event, correction, to_local)
        person = shift.describe_person(login, summary, at)
        days.append(DayOfWork(login, day, summary, tuple(corrected), person))
    return days


def _format_day(local: datetime) -> str:
    """Format the day of a shift: `2026-11-24`."""
    return f"{local:%Y-%m-%d}"


def _apply_correction(
    summary: ShiftSummary,
    shift: Shift,
    event: WorkEvent,
    correction: ShiftCorrection,
    to_local: ToLocal,
) -> ShiftSummary:
    """Return the summary as corrected; what the person did after the correction is added."""
    last = shift.last_activity or NEVER
    # the person came back since the correction: the end that it moved is no longer that of the
    # day, and what it cut off, or added, is time away
    if correction.until is not None and last > event.at:
        away = summary.away + (shift.find_activity_before(event.at) - correction.until)
        summary = replace(summary, away=max(away, timedelta()))
        correction = correction._replace(until=None)
    return correction.apply(summary, to_local)


def list_shift_figures(summary: ShiftSummary) -> list[tuple[str, str]]:
    """List the figures of a shift, label and value, the same for every interface."""
    per_hour = f" ({summary.completes_per_hour:.1f} per hour)" if summary.completes else ""
    talk = "not known: the calls are made elsewhere"
    if summary.talk_time is not None:
        talk = format_work_time(summary.talk_time)

    figures = [
        ("Shift", f"{summary.since:%H:%M} to {summary.until:%H:%M}"),
        ("Working", format_work_time(summary.working_time)),
        ("Without a case", format_work_time(summary.idle_time)),
        ("Calls", f"{summary.calls:,} ({summary.contacts:,} reached)"),
        ("Talk", talk),
        ("Complete", f"{summary.completes:,}{per_hour}"),
        ("Refusals", f"{summary.refusals:,}"),
        ("Appointments", f"{summary.appointments_made:,} made, {summary.appointments:,} for me"),
    ]

    if summary.breaks:
        taken = [
            f"{reason or 'no reason'} {format_work_time(duration)}"
            for reason, duration in summary.breaks
        ]
        figures.append(("Breaks", ", ".join(taken)))
    if summary.paid_breaks:
        paid_breaks = format_work_time(summary.paid_breaks)
        figures.append(("Paid", f"{format_work_time(summary.paid_time)}, breaks of {paid_breaks}"))
    return figures


def render_shift_summary(summary: ShiftSummary) -> list[str]:
    """Render the figures of a shift as lines of text."""
    return [f"{label}: {value}" for label, value in list_shift_figures(summary)]
