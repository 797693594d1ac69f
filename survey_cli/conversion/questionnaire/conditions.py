"""Translation of a form's conditions to those of the questionnaire language.

A condition of a form is true or false; its nodes say what a blank means. In a questionnaire a
comparison with a blank is unknown. A condition is therefore translated so that it is true exactly
if the expression is. If the expression is false, the condition may be unknown, so whatever negates
it tests that it is not true.
"""

import re
from typing import Final, NamedTuple

from survey_cli.conversion.model import expressions
from survey_cli.conversion.model.expressions import (
    NO_VALUE,
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
    Unsupported,
    UnsupportedError,
    ValueComparison,
)
from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormChoice,
    FormColumn,
    FormGroup,
    FormItem,
    FormNote,
    FormQuestion,
    FormRoster,
    FormSplit,
)
from survey_cli.conversion.questionnaire.condition_parts import (
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
    negate_answered,
    quote,
    write_value,
)
from survey_cli.conversion.questionnaire.names import FormNames
from survey_cli.conversion.questionnaire.simplification import (
    find_join,
    list_joined_texts,
    simplify,
)
from survey_cli.instrument.expressions.three_valued_logic import COMPARE, MIRRORED_SIGNS

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_WITHOUT_BLANK: Final = ("today", "turn", "count_turns", "count_chosen", "count_true", "length")
"""Functions that always have a value."""


class _Template(NamedTuple):
    """What a function becomes."""

    text: str
    needed: str
    """The kind that its arguments must have; empty if any will do."""
    kind: str
    """The kind of its value."""


_TEMPLATES: Final = {
    ("today", 0): _Template("today()", "", "date"),
    ("round", 1): _Template("round({})", "", "number"),
    ("round", 2): _Template("round({}, {})", "", "number"),
    ("count_chosen", 1): _Template("count({})", "codes", "number"),
    ("length", 1): _Template("length({})", "text", "number"),
    ("years_between", 2): _Template("years_between({}, {})", "date", "number"),
    ("months_between", 2): _Template("months_between({}, {})", "date", "number"),
    ("days_between", 2): _Template("days_between({}, {})", "date", "number"),
}
"""By the name of the function and the number of its arguments."""
_NUMBER_FUNCTIONS: Final = ("min", "max", "max_answered", "sum", "sum_answered", "mean_answered")
"""Functions of two or more numbers."""


class Translator(FormNames):
    """Translates the expressions of one form, each as seen from `item`, which the caller sets."""

    def __init__(self, form: ForeignForm) -> None:
        super().__init__(form)
        self.expanded: list[FormItem] = []
        """The groups whose conditions are being translated, which can't use themselves."""
        self._functions = _FunctionTranslator(self)

    # ── truth ─────────────────────────────────────────────────────────────────────────────────────

    def is_true(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the expression is true."""
        match tree:
            case TruthConstant(value):
                return YES if value else NO
            case All(arguments):
                return join_truths([self.is_true(argument) for argument in arguments], "and")
            case AnyOf(arguments):
                return join_truths([self.is_true(argument) for argument in arguments], "or")
            case Not(argument):
                return self._is_false(argument)
            case Answered(value):
                return self._is_answered(value)
            case Shown(value):
                return self._is_shown(value)
            case Chosen(value, code):
                return self._is_selected(value, code)
            case ValueComparison():
                return self._is_comparison_true(tree)
            case FunctionCall("if", (test, then, otherwise)):
                return self.is_true(_branch(test, then, otherwise))
            case FunctionCall("contains", (value, Constant(str(words)))):
                return Part(f"contains({self.evaluate(value).text}, {quote(words)})")
            case FunctionCall(name):
                raise UnsupportedError(f"there is no counterpart of {name}()")
            case Unsupported(why):
                raise UnsupportedError(why)
            case AnswerOf(name):
                inserted = self.get_inserted(name)
                if inserted is not None:
                    return self.is_true(inserted)
        raise UnsupportedError("a value alone is not a condition")

    def _is_false(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the expression is false."""
        match tree:
            case All(arguments):
                return join_truths([self._is_false(argument) for argument in arguments], "or")
            case AnyOf(arguments):
                return join_truths([self._is_false(argument) for argument in arguments], "and")
            case Not(argument):
                return self.is_true(argument)
            case ValueComparison(if_blank=True):
                return self.is_true(tree.negate())
        # `a < 5` is false while `a` is empty, so `a >= 5` doesn't say that it is false.
        return negate(self.is_true(tree))

    def _is_comparison_true(self, tree: ValueComparison) -> Part:
        if tree.if_blank:
            # Not `!=`, which would be unknown, and not true, while the value is empty.
            return negate(self.is_true(tree.negate()))
        if tree.sign != "!=":
            return self._compare(tree.left, tree.sign, tree.right)

        # The language has codes and declines that only equality takes into account.
        are_answered = [self._is_answered(tree.left), self._is_answered(tree.right)]
        equal = self._compare(tree.left, "==", tree.right)
        differ = negate_answered(equal, are_answered)
        return join_truths([*are_answered, differ], "and")

    def _is_shown(self, value: Expression) -> Part:
        """Return whether a question was put, or whether the condition of a group is true."""
        item = None
        if isinstance(value, AnswerOf):
            item = self.form.items.get(value.name)
        is_sometimes_put = isinstance(item, FormQuestion) and not self.is_always_put(item)
        # A question without a condition is always put, so its (empty) condition is translated.
        if item is None or is_sometimes_put:
            written = self.evaluate(value).text
            return join_truths([Part(f"answered({written})"), Part(f"declined({written})")], "or")

        if item in self.expanded:
            raise UnsupportedError(f"the condition of {item.name} depends on itself")
        self.expanded.append(item)
        try:
            return self.is_true(item.build_relevance())
        finally:
            self.expanded.pop()

    def _is_selected(self, value: Expression, code: Expression) -> Part:
        """Return the condition that an answer, or an answer in any turn of a roster, has a code."""
        if isinstance(value, AnswerOf) and isinstance(code, Constant):
            item = self.find_item(value.name)
            if isinstance(item, FormQuestion) and item.answer == "codes":
                return self._is_chosen(value.name, code.value)

        joined = find_join(self, value)
        if joined is None:
            return self._compare(value, "==", code)
        comparison = ValueComparison(joined, "==", code, if_blank=False)
        return count_turns_with(self.is_true(comparison))

    def _is_chosen(self, name: str, code: float | str) -> Part:
        """Return the condition that a choice of a question with several answers is chosen."""
        item = self.get_item(name).id
        written = self.codes[item].get(write_value(code), "")
        if not written:
            self.note_unknown_code(AnswerOf(name), "==", code)
            return NO
        if written in DECLINES:
            return Part(f"{written}({item})")
        return Part(f"{written} in {item}", Strength.COMPARISON)

    def _is_answered(self, tree: Expression) -> Part:
        """Return a condition that is true exactly if the value is not blank."""
        tree = simplify(self, tree)
        match tree:
            case Constant(value):
                return NO if value == "" else YES
            case AnswerOf(name):
                return self._is_name_answered(name)
            case FunctionCall("if", (test, then, otherwise)):
                return self.is_true(_branch(test, Answered(then), Answered(otherwise)))
            case FunctionCall("first_answered" | "concat", arguments):
                return join_truths([self._is_answered(argument) for argument in arguments], "or")
            case FunctionCall("+" | "-" | "*" | "/" | "round" | "truncate", arguments):
                return join_truths([self._is_answered(argument) for argument in arguments], "and")
            case FunctionCall(name, _) if name in _WITHOUT_BLANK:
                return YES
            case FunctionCall("years_between" | "months_between" | "days_between", arguments):
                return join_truths([self._is_answered(argument) for argument in arguments], "and")
            case FunctionCall("join", (turn,)):
                return count_turns_with(self._is_answered(FunctionCall("each_turn", (turn,))))
            case FunctionCall("in_turn" | "column" | "each_turn", _):
                return Part(f"answered({self.evaluate(tree).text})")
            case FunctionCall("label" | "format_date", (argument, *_)):
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
        if isinstance(self.form.items.get(name), FormColumn):
            return Part(f"answered({self.use_column(name).text})")

        item = self.get_item(name)
        if isinstance(item, FormNote):
            return NO
        if item is self.item:
            return YES  # a constraint is only tested if there is an answer
        # In the form, don't know and refused are choices or numbers, and therefore not empty.
        declined = list_declined(item.id, self.codes.get(item.id, {}).values())
        return join_truths([Part(f"answered({item.id})"), *declined], "or")

    def _may_be_empty(self, tree: Expression) -> bool:
        """Return whether a calculation contains an empty text, or the word of an answer."""
        parts = list(expressions.iterate_parts(simplify(self, tree)))
        return NO_VALUE in parts or any(self.find_worded(part) is not None for part in parts)

    # ── comparisons ───────────────────────────────────────────────────────────────────────────────

    def _compare(self, left: Expression, sign: str, right: Expression) -> Part:
        if isinstance(left, Constant) and not isinstance(right, Constant):
            return self._compare(right, MIRRORED_SIGNS[sign], left)

        left = simplify(self, left)
        right = simplify(self, right)
        if right == NO_VALUE:
            return negate(self._is_answered(left))
        if not isinstance(right, Constant):
            return self._compare_values(left, sign, right)

        match left:
            case Constant(value):
                return _compare_constants(value, sign, right.value)
            case FunctionCall("length" | "count_chosen"):
                return self._compare_count(left, sign, right.value)
            case FunctionCall("concat", parts):
                return self._compare_joined(parts, sign, right.value)
            case _:
                return join_truths(self._compare_with_constant(left, sign, right.value), "or")

    def _compare_values(self, left: Expression, sign: str, right: Expression) -> Part:
        """Compare two values, neither of which is a constant."""
        if self._have_same_codes(left, right):
            first = self.evaluate(left)
            second = self.evaluate(right)
        else:
            first = self.evaluate_value(left)
            second = self.evaluate_value(right)
        kinds = {first.kind, second.kind}
        if kinds & {"codes", "label"} or len(kinds - {"code"}) > 1:
            raise UnsupportedError(f"a {first.kind} and a {second.kind} can't be compared")

        operands = (first.enclose(Strength.COMPARISON), second.enclose(Strength.COMPARISON))
        return Part(f" {sign} ".join(operands), Strength.COMPARISON)

    def _have_same_codes(self, left: Expression, right: Expression) -> bool:
        """Return whether two values are answers to questions with the same list."""
        first = self.find_worded(left)
        second = self.find_worded(right)
        if first is None or second is None:
            return False
        return first.choices is second.choices

    def _compare_count(self, left: FunctionCall, sign: str, value: float | str) -> Part:
        """Compare a length or a count, which are 0 without an answer."""
        number = _to_number(value)
        if number is None:
            raise UnsupportedError(f"{left.name} is compared with a text")

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

    def _compare_joined(self, parts: tuple[Expression, ...], sign: str, value: float | str) -> Part:
        """Compare what texts and codes are joined to, one by one."""
        fulfilling = [
            expressions.join_all(list(joined.tests))
            for joined in list_joined_texts(self, parts)
            if _fulfills(joined.text, sign, value)
        ]
        return self.is_true(expressions.join_any(fulfilling))

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
            case Constant(float() as number):
                return Part(write_value(number), kind="number")
            case Constant(""):
                return Part("0 / 0", Strength.PRODUCT, "")  # the language has no word for no value
            case Constant(str(text)):
                return Part(quote(text), kind="text")
            case AnswerOf(name):
                return self._evaluate_name(name)
            case Unsupported(why):
                raise UnsupportedError(why)
            case FunctionCall("-", (number,)):
                return self._calculate("-", Constant(0.0), number)
            case FunctionCall("+" | "-" | "*" | "/" as sign, (left, right)):
                return self._calculate(sign, left, right)
            case FunctionCall("if", (test, then, otherwise)):
                return self._choose(self.is_true(test), then, otherwise)
            case FunctionCall("first_answered", (first, other)):
                return self._choose(self._is_answered(first), first, other)
            case FunctionCall("first_answered", (first, *others)) if others:
                rest = FunctionCall("first_answered", tuple(others))
                return self._choose(self._is_answered(first), first, rest)
            case FunctionCall("column", (Constant(str(column)),)):
                return self.use_column(column)
            case FunctionCall("count_chosen", (several,)):
                joined = find_join(self, several)
                if joined is not None:
                    return Part(f"count({self._is_answered(joined).text})", kind="number")
                return self._functions.translate("count_chosen", (several,))
            case FunctionCall(name, arguments):
                return self._functions.translate(name, arguments)
        raise UnsupportedError("this is not understood")

    def evaluate_value(self, tree: Expression) -> Part:
        """Translate a value that is used apart from its question.

        A code that is a word in the form is that word then. Its number means nothing elsewhere:
        two questions may give the same number to different words.
        """
        tree = simplify(self, tree)
        part = self.evaluate(tree)
        question = self.find_worded(tree)
        if question is None or part.kind != "code":
            return part

        # From the last choice to the first: each becomes the condition in front of the rest.
        word = Part("''", kind="text")
        for code, written in reversed(self.codes[question.id].items()):
            test = _has_code(part, written)
            word = choose(test, Part(quote(code), kind="text"), word)
        return word

    def _evaluate_name(self, name: str) -> Part:
        calculated = self.get_calculated(name)
        if calculated is not None:
            return Part(calculated.name, kind=calculated.kind)

        if isinstance(self.form.items.get(name), FormColumn):
            return self.use_column(name)

        split = self.form.items.get(name)
        if isinstance(split, FormSplit):
            self.check_split(split)
            return Part(split.id, kind="text")

        item = self.get_item(name)
        kind = "note" if isinstance(item, FormNote) else item.answer
        return Part(item.id, kind=kind)

    def _calculate(self, sign: str, left: Expression, right: Expression) -> Part:
        first = self.evaluate(left)
        second = self.evaluate(right)
        if any(part.kind not in ("number", "code") for part in (first, second)):
            raise UnsupportedError(f"{sign} needs numbers")

        strength = Strength.SUM if sign in ("+", "-") else Strength.PRODUCT
        operand = second.enclose(strength)
        if sign == "-" and left == Constant(0.0):
            return Part(f"-{operand}", strength, "number")

        # A chain is read from the left: `a - b - c` needs no brackets, `a - (b - c)` does.
        first_operand = first.enclose(strength - 1)
        return Part(f"{first_operand} {sign} {operand}", strength, "number")

    def _choose(self, test: Part, then: Expression, otherwise: Expression) -> Part:
        first = self.evaluate_value(then)
        second = self.evaluate_value(otherwise)
        if {first.kind, second.kind} == {"label", "text"}:
            first = self._write_label(then, first)
            second = self._write_label(otherwise, second)
        return choose(test, first, second)

    def _write_label(self, tree: Expression, part: Part) -> Part:
        """Return the text of a code as a choice among the texts of its list."""
        item = self.find_listed(tree) if part.kind == "label" else None
        if item is None:
            return part

        # From the last choice to the first: each becomes the condition in front of the rest.
        label = Part("''", kind="text")
        for choice, offered in reversed(list_offered(item)):
            if self.is_true(offered) == NO:
                continue
            code = self.codes[item.id][choice.code]
            test = _has_code(part, code)
            plain = re.sub(r"<[^>]*>", "", _get_plain_text(choice))
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

        written = self._translate_plain(name, arguments)
        if written is not None:
            return written

        match name, arguments:
            case "truncate", (argument,):
                return self._truncate(argument)
            case "count_true", _:
                return self._count_true(arguments)
            case "rank", (AnswerOf(item), Constant(str(code))):
                return self._find_rank(item, code)
            case "count_turns", (AnswerOf(item),):
                repeated = self.translator.form.items.get(item)
                if isinstance(repeated, FormRoster):
                    return self._count_repeat(repeated)
            case "turn", ():
                current = self.translator.item
                if current is not None and current.roster is not None:
                    return self._count_turns(current.roster, before=current)
            case "in_turn", (AnswerOf(item), turn):
                asked = self.translator.get_item(item, all_turns=True)
                if asked.roster is not None and isinstance(asked, FormQuestion):
                    turn_text = self.translator.evaluate(turn).text
                    return Part(f"{asked.roster.id}[{turn_text}].{asked.id}", kind=asked.answer)
            case "sum" | "min" | "max" | "each_turn", (AnswerOf(item), *_):
                asked = self.translator.get_item(item, all_turns=True)
                if asked.roster is not None and isinstance(asked, FormQuestion):
                    return _use_all_turns(name, asked, asked.roster)
            case "label", (AnswerOf() as argument,):
                return Part(self.translator.evaluate(argument).text, kind="label")
        raise UnsupportedError(f"there is no counterpart of {name}()")

    def _translate_plain(self, name: str, arguments: tuple[Expression, ...]) -> Part | None:
        """Translate a call of a function that has the same arguments here; None for others."""
        template = _TEMPLATES.get((name, len(arguments)))
        if template is not None:
            texts = [self._expect(argument, template.needed) for argument in arguments]
            return Part(template.text.format(*texts), kind=template.kind)
        if name in _NUMBER_FUNCTIONS and len(arguments) > 1:
            texts = [self.translator.evaluate(argument).text for argument in arguments]
            return Part(f"{name}({', '.join(texts)})", kind="number")
        return None

    def _count_true(self, conditions: tuple[Expression, ...]) -> Part:
        """Count conditions; `count` takes unknown for false."""
        truths = [self.translator.is_true(condition) for condition in conditions]
        always = truths.count(YES)
        uncertain = [truth.text for truth in truths if truth not in (YES, NO)]
        if not uncertain:
            return Part(str(always), kind="number")
        counted = f"count({', '.join(uncertain)})"
        if not always:
            return Part(counted, kind="number")
        return Part(f"{counted} + {always}", Strength.SUM, "number")

    def _find_rank(self, item: str, code: str) -> Part:
        ranking = self.translator.get_item(item)
        written = self.translator.codes[ranking.id].get(code, "")
        if not written:
            raise UnsupportedError(f"{item} has no code {code}")
        return Part(f"rank({ranking.id}, {written})", kind="number")

    def _truncate(self, argument: Expression) -> Part:
        """Translate the whole part of what is whole in any case, or of days in years."""
        match argument:
            case AnswerOf(name):
                item = self.translator.form.items.get(name)
                is_whole = not isinstance(item, FormQuestion) or item.decimals == 0
            case Constant(float() as number):
                is_whole = number.is_integer()
            case FunctionCall("/", (FunctionCall("days_between") as days, Constant(365.0))):
                # Rounding is exact if 182 of 365 days are taken off: 0 to 364 round to 0.
                text = f"round(({self.translator.evaluate(days).text} - 182) / 365)"
                return Part(text, kind="number")
            case _:
                is_whole = False
        if not is_whole:
            raise UnsupportedError("there is no counterpart of int()")
        return self.translator.evaluate(argument)

    def _count_repeat(self, roster: FormRoster) -> Part:
        """Count the turns of a roster, or return the number of them that the form sets."""
        count = roster.count
        if count is not None and roster.name not in expressions.find_names(count.tree):
            return self.translator.evaluate(count.get_tree())
        return self._count_turns(roster)

    def _count_turns(self, roster: FormRoster, before: FormItem | None = None) -> Part:
        """Count the turns in which a question that is always asked was put.

        The question is before `before`, if an item is given.
        """
        for item in roster.iterate_items():
            if not isinstance(item, FormQuestion):
                continue
            is_before = before is None or self.translator.is_later(before, item)
            if is_before and self._is_asked_in_each_turn(item, roster):
                name = f"{roster.id}.{item.id}"
                return Part(f"count(answered({name}) or declined({name}))", kind="number")
        raise UnsupportedError(
            "the number of the turn is known only after a question that is always asked in it"
        )

    def _is_asked_in_each_turn(self, item: FormQuestion, roster: FormRoster) -> bool:
        """Return whether a question is asked in every turn of a roster, also within its groups."""
        if item.roster is not roster or item.name in self.translator.dropped:
            return False
        parts: list[FormItem] = [item]
        for parent in item.iterate_parents():
            if parent is roster:
                break
            parts.append(parent)
        has_condition = any(part.condition is not None for part in parts)
        is_drawn = any(isinstance(part, FormGroup) and part.pick is not None for part in parts)
        return item.offered is None and not has_condition and not is_drawn

    def _expect(self, tree: Expression, kind: str) -> str:
        """Translate a value that must have a kind; any if the kind is empty."""
        part = self.translator.evaluate(tree)
        is_written_date = isinstance(tree, Constant) and _DATE.fullmatch(str(tree.value))
        if kind == "date" and is_written_date:
            return part.text
        if kind not in ("", part.kind):
            raise UnsupportedError(f"a {kind} is needed, and {part.text} is a {part.kind}")
        return part.text


def list_offered(question: FormQuestion) -> list[tuple[FormChoice, Expression]]:
    """Return the choices of a question, each with the condition on which it is offered."""
    choices = question.choices.choices if question.choices is not None else []
    if question.offered is None:
        return [(choice, expressions.YES) for choice in choices]
    return list(zip(choices, question.offered.conditions, strict=True))


def _get_plain_text(choice: FormChoice) -> str:
    """Return the text of a choice in the first language, without fills.

    Raises UnsupportedError if the text contains a value.
    """
    for pieces in choice.texts.by_language.values():
        for piece in pieces:
            if not isinstance(piece, str):
                raise UnsupportedError(f"the text of {choice.code} contains a value")
        return "".join(str(piece) for piece in pieces)
    return choice.code


def split_condition(translator: Translator, tree: Expression) -> tuple[str, str]:
    """Translate the condition of an item to an `ask_if` and an `unless`; either may be empty.

    A part that negates a condition becomes an `unless`, which leaves unknown as asked.
    """
    asked: list[Part] = []
    skipped: list[Part] = []
    for part in _list_required(tree):
        condition = translator.is_true(part)
        opposite = translator.is_true(Not(part))
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


def _list_required(tree: Expression) -> list[Expression]:
    """Return the conditions that must all be true: `not (a or b)` requires `not a` and `not b`."""
    required: list[Expression] = []
    for part in expressions.list_conjuncts(tree):
        match part:
            case Not(AnyOf(alternatives)):
                required += [Not(alternative) for alternative in alternatives]
            case _:
                required.append(part)
    return required


def _branch(test: Expression, then: Expression, otherwise: Expression) -> Expression:
    """Return the condition that one of two conditions is true, depending on a third one."""
    if_true = All((test, then))
    if_false = All((Not(test), otherwise))
    return AnyOf((if_true, if_false))


def _has_code(part: Part, code: str) -> Part:
    """Return the condition that a value has a code, or is a decline."""
    if code in DECLINES:
        return Part(f"{code}({part.text})")
    return Part(f"{part.enclose(Strength.COMPARISON)} == {code}", Strength.COMPARISON)


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
    """Return whether an expression contains a value for every turn of a roster."""
    parts = expressions.iterate_parts(tree)
    return any(isinstance(part, FunctionCall) and part.name == "each_turn" for part in parts)


def _use_all_turns(function: str, asked: FormQuestion, roster: FormRoster) -> Part:
    """Return the values of a question in all turns of a roster, or a function of them."""
    values = f"{roster.id}.{asked.id}"
    if function != "each_turn":
        return Part(f"{function}({values})", kind="number")
    if asked.answer == "codes":
        raise UnsupportedError(f"{asked.name} has several answers in each turn")
    return Part(values, kind=asked.answer)
