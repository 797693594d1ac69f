"""Long-lived sessions: one interview, one interviewer's station, one preview.

A session commits every entry before the next is shown. `interview` conducts one interview, `case` claims sampled
cases and writes their history, `station` calls case after case, `preview` follows a questionnaire's file.
"""

from survey_cli.engine.asked_items import AskedItem
from survey_cli.sessions.interview.interview_protocol import ClosingReview, InterviewProtocol, InterviewResult

__all__ = ["AskedItem", "ClosingReview", "InterviewProtocol", "InterviewResult"]
