"""Interviews of a sampled case without a station: the case is claimed and receives the interview's outcome."""

from survey_cli.problems import UserError
from survey_cli.sessions.case.case_claim import CaseClaims
from survey_cli.sessions.case.case_interview import CaseInterviews
from survey_cli.sessions.case.case_link import SampledCaseLink
from survey_cli.sessions.case.outcome_events import build_events_without_station
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import Clock, StartOptions
from survey_cli.store.cases.case_records import LeaseHolder
from survey_cli.study.consistency.upkeep import reconcile_returned, repair
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import read_pause


class SingleCaseLink(SampledCaseLink):
    """The link of an interview that opened the study for itself."""

    def release(self) -> None:
        super().release()
        self._study.do_not_call.close()


def start_single_case(
    study: OpenStudy, options: StartOptions, *, station: str, clock: Clock, token: str
) -> InterviewSession:
    """Claim the case and start or resume its interview. Raises StoreError."""
    repair(study, clock())
    interviews = CaseInterviews(study=study, station=station, clock=clock, to_local=lambda at: at.astimezone())
    _check_pause(study, interviews, options, clock)
    claims = CaseClaims(study=study, station=station, clock=clock)
    row = study.store.cases.queries.find_row(options.case)
    if row is not None and row.holder is not None and row.holder[:2] == (study.who.login, station):
        reconcile_returned(study.store, study.plan, options.case, clock())
    case = claims.claim(options.case, token)
    if case is None:
        raise UserError(options.case, "there is no such case", "choose another case")
    if isinstance(case, LeaseHolder):
        raise UserError(options.case, f"{case.by} at station {case.station} has this case", "choose another case")
    study.store.cases.quotas.write_targets({id: cell.target for id, cell in study.plan.quotas.cells.items()})
    link = SingleCaseLink(
        claims,
        case,
        lambda case, interview, outcome, by_route: build_events_without_station(
            case, interview, outcome, study.plan, by_route=by_route
        ),
    )
    try:
        if case.case.erased or case.case.do_not_call:
            raise UserError(case.case.key, "this case must not be called again")
        session = interviews.start_or_resume(case, link, options=options)
    except UserError:
        link.release()
        raise
    if study.repairs:
        session.notice = " ".join(filter(None, (*study.repairs, session.notice)))
    return session


def _check_pause(study: OpenStudy, interviews: CaseInterviews, options: StartOptions, clock: Clock) -> None:
    """Check that the study is not paused, unless an open interview is finished or a correction calls nobody."""
    pause = read_pause(study.store)
    if pause is None or options.reopen or interviews.is_open(options.case):
        return
    what = pause.describe(pause.since.astimezone(), clock().astimezone())
    raise UserError(options.case, what, "wait until a supervisor resumes the study: survey study resume FILE")
