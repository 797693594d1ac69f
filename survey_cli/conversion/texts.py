"""Texts of a form as texts of the questionnaire: HTML and Markdown become plain words, `${name}` becomes a fill."""

import re
from html import unescape
from typing import Final

from survey_cli.conversion.conditions import Translator
from survey_cli.conversion.xpath import NO_VALUE, TRUE, Expression, Literal, Reference, UnsupportedError, XPathCall

_INSTRUCTION: Final = re.compile(
    r"""(?is)<(span|font|p|div)[^>]*(?:color\s*[:=]\s*["']?\s*(?:\#ff0000|red))[^>]*>(.*?)</\1>"""
)
"""Words in red, which by a widespread convention are for the interviewer."""
_FILLS: Final = {"caseid": "{case}", "username": "{interviewer}", "today": "{today}"}
_REPLACEMENTS: Final = (
    (r"(?is)<(style|script|head)\b.*?</\1>|<!.*?>", ""),
    (r"(?i)</?(strong|b)\b[^>]*>", "**"),
    (r"(?i)<li\b[^>]*>", "\n- "),
    (r"(?i)<br\s*/?>|</?(p|div|tr|ul|ol|h\d|table)\b[^>]*>", "\n"),
    (r"</?[a-zA-Z][^>]*>", ""),
    (r"(?m)^#{1,6} +|(?<![\w*_])_(\S[^_\n]*)_(?![\w_])", r"\1"),
    (r"\[([^\]]+)\]\(https?:[^)]*\)", r"\1"),
)


def strip_markup(text: str) -> str:
    """Remove HTML and Markdown; bold words keep two asterisks, and list entries a dash."""
    for pattern, replacement in _REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    text = re.sub(r"\*\*(\s*)([^*]*?)(\s*)\*\*", lambda m: f"{m[1]}**{m[2]}**{m[3]}" if m[2] else m[1], unescape(text))
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.split("\n")]
    text = re.sub(r"\n+(?=- )", "\n", "\n".join(line for line in lines if line != "-"))
    return re.sub(r"\n{3,}", "\n\n", text).strip().replace("{", "{{").replace("}", "}}")


def split_instruction(text: str) -> tuple[str, str]:
    """Return the words that are read aloud, and those in red, which are for the interviewer."""
    red = "\n".join(match[2] for match in _INSTRUCTION.finditer(text))
    spoken = _INSTRUCTION.sub("", text)
    return (spoken, red) if strip_markup(spoken) else ("", red)


def convert_text(translator: Translator, text: str, refusal: str = "") -> tuple[str, dict[str, str]]:
    """Return a text, and the names that could not be filled in with the reason. A refusal is a reason for all of them."""
    parts = re.split(r"\$\{\s*([^}]+?)\s*\}", text)
    fills, lost = [], {}
    for name in parts[1::2]:
        try:
            if refusal:
                raise UnsupportedError(refusal)
            fills.append(render_fill(translator, Reference(name)))
        except UnsupportedError as error:
            fills.append("…")
            lost[name] = str(error)
    marked = "".join(part if index % 2 == 0 else f"\x00{index // 2}\x00" for index, part in enumerate(parts))
    return re.sub("\x00(\\d+)\x00", lambda match: fills[int(match[1])], strip_markup(marked)), lost


def render_fill(translator: Translator, tree: Expression) -> str:
    """Return a value as it is filled in. Raises UnsupportedError."""
    items, calculated = translator.form.items, None
    if isinstance(tree, Reference):
        calculated = translator.get_calculated(tree.name)
    match tree:
        case Literal(value):
            return strip_markup(value) if isinstance(value, str) else f"{value:g}"
        case Reference(name) if name in items and items[name].kind == "metadata" and items[name].type in _FILLS:
            return _FILLS[items[name].type]
        case Reference() if calculated is not None and not calculated.name:
            return render_fill(translator, calculated.tree)
        case Reference(name):
            always = name in items and items[name].is_required() and items[name].build_relevance() == TRUE
            value = translator.evaluate(tree).text
            if not re.fullmatch(r"\w+", value):
                raise UnsupportedError(f"{name} is not known in an interview")
            return f"{{{value}{'' if always and calculated is None else '|…'}}}"
        case XPathCall("concat", arguments):
            return "".join(render_fill(translator, argument) for argument in arguments)
        case XPathCall("once" | "string" | "jr:choice-name" | "choice-label", (argument, *_)):
            return render_fill(translator, argument)
        case XPathCall("if", (_, then, otherwise)) if otherwise == NO_VALUE:
            return render_fill(translator, then)
        case XPathCall("coalesce", (argument, Literal(str(words)))):
            return render_fill(translator, argument).replace("|…}", f"|{strip_markup(words)}}}")
        case XPathCall("format-date" | "format-date-time", (value, Literal(str(form)))):
            written = re.sub(r"[ T,-]*(at )?%[HhIM].*", "", form.replace("%e", "%-d").replace("%n", "%m"))
            fill = render_fill(translator, value).partition("|")[0].strip("{}")
            if written and not re.search(r"%-?[^AadBbmY]", written.replace("%-d", "%d")):
                return f"{{{fill}:{written}}}"
        case XPathCall("today" | "now", ()):
            return "{today}"
        case XPathCall("index", ()):
            return "{turn}"
    raise UnsupportedError("a calculation with several parts must have a name to be filled in")
