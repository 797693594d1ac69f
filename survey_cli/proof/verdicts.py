"""Verdicts about every item of a questionnaire: what can be, what can't, and answers that lead there."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from pysat.solvers import Solver

from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.proof.cells import Cell, CodedCell, MultipleCell, OrderedCell, TextCell, Truth
from survey_cli.proof.clauses import FALSE
from survey_cli.proof.clauses import Literal as ClauseLiteral
from survey_cli.proof.goals import Goal, GoalKind, Witness
from survey_cli.proof.route import CalendarCell, RouteModel
from survey_cli.values import Missing, get_missing

SOLVER: Final = "glucose4"


@dataclass(slots=True)
class Verdicts:
    """What is possible, with a witness, and what is not."""

    possible: dict[Goal, Witness] = field(default_factory=dict)
    impossible: list[Goal] = field(default_factory=list)


def prove(instrument: Instrument, today: date) -> Verdicts:
    """Settle every goal of an instrument without errors, for interviews on a day."""
    model = RouteModel(instrument, today)
    goals = list_goals(model)
    verdicts = Verdicts()
    with Solver(name=SOLVER, bootstrap_with=model.clauses.clauses) as solver:
        open_goals = dict(goals)
        solver.set_phases([literal for literals in goals.values() for literal in literals])
        for goal, literals in goals.items():
            if goal not in open_goals:
                continue
            choice = literals[0] if len(literals) == 1 else model.clauses.make_variable()
            if len(literals) > 1:
                solver.add_clause([-choice, *literals])
            if not solver.solve(assumptions=[choice]):
                verdicts.impossible.append(goal)
                del open_goals[goal]
                for literal in literals:
                    solver.add_clause([-literal])
                continue
            true = set(solver.get_model())
            witness = read_witness(model, true)
            for other in [other for other, wanted in open_goals.items() if not true.isdisjoint(wanted)]:
                verdicts.possible[other] = witness
                del open_goals[other]
    return verdicts


def list_goals(model: RouteModel) -> dict[Goal, list[ClauseLiteral]]:
    """List all goals, each with the literals of which one must be true: an item of a roster has one for each turn."""
    goals: dict[Goal, list[ClauseLiteral]] = {}
    clauses = model.clauses

    def add(kind: GoalKind, node: CompiledNode, literal: ClauseLiteral, detail: Any = None) -> None:
        found = goals.setdefault(Goal(kind, node.id, detail), [])
        if literal != FALSE:
            found.append(literal)

    for position in model.positions:
        node, reached = position.node, position.reached
        add("asked", node, position.asked)
        if node.ask_if is not None or node.unless is not None:
            add("skipped", node, clauses.all_of([reached, -position.asked]))
            unknown = [_is_unknown(clauses, truth) for truth in (position.ask_if, position.unless)]
            add("unknown", node, clauses.all_of([reached, clauses.any_of(unknown)]))
        for code, literal in position.offered.items():
            add("offered", node, clauses.all_of([position.asked, literal]), code)
        if isinstance(node, CompiledItem) and position.cell is not None:
            for number, fires in enumerate(position.fires):
                add("fires", node, fires, number)
                add("passes", node, clauses.all_of([position.cell.answered, -fires]), number)
    return goals


def _is_unknown(clauses: Any, truth: Truth) -> ClauseLiteral:
    literal: ClauseLiteral = clauses.all_of([-truth.true, -truth.false])
    return literal


def read_witness(model: RouteModel, true: set[ClauseLiteral]) -> Witness:
    """Return the answers of a solution: of every item that it asks."""
    sample = {name: read_cell(cell, true) for name, cell in model.sample.items()}
    answers = {
        position.place: read_cell(position.cell, true)
        for position in model.positions
        if position.cell is not None and position.asked in true
    }
    route = tuple(p.place for p in model.positions if isinstance(p.node, CompiledItem) and p.asked in true)
    return Witness(sample, answers, route)


def read_cell(cell: Cell, true: set[ClauseLiteral]) -> Any:
    """Return the answer of a cell in a solution, or the missing value."""
    for kind, literal in cell.declines.items():
        if literal in true:
            return get_missing(kind)
    if cell.answered not in true:
        return Missing("not_asked")
    match cell:
        case CodedCell():
            return next(code for code, literal in cell.values.items() if literal in true)
        case MultipleCell():
            return tuple(code for code, literal in cell.chosen.items() if literal in true)
        case CalendarCell() | OrderedCell():
            number = cell.choose(lambda literal: literal in true)
            return int(number) if number == int(number) else number
        case TextCell():
            return next((text for text, literal in cell.texts.items() if literal in true), "something else")
        case _:
            raise TypeError(type(cell))
