"""Lines with roles: what they say, and that every interface draws all of it."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from support.fake_interview import DK, FakeInterview, choices, every_kind, prompt, words
from support.fake_station import FakeStation, a_case, a_number, an_appointment
from support.screens import calling, interviewing
from survey_cli.entries import (
    EarlierAnswer,
    LineEntry,
    OfferedOption,
    PickEntry,
    Prompt,
    Query,
    VerbatimEntry,
)
from survey_cli.outcomes import OUTCOMES
from survey_cli.plain import conduct_interview, run_station
from survey_cli.sessions.interview.interview_session import InterviewResult
from survey_cli.sessions.lines import interview_lines, question_lines, station_lines
from survey_cli.sessions.lines.line import Line, Role
from survey_cli.sessions.station import station_questions as questions
from survey_cli.sessions.station.station_commands import COMMANDS_BY_NAME
from survey_cli.tui.station.pages import STATION_KEYS, build_key_help
from survey_cli.tui.station.panels import REFUSAL_FIELDS
from survey_cli.values import Place

SHOWN_BY_BOTH = (
    Role.TURN,
    Role.SPOKEN,
    Role.OWN,
    Role.OPTION,
    Role.UNREAD_OPTION,
    Role.UNIT,
    Role.INSTRUCTION,
    Role.PROBE,
)
"""Roles whose lines every interface shows whole; the full screen says the others with its header and its key bar."""
CARD = prompt(
    "card",
    "Do you have a library card?",
    PickEntry(
        options=(
            *choices("Yes", "No"),
            OfferedOption(code=9, text=words("Has applied for one"), read=False),
        )
    ),
    instruction=words("Any library counts."),
)._replace(declines=(DK,))


def test_the_example_of_the_docstring_is_a_whole_interface() -> None:
    signs = {Role.INSTRUCTION: "Interviewer: ", Role.PROBE: "Probe: ", Role.QUERY: "? "}
    printed = []
    for line in question_lines.build_question_lines(CARD):
        parts = [line.key, line.plain_text, *line.remarks]
        printed.append(signs.get(line.role, "") + "  ".join(part for part in parts if part))
    assert printed == [
        "Do you have a library card?",
        "1  Yes",
        "2  No",
        "9  Has applied for one  don't read",
        "Interviewer: Any library counts.",
        ".dk  Don't know",
    ]
    assert Line.__doc__ is not None
    documented = [line.strip().casefold() for line in Line.__doc__.splitlines()]
    assert [line for line in printed if line.casefold() not in documented] == []


def _list_words(prompt: Prompt) -> Iterator[str]:
    """List the words of a question that both interfaces must show."""
    for line in question_lines.build_question_lines(prompt):
        if line.role in SHOWN_BY_BOTH:
            for span in line.text:
                yield from span.text.split()
            yield from line.key.split()
            yield from " ".join(line.remarks).split()


@pytest.mark.parametrize("shown", every_kind(), ids=lambda shown: str(shown.place))
def test_both_interfaces_show_every_word_of_a_question(shown: Prompt) -> None:
    write = io.StringIO()
    conduct_interview(FakeInterview((shown,)), io.StringIO(""), write)  # type: ignore[arg-type]
    missing = [word for word in _list_words(shown) if word not in write.getvalue()]
    assert missing == []

    with interviewing(FakeInterview((shown,)), size=(100, 50)) as hands:
        screen = hands.text()
    missing = [word for word in _list_words(shown) if word not in screen]
    assert missing == []


def test_an_option_that_clears_the_others_and_is_not_read_has_both_remarks() -> None:
    option = OfferedOption(code=9, text=words("None of these"), read=False, exclusive=True)
    line = question_lines.build_option_line(option, several=True)
    assert line.role is Role.UNREAD_OPTION
    assert line.remarks == ("don't read", "alone")
    only = question_lines.build_option_line(option, several=False)
    assert only.remarks == ("don't read",), "where one is chosen, every option is alone"


@pytest.mark.parametrize(
    ("earlier", "text", "action"),
    [
        (EarlierAnswer("3 Disagree"), "was 3 Disagree", "Enter keeps"),
        (EarlierAnswer("Ann", kind="prefill"), "already here: Ann", "Enter takes it"),
        (
            EarlierAnswer("30", kind="reopened"),
            "was 30, which no longer fits: ask again",
            "",
        ),
    ],
)
def test_what_enter_does_with_an_earlier_answer(
    earlier: EarlierAnswer, text: str, action: str
) -> None:
    line = question_lines.build_earlier_line(earlier)
    assert (line.plain_text, line.action) == (text, action)


def test_only_a_read_back_is_read_aloud() -> None:
    doubt = Query(text=words("A week has 168 hours."), places=(Place("days"),))
    roles = [line.role for line in question_lines.build_query_lines(doubt)]
    assert roles == [Role.QUERY, Role.ACTION, Role.ACTION]
    lines = question_lines.build_query_lines(doubt._replace(aloud=True, places=()))
    assert [line.role for line in lines] == [Role.READ_BACK, Role.ACTION]


def test_a_hint_says_what_the_options_do_not() -> None:
    several = PickEntry(options=choices("A", "B"), several=True, min_count=0, max_count=2)
    line = question_lines.build_hint_line(prompt("a", "Which?", several))
    assert line is not None
    assert line.plain_text == "any of these, blanks between, at most 2; Enter alone for none"
    assert line.short == "several, at most 2; Enter alone for none"

    hours = LineEntry(kind="number", hint="0 to 168", unit="hours")
    line = question_lines.build_hint_line(prompt("h", "How many?", hours))
    assert line is not None
    assert (line.plain_text, line.short) == ("0 to 168 hours", None)
    assert question_lines.build_hint_line(CARD) is None


def test_a_draft_is_sent_by_enter_unless_enter_keeps_an_answer() -> None:
    first = prompt("why", "Why?", VerbatimEntry())
    again = first._replace(earlier=EarlierAnswer("because"))
    assert question_lines.build_draft_line("it", first).action == "Enter keeps it"
    assert question_lines.build_draft_line("it", again).action == ""


def _end(status: str, **more: object) -> list[str]:
    took = timedelta(minutes=3, seconds=12)
    result = InterviewResult(status, None, 5, took, "responses/small.db")
    lines = interview_lines.build_result_lines(result._replace(**more))  # type: ignore[arg-type]
    return [line.plain_text for line in lines]


def test_how_an_interview_ended_is_said_in_one_way() -> None:
    complete = OUTCOMES["complete"]
    stored = ["5 answers in 3 minutes 12 seconds", "stored in responses/small.db"]
    assert _end("ended", outcome=complete) == [f"Ended: {complete.name}", *stored]
    assert _end("suspended")[0] == "Suspended: it can be resumed at the same question"
    assert _end("lost", remark="station 2 has it") == [
        "Left: this station no longer has the case",
        *stored,
        "station 2 has it",
    ]
    withdrawn = _end("stopped", erased=True)
    assert withdrawn == ["Stopped", "0 answers stored: all are erased"]


# A station


def test_a_number_says_what_is_known_of_it_and_why_it_is_not_dialed() -> None:
    number = a_number(1, "111", current=True, line="mobile", by_hand=True, why_not="after 20:30")
    dead = a_number(2, "222", state="dead")
    case = a_case("A", "Ann", numbers=(number, dead))
    line = station_lines.build_number_line(number, case)
    assert line.role is Role.NUMBER
    assert line.remarks == ("mobile", "dial by hand")
    assert line.note == "not now: after 20:30"

    dialed = station_lines.build_number_line(number, replace(case, has_open_call=True))
    assert dialed.role is Role.DIALED_NUMBER
    assert dialed.remarks == (*line.remarks, "dialed")

    line = station_lines.build_number_line(dead, case)
    assert line.role is Role.CLOSED_NUMBER
    assert line.remarks == ("landline", "dead")


def test_a_case_without_a_number_says_so() -> None:
    lines = station_lines.build_case_lines(a_case("A", "Ann", numbers=()))
    texts = [line.plain_text for line in lines if line.role is Role.NUMBER]
    assert texts == ["no number that can be dialed"]


def test_both_clocks_have_a_day_only_if_it_is_another_one() -> None:
    case = a_case("A", "Ann")
    assert case.respondent_time is not None
    line = station_lines.build_clock_line(case)
    assert (line.plain_text, line.remarks) == ("10:42 there", ("11:42 here",))
    tomorrow = replace(case, respondent_time=case.respondent_time + timedelta(days=1))
    line = station_lines.build_clock_line(tomorrow)
    assert (line.plain_text, line.remarks) == ("Wed 10:42 there", ("Tue 11:42 here",))
    unknown = station_lines.build_clock_line(replace(case, respondent_time=None))
    assert unknown.note == "their local time is not known"


def test_both_interfaces_show_what_is_known_of_a_case() -> None:
    case = a_case("A", "Ann Other", notice="She hung up.")
    words = []
    for line in station_lines.build_case_lines(case):
        if line.role is not Role.ACTION:
            parts = (line.plain_text, line.label.strip(), line.note, *line.remarks)
            words += [word for part in parts for word in part.split()]

    write = io.StringIO()
    run_station(FakeStation([case]), io.StringIO(""), write)  # type: ignore[arg-type]
    missing = [word for word in words if word not in write.getvalue()]
    assert missing == []

    with calling(FakeStation([case]), size=(100, 50)) as hands:
        screen = hands.text()
    missing = [word for word in words if word not in screen]
    assert missing == []


def test_every_key_of_a_station_has_the_words_of_its_command() -> None:
    own = {"outcomes", "case", "leave", "palette", "help"}
    for key in STATION_KEYS:
        if key.action not in own:
            assert key.does == COMMANDS_BY_NAME[key.action].does
    help_text = build_key_help()
    assert ".fetch KEY" in help_text


def test_both_interfaces_ask_the_same_about_a_refusal() -> None:
    assert [field.choices for field in REFUSAL_FIELDS if field.choices] == [
        questions.REFUSAL_STRENGTH.choices
    ]
    write = io.StringIO()
    lines = ".dial\n7\nann\nno time\n2\n"
    run_station(FakeStation(), io.StringIO(lines), write)  # type: ignore[arg-type]
    assert "[who refused? (Enter if not known; .drop cancels)]" in write.getvalue()
    for number, strength in enumerate(questions.REFUSAL_STRENGTH.choices, 1):
        assert f"{number} {strength}" in write.getvalue()


def test_both_interfaces_say_the_same_of_a_due_appointment() -> None:
    due = an_appointment(name="Blaine Sector")
    line = station_lines.build_due_line(due, due.station_time - timedelta(minutes=3))
    assert (line.label, line.action) == ("Appointment in 3 minutes", ".fetch DT-02")

    station = FakeStation(due_appointment=due)
    write = io.StringIO()
    run_station(station, io.StringIO(""), write)  # type: ignore[arg-type]
    line = station_lines.build_due_line(due, station.look().view.station_time)
    said = f"{line.label}: {line.plain_text}"
    assert f"= {said}: .fetch DT-02\n" in write.getvalue()
    with calling(FakeStation(due_appointment=due), size=(100, 50)) as hands:
        assert said in hands.text()


def test_both_interfaces_list_the_same_ways_to_stop() -> None:
    session = FakeInterview(every_kind())
    lines = [interview_lines.build_stop_line(stop) for stop in session.list_stop_outcomes()]
    write = io.StringIO()
    conduct_interview(session, io.StringIO(".stop\n"), write)
    with interviewing(FakeInterview(every_kind()), "f8") as hands:
        screen = hands.text()
    for line in lines:
        words = f"{line.label}: {line.plain_text}"
        assert words in write.getvalue()
        assert words in screen
    assert {line.label for line in lines} == {"Stop here", "End"}
