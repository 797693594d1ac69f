"""The command `board`: studies as supervisors follow them on a full screen, and what they change there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from survey_cli.cli import parameters
from survey_cli.cli.commands.interview import has_full_screen
from survey_cli.cli.output import datetimes
from survey_cli.cli.parameters import argument
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from datetime import tzinfo

    from survey_cli.reports.fieldwork.cases import CaseLine
    from survey_cli.reports.fieldwork.status import FieldworkStatus
    from survey_cli.services.cases.case_actions import CaseChoices
    from survey_cli.services.run_on_study import Request

FilesArgument = Annotated[list[str], argument("FILE...", "The questionnaires of the studies.")]


def board(
    files: FilesArgument,
    by: parameters.LoginOption = "",
    people: parameters.PeopleOption = None,
    zone: parameters.ZoneOption = "",
    db: parameters.DatabaseOption = None,
    theme: parameters.ThemeOption = "",
) -> None:
    """Follow the fieldwork on a full screen: progress, cases, quotas, people, appointments, and what needs attention.

    It is read again every few seconds. Supervisors correct outcomes, answer referred cases, free cases and give
    appointments to others there; each change needs a reason, which is stored in the history of the case. They also
    send messages to stations. F1 shows the keys. `survey status` shows the same once as text.

    Example: survey board study.yaml other.yaml
    """
    local_zone = parameters.parse_zone(zone)
    run_boards([StudyCommands(file, by, people, db, local_zone) for file in files], theme)


def run_boards(boards: "Sequence[StudyCommands]", theme: str) -> None:
    """Show boards on the full screen until it is left."""
    from survey_cli.tui import ScreenError, run_board

    if not has_full_screen():
        raise UserError("survey", "this terminal cannot show a full screen", "survey status shows the same once")
    for study in boards:
        study.load()  # what keeps a study from being opened is printed
    try:
        run_board(boards, theme)
    except ScreenError as error:
        raise UserError("survey", str(error), "survey status shows the same once") from error


@dataclass(frozen=True, slots=True)
class StudyCommands:
    """One study of the board. Each method opens the study, and raises UserError."""

    file: str
    by: str = ""
    people: str | None = None
    db: str | None = None
    zone: "tzinfo | None" = None

    def load(self) -> "FieldworkStatus":
        """Return the status of the fieldwork as of now."""
        from survey_cli.services.cases.fieldwork_status import load_fieldwork_status

        return load_fieldwork_status(self._make_request(), zone=self.zone)

    def list_cases(self, text: str) -> "tuple[CaseLine, ...]":
        """Return the cases that match a text; without one, those that need attention and those changed last."""
        from survey_cli.services.cases.case_lists import list_cases_of_interest

        return list_cases_of_interest(self._make_request(), text)

    def list_choices(self) -> "CaseChoices":
        """Return the outcomes and people that can be chosen."""
        from survey_cli.services.cases.case_actions import list_case_choices

        return list_case_choices(self._make_request())

    def show(self, key: str) -> Sequence[str]:
        """Return a case with its history as lines."""
        from survey_cli.cli.commands.case import render_sheet
        from survey_cli.services.cases.case_lists import load_case_sheet

        return list(render_sheet(load_case_sheet(self._make_request(), key)))

    def explain(self, key: str) -> Sequence[str]:
        """Return why a case may or may not be called now, as lines."""
        from survey_cli.cli.commands.case import render_verdicts
        from survey_cli.services.cases.case_lists import explain_case

        request = self._make_request()
        return list(render_verdicts(explain_case(request, key, at=request.at)))

    def change(self, action: str, key: str, seen: int, value: str, reason: str) -> str:
        """Change a case: `outcome`, `answer`, `free` or `give`. Returns what was done, as text.

        Raises OutdatedError where it was changed after its event of the number `seen`.
        """
        from survey_cli.services.cases import case_actions

        request = self._make_request()
        match action:
            case "outcome":
                result = case_actions.correct_outcome(request, key, value, note=reason, seen=seen)
            case "answer":
                result = case_actions.answer_referral(request, key, note=reason, seen=seen)
            case "free":
                result, _ = case_actions.free_case(request, key, note=reason, seen=seen)
            case _:
                given = case_actions.reassign_appointments(request, to=value, key=key, note=reason, seen=seen)
                result = given.changed[0]
        return f"{result.key}: {result.summary}; {result.position.status}"

    def send(self, text: str, to: str) -> None:
        """Send a message to one person, or to everybody."""
        from survey_cli.services.cases.floor import send_message

        send_message(self._make_request(), text, to=to)

    def _make_request(self) -> "Request":
        from survey_cli.services.run_on_study import Request

        return Request(path=self.file, at=datetimes.now(), db=self.db, by=self.by, people=self.people)
