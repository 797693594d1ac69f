"""Columns that can identify a person although no report shows small counts: keys, free text, dates and times.

Combinations of codes can identify people too; which do is not decided here.
"""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from survey_cli.values import Variable

IdentifyingKind: TypeAlias = Literal["keys", "free text", "dates and times"]
KINDS: Final[tuple[IdentifyingKind, ...]] = ("keys", "free text", "dates and times")

_ADMIN: Final[dict[str, IdentifyingKind]] = {
    "interview_id": "keys",
    "interview_case": "keys",
    "interview_by": "keys",
    "interview_began": "dates and times",
    "interview_updated": "dates and times",
}


def find_identifying_columns(variables: Sequence[Variable], keys: Sequence[str] = ()) -> dict[str, tuple[str, ...]]:
    """The columns of each kind. `keys` are the sample columns by which cases are known. A question that is answered in
    words, with a date or with a time counts with all of its columns.
    """
    found: dict[str, IdentifyingKind] = {}
    for variable in variables:
        kind = "keys" if variable.name in keys else _find_kind(variable)
        if kind:
            found[variable.name] = kind
    items = {(v.item, v.turn): found[v.name] for v in variables if v.name in found and v.role == "answer"}
    for variable in variables:
        if variable.role in ("answer", "state") and (variable.item, variable.turn) in items:
            found.setdefault(variable.name, items[variable.item, variable.turn])
    return {kind: names for kind in KINDS if (names := tuple(v.name for v in variables if found.get(v.name) == kind))}


def _find_kind(variable: Variable) -> IdentifyingKind | None:
    if variable.role == "admin":
        return _ADMIN.get(variable.name)
    if variable.storage in ("date", "time"):
        return "dates and times"
    listed = bool(variable.labels) or variable.role == "order"
    mentions = variable.role == "words" and variable.option is None
    return "free text" if variable.storage == "text" and not listed and not mentions else None
