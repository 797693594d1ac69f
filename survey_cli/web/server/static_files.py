"""The scripts, styles and fonts of the pages: our own, and those of the terminal's package.

Only the files of the table are served. No folder is listed. All of them are read when the server
starts: a new version that is installed meanwhile has scripts for other pages. The version is a part
of each address, so a page of a version before never gets a script of this one.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web

OWN_FOLDER: Final = Path(__file__).with_name("static")
CONTENT_TYPES: Final = MappingProxyType(
    {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".ttf": "font/ttf",
        ".svg": "image/svg+xml",
    }
)
TERMINAL_FILES: Final = MappingProxyType(
    {
        "terminal/textual.js": "js/textual.js",
        "terminal/xterm.css": "css/xterm.css",
        "terminal/RobotoMono.ttf": "fonts/RobotoMono-VariableFont_wght.ttf",
        "terminal/RobotoMono-Italic.ttf": "fonts/RobotoMono-Italic-VariableFont_wght.ttf",
    }
)
"""Names of the files of the package textual-serve: xterm.js and its font."""
VERSION_LETTERS: Final = 16
FOR_EVER: Final = "max-age=31536000, immutable"
"""Another version of a file has another address."""
FOR_NOW: Final = "no-cache"
RELOAD: Final = "location.reload();\n"
"""The script of a page that a version before has made, and that loads its scripts only now."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it was when the server started."""

    content: bytes
    content_type: str


def add_routes(app: web.Application) -> None:
    """Serve the files."""
    files = load_files()

    async def send_file(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        file = files.get(name)
        if file is None:
            raise web.HTTPNotFound

        is_of_this_version = request.match_info["version"] == find_version()
        if is_of_this_version:
            return _send(file, FOR_EVER)
        if name.endswith(".js"):
            return web.Response(text=RELOAD, headers={"Content-Type": file.content_type})
        raise web.HTTPNotFound

    async def send_icon(_request: web.Request) -> web.Response:
        # Browsers ask for it under this address on pages that name none.
        return _send(files["icon.svg"], FOR_NOW)

    app.router.add_get("/static/{version}/{name:.+}", send_file)
    app.router.add_get("/favicon.ico", send_icon)


def address_file(name: str) -> str:
    """Return the address of a file, such as `page.css`."""
    return f"/static/{find_version()}/{name}"


@cache
def find_version() -> str:
    """Return what tells these files from those of any other version."""
    digest = hashlib.sha256()
    for name, file in sorted(load_files().items()):
        digest.update(f"{name} {len(file.content)} ".encode())
        digest.update(file.content)
    return digest.hexdigest()[:VERSION_LETTERS]


@cache
def load_files() -> Mapping[str, StaticFile]:
    """Read all files. The spawner does it first, so that every web has those of its own version."""
    return {name: _read(path) for name, path in _list_files().items()}


def _list_files() -> dict[str, Path]:
    files = {}
    for path in OWN_FOLDER.iterdir():
        if path.suffix in CONTENT_TYPES:
            files[path.name] = path

    # Found, not imported: its modules configure logging and a server that we don't use.
    package = find_spec("textual_serve")
    if package is not None and package.submodule_search_locations:
        folder = Path(package.submodule_search_locations[0]) / "static"
        for name, place in TERMINAL_FILES.items():
            files[name] = folder / place
    return files


def _read(path: Path) -> StaticFile:
    return StaticFile(path.read_bytes(), CONTENT_TYPES[path.suffix])


def _send(file: StaticFile, cache: str) -> web.Response:
    headers = {"Content-Type": file.content_type, "Cache-Control": cache}
    return web.Response(body=file.content, headers=headers)
