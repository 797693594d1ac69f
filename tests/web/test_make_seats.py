"""Small versions of the rows of `make seats`."""

import pytest

pytest.importorskip("aiohttp")

from crash.script import Stand, Step
from seats import attaching, screen_keys, text_keys
from seats.__main__ import find_rows, report_verdict
from seats.attaching import measure_attaching
from seats.burst import measure_burst
from seats.crowds import measure_crowds
from seats.cuts import measure_cuts
from seats.journal import find_taken
from seats.program_keys import find_kept_keys, list_screen_keys, translate_key
from seats.row import Effort, Figure
from support.scale import large

SMALL = Effort(scale=0.006, seed=29)
FIRST = Step("1", "1\n", ("answered", "q001", "1"), Stand(2))
SECOND = Step("25\r", "25\n", ("answered", "q002", "25"), Stand(3))
ROWS = [("answered", "q001", '{"value":1}'), ("answered", "q002", '{"value":25}')]


def list_findings(figures: list[Figure]) -> list[str]:
    """Return what broke a promise. A busy machine may miss times."""
    findings: list[str] = []
    for figure in figures:
        if not figure.is_met and figure.is_promise:
            findings += [figure.goal, figure.measured, *figure.findings]
    return findings


def test_cuts_lose_and_double_nothing() -> None:
    assert list_findings(measure_cuts(SMALL, "sqlite")) == []


@large
def test_pages_that_come_and_go_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    # A hundred pages on each face left 2 MB behind as long as web seldom collected garbage.
    monkeypatch.setattr(attaching, "MOST_NEW_MEGABYTES", {"spawner": 1.5, "web": 1.5, "seat": 6.0})
    assert list_findings(measure_attaching(Effort(scale=0.01, seed=1))) == []


@large
def test_keys_over_a_bad_line_are_those_of_slow_typing() -> None:
    assert list_findings(measure_burst(Effort(scale=0.003, seed=1))) == []


@large
def test_crowds_stop_nobody() -> None:
    assert list_findings(measure_crowds(Effort(scale=0.03, seed=1))) == []


def test_a_lost_a_doubled_and_a_strange_entry_are_seen() -> None:
    assert find_taken([FIRST], [SECOND], ROWS) == 1
    assert find_taken([FIRST], [SECOND], ROWS[:1]) == 0
    assert find_taken([FIRST, SECOND], [], ROWS[:1]) is None
    assert find_taken([FIRST], [], ROWS) is None
    assert find_taken([FIRST], [FIRST], ROWS) is None
    assert find_taken([SECOND], [FIRST], ROWS) is None


def test_only_a_broken_promise_is_an_error() -> None:
    missed = Figure(goal="within 2 s", measured="3 s", is_met=False, is_promise=False)
    broken = Figure(goal="nothing lost", measured="1 lost", is_met=False)
    assert report_verdict([missed]) == 0
    assert report_verdict([missed, broken]) == 1


def test_every_key_and_command_of_the_pages_of_help_has_a_trial() -> None:
    assert screen_keys.find_untried_keys() == []
    assert text_keys.find_untried_words() == []


def test_nothing_is_used_for_what_a_browser_never_gives_away() -> None:
    assert find_kept_keys() == []


def test_keys_have_the_names_of_the_window_system() -> None:
    words = ["Ctrl+C", "Shift+Tab", "PgUp", "F2", "+", "d", "←"]
    names = ["ctrl+c", "shift+Tab", "Prior", "F2", "plus", "d", "Left"]
    assert [translate_key(word) for word in words] == names
    assert {"ctrl+g", "F8", "BackSpace", "8"} <= list_screen_keys()["station"]


def test_a_name_stands_for_all_rows_that_begin_with_it() -> None:
    assert find_rows("cuts") == ["cuts-sqlite", "cuts-postgresql", "cuts-chromium"]
    assert find_rows("keys") == ["keys"]
    assert find_rows("cut") == []
