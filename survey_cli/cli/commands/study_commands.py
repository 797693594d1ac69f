"""One study of a board: each of its actions opens the study, as a command does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from survey_cli.cli.commands.case import render_sheet, render_verdicts
from survey_cli.cli.output import datetimes
from survey_cli.fieldwork.help_calls import HelpCall
from survey_cli.permissions import Action
from survey_cli.reports.fieldwork.cases import CaseLine
from survey_cli.reports.fieldwork.status import FieldworkStatus
from survey_cli.services.cases import case_actions
from survey_cli.services.cases.case_lists import (
    explain_case,
    list_cases_of_interest,
    load_case_sheet,
)
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.cases.floor import list_help_calls, send_message
from survey_cli.services.run_on_study import Request


@dataclass(frozen=True, slots=True)
class StudyCommands:
    """One study of the board. Each method opens the study, and raises UserError."""

    file: str
    by: str = ""
    people: str | None = None
    db: str | None = None
    zone: tzinfo | None = None

    def to_local(self, at: datetime) -> datetime:
        """Convert a time to the viewer's clock."""
        return at.astimezone(self.zone)

    def load(self) -> FieldworkStatus:
        """Return the status of the fieldwork as of now."""
        request = self._make_request()
        return load_fieldwork_status(request, zone=self.zone, action=Action.SEE_BOARD)

    def list_help_calls(self) -> tuple[HelpCall, ...]:
        """Return the calls for help, answered ones too, the oldest first."""
        return list_help_calls(self._make_request())

    def list_cases(self, text: str) -> tuple[CaseLine, ...]:
        """Return the cases that match a text.

        Without one, return those that need attention, then those changed last.
        """
        return list_cases_of_interest(self._make_request(), text)

    def list_choices(self) -> case_actions.CaseChoices:
        """Return the outcomes and people that can be chosen."""
        return case_actions.list_case_choices(self._make_request())

    def show(self, key: str) -> Sequence[str]:
        """Return a case with its history as lines."""
        return list(render_sheet(load_case_sheet(self._make_request(), key)))

    def explain(self, key: str) -> Sequence[str]:
        """Return why a case may or may not be called now, as lines."""
        request = self._make_request()
        return list(render_verdicts(explain_case(request, key, at=request.at)))

    def change(self, action: str, key: str, seen: int, value: str, reason: str) -> str:
        """Change a case: `outcome`, `answer`, `free` or `give`. Returns what was done, as text.

        Raises OutdatedError if it was changed after its event of the number `seen`.
        """
        request = self._make_request()
        match action:
            case "outcome":
                result = case_actions.correct_outcome(request, key, value, note=reason, seen=seen)
            case "answer":
                result = case_actions.answer_referral(request, key, note=reason, seen=seen)
            case "free":
                result, _ = case_actions.free_case(request, key, note=reason, seen=seen)
            case _:
                given = case_actions.reassign_appointments(
                    request, to=value, key=key, note=reason, seen=seen
                )
                result = given.changed[0]
        return f"{result.key}: {result.summary}; {result.position.status}"

    def send(self, text: str, to: str) -> None:
        """Send a message to one person, or to everybody."""
        send_message(self._make_request(), text, to=to)

    def _make_request(self) -> Request:
        return Request(
            path=self.file, at=datetimes.now(), db=self.db, by=self.by, people=self.people
        )
