"""Full-screen interface: interviews, stations, previews, coding, monitoring and the board.

It is built from Textual's widgets. It translates keys into calls of a session and decides nothing
about the survey. It uses neither the store nor the instrument.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from survey_cli.services.data.coding import CodingSession
    from survey_cli.sessions.interview.interview_session import InterviewSession
    from survey_cli.sessions.monitoring import Replay, Watch
    from survey_cli.sessions.preview.preview import Preview
    from survey_cli.sessions.station.station import StationSession
    from survey_cli.tui.board.screen import StudyBoard
    from survey_cli.tui.widgets.key_app import KeyApp

__all__ = [
    "ScreenError",
    "conduct_interview",
    "run_board",
    "run_coding",
    "run_monitor",
    "run_preview",
    "run_station",
]

# Textual takes a quarter of a second to import, so each of these functions imports what it shows.
# All of them raise UserError if there is no such theme, and ScreenError if the screen breaks: what
# was keyed before is stored.


class ScreenError(RuntimeError):
    """The screen itself broke.

    Its text is one plain sentence for the interviewer; `__cause__` is the bug.
    """


def conduct_interview(session: "InterviewSession", theme: str = "") -> None:
    """Conduct an interview until it ends or is suspended."""
    from survey_cli.tui.interview.screen import InterviewScreen
    from survey_cli.tui.widgets.key_app import KeyApp

    _run(
        KeyApp(lambda: InterviewScreen(session), theme),
        "Every answer is stored: start the interview again to continue at the same question.",
    )


def run_station(session: "StationSession", theme: str = "") -> None:
    """Run a station until its shift ends."""
    from survey_cli.tui.station.screen import StationApp

    _run(
        StationApp(session, theme),
        "Everything keyed is stored: start the station again to continue with the same case.",
    )


def run_preview(preview: "Preview", theme: str = "") -> None:
    """Conduct an interview that is not stored and follows its file, until the preview is left."""
    from survey_cli.tui.preview.screen import PreviewApp

    try:
        _run(PreviewApp(preview, theme))
    finally:
        preview.close()


def run_coding(session: "CodingSession", theme: str = "") -> None:
    """Code open answers until the screen is left."""
    from survey_cli.tui.coding import CodingScreen
    from survey_cli.tui.widgets.key_app import KeyApp

    _run(
        KeyApp(lambda: CodingScreen(session), theme),
        "Every code is stored: start again to continue.",
    )


def run_monitor(source: "Watch | Replay", theme: str = "") -> None:
    """Show interviews as their interviewer sees them, until the screen is left."""
    from survey_cli.tui.monitoring import MonitorApp

    _run(MonitorApp(source, theme))


def run_board(studies: "Sequence[StudyBoard]", theme: str = "") -> None:
    """Show studies and read them every few seconds, until the board is left.

    Their methods are called on threads of their own.
    """
    from survey_cli.tui.board.screen import BoardApp

    _run(BoardApp(studies, theme), "Every change that was confirmed is stored.")


def _run(app: "KeyApp", remedy: str = "") -> None:
    """Run an application until it is left."""
    try:
        app.run()
    finally:
        driver = app._driver
        if driver is not None:
            # A screen that broke may not have closed its terminal. Textual's threads, which read
            # and write it, would keep the program alive. Not every driver reads on a thread.
            exit_event = getattr(driver, "exit_event", None)
            if exit_event is not None:
                exit_event.set()
            driver.close()
        app.ending.close()

    if app.failure is not None:
        message = f"The screen failed ({type(app.failure).__name__}). {remedy}"
        raise ScreenError(message.strip()) from app.failure
