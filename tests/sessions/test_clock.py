"""The clock that dates entries: the server's for all its stations; for a file this computer's, which is asked about."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from support import postgres_server
from support.forked_survey import spawn_survey
from support.shift import Shift, on
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.problems import ConfirmableError
from survey_cli.reports.fieldwork.status import FieldworkStatus
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.open_station import open_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.store.backends.connector import ServerClock

MINUTES = timedelta(minutes=1)
AT_ANY_HOUR = """
fieldwork:
  frame: establishment
  zone: America/Chicago
  hours: {mon-sun: "00:00-24:00"}
  reason: a test that runs at any hour
"""
ONE = "unit,kind,name,phone,zone\nA,1,Al,+1 312 555 0100,America/Chicago\n"
TWO = f"{ONE}B,1,Bo,+1 312 555 0101,America/Chicago\n"


@pytest.fixture(autouse=True)
def all_closed():
    yield
    Shift.close_all()


@pytest.fixture
def wrong_by(monkeypatch: pytest.MonkeyPatch):
    """Set this computer's clock wrong."""

    class Wrong(datetime):
        ahead = timedelta()

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + cls.ahead

    def set_wrong(ahead: timedelta) -> None:
        Wrong.ahead = ahead

    for module in (
        "sessions.interview.start_interview",
        "services.run_on_study",
        "cli.output.datetimes",
        "services.database.administration",
    ):
        monkeypatch.setattr(f"survey_cli.{module}.datetime", Wrong)
    return set_wrong


def manned(shift: Shift, by: str, **how: object) -> StationSession:
    station = open_station(shift.file, db=shift.db, interviewer=by, station=f"of {by}", **how)  # type: ignore[arg-type]
    assert isinstance(station, StationSession), station
    return station


def test_the_servers_time_is_kept_between_its_replies() -> None:
    seconds = [100.0]
    clock = ServerClock(lambda: seconds[0])
    with pytest.raises(RuntimeError):
        clock.now()
    seconds[0] = 100.2  # the reply took 0.2 s
    clock.synchronize(datetime(2026, 1, 1, tzinfo=UTC), sent=100.0)
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 0, 100_000, tzinfo=UTC)
    seconds[0] += 60
    assert clock.now() == datetime(2026, 1, 1, 0, 1, 0, 100_000, tzinfo=UTC)


@pytest.mark.parametrize("ahead", [25 * MINUTES, -25 * MINUTES, timedelta(days=5 * 365)])
def test_two_stations_of_a_server_whose_clocks_differ(
    tmp_path: Path, wrong_by, ahead: timedelta
) -> None:
    """The other one neither takes a live case away nor dates anything by its own clock."""
    shift = Shift(
        tmp_path,
        db=postgres_server.create_address(),
        fieldwork=AT_ANY_HOUR,
        cases=TWO,
        at=datetime.now(UTC),
    )
    ann = manned(shift, "ann")
    wrong_by(ahead)
    bob = manned(shift, "bob")
    assert {on(ann), on(bob)} == {
        "A",
        "B",
    }  # with a lease of some minutes, bob's clock would have ended ann's
    assert str(bob.fetch_case(on(ann)).rejection).count("ann has this case")
    assert bob.record_outcome("no_answer").rejection is None
    assert ann.record_outcome("busy").rejection is None
    ann.close()
    bob.close()
    wrong_by(timedelta())
    with shift.study() as study:
        rows = list(study.store.cases.queries.iterate_rows())
        dated = [
            entry.at for row in rows for entry in study.store.cases.queries.read_history(row.key)
        ]
        due = [row.position.due_at for row in rows if row.position.due_at is not None]
        [(server,)] = postgres_server.run_query(shift.db, "SELECT clock_timestamp()")
    assert max(dated) <= server
    assert max(dated) > server - 2 * MINUTES
    assert all(server - 2 * MINUTES < at < server + timedelta(days=3) for at in due)
    assert postgres_server.run_query(
        shift.db, "SELECT count(*) FROM cases WHERE status = 'leased'"
    ) == [(0,)]


def test_commands_of_a_computer_with_a_wrong_clock_go_by_the_servers(
    tmp_path: Path, wrong_by
) -> None:
    shift = Shift(
        tmp_path,
        db=postgres_server.create_address(),
        fieldwork=AT_ANY_HOUR,
        cases=ONE,
        at=datetime.now(UTC),
    )
    ann = manned(shift, "ann")
    wrong_by(25 * MINUTES)
    status = load_fieldwork_status(
        Request(path=str(shift.file), at=datetime.now(UTC) + 25 * MINUTES, db=shift.db)
    )
    assert isinstance(status, FieldworkStatus), status
    with shift.study() as study:
        [row] = study.store.cases.queries.iterate_rows()
    assert row.status == "leased"  # nobody's lease has run out for a clock that is wrong
    ann.close()


def test_the_servers_time_comes_with_each_transaction_and_no_other_message(tmp_path: Path) -> None:
    from survey_cli.store import Store
    from survey_cli.store.backends.postgres.connection import PostgresConnector

    with Store.open(postgres_server.create_address(), create=True) as store:
        db = store.connector
        assert isinstance(db, PostgresConnector)
        assert store.clock is not None
        db.clock._server -= timedelta(days=1)  # type: ignore[union-attr, operator]
        assert datetime.now(UTC) - store.clock() > timedelta(hours=23)
        store.settings.write("a", "b")
        assert abs(datetime.now(UTC) - store.clock()) < timedelta(seconds=5)


def on_a_file(tmp_path: Path, newest: datetime) -> Shift:
    """A study whose newest entry is of then."""
    shift = Shift(tmp_path, fieldwork=AT_ANY_HOUR, cases=ONE, at=newest)
    desk = start_or_resume(shift.file, StartOptions(case="own", db=shift.db), clock=lambda: newest)
    desk.close()
    return shift


@pytest.mark.parametrize(
    ("ahead", "doubted"),
    [
        (timedelta(), False),
        (-MINUTES, False),
        (-25 * MINUTES, True),
        (timedelta(days=30), False),
        (timedelta(days=5 * 365), True),
    ],
)
def test_a_clock_that_disagrees_with_the_newest_entry_is_asked_about(
    tmp_path: Path, ahead: timedelta, doubted: bool
) -> None:
    newest = datetime(2026, 3, 3, 15, tzinfo=UTC)
    shift = on_a_file(tmp_path, newest)
    clock = lambda: newest + ahead  # noqa: E731
    station = attempt(open_station, shift.file, db=shift.db, clock=clock)
    assert isinstance(station, ConfirmableError) == doubted, station
    if isinstance(station, StationSession):
        station.close()
        return
    assert "--clock-is-right" in str(station)
    other = attempt(
        start_or_resume, shift.file, StartOptions(case="other", db=shift.db), clock=clock
    )
    assert isinstance(other, ConfirmableError)
    practice = start_or_resume(
        shift.file, StartOptions(case="p", db=shift.db, practice=True), clock=clock
    )
    practice.close()
    with closing(sqlite3.connect(shift.db)) as db:
        count = db.execute("SELECT count(*) FROM interviews WHERE case_key = 'other'").fetchone()
    assert count == (0,)
    right = open_station(shift.file, db=shift.db, clock=clock, clock_is_right=True)
    assert isinstance(right, StationSession), right
    right.close()


def test_the_start_of_a_station_is_an_entry_too(tmp_path: Path) -> None:
    start = datetime(2026, 3, 3, 15, tzinfo=UTC)
    shift = Shift(tmp_path, fieldwork=AT_ANY_HOUR, cases=ONE, at=start)
    manned(shift, "ann", clock=lambda: start + timedelta(hours=3)).close()
    with pytest.raises(ConfirmableError):
        open_station(shift.file, db=shift.db, clock=lambda: start + timedelta(hours=1))


def test_without_a_terminal_it_ends_with_2_and_names_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = on_a_file(tmp_path, datetime.now(UTC) + timedelta(hours=3))
    for command in (
        ["station", str(shift.file)],
        ["interview", str(shift.file), "--case", "x", "--plain"],
    ):
        assert run_command([*command, "--db", shift.db]) == 2
        said = capsys.readouterr().err
        assert "this computer's clock shows" in said
        assert "start with --clock-is-right" in said


def test_at_a_terminal_yes_lets_the_interview_begin(tmp_path: Path) -> None:
    shift = on_a_file(tmp_path, datetime.now(UTC) + timedelta(hours=3))
    known = [part for name in ("kind", "name", "phone", "zone") for part in ("--set", f"{name}=")]
    command = ["interview", str(shift.file), "--case", "x", "--plain", "--db", shift.db, *known]
    for answer, code in (("n", 1), ("y", 3)):
        child = spawn_survey(*command, encoding="utf-8")
        child.expect("Is this computer's clock right\\? \\[y/N\\] ")
        child.sendline(answer)
        if answer == "y":
            child.expect("this is root calling|calling for the Institute")
            child.sendline(".suspend")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == code, child.before


def test_entries_dated_in_the_future_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = Shift(
        tmp_path, fieldwork=AT_ANY_HOUR, cases=ONE, at=datetime.now(UTC) - timedelta(hours=1)
    )
    verified = verify_database(shift.file, db=shift.db)
    assert isinstance(verified, VerificationResult)
    assert verified.findings == ()
    shift.at = datetime(2131, 1, 2, 12, tzinfo=UTC)
    ann = shift.station("ann")
    assert ann.record_outcome("no_answer").rejection is None
    Shift.close_all()
    verified = verify_database(shift.file, db=shift.db)
    assert isinstance(verified, VerificationResult)
    [finding] = verified.findings
    assert finding.startswith("case A has ")
    assert "dated in the future, the last one 2131-01-02" in finding
    assert (
        "for a waiting case, then run: survey case outcome FILE CASE OUTCOME --note TEXT" in finding
    )
    capsys.readouterr()
    assert run_command(["status", str(shift.file), "--db", shift.db]) == 0
    assert "case A has " in capsys.readouterr().err
    assert (
        run_command(
            [
                "case",
                "outcome",
                str(shift.file),
                "A",
                "no_answer",
                "--note",
                "the clock",
                "--db",
                shift.db,
            ]
        )
        == 0
    )
    assert shift.row("A").position.due_at < datetime.now(UTC) + timedelta(days=1)


def test_invented_interviews_have_a_clock_of_their_own(tmp_path: Path) -> None:
    """They are dated ahead, one after another, and speak against nobody's clock."""
    shift = Shift(tmp_path, fieldwork=AT_ANY_HOUR, cases="")
    assert run_command(["simulate", str(shift.file), "-n", "200", "--keep", "--db", shift.db]) == 0
    verified = verify_database(shift.file, db=shift.db)
    assert isinstance(verified, VerificationResult)
    assert verified.findings == ()
    desk = start_or_resume(shift.file, StartOptions(case="own", db=shift.db))
    desk.close()
