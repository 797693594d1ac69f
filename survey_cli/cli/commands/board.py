"""The command `board`: studies on a full screen, as supervisors follow and change them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import has_full_screen
from survey_cli.cli.parameters import questionnaire_argument
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.cli.commands.study_commands import StudyCommands

FilesArgument = Annotated[
    list[str], questionnaire_argument("FILE...", "The questionnaires of the studies.")
]


def board(
    files: FilesArgument,
    by: parameters.LoginOption = "",
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
    theme: parameters.ThemeOption = "",
) -> None:
    """Follow the fieldwork on a full screen.

    It shows progress, cases, quotas, people, appointments, and what needs attention. The board, or
    dashboard, is read again every few seconds. Supervisors correct outcomes, answer
    referred cases, free cases and give appointments to others there; each change needs a reason,
    which is stored in the history of the case. They and shift leaders also send messages to
    stations. F1 shows the keys. `survey status` shows the same once as text.

    Example: survey board study.yaml other.yaml
    """
    from survey_cli.cli.commands.study_commands import StudyCommands

    local_zone = parameters.parse_zone(zone)
    run_boards([StudyCommands(file, by, people, db, local_zone) for file in files], theme)


def run_boards(boards: "Sequence[StudyCommands]", theme: str) -> None:
    """Show boards on the full screen until it is left."""
    from survey_cli.tui import ScreenError, run_board

    if not has_full_screen():
        raise UserError(
            "survey", "this terminal cannot show a full screen", "survey status shows the same once"
        )
    for study in boards:
        study.load()  # what keeps a study from being opened is printed
    try:
        run_board(boards, theme)
    except ScreenError as error:
        raise UserError("survey", str(error), "survey status shows the same once") from error
