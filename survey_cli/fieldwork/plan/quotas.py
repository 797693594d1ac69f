"""How many interviews of each kind are wanted, and to which cells does one belong? It counts nothing itself: how full a
cell is arrives as an argument."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.external_symbols import compile_external_condition
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.values import NOT_REACHED, Missing

State: TypeAlias = Literal["open", "full", "outside"]
OUTSIDE: Final = ""
"""In no cell: the quota is not about it."""


class Cell(NamedTuple):
    """One cell of a quota, or a quota that is a single cell."""

    id: str
    """`sectors`; `region_kind:Central/1`."""
    quota: str
    target: int
    soft: bool = False


class Fill(NamedTuple):
    """How full a cell is."""

    taken: int = 0
    """Complete interviews in it."""
    held: int = 0
    """Places kept for interviews that are going on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quota:
    """One quota, with its condition compiled."""

    id: str
    where: Condition | None
    by: tuple[str, ...]
    cells: Mapping[str, Cell]
    soft: bool

    def needs(self) -> frozenset[str]:
        """The variables that decide which cell it is."""
        return frozenset(self.by) | (self.where.names if self.where is not None else frozenset())

    def cell(self, env: Mapping[Any, Any]) -> str | None:
        """The cell that what is known falls into; OUTSIDE where it is in none; None where that is not decided yet: the
        interview has not come so far."""
        if self.where is not None:
            told = self.where.evaluate(env)
            if isinstance(told, Missing):
                return None if told == NOT_REACHED else OUTSIDE
            if not told:
                return OUTSIDE
        if not self.by:
            return self.id
        values = [env.get(name, NOT_REACHED) for name in self.by]
        if any(value == NOT_REACHED for value in values):
            return None
        if any(isinstance(value, Missing) for value in values):
            return OUTSIDE
        id = f"{self.id}:{'/'.join(_code(value) for value in values)}"
        return id if id in self.cells else OUTSIDE

    def without_target(self, env: Mapping[Any, Any]) -> str:
        """What the quota counts of these values, `North/1`, where it is about them and has no target for them; empty
        elsewhere."""
        values = [env.get(name, NOT_REACHED) for name in self.by]
        counts = self.where is None or self.where.evaluate(env)
        if not values or any(isinstance(value, Missing) for value in (*values, counts)) or not counts:
            return ""
        codes = "/".join(_code(value) for value in values)
        return "" if f"{self.id}:{codes}" in self.cells else codes


def _code(value: Any) -> str:
    """A value as targets name it; a flag is 1 or 0."""
    return str(int(value)) if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quotas:
    """All quotas of a study."""

    quotas: tuple[Quota, ...] = ()
    before: frozenset[str] = frozenset()
    """Variables that are known before anybody is asked: the sample columns."""
    cells: Mapping[str, Cell] = field(default_factory=dict)

    @classmethod
    def of(cls, instrument: Instrument) -> "Quotas":
        """The quotas of a checked instrument. Raises ValueError for a condition that its checks should have refused."""
        found = []
        for written in instrument.document.quotas:
            id = str(written.id)
            where = None
            if written.where is not None:
                where, problems = compile_external_condition(instrument, str(written.where), who=id)
                if where is None:
                    raise ValueError(str(problems[0]))
            by = tuple(str(name) for name in written.by)
            if by:
                cells = [
                    Cell(
                        f"{id}:{'/'.join(part.strip() for part in str(codes).split('/'))}",
                        id,
                        target,
                        written.soft,
                    )
                    for codes, target in written.targets.items()
                ]
            else:
                cells = [Cell(id, id, written.target or 0, written.soft)]
            found.append(Quota(id=id, where=where, by=by, cells={c.id: c for c in cells}, soft=written.soft))
        return cls(
            quotas=tuple(found),
            before=frozenset(instrument.sample),
            cells={id: cell for quota in found for id, cell in quota.cells.items()},
        )

    def beforehand(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        """The cells that a case is known to be in before anybody is asked."""
        env = dict.fromkeys(self.before, Missing("not_asked")) | dict(columns)
        return tuple(cell for q in self.quotas if q.needs() <= self.before and (cell := q.cell(env)))

    def taken(self, env: Mapping[Any, Any]) -> tuple[str, ...]:
        """The cells that a finished interview counts in."""
        return tuple(cell for quota in self.quotas if (cell := quota.cell(env)))

    def asked(self, id: str, env: Mapping[Any, Any]) -> Cell | None:
        """The cell of this quota in which somebody is interviewed, for a `lookup` that asks after a place; None where the
        quota is not about them, or cannot tell yet: then they are outside. KeyError where there is no such quota."""
        quota = next((quota for quota in self.quotas if quota.id == id), None)
        if quota is None:
            raise KeyError(id)
        found = quota.cell(env)
        return quota.cells[found] if found else None

    def wanted(self, cells: Collection[str]) -> dict[str, int]:
        """The targets of those of these cells that close when they are full: a place must be held in each."""
        return {id: self.cells[id].target for id in cells if id in self.cells and not self.cells[id].soft}

    def full(self, fill: Mapping[str, Fill]) -> frozenset[str]:
        """The hard cells that nobody more is wanted in: complete interviews and places held reach the target, so a target
        is never passed. A cell opens again when a place is given back. Whoever holds one is not asked again."""
        return frozenset(
            id for id, cell in self.cells.items() if not cell.soft and _used(fill.get(id)) >= cell.target
        )

    def reached(self, fill: Mapping[str, Fill]) -> frozenset[str]:
        """The cells, soft ones among them, whose complete interviews have reached the target."""
        return frozenset(id for id, cell in self.cells.items() if fill.get(id, Fill()).taken >= cell.target)

    def urgency(self, cells: Collection[str], fill: Mapping[str, Fill]) -> int:
        """How far the emptiest of these cells is from its target, in thousandths filled: lower is more urgent. A case
        in no cell comes after all that are wanted."""
        return min((self._filled(id, fill) for id in cells if id in self.cells), default=1000)

    def _filled(self, id: str, fill: Mapping[str, Fill]) -> int:
        target = self.cells[id].target
        return min(1000, fill.get(id, Fill()).taken * 1000 // target) if target else 1000


def shut(cells: Iterable[str], full: Collection[str]) -> str:
    """The first of these cells that is full; empty where none is."""
    return next((cell for cell in cells if cell in full), "")


def state(cell: Cell | None, fill: Mapping[str, Fill], *, own: bool = False) -> State:
    """What a `lookup` of a quota answers. `own`: the interview holds a place there already, or counts in it; it is never
    turned away from the cell that it helped to fill."""
    if cell is None:
        return "outside"
    if own or cell.soft or _used(fill.get(cell.id)) < cell.target:
        return "open"
    return "full"


def _used(fill: Fill | None) -> int:
    return fill.taken + fill.held if fill is not None else 0
