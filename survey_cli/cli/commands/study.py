"""The commands `study pause`, `study resume` and `study publish`, for a study while its stations work."""

from typing import TYPE_CHECKING

from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import on_study, option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.run_on_study import Request


@on_study
def pause(
    request: "Request", message: str = option("--message TEXT", "Text shown on every station's screen.", "")
) -> None:
    """Stop all calling: no station claims a case or dials a number until `survey study resume`.

    Current interviews are finished, and outcomes of numbers already dialed are still keyed. Cases and appointments
    stay in the queue.

    Example: survey study pause study.yaml --message "back at 3 pm"
    """
    from survey_cli.services.study.pause_and_resume import pause_study

    paused = pause_study(request, message)
    since = paused.since.astimezone()
    say(
        f"{request.path}: {paused.describe(since, since)}; survey study resume {request.path} lets the stations continue"
    )


@on_study
def resume(request: "Request") -> None:
    """Let the stations of a paused study call again; they continue automatically.

    Example: survey study resume study.yaml
    """
    from survey_cli.services.study.pause_and_resume import resume_study

    former_pause = resume_study(request)
    minutes = int((request.at - former_pause.since).total_seconds() // 60)
    say(f"{request.path}: resumed after {format_quantity(minutes, 'minute')}; the stations continue automatically")


@on_study
def publish(request: "Request") -> None:
    """Let interviews begin with the questionnaire as its file is now.

    On a database server only this command changes the version: until then, stations continue with the published
    one. It is for the owner of the schema. With a database file, every change of the questionnaire's file takes
    effect automatically; there this command makes another file the study's questionnaire.

    Example: survey study publish study.yaml --db postgresql://owner@host/field
    """
    from survey_cli.services.study.publish_version import publish_version

    result = publish_version(request)
    say(f"{result.where}: version {result.version} {'is published' if result.new else 'was in effect already'}")
