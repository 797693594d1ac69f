"""Calculations of a form: computes, splits for random numbers, or expressions that are inserted where they are used."""

import re
from collections.abc import Mapping
from itertools import pairwise
from math import gcd
from typing import Final

from survey_cli.conversion import xpath
from survey_cli.conversion.conditions import ANSWERED, Calculated, Translator
from survey_cli.conversion.form import FormItem
from survey_cli.conversion.texts import render_fill
from survey_cli.conversion.yaml_text import Cell

_RANDOM: Final = (xpath.XPathCall("random", ()), xpath.XPathCall("once", (xpath.XPathCall("random", ()),)))
_STRICT: Final = ("sum", "min", "max", "+", "-", "*", "div", "once", "round", "int", "jr:choice-name", "choice-label")
_KEPT: Final = ("duration", "now", "phone-call-log")
"""Functions whose value the program stores by itself: times, and calls with their outcomes."""
_TRUTHS: Final = ("==", "!=", "<", "<=", ">", ">=", "and", "or", "not", "selected", "true", "false", "boolean")


def convert_calculations(translator: Translator, refused: Mapping[Cell, str]) -> list[tuple[FormItem, str]]:
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
                raise xpath.UnsupportedError(reason)
            tree = item.parse("calculation") or xpath.Literal(item.row.get("default"))
            items = translator.form.items
            asked: dict[xpath.Expression, xpath.Expression] = {
                xpath.XPathCall("relevant", (xpath.Reference(n),)): items[n].build_relevance()
                for n in xpath.find_references(tree) & items.keys()
                if items[n].kind not in ANSWERED
            }
            tree = xpath.replace_parts(tree, asked)
            if tree == xpath.NO_VALUE:
                raise xpath.UnsupportedError("nothing is calculated")
            relevance = item.build_relevance()
            used_names = (xpath.find_references(tree) | xpath.find_references(relevance)) & items.keys()
            if item.name in used_names:
                raise xpath.UnsupportedError("it depends on itself")
            for name in sorted(used_names):
                if items[name].kind == "calculate":
                    convert(items[name])
            if relevance != xpath.TRUE and not _is_strict(translator, item, tree):
                tree = xpath.XPathCall("if", (relevance, tree, xpath.NO_VALUE))
            calculated, text = _translate(translator, item, tree)
            translator.calculations[item.name] = calculated
            if text not in ("", item.id):
                computes.append((item, text))
        except xpath.UnsupportedError as error:
            translator.calculations[item.name] = str(error)
            words = item.row.get("calculation")
            used = set(re.findall(r"\$\{(.*?)\}", words))
            if used <= kept and (used or any(f"{name}(" in words for name in _KEPT)):
                kept.add(item.name)

    for item in translator.form.root.iterate_items():
        if item.kind == "calculate" and translator.form.items[item.name] is item:
            convert(item)
    return computes


def _translate(translator: Translator, item: FormItem, tree: xpath.Expression) -> tuple[Calculated, str]:
    """Return what a calculation becomes, and the text of its compute, which may be empty."""
    if tree in _RANDOM:
        return _split_random(translator, item), ""
    # In a repeat it is inserted where it is used, which may be as late as at the end of the repeat.
    translator.item = list(item.repeat.iterate_items())[-1] if item.repeat is not None else None
    try:
        if isinstance(tree, xpath.XPathCall) and tree.name in _TRUTHS:
            text = translator.is_true(tree).text
            return Calculated(tree, "", "truth"), "" if item.repeat is not None or text in ("true", "false") else text
        part = translator.evaluate(tree)
    except xpath.UnsupportedError as error:
        try:
            if translator.find_join(tree) is not None:
                translator.is_true(xpath.XPathCall("!=", (tree, xpath.NO_VALUE)))
            else:
                render_fill(translator, tree)
        except xpath.UnsupportedError:
            raise error from None
        return Calculated(tree), ""
    finally:
        translator.item = None
    inserted = item.repeat is not None
    return Calculated(tree, "" if inserted else item.id, part.kind or "text"), "" if inserted else part.text


def _is_strict(translator: Translator, item: FormItem, tree: xpath.Expression) -> bool:
    """Return whether the value is empty by itself, because its questions are not asked, where it is not relevant."""
    match tree:
        case xpath.Reference(name):
            other = translator.form.items.get(name)
            return (
                other is not None
                and any(item.parent is parent for parent in other.iterate_parents())
                and not item.row.get("relevant")
            )
        case xpath.XPathCall("coalesce", arguments):
            return all(_is_strict(translator, item, argument) for argument in arguments)
        case xpath.XPathCall(name, arguments) if name in _STRICT:
            return any(_is_strict(translator, item, argument) for argument in arguments)
        case _:
            return False


def _split_random(translator: Translator, item: FormItem) -> Calculated:
    """Replace a random number by a split whose arms are the intervals between the limits that conditions name."""
    cells = " ".join(other.row.get("relevant") for other in translator.form.items.values())
    limits = re.findall(rf"\$\{{{re.escape(item.name)}\}}\s*[<>]=?\s*(0?\.\d+)", cells)
    if not limits:
        raise xpath.UnsupportedError("a random number is not stored: write a split")
    edges = sorted({0.0, 1.0, *(round(float(limit), 3) for limit in limits)})
    arms = {chr(ord("a") + index): limits for index, limits in enumerate(pairwise(edges))}
    translator.codes[item.id] = {str((low + high) / 2): f"'{arm}'" for arm, (low, high) in arms.items()}
    shares = {arm: round(1000 * (high - low)) for arm, (low, high) in arms.items()}
    translator.arms[item.name] = {arm: share // gcd(*shares.values()) for arm, share in shares.items()}
    return Calculated(xpath.Reference(item.name), item.id, "text")
