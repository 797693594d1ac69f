"""Places in quota cells, held by interviews in progress or taken by complete ones.

It knows no quota: cells and their targets are arguments. Two stations never both receive the last
place.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.store.backends.connector import Execute, StorePart
from survey_cli.store.backends.errors import retry_once
from survey_cli.store.backends.settings import KEEP_SETTING, SETTING
from survey_cli.store.cases.case_statements import sql

TARGETS_SETTING: Final = "targets"
"""The setting with the target of every cell in the newest plan."""


class QuotaPlaces(StorePart):
    """The places of one study. Methods raise StoreError.

    The row of a cell is its lock. Several cells are locked in the same order everywhere, so that no
    two stations wait for each other.
    """

    @retry_once
    def hold(
        self,
        interview: str,
        cells: Mapping[str, int],
        at: datetime,
        instead_of: Collection[str] = (),
    ) -> dict[str, int]:
        """Hold a place in each of these cells, and return how many places are occupied by cell.

        The interview's own place is among them. The number is 0 if the cell is full and the
        interview has no place in it.

        `cells` has the target of each cell. A target that was set by `write_targets` overrules it,
        as the caller's may be older. An interview keeps a place that it has already. Its places in
        the cells `instead_of` that are not among `cells` are dropped.
        """
        with self._db.transaction() as execute:
            dropped: set[str] = set()
            if instead_of:
                dropped = _list_held(execute, interview) & set(instead_of)
            return _hold_within(execute, interview, cells, dropped, at)

    def move_within(
        self, execute: Execute, cells: Mapping[str, Mapping[str, int]], at: datetime
    ) -> None:
        """Move the places that these interviews hold to other cells, within a transaction.

        An interview receives no place in a full cell, and none if it holds none now.
        """
        held = {interview: _list_held(execute, interview) for interview in cells}
        moves = {
            interview: places
            for interview, places in held.items()
            if places - cells[interview].keys()
        }

        # All cells of all interviews are locked first, in one order: interview by interview, two
        # stations could wait for each other.
        concerned: set[str] = set()
        for interview, places in moves.items():
            concerned |= places
            concerned |= cells[interview].keys()
        for cell in sorted(concerned):
            execute(sql.ADD_CELL, (cell,))
            execute(sql.CHANGE_COUNTS, (0, 0, cell))  # locks it

        for interview, places in moves.items():
            _hold_within(execute, interview, cells[interview], places, at)

    @retry_once
    def write_targets(self, targets: Mapping[str, int]) -> None:
        """Set the targets of all cells; every station holds places by these from now on."""
        text = json.dumps(targets, sort_keys=True)
        stored = self._db.read(SETTING, (TARGETS_SETTING,))
        stored_text = "{}"
        if stored:
            stored_text = stored[0][0]

        if text != stored_text:
            self._db.run(KEEP_SETTING, (TARGETS_SETTING, text))

    @retry_once
    def take(self, interview: str, cells: Iterable[str], at: datetime) -> None:
        """Count a complete interview in these cells, full or not, and drop its other places."""
        with self._db.transaction() as execute:
            take_places_within(execute, interview, cells, at)

    @retry_once
    def drop(self, interview: str) -> None:
        """Drop all places of an interview."""
        with self._db.transaction() as execute:
            for cell, state in execute(sql.PLACES, (interview,)).fetchall():
                _drop_place(execute, interview, cell, state)

    def has_places(self, interview: str) -> bool:
        """Return whether an interview has a place in any cell."""
        return bool(self._db.read(sql.PLACES, (interview,)))

    def read_fill(self) -> dict[str, CellFill]:
        """Return the fill of each cell that ever had a place."""
        return {cell: CellFill(taken, held) for cell, taken, held in self._db.read(sql.FILL)}

    def count_taken(self, since: datetime) -> dict[str, int]:
        """Count by cell the complete interviews that received their place then or later."""
        return dict(self._db.read(sql.TAKEN_SINCE, (encode_timestamp(since),)))

    def iterate_places(self) -> Iterator[tuple[str, str, str]]:
        """Stream all places: interview, cell and state."""
        return (
            (interview, cell, state) for interview, cell, state in self._db.stream(sql.EVERY_PLACE)
        )


def _list_held(execute: Execute, interview: str) -> set[str]:
    return {cell for cell, state in execute(sql.PLACES, (interview,)).fetchall() if state == "held"}


def _hold_within(
    execute: Execute,
    interview: str,
    cells: Mapping[str, int],
    instead_of: Collection[str],
    at: datetime,
) -> dict[str, int]:
    """Hold places within a transaction, as `QuotaPlaces.hold`, and drop those in `instead_of`."""
    targets = dict(cells)
    stored = execute(SETTING, (TARGETS_SETTING,)).fetchall()
    if stored:
        targets.update(json.loads(stored[0][0]))

    occupied: dict[str, int] = {}
    for cell in sorted({*cells, *instead_of}):
        if cell not in cells:
            _drop_place(execute, interview, cell, "held")
            continue

        execute(sql.ADD_CELL, (cell,))
        [(count, own)] = execute(sql.OCCUPIED, (interview, cell)).fetchall()
        if own:
            occupied[cell] = count
        elif execute(sql.HOLD_ONE, (cell, targets[cell])).rowcount:
            execute(sql.KEEP_PLACE, (interview, cell, "held", encode_timestamp(at)))
            occupied[cell] = count + 1
        else:
            occupied[cell] = 0
    return occupied


def take_places_within(
    execute: Execute, interview: str, cells: Iterable[str], at: datetime
) -> None:
    """Count an interview in these cells within a transaction, and drop its other places."""
    places: dict[str, str] = dict(execute(sql.PLACES, (interview,)).fetchall())
    counted_cells = set(cells)
    for cell in sorted(places.keys() | counted_cells):
        if cell in counted_cells and places.get(cell) == "taken":
            continue

        if cell in counted_cells:
            execute(sql.ADD_CELL, (cell,))
        if cell in places:
            _drop_place(execute, interview, cell, places[cell])
        if cell in counted_cells:
            execute(sql.CHANGE_COUNTS, (1, 0, cell))
            execute(sql.KEEP_PLACE, (interview, cell, "taken", encode_timestamp(at)))


def _drop_place(execute: Execute, interview: str, cell: str, state: str) -> None:
    statement = "DELETE FROM quota_places WHERE interview = ? AND cell = ?"
    if not execute(statement, (interview, cell)).rowcount:
        return  # somebody else has dropped it, and changed the counts

    if state == "taken":
        execute(sql.CHANGE_COUNTS, (-1, 0, cell))
    else:
        execute(sql.CHANGE_COUNTS, (0, -1, cell))
