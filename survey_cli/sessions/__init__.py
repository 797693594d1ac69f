"""What is done, in what order, when one interviewer sits down: seated at a case, holding its interview, committing each
entry before the next is shown."""

from survey_cli.sessions.interview.interview_protocol import Asked, Closing, Conduct

__all__ = ["Asked", "Closing", "Conduct"]
