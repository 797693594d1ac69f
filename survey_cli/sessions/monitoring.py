"""Monitoring: a running interview followed from its journal, and a stored interview shown again at its own pace.

Nothing is written but the log of accesses. An interview is shown only once its notice was read.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from survey_cli.engine import asked_items, events
from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.known_outcomes import build_outcome_table
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.samples.cases.columns import list_details
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession
from survey_cli.sessions.interview.start_interview import Clock, utc_now
from survey_cli.sessions.preview.preview_session import NullStore, find_usable_zone
from survey_cli.store import InterviewRow
from survey_cli.store.backends.errors import close_on_error
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.open_study import OpenStudy, check_supervisor, open_study
from survey_cli.table.columns import find_personal_names
from survey_cli.values import Place

POLL_SECONDS: Final = 0.2
"""How often a watcher reads what is new."""
QUIET_POLLS: Final = 10
"""After so many without an event it is looked up whether the interviewer still has the case."""
GAP_SECONDS: Final = 2.0
"""How long the time between two sessions of an interview takes in a replay."""
SLOWEST, FASTEST = 0.25, 256.0
"""Speeds of a replay."""


@dataclass(frozen=True, kw_only=True)
class MonitoredStudy:
    """A study whose interviews are watched or shown again by a supervisor."""

    study: OpenStudy
    hides_personal: bool
    instruments: dict[str, Instrument] = field(default_factory=dict)
    """The versions of the questionnaire that were needed, by their hash."""

    @classmethod
    def open(
        cls, path: str | Path, task: str, *, db: str | None, by: str, people: str | None, hides_personal: bool
    ) -> "MonitoredStudy":
        """Open a study for a task, such as `watch an interview`. Raises UserError, also for anybody who may not."""
        study = open_study(path, db=db, by=by, people=people)
        with close_on_error(study):
            check_supervisor(study, task)
            return cls(study=study, hides_personal=hides_personal)

    @property
    def clock(self) -> Clock:
        return self.study.store.clock or utc_now

    def load(self, row: InterviewRow) -> tuple[Instrument, list[events.InterviewEvent]]:
        """Load the version of an interview and its journal."""
        instrument = self.instruments.get(row.instrument)
        if instrument is None:
            texts = self.study.store.data.find_instrument_texts(row.instrument)
            instrument = rebuild_instrument(texts or {}, row.instrument)
            hidden = find_personal_names(instrument) if self.hides_personal else frozenset()
            instrument = self.instruments[row.instrument] = replace(instrument, hidden=hidden)
        find_notice(instrument, self.study.path)
        return instrument, self.study.store.interviews.read_journal(row.id)

    def record(self, what: str, row: InterviewRow) -> None:
        """Record who watches or replays an interview."""
        detail = f"interview {row.number} by {row.by}"
        self.study.store.access_log.record(what, f"case {row.case}", detail, at=self.clock(), by=self.study.who.login)

    def build_session(self, row: InterviewRow, interview: Interview, clock: Clock) -> InterviewSession:
        """Build the session that shows an interview as it is now; it has no database."""
        instrument, sample = interview.instrument, interview.start.sample
        name = next((sample.get(n) for n, column in instrument.sample.items() if column.role == "name"), None)
        is_named = isinstance(name, str) and name and not self.hides_personal
        session = InterviewSession(
            id=row.id,
            store=NullStore(),
            interview=interview,
            outcomes=build_outcome_table(instrument),
            link=CaseLink(),
            by=row.by,
            station=interview.last_stamp.station,
            clock=clock,
            zone=find_usable_zone(instrument, sample) if sample else None,
            to_local=datetime.astimezone,
            respondent=str(name) if is_named else row.case,
            practice=row.origin == "practice",
            stored_in=self.study.where,
            review_before_end=True,
        )
        shown = {n: value for n, value in sample.items() if n not in instrument.hidden}
        session.details = list_details(instrument, shown)
        return session


def find_notice(instrument: Instrument, path: str) -> Place:
    """Return the place of the item that announces monitoring. Raises UserError where the study announces none."""
    fieldwork = instrument.document.fieldwork
    if fieldwork is None or fieldwork.monitoring is None:
        remedy = (
            "name the item that announces it, fieldwork: {monitoring: ITEM}, for interviews that begin from then on"
        )
        raise UserError(path, "respondents are not told that somebody may watch their interview", remedy)
    return Place(str(fieldwork.monitoring))


def _is_announced(interview: Interview, path: str) -> bool:
    return find_notice(interview.instrument, path) in interview.machine.recorded_answers


def _describe(interview: Interview, event: events.InterviewEvent) -> str:
    """Describe what an event did as one line; empty for what the computer does."""
    match event:
        case events.ValueComputed() | events.InterviewStarted() | events.AnswerCoded() | events.InterviewReviewed():
            return ""
        case events.PositionMoved(place=place):
            what = f"back to {place}"
        case events.NoteWritten(place=place):
            text = next((note.text for note in reversed(interview.notes) if note.place == place), "")
            what = f"note at {place}: {text}"
        case events.LanguageChanged(language=language):
            what = f"language {language}"
        case events.InterviewResumed():
            what = "resumed"
        case events.InterviewSuspended() | events.InterviewStopped() | events.InterviewEnded():
            outcome = build_outcome_table(interview.instrument).get(interview.outcome)
            what = f"{interview.status}: {outcome.name}" if outcome is not None else interview.status
        case _:
            asked = asked_items.list_asked(interview)
            item = next((item for item in asked if item.place == getattr(event, "place", None)), None)
            what = _describe_item(item) if item is not None else ""
    return f"{event.stamp.at.astimezone():%H:%M:%S} {' '.join(what.split())}" if what else ""


def _describe_item(item: asked_items.AskedItem) -> str:
    return f"{item.place} {item.text}{f': {item.answer}' if item.answer else ''}"


class Watch:
    """The interviews of one interviewer, each followed while it runs."""

    seconds: Final = POLL_SECONDS
    title = "WATCHING"

    def __init__(self, monitored: MonitoredStudy, interviewer: str) -> None:
        """Raises UserError where nobody of this login works here, or the study announces no monitoring."""
        study = monitored.study
        find_notice(study.instrument, study.path)
        if study.people.find(interviewer) is None:
            raise UserError(interviewer, "is not on the study's list of people", f"survey study people {study.path}")
        self.monitored = monitored
        self.interviewer = interviewer
        self.session: InterviewSession | None = None
        """What is shown; None while there is no interview whose notice was read."""
        self.state = ""
        """What the interviewer does, in words."""
        self._row: InterviewRow | None = None
        self._interview: Interview | None = None
        self._case: tuple[str, int] = ("", 0)
        """Key and number of events of the case that was looked at last."""
        self._quiet = 0

    def advance(self, _: float = 0.0) -> list[str]:
        """Read what is new. Returns a line for each thing that is; some are empty. Raises StoreError and UserError."""
        lines = self._follow() if self._interview is not None and self._interview.status == "open" else []
        is_open = self._interview is not None and self._interview.status == "open"
        if is_open and self._quiet < QUIET_POLLS:
            return lines
        self._quiet = 0
        return [*lines, *self._look_up()]

    def _follow(self) -> list[str]:
        """Apply the events that were stored since."""
        assert self._interview is not None
        assert self._row is not None
        new = self.monitored.study.store.interviews.read_journal(self._row.id, after=self._interview.seq)
        self._quiet = 0 if new else self._quiet + 1
        lines = []
        for event in new:
            after = self._interview.step(event)
            if isinstance(after, Rejection):  # taken to another version
                return self._open(self._row.id)
            self._interview = after
            lines.append(_describe(after, event))
        if not new:
            return []
        was_shown = self.session is not None
        return (lines if was_shown else [self.state]) if self._show() else []

    def _look_up(self) -> list[str]:
        """Look up the interviewer's case, and its interview."""
        queries = self.monitored.study.store.cases.queries
        row = next(queries.iterate_rows(status="leased", lease_by=self.interviewer), None)
        if row is None:
            return self._wait(None, f"{self.interviewer} has no case now")
        if (row.key, row.seq) == self._case:
            return []
        case = Case.from_history(row.key, queries.read_history(row.key))
        if case.interview_open:
            self._case = row.key, row.seq
            return self._open(case.interview)
        dialed = case.open_attempt is not None and case.open_attempt.dialed
        return self._wait(row, f"{self.interviewer}, case {row.key}: {'in a call' if dialed else 'before a call'}")

    def _wait(self, row: CaseRow | None, state: str) -> list[str]:
        """Follow no interview; one that has ended stays until the next case."""
        self._case = (row.key, row.seq) if row is not None else ("", 0)
        is_over = self._interview is not None and self._interview.status != "open"
        if not is_over or (row is not None and self._row is not None and row.key != self._row.case):
            self._interview = self.session = None
        before, self.state = self.state, state
        return [state] if state != before else []

    def _open(self, interview: str) -> list[str]:
        """Begin to follow an interview: all its events so far."""
        self._row = self.monitored.study.store.interviews.find_row(interview)
        self._interview = self.session = None
        if self._row is None:
            return []
        try:
            self._interview = _replay(*self.monitored.load(self._row))
        except StoreError:
            raise
        except UserError as error:
            self.state = str(error)
            return [self.state]
        if not self._show():
            return [self.state]
        return [self.state, *map(_describe_item, asked_items.list_asked(self._interview))]

    def _show(self) -> bool:
        """Show the interview as it is now, once its notice was read; returns whether it is shown."""
        assert self._interview is not None
        assert self._row is not None
        self.state = f"{self.interviewer}, case {self._row.case}"
        if not _is_announced(self._interview, self.monitored.study.path):
            self.state += ": the notice of monitoring was not read yet"
            return False
        if self.session is None:
            self.monitored.record("watch", self._row)
        self.session = self.monitored.build_session(self._row, self._interview, self.monitored.clock)
        return True


def _replay(instrument: Instrument, journal: list[events.InterviewEvent]) -> Interview:
    try:
        return Interview.replay(instrument, journal)
    except ValueError as error:
        what = f"its journal cannot be replayed ({error})"
        raise UserError(instrument.id, what, "`survey db verify` gives details") from error


class Replay:
    """A stored interview, shown again at its own pace times a speed."""

    seconds: Final = 0.1
    title = "REPLAY"

    def __init__(self, monitored: MonitoredStudy, case: str, speed: float = 10.0) -> None:
        """Raises UserError where the case has no interview that is over and may be shown."""
        rows = monitored.study.store.interviews.list_rows(case=case)
        over = [row for row in rows if row.status != "open" and not row.is_erased]
        if not over:
            remedy = f"watch it: survey watch {monitored.study.path} {rows[-1].by}" if rows else "give another case"
            raise UserError(f"case {case}", "it has no interview that is over and not erased", remedy)
        self.monitored = monitored
        self._row = max(over, key=lambda row: (row.origin == "real", row.number))
        self.instrument, self.events = monitored.load(self._row)
        while isinstance(self.events[-1], events.REMARKS):
            self.events.pop()
        restored = [at for at, event in enumerate(self.events) if isinstance(event, events.RESTORING_EVENTS)]
        self._first = max(restored, default=0) + 1
        """What came before a migration was asked in another version, and is not shown."""
        whole = _replay(self.instrument, self.events)
        if not _is_announced(whole, monitored.study.path):
            raise UserError(f"case {case}", "the notice of monitoring was not read", "it can't be shown")
        monitored.record("replay", self._row)
        self.speed = min(max(speed, SLOWEST), FASTEST)
        self.is_paused = False
        self.interview = whole
        self.now = whole.start.stamp.at
        self._go_to(self._first)

    @property
    def session(self) -> InterviewSession:
        """The interview as it was at the time that is shown."""
        return self.monitored.build_session(self._row, self.interview, lambda: self.now)

    @property
    def state(self) -> str:
        """Whose interview is shown, when, and how fast."""
        how = "the end" if self.is_over else "paused" if self.is_paused else f"× {self.speed:g}"
        return f"{self._row.by}, case {self._row.case}, {self.now.astimezone():%Y-%m-%d %H:%M:%S}, {how}"

    @property
    def is_over(self) -> bool:
        return self._next is None

    @property
    def _next(self) -> events.InterviewEvent | None:
        return self.events[self.interview.seq] if self.interview.seq < len(self.events) else None

    def advance(self, seconds: float = 0.0) -> list[str]:
        """Let this time pass, and return a line for each thing that was done in it; some are empty."""
        if self.is_paused or (event := self._next) is None:
            return []
        self.now += timedelta(seconds=seconds * self.speed)
        if isinstance(event, (events.InterviewResumed, *events.REMARKS)):
            self.now = max(self.now, event.stamp.at - timedelta(seconds=GAP_SECONDS * self.speed))
        lines = []
        while (event := self._next) is not None and event.stamp.at <= self.now:
            lines.append(self._apply(event))
        return lines

    def step(self, count: int) -> list[str]:
        """Go forward by one answer, or back with -1, and pause. Returns the lines of what was done."""
        self.is_paused = True
        seq, lines = self.interview.seq, list[str]()
        if count > 0 and (event := self._next) is not None:
            lines.append(self._apply(event))
            while isinstance(event := self._next, events.ValueComputed):
                lines.append(self._apply(event))
            self.now = self.interview.last_stamp.at
        elif count < 0 and seq > self._first:
            seq -= 1
            while seq > self._first and isinstance(self.events[seq], events.ValueComputed):
                seq -= 1
            self._go_to(seq)
        return lines

    def change_speed(self, factor: float) -> None:
        self.speed = min(max(self.speed * factor, SLOWEST), FASTEST)

    def _go_to(self, seq: int) -> None:
        """Show the interview after its first events."""
        self.interview = _replay(self.instrument, self.events[:seq])
        self.now = self.interview.last_stamp.at

    def _apply(self, event: events.InterviewEvent) -> str:
        after = self.interview.step(event)
        assert isinstance(after, Interview)  # the whole journal was replayed before
        self.interview = after
        return _describe(after, event)
