"""Pages of the interview screen that are read: the keys, respondents' questions, the case, the closing words."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from textual.content import Content

from survey_cli.engine.notes import InterviewNote
from survey_cli.entries import PickEntry, Prompt, ReadEntry, to_plain_text
from survey_cli.entry_commands import COMMANDS
from survey_cli.sessions import AskedItem, InterviewProtocol, InterviewResult
from survey_cli.sessions.interview.interview_protocol import ClosingReview
from survey_cli.tui.interview.keys import InterviewKey
from survey_cli.tui.widgets.text import (
    ASIDE,
    HeaderState,
    build_details,
    build_section,
    build_table,
    clean,
    escape_markdown,
    format_duration,
    join_lines,
    join_sections,
    style_spans,
    style_text,
)
from survey_cli.values import Place
from survey_cli.wording import format_quantity

DOT_WORDS: Final = (
    (".dk .refused", "an answer declined, by its name"),
    ("..", "a dot, where an answer begins with one"),
)
RECENT: Final = 8
"""Answers listed beside the question."""


def build_help(prompt: Prompt | None, keys: Iterable[InterviewKey]) -> str:
    """Build the page of keys, with more about this question first, as Markdown."""
    texts = (prompt.help, prompt.probe) if prompt is not None else ()
    lines = [f"*{escape_markdown(to_plain_text(text).strip())}*\n" for text in texts if text]
    keyed = prompt is not None and isinstance(prompt.entry, PickEntry | ReadEntry)
    declines = [(d.key, d.text) for d in prompt.declines if d.key] if prompt is not None and keyed else []
    commands = ((str(command), command.help) for command in COMMANDS)
    listed = (*declines, *((key.label, key.does) for key in keys), *commands, *DOT_WORDS)
    return "\n".join([*lines, *(f"- **{escape_markdown(key)}** {escape_markdown(does)}" for key, does in listed)])


def build_faq(prompt: Prompt) -> Content:
    """Build what respondents ask and what may be answered: the answers are read aloud."""
    parts = [
        Content.assemble((ASIDE, "$quiet"), style_spans(question, "$quiet"), "\n", style_spans(answer))
        for question, answer in prompt.faq
    ]
    return join_sections(parts)


def build_case(
    session: InterviewProtocol, prompt: Prompt | None, notes: Iterable[InterviewNote], width: int
) -> Content:
    """Build the side panel: the case, both clocks, the answers before this question, notes, quota cells, questions."""
    there = session.respondent_time()
    here = session.station_time()
    clocks = f"{there:%H:%M} there   {here:%H:%M} here" if there is not None else f"{here:%H:%M} here"
    sections = [
        join_lines([style_text(session.respondent, "bold"), *build_details(session.details), style_text(clocks)]),
        build_section("EARLIER", _list_items(session.list_recent_answers(RECENT), width)),
        build_section("NOTES", _list_notes(notes, width)),
        build_section("QUOTA CELLS", [style_text(cell) for cell in session.list_quota_cells()]),
        build_section(
            "THEY ASK (F5)", [style_spans(question) for question, _ in (prompt.faq if prompt is not None else ())]
        ),
    ]
    return join_sections(sections)


def _list_items(items: Iterable[AskedItem], width: int) -> list[Content]:
    return build_table([(str(item.place), _format_answer(item)) for item in items], width, "$code")


def _format_answer(item: AskedItem) -> Content:
    reason = (f"  ({clean(item.reason)})", "italic $quiet") if item.reason else ""
    return Content.assemble(clean(item.answer), reason)


def _list_notes(notes: Iterable[InterviewNote], width: int) -> list[Content]:
    return build_table([(str(note.place), note.text) for note in notes], width, "$code")


def build_review(review: ClosingReview, width: int) -> Content:
    """Build what is looked through before the interview is complete."""
    sections = [
        join_lines(
            [
                style_text("Every question is answered", "bold"),
                style_text(_describe_length(review.answered, review.duration), "$quiet"),
            ]
        ),
        build_section("DECLINED", _list_items(review.declined, width)),
        build_section("CONFIRMED DESPITE A WARNING", _list_items(review.warnings, width)),
        build_section("NOTES", _list_notes(review.notes, width)),
    ]
    return join_sections(sections)


def _describe_length(answered: int, duration: timedelta) -> str:
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    return f"{format_quantity(answered, 'answer')} in {minutes}:{seconds:02}"


def build_result(result: InterviewResult | None) -> Content:
    """Build the page after the interview's end."""
    if result is None:
        return style_text("The interview is closed.", "bold")
    outcome = result.outcome.name if result.outcome is not None else ""
    headings = {
        "ended": f"Ended: {outcome}" if outcome else "The interview is complete",
        "suspended": f"{outcome or 'Suspended'}: it can be resumed at the same question",
        "stopped": f"Stopped: {outcome}" if outcome else "Stopped",
        "lost": "Left: another station took over this interview",
    }
    answers = _describe_length(result.answered, result.duration)
    stored = ["0 answers stored: all are erased"] if result.erased else [answers, f"stored in {result.stored_in}"]
    return join_lines(
        [
            style_text(headings.get(result.status, result.status), "bold"),
            Content(" "),
            *(style_text(text, "$quiet") for text in stored),
            style_text(result.remark, "$error"),
        ]
    )


def build_header(session: InterviewProtocol, prompt: Prompt | None, last: tuple[Place, str] | None) -> HeaderState:
    """Build the header: title and section, language, place, position and timer, and `last`, the answer keyed last.

    That answer is left out at its own question, where it is not confirmed yet, or corrected.
    """
    right = [format_duration(session.elapsed_time())]
    mark = "PRACTICE" if session.practice else ""
    if prompt is None:
        return HeaderState(session.title, "", right[0], 1.0, mark=mark)
    right = [str(prompt.place), f"{prompt.position} / {prompt.total}", *right]
    if len(prompt.languages) > 1:
        right.insert(0, prompt.language)
    return HeaderState(
        session.title,
        prompt.section,
        "   ".join(right),
        (prompt.position - 1) / max(prompt.total, 1),
        f"{last[0]}: {last[1]}" if last is not None and last[0] != prompt.place else "",
        mark,
    )
