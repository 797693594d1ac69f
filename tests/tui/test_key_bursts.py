"""Keys that arrive together leave the journal that slow typing leaves; what is confirmed is what is shown."""

import io
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pexpect
import pyte
import pytest
from textual.events import Key

from support.scale import SCALE
from support.screens import InterviewHands, split_keys
from survey_cli.engine.events import (
    InterviewEvent,
    InterviewNote,
    InterviewStarted,
    NoteWritten,
    QueryConfirmed,
    QuestionAnswered,
)
from survey_cli.plain import conduct_interview
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.tui.widgets.terminal import KeyParser
from survey_cli.values import Place

QUESTIONNAIRE = """\
instrument: keys
title: Every way of asking
sample:
  number: {type: text, role: key}
  town: {type: text}
items:
  - {id: hello, type: read, text: "This is {interviewer}."}
  - {id: single, type: single, text: Yes?, options: {1: "Yes", 2: "No"}}
  - {id: read, type: read, text: "Now some other questions."}
  - {id: town_now, type: text, text: Where?, prefill: town}
  - {id: scale, type: scale, text: How much?, from: 0, to: 10, labels: {0: None, 10: All}}
  - id: coded
    type: single
    text: Which?
    options: {tv: TV, radio: Radio, reading: Reading, other: {text: Else, specify: true}}
  - id: several
    type: multiple
    min: 0
    text: Which?
    options: {1: TV, 2: Radio, 3: {text: Else, specify: true}, 9: {text: None, exclusive: true}}
  - {id: hours, type: number, text: How many?, max: 168, unit: hours,
      checks: [{expect: hours <= 80, soft: true, say: "{hours} hours is unusual."}]}
  - {id: price, type: number, text: What price?, unit: dollars, decimals: 2,
      confirm: {if: price > 500, text: "Did you say {price:,} dollars?"}}
  - {id: name, type: text, text: Who?,
      checks: [{expect: name != "Al", soft: true, say: "Only Al?"}]}
  - {id: why, type: verbatim, text: Why?,
      checks: [{expect: why != "no", soft: true, say: "Only no?"}]}
  - {id: born, type: date, text: When?,
      checks: [{expect: "years_between(born, today()) < 105", soft: true, say: "So long ago?"}]}
  - {id: at, type: time, text: When?}
  - {id: last, type: single, text: Sure?, options: {1: "Yes", 2: "No"},
      checks: [{expect: last == 1, soft: true, say: "Not sure?"}]}
"""
KEYS = (
    *("enter",) * 14,
    *"112233799 0d r y n o . a l x",
    *(
        "escape",
        "left",
        "right",
        "up",
        "down",
        "home",
        "end",
        "backspace",
        "delete",
        "tab",
        "shift+tab",
        "alt+left",
    ),
    *(
        "ctrl+z",
        "ctrl+y",
        "ctrl+u",
        "ctrl+k",
        "alt+backspace",
        "ctrl+j",
        "ctrl+d",
        "ctrl+r",
        "pageup",
        "pagedown",
    ),
    *("f1", "f2", "f2", "f3", "f5", "f6", "f7", "f8", "f9", "f9", "ctrl+p"),
)
WORDS = (
    "45", "60", "700", "100", "168", "Al", "no", "It is too far away", "Al Capone", "3 may 1985", "1900", "tv", "radio",
    "They say that the office is never open when they come, and that nobody answers the telephone in the morning",
    "oth", "rea", "..x", ".back", ".ok", ".note loud", ".jump single", ".front", ".dk", ".refused", "10:30", "12.50",
)  # fmt: skip


def draw_keys(rng: Random, size: int) -> list[str]:
    """Draw keys; some of them are words, each followed by Enter or not."""
    keys: list[str] = []
    while len(keys) < size:
        if rng.random() < 0.35:
            keys += rng.choice(WORDS)
            keys += ["enter"] if rng.random() < 0.8 else []
        else:
            keys.append(rng.choice(KEYS))
    return keys


@contextmanager
def interview(folder: Path) -> Iterator[InterviewSession]:
    """Begin an interview of the questionnaire, in a database in memory."""
    path = folder / "keys.yaml"
    path.write_text(QUESTIONNAIRE, encoding="utf-8")
    seconds = count()
    with Store.open(":memory:", create=True) as store:
        options = StartOptions(
            case="7", interviewer="Ann", seed=1, practice=True, columns={"town": "Lyon"}
        )
        clock = lambda: datetime(2026, 11, 24, 12, tzinfo=UTC) + timedelta(seconds=next(seconds))  # noqa: E731
        session = start_or_resume(path, options, clock=clock, store=store)
        assert isinstance(session, InterviewSession)
        yield session


def read_journal(session: InterviewSession) -> list[InterviewEvent]:
    """Read the journal without the times of its events."""
    stamp = session.interview.events[0].stamp
    return [
        event._replace(stamp=stamp) for event in session.store.interviews.read_journal(session.id)
    ]


def type_slowly(folder: Path, keys: Sequence[str]) -> tuple[list[InterviewEvent], int]:
    """Type the keys two seconds apart; returns the journal, and how many keys there were before the one that ended it."""
    with interview(folder) as session:
        hands = InterviewHands(session)
        taken = len(keys)
        try:
            for n, key in enumerate(keys):
                hands.press(key, at=100.0 + 2 * n)
                assert "failed (" not in hands.why, hands.why
                if session.interview.status != "open":
                    taken = n
                    break
        finally:
            hands.close()
        assert hands.app.failure is None
        return read_journal(session), taken


def type_at_once(folder: Path, keys: Sequence[str], *then: str) -> list[InterviewEvent]:
    """Type the keys all at once, then further ones slowly; returns the journal."""
    with interview(folder) as session:
        hands = InterviewHands(session)
        try:
            hands.burst(*keys)
            for n, key in enumerate(then):
                hands.press(key, at=10**9 + 2.0 * n)
        finally:
            hands.close()
        assert hands.app.failure is None
        return read_journal(session)


def check_sequence(folder: Path, keys: Sequence[str]) -> None:
    """Check that the keys leave the same journal at once as slowly.

    Only an Enter that ends the interview may be asked about; then one more ends it, and no other key was lost.
    """
    slow, taken = type_slowly(folder, keys)
    if taken == len(keys):
        assert type_at_once(folder, keys) == slow
    elif keys[taken] == "enter":
        assert type_at_once(folder, keys[:taken], "enter") == slow
        assert type_at_once(folder, keys[: taken + 1]) in (slow, type_at_once(folder, keys[:taken]))
    else:
        assert type_at_once(folder, keys[: taken + 1]) == slow


@pytest.mark.parametrize("seed", range(4 * SCALE))
def test_random_keys_at_once_leave_the_journal_of_slow_typing(seed: int, tmp_path: Path) -> None:
    rng = Random(seed)
    check_sequence(tmp_path, draw_keys(rng, rng.choice((20, 60, 120))))


@pytest.mark.parametrize(
    "keys",
    [
        ["enter", "1", "enter", "enter", "1", "enter", "enter", "t", "v"],
        [
            "enter",
            "1",
            "enter",
            *"Rome",
            "enter",
            "5",
            *"other",
            *"zine",
            "enter",
            "1",
            "3",
            *"web",
            "enter",
            "enter",
        ],
        [
            "enter",
            "1",
            "enter",
            "enter",
            "5",
            *"tv",
            "enter",
            "enter",
            *"700",
            "enter",
            *"60",
            "f9",
            "enter",
            "enter",
        ],
    ],
)
def test_keys_of_one_interview(keys: list[str], tmp_path: Path) -> None:
    check_sequence(tmp_path, keys)


def test_rows_of_a_wrapped_text_are_there_for_keys_typed_ahead(tmp_path: Path) -> None:
    text = "They say that the office is never open when they come, and that nobody answers the telephone in the morning"
    keys = [*TO, *"40", "enter", "9", "enter", *"Kim", "enter", *text]
    for key in ("up", "home", "end", "ctrl+u", "ctrl+k"):
        # Each key finds the text on two rows again: what it removed is brought back.
        keys += ["left", "left", key, "x"]
        if key in ("ctrl+u", "ctrl+k"):
            keys += ["ctrl+z", "ctrl+z"]
    check_sequence(tmp_path, [*keys, "enter"])


def test_home_and_end_are_those_of_the_line_as_it_was_typed(tmp_path: Path) -> None:
    text = "They say that the office is never open when they come, and that nobody answers the telephone in the morning"
    with interview(tmp_path) as session:
        hands = InterviewHands(session)
        go_to(hands, "why")
        hands.press(*text, "home", "X", "end", "Y")
        assert hands.typed == f"X{text}Y"
        hands.press("ctrl+j", *"two", "home", "Z")
        assert hands.typed == f"X{text}Y\nZtwo"
        hands.close()


def test_the_row_of_codes_and_enters_reaches_its_items(tmp_path: Path) -> None:
    """Single and read items in turn: each key acts, at once as well as slowly."""
    (tmp_path / "keys.yaml").write_text("", encoding="utf-8")
    items = ", ".join(
        f"{{id: s{n}, type: single, text: Yes?, options: {{1: A, 2: B}}}}, {{id: r{n}, type: read, text: On.}}"
        for n in range(4)
    )
    text = f"instrument: keys\ntitle: Keys\nitems: [{items}, {{id: z, type: text, text: Why?}}]\n"
    for at_once in (False, True):
        with Store.open(":memory:", create=True) as store:
            path = tmp_path / "row.yaml"
            path.write_text(text, encoding="utf-8")
            session = start_or_resume(
                path, StartOptions(case="7", interviewer="Ann", practice=True), store=store
            )
            hands = InterviewHands(session)
            keys = ["1", "enter", "2", "enter"] * 2
            if at_once:
                hands.burst(*keys)
            else:
                hands.press(*keys)
            hands.close()
            assert session.interview.place == Place("z")


def test_lines_and_keys_leave_the_same_journal(tmp_path: Path) -> None:
    answers = [
        "",
        "1",
        "",
        "",
        "5",
        "tv",
        "1 3 web",
        "100",
        ".ok two jobs",
        "700",
        "2",
        "12.50",
        "Al",
        "Kim",
    ]
    answers += [
        "no",
        ".note loud",
        ".ok",
        ".back",
        "",
        "1 may 1900",
        "3 may 1990",
        "9:00",
        ".jump why",
        ".back",
        "",
        "",
    ]
    answers += [".jump scale", ".refused", "2", "1", ""]
    with interview(tmp_path) as session:
        conduct_interview(
            session, io.StringIO("".join(f"{line}\n" for line in answers)), io.StringIO()
        )
        by_lines = read_journal(session)
    keyed: list[str] = []
    for answer in answers:
        if answer == "1 3 web":
            keyed += ["1", "3", *"web", "enter", "enter"]
        elif answer in ("1", "2", "5", "tv"):
            keyed += answer
        else:
            keyed += [*answer, "enter"]
    by_keys, _ = type_slowly(tmp_path, keyed)
    assert by_lines == by_keys
    assert type(by_lines[-1]).__name__ == "InterviewEnded"


ALWAYS_TWO = {
    "\x1b\r": "enter",
    "\x1bd": "d",
    "\x1b\x1bOP": "f1",
    "\x1b1": "1",
    "\x1bb": "b",
    "\x1b\x7f": "backspace",
}
"""What a terminal sends for Escape and another key."""


@pytest.mark.parametrize("sent", ALWAYS_TWO)
def test_escape_and_a_key_in_one_read_are_two_keys(sent: str) -> None:
    for parts in ([sent], [sent[:1], sent[1:]], [f"{sent}\x1b[D"]):
        parser = KeyParser()
        events = [event for part in parts for event in parser.feed(part)]
        keys = [event.key for event in events if isinstance(event, Key)]
        assert keys[:2] == ["escape", ALWAYS_TWO[sent]]
        assert keys[2:] == (["left"] if len(parts[0]) > len(sent) else [])


def test_sequences_of_a_terminal_are_one_key() -> None:
    parser = KeyParser()
    events = [
        event
        for part in ("\x1b", "[D", "\x1bOQ", "\x1b[200~a\nb\x1b[201~", "x")
        for event in parser.feed(part)
    ]
    assert [event.key if isinstance(event, Key) else str(event.text) for event in events] == [
        "left",
        "f2",
        "a\nb",
        "x",
    ]


# What is confirmed is what is shown

TO = ["enter", "1", "enter", "enter", "5", *"tv", "enter", "enter"]
"""The keys to the first item with a check."""
STEPS = {
    "hours": ("100", "60"),
    "price": ("700", "12.50"),
    "name": ("Al", "Alan"),
    "why": ("no", "Because"),
    "born": ("1 may 1900", "3 may 1950"),
    "last": ("2", ""),
}
"""For each checked item, an answer that is questioned, and another one."""


def go_to(hands: InterviewHands, item: str) -> None:
    """Answer all questions before this one."""
    answers = {
        "hours": "40",
        "price": "9",
        "name": "Kim",
        "why": "So",
        "born": "3 may 1990",
        "at": "9:00",
    }
    hands.press(*TO)
    while hands.at != item:
        hands.press(*answers[hands.at], "enter")


@pytest.mark.parametrize("item", [item for item in STEPS if item not in ("price", "last")])
def test_typing_takes_the_question_away(item: str, tmp_path: Path) -> None:
    questioned, other = STEPS[item]
    with interview(tmp_path) as session:
        hands = InterviewHands(session)
        go_to(hands, item)
        hands.press(*questioned, "enter")
        assert "Confirm?" in hands.text()
        assert "F9 confirm" in hands.keys
        if hands.typed:
            hands.press("ctrl+u")
        hands.press(*other)
        assert "Confirm?" not in hands.text()
        assert "F9" not in hands.keys
        for key in ("f9", "enter"):
            hands.press(key)
        confirmed = [event for event in read_journal(session) if isinstance(event, QueryConfirmed)]
        assert confirmed == []
        answers = [
            e.value
            for e in read_journal(session)
            if isinstance(e, QuestionAnswered) and e.place == Place(item)
        ]
        assert len(answers) == 2
        assert answers[0] != answers[1]
        hands.close()


def test_a_code_that_is_begun_takes_the_question_away(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = InterviewHands(session)
        go_to(hands, "last")
        hands.press("2")
        assert "Confirm?" in hands.text()
        hands.press("down", "f9")
        assert hands.panel == ""
        assert "Confirm?" not in hands.text()
        hands.press("escape", "f9")
        assert hands.panel == "f9", "nothing is keyed any more: it is questioned again"
        hands.close()


def test_a_denied_answer_can_not_be_confirmed(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = InterviewHands(session)
        go_to(hands, "price")
        hands.press(*"700", "enter")
        assert "Did you say 700 dollars?" in hands.text()
        hands.press("2", "f9", *".ok", "enter")
        assert "nothing to confirm" in hands.why
        hands.press("escape", *"12", "f9", "enter")
        assert not any(isinstance(event, QueryConfirmed) for event in read_journal(session))
        assert session.describe_answer(Place("price")) == "12 dollars"
        hands.close()


@pytest.mark.parametrize("seed", range(3 * SCALE))
def test_whatever_is_keyed_only_what_is_shown_is_confirmed(seed: int, tmp_path: Path) -> None:
    """A confirmation always follows the answer that the screen showed in its question."""
    rng = Random(seed)
    with interview(tmp_path) as session:
        hands = InterviewHands(session)
        for key in split_keys(draw_keys(rng, 150)):
            hands.screen.show()
            shown = hands.interview.question.query
            typed = hands.typed
            before = len(session.interview.events)
            panel = hands.panel
            hands.press(key)
            if hands.app._exit:
                break
            events = session.interview.events[before:]
            if any(isinstance(event, QueryConfirmed) for event in events):
                assert shown is not None, (key, panel)
                stored = next(
                    e for e in reversed(session.interview.events) if isinstance(e, QuestionAnswered)
                )
                assert typed in ("", stored.value) or typed.startswith(".")
        hands.close()


# What is typed is never lost

TEXT = "They moved away last year"


def hands_at(session: InterviewSession, item: str) -> InterviewHands:
    hands = InterviewHands(session)
    go_to(hands, item)
    return hands


@pytest.mark.parametrize("item", ["name", "why"])
@pytest.mark.parametrize(
    "key", ["escape", "ctrl+u", "ctrl+k", "alt+backspace", "backspace", "ctrl+j", "up", "f1", "tab"]
)
def test_no_key_removes_more_than_a_word_for_good(item: str, key: str, tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, item)
        hands.press(*TEXT)
        if key == "ctrl+k":
            hands.press("home")
        hands.press(key)
        if hands.at == item and len(hands.typed.split()) < len(TEXT.split()) - 1:
            assert "Ctrl+Z brings back" in hands.text()
            hands.press("ctrl+z")
            assert hands.typed == TEXT
        hands.close()


def test_what_was_removed_comes_back_after_another_question(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, "why")
        hands.press(*TEXT)
        hands.interview.tick()
        hands.press("ctrl+u", "alt+left", "enter", "alt+left", "enter")
        assert hands.at == "why"
        assert hands.typed == ""
        assert "Ctrl+Z brings back" in hands.text()
        hands.press("ctrl+z", "enter")
        assert session.describe_answer(Place("why")) == TEXT
        hands.press("alt+left", "ctrl+u", "N", "enter", "alt+left", "ctrl+z", "ctrl+z")
        assert hands.typed == TEXT, "until the interview ends"
        hands.close()


def test_a_date_half_typed_can_be_brought_back(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, "born")
        hands.press(*"3 may 1985", "ctrl+d")
        assert "and remove what is typed?" in hands.text()
        hands.press("n", "shift+tab", "tab")
        assert hands.at == "born"
        assert hands.typed == ""
        assert "Ctrl+Z brings back" in hands.text()
        hands.press("ctrl+z")
        assert hands.typed == "3 may 1985"
        hands.close()


def test_what_was_undone_can_be_brought_back_too(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, "why")
        hands.paste(TEXT)
        hands.press("ctrl+z")
        assert hands.typed == ""
        assert "Ctrl+Y brings back" in hands.text()
        hands.press("ctrl+y")
        assert hands.typed == TEXT
        hands.close()


def test_a_draft_that_was_cleared_outlives_a_crash(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, "why")
        hands.press(*TEXT)
        hands.interview.tick()
        hands.press("ctrl+u")
        hands.interview.tick()
        hands.close()
        again = InterviewHands(session)
        assert again.typed == TEXT
        again.close()


def test_a_text_begun_before_an_earlier_question_is_corrected_outlives_a_crash(
    tmp_path: Path,
) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, "why")
        hands.press(*TEXT, "shift+tab")
        assert hands.at == "name"
        hands.close()
        again = InterviewHands(session, "enter")
        assert again.typed == TEXT
        again.press("shift+tab", *" Lee", "enter")
        assert again.typed == TEXT
        again.interview.tick()
        again.close()
        third = InterviewHands(session)
        assert third.typed == TEXT
        third.close()


def test_a_note_that_is_closed_is_kept(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, "hours")
        hands.press("f2", *TEXT, "escape")
        assert "not saved: F2 brings back what you typed" in hands.text()
        hands.press(*"40", "enter", "f2")
        assert hands.field == TEXT
        hands.press("enter")
        notes = [event.text for event in read_journal(session) if isinstance(event, NoteWritten)]
        assert notes == [TEXT]
        hands.press("f2", "ctrl+u")
        assert "Ctrl+Z brings back" in hands.text()
        hands.press("ctrl+z")
        assert hands.field == TEXT
        hands.close()


@pytest.mark.parametrize("leave", [("escape",), ("f3", "home", "enter")])
def test_the_text_of_an_option_is_kept(leave: tuple[str, ...], tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = InterviewHands(session, "enter", "1", "enter", "enter", "5", *"other")
        assert hands.panel == "specify"
        hands.press(*TEXT, *leave)
        while hands.at != "coded":
            hands.press("tab")
        hands.press(*"other")
        assert hands.field == TEXT
        hands.press("enter", "enter")
        assert session.describe_answer(Place("coded")) == f"Else: {TEXT}"
        hands.close()


def test_an_option_taken_away_keeps_its_text(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = InterviewHands(session, "enter", "1", "enter", "enter", "5", *"tv")
        for remove in ("3", "9"):
            hands.press("3")
            if remove == "3":
                hands.press(*TEXT)
            assert hands.field == TEXT
            hands.press("end", "enter", remove)
            assert TEXT not in hands.text()
        hands.press("3")
        assert hands.field == TEXT
        hands.close()


@pytest.mark.parametrize("item", ["name", "why"])
def test_an_answered_text_is_edited(item: str, tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, item)
        hands.press(*TEXT, "enter", "alt+left")
        assert hands.typed == TEXT
        hands.press(*" or so", "enter")
        assert session.describe_answer(Place(item)) == f"{TEXT} or so"
        before = len(session.interview.events)
        hands.press("shift+tab", "enter")
        assert not any(
            isinstance(event, QuestionAnswered) for event in session.interview.events[before:]
        )
        hands.close()


def test_a_note_is_edited_and_a_new_one_begun(tmp_path: Path) -> None:
    with interview(tmp_path) as session:
        hands = hands_at(session, "hours")
        hands.press("f2", *"loud", "enter", "f2")
        assert hands.field == "loud"
        hands.press(*" music", "enter", "f2", "down")
        assert hands.field == ""
        hands.press(*"TV", "enter")
        notes = [note.text for note in session.list_notes() if isinstance(note, InterviewNote)]
        assert notes == ["loud music", "TV"]
        hands.close()


def test_a_correction_that_takes_answers_off_the_route_says_so(tmp_path: Path) -> None:
    items = """
  - {id: owns, type: single, text: "A car?", options: {1: "Yes", 2: "No"}}
  - {id: cars, type: number, text: "How many?", ask_if: owns == 1}
  - {id: year, type: number, text: "Since when?", ask_if: owns == 1}
  - {id: bikes, type: number, text: "And bikes?"}
  - {id: z, type: text, text: "Why?"}
"""
    path = tmp_path / "route.yaml"
    path.write_text(f"instrument: route\ntitle: Route\nitems:{items}", encoding="utf-8")
    for plain in (False, True):
        with Store.open(":memory:", create=True) as store:
            session = start_or_resume(
                path, StartOptions(case="7", interviewer="Ann", practice=True), store=store
            )
            if plain:
                written = io.StringIO()
                conduct_interview(session, io.StringIO("1\n2\n1999\n3\n.jump owns\n2\n"), written)
                shown = written.getvalue()
            else:
                hands = InterviewHands(session)
                hands.press(
                    "1", "2", "enter", *"1999", "enter", "3", "enter", *".jump owns", "enter", "2"
                )
                shown = hands.text()
                hands.close()
            shown = " ".join(shown.split())
            assert (
                "no longer asked: How many?, Since when? (their answers count again if you change this back)"
                in shown
            )


# On a terminal

RUN = """
import sys; sys.path[:0] = {path!r}
from pathlib import Path
import tui.test_key_bursts as bursts
from survey_cli.tui import conduct_interview
with bursts.interview(Path({folder!r})) as session:
    conduct_interview(session)
    lines = [bursts.describe(event) for event in bursts.read_journal(session)]
    Path({folder!r}, "journal.txt").write_text("\\n".join(lines), encoding="utf-8")
"""
BYTES = {
    "enter": "\r", "escape": "\x1b", "left": "\x1b[D", "right": "\x1b[C", "up": "\x1b[A", "down": "\x1b[B",
    "home": "\x1b[H", "end": "\x1b[F", "backspace": "\x7f", "tab": "\t", "shift+tab": "\x1b[Z", "ctrl+z": "\x1a",
    "ctrl+u": "\x15", "ctrl+d": "\x04", "ctrl+r": "\x12", "f2": "\x1bOQ", "f3": "\x1bOR", "f8": "\x1b[19~",
    "f9": "\x1b[20~",
}  # fmt: skip


def describe(event: InterviewEvent) -> str:
    """Describe an event on one line."""
    fields = {name: value for name, value in event._asdict().items() if name != "stamp"}
    return (
        type(event).__name__
        if isinstance(event, InterviewStarted)
        else f"{type(event).__name__} {fields}"
    )


class Terminal:
    """The interview on a pseudo-terminal."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        here = Path(__file__).parents[1]
        program = RUN.format(path=[str(here), str(here.parent)], folder=str(folder))
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        self.child = pexpect.spawn(
            sys.executable, ["-c", program], dimensions=(24, 80), env=env, timeout=20
        )
        self.read_until("This is Ann")

    def read_until(self, text: str) -> str:
        """Read until the screen shows this."""
        while text not in "\n".join(self.screen.display):
            got = self.child.read_nonblocking(65536, timeout=20)
            self.stream.feed(re.sub(rb"\x1b\[(?:\?2026\$p|>25u|<u)", b"", got))
        return "\n".join(self.screen.display)

    def settle(self) -> None:
        """Read until nothing comes any more."""
        while True:
            try:
                got = self.child.read_nonblocking(65536, timeout=0.3)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return
            self.stream.feed(re.sub(rb"\x1b\[(?:\?2026\$p|>25u|<u)", b"", got))

    def suspend(self) -> str:
        """Suspend the interview, and return its journal."""
        for key in ("\x1b", "\x1b", "\x1b", "\x03", "y"):  # what is open is closed first
            self.child.send(key)
            self.settle()
        self.child.wait()
        return (self.folder / "journal.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("seed", range(SCALE))
def test_on_a_terminal_one_read_leaves_the_journal_of_slow_typing(
    seed: int, tmp_path: Path
) -> None:
    rng = Random(seed + 100)
    keys = [key for key in draw_keys(rng, 80) if key in BYTES or len(key) == 1]
    keys = ["enter", "1", "enter", *(key for key in keys if key != "f8")]
    keys = keys[: type_slowly(tmp_path, keys)[1]]
    fast, slow = Terminal(tmp_path / "fast"), Terminal(tmp_path / "slow")
    fast.child.send("".join(BYTES.get(key, key) for key in keys))
    fast.settle()
    for key in keys:
        slow.child.send(BYTES.get(key, key))
        slow.child.expect(pexpect.TIMEOUT, timeout=0.15 if key == "escape" else 0.02)
    slow.settle()
    journal = fast.suspend()
    assert journal == slow.suspend()
    assert "QuestionAnswered" in journal
