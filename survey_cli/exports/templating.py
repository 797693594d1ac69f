"""Scripts and XML documents from the Jinja templates in `templates/`.

In a template whose name contains `.xml` every text is escaped, with a space for each character that XML 1.0 cannot hold.
Scripts quote their texts themselves.
"""

from collections.abc import Callable
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final, TextIO

from survey_cli.exports.xml_elements import replace_illegal

if TYPE_CHECKING:
    from jinja2 import Environment

_IN_ATTRIBUTES: Final = str.maketrans({'"': "&quot;", "\t": "&#09;", "\n": "&#10;", "\r": "&#13;"})


def write_template(to: TextIO, template: str, **values: Any) -> None:
    """Write a template with its values."""
    to.writelines(_make_environment(xml=".xml" in template).get_template(template).generate(values))


def make_environment(
    package: str,
    *,
    autoescape: bool,
    escape: Callable[[str], str] | None = None,
    lstrip_blocks: bool = True,
) -> "Environment":
    """Return an environment of the templates in a package, in which an unknown name is an error.

    `escape` replaces the way in which `autoescape` escapes the texts that a template prints.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        return value if escape is None or isinstance(value, Markup) else Markup(escape(str(value)))

    return Environment(
        loader=PackageLoader(package),
        autoescape=autoescape,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=lstrip_blocks,
        keep_trailing_newline=True,
    )


@cache
def _make_environment(*, xml: bool) -> "Environment":
    from markupsafe import Markup

    def render_element(tag: str, text: object = "", /, **attributes: object) -> Markup:
        """Return the line of an element; an empty one is closed at once."""
        begin = f"<{tag}{_render_attributes(attributes)}"
        inner = text if isinstance(text, Markup) else _escape(str(text))
        return Markup(f"{begin}>{inner}</{tag}>\n" if text != "" else f"{begin} />\n")

    environment = make_environment(
        "survey_cli.exports", autoescape=xml, escape=_escape if xml else None
    )
    environment.globals |= {
        "attributes": lambda **attributes: Markup(_render_attributes(attributes)),
        "element": render_element,
        "optional": lambda tag, text: render_element(tag, text) if text else Markup(),
    }
    return environment


def _escape(text: str) -> str:
    return escape(replace_illegal(text), quote=False)


def _render_attributes(attributes: dict[str, object]) -> str:
    """Return attributes, each after a space; empty ones are omitted."""
    written = {
        name: _escape(str(value)).translate(_IN_ATTRIBUTES) for name, value in attributes.items()
    }
    return "".join(f' {name}="{value}"' for name, value in written.items() if value)
