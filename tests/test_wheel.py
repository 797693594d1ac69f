"""The wheel: what it contains, that it runs with nothing but the libraries that it declares, and what it says to install.

A message that a library is missing ends with a command. Here it is typed as it stands, for each way of installing. Those
that install everything anew take a minute each: `make test TEST_SCALE=2` runs them.
"""

import csv
import os
import re
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import openpyxl
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from support.scale import SCALE
from survey_cli.services.questionnaire.pages import FOLDERS

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command away from the source tree and its environment; return what it wrote to stdout."""
    environment = {
        key: text for key, text in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}
    }
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280
    )
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
    pages = {
        f"survey_cli/services/questionnaire/docs/{folder}/{page.name}"
        for folder in FOLDERS
        for page in (ROOT / "docs" / folder).glob("*.md")
    }
    assert held == shipped | pages
    assert "survey_cli/py.typed" in held


def test_the_source_distribution_has_what_building_and_testing_needs(wheel: Path) -> None:
    [archive] = wheel.parent.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        inside = {name.partition("/")[2] for name in packed.getnames()}

    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if tracked.returncode:
        pytest.skip("this folder is no repository of git")
    assert {name for name in tracked.stdout.splitlines() if name not in inside} == set()


def test_the_description_of_the_package_has_no_link_that_leads_nowhere(wheel: Path) -> None:
    text = read_metadata(wheel)
    description = text.partition("\n\n")[2]

    assert "survey demo" in description
    assert re.findall(r"\]\([^)]*\)|<(?:img|a) |https?://", description) == []
    assert not [
        line for line in text.splitlines() if line.startswith(("Project-URL:", "Home-page:"))
    ]


def test_tools_of_developers_are_no_extras(wheel: Path) -> None:
    published = set(re.findall(r"^Provides-Extra: (.+)$", read_metadata(wheel), re.MULTILINE))

    assert "excel" in published
    assert published.isdisjoint({"dev", "bench", "fuzz", "site"})


def read_metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as packed:
        [name] = [file for file in packed.namelist() if file.endswith(".dist-info/METADATA")]
        return packed.read(name).decode()


def find_libraries(distribution: metadata.Distribution, seen: set[str]) -> Iterator[Path]:
    """Yields the installed files and folders, at top level, of the libraries that a distribution declares to need."""
    for requirement in map(Requirement, distribution.requires or []):
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not needed or canonicalize_name(requirement.name) in seen:
            continue
        seen.add(canonicalize_name(requirement.name))
        library = metadata.distribution(requirement.name)
        assert requirement.specifier.contains(library.version, prereleases=True), requirement
        for top in {
            file.parts[0]
            for file in library.files or []
            if file.parts[0] not in {"..", "__pycache__"}
        }:
            yield Path(str(library.locate_file(top)))
        yield from find_libraries(library, seen)


def link_installed_copy(wheel: Path, folder: Path) -> Path:
    """Install the wheel into a new environment, and link the libraries that it declares; return the program.

    The libraries are those of this environment, one by one, so that no package index is needed.
    """
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    pip_install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "-q",
        "--no-deps",
        "--no-index",
    ]
    run(*pip_install, wheel, cwd=folder)
    [site] = folder.glob("venv/lib/python*/site-packages")
    [installed] = metadata.distributions(path=[str(site)])
    for path in find_libraries(installed, set()):
        (site / path.name).symlink_to(path)
    return python.with_name("survey")


def test_the_wheel_runs_with_nothing_but_the_libraries_that_it_declares(
    wheel: Path, tmp_path: Path
) -> None:
    survey = link_installed_copy(wheel, tmp_path)
    python = survey.with_name("python")

    assert "Usage: survey" in run(survey, "--help", cwd=tmp_path)
    version = wheel.name.split("-")[1]
    assert version in run(python, "-m", "survey_cli", "--version", cwd=tmp_path)
    run(python, "-m", "survey_cli", "check", ROOT / "instruments" / "asu_2000.yaml", cwd=tmp_path)
    assert_conducts_an_interview(survey, tmp_path)
    assert_accounts_need_their_extra(survey, tmp_path)


def assert_accounts_need_their_extra(survey: Path, folder: Path) -> None:
    """Without its libraries, an account isn't half made, and the message says what to install."""
    study = folder / "survey-demo" / "library.yaml"
    people = study.parent / "responses" / "interviewers.csv"
    people.parent.mkdir(exist_ok=True)
    people.write_text("login,role\nann,interviewer\n")
    refused = subprocess.run(
        [survey, "account", "add", study, "ann"], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1
    assert "accounts: this installation can't work in the browser" in refused.stderr
    assert "argon2-cffi" in refused.stderr
    people.unlink()


def assert_conducts_an_interview(survey: Path, folder: Path) -> None:
    """Try what README and the demonstration itself say, away from the source."""
    assert "[Ended: Complete]" in run(survey, "demo", cwd=folder)
    exported = run(survey, "export", "survey-demo/library.yaml", "--origin", "practice", cwd=folder)
    [row] = csv.DictReader(exported.splitlines())
    assert row["interview_outcome"] == "complete"
    assert run(survey, "explain", "first-interview", cwd=folder).startswith(
        "Your first interview\n"
    )


def require_index() -> None:
    """Skip the test if libraries can't be had from the package index."""
    index = (os.environ.get("PIP_INDEX_URL") or "https://pypi.org").split("/")[2]
    try:
        socket.create_connection((index.partition(":")[0], 443), timeout=5).close()
    except OSError:
        if not os.environ.get("HTTPS_PROXY"):
            pytest.skip("no network: the package index can't be reached")


def follow_remedy(survey: Path, folder: Path, environment: dict[str, str]) -> str:
    """Convert a form without the library that reads it, type the command of the message, and convert it again."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "survey"
    sheet.append(["type", "name", "label"])
    sheet.append(["integer", "age", "How old are you?"])
    book.save(folder / "form.xlsx")
    convert = [survey, "convert", "form.xlsx", "-o", "form.yaml"]

    refused = subprocess.run(
        convert, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1
    _, _, remedy = refused.stderr.strip().partition(" — ")
    command, _, _ = remedy.partition(", or save each sheet in one .csv")
    assert "survey-cli[" not in command

    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    converted = subprocess.run(
        convert, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert converted.returncode == 0, converted.stderr
    assert "How old are you?" in (folder / "form.yaml").read_text()
    return command


def make_clean_environment(**more: str) -> dict[str, str]:
    own = {
        key: text for key, text in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}
    }
    return own | more


def test_what_a_message_says_to_install_can_be_installed(wheel: Path, tmp_path: Path) -> None:
    require_index()
    survey = link_installed_copy(wheel, tmp_path)
    command = follow_remedy(survey, tmp_path, make_clean_environment())
    assert command.startswith(f"{survey.with_name('python')} -m pip install ")


def install_from_folder(folder: Path, wheel: Path, environment: dict[str, str]) -> Path:
    del wheel
    run(sys.executable, "-m", "venv", folder / "a venv", cwd=folder)
    run(folder / "a venv" / "bin" / "pip", "install", "-q", "-e", ROOT, cwd=folder)
    return folder / "a venv" / "bin" / "survey"


def install_from_wheel(folder: Path, wheel: Path, environment: dict[str, str]) -> Path:
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    run(folder / "venv" / "bin" / "pip", "install", "-q", wheel, cwd=folder)
    return folder / "venv" / "bin" / "survey"


def install_with_pipx(folder: Path, wheel: Path, environment: dict[str, str]) -> Path:
    subprocess.run(["pipx", "install", wheel], cwd=folder, env=environment, check=True, timeout=280)
    return folder / "programs" / "survey"


def install_with_uv_tool(folder: Path, wheel: Path, environment: dict[str, str]) -> Path:
    command = ["uv", "tool", "install", "--python", sys.executable, wheel]
    subprocess.run(command, cwd=folder, env=environment, check=True, timeout=280)
    return folder / "programs" / "survey"


def install_with_uv_pip(folder: Path, wheel: Path, environment: dict[str, str]) -> Path:
    python = folder / "venv" / "bin" / "python"
    make = ["uv", "venv", "--python", sys.executable, folder / "venv"]
    subprocess.run(make, cwd=folder, env=environment, check=True, timeout=60)
    install = ["uv", "pip", "install", "--python", python, wheel]
    subprocess.run(install, cwd=folder, env=environment, check=True, timeout=280)
    return python.with_name("survey")


OTHER_PYTHONS = ("3.11", "3.13")


def find_python(version: str) -> str:
    """Return the program of a Python that can make environments; skip the test if this machine has none."""
    named = [f"python{version}", f"/usr/bin/python{version}"]
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"), reverse=True)
    for program in (*named, *map(str, pyenv)):
        works = [program, "-c", "import ensurepip, sqlite3, venv"]
        with suppress(OSError):
            if not subprocess.run(works, capture_output=True, check=False).returncode:
                return program
    pytest.skip(f"no Python {version} that can make an environment")


@pytest.mark.skipif(SCALE < 2, reason="it installs everything anew: make test TEST_SCALE=2")
@pytest.mark.parametrize("version", OTHER_PYTHONS)
def test_the_wheel_conducts_an_interview_in_an_empty_environment(
    version: str, wheel: Path, tmp_path: Path
) -> None:
    require_index()
    run(find_python(version), "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    run(tmp_path / "venv" / "bin" / "pip", "install", "-q", wheel, cwd=tmp_path)
    assert_conducts_an_interview(tmp_path / "venv" / "bin" / "survey", tmp_path)


@pytest.mark.skipif(SCALE < 2, reason="it installs everything anew: make test TEST_SCALE=2")
@pytest.mark.parametrize(
    ("install", "begins"),
    [
        (install_from_folder, "'{folder}/a venv/bin/python"),
        (install_from_wheel, "{folder}/venv/bin/python"),
        (install_with_pipx, "pipx inject survey-cli "),
        (install_with_uv_tool, "uv pip install --python {folder}/tools/survey-cli/bin/python"),
        (install_with_uv_pip, "{folder}/venv/bin/python"),
    ],
)
def test_what_a_message_says_can_be_done_however_it_was_installed(
    install: Callable[[Path, Path, dict[str, str]], Path], begins: str, wheel: Path, tmp_path: Path
) -> None:
    require_index()
    run(sys.executable, "-m", "venv", tmp_path / "installers", cwd=tmp_path)
    run(tmp_path / "installers" / "bin" / "pip", "install", "-q", "pipx", "uv", cwd=tmp_path)
    environment = make_clean_environment(
        PATH=f"{tmp_path / 'installers' / 'bin'}:{os.environ['PATH']}",
        PIPX_HOME=str(tmp_path / "pipx"),
        PIPX_BIN_DIR=str(tmp_path / "programs"),
        PIPX_DEFAULT_PYTHON=sys.executable,
        UV_TOOL_DIR=str(tmp_path / "tools"),
        UV_TOOL_BIN_DIR=str(tmp_path / "programs"),
    )
    survey = install(tmp_path, wheel, environment)
    command = follow_remedy(survey, tmp_path, environment)
    assert command.startswith(begins.format(folder=tmp_path))
