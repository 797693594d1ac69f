"""Columns that can identify a respondent by themselves: keys, free text, dates and times.

Combinations of codes may identify respondents too; they are not detected here.
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
    """Return the names of identifying columns by kind.

    `keys` are the sample columns that identify cases. Where one column of a question is identifying, all are.
    """
    kinds: dict[str, IdentifyingKind] = {}
    for variable in variables:
        kind = "keys" if variable.name in keys else _find_kind(variable)
        if kind:
            kinds[variable.name] = kind
    item_kinds = {(v.item, v.turn): kinds[v.name] for v in variables if v.name in kinds and v.role == "answer"}
    for variable in variables:
        if variable.role in ("answer", "state") and (variable.item, variable.turn) in item_kinds:
            kinds.setdefault(variable.name, item_kinds[variable.item, variable.turn])
    return {kind: names for kind in KINDS if (names := tuple(v.name for v in variables if kinds.get(v.name) == kind))}


def _find_kind(variable: Variable) -> IdentifyingKind | None:
    """Return the kind of a column taken by itself; None where it is not identifying."""
    if variable.role == "admin":
        return _ADMIN.get(variable.name)
    if variable.storage in ("date", "time"):
        return "dates and times"
    is_coded = bool(variable.labels) or variable.role == "order"
    is_mentions = variable.role == "words" and variable.name.startswith(f"{variable.item}_mentions")
    return "free text" if variable.storage == "text" and not is_coded and not is_mentions else None
