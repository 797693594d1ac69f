"""Is a bundle whole, does its manifest tell the truth, and are its bytes the same when it is made again?"""

import json
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from shift import Shift
from survey_cli.instrument.opening import rebuilt
from survey_cli.instrument.program import Instrument
from survey_cli.office.bundling import Bundled, bundle
from survey_cli.problems import Trouble
from test_export_choice import a_shift, wished  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def sue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sits here is on the list of people."""
    monkeypatch.setattr("survey_cli.study.opening.login_name", lambda: "sue")


def made(shift: Shift, to: str, **wish: object) -> Bundled:
    found = bundle(shift.file, wished(shift, to="", **wish), to)
    assert isinstance(found, Bundled), found
    return found


def test_the_manifest_names_every_file_with_its_hash(shift: Shift) -> None:
    found = made(shift, "out")
    manifest = json.loads(Path("out/manifest.json").read_text())
    there = {str(f.relative_to("out")) for f in Path("out").rglob("*") if f.is_file()}
    assert {f["name"] for f in manifest["files"]} | {"manifest.json"} == there == set(found.files)
    for file in manifest["files"]:
        data = (Path("out") / file["name"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (sha256(data).hexdigest(), len(data))
    assert {"field.csv", "field.ddi.xml", "rates.csv", "rates.txt", "codebook.html"} <= there
    [data] = [f for f in manifest["files"] if f["name"] == "field.csv"]
    assert (data["rows"], manifest["left_out_as_personal"]) == (2, ["name", "phone", "who"])
    assert manifest["last_event"] == shift.at.isoformat(timespec="seconds")
    everything = b"".join((Path("out") / name).read_bytes() for name in there)
    assert not any(word in everything for word in (b"Alice", b"Secret", b"555 01", b"mother"))


def test_the_questionnaire_in_it_is_the_one_that_was_asked(shift: Shift) -> None:
    made(shift, "out")
    [folder] = Path("out/questionnaire").iterdir()
    found = rebuilt({f.name: f.read_text() for f in folder.iterdir()}, "x")
    assert isinstance(found, Instrument)
    assert found.hash.startswith(folder.name)


def test_made_again_it_is_the_same_bytes(shift: Shift) -> None:
    made(shift, "one.zip")
    time.sleep(1.1)  # a format that told the second would show it
    shift.later(hours=1)
    made(shift, "two.zip")
    assert Path("one.zip").read_bytes() == Path("two.zip").read_bytes()
    with zipfile.ZipFile("one.zip") as packed:
        assert packed.testzip() is None
        assert packed.namelist() == sorted(packed.namelist())
    assert Path("one.zip").stat().st_mode & 0o777 == 0o600


def test_another_wish_is_another_bundle(shift: Shift) -> None:
    made(shift, "all.zip")
    made(shift, "some.zip", where="kind == 2")
    assert Path("all.zip").read_bytes() != Path("some.zip").read_bytes()


@pytest.mark.parametrize("force", [False, True])
def test_only_a_bundle_is_taken_the_place_of(shift: Shift, force: bool) -> None:
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years")
    found = bundle(shift.file, wished(shift, to="", force=force), "mine")
    assert isinstance(found, Trouble)
    assert Path("mine/thesis.txt").read_text() == "years"
    made(shift, "out")
    again = bundle(shift.file, wished(shift, to="", force=force), "out")
    assert isinstance(again, Bundled) is force
    assert not [f for f in Path().iterdir() if f.name.startswith(".")]


def test_where_nothing_is_kept_no_folder_is_left(shift: Shift) -> None:
    assert isinstance(bundle(shift.file, wished(shift, to="", db="none.db"), "out"), Trouble)
    assert isinstance(bundle(shift.file, wished(shift, to="", where="x =="), "out"), Trouble)
    assert not Path("out").exists()
    assert not [f for f in Path().iterdir() if f.name.startswith(".")]
