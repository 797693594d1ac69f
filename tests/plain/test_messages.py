"""A station on a text page: which messages arrive, and that no entry is taken twice or for something else."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from support.fake_interview import FAQ, FakeInterview, choices, every_kind, prompt, words
from support.fake_station import FakeStation, a_case, an_appointment
from support.text_page import TextPage
from survey_cli.entries import LineEntry, PickEntry, Query, ReadEntry, VerbatimEntry
from survey_cli.plain import EXIT_ENDED, EXIT_SUSPENDED, messages, run_text_page

YES_NO = PickEntry(options=choices("Yes", "No"))


@pytest.fixture(autouse=True)
def news_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "NEWS_SECONDS", 0.05)


class Seats:
    def __init__(self) -> None:
        self.pages: list[TextPage] = []

    def open(self, station: FakeStation, *, brief: bool = False) -> TextPage:
        page = TextPage(lambda connection: run_text_page(station, connection, brief=brief))  # type: ignore[arg-type]
        self.pages.append(page)
        page.wait_for("ask")
        return page


@pytest.fixture
def seats() -> Iterator[Seats]:
    opened = Seats()
    yield opened
    for page in opened.pages:
        page.close()


def conduct(*prompts: object) -> FakeStation:
    """A station whose first case is interviewed with these prompts."""
    return FakeStation(conduct=FakeInterview(prompts))  # type: ignore[arg-type]


def test_a_case_arrives_with_its_roles_and_its_choices(seats: Seats) -> None:
    page = seats.open(FakeStation())

    assert page.say("case") == ["Case: El Paso Sector, EP-07, attempt 3 of 8"]
    assert page.say("number") == ["Number 1, current: (915) 555-0122, landline"]
    assert page.ask["label"] == "El Paso Sector: command or outcome"
    typed = [choice["typed"] for choice in page.ask["answers"]]
    assert typed[:3] == [".dial", ".interview", "1"]
    commands = {choice["typed"]: choice for choice in page.ask["commands"]}
    assert commands[".note"]["needs_words"]
    assert "needs_words" not in commands[".pause"]


def test_the_readings_of_an_ambiguous_time_are_choices(seats: Seats) -> None:
    page = seats.open(FakeStation())
    page.answer(".appointment 1 nov 1:30")
    answers = [(choice["typed"], choice["text"]) for choice in page.ask["answers"]]
    assert answers == [
        ("1", "1:30 before the change"),
        ("2", "1:30 after the change"),
        (".drop", "Cancel"),
    ]
    assert page.say("option")[-2:] == ["1 | 1:30 before the change", "2 | 1:30 after the change"]


def test_a_question_is_structured(seats: Seats) -> None:
    page = seats.open(
        conduct(
            prompt(
                "q6",
                "Do you **really** agree?",
                YES_NO,
                section="Mission",
                instruction=words("Read slowly."),
                languages=("en", "es"),
                faq=FAQ,
            )
        )
    )
    page.answer(".interview", ".lang es")

    by_role = {line["role"]: line for line in page.lines.values()}
    assert by_role["spoken"]["words"] == [["Do you ", False], ["really", True], [" agree?", False]]
    assert by_role["spoken"]["language"] == "es"
    assert "label" not in by_role["spoken"], "what is read aloud begins with no word"
    assert by_role["instruction"]["label"] == "Interviewer"
    assert page.say("option")[-2:] == ["1 | Yes", "2 | No"]
    assert page.say("decline")[-1] == "or Don't know, Refused"

    assert page.ask["label"] == "Do you really agree?"
    assert page.ask["kind"] == "code"
    answers = [(c["typed"], c["text"], c.get("is_complete", False)) for c in page.ask["answers"]]
    assert answers == [
        ("1", "Yes", True),
        ("2", "No", True),
        (".dk", "Don't know", False),
        (".refused", "Refused", False),
    ]
    commands = [choice["typed"] for choice in page.ask["commands"]]
    assert {".lang", ".faq", ".stop", ".help"} < set(commands)
    assert not {".back", ".front", ".ok"} & set(commands), "nothing was asked before"


@pytest.mark.parametrize("asked", every_kind(), ids=lambda asked: str(asked.place))
def test_every_kind_of_question_can_be_answered_without_a_keyboard(
    seats: Seats, asked: object
) -> None:
    """Either a choice goes on, or words must be typed."""
    page = seats.open(conduct(asked))
    page.answer(".interview")
    kinds_of_words = ("number", "words", "text")
    assert page.ask["answers"] or page.ask["kind"] in kinds_of_words


def test_an_answer_is_questioned_and_confirmed(seats: Seats) -> None:
    query = Query(words("99 hours is much. Is that right?"))
    page = seats.open(conduct(prompt("hours", "How many?", LineEntry(kind="number"), query=query)))
    page.answer(".interview")

    assert page.say("query") == ["Please confirm | 99 hours is much. Is that right?"]
    assert page.ask["answers"][0] == {"typed": ".ok", "text": "Confirm"}
    page.answer("")
    assert page.say("rejection") == ["Not accepted | press Confirm, or give another answer"]


def test_an_entry_is_taken_once(seats: Seats) -> None:
    station = conduct(prompt("q1", "One?", YES_NO), prompt("q2", "Two?", YES_NO))
    page = seats.open(station)
    page.answer(".interview")
    first = {"seat": page.ask["seat"], "ask": page.ask["ask"]}
    page.answer("1")

    # A page that doesn't know whether its entry arrived might send it again.
    page.send(type="entry", text="1", **first)
    assert page.wait_for("unused")["ask"] == first["ask"]
    assert [str(place) for place, _ in station.conduct.given] == ["q1"]


def test_an_entry_for_another_seat_is_not_taken(seats: Seats) -> None:
    station = conduct(prompt("q1", "One?", YES_NO), prompt("q2", "Two?", YES_NO))
    page = seats.open(station)
    page.answer(".interview")
    page.enter("1", seat="a seat before this one")
    page.wait_for("unused")
    assert not station.conduct.given


def test_a_page_that_is_opened_again_gets_the_question_and_what_was_typed(seats: Seats) -> None:
    page = seats.open(conduct(prompt("q1", "One?", YES_NO), prompt("q2", "Two?", YES_NO)))
    page.answer(".interview", "1")
    page.send(type="typing", text="begun", seat=page.ask["seat"], ask=page.ask["ask"])
    known = dict(page.lines)
    page.lines.clear()
    before = page.ask

    page.send(type="attach")
    page.wait_for("lines")
    page.wait_for("ask")

    assert {"One?", "Two?"} <= set(page.say("spoken"))
    assert "Case: El Paso Sector, EP-07, attempt 3 of 8" not in page.say()
    assert all(known[number] == line for number, line in page.lines.items()), "the same numbers"
    assert page.ask == {**before, "text": "begun"}


def test_a_text_that_was_begun_in_another_seat_stands_in_the_field(seats: Seats) -> None:
    station = conduct(prompt("why", "Why?", VerbatimEntry()), prompt("q2", "Two?", YES_NO))
    station.conduct.drafts["why"] = "because of"
    page = seats.open(station)
    page.answer(".interview")
    assert page.ask["text"] == "because of"
    # the page itself says how a line is begun there, which isn't as in a terminal
    assert "hint" not in [line["role"] for line in page.lines.values()]

    # What is typed on is kept, so that it isn't lost with this seat either.
    page.send(type="typing", text="because of it", seat=page.ask["seat"], ask=page.ask["ask"])
    until = monotonic() + 5
    while station.conduct.drafts["why"] != "because of it":
        assert monotonic() < until
        sleep(0.02)
    page.enter("")
    page.wait_for("ask")
    assert station.conduct.given != [("why", "because of it")], "the field was emptied"

    page.send(type="typing", text="once more", seat=page.ask["seat"], ask=page.ask["ask"])
    sleep(0.2)
    page.close()
    assert station.conduct.drafts["why"] == "once more"


@pytest.mark.parametrize(("kind", "kept"), [("text", "Ba"), ("number", None)])
def test_a_line_of_text_is_kept_when_the_seat_ends_and_half_a_number_is_not(
    seats: Seats, kind: str, kept: str | None
) -> None:
    station = conduct(prompt("job", "What work?", LineEntry(kind=kind)))  # type: ignore[arg-type]
    page = seats.open(station)
    page.answer(".interview")
    page.send(type="typing", text="Ba", seat=page.ask["seat"], ask=page.ask["ask"])
    page.close()
    assert station.conduct.drafts.get("job") == kept
    if kept:
        again = conduct(prompt("job", "What work?", LineEntry(kind="text")))
        again.conduct.drafts["job"] = kept
        page = seats.open(again)
        page.answer(".interview")
        assert page.ask["text"] == kept
        page.answer("")
        assert again.conduct.given != [("job", kept)], "the field was emptied"


def test_nothing_on_the_page_has_the_name_of_an_item(seats: Seats) -> None:
    asked = prompt("name", "What is the name?", LineEntry(kind="text"), turn=2)
    asked = asked._replace(turn=words("person 2"))
    page = seats.open(conduct(prompt("n", "How many?", LineEntry(kind="number")), asked))
    page.answer(".interview", "2", ".note he laughed")
    assert page.ask["label"] == "person 2. What is the name?"
    page.answer(".jump")
    jumps = [choice["text"] for choice in page.ask["commands"][:2]]
    assert jumps == ["Jump to: How many?", "Jump to: What is the name?"]
    page.answer(".help", "Ann")
    assert "name#2" not in " ".join(page.say())


def test_an_enter_after_one_that_was_refused_completes_the_interview(
    seats: Seats, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(messages, "monotonic", lambda: now[0])
    station = conduct(prompt("q1", "One?", YES_NO))
    page = seats.open(station)
    page.answer(".interview", "1")
    now[0] += 0.9
    page.answer("")
    assert "right after the last key" in page.say("rejection")[-1]
    # a key held down, and then somebody who has read that
    now[0] += 0.1
    page.answer("")
    assert page.ask["label"] == "Every question is answered"
    now[0] += 0.9
    page.answer("")
    assert page.ask["label"] != "Every question is answered"


def test_the_button_of_a_raised_hand_takes_it_down(seats: Seats) -> None:
    station = conduct(prompt("q1", "One?", YES_NO))
    page = seats.open(station)

    def read_button() -> str:
        (text,) = [one["text"] for one in page.ask["commands"] if one["typed"] == ".hand"]
        return str(text)

    assert read_button() == "Raise hand"
    page.answer(".interview", ".hand")
    assert read_button() == "Take hand down"
    # the supervisor's answer takes it down, and the button knows it without another entry
    station.hand.take_down()
    page.wait_for("ask")
    assert read_button() == "Raise hand"


def test_a_line_that_answers_whether_somebody_is_there_does_nothing_else(seats: Seats) -> None:
    station = FakeStation()
    page = seats.open(station)
    station.presence_question = "Still there? No key was pressed since 10:00."
    page.wait_for("lines")
    page.answer("1")
    assert page.say("understood") == ["Understood | good: that line did nothing else"]
    assert not [call for call in station.calls if call.startswith("record")]


def test_a_command_that_needs_words_says_which(seats: Seats) -> None:
    page = seats.open(FakeStation())
    commands = {choice["typed"]: choice for choice in page.ask["commands"]}
    assert commands[".appointment"]["words"].startswith("when: a day and a time")
    assert ".outcomes" not in " ".join(page.say())

    # what has a button is called as the button is
    page.answer("nothing")
    page.answer(".pause lunch")
    page.answer("1")
    assert page.say("rejection") == [
        "Not accepted | nothing is not an outcome here: the button “All outcomes” lists them",
        "Not accepted | the button “Resume calling” ends the break",
    ]
    assert ".pause" not in " ".join(page.say())


def test_broken_messages_change_nothing(seats: Seats) -> None:
    page = seats.open(FakeStation())
    for broken in (b"", b"{", b"[1]", b'{"type":7}', b'{"type":"entry","text":5}', b"\xff\xfe"):
        page.connection.sendall(broken + b"\n")
    page.connection.sendall(
        b'{"type":"entry","text":"' + b"x" * (2 * messages.MOST_BYTES) + b'"}\n'
    )
    page.answer(".note still here")
    assert "noted" in page.say()


def test_what_comes_while_a_line_is_awaited_is_said_at_once(seats: Seats) -> None:
    station = FakeStation()
    page = seats.open(station)
    asked = page.ask["ask"]
    station.messages.append("Message from sue (11:50): come to my desk")
    page.wait_for("lines")
    assert page.say("message") == ["Message from sue (11:50): come to my desk"]

    station.due_appointment = an_appointment()
    page.wait_for("lines")
    assert ".fetch" in page.say("due")[-1]
    page.wait_for("ask")
    assert page.ask["commands"][0]["typed"].startswith(".fetch ")
    assert page.ask["ask"] == asked, "the line that is typed meanwhile is still for the same case"


def test_a_message_comes_within_an_interview(seats: Seats) -> None:
    station = conduct(prompt("q1", "One?", YES_NO))
    page = seats.open(station)
    page.answer(".interview")
    asked = page.ask["ask"]
    station.messages.append("Message from sue (11:50): slower")
    page.wait_for("lines")
    assert page.say("message") == ["Message from sue (11:50): slower"]
    assert page.ask["ask"] == asked


def test_a_case_that_comes_by_itself_is_asked_anew(
    seats: Seats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("survey_cli.plain.station.KEEP_ALIVE_SECONDS", 0.05)
    station = FakeStation([])
    page = seats.open(station)
    assert page.ask["label"] == "Command"
    idle = {"seat": page.ask["seat"], "ask": page.ask["ask"]}
    station.due = a_case("LATE", "Late Sector")
    page.wait_for("ask")
    assert page.ask["label"].startswith("Late Sector")

    page.send(type="entry", text="2", **idle)
    page.wait_for("unused")
    assert not [call for call in station.calls if call.startswith("record")]


def test_no_case_comes_over_a_line_that_is_typed(
    seats: Seats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("survey_cli.plain.station.KEEP_ALIVE_SECONDS", 0.05)
    station = FakeStation([])
    page = seats.open(station)
    asked = {"seat": page.ask["seat"], "ask": page.ask["ask"]}
    page.send(type="typing", text=".find 555", **asked)
    page.answer(".messages")
    page.send(type="typing", text=".find 555", seat=asked["seat"], ask=page.ask["ask"])
    sleep(0.2)
    station.due = a_case("LATE", "Late Sector")
    sleep(0.3)
    page.answer(".find 555")
    assert page.say("match")


def test_the_time_after_a_call_ends_when_the_interviewer_goes_on(
    seats: Seats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("survey_cli.plain.station.KEEP_ALIVE_SECONDS", 0.05)
    station = FakeStation(wrapup=True)
    page = seats.open(station)
    page.answer("2", "y")
    assert page.ask["label"] == "After the call of El Paso Sector"
    sleep(0.2)
    page.answer(".note rang twice")
    assert station.calls[-1] == "remark EP-07 rang twice"


def test_what_was_listed_can_be_chosen(seats: Seats) -> None:
    page = seats.open(FakeStation())
    page.answer(".find 555")
    fetched = [choice["typed"] for choice in page.ask["commands"][:2]]
    assert fetched == [".fetch EP-07", ".fetch DT-02"]
    page.answer(".again")
    assert page.ask["commands"][0]["typed"] != ".fetch EP-07"


def test_the_end_of_the_shift_ends_the_page(seats: Seats) -> None:
    page = seats.open(FakeStation())
    page.enter(".leave")
    page.wait_for("end")
    assert page.close() == EXIT_ENDED


def test_a_seat_that_nobody_can_reach_ends_and_keeps_its_case(seats: Seats) -> None:
    station = FakeStation()
    page = seats.open(station)
    assert page.close() == EXIT_SUSPENDED
    assert "leave" not in station.calls


def test_texts_are_text(seats: Seats) -> None:
    hostile = "<img onerror=1>\x1b]52;c;x\x07\u202e\ud800"
    page = seats.open(conduct(prompt("q1", hostile, ReadEntry())))
    page.answer(".interview")
    (said,) = page.say("spoken")
    assert said == "<img onerror=1>�]52;c;x���"


def test_a_page_that_does_not_read_costs_no_memory(
    seats: Seats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MOST_OUTGOING", 10_000)
    outgoing = messages._Outgoing()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    for number in range(2_000):
        outgoing.add({"type": "lines", "first": number, "text": "x" * 1_000})
        outgoing.send(ours)
    assert outgoing._size < 12_000

    theirs.setblocking(False)
    received = b""
    while outgoing:
        received += theirs.recv(65536)
        outgoing.send(ours)
    for line in received.splitlines()[:-1]:
        assert json.loads(line)["type"] == "lines", "no message is cut in two"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_signal_ends_the_seat_while_it_waits(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        station = FakeStation()
        code = run_text_page(station, theirs)  # type: ignore[arg-type]
        (tmp_path / "calls").write_text("\n".join(station.calls))
        os._exit(code)
    theirs.close()
    reader = ours.makefile()
    while json.loads(reader.readline())["type"] != "ask":
        pass
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == EXIT_SUSPENDED
    assert (tmp_path / "calls").read_text() == "take_next"
