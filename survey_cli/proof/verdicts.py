"""Verdicts about a questionnaire: what can be, what can't, and answers that lead there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import Enum, auto
from itertools import islice
from math import inf
from random import Random
from typing import Any, Final, TypeAlias

from pysat.solvers import Solver

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import PickItem
from survey_cli.proof.cells import (
    FALSE,
    Cell,
    CodedCell,
    Literal,
    MultipleCell,
    OrderedCell,
    TextCell,
)
from survey_cli.proof.goals import Goal, GoalKind, Verdicts, Witness
from survey_cli.proof.route import CalendarCell, RouteModel, RoutePosition
from survey_cli.values import Missing, Place, get_missing

SOLVER: Final = "glucose4"
MAX_CONFLICTS: Final = 20_000
"""After how many conflicts the solver gives up one question. The hardest one of the instruments and
of the tests takes a few hundred. Seconds would make slow machines give up at other questions."""
MAX_ALL_CONFLICTS: Final = 200_000
"""After how many conflicts the solver gives up a whole questionnaire."""
BATCH: Final = 100
"""How many goals are tried at once, at first."""
RETRIED: Final = 40
"""For how many goals another witness is looked for at once."""


Wish: TypeAlias = Callable[[], float]
"""Returns the number that an answer should be near to."""
Goals: TypeAlias = Mapping[Goal, Sequence[Literal]]
"""Goals, each with the literals of which one must be true."""


def prove(instrument: Instrument, today: date) -> Verdicts:
    """Settle every goal about the items of an instrument without errors."""
    with Prover(instrument, today) as prover:
        return prover.settle(list_goals(prover.model))


class ProofAbandonedError(Exception):
    """Nobody waits for this proof any longer."""


class Answer(Enum):
    """What the solver answers: whether literals can be true together."""

    POSSIBLE = auto()
    IMPOSSIBLE = auto()
    GIVEN_UP = auto()
    """It reached the limit of conflicts."""


class Prover:
    """The route of a questionnaire and the solver that knows its clauses."""

    def __init__(
        self, instrument: Instrument, today: date, is_abandoned: Callable[[], bool] = lambda: False
    ) -> None:
        self.model = RouteModel(instrument, today)
        self.is_abandoned = is_abandoned
        """Asked before each question; the proof ends with ProofAbandonedError if it is true."""
        self.conflicts_left = MAX_ALL_CONFLICTS
        self._solver = Solver(name=SOLVER)
        self._known = 0
        """How many of the model's clauses the solver knows."""

    def __enter__(self) -> "Prover":
        return self

    def __exit__(self, *_: object) -> None:
        self._solver.delete()

    def settle(
        self,
        goals: Goals,
        *,
        batch: int = BATCH,
        wished: Sequence[Literal] = (),
        wish: Wish = lambda: -inf,
    ) -> Verdicts:
        """Settle goals. Many are tried at once, so that one solution shows that many are possible.

        With wished literals, witnesses are few: each shows so many goals, and then has so many of
        these literals, that none can be added. Of the numbers that an answer can be, witnesses have
        the one nearest to a wish.
        """
        verdicts, clauses = Verdicts(), self.model.clauses
        choices = {goal: clauses.any_of(literals) for goal, literals in goals.items()}
        self._solver.set_phases(list(choices.values()))
        size = batch
        while choices:
            tried = {literal: goal for goal, literal in islice(choices.items(), size)}
            asked_for = len(tried)
            while tried:
                answer = self.ask(*tried)
                if answer is Answer.POSSIBLE:
                    break
                if answer is Answer.IMPOSSIBLE:
                    self._drop_refuted(tried, choices, verdicts)
                elif len(tried) > 1:
                    # together they are too hard: half of them may not be
                    tried = dict(islice(tried.items(), len(tried) // 2))
                else:
                    [(_, goal)] = tried.items()
                    verdicts.undecided.append(goal)
                    del choices[goal]
                    tried = {}
            if batch > 1:
                # without conflicts, one solution shows more goals than a batch
                size = size * 2 if len(tried) == asked_for else max(batch, size // 2)
            if not tried:
                continue

            true = set(self._solver.get_model())
            if wished:
                true = self._maximize(true, choices.values(), choices.values())
                true = self._maximize(true, choices.values(), wished)
            witness = read_witness(self.model, true, wish)
            for goal in [goal for goal, literal in choices.items() if literal in true]:
                verdicts.possible[goal] = witness
                del choices[goal]
        return verdicts

    def _drop_refuted(
        self, tried: dict[Literal, Goal], choices: dict[Goal, Literal], verdicts: Verdicts
    ) -> None:
        """Drop from the goals tried what kept them from being possible together.

        If that is one goal only, it is impossible, and so are all others with its literal.
        """
        core = self._solver.get_core() or list(tried)[:1]
        if len(core) > 1:
            for literal in core[1:]:
                del tried[literal]
            return

        [refuted] = core
        del tried[refuted]
        for goal in [goal for goal, literal in choices.items() if literal == refuted]:
            verdicts.impossible.append(goal)
            del choices[goal]

    def look_again(self, goals: Goals, attempt: int) -> dict[Goal, Witness]:
        """Look for another witness of each goal: those found before don't lead where they should."""
        rng, some = Random(attempt), dict(islice(goals.items(), RETRIED))
        return self.settle(some, batch=1, wish=lambda: rng.choice((-inf, inf))).possible

    def _maximize(
        self, true: set[Literal], goals: Iterable[Literal], wished: Iterable[Literal]
    ) -> set[Literal]:
        """Return a solution that keeps the goals of this one and has many of the wished literals.

        None of those that it lacks can be added to it, unless the solver gives up.
        """
        held = [literal for literal in goals if literal in true]
        refuted = self._list_refuted(held)
        tried = {literal: None for literal in wished if literal not in refuted}
        dropped: list[Literal] = []
        while (answer := self.ask(*held, *tried)) is not Answer.POSSIBLE:
            if answer is Answer.IMPOSSIBLE:
                conflict = [literal for literal in self._solver.get_core() if literal in tried]
            else:
                conflict = list(tried)[len(tried) // 2 :]
            if not conflict:
                return true
            dropped += conflict
            for literal in conflict:
                del tried[literal]

        true = set(self._solver.get_model())
        kept = [*held, *tried]
        refuted = self._list_refuted(kept)
        for literal in dropped:
            is_open = literal not in true and literal not in refuted
            if is_open and self.ask(*kept, literal) is Answer.POSSIBLE:
                true = set(self._solver.get_model())
            if literal in true:
                kept.append(literal)
        return true

    def _list_refuted(self, held: list[Literal]) -> set[Literal]:
        """Return literals that these exclude, as far as unit propagation shows it."""
        return {-literal for literal in self._solver.propagate(held)[1]}

    def ask(self, *literals: Literal) -> Answer:
        """Ask whether all of these can be true together."""
        if self.is_abandoned():
            raise ProofAbandonedError
        if self.conflicts_left <= 0:
            return Answer.GIVEN_UP
        clauses = self.model.clauses.clauses
        if self._known < len(clauses):
            self._solver.append_formula(clauses[self._known :])
            self._known = len(clauses)

        before = self._count_conflicts()
        self._solver.conf_budget(min(MAX_CONFLICTS, self.conflicts_left))
        # as if it were interrupted: other threads run meanwhile, such as that of a screen
        is_possible = self._solver.solve_limited(assumptions=list(literals), expect_interrupt=True)
        self.conflicts_left -= self._count_conflicts() - before
        if is_possible is None:
            return Answer.GIVEN_UP
        return Answer.POSSIBLE if is_possible else Answer.IMPOSSIBLE

    def _count_conflicts(self) -> int:
        """Return how many conflicts the solver has had."""
        conflicts: int = self._solver.accum_stats()["conflicts"]
        return conflicts

    def is_excluded(self, *literals: Literal) -> bool:
        """Return whether it is proved that these can't be true together."""
        return self.ask(*literals) is Answer.IMPOSSIBLE

    def find_reasons(self, literal: Literal, reasons: Sequence[Literal]) -> list[Literal] | None:
        """Return few reasons that exclude the literal together; None if all of them don't."""
        if not self.is_excluded(literal, *reasons):
            return None
        core = set(self._solver.get_core() or ())
        needed = [reason for reason in reasons if reason in core]
        for reason in tuple(needed):
            others = [other for other in needed if other != reason]
            if self.is_excluded(literal, *others):
                needed = others
        return needed


def list_goals(model: RouteModel) -> dict[Goal, list[Literal]]:
    """List all goals about items, each with the literals of which one must be true.

    An item of a roster has one literal for each turn.
    """
    goals: dict[Goal, list[Literal]] = {}
    clauses = model.clauses

    def add(kind: GoalKind, node: CompiledNode, literal: Literal, detail: Any = None) -> None:
        found = goals.setdefault(Goal(kind, node.id, detail), [])
        if literal != FALSE:
            found.append(literal)

    for position in model.positions:
        node, reached = position.node, position.reached
        if isinstance(node, CompiledItem) and isinstance(node.question, PickItem):
            continue
        add("asked", node, position.asked)
        if node.ask_if is not None or node.unless is not None:
            add("skipped", node, clauses.all_of([reached, -position.asked]))
            unknown = [-clauses.any_of(truth) for truth in (position.ask_if, position.unless)]
            add("unknown", node, clauses.all_of([reached, clauses.any_of(unknown)]))
            for key, literal in list_kept(model, position):
                add("kept", node, literal, key)
        for code, literal in position.offered.items():
            add("offered", node, clauses.all_of([position.asked, literal]), code)
            add("withheld", node, clauses.all_of([position.asked, -literal]), code)
        if isinstance(node, CompiledItem) and node.options_conditional:
            offered = clauses.any_of(position.offered.values())
            add("optionless", node, clauses.all_of([position.due, -offered]))
        if isinstance(node, CompiledItem) and position.cell is not None:
            for number, fires in enumerate(position.fires):
                add("fires", node, fires, number)
                add("passes", node, clauses.all_of([position.cell.answered, -fires]), number)
    return goals


def list_kept(model: RouteModel, position: RoutePosition) -> Iterator[tuple[str, Literal]]:
    """Yield each condition of a node, by its key, and where it keeps the node from being asked."""
    all_of = model.clauses.all_of
    node = position.node
    has_both = node.ask_if is not None and node.unless is not None
    if not has_both and position.asked == position.due:
        # nothing else keeps it from being asked: it is the literal of `skipped`
        key = "unless" if node.ask_if is None else "ask_if"
        yield key, all_of([position.reached, -position.asked])
        return
    if node.ask_if is not None:
        yield "ask_if", all_of([position.reached, -position.ask_if.true])
    if node.unless is not None:
        yield "unless", all_of([position.reached, position.ask_if.true, position.unless.true])


def read_witness(model: RouteModel, true: set[Literal], wish: Wish) -> Witness:
    """Return the answers of a solution: of every item that it asks."""
    today = model.day.choose(true.__contains__, wish=model.today.toordinal())
    wishes: dict[Cell, float] = {}
    for cell, (before, after) in model.days.items():
        wishes[cell] = today
        if before in true:
            wishes[cell] = today - 1
        elif after in true:
            wishes[cell] = today + 1

    def read(cell: Cell) -> Any:
        return read_cell(cell, true, wishes[cell] if cell in wishes else wish())

    sample = {name: read(cell) for name, cell in model.sample.items()}
    answers = {
        p.place: read(p.cell) for p in model.positions if p.cell is not None and p.asked in true
    }
    _add_up(
        model,
        Known({**sample, **{place.item: answer for place, answer in answers.items()}}),
        answers,
        true,
    )
    route = tuple(
        p.place for p in model.positions if isinstance(p.node, CompiledItem) and p.asked in true
    )
    return Witness(sample, answers, route, date.fromordinal(int(today)))


def _add_up(model: RouteModel, known: Known, answers: dict[Place, Any], true: set[Literal]) -> None:
    """Let the answers of batteries with a total add up to it, if the solution leaves them open."""
    cells = {position.place: position.cell for position in model.positions}
    for group in model.positions:
        if (
            not isinstance(group.node, ItemGroup)
            or not group.node.items
            or group.node.items[0].total is None
        ):
            continue
        total = group.node.items[0].total.evaluate(known)
        places = [
            place
            for item in group.node.items
            if (place := Place(item.id, group.place.turn)) in answers
        ]
        if isinstance(total, Missing) or any(
            isinstance(answers[place], Missing) for place in places
        ):
            continue
        for place in places:
            cell, others = cells[place], sum(answers[other] for other in places if other != place)
            assert cell is not None
            answers[place] = read_cell(cell, true, total - others)


def read_cell(cell: Cell, true: set[Literal], wish: float) -> Any:
    """Return the answer of a cell in a solution, the nearest to a wish; or the missing value."""
    for kind, literal in cell.declines.items():
        if literal in true:
            return get_missing(kind)
    if cell.answered not in true:
        return Missing("not_asked")
    match cell:
        case CodedCell():
            return next(code for code, literal in cell.values.items() if literal in true)
        case MultipleCell(chosen=chosen, positions=positions):
            codes = [code for code, literal in chosen.items() if literal in true]
            return tuple(
                sorted(codes, key=lambda c: [p not in true for p in positions[c]].index(False))
                if positions
                else codes
            )
        case CalendarCell() | OrderedCell():
            number = cell.choose(true.__contains__, wish)
            return int(number) if number == int(number) else number
        case TextCell():
            return next(
                (text for text, literal in cell.texts.items() if literal in true), "something else"
            )
        case _:
            raise TypeError(type(cell))
