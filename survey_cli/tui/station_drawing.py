"""Lines of the station screen, from the board's state and a size.

Pure. On a small screen, the less important lines are left out first; text from files is literal.
"""

from collections.abc import Sequence
from typing import Final, assert_never

from survey_cli.sessions.station.station_protocol import (
    BreakView,
    CaseView,
    IdleView,
    ShiftSummary,
    StationView,
    WrapUpView,
)
from survey_cli.text_width import measure_width
from survey_cli.tui.drawing import MARGIN, Page
from survey_cli.tui.foot import Keys, edited, keys_line
from survey_cli.tui.question import BLANK, QuestionColumn
from survey_cli.tui.station import StationBoard
from survey_cli.tui.station_card import card, days_and_time, past_lines
from survey_cli.tui.station_lists import Drawn, drawn_mode
from survey_cli.tui.station_modes import (
    AppointmentForm,
    AppointmentList,
    CaseSearch,
    Choosing,
    Deciding,
    OutcomeQuestion,
    Refusing,
    Saying,
    StationNoteEditor,
    StationTextPage,
)
from survey_cli.tui.wording import (
    DOT,
    DOWN,
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

LEAST_WIDTH: Final = 44
LEAST_HEIGHT: Final = 14
WIDEST: Final = 100
"""A line of the case is never wider: eyes lose longer ones."""
LABELS: Final = {
    "remark": "note: ",
    "note": "note: ",
    "number": "the new number: ",
    "add": "another number: ",
    "language": "which language: ",
    "command": "",
}


def draw_station(board: StationBoard, *, width: int, height: int) -> Page:
    """The page for this state of the board. Sets the board's `blind`, `older` and `page`."""
    board.blind = width < LEAST_WIDTH or height < LEAST_HEIGHT
    if board.blind:
        return _too_small(width, height)
    margin = MARGIN if width < WIDEST + 2 * MARGIN else (width - WIDEST) // 2
    column_width = width - 2 * margin
    left: ScreenLine = (Run(" " * margin, "blank"),)
    thin: ScreenLine = (Run(" " * (margin - 1), "blank"),)
    view = board.view
    foot, cursor = _foot(board, view, column_width)
    status = _status(board, view, column_width)[: max(1, min(3, height // 6))]
    rows = height - 3 - len(foot) - len(status) - 1
    column = QuestionColumn(width=column_width, rows=rows)
    body, body_cursor, above, below = _body(board, view, column)
    body += [BLANK] * (rows - len(body))
    lines = [_head(board, width)]
    lines.append(_rule(width, f"older: PgUp {UP}" if above else ""))
    lines += [left + line for line in body[:rows]]
    lines.append(_rule(width, f"more: PgDn {DOWN}" if below else ""))
    first = len(lines)
    lines += [thin + line for line in foot]
    lines += [left + line for line in status]
    lines.append((*thin, *keys_line(_keys(board, view), width - margin)))
    at = None
    if cursor is not None:
        at = (cursor[0] + margin - 1, cursor[1] + first)
    elif body_cursor is not None:
        at = (body_cursor[0] + margin, body_cursor[1] + 2)
    return Page(lines=tuple(clipped(line, width) for line in lines[:height]), top=0, rows=rows, cursor=at)


def _rule(width: int, says: str) -> ScreenLine:
    """A rule with a remark on its right."""
    after, tail = (f" {says} ", RULE * 3) if says else ("", "")
    fill = max(width - measure_width(after) - len(tail), 0)
    return clipped((Run(RULE * fill, "rule"), Run(after, "hint"), Run(tail, "rule")), width)


def _too_small(width: int, height: int) -> Page:
    text = f"The screen is too small for a station: {LEAST_WIDTH} columns and {LEAST_HEIGHT} lines at least."
    lines = [*wrap(written(text, "stress"), max(width - 1, 4))][:height]
    lines += [BLANK] * (height - len(lines))
    return Page(lines=tuple(clipped(line, width) for line in lines), top=0, rows=height, cursor=None)


def _head(board: StationBoard, width: int) -> ScreenLine:
    calling = board.calling
    end = written(tallied(calling.summarize_shift()), "head")
    names = DOT.join(
        part
        for part in (calling.title, f"station {calling.station}" if calling.station else "", calling.interviewer)
        if part
    )
    room = width - width_of(end) - 4
    title_room = room - measure_width(names) + measure_width(calling.title)
    if title_room >= 12:
        names = names.replace(calling.title, crop(calling.title, title_room), 1)
    return spread((Run(" ", "blank"), Run(crop(clean(names), room), "head")), end, width - 1)


def tallied(tally: ShiftSummary) -> str:
    """`3 done · 21 calls · 1 appointment`."""
    parts = [f"{tally.completes} done", format_quantity(tally.calls, "call")]
    parts += [format_quantity(tally.appointments, "appointment")] if tally.appointments else []
    return DOT.join(parts)


# The body


def _body(
    board: StationBoard, view: StationView, column: QuestionColumn
) -> tuple[list[ScreenLine], tuple[int, int] | None, bool, bool]:
    """Lines, the cursor among them, and whether there is more above and below."""
    mode = board.mode
    if isinstance(mode, Deciding | StationNoteEditor | OutcomeQuestion):
        match view:
            case CaseView():
                return *_case(board, view, column), False
            case IdleView():
                return _idle(board, view, column), None, False, False
            case BreakView():
                return _away(view, column), None, False, False
            case WrapUpView():
                lines = _clocked("After the call", view.station_time, column)
                result = written(f"{view.case}: {view.outcome}. The next case comes at {view.until:%H:%M:%S}.", "aloud")
                return [*lines, BLANK, *wrap(result, column.width)], None, False, False
            case _:
                assert_never(view)
    sheet = drawn_mode(mode, view, column)
    top = _top(sheet, mode.top if isinstance(mode, StationTextPage) else 0, column.rows)
    if isinstance(mode, StationTextPage) and mode.top != top:
        board.modes = (*board.modes[:-1], StationTextPage(mode.what, top))
    cursor = None if sheet.cursor is None else (sheet.cursor[0], sheet.cursor[1] - top)
    shown = list(sheet.lines[top : top + column.rows])
    return shown, cursor, top > 0, top + column.rows < len(sheet.lines)


def _top(sheet: Drawn, top: int, rows: int) -> int:
    """The first line shown: the marked one is in view."""
    top = min(top, max(len(sheet.lines) - rows, 0))
    if sheet.at is not None and sheet.at >= rows - 1:
        top = min(sheet.at - rows + 2, max(len(sheet.lines) - rows, 0))
    return top


def _case(board: StationBoard, view: CaseView, column: QuestionColumn) -> tuple[list[ScreenLine], None, bool]:
    """The case, and as much of its past as there is room for, the newest at the end."""
    lines = card(view, column)
    past = past_lines(view.history, column.width)
    room = column.rows - len(lines) - 1
    if room < 1 or not past:
        return lines, None, False
    board.page = max(room - 1, 1)
    board.older = min(board.older, max(len(past) - room, 0))
    end = len(past) - board.older
    start = max(end - room, 0)
    return [*lines, BLANK, *past[start:end]], None, start > 0


def _idle(board: StationBoard, view: IdleView, column: QuestionColumn) -> list[ScreenLine]:
    lines: list[ScreenLine] = [
        *_clocked(
            "The study is paused" if view.study_is_paused else "Nobody can be called just now",
            view.station_time,
            column,
        ),
        BLANK,
        *wrap(written(view.why[:1].upper() + view.why[1:], "aloud"), column.width),
    ]
    if view.next_at is not None:
        when = days_and_time(view.next_at, view.station_time)
        lines += [*wrap(written(f"Next: {when}. The case comes by itself.", "aloud"), column.width)]
    return [*lines, *_draw_own_appointments(board, column)]


def _away(view: BreakView, column: QuestionColumn) -> list[ScreenLine]:
    lines = _clocked("On a break", view.station_time, column)
    since = f"Since {view.since:%H:%M}"
    if view.station_time is not None:
        since += f", {format_quantity(int((view.station_time - view.since).total_seconds()) // 60, 'minute')}"
    return [*lines, BLANK, written(since, "aloud")]


def _clocked(what: str, here: object, column: QuestionColumn) -> list[ScreenLine]:
    clock = written(f"{here:%H:%M} here", "hint") if here is not None else ()
    return [spread(written(what, "stress"), clock, column.width)]


def _draw_own_appointments(board: StationBoard, column: QuestionColumn) -> list[ScreenLine]:
    if not board.appointments:
        return []
    shown = drawn_mode(AppointmentList(board.appointments, -1), board.view, column).lines
    return [BLANK, written("My appointments", "stress"), *shown]


# The foot


def _foot(board: StationBoard, view: StationView, width: int) -> tuple[list[ScreenLine], tuple[int, int] | None]:
    """What is typed into, or what can be keyed; and where the cursor stands in it."""
    mode = board.mode
    match mode:
        case Deciding():
            return (_outcomes(view, width), None) if isinstance(view, CaseView) else ([BLANK], None)
        case StationNoteEditor(what, edit, choice):
            label = f"{choice.outcome.name}: " if choice is not None else ""
            return _field(crop(clean(label), width // 2) + LABELS[what], edit.text, edit.at, width)
        case CaseSearch(edit=edit):
            return _field("who calls back: ", edit.text, edit.at, width)
        case Choosing(edit=edit):
            return _field("outcome: ", edit.text, edit.at, width)
        case OutcomeQuestion(text=text):
            return [(Run(" ", "blank"), *line) for line in wrap(written(text, "stress"), width - 2)], None
        case AppointmentForm() | Refusing() | AppointmentList() | Saying() | StationTextPage():
            return [BLANK], None
        case _:
            assert_never(mode)


def _field(label: str, text: str, at: int, width: int) -> tuple[list[ScreenLine], tuple[int, int]]:
    start: ScreenLine = (Run(" ", "blank"), Run(label, "hint")) if label else (Run(" ", "blank"),)
    size = width_of(start)
    lines, (x, y) = edited(text, at, max(width - size - 1, 3))
    top = max(y - 1, 0)
    return indented(lines[top : top + 2], start, size), (x + size, y - top)


def _outcomes(view: CaseView, width: int) -> list[ScreenLine]:
    """What begins a call, then the outcomes with a digit of their own, in as few lines as they need."""
    cells = [(str(choice.outcome.number), choice.outcome.name) for choice in view.main_outcomes]
    cells += [("9", "more …")] if view.other_outcomes else []
    gap = 2 if width >= NARROW else 1
    wide = next((c for c in (5, 4, 3, 2) if _widths(cells, c, gap, width) is not None), 1)
    widths = _widths(cells, wide, gap, width) or [width - 4]
    lines: list[ScreenLine] = [(Run(" ", "blank"), *keys_line(_call_keys(view), width)[1:])]
    for row in range(0, len(cells), wide):
        line: list[Run] = [Run(" ", "blank")]
        for (key, name), size in zip(cells[row : row + wide], widths, strict=False):
            text = crop(clean(name), size)
            line += [Run(key, "key"), Run(" " * gap, "blank"), Run(text, "aloud")]
            line.append(Run(" " * (size - measure_width(text) + 2), "blank"))
        lines.append(tuple(line[:-1]))
    return lines


LONGEST_CROP: Final = 4
"""Cells that a name in the grid of outcomes may lose on a narrow screen to save a line."""
NARROW: Final = 70


def _widths(cells: Sequence[tuple[str, str]], columns: int, gap: int, width: int) -> list[int] | None:
    """How wide each column's names may be; None where they would lose too much."""
    widths = [max((measure_width(name) for _, name in cells[n::columns]), default=0) for n in range(columns)]
    over = sum(widths) + (1 + gap) * columns + 2 * (columns - 1) + 1 - width
    for _ in range(max(over, 0)):
        widest = widths.index(max(widths))
        widths[widest] -= 1
    lost = max(max((measure_width(name) for _, name in cells[n::columns]), default=0) - w for n, w in enumerate(widths))
    return widths if lost <= (0 if width >= NARROW else LONGEST_CROP) else None


def _call_keys(view: CaseView) -> Keys:
    others = sum(n.state == "live" and not n.current for n in view.numbers)
    begun = "go on with the interview" if view.interview_status.startswith("open") else "start the interview"
    keys: list[tuple[str, str, int]] = [("i", begun, 0), ("d", "dial again" if view.has_open_call else "dial", 0)]
    keys += [("n", f"next number ({others} more)", 1)] if others else []
    keys.append(("a", "appointment", 1))
    return keys


def _status(board: StationBoard, view: StationView, width: int) -> list[ScreenLine]:
    """What is said under the field: why not, what was done, what is owed. One line at least: then little moves."""
    lines: list[ScreenLine] = []

    def say(mark: str, text: str, role: TextRole) -> None:
        lines.extend(indented(wrap(written(text, role), width - 2), (Run(f"{mark} ", role),), 2))

    if board.why:
        say("!", board.why, "why")
    if isinstance(view, CaseView) and isinstance(board.mode, Deciding | AppointmentForm) and view.pending_input:
        owed = {
            "time": "to be called again: give the time (a), or key that none was agreed",
            "outcome": "the interview was not finished: key the outcome",
        }
        say("?", owed[view.pending_input], "query")
    if board.said:
        say("=", board.said, "hint")
    elif not lines and isinstance(board.mode, Deciding) and (notice := board.calling.notice()):
        say(" ", notice, "hint")
    return lines or [BLANK]


def _keys(board: StationBoard, view: StationView) -> Keys:
    """What the keys do now, most wanted first."""
    mode = board.mode
    match mode:
        case Deciding() if isinstance(view, CaseView):
            scripts: Keys = (("s", "scripts", 3),) if view.scripts else ()
            faq: Keys = (("F5", "questions", 4),) if view.faq else ()
            keys: Keys = (
                ("t", "note", 2),
                *scripts,
                *faq,
                ("Bksp", "take back", 2),
                ("x", "leave it", 3),
                ("/", "caller", 3),
                ("m", "appointments", 5),
                ("p", "break", 4),
                ("q", "end", 1),
                ("F1", "keys", 0),
            )
            return keys
        case Deciding():
            away = isinstance(view, BreakView)
            first: Keys = (("p", "resume calling", 0),) if away else (("Enter", "look again", 1), ("p", "break", 3))
            return (
                *first,
                ("/", "find who calls back", 1),
                ("m", "appointments", 3),
                ("Bksp", "take back", 2),
                ("q", "end", 1),
                ("F1", "keys", 0),
            )
        case Choosing():
            return (("number", "key it", 0), ("type", "to narrow", 2), (f"{UP} {DOWN} Enter", "mark, key", 1), ESC)
        case StationNoteEditor(what="command"):
            return (("Enter", "run it", 0), ("Esc", "cancel", 0), (".help", "lists the commands", 1))
        case StationNoteEditor():
            return (("Enter", "save", 0), ("Esc", "cancel", 0))
        case OutcomeQuestion(yes=yes):
            return (("y", yes, 0), ("n", "no", 0))
        case AppointmentForm(line=line):
            last = line == "note"
            return (
                ("Enter", "save it" if last else "next", 0),
                ("Shift+Tab", "back", 1),
                ("Esc", "close (keeps what you typed)", 0),
            )
        case Refusing(line=line, choice=choice):
            done = "go on" if choice.required_input else "key it"
            return (
                ("Enter", done if line == "strength" else "next (may be empty)", 0),
                ("Shift+Tab", "back", 1),
                ("Esc", "the outcomes", 0),
            )
        case CaseSearch():
            return (("type", "number or name", 1), (f"{UP} {DOWN}", "mark", 2), ("Enter", "take the case", 0), ESC)
        case AppointmentList(appointments=appointments):
            return ((f"{UP} {DOWN}", "mark", 2), ("Enter", "take the case", 0), ESC) if appointments else (ESC,)
        case Saying():
            return (("number", "another script", 1), ("Enter", "mark as read", 0), ESC)
        case StationTextPage():
            return (("Esc", "back", 0),)
        case _:
            assert_never(mode)


ESC: Final = ("Esc", "close", 0)
