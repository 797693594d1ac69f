"""Names in the expressions of a form, and the questions, calculations and columns they mean."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from survey_cli.conversion import xpath
from survey_cli.conversion.condition_parts import quote, write_value
from survey_cli.conversion.form import SheetForm, SheetItem
from survey_cli.conversion.xpath import (
    NO_VALUE,
    Expression,
    Literal,
    Reference,
    UnsupportedError,
    XPathCall,
)
from survey_cli.problems import suggest_nearest
from survey_cli.wording import join_words

ANSWERED: Final = ("code", "codes", "number", "text", "date", "time")
"""The kinds of items that respondents answer."""
LABELS: Final = ("jr:choice-name", "choice-label")
"""Functions that return the text of a code."""
_WITHOUT_ANSWER: Final = ("media", "", "group", "repeat", "calculate")


class Calculated(NamedTuple):
    """A calculation of the form whose value can be used."""

    tree: Expression
    name: str = ""
    """The name of the compute; empty if the calculation is inserted where it is used."""
    kind: str = "text"


class FormNames:
    """The names of one form, as they are seen from the item whose cell is translated."""

    def __init__(self, form: SheetForm) -> None:
        self.form = form
        self.calculations: dict[str, Calculated | str] = {}
        """By name; a text says why the calculation can't be used."""
        self.codes: dict[str, dict[str, str]] = {}
        """The codes of every question by its id: as written in the questionnaire, by the names of
        choices."""
        self.arms: dict[str, dict[str, int]] = {}
        """The arms of the splits that stand for random numbers, with their shares."""
        self.kept: set[str] = set()
        """Calculations whose value the program stores by itself."""
        self.sample: dict[str, str] = {}
        """The type of every sample column that is used."""
        self.item: SheetItem | None = None
        """The item whose cell is translated."""
        self.dropped: set[str] = set()
        """Questions that the questionnaire does not have."""
        self.unknown_codes: dict[str, None] = {}
        """What is wrong with codes that questions don't have, in the cell that is translated."""
        self.mistakes: dict[str, tuple[str, ...]] = {}
        """The same for every calculation, by its name."""
        self.columns = _find_columns(form)
        """The sample columns that the form pulls, each with all names that stand for it."""
        self.numeric = _find_numeric_names(form)
        """Names that the form calculates with."""

    # ── items ─────────────────────────────────────────────────────────────────────────────────────

    def find_item(self, name: str) -> SheetItem | None:
        """Return the item with a name, or the current one for `.`; None if there isn't one."""
        if name == "." and self.item is not None:
            return self.item
        return self.form.items.get(name)

    def get_item(self, name: str, *, all_turns: bool = False) -> SheetItem:
        """Return an item whose answer is known when the current item is asked.

        `all_turns` permits an item of a repeat that doesn't contain the current one, for functions
        over turns. Raises UnsupportedError.
        """
        item = self.find_item(name)
        if item is None or item.kind in _WITHOUT_ANSWER or item.name in self.dropped:
            raise UnsupportedError(f"{name} has no answer in the questionnaire")
        if self.item is not None and item.row.number > self.item.row.number:
            raise UnsupportedError(f"{name} is asked later (row {item.row.number})")
        if not all_turns and not self._has_one_answer(item):
            raise UnsupportedError(f"{name} is in a repeat and has one answer per turn")
        return item

    def _has_one_answer(self, item: SheetItem) -> bool:
        """Return whether an item is in no repeat, or in one around the current item."""
        if item.repeat is None:
            return True
        return self.item is not None and item.repeat in self.item.iterate_parents()

    def find_listed(self, tree: Expression) -> SheetItem | None:
        """Return the question whose list the codes of an expression come from."""
        match tree:
            case Reference(name):
                definition = self._find_definition(name)
                if definition is not None:
                    return self.find_listed(definition)
                item = self.find_item(name)
                return item if item is not None and item.list_name else None
            case XPathCall("if", (_, *values)) | XPathCall("coalesce", values):
                for value in values:
                    item = self.find_listed(value)
                    if item is not None:
                        return item
                return None
            case XPathCall(_, (argument, *_)):
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
        names = xpath.find_references(calculated.tree) & others
        # In the order of rows, so that every conversion of a form gives the same reason.
        for item in sorted((self.form.items[used] for used in names), key=_get_row_number):
            if item.kind == "calculate":
                self.get_calculated(item.name)
            elif item.kind not in ("metadata", "group", "repeat"):
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
        if isinstance(found, Calculated) and found.tree != Reference(name):
            return found.tree
        return None

    def use_column(self, column: str) -> str:
        """Note that a sample column is used, and return its type."""
        names = self.columns.get(column, {column})
        type_ = "number" if names & self.numeric else "text"
        self.sample[column] = type_
        return type_

    # ── codes ─────────────────────────────────────────────────────────────────────────────────────

    def find_codes(self, tree: Expression) -> dict[str, str]:
        """Return the codes that an expression can have; empty if they are not known.

        They are written as in the questionnaire, by the names of choices.
        """
        match tree:
            case Reference(name):
                definition = self._find_definition(name)
                if definition is not None:
                    return self.find_codes(definition)
                item = self.find_item(name)
                return {} if item is None else self.codes.get(item.id, {})
            case XPathCall("if", (_, *values)) | XPathCall("coalesce", values):
                return self._find_codes_of_any(values)
            case XPathCall(name, (argument, *_)) if name in LABELS or name in (
                "once",
                "indexed-repeat",
                "each-turn",
            ):
                return self.find_codes(argument)
            case Literal(float() as number):
                return {write_value(number): write_value(number)}
            case Literal(str(text)) if text:
                return {text: quote(text)}
        return {}

    def _find_codes_of_any(self, values: Iterable[Expression]) -> dict[str, str]:
        """Return the codes of all these values; empty if those of one of them are not known."""
        found = [self.find_codes(value) for value in values if value != NO_VALUE]
        if not all(found):
            return {}

        codes: dict[str, str] = {}
        for codes_of_value in found:
            codes |= codes_of_value
        return codes

    def note_unknown_code(self, tree: Expression, sign: str, value: float | str) -> None:
        """Note that no code of a question fulfills a comparison."""
        if not isinstance(tree, Reference) or value == "":
            return
        item = self.find_item(tree.name)
        if item is None or not item.list_name:
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


def _get_row_number(item: SheetItem) -> int:
    return item.row.number


def _find_columns(form: SheetForm) -> dict[str, set[str]]:
    """Return the sample columns that the form pulls.

    A calculation that is nothing but a column is a name of it, besides the column's own.
    """
    columns: dict[str, set[str]] = {}
    for item in form.items.values():
        with suppress(UnsupportedError):
            tree = item.parse("calculation") or NO_VALUE
            for part in xpath.iterate_parts(tree):
                match part:
                    case XPathCall("pulldata", (_, Literal(str(column)), *_)):
                        names = columns.setdefault(column, {column})
                        if part == tree:
                            names.add(item.name)
    return columns


def _find_numeric_names(form: SheetForm) -> set[str]:
    """Return the names that the form calculates with, or compares with numbers."""
    found: set[str] = set()
    for tree in form.iterate_expressions():
        for part in xpath.iterate_parts(tree):
            match part:
                case XPathCall("+" | "-" | "*" | "div" | "<" | "<=" | ">" | ">=", arguments):
                    found |= _list_names(arguments)
                case XPathCall("==" | "!=", arguments) if _have_number(arguments):
                    found |= _list_names(arguments)
    return found


def _have_number(arguments: Iterable[Expression]) -> bool:
    return any(
        isinstance(argument, Literal) and isinstance(argument.value, float)
        for argument in arguments
    )


def _list_names(arguments: Iterable[Expression]) -> set[str]:
    return {argument.name for argument in arguments if isinstance(argument, Reference)}
