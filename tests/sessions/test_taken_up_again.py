"""A station that was killed or closed is at the same case and the same question when it is opened again."""

import signal
import time
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.shift import CASES, TUESDAY, Shift, on
from support.station_terminal import open_at_terminal
from survey_cli.entries import Rejection
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.sessions.station.station_views import IdleView

TWO = CASES + "B,2,Brian Baker,312 555 0101,America/Chicago\n"
THREE = TWO + "C,2,Cleo Clark,312 555 0102,America/Chicago\n"
AT_ANY_HOUR = """
fieldwork:
  frame: establishment
  country: US
  hours: {mon-sun: "00:00-24:00"}
  reason: a test that runs at any hour
"""
SECONDS = 2.0
"""So soon it is at the same question, from the start of the program on."""


SIGNALS = {"kill": signal.SIGKILL, "hangup": signal.SIGHUP, "terminate": signal.SIGTERM}


def verified(shift: Shift) -> tuple[object, ...]:
    result = verify_database(shift.file, db=shift.db)
    assert isinstance(result, VerificationResult)
    return tuple(result.findings)


@pytest.fixture
def shift(tmp_path: Path) -> Shift:
    return Shift(tmp_path, cases=TWO, fieldwork=AT_ANY_HOUR)


@pytest.mark.parametrize(
    ("way", "plain"),
    [("kill", False), ("hangup", False), ("kill", True), ("terminate", True)],
    ids=["kill, screen", "hangup, screen", "kill, plain", "terminate, plain"],
)
def test_an_interview_goes_on_at_its_question(shift: Shift, way: str, plain: bool) -> None:
    with open_at_terminal(shift, plain=plain) as station:
        assert station.shows("Alice Adams")
        keys = (".dial\n", ".interview\n", "\n", "1\n") if plain else ("d", "i", "\r", "1")
        for key, then in zip(keys, ("555-0100", "Good", "First?", "Second?"), strict=True):
            station.key(key)
            assert station.shows(then), station.text()
        station.end(SIGNALS[way])

    began = time.monotonic()
    with open_at_terminal(shift, plain=plain) as again:
        assert again.shows("Second?"), again.text()
        assert time.monotonic() - began < SECONDS
        for key, then in (("\r", ""), ("2", "Third?"), ("2", "Every question is answered")):
            again.key(f"{key}\n" if plain else key)
            assert again.shows(then), again.text()
        time.sleep(1.0)  # an Enter sooner might be a key that is held down
        again.key("\n" if plain else "\r")
        assert again.shows("Brian Baker"), again.text()

    history = shift.case("A")
    assert [call.outcome for call in history.calls] == ["complete"]
    assert len(history.attempts) == 1
    assert verified(shift) == ()


def test_a_dialed_call_goes_on(shift: Shift) -> None:
    with open_at_terminal(shift, plain=False) as station:
        assert station.shows("Alice Adams")
        station.key("d")
        assert station.shows("dial again")
        station.end(signal.SIGKILL)

    began = time.monotonic()
    with open_at_terminal(shift, plain=False) as again:
        assert again.shows("dial again"), again.text()
        assert again.shows("Alice Adams")
        assert time.monotonic() - began < SECONDS
        assert "a number was dialed, and no outcome was keyed" in again.text()
        again.key("1")
        assert again.shows("Brian Baker")

    assert [call.outcome for call in shift.case("A").calls] == ["no_answer"]


def test_an_interview_that_was_left_waits_for_its_outcome(shift: Shift) -> None:
    with open_at_terminal(shift, plain=False) as station:
        assert station.shows("Alice Adams")
        for key, then in (("i", "Good"), ("\r", "First?"), ("\x03", "Suspend this"), ("y", "")):
            station.key(key)
            assert station.shows(then), station.text()
        assert station.shows("not finished: key the outcome"), station.text()
        station.end(signal.SIGKILL)

    with open_at_terminal(shift, plain=False) as again:
        assert again.shows("not finished: key the outcome"), again.text()


# both are open


def test_the_older_one_of_two_loses_the_case_and_claims_no_other(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    old = shift.station("ann", "desk 1")
    assert on(old) == "A"
    old.dial()
    interview = old.open_interview().interview
    assert interview is not None
    interview.reply("")

    shift.later(minutes=1)
    new = shift.station("ann", "desk 1")
    there = new.continue_interview().interview
    assert there is not None
    prompt = there.prompt()
    assert prompt is not None
    assert prompt.place.item == "a"

    refused = interview.reply("2")
    assert isinstance(refused, Rejection)
    assert "you opened this station once more, and go on with this case there" in refused.why
    assert there.reply("1") is None
    interview.suspend()
    left = old.close_interview()
    assert "you opened this station once more" in left.notice
    assert isinstance(left.view, IdleView)
    shift.later(minutes=1)
    view = old.keep_alive().view
    assert isinstance(view, IdleView)
    assert view.why == "you opened another station, and go on there"
    assert on(new) == "A"

    assert on_after_enter(old) in ("B", "C"), "the interviewer sits here again"
    assert shift.case("A").calls == ()
    assert verified(shift) == ()


def on_after_enter(station: object) -> str:
    step = station.claim_next()  # type: ignore[attr-defined]
    assert step.rejection is None
    return on(station)  # type: ignore[arg-type]


def test_an_older_station_that_shows_a_case_loses_it_too(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE)
    old = shift.station("ann", "desk 1")
    shift.later(minutes=1)
    new = shift.station("ann", "desk 1")
    assert on(new) == "A"
    shift.later(minutes=1)
    lost = old.keep_alive()
    assert on(old) == ""
    assert lost.notice == (
        "A: you opened this station once more, and go on with this case there; what was saved before"
        " is kept"
    )
    assert new.record_outcome("no_answer").rejection is None
    rejected = old.record_outcome("busy").rejection
    assert rejected is not None
    assert [call.outcome for call in shift.case("A").calls] == ["no_answer"]


def test_a_lease_that_has_run_out_is_hers_again_at_once(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=THREE, at=TUESDAY)
    old = shift.station("ann", "desk 1")
    old.dial()
    interview = old.open_interview().interview
    assert interview is not None
    interview.reply("")
    shift.later(hours=1)
    new = shift.station("ann", "desk 1")
    assert on(new) == "A", "her interrupted interview comes first"
