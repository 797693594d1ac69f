"""Pages made from the templates. Every text that is put into them is escaped.

Controls and characters that change the direction of a line are written as `<U+202E>`.
"""

from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from survey_cli.web.server.static_files import address_file
from survey_cli.wording import escape_controls

TEMPLATES: Final = Path(__file__).with_name("templates")


@cache
def _load_templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_make_controls_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        # A new version that is installed meanwhile has templates for other code.
        auto_reload=False,
    )
    templates.globals["static_file"] = address_file
    return templates


def _make_controls_visible(value: object) -> object:
    # What a macro has made is Markup, whose texts have come through here already.
    if isinstance(value, str) and not isinstance(value, Markup):
        return escape_controls(value)
    return value


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
