"""Calculations and texts of a form: computes, splits for random numbers, expressions that are inserted, and fills."""

import re
from collections.abc import Mapping
from html import unescape
from itertools import count, pairwise
from math import gcd
from typing import Final

from survey_cli.conversion import xpath
from survey_cli.conversion.conditions import ANSWERED, Calculated, Translator
from survey_cli.conversion.form import FormItem
from survey_cli.conversion.xpath import (
    NO_VALUE,
    TRUE,
    Expression,
    Literal,
    Reference,
    UnsupportedError,
    XPathCall,
)
from survey_cli.conversion.yaml_text import Cell

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
    text = re.sub(
        r"\*\*(\s*)([^*]*?)(\s*)\*\*",
        lambda m: f"{m[1]}**{m[2]}**{m[3]}" if m[2] else m[1],
        unescape(text),
    )
    lines = [re.sub(r"[ \t\xa0]+", " ", line).strip() for line in text.split("\n")]
    text = re.sub(r"\n+(?=- )", "\n", "\n".join(line for line in lines if line != "-"))
    return re.sub(r"\n{3,}", "\n\n", text).strip().replace("{", "{{").replace("}", "}}")


def split_instruction(text: str) -> tuple[str, str]:
    """Return the words that are read aloud, and those in red, which are for the interviewer."""
    red = "\n".join(match[2] for match in _INSTRUCTION.finditer(text))
    spoken = _INSTRUCTION.sub("", text)
    return (spoken, red) if strip_markup(spoken) else ("", red)


def convert_text(
    translator: Translator, text: str, refusal: str = ""
) -> tuple[str, dict[str, str]]:
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
    marked = "".join(
        part if index % 2 == 0 else f"\x00{index // 2}\x00" for index, part in enumerate(parts)
    )
    return re.sub("\x00(\\d+)\x00", lambda match: fills[int(match[1])], strip_markup(marked)), lost


def render_fill(translator: Translator, tree: Expression) -> str:
    """Return a value as it is filled in. Raises UnsupportedError."""
    items, calculated = translator.form.items, None
    if isinstance(tree, Reference):
        calculated = translator.get_calculated(tree.name)
    match tree:
        case Literal(value):
            return strip_markup(value) if isinstance(value, str) else f"{value:g}"
        case Reference(name) if (
            name in items and items[name].kind == "metadata" and items[name].type in _FILLS
        ):
            return _FILLS[items[name].type]
        case Reference() if calculated is not None and not calculated.name:
            return render_fill(translator, calculated.tree)
        case Reference(name):
            always = (
                name in items
                and items[name].is_required()
                and items[name].build_relevance() == TRUE
            )
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
            written = re.sub(
                r"[ T,-]*(at )?%[HhIM].*", "", form.replace("%e", "%-d").replace("%n", "%m")
            )
            fill = render_fill(translator, value).partition("|")[0].strip("{}")
            if written and not re.search(r"%-?[^AadBbmY]", written.replace("%-d", "%d")):
                return f"{{{fill}:{written}}}"
        case XPathCall("today" | "now", ()):
            return "{today}"
        case XPathCall("index", ()):
            return "{turn}"
    raise UnsupportedError("a calculation with several parts must have a name to be filled in")


_RANDOM: Final = (XPathCall("random", ()), XPathCall("once", (XPathCall("random", ()),)))
_STRICT: Final = (
    "sum",
    "min",
    "max",
    "+",
    "-",
    "*",
    "div",
    "once",
    "round",
    "int",
    "jr:choice-name",
    "choice-label",
)
_KEPT: Final = ("duration", "now", "phone-call-log")
"""Functions whose value the program stores by itself: times, and calls with their outcomes."""
_TRUTHS: Final = (
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "and",
    "or",
    "not",
    "selected",
    "true",
    "false",
    "boolean",
)


def convert_calculations(
    translator: Translator, refused: Mapping[Cell, str]
) -> list[tuple[FormItem, str]]:
    """Convert every calculation, each after those that it uses, and return the computes.

    `translator.calculations` receives what they became, or the reason why they can't be carried over.
    """
    computes: list[tuple[FormItem, str]] = []
    kept = translator.kept

    def convert(item: FormItem) -> None:
        if item.name in translator.calculations:
            return
        translator.calculations[item.name] = "it depends on itself"
        try:
            if reason := refused.get(("survey", item.row.number, "calculation")):
                raise UnsupportedError(reason)
            tree = item.parse("calculation") or Literal(item.row.get("default"))
            items = translator.form.items
            asked: dict[Expression, Expression] = {
                XPathCall("relevant", (Reference(n),)): items[n].build_relevance()
                for n in xpath.find_references(tree) & items.keys()
                if items[n].kind not in ANSWERED
            }
            tree = xpath.replace_parts(tree, asked)
            if tree == NO_VALUE:
                raise UnsupportedError("nothing is calculated")
            relevance = item.build_relevance()
            used_names = (
                xpath.find_references(tree) | xpath.find_references(relevance)
            ) & items.keys()
            if item.name in used_names:
                raise UnsupportedError("it depends on itself")
            for name in sorted(used_names):
                if items[name].kind == "calculate":
                    convert(items[name])
            if relevance != TRUE and not _is_strict(translator, item, tree):
                tree = XPathCall("if", (relevance, tree, NO_VALUE))
            translator.unknown_codes.clear()
            calculated, text = _translate(translator, item, tree)
            translator.mistakes[item.name] = tuple(translator.unknown_codes)
            translator.calculations[item.name] = calculated
            if text not in ("", item.id):
                computes.append((item, text))
        except UnsupportedError as error:
            translator.calculations[item.name] = str(error)
            words = item.row.get("calculation")
            used = set(re.findall(r"\$\{(.*?)\}", words))
            if used <= kept and (used or any(f"{name}(" in words for name in _KEPT)):
                kept.add(item.name)

    for item in translator.form.root.iterate_items():
        if item.kind == "calculate" and translator.form.items[item.name] is item:
            convert(item)
    return computes


def _translate(translator: Translator, item: FormItem, tree: Expression) -> tuple[Calculated, str]:
    """Return what a calculation becomes, and the text of its compute, which may be empty."""
    if tree in _RANDOM:
        return _split_random(translator, item), ""
    # In a repeat it is inserted where it is used, which may be as late as at the end of the repeat.
    translator.item = list(item.repeat.iterate_items())[-1] if item.repeat is not None else None
    inserted = item.repeat is not None
    try:
        if isinstance(tree, XPathCall) and tree.name in _TRUTHS:
            text = translator.is_true(tree).text
            return Calculated(tree, "", "truth"), "" if inserted or text in (
                "true",
                "false",
            ) else text
        part = translator.evaluate(tree)
        return Calculated(
            tree, "" if inserted else item.id, part.kind or "text"
        ), "" if inserted else part.text
    except UnsupportedError as error:
        try:
            if translator.find_join(tree) is not None:
                translator.is_true(XPathCall("!=", (tree, NO_VALUE)))
            else:
                render_fill(translator, tree)
        except UnsupportedError:
            raise error from None
        return Calculated(tree), ""
    finally:
        translator.item = None


def _is_strict(translator: Translator, item: FormItem, tree: Expression) -> bool:
    """Return whether the value is empty by itself, because its questions are not asked, where it is not relevant."""
    match tree:
        case Reference(name) if name in translator.form.items and not item.row.get("relevant"):
            return any(
                item.parent is parent for parent in translator.form.items[name].iterate_parents()
            )
        case XPathCall("coalesce", arguments):
            return all(_is_strict(translator, item, argument) for argument in arguments)
        case XPathCall(name, arguments) if name in _STRICT:
            return any(_is_strict(translator, item, argument) for argument in arguments)
        case _:
            return False


def _split_random(translator: Translator, item: FormItem) -> Calculated:
    """Replace a random number by a split whose arms are the intervals between the limits that conditions name."""
    cells = " ".join(other.row.get("relevant") for other in translator.form.items.values())
    limits = re.findall(rf"\$\{{{re.escape(item.name)}\}}\s*[<>]=?\s*(0?\.\d+)", cells)
    if not limits:
        raise UnsupportedError("a random number is not stored: write a split")
    edges = sorted({0.0, 1.0, *(round(float(limit), 3) for limit in limits)})
    arms = dict(zip(map(chr, count(ord("a"))), pairwise(edges), strict=False))
    translator.codes[item.id] = {
        str((low + high) / 2): f"'{arm}'" for arm, (low, high) in arms.items()
    }
    shares = {arm: round(1000 * (high - low)) for arm, (low, high) in arms.items()}
    translator.arms[item.name] = {
        arm: share // gcd(*shares.values()) for arm, share in shares.items()
    }
    return Calculated(Reference(item.name), item.id, "text")
