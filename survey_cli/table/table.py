"""A table of interviews begun under one version of an instrument or several, made one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from survey_cli.values import ADMIN_COLUMNS, NOT_ASKED, Cell, Variable

_ADMIN_LABELS: Final = {
    "interview_id": "Interview",
    "interview_case": "Case",
    "interview_number": "Which interview of the case",
    "interview_origin": "Real, practice or simulated",
    "interview_version": "Version of the instrument",
    "interview_status": "How the interview stands",
    "interview_outcome": "Outcome",
    "interview_began": "Began (UTC)",
    "interview_updated": "Last entry (UTC)",
    "interview_by": "Interviewer",
}
ADMIN: Final = tuple(
    Variable(
        name=name,
        label=_ADMIN_LABELS[name],
        storage="integer" if name == "interview_number" else "text",
        role="admin",
    )
    for name in ADMIN_COLUMNS
)
"""What is known of every interview, before its data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Variables and rows. `rows` can be gone through once; each row has a cell for each variable."""

    variables: tuple[Variable, ...]
    rows: Iterable[tuple[Cell, ...]]
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The interviews of one version: its columns and its rows, older versions before newer ones."""

    version: str
    variables: tuple[Variable, ...]
    rows: Callable[[], Iterable[tuple[Cell, ...]]]


@dataclass(frozen=True, slots=True)
class Difference:
    """What two versions have differently, said to the analyst."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def united(parts: Sequence[Part], *, language: str) -> tuple[Table, tuple[Difference, ...]]:
    """One table of all parts, under the newest labels.

    The same name and the same storage are one column. Another storage is a column of its own, `name__v1`. A column that a
    version did not have reads `not_asked` there.
    """
    if not parts:
        return Table(variables=(), rows=(), language=language), ()
    newest = parts[-1]
    order: dict[str, Variable] = {v.name: v for v in newest.variables}
    differences: list[Difference] = []
    maps: list[dict[str, int]] = []
    for number, part in enumerate(parts, 1):
        places: dict[str, int] = {}
        for at, variable in enumerate(part.variables):
            name = variable.name
            known = order.get(name)
            if known is None:
                order[name] = variable
                differences.append(Difference(name, f"only in version {part.version or number}"))
            elif known.storage != variable.storage:
                old = f"{name}__v{number}"
                order[old] = replace(variable, name=old)
                version = part.version or number
                what = (
                    f"{variable.storage} in version {version}, {known.storage} in the newest: kept as {old}"
                )
                differences.append(Difference(name, what))
                name = old
            elif part is not newest and known != variable:
                differences.append(Difference(name, _compared(variable, known, part.version or str(number))))
            places[name] = at
        maps.append(places)
    for variable in newest.variables if len(parts) > 1 else ():
        for part, places in zip(parts[:-1], maps[:-1], strict=True):
            if variable.name not in places:
                differences.append(
                    Difference(variable.name, f"not yet in version {part.version or '(unnamed)'}")
                )
    names = tuple(order)

    def rows() -> Iterator[tuple[Cell, ...]]:
        for part, places in zip(parts, maps, strict=True):
            picks = [places.get(name) for name in names]
            if picks == list(range(len(part.variables))):
                yield from part.rows()
                continue
            for row in part.rows():
                yield tuple(NOT_ASKED if at is None else row[at] for at in picks)

    return Table(variables=tuple(order.values()), rows=rows(), language=language), tuple(differences)


def _compared(old: Variable, new: Variable, version: str) -> str:
    gone = {c: t for c, t in old.labels.items() if new.labels.get(c) != t}
    if gone:
        said = ", ".join(f"{c} was {t!r}" for c, t in list(gone.items())[:4])
        return f"labels differ from version {version}: {said}"
    if old.wording != new.wording:
        return f"worded otherwise in version {version}: {old.wording!r}"
    return f"described otherwise in version {version}"
