"""The route: the places that are asked, in order. Each condition is evaluated once, at its position.

The settled part of the walk is stored, so that a step costs the same at the nine-thousandth item as at the ninth.
Every change of the known values is recorded, so that going back undoes exactly what came after.
"""

import ast
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.engine.order import order_children, order_options
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items import question
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, PickItem
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Code, Missing, Place

FUNCTIONS_DEFINED_ON_UNKNOWN: Final = frozenset(
    (
        "answered",
        "dk",
        "refused",
        "declined",
        "count",
        "sum",
        "mean",
        "min",
        "max",
        "sum_answered",
        "mean_answered",
    )
)
"""Functions that treat a value that is not known yet as false or as absent: an item, or turns of a roster still to
come."""


PassOverCallback: TypeAlias = Callable[[str, int | None, CompiledNode], None]


class RouteFrame(NamedTuple):
    """The position of the walk in one group; its parents are the groups around it. Immutable."""

    parent: "RouteFrame | None"
    group: ItemGroup
    order: tuple[CompiledNode, ...]
    next_index: int
    """The index of the next child in `order`."""
    turn: int | None
    turns: tuple[int, ...] = ()
    """In a roster: the turns still to come, as far as they are known."""
    until_asked: bool = False
    """In an `until` roster: the question at the end of this turn has been asked."""


class RouteStop(NamedTuple):
    """One place on the route, with all that is needed to return to it."""

    place: Place
    item: question.CompiledItem
    frame: RouteFrame
    change_count: int
    """The number of changes recorded before it was reached."""
    intros: tuple[Template, ...]
    """The introductions that are read before it."""
    position: int
    """The number of items that count for progress up to here, this one included."""
    ahead: int
    """The number of items that count for progress and are still to come, as far as is known."""


def _get_answer_turn(item: question.CompiledItem, turn: int | None) -> int | None:
    """Return the turn in which an item's answer is known; None if it isn't in a roster."""
    return turn if item.roster is not None else None


def _iterate_rosters(node: CompiledNode) -> Iterator[Roster]:
    """Yield the rosters at or below a node."""
    if isinstance(node, Roster):
        yield node
    elif isinstance(node, ItemGroup):
        for child in node.children:
            yield from _iterate_rosters(child)


def _iterate_computes(group: ItemGroup) -> Iterator[question.Compute]:
    """Yield the computes in or below a group, in the order of their computation."""
    for child in group.children:
        yield from _iterate_computes(child) if isinstance(child, ItemGroup) else child.computes
    yield from group.computes


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

    `stops` are the places so far, the last being the current one; `known` is what is known there. `advance` goes to the
    next place, `rewind` back to an earlier one. What is known at a stop is what was recorded before it: nothing of what
    lies ahead.
    """

    def __init__(
        self,
        instrument: Instrument,
        seed: int,
        known: Known,
        on_pass_over: PassOverCallback | None = None,
        *,
        rules: int = 2,
    ) -> None:
        self.instrument = instrument
        self.seed = seed
        self._rules = rules
        self.known = known
        self._on_pass_over = on_pass_over
        """Called with each item (and turn) that is off the route, and the item or group whose conditions exclude it."""
        self.stops: list[RouteStop] = []
        self.finished = False
        """The route is at its end."""
        self.looking_ahead = False
        """The walk has gone past an open place, to find what lies ahead: whatever depends on it is not reached."""
        self.unreached: list[Place] = []
        self._open: set[str] = set()
        """While looking ahead: names whose value is not known yet."""
        self._provisional: set[str] = set()
        """While looking ahead: computes with a value that an open place can still change."""
        self._pending_intros: tuple[tuple[ItemGroup, Template], ...] = ()
        """Introductions of groups that have been entered, to be read before their first item."""
        self._last_context: tuple[RouteStop, question.ItemContext] | None = None
        root = instrument.root
        self._ahead = root.asked_count
        self._position = 0
        for compute in instrument.first_computes:
            self._compute(compute)
        self._frame: RouteFrame | None = RouteFrame(None, root, root.children, 0, None)

    # what is known

    def record_answer(self, stop: RouteStop, cell: Cell | None) -> None:
        """Record the answer at the current stop as known from here on."""
        item = stop.item
        if cell is not None:
            self.known.record(item.id, cell, _get_answer_turn(item, stop.place.turn))
        for compute in item.computes:
            self._compute(compute)

    def leave_open(self, stop: RouteStop) -> None:
        """Go past a place that nobody has answered, to find what lies ahead of it."""
        self.looking_ahead = True
        self.unreached.append(stop.place)
        self._open.add(stop.item.id)
        self.record_answer(stop, NOT_REACHED)

    def _compute(self, compute: question.Compute) -> None:
        first = True
        for language, condition in compute.conditions.items():
            value = condition.evaluate(self.known)
            if first:
                self.known.record(compute.id, value)
                if self.looking_ahead and value == NOT_REACHED:
                    self._open.add(compute.id)
                elif self.looking_ahead and self._may_change(condition):
                    self._provisional.add(compute.id)
            if language:
                self.known.record_translation(compute.id, language, value)
            first = False

    # moving

    def advance(self) -> RouteStop | None:
        """Go to the next place on the route and return it, or None at the end."""
        frame = self._frame
        while frame is not None:
            parent, group, order, index, turn, turns, until_asked = frame
            if index < len(order):
                node = order[index]
                frame = RouteFrame(parent, group, order, index + 1, turn, turns, until_asked)
                on_route = self._is_asked(node, group, turn)
                if on_route is not True:
                    self._pass_over(node, turn, on_route)
                elif isinstance(node, question.CompiledItem):
                    return self._make_stop(node, frame)
                elif node.pick is not None and not self._is_pick_made(node.pick, turn):
                    return self._make_stop(node.pick, frame._replace(next_index=index))
                else:
                    frame = self._enter(node, frame)
                continue
            if isinstance(group, Roster):
                if group.until is not None and not until_asked and turn is not None and turns:
                    return self._make_stop(
                        group.until, RouteFrame(parent, group, order, index, turn, turns, True)
                    )
                if (
                    group.until is not None
                    and until_asked
                    and self.known.value(group.until.id, turn) != 1
                ):
                    self._leave_turns(group, range(1, (turn or 0) + 1))
                    if self.looking_ahead and self.known.value(group.until.id, turn) == NOT_REACHED:
                        self._leave_turns_open(group, turns)
                    turns = ()
                if turns:
                    frame = self._enter_turn(group, parent, turns)
                    continue
                self.known.go_to_turn(None)
            self._pending_intros = tuple(
                pending for pending in self._pending_intros if pending[0] is not group
            )
            for compute in group.computes:
                self._compute(compute)
            frame = parent
        self.finish()
        return None

    def finish(self) -> None:
        """End the route: an `end` was reached."""
        self._frame = None
        self.finished = True

    def rewind(self, index: int) -> RouteStop:
        """Return to an earlier stop; everything after it is off the walk."""
        stop = self.stops[index]
        del self.stops[index + 1 :]
        self.known.undo_changes(stop.change_count)
        self._frame = stop.frame
        self._position, self._ahead = stop.position, stop.ahead
        self._pending_intros = ()
        self.finished = False
        return stop

    def _make_stop(self, item: question.CompiledItem, frame: RouteFrame) -> RouteStop:
        self._frame = frame
        if item.counts_in_progress:
            self._position += 1
            self._ahead -= 1
        place = item.place if item.roster is None else Place(item.id, frame.turn)
        intros: tuple[Template, ...] = ()
        if self._pending_intros and not isinstance(item.question, ComputedItem):
            intros = tuple(template for _, template in self._pending_intros)
            self._pending_intros = ()
        stop = RouteStop(
            place, item, frame, self.known.change_count, intros, self._position, self._ahead
        )
        self.stops.append(stop)
        return stop

    def _is_asked(self, node: CompiledNode, group: ItemGroup, turn: int | None) -> Any:
        """Return whether the walk goes into a node of a group: its conditions are true, and it is picked."""
        on_route = self._is_on_route(node)
        if on_route is True and group.pick is not None and not isinstance(group, Roster):
            return self._is_picked(group.pick, turn, node.id)
        return on_route

    def _is_on_route(self, node: CompiledNode) -> Any:
        """Return True where the node is on the route, else False or, where it is unknown, the missing value."""
        if node.ask_if is not None:
            value = node.ask_if.evaluate(self.known)
            if self.looking_ahead and self._may_change(node.ask_if):
                return NOT_REACHED
            if value is not True:
                return value
        if node.unless is not None:
            value = node.unless.evaluate(self.known)
            if self.looking_ahead and (value == NOT_REACHED or self._may_change(node.unless)):
                return NOT_REACHED
            if value is True:
                return False
        if isinstance(node, question.CompiledItem) and node.options_conditional and self._rules > 1:
            return self._has_offered_option(node)
        return True

    def _has_offered_option(self, item: question.CompiledItem) -> Any:
        """Return whether any option is offered, or `NOT_REACHED` where it is unknown.

        Without an option there is nothing to ask.
        """
        result: Any = False
        for option in item.options:
            assert option.ask_if is not None
            value = option.ask_if.evaluate(self.known)
            if self.looking_ahead and (value == NOT_REACHED or self._may_change(option.ask_if)):
                result = NOT_REACHED
            elif value is True:
                return True
        return result

    def _may_change(self, condition: Condition) -> bool:
        """Return whether the condition's value may still change with answers to open places.

        `not answered(q)` is true of a q that is still to come.
        """
        if not self._provisional.isdisjoint(condition.names):
            return True
        return not self._open.isdisjoint(condition.names) and may_change(condition)

    def _pass_over(self, node: CompiledNode, turn: int | None, on_route: Any) -> None:
        """Mark the node as off the route or, while looking ahead, as unknown."""
        unreached = self.looking_ahead and on_route == NOT_REACHED
        missing = NOT_REACHED if unreached else NOT_ASKED
        if isinstance(node, question.CompiledItem):
            self._ahead -= node.counts_in_progress
            self._mark_absent(node, turn, missing, node)
            for compute in node.computes:
                self._compute(compute)
            return
        self._ahead -= node.asked_count
        for item in (*node.items, node.pick) if node.pick is not None else node.items:
            if item.roster is None or turn is not None:
                self._mark_absent(item, turn, missing, node)
        for roster in _iterate_rosters(node):
            self.known.record_turns(roster.id, ())
            if unreached:
                self._leave_turns_open(roster, range(1, roster.maximum + 1))
            else:
                self._leave_turns(roster, ())
        for compute in _iterate_computes(node):
            self._compute(compute)

    def _mark_absent(
        self, item: question.CompiledItem, turn: int | None, missing: Missing, node: CompiledNode
    ) -> None:
        item_turn = _get_answer_turn(item, turn)
        self.known.record(item.id, missing, item_turn)
        if missing is NOT_REACHED:
            self.unreached.append(Place(item.id, item_turn))
            self._open.add(item.id)
        elif self._on_pass_over is not None:
            self._on_pass_over(item.id, item_turn, node)

    def _leave_turns(self, roster: Roster, on_route: Collection[int]) -> None:
        """Mark all turns but those on the route as off it."""
        if self._on_pass_over is not None:
            for turn in range(1, roster.maximum + 1):
                if turn not in on_route:
                    for item in roster.items:
                        self._on_pass_over(item.id, turn, roster)

    def _enter(self, group: ItemGroup, parent: RouteFrame) -> RouteFrame:
        if group.intro is not None:
            self._pending_intros = (*self._pending_intros, (group, group.intro))
        if not isinstance(group, Roster):
            return RouteFrame(
                parent,
                group,
                order_children(group, seed=self.seed, turn=parent.turn),
                0,
                parent.turn,
            )
        turns = self._list_turns(group)
        if group.pick is not None and isinstance(turns, tuple):
            picked = self.known.value(group.pick.id)
            if picked == NOT_REACHED:
                self._leave_turns_open(group, turns)
            is_known = not isinstance(picked, Missing)
            turns = tuple(
                turn
                for turn in turns
                if is_known and self._is_picked(group.pick, None, turn) is True
            )
        if group.over is not None:
            self.known.record_entry(group.id)
            if self.looking_ahead and (open_turns := self._list_open_turns(group)):
                self._leave_turns_open(group, open_turns)
        self.known.record_turns(group.id, () if isinstance(turns, tuple) else turns)
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
        count = roster.count.evaluate(self.known) if roster.count is not None else None
        if roster.each is not None:
            count = self.known.value(roster.each.id)
        if count == NOT_REACHED:
            self._leave_turns_open(roster, range(1, roster.maximum + 1))

    def _is_picked(self, pick: question.CompiledItem, turn: int | None, name: Code) -> Any:
        """Return whether an item or turn is picked; `NOT_REACHED` where that is not known yet."""
        value = self.known.value(pick.id, _get_answer_turn(pick, turn))
        assert isinstance(pick.question, PickItem)
        return NOT_REACHED if value == NOT_REACHED else name in pick.question.list_picked(value)

    def _is_pick_made(self, pick: question.CompiledItem, turn: int | None) -> bool:
        return self.known.has_value(pick.id, _get_answer_turn(pick, turn))

    def list_candidates(self, stop: RouteStop) -> tuple[Code, ...] | Missing:
        """Return the items or turns of which some are picked at this stop, in written order."""
        group = stop.frame.order[stop.frame.next_index]
        assert isinstance(group, ItemGroup)
        if isinstance(group, Roster):
            return self._list_turns(group)
        return tuple(child.id for child in group.children if self._is_on_route(child) is True)

    def _list_open_turns(self, roster: Roster) -> list[int]:
        """List the turns of another roster of which is not known yet whether this one visits them."""
        assert roster.over is not None
        turns = self.known.turns_of(roster.over.id)
        if isinstance(turns, Missing):
            return list(range(1, roster.maximum + 1)) if turns == NOT_REACHED else []
        may_have_more = self.known.may_have_more_turns(roster.over.id)
        tests = {turn: self._test_turn(roster.where, turn) for turn in turns}
        may_change = roster.where is not None and self._may_change(roster.where)
        return [
            turn
            for turn in range(1, roster.maximum + 1)
            if (may_have_more if turn not in tests else tests[turn] == NOT_REACHED or may_change)
        ]

    def _test_turn(self, where: Condition | None, turn: int) -> Any:
        """Return whether a condition holds in a turn of a roster that was passed."""
        return True if where is None else where.evaluate(self.known.in_turn(turn))

    def select_turns(self, roster: str, where: Condition | None) -> tuple[int, ...] | Missing:
        """Return the turns of a roster in which a condition is true, or why its turns are not known."""
        turns = self.known.turns_of(roster)
        if isinstance(turns, Missing):
            return turns
        return tuple(turn for turn in turns if self._test_turn(where, turn) is True)

    def _leave_turns_open(self, roster: Roster, turns: Collection[int]) -> None:
        """Mark these turns as open: whether they will exist is not known yet."""
        self.known.record_open_turns(roster.id)
        for item in roster.items:
            self._open.add(item.id)
            last = roster.maximum - (
                item is roster.until
            )  # after the last turn, no further one is offered
            self.unreached.extend(Place(item.id, turn) for turn in turns if turn <= last)

    def _list_turns(self, roster: Roster) -> tuple[int, ...] | Missing:
        """Return the numbers of the turns on the route, or the missing value that leaves their number unknown."""
        if roster.until is not None:
            return tuple(range(1, roster.maximum + 1))
        if roster.over is not None:
            return self.select_turns(roster.over.id, roster.where)
        if roster.each is not None:
            codes = self.known.value(roster.each.id)
            if not isinstance(codes, tuple):
                return codes if isinstance(codes, Missing) else ()
            turns = [
                number
                for number, option in enumerate(roster.each.options, 1)
                if option.code in codes
            ]
            return tuple(turns[: roster.maximum])
        count = roster.count.evaluate(self.known) if roster.count is not None else 0
        if isinstance(count, Missing):
            return count
        if isinstance(count, bool) or not isinstance(count, int | float):
            return ()
        return tuple(range(1, max(0, min(int(count), roster.maximum)) + 1))

    def _enter_turn(
        self, roster: Roster, parent: RouteFrame | None, turns: tuple[int, ...]
    ) -> RouteFrame:
        turn = turns[0]
        if roster.until is not None and turn > 1:
            self._ahead += roster.asked_count
        text = roster.each.options[turn - 1].text if roster.each is not None else None
        self.known.enter_turn(roster.id, turn, text)
        return RouteFrame(
            parent, roster, order_children(roster, seed=self.seed, turn=turn), 0, turn, turns[1:]
        )

    # at the current stop

    def build_item_context(self, stop: RouteStop, language: str) -> question.ItemContext:
        """Return what the item's question may read: the same object as long as the walk stays at the stop."""
        if self._last_context is not None:
            last_stop, context = self._last_context
            if last_stop is stop and context.language == language:
                return context
        context = question.ItemContext(
            item=stop.item, known=self.known, language=language, options=self.list_options(stop)
        )
        if stop.item.total is not None:
            context.left = self._find_amount_left(stop, stop.item.total)
        self._last_context = stop, context
        return context

    def _find_amount_left(
        self, stop: RouteStop, battery_total: Condition
    ) -> question.AmountLeft | None:
        """Find what the statements before this one have left of their battery's total; None where it is unknown."""
        total = battery_total.evaluate(self.known)
        if not isinstance(total, int | float):
            return None
        order, at = stop.frame.order, stop.frame.next_index
        amount, is_certain = total, True
        for before in order[: at - 1]:
            turn = stop.place.turn
            cell = self.known.value(before.id, turn)
            if isinstance(cell, int | float) and cell not in stop.item.labels:
                amount -= cell
            elif cell != NOT_ASKED:
                is_certain = False
        frame = stop.frame
        later = sum(
            RouteWalk._is_asked(self, node, frame.group, frame.turn) is True for node in order[at:]
        )
        return question.AmountLeft(round(amount, 6), total, later, is_certain)

    def list_options(self, stop: RouteStop) -> tuple[question.CompiledOption, ...]:
        """Return the options offered at this place, in drawn order."""
        item = stop.item
        if not item.options_vary:
            return item.options
        order, key, turn = item.order, item.id, stop.place.turn
        if order == "written" and item.scale is not None:
            order, key, turn = item.scale_order, item.scale, None
        options = order_options(item.options, order, seed=self.seed, key=key, turn=turn)
        return tuple(
            o for o in options if o.ask_if is None or o.ask_if.evaluate(self.known) is True
        )


class _Input(NamedTuple):
    """One item that a condition reads."""

    item: str
    has_roster: bool
    """It is named with its roster: other turns than the current one are read."""


def list_check_places(
    walk: RouteWalk, stop: RouteStop, check: question.CompiledCheck
) -> tuple[Place, ...]:
    """Return the places before this stop whose answers the check uses, also by way of computes."""
    roster = walk.instrument.groups.get(stop.item.roster or "")
    same_turns = (
        [None, *(source.id for source in roster.sources)] if isinstance(roster, Roster) else [None]
    )
    inputs = frozenset(_iterate_inputs(walk.instrument, check.condition, frozenset()))
    return tuple(
        earlier.place
        for earlier in walk.stops
        if earlier is not stop
        and not isinstance(earlier.item.question, ComputedItem)
        and (
            _Input(earlier.place.item, True) in inputs
            or (
                _Input(earlier.place.item, False) in inputs
                and (earlier.item.roster not in same_turns or earlier.place.turn == stop.place.turn)
            )
        )
    )


def _iterate_inputs(
    instrument: Instrument, condition: Condition, within: frozenset[str]
) -> Iterator[_Input]:
    """Yield the items that a condition reads; `within` are the computes that lead to it."""
    for node in ast.walk(condition.tree):
        if isinstance(node, ast.Attribute):
            yield _Input(node.attr, True)
        elif isinstance(node, ast.Name) and node.id in instrument.items:
            yield _Input(node.id, False)
        elif (
            isinstance(node, ast.Name) and node.id in instrument.computes and node.id not in within
        ):
            for part in instrument.computes[node.id].conditions.values():
                yield from _iterate_inputs(instrument, part, within | {node.id})
