"""Several interviewers of one computer, each under a login of their own."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from support.shift import Shift
from survey_cli.problems import UserError
from survey_cli.services.database.administration import share_with_group

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root gives groups away"
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def reachable(path: Path) -> bool:
    """Whether any user can come to it."""
    return path.exists() and all(mode(folder) & 0o001 for folder in (path, *path.parents))


def group_of(path: Path) -> str:
    import grp

    return grp.getgrgid(path.stat().st_gid).gr_name


def test_by_itself_a_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    Shift(tmp_path)
    assert mode(tmp_path / "field.db") == 0o600
    assert mode(tmp_path / "never_call.db") == 0o600


@as_root
def test_a_group_shares_what_is_there_and_what_comes(tmp_path: Path) -> None:
    shift = Shift(tmp_path, people="login,role\nsue,supervisor\nann,interviewer\n")
    assert share_with_group(str(shift.file), "games", db=shift.db) == tmp_path
    assert (mode(tmp_path / "interviewers.csv"), group_of(tmp_path / "interviewers.csv")) == (
        0o640,
        "games",
    )
    assert (mode(tmp_path), group_of(tmp_path)) == (0o2770, "games")
    assert (mode(tmp_path / "field.db"), group_of(tmp_path / "field.db")) == (0o660, "games")
    ann = shift.station()
    ann.record_outcome("busy")
    for file in tmp_path.glob("*.db*"):
        needed = (
            0o640 if file.suffix == ".key" else 0o660
        )  # the key of the do-not-call list is only read
        assert (file.name, mode(file), group_of(file)) == (file.name, needed, "games")
    later = Shift(tmp_path, db=str(tmp_path / "later.db"))
    assert (mode(tmp_path / "later.db"), group_of(tmp_path / "later.db")) == (0o660, "games")
    assert later.row("A").status == "ready"


@as_root
def test_a_member_works_and_a_stranger_sees_nothing(tmp_path: Path) -> None:
    """Two real processes under other users' numbers."""
    shift = Shift(tmp_path)
    share_with_group(str(shift.file), "games", db=shift.db)
    reach = tmp_path
    while reach != Path("/"):  # pytest's own folders are closed to others
        if reach != tmp_path:
            reach.chmod(mode(reach) | 0o711)
        reach = reach.parent
    code = (
        "import sqlite3,sys; db = sqlite3.connect(sys.argv[1]);"
        " db.execute(\"UPDATE cases SET owner = 'x'\"); db.commit(); print('written')"
    )
    import grp

    games = grp.getgrnam("games").gr_gid
    python = next(
        (p for p in (os.path.realpath(sys.executable), "/usr/bin/python3") if reachable(Path(p))),
        None,
    )
    if python is None:
        pytest.skip("no Python that another user may run")
    for groups, said in (([games], "written\n"), ([], "")):
        done = subprocess.run(
            [python, "-c", code, shift.db],
            user=65534,
            group=65534,
            extra_groups=groups,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == said, done.stderr


def test_a_group_that_is_not_there_is_said(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    with pytest.raises(UserError) as caught:
        share_with_group(str(shift.file), "no-such-group", db=shift.db)
    told = caught.value
    assert "groupadd" in told.remedy
