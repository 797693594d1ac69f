"""Parts of conditions in the questionnaire language: how they are joined, negated and written.

Nothing here knows the format of the form that a condition comes from.
"""

import re
from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import Final, NamedTuple

from survey_cli.conversion.model.expressions import UnsupportedError
from survey_cli.instrument.expressions.comparisons import OPPOSITE_SIGNS

DECLINES: Final = ("dk", "refused")

_STATE: Final = re.compile(r"(answered|declined|dk|refused)\([\w.]+\)")
_COMPARISON: Final = re.compile(
    r"(?P<code>\S+) in (?P<several>\w+)"
    r"|(?P<item>\w+) (?P<sign>[=<>!]+) (?P<value>-?\d[\d.]*|'[^']*')"
)
_EQUALITY: Final = re.compile(r"(?P<name>\w+) == (?P<code>-?\d+|'[^']*')")
_CONSTANT: Final = re.compile(r"-?\d+(\.\d+)?")
_ALL_TURNS: Final = re.compile(r"(?<![\w\]])[A-Za-z]\w*\.[A-Za-z]")
"""`roster.item`, which has a value for every turn; `roster[1].item` has one."""


class Strength(IntEnum):
    """How tightly the outermost operator of a part binds."""

    CHOICE = 0  # a if b else c
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    PRODUCT = 6
    NAME = 7  # also a constant, or a function with its arguments


class Part(NamedTuple):
    """A part of a condition."""

    text: str
    strength: Strength = Strength.NAME
    kind: str = "truth"
    """truth, number, text, code, codes, date or time; `label` is the text of a code.

    It is empty for a value that is always missing.
    """

    def enclose(self, strength: int) -> str:
        """Return the text, in brackets unless it binds more tightly."""
        return self.text if self.strength > strength else f"({self.text})"


YES: Final = Part("true")
NO: Final = Part("false")


def join_truths(parts: Iterable[Part], word: str) -> Part:
    """Join truth values by `and`, or by `or`."""
    if word == "and":
        neutral = YES
        decisive = NO
        strength = Strength.AND
    else:
        neutral = NO
        decisive = YES
        strength = Strength.OR

    kept = list(dict.fromkeys(part for part in parts if part != neutral))
    if decisive in kept:
        return decisive
    if not kept:
        return neutral
    if len(kept) == 1:
        return kept[0]

    if word == "or":
        listed = _join_equalities(kept)
        if listed is not None:
            return listed

    texts: list[str] = []
    for part in kept:
        if part.strength == strength:
            texts.append(part.text)
        else:
            # `and` binds more tightly than `or`, but a designer reads the brackets more easily.
            texts.append(part.enclose(Strength.AND))
    return Part(f" {word} ".join(texts), strength)


def _join_equalities(parts: list[Part]) -> Part | None:
    """Return `a in [1, 2]` for `a == 1` and `a == 2`; None if the parts are something else."""
    names: set[str] = set()
    codes: list[str] = []
    for part in parts:
        equality = _EQUALITY.fullmatch(part.text)
        if equality is None:
            return None
        names.add(equality["name"])
        codes.append(equality["code"])

    if len(names) > 1:
        return None
    return Part(f"{names.pop()} in [{', '.join(codes)}]", Strength.COMPARISON)


def negate(part: Part) -> Part:
    """Return a condition that is true exactly if the part is not true, and never unknown."""
    if part == YES:
        return NO
    if part == NO:
        return YES
    if part.strength == Strength.NOT:
        return Part(part.text.removeprefix("not "))
    if _STATE.fullmatch(part.text):
        return Part(f"not {part.text}", Strength.NOT)

    comparison = _COMPARISON.fullmatch(part.text)
    if comparison is not None:
        return _negate_comparison(comparison)

    # `count` counts what is true, and takes unknown for false. Over all turns it counts turns.
    if _ALL_TURNS.search(part.text):
        number = f"0 if {part.enclose(Strength.CHOICE)} else 1"
        return Part(f"default({number}, 1, {', '.join(DECLINES)}) == 1", Strength.COMPARISON)
    return Part(f"count({part.text}) == 0", Strength.COMPARISON)


def negate_answered(part: Part, are_answered: Collection[Part]) -> Part:
    """Negate a part of an `and` whose other parts, `are_answered`, test that values are answered.

    `answered(age) and age != 0` doesn't need a second test of age.
    """
    comparison = _COMPARISON.fullmatch(part.text)
    if comparison is not None:
        name = comparison["several"] or comparison["item"]
        if Part(f"answered({name})") in are_answered:
            return Part(_write_opposite(comparison), Strength.COMPARISON)
    return negate(part)


def _negate_comparison(comparison: re.Match[str]) -> Part:
    name = comparison["several"] or comparison["item"]
    return Part(f"not answered({name}) or {_write_opposite(comparison)}", Strength.OR)


def _write_opposite(comparison: re.Match[str]) -> str:
    """Return the comparison with the opposite sign, which is unknown for a missing answer, too."""
    code = comparison["code"]
    if code is not None:
        return f"{code} not in {comparison['several']}"
    sign = OPPOSITE_SIGNS[comparison["sign"]]
    return f"{comparison['item']} {sign} {comparison['value']}"


def choose(test: Part, then: Part, otherwise: Part) -> Part:
    """Return `then` or `otherwise`, depending on whether the test is true."""
    if test == YES:
        return then
    if test == NO:
        return otherwise
    if test.strength == Strength.NOT:
        return choose(negate(test), otherwise, then)

    kinds = {then.kind, otherwise.kind} - {""}
    others = kinds - {"code"}
    if kinds in ({"number", "text"}, {"text"}):
        then = _write_as_text(then)
        otherwise = _write_as_text(otherwise)
    elif len(others) > 1:
        words = " and sometimes a ".join(sorted(kinds))
        raise UnsupportedError(f"the result is sometimes a {words}")

    if not kinds or "text" in kinds:
        kind = "text"
    elif others:
        [kind] = others
    else:
        kind = "code"
    condition = _make_test_known(test).enclose(Strength.CHOICE)
    text = f"{then.enclose(Strength.CHOICE)} if {condition} else {otherwise.text}"
    return Part(text, Strength.CHOICE, kind)


def _make_test_known(test: Part) -> Part:
    """Return the test of a choice, false instead of unknown: the choice has no value otherwise."""
    is_known = _STATE.fullmatch(test.text) or test.text.startswith("count(")
    if is_known or _ALL_TURNS.search(test.text):
        return test
    comparison = _COMPARISON.fullmatch(test.text)
    if comparison is not None:
        name = comparison["several"] or comparison["item"]
        return Part(f"answered({name}) and {test.text}", Strength.AND)
    return Part(f"count({test.text}) == 1", Strength.COMPARISON)


def _write_as_text(part: Part) -> Part:
    """Return a missing value or a constant number as a text.

    Raises UnsupportedError for a calculated number: its name in quotes would be the text.
    """
    if part.kind == "":
        return Part("''")
    if part.kind == "number":
        if not _CONSTANT.fullmatch(part.text):
            raise UnsupportedError("the result is sometimes a number and sometimes a text")
        return Part(f"'{part.text}'")
    return part


def list_declined(name: str, kinds: Iterable[str]) -> list[Part]:
    """Return the conditions that a question was declined in one of these ways, one for each."""
    found = set(kinds)
    others = sorted(kind for kind in found if kind.startswith("code_"))
    parts = [Part(f"{kind}({name})") for kind in DECLINES if kind in found]
    parts += [Part(f"{name} in [{kind}]", Strength.COMPARISON) for kind in others]
    return parts


def count_turns_with(test: Part) -> Part:
    """Return whether a condition is true in a turn of a repeat."""
    if test == NO:
        return NO
    return Part(f"count({test.text}) > 0", Strength.COMPARISON)


def write_value(value: float | str) -> str:
    """Write a constant, whole numbers without decimals. A text gets no quotes."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value.is_integer() else repr(value)


def quote(text: str) -> str:
    """Write a text in quotes. Raises UnsupportedError if it contains both kinds of them."""
    if "'" not in text:
        return f"'{text}'"
    if '"' not in text:
        return f'"{text}"'
    raise UnsupportedError("a text with both kinds of quotes can't be written in a condition")
