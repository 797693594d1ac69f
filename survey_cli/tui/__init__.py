"""How does an interview look and feel on a full screen? Keys in, calls to the desk out; it never decides
anything about the survey, and knows neither the store nor the instrument.
"""

from survey_cli.desk import Conduct

__all__ = ["ScreenFailed", "conduct"]


class ScreenFailed(RuntimeError):
    """The screen itself broke. Its text is one plain sentence for the interviewer; `__cause__` is the bug."""


def conduct(desk: Conduct) -> None:
    """Hold the interview until it closes or is put aside. Raises ScreenFailed when the screen breaks; what
    was answered before is kept by the desk."""
    from survey_cli.tui.app import InterviewApp  # Textual takes a quarter of a second: only when it is wanted

    app = InterviewApp(desk)
    app.run(mouse=False)  # without it the terminal's own way of selecting text keeps working
    if app.broke is not None:
        raise ScreenFailed(
            f"The screen failed ({type(app.broke).__name__}). Every answer given is kept: "
            "start the interview again and it goes on at the same question."
        ) from app.broke
