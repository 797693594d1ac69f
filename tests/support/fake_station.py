"""A station session for tests of interfaces: a few cases in a row, a clock that stands still, and a list of the calls
that it received.

It stores nothing and knows no rule of fieldwork; a test reads `calls` to see which key did what to which case.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from support.fake_interview import AGREEMENT, FakeHand, FakeInterview, prompt
from survey_cli.entries import LineEntry, ReadEntry, Rejection
from survey_cli.outcomes import OUTCOMES
from survey_cli.sessions.station.station_views import (
    AppointmentPolicy,
    BreakView,
    CaseMatch,
    CaseView,
    IdleView,
    InterviewState,
    OutcomeChoice,
    ShiftSummary,
    StationAppointment,
    StationHistoryLine,
    StationNumber,
    StationScript,
    StationView,
    TimeReading,
    WrapUpView,
    group_outcomes,
)
from survey_cli.sessions.station.step import NotedKey, Step

NOW = datetime(2026, 11, 24, 17, 42, tzinfo=UTC)
HERE, THERE = ZoneInfo("America/Chicago"), ZoneInfo("America/Denver")
FIRST = (
    "no_answer",
    "busy",
    "machine",
    "machine_left",
    "disconnected",
    "wrong_number",
    "refusal_soft",
    "callback",
)
WANTS = {
    "supervisor": "note", "changed": "number", "language": "language", "appointment": "time",
    "refusal_hard": "sure", "refusal_household_hard": "sure", "never_call": "sure", "withdrawn": "sure",
}  # fmt: skip


REFUSALS = {
    "refusal_soft",
    "refusal_hard",
    "refusal_household_soft",
    "refusal_household_hard",
    "hangup_intro",
}


def choice(id: str) -> OutcomeChoice:
    return OutcomeChoice(
        outcome=OUTCOMES[id], required_input=WANTS.get(id, ""), is_refusal=id in REFUSALS
    )  # type: ignore[arg-type]


def others(*moments: str) -> tuple[OutcomeChoice, ...]:
    return tuple(
        choice(row.id) for row in OUTCOMES.values() if row.moment in moments and row.id not in FIRST
    )


def a_number(position: int, shown: str, *, current: bool = False, **more: object) -> StationNumber:
    known: dict[str, object] = {"line": "fixed", "state": "live", **more}
    return StationNumber(position=position, text=shown, current=current, **known)  # type: ignore[arg-type]


def past(days: int, hour: int, what: str, note: str = "", by: str = "Pat") -> StationHistoryLine:
    at = (NOW - timedelta(days=days)).astimezone(THERE).replace(hour=hour, minute=10)
    return StationHistoryLine(at=at, what=what, by=by, note=note)


def a_case(key: str, name: str, **more: object) -> CaseView:
    """A case with two numbers and some past."""
    here = CaseView(
        key=key,
        name=name,
        details=(("Kind", "Sector"), ("Region", "Central")),
        attempt=3,
        limit=8,
        numbers=(
            a_number(1, "(915) 555-0122", current=True),
            a_number(2, "(915) 555-0177", line="mobile", by_hand=True),
        ),
        respondent_time=NOW.astimezone(THERE),
        station_time=NOW.astimezone(HERE),
        callable_until=NOW.astimezone(THERE).replace(hour=20, minute=30),
        ask_for="the supervisor",
        appointment="",
        history=(
            past(1, 14, "no answer"),
            past(0, 9, 'callback asked: "Thursday morning"', note="use direct line"),
        ),
        main_outcomes=tuple(choice(id) for id in FIRST),
        other_outcomes=group_outcomes(others("before", "after", "screened", "any")),
        scripts=(
            StationScript(
                id="voicemail",
                text="I am calling on behalf of the Inspections Division.",
                is_used=False,
            ),
            StationScript(id="gatekeeper", text="May I speak with the supervisor?"),
        ),
        faq=(("Who pays for this?", "The Office of the Inspector General."),),
        interview_state=InterviewState.NONE,
        interview_status="",
        has_open_call=False,
    )
    return replace(here, **more)  # type: ignore[arg-type]


def three_cases() -> list[CaseView]:
    return [
        a_case("EP-07", "El Paso Sector"),
        a_case(
            "CH-01",
            "Chicago District",
            attempt=1,
            history=(),
            numbers=(a_number(1, "(312) 555-0101", current=True),),
        ),
        a_case(
            "DT-02",
            "Detroit District",
            attempt=2,
            interview_state=InterviewState.OPEN,
            interview_status="open at q17, Tue 14:03, version 1",
        ),
    ]


def interview() -> FakeInterview:
    return FakeInterview(
        (
            prompt("q1", "Is the mission clear?", AGREEMENT),
            prompt("q2", "How many hours?", LineEntry(kind="number")),
            prompt("bye", "Thank you.", ReadEntry()),
        )
    )


@dataclass
class FakeStation:
    """Hands out `queue` from its head."""

    queue: list[CaseView] = field(default_factory=three_cases)
    rejects: dict[str, str] = field(default_factory=dict)
    """Name of a method to why it does nothing."""
    title: str = "Survey of Anti-Smuggling Units"
    station: str = "07"
    interviewer: str = "Pat"
    calls: list[str] = field(default_factory=list)
    """What was asked of the desk that changes something: `record EP-07 busy`."""
    conduct: FakeInterview = field(default_factory=interview)
    appointments: tuple[StationAppointment, ...] = ()
    due: CaseView | None = None
    """A case that the next beat brings, where none is on the screen."""
    has_ended_for_update: bool = False
    said: str = ""
    can_be_undone: bool = False
    """What was said is of an outcome that can be undone."""
    now: StationView = field(
        default_factory=lambda: IdleView(why="", next_at=None, was_searched=False)
    )
    closed: list[CaseView] = field(default_factory=list)
    wrapup: bool = False
    """After an outcome a time for notes comes before the next case."""
    due_appointment: StationAppointment | None = None
    messages: list[str] = field(default_factory=list)
    """Messages of supervisors that were not shown yet."""
    practice: bool = False
    spoken: str = ""
    """What is heard once a number is dialed."""
    hand: FakeHand = field(default_factory=FakeHand)
    presence_question: str = ""
    """Whether somebody is still there; the next key answers it."""
    was_interviewing: bool = False
    """The interview was on the screen when the terminal was lost."""

    def end_for_update(self) -> bool:
        return self.has_ended_for_update

    def look(self) -> Step:
        return self._step()

    def _step(self, rejection: Rejection | None = None, **more: object) -> Step:
        return Step(
            view=self.now,
            notice=self.said,
            can_be_undone=self.can_be_undone,
            has_undo=bool(self.closed),
            presence_question=self.presence_question,
            rejection=rejection,
            **more,  # type: ignore[arg-type]
        )

    def summarize_shift(self) -> ShiftSummary:
        done = sum(call.startswith("record") for call in self.calls)
        return ShiftSummary(
            since=NOW,
            until=NOW + timedelta(hours=2),
            calls=21 + done,
            contacts=9,
            completes=3,
            refusals=1,
            appointments_made=2,
            appointments=len(self.appointments),
            talk_time=timedelta(minutes=50),
            time_on_cases=timedelta(hours=1),
        )

    def keep_alive(self) -> Step:
        if isinstance(self.now, IdleView) and self.due is not None:
            self.now, self.due = self.due, None
        return self._step()

    def note_key(self) -> NotedKey:
        asked = bool(self.presence_question)
        self.presence_question = ""
        return NotedKey(took_key=asked)

    def take_message(self) -> str:
        return self.messages.pop(0) if self.messages else ""

    def list_messages(self) -> list[str]:
        return []

    def find_due_appointment(self) -> StationAppointment | None:
        return self.due_appointment

    def _rejected(self, what: str) -> Step | None:
        why = self.rejects.get(what)
        return self._step(Rejection(why)) if why else None

    def _case(self) -> CaseView:
        assert isinstance(self.now, CaseView), "no case is on the screen"
        return self.now

    def claim_next(self) -> Step:
        if rejected := self._rejected("take_next"):
            return rejected
        self.calls.append("take_next")
        self._next()
        return self._step()

    def _next(self) -> None:
        if self.queue:
            self.now = self.queue.pop(0)
            return
        next_at = (NOW + timedelta(hours=2)).astimezone(HERE)
        self.now = IdleView(
            why="all 12 open cases are waiting", next_at=next_at, station_time=NOW.astimezone(HERE)
        )

    def dial(self) -> Step:
        if rejected := self._rejected("dial"):
            return rejected
        case = self._case()
        self.calls.append(f"dial {case.key}")
        self.now = replace(
            case, has_open_call=True, dialed_at=NOW.astimezone(HERE), heard=self.spoken
        )
        return self._step(dialing=f"dial {next(n.text for n in case.numbers if n.current)}")

    def choose_number(self, position: int) -> Step:
        if rejected := self._rejected("choose"):
            return rejected
        case = self._case()
        self.calls.append(f"choose {case.key} {position}")
        self.now = replace(
            case, numbers=tuple(replace(n, current=n.position == position) for n in case.numbers)
        )
        return self._step()

    def record_outcome(
        self, outcome: str, *, note: str = "", number: str = "", language: str = ""
    ) -> Step:
        if rejected := self._rejected("record"):
            return rejected
        case = self._case()
        self.calls.append(
            " ".join(part for part in ("record", case.key, outcome, note, number, language) if part)
        )
        self.said = f"{OUTCOMES[outcome].name}: kept at 11:43"
        self.can_be_undone = WANTS.get(outcome) != "sure"
        self.closed.append(case)
        if self.wrapup:
            here = NOW.astimezone(HERE)
            words = OUTCOMES[outcome].name.lower()
            self.now = WrapUpView(
                until=here + timedelta(seconds=20), station_time=here, case=case.name, outcome=words
            )
        else:
            self._next()
        return self._step()

    def end_wrapup(self) -> Step:
        if rejected := self._rejected("end_wrapup"):
            return rejected
        self.calls.append("end_wrapup")
        self._next()
        return self._step()

    def parse_time(self, text: str, reading: int = 0) -> TimeReading:
        if text == "1 nov 1:30" and not reading:
            return TimeReading(
                why_unclear="the clock is put back: 1:30 comes twice",
                choices=("1:30 before the change", "1:30 after the change"),
            )
        if text in ("tomorrow 3pm", "1 nov 1:30"):
            return TimeReading(
                echo=f"Wed 25 Nov 15:00 there · 16:00 here{' (2nd)' if reading == 2 else ''}",
                hint="in 1 day",
            )
        return TimeReading(why_unclear=f"{text} is no time yet")

    def book_appointment(
        self,
        text: str,
        *,
        reading: int = 0,
        policy: AppointmentPolicy = "anyone",
        person: str = "",
        note: str = "",
    ) -> Step:
        if rejected := self._rejected("book"):
            return rejected
        case = self._case()
        self.calls.append(f"book {case.key} {text}|{reading}|{policy}|{person}|{note}")
        self.said = "appointment kept"
        self.can_be_undone = True
        self._next()
        return self._step()

    def open_interview(self) -> Step:
        if rejected := self._rejected("interview"):
            return rejected
        self.calls.append(f"interview {self._case().key}")
        self.conduct.hand = self.hand
        return self._step(interview=self.conduct)

    def continue_interview(self) -> Step:
        if not self.was_interviewing:
            return self._step()
        self.was_interviewing = False
        return self.open_interview()

    def close_interview(self, *, then_next: bool = True) -> Step:
        if rejected := self._rejected("came_back"):
            return rejected
        closing = self.conduct.result()
        assert closing is not None, "the interview is still open"
        case = self._case()
        self.calls.append(f"came_back {case.key} {closing.status}")
        if closing.status == "ended":
            if then_next:
                self._next()
        else:
            owed: Literal["time", "outcome"] = "time" if closing.outcome is not None else "outcome"
            self.now = replace(
                case,
                pending_input=owed,
                interview_state=InterviewState.OPEN,
                interview_status="open at q2, Tue 11:43, version 1",
            )
        return self._step()

    def add_note(self, text: str) -> Step:
        if rejected := self._rejected("remark"):
            return rejected
        if isinstance(self.now, WrapUpView):
            self.calls.append(f"remark {self.closed[-1].key} {text}")
            return self._step()
        case = self._case()
        self.calls.append(f"remark {case.key} {text}")
        self.now = replace(case, history=(*case.history, past(0, 11, "note", note=text)))
        return self._step()

    def record_refusal(self, *, reason: str = "", strength: int = 0, who: str = "") -> Step:
        if rejected := self._rejected("note_refusal"):
            return rejected
        self.calls.append(f"note_refusal {self._case().key} {who}|{reason}|{strength}")
        return self._step()

    def add_number(self, text: str) -> Step:
        if rejected := self._rejected("add_number"):
            return rejected
        self.calls.append(f"add_number {self._case().key} {text}")
        return self._step()

    def record_script(self, script: str) -> Step:
        if rejected := self._rejected("spoke"):
            return rejected
        self.calls.append(f"spoke {self._case().key} {script}")
        return self._step()

    def finish_case(self) -> Step:
        if rejected := self._rejected("finish"):
            return rejected
        self.calls.append(f"finish {self._case().key}")
        self._next()
        return self._step()

    def revoke_outcome(self) -> Step:
        if rejected := self._rejected("take_back"):
            return rejected
        if not self.closed:
            return self._step(Rejection("there is no outcome to undo"))
        case = self.closed.pop()
        if isinstance(self.now, CaseView):
            self.queue.insert(0, self.now)
        self.calls.append(f"take_back {case.key}")
        self.now = case
        return self._step()

    search_hint = "type part of the number they call from, the name or the key"

    def search_cases(self, text: str) -> tuple[CaseMatch, ...]:
        found = (
            CaseMatch(
                key="EP-07", name="El Paso Sector", number="(915) 555-0122", state="at this station"
            ),
            CaseMatch(
                key="DT-02",
                name="Detroit District",
                number="(313) 555-0122",
                state="waiting: 3h after busy",
            ),
        )
        return tuple(
            c for c in found if text.casefold() in f"{c.key} {c.name} {c.number}".casefold()
        )

    def fetch_case(self, key: str) -> Step:
        if rejected := self._rejected("fetch"):
            return rejected
        case = next((c for c in self.queue if c.key == key), None)
        if case is None:
            return self._step(Rejection(f"no case has the key {key}"))
        self.calls.append(f"fetch {key}")
        self.queue.remove(case)
        if isinstance(self.now, CaseView):
            self.queue.append(self.now)
        self.now = case
        return self._step()

    def list_appointments(self) -> tuple[StationAppointment, ...]:
        return self.appointments

    def list_break_reasons(self) -> tuple[str, ...]:
        return ("lunch", "pause", "technical", "briefing")

    def start_break(self, reason: str = "") -> Step:
        if rejected := self._rejected("pause"):
            return rejected
        self.calls.append(f"pause {reason}".strip())
        if isinstance(self.now, CaseView):
            self.queue.insert(0, self.now)
        here = NOW.astimezone(HERE)
        self.now = BreakView(since=here - timedelta(minutes=12), reason=reason, station_time=here)
        return self._step()

    def end_break(self) -> Step:
        if rejected := self._rejected("go_on"):
            return rejected
        self.calls.append("go_on")
        self._next()
        return self._step()

    def end_shift(self) -> Step:
        if rejected := self._rejected("leave"):
            return rejected
        self.calls.append("leave")
        return self._step()


def an_appointment(**more: object) -> StationAppointment:
    at = NOW + timedelta(hours=3)
    line = StationAppointment(
        key="DT-02",
        name="Detroit District",
        respondent_time=at.astimezone(ZoneInfo("America/Detroit")),
        station_time=at.astimezone(HERE),
        person="Ms Reyes",
        note="direct line",
        owner="me first",
        is_late=False,
    )
    return replace(line, **more)  # type: ignore[arg-type]
