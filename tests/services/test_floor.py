"""The floor: messages to stations, breaks and working times, corrections, several studies at one station."""

import csv
import io
import itertools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from support import postgres_server
from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.exporting import export_file
from support.shift import CASES, FIELDWORK, HEAD, OPTIONS, Shift, interviewed, on
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.shifts import ShiftCorrection
from survey_cli.plain import run_station
from survey_cli.problems import UserError
from survey_cli.services import study_administration
from survey_cli.services.cases import floor
from survey_cli.services.cases.caller_search import find_caller
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.database.administration import verify_database
from survey_cli.services.database.backups import back_up_database
from survey_cli.services.export.export_data import ExportOptions
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.listeners import Listeners
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import BreakView, CaseView, IdleView
from survey_cli.store.backends.address import is_server_address
from survey_cli.study.consistency.upkeep import rebuild_queue

PEOPLE = "login,role,pseudonym\nann,interviewer,I1\nbob,interviewer,I2\nsue,supervisor,S1\n"
FIVE = CASES + "".join(
    f"{key},2,Person {key},312 555 010{n},America/Chicago\n" for n, key in enumerate("BCDE", 1)
)
PAY = FIELDWORK + "  breaks: {lunch: unpaid, rest: paid}\n"


@pytest.fixture(autouse=True)
def accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "sue")


def sue(shift: Shift) -> Request:
    return Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")


# messages


def test_a_message_reaches_each_station_once_and_says_who_has_seen_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann, bob = shift.station("ann"), shift.station("bob")
    assert ann.take_message() == ""
    floor.send_message(sue(shift), "coffee at three")
    shift.later(minutes=0.2)
    assert ann.take_message() == "Message from sue (10:00): coffee at three"
    assert ann.take_message() == ""
    [sent] = floor.load_current_floor(sue(shift)).messages
    assert sent.seen_by == ("ann",)
    assert bob.take_message()
    assert floor.load_current_floor(sue(shift)).messages[0].seen_by == ("ann", "bob")
    assert ann.list_messages() == ["10:00  coffee at three (sue)"]
    assert shift.station("ann").take_message() == "", "the station was started again"


def test_a_message_reaches_an_interview_with_its_next_answer(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station("ann")
    ann.dial()
    session = ann.open_interview().interview
    assert isinstance(session, InterviewSession)
    floor.send_message(sue(shift), "hurry", to="ann")
    shift.later(minutes=0.2)
    assert session.reply("") is None
    assert session.take_message() == "Message from sue (10:00): hurry"


def test_a_message_is_for_one_person_for_some_time_and_can_be_withdrawn(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann, bob = shift.station("ann"), shift.station("bob")
    floor.send_message(sue(shift), "only you", to="bob")
    floor.send_message(sue(shift), "soon over", until=shift.at + timedelta(minutes=2))
    floor.send_message(sue(shift), "a mistake", until=shift.at + timedelta(minutes=9))
    texts = [sent.message.text for sent in floor.load_current_floor(sue(shift)).messages]
    floor.withdraw_message(sue(shift), 1 + texts.index("a mistake"))
    shift.later(minutes=5)
    assert ann.take_message() == ""
    assert bob.take_message().endswith("only you")
    shift.later(days=1)
    assert floor.load_current_floor(sue(shift)).messages == ()


def test_a_message_is_shown_until_midnight_also_when_clocks_change(
    tmp_path: Path, set_time_zone: Callable[[str], None]
) -> None:
    set_time_zone("America/Chicago")
    shift = Shift(tmp_path, cases=FIVE)
    shift.at = datetime.fromisoformat("2026-11-01T00:30-05:00")  # the day has 25 hours
    sent = floor.send_message(sue(shift), "until tonight")
    assert sent.until.isoformat() == "2026-11-02T00:00:00-06:00"


def test_people_at_work_are_those_since_midnight_also_when_clocks_change(
    tmp_path: Path, set_time_zone: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_time_zone("America/Chicago")
    shift = Shift(tmp_path, cases=FIVE)
    shift.at = datetime.fromisoformat("2026-11-01T10:00-06:00")
    study = shift.study()
    since = []
    list_events = study.store.work.list_events

    def note_time(**about: datetime) -> object:
        since.append(about["since"])
        return list_events(**about)

    monkeypatch.setattr(study.store.work, "list_events", note_time)
    floor.load_people_at_work(study, shift.at)
    midnight = datetime.fromisoformat("2026-11-01T00:00-05:00")
    assert since == [midnight - timedelta(days=1)]


def test_messages_are_listed_and_shown_in_the_order_in_which_they_were_sent(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station("ann")
    texts = [f"number {n}" for n in range(8)]
    for text in texts:
        floor.send_message(sue(shift), text)
        shift.later(minutes=0.002)
    shift.later(minutes=0.2)
    assert [sent.message.text for sent in floor.load_current_floor(sue(shift)).messages] == texts
    assert [ann.take_message().rpartition(": ")[2] for _ in texts] == texts


def test_a_message_is_one_line_and_its_words_stay_apart(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    assert (
        floor.send_message(sue(shift), "coffee\nat\tthree\x1b[31m ").text == "coffee at three[31m"
    )
    assert (
        study_administration.pause_study(sue(shift), "the server\nmoves").message
        == "the server moves"
    )


def test_a_message_is_not_sent_and_withdrawn_at_once_and_a_recipient_needs_a_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    floor.send_message(sue(shift), "stays")
    command = ["study", "message", str(shift.file), "--db", shift.db]
    assert run_command([*command, "--withdraw", "1", "a text"]) == 2
    assert run_command([*command, "--to", "ann"]) == 2
    assert (
        capsys.readouterr().err.count("give the text of a new message, or --withdraw N alone") == 2
    )
    assert [sent.message.text for sent in floor.load_current_floor(sue(shift)).messages] == [
        "stays"
    ]


def test_supervisors_and_shift_leaders_send_messages_and_only_to_people_of_the_study(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=FIVE, people=PEOPLE)
    as_ann = Request(path=str(shift.file), at=shift.at, db=shift.db, by="ann", people=shift._list())
    as_sue = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue", people=shift._list())
    with pytest.raises(UserError, match="only a supervisor or shift leader may send messages"):
        floor.send_message(as_ann, "hello")
    with pytest.raises(
        UserError, match="anne: is not on the study's list of people — did you mean 'ann'"
    ):
        floor.send_message(as_sue, "hello", to="anne")
    with pytest.raises(UserError, match="write 1 to 200"):
        floor.send_message(as_sue, "x" * 201)


# breaks and working times


def a_day(shift: Shift) -> None:
    """10:00 on; a complete of 10 minutes; lunch of 30; rest of 10; 20 minutes idle; the station dies at 11:10, and is
    started again at 12:00; off at 12:30."""
    ann = shift.station("ann")
    ann.dial()
    interviewed(ann, "1", "2", "1")
    shift.later(minutes=10)
    assert ann.close_interview().rejection is None
    assert ann.start_break("lunch").rejection is None
    shift.later(minutes=30)
    assert ann.end_break().rejection is None
    assert ann.start_break("rest").rejection is None
    shift.later(minutes=10)
    assert ann.end_break().rejection is None
    shift.later(minutes=20)
    assert ann.record_outcome("no_answer").rejection is None
    shift.later(minutes=50)
    ann = shift.station("ann")
    shift.later(minutes=30)
    assert ann.finish_case().rejection is None
    assert ann.end_shift().rejection is None


def exported(shift: Shift) -> list[dict[str, str]]:
    to = shift.folder / "shifts.csv"
    options = ExportOptions(
        to=str(to), db=shift.db, what="shifts", force=True, zone=OPTIONS.zone, at=shift.at
    )
    export_file(shift.file, options)
    with to.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_day_is_exported_with_its_breaks_and_without_the_time_of_a_dead_station(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=PAY)
    a_day(shift)
    [row] = exported(shift)
    assert (row["interviewer"], row["day"], row["first"], row["last"]) == (
        "ann",
        "2026-11-24",
        "10:00:00",
        "12:30:00",
    )
    minutes = {name: float(row[name]) for name in ("paid", "paid_breaks", "unpaid_breaks", "away")}
    assert minutes == {"paid": 70, "paid_breaks": 10, "unpaid_breaks": 30, "away": 50}
    assert (row["calls"], row["completes"]) == ("2", "1")
    assert float(row["on_cases"]) + float(row["idle"]) == 60
    assert row["corrections"] == ""


def test_a_correction_has_a_reason_and_is_visible_beside_what_was_recorded(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=PAY)
    a_day(shift)
    until = shift.at + timedelta(hours=1)
    shift.later(minutes=60)
    day = f"{shift.at.astimezone():%Y-%m-%d}"
    with pytest.raises(UserError, match="needs its reason"):
        floor.correct_shift(sue(shift), "ann", ShiftCorrection(day, "", until=until))
    with pytest.raises(UserError, match="nothing was changed"):
        floor.correct_shift(
            sue(shift), "ann", ShiftCorrection(day, "x", until=until - timedelta(hours=5))
        )
    floor.correct_shift(
        sue(shift), "ann", ShiftCorrection(day, "training after calls", until=until)
    )
    floor.correct_shift(
        sue(shift), "ann", ShiftCorrection(day, "worked on paper", away=timedelta())
    )
    [row] = exported(shift)
    assert (row["last"], float(row["paid"])) == ("13:30:00", 180)
    assert (
        row["corrections"]
        == "until 13:30: training after calls (sue); away 0 s: worked on paper (sue)"
    )


def test_work_after_a_correction_is_added_to_what_was_corrected(tmp_path: Path) -> None:
    """Away from 12:30 to 14:30, and an hour of that was work: 70 + 60 minutes, and 30 more."""
    shift = Shift(tmp_path, cases=FIVE, fieldwork=PAY)
    a_day(shift)
    day = f"{shift.at.astimezone():%Y-%m-%d}"
    until = shift.at + timedelta(hours=1)
    with pytest.raises(UserError, match="in the future"):
        floor.correct_shift(sue(shift), "ann", ShiftCorrection(day, "training", until=until))
    shift.later(minutes=90)
    floor.correct_shift(sue(shift), "ann", ShiftCorrection(day, "training", until=until))
    shift.later(minutes=30)
    ann = shift.station("ann")
    shift.later(minutes=30)
    assert ann.end_shift().rejection is None
    [row] = exported(shift)
    assert (row["last"], float(row["paid"]), float(row["away"])) == ("15:00:00", 160, 110)


def test_a_shift_over_midnight_loses_neither_a_break_nor_a_call(
    tmp_path: Path, set_time_zone: Callable[[str], None]
) -> None:
    set_time_zone(str(OPTIONS.zone))
    shift = Shift(tmp_path, cases=FIVE, fieldwork=PAY)
    shift.later(hours=13.5)  # 23:30
    by_link = replace(OPTIONS, listeners=Listeners(hand_link=[].append))
    ann, bob = shift.station("ann"), shift.station("bob", options=by_link)
    bob.fetch_case("B")
    bob.dial()
    shift.later(minutes=10)
    assert ann.start_break("rest").rejection is None
    shift.later(minutes=35)
    assert ann.end_break().rejection is None
    assert bob.record_outcome("no_answer").rejection is None
    shift.later(minutes=10)
    for station in (ann, bob):
        assert station.end_shift().rejection is None
    rows = {(row["interviewer"], row["day"][-2:]): row for row in exported(shift)}
    assert {key: (float(row["paid"]), float(row["paid_breaks"])) for key, row in rows.items()} == {
        ("ann", "24"): (30, 20), ("ann", "25"): (25, 15), ("bob", "24"): (30, 0), ("bob", "25"): (25, 0)
    }  # fmt: skip
    for day in ("2026-11-24", "2026-11-25"):
        assert floor.load_shift(sue(shift), "ann", day).summary.talk_time == timedelta()
        assert floor.load_shift(sue(shift), "bob", day).summary.talk_time is None


def test_a_station_that_is_left_on_over_night_is_not_paid_for(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station("ann")
    shift.later(minutes=60)
    assert ann.record_outcome("no_answer").rejection is None
    shift.later(minutes=22 * 60)
    assert ann.end_shift().rejection is None
    assert [(row["day"][-2:], float(row["paid"])) for row in exported(shift)] == [
        ("24", 60),
        ("25", 0),
    ]


def test_a_correction_names_a_person_and_what_is_corrected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    command = ["study", "shift", str(shift.file), "--db", shift.db]
    assert run_command([*command, "--to", "12:00", "--note", "x"]) == 2
    assert run_command([*command, "ann", "--note", "x"]) == 2
    assert capsys.readouterr().err.count("a correction needs a person, and what is corrected") == 2


def test_who_is_no_supervisor_exports_the_own_times_alone(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    with shift.study() as study:
        account = study.store.account
    for login in (account, "bob"):
        shift.station(login).end_shift()
    (shift.folder / "responses").mkdir()
    people = shift.folder / (
        "responses/interviewers.csv" if is_server_address(shift.db) else "interviewers.csv"
    )
    people.write_text(f"login,role,pseudonym\n{account},supervisor,I1\nbob,interviewer,I2\n")
    assert {row["interviewer"] for row in exported(shift)} == {"I1", "I2"}
    people.write_text(f"login,role,pseudonym\n{account},interviewer,I1\nbob,supervisor,I2\n")
    assert [row["interviewer"] for row in exported(shift)] == ["I1"]


def test_the_floor_says_who_is_on_which_break(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=PAY)
    ann, bob, eve = shift.station("ann"), shift.station("bob"), shift.station("eve")
    shift.later(minutes=5)
    assert ann.start_break("rest").rejection is None
    assert isinstance(ann.look().view, BreakView)
    assert eve.end_shift().rejection is None
    shift.later(minutes=4)
    people = {each.login: each for each in floor.load_current_floor(sue(shift)).people}
    assert {login: each.state for login, each in people.items()} == {
        "ann": "break: rest", "bob": "at work", "eve": "off"
    }  # fmt: skip
    assert {login: each.paid for login, each in people.items()} == {
        "ann": timedelta(minutes=9), "bob": timedelta(minutes=9), "eve": timedelta(minutes=5)
    }  # fmt: skip
    assert people["bob"].station == bob.station


def test_a_break_goes_on_while_its_station_gives_signs_and_is_counted_until_the_last_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=PAY)
    ann = shift.station("ann")
    assert ann.start_break("rest").rejection is None
    for _ in range(3):
        shift.later(minutes=6)
        ann.keep_alive()
    assert isinstance(ann.look().view, BreakView)
    shift.later(minutes=14)
    [person] = floor.load_current_floor(sue(shift)).people
    assert (person.state, person.silent_since, person.paid) == (
        "break: rest",
        None,
        timedelta(minutes=32),
    )
    last, dead = shift.at - timedelta(minutes=14), shift.at + timedelta(hours=5)
    shift.later(hours=5)  # the station was killed
    [person] = floor.load_current_floor(sue(shift)).people
    assert (person.state, person.silent_since, person.paid) == (
        "break: rest",
        last,
        timedelta(minutes=18),
    )
    assert [float(row["paid"]) for row in exported(shift)] == [18]
    again = shift.station("ann")
    assert again.end_shift().rejection is None
    [row] = exported(shift)
    assert (float(row["paid"]), float(row["paid_breaks"])) == (18, 18)
    assert float(row["away"]) == (dead - last) / timedelta(minutes=1)


# several studies


def two_studies(tmp_path: Path, **first: str) -> tuple[Shift, Shift]:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    return (
        Shift(one, cases=CASES, **first),
        Shift(two, head=HEAD.replace("instrument: field", "instrument: other").replace("Field test", "Other test"),
              cases=FIVE.replace("\nA,", "\nZ,")),
    )  # fmt: skip


def at_both(*shifts: Shift, clock: Callable[[], datetime] | None = None) -> StationSession:
    studies = [shift.study("ann") for shift in shifts]
    for study in studies:
        rebuild_queue(study, shifts[0].at)
    clock = clock or (lambda: shifts[0].at)
    ann = StationSession(
        study=studies[0], further=studies[1:], station="7", clock=clock, options=OPTIONS
    )
    assert ann.start().rejection is None
    return ann


def test_a_station_asks_its_studies_in_their_order(tmp_path: Path) -> None:
    first, second = two_studies(tmp_path)
    ann = at_both(first, second)
    assert (ann.title, on(ann)) == ("Field test", "A")
    assert ann.record_outcome("no_answer").rejection is None
    assert ann.title == "Other test"
    assert isinstance(ann.look().view, CaseView)
    assert ann.record_outcome("no_answer").rejection is None
    assert ann.revoke_outcome().rejection is None
    assert ann.summarize_shift().calls == 1
    assert first.case("A").calls


def test_the_time_at_a_station_is_that_of_one_study_after_the_other(tmp_path: Path) -> None:
    """A case is claimed a moment before the person signs on in its study: the time elsewhere is none of this one's."""
    first, second = two_studies(tmp_path)
    passed = itertools.count()
    ann = at_both(first, second, clock=lambda: first.at + timedelta(milliseconds=next(passed)))
    assert on(ann) == "A"
    for minutes, study in ((10, "Other test"), (240, "Field test")):
        first.later(minutes=minutes)
        assert ann.record_outcome("no_answer").rejection is None
        assert ann.title == study
    first.later(minutes=5)
    assert ann.finish_case().rejection is None
    assert ann.end_shift().rejection is None
    second.at = first.at
    minutes_paid = [float(exported(study)[0]["paid"]) for study in (first, second)]
    assert minutes_paid == pytest.approx([15, 240], abs=0.2)


def test_the_plain_station_names_the_study_where_it_is_another_one(tmp_path: Path) -> None:
    written = io.StringIO()
    run_station(
        at_both(*two_studies(tmp_path)),
        io.StringIO("no_answer\ny\nno_answer\ny\n.leave\n"),
        written,
    )
    lines = written.getvalue().splitlines()
    assert lines[0] == "[Field test, ann, 7]"
    assert lines.count("[Study: Other test]") == 1
    assert "[Study: Field test]" not in lines


def test_an_appointment_that_is_due_comes_first_whatever_its_study(tmp_path: Path) -> None:
    first, second = two_studies(tmp_path)
    ann = at_both(second)
    key = on(ann)
    assert ann.book_appointment("10:30").rejection is None
    assert ann.end_shift().rejection is None
    first.later(minutes=31)
    second.at = first.at
    ann = at_both(first, second)
    assert (ann.title, on(ann)) == ("Other test", key)


def test_each_study_keeps_its_pause_and_the_time_spent_on_it(tmp_path: Path) -> None:
    from survey_cli.services.study_administration import pause_study

    first, second = two_studies(tmp_path)
    pause_study(sue(first), "later")
    ann = at_both(first, second)
    assert ann.title == "Other test"
    pause_study(sue(second), "")
    first.later(minutes=10)
    assert ann.finish_case().rejection is None
    view = ann.look().view
    assert isinstance(view, IdleView)
    assert view.study_is_paused
    assert view.why.startswith("Field test: Paused by sue")
    assert ann.end_shift().rejection is None
    rows = [exported(shift)[0] for shift in (first, second)]
    assert [float(row["paid"]) for row in rows] == [0, 10]


def test_a_caller_is_found_in_all_studies_of_the_station(tmp_path: Path) -> None:
    first, second = two_studies(tmp_path)
    ann = at_both(first, second)
    keys = {match.key for match in ann.search_cases("312 555 01")}
    assert keys == {"field:A", "other:Z", "other:B", "other:C", "other:D", "other:E"}
    assert ann.fetch_case("other:D").rejection is None
    assert (ann.title, on(ann)) == ("Other test", "D")
    assert first.row("A").holder is None


def test_a_caller_is_found_in_all_studies_of_a_folder_or_a_server_and_the_search_is_recorded(
    tmp_path: Path,
) -> None:
    first, second = two_studies(tmp_path)
    place = str(tmp_path)
    if is_server_address(first.db):
        place = first.db.partition("&schema=")[0]
    else:
        for shift, name in ((first, "panel"), (second, "panel.before-election")):
            Path(shift.db).rename(tmp_path / f"{name}.db")
            shift.db = str(tmp_path / f"{name}.db")
            with shift.study():
                pass
    found = find_caller(place, "(312) 555 0100", at=first.at)
    assert {(match.key, match.name, match.state) for match in found.matches} >= {
        ("A", "Alice Adams", "ready"),
        ("Z", "Alice Adams", "ready"),
    }
    with second.study() as study:
        [entry] = [
            entry for entry in study.store.access_log.list_entries() if entry.what == "search"
        ]
        assert (entry.object, entry.detail) == ("case Z", "a caller")
    with pytest.raises(UserError, match="too short"):
        find_caller(place, "31", at=first.at)


def test_copies_beside_a_database_are_neither_searched_nor_opened(tmp_path: Path) -> None:
    """To open the copy of an upgrade upgraded it too, and left a copy of the copy: each search added two files."""
    shift = Shift(tmp_path, cases=FIVE)
    if not is_server_address(shift.db):
        labels = (
            "before-access",
            "before-access-2",
            "replaced-20261124-100000",
            "before-work.before-excluded",
        )
        copies = [Path(shift.db).with_suffix(f".{label}.db") for label in labels]
        copies.append(
            Path(back_up_database(shift.file, Path(shift.db).parent, at=shift.at, db=shift.db).file)
        )
        for copy in copies:
            copy.write_bytes(b"only its name matters")
        found = find_caller(str(tmp_path), "555 0100", at=shift.at)
        assert {match.key for match in found.matches} >= {"A"}
        assert found.skipped == ()


def test_who_is_not_on_the_list_of_a_study_does_not_search_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, people=PEOPLE)
    if not is_server_address(shift.db):  # on a server, roles decide
        with pytest.raises(UserError, match="eve: is not on the study's list of people"):
            find_caller(str(tmp_path), "555 0100", at=shift.at, by="eve")


# paid time is one figure


def paid_everywhere(shift: Shift, login: str = "ann") -> dict[str, timedelta]:
    """The paid time of today, as each place has it."""
    day = f"{shift.at.astimezone():%Y-%m-%d}"
    status = load_fieldwork_status(sue(shift), zone=OPTIONS.zone)
    [line] = [line for line in status.people_today if line.work.name == login]
    assert line.at_work is not None
    [person] = [each for each in floor.load_current_floor(sue(shift)).people if each.login == login]
    [row] = [row for row in exported(shift) if row["interviewer"] == login]
    return {
        "board": line.at_work.paid,
        "list": person.paid,
        "day": floor.load_shift(sue(shift), login, day).summary.paid_time,
        "export": timedelta(minutes=float(row["paid"])),
    }


def test_paid_time_of_a_session_without_sign_off_is_the_same_everywhere(tmp_path: Path) -> None:
    """10:00 on, a call until 10:16, and the station dies; 13 minutes later it is started again for ten minutes."""
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station("ann")
    ann.dial()
    shift.later(minutes=16)
    assert ann.record_outcome("no_answer").rejection is None
    shift.later(minutes=13)
    assert set(paid_everywhere(shift).values()) == {timedelta(minutes=29)}, (
        "it may still be at work"
    )
    shift.later(minutes=30)
    assert set(paid_everywhere(shift).values()) == {timedelta(minutes=16)}, (
        "no sign for more than 15 minutes"
    )
    again = shift.station("ann")
    shift.later(minutes=10)
    assert set(paid_everywhere(shift).values()) == {timedelta(minutes=26)}
    assert again.summarize_shift().paid_time == timedelta(minutes=26)
    assert again.finish_case().rejection is None
    assert again.end_shift().rejection is None
    shift.later(minutes=90)
    assert set(paid_everywhere(shift).values()) == {timedelta(minutes=26)}


def test_a_killed_stations_case_is_no_longer_time_on_cases(tmp_path: Path) -> None:
    """Ten minutes on a case, which the station had for half an hour more, until its lease ended."""
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station("ann")
    ann.dial()
    shift.later(minutes=10)
    assert ann.add_note("asks who pays for this").rejection is None
    shift.later(minutes=18)
    [line] = load_fieldwork_status(sue(shift)).people_today
    assert line.at_work is not None
    assert (line.at_work.on_cases, line.at_work.paid) == (
        timedelta(minutes=10),
        timedelta(minutes=10),
    )
    assert line.on_cases == 1.0
    shift.later(minutes=30)
    [line] = load_fieldwork_status(sue(shift)).people_today
    assert line.at_work is not None
    assert line.at_work.on_cases == timedelta(minutes=10)


def test_paid_time_is_the_same_everywhere_after_a_correction(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=PAY)
    a_day(shift)
    shift.later(minutes=60)
    day = f"{shift.at.astimezone():%Y-%m-%d}"
    floor.correct_shift(sue(shift), "ann", ShiftCorrection(day, "a meeting", until=shift.at))
    assert set(paid_everywhere(shift).values()) == {timedelta(minutes=130)}


def test_a_station_that_runs_is_at_work_though_there_is_nothing_to_call(tmp_path: Path) -> None:
    """A key says every ten minutes that she is there; without one, the time ends at the last."""
    shift = Shift(tmp_path, cases=FIVE)
    study_administration.pause_study(sue(shift), "later")
    ann = shift.station("ann")
    for minutes in range(5, 45, 5):
        shift.later(minutes=5)
        ann.keep_alive()
        if minutes % 10 == 0:
            ann.note_key()
    assert set(paid_everywhere(shift).values()) == {timedelta(minutes=40)}
    for _ in range(60):
        shift.later(minutes=5)
        ann.keep_alive()
    assert set(paid_everywhere(shift).values()) == {timedelta(minutes=40)}


def test_verify_reports_working_times_that_were_removed(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    station = shift.station("ann")
    assert station.end_shift().rejection is None
    Shift.close_all()
    assert verify_database(shift.file, db=shift.db, at=shift.at).findings == ()
    if is_server_address(shift.db):
        postgres_server.run_query(shift.db, "DELETE FROM work_events")
    else:
        with closing(sqlite3.connect(shift.db)) as db, db:
            db.execute("DELETE FROM work_events")
    [finding] = verify_database(shift.file, db=shift.db, at=shift.at).findings
    assert finding == "0 working times of ann are stored, but 2 were recorded"
