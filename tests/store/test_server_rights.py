"""Rights on a database server: who publishes a questionnaire, what an interviewer's role may do, what crosses the
network.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from support import postgres_server
from support.shift import ITEMS, Shift, interviewed, on
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.case.events import CaseNoteWritten
from survey_cli.problems import StoreError
from survey_cli.services.data.coding import open_coding
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.open_station import open_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.store import Store
from survey_cli.store.backends.postgres.connection import check_encryption
from survey_cli.store.do_not_call import DoNotCallList

AT_ANY_HOUR = """
fieldwork:
  frame: establishment
  zone: America/Chicago
  hours: {mon-sun: "00:00-24:00"}
  reason: a test that runs at any hour
"""
CASES = "unit,kind,name,phone,zone\n" + "".join(
    f"{key},1,Mr {key},+1 312 555 010{digit},America/Chicago\n" for digit, key in enumerate("ABCD")
)
NUMBERS = count(1)


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    yield
    Shift.close_all()


class Served(Shift):
    """A study on a server with roles of its own."""

    ann: str
    sue: str


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path) -> Served:
    """A study on a server whose owner has published its questionnaire, with the roles ann_N and sue_N."""
    where = postgres_server.create_address()
    shift = Served(tmp_path, fieldwork=AT_ANY_HOUR, cases=CASES, db=where, at=datetime.now(UTC))
    number = next(NUMBERS)
    shift.ann, shift.sue = f"ann_{number}", f"sue_{number}"
    for role, login in ((f"interviewers_{number}", shift.ann), (f"supervisors_{number}", shift.sue)):
        postgres_server.run_query(shift.db, f"CREATE ROLE {role}")
        postgres_server.run_query(shift.db, f"CREATE ROLE {login} LOGIN IN ROLE {role}")
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    roles = ["--interviewers", f"interviewers_{number}", "--supervisors", f"supervisors_{number}"]
    assert run_command(["server", "grant", str(shift.file), *roles, "--db", shift.db]) == 0
    return shift


def as_role(shift: Shift, role: str) -> str:
    return shift.db.replace("postgres@", f"{role}@")


def station(shift: Served) -> StationSession:
    made = open_station(shift.file, db=as_role(shift, shift.ann))
    assert isinstance(made, StationSession), made
    return made


def refused(shift: Shift, role: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        postgres_server.run_query(as_role(shift, role), statement)


def test_an_interviewers_role_interviews_and_keys_outcomes(shift: Served) -> None:
    ann = station(shift)
    assert ann.interviewer == shift.ann
    first = on(ann)
    assert ann.record_outcome("no_answer") is None
    assert on(ann) not in ("", first)
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview() is None
    assert ann.record_outcome("never_call") is None
    assert ann.end_shift() is None
    ann.close()
    done = postgres_server.run_query(shift.db, "SELECT by, outcome FROM interviews")
    assert done == [(shift.ann, "complete")]
    assert set(postgres_server.run_query(shift.db, "SELECT account FROM journal")) == {(shift.ann,)}
    desk = start_or_resume(shift.file, StartOptions(case="own", db=as_role(shift, shift.ann)))
    assert desk.reply("") is None
    desk.close()


def test_an_interviewers_role_adds_a_note_after_the_call(shift: Served) -> None:
    shift.fieldwork += "  wrapup: 20s\n"
    shift.write(shift.items)
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    ann = station(shift)
    first = on(ann)
    assert ann.record_outcome("no_answer") is None
    assert ann.add_note("a child was heard") is None
    assert ann.end_wrapup() is None
    ann.close()
    with shift.study() as study:
        assert study.store.cases.queries.read_history(first)[-1].event == CaseNoteWritten("a child was heard")


def test_an_interviewers_role_codes_open_answers(shift: Served) -> None:
    shift.write(shift.items + '  - {id: why, type: text, text: "Why?"}\n')
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    ann = station(shift)
    assert on(ann)
    interviewed(ann, "1", "1", "1", "Because")
    assert ann.close_interview() is None
    ann.close()
    request = Request(path=str(shift.file), at=datetime.now(UTC), db=as_role(shift, shift.ann))
    with open_coding(request, "why") as session:
        assert session.add_code("Reasons") == 1
        assert session.code((1,)) == ""
        assert session.undo() == ""
    assert set(postgres_server.run_query(shift.db, "SELECT account FROM journal")) == {(shift.ann,)}
    assert run_command(["db", "verify", str(shift.file), "--db", shift.db]) == 0


def test_an_interviewers_role_rewrites_nothing_and_reads_no_key(shift: Served) -> None:
    ann = station(shift)
    assert ann.record_outcome("busy") is None
    ann.close()
    with DoNotCallList.open_beside(as_role(shift, shift.ann)) as listed:
        listed.add(["+13125550199"], at=shift.at, reason="asked for it", by="ann")
        assert listed.select_listed(["+13125550199", "+13125550198"]) == {"+13125550199"}
        assert listed.add(["+13125550199"], at=shift.at, reason="again", by="ann") == 0
    with DoNotCallList.open_beside(as_role(shift, shift.sue)) as supervisors:
        found = supervisors.find_entry("+13125550199")
        assert found is not None
        assert found.reason == "asked for it"
        supervisors.add(["+13125550197"], at=shift.at, reason="a slip", by="sue")
        assert supervisors.remove(["+13125550197"], at=shift.at, reason="it was one", by="sue") == 1
        assert supervisors.find_removal("+13125550197") is not None
    with DoNotCallList.open_beside(shift.db) as owners:  # with the key itself
        assert owners.select_listed(["+13125550199", "+13125550198"]) == {"+13125550199"}
    for statement in (
        "UPDATE journal SET payload = '{}'",
        "DELETE FROM journal",
        "UPDATE case_events SET payload = '{}'",
        "DELETE FROM case_events",
        "TRUNCATE case_events",
        "DELETE FROM cases",
        "UPDATE instruments SET texts = ''",
        "CREATE TABLE mine (a INTEGER)",
        "SELECT key FROM survey_shared.never_call_key",
        "DELETE FROM survey_shared.never_call",
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "INSERT INTO settings (name, value) VALUES ('paused', '')",
    ):
        refused(shift, shift.ann, statement)
    postgres_server.run_query(as_role(shift, shift.ann), "UPDATE settings SET value = 'x'")
    postgres_server.run_query(as_role(shift, shift.ann), "DELETE FROM settings")
    kept = dict(postgres_server.run_query(shift.db, "SELECT name, value FROM settings"))
    assert "published" in kept
    assert "x" not in {
        value for name, value in kept.items() if not name.startswith(("owed: ", "scrub owed", "interviews compared"))
    }


def test_a_supervisors_role_corrects_and_erases_and_publishes_nothing(
    shift: Shift, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = station(shift)
    case = on(ann)
    assert ann.record_outcome("busy") is None
    ann.close()
    where = ["--db", as_role(shift, shift.sue)]
    assert run_command(["case", "outcome", str(shift.file), case, "no_answer", "--note", "it rang", *where]) == 0
    assert run_command(["privacy", "erase", str(shift.file), case, "--reason", "asked for it", "--yes", *where]) == 0, (
        capsys.readouterr()
    )
    assert run_command(["db", "verify", str(shift.file), *where]) == 0, capsys.readouterr()
    shift.write(ITEMS.replace("Third?", "Third and last?"))
    capsys.readouterr()
    assert run_command(["study", "publish", str(shift.file), *where]) == 1
    assert "may not publish a questionnaire: the schema belongs to another role" in capsys.readouterr().err
    refused(shift, shift.sue, "SELECT key FROM survey_shared.never_call_key")


def test_an_erasure_that_only_the_owner_can_finish_says_so(shift: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """Before PostgreSQL 17 this is so for every supervisor: the server skips the tables of others, with a warning."""
    roles = f"supervisors_{shift.sue.removeprefix('sue_')}"
    if postgres_server.run_query(shift.db, "SHOW server_version_num")[0][0] >= "170000":
        for (table,) in postgres_server.run_query(
            shift.db, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        ):
            postgres_server.run_query(shift.db, f'REVOKE MAINTAIN ON "{table}" FROM {roles}')
    erase = ["privacy", "erase", str(shift.file), "A", "--reason", "asked for it", "--yes"]
    assert run_command([*erase, "--db", as_role(shift, shift.sue)]) == 0
    assert "only its owner may clean it" in capsys.readouterr().err
    assert run_command(["db", "verify", str(shift.file), "--db", as_role(shift, shift.sue)]) == 1
    capsys.readouterr()
    assert run_command(["privacy", "erase", str(shift.file), "--unfinished", "--db", shift.db]) == 0
    assert run_command(["db", "verify", str(shift.file), "--db", shift.db]) == 0, capsys.readouterr()


def test_a_number_is_listed_under_the_role(shift: Served, capsys: pytest.CaptureFixture[str]) -> None:
    number, where = "+12025550171", ["--db", as_role(shift, shift.sue)]
    assert run_command(["do-not-call", "add", number, *where]) == 0
    assert run_command(["do-not-call", "check", number, *where]) == 1
    assert f", by {shift.sue}\n" in capsys.readouterr().out
    assert run_command(["do-not-call", "remove", number, "--reason", "a test", *where]) == 0


def test_stations_go_on_with_the_published_version_and_say_so(shift: Shift, capsys: pytest.CaptureFixture[str]) -> None:
    before = station(shift)
    shift.write(ITEMS.replace("Third?", "Third and last?"))
    ann = open_station(shift.file, db=as_role(shift, shift.ann), station="another")
    assert isinstance(ann, StationSession), ann
    assert "The published questionnaire, version 1, is used, because the file" in ann.study.notice
    assert f"survey study publish {shift.file}" in ann.study.notice
    assert third_question(ann) == "Third?"
    desk = start_or_resume(shift.file, StartOptions(case="own", db=as_role(shift, shift.ann)))
    assert "The published questionnaire, version 1, is used" in desk.notice
    desk.close()
    assert before.record_outcome("no_answer") is None  # its files changed meanwhile
    assert third_question(before) == "Third?"
    ann.end_shift()
    ann.close()
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    assert "version 1 is published" in capsys.readouterr().err
    assert before.close_interview() is None
    assert before.record_outcome("no_answer") is None
    with Store.open(shift.db, create=False) as store:
        interviewed = {row.case for row in store.interviews.list_rows()}
    assert before.fetch_case(next(key for key in "ABCD" if key not in interviewed)) is None
    assert third_question(before) == "Third and last?"
    before.close()


def third_question(station: StationSession) -> str:
    conduct = station.open_interview()
    assert not hasattr(conduct, "why"), conduct
    for entry in ("", "1", "1"):
        assert conduct.reply(entry) is None  # type: ignore[union-attr]
    prompt = conduct.prompt()  # type: ignore[union-attr]
    assert prompt is not None
    words = "".join(word.text for word in prompt.text)
    assert conduct.suspend() is None  # type: ignore[union-attr]
    return words


def test_without_a_published_version_an_interviewer_is_told_who_publishes_it(tmp_path: Path) -> None:
    shift = Shift(
        tmp_path, fieldwork=AT_ANY_HOUR, cases=CASES, db=postgres_server.create_address(), at=datetime.now(UTC)
    )
    role = f"ann_{next(NUMBERS)}"
    postgres_server.run_query(shift.db, f"CREATE ROLE {role} LOGIN")
    assert run_command(["server", "grant", str(shift.file), "--interviewers", role, "--db", shift.db]) == 0
    refusal = attempt(open_station, shift.file, db=as_role(shift, role))
    assert "no version of the questionnaire has been published there yet" in str(refusal)
    assert f"survey study publish {shift.file}" in str(refusal)


def test_another_study_of_the_same_name_does_not_come_into_it(shift: Served) -> None:
    shift.file.write_text(shift.file.read_text().replace("title: Field test", "title: Quite another"))
    refusal = attempt(open_station, shift.file, db=shift.db)
    assert "the study there is titled 'Field test', but this questionnaire 'Quite another'" in str(refusal)


def test_on_a_file_publishing_makes_the_file_the_studys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").mkdir()
    shift = Shift(tmp_path / "a", cases=CASES, fieldwork=AT_ANY_HOUR, at=datetime.now(UTC))
    other = tmp_path / "b.yaml"
    other.write_text(shift.file.read_text())
    assert run_command(["study", "publish", str(other), "--db", shift.db]) == 0
    assert "version 1 is published" in capsys.readouterr().err
    assert run_command(["study", "publish", str(other), "--db", shift.db]) == 0
    assert "was in effect already" in capsys.readouterr().err


def test_the_script_is_printed_and_changes_nothing(shift: Served, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    command = ["server", "grant", str(shift.file), "--interviewers", 'odd"role', "--print", "--db", shift.db]
    assert run_command(command) == 0
    script = capsys.readouterr().out
    assert script.startswith("BEGIN;\n")
    assert 'GRANT SELECT, INSERT ON "' in script
    assert '"odd""role"' in script
    assert run_command(["server", "grant", str(shift.file), "--interviewers", "x", "--db", "field.db"]) == 1
    assert "a database file has no roles" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "environment", "mode"),
    [
        ({"host": "db.example.org"}, {}, "require"),
        ({"host": "db.example.org", "sslmode": "verify-full"}, {}, "verify-full"),
        ({"host": "db.example.org"}, {"PGSSLMODE": "verify-full"}, None),
        ({"host": "/run/postgresql"}, {}, None),
        ({"host": "localhost", "sslmode": "disable"}, {}, "disable"),
        ({"host": "127.0.0.9"}, {}, None),
        ({"host": "::1"}, {}, None),
        ({}, {}, None),
        ({}, {"PGHOST": "db.example.org"}, "require"),
        ({"host": "localhost,db.example.org"}, {}, "require"),
    ],
)
def test_a_connection_to_another_computer_is_encrypted(
    given: dict[str, str], environment: dict[str, str], mode: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSSLMODE", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    check_encryption(given, "there")
    assert given.get("sslmode") == mode


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_less_is_refused_before_anything_is_sent(
    mode: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: pytest.fail("nothing may be sent"))
    shift = Shift(tmp_path, cases="")
    assert run_command(["status", str(shift.file), "--db", f"postgresql://u:pw@192.0.2.1/x?sslmode={mode}"]) == 1
    said = capsys.readouterr().err
    assert "the connection is not encrypted, and the server is another computer" in said
    assert "sslmode=require" in said
    assert "pw" not in said


def test_what_came_about_decides_whatever_was_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service file may name a host and a mode of its own."""
    closed = []
    plain = SimpleNamespace(
        pgconn=SimpleNamespace(ssl_in_use=False),
        info=SimpleNamespace(host="db.example.org", hostaddr="192.0.2.1"),
        close=lambda: closed.append(True),
        closed=False,
    )
    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: plain)

    with pytest.raises(StoreError, match="not encrypted"):
        Store.open("postgresql:///x?service=away&schema=s", create=False)
    assert closed == [True]
