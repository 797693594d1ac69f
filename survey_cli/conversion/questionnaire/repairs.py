"""Questions that a questionnaire can't have as the form has them, made into what can be asked."""

from typing import Final

from survey_cli.conversion.model.forms import (
    ForeignForm,
    FormGroup,
    FormItem,
    FormQuestion,
    LeftOut,
)

_MOST_DECIMALS: Final = 6


def repair_questions(form: ForeignForm) -> None:
    """Ask for a text instead of one of no choices; leave out a question for several of them.

    Numbers get the decimals that a questionnaire can have.
    """
    _repair_group(form, form.root)
    # the form remembers its items by name
    for name in ("items", "positions"):
        form.__dict__.pop(name, None)


def _repair_group(form: ForeignForm, group: FormGroup) -> None:
    for number, item in enumerate(group.items):
        if isinstance(item, FormGroup):
            _repair_group(form, item)
        if not isinstance(item, FormQuestion):
            continue
        if _lacks_choices(item):
            group.items[number] = _repair(form, item)
        if item.decimals > _MOST_DECIMALS:
            item.note(form.words.type, f"{item.decimals} decimals: {_MOST_DECIMALS} are the most")
            item.decimals = _MOST_DECIMALS


def _lacks_choices(question: FormQuestion) -> bool:
    if question.answer not in ("code", "codes"):
        return False
    return question.choices is None or not question.choices.choices


def _repair(form: ForeignForm, question: FormQuestion) -> FormItem:
    reason = f"the form has no choices for this question of the type {question.type}"
    if question.answer == "code":
        question.answer = "text"
        question.choices = None
        question.lose(form.words.type, f"{reason}; without them it is asked as a text")
        return question

    # One answer can be asked as a text. Several can't: the question is left out.
    why = f"{reason}; without them it is left out"
    left_out = LeftOut(question.name, question.origin, why=why, parent=question.parent)
    left_out.condition = question.condition
    return left_out
