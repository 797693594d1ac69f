"""Places of quota cells and the interviews that hold or have taken them.

It knows no quota: cells and their targets are arguments. Two stations never both receive the last place.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.plan.quotas import CellFill
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.retry import retry_once
from survey_cli.store.backends.settings import KEEP_SETTING, SETTING

ADD_CELL: Final = "INSERT INTO quota_fill (cell, taken, held) VALUES (?, 0, 0) ON CONFLICT (cell) DO NOTHING"
HAS_PLACE: Final = "SELECT 1 FROM quota_places WHERE interview = ? AND cell = ?"
HOLD_ONE: Final = "UPDATE quota_fill SET held = held + 1 WHERE cell = ? AND taken + held < ?"
KEEP_PLACE: Final = "INSERT INTO quota_places (interview, cell, state, at) VALUES (?, ?, ?, ?)"
PLACES: Final = "SELECT cell, state FROM quota_places WHERE interview = ? ORDER BY cell"
DROP_PLACE: Final = "DELETE FROM quota_places WHERE interview = ? AND cell = ?"
CHANGE_COUNTS: Final = "UPDATE quota_fill SET taken = taken + ?, held = held + ? WHERE cell = ?"
EVERY_PLACE: Final = "SELECT interview, cell, state FROM quota_places ORDER BY interview, cell"
FILL: Final = "SELECT cell, taken, held FROM quota_fill ORDER BY cell"
TARGETS_SETTING: Final = "targets"
"""The setting that holds the target of every cell, as the newest plan has it."""
MISCOUNTED_CELLS: Final = """
    SELECT f.cell, f.taken, f.held,
        count(CASE p.state WHEN 'taken' THEN 1 END), count(CASE p.state WHEN 'held' THEN 1 END)
    FROM quota_fill f LEFT JOIN quota_places p ON p.cell = f.cell
    GROUP BY f.cell, f.taken, f.held
    HAVING f.taken <> count(CASE p.state WHEN 'taken' THEN 1 END)
        OR f.held <> count(CASE p.state WHEN 'held' THEN 1 END)
    ORDER BY f.cell
"""


class QuotaPlaces:
    """The places of one study, over the store's connection. The row of a cell is its lock; several cells are gone
    through in one order, so that no two stations wait for each other.
    """

    def __init__(self, connector: Connector) -> None:
        self._db = connector

    @retry_once
    def hold(
        self, interview: str, cells: Mapping[str, int], at: datetime, instead_of: Collection[str] = ()
    ) -> dict[str, bool]:
        """Hold a place in each of these cells, given with their targets, while the interview goes on; for each whether
        there was one. Who has a place already keeps it and is told so again. Where `write_targets` was given another
        target for a cell, that one counts: the caller's may be older. Places that it holds in cells `instead_of` which
        it is now in others are given up.
        """
        told: dict[str, bool] = {}
        with self._db.transaction() as execute:
            kept = execute(SETTING, (TARGETS_SETTING,)).fetchall()
            targets = {**cells, **(json.loads(kept[0][0]) if kept else {})}
            there: dict[str, str] = dict(execute(PLACES, (interview,)).fetchall()) if instead_of else {}
            for cell in sorted(cells.keys() | (there.keys() & set(instead_of))):
                if cell not in cells:
                    if there[cell] == "held":
                        _drop_place(execute, interview, cell, "held")
                    continue
                execute(ADD_CELL, (cell,))
                told[cell] = bool(execute(HAS_PLACE, (interview, cell)).fetchall())
                if not told[cell] and execute(HOLD_ONE, (cell, targets[cell])).rowcount:
                    execute(KEEP_PLACE, (interview, cell, "held", encode_timestamp(at)))
                    told[cell] = True
        return told

    @retry_once
    def write_targets(self, targets: Mapping[str, int]) -> None:
        """Set the targets of the quota cells, by which every station holds places from now on."""
        text, kept = json.dumps(targets, sort_keys=True), self._db.read(SETTING, (TARGETS_SETTING,))
        if text != (kept[0][0] if kept else "{}"):
            self._db.run(KEEP_SETTING, (TARGETS_SETTING, text))

    @retry_once
    def take(self, interview: str, cells: Iterable[str], at: datetime) -> None:
        """Count a complete interview in these cells, full or not; its other places are dropped."""
        with self._db.transaction() as execute:
            take_places(execute, interview, cells, at)

    @retry_once
    def drop(self, interview: str) -> None:
        """Drop all quota places of an interview."""
        with self._db.transaction() as execute:
            for cell, state in execute(PLACES, (interview,)).fetchall():
                _drop_place(execute, interview, cell, state)

    def read_fill(self) -> dict[str, CellFill]:
        """Fill of each cell that ever had a place."""
        return {cell: CellFill(taken, held) for cell, taken, held in self._db.read(FILL)}

    def iterate_places(self) -> Iterator[tuple[str, str, str]]:
        """All places: interview, cell and state."""
        return ((interview, cell, state) for interview, cell, state in self._db.stream(EVERY_PLACE))


def take_places(execute: Execute, interview: str, cells: Iterable[str], at: datetime) -> None:
    """Within a transaction: the interview counts in these cells, and has no other place."""
    there: dict[str, str] = dict(execute(PLACES, (interview,)).fetchall())
    wanted = set(cells)
    for cell in sorted(there.keys() | wanted):
        if cell in wanted and there.get(cell) == "taken":
            continue
        if cell in wanted:
            execute(ADD_CELL, (cell,))
        if cell in there:
            _drop_place(execute, interview, cell, there[cell])
        if cell in wanted:
            execute(CHANGE_COUNTS, (1, 0, cell))
            execute(KEEP_PLACE, (interview, cell, "taken", encode_timestamp(at)))


def _drop_place(execute: Execute, interview: str, cell: str, state: str) -> None:
    if execute(DROP_PLACE, (interview, cell)).rowcount:
        execute(CHANGE_COUNTS, (-1, 0, cell) if state == "taken" else (0, -1, cell))
