"""Identity: the account decides; a claimed name is marked and needs a supervisor's account."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support import postgres_server
from support.shift import Shift, on
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.cases import CaseSheet
from survey_cli.services.cases.case_lists import load_case_sheet
from survey_cli.services.database.backups import back_up_database
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store.backends.account import read_system_account
from survey_cli.study import signing_in
from survey_cli.study.open_study import OpenStudy, open_study

PEOPLE = "login,role\nsue,supervisor\nann,interviewer\nbob,interviewer\n"


@pytest.fixture
def as_account(monkeypatch: pytest.MonkeyPatch):
    def become(name: str) -> None:
        monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: name)

    return become


def opened(shift: Shift, **how: str) -> OpenStudy | UserError:
    study = attempt(open_study, shift.file, db=shift.db, **how)
    if isinstance(study, OpenStudy):
        Shift.opened.append(study)
    return study


def test_environment_variables_make_nobody_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_system_account()
    read_system_account.cache_clear()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "sue")
    assert read_system_account() == before != "sue"


def test_who_owns_the_list_of_people_is_told_the_line_that_is_missing(
    tmp_path: Path, as_account, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, people="login,languages,role\npat,,interviewer\nsue,,supervisor\n")
    as_account("zoe")

    missing = opened(shift)
    assert str(missing).startswith(
        "zoe: is not on the study's list of people — ask sue to add this name to"
    )
    assert str(missing).endswith("yourself: zoe,,supervisor")
    assert str(opened(shift, by="pat")).endswith(
        "log in as pat, or ask sue" + str(missing).partition("csv")[2]
    )

    monkeypatch.setattr("os.getuid", lambda: 4321)
    assert "yourself" not in str(opened(shift))


def test_an_interviewer_claims_no_other_name(tmp_path: Path, as_account) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    as_account("ann")
    mine = opened(shift)
    assert isinstance(mine, OpenStudy)
    assert (mine.who.login, mine.who.may(Action.CORRECT_OUTCOMES)) == ("ann", False)
    for name in ("sue", "bob", "eve"):
        refused = opened(shift, by=name)
        assert str(refused) == (
            f"{name}: is not the account ann, and only a supervisor may work under another name"
            f" — log in as {name}, or ask sue"
        )


def test_the_owner_is_whoever_owns_the_file_under_the_own_name(tmp_path: Path, as_account) -> None:
    shift = Shift(tmp_path, people="login,role\nsue,supervisor\nbob,supervisor\nann,interviewer\n")
    as_account("sue")
    for name, is_owner in (("sue", True), ("bob", False), ("ann", False)):
        study = opened(shift, by=name)
        assert isinstance(study, OpenStudy)
        assert study.who.may(Action.MANAGE_SUPERVISORS) == is_owner, name
        assert study.who.may(Action.MANAGE_ACCOUNTS) == (name != "ann")


def test_files_are_copied_and_replaced_by_supervisors(
    tmp_path: Path, as_account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    file, where, backup = str(shift.file), ["--db", shift.db], str(tmp_path / "backup.db")
    monkeypatch.chdir(tmp_path)
    as_account("sue")
    assert run_command(["db", "backup", file, backup, *where]) == 0
    content = Path(shift.db).read_bytes()
    for account, is_who in (
        ("ann", "is an interviewer"),
        ("eve", "is not on the study's list of people"),
    ):
        as_account(account)
        for command, what in (
            (["db", "backup", file, str(tmp_path / "mine.db"), *where], "make a backup"),
            (["db", "restore", backup, file, *where], "restore a backup"),
            (["study", "share", file, "--group", "root", *where], "share the study"),
            (["do-not-call", "add", "+13125550100", *where], "change the do-not-call list"),
            (
                ["do-not-call", "remove", "+13125550100", "--reason", "x", *where],
                "change the do-not-call list",
            ),
        ):
            capsys.readouterr()
            assert run_command(command) == 1, command
            said = " ".join(capsys.readouterr().err.split())
            assert f"{account}: {is_who}, and only a supervisor may {what}" in said
            assert "ask sue" in said
    assert not (tmp_path / "mine.db").exists()
    assert Path(shift.db).read_bytes() == content
    as_account("sue")
    assert run_command(["db", "restore", backup, file, *where]) == 0


def test_a_supervisor_works_under_the_name_and_with_the_rights_of_another(
    tmp_path: Path, as_account
) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    as_account("sue")
    study = opened(shift, by="bob")
    assert isinstance(study, OpenStudy)
    assert (study.who.login, study.who.may(Action.CORRECT_OUTCOMES)) == ("bob", False)


def test_a_list_of_ones_own_gives_no_rights(tmp_path: Path, as_account) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    mine = tmp_path / "mine.csv"
    mine.write_text("login,role\nann,supervisor\n")
    as_account("ann")
    refused = opened(shift, people=str(mine))
    assert "ann is not a supervisor on the study's own list" in str(refused)
    where = ["--db", shift.db, "--people", str(mine)]
    assert (
        run_command(
            ["export", str(shift.file), *where, "--what", "cases", "--all-personal", "-o", "-"]
        )
        != 0
    )
    as_account("sue")
    assert isinstance(opened(shift, people=str(mine), by="ann"), OpenStudy)


def test_the_copied_questionnaire_keeps_the_list_of_the_database(
    tmp_path: Path, as_account
) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    elsewhere = tmp_path / "elsewhere" / "field.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(shift.file.read_text())
    as_account("ann")
    study = open_study(elsewhere, db=shift.db)
    assert isinstance(study, OpenStudy)
    assert not study.who.may(Action.CORRECT_OUTCOMES)
    study.close()


def test_an_interview_is_the_accounts_too_unless_it_is_practice(tmp_path: Path, as_account) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    as_account("ann")
    refused = attempt(
        start_or_resume, shift.file, StartOptions(case="new", interviewer="bob", db=shift.db)
    )
    assert "only a supervisor may work under another name" in str(refused)
    desk = start_or_resume(
        shift.file, StartOptions(case="new", interviewer="bob", db=shift.db, practice=True)
    )
    desk.close()
    desk = start_or_resume(shift.file, StartOptions(case="new", db=shift.db))
    desk.close()
    with closing(sqlite3.connect(shift.db)) as db:
        names = set(
            db.execute(
                "SELECT origin, j.by, account FROM journal j JOIN interviews i ON i.id = j.interview"
            )
        )
    assert names == {("real", "ann", "ann"), ("practice", "bob", "ann")}


def test_every_event_names_the_account_that_wrote_it(tmp_path: Path, as_account) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    as_account("sue")
    bob = shift.station("bob")
    assert on(bob) == "A"
    assert bob.record_outcome("busy").rejection is None
    with closing(sqlite3.connect(shift.db)) as db:
        written_by = dict(
            db.execute(
                "SELECT kind, by || '/' || account FROM case_events WHERE kind <> 'released'"
            )
        )
    assert written_by["called"] == "bob/sue"
    assert written_by["sampled"] == "sue/sue"
    Shift.close_all()
    sheet = load_case_sheet(Request(path=str(shift.file), at=shift.at, db=shift.db), "A")
    assert isinstance(sheet, CaseSheet)
    assert {past.by for past in sheet.history} == {"sue", "bob (account sue)"}


def test_the_server_says_who_writes_whatever_is_sent(tmp_path: Path) -> None:
    place = postgres_server.create_address()
    shift = Shift(tmp_path, db=place)
    bob = shift.station("bob")
    assert bob.record_outcome("busy").rejection is None
    Shift.close_all()
    assert postgres_server.run_query(
        place, "SELECT DISTINCT by, account FROM case_events WHERE kind = 'called'"
    ) == [("bob", "postgres")]
    postgres_server.run_query(
        place,
        "INSERT INTO case_events (case_key, seq, kind, payload, at, by, station, key, account)"
        " VALUES ('A', 99, 'remarked', '{}', '2026-01-01T00:00:00.000000Z', 'eve', '', '', 'eve')",
    )
    assert postgres_server.run_query(place, "SELECT account FROM case_events WHERE seq = 99") == [
        ("postgres",)
    ]


def test_on_a_server_one_is_the_role_unless_a_name_is_claimed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, db=postgres_server.create_address())
    study = open_study(shift.file, db=shift.db)
    assert isinstance(study, OpenStudy)
    with study:
        assert study.who.login == "postgres"
    (shift.folder / "responses").mkdir(exist_ok=True)
    (shift.folder / "responses/interviewers.csv").write_text(
        "login,role\npostgres,interviewer\nsue,supervisor\n"
    )
    assert "is not the account postgres" in str(
        attempt(open_study, shift.file, db=shift.db, by="sue")
    )


@pytest.fixture(autouse=True)
def all_closed():
    yield
    Shift.close_all()


@pytest.fixture
def sign_in(as_account, monkeypatch: pytest.MonkeyPatch):
    """A function that makes this process, which a server's account has started, a person's seat."""

    def become(person: str) -> None:
        as_account("survey-server")
        monkeypatch.setattr("survey_cli.store.backends.account._signed_in", "")
        signing_in.sign_in(person)

    return become


def test_a_seat_has_the_name_and_the_rights_of_the_person_who_signed_in(
    tmp_path: Path, sign_in
) -> None:
    shift = Shift(tmp_path, people=PEOPLE)
    sign_in("ann")
    assert shift.station("ann").record_outcome("busy").rejection is None
    with closing(sqlite3.connect(shift.db)) as db:
        written = "SELECT DISTINCT by, account FROM case_events WHERE kind IN ('claimed', 'called')"
        assert db.execute(written).fetchall() == [("ann", "ann")]

    refused = opened(shift, by="sue")
    assert str(refused) == (
        "sue: is not the account ann, and only a supervisor may work under another name"
        " — log in as sue, or ask sue"
    )
    own_list = tmp_path / "mine.csv"
    own_list.write_text("login,role\nann,supervisor\n")
    assert "ann" in str(opened(shift, people=str(own_list)))
    assert isinstance(opened(shift), OpenStudy)

    sign_in("sue")
    mine = opened(shift)
    assert isinstance(mine, OpenStudy)
    assert mine.who.may(Action.CORRECT_OUTCOMES)
    claimed = opened(shift, by="bob")
    assert isinstance(claimed, OpenStudy)
    assert (claimed.who.login, claimed.store.account) == ("bob", "sue")


def test_the_account_of_the_server_gives_a_seat_nothing(tmp_path: Path, sign_in) -> None:
    """It owns the files, and may be on the list of people itself."""
    shift = Shift(tmp_path, people=f"{PEOPLE}survey-server,supervisor\n")
    sign_in("ann")
    mine = opened(shift)
    assert isinstance(mine, OpenStudy)
    assert not mine.who.may(Action.CORRECT_OUTCOMES)
    backup = attempt(back_up_database, shift.file, tmp_path / "b.db", at=shift.at, db=shift.db)
    assert "ann" in str(backup)

    sign_in("eve")
    missing = str(opened(shift))
    assert missing.startswith("eve: is not on the study's list of people — ask ")
    assert "yourself" not in missing, "the list is the server's file"


def test_a_process_is_the_seat_of_one_person(sign_in) -> None:
    sign_in("ann")
    signing_in.sign_in("ann")
    with pytest.raises(RuntimeError):
        signing_in.sign_in("sue")
