"""Lines about a whole interview: its case and answers, its closing review, how it ended."""

from collections.abc import Iterable
from datetime import timedelta

from survey_cli.engine.asked_items import AskedItem
from survey_cli.engine.events import InterviewNote
from survey_cli.entries import Prompt
from survey_cli.outcomes import Outcome
from survey_cli.sessions.interview.interview_session import (
    ClosingReview,
    InterviewResult,
    InterviewSession,
)
from survey_cli.sessions.lines.line import Line, Role, to_spans
from survey_cli.wording import format_quantity

CLOSED = "The interview is closed"
RESUMABLE = "it can be resumed at the same question"


def format_duration(time: timedelta) -> str:
    """Return a duration in words, which a screen reader reads as one: `3 minutes 12 seconds`."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    parts = []
    if minutes:
        parts.append(format_quantity(minutes, "minute"))
    if seconds or not parts:
        parts.append(format_quantity(seconds, "second"))
    return " ".join(parts)


def build_answer_line(item: AskedItem, role: Role = Role.ANSWER) -> Line:
    """Build the line of a question that was asked: its place, words and answer.

    The note is the reason for which a warning was accepted.
    """
    return Line(
        role, to_spans(item.answer), key=item.shown_place, label=item.text, note=item.reason
    )


def build_note_lines(notes: Iterable[InterviewNote]) -> list[Line]:
    """Build a line per note."""
    return [Line(Role.NOTE, to_spans(note.text), key=note.shown_place) for note in notes]


def build_review_lines(review: ClosingReview) -> list[Line]:
    """Build what the interviewer looks through before the interview is complete."""
    lines = [
        Line(
            Role.HEADING,
            to_spans(_describe_length(review.answered, review.duration)),
            label="Every question is answered",
        )
    ]
    lines += [build_answer_line(item, Role.DECLINED) for item in review.declined]
    lines += [build_answer_line(item, Role.CONFIRMED) for item in review.warnings]
    lines += build_note_lines(review.notes)
    return lines


def build_stop_line(outcome: Outcome) -> Line:
    """Build an outcome that stops the interview: `Stop here` if it is called again, else `End`."""
    does = "Stop here" if outcome.temporary else "End"
    return Line(
        Role.STOP,
        to_spans(outcome.name),
        key=str(outcome.number),
        label=does,
        note=outcome.id,
    )


def build_result_lines(result: InterviewResult | None) -> list[Line]:
    """Build how the interview ended, how long it took and where it is stored.

    None means that it is closed, and that nothing more is known.
    """
    if result is None:
        return [Line(Role.HEADING, to_spans(CLOSED))]

    lines = [_build_ending_line(result)]
    if result.erased:
        lines.append(Line(Role.FACT, to_spans("0 answers stored: all are erased")))
    else:
        length = _describe_length(result.answered, result.duration)
        lines.append(Line(Role.FACT, to_spans(length)))
        if result.stored_in:
            stored = to_spans(f"stored in {result.stored_in}")
            lines.append(Line(Role.FACT, stored, short=""))
    if result.remark:
        lines.append(Line(Role.ERROR, to_spans(result.remark)))
    return lines


def _build_ending_line(result: InterviewResult) -> Line:
    """Build the line that says how the interview ended, with its outcome if it has one."""
    outcome = result.outcome.name if result.outcome is not None else ""
    short = None
    match result.status:
        case "ended":
            how = "Ended"
        case "suspended":
            how = "Suspended"
            if not outcome:
                outcome = RESUMABLE
                short = how
        case "lost":
            how = "Left"
            outcome = "this station no longer has the case"
        case _:
            how = "Stopped"
    heading = f"{how}: {outcome}" if outcome else how
    return Line(Role.HEADING, to_spans(heading), short=short)


def build_preview_result_lines(result: InterviewResult | None) -> list[Line]:
    """Build how an interview in the preview ended, which stores nothing."""
    if result is None:
        return [Line(Role.HEADING, to_spans(CLOSED))]

    outcome = result.outcome.name if result.outcome is not None else ""
    match result.status:
        case "ended":
            heading = f"The interview ends here: {outcome or 'complete'}"
        case "suspended":
            heading = "The interview is suspended here"
            if outcome:
                heading = f"{heading}: {outcome}"
        case "stopped":
            heading = f"The interview was stopped: {outcome}"
        case _:
            heading = CLOSED

    answers = format_quantity(result.answered, "answer")
    text = f"{answers}, not stored. When you save the file, an item added at its end is asked."
    return [Line(Role.HEADING, to_spans(heading)), Line(Role.FACT, to_spans(text))]


def _describe_length(answered: int, duration: timedelta) -> str:
    return f"{format_quantity(answered, 'answer')} in {format_duration(duration)}"


def build_overview_lines(
    session: InterviewSession,
    prompt: Prompt | None,
    notes: Iterable[InterviewNote],
    recent: int,
    following: Iterable[str] = (),
) -> list[Line]:
    """Build what is shown beside a question.

    It is the case, both clocks, the study, the item, the last answers, questions that may follow,
    notes, quota cells, and what respondents ask.
    """
    lines = []
    if session.respondent:
        lines.append(Line(Role.HEADING, to_spans(session.respondent)))
    for label, text in session.details:
        if text:
            lines.append(Line(Role.FACT, to_spans(text), label=label))

    there = session.respondent_time()
    here = f"{session.station_time():%H:%M} here"
    if there is None:
        lines.append(Line(Role.CLOCK, to_spans(here)))
    else:
        lines.append(Line(Role.CLOCK, to_spans(f"{there:%H:%M} there"), remarks=(here,)))

    lines.append(Line(Role.FACT, to_spans(session.title), label="Study"))
    if prompt is not None:
        lines.append(Line(Role.PLACE, to_spans(prompt.shown_place), label="Item"))

    lines += [build_answer_line(item) for item in session.list_recent_answers(recent)]
    lines += [Line(Role.FOLLOWING, to_spans(question)) for question in following]
    lines += build_note_lines(notes)
    lines += [Line(Role.QUOTA, to_spans(cell)) for cell in session.list_quota_cells()]
    if prompt is not None:
        lines += [Line(Role.FAQ, question) for question, _ in prompt.faq]
    return lines
