"""One interviewer's station: what is done with the case on the screen, and what is shown of it. Every deed is on the disk
before the next is shown; no rule of its own stands here.
"""

from dataclasses import replace

from survey_cli.engine.events import Rejection
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.appointments.appointment import Meant
from survey_cli.fieldwork.appointments.appointment import Unclear as NotMeant
from survey_cli.fieldwork.case.events import (
    Dialled,
    Remarked,
    ScriptRead,
    TakenBack,
)
from survey_cli.fieldwork.queue.rules import number_opening
from survey_cli.outcomes import Outcome
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import clean
from survey_cli.sessions.case import outcome_events
from survey_cli.sessions.case.case_interview import COMPLETE
from survey_cli.sessions.case.case_link import CaseLink
from survey_cli.sessions.case.claimed_case import HeldCase, Pending
from survey_cli.sessions.case.outcome_events import Deed
from survey_cli.sessions.interview.interview_protocol import Conduct
from survey_cli.sessions.station import station_view
from survey_cli.sessions.station.dialing import dial
from survey_cli.sessions.station.station_case import NOBODY, StationCase
from survey_cli.sessions.station.station_protocol import (
    Away,
    FoundCase,
    Keeper,
    PromiseLine,
    Tally,
    Unclear,
    Understood,
    View,
)
from survey_cli.store import StoreError
from survey_cli.study.consistency.reconciliation import reconcile_returned


class Station(StationCase):
    """The real `Calling`: one interviewer, one case at a time."""

    # what is shown

    def view(self) -> View:
        if self._here is not None:
            return station_view.on_case(self._here, self._study, at=self._clock(), local=self._local)
        now = self._local(self._clock())
        if self._away is not None:
            return Away(since=self._local(self._away), here=now)
        return replace(self._idle, here=now)

    def tally(self) -> Tally:
        shown_at = self._here.shown_at if self._here is not None else None
        return self._shift.tally(self._clock(), shown_at=shown_at, local=self._local)

    def notice(self) -> str:
        return self._said

    @property
    def repairs(self) -> list[str]:
        """What opening the study put right, a sentence each."""
        return self._study.repairs

    # what comes next

    def start(self) -> Rejection | None:
        """Sit down: a case that was this station's when its terminal died comes back, else the next one is taken."""
        try:
            self._count_promises()
            for row in self._store.cases.rows(status="leased"):
                if row.held is not None and row.held[:2] == (self.interviewer, self.station):
                    return self._come_back_to(row.key)
        except StoreError as problem:
            return self._unsaved(problem)
        return self.take_next()

    def _come_back_to(self, key: str) -> Rejection | None:
        """A case that was this station's when its terminal died: said plainly, with all that was keyed."""
        if ended := reconcile_returned(self._store, self._plan, key, self._clock()):
            self._said = ended
            return self.take_next()
        taken = self._take(key)
        if isinstance(taken, Rejection):
            return taken
        self._show(taken, station_view.came_back(taken.case, self._local))
        if self._here is not None:
            self._here = replace(self._here, pending=self._interviews.owed(taken))
        return None

    # one case

    def dial(self) -> Rejection | str:
        here = self._here
        if here is None:
            return NOBODY
        number = here.case.number(here.current)
        if number is None:
            return Rejection("this case has no number that can be dialed")
        at = self._clock()
        self._said = ""
        try:
            if (stopped := self._heed(at)) is not None:
                return stopped
            why = number_opening(here.case, number, self._plan, at) or self._queue.forbids(here.case, at)
        except StoreError as problem:
            return self._unsaved(problem)
        changed = f"; {self._said}" if self._said else ""
        if why:
            return Rejection(f"not now: {why}{changed}")
        kept = here.kept_number(number.position)
        if kept is None:
            return Rejection("its digits have been erased")
        if (unsaved := self._do(Dialled(number.position))) is not None:
            return unsaved
        by_hand = self._plan.by_hand(number.line, here.case.columns)
        if not self._command or by_hand:
            return f"dial {kept.shown}{changed}"
        return dial(self._command, kept.e164) or f"{kept.shown} is ringing{changed}"

    def choose(self, position: int) -> Rejection | None:
        chosen = self._here.chosen(position) if self._here is not None else NOBODY
        if isinstance(chosen, Rejection):
            return chosen
        self._here = chosen
        return None

    def record(
        self, outcome: str, *, note: str = "", number: str = "", language: str = ""
    ) -> Rejection | None:
        here = self._here
        row = self._plan.outcomes.get(outcome)
        if here is None or row is None:
            return NOBODY if here is None else Rejection(f"{outcome} is no outcome")
        deed = outcome_events.keyed(
            here,
            row,
            self._plan,
            self._talked,
            note=clean(note),
            number=number,
            language=language,
            link=self._token(),
        )
        return deed if isinstance(deed, Rejection) else self._keep(deed)

    def add_number(self, text: str) -> Rejection | None:
        here = self._here
        if here is None:
            return NOBODY
        deed = outcome_events.another_number(here, text, self._plan, link=self._token())
        if isinstance(deed, Rejection):
            return deed
        if (unsaved := self._keep(deed)) is not None or self._here is None:
            return unsaved
        return self.choose(max(n.position for n in self._here.case.numbers))

    def remark(self, text: str) -> Rejection | None:
        if not (text := clean(text)):
            return Rejection("an empty note is not saved")
        return self._do(Remarked(text))

    def note_refusal(self, *, reason: str = "", strength: int = 0, who: str = "") -> Rejection | None:
        noted = outcome_events.refusal_noted(reason, strength, who)
        return noted if isinstance(noted, Rejection) else self._do(noted)

    def spoke(self, script: str) -> Rejection | None:
        if script not in {s.id for s in self._plan.scripts}:
            return Rejection("there is no such text")
        return self._do(ScriptRead(script))

    # appointments

    def read_time(self, text: str, reading: int = 0) -> Understood | Unclear:
        meant = self._meant(text, reading)
        if isinstance(meant, NotMeant):
            return Unclear(why=str(meant), choices=tuple(c.echo(self._zone_name) for c in meant.choices))
        return Understood(echo=meant.echo(self._zone_name), hint=meant.hint)

    def _meant(self, text: str, reading: int) -> Meant | NotMeant:
        if self._here is None:
            return NotMeant(what=NOBODY.why)
        return outcome_events.time_meant(
            self._here,
            text,
            self._plan,
            reading=reading,
            at=self._clock(),
            station_zone=self._zone_name,
            languages=self._instrument.languages,
        )

    @property
    def _zone_name(self) -> str:
        return self._zone.key if self._zone is not None else ""

    def book(
        self, text: str, *, reading: int = 0, keeper: Keeper = "anyone", person: str = "", note: str = ""
    ) -> Rejection | None:
        here = self._here
        meant = self._meant(text, reading)
        if here is None or isinstance(meant, NotMeant):
            return Rejection(str(meant)) if isinstance(meant, NotMeant) else NOBODY
        deed = outcome_events.booked(
            here,
            meant,
            self._plan,
            self._talked,
            by=self.interviewer,
            keeper=keeper,
            person=person,
            note=note,
        )
        return self._keep(deed)

    # the interview

    def interview(self) -> Conduct | Rejection:
        here = self._here
        if here is None:
            return NOBODY
        if here.case.blocked or here.case.erased:
            return Rejection("this case is never to be called again")
        if here.interview == COMPLETE:
            return Rejection("its interview is complete: a supervisor can reopen it")
        link = CaseLink(self._study, self._keeping, here, self._decided)
        try:
            desk = self._interviews.sit_down(here, link)
        except StoreError as problem:
            return self._unsaved(problem)
        if isinstance(desk, UserError):
            return Rejection(f"{desk.what} — {desk.remedy}" if desk.remedy else desk.what)
        self._desk, self._link, self._here = desk, link, link.here
        return desk

    def _decided(
        self, here: HeldCase, interview: Interview, row: Outcome | None, by_route: bool
    ) -> Deed | Pending:
        return outcome_events.after_interview(here, interview, row, self._plan, by_route=by_route)

    @property
    def _talked(self) -> Interview | None:
        """The interview that was conducted with the case on the screen."""
        return self._desk.interview if self._desk is not None else None

    def came_back(self, *, then_next: bool = True) -> Rejection | None:
        link, desk = self._link, self._desk
        if link is None or desk is None:
            return Rejection("no interview was begun here")
        self._link, here = None, link.here
        if link.deed is not None:
            return self._kept(link.deed, here, link.said, then_next=then_next)
        closing = desk.closing()
        if closing is not None and closing.status == "lost":
            self._here = self._desk = None
            self._said = f"{here.case.key}: {closing.remark}; what was kept before stays"
            return self.take_next() if then_next else None
        try:
            stands = self._interviews.stands(here.row.key)
        except StoreError as problem:
            return self._unsaved(problem)
        self._here = replace(here, pending=link.pending, interview=stands)
        return None

    # other cases

    def find(self, text: str) -> tuple[FoundCase, ...]:
        try:
            return self._lists.found(text)
        except StoreError as problem:
            self._unsaved(problem)
            return ()

    def fetch(self, key: str) -> Rejection | None:
        if (busy := self._in_the_middle()) is not None:
            return busy
        try:
            stopped = self._stopped(self._clock())
            if stopped is not None and not stopped.paused:
                return Rejection(stopped.why)
            taken = self._take(key)
            if isinstance(taken, Rejection):
                return taken
            self._return()
            self._show(taken)
            why = stopped.why if stopped is not None else self._queue.forbids(taken.case, self._clock())
            if why and self._here is not None:
                self._here = replace(self._here, notice=f"Not to be dialed from here: {why}.")
            elif self._here is not None and not self._queue.who.speaks(taken.case.language):
                said = f"This case needs {taken.case.language}, which {self.interviewer} does not speak."
                self._here = replace(self._here, notice=said)
        except StoreError as problem:
            return self._unsaved(problem)
        self._away = None
        return None

    def take_back(self) -> Rejection | None:
        if (busy := self._in_the_middle()) is not None:
            return busy
        if self._last is None:
            return Rejection("there is no outcome to take back")
        key, outcome = self._last
        if not outcome_events.may_be_taken_back(outcome, self._plan):
            return Rejection(f"{key}: only a supervisor can correct that: survey outcome")
        try:
            taken = self._take(key)
            if isinstance(taken, Rejection):
                return taken
            self._return()
            self._show(taken)
        except StoreError as problem:
            return self._unsaved(problem)
        unsaved = self._do(TakenBack())
        if unsaved is None and self._here is not None and taken.case.last_call is not None:
            self._here = replace(self._here, current=taken.case.last_call.number)
            self._last = None
            self._said = f"{key}: outcome taken back; key the right one"
        return unsaved

    def promises(self) -> tuple[PromiseLine, ...]:
        try:
            return self._lists.promises(self.interviewer, self._clock())
        except StoreError as problem:
            self._unsaved(problem)
            return ()

    # letting go

    def finish(self) -> Rejection | None:
        here = self._here
        if here is None:
            return NOBODY
        if (owed := self._in_the_middle()) is not None:
            return owed
        if not here.called:
            self._passed.add(here.case.key)
        return self._let_go(then_next=True)

    def pause(self) -> Rejection | None:
        if (busy := self._in_the_middle()) is not None:
            return busy
        if (unsaved := self._let_go(then_next=False)) is not None:
            return unsaved
        self._away = self._clock()
        return None

    def go_on(self) -> Rejection | None:
        self._away = None
        return self.take_next() if self._here is None else None

    def leave(self) -> Rejection | None:
        return self._in_the_middle() or self._let_go(then_next=False)
