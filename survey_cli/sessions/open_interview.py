"""Interviews opened without a station: the questionnaire, the database, the case and its interview.

A case that was imported is claimed for the interview and receives its outcome.
"""

from survey_cli.fieldwork.case.case import Case
from survey_cli.problems import UserError
from survey_cli.sessions.case.case_claim import CaseClaims
from survey_cli.sessions.case.case_interview import CaseInterviews
from survey_cli.sessions.case.case_link import SampledCaseLink
from survey_cli.sessions.case.case_queue import CaseQueue
from survey_cli.sessions.case.outcome_events import build_events_without_station
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import Clock, StartOptions
from survey_cli.store.cases.case_records import LeaseHolder
from survey_cli.study.consistency.upkeep import repair
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import read_pause


class SingleCaseLink(SampledCaseLink):
    """The link of such an interview, which opened the study for itself."""

    def release(self) -> None:
        super().release()
        self._study.do_not_call.close()


def start_sampled_case(
    study: OpenStudy, seating: StartOptions, queue: CaseQueue, clock: Clock, token: str
) -> InterviewSession | UserError:
    """Claim the case and begin its interview, or resume it. Raises StoreError."""
    repair(study, clock())
    interviews = CaseInterviews(
        study=study,
        by=study.who.login,
        station=queue.station,
        clock=clock,
        to_local=lambda moment: moment.astimezone(),
    )
    if (paused := _check_pause(study, interviews, seating, clock)) is not None:
        return paused
    keeping = CaseClaims(
        store=study.store, plan=study.plan, by=study.who.login, station=queue.station, clock=clock
    )
    here = keeping.claim(seating.case, token)
    if here is None or isinstance(here, LeaseHolder):
        what = (
            f"{here.by} has this case at station {here.station}"
            if here is not None
            else "there is no such case"
        )
        return UserError(seating.case, what, "choose another case")
    study.store.cases.write_quota_targets({id: cell.target for id, cell in study.plan.quotas.cells.items()})
    link = SingleCaseLink(
        study,
        keeping,
        here,
        lambda case, interview, row, by_route: build_events_without_station(
            case, interview, row, study.plan, by_route=by_route
        ),
    )
    desk = _check_case(here.case) or interviews.start_or_resume(here, link, wanted=seating)
    if isinstance(desk, UserError):
        link.release()
    elif study.repairs:
        desk.notice = " ".join(filter(None, (*study.repairs, desk.notice)))
    return desk


def _check_case(case: Case) -> UserError | None:
    if case.erased or case.do_not_call:
        return UserError(case.key, "this case is never to be called again")
    return None


def _check_pause(
    study: OpenStudy, interviews: CaseInterviews, seating: StartOptions, clock: Clock
) -> UserError | None:
    """Why no call begins while the study is paused. An open interview is finished, and a correction calls nobody."""
    pause = read_pause(study.store)
    if pause is None or seating.reopen or interviews.is_open(seating.case):
        return None
    what = pause.describe(pause.since.astimezone(), clock().astimezone())
    return UserError(
        seating.case, what, "wait until a supervisor lets the study go on: survey study resume FILE"
    )
