"""Values altered by hand are found and named, whichever column they are in."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from support import postgres_server
from support.golden_databases import CASES, FIELDWORK, HEAD, ITEMS, write
from support.shift import Shift
from support.user_errors import attempt
from survey_cli.problems import UserError
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.store import Store

UNCHECKED = {
    "work_events.*": "when people signed on and took breaks is stored here alone, so nothing can contradict it",
    "_sqlite_migrations.*": "the list of schema steps; an unknown one is refused when the database is opened",
    "sqlite_stat1.*": "SQLite's own statistics",
    "access_log.*": "who read what is recorded nowhere else",
    "backups.at": "when a backup was made is recorded nowhere else",
    "backups.by": "by whom a backup was made is recorded nowhere else",
    "case_contacts.details": "names, columns and numbers are checked; how a number is displayed is recorded nowhere else",
    "case_events.account": "which account wrote an event is recorded nowhere else",
    "case_events.by": "who wrote an event is recorded nowhere else, that of the last claim of a leased case apart",
    "case_events.key": "a random mark by which an event is not written twice",
    "case_events.station": "the workplace of an event is recorded nowhere else",
    "cases.lease_token": "a random token of the station that has the case",
    "cases.derivations": "a count whose change alone tells that a program knows the column",
    "cases.rules": "by whose rules a position was computed; earlier ones make it be computed again",
    "cases.ordinal": "the order of the sample file is recorded nowhere else; a place taken twice is found",
    "drafts.at": "what is being typed is recorded nowhere else",
    "drafts.text": "what is being typed is recorded nowhere else",
    "imports.file": "the name of the sample file is recorded nowhere else",
    "imports.id": "a random mark, which only an import that is going on is known by",
    "journal.account": "which account wrote an event is recorded nowhere else",
    "journal.station": "the workplace of an event is recorded nowhere else",
    "quota_places.at": "when a place was taken is recorded nowhere else",
    "settings.*": "each is set on purpose: no other row tells what it should be",
}
"""Columns that hold nothing that is derived from another, each with the reason."""


@pytest.fixture(name="written", scope="module")
def a_written_study(tmp_path_factory: pytest.TempPathFactory) -> Shift:
    """A morning of calls, interviews and an erasure, in one file without a log."""
    shift = Shift(
        tmp_path_factory.mktemp("written"), items=ITEMS, head=HEAD, fieldwork=FIELDWORK, cases=CASES
    )
    write(shift)
    connection = sqlite3.connect(shift.db)
    connection.execute("INSERT INTO backups VALUES ('2026-11-24T16:00:00.000000Z', 'sue')")
    connection.execute(
        "INSERT INTO access_log VALUES ('2026-11-24T16:00:00.000000Z', 'sue', 'sue', 'export', 'x', '')"
    )
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.commit()
    connection.close()
    return shift


def found(shift: Shift, db: str) -> tuple[str, ...]:
    verified = attempt(verify_database, shift.file, db=db)
    return (str(verified),) if isinstance(verified, UserError) else verified.findings


def columns() -> list[str]:
    with Store.open(":memory:", create=True) as store:
        tables = [
            name
            for (name,) in store.connector.read(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            )
        ]
        return [
            f"{table}.{column}"
            for table in tables
            if f"{table}.*" not in UNCHECKED
            for _, column, *_ in store.connector.read(f"PRAGMA table_info({table})")
        ]


COLUMNS = columns()
CHECKED = [column for column in COLUMNS if column not in UNCHECKED]


def altered(value: object) -> object:
    """Another value of the same form."""
    if isinstance(value, int):
        return value + 1
    if not value:
        return "x"
    text = str(value)
    for at in reversed(range(len(text))):
        if text[at].isalnum():
            other = "1" if text[at] != "1" else "2"
            return text[:at] + other + text[at + 1 :]
    return text + "x"


ROWS = {
    "cases": "key = 'D'",
    "case_events": "case_key = 'D' AND seq = 5",
    "contacts": "details LIKE '%Ada%'",
    "interviews": "case_key = 'A'",
    "journal": "seq = 4 AND interview IN (SELECT id FROM interviews WHERE case_key = 'A')",
    "quota_places": "state = 'taken'",
    "snapshots": "interview IN (SELECT id FROM interviews WHERE case_key = 'A')",
}
"""The row that is altered; the first one of other tables."""
OTHER_ROWS = {
    "journal.by": "seq = 10 AND interview IN (SELECT id FROM interviews WHERE case_key = 'A')",
    "cases.lease_by": "key = 'H'",
    "cases.lease_station": "key = 'H'",
    "cases.lease_until": "key = 'H'",
}


def test_a_study_that_nobody_altered_is_whole(written: Shift) -> None:
    assert found(written, written.db) == ()


@pytest.mark.parametrize("column", CHECKED)
def test_an_altered_value_is_found(written: Shift, tmp_path: Path, column: str) -> None:
    table, name = column.split(".")
    path = tmp_path / "altered.db"
    shutil.copyfile(written.db, path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    where = OTHER_ROWS.get(column, ROWS.get(table, "1 = 1"))
    keys = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[5]]
    key = ", ".join(keys or ["rowid"])
    first = f"({key}) IN (SELECT {key} FROM {table} WHERE {where} LIMIT 1)"
    [(value,)] = connection.execute(f"SELECT {name} FROM {table} WHERE {first}").fetchall()
    change = f"UPDATE {table} SET {name} = ? WHERE {first}"
    try:
        connection.execute(change, (altered(value),))
    except sqlite3.IntegrityError:  # another row has that key
        connection.execute(change, (value + 1000 if isinstance(value, int) else f"{value}x",))
    connection.commit()
    connection.close()
    findings = found(written, str(path))
    assert findings, f"{column}: {value!r} was altered to {altered(value)!r}"


def test_every_column_that_is_not_checked_exists_and_has_a_reason() -> None:
    named = {column for column in UNCHECKED if not column.endswith(".*")}
    assert named <= set(COLUMNS)
    assert all(len(reason) > 20 for reason in UNCHECKED.values())


FLIPS = {
    "case_key": "UPDATE interviews SET case_key = 'H' WHERE case_key = 'A'",
    "origin": "UPDATE interviews SET origin = 'practice' WHERE case_key = 'A'",
    "practice to real": "UPDATE interviews SET origin = 'real' WHERE origin = 'practice'",
    "an answer and its snapshot": "UPDATE snapshots SET cells = replace(cells, 'because', 'because!')",
    "an answer in the journal": """UPDATE journal SET payload = '{"value":2}' WHERE payload = '{"value":1}'""",
    "a personal answer": "UPDATE contacts SET details = replace(details, 'Ada', 'Eve')",
    "a label": "UPDATE variables SET labels = replace(labels, 'Yes', 'No') WHERE name = 'a'",
    "a question": "UPDATE instruments SET texts = replace(texts, 'First?', 'Last?')",
    "an outcome": "UPDATE case_events SET payload = replace(payload, 'refusal_soft', 'no_answer')",
    "a code": "UPDATE cases SET code = '1.1' WHERE key = 'C'",
    "a case that goes first": "UPDATE cases SET rank = '0' || rank WHERE key = 'E'",
    "a name": "UPDATE case_contacts SET details = replace(details, 'Name C', 'Name X')",
    "a number": "UPDATE case_contacts SET details = replace(details, '+13125550102', '+13125550199')",
    "two in one place": "UPDATE cases SET ordinal = 3 WHERE ordinal = 2",
    "the last event": "DELETE FROM journal WHERE seq = 10",
    "a case": "DELETE FROM cases WHERE key = 'E'",
    "a contact": "DELETE FROM case_contacts WHERE words LIKE 'name c%'",
    "a place": "DELETE FROM quota_places WHERE state = 'taken'",
    "a place that is held": "UPDATE quota_places SET interview = 'nobody' WHERE state = 'held'",
    "an interview that is over": "UPDATE quota_places SET state = 'held' WHERE state = 'taken'",
    "a lease that is over": "UPDATE cases SET lease_by = 'eve' WHERE key = 'C'",
    "a zone": "UPDATE case_events SET payload = replace(payload, 'Chicago', 'Chicag0') WHERE seq = 1",
    "an interview": "DELETE FROM interviews WHERE case_key = 'A'",
    "an import": "DELETE FROM imports",
    "an order of times": "UPDATE journal SET at = '2001' || substr(at, 5) WHERE seq = 5",
}


@pytest.mark.parametrize("what", FLIPS)
def test_what_was_altered_by_hand_is_found(written: Shift, tmp_path: Path, what: str) -> None:
    path = tmp_path / "altered.db"
    shutil.copyfile(written.db, path)
    connection = sqlite3.connect(path)
    assert connection.execute(FLIPS[what]).rowcount
    connection.commit()
    connection.close()
    findings = found(written, str(path))
    assert findings
    text = "\n".join(findings)
    for secret in ("Ada", "Eve", "because", "Name X", "312555"):
        assert secret not in text


def test_a_study_on_a_server_is_compared_as_well(tmp_path: Path) -> None:
    address = postgres_server.create_address()
    # numbers of its own: all studies of the server have one do-not-call list, and F asks for it
    cases = CASES.replace("312 555", "773 555")
    shift = Shift(tmp_path, items=ITEMS, head=HEAD, fieldwork=FIELDWORK, cases=cases, db=address)
    write(shift)
    assert found(shift, address) == ()
    postgres_server.run_query(
        address, "UPDATE interviews SET outcome = 'refusal_hard' WHERE case_key = 'A'"
    )
    postgres_server.run_query(address, "UPDATE cases SET code = '1.1' WHERE key = 'C'")
    findings = "\n".join(found(shift, address))
    assert "outcome differs from its journal" in findings
    assert "case C: code differs from its history" in findings


def test_how_far_it_is_is_told(written: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("survey_cli.services.run_on_study.REPORT_INTERVAL", 1)
    told: list[tuple[int, int]] = []
    verified = verify_database(
        written.file, db=written.db, progress=lambda done, whole: told.append((done, whole))
    )
    assert isinstance(verified, VerificationResult)
    assert told == [(done, 12) for done in range(1, 13)]  # 4 interviews and 8 cases


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_contacts SET details = replace(details, 'Name D', 'Name X') WHERE details LIKE '%Name D%'",
        "UPDATE case_events SET payload = replace(payload, 'America/Chicago', 'America/Denver') "
        "WHERE case_key = 'D' AND seq = 1",
    ],
)
def test_what_a_sample_said_of_a_case_is_compared_with_its_import(
    written: Shift, tmp_path: Path, statement: str
) -> None:
    path = tmp_path / "altered.db"
    shutil.copyfile(written.db, path)
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()

    assert "case D: what the sample says of it is not as it was imported" in found(
        written, str(path)
    )


def test_a_sample_with_other_columns_than_the_questionnaires_is_not_compared(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, items=ITEMS, head=HEAD, fieldwork=FIELDWORK, cases=CASES)
    shift.study("sue").store.close()
    file = Path(shift.file)
    file.write_text(file.read_text().replace("  zone: {", "  since: {type: date}\n  zone: {"))

    verified = verify_database(str(file), db=shift.db)

    assert isinstance(verified, VerificationResult)
    assert not [finding for finding in verified.findings if "imported" in finding]
    assert any(
        "what the sample says of 8 cases was not compared" in note for note in verified.notes
    )
