"""A study on a read-only file system: it is read, and nothing pretends to be written."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clean_up import mount_small_disk
from support.shift import Shift, interviewed, on
from survey_cli.cli.run_command import run_command
from survey_cli.sessions.interview.interview_session import InterviewSession

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root mounts a disk"
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with mount_small_disk(tmp_path, "50%") as place:
        yield place
        Shift.close_all()


def archived(disk: Path) -> Shift:
    shift = Shift(disk)
    ann = shift.station()
    assert on(ann) == "A"
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    Shift.close_all()
    return shift


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


def test_an_archive_is_read(disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shift = archived(disk)
    make_read_only(disk)
    where = ["--db", shift.db]
    file = str(shift.file)
    commands = {
        ("case", "list", "--interviews", file): "complete",
        ("status", file): "1 complete",
        ("case", "list", file): "A",
        ("case", "show", file, "A"): "ann (account sue)",
        ("case", "list", "--next", file): "",
        ("rates", file): "RR1",
        ("db", "verify", file): "no problems",
        ("export", file, "-o", str(tmp_path / "x.csv")): "1 interview",
        ("report", file, "-o", str(tmp_path / "x.html")): "x.html",
        ("export", file, "--bundle", str(tmp_path / "b")): "1 interview",
        ("privacy", "subject", file, "A"): "Alice Adams",
        ("check", file): "no problems",
    }
    for command, says in commands.items():
        capsys.readouterr()
        assert run_command([*command, *where]) == 0, (command, capsys.readouterr().err)
        told = capsys.readouterr()
        assert says in told.out + told.err, (command, told)


def test_whatever_writes_is_refused_plainly(
    disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = archived(disk)
    make_read_only(disk)
    where = ["--db", shift.db]
    file = str(shift.file)
    (tmp_path / "more.csv").write_text(
        "unit,kind,name,phone,zone\nZ,1,Zoe,312 555 0109,America/Chicago\n"
    )
    for command in (
        ["case", "outcome", file, "A", "no_answer", "--note", "it was none"],
        ["privacy", "erase", file, "A", "--reason", "asked for it", "--yes"],
        ["study", "pause", file],
        ["station", file, "--plain", "--clock-is-right"],
        ["interview", file, "--case", "own", "--plain"],
        ["sample", "import", file, str(tmp_path / "more.csv")],
    ):
        capsys.readouterr()
        assert run_command([*command, *where]) == 1, command
        said = capsys.readouterr().err
        assert "can only be read" in said or "no permission to write" in said, (command, said)
    assert run_command(["db", "backup", file, str(tmp_path / "copy.db"), *where]) == 1
    assert "copied to" in capsys.readouterr().err
    assert run_command(["db", "verify", file, "--db", str(tmp_path / "copy.db")]) == 0


def test_a_log_that_can_not_be_folded_in_is_never_passed_over(
    disk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its entries are newer than the file's."""
    shift = Shift(tmp_path)
    db = sqlite3.connect(shift.db, isolation_level=None)
    db.execute("INSERT INTO settings VALUES ('a', 'b')")
    for ending in ("", "-wal"):
        shutil.copy(f"{shift.db}{ending}", disk)
    db.close()
    assert (disk / "field.db-wal").stat().st_size
    make_read_only(disk)
    assert (
        run_command(
            ["case", "list", "--interviews", str(shift.file), "--db", str(disk / "field.db")]
        )
        == 1
    )
    assert "can't be opened" in capsys.readouterr().err


def test_an_earlier_schema_is_not_upgraded_there(
    disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from support.golden_databases import NAMES, load_file

    shift = Shift(disk, cases="")
    load_file(NAMES[0], disk / "old.db")
    make_read_only(disk)
    assert (
        run_command(["case", "list", "--interviews", str(shift.file), "--db", str(disk / "old.db")])
        == 1
    )
    said = capsys.readouterr().err
    assert "can't be upgraded where nothing can be written" in said
    assert "specify the copy with --db" in said


def test_an_archive_with_a_case_that_lacks_its_outcome_says_so(
    disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an earlier version left it: the interview is complete, and its case is not told."""
    shift = Shift(disk)
    ann = shift.station()
    talk = ann.open_interview().interview
    assert isinstance(talk, InterviewSession)
    talk.link.build_closing_update = lambda *_, **__: None  # type: ignore[method-assign]
    for answer in ("", "1", "1", "1"):
        assert talk.reply(answer) is None
    Shift.close_all()
    make_read_only(disk)
    capsys.readouterr()
    for command in ("status", "case list --next", "rates"):
        assert run_command([*command.split(), str(shift.file), "--db", shift.db]) == 0
        assert (
            "is finished (complete), but its history lacks the outcome" in capsys.readouterr().err
        ), command
