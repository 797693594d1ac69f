"""The commands that install a missing library: for each way of installing, and nothing but registered names.

`test_wheel.py` types them.
"""

import json
import re
import shlex
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from support.pages import list_pages
from survey_cli import __version__, installation
from survey_cli.installation import (
    Installation,
    Installer,
    list_libraries,
    make_install_command,
    make_update_advice,
)

ROOT = Path(__file__).parent.parent
DEVELOPERS = {"dev", "bench", "fuzz", "all"}
"""Extras that no message names."""


def read_extras() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    return extras


def make_installation(installer: Installer, **more: object) -> Installation:
    where = {
        "python": "/env/survey-cli/bin/python",
        "prefix": Path("/env/survey-cli"),
        "installer": installer,
    }
    return Installation(**where | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("here", "command"),
    [
        (make_installation(Installer.PIP), "/env/survey-cli/bin/python -m pip install 'a<2'"),
        (
            make_installation(Installer.PIP, python="/my env/python"),
            "'/my env/python' -m pip install 'a<2'",
        ),
        (
            make_installation(Installer.PIP, needs_root=True),
            "sudo /env/survey-cli/bin/python -m pip install 'a<2'",
        ),
        (
            make_installation(Installer.PIP, python="/usr/bin/python3", is_managed=True),
            "/usr/bin/python3 -m pip install --break-system-packages 'a<2'",
        ),
        (make_installation(Installer.PIPX), "pipx inject survey-cli 'a<2'"),
        (
            make_installation(Installer.PIPX, is_global=True, needs_root=True),
            "sudo pipx inject --global survey-cli 'a<2'",
        ),
        (
            make_installation(Installer.UV_TOOL),
            "uv pip install --python /env/survey-cli/bin/python 'a<2'",
        ),
        (
            make_installation(Installer.UV_PIP),
            "uv pip install --python /env/survey-cli/bin/python 'a<2'",
        ),
    ],
)
def test_a_library_is_added_by_the_program_that_installed_this_one(
    here: Installation, command: str
) -> None:
    assert shlex.join(here.build_add_command(["a<2"])) == command


@pytest.mark.parametrize(
    ("here", "command"),
    [
        (make_installation(Installer.PIP), "/env/survey-cli/bin/python -m pip install /new.whl"),
        (
            make_installation(Installer.PIP, editable=True),
            "/env/survey-cli/bin/python -m pip install --editable /new.whl",
        ),
        (make_installation(Installer.PIPX), "pipx install --force /new.whl"),
        (make_installation(Installer.UV_TOOL), "uv tool install --force /new.whl"),
        (
            make_installation(Installer.UV_PIP),
            "uv pip install --python /env/survey-cli/bin/python /new.whl",
        ),
    ],
)
def test_a_newer_version_is_installed_from_a_file(here: Installation, command: str) -> None:
    assert shlex.join(here.build_update_command("/new.whl")) == command


@pytest.mark.parametrize(
    ("mark", "installer"),
    [
        ("pipx_metadata.json", Installer.PIPX),
        ("uv-receipt.toml", Installer.UV_TOOL),
        ("", Installer.PIP),
    ],
)
def test_the_installer_is_known_by_the_file_that_it_leaves(
    mark: str, installer: Installer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if mark:
        (tmp_path / mark).touch()
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert installation.find_installation().installer is installer


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ({"url": "file://{folder}/a%20b.whl", "archive_info": {}}, "a b.whl"),
        ({"url": "file://{folder}/gone.whl", "archive_info": {}}, None),
        ({"url": "https://example.org/a.whl", "archive_info": {}}, None),
    ],
)
def test_where_this_copy_came_from_is_what_its_installer_noted(
    url: dict[str, object], source: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a b.whl").touch()
    noted = json.dumps(url).replace("{folder}", str(tmp_path))
    monkeypatch.setattr(metadata.PathDistribution, "read_text", lambda self, name: noted)
    found = installation.find_installation()
    assert found.source == (tmp_path / source if source else None)


def test_a_copy_that_was_never_installed_is_installed_from_its_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_nothing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", find_nothing)
    monkeypatch.setattr(metadata, "requires", find_nothing)
    assert make_install_command("spss").endswith(
        f"-m pip install --editable {shlex.quote(f'{ROOT}[spss]')}"
    )
    assert make_update_advice().endswith(f"-m pip install --editable {shlex.quote(str(ROOT))}")


@pytest.mark.parametrize("extra", sorted(read_extras().keys() - DEVELOPERS))
def test_the_command_names_the_libraries_of_the_extra(extra: str) -> None:
    def normalize(requirements: list[str]) -> list[tuple[str, ...]]:
        """Parts in any order, since the metadata have their own."""
        return sorted(tuple(sorted(re.split(r",|(?=[<>=])", text))) for text in requirements)

    assert normalize(list_libraries(extra)) == normalize(read_extras()[extra])


def test_a_condition_of_a_library_stays_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    needed = [
        "a<2; extra == 'x'",
        "b; (python_version < '3.14') and extra == 'x'",
        "c",
        "d; extra == 'y'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: needed)
    assert list_libraries("x") == ["a<2", "b; (python_version < '3.14')"]


@pytest.mark.parametrize(
    ("system", "machine", "python", "implementation", "has_wheel"),
    [
        ("linux", "x86_64", "3.11", "CPython", True),
        ("linux", "aarch64", "3.14", "CPython", True),
        ("darwin", "x86_64", "3.12", "CPython", True),
        ("darwin", "arm64", "3.13", "CPython", True),
        ("win32", "AMD64", "3.14", "CPython", True),
        ("win32", "ARM64", "3.14", "CPython", False),
        ("linux", "ppc64le", "3.13", "CPython", False),
        ("linux", "armv7l", "3.13", "CPython", False),
        ("linux", "x86_64", "3.11", "PyPy", False),
        ("linux", "x86_64", "3.16", "CPython", False),
    ],
)
def test_the_solver_is_required_on_platforms_with_wheels(
    system: str, machine: str, python: str, implementation: str, has_wheel: bool
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [Requirement(text) for text in project["dependencies"]]
    [solver] = [requirement for requirement in needed if requirement.name == "python-sat"]
    assert solver.marker is not None
    platform = {
        "sys_platform": system,
        "platform_machine": machine,
        "python_version": python,
        "platform_python_implementation": implementation,
    }
    assert solver.marker.evaluate(platform) is has_wheel


def test_the_extra_all_has_the_libraries_of_all_others() -> None:
    extras = read_extras()
    others = {
        library
        for name, libraries in extras.items()
        if name not in DEVELOPERS
        for library in libraries
    }
    assert extras["all"] == sorted(others)


def test_no_message_and_no_page_installs_a_name_that_is_not_registered() -> None:
    """Whoever registers it would run code on computers with names and telephone numbers."""
    by_name = re.compile(r"survey-cli\[|\b(?:install|upgrade)\b[^\n`]*\bsurvey-cli\b")
    sources = [*(ROOT / "survey_cli").rglob("*.py"), *(ROOT / "survey_cli").rglob("*.json")]
    sources.remove(ROOT / "survey_cli" / "installation.py")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in [*sources, *list_pages(), *ROOT.rglob("docs/**/*.ipynb")]
        for line in path.read_text(encoding="utf-8").splitlines()
        if by_name.search(line) and "--no-index" not in line
    ]
    assert found == []


def test_pages_name_the_wheel_of_this_version() -> None:
    named = {
        version
        for page in list_pages()
        for version in re.findall(
            r"survey_cli-([\d.]+)-py3-none-any\.whl", page.read_text(encoding="utf-8")
        )
    }
    assert named == {__version__}


def test_the_page_of_installing_lists_every_extra() -> None:
    page = (ROOT / "docs" / "guides" / "installing.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert listed == read_extras().keys()
