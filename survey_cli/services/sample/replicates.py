"""Parsing of a selection of replicates, such as `3-4`."""

from collections.abc import Collection

from survey_cli.problems import UserError, suggest_nearest


def parse_replicates(text: str, known: Collection[str], *, where: str) -> frozenset[str]:
    """Parse `1-2,5`, `north` or `all` into names of replicates.

    Each must be known, and a range must contain at least one.
    """
    if not known:
        raise UserError(where, "the sample has no replicates", "add a column with role: replicate")
    if text.strip() == "all":
        return frozenset(known)
    selected: set[str] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        first, _, last = (piece.strip() for piece in part.partition("-"))
        names = {part} & set(known)
        if not names and first.isdecimal() and last.isdecimal():
            names = {name for name in known if name.isdecimal() and int(first) <= int(name) <= int(last)}
        if not names:
            ordered = sorted(known, key=lambda name: (int(name) if name.isdecimal() else 0, name))
            otherwise = f"the replicates are {', '.join(ordered[:10])}"
            raise UserError(where, f"there is no replicate {part!r}", suggest_nearest(part, known, otherwise=otherwise))
        selected |= names
    if not selected:
        raise UserError(where, "no replicate is specified", "write 3, 3-4 or all")
    return frozenset(selected)
