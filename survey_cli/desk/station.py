"""One interviewer's station: the case that is on the screen, what is done to it, and what comes next. Every deed is on
the disk before the next is shown; no rule of its own stands here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from survey_cli.desk import station_view
from survey_cli.desk.calling import (
    Away,
    FoundCase,
    Idle,
    Keeper,
    OnCase,
    PromiseLine,
    Tally,
    Unclear,
    Understood,
    View,
)
from survey_cli.desk.claiming import Queue
from survey_cli.desk.conduct import Conduct
from survey_cli.desk.dialling import dial
from survey_cli.desk.holding import Desk
from survey_cli.desk.quota_places import Places, progress
from survey_cli.desk.seating import Clock, Seating, seated
from survey_cli.engine.events import Rejected
from survey_cli.fieldwork import appointments
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.coding import coded, interview_code
from survey_cli.fieldwork.events import (
    Blocked,
    Called,
    Closed,
    Dialled,
    Entry,
    Event,
    Interviewing,
    NumberAdded,
    NumberFacts,
    NumberMarked,
    Promised,
    Remarked,
    Returned,
    ScriptRead,
    Speaks,
    TakenBack,
    Unpromised,
)
from survey_cli.fieldwork.policy import REFUSALS, Claimant, number_opening, standing, verdicts
from survey_cli.problems import Trouble
from survey_cli.samples.numbers import NotANumber, read_number
from survey_cli.store import StoreProblem
from survey_cli.store.case_records import CaseRow, Contact, ContactNumber, Held, Lease
from survey_cli.study.opening import Study
from survey_cli.values import Missing

BREAKS: Final = REFUSALS | {"break_off"}
"""Outcomes that break an interview off: how far it came decides what it counts as."""
DEAD: Final = frozenset({"dead", "4.20", "4.32", "4.41", "4.51"})
"""Codes of an outcome that finish the number it was dialled at."""
GIVES_WAY: Final = frozenset({"due", "day part", "owner", "skill", "language"})
"""Rules that a case fetched by its key need not keep: its respondent is on the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """The case that is this station's now."""

    row: CaseRow
    case: Case
    history: tuple[Entry, ...]
    contact: Contact | None
    token: str
    current: int
    """The number that is dialled next."""
    shown_at: datetime
    interview: str = ""
    """Where its interview stands, in words."""
    notice: str = ""
    pending: str = ""


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
        self._here: _Here | None = None
        self._desk: Desk | None = None
        self._idle = Idle(why="", next_at=None)
        self._away: datetime | None = None
        self._said = ""
        self._last: tuple[str, str] | None = None
        """The case whose outcome was keyed last, and the outcome, for taking it back."""
        self._since = clock()
        self._done = self._calls = self._refusals = self._promised = 0
        self._talking = timedelta()
        self._added: Contact | None = None
        """The contact with a number that is about to be kept."""
        self._places = Places(store=study.store, plan=study.plan, clock=clock)
        self.title = str(self._instrument.title.written(self._instrument.language))
        self.station = queue.station
        self.interviewer = queue.who.login

    def close(self) -> None:
        """Let go of the database."""
        self._study.close()

    # what is shown

    def view(self) -> View:
        if self._here is not None:
            return self._on_case(self._here)
        return Away(since=self._local(self._away)) if self._away is not None else self._idle

    def _on_case(self, here: _Here) -> OnCase:
        at = self._clock()
        case, plan = here.case, self._plan
        number = case.number(here.current)
        zones = case.zones(number)
        zone = ZoneInfo(zones[0]) if zones else None
        opening = plan.calendar.opening(zones, at)
        first, more = station_view.choices(plan)
        language = case.language or self._instrument.language
        booking = case.booking
        return OnCase(
            key=case.key,
            name=station_view.name_of(self._instrument, case, here.contact),
            details=station_view.details(self._instrument, case, here.contact),
            attempt=len(case.counted) + (0 if case.claimed is not None and case.claimed.calls else 1),
            limit=plan.limits.total,
            numbers=station_view.number_lines(case, here.contact, plan, here.current, at),
            there=at.astimezone(zone) if zone is not None else None,
            here=self._local(at),
            until=opening.until.astimezone(zone) if opening.until is not None and zone is not None else None,
            ask_for=booking.promise.person if booking is not None else "",
            promise=station_view.promise_words(case, plan),
            past=station_view.past(list(here.history), plan, zone),
            first=first,
            more=more,
            scripts=station_view.scripts(plan, case, language),
            faq=tuple((_plain(ask), _plain(say)) for ask, say in self._faq(language)),
            interview=here.interview,
            dialled=case.claimed is not None and case.claimed.dialled != 0,
            pending=here.pending,  # type: ignore[arg-type]
            notice=here.notice,
        )

    def _faq(self, language: str) -> list[tuple[str, str]]:
        env: dict[str, object] = {}
        return [
            (
                "".join(s.text for s in ask.fill(env, language)),
                "".join(s.text for s in say.fill(env, language)),
            )
            for ask, say in self._instrument.faq
        ]

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
            found = self._queue.next(at, token)
            if found is None:
                self._idle = self._why_idle(at)
            else:
                self._show(*found, token=token)
        except StoreProblem as problem:
            self._idle = Idle(why=f"{problem.what} — {problem.remedy}", next_at=None)
            return self._unsaved(problem)
        return None

    def _why_idle(self, at: datetime) -> Idle:
        outlook = self._queue.outlook(at)
        return Idle(why=outlook.why, next_at=self._local(outlook.next_at) if outlook.next_at else None)

    def _show(self, row: CaseRow, case: Case, *, token: str, notice: str = "") -> None:
        """Put a case that was claimed on the screen."""
        cases = self._store.cases
        number = case.next_number
        sitting = case.claimed
        current = (
            sitting.dialled if sitting is not None and sitting.dialled else number.position if number else 0
        )
        self._here = _Here(
            row=row,
            case=case,
            history=tuple(cases.history(row.key)),
            contact=cases.contact(row.key),
            token=token,
            current=current,
            notice=notice,
            interview=self._interview_so_far(row.key),
            shown_at=self._clock(),
        )

    def _interview_so_far(self, key: str) -> str:
        earlier = self._store.interviews(case=key, origin="real")
        if not earlier:
            return ""
        last = max(earlier, key=lambda row: row.number)
        if last.status == "ended" and last.outcome == "complete":
            return "complete"
        version = next((i.version for i in self._store.instruments() if i.hash == last.instrument), "")
        when = self._local(last.updated_at)
        at_item = f" at {last.at_item}" if last.at_item else ""
        return f"open{at_item}, {when:%a %H:%M}{f', version {version}' if version else ''}"

    def beat(self) -> None:
        here, at = self._here, self._clock()
        try:
            if here is None:
                if self._away is None:
                    self.take_next()
            elif not self._store.cases.renew(here.row.key, here.token, at + self._plan.lease):
                self._here = None
                self._said = f"{here.case.key} is another station's now; what was keyed before is kept"
        except StoreProblem:
            return  # the next key will say so

    # one case

    def dial(self) -> Rejected | str:
        here = self._here
        if here is None:
            return Rejected("there is no case on the screen")
        number = here.case.number(here.current)
        if number is None:
            return Rejected("this case has no number that can be dialled")
        why = number_opening(here.case, number, self._plan, self._clock()) or self._forbidden(here)
        if why:
            return Rejected(f"not now: {why}")
        kept = (
            next((n for n in here.contact.numbers if n.position == number.position), None)
            if here.contact
            else None
        )
        if kept is None or not kept.e164:
            return Rejected("its digits are not kept any more")
        if (unsaved := self._do(Dialled(number.position))) is not None:
            return unsaved
        by_hand = self._plan.country in station_view.BY_HAND and number.line != "fixed"
        if not self._command or by_hand:
            return f"dial {kept.shown}"
        return dial(self._command, kept.e164) or f"{kept.shown} is ringing"

    def _forbidden(self, here: _Here) -> str:
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
            return Rejected("there is no case on the screen" if here is None else f"{outcome} is no outcome")
        if outcome in station_view.NEVER_KEYED and not here.pending:
            return Rejected("only the interview itself comes to that")
        kind = row.like or row.id
        events: list[Event] = [self._called(here, outcome, note=note.strip())]
        match station_view.WANTS.get(kind, ""):
            case "note" if not note.strip():
                return Rejected("say in a note what the supervisor has to know")
            case "time":
                return Rejected("an appointment needs its time")
            case "language":
                if language:
                    events.append(Speaks(language))
            case "number":
                added = self._new_number(here, number)
                if isinstance(added, Rejected):
                    return added
                events += added
            case _:
                pass
        code = row.listed if self._plan.known else row.rdd
        if code in DEAD and here.current:
            events.append(NumberMarked(here.current, "dead", row.name.lower()))
        if kind in ("never_call", "withdrawn"):
            events.append(Blocked(row.name.lower()))
        after = here.case
        for entry in self._entries(here, events):
            after = after.after(entry)
        more = row.next_number and self._untried(after) and kind != "busy"
        if (
            unsaved := self._do(*events, *(() if more else (Closed(),)), release=not more, last=outcome)
        ) is not None:
            return unsaved
        if kind in ("never_call", "withdrawn"):
            self._never_again(here, row.name.lower())
        return None

    def _called(
        self, here: _Here, outcome: str, *, code: str = "", note: str = "", interrupted: bool = False
    ) -> Called:
        desk = self._desk
        passed = progress(desk.interview).passed if desk is not None else frozenset()
        eligible = self._plan.eligible_from in passed if self._plan.eligible_from else desk is not None
        return Called(
            outcome=outcome,
            number=here.current,
            code=code,
            eligible=eligible,
            person=desk is not None,
            interrupted=interrupted or here.case.interrupted,
            note=note,
        )

    def _untried(self, case: Case) -> bool:
        """Whether another live number was not called in this sitting."""
        tried = {call.number for call in case.claimed.calls} if case.claimed is not None else set()
        return any(number.position not in tried for number in case.live)

    def _never_again(self, here: _Here, why: str) -> None:
        """Put all its numbers on the list that all studies share."""
        if here.contact is not None:
            numbers = [n.e164 for n in here.contact.numbers if n.e164]
            self._study.never_call.add(numbers, at=self._clock(), reason=why, by=self.interviewer)

    def _new_number(self, here: _Here, text: str) -> list[Event] | Rejected:
        read = read_number(text, self._plan.country or None)
        if isinstance(read, NotANumber):
            return Rejected(f"{read.why}: {read.remedy}")
        contact = here.contact or Contact(link=self._token())
        position = max((n.position for n in here.case.numbers), default=0) + 1
        kept = ContactNumber(position=position, written=text.strip(), e164=read.e164, shown=read.national)
        self._added = contact._replace(numbers=(*contact.numbers, kept))
        return [NumberAdded(NumberFacts(position, read.line, read.zones))]

    def add_number(self, text: str) -> Rejected | None:
        here = self._here
        if here is None:
            return Rejected("there is no case on the screen")
        added = self._new_number(here, text)
        if isinstance(added, Rejected):
            return added
        if (unsaved := self._do(*added)) is not None:
            return unsaved
        newest = max(n.position for n in here.case.numbers) + 1 if here.case.numbers else 1
        return self.choose(newest)

    def remark(self, text: str) -> Rejected | None:
        if not text.strip():
            return Rejected("an empty note is not kept")
        return self._do(Remarked(text.strip()))

    def spoke(self, script: str) -> Rejected | None:
        if script not in {s.id for s in self._plan.scripts}:
            return Rejected("there is no such text")
        return self._do(ScriptRead(script))

    # appointments

    def read_time(self, text: str, reading: int = 0) -> Understood | Unclear:
        meant = self._meant(text, reading)
        if isinstance(meant, appointments.Unclear):
            return Unclear(why=str(meant), choices=tuple(c.echo(self._zone_name()) for c in meant.choices))
        return Understood(echo=meant.echo(self._zone_name()), hint=meant.hint)

    def _meant(self, text: str, reading: int) -> appointments.Meant | appointments.Unclear:
        here = self._here
        if here is None:
            return appointments.Unclear(what="there is no case on the screen")
        zones = here.case.zones(here.case.number(here.current))
        found = appointments.read_appointment(
            text, now=self._clock(), zones=zones, calendar=self._plan.calendar
        )
        if isinstance(found, appointments.Unclear) and 0 < reading <= len(found.choices):
            return found.choices[reading - 1]
        return found

    def _zone_name(self) -> str:
        return self._zone.key if self._zone is not None else ""

    def book(
        self, text: str, *, reading: int = 0, keeper: Keeper = "anyone", person: str = "", note: str = ""
    ) -> Rejected | None:
        here = self._here
        meant = self._meant(text, reading)
        if here is None or isinstance(meant, appointments.Unclear):
            return Rejected(str(meant) if isinstance(meant, appointments.Unclear) else "there is no case")
        promised = Promised(
            start=meant.wall.isoformat(timespec="minutes"),
            end=meant.wall_end.isoformat(timespec="minutes"),
            zone=meant.zone,
            fold=meant.fold,
            person=person.strip(),
            owner="" if keeper == "anyone" else self.interviewer,
            policy=keeper,
            note=note.strip(),
        )
        called = self._called(here, "appointment", interrupted=self._desk is not None)
        return self._do(called, promised, Closed(), release=True, last="appointment")

    # the interview

    def interview(self) -> Conduct | Rejected:
        here = self._here
        if here is None:
            return Rejected("there is no case on the screen")
        if here.case.blocked or here.case.erased:
            return Rejected("this case is never to be called again")
        if here.interview == "complete":
            return Rejected("its interview is complete: a supervisor can reopen it")
        try:
            desk = self._seated(here)
        except StoreProblem as problem:
            return self._unsaved(problem)
        if isinstance(desk, Trouble):
            return Rejected(f"{desk.what} — {desk.remedy}" if desk.remedy else desk.what)
        self._desk = desk
        if (unsaved := self._do(Interviewing(desk.id))) is not None:
            return unsaved
        return desk

    def _seated(self, here: _Here) -> Desk | Trouble:
        case = here.case
        earlier = self._store.interviews(case=case.key, origin="real")
        last = max(earlier, key=lambda row: row.number, default=None)
        personal = here.contact.columns if here.contact is not None else {}
        sampled = {
            name: case.key
            if column.role == "key"
            else case.columns.get(name, personal.get(name, Missing("not_asked")))
            for name, column in self._instrument.sample.items()
        }
        seating = Seating(
            case=case.key,
            interviewer=self.interviewer,
            station=self.station,
            language=case.language if case.language in self._instrument.languages else "",
            reopen=last is not None and last.status in ("stopped", "ended") and last.outcome != "complete",
            sampled=sampled,
            quota_places=self._places,
            calling=True,
        )
        return seated(self._instrument, self._store, self._study.where, case.key, seating, self._clock)

    def came_back(self) -> Rejected | None:
        here, desk = self._here, self._desk
        closing = desk.closing() if desk is not None else None
        if here is None or desk is None or closing is None:
            return Rejected("the interview is still open")
        row = closing.outcome
        if row is None:
            self._here = replace(here, pending="outcome", interview=self._interview_so_far(here.row.key))
            return None
        if closing.status == "suspended" and self._plan.delays.get(row.id) == "appointment":
            self._here = replace(here, pending="time", interview=self._interview_so_far(here.row.key))
            return None
        code = ""
        if row.id == "complete":
            code = "1.1"
        elif closing.status == "stopped" or (row.like or row.id) in BREAKS:
            code = interview_code(progress(desk.interview), self._plan)
            if code not in ("1.1", "1.2") and row.id != "break_off":
                code = ""  # the outcome's own
        called = self._called(here, row.id, code=code, interrupted=closing.status == "suspended")
        events: list[Event] = [called, Closed()]
        kind = row.like or row.id
        if kind in ("never_call", "withdrawn"):
            events.insert(1, Blocked(row.name.lower()))
        if (unsaved := self._do(*events, release=True, last=row.id)) is not None:
            return unsaved
        if kind in ("never_call", "withdrawn"):
            self._never_again(here, row.name.lower())
        return None

    def _come_back_to(self, row: CaseRow) -> Rejected | None:
        """A case that was this station's when its terminal died: said plainly, with all that was keyed."""
        taken = self._claim(row.key)
        if isinstance(taken, Rejected):
            return taken
        row, case, token = taken
        sitting = case.claimed
        began = f"{self._local(sitting.began):%H:%M}" if sitting is not None else ""
        if sitting is not None and sitting.dialled:
            notice = f"You were on this case since {began}: a number was dialled, and what came of it was not keyed."
        elif case.interview and not case.interrupted:
            notice = f"You were on this case since {began}: its interview was going on. Go on with it, or key an outcome."
        else:
            notice = f"You were on this case since {began}."
        self._show(row, case, token=token, notice=notice)
        return None

    # other cases

    def find(self, text: str) -> tuple[FoundCase, ...]:
        if not text.strip():
            return ()
        try:
            found = self._store.cases.search(text.strip())
        except StoreProblem as problem:
            self._unsaved(problem)
            return ()
        return tuple(
            FoundCase(
                key=one.row.key,
                name=one.name or one.row.key,
                number=", ".join(one.numbers),
                stands=station_view.stands(one.row, self._plan),
            )
            for one in found
        )

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
        events: list[Event] = [TakenBack()]
        call = case.last_call
        number = case.number(call.number) if call is not None else None
        if number is not None and number.state == "dead":
            events.append(NumberMarked(number.position, "live", "a slip"))
        if case.booking is not None and call is not None and case.booking.at >= call.at:
            events.append(Unpromised("a slip"))
        unsaved = self._do(*events)
        if unsaved is None and self._here is not None and number is not None:
            self._here = replace(self._here, current=number.position)
            self._last = None
            self._said = "taken back: key what it was"
        return unsaved

    def promises(self) -> tuple[PromiseLine, ...]:
        cases, now = self._store.cases, self._clock()
        lines = []
        try:
            for row in cases.promises(owner=self.interviewer):
                case = Case.of(row.key, cases.history(row.key))
                contact = cases.contact(row.key)
                if case.booking is None or row.promised_at is None:
                    continue
                promised = case.booking.promise
                lines.append(
                    PromiseLine(
                        key=row.key,
                        name=station_view.name_of(self._instrument, case, contact),
                        there=row.promised_at.astimezone(ZoneInfo(promised.zone)),
                        here=self._local(row.promised_at),
                        person=promised.person,
                        note=promised.note,
                        owner=row.owner,
                        late=row.promised_until is not None and row.promised_until < now,
                    )
                )
        except StoreProblem as problem:
            self._unsaved(problem)
        return tuple(lines)

    def _count_promises(self) -> None:
        self._promised = len(self._store.cases.promises(owner=self.interviewer))

    # letting go

    def _in_the_middle(self) -> Rejected | None:
        """Why the case on the screen cannot be let go of yet."""
        here = self._here
        if here is None:
            return None
        if here.pending == "time":
            return Rejected("the appointment's time first")
        if here.pending or (here.case.claimed is not None and here.case.claimed.dialled):
            return Rejected("key what came of this call first")
        return None

    def finish(self) -> Rejected | None:
        here = self._here
        if here is None:
            return Rejected("there is no case on the screen")
        return self._in_the_middle() or self._let_go(then_next=True)

    def _let_go(self, *, then_next: bool) -> Rejected | None:
        here = self._here
        if here is None:
            return None
        called = here.case.claimed is not None and here.case.claimed.calls
        event = Closed() if called else Returned("given back")
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

    def _entries(self, here: _Here, events: Sequence[Event]) -> list[Entry]:
        """The events as they are kept; each has a key of its own, so that writing them twice is writing them once."""
        at = max(self._clock(), here.history[-1].at if here.history else self._clock())
        return [
            Entry(at, self.interviewer, self.station, event, f"{here.token}:{here.case.seq + number}")
            for number, event in enumerate(events, start=1)
        ]

    def _do(
        self, *events: Event, release: bool = False, last: str = "", then_next: bool = True
    ) -> Rejected | None:
        """Keep what happened, and only then show it; after the case's last event, the next case comes."""
        here = self._here
        if here is None:
            return Rejected("there is no case on the screen")
        entries = self._entries(here, events)
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
                release=release,
                renew_until=at + self._plan.lease,
                contact=self._added,
            )
        except StoreProblem as problem:
            return self._unsaved(problem)
        if lost is not None:
            self._here = self._desk = None
            self._said = f"not kept: {case.key} is another station's now"
            return Rejected(self._said)
        contact, self._added = self._added or here.contact, None
        self._here = replace(
            here,
            case=case,
            history=(*here.history, *entries),
            contact=contact,
            notice="",
            pending=here.pending,
        )
        self._count(events, last)
        if release:
            self._gone(here, case, last, at)
            if then_next and self._away is None:
                return self.take_next()
        elif not case.claimed or not case.claimed.dialled:
            self._next_number(case)
        return None

    def _gone(self, here: _Here, case: Case, last: str, at: datetime) -> None:
        """The case left this station."""
        if self._desk is not None:
            self._places.settle(
                self._desk.id, self._desk.interview, complete=coded(case, self._plan).code == "1.1"
            )
        self._talking += at - here.shown_at
        self._here = self._desk = None
        self._last = (case.key, last) if last else self._last
        if last:
            name = station_view.outcome_words(last, self._plan)
            self._said = f"{name}: kept at {self._local(at):%H:%M}"

    def _next_number(self, case: Case) -> None:
        """After a call, the number that can be tried next is the one that is dialled."""
        here = self._here
        number = case.next_number
        if here is None or case.claimed is None or not case.claimed.calls or number is None:
            return
        if any(call.number == here.current for call in case.claimed.calls):
            self._here = replace(here, current=number.position)

    def _count(self, events: Sequence[Event], last: str) -> None:
        calls = [event for event in events if isinstance(event, Called)]
        self._calls += len(calls)
        self._done += sum(call.outcome == "complete" for call in calls)
        self._refusals += sum(call.outcome in REFUSALS for call in calls)
        if any(isinstance(event, Promised) for event in events):
            self._count_promises()

    def _unsaved(self, problem: StoreProblem) -> Rejected:
        self._said = f"not kept: {problem.what} — {problem.remedy}"
        return Rejected(self._said)


def _plain(text: str) -> str:
    return " ".join(text.split())
