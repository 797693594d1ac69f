"""`.ci/run`: which Pythons it tries, with what, and what it says at its end. Nothing is built: `make` is a stand-in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

pytestmark = pytest.mark.skipif(
    shutil.which("bash") is None or not (ROOT / ".ci" / "run").exists(),
    reason="bash or .ci/run is not here",
)

MAKE = """\
#!/bin/sh
echo "make $*" >>"$CALLS"
for word; do
    case $word in
    */dev.stamp) mkdir -p "${word%/*}/bin"; ln -s "$STAND_INS/pytest" "${word%/*}/bin/python" ;;
    esac
done
case "$*" in *"$FAILING"*) echo '=== 1 failed, 8 passed in 2.00s ==='; exit 2 ;; esac
echo '=== 9 passed in 1.00s ==='
"""
PYTEST = """\
#!/bin/sh
echo "pytest $*" >>"$CALLS"
echo '=== 4 passed in 0.50s ==='
"""
DOES_NOTHING = "#!/bin/sh\nexit 0\n"
FAILS = "#!/bin/sh\nexit 127\n"


def run_ci(folder: Path, *, failing: str = "nothing") -> tuple[int, list[str], list[str]]:
    """Run it with stand-ins for all that it starts; return its exit code, its last lines, and the calls."""
    programs = {
        "make": MAKE,
        "pytest": PYTEST,
        "apt-get": FAILS,
        "npm": FAILS,
        "sudo": '#!/bin/sh\nexec "$@"\n',
    }
    programs.update({f"python{version}": DOES_NOTHING for version in VERSIONS})
    for name, text in programs.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    calls = folder / "calls"
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "STAND_INS": str(folder),
        "CALLS": str(calls),
        "FAILING": failing,
    }
    done = subprocess.run(
        [ROOT / ".ci" / "run"], env=environment, capture_output=True, text=True, timeout=60
    )
    _, _, summary = done.stdout.partition("\n.ci/run:\n")
    return done.returncode, summary.splitlines(), calls.read_text().splitlines()


def test_the_oldest_and_the_newest_python_run_the_whole_suite(tmp_path: Path) -> None:
    code, summary, calls = run_ci(tmp_path)

    assert code == 0
    suites = [call for call in calls if call.startswith("make test ")]
    assert [call.split()[2] for call in suites] == [
        f"PYTHON={tmp_path}/python3.11",
        f"PYTHON={tmp_path}/python3.14",
    ]
    assert len({call.split()[3] for call in suites}) == 2, "each has an environment of its own"
    assert sum("tests/test_printed_commands.py" in call for call in calls) == 2
    ran = [line.partition(" (")[0] for line in summary if line.startswith("Python")]
    assert ran == ["Python 3.12", "Python 3.13", "Python 3.11", "Python 3.14"]
    assert summary[-1].strip() == "9 passed in 1.00s", "the closing line of pytest"


def test_a_failure_on_one_python_does_not_hide_the_others(tmp_path: Path) -> None:
    code, summary, _ = run_ci(tmp_path, failing="python3.11 ")

    assert code == 1
    assert sum(line.endswith(": passed") for line in summary) == 3
    failed = summary.index(f"Python 3.11 ({tmp_path}/python3.11): the whole suite: FAILED")
    assert summary[failed + 1].strip() == "1 failed, 8 passed in 2.00s"
