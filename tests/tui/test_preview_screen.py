"""The screen of the preview: the question follows the file; problems take its place while the file is broken."""

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pexpect
import pyte
import pytest

from support.command_line import SURVEY, folder  # noqa: F401
from support.preview_study import FILE, TEXT, saved
from survey_cli.sessions.preview.preview import Preview, PreviewOptions, PreviewState
from survey_cli.tui.preview import PreviewApp


def piloted(
    preview: Preview,
    act: Callable[..., Awaitable[None]],
    size: tuple[int, int] = (80, 24),
) -> None:
    """Run the screen without a terminal; `act` is given a way to press keys and see the screen after the next look."""
    shown = preview.open()
    assert isinstance(shown, PreviewState)
    app = PreviewApp(shown, reload=preview.reload, restart=preview.restart)

    async def run_it() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()

            async def screen(*keys: str) -> str:
                await pilot.press(*keys)
                app.look()
                app.look()
                await pilot.pause()
                lines = ["".join(s.text for s in app._sheet.render_line(y)) for y in range(size[1])]
                return "\n".join(line.rstrip() for line in lines)

            await act(screen)

    asyncio.run(run_it())


Screen = Callable[..., Awaitable[str]]


def test_the_screen_says_preview_and_follows_the_file() -> None:
    saved(TEXT)

    async def act(screen: Screen) -> None:
        first = await screen()
        assert re.match(r"  PREVIEW  A small survey +en · hello · 1 of \d", first)
        assert "Ctrl+R restart" in first
        assert "How many cars?" in await screen("enter", "1")
        saved(TEXT.replace("How many cars?", "How many [b]cars[/b] have you?"))
        assert "How many [b]cars[/b] have you?" in await screen()

    piloted(Preview(FILE, PreviewOptions()), act)


def test_problems_take_the_place_of_the_question_and_keys_wait() -> None:
    saved(TEXT)

    async def act(screen: Screen) -> None:
        await screen("enter", "1", "4")
        saved(TEXT.replace("own == 1", "won == 1").replace("id: bye", "idd: bye"))
        broken = await screen()
        head, *rest = broken.splitlines()
        assert re.match(r"  PREVIEW  s\.yaml +\d errors", head)
        assert "How many cars?" not in "".join(line for line in rest if "│" not in line)
        assert re.search(r"! s\.yaml:10:\d+: error: cars: .*'won'", broken)
        assert "did you mean" in broken
        assert re.search(r"10 │ .*won == 1[^\n]*\n +│ +\^\^\^", broken)
        assert "won" in await screen("7", "enter", "escape", "ctrl+r", "y"), "no key reaches the interview"
        saved(TEXT)
        mended = await screen()
        assert "How many cars?" in mended
        assert mended.splitlines()[-3].strip().startswith("4"), "what was being typed is still in the field"

    piloted(Preview(FILE, PreviewOptions()), act)


def test_warnings_are_counted_and_listed_on_a_key() -> None:
    saved(TEXT.replace("items:", "scales:\n  unused: {1: {en: A, es: A}, 2: {en: B, es: B}}\nitems:"))

    async def act(screen: Screen) -> None:
        first = await screen()
        assert re.search(r"\d warnings?$", first.splitlines()[0])
        listed = await screen("ctrl+p")
        assert "warning: unused" in listed
        assert "Good morning." in await screen("escape")

    piloted(Preview(FILE, PreviewOptions()), act)


def test_the_keys_of_a_preview() -> None:
    saved(TEXT)

    async def act(screen: Screen) -> None:
        listed = await screen("f3")
        assert re.search(r"chief +Who is your director\? +\(not (asked|reached)\)", listed)
        jumped = await screen(*"age", "enter")
        assert "How old are you?" in jumped
        assert "invented: own" in jumped
        shown = await screen("ctrl+t")
        assert re.search(r"own +[12] +(Yes|No) \(invented\)", shown)
        assert re.search(r"▸ age +-7 +Not reached", shown)
        assert "¿Qué edad tiene?" in await screen("escape", "f4")
        assert "Start over?" in await screen("ctrl+r")
        assert "¿Qué edad tiene?" in await screen("n")
        assert "Good morning." in await screen("ctrl+r", "y")
        assert "any item, asked or not" in await screen("f1")
        assert "Leave the preview?" in await screen("escape", "ctrl+c")
        assert "Good morning." in await screen("n")

    piloted(Preview(FILE, PreviewOptions(columns={"kind": "1"})), act)


def test_the_end_is_not_the_end_of_the_preview() -> None:
    saved(TEXT)

    async def act(screen: Screen) -> None:
        end = await screen("enter", "2", *"no", "enter", *"40", "enter", "enter")
        assert "The interview ends here" in end
        assert "not kept" in end
        assert "Goodbye." in await screen("left")
        assert "The interview ends here" in await screen("enter")
        assert re.search(r"▸ ?\S+ ", await screen("f3"))
        assert "Do you own a car?" in await screen(*"own", "enter")

    piloted(Preview(FILE, PreviewOptions(columns={"kind": "1"})), act)


def test_a_note_being_typed_survives_a_save() -> None:
    saved(TEXT)

    async def act(screen: Screen) -> None:
        assert "note: half" in await screen("enter", "f2", *"half")
        saved(TEXT.replace("Do you own a car?", "Do you have a car?"))
        after = await screen()
        assert "Do you have a car?" in after
        assert "note: half" in after

    piloted(Preview(FILE, PreviewOptions()), act)


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (120, 40), (1, 1)])
def test_any_size_of_terminal_is_drawn(size: tuple[int, int]) -> None:
    saved(TEXT)

    async def act(screen: Screen) -> None:
        for keys in ((), ("ctrl+t",), ("escape", "f1"), ("escape", "f3"), ("escape", "ctrl+p")):
            shown = await screen(*keys)
            assert all(len(line) <= size[0] for line in shown.splitlines())
        saved("instrument: [")
        assert len((await screen("escape")).split("\n")) == size[1]

    piloted(Preview(FILE, PreviewOptions()), act, size)


def test_in_a_terminal_a_save_is_seen_within_half_a_second_and_it_leaves_cleanly() -> None:
    saved(TEXT)
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    child = pexpect.spawn(SURVEY[0], [*SURVEY[1:], "preview", FILE], dimensions=(24, 80), env=environment, timeout=15)

    def until(text: str) -> float:
        began = time.monotonic()
        while time.monotonic() < began + 15:
            try:
                got = child.read_nonblocking(65536, timeout=0.02)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
            stream.feed(re.sub(rb"\x1b\[[?>][\d;]*[$pu]+", b"", got).replace(b"\x1b[<u", b""))
            if text in "\n".join(screen.display):
                return time.monotonic() - began
        raise AssertionError("\n".join(screen.display))

    until("Good morning.")
    took = []
    for n in range(5):
        Path("new.tmp").write_text(TEXT.replace("Good morning.", f"Number {n} here."), encoding="utf-8")
        os.replace("new.tmp", FILE)
        took.append(until(f"Number {n} here."))
    assert sorted(took)[2] < 0.5, took
    saved("instrument: s\n  title: [")
    until("error")
    child.send("\x03\x03")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, sorted(os.listdir())) == (0, [FILE])
