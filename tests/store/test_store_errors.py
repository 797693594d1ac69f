"""Failures of the store are reported in plain words, nothing is half written, and the same call works afterwards."""

import os
import random
import sqlite3
import time
from pathlib import Path

import pytest

from support.clean_up import mount_small_disk
from support.stored_interviews import (  # noqa: F401 – fixtures
    HASH,
    a_path,
    a_place,
    a_store_of_many,
    a_store_on_disk,
    an_instrument,
    answer,
    as_root,
    begin,
    child,
    outcome,
    refusal,
    rows,
    sql,
    stamp,
    wholes,
)
from survey_cli.engine.events import (
    QuestionAnswered,
)
from survey_cli.problems import StoreError
from survey_cli.store import Store
from survey_cli.values import Place

# A broken world: said in plain words, nothing half written, and the same call works afterwards


def the_trouble(store, seq, **other) -> str:
    """What is said when event `seq` can't be written; nothing of it is."""
    with pytest.raises(StoreError) as problem:
        answer(store, seq, **other)
    assert " — " in str(problem.value)
    return str(problem.value)


def test_a_full_disk(on_disk):
    full = on_disk.connector.read("PRAGMA page_count")[0][0] + 2
    on_disk.connector.read(f"PRAGMA max_page_count = {full}")
    long = QuestionAnswered(stamp(2), Place("why"), "x" * 100_000)
    assert "disk is full" in the_trouble(on_disk, 2, event=long)
    assert (
        len(on_disk.interviews.read_journal("i1")),
        on_disk.interviews.find_row("i1").last_seq,
        on_disk.maintenance.check_integrity(),
    ) == (
        1,
        1,
        [],
    )
    on_disk.connector.read("PRAGMA max_page_count = 1000000")
    assert answer(on_disk, 2, event=long) is None
    assert on_disk.interviews.read_journal("i1")[1] == long


def test_a_disk_that_takes_no_more_of_a_file(on_disk, path):
    script = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store.open(sys.argv[1], create=False)
size = os.path.getsize(sys.argv[1] + "-wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, resource.RLIM_INFINITY))
seq, problem = 1, None
while problem is None:
    seq += 1
    try:
        answer(store, "i1", seq)
    except StoreError as found:
        problem = found
again = None
try:
    answer(store, "i1", seq)
except StoreError as found:
    again = found
print(problem)
assert str(again) == str(problem)
assert len(store.interviews.read_journal("i1")) == seq - 1 > 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for more in range(seq, seq + 5):
    assert answer(store, "i1", more) is None
assert len(store.interviews.read_journal("i1")) == seq + 4
assert store.maintenance.check_integrity() == []
"""
    said = outcome(child(script, path))
    assert "the disk" in said
    assert " — check the disk" in said


@as_root
def test_a_really_full_disk(tmp_path):
    with (
        mount_small_disk(tmp_path, "400k") as disk,
        Store.open(disk / "asu.db", create=True) as store,
    ):
        store.data.add_instrument(an_instrument())
        begin(store)
        ballast = disk / "holiday.jpg"
        left = os.statvfs(disk)
        ballast.write_bytes(b"x" * (left.f_bavail * left.f_bsize - 20_000))
        seq = 2
        while True:
            try:
                answer(store, seq)
            except StoreError as problem:
                assert "disk is full" in str(problem)  # noqa: PT017 – when it is full is the disk's to say
                break
            seq += 1
        assert len(store.interviews.read_journal("i1")) == seq - 1
        assert "disk is full" in refusal(disk / "another.db")
        assert not (disk / "another.db").exists()
        ballast.unlink()
        assert answer(store, seq) is None
        assert store.maintenance.check_integrity() == []


def test_a_database_that_can_only_be_read(on_disk):
    on_disk.connector.run("PRAGMA query_only = ON")
    assert "can only be read" in the_trouble(on_disk, 2)
    on_disk.connector.run("PRAGMA query_only = OFF")
    assert answer(on_disk, 2) is None


def test_another_program_that_keeps_the_lock(on_disk, path):
    with Store.open(path, create=False, patience=0.3) as ours:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        began_waiting = time.monotonic()
        assert "locked" in the_trouble(ours, 2)
        assert 0.25 < time.monotonic() - began_waiting < 3
        assert len(ours.interviews.read_journal("i1")) == 1  # reading waits for nobody
        other.execute("ROLLBACK")
        other.close()
        assert answer(ours, 2) is None


def test_a_file_that_was_moved_away_takes_no_more_answers(on_disk, path):
    elsewhere = path.with_name("elsewhere.db")
    path.rename(elsewhere)
    assert "moved" in the_trouble(on_disk, 2)
    path.write_bytes(elsewhere.read_bytes())
    assert "replaced" in the_trouble(on_disk, 2)
    path.unlink()
    elsewhere.rename(path)
    assert answer(on_disk, 2) is None


def test_half_a_letter_from_a_terminal_is_told(kept):
    event = QuestionAnswered(stamp(2, station="s\udc80"), Place("own"), 1)
    assert "incomplete character" in the_trouble(kept, 2, event=event)
    within = QuestionAnswered(stamp(2), Place("own"), "caf\udce9")
    assert answer(kept, 2, event=within) is None
    assert kept.interviews.read_journal("i1")[1] == within


def test_a_table_that_somebody_dropped_is_told(kept, place):
    sql(place, "DROP TABLE drafts")
    assert "not as it was created" in the_trouble(kept, 2)
    assert len(kept.interviews.read_journal("i1")) == 1


def test_a_row_that_somebody_rewrote_is_told(kept, place):
    sql(place, "UPDATE journal SET payload = '{\"value\":' WHERE seq = 1")
    with pytest.raises(StoreError, match="event 1 of interview i1 can't be read"):
        kept.interviews.read_journal("i1")
    sql(place, "UPDATE interviews SET began_at = 'noon'")
    with pytest.raises(StoreError, match="can't be read"):
        kept.interviews.list_rows()


def spoiled(path: Path, dice: random.Random) -> None:
    """A database of sixty interviews, with junk written over a few places."""
    with Store.open(path, create=True) as store:
        store.data.add_instrument(an_instrument())
        store.interviews.add(wholes(60))
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 3, 12])):
        at = dice.randrange(0 if dice.random() < 0.1 else 100, len(content) - 400)
        content[at : at + 400] = dice.choice([dice.randbytes(400), bytes(400), b"\xff" * 400])
    path.write_bytes(content)


USES = {
    "integrity": lambda store: store.maintenance.check_integrity(),
    "instruments": lambda store: store.data.list_instruments(),
    "interviews": lambda store: store.interviews.list_rows(),
    "rows": lambda store: list(rows(store, HASH, origins=("simulated",), personal=True)),
    "journal": lambda store: [store.interviews.read_journal(f"s{k:05}") for k in range(60)],
    "draft": lambda store: store.interviews.find_draft("s00001"),
    "append": lambda store: answer(store, 4, id="s00030"),
    "backup": lambda store: store.maintenance.back_up(
        Path(store.connector.where).with_name("copy.db")
    ),
}


def test_junk_in_the_file_is_told_or_does_no_harm(tmp_path):
    told = dict.fromkeys(USES, 0)
    for seed in range(40):
        folder = tmp_path / str(seed)
        folder.mkdir()
        spoiled(folder / "asu.db", random.Random(seed))
        for name, use in USES.items():
            try:
                with Store.open(folder / "asu.db", create=False) as store:
                    found = use(store)
                told[name] += name == "integrity" and bool(found)
            except StoreError as problem:
                assert " — " in str(problem)  # noqa: PT017 – which use meets the junk is chance
                told[name] += 1
            except ValueError as mistake:
                assert "event 4 of interview s00030" in str(mistake)  # noqa: PT017 – its row is no longer there
    assert told["integrity"] >= 20
    assert all(times for name, times in told.items() if name != "draft"), told
