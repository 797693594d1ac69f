"""Draw of interviews for review and re-contact, and what a review of some interviews can find."""

from collections.abc import Iterable
from datetime import date
from hashlib import sha256
from math import comb
from typing import Final, NamedTuple

FIRST: Final = 5
"""The interviews with which every interviewer begins; all of them are reviewed."""
LEAST_PER_WEEK: Final = 2


class ReviewCandidate(NamedTuple):
    """A complete interview that may be drawn."""

    interview: str
    interviewer: str
    day: date
    """The day on which it began."""
    drawn: bool
    """Whether it was drawn or reviewed before."""


def draw_for_review(candidates: Iterable[ReviewCandidate], share: float, seed: int) -> dict[str, str]:
    """Draw interviews, each with the reason; the candidates are all interviews of the study, the oldest first.

    A number drawn from the seed and the id decides, so that the same draw selects the same interviews, and a larger
    share selects them and others.
    """
    numbers: dict[str, int] = {}
    reasons: dict[str, str] = {}
    weeks: dict[tuple[str, int, int], list[tuple[float, ReviewCandidate]]] = {}
    for candidate in candidates:
        number = numbers[candidate.interviewer] = numbers.get(candidate.interviewer, 0) + 1
        score = int.from_bytes(sha256(f"{seed} {candidate.interview}".encode()).digest()[:8]) / 2**64
        year, week, _ = candidate.day.isocalendar()
        weeks.setdefault((candidate.interviewer, year, week), []).append((score, candidate))
        if not candidate.drawn and number <= FIRST:
            reasons[candidate.interview] = f"one of the first {FIRST} interviews"
        elif not candidate.drawn and score < share:
            reasons[candidate.interview] = f"drawn at random ({share:.4g})"
    for interviews in weeks.values():
        interviews.sort()
        lacking = LEAST_PER_WEEK - sum(c.drawn or c.interview in reasons for _, c in interviews)
        rest = [c for _, c in interviews if not c.drawn and c.interview not in reasons]
        for candidate in rest[: max(lacking, 0)]:
            reasons[candidate.interview] = f"one of {LEAST_PER_WEEK} in the week"
    return reasons


def compute_detection(interviews: int, bad: int, reviewed: int) -> float:
    """Return the probability that at least one bad interview is among those drawn at random for review."""
    return 1 - comb(interviews - bad, reviewed) / comb(interviews, reviewed)
