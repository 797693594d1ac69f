"""With --plain, a long silence outside of an interview is a break, and the line that ends it acts."""

import io
from datetime import timedelta
from pathlib import Path

import pytest

from support.shift import CASES, Shift
from survey_cli.plain import run_station


class SlowTyping(io.StringIO):
    """Lines, before some of which time passes on the clock of the shift."""

    def __init__(self, shift: Shift, *lines: str | int) -> None:
        super().__init__()
        self._shift = shift
        self._lines = list(lines)

    def readline(self, size: int | None = -1, /) -> str:
        while self._lines:
            line = self._lines.pop(0)
            if isinstance(line, str):
                return f"{line}\n"
            self._shift.later(minutes=line)
        return ""


@pytest.fixture
def shift(tmp_path: Path) -> Shift:
    return Shift(tmp_path, cases=CASES)


def test_a_silence_is_a_break_and_the_line_after_it_acts(shift: Shift) -> None:
    ann = shift.station("ann")
    said = io.StringIO()
    run_station(ann, SlowTyping(shift, ".status", 30, ".dial", 25, "no_answer"), said)
    printed = said.getvalue()
    assert "[Field test, ann, of ann]" in printed
    assert "= break from 10:00 to 10:30, because no key was pressed" in printed
    assert "dial 312-555-0100" in printed.replace("(", "").replace(") ", "-")
    assert "break from 10:30" not in printed, "she talked"
    summary = ann.summarize_shift()
    assert summary.calls == 1
    assert summary.paid_time == timedelta(minutes=25)
