"""Simpler forms of expressions, in which only names with a value of their own are left."""

from typing import Final, NamedTuple

from survey_cli.conversion.model.expressions import (
    NO_VALUE,
    TURN,
    Answered,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    Not,
    UnsupportedError,
    ValueComparison,
    find_names,
    iterate_parts,
    replace_parts,
)
from survey_cli.conversion.model.forms import FormQuestion
from survey_cli.conversion.questionnaire.condition_parts import write_value
from survey_cli.conversion.questionnaire.names import Calculated, FormNames

_KNOWN_BY_PROGRAM: Final[dict[str, Expression]] = {
    "case": Constant("case"),  # a text that is not empty
    "interviewer": NO_VALUE,
}
"""What stands in conditions for what only texts can use."""
_MAX_JOINED: Final = 60
"""The texts that a condition is compared with are written one by one."""


def find_join(names: FormNames, tree: Expression) -> Expression | None:
    """Return the value that an expression joins over all turns; None if it joins nothing."""
    match simplify(names, tree):
        case FunctionCall("join", turn):
            return FunctionCall("each_turn", turn)
    return None


class JoinedText(NamedTuple):
    """A text that values can be joined to, and when they are."""

    tests: tuple[Expression, ...]
    text: str


def list_joined_texts(names: FormNames, parts: tuple[Expression, ...]) -> list[JoinedText]:
    """Return all texts that constants and codes of questions can be joined to.

    `concat('a', ${x})` is `a1` if x is 1, `a2` if it is 2, and `a` if it has no answer. Raises
    UnsupportedError if the parts have values of other kinds, or if there are too many texts.
    """
    joined = [JoinedText((), "")]
    for part in parts:
        values = _list_part_texts(names, simplify(names, part))
        if len(joined) * len(values) > _MAX_JOINED:
            raise UnsupportedError("too many texts can be joined here")
        joined = [
            JoinedText((*first.tests, *second.tests), first.text + second.text)
            for first in joined
            for second in values
        ]
    return joined


def _list_part_texts(names: FormNames, part: Expression) -> list[JoinedText]:
    if isinstance(part, Constant):
        return [JoinedText((), write_value(part.value))]
    item = names.find_item(part.name) if isinstance(part, AnswerOf) else None
    is_one_code = isinstance(item, FormQuestion) and item.answer == "code"
    if not is_one_code:
        raise UnsupportedError("only texts and codes can be joined in a condition")

    texts = [JoinedText((Not(Answered(part)),), "")]
    for code in names.find_codes(part):
        test = ValueComparison(part, "==", Constant(code), if_blank=False)
        texts.append(JoinedText((test,), code))
    return texts


def simplify(names: FormNames, tree: Expression) -> Expression:
    """Insert calculations without a compute, and choose columns whose name has a code in it."""
    match tree:
        case FunctionCall("in_turn" | "each_turn" as function, (AnswerOf(name), *turn)):
            calculated = names.get_calculated(name)
            if calculated is not None:
                inserted = _move_to_turn(names, function, name, turn, calculated)
                return simplify(names, inserted)
        case FunctionCall("column", (FunctionCall("concat", words),)):
            return simplify(names, _choose_column(names, words))
        case FunctionCall(name, ()) if name in _KNOWN_BY_PROGRAM:
            return _KNOWN_BY_PROGRAM[name]
        case AnswerOf(name):
            inserted_tree = names.get_inserted(name)
            if inserted_tree is not None:
                return simplify(names, inserted_tree)
    return tree


def _move_to_turn(
    names: FormNames, function: str, name: str, turn: list[Expression], calculated: Calculated
) -> Expression:
    """Return a calculation of a roster as it is in one turn, or with `each_turn` in all.

    What it uses of the same roster is then taken from that turn as well.
    """
    if not turn and TURN in iterate_parts(calculated.tree):
        raise UnsupportedError("the number of the turn can only be used in texts")

    values: dict[Expression, Expression] = {}
    if turn:
        values[TURN] = turn[-1]
    roster = names.form.items[name].roster
    for used in find_names(calculated.tree) & names.form.items.keys():
        if names.form.items[used].roster is roster:
            values[AnswerOf(used)] = FunctionCall(function, (AnswerOf(used), *turn))
    return replace_parts(calculated.tree, values)


def _choose_column(names: FormNames, words: tuple[Expression, ...]) -> Expression:
    """Return a choice among the sample columns whose names contain the code of a question.

    The words are those of `concat('name_', ${who})`, so that the columns are name_1, name_2, …
    """
    question: Expression = NO_VALUE
    for word in words:
        if not isinstance(word, Constant):
            question = word
            break

    # From the last code to the first: each becomes the condition in front of the rest.
    tree: Expression = NO_VALUE
    for code in reversed(names.find_codes(simplify(names, question))):
        column = "".join(str(word.value) if isinstance(word, Constant) else code for word in words)
        if column in names.columns:
            test = ValueComparison(question, "==", Constant(code), if_blank=False)
            value = FunctionCall("column", (Constant(column),))
            tree = FunctionCall("if", (test, value, tree))
    if tree == NO_VALUE:
        raise UnsupportedError("the name of the column is not known")
    return tree
