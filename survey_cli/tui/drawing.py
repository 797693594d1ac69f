"""Lines of the interview screen, from the keyboard's state, a size and two clocks.

Pure. On a small page, the less important lines are left out first.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from survey_cli.entries import PickEntry, Prompt, ReadEntry, TextSpan
from survey_cli.entry_commands import COMMANDS
from survey_cli.text_width import measure_width
from survey_cli.tui.answer import standing
from survey_cli.tui.foot import field_lines, keys_line, keys_now, status_lines
from survey_cli.tui.interview_state import InterviewState
from survey_cli.tui.modes import Jumping, KeyedQuestion, NoteEditor, Speaking, Stopping, Suspend, TextPage
from survey_cli.tui.question import BLANK, TO_READ, QuestionColumn, aside, faq_lines, question, row_of
from survey_cli.tui.wording import (
    DOT,
    DOWN,
    HERE,
    RULE,
    UP,
    Run,
    ScreenLine,
    TextRole,
    clean,
    clipped,
    crop,
    indented,
    spread,
    width_of,
    wrap,
    written,
)
from survey_cli.wording import format_quantity

MARGIN = 3
MANUAL = (
    ("1 2 3 …", "the code answers; one that could go on waits for Enter"),
    ("Enter", "go on, end a list, keep what stands"),
    ("← or Alt+←", "back to the question before (← in an empty field)"),
    ("Alt+→ or End", "after going back: on to the first question without an answer"),
    ("↑ ↓", "move a mark, Enter takes it; ↑ in an empty field brings back what was given"),
    ("PgUp PgDn", "more of a long question"),
    ("Esc", "clear the field; close what is open"),
    ("F2", "note to this question"),
    ("F3", "jump to a question asked before"),
    ("F4", "language"),
    ("F5", "what respondents ask"),
    ("F8, Ctrl+C", "suspend the interview, or end it"),
    ("F9", "confirm (when an answer is doubted)"),
    ("Ctrl+J", "new line, where they talk freely"),
    *((str(command), command.help) for command in COMMANDS),
    (".dk .refused", "an answer declined, by its name"),
    ("..", "a dot, where an answer begins with one"),
)


class Page(NamedTuple):
    """The whole screen: exactly as many lines as it has."""

    lines: tuple[ScreenLine, ...]
    top: int
    """The first body line shown, corrected to what there is."""
    rows: int
    """How many body lines there is room for."""
    cursor: tuple[int, int] | None
    """Column and row of the text cursor."""


class Clocks(NamedTuple):
    elapsed: timedelta
    there: datetime | None


def draw(board: InterviewState, *, width: int, height: int, clocks: Clocks) -> Page:
    """The page for this state of the keyboard."""
    margin = MARGIN if width < 110 else min((width - TO_READ) // 2, 20)
    margin = margin if width >= 40 else 1
    text_width = max(min(width - margin - 1, TO_READ), 4)
    ruled = height >= 12
    status = status_lines(board, QuestionColumn(width=text_width, rows=height))
    field, cursor = field_lines(board, text_width, max(1, min(6, height // 4)))
    head = 1 if height >= 4 else 0
    keys = 1 if height >= 6 else 0
    status = status[: max(0 if height < 3 else 1, min(5, height // 4))]
    rows = max(height - head - keys - len(field) - len(status) - (2 if ruled else 0), 1 if height > 1 else 0)
    column = QuestionColumn(width=text_width, rows=rows)
    body, at = _body(board, column)
    mode = board.mode
    top = min(mode.top if isinstance(mode, TextPage) else board.top, max(len(body) - rows, 0))
    if at is not None and board.follow:
        top = min(max(top, at - rows + 2), at) if rows > 1 else at
        top = min(max(top, 0), max(len(body) - rows, 0))
    above, below = top > 0, top + rows < len(body)
    left: ScreenLine = (Run(" " * margin, "blank"),)
    shown = [left + line for line in body[top : top + rows]]
    shown += [BLANK] * (rows - len(shown))
    if not ruled and below and rows > 1:
        shown[-1] = (*left, Run("more below: PgDn", "hint"))
    lines = [_head(board, width, clocks)] if head else []
    if ruled:
        lines.append(_rule(width, f"more above: PgUp {UP}" if above else ""))
    lines += shown
    if ruled:
        lines.append(_rule(width, f"more below: PgDn {DOWN}" if below else ""))
    field_left = max(margin - 2, 0)
    first = len(lines)
    lines += [(Run(" " * field_left, "blank"), *line) for line in field]
    if len(field) == 1:
        lines[-1] = spread(lines[-1], _respondent(board, clocks), width - 1)
    lines += [(Run(" " * field_left, "blank"), *line) for line in status]
    if keys:
        lines.append((Run(" " * field_left, "blank"), *keys_line(keys_now(board), width - field_left - 1)))
    return Page(
        lines=tuple(clipped(line, width) for line in lines[:height]),
        top=top,
        rows=rows,
        cursor=None if cursor is None else (cursor[0] + field_left, cursor[1] + first),
    )


def _rule(width: int, says: str) -> ScreenLine:
    if not says or width < len(says) + 8:
        return (Run(RULE * width, "rule"),)
    tail = 3
    return (
        Run(RULE * (width - measure_width(says) - 2 - tail), "rule"),
        Run(f" {says} ", "hint"),
        Run(RULE * tail, "rule"),
    )


def _head(board: InterviewState, width: int, clocks: Clocks) -> ScreenLine:
    prompt = board.prompt
    seconds = int(clocks.elapsed.total_seconds())
    clock = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}" if seconds >= 3600 else ""
    clock = clock or f"{seconds // 60:02}:{seconds % 60:02}"
    right = [clock]
    if prompt is not None:
        right = [str(prompt.place), f"{prompt.position} of {prompt.total}", clock]
        if len(prompt.languages) > 1:
            right.insert(0, prompt.language)
    while len(right) > 1 and width < 60 and sum(map(measure_width, right)) + 3 * len(right) > width // 2:
        right.pop(0)
    end: ScreenLine = (Run(clean(DOT.join(right)), "head"),)
    practice: ScreenLine = (Run(" PRACTICE ", "practice"), Run(" ", "blank")) if board.desk.practice else ()
    names = [board.desk.title]
    if prompt is not None and prompt.section:
        names.append(prompt.section)
    room = width - 2 - width_of(end) - width_of(practice) - 2
    after = sum(measure_width(DOT + name) for name in names[1:])
    if room - after >= 12:  # the section says more than the title, which gives way first
        names[0] = crop(clean(names[0]), room - after)
    start: ScreenLine = (Run(" ", "blank"), *practice, Run(crop(clean(DOT.join(names)), room), "head"))
    return spread(start, end, width - 1)


def _respondent(board: InterviewState, clocks: Clocks) -> ScreenLine:
    if isinstance(board.mode, NoteEditor):
        return ()
    parts = [crop(clean(board.desk.respondent), 30)] if board.desk.respondent else []
    if board.prompt is not None and board.prompt.after_hangup:
        parts.append("has hung up")
    elif clocks.there is not None:
        parts.append(f"{clocks.there:%H:%M} there")
    return (Run(DOT.join(parts), "hint"),) if parts else ()


# The body


def _body(board: InterviewState, column: QuestionColumn) -> tuple[list[ScreenLine], int | None]:
    prompt = board.prompt
    if prompt is None:
        return _closing(board, column), None
    match board.mode:
        case Jumping() as jumping:
            return _asked(jumping, column)
        case Stopping() as stopping:
            return _stops(stopping, column)
        case KeyedQuestion(question=asked, choices=choices):
            options = [_listed(key, text, False, column) for key, text, _ in choices]
            return [*wrap(written(asked, "stress"), column.width), BLANK, *options], None
        case Speaking(languages, at):
            lines = [_listed(str(n + 1), text, n == at, column) for n, text in enumerate(languages)]
            return [written("Continue in which language?", "aside"), BLANK, *lines], at + 2
        case TextPage(what="faq"):
            return faq_lines(prompt, column), None
        case TextPage():
            return help_lines(prompt, column), None
        case _:
            chosen, words = standing(prompt, board.answer)
            specifying = board.mode.choice if isinstance(board.mode, NoteEditor) else None
            typed = board.answer.edit.text
            if isinstance(prompt.entry, PickEntry) and typed and not prompt.entry.several:
                coded = prompt.entry.find_option(typed)
                chosen = (coded.code,) if coded is not None else ()
            if specifying is not None:
                several = isinstance(prompt.entry, PickEntry) and prompt.entry.several
                chosen = (*chosen, specifying.code) if several else (specifying.code,)
            answer = board.answer._replace(words=words)
            lines, marked = question(prompt, answer, chosen, column)
            if typed and isinstance(board.mode, NoteEditor) and not isinstance(prompt.entry, PickEntry):
                lines += [
                    BLANK,
                    *aside((TextSpan(typed),), column),
                ]  # the answer half typed, while a note takes the field
            return lines, marked


def _listed(code: str, text: str, here: bool, column: QuestionColumn) -> ScreenLine:
    role: TextRole = "chosen" if here else "aside"
    sign = HERE if here else " "
    return (
        Run(f"{sign} ", "chosen"),
        Run(f"{code:>2}", "chosen" if here else "code"),
        Run("  ", "blank"),
        Run(crop(clean(text), column.width - 6), role),
    )


def _asked(jumping: Jumping, column: QuestionColumn) -> tuple[list[ScreenLine], int | None]:
    shown = jumping.shown()
    if not shown:
        nothing = "Nothing has been asked yet." if not jumping.asked else "No question asked so far has these words."
        return [written(nothing, "aside")], None
    place = min(max(len(str(a.place)) for a in shown), 14)
    answered = min(max(measure_width(a.answer) for a in shown), 24)
    words = max(column.width - place - answered - 6, 8)
    lines: list[ScreenLine] = []
    for at, asked in enumerate(shown):
        here = at == jumping.at
        role: TextRole = "chosen" if here else "aside"
        cells: list[tuple[str, int, TextRole]] = [
            (str(asked.place), place, "chosen" if here else "code"),
            (asked.text, words, role),
            (asked.answer, answered, role),
        ]
        lines.append((Run(f"{HERE if here else ' '} ", "chosen"), *row_of(cells)))
    return lines, jumping.at


def _stops(stopping: Stopping, column: QuestionColumn) -> tuple[list[ScreenLine], int | None]:
    if isinstance(stopping.sure, Suspend):
        return [
            *wrap(written("Suspend this interview? It can be resumed at this question.", "stress"), column.width)
        ], None
    if stopping.sure is not None:
        does = "Stop" if stopping.sure.temporary else "End"
        text = f"{does} this interview with: {stopping.sure.name}?"
        return [*wrap(written(text, "stress"), column.width)], None
    lines: list[ScreenLine] = [
        _listed("s", "Suspend it, to be resumed at this question", stopping.at == 0, column),
        BLANK,
    ]
    for n, outcome in enumerate(stopping.outcomes, 1):
        does = "Stop here" if outcome.temporary else "End"
        lines.append(_listed(str(outcome.number), f"{does}: {outcome.name}", stopping.at == n, column))
    at = None if stopping.at is None else 0 if stopping.at == 0 else stopping.at + 1
    return lines, at


def help_lines(prompt: Prompt, column: QuestionColumn) -> list[ScreenLine]:
    """More about the question, then all keys."""
    lines: list[ScreenLine] = []
    if prompt.help:
        lines += [*aside(prompt.help, column), BLANK]
    if prompt.probe:
        lines += [*aside(prompt.probe, column), BLANK]
    names = 16 if column.width >= 50 else 10
    declines = [(d.key, d.text) for d in prompt.declines if d.key and isinstance(prompt.entry, (PickEntry, ReadEntry))]
    for key, does in (*declines, *MANUAL):
        text = wrap(written(does, "aside"), column.width - names)
        if measure_width(key) >= names:
            lines += [written(crop(key, column.width), "code")]
            lines += indented(text, (Run(" " * names, "blank"),), names)
        else:
            lines += indented(text, (Run(key + " " * (names - measure_width(key)), "code"),), names)
    return lines


def _closing(board: InterviewState, column: QuestionColumn) -> list[ScreenLine]:
    closing = board.closing
    if closing is None:
        return [written("The interview is closed.", "stress")]
    ways = {
        "ended": "The interview is complete" if closing.outcome is None else f"Ended: {closing.outcome.name}",
        "suspended": f"{closing.outcome.name}: it can be resumed at the same question"
        if closing.outcome
        else "Suspended: it can be resumed at the same question",
        "stopped": f"Stopped: {closing.outcome.name}" if closing.outcome else "Stopped",
        "lost": "Left: another station took it over",
    }
    minutes, seconds = divmod(int(closing.duration.total_seconds()), 60)
    answers = f"{format_quantity(closing.answered, 'answer')} in {minutes}:{seconds:02}"
    said = [answers, f"kept in {closing.stored_in}"]
    if closing.erased:
        said = ["0 answers kept: all are erased"]
    return [
        *wrap(written(ways.get(closing.status, closing.status), "stress"), column.width),
        BLANK,
        *(line for text in said for line in wrap(written(text, "aside"), column.width)),
        *(wrap(written(closing.remark, "why"), column.width) if closing.remark else ()),
    ]
