"""The screen of the status, readable on a terminal, in a pipe and as data, and up to date with the cases."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pexpect
import pytest
from test_status import DAY, interviewed, told

from support.case_histories import history
from support.command_line import SURVEY, folder
from support.screens import Hands
from support.stored_study import a_study
from survey_cli.cli.commands.status import render_status
from survey_cli.cli.run_command import run_command
from survey_cli.tui.status import StatusApp

__all__ = ["folder"]


def _busy_study() -> Path:
    cases = [
        *(interviewed(history(f"whole {n:02}").at(DAY), f"i{n}", n) for n in range(12)),
        history("a key that is rather longer than anybody needs").at(DAY).call("supervisor", note="x" * 90),
        *(history(f"p{n}").at(DAY).appointment("2026-11-25 10:00", owner="ann") for n in range(12)),
    ]
    quotas = "quotas:\n- {id: kinds, by: [kind], targets: {1: 40, 2: 50}}\n"
    return a_study(cases, more=quotas)


def test_no_line_is_wider_than_the_terminal_and_every_section_is_there() -> None:
    drawn = render_status(told(_busy_study()), cells=80)
    assert max(map(len, drawn)) <= 80
    assert drawn[2] == "12 of 90 complete (13.3% of quota kinds), 0 of them today"
    headed = [line for before, line in pairwise(drawn) if not before]
    assert [line.split(",")[0].split(":")[0] for line in headed[1:]] == [
        "cases",
        "waiting for a supervisor",
        "appointments",
        "last outcomes",
        "codes of cases that are done",
        "quotas",
        "attempts by the respondent's time of day",
        "interviewers",
        "length of interviews",
        "backup",
    ]
    assert "… and 4 more" in drawn
    assert any("0 of 12" in line and line.endswith("0%*") for line in drawn)  # a share of few is marked


def test_the_command_prints_once_where_there_is_no_screen_and_gives_data(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = _busy_study()
    assert run_command(["status", str(path), "--watch", "--zone", "America/Denver"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("study, ")
    assert "this terminal cannot show a full screen" in shown.err
    assert run_command(["status", str(path), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["progress"] == {
        "complete": 12,
        "partial": 0,
        "today": 0,
        "target": 90,
        "target_of": "quota kinds",
    }
    assert data["people"][0]["lengths"] == [60.0 * n for n in range(12)]
    assert datetime.fromisoformat(data["appointments"][0]["starts"]).utcoffset() is not None
    assert run_command(["status", str(path), "--zone", "Mars"]) == 2
    assert run_command(["status", "nowhere.yaml"]) == 1


@pytest.fixture
def shown() -> Iterator[Callable[..., Hands]]:
    """Show a report on a screen: `shown(read)`; all are ended after the test."""
    opened: list[Hands] = []

    def show(read: Callable[[int], Sequence[str]], size: tuple[int, int] = (40, 8)) -> Hands:
        opened.append(Hands(StatusApp(read), size))
        opened[-1].pause(0.1)
        return opened[-1]

    yield show
    for hands in opened:
        hands.close()


def _read_lines(hands: Hands, *keys: str) -> list[str]:
    """Press keys; returns the lines of the screen without its scrollbar."""
    hands.press(*keys)
    hands.pause(0.1)
    return [line.rstrip("▁▂▃▄▅▆▇█ ").strip() for line in hands.lines()]


def test_the_report_scrolls_is_refreshed_and_stays_where_it_is(shown: Callable[..., Hands]) -> None:
    widths: list[int] = []

    def read(cells: int) -> list[str]:
        widths.append(cells)
        return [f"study, reading {len(widths)}", *(f"line {n}" for n in range(20))]

    hands = shown(read)
    assert _read_lines(hands)[:2] == [f"study, reading {len(widths)}", "line 0"]
    assert "q leave" in hands.keys
    assert _read_lines(hands, "down", "j")[1] == "line 2"
    assert _read_lines(hands, "end")[6] == "line 19"
    assert _read_lines(hands, " ")[6] == "line 19"
    before = len(widths)
    again = _read_lines(hands, "r")
    assert len(widths) == before + 1
    assert (again[0], again[6]) == (f"study, reading {len(widths)}", "line 19")
    assert _read_lines(hands, "b")[6] == "line 13"
    assert _read_lines(hands, "home", "up", "x")[1] == "line 0"
    assert set(widths) == {37}
    hands.press("q")
    assert hands.app._exit
    assert hands.app.failure is None


def test_the_report_is_laid_out_again_for_another_width_and_headings_stand_out(shown: Callable[..., Hands]) -> None:
    hands = shown(lambda cells: [f"study in {cells}", "", "cases", "  12 in all [b]", "backup: none"])
    hands.run(hands.pilot.resize_terminal(60, 12))
    assert _read_lines(hands)[0] == "study in 57"
    segments = [segment for strip in hands.paint() for segment in strip]
    bold = {s.text.strip(): bool(s.style and s.style.bold) for s in segments if s.text.strip()}
    assert (bold["cases"], bold["12 in all [b]"], bold["backup: none"]) == (True, False, False)


def test_themes_are_chosen_from_the_palette(shown: Callable[..., Hands]) -> None:
    hands = shown(lambda _: ["study"], (60, 20))
    hands.press("ctrl+p", "light", "enter")
    assert hands.app.theme == "light"


def test_a_reading_that_fails_leaves_the_screen_and_says_so(shown: Callable[..., Hands]) -> None:
    def read(cells: int) -> list[str]:
        raise RuntimeError("no")

    assert isinstance(shown(read).app.failure, RuntimeError)


def test_on_a_terminal_it_is_followed_until_it_is_left() -> None:
    path = _busy_study()
    shown = pexpect.spawn(
        SURVEY[0],
        [*SURVEY[1:], "status", str(path), "--watch"],
        env={**os.environ, "TERM": "xterm"},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=30,
    )
    shown.expect("12 of 90 complete")
    shown.send("q")
    shown.expect(pexpect.EOF)
    shown.close()
    assert shown.exitstatus == 0
