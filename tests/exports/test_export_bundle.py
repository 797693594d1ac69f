"""Bundles: complete, with a true manifest, and the same bytes when made again."""

import errno
import json
import os
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from test_export_choice import a_shift, wished  # noqa: F401 - a fixture

from support.shift import Shift, interviewed
from support.user_errors import attempt
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import StoredText, rebuild_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import UserError
from survey_cli.services.export.bundle import BundleResult, write_bundle


def made(shift: Shift, to: str, *outs: str, **wish: object) -> BundleResult:
    found = write_bundle(shift.file, wished(shift, to="", **wish), to, outs)
    assert isinstance(found, BundleResult), found
    return found


def test_the_manifest_names_every_file_with_its_hash(shift: Shift) -> None:
    found = made(shift, "out")
    manifest = json.loads(Path("out/manifest.json").read_text())
    there = {str(f.relative_to("out")) for f in Path("out").rglob("*") if f.is_file()}
    assert (
        {f["name"] for f in manifest["files"]} | {"manifest.json", "SHA256SUMS"}
        == there
        == set(found.files)
    )
    for file in manifest["files"]:
        data = (Path("out") / file["name"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (sha256(data).hexdigest(), len(data))
    for line in Path("out/SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert digest == sha256((Path("out") / name).read_bytes()).hexdigest()
    assert (
        json.loads(Path("out/datapackage.json").read_text())["resources"][0]["path"] == "field.csv"
    )
    assert {
        "field.csv",
        "field.ddi.xml",
        "cases.csv",
        "calls.csv",
        "rates.csv",
        "codebook.html",
    } <= there
    readme = Path("out/README.txt").read_text()
    assert all(
        name in readme for name in there - {"README.txt"} if not name.startswith("questionnaire")
    )
    assert "2 interviews" in readme
    assert "Left out as personal: name, phone, who" in readme
    [data] = [f for f in manifest["files"] if f["name"] == "field.csv"]
    assert (data["rows"], manifest["left_out_as_personal"]) == (2, ["name", "phone", "who"])
    assert manifest["last_event"] == shift.at.isoformat(timespec="seconds")
    everything = b"".join((Path("out") / name).read_bytes() for name in there)
    assert not any(word in everything for word in (b"Alice", b"Secret", b"555 01", b"mother"))


def test_the_questionnaire_in_it_is_the_one_that_was_asked(shift: Shift) -> None:
    made(shift, "out")
    [folder] = Path("out/questionnaire").iterdir()
    [file] = folder.iterdir()
    text = file.read_text()
    found = rebuild_instrument(
        StoredText(load_source_text(text).digest, {file.name: text}, edition=1)
    )
    assert isinstance(found, Instrument)
    assert found.hash.startswith(folder.name)


def test_made_again_it_is_the_same_bytes(
    shift: Shift, set_time_zone: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At another hour, in another zone, for another place, with other rights of new files."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    made(shift, "one.zip")
    time.sleep(1.1)  # a format that told the second would show it
    shift.later(hours=1)
    set_time_zone("Asia/Tokyo")
    umask = os.umask(0o077)
    made(shift, str(elsewhere / "two.zip"))
    os.umask(umask)
    elsewhere.joinpath("two.zip").rename("two.zip")
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
    with pytest.raises(UserError):
        write_bundle(shift.file, wished(shift, to="", force=force), "mine")
    assert Path("mine/thesis.txt").read_text() == "years"
    made(shift, "out")
    again = attempt(write_bundle, shift.file, wished(shift, to="", force=force), "out")
    assert isinstance(again, BundleResult) is force
    assert not [f for f in Path().iterdir() if f.name.startswith(".")]


def test_a_bundle_with_more_in_it_or_of_another_program_stays(shift: Shift) -> None:
    made(shift, "out")
    Path("out/thesis.txt").write_text("years")
    Path("page").mkdir()
    Path("page/manifest.json").write_text('{"name": "a web page"}')
    for folder in ("out", "page"):
        with pytest.raises(UserError) as caught:
            write_bundle(shift.file, wished(shift, to="", force=True), folder)
        found = caught.value
        assert "contains other files" in str(found)
    assert Path("out/thesis.txt").read_text() == "years"
    assert Path("page/manifest.json").exists()


def test_files_of_data_are_those_that_were_named(shift: Shift) -> None:
    found = made(shift, "out", "mine.jsonl", "spss.sps", what="events")
    data = {"mine.jsonl", "spss.sps", "spss_sps.csv", "events.csv", "cases.csv", "calls.csv"}
    assert data <= set(found.files)
    assert not {"field.csv", "field.sav", "field.ddi.xml"} & set(found.files)
    for name in ("sub/mine.csv", "-", "manifest.json", "cases.csv", "mine.docx"):
        with pytest.raises(UserError):
            write_bundle(shift.file, wished(shift, to=""), "no", [name])
    with pytest.raises(UserError):
        write_bundle(shift.file, wished(shift, to=""), "no", ["a_sps.csv", "a.sps"])
    assert not Path("no").exists()


def test_as_of_a_moment_it_is_the_same_whatever_came_after(shift: Shift) -> None:
    moment = (shift.at - timedelta(hours=1)).isoformat()
    made(shift, "then.zip", as_of=moment)
    shift.later(hours=3)
    ann = shift.station("ann")
    assert ann.fetch_case("C").rejection is None
    ann.dial()
    interviewed(ann, "2", "2", "no", "Cleo Secret")
    assert ann.close_interview().rejection is None
    ann.end_shift()
    Shift.close_all()
    made(shift, "again.zip", as_of=moment)
    assert Path("then.zip").read_bytes() == Path("again.zip").read_bytes()
    with zipfile.ZipFile("then.zip") as packed:
        assert packed.read("field.csv").count(b"\n") == 2, "one interview had begun by then"
        page = packed.read("codebook.html").decode()
    assert "1 interview<" in page, "the codebook counts the data beside it"


def test_no_bundle_is_made_without_an_interview_that_cannot_be_read(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replay(*_: object) -> None:
        raise ValueError("event 2: unknown")

    monkeypatch.setattr("survey_cli.services.data.interview_table.Interview.replay", replay)
    with pytest.raises(
        UserError, match=r"^case .*its journal cannot be replayed \(event 2\) — .*survey db verify"
    ):
        write_bundle(shift.file, wished(shift, to="", what="events"), "out")
    assert not Path("out").exists()


def test_where_the_disk_is_full_nothing_is_left(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(shift, "out")
    before = Path("out/manifest.json").read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("survey_cli.services.export.bundle.copyfileobj", full)
    with pytest.raises(UserError) as caught:
        write_bundle(shift.file, wished(shift, to=""), "out.zip")
    found = caught.value
    assert "No space left" in str(found)
    monkeypatch.setattr("survey_cli.services.export.bundle.write_metadata", full)
    with pytest.raises(UserError):
        write_bundle(shift.file, wished(shift, to="", force=True), "out")
    assert Path("out/manifest.json").read_bytes() == before
    assert not [f for f in Path().iterdir() if f.name.startswith(".")]
    assert not Path("out.zip").exists()


def test_where_nothing_is_kept_no_folder_is_left(shift: Shift) -> None:
    with pytest.raises(UserError):
        write_bundle(shift.file, wished(shift, to="", db="none.db"), "out")
    with pytest.raises(UserError):
        write_bundle(shift.file, wished(shift, to="", where="x =="), "out")
    assert not Path("out").exists()
    assert not [f for f in Path().iterdir() if f.name.startswith(".")]


def test_events_beside_the_data_leave_the_codebook_of_the_data(shift: Shift) -> None:
    made(shift, "data")
    made(shift, "more", what="events")
    assert Path("more/events.csv").is_file()
    assert Path("more/codebook.html").read_bytes() == Path("data/codebook.html").read_bytes()


def test_a_format_that_was_asked_for_is_in_it_or_there_is_none(
    shift: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(UserError) as caught:
        write_bundle(shift.file, wished(shift, to="", format="sav"), "out")
    found = caught.value
    assert "not installed" in found.what
    assert not Path("out").exists()


def test_a_link_to_a_bundle_stays_a_link(shift: Shift) -> None:
    made(shift, "out")
    Path("link").symlink_to("out")
    made(shift, "link", "other.csv", force=True)
    assert Path("link").is_symlink()
    assert Path("out/other.csv").is_file()


@pytest.mark.parametrize("name", ["out.tar", "out.tar.gz", "out.7z"])
def test_no_other_archive_is_promised_by_its_name(shift: Shift, name: str) -> None:
    with pytest.raises(UserError) as caught:
        write_bundle(shift.file, wished(shift, to=""), name)
    found = caught.value
    assert ".zip" in found.remedy


def test_two_of_one_name_are_told_by_the_names_that_were_given(shift: Shift) -> None:
    with pytest.raises(UserError) as caught:
        write_bundle(shift.file, wished(shift, to=""), "out", ["a.csv", "a.csv"])
    found = caught.value
    assert "/" not in f"{found.where} {found.what}"
