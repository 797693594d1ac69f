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
from survey_cli.tui.preview.app import PreviewApp

KINDS = PreviewOptions(columns={"kind": "1"})
UNUSED = TEXT.replace("items:", "scales:\n  unused: {1: {en: A, es: A}, 2: {en: B, es: B}}\nitems:")
BROKEN = TEXT.replace("own == 1", "won == 1").replace("id: bye", "idd: bye")


class Hands:
    """A preview without a terminal: press keys, and read the screen after the next look at the file."""

    def __init__(self, app: PreviewApp, pause: Callable[..., Awaitable[None]]):
        self.app = app
        self._pause = pause

    async def __call__(self, *keys: str) -> str:
        for key in keys:
            self.app._settled_at = 0.0  # these hands look at the screen before each key
            await self.app.press(key, 0.0)
        await self.app.follow()
        await self.app.follow()
        await self._pause(0.02)  # scrolling follows the next painting
        await self._pause()
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def preview_with(
    act: Callable[[Hands], Awaitable[None]], options: PreviewOptions = KINDS, size: tuple[int, int] = (80, 24)
) -> PreviewApp:
    preview = Preview(FILE, options)
    preview.review_before_end = True
    shown = preview.open()
    assert isinstance(shown, PreviewState)
    app = PreviewApp(shown, reload=preview.reload, restart=preview.restart)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(Hands(app, pilot.pause))

    asyncio.run(run())
    assert app.failure is None
    return app


def test_the_screen_says_preview_and_follows_the_file() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        first = await screen()
        assert re.match(r" +PREVIEW  s\.yaml +2 warnings +en +hello +1 / \d", first)
        assert "^R start over" in first
        assert "How many cars?" in await screen("enter", "1")
        saved(TEXT.replace("How many cars?", "'How many [b]cars[/b] have you?'"))
        changed = await screen()
        assert "How many [b]cars[/b] have you?" in changed
        assert "saved and read again: 1 answer kept" in changed

    preview_with(act)


def test_problems_take_the_place_of_the_question_and_keys_wait() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        await screen("enter", "1", "4")
        saved(BROKEN)
        broken = await screen()
        head, *rest = broken.splitlines()
        assert re.match(r" +PREVIEW  s\.yaml +2 errors · 2 warnings", head)
        assert "How many cars?" not in "".join(line for line in rest if "│" not in line)
        assert re.search(r"! s\.yaml:10:\d+: error: cars: .*'won'", broken)
        assert "did you\n      mean 'own'?" in broken
        assert re.search(r"10 │ .*won == 1[^\n]*\n +│ +\^\^\^", broken)
        assert "won" in await screen("7", "enter", "escape", "ctrl+r", "y", "f2", "ctrl+p"), "no key reaches it"
        assert "Leave the preview?" in await screen("ctrl+c")
        assert "won" in await screen("n")
        saved(TEXT)
        corrected = await screen()
        assert "How many cars?" in corrected
        assert re.search(r"^ +4$", corrected, re.MULTILINE), "what was being typed is still in the field"
        assert "How old are you?" in await screen("enter")

    preview_with(act)


def test_a_file_that_is_broken_from_the_start_is_asked_once_it_is_correct() -> None:
    saved(BROKEN)

    async def act(screen: Hands) -> None:
        assert "error: cars" in await screen("enter")
        saved(BROKEN.replace("won", "own"))
        assert re.search(r"PREVIEW  s\.yaml +1 error · 2 warnings", await screen())
        saved(TEXT)
        assert "Good morning." in await screen()
        assert "Do you own a car?" in await screen("enter")

    preview_with(act)


def test_every_problem_of_a_long_list_can_be_scrolled_to() -> None:
    broken = "".join(f"  - {{id: q{n}, type: text, text: {{en: Q, es: P}}, ask_if: no{n}}}\n" for n in range(40))
    saved(TEXT + broken)

    async def act(screen: Hands) -> None:
        assert "'no39'" not in await screen()
        assert re.search(r"^ +\? s\.yaml", await screen("end"), re.MULTILINE), "warnings come last"
        assert "'no0'" in await screen("home")
        assert "'no0'" not in await screen("pagedown", "pagedown")

    preview_with(act)


def test_a_problem_far_to_the_right_is_shown_with_the_part_of_its_line() -> None:
    saved(TEXT.replace("Do you own a car?", "Do you own a car, " + "or 车, " * 30 + "or {won}?"))

    async def act(screen: Hands) -> None:
        lines = (await screen()).splitlines()
        source = next(n for n, line in enumerate(lines) if " 9 │ " in line and "{won}" in line)
        at = lines[source].index("won") + sum(letter == "车" for letter in lines[source].split("won")[0])
        assert lines[source + 1].index("^") in (at - 1, at)
        assert "…" in lines[source]

    preview_with(act)


def test_warnings_are_counted_and_listed_on_a_key() -> None:
    saved(UNUSED)

    async def act(screen: Hands) -> None:
        assert "3 warnings" in (await screen()).splitlines()[0]
        assert "warning: unused" in await screen("ctrl+l")
        saved(TEXT)
        listed = await screen()
        assert "unused" not in listed, "the open list follows the file as well"
        assert "2 warnings" in listed
        assert "warning: title" in listed
        assert "Good morning." in await screen("escape")
        assert "warning: title" in await screen("ctrl+l")
        assert "Good morning." in await screen("ctrl+l"), "its key closes it"

    preview_with(act)


def test_the_keys_of_a_preview() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        listed = await screen("f3")
        assert re.search(r"chief +\(not (asked|reached)\) +Who is your director\?", listed)
        jumped = await screen(*"how old", "enter")
        assert "How old are you?" in jumped
        assert "invented: own" in jumped
        shown = await screen("ctrl+t")
        assert re.search(r"own +[12] +(Yes|No) \(invented\)", shown)
        assert re.search(r"age +-7 +Not reached", shown)
        assert "How old are you?" not in shown
        assert re.search(r"9 variables: \d answered · \d not asked · \d not reached", shown)
        assert "¿Qué edad tiene?" in await screen("escape", "f4")
        assert "Start over?" in await screen("ctrl+r")
        assert "¿Qué edad tiene?" in await screen("n")
        assert "Good morning." in await screen("ctrl+r", "y")
        assert "any item, asked or not" in await screen("f1")
        assert "the file's problems and warnings  Ctrl+L" in await screen("escape", "ctrl+p", *"problems")
        assert "Leave the preview?" in await screen("escape", "escape", "ctrl+c")
        assert "Good morning." in await screen("n")

    preview_with(act)


def test_the_data_can_be_searched_and_lead_to_an_item() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        found = await screen("ctrl+t", *"wh")
        assert "why_state" in found
        assert "own  " not in found
        assert "Why not?" in await screen("enter")
        assert "9 variables" in await screen("ctrl+t")
        saved(TEXT.replace("How old are you?", "Your age?"))
        assert "9 variables" in await screen(), "what is open stays open when the file is saved"
        assert "Your age?" in await screen(*"age", "enter")

    preview_with(act)


def test_the_end_is_not_the_end_of_the_preview() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        review = await screen("enter", "2", *"no", "enter", *"40", "enter", ".", *"jump bye", "enter", "enter")
        assert "Every question is answered" in review
        assert "^T data" in review
        assert "Goodbye." in await screen("left")
        await screen("enter")
        end = await screen("enter")
        assert "The interview ends here" in end
        assert "not stored" in end
        assert "leaves" in await screen("x")
        assert "own" in await screen("f3")
        assert "Do you own a car?" in await screen(*"do you", "enter")
        assert "Every question is answered" in await screen("alt+right")
        assert "The interview ends here" in await screen("enter")
        assert "Goodbye." in await screen("left")
        await screen("enter")
        await screen("enter")
        saved(TEXT + "  - {id: more, type: text, text: {en: More?, es: ¿Más?}}\n")
        assert "More?" in await screen(), "an item added after the end is asked"
        saved(TEXT)
        assert "Start over?" in await screen("ctrl+r")
        assert "Good morning." in await screen("y")

    preview_with(act)


def test_suspending_shows_what_comes_of_it_and_goes_on() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        assert "The interview is suspended here" in await screen("enter", "f8", "s")
        assert "Start over?" in await screen("enter")
        assert "The interview is suspended here" in await screen("n")

    preview_with(act)


def test_leaving_is_asked_and_the_key_pressed_again_leaves() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        await screen("ctrl+c")
        assert not screen.app.top.left
        await screen.app.press("ctrl+c", 0.0)
        assert screen.app._exit

    preview_with(act)


def test_a_note_being_typed_survives_a_save() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        assert re.search(r"note: *\n? +half", await screen("enter", "f2", *"half"))
        saved(TEXT.replace("Do you own a car?", "Do you have a car?"))
        after = await screen()
        assert "Do you have a car?" in after
        assert re.search(r"note: *\n? +half", after)
        saved(BROKEN)
        assert "error: cars" in await screen()
        saved(TEXT)
        assert re.search(r"note: *\n? +half", await screen()), "over a broken file as well"
        assert "half way" in await screen(*" way")

    preview_with(act)


def test_a_long_question_and_the_help_stay_scrolled_where_they_were() -> None:
    long = TEXT.replace("How many cars?", "Line. " * 400)
    saved(long)

    async def act(screen: Hands) -> None:
        view = screen.app.top.query_one("#body")
        await screen("enter", "1", "pagedown")
        top = view.scroll_y
        assert top > 0
        saved(long.replace("Line. Line.", "Edge. Row.", 1))
        assert "Line." in await screen()
        assert "Edge." in str(screen.app.top.query_one("#spoken").render())
        assert view.scroll_y == top
        await screen("f1")
        await screen("pagedown")
        before = screen.app.top.query_one("Panel VerticalScroll").scroll_y
        assert before > 0
        saved(long)
        await screen()
        assert screen.app.top.query_one("Panel VerticalScroll").scroll_y == before

    preview_with(act)


def test_a_list_stays_at_its_marked_row() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        await screen("f3", "down", "down", "down")
        saved(TEXT.replace("Why not?", "Why is that?"))
        await screen()
        assert "Why is that?" in await screen("enter")

    preview_with(act)


def test_keys_typed_ahead_are_not_taken_for_the_answer_to_another_item() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        await screen("enter")
        typed_at = time.monotonic()
        saved(TEXT.replace("id: own", "id: car").replace("own ==", "car =="))
        assert "own is gone: standing at car" in await screen()
        await screen.app.press("1", typed_at)
        assert "1 key typed ahead not used" in await screen()
        assert "Do you own a car?" in await screen()

    preview_with(act)


def test_a_text_being_typed_for_an_option_survives_a_save() -> None:
    other = TEXT.replace('2: "No"', '2: "No", 3: {text: {en: Other, es: Otro}, specify: true}')
    saved(other)

    async def act(screen: Hands) -> None:
        assert "a tru" in await screen("enter", "3", *"a tru")
        saved(other.replace("en: Other,", "en: Something else,"))
        after = await screen()
        assert re.search(r"3 Something else: *\n? +a tru", after)
        assert "own: Something else: a truck" in await screen(*"ck", "enter") or "a truck" in await screen("left")

    preview_with(act)


def test_codes_chosen_and_not_sent_survive_a_save_as_far_as_they_are_offered() -> None:
    several = TEXT.replace("id: own, type: single", "id: own, type: multiple").replace("own == 1", "1 in own")
    several = several.replace("own == 2", "2 in own").replace('2: "No"', '2: "No", 3: {en: Perhaps, es: Quizás}')
    saved(several)

    async def act(screen: Hands) -> None:
        await screen("enter", "1", "3")
        saved(several.replace(", 3: {en: Perhaps, es: Quizás}", ""))
        after = await screen()
        assert re.search(r"● *1 +Yes", after)
        assert "Perhaps" not in after
        assert "How many cars?" in await screen("enter")

    preview_with(act)


def test_what_was_typed_at_an_item_that_went_comes_back_with_it() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        await screen("enter", "2", *"no money")
        line = next(line for line in TEXT.splitlines() if "id: why" in line) + "\n"
        saved(TEXT.replace(line, ""))
        gone = await screen()
        assert "why is gone" in gone
        assert "How old are you?" in gone
        saved(TEXT)
        await screen()
        assert "no money" in await screen("left")

    preview_with(act)


def test_reading_that_fails_is_said_and_tried_again() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        reload = screen.app._reload

        def fail() -> PreviewState | None:
            raise RuntimeError("no")

        screen.app._reload = fail
        assert "reading the file failed (RuntimeError)" in await screen()
        screen.app._reload = reload
        saved(TEXT.replace("Good morning.", "Good day."))
        assert "Good day." in await screen()

    preview_with(act)


@pytest.mark.parametrize("size", [(60, 20), (120, 32), (200, 50)])
def test_no_line_is_wider_than_the_terminal(size: tuple[int, int]) -> None:
    saved(UNUSED)

    async def act(screen: Hands) -> None:
        for keys in ((), ("ctrl+t",), ("escape", "f1"), ("escape", "f3"), ("escape", "ctrl+l")):
            shown = await screen(*keys)
            assert all(len(line) <= size[0] for line in shown.splitlines())
            assert "^C leave" in shown
        saved("instrument: [")
        assert len((await screen("escape")).split("\n")) == size[1]

    preview_with(act, size=size)


def test_a_screen_that_is_too_small_says_so_and_still_follows_the_file() -> None:
    saved(TEXT)

    async def act(screen: Hands) -> None:
        assert "60 × 20" in " ".join((await screen("enter")).split())
        saved("instrument: [")
        assert "60 × 20" in " ".join((await screen()).split())

    preview_with(act, size=(40, 10))


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
