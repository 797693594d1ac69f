"""Lines of the panels beside the case: outcomes, forms, search results, appointments, scripts, keys. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from survey_cli.sessions.station.station_protocol import (
    CaseMatch,
    CaseView,
    StationAppointment,
    StationView,
    TimeReading,
    UnclearTime,
)
from survey_cli.text_width import measure_width
from survey_cli.tui.edit import Edit
from survey_cli.tui.foot import edited
from survey_cli.tui.question import BLANK, QuestionColumn, row_of
from survey_cli.tui.station_card import days_and_time
from survey_cli.tui.station_keys import BOUND, WORDS_ONLY, sign
from survey_cli.tui.station_modes import (
    KEEPERS,
    STRENGTHS,
    TOLD,
    AppointmentForm,
    AppointmentList,
    CaseSearch,
    Choosing,
    Deciding,
    FormField,
    OutcomeQuestion,
    RefusalField,
    Refusing,
    Saying,
    StationMode,
    StationNoteEditor,
    StationTextPage,
)
from survey_cli.tui.wording import (
    ASIDE,
    CHOSEN,
    HERE,
    Run,
    ScreenLine,
    TextRole,
    clean,
    crop,
    indented,
    spread,
    wrap,
    written,
)

LABEL: Final = 14
"""Cells for the names of a form's lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The lines of what is open."""

    lines: Sequence[ScreenLine]
    at: int | None = None
    """The line that must be seen."""
    cursor: tuple[int, int] | None = None
    """Column and line of the text cursor."""


def drawn_mode(mode: StationMode, view: StationView, column: QuestionColumn) -> Drawn:
    """What is open, in a column of this width."""
    width = column.width
    match mode:
        case Choosing():
            return _choices(mode, width)
        case AppointmentForm():
            return _form(mode, view, width)
        case Refusing():
            return _refusal(mode, view, width)
        case CaseSearch():
            return _found(mode, width)
        case AppointmentList(appointments=appointments, at=at):
            return _draw_appointments(appointments, at, width)
        case Saying():
            return _texts(mode, width)
        case StationTextPage(what="faq"):
            return Drawn(lines=_faq(view, width))
        case StationTextPage():
            faq = _faq(view, width)
            return Drawn(lines=[*_manual(width), *([BLANK, *faq] if faq else [])])
        case Deciding() | StationNoteEditor() | OutcomeQuestion():
            return Drawn(lines=[])
        case _:
            assert_never(mode)


def _mark(here: bool) -> Run:
    return Run(f"{HERE if here else ' '} ", "chosen")


def _choices(mode: Choosing, width: int) -> Drawn:
    shown = mode.shown()
    lines: list[ScreenLine] = [] if shown else [written("No outcome has these words.", "aside")]
    heading, marked = "", None
    for n, (number, under, choice) in enumerate(shown):
        if under != heading:
            lines += [BLANK] * bool(lines) + [written(under, "aside")]
            heading = under
        here = n == mode.at
        marked = len(lines) if here else marked
        name = Run(crop(clean(choice.outcome.name), width - 7), "chosen" if here else "aloud")
        lines.append((_mark(here), Run(f"{number:>2}", "key"), Run("  ", "blank"), name))
    return Drawn(lines=lines, at=marked)


# The form of an appointment


def _form(mode: AppointmentForm, view: StationView, width: int) -> Drawn:
    lines: list[ScreenLine] = [_form_head("Call back", view, width), BLANK]
    cursor: tuple[int, int] | None = None
    for name in mode.fields():
        here = name == mode.line
        start: ScreenLine = (_mark(here), Run(f"{NAMES[name]:<{LABEL}}", "chosen" if here else "hint"))
        match name:
            case "when" | "person" | "note":
                edit: Edit = {"when": mode.when, "person": mode.person, "note": mode.note}[name]
                typed, at = _line(edit, max(width - LABEL - 4, 4), here=here)
                cursor = (at[0] + LABEL + 2, len(lines) + at[1]) if here else cursor
                lines += indented(typed, start, LABEL + 2)
            case "reading":
                choices = [_choice(n, text, mode.reading == n) for n, text in enumerate(mode.choices, 1)]
                lines += indented(choices, start, LABEL + 2)
            case "keeper":
                runs: list[Run] = []
                for n, (keeper, text) in enumerate(KEEPERS, 1):
                    runs += [*_choice(n, text, mode.keeper == keeper), Run("   ", "blank")]
                lines.append((*start, *runs[:-1]))
        if name == "when":
            lines += _taken(mode, width)
    return Drawn(lines=lines, at=cursor[1] if cursor is not None else None, cursor=cursor)


NAMES: Final[dict[FormField, str]] = {
    "when": "When",
    "reading": "Which",
    "keeper": "Who calls",
    "person": "Ask for",
    "note": "Note",
}


def _form_head(what: str, view: StationView, width: int) -> ScreenLine:
    if not isinstance(view, CaseView):
        return written(what, "stress")
    there = f"{view.respondent_time:%H:%M} there, " if view.respondent_time is not None else ""
    clock = written(f"{there}{view.station_time:%a} {view.station_time.day} {view.station_time:%b %H:%M} here", "hint")
    room = max(width - sum(measure_width(run.text) for run in clock) - 2, 10)
    return spread(written(crop(clean(f"{what} {view.name}"), room), "stress"), clock, width)


def _line(edit: Edit, width: int, *, here: bool) -> tuple[list[ScreenLine], tuple[int, int]]:
    if here:
        return edited(edit.text, edit.at, width)
    return [written(crop(clean(edit.text), width), "field")], (0, 0)


def _choice(number: int, text: str, chosen: bool) -> ScreenLine:
    role: TextRole = "chosen" if chosen else "aloud"
    sign = CHOSEN if chosen else " "
    return (Run(f"{sign} ", "chosen"), Run(str(number), "key"), Run(f" {clean(text)}", role))


def _taken(mode: AppointmentForm, width: int) -> list[ScreenLine]:
    """What the time is taken for; at least two lines, so that little jumps while it is typed."""
    said: list[tuple[str, str, TextRole]]
    match mode.taken:
        case TimeReading(echo=echo, hint=hint):
            said = [("= ", echo, "chosen"), ("  ", hint, "hint")]
        case UnclearTime(why=why):
            said = [("? ", why, "query"), ("", "", "hint")]
        case None:
            said = [("  ", "tomorrow 3pm, thursday morning, 26 nov 15:00, in 2 hours", "hint"), ("", "", "hint")]
        case _:
            assert_never(mode.taken)
    room = width - LABEL - 4
    first = (Run(" " * (LABEL + 2), "blank"),)
    lines: list[ScreenLine] = []
    for mark, text, role in said:
        wrapped = wrap(written(text, role), room) if text else ()
        lines += indented(wrapped, (*first, Run(mark, role)), LABEL + 2 + len(mark))
    return lines + [BLANK] * (2 - len(lines))


# The form of a refusal


def _refusal(mode: Refusing, view: StationView, width: int) -> Drawn:
    said = "What the next interviewer should know. Enter skips what was not said."
    lines: list[ScreenLine] = [
        _form_head(f"{mode.choice.outcome.name}:", view, width),
        *wrap(written(said, "aside"), width),
        BLANK,
    ]
    cursor: tuple[int, int] | None = None
    for name in TOLD:
        here = name == mode.line
        start: ScreenLine = (_mark(here), Run(f"{TOLD_NAMES[name]:<{LABEL}}", "chosen" if here else "hint"))
        match name:
            case "who" | "reason":
                edit = mode.who if name == "who" else mode.reason
                typed, at = _line(edit, max(width - LABEL - 4, 4), here=here)
                cursor = (at[0] + LABEL + 2, len(lines) + at[1]) if here else cursor
                lines += indented(typed, start, LABEL + 2)
            case "strength":
                choices = [_choice(n, text, mode.strength == n) for n, text in enumerate(STRENGTHS, 1)]
                lines += indented(choices, start, LABEL + 2)
    return Drawn(lines=lines, at=cursor[1] if cursor is not None else len(lines) - 1, cursor=cursor)


TOLD_NAMES: Final[dict[RefusalField, str]] = {"who": "Who refused", "reason": "Reason given", "strength": "How strong"}


# Lists


def _found(mode: CaseSearch, width: int) -> Drawn:
    if not mode.found:
        sought = len(mode.edit.text.strip()) > 1
        text = "No case has this." if sought else "Type part of the number they call from, of the name or of the key."
        return Drawn(lines=[*wrap(written(text, "aside"), width)])
    return Drawn(lines=[_caller(c, n == mode.at, mode.found, width) for n, c in enumerate(mode.found)], at=mode.at)


def _caller(case: CaseMatch, here: bool, found: Sequence[CaseMatch], width: int) -> ScreenLine:
    number = min(max(measure_width(c.number) for c in found), 18)
    name = min(max(measure_width(_called(c)) for c in found), max((width - number - 6) // 2, 10))
    stands = max(width - number - name - 6, 6)
    role: TextRole = "chosen" if here else "aloud"
    return (
        _mark(here),
        *row_of([(_called(case), name, role), (case.number, number, role), (case.state, stands, "aside")]),
    )


def _called(case: CaseMatch) -> str:
    return case.name if case.key == case.name else f"{case.name} {case.key}"


def _draw_appointments(appointments: Sequence[StationAppointment], at: int, width: int) -> Drawn:
    if not appointments:
        return Drawn(lines=[written("You have no open appointments.", "aside")])
    when = max(measure_width(days_and_time(p.station_time, None)) for p in appointments)
    name = min(max(measure_width(p.name) for p in appointments), max(width // 3, 10))
    lines: list[ScreenLine] = []
    for n, appointment in enumerate(appointments):
        here = n == at
        role: TextRole = "chosen" if here else "aloud"
        late = "LATE" if appointment.is_late else ""
        there = (
            f"{appointment.respondent_time:%H:%M} there"
            if appointment.respondent_time.utcoffset() != appointment.station_time.utcoffset()
            else ""
        )
        person = f"ask for {appointment.person}" if appointment.person else ""
        said = ", ".join(part for part in (late, there, appointment.owner, person, appointment.note) if part)
        cells: list[tuple[str, int, TextRole]] = [
            (days_and_time(appointment.station_time, None), when, role),
            (appointment.name, name, role),
            (said, max(width - when - name - 6, 6), "why" if appointment.is_late else "aside"),
        ]
        lines.append((_mark(here), *row_of(cells)))
    return Drawn(lines=lines, at=max(at, 0))


def _texts(mode: Saying, width: int) -> Drawn:
    """The names of the texts, and the marked one in full: it is read aloud."""
    lines: list[ScreenLine] = []
    for n, script in enumerate(mode.scripts):
        here = n == mode.at
        used = "  (read; once per case)" if script.is_used else ""
        name = Run(crop(clean(script.id.replace("_", " ") + used), width - 5), "chosen" if here else "aside")
        lines.append((_mark(here), Run(str(n + 1), "key"), Run("  ", "blank"), name))
    text = mode.scripts[mode.at].text
    return Drawn(lines=[*lines, BLANK, *wrap(written(text, "aloud"), width)], at=mode.at)


def _faq(view: StationView, width: int) -> list[ScreenLine]:
    lines: list[ScreenLine] = []
    for asked, answer in view.faq if isinstance(view, CaseView) else ():
        lines += [BLANK] * bool(lines)
        lines += indented(wrap(written(asked, "aside"), width - 2), (Run(ASIDE, "aside"),), 2)
        lines += indented(wrap(written(answer, "aloud"), width - 2), (Run("  ", "blank"),), 2)
    return lines


def _manual(width: int) -> list[ScreenLine]:
    """Every key with its dot word, from the one table of them."""
    rows = [("1 to 8", "the outcomes shown on the screen")]
    for bound in BOUND:
        keys = " ".join(sign(key) for key in bound.keys)
        word = f".{bound.deed} {bound.rest}".strip()
        rows.append((f"{keys:<9} {word}", bound.does))
    rows += [(f"{'':<9} {word}", does) for word, does in WORDS_ONLY]
    rows += [("PgUp PgDn", "older and newer entries of the case's history"), ("Esc", "close what is open")]
    size = 28 if width >= 60 else 20
    lines: list[ScreenLine] = []
    for key, does in rows:
        text = wrap(written(does, "aside"), max(width - size, 8))
        lines += indented(text, (Run(crop(key, size - 1).ljust(size), "code"),), size)
    return lines
