"""Texts of a form as texts of a questionnaire, and the values that are filled into them."""

import re
from typing import Final

from survey_cli.conversion.markup import strip_markup
from survey_cli.conversion.model.expressions import (
    NO_VALUE,
    YES,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    Unsupported,
    UnsupportedError,
)
from survey_cli.conversion.model.forms import Fill, FormQuestion, TextPieces
from survey_cli.conversion.questionnaire.conditions import Translator

_MARK: Final = re.compile("\x00(\\d+)\x00")
"""What keeps the place of a fill while markup is removed, for which braces would be text."""


def convert_pieces(
    translator: Translator, pieces: TextPieces, refusal: str = ""
) -> tuple[str, dict[str, str]]:
    """Return a text, and by source the reasons why a value could not be filled in.

    A refusal is the reason for all of them.
    """
    fills: list[str] = []
    lost: dict[str, str] = {}
    marked = ""
    for piece in pieces:
        if isinstance(piece, str):
            marked += piece
            continue
        marked += f"\x00{len(fills)}\x00"
        try:
            fills.append(_convert_fill(translator, piece, refusal))
        except UnsupportedError as error:
            fills.append("…")
            lost[piece.source] = str(error)

    stripped = strip_markup(marked)
    return _MARK.sub(lambda mark: fills[int(mark[1])], stripped), lost


def _convert_fill(translator: Translator, fill: Fill, refusal: str) -> str:
    if refusal:
        raise UnsupportedError(refusal)
    return render_fill(translator, fill.value)


def render_fill(translator: Translator, tree: Expression) -> str:
    """Return a value as it is filled in. Raises UnsupportedError."""
    match tree:
        case Constant(str(words)):
            return strip_markup(words)
        case Constant(number):
            return f"{number:g}"
        case AnswerOf():
            return _render_named_fill(translator, tree)
        case FunctionCall("concat", arguments):
            return "".join(render_fill(translator, argument) for argument in arguments)
        case FunctionCall("label", (argument,)):
            return render_fill(translator, argument)
        case Unsupported(why):
            raise UnsupportedError(why)
        case FunctionCall("if", (_, then, otherwise)) if otherwise == NO_VALUE:
            return render_fill(translator, then)
        case FunctionCall("first_answered", (argument, Constant(str(words)))):
            return render_fill(translator, argument).replace("|…}", f"|{strip_markup(words)}}}")
        case FunctionCall("format_date", (value, Constant(str(form)))):
            spelled = form.replace("%e", "%-d").replace("%n", "%m")
            without_time = re.sub(r"[ T,-]*(at )?%[HhIM].*", "", spelled)
            filled, _, _ = render_fill(translator, value).partition("|")
            name = filled.strip("{}")
            unknown = re.search(r"%-?[^AadBbmY]", without_time.replace("%-d", "%d"))
            if without_time and not unknown:
                return f"{{{name}:{without_time}}}"
        case FunctionCall("today" | "turn" | "each" | "case" | "interviewer" as name, ()):
            return f"{{{name}}}"
    raise UnsupportedError("a calculation with several parts must have a name to be filled in")


def _render_named_fill(translator: Translator, reference: AnswerOf) -> str:
    """Return the value of a name as it is filled in, with `…` if it may have none."""
    name = reference.name
    item = translator.form.items.get(name)
    calculated = translator.get_calculated(name)
    if calculated is not None and not calculated.name:
        return render_fill(translator, calculated.tree)

    value = translator.evaluate(reference).text
    if not re.fullmatch(r"\w+", value):
        raise UnsupportedError(f"{name} is not known in an interview")
    is_required = isinstance(item, FormQuestion) and item.required == "yes"
    if item is not None and is_required and item.build_relevance() == YES:
        return f"{{{value}}}"
    return f"{{{value}|…}}"
