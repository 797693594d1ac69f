"""Rights on a database server: who publishes a questionnaire, what an interviewer's role may do, what crosses the
network.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from support import postgres_server
from support.served_study import (
    AT_ANY_HOUR,
    CASES,
    DATABASE,
    NOW,
    NUMBERS,
    Served,
    as_role,
    ask,
    claim,
    lease,
    refused,
    schema_of,
    serve,
)
from support.shift import ITEMS, Shift, interviewed, on
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.fieldwork.case.events import CaseNoteWritten
from survey_cli.problems import StoreError, UserError
from survey_cli.services.data.coding import open_coding
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.open_station import open_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.store import Store
from survey_cli.store.backends.postgres import roles
from survey_cli.store.backends.postgres.connection import check_encryption
from survey_cli.store.backends.settings import TASK_PREFIX
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.study.consistency.person_erasure import SCRUB_SETTING
from survey_cli.study.consistency.upkeep import COMPARED_SETTING, PLAN_SETTING


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    yield
    Shift.close_all()


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path) -> Served:
    return serve(tmp_path)


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A study that no test changes: all that they try is refused."""
    return serve(tmp_path_factory.mktemp("unchanged"))


def station(shift: Served) -> StationSession:
    made = open_station(shift.file, db=as_role(shift, shift.ann))
    assert isinstance(made, StationSession), made
    return made


def test_an_interviewers_role_interviews_and_keys_outcomes(shift: Served) -> None:
    ann = station(shift)
    assert ann.interviewer == shift.ann
    first = on(ann)
    assert ann.record_outcome("no_answer").rejection is None
    assert on(ann) not in ("", first)
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert ann.record_outcome("never_call").rejection is None
    assert ann.end_shift().rejection is None
    ann.close()
    done = postgres_server.run_query(shift.db, "SELECT by, outcome FROM interviews")
    assert done == [(shift.ann, "complete")]
    assert set(postgres_server.run_query(shift.db, "SELECT account FROM journal")) == {(shift.ann,)}
    desk = start_or_resume(shift.file, StartOptions(case="own", db=as_role(shift, shift.ann)))
    assert desk.reply("") is None
    desk.close()


def test_rules_of_another_version_keep_nobody_from_working_and_a_supervisor_applies_them(
    shift: Served,
) -> None:
    def read_plan() -> str | None:
        with Store.open(shift.db, create=False) as store:
            return store.settings.read(PLAN_SETTING)

    with Store.open(shift.db, create=False) as store:
        store.settings.write(PLAN_SETTING, "rules-of-the-version-before")
    assert on(station(shift)) in set("ABCD")
    assert run_command(["status", str(shift.file), "--db", as_role(shift, shift.al)]) == 0
    assert read_plan() == "rules-of-the-version-before"
    assert run_command(["status", str(shift.file), "--db", as_role(shift, shift.sue)]) == 0
    assert read_plan() == shift.study().plan.fingerprint


def test_an_interviewers_role_adds_a_note_after_the_call(shift: Served) -> None:
    shift.fieldwork += "  wrapup: 20s\n"
    shift.write(shift.items)
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    ann = station(shift)
    first = on(ann)
    assert ann.record_outcome("no_answer").rejection is None
    assert ann.add_note("a child was heard").rejection is None
    assert ann.end_wrapup().rejection is None
    ann.close()
    with shift.study() as study:
        assert study.store.cases.queries.read_history(first)[-1].event == CaseNoteWritten(
            "a child was heard"
        )


def test_an_interviewers_role_codes_open_answers(shift: Served) -> None:
    shift.write(shift.items + '  - {id: why, type: text, text: "Why?"}\n')
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    ann = station(shift)
    assert on(ann)
    interviewed(ann, "1", "1", "1", "Because")
    assert ann.close_interview().rejection is None
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
    assert ann.record_outcome("busy").rejection is None
    ann.close()
    with DoNotCallList.open_beside(as_role(shift, shift.sue)) as supervisors:
        supervisors.add(["+13125550199"], at=shift.at, reason="asked for it", by="sue")
    with DoNotCallList.open_beside(as_role(shift, shift.ann)) as listed:
        assert listed.select_listed(["+13125550199", "+13125550198"]) == {"+13125550199"}
        refusal = attempt(listed.add, ["+13125550198"], at=shift.at, reason="again", by="ann")
        assert "only a supervisor may add numbers to the do-not-call list" in str(refusal)
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
        "INSERT INTO case_events VALUES ('A', 90, 'corrected', '{}', '', 'sue', '', '')",
        "INSERT INTO case_events VALUES ('A', 90, 'unblocked', '{}', '', 'sue', '', '')",
        "INSERT INTO journal (interview, seq, kind, payload, at, by, station) "
        "VALUES ('', 90, 'reviewed', '{}', '', '', '')",
    ):
        refused(shift, shift.ann, statement)
    postgres_server.run_query(as_role(shift, shift.ann), "UPDATE settings SET value = 'x'")
    postgres_server.run_query(as_role(shift, shift.ann), "DELETE FROM settings")
    kept = dict(postgres_server.run_query(shift.db, "SELECT name, value FROM settings"))
    assert "published" in kept
    assert "x" not in {
        value
        for name, value in kept.items()
        if not name.startswith(("owed: ", "scrub owed", "interviews compared"))
    }


def test_a_supervisors_role_corrects_and_erases_and_publishes_nothing(
    shift: Shift, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = station(shift)
    case = on(ann)
    assert ann.record_outcome("busy").rejection is None
    ann.close()
    where = ["--db", as_role(shift, shift.sue)]
    assert (
        run_command(
            ["case", "outcome", str(shift.file), case, "no_answer", "--note", "it rang", *where]
        )
        == 0
    )
    assert (
        run_command(
            ["privacy", "erase", str(shift.file), case, "--reason", "asked for it", "--yes", *where]
        )
        == 0
    ), capsys.readouterr()
    assert run_command(["db", "verify", str(shift.file), *where]) == 0, capsys.readouterr()
    shift.write(ITEMS.replace("Third?", "Third and last?"))
    capsys.readouterr()
    assert run_command(["study", "publish", str(shift.file), *where]) == 1
    assert (
        "may not publish a questionnaire: the schema belongs to another role"
        in capsys.readouterr().err
    )
    refused(shift, shift.sue, "SELECT key FROM survey_shared.never_call_key")


def test_an_erasure_that_only_the_owner_can_finish_says_so(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before PostgreSQL 17 this is so for every supervisor: the server skips the tables of others, with a warning."""
    roles = f"{DATABASE}_supervisor"
    if postgres_server.run_query(shift.db, "SHOW server_version_num")[0][0] >= "170000":
        for (table,) in postgres_server.run_query(
            shift.db, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        ):
            postgres_server.run_query(shift.db, f'REVOKE MAINTAIN ON "{table}" FROM {roles}')
    erase = ["privacy", "erase", str(shift.file), "A", "--reason", "asked for it", "--yes"]
    assert run_command([*erase, "--db", as_role(shift, shift.sue)]) == 0
    assert "only its owner may clean it" in capsys.readouterr().err
    capsys.readouterr()
    assert run_command(["db", "verify", str(shift.file), "--db", as_role(shift, shift.sue)]) == 0
    assert "erased text may still be in free pages" in "".join(capsys.readouterr())
    assert run_command(["privacy", "erase", str(shift.file), "--unfinished", "--db", shift.db]) == 0
    assert run_command(["db", "verify", str(shift.file), "--db", shift.db]) == 0, (
        capsys.readouterr()
    )


def test_a_number_is_listed_under_the_role(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    number, where = "+12025550171", ["--db", as_role(shift, shift.sue)]
    assert run_command(["do-not-call", "add", number, *where]) == 0
    assert run_command(["do-not-call", "check", number, *where]) == 1
    assert f", by {shift.sue}\n" in capsys.readouterr().out
    assert run_command(["do-not-call", "remove", number, "--reason", "a test", *where]) == 0


def test_stations_go_on_with_the_published_version_and_say_so(
    shift: Shift, capsys: pytest.CaptureFixture[str]
) -> None:
    before = station(shift)
    shift.write(ITEMS.replace("Third?", "Third and last?"))
    ann = open_station(shift.file, db=as_role(shift, shift.ann), station="another")
    assert isinstance(ann, StationSession), ann
    assert (
        "The published questionnaire, version 1, is used, because the file" in ann.studies[0].notice
    )
    assert f"survey study publish {shift.file}" in ann.studies[0].notice
    assert third_question(ann) == "Third?"
    desk = start_or_resume(shift.file, StartOptions(case="own", db=as_role(shift, shift.ann)))
    assert "The published questionnaire, version 1, is used" in desk.notice
    desk.close()
    assert before.record_outcome("no_answer").rejection is None  # its files changed meanwhile
    assert third_question(before) == "Third?"
    ann.end_shift()
    ann.close()
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    assert "version 1 is published" in capsys.readouterr().err
    assert before.close_interview().rejection is None
    assert before.record_outcome("no_answer").rejection is None
    with Store.open(shift.db, create=False) as store:
        interviewed = {row.case for row in store.interviews.list_rows()}
    assert (
        before.fetch_case(next(key for key in "ABCD" if key not in interviewed)).rejection is None
    )
    assert third_question(before) == "Third and last?"
    before.close()


def third_question(station: StationSession) -> str:
    conduct = station.open_interview().interview
    assert conduct is not None
    for entry in ("", "1", "1"):
        assert conduct.reply(entry) is None  # type: ignore[union-attr]
    prompt = conduct.prompt()  # type: ignore[union-attr]
    assert prompt is not None
    words = "".join(word.text for word in prompt.text)
    assert conduct.suspend() is None  # type: ignore[union-attr]
    return words


def test_without_a_published_version_an_interviewer_is_told_who_publishes_it(
    tmp_path: Path,
) -> None:
    where = postgres_server.create_address().replace("/postgres?", f"/{DATABASE}?")
    assert run_command(["db", "init", where]) == 0
    shift = Shift(tmp_path, fieldwork=AT_ANY_HOUR, cases=CASES, db=where, at=datetime.now(UTC))
    role = f"ann_{next(NUMBERS)}"
    assert run_command(["db", "grant", where, role, "interviewer"]) == 0
    refusal = attempt(open_station, shift.file, db=as_role(shift, role))
    assert "no version of the questionnaire has been published there yet" in str(refusal)
    assert f"survey study publish {shift.file}" in str(refusal)


def test_a_supervisor_who_is_first_on_a_server_is_told_who_publishes_the_study(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = as_role(shift, shift.sue).replace(schema_of(shift), "not_there_yet")
    cases = shift.file.with_name("cases.csv")
    cases.write_text(CASES)
    assert run_command(["sample", "import", str(shift.file), str(cases), "--db", elsewhere]) == 1
    said = capsys.readouterr().err
    assert "there is no study not_there_yet yet, and this account may not create one" in said
    assert "ask the owner of the database to publish it: survey study publish" in said


def test_another_study_of_the_same_name_does_not_come_into_it(shift: Served) -> None:
    shift.file.write_text(
        shift.file.read_text().replace("title: Field test", "title: Quite another")
    )
    refusal = attempt(open_station, shift.file, db=shift.db)
    assert "the study there is titled 'Field test', but this questionnaire 'Quite another'" in str(
        refusal
    )


def test_on_a_file_publishing_makes_the_file_the_studys(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    shift = Shift(tmp_path / "a", cases=CASES, fieldwork=AT_ANY_HOUR, at=datetime.now(UTC))
    other = tmp_path / "b.yaml"
    other.write_text(shift.file.read_text())
    assert run_command(["study", "publish", str(other), "--db", shift.db]) == 0
    assert "version 1 is published" in capsys.readouterr().err
    assert run_command(["study", "publish", str(other), "--db", shift.db]) == 0
    assert "was in effect already" in capsys.readouterr().err


def test_an_interviewer_reads_the_contact_of_the_case_in_progress_alone(shift: Served) -> None:
    ann = station(shift)
    case = on(ann)
    contacts = "SELECT details::json ->> 'name' FROM case_contacts"
    assert ask(shift, shift.ann, contacts) == [(f"Mr {case}",)]
    assert ask(shift, shift.bob, contacts) == []
    assert len(ask(shift, shift.sue, contacts)) == 4
    for name in (shift.cy, shift.al):
        refused(shift, name, f"SELECT * FROM {schema_of(shift)}_contacts.case_contacts")
    assert ann.record_outcome("no_answer").rejection is None
    assert ask(shift, shift.ann, contacts) == [(f"Mr {on(ann)}",)]
    ann.close()


def test_a_claim_in_anothers_name_is_refused_and_every_claim_is_recorded(shift: Served) -> None:
    refused(shift, shift.bob, lease(shift, "A", shift.ann))
    refused(shift, shift.bob, lease(shift, "A", shift.bob))  # without its event
    refused(shift, shift.bob, claim(shift, "A", shift.bob))  # without the lease
    refused(shift, shift.bob, f"{lease(shift, 'A', shift.bob)}; {claim(shift, 'A', shift.ann)}")
    assert ask(shift, shift.bob, "SELECT * FROM case_contacts") == []
    ask(shift, shift.bob, f"{lease(shift, 'A', shift.bob)}; {claim(shift, 'A', shift.bob)}")
    assert len(ask(shift, shift.bob, "SELECT * FROM case_contacts")) == 1
    events = "SELECT account, by FROM case_events WHERE kind = 'claimed'"
    assert postgres_server.run_query(shift.db, events) == [(shift.bob, shift.bob)]
    refused(shift, shift.ann, lease(shift, "A", shift.ann))


def test_a_claim_that_can_be_undone_shows_no_contact(shift: Served) -> None:
    contacts = f"SELECT count(*) FROM {schema_of(shift)}_contacts.case_contacts".encode()
    with psycopg.connect(as_role(shift, shift.bob).partition("&schema=")[0]) as bob:
        assert bob.execute(contacts).fetchone() == (0,)
        bob.execute("SAVEPOINT before")
        bob.execute(lease(shift, "A", shift.bob).encode())
        bob.execute(claim(shift, "A", shift.bob).encode())
        assert bob.execute(contacts).fetchone() == (0,)
        bob.execute("RELEASE before")
        assert bob.execute(contacts).fetchone() == (0,)
        bob.commit()
        assert bob.execute(contacts).fetchone() == (1,)


ENDS_EARLY = """
items:
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}, declines: []}
  - {id: no, type: end, ask_if: b == 2, outcome: refusal_hard, text: Goodbye.}
"""


@pytest.mark.parametrize("answers", ["1", "12"], ids=["in the middle", "at the closing words"])
def test_a_station_ends_the_lease_of_another_one_that_is_gone(
    shift: Served, answers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shift.write(ENDS_EARLY)
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    gone = station(shift)
    case = on(gone)
    conduct = gone.open_interview().interview
    for answer in answers:
        assert conduct.reply(answer) is None  # type: ignore[union-attr]
    status = "SELECT status, outcome, by FROM interviews"
    assert ask(shift, shift.ann, status) == [("open", "", shift.ann)]
    end_lease = f"UPDATE cases SET lease_until = {NOW} WHERE key = '{case}'"
    refused(shift, shift.bob, end_lease)
    postgres_server.run_query(shift.db, end_lease)

    made = open_station(shift.file, db=as_role(shift, shift.bob), station="another")
    assert isinstance(made, StationSession), made
    assert made.end_shift().rejection is None
    made.close()
    events = f"SELECT kind FROM case_events WHERE case_key = '{case}' AND by = ? AND account = ?"
    kinds = [kind for (kind,) in postgres_server.run_query(shift.db, events, shift.ann, shift.bob)]
    if answers == "12":
        assert kinds == ["called", "closed"]
        assert ask(shift, shift.sue, status) == [("ended", "refusal_hard", shift.ann)]
    else:
        assert "returned" in kinds
        assert ask(shift, shift.sue, status) == [("open", "", shift.ann)]
    assert run_command(["db", "verify", str(shift.file), "--db", as_role(shift, shift.sue)]) == 0, (
        capsys.readouterr()
    )


def test_a_task_that_no_outcome_asks_for_is_not_done(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = station(shift)
    case = on(ann)
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    ann.close()
    journal = postgres_server.run_query(shift.db, "SELECT kind, payload FROM journal ORDER BY seq")
    numbers = postgres_server.run_query(shift.db, "SELECT * FROM survey_shared.never_call")
    refused(shift, shift.bob, "UPDATE interviews SET outcome = 'withdrawn'")
    tasks = f"('owed: erase: {case}', ''), ('owed: do-not-call: {case}', ''), ('owed: else: {case}', '')"
    ask(shift, shift.bob, f"INSERT INTO settings (name, value) VALUES {tasks}")
    assert run_command(["status", str(shift.file), "--db", as_role(shift, shift.sue)]) == 0
    said = " ".join(capsys.readouterr().err.split())
    for task in ("erase", "do-not-call"):
        assert (
            f"case {case}: the task '{task}' was removed, because no outcome of this case asks for it"
            in said
        )
    assert (
        postgres_server.run_query(shift.db, "SELECT kind, payload FROM journal ORDER BY seq")
        == journal
    )
    assert postgres_server.run_query(shift.db, "SELECT * FROM survey_shared.never_call") == numbers


def test_a_withdrawal_says_who_erases_the_answers(
    shift: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("\n1\n1\n.stop withdrawn\ny\n"))
    assert (
        run_command(
            [
                "interview",
                str(shift.file),
                "--case",
                "A",
                "--plain",
                "--db",
                as_role(shift, shift.ann),
            ]
        )
        == 3
    )
    said = " ".join("".join(capsys.readouterr()).split())
    assert (
        "who withdrew consent, are not erased yet: the next command of a supervisor does that"
        in said
    )
    assert run_command(["status", str(shift.file), "--db", as_role(shift, shift.sue)]) == 0
    kinds = [
        kind
        for (kind,) in postgres_server.run_query(shift.db, "SELECT kind FROM journal ORDER BY seq")
    ]
    assert kinds[-2:] == ["stopped", "erased"]


def test_a_case_keeps_its_contact(shift: Served) -> None:
    ann = station(shift)
    case = on(ann)
    other = "A" if case != "A" else "B"
    link = f"UPDATE cases SET link = (SELECT link FROM cases WHERE key = '{other}') WHERE key = "
    refused(shift, shift.ann, f"{link}'{case}'")
    postgres_server.run_query(shift.db, f"UPDATE cases SET link = '' WHERE key = '{case}'")
    refused(shift, shift.ann, f"{link}'{case}'")
    ann.close()


def test_a_caller_is_found_by_a_whole_name_or_number_and_the_search_is_recorded(
    shift: Served,
) -> None:
    ann = station(shift)
    own = on(ann)
    other = "A" if own != "A" else "B"
    digit = "ABCD".index(other)
    found = {text: [(m.key, m.name, m.number) for m in ann.search_cases(text)] for text in (
        f"mr {other}", f"312 555 010{digit}", f"+1 312 555 010{digit}", f"001312555010{digit}", "mr", "555 010", other
    )}  # fmt: skip
    by_name = [(other, f"Mr {other}", "")]
    assert list(found.values()) == [*[by_name] * 4, [], [], [(other, other, "")]]
    entries = log_of(shift, shift.ann)
    assert [entry[3:5] for entry in entries][:2] == [
        ("search", f"case {other}"),
        ("search", f"case {other}"),
    ]
    assert {entry[2] for entry in entries} == {shift.ann}
    ann.close()


def log_of(shift: Served, name: str) -> list[tuple]:
    with Store.open(shift.db, create=False) as store:
        return list(store.access_log.list_entries(by=name))


def test_numbers_of_a_case_that_was_handed_back_reach_the_do_not_call_list(shift: Served) -> None:
    ann = station(shift)
    case = on(ann)
    assert ann.record_outcome("never_call").rejection is None
    ann.close()
    with DoNotCallList.open_beside(shift.db) as listed:
        assert listed.find_entry(f"+1312555010{'ABCD'.index(case)}").by == shift.ann


def test_a_new_number_is_stored_by_the_interviewer_who_has_the_case(shift: Served) -> None:
    ann = station(shift)
    case = on(ann)
    assert ann.add_number("+1 312 555 0177").rejection is None
    ann.close()
    assert "+13125550177" in repr(
        postgres_server.run_query(shift.db, "SELECT details FROM case_contacts")
    )
    assert run_command(["db", "verify", str(shift.file), "--db", shift.db]) == 0, case


def test_an_analyst_reads_data_writes_nothing_and_every_export_is_recorded(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    shift.write(ITEMS + '  - {id: who, type: text, text: "Your name?", personal: true}\n')
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    ann = station(shift)
    assert on(ann)
    interviewed(ann, "1", "1", "1", "Ada")
    assert ann.close_interview().rejection is None
    ann.close()
    where, data = ["--db", as_role(shift, shift.al)], str(shift.folder / "data.csv")
    for command in ("status", "rates", "report", "case list"):
        assert run_command([*command.split(), str(shift.file), *where]) == 0, capsys.readouterr()
    assert run_command(["export", str(shift.file), "-o", data, *where]) == 0, capsys.readouterr()
    assert "Ada" not in Path(data).read_text()
    assert [entry[3:] for entry in log_of(shift, shift.al)] == [("export", data, "interviews")]
    capsys.readouterr()
    only_supervisors, to = "only a supervisor may export", str(shift.folder / "more.csv")
    for account, options, message in (
        (shift.al, ["--personal", "who"], only_supervisors),
        (shift.ann, ["--personal", "who"], "only a supervisor or analyst may export data"),
        (shift.ann, [], "only a supervisor or analyst may export data"),
        (shift.al, ["--what", "events"], "the server does not permit it"),
    ):
        export = ["export", str(shift.file), "-o", to, *options, "--db", as_role(shift, account)]
        assert run_command(export) == 1
        assert message in capsys.readouterr().err
    assert run_command(["case", "outcome", str(shift.file), "A", "busy", *where]) == 1
    assert (
        run_command(
            ["db", "log", str(shift.file), "--person", shift.al, "--db", as_role(shift, shift.sue)]
        )
        == 0
    )
    logged = [line.split()[4:6] for line in capsys.readouterr().out.splitlines()]
    assert ["export", data] in logged
    assert ["export", to] not in logged, "nothing was written"
    assert ["refused", to] in logged
    (shift.folder / "responses").mkdir(exist_ok=True)
    people = f"login,role\n{shift.ann},interviewer\n{shift.sue},supervisor\n"
    (shift.folder / "responses/interviewers.csv").write_text(people)
    for command in ("status", "rates"):
        assert run_command([command, str(shift.file), *where]) == 0, capsys.readouterr()


def test_a_backup_is_in_the_log_and_stays_there(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--db", as_role(shift, shift.sue)]
    assert (
        run_command(["db", "backup", str(shift.file), str(shift.folder / "copy.db"), *where]) == 0
    )
    refused(shift, shift.sue, "DELETE FROM backups")
    assert run_command(["db", "log", str(shift.file), "--person", shift.sue, *where]) == 0
    assert re.search(rf"{shift.sue} +{shift.sue} +backup +all cases", capsys.readouterr().out)


def test_a_coder_codes_and_changes_nothing_else(shift: Served) -> None:
    shift.write(ITEMS + '  - {id: why, type: text, text: "Why?"}\n')
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    ann = station(shift)
    assert on(ann)
    interviewed(ann, "1", "1", "1", "Because")
    assert ann.close_interview().rejection is None
    ann.close()
    request = Request(path=str(shift.file), at=datetime.now(UTC), db=as_role(shift, shift.cy))
    with open_coding(request, "why") as session:
        assert session.add_code("Reasons") == 1
        assert session.code((1,)) == ""
    assert run_command(["db", "verify", str(shift.file), "--db", shift.db]) == 0
    refused(shift, shift.cy, "UPDATE cases SET status = 'done'")
    refused(shift, shift.cy, "SELECT * FROM drafts")


def test_whoever_may_not_interview_learns_the_own_role_and_whom_to_ask(shift: Served) -> None:
    postgres_server.run_query(
        shift.db, f"CREATE ROLE {shift.ann}_new LOGIN IN ROLE {DATABASE}_analyst, {DATABASE}_coder"
    )
    for person, role in (
        (shift.cy, "coder"),
        (shift.al, "analyst"),
        (f"{shift.ann}_new", "analyst and coder"),
    ):
        address = as_role(shift, person)
        for case in ("", "A", "own"):
            refusal = (
                attempt(start_or_resume, shift.file, StartOptions(case=case, db=address))
                if case
                else ""
            )
            refusal = refusal or attempt(open_station, shift.file, db=address)
            assert isinstance(refusal, UserError), refusal
            who = "a supervisor, shift leader or interviewer"
            assert f"{person}: is {role} on this server, and only {who} may conduct" in str(refusal)
            assert refusal.remedy.endswith(f"survey db grant ADDRESS {person} interviewer")
    assert postgres_server.run_query(shift.db, "SELECT 1 FROM work_events") == []


def test_people_are_listed_with_their_roles_and_accounts(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    postgres_server.run_query(shift.db, f"CREATE ROLE {shift.cy}_old IN ROLE {DATABASE}_coder")
    assert run_command(["db", "grant", shift.db]) == 0
    listed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [shift.cy, "coder", "yes"] in listed
    assert [f"{shift.cy}_old", "coder", "no"] in listed
    assert "postgres" not in [person for person, *_ in listed]
    assert run_command(["db", "grant", shift.db, shift.cy]) == 2
    assert (
        "give one of interviewer, supervisor, coder, analyst, shift_leader, trainee"
        in capsys.readouterr().err
    )
    people = shift.folder / "people.csv"
    people.write_text(
        f"login,role\n{shift.ann},interviewer\nzora,interviewer\npostgres,supervisor\n"
    )
    assert (
        run_command(["study", "people", str(shift.file), "--db", shift.db, "--people", str(people)])
        == 0
    )
    accounts = {
        row[0]: row[5:-2] for row in (line.split() for line in capsys.readouterr().out.splitlines())
    }
    assert accounts[shift.ann] == ["interviewer"]
    assert accounts["zora"] == ["none"]
    assert accounts["postgres"] == ["without", "a", "role"]
    assert shift.sue in accounts


def test_the_check_tries_every_cell_and_finds_a_right_too_many(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    before = postgres_server.run_query(shift.db, "SELECT count(*) FROM case_events")
    assert run_command(["db", "check", shift.db]) == 0
    said = capsys.readouterr()
    assert int(re.search(r"([\d,]+) trials, no surp", said.err)[1].replace(",", "")) >= 1000
    assert "!" not in said.out
    postgres_server.run_query(shift.db, f"GRANT DELETE ON journal TO {DATABASE}_interviewer")
    postgres_server.run_query(shift.db, "ALTER TABLE case_contacts DISABLE ROW LEVEL SECURITY")
    for by_hand in (
        "GRANT UPDATE ON case_events TO PUBLIC",
        "GRANT EXECUTE ON FUNCTION find_caller(TEXT, TEXT) TO PUBLIC",
        "CREATE POLICY anybody ON case_contacts USING (true)",
        f"GRANT TEMPORARY ON DATABASE {DATABASE} TO {DATABASE}_coder",
    ):
        postgres_server.run_query(shift.db, by_hand)
    assert run_command(["db", "check", shift.db]) == 1
    said = capsys.readouterr()
    assert "SID ! SI" in said.out
    assert re.search(r"case_events +SIU ! SI +SIUD +SU ! S", said.out)
    assert re.search(r"create a temporary table +refused +refused +done ! refused", said.out)
    assert re.search(r"read the contact, other case +1 ! refused ", said.out)
    assert run_command(["db", "init", shift.db]) == 0
    assert run_command(["db", "check", shift.db]) == 0
    assert postgres_server.run_query(shift.db, "SELECT count(*) FROM case_events") == before
    assert (
        postgres_server.run_query(
            shift.db, "SELECT 1 FROM pg_roles WHERE rolname LIKE 'survey_check%'"
        )
        == []
    )


def test_the_check_finds_rights_that_were_given_to_people_by_hand(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = schema_of(shift)
    for by_hand in (
        f"GRANT SELECT ON case_contacts TO {shift.al}",
        f"GRANT UPDATE (payload) ON case_events TO {DATABASE}_interviewer",
        f"GRANT pg_read_all_data TO {shift.cy}",
        f"ALTER ROLE {shift.bob} BYPASSRLS",
    ):
        postgres_server.run_query(shift.db, by_hand)
    assert run_command(["db", "check", shift.db]) == 1
    said = capsys.readouterr()
    assert set(re.findall("(?m)^! (.+)", said.out)) == {
        f"{shift.al} has further rights: SELECT on {schema}_contacts.case_contacts",
        f"{shift.bob} has further rights: BYPASSRLS",
        f"{shift.cy} has further rights: member of pg_read_all_data",
        f"{DATABASE}_interviewer has further rights: UPDATE on {schema}.case_events (payload)",
    }
    assert "4 surprises" in said.err
    for person in (shift.bob, shift.cy):
        postgres_server.run_query(shift.db, f"DROP OWNED BY {person}")
        postgres_server.run_query(shift.db, f"DROP ROLE {person}")


def test_working_times_are_read_by_their_person_and_corrected_by_supervisors(shift: Served) -> None:
    ann = station(shift)
    assert ann.finish_case().rejection is None
    assert ann.end_shift().rejection is None
    kinds = f"SELECT DISTINCT person FROM {schema_of(shift)}.work_events"
    assert [ask(shift, role, kinds) for role in (shift.ann, shift.bob)] == [[(shift.ann,)], []]
    assert ask(shift, shift.sue, kinds) == [(shift.ann,)]
    add = (
        f"INSERT INTO {schema_of(shift)}.work_events (at, person, kind, detail, station, by) VALUES"
    )
    refused(shift, shift.bob, f"{add} ('', '{shift.ann}', 'on', '', '', '')")
    refused(shift, shift.ann, f"{add} ('', '{shift.ann}', 'corrected', '', '', '')")
    refused(shift, shift.sue, f"DELETE FROM {schema_of(shift)}.work_events")
    refused(shift, shift.al, kinds)


def test_an_interviewer_works_under_the_name_of_the_account(shift: Served) -> None:
    address = as_role(shift, shift.ann)
    for refusal in (
        attempt(open_station, shift.file, db=address, interviewer="zoe"),
        attempt(
            start_or_resume, shift.file, StartOptions(case="own", db=address, interviewer="zoe")
        ),
    ):
        assert f"zoe: is not the account {shift.ann}, and only a supervisor's account" in str(
            refusal
        )


def test_an_upgrade_brings_the_guards_into_an_existing_study(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    for statement in (
        "DROP TABLE work_counts",
        "DROP FUNCTION count_work() CASCADE",
        "DROP FUNCTION guard_case() CASCADE",
        "DROP FUNCTION guard_interview() CASCADE",
        f'DROP POLICY "interviewer insert" ON {schema_of(shift)}.case_events',
        f"CREATE POLICY earlier ON {schema_of(shift)}.case_events FOR INSERT TO {DATABASE}_interviewer WITH CHECK (true)",
        f"GRANT INSERT ON survey_shared.never_call TO {DATABASE}_interviewer",
        "DELETE FROM applied_steps WHERE name = 'workcounts+'",
    ):
        postgres_server.run_query(shift.db, statement)
    assert run_command(["db", "check", shift.db]) == 1
    said = capsys.readouterr().out
    for missing in (
        "take a case away",
        "record a call, case not claimed",
        "change a complete interview",
        "never_call",
    ):
        assert re.search(rf"{missing} .*!", said), missing
    assert run_command(["db", "upgrade", str(shift.file), "--db", shift.db]) == 0
    assert run_command(["db", "check", shift.db]) == 0


def test_a_role_is_taken_away(shift: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["db", "grant", shift.db, shift.sue, "supervisor", "--revoke"]) == 0
    assert f"{shift.sue} is no supervisor any more" in capsys.readouterr().err
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        ask(shift, shift.sue, "SELECT 1")


def test_what_is_no_server_role_or_account_is_refused(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, message in (
        (["init", "field.db"], "this is not the address of a database server"),
        (
            ["grant", shift.db, "ann", "boss"],
            "the roles are interviewer, supervisor, coder, analyst",
        ),
        (
            ["grant", shift.db.replace(f"/{DATABASE}?", "/postgres?"), "ann", "coder"],
            "has no roles yet",
        ),
        (["grant", as_role(shift, shift.sue), "zed", "coder"], "the server does not permit it"),
    ):
        assert run_command(["db", *command]) == 1
        assert message in capsys.readouterr().err


def test_a_password_is_set_and_never_printed(
    shift: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("hush-hush\n"))
    assert run_command(["db", "grant", shift.db, shift.ann, "interviewer", "--password"]) == 0
    said = capsys.readouterr()
    assert "hush" not in said.err + said.out
    [(stored,)] = postgres_server.run_query(
        shift.db, "SELECT rolpassword FROM pg_authid WHERE rolname = ?", shift.ann
    )
    assert stored.startswith("SCRAM-SHA-256$")
    monkeypatch.setattr("sys.stdin", StringIO(""))
    assert run_command(["db", "grant", shift.db, shift.ann, "interviewer", "--password"]) == 2
    assert "the password is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", [f"{DATABASE}_interviewer", "pg_monitor", "pg_new", "public", "", "x" * 64]
)
def test_what_is_no_person_gets_no_role(
    unchanged: Served, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["db", "grant", unchanged.db, name, "supervisor"]) == 1
    assert "can't be a person on the server" in capsys.readouterr().err


def test_settings_of_interviewers_are_those_of_the_program() -> None:
    names = re.findall(r"'([^']+)'", roles.sql.OWN_SETTING)
    assert names == [TASK_PREFIX, SCRUB_SETTING, COMPARED_SETTING]


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
    given: dict[str, str],
    environment: dict[str, str],
    mode: str | None,
    monkeypatch: pytest.MonkeyPatch,
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
    assert (
        run_command(
            ["status", str(shift.file), "--db", f"postgresql://u:pw@192.0.2.1/x?sslmode={mode}"]
        )
        == 1
    )
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
