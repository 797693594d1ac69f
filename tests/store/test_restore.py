"""Restoring a backup: the database is not in use, the backup is whole, and the replaced database is kept."""

import fcntl
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from support import postgres_server
from support.golden_databases import FIELDWORK, HEAD, ITEMS, load_file
from support.shift import Shift, interviewed, on
from survey_cli.cli.run_command import run_command
from survey_cli.outcomes import WITHDRAWN
from survey_cli.problems import UserError
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.services.database.backups import RestoreResult, back_up_database, restore_database
from survey_cli.services.privacy import erase_person, load_subject
from survey_cli.services.run_on_study import Request
from survey_cli.store import Store
from survey_cli.store.maintenance.maintenance import LostData
from survey_cli.study.consistency.erasure_record import RepeatedErasures
from survey_cli.study.consistency.person_erasure import erase_answers

CASES = """unit,kind,name,phone,zone
A,1,Alice Adams,312 555 0100,America/Chicago
B,2,Bert Brown,312 555 0101,America/Chicago
"""


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path) -> Shift:
    """One interview of two cases, a backup, then the other and a third case."""
    shift = Shift(tmp_path, cases=CASES)
    calls(shift)
    back_up_database(shift.file, tmp_path / "backup.db", at=shift.at, db=shift.db)
    calls(shift)
    shift.bring(CASES + "C,2,Cleo Cole,312 555 0102,America/Chicago\n")
    return shift


def calls(shift: Shift) -> None:
    """One complete interview; the station is left running."""
    ann = shift.station("ann")
    ann.dial()
    interviewed(ann, "1", "2", "1")
    assert ann.close_interview().rejection is None
    assert ann.end_shift().rejection is None
    shift.later(minutes=5)
    shift.close_all()


def restored(shift: Shift, backup: str = "backup.db") -> RestoreResult:
    done = restore_database(shift.file, shift.folder / backup, at=shift.at, db=shift.db)
    assert isinstance(done, RestoreResult), done
    return done


def refused(shift: Shift, backup: str = "backup.db") -> str:
    before = files(shift)
    with pytest.raises(UserError) as caught:
        restore_database(shift.file, shift.folder / backup, at=shift.at, db=shift.db)
    done = caught.value
    assert files(shift) == before
    return str(done)


def files(shift: Shift) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in shift.folder.iterdir() if p.suffix == ".db"}


def completes(db: str | Path) -> int:
    connection = sqlite3.connect(db)
    [(count,)] = connection.execute(
        "SELECT count(*) FROM interviews WHERE outcome = 'complete'"
    ).fetchall()
    connection.close()
    return int(count)


def whole(shift: Shift) -> bool:
    found = verify_database(shift.file, db=shift.db, at=shift.at)
    assert isinstance(found, VerificationResult), found
    assert not found.findings
    return True


def test_a_backup_takes_the_place_of_the_database_and_that_one_is_kept(shift: Shift) -> None:
    last = shift.at
    done = restored(shift)
    assert done.interviews == 1
    assert done.lost == LostData(
        interviews=1, answers=4, cases=1, calls=1, newest=done.lost and done.lost.newest
    )
    assert done.lost.newest is not None
    assert (last - done.lost.newest).total_seconds() <= 300
    assert re.fullmatch(r"field\.replaced-\d{8}-\d{6}\.db", Path(done.kept).name)
    assert (completes(shift.db), completes(done.kept)) == (1, 2)
    assert whole(shift)
    assert stat.S_IMODE(Path(shift.db).stat().st_mode) == 0o600
    assert completes(shift.folder / "backup.db") == 1
    assert not list(shift.folder.glob(".*"))
    calls(shift)  # fieldwork goes on
    assert completes(shift.db) == 2
    assert whole(shift)


def test_what_a_killed_restoration_left_is_removed_by_the_next_one_and_no_copy_in_use(
    shift: Shift,
) -> None:
    script = (
        "import sys, time; from survey_cli.services.database import backups; from datetime import datetime, UTC\n"
        "backups._verify_copy = lambda *_: print('copied', flush=True) or time.sleep(60)\n"
        "backups.restore_database(sys.argv[1], sys.argv[2], at=datetime.now(UTC), db=sys.argv[3])"
    )
    arguments = (str(shift.file), str(shift.folder / "backup.db"), str(shift.db))
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "copied\n"
        in_use = shift.folder / ".field.db.copy.other.new"
        killed.kill()
    left = set(shift.folder.glob(".*"))
    assert left
    with in_use.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert completes(restored(shift).where) == 1
        assert set(shift.folder.glob(".*")) == {in_use}
    assert not left & set(shift.folder.iterdir())


def test_a_log_that_was_left_beside_it_is_not_taken_for_the_backups(shift: Shift) -> None:
    """Copying a backup over a database whose log lies beside it brings old pages back."""
    script = (
        "import sqlite3, os, sys; db = sqlite3.connect(sys.argv[1]);"
        "db.execute(\"UPDATE interviews SET by = 'late'\"); db.commit(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", script, shift.db], check=True)
    log = Path(f"{shift.db}-wal")
    assert log.stat().st_size
    done = restored(shift)
    assert not log.exists()
    assert Path(f"{done.kept}-wal").stat().st_size
    assert sqlite3.connect(done.kept).execute("SELECT DISTINCT by FROM interviews").fetchall() == [
        ("late",)
    ]
    assert sqlite3.connect(shift.db).execute("SELECT DISTINCT by FROM interviews").fetchall() == [
        ("ann",)
    ]
    assert whole(shift)


def test_a_database_that_is_in_use_is_not_replaced(shift: Shift) -> None:
    script = """
import sys
from survey_cli.store import Store
store = Store.open(sys.argv[1], create=False)
print("ready", flush=True)
sys.stdin.readline()
"""
    station = subprocess.Popen(
        [sys.executable, "-c", script, shift.db],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert station.stdout is not None
    assert station.stdout.readline() == "ready\n"
    said = refused(shift)
    assert said.startswith(f"{shift.db}: the database is in use — close every station")
    station.communicate("\n")
    assert restored(shift).interviews == 1


@pytest.mark.parametrize("damage", ["page", "answer", "cut", "text"])
def test_a_backup_that_is_not_whole_is_refused(shift: Shift, damage: str) -> None:
    backup = shift.folder / "backup.db"
    if damage == "answer":
        connection = sqlite3.connect(backup)
        connection.execute("UPDATE snapshots SET cells = replace(cells, ',2,', ',1,')")
        connection.commit()
        connection.close()
    elif damage == "text":
        backup.write_text("Dear diary, " * 999)
    else:
        content = bytearray(backup.read_bytes())
        content = content[: len(content) // 2] if damage == "cut" else content
        content[4096 * 3 : 4096 * 6] = b"\xa5" * 4096 * 3
        backup.write_bytes(content)
    assert str(backup) in refused(shift)


def test_what_is_no_backup_of_this_study_is_refused(shift: Shift, tmp_path: Path) -> None:
    assert "there is no such backup" in refused(shift, "nothing.db")
    (tmp_path / "other").mkdir()
    other = Shift(
        tmp_path / "other", head=shift.head.replace("instrument: field", "instrument: other")
    )
    calls(other)
    shutil.copy(other.db, shift.folder / "other.db")
    assert "is a backup of the study 'other', not of 'field'" in refused(shift, "other.db")


def test_a_damaged_database_is_replaced_all_the_same(shift: Shift) -> None:
    Path(shift.db).write_bytes(b"\xa5" * 50_000)
    done = restored(shift)
    assert done.lost is None
    assert Path(done.kept).read_bytes() == b"\xa5" * 50_000
    assert whole(shift)


def test_a_database_that_is_gone_comes_back(shift: Shift) -> None:
    Path(shift.db).unlink()
    done = restored(shift)
    assert (done.kept, done.lost) == ("", None)
    assert whole(shift)


def test_a_backup_is_restored_to_a_folder_that_does_not_exist_yet(shift: Shift) -> None:
    there = shift.folder / "another_computer" / "field.db"
    restore_database(shift.file, shift.folder / "backup.db", at=shift.at, db=str(there))
    assert completes(str(there)) == 1


def test_a_second_restore_in_one_second_keeps_both(shift: Shift) -> None:
    first, second = restored(shift), restored(shift)
    assert first.kept != second.kept
    assert (completes(first.kept), completes(second.kept)) == (2, 1)
    assert second.lost == LostData(0, 0, 0, 0, second.lost and second.lost.newest)


def test_a_backup_is_restored_to_a_server_and_the_replaced_schema_is_kept(shift: Shift) -> None:
    address = postgres_server.create_address()
    done = restore_database(shift.file, shift.folder / "backup.db", at=shift.at, db=address)
    assert (done.kept, done.interviews) == ("", 1)
    server = Shift(shift.folder, db=address, cases="", at=shift.at)
    assert whole(server)
    calls(server)  # fieldwork goes on
    shift.close_all()
    before = verify_database(server.file, db=address, at=server.at)
    done = restore_database(server.file, shift.folder / "backup.db", at=server.at, db=address)
    assert done.lost is not None
    assert done.lost[:4] == (1, 4, 0, 1)
    assert whole(server)
    assert before.interviews == 2
    kept = re.sub(r"schema=\w+", f"schema={done.kept}", address)
    assert verify_database(server.file, db=kept, at=server.at) == before
    calls(server)
    assert whole(server)
    with Store.open(address, create=False) as station:
        with pytest.raises(UserError, match="1 other connection uses it now"):
            restore_database(server.file, shift.folder / "backup.db", at=server.at, db=address)
        assert len(station.interviews.list_rows()) == 2


# Erasures


@pytest.mark.parametrize("place", ["file", "server"])
def test_whoever_was_erased_since_the_backup_does_not_come_back(tmp_path: Path, place: str) -> None:
    address = postgres_server.create_address() if place == "server" else ""
    shift = Shift(tmp_path, cases=CASES, db=address)
    calls(shift)
    back_up_database(shift.file, tmp_path, at=shift.at, db=shift.db)
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    erase_person(request, "A", why="asked by letter")
    done = restore_database(shift.file, tmp_path, at=shift.at, db=shift.db)
    assert done.erasures == RepeatedErasures(1)
    assert whole(shift)
    erased = load_subject(request, "A")
    assert (
        erased.name,
        [line.answer for interview in erased.interviews for line in interview.lines if line.answer],
    ) == (
        "",
        [],
    )
    assert load_subject(request, "B").name == "Bert Brown"
    # also where the database that knew it is gone
    if place == "file":
        Path(shift.db).unlink()
        again = restore_database(shift.file, tmp_path, at=shift.at, db=shift.db)
        assert (again.erasures.cases, again.lost) == (1, None)
        assert load_subject(request, "A").name == ""
        assert b"Alice" not in Path(shift.db).read_bytes()
        assert "A " not in (tmp_path / "field.erasures").read_text()


def test_a_withdrawal_of_consent_is_repeated(shift: Shift) -> None:
    with shift.study() as study:
        [row, _] = study.store.interviews.list_rows()
        erase_answers(study.store, study.instrument, row.case, at=shift.at, by="sue")
    done = restored(shift)
    assert done.erasures == RepeatedErasures(1)
    with shift.study() as study:
        [row] = study.store.interviews.list_rows()
        assert (row.outcome, row.answered) == (WITHDRAWN, 0)
    assert shift.row(row.case).position.outcome == WITHDRAWN
    shift.station("bob")  # whoever comes next finishes what follows: the do-not-call list
    shift.close_all()
    assert whole(shift)


def test_a_damaged_backup_leads_to_another_backup(shift: Shift, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes((shift.folder / "backup.db").read_bytes()[:5000])
    with pytest.raises(UserError, match="damaged") as raised:
        restore_database(shift.file, damaged, at=shift.at, db=shift.db)
    assert raised.value.remedy == "specify an earlier backup; nothing was changed"


# Folders of backups


def test_the_last_backups_of_a_study_are_kept(shift: Shift, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "field.notes.db").write_text("not ours")
    killed, at_work = (
        folder / ".field.20261124-120000Z.db.x.new-wal",
        folder / ".field.20261124-180000Z.db.y.new",
    )
    for file, age in ((killed, timedelta(hours=2)), (at_work, timedelta(minutes=-150))):
        file.touch()
        os.utime(file, times=((shift.at - age).timestamp(),) * 2)
    for _ in range(4):
        done = back_up_database(shift.file, folder, at=shift.at, keep=2, db=shift.db)
        shift.later(hours=1)
    assert (done.kept, done.removed) == (2, 1)
    names = [file.name for file in sorted(folder.iterdir())]
    assert names == [
        at_work.name,
        "field.20261124-181000Z.db",
        "field.20261124-191000Z.db",
        "field.notes.db",
    ]
    done = restore_database(
        shift.file, folder, at=shift.at, until=shift.at - timedelta(minutes=90), db=shift.db
    )
    assert Path(done.backup).name == names[1]
    with pytest.raises(UserError, match="no backup of the study 'field' made until 2026-11-24"):
        restore_database(
            shift.file, folder, at=shift.at, until=shift.at - timedelta(hours=5), db=shift.db
        )


def test_backups_are_made_until_they_are_stopped_and_a_failure_is_reported(
    shift: Shift, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    command = [
        sys.executable,
        "-m",
        "survey_cli",
        "db",
        "backup",
        str(shift.file),
        str(folder),
        "--db",
        shift.db,
    ]
    running = subprocess.Popen(
        [*command, "--every", "1s", "--keep", "2"], stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    assert "1 backup in the folder; next" in running.stderr.readline()
    away = Path(f"{shift.db}.away")
    Path(shift.db).rename(away)
    while "no backup: " not in (line := running.stderr.readline()):
        assert "copied to" in line
    assert "there is no such database" in line
    away.rename(shift.db)
    while "1 older removed" not in running.stderr.readline():
        pass
    running.terminate()
    running.communicate(timeout=30)
    assert running.returncode == 130
    assert len(list(folder.iterdir())) == 2


def test_what_the_command_says(shift: Shift, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["db", "restore", str(shift.folder / "backup.db"), str(shift.file), "--db", shift.db]
    assert run_command(command) == 0
    said = capsys.readouterr().err
    assert (
        f"{shift.db}: restored from {shift.folder / 'backup.db'}: 1 interview, 6 events\n" in said
    )
    assert f"the replaced database is kept: {shift.folder}/field.replaced-" in said
    assert (
        "only in the replaced database: 1 interview, 4 answers, 1 case, 1 call; the newest is from "
        in said
    )
    assert run_command(["db", "upgrade", str(shift.file), "--db", shift.db]) == 0
    assert "ready for this version of the program" in capsys.readouterr().err
    assert on(shift.station("bob")) == "B"


def test_a_database_of_an_earlier_version_is_compared_with_its_backup(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ITEMS, head=HEAD, fieldwork=FIELDWORK, cases="")
    Path(shift.db).unlink(missing_ok=True)
    load_file("first", Path(shift.db))
    load_file("first", tmp_path / "backup.db")
    connection = sqlite3.connect(tmp_path / "backup.db")
    connection.execute("DELETE FROM case_events WHERE case_key = 'E' AND seq > 1")
    connection.execute(
        "UPDATE cases SET seq = 1, stood = 1, updated_at = '2026-11-24T16:00:00.000000Z' WHERE key = 'E'"
    )
    connection.commit()
    connection.close()
    done = restored(shift)
    assert done.lost is not None
    assert done.lost[:4] == (0, 0, 0, 1)
