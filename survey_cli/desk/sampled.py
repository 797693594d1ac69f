"""One interview of a case of the sample, held without a station: the case is taken for it, and told what it came to."""

from survey_cli.desk.aftermath import followed
from survey_cli.desk.case_interview import CaseInterviews
from survey_cli.desk.claiming import Queue
from survey_cli.desk.deeds import Deed, called, came_to
from survey_cli.desk.held_case import HeldCase
from survey_cli.desk.holding import Desk
from survey_cli.desk.quota_places import Places
from survey_cli.desk.seating import Clock, Seating
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.coding import coded
from survey_cli.fieldwork.events import Closed, Entry, Event, Interviewing, Returned
from survey_cli.fieldwork.policy import standing
from survey_cli.problems import Trouble
from survey_cli.store import StoreProblem
from survey_cli.store.case_records import Held, Lease
from survey_cli.study.opening import Study


class SampledCase:
    """What stands behind such an interview."""

    calling = True

    def __init__(self, study: Study, queue: Queue, here: HeldCase, places: Places, clock: Clock) -> None:
        self._study = study
        self._queue = queue
        self._here = here
        self._clock = clock
        self._places = places
        self._renewed = clock()

    def place(self, id: str, interview: Interview, quota: str) -> str:
        return self._places(id, interview, quota)

    def alive(self) -> None:
        at = self._clock()
        if at - self._renewed > self._study.plan.lease / 10:
            try:
                self._study.store.cases.renew(
                    self._here.case.key, self._here.token, at + self._study.plan.lease
                )
            except StoreProblem:
                return  # the next answer will say so
            self._renewed = at

    def began(self, desk: Desk) -> None:
        """Raises StoreProblem."""
        self.keep(Interviewing(desk.id), release=False)

    def left(self, desk: Desk) -> None:
        """The case is told what the interview came to. Where that cannot be written, the lease runs out and the case
        comes back as one whose interview was going on."""
        deed, before = self._came_to(desk), self._here
        try:
            self.keep(*deed.events, release=True)
        except StoreProblem:
            return
        else:
            at, by = self._clock(), self._queue.who.login
            followed(self._study, before, self._here.case, deed, desk, self._places, at=at, by=by)
        finally:
            self._study.never_call.close()

    def _came_to(self, desk: Desk) -> Deed:
        closing, plan, case = desk.closing(), self._study.plan, self._here.case
        back = Deed(events=(Returned("given back"),), release=True)
        if closing is None:
            return back
        row = closing.outcome
        if row is None:
            call = called(self._here, "callback", plan, desk, interrupted=True)
            return Deed(events=(call, Closed()), release=True)
        deed = came_to(self._here, desk, row, closing.status, plan)
        after = case
        for entry in self._entries(*deed.events):
            after = after.after(entry)
        codes = coded(case, plan).code, coded(after, plan).code
        same = case.last_call is not None and case.last_call.outcome == row.id and codes[0] == codes[1]
        return back if same else deed  # a correction that changed no outcome is no call

    def _entries(self, *events: Event) -> list[Entry]:
        at, by = self._clock(), self._queue.who.login
        return self._here.entries(events, at=at, by=by, station=self._queue.station)

    def keep(self, *events: Event, release: bool) -> None:
        """Write to the case's history. Raises StoreProblem."""
        entries, case = self._entries(*events), self._here.case
        for entry in entries:
            case = case.after(entry)
        self._study.store.cases.write(
            case.key,
            seq=self._here.case.seq,
            entries=entries,
            standing=standing(case, self._study.plan, entries[-1].at),
            token=self._here.token,
            release=release,
        )
        self._here = self._here.further(case, entries)


def seat_sampled(study: Study, seating: Seating, queue: Queue, clock: Clock, token: str) -> Desk | Trouble:
    """Take the case and begin its interview, or go on with it. Raises StoreProblem."""
    cases, at = study.store.cases, clock()
    lease = Lease(token, study.who.login, queue.station, at + study.plan.lease)
    row = cases.claim_case(seating.case, lease, at)
    if row is None or isinstance(row, Held):
        what = (
            f"{row.by} has this case at station {row.station}" if row is not None else "there is no such case"
        )
        return Trouble(seating.case, what, "choose another case")
    history = cases.history(row.key)
    case = Case.of(row.key, history)
    here = HeldCase(
        row=row,
        case=case,
        history=tuple(history),
        contact=cases.contact(row.key),
        token=token,
        current=case.next_number.position if case.next_number is not None else 0,
        shown_at=at,
    )
    places = Places(store=study.store, plan=study.plan, clock=clock)
    behind = SampledCase(study, queue, here, places, clock)
    interviews = CaseInterviews(
        study=study,
        by=study.who.login,
        station=queue.station,
        clock=clock,
        behind=behind,
        local=lambda moment: moment.astimezone(),
    )
    desk = _refused(case) or interviews.sit_down(here, wanted=seating)
    if isinstance(desk, Trouble):
        behind.keep(Returned("given back"), release=True)
        return desk
    behind.began(desk)
    return desk


def _refused(case: Case) -> Trouble | None:
    if case.erased or case.blocked:
        return Trouble(case.key, "this case is never to be called again")
    return None
