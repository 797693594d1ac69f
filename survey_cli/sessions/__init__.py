"""Sessions: interview, station, preview. Each entry is committed before the next prompt is shown."""

from survey_cli.sessions.interview.interview_protocol import Asked, Closing, Conduct

__all__ = ["Asked", "Closing", "Conduct"]
