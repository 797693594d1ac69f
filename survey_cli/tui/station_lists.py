"""How does what is open beside the case look: outcomes under headings, the forms of an appointment and a refusal, callers
found, promises, texts to be spoken, the keys? Pure: a mode and a width give lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from survey_cli.sessions.station.station_protocol import (
    FoundCase,
    OnCase,
    PromiseLine,
    Unclear,
    Understood,
    View,
)
from survey_cli.text_width import text_width
from survey_cli.tui.edit import Edit
from survey_cli.tui.foot import edited
from survey_cli.tui.question import BLANK, Column, row_of
from survey_cli.tui.station_card import days_and_time
from survey_cli.tui.station_keys import BOUND, WORDS_ONLY, sign
from survey_cli.tui.station_modes import (
    KEEPERS,
    STRENGTHS,
    TOLD,
    Asking,
    Booking,
    Choosing,
    Deciding,
    Field,
    Finding,
    Mode,
    Promising,
    Reading,
    Refusing,
    Saying,
    Told,
    Writing,
)
from survey_cli.tui.wording import (
    ASIDE,
    CHOSEN,
    HERE,
    Line,
    Role,
    Run,
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

    lines: Sequence[Line]
    at: int | None = None
    """The line that must be seen."""
    cursor: tuple[int, int] | None = None
    """Column and line of the text cursor."""


def drawn_mode(mode: Mode, view: View, column: Column) -> Drawn:
    """What is open, in a column of this width."""
    width = column.width
    match mode:
        case Choosing():
            return _choices(mode, width)
        case Booking():
            return _form(mode, view, width)
        case Refusing():
            return _refusal(mode, view, width)
        case Finding():
            return _found(mode, width)
        case Promising(promises=promises, at=at):
            return _promises(promises, at, width)
        case Saying():
            return _texts(mode, width)
        case Reading(what="faq"):
            return Drawn(lines=_faq(view, width))
        case Reading():
            faq = _faq(view, width)
            return Drawn(lines=[*_manual(width), *([BLANK, *faq] if faq else [])])
        case Deciding() | Writing() | Asking():
            return Drawn(lines=[])
        case _:
            assert_never(mode)


def _mark(here: bool) -> Run:
    return Run(f"{HERE if here else ' '} ", "chosen")


def _choices(mode: Choosing, width: int) -> Drawn:
    shown = mode.shown()
    lines: list[Line] = [] if shown else [written("No outcome has these words.", "aside")]
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


def _form(mode: Booking, view: View, width: int) -> Drawn:
    lines: list[Line] = [_form_head("Call back", view, width), BLANK]
    cursor: tuple[int, int] | None = None
    for name in mode.fields():
        here = name == mode.line
        start: Line = (_mark(here), Run(f"{NAMES[name]:<{LABEL}}", "chosen" if here else "hint"))
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


NAMES: Final[dict[Field, str]] = {
    "when": "When",
    "reading": "Which",
    "keeper": "Who calls",
    "person": "Ask for",
    "note": "Note",
}


def _form_head(what: str, view: View, width: int) -> Line:
    if not isinstance(view, OnCase):
        return written(what, "stress")
    there = f"{view.there:%H:%M} there, " if view.there is not None else ""
    clock = written(f"{there}{view.here:%a} {view.here.day} {view.here:%b %H:%M} here", "hint")
    room = max(width - sum(text_width(run.text) for run in clock) - 2, 10)
    return spread(written(crop(clean(f"{what} {view.name}"), room), "stress"), clock, width)


def _line(edit: Edit, width: int, *, here: bool) -> tuple[list[Line], tuple[int, int]]:
    if here:
        return edited(edit.text, edit.at, width)
    return [written(crop(clean(edit.text), width), "field")], (0, 0)


def _choice(number: int, text: str, chosen: bool) -> Line:
    role: Role = "chosen" if chosen else "aloud"
    sign = CHOSEN if chosen else " "
    return (Run(f"{sign} ", "chosen"), Run(str(number), "key"), Run(f" {clean(text)}", role))


def _taken(mode: Booking, width: int) -> list[Line]:
    """What the time is taken for; at least two lines, so that little jumps while it is typed."""
    said: list[tuple[str, str, Role]]
    match mode.taken:
        case Understood(echo=echo, hint=hint):
            said = [("= ", echo, "chosen"), ("  ", hint, "hint")]
        case Unclear(why=why):
            said = [("? ", why, "query"), ("", "", "hint")]
        case None:
            said = [
                ("  ", "tomorrow 3pm, thursday morning, 26 nov 15:00, in 2 hours", "hint"),
                ("", "", "hint"),
            ]
        case _:
            assert_never(mode.taken)
    room = width - LABEL - 4
    first = (Run(" " * (LABEL + 2), "blank"),)
    lines: list[Line] = []
    for mark, text, role in said:
        wrapped = wrap(written(text, role), room) if text else ()
        lines += indented(wrapped, (*first, Run(mark, role)), LABEL + 2 + len(mark))
    return lines + [BLANK] * (2 - len(lines))


# The form of a refusal


def _refusal(mode: Refusing, view: View, width: int) -> Drawn:
    said = "What the next interviewer should know. Enter skips what was not said."
    lines: list[Line] = [
        _form_head(f"{mode.choice.outcome.name}:", view, width),
        *wrap(written(said, "aside"), width),
        BLANK,
    ]
    cursor: tuple[int, int] | None = None
    for name in TOLD:
        here = name == mode.line
        start: Line = (_mark(here), Run(f"{TOLD_NAMES[name]:<{LABEL}}", "chosen" if here else "hint"))
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


TOLD_NAMES: Final[dict[Told, str]] = {
    "who": "Who refused",
    "reason": "Reason given",
    "strength": "How strong",
}


# Lists


def _found(mode: Finding, width: int) -> Drawn:
    if not mode.found:
        sought = len(mode.edit.text.strip()) > 1
        text = (
            "No case has this."
            if sought
            else "Type part of the number they call from, of the name or of the key."
        )
        return Drawn(lines=[*wrap(written(text, "aside"), width)])
    return Drawn(
        lines=[_caller(c, n == mode.at, mode.found, width) for n, c in enumerate(mode.found)], at=mode.at
    )


def _caller(case: FoundCase, here: bool, found: Sequence[FoundCase], width: int) -> Line:
    number = min(max(text_width(c.number) for c in found), 18)
    name = min(max(text_width(_called(c)) for c in found), max((width - number - 6) // 2, 10))
    stands = max(width - number - name - 6, 6)
    role: Role = "chosen" if here else "aloud"
    return (
        _mark(here),
        *row_of([(_called(case), name, role), (case.number, number, role), (case.stands, stands, "aside")]),
    )


def _called(case: FoundCase) -> str:
    return case.name if case.key == case.name else f"{case.name} {case.key}"


def _promises(promises: Sequence[PromiseLine], at: int, width: int) -> Drawn:
    if not promises:
        return Drawn(lines=[written("You have no open appointments.", "aside")])
    when = max(text_width(days_and_time(p.here, None)) for p in promises)
    name = min(max(text_width(p.name) for p in promises), max(width // 3, 10))
    lines: list[Line] = []
    for n, promise in enumerate(promises):
        here = n == at
        role: Role = "chosen" if here else "aloud"
        late = "LATE" if promise.late else ""
        there = (
            f"{promise.there:%H:%M} there" if promise.there.utcoffset() != promise.here.utcoffset() else ""
        )
        person = f"ask for {promise.person}" if promise.person else ""
        said = ", ".join(part for part in (late, there, promise.owner, person, promise.note) if part)
        cells: list[tuple[str, int, Role]] = [
            (days_and_time(promise.here, None), when, role),
            (promise.name, name, role),
            (said, max(width - when - name - 6, 6), "why" if promise.late else "aside"),
        ]
        lines.append((_mark(here), *row_of(cells)))
    return Drawn(lines=lines, at=max(at, 0))


def _texts(mode: Saying, width: int) -> Drawn:
    """The names of the texts, and the marked one in full: it is read aloud."""
    lines: list[Line] = []
    for n, script in enumerate(mode.scripts):
        here = n == mode.at
        used = "  (read; once per case)" if script.used else ""
        name = Run(crop(clean(script.id.replace("_", " ") + used), width - 5), "chosen" if here else "aside")
        lines.append((_mark(here), Run(str(n + 1), "key"), Run("  ", "blank"), name))
    text = mode.scripts[mode.at].text
    return Drawn(lines=[*lines, BLANK, *wrap(written(text, "aloud"), width)], at=mode.at)


def _faq(view: View, width: int) -> list[Line]:
    lines: list[Line] = []
    for asked, answer in view.faq if isinstance(view, OnCase) else ():
        lines += [BLANK] * bool(lines)
        lines += indented(wrap(written(asked, "aside"), width - 2), (Run(ASIDE, "aside"),), 2)
        lines += indented(wrap(written(answer, "aloud"), width - 2), (Run("  ", "blank"),), 2)
    return lines


def _manual(width: int) -> list[Line]:
    """Every key with its dot word, from the one table of them."""
    rows = [("1 to 8", "the outcomes shown on the screen")]
    for bound in BOUND:
        keys = " ".join(sign(key) for key in bound.keys)
        word = f".{bound.deed} {bound.rest}".strip()
        rows.append((f"{keys:<9} {word}", bound.does))
    rows += [(f"{'':<9} {word}", does) for word, does in WORDS_ONLY]
    rows += [("PgUp PgDn", "older and newer entries of the case's history"), ("Esc", "close what is open")]
    size = 28 if width >= 60 else 20
    lines: list[Line] = []
    for key, does in rows:
        text = wrap(written(does, "aside"), max(width - size, 8))
        lines += indented(text, (Run(crop(key, size - 1).ljust(size), "code"),), size)
    return lines
