"""Names in the expressions of a form, and the questions, calculations and columns they mean."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from survey_cli.conversion.model.expressions import (
    NO_VALUE,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    UnsupportedError,
    ValueComparison,
    find_names,
    iterate_parts,
)
from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormCalculation,
    FormColumn,
    FormGroup,
    FormItem,
    FormNote,
    FormQuestion,
    FormSplit,
)
from survey_cli.conversion.questionnaire.condition_parts import (
    DECLINES,
    Part,
    quote,
    write_value,
)
from survey_cli.instrument.checks.names import explain_reserved
from survey_cli.problems import suggest_nearest
from survey_cli.wording import join_words

ORDERED_SIGNS: Final = ("<", "<=", ">", ">=")
_KEEPING_CODES: Final = ("label", "in_turn", "each_turn")
"""Functions whose value is, or stands for, a code of their first argument."""


class Calculated(NamedTuple):
    """A calculation of the form whose value can be used."""

    tree: Expression
    name: str = ""
    """The name of the compute; empty if the calculation is inserted where it is used."""
    kind: str = "text"


class FormNames:
    """The names of one form, as they are seen from the item whose formula is translated."""

    def __init__(self, form: ForeignForm) -> None:
        self.form = form
        self.calculations: dict[str, Calculated | str] = {}
        """By name; a text says why the calculation can't be used."""
        self.codes: dict[str, dict[str, str]] = {}
        """The codes of every question by its id: as written in the questionnaire, by the codes of
        choices."""
        self.worded: set[str] = set()
        """The ids of questions whose codes are words in the form, and numbers here."""
        self.arms: dict[str, dict[str, int]] = {}
        """The arms of the splits that stand for random numbers, with their shares."""
        self.kept: set[str] = set()
        """Calculations whose value the program stores by itself."""
        self.sample: dict[str, str] = {}
        """The type of every sample column that is used."""
        self.item: FormItem | None = None
        """The item whose formula is translated."""
        self.dropped: set[str] = set()
        """Questions that the questionnaire does not have."""
        self.unknown_codes: dict[str, None] = {}
        """What is wrong with codes that questions don't have, in the formula that is
        translated."""
        self.mistakes: dict[str, tuple[str, ...]] = {}
        """The same for every calculation, by its name."""
        self.columns = find_columns(form)
        """The sample columns that the form uses, each with all names that stand for it."""
        self.numeric = _find_numeric_names(form)
        """Names that the form calculates with."""

    # ── items ─────────────────────────────────────────────────────────────────────────────────────

    def find_item(self, name: str) -> FormItem | None:
        """Return the item with a name, or the current one for `.`; None if there isn't one."""
        if name == "." and self.item is not None:
            return self.item
        return self.form.items.get(name)

    def get_item(self, name: str, *, all_turns: bool = False) -> FormQuestion | FormNote:
        """Return an item whose answer is known when the current item is asked.

        `all_turns` permits an item of a roster that doesn't contain the current one, for functions
        over turns. Raises UnsupportedError.
        """
        item = self.find_item(name)
        if not isinstance(item, FormQuestion | FormNote) or item.name in self.dropped:
            raise UnsupportedError(f"{name} has no answer in the questionnaire")
        if self.item is not None and self.is_later(item, self.item):
            where = self.form.words.name_row(item.origin.part, item.origin.row)
            raise UnsupportedError(f"{name} is asked later ({where})")
        if not all_turns and not self._has_one_answer(item):
            raise UnsupportedError(f"{name} is in a repeat and has one answer per turn")
        return item

    def is_always_put(self, item: FormQuestion) -> bool:
        """Return whether a question is put in every interview that comes to its place."""
        if item.offered is not None or item.roster is not None:
            return False
        around = [item, *item.iterate_parents()]
        has_condition = any(part.condition is not None for part in around)
        is_drawn = any(isinstance(part, FormGroup) and part.pick is not None for part in around)
        return not has_condition and not is_drawn

    def check_split(self, split: FormSplit) -> None:
        """Raise UnsupportedError if a split is drawn later than the current item."""
        if self.item is not None and self.is_later(split, self.item):
            raise UnsupportedError(f"{split.name} is drawn later")

    def is_later(self, item: FormItem, other: FormItem) -> bool:
        """Return whether an item comes after another one in the form."""
        return self.form.positions[item] > self.form.positions[other]

    def _has_one_answer(self, item: FormItem) -> bool:
        """Return whether an item is in no roster, or in one around the current item."""
        if item.roster is None:
            return True
        return self.item is not None and item.roster in self.item.iterate_parents()

    def find_listed(self, tree: Expression) -> FormQuestion | None:
        """Return the question whose list the codes of an expression come from."""
        match tree:
            case AnswerOf(name):
                definition = self._find_definition(name)
                if definition is not None:
                    return self.find_listed(definition)
                item = self.find_item(name)
                if isinstance(item, FormQuestion) and item.choices is not None:
                    return item
                return None
            case FunctionCall("if", (_, *values)) | FunctionCall("first_answered", values):
                for value in values:
                    found = self.find_listed(value)
                    if found is not None:
                        return found
                return None
            case FunctionCall(_, (argument, *_)):
                return self.find_listed(argument)
        return None

    # ── calculations and columns ──────────────────────────────────────────────────────────────────

    def get_calculated(self, name: str) -> Calculated | None:
        """Return a calculation; None if the name belongs to something else.

        Raises UnsupportedError if the calculation can't be used, or not yet in the current item.
        """
        found = self.calculations.get(name)
        if isinstance(found, str):
            raise UnsupportedError(f"it uses the calculation {name}, which is not carried over")
        if found is not None and self.item is not None:
            self._check_names_used_by(name, found)
        return found

    def _check_names_used_by(self, name: str, calculated: Calculated) -> None:
        """Raise UnsupportedError if a calculation uses something that is not known yet."""
        others = self.form.items.keys() - {name}
        names = find_names(calculated.tree) & others
        used = [self.form.items[other] for other in names]
        # In the order of the form, so that every conversion of it gives the same reason.
        for item in sorted(used, key=self.form.positions.__getitem__):
            if isinstance(item, FormCalculation):
                self.get_calculated(item.name)
            elif isinstance(item, FormSplit):
                self.check_split(item)
            elif not isinstance(item, FormColumn | FormGroup):
                self.get_item(item.name, all_turns=True)

    def get_inserted(self, name: str) -> Expression | None:
        """Return what is inserted for the name of a calculation; None if it has a compute.

        Raises UnsupportedError if the calculation can't be used.
        """
        found = self.get_calculated(name)
        if found is None or found.name:
            return None
        return found.tree

    def _find_definition(self, name: str) -> Expression | None:
        """Return the expression of a calculation; None for other names.

        A split that stands for a random number has none, because its tree is its own name.
        """
        found = self.calculations.get(name)
        if isinstance(found, Calculated) and found.tree != AnswerOf(name):
            return found.tree
        return None

    def use_column(self, column: str) -> Part:
        """Note that a sample column is used, and return its name and type.

        If an item of the form stands for the column, the column is called by its id. Raises
        UnsupportedError if no column can have this name.
        """
        name = column
        item = self.form.items.get(column)
        if isinstance(item, FormColumn):
            name = item.id
        why = explain_reserved(name, DECLINES)
        if why:
            raise UnsupportedError(f"a column of the sample can't be called {name}, which is {why}")

        names = self.columns.get(column, {column})
        type_ = "number" if names & self.numeric else "text"
        self.sample[name] = type_
        return Part(name, kind=type_)

    # ── codes ─────────────────────────────────────────────────────────────────────────────────────

    def find_codes(self, tree: Expression) -> dict[str, str]:
        """Return the codes that an expression can have; empty if they are not known.

        They are written as in the questionnaire, by the codes of choices.
        """
        match tree:
            case AnswerOf(name):
                definition = self._find_definition(name)
                if definition is not None:
                    return self._find_values(definition)
                item = self.find_item(name)
                return {} if item is None else self.codes.get(item.id, {})
            case FunctionCall("if", (_, *values)) | FunctionCall("first_answered", values):
                return self._find_codes_of_any(values)
            case FunctionCall(name, (argument, *_)) if name in _KEEPING_CODES:
                return self.find_codes(argument)
            case Constant(float() as number):
                return {write_value(number): write_value(number)}
            case Constant(str(text)) if text:
                return {text: quote(text)}
        return {}

    def _find_codes_of_any(self, values: Iterable[Expression]) -> dict[str, str]:
        """Return the codes of all these values; empty if those of one of them are not known."""
        found = [self._find_values(value) for value in values if value != NO_VALUE]
        if not all(found):
            return {}

        codes: dict[str, str] = {}
        for codes_of_value in found:
            codes |= codes_of_value
        return codes

    def _find_values(self, tree: Expression) -> dict[str, str]:
        """Return the codes that a value can have apart from its question, where words are words."""
        codes = self.find_codes(tree)
        if self.find_worded(tree) is None:
            return codes
        return {code: quote(code) for code in codes}

    def find_worded(self, tree: Expression) -> FormQuestion | None:
        """Return the question whose answer the tree is, if its codes are words in the form."""
        match tree:
            case FunctionCall("in_turn" | "each_turn", (AnswerOf(name), *_)) | AnswerOf(name):
                item = self.find_item(name)
                if isinstance(item, FormQuestion) and item.id in self.worded:
                    return item
        return None

    def note_unknown_code(self, tree: Expression, sign: str, value: float | str) -> None:
        """Note that no code of a question fulfills a comparison."""
        if not isinstance(tree, AnswerOf) or value == "":
            return
        item = self.find_item(tree.name)
        if not isinstance(item, FormQuestion) or item.choices is None:
            return

        code = write_value(value)
        if sign == "==":
            what = f"{tree.name} has no code {code!r}"
        else:
            what = f"no code of {tree.name} is {sign} {code}"
        codes = self.codes[item.id]
        otherwise = f"its codes are {join_words(codes, most=8)}"
        remedy = suggest_nearest(code, codes, otherwise=otherwise)
        self.unknown_codes[f"{what} ({remedy})"] = None


def find_columns(form: ForeignForm) -> dict[str, set[str]]:
    """Return the sample columns that the form uses.

    A calculation that is nothing but a column is a name of it, besides the column's own.
    """
    columns: dict[str, set[str]] = {}
    for item in form.items.values():
        if isinstance(item, FormColumn):
            columns.setdefault(item.name, {item.name})
        if not isinstance(item, FormCalculation):
            continue
        for part in iterate_parts(item.formula.tree):
            match part:
                case FunctionCall("column", (Constant(str(column)),)):
                    names = columns.setdefault(column, {column})
                    if part == item.formula.tree:
                        names.add(item.name)
    return columns


def _find_numeric_names(form: ForeignForm) -> set[str]:
    """Return the names that the form calculates with, or compares with numbers."""
    found: set[str] = set()
    for tree in form.iterate_expressions():
        for part in iterate_parts(tree):
            match part:
                case FunctionCall("+" | "-" | "*" | "/", arguments):
                    found |= _list_names(arguments)
                case ValueComparison(left, sign, right):
                    is_number = isinstance(right, Constant) and isinstance(right.value, float)
                    if sign in ORDERED_SIGNS or is_number:
                        found |= _list_names((left, right))
    return found


def _list_names(arguments: Iterable[Expression]) -> set[str]:
    return {argument.name for argument in arguments if isinstance(argument, AnswerOf)}
