"""Filters that a don't know or a refusal decides.

Web forms and tablets have no declines: a question that may be left empty can be declined here. A
decline is a blank for the conditions that follow. The report lists what each of them then does, so
that a designer sees which questions a don't know leaves out.
"""

from survey_cli.conversion.model.expressions import (
    All,
    Answered,
    AnswerOf,
    AnyOf,
    Chosen,
    Expression,
    Not,
    Shown,
    TruthConstant,
    ValueComparison,
    find_names,
)
from survey_cli.conversion.model.forms import ForeignForm, FormItem, FormQuestion
from survey_cli.wording import join_words


def describe_declined_filter(form: ForeignForm, item: FormItem) -> str:
    """Return what the condition of an item does after a decline; empty if none can matter."""
    if item.condition is None:
        return ""

    asked: list[str] = []
    skipped: list[str] = []
    depending: list[str] = []
    tree = item.condition.tree
    for name in sorted(find_names(tree)):
        question = form.items.get(name)
        if not isinstance(question, FormQuestion) or question.required == "yes":
            continue
        truth = evaluate_blank(tree, name)
        if truth is None:
            depending.append(name)
        elif truth:
            asked.append(name)
        else:
            skipped.append(name)

    parts: list[str] = []
    if skipped:
        parts.append(f"left out after a don't know or a refusal of {join_words(skipped)}")
    if asked:
        parts.append(f"asked after a don't know or a refusal of {join_words(asked)}")
    if depending:
        parts.append(f"after one of {join_words(depending)} it depends on other answers")
    return "; ".join(parts)


def evaluate_blank(tree: Expression, blank: str) -> bool | None:
    """Return the truth of a condition if an answer is blank; None if it depends on others."""
    match tree:
        case TruthConstant(value):
            return value
        case Not(argument):
            truth = evaluate_blank(argument, blank)
            return None if truth is None else not truth
        case All(arguments):
            return _join([evaluate_blank(part, blank) for part in arguments], decisive=False)
        case AnyOf(arguments):
            return _join([evaluate_blank(part, blank) for part in arguments], decisive=True)
        case ValueComparison(left, _, right, if_blank) if AnswerOf(blank) in (left, right):
            return if_blank
        case Chosen(value, _) | Answered(value) if value == AnswerOf(blank):
            return False
        case Shown(value) if value == AnswerOf(blank):
            return True
        case _:
            return None


def _join(truths: list[bool | None], *, decisive: bool) -> bool | None:
    if decisive in truths:
        return decisive
    if None in truths:
        return None
    return not decisive
