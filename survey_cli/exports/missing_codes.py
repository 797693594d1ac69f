"""By which codes are missings told in a column, where a format has codes and no types of missing? As the questionnaire
has them, else as they are reserved."""

from typing import Final

from survey_cli.exports.csv import RESERVED, RESERVED_WORDS
from survey_cli.values import Code, Variable

ORDER: Final = ("dk", "refused", "not_reached")
"""The first to be user-missing where there is room for three."""


def coded(variable: Variable) -> bool:
    """Whether its missings stand in the column by their codes; else the field is empty, and a companion says why."""
    return variable.storage in ("integer", "decimal") or bool(variable.labels)


def missing_codes(variable: Variable) -> dict[str, tuple[int, str]]:
    """By kind the code and the words of every missing that the column may hold; none where it is not coded."""
    if not coded(variable):
        return {}
    reserved = {kind: (code, RESERVED_WORDS[kind]) for kind, code in RESERVED.items()}
    own = {
        kind: (code, text or RESERVED_WORDS.get(kind, kind))
        for kind, (code, text) in variable.declines.items()
    }
    return {**reserved, **own}


def user_missing(variable: Variable) -> tuple[list[Code], list[Code]]:
    """At most three codes that a program is to leave out by itself, and those for which there was no room: don't know,
    refused, not reached, a study's own declines, then options that are marked so. Not asked is none of them, nor is what
    the column's item does not offer."""
    if variable.role in ("admin", "order"):
        return [], []
    codes = missing_codes(variable)
    others = [kind for kind in codes if kind not in (*ORDER, "not_asked")]
    wanted: list[Code] = [
        codes[kind][0]
        for kind in (*ORDER, *others)
        if kind in codes and (kind == "not_reached" or kind in variable.declines)
    ]
    wanted += [code for code in variable.user_missing if code not in wanted]
    return wanted[:3], wanted[3:]
