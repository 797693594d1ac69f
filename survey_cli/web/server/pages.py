"""Pages made from the templates. Every text that is put into them is escaped."""

from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from survey_cli.web.server.static_files import address_file

TEMPLATES: Final = Path(__file__).with_name("templates")


@cache
def _load_templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # A new version that is installed meanwhile has templates for other code.
        auto_reload=False,
    )
    templates.globals["static_file"] = address_file
    return templates


def render_page(template: str, *, status: int = 200, **values: object) -> web.Response:
    """Render a page, such as `home.html`."""
    text = _load_templates().get_template(template).render(**values)
    return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)


def load_templates() -> None:
    """Load and compile every template, so that no page waits for it.

    The spawner does it first, so that every web has the pages of its own version.
    """
    templates = _load_templates()
    for name in templates.list_templates():
        templates.get_template(name)
