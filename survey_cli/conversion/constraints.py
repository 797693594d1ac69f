"""Constraints of a form: the range and the labeled codes of a number, a pattern, and checks."""

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from survey_cli.conversion import xpath
from survey_cli.conversion.conditions import Translator
from survey_cli.conversion.form import SheetItem, find_decline_kind
from survey_cli.conversion.form_codes import FormCodes
from survey_cli.conversion.form_texts import TextConverter, write_cell
from survey_cli.conversion.loss_report import ConversionLog
from survey_cli.conversion.sentinels import find_code, find_explanation, split_sentinels
from survey_cli.conversion.xpath import Expression, Literal, Reference, UnsupportedError, XPathCall


class ConstraintConverter:
    """Converts the constraints of one form."""

    def __init__(
        self, translator: Translator, texts: TextConverter, codes: FormCodes, log: ConversionLog
    ) -> None:
        self.translator = translator
        self.texts = texts
        self.codes = codes
        self.log = log

    def read_limits(self, item: SheetItem) -> tuple[dict[str, Any], Expression | None]:
        """Return the range of a number, and the rest of its constraint."""
        is_decimal = item.type == "decimal"
        limits: dict[str, Any] = {}
        if is_decimal:
            limits["decimals"] = 2
        if item.type == "range":
            keys = {"start": "min", "end": "max"}
            for name, value in re.findall(r"(start|end)=(-?\d+)", item.row.get("parameters")):
                limits[keys[name]] = int(value)

        tree: Expression | None = None
        with self.log.catch_loss(item, "constraint"):
            self.log.check_accepted(item, "constraint")
            tree = item.parse("constraint")
        if tree is None or item.kind != "number":
            return limits, tree

        sentinels = self.codes.sentinels[item.row.number]
        ranges = split_sentinels(tree, sentinels)
        alternatives = [
            _split_range(part, is_decimal=is_decimal) for part in xpath.list_parts(ranges, "or")
        ]
        limits |= _join_ranges([found for found, _rest in alternatives])
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
        if rest in ([], [xpath.TRUE]):
            return limits, None

        # What the rest excludes must still admit the codes that are options.
        codes = [XPathCall("==", (xpath.SELF, Literal(float(code)))) for code in options]
        return limits, xpath.join_parts([xpath.join_parts(rest), *codes], "or")

    def note_sentinels(self, item: SheetItem) -> None:
        """Report what became of the codes that a number has outside its range."""
        for sentinel in self.codes.sentinels[item.row.number]:
            code = sentinel.code
            if not sentinel.kind:
                is_what = f"is a number with a text of its own, and counts as {code} in conditions"
                self.log.note(item, "constraint", f"{code} {is_what}")
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
            self.log.note(item, "constraint", note)

    def report_excluded_codes(
        self, item: SheetItem, limits: Mapping[str, Any], rest: Expression | None
    ) -> None:
        """Report codes in other parts of a constraint that can't be entered as what they mean."""
        if item.kind != "number" or rest is None:
            return
        least = limits.get("min", 0)
        for part in xpath.iterate_parts(rest):
            code = find_code(part)
            if code is None or not isfinite(code):
                continue
            if code < least:
                why = f"because it is less than {least}: write it as a decline"
                self.log.lose(item, "constraint", f"{code:g} can't be entered, {why}")
            elif find_decline_kind(find_explanation(item, int(code))):
                why = "not as a decline: write it as one"
                self.log.lose(item, "constraint", f"{code:g} is entered as a number, {why}")

    def build_checks(self, item: SheetItem, tree: Expression | None) -> dict[str, Any]:
        """Return `pattern` or `checks` for a constraint, or what is left of it; else nothing."""
        if tree is None:
            return {}

        checks: dict[str, Any] = {}
        say = self.texts.get_text(item.row, "survey", "constraint_message")
        with self.log.catch_loss(item, "constraint"):
            digits = _count_digits(tree)
            if digits is not None:
                return {"pattern": write_cell(item, "constraint", "9" * digits)}

            mistakes = self.translator.unknown_codes
            mistakes.clear()
            expect = self.translator.is_true(tree).text
            self.log.note_unknown_codes(item, "constraint", mistakes)
            if expect in ("true", "false"):
                raise UnsupportedError(f"it is always {expect}")

            check = {
                "expect": write_cell(item, "constraint", expect),
                "say": say or "This answer is not accepted here.",
            }
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


def _split_range(tree: Expression, *, is_decimal: bool) -> tuple[dict[str, Any], list[Expression]]:
    """Return the `min` and `max` that a constraint sets, and its other parts."""
    step = 0.01 if is_decimal else 1
    limits: dict[str, Any] = {}
    rest: list[Expression] = []
    for part in xpath.list_parts(tree):
        match part:
            case XPathCall(
                "<" | "<=" | ">" | ">=" as sign, (Reference("."), Literal(float() as value))
            ) if value.is_integer() or is_decimal:
                match sign:
                    case "<":
                        limits["max"] = _round_limit(value - step)
                    case "<=":
                        limits["max"] = _round_limit(value)
                    case ">":
                        limits["min"] = _round_limit(value + step)
                    case ">=":
                        limits["min"] = _round_limit(value)
            case _:
                rest.append(part)
    return limits, rest


def _round_limit(value: float) -> float:
    """Return a whole number as such, and another one with two decimals."""
    return int(value) if value.is_integer() else round(value, 2)


def _count_digits(tree: Expression) -> int | None:
    """Return 5 for `regex(., '^[0-9]{5}$')`; None for other expressions."""
    match tree:
        case XPathCall("regex", (Reference("."), Literal(str(pattern)))):
            match = re.fullmatch(r"\^?\[0-9\]\{(\d+)\}\$?", pattern)
            return None if match is None else int(match[1])
    return None
