"""The screen of the preview: the question follows the file; problems take its place while the file is broken."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
import pytest

from support.command_line import folder  # noqa: F401
from support.forked_survey import spawn_survey
from support.preview_study import FILE, TEXT, saved
from support.screens import Hands
from survey_cli.sessions.preview.preview import Preview, PreviewOptions, PreviewState
from survey_cli.tui.preview.screen import PreviewApp

KINDS = PreviewOptions(columns={"kind": "1"})
UNUSED = TEXT.replace("items:", "scales:\n  unused: {1: {en: A, es: A}, 2: {en: B, es: B}}\nitems:")
BROKEN = TEXT.replace("own == 1", "won == 1").replace("id: bye", "idd: bye")


class PreviewHands(Hands):
    """A preview: called with keys, it presses them and returns the screen after the next look at the file."""

    app: PreviewApp

    def __call__(self, *keys: str) -> str:
        self.press(*keys)
        self.run(self.app.follow())
        self.run(
            self.app.follow()
        )  # a file that may be half saved is shown as broken at the second look
        self.pause()
        return self.text()


@contextmanager
def preview(
    options: PreviewOptions = KINDS, size: tuple[int, int] = (80, 24), *, proves: bool = False
) -> Iterator[PreviewHands]:
    """Show the preview of the file; its findings come at any time, so that most tests do without."""
    questionnaire_preview = Preview(FILE, options)
    questionnaire_preview.review_before_end = True
    app = PreviewApp(questionnaire_preview)
    if not proves:
        app._take_findings = lambda: None
    hands = PreviewHands(app, size)
    for timer in list(app._timers):
        timer.pause()  # these hands look at the file after each key
    try:
        yield hands
    finally:
        hands.close()
    assert app.failure is None


def test_the_screen_says_preview_and_follows_the_file() -> None:
    saved(TEXT)
    with preview() as screen:
        first = screen()
        assert re.match(r" +PREVIEW  s\.yaml +2 warnings +en +hello +1 / \d", first)
        assert "^N start over" in first
        assert "How many cars?" in screen("enter", "1")
        saved(TEXT.replace("How many cars?", "'How many [b]cars[/b] have you?'"))
        changed = screen()
        assert "How many [b]cars[/b] have you?" in changed
        assert "file read again: 1 answer kept" in changed


def test_problems_take_the_place_of_the_question_and_keys_wait() -> None:
    saved(TEXT)
    with preview() as screen:
        screen("enter", "1", "4")
        saved(BROKEN)
        broken = screen()
        head, *rest = broken.splitlines()
        assert re.match(r" +PREVIEW  s\.yaml +2 errors · 2 warnings", head)
        assert "How many cars?" not in "".join(line for line in rest if "│" not in line)
        assert re.search(r"! s\.yaml:10:\d+: error: cars: .*'won'", broken)
        assert "did you\n      mean 'own'?" in broken
        assert re.search(r"10 │ .*won == 1[^\n]*\n +│ +\^\^\^", broken)
        assert "won" in screen("7", "enter", "escape", "ctrl+n", "y", "f2", "ctrl+p"), (
            "no key reaches it"
        )
        assert "Leave the preview?" in screen("ctrl+c")
        assert "won" in screen("n")
        saved(TEXT)
        corrected = screen()
        assert "How many cars?" in corrected
        assert re.search(r"^ +4$", corrected, re.MULTILINE), (
            "what was being typed is still in the field"
        )
        assert "How old are you?" in screen("enter")


def test_a_file_that_is_broken_from_the_start_is_asked_once_it_is_correct() -> None:
    saved(BROKEN)
    with preview() as screen:
        assert "error: cars" in screen("enter")
        saved(BROKEN.replace("won", "own"))
        assert re.search(r"PREVIEW  s\.yaml +1 error · 2 warnings", screen())
        saved(TEXT)
        assert "Good morning." in screen()
        assert "Do you own a car?" in screen("enter")


def test_every_problem_of_a_long_list_can_be_scrolled_to() -> None:
    broken = "".join(
        f"  - {{id: q{n}, type: text, text: {{en: Q, es: P}}, ask_if: no{n}}}\n" for n in range(40)
    )
    saved(TEXT + broken)
    with preview() as screen:
        assert "'no39'" not in screen()
        assert re.search(r"^ +\? s\.yaml", screen("end"), re.MULTILINE), "warnings come last"
        assert "'no0'" in screen("home")
        assert "'no0'" not in screen("pagedown", "pagedown")


def test_a_problem_far_to_the_right_is_shown_with_the_part_of_its_line() -> None:
    saved(TEXT.replace("Do you own a car?", "Do you own a car, " + "or 车, " * 30 + "or {won}?"))
    with preview() as screen:
        lines = (screen()).splitlines()
        source = next(n for n, line in enumerate(lines) if " 9 │ " in line and "{won}" in line)
        at = lines[source].index("won") + sum(
            letter == "车" for letter in lines[source].split("won")[0]
        )
        assert lines[source + 1].index("^") in (at - 1, at)
        assert "…" in lines[source]


def test_warnings_are_counted_and_listed_on_a_key() -> None:
    saved(UNUSED)
    with preview() as screen:
        assert "3 warnings" in (screen()).splitlines()[0]
        assert "warning: unused" in screen("ctrl+l")
        saved(TEXT)
        listed = screen()
        assert "unused" not in listed, "the open list follows the file as well"
        assert "2 warnings" in listed
        assert "warning: title" in listed
        assert "Good morning." in screen("escape")
        assert "warning: title" in screen("ctrl+l")
        assert "Good morning." in screen("ctrl+l"), "its key closes it"


def test_the_keys_of_a_preview() -> None:
    saved(TEXT)
    with preview() as screen:
        listed = screen("f3")
        assert re.search(r"chief +\(not (asked|reached)\) +Who is your director\?", listed)
        jumped = screen(*"how old", "enter")
        assert "How old are you?" in jumped
        assert "invented: own" in jumped
        shown = screen("ctrl+t")
        assert re.search(r"own +[12] +(Yes|No) \(invented\)", shown)
        assert re.search(r"age +-7 +Not reached", shown)
        assert "How old are you?" not in shown
        assert re.search(r"9 variables: \d answered · \d not asked · \d not reached", shown)
        assert "¿Qué edad tiene?" in screen("escape", "f4")
        assert "Start over?" in screen("ctrl+n")
        assert "¿Qué edad tiene?" in screen("n")
        assert "Good morning." in screen("ctrl+n", "y")
        assert "any item, asked or not" in screen("f1")
        assert "Ctrl+L  the file's problems and warnings" in screen("escape", "ctrl+p", *"problems")
        assert "Leave the preview?" in screen("escape", "escape", "ctrl+c")
        assert "Good morning." in screen("n")


def test_the_data_can_be_searched_and_lead_to_an_item() -> None:
    saved(TEXT)
    with preview() as screen:
        found = screen("ctrl+t", *"wh")
        assert "why_state" in found
        assert "own  " not in found
        assert "Why not?" in screen("enter")
        assert "9 variables" in screen("ctrl+t")
        saved(TEXT.replace("How old are you?", "Your age?"))
        assert "9 variables" in screen(), "what is open stays open when the file is saved"
        assert "Your age?" in screen(*"age", "enter")


def test_the_end_is_not_the_end_of_the_preview() -> None:
    saved(TEXT)
    with preview() as screen:
        review = screen(
            "enter", "2", *"no", "enter", *"40", "enter", ".", *"jump bye", "enter", "enter"
        )
        assert "Every question is answered" in review
        assert "^T data" in review
        assert "Goodbye." in screen("left")
        screen("enter")
        end = screen("enter")
        assert "The interview ends here" in end
        assert "not stored" in end
        assert "leaves" in screen("x")
        assert "own" in screen("f3")
        assert "Do you own a car?" in screen(*"do you", "enter")
        assert "Every question is answered" in screen("alt+right")
        assert "The interview ends here" in screen("enter")
        assert "Goodbye." in screen("left")
        screen("enter")
        screen("enter")
        saved(TEXT + "  - {id: more, type: text, text: {en: More?, es: ¿Más?}}\n")
        assert "More?" in screen(), "an item added after the end is asked"
        saved(TEXT)
        assert "Start over?" in screen("ctrl+n")
        assert "Good morning." in screen("y")


def test_suspending_shows_what_comes_of_it_and_goes_on() -> None:
    saved(TEXT)
    with preview() as screen:
        assert "The interview is suspended here" in screen("enter", "f8", "s")
        assert "Start over?" in screen("enter")
        assert "The interview is suspended here" in screen("n")


def test_the_file_is_not_looked_at_while_the_screen_is_closed() -> None:
    saved(TEXT)
    with preview() as screen:
        app = screen.app
        screens = list(app._screen_stack)
        app._running = False  # as in Textual's shutdown, which then takes the screens away
        app._screen_stack.clear()
        for timer in list(app._timers):
            screen.run(timer._tick(next_timer=0.0, count=1))
        app._running = True
        app._screen_stack.extend(screens)
        assert app._exception is None


def test_leaving_is_asked_and_the_key_pressed_again_leaves() -> None:
    saved(TEXT)
    with preview() as screen:
        screen("ctrl+c")
        assert not screen.app.top.left
        screen.run(screen.app.press("ctrl+c", 0.0))
        assert screen.app._exit


def test_a_note_being_typed_survives_a_save() -> None:
    saved(TEXT)
    with preview() as screen:
        assert re.search(r"note: *\n? +half", screen("enter", "f2", *"half"))
        saved(TEXT.replace("Do you own a car?", "Do you have a car?"))
        after = screen()
        assert "Do you have a car?" in after
        assert re.search(r"note: *\n? +half", after)
        saved(BROKEN)
        assert "error: cars" in screen()
        saved(TEXT)
        assert re.search(r"note: *\n? +half", screen()), "over a broken file as well"
        assert "half way" in screen(*" way")


def test_a_long_question_and_the_help_stay_scrolled_where_they_were() -> None:
    long = TEXT.replace("How many cars?", "Line. " * 400)
    saved(long)
    with preview() as screen:
        view = screen.app.top.query_one("#body")
        screen("enter", "1", "pagedown")
        top = view.scroll_y
        assert top > 0
        saved(long.replace("Line. Line.", "Edge. Row.", 1))
        assert "Line." in screen()
        assert "Edge." in str(screen.app.top.query_one("#spoken").render())
        assert view.scroll_y == top
        screen("f1")
        screen("pagedown")
        before = screen.app.top.query_one("Panel VerticalScroll").scroll_y
        assert before > 0
        saved(long)
        screen()
        assert screen.app.top.query_one("Panel VerticalScroll").scroll_y == before


def test_a_list_stays_at_its_marked_row() -> None:
    saved(TEXT)
    with preview() as screen:
        screen("f3", "down", "down", "down")
        saved(TEXT.replace("Why not?", "Why is that?"))
        screen()
        assert "Why is that?" in screen("enter")


def test_the_marked_row_of_a_list_stands_out_in_the_colors_of_the_terminal() -> None:
    saved(TEXT)
    with preview() as screen:
        screen.app.theme = "terminal"
        screen("f3", "down")
        rows = [[segment for segment in strip if segment.text.strip()] for strip in screen.paint()]
        underlined = [
            row for row in rows if any(segment.style and segment.style.underline for segment in row)
        ]
        assert ["own" in row[0].text for row in underlined] == [True]


def test_keys_typed_ahead_are_not_taken_for_the_answer_to_another_item() -> None:
    saved(TEXT)
    with preview() as screen:
        screen("enter")
        typed_at = time.monotonic()
        saved(TEXT.replace("id: own", "id: car").replace("own ==", "car =="))
        assert "own was removed: now at car" in screen()
        screen.run(screen.app.press("1", typed_at))
        assert "1 key typed ahead not used" in screen()
        assert "Do you own a car?" in screen()


def test_a_text_being_typed_for_an_option_survives_a_save() -> None:
    other = TEXT.replace('2: "No"', '2: "No", 3: {text: {en: Other, es: Otro}, specify: true}')
    saved(other)
    with preview() as screen:
        assert "a tru" in screen("enter", "3", *"a tru")
        saved(other.replace("en: Other,", "en: Something else,"))
        after = screen()
        assert re.search(r"3 Something else: *\n? +a tru", after)
        assert "own: Something else: a truck" in screen(*"ck", "enter") or "a truck" in screen(
            "left"
        )


def test_codes_chosen_and_not_sent_survive_a_save_as_far_as_they_are_offered() -> None:
    several = TEXT.replace("id: own, type: single", "id: own, type: multiple").replace(
        "own == 1", "1 in own"
    )
    several = several.replace("own == 2", "2 in own").replace(
        '2: "No"', '2: "No", 3: {en: Perhaps, es: Quizás}'
    )
    saved(several)
    with preview() as screen:
        screen("enter", "1", "3")
        saved(several.replace(", 3: {en: Perhaps, es: Quizás}", ""))
        after = screen()
        assert re.search(r"● *1 +Yes", after)
        assert "Perhaps" not in after
        assert "How many cars?" in screen("enter")


def test_what_was_typed_at_an_item_that_went_comes_back_with_it() -> None:
    saved(TEXT)
    with preview() as screen:
        screen("enter", "2", *"no money")
        line = next(line for line in TEXT.splitlines() if "id: why" in line) + "\n"
        saved(TEXT.replace(line, ""))
        gone = screen()
        assert "why was removed" in gone
        assert "How old are you?" in gone
        saved(TEXT)
        screen()
        assert "no money" in screen("left")


def test_reading_that_fails_is_said_and_tried_again() -> None:
    saved(TEXT)
    with preview() as screen:
        reload = screen.app._reload

        def fail() -> PreviewState | None:
            raise RuntimeError("no")

        screen.app._reload = fail
        assert "reading the file failed (RuntimeError)" in screen()
        screen.app._reload = reload
        saved(TEXT.replace("Good morning.", "Good day."))
        assert "Good day." in screen()


def test_what_the_proof_finds_is_shown_when_it_is_ready_and_what_is_typed_stays() -> None:
    saved(TEXT.replace("id: cars, ", "id: cars, unless: own == 2, "))
    with preview(proves=True) as screen:
        assert "How many cars?" in screen("enter", "1", "4")
        proved = ""
        for _ in range(200):
            proved = screen()
            if "4 warnings" in proved:
                break
            time.sleep(0.02)
        assert re.match(r" +PREVIEW  s\.yaml +4 warnings", proved)
        assert re.search(r"^ +4$", proved, re.MULTILINE), "the answer that is being typed"
        assert "unless: own == 2 can never be true here" in " ".join(screen("ctrl+l").split())


@pytest.mark.parametrize("size", [(40, 12), (120, 32)])
def test_no_line_is_wider_than_the_terminal(size: tuple[int, int]) -> None:
    saved(UNUSED)
    with preview(size=size) as screen:
        for keys in ((), ("ctrl+t",), ("escape", "f1"), ("escape", "f3"), ("escape", "ctrl+l")):
            shown = screen(*keys)
            assert all(len(line) <= size[0] for line in shown.splitlines())
            assert "^T data" in shown
        saved("instrument: [")
        assert len((screen("escape")).split("\n")) == size[1]


def test_a_screen_that_is_too_small_says_so_and_still_follows_the_file() -> None:
    saved(TEXT)
    with preview(size=(39, 12)) as screen:
        assert "40 × 12" in " ".join((screen("enter")).split())
        saved("instrument: [")
        assert "40 × 12" in " ".join((screen()).split())


def test_in_a_terminal_a_save_is_seen_within_half_a_second_and_it_leaves_cleanly() -> None:
    saved(TEXT)
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
    child = spawn_survey("preview", FILE, environment=environment, timeout=15)

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
    for n in range(3):
        Path("new.tmp").write_text(
            TEXT.replace("Good morning.", f"Number {n} here."), encoding="utf-8"
        )
        os.replace("new.tmp", FILE)
        took.append(until(f"Number {n} here."))
    assert sorted(took)[1] < 0.5, took
    saved("instrument: s\n  title: [")
    until("error")
    child.send("\x03\x03")
    child.expect(pexpect.EOF)
    child.close()
    assert (child.exitstatus, sorted(os.listdir())) == (0, [FILE])
