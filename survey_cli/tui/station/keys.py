"""Table of the station's keys, with their dot words and labels, and the keys that each view shows."""

from typing import Final, NamedTuple, assert_never

from survey_cli.sessions.station.station_protocol import BreakView, CaseView, IdleView, StationView, WrapUpView
from survey_cli.tui.widgets.text import KeyHint, KeyHints, escape_markdown


class StationKey(NamedTuple):
    """What one key does."""

    action: str
    """Also the dot word: `.dial`."""
    keys: tuple[str, ...]
    """The key, and its other names."""
    does: str
    without_case: bool = False
    """It also acts where no case is on the screen."""
    rest: str = ""
    """What may follow the dot word on its line."""

    @property
    def sign(self) -> str:
        """The first key as it is printed: `F2`, `Bksp`, `d`."""
        return format_key(self.keys[0])


STATION_KEYS: Final = (
    StationKey("dial", ("d",), "dial the marked number"),
    StationKey("interview", ("i",), "begin the interview, or continue it"),
    StationKey("outcomes", ("9",), "more outcomes than 1 to 8"),
    StationKey("appointment", ("a",), "make an appointment", rest="WHEN"),
    StationKey("next", ("n",), "the next number of the case"),
    StationKey("add", ("+",), "another number was given", rest="NUMBER"),
    StationKey("note", ("t", "f2"), "a note on the case, or on the one just called", True, rest="TEXT"),
    StationKey("scripts", ("s",), "scripts to read aloud: to voicemail, to a gatekeeper"),
    StationKey("faq", ("f5",), "questions respondents ask"),
    StationKey("case", ("f6",), "the case, both clocks, appointments, the shift so far", True),
    StationKey("back", ("backspace",), "undo the last outcome", True),
    StationKey("finish", ("x", "f8"), "leave the case; one that was not called goes back to the queue"),
    StationKey("find", ("/", "f3"), "a respondent calls back: find the case", True, rest="WORDS"),
    StationKey("appointments", ("m",), "my appointments", True),
    StationKey("pause", ("p",), "start or end a break", True, rest="REASON"),
    StationKey("leave", ("q", "ctrl+c"), "the shift so far, and its end", True),
    StationKey("palette", ("ctrl+p",), "search all actions", True),
    StationKey("help", ("?", "f1"), "this page", True),
)
BY_KEY: Final = {key: each for each in STATION_KEYS for key in each.keys}
BY_WORD: Final = {each.action: each for each in STATION_KEYS}
WORDS_ONLY: Final = (
    (".fetch KEY", "take this case, even if it is not next in the queue"),
    (".number 2", "the second number of the case"),
    (".busy .no_answer …", "an outcome by its id; words behind it are its note, number, language or reason"),
)
"""Dot words without a key."""
OPENERS: Final = frozenset(key for key in BY_KEY if len(key) > 1 and key != "backspace")
"""Keys that act whatever is open."""


def format_key(key: str) -> str:
    """Return a key as it is printed."""
    return {"backspace": "Bksp", "ctrl+c": "Ctrl+C", "ctrl+p": "Ctrl+P"}.get(key, key.upper() if len(key) > 1 else key)


def build_key_help() -> str:
    """Build the page of keys, as Markdown."""
    rows = [
        ("1 to 8", "", "the outcomes shown on the screen"),
        *((" ".join(map(format_key, key.keys)), f".{key.action} {key.rest}".strip(), key.does) for key in STATION_KEYS),
        *(("", word, does) for word, does in WORDS_ONLY),
        ("PgUp PgDn", "", "older and newer entries of the case's history"),
        ("Esc", "", "close what is open; forms keep what was typed"),
    ]
    lines = [f"| {' | '.join(map(escape_markdown, row))} |" for row in rows]
    return "\n".join(["| Key | Typed | |", "|---|---|---|", *lines])


def describe_offered(view: StationView) -> str:
    """Describe what keys do, after one that does nothing."""
    match view:
        case CaseView(has_open_call=True):
            return "key the outcome of the call, or i begins the interview; F1 shows all keys"
        case CaseView():
            return "d dials, i starts the interview, a number keys the outcome of a call; F1 shows all keys"
        case IdleView():
            return "Enter looks again, / finds a respondent who calls back, q ends the shift"
        case BreakView():
            return "p resumes calling, q ends the shift"
        case WrapUpView():
            return "Enter continues, t adds a note, Bksp undoes the outcome"
        case _:
            assert_never(view)


def list_call_keys(view: CaseView) -> list[KeyHint]:
    """List the keys that begin a call, or end it with an appointment."""
    others = sum(number.state == "live" and not number.current for number in view.numbers)
    begun = view.interview_status.startswith("open")
    cells = [
        KeyHint("d", "dial again" if view.has_open_call else "dial"),
        KeyHint("i", "continue the interview" if begun else "interview"),
    ]
    if others:
        cells.append(KeyHint("n", f"next number ({others} more)"))
    return [*cells, KeyHint("a", "appointment")]


def list_keys(view: StationView, *, is_narrow: bool, has_side: bool, older: bool) -> KeyHints:
    """List the keys that act while nothing is open, most wanted first."""
    back = KeyHint("Bksp", "undo", 3)
    others = (
        KeyHint("/", "caller", 4),
        KeyHint("m", "appointments", 6),
        *(() if has_side else (KeyHint("F6", "case", 7),)),
        KeyHint("q", "end", 1),
        KeyHint("F1", "keys"),
        KeyHint("^P", "actions", 5, "ctrl+p"),
    )
    match view:
        case CaseView():
            scripts = (KeyHint("s", "scripts", 4),) if view.scripts else ()
            faq = (KeyHint("F5", "questions", 4),) if view.faq else ()
            call = (KeyHint("a", "appointment", 1),) if is_narrow else ()
            return (
                *call,
                *((KeyHint("PgUp", "older", 2),) if older else ()),
                KeyHint("t", "note", 2),
                *scripts,
                *faq,
                back,
                KeyHint("x", "leave it", 5),
                KeyHint("p", "break", 5),
                *others,
            )
        case BreakView():
            return (KeyHint("p", "resume calling"), *others)
        case WrapUpView():
            return (KeyHint("Enter", "next case"), KeyHint("t", "note"), back, KeyHint("p", "break", 3), *others)
        case IdleView():
            return (KeyHint("Enter", "look again", 1), KeyHint("p", "break", 3), back, *others)
        case _:
            assert_never(view)
