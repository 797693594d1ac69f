"""The plain interface of a station: what a line does, what is printed, and what is due when the lines end."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support.fake_station import FakeStation, a_case, a_number, an_appointment, three_cases
from survey_cli.plain import EXIT_ENDED, EXIT_SUSPENDED, run_station
from survey_cli.sessions.station.station_commands import STATION_COMMANDS
from survey_cli.sessions.station.step import Step


class Closed(io.StringIO):
    """An output that is closed after so many characters."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._after = after

    def write(self, text: str) -> int:
        if self.tell() > self._after:
            raise BrokenPipeError
        return super().write(text)


def worked(calling: FakeStation, *lines: str) -> tuple[int, str, str]:
    """Exit code, what was printed and what was said beside it, after these lines and the end of input."""
    write, errors = io.StringIO(), io.StringIO()
    code = run_station(calling, io.StringIO("".join(f"{line}\n" for line in lines)), write, errors)
    return code, write.getvalue(), errors.getvalue()


def done(calling: FakeStation) -> list[str]:
    """What was asked of the desk after the first case was taken, the end left out."""
    return [call for call in calling.calls[1:] if call != "leave"]


def test_a_case_is_said_in_labelled_lines() -> None:
    _, said, _ = worked(FakeStation())
    for line in (
        "[Case: El Paso Sector, EP-07, attempt 3 of 8]",
        "[Kind: Sector]",
        "[Number 1, current: (915) 555-0122, landline]",
        "[Number 2: (915) 555-0177, mobile, dial by hand]",
        "[Clock: 10:42 there, 11:42 here, call until 20:30 there]",
        "[Ask for: the supervisor]",
        "[Mon 23 Nov 14:10: no answer, by Pat]",
        "1  No answer [no_answer]",
    ):
        assert f"\n{line}\n" in said


def test_the_end_of_the_shift_and_the_end_of_input_both_end_well() -> None:
    for lines in ((".leave", "1"), ()):
        calling = FakeStation()
        code, _, errors = worked(calling, *lines)
        assert (code, errors) == (EXIT_ENDED, "")
        assert calling.calls == ["take_next", "leave"]


def test_after_a_call_a_note_goes_to_its_case_and_enter_goes_on() -> None:
    calling = FakeStation(wrapup=True)
    _, said, _ = worked(calling, "2", "y", ".note sounded rushed", "3", "")
    assert "[El Paso Sector: busy]\n[After the call: .note TEXT adds a note" in said
    assert "! .note, .back, or Enter to continue" in said, (
        "no outcome is keyed for a case that is closed"
    )
    assert done(calling) == ["record EP-07 busy", "remark EP-07 sounded rushed", "end_wrapup"]
    assert "[Case: Chicago District" in said.split("Enter to continue")[-1]


def test_enter_without_a_case_shows_the_case_that_has_come_meanwhile() -> None:
    calling = FakeStation([], due=a_case("LATE", "Late Sector"))
    _, said, _ = worked(calling, "", ".dial")
    assert "\n!" not in said
    assert done(calling) == ["dial LATE"]


def test_the_outcome_can_be_taken_back_before_the_next_case_comes() -> None:
    calling = FakeStation(wrapup=True)
    _, said, _ = worked(calling, "2", "y", ".back")
    assert done(calling) == ["record EP-07 busy", "take_back EP-07"]
    assert said.count("[Case: El Paso Sector") == 2


def test_a_break_has_its_reason() -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, ".pause lunch", ".pause")
    assert done(calling) == ["pause lunch", "go_on"]
    assert "[On a break: lunch]" in said
    assert "says why" not in said


def test_the_reason_of_a_break_can_be_given_after_its_start() -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, ".pause", ".pause technical")
    assert done(calling) == ["pause", "pause technical"]
    assert "[.pause with a reason says why: lunch, pause, technical, briefing]" in said
    assert "[On a break: technical]" in said


def test_what_simulated_respondents_say_is_printed_as_heard() -> None:
    calling = FakeStation(practice=True, spoken="“Hello?”")
    calling.conduct.spoken = "“Disagree.”"
    _, said, _ = worked(calling, ".dial", ".interview", "2")
    assert "[PRACTICE: the respondents are simulated; no number is dialed]" in said
    assert said.count("[heard: “Hello?”]") == 1
    assert "[heard: “Disagree.”]" in said
    _, said, _ = worked(FakeStation(), ".dial", ".interview", "2")
    assert "heard" not in said
    assert "PRACTICE" not in said


def test_an_appointment_that_is_due_is_announced_once() -> None:
    calling = FakeStation(due_appointment=an_appointment(is_late=True))
    _, said, _ = worked(calling, ".faq", ".faq", "2", "y")
    assert said.count("= Appointment in 180 minutes: Detroit District, ") == 1
    assert ": .fetch DT-02" in said


def test_what_is_owed_when_the_input_ends_is_said_on_stderr() -> None:
    calling = FakeStation(rejects={"leave": "key the outcome of the call to (915) 555-0122 first"})
    code, _, errors = worked(calling, ".dial", ".leave")
    assert code == EXIT_SUSPENDED
    assert "key the outcome of the call to (915) 555-0122 first" in errors


@pytest.mark.parametrize("typed", ["2", "busy"])
def test_an_outcome_goes_by_its_number_or_its_id(typed: str) -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, ".dial", typed)
    assert done(calling) == ["dial EP-07", "record EP-07 busy"]
    assert "= dial (915) 555-0122\n" in said
    assert "= Busy: kept at 11:43\n[Case: Chicago District" in said


def test_an_outcome_without_a_call_is_asked_about() -> None:
    calling = FakeStation()
    worked(calling, "1", "", "1", "1", "1", "y")
    assert done(calling) == ["record EP-07 no_answer"], "only y is yes"
    calling = FakeStation()
    worked(calling, "1", ".dial", "1")
    assert done(calling) == ["dial EP-07", "record EP-07 no_answer"], "a command is done"


def test_outcomes_beyond_the_first_have_numbers_that_go_on() -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, ".dial", ".outcomes")
    number = next(line.split()[0] for line in said.splitlines() if line.endswith("[fax]"))
    assert int(number) > 8
    worked(calling := FakeStation(), ".dial", number)
    assert done(calling)[-1] == "record EP-07 fax"


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (("supervisor asks for a letter",), "record EP-07 supervisor asks for a letter"),
        (("supervisor", "asks for a letter"), "record EP-07 supervisor asks for a letter"),
        (("changed", "915 555 0123"), "record EP-07 changed 915 555 0123"),
        (("language pl",), "record EP-07 language pl"),
        (("never_call", "y"), "record EP-07 never_call"),
    ],
)
def test_what_an_outcome_wants_is_asked_or_typed_behind_it(
    lines: tuple[str, ...], kept: str
) -> None:
    calling = FakeStation()
    worked(calling, *lines)
    assert done(calling) == [kept]


@pytest.mark.parametrize(
    "lines",
    [
        ("supervisor", ""),
        ("never_call", "n"),
        ("changed", ".help"),
        ("appointment", ""),
        ("7", "she", ".drop"),
    ],
)
def test_what_is_given_up_keys_nothing(lines: tuple[str, ...]) -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, *lines)
    assert done(calling) == []
    assert "[not done]" in said


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (("7", "her husband", "no time", "2"), ["note_refusal EP-07 her husband|no time|2"]),
        (("refusal_soft", "", "no time", ""), ["note_refusal EP-07 |no time|0"]),
        (("7", "", "", "4", "soon", "3"), ["note_refusal EP-07 ||3"]),
        (("7", "", "", ""), []),
        (("7 no time",), ["note_refusal EP-07 |no time|0"]),
        ((".refusal_soft no time",), ["note_refusal EP-07 |no time|0"]),
    ],
)
def test_a_refusal_is_told_line_by_line_or_on_its_own_line(
    lines: tuple[str, ...], kept: list[str]
) -> None:
    calling = FakeStation()
    worked(calling, ".dial", *lines)
    assert done(calling) == ["dial EP-07", *kept, "record EP-07 refusal_soft"]


def test_a_grave_refusal_is_told_and_then_asked_about() -> None:
    calling = FakeStation()
    worked(
        calling,
        ".dial",
        "refusal_hard",
        "",
        "never",
        "3",
        "n",
        "refusal_hard",
        "",
        "never",
        "3",
        "y",
    )
    assert done(calling) == [
        "dial EP-07",
        "note_refusal EP-07 |never|3",
        "record EP-07 refusal_hard",
    ]


def test_a_refusal_that_cannot_be_noted_is_not_keyed() -> None:
    calling = FakeStation(rejects={"note_refusal": "the database is locked"})
    _, said, _ = worked(calling, ".dial", "7 no time")
    assert done(calling) == ["dial EP-07"]
    assert "! the database is locked\n" in said


def test_an_appointment_says_what_it_understood_and_asks_for_the_rest() -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, ".appointment tomorrow 3pm", "3", "Ms Reyes", "direct line")
    assert "= Wed 25 Nov 15:00 there · 16:00 here, in 1 day\n" in said
    assert done(calling) == ["book EP-07 tomorrow 3pm|0|me_first|Ms Reyes|direct line"]


def test_a_time_that_comes_twice_is_chosen_between_and_one_that_is_none_is_said() -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, ".appointment 1 nov 1:30", "2", "", "", "", ".appointment soon")
    assert "1  1:30 before the change\n2  1:30 after the change\n" in said
    assert done(calling) == ["book EP-07 1 nov 1:30|2|anyone||"]
    assert "! soon is no time yet\n" in said


def test_a_slip_in_an_appointment_is_asked_about_again() -> None:
    """The time, which of two it is, and who calls: the next line is another answer, and no outcome."""
    calling = FakeStation()
    _, said, _ = worked(calling, ".appointment soon", "1 nov 1:30", "7", "1", "nobody", "2", "", "")
    assert "! soon is no time yet\n" in said
    assert "! 7 is not one of them\n" in said
    assert "! nobody is not one of them\n" in said
    assert done(calling) == ["book EP-07 1 nov 1:30|1|me||"]


def test_dot_words_do_what_they_say() -> None:
    calling = FakeStation(appointments=(an_appointment(is_late=True),))
    _, said, _ = worked(
        calling, ".next", ".number 1", ".add 915 5", ".note ring twice", ".scripts", ".scripts gatekeeper", ".faq",
        ".find 313", ".appointments", ".fetch DT-02", ".finish", ".pause", "1", ".pause",
    )  # fmt: skip
    assert done(calling) == [
        "choose EP-07 2", "choose EP-07 1", "add_number EP-07 915 5", "remark EP-07 ring twice",
        "spoke EP-07 gatekeeper", "fetch DT-02", "finish DT-02", "pause", "go_on",
    ]  # fmt: skip
    assert "[Number 2, current: (915) 555-0177" in said
    assert "\nMay I speak with the supervisor?\n" in said, "what is spoken stands bare"
    assert "\nThe Office of the Inspector General.\n" in said
    assert "[Detroit District, (313) 555-0122, waiting: 3h after busy: .fetch DT-02]" in said
    assert "[LATE, Tue 24 Nov 14:42 here" in said
    assert "! .pause resumes calling\n" in said


def test_an_outcome_keyed_by_a_slip_is_taken_back() -> None:
    calling = FakeStation()
    _, said, _ = worked(calling, ".dial", "1", ".back", "2")
    assert done(calling) == [
        "dial EP-07",
        "record EP-07 no_answer",
        "take_back EP-07",
        "record EP-07 busy",
    ]
    assert said.count("[Case: El Paso Sector") == 2


def test_every_dot_word_of_the_help_is_known() -> None:
    _, said, _ = worked(FakeStation(), ".help")
    for command in STATION_COMMANDS:
        assert f"[{command}  {command.help}]" in said
        answered = worked(FakeStation(), f".{command.name}", "")[1]
        assert "is not a command here" not in answered, command.name
    assert "! .dail is not a command here: did you mean .dial?" in worked(FakeStation(), ".dail")[1]
    assert "! it is typed as .note TEXT" in worked(FakeStation(), ".note")[1]


def test_without_a_case_words_about_one_say_so_and_enter_looks_again() -> None:
    calling = FakeStation([])
    _, said, _ = worked(calling, ".dial", "1", "")
    assert "[Nobody can be called just now: all 12 open cases are waiting]\n[Next: 13:42]" in said
    assert said.count("! there is no case") == 2
    assert calling.calls == ["take_next", "take_next", "leave"]


def test_a_line_typed_for_another_state_than_what_came_is_set_aside() -> None:
    calling = FakeStation([], due=replace(a_case("LATE", "Late Sector"), has_open_call=True))
    _, said, _ = worked(calling, "1", "1")
    assert "your line was not used" in said
    assert done(calling) == ["record LATE no_answer"], (
        "the second line was typed with the case in sight"
    )


def test_the_interview_runs_as_it_is_and_comes_back() -> None:
    calling = FakeStation()
    code, said, _ = worked(calling, ".interview", "2", "40", "", "", ".dial")
    assert code == EXIT_ENDED
    assert calling.conduct.given == [("q1", "2"), ("q2", "40"), ("bye", "")]
    assert calling.conduct.calls == ["complete"]
    assert done(calling) == ["interview EP-07", "came_back EP-07 ended", "dial CH-01"]
    assert said.index("[Ended: Complete]") < said.index("[Case: Chicago District")


def test_input_that_ends_in_the_interview_puts_it_aside_and_says_what_is_owed() -> None:
    calling = FakeStation(rejects={"leave": "key the outcome of the call first"})
    code, said, errors = worked(calling, ".interview", "2")
    assert done(calling) == ["interview EP-07", "came_back EP-07 suspended"]
    assert code == EXIT_SUSPENDED
    assert "key the outcome of the call first" in errors
    assert "not finished: key the outcome" not in said, "nobody is there to key it"


def test_an_outcome_after_an_interview_put_aside_asks_nothing_more() -> None:
    calling = FakeStation()
    worked(calling, ".interview", ".suspend", "8")
    assert done(calling)[-1] == "record EP-07 callback"


def test_output_that_closes_ends_the_shift_and_the_interview_in_it() -> None:
    in_the_interview = worked(FakeStation(), ".interview", "2")[1].index("How many hours?")
    calling = FakeStation()
    errors = io.StringIO()
    assert (
        run_station(calling, io.StringIO(".interview\n2\n40\n"), Closed(in_the_interview), errors)
        == EXIT_ENDED
    )
    assert calling.calls == ["take_next", "interview EP-07", "came_back EP-07 suspended", "leave"]
    assert errors.getvalue() == ""


def test_numbers_that_may_not_be_dialled_say_why() -> None:
    numbers = (
        a_number(1, "111", current=True, why_not="after 20:30 there"),
        a_number(2, "222", state="never_call"),
    )
    _, said, _ = worked(
        FakeStation([a_case("A", "A", numbers=numbers, respondent_time=None, callable_until=None)]),
        ".next",
    )
    assert "[Number 1, current: 111, landline, not now: after 20:30 there]" in said
    assert "[Number 2: 222, landline, never to be called]" in said
    assert "their local time is not known" in said
    assert "! the case has no other number that can be called" in said


def test_the_only_number_of_a_case_is_not_counted() -> None:
    case = a_case("A", "A", numbers=(a_number(1, "111", current=True, line="unknown"),))
    _, said, _ = worked(FakeStation([case]), ".dial", ".again")
    assert "[Number: 111]\n" in said
    assert said.count("[Number: 111") == 2, "the answer to .dial says it was dialed"
    assert "[Number: 111, dialed]\n" in said


def test_what_has_changed_at_the_numbers_is_said() -> None:
    class TwoNumbers(FakeStation):
        def record_outcome(self, outcome: str, **more: str) -> Step:
            numbers = self._case().numbers
            busy = replace(numbers[0], current=False, outcome=outcome)
            self.now = replace(
                self._case(), numbers=(busy, replace(numbers[1], current=True)), has_open_call=False
            )
            return self._step()

    _, said, _ = worked(TwoNumbers(), ".dial", "2", ".number 1")
    after = said.split("> \n")
    assert after[1] == "= dial (915) 555-0122\n"
    assert after[2] == (
        "[Number 1: (915) 555-0122, landline, busy]\n[Number 2, current: (915) 555-0177, mobile, dial by hand]\n"
    )
    assert after[3] == "[Number 1, current: (915) 555-0122, landline, busy]\n"


def test_an_appointment_of_a_case_without_a_name_says_its_key_once() -> None:
    appointments = (an_appointment(key="DT-02", name="DT-02"),)
    assert (
        ", DT-02, 15:42 there, me first, "
        in worked(FakeStation(appointments=appointments), ".appointments")[1]
    )


def test_lines_through_a_real_pipe() -> None:
    here = Path(__file__).parents[1]
    program = (
        f"import sys; sys.path[:0] = {[str(here), str(here.parent)]!r}\n"
        "from support.fake_station import FakeStation\nfrom survey_cli.plain import run_station\n"
        "sys.exit(run_station(FakeStation(), sys.stdin, sys.stdout, sys.stderr))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        input=b".dial\n\xff\n1\n.leave\n",
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0
    assert b"is not text in this terminal's encoding" in ran.stdout
    assert b"= No answer: kept" in ran.stdout
    assert ran.stderr == b""


def test_all_cases_can_be_closed_in_one_go() -> None:
    calling = FakeStation()
    worked(calling, *([".dial", "1"] * len(three_cases())))
    assert [c for c in done(calling) if c.startswith("record")] == [
        "record EP-07 no_answer", "record CH-01 no_answer", "record DT-02 no_answer",
    ]  # fmt: skip
