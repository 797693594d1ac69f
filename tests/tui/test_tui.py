"""The full screen of an interview: what is shown, and that no key is lost between the terminal and the session."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from rich.cells import cell_len
from textual import events

from support.fake_interview import AGREEMENT, MEDIA, FakeInterview, choices, every_kind, prompt, words
from survey_cli.entries import (
    EarlierAnswer,
    LineEntry,
    OfferedOption,
    PickEntry,
    Query,
    ReadEntry,
    VerbatimEntry,
)
from survey_cli.tui.app import LinesInterviewApp
from survey_cli.tui.drawing import Clocks, Page, draw
from survey_cli.tui.keyboard import Keyboard
from survey_cli.tui.wording import clean, crop, spoken, width_of, wrap, writable, written

YES_NO = PickEntry(options=choices("Yes", "No"))


def drawn(desk: FakeInterview, *keys: str, width: int = 80, height: int = 24) -> Page:
    """The page after these keys."""
    board = Keyboard(desk)
    for key in keys:
        board.press(key)
    return page_of(board, width, height)


def page_of(board: Keyboard, width: int = 80, height: int = 24) -> Page:
    clocks = Clocks(elapsed=board.desk.elapsed_time(), there=board.desk.respondent_time())
    return draw(board, width=width, height=height, clocks=clocks)


def text_of(page: Page) -> str:
    return "\n".join("".join(run.text for run in line).rstrip() for line in page.lines)


def roles(page: Page, text: str) -> set[str]:
    """How the runs that have this text look."""
    return {run.role for line in page.lines for run in line if text in run.text}


def piloted(app: LinesInterviewApp, act: Callable[..., Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    """Run the app without a terminal while `act` presses keys."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(pilot)

    asyncio.run(run())


# What is seen


@pytest.mark.parametrize("at", range(len(every_kind())))
def test_an_ordinary_question_fits_without_scrolling(at: int) -> None:
    page = drawn(FakeInterview(every_kind(), at=at))
    assert len(page.lines) == 24
    assert "more below" not in text_of(page)
    assert all(width_of(line) <= 80 for line in page.lines)


def test_only_outcomes_that_are_final_say_that_they_end_the_interview() -> None:
    listed = text_of(drawn(FakeInterview(every_kind(), at=1), "f8"))
    for text in ("Stop here: Broke off", "Stop here: Call back, no time given", "End: Withdraws consent"):
        assert text in listed
    sure = text_of(drawn(FakeInterview(every_kind(), at=1), "f8", "3", "1"))
    assert "End this interview with: Withdraws consent" in sure
    assert "Stop this interview with: Broke off?" in text_of(drawn(FakeInterview(every_kind(), at=1), "f8", "3", "0"))


def test_header_and_foot_say_where_one_is() -> None:
    page = drawn(FakeInterview(every_kind(), at=1, practice=True))
    first = text_of(page).splitlines()[0]
    assert "PRACTICE" in first
    assert "Survey of Anti-Smuggling Units · Mission" in first
    assert first.endswith("en · q6 · 2 of 12 · 03:12")
    assert "Chicago District · 10:42 there" in text_of(page)
    assert re.search(r"← back +d don't know +r refused .*F8 stop", text_of(page))


def test_what_is_not_read_aloud_has_a_mark_and_not_only_a_colour() -> None:
    desk = FakeInterview(every_kind(), at=1)
    page = drawn(desk)
    assert "▷ Probe once" in text_of(page)
    assert "5  No opinion  (don't read)" in text_of(page)
    assert roles(page, "sector chief") == {"stress"}
    assert roles(page, "There is agreement") == {"aloud"}
    assert roles(page, "Which comes closest") == {"aside"}
    tone = drawn(FakeInterview(every_kind(), at=10))
    assert "▷ How did the respondent sound?" in text_of(tone)
    assert "Chicago District · has hung up" in text_of(tone)


@pytest.mark.parametrize("evil", ["[red]x[/]", "[@click=app.quit]x[/]", "[/]", "\x1b[31mx", "a\x07b\x9bc", "[b"])
def test_text_is_literal_everywhere(evil: str) -> None:
    named = prompt(
        "a", evil, PickEntry(options=choices(evil, "No")), instruction=words(evil), faq=((words(evil),) * 2,)
    )
    desk = FakeInterview((named, prompt("b", evil, LineEntry(kind="text", hint=evil))), title=evil, respondent=evil)

    async def look(pilot) -> None:  # type: ignore[no-untyped-def]
        for keys in ((), ("f5",), ("f3",), ("escape", "1"), ("f2", *"[b]x[/]")):
            await pilot.press(*keys)
            shown = "\n".join("".join(s.text for s in app._sheet.render_line(y)) for y in range(24))
            assert "\x1b" not in shown
            assert clean(evil) in shown
            assert not any(s.style and s.style.meta for y in range(24) for s in app._sheet.render_line(y))

    app = LinesInterviewApp(desk)
    piloted(app, look)
    assert desk.given == [("a", "1")]


def test_a_long_list_stands_in_two_columns_where_it_fits() -> None:
    page = drawn(FakeInterview(every_kind(), at=3))
    assert re.search(r" 1  Atlanta +14  Los Angeles", text_of(page))
    assert "13  Kansas City" in text_of(page)


def test_a_list_too_long_for_the_screen_scrolls_and_says_so() -> None:
    offices = PickEntry(
        options=choices(*(f"District office number {n} of the northern region, division {n}" for n in range(40)))
    )
    desk = FakeInterview((prompt("a", "Which?", offices),))
    board = Keyboard(desk)
    page = page_of(board)
    assert "more below: PgDn" in text_of(page)
    assert "more above" not in text_of(page)
    board.page = page.rows - 1
    seen = set(re.findall(r"number (\d+) of", text_of(page)))
    for _ in range(4):
        board.press("pagedown")
        page = page_of(board)
        board.top = page.top
        seen |= set(re.findall(r"number (\d+) of", text_of(page)))
    assert seen == {str(n) for n in range(40)}
    assert "more above: PgUp" in text_of(page)
    assert "more below" not in text_of(page)


def test_the_mark_is_followed_out_of_view() -> None:
    offices = PickEntry(
        options=choices(*(f"District office number {n} of the northern region, division {n}" for n in range(40)))
    )
    board = Keyboard(FakeInterview((prompt("a", "Which?", offices),)))
    for _ in range(30):
        board.press("down")
        board.top = page_of(board).top
    assert "▸ 30" in text_of(page_of(board))


def test_what_stands_from_earlier_is_marked_and_said() -> None:
    stands = EarlierAnswer(label="3 Disagree", codes=(3,), typed_text="3")
    for kind, says in (
        ("answer", "was 3 Disagree · Enter keeps"),
        ("prefill", "already here: 3 Disagree · Enter takes it"),
        ("reopened", "was 3 Disagree, which no longer fits: ask again"),
    ):
        earlier = stands._replace(kind=kind)  # type: ignore[arg-type]
        page = drawn(FakeInterview((prompt("a", "A?", AGREEMENT)._replace(earlier=earlier),)))
        assert says in text_of(page)
        assert "▸ 3  Disagree" in text_of(page)


def test_several_show_what_is_chosen_and_the_words() -> None:
    page = drawn(FakeInterview((prompt("a", "A?", MEDIA),)), "1", "7", "x", "y", "enter")
    assert "● 1  Television" in text_of(page)
    assert "● 7  Something else: xy" in text_of(page)
    assert "  2  Radio" in text_of(page)


def test_a_soft_check_stands_under_the_field_and_a_confirmation_is_read_aloud() -> None:
    soft = {("a", "169"): Query(text=words("A week has 168 hours."))}
    page = drawn(
        FakeInterview((prompt("a", "Hours?", LineEntry(kind="number")),), queries=soft),
        "1",
        "6",
        "9",
        "enter",
    )
    assert "? 169: A week has 168 hours. Confirm?" in text_of(page)
    assert "F9 confirm" in text_of(page)
    aloud = {("a", "95"): Query(text=words("So you are 95?"), aloud=True)}
    page = drawn(FakeInterview((prompt("a", "Age?", LineEntry(kind="number")),), queries=aloud), "9", "5", "enter")
    assert roles(page, "So you are 95?") == {"aloud"}
    assert "▷ Age?" in text_of(page)
    assert "1  Yes" in text_of(page)


def test_a_date_is_echoed_in_words_before_and_after_it_is_sent() -> None:
    desk = FakeInterview((prompt("a", "Born?", LineEntry(kind="date")), prompt("b", "B?", YES_NO)))
    assert "= Sunday 3 March 1985" in text_of(drawn(desk, *"3.3.85"))
    assert "Sunday" not in text_of(drawn(desk, *"3.3.8"))
    assert "= Sunday 3 March 1985" in text_of(drawn(desk, *"3.3.85", "enter"))
    assert "Sunday" not in text_of(drawn(desk, "left", "1"))


def test_a_refused_key_says_why_under_the_field() -> None:
    page = drawn(FakeInterview((prompt("a", "A?", YES_NO),)), "7")
    assert "! 7 is not offered here: 1, 2" in text_of(page)
    assert roles(page, "not offered") == {"why"}


def test_the_last_screen_says_how_it_ended_and_where_it_went() -> None:
    page = drawn(FakeInterview((prompt("a", "A?", YES_NO),), took=timedelta(minutes=15, seconds=2)), "1")
    assert "Ended: Complete" in text_of(page)
    assert "1 answer in 15:02" in text_of(page)
    assert "kept in responses/asu.db" in text_of(page)


def test_a_notice_is_said_and_gone_at_the_first_key() -> None:
    desk = FakeInterview(every_kind(), notice="Case 1042 was open at q17, 14:03: resumed")
    assert "» Case 1042 was open at q17" in text_of(drawn(desk))
    assert "Case 1042" not in text_of(drawn(desk, "pagedown"))


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (2, 2), (40, 10), (59, 14), (200, 60), (80, 3)])
def test_any_size_is_filled_and_none_overrun(size: tuple[int, int]) -> None:
    width, height = size
    for at in range(len(every_kind())):
        for keys in ((), ("f1",), ("f3",), ("f8",), ("f2", "x"), ("f5",), ("x",)):
            page = drawn(FakeInterview(every_kind(), at=at), *keys, width=width, height=height)
            assert len(page.lines) == height
            if width >= 20:
                assert all(width_of(line) <= width for line in page.lines)


def test_a_narrow_screen_keeps_the_question_and_the_field() -> None:
    page = drawn(FakeInterview(every_kind(), at=5), "4", "0", width=24, height=8)
    assert "How many hours" in text_of(page)
    assert roles(page, "40") == {"field"}
    assert page.cursor is not None


def test_wide_letters_keep_their_columns() -> None:
    pick = PickEntry(options=(*choices("同意", "不同意"), OfferedOption(code=10, text=words("Café 👩‍🚀"), read=False)))
    page = drawn(FakeInterview((prompt("a", "您同意吗？" * 20, pick),)))
    assert all(width_of(line) <= 80 for line in page.lines)
    starts = [
        cell_len(line[: line.index(code)])
        for line in text_of(page).splitlines()
        for code in ("1  同", "10  C")
        if code in line
    ]
    assert len(starts) == 2
    assert starts[0] == starts[1] + 1, "codes stand under each other at the right"


def test_wrapping_loses_no_word_and_breaks_only_what_must_be() -> None:
    text = words("a bb **ccc** dddd-eeee " + "x" * 30 + "\n\nlast")
    lines = ["".join(run.text for run in line) for line in wrap(spoken(text), 10)]
    assert all(cell_len(line) <= 10 for line in lines)
    assert "".join("".join(lines).split()) == "abbcccdddd-eeee" + "x" * 30 + "last"
    assert lines[-2:] == ["", "last"]
    assert ["".join(run.text for run in line) for line in wrap(written("un" + "x" * 9, "aloud"), 5)] == [
        "unxxx",
        "xxxxx",
        "x",
    ]


def test_plain_terminals_get_plain_signs_of_the_same_width() -> None:
    assert writable("▷ “Café” — naïve…", "ascii") == '> "Cafe" - naive.'
    assert writable("Café", "latin-1") == "Café"
    assert writable("同意", "ascii") == "????"
    assert crop("abcdef", 4) == "abc…"


# Keys through the app


async def burst(app: LinesInterviewApp, keys: str) -> None:
    """All keys at once, as a terminal delivers what was typed ahead."""
    for key in keys:
        event = events.Key("enter", "\r") if key == "\n" else events.Key(key, key)
        event.set_sender(app)
        app.post_message(event)


def test_sixty_keys_typed_ahead_all_land_where_they_were_meant() -> None:
    script = []
    for n in range(20):
        script.append(prompt(f"p{n}", f"Pick {n}?", AGREEMENT))
        script.append(prompt(f"n{n}", f"Number {n}?", LineEntry(kind="number")))
    desk = FakeInterview((*script, prompt("z", "Bye", ReadEntry())))
    keys = "".join(f"{n % 5 + 1}{n % 9 + 1}\n" for n in range(20))
    assert len(keys) == 60

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        await burst(app, keys)
        await pilot.pause()
        while app.board.prompt is not None and len(desk.given) < 40 and not app.board.why:
            await pilot.pause(0.01)
        assert app.board.prompt is not None
        assert str(app.board.prompt.place) == "z"

    app = LinesInterviewApp(desk)
    piloted(app, act)
    expected = []
    for n in range(20):
        expected += [(f"p{n}", str(n % 5 + 1)), (f"n{n}", str(n % 9 + 1))]
    assert desk.given == expected


def test_keys_typed_ahead_of_a_doubted_answer_are_set_aside_and_it_says_so() -> None:
    soft = {("a", "169"): Query(text=words("A week has 168 hours."))}
    desk = FakeInterview((prompt("a", "H?", LineEntry(kind="number")), prompt("b", "B?", YES_NO)), queries=soft)

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        await burst(app, "169\n2\n")
        await pilot.pause()
        assert desk.given == [("a", "169")]
        assert app.board.answer.edit.text == ""
        assert "2 keys typed ahead not used" in app.board.said
        await pilot.press("4", "0", "enter", "1")
        assert desk.given == [("a", "169"), ("a", "40"), ("b", "1")]

    app = LinesInterviewApp(desk)
    piloted(app, act)


def test_an_interview_from_end_to_end() -> None:
    desk = FakeInterview(every_kind())

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        await pilot.press("enter", "3", "7", "4", "enter", "1", "7", "x", "enter", "enter", *"40", "enter")
        await pilot.press(*"Chief", "enter", "3", "space", *"may", "enter", *"All", "ctrl+j", *"it", "enter")
        await pilot.press(*"61", "enter", "1", "enter")
        await pilot.press("enter")
        assert app.board.closing is None, "an Enter right after another closes nothing"
        await pilot.pause(1.1)
        await pilot.press("enter")
        assert app.board.closing is not None
        await pilot.press("x")

    app = LinesInterviewApp(desk)
    piloted(app, act)
    assert desk.given == [
        ("hello", ""),
        ("q6", "3"),
        ("pay", "7"),
        ("office", "4"),
        ("media", "1 7 x"),
        ("hours", "40"),
        ("title", "Chief"),
        ("since", "3 may"),
        ("why", "All\nit"),
        ("age#2", "61"),
        ("tone", "1"),
        ("bye", ""),
    ]
    assert app.return_code == 0
    assert app.broke is None


def test_a_paste_goes_into_the_words() -> None:
    desk = FakeInterview((prompt("a", "A?", VerbatimEntry()), prompt("b", "B", ReadEntry())))

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        app.post_message(events.Paste("one\r\ntwo"))
        await pilot.pause()
        await pilot.press("enter")

    app = LinesInterviewApp(desk)
    piloted(app, act)
    assert desk.given == [("a", "one\ntwo")]


def test_textual_s_own_keys_do_nothing_here() -> None:
    desk = FakeInterview((prompt("a", "A?", YES_NO),))

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        await pilot.press("ctrl+q", "ctrl+p", "tab", "shift+tab", "f6", "f7")
        assert app.is_running
        assert app.board.prompt is not None
        await pilot.press("ctrl+c")
        assert "Suspend this interview?" in text_of(app.page())
        assert app.is_running

    app = LinesInterviewApp(desk)
    piloted(app, act)
    assert desk.given == []


def test_a_desk_that_breaks_is_said_and_the_interview_goes_on() -> None:
    desk = FakeInterview((prompt("a", "A?", YES_NO), prompt("b", "B?", YES_NO)))
    whole = desk.reply
    desk.reply = lambda reply: 1 // 0  # type: ignore[assignment,method-assign,return-value]

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        await pilot.press("1")
        assert "ZeroDivisionError" in app.board.why
        desk.reply = whole  # type: ignore[method-assign]
        await pilot.press("escape", "2")
        assert desk.given == [("a", "2")]

    app = LinesInterviewApp(desk)
    piloted(app, act)


def test_escape_and_a_code_within_the_escape_delay_are_two_keys() -> None:
    desk = FakeInterview((prompt("a", "A?", YES_NO), prompt("b", "B?", YES_NO)))

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        await pilot.press("f1", "alt+2")
        assert desk.given == [("a", "2")]

    piloted(LinesInterviewApp(desk), act)


def test_what_is_being_typed_is_saved_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survey_cli.tui.app.DRAFT_SECONDS", 0.05)
    desk = FakeInterview((prompt("a", "A?", VerbatimEntry()), prompt("b", "B", ReadEntry())))

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        await pilot.press(*"they")
        await pilot.pause(0.3)
        assert desk.drafts == {"a": "they"}

    piloted(LinesInterviewApp(desk), act)


def test_the_page_is_drawn_again_for_another_size() -> None:
    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        for size in ((60, 15), (20, 5), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert len(app._sheet.lines) == size[1]
            assert max(width_of(line) for line in app._sheet.lines) <= size[0]

    app = LinesInterviewApp(FakeInterview(every_kind(), at=1))
    piloted(app, act)


def test_the_clock_ticks_in_the_header_only() -> None:
    desk = FakeInterview(every_kind(), at=1)

    async def act(pilot) -> None:  # type: ignore[no-untyped-def]
        before = app.page().lines
        desk.took += timedelta(seconds=1)
        await pilot.pause(1.2)
        after = app._sheet.lines
        assert [y for y in range(24) if before[y] != after[y]] == [0]

    app = LinesInterviewApp(desk)
    piloted(app, act)


def test_at_an_answer_read_back_nothing_offers_a_key_that_is_refused() -> None:
    aloud = {("a", "600"): Query(text=words("Did you say 600?"), aloud=True)}
    earlier = EarlierAnswer(label="600 hours", typed_text="600")
    script = (prompt("a", "Hours?", LineEntry(kind="number"), earlier=earlier), prompt("b", "B?", YES_NO))
    page = text_of(drawn(FakeInterview(script, queries=aloud), *"600", "enter"))
    assert "1 yes, that is right" in page
    assert "Enter keeps" not in page
