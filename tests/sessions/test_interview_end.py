"""The end of an interview: one transaction for the interview, its case and its quota places; lost leases; withdrawn
consent; studies of earlier versions."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from support import postgres_server
from support.forked_survey import spawn_survey
from support.shift import CASES, ITEMS, Shift, on
from survey_cli.entries import ReadEntry, Rejection
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.case.events import (
    EVENT_KINDS,
    AppointmentMade,
    CaseReturned,
    HistoryEntry,
    InterviewOpened,
    OutcomeRecorded,
    ReferralAnswered,
)
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.services.cases.case_actions import free_case
from survey_cli.services.cases.case_lists import QueueReport, list_queue
from survey_cli.services.database.administration import (
    VerificationResult,
    list_interviews,
    verify_database,
)
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import CaseView
from survey_cli.store.cases.case_records import CaseUpdate
from survey_cli.store.cases.case_store import CaseStore
from survey_cli.store.interviews import interview_store
from survey_cli.study.consistency.upkeep import COMPARED_SETTING

TWO = CASES + "B,2,Ben Brown,312 555 0101,America/Chicago\n"
ENDS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: ok, type: single, text: Now?, options: {1: "Yes", 2: "Later", 3: "Never"}, declines: []}
  - {id: later, type: end, ask_if: ok == 2, outcome: callback, text: Then I will call you again.}
  - {id: never, type: end, ask_if: ok == 3, outcome: refusal_hard, text: Goodbye.}
  - {id: sex, type: single, text: Man or woman?, options: {1: Man, 2: Woman}}
  - {id: place, type: lookup, quota: men}
  - {id: full, type: end, ask_if: place == 'full', outcome: quota_full, text: We have spoken with enough people.}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: men, where: sex == 1, target: 3}
"""


@pytest.fixture(params=["file", "server"], autouse=True)
def kept_somewhere(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Every test is run on a file and on a real server."""
    place = postgres_server.start_server() if request.param == "server" else ""
    if place:
        monkeypatch.setattr(
            Shift, "place", staticmethod(lambda folder: postgres_server.create_address())
        )
    yield
    Shift.close_all()
    if place:
        postgres_server.run_query(place, "DROP SCHEMA IF EXISTS survey_shared CASCADE")


def plan_of(shift: Shift) -> Plan:
    found = open_instrument(str(shift.file))
    assert isinstance(found, Instrument)
    return Plan.from_instrument(found)


def code(shift: Shift, key: str = "A") -> str:
    return code_case(shift.case(key), plan_of(shift)).code


def findings(shift: Shift) -> tuple[str, ...]:
    found = verify_database(shift.file, db=shift.db)
    assert isinstance(found, VerificationResult), found
    return found.findings


def queued(shift: Shift) -> list[str]:
    """The cases that somebody would call next."""
    told = list_queue(Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue"), limit=10)
    assert isinstance(told, QueueReport), told
    return [line.key for line in told.lines]


def places(shift: Shift) -> dict[str, tuple[int, int]]:
    with shift.study() as study:
        return {
            cell: (fill.completes, fill.reserved)
            for cell, fill in study.store.cases.quotas.read_fill().items()
        }


def alone(shift: Shift, case: str = "A", *, by: str = "ann", **how: bool) -> InterviewSession:
    """`survey interview --case`."""
    found = start_or_resume(
        shift.file,
        StartOptions(case=case, interviewer=by, db=shift.db, station=f"of {by}", **how),
        clock=lambda: shift.at,
    )
    assert isinstance(found, InterviewSession), found
    return found


def keyed(conduct: InterviewSession, *answers: str) -> None:
    """Key answers one after another, what is read going by itself."""
    entries = list(answers)
    while (prompt := conduct.prompt()) is not None and (
        entries or isinstance(prompt.entry, ReadEntry)
    ):
        assert conduct.reply("" if isinstance(prompt.entry, ReadEntry) else entries.pop(0)) is None


def begun(shift: Shift, way: str) -> tuple[StationSession | None, InterviewSession]:
    """An interview of case A, at a station or by itself."""
    if way == "alone":
        return None, alone(shift)
    ann = shift.station("ann")
    assert ann.fetch_case("A").rejection is None
    ann.dial()
    talk = ann.open_interview().interview
    assert isinstance(talk, InterviewSession), talk
    return ann, talk


# One transaction


@pytest.mark.parametrize("way", ["station", "alone"])
@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (lambda talk: keyed(talk, "1", "1", "1"), ("1.1", "done", (1, 0))),
        (lambda talk: keyed(talk, "3"), ("2.112", "done", None)),
        (
            lambda talk: (keyed(talk, "1", "1"), talk.stop("refusal_hard")),
            ("2.112", "done", (0, 0)),
        ),
        (lambda talk: (keyed(talk, "1", "1"), talk.stop("never_call")), ("2.112", "done", (0, 0))),
        (
            lambda talk: (keyed(talk, "1", "1"), talk.stop("refusal_soft")),
            ("2.112", "waiting", (0, 0)),
        ),
        (lambda talk: (keyed(talk, "1", "1"), talk.stop("callback")), ("2.21", "waiting", (0, 1))),
    ],
    ids=["complete", "end item", "refusal", "do not call", "soft refusal", "callback"],
)
def test_the_case_is_closed_before_the_closing_screen_is_shown(
    tmp_path: Path,
    way: str,
    ends: Callable[[InterviewSession], object],
    expected: tuple[str, str, tuple[int, int] | None],
) -> None:
    """Nobody keys anything more: the terminal is gone while the closing screen stands."""
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, way)
    ends(talk)
    assert talk.result() is not None
    code_, status, cell = expected
    row = shift.row("A")
    assert (code(shift), row.status, row.holder) == (code_, status, None)
    assert places(shift).get("men") == cell
    assert "A" not in queued(shift)
    assert findings(shift) == ()


def test_hanging_up_before_the_interviewers_own_items_closes_the_case(tmp_path: Path) -> None:
    own = (
        ITEMS
        + "  - {id: own, type: section, after: hangup, items: [{id: mood, type: text, text: Mood?}]}\n"
    )
    shift = Shift(tmp_path, items=own, cases=TWO)
    _, talk = begun(shift, "station")
    keyed(talk, "1", "2", "1")
    assert shift.row("A").holder is not None, "the interviewer's own items come first"
    assert talk.suspend() is None
    assert (code(shift), shift.row("A").status, shift.row("A").holder) == ("1.1", "done", None)


@pytest.mark.parametrize("way", ["station", "alone"])
def test_a_window_closed_over_the_closing_words_ends_the_interview(
    tmp_path: Path, way: str
) -> None:
    """The respondent has refused, and only the goodbye is left to be read: that is no suspended interview."""
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, way)
    assert talk.reply("") is None
    assert talk.reply("3") is None
    assert talk.result() is None
    assert talk.suspend() is None
    assert (code(shift), shift.row("A").status, status(shift)) == (
        "2.112",
        "done",
        [("ended", "refusal_hard")],
    )


@pytest.mark.parametrize(
    ("kept_somewhere", "command", "plain"),
    [
        ("file", "station", False),
        ("server", "station", True),
        ("server", "interview", True),
        ("file", "walk-in", False),
    ],
    indirect=["kept_somewhere"],
)
def test_a_terminal_closed_over_the_closing_words_ends_the_interview(
    tmp_path: Path, command: str, plain: bool
) -> None:
    """The real command and the signal that a closed window sends: nobody need open the station again."""
    hours = 'hours: {mon-sun: "00:00-24:00"}, reason: A test at any hour, holidays: false'
    fieldwork = f"fieldwork: {{country: US, {hours}}}\n"
    shift = Shift(tmp_path, items=ENDS, fieldwork=fieldwork, at=datetime.now(UTC))
    case = "A" if command != "walk-in" else "Z"
    what = ["station"] if command == "station" else ["interview", "--case", case]
    arguments = [*what, str(shift.file), "--db", shift.db, *(["--plain"] if plain else [])]
    if command == "walk-in":
        values = ("zone=America/Chicago", "kind=", "name=", "phone=")
        arguments += [part for value in values for part in ("--set", value)]
    child = spawn_survey(
        *arguments, environment={**os.environ, "TERM": "xterm-256color"}, timeout=60
    )
    if command == "station":
        child.expect("Alice")
        child.send(".interview\r")
    child.expect("calling for the Institute")
    child.send("\r")
    while child.expect(["Later", pexpect.TIMEOUT], timeout=3):
        child.send("\r")  # a key before the whole screen was painted counts for nothing
    child.send("3\r" if plain else "3")
    child.expect("Goodbye")
    os.close(child.child_fd)
    child.closed = True
    deadline = time.monotonic() + 60
    while child.isalive() and time.monotonic() < deadline:
        time.sleep(0.05)
    with shift.study() as study:
        [row] = study.store.interviews.list_rows(case=case)
        assert (row.status, row.outcome) == ("ended", "refusal_hard")
    if case == "A":
        assert (shift.row("A").status, shift.row("A").holder, code(shift)) == (
            "done",
            None,
            "2.112",
        )
    assert findings(shift) == ()


def test_a_station_killed_over_the_closing_words_does_not_have_the_respondent_called_again(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, "station")
    assert talk.reply("") is None
    assert talk.reply("3") is None
    shift.later(minutes=40)
    assert queued(shift) == ["B"]
    assert (code(shift), shift.row("A").status, status(shift)) == (
        "2.112",
        "done",
        [("ended", "refusal_hard")],
    )
    assert findings(shift) == ()


@pytest.mark.parametrize(("answer", "next_case", "ends"), [("3", "B", "2.112"), ("2", "A", "2.21")])
def test_a_station_that_comes_back_to_the_closing_words_does_not_call_the_respondent_again(
    tmp_path: Path, answer: str, next_case: str, ends: str
) -> None:
    """A refusal is recorded, and said; whoever wants a later call is still at the station, to be given a time."""
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, "station")
    assert [talk.reply(""), talk.reply(answer), talk.result()] == [None, None, None]
    ann = shift.station("ann")
    shown = ann.look().view
    assert isinstance(shown, CaseView)
    assert shown.key == next_case
    assert findings(shift) == ()
    assert code(shift) == ends
    if answer == "3":
        assert "A: recorded as respondent refuses (hard)" in ann.look().notice


def test_a_case_that_a_supervisor_frees_over_the_closing_words_is_not_called_again(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, "station")
    assert talk.reply("") is None
    assert talk.reply("3") is None
    freed = free_case(Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue"), "A")
    assert isinstance(freed, tuple), freed
    assert freed[0].position.status == "done"
    assert queued(shift) == ["B"]
    assert (code(shift), status(shift)) == ("2.112", [("ended", "refusal_hard")])


def lose_station(shift: Shift) -> None:
    """Nobody comes back to the station, and the next command finds that its lease has expired."""
    shift.later(minutes=40)
    queued(shift)


def free(shift: Shift) -> None:
    free_case(Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue"), "A")


@pytest.mark.parametrize(("leave", "after"), [(lose_station, []), (free, ["returned"])])
def test_an_outcome_recorded_for_a_lost_station_belongs_to_its_attempt(
    tmp_path: Path, leave: Callable[[Shift], None], after: list[str]
) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, "station")
    assert [talk.reply(""), talk.reply("3")] == [None, None]
    answered_at = shift.at
    leave(shift)
    kinds = [EVENT_KINDS[type(entry.event)] for entry in history(shift)]
    assert kinds[kinds.index("claimed") :] == [
        "claimed",
        "dialled",
        "interviewing",
        "called",
        "closed",
        *after,
    ]
    [attempt] = shift.case("A").attempts
    assert (attempt.claimed, attempt.ended_at) == (True, answered_at)
    assert [call.outcome for call in attempt.calls] == ["refusal_hard"]
    assert shift.case("A").uncalled_attempts == ()


@pytest.mark.parametrize("leave", [lose_station, free])
def test_the_end_of_an_earlier_attempts_interview_is_no_outcome_of_a_later_one(
    tmp_path: Path, leave: Callable[[Shift], None]
) -> None:
    """The interviewer came back to the closing words and decided otherwise; the next station was lost while it dialed."""
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, "station")
    assert [talk.reply(""), talk.reply("2")] == [None, None]
    back = shift.station("ann")
    assert (on(back), back.record_outcome("callback").rejection) == ("A", None)
    shift.later(days=1)
    bob = shift.station("bob")
    assert bob.fetch_case("A").rejection is None
    bob.dial()
    leave(shift)
    assert [call.outcome for call in shift.case("A").calls] == ["callback", "lost"]
    assert status(shift) == [("open", "")]
    assert shift.row("A").holder is None
    assert findings(shift) == ()


def test_a_sampled_case_is_not_resumed_without_its_questionnaires_file(tmp_path: Path) -> None:
    """Neither its lease nor its outcome could be kept: the file's problem is said instead."""
    shift = Shift(tmp_path, cases=TWO)
    talk = alone(shift)
    keyed(talk, "1")
    assert talk.suspend() is None
    talk.close()
    shift.file.write_text("items: [{")
    with pytest.raises(UserError):
        start_or_resume(
            shift.file,
            StartOptions(case="A", interviewer="ann", db=shift.db),
            clock=lambda: shift.at,
        )
    assert status(shift_of(shift)) == [("suspended", "")]


def shift_of(shift: Shift) -> Shift:
    """The same study with its file as it was."""
    shift.write(shift.items)
    return shift


def test_a_correction_that_changes_no_outcome_lets_go_of_the_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    keyed(alone(shift), "1", "1", "1")
    shift.later(hours=1)
    again = alone(shift, reopen=True)
    assert again.jump(again.list_items()[2].place) is None
    assert again.reply("2") is None
    assert again.result() is not None
    assert (code(shift), shift.row("A").status, shift.row("A").holder) == ("1.1", "done", None)
    assert sum(isinstance(e.event, OutcomeRecorded) for e in history(shift)) == 1
    assert places(shift)["men"] == (0, 0), "it counts where the corrected answers put it"
    assert findings(shift) == ()


def history(shift: Shift, key: str = "A") -> list[HistoryEntry]:
    with shift.study() as study:
        return study.store.cases.queries.read_history(key)


def status(shift: Shift, key: str = "A") -> list[tuple[str, str]]:
    told = list_interviews(shift.file, db=shift.db)
    assert isinstance(told, tuple)
    return [(row.status, row.outcome) for row in told[1] if row.case == key]


@pytest.mark.parametrize("way", ["station", "alone"])
@pytest.mark.parametrize("at", ["before the event", "after the event"])
def test_nothing_of_the_end_is_written_where_a_part_of_it_cannot_be(
    tmp_path: Path, way: str, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection or the disk breaks between the statements: neither the interview nor the case has ended."""
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, way)
    keyed(talk, "1", "1")
    write = interview_store._append_within

    def broken(*parts: object, **more: object) -> bool:
        if at == "after the event":
            write(*parts, **more)  # type: ignore[arg-type]
        raise StoreError("field.db", "the disk is full", "make room")

    with monkeypatch.context() as failing:
        failing.setattr(interview_store, "_append_within", broken)
        why = talk.reply("1")
    assert isinstance(why, Rejection)
    assert "the disk is full" in why.why
    assert status(shift) == [("open", "")]
    assert shift.row("A").holder is not None
    assert shift.case("A").last_call is None
    assert places(shift)["men"] == (0, 1)
    assert talk.reply("1") is None
    assert (code(shift), status(shift), places(shift)["men"]) == (
        "1.1",
        [("ended", "complete")],
        (1, 0),
    )


def test_a_connection_lost_in_the_middle_of_the_end_writes_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    if not shift.db.startswith("postgresql"):
        pytest.skip("a file has no connection that is lost")
    _, talk = begun(shift, "station")
    keyed(talk, "1", "1")
    write, lost = interview_store._append_within, []

    def cut(*parts: object, **more: object) -> bool:
        done = write(*parts, **more)  # type: ignore[arg-type]
        if not lost:
            lost.append(True)
            talk.store.connector._connection.close()  # type: ignore[attr-defined]
        return done

    monkeypatch.setattr(interview_store, "_append_within", cut)
    assert talk.reply("1") is None
    assert lost
    assert [EVENT_KINDS[type(e.event)] for e in history(shift)].count("called") == 1
    assert (code(shift), status(shift), places(shift)["men"]) == (
        "1.1",
        [("ended", "complete")],
        (1, 0),
    )
    assert findings(shift) == ()


def test_a_supervisor_who_writes_to_the_case_meanwhile_takes_nothing_from_its_end(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann, talk = begun(shift, "station")
    keyed(talk, "1", "2")
    with shift.study() as study:
        case = shift.case("A")
        entry = HistoryEntry(shift.at, "sue", "office", ReferralAnswered("go on"))
        assert (
            study.store.cases.update(CaseUpdate("A", seq=case.seq, entries=[entry], force=True))
            is None
        )
    assert talk.reply("1") is None
    assert code(shift) == "1.1"
    assert ann is not None
    assert ann.close_interview().rejection is None
    assert on(ann) == "B"


def test_a_terminal_that_is_closed_at_the_end_takes_no_other_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann, talk = begun(shift, "station")
    keyed(talk, "1", "2", "1")
    assert ann is not None
    before = history(shift, "B")
    assert ann.close_interview(then_next=False).rejection is None
    assert ann.end_shift().rejection is None
    assert history(shift, "B") == before


# A lease that is lost


@pytest.mark.parametrize("way", ["station", "alone"])
def test_who_lost_the_case_learns_it_before_the_answer_counts(tmp_path: Path, way: str) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann, talk = begun(shift, way)
    keyed(talk, "1")
    before = talk.prompt()
    shift.later(minutes=40)
    bob = shift.station("bob")
    assert bob.fetch_case("A").rejection is None
    why = talk.reply("2")
    assert isinstance(why, Rejection)
    assert "bob at station of bob has this case now" in why.why
    assert talk.prompt() == before, "what was typed stays on the screen"
    talk.save_draft("half a word")
    theirs = bob.open_interview().interview
    assert isinstance(theirs, InterviewSession)
    assert theirs.load_draft() == ""
    assert isinstance(talk.reply("2"), Rejection)
    assert talk.stop("refusal_hard") is None, "it can be left, and nothing is written"
    closing = talk.result()
    assert closing is not None
    assert (closing.status, "bob" in closing.remark) == ("lost", True)
    if ann is not None:
        assert ann.close_interview().rejection is None
        assert on(ann) == "B"
        assert "bob at station of bob has this case now" in ann.look().notice
    else:
        talk.close()
    keyed(theirs, "1", "1")
    assert bob.close_interview().rejection is None
    assert (code(shift), status(shift)) == ("1.1", [("ended", "complete")])
    calls = [
        (e.by, e.event.outcome) for e in history(shift) if isinstance(e.event, OutcomeRecorded)
    ]
    assert calls == [("ann", "lost"), ("bob", "complete")]
    assert findings(shift) == ()


@pytest.mark.parametrize("way", ["station", "alone"])
def test_a_lease_that_ran_out_while_nobody_took_the_case_is_taken_again(
    tmp_path: Path, way: str
) -> None:
    """The computer slept for an hour."""
    shift = Shift(tmp_path)
    ann, talk = begun(shift, way)
    keyed(talk, "1")
    shift.later(minutes=60)
    with shift.study() as study:
        assert list(study.store.cases.expire_leases(shift.at)) == ["A"]
    keyed(talk, "2", "1")
    assert (code(shift), shift.row("A").status) == ("1.1", "done")
    events = [e.event for e in history(shift)]
    assert CaseReturned("lapsed") in events
    assert sum(isinstance(event, InterviewOpened) for event in events) == 2
    assert ann is None or ann.close_interview().rejection is None


def test_a_case_that_lapsed_and_was_called_since_is_not_taken_again(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    _, talk = begun(shift, "station")
    keyed(talk, "1")
    shift.later(minutes=60)
    bob = shift.station("bob")
    assert bob.fetch_case("A").rejection is None
    assert bob.record_outcome("refusal_soft").rejection is None
    before = history(shift)
    why = talk.reply("2")
    assert isinstance(why, Rejection)
    assert "others have called it since" in why.why
    assert history(shift) == before


@pytest.mark.parametrize("committed", [True, False])
def test_a_claim_that_is_just_being_written_is_waited_for(tmp_path: Path, committed: bool) -> None:
    """On a server another's claim may be committed between reading the lease and writing the answer."""
    shift = Shift(tmp_path, cases=TWO)
    if not shift.db.startswith("postgresql"):
        pytest.skip("on a file one writes at a time")
    import psycopg

    _, talk = begun(shift, "station")
    keyed(talk, "1")
    url, _, schema = shift.db.partition("&schema=")
    with psycopg.connect(url) as other, ThreadPoolExecutor(1) as beside:
        other.execute("SELECT set_config('search_path', %s, false)", (schema,))
        other.execute("UPDATE cases SET lease_token = 'another', lease_by = 'bob' WHERE key = 'A'")
        answer = beside.submit(talk.reply, "2")
        time.sleep(0.3)
        assert not answer.done(), "the answer waits for the claim"
        if committed:
            other.commit()
        else:
            other.rollback()
        why = answer.result(timeout=10)
    assert (why is None) == (not committed)
    assert status(shift) == [("open", "")]
    assert committed == (isinstance(why, Rejection) and "bob" in why.why)


def test_an_interview_without_a_sampled_case_has_no_fence(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    talk = alone(shift, "walk-in")
    keyed(talk, "1", "2", "1")
    talk.close()
    assert status(shift, "walk-in") == [("ended", "complete")]


# Studies of earlier versions


def left_behind(shift: Shift, *answers: str, stop: str = "") -> None:
    """What an earlier version left when it was killed at the closing screen: the interview ended, the case did not."""
    _, talk = begun(shift, "station")
    talk.link.build_closing_update = lambda *_, **__: None  # type: ignore[method-assign]
    keyed(talk, *answers)
    if stop:
        assert talk.stop(stop) is None
    assert talk.result() is not None
    assert shift.row("A").holder is not None


ENDS_EARLY = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}, declines: []}
  - {id: no, type: end, ask_if: b == 2, outcome: refusal_hard, text: Goodbye.}
"""


def forget(shift: Shift) -> None:
    """As an earlier version left it: interviews and cases were never compared."""
    with shift.study() as study:
        study.store.settings.write(COMPARED_SETTING, "x")
        study.store.connector.run("DELETE FROM settings WHERE name = ?", (COMPARED_SETTING,))


@pytest.mark.parametrize("lapsed", [False, True], ids=["leased", "lapsed"])
def test_opening_a_study_records_outcomes_that_cases_lack(tmp_path: Path, lapsed: bool) -> None:
    shift = Shift(tmp_path, items=ENDS_EARLY, cases=TWO)
    left_behind(shift, "1", "2")
    ended = shift.at
    assert any("its history lacks the outcome" in finding for finding in findings(shift))
    if lapsed:
        shift.later(minutes=30)
        with shift.study() as study:
            study.store.cases.expire_leases(shift.at)
    shift.later(minutes=5)
    forget(shift)
    told: list[str] = []
    report = list_queue(
        Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue", notify=told.append),
        limit=9,
    )
    assert isinstance(report, QueueReport)
    assert [line.key for line in report.lines] == ["B"]
    assert len(told) == 1
    assert "respondent refuses (hard)" in told[0]
    [call] = [e for e in history(shift) if isinstance(e.event, OutcomeRecorded)]
    assert (call.by, call.station) == ("ann", "of ann")
    assert isinstance(call.event, OutcomeRecorded)
    assert (call.event.outcome, call.event.number) == ("refusal_hard", 1)
    assert lapsed or call.at == ended
    assert (code(shift), shift.row("A").status, shift.row("A").holder) == ("2.112", "done", None)
    assert findings(shift) == ()
    told.clear()
    list_queue(
        Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue", notify=told.append),
        limit=9,
    )
    assert told == [], "it is done once"


def test_a_study_that_can_only_be_read_says_what_it_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, items=ENDS_EARLY, cases=TWO)
    left_behind(shift, "1", "2")
    forget(shift)

    def read_only(*_: object, **__: object) -> None:
        raise StoreError("field.db", "the database can only be read", "ask its owner")

    told: list[str] = []
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue", notify=told.append)
    with monkeypatch.context() as locked:
        locked.setattr(CaseStore, "update", read_only)
        assert isinstance(list_queue(request, limit=9), QueueReport)
    assert len(told) == 1
    assert "the database can only be read" in told[0]
    list_queue(request, limit=9)
    assert code(shift) == "2.112", "it is done as soon as it can be"


def test_a_station_that_comes_back_after_such_a_crash_shows_the_next_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ENDS_EARLY, cases=TWO)
    left_behind(shift, "1", "2")
    back = shift.station("ann")
    assert on(back) == "B"
    assert len(back.studies[0].repairs) == 1
    assert (code(shift), shift.row("A").status) == ("2.112", "done")


def test_a_wrong_outcome_that_was_keyed_after_the_crash_does_not_hide_the_right_one(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, items=ENDS_EARLY, cases=TWO)
    left_behind(shift, "1", "2")
    with shift.study() as study:  # as an earlier version's station offered it
        case = shift.case("A")
        entry = HistoryEntry(shift.at, "ann", "of ann", OutcomeRecorded("callback", 1))
        after = case.apply(entry)
        study.store.cases.update(CaseUpdate(
            "A", seq=case.seq, entries=[entry], queue_position=schedule_case(after, study.plan, shift.at),
            force=True, release=True,
        ))  # fmt: skip
    forget(shift)
    assert any("its history lacks the outcome" in finding for finding in findings(shift))
    assert "A" not in queued(shift)
    assert (code(shift), shift.row("A").status) == ("2.112", "done")
    assert findings(shift) == ()


def test_a_case_that_another_station_is_calling_now_is_left_to_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ENDS_EARLY, cases=TWO)
    left_behind(shift, "1", "2")
    shift.later(minutes=30)
    with shift.study() as study:
        study.store.cases.expire_leases(shift.at)
        keep = study.store.cases
        from survey_cli.store.cases.case_records import Lease

        keep.claim_case(
            "A", Lease("t", "bob", "of bob", shift.at + timedelta(minutes=20)), shift.at
        )
    forget(shift)
    queued(shift)
    assert shift.row("A").holder is not None
    assert any("its history lacks the outcome" in finding for finding in findings(shift))


# What follows outside of the transaction


@pytest.mark.parametrize("outcome", ["never_call", "withdrawn"])
def test_what_a_crash_left_undone_is_done_at_the_next_opening(
    tmp_path: Path, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, cases=TWO)
    _, talk = begun(shift, "station")
    keyed(talk, "1")
    with monkeypatch.context() as killed:
        killed.setattr("survey_cli.sessions.case.case_claim.follow_up", lambda *_: iter(()))
        assert talk.stop(outcome) is None
    assert shift.row("A").status == "done"
    owed = findings(shift)
    assert any("do-not-call list" in finding for finding in owed)
    assert any("not erased yet" in finding for finding in owed) == (outcome == "withdrawn")
    queued(shift)
    with shift.study() as study:
        assert study.is_on_do_not_call_list(["+13125550100"])
        assert study.store.settings.list_tasks() == []
        [row] = study.store.interviews.list_rows(case="A")
        assert row.is_erased == (outcome == "withdrawn")
    assert not any("yet" in finding for finding in findings(shift))


def test_a_list_that_cannot_be_written_is_said_and_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann, talk = begun(shift, "station")
    keyed(talk, "1")

    def full(*_: object, **__: object) -> int:
        raise StoreError("never_call.db", "the disk is full", "make room")

    with monkeypatch.context() as broken:
        broken.setattr("survey_cli.store.do_not_call.DoNotCallList.add", full)
        assert talk.stop("never_call") is None
    assert ann is not None
    assert ann.close_interview().rejection is None
    assert "not on the do-not-call list yet: the disk is full" in ann.look().notice
    assert shift.row("A").status == "done"
    queued(shift)
    with shift.study() as study:
        assert study.is_on_do_not_call_list(["+13125550100"])


# Consent that is withdrawn


@pytest.mark.parametrize("way", ["station", "alone", "walk-in"])
def test_who_withdraws_consent_has_the_answers_erased(tmp_path: Path, way: str) -> None:
    shift = Shift(tmp_path, cases=TWO)
    talk = alone(shift, "walk-in") if way == "walk-in" else begun(shift, way)[1]
    keyed(talk, "1", "2")
    assert talk.stop("withdrawn") is None
    closing = talk.result()
    assert closing is not None
    assert (closing.answered, closing.erased, closing.remark) == (0, True, "")
    with shift.study() as study:
        [row] = study.store.interviews.list_rows(case="walk-in" if way == "walk-in" else "A")
        assert (row.outcome, row.answered, row.is_erased) == ("withdrawn", 0, True)
        assert not any(
            "value" in str(event) and "value=1" in str(event)
            for event in study.store.interviews.read_journal(row.id)
        )
    assert all("scrub" in f or "free pages" in f for f in findings(shift))


def test_withdrawing_in_a_practice_interview_leaves_the_real_answers(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    real = alone(shift, "walk-in")
    keyed(real, "1", "2", "1")
    real.close()
    talk = alone(shift, "walk-in", practice=True)
    keyed(talk, "2")
    assert talk.stop("withdrawn") is None
    with shift.study() as study:
        rows = {row.origin: row for row in study.store.interviews.list_rows(case="walk-in")}
    assert (rows["real"].outcome, rows["real"].answered) == ("complete", 3)
    assert rows["practice"].is_erased


def test_answers_that_an_earlier_version_kept_of_a_withdrawal_are_erased_at_the_opening(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, items=ENDS_EARLY, cases=TWO)
    left_behind(shift, "1", stop="withdrawn")
    forget(shift)
    assert any("withdrew consent" in finding for finding in findings(shift))
    queued(shift)
    with shift.study() as study:
        [row] = study.store.interviews.list_rows(case="A")
    assert row.is_erased
    assert str(shift.row("A").position.reason.words) == "must not be called again"
    assert findings(shift) == (), "the opening after an upgrade leaves nothing to be done"


# An end that asks for an appointment


def test_an_end_with_a_temporary_outcome_asks_when_to_call_again(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    ann, talk = begun(shift, "station")
    assert ann is not None
    keyed(talk, "2")
    assert ann.close_interview().rejection is None
    view = ann.look().view
    assert isinstance(view, CaseView)
    assert (view.key, view.pending_input) == ("A", "time")
    assert ann.end_shift().rejection is not None
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    events = [e.event for e in history(shift)]
    assert [e.outcome for e in events if isinstance(e, OutcomeRecorded)] == ["appointment"]
    assert any(isinstance(e, AppointmentMade) for e in events)
    assert shift.row("A").position.promised_at is not None


def test_without_a_time_the_callback_is_keyed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    ann, talk = begun(shift, "station")
    assert ann is not None
    keyed(talk, "2")
    assert ann.close_interview().rejection is None
    assert ann.record_outcome("callback").rejection is None
    assert on(ann) == "B"
    assert (shift.row("A").status, shift.case("A").has_unfinished_interview) == ("waiting", True)


def test_a_form_that_a_crash_closed_is_asked_for_again(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, "station")
    keyed(talk, "2")
    back = shift.station("ann")
    view = back.look().view
    assert isinstance(view, CaseView)
    assert (view.key, view.pending_input) == ("A", "time")
    assert back.book_appointment("tomorrow 3pm").rejection is None


def test_a_form_that_nobody_came_back_to_is_a_callback(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ENDS, cases=TWO)
    _, talk = begun(shift, "station")
    keyed(talk, "2")
    shift.later(minutes=40)
    assert queued(shift) == ["B"]
    row = shift.row("A")
    assert (row.status, row.position.outcome, row.holder) == ("waiting", "callback", None)
    assert findings(shift) == ()


def test_where_no_station_asks_for_the_time_the_words_say_so(tmp_path: Path) -> None:
    shift = Shift(
        tmp_path, items=ENDS.replace("outcome: callback", "outcome: appointment"), cases=TWO
    )
    talk = alone(shift)
    keyed(talk, "2")
    closing = talk.result()
    assert closing is not None
    assert "no time was recorded" in closing.remark
    row = shift.row("A")
    assert (row.status, row.position.outcome, row.holder) == ("waiting", "callback", None)
    assert row.position.due_at == shift.at + timedelta(days=1)
