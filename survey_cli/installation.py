"""The installation of this copy of the program, and the commands that add to it or update it.

The name of the program isn't registered at the package index, so `pip install survey-cli` would run
the code of whoever registers it. The commands name only the libraries that an extra needs, or the
folder or file that this copy came from.
"""

import json
import os
import re
import shlex
import sys
import sysconfig
from dataclasses import dataclass
from enum import Enum, auto
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

DISTRIBUTION: Final = "survey-cli"
PIPX_FILE: Final = "pipx_metadata.json"
"""The file with which pipx marks an environment."""
UV_FILE: Final = "uv-receipt.toml"
"""The file with which `uv tool` marks an environment."""
PIPX_GLOBAL: Final = "/opt/pipx"
"""Where `pipx install --global` makes environments, unless `PIPX_GLOBAL_HOME` says otherwise."""
EXTRA_IN_MARKER: Final = re.compile(r"""(?:\s+and\s+)?extra\s*==\s*['"]([^'"]+)['"]""")


class Installer(Enum):
    """What manages the environment that the program is in."""

    PIP = auto()
    PIPX = auto()
    UV_TOOL = auto()
    UV_PIP = auto()
    """An environment that uv made, without pip."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One copy of the program: its environment, and where it came from."""

    python: str
    """The interpreter of the environment."""
    prefix: Path
    """The folder of the environment."""
    installer: Installer
    source: Path | None = None
    """The folder or wheel that it was installed from, if that is known."""
    editable: bool = False
    """Whether the program runs from its source folder."""
    is_global: bool = False
    """Whether pipx installed it for all users of the computer."""
    needs_root: bool = False
    """Whether the environment belongs to another account."""
    is_managed: bool = False
    """Whether the system's package manager owns this Python, so that pip asks for a
    confirmation."""

    @property
    def as_root(self) -> list[str]:
        return ["sudo"] if self.needs_root else []

    def build_add_command(self, libraries: list[str]) -> list[str]:
        """Build the command that adds libraries to the environment."""
        match self.installer:
            case Installer.PIPX:
                everywhere = ["--global"] if self.is_global else []
                # the folder's name: the program's, with the suffix of `pipx install --suffix`
                return [*self.as_root, "pipx", "inject", *everywhere, self.prefix.name, *libraries]
            case Installer.UV_TOOL | Installer.UV_PIP:
                return [*self.as_root, "uv", "pip", "install", "--python", self.python, *libraries]
            case Installer.PIP:
                return [*self._pip_install, *libraries]

    def build_update_command(self, newer: str) -> list[str]:
        """Build the command that installs a newer version of the program from a folder or wheel."""
        match self.installer:
            case Installer.PIPX:
                everywhere = ["--global"] if self.is_global else []
                return [*self.as_root, "pipx", "install", "--force", *everywhere, newer]
            case Installer.UV_TOOL:
                return [*self.as_root, "uv", "tool", "install", "--force", newer]
            case Installer.UV_PIP:
                editable = ["--editable"] if self.editable else []
                return [
                    *self.as_root,
                    "uv",
                    "pip",
                    "install",
                    "--python",
                    self.python,
                    *editable,
                    newer,
                ]
            case Installer.PIP:
                editable = ["--editable"] if self.editable else []
                return [*self._pip_install, *editable, newer]

    @property
    def _pip_install(self) -> list[str]:
        confirmed = ["--break-system-packages"] if self.is_managed else []
        return [*self.as_root, self.python, "-m", "pip", "install", *confirmed]


def find_installation() -> Installation:
    """Find out how this copy was installed."""
    prefix = Path(sys.prefix)
    in_environment = sys.prefix != sys.base_prefix
    source, editable = _find_source()
    installer = _find_installer(prefix)
    global_home = Path(os.environ.get("PIPX_GLOBAL_HOME") or PIPX_GLOBAL)
    libraries = Path(sysconfig.get_path("purelib"))
    return Installation(
        python=sys.executable,
        prefix=prefix,
        installer=installer,
        source=source,
        editable=editable,
        is_global=installer is Installer.PIPX and prefix.is_relative_to(global_home),
        # Outside of an environment, pip installs for the account if it may not write to the
        # system's folder.
        needs_root=in_environment and not os.access(libraries, os.W_OK),
        is_managed=not in_environment
        and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists(),
    )


def _find_installer(prefix: Path) -> Installer:
    if (prefix / PIPX_FILE).exists():
        return Installer.PIPX
    if (prefix / UV_FILE).exists():
        return Installer.UV_TOOL
    if find_spec("pip") is None:
        return Installer.UV_PIP
    return Installer.PIP


def _find_source() -> tuple[Path | None, bool]:
    """Find the folder or wheel that the program was installed from, and if it runs from there.

    pip, pipx and uv write this into `direct_url.json` (PEP 610).
    """
    folder = Path(__file__).resolve().parents[1]
    try:
        text = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        # It was never installed: the folder is on the path.
        is_source = (folder / "pyproject.toml").exists()
        return (folder, True) if is_source else (None, False)
    if text is None:
        return None, False
    came_from = json.loads(text)
    url = urlsplit(came_from.get("url", ""))
    if url.scheme != "file":
        return None, False
    source = Path(unquote(url.path))
    editable = bool(came_from.get("dir_info", {}).get("editable"))
    return (source, editable) if source.exists() else (None, False)


def list_libraries(extras: str) -> list[str]:
    """List what the extras need (`spss,parquet`), as pip reads it: `polars>=1.32,<3`."""
    wanted = set(extras.split(","))
    libraries: list[str] = []
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    for requirement in requirements:
        library, _, marker = requirement.partition(";")
        if wanted.isdisjoint(EXTRA_IN_MARKER.findall(marker)):
            continue
        # On some platforms a library has no wheel: the condition stays, without the extra.
        condition = EXTRA_IN_MARKER.sub("", marker).strip()
        text = f"{library.strip()}; {condition}" if condition else library.strip()
        if text not in libraries:
            libraries.append(text)
    return libraries


def make_install_command(extras: str) -> str:
    """Make the command that installs what the extras need, for the shell of this computer."""
    installation = find_installation()
    libraries = list_libraries(extras)
    if libraries:
        return shlex.join(installation.build_add_command(libraries))
    if installation.source is not None:
        return shlex.join(installation.build_update_command(f"{installation.source}[{extras}]"))
    return f"install the program with its extra [{extras}]"


def make_library_command(library: str) -> str:
    """Make the command that installs a required library without a wheel for this platform."""
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        requirements = []
    for requirement in requirements:
        pinned, _, _ = requirement.partition(";")
        if re.match(rf"{re.escape(library)}\b", pinned):
            return shlex.join(find_installation().build_add_command([pinned.strip()]))
    return shlex.join(find_installation().build_add_command([library]))


def make_update_advice() -> str:
    """Say how to update the program from a newer folder or wheel, with the command."""
    installation = find_installation()
    if installation.source is not None and installation.source.is_dir():
        command = shlex.join(installation.build_update_command(str(installation.source)))
        return f"update this program: bring {installation.source} up to date, then {command}"
    command = shlex.join(installation.build_update_command("NEWER.whl"))
    return f"update this program from a newer wheel: {command}"
