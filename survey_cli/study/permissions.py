"""Permission check for actions reserved to supervisors where a study lists its people."""

from survey_cli.problems import UserError
from survey_cli.study.open_study import OpenStudy


def check_supervisor(study: OpenStudy, what: str) -> None:
    """Check that the person at work supervises, or that the study lists no people.

    Raises UserError otherwise; `what` completes its sentence: `correct an outcome`.
    """
    if study.who.supervises:
        return
    raise UserError(
        study.who.login,
        f"is an interviewer, and only a supervisor may {what}",
        f"ask {study.people.format_supervisors()}",
    )
