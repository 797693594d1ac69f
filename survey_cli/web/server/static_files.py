"""The scripts, styles and fonts of the pages: our own, and those of the terminal's package.

Only the files of the table are served, each under one address. No folder is listed.
"""

from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web

OWN_FOLDER: Final = Path(__file__).with_name("static")
CONTENT_TYPES: Final = MappingProxyType(
    {".css": "text/css", ".js": "text/javascript", ".ttf": "font/ttf", ".svg": "image/svg+xml"}
)
TERMINAL_FILES: Final = MappingProxyType(
    {
        "terminal/textual.js": "js/textual.js",
        "terminal/xterm.css": "css/xterm.css",
        "terminal/RobotoMono.ttf": "fonts/RobotoMono-VariableFont_wght.ttf",
        "terminal/RobotoMono-Italic.ttf": "fonts/RobotoMono-Italic-VariableFont_wght.ttf",
    }
)
"""Names under `/static/`, and the files of the package textual-serve: xterm.js and its font."""
CACHE_SECONDS: Final = 3600


def add_routes(app: web.Application) -> None:
    """Serve the files."""
    files = _list_files()

    async def send_file(request: web.Request) -> web.StreamResponse:
        file = files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        headers = {"Content-Type": _name_content_type(file), "Cache-Control": "no-cache"}
        if file.suffix == ".ttf":
            headers["Cache-Control"] = f"max-age={CACHE_SECONDS}"
        return web.FileResponse(file, headers=headers)

    async def send_icon(_request: web.Request) -> web.StreamResponse:
        # Browsers ask for it under this address on pages that name none.
        raise web.HTTPMovedPermanently("/static/icon.svg")

    app.router.add_get("/static/{name:.+}", send_file)
    app.router.add_get("/favicon.ico", send_icon)


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


def _name_content_type(file: Path) -> str:
    kind = CONTENT_TYPES[file.suffix]
    if kind.startswith("text/"):
        return f"{kind}; charset=utf-8"
    return kind
