"""HTML, Markdown and Word pages from the Jinja templates in `templates/`; every text is escaped."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from survey_cli.documents.text_runs import Line, TextRun
from survey_cli.exports.templating import make_environment

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKUP: Final = re.compile(r"[\\`*\[\]<|~$]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_])")
"""Characters that could be Markdown anywhere; `_` within a word is literal."""
_MARKUP_AT_START: Final = re.compile(r"^(?:[#>+=:-]|\d+(?=[.)]))")
"""Characters that could be Markdown at the beginning of a line."""


def render_page(template: str, **values: Any) -> str:
    """Return a page, ending in a line end.

    A template whose name contains `.md` is Markdown, any other HTML or XML.
    """
    if ".md" not in template:
        return _make_environment("html").get_template(template).render(values)
    page = _make_environment("markdown").get_template(template).render(values)
    lines = [line.rstrip() for line in page.split("\n")]
    # Blocks of the template leave several empty lines: keep one.
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept).strip("\n") + "\n"


@cache
def _make_environment(language: Literal["html", "markdown"]) -> "Environment":
    from markupsafe import Markup

    markdown = language == "markdown"
    environment = make_environment(
        "survey_cli.documents",
        autoescape=True,
        escape=_escape_inside if markdown else None,
        lstrip_blocks=markdown,
    )
    environment.filters["css_string"] = lambda text: Markup(quote_css(text))
    environment.filters["begin"] = lambda text: Markup(escape_markdown(text))
    environment.filters["cell"] = lambda text: Markup(_escape_inside(" ".join(text.split())))
    environment.filters["code"] = lambda text: Markup(render_code(text))
    environment.filters["code_cell"] = lambda text: Markup(render_code(text).replace("|", "\\|"))
    environment.filters["runs"] = lambda line, **options: Markup(render_runs(line, **options))
    return environment


def quote_css(text: str) -> str:
    """Return a CSS string that no character of the text can end.

    All but letters, digits and spaces are written by their numbers.
    """
    quoted = ""
    for character in text:
        is_harmless = character.isalnum() or character == " "
        quoted += character if is_harmless else f"\\{ord(character):X} "
    return f'"{quoted}"'


def escape_markdown(text: str, *, first: bool = True) -> str:
    """Return literal text in Markdown; with `first`, it may begin a line."""
    text = _MARKUP.sub(lambda match: "\\" + match.group(), text)
    if first:
        text = _MARKUP_AT_START.sub(_escape_first, text)
    return text


def _escape_first(match: re.Match[str]) -> str:
    text = match.group()
    return f"{text}\\" if text[0].isdecimal() else f"\\{text}"


def _escape_inside(text: str) -> str:
    return escape_markdown(text, first=False)


def render_code(text: str) -> str:
    """Return literal text as a Markdown code span, whatever backticks it contains."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", text)) + 1)
    return f"{fence} {text} {fence}"


def render_runs(line: Line, *, first: bool = False) -> str:
    """Return a line with its styles in Markdown; with `first`, it may begin a line."""
    return "".join(_render_run(run, first=first and n == 0) for n, run in enumerate(line))


def _render_run(run: TextRun, *, first: bool) -> str:
    match run.style:
        case "stress":
            inner = run.text.strip()
            if not inner:
                return run.text
            before, _, after = run.text.partition(inner)
            return f"{before}**{_escape_inside(inner)}**{after}"
        case "fill":
            return f"‹{_escape_inside(run.text)}›"
        case "id" | "code":
            return render_code(run.text)
        case _:
            return escape_markdown(run.text, first=first)
