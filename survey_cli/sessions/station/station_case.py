"""The case on a station's screen: how it is claimed, how what happens to it is kept, and how it leaves."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from survey_cli.engine.events import Rejection
from survey_cli.fieldwork.case.events import (
    Closed,
    Event,
    Promised,
    Returned,
)
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.case_histories import outcome_words
from survey_cli.sessions.case.case_claim import CaseKeeping
from survey_cli.sessions.case.case_interview import CaseInterviews
from survey_cli.sessions.case.case_link import CaseLink
from survey_cli.sessions.case.case_queue import Queue
from survey_cli.sessions.case.claimed_case import HeldCase
from survey_cli.sessions.case.outcome_events import Deed
from survey_cli.sessions.interview.interview_session import Desk
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.case_lookup import Lists
from survey_cli.sessions.station.shift import Shift
from survey_cli.sessions.station.station_protocol import (
    Idle,
)
from survey_cli.store import StoreError
from survey_cli.store.cases.case_records import Held, LeaseLost
from survey_cli.study.consistency.follow_up import follow_up
from survey_cli.study.consistency.queue_refresh import stand_again
from survey_cli.study.consistency.upkeep import in_step
from survey_cli.study.file_changes import StudyFiles
from survey_cli.study.open_study import Study

NOBODY: Final = Rejection("there is no case on the screen")
LOOKED_AGAIN: Final = timedelta(minutes=1)


class StationCase:
    """One interviewer at one station, who has one case at a time or none."""

    def __init__(
        self,
        *,
        study: Study,
        queue: Queue,
        clock: Clock,
        zone: ZoneInfo | None = None,
        command: tuple[str, ...] = (),
        token: Callable[[], str] = lambda: uuid4().hex,
        dice: Random | None = None,
        files: StudyFiles | None = None,
    ) -> None:
        self._files = files
        """Read again between two cases when they changed; None: never."""
        self._dice = dice
        self._clock = clock
        self._zone = zone
        """This station's own; None: the computer's."""
        self._command = command
        self._token = token
        self._here: HeldCase | None = None
        self._desk: Desk | None = None
        self._link: CaseLink | None = None
        """That of the interview which is going on."""
        self._idle = Idle(why="", next_at=None)
        self._looked_at: datetime | None = None
        """When it was last found out why nobody can be called; None: not since there was a case."""
        self._barred: Idle | None = None
        """Why whoever sits here takes no case any more."""
        self._away: datetime | None = None
        self._said = ""
        self._last: tuple[str, str] | None = None
        """The case whose outcome was keyed last, and the outcome, for taking it back."""
        self._behind = False
        """The plan was read again, and the queue is not worked out by it yet."""
        self._left = ""
        """The case that left last: it stands by a plan that may have changed since."""
        self._passed: set[str] = set()
        """Cases that this interviewer gave back uncalled: they are for others."""
        self._shift = Shift(clock())
        self.station = queue.station
        self.interviewer = queue.who.login
        self._equip(study, queue)
        self._resume_counts()

    def _equip(self, study: Study, queue: Queue) -> None:
        """Work by this study's plan, questionnaire and people from now on."""
        self._study = study
        self._instrument = study.instrument
        self._plan = study.plan
        self._store = study.store
        self._queue = queue
        self._looked_at = None
        self._keeping = CaseKeeping(
            store=study.store, plan=study.plan, by=queue.who.login, station=queue.station, clock=self._clock
        )
        self._lists = Lists(study=study, local=self._local)
        self._interviews = CaseInterviews(
            study=study,
            by=queue.who.login,
            station=queue.station,
            clock=self._clock,
            local=self._local,
            dice=self._dice,
        )
        self.title = str(self._instrument.title.get(self._instrument.language))

    @property
    def kept_in(self) -> str:
        """The database."""
        return self._study.where

    @property
    def version_notice(self) -> str:
        """What to tell of the questionnaire's version; empty where it is the file's."""
        return self._study.notice

    def close(self) -> None:
        """Let go of the database."""
        self._study.close()

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)

    # what comes next

    def take_next(self) -> Rejection | None:
        if self._here is not None:
            return Rejection("this case comes first: key its outcome, or leave it")
        if self._away is not None:
            return Rejection("you are on a break")
        at, token = self._clock(), self._token()
        try:
            if (stopped := self._stopped(at)) is not None:
                self._idle, self._looked_at = stopped, None
                return None
            found = self._queue.next(at, token, passed=self._passed)
            if found is None:
                self._idle = self._why_idle(at)
            else:
                self._show(self._keeping.held(found[0], token))
        except StoreError as problem:
            self._idle, self._looked_at = Idle(why=f"{problem.what} — {problem.remedy}", next_at=None), None
            return self._unsaved(problem)
        return None

    def _stopped(self, at: datetime) -> Idle | None:
        """Why no case is taken and no number dialed here, whatever the queue holds: the study is paused, or whoever
        sits here does not work on it any more. Files that changed are read again first. Raises StoreError."""
        if (barred := self._reread(at)) is not None:
            return barred
        pause = self._queue.pause()
        if pause is None:
            return None
        return Idle(why=pause.describe(self._local(pause.since), self._local(at)), next_at=None, paused=True)

    def _reread(self, at: datetime) -> Idle | None:
        """Work by the changed plan from now on, unless its file has errors. Never while an interview goes on: that one
        keeps its questionnaire. An Idle that says why where the list of people has this interviewer no more."""
        if self._files is None or self._desk is not None:
            return self._barred
        if not self._files.changed():
            self._catch_up(at)
            return self._barred
        self._barred = None
        fresh = self._files.reread(self._study)
        if isinstance(fresh, UserError):
            said = f"{fresh.where}: {fresh.what} — {fresh.remedy}"
            if fresh.where == self.interviewer:
                self._barred = Idle(why=said, next_at=None)
            self._said = f"{said}. The station goes on as before"
            return self._barred
        self._equip(fresh, Queue.of(fresh, self.station))
        self._said, self._behind = fresh.notice or "the study's files changed and were read again", True
        self._catch_up(at)
        return None

    def _catch_up(self, at: datetime) -> None:
        """Have the queue stand by the plan that was read last, and with it the case that left this station by the plan
        before. Raises StoreError, and is tried again then."""
        if self._behind:
            in_step(self._study, at, yielding=True)
            if self._left:
                stand_again(self._store, self._plan, self._left, at)
            self._behind = False

    def _heed(self, at: datetime) -> Rejection | None:
        """Why nothing is dialed now though a case is on the screen. One that nobody called goes back to the queue, and
        comes again, its appointment too, when calls go on. Raises StoreError."""
        if (stopped := self._stopped(at)) is None:
            return None
        here = self._here
        if here is not None and not (here.called or here.dialled or here.pending or self._desk is not None):
            self._return()
            if self._here is None:
                self._idle = stopped
        return Rejection(stopped.why)

    def _why_idle(self, at: datetime) -> Idle:
        """Found out once a minute while nobody can be called: all cases are counted, a second's work for a million."""
        if self._looked_at is not None and self._looked_at <= at < self._looked_at + LOOKED_AGAIN:
            return self._idle
        outlook, self._looked_at = self._queue.outlook(at), at
        return Idle(why=outlook.why, next_at=self._local(outlook.next_at) if outlook.next_at else None)

    def _take(self, key: str) -> HeldCase | Rejection:
        taken = self._keeping.take(key, self._token())
        if taken is None:
            return Rejection(f"there is no case {key}")
        if isinstance(taken, Held):
            return Rejection(f"{taken.by} has this case at station {taken.station}")
        return taken

    def _show(self, here: HeldCase, notice: str = "") -> None:
        """Put a case that was claimed on the screen."""
        self._looked_at = None
        self._here = replace(here, notice=notice, interview=self._interviews.stands(here.case.key))

    def beat(self) -> None:
        here = self._here
        try:
            if self._link is not None:
                self._link.alive()
            elif here is None:
                if self._away is None:
                    self.take_next()
            elif self._heed(self._clock()) is not None and self._here is None:
                return
            elif not self._keeping.renew(here):
                found = self._keeping.recover(here)
                self._here = found if isinstance(found, HeldCase) else None
                if not isinstance(found, HeldCase):
                    lost = LeaseLost(here.case.key, found).words
                    self._said = f"{here.case.key}: {lost}; what was kept before stays"
        except StoreError:
            return  # the next key will say so

    def _resume_counts(self) -> None:
        """Go on with the counts of this day: the program may have ended in the middle of the shift."""
        midnight = self._local(self._clock()).replace(hour=0, minute=0, second=0, microsecond=0)
        with suppress(StoreError):  # the first key will say so
            self._shift.resume(self._store.cases.calls(self.interviewer, midnight))

    def _count_promises(self) -> None:
        self._shift.promises = len(self._store.cases.promises(owner=self.interviewer))

    # keeping

    def _do(self, *events: Event, release: bool = False, then_next: bool = True) -> Rejection | None:
        return self._keep(Deed(events=events, release=release), then_next=then_next)

    def _keep(self, deed: Deed, *, then_next: bool = True) -> Rejection | None:
        """Keep what happened, and only then show it; after the case's last event the next case comes."""
        here = self._here
        if here is None:
            return NOBODY
        lost = ""
        try:
            after = self._write(here, deed)
            if after is None:
                found = self._keeping.recover(here)
                if isinstance(found, HeldCase):
                    here = found
                    after = self._write(here, deed)
                lost = LeaseLost(here.case.key, here.row.held if isinstance(found, HeldCase) else found).words
        except StoreError as problem:
            return self._unsaved(problem)
        if after is None:
            self._here = self._desk = None
            self._said = f"not saved: {here.case.key}: {lost}"
            return Rejection(self._said)
        self._here = after
        undone = ""
        if deed.owed:
            try:
                undone = "; ".join(follow_up(self._study, here.case.key, after.history[-1].at))
            except StoreError as problem:
                undone = f"saved, but something is left to do: {problem.what} — {problem.remedy}"
        return self._kept(deed, after, undone, then_next=then_next)

    def _write(self, here: HeldCase, deed: Deed) -> HeldCase | None:
        """The case after the deed is written; None where the case is another's now, or was written to."""
        after = self._keeping.further(here, deed.events, deed.contact)
        lost = self._keeping.keep(here, after, release=deed.release, owed=deed.owed)
        return after if lost is None else None

    def _kept(self, deed: Deed, after: HeldCase, undone: str, *, then_next: bool) -> Rejection | None:
        """Show what is kept of a deed; where it let go of the case, the next one comes."""
        at = after.history[-1].at
        self._here = after
        self._shift.count(deed.events)
        if any(isinstance(event, Promised) for event in deed.events):
            self._count_promises()
        self._said = undone
        if deed.release:
            self._gone(after, deed.outcome, at)
            if then_next and self._away is None:
                kept, self._said = self._said, ""
                rejected = self.take_next()
                self._said = "; ".join(filter(None, (kept, self._said)))
                return rejected
        elif not after.dialled:
            self._here = after.at_next_number()
        return None

    def _gone(self, here: HeldCase, outcome: str, at: datetime) -> None:
        """The case left this station."""
        self._shift.spent(at - here.shown_at)
        self._here = self._desk = None
        self._left = here.case.key
        if outcome:
            self._last = (here.case.key, outcome)
            self._said = (
                self._said
                or f"{here.case.key}: {outcome_words(outcome, self._plan)}, stored at {self._local(at):%H:%M}"
            )

    def _unsaved(self, problem: StoreError) -> Rejection:
        self._said = f"not saved: {problem.what} — {problem.remedy}"
        return Rejection(self._said)

    # letting go

    def _in_the_middle(self) -> Rejection | None:
        """Why the case on the screen cannot be let go of yet."""
        owed = self._here.owed() if self._here is not None else ""
        return Rejection(owed) if owed else None

    def _let_go(self, *, then_next: bool) -> Rejection | None:
        here = self._here
        if here is None:
            return None
        event = Closed() if here.called else Returned("given back")
        unsaved = self._do(event, release=True, then_next=then_next)
        if unsaved is None and not then_next:
            try:
                self._reread(self._clock())  # the case that left stands by the plan as it is now
            except StoreError as problem:
                return self._unsaved(problem)
        return unsaved

    def _return(self) -> None:
        """Put back the case on the screen, which nobody called or whose calls are keyed, before another comes."""
        here = self._here
        if here is not None and (unsaved := self._let_go(then_next=False)) is not None:
            self._here = here
            self._said = unsaved.why
