"""Scripts and XML documents from the Jinja templates in `templates/`.

In a template whose name contains `.xml` every text is escaped, with a space for each character that XML 1.0 cannot hold.
Scripts quote their texts themselves.
"""

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


@cache
def _make_environment(*, xml: bool) -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def escape_text(text: object) -> Markup:
        return text if isinstance(text, Markup) else Markup(_escape(str(text)))

    def render_element(tag: str, text: object = "", /, **attributes: object) -> Markup:
        """Return the line of an element; an empty one is closed at once."""
        begin = f"<{tag}{_render_attributes(attributes)}"
        return Markup(f"{begin}>{escape_text(text)}</{tag}>\n" if text != "" else f"{begin} />\n")

    environment = Environment(
        loader=PackageLoader("survey_cli.exports"),
        autoescape=xml,
        finalize=escape_text if xml else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
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
    written = {name: _escape(str(value)).translate(_IN_ATTRIBUTES) for name, value in attributes.items()}
    return "".join(f' {name}="{value}"' for name, value in written.items() if value)
