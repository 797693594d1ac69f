"""Lists of thousands of options: the time taken is proportional to their length."""

import time
from collections.abc import Callable

import pytest

from support.scenario import Scenario, scenario
from survey_cli.entries import PickEntry
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.tui.interview.question import OptionLines, OptionState

FEW, MANY = 400, 3200
MOST = 5 * MANY / FEW
"""How many times as long it may take; were it the square of the length, it would be 8 * MANY / FEW."""


def text(kind: str, options: int) -> str:
    listed = "".join(f"      {n}: Town number {n}\n" for n in range(1, options + 1))
    return f"items:\n  - id: q\n    type: {kind}\n    text: Which?\n    options:\n{listed}"


def interview(kind: str, options: int) -> Scenario:
    return scenario(text(kind, options))


def check(options: int) -> object:
    return check_instrument(
        load_source_text("instrument: t\ntitle: T\n" + text("single", options))
    ).instrument


def key_all(options: int) -> object:
    now = interview("multiple", options).key(" ".join(map(str, range(1, options + 1))))
    assert now.status == "ended"
    return now.data


def draw(options: int) -> object:
    pick = interview("multiple", options).asked.entry
    assert isinstance(pick, PickEntry)
    widget = OptionLines(choose=lambda option: None)
    widget.state = OptionState(pick, tuple(range(1, options, 2)), marked=options - 1)
    lines = widget.build_lines(widget.state, 70)
    assert len(lines) == options
    assert widget.marked_line == options - 1
    return lines


@pytest.mark.time_limit
@pytest.mark.parametrize("work", [check, key_all, draw])
def test_the_time_grows_with_the_list(work: Callable[[int], object]) -> None:
    def took(options: int) -> float:
        best = 99.0
        for _ in range(3):
            started = time.process_time()
            work(options)
            best = min(best, time.process_time() - started)
        return best

    few = took(FEW)
    assert took(MANY) < MOST * few


def test_the_codes_keyed_are_those_of_the_list() -> None:
    now = interview("multiple", MANY).key("3200 7 1")
    assert now.data == {"q": (1, 7, 3200)}
    assert "3201 is not offered here: 1 to 3200" in interview("single", MANY).key("3201").why
