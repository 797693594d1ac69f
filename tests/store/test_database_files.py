"""Database files: created whole and for their owner only, or refused with the reason."""

import os
import stat
from pathlib import Path

import pytest

from support.scale import SCALE
from support.stored_interviews import (  # noqa: F401 – fixtures
    NOON,
    a_path,
    a_store_on_disk,
    an_instrument,
    begin,
    child,
    outcome,
    refusal,
    sql,
)
from survey_cli.problems import StoreError
from survey_cli.store import EntryDraft, Store
from survey_cli.store.backends.schema import migrations
from survey_cli.store.backends.sqlite import database_files
from survey_cli.store.backends.sqlite.database_files import (
    find_file_system,
    find_mounted_file_system,
)
from survey_cli.store.do_not_call import DoNotCallList

# The file


def test_files_are_for_their_owner_only_whatever_the_umask(path):
    path.parent.mkdir()
    before = os.umask(0)
    try:
        with Store.open(path, create=True) as store:
            store.data.add_instrument(an_instrument())
            begin(store)
            store.maintenance.back_up(path.with_name("copy.db"))
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(
        ["asu_2000.db", "asu_2000.db-wal", "asu_2000.db-shm", "copy.db"], 0o600
    )


def test_each_commit_is_synced(on_disk, path):
    read = lambda pragma: on_disk.connector.read(f"PRAGMA {pragma}")[0][0]  # noqa: E731
    assert read("journal_mode") == "wal"
    assert read("synchronous") == 2  # FULL
    assert read("foreign_keys") == 1
    assert path.read_bytes()[68:72] == b"SVRY"


def test_an_existing_database_is_opened_without_sqlite_utils(on_disk, path):
    opened = child(
        "Store.open(sys.argv[1], create=False); print('sqlite_utils' in sys.modules)", path
    )
    assert outcome(opened) == "False\n"


def test_several_programs_can_make_one_file_at_once(tmp_path):
    script = """
print("ready", flush=True)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.0002)
store = Store.open(sys.argv[1], create=True)
text = InstrumentRow(hash=HASH, id="asu", version="1", title="", texts={}, variables=(), kept_at=NOON)
store.data.add_instrument(text)
print(start(store, sys.argv[3]))
"""
    for round in range(3):
        path, gun = tmp_path / f"fresh{round}.db", tmp_path / f"gun{round}"
        programs = [child(script, path, gun, k) for k in range(4 * SCALE)]
        for program in programs:
            assert program.stdout.readline() == "ready\n"
        gun.touch()
        assert [outcome(program) for program in programs] == ["None\n"] * (4 * SCALE)
        with Store.open(path, create=False) as store:
            assert [row.id for row in store.interviews.list_rows()] == [
                str(k) for k in range(4 * SCALE)
            ]
            assert store.maintenance.check_integrity() == []
    assert not list(tmp_path.glob(".*"))


def older(path: Path, monkeypatch: pytest.MonkeyPatch, steps: int = 1) -> Path:
    """A database as it was made when there were so many steps."""
    path.parent.mkdir(exist_ok=True)
    with monkeypatch.context() as then:
        then.setattr(migrations, "STEPS", migrations.STEPS[:steps])
        then.setattr(migrations.build_migrations, "__defaults__", (migrations.STEPS[:steps],))
        Store.open(path, create=True).close()
    return path


def test_programs_that_find_an_older_schema_at_once_upgrade_it_once(path, monkeypatch):
    older(path, monkeypatch)
    before = sql(path, "SELECT name, sql FROM sqlite_master ORDER BY name")
    script = "print(Store.open(sys.argv[1], create=False).maintenance.check_integrity())"
    programs = [child(script, path) for _ in range(4)]
    said = [program.communicate(timeout=60) for program in programs]
    # whoever comes while another works on it is told so, or finds it done
    assert all(out == "[]\n" or "it is in use now" in err for out, err in said), said
    told = [err for out, err in said if out and err]
    assert len(told) == 1
    assert told[0].startswith(
        f"{path}: upgraded for this version of the program; a copy from before the upgrade: "
    )
    assert ("answers",) in sql(path, "SELECT name FROM sqlite_master WHERE type = 'view'")
    copy = path.with_name("asu_2000.before-views.db")
    assert sorted(path.parent.glob("*before*")) == [copy]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sql(copy, "SELECT name, sql FROM sqlite_master ORDER BY name") == before


def test_a_database_of_an_earlier_version_that_is_in_use_is_left_as_it_is(path, monkeypatch):
    older(path, monkeypatch)
    script = """
import sqlite3
db = sqlite3.connect(sys.argv[1])
db.execute("SELECT count(*) FROM interviews").fetchall()
print("ready", flush=True)
sys.stdin.readline()
"""
    station = child(script, path)
    assert station.stdout.readline() == "ready\n"
    said = refusal(path, create=False)
    assert "the step 'views' is missing" in said
    assert "survey db upgrade FILE" in said
    assert sql(path, "SELECT name FROM sqlite_master WHERE type = 'view'") == []
    assert not list(path.parent.glob("*before*"))
    station.communicate("\n")
    with Store.open(path, create=False) as store:
        assert store.maintenance.check_integrity() == []
    assert list(path.parent.glob("*before-views.db"))


def test_a_second_copy_takes_a_name_of_its_own(path, monkeypatch):
    older(path, monkeypatch)
    path.with_name("asu_2000.before-views.db").write_text("of an earlier try")
    Store.open(path, create=False).close()
    assert path.with_name("asu_2000.before-views.db").read_text() == "of an earlier try"
    assert path.with_name("asu_2000.before-views-2.db").is_file()


# Its name


def test_a_file_with_a_second_name_is_refused(on_disk, path):
    on_disk.close()
    path.with_name("other.db").hardlink_to(path)
    for name in (path, path.with_name("other.db")):
        said = refusal(name)
        assert "second name" in said
        assert f"find / -xdev -samefile {name}" in said
    path.with_name("other.db").unlink()
    Store.open(path, create=False).close()


def test_a_file_that_is_just_being_put_in_its_place_is_opened(on_disk, path):
    on_disk.close()
    path.with_name(f".{path.name}.x1.new").hardlink_to(path)
    Store.open(path, create=False).close()


def test_a_symbolic_link_leads_to_the_one_database(on_disk, path):
    link = path.parent.parent / "link.db"
    link.symlink_to(path)
    with Store.open(link, create=False) as other:
        other.interviews.save_draft("i1", EntryDraft("own", "half", NOON))
        assert on_disk.interviews.find_draft("i1").text == "half"
        assert Path(f"{path}-wal").stat().st_size
        assert not Path(f"{link}-wal").exists()
        moved = path.rename(path.with_name("elsewhere.db"))
        with pytest.raises(StoreError, match="moved"):
            other.interviews.save_draft("i1", EntryDraft("own", "lost", NOON))
        moved.rename(path)


def test_the_list_of_numbers_lies_beside_the_database_that_a_link_leads_to(on_disk, path):
    link = path.parent.parent / "link.db"
    link.symlink_to(path)
    with DoNotCallList.open_beside(path) as listed:
        listed.add(["+13125550100"], at=NOON, reason="asked", by="sue")
    with DoNotCallList.open_beside(str(link)) as other:
        assert other.select_listed(["+13125550100"]) == {"+13125550100"}


def test_a_missing_database_is_made_only_when_asked(tmp_path):
    assert "no such database" in refusal(tmp_path / "asu.db", create=False)
    assert "does not exist" in refusal(tmp_path / "nowhere" / "asu.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_of_ours_is_refused_and_left_alone(tmp_path):
    other = tmp_path / "other.db"
    sql(other, "CREATE TABLE recipes (name)")
    for name, content in (
        ("empty.db", b""),
        ("text.db", b"Dear diary, " * 999),
        ("short.db", b"SQLite format 3\0"),
    ):
        (tmp_path / name).write_bytes(content)
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    assert "another program's database" in refusal(other)
    assert "another program's database" in refusal(tmp_path / "empty.db")
    assert "not a database" in refusal(tmp_path / "text.db")
    assert "not a" in refusal(tmp_path / "short.db")
    assert "not a file" in refusal(tmp_path)
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_database_of_a_newer_program_is_refused_with_the_reason_unless_its_steps_are_additive(
    on_disk, path
):
    sql(
        path,
        "INSERT INTO _sqlite_migrations VALUES (98, ?, 'teleports+', '')",
        migrations.MIGRATION_SET,
    )
    Store.open(path, create=False).close()
    sql(
        path,
        "INSERT INTO _sqlite_migrations VALUES (99, ?, 'teleportation', '')",
        migrations.MIGRATION_SET,
    )
    said = refusal(path)
    assert "newer version" in said
    assert "'teleportation'" in said


@pytest.mark.parametrize(
    "kind", ["nfs4", "cifs", "fuse.sshfs", "9p", "virtiofs", "fuse.of-tomorrow"]
)
def test_a_file_system_that_others_may_share_is_refused_with_the_reason(
    tmp_path, monkeypatch, kind
):
    monkeypatch.setattr(database_files, "find_file_system", lambda folder: kind)
    said = refusal(tmp_path / "asu.db")
    assert f"({kind})" in said
    assert "other computers may share" in said
    assert f"SURVEY_LOCAL_FILE_SYSTEMS={kind}" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["ext4", "tmpfs", "overlay", ""])
def test_a_local_file_system_is_taken(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(database_files, "find_file_system", lambda folder: kind)
    Store.open(tmp_path / "asu.db", create=True).close()
    assert (tmp_path / "asu.db").is_file()


def test_a_type_of_file_system_that_is_declared_local_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("SURVEY_LOCAL_FILE_SYSTEMS", "virtiofs,9p")
    monkeypatch.setattr(database_files, "find_file_system", lambda folder: "9p")
    Store.open(tmp_path / "asu.db", create=True).close()
    monkeypatch.setattr(database_files, "find_file_system", lambda folder: "nfs4")
    assert "nfs4" in refusal(tmp_path / "other.db")


def test_the_file_system_is_the_one_mounted_nearest(tmp_path):
    table = (
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "30 22 0:40 / /srv rw - autofs systemd-1 rw\n"
        "31 30 0:41 / /srv rw,relatime shared:7 master:2 - nfs4 host:/x rw\n"
        "32 22 0:42 / /srv/my\\040disk rw - xfs /dev/vdb rw\n"
        "gibberish\n"
    )
    assert find_mounted_file_system(table, "/home/ann") == "ext4"
    assert find_mounted_file_system(table, "/srv") == "nfs4"
    assert find_mounted_file_system(table, "/srv/a/b") == "nfs4"
    assert find_mounted_file_system(table, "/srv2") == "ext4"
    assert find_mounted_file_system(table, "/srv/my disk/a") == "xfs"
    if Path("/proc/self/mountinfo").exists():
        assert find_file_system(Path("/proc/self")) == "proc"


BECOME_NOBODY = "os.setegid(65534); os.seteuid(65534)\n"
TRY_TO_OPEN = """
try:
    Store.open(sys.argv[1], create=True)
except StoreError as problem:
    print(problem)
"""


@pytest.mark.parametrize(
    ("folder", "file", "said"),
    [
        (0o777, 0o444, "is read-only"),
        (0o777, 0o200, "can't be read"),
        (0o555, 0o666, "no permission to write to the folder"),
    ],
)
def test_what_may_not_be_written_is_refused_with_the_reason(on_disk, path, folder, file, said):
    become = BECOME_NOBODY if os.geteuid() == 0 else ""
    path.chmod(file)
    path.parent.chmod(folder)
    try:
        assert said in outcome(child(become + TRY_TO_OPEN, path.name, cwd=path.parent))
    finally:
        path.parent.chmod(0o700)
