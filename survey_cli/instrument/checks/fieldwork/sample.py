"""Checks of the sample and quotas: types and roles of columns, and exactly one key."""

from collections.abc import Iterator
from typing import Final

from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.source.nodes import locate_key, locate_name
from survey_cli.problems import Position, Problem, suggest_nearest

REPEATABLE_ROLES: Final = frozenset({"phone"})
"""Roles that several columns may have: a case can have several numbers."""
TEXT_ROLES: Final = {
    "key": (), "phone": (), "name": (), "zone": ("single",), "country": ("single",), "region": ("single",),
    "language": ("single",),
}  # fmt: skip
"""Roles of text columns, and the other types that each may have."""

LOCATION_ROLES: Final = frozenset({"country", "region"})
"""Roles of columns that contain the respondent's location."""


def twice_role(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two columns of the sample have the same role. Only `phone` may be used several times.

        sample: {unit: {role: key}, number: {role: key}}     one column identifies the case

    Give the role to one of them.
    """
    seen: dict[str, tuple[str, Position]] = {}
    for name, column in draft.document.sample.items():
        if column.role is None or column.role in REPEATABLE_ROLES:
            continue
        first, where = seen.setdefault(column.role, (str(name), column.find_position("role")))
        if first == str(name):
            continue
        what = f"role: {first} (at {where}) already has the role {column.role}"
        remedy = "give the role to one of them"
        if column.role == "key":
            remedy = "keep one of them: a single key identifies the case; if necessary, add a column that combines both"
        yield Problem("twice-role", column.find_position("role"), str(name), what, remedy, length=len(column.role))


def no_case_key(draft: InstrumentDraft) -> Iterator[Problem]:
    """No column of the sample has the role `key`, so that cases can't be identified and no sample can be imported.

        sample: {unit: {type: text, role: key}}

    Add `role: key` to the column that identifies a case.
    """
    sample = draft.document.sample
    if sample and not any(column.role == "key" for column in sample.values()) and not draft.lost:
        where = locate_key(draft.document._node, "sample")
        what = "no column is the key that identifies a case"
        yield Problem("no-case-key", where, "sample", what, "add role: key to one", "warning", len("sample"))


def sample_column(draft: InstrumentDraft) -> Iterator[Problem]:
    """A column's type and its other keys do not match.

        kind: {type: single, options: {1: Sector, 2: District}}     a single needs options, nothing else has them
        version: {type: split, arms: {a: 1, b: 1}, balanced_within: kind}

    Change the type, or remove the other key.
    """
    sample = draft.document.sample
    for name, column in sample.items():
        who = str(name)
        if column.type == "single" and column.options is None:
            what = "a single needs options"
            yield Problem("sample-column", locate_name(name), who, what, "add options: {1: …, 2: …}", length=len(who))
        for key, kind, is_given in (
            ("options", "single", column.options is not None),
            ("arms", "split", bool(column.arms)),
            ("balanced_within", "split", column.balanced_within is not None),
        ):
            if is_given and column.type != kind:
                what = f"{key}: requires type: {kind}, and this is a {column.type}"
                remedy = f"write type: {kind}, or remove it"
                yield Problem("sample-column", locate_key(column._node, key), who, what, remedy, length=len(key))
        if column.role in ("weight", "priority") and column.type != "number":
            what = f"role: a {column.role} must be a number, and this is a {column.type}"
            yield Problem(
                "sample-column", column.find_position("role"), who, what, "write type: number", length=len(column.role)
            )
        if column.role in TEXT_ROLES and column.type not in ("text", *TEXT_ROLES[column.role]):
            what = f"role: a {column.role} must be a text, and this is a {column.type}"
            yield Problem(
                "sample-column", column.find_position("role"), who, what, "write type: text", length=len(column.role)
            )
        if column.role in LOCATION_ROLES and column.personal:
            what = f"personal: the {column.role} decides when the case is called, so it is stored with its history"
            remedy = "remove personal:, or leave the column out"
            yield Problem("sample-column", column.find_position("personal"), who, what, remedy, length=4)
        within = column.balanced_within
        if within is None or column.type != "split":
            continue
        balancing_column = sample.get(within)
        if balancing_column is None or str(within) == who:
            suggestion = suggest_nearest(
                within, [str(n) for n in sample if str(n) != who], otherwise="use another column"
            )
            what = f"balanced_within: there is no other column {str(within)!r}"
            yield Problem(
                "sample-column", column.find_position("balanced_within"), who, what, suggestion, length=len(within)
            )
        elif balancing_column.type not in ("single", "text"):
            what = f"balanced_within: {within} is a {balancing_column.type}"
            remedy = "use a single, or a text with few values"
            yield Problem(
                "sample-column", column.find_position("balanced_within"), who, what, remedy, length=len(within)
            )
