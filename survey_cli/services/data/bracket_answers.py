"""Answers to the steps of a bracket, from a data file that has only its results."""

from collections.abc import Mapping, Sequence

from survey_cli.engine.route import RouteStop
from survey_cli.instrument.schema.items.brackets import (
    LESS,
    NAMED,
    NOT_LESS,
    BracketItem,
    BracketStepItem,
)
from survey_cli.samples.cases.answer_rows import GivenAnswer, PlaceColumns
from survey_cli.values import Place


def find_step_answer(
    places: Mapping[Place, PlaceColumns], cells: Sequence[str], stop: RouteStop
) -> GivenAnswer | None:
    """Find what leads from a step to the results in a row; None if it has none of them."""
    step = stop.item.question
    assert isinstance(step, BracketStepItem)
    results = _Results(places, cells, step.spec, stop.place.turn)
    if results.read_number("_exact") is not None:
        return GivenAnswer(None, code=NAMED)

    low, high = results.find_limits()
    if high is not None and high <= step.amount:
        return GivenAnswer(None, code=LESS)
    if low is not None and low >= step.amount:
        return GivenAnswer(None, code=NOT_LESS)
    if results.find_decline("_exact"):
        return GivenAnswer(None, code=NAMED)  # the amount itself wasn't said
    decline = results.find_decline("")
    if decline:
        return GivenAnswer(None, decline)
    return None


class _Results:
    """The results of one bracket in a row of a file."""

    def __init__(
        self,
        places: Mapping[Place, PlaceColumns],
        cells: Sequence[str],
        bracket: BracketItem,
        turn: int | None,
    ) -> None:
        self._places = places
        self._cells = cells
        self._bracket = bracket
        self._turn = turn

    def find_limits(self) -> tuple[float | None, float | None]:
        """Find the limits of what is left, from the columns of both or of the interval."""
        low = self.read_number("_low")
        high = self.read_number("_high")
        code = self.read_number("")
        has_interval = code is not None and code in self._bracket.codes
        if low is None and high is None and code is not None and has_interval:
            return self._bracket.find_limits(int(code))
        return low, high

    def find_decline(self, suffix: str) -> str:
        """Find the decline in a column; empty if it has none."""
        given = self._read(suffix)
        return given.decline if given is not None else ""

    def read_number(self, suffix: str) -> float | None:
        """Read the number in a column; None if it has none."""
        given = self._read(suffix)
        if given is None or given.reply is None:
            return None
        try:
            return float(str(given.reply))
        except ValueError:
            return None

    def _read(self, suffix: str) -> GivenAnswer | None:
        columns = self._places.get(Place(f"{self._bracket.id}{suffix}", self._turn))
        if columns is None:
            return None
        return columns.read(self._cells)
