"""The screen of the status, readable on a terminal, in a pipe and as data, and up to date with the cases."""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pexpect
import pytest
from test_status import DAY, interviewed, told

from support.case_histories import history
from support.command_line import SURVEY, folder
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
    assert "no full screen here" in shown.err
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


def piloted(read: Callable[[int], Sequence[str]], act: Callable[..., Any]) -> StatusApp:
    app = StatusApp(read)

    async def run_it() -> None:
        async with app.run_test(size=(40, 8)) as pilot:

            async def screen(*keys: str) -> list[str]:
                await pilot.press(*keys)
                await asyncio.sleep(0.05)
                await pilot.pause()
                return ["".join(s.text for s in app._sheet.render_line(y)).rstrip() for y in range(8)]

            await act(screen)

    asyncio.run(run_it())
    return app


def test_the_screen_scrolls_looks_again_and_stays_where_it_is() -> None:
    looks: list[int] = []

    def read(cells: int) -> list[str]:
        looks.append(cells)
        return [f"study, look {len(looks)}", *(f"line {n}" for n in range(20))]

    async def act(screen: Callable[..., Any]) -> None:
        first = await screen()
        assert first[:2] == ["study, look 1", "line 0"]
        assert first[7].startswith("q leaves")
        assert (await screen("down", "down"))[1] == "line 2"
        assert (await screen("end"))[6] == "line 19"
        assert (await screen("pagedown"))[6] == "line 19"
        again = await screen("r")
        assert (again[0], again[6]) == ("study, look 2", "line 19")
        assert (await screen("home", "up"))[1] == "line 0"
        await screen("q")

    app = piloted(read, act)
    assert app.board.left
    assert (looks, app.broke) == ([40, 40], None)


def test_a_look_that_fails_leaves_the_screen_and_says_so() -> None:
    def read(cells: int) -> list[str]:
        raise RuntimeError("no")

    async def act(screen: Callable[..., Any]) -> None:
        await screen()

    assert isinstance(piloted(read, act).broke, RuntimeError)


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
