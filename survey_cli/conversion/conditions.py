"""Translation of XPath expressions to conditions of the questionnaire language.

In a form an empty value is compared like a text: `${a} != 1` is true while `a` is empty, and `${a} < 5` is false. In a
questionnaire both are unknown. A condition is therefore translated so that it is true exactly if the expression is. Where
the expression is false it may be unknown; what negates it asks that it is not true.
"""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from survey_cli.conversion import xpath
from survey_cli.conversion.form import Form, FormChoice, FormItem
from survey_cli.conversion.xpath import (
    NO_VALUE,
    TRUE,
    Expression,
    Literal,
    Reference,
    UnsupportedError,
    XPathCall,
)
from survey_cli.instrument.expressions.comparisons import OPPOSITE_SIGNS
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS
from survey_cli.problems import suggest_nearest
from survey_cli.wording import join_words

_HOLDS: Final = {sign: holds for sign, holds in COMPARE.items() if sign != "!="}
_SIMPLE: Final = re.compile(
    r"(?P<code>\S+) in (?P<several>\w+)|(?P<item>\w+) (?P<sign>[=<>!]+) (?P<value>-?\d[\d.]*|'[^']*')"
)
_DECLINES: Final = ("dk", "refused")
_SAME: Final = ("once", "number", "string", "date", "date-time", "decimal-date-time", "boolean")
"""Functions that leave an answer as it is, because answers have types."""
ANSWERED: Final = ("code", "codes", "number", "text", "date", "time")
_TEMPLATES: Final = {
    ("today", 0): ("today()", "", "date"),
    ("now", 0): ("today()", "", "date"),
    ("round", 1): ("round({})", "", "number"),
    ("round", 2): ("round({}, {})", "", "number"),
    ("count-selected", 1): ("count({})", "codes", "number"),
    ("string-length", 1): ("length({})", "text", "number"),
}
"""What a function becomes, the kind that its arguments must have, and the kind of its value; by name and arguments."""
_LABELS: Final = ("jr:choice-name", "choice-label")


class Part(NamedTuple):
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


class Calculated(NamedTuple):
    """A calculation of the form whose value can be used."""

    tree: Expression
    name: str = ""
    """The name of the compute; empty if the calculation is inserted where it is used."""
    kind: str = "text"


def join_truths(parts: Iterable[Part], word: str) -> Part:
    """Join truth values by `and`, or by `or`."""
    neutral, decisive = (YES, NO) if word == "and" else (NO, YES)
    kept = list(dict.fromkeys(part for part in parts if part != neutral))
    if decisive in kept:
        return decisive
    if len(kept) < 2:
        return kept[0] if kept else neutral
    equals = [re.fullmatch(r"(\w+) == (-?\w+|'[^']*')", part.text) for part in kept]
    if word == "or" and equals[0] and len({equal and equal[1] for equal in equals}) == 1:
        return Part(f"{equals[0][1]} in [{', '.join(equal[2] for equal in equals if equal)}]", 4)
    strength = 2 if word == "and" else 1
    return Part(
        f" {word} ".join(p.text if p.strength == strength else p.enclose(2) for p in kept), strength
    )


def negate(part: Part) -> Part:
    """Return a condition that is true exactly if the part is not true."""
    if part in (YES, NO):
        return NO if part == YES else YES
    if part.strength == 3:
        return Part(part.text.removeprefix("not "))
    if re.fullmatch(r"(answered|declined|dk|refused)\([\w.]+\)", part.text):
        return Part(f"not {part.text}", 3)
    if simple := _SIMPLE.fullmatch(part.text):
        code, several, item, sign, value = simple.groups()
        other = f"{code} not in {several}" if code else f"{item} {OPPOSITE_SIGNS[sign]} {value}"
        return Part(f"not answered({several or item}) or {other}", 1)
    over_turns = re.search(r"(?<![\w\]])[A-Za-z]\w*\.[A-Za-z]", part.text)  # has a value for each
    return Part(
        f"(0 if {part.enclose(0)} else 1) == 1" if over_turns else f"count({part.text}) == 0", 4
    )


class Translator:
    """Translates the expressions of one form."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.calculations: dict[str, Calculated | str] = {}
        """By name; a text says why the calculation can't be used."""
        self.codes: dict[str, dict[str, str]] = {}
        """The codes of each question by its id: as written in the questionnaire, by the names of choices."""
        self.arms: dict[str, dict[str, int]] = {}
        """The arms of the splits that stand for random numbers, with their shares."""
        self.kept: set[str] = set()
        """Calculations whose value the program stores by itself."""
        self.sample: dict[str, str] = {}
        """The type of each sample column that is used."""
        self.item: FormItem | None = None
        """The item whose cell is translated."""
        self.expanded: list[FormItem] = []
        """The groups whose conditions are translated."""
        self.dropped: set[str] = set()
        """Questions that the questionnaire does not have."""
        self.unknown_codes: dict[str, None] = {}
        """What is wrong with codes that questions don't have, of the cell that is translated."""
        self.mistakes: dict[str, tuple[str, ...]] = {}
        """The same of each calculation, by its name."""
        self.numeric = set().union(*map(_find_numeric, form.iterate_expressions()))
        """Names that the form calculates with."""
        self.columns: dict[str, set[str]] = {}
        """The columns of the sample that the form pulls, each with the calculations that are nothing else."""
        for item in form.items.values():
            with suppress(UnsupportedError):
                tree = item.parse("calculation") or NO_VALUE
                for part in xpath.iterate_parts(tree):
                    match part:
                        case XPathCall("pulldata", (_, Literal(str(column)), *_)):
                            self.columns.setdefault(column, {column}).update(
                                {item.name} if part == tree else ()
                            )

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
                return negate(self.is_true(XPathCall("==", arguments)))
            case XPathCall("relevant", (argument,)):
                return self._is_relevant(argument)
            case XPathCall("true" | "false" as name, ()):
                return YES if name == "true" else NO
            case XPathCall("if", (test, then, otherwise)):
                return self.is_true(_branch(test, then, otherwise))
            case XPathCall("selected", (Reference(name), Literal(code))) if (
                listed := self._find(name)
            ) and listed.kind == "codes":
                return self._is_selected(name, code)
            case XPathCall("selected", (value, code)):
                if (joined := self.find_join(value)) is None:
                    return self._compare(value, "==", code)
                return _count_turns_with(self.is_true(XPathCall("==", (joined, code))))
            case XPathCall(sign, (left, right)) if sign in _HOLDS:
                return self._compare(left, sign, right)
            case XPathCall(name, (argument,)) if name in _SAME:
                return self.is_true(argument)
            case Reference(name) if (
                found := self.get_calculated(name)
            ) is not None and not found.name:
                return self.is_true(found.tree)
            case XPathCall(name, _):
                raise UnsupportedError(f"there is no counterpart of {name}()")
        raise UnsupportedError("a value alone is not a condition")

    def _is_selected(self, name: str, code: float | str) -> Part:
        """Return the condition that a choice of a question with several answers is chosen."""
        item = self._get_item(name).id
        written = self.codes[item].get(_write(code), "")
        if not written:
            self._note_unknown_code(Reference(name), "==", code)
            return NO
        return (
            Part(f"{written}({item})") if written in _DECLINES else Part(f"{written} in {item}", 4)
        )

    def _is_false(self, tree: Expression) -> Part:
        match tree:
            case XPathCall("and" | "or" as word, arguments):
                return join_truths(map(self._is_false, arguments), "or" if word == "and" else "and")
            case XPathCall("not", (argument,)):
                return self.is_true(argument)
            case XPathCall("!=", arguments):
                return self.is_true(XPathCall("==", arguments))
        return negate(self.is_true(tree))

    def _is_relevant(self, tree: Expression) -> Part:
        """Return whether a question was put, or whether the condition of a group is true."""
        item = self.form.items.get(tree.name) if isinstance(tree, Reference) else None
        if item is None or (item.kind in ANSWERED and item.build_relevance() != TRUE):
            put = self.evaluate(tree).text
            return join_truths([Part(f"answered({put})"), Part(f"declined({put})")], "or")
        if item in self.expanded:
            raise UnsupportedError(f"the condition of {item.name} depends on itself")
        self.expanded.append(item)
        try:
            return self.is_true(item.build_relevance())
        finally:
            self.expanded.pop()

    def find_join(self, tree: Expression) -> Expression | None:
        """Return the value of each turn of a repeat where an expression joins them."""
        match self._simplify(tree):
            case XPathCall("join", (_, *turn)):
                return XPathCall("each-turn", tuple(turn))
        return None

    def is_offered(self, choice: FormChoice, choice_filter: Expression | None) -> Part:
        """Return the condition on which a choice is offered."""
        cells = [
            (Reference(f"@{name}"), Literal(value)) for (name, _), value in choice.row.cells.items()
        ]
        return self.is_true(xpath.replace_parts(choice_filter or TRUE, dict(cells)))

    # ── comparisons ───────────────────────────────────────────────────────────────────────────────────────

    def _compare(self, left: Expression, sign: str, right: Expression) -> Part:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            left, sign, right = right, MIRRORED_SIGNS[sign], left
        left, right = self._simplify(left), self._simplify(right)
        if right == NO_VALUE:
            return negate(self._is_answered(left))
        if isinstance(right, Literal):
            number = _to_number(right.value)
            if isinstance(left, Literal):
                first = _to_number(left.value)
                if sign == "==" and (first is None or number is None):
                    return YES if left.value == right.value else NO
                return (
                    YES
                    if first is not None and number is not None and _HOLDS[sign](first, number)
                    else NO
                )
            if isinstance(left, XPathCall) and left.name in ("string-length", "count-selected"):
                return self._compare_count(left, sign, number)
            return join_truths(self._compare_with_literal(left, sign, right.value), "or")
        one, other = self.evaluate(left), self.evaluate(right)
        if {one.kind, other.kind} & {"codes", "label"} or len(
            {one.kind, other.kind} - {"code"}
        ) > 1:
            raise UnsupportedError(f"a {one.kind} and a {other.kind} can't be compared")
        part = Part(f"{one.enclose(4)} {sign} {other.enclose(4)}", 4)
        if sign != "==" or not (isinstance(left, Reference) and isinstance(right, Reference)):
            return part
        both_empty = join_truths(
            [negate(self._is_answered(value)) for value in (left, right)], "and"
        )
        return join_truths([both_empty, part], "or")

    def _compare_count(self, left: XPathCall, sign: str, number: float | None) -> Part:
        """Compare a length or a count, which are 0 without an answer."""
        if number is None:
            raise UnsupportedError(f"{left.name}() is compared with a text")
        answered = self._is_answered(left.arguments[0])
        if (sign, number) in ((">", 0), (">=", 1)):
            return answered
        if (sign, number) in (("==", 0), ("<", 1), ("<=", 0)):
            return negate(answered)
        part = Part(f"{self.evaluate(left).text} {sign} {_write(number)}", 4)
        return join_truths([negate(answered), part], "or") if _HOLDS[sign](0.0, number) else part

    def _compare_with_literal(self, left: Expression, sign: str, value: float | str) -> list[Part]:
        """Compare a value with a constant; any of the parts makes the comparison true."""
        part, codes, number = self.evaluate(left), self._find_codes(left), _to_number(value)
        plain = Part(f"{part.enclose(4)} {sign} {_write(value if number is None else number)}", 4)
        chosen = [
            name
            for name in codes
            if (name == _write(value) if sign == "==" else _holds(sign, name, number))
        ]
        if codes and not chosen and part.kind != "number":
            self._note_unknown_code(left, sign, value)
        declines = _list_declined(part.text, [codes[name] for name in chosen])
        if part.kind == "number":
            if sign == "==" and declines:
                return declines
            return [*declines, NO if number is None else plain]
        if codes:
            words = list(
                dict.fromkeys(codes[name] for name in chosen if codes[name] not in _DECLINES)
            )
            if part.kind == "codes":
                return declines + [
                    Part(f"{word} in {part.text} and count({part.text}) == 1", 2) for word in words
                ]
            if sign != "==" and words and "'" not in "".join(codes.values()):
                return [*declines, plain]
            return declines + [Part(f"{part.enclose(4)} == {word}", 4) for word in words]
        if part.kind == "text" and sign != "==":
            raise UnsupportedError("texts have no order")
        is_date = part.kind != "date" or re.fullmatch(r"\d{4}-\d\d-\d\d", str(value))
        if part.kind not in ("text", "date", "time") or not is_date:
            raise UnsupportedError(f"a {part.kind} is compared with {value}")
        return [Part(f"{part.enclose(4)} {sign} {quote(_write(value))}", 4)]

    def _note_unknown_code(self, tree: Expression, sign: str, value: float | str) -> None:
        """Note that no code of a question fulfills a comparison."""
        if not isinstance(tree, Reference):
            return
        item = self._find(tree.name)
        if value == "" or item is None or not item.list_name:
            return
        code = _write(value)
        codes = self.codes[item.id]
        remedy = suggest_nearest(
            code, codes, otherwise=f"its codes are {join_words(codes, most=8)}"
        )
        what = f"{tree.name} has no code {code!r}"
        if sign != "==":
            what = f"no code of {tree.name} is {sign} {code}"
        self.unknown_codes[f"{what} ({remedy})"] = None

    def _simplify(self, tree: Expression) -> Expression:
        """Remove functions that leave the value as it is; insert calculations that have no name."""
        match tree:
            case XPathCall(name, (argument, *_)) if name in _SAME:
                return self._simplify(argument)
            case XPathCall(
                "indexed-repeat" | "each-turn" as function, (Reference(name), *turn)
            ) if (found := self.get_calculated(name)) is not None:
                if not turn and xpath.INDEX in xpath.iterate_parts(found.tree):
                    raise UnsupportedError("the number of the turn can only be used in texts")
                values: dict[Expression, Expression] = {xpath.INDEX: turn[-1]} if turn else {}
                for used in xpath.find_references(found.tree) & self.form.items.keys():
                    if self.form.items[used].repeat is self.form.items[name].repeat:
                        values[Reference(used)] = XPathCall(function, (Reference(used), *turn))
                return self._simplify(xpath.replace_parts(found.tree, values))
            case XPathCall("pulldata", (file, XPathCall("concat", words), column, case)):
                return self._simplify(
                    self._choose_column(words, lambda name: (file, name, column, case))
                )
            case Reference(name) if (
                name in self.form.items and self.form.items[name].kind == "metadata"
            ):
                known: dict[str, Expression] = {
                    "today": XPathCall("today", ()),
                    "caseid": Literal("case"),
                }
                return known.get(self.form.items[name].type, NO_VALUE)
            case Reference(name) if (
                found := self.get_calculated(name)
            ) is not None and not found.name:
                return self._simplify(found.tree)
            case _:
                return tree

    def _choose_column(
        self, words: tuple[Expression, ...], pull: Callable[[Literal], tuple[Expression, ...]]
    ) -> Expression:
        """Return a choice among the columns of the sample whose names contain the code of a question."""
        key = next((word for word in words if not isinstance(word, Literal)), NO_VALUE)
        tree: Expression = NO_VALUE
        for code in reversed(self._find_codes(self._simplify(key))):
            name = "".join(str(word.value) if isinstance(word, Literal) else code for word in words)
            if name in self.columns:
                test = XPathCall("==", (key, Literal(code)))
                tree = XPathCall("if", (test, XPathCall("pulldata", pull(Literal(name))), tree))
        if tree == NO_VALUE:
            raise UnsupportedError("the name of the column is not known")
        return tree

    def _is_answered(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the value is not empty."""
        tree = self._simplify(tree)
        match tree:
            case Literal(value):
                return NO if value == "" else YES
            case Reference(name) if (found := self.get_calculated(name)) is not None:
                may_be_empty_text = found.kind == "text" and NO_VALUE in xpath.iterate_parts(
                    self._simplify(found.tree)
                )
                return (
                    Part(f"{found.name} != ''", 4)
                    if may_be_empty_text
                    else Part(f"answered({found.name})")
                )
            case Reference(name):
                item = self._get_item(name)
                if item.kind == "note" or item is self.item:
                    return NO if item.kind == "note" else YES
                name = self.evaluate(tree).text
                declined = _list_declined(name, self.codes.get(item.id, {}).values())
                return join_truths([Part(f"answered({name})"), *declined], "or")
            case XPathCall("if", (test, then, otherwise)):
                then, otherwise = (
                    XPathCall("!=", (then, NO_VALUE)),
                    XPathCall("!=", (otherwise, NO_VALUE)),
                )
                return self.is_true(_branch(test, then, otherwise))
            case XPathCall("coalesce", arguments):
                return join_truths(map(self._is_answered, arguments), "or")
            case XPathCall("+" | "-" | "*" | "div" | "round" | "int", arguments):
                return join_truths(map(self._is_answered, arguments), "and")
            case XPathCall(
                "today" | "now" | "index" | "count" | "count-selected" | "string-length", _
            ):
                return YES
            case XPathCall("join", (_, turn)):
                return _count_turns_with(self._is_answered(XPathCall("each-turn", (turn,))))
            case XPathCall("indexed-repeat" | "pulldata" | "each-turn", _):
                return Part(f"answered({self.evaluate(tree).text})")
            case XPathCall(name, (argument, *_)) if name in (
                *_LABELS,
                "format-date",
                "format-date-time",
            ):
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
                words = item.kind == "code" and all(
                    "'" in code for code in self.codes[item.id].values()
                )
                return Part(item.id, kind="text" if words else item.kind)
            case XPathCall("+" | "-" | "*" | "div" as sign, (left, right)):
                parts = [self.evaluate(left), self.evaluate(right)]
                if any(part.kind not in ("number", "code") for part in parts):
                    raise UnsupportedError(f"{sign} needs numbers")
                strength = 5 if sign in "+-" else 6
                first = (
                    ""
                    if left == Literal(0.0) and sign == "-"
                    else f"{parts[0].enclose(strength - 1)} "
                )
                written = "/" if sign == "div" else sign
                return Part(
                    f"{first}{written}{' ' * bool(first)}{parts[1].enclose(strength)}",
                    strength,
                    "number",
                )
            case XPathCall("if", (test, then, otherwise)):
                return self._choose(self.is_true(test), then, otherwise)
            case XPathCall("coalesce", (first, *others)) if others:
                rest = XPathCall("coalesce", tuple(others)) if len(others) > 1 else others[0]
                return self._choose(self._is_answered(first), first, rest)
            case XPathCall("pulldata", (_, Literal(str(column)), _, Reference(key))) if (
                key in self.form.items and self.form.items[key].type == "caseid"
            ):
                self.sample[column] = (
                    "number" if self.columns.get(column, {column}) & self.numeric else "text"
                )
                return Part(column, kind=self.sample[column])
            case XPathCall("count-selected", (several,)) if (
                joined := self.find_join(several)
            ) is not None:
                return Part(f"count({self._is_answered(joined).text})", kind="number")
            case XPathCall(name, arguments):
                return self._call(name, arguments)
        raise UnsupportedError("this is not understood")

    def _choose(self, test: Part, then: Expression, otherwise: Expression) -> Part:
        parts = self.evaluate(then), self.evaluate(otherwise)
        if {part.kind for part in parts} == {"label", "text"}:
            parts = self._write_label(then, parts[0]), self._write_label(otherwise, parts[1])
        return _choose(test, *parts)

    def _write_label(self, tree: Expression, part: Part) -> Part:
        """Return the text of a code as a choice among the texts of the list."""
        item = self._find_listed(tree) if part.kind == "label" else None
        if item is None:
            return part
        label = Part("''", kind="text")
        for choice in reversed(self.form.lists[item.list_name]):
            if self.is_offered(choice, item.parse("choice_filter")) == NO:
                continue
            code = self.codes[item.id][choice.code]
            test = (
                Part(f"{code}({part.text})")
                if code in _DECLINES
                else Part(f"{part.enclose(4)} == {code}", 4)
            )
            text = next(iter(self.form.get_text(choice.row, "label").values()), choice.code)
            if "${" in text:
                raise UnsupportedError(f"the text of {choice.code} contains a value")
            label = _choose(test, Part(quote(re.sub(r"<[^>]*>", "", text)), kind="text"), label)
        return label

    def _find_listed(self, tree: Expression) -> FormItem | None:
        """Return the question whose list the codes of an expression come from."""
        match tree:
            case Reference(name) if isinstance(found := self.calculations.get(name), Calculated):
                return self._find_listed(found.tree)
            case Reference(name):
                item = self._find(name)
                return item if item is not None and item.list_name else None
            case XPathCall("if", (_, *values)) | XPathCall("coalesce", values):
                return next(filter(None, map(self._find_listed, values)), None)
            case XPathCall(_, (argument, *_)):
                return self._find_listed(argument)
        return None

    def _call(self, name: str, arguments: tuple[Expression, ...]) -> Part:
        parts = [part for argument in arguments for part in xpath.iterate_parts(argument)]
        if any(isinstance(part, XPathCall) and part.name == "each-turn" for part in parts):
            raise UnsupportedError(f"{name}() can't be calculated for each turn of a repeat")
        if (name, len(arguments)) in _TEMPLATES:
            template, needed, kind = _TEMPLATES[name, len(arguments)]
            return Part(
                template.format(*(self._expect(argument, needed) for argument in arguments)),
                kind=kind,
            )
        match name, arguments:
            case "int", (
                XPathCall(
                    "div",
                    (
                        XPathCall("-", (XPathCall("today" | "now", ()), born)),
                        Literal(365.0 | 365.25),
                    ),
                ),
            ):
                return Part(f"years_between({self._expect(born, 'date')}, today())", kind="number")
            case "int", (Reference(item) as argument,) if (
                self.form.items.get(item, self.form.root).type != "decimal"
            ):
                return self.evaluate(argument)
            case "int", (Literal(float() as value) as argument,) if value.is_integer():
                return self.evaluate(argument)
            case "min" | "max", (_, _, *_):
                return Part(
                    f"{name}({', '.join(self.evaluate(part).text for part in arguments)})",
                    kind="number",
                )
            case "count", (Reference(item),) if item in self.form.items:
                count = self.form.items[item].parse("repeat_count")
                if count is not None and item not in xpath.find_references(count):
                    return self.evaluate(count)
                return self._count_turns(self.form.items[item])
            case "index", () if self.item is not None and self.item.repeat is not None:
                return self._count_turns(self.item.repeat, before=self.item.row.number)
            case "sum" | "min" | "max" | "indexed-repeat" | "each-turn", (
                Reference(item),
                *turn,
            ) if (asked := self._get_item(item, all_turns=True)).repeat:
                if name == "indexed-repeat":
                    turn_text = self.evaluate(turn[-1]).text
                    return Part(f"{asked.repeat.id}[{turn_text}].{asked.id}", kind=asked.kind)
                if name == "each-turn" and asked.kind == "codes":
                    raise UnsupportedError(f"{item} has several answers in each turn")
                values = f"{asked.repeat.id}.{asked.id}"
                return (
                    Part(values, kind=asked.kind)
                    if name == "each-turn"
                    else Part(f"{name}({values})", kind="number")
                )
            case _, (Reference() as argument, _) if name in _LABELS:
                return Part(self.evaluate(argument).text, kind="label")
        raise UnsupportedError(f"there is no counterpart of {name}()")

    def _count_turns(self, repeat: FormItem, before: int = 1_000_000) -> Part:
        """Count the turns in which a question that is always asked was put."""
        for item in repeat.children:
            asked = item.kind in ANSWERED and item.row.number < before
            if asked and not item.row.get("relevant") and not item.row.get("choice_filter"):
                return Part(
                    f"count(answered({repeat.id}.{item.id}) or declined({repeat.id}.{item.id}))",
                    kind="number",
                )
        raise UnsupportedError("the number of the turn can only be used in texts")

    def _expect(self, tree: Expression, kind: str) -> str:
        part = self.evaluate(tree)
        if kind not in ("", part.kind):
            raise UnsupportedError(f"a {kind} is needed, and {part.text} is a {part.kind}")
        return part.text

    # ── names ─────────────────────────────────────────────────────────────────────────────────────────────

    def _get_item(self, name: str, *, all_turns: bool = False) -> FormItem:
        """Return an item that is asked before the current one; with `all_turns` for a function over turns."""
        item = self._find(name)
        if (
            item is None
            or item.kind in ("media", "", "group", "repeat", "calculate")
            or item.name in self.dropped
        ):
            raise UnsupportedError(f"{name} has no answer in the questionnaire")
        if self.item is not None and item.row.number > self.item.row.number:
            raise UnsupportedError(f"{name} is asked later (row {item.row.number})")
        around = (
            [id(parent) for parent in self.item.iterate_parents()] if self.item is not None else []
        )
        if (
            item.repeat is not None
            and not all_turns
            and self.item is not item
            and id(item.repeat) not in around
        ):
            raise UnsupportedError(f"{name} is in a repeat and has one answer per turn")
        return item

    def _find(self, name: str) -> FormItem | None:
        return self.item if name == "." and self.item is not None else self.form.items.get(name)

    def get_calculated(self, name: str) -> Calculated | None:
        """Return what is known of a calculation; None if the name is none. Raises UnsupportedError if it is lost."""
        found = self.calculations.get(name)
        if isinstance(found, str):
            raise UnsupportedError(f"it uses the calculation {name}, which is not carried over")
        if found is not None and self.item is not None:
            for used in xpath.find_references(found.tree) & self.form.items.keys() - {name}:
                if self.form.items[used].kind == "calculate":
                    self.get_calculated(used)
                elif self.form.items[used].kind not in ("metadata", "group", "repeat"):
                    self._get_item(used, all_turns=True)
        return found

    def _find_codes(self, tree: Expression) -> dict[str, str]:
        """Return the codes that an expression can have, as written, by the names of choices; empty if not known."""
        match tree:
            case Reference(name) if (
                isinstance(found := self.calculations.get(name), Calculated) and tree != found.tree
            ):
                return self._find_codes(found.tree)
            case XPathCall("if", (_, *values)) | XPathCall("coalesce", values):
                branches = [self._find_codes(branch) for branch in values if branch != NO_VALUE]
                return (
                    {name: code for codes in branches for name, code in codes.items()}
                    if all(branches)
                    else {}
                )
            case XPathCall(
                "once" | "indexed-repeat" | "each-turn" | "jr:choice-name" | "choice-label",
                (argument, *_),
            ):
                return self._find_codes(argument)
            case Literal(value) if value != "":
                return {_write(value): _write(value) if isinstance(value, float) else quote(value)}
            case Reference(name):
                item = self._find(name)
                return self.codes.get(item.id, {}) if item is not None else {}
            case _:
                return {}


def split_condition(translator: Translator, tree: Expression) -> tuple[str, str]:
    """Translate the condition of an item to an `ask_if` and an `unless`, either of which may be empty.

    A part that negates a condition becomes an `unless`, which leaves unknown as asked.
    """
    asked: list[Part] = []
    skipped: list[Part] = []
    for part in xpath.list_parts(tree):
        condition = translator.is_true(part)
        opposite = translator.is_true(XPathCall("not", (part,)))
        if opposite not in (YES, NO) and (
            len(opposite.text) < len(condition.text) or condition.strength == 3
        ):
            skipped.append(opposite)
        else:
            asked.append(condition)
    ask_if, unless = join_truths(asked, "and"), join_truths(skipped, "or")
    return ("" if ask_if == YES else ask_if.text), ("" if unless == NO else unless.text)


def _list_declined(name: str, kinds: Iterable[str]) -> list[Part]:
    """Return where a question was declined in one of these ways."""
    found = set(kinds)
    others = sorted(kind for kind in found if kind.startswith("code_"))
    declined = [Part(f"{kind}({name})") for kind in _DECLINES if kind in found]
    return declined + [Part(f"{name} in [{kind}]", 4) for kind in others]


def quote(text: str) -> str:
    """Write a text in quotes."""
    if "'" in text and '"' in text:
        raise UnsupportedError("a text with both kinds of quotes can't be written in a condition")
    return f'"{text}"' if "'" in text else f"'{text}'"


def _count_turns_with(test: Part) -> Part:
    """Return whether a condition is true in a turn of a repeat."""
    return NO if test == NO else Part(f"count({test.text}) > 0", 4)


def _branch(test: Expression, then: Expression, otherwise: Expression) -> Expression:
    """Return the condition that one of two conditions is true, depending on a third one."""
    return XPathCall(
        "or",
        (XPathCall("and", (test, then)), XPathCall("and", (XPathCall("not", (test,)), otherwise))),
    )


def _choose(test: Part, then: Part, otherwise: Part) -> Part:
    if test in (YES, NO):
        return then if test == YES else otherwise
    if test.strength == 3:
        return _choose(negate(test), otherwise, then)
    kinds = {then.kind, otherwise.kind} - {""}
    if kinds in ({"number", "text"}, {"text"}):
        texts = {"": "''", "number": f"'{then.text if then.kind == 'number' else otherwise.text}'"}
        then, otherwise = (
            Part(texts.get(p.kind, p.text), p.strength if p.kind == "text" else 7)
            for p in (then, otherwise)
        )
    elif len(kinds - {"code"}) > 1:
        raise UnsupportedError(
            f"the result is sometimes a {' and sometimes a '.join(sorted(kinds))}"
        )
    if not kinds or "text" in kinds:
        kind = "text"
    elif kinds == {"code", "number"}:
        kind = "number"
    else:
        [kind] = kinds - {"code"} or kinds
    return Part(f"{then.enclose(0)} if {test.enclose(0)} else {otherwise.text}", 0, kind)


def _write(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if value.is_integer() else repr(value)


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
    found: set[str] = set()
    for part in xpath.iterate_parts(tree):
        match part:
            case XPathCall(
                "+" | "-" | "*" | "div" | "<" | "<=" | ">" | ">=" | "==" | "!=" as sign, arguments
            ):
                has_number = any(
                    isinstance(each, Literal) and isinstance(each.value, float)
                    for each in arguments
                )
                if has_number or sign not in ("==", "!="):
                    found |= {
                        argument.name for argument in arguments if isinstance(argument, Reference)
                    }
    return found
