"""The full screen of an interview: what is shown, and that no key is lost between the terminal and the session."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from rich.cells import cell_len
from textual import events
from textual.color import Color
from textual.widgets import OptionList

from support.fake_interview import (
    AGREEMENT,
    MEDIA,
    FakeInterview,
    choices,
    every_kind,
    prompt,
    words,
)
from support.screens import Hands, InterviewHands, interviewing
from survey_cli.engine.events import InterviewNote
from survey_cli.entries import (
    EarlierAnswer,
    LineEntry,
    OfferedOption,
    PickEntry,
    Query,
    ReadEntry,
    VerbatimEntry,
)
from survey_cli.problems import UserError
from survey_cli.tui.interview.question import OptionLines
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.widgets.key_app import KeyApp
from survey_cli.tui.widgets.styled import KeyBar, clean
from survey_cli.tui.widgets.terminal import to_encoding
from survey_cli.tui.widgets.themes import THEMES, choose_theme
from survey_cli.values import Place

YES_NO = PickEntry(options=choices("Yes", "No"))
OFFICES = PickEntry(
    options=choices(
        *(f"District office number {n} of the northern region, division {n}" for n in range(40))
    )
)
Keyed = Callable[..., InterviewHands]


# What is seen


@pytest.mark.parametrize("at", range(len(every_kind())))
def test_an_ordinary_question_fits_without_scrolling(at: int, keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=at))
    assert len(board.lines()) == 24
    assert board.interview.view.max_scroll_y == 0
    assert all(cell_len(line) <= 80 for line in board.lines())


def test_only_outcomes_that_are_final_say_that_they_end_the_interview(keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=1), "f8")
    for text in (
        "Stop here: Broke off",
        "Stop here: Call back, no time given",
        "End: Withdraws consent",
    ):
        assert any(text in row for row in board.listed())
    board.press("3", "1")
    assert "End this interview with: Withdraws consent" in board.text()
    board.press("n", "f8", "3", "0")
    assert "Stop this interview with: Broke off?" in board.text()


def test_header_and_foot_say_where_one_is(keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=1, practice=True))
    first = board.lines()[0]
    assert "PRACTICE" in first
    assert "Mission" in first
    assert "Survey of" not in first, "the section says more than the title"
    assert first.endswith("en   2 / 12   03:12"), "an interviewer needs no id"
    assert "Chicago District · 10:42 there" in board.text()
    assert re.search(r"← back +d don't know +r refused\n.*F2 note +F3 jump .*F8 stop", board.text())


def test_the_answer_just_keyed_stays_in_sight(keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=1), "3")
    assert "last answer: Disagree" in board.text()
    board.press("7")
    assert "last answer: 7" in board.text()
    assert "Disagree" not in board.text()


def test_what_is_not_read_aloud_has_a_mark_and_not_only_a_color(keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=1))
    assert "say: Probe once" in board.text()
    assert "5  No opinion  (don't read)" in board.text()
    assert re.search(r"▌ +There is agreement", board.text()), "a bar beside what is read aloud"
    assert "▷ Only to the person in charge" in keyed(FakeInterview(every_kind())).text()
    tone = keyed(FakeInterview(every_kind(), at=10)).text()
    assert "▷ How did the respondent sound?" in tone
    assert "▌" not in tone, "a bar beside nothing that isn't read aloud"
    assert "Chicago District · has hung up" in tone


@pytest.mark.parametrize(
    "evil", ["[red]x[/]", "[@click=app.quit]x[/]", "[/]", "\x1b[31mx", "a\x07b\x9bc", "[b"]
)
def test_text_is_literal_everywhere(evil: str, keyed: Keyed) -> None:
    named = prompt(
        "a",
        evil,
        PickEntry(options=choices(evil, "No")),
        instruction=words(evil),
        faq=((words(evil),) * 2,),
    )
    session = FakeInterview(
        (named, prompt("b", evil, LineEntry(kind="text", hint=evil))), title=evil, respondent=evil
    )
    board = keyed(session)
    for keys in ((), ("f5",), ("f3",), ("f6",), ("escape", "1"), ("f2", "[b]x[/]")):
        board.press(*keys)
        assert "\x1b" not in board.text()
        assert clean(evil) in board.text()
        strips = board.paint()
        assert not any(
            segment.style and "@click" in segment.style.meta
            for strip in strips
            for segment in strip
        )
    assert session.given == [("a", "1")]


def test_a_message_stays_while_keys_are_typed_and_for_the_next_question(keyed: Keyed) -> None:
    options = PickEntry(options=choices("Yes", "No"))
    session = FakeInterview(tuple(prompt(name, f"{name}?", options) for name in "abcd"))
    board = keyed(session)
    session.messages = ["Message from sue (10:00): slowly, please"]
    for key, is_shown in (("1", True), ("7", True), ("escape", True), ("2", True), ("1", False)):
        board.press(key)
        assert ("slowly, please" in board.text()) == is_shown, key


def test_a_message_is_seen_without_scrolling_where_the_options_fill_the_screen(
    keyed: Keyed,
) -> None:
    script = tuple(
        prompt(
            f"q{count}",
            "Which of these is it?",
            PickEntry(options=choices(*[f"Option {'long ' * 12}"] * count)),
        )
        for count in (18, 3)
    )
    hands = keyed(FakeInterview(script), "x")
    shown = hands.text().splitlines()
    assert "Which of these is it?" in hands.text()
    assert "x is not offered here" in shown[-4]  # above the status and the keys
    assert "not offered" not in (hands.press("1"), hands.text())[1]
    hands.press("enter", "x")
    shown = hands.text().splitlines()
    last = max(n for n, line in enumerate(shown) if "long" in line)
    assert "x is not offered here" in shown[last + 2]  # under the options


def test_a_long_list_stands_in_columns_where_it_fits(keyed: Keyed) -> None:
    text = keyed(FakeInterview(every_kind(), at=3)).text()
    assert re.search(r" 1  Atlanta +10  Helena +19  Omaha", text)
    assert "9  El Paso" in text
    text = keyed(FakeInterview(every_kind(), at=3), size=(80, 25)).text()
    assert re.search(r" 1  Atlanta +14  Los Angeles", text)


def test_a_list_too_long_for_the_screen_scrolls(keyed: Keyed) -> None:
    board = keyed(FakeInterview((prompt("a", "Which?", OFFICES),)))
    assert board.interview.view.show_vertical_scrollbar
    assert "division 35" not in board.text()
    board.press("pagedown", "pagedown", "pagedown")
    assert "division 39" in board.text()


def test_the_mark_is_followed_out_of_view(keyed: Keyed) -> None:
    board = keyed(FakeInterview((prompt("a", "Which?", OFFICES),)), *["down"] * 30)
    assert "▸  30" in board.text()


def test_the_earlier_answer_is_marked_and_said(keyed: Keyed) -> None:
    before = EarlierAnswer(label="3 Disagree", codes=(3,), typed_text="3")
    for kind, says in (
        ("answer", "was 3 Disagree · Enter keeps"),
        ("prefill", "already here: 3 Disagree · Enter takes it"),
        ("reopened", "was 3 Disagree, which no longer fits: ask again"),
    ):
        earlier = before._replace(kind=kind)  # type: ignore[arg-type]
        text = keyed(
            FakeInterview((prompt("a", "A?", AGREEMENT)._replace(earlier=earlier),))
        ).text()
        assert says in text
        assert "▸  3  Disagree" in text


def test_several_show_what_is_chosen_and_the_text(keyed: Keyed) -> None:
    text = keyed(FakeInterview((prompt("a", "A?", MEDIA),)), "1", "7", "x", "y", "enter").text()
    assert "● 1  Television" in text
    assert "● 7  Something else: xy" in text
    assert " 2  Radio" in text


def test_a_warning_is_under_the_entry_and_an_answer_is_read_back(keyed: Keyed) -> None:
    warning = {("a", "169"): Query(text=words("A week has 168 hours."))}
    script = (prompt("a", "Hours?", LineEntry(kind="number")),)
    board = keyed(FakeInterview(script, queries=warning), "169", "enter")
    assert "? 169: A week has 168 hours. Confirm?" in board.text()
    assert "F9 confirm" in board.keys
    aloud = {("a", "95"): Query(text=words("So you are 95?"), aloud=True)}
    text = keyed(
        FakeInterview((prompt("a", "Age?", LineEntry(kind="number")),), queries=aloud),
        "95",
        "enter",
    ).text()
    assert "▌  So you are 95?" in text
    assert "▷ Age?" in text
    assert "1  Yes" in text


def test_a_date_is_echoed_in_words_before_and_after_it_is_sent(keyed: Keyed) -> None:
    session = FakeInterview(
        (prompt("a", "Born?", LineEntry(kind="date")), prompt("b", "B?", YES_NO))
    )
    board = keyed(session, "3.3.8")
    assert "Sunday" not in board.text()
    board.press("5")
    assert "= Sunday 3 March 1985" in board.text()


def test_a_refused_key_says_why_under_the_entry(keyed: Keyed) -> None:
    assert (
        "! 7 is not offered here: 1, 2"
        in keyed(FakeInterview((prompt("a", "A?", YES_NO),)), "7").text()
    )


def test_a_notice_is_said_and_gone_at_the_first_key(keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), notice="Case 1042 was open at q17, 14:03: resumed"))
    assert "» Case 1042 was open at q17" in board.text()
    board.press("pagedown")
    assert "Case 1042" not in board.text()


def test_what_the_simulated_respondent_says_is_shown(keyed: Keyed) -> None:
    assert (
        "heard: “Disagree, I think”"
        in keyed(FakeInterview(every_kind(), at=1, spoken="“Disagree, I think”")).text()
    )


# The end


def test_the_closing_review_has_nothing_left_of_the_last_question() -> None:
    hours = LineEntry(kind="number", hint="0 to 168", unit="hours")
    session = FakeInterview((prompt("a", "A?", YES_NO), prompt("h", "How many?", hours)))
    with interviewing(session, "1", "40", "enter", size=(120, 32)) as hands:
        text = hands.text()
    assert "Every question is answered" in text
    assert "hours" not in text
    assert "40" in text.partition("EARLIER")[2], "its answer is beside the review"


def test_the_closing_review_lists_what_may_need_correction(keyed: Keyed) -> None:
    warning = {("h", "169"): Query(text=words("A week has 168 hours."))}
    script = (
        prompt("a", "A?", YES_NO),
        prompt("h", "Hours?", LineEntry(kind="number")),
        prompt("b", "B?", YES_NO),
    )
    session = FakeInterview(script, queries=warning, took=timedelta(minutes=15, seconds=2))
    board = keyed(
        session, "d", "169", "enter", "f9", "two jobs", "enter", "f2", "sounds tired", "enter", "1"
    )
    text = board.text()
    assert "Every question is answered" in text
    assert "3 answers in 15 minutes 2 seconds" in text
    assert re.search(r"DECLINED\n.* a +\.?d", text)
    assert re.search(r"CONFIRMED DESPITE A WARNING\n.* h ", text)
    assert re.search(r"NOTES\n.* b  sounds tired", text)
    board.press("x")
    assert "Enter completes the interview" in board.why
    board.press("left")
    assert board.at == "b"
    board.press("2", "escape", "f3", "enter")
    assert session.result() is None


def test_a_straight_interview_takes_its_items_and_one_more_key(keyed: Keyed) -> None:
    session = FakeInterview(tuple(prompt(f"q{n}", "?", AGREEMENT) for n in range(5)))
    board = keyed(session)
    for n in range(5):
        board.press("2", at=100.0 + n)
    board.press("enter", at=110.0)
    assert session.calls == ["complete"]
    assert not board.app.is_running


def test_the_page_after_a_withdrawal_stays_until_a_key(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=1)
    board = keyed(session)
    result = session.result
    session.result = lambda: r._replace(erased=True) if (r := result()) is not None else None  # type: ignore[method-assign]
    board.press("f8", "3", "1", "y")
    assert "0 answers stored: all are erased" in board.text()
    board.press("x")
    assert not board.app.is_running


# Notes, the case, the palette


def test_notes_are_shown_where_they_were_made_and_changed_there(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=1)
    board = keyed(session, "f2", "sounds tired", "enter")
    assert "note: sounds tired" in board.text()
    assert "noted" not in board.text(), "the note itself is there"
    board.press("3")
    assert "note: sounds tired" not in board.text()
    board.press("left", "f2", "up")
    assert board.field == "sounds tired"
    board.press(", wants to stop", "enter")
    assert "note: sounds tired, wants to stop" in board.text()
    assert session.list_notes()[0].text == "sounds tired, wants to stop"


def test_the_bar_is_beside_what_is_read_aloud_and_nothing_else(keyed: Keyed) -> None:
    aloud = Query(words("Is it **80 hours**?"), aloud=True)
    session = FakeInterview(every_kind(), at=5, queries={("hours", "80"): aloud})
    board = keyed(session, "80", "enter")
    assert [line.strip() for line in board.lines() if "▌" in line] == ["▌  Is it 80 hours?"]
    assert "▷ How many hours did you work last week?" in board.text()

    roster = keyed(FakeInterview(every_kind(), at=9))
    assert [line.strip() for line in roster.lines() if "▌" in line] == ["▌  How old is Ana?"]
    assert "▷ Person 2 of 4: Ana" in roster.text()

    review = keyed(FakeInterview(every_kind()[1:3]), "3", "7")
    assert "Every question is answered" in review.text()
    assert "▌" not in review.text()


@pytest.mark.parametrize("theme", THEMES)
def test_the_question_is_bold_and_its_options_and_the_keys_are_not(theme: str) -> None:
    hands = Hands(KeyApp(lambda: InterviewScreen(FakeInterview(every_kind(), at=4)), theme))
    try:
        strips = hands.paint()
        bold = " ".join(
            segment.text
            for strip in strips
            for segment in strip
            if segment.style and segment.style.bold
        )
        assert "Where do you hear about policy?" in bold
        assert "Television" not in bold
        accent = Color.parse(hands.app.theme_variables["accent"]).rich_color
        keys = [segment for segment in strips[-1] if segment.text == "F2"]
        assert keys
        assert all(segment.style and segment.style.color != accent for segment in keys)
    finally:
        hands.close()


def test_a_long_text_is_not_bold(keyed: Keyed) -> None:
    long = prompt("consent", "All that you tell us stays with us. " * 12 + "Begin?", YES_NO)
    for strip in keyed(FakeInterview((long,))).paint():
        assert not any(
            "stays" in segment.text and segment.style and segment.style.bold for segment in strip
        )


@pytest.mark.parametrize("size", [(120, 40), (200, 50)])
def test_on_a_larger_screen_there_is_more_around_the_question(
    size: tuple[int, int], keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question stays where it is on a screen of this width."""
    tick = InterviewScreen.tick
    monkeypatch.setattr(InterviewScreen, "tick", lambda screen: None)  # on a busy machine
    session = FakeInterview(every_kind(), at=2, following=("How many work in your unit?",))
    board = keyed(session, "7", size=size)
    before = board.lines()
    assert "How satisfied are you with" in board.text(), "an earlier answer with its question"
    assert "pay  " not in board.text(), "without its id"
    assert "MAY FOLLOW" not in board.text(), "no key waits for it"

    tick(board.interview)
    board.pause()
    assert "MAY FOLLOW" in board.text()
    assert "How many work in your unit?" in board.text()
    question = [line for line in before if "Which district office" in line]
    assert question
    assert before.index(question[0]) == board.lines().index(question[0])


def test_the_ids_of_items_are_in_the_page_of_the_case(keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=2), "7")
    assert "office" not in board.text().replace("district office", "")
    board.press("f6")
    assert "Item: office" in board.text()
    assert re.search(r"pay +7", board.text())


def test_a_command_that_is_half_typed_behind_a_text_is_no_draft(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=8)
    board = keyed(session, "unclear", "enter", "shift+tab")
    for key in ".back":
        board.press(key)
        board.interview.tick()  # every second, whatever is typed
    assert session.drafts == {}
    board.press("enter")
    assert board.at == "since"


def test_notes_are_there_after_resuming(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=1)
    session._notes = (InterviewNote(1, Place("q6"), "call after five"),)  # type: ignore[call-arg]
    assert "note: call after five" in keyed(session).text()


def test_the_side_panel_is_there_with_room_and_behind_a_key_without(keyed: Keyed) -> None:
    wide = keyed(FakeInterview(every_kind(), at=1), "3", size=(120, 32)).text()
    narrow = keyed(FakeInterview(every_kind(), at=1), "3")
    for says in (
        "Region: Midwest",
        "10:42 there   11:42 here",
        "EARLIER",
        "QUOTA CELLS",
        "12 of 20",
    ):
        assert says in wide
        assert says not in narrow.text()
    narrow.press("f6")
    assert "Region: Midwest" in narrow.text()
    assert "10:42 there   11:42 here" in narrow.text()


def test_the_palette_finds_an_action_by_its_words_and_holds_keys_typed_ahead(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=1)
    board = keyed(session)
    board.press("ctrl+p")
    board.burst("a note at\nloud\n")
    assert session.calls == ["note loud"]
    board.press("ctrl+p", "light", "enter")
    assert board.app.theme == "light"


def test_the_marked_row_of_a_long_list_is_in_view(keyed: Keyed) -> None:
    script = tuple(prompt(f"q{n}", f"Question {n}?", YES_NO) for n in range(40))
    board = keyed(FakeInterview(script, at=30), "f3")
    assert "Question 29?" in board.text(), "the question before the present one is marked"
    board.press("home")
    assert "Question 0?" in board.text()
    for _ in range(20):
        board.press("down")
    assert "Question 20?" in board.text()
    board = keyed(FakeInterview(every_kind(), at=1), "ctrl+p", "end")
    assert "terminal colors" in board.text()


def test_every_action_of_the_palette_does_something(keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=1), "ctrl+p")
    rows, place = board.listed(), board.at
    assert len(rows) >= 15
    for n in range(len(rows)):
        if board.at != place:
            board = keyed(FakeInterview(every_kind(), at=1))
        board.press("escape", "escape", "ctrl+p", *["down"] * n, "enter")
        assert board.panel != "palette", rows[n]
        assert "failed" not in board.why, rows[n]


def test_an_answer_in_question_is_not_shown_as_the_answer_before(keyed: Keyed) -> None:
    high = {("b", "70"): Query(text=words("More than 60."))}
    script = (
        prompt("a", "A?", YES_NO),
        prompt("b", "B?", LineEntry(kind="number")),
        prompt("c", "C?", YES_NO),
    )
    board = keyed(FakeInterview(script, queries=high), "1", "70", "enter")
    assert "last answer: 70" not in board.text()
    board.press("f9", "enter")
    assert "last answer: 70" in board.text()


def test_f7_jumps_from_a_failed_check_to_the_other_question(keyed: Keyed) -> None:
    compared = {("b", "2"): Query(text=words("Earlier they said no."), places=(Place("a"),))}
    session = FakeInterview(
        (prompt("a", "A?", YES_NO), prompt("b", "B?", YES_NO)), queries=compared
    )
    board = keyed(session, "2", "2")
    assert "F7 to a" in board.keys
    board.press("f7")
    assert session.calls == ["jump a"]
    assert board.at == "a"


# Themes and sizes


def test_the_theme_is_as_asked_for_and_the_terminal_s_own_over_ssh() -> None:
    assert choose_theme("", {}) == "dark"
    assert choose_theme("", {"SSH_TTY": "/dev/pts/1"}) == "terminal"
    assert choose_theme("", {"SSH_TTY": "/dev/pts/1", "SURVEY_THEME": "light"}) == "light"
    assert choose_theme("Contrast", {"SURVEY_THEME": "light"}) == "contrast"
    with pytest.raises(UserError) as raised:
        choose_theme("", {"SURVEY_THEME": "pink"})
    assert "SURVEY_THEME" in str(raised.value)
    assert "dark, light, contrast, terminal" in str(raised.value)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_every_theme_shows_the_same_text(theme: str, keyed: Keyed) -> None:
    board = keyed(FakeInterview(every_kind(), at=4), "1", "f2")
    plain = board.text()
    board.app.theme = theme
    board.pause()
    assert board.text() == plain


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_text_contrasts_with_its_ground(theme: str) -> None:
    """Text, what is secondary and what warns have a contrast of 4.5 to 1 at least (WCAG 2.2, AA); `contrast` 7 to 1."""
    if THEMES[theme].ansi:
        return  # the terminal's own colors are its user's
    from textual.color import Color

    def luminance(color: str) -> float:
        parts = [c / 255 for c in Color.parse(color).rgb]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    found = THEMES[theme]
    for color in (found.foreground, found.accent, found.error, found.warning, found.variables["code"],
                  found.variables["quiet-color"]):  # fmt: skip
        for ground in (found.background, found.panel):
            pair = sorted((luminance(str(color)), luminance(str(ground))))
            ratio = (pair[1] + 0.05) / (pair[0] + 0.05)
            assert ratio >= (7 if theme == "contrast" else 4.5), (color, ground, ratio)


@pytest.mark.parametrize("size", [(60, 20), (110, 20)])
def test_any_size_from_60_by_20_shows_the_question(size: tuple[int, int], keyed: Keyed) -> None:
    opened = ("f1",), ("f3",), ("f8",), ("f2", "x")
    for at, panels in ((0, ()), (3, opened), (5, ()), (8, ())):
        board = keyed(FakeInterview(every_kind(), at=at), size=size)
        for keys in ((), *panels, ("escape",)):
            board.press(*keys)
            lines = board.lines()
            assert len(lines) == size[1]
            assert all(cell_len(line) <= size[0] for line in lines)
        first = clean("".join(span.text for span in every_kind()[at].text)).split()[0]
        assert first in "\n".join(lines)


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (59, 24), (80, 19)])
def test_a_smaller_screen_says_so_and_takes_no_keys(size: tuple[int, int], keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=1)
    board = keyed(session, "3", size=size)
    assert session.given == []
    assert "are needed" in board.text().replace("\n", " ") or size[0] < 40
    board.run(board.pilot.resize_terminal(80, 24))
    board.press("3")
    assert session.given == [("q6", "3")]


def test_wide_letters_keep_their_columns(keyed: Keyed) -> None:
    pick = PickEntry(
        options=(
            *choices("同意", "不同意"),
            OfferedOption(code=10, text=words("Café 👩‍🚀"), read=False),
        )
    )
    board = keyed(FakeInterview((prompt("a", "您同意吗？" * 20, pick),)))
    assert all(cell_len(line) <= 80 for line in board.lines())
    starts = [
        cell_len(line[: line.index(code)])
        for line in board.lines()
        for code in ("1  同", "10  C")
        if code in line
    ]
    assert len(starts) == 2
    assert starts[0] == starts[1] + 1, "codes stand under each other at the right"


def test_a_script_from_right_to_left_stands_at_the_right_edge(keyed: Keyed) -> None:
    question = prompt(
        "a",
        "هل تعرف بنك ABC في مدينتك؟ نود أن نعرف رأيك في الخدمات التي يقدمها البنك خلال العام",
        PickEntry(options=choices("نعم", "BMW أو غيرها", *["لا أدري"] * 18)),
        instruction=words("ببطء."),
        right_to_left=True,
    )
    session = FakeInterview((question, prompt("b", "?", YES_NO)))
    board = keyed(session, "down", "down")
    lines = board.lines()
    assert all(cell_len(line) <= 80 for line in lines)
    ends = [line.rstrip() for line in lines]
    assert [line for line in ends if line.endswith("\u2067البنك خلال العام\u2069  ▐")], (
        "each line is marked by itself"
    )
    assert [line for line in ends if line.endswith("\u2067ببطء.\u2069 ◁")]
    assert [line for line in ends if re.search(" 12 +\u2067BMW أو غيرها\u2069   2  ◂$", line)], (
        "columns from the right"
    )
    board.click(OptionLines, (20, 1))
    assert session.given == [("a", "12")]


def test_plain_terminals_get_plain_signs_of_the_same_width() -> None:
    assert to_encoding("▷ “Café” — naïve…", "ascii") == '> "Cafe" - naive.'
    assert to_encoding("Café", "latin-1") == "Café"
    assert to_encoding("同意", "ascii") == "????"


# Keys through the application


def test_sixty_keys_typed_ahead_all_land_where_they_were_meant(keyed: Keyed) -> None:
    script = []
    for n in range(20):
        script.append(prompt(f"p{n}", f"Pick {n}?", AGREEMENT))
        script.append(prompt(f"n{n}", f"Number {n}?", LineEntry(kind="number")))
    session = FakeInterview((*script, prompt("z", "Bye", ReadEntry())))
    keys = "".join(f"{n % 5 + 1}{n % 9 + 1}\n" for n in range(20))
    assert len(keys) == 60
    board = keyed(session)
    board.burst(keys)
    while len(session.given) < 40 and not board.why:
        board.pause(0.01)
    assert board.at == "z"
    assert "Bye" in board.text(), "the last state is painted"
    expected = []
    for n in range(20):
        expected += [(f"p{n}", str(n % 5 + 1)), (f"n{n}", str(n % 9 + 1))]
    assert session.given == expected


def test_keys_typed_ahead_act_as_if_they_were_typed_slowly(keyed: Keyed) -> None:
    warning = {("a", "169"): Query(text=words("A week has 168 hours."))}
    script = (
        prompt("a", "H?", LineEntry(kind="number")),
        prompt("b", "B?", YES_NO),
        prompt("c", "C", ReadEntry()),
    )
    for send in ("burst", "press"):
        session = FakeInterview(script, queries=warning)
        board = keyed(session)
        keys = [key.replace("\n", "enter") if send == "press" else key for key in "169\n40\n2"]
        getattr(board, send)(*keys)
        assert session.given == [("a", "169"), ("a", "40"), ("b", "2")], send


def test_an_interview_from_end_to_end(keyed: Keyed) -> None:
    session = FakeInterview(every_kind())
    board = keyed(
        session, "enter", "3", "7", "4", "enter", "1", "7", "x", "enter", "enter", "40", "enter"
    )
    board.press(
        "Chief", "enter", "3 may", "enter", "All", "ctrl+j", "it", "enter", "61", "enter", at=50.0
    )
    board.press("1", at=51.0)
    board.press("enter", at=51.2)
    assert session.result() is None, "an Enter right after another key ends nothing"
    board.press("enter", at=52.3)
    assert session.given == [
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
    assert session.result() is not None
    assert board.app.failure is None


def test_a_paste_goes_into_a_free_answer(keyed: Keyed) -> None:
    session = FakeInterview((prompt("a", "A?", VerbatimEntry()), prompt("b", "B", ReadEntry())))
    board = keyed(session)
    board.paste("one\r\ntwo")
    board.press("enter")
    assert session.given == [("a", "one\ntwo")]


def test_textual_s_own_keys_do_nothing_here(keyed: Keyed) -> None:
    session = FakeInterview((prompt("a", "A?", YES_NO),))
    board = keyed(session, "ctrl+q", "tab", "shift+tab")
    assert board.app.is_running
    board.press("ctrl+c")
    assert "Suspend this interview?" in board.text()
    assert session.given == []


def test_a_session_that_breaks_is_said_and_the_interview_goes_on(keyed: Keyed) -> None:
    session = FakeInterview((prompt("a", "A?", YES_NO), prompt("b", "B?", YES_NO)))
    whole = session.reply
    session.reply = lambda reply: 1 // 0  # type: ignore[assignment,method-assign,return-value]
    board = keyed(session, "1")
    assert "ZeroDivisionError" in board.why
    session.reply = whole  # type: ignore[method-assign]
    board.press("escape", "2")
    assert session.given == [("a", "2")]


def test_escape_and_a_code_within_the_escape_delay_are_two_keys(keyed: Keyed) -> None:
    session = FakeInterview((prompt("a", "A?", YES_NO), prompt("b", "B?", YES_NO)))
    board = keyed(session)
    board.run(board.pilot.press("f1", "alt+2"))
    assert session.given == [("a", "2")]


def test_what_is_being_typed_is_saved_without_a_key(keyed: Keyed) -> None:
    session = FakeInterview((prompt("a", "A?", VerbatimEntry()), prompt("b", "B", ReadEntry())))
    keyed(session, "they").pause(1.1)
    assert session.drafts == {"a": "they"}


def test_the_clock_ticks_in_the_header_only(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=1)
    board = keyed(session)
    before = board.lines()
    session.took += timedelta(seconds=1)
    board.pause(1.2)
    after = board.lines()
    assert [y for y in range(24) if before[y] != after[y]] == [0]


def test_at_an_answer_read_back_nothing_offers_a_key_that_is_refused(keyed: Keyed) -> None:
    aloud = {("a", "600"): Query(text=words("Did you say 600?"), aloud=True)}
    earlier = EarlierAnswer(label="600 hours", typed_text="600")
    script = (
        prompt("a", "Hours?", LineEntry(kind="number"), earlier=earlier),
        prompt("b", "B?", YES_NO),
    )
    text = keyed(FakeInterview(script, queries=aloud), "600", "enter").text()
    assert "1 yes, that is right" in text
    assert "Enter keeps" not in text


# The mouse


def test_a_click_after_a_key_never_answers_the_next_question(keyed: Keyed) -> None:
    script = tuple(
        prompt(name, "?", AGREEMENT) for name in "abc"
    )  # a battery: the same options at each statement
    session = FakeInterview(script)
    board = keyed(session)
    board.app.post_message(events.Key("2", "2"))
    board.click(OptionLines, (8, 3))  # clicked while a was shown
    assert session.given == [("a", "2")]
    assert board.why == "that click was for the previous question"
    board.press("escape")
    board.click(OptionLines, (8, 3))
    assert session.given == [("a", "2"), ("b", "4")]


def test_a_click_has_acted_before_what_was_struck_after_it(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that comes back after a cut is shown the question once its mark is answered."""
    session = FakeInterview(tuple(prompt(name, "?", AGREEMENT) for name in "abc"))
    board = keyed(session)
    answered: list[str] = []

    def write(text: str) -> None:
        answered.append(f"{text}{session.given}")

    assert board.app._driver is not None
    monkeypatch.setattr(board.app._driver, "write", write)
    mark = chr(0xF0000 + 7)
    board.send_click(OptionLines, (8, 3))
    board.app.post_message(events.Key(mark, mark))
    board.pause()
    assert [text for text in answered if "=7z" in text] == ["\x1b[=7z[('a', '4')]"]

    board.send_click(OptionLines, (8, 3))
    board.app.post_message(events.Key("2", "2"))
    board.pause()
    assert session.given[1:] == [("b", "4"), ("c", "2")]


def test_a_click_on_an_option_or_a_key_does_what_the_key_does(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=1)
    board = keyed(session)
    options = board.interview.query_one(OptionLines)
    board.click(OptionLines, (8, 2))
    assert options.display
    assert session.given == [("q6", "3")]
    tools = board.keys.splitlines()[1]
    board.click(KeyBar, (tools.index("F2") + 3, 1))
    assert board.panel == "f2"


def test_a_click_on_a_row_takes_it(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=5)
    board = keyed(session, "f3")
    board.click(OptionList, (4, 1))
    assert session.calls == ["jump q6"]
