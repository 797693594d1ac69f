"""Random keys on the full screen and random lines on the plain interface, with a real session over a database in
memory.

Nothing is raised, every accepted answer is in the journal, and the interview is resumed at the same place.
"""

import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fuzz.entries_typed import CODES
from fuzz.entries_typed import INSTRUMENT as EVERY_KIND
from fuzz.seeds import INSTRUMENTS
from fuzz.words import hostile, moments
from support.screens import interviewing
from survey_cli.engine.events import (
    AnswerKept,
    InterviewStopped,
    LanguageChanged,
    NoteWritten,
    PositionMoved,
    QueryConfirmed,
    QuestionAnswered,
    QuestionDeclined,
)
from survey_cli.entries import Rejection
from survey_cli.plain import conduct_interview
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.tui.interview.screen import InterviewScreen

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
EXAMPLES = (
    "asu_2000.yaml", "household.yaml", "customer.yaml", "features/soft_check.yaml", "features/roster_until.yaml",
    "features/confirm_aloud.yaml", "features/languages.yaml", "features/mentions_ordered.yaml", "features/faq.yaml",
    "features/verbatim.yaml", "features/prefill.yaml", "features/hard_check.yaml", "features/partial_date.yaml",
)  # fmt: skip
COUNTED = (
    QuestionAnswered,
    QuestionDeclined,
    AnswerKept,
    QueryConfirmed,
    PositionMoved,
    NoteWritten,
    LanguageChanged,
    InterviewStopped,
)
ENTRIES = {
    "reply",
    "decline",
    "confirm",
    "go_back",
    "jump",
    "add_note",
    "switch_language",
    "stop",
    "suspend",
}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="survey-fuzz-")


def path_of(name: str) -> Path:
    """An example, or the instrument with an item of every kind."""
    if name in EXAMPLES:
        return INSTRUMENTS / name
    path = Path(_folder().name) / "every_kind.yaml"
    if not path.exists():
        path.write_text(EVERY_KIND, encoding="utf-8")
    return path


class Watched:
    """A desk that counts the entries it has taken."""

    def __init__(self, desk: InterviewSession) -> None:
        self.desk = desk
        self.taken = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.desk, name)
        if name not in ENTRIES:
            return found

        def entry(*arguments: Any, **named: Any) -> Rejection | None:
            why: Rejection | None = found(*arguments, **named)
            assert why is None or why.why.strip(), f"{name} was not taken, and no reason"
            self.taken += why is None and name != "suspend"
            return why

        return entry


@contextmanager
def seated(name: str, seed: int) -> Iterator[tuple[Watched, Any]]:
    """A desk at a new case, and what sits down to it again."""
    with Store.open(":memory:", create=True) as store:
        seconds = count()

        def sit() -> InterviewSession:
            seating = StartOptions(case="7", interviewer="Ann", seed=seed, practice=True)
            clock = lambda: NOON + timedelta(seconds=next(seconds))  # noqa: E731
            desk = start_or_resume(path_of(name), seating, clock=clock, store=store)
            assert isinstance(desk, InterviewSession), str(desk)
            return desk

        yield Watched(sit()), sit


def settled(watched: Watched, sit: Any) -> None:
    """What was taken is in the journal, and the interview stands where it stood."""
    desk = watched.desk
    journal = list(desk.store.interviews.read_journal(desk.id))
    assert journal == list(desk.interview.events), "the journal is not what the desk holds"
    kept = sum(isinstance(event, COUNTED) for event in journal)
    assert kept == watched.taken, f"{watched.taken} entries were taken and {kept} are kept"
    before, held = desk.prompt(), dict(desk.interview.machine.recorded_answers)
    if desk.interview.status in ("open", "suspended"):
        again = sit()
        assert dict(again.interview.machine.recorded_answers) == held, "resumed with other answers"
        if before is not None and again.prompt() is not None:
            assert again.prompt().place == before.place, (
                f"left at {before.place}, resumed at {again.prompt().place}"
            )


MOVES = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, turns a line around or is no character: it must not reach a terminal."""
KEYS = (*sorted(InterviewScreen.named_keys), "shift+tab", "ctrl+q", "f12")
keys = st.one_of(
    st.sampled_from("123456789"),
    st.sampled_from("0123579dryno?.# eé"),
    st.just("enter"),
    st.sampled_from(KEYS),
    st.characters(codec="utf-8"),
    st.sampled_from(
        (".back", ".dk", ".note x", ".jump q1", ".ok", "..", ".lang es", "12/3/1985", "930", "2.5")
    ),
)
hands = st.tuples(
    st.sampled_from((*EXAMPLES, "every_kind", "every_kind")),
    st.integers(0, 99),
    st.lists(keys | st.tuples(hostile), max_size=30),
    st.tuples(st.integers(60, 200), st.integers(20, 60)),
)


def check_keys(case: tuple[str, int, Sequence[str | tuple[str]], tuple[int, int]]) -> bool:
    """Press them one after another, and show what stands; a tuple is pasted. Whether anything was taken."""
    name, seed, pressed, size = case
    with seated(name, seed) as (watched, sit), interviewing(watched, size=size) as board:  # type: ignore[arg-type]
        for key in pressed:
            if board.app._exit:
                break
            if isinstance(key, tuple):
                board.paste(key[0])
            else:
                board.press(key)
            assert "failed (" not in board.why, board.why
        if not board.app._exit:
            board.interview.question.keep_draft()
            assert len(board.lines()) == size[1]
        assert board.app.failure is None
        settled(watched, sit)
        return watched.taken > 0


lines = st.one_of(
    st.sampled_from(CODES),
    st.just(""),
    hostile,
    moments,
    st.sampled_from(
        (
            ".back", ".dk", ".refused", ".ok", ".ok so", ".note sure", ".note", ".jump", ".jump q1", ".jump yes_no",
            ".lang", ".lang es", ".stop", ".stop break_off", ".suspend", ".help", ".faq", ".again", ".", "..", ".x",
            "text\\", "1 2", "7 words", "3 March 1985", "1985", "930",
        )
    ),
)  # fmt: skip
talks = st.tuples(
    st.sampled_from((*EXAMPLES, "every_kind", "every_kind")),
    st.integers(0, 99),
    st.lists(lines, max_size=40),
)


def check_lines(case: tuple[str, int, Sequence[str]]) -> bool:
    """Type them at the plain face; whether anything was taken."""
    name, seed, typed = case
    with seated(name, seed) as (watched, sit):
        write = io.StringIO()
        code = conduct_interview(
            watched, io.StringIO("".join(f"{line}\n" for line in typed)), write
        )
        assert code in (0, 3), f"exit code {code}"
        shown = write.getvalue().replace("\n", "")
        strange = set(MOVES.findall(shown))
        assert not strange, f"printed: {strange!r}"
        settled(watched, sit)
        return watched.taken > 0
