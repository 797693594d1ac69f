"""`.ci/install`, with which the Makefile installs: one line if there is no network, otherwise what pip says."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLOSED_PORT = "http://127.0.0.1:9/simple"


@pytest.fixture(scope="module")
def environment_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def install(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PIP_INDEX_URL": CLOSED_PORT, "PIP_RETRIES": "1", "no_proxy": "*"}
    command = [ROOT / ".ci" / "install", python, *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_without_a_network_one_line_says_so(environment_python: Path) -> None:
    done = install(environment_python, "a-library-that-is-not-here")

    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(
        "make: the Python package index can't be reached, and libraries are missing — connect"
    )
    assert (environment_python.parent.parent / "pip.log").read_text()


def test_another_mistake_is_shown_as_pip_says_it(environment_python: Path, tmp_path: Path) -> None:
    done = install(environment_python, "--no-index", str(tmp_path / "missing"))

    assert done.returncode == 1
    assert "missing" in done.stderr
    assert "package index can't be reached" not in done.stderr


def test_the_makefile_installs_groups_that_there_are() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
        "dependency-groups"
    ]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert set(re.findall(r"--group (\w+)", makefile)) == {"dev", "fuzz", "site"} <= groups.keys()
    assert "'pip>=25.1'" in makefile
