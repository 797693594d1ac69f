"""A practice station: simulated respondents are heard, and differences from what was entered are listed at the end.

The shift is driven through the plain interface by a reader of its lines, who keys what is heard.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from support.command_line import run_survey
from support.scale import SCALE
from support.shift import on
from survey_cli.entries import ExactText, PickEntry, PickReply, ReadEntry
from survey_cli.fieldwork.appointments.appointment import AppointmentTime
from survey_cli.fieldwork.appointments.reading import parse_appointment
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.plain import run_station
from survey_cli.problems import UserError
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.station_views import CaseView
from survey_cli.simulate.fieldwork.behavior import find_free_time
from survey_cli.simulate.practice.practice_station import (
    CONTRADICTION,
    PracticeOptions,
    PracticeStation,
    find_practice_start,
    format_appointment_words,
    open_practice_station,
)
from survey_cli.values import Missing

CHICAGO = ZoneInfo("America/Chicago")
TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
INSTRUMENTS = Path(__file__).parents[2] / "instruments"
STUDY = """
instrument: practice
title: Practice
sample:
  unit: {type: text, role: key}
  name: {type: text, role: name}
  phone: {type: text, role: phone}
items:
  - {id: hello, type: read, text: "This is {interviewer} calling {name} for the Institute."}
  - {id: consent, type: single, text: May I begin?, options: {1: "Yes", 2: "No"}, declines: []}
  - {id: no, type: end, unless: consent == 1, outcome: refusal_soft, text: Goodbye.}
  - {id: clear, type: scale, text: The mission is clear., options: {1: Agree, 2: Disagree, 3: Neither}}
  - {id: uses, type: multiple, text: What do you drink?, options: {1: Tea, 2: Coffee, 3: Milk}}
  - {id: hours, type: number, text: How many hours?, min: 1, max: 60, unit: hours}
  - {id: born, type: date, text: When were you born?}
  - {id: why, type: verbatim, text: Why?}
fieldwork:
  country: US
  zone: America/Chicago
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
"""
OUTCOMES = {
    "Nobody answers": "no_answer",
    "line is busy": "busy",
    "A machine": "machine",
    "not in service": "disconnected",
    "fax machine": "fax",
    "wrong number": "wrong_number",
    "try again some other day": "callback",
    "bad time": "callback",
    "My parents": "callback",
    "not interested": "refusal_soft",
    "don't do surveys": "refusal_soft",
    "ever call this number": "never_call",
    "does not understand you": "language",
    "too ill": "unable",
    "is abroad": "away",
}
"""A part of what is heard, and the outcome that fits."""


class Listener(io.StringIO):
    """An interviewer who keys what is heard. It is the input of the plain interface, and reads its output."""

    def __init__(self, calls: int, *, outcome: str = "", answer: str = "") -> None:
        """`outcome` is entered for every call without an interview, `answer` for the item about agreement."""
        super().__init__()
        self.output = io.StringIO()
        self.heard: list[str] = []
        self._calls = calls
        self._outcome, self._answer = outcome, answer
        self._seen = 0
        """How much of the output was read."""
        self._lines = self._work()

    def readline(self, *_: object) -> str:
        return next(self._lines, "")

    def isatty(self) -> bool:
        return False

    def _new_text(self) -> str:
        """What was printed since the last line was typed."""
        text = self.output.getvalue()
        new, self._seen = text[self._seen :], len(text)
        return new

    def _work(self) -> Iterator[str]:
        for _ in range(self._calls):
            yield ".dial\n"
            printed = self._new_text()
            found = re.search(r"^\[heard: (.*)\]$", printed, re.MULTILINE)
            if found is None:
                break
            heard = found[1]
            self.heard.append(heard)
            if named := re.search(
                r"[Cc]all (?:me |again )?(today|tomorrow|on \w+) at ([\d:]+ [ap]m)", heard
            ):
                yield from self._make_appointment(f"{named[1].removeprefix('on ')} {named[2]}")
                continue
            outcome = next((id for part, id in OUTCOMES.items() if part in heard), "")
            if not outcome:
                yield ".interview\n"
                yield from self._interview()
                continue
            yield f"{self._outcome or outcome}\n"
            yield from self._answer_questions()
        yield ".leave\n"

    def _make_appointment(self, when: str) -> Iterator[str]:
        yield f".appointment {when}\n"
        for _ in range(3):
            yield "\n"

    def _answer_questions(self) -> Iterator[str]:
        """Answer what is asked besides about an outcome."""
        for _ in range(6):
            text = self._new_text().rstrip().removesuffix(">").rstrip()
            last = text.splitlines()[-1] if text else ""
            if last.startswith("?"):
                yield "y\n"
            elif "Enter for" in last or "Enter if" in last:
                yield "\n"
            elif "which language" in last:
                yield "es\n"
            else:
                return

    def _interview(self) -> Iterator[str]:
        for _ in range(400):
            printed = self._new_text()
            heard = re.findall(r"^\[heard: (.*)\]$", printed, re.MULTILINE)
            if "[when should we call again?" in printed:
                named = re.search(
                    r"[Cc]all (?:again )?(today|tomorrow|on \w+) at ([\d:]+ [ap]m)", self.heard[-1]
                )
                assert named, self.heard[-1]
                yield f"{named[1].removeprefix('on ')} {named[2]}\n"
                for _ in range(3):
                    yield "\n"
                return
            if "[Case: " in printed or "Nobody can be called" in printed:
                self._seen -= len(printed)
                return
            if not heard:
                yield "\n"
                continue
            self.heard.append(heard[-1])
            if "at the door" in heard[-1] or "have to go" in heard[-1]:
                yield ".stop appointment\n"
                continue
            wrongly = self._answer and "1  Agree" in printed
            yield f"{self._answer if wrongly else _key(heard[-1], printed)}\n"


def _key(heard: str, printed: str) -> str:
    """The line to type for an answer that is heard."""
    said = re.findall("“(.*?)”", heard)[-1]
    if said == "I don't know.":
        return ".dk"
    if said == "I'd rather not answer that.":
        return ".refused"
    if said == "Yes, that's right.":
        return "1" if "1 yes, that is right" in printed else ".ok"
    plain = re.sub(r"^(I'd say|Well …|Hm …) |(, I think)?\.$", "", said)
    if repeated := re.fullmatch(r"(.*)\. Yes, \1", plain):
        plain = repeated[1]
    options = dict(re.findall(r"^(?:\[ \] )?(\w+)  (.*?)$", printed, re.MULTILINE))
    codes = [
        code
        for part in re.split(", ", plain)
        for code, label in options.items()
        if part in (label, f"{code} {label}")
    ]
    if codes:
        return " ".join(codes)
    number = re.fullmatch(r"([\d,.]+)( \w+)?", plain)
    return number[1].replace(",", "") if number else plain


def write(tmp_path: Path, text: str = STUDY) -> str:
    file = tmp_path / "practice.yaml"
    file.write_text(text)
    return str(file)


def practice(
    path: str, *, seed: int = 1, at: datetime = TUESDAY, **more: object
) -> PracticeStation:
    options = PracticeOptions(path=path, interviewer="ann", zone=CHICAGO, **more)  # type: ignore[arg-type]
    return open_practice_station(options, clock=lambda: at, rng=Random(seed))


def work(station: PracticeStation, listener: Listener) -> str:
    """Let the listener work, and return what was printed."""
    assert run_station(station.session, listener, listener.output) == 0
    return listener.output.getvalue()


def test_a_shift_keyed_as_heard_has_no_differences(tmp_path: Path) -> None:
    station = practice(write(tmp_path))
    listener = Listener(40)
    printed = work(station, listener)
    summary = station.session.summarize_shift()
    [line] = station.describe_differences()
    assert line.endswith("all entered as heard"), printed
    assert summary.calls == 40
    assert summary.completes > 3
    assert summary.refusals > 1
    assert summary.appointments_made > 1
    kinds = {id for part, id in OUTCOMES.items() if any(part in heard for heard in listener.heard)}
    assert len(kinds) >= 5, "a shift has many kinds of calls"
    station.session.close()


def conduct(station: PracticeStation, case: str) -> None:
    """Conduct the interview with the answers that are meant, as a screen would send them."""
    interview = station.session.open_interview().interview
    assert interview is not None, interview
    answer(station, case, interview)
    assert station.session.close_interview().rejection is None


def answer(station: PracticeStation, case: str, interview: InterviewSession) -> None:
    """Answer as it is meant until the interview ends."""
    while (prompt := interview.prompt()) is not None:
        heard = interview.heard()
        assert heard == interview.heard(), "who is heard twice says the same"
        spoken = station.respondents.answers.get(case, {}).get(prompt.place)
        if prompt.query is not None:
            rejected = interview.confirm()
        elif not heard:
            rejected = interview.reply("" if isinstance(prompt.entry, ReadEntry) else "1")
        elif heard == CONTRADICTION:
            rejected = interview.go_back()
        elif spoken is None:
            rejected = interview.stop("appointment")
        elif isinstance(spoken.cell, Missing):
            rejected = interview.decline(spoken.cell.kind)
        elif isinstance(prompt.entry, PickEntry):
            codes = spoken.cell if isinstance(spoken.cell, tuple) else (spoken.cell,)
            words = {
                o.code: "something else"
                for o in prompt.entry.options
                if o.specify and o.code in codes
            }
            rejected = interview.reply(PickReply(codes, words))  # type: ignore[arg-type]
        else:
            text = f"{spoken.cell:%H:%M}" if isinstance(spoken.cell, time) else str(spoken.cell)
            rejected = interview.reply(ExactText(text))
        assert rejected is None, (prompt.place, heard, rejected)


@pytest.mark.parametrize("seed", range(2 * SCALE))
@pytest.mark.parametrize("name", ["asu_2000", "customer", "household"])
def test_the_example_instruments_can_be_practiced(name: str, seed: int) -> None:
    station = practice(str(INSTRUMENTS / f"{name}.yaml"), seed=seed)
    session, respondents = station.session, station.respondents
    for _ in range(15):
        view = session.look().view
        assert isinstance(view, CaseView)
        assert session.dial().rejection is None
        call = respondents.calls[
            view.key, max(index for key, index in respondents.calls if key == view.key)
        ]
        if call.response == "interview":
            conduct(station, view.key)
        if call.appointment is not None and on(session) == view.key:
            now = session.look().view
            assert isinstance(now, CaseView)
            assert now.heard in (call.heard, call.leaving)
            assert session.book_appointment(f"{call.appointment:%Y-%m-%d %H:%M}").rejection is None
        elif on(session) == view.key:
            language = "es" if call.response == "language" else ""
            assert session.record_outcome(call.response, language=language).rejection is None
        if on(session) == view.key:
            assert session.finish_case().rejection is None
    [line] = station.describe_differences()
    assert line.endswith("all entered as heard")
    assert session.summarize_shift().calls >= 15
    session.close()


def test_nothing_is_said_to_be_stored(tmp_path: Path) -> None:
    printed = work(practice(write(tmp_path)), Listener(5))
    assert ", practiced at " in printed
    assert "stored at" not in printed


def test_differences_from_what_was_heard_are_listed(tmp_path: Path) -> None:
    station = practice(write(tmp_path), seed=5)
    printed = work(station, Listener(12, outcome="busy", answer="1"))
    count, *lines = station.describe_differences()
    assert re.fullmatch(
        r"Practice: \d+ calls, \d+ answers; different from what was heard: \d+ outcomes, \d+ answers?",
        count,
    ), printed
    assert any(", entered “busy”" in line for line in lines)
    assert any(
        re.fullmatch(r"[\w ]+ \(P\d\d\), clear: heard “.*”, entered Agree", line) for line in lines
    ), lines


EVERY_MOMENT = [datetime(2026, 2, 26, tzinfo=UTC) + timedelta(minutes=41 * n) for n in range(600)]
"""Seventeen days at all hours, among them the Sunday in March on which Chicago's clock is put forward."""
SPECIAL_DAYS = (
    date(2028, 2, 28),
    date(2026, 10, 30),
    date(2026, 11, 25),
    date(2026, 12, 23),
    date(2026, 12, 30),
)
"""Days before a leap day, before the clock is put back, before Thanksgiving, Christmas and New Year's Day."""


@pytest.mark.parametrize(
    "text", [STUDY.partition("fieldwork:")[0], STUDY], ids=["usual-hours", "own-hours"]
)
def test_a_time_that_a_respondent_names_is_accepted_as_it_is_said(
    tmp_path: Path, text: str
) -> None:
    """An interviewer who practices at any time of any day types the words that she hears."""
    calendar = Plan.from_instrument(open_instrument(write(tmp_path, text))).calendar
    rng = Random(3)
    special = [
        datetime.combine(day, time(), UTC) + timedelta(hours=n)
        for day in SPECIAL_DAYS
        for n in range(72)
    ]
    for moment in EVERY_MOMENT + special:
        now = find_practice_start(calendar, CHICAGO.key, moment)
        local_now = now.astimezone(CHICAGO)
        named = find_free_time(calendar, CHICAGO, local_now, rng)
        assert named is not None
        words = format_appointment_words(named, local_now)
        read = parse_appointment(words, now=now, zones=[CHICAGO.key], calendar=calendar)
        assert isinstance(read, AppointmentTime), (moment, words, read)
        assert read.starts == named.astimezone(UTC), (moment, words)


def find_call(station: PracticeStation, response: str) -> str:
    """Dial until a call goes like this; returns the case. The others are finished with what was heard."""
    session = station.session
    for _ in range(60):
        view = session.look().view
        assert isinstance(view, CaseView)
        session.dial()
        call = station.respondents.calls[view.key, 0]
        if call.response == response:
            return view.key
        session.record_outcome("no_answer")
        if on(session) == view.key:
            session.finish_case()
    raise AssertionError(response)


def test_an_appointment_at_another_time_than_the_one_heard_is_said(tmp_path: Path) -> None:
    station = practice(write(tmp_path), seed=2)
    key = find_call(station, "appointment")
    assert station.session.book_appointment("2026-12-01 10:00").rejection is None
    [line] = [line for line in station.describe_differences() if f"({key})" in line]
    assert re.search(
        r": heard an appointment for \w{3} \d+ Nov \d\d:\d\d, entered Tue 1 Dec 10:00$", line
    )


def test_a_willing_respondent_who_is_let_go_is_a_difference(tmp_path: Path) -> None:
    station = practice(write(tmp_path), seed=2)
    key = find_call(station, "interview")
    assert station.session.record_outcome("callback").rejection is None
    [line] = [line for line in station.describe_differences() if f"({key})" in line]
    assert "heard consent to an interview, entered “call back" in line


def test_a_respondent_confirms_what_was_said_and_denies_anything_else(tmp_path: Path) -> None:
    text = STUDY.replace(
        "unit: hours", "checks: [{expect: hours < 1, soft: true, say: That is much.}]"
    )
    station = practice(
        write(tmp_path, re.sub(r"(?s)items:.*(?=  - {id: hours)", "items:\n", text)), seed=2
    )
    key = find_call(station, "interview")
    interview = station.session.open_interview().interview
    assert interview is not None
    heard = interview.heard()
    meant = station.respondents.answers[key][interview.prompt().place].cell  # type: ignore[union-attr]
    other = 59 if meant != 59 else 58
    assert interview.reply(str(other)) is None
    assert interview.heard() == f"“No!” {heard}"
    assert interview.reply(str(meant)) is None
    assert interview.heard() == "“Yes, that's right.”"


def test_who_has_answered_wrongly_gives_another_answer_there(tmp_path: Path) -> None:
    items = """items:
  - {id: adults, type: number, text: How many adults?, min: 1, max: 3}
  - {id: people, type: number, text: How many people?, min: 1, max: 3, checks: [{expect: people > adults, say: More.}]}
"""
    path = write(tmp_path, re.sub(r"(?s)items:.*(?=fieldwork)", items, STUDY))
    contradicted = 0
    for seed in range(12):
        station = practice(path, seed=seed)
        key = find_call(station, "interview")
        interview = station.session.open_interview().interview
        assert interview is not None
        interview.heard()
        [adults] = station.respondents.answers[key].values()
        if adults.cell == 3:
            contradicted += 1
            assert interview.reply("3") is None
            assert interview.heard() == CONTRADICTION
            assert interview.heard() == CONTRADICTION, "heard once more, nothing else is withdrawn"
        answer(station, key, interview)
        assert station.session.close_interview().rejection is None
        assert not [line for line in station.describe_differences() if f"({key})" in line]
        station.session.close()
    assert contradicted


def test_a_practice_shift_leaves_no_trace_in_the_real_study(tmp_path: Path) -> None:
    """Neither in its database nor in the list of numbers that are never called."""
    path = write(tmp_path)
    sample = tmp_path / "cases.csv"
    sample.write_text("unit,name,phone\nA,Alice Adams,312 555 0100\n")
    run_survey(tmp_path, "sample", "import", path, str(sample))
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert any(file.suffix == ".db" for file in before)
    station = practice(path)
    work(station, Listener(30))
    station.session.close()
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_the_command_needs_no_database_and_says_that_it_is_practice(tmp_path: Path) -> None:
    path = write(tmp_path)
    printed, said = run_survey(
        tmp_path,
        "station",
        path,
        "--practice",
        "--plain",
        "--interviewer",
        "ann",
        keyed=".dial\n.leave\n",
    )
    assert "[PRACTICE: the respondents are simulated; no number is dialed]" in printed
    assert "[heard: " in printed
    assert (
        said.splitlines()[0]
        == "Practice: respondents are simulated, no number is dialed, nothing is stored."
    )
    assert "Start the station again" not in said
    assert said.splitlines()[-1] == "Practice: 0 calls, 0 answers, all entered as heard"
    assert [file.name for file in tmp_path.iterdir()] == ["practice.yaml"]


def test_no_dial_command_is_run_in_practice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURVEY_DIAL", f"touch {tmp_path}/dialed-{{number}}")
    station = practice(write(tmp_path))
    work(station, Listener(3))
    assert not list(tmp_path.glob("dialed-*"))


def test_practice_has_no_database(tmp_path: Path) -> None:
    _, said = run_survey(tmp_path, "station", write(tmp_path), "--practice", "--db", "x.db", code=2)
    assert "--practice stores nothing: leave --db out" in re.sub(r"[\s│]+", " ", said)


# the clock


def calendar(tmp_path: Path, fieldwork: str) -> Calendar:
    text = re.sub(r"(?s)  hours:.*", fieldwork, STUDY)
    return Plan.from_instrument(open_instrument(write(tmp_path, text))).calendar


HOURS = '  hours: {mon-fri: "09:00-20:30"}\n'


@pytest.mark.parametrize(
    ("fieldwork", "now", "begins"),
    [
        (HOURS, "2026-11-24 10:00", "2026-11-24 10:00"),
        (HOURS, "2026-11-24 03:00", "2026-11-24 09:00"),
        (HOURS, "2026-11-24 18:00", "2026-11-25 09:00"),  # two hours and a half are left
        (HOURS, "2026-11-28 10:00", "2026-11-30 09:00"),
        (HOURS + "  ends: 2026-11-20\n", "2026-11-24 10:00", "2026-11-13 09:00"),
        (HOURS + "  starts: 2027-01-04\n", "2026-11-24 10:00", "2027-01-04 09:00"),
    ],
)
def test_practice_begins_when_calls_are_allowed(
    fieldwork: str, now: str, begins: str, tmp_path: Path
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=CHICAGO)
    found = find_practice_start(calendar(tmp_path, fieldwork), "America/Chicago", at)
    assert f"{found.astimezone(CHICAGO):%Y-%m-%d %H:%M}" == begins


def test_a_study_that_hardly_calls_is_no_practice(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no calling hours of three hours"):
        find_practice_start(
            calendar(tmp_path, '  hours: {mon: "09:00-10:00"}\n'), "America/Chicago", TUESDAY
        )
