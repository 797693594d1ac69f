"""Reviews of interviews by the office: the draw, the verdicts, and what the draw can find."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime
from hashlib import sha256
from math import comb
from typing import Final, NamedTuple

from survey_cli.engine.events import EventStamp, InterviewReviewed, ReviewVerdict
from survey_cli.engine.machine import COMPLETE
from survey_cli.fieldwork.case.events import OFFICE_STATION
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.samples.cases.columns import clean_text
from survey_cli.services.run_on_study import make_unknown_case_error, on_study
from survey_cli.store import InterviewOrigin, InterviewRow, JournalUpdate, OfficeUpdate
from survey_cli.study.open_study import OpenStudy

FIRST: Final = 5
"""The interviews with which every interviewer begins; all of them are reviewed."""
LEAST_PER_WEEK: Final = 2
"""The interviews of an interviewer that are reviewed at least in every week."""
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
    """The number of drawn or reviewed interviews, by their last verdict."""
    detection: float
    """The probability that one of these interviews is bad if `ASSUMED_SHARE` of all are."""


class ReviewDraw(NamedTuple):
    """The interviews to be reviewed, and what is drawn of each interviewer."""

    where: str
    drawn: int
    """Interviews drawn now."""
    open: tuple[ReviewLine, ...]
    interviewers: tuple[ReviewedInterviewer, ...]


@on_study(Action.REVIEW)
def review_case(study: OpenStudy, key: str, verdict: ReviewVerdict, *, note: str = "") -> str:
    """Store the verdict on the latest interview of a case that is over.

    Returns the interviewer's login.
    """
    interviews = study.store.interviews
    rows = interviews.list_rows(case=key)
    if not rows and study.store.cases.queries.find_row(key) is None:
        raise make_unknown_case_error(study, key)

    over = [row for row in rows if row.status in ("ended", "stopped") and not row.is_erased]
    if not over:
        what = "no interview with it is over"
        raise UserError(f"case {key}", what, "review it when it has ended")

    note = clean_text(note, lines=True)
    if not note and verdict != "ok":
        remedy = "say what was found: --note TEXT"
        raise UserError(f"case {key}", f"{verdict} needs a reason", remedy)

    # Practice with the same case may be more recent, and is not meant.
    row = max(over, key=lambda row: (row.origin == "real", row.number))
    skipped = interviews.append_from_office([_build_update(study, row, verdict, note)])
    if skipped:
        raise UserError(f"case {key}", skipped[row.id], "run the command again later")
    return row.by


def _build_update(
    study: OpenStudy, row: InterviewRow, verdict: ReviewVerdict, reason: str
) -> OfficeUpdate:
    """Build the update that adds a verdict to an interview's journal."""
    last = study.store.interviews.read_journal(row.id)[-1]
    # The clock of a station may be ahead, and a journal's times never go back.
    at = max(study.at, last.stamp.at)
    stamp = EventStamp(at, study.who.login, OFFICE_STATION)
    update = JournalUpdate(
        row.id,
        row.last_seq + 1,
        (InterviewReviewed(stamp, verdict, reason),),
        row.status,
        row.at_item,
        row.answered,
        row.outcome,
    )
    return OfficeUpdate(update, row)


@on_study(Action.REVIEW)
def draw_reviews(
    study: OpenStudy, share: float, *, seed: int = 1, origin: InterviewOrigin = "real"
) -> ReviewDraw:
    """Draw complete interviews for review.

    Drawn are a share of them, the first ones of every interviewer, and at least two per week. An
    interview to which a station is writing is drawn the next time.
    """
    interviews = study.store.interviews
    ended = interviews.list_rows(origin=origin, status="ended")
    rows = [row for row in ended if row.outcome == COMPLETE]
    before = interviews.read_reviews()
    candidates = [(row.id, row.by, row.began_at.astimezone().date()) for row in rows]
    reasons = draw_for_review(candidates, before, share, seed)

    new = [row for row in rows if row.id in reasons]
    for start in range(0, len(new), BATCH_SIZE):
        batch = new[start : start + BATCH_SIZE]
        updates = [_build_update(study, row, "drawn", reasons[row.id]) for row in batch]
        interviews.append_from_office(updates)

    reviews = interviews.read_reviews()
    lines = []
    verdicts: dict[str, Counter[ReviewVerdict]] = defaultdict(Counter)
    for row in rows:
        review = reviews.get(row.id)
        if review is None:
            continue
        verdicts[row.by][review.verdict] += 1
        # It has no later verdict.
        if review.verdict == "drawn":
            lines.append(ReviewLine(row.case, row.by, row.began_at, review.reason))

    people = []
    for login, count in sorted(Counter(row.by for row in rows).items()):
        bad = max(1, round(count * ASSUMED_SHARE))
        detection = compute_detection(count, bad, verdicts[login].total())
        people.append(ReviewedInterviewer(login, count, verdicts[login], detection))

    drawn = len(reviews.keys() - before.keys())
    return ReviewDraw(study.where, drawn, tuple(lines), tuple(people))


def draw_for_review(
    interviews: Iterable[tuple[str, str, date]], before: Collection[str], share: float, seed: int
) -> dict[str, str]:
    """Draw interviews, each with the reason, in addition to those that were drawn before.

    `interviews` are all of the study, the oldest first, each with its interviewer and the day on
    which it began. A number made of the seed and the id decides, so that the same draw selects the
    same interviews, and a larger share selects them and others.
    """
    numbers: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    weeks: dict[tuple[str, int, int], list[tuple[float, str]]] = {}
    for interview, interviewer, day in interviews:
        numbers[interviewer] += 1
        digest = sha256(f"{seed} {interview}".encode()).digest()
        score = int.from_bytes(digest[:8]) / 2**64
        year, week, _ = day.isocalendar()
        weeks.setdefault((interviewer, year, week), []).append((score, interview))

        if interview in before:
            continue
        if numbers[interviewer] <= FIRST:
            reasons[interview] = f"one of the first {FIRST} interviews"
        elif score < share:
            reasons[interview] = f"drawn at random ({share:.4g})"

    for of_week in weeks.values():
        rest = [
            interview
            for _, interview in sorted(of_week)
            if interview not in before and interview not in reasons
        ]
        drawn = len(of_week) - len(rest)
        missing = max(LEAST_PER_WEEK - drawn, 0)
        for interview in rest[:missing]:
            reasons[interview] = f"one of {LEAST_PER_WEEK} in the week"
    return reasons


def compute_detection(interviews: int, bad: int, reviewed: int) -> float:
    """Return the probability that a bad interview is among those drawn at random for review."""
    return 1 - comb(interviews - bad, reviewed) / comb(interviews, reviewed)
