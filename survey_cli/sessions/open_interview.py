"""An interview of a sampled case, conducted without a station: the case is claimed for it and receives its outcome."""

from survey_cli.fieldwork.case.case import Case
from survey_cli.problems import UserError
from survey_cli.sessions.case.case_claim import CaseKeeping
from survey_cli.sessions.case.case_interview import CaseInterviews
from survey_cli.sessions.case.case_link import CaseLink
from survey_cli.sessions.case.case_queue import Queue
from survey_cli.sessions.case.outcome_events import without_station
from survey_cli.sessions.interview.interview_session import Desk
from survey_cli.sessions.interview.start_interview import Clock, Seating
from survey_cli.store.cases.case_records import Held
from survey_cli.study.consistency.upkeep import repair
from survey_cli.study.open_study import Study
from survey_cli.study.pause import read_pause


class OwnLink(CaseLink):
    """The link of such an interview, which opened the study for itself."""

    def left(self) -> None:
        super().left()
        self._study.never_call.close()


def seat_sampled(study: Study, seating: Seating, queue: Queue, clock: Clock, token: str) -> Desk | UserError:
    """Claim the case and begin its interview, or resume it. Raises StoreError."""
    repair(study, clock())
    interviews = CaseInterviews(
        study=study,
        by=study.who.login,
        station=queue.station,
        clock=clock,
        local=lambda moment: moment.astimezone(),
    )
    if (paused := _paused(study, interviews, seating, clock)) is not None:
        return paused
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
        return UserError(seating.case, what, "choose another case")
    study.store.cases.keep_targets({id: cell.target for id, cell in study.plan.quotas.cells.items()})
    link = OwnLink(
        study,
        keeping,
        here,
        lambda case, interview, row, by_route: without_station(
            case, interview, row, study.plan, by_route=by_route
        ),
    )
    desk = _refused(here.case) or interviews.sit_down(here, link, wanted=seating)
    if isinstance(desk, UserError):
        link.left()
    elif study.repairs:
        desk.notice = " ".join(filter(None, (*study.repairs, desk.notice)))
    return desk


def _refused(case: Case) -> UserError | None:
    if case.erased or case.blocked:
        return UserError(case.key, "this case is never to be called again")
    return None


def _paused(study: Study, interviews: CaseInterviews, seating: Seating, clock: Clock) -> UserError | None:
    """Why no call begins while the study is paused. An open interview is finished, and a correction calls nobody."""
    pause = read_pause(study.store)
    if pause is None or seating.reopen or interviews.is_open(seating.case):
        return None
    what = pause.describe(pause.since.astimezone(), clock().astimezone())
    return UserError(
        seating.case, what, "wait until a supervisor lets the study go on: survey study resume FILE"
    )
