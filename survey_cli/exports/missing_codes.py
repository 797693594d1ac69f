"""Codes of missing values in formats without typed missing values: the questionnaire's, else the reserved ones."""

from typing import Final

from survey_cli.values import Variable

RESERVED_CODES: Final = {"dk": -8, "refused": -9, "not_asked": -6, "not_reached": -7}
RESERVED_LABELS: Final = {
    "dk": "Don't know",
    "refused": "Refused",
    "not_asked": "Not asked",
    "not_reached": "Not reached",
}
USER_MISSING_ORDER: Final = ("dk", "refused", "not_reached")
"""The kinds that are user-missing first where there is room for three."""


def has_missing_codes(variable: Variable) -> bool:
    """Whether missing values are codes in the column; else the field is empty, and a companion column says why."""
    return variable.storage in ("integer", "decimal") or bool(variable.labels)


def list_missing_codes(variable: Variable) -> dict[str, tuple[int, str]]:
    """Return code and label of every missing value that the column may hold, by kind; empty if it has no codes."""
    if not has_missing_codes(variable):
        return {}
    reserved = {kind: (code, RESERVED_LABELS[kind]) for kind, code in RESERVED_CODES.items()}
    declines = {
        kind: (code, text or RESERVED_LABELS.get(kind, kind)) for kind, (code, text) in variable.declines.items()
    }
    return {**reserved, **declines}


def list_offered_codes(variable: Variable) -> dict[str, tuple[int, str]]:
    """List the missing codes that can occur in the column.

    A decline that the column does not offer cannot, and a sample column can only be empty. Declines that an older
    version offered count as offered.
    """
    if variable.role in ("admin", "order"):  # nobody was asked
        return {}
    always = ("not_asked",) if variable.role == "sample" else ("not_asked", "not_reached")
    return {
        kind: code_and_label
        for kind, code_and_label in list_missing_codes(variable).items()
        if kind in always or (kind in variable.declines and kind not in ("not_asked", "not_reached"))
    }
