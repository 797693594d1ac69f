"""Codes that the constraint of a number admits beside its range, and what each stands for.

`(. >= 0 and . <= 120) or . = -999 or . = -888` is a number from 0 to 120 with two codes. What they
mean is in the hint or the label (`-999 = Don't know`), among the choices of another question, or
only a convention.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from survey_cli.conversion.model.decline_words import find_decline_kind
from survey_cli.conversion.model.expressions import (
    All,
    AnswerOf,
    AnyOf,
    Constant,
    Expression,
    ValueComparison,
    join_any,
    list_disjuncts,
)
from survey_cli.conversion.model.forms import ForeignForm, FormChoice, FormQuestion
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS

_USUAL_CODE: Final = re.compile(r"-\d+|([789])\1*|9+[678]")
"""Codes that are no amount: negative ones, 7, 88, 999, 98."""
_CONVENTIONS: Final = {"dk": re.compile(r"-9+"), "refused": re.compile(r"-8+|-9+8")}
"""What a code means that no form explains, as in Innovations for Poverty Action's templates."""
_COMMAND: Final = re.compile(r"(?i)^\W*(?:please )?(?:enter|type|write|record|use|code)\b")
_CONJUNCTION: Final = re.compile(r"(?i)^(?:for|if|when|means|is)\b")
_SEGMENT: Final = re.compile(r"[,;/\n|]|\.\s|\s{2,}| (?:and|or|y|et|ou|e) ")


class Sentinel(NamedTuple):
    """A code that a number can have beside its range."""

    code: int
    kind: str
    """The decline that it stands for: `dk`, `refused`, `code_777`. Empty for a labeled number."""
    text: str
    """What the form calls it; empty if it doesn't."""
    choice: FormChoice | None
    """The choice of another question that explains it."""


def find_sentinels(form: ForeignForm, item: FormQuestion) -> list[Sentinel]:
    """Find the codes of a number beside its range, in the order of the constraint."""
    if item.answer != "number" or item.constraint is None:
        return []
    tree = item.constraint.tree
    return list(_explain_codes(form, item, _list_codes(tree)))


def split_sentinels(tree: Expression, sentinels: list[Sentinel]) -> Expression:
    """Return the constraint without the parts that admit these codes, or numbers of its range."""
    codes = {sentinel.code for sentinel in sentinels}
    parts = list_disjuncts(tree)
    ranges = [part for part in parts if find_code(part) is None]
    others: list[Expression] = []
    for part in parts:
        code = find_code(part)
        if code is not None:
            is_in_range = any(_holds(range_, code) for range_ in ranges)
            if code in codes or is_in_range:
                continue
        others.append(part)
    return join_any(others)


def find_code(part: Expression) -> float | None:
    """Return the number that `. = -999` admits; None if the expression is something else."""
    match part:
        case ValueComparison(AnswerOf("."), "==", Constant(value)) | ValueComparison(
            Constant(value), "==", AnswerOf(".")
        ):
            with suppress(ValueError):
                return float(value)
    return None


def _list_codes(tree: Expression) -> Iterator[int]:
    """Yield the codes that are joined to a range by `or`, and lie outside of it."""
    parts = list_disjuncts(tree)
    ranges = [part for part in parts if find_code(part) is None]
    if not ranges:
        return

    for part in parts:
        code = find_code(part)
        if code is None or not code.is_integer():
            continue
        # A number without a lower limit begins at 0 in the questionnaire, so that a negative code
        # is always outside.
        if code < 0 or all(_holds(range_, code) is False for range_ in ranges):
            yield int(code)


def _holds(tree: Expression, value: float) -> bool | None:
    """Return whether a constraint holds for a number; None if that depends on something else."""
    match tree:
        case All(arguments) | AnyOf(arguments):
            truths = [_holds(argument, value) for argument in arguments]
            decisive = isinstance(tree, AnyOf)
            if decisive in truths:
                return decisive
            if None in truths:
                return None
            return not decisive
        case ValueComparison(AnswerOf("."), sign, Constant(float() as limit)):
            return bool(COMPARE[sign](value, limit))
        case ValueComparison(Constant(float() as limit), sign, AnswerOf(".")):
            return bool(COMPARE[MIRRORED_SIGNS[sign]](value, limit))
        case _:
            return None


def _explain_codes(
    form: ForeignForm, item: FormQuestion, codes: Iterator[int]
) -> Iterator[Sentinel]:
    taken: set[str] = set()
    for code in codes:
        text = find_explanation(item, code)
        choice = None
        kind = find_decline_kind(text)
        if not text:
            choice = _find_choice(form, str(code))
            kind = _find_conventional_kind(code) if choice is None else choice.decline

        is_amount = not kind and not _USUAL_CODE.fullmatch(str(code))
        is_labeled_number = not kind and code > 0 and bool(text or choice)
        if is_amount or is_labeled_number:
            yield Sentinel(code, "", text, choice)
            continue
        if not kind or kind in taken:
            kind = f"code_{abs(code)}"
        taken.add(kind)
        yield Sentinel(code, kind, text, choice)


def _find_conventional_kind(code: int) -> str:
    """Return the decline that a code stands for by convention; empty if it is none of them."""
    for kind, usual in _CONVENTIONS.items():
        if usual.fullmatch(str(code)):
            return kind
    return ""


def find_explanation(item: FormQuestion, code: int) -> str:
    """Return the words that explain a code in the hint or the label.

    Of `Don't know: -99. Refused: -98`, that is the part with the code.
    """
    texts = [*item.instruction.list_words(), *item.label.list_words()]
    written = rf"(?<![\d.-]){re.escape(str(code))}(?!\d)"
    number = re.compile(written)
    labeled = re.compile(rf"^\W*{written}\s*(?:[:=)–-]|for\b|if\b|means\b)|[:=(–-]\s*{written}\W*$")
    for text in texts:
        without_tags = re.sub(r"<[^>]*>", " ", text)
        before = ""
        for segment in _SEGMENT.split(without_tags):
            if not segment.strip():
                continue
            if number.search(segment):
                words = _strip(number.sub(" ", segment))
                if find_decline_kind(words):
                    return words
                if words and labeled.search(_COMMAND.sub("", segment)):
                    return words
                # "if the respondent doesn't know, enter -99"
                if find_decline_kind(before) and not re.search(r"\d", before):
                    return _strip(before)
            before = segment
    return ""


def _strip(segment: str) -> str:
    """Return the words of an explanation: of `enter … for don't know`, what follows."""
    words = _CONJUNCTION.sub("", _COMMAND.sub("", segment).strip(' :=()[]"–—-.'))
    return " ".join(words.split()).strip(' :=()[]"–—-.')


def _find_choice(form: ForeignForm, code: str) -> FormChoice | None:
    """Return the choice with this code, if those of all questions agree on what it is."""
    choices: list[FormChoice] = []
    for choice_list in form.list_choice_lists():
        choices += [choice for choice in choice_list.choices if choice.code == code]
    meanings = set()
    for choice in choices:
        texts = choice.texts.list_words() or [""]
        meanings.add(choice.decline or texts[0].casefold())
    if len(meanings) != 1:
        return None
    return choices[0]
