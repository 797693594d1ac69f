"""One key calls for help: at a station, in an interview, and on the board of the supervisor."""

import time
from pathlib import Path

import pytest
from test_board_screen import DENVER, _show, board_study

from support.command_line import folder
from support.fake_interview import FakeHand, FakeInterview, every_kind
from support.fake_station import FakeStation, three_cases
from support.screens import Hands, InterviewHands, calling
from support.stored_study import NOW, store_of
from survey_cli.cli.commands.study_commands import StudyCommands
from survey_cli.fieldwork.help_calls import HelpSubject
from survey_cli.fieldwork.shifts import WorkEvent

__all__ = ["folder"]
PATIENCE = 30.0
"""Seconds for what a board shows within two on a machine that does nothing else."""
KEY = "ctrl+g"
UP = "your hand is up: the supervisor sees that you need help"


def test_the_key_raises_the_hand_and_asks_before_it_takes_it_down() -> None:
    station = FakeStation()
    with calling(station, KEY) as at:
        assert station.hand.is_up
        assert at.said == UP
        assert "HAND RAISED 11:42" in at.text()
        at.press(KEY)
        assert station.hand.is_up
        assert at.panel == "choice"
        at.press("y")
        assert not station.hand.is_up
        assert at.said == "your hand is down again"
        assert "HAND RAISED" not in at.text()


def test_the_key_acts_whatever_is_open_and_keeps_it() -> None:
    station = FakeStation()
    with calling(station, "t", *"busy li", KEY) as at:
        assert station.hand.is_up
        assert at.panel == "note"
        assert at.field == "busy li"
        at.press(KEY)
        assert station.hand.is_up
        assert at.why == "your hand is up; close what is open, then Ctrl+G takes it down"
        at.press("n", "e", "enter")
        assert station.calls[-1] == "remark EP-07 busy line"


def test_a_hand_that_cannot_be_raised_says_why() -> None:
    station = FakeStation(hand=FakeHand(why_not="practice stores nothing"))
    with calling(station, KEY) as at:
        assert at.why == "practice stores nothing"


def test_the_key_is_no_answer_and_the_question_stays() -> None:
    session = FakeInterview(every_kind(), at=5, hand=FakeHand())
    at = InterviewHands(session, "1", "6", KEY)
    try:
        assert session.hand is not None
        assert session.hand.is_up
        assert session.given == []
        assert at.said == UP
        assert "Pat · hand raised 11:42" in at.text()
        at.press("enter")
        assert [words for _, words in session.given] == ["16"], "what was typed is still there"
    finally:
        at.close()


def test_the_word_does_the_same_and_an_interview_without_a_station_says_so() -> None:
    session = FakeInterview(every_kind(), at=1, hand=FakeHand())
    at = InterviewHands(session, *".hand", "enter")
    try:
        assert session.hand is not None
        assert session.hand.is_up
    finally:
        at.close()

    alone = InterviewHands(FakeInterview(every_kind(), at=1), KEY)
    try:
        assert alone.why == "no station conducts this interview, so nobody would see your hand"
        assert "raise hand" not in alone.keys
    finally:
        alone.close()


def test_the_footer_and_the_page_of_keys_name_it_on_80_columns() -> None:
    with calling(FakeStation()) as at:
        assert "^G raise hand" in at.keys
        at.press("f1", "pagedown")
        assert "Ctrl+G" in at.text()
        at.press("f1", "i")
        assert "^G raise hand" in at.keys


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
def test_who_sits_here_is_always_in_sight(size: tuple[int, int]) -> None:
    station = FakeStation(
        queue=three_cases(),
        interviewer="annabelle",
        station="interviewers-laptop-17.lab.example.org",
    )
    with calling(station, size=size) as at:
        assert "annabelle" in at.text()
        at.press("d")
        assert "annabelle" in at.text()
        at.press("i")
        assert "Pat" in at.text(), "the interview has the name from its session"


def test_the_answer_is_shown_in_the_interview_without_a_key() -> None:
    station = FakeStation()
    with calling(station, "i", KEY) as at:
        assert at.said == UP
        station.conduct.messages.append("Message from sue (11:43): I am coming")
        at.run(at.station_app.look_for_answer())
        assert "Message from sue (11:43): I am coming" in at.text()


def test_the_answer_is_shown_at_the_station_without_a_key() -> None:
    station = FakeStation()
    with calling(station, KEY) as at:
        station.messages.append("Message from sue (11:43): I am coming")
        at.run(at.station_app.look_for_answer())
        assert "Message from sue (11:43): I am coming" in at.text()


# the board


def raise_hand(path: Path, person: str, case: str) -> None:
    with store_of(path) as store:
        detail = HelpSubject(case, "interview").encode()
        store.work.add(WorkEvent(NOW, person, "help", detail, "desk 1", person))


def wait_for(hands: Hands, text: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while text not in hands.text() and time.monotonic() < end:
        hands.pause(0.05)
    assert text in hands.text()


@pytest.mark.usefixtures("folder")
def test_a_raised_hand_is_on_the_board_and_h_answers_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = board_study()
    hands = _show(monkeypatch, StudyCommands(str(path), by="sam", zone=DENVER))
    try:
        hands.press("h")
        assert hands.why == "nobody calls for help"
        raise_hand(path, "ann", "u01")
        wait_for(hands, "h help", PATIENCE)
        assert "ann calls for help since" in hands.text()
        assert "station desk 1, case u01, in an interview" in hands.text()

        hands.press("h", *"on my way", "enter")
        wait_for(hands, "sent to ann, whose call for help is answered", PATIENCE)
        end = time.monotonic() + PATIENCE
        while "ann calls for help" in hands.text() and time.monotonic() < end:
            hands.pause(0.05)
        assert "ann calls for help" not in hands.text()
    finally:
        hands.close()

    with store_of(path) as store:
        [answer] = [event for event in store.work.list_help(NOW) if event.kind == "helped"]
        assert (answer.person, answer.by) == ("ann", "sam")
