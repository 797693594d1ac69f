"""Reviews of interviews by the office: which are drawn, the verdicts, and what the draw can find."""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.engine.events import EventStamp, InterviewReviewed, ReviewVerdict
from survey_cli.engine.machine import COMPLETE
from survey_cli.problems import UserError
from survey_cli.reports.quality.review import ReviewCandidate, compute_detection, draw_for_review
from survey_cli.services.run_on_study import make_unknown_case_error, on_study
from survey_cli.store import InterviewOrigin, InterviewRow, JournalUpdate, OfficeUpdate
from survey_cli.study.open_study import OpenStudy

STATION: Final = "office"
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
    rows = interviews.list_rows(case=key)
    if not rows and study.store.cases.queries.find_row(key) is None:
        raise make_unknown_case_error(study, key)
    over = [row for row in rows if row.status in ("ended", "stopped") and not row.is_erased]
    if not over:
        raise UserError(f"case {key}", "no interview with it is over", "review it when it has ended")
    if verdict != "ok" and not note.strip():
        raise UserError(f"case {key}", f"{verdict} needs a reason", "say what was found: --note TEXT")
    row = max(over, key=lambda row: (row.origin == "real", row.number))
    if left := interviews.append_from_office([_build_update(study, row, verdict, note.strip())]):
        raise UserError(f"case {key}", left[row.id], "run the command again later")
    return row.by


def _build_update(study: OpenStudy, row: InterviewRow, verdict: ReviewVerdict, reason: str) -> OfficeUpdate:
    last = study.store.interviews.read_journal(row.id)[-1]
    event = InterviewReviewed(EventStamp(max(study.at, last.stamp.at), study.who.login, STATION), verdict, reason)
    state = row.status, row.at_item, row.answered, row.outcome
    return OfficeUpdate(JournalUpdate(row.id, row.last_seq + 1, (event,), *state), row)


@on_study("draw interviews for review")
def draw_reviews(study: OpenStudy, share: float, *, seed: int = 1, origin: InterviewOrigin = "real") -> ReviewDraw:
    """Draw complete interviews for review: a share of them, each interviewer's first ones, at least two per week.

    An interview to which a station is writing is drawn the next time.
    """
    interviews = study.store.interviews
    rows = [row for row in interviews.list_rows(origin=origin, status="ended") if row.outcome == COMPLETE]
    before = interviews.read_reviews()
    candidates = (ReviewCandidate(r.id, r.by, r.began_at.astimezone().date(), r.id in before) for r in rows)
    reasons = draw_for_review(candidates, share, seed)
    new = [row for row in rows if row.id in reasons]
    for start in range(0, len(new), BATCH_SIZE):
        batch = new[start : start + BATCH_SIZE]
        interviews.append_from_office([_build_update(study, row, "drawn", reasons[row.id]) for row in batch])
    reviews = interviews.read_reviews()
    to_review = [row for row in rows if row.id in reviews and reviews[row.id].verdict == "drawn"]
    lines = (ReviewLine(row.case, row.by, row.began_at, reviews[row.id].reason) for row in to_review)
    verdicts: dict[str, Counter[ReviewVerdict]] = defaultdict(Counter)
    for row in rows:
        verdicts[row.by].update([reviews[row.id].verdict] if row.id in reviews else ())
    totals = Counter(row.by for row in rows)
    people = (
        ReviewedInterviewer(login, totals[login], own, _detect(totals[login], own))
        for login, own in sorted(verdicts.items())
    )
    return ReviewDraw(study.where, len(reviews.keys() - before.keys()), tuple(lines), tuple(people))


def _detect(interviews: int, verdicts: Counter[ReviewVerdict]) -> float:
    return compute_detection(interviews, max(1, round(interviews * ASSUMED_SHARE)), verdicts.total())
