"""Permission check for actions reserved to supervisors where a study lists its people."""

from survey_cli.problems import UserError
from survey_cli.study.open_study import OpenStudy


def check_supervisor(study: OpenStudy, what: str) -> None:
    """Why whoever asks may not do it, `what` being what they wanted (`correct an outcome`); None where they may: they
    supervise, or nobody is listed.
    """
    if study.who.supervises:
        return
    raise UserError(
        study.who.login,
        f"is an interviewer, and only a supervisor may {what}",
        f"ask {study.people.format_supervisors()}",
    )
