"""The case of a station session: how it is claimed, how its events are stored, and how it is released."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.events import (
    AppointmentMade,
    AttemptClosed,
    CaseEvent,
    CaseReturned,
)
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.case_histories import describe_outcome
from survey_cli.sessions.case.case_claim import CaseClaims
from survey_cli.sessions.case.case_interview import CaseInterviews
from survey_cli.sessions.case.case_link import SampledCaseLink
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.case.claimed_case import ClaimedCase
from survey_cli.sessions.case.outcome_events import CaseEvents
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.case_lookup import CaseLookup
from survey_cli.sessions.station.shift import Shift
from survey_cli.sessions.station.station_protocol import (
    IdleView,
)
from survey_cli.store import StoreError
from survey_cli.store.cases.case_records import LeaseHolder, LeaseLost
from survey_cli.study.consistency.follow_up import follow_up
from survey_cli.study.consistency.queue_refresh import update_queue_position
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.file_changes import StudyFiles
from survey_cli.study.open_study import OpenStudy

NO_CASE_ON_SCREEN: Final = Rejection("there is no case on the screen")
OUTLOOK_INTERVAL: Final = timedelta(minutes=1)


class StationCase:
    """One interviewer at one station, who has one case at a time or none."""

    def __init__(
        self,
        *,
        study: OpenStudy,
        queue: CaseQueue,
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
        self._case: ClaimedCase | None = None
        self._session: InterviewSession | None = None
        self._link: SampledCaseLink | None = None
        """That of the interview which is going on."""
        self._idle_view = IdleView(why="", next_at=None)
        self._outlook_at: datetime | None = None
        """When it was last found out why nobody can be called; None: not since there was a case."""
        self._barred_view: IdleView | None = None
        """Why whoever sits here takes no case any more."""
        self._break_since: datetime | None = None
        self._notice = ""
        self._last_outcome: tuple[str, str] | None = None
        """The case whose outcome was keyed last, and the outcome, for taking it back."""
        self._queue_is_outdated = False
        """The plan was read again, and the queue is not worked out by it yet."""
        self._last_case = ""
        """The case that left last: it stands by a plan that may have changed since."""
        self._skipped: set[str] = set()
        """Cases that this interviewer gave back uncalled: they are for others."""
        self._shift = Shift(clock())
        self.station = queue.station
        self.interviewer = queue.who.login
        self._use_study(study, queue)
        self._resume_shift()

    def _use_study(self, study: OpenStudy, queue: CaseQueue) -> None:
        """Work by this study's plan, questionnaire and people from now on."""
        self._study = study
        self._instrument = study.instrument
        self._plan = study.plan
        self._store = study.store
        self._queue = queue
        self._outlook_at = None
        self._claims = CaseClaims(
            store=study.store, plan=study.plan, by=queue.who.login, station=queue.station, clock=self._clock
        )
        self._lookup = CaseLookup(study=study, to_local=self._to_local)
        self._interviews = CaseInterviews(
            study=study,
            by=queue.who.login,
            station=queue.station,
            clock=self._clock,
            to_local=self._to_local,
            dice=self._dice,
        )
        self.title = str(self._instrument.title.get(self._instrument.language))

    @property
    def stored_in(self) -> str:
        """The database."""
        return self._study.where

    @property
    def version_notice(self) -> str:
        """What to tell of the questionnaire's version; empty where it is the file's."""
        return self._study.notice

    def close(self) -> None:
        """Let go of the database."""
        self._study.close()

    def _to_local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)

    # what comes next

    def claim_next(self) -> Rejection | None:
        if self._case is not None:
            return Rejection("this case comes first: key its outcome, or leave it")
        if self._break_since is not None:
            return Rejection("you are on a break")
        at, token = self._clock(), self._token()
        try:
            if (stopped := self._find_stop(at)) is not None:
                self._idle_view, self._outlook_at = stopped, None
                return None
            found = self._queue.claim_next(at, token, passed=self._skipped)
            if found is None:
                self._idle_view = self._build_idle_view(at)
            else:
                self._show(self._claims.load_claimed(found[0], token))
        except StoreError as problem:
            self._idle_view, self._outlook_at = (
                IdleView(why=f"{problem.what} — {problem.remedy}", next_at=None),
                None,
            )
            return self._report_unsaved(problem)
        return None

    def _find_stop(self, at: datetime) -> IdleView | None:
        """Why no case is taken and no number dialed here, whatever the queue holds: the study is paused, or whoever
        sits here does not work on it any more. Files that changed are read again first. Raises StoreError."""
        if (barred := self._reload_files(at)) is not None:
            return barred
        pause = self._queue.read_pause()
        if pause is None:
            return None
        return IdleView(
            why=pause.describe(self._to_local(pause.since), self._to_local(at)),
            next_at=None,
            study_is_paused=True,
        )

    def _reload_files(self, at: datetime) -> IdleView | None:
        """Work by the changed plan from now on, unless its file has errors. Never while an interview goes on: that one
        keeps its questionnaire. An Idle that says why where the list of people has this interviewer no more."""
        if self._files is None or self._session is not None:
            return self._barred_view
        if not self._files.has_changed():
            self._update_queue(at)
            return self._barred_view
        self._barred_view = None
        fresh = self._files.reread(self._study)
        if isinstance(fresh, UserError):
            said = f"{fresh.where}: {fresh.what} — {fresh.remedy}"
            if fresh.where == self.interviewer:
                self._barred_view = IdleView(why=said, next_at=None)
            self._notice = f"{said}. The station goes on as before"
            return self._barred_view
        self._use_study(fresh, CaseQueue.of(fresh, self.station))
        self._notice, self._queue_is_outdated = (
            fresh.notice or "the study's files changed and were read again",
            True,
        )
        self._update_queue(at)
        return None

    def _update_queue(self, at: datetime) -> None:
        """Have the queue stand by the plan that was read last, and with it the case that left this station by the plan
        before. Raises StoreError, and is tried again then."""
        if self._queue_is_outdated:
            rebuild_queue(self._study, at, yielding=True)
            if self._last_case:
                update_queue_position(self._store, self._plan, self._last_case, at)
            self._queue_is_outdated = False

    def _apply_stop(self, at: datetime) -> Rejection | None:
        """Why nothing is dialed now though a case is on the screen. One that nobody called goes back to the queue, and
        comes again, its appointment too, when calls go on. Raises StoreError."""
        if (stopped := self._find_stop(at)) is None:
            return None
        here = self._case
        if here is not None and not (
            here.has_calls or here.has_open_call or here.pending_input or self._session is not None
        ):
            self._put_back()
            if self._case is None:
                self._idle_view = stopped
        return Rejection(stopped.why)

    def _build_idle_view(self, at: datetime) -> IdleView:
        """Found out once a minute while nobody can be called: all cases are counted, a second's work for a million."""
        if self._outlook_at is not None and self._outlook_at <= at < self._outlook_at + OUTLOOK_INTERVAL:
            return self._idle_view
        outlook, self._outlook_at = self._queue.find_outlook(at), at
        return IdleView(why=outlook.why, next_at=self._to_local(outlook.next_at) if outlook.next_at else None)

    def _claim(self, key: str) -> ClaimedCase | Rejection:
        taken = self._claims.claim(key, self._token())
        if taken is None:
            return Rejection(f"there is no case {key}")
        if isinstance(taken, LeaseHolder):
            return Rejection(f"{taken.by} has this case at station {taken.station}")
        return taken

    def _show(self, here: ClaimedCase, notice: str = "") -> None:
        """Put a case that was claimed on the screen."""
        self._outlook_at = None
        self._case = replace(
            here, notice=notice, interview_status=self._interviews.describe_state(here.case.key)
        )

    def keep_alive(self) -> None:
        here = self._case
        try:
            if self._link is not None:
                self._link.renew_lease()
            elif here is None:
                if self._break_since is None:
                    self.claim_next()
            elif self._apply_stop(self._clock()) is not None and self._case is None:
                return
            elif not self._claims.renew_lease(here):
                found = self._claims.recover(here)
                self._case = found if isinstance(found, ClaimedCase) else None
                if not isinstance(found, ClaimedCase):
                    lost = LeaseLost(here.case.key, found).message
                    self._notice = f"{here.case.key}: {lost}; what was kept before stays"
        except StoreError:
            return  # the next key will say so

    def _resume_shift(self) -> None:
        """Go on with the counts of this day: the program may have ended in the middle of the shift."""
        midnight = self._to_local(self._clock()).replace(hour=0, minute=0, second=0, microsecond=0)
        with suppress(StoreError):  # the first key will say so
            self._shift.resume(self._store.cases.list_calls(self.interviewer, midnight))

    def _count_appointments(self) -> None:
        self._shift.appointments = len(self._store.cases.list_appointments(owner=self.interviewer))

    # keeping

    def _append(self, *events: CaseEvent, release: bool = False, then_next: bool = True) -> Rejection | None:
        return self._save(CaseEvents(events=events, release=release), then_next=then_next)

    def _save(self, deed: CaseEvents, *, then_next: bool = True) -> Rejection | None:
        """Keep what happened, and only then show it; after the case's last event the next case comes."""
        here = self._case
        if here is None:
            return NO_CASE_ON_SCREEN
        lost = ""
        try:
            after = self._write(here, deed)
            if after is None:
                found = self._claims.recover(here)
                if isinstance(found, ClaimedCase):
                    here = found
                    after = self._write(here, deed)
                lost = LeaseLost(
                    here.case.key, here.row.holder if isinstance(found, ClaimedCase) else found
                ).message
        except StoreError as problem:
            return self._report_unsaved(problem)
        if after is None:
            self._case = self._session = None
            self._notice = f"not saved: {here.case.key}: {lost}"
            return Rejection(self._notice)
        self._case = after
        undone = ""
        if deed.tasks:
            try:
                undone = "; ".join(follow_up(self._study, here.case.key, after.history[-1].at))
            except StoreError as problem:
                undone = f"saved, but something is left to do: {problem.what} — {problem.remedy}"
        return self._show_saved(deed, after, undone, then_next=then_next)

    def _write(self, here: ClaimedCase, deed: CaseEvents) -> ClaimedCase | None:
        """The case after the deed is written; None where the case is another's now, or was written to."""
        after = self._claims.append_events(here, deed.events, deed.contact)
        lost = self._claims.save(here, after, release=deed.release, owed=deed.tasks)
        return after if lost is None else None

    def _show_saved(
        self, deed: CaseEvents, after: ClaimedCase, undone: str, *, then_next: bool
    ) -> Rejection | None:
        """Show what is kept of a deed; where it let go of the case, the next one comes."""
        at = after.history[-1].at
        self._case = after
        self._shift.count(deed.events)
        if any(isinstance(event, AppointmentMade) for event in deed.events):
            self._count_appointments()
        self._notice = undone
        if deed.release:
            self._drop_case(after, deed.outcome, at)
            if then_next and self._break_since is None:
                kept, self._notice = self._notice, ""
                rejected = self.claim_next()
                self._notice = "; ".join(filter(None, (kept, self._notice)))
                return rejected
        elif not after.has_open_call:
            self._case = after.move_to_next_number()
        return None

    def _drop_case(self, here: ClaimedCase, outcome: str, at: datetime) -> None:
        """The case left this station."""
        self._shift.add_time(at - here.shown_at)
        self._case = self._session = None
        self._last_case = here.case.key
        if outcome:
            self._last_outcome = (here.case.key, outcome)
            self._notice = (
                self._notice
                or f"{here.case.key}: {describe_outcome(outcome, self._plan)}, stored at {self._to_local(at):%H:%M}"
            )

    def _report_unsaved(self, problem: StoreError) -> Rejection:
        self._notice = f"not saved: {problem.what} — {problem.remedy}"
        return Rejection(self._notice)

    # letting go

    def _why_not_releasable(self) -> Rejection | None:
        """Why the case on the screen cannot be let go of yet."""
        owed = self._case.why_not_releasable() if self._case is not None else ""
        return Rejection(owed) if owed else None

    def _release(self, *, then_next: bool) -> Rejection | None:
        here = self._case
        if here is None:
            return None
        event = AttemptClosed() if here.has_calls else CaseReturned("given back")
        unsaved = self._append(event, release=True, then_next=then_next)
        if unsaved is None and not then_next:
            try:
                self._reload_files(self._clock())  # the case that left stands by the plan as it is now
            except StoreError as problem:
                return self._report_unsaved(problem)
        return unsaved

    def _put_back(self) -> None:
        """Put back the case on the screen, which nobody called or whose calls are keyed, before another comes."""
        here = self._case
        if here is not None and (unsaved := self._release(then_next=False)) is not None:
            self._case = here
            self._notice = unsaved.why
