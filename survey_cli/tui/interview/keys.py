"""Keys of an interview: their table, and those that the key bar shows for a question."""

from typing import Final, NamedTuple

from survey_cli.entries import DeclineOption, Entry, LineEntry, PickEntry, Prompt, ReadEntry, VerbatimEntry
from survey_cli.tui.interview.current_question import CurrentQuestion
from survey_cli.tui.interview.pick import PickState
from survey_cli.tui.widgets.text import KeyHint, KeyHints


class InterviewKey(NamedTuple):
    """What one key does, whatever is asked."""

    label: str
    does: str
    press: str = ""
    """The key that the palette presses for it; empty where it has no such row."""


KEYS: Final = (
    InterviewKey("1 2 3 …", "the code answers; a code that could be longer waits for Enter"),
    InterviewKey("Enter", "continue, end a list, keep the earlier answer"),
    InterviewKey("← or Alt+←", "back to the question before (← in an empty entry)", "alt+left"),
    InterviewKey("Alt+→ or End", "after going back: to the first question without an answer", "alt+right"),
    InterviewKey("↑ ↓", "move a mark, Enter takes it; ↑ in an empty entry brings back the earlier answer"),
    InterviewKey("PgUp PgDn", "more of a long question"),
    InterviewKey("Esc", "clear the entry; close what is open"),
    InterviewKey("F2", "a note at this question", "f2"),
    InterviewKey("F3", "jump to a question that was asked", "f3"),
    InterviewKey("F4", "language", "f4"),
    InterviewKey("F5", "questions respondents ask", "f5"),
    InterviewKey("F6", "the case, both clocks, answers and notes", "f6"),
    InterviewKey("F7", "the other question of a failed check", "f7"),
    InterviewKey("F8, Ctrl+C", "suspend the interview, or end it", "f8"),
    InterviewKey("F9", "confirm an answer that is questioned", "f9"),
    InterviewKey("Ctrl+P", "search all actions"),
    InterviewKey("Ctrl+J", "new line, in a free answer"),
)
REVIEW_HINTS: KeyHints = (
    KeyHint("Enter", "complete"),
    KeyHint("←", "back to correct"),
    KeyHint("F3", "jump", 1),
    KeyHint("F2", "note", 2),
)
END_HINTS: KeyHints = (KeyHint("any key", "leaves", press="enter"),)


def list_hints(question: CurrentQuestion, prompt: Prompt, *, has_side: bool) -> KeyHints:
    """List the keys that act on a question, most wanted first."""
    if question.is_read_back:
        hints = [KeyHint("1", "yes, that is right"), KeyHint("2", "no, ask again")]
    else:
        hints = _list_answer_hints(question, prompt)
    hints += [KeyHint("F2", "note", 5), KeyHint("F3", "jump", 6)]
    if len(prompt.languages) > 1:
        others = [language for language in prompt.languages if language != prompt.language]
        hints.append(KeyHint("F4", others[0] if len(others) == 1 else "language", 4))
    if prompt.faq:
        hints.append(KeyHint("F5", "questions", 5))
    hints += [KeyHint("F6", "case", 7)] if not has_side else []
    return (*hints, KeyHint("F8", "stop", 3), KeyHint("F1", "keys", 3), KeyHint("^P", "actions", 4, "ctrl+p"))


def _list_answer_hints(question: CurrentQuestion, prompt: Prompt) -> list[KeyHint]:
    entry, query, places = prompt.entry, question.query, question.other_places
    hints = [KeyHint("F9", "confirm")] if query is not None else []
    hints += [KeyHint("F7", f"to {places[0]}", 1)] if places else []
    several = isinstance(entry, PickEntry) and entry.several
    is_untouched = question.pick == PickState() and prompt.earlier is None
    by_code = isinstance(entry, PickEntry) and not several and is_untouched
    if not by_code and (query is None or question.pick.typed or question.typed):
        hints.append(KeyHint("Enter", "done" if several else "end here" if prompt.ending else "next"))
    if isinstance(entry, LineEntry) and entry.search is not None:
        hints.append(KeyHint("1-9 ↓", "choose", 1, "none"))
    hints.append(KeyHint("←", "back", 2))
    hints += [_build_decline_hint(decline, entry) for decline in prompt.declines]
    return [*hints, KeyHint("Ctrl+J", "new line", 3, "ctrl+j")] if isinstance(entry, VerbatimEntry) else hints


def _build_decline_hint(decline: DeclineOption, entry: Entry) -> KeyHint:
    """Build the hint of a decline: its letter, its letter with Enter, or its command where letters are text."""
    label = decline.text.lower()
    if isinstance(entry, ReadEntry) or (
        isinstance(entry, PickEntry) and decline.key and not entry.is_code_prefix(decline.key)
    ):
        return KeyHint(decline.key, label, 1)
    if isinstance(entry, PickEntry) and decline.key and entry.find_option(decline.key) is None:
        return KeyHint(f"{decline.key} Enter", label, 1, "none")
    return KeyHint(f".{decline.id}", "" if decline.id in ("dk", "refused") else label, 1, "none")
