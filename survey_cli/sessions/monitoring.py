"""Monitoring: follow a running interview from its journal, or replay a stored one.

Monitoring writes only to the log of accesses. It shows an interview only after the interviewer has
read its notice.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from survey_cli.engine import events
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
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
"""After so many polls without an event, look up whether the interviewer still has the case."""
GAP_SECONDS: Final = 2.0
"""How long the time between two sessions of an interview takes in a replay."""
NOT_TOLD: Final = "respondents are not told that somebody may watch"
TELL: Final = "for later interviews, name the item that announces it: fieldwork: {monitoring: ITEM}"


def _find_notice(instrument: Instrument) -> Place | None:
    """Return the place of the item that announces monitoring, or None if no item does."""
    fieldwork = instrument.document.fieldwork
    if fieldwork is None or fieldwork.monitoring is None:
        return None
    return Place(str(fieldwork.monitoring))


class MonitoredInterview:
    """A stored interview that is being watched, in its own version of the questionnaire."""

    def __init__(self, study: OpenStudy, row: InterviewRow, *, mask: bool) -> None:
        """Read the interview; `mask` hides personal answers, names and notes.

        Raises UserError if the interview can't be replayed.
        """
        instrument = study.instrument
        if instrument.hash != row.instrument:
            instrument = rebuild_instrument(study.store.data.read_stored_text(row.instrument))

        hidden: frozenset[str] = frozenset()
        if mask:
            hidden = find_personal_names(instrument)
        self.instrument = replace(instrument, hidden=hidden)
        self.row = row
        self.events = study.store.interviews.read_journal(row.id)
        self._study = study
        self._clock: Clock = study.store.clock or utc_now
        self.go_to(len(self.events))

    def go_to(self, seq: int) -> None:
        """Show the interview after its first `seq` events."""
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
        self._study.store.access_log.record(
            what,
            f"case {self.row.case}",
            f"interview {self.row.number} by {self.row.by}",
            at=self._clock(),
            by=self._study.who.login,
        )

    def build_session(self, clock: Clock | None = None) -> InterviewSession:
        """Build the session that shows the interview as it is now; it has no database."""
        return InterviewSession(
            id=self.row.id,
            store=NullStore(),
            interview=self.now,
            outcomes=build_outcome_table(self.instrument),
            link=CaseLink(),
            by=self.row.by,
            station=self.now.last_stamp.station,
            clock=clock or self._clock,
            to_local=datetime.astimezone,
            zone=find_usable_zone(self.instrument, self.now.start.sample),
            # the watcher sees the closing review while the interviewer is at it
            review_before_end=True,
            practice=self.row.origin == "practice",
            respondent=self._name_respondent(),
            stored_in=self._study.where,
        )

    def _name_respondent(self) -> str:
        """Return the respondent's name, or the case's key if no name may be shown."""
        sample = self.now.start.sample
        for name, column in self.instrument.sample.items():
            is_shown_name = column.role == "name" and name not in self.instrument.hidden
            if is_shown_name and sample.get(name):
                return str(sample[name])
        return self.row.case


class Watch:
    """Follows the interviews of one interviewer while they run."""

    title = "WATCHING"
    pace = ""
    seconds: Final = 0.2
    """The time between two readings of the journal."""

    def __init__(self, study: OpenStudy, interviewer: str, *, mask: bool = False) -> None:
        """Begin to watch.

        Raises UserError if no interviewer has this login, or if the study announces no monitoring.
        """
        if _find_notice(study.instrument) is None:
            raise UserError(study.path, NOT_TOLD, TELL)
        study.people.require(interviewer)
        self._study = study
        self._interviewer = interviewer
        self._mask = mask
        self.session: InterviewSession | None = None
        """What is shown; None until the notice of an interview has been read."""
        self.state = ""
        """What the interviewer does, in words."""
        self._followed: MonitoredInterview | None = None
        self._case = ("", 0)
        """Key and number of events of the case that was looked up last."""
        self._quiet = 0
        """Polls since the last event of the interview."""

    def advance(self, _: float = 0.0) -> bool:
        """Read new events and return whether the screen changes. Raises UserError.

        New events are shown until the next call, even if the interviewer has the next case already.
        """
        followed = self._followed
        if followed is None:
            self._quiet = 0
            return self._look_up()

        new = self._study.store.interviews.read_journal(followed.row.id, after=len(followed.events))
        # a migration to another version of the questionnaire: the interview is read again in it
        if any(isinstance(event, events.RESTORING_EVENTS) for event in new):
            self._quiet = 0
            return self._follow(followed.row.id)
        if new:
            self._quiet = 0
            followed.events += new
            followed.go_to(len(followed.events))
            return self._show(followed)

        self._quiet += 1
        if followed.now.status != "open" or self._quiet >= QUIET_POLLS:
            self._quiet = 0
            return self._look_up()
        return False

    def _look_up(self) -> bool:
        """Look up the interviewer's case and its interview, and return whether the screen changes.

        An interview that has ended is shown until the next case.
        """
        before = self._case
        case = None
        queries = self._study.store.cases.queries
        rows = queries.list_leased_rows(self._interviewer)
        if rows:
            self._case = (rows[0].key, rows[0].seq)
        else:
            self._case = ("", 0)
        # the history is read only if the case has changed
        if self._case == before and self.state:
            return False
        if rows:
            case = Case.from_history(rows[0].key, queries.read_history(rows[0].key))

        followed = self._followed
        if case is not None and case.interview_open:
            is_followed = followed is not None and followed.row.id == case.interview
            return not is_followed and self._follow(case.interview)

        is_left_open = followed is not None and followed.now.status == "open"
        if case is not None or is_left_open:
            self._followed = None
            self.session = None
        self.state = self._describe_case(case)
        return True

    def _describe_case(self, case: Case | None) -> str:
        """Say what an interviewer does who isn't in an interview."""
        if case is None:
            return f"{self._interviewer} has no case now"
        if case.open_attempt is not None and case.open_attempt.dialed:
            return f"{self._interviewer}, case {case.key}: in a call"
        return f"{self._interviewer}, case {case.key}: between calls"

    def _follow(self, interview: str) -> bool:
        """Begin to follow an interview, and return whether the screen changes."""
        self._followed = None
        self.session = None
        row = self._study.store.interviews.find_row(interview)
        if row is None:
            return False
        self._followed = MonitoredInterview(self._study, row, mask=self._mask)
        return self._show(self._followed)

    def _show(self, followed: MonitoredInterview) -> bool:
        """Show the interview as it is now, provided its notice has been read."""
        self.state = f"{self._interviewer}, case {followed.row.case}"
        if not followed.is_announced:
            self.state += ": the notice of monitoring was not read yet"
            return True

        # the first screen of an interview is the access; later ones belong to it
        if self.session is None:
            followed.record(Access.WATCH)
        self.session = followed.build_session()
        return True


class Replay:
    """Replays a stored interview, at its own pace or faster."""

    title = "REPLAY"
    seconds: Final = 0.1

    def __init__(
        self, study: OpenStudy, case: str, speed: float = 10.0, *, mask: bool = False
    ) -> None:
        """Begin the replay.

        Raises UserError if the case has no interview that is over and may be shown.
        """
        rows = study.store.interviews.list_rows(case=case)
        over = [row for row in rows if row.status != "open" and not row.is_erased]
        if not over:
            remedy = "give another case"
            if rows:
                remedy = f"watch it: survey watch {study.path} {rows[-1].by}"
            raise UserError(
                f"case {case}", "it has no interview that is over and not erased", remedy
            )

        # a practice interview is shown only if the case has no real one
        last = max(over, key=lambda row: (row.origin == "real", row.number))
        self.shown = MonitoredInterview(study, last, mask=mask)
        self.state = f"{last.by}, case {case}"
        if not self.shown.is_announced:
            raise UserError(f"case {case}", NOT_TOLD, TELL)

        # remarks on a finished interview change nothing that is shown, and may be days later
        journal = self.shown.events
        while isinstance(journal[-1], events.REMARKS):
            journal.pop()

        # the replay begins after the last migration to another version of the questionnaire
        first = 1
        for number, event in enumerate(journal, 1):
            if isinstance(event, events.RESTORING_EVENTS):
                first = number

        self._stops = []
        """Numbers of the events after which a question is on the screen."""
        for number in range(first, len(journal)):
            # a computed value follows at once: no question is on the screen before it
            if not isinstance(journal[number], events.ValueComputed):
                self._stops.append(number)
        self._stops.append(len(journal))

        self.shown.record(Access.REPLAY)
        self.speed = speed
        self.is_paused = False
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
        if self.is_over:
            how = "the end"
        elif self.is_paused:
            how = "paused"
        else:
            how = f"× {self.speed:g}"
        return f"{self.at.astimezone():%Y-%m-%d %H:%M:%S}  {how}"

    @property
    def is_over(self) -> bool:
        return self.shown.now.seq == len(self.shown.events)

    def advance(self, seconds: float) -> bool:
        """Let this time pass, and return whether the screen changes."""
        if self.is_paused or self.is_over:
            return False
        journal = self.shown.events
        seq = self.shown.now.seq
        self.at += timedelta(seconds=seconds * self.speed)

        # the next session may be days later: the time up to it is shortened
        upcoming = journal[seq]
        if isinstance(upcoming, (events.InterviewResumed, *events.REMARKS)):
            gap = timedelta(seconds=GAP_SECONDS * self.speed)
            self.at = max(self.at, upcoming.stamp.at - gap)

        done = bisect_right(journal, self.at, lo=seq, key=lambda event: event.stamp.at)
        if done == seq:
            return False
        self.shown.go_to(done)
        return True

    def step(self, count: int) -> None:
        """Go on to the next question, or back with -1, and pause."""
        self.is_paused = True
        seq = self.shown.now.seq
        if count > 0:
            index = bisect_right(self._stops, seq)
        else:
            index = bisect_left(self._stops, seq) - 1
        last = len(self._stops) - 1
        self.shown.go_to(self._stops[min(max(index, 0), last)])
        self.at = self.shown.now.last_stamp.at

    def change_speed(self, factor: float) -> None:
        self.speed = min(max(self.speed * factor, 0.25), 256.0)
