"""The full screen asks whether somebody is still there, and goes on after any key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.fake_station import FakeStation
from support.screens import calling
from support.shift import CASES, Shift

QUESTION = "Still there? No key was pressed since 10:00."


def test_the_key_that_answers_the_question_does_nothing_else() -> None:
    station = FakeStation()
    with calling(station) as at:
        station.presence_question = QUESTION
        at.run(_tick(at.station))
        shown = " ".join(at.text().split())
        assert f"? {QUESTION} Press any key." in shown
        at.press("1")
        assert station.calls == ["take_next"]
        assert at.said == "good: that key did nothing else"
        assert "Still there?" not in at.text()
        at.press("d")
        assert station.calls == ["take_next", "dial EP-07"]


def test_a_note_that_was_begun_stays_open() -> None:
    station = FakeStation()
    with calling(station, "t", *"busy") as at:
        station.presence_question = QUESTION
        at.run(_tick(at.station))
        assert "Still there?" in at.text()
        at.press("x")
        assert at.panel == "note"
        assert at.field == "busy"


async def _tick(screen: object) -> None:
    screen.tick()  # type: ignore[attr-defined]


def test_a_whole_pause_on_the_real_session(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=CASES)
    ann = shift.station("ann")
    with calling(ann) as at:
        for _ in range(12):
            shift.later(minutes=1)
            at.run(_tick(at.station))
            at.beat()
        assert "Still there?" in at.text()
        at.press("x")
        assert at.said == "good: that key did nothing else"
        for _ in range(16):
            shift.later(minutes=1)
            at.run(_tick(at.station))
            at.beat()
        assert "On a break: no key was pressed" in at.text()
        assert at.said == "", "the key before has nothing to do with the break"
        at.press("d")
        assert "break from 10:12 to 10:28" in " ".join(at.text().split())
        assert "Alice Adams" in at.text()
        view = ann.look().view
        assert not getattr(view, "has_open_call", True), "the key only said that she is there"
    assert ann.summarize_shift().paid_time == timedelta(minutes=12)
    assert shift.at == datetime(2026, 11, 24, 16, 28, tzinfo=UTC)
