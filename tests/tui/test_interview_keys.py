"""Keys on the full screen, without a terminal: which entry lands on which place, and what is never taken."""

import io
from collections.abc import Callable

import pytest

from support.fake_interview import (
    AGREEMENT,
    DK,
    MEDIA,
    REFUSED,
    ZERO_TO_TEN,
    FakeInterview,
    choices,
    every_kind,
    prompt,
    words,
)
from support.screens import InterviewHands
from survey_cli.entries import (
    DeclineOption,
    EarlierAnswer,
    LineEntry,
    ListSearch,
    OfferedOption,
    PickEntry,
    PossibleMeaning,
    Prompt,
    Query,
    ReadEntry,
    Rejection,
    Reply,
    VerbatimEntry,
)
from survey_cli.plain import conduct_interview
from survey_cli.search_lists import ListRow, SearchList
from survey_cli.tui.interview.pick import describe_typed
from survey_cli.values import Place

YES_NO = PickEntry(options=choices("Yes", "No"))
Keyed = Callable[..., InterviewHands]


def session_of(
    *entries: ReadEntry | PickEntry | LineEntry | VerbatimEntry, **more: object
) -> FakeInterview:
    """A session that asks a, b, c … with these entries."""
    return FakeInterview(
        tuple(prompt("abcdefgh"[n], f"Question {n}?", e) for n, e in enumerate(entries)), **more
    )  # type: ignore[arg-type]


def test_enter_after_a_code_that_went_on_by_itself_continues_a_text(keyed: Keyed) -> None:
    session = session_of(AGREEMENT, ReadEntry(), YES_NO)
    keyed(session, "3", "enter", "1")
    assert session.given == [("a", "3"), ("b", ""), ("c", "1")]


@pytest.mark.parametrize(
    ("entry", "earlier", "given"),
    [
        (
            LineEntry(kind="number"),
            EarlierAnswer(label="40", typed_text="40", kind="prefill"),
            "40",
        ),
        (YES_NO, EarlierAnswer(label="2 No", codes=(2,), typed_text="2"), "2"),
        (MEDIA._replace(min_count=0), None, ""),
    ],
    ids=["a value of the sample", "an earlier answer", "none of several"],
)
def test_enter_after_a_code_that_went_on_by_itself_answers_nothing(
    entry: LineEntry | PickEntry, earlier: EarlierAnswer | None, given: str, keyed: Keyed
) -> None:
    """However slowly it is pressed: `1 Enter`, keyed by habit, must not take what nobody has said."""
    script = (
        prompt("a", "A?", YES_NO),
        prompt("b", "B?", entry, earlier=earlier),
        prompt("c", "C", ReadEntry()),
    )
    session = FakeInterview(script)
    board = keyed(session)
    board.press("1", at=100.0)
    board.press("enter", at=160.0)
    assert session.given == [("a", "1")]
    assert board.said == "Enter ignored: that code needed none"
    assert not board.screen.bell_due
    board.press("enter", at=161.0)
    assert session.given == [("a", "1"), ("b", given)]


def test_only_the_very_next_enter_is_ignored(keyed: Keyed) -> None:
    session = session_of(YES_NO, LineEntry(kind="number"), ReadEntry())
    keyed(session, "1", "7", "enter", "enter")
    assert session.given == [("a", "1"), ("b", "7"), ("c", "")]


def test_on_a_scale_to_ten_one_waits_and_the_others_do_not(keyed: Keyed) -> None:
    session = session_of(*[ZERO_TO_TEN] * 5, ReadEntry())
    board = keyed(session, "0", "9", "1")
    assert session.given == [("a", "0"), ("b", "9")]
    board.press("0", "1", "enter", "2")
    assert session.given == [("a", "0"), ("b", "9"), ("c", "10"), ("d", "1"), ("e", "2")]


def test_a_key_that_is_no_code_is_refused_and_changes_nothing(keyed: Keyed) -> None:
    session = session_of(ZERO_TO_TEN, ReadEntry())
    board = keyed(session, "x")
    assert board.why == "x is not offered here: 0 to 10"
    assert board.screen.bell_due
    board.press("1", "4")
    assert session.given == []
    assert board.typed == "1"
    assert "14 is not offered" in board.why
    board.press("escape", "4")
    assert session.given == [("a", "4")]


def test_declines_go_by_letter_in_a_pick_and_by_dot_word_where_letters_are_text(
    keyed: Keyed,
) -> None:
    session = session_of(AGREEMENT, LineEntry(kind="text"), VerbatimEntry(), ReadEntry())
    keyed(session, "D", "dr", "backspace", "backspace", ".refused", "enter", ".dk", "enter")
    assert session.given == [("a", ".dk"), ("b", ".refused"), ("c", ".dk")]


def test_a_letter_that_is_a_code_wins_and_the_decline_keeps_its_dot_word(keyed: Keyed) -> None:
    lettered = PickEntry(
        options=(
            OfferedOption(code="d", text=words("Daily")),
            OfferedOption(code="w", text=words("Weekly")),
        )
    )
    session = session_of(lettered, lettered, ReadEntry())
    keyed(session, "d", ".dk", "enter")
    assert session.given == [("a", "d"), ("b", ".dk")]


def test_a_study_s_own_decline_acts_by_its_letter(keyed: Keyed) -> None:
    own = DeclineOption(id="not_my_job", code=-5, text="Not my job", key="n")
    session = FakeInterview(
        (prompt("a", "A?", AGREEMENT)._replace(declines=(own,)), prompt("b", "B", ReadEntry()))
    )
    keyed(session, "n")
    assert session.given == [("a", ".not_my_job")]


def test_left_goes_back_except_inside_what_is_typed(keyed: Keyed) -> None:
    session = session_of(YES_NO, LineEntry(kind="text"), ReadEntry())
    board = keyed(session, "1", "ab", "left", "x")
    assert board.typed == "axb"
    assert session.calls == []
    board.press("escape", "left")
    assert session.calls == ["back"]
    board.press("2", "cd", "alt+left")
    assert session.calls == ["back", "back"]


def test_words_half_typed_come_back_and_half_a_number_does_not(keyed: Keyed) -> None:
    session = session_of(ReadEntry(), LineEntry(kind="text"), LineEntry(kind="number"), ReadEntry())
    board = keyed(session, "enter", "Chief", "alt+left", "enter")
    assert board.typed == "Chief"
    board.press("enter", "4", "alt+left", "enter")
    assert board.at == "c"
    assert board.typed == ""


def test_enter_keeps_what_stands_and_is_rejected_where_nothing_does(keyed: Keyed) -> None:
    session = session_of(YES_NO, YES_NO, ReadEntry())
    board = keyed(session, "2", "left", "enter")
    assert session.given == [("a", "2"), ("a", "2")]
    board.press("enter")
    assert board.why
    assert board.at == "b"


def test_what_no_longer_fits_is_not_kept_by_enter(keyed: Keyed) -> None:
    reopened = EarlierAnswer(label="3 Disagree", codes=(3,), typed_text="3", kind="reopened")
    session = FakeInterview(
        (prompt("a", "A?", YES_NO)._replace(earlier=reopened), prompt("b", "B", ReadEntry()))
    )
    board = keyed(session, "enter")
    assert session.given == []
    assert board.why


def test_several_toggle_and_enter_ends_them(keyed: Keyed) -> None:
    session = session_of(MEDIA, ReadEntry())
    board = keyed(session, "1", "3", "2", "3")
    assert board.chosen == (1, 2)
    assert session.given == []
    board.press("9")
    assert board.chosen == (9,), "chosen alone, it takes the others away"
    board.press("4")
    assert board.chosen == (4,), "and goes when another comes"
    board.press("enter")
    assert session.given == [("a", "4")]


def test_several_with_words_ask_for_them_and_do_not_take_none(keyed: Keyed) -> None:
    session = session_of(MEDIA, ReadEntry())
    board = keyed(session, "1", "7", "enter")
    assert board.panel == "specify"
    assert "Enter" in board.said, "the Enter after the code is not an empty answer"
    board.press("enter")
    assert board.why
    board.press("word of mouth", "enter", "enter")
    assert session.given == [("a", "1 7 word of mouth")]


def test_words_with_one_choice(keyed: Keyed) -> None:
    other = PickEntry(
        options=(*choices("Yes", "No"), OfferedOption(code=7, text=words("Other"), specify=True))
    )
    session = session_of(other, other, ReadEntry())
    board = keyed(session, "7", "escape")
    assert session.given == []
    board.press("7", "it depends", "enter", "1")
    assert session.given == [("a", "7 it depends"), ("b", "1")]


def with_codes(entry: PickEntry, dk: str, refused: str) -> Prompt:
    """A question at which don't know and refused can be typed by these codes."""
    declines = (
        DK._replace(code=int(dk), typed_code=dk),
        REFUSED._replace(code=int(refused), typed_code=refused),
    )
    return prompt("a", "A?", entry._replace(declines=declines), declines=declines)


@pytest.mark.parametrize(
    ("codes", "keys", "given"),
    [
        (("7", "9"), ["7"], ".dk"),
        (("7", "9"), ["9"], ".refused"),
        (("77", "99"), ["9", "9"], ".refused"),
        (("77", "99"), ["1"], "1"),
    ],
)
def test_the_code_of_a_decline_needs_no_enter(
    codes: tuple[str, str], keys: list[str], given: str, keyed: Keyed
) -> None:
    session = FakeInterview((with_codes(YES_NO, *codes), prompt("b", "B", ReadEntry())))
    board = keyed(session, *keys)
    assert session.given == [("a", given)]
    board.press("enter")  # by habit: it continues the text
    assert session.given[-1] == ("b", "")


def test_a_code_that_begins_another_waits_for_enter(keyed: Keyed) -> None:
    seventy = PickEntry(options=(*choices("Yes", "No"), OfferedOption(70, words("Seventy"))))
    asked = with_codes(seventy, "7", "9")
    session = FakeInterview((asked, asked._replace(place=Place("b")), prompt("c", "C", YES_NO)))
    board = keyed(session, "7")
    assert session.given == []
    assert describe_typed("7", asked.entry) == "Enter takes don't know"
    board.press("enter", "7", "0")
    assert session.given == [("a", ".dk"), ("b", "70")]


def test_one_key_answers_although_the_code_of_a_decline_begins_with_it(keyed: Keyed) -> None:
    ten = PickEntry(options=choices(*"ABCDEFGH"))
    session = FakeInterview((with_codes(ten, "77", "99"), prompt("b", "B", YES_NO)))
    keyed(session, "7")
    assert session.given == [("a", "7")]


def test_what_is_not_offered_names_the_keys_of_declines(keyed: Keyed) -> None:
    session = FakeInterview((with_codes(YES_NO, "7", "9"),))
    board = keyed(session, "5")
    assert board.why == "5 is not offered here: 1, 2; d don't know, r refused"


def test_the_code_of_a_decline_asks_before_marks_are_removed(keyed: Keyed) -> None:
    media = PickEntry(options=choices("A", "B", "C"), several=True)
    session = FakeInterview((with_codes(media, "7", "9"), prompt("b", "B", YES_NO)))
    board = keyed(session, "1", "7")
    assert session.given == []
    board.press("y")
    assert session.given == [("a", ".dk")]


def test_at_most_so_many(keyed: Keyed) -> None:
    session = session_of(
        PickEntry(options=choices("A", "B", "C"), several=True, max_count=2), ReadEntry()
    )
    board = keyed(session, "1", "2", "3")
    assert board.chosen == (1, 2)
    assert "at most 2" in board.why
    board.press("1", "3", "enter")
    assert session.given == [("a", "2 3")]


def test_several_begin_with_what_stands(keyed: Keyed) -> None:
    session = session_of(MEDIA, YES_NO, ReadEntry())
    keyed(session, "1", "3", "enter", "left", "2", "enter")
    assert session.given == [("a", "1 3"), ("a", "1 3 2")]


def test_a_mark_moves_and_enter_takes_it(keyed: Keyed) -> None:
    session = session_of(AGREEMENT, MEDIA, ReadEntry())
    keyed(session, "down", "down", "down", "up", "enter", "down", " ", "down", " ", "enter")
    assert session.given == [("a", "2"), ("b", "1 2")]


def test_a_doubted_answer_is_never_confirmed_by_enter(keyed: Keyed) -> None:
    session = session_of(
        LineEntry(kind="number"),
        ReadEntry(),
        queries={("a", "169"): Query(text=words("A week has 168 hours."))},
    )
    board = keyed(session, "169", "enter")
    board.press("enter")
    assert board.why
    assert session.given == [("a", "169")]
    board.press("f9", "two jobs", "enter")
    assert session.given[-1] == ("a", ".ok two jobs")


@pytest.mark.parametrize("keys", [("f9", "enter"), (".ok", "enter")])
def test_it_is_so_without_a_reason(keys: tuple[str, ...], keyed: Keyed) -> None:
    session = session_of(
        LineEntry(kind="number"), ReadEntry(), queries={("a", "169"): Query(text=words("Sure?"))}
    )
    keyed(session, "169", "enter", *keys)
    assert session.given[-1] == ("a", ".ok")


def test_a_doubted_answer_is_changed_by_another(keyed: Keyed) -> None:
    session = session_of(
        LineEntry(kind="number"), ReadEntry(), queries={("a", "169"): Query(text=words("Sure?"))}
    )
    keyed(session, "169", "enter", "61", "enter")
    assert session.given == [("a", "169"), ("a", "61")]


def test_o_confirms_a_pick_in_doubt(keyed: Keyed) -> None:
    session = session_of(
        YES_NO, ReadEntry(), queries={("a", "2"): Query(text=words("Earlier they said yes."))}
    )
    keyed(session, "2", "o", "enter")
    assert session.given == [("a", "2"), ("a", ".ok")]


@pytest.mark.parametrize("yes", ["1", "y", "Y", "f9"])
def test_a_question_read_aloud_about_the_answer_takes_yes(yes: str, keyed: Keyed) -> None:
    session = session_of(
        LineEntry(kind="number"),
        ReadEntry(),
        queries={("a", "95"): Query(text=words("95?"), aloud=True)},
    )
    keyed(session, "95", "enter", yes)
    assert session.given == [("a", "95"), ("a", ".ok")]


def test_a_question_read_aloud_about_the_answer_takes_no_and_asks_again(keyed: Keyed) -> None:
    session = session_of(
        LineEntry(kind="number"),
        ReadEntry(),
        queries={("a", "95"): Query(text=words("95?"), aloud=True)},
    )
    board = keyed(session, "95", "enter", "5")
    assert board.why, "a digit that is neither yes nor no is not the beginning of a number"
    board.press("2", "59", "enter")
    assert session.given == [("a", "95"), ("a", "59")]


def test_rejected_text_stays_and_says_why(keyed: Keyed) -> None:
    session = session_of(
        LineEntry(kind="number"), ReadEntry(), rejects={("a", "200"): "0 to 168 hours"}
    )
    board = keyed(session, "200", "enter")
    assert (board.why, board.typed, board.screen.bell_due) == ("0 to 168 hours", "200", True)
    board.press("backspace", "enter")
    assert session.given == [("a", "20")]


def test_a_rejected_code_is_replaced_by_the_next(keyed: Keyed) -> None:
    session = session_of(YES_NO, ReadEntry(), rejects={("a", "1"): "not with the answer before"})
    board = keyed(session, "1")
    assert (board.why, board.typed) == ("not with the answer before", "1")
    board.press("2")
    assert session.given == [("a", "2")]


def test_verbatim_keeps_lines_and_drafts(keyed: Keyed) -> None:
    session = session_of(VerbatimEntry(), ReadEntry(), ReadEntry())
    board = keyed(session, "one", "ctrl+j", "two")
    board.interview.question.keep_draft()
    assert session.drafts == {"a": "one\ntwo"}
    again = keyed(session)
    assert again.typed == "one\ntwo"
    again.paste("\r\nthree\rfour")
    again.press("enter")
    assert session.given == [("a", "one\ntwo\nthree\nfour")]


def test_pasted_text_is_one_line_in_a_line_and_nothing_in_a_pick(keyed: Keyed) -> None:
    session = session_of(YES_NO, LineEntry(kind="text"), ReadEntry())
    board = keyed(session)
    board.paste("1\n")
    assert session.given == []
    assert board.why
    board.press("1")
    board.paste("Chief\nof  staff\n")
    board.press("enter")
    assert session.given[-1] == ("b", "Chief of staff")


def test_an_answer_may_begin_with_a_dot(keyed: Keyed) -> None:
    session = session_of(LineEntry(kind="text"), LineEntry(kind="number"), ReadEntry())
    keyed(session, "..net", "enter", ".5", "enter")
    assert session.given == [("a", ".net"), ("b", ".5")]


def test_unknown_dot_words_are_refused_and_stay(keyed: Keyed) -> None:
    session = session_of(LineEntry(kind="text"), ReadEntry())
    board = keyed(session, ".bakc", "enter")
    assert ".bakc" in board.why
    assert board.typed == ".bakc"
    assert session.given == []


def test_dot_words_do_what_the_keys_do(keyed: Keyed) -> None:
    session = FakeInterview(every_kind())
    board = keyed(
        session,
        "enter",
        ".lang es",
        "enter",
        ".note loud",
        "enter",
        ".jump hello",
        "enter",
        ".back",
        "enter",
    )
    assert session.calls == ["speak es", "note loud", "jump hello"]
    assert board.why == "this is the first question"
    board.press("escape", ".suspend", "enter")
    assert session.calls[-1] == "suspend"
    assert session.result() is not None


@pytest.mark.parametrize("word", [".stop", ".jump", ".note", ".help", ".faq"])
def test_dot_words_alone_open_what_they_name(word: str, keyed: Keyed) -> None:
    for start in (1, 6):
        session = FakeInterview(
            tuple(p._replace(faq=every_kind()[0].faq) for p in every_kind()), at=start
        )
        board = keyed(session, word, "enter")
        assert (
            board.panel
            == {".stop": "f8", ".jump": "f3", ".note": "f2", ".help": "f1", ".faq": "f5"}[word]
        )
        board.press("escape")
        assert board.panel == ""
        assert board.typed == "", "the dot word is not left in the field"


def test_a_note_leaves_what_is_typed(keyed: Keyed) -> None:
    session = session_of(VerbatimEntry(), ReadEntry())
    keyed(session, "they", "f2", "sounds tired", "enter", " left", "enter")
    assert session.calls == ["note sounds tired"]
    assert session.given == [("a", "they left")]


def test_jumping_filters_and_goes(keyed: Keyed) -> None:
    session = FakeInterview(every_kind(), at=7)
    board = keyed(session, "f3", "pay")
    assert [row.split()[0] for row in board.listed()] == ["pay"]
    board.press("enter")
    assert session.calls == ["jump pay"]
    board.press("7")
    assert board.at == "since", "after a jump one returns"


def test_stopping_needs_two_deliberate_keys_and_a_yes(keyed: Keyed) -> None:
    session = session_of(YES_NO, ReadEntry())
    board = keyed(session, "f8", "3", "0")
    assert session.calls == []
    board.press("enter", "2")
    assert session.calls == []
    board.press("n", "escape", "f8", "3", "0", "y")
    assert session.calls == ["stop break_off"]


def test_ctrl_c_asks_and_puts_aside(keyed: Keyed) -> None:
    session = session_of(YES_NO, ReadEntry())
    board = keyed(session, "ctrl+c", "1", "n")
    assert (session.calls, session.given) == ([], [])
    board.press("ctrl+c", "y")
    assert session.calls == ["suspend"]


def test_two_languages_take_turns_and_more_are_a_list(keyed: Keyed) -> None:
    two = prompt("a", "A?", LineEntry(kind="text"))._replace(languages=("en", "es"))
    session = FakeInterview((two, prompt("b", "B", ReadEntry())))
    board = keyed(session, "ab", "f4")
    assert session.calls == ["speak es"]
    assert board.typed == "ab"
    three = two._replace(languages=("en", "es", "zh"))
    session = FakeInterview((three, prompt("b", "B", ReadEntry())))
    keyed(session, "f4", "3")
    assert session.calls == ["speak zh"]


def test_a_notice_goes_with_the_first_key_which_still_counts(keyed: Keyed) -> None:
    session = session_of(YES_NO, ReadEntry(), notice="Case 1042 was open at q17, 14:03: resumed")
    board = keyed(session, "2")
    assert session.given == [("a", "2")]
    assert "Case 1042" not in board.text()
    session = session_of(ReadEntry(), ReadEntry(), notice="resumed")
    keyed(session, "enter")
    assert session.given == []


def test_keys_that_are_none_change_nothing(keyed: Keyed) -> None:
    session = session_of(YES_NO, MEDIA._replace(min_count=0), ReadEntry())
    board = keyed(session, "1")
    for key in ("left_shift", "f12", "ctrl+q", "super+x"):
        board.press(key)
    board.press("enter")
    assert session.given == [("a", "1")], "the Enter after the code is still ignored"


def test_closing_is_shown_until_a_key(keyed: Keyed) -> None:
    session = session_of(YES_NO)
    board = keyed(session, "1")
    assert "Every question is answered" in board.text()
    board.press("enter")
    assert session.result() is not None
    assert not board.app.is_running


def test_every_call_that_is_rejected_leaves_the_desk_and_the_screen_where_they_were(
    keyed: Keyed,
) -> None:
    session = session_of(YES_NO, ReadEntry())
    board = keyed(session)
    before: Prompt | None = board.interview.question.prompt
    board.press("left")
    assert board.why == "this is the first question"
    board.press(".jump zz#x", "enter")
    assert "zz#x" in board.why
    assert board.interview.question.prompt == before


@pytest.mark.parametrize("entry", [LineEntry(kind="text"), VerbatimEntry()])
@pytest.mark.parametrize(
    ("keys", "typed"),
    [
        ("ab|ctrl+u|c", "c"),
        ("one two|alt+backspace|x", "one x"),
        ("abc|home|x|end|y", "xabcy"),
        ("abc|left|left|delete", "ac"),
        ("ab cd|ctrl+left|x", "ab xcd"),
        ("ab|home|ctrl+k|z", "z"),
    ],
)
def test_editing(keys: str, typed: str, entry: LineEntry | VerbatimEntry, keyed: Keyed) -> None:
    assert keyed(session_of(entry, ReadEntry()), *keys.split("|")).typed == typed


# What is shared with the one-line interface


def test_an_enter_held_down_closes_no_interview(keyed: Keyed) -> None:
    session = FakeInterview(
        (
            prompt("a", "May I?", YES_NO),
            prompt("no", "Good-bye.", ReadEntry(), ending="refusal_hard"),
        )
    )
    board = keyed(session)
    board.press("2", at=100.0)
    for at in (
        100.1,
        *(100.76 + n / 30 for n in range(60)),
    ):  # held down: the first repetition comes late
        board.press("enter", at=at)
        assert session.result() is None
    assert "Enter once more ends here" in board.said
    board.press("enter", at=104.0)
    assert session.given == [("a", "2"), ("no", "")]


def test_only_an_enter_at_the_end_is_asked_about(keyed: Keyed) -> None:
    session = session_of(ReadEntry(), ReadEntry(), YES_NO)
    board = keyed(session)
    for n in range(3):
        board.press("enter", at=100.0 + n / 100)
    assert session.given == [("a", ""), ("b", "")]
    board.press("2", at=100.03)
    board.press("enter", at=100.04)
    assert "Enter once more completes the interview" in board.said
    board.press("left", at=100.05)
    assert board.at == "c", "the key after it counts"


def test_enter_pressed_again_soon_after_it_was_said_to_come_too_soon_completes(
    keyed: Keyed,
) -> None:
    session = session_of(YES_NO)
    board = keyed(session)
    board.press("1", at=100.0)
    board.press("enter", at=100.1)
    board.press("enter", at=100.7)
    assert "Enter once more completes the interview" in board.said
    assert session.result() is None
    board.press("enter", at=101.2)
    assert session.result() is not None


def test_a_decline_asks_before_it_drops_what_is_marked(keyed: Keyed) -> None:
    session = FakeInterview((prompt("m", "Which?", MEDIA), prompt("b", "B?", YES_NO)))
    board = keyed(session, "1", "2", "d")
    assert "Record Don't know, and remove the 2 marked answers?" in board.text()
    board.press("1")
    assert "y or n" in board.why
    board.press("n")
    assert (board.chosen, session.given) == ((1, 2), [])
    board.press("d", "y")
    assert session.given == [("m", ".dk")]


def test_a_beginning_that_no_other_code_has_is_enough(keyed: Keyed) -> None:
    """Also if it is the letter of a decline: then Ctrl+R declines."""
    codes = {"radio": "Radio", "tv": "TV", "reading": "Reading", "dvd": "DVD"}
    media = PickEntry(
        options=tuple(OfferedOption(code=code, text=words(text)) for code, text in codes.items())
    )
    session = FakeInterview(tuple(prompt(name, f"{name}?", media) for name in "abcd"))
    board = keyed(session, "d")
    assert session.given == []
    assert "Enter takes dvd" in board.text()
    assert "^R refused" in board.keys
    board.press("enter", *"r", "enter")
    assert session.given == [("a", "dvd")]
    assert board.why == "r: radio or reading? Type more of it"
    assert board.typed == "r"
    board.press(*"ad", "enter", *"reading", "ctrl+r")
    assert session.given == [("a", "dvd"), ("b", "radio"), ("c", "reading"), ("d", ".refused")]


def test_plain_lines_and_keys_understand_codes_alike() -> None:
    codes = ("radio", "tv", "reading")
    media = PickEntry(options=tuple(OfferedOption(code=code, text=words(code)) for code in codes))
    session = FakeInterview(
        (prompt("a", "A?", media), prompt("b", "B?", media), prompt("c", "C", ReadEntry()))
    )
    written = io.StringIO()
    conduct_interview(session, io.StringIO("r\nrad\nt\n\n"), written)
    assert session.given == [("a", "radio"), ("b", "tv"), ("c", "")]
    assert "! r: radio or reading? Type more of it" in written.getvalue()


@pytest.mark.parametrize(
    "entry", [LineEntry(kind="number"), LineEntry(kind="text"), VerbatimEntry(), AGREEMENT]
)
@pytest.mark.parametrize(("key", "given"), [("ctrl+d", ".dk"), ("ctrl+r", ".refused")])
def test_one_key_declines_everywhere(
    entry: LineEntry | VerbatimEntry | PickEntry, key: str, given: str, keyed: Keyed
) -> None:
    session = session_of(entry, ReadEntry(), ReadEntry())
    board = keyed(session, key, "enter")
    assert session.given == [("a", given), ("b", "")], "Enter after it is no Enter too many"
    session = FakeInterview((prompt("a", "A?", entry, declines=()), prompt("b", "B", ReadEntry())))
    board = keyed(session, key)
    assert board.why == f"{given} is not offered here"
    assert session.given == []


def test_a_decline_asks_before_it_removes_a_text(keyed: Keyed) -> None:
    session = session_of(VerbatimEntry(), ReadEntry())
    board = keyed(session, *"It is far", "ctrl+d")
    assert "Record Don't know, and remove what is typed?" in board.text()
    board.press("n")
    assert board.typed == "It is far"
    board.press("ctrl+d", "y")
    assert session.given == [("a", ".dk")]


def test_what_may_mean_two_things_is_asked_about_by_number(keyed: Keyed) -> None:
    class Doubting(FakeInterview):
        def reply(self, reply: Reply) -> Rejection | None:
            if reply == "12.000":
                meanings = PossibleMeaning("12", "12"), PossibleMeaning("12,000", "12000")
                return Rejection("12.000: 12 or 12,000?", meanings)
            return super().reply(reply)

    for keys, given in (
        ("2", "12000"),
        ("١", "12"),
        (("escape", "backspace", "1", "enter"), "12.001"),
    ):
        session = Doubting((prompt("a", "A?", LineEntry(kind="number")), prompt("b", "B?", YES_NO)))
        keyed(session, *"12.000", "enter").press(*keys)
        assert session.given == [("a", given)]


def test_the_unit_of_an_amount_is_chosen_by_its_first_letter(keyed: Keyed) -> None:
    class Doubting(FakeInterview):
        def reply(self, reply: Reply) -> Rejection | None:
            if reply == "3":
                meanings = (
                    PossibleMeaning("3 per day", "103", names=("day", "per day")),
                    PossibleMeaning("3 per week", "203", names=("week", "per week")),
                )
                return Rejection("3: in which unit?", meanings)
            return super().reply(reply)

    session = Doubting((prompt("a", "A?", LineEntry(kind="quantity")), prompt("b", "B?", YES_NO)))
    board = keyed(session, "3", "enter")
    assert "1 = 3 per day  2 = 3 per week" in board.text()
    board.press("p")
    assert session.given == [], "both begin with it"
    board.press("w")
    assert session.given == [("a", "203")]


def test_the_way_to_the_front_after_going_back(keyed: Keyed) -> None:
    session = session_of(YES_NO, YES_NO, LineEntry(kind="text"), ReadEntry())
    board = keyed(session, "1", "1", *".jump a", "enter")
    board.press("alt+right")
    assert (session.calls, session.at) == (["jump a", "front"], 2)
    board.press(*".jump b", "enter", *".front", "enter")
    assert (session.calls[-2:], session.at) == (["jump b", "front"], 2)


def test_a_note_is_brought_back_and_replaced(keyed: Keyed) -> None:
    session = session_of(YES_NO, YES_NO)
    board = keyed(session, "f2", *"sure", "enter", "1", "f2", "up")
    assert board.field == "sure"
    board.press(*", no", "enter")
    assert session.calls == ["note sure", "note 1: sure, no"]
    board.press(*".notes 1 quite", "enter")
    assert session.calls[-1] == "note 1: quite"


def test_what_was_rejected_is_replaced_by_typing_and_changed_by_editing(keyed: Keyed) -> None:
    rejects = {("a", "999"): "999 is more than 120"}
    for keys, given in (
        (("4", "5"), "45"),
        (("backspace", "enter"), "99"),
        (("left", "backspace", "enter"), "99"),
    ):
        session = FakeInterview(
            (prompt("a", "Age?", LineEntry(kind="number")), prompt("b", "B?", YES_NO)),
            rejects=rejects,
        )
        board = keyed(session, *"999", "enter")
        assert board.typed == "999"
        board.press(*keys)
        if given == "45":
            board.press("enter")
        assert session.given == [("a", given)]


def test_commands_say_the_same_as_in_the_one_line_interface(keyed: Keyed) -> None:
    for line, why in (
        (".jump x", "x has not been asked: .jump alone lists the items that have"),
        (".stop broke_off", "broke_off is not an outcome here: did you mean break_off?"),
        (".bakc", ".bakc is not a command here: did you mean .back? .help lists them all"),
    ):
        assert keyed(session_of(YES_NO, ReadEntry()), *line, "enter").why == why
        written = io.StringIO()
        conduct_interview(session_of(YES_NO, ReadEntry()), io.StringIO(line + "\n"), written)
        assert f"! {why}\n" in written.getvalue()


def searching(*options: OfferedOption) -> LineEntry:
    texts = ("Baker", "Bank teller", "Banker", "Wood turner")
    rows = [ListRow(code, {"": text}) for code, text in enumerate(texts, 10)]
    return LineEntry(kind="search", search=ListSearch(SearchList(rows), "en", options))


def test_a_digit_after_a_word_chooses_a_match_of_a_search_and_other_digits_are_typed(
    keyed: Keyed,
) -> None:
    session = session_of(searching(), searching(), searching(), ReadEntry())
    board = keyed(session, "ban")
    assert "1  Banker  (12)" in board.text()
    assert "2  Bank teller  (11)" in board.text()
    board.press("4")
    assert "there is no match 4" in board.why
    board.press("2", "1", "3", "enter", "wodo", "enter")
    assert session.given == [("a", "11 ban"), ("b", "13"), ("c", "13 wodo")]


def test_arrows_mark_a_match_and_enter_takes_only_what_is_marked_or_alone(keyed: Keyed) -> None:
    session = session_of(
        searching(),
        searching(OfferedOption(99, words("Not in the list"), specify=True)),
        ReadEntry(),
    )
    board = keyed(session, "ban", "enter")
    assert "more words narrow the list" in board.why
    board.press("down", "down", "enter", "zzz")
    assert session.given == [("a", "11 ban")]
    assert "1  Not in the list" in board.text()
    board.press("1", " bells", "enter")
    assert session.given[1:] == [("b", "99 zzz bells")]


def test_after_a_no_the_text_for_it_is_read(keyed: Keyed) -> None:
    back = Query(
        text=words("So you are 95?"), aloud=True, otherwise=words("How old are you, then?")
    )
    session = session_of(LineEntry(kind="number"), ReadEntry(), queries={("a", "95"): back})
    board = keyed(session, "95", "enter")
    assert "So you are 95?" in board.text()
    assert "How old are you, then?" not in board.text()
    board.press("2")
    assert "How old are you, then?" in board.text()
    assert "So you are 95?" not in board.text()
    board.press("5", "9", "enter")
    assert session.given[-1] == ("a", "59")
    write = io.StringIO()
    session = session_of(LineEntry(kind="number"), ReadEntry(), queries={("a", "95"): back})
    conduct_interview(session, io.StringIO("95\n2\n59\n\n"), write)
    assert (
        "> \nHow old are you, then?\n[ask again, then key the right answer]\n" in write.getvalue()
    )
    assert session.given[1] == ("a", "59")
