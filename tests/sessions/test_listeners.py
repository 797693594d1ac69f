"""Listeners of a station are told what is at hand, once for each change."""

from dataclasses import replace
from pathlib import Path

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.shift import CASES, OPTIONS, Shift, interviewed
from survey_cli.sessions.station.listeners import Listeners, Occupation
from survey_cli.sessions.station.station import StationOptions

TWO = CASES + "B,2,Brian Baker,312 555 0101,America/Chicago\n"


def listen() -> tuple[list[dict[str, str]], StationOptions]:
    """Return the list of reports, and the options of a station that adds to it."""
    reports: list[dict[str, str]] = []

    def report(occupation: Occupation) -> None:
        reports.append(occupation.to_report())

    return reports, replace(OPTIONS, listeners=Listeners(report=report))


def test_each_change_of_what_is_at_hand_is_reported_once(tmp_path: Path) -> None:
    reports, options = listen()
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann", options=options)
    ann.look()
    ann.keep_alive()
    shift.later(minutes=1)
    ann.dial()
    interviewed(ann, "1")
    ann.look()
    shift.later(minutes=3)
    interview = ann.look()
    assert interview.rejection is None
    ann.close_interview()
    ann.record_outcome("callback", note="later")
    ann.record_outcome("no_answer")
    ann.start_break("lunch")

    said = [(each["activity"], each["case"]) for each in reports]
    assert said == [
        ("case", "A"),
        ("call", "A"),
        ("interview", "A"),
        ("call", "A"),
        ("case", "B"),
        ("waiting", ""),
        ("break", ""),
    ]
    assert {each["type"] for each in reports} == {"status"}
    assert reports[1]["since"] == "2026-11-24T16:01:00+00:00"


def test_a_listener_that_has_gone_stops_nothing(tmp_path: Path) -> None:
    def fail(occupation: Occupation) -> None:
        raise BrokenPipeError

    options = replace(OPTIONS, listeners=Listeners(report=fail))
    ann = Shift(tmp_path).station("ann", options=options)
    assert ann.dial().rejection is None
