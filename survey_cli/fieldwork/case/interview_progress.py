"""Progress of an interview as fieldwork needs it; filled in by the sessions."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewProgress:
    """What an interview that stopped has come to."""

    passed_items: frozenset[str] = frozenset()
    """Items that its route has come past: answered, declined, read, or left out on the way."""
    answer_count: int = 0
    """Items with an answer."""
    question_count: int = 0
    """Items that would have been asked had it gone on along its present route, those answered among them."""
