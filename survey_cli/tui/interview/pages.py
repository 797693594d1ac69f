"""Keys, messages, lists and pages that the interview screen shows beside the question."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from textual.content import Content

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.engine.asked_items import AskedItem
from survey_cli.outcomes import Outcome
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.lines import question_lines
from survey_cli.sessions.lines.interview_lines import build_stop_line
from survey_cli.tui.interview import pick
from survey_cli.tui.interview.current_question import CurrentQuestion
from survey_cli.tui.interview.pick import PickState
from survey_cli.tui.widgets import drawing, styled
from survey_cli.tui.widgets.panel import Act, ListPanel, Row
from survey_cli.tui.widgets.styled import KeyHint, KeyHints, clean, style_text
from survey_cli.values import Place


class InterviewKey(NamedTuple):
    """What one key does, whatever is asked."""

    label: str
    does: str
    press: str = ""
    """The key that the palette presses for it. Without one, the palette doesn't list it."""


KEYS: Final = (
    InterviewKey(
        "1 2 3 …",
        "the code answers; a code that could be longer waits for Enter;"
        " of a word, its beginning is enough",
    ),
    InterviewKey(
        "Enter",
        "continue, end a list, keep the earlier answer; right after a code it answers nothing",
    ),
    InterviewKey("Ctrl+D, Ctrl+R", "don't know, refused (DK/REF), at every question"),
    InterviewKey(
        "← or Shift+Tab", "back to the question before (← in an empty entry)", "shift+tab"
    ),
    InterviewKey(
        "Tab",
        "after going back: to the first question without an answer (End in an empty entry)",
        "tab",
    ),
    InterviewKey(
        "↑ ↓", "move a mark, Enter takes it; ↑ in an empty entry brings back the earlier answer"
    ),
    InterviewKey("PgUp PgDn", "more of a long question"),
    InterviewKey("Esc", "clear a word or a code; close what is open, which keeps what is typed"),
    InterviewKey("Ctrl+U, Ctrl+Z", "clear the line; bring back what was removed"),
    InterviewKey("F2", "a note at this question; ↓ there begins another one", "f2"),
    InterviewKey("F3", "jump to a question that was asked", "f3"),
    InterviewKey("F4", "language", "f4"),
    InterviewKey("F5", "questions respondents ask", "f5"),
    InterviewKey("F6", "the case, both clocks, answers and notes", "f6"),
    InterviewKey("F7", "the other question of a failed check", "f7"),
    InterviewKey("F8, Ctrl+C", "suspend the interview, or end it", "f8"),
    InterviewKey("F9", "confirm an answer that is questioned", "f9"),
    InterviewKey(
        "Ctrl+G", "raise your hand: the supervisor sees that you need help", commands.HAND_KEY
    ),
    InterviewKey("Ctrl+P", "search all actions"),
    InterviewKey("Ctrl+J", "new line, in a free answer"),
)
DECLINE_KEYS: Final = {"dk": "ctrl+d", "refused": "ctrl+r"}
"""Keys that decline in a text too: terminals, SSH and browsers all hand them on."""
REVIEW_HINTS: KeyHints = (
    KeyHint("Enter", "complete"),
    KeyHint("←", "back to correct"),
    KeyHint("F3", "jump", 1),
    KeyHint("F2", "note", 2),
)
KEEP_LABELS: Final = {"answer": "keep", "prefill": "take it", "reopened": ""}
"""What Enter does with an earlier answer, by its kind."""
END_HINTS: KeyHints = (KeyHint("any key", "leaves", press="enter"),)


def list_hints(question: CurrentQuestion, prompt: entries.Prompt, *, has_side: bool) -> KeyHints:
    """List the keys that act on a question, then those that always do, the most wanted first."""
    if question.is_read_back:
        hints = [KeyHint("1", "yes, that is right"), KeyHint("2", "no, ask again")]
    else:
        hints = _list_answer_hints(question, prompt)
    has_hand = question.session.hand is not None
    return (*hints, *_list_tool_hints(prompt, has_side=has_side, has_hand=has_hand))


def _list_tool_hints(prompt: entries.Prompt, *, has_side: bool, has_hand: bool) -> list[KeyHint]:
    """List the keys that do the same at every question."""
    hints = [KeyHint("F2", "note", 3), KeyHint("F3", "jump", 3)]
    if len(prompt.languages) > 1:
        others = [language for language in prompt.languages if language != prompt.language]
        label = others[0] if len(others) == 1 else "language"
        hints.append(KeyHint("F4", label, 4))
    if prompt.faq:
        hints.append(KeyHint("F5", "questions", 5))
    if not has_side:
        hints.append(KeyHint("F6", "case", 7))
    hints += [
        KeyHint("F8", "stop", 2),
        KeyHint("F1", "keys", 2),
    ]
    if has_hand:
        hints.append(KeyHint("^G", "raise hand", 6, commands.HAND_KEY))
    hints.append(KeyHint("^P", "actions", 8, "ctrl+p"))
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
        hints.append(KeyHint("F7", f"to {question.session.name_place(places[0]).key}", 1))
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

    is_several = isinstance(entry, entries.PickEntry) and entry.several
    is_single = isinstance(entry, entries.PickEntry) and not entry.several
    marked = question.pick.marked
    if isinstance(entry, entries.PickEntry) and is_single and marked is not None:
        return f"take {entry.options[marked].code}"
    if is_several and not question.keeps_earlier:
        return "done"
    if question.keeps_earlier and prompt.earlier is not None:
        return KEEP_LABELS[prompt.earlier.kind]
    if is_single and question.pick == PickState():
        return ""
    return "done" if is_several else "next"


def _build_decline_hint(decline: entries.DeclineOption, entry: entries.Entry) -> KeyHint:
    """Build the hint of a decline: its letter; if letters are text or codes, its key or command."""
    label = decline.text.lower()
    has_letter = isinstance(entry, entries.ReadEntry)
    if isinstance(entry, entries.PickEntry) and decline.key:
        has_letter = not entry.is_code_prefix(decline.key)
    if has_letter:
        return KeyHint(decline.key, label, 1)
    if decline.id in DECLINE_KEYS:
        key = DECLINE_KEYS[decline.id]
        return KeyHint(f"^{key[-1].upper()}", label, 1, key)
    return KeyHint(f".{decline.id}", label, 1, "none")


def build_refusal(why: str, said: str) -> list[Content]:
    """Build why the last key was not accepted, and what the interviewer should know."""
    lines = []
    if why:
        lines.append(style_text(f"! {why}", "bold $error"))
    if said:
        lines.append(style_text(said, "$quiet"))
    return lines


def build_messages(
    question: CurrentQuestion, prompt: entries.Prompt, *, why: str, notice: str, said: str
) -> list[Content]:
    """Build all that is said of an entry.

    The earlier answer and the echo give way to what is more important.
    """
    lines = []
    heard = question.session.heard()
    if heard:
        line = question_lines.build_heard_line(heard)
        lines.append(drawing.draw_labeled(line, "$success"))
    lines += build_refusal(why, "")
    if notice:
        lines.append(style_text(f"» {notice}", "bold $warning"))

    query = question.query
    is_earlier_shown = prompt.query is None and not question.denied and not lines
    if query is not None and not query.aloud:
        lines.append(_draw_query(question, query))
    elif prompt.earlier is not None and is_earlier_shown:
        earlier = _describe_earlier(question, prompt.earlier)
        if earlier:
            lines.append(style_text(earlier, "$quiet"))

    echo = "" if why else _echo(question, prompt)
    lines += [style_text(text, "$quiet") for text in (echo, said) if text]

    # The other notes are beside the question, or behind F6.
    for note in question.notes:
        if note.place == prompt.place:
            lines.append(Content.assemble(("note: ", "$quiet"), (clean(note.text), "italic")))
    return lines


def _draw_query(question: CurrentQuestion, query: entries.Query) -> Content:
    """Draw what must be confirmed, behind what was sent."""
    sent = style_text("? ")
    if question.sent:
        sent = style_text(f"? {question.sent}: ")
    text = styled.style_spans(query.text)
    return (sent + text + " Confirm?").stylize_before("bold $warning")


def _echo(question: CurrentQuestion, prompt: entries.Prompt) -> str:
    """Return how what is typed is understood."""
    entry = prompt.entry
    if isinstance(entry, entries.PickEntry):
        typed = question.pick.typed
        return pick.describe_typed(typed, entry) if typed else ""
    if not isinstance(entry, entries.LineEntry) or commands.is_command(question.typed):
        return ""

    if entry.search is not None:
        is_found = not question.typed.strip() or entry.search.find_listed(question.typed)
        if is_found:
            return ""
        return "nothing in the list fits: try another word, or part of one"

    echo = question.session.echo(commands.unescape_dots(question.typed))
    return f"= {echo}" if echo else ""


def _describe_earlier(question: CurrentQuestion, earlier: entries.EarlierAnswer) -> str:
    """Describe the earlier answer, and what Enter does with it; empty while it is edited."""
    line = question_lines.build_earlier_line(earlier)
    if not line.action:
        return line.plain_text
    if question.is_kept_text:
        line = question_lines.build_kept_text_line()
    if question.keeps_earlier:
        return f"{line.plain_text}{styled.SEPARATOR}{line.action}"
    return "" if question.is_text else line.plain_text


def build_jump_list(
    items: Sequence[AskedItem], place: Place | None, jump: Callable[[Place], Awaitable[None]]
) -> ListPanel:
    """Build the list of the items asked so far, the present one marked."""
    rows = []
    marked = max(len(items) - 1, 0)
    for number, item in enumerate(items):
        shown = (item.shown_place, item.answer, item.text)
        go_there = partial(jump, item.place)
        rows.append(Row(shown, go_there, item.shown_place, terms=item.section))
        if item.place == place:
            marked = number

    empty = "no question asked so far matches" if items else commands.NOTHING_ASKED
    return ListPanel(
        "f3", "jump to: ", rows, marked=marked, empty=empty, takes="go there", takes_keys=False
    )


def build_stop_list(
    session: InterviewSession, suspend: Act, stop: Callable[[Outcome], Awaitable[None]]
) -> ListPanel:
    """Build the list of the ways in which an interview is suspended or ended."""
    rows = [Row(("s", "Suspend it; resume at this question later"), suspend, "s")]
    for outcome in session.list_stop_outcomes():
        line = build_stop_line(outcome)
        words = f"{line.label}: {line.plain_text}"
        rows.append(Row((line.key, words), partial(stop, outcome), line.key))
    return ListPanel("f8", "suspend or end: ", rows)


DOT_WORDS: Final = (
    (".dk .refused", "a decline (DK/REF), by its name"),
    ("..", "a dot, where an answer begins with one"),
)
RECENT: Final = 8
"""Answers listed beside the question."""


FORMS_HELP: Final = (
    "A dot stands for a digit. An amount can also be typed with the words of its unit."
)
"""How an amount in one of several units is entered."""


def build_help(prompt: entries.Prompt | None, keys: Iterable[InterviewKey]) -> str:
    """Build the page of keys, with more about this question first, as Markdown."""
    lines = []
    listed = []
    if prompt is not None:
        for text in (prompt.help, prompt.probe):
            if text:
                words = styled.escape_markdown(entries.to_plain_text(text).strip())
                lines.append(f"*{words}*\n")
        # In a text, a letter is part of the answer: declines have other keys there.
        if isinstance(prompt.entry, entries.PickEntry | entries.ReadEntry):
            listed += [(each.key, each.text) for each in prompt.declines if each.key]
        if isinstance(prompt.entry, entries.LineEntry) and prompt.entry.forms:
            lines.append(f"{FORMS_HELP}\n")
            listed += prompt.entry.forms

    listed += [(key.label, key.does) for key in keys]
    listed += [(str(command), command.help) for command in commands.COMMANDS]
    listed += DOT_WORDS
    for key, does in listed:
        lines.append(f"- **{styled.escape_markdown(key)}** {styled.escape_markdown(does)}")
    return "\n".join(lines)


def build_header(
    session: InterviewSession,
    prompt: entries.Prompt | None,
    last: tuple[Place, str] | None,
    *,
    shows_ids: bool = False,
) -> styled.HeaderState:
    """Build the header: section, language, position, timer, and the last answer.

    A questionnaire without sections shows its title. At its own question the last answer is left
    out: it is not confirmed yet, or is being corrected. `shows_ids` is for those who speak of items
    by their ids: designers and supervisors.
    """
    timer = styled.format_duration(session.elapsed_time())
    mark = "PRACTICE" if session.practice else ""
    if prompt is None:
        return styled.HeaderState(session.title, "", timer, 1.0, mark=mark)

    parts = []
    if len(prompt.languages) > 1:
        parts.append(prompt.language)
    if shows_ids:
        parts.append(prompt.shown_place)
    parts += [f"{prompt.position} / {prompt.total}", timer]

    answer = ""
    if last is not None:
        place, words = last
        if place != prompt.place:
            answer = f"last answer: {words}"
    title = session.title if not prompt.section else ""
    return styled.HeaderState(
        title,
        prompt.section,
        position="   ".join(parts),
        progress=(prompt.position - 1) / max(prompt.total, 1),
        last=answer,
        mark=mark,
    )
