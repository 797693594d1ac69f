"""A trial of an upgrade: a station of the version before works while the database is upgraded, and beside the new one.

`python -m support.upgrade_trial --before COMMIT` builds the wheel of that commit and tries it on a file and on a server.
The tests run `run_trial` with the present program as the older one.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from support.newer_version import STEP, with_steps
from support.postgres_server import create_address
from support.shift import Shift, interviewed, on
from support.stored_interviews import sql
from support.user_errors import attempt
from survey_cli.problems import StoreError
from survey_cli.services.database.administration import verify_database
from survey_cli.store import Store
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.backends.schema import migrations
from survey_cli.store.backends.schema.migrations import MigrationStep

ROOT = Path(__file__).parents[2]
CASES = "unit,kind,name,phone,zone\n" + "".join(
    f"{key},1,Name {key},312 555 01{k:02},America/Chicago\n" for k, key in enumerate("ABCDEFGH")
)
OLD_STATION = """
import sys
from pathlib import Path
from support.shift import Shift, interviewed, on
shift = Shift(Path(sys.argv[1]), db=sys.argv[2], cases=sys.argv[3])
try:
    station = shift.station("old")
except Exception as error:
    print(error, flush=True)
    sys.exit()
print(on(station), flush=True)
for _ in sys.stdin:
    station.dial()
    interviewed(station, "1", "2", "1")
    station.close_interview()
    print(on(station), flush=True)
station.end_shift()
"""
"""For each line it conducts an interview with its case, and prints the key of the next one."""
SENTENCES = {
    "beside": "at work while the database was upgraded, and beside the new version",
    "closed": "at work while the database was upgraded, and refused with the reason once it was started again",
    "refused": "asked to close before the upgrade, and refused with the reason after it",
}


class OldStation:
    """A station of the older program, in a process of its own."""

    def __init__(
        self, python: Sequence[str], folder: Path, db: str, tests: Path, cases: str = ""
    ) -> None:
        environment = {**os.environ, "PYTHONPATH": str(tests)}
        self.process = subprocess.Popen(
            [*python, "-c", OLD_STATION, str(folder), db, cases],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder,
        )  # fmt: skip
        self.said = self._read()

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def conduct(self) -> str:
        """Conducts an interview; returns the key of its case."""
        assert self.process.stdin is not None
        key = self.said
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.said = self._read()
        return key

    def close(self) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0


def run_trial(
    folder: Path,
    db: str,
    *,
    python: Sequence[str] = (sys.executable,),
    tests: Path = ROOT / "tests",
    step: MigrationStep = STEP,
) -> str:
    """Runs the trial. Returns how it went, as a key of `SENTENCES`; raises AssertionError where it went wrong."""
    shift = Shift(folder, db=db, cases="")
    old = OldStation(python, folder, db, tests, CASES)
    with with_steps((*migrations.STEPS, step)):
        first = old.conduct()
        problem = attempt(Store.open, db, create=False, upgrade=True)
        if isinstance(problem, StoreError):
            assert re.search("in use now|uses? it now", str(problem)), problem
            old.close()
            Store.open(db, create=False, upgrade=True).close()
            refused = OldStation(python, folder, db, tests)
            assert "newer version" in refused.said, refused.said
            refused.close()
            return "refused"
        problem.close()
        keys = [first, old.conduct()]  # as if nothing had happened
        new = shift.station("new")
        keys.append(on(new))
        new.dial()
        interviewed(new, "1", "1", "1")
        assert new.close_interview().rejection is None
        keys.append(old.conduct())
        old.close()
        again = OldStation(python, folder, db, tests)
        if "newer version" in again.said:
            return "closed"
        keys.append(again.conduct())
        again.close()
        Shift.close_all()
        assert len({*keys} & {*"ABCDEFGH"}) == 5, keys
        rows = sql(db if is_server_address(db) else Path(db), "SELECT case_key FROM trials")
        assert {*keys[1:]} <= {key for (key,) in rows}
        assert verify_database(shift.file, db=db, at=shift.at).findings == ()
    assert (
        verify_database(shift.file, db=db, at=shift.at).findings == ()
    )  # by the older program, where it is this one
    return "beside"


def find_version_before() -> str:
    """The last tag, or the last commit where there is none."""
    tag = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0"], cwd=ROOT, capture_output=True, text=True
    )
    return tag.stdout.strip() or "HEAD~1"


def install_version(before: str, scratch: Path) -> tuple[Path, Path]:
    """Builds and installs the wheel of a commit; returns its Python, and its tests."""
    source, python = scratch / "source", scratch / "venv" / "bin" / "python"
    run = partial(subprocess.run, check=True, cwd=scratch)
    source.mkdir()
    archive = subprocess.run(
        ["git", "archive", before], check=True, cwd=ROOT, stdout=subprocess.PIPE
    ).stdout
    run(["tar", "-x", "-C", source], input=archive)
    run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", scratch, source],
        stdout=sys.stderr,
    )
    run([sys.executable, "-m", "venv", "--without-pip", scratch / "venv"])
    [wheel] = scratch.glob("*.whl")
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "-q",
            "--no-deps",
            "--no-index",
            wheel,
        ]
    )
    [site] = scratch.glob("venv/lib/python*/site-packages")
    libraries = Path(pytest.__file__).parents[1]
    (site / "libraries.pth").write_text(f"{libraries}\n")  # the libraries of this environment
    (source / "survey_cli").rename(source / "not_imported")
    return python, source / "tests"


def main() -> int:
    parser = argparse.ArgumentParser(prog="upgrade_trial")
    parser.add_argument(
        "--before",
        help="the commit of the version before; otherwise the last tag, or the last commit",
    )
    before = parser.parse_args().before or find_version_before()
    with tempfile.TemporaryDirectory(prefix="survey-upgrade-") as name:
        scratch = Path(name)
        python, tests = install_version(before, scratch)
        for engine in ("sqlite", "postgresql"):
            folder = scratch / engine
            folder.mkdir()
            address = create_address() if engine == "postgresql" else str(folder / "field.db")
            result = run_trial(folder, address, python=(str(python),), tests=tests)
            print(f"{engine}: a station of {before} was {SENTENCES[result]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
