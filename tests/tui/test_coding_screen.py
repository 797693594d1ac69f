"""The coder's screen by keys: one key per code, new codes, suggestions, undo, several codes, both other roles."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.coding_study import FRAME, code_text, coding, events, study
from support.command_line import folder  # noqa: F401 – a folder of its own
from support.screens import Hands
from survey_cli.tui.coding import CodingScreen
from survey_cli.tui.widgets.key_app import KeyApp


@pytest.fixture
def coder() -> Iterator[Callable[..., Hands]]:
    with ExitStack() as stack:

        def start(*keys: str, size: tuple[int, int] = (80, 24), **options: object) -> Hands:
            session = stack.enter_context(coding(**options))
            hands = Hands(KeyApp(lambda: CodingScreen(session), "dark"), size)
            stack.callback(hands.close)
            hands.press(*keys)
            return hands

        yield start


def test_a_message_is_seen_without_scrolling_where_the_codes_fill_the_screen(
    coder: Callable[..., Hands],
) -> None:
    study(
        frame="codes:\n"
        + "".join(f"  {n}: {'A reason that is long ' * 3}{n}\n" for n in range(1, 60))
    )
    hands = coder("6", "0", "enter")
    assert hands.why
    assert f"! {hands.why}"[:60] in hands.text()
    assert "Why not more often" in hands.text()


def test_one_key_codes_equal_answers_and_shows_the_next(coder: Callable[..., Hands]) -> None:
    study()
    hands = coder()
    shown = hands.text()
    assert "Why not more often" in shown
    assert "2 equal answers, coded together" in shown
    assert "0 of 6 coded" in shown
    hands.press("1")
    assert events() == [("ann", "first", (1,))] * 2
    shown = hands.text()
    assert "(2 answers)" in shown
    assert "2 of 6 coded" in shown
    assert "1 Time 2" in shown
    hands.press("u")
    assert hands.said == "taken back"
    assert "0 of 6 coded" in hands.text()
    assert [codes for _, _, codes in events()].count(None) == 2


def test_a_code_that_is_new_is_typed_and_taken(coder: Callable[..., Hands]) -> None:
    study()
    hands = coder("+", "Noise", "enter")
    assert Path("lib.why.codes.yaml").read_text() == FRAME + "  3: Noise\n"
    assert [codes for _, _, codes in events()] == [(3,), (3,)]
    hands.press("+", "escape", "9")
    assert hands.why == "there is no code 9: + makes a new one, / finds one"


def test_two_digits_search_skip_unclear_and_leaving(coder: Callable[..., Hands]) -> None:
    study(frame="codes:\n" + "".join(f"  {n}: Reason {n}\n" for n in range(1, 13)))
    hands = coder("s", "1")
    assert events() == []  # 10, 11 and 12 begin with it too
    assert hands.text().count("▸") == 4
    hands.press("2")
    assert events() == [("ann", "first", (12,))]
    hands.press("1", "enter")
    assert (1,) in [codes for _, _, codes in events()]
    hands.press("/", "reason 7", "enter")
    assert (7,) in [codes for _, _, codes in events()]
    hands.press("?", "what?", "enter")
    assert () in [codes for _, _, codes in events()]
    while "coded by ann: unclear (what?)" not in hands.text():
        hands.press("n")
    hands.press("enter", "1", "enter")
    shown = hands.text()
    assert "Every answer is coded. p goes back, q leaves." in shown
    assert "Why not more often" not in shown, "no question, where there is no answer to it"
    assert "new" not in shown
    hands.press("/")
    assert hands.panel == ""
    hands.press("5")
    assert hands.why == "every answer is coded: p goes back, q leaves"
    hands.press("q")
    assert hands.screen.left


def test_enter_takes_the_codes_of_the_most_similar_answer(coder: Callable[..., Hands]) -> None:
    study()
    hands = coder("1", "s")
    assert "closed when I come home" not in hands.text()
    while "I have no time at all" not in hands.text():
        hands.press("s")
    assert "Enter  1 Time  as “" in hands.text()
    hands.press("enter")
    assert len(events()) == 3


def test_several_codes_are_chosen_and_saved_by_enter(coder: Callable[..., Hands]) -> None:
    study(frame="multiple: true\n" + FRAME)
    hands = coder("2", "1", "2")
    assert events() == []
    assert hands.text().count("●") == 1
    hands.press("2", "enter")
    assert [codes for _, _, codes in events()] == [(1, 2)] * 2
    hands.press("p")
    assert hands.text().count("●") == 2


def test_a_second_coder_is_told_so_and_a_decision_shows_both(coder: Callable[..., Hands]) -> None:
    study()
    with coding() as session:
        code_text(session, "mumble", 1)
        code_text(session, "too far", 1)
    hands = coder(by="bob", role="second")
    shown = hands.text()
    assert "SECOND CODER" in shown
    assert "ann" not in shown
    while "mumble" not in hands.text():
        hands.press("s")
    hands.press("2")
    hands = coder(by="sue", role="final", size=(120, 32))
    shown = hands.text()
    assert "DECISION" in shown
    assert "first coder, ann: 1 Time" in shown
    assert "second coder, bob: 2 Hours" in shown
    hands.press("2")
    assert ("sue", "final", (2,)) in events()


def test_a_screen_of_a_few_columns_still_shows_the_answer(coder: Callable[..., Hands]) -> None:
    study()
    assert "No time" in coder(size=(60, 20)).text().replace("no  time.", "No time")
