"""Reviews of interviews by the office: which are drawn, the verdicts, and what the draw can find."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from hashlib import sha256
from math import comb
from typing import Final, NamedTuple

from survey_cli.engine.events import EventStamp, InterviewReviewed, ReviewVerdict
from survey_cli.engine.machine import COMPLETE
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.services.run_on_study import make_unknown_case_error, on_study
from survey_cli.store import InterviewOrigin, InterviewRow, JournalUpdate, OfficeUpdate
from survey_cli.study.open_study import OpenStudy

STATION: Final = "office"
FIRST: Final = 5
"""The interviews with which every interviewer begins; all of them are reviewed."""
LEAST_PER_WEEK: Final = 2
BATCH_SIZE: Final = 200
"""Interviews in one commit, for which an interviewer's answer waits some milliseconds."""
ASSUMED_SHARE: Final = 0.1
"""The share of bad interviews for which the draw says what it can find."""


class ReviewLine(NamedTuple):
    """An interview that is to be reviewed."""

    case: str
    interviewer: str
    began_at: datetime
    reason: str
    """Why it was drawn."""


class ReviewedInterviewer(NamedTuple):
    """What is drawn of one interviewer."""

    interviewer: str
    interviews: int
    verdicts: Counter[ReviewVerdict]
    """The number of interviews by their last verdict; all of them were drawn, or reviewed without."""
    detection: float
    """The probability that one of these interviews is bad, if `ASSUMED_SHARE` of all are."""


class ReviewDraw(NamedTuple):
    """The interviews to be reviewed, and what is drawn of each interviewer."""

    where: str
    drawn: int
    """Interviews drawn now."""
    open: tuple[ReviewLine, ...]
    interviewers: tuple[ReviewedInterviewer, ...]


@on_study("review interviews")
def review_case(study: OpenStudy, key: str, verdict: ReviewVerdict, *, note: str = "") -> str:
    """Store the verdict on the latest interview of a case that is over. Returns the interviewer's login."""
    interviews = study.store.interviews
    if (
        not (rows := interviews.list_rows(case=key))
        and study.store.cases.queries.find_row(key) is None
    ):
        raise make_unknown_case_error(study, key)
    over = [row for row in rows if row.status in ("ended", "stopped") and not row.is_erased]
    if not over:
        raise UserError(
            f"case {key}", "no interview with it is over", "review it when it has ended"
        )
    if not (note := clean_text(note, lines=True)) and verdict != "ok":
        raise UserError(
            f"case {key}", f"{verdict} needs a reason", "say what was found: --note TEXT"
        )
    row = max(over, key=lambda row: (row.origin == "real", row.number))
    if left := interviews.append_from_office([_build_update(study, row, verdict, note)]):
        raise UserError(f"case {key}", left[row.id], "run the command again later")
    return row.by


def _build_update(
    study: OpenStudy, row: InterviewRow, verdict: ReviewVerdict, reason: str
) -> OfficeUpdate:
    last = study.store.interviews.read_journal(row.id)[-1]
    event = InterviewReviewed(
        EventStamp(max(study.at, last.stamp.at), study.who.login, STATION), verdict, reason
    )
    state = row.status, row.at_item, row.answered, row.outcome
    return OfficeUpdate(JournalUpdate(row.id, row.last_seq + 1, (event,), *state), row)


@on_study("draw interviews for review")
def draw_reviews(
    study: OpenStudy, share: float, *, seed: int = 1, origin: InterviewOrigin = "real"
) -> ReviewDraw:
    """Draw complete interviews for review: a share of them, each interviewer's first ones, at least two per week.

    An interview to which a station is writing is drawn the next time.
    """
    interviews = study.store.interviews
    rows = [
        row
        for row in interviews.list_rows(origin=origin, status="ended")
        if row.outcome == COMPLETE
    ]
    before = interviews.read_reviews()
    reasons = draw_for_review(
        [(r.id, r.by, r.began_at.astimezone().date()) for r in rows], before, share, seed
    )
    new = [row for row in rows if row.id in reasons]
    for start in range(0, len(new), BATCH_SIZE):
        batch = new[start : start + BATCH_SIZE]
        interviews.append_from_office(
            [_build_update(study, row, "drawn", reasons[row.id]) for row in batch]
        )
    reviews = interviews.read_reviews()
    to_review = [row for row in rows if row.id in reviews and reviews[row.id].verdict == "drawn"]
    lines = (
        ReviewLine(row.case, row.by, row.began_at, reviews[row.id].reason) for row in to_review
    )
    verdicts: dict[str, Counter[ReviewVerdict]] = defaultdict(Counter)
    for row in rows:
        verdicts[row.by].update([reviews[row.id].verdict] if row.id in reviews else ())
    people = []
    for login, count in sorted(Counter(row.by for row in rows).items()):
        detection = compute_detection(
            count, max(1, round(count * ASSUMED_SHARE)), verdicts[login].total()
        )
        people.append(ReviewedInterviewer(login, count, verdicts[login], detection))
    return ReviewDraw(study.where, len(reviews.keys() - before.keys()), tuple(lines), tuple(people))


def draw_for_review(
    interviews: Iterable[tuple[str, str, date]], before: Collection[str], share: float, seed: int
) -> dict[str, str]:
    """Draw interviews, each with the reason, besides those that were drawn before.

    The interviews are all of the study, the oldest first, each with its interviewer and the day on which it began. A
    number drawn from the seed and the id decides, so that the same draw selects the same interviews, and a larger share
    selects them and others.
    """
    numbers: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    weeks: dict[tuple[str, int, int], list[tuple[float, str]]] = {}
    for interview, interviewer, day in interviews:
        numbers[interviewer] += 1
        score = int.from_bytes(sha256(f"{seed} {interview}".encode()).digest()[:8]) / 2**64
        weeks.setdefault((interviewer, *day.isocalendar()[:2]), []).append((score, interview))
        if interview not in before and numbers[interviewer] <= FIRST:
            reasons[interview] = f"one of the first {FIRST} interviews"
        elif interview not in before and score < share:
            reasons[interview] = f"drawn at random ({share:.4g})"
    for of_week in weeks.values():
        rest = [
            interview
            for _, interview in sorted(of_week)
            if interview not in before and interview not in reasons
        ]
        lacking = LEAST_PER_WEEK - (len(of_week) - len(rest))
        reasons |= dict.fromkeys(rest[: max(lacking, 0)], f"one of {LEAST_PER_WEEK} in the week")
    return reasons


def compute_detection(interviews: int, bad: int, reviewed: int) -> float:
    """Return the probability that at least one bad interview is among those drawn at random for review."""
    return 1 - comb(interviews - bad, reviewed) / comb(interviews, reviewed)
