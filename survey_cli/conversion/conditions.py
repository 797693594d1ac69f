"""Translation of XPath expressions to conditions of the questionnaire language.

In a form an empty value is compared like a text: `${a} != 1` is true while `a` is empty, and
`${a} < 5` is false. In a questionnaire both are unknown. A condition is therefore translated so
that it is true exactly if the expression is. If the expression is false, the condition may be
unknown, so whatever negates it tests that it is not true.
"""

import re
from math import inf
from typing import Final, NamedTuple

from survey_cli.conversion import xpath
from survey_cli.conversion.condition_parts import (
    DECLINES,
    NO,
    YES,
    Part,
    Strength,
    choose,
    count_turns_with,
    join_truths,
    list_declined,
    negate,
    quote,
    write_value,
)
from survey_cli.conversion.form import SheetChoice, SheetForm, SheetItem
from survey_cli.conversion.form_names import ANSWERED, LABELS, FormNames
from survey_cli.conversion.simplification import SAME, find_join, simplify
from survey_cli.conversion.xpath import (
    NO_VALUE,
    TRUE,
    Expression,
    Literal,
    Reference,
    UnsupportedError,
    XPathCall,
)
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


class _Template(NamedTuple):
    """What a function becomes."""

    text: str
    needed: str
    """The kind that its arguments must have; empty if any will do."""
    kind: str
    """The kind of its value."""


_TEMPLATES: Final = {
    ("today", 0): _Template("today()", "", "date"),
    ("now", 0): _Template("today()", "", "date"),  # conditions know no time of day
    ("round", 1): _Template("round({})", "", "number"),
    ("round", 2): _Template("round({}, {})", "", "number"),
    ("count-selected", 1): _Template("count({})", "codes", "number"),
    ("string-length", 1): _Template("length({})", "text", "number"),
}
"""By the name of the function and the number of its arguments."""


class Translator(FormNames):
    """Translates the expressions of one form, each as seen from `item`, which the caller sets."""

    def __init__(self, form: SheetForm) -> None:
        super().__init__(form)
        self.expanded: list[SheetItem] = []
        """The groups whose conditions are being translated, which can't use themselves."""
        self._functions = _FunctionTranslator(self)

    # ── truth ─────────────────────────────────────────────────────────────────────────────────────

    def is_true(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the expression is true."""
        match tree:
            case XPathCall("and" | "or" as word, arguments):
                return join_truths([self.is_true(argument) for argument in arguments], word)
            case XPathCall("not", (argument,)):
                return self._is_false(argument)
            case XPathCall("!=", (left, Literal("")) | (Literal(""), left)):
                return self._is_answered(left)
            case XPathCall("!=", arguments):
                # Not `!=`, which would be unknown, and not true, while the value is empty.
                return negate(self.is_true(XPathCall("==", arguments)))
            case XPathCall("relevant", (argument,)):
                return self._is_relevant(argument)
            case XPathCall("true", ()):
                return YES
            case XPathCall("false", ()):
                return NO
            case XPathCall("if", (test, then, otherwise)):
                return self.is_true(_branch(test, then, otherwise))
            case XPathCall("selected", (value, code)):
                return self._is_selected(value, code)
            case XPathCall(sign, (left, right)) if sign in COMPARE:
                return self._compare(left, sign, right)
            case XPathCall(name, (argument,)) if name in SAME:
                return self.is_true(argument)
            case XPathCall(name, _):
                raise UnsupportedError(f"there is no counterpart of {name}()")
            case Reference(name):
                inserted = self.get_inserted(name)
                if inserted is not None:
                    return self.is_true(inserted)
        raise UnsupportedError("a value alone is not a condition")

    def _is_false(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the expression is false."""
        match tree:
            case XPathCall("and", arguments):
                return join_truths([self._is_false(argument) for argument in arguments], "or")
            case XPathCall("or", arguments):
                return join_truths([self._is_false(argument) for argument in arguments], "and")
            case XPathCall("not", (argument,)):
                return self.is_true(argument)
            case XPathCall("!=", arguments):
                return self.is_true(XPathCall("==", arguments))
        # `a < 5` is false while `a` is empty, so `a >= 5` doesn't say that it is false.
        return negate(self.is_true(tree))

    def _is_relevant(self, tree: Expression) -> Part:
        """Return whether a question was put, or whether the condition of a group is true."""
        item = None
        if isinstance(tree, Reference):
            item = self.form.items.get(tree.name)
        # A question without a condition is always put, so its (empty) condition is translated.
        if item is None or (item.kind in ANSWERED and item.build_relevance() != TRUE):
            name = self.evaluate(tree).text
            return join_truths([Part(f"answered({name})"), Part(f"declined({name})")], "or")

        if item in self.expanded:
            raise UnsupportedError(f"the condition of {item.name} depends on itself")
        self.expanded.append(item)
        try:
            return self.is_true(item.build_relevance())
        finally:
            self.expanded.pop()

    def is_offered(self, choice: SheetChoice, choice_filter: Expression | None) -> Part:
        """Return the condition on which a choice is offered."""
        if choice_filter is None:
            return YES
        cells: dict[Expression, Expression] = {
            Reference(f"@{column}"): Literal(text)
            for (column, _language), text in choice.row.cells.items()
        }
        return self.is_true(xpath.replace_parts(choice_filter, cells))

    def _is_selected(self, value: Expression, code: Expression) -> Part:
        """Return the condition that an answer, or an answer in any turn of a repeat, has a code."""
        if isinstance(value, Reference) and isinstance(code, Literal):
            item = self.find_item(value.name)
            if item is not None and item.kind == "codes":
                return self._is_chosen(value.name, code.value)

        joined = find_join(self, value)
        if joined is None:
            return self._compare(value, "==", code)
        return count_turns_with(self.is_true(XPathCall("==", (joined, code))))

    def _is_chosen(self, name: str, code: float | str) -> Part:
        """Return the condition that a choice of a question with several answers is chosen."""
        item = self.get_item(name).id
        written = self.codes[item].get(write_value(code), "")
        if not written:
            self.note_unknown_code(Reference(name), "==", code)
            return NO
        if written in DECLINES:
            return Part(f"{written}({item})")
        return Part(f"{written} in {item}", Strength.COMPARISON)

    def _is_answered(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the value is not empty."""
        tree = simplify(self, tree)
        match tree:
            case Literal(""):
                return NO
            case Literal():
                return YES
            case Reference(name):
                return self._is_name_answered(name)
            case XPathCall("if", (test, then, otherwise)):
                then_answered = XPathCall("!=", (then, NO_VALUE))
                otherwise_answered = XPathCall("!=", (otherwise, NO_VALUE))
                return self.is_true(_branch(test, then_answered, otherwise_answered))
            case XPathCall("coalesce", arguments):
                return join_truths([self._is_answered(argument) for argument in arguments], "or")
            case XPathCall("+" | "-" | "*" | "div" | "round" | "int", arguments):
                return join_truths([self._is_answered(argument) for argument in arguments], "and")
            case XPathCall(
                "today" | "now" | "index" | "count" | "count-selected" | "string-length", _
            ):
                return YES
            case XPathCall("join", (_, turn)):
                return count_turns_with(self._is_answered(XPathCall("each-turn", (turn,))))
            case XPathCall("indexed-repeat" | "pulldata" | "each-turn", _):
                return Part(f"answered({self.evaluate(tree).text})")
            case XPathCall(name, (argument, *_)) if name in LABELS or name in (
                "format-date",
                "format-date-time",
            ):
                return self._is_answered(argument)
        raise UnsupportedError("it can't be tested whether this is empty")

    def _is_name_answered(self, name: str) -> Part:
        """Return a condition that is true exactly if a question or a compute has a value."""
        calculated = self.get_calculated(name)
        if calculated is not None:
            if calculated.kind == "text" and self._may_be_empty(calculated.tree):
                # Its compute has an empty text for no value, and an empty text counts as answered.
                return Part(f"{calculated.name} != ''", Strength.COMPARISON)
            return Part(f"answered({calculated.name})")

        item = self.get_item(name)
        if item.kind == "note":
            return NO
        if item is self.item:
            return YES  # a constraint is only tested if there is an answer
        # In the form, don't know and refused are choices or numbers, and therefore not empty.
        declined = list_declined(item.id, self.codes.get(item.id, {}).values())
        return join_truths([Part(f"answered({item.id})"), *declined], "or")

    def _may_be_empty(self, tree: Expression) -> bool:
        """Return whether a calculation contains an empty text."""
        return NO_VALUE in xpath.iterate_parts(simplify(self, tree))

    # ── comparisons ───────────────────────────────────────────────────────────────────────────────

    def _compare(self, left: Expression, sign: str, right: Expression) -> Part:
        if isinstance(left, Literal) and not isinstance(right, Literal):
            return self._compare(right, MIRRORED_SIGNS[sign], left)

        left = simplify(self, left)
        right = simplify(self, right)
        if right == NO_VALUE:
            return negate(self._is_answered(left))
        if not isinstance(right, Literal):
            return self._compare_values(left, sign, right)

        match left:
            case Literal(value):
                return _compare_constants(value, sign, right.value)
            case XPathCall("string-length" | "count-selected"):
                return self._compare_count(left, sign, right.value)
            case _:
                return join_truths(self._compare_with_constant(left, sign, right.value), "or")

    def _compare_values(self, left: Expression, sign: str, right: Expression) -> Part:
        """Compare two values, neither of which is a constant."""
        first = self.evaluate(left)
        second = self.evaluate(right)
        kinds = {first.kind, second.kind}
        if kinds & {"codes", "label"} or len(kinds - {"code"}) > 1:
            raise UnsupportedError(f"a {first.kind} and a {second.kind} can't be compared")

        operands = (first.enclose(Strength.COMPARISON), second.enclose(Strength.COMPARISON))
        part = Part(f" {sign} ".join(operands), Strength.COMPARISON)
        are_names = isinstance(left, Reference) and isinstance(right, Reference)
        if sign != "==" or not are_names:
            return part

        # In a form, two empty values are equal.
        empty = [negate(self._is_answered(left)), negate(self._is_answered(right))]
        return join_truths([join_truths(empty, "and"), part], "or")

    def _compare_count(self, left: XPathCall, sign: str, value: float | str) -> Part:
        """Compare a length or a count, which are 0 without an answer."""
        number = _to_number(value)
        if number is None:
            raise UnsupportedError(f"{left.name}() is compared with a text")

        answered = self._is_answered(left.arguments[0])
        if (sign, number) in ((">", 0), (">=", 1)):
            return answered
        if (sign, number) in (("==", 0), ("<", 1), ("<=", 0)):
            return negate(answered)

        count = self.evaluate(left).text
        part = Part(f"{count} {sign} {write_value(number)}", Strength.COMPARISON)
        holds_for_none = COMPARE[sign](0.0, number)
        if holds_for_none:
            return join_truths([negate(answered), part], "or")
        return part

    def _compare_with_constant(self, left: Expression, sign: str, value: float | str) -> list[Part]:
        """Compare a value with a constant; any of the parts makes the comparison true."""
        part = self.evaluate(left)
        operand = part.enclose(Strength.COMPARISON)
        number = _to_number(value)
        written = write_value(value if number is None else number)
        plain = Part(f"{operand} {sign} {written}", Strength.COMPARISON)

        codes = self.find_codes(left)
        fulfilling = [name for name in codes if _fulfills(name, sign, value)]
        if codes and not fulfilling and part.kind != "number":
            self.note_unknown_code(left, sign, value)
        # A decline is no value here; in the form it is a number, such as -99, and can be less.
        declined = list_declined(part.text, [codes[name] for name in fulfilling])

        if part.kind == "number":
            if sign == "==" and declined:
                return declined
            return [*declined, NO if number is None else plain]

        if codes:
            have_order = not any("'" in code for code in codes.values())
            answers = [codes[name] for name in fulfilling if codes[name] not in DECLINES]
            distinct = list(dict.fromkeys(answers))  # two choices may be written alike
            if part.kind == "codes":
                return declined + [_is_only_answer(part, code) for code in distinct]
            if sign != "==" and distinct and have_order:
                return [*declined, plain]
            return declined + [
                Part(f"{operand} == {code}", Strength.COMPARISON) for code in distinct
            ]

        if part.kind == "text" and sign != "==":
            raise UnsupportedError("texts have no order")
        is_malformed_date = part.kind == "date" and not _DATE.fullmatch(str(value))
        if part.kind not in ("text", "date", "time") or is_malformed_date:
            raise UnsupportedError(f"a {part.kind} is compared with {value}")
        return [Part(f"{operand} {sign} {quote(write_value(value))}", Strength.COMPARISON)]

    # ── values ────────────────────────────────────────────────────────────────────────────────────

    def evaluate(self, tree: Expression) -> Part:
        """Translate an expression that has a value."""
        tree = simplify(self, tree)
        match tree:
            case Literal(float() as number):
                return Part(write_value(number), kind="number")
            case Literal(""):
                return Part("0 / 0", Strength.PRODUCT, "")  # the language has no word for no value
            case Literal(str(text)):
                return Part(quote(text), kind="text")
            case Reference(name):
                return self._evaluate_name(name)
            case XPathCall("+" | "-" | "*" | "div" as sign, (left, right)):
                return self._calculate(sign, left, right)
            case XPathCall("if", (test, then, otherwise)):
                return self._choose(self.is_true(test), then, otherwise)
            case XPathCall("coalesce", (first, other)):
                return self._choose(self._is_answered(first), first, other)
            case XPathCall("coalesce", (first, *others)) if others:
                rest = XPathCall("coalesce", tuple(others))
                return self._choose(self._is_answered(first), first, rest)
            case XPathCall("pulldata", (_, Literal(str(column)), _, Reference(key))) if (
                key in self.form.items and self.form.items[key].type == "caseid"
            ):
                return Part(column, kind=self.use_column(column))
            case XPathCall("count-selected", (several,)):
                joined = find_join(self, several)
                if joined is not None:
                    return Part(f"count({self._is_answered(joined).text})", kind="number")
                return self._functions.translate("count-selected", (several,))
            case XPathCall(name, arguments):
                return self._functions.translate(name, arguments)
        raise UnsupportedError("this is not understood")

    def _evaluate_name(self, name: str) -> Part:
        calculated = self.get_calculated(name)
        if calculated is not None:
            return Part(calculated.name, kind=calculated.kind)

        item = self.get_item(name)
        if item.kind == "code" and all("'" in code for code in self.codes[item.id].values()):
            return Part(item.id, kind="text")
        return Part(item.id, kind=item.kind)

    def _calculate(self, sign: str, left: Expression, right: Expression) -> Part:
        first = self.evaluate(left)
        second = self.evaluate(right)
        if any(part.kind not in ("number", "code") for part in (first, second)):
            raise UnsupportedError(f"{sign} needs numbers")

        strength = Strength.SUM if sign in ("+", "-") else Strength.PRODUCT
        operand = second.enclose(strength)
        if sign == "-" and left == Literal(0.0):  # the parser reads `-x` so
            return Part(f"-{operand}", strength, "number")

        # A chain is read from the left: `a - b - c` needs no brackets, `a - (b - c)` does.
        first_operand = first.enclose(strength - 1)
        written = "/" if sign == "div" else sign
        return Part(f"{first_operand} {written} {operand}", strength, "number")

    def _choose(self, test: Part, then: Expression, otherwise: Expression) -> Part:
        first = self.evaluate(then)
        second = self.evaluate(otherwise)
        if {first.kind, second.kind} == {"label", "text"}:
            first = self._write_label(then, first)
            second = self._write_label(otherwise, second)
        return choose(test, first, second)

    def _write_label(self, tree: Expression, part: Part) -> Part:
        """Return the text of a code as a choice among the texts of its list."""
        item = self.find_listed(tree) if part.kind == "label" else None
        if item is None:
            return part

        choice_filter = item.parse("choice_filter")
        # From the last choice to the first: each becomes the condition in front of the rest.
        label = Part("''", kind="text")
        for choice in reversed(self.form.lists[item.list_name]):
            if self.is_offered(choice, choice_filter) == NO:
                continue
            code = self.codes[item.id][choice.code]
            if code in DECLINES:
                test = Part(f"{code}({part.text})")
            else:
                operand = part.enclose(Strength.COMPARISON)
                test = Part(f"{operand} == {code}", Strength.COMPARISON)

            texts = list(self.form.get_text(choice.row, "label").values())
            text = texts[0] if texts else choice.code
            if "${" in text:
                raise UnsupportedError(f"the text of {choice.code} contains a value")
            plain = re.sub(r"<[^>]*>", "", text)
            label = choose(test, Part(quote(plain), kind="text"), label)
        return label


class _FunctionTranslator:
    """Translates functions that have a value."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator

    def translate(self, name: str, arguments: tuple[Expression, ...]) -> Part:
        """Translate a call. Raises UnsupportedError if the function has no counterpart."""
        if any(_uses_all_turns(argument) for argument in arguments):
            raise UnsupportedError(f"{name}() can't be calculated for each turn of a repeat")

        template = _TEMPLATES.get((name, len(arguments)))
        if template is not None:
            texts = [self._expect(argument, template.needed) for argument in arguments]
            return Part(template.text.format(*texts), kind=template.kind)

        match name, arguments:
            case "int", (argument,):
                return self._truncate(argument)
            case "min" | "max", (_, _, *_):
                texts = [self.translator.evaluate(argument).text for argument in arguments]
                return Part(f"{name}({', '.join(texts)})", kind="number")
            case "count", (Reference(item),) if item in self.translator.form.items:
                return self._count_repeat(self.translator.form.items[item])
            case "index", ():
                current = self.translator.item
                if current is not None and current.repeat is not None:
                    return _count_turns(current.repeat, before=current.row.number)
            case "indexed-repeat", (Reference(item), *_, turn):
                asked = self.translator.get_item(item, all_turns=True)
                if asked.repeat is not None:
                    turn_text = self.translator.evaluate(turn).text
                    return Part(f"{asked.repeat.id}[{turn_text}].{asked.id}", kind=asked.kind)
            case "sum" | "min" | "max" | "each-turn", (Reference(item), *_):
                asked = self.translator.get_item(item, all_turns=True)
                if asked.repeat is not None:
                    return _use_all_turns(name, asked, asked.repeat)
            case _, (Reference() as argument, _) if name in LABELS:
                return Part(self.translator.evaluate(argument).text, kind="label")
        raise UnsupportedError(f"there is no counterpart of {name}()")

    def _truncate(self, argument: Expression) -> Part:
        """Translate `int()` of an age, or of what is whole in any case."""
        birth = _find_birth(argument)
        if birth is not None:
            born = self._expect(birth, "date")
            return Part(f"years_between({born}, today())", kind="number")

        match argument:
            case Reference(name):
                item = self.translator.form.items.get(name)
                is_whole = item is None or item.type != "decimal"
            case Literal(float() as number):
                is_whole = number.is_integer()
            case _:
                is_whole = False
        if not is_whole:
            raise UnsupportedError("there is no counterpart of int()")
        return self.translator.evaluate(argument)

    def _count_repeat(self, repeat: SheetItem) -> Part:
        """Count the turns of a repeat, or return the number of them that the form sets."""
        count = repeat.parse("repeat_count")
        if count is not None and repeat.name not in xpath.find_references(count):
            return self.translator.evaluate(count)
        return _count_turns(repeat)

    def _expect(self, tree: Expression, kind: str) -> str:
        """Translate a value that must have a kind; any if the kind is empty."""
        part = self.translator.evaluate(tree)
        if kind not in ("", part.kind):
            raise UnsupportedError(f"a {kind} is needed, and {part.text} is a {part.kind}")
        return part.text


def split_condition(translator: Translator, tree: Expression) -> tuple[str, str]:
    """Translate the condition of an item to an `ask_if` and an `unless`; either may be empty.

    A part that negates a condition becomes an `unless`, which leaves unknown as asked.
    """
    asked: list[Part] = []
    skipped: list[Part] = []
    for part in xpath.list_parts(tree):
        condition = translator.is_true(part)
        opposite = translator.is_true(XPathCall("not", (part,)))
        is_negation = len(opposite.text) < len(condition.text) or condition.strength == Strength.NOT
        if is_negation and opposite not in (YES, NO):
            skipped.append(opposite)
        else:
            asked.append(condition)

    ask_if = join_truths(asked, "and")
    unless = join_truths(skipped, "or")
    ask_if_text = "" if ask_if == YES else ask_if.text
    unless_text = "" if unless == NO else unless.text
    return ask_if_text, unless_text


def _count_turns(repeat: SheetItem, before: float = inf) -> Part:
    """Count the turns in which a question that is always asked was put.

    The question is in a row before `before`.
    """
    for item in repeat.children:
        is_answered_before = item.kind in ANSWERED and item.row.number < before
        is_always_asked = not item.row.get("relevant") and not item.row.get("choice_filter")
        if is_answered_before and is_always_asked:
            name = f"{repeat.id}.{item.id}"
            return Part(f"count(answered({name}) or declined({name}))", kind="number")
    raise UnsupportedError("the number of the turn can only be used in texts")


def _branch(test: Expression, then: Expression, otherwise: Expression) -> Expression:
    """Return the condition that one of two conditions is true, depending on a third one."""
    if_true = XPathCall("and", (test, then))
    if_false = XPathCall("and", (XPathCall("not", (test,)), otherwise))
    return XPathCall("or", (if_true, if_false))


def _compare_constants(left: float | str, sign: str, right: float | str) -> Part:
    first = _to_number(left)
    second = _to_number(right)
    if first is not None and second is not None:
        is_true = COMPARE[sign](first, second)
    else:
        is_true = sign == "==" and left == right
    return YES if is_true else NO


def _fulfills(code: str, sign: str, value: float | str) -> bool:
    """Return whether a code fulfills a comparison with a constant."""
    if sign == "==":
        return code == write_value(value)

    number = _to_number(code)
    limit = _to_number(value)
    if number is None or limit is None:
        return False
    return bool(COMPARE[sign](number, limit))


def _is_only_answer(several: Part, code: str) -> Part:
    text = f"{code} in {several.text} and count({several.text}) == 1"
    return Part(text, Strength.AND)


def _to_number(value: float | str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _uses_all_turns(tree: Expression) -> bool:
    """Return whether an expression contains a value for every turn of a repeat."""
    parts = xpath.iterate_parts(tree)
    return any(isinstance(part, XPathCall) and part.name == "each-turn" for part in parts)


def _use_all_turns(function: str, asked: SheetItem, repeat: SheetItem) -> Part:
    """Return the values of a question in all turns of a repeat, or a function of them."""
    values = f"{repeat.id}.{asked.id}"
    if function != "each-turn":
        return Part(f"{function}({values})", kind="number")
    if asked.kind == "codes":
        raise UnsupportedError(f"{asked.name} has several answers in each turn")
    return Part(values, kind=asked.kind)


def _find_birth(tree: Expression) -> Expression | None:
    """Return the date of birth in `(today() - ${born}) div 365.25`; None for other expressions."""
    match tree:
        case XPathCall(
            "div",
            (XPathCall("-", (XPathCall("today" | "now", ()), born)), Literal(365.0 | 365.25)),
        ):
            return born
    return None
