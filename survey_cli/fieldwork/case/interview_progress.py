"""Progress of an interview as fieldwork needs it; filled in by the sessions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewProgress:
    """The progress of an interview when it stopped."""

    passed_items: frozenset[str] = frozenset()
    """Items that its route has passed: answered, declined, read, or left out on the way."""
    answer_count: int = 0
    """Items with an answer."""
    question_count: int = 0
    """Items that would have been asked on the whole of its present route, including those answered."""
