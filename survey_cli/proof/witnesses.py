"""Witnesses out of the solver's solutions: the answers and sample values of an interview."""

from collections.abc import Callable, Mapping, Set
from datetime import date
from typing import TypeAlias

from survey_cli.instrument.compiled.model import ItemGroup
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.proof.cells import Cell
from survey_cli.proof.clauses import Literal
from survey_cli.proof.goals import Witness, WitnessValue
from survey_cli.proof.route import RouteModel, RoutePosition
from survey_cli.values import NOT_ASKED, Missing, Place, get_missing

Wish: TypeAlias = Callable[[], float]
"""Returns the number that an answer should be near to."""


def read_witness(model: RouteModel, true: Set[Literal], wish: Wish) -> Witness:
    """Return the interview of a solution, of which these literals are true."""
    today = int(model.day.choose(true, model.today.toordinal()))
    wished_days: dict[Cell, int] = {}
    for cell, (before, after) in model.days.items():
        wished_days[cell] = today
        if before in true:
            wished_days[cell] = today - 1
        elif after in true:
            wished_days[cell] = today + 1

    def read(cell: Cell) -> WitnessValue:
        if cell in wished_days:
            return _read_cell(cell, true, wished_days[cell])
        return _read_cell(cell, true, wish())

    sample = {name: read(cell) for name, cell in model.sample.items()}
    answers: dict[Place, WitnessValue] = {}
    route: list[Place] = []
    for position in model.positions:
        if position.asked not in true:
            continue
        if position.cell is not None:
            answers[position.place] = read(position.cell)
        if isinstance(position.node, CompiledItem):
            route.append(position.place)
    if model.batteries_with_total:
        by_name = {place.item: answer for place, answer in answers.items()}
        _reach_totals(model, Known({**sample, **by_name}), answers, true)
    return Witness(sample, answers, tuple(route), date.fromordinal(today))


def _read_cell(cell: Cell, true: Set[Literal], wish: float) -> WitnessValue:
    """Return the answer of a cell, the nearest to a wish; or the missing value."""
    if cell.answered in true:
        return cell.read(true, wish)
    for kind, literal in cell.declines.items():
        if literal in true:
            return get_missing(kind)
    return NOT_ASKED


def _reach_totals(
    model: RouteModel, known: Known, answers: dict[Place, WitnessValue], true: Set[Literal]
) -> None:
    """Let the answers of batteries with a total add up to it, if the solution leaves them open.

    Clauses know the bounds of each number, not their sum.
    """
    cells = {position.place: position.cell for position in model.positions}
    for battery in model.batteries_with_total:
        assert isinstance(battery.node, ItemGroup)
        condition = battery.node.items[0].total
        assert condition is not None
        total = condition.evaluate(known)
        numbers = _list_numbers(battery, answers)
        if isinstance(total, Missing) or numbers is None:
            continue

        # each in turn makes up as much of the difference as its bounds allow
        for place in numbers:
            cell = cells[place]
            assert cell is not None
            others = sum(number for other, number in numbers.items() if other != place)
            answer = _read_cell(cell, true, total - others)
            assert isinstance(answer, int | float)
            numbers[place] = answer
            answers[place] = answer


def _list_numbers(
    battery: RoutePosition, answers: Mapping[Place, WitnessValue]
) -> dict[Place, float] | None:
    """Return the answers to the statements that are asked; None if one of them is no number."""
    numbers: dict[Place, float] = {}
    assert isinstance(battery.node, ItemGroup)
    for item in battery.node.items:
        place = Place(item.id, battery.place.turn)
        if place not in answers:
            continue
        answer = answers[place]
        if not isinstance(answer, int | float):
            return None
        numbers[place] = answer
    return numbers
