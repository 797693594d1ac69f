"""The wheel: what it contains, and that it runs with nothing but the libraries that it declares."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the source tree and its environment; return what it wrote to stdout."""
    environment = {key: text for key, text in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280)
    if done.returncode:
        pytest.fail(
            f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}",
            pytrace=False,
        )
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the source distribution, so that both are known to be whole."""
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, ROOT, cwd=dist)
    (built,) = dist.glob("*.whl")
    return built


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    shipped = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "survey_cli").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    held = {file for file in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in file}
    assert held == shipped
    assert "survey_cli/py.typed" in held


def find_libraries(distribution: metadata.Distribution, seen: set[str]) -> Iterator[Path]:
    """Yields the installed files and folders, at top level, of the libraries that a distribution declares to need."""
    for requirement in map(Requirement, distribution.requires or []):
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not needed or canonicalize_name(requirement.name) in seen:
            continue
        seen.add(canonicalize_name(requirement.name))
        library = metadata.distribution(requirement.name)
        assert requirement.specifier.contains(library.version, prereleases=True), requirement
        for top in {file.parts[0] for file in library.files or [] if file.parts[0] not in {"..", "__pycache__"}}:
            yield Path(str(library.locate_file(top)))
        yield from find_libraries(library, seen)


def test_the_wheel_runs_with_nothing_but_the_libraries_that_it_declares(wheel: Path, tmp_path: Path) -> None:
    """The libraries are those of this environment, linked one by one, so that no package index is needed."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv" / "bin" / "python"
    run(
        sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", wheel, cwd=tmp_path
    )
    [site] = tmp_path.glob("venv/lib/python*/site-packages")
    [installed] = metadata.distributions(path=[str(site)])
    for path in find_libraries(installed, set()):
        (site / path.name).symlink_to(path)
    assert "Usage: survey" in run(python.with_name("survey"), "--help", cwd=tmp_path)
    version = wheel.name.split("-")[1]
    assert version in run(python, "-m", "survey_cli", "--version", cwd=tmp_path)
    run(python, "-m", "survey_cli", "check", ROOT / "instruments" / "asu_2000.yaml", cwd=tmp_path)
