"""The route: the places that are asked, in order.

Each condition is evaluated once, at its position.

The walk keeps what it has decided, so that a step takes as long at the nine-thousandth item as at
the ninth. `Known` records every change, so that going back undoes exactly what came after.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from survey_cli.engine.look_ahead import LookAhead
from survey_cli.engine.order import order_children, order_options
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items import question
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, PickItem
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Code, Missing, Place

PassOverCallback: TypeAlias = Callable[[Place, CompiledNode], None]
"""Called with a place that is off the route, and the item or group that excludes it."""
Truth: TypeAlias = bool | Missing
"""Whether something holds, or the missing value that leaves it unknown."""


class GroupPosition(NamedTuple):
    """The position of the walk in one group; its parents are those in the groups around it."""

    parent: "GroupPosition | None"
    group: ItemGroup
    order: tuple[CompiledNode, ...]
    next_index: int
    """The index of the next child in `order`."""
    turn: int | None
    turns_to_come: tuple[int, ...] = ()
    """In a roster: the turns after this one, if they are known."""
    until_asked: bool = False
    """In an `until` roster: the question at the end of this turn has been asked."""

    def after_next(self) -> "GroupPosition":
        """Return the position after the next child."""
        # positional, since `_replace` takes three times as long and this is done for every item
        return GroupPosition(
            self.parent,
            self.group,
            self.order,
            self.next_index + 1,
            self.turn,
            self.turns_to_come,
            self.until_asked,
        )


class RouteStop(NamedTuple):
    """One place on the route, with all that is needed to return to it."""

    place: Place
    item: question.CompiledItem
    group_position: GroupPosition
    """The position from which the walk goes on."""
    change_count: int
    """The number of changes that were recorded before it was reached."""
    intros: tuple[Template, ...]
    """The introductions that are read before it."""
    items_so_far: int
    """The number of items that count for progress up to here, including this one."""
    items_ahead: int
    """The number of items that count for progress and are still to come. It is an estimate, because
    conditions and turns ahead are not known."""


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
        if isinstance(child, ItemGroup):
            yield from _iterate_computes(child)
        else:
            yield from child.computes
    yield from group.computes


class RouteWalk:
    """The walk of one interview along its route.

    `stops` are the places so far, with the current one as the last; `known` is what is known there.
    `advance` goes to the next place, and `rewind` back to an earlier one. At a stop, only what was
    recorded before it is known, and nothing of what lies ahead.
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
        self.stops: list[RouteStop] = []
        self.finished = False
        """The route is at its end."""
        self.look_ahead = LookAhead()

        self._pending_intros: tuple[tuple[ItemGroup, Template], ...] = ()
        """Introductions of groups that have been entered, to be read before their first item."""
        self._last_context: tuple[RouteStop, question.ItemContext] | None = None

        root = instrument.root
        self._items_ahead = root.asked_count
        self._items_so_far = 0
        for compute in instrument.first_computes:
            self._compute(compute)
        self._group_position: GroupPosition | None = GroupPosition(
            None, root, root.children, 0, None
        )

    # what is known

    def record_answer(self, stop: RouteStop, cell: Cell | None) -> None:
        """Record the answer at the current stop as known; None for a text read aloud."""
        item = stop.item
        if cell is not None:
            self.known.record(item.id, cell, _get_answer_turn(item, stop.place.turn))
        for compute in item.computes:
            self._compute(compute)

    def leave_open(self, stop: RouteStop) -> None:
        """Go past a place that has no answer, to find what lies ahead of it."""
        self.look_ahead.has_begun = True
        self.look_ahead.open_place(stop.place)
        self.record_answer(stop, NOT_REACHED)

    @contextmanager
    def suppose(self, stop: RouteStop, cell: Cell | None) -> Iterator[Known]:
        """Record an answer at the current stop, and undo that at the end of the `with` block.

        Checks and their texts read the answer, which is not known yet when it is judged.
        """
        change_count = self.known.change_count
        self.record_answer(stop, cell)
        try:
            yield self.known
        finally:
            self.known.undo_changes(change_count)

    @property
    def looking_ahead(self) -> bool:
        """Whether the walk has gone past an open place."""
        return self.look_ahead.has_begun

    def _compute(self, compute: question.Compute) -> None:
        is_first = True
        for language, condition in compute.conditions.items():
            value = condition.evaluate(self.known)
            # conditions read the value in the first language, which decides for all
            if is_first:
                self.known.record(compute.id, value)
                self.look_ahead.note_compute(compute.id, condition, value)
            if language:
                self.known.record_translation(compute.id, language, value)
            is_first = False

    # moving

    def advance(self) -> RouteStop | None:
        """Go to the next place on the route and return it, or None at the end."""
        position = self._group_position
        reached: RouteStop | GroupPosition | None
        while position is not None:
            if position.next_index < len(position.order):
                reached = self._go_to_next(position)
            else:
                reached = self._leave_group(position)

            if isinstance(reached, RouteStop):
                return reached
            position = reached

        self.finish()
        return None

    def finish(self) -> None:
        """End the route, because an `end` was reached or nothing comes after."""
        self._group_position = None
        self.finished = True

    def rewind(self, index: int) -> RouteStop:
        """Return to an earlier stop. Everything after it is off the walk."""
        stop = self.stops[index]
        del self.stops[index + 1 :]
        self.known.undo_changes(stop.change_count)

        self._group_position = stop.group_position
        self._items_so_far = stop.items_so_far
        self._items_ahead = stop.items_ahead
        self._pending_intros = ()
        self.finished = False
        return stop

    def _go_to_next(self, position: GroupPosition) -> RouteStop | GroupPosition:
        """Stop at the next child, enter it, or pass over it."""
        node = position.order[position.next_index]
        after = position.after_next()

        is_asked = self._is_asked(node, position.group, position.turn)
        if is_asked is not True:
            self._pass_over(node, position.turn, is_asked)
            return after

        if isinstance(node, question.CompiledItem):
            return self._make_stop(node, after)

        # first the computer picks, then the walk comes back to the same group
        if node.pick is not None and not self._is_pick_made(node.pick, position.turn):
            return self._make_stop(node.pick, position)
        return self._enter(node, after)

    def _leave_group(self, position: GroupPosition) -> RouteStop | GroupPosition | None:
        """Go on at the end of a group: to the next turn, or to what comes after the group."""
        group = position.group
        if isinstance(group, Roster):
            reached = self._end_turn(group, position)
            if reached is not None:
                return reached
            self.known.go_to_turn(None)

        # if it had no item to read the introduction before, nobody hears it
        self._pending_intros = tuple(
            pending for pending in self._pending_intros if pending[0] is not group
        )
        for compute in group.computes:
            self._compute(compute)
        return position.parent

    def _end_turn(
        self, roster: Roster, position: GroupPosition
    ) -> RouteStop | GroupPosition | None:
        """Go to the question for another turn, or to the next turn; None if this was the last."""
        turns_to_come = position.turns_to_come
        turn = position.turn
        if roster.until is not None and turn is not None:
            # the walk stops at the question, and comes back here after it
            if not position.until_asked and turns_to_come:
                return self._make_stop(roster.until, position._replace(until_asked=True))

            answer = self.known.value(roster.until.id, turn)
            if position.until_asked and answer != 1:
                self._mark_turns_off_route(roster, range(1, turn + 1))
                if self.looking_ahead and answer == NOT_REACHED:
                    self._mark_turns_open(roster, turns_to_come)
                turns_to_come = ()

        if turns_to_come:
            return self._enter_turn(roster, position.parent, turns_to_come)
        return None

    def _make_stop(self, item: question.CompiledItem, position: GroupPosition) -> RouteStop:
        self._group_position = position
        if item.counts_in_progress:
            self._items_so_far += 1
            self._items_ahead -= 1

        place = item.place if item.roster is None else Place(item.id, position.turn)

        # what the computer answers is not read, so the introduction waits for the next item
        intros: tuple[Template, ...] = ()
        if self._pending_intros and not isinstance(item.question, ComputedItem):
            intros = tuple(template for _, template in self._pending_intros)
            self._pending_intros = ()

        stop = RouteStop(
            place,
            item,
            position,
            self.known.change_count,
            intros,
            self._items_so_far,
            self._items_ahead,
        )
        self.stops.append(stop)
        return stop

    # what is on the route

    def _is_asked(self, node: CompiledNode, group: ItemGroup, turn: int | None) -> Truth:
        """Return whether the walk goes into a node: its conditions are true, and it is picked."""
        on_route = self._is_on_route(node)
        if on_route is True and group.pick is not None and not isinstance(group, Roster):
            return self._is_picked(group.pick, turn, node.id)
        return on_route

    def _is_on_route(self, node: CompiledNode) -> Truth:
        """Return whether the conditions of a node allow it, or why that is unknown."""
        if node.ask_if is not None:
            value: Truth = node.ask_if.evaluate(self.known)
            if self.look_ahead.is_open(node.ask_if, value):
                return NOT_REACHED
            if value is not True:
                return value

        if node.unless is not None:
            value = node.unless.evaluate(self.known)
            if self.look_ahead.is_open(node.unless, value):
                return NOT_REACHED
            if value is True:
                return False

        # interviews that began under the first rules were asked questions without an option
        if isinstance(node, question.CompiledItem) and node.options_conditional and self._rules > 1:
            return self._has_offered_option(node)
        return True

    def _has_offered_option(self, item: question.CompiledItem) -> Truth:
        """Return whether an option is offered. Without one there is nothing to ask."""
        result: Truth = False
        for option in item.options:
            assert option.ask_if is not None
            value = option.ask_if.evaluate(self.known)
            if self.look_ahead.is_open(option.ask_if, value):
                result = NOT_REACHED
            elif value is True:
                return True
        return result

    def _pass_over(self, node: CompiledNode, turn: int | None, on_route: Truth) -> None:
        """Mark the node as off the route or, while looking ahead, as not reached."""
        is_open = self.looking_ahead and on_route == NOT_REACHED
        missing = NOT_REACHED if is_open else NOT_ASKED

        if isinstance(node, question.CompiledItem):
            if node.counts_in_progress:
                self._items_ahead -= 1
            self._mark_absent(node, turn, missing, node)
            for compute in node.computes:
                self._compute(compute)
            return

        self._items_ahead -= node.asked_count
        items = list(node.items)
        if node.pick is not None:
            items.append(node.pick)
        for item in items:
            # items of a roster have no turn here: their places are marked with the roster
            if item.roster is None or turn is not None:
                self._mark_absent(item, turn, missing, node)

        for roster in _iterate_rosters(node):
            self.known.record_turns(roster.id, ())
            if is_open:
                self._mark_turns_open(roster, range(1, roster.maximum + 1))
            else:
                self._mark_turns_off_route(roster, ())

        for compute in _iterate_computes(node):
            self._compute(compute)

    def _mark_absent(
        self, item: question.CompiledItem, turn: int | None, missing: Missing, node: CompiledNode
    ) -> None:
        """Mark an item as not asked or not reached, because of the conditions of a node."""
        item_turn = _get_answer_turn(item, turn)
        self.known.record(item.id, missing, item_turn)
        if missing is NOT_REACHED:
            self.look_ahead.open_place(Place(item.id, item_turn))
        elif self._on_pass_over is not None:
            self._on_pass_over(Place(item.id, item_turn), node)

    # groups, and what is picked of them

    def _enter(self, group: ItemGroup, parent: GroupPosition) -> GroupPosition:
        if group.intro is not None:
            self._pending_intros = (*self._pending_intros, (group, group.intro))
        if isinstance(group, Roster):
            return self._enter_roster(group, parent)

        order = order_children(group, seed=self.seed, turn=parent.turn)
        return GroupPosition(parent, group, order, 0, parent.turn)

    def _is_pick_made(self, pick: question.CompiledItem, turn: int | None) -> bool:
        return self.known.has_value(pick.id, _get_answer_turn(pick, turn))

    def _is_picked(self, pick: question.CompiledItem, turn: int | None, name: Code) -> Truth:
        """Return whether an item or turn is picked; `NOT_REACHED` if that isn't known yet."""
        assert isinstance(pick.question, PickItem)
        value = self.known.value(pick.id, _get_answer_turn(pick, turn))
        if value == NOT_REACHED:
            return NOT_REACHED
        return name in pick.question.list_picked(value)

    def list_candidates(self, stop: RouteStop) -> tuple[Code, ...] | Missing:
        """Return the items or turns of which some are picked at this stop, in written order."""
        group = stop.group_position.order[stop.group_position.next_index]
        assert isinstance(group, ItemGroup)
        if isinstance(group, Roster):
            return self._list_turns(group)
        return tuple(child.id for child in group.children if self._is_on_route(child) is True)

    # rosters and their turns

    def _enter_roster(self, roster: Roster, parent: GroupPosition) -> GroupPosition:
        """Enter the first turn of a roster, or a roster without turns, which ends at once."""
        turns = self._list_turns(roster)
        if roster.pick is not None and isinstance(turns, tuple):
            turns = self._select_picked(roster, roster.pick, turns)

        if roster.over is not None:
            self.known.record_entry(roster.id)
            if self.looking_ahead:
                open_turns = self._list_open_turns(roster, roster.over)
                if open_turns:
                    self._mark_turns_open(roster, open_turns)

        if isinstance(turns, Missing):
            self.known.record_turns(roster.id, turns)
            turns = ()
        else:
            self.known.record_turns(roster.id, ())  # they are added one by one
        self._mark_turns_off_route(roster, turns)

        if not turns:
            self._items_ahead -= roster.asked_count
            if self.looking_ahead and roster.until is None:
                self._open_uncounted_turns(roster)
            return GroupPosition(parent, roster, (), 0, None)

        # of an `until` roster, each turn is added when it is entered
        if roster.until is None:
            self._items_ahead += (len(turns) - 1) * roster.asked_count
        return self._enter_turn(roster, parent, turns)

    def _enter_turn(
        self, roster: Roster, parent: GroupPosition | None, turns: tuple[int, ...]
    ) -> GroupPosition:
        """Enter the first of these turns."""
        turn = turns[0]
        if roster.until is not None and turn > 1:
            self._items_ahead += roster.asked_count

        text = roster.each.options[turn - 1].text if roster.each is not None else None
        self.known.enter_turn(roster.id, turn, text)

        order = order_children(roster, seed=self.seed, turn=turn)
        return GroupPosition(parent, roster, order, 0, turn, turns[1:])

    def _select_picked(
        self, roster: Roster, pick: question.CompiledItem, turns: tuple[int, ...]
    ) -> tuple[int, ...]:
        """Return those of the turns that the computer has picked."""
        picked = self.known.value(pick.id)
        if picked == NOT_REACHED:
            self._mark_turns_open(roster, turns)
        if isinstance(picked, Missing):
            return ()
        return tuple(turn for turn in turns if self._is_picked(pick, None, turn) is True)

    def _list_turns(self, roster: Roster) -> tuple[int, ...] | Missing:
        """Return the turns on the route, or the missing value that leaves their number unknown."""
        if roster.until is not None:
            return tuple(range(1, roster.maximum + 1))
        if roster.over is not None:
            return self.select_turns(roster.over.id, roster.where)
        if roster.each is not None:
            return self._list_option_turns(roster, roster.each)

        count = roster.count.evaluate(self.known) if roster.count is not None else 0
        if isinstance(count, Missing):
            return count
        if isinstance(count, bool) or not isinstance(count, int | float):
            return ()
        number = min(int(count), roster.maximum)
        return tuple(range(1, max(0, number) + 1))

    def _list_option_turns(
        self, roster: Roster, each: question.CompiledItem
    ) -> tuple[int, ...] | Missing:
        """Return the turns of an `each` roster: the numbers of the options that were chosen."""
        codes = self.known.value(each.id)
        if isinstance(codes, Missing):
            return codes
        if not isinstance(codes, tuple):
            return ()

        turns = []
        for number, option in enumerate(each.options, 1):
            if option.code in codes:
                turns.append(number)
        return tuple(turns[: roster.maximum])

    def select_turns(self, roster: str, where: Condition | None) -> tuple[int, ...] | Missing:
        """Return the turns of a roster in which a condition is true, or why they are unknown."""
        turns = self.known.turns_of(roster)
        if isinstance(turns, Missing):
            return turns
        return tuple(turn for turn in turns if self._test_turn(where, turn) is True)

    def _test_turn(self, where: Condition | None, turn: int) -> Truth:
        """Return whether a condition holds in a turn of a roster that was passed."""
        if where is None:
            return True
        truth: Truth = where.evaluate(self.known.in_turn(turn))
        return truth

    def _mark_turns_off_route(self, roster: Roster, on_route: Collection[int]) -> None:
        """Mark all turns except those on the route as off it."""
        if self._on_pass_over is None:
            return
        for turn in range(1, roster.maximum + 1):
            if turn not in on_route:
                for item in roster.items:
                    self._on_pass_over(Place(item.id, turn), roster)

    # turns that are open while the walk looks ahead

    def _list_open_turns(self, roster: Roster, over: Roster) -> list[int]:
        """Return the turns of another roster that this one may visit or not."""
        all_turns = range(1, roster.maximum + 1)
        turns = self.known.turns_of(over.id)
        if isinstance(turns, Missing):
            return list(all_turns) if turns == NOT_REACHED else []

        may_have_more = self.known.may_have_more_turns(over.id)
        may_change = roster.where is not None and self.look_ahead.may_change(roster.where)
        open_turns = []
        for turn in all_turns:
            if turn not in turns:
                is_open = may_have_more
            else:
                is_open = may_change or self._test_turn(roster.where, turn) == NOT_REACHED
            if is_open:
                open_turns.append(turn)
        return open_turns

    def _open_uncounted_turns(self, roster: Roster) -> None:
        """Mark all turns as open if their number isn't known yet."""
        count = None
        if roster.each is not None:
            count = self.known.value(roster.each.id)
        elif roster.count is not None:
            count = roster.count.evaluate(self.known)
        if count == NOT_REACHED:
            self._mark_turns_open(roster, range(1, roster.maximum + 1))

    def _mark_turns_open(self, roster: Roster, turns: Collection[int]) -> None:
        """Mark these turns as open: whether they will exist isn't known yet."""
        self.known.record_open_turns(roster.id)
        for item in roster.items:
            self.look_ahead.open_name(item.id)
            # after the last turn, the question for another one is not asked
            last = roster.maximum - 1 if item is roster.until else roster.maximum
            for turn in turns:
                if turn <= last:
                    self.look_ahead.unreached.append(Place(item.id, turn))

    # at the current stop

    def build_item_context(self, stop: RouteStop, language: str) -> question.ItemContext:
        """Build the context for this stop; cached until the walk moves."""
        if self._last_context is not None:
            last_stop, context = self._last_context
            if last_stop is stop and context.language == language:
                return context

        context = question.ItemContext(
            item=stop.item,
            known=self.known,
            language=language,
            options=self.list_options(stop),
        )
        if stop.item.total is not None:
            context.amount_left = self._find_amount_left(stop, stop.item.total)
        self._last_context = stop, context
        return context

    def _find_amount_left(
        self, stop: RouteStop, battery_total: Condition
    ) -> question.AmountLeft | None:
        """Return what earlier statements have left of the total; None if that is unknown."""
        total = battery_total.evaluate(self.known)
        if not isinstance(total, int | float):
            return None

        position = stop.group_position
        index = position.next_index - 1
        amount = total
        is_certain = True
        for before in position.order[:index]:
            cell = self.known.value(before.id, stop.place.turn)
            amounts = stop.item.amounts
            counted = cell
            if amounts is not None:
                counted = amounts.read_number(cell)
            is_undecided = cell in stop.item.labels and (
                amounts is None or cell not in amounts.by_code
            )
            if isinstance(counted, int | float) and not is_undecided:
                amount -= counted
            elif cell != NOT_ASKED:
                is_certain = False

        later = 0
        for node in position.order[position.next_index :]:
            # not as a method: `ObservedWalk` of the scenarios would note that the node is asked
            if RouteWalk._is_asked(self, node, position.group, position.turn) is True:
                later += 1
        return question.AmountLeft(round(amount, 6), total, later, is_certain)

    def list_options(self, stop: RouteStop) -> tuple[question.CompiledOption, ...]:
        """Return the options offered at this place, in drawn order."""
        item = stop.item
        if not item.options_vary:
            return item.options

        order = item.order
        key = item.id
        turn = stop.place.turn
        # items with the same named list have it in the same order, in all turns
        if order == "written" and item.scale is not None:
            order = item.scale_order
            key = item.scale
            turn = None

        options = order_options(item.options, order, seed=self.seed, key=key, turn=turn)
        return tuple(
            option
            for option in options
            if option.ask_if is None or option.ask_if.evaluate(self.known) is True
        )
