"""Application of one interview."""

from typing import Final

from survey_cli.sessions import InterviewProtocol
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.widgets.key_app import KeyApp

DRAFT_SECONDS: Final = 2.0
"""How often what is typed in a free answer is saved."""


class InterviewApp(KeyApp):
    """One interview on a full screen."""

    def __init__(self, session: InterviewProtocol, theme: str = "dark") -> None:
        super().__init__(lambda: InterviewScreen(session), theme)

    def start(self) -> None:
        self.every(DRAFT_SECONDS, self._keep_draft)

    def _keep_draft(self) -> None:
        if isinstance(self.top, InterviewScreen):
            self.top.keep_draft()
