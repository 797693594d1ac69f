"""Quotas and their cells: which cell an interview belongs to, and which cells are full.

Counts are arguments; nothing is counted here.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.symbols import compile_external_condition
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.values import NOT_REACHED, Missing

OUTSIDE_QUOTA: Final = ""
"""In no cell: the quota does not apply."""


class QuotaCell(NamedTuple):
    """One cell of a quota, or a quota that is a single cell."""

    id: str
    """`sectors`; `region_kind:Central/1`."""
    quota: str
    target: int
    soft: bool = False


class CellFill(NamedTuple):
    """The completes and reserved places of a cell."""

    completes: int = 0
    """Complete interviews in it."""
    reserved: int = 0
    """Places reserved for interviews that are being conducted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quota:
    """One quota, with its condition compiled."""

    id: str
    where: Condition | None
    by: tuple[str, ...]
    cells: Mapping[str, QuotaCell]
    soft: bool

    def list_inputs(self) -> frozenset[str]:
        """Return the variables that determine the cell."""
        return frozenset(self.by) | (self.where.names if self.where is not None else frozenset())

    def find_cell(self, env: Mapping[Any, Any]) -> str | None:
        """Return the cell for what is known.

        It is OUTSIDE_QUOTA where there is none, and None where the interview has not come far enough to decide.
        """
        if self.where is not None:
            applies = self.where.evaluate(env)
            if isinstance(applies, Missing):
                return None if applies == NOT_REACHED else OUTSIDE_QUOTA
            if not applies:
                return OUTSIDE_QUOTA
        if not self.by:
            return self.id
        values = [env.get(name, NOT_REACHED) for name in self.by]
        if any(value == NOT_REACHED for value in values):
            return None
        if any(isinstance(value, Missing) for value in values):
            return OUTSIDE_QUOTA
        cell_id = f"{self.id}:{'/'.join(_format_code(value) for value in values)}"
        return cell_id if cell_id in self.cells else OUTSIDE_QUOTA

    def find_untargeted(self, env: Mapping[Any, Any]) -> str:
        """Return the values, as `North/1`, for which the quota applies and has no target; empty elsewhere."""
        values = [env.get(name, NOT_REACHED) for name in self.by]
        applies = self.where is None or self.where.evaluate(env)
        if not values or any(isinstance(value, Missing) for value in (*values, applies)) or not applies:
            return ""
        codes = "/".join(_format_code(value) for value in values)
        return "" if f"{self.id}:{codes}" in self.cells else codes


def _format_code(value: Any) -> str:
    """Return a value as targets name it; a flag is 1 or 0."""
    return str(int(value)) if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quotas:
    """All quotas of a study."""

    quotas: tuple[Quota, ...] = ()
    known_variables: frozenset[str] = frozenset()
    """Variables that are known before the interview: the sample columns."""
    cells: Mapping[str, QuotaCell] = field(default_factory=dict)

    @classmethod
    def from_instrument(cls, instrument: Instrument) -> "Quotas":
        """Build the quotas of a checked instrument.

        Raises ValueError for a condition that its checks should have rejected.
        """
        quotas = []
        for spec in instrument.document.quotas:
            key = str(spec.id)
            where = None
            if spec.where is not None:
                where, problems = compile_external_condition(instrument, str(spec.where), who=key)
                if where is None:
                    raise ValueError(str(problems[0]))
            by = tuple(str(name) for name in spec.by)
            targets = {key: spec.target or 0}
            if by:
                split = ((map(str.strip, str(codes).split("/")), target) for codes, target in spec.targets.items())
                targets = {f"{key}:{'/'.join(parts)}": target for parts, target in split}
            cells = {cell_id: QuotaCell(cell_id, key, target, spec.soft) for cell_id, target in targets.items()}
            quotas.append(Quota(id=key, where=where, by=by, cells=cells, soft=spec.soft))
        cells = {key: cell for quota in quotas for key, cell in quota.cells.items()}
        return cls(quotas=tuple(quotas), known_variables=frozenset(instrument.sample), cells=cells)

    def list_known_cells(self, columns: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the cells that a case is known to be in before the interview."""
        env = dict.fromkeys(self.known_variables, Missing("not_asked")) | dict(columns)
        decided = (quota for quota in self.quotas if quota.list_inputs() <= self.known_variables)
        return tuple(cell for quota in decided if (cell := quota.find_cell(env)))

    def list_counted_cells(self, env: Mapping[Any, Any]) -> tuple[str, ...]:
        """Return the cells in which a finished interview counts."""
        return tuple(cell for quota in self.quotas if (cell := quota.find_cell(env)))

    def list_full_cells(self, fill: Mapping[str, CellFill]) -> frozenset[str]:
        """Return the hard cells in which no more interviews are needed.

        Complete interviews and reserved places reach the target, so that it is never exceeded. A cell opens again when
        a place is released. Interviews with a place are not checked again.
        """
        hard = (cell for cell in self.cells.values() if not cell.soft)
        return frozenset(cell.id for cell in hard if sum(fill.get(cell.id, CellFill())) >= cell.target)

    def list_reached_cells(self, fill: Mapping[str, CellFill]) -> frozenset[str]:
        """Return the cells, soft ones included, whose complete interviews have reached the target."""
        cells = self.cells.values()
        return frozenset(cell.id for cell in cells if fill.get(cell.id, CellFill()).completes >= cell.target)

    def compute_urgency(self, cells: Collection[str], fill: Mapping[str, CellFill]) -> int:
        """Return how full the emptiest of these cells is, in thousandths: lower is more urgent.

        A case in no cell comes after all others.
        """
        targets = ((id, self.cells[id].target) for id in cells if id in self.cells)
        shares = (fill.get(id, CellFill()).completes * 1000 // target if target else 1000 for id, target in targets)
        return min([1000, *shares])


def find_full_cell(cells: Iterable[str], full: Collection[str]) -> str:
    """Return the first of these cells that is full; empty where none is."""
    return next((cell for cell in cells if cell in full), "")
