"""Brief mode of the plain interface: what is said once, what is said always, and how it is switched."""

import io
from dataclasses import replace

import pytest

from support.fake_interview import AGREEMENT, MEDIA, FakeInterview, choices, prompt, words
from support.fake_station import FakeStation, a_case, a_number, past
from survey_cli.entries import LineEntry, PickEntry, Prompt, Query, ReadEntry, VerbatimEntry
from survey_cli.plain import conduct_interview, run_station

YES_NO = PickEntry(options=choices("Yes", "No"))
AGREEMENT_LINES = (
    "1  Strongly agree\n2  Agree\n3  Disagree\n4  Strongly disagree\n5  No opinion (don't read)\n"
)


def conduct(
    *prompts: Prompt, lines: tuple[str, ...], brief: bool = True, **more: object
) -> list[str]:
    """Return what was printed after each line, and before the first."""
    write = io.StringIO()
    interview = FakeInterview(prompts, **more)  # type: ignore[arg-type]
    conduct_interview(
        interview, io.StringIO("".join(f"{line}\n" for line in lines)), write, brief=brief
    )
    return write.getvalue().split("> \n")


def work(station: FakeStation, *lines: str, brief: bool = True) -> list[str]:
    write = io.StringIO()
    run_station(
        station,
        io.StringIO("".join(f"{line}\n" for line in lines)),
        write,
        io.StringIO(),
        brief=brief,
    )
    return write.getvalue().split("> \n")


def statements(*ids: str) -> tuple[Prompt, ...]:
    return tuple(prompt(id, f"Statement {id}.", AGREEMENT) for id in ids)


def test_the_answers_of_a_battery_and_the_declines_are_said_once() -> None:
    said = conduct(
        *statements("a", "b"), prompt("why", "Why?", VerbatimEntry()), lines=("3", "1", ".dk", "")
    )
    assert said[0].startswith("[Chicago District, Survey of Anti-Smuggling Units]\n")
    assert said[0].endswith(
        f"Statement a.\n{AGREEMENT_LINES}[or .dk Don't know, .refused Refused]\n"
    )
    assert said[1] == "= Disagree\nStatement b.\n[1 to 5 as before]\n"
    assert said[2] == "= Strongly agree\nWhy?\n[a line that ends in \\ continues on the next]\n"
    assert said[3].startswith("= Don't know\n[Every question is answered: 3 answers")
    assert said[4] == "[Ended: Complete, 3 answers in 3 minutes 12 seconds]\n"


def test_without_brief_mode_all_of_it_is_said_each_time() -> None:
    said = conduct(*statements("a", "b"), lines=("3",), brief=False)
    assert said[1] == f"= Disagree\nStatement b.\n{AGREEMENT_LINES}"
    read = tuple(prompt(id, "Listen.", ReadEntry()) for id in "ab")
    assert all("[Enter continues]" in part for part in conduct(*read, lines=("",), brief=False)[:2])


def test_other_answers_are_listed() -> None:
    said = conduct(
        *statements("a"), prompt("b", "Yes or no?", YES_NO), *statements("c"), lines=("3", "1")
    )
    assert said[1] == "= Disagree\nYes or no?\n1  Yes\n2  No\n"
    assert said[2] == f"= Yes\nStatement c.\n{AGREEMENT_LINES}"


def test_answers_are_not_listed_again_after_a_question_that_has_none() -> None:
    said = conduct(
        *statements("a"),
        prompt("why", "Why?", VerbatimEntry()),
        *statements("b"),
        lines=("3", "so"),
    )
    assert said[2] == "Statement b.\n[1 to 5 as before]\n"


def test_what_is_about_one_question_is_said_always() -> None:
    hours = LineEntry(kind="number", hint="0 to 168", unit="hours")
    script = tuple(
        prompt(
            id,
            "How many?",
            hours,
            instruction=words("Round."),
            probe=words("Your best guess?"),
            aloud=False,
        )
        for id in "ab"
    )
    said = conduct(*script, lines=("4",))
    assert (
        said[1]
        == "[Your own entry: How many?]\n[Interviewer: Round.]\n[Probe: Your best guess?]\n[0 to 168 hours]\n"
    )


def test_several_answers_are_explained_once_and_then_named() -> None:
    two = MEDIA._replace(max_count=2)
    said = conduct(*(prompt(id, "Which?", two) for id in "ab"), lines=("1 7 the radio",))
    assert "[any of these, blanks between, at most 2]" in said[0]
    assert (
        said[1]
        == "= Television, Something else\nWhich?\n[1, 2, 3, 4, 7, 9 as before]\n[several, at most 2]\n"
    )


def test_a_read_back_is_still_told_from_a_check_of_the_interviewers() -> None:
    script = tuple(prompt(id, "How much?", LineEntry(kind="number")) for id in "abcd")
    aloud, own = Query(text=words("Is that 600?"), aloud=True), Query(text=words("600 is much."))
    queries = {("a", "600"): aloud, ("b", "600"): aloud, ("c", "600"): own, ("d", "600"): own}
    said = conduct(*script, lines=("600", "1", "600", "1", "600", ".ok", "600"), queries=queries)
    assert said[1] == "? Is that 600?\n[read it aloud: 1 yes, that is right; 2 no, ask again]\n"
    assert said[3] == "? Is that 600?\n[read it aloud]\n"
    assert (
        said[5]
        == "? 600 is much.\n[.ok confirms it, with an optional reason; or type another answer]\n"
    )
    assert said[7] == "? 600 is much.\n[.ok or another answer]\n"


def test_again_says_everything_about_the_question() -> None:
    said = conduct(*statements("a", "b"), lines=("3", ".again"))
    assert said[2] == f"Statement b.\n{AGREEMENT_LINES}[or .dk Don't know, .refused Refused]\n"


def test_it_is_switched_during_an_interview() -> None:
    said = conduct(
        *statements("a", "b", "c", "d"), lines=(".brief", "1", ".BRIEF", "1"), brief=False
    )
    assert said[1] == "[brief mode: what was said is not repeated]\n"
    assert said[2] == "= Strongly agree\nStatement b.\n[1 to 5 as before]\n"
    assert said[3] == "[brief mode is off: everything is said]\n"
    assert said[4] == f"= Strongly agree\nStatement c.\n{AGREEMENT_LINES}"


@pytest.mark.parametrize("brief", [True, False])
def test_codes_are_said_in_words(brief: bool) -> None:
    script = (
        *statements("a"),
        prompt("b", "Which?", MEDIA),
        prompt("c", "How far?", PickEntry(options=choices("Not at all", "", "All"))),
        prompt("d", "How far?", PickEntry(options=choices("Not at all", "", "All"))),
        *statements("e"),
        prompt("f", "Which?", MEDIA._replace(min_count=0)),
        *statements("g"),
    )
    said = conduct(*script, lines=("3", "1, 4", "3", "2", ".refused", ""), brief=brief)
    assert [part.partition("\n")[0] for part in said[1:7]] == [
        "= Disagree", "= Television, The internet", "= All", "Statement e.", "= Refused", "Statement g.",
    ]  # fmt: skip


def test_a_case_is_one_line_with_its_number_and_then_what_the_call_needs() -> None:
    said = work(FakeStation())[0]
    assert said.partition("[.help lists what can be typed]\n")[2] == (
        "[El Paso Sector EP-07, (915) 555-0122, landline, attempt 3 of 8]\n"
        "[10:42 there, until 20:30]\n"
        "[Ask for: the supervisor]\n"
        "[Kind: Sector, Region: Central]\n"
        "[1 other number: .next]\n"
        '[Tue 24 Nov 09:10: callback asked: "Thursday morning", by Pat, note: use direct line]\n'
        "1  No answer\n2  Busy\n3  Machine, no message\n4  Machine, message left\n5  Not working or disconnected\n"
        "6  Wrong number\n7  Respondent refuses (soft)\n8  Call back, no time given\n"
        "[.outcomes lists the others]\n"
    )


def test_notes_of_earlier_calls_are_said_and_what_hinders_a_call() -> None:
    case = a_case(
        "A",
        "A",
        history=(past(3, 9, "busy", note="deaf"), past(2, 9, "busy"), past(1, 9, "no answer")),
        numbers=(
            a_number(
                1, "111", current=True, by_hand=True, line="unknown", why_not="after 20:30 there"
            ),
        ),
        respondent_time=None,
        notice="Her language is Polish.",
    )
    said = work(FakeStation([case]))[0]
    assert (
        "[A, 111, dial by hand, not now: after 20:30 there, attempt 3 of 8]\n[Her language is Polish.]\n"
        in said
    )
    assert "[time there unknown]\n" in said
    assert "busy, by Pat, note: deaf]\n[Mon 23 Nov 09:10: no answer, by Pat]\n" in said
    assert "other number" not in said
    assert "[A, no number, attempt" in work(FakeStation([replace(case, numbers=())]))[0]


def test_outcomes_are_listed_once_per_shift_and_again_when_asked_for() -> None:
    other = a_case("B", "B")
    other = replace(other, main_outcomes=(*other.main_outcomes[:2], other.other_outcomes[0][1][0]))
    said = work(
        FakeStation([a_case("A", "A"), other, a_case("C", "C")]),
        ".dial",
        "1",
        ".dial",
        "2",
        ".outcomes",
    )
    assert said[2].endswith("use direct line]\n11  Call blocked or screened\n"), (
        "only what was not listed yet"
    )
    assert said[4].endswith("use direct line]\n")
    assert said[5].startswith("1  No answer [no_answer]\n")


def test_again_says_everything_about_the_case() -> None:
    again = work(FakeStation(), ".again")[1]
    assert "[Case: El Paso Sector, EP-07, attempt 3 of 8]\n" in again
    assert "[Number 2: (915) 555-0177, mobile, dial by hand]\n" in again
    assert "1  No answer [no_answer]\n" in again


def test_what_can_be_typed_is_said_once_per_shift() -> None:
    said = work(
        FakeStation(),
        "7",
        "she",
        "no time",
        "2",
        "y",
        "7",
        "",
        "",
        "",
        "y",
        ".appointment tomorrow 3pm",
        "",
    )
    asked = [part.splitlines()[-1] for part in said[:-1]]
    assert asked[1] == "[who refused? (Enter if not known; .drop cancels)]"
    assert asked[6:9] == ["[who refused?]", "[the reason that was given?]", "[how strong?]"]
    assert asked[11].startswith("[Enter books it; or who calls? (1 anyone, 2 only me, 3 me first")


def test_it_is_switched_during_a_shift_and_holds_in_its_interviews() -> None:
    said = work(FakeStation(), ".brief", ".dial", ".interview", "2", brief=False)
    assert said[1] == "[brief mode: what was said is not repeated]\n"
    assert said[2] == "= dial (915) 555-0122\n"
    assert said[3].startswith("[Chicago District, Survey of Anti-Smuggling Units]\n")
    assert "[Case: El Paso Sector" in said[0]


def test_a_note_typed_in_brief_mode_is_kept() -> None:
    station = FakeStation()
    work(station, ".note ring twice")
    assert "remark EP-07 ring twice" in station.calls
