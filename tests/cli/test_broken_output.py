"""Results that can't be written: one plain line, the right exit code, no word of success and no password."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clean_up import mount_small_disk
from support.command_line import SURVEY, folder, run_survey  # noqa: F401 – a folder of its own
from support.forked_survey import run_forked_survey
from survey_cli.cli.run_command import run_command

WIDE = "instrument: wide\ntitle: A wide study\nitems:\n" + "".join(
    f"  - {{id: q{n}, type: single, text: Question {n}?, options: {{1: Yes, 2: No}}}}\n"
    for n in range(40)
)
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="root mounts a disk"
)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated interviews, which every test receives a copy of."""
    file = tmp_path_factory.mktemp("simulated") / "wide.yaml"
    file.write_text(WIDE)
    assert run_command(["simulate", str(file), "-n", "300", "--keep"]) == 0
    return file.parent


@pytest.fixture(autouse=True)
def study(folder: Path, simulated: Path) -> None:  # noqa: F811
    shutil.copytree(simulated, folder, dirs_exist_ok=True)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:  # noqa: F811
    with mount_small_disk(folder, "8k") as disk:
        yield disk


@as_root
@pytest.mark.parametrize("name", ["x.xlsx", "x.dta", "x.sav", "x.csv", "x.parquet"])
def test_a_full_disk_is_told_of_the_file_in_one_line(small_disk: Path, name: str) -> None:
    target = small_disk / name
    _, said = run_survey(
        Path.cwd(), "export", "wide.yaml", "-o", str(target), "--origin", "simulated", code=1
    )
    [line] = [
        line for line in said.splitlines() if not line.startswith(("it can tell", "left out"))
    ]
    assert line.startswith(f"{target}: it cannot be written (")
    assert line.endswith("free some space, or choose another folder")
    assert list(small_disk.iterdir()) == []


@as_root
@pytest.mark.parametrize("temporary", [False, True])
def test_a_full_disk_for_a_report(small_disk: Path, temporary: bool) -> None:
    """Where it goes, or where its sheets are kept meanwhile."""
    target = Path("r.xlsx") if temporary else small_disk / "r.xlsx"
    environment = {**os.environ, **({"TMPDIR": str(small_disk)} if temporary else {})}
    done = run_forked_survey(
        "report", "wide.yaml", "-o", str(target), "--origin", "simulated", environment=environment
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"{target}: it cannot be written (")
    assert not target.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["export", "wide.yaml", "-o", "-", "--origin", "simulated"],
        ["report", "wide.yaml", "-o", "-", "--origin", "simulated"],
    ],
)
@pytest.mark.parametrize("how", ["closed", "full"])
def test_results_that_go_nowhere_are_no_success(command: list[str], how: str) -> None:
    redirected = ">&-" if how == "closed" else ">/dev/full"
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *SURVEY, *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert_lost(how, done.stderr)


@pytest.mark.parametrize(
    "command",
    [
        ["codebook", "wide.yaml", "-o", "-"],
        ["print", "wide.yaml"],
        ["case", "list", "--interviews", "wide.yaml"],
    ],
)
@pytest.mark.parametrize("how", ["closed", "full"])
def test_texts_that_go_nowhere_are_no_success(
    command: list[str],
    how: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same in this process, where Python has no standard output, or a full one."""
    code = 0
    with contextlib.suppress(OSError), Path("/dev/full").open("w") as full:  # closing it fails too
        monkeypatch.setattr("sys.stdout", None if how == "closed" else full)
        code = run_command(command)
    assert code == 1
    assert_lost(how, capsys.readouterr().err)


def assert_lost(how: str, said: str) -> None:
    assert "stdout:" not in said
    last = said.splitlines()[-1]
    if how == "closed":
        assert (
            last
            == "standard output: it is closed, so the result was lost — open it, or specify a file"
        )
    else:
        assert "no space left on device" in last.lower()


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    reader, output = os.pipe()
    os.close(reader)
    export = [*SURVEY, "export", "wide.yaml", "-o", "-", "--origin", "simulated"]
    done = subprocess.run(export, stdout=output, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(output)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_notice_that_nobody_hears_does_not_end_an_interview() -> None:
    command = ["simulate", "wide.yaml", "-n", "3"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" 2>&-', "sh", *SURVEY, *command], capture_output=True, check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    "db",
    [
        "postgres:/ann:hush@host/x",
        "postgress://ann:hush@host/x",
        "postgresql:ann:hush@host/x",
        "POSTGRESQL//ann:hush@host/x",
        "mysql://ann:hush@host/x",
        "postgresql+psycopg://ann:hush@host/x",
        "sue:hush@host/field",
    ],
)
def test_a_mistyped_address_is_neither_a_file_nor_repeated(
    db: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path.cwd().iterdir())
    for command in (
        ["case", "list", "--interviews", "wide.yaml"],
        ["interview", "wide.yaml", "--case", "1", "--practice"],
        ["status", "wide.yaml"],
        ["do-not-call", "check", "+13125550100"],
        ["db", "verify", "wide.yaml"],
    ):
        capsys.readouterr()
        assert run_command([*command, "--db", db]) == 1, command
        said = capsys.readouterr()
        assert "hush" not in said.err + said.out
        assert (
            "this is not the address of a database server — write postgresql://USER@HOST:PORT/DATABASE"
            in said.err
        )
    assert sorted(Path.cwd().iterdir()) == before


@pytest.mark.parametrize(
    "db", ["C:/data/x.db", "C:/da@ta/x.db", "./a:b@c.db", "a/b@c.db", "x.db", "postgres.db"]
)
def test_a_path_is_a_path(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["case", "list", "--interviews", "wide.yaml", "--db", db]) == 1
    assert "is not the address" not in capsys.readouterr().err


def test_a_name_that_is_not_utf_8_is_a_name() -> None:
    place = os.fsencode(Path.cwd()) + b"/caf\xe9"
    os.mkdir(place)
    file = place + b"/na\xefve.yaml"
    Path(os.fsdecode(file)).write_text(WIDE)
    interview = run_forked_survey(
        "interview", file, "--case", "1", "--plain", "--interviewer", "ann", keyed="1\n.suspend\n"
    )
    assert (interview.returncode, "bug" in interview.stderr) == (3, False), interview.stderr
    for command in (
        ["db", "verify", file],
        ["case", "list", "--interviews", file],
        ["check", file],
        ["db", "backup", file, place + b"/b\xe9.db"],
    ):
        done = run_forked_survey(*command)
        assert done.returncode == 0, done.stderr
    for out in (["-o", place + b"/d\xe9.csv"], ["--bundle", place + b"/b\xe9"]):
        done = run_forked_survey("export", file, *out)
        assert done.returncode == 0, done.stderr
    sums = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=place + b"/b\xe9", capture_output=True, check=False
    )
    assert sums.returncode == 0
    again = run_forked_survey("interview", file, "--case", "1", "--plain", keyed="1\n.suspend\n")
    assert "keeps its version" not in again.stdout + again.stderr
