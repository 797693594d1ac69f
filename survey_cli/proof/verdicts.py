"""Verdicts about a questionnaire: what can be, what can't, and answers that lead there."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import Enum, auto
from itertools import islice
from math import inf
from random import Random
from typing import Final

from pysat.solvers import Solver

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import PickItem
from survey_cli.proof.clauses import FALSE, Literal
from survey_cli.proof.goals import Goal, GoalLiterals, Verdicts, Witness
from survey_cli.proof.route import RouteModel, RoutePosition
from survey_cli.proof.witnesses import Wish, read_witness

SOLVER: Final = "glucose4"
MAX_CONFLICTS: Final = 20_000
"""After how many conflicts the solver gives up one question. The hardest one of the instruments and
of the tests takes a few hundred. Seconds would make slow machines give up at other questions."""
MAX_ALL_CONFLICTS: Final = 200_000
"""After how many conflicts the solver gives up a whole questionnaire."""
BATCH: Final = 100
"""How many goals are tried at once, at first."""
MAX_LOOKED_AGAIN: Final = 40
"""For how many goals another witness is looked for at once."""


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
        self._given_count = 0
        """How many of the model's clauses the solver has."""

    def __enter__(self) -> "Prover":
        return self

    def __exit__(self, *_: object) -> None:
        self._solver.delete()

    # Goals

    def settle(
        self,
        goals: GoalLiterals,
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
        verdicts = Verdicts()
        clauses = self.model.clauses
        open_goals = {goal: clauses.any_of(literals) for goal, literals in goals.items()}
        # where the solver may choose, it makes goals true
        self._solver.set_phases(list(open_goals.values()))
        size = batch
        while open_goals:
            tried = {literal: goal for goal, literal in islice(open_goals.items(), size)}
            count_before = len(tried)
            self._find_compatible(tried, open_goals, verdicts)

            has_conflict = len(tried) < count_before
            if batch > 1 and has_conflict:
                size = max(batch, size // 2)
            elif batch > 1:
                size *= 2  # one solution shows more goals than a batch
            if not tried:
                continue  # those that were dropped are settled now, or are tried again

            # the solution in which the goals that are still tried are possible together
            true = set(self._solver.get_model())
            if wished:
                literals = list(open_goals.values())
                true = self._maximize(true, literals, literals)
                true = self._maximize(true, literals, wished)
            witness = read_witness(self.model, true, wish)

            # it may show more goals than those that were tried
            shown = [goal for goal, literal in open_goals.items() if literal in true]
            for goal in shown:
                verdicts.possible[goal] = witness
                del open_goals[goal]
        return verdicts

    def _find_compatible(
        self, tried: dict[Literal, Goal], open_goals: dict[Goal, Literal], verdicts: Verdicts
    ) -> None:
        """Drop some of the goals tried until the others are possible together, or none is left.

        What is dropped stays open, unless it is settled now.
        """
        while tried:
            answer = self.ask(*tried)
            if answer is Answer.POSSIBLE:
                return
            if answer is Answer.IMPOSSIBLE:
                self._drop_refuted(tried, open_goals, verdicts)
            elif len(tried) > 1:
                # together they are too hard: half of them may not be
                for literal in list(tried)[len(tried) // 2 :]:
                    del tried[literal]
            else:
                [(literal, goal)] = tried.items()
                verdicts.undecided.append(goal)
                del tried[literal]
                del open_goals[goal]

    def _drop_refuted(
        self, tried: dict[Literal, Goal], open_goals: dict[Goal, Literal], verdicts: Verdicts
    ) -> None:
        """Drop from the goals tried what kept them from being possible together.

        If that is one goal only, it is impossible, and so are all others with its literal.
        """
        # if the clauses contradict each other without any goal, the solver names none
        core = self._solver.get_core() or list(tried)[:1]
        if len(core) > 1:
            for literal in core[1:]:
                del tried[literal]
            return

        [refuted] = core
        del tried[refuted]
        for goal in [goal for goal, literal in open_goals.items() if literal == refuted]:
            verdicts.impossible.append(goal)
            del open_goals[goal]

    def look_again(self, goals: GoalLiterals, attempt: int) -> dict[Goal, Witness]:
        """Look for other witnesses of goals, whose earlier ones don't lead where they should."""
        rng = Random(attempt)
        some = dict(islice(goals.items(), MAX_LOOKED_AGAIN))
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

        # first, whole conflicts are dropped until the others are possible together
        dropped: list[Literal] = []
        answer = self.ask(*held, *tried)
        while answer is not Answer.POSSIBLE:
            conflict = self._list_conflicting(answer, tried)
            if not conflict:
                return true
            dropped += conflict
            for literal in conflict:
                del tried[literal]
            answer = self.ask(*held, *tried)
        true = set(self._solver.get_model())

        # then, what was dropped is added again one by one: not all of a conflict has to go
        kept = [*held, *tried]
        refuted = self._list_refuted(kept)
        for literal in dropped:
            is_open = literal not in true and literal not in refuted
            if is_open and self.ask(*kept, literal) is Answer.POSSIBLE:
                true = set(self._solver.get_model())
            if literal in true:
                kept.append(literal)
        return true

    def _list_conflicting(self, answer: Answer, tried: Mapping[Literal, None]) -> list[Literal]:
        """List the literals to drop after this answer: those in conflict, or the second half."""
        if answer is Answer.IMPOSSIBLE:
            return [literal for literal in self._solver.get_core() if literal in tried]
        return list(tried)[len(tried) // 2 :]

    def _list_refuted(self, held: list[Literal]) -> set[Literal]:
        """List literals that these exclude, as far as unit propagation shows it."""
        _, implied = self._solver.propagate(held)
        return {-literal for literal in implied}

    # Questions to the solver

    def ask(self, *literals: Literal) -> Answer:
        """Ask whether all of these can be true together."""
        if self.is_abandoned():
            raise ProofAbandonedError
        if self.conflicts_left <= 0:
            return Answer.GIVEN_UP
        clauses = self.model.clauses.clauses
        if self._given_count < len(clauses):
            self._solver.append_formula(clauses[self._given_count :])
            self._given_count = len(clauses)

        before = self._count_conflicts()
        self._solver.conf_budget(min(MAX_CONFLICTS, self.conflicts_left))
        # as if it were interrupted: other threads run meanwhile, such as that of a screen
        is_possible = self._solver.solve_limited(assumptions=list(literals), expect_interrupt=True)
        self.conflicts_left -= self._count_conflicts() - before
        if is_possible is None:
            return Answer.GIVEN_UP
        if is_possible:
            return Answer.POSSIBLE
        return Answer.IMPOSSIBLE

    def _count_conflicts(self) -> int:
        """Return how many conflicts the solver has had."""
        conflicts: int = self._solver.accum_stats()["conflicts"]
        return conflicts

    def is_excluded(self, *literals: Literal) -> bool:
        """Return whether it is proved that these can't be true together."""
        return self.ask(*literals) is Answer.IMPOSSIBLE

    def find_reasons(self, literal: Literal, reasons: Sequence[Literal]) -> list[Literal] | None:
        """Return few reasons that together exclude the literal; None if not even all of them do."""
        if not self.is_excluded(literal, *reasons):
            return None
        core = set(self._solver.get_core() or ())
        needed = [reason for reason in reasons if reason in core]

        # the solver's core may contain more than is needed
        for reason in tuple(needed):
            others = [other for other in needed if other != reason]
            if self.is_excluded(literal, *others):
                needed = others
        return needed


# Goals about items


def list_goals(model: RouteModel) -> dict[Goal, list[Literal]]:
    """List all goals about items, each with the literals of which one must be true.

    An item of a roster has one literal for each turn.
    """
    goals: dict[Goal, list[Literal]] = {}
    for position in model.positions:
        for goal, literal in _iterate_goals(model, position):
            literals = goals.setdefault(goal, [])
            if literal != FALSE:
                literals.append(literal)
    return goals


def _iterate_goals(model: RouteModel, position: RoutePosition) -> Iterator[tuple[Goal, Literal]]:
    """Yield the goals about an item or a group at one position."""
    clauses = model.clauses
    node = position.node
    asked = position.asked
    if isinstance(node, CompiledItem) and isinstance(node.question, PickItem):
        return  # the computer picks, and nothing is asked
    if isinstance(node, CompiledItem) and node.bracket:
        return  # nobody has written it, and what was written is the bracket around it
    yield Goal("asked", node.id), asked
    if node.ask_if is not None or node.unless is not None:
        yield Goal("skipped", node.id), clauses.all_of([position.reached, -asked])
        unknown = [-clauses.any_of(truth) for truth in (position.ask_if, position.unless)]
        is_unknown = clauses.any_of(unknown)
        yield Goal("unknown", node.id), clauses.all_of([position.reached, is_unknown])
        for key, literal in _iterate_kept(model, position):
            yield Goal("kept", node.id, key), literal

    for code, literal in position.offered.items():
        yield Goal("offered", node.id, code), clauses.all_of([asked, literal])
        yield Goal("withheld", node.id, code), clauses.all_of([asked, -literal])
    if not isinstance(node, CompiledItem):
        return
    if node.options_conditional:
        offered = clauses.any_of(position.offered.values())
        yield Goal("optionless", node.id), clauses.all_of([position.due, -offered])
    if position.cell is not None:
        for number, fires in enumerate(position.fires):
            yield Goal("fires", node.id, number), fires
            passes = clauses.all_of([position.cell.answered, -fires])
            yield Goal("passes", node.id, number), passes


def _iterate_kept(model: RouteModel, position: RoutePosition) -> Iterator[tuple[str, Literal]]:
    """Yield for each condition of a node, by its key, that it keeps the node from being asked."""
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
