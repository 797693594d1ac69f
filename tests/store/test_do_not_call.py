"""The do-not-call list: every study beside it recognizes a number, and nobody who only reads it does."""

import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from support import postgres_server
from support.golden_databases import load_file
from support.scale import SCALE
from support.stored_cases import NOON, at
from support.stored_interviews import child, outcome, sql
from survey_cli.problems import StoreError
from survey_cli.store import Store
from survey_cli.store.do_not_call import DoNotCallEntry, DoNotCallList

ANN, BOB = "+13125550100", "+442079460018"


@pytest.fixture(name="study", params=["file", "server", "memory"])
def a_study(request, tmp_path: Path):
    if request.param == "server":
        place = postgres_server.create_address()
        with Store.open(place, create=True):
            pass
        sql(place, "DROP SCHEMA IF EXISTS survey_shared CASCADE")
        return place
    return ":memory:" if request.param == "memory" else str(tmp_path / "asu_2000.db")


def test_a_number_on_the_list_is_found_with_its_date_and_reason(study):
    with DoNotCallList.open_beside(study) as never:
        assert never.add([ANN, ANN], at=NOON, reason="asked us", by="ann") == 1
        assert never.add([ANN, BOB], at=at(5), reason="registry", by="sue") == 1
        assert never.find_entry(ANN) == DoNotCallEntry(
            NOON, "asked us", "ann"
        )  # the first to say so
        assert never.find_entry("+13125550101") is None
        assert never.select_listed([ANN, BOB, "+13125550101"]) == {ANN, BOB}
        assert never.select_listed([]) == set()
        assert never.find_removal(ANN) is None
        assert never.remove([ANN, "+13125550101"], at=at(6), reason="a slip", by="sue") == 1
        assert (never.count(), never.select_listed([ANN])) == (1, set())
        assert never.find_removal(ANN) == DoNotCallEntry(at(6), "a slip", "sue")
        assert never.find_removal(BOB) is never.find_removal("+13125550101") is None
        never.add([ANN], at=at(7), reason="asked again", by="ann")
        never.remove([ANN], at=at(8), reason="a slip again", by="bob")
        assert never.find_removal(ANN) == DoNotCallEntry(at(8), "a slip again", "bob")


def test_a_registry_of_many_numbers_comes_in_whole(study):
    registry = [f"+1312{k:07}" for k in range(4500)]
    with DoNotCallList.open_beside(study) as never:
        assert never.add(registry, at=NOON, reason="registry", by="sue") == 4500
        assert never.add(registry, at=NOON, reason="registry", by="sue") == 0
        assert never.select_listed({*registry, ANN}) == set(registry)


@pytest.mark.parametrize("study", ["file", "server"], indirect=True)
def test_every_study_has_the_same_list(study):
    other = study.replace("asu_2000", "other") if study.endswith(".db") else f"{study}_other"
    with DoNotCallList.open_beside(study) as here, DoNotCallList.open_beside(other) as there:
        here.add([ANN], at=NOON, reason="asked us", by="ann")
        assert there.select_listed([ANN]) == {ANN}
        assert there._key == here._key


def test_only_keyed_hashes_are_kept(tmp_path):
    with DoNotCallList.open_beside(tmp_path / "asu.db") as never:
        never.add([ANN], at=NOON, reason="asked us", by="ann")
        expected = hmac.new(never._key, ANN.encode(), hashlib.sha256).hexdigest()
    file = tmp_path / "never_call.db"
    assert sql(file, "SELECT hash FROM never_call") == [(expected,)]
    assert all(ANN[1:].encode() not in one.read_bytes() for one in tmp_path.iterdir())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with DoNotCallList.open_beside(tmp_path / "asu.db") as never:
        assert len(never._key) == 32
        assert never.select_listed([ANN]) == {ANN}


def test_what_is_no_number_in_its_one_form_is_not_let_in(tmp_path):
    with DoNotCallList.open_beside(":memory:") as never:
        for text in ("(312) 555-0100", "13125550100", "+1 312 555 0100", "", "+", "+١٢٣٤٥٦٧"):
            with pytest.raises(ValueError, match="\\+13125550100"):
                never.add([text], at=NOON, reason="", by="")
        assert never.count() == 0


@pytest.mark.parametrize("study", ["file", "server"], indirect=True)
def test_programs_that_find_no_list_make_one(study):
    making = """
from survey_cli.store.do_not_call import DoNotCallList
with DoNotCallList.open_beside(sys.argv[1]) as never:
    number = f"+1312555{int(sys.argv[2]):04}"
    assert never.add([number], at=NOON, reason="", by="") == 1
    print(never._key.hex())
"""
    keys = {outcome(one) for one in [child(making, study, k) for k in range(4 * SCALE)]}
    assert len(keys) == 1
    with DoNotCallList.open_beside(study) as never:
        assert never.count() == 4 * SCALE


def test_another_file_in_its_place_is_refused(tmp_path):
    with Store.open(tmp_path / "never_call.db", create=True):
        pass
    with pytest.raises(StoreError, match="not a do-not-call list of this program"):
        DoNotCallList.open_beside(tmp_path / "asu.db")
    other = tmp_path / "other"
    other.mkdir()
    with DoNotCallList.open_beside(other / "asu.db"):
        pass
    sql(other / "never_call.db", "PRAGMA user_version = 3")
    with pytest.raises(StoreError, match="newer version"):
        DoNotCallList.open_beside(other / "asu.db")
    with pytest.raises(StoreError, match="another program's database"):
        Store.open(other / "never_call.db", create=False)


# The key of a list in files


def test_the_key_lies_apart_from_the_hashes(tmp_path):
    with DoNotCallList.open_beside(tmp_path / "asu.db") as never:
        never.add([ANN], at=NOON, reason="asked us", by="ann")
        key = never._key.hex()
    file = tmp_path / "never_call.db.key"
    assert file.read_text() == f"{key}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    others = [one for one in tmp_path.iterdir() if one != file]
    assert others
    assert all(key.encode() not in one.read_bytes() for one in others)


def earlier(tmp_path: Path) -> tuple[Path, str]:
    """A list as earlier versions made it, with a number on it, and its key."""
    path = load_file("first.list", tmp_path / "never_call.db")
    [(key,)] = sql(path, "SELECT key FROM never_call_key")
    return path, key


LISTED = "+13125550105"


def test_the_key_leaves_a_list_of_an_earlier_version(tmp_path):
    path, key = earlier(tmp_path)
    for _ in range(2):
        with DoNotCallList.open(path) as never:
            assert never.select_listed([LISTED, ANN]) == {LISTED}
    assert (tmp_path / "never_call.db.key").read_text() == f"{key}\n"
    assert stat.S_IMODE((tmp_path / "never_call.db.key").stat().st_mode) == 0o600
    others = [one for one in tmp_path.iterdir() if one.suffix != ".key"]
    assert all(key.encode() not in one.read_bytes() for one in others)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["never_call.db", "never_call.db.key"]


def test_while_an_earlier_version_uses_the_list_its_key_stays(tmp_path):
    path, key = earlier(tmp_path)
    script = """
import sqlite3
db = sqlite3.connect(sys.argv[1])
db.execute("SELECT key FROM never_call_key").fetchall()
print("ready", flush=True)
sys.stdin.readline()
"""
    station = child(script, path)
    assert station.stdout.readline() == "ready\n"
    with DoNotCallList.open(path) as never:
        assert never.select_listed([LISTED]) == {LISTED}
        assert never.add([ANN], at=NOON, reason="", by="") == 1
    assert sql(path, "SELECT key FROM never_call_key") == [(key,)]
    station.communicate("\n")
    with DoNotCallList.open(path) as never:
        assert never.select_listed([LISTED, ANN]) == {LISTED, ANN}
    assert sql(path, "SELECT key FROM never_call_key") != [(key,)]


def test_a_crash_after_the_key_was_written_loses_nothing(tmp_path):
    path, key = earlier(tmp_path)
    (tmp_path / "never_call.db.key").write_text(f"{key}\n")
    with DoNotCallList.open(path) as never:
        assert never.select_listed([LISTED]) == {LISTED}
    assert sql(path, "SELECT key FROM never_call_key") != [(key,)]


def test_a_key_that_is_lost_or_anothers_is_said(tmp_path):
    with DoNotCallList.open_beside(tmp_path / "asu.db") as never:
        never.add([ANN], at=NOON, reason="asked us", by="ann")
    file = tmp_path / "never_call.db.key"
    key = file.read_text()
    file.unlink()
    with pytest.raises(StoreError, match="is missing; without this key"):
        DoNotCallList.open_beside(tmp_path / "asu.db")
    file.write_text("00" * 32)
    with pytest.raises(StoreError, match="belongs to another do-not-call list"):
        DoNotCallList.open_beside(tmp_path / "asu.db")
    file.write_text("no key")
    with pytest.raises(StoreError, match="can't be read"):
        DoNotCallList.open_beside(tmp_path / "asu.db")
    file.write_text(key)
    with DoNotCallList.open_beside(tmp_path / "asu.db") as never:
        assert never.select_listed([ANN]) == {ANN}


def test_a_list_that_is_gone_is_made_anew_with_the_key_that_is_there(tmp_path):
    with DoNotCallList.open_beside(tmp_path / "asu.db") as never:
        key = never._key
    (tmp_path / "never_call.db").unlink()
    with DoNotCallList.open_beside(tmp_path / "asu.db") as never:
        assert never._key == key
