"""Keys, messages, lists and pages that the interview screen shows beside the question."""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from textual.content import Content

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.engine.asked_items import AskedItem
from survey_cli.engine.events import InterviewNote
from survey_cli.entry_commands import COMMANDS
from survey_cli.outcomes import Outcome
from survey_cli.sessions.interview.interview_session import (
    ClosingReview,
    InterviewResult,
    InterviewSession,
)
from survey_cli.tui.interview import pick
from survey_cli.tui.interview.current_question import CurrentQuestion
from survey_cli.tui.interview.pick import PickState
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.panel import Act, ListPanel, Row
from survey_cli.tui.widgets.styled import KeyHint, KeyHints, clean, style_text
from survey_cli.values import Place
from survey_cli.wording import format_quantity


class InterviewKey(NamedTuple):
    """What one key does, whatever is asked."""

    label: str
    does: str
    press: str = ""
    """The key that the palette presses for it; empty where it has no such row."""


_ROWS: Final = json.loads(
    Path(__file__).with_name("interview_keys.json").read_text(encoding="utf-8")
)
KEYS: Final = tuple(InterviewKey(*row) for row in _ROWS)
DECLINE_KEYS: Final = {"dk": "ctrl+d", "refused": "ctrl+r"}
"""Keys that decline in a text too: terminals, SSH and browsers all hand them on."""
REVIEW_HINTS: KeyHints = (
    KeyHint("Enter", "complete"),
    KeyHint("←", "back to correct"),
    KeyHint("F3", "jump", 1),
    KeyHint("F2", "note", 2),
)
END_HINTS: KeyHints = (KeyHint("any key", "leaves", press="enter"),)


def list_hints(question: CurrentQuestion, prompt: entries.Prompt, *, has_side: bool) -> KeyHints:
    """List the keys that act on a question, then those that always do; of each, the most wanted first."""
    if question.is_read_back:
        hints = [KeyHint("1", "yes, that is right"), KeyHint("2", "no, ask again")]
    else:
        hints = _list_answer_hints(question, prompt)
    return (*hints, *_list_tool_hints(prompt, has_side=has_side))


def _list_tool_hints(prompt: entries.Prompt, *, has_side: bool) -> list[KeyHint]:
    """List the keys that do the same at every question."""
    hints = [KeyHint("F2", "note", 3), KeyHint("F3", "jump", 3)]
    if len(prompt.languages) > 1:
        others = [language for language in prompt.languages if language != prompt.language]
        hints.append(KeyHint("F4", others[0] if len(others) == 1 else "language", 4))
    if prompt.faq:
        hints.append(KeyHint("F5", "questions", 5))
    if not has_side:
        hints.append(KeyHint("F6", "case", 7))
    hints += [
        KeyHint("F8", "stop", 2),
        KeyHint("F1", "keys", 2),
        KeyHint("^P", "actions", 8, "ctrl+p"),
    ]
    return [hint._replace(line=1) for hint in hints]


def _list_answer_hints(question: CurrentQuestion, prompt: entries.Prompt) -> list[KeyHint]:
    """List the keys that answer, confirm or leave the question."""
    entry = prompt.entry
    places = question.other_places
    hints = []
    if question.query is not None:
        hints.append(KeyHint("F9", "confirm"))
        if isinstance(entry, entries.PickEntry):
            hints.append(KeyHint("key", "another", 1, "none"))
        elif isinstance(entry, entries.VerbatimEntry):
            hints.append(KeyHint("edit", "the text", 1, "none"))
        else:
            hints.append(KeyHint("type", "another", 1, "none"))
    if places:
        hints.append(KeyHint("F7", f"to {places[0]}", 1))
    enter = _describe_enter(question, prompt)
    if enter:
        hints.append(KeyHint("Enter", enter))
    if isinstance(entry, entries.LineEntry) and entry.search is not None:
        hints.append(KeyHint("1-9 ↓", "choose", 1, "none"))
    if question.typed:  # there ← moves the cursor
        hints.append(KeyHint("Shift+Tab", "back", 2))
    else:
        hints.append(KeyHint("←", "back", 2))
    if prompt.earlier is not None and prompt.earlier.kind != "prefill" and prompt.query is None:
        hints.append(KeyHint("Tab", "front", 2))
    hints += [_build_decline_hint(decline, entry) for decline in prompt.declines]
    if isinstance(entry, entries.VerbatimEntry):
        hints.append(KeyHint("Ctrl+J", "new line", 3, "ctrl+j"))
    return hints


def _describe_enter(question: CurrentQuestion, prompt: entries.Prompt) -> str:
    """Describe what Enter does; empty if it does nothing here."""
    entry = prompt.entry
    if isinstance(entry, entries.ReadEntry):
        return "end here" if prompt.ending else "next"
    if question.query is not None:
        return ""
    is_pick = isinstance(entry, entries.PickEntry)
    several = isinstance(entry, entries.PickEntry) and entry.several
    marked = question.pick.marked
    if isinstance(entry, entries.PickEntry) and not several and marked is not None:
        return f"take {entry.options[marked].code}"
    if several and not question.keeps_earlier:
        return "done"
    if question.keeps_earlier and prompt.earlier is not None:
        return {"answer": "keep", "prefill": "take it", "reopened": ""}[prompt.earlier.kind]
    if is_pick and not several and question.pick == PickState():
        return ""
    return "done" if several else "next"


def _build_decline_hint(decline: entries.DeclineOption, entry: entries.Entry) -> KeyHint:
    """Build the hint of a decline: its letter, its key where letters are text or codes, or its command."""
    label = decline.text.lower()
    if isinstance(entry, entries.ReadEntry) or (
        isinstance(entry, entries.PickEntry)
        and decline.key
        and not entry.is_code_prefix(decline.key)
    ):
        return KeyHint(decline.key, label, 1)
    if decline.id in DECLINE_KEYS:
        key = DECLINE_KEYS[decline.id]
        return KeyHint(f"^{key[-1].upper()}", label, 1, key)
    return KeyHint(f".{decline.id}", label, 1, "none")


def build_refusal(why: str, said: str) -> list[Content]:
    """Build why the last key was not accepted, and what the interviewer should know."""
    lines = [
        style_text(f"! {why}", "bold $error") if why else Content(),
        style_text(said, "$quiet"),
    ]
    return [line for line in lines if line]


def build_messages(
    question: CurrentQuestion, prompt: entries.Prompt, *, why: str, notice: str, said: str
) -> list[Content]:
    """Build all that is said of an entry; the earlier answer and the echo give way to what is more important."""
    query, heard = question.query, question.session.heard()
    lines = [style_text(f"they say: {heard}", "$success")] if heard else []
    lines += build_refusal(why, "")
    lines += [style_text(f"» {notice}", "bold $warning")] if notice else []
    if query is not None and not query.aloud:
        sent = style_text(f"? {question.sent}: " if question.sent else "? ")
        lines.append(
            (sent + styled.style_spans(query.text) + " Confirm?").stylize_before("bold $warning")
        )
    elif prompt.query is None and prompt.earlier is not None and not question.denied and not lines:
        lines += [
            style_text(text, "$quiet")
            for text in (_describe_earlier(question, prompt.earlier),)
            if text
        ]
    echo = "" if why else _echo(question, prompt)
    lines += [style_text(text, "$quiet") for text in (echo, said) if text]
    notes = [note.text for note in question.notes if note.place == prompt.place]
    return [
        *lines,
        *(Content.assemble(("note: ", "$quiet"), (clean(note), "italic")) for note in notes),
    ]


def _echo(question: CurrentQuestion, prompt: entries.Prompt) -> str:
    """Return how what is typed is understood."""
    if isinstance(prompt.entry, entries.PickEntry):
        typed = question.pick.typed
        return pick.describe_typed(typed, prompt.entry) if typed else ""
    if not isinstance(prompt.entry, entries.LineEntry) or commands.is_command(question.typed):
        return ""
    if prompt.entry.search is not None:
        is_found = not question.typed.strip() or prompt.entry.search.find_listed(question.typed)
        return "" if is_found else "nothing in the list fits: try another word, or part of one"
    echo = question.session.echo(commands.unescape_dots(question.typed))
    return f"= {echo}" if echo else ""


def _describe_earlier(question: CurrentQuestion, earlier: entries.EarlierAnswer) -> str:
    """Describe the earlier answer, and what Enter does with it; empty if it is what is being edited."""
    if earlier.kind == "reopened":
        return f"was {earlier.label}, which no longer fits: ask again"
    if question.is_kept_text:
        return "answered before · Enter keeps it"
    if question.keeps_earlier and earlier.kind == "answer":
        return f"was {earlier.label} · Enter keeps"
    if question.keeps_earlier:
        return f"already here: {earlier.label} · Enter takes it"
    return "" if question.is_text else f"was {earlier.label}"


def build_jump_list(
    items: Sequence[AskedItem], place: Place | None, jump: Callable[[Place], Awaitable[None]]
) -> ListPanel:
    """Build the list of the items asked so far, the present one marked."""
    rows = [
        Row((str(a.place), a.answer, a.text), partial(jump, a.place), str(a.place), terms=a.section)
        for a in items
    ]
    marked = next((n for n, a in enumerate(items) if a.place == place), max(len(items) - 1, 0))
    empty = "no question asked so far matches" if items else "nothing has been asked yet"
    return ListPanel(
        "f3", "jump to: ", rows, marked=marked, empty=empty, takes="go there", takes_keys=False
    )


def build_stop_list(
    session: InterviewSession, suspend: Act, stop: Callable[[Outcome], Awaitable[None]]
) -> ListPanel:
    """Build the list of the ways in which an interview is suspended or ended."""
    rows = [Row(("s", "Suspend it; resume at this question later"), suspend, "s")]
    for outcome in session.list_stop_outcomes():
        number, does = str(outcome.number), "Stop here" if outcome.temporary else "End"
        rows.append(Row((number, f"{does}: {outcome.name}"), partial(stop, outcome), number))
    return ListPanel("f8", "suspend or end: ", rows)


DOT_WORDS: Final = (
    (".dk .refused", "a decline (DK/REF), by its name"),
    ("..", "a dot, where an answer begins with one"),
)
RECENT: Final = 8
"""Answers listed beside the question."""


def build_help(prompt: entries.Prompt | None, keys: Iterable[InterviewKey]) -> str:
    """Build the page of keys, with more about this question first, as Markdown."""
    texts = (prompt.help, prompt.probe) if prompt is not None else ()
    lines = [
        f"*{styled.escape_markdown(entries.to_plain_text(text).strip())}*\n"
        for text in texts
        if text
    ]
    keyed = prompt is not None and isinstance(prompt.entry, entries.PickEntry | entries.ReadEntry)
    declines = (
        [(d.key, d.text) for d in prompt.declines if d.key] if prompt is not None and keyed else []
    )
    commands = ((str(command), command.help) for command in COMMANDS)
    listed = (*declines, *((key.label, key.does) for key in keys), *commands, *DOT_WORDS)
    return "\n".join(
        [
            *lines,
            *(
                f"- **{styled.escape_markdown(key)}** {styled.escape_markdown(does)}"
                for key, does in listed
            ),
        ]
    )


def build_faq(prompt: entries.Prompt) -> Content:
    """Build what respondents ask and what may be answered: the answers are read aloud."""
    return styled.join_sections(
        Content.assemble(
            (styled.ASIDE, "$quiet"),
            styled.style_spans(question, "$quiet"),
            "\n",
            styled.style_spans(answer),
        )
        for question, answer in prompt.faq
    )


def build_case(
    session: InterviewSession,
    prompt: entries.Prompt | None,
    notes: Iterable[InterviewNote],
    width: int,
) -> Content:
    """Build the side panel: the case, both clocks, the answers before this question, notes, quota cells, questions."""
    there = session.respondent_time()
    here = session.station_time()
    clocks = (
        f"{there:%H:%M} there   {here:%H:%M} here" if there is not None else f"{here:%H:%M} here"
    )
    questions = [
        styled.style_spans(question) for question, _ in (prompt.faq if prompt is not None else ())
    ]
    sections = [
        styled.join_lines(
            [
                style_text(session.respondent, "bold"),
                *styled.build_details(session.details),
                style_text(clocks),
            ]
        ),
        styled.build_section("EARLIER", list_items(session.list_recent_answers(RECENT), width)),
        styled.build_section("NOTES", _list_notes(notes, width)),
        styled.build_section(
            "QUOTA CELLS", [style_text(cell) for cell in session.list_quota_cells()]
        ),
        styled.build_section("THEY ASK (F5)", questions),
    ]
    return styled.join_sections(sections)


def list_items(items: Iterable[AskedItem], width: int) -> list[Content]:
    """List items by place, each with its answer."""
    reasons = [
        (item, (f"  ({clean(item.reason)})", "italic $quiet") if item.reason else "")
        for item in items
    ]
    rows = [
        (str(item.place), Content.assemble(clean(item.answer), reason)) for item, reason in reasons
    ]
    return styled.build_table(rows, width, "$code")


def _list_notes(notes: Iterable[InterviewNote], width: int) -> list[Content]:
    return styled.build_table([(str(note.place), note.text) for note in notes], width, "$code")


def build_review(review: ClosingReview, width: int) -> Content:
    """Build what is looked through before the interview is complete."""
    length = style_text(_describe_length(review.answered, review.duration), "$quiet")
    sections = [
        styled.join_lines([style_text("Every question is answered", "bold"), length]),
        styled.build_section("DECLINED", list_items(review.declined, width)),
        styled.build_section("CONFIRMED DESPITE A WARNING", list_items(review.warnings, width)),
        styled.build_section("NOTES", _list_notes(review.notes, width)),
    ]
    return styled.join_sections(sections)


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
        "lost": "Left: this station no longer has the case",
    }
    answers = _describe_length(result.answered, result.duration)
    stored = (
        ["0 answers stored: all are erased"]
        if result.erased
        else [answers, f"stored in {result.stored_in}"]
    )
    return build_ending(headings.get(result.status, result.status), *stored, remark=result.remark)


def build_ending(heading: str, *texts: str, remark: str = "") -> Content:
    """Build a page in place of a question: a heading, an empty line, and texts."""
    quiet = (style_text(text, "$quiet") for text in texts)
    return styled.join_lines(
        [style_text(heading, "bold"), Content(" "), *quiet, style_text(remark, "$error")]
    )


def build_header(
    session: InterviewSession, prompt: entries.Prompt | None, last: tuple[Place, str] | None
) -> styled.HeaderState:
    """Build the header: title and section, language, place, position and timer, and `last`, the answer keyed last.

    That answer is left out at its own question, where it is not confirmed yet, or corrected.
    """
    right = [styled.format_duration(session.elapsed_time())]
    mark = "PRACTICE" if session.practice else ""
    if prompt is None:
        return styled.HeaderState(session.title, "", right[0], 1.0, mark=mark)
    right = [str(prompt.place), f"{prompt.position} / {prompt.total}", *right]
    if len(prompt.languages) > 1:
        right.insert(0, prompt.language)
    return styled.HeaderState(
        session.title,
        prompt.section,
        "   ".join(right),
        (prompt.position - 1) / max(prompt.total, 1),
        f"{last[0]}: {last[1]}" if last is not None and last[0] != prompt.place else "",
        mark,
    )
