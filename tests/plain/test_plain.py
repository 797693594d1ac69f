"""Interviews line by line: what is printed, what is read from a line, and how it ends when something breaks."""

import io
import re
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fake_interview import (
    AGREEMENT,
    FAQ,
    MEDIA,
    FakeInterview,
    choices,
    every_kind,
    prompt,
    words,
)
from survey_cli.entries import (
    EarlierAnswer,
    LineEntry,
    OfferedOption,
    PickEntry,
    PickReply,
    PossibleMeaning,
    Prompt,
    Query,
    ReadEntry,
    Rejection,
    Reply,
    VerbatimEntry,
)
from survey_cli.entry_commands import ENTRY_COMMAND_NAMES, PLAIN_COMMANDS
from survey_cli.plain import conduct_interview
from survey_cli.plain.rendering import clean
from survey_cli.plain.streams import StreamLines
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.lines.line import Line, Role
from survey_cli.values import Place

YES_NO = PickEntry(options=choices("Yes", "No"))


class Fake(FakeInterview):
    """The fake desk, which understands one date."""

    def echo(self, text: str) -> str:
        return "Sunday 3 March 1985" if text == "3/3/85" else ""


def held(desk: InterviewSession, *lines: str) -> tuple[int, str]:
    """The exit code and all that was printed when these lines were typed and then the input ended."""
    write = io.StringIO()
    code = conduct_interview(desk, io.StringIO("".join(f"{line}\n" for line in lines)), write)
    return code, write.getvalue()


def printed(desk: InterviewSession, *lines: str) -> list[str]:
    """The lines printed after each `> `: one text for each line typed, and one before the first."""
    return held(desk, *lines)[1].split("> \n")


def one(
    text: str, entry: ReadEntry | PickEntry | LineEntry | VerbatimEntry, **more: object
) -> Fake:
    """A desk that asks one thing and then says goodbye."""
    return Fake((prompt("a", text, entry, **more), prompt("bye", "Goodbye.", ReadEntry())))


# What is printed


def test_a_script_from_right_to_left_stands_at_the_right_edge_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write = io.StringIO()
    output = StreamLines(write)
    output.right_to_left = True
    output.write_line(Line(Role.SPOKEN, words("1  نعم")))
    monkeypatch.setattr(StreamLines, "_measure_terminal", lambda _: 10)
    output.write_line(Line(Role.SPOKEN, words("1  نعم\nEnter")))
    assert write.getvalue() == "1  نعم\n    \u20671  نعم\u2069\nEnter\n", (
        "a pipe gets the text alone"
    )


def test_a_whole_interview_as_a_transcript() -> None:
    script = (
        prompt("hello", "Good morning, this is **Maria**.", ReadEntry(), section="Introduction"),
        prompt(
            "q6",
            "Do you agree?",
            AGREEMENT,
            section="Mission",
            intro=words("I'll read a statement."),
            instruction=words("Read slowly."),
            probe=words("Which comes closest?"),
        ),
        prompt(
            "hours",
            "How many hours?",
            LineEntry(kind="number", hint="0 to 168", unit="hours"),
            section="Mission",
        ),
        prompt(
            "since", "Since when?", LineEntry(kind="date", hint="day month year"), section="Mission"
        ),
        prompt("why", "Why?", VerbatimEntry(), section="Mission"),
    )
    desk = Fake(
        script,
        rejects={("hours", "200"): "200 is more than 168"},
        notice="Case 7 was open: resumed.",
    )
    code, out = held(desk, "", "2", "200", "40", "3/3/85", "no time \\", "no money")
    assert out == textwrap.dedent(
        """\
        [Survey of Anti-Smuggling Units, Chicago District]
        [Case 7 was open: resumed.]
        [.help lists what else can be typed]
        [Section: Introduction]
        Good morning, this is *Maria*.
        [Enter continues]
        >_
        [Section: Mission]
        I'll read a statement.
        Do you agree?
        1  Strongly agree
        2  Agree
        3  Disagree
        4  Strongly disagree
        5  No opinion (don't read)
        [Interviewer: Read slowly.]
        [Probe: Which comes closest?]
        [or .dk Don't know, .refused Refused]
        >_
        = Agree
        How many hours?
        [0 to 168 hours]
        >_
        ! 200 is more than 168
        >_
        Since when?
        [day month year]
        >_
        = Sunday 3 March 1985
        Why?
        [a line that ends in \\ continues on the next]
        >_
        >_
        [Every question is answered: 5 answers in 3 minutes 12 seconds]
        [Enter completes the interview; .back or .jump ID corrects an answer]
        >_
        [Ended: Complete]
        [5 answers in 3 minutes 12 seconds]
        [stored in responses/asu.db]
        """
    ).replace(">_", "> ")
    assert code == 0
    assert desk.given[-1] == ("why", "no time\nno money")


def test_every_way_of_asking_is_walked_with_one_line_each() -> None:
    desk = Fake(every_kind())
    keyed = ["", "2", "10", "7", "1 3", "40", "Chief", "3/3/85", "many things", "44", "1", ""]
    code, _ = held(desk, *keyed)
    assert code == 0
    assert [entry for _, entry in desk.given] == keyed


def test_what_is_not_read_aloud_is_told_apart_by_signs() -> None:
    observed = one("How did they sound?", YES_NO, aloud=False, intro=words("Two remarks."))
    observed.practice = True
    first = printed(observed)[0]
    assert "[Practice interview]\n" in first
    assert "[Your own entry: Two remarks.]\n[Your own entry: How did they sound?]\n" in first
    options = (
        OfferedOption(code=1, text=words("Yes"), note="also: sometimes"),
        OfferedOption(code=7, text=words("Other"), specify=True, read=False),
        OfferedOption(code=9, text=words("None"), exclusive=True),
    )
    first = printed(
        one("Which?", PickEntry(options=options, several=True, max_count=2, ordered=True))
    )[0]
    assert (
        "\n1  Yes (note: also: sometimes)\n7  Other (don't read, key 7 and the words)\n9  None (alone)\n"
        in first
    )
    assert "[any of these, blanks between, at most 2, in the order given]" in first
    points = PickEntry(options=choices("Not at all", "", "3"))
    assert "\n1  Not at all\n2\n3\n" in printed(one("How far?", points))[0]


def test_codes_of_a_line_stand_like_options() -> None:
    scale = LineEntry(
        kind="scale", hint="0 to 100", labels=((0, "Not at all"), (100, "Completely"))
    )
    assert "\n0  Not at all\n100  Completely\n[0 to 100]\n" in printed(one("How far?", scale))[0]
    assert "[at most 5 characters]" in printed(one("ZIP?", LineEntry(kind="text", width=5)))[0]


def test_section_turn_and_declines_are_said_when_they_change() -> None:
    def ask(id: str, turn: int, **more: object) -> Prompt:
        asked = prompt(id, f"{id}?", YES_NO, turn, section="Household", **more)
        return asked._replace(turn=words(f"Person {turn}"))

    script = (ask("a", 1), ask("b", 1), ask("a", 2, declines=()), ask("b", 2, declines=()))
    out = held(Fake(script), "1", "1", "1", "1")[1]
    assert out.count("[Section: Household]") == 1
    assert out.count("[Person 1]") == out.count("[Person 2]") == 1
    assert out.count("[or .dk Don't know, .refused Refused]") == 1
    assert out.count("[an answer is needed here]") == 1
    first = held(Fake((ask("a", 2, declines=()),)), "1")[1]
    assert "an answer is needed here" not in first, "it is said where declines were offered before"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("answer", "was 2 No: Enter keeps"),
        ("prefill", "already here: 2 No. Enter takes it"),
        ("reopened", "was 2 No, which no longer fits: ask again"),
    ],
)
def test_the_earlier_answer_comes_last(kind: str, said: str) -> None:
    earlier = EarlierAnswer(label="2 No", codes=(2,), typed_text="2", kind=kind)  # type: ignore[arg-type]
    desk = one("Really?", YES_NO, earlier=earlier, instruction=words("Wait."))
    assert printed(desk)[0].endswith(
        f"2  No\n[Interviewer: Wait.]\n[or .dk Don't know, .refused Refused]\n{said}\n"
    )


@pytest.mark.parametrize(
    "evil", ["[red]x[/]", "\x1b[31mx\x1b]0;t\x07", "a\x9bb", "x\u202ey", "a\x85b", "\ud800"]
)
def test_text_is_literal_and_carries_no_control_characters(evil: str) -> None:
    pick = PickEntry(options=(OfferedOption(code=1, text=words(evil), note=evil),))
    script = (
        prompt(
            "a",
            evil,
            pick,
            instruction=words(evil),
            section=evil,
            faq=((words(evil), words(evil)),),
        ),
        prompt(
            "b",
            evil,
            LineEntry(kind="text", hint=evil),
            help=words(evil),
            earlier=EarlierAnswer(label=evil),
        ),
    )
    desk = Fake(script, title=evil, respondent=evil, notice=evil, rejects={("b", "no"): evil})
    out = held(desk, ".faq", f"{evil} no", "1", ".help", "no", ".again", ".jump")[1]
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", out
    )
    assert out.count(clean(evil)) >= 15
    assert f"! {clean(evil)}\n" in out


@given(st.text())
def test_clean_leaves_what_can_be_read(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    if text.isprintable():
        assert clean(text) == "".join("�" if "\u2028" <= c <= "\u202e" else c for c in text)


# What is taken


def test_an_empty_line_goes_on_keeps_or_is_rejected() -> None:
    desk = Fake(every_kind())
    after = printed(desk, "", "", "2", ".back", "")
    assert after[2].startswith("! ")
    assert [entry for _, entry in desk.given] == ["", "2", "2"]
    assert "keep" in desk.calls


def test_a_rejected_entry_is_followed_by_the_entry_line_alone() -> None:
    desk = one("Really?", YES_NO)
    assert printed(desk, "7", "1 2", "1")[1:3] == [
        "! 7 is not offered here: 1, 2\n",
        "! only one answer: 1, 2\n",
    ]
    assert desk.given == [("a", "1")]


def test_a_pick_sends_codes_and_words() -> None:
    sent: list[Reply] = []

    class Recording(Fake):
        def reply(self, reply: Reply) -> Rejection | None:
            sent.append(reply)
            return super().reply(reply)

    held(Recording((prompt("a", "Which?", MEDIA),)), "1, 3 7 the  local radio")
    assert sent == [PickReply((1, 3, 7), {7: "the  local radio"})]
    sent.clear()
    none = MEDIA._replace(min_count=0)
    held(Recording((prompt("a", "Which?", none),)), "")
    assert sent == [PickReply(())]
    sent.clear()
    held(
        Recording(
            (
                prompt(
                    "a", "Which?", none, earlier=EarlierAnswer(label="1 Television", typed_text="1")
                ),
            )
        ),
        "",
    )
    assert sent == [""], "an empty line keeps what stands"


@pytest.mark.parametrize(
    ("entry", "line", "taken"),
    [
        (LineEntry(kind="text"), "..back", ".back"),
        (LineEntry(kind="text"), "..", "."),
        (LineEntry(kind="number"), ".5", ".5"),
        (LineEntry(kind="text"), "  a  b ", "a  b"),
        (LineEntry(kind="text"), "a\\", "a\\"),
        (VerbatimEntry(), "..and so on", ".and so on"),
        (VerbatimEntry(), "no. 5 .back", "no. 5 .back"),
        (VerbatimEntry(), "[b]bold[/b]", "[b]bold[/b]"),
    ],
)
def test_a_typed_line_is_taken_as_it_is_meant(
    entry: LineEntry | VerbatimEntry, line: str, taken: str
) -> None:
    desk = one("What?", entry)
    held(desk, line)
    assert desk.given == [("a", taken)]


@pytest.mark.parametrize("entry", [ReadEntry(), YES_NO])
@pytest.mark.parametrize("line", ["..back", ".5", ".", ".hlep"])
def test_elsewhere_a_line_that_begins_with_a_dot_is_never_an_answer(
    entry: ReadEntry | PickEntry, line: str
) -> None:
    desk = one("What?", entry)
    assert printed(desk, line)[1].startswith(f"! {line} is not a command here: ")
    assert desk.given == []


def test_a_verbatim_goes_on_over_lines_that_end_in_a_backslash() -> None:
    desk = one("Why?", VerbatimEntry())
    held(desk, "one\\", ".back \\", "", "")
    assert desk.given[0] == ("a", "one\n.back\n")
    assert desk.drafts == {}


def test_unfinished_words_are_kept_as_a_draft_and_shown_again() -> None:
    desk = one("Why?", VerbatimEntry())
    assert held(desk, "one\\", "two\\")[0] == 3
    assert desk.drafts == {"a": "one\ntwo"}
    assert desk.given == []
    again = one("Why?", VerbatimEntry())
    again.drafts = desk.drafts
    shown = "[you had started to type here: Enter keeps it]\n[one]\n[two]\n"
    assert shown in printed(again, "", "")[0]
    assert again.given[0] == ("a", "one\ntwo")


def test_a_soft_check_takes_ok_with_a_reason_or_another_entry() -> None:
    hours = prompt("hours", "How many?", LineEntry(kind="number"))
    last = prompt("bye", "Goodbye.", ReadEntry())
    query = Query(text=words("120 is **many**."))

    def desk() -> Fake:
        return Fake((hours, last), queries={("hours", "120"): query})

    said = "? 120 is *many*.\n[.ok confirms it, with an optional reason; or type another answer]\n"
    first = desk()
    after = printed(first, "120", "", ".ok two jobs", "")
    assert after[1] == said
    assert after[2] == "! .ok confirms it, or type another answer\n"
    assert first.given == [("hours", "120"), ("hours", ".ok two jobs"), ("bye", "")]
    second = desk()
    held(second, "120", "40", "")
    assert second.given == [("hours", "120"), ("hours", "40"), ("bye", "")]
    assert said in printed(desk(), "120", ".again")[2]
    assert "How many?" in printed(desk(), "120", ".again")[2]


def test_the_other_answers_of_a_failed_check_are_named() -> None:
    class Checked(Fake):
        def reply(self, reply: Reply) -> Rejection | None:
            return Rejection("there are only 5", places=(Place("rooms"), Place("floors", 2)))

    script = (
        prompt("hours", "How many?", LineEntry(kind="number")),
        prompt("bye", "Goodbye.", ReadEntry()),
    )
    after = printed(Checked(script), "9")
    assert (
        after[1]
        == "! there are only 5\n[.jump rooms or .jump floors#2 to correct the other answer]\n"
    )
    query = Query(text=words("120 is many."), places=(Place("rooms"),))
    after = printed(Fake(script, queries={("hours", "120"): query}), "120")
    assert after[1].endswith("another answer]\n[.jump rooms to correct the other answer]\n")


def test_what_is_read_back_to_the_respondent_says_so() -> None:
    query = Query(text=words("Did you say 600?"), aloud=True)
    desk = Fake(
        (prompt("a", "How much?", LineEntry(kind="number")),), queries={("a", "600"): query}
    )
    assert printed(desk, "600")[1].startswith(
        "? Did you say 600?\n[read it aloud: 1 yes, that is right; 2 no, ask again]"
    )


def test_an_answer_read_back_is_confirmed_or_asked_again_as_on_the_full_screen() -> None:
    query = Query(text=words("Did you say 600?"), aloud=True)
    for yes in ("1", "y", "١", ".ok"):
        desk = Fake(
            (prompt("a", "How much?", LineEntry(kind="number")),), queries={("a", "600"): query}
        )
        held(desk, "600", "2?", "", yes)
        assert desk.given == [("a", "600"), ("a", ".ok")]
    desk = Fake(
        (prompt("a", "How much?", LineEntry(kind="number")),), queries={("a", "600"): query}
    )
    after = printed(desk, "600", "2", "", "2")
    assert after[2] == "[ask again, then key the right answer]\n"
    assert after[3] == "! ask again, then key the right answer\n"
    assert desk.given == [("a", "600"), ("a", "2")], "after no, 2 is an answer"


def test_what_may_mean_two_things_is_asked_about() -> None:
    meanings = PossibleMeaning("12 Euro", "12"), PossibleMeaning("12,000 Euro", "12000")

    class Doubting(Fake):
        def reply(self, reply: Reply) -> Rejection | None:
            if reply == "12.000":
                return Rejection("12.000: 12 or 12,000?", meanings)
            return super().reply(reply)

    desk = Doubting((prompt("a", "How much?", LineEntry(kind="number")), prompt("b", "B?", YES_NO)))
    after = printed(desk, "12.000", "", "12.000", "2", "1")
    assert after[1] == (
        "? 12.000: 12 or 12,000?\n1  12 Euro\n2  12,000 Euro\n[a number chooses; Enter alone cancels]\n"
    )
    assert after[2] == "! nothing was saved: type the answer again\n"
    assert desk.given == [("a", "12000"), ("b", "1")]


def test_the_unit_of_an_amount_is_chosen_by_its_beginning() -> None:
    meanings = (
        PossibleMeaning("3 per day", "103", names=("day", "per day")),
        PossibleMeaning("3 per week", "203", names=("week", "per week")),
    )

    class Doubting(Fake):
        def reply(self, reply: Reply) -> Rejection | None:
            if reply == "3":
                return Rejection("3: in which unit?", meanings)
            return super().reply(reply)

    desk = Doubting((prompt("a", "A?", LineEntry(kind="quantity")), prompt("b", "B?", YES_NO)))
    printed(desk, "3", "WE", "1")
    assert desk.given == [("a", "203"), ("b", "1")]


def test_notes_are_listed_and_replaced() -> None:
    desk = Fake((prompt("a", "A?", YES_NO), prompt("b", "B?", YES_NO)))
    after = printed(
        desk,
        ".notes",
        ".note sounded sure",
        "1",
        ".notes",
        ".notes 1 not so sure",
        ".notes",
        ".notes 4 x",
    )
    assert after[1] == "[there is no note yet]\n"
    assert after[4] == "[1  a: sounded sure]\n[.notes NUMBER TEXT replaces one]\n"
    assert after[6].startswith("[1  a: not so sure]\n")
    assert after[7] == "! there is no note 4: .notes lists them\n"


# Commands


def test_declines_go_by_their_id() -> None:
    desk = Fake((prompt("a", "One?", YES_NO), prompt("b", "Two?", YES_NO, declines=())))
    after = printed(desk, ".DK", ".dk", "1")
    assert desk.given == [("a", ".dk"), ("b", "1")]
    assert after[2] == "! .dk is not a command here: .help lists them all\n"


def test_back_jump_note_and_language() -> None:
    script = tuple(p._replace(languages=("en", "es")) for p in every_kind())
    desk = Fake(script)
    after = printed(
        desk,
        "",
        "1",
        ".back",
        "2",
        "9",
        ".jump Q6",
        "3",
        ".note deaf",
        ".note",
        ".lang es",
        ".lang",
        ".lang fr",
    )
    assert desk.calls == ["back", "jump q6", "note deaf", "speak es", "suspend"]
    assert [entry for _, entry in desk.given] == ["", "1", "2", "9", "3"]
    assert "was 1 Strongly agree: Enter keeps" in after[3]
    assert after[8] == "[noted]\n"
    assert after[9].startswith("! a note needs text")
    assert "[Section: Work]" in after[10]
    assert "Which district office" in after[10]
    assert after[11] == "! now es; type .lang and one of en, es\n"
    assert after[12].startswith("! fr is not one of")


def test_jump_alone_lists_and_a_mistyped_place_is_guessed() -> None:
    desk = Fake(every_kind())
    after = printed(desk, "", "3", ".jump", ".jump hallo", ".jump nowhere")
    assert re.search(r"^\[q6  There is agreement .*: 3 Disagree\]$", after[3], re.MULTILINE)
    assert after[4] == "! hallo has not been asked: did you mean hello?\n"
    assert after[5].startswith("! nowhere has not been asked: .jump alone lists")


def test_again_repeats_the_whole_item() -> None:
    desk = Fake((prompt("a", "One?", YES_NO, section="Part"),))
    first, again = printed(desk, ".again")[:2]
    assert first.endswith(
        "[Section: Part]\nOne?\n1  Yes\n2  No\n[or .dk Don't know, .refused Refused]\n"
    )
    assert first.endswith(again.partition("> ")[0])


def test_help_says_where_one_is_and_lists_every_dot_word() -> None:
    desk = Fake((prompt("a", "One?", YES_NO, help=words("A long\nstory")),))
    help = printed(desk, ".help")[1]
    assert (
        "[A long]\n[story]\n[a, 1 of 1; 3 minutes 12 seconds so far; 10:42 there]\n[.dk  Don't know]"
        in help
    )
    assert all(f"[{command}  " in help for command in PLAIN_COMMANDS)


@pytest.mark.parametrize("word", [f".{name}" for name in ENTRY_COMMAND_NAMES])
def test_every_listed_dot_word_is_known(word: str) -> None:
    assert "is not a command" not in held(one("One?", YES_NO), word)[1]


def test_answers_to_questions_are_read_and_the_questions_are_not() -> None:
    asked = printed(one("One?", YES_NO, faq=FAQ), ".faq")[1]
    assert "[Who is paying for this?]\nThe Office of the Inspector General pays" in asked
    assert printed(one("One?", YES_NO), ".faq")[1].startswith("! this survey has no answers")


def test_a_mistyped_dot_word_names_the_nearest() -> None:
    desk = one("One?", YES_NO)
    after = printed(desk, ".bakc", ".refsed", ".xyzzy", ".ok")
    assert after[1] == "! .bakc is not a command here: did you mean .back? .help lists them all\n"
    assert "did you mean .refused?" in after[2]
    assert after[3] == "! .xyzzy is not a command here: .help lists them all\n"
    assert after[4].startswith("! there is nothing to confirm here")


# How it ends


def test_stop_with_an_outcome() -> None:
    desk = one("One?", YES_NO)
    code, out = held(desk, ".stop broke_off", ".stop break_off", "n", ".stop break_off", "y")
    assert "! broke_off is not an outcome here: did you mean break_off?" in out
    assert desk.calls == ["stop break_off"]
    assert "[Stopped: Broke off]" in out
    assert code == 3


def test_stop_alone_lists_the_outcomes_and_asks() -> None:
    desk = one("One?", YES_NO)
    after = printed(desk, ".stop", "9", "", ".stop", ".dk", ".stop", "٨", "y")
    assert (
        "[30  Stop here: Broke off (break_off)]\n"
        "[8  Stop here: Call back, no time given (callback)]\n"
    ) in after[1]
    assert after[2].startswith("! 9 is not an outcome here: break_off, callback")
    assert after[3] == "[not ended]\n"
    assert desk.given == [("a", ".dk")]
    assert desk.calls == ["stop callback"]


def test_the_end_of_input_puts_aside_wherever_it_comes() -> None:
    for lines in ((), ("",), ("", ".stop"), ("", "2", "10", "7", "1", "40", "x", "1", "one\\")):
        desk = Fake(every_kind())
        code, out = held(desk, *lines)
        assert code == 3
        assert desk.calls[-1] == "suspend"
        assert "> \n[Suspended: it can be resumed at the same question]\n" in out


def test_suspend_puts_aside() -> None:
    desk = one("One?", YES_NO)
    code, out = held(desk, ".suspend", "1")
    assert (code, desk.calls, desk.given) == (3, ["suspend"], [])
    assert "[Suspended" in out


def test_a_last_line_without_an_end_counts() -> None:
    desk = Fake((prompt("a", "One?", YES_NO),))
    assert conduct_interview(desk, io.StringIO("2"), io.StringIO()) == 0
    assert desk.given == [("a", "2")]


def test_a_closed_interview_asks_nothing() -> None:
    desk = Fake((prompt("a", "One?", YES_NO),))
    desk.reply("1")
    code, out = held(desk, "2")
    assert code == 0
    assert "> " not in out
    assert desk.given == [("a", "1")]


# The closing review

REVIEWED = (
    prompt("q6", "Do you agree?", AGREEMENT),
    prompt("hours", "How many hours?", LineEntry(kind="number", hint="0 to 168")),
)


def reviewed(*lines: str) -> tuple[Fake, list[str]]:
    """An interview with a decline, a warning and a note, then these lines at its review; what is printed from there."""
    query = Query(words("So many?"), places=(Place("q6"),))
    desk = Fake(REVIEWED, queries={("hours", "99"): query})
    texts = printed(desk, ".note tired", ".dk", "99", ".ok two jobs", *lines)
    return desk, texts[4:]


def test_the_review_lists_declines_warnings_and_notes_and_enter_completes() -> None:
    desk, (review, end, *_) = reviewed("")
    assert review.splitlines() == [
        "[Every question is answered: 2 answers in 3 minutes 12 seconds]",
        "[declined: q6  Do you agree?: .dk]",
        "[confirmed despite a warning: hours  How many hours?: 99 (two jobs)]",
        "[note at q6: tired]",
        "[Enter completes the interview; .back or .jump ID corrects an answer]",
    ]
    assert end.startswith("[Ended: Complete]")
    assert desk.calls[-1] == "complete"


def test_an_answer_is_corrected_from_the_review() -> None:
    desk, texts = reviewed(".jump q6", "2", "")
    assert "Do you agree?" in texts[1]
    assert texts[2].startswith("= Agree\n[Every question is answered")
    assert "declined" not in texts[2]
    assert (desk.given[-1], desk.calls[-2:]) == (("q6", "2"), ["jump q6", "complete"])
    assert "How many hours?" in reviewed(".back")[1][1]


def test_what_makes_no_sense_at_the_review_says_what_does() -> None:
    desk, texts = reviewed("7", ".ok", ".dk", ".again", ".note late")
    assert all(
        "Enter completes the interview; .back or .jump ID corrects" in text for text in texts[1:3]
    )
    assert texts[3].startswith("! .dk is not a command here")
    assert texts[4].startswith("[Every question is answered")
    assert texts[5].startswith("[noted]")
    assert desk.calls[-2:] == ["suspend", "complete"], "the input ended, and nothing is left open"


def test_a_failed_check_says_how_to_go_to_the_other_answer() -> None:
    query = Query(words("So many?"), places=(Place("q6"), Place("age", 2)))
    texts = printed(Fake(REVIEWED, queries={("hours", "99"): query}), "2", "99")
    assert "[.jump q6 or .jump age#2 to correct the other answer]" in texts[2]
    rejection = Rejection("more than before", places=(Place("q6"),))

    class Rejecting(Fake):
        def reply(self, reply: Reply) -> Rejection | None:
            return rejection if reply == "99" else super().reply(reply)

    texts = printed(Rejecting(REVIEWED), "2", "99")
    assert "! more than before\n[.jump q6 to correct the other answer]" in texts[2]
