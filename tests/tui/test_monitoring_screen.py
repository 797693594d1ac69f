"""The screen of somebody who watches an interview or to whom it is shown again: what it shows, and its keys."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy import SnapshotAssertion

from support.screens import Hands
from support.shift import FIELDWORK, Shift
from survey_cli.problems import StoreError
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.monitoring import Replay, Watch
from survey_cli.study.open_study import open_study
from survey_cli.tui.monitoring import MonitorApp

ITEMS = """
items:
  - {id: notice, type: read, text: A supervisor may listen to this call.}
  - {id: who, type: text, text: What is your first name?, personal: true}
  - {id: a, type: single, text: "{who}, do you drink tea?", options: {1: "Yes", 2: "No"}}
  - {id: b, type: number, text: How many cups?, min: 0, max: 30}
"""


@pytest.fixture
def shift(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_time_zone: Callable[[str], None]
) -> Iterator[Shift]:
    shift = Shift(tmp_path, ITEMS, fieldwork=f"{FIELDWORK}  monitoring: notice\n")
    monkeypatch.setattr("survey_cli.sessions.monitoring.utc_now", lambda: shift.at)
    set_time_zone("UTC")
    yield shift
    Shift.close_all()


def interview(shift: Shift, *replies: str) -> InterviewSession:
    station = shift.station("ann")
    station.fetch_case("A")
    session = station.open_interview().interview
    assert isinstance(session, InterviewSession)
    for reply in replies:
        shift.later(minutes=0.5)
        assert session.reply(reply) is None
    return session


def show(
    shift: Shift, kind: type[Watch] | type[Replay], whom: str, size: tuple[int, int] = (80, 24)
) -> Hands:
    """The screen, on which nothing goes by itself: `advance` does."""
    study = open_study(shift.file, db=shift.db)
    Shift.opened.append(study)
    source = kind(study, whom, mask=True)
    app = MonitorApp(source, "dark")
    app.every = lambda seconds, act: None  # type: ignore[method-assign]
    return Hands(app, size)


def advance(hands: Hands) -> str:
    """Let the screen look for what is new, and return what it shows."""
    assert isinstance(hands.app, MonitorApp)
    hands.run(hands.app._advance())
    hands.pause()
    return hands.text()


def test_a_watcher_sees_the_question_and_changes_nothing(
    shift: Shift, snapshot: SnapshotAssertion
) -> None:
    hands = show(shift, Watch, "ann")
    try:
        assert "ann has no case now" in advance(hands)
        session = interview(shift)
        assert "the notice of monitoring was not read yet" in advance(hands)
        for reply in ("", "Alexandra"):
            assert session.reply(reply) is None
            advance(hands)
        assert "•••, do you drink tea?" in hands.text()
        assert snapshot.use_extension(SVGImageExtension) == hands.picture()
        hands.press("1")
        assert "can't be changed" in hands.why
        hands.press("f3")
        assert "•••" in hands.text()
        assert session.reply("2") is None
        assert "How many cups?" in advance(hands)
        assert hands.panel == "f3", "a list that is read stays open"
        hands.press("escape", "f6")
        assert "Alice" not in hands.text()
        assert session.reply("4") is None
        hands.press("escape")
        assert "Ended: Complete" in advance(hands)
        hands.press("q")
        assert hands.screen.left
    finally:
        hands.close()


def test_a_database_that_does_not_answer_is_told_and_asked_again(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = interview(shift, "", "Al")
    hands = show(shift, Watch, "ann")
    try:
        advance(hands)
        with monkeypatch.context() as patched:
            error = StoreError("localhost/field", "the server does not answer", "wait")
            patched.setattr(
                type(session.store.interviews),
                "read_journal",
                lambda *_, **__: (_ for _ in ()).throw(error),
            )
            assert "the server does not answer" in advance(hands)
        assert session.reply("1") is None
        shown = advance(hands)
        assert "How many cups?" in shown
        assert "the server does not answer" not in shown
    finally:
        hands.close()


def test_a_replay_is_paused_stepped_and_made_faster(
    shift: Shift, snapshot: SnapshotAssertion
) -> None:
    interview(shift, "", "Al", "1", "4")
    hands = show(shift, Replay, "A", (120, 32))
    try:
        assert "A supervisor may listen" in hands.text()
        hands.press("right", "right", "right")
        assert "How many cups?" in hands.text()
        assert snapshot.use_extension(SVGImageExtension) == hands.picture()
        hands.press("left")
        shown = hands.text()
        assert "do you drink tea?" in shown
        assert "paused" in shown
        hands.press(" ", "+")
        assert "× 20" in hands.text()
        hands.press("-", "-", *["right"] * 6)
        assert "Ended: Complete" in hands.text()
        assert "the end" in hands.text()
    finally:
        hands.close()
