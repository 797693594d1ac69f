"""Translation of XPath expressions to conditions of the questionnaire language.

In a form an empty value is compared like a text: `${a} != 1` is true while `a` is empty, and `${a} < 5` is false. In a
questionnaire both are unknown. A condition is therefore translated so that it is true exactly if the expression is. Where
the expression is false it may be unknown; what negates it asks that it is not true.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from survey_cli.conversion.form import Form, FormItem
from survey_cli.conversion.xpath import (
    INDEX,
    NO_VALUE,
    SELF,
    Expression,
    Literal,
    Reference,
    UnsupportedError,
    XPathCall,
    find_references,
    iterate_parts,
    list_parts,
    replace_parts,
)

_MIRRORED: Final = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_HOLDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "=": float.__eq__,
    "<": float.__lt__,
    "<=": float.__le__,
    ">": float.__gt__,
    ">=": float.__ge__,
}
_SIMPLE: Final = re.compile(
    r"(?P<code>\S+) in (?P<several>\w+)|(?P<item>\w+) (?P<sign>[=<>!]+) (?P<value>-?\d[\d.]*|'[^']*')"
)
_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_DECLINES: Final = ("dk", "refused")
_SAME: Final = ("once", "number", "string", "date", "date-time", "decimal-date-time", "boolean")
"""Functions that leave an answer as it is, because answers have types."""
_LABELS: Final = ("jr:choice-name", "choice-label")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition: its text, and how tightly its outermost operator binds (0 `if`, 1 `or`, … 7 a name)."""

    text: str
    strength: int = 7
    kind: str = "truth"
    """truth, number, text, code, codes, date or time; `label` is the text of a code."""

    def enclose(self, strength: int) -> str:
        """Return the text, in brackets unless it binds more tightly."""
        return self.text if self.strength > strength else f"({self.text})"


YES: Final = Part("true")
NO: Final = Part("false")


@dataclass(frozen=True, slots=True)
class Calculated:
    """A calculation of the form whose value can be used."""

    tree: Expression
    name: str = ""
    """The name of the compute; empty if the calculation is inserted where it is used."""
    kind: str = "text"


def join_truths(parts: Iterable[Part], word: str) -> Part:
    """Join truth values by `and`, or by `or`."""
    neutral, decisive = (YES, NO) if word == "and" else (NO, YES)
    kept = list(dict.fromkeys(part for part in parts if part != neutral))
    if decisive in kept or len(kept) < 2:
        return decisive if decisive in kept else kept[0] if kept else neutral
    equals = [re.fullmatch(r"(\w+) == (-?\w+|'[^']*')", part.text) for part in kept]
    if word == "or" and equals[0] and len({equal and equal[1] for equal in equals}) == 1:
        return Part(f"{equals[0][1]} in [{', '.join(equal[2] for equal in equals if equal)}]", 4)
    strength = 2 if word == "and" else 1
    return Part(f" {word} ".join(p.text if p.strength == strength else p.enclose(2) for p in kept), strength)


def negate(part: Part) -> Part:
    """Return a condition that is true exactly if the part is not true."""
    if part in (YES, NO):
        return NO if part == YES else YES
    if part.strength == 3:
        return Part(part.text.removeprefix("not "))
    if re.fullmatch(r"(answered|dk|refused)\([\w.]+\)", part.text):
        return Part(f"not {part.text}", 3)
    if simple := _SIMPLE.fullmatch(part.text):
        if simple["code"]:
            return Part(f"not answered({simple['several']}) or {simple['code']} not in {simple['several']}", 1)
        return Part(
            f"not answered({simple['item']}) or {simple['item']} {_OPPOSITE[simple['sign']]} {simple['value']}", 1
        )
    return Part(f"count({part.text}) == 0", 4)


class Translator:
    """Translates the expressions of one form."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.calculations: dict[str, Calculated | str] = {}
        """By name; a text says why the calculation can't be used."""
        self.codes: dict[str, dict[str, str]] = {}
        """The codes of each question by its id: as written in the questionnaire, by the names of choices."""
        self.kept: set[str] = set()
        """Calculations whose value the program stores by itself."""
        self.sample: dict[str, str] = {}
        """The type of each sample column that is used."""
        self.item: FormItem | None = None
        """The item whose cell is translated."""
        self.dropped: set[str] = set()
        """Questions that the questionnaire does not have."""
        self.numeric = set().union(*map(_find_numeric, form.iterate_expressions()))
        """Names that the form calculates with."""

    def is_true(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the expression is true."""
        match tree:
            case XPathCall("and" | "or" as word, arguments):
                return join_truths(map(self.is_true, arguments), word)
            case XPathCall("not", (argument,)):
                return self._is_false(argument)
            case XPathCall("!=", (left, Literal("")) | (Literal(""), left)):
                return self._is_answered(left)
            case XPathCall("!=", arguments):
                return negate(self.is_true(XPathCall("=", arguments)))
            case XPathCall("relevant", (Reference(name),)) if name in self.form.items:
                return self.is_true(self.form.items[name].build_relevance())
            case XPathCall("true" | "false" as name, ()):
                return YES if name == "true" else NO
            case XPathCall("if", (test, then, otherwise)):
                return self.is_true(
                    XPathCall(
                        "or", (XPathCall("and", (test, then)), XPathCall("and", (XPathCall("not", (test,)), otherwise)))
                    )
                )
            case XPathCall("selected", (Reference(name), Literal() as code)) if self._get_kind(name) == "codes":
                written = self.codes[self._get_item(name).id].get(_write(code.value), "")
                item = self._get_item(name).id
                return (
                    Part(f"{written}({item})")
                    if written in _DECLINES
                    else Part(f"{written} in {item}", 4)
                    if written
                    else NO
                )
            case XPathCall("selected", (Reference() | XPathCall() as value, code)):
                return self._compare(value, "=", code)
            case XPathCall(sign, (left, right)) if sign in _HOLDS:
                return self._compare(left, sign, right)
            case XPathCall(name, (argument,)) if name in _SAME:
                return self.is_true(argument)
            case Reference(name) if (found := self.get_calculated(name)) is not None and not found.name:
                return self.is_true(found.tree)
            case XPathCall(name, _):
                raise UnsupportedError(f"there is no counterpart of {name}()")
        raise UnsupportedError("a value alone is not a condition")

    def _is_false(self, tree: Expression) -> Part:
        match tree:
            case XPathCall("and" | "or" as word, arguments):
                return join_truths(map(self._is_false, arguments), "or" if word == "and" else "and")
            case XPathCall("not", (argument,)):
                return self.is_true(argument)
            case XPathCall("!=", arguments):
                return self.is_true(XPathCall("=", arguments))
        return negate(self.is_true(tree))

    # ── comparisons ───────────────────────────────────────────────────────────────────────────────────────

    def _compare(self, left: Expression, sign: str, right: Expression) -> Part:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, sign, right = right, _MIRRORED[sign], left
        left, right, written = self._simplify(left), self._simplify(right), "==" if sign == "=" else sign
        if right == NO_VALUE:
            return negate(self._is_answered(left))
        number = _to_number(right.value) if isinstance(right, Literal) else None
        if isinstance(left, Literal) and isinstance(right, Literal):
            first = _to_number(left.value)
            if sign == "=" and (first is None or number is None):
                return YES if left.value == right.value else NO
            return YES if first is not None and number is not None and _HOLDS[sign](first, number) else NO
        if isinstance(right, Literal):
            if isinstance(left, XPathCall) and left.name in ("string-length", "count-selected"):
                return self._compare_count(left, sign, number)
            return join_truths(self._compare_with_literal(left, sign, right.value, number), "or")
        one, other = self.evaluate(left), self.evaluate(right)
        if {one.kind, other.kind} & {"codes", "label"} or len({one.kind, other.kind} - {"code"}) > 1:
            raise UnsupportedError(f"a {one.kind} and a {other.kind} can't be compared")
        part = Part(f"{one.enclose(4)} {written} {other.enclose(4)}", 4)
        if sign != "=" or not (isinstance(left, Reference) and isinstance(right, Reference)):
            return part
        both_empty = join_truths([negate(self._is_answered(value)) for value in (left, right)], "and")
        return join_truths([both_empty, part], "or")

    def _compare_count(self, left: XPathCall, sign: str, number: float | None) -> Part:
        """Compare a length or a count, which are 0 without an answer."""
        if number is None:
            raise UnsupportedError(f"{left.name}() is compared with a text")
        answered = self._is_answered(left.arguments[0])
        if (sign, number) in ((">", 0), (">=", 1)):
            return answered
        if (sign, number) in (("=", 0), ("<", 1), ("<=", 0)):
            return negate(answered)
        part = Part(f"{self.evaluate(left).text} {'==' if sign == '=' else sign} {_write(number)}", 4)
        return join_truths([negate(answered), part], "or") if _HOLDS[sign](0.0, number) else part

    def _compare_with_literal(
        self, left: Expression, sign: str, value: float | str, number: float | None
    ) -> list[Part]:
        """Compare a value with a constant; any of the parts makes the comparison true."""
        part, codes = self.evaluate(left), self._find_codes(left)
        plain = Part(
            f"{part.enclose(4)} {'==' if sign == '=' else sign} {_write(value if number is None else number)}", 4
        )
        chosen = [name for name in codes if (name == _write(value) if sign == "=" else _holds(sign, name, number))]
        declines = [Part(f"{kind}({part.text})") for kind in _DECLINES if kind in {codes[name] for name in chosen}]
        if part.kind == "number":
            return declines if sign == "=" and declines else [*declines, NO if number is None else plain]
        if codes:
            words = list(dict.fromkeys(codes[name] for name in chosen if codes[name] not in _DECLINES))
            if part.kind == "codes":
                return declines + [Part(f"{word} in {part.text} and count({part.text}) == 1", 2) for word in words]
            if sign != "=" and words and "'" not in "".join(codes.values()):
                return [*declines, plain]
            return declines + [Part(f"{part.enclose(4)} == {word}", 4) for word in words]
        if part.kind == "text" and sign != "=":
            raise UnsupportedError("texts have no order")
        if part.kind not in ("text", "date", "time") or (
            part.kind == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value))
        ):
            raise UnsupportedError(f"a {part.kind} is compared with {value}")
        return [Part(f"{part.enclose(4)} {'==' if sign == '=' else sign} {quote(_write(value))}", 4)]

    def _simplify(self, tree: Expression) -> Expression:
        """Remove functions that leave the value as it is; insert calculations that have no name."""
        match tree:
            case XPathCall(name, (argument, *_)) if name in _SAME:
                return self._simplify(argument)
            case XPathCall("indexed-repeat", (Reference(name), repeat, turn)) if (
                found := self.get_calculated(name)
            ) is not None:
                values: dict[Expression, Expression] = {INDEX: turn}
                for used in find_references(found.tree) & self.form.items.keys():
                    if self.form.items[used].repeat is self.form.items[name].repeat:
                        values[Reference(used)] = XPathCall("indexed-repeat", (Reference(used), repeat, turn))
                return self._simplify(replace_parts(found.tree, values))
            case Reference(name) if name in self.form.items and self.form.items[name].kind == "metadata":
                match self.form.items[name].type:
                    case "today":
                        return XPathCall("today", ())
                    case type_:
                        return Literal("case") if type_ == "caseid" else NO_VALUE
            case Reference(name) if (found := self.get_calculated(name)) is not None and not found.name:
                return self._simplify(found.tree)
            case _:
                return tree

    def _is_answered(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the value is not empty."""
        tree = self._simplify(tree)
        match tree:
            case Literal(value):
                return NO if value == "" else YES
            case Reference(name) if (found := self.get_calculated(name)) is not None:
                may_be_empty_text = found.kind == "text" and NO_VALUE in iterate_parts(found.tree)
                return Part(f"{found.name} != ''", 4) if may_be_empty_text else Part(f"answered({found.name})")
            case Reference(name):
                item = self._get_item(name)
                if item.kind == "note" or item is self.item:
                    return NO if item.kind == "note" else YES
                kinds = [kind for kind in _DECLINES if kind in self.codes.get(item.id, {}).values()]
                name = self.evaluate(tree).text
                return join_truths([Part(f"answered({name})"), *(Part(f"{kind}({name})") for kind in kinds)], "or")
            case XPathCall("if", (test, then, otherwise)):
                branches = [XPathCall("and", (test, XPathCall("!=", (then, NO_VALUE))))]
                branches.append(XPathCall("and", (XPathCall("not", (test,)), XPathCall("!=", (otherwise, NO_VALUE)))))
                return self.is_true(XPathCall("or", tuple(branches)))
            case XPathCall("coalesce", arguments):
                return join_truths(map(self._is_answered, arguments), "or")
            case XPathCall("+" | "-" | "*" | "div" | "round" | "int", arguments):
                return join_truths(map(self._is_answered, arguments), "and")
            case XPathCall("today" | "now" | "index" | "count" | "count-selected" | "string-length", _):
                return YES
            case XPathCall("indexed-repeat" | "pulldata", _):
                return Part(f"answered({self.evaluate(tree).text})")
            case XPathCall(name, (argument, *_)) if name in (*_LABELS, "format-date", "format-date-time"):
                return self._is_answered(argument)
        raise UnsupportedError("it can't be tested whether this is empty")

    # ── values ────────────────────────────────────────────────────────────────────────────────────────────

    def evaluate(self, tree: Expression) -> Part:
        """Translate an expression that has a value."""
        tree = self._simplify(tree)
        match tree:
            case Literal(float() as value):
                return Part(_write(value), kind="number")
            case Literal(value):
                return Part(quote(str(value)), kind="text") if value else Part("0 / 0", 6, "")
            case Reference(name) if (found := self.get_calculated(name)) is not None:
                return Part(found.name, kind=found.kind)
            case Reference(name):
                item = self._get_item(name)
                words = item.kind == "code" and all("'" in code for code in self.codes[item.id].values())
                return Part(item.id, kind="text" if words else item.kind)
            case XPathCall("+" | "-" | "*" | "div" as sign, (left, right)):
                parts = [self.evaluate(left), self.evaluate(right)]
                if any(part.kind not in ("number", "code") for part in parts):
                    raise UnsupportedError(f"{sign} needs numbers")
                strength = 5 if sign in "+-" else 6
                first = "" if left == Literal(0.0) and sign == "-" else f"{parts[0].enclose(strength - 1)} "
                written = "/" if sign == "div" else sign
                return Part(f"{first}{written}{' ' * bool(first)}{parts[1].enclose(strength)}", strength, "number")
            case XPathCall("if", (test, then, otherwise)):
                return _choose(self.is_true(test), self.evaluate(then), self.evaluate(otherwise))
            case XPathCall("coalesce", (first, *others)) if others:
                rest = XPathCall("coalesce", tuple(others)) if len(others) > 1 else others[0]
                return _choose(self._is_answered(first), self.evaluate(first), self.evaluate(rest))
            case XPathCall("pulldata", (_, Literal(str(column)), _, Reference(key))) if self._is_case(key):
                self.sample[column] = "number" if column in self.numeric else "text"
                return Part(column, kind=self.sample[column])
            case XPathCall(name, arguments):
                return self._call(name, arguments)
        raise UnsupportedError("this is not understood")

    def _call(self, name: str, arguments: tuple[Expression, ...]) -> Part:
        match name, arguments:
            case "today" | "now", ():
                return Part("today()", kind="date")
            case "int", (
                XPathCall("div", (XPathCall("-", (XPathCall("today" | "now", ()), born)), Literal(365.0 | 365.25))),
            ):
                return Part(f"years_between({self._expect(born, 'date')}, today())", kind="number")
            case "int", (Reference(item) as argument,) if self.form.items.get(item, self.form.root).type != "decimal":
                return self.evaluate(argument)
            case "int", (Literal(float() as value) as argument,) if value.is_integer():
                return self.evaluate(argument)
            case "round", (argument, *digits):
                more = "".join(f", {self.evaluate(digit).text}" for digit in digits if digit != Literal(0.0))
                return Part(f"round({self.evaluate(argument).text}{more})", kind="number")
            case "count-selected", (argument,):
                return Part(f"count({self._expect(argument, 'codes')})", kind="number")
            case "string-length", (argument,):
                return Part(f"length({self._expect(argument, 'text')})", kind="number")
            case "sum" | "min" | "max", (Reference(item),) if (asked := self._get_item(item, all_turns=True)).repeat:
                return Part(f"{name}({asked.repeat.id}.{asked.id})", kind="number")
            case "min" | "max", (_, _, *_):
                return Part(f"{name}({', '.join(self.evaluate(part).text for part in arguments)})", kind="number")
            case "count", (Reference(item),) if item in self.form.items:
                count = self.form.items[item].parse("repeat_count")
                if count is not None and item not in find_references(count):
                    return self.evaluate(count)
                return self._count_turns(self.form.items[item])
            case "index", () if self.item is not None and self.item.repeat is not None:
                return self._count_turns(self.item.repeat, before=self.item.row.number)
            case "indexed-repeat", (Reference(item), _, turn) if (asked := self._get_item(item, all_turns=True)).repeat:
                return Part(f"{asked.repeat.id}[{self.evaluate(turn).text}].{asked.id}", kind=asked.kind)
            case _, (Reference() as argument, _) if name in _LABELS:
                return Part(self.evaluate(argument).text, kind="label")
        raise UnsupportedError(f"there is no counterpart of {name}()")

    def _count_turns(self, repeat: FormItem, before: int = 1_000_000) -> Part:
        """Count the turns in which a question that is always asked was put."""
        for item in repeat.children:
            asked = item.kind in ("code", "codes", "number", "text", "date", "time") and item.row.number < before
            if asked and not item.row.get("relevant") and not item.row.get("choice_filter"):
                return Part(f"count(answered({repeat.id}.{item.id}) or declined({repeat.id}.{item.id}))", kind="number")
        raise UnsupportedError("the number of the turn can only be used in texts")

    def _expect(self, tree: Expression, kind: str) -> str:
        part = self.evaluate(tree)
        if part.kind != kind:
            raise UnsupportedError(f"a {kind} is needed, and {part.text} is a {part.kind}")
        return part.text

    # ── names ─────────────────────────────────────────────────────────────────────────────────────────────

    def _get_item(self, name: str, *, all_turns: bool = False) -> FormItem:
        """Return an item that is asked before the current one; with `all_turns` for a function over turns."""
        item = self.item if name == "." and self.item is not None else self.form.items.get(name)
        if item is None or item.kind in ("media", "", "group", "repeat", "calculate") or item.name in self.dropped:
            raise UnsupportedError(f"{name} has no answer in the questionnaire")
        if self.item is not None and item.row.number > self.item.row.number:
            raise UnsupportedError(f"{name} is asked later (row {item.row.number})")
        around = [id(parent) for parent in self.item.iterate_parents()] if self.item is not None else []
        if item.repeat is not None and not all_turns and self.item is not item and id(item.repeat) not in around:
            raise UnsupportedError(f"{name} is in a repeat and has one answer per turn")
        return item

    def _get_kind(self, name: str) -> str:
        return (
            self.form.items[name].kind
            if name in self.form.items
            else self.item.kind
            if self.item and name == "."
            else ""
        )

    def _is_case(self, name: str) -> bool:
        return name in self.form.items and self.form.items[name].type == "caseid"

    def get_calculated(self, name: str) -> Calculated | None:
        """Return what is known of a calculation; None if the name is none. Raises UnsupportedError if it is lost."""
        found = self.calculations.get(name)
        if isinstance(found, str):
            raise UnsupportedError(f"it uses the calculation {name}, which is not carried over")
        if found is not None and self.item is not None:
            for used in find_references(found.tree) & self.form.items.keys() - {name}:
                if self.form.items[used].kind == "calculate":
                    self.get_calculated(used)
                elif self.form.items[used].kind not in ("metadata", "group", "repeat"):
                    self._get_item(used, all_turns=True)
        return found

    def _find_codes(self, tree: Expression) -> dict[str, str]:
        """Return the codes that an expression can have, as written, by the names of choices; empty if not known."""
        match tree:
            case Reference(name) if isinstance(found := self.calculations.get(name), Calculated) and tree != found.tree:
                return self._find_codes(found.tree)
            case XPathCall("if", (_, *values)) | XPathCall("coalesce", values):
                branches = [self._find_codes(branch) for branch in values if branch != NO_VALUE]
                return {name: code for codes in branches for name, code in codes.items()} if all(branches) else {}
            case XPathCall("once" | "indexed-repeat" | "jr:choice-name" | "choice-label", (argument, *_)):
                return self._find_codes(argument)
            case Literal(value) if value != "":
                return {_write(value): _write(value) if isinstance(value, float) else quote(value)}
            case Reference(name):
                item = self.item if tree == SELF else self.form.items.get(name)
                return self.codes.get(item.id, {}) if item is not None else {}
            case _:
                return {}


def split_condition(translator: Translator, tree: Expression) -> tuple[str, str]:
    """Translate the condition of an item to an `ask_if` and an `unless`, either of which may be empty.

    A part that negates a condition becomes an `unless`, which leaves unknown as asked.
    """
    asked: list[Part] = []
    skipped: list[Part] = []
    for part in list_parts(tree):
        condition = translator.is_true(part)
        opposite = translator.is_true(XPathCall("not", (part,)))
        if opposite not in (YES, NO) and (len(opposite.text) < len(condition.text) or condition.strength == 3):
            skipped.append(opposite)
        else:
            asked.append(condition)
    ask_if, unless = join_truths(asked, "and"), join_truths(skipped, "or")
    return ("" if ask_if == YES else ask_if.text), ("" if unless == NO else unless.text)


def quote(text: str) -> str:
    """Write a text in quotes."""
    if "'" in text and '"' in text:
        raise UnsupportedError("a text with both kinds of quotes can't be written in a condition")
    return f'"{text}"' if "'" in text else f"'{text}'"


def _choose(test: Part, then: Part, otherwise: Part) -> Part:
    if test in (YES, NO):
        return then if test == YES else otherwise
    if test.strength == 3:
        return _choose(negate(test), otherwise, then)
    kinds = {then.kind, otherwise.kind} - {""}
    if kinds == {"number", "text"} or kinds == {"text"}:
        texts = {"": "''", "number": f"'{then.text if then.kind == 'number' else otherwise.text}'"}
        then, otherwise = (
            Part(texts.get(p.kind, p.text), p.strength if p.kind == "text" else 7) for p in (then, otherwise)
        )
    elif len(kinds - {"code"}) > 1:
        raise UnsupportedError(f"the result is sometimes a {' and sometimes a '.join(sorted(kinds))}")
    kind = "text" if "text" in kinds else "number" if kinds == {"code", "number"} else next(iter(kinds), "text")
    return Part(f"{then.enclose(0)} if {test.enclose(0)} else {otherwise.text}", 0, kind)


def _write(value: float | str) -> str:
    return value if isinstance(value, str) else str(int(value)) if value.is_integer() else repr(value)


def _to_number(value: float | str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _holds(sign: str, name: str, limit: float | None) -> bool:
    number = _to_number(name)
    return number is not None and limit is not None and _HOLDS[sign](number, limit)


def _find_numeric(tree: Expression) -> set[str]:
    """Return the names that are calculated with, or compared with numbers."""
    if not isinstance(tree, XPathCall):
        return set()
    found = set().union(*map(_find_numeric, tree.arguments))
    has_number = any(isinstance(argument, Literal) and isinstance(argument.value, float) for argument in tree.arguments)
    if tree.name in ("+", "-", "*", "div", "<", "<=", ">", ">=") or (tree.name in ("=", "!=") and has_number):
        found |= {argument.name for argument in tree.arguments if isinstance(argument, Reference)}
    return found
