"""Simpler forms of XPath expressions, in which only names with a value of their own are left."""

from typing import Final

from survey_cli.conversion import xpath
from survey_cli.conversion.form_names import Calculated, FormNames
from survey_cli.conversion.xpath import (
    NO_VALUE,
    Expression,
    Literal,
    Reference,
    UnsupportedError,
    XPathCall,
)

SAME: Final = ("once", "number", "string", "date", "date-time", "decimal-date-time", "boolean")
"""Functions that leave an answer as it is, because answers have types."""
_METADATA: Final[dict[str, Expression]] = {
    "today": XPathCall("today", ()),
    "caseid": Literal("case"),  # a text that is not empty
}
"""What stands for metadata that can be used, by their types. Others are empty by telephone."""


def find_join(names: FormNames, tree: Expression) -> Expression | None:
    """Return the value that an expression joins over all turns; None if it joins nothing."""
    match simplify(names, tree):
        case XPathCall("join", (_, *turn)):
            return XPathCall("each-turn", tuple(turn))
    return None


def simplify(names: FormNames, tree: Expression) -> Expression:
    """Remove functions that leave the value as it is; insert calculations without a compute."""
    match tree:
        case XPathCall(name, (argument, *_)) if name in SAME:
            return simplify(names, argument)
        case XPathCall("indexed-repeat" | "each-turn" as function, (Reference(name), *turn)):
            calculated = names.get_calculated(name)
            if calculated is not None:
                inserted = _move_to_turn(names, function, name, turn, calculated)
                return simplify(names, inserted)
        case XPathCall("pulldata", (file, XPathCall("concat", words), key_column, key)):
            chosen = _choose_column(names, file, words, key_column, key)
            return simplify(names, chosen)
        case Reference(name):
            item = names.form.items.get(name)
            if item is not None and item.kind == "metadata":
                return _METADATA.get(item.type, NO_VALUE)
            inserted_tree = names.get_inserted(name)
            if inserted_tree is not None:
                return simplify(names, inserted_tree)
    return tree


def _move_to_turn(
    names: FormNames, function: str, name: str, turn: list[Expression], calculated: Calculated
) -> Expression:
    """Return a calculation of a repeat as it is in one turn, or with `each-turn` in all.

    What it uses of the same repeat is then taken from that turn as well.
    """
    if not turn and xpath.INDEX in xpath.iterate_parts(calculated.tree):
        raise UnsupportedError("the number of the turn can only be used in texts")

    values: dict[Expression, Expression] = {}
    if turn:
        values[xpath.INDEX] = turn[-1]
    repeat = names.form.items[name].repeat
    for used in xpath.find_references(calculated.tree) & names.form.items.keys():
        if names.form.items[used].repeat is repeat:
            values[Reference(used)] = XPathCall(function, (Reference(used), *turn))
    return xpath.replace_parts(calculated.tree, values)


def _choose_column(
    names: FormNames,
    file: Expression,
    words: tuple[Expression, ...],
    key_column: Expression,
    key: Expression,
) -> Expression:
    """Return a choice among the sample columns whose names contain the code of a question.

    The words are those of `concat('name_', ${who})`, so that the columns are name_1, name_2, …
    """
    question: Expression = NO_VALUE
    for word in words:
        if not isinstance(word, Literal):
            question = word
            break

    # From the last code to the first: each becomes the condition in front of the rest.
    tree: Expression = NO_VALUE
    for code in reversed(names.find_codes(simplify(names, question))):
        column = "".join(str(word.value) if isinstance(word, Literal) else code for word in words)
        if column in names.columns:
            test = XPathCall("==", (question, Literal(code)))
            value = XPathCall("pulldata", (file, Literal(column), key_column, key))
            tree = XPathCall("if", (test, value, tree))
    if tree == NO_VALUE:
        raise UnsupportedError("the name of the column is not known")
    return tree
