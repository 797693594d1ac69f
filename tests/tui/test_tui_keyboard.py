"""Keys on the full screen, without a terminal: which entry lands on which place, and what is never taken."""

import io

import pytest

from support.fake_interview import AGREEMENT, MEDIA, ZERO_TO_TEN, FakeInterview, choices, every_kind, prompt, words
from survey_cli.entries import (
    DeclineOption,
    EarlierAnswer,
    LineEntry,
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
from survey_cli.tui.answer import describe_typed
from survey_cli.tui.edit import Edit
from survey_cli.tui.foot import keys_now
from survey_cli.tui.keyboard import Keyboard
from survey_cli.tui.modes import Answering, Jumping, KeyedQuestion, NoteEditor, Stopping, TextPage

YES_NO = PickEntry(options=choices("Yes", "No"))


def desk_of(*entries: ReadEntry | PickEntry | LineEntry | VerbatimEntry, **more: object) -> FakeInterview:
    """A desk that asks a, b, c … with these entries."""
    return FakeInterview(tuple(prompt("abcdefgh"[n], f"Question {n}?", e) for n, e in enumerate(entries)), **more)  # type: ignore[arg-type]


def keyed(desk: FakeInterview, *keys: str) -> Keyboard:
    """The keyboard after these keys; a string of several characters that names no key is typed one by one."""
    board = Keyboard(desk)
    press(board, *keys)
    return board


def press(board: Keyboard, *keys: str) -> None:
    named = {"enter", "escape", "left", "right", "up", "down", "backspace", "pagedown", "pageup", "delete"}
    for key in keys:
        for one in [key] if key in named or (key[:1] == "f" and key[1:].isdigit()) or "+" in key else key:
            board.press(one)


def test_a_code_that_nothing_longer_begins_with_is_sent_at_once_and_its_enter_is_swallowed() -> None:
    desk = desk_of(AGREEMENT, ReadEntry(), YES_NO)
    board = keyed(desk, "3", "enter")
    assert desk.given == [("a", "3")]
    assert "Enter" in board.said
    press(board, "enter")
    assert desk.given == [("a", "3"), ("b", "")]


def test_only_the_very_next_enter_is_swallowed() -> None:
    desk = desk_of(YES_NO, LineEntry(kind="number"), ReadEntry())
    keyed(desk, "1", "7", "enter", "enter")
    assert desk.given == [("a", "1"), ("b", "7"), ("c", "")]


def test_on_a_scale_to_ten_one_waits_and_the_others_do_not() -> None:
    desk = desk_of(*[ZERO_TO_TEN] * 5, ReadEntry())
    board = keyed(desk, "0", "9", "1")
    assert desk.given == [("a", "0"), ("b", "9")]
    press(board, "0", "1", "enter", "2")
    assert desk.given == [("a", "0"), ("b", "9"), ("c", "10"), ("d", "1"), ("e", "2")]


def test_a_key_that_is_no_code_is_refused_and_changes_nothing() -> None:
    desk = desk_of(ZERO_TO_TEN, ReadEntry())
    board = keyed(desk, "x")
    assert board.why == "x is not offered here: 0 to 10"
    assert board.bell
    press(board, "1", "4")
    assert desk.given == []
    assert board.answer.edit.text == "1"
    assert "14 is not offered" in board.why
    press(board, "escape", "4")
    assert desk.given == [("a", "4")]


def test_declines_go_by_letter_in_a_pick_and_by_dot_word_where_letters_are_text() -> None:
    desk = desk_of(AGREEMENT, LineEntry(kind="text"), VerbatimEntry(), ReadEntry())
    keyed(desk, "D", "dr", "backspace", "backspace", ".refused", "enter", ".dk", "enter")
    assert desk.given == [("a", ".dk"), ("b", ".refused"), ("c", ".dk")]


def test_a_letter_that_is_a_code_wins_and_the_decline_keeps_its_dot_word() -> None:
    lettered = PickEntry(
        options=(OfferedOption(code="d", text=words("Daily")), OfferedOption(code="w", text=words("Weekly")))
    )
    desk = desk_of(lettered, lettered, ReadEntry())
    keyed(desk, "d", ".dk", "enter")
    assert desk.given == [("a", "d"), ("b", ".dk")]


def test_a_study_s_own_decline_acts_by_its_letter() -> None:
    own = DeclineOption(id="not_my_job", code=-5, text="Not my job", key="n")
    desk = FakeInterview((prompt("a", "A?", AGREEMENT)._replace(declines=(own,)), prompt("b", "B", ReadEntry())))
    keyed(desk, "n")
    assert desk.given == [("a", ".not_my_job")]


def test_left_goes_back_except_inside_what_is_typed() -> None:
    desk = desk_of(YES_NO, LineEntry(kind="text"), ReadEntry())
    board = keyed(desk, "1", "ab", "left", "x")
    assert board.answer.edit == Edit("axb", 2)
    assert desk.calls == []
    press(board, "escape", "left")
    assert desk.calls == ["back"]
    press(board, "2", "cd", "alt+left")
    assert desk.calls == ["back", "back"]


def test_words_half_typed_come_back_and_half_a_number_does_not() -> None:
    desk = desk_of(ReadEntry(), LineEntry(kind="text"), LineEntry(kind="number"), ReadEntry())
    board = keyed(desk, "enter", "Chief", "alt+left", "enter")
    assert board.answer.edit.text == "Chief"
    press(board, "enter", "4", "alt+left", "enter")
    assert board.prompt is not None
    assert str(board.prompt.place) == "c"
    assert board.answer.edit.text == ""


def test_enter_keeps_what_stands_and_is_rejected_where_nothing_does() -> None:
    desk = desk_of(YES_NO, YES_NO, ReadEntry())
    board = keyed(desk, "2", "left", "enter")
    assert desk.given == [("a", "2"), ("a", "2")]
    press(board, "enter")
    assert board.why
    assert board.prompt is not None
    assert str(board.prompt.place) == "b"


def test_what_no_longer_fits_is_not_kept_by_enter() -> None:
    reopened = EarlierAnswer(label="3 Disagree", codes=(3,), typed_text="3", kind="reopened")
    desk = FakeInterview((prompt("a", "A?", YES_NO)._replace(earlier=reopened), prompt("b", "B", ReadEntry())))
    board = keyed(desk, "enter")
    assert desk.given == []
    assert board.why


def test_several_toggle_and_enter_ends_them() -> None:
    desk = desk_of(MEDIA, ReadEntry())
    board = keyed(desk, "1", "3", "2", "3")
    assert board.answer.chosen == (1, 2)
    assert desk.given == []
    press(board, "9")
    assert board.answer.chosen == (9,), "chosen alone, it takes the others away"
    press(board, "4")
    assert board.answer.chosen == (4,), "and goes when another comes"
    press(board, "enter")
    assert desk.given == [("a", "4")]


def test_several_with_words_ask_for_them_and_do_not_take_none() -> None:
    desk = desk_of(MEDIA, ReadEntry())
    board = keyed(desk, "1", "7", "enter")
    assert isinstance(board.mode, NoteEditor)
    assert "Enter" in board.said, "the Enter after the code is not an empty answer"
    press(board, "enter")
    assert board.why
    press(board, "word of mouth", "enter", "enter")
    assert desk.given == [("a", "1 7 word of mouth")]


def test_words_with_one_choice() -> None:
    other = PickEntry(options=(*choices("Yes", "No"), OfferedOption(code=7, text=words("Other"), specify=True)))
    desk = desk_of(other, other, ReadEntry())
    board = keyed(desk, "7", "escape")
    assert desk.given == []
    press(board, "7", "it depends", "enter", "1")
    assert desk.given == [("a", "7 it depends"), ("b", "1")]


def test_at_most_so_many() -> None:
    desk = desk_of(PickEntry(options=choices("A", "B", "C"), several=True, max_count=2), ReadEntry())
    board = keyed(desk, "1", "2", "3")
    assert board.answer.chosen == (1, 2)
    assert "2 at most" in board.why
    press(board, "1", "3", "enter")
    assert desk.given == [("a", "2 3")]


def test_several_begin_with_what_stands() -> None:
    desk = desk_of(MEDIA, YES_NO, ReadEntry())
    keyed(desk, "1", "3", "enter", "left", "2", "enter")
    assert desk.given == [("a", "1 3"), ("a", "1 3 2")]


def test_a_mark_moves_and_enter_takes_it() -> None:
    desk = desk_of(AGREEMENT, MEDIA, ReadEntry())
    keyed(desk, "down", "down", "down", "up", "enter", "down", " ", "down", " ", "enter")
    assert desk.given == [("a", "2"), ("b", "1 2")]


def test_a_doubted_answer_is_never_confirmed_by_enter() -> None:
    desk = desk_of(
        LineEntry(kind="number"),
        ReadEntry(),
        queries={("a", "169"): Query(text=words("A week has 168 hours."))},
    )
    board = keyed(desk, "169", "enter")
    assert board.unexpected, "keys typed ahead were not meant for this"
    press(board, "enter")
    assert board.why
    assert desk.given == [("a", "169")]
    press(board, "f9", "two jobs", "enter")
    assert desk.given[-1] == ("a", ".ok two jobs")


@pytest.mark.parametrize("keys", [("f9", "enter"), (".ok", "enter")])
def test_it_is_so_without_a_reason(keys: tuple[str, ...]) -> None:
    desk = desk_of(LineEntry(kind="number"), ReadEntry(), queries={("a", "169"): Query(text=words("Sure?"))})
    keyed(desk, "169", "enter", *keys)
    assert desk.given[-1] == ("a", ".ok")


def test_a_doubted_answer_is_changed_by_another() -> None:
    desk = desk_of(LineEntry(kind="number"), ReadEntry(), queries={("a", "169"): Query(text=words("Sure?"))})
    keyed(desk, "169", "enter", "61", "enter")
    assert desk.given == [("a", "169"), ("a", "61")]


def test_o_confirms_a_pick_in_doubt() -> None:
    desk = desk_of(YES_NO, ReadEntry(), queries={("a", "2"): Query(text=words("Earlier they said yes."))})
    keyed(desk, "2", "o", "enter")
    assert desk.given == [("a", "2"), ("a", ".ok")]


@pytest.mark.parametrize("yes", ["1", "y", "Y", "f9"])
def test_a_question_read_aloud_about_the_answer_takes_yes(yes: str) -> None:
    desk = desk_of(LineEntry(kind="number"), ReadEntry(), queries={("a", "95"): Query(text=words("95?"), aloud=True)})
    keyed(desk, "95", "enter", yes)
    assert desk.given == [("a", "95"), ("a", ".ok")]


def test_a_question_read_aloud_about_the_answer_takes_no_and_asks_again() -> None:
    desk = desk_of(LineEntry(kind="number"), ReadEntry(), queries={("a", "95"): Query(text=words("95?"), aloud=True)})
    board = keyed(desk, "95", "enter", "5")
    assert board.why, "a digit that is neither yes nor no is not the beginning of a number"
    press(board, "2", "59", "enter")
    assert desk.given == [("a", "95"), ("a", "59")]


def test_rejected_text_stays_and_says_why() -> None:
    desk = desk_of(LineEntry(kind="number"), ReadEntry(), rejects={("a", "200"): "0 to 168 hours"})
    board = keyed(desk, "200", "enter")
    assert (board.why, board.answer.edit.text, board.bell) == ("0 to 168 hours", "200", True)
    press(board, "backspace", "enter")
    assert desk.given == [("a", "20")]


def test_a_rejected_code_is_replaced_by_the_next() -> None:
    desk = desk_of(YES_NO, ReadEntry(), rejects={("a", "1"): "not with the answer before"})
    board = keyed(desk, "1")
    assert (board.why, board.answer.edit.text) == ("not with the answer before", "1")
    press(board, "2")
    assert desk.given == [("a", "2")]


def test_verbatim_keeps_lines_and_drafts() -> None:
    desk = desk_of(VerbatimEntry(), ReadEntry(), ReadEntry())
    board = keyed(desk, "one", "ctrl+j", "two")
    board.keep_draft()
    assert desk.drafts == {"a": "one\ntwo"}
    again = Keyboard(desk)
    assert again.answer.edit == Edit.of("one\ntwo")
    again.paste("\r\nthree\rfour")
    press(again, "enter")
    assert desk.given == [("a", "one\ntwo\nthree\nfour")]


def test_pasted_text_is_one_line_in_a_line_and_nothing_in_a_pick() -> None:
    desk = desk_of(YES_NO, LineEntry(kind="text"), ReadEntry())
    board = Keyboard(desk)
    board.paste("1\n")
    assert desk.given == []
    assert board.why
    press(board, "1")
    board.paste("Chief\nof  staff\n")
    press(board, "enter")
    assert desk.given[-1] == ("b", "Chief of staff")


def test_an_answer_may_begin_with_a_dot() -> None:
    desk = desk_of(LineEntry(kind="text"), LineEntry(kind="number"), ReadEntry())
    keyed(desk, "..net", "enter", ".5", "enter")
    assert desk.given == [("a", ".net"), ("b", ".5")]


def test_unknown_dot_words_are_refused_and_stay() -> None:
    desk = desk_of(LineEntry(kind="text"), ReadEntry())
    board = keyed(desk, ".bakc", "enter")
    assert ".bakc" in board.why
    assert board.answer.edit.text == ".bakc"
    assert desk.given == []


def test_dot_words_do_what_the_keys_do() -> None:
    desk = FakeInterview(every_kind())
    board = keyed(desk, "enter", ".lang es", "enter", ".note loud", "enter", ".jump hello", "enter", ".back", "enter")
    assert desk.calls == ["speak es", "note loud", "jump hello"]
    assert board.why == "this is the first question"
    press(board, "escape", ".suspend", "enter")
    assert desk.calls[-1] == "suspend"
    assert board.closing is not None


@pytest.mark.parametrize("word", [".stop", ".jump", ".note", ".help", ".faq"])
def test_dot_words_alone_open_what_they_name(word: str) -> None:
    for start in (1, 6):
        desk = FakeInterview(tuple(p._replace(faq=every_kind()[0].faq) for p in every_kind()), at=start)
        board = keyed(desk, word, "enter")
        assert isinstance(board.mode, {".stop": Stopping, ".jump": Jumping, ".note": NoteEditor}.get(word, TextPage))
        press(board, "escape")
        assert isinstance(board.mode, Answering)
        assert board.answer.edit.text == "", "the dot word is not left in the field"


def test_a_note_leaves_what_is_typed() -> None:
    desk = desk_of(VerbatimEntry(), ReadEntry())
    board = keyed(desk, "they", "f2", "sounds tired", "enter", " left", "enter")
    assert desk.calls == ["note sounds tired"]
    assert desk.given == [("a", "they left")]
    assert board.prompt is not None


def test_jumping_filters_and_goes() -> None:
    desk = FakeInterview(every_kind(), at=7)
    board = keyed(desk, "f3", "pay")
    assert isinstance(board.mode, Jumping)
    assert [str(a.place) for a in board.mode.shown()] == ["pay"]
    press(board, "enter")
    assert desk.calls == ["jump pay"]
    press(board, "7")
    assert board.prompt is not None
    assert str(board.prompt.place) == "since", "after a jump one returns"


def test_stopping_needs_two_deliberate_keys_and_a_yes() -> None:
    desk = desk_of(YES_NO, ReadEntry())
    board = keyed(desk, "f8", "3", "0")
    assert desk.calls == []
    press(board, "enter", "2")
    assert desk.calls == []
    press(board, "n", "escape", "f8", "3", "0", "y")
    assert desk.calls == ["stop break_off"]


def test_ctrl_c_asks_and_puts_aside() -> None:
    desk = desk_of(YES_NO, ReadEntry())
    board = keyed(desk, "ctrl+c", "1", "n")
    assert (desk.calls, desk.given) == ([], [])
    press(board, "ctrl+c", "y")
    assert desk.calls == ["suspend"]


def test_two_languages_take_turns_and_more_are_a_list() -> None:
    two = prompt("a", "A?", LineEntry(kind="text"))._replace(languages=("en", "es"))
    desk = FakeInterview((two, prompt("b", "B", ReadEntry())))
    board = keyed(desk, "ab", "f4")
    assert desk.calls == ["speak es"]
    assert board.answer.edit.text == "ab"
    three = two._replace(languages=("en", "es", "zh"))
    desk = FakeInterview((three, prompt("b", "B", ReadEntry())))
    keyed(desk, "f4", "3")
    assert desk.calls == ["speak zh"]


def test_a_notice_goes_with_the_first_key_which_still_counts() -> None:
    desk = desk_of(YES_NO, ReadEntry(), notice="Case 1042 was open at q17, 14:03: resumed")
    board = keyed(desk, "2")
    assert desk.given == [("a", "2")]
    assert board.notice == ""
    desk = desk_of(ReadEntry(), ReadEntry(), notice="resumed")
    keyed(desk, "enter")
    assert desk.given == []


def test_keys_that_are_none_change_nothing() -> None:
    desk = desk_of(YES_NO, ReadEntry(), ReadEntry())
    board = keyed(desk, "1")
    for key in ("left_shift", "f6", "f7", "f12", "ctrl+q", "ctrl+p", "super+x"):
        board.press(key)
    press(board, "enter")
    assert desk.given == [("a", "1")], "the Enter after the code is still swallowed"


def test_closing_is_shown_until_a_key() -> None:
    desk = desk_of(YES_NO)
    board = keyed(desk, "1")
    assert board.closing is not None
    assert board.unexpected
    assert not board.left
    press(board, "enter")
    assert board.left


def test_every_call_that_is_rejected_leaves_the_desk_and_the_screen_where_they_were() -> None:
    desk = desk_of(YES_NO, ReadEntry())
    board = Keyboard(desk)
    before: Prompt | None = board.prompt
    press(board, "left")
    assert board.why == "this is the first question"
    press(board, ".jump zz#x", "enter")
    assert "zz#x" in board.why
    assert board.prompt == before


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        ("ab|ctrl+u|c", "c"),
        ("one two|ctrl+w|x", "one x"),
        ("abc|home|x|end|y", "xabcy"),
        ("abc|left|left|delete", "ac"),
        ("cafe\u0301s|left|backspace", "cafs"),
        ("a👩‍🚀|backspace", "a"),
        ("ab cd|ctrl+left|x", "ab xcd"),
        ("ab|home|ctrl+k|z", "z"),
    ],
)
def test_editing(keys: str, left: str) -> None:
    edit = Edit()
    for part in keys.split("|"):
        named = len(part) > 1 and (part in ("home", "end", "left", "delete", "backspace") or "+" in part)
        for key in [part] if named else part:
            edit = edit.pressed(key) or edit
    assert edit.text == left


# What is shared with the one-line interface


def test_the_enter_after_a_code_is_swallowed_for_half_a_second_only() -> None:
    for wait, given in ((0.4, [("a", "1")]), (0.6, [("a", "1"), ("b", "")])):
        desk = desk_of(YES_NO, ReadEntry())
        board = Keyboard(desk)
        board.press("1", 100.0)
        board.press("enter", 100.0 + wait)
        assert desk.given == given


def test_an_enter_held_down_closes_no_interview() -> None:
    desk = FakeInterview((prompt("a", "May I?", YES_NO), prompt("no", "Good-bye.", ReadEntry(), ending="refusal_hard")))
    board = Keyboard(desk)
    board.press("2", 100.0)
    for at in (100.1, *(100.76 + n / 30 for n in range(60))):  # held down: the first repetition comes late
        board.press("enter", at)
        assert desk.result() is None
    assert "Enter once more ends here" in board.said
    board.press("enter", 104.0)
    assert desk.given == [("a", "2"), ("no", "")]


def test_a_decline_asks_before_it_drops_what_is_marked() -> None:
    desk = FakeInterview((prompt("m", "Which?", MEDIA), prompt("b", "B?", YES_NO)))
    board = keyed(desk, "1", "2", "d")
    assert isinstance(board.mode, KeyedQuestion)
    assert board.mode.question == "Record Don't know, and remove the 2 marked answers?"
    press(board, "1")
    assert "y or n" in board.why
    press(board, "n")
    assert (board.answer.chosen, desk.given) == ((1, 2), [])
    press(board, "d", "y")
    assert desk.given == [("m", ".dk")]


def test_the_key_of_a_decline_that_begins_a_code_wants_enter() -> None:
    media = PickEntry(
        options=(OfferedOption(code="radio", text=words("Radio")), OfferedOption(code="tv", text=words("TV")))
    )
    desk = FakeInterview((prompt("a", "A?", media), prompt("b", "B?", media)))
    board = keyed(desk, "r")
    assert desk.given == []
    assert ("r Enter", "refused", 1) in keys_now(board)
    assert describe_typed("r", media, board.prompt) == "Enter records Refused"
    assert describe_typed("ra", media, board.prompt) == "ra is not a complete code"
    press(board, "enter", *"radio")
    assert desk.given == [("a", ".refused"), ("b", "radio")]
    letters = PickEntry(
        options=(OfferedOption(code="r", text=words("Radio")), OfferedOption(code="tv", text=words("TV")))
    )
    board = Keyboard(FakeInterview((prompt("a", "A?", letters),)))
    assert (".refused", "", 1) in keys_now(board)


def test_what_may_mean_two_things_is_asked_about_by_number() -> None:
    class Doubting(FakeInterview):
        def reply(self, reply: Reply) -> Rejection | None:
            if reply == "12.000":
                meanings = PossibleMeaning("12", "12"), PossibleMeaning("12,000", "12000")
                return Rejection("12.000: 12 or 12,000?", meanings)
            return super().reply(reply)

    for keys, given in (("2", "12000"), ("١", "12"), (("escape", "backspace", "1", "enter"), "12.001")):
        desk = Doubting((prompt("a", "A?", LineEntry(kind="number")), prompt("b", "B?", YES_NO)))
        press(keyed(desk, *"12.000", "enter"), *keys)
        assert desk.given == [("a", given)]


def test_the_way_to_the_front_after_going_back() -> None:
    desk = desk_of(YES_NO, YES_NO, LineEntry(kind="text"), ReadEntry())
    board = keyed(desk, "1", "1", *".jump a", "enter")
    press(board, "alt+right")
    assert (desk.calls, desk.at) == (["jump a", "front"], 2)
    press(board, *".jump b", "enter", *".front", "enter")
    assert (desk.calls[-2:], desk.at) == (["jump b", "front"], 2)


def test_a_note_is_brought_back_and_replaced() -> None:
    desk = desk_of(YES_NO, YES_NO)
    board = keyed(desk, "f2", *"sure", "enter", "1", "f2", "up")
    assert isinstance(board.mode, NoteEditor)
    assert board.mode.edit.text == "sure"
    press(board, *", no", "enter")
    assert desk.calls == ["note sure", "note 1: sure, no"]
    press(board, *".notes 1 quite", "enter")
    assert desk.calls[-1] == "note 1: quite"


def test_what_was_rejected_is_replaced_by_typing_and_changed_by_editing() -> None:
    rejects = {("a", "999"): "999 is more than 120"}
    for keys, given in (
        (("4", "5"), "45"),
        (("backspace", "enter"), "99"),
        (("left", "backspace", "enter"), "99"),
    ):
        desk = FakeInterview(
            (prompt("a", "Age?", LineEntry(kind="number")), prompt("b", "B?", YES_NO)), rejects=rejects
        )
        board = keyed(desk, *"999", "enter")
        assert board.answer.edit.text == "999"
        press(board, *keys)
        if given == "45":
            press(board, "enter")
        assert desk.given == [("a", given)]


def test_commands_say_the_same_as_in_the_one_line_interface() -> None:
    for line, why in (
        (".jump x", "x has not been asked: .jump alone lists what has been"),
        (".stop broke_off", "broke_off is not one of them: did you mean break_off?"),
        (".bakc", ".bakc is no command here: did you mean .back? .help lists them all"),
    ):
        assert keyed(desk_of(YES_NO, ReadEntry()), *line, "enter").why == why
        written = io.StringIO()
        conduct_interview(desk_of(YES_NO, ReadEntry()), io.StringIO(line + "\n"), written)
        assert f"! {why}\n" in written.getvalue()
