"""Scripts and XML documents from the Jinja templates in `templates/`.

Templates whose names contain `.xml` have every text escaped, and a space in place of each character
that XML 1.0 cannot hold. Templates of scripts quote their texts themselves.
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
    environment = _make_environment(xml=".xml" in template)
    to.writelines(environment.get_template(template).generate(values))


def make_environment(
    package: str,
    *,
    autoescape: bool,
    escape: Callable[[str], str] | None = None,
    lstrip_blocks: bool = True,
) -> "Environment":
    """Make an environment for the templates of a package, in which an unknown name is an error.

    With `escape`, this function escapes the texts that a template prints, instead of Jinja's own.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def finalize(value: object) -> object:
        # Markup is escaped already. A result that is Markup is not escaped again by `autoescape`.
        if escape is None or isinstance(value, Markup):
            return value
        return Markup(escape(str(value)))

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
        if text == "":
            return Markup(f"{begin} />\n")

        inner = text if isinstance(text, Markup) else _escape(str(text))
        return Markup(f"{begin}>{inner}</{tag}>\n")

    def render_optional(tag: str, text: object) -> Markup:
        """Return the line of an element; nothing if the text is empty."""
        if not text:
            return Markup()
        return render_element(tag, text)

    def render_attributes(**attributes: object) -> Markup:
        return Markup(_render_attributes(attributes))

    escape_text = _escape if xml else None
    environment = make_environment("survey_cli.exports", autoescape=xml, escape=escape_text)
    environment.globals["attributes"] = render_attributes
    environment.globals["element"] = render_element
    environment.globals["optional"] = render_optional
    return environment


def _escape(text: str) -> str:
    return escape(replace_illegal(text), quote=False)


def _render_attributes(attributes: dict[str, object]) -> str:
    """Return attributes with a space before each; empty ones are omitted."""
    parts = []
    for name, value in attributes.items():
        written = _escape(str(value)).translate(_IN_ATTRIBUTES)
        if written:
            parts.append(f' {name}="{written}"')
    return "".join(parts)
