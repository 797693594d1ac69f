"""Watching a running interview and showing a stored one again: what is shown, to whom, and what is written of it."""

import time
from collections.abc import Iterator
from csv import DictReader
from datetime import timedelta
from pathlib import Path

import pytest

from support import postgres_server
from support.shift import FIELDWORK, Shift
from survey_cli.cli.commands import monitoring
from survey_cli.cli.run_command import run_command
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.monitoring import Replay, Watch
from survey_cli.sessions.station.station import StationSession
from survey_cli.store import Store
from survey_cli.study.open_study import OpenStudy, check_study_may, open_study
from survey_cli.table.columns import build_columns, build_row

ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, is that {name}?"}
  - {id: notice, type: read, text: A supervisor may listen to this call.}
  - {id: who, type: text, text: What is your first name?, personal: true}
  - {id: arm, type: split, arms: {x: 1, y: 1}}
  - {id: a, type: single, text: "{who}, do you drink tea?", options: {1: "Yes", 2: "No"}}
  - {id: b, type: number, text: How many cups?, min: 0, max: 30}
  - {id: c, type: single, text: Third?, options: {1: "Yes", 2: "No"}}
compute: {long_name: "who == 'Alexandra'"}
"""
ANNOUNCED = FIELDWORK + "  monitoring: notice\n"
PEOPLE = "login,role\nsue,supervisor\nann,interviewer\nbob,interviewer\n"


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Shift.close_all()


@pytest.fixture(params=["file", "server"])
def shift(request: pytest.FixtureRequest, tmp_path: Path) -> Shift:
    db = postgres_server.create_address() if request.param == "server" else ""
    return Shift(tmp_path, ITEMS, fieldwork=ANNOUNCED, db=db)


def monitored(shift: Shift) -> OpenStudy:
    """The study as a supervisor has it open."""
    study = open_study(shift.file, db=shift.db)
    Shift.opened.append(study)
    check_study_may(study, Action.WATCH)
    return study


def at_work(shift: Shift, *replies: str, key: str = "A") -> tuple[StationSession, InterviewSession]:
    """Ann interviews a case; ten seconds for each reply."""
    station = shift.station("ann")
    assert station.fetch_case(key).rejection is None
    session = station.open_interview().interview
    assert isinstance(session, InterviewSession), session
    for reply in replies:
        shift.later(minutes=1 / 6)
        assert session.reply(reply) is None
    return station, session


def logged(shift: Shift) -> list[tuple[str, str]]:
    with Store.open(shift.db, create=False) as store:
        return [
            (e.what, e.object)
            for e in store.access_log.list_entries()
            if e.what in ("watch", "replay")
        ]


def test_a_screen_that_is_closed_ends_the_watching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its terminal, the command printed to nobody, and the log of accesses had a watcher who had left."""
    shift = Shift(tmp_path, ITEMS, fieldwork=ANNOUNCED)
    terminals = iter((True, False))
    monkeypatch.setattr(monitoring, "has_full_screen", lambda: next(terminals))
    monkeypatch.setattr("survey_cli.cli.run_command.run_full_screen", lambda show: True)

    def watch_on(seconds: float) -> None:
        raise AssertionError("somebody still watches")

    monkeypatch.setattr(monitoring, "sleep", watch_on)
    assert run_command(["watch", str(shift.file), "ann", "--db", shift.db]) == 0


def test_an_asked_question_is_listed_with_a_mark_for_its_options(tmp_path: Path) -> None:
    options = "options: {1: Tea, 2: Coffee}"
    first = f"{{id: a, type: single, text: 'Do you drink {{options}}?', {options}}}"
    items = f"items: [{first}, {{id: z, type: read, text: z}}]"
    shift = Shift(tmp_path, items, fieldwork=FIELDWORK)
    _, session = at_work(shift, "1")
    assert session.list_items()[0].text == "Do you drink …?"


def test_a_watcher_sees_each_state_of_the_call_and_each_answer(shift: Shift) -> None:
    watch = Watch(monitored(shift), "ann")
    assert watch.advance()
    assert (watch.state, watch.session) == ("ann has no case now", None)
    assert not watch.advance()
    station = shift.station("ann")
    assert station.fetch_case("A").rejection is None
    assert watch.advance()
    assert watch.state == "ann, case A: between calls"
    station.dial()
    assert watch.advance()
    assert watch.state == "ann, case A: in a call"
    session = station.open_interview().interview
    assert isinstance(session, InterviewSession)
    assert session.reply("") is None
    assert watch.advance()
    assert (watch.state, watch.session) == (
        "ann, case A: the notice of monitoring was not read yet",
        None,
    )
    assert logged(shift) == []
    for reply in ("", "Al", "2"):
        assert session.reply(reply) is None
        assert watch.advance()
        assert watch.session is not None
        assert watch.session.prompt() == session.prompt()
    assert session.go_back() is None
    assert session.add_note("asks again") is None
    assert watch.advance()
    assert watch.session.prompt() == session.prompt()
    assert watch.session.list_items() == session.list_items()
    assert watch.session.list_notes() == session.list_notes()
    assert not watch.advance()
    for reply in ("1", "3", "1"):
        assert session.reply(reply) is None
    assert watch.advance()
    result = watch.session.result()
    assert result is not None
    assert (watch.state, result.status, result.answered) == ("ann, case A", "ended", 5)
    assert watch.advance()
    assert watch.state == "ann has no case now"
    assert watch.session.result() == result, "it is shown until the next case"
    assert logged(shift) == [("watch", "case A")]


def test_a_watcher_opens_no_further_connection(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = monitored(shift)
    watch = Watch(study, "ann")
    at_work(shift, "", "", "Al")
    monkeypatch.delattr(type(study.store.connector), "open_reader")
    assert watch.advance()
    assert watch.session is not None
    monkeypatch.setattr("survey_cli.sessions.monitoring.QUIET_POLLS", 1)
    assert not watch.advance()


def test_a_watcher_follows_to_the_next_session_and_leaves_a_case_that_was_lost(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, ITEMS, fieldwork=ANNOUNCED)
    watch = Watch(monitored(shift), "ann")
    station, session = at_work(shift, "", "", "Al")
    assert watch.advance()
    assert session.suspend() is None
    station.close_interview(then_next=False)
    assert watch.advance()
    shift.later(days=1)
    _, session = at_work(shift, "1")
    assert watch.advance()
    assert watch.session is not None
    assert watch.session.prompt() == session.prompt()
    with Store.open(shift.db, create=False) as store:
        store.cases.expire_leases(shift.at + timedelta(hours=1))
    for _ in range(20):
        watch.advance()
    assert (watch.state, watch.session) == ("ann has no case now", None)


def test_a_watcher_writes_nothing_to_the_interview(shift: Shift) -> None:
    _, session = at_work(shift, "", "", "Al")
    watch = Watch(monitored(shift), "ann")
    watch.advance()
    assert watch.session is not None
    watch.session.reply("1")
    watch.session.add_note("not mine")
    assert session.reply("2") is None
    assert watch.advance()
    assert watch.session.prompt() == session.prompt()
    assert session.store.interviews.read_journal(session.id) == list(session.interview.events)


def test_personal_answers_names_and_notes_are_masked_wherever_they_are_shown(shift: Shift) -> None:
    _, session = at_work(shift, "", "", "Alexandra", "1")
    assert session.add_note("Alexandra is at work until six") is None
    watch = Watch(monitored(shift), "ann", mask=True)
    watch.advance()
    first = watch.session
    assert first is not None
    assert first.respondent == "A"
    items = {item.place.item: item for item in first.list_items()}
    assert (items["who"].answer, items["a"].text, items["a"].answer) == (
        "•••",
        "•••, do you drink tea?",
        "1 Yes",
    )
    assert [note.text for note in first.list_notes()] == ["•••"]
    for _ in range(2):
        assert session.go_back() is None
    watch.advance()
    second = watch.session
    assert second is not None
    prompt = second.prompt()
    assert prompt is not None
    assert prompt.earlier is not None
    assert (prompt.place.item, prompt.earlier.label, prompt.earlier.typed_text) == (
        "who",
        "•••",
        "",
    )
    shown = [repr(s.prompt()) + repr(s.list_items()) + repr(s.details) for s in (first, second)]
    for private in ("Alexandra", "Alice", "Adams", "555"):
        assert private not in "".join(shown)


def test_without_an_announcement_or_for_an_interviewer_nothing_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, ITEMS, people=PEOPLE)
    with pytest.raises(UserError, match="respondents are not told that somebody may watch"):
        Watch(monitored(shift), "ann")
    at_work(shift, "", "", "Al", "1", "2", "1")
    with pytest.raises(UserError, match="respondents are not told"):
        Replay(monitored(shift), "A")
    shift.fieldwork = ANNOUNCED
    shift.write(ITEMS)
    with pytest.raises(
        UserError, match="respondents are not told"
    ):  # the version of that interview announced nothing
        Replay(monitored(shift), "A")
    with pytest.raises(UserError, match="is not on the study's list of people"):
        Watch(monitored(shift), "eve")
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "bob")
    with pytest.raises(UserError, match="only a supervisor may watch"):
        monitored(shift)
    assert logged(shift) == []


def test_a_replay_goes_through_the_interview_at_its_pace_and_ends_with_its_data(
    shift: Shift, tmp_path: Path
) -> None:
    station, session = at_work(shift, "", "", "Al", "1")
    assert session.suspend() is None
    station.close_interview(then_next=False)
    shift.later(days=1)
    _, session = at_work(shift, "7")
    assert session.go_back() is None
    for reply in ("9", "2"):
        shift.later(minutes=1 / 6)
        assert session.reply(reply) is None
    replay = Replay(monitored(shift), "A", speed=10)
    began = replay.at
    assert asked(replay) == "hello"
    assert not replay.advance(0.9)
    assert replay.advance(0.2)
    assert (asked(replay), replay.at - began) == ("notice", timedelta(seconds=11))
    seconds, places = 1.1, []
    while not replay.is_over:
        seconds += 0.1
        if replay.advance(0.1):
            places.append(asked(replay))
    assert places == ["who", "a", "", "b", "b", "c", ""], (
        "with the end of the first session, and the way back"
    )
    assert 8.9 < seconds < 9.3, (
        "seventy seconds of interview, and two seconds for the night between"
    )
    assert replay.shown.now.events == session.interview.events
    names = [variable.name for variable in build_columns(replay.shown.instrument)]
    row = dict(zip(names, map(str, build_row(replay.shown.now)), strict=True))
    assert (
        run_command(["export", str(shift.file), "--db", shift.db, "-o", str(tmp_path / "data.csv")])
        == 0
    )
    [exported] = DictReader((tmp_path / "data.csv").read_text().splitlines())
    assert [exported[name] for name in "abc"] == [row[name] for name in "abc"] == ["1", "9", "2"]
    assert logged(shift) == [("replay", "case A")]


def asked(replay: Replay) -> str:
    prompt = replay.session.prompt()
    return prompt.place.item if prompt is not None else ""


def test_a_replay_steps_back_and_forth_and_pauses(tmp_path: Path) -> None:
    shift = Shift(tmp_path, ITEMS, fieldwork=ANNOUNCED)
    at_work(shift, "", "", "Al", "1", "7", "2")
    replay = Replay(monitored(shift), "A")
    places = []
    while not replay.is_over:
        places.append(asked(replay))
        replay.step(1)
    assert places == ["hello", "notice", "who", "a", "b", "c", ""], (
        "what the computer answers is no step"
    )
    for place in ("c", "b", "a", "who"):
        replay.step(-1)
        while asked(replay) == "":  # the end was written after the last answer
            replay.step(-1)
        assert asked(replay) == place
    assert not replay.advance(100), "a step pauses"
    for _ in range(9):
        replay.step(-1)
    assert asked(replay) == "hello"
    replay.change_speed(2)
    replay.is_paused = False
    assert replay.advance(1)
    assert asked(replay) == "who", "ten seconds each, twenty times as fast"


def test_the_commands_print_each_question_with_its_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = Shift(tmp_path, ITEMS, fieldwork=ANNOUNCED)
    at_work(shift, "", "", "Al", "1", "7")
    command = ["watch", str(shift.file), "--replay", "A", "--db", shift.db, "--plain"]
    assert run_command(command) == 1
    assert f"watch it: survey watch {shift.file} ann" in capsys.readouterr().err
    at_work(shift, "2")
    assert run_command([*command, "--mask"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "ann, case A"
    assert printed[3:6] == [
        "who  What is your first name?: •••",
        "a  •••, do you drink tea?: 1 Yes",
        "b  How many cups?: 7",
    ]
    assert printed[-1].startswith("Ended: Complete, 5 answers")


def test_the_lines_of_a_watcher_have_every_answer_of_interviews_that_follow_at_once(
    shift: Shift, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shift.later(minutes=1)
    shift.bring("unit,kind,name,phone,zone\nB,1,Bob,312 555 0101,America/Chicago\n")

    def interview() -> Iterator[None]:
        """Two interviews with the same answers, between looks of the watcher."""
        for key in "AB":
            station, session = at_work(shift, "", "", "Al", key=key)
            yield  # the end of the interview before is shown
            yield
            for reply in ("1", "7", "2"):
                assert session.reply(reply) is None
            assert station.close_interview(then_next=False).rejection is None
        yield
        raise KeyboardInterrupt

    steps = interview()
    monkeypatch.setattr("survey_cli.cli.commands.monitoring.sleep", lambda _: next(steps))
    assert run_command(["watch", str(shift.file), "ann", "--db", shift.db, "--plain"]) == 130
    printed = capsys.readouterr().out.splitlines()
    assert [
        printed.count(line)
        for line in ("who  What is your first name?: Al", "b  How many cups?: 7")
    ] == [2, 2]
    assert sum(line.startswith("Ended: Complete") for line in printed) == 2


@pytest.mark.time_limit
def test_an_answer_is_shown_within_300_ms_of_its_commit(shift: Shift) -> None:
    _, session = at_work(shift, "", "")
    watch = Watch(monitored(shift), "ann")
    watch.advance()
    delays = []
    for reply in ("Al", "1", "7"):
        assert session.reply(reply) is None
        committed = time.perf_counter()
        time.sleep(watch.seconds)  # the answer was stored just after the last look
        assert watch.advance()
        assert watch.session is not None
        assert watch.session.prompt() == session.prompt()
        delays.append(time.perf_counter() - committed)
    assert max(delays) <= 0.3
