"""One interview of a case of the sample, held without a station: the case is taken for it, and told what it came to."""

from survey_cli.desk.aftermath import followed
from survey_cli.desk.case_interview import CaseInterviews
from survey_cli.desk.case_keeping import RENEWALS, CaseKeeping
from survey_cli.desk.claiming import Queue
from survey_cli.desk.deeds import Deed, called, came_to
from survey_cli.desk.held_case import HeldCase
from survey_cli.desk.holding import Desk
from survey_cli.desk.quota_places import Places
from survey_cli.desk.seating import Clock, Seating
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.coding import coded
from survey_cli.fieldwork.events import Closed, Event, Interviewing, Returned
from survey_cli.problems import Trouble
from survey_cli.store import StoreProblem
from survey_cli.store.case_records import Held
from survey_cli.study.opening import Study


class SampledCase:
    """What stands behind such an interview."""

    calling = True

    def __init__(self, study: Study, keeping: CaseKeeping, here: HeldCase, places: Places) -> None:
        self._study = study
        self._here = here
        self._clock = keeping.clock
        self._places = places
        self._renewed = keeping.clock()
        self._keeping = keeping

    def place(self, id: str, interview: Interview, quota: str) -> str:
        return self._places(id, interview, quota)

    def alive(self) -> None:
        at = self._clock()
        if at - self._renewed > self._study.plan.lease / RENEWALS:
            try:
                self._keeping.renew(self._here)
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
            at, by = self._clock(), self._keeping.by
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
        after = self._keeping.further(self._here, deed.events).case
        codes = coded(case, plan).code, coded(after, plan).code
        same = case.last_call is not None and case.last_call.outcome == row.id and codes[0] == codes[1]
        return back if same else deed  # a correction that changed no outcome is no call

    def keep(self, *events: Event, release: bool) -> None:
        """Write to the case's history. Raises StoreProblem."""
        after = self._keeping.further(self._here, events)
        self._keeping.keep(self._here, after, release=release)
        self._here = after


def seat_sampled(study: Study, seating: Seating, queue: Queue, clock: Clock, token: str) -> Desk | Trouble:
    """Take the case and begin its interview, or go on with it. Raises StoreProblem."""
    keeping = CaseKeeping(
        store=study.store, plan=study.plan, by=study.who.login, station=queue.station, clock=clock
    )
    here = keeping.take(seating.case, token)
    if here is None or isinstance(here, Held):
        what = (
            f"{here.by} has this case at station {here.station}"
            if here is not None
            else "there is no such case"
        )
        return Trouble(seating.case, what, "choose another case")
    study.store.cases.keep_targets({id: cell.target for id, cell in study.plan.quotas.cells.items()})
    places = Places(store=study.store, plan=study.plan, clock=clock)
    behind = SampledCase(study, keeping, here, places)
    interviews = CaseInterviews(
        study=study,
        by=study.who.login,
        station=queue.station,
        clock=clock,
        behind=behind,
        local=lambda moment: moment.astimezone(),
    )
    desk = _refused(here.case) or interviews.sit_down(here, wanted=seating)
    if isinstance(desk, Trouble):
        behind.keep(Returned("given back"), release=True)
        return desk
    behind.began(desk)
    return desk


def _refused(case: Case) -> Trouble | None:
    if case.erased or case.blocked:
        return Trouble(case.key, "this case is never to be called again")
    return None
