"""Lines below the question: the entry field, its messages, and the keys that are available. Pure."""

from collections.abc import Sequence

from survey_cli.entries import LineEntry as LineEntry
from survey_cli.entries import PickEntry, Prompt, ReadEntry, VerbatimEntry, to_plain_text
from survey_cli.text_width import find_letter_end, measure_width
from survey_cli.tui.answer import Answer, describe_typed
from survey_cli.tui.interview_state import InterviewState
from survey_cli.tui.modes import Answering, Jumping, KeyedQuestion, NoteEditor, Speaking, Stopping, TextPage
from survey_cli.tui.question import BLANK, QuestionColumn
from survey_cli.tui.wording import (
    BACK,
    DOWN,
    UP,
    Run,
    ScreenLine,
    TextRole,
    clean,
    crop,
    indented,
    spoken,
    width_of,
    wrap,
    written,
)

Keys = Sequence[tuple[str, str, int]]
"""Footer: key, what it does, and how soon it is dropped on a narrow screen (0 never, 9 first)."""


def field_lines(board: InterviewState, width: int, rows: int) -> tuple[list[ScreenLine], tuple[int, int] | None]:
    """The line or lines that are typed into, with the cursor drawn in; and where that is."""
    mode = board.mode
    prompt = board.prompt
    if prompt is None or isinstance(mode, TextPage):
        return [BLANK], None
    label, tail, edit, lines = "", "", board.answer.edit, 1
    match mode:
        case NoteEditor(what, edit, choice, notes, changed):
            names = {
                "note": "note: " if changed is None else f"note {changed + 1} ({notes[changed].place}): ",
                "reason": "confirmed, because (optional): ",
                "command": "",
                "specify": "",
            }
            label = names[what]
            if choice is not None:
                words = clean(to_plain_text(choice.text)).strip().rstrip(":?")
                label = f"{choice.code} {crop(words, width // 2)}: "
        case Jumping(edit=edit):
            label = "jump to: "
        case Stopping() | Speaking() | KeyedQuestion():
            typed = mode.typed if isinstance(mode, Stopping) else ""
            return [(Run(" ", "blank"), Run(typed, "field"), Run(" ", "cursor"))], (1 + len(typed), 0)
        case Answering():
            match prompt.entry:
                case ReadEntry():
                    return [BLANK], None
                case VerbatimEntry():
                    lines = rows
                case LineEntry(unit=unit, hint=hint) if board.doubted is None or not board.doubted.aloud:
                    tail = (f" {unit}" if unit else "") + (f"   ({hint})" if hint else "")
                case _:
                    pass
    start: ScreenLine = (Run(" ", "blank"), Run(label, "hint")) if label else (Run(" ", "blank"),)
    room = max(width - width_of(start) - 1, 3)
    drawn, (x, y) = edited(edit.text, edit.at, room)
    first = min(max(0, y - lines + 1), max(len(drawn) - lines, 0))
    shown = indented(drawn[first : first + lines], start, width_of(start))
    shown += [BLANK] * (lines - len(shown))
    if tail and lines == 1:
        spare = width - width_of(shown[0]) - 1
        shown[0] = (*shown[0], Run(crop(clean(tail), spare), "hint")) if spare > 6 else shown[0]
    return shown, (x + width_of(start), y - first)


def edited(text: str, at: int, width: int) -> tuple[list[ScreenLine], tuple[int, int]]:
    """Text broken at the width, every character kept, the letter under the cursor drawn as a cursor; and where
    that is, as column and row.
    """
    cells = [clean(letter) for letter in text]
    rows: list[tuple[int, int]] = []  # each row's first character and the one after its last
    start = place = 0
    while place < len(cells):
        end = find_letter_end(text, place)
        if measure_width("".join(cells[start:end]).rstrip("\n")) > width and place > start:
            blank = max((n for n in range(start, place) if cells[n] == " "), default=start)
            start_of_next = blank + 1 if blank - start >= (place - start) // 2 > 0 else place
            rows.append((start, start_of_next))
            start = start_of_next
        if text[place] == "\n":
            end = place + 1
            rows.append((start, end))
            start = end
        place = end
    rows.append((start, len(cells)))
    if at >= len(cells) and measure_width("".join(cells[start:])) >= width:
        rows.append((len(cells), len(cells)))
    row = max(n for n, (first, _) in enumerate(rows) if first <= at)
    lines: list[ScreenLine] = []
    for n, (first, end) in enumerate(rows):
        shown = "".join(cells[first:end]).rstrip("\n")
        if n != row:
            lines.append((Run(shown, "field"),) if shown else BLANK)
            continue
        after_cursor = max(min(find_letter_end(text, at), end), at) if at < len(text) else at
        before = "".join(cells[first:at])
        here = "".join(cells[at:after_cursor]).strip("\n") or " "
        after = "".join(cells[after_cursor:end]).rstrip("\n")
        runs = (Run(before, "field"), Run(here, "cursor"), Run(after, "field"))
        lines.append(tuple(run for run in runs if run.text))
    return lines, (measure_width("".join(cells[rows[row][0] : at])), row)


def status_lines(board: InterviewState, column: QuestionColumn) -> list[ScreenLine]:
    """What is said under the field: why not, what is doubted, what stands. One line at least: then little
    moves.
    """
    lines: list[ScreenLine] = []
    prompt = board.prompt

    def say(mark: str, text: str, role: TextRole) -> None:
        lines.extend(indented(wrap(written(text, role), column.width - 2), (Run(mark + " ", role),), 2))

    if board.why:
        say("!", board.why, "why")
    if board.notice:
        say("»", board.notice, "query")
    if isinstance(board.mode, NoteEditor) and board.mode.notes and not lines:
        say(" ", f"{UP} {DOWN} {_notes_written(board.mode)}", "hint")
    if prompt is not None and isinstance(board.mode, (Answering, NoteEditor)):
        query = prompt.query
        if query is not None and not query.aloud and not board.answer.denied:
            given = f"{board.given}: " if board.given else ""
            text = (Run(clean(given), "query"), *spoken(query.text, "query"), Run(" Confirm?", "query"))
            lines += indented(wrap(text, column.width - 2), (Run("? ", "query"),), 2)
        elif query is None and prompt.earlier is not None and not board.answer.denied and not lines:
            say(" ", _stands(prompt), "aside")
    typed = board.answer.edit.text
    if prompt is not None and isinstance(prompt.entry, PickEntry) and typed and not lines:
        say(" ", describe_typed(typed, prompt.entry, prompt), "hint")
    elif board.echo and not board.why:
        say("=", board.echo, "hint")
    elif board.said:
        say(" ", board.said, "hint")
    if board.taken and not board.why:
        lines.insert(0, (Run(crop(clean(f"= {board.taken}"), column.width), "hint"),))
    if prompt is None:
        say(" ", "any key leaves", "hint")
    return lines or [BLANK]


def _notes_written(writing: NoteEditor) -> str:
    """What ↑ brings back while a note is typed."""
    count = len(writing.notes)
    return f"changes {'the note' if count == 1 else f'one of the {count} notes'} written before"


def _stands(prompt: Prompt) -> str:
    earlier = prompt.earlier
    assert earlier is not None
    match earlier.kind:
        case "answer":
            return f"was {earlier.label} · Enter keeps"
        case "prefill":
            return f"already here: {earlier.label} · Enter takes it"
        case "reopened":
            return f"was {earlier.label}, which no longer fits: ask again"


# The keys


def keys_now(board: InterviewState) -> Keys:
    """What the keys do now, most wanted first."""
    prompt = board.prompt
    if prompt is None:
        return ()
    match board.mode:
        case NoteEditor(what="command"):
            return (("Enter", "run it", 0), ("Esc", "cancel", 0), (".help", "lists the commands", 1))
        case NoteEditor(what="reason"):
            return (("Enter", "confirm", 0), ("Esc", "no, key another answer", 0))
        case NoteEditor():
            return (("Enter", "save", 0), ("Esc", "cancel", 0), ("F1", "keys", 3))
        case Jumping():
            return (
                ("type", "to search", 2),
                (f"{UP} {DOWN}", "mark", 2),
                ("Enter", "go there", 0),
                ("Esc", "close", 0),
            )
        case Stopping(sure=None):
            return (("s", "suspend", 0), ("number", "stop with it", 0), ("Esc", "go on with the interview", 0))
        case Stopping():
            return (("y", "yes", 0), ("n", "no", 0))
        case KeyedQuestion(choices=choices):
            return (*((key, text, 0) for key, text, _ in choices), ("Esc", "cancels", 0))
        case Speaking():
            return (("number", "continue in it", 0), ("Esc", "close", 0))
        case TextPage():
            return (("Esc", "back to the question", 0),)
        case Answering():
            return _answer_keys(board, prompt)


def _answer_keys(board: InterviewState, prompt: Prompt) -> Keys:
    entry = prompt.entry
    keys: list[tuple[str, str, int]] = []
    query = prompt.query if not board.answer.denied else None
    if query is not None and query.aloud:
        keys = [("1", "yes, that is right", 0), ("2", "no, ask again", 0)]
    else:
        if query is not None:
            keys.append(("F9", "confirm", 0))
        several = isinstance(entry, PickEntry) and entry.several
        coded = isinstance(entry, PickEntry) and not several and prompt.earlier is None and board.answer == Answer()
        if not coded and (query is None or board.answer.edit.text):
            keys.append(("Enter", "done" if several else "end here" if prompt.ending else "next", 0))
        keys.append((BACK, "back", 2))
        lettered = isinstance(entry, (PickEntry, ReadEntry))
        for decline in prompt.declines:
            if lettered and decline.key and not (isinstance(entry, PickEntry) and entry.is_code_prefix(decline.key)):
                keys.append((decline.key, decline.text.lower(), 1))
            elif isinstance(entry, PickEntry) and decline.key and entry.find_option(decline.key) is None:
                keys.append((f"{decline.key} Enter", decline.text.lower(), 1))
            else:
                keys.append((f".{decline.id}", "" if decline.id in ("dk", "refused") else decline.text.lower(), 1))
        if isinstance(entry, VerbatimEntry):
            keys.append(("Ctrl+J", "new line", 3))
    keys.append(("F2", "note", 5))
    keys.append(("F3", "jump", 6))
    if len(prompt.languages) > 1:
        others = [language for language in prompt.languages if language != prompt.language]
        keys.append(("F4", others[0] if len(others) == 1 else "language", 4))
    if prompt.faq:
        keys.append(("F5", "questions", 5))
    keys.append(("F8", "stop", 3))
    keys.append(("F1", "keys", 3))
    return keys


def keys_line(keys: Keys, width: int) -> ScreenLine:
    """The keys on one line; the least wanted go where there is no room for all."""
    shown = list(keys)
    while shown:
        size = sum(measure_width(key) + (1 + measure_width(does) if does else 0) for key, does, _ in shown) + 2 * (
            len(shown) - 1
        )
        if size <= width - 1:
            break
        shown.remove(max(reversed(shown), key=lambda k: k[2]))
    line: list[Run] = []
    for key, does, _ in shown:
        line += [Run("  " if line else " ", "blank"), Run(clean(key), "key")]
        if does:
            line.append(Run(f" {clean(does)}", "hint"))
    return tuple(line)
