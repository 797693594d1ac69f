"""Keys of the station, and what it shows around the case: header, side panel, messages."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, assert_never

from textual.content import Content

from survey_cli.entry_commands import HAND_KEY
from survey_cli.fieldwork.shifts import list_shift_figures
from survey_cli.sessions.lines import station_lines
from survey_cli.sessions.lines.line import Line, Role, to_spans
from survey_cli.sessions.lines.station_lines import (
    build_case_lines,
    build_clock_line,
    build_faq_lines,
)
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_commands import COMMANDS_BY_NAME
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseView,
    IdleView,
    InterviewState,
    StationView,
    WrapUpView,
    group_outcomes,
)
from survey_cli.tui.station.views import (
    NUMBERS,
    OTHER_NUMBERS,
    KeyGroup,
    draw_clocks,
    format_appointment,
)
from survey_cli.tui.widgets import drawing, styled
from survey_cli.tui.widgets.key_app import BROAD_TEXT_WIDTH
from survey_cli.tui.widgets.styled import KeyHint, style_text
from survey_cli.wording import format_quantity, shorten


class StationKey(NamedTuple):
    """What one key does."""

    action: str
    """Also the dot word: `.dial`."""
    keys: tuple[str, ...]
    """The key, and its other names."""
    without_case: bool = False
    """It also acts while no case is on the screen."""
    own_words: str = ""
    """What the key does, if that isn't what the command of this name does."""

    @property
    def does(self) -> str:
        """What the key does, in words."""
        return self.own_words or COMMANDS_BY_NAME[self.action].does

    @property
    def rest(self) -> str:
        """What may follow the dot word on its line."""
        command = COMMANDS_BY_NAME.get(self.action)
        return command.argument if command is not None else ""

    @property
    def sign(self) -> str:
        """The first key as it is printed: `F2`, `Bksp`, `d`."""
        return format_key(self.keys[0])


STATION_KEYS: Final = (
    StationKey("dial", ("d",)),
    StationKey("interview", ("i",)),
    StationKey("outcomes", ("9",), own_words="more outcomes than 1 to 8"),
    StationKey("appointment", ("a",)),
    StationKey("next", ("n",)),
    StationKey("add", ("+",)),
    StationKey("note", ("t", "f2"), without_case=True),
    StationKey("scripts", ("s",)),
    StationKey("faq", ("f5",)),
    StationKey(
        "case",
        ("f6",),
        without_case=True,
        own_words="the case, both clocks, appointments, the shift so far",
    ),
    StationKey("back", ("backspace",), without_case=True),
    StationKey("finish", ("x", "f8")),
    StationKey("find", ("/", "f3"), without_case=True),
    StationKey("appointments", ("m",), without_case=True),
    StationKey("pause", ("p",), without_case=True),
    StationKey("hand", (HAND_KEY,), without_case=True),
    StationKey(
        "leave", ("q", "ctrl+c"), without_case=True, own_words="the shift so far, and its end"
    ),
    StationKey("palette", ("ctrl+p",), without_case=True, own_words="search all actions"),
    StationKey("help", ("?", "f1"), without_case=True, own_words="this page"),
)
BY_KEY: Final = {key: each for each in STATION_KEYS for key in each.keys}
BY_WORD: Final = {each.action: each for each in STATION_KEYS}
WORDS_ONLY: Final = (
    (str(COMMANDS_BY_NAME["fetch"]), COMMANDS_BY_NAME["fetch"].does),
    (str(COMMANDS_BY_NAME["number"]), COMMANDS_BY_NAME["number"].does),
    (
        ".busy .no_answer …",
        "an outcome by its id; words behind it are its note, number, language or reason",
    ),
)
"""Dot words without a key."""
OPENERS: Final = frozenset(key for key in BY_KEY if len(key) > 1 and key != "backspace")
"""Keys that act whatever is open."""
KEY_NAMES: Final = {"backspace": "Bksp", "ctrl+c": "Ctrl+C", "ctrl+g": "Ctrl+G", "ctrl+p": "Ctrl+P"}
"""Keys that are printed in another way than in capitals."""


def format_key(key: str) -> str:
    """Return a key as it is printed."""
    if len(key) == 1:
        return key
    return KEY_NAMES.get(key, key.upper())


def build_key_help() -> str:
    """Build the page of keys, as Markdown."""
    rows = [("1 to 8", "", "the outcomes (dispositions) shown on the screen")]
    for key in STATION_KEYS:
        signs = " ".join([format_key(each) for each in key.keys])
        rows.append((signs, f".{key.action} {key.rest}".strip(), key.does))
    rows += [("", word, does) for word, does in WORDS_ONLY]
    rows.append(("PgUp PgDn", "", "older and newer entries of the case's history"))
    rows.append(("Esc", "", "close what is open; forms keep what was typed"))

    lines = ["| Key | Typed | |", "|---|---|---|"]
    for row in rows:
        cells = [styled.escape_markdown(cell) for cell in row]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def describe_offered(view: StationView, *, has_undo: bool) -> str:
    """Describe what keys do, after one that does nothing."""
    match view:
        case CaseView() if view.has_open_call:
            return "key the outcome of the call, or i begins the interview; F1 shows all keys"
        case CaseView():
            return (
                "d dials, i starts the interview, a number keys the outcome of a call;"
                " F1 shows all keys"
            )
        case IdleView():
            return "Enter looks again, / finds a respondent who calls back, q ends the shift"
        case BreakView():
            return "p resumes calling, q ends the shift"
        case WrapUpView() if has_undo:
            return "Enter continues, t adds a note, Bksp undoes the outcome"
        case WrapUpView():
            return "Enter continues, t adds a note"
        case _:
            assert_never(view)


def list_call_keys(view: CaseView) -> list[KeyHint]:
    """List the keys that begin a call, or end it with an appointment."""
    others = sum(number.state == "live" and not number.current for number in view.numbers)
    begun = view.interview_state is InterviewState.OPEN
    keys = [
        KeyHint("d", "dial again" if view.has_open_call else "dial"),
        KeyHint("i", "continue the interview" if begun else "interview"),
    ]
    if others:
        keys.append(KeyHint("n", f"next number ({others} more)"))
    keys.append(KeyHint("a", "appointment"))
    return keys


def list_outcome_keys(view: CaseView) -> list[KeyGroup]:
    """List the keys of the outcomes, grouped as in the list of all others, which 9 opens."""
    groups = []
    for heading, choices in group_outcomes(view.main_outcomes):
        keys = [KeyHint(str(choice.outcome.number), choice.outcome.name) for choice in choices]
        groups.append(KeyGroup(heading, tuple(keys)))
    if view.other_outcomes:
        groups.append(KeyGroup("", (KeyHint("9", "more …"),)))
    return groups


def list_keys(
    view: StationView, *, is_narrow: bool, has_side: bool, older: bool, has_undo: bool
) -> styled.KeyHints:
    """List the keys that act while nothing is open, most wanted first.

    `has_undo` means that there is an outcome to undo.
    """
    back = [KeyHint("Bksp", "undo", 3)] if has_undo else []
    keys: list[KeyHint] = []
    match view:
        case CaseView():
            if is_narrow:
                keys.append(KeyHint("a", "appointment", 1))
            if older:
                keys.append(KeyHint("PgUp", "older", 2))
            keys.append(KeyHint("t", "note", 2))
            if view.scripts:
                keys.append(KeyHint("s", "scripts", 4))
            if view.faq:
                keys.append(KeyHint("F5", "questions", 4))
            keys += [*back, KeyHint("x", "leave it", 5), KeyHint("p", "break", 5)]
        case BreakView():
            keys += [KeyHint("p", "resume calling")]
        case WrapUpView():
            keys += [
                KeyHint("Enter", "next case"),
                KeyHint("t", "note"),
                *back,
                KeyHint("p", "break", 3),
            ]
        case IdleView():
            keys += [KeyHint("Enter", "look again", 1), KeyHint("p", "break", 3), *back]
        case _:
            assert_never(view)
    keys += [KeyHint("/", "caller", 4), KeyHint("m", "appointments", 6)]
    if not has_side:
        keys.append(KeyHint("F6", "case", 7))
    keys += [
        KeyHint("q", "end", 1),
        KeyHint("^G", "raise hand", 4, HAND_KEY),
        KeyHint("F1", "keys"),
        KeyHint("^P", "actions", 7, "ctrl+p"),
    ]
    return keys


PENDING_KEYS: Final = {
    "time": "give the time (a), or key callback if none was agreed",
    "outcome": "key the outcome",
}
"""What is keyed here before a case can be left."""
NEXT_APPOINTMENTS: Final = 5
"""Appointments listed beside the case."""
MAX_NAME: Final = 24
"""Cells of the interviewer's name in the header: so many fit on the smallest screen."""
KEY_HINT_WIDTH: Final = 24
"""Cells kept free behind a due appointment."""


def build_header(session: StationSession, view: StationView) -> styled.HeaderState:
    """Build the header: survey, station, who sits there, the shift so far, the time of the call."""
    summary = session.summarize_shift()
    right = f"{summary.completes:,} done · {format_quantity(summary.calls, 'call')}"
    if isinstance(view, CaseView) and view.dialed_at is not None:
        right += f"   ● {styled.format_duration(summary.until - view.dialed_at)}"
    else:
        right += f" · {summary.working_time / timedelta(hours=1):.1f} h"
    # At the right, where nothing is cut: whoever sits here must always see under which name.
    if session.interviewer:
        right = f"{shorten(session.interviewer, MAX_NAME)}{styled.SEPARATOR}{right}"
    place = f"station {session.station}"
    mark = "PRACTICE" if session.practice else session.hand.describe().upper()
    return styled.HeaderState(session.title, place, right, mark=mark)


def build_due_line(
    due: station_views.StationAppointment | None, now: datetime | None, width: int
) -> Content:
    """Build the line of an appointment that is due; empty if none is."""
    if due is None or now is None:
        return Content()
    text = shorten(describe_due(due, now), width - KEY_HINT_WIDTH)
    return style_text(f" {text}  (m lists it) ", "bold reverse $warning")


def describe_due(due: station_views.StationAppointment, now: datetime) -> str:
    """Describe an appointment that is due; the key bar has the key that lists it."""
    line = station_lines.build_due_line(due, now)
    return f"{line.label}: {line.plain_text}"


def describe_pending(case: CaseView) -> str:
    """Describe what keeps a case from being left; empty if nothing does."""
    described = [
        f"{line.label}: {PENDING_KEYS[case.pending_input]}"
        for line in station_lines.build_pending_lines(case)
    ]
    return " ".join(described)


def build_waiting_page(
    appointments: Sequence[station_views.StationAppointment], session: StationSession, width: int
) -> Content:
    """Build what is shown below what is waited for: messages, the next appointments, the shift."""
    messages = [style_text(text) for text in session.list_messages()]
    lines = []
    for appointment in appointments[:NEXT_APPOINTMENTS]:
        when, name, about = format_appointment(appointment)
        style = "bold $error" if appointment.is_late else "$quiet"
        end = style_text(f"  {about}", style)
        lines.append(style_text(f"{when}  ", style) + style_text(name) + end)
    further = len(appointments) - NEXT_APPOINTMENTS
    if further > 0:
        lines.append(style_text(f"and {further} more: m", "$quiet"))
    sections = (
        styled.build_section("MESSAGES", messages),
        styled.build_section("MY APPOINTMENTS", lines),
        build_shift(session.summarize_shift(), width),
    )
    return styled.join_sections(sections)


def build_shift(summary: station_views.ShiftSummary, width: int) -> Content:
    """Build the shift so far: its figures in a column."""
    figures = styled.build_table(list_shift_figures(summary), width, "$quiet")
    return styled.build_section("SHIFT SO FAR", figures)


def build_messages(messages: Iterable[tuple[str, str, str]], width: int) -> Content:
    """Build messages under each other, from their marks, texts and styles.

    If all texts are empty, it is a blank line, so that nothing moves when a message appears.
    """
    shown: list[Content] = []
    for mark, text, style in messages:
        if text:
            shown += styled.hang(style_text(mark, style), style_text(text, style), width)
    return styled.join_lines(shown) if shown else Content(" ")


def build_side(
    view: StationView,
    appointments: Sequence[station_views.StationAppointment],
    session: StationSession,
    width: int,
    *,
    beside_card: bool,
) -> Content:
    """Build the side panel: details, numbers, next appointments, the shift, questions.

    Beside the card, it leaves out what the card shows.
    """
    sections: list[Content] = []
    if isinstance(view, CaseView):
        sections = _build_case_sections(view, width, beside_card=beside_card)
    sections.append(build_waiting_page(appointments, session, width))
    if beside_card and isinstance(view, CaseView) and view.faq:
        sections.append(_build_faq_beside(view, width))
    return styled.join_sections(sections)


def _build_faq_beside(view: CaseView, width: int) -> Content:
    """Build what respondents ask; a broad side panel has the answers too."""
    if width >= BROAD_TEXT_WIDTH:
        spans = [(to_spans(question), to_spans(answer)) for question, answer in view.faq]
        return drawing.draw_faq_beside(tuple(spans))
    questions = [Line(Role.FAQ, to_spans(question)) for question, _ in view.faq]
    return drawing.draw_page(questions, width)


def _build_case_sections(view: CaseView, width: int, *, beside_card: bool) -> list[Content]:
    lines = build_case_lines(view)
    details = []
    numbers: list[Content] = []
    for line in lines:
        if line.role is Role.FACT:
            details += styled.build_details([(line.label, line.plain_text)])
        elif line.role in NUMBERS and line.key:
            numbers += _build_side_number(line, width)

    if beside_card:
        shown = numbers if len(view.numbers) > 1 else []
        return [styled.build_section("CASE", details), styled.build_section("NUMBERS", shown)]
    title = view.name if view.key == view.name else f"{view.name}  {view.key}"
    clocks = draw_clocks(build_clock_line(view), width)
    case = styled.join_lines([style_text(title, "bold"), *details, *clocks])
    return [case, styled.build_section("NUMBERS", numbers)]


def _build_side_number(line: Line, width: int) -> list[Content]:
    is_current = line.role not in OTHER_NUMBERS
    style = "bold" if is_current else ""
    sign = styled.HERE if is_current else " "
    remarks = list(line.remarks)
    if line.role is Role.DIALED_NUMBER:
        remarks.pop()  # the key of the next call says so
    first = style_text(f"{sign} {line.plain_text}  ", style)
    return styled.hang(first, style_text(styled.SEPARATOR.join(remarks), style), width)


def build_faq(faq: Iterable[tuple[str, str]]) -> Content:
    """Build what respondents ask, and what may be answered."""
    return drawing.draw_faq(build_faq_lines(faq))
