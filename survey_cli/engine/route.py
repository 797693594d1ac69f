"""The route: which places are asked in which order, evaluating each condition once, where it stands.

The settled part of the walk is stored, so that a step costs the same at the nine-thousandth item as at the ninth.
Every change of the known values is recorded, so that going back undoes exactly what came after.
"""

import ast
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from survey_cli.engine.order import apply_order
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import CompiledItem, CompiledOption, Compute, ItemContext
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Missing, Place

ABSENT: Final = object()
FUNCTIONS_DEFINED_ON_UNKNOWN: Final = frozenset(
    ("answered", "dk", "refused", "declined", "count", "sum", "mean", "min", "max", "sum_answered", "mean_answered")
)
"""Functions that treat a value that is not known yet as false or as absent: an item, or turns of a roster still to
come."""


class RouteFrame(NamedTuple):
    """The position of the walk in one group; its parents are the groups around it. Immutable."""

    parent: "RouteFrame | None"
    group: ItemGroup
    order: tuple[CompiledNode, ...]
    at: int
    """The next child."""
    turn: int | None
    turns: tuple[int, ...] = ()
    """In a roster: the turns still to come, as far as they are known."""
    until_asked: bool = False
    """In an `until` roster: the question at the end of this turn has been asked."""


class RouteStop(NamedTuple):
    """One place on the route, with all that is needed to return to it."""

    place: Place
    leaf: CompiledItem
    frame: RouteFrame
    mark: int
    """How many changes had been recorded when it was reached."""
    intros: tuple[Template, ...]
    position: int
    ahead: int


def _iterate_rosters(node: CompiledNode) -> Iterator[Roster]:
    """Yield the rosters at or below a node."""
    if isinstance(node, Roster):
        yield node
    elif isinstance(node, ItemGroup):
        for child in node.children:
            yield from _iterate_rosters(child)


@lru_cache(maxsize=4096)
def may_change(condition: Condition) -> bool:
    """Return whether the condition can have a value before all its inputs are known, and another one after.

    This is so where it counts, asks whether something is answered, or has an `else` that covers unknown values.
    """
    return any(
        isinstance(node, ast.IfExp)
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in FUNCTIONS_DEFINED_ON_UNKNOWN
        )
        for node in ast.walk(condition.tree)
    )


class RouteWalk:
    """The walk of one interview along its route.

    `stops` are the places so far, the last being the current one; `env` is what is known there. `advance` goes to the
    next place, `rewind` back to an earlier one. What is known at a stop is what was recorded before it: nothing of what
    lies ahead.
    """

    def __init__(
        self,
        instrument: Instrument,
        seed: int,
        env: dict[Any, Any],
        left: Callable[[str, int | None], None] | None = None,
        *,
        rules: int = 2,
    ) -> None:
        self.instrument = instrument
        self.seed = seed
        self._rules = rules
        self.env = env
        self._left = left
        """Called for each item (and turn) that the walk passes over."""
        self.stops: list[RouteStop] = []
        self.finished = False
        """The route is at its end."""
        self.looking_ahead = False
        """The walk goes past an open place, to find what lies ahead of it: what depends on the unreached is not
        reached."""
        self.unreached: list[Place] = []
        self._open: set[str] = set()
        """While looking ahead: names whose value is not known yet."""
        self._guessed: set[str] = set()
        """While looking ahead: computes with a value that an open place can still change."""
        self._changes: list[tuple[Any, Any]] = []
        self._pending: tuple[tuple[ItemGroup, Template], ...] = ()
        self._asked: tuple[RouteStop, ItemContext] | None = None
        root = instrument.root
        self._ahead = root.asked_count
        self._position = 0
        for compute in instrument.first_computes:
            self._compute(compute)
        self._frame: RouteFrame | None = RouteFrame(None, root, root.children, 0, None)

    # what is known

    def set_known(self, key: Any, value: Any) -> None:
        """Record that this is known from here on."""
        self._changes.append((key, self.env.get(key, ABSENT)))
        self.env[key] = value

    def undo(self, mark: int) -> None:
        """Undo all changes since `mark`."""
        changes, env = self._changes, self.env
        while len(changes) > mark:
            key, before = changes.pop()
            if before is ABSENT:
                del env[key]
            else:
                env[key] = before

    @property
    def mark(self) -> int:
        return len(self._changes)

    def record_answer(self, stop: RouteStop, cell: Cell | None) -> None:
        """Record the answer at the current stop as known from here on."""
        leaf = stop.leaf
        if cell is not None:
            self.set_known(leaf.id if leaf.roster is None else (leaf.id, stop.place.turn), cell)
        for compute in leaf.computes:
            self._compute(compute)

    def leave_open(self, stop: RouteStop) -> None:
        """Go past a place that nobody has answered, to find what lies ahead of it."""
        self.looking_ahead = True
        self.unreached.append(stop.place)
        self._open.add(stop.leaf.id)
        self.record_answer(stop, NOT_REACHED)

    def _compute(self, compute: Compute) -> None:
        first = True
        for language, condition in compute.conditions.items():
            value = condition.evaluate(self.env)
            if first:
                self.set_known(compute.id, value)
                if self.looking_ahead and value == NOT_REACHED:
                    self._open.add(compute.id)
                elif self.looking_ahead and self._may_change(condition):
                    self._guessed.add(compute.id)
            if language:
                self.set_known((compute.id, language), value)
            first = False

    # moving

    def advance(self) -> RouteStop | None:
        """Go to the next place on the route and return it, or None at the end."""
        frame = self._frame
        while frame is not None:
            parent, group, order, at, turn, turns, asked = frame
            if at < len(order):
                node = order[at]
                frame = RouteFrame(parent, group, order, at + 1, turn, turns, asked)
                shown = self._is_on_route(node)
                if shown is not True:
                    self._pass_over(node, turn, shown)
                elif isinstance(node, CompiledItem):
                    return self._make_stop(node, frame)
                else:
                    frame = self._enter(node, frame)
                continue
            if isinstance(group, Roster):
                if group.until is not None and not asked and turn is not None and turns:
                    return self._make_stop(group.until, RouteFrame(parent, group, order, at, turn, turns, True))
                if group.until is not None and asked and self.env.get((group.until.id, turn)) != 1:
                    self._leave_turns(group, range(1, (turn or 0) + 1))
                    if self.looking_ahead and self.env.get((group.until.id, turn)) == NOT_REACHED:
                        self._leave_turns_open(group, turns)
                    turns = ()
                if turns:
                    frame = self._enter_turn(group, parent, turns)
                    continue
                self.set_known("#turn", None)
            self._pending = tuple(p for p in self._pending if p[0] is not group)
            for compute in group.computes:
                self._compute(compute)
            frame = parent
        self._frame = None
        self.finished = True
        return None

    def finish(self) -> None:
        """End the route: an `end` was reached."""
        self._frame = None
        self.finished = True

    def rewind(self, index: int) -> RouteStop:
        """Return to an earlier stop; everything after it is off the walk."""
        stop = self.stops[index]
        del self.stops[index + 1 :]
        self.undo(stop.mark)
        self._frame = stop.frame
        self._position, self._ahead = stop.position, stop.ahead
        self._pending = ()
        self.finished = False
        return stop

    def _make_stop(self, leaf: CompiledItem, frame: RouteFrame) -> RouteStop:
        self._frame = frame
        if leaf.counts_in_progress:
            self._position += 1
            self._ahead -= 1
        place = leaf.place if leaf.roster is None else Place(leaf.id, frame.turn)
        intros: tuple[Template, ...] = ()
        if self._pending:
            intros = tuple(template for _, template in self._pending)
            self._pending = ()
        stop = RouteStop(place, leaf, frame, len(self._changes), intros, self._position, self._ahead)
        self.stops.append(stop)
        return stop

    def _is_on_route(self, node: CompiledNode) -> Any:
        """Return True where the node is on the route, else False or, where it is unknown, the missing value."""
        if node.ask_if is not None:
            asked = node.ask_if.evaluate(self.env)
            if self.looking_ahead and self._may_change(node.ask_if):
                return NOT_REACHED
            if asked is not True:
                return asked
        if node.unless is not None:
            passed = node.unless.evaluate(self.env)
            if self.looking_ahead and (passed == NOT_REACHED or self._may_change(node.unless)):
                return NOT_REACHED
            if passed is True:
                return False
        if isinstance(node, CompiledItem) and node.options_conditional and self._rules > 1:
            return self._has_offered_option(node)
        return True

    def _has_offered_option(self, leaf: CompiledItem) -> Any:
        """Return whether any option is offered: without one there is nothing to ask."""
        some: Any = False
        for option in leaf.options:
            assert option.ask_if is not None
            offered = option.ask_if.evaluate(self.env)
            if self.looking_ahead and (offered == NOT_REACHED or self._may_change(option.ask_if)):
                some = NOT_REACHED
            elif offered is True:
                return True
        return some

    def _may_change(self, condition: Condition) -> bool:
        """Return whether the condition's value may change with what is open, though it has one.

        `not answered(q)` is true of a q that is still to come.
        """
        if not self._guessed.isdisjoint(condition.names):
            return True
        return not self._open.isdisjoint(condition.names) and may_change(condition)

    def _pass_over(self, node: CompiledNode, turn: int | None, shown: Any) -> None:
        """Mark the node as off the route or, while looking ahead, as unknown."""
        unreached = self.looking_ahead and shown == NOT_REACHED
        why = NOT_REACHED if unreached else NOT_ASKED
        if isinstance(node, CompiledItem):
            self._ahead -= node.counts_in_progress
            self._mark_absent(node, turn, why)
            for compute in node.computes:
                self._compute(compute)
            return
        self._ahead -= node.asked_count
        for leaf in node.leaves:
            if leaf.roster is None or turn is not None:
                self._mark_absent(leaf, turn, why)
        for roster in _iterate_rosters(node):
            self.set_known("#" + roster.id, ())
            if unreached:
                self._leave_turns_open(roster, range(1, roster.maximum + 1))
            else:
                self._leave_turns(roster, ())
        for inner in self._list_computes_below(node):
            self._compute(inner)

    def _mark_absent(self, leaf: CompiledItem, turn: int | None, why: Missing) -> None:
        inside = turn if leaf.roster is not None else None
        self.set_known(leaf.id if inside is None else (leaf.id, inside), why)
        if why is NOT_REACHED:
            self.unreached.append(Place(leaf.id, inside))
            self._open.add(leaf.id)
        elif self._left is not None:
            self._left(leaf.id, inside)

    def _leave_turns(self, roster: Roster, but: Collection[int]) -> None:
        """Mark all turns but these as off the route."""
        if self._left is not None:
            for turn in range(1, roster.maximum + 1):
                if turn not in but:
                    for leaf in roster.leaves:
                        self._left(leaf.id, turn)

    def _list_computes_below(self, group: ItemGroup) -> list[Compute]:
        found: list[Compute] = []
        for child in group.children:
            found.extend(self._list_computes_below(child) if isinstance(child, ItemGroup) else child.computes)
        return [*found, *group.computes]

    def _enter(self, group: ItemGroup, parent: RouteFrame) -> RouteFrame:
        if group.intro is not None:
            self._pending = (*self._pending, (group, group.intro))
        if not isinstance(group, Roster):
            return RouteFrame(parent, group, self._order_children(group, parent.turn), 0, parent.turn)
        turns = self._list_turns(group)
        self.set_known("#" + group.id, () if isinstance(turns, tuple) else turns)
        turns = turns if isinstance(turns, tuple) else ()
        self._leave_turns(group, turns)
        if not turns:
            self._ahead -= group.asked_count
            if self.looking_ahead and group.until is None:
                self._pass_over_turns(group)
            return RouteFrame(parent, group, (), 0, None)
        if group.until is None:
            self._ahead += (len(turns) - 1) * group.asked_count
        return self._enter_turn(group, parent, turns)

    def _pass_over_turns(self, roster: Roster) -> None:
        """Mark turns as open where their number is not known yet."""
        count = roster.count.evaluate(self.env) if roster.count is not None else None
        if roster.each is not None:
            count = self.env.get(roster.each.id, NOT_REACHED)
        if count == NOT_REACHED:
            self._leave_turns_open(roster, range(1, roster.maximum + 1))

    def _leave_turns_open(self, roster: Roster, turns: Collection[int]) -> None:
        """Mark these turns as open: whether they will exist is not known yet."""
        for leaf in roster.leaves:
            self._open.add(leaf.id)
            last = roster.maximum - (leaf is roster.until)  # after the last turn, no further one is offered
            self.unreached.extend(Place(leaf.id, turn) for turn in turns if turn <= last)

    def _list_turns(self, roster: Roster) -> tuple[int, ...] | Missing:
        """Return the numbers of the turns on the route, or the missing value that leaves their number unknown."""
        if roster.until is not None:
            return tuple(range(1, roster.maximum + 1))
        if roster.each is not None:
            chosen = self.env.get(roster.each.id, NOT_REACHED)
            if not isinstance(chosen, tuple):
                return chosen if isinstance(chosen, Missing) else ()
            places = [n for n, o in enumerate(roster.each.options, 1) if o.code in chosen]
            return tuple(places[: roster.maximum])
        count = roster.count.evaluate(self.env) if roster.count is not None else 0
        if isinstance(count, Missing):
            return count
        if isinstance(count, bool) or not isinstance(count, int | float):
            return ()
        return tuple(range(1, max(0, min(int(count), roster.maximum)) + 1))

    def _enter_turn(self, roster: Roster, parent: RouteFrame | None, turns: tuple[int, ...]) -> RouteFrame:
        turn = turns[0]
        if roster.until is not None and turn > 1:
            self._ahead += roster.asked_count
        self.set_known("#turn", turn)
        self.set_known("#" + roster.id, (*self.env.get("#" + roster.id, ()), turn))
        if roster.each is not None:
            self.set_known(("#each", roster.id, turn), roster.each.options[turn - 1].text)
        return RouteFrame(parent, roster, self._order_children(roster, turn), 0, turn, turns[1:])

    def _order_children(self, group: ItemGroup, turn: int | None) -> tuple[CompiledNode, ...]:
        if group.order == "written":
            return group.children
        return apply_order(
            group.children,
            group.order,
            seed=self.seed,
            key=group.id,
            turn=turn,
            name=lambda n: n.id,
            is_fixed=lambda n: n.anchor,
        )

    # at the current stop

    def build_item_context(self, stop: RouteStop, language: str) -> ItemContext:
        """Return what the item's question may read: the same object as long as the walk stays at the stop."""
        asked = self._asked
        if asked is None or asked[0] is not stop or asked[1].language != language:
            asking = ItemContext(leaf=stop.leaf, env=self.env, language=language, options=self.list_options(stop))
            asked = self._asked = stop, asking
        return asked[1]

    def list_options(self, stop: RouteStop) -> tuple[CompiledOption, ...]:
        """Return the options offered at this place, in drawn order."""
        leaf = stop.leaf
        if not leaf.options_vary:
            return leaf.options
        how, key, turn = leaf.order, leaf.id, stop.place.turn
        if how == "written" and leaf.scale is not None:
            how, key, turn = leaf.scale_order, leaf.scale, None
        options = apply_order(
            leaf.options, how, seed=self.seed, key=key, turn=turn, name=lambda o: o.code, is_fixed=lambda o: o.is_fixed
        )
        return tuple(o for o in options if o.ask_if is None or o.ask_if.evaluate(self.env) is True)
