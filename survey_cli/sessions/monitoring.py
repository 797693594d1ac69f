"""Monitoring: a running interview followed from its journal, and a stored interview shown again at its own pace.

Nothing is written but the log of accesses. An interview is shown only once its notice was read.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from survey_cli.engine import events
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.known_outcomes import build_outcome_table
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import UserError
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession
from survey_cli.sessions.interview.start_interview import Clock, utc_now
from survey_cli.sessions.preview.preview_session import NullStore, find_usable_zone
from survey_cli.store import InterviewRow
from survey_cli.store.access_log import Access
from survey_cli.study.open_study import OpenStudy
from survey_cli.table.columns import find_personal_names
from survey_cli.values import Place

QUIET_POLLS: Final = 10
"""After so many without an event it is looked up whether the interviewer still has the case."""
GAP_SECONDS: Final = 2.0
"""How long the time between two sessions of an interview takes in a replay."""
NOT_TOLD: Final = "respondents are not told that somebody may watch"
TELL: Final = "for later interviews, name the item that announces it: fieldwork: {monitoring: ITEM}"


def _find_notice(instrument: Instrument) -> Place | None:
    """Return the place of the item that announces monitoring; None where none does."""
    fieldwork = instrument.document.fieldwork
    item = fieldwork.monitoring if fieldwork is not None else None
    return Place(str(item)) if item is not None else None


class MonitoredInterview:
    """A stored interview as it is read, in the version of its questionnaire."""

    def __init__(self, study: OpenStudy, row: InterviewRow, *, mask: bool) -> None:
        """With `mask`, personal answers, names and notes are hidden. Raises UserError where it can't be replayed."""
        instrument = study.instrument
        if instrument.hash != row.instrument:
            instrument = rebuild_instrument(study.store.data.read_stored_text(row.instrument))
        self.instrument = replace(
            instrument, hidden=find_personal_names(instrument) if mask else frozenset()
        )
        self.row = row
        self.events = study.store.interviews.read_journal(row.id)
        self._study = study
        self._clock: Clock = study.store.clock or utc_now
        self.go_to(len(self.events))

    def go_to(self, seq: int) -> None:
        """Show the interview after its first events."""
        try:
            self.now = Interview.replay(self.instrument, self.events[:seq])
        except ValueError as error:
            what = f"its journal cannot be replayed ({error})"
            raise UserError(
                f"case {self.row.case}", what, "`survey db verify` gives details"
            ) from error

    @property
    def is_announced(self) -> bool:
        """Whether the respondent was told that somebody may watch."""
        return _find_notice(self.instrument) in self.now.machine.recorded_answers

    def record(self, what: Access) -> None:
        """Record who watches or replays it."""
        log, detail = self._study.store.access_log, f"interview {self.row.number} by {self.row.by}"
        log.record(
            what, f"case {self.row.case}", detail, at=self._clock(), by=self._study.who.login
        )

    def build_session(self, clock: Clock | None = None) -> InterviewSession:
        """Build the session that shows the interview as it is now; it has no database."""
        instrument, row, sample = self.instrument, self.row, self.now.start.sample
        names = [
            n
            for n, column in instrument.sample.items()
            if column.role == "name" and n not in instrument.hidden
        ]
        return InterviewSession(
            id=row.id, store=NullStore(), interview=self.now, outcomes=build_outcome_table(instrument), link=CaseLink(),
            by=row.by, station=self.now.last_stamp.station, clock=clock or self._clock, to_local=datetime.astimezone,
            zone=find_usable_zone(instrument, sample), review_before_end=True, practice=row.origin == "practice",
            respondent=str(next((sample[n] for n in names if sample.get(n)), row.case)), stored_in=self._study.where,
        )  # fmt: skip


class Watch:
    """The interviews of one interviewer, each followed while it runs."""

    title, pace = "WATCHING", ""
    seconds: Final = 0.2
    """How often it is read what is new."""

    def __init__(self, study: OpenStudy, interviewer: str, *, mask: bool = False) -> None:
        """Raises UserError where nobody of this login works here, or the study announces no monitoring."""
        if _find_notice(study.instrument) is None:
            raise UserError(study.path, NOT_TOLD, TELL)
        study.people.require(interviewer)
        self._study, self._interviewer, self._mask = study, interviewer, mask
        self.session: InterviewSession | None = None
        """What is shown; None while there is no interview whose notice was read."""
        self.state = ""
        """What the interviewer does, in words."""
        self._followed: MonitoredInterview | None = None
        self._case = ("", 0)
        """Key and number of events of the case that was looked at last."""
        self._quiet = 0

    def advance(self, _: float = 0.0) -> bool:
        """Read what is new; returns whether anything is. Raises UserError.

        What is new is shown until the next call, even if the interviewer has another case already.
        """
        followed = self._followed
        if followed is not None:
            new = self._study.store.interviews.read_journal(
                followed.row.id, after=len(followed.events)
            )
            self._quiet = 0 if new else self._quiet + 1
            if any(
                isinstance(event, events.RESTORING_EVENTS) for event in new
            ):  # taken to another version
                return self._follow(followed.row.id)
            if new:
                followed.events += new
                followed.go_to(len(followed.events))
                return self._show(followed)
        if followed is None or followed.now.status != "open" or self._quiet >= QUIET_POLLS:
            self._quiet = 0
            return self._look_up()
        return False

    def _look_up(self) -> bool:
        """Look up the interviewer's case, and its interview. One that has ended is shown until the next case."""
        queries = self._study.store.cases.queries
        row = next(iter(queries.list_leased_rows(self._interviewer)), None)
        before, self._case = self._case, (row.key, row.seq) if row is not None else ("", 0)
        if self._case == before and self.state:
            return False
        case = (
            Case.from_history(row.key, queries.read_history(row.key)) if row is not None else None
        )
        if case is not None and case.interview_open:
            is_followed = self._followed is not None and self._followed.row.id == case.interview
            return not is_followed and self._follow(case.interview)
        if case is not None or (self._followed is not None and self._followed.now.status == "open"):
            self._followed = self.session = None
        self.state = f"{self._interviewer} has no case now"
        if case is not None:
            is_dialed = case.open_attempt is not None and case.open_attempt.dialed
            self.state = f"{self._interviewer}, case {case.key}: {'in a call' if is_dialed else 'between calls'}"
        return True

    def _follow(self, interview: str) -> bool:
        """Begin to follow an interview."""
        self._followed = self.session = None
        if (row := self._study.store.interviews.find_row(interview)) is None:
            return False
        self._followed = MonitoredInterview(self._study, row, mask=self._mask)
        return self._show(self._followed)

    def _show(self, followed: MonitoredInterview) -> bool:
        """Show the interview as it is now, once its notice was read."""
        self.state = f"{self._interviewer}, case {followed.row.case}"
        if not followed.is_announced:
            self.state += ": the notice of monitoring was not read yet"
            return True
        if self.session is None:
            followed.record(Access.WATCH)
        self.session = followed.build_session()
        return True


class Replay:
    """A stored interview, shown again at its own pace times a speed."""

    title = "REPLAY"
    seconds: Final = 0.1

    def __init__(
        self, study: OpenStudy, case: str, speed: float = 10.0, *, mask: bool = False
    ) -> None:
        """Raises UserError where the case has no interview that is over and may be shown."""
        rows = study.store.interviews.list_rows(case=case)
        over = [row for row in rows if row.status != "open" and not row.is_erased]
        if not over:
            remedy = (
                f"watch it: survey watch {study.path} {rows[-1].by}"
                if rows
                else "give another case"
            )
            raise UserError(
                f"case {case}", "it has no interview that is over and not erased", remedy
            )
        last = max(over, key=lambda row: (row.origin == "real", row.number))
        self.shown = MonitoredInterview(study, last, mask=mask)
        self.state = f"{last.by}, case {case}"
        if not self.shown.is_announced:
            raise UserError(f"case {case}", NOT_TOLD, TELL)
        journal = self.shown.events
        while isinstance(journal[-1], events.REMARKS):
            journal.pop()
        first = max(
            (n for n, event in enumerate(journal, 1) if isinstance(event, events.RESTORING_EVENTS)),
            default=1,
        )
        rests = (
            n
            for n in range(first, len(journal))
            if not isinstance(journal[n], events.ValueComputed)
        )
        self._stops = [*rests, len(journal)]
        """Numbers of events after which something is asked, since the last migration to another version."""
        self.shown.record(Access.REPLAY)
        self.speed, self.is_paused = speed, False
        self.at = journal[first - 1].stamp.at
        """The time that is shown."""
        self.shown.go_to(first)

    @property
    def session(self) -> InterviewSession:
        """The interview as it was then."""
        return self.shown.build_session(lambda: self.at)

    @property
    def pace(self) -> str:
        """The time, and how fast it passes."""
        how = "the end" if self.is_over else "paused" if self.is_paused else f"× {self.speed:g}"
        return f"{self.at.astimezone():%Y-%m-%d %H:%M:%S}  {how}"

    @property
    def is_over(self) -> bool:
        return self.shown.now.seq == len(self.shown.events)

    def advance(self, seconds: float) -> bool:
        """Let this time pass; returns whether anything was done in it."""
        if self.is_paused or self.is_over:
            return False
        journal, seq = self.shown.events, self.shown.now.seq
        self.at += timedelta(seconds=seconds * self.speed)
        if isinstance(journal[seq], (events.InterviewResumed, *events.REMARKS)):
            self.at = max(
                self.at, journal[seq].stamp.at - timedelta(seconds=GAP_SECONDS * self.speed)
            )
        done = bisect_right(journal, self.at, lo=seq, key=lambda event: event.stamp.at)
        if done > seq:
            self.shown.go_to(done)
        return done > seq

    def step(self, count: int) -> None:
        """Go on to the next question, or back with -1, and pause."""
        self.is_paused = True
        at = (
            bisect_right(self._stops, self.shown.now.seq)
            if count > 0
            else bisect_left(self._stops, self.shown.now.seq) - 1
        )
        self.shown.go_to(self._stops[min(max(at, 0), len(self._stops) - 1)])
        self.at = self.shown.now.last_stamp.at

    def change_speed(self, factor: float) -> None:
        self.speed = min(max(self.speed * factor, 0.25), 256.0)
