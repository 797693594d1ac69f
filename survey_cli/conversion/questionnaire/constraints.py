"""Constraints of a form: the range and the labeled codes of a number, a pattern, and checks."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from survey_cli.conversion.conversion_log import ConversionLog
from survey_cli.conversion.model.decline_words import find_decline_kind
from survey_cli.conversion.model.expressions import (
    SELF,
    YES,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    UnsupportedError,
    ValueComparison,
    iterate_parts,
    join_all,
    join_any,
    list_conjuncts,
    list_disjuncts,
)
from survey_cli.conversion.model.forms import FormQuestion
from survey_cli.conversion.questionnaire.codes import FormCodes
from survey_cli.conversion.questionnaire.conditions import Translator
from survey_cli.conversion.questionnaire.sentinels import (
    find_code,
    find_explanation,
    split_sentinels,
)
from survey_cli.conversion.questionnaire.texts import TextConverter, write_at


class ConstraintConverter:
    """Converts the constraints of one form."""

    def __init__(
        self, translator: Translator, texts: TextConverter, codes: FormCodes, log: ConversionLog
    ) -> None:
        self.translator = translator
        self.texts = texts
        self.codes = codes
        self.log = log
        self.column = translator.form.words.constraint

    def read_limits(self, item: FormQuestion) -> tuple[dict[str, Any], Expression | None]:
        """Return the range of a number, and the rest of its constraint."""
        limits: dict[str, Any] = {}
        if item.decimals:
            limits["decimals"] = item.decimals
        if item.least is not None:
            limits["min"] = _round_limit(item.least, item.decimals)
        if item.most is not None:
            limits["max"] = _round_limit(item.most, item.decimals)

        tree: Expression | None = None
        if item.constraint is not None:
            with self.log.catch_loss(item, item.constraint.origin.column):
                self.log.check_accepted(item, item.constraint.origin.column)
                tree = item.constraint.get_tree()
        # A range that is only suggested is a soft check, not a limit.
        if tree is None or item.answer != "number" or item.is_soft:
            self._drop_empty_range(item, limits)
            return limits, tree

        sentinels = self.codes.sentinels[item]
        ranges = split_sentinels(tree, sentinels)
        alternatives = [_split_range(part, item.decimals) for part in list_disjuncts(ranges)]
        limits |= _join_ranges([found for found, _rest in alternatives])
        self._drop_empty_range(item, limits)
        if len(alternatives) == 1:
            rest = alternatives[0][1]
        else:
            # Several ranges have a hole between them, so that the limits don't suffice.
            rest = [ranges]

        options = {
            sentinel.code: self.codes.get_sentinel_text(sentinel)
            for sentinel in sentinels
            if not sentinel.kind
        }
        if options:
            limits["options"] = options
        if rest in ([], [YES]):
            return limits, None

        # What the rest excludes must still admit the codes that are options.
        codes: list[Expression] = [
            ValueComparison(SELF, "==", Constant(float(code)), if_blank=False) for code in options
        ]
        return limits, join_any([join_all(rest), *codes])

    def _drop_empty_range(self, item: FormQuestion, limits: dict[str, Any]) -> None:
        """Leave out a range that no number is in, and report it."""
        if "min" in limits and "max" in limits and limits["min"] > limits["max"]:
            least = limits.pop("min")
            most = limits.pop("max")
            self.log.lose(item, self.column, f"no number is from {least} to {most}")

    def note_sentinels(self, item: FormQuestion) -> None:
        """Report what became of the codes that a number has outside its range."""
        for sentinel in self.codes.sentinels[item]:
            code = sentinel.code
            if not sentinel.kind:
                is_what = f"is a number with a text of its own, and counts as {code} in conditions"
                self.log.note(item, self.column, f"{code} {is_what}")
                continue

            match sentinel.kind:
                case "dk":
                    meaning = "don't know"
                case "refused":
                    meaning = "refused"
                case kind:
                    meaning = f"the decline {kind}"
            note = f"the code {code} is {meaning}"
            if not sentinel.text and sentinel.choice is None:
                note += ": the form doesn't say what it means, so check it"
            self.log.note(item, self.column, note)

    def report_excluded_codes(
        self, item: FormQuestion, limits: Mapping[str, Any], rest: Expression | None
    ) -> None:
        """Report codes in other parts of a constraint that can't be entered as what they mean."""
        if item.answer != "number" or rest is None:
            return
        least = limits.get("min", 0)
        for part in iterate_parts(rest):
            code = find_code(part)
            if code is None or not isfinite(code):
                continue
            if code < least:
                why = f"because it is less than {least}: write it as a decline"
                self.log.lose(item, self.column, f"{code:g} can't be entered, {why}")
            elif find_decline_kind(find_explanation(item, int(code))):
                why = "not as a decline: write it as one"
                self.log.lose(item, self.column, f"{code:g} is entered as a number, {why}")

    def build_checks(self, item: FormQuestion, tree: Expression | None) -> dict[str, Any]:
        """Return `pattern` or `checks` for a constraint, or what is left of it; else nothing."""
        if tree is None:
            return {}

        checks: dict[str, Any] = {}
        assert item.constraint is not None
        origin = item.constraint.origin
        say = self.texts.convert(item.message, item.name)
        with self.log.catch_loss(item, origin.column):
            pattern = find_pattern(tree)
            if pattern is not None and item.answer == "text":
                return {"pattern": write_at(origin, pattern)}

            mistakes = self.translator.unknown_codes
            mistakes.clear()
            expect = self.translator.is_true(tree).text
            self.log.note_unknown_codes(item, origin.column, mistakes)
            if expect in ("true", "false"):
                raise UnsupportedError(f"it is always {expect}")

            check: dict[str, Any] = {
                "expect": write_at(origin, expect),
                "say": say or "This answer is not accepted here.",
            }
            if item.is_soft:
                check["soft"] = True
            checks["checks"] = [check]
        return checks


def _join_ranges(ranges: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the least `min` and the largest `max` of alternative ranges that all have one."""
    limits: dict[str, Any] = {}
    minima = [found["min"] for found in ranges if "min" in found]
    if len(minima) == len(ranges):
        limits["min"] = min(minima)
    maxima = [found["max"] for found in ranges if "max" in found]
    if len(maxima) == len(ranges):
        limits["max"] = max(maxima)
    return limits


def _split_range(tree: Expression, decimals: int) -> tuple[dict[str, Any], list[Expression]]:
    """Return the `min` and `max` that a constraint sets, and its other parts."""
    step = 10.0**-decimals
    limits: dict[str, Any] = {}
    rest: list[Expression] = []
    for part in list_conjuncts(tree):
        match part:
            case ValueComparison(AnswerOf("."), sign, Constant(float() as value)) if sign not in (
                "==",
                "!=",
            ) and (value.is_integer() or decimals):
                match sign:
                    case "<":
                        limits["max"] = _round_limit(value - step, decimals)
                    case "<=":
                        limits["max"] = _round_limit(value, decimals)
                    case ">":
                        limits["min"] = _round_limit(value + step, decimals)
                    case ">=":
                        limits["min"] = _round_limit(value, decimals)
            case _:
                rest.append(part)
    return limits, rest


def _round_limit(value: float, decimals: int) -> float:
    """Return a whole number as such, and another one with the decimals of the question."""
    return int(value) if value.is_integer() else round(value, decimals)


_PATTERN_PARTS: Final = re.compile(
    r"""(?P<digit>\[0-9\]|\\d)|(?P<letter>\[(?:a-zA-Z|A-Za-z)\])|\\?(?P<sign>[-/. :@_,])"""
    r"""|(?P<other>[B-WYZa-z0-8])"""
)
"""The parts of a regular expression that patterns have, too."""
_REPETITION: Final = re.compile(r"\{(\d{1,2})\}")


def find_pattern(tree: Expression) -> str | None:
    """Return `99999` for a test against `^[0-9]{5}$`; None for other expressions.

    A pattern has one sign for each character, so only texts of one length have one.
    """
    match tree:
        case FunctionCall("regex", (AnswerOf("."), Constant(str(expression)))):
            return _convert_pattern(expression)
    return None


def _convert_pattern(expression: str) -> str | None:
    rest = expression.removeprefix("^").removesuffix("$")
    pattern = ""
    while rest:
        part = _PATTERN_PARTS.match(rest)
        if part is None or (part["sign"] == "." and not rest.startswith("\\")):
            return None
        rest = rest[part.end() :]

        if part["digit"]:
            sign = "9"
        elif part["letter"]:
            sign = "A"
        else:
            sign = part["sign"] or part["other"]
        repetition = _REPETITION.match(rest)
        if repetition is not None:
            sign *= int(repetition[1])
            rest = rest[repetition.end() :]
        pattern += sign
    return pattern or None
