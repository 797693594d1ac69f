"""Pausing and resuming a study: one value in its database, which every station reads before it claims or dials."""

from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.services.run_on_study import Request, run_on_study
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import MAX_MESSAGE_LENGTH, Pause, read_pause, write_pause


def pause_study(request: Request, message: str = "") -> Pause:
    """Keep all stations from claiming cases and dialing numbers until `resume_study`.

    Interviews in progress go on to their end.
    """
    text = clean_text(message)
    if len(text) > MAX_MESSAGE_LENGTH:
        what = f"the message has {len(text)} characters"
        raise UserError("--message", what, f"shorten it to {MAX_MESSAGE_LENGTH}, which fit on the stations' screens")

    def do(study: OpenStudy) -> Pause:
        pause = Pause(study.who.login, study.at, text)
        write_pause(study.store, pause)
        return pause

    return run_on_study(request, do, supervisor_task="pause a study")


def resume_study(request: Request) -> Pause:
    """Let stations claim and dial again. Returns the pause that ended. Raises UserError where there was none."""

    def do(study: OpenStudy) -> Pause:
        pause = read_pause(study.store)
        if pause is None:
            raise UserError(study.where, "the study is not paused", "nothing was changed")
        write_pause(study.store, None)
        return pause

    return run_on_study(request, do, supervisor_task="resume a study")
