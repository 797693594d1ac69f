"""Full-screen interface for interviews, stations and previews.

It translates keys into calls of a session and decides nothing about the survey. It uses neither the store nor the
instrument.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from survey_cli.sessions import InterviewProtocol

if TYPE_CHECKING:
    from textual.app import App

    from survey_cli.sessions.preview.preview import PreviewState
    from survey_cli.sessions.station.station_protocol import StationProtocol

__all__ = ["ScreenError", "conduct", "rehearse", "watch", "work"]


class ScreenError(RuntimeError):
    """The screen itself broke. Its text is one plain sentence for the interviewer; `__cause__` is the bug."""


def conduct(session: InterviewProtocol, theme: str = "") -> None:
    """Conduct the interview until it ends or is suspended.

    Raises UserError where there is no such theme, and ScreenError where the screen breaks; what was answered before is
    stored.
    """
    from survey_cli.tui.interview.app import InterviewApp  # Textual takes a quarter of a second to import
    from survey_cli.tui.widgets.themes import choose_theme

    app = InterviewApp(session, choose_theme(theme))
    _run(app)
    if app.failure is not None:
        raise ScreenError(
            f"The screen failed ({type(app.failure).__name__}). Every answer given is stored: "
            "start the interview again and it goes on at the same question."
        ) from app.failure


def work(session: "StationProtocol", theme: str = "") -> None:
    """Run a station until its shift ends.

    Raises UserError where there is no such theme, and ScreenError where the screen breaks; what was keyed before is
    stored.
    """
    from survey_cli.tui.station.app import StationApp
    from survey_cli.tui.widgets.themes import choose_theme

    app = StationApp(session, choose_theme(theme))
    _run(app)
    if app.failure is not None:
        raise ScreenError(
            f"The screen failed ({type(app.failure).__name__}). Everything keyed is stored: "
            "start the station again and it goes on with the same case."
        ) from app.failure


def rehearse(
    shown: "PreviewState",
    *,
    reload: "Callable[[], PreviewState | None]",
    restart: "Callable[[], PreviewState]",
    theme: str = "",
) -> None:
    """Conduct an interview that is not stored and follows its file, until it is left.

    `reload` is called five times a second and returns the new state of the file, None where it has not changed;
    `restart` starts over. Raises UserError where there is no such theme, and ScreenError where the screen breaks.
    """
    from survey_cli.tui.preview.app import PreviewApp
    from survey_cli.tui.widgets.themes import choose_theme

    app = PreviewApp(shown, reload=reload, restart=restart, theme=choose_theme(theme))
    _run(app)
    if app.failure is not None:
        raise ScreenError(f"The screen failed ({type(app.failure).__name__}).") from app.failure


def watch(lines: "Callable[[int], Sequence[str]]", theme: str = "") -> None:
    """Show a report and refresh it every few seconds, until it is left.

    `lines` returns it in lines of at most so many cells; it is called on a thread of its own. Raises UserError where
    there is no such theme, and ScreenError where the screen breaks.
    """
    from survey_cli.tui.status import StatusApp
    from survey_cli.tui.widgets.themes import choose_theme

    app = StatusApp(lines, choose_theme(theme))
    _run(app)
    if app.failure is not None:
        raise ScreenError(f"The screen failed ({type(app.failure).__name__}).") from app.failure


def _run(app: "App[None]") -> None:
    """Run an application until it is left.

    Its threads are ended even where it ends without having closed its terminal: they would keep the program alive.
    """
    try:
        app.run()
    finally:
        driver = app._driver
        if driver is not None:
            if (ended := getattr(driver, "exit_event", None)) is not None:
                ended.set()
            driver.close()
