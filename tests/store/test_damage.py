"""Damaged database files: damage is noticed when the file is opened; what cannot be read is named, never shown."""

import os
import random
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from test_verification import UNCHECKED

from support.golden_databases import CASES, FIELDWORK, HEAD, ITEMS, write
from support.shift import Shift
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.problems import StoreError, UserError
from survey_cli.services.database.administration import verify_database
from survey_cli.store import Store

PAGE = 4096
SECRET = "Zwetschgenknödel"


@pytest.fixture(name="written", scope="module")
def a_written_study(tmp_path_factory: pytest.TempPathFactory) -> Shift:
    shift = Shift(
        tmp_path_factory.mktemp("written"), items=ITEMS, head=HEAD, fieldwork=FIELDWORK, cases=CASES
    )
    write(shift)
    connection = sqlite3.connect(shift.db)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return shift


@pytest.fixture(name="path")
def a_copy(written: Shift, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(written.db, tmp_path / "field.db"))


def commands(shift: Shift, path: Path) -> list[list[str]]:
    file, db = str(shift.file), ["--db", str(path)]
    return [
        ["case", "list", "--interviews", file, *db],
        ["case", "list", file, *db],
        ["status", file, *db],
        ["export", file, "-o", "-", *db],
        ["rates", file, *db],
        ["interview", file, "--case", "Q", "--plain", *db],
        ["db", "verify", file, *db],
        ["db", "backup", file, str(path.with_name("copy.db")), *db],
    ]


def test_every_command_says_that_a_file_is_damaged(
    written: Shift, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(path.read_bytes())
    content[5 * PAGE : 6 * PAGE] = os.urandom(PAGE)
    monkeypatch.setattr("sys.stdin", open(os.devnull, encoding="utf-8"))  # noqa: SIM115 – closed with the test
    for command in commands(written, path):
        path.write_bytes(content)
        assert run_command(command) == 1, command
        said = capsys.readouterr()
        assert "damaged" in said.err, command
        assert "survey db restore BACKUP FILE" in said.err
        assert said.out == ""


def test_a_page_that_holds_something_else_is_noticed_at_once(path: Path) -> None:
    whole = path.read_bytes()
    for page in range(len(whole) // PAGE):
        content = bytearray(whole)
        content[page * PAGE : (page + 1) * PAGE] = b"\xa5" * PAGE
        path.write_bytes(content)
        with pytest.raises(StoreError, match="survey db restore BACKUP FILE"):
            Store.open(path, create=False)


def test_a_file_that_was_cut_off_is_noticed_at_once(path: Path) -> None:
    whole = path.read_bytes()
    for share in (0.3, 0.6, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(StoreError, match="survey db restore BACKUP FILE"):
            Store.open(path, create=False)


def test_bytes_that_were_flipped_are_found_or_change_nothing(written: Shift, path: Path) -> None:
    """Whatever a verification lets pass reads as it did before, but for what nothing else tells."""
    whole, dice = path.read_bytes(), random.Random(20261124)
    before = everything(path)
    found = 0
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(4):
            content[dice.randrange(PAGE, len(content))] ^= dice.randrange(1, 256)
        path.write_bytes(content)
        verified = attempt(verify_database, written.file, db=str(path))
        if isinstance(verified, UserError) or verified.findings:
            found += 1
        else:
            same = everything(path)
            assert {table: rows for table, rows in same.items() if rows != before[table]} == {}
    assert found > 20


NOT_TOLD = {"journal.by", "journal.turn", "cases.stood", "cases.zone", "interviews.answered"}
"""Columns that some rows alone have no other record of: who wrote an event in the middle, for one."""
SAID = (b"noted", b"confirmed")
"""Events of an interview in words that nothing else records."""


def everything(path: Path) -> dict[str, list[dict[str, object]]]:
    """All that is checked."""
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    names = [
        name.decode()
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    rows: dict[str, list[dict[str, object]]] = {}
    for name in names:
        if f"{name}.*" in UNCHECKED:
            continue
        found = connection.execute(f"SELECT * FROM {name}")
        columns = [column for column, *_ in found.description]
        told = [c for c in columns if f"{name}.{c}" not in UNCHECKED.keys() | NOT_TOLD]
        rows[name] = [
            {c: value for c, value in zip(columns, row, strict=True) if c in told}
            for row in found.fetchall()
        ]
    for row in rows["journal"]:
        if row["kind"] in SAID:
            row["payload"] = b""
    connection.close()
    return rows


@pytest.mark.time_limit
def test_opening_a_large_file_takes_some_milliseconds(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE filler (id INTEGER PRIMARY KEY, text)")
    numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 30000)"
    connection.execute(f"INSERT INTO filler {numbers} SELECT x, zeroblob(3000) FROM n")
    connection.commit()
    connection.close()
    assert path.stat().st_size > 80e6
    Store.open(path, create=False).close()
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        Store.open(path, create=False).close()
        times.append(time.perf_counter() - begun)
    assert min(times) < 0.05  # a guard against reading it all, which takes ten times as long


# Texts that can't be decoded


def undecodable(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute(statement).rowcount == 1
    connection.commit()
    connection.close()


NAME = f"""UPDATE case_contacts SET details = CAST(replace(CAST(details AS BLOB), 'Name C', '{SECRET}' || x'ff') AS TEXT)
    WHERE words LIKE 'name c%'"""
ANSWER = f"""UPDATE journal SET payload = CAST('{{"value":"{SECRET}' || x'ff' || '"}}' AS TEXT)
    WHERE item = 'why' AND interview IN (SELECT id FROM interviews WHERE case_key = 'A')"""
BY = "UPDATE interviews SET by = CAST('ann' || x'ff' AS TEXT) WHERE case_key = 'B'"


def test_one_bad_name_keeps_no_other_case_from_being_listed(
    written: Shift, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undecodable(path, NAME)
    assert run_command(["case", "list", str(written.file), "--db", str(path)]) == 1
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()[1:] if line.strip()] == list(
        "ABCDEFGH"
    )
    assert "the text details of case_contacts (case C) can't be decoded" in said.err
    assert SECRET not in said.err


def test_one_bad_text_keeps_no_other_interview_from_being_listed(
    written: Shift, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undecodable(path, BY)
    assert run_command(["case", "list", "--interviews", str(written.file), "--db", str(path)]) == 1
    said = capsys.readouterr()
    assert sorted(line.split()[0] for line in said.out.splitlines()[1:]) == list("ABGP")
    assert "the text by of interviews (id " in said.err


@pytest.mark.parametrize("statement", [NAME, ANSWER, BY])
def test_verification_names_a_text_and_never_shows_it(
    written: Shift, path: Path, capsys: pytest.CaptureFixture[str], statement: str
) -> None:
    undecodable(path, statement)
    assert run_command(["db", "verify", str(written.file), "--db", str(path)]) == 1
    said = capsys.readouterr()
    assert "can't be decoded" in said.out
    assert SECRET not in said.out + said.err


def test_an_answer_that_cannot_be_decoded_is_not_exported(
    written: Shift, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    undecodable(path, ANSWER)
    undecodable(path, "UPDATE snapshots SET digest = '' WHERE cells LIKE '%because%'")
    assert run_command(["export", str(written.file), "-o", "-", "--db", str(path)]) == 1
    said = capsys.readouterr()
    assert "the text payload of journal (interview " in said.err
    assert ", seq 8) can't be decoded" in said.err
    assert SECRET not in said.out + said.err
