"""One interviewer's station: the case that is on the screen, what is done to it, and what comes next. Every deed is on
the disk before the next is shown; no rule of its own stands here.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from survey_cli.desk import deeds, station_view
from survey_cli.desk.aftermath import followed
from survey_cli.desk.calling import (
    Away,
    FoundCase,
    Idle,
    Keeper,
    PromiseLine,
    Tally,
    Unclear,
    Understood,
    View,
)
from survey_cli.desk.case_interview import COMPLETE, CaseInterviews
from survey_cli.desk.claiming import Queue
from survey_cli.desk.conduct import Conduct
from survey_cli.desk.deeds import Deed
from survey_cli.desk.dialling import dial
from survey_cli.desk.held_case import HeldCase, Pending
from survey_cli.desk.holding import Desk
from survey_cli.desk.lists import Lists
from survey_cli.desk.quota_places import Places
from survey_cli.desk.seating import Clock
from survey_cli.engine.events import Rejected
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.appointments import read_appointment
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.events import (
    Called,
    Closed,
    Dialled,
    Event,
    Interviewing,
    Promised,
    RefusalNoted,
    Remarked,
    Returned,
    ScriptRead,
    TakenBack,
)
from survey_cli.fieldwork.policy import REFUSALS, Claimant, number_opening, standing, verdicts, zones_of
from survey_cli.fieldwork.promises import Meant
from survey_cli.fieldwork.promises import Unclear as NotMeant
from survey_cli.problems import Trouble
from survey_cli.reports.histories import outcome_words
from survey_cli.store import StoreProblem
from survey_cli.store.case_records import CaseRow, Held, Lease
from survey_cli.study.opening import Study

NOBODY: Final = Rejected("there is no case on the screen")
STRONGEST: Final = 3
"""Of refusals."""
LOOKED_AGAIN: Final = timedelta(minutes=1)
RENEWALS: Final = 10
"""How often a lease is prolonged in its own length."""
GIVES_WAY: Final = frozenset({"due", "day part", "owner", "skill", "language"})
"""Rules that a case fetched by its key need not keep: its respondent is on the line."""


class Station:
    """The real `Calling`: one interviewer, one case at a time."""

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
    ) -> None:
        self._study = study
        self._instrument = study.instrument
        self._plan = study.plan
        self._store = study.store
        self._queue = queue
        self._clock = clock
        self._zone = zone
        """This station's own; None: the computer's."""
        self._command = command
        self._token = token
        self._here: HeldCase | None = None
        self._desk: Desk | None = None
        self._idle = Idle(why="", next_at=None)
        self._looked_at: datetime | None = None
        """When it was last found out why nobody can be called; None: not since there was a case."""
        self._away: datetime | None = None
        self._said = ""
        self._last: tuple[str, str] | None = None
        """The case whose outcome was keyed last, and the outcome, for taking it back."""
        self._passed: set[str] = set()
        """Cases that this interviewer gave back uncalled: they are for others."""
        self._since = clock()
        self._done = self._calls = self._refusals = self._promised = 0
        self._talking = timedelta()
        self._renewed = clock()
        self._places = Places(store=study.store, plan=study.plan, clock=clock)
        self._lists = Lists(study=study, local=self._local)
        self._interviews = CaseInterviews(
            study=study,
            by=queue.who.login,
            station=queue.station,
            clock=clock,
            behind=self,
            local=self._local,
            dice=dice,
        )
        self.title = str(self._instrument.title.written(self._instrument.language))
        self.station = queue.station
        self.interviewer = queue.who.login

    def close(self) -> None:
        """Let go of the database."""
        self._study.close()

    # what is shown

    def view(self) -> View:
        if self._here is not None:
            return station_view.on_case(self._here, self._study, at=self._clock(), local=self._local)
        now = self._local(self._clock())
        if self._away is not None:
            return Away(since=self._local(self._away), here=now)
        return replace(self._idle, here=now)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._zone)

    def tally(self) -> Tally:
        here = self._here
        now = self._clock()
        spent = now - here.shown_at if here is not None else timedelta()
        return Tally(
            done=self._done,
            calls=self._calls,
            refusals=self._refusals,
            promises=self._promised,
            since=self._local(self._since),
            talking=self._talking + spent,
        )

    def notice(self) -> str:
        return self._said

    # what comes next

    def start(self) -> Rejected | None:
        """Sit down: a case that was this station's when its terminal died comes back, else the next one is taken."""
        try:
            self._count_promises()
            for row in self._store.cases.rows(status="leased"):
                if row.held is not None and row.held[:2] == (self.interviewer, self.station):
                    return self._come_back_to(row)
        except StoreProblem as problem:
            return self._unsaved(problem)
        return self.take_next()

    def take_next(self) -> Rejected | None:
        if self._here is not None:
            return Rejected("this case comes first: key its outcome, or leave it")
        if self._away is not None:
            return Rejected("you are on a pause")
        at, token = self._clock(), self._token()
        try:
            found = self._queue.next(at, token, passed=self._passed)
            if found is None:
                self._idle = self._why_idle(at)
            else:
                self._show(*found, token=token)
        except StoreProblem as problem:
            self._idle, self._looked_at = Idle(why=f"{problem.what} — {problem.remedy}", next_at=None), None
            return self._unsaved(problem)
        return None

    def _why_idle(self, at: datetime) -> Idle:
        """Found out once a minute while nobody can be called: all cases are counted, a second's work for a million."""
        if self._looked_at is not None and self._looked_at <= at < self._looked_at + LOOKED_AGAIN:
            return self._idle
        outlook, self._looked_at = self._queue.outlook(at), at
        return Idle(why=outlook.why, next_at=self._local(outlook.next_at) if outlook.next_at else None)

    def _show(self, row: CaseRow, case: Case, *, token: str, notice: str = "") -> None:
        """Put a case that was claimed on the screen."""
        self._looked_at = None
        cases = self._store.cases
        number = case.next_number
        sitting = case.claimed
        current = (
            sitting.dialled if sitting is not None and sitting.dialled else number.position if number else 0
        )
        self._here = HeldCase(
            row=row,
            case=case,
            history=tuple(cases.history(row.key)),
            contact=cases.contact(row.key),
            token=token,
            current=current,
            notice=notice,
            interview=self._interviews.stands(row.key),
            shown_at=self._clock(),
        )

    def beat(self) -> None:
        here, at = self._here, self._clock()
        try:
            if here is None:
                if self._away is None:
                    self.take_next()
            elif self._store.cases.renew(here.row.key, here.token, at + self._plan.lease):
                self._renewed = at
            else:
                self._here = None
                self._said = f"{here.case.key} is another station's now; what was keyed before is kept"
        except StoreProblem:
            return  # the next key will say so

    # behind the interview

    calling = True

    def place(self, id: str, interview: Interview, quota: str) -> str:
        return self._places(id, interview, quota)

    def alive(self) -> None:
        """The lease is prolonged well before it runs out, and not at every key."""
        if self._clock() - self._renewed > self._plan.lease / RENEWALS:
            self.beat()

    def left(self, desk: Desk) -> None:
        return

    # one case

    def dial(self) -> Rejected | str:
        here = self._here
        if here is None:
            return NOBODY
        number = here.case.number(here.current)
        if number is None:
            return Rejected("this case has no number that can be dialled")
        why = number_opening(here.case, number, self._plan, self._clock()) or self._forbidden(here)
        if why:
            return Rejected(f"not now: {why}")
        kept = here.kept_number(number.position)
        if kept is None:
            return Rejected("its digits are not kept any more")
        if (unsaved := self._do(Dialled(number.position))) is not None:
            return unsaved
        by_hand = self._plan.by_hand(number.line, here.case.columns)
        if not self._command or by_hand:
            return f"dial {kept.shown}"
        return dial(self._command, kept.e164) or f"{kept.shown} is ringing"

    def _forbidden(self, here: HeldCase) -> str:
        """Why nobody may ring this case, whoever asks for it."""
        claimant = Claimant(
            at=self._clock(),
            who=self._queue.who,
            people=self._queue.people,
            full=self._plan.quotas.full(self._store.cases.fill()),
            never_call=self._queue.on_the_list(here.row.key),
            fetched=True,
        )
        said = verdicts(here.case, self._plan, claimant)
        return next((v.says for v in said if not v.allows and v.rule not in GIVES_WAY), "")

    def choose(self, position: int) -> Rejected | None:
        here = self._here
        number = here.case.number(position) if here is not None else None
        if here is None or number is None:
            return Rejected("there is no such number")
        if number.state != "live":
            return Rejected(
                "this number is dead" if number.state == "dead" else "this number is never to be called"
            )
        if here.case.claimed is not None and here.case.claimed.dialled not in (0, position):
            return Rejected("key what came of the call that was dialled first")
        self._here = replace(here, current=position)
        return None

    def record(
        self, outcome: str, *, note: str = "", number: str = "", language: str = ""
    ) -> Rejected | None:
        here = self._here
        row = self._plan.outcomes.get(outcome)
        if here is None or row is None:
            return NOBODY if here is None else Rejected(f"{outcome} is no outcome")
        deed = deeds.keyed(
            here,
            row,
            self._plan,
            self._desk,
            note=note.strip(),
            number=number,
            language=language,
            link=self._token(),
        )
        return deed if isinstance(deed, Rejected) else self._keep(deed)

    def add_number(self, text: str) -> Rejected | None:
        here = self._here
        if here is None:
            return NOBODY
        deed = deeds.another_number(here, text, self._plan, link=self._token())
        if isinstance(deed, Rejected):
            return deed
        unsaved = self._keep(deed)
        return unsaved if unsaved is not None else self.choose(max(n.position for n in self._case.numbers))

    def remark(self, text: str) -> Rejected | None:
        if not text.strip():
            return Rejected("an empty note is not kept")
        return self._do(Remarked(text.strip()))

    def note_refusal(self, *, reason: str = "", strength: int = 0, who: str = "") -> Rejected | None:
        if not 0 <= strength <= STRONGEST:
            return Rejected(f"how strong: 1 to {STRONGEST}")
        noted = RefusalNoted(reason.strip(), strength, who.strip())
        if noted == RefusalNoted():
            return Rejected("an empty note is not kept")
        return self._do(noted)

    def spoke(self, script: str) -> Rejected | None:
        if script not in {s.id for s in self._plan.scripts}:
            return Rejected("there is no such text")
        return self._do(ScriptRead(script))

    # appointments

    def read_time(self, text: str, reading: int = 0) -> Understood | Unclear:
        meant = self._meant(text, reading)
        if isinstance(meant, NotMeant):
            return Unclear(why=str(meant), choices=tuple(c.echo(self._zone_name) for c in meant.choices))
        return Understood(echo=meant.echo(self._zone_name), hint=meant.hint)

    def _meant(self, text: str, reading: int) -> Meant | NotMeant:
        here = self._here
        if here is None:
            return NotMeant(what=NOBODY.why)
        zones = zones_of(here.case, here.case.number(here.current), self._plan)
        found = read_appointment(text, now=self._clock(), zones=zones, calendar=self._plan.calendar)
        if isinstance(found, NotMeant) and 0 < reading <= len(found.choices):
            return found.choices[reading - 1]
        return found

    @property
    def _zone_name(self) -> str:
        return self._zone.key if self._zone is not None else ""

    def book(
        self, text: str, *, reading: int = 0, keeper: Keeper = "anyone", person: str = "", note: str = ""
    ) -> Rejected | None:
        here = self._here
        meant = self._meant(text, reading)
        if here is None or isinstance(meant, NotMeant):
            return Rejected(str(meant)) if isinstance(meant, NotMeant) else NOBODY
        deed = deeds.booked(
            here, meant, self._plan, self._desk, by=self.interviewer, keeper=keeper, person=person, note=note
        )
        return self._keep(deed)

    # the interview

    def interview(self) -> Conduct | Rejected:
        here = self._here
        if here is None:
            return NOBODY
        if here.case.blocked or here.case.erased:
            return Rejected("this case is never to be called again")
        if here.interview == COMPLETE:
            return Rejected("its interview is complete: a supervisor can reopen it")
        try:
            desk = self._interviews.sit_down(here)
        except StoreProblem as problem:
            return self._unsaved(problem)
        if isinstance(desk, Trouble):
            return Rejected(f"{desk.what} — {desk.remedy}" if desk.remedy else desk.what)
        self._desk = desk
        unsaved = self._do(Interviewing(desk.id))
        return desk if unsaved is None else unsaved

    def came_back(self) -> Rejected | None:
        here, desk = self._here, self._desk
        closing = desk.closing() if desk is not None else None
        if here is None or desk is None:
            return Rejected("no interview was begun here")
        row = closing.outcome if closing is not None else None
        if (
            closing is None
            or row is None
            or (closing.status == "suspended" and self._plan.delays.get(row.id) == "appointment")
        ):
            owed: Pending = "outcome" if row is None else "time"
            try:
                stands = self._interviews.stands(here.row.key)
            except StoreProblem as problem:
                return self._unsaved(problem)
            self._here = replace(here, pending=owed, interview=stands)
            return None
        return self._keep(deeds.came_to(here, desk, row, closing.status, self._plan))

    def _come_back_to(self, row: CaseRow) -> Rejected | None:
        """A case that was this station's when its terminal died: said plainly, with all that was keyed."""
        taken = self._claim(row.key)
        if isinstance(taken, Rejected):
            return taken
        row, case, token = taken
        sitting = case.claimed
        began = f"{self._local(sitting.began):%H:%M}" if sitting is not None else ""
        if case.interviewing:
            notice = f"You were on this case since {began}: its interview was going on. Go on with it, or key an outcome."
        elif sitting is not None and sitting.dialled:
            notice = f"You were on this case since {began}: a number was dialled, and what came of it was not keyed."
        else:
            notice = f"You were on this case since {began}."
        self._show(row, case, token=token, notice=notice)
        return None

    # other cases

    def find(self, text: str) -> tuple[FoundCase, ...]:
        try:
            return self._lists.found(text)
        except StoreProblem as problem:
            self._unsaved(problem)
            return ()

    def fetch(self, key: str) -> Rejected | None:
        if (busy := self._in_the_middle()) is not None:
            return busy
        try:
            taken = self._claim(key)
            if isinstance(taken, Rejected):
                return taken
            row, case, token = taken
            if self._here is not None:
                self._return()
            self._show(row, case, token=token)
            here = self._here
            why = self._forbidden(here) if here is not None else ""
            if here is not None and why:
                self._here = replace(here, notice=f"Not to be dialled from here: {why}.")
        except StoreProblem as problem:
            return self._unsaved(problem)
        self._away = None
        return None

    def _claim(self, key: str) -> tuple[CaseRow, Case, str] | Rejected:
        at, token = self._clock(), self._token()
        lease = Lease(token, self.interviewer, self.station, at + self._plan.lease)
        row = self._store.cases.claim_case(key, lease, at)
        if row is None:
            return Rejected(f"there is no case {key}")
        if isinstance(row, Held):
            return Rejected(f"{row.by} has this case at station {row.station}")
        return row, Case.of(key, self._store.cases.history(key)), token

    def take_back(self) -> Rejected | None:
        if (busy := self._in_the_middle()) is not None:
            return busy
        if self._last is None:
            return Rejected("nothing was keyed that could be taken back")
        key, outcome = self._last
        kind = self._plan.outcomes[outcome].like or outcome
        if station_view.WANTS.get(kind) == "sure" or kind == "complete":
            return Rejected("that is for a supervisor to correct: survey outcome")
        try:
            taken = self._claim(key)
            if isinstance(taken, Rejected):
                return taken
            row, case, token = taken
            if self._here is not None:
                self._return()
            self._show(row, case, token=token)
        except StoreProblem as problem:
            return self._unsaved(problem)
        unsaved = self._do(TakenBack())
        if unsaved is None and self._here is not None and case.last_call is not None:
            self._here = replace(self._here, current=case.last_call.number)
            self._last = None
            self._said = "taken back: key what it was"
        return unsaved

    def promises(self) -> tuple[PromiseLine, ...]:
        try:
            return self._lists.promises(self.interviewer, self._clock())
        except StoreProblem as problem:
            self._unsaved(problem)
            return ()

    def _count_promises(self) -> None:
        self._promised = len(self._store.cases.promises(owner=self.interviewer))

    # letting go

    def _in_the_middle(self) -> Rejected | None:
        """Why the case on the screen cannot be let go of yet."""
        owed = self._here.owed() if self._here is not None else ""
        return Rejected(owed) if owed else None

    def finish(self) -> Rejected | None:
        here = self._here
        if here is None:
            return NOBODY
        if (owed := self._in_the_middle()) is not None:
            return owed
        if not here.called:
            self._passed.add(here.case.key)
        return self._let_go(then_next=True)

    def _let_go(self, *, then_next: bool) -> Rejected | None:
        here = self._here
        if here is None:
            return None
        event = Closed() if here.called else Returned("given back")
        return self._do(event, release=True, then_next=then_next)

    def _return(self) -> None:
        """Put back the case on the screen, which nobody called or whose calls are keyed, before another comes."""
        here = self._here
        if here is not None and (unsaved := self._let_go(then_next=False)) is not None:
            self._here = here
            self._said = unsaved.why

    def pause(self) -> Rejected | None:
        if (busy := self._in_the_middle()) is not None:
            return busy
        if (unsaved := self._let_go(then_next=False)) is not None:
            return unsaved
        self._away = self._clock()
        return None

    def go_on(self) -> Rejected | None:
        self._away = None
        return self.take_next() if self._here is None else None

    def leave(self) -> Rejected | None:
        return self._in_the_middle() or self._let_go(then_next=False)

    # keeping

    def _do(self, *events: Event, release: bool = False, then_next: bool = True) -> Rejected | None:
        return self._keep(Deed(events=events, release=release), then_next=then_next)

    def _keep(self, deed: Deed, *, then_next: bool = True) -> Rejected | None:
        """Keep what happened, and only then show it; after the case's last event the next case comes."""
        here = self._here
        if here is None:
            return NOBODY
        entries = here.entries(deed.events, at=self._clock(), by=self.interviewer, station=self.station)
        case = here.case
        for entry in entries:
            case = case.after(entry)
        at = entries[-1].at
        try:
            lost = self._store.cases.write(
                case.key,
                seq=here.case.seq,
                entries=entries,
                standing=standing(case, self._plan, at),
                token=here.token,
                release=deed.release,
                renew_until=at + self._plan.lease,
                contact=deed.contact,
            )
        except StoreProblem as problem:
            return self._unsaved(problem)
        if lost is not None:
            self._here = self._desk = None
            self._said = f"not kept: {case.key} is another station's now"
            return Rejected(self._said)
        self._here = here.further(case, entries, deed.contact)
        self._count(deed.events)
        self._said = followed(
            self._study, here, case, deed, self._desk, self._places, at=at, by=self.interviewer
        )
        if deed.release:
            self._gone(here, deed.outcome, at)
            if then_next and self._away is None:
                return self.take_next()
        elif not self._here.dialled:
            self._next_number(case)
        return None

    @property
    def _case(self) -> Case:
        assert self._here is not None
        return self._here.case

    def _gone(self, here: HeldCase, outcome: str, at: datetime) -> None:
        """The case left this station."""
        self._talking += at - here.shown_at
        self._here = self._desk = None
        if outcome:
            self._last = (here.case.key, outcome)
            self._said = (
                self._said or f"{outcome_words(outcome, self._plan)}: kept at {self._local(at):%H:%M}"
            )

    def _next_number(self, case: Case) -> None:
        """After a call, the number that can be tried next is the one that is dialled."""
        here = self._here
        number = case.next_number
        if here is None or case.claimed is None or not case.claimed.calls or number is None:
            return
        if any(call.number == here.current for call in case.claimed.calls):
            self._here = replace(here, current=number.position)

    def _count(self, events: Sequence[Event]) -> None:
        calls = [event for event in events if isinstance(event, Called)]
        self._calls += len(calls)
        self._done += sum(call.outcome == "complete" for call in calls)
        self._refusals += sum(call.outcome in REFUSALS for call in calls)
        if any(isinstance(event, Promised) for event in events):
            self._count_promises()

    def _unsaved(self, problem: StoreProblem) -> Rejected:
        self._said = f"not kept: {problem.what} — {problem.remedy}"
        return Rejected(self._said)
