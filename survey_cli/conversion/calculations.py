"""Calculations and texts of a form: computes, splits for random numbers, and fills."""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import unescape
from itertools import pairwise
from math import gcd
from typing import Final

from survey_cli.conversion import xpath
from survey_cli.conversion.conditions import Translator
from survey_cli.conversion.form import SheetItem
from survey_cli.conversion.form_names import ANSWERED, Calculated
from survey_cli.conversion.simplification import find_join
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
"""In this order: scripts, bold words, list entries, lines, other tags, Markdown, links."""


# The text of a choice is converted once for every question that has its list.
@lru_cache(maxsize=10_000)
def strip_markup(text: str) -> str:
    """Remove HTML and Markdown; bold words keep two asterisks, and list entries a dash."""
    for pattern, replacement in _REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    text = re.sub(r"\*\*(\s*)([^*]*?)(\s*)\*\*", _tidy_bold, unescape(text))

    lines = []
    for line in text.split("\n"):
        tidied = re.sub(r"[ \t\xa0]+", " ", line).strip()
        if tidied != "-":
            lines.append(tidied)
    text = re.sub(r"\n+(?=- )", "\n", "\n".join(lines))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()

    # braces are fills in a questionnaire
    return text.replace("{", "{{").replace("}", "}}")


def _tidy_bold(match: re.Match[str]) -> str:
    """Move spaces out of bold words: ` ** now ** ` is ` **now** `. Bold spaces aren't bold."""
    before, words, after = match.groups()
    if not words:
        return before
    return f"{before}**{words}**{after}"


def split_instruction(text: str) -> tuple[str, str]:
    """Return the words that are read aloud, and those in red, which are for the interviewer."""
    red = "\n".join(match[2] for match in _INSTRUCTION.finditer(text))
    spoken = _INSTRUCTION.sub("", text)
    return (spoken, red) if strip_markup(spoken) else ("", red)


def convert_text(
    translator: Translator, text: str, refusal: str = ""
) -> tuple[str, dict[str, str]]:
    """Return a text, and by name the reasons why a value could not be filled in.

    A refusal is the reason for all names.
    """
    fills: list[str] = []
    lost: dict[str, str] = {}

    def mark_fill(match: re.Match[str]) -> str:
        name = match[1]
        try:
            if refusal:
                raise UnsupportedError(refusal)
            fills.append(render_fill(translator, Reference(name)))
        except UnsupportedError as error:
            fills.append("…")
            lost[name] = str(error)
        return f"\x00{len(fills) - 1}\x00"

    # a mark keeps the place of a fill, whose braces would be taken for text
    marked = re.sub(r"\$\{\s*([^}]+?)\s*\}", mark_fill, text)
    stripped = strip_markup(marked)
    return re.sub("\x00(\\d+)\x00", lambda mark: fills[int(mark[1])], stripped), lost


def render_fill(translator: Translator, tree: Expression) -> str:
    """Return a value as it is filled in. Raises UnsupportedError."""
    match tree:
        case Literal(str(words)):
            return strip_markup(words)
        case Literal(number):
            return f"{number:g}"
        case Reference():
            return _render_named_fill(translator, tree)
        case XPathCall("concat", arguments):
            return "".join(render_fill(translator, argument) for argument in arguments)
        case XPathCall("once" | "string" | "jr:choice-name" | "choice-label", (argument, *_)):
            return render_fill(translator, argument)
        case XPathCall("if", (_, then, otherwise)) if otherwise == NO_VALUE:
            return render_fill(translator, then)
        case XPathCall("coalesce", (argument, Literal(str(words)))):
            return render_fill(translator, argument).replace("|…}", f"|{strip_markup(words)}}}")
        case XPathCall("format-date" | "format-date-time", (value, Literal(str(form)))):
            spelled = form.replace("%e", "%-d").replace("%n", "%m")
            without_time = re.sub(r"[ T,-]*(at )?%[HhIM].*", "", spelled)
            filled, _, _ = render_fill(translator, value).partition("|")
            name = filled.strip("{}")
            unknown = re.search(r"%-?[^AadBbmY]", without_time.replace("%-d", "%d"))
            if without_time and not unknown:
                return f"{{{name}:{without_time}}}"
        case XPathCall("today" | "now", ()):
            return "{today}"
        case XPathCall("index", ()):
            return "{turn}"
    raise UnsupportedError("a calculation with several parts must have a name to be filled in")


def _render_named_fill(translator: Translator, reference: Reference) -> str:
    """Return the value of a name as it is filled in, with `…` if it may have none."""
    name = reference.name
    item = translator.form.items.get(name)
    if item is not None and item.kind == "metadata" and item.type in _FILLS:
        return _FILLS[item.type]

    calculated = translator.get_calculated(name)
    if calculated is not None and not calculated.name:
        return render_fill(translator, calculated.tree)

    value = translator.evaluate(reference).text
    if not re.fullmatch(r"\w+", value):
        raise UnsupportedError(f"{name} is not known in an interview")
    is_asked_always = item is not None and item.is_required() and item.build_relevance() == TRUE
    if is_asked_always and calculated is None:
        return f"{{{value}}}"
    return f"{{{value}|…}}"


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
) -> list[tuple[SheetItem, str]]:
    """Convert every calculation, each after those that it uses, and return the computes.

    `translator.calculations` receives what they became, or the reason why they can't be carried
    over.
    """
    conversion = _CalculationConversion(translator, refused)
    for item in translator.form.root.iterate_items():
        if item.kind == "calculate" and translator.form.items[item.name] is item:
            conversion.convert(item)
    return conversion.computes


class _CalculationConversion:
    """Conversion of the calculations of one form, in the order in which they need each other."""

    def __init__(self, translator: Translator, refused: Mapping[Cell, str]) -> None:
        self._translator = translator
        self._items = translator.form.items
        self._refused = refused
        self.computes: list[tuple[SheetItem, str]] = []

    def convert(self, item: SheetItem) -> None:
        """Convert a calculation, unless that is done, after those that it uses."""
        translator = self._translator
        if item.name in translator.calculations:
            return

        # What stays of this, if the calculation is met again before it is converted.
        translator.calculations[item.name] = "it depends on itself"
        try:
            tree = self._build_tree(item)
            translator.unknown_codes.clear()
            calculated, text = _translate(translator, item, tree)
        except UnsupportedError as error:
            translator.calculations[item.name] = str(error)
            self._note_kept(item)
            return

        translator.mistakes[item.name] = tuple(translator.unknown_codes)
        translator.calculations[item.name] = calculated
        if text not in ("", item.id):
            self.computes.append((item, text))

    def _build_tree(self, item: SheetItem) -> Expression:
        """Parse a calculation, convert those that it uses, and add its relevance.

        Raises UnsupportedError.
        """
        reason = self._refused.get(("survey", item.row.number, "calculation"))
        if reason:
            raise UnsupportedError(reason)

        tree = item.parse("calculation") or Literal(item.row.get("default"))
        tree = xpath.replace_parts(tree, self._list_relevances(tree))
        if tree == NO_VALUE:
            raise UnsupportedError("nothing is calculated")

        relevance = item.build_relevance()
        names = xpath.find_references(tree) | xpath.find_references(relevance)
        used_names = names & self._items.keys()
        if item.name in used_names:
            raise UnsupportedError("it depends on itself")
        for name in sorted(used_names):
            if self._items[name].kind == "calculate":
                self.convert(self._items[name])

        if relevance != TRUE and not _is_strict(self._translator, item, tree):
            return XPathCall("if", (relevance, tree, NO_VALUE))
        return tree

    def _list_relevances(self, tree: Expression) -> dict[Expression, Expression]:
        """List `relevant(name)` of names that no question has, with the condition it stands for."""
        relevances: dict[Expression, Expression] = {}
        for name in sorted(xpath.find_references(tree) & self._items.keys()):
            item = self._items[name]
            if item.kind not in ANSWERED:
                relevances[XPathCall("relevant", (Reference(name),))] = item.build_relevance()
        return relevances

    def _note_kept(self, item: SheetItem) -> None:
        """Note a calculation whose value the program stores anyway, so that nothing is lost."""
        kept = self._translator.kept
        words = item.row.get("calculation")
        used = set(re.findall(r"\$\{(.*?)\}", words))
        if not used <= kept:
            return
        if used or any(f"{name}(" in words for name in _KEPT):
            kept.add(item.name)


def _translate(translator: Translator, item: SheetItem, tree: Expression) -> tuple[Calculated, str]:
    """Return what a calculation becomes, and the text of its compute, which may be empty."""
    if tree in _RANDOM:
        return _split_random(translator, item), ""

    # In a repeat it is inserted where it is used, which may be as late as at the end of the repeat.
    inserted = item.repeat is not None
    if item.repeat is not None:
        *_, translator.item = item.repeat.iterate_items()
    else:
        translator.item = None

    try:
        return _translate_value(translator, item, tree, inserted=inserted)
    except UnsupportedError as error:
        try:
            if find_join(translator, tree) is not None:
                translator.is_true(XPathCall("!=", (tree, NO_VALUE)))
            else:
                render_fill(translator, tree)
        except UnsupportedError:
            raise error from None
        # It has no value in a compute, and can be joined into conditions or filled into texts.
        return Calculated(tree), ""
    finally:
        translator.item = None


def _translate_value(
    translator: Translator, item: SheetItem, tree: Expression, *, inserted: bool
) -> tuple[Calculated, str]:
    """Translate a calculation that has a value. Raises UnsupportedError."""
    if isinstance(tree, XPathCall) and tree.name in _TRUTHS:
        text = translator.is_true(tree).text
        if inserted or text in ("true", "false"):
            text = ""
        return Calculated(tree, "", "truth"), text

    part = translator.evaluate(tree)
    kind = part.kind or "text"
    if inserted:
        return Calculated(tree, "", kind), ""
    return Calculated(tree, item.id, kind), part.text


def _is_strict(translator: Translator, item: SheetItem, tree: Expression) -> bool:
    """Return whether the value is empty anyway if the calculation isn't relevant.

    That is so if the questions that it uses are not asked then.
    """
    match tree:
        case Reference(name) if name in translator.form.items and not item.row.get("relevant"):
            parents = translator.form.items[name].iterate_parents()
            return any(item.parent is parent for parent in parents)
        case XPathCall("coalesce", arguments):
            return all(_is_strict(translator, item, argument) for argument in arguments)
        case XPathCall(name, arguments) if name in _STRICT:
            return any(_is_strict(translator, item, argument) for argument in arguments)
        case _:
            return False


def _split_random(translator: Translator, item: SheetItem) -> Calculated:
    """Replace a random number by a split.

    Its arms are the intervals between the limits that conditions name.
    """
    cells = " ".join(other.row.get("relevant") for other in translator.form.items.values())
    limits = re.findall(rf"\$\{{{re.escape(item.name)}\}}\s*[<>]=?\s*(0?\.\d+)", cells)
    if not limits:
        raise UnsupportedError("a random number is not stored: write a split")

    edges = sorted({0.0, 1.0, *(round(float(limit), 3) for limit in limits)})
    codes: dict[str, str] = {}
    shares: dict[str, int] = {}
    for number, (low, high) in enumerate(pairwise(edges)):
        arm = chr(ord("a") + number)
        middle = (low + high) / 2
        codes[str(middle)] = f"'{arm}'"
        shares[arm] = round(1000 * (high - low))

    translator.codes[item.id] = codes
    divisor = gcd(*shares.values())
    translator.arms[item.name] = {arm: share // divisor for arm, share in shares.items()}
    return Calculated(Reference(item.name), item.id, "text")
