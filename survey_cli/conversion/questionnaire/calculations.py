"""Calculations of a form: computes, and splits for random numbers."""

from collections.abc import Mapping
from itertools import pairwise
from math import gcd
from typing import Final

from survey_cli.conversion.model.expressions import (
    NO_VALUE,
    YES,
    All,
    Answered,
    AnswerOf,
    AnyOf,
    Chosen,
    Constant,
    Expression,
    FunctionCall,
    Not,
    Shown,
    TruthConstant,
    UnsupportedError,
    ValueComparison,
    find_names,
    iterate_parts,
)
from survey_cli.conversion.model.forms import (
    FormCalculation,
    Origin,
)
from survey_cli.conversion.questionnaire.conditions import Translator
from survey_cli.conversion.questionnaire.fills import render_fill
from survey_cli.conversion.questionnaire.names import Calculated
from survey_cli.conversion.questionnaire.simplification import find_join

_RANDOM: Final = FunctionCall("random")
_STRICT: Final = ("sum", "min", "max", "+", "-", "*", "/", "round", "truncate", "label")
"""Functions without a value if one of their arguments has none."""
_TRUTHS: Final = (
    TruthConstant,
    All,
    AnyOf,
    Not,
    ValueComparison,
    Chosen,
    Answered,
    Shown,
)
"""Expressions that are conditions."""


def convert_calculations(
    translator: Translator, refused: Mapping[Origin, str]
) -> list[tuple[FormCalculation, str]]:
    """Convert every calculation, each after those that it uses, and return the computes.

    `translator.calculations` receives what they became, or the reason why they can't be carried
    over.
    """
    conversion = _CalculationConversion(translator, refused)
    for item in translator.form.root.iterate_items():
        if isinstance(item, FormCalculation) and translator.form.items[item.name] is item:
            conversion.convert(item)
    return conversion.computes


class _CalculationConversion:
    """Conversion of the calculations of one form, in the order in which they need each other."""

    def __init__(self, translator: Translator, refused: Mapping[Origin, str]) -> None:
        self._translator = translator
        self._items = translator.form.items
        self._refused = refused
        self.computes: list[tuple[FormCalculation, str]] = []

    def convert(self, item: FormCalculation) -> None:
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

    def _build_tree(self, item: FormCalculation) -> Expression:
        """Parse a calculation, convert those that it uses, and add its relevance.

        Raises UnsupportedError.
        """
        reason = self._refused.get(item.formula.origin)
        if reason:
            raise UnsupportedError(reason)

        tree = item.formula.get_tree()
        if tree == NO_VALUE:
            raise UnsupportedError("nothing is calculated")

        relevance = item.build_relevance()
        names = find_names(tree) | find_names(relevance)
        used_names = names & self._items.keys()
        if item.name in used_names:
            raise UnsupportedError("it depends on itself")
        for name in sorted(used_names):
            used = self._items[name]
            if isinstance(used, FormCalculation):
                self.convert(used)

        if relevance != YES and not _is_strict(self._translator, item, tree):
            return FunctionCall("if", (relevance, tree, NO_VALUE))
        return tree

    def _note_kept(self, item: FormCalculation) -> None:
        """Note a calculation whose value the program stores anyway, so that nothing is lost."""
        kept = self._translator.kept
        used = find_names(item.formula.tree)
        if not used <= kept:
            return
        if used or item.is_stored_anyway:
            kept.add(item.name)


def _translate(
    translator: Translator, item: FormCalculation, tree: Expression
) -> tuple[Calculated, str]:
    """Return what a calculation becomes, and the text of its compute, which may be empty."""
    if tree == _RANDOM:
        return _split_random(translator, item), ""

    # In a roster it is inserted where it is used, which may be as late as at the end of the roster.
    inserted = item.roster is not None
    if item.roster is not None:
        *_, translator.item = item.roster.iterate_items()
    else:
        translator.item = None

    try:
        return _translate_value(translator, item, tree, inserted=inserted)
    except UnsupportedError as error:
        try:
            if find_join(translator, tree) is not None:
                translator.is_true(Answered(tree))
            else:
                render_fill(translator, tree)
        except UnsupportedError:
            raise error from None
        # It has no value in a compute, and can be joined into conditions or filled into texts.
        return Calculated(tree), ""
    finally:
        translator.item = None


def _translate_value(
    translator: Translator, item: FormCalculation, tree: Expression, *, inserted: bool
) -> tuple[Calculated, str]:
    """Translate a calculation that has a value. Raises UnsupportedError."""
    if isinstance(tree, _TRUTHS):
        text = translator.is_true(tree).text
        if inserted or text in ("true", "false"):
            text = ""
        return Calculated(tree, "", "truth"), text

    part = translator.evaluate_value(tree)
    kind = part.kind or "text"
    if inserted:
        return Calculated(tree, "", kind), ""
    return Calculated(tree, item.id, kind), part.text


def _is_strict(translator: Translator, item: FormCalculation, tree: Expression) -> bool:
    """Return whether the value is empty anyway if the calculation isn't relevant.

    That is so if the questions that it uses are not asked then.
    """
    match tree:
        case AnswerOf(name) if name in translator.form.items and item.condition is None:
            parents = translator.form.items[name].iterate_parents()
            return any(item.parent is parent for parent in parents)
        case FunctionCall("first_answered", arguments):
            return all(_is_strict(translator, item, argument) for argument in arguments)
        case FunctionCall(name, arguments) if name in _STRICT:
            return any(_is_strict(translator, item, argument) for argument in arguments)
        case _:
            return False


def _split_random(translator: Translator, item: FormCalculation) -> Calculated:
    """Replace a random number by a split.

    Its arms are the intervals between the limits that conditions name.
    """
    limits = _list_limits(translator, item.name)
    if not limits:
        raise UnsupportedError("a random number is not stored: write a split")

    edges = sorted({0.0, 1.0, *limits})
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
    return Calculated(AnswerOf(item.name), item.id, "text")


def _list_limits(translator: Translator, name: str) -> set[float]:
    """Return the shares that conditions compare a random number with."""
    limits: set[float] = set()
    for item in translator.form.items.values():
        if item.condition is None:
            continue
        for part in iterate_parts(item.condition.tree):
            match part:
                case ValueComparison(AnswerOf(used), sign, Constant(float() as limit)) if (
                    used == name and sign not in ("==", "!=") and 0 < limit < 1
                ):
                    limits.add(round(limit, 3))
    return limits
