"""The route of a questionnaire as clauses: when each item is asked, and what its cell can be.

It is walked once in written order, as an interview does, with literals instead of answers. What an
interview knows at a place is what was walked before it.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from math import inf
from typing import Final, NamedTuple, TypeAlias, assert_never

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.number_ranges import NumberRange
from survey_cli.instrument.schema.items import unasked_items
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.possible_answers import (
    Amount,
    AnyText,
    Computed,
    Day,
    NoAnswer,
    OneCode,
    SeveralCodes,
    TimeOfDay,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.proof.amount_cells import attach_amounts
from survey_cli.proof.bracket_cells import BracketCell, BracketLimits
from survey_cli.proof.calendar_cells import DAYS, CalendarCell
from survey_cli.proof.cells import (
    Cell,
    CodedCell,
    Constant,
    MultipleCell,
    OrderedCell,
    TextCell,
    TurnsCell,
)
from survey_cli.proof.clauses import ALWAYS, FALSE, NEVER, TRUE, Clauses, Literal, Truth
from survey_cli.proof.conditions import ConditionEncoder
from survey_cli.proof.item_cells import make_column_cell, make_item_cell
from survey_cli.proof.terms import (
    NO_TURNS,
    Alternative,
    Term,
    Turns,
    Values,
    find_first_leaf,
    find_known,
    list_values,
)
from survey_cli.values import Code, Missing, Place

_Child: TypeAlias = str | int
"""What a group picks: the id of an item or group in it, or the number of a turn."""


@dataclass(slots=True)
class RoutePosition:
    """An item or a group at one place, and when it is asked."""

    node: CompiledNode
    place: Place
    reached: Literal
    """The interview comes to it: the groups around it are asked, and nothing has ended it."""
    ask_if: Truth
    unless: Truth
    asked: Literal
    due: Literal = FALSE
    """It is reached and its own conditions hold, whether or not it is picked, or has an option."""
    cell: Cell | None = None
    offered: Mapping[Code, Literal] = field(default_factory=dict)
    """For each option that has a condition, that it is offered."""
    fires: list[Literal] = field(default_factory=list)
    """For each check, that it fires on an answer. If a hard one does, the interview ends there."""
    turns: Turns = field(default_factory=dict)
    """The turn of the roster that it is in."""


class RosterTurn(NamedTuple):
    """The turn of a roster that the walk is in."""

    roster: str
    number: int


class TurnLiterals(NamedTuple):
    """The turns of a roster."""

    known: Literal
    """Their number is known."""
    present: list[Literal]
    """For each turn, that it exists."""


UNKNOWN_TURNS: Final = TurnLiterals(FALSE, [])
"""The turns of a roster that the walk has not come to, or whose number has no value."""


class RouteModel:
    """The route of an instrument. `positions` are its items and groups in written order.

    Those of a roster are there once per turn. The model is what its conditions find around them
    (`Surroundings`).
    """

    def __init__(self, instrument: Instrument, today: date) -> None:
        self.instrument = instrument
        self.today = today
        self.clauses = Clauses()
        self.day = CalendarCell(self.clauses, TRUE, ())
        self.day.require_answer()
        self.day.restrict([DAYS])
        self.days: dict[CalendarCell, tuple[Literal, Literal]] = {self.day: (FALSE, FALSE)}
        """For each date that conditions compare with the day of the interview: that it is before
        that day, and after it."""
        self.encoder = ConditionEncoder(self.clauses, self)
        self.positions: list[RoutePosition] = []
        self.sample = {
            name: make_column_cell(self.clauses, column, instrument)
            for name, column in instrument.sample.items()
        }
        self.read_names: set[str] = set()
        """What conditions read."""
        self._terms: dict[tuple[str, int | None], Term] = {
            (name, None): [Alternative(TRUE, cell)] for name, cell in self.sample.items()
        }
        """What each variable that was walked is, by name and turn."""
        self._turns: dict[str, TurnLiterals] = {}
        self._rosters = {
            item.id: item.roster for item in instrument.items.values() if item.roster is not None
        }
        self._alive = TRUE
        """Nothing has ended the interview so far."""
        self._generated_nodes: list[ast.expr] = []
        """Conditions that were made here. The encoder knows them by their identity."""
        self._ends: list[Literal] = []
        """That an `end` with the outcome `complete` is asked."""

        for node in instrument.root.children:
            self._visit(node, TRUE, None)
        self.completed = self.clauses.any_of([self._alive, *self._ends])
        """The interview is complete: it comes to its end, or to an `end` with this outcome."""
        for cell, (before, after) in self.days.items():
            self._order_days(cell, before, after)

    @cached_property
    def positions_by_node(self) -> Mapping[str, list[RoutePosition]]:
        """The positions of each item and group, by its id."""
        positions: dict[str, list[RoutePosition]] = {}
        for position in self.positions:
            positions.setdefault(position.node.id, []).append(position)
        return positions

    @cached_property
    def batteries_with_total(self) -> Sequence[RoutePosition]:
        """The positions of batteries whose answers must add up to a total."""
        return [
            position
            for position in self.positions
            if isinstance(position.node, ItemGroup)
            and position.node.items
            and position.node.items[0].total is not None
        ]

    # What conditions find around them

    def find_term(self, name: str, turns: Turns) -> Term | None:
        """Return what a variable is; it is missing if it is asked later."""
        self.read_names.add(name)
        turn = None
        roster = self._rosters.get(name)
        if roster is not None:
            if roster not in turns:
                return None
            turn = turns[roster]
        term = self._terms.get((name, turn))
        if term is not None:
            return term

        if name.startswith("interviewer."):
            attribute = TextCell(self.clauses, TRUE, ())
            term = [Alternative(TRUE, attribute)]
        elif name in self.instrument.computes:
            conditions = self.instrument.computes[name].conditions
            # conditions read the value in the first language, which decides for all
            first = next(iter(conditions.values()))
            term = self.encoder.find_calculated(first.tree)
        else:
            return []  # not kept: the walk has not come to it yet
        self._terms[name, turn] = term
        return term

    def find_roster(self, name: str) -> str | None:
        """Return the roster that a variable belongs to."""
        return self._rosters.get(name)

    def list_turns(self, roster: str) -> TurnLiterals:
        """Return the turns of a roster that the walk has come to."""
        return self._turns.get(roster, UNKNOWN_TURNS)

    def compare_with_day(self, cell: Cell) -> tuple[Literal, Literal]:
        """Return that the date in a cell is before the day of the interview, and after it."""
        assert isinstance(cell, CalendarCell)
        if cell not in self.days:
            is_before = self.clauses.make_variable()
            is_after = self.clauses.make_variable()
            self.days[cell] = is_before, is_after
        return self.days[cell]

    def _order_days(self, cell: CalendarCell, before: Literal, after: Literal) -> None:
        """Require that a date and the day of the interview are in the order of their bounds."""
        require = self.clauses.require
        require(-before, -after)
        last: tuple[float, Literal, Literal] | None = None
        for bound in sorted({*cell.bounds, *self.day.bounds}):
            # a bound that only one of the two keeps to is between them
            date_at_most = cell.at_most(bound)
            day_at_most = self.day.at_most(bound)
            require(-date_at_most, day_at_most, before)
            require(date_at_most, -day_at_most, after)

            # two bounds next to each other leave one day: if both are this day, neither is before
            if last is not None and bound == last[0] + 1:
                _, date_below, day_below = last
                for differs in (before, after):
                    require(-date_at_most, date_below, -day_at_most, day_below, -differs)
            last = bound, date_at_most, day_at_most

    # The walk

    def _encode(self, condition: Condition | None, turns: Turns, default: Truth = ALWAYS) -> Truth:
        if condition is None:
            return default
        return self.encoder.encode(condition.tree, turns)

    def _visit(
        self,
        node: CompiledNode,
        around: Literal,
        turn: RosterTurn | None,
        picked: Literal = TRUE,
    ) -> None:
        """Walk an item or a group that is reached if `around` holds and nothing ended before."""
        turns = self._find_turns_here(turn)
        reached = self.clauses.all_of([around, self._alive])
        ask_if = self._encode(node.ask_if, turns)
        unless = self._encode(node.unless, turns, NEVER)
        asked = self.clauses.all_of([reached, ask_if.true, -unless.true, picked])
        due = self.clauses.all_of([reached, ask_if.true, -unless.true])
        place = Place(node.id, turn.number if turn is not None else None)
        position = RoutePosition(node, place, reached, ask_if, unless, asked, due=due, turns=turns)
        self.positions.append(position)

        if isinstance(node, CompiledItem):
            self._visit_item(node, position)
        elif isinstance(node, Roster):
            self._visit_roster(node, asked)
        else:
            self._visit_children(node, asked, turn)

    def _find_turns_here(self, turn: RosterTurn | None) -> Turns:
        """Return the turn of each roster whose items a condition in this turn can name."""
        if turn is None:
            return {}
        roster = self.instrument.groups[turn.roster]
        assert isinstance(roster, Roster)
        return {source.id: turn.number for source in roster.sources}

    # Groups

    def _visit_children(self, group: ItemGroup, asked: Literal, turn: RosterTurn | None) -> None:
        picked: Mapping[_Child, Literal] = {}
        if group.pick is not None and not isinstance(group, Roster):
            eligible: dict[_Child, Literal] = {
                child.id: self._find_eligible(child, asked, turn) for child in group.children
            }
            picked = self._pick(group.pick, asked, turn, eligible)

        if group.order == "written":
            for child in group.children:
                self._visit(child, asked, turn, picked.get(child.id, TRUE))
            return

        # any of them may come first: an `end` in one doesn't exclude another
        before = self._alive
        after = [before]
        for child in group.children:
            self._alive = before
            self._visit(child, asked, turn, picked.get(child.id, TRUE))
            after.append(self._alive)
        self._alive = self.clauses.all_of(after)

    def _find_eligible(
        self, child: CompiledNode, asked: Literal, turn: RosterTurn | None
    ) -> Literal:
        """Return the literal that a child of a group can be picked."""
        turns = self._find_turns_here(turn)
        ask_if = self._encode(child.ask_if, turns).true
        unless = self._encode(child.unless, turns, NEVER).true
        offered = TRUE
        if isinstance(child, CompiledItem) and child.options_conditional:
            offered = self.clauses.any_of(
                self._encode(option.ask_if, turns).true for option in child.options
            )
        return self.clauses.all_of([asked, self._alive, ask_if, -unless, offered])

    def _pick(
        self,
        pick: CompiledItem,
        asked: Literal,
        turn: RosterTurn | None,
        eligible: Mapping[_Child, Literal],
    ) -> Mapping[_Child, Literal]:
        """Return for each item or turn that it is picked.

        So many of those that are eligible are picked as the group says, or all if they are fewer.
        """
        assert isinstance(pick.question, unasked_items.PickItem)
        is_any = self.clauses.any_of(eligible.values())
        cell = MultipleCell(self.clauses, is_any, (), eligible)
        cell.require_answer()
        picked = list(cell.chosen.values())
        count = pick.question.count
        self.clauses.require(-self.clauses.at_least(count + 1, picked))
        enough = self.clauses.at_least(count, picked)
        for literal, can_be in zip(picked, eligible.values(), strict=True):
            self.clauses.imply(literal, can_be)
            self.clauses.imply(can_be, literal, enough)

        number = None
        if turn is not None and pick.roster is not None:
            number = turn.number
        reached = self.clauses.all_of([asked, self._alive])
        place = Place(pick.id, number)
        self.positions.append(
            RoutePosition(pick, place, reached, ALWAYS, NEVER, reached, cell=cell)
        )
        return cell.chosen

    # Rosters

    def _visit_roster(self, roster: Roster, asked: Literal) -> None:
        known, present = self._find_turns(roster, asked)
        if roster.pick is not None:
            eligible: dict[_Child, Literal] = {
                number: self.clauses.all_of([known, exists])
                for number, exists in enumerate(present, 1)
            }
            present = list(self._pick(roster.pick, asked, None, eligible).values())

        # filled turn by turn: a condition in one of them knows only this one and those before it
        walked = TurnLiterals(known, [])
        self._turns[roster.id] = walked
        for number in range(1, roster.maximum + 1):
            turn = RosterTurn(roster.id, number)
            exists = FALSE
            if number <= len(present):
                exists = present[number - 1]
            walked.present.append(exists)
            self._visit_children(roster, exists, turn)

            # with `until`, each turn decides whether the next one exists
            if roster.until is not None and number < roster.maximum:
                self._visit(roster.until, exists, turn)
                present.append(self._find_another(roster.until, turn))

        cell = TurnsCell(self.clauses, known, walked.present)
        self._terms[roster.id, None] = [Alternative(TRUE, cell)]

    def _find_another(self, until: CompiledItem, turn: RosterTurn) -> Literal:
        """Return the literal that another turn follows: the answer to `until` is 1."""
        leaf = find_first_leaf(self.find_term(until.id, {turn.roster: turn.number}))
        if isinstance(leaf, Cell):
            return leaf.compare("==", 1).true
        return FALSE

    def _find_turns(self, roster: Roster, asked: Literal) -> TurnLiterals:
        """Return the turns of a roster, of which only the first is known beforehand with `until`.

        A roster that is passed over has no turns, and their number is known to be none.
        """
        if roster.until is not None:
            return TurnLiterals(TRUE, [asked])
        turns: TurnLiterals | None
        if roster.over is not None:
            turns = self._find_turns_over(roster.over, roster.where)
        elif roster.each is not None:
            turns = self._find_turns_for_each(roster.each, roster.maximum)
        elif roster.count is not None:
            turns = self._find_turns_by_count(roster.count, roster.maximum)
        else:
            return TurnLiterals(asked, [])

        if turns is None:
            return UNKNOWN_TURNS
        known = self.clauses.any_of([-asked, turns.known])
        return TurnLiterals(known, [self.clauses.all_of([asked, each]) for each in turns.present])

    def _find_turns_over(self, other: Roster, where: Condition | None) -> TurnLiterals:
        """Return one turn for every turn of another roster in which a condition is true."""
        known, turns = self.list_turns(other.id)
        holds = [self._encode_where(where, other, number) for number in range(1, len(turns) + 1)]
        present = [
            self.clauses.all_of([known, exists, is_true])
            for exists, is_true in zip(turns, holds, strict=True)
        ]
        return TurnLiterals(known, present)

    def _find_turns_for_each(self, several: CompiledItem, most: int) -> TurnLiterals | None:
        """Return one turn for every option that is chosen; None if there is nothing to choose."""
        cell = find_first_leaf(self.find_term(several.id, NO_TURNS))
        if not isinstance(cell, MultipleCell):
            return None
        chosen = [cell.chosen.get(option.code, FALSE) for option in several.options]
        return TurnLiterals(cell.answered, self._limit(chosen, most))

    def _find_turns_by_count(self, count: Condition, most: int) -> TurnLiterals:
        """Return as many turns as a calculation says."""
        term = self.encoder.find_number(count.tree, NO_TURNS)
        known = find_known(self.clauses, term)
        present = [
            self.encoder.compare_term(count.tree, term, ">=", number).true
            for number in range(1, most + 1)
        ]
        return TurnLiterals(known, present)

    def _encode_where(self, where: Condition | None, roster: Roster, number: int) -> Literal:
        """Return the literal that a condition is true in a turn of a roster."""
        return self._encode(where, {source.id: number for source in roster.sources}).true

    def _limit(self, options: Sequence[Literal], most: int) -> list[Literal]:
        """Return for each option that it is chosen and is one of the first `most` that are."""
        limited = []
        counts = self.clauses.iterate_counts(options, most)
        # not strict: there is one more count, that of all options
        for literal, counts_before in zip(options, counts, strict=False):
            # a count of fewer options ends before `most`
            has_most_before = FALSE
            if len(counts_before) > most:
                has_most_before = counts_before[most]
            limited.append(self.clauses.all_of([literal, -has_most_before]))
        return limited

    # Items

    def _visit_item(self, item: CompiledItem, position: RoutePosition) -> None:
        self._encode_options(item, position)
        if isinstance(item.question, unasked_items.EndItem):
            self._alive = self.clauses.all_of([self._alive, -position.asked])
            if str(item.question.outcome) == "complete":
                self._ends.append(position.asked)
            return

        term = self._make_term(item, position)
        if term is None:
            return
        self._terms[item.id, position.place.turn] = attach_amounts(term, item.amounts)
        leaf = find_first_leaf(term)
        if not isinstance(leaf, Cell) or leaf in self.sample.values() or item.cases:
            return  # what is looked up, or follows from answers, has no answer of its own
        position.cell = leaf

        answers = item.question.describe_answers(item)
        if isinstance(answers, Amount | Day):
            self._require_limits(item, answers, leaf, position.turns)
        elif item.highest_number is not None:
            self._require_drawn_number(item, leaf, position.turns)
        for code, literal in position.offered.items():
            self.clauses.imply(_get_option(leaf, code), literal)
        self._encode_checks(item, position, leaf)

    def _encode_options(self, item: CompiledItem, position: RoutePosition) -> None:
        """Encode the conditions of options. An item without any option to offer is not asked."""
        position.offered = {
            option.code: self.encoder.encode(option.ask_if.tree, position.turns).true
            for option in item.options
            if option.ask_if is not None
        }
        if item.options_conditional:
            has_option = self.clauses.any_of(position.offered.values())
            position.asked = self.clauses.all_of([position.asked, has_option])

    def _encode_checks(self, item: CompiledItem, position: RoutePosition, cell: Cell) -> None:
        for check in item.checks:
            truth = self.encoder.encode(check.condition.tree, position.turns)
            # a check that is read aloud fires if its condition is true, another one if it is false
            is_wrong = truth.true if check.aloud else truth.false
            fires = self.clauses.all_of([cell.answered, is_wrong])
            position.fires.append(fires)
            if not check.soft:
                self._alive = self.clauses.all_of([self._alive, -fires])

    def _require_limits(
        self, item: CompiledItem, answers: Amount | Day, cell: Cell, turns: Turns
    ) -> None:
        """Require an answer to keep to the limits that depend on other answers, or of a date."""
        if isinstance(answers, Amount) and not item.limits:
            cell.require_answer()  # `make_item_cell` has restricted it to its fixed limits
            return

        special = answers.special if isinstance(answers, Amount) else ()
        exempt = [cell.compare("==", number).true for number in special]
        bounds = {
            key: self.encoder.mark_number(bound, turns)
            for key, bound in _list_bounds(item, answers).items()
        }
        for key, bound in bounds.items():
            sign = ast.GtE() if key == "min" else ast.LtE()
            answer: ast.expr = ast.Name(item.id)
            if item.amounts is not None:
                answer = ast.Call(ast.Name("keyed"), [answer], [])  # limits are for what is keyed
            is_within = ast.Compare(answer, [sign], [bound])
            # what is unknown, because the other answer is missing, limits nothing
            self.clauses.require(-self.encode_generated(is_within, turns).false, *exempt)

        nothing_fits = FALSE
        if isinstance(answers, Amount) and len(answers.ranges) > 1:
            nothing_fits = self._encode_no_range(answers, bounds, turns)
        elif len(bounds) == 2:
            least = bounds["min"]
            if isinstance(answers, Amount):
                # between two limits that are less than one apart there may be no number
                least = ast.BinOp(least, ast.Add(), ast.Constant(1))
            is_empty = ast.Compare(bounds["max"], [ast.Lt()], [least])
            nothing_fits = self.encode_generated(is_empty, turns).true
        cell.require_answer(nothing_fits)

        # an interview in which nothing can be answered doesn't go on
        settled = self.clauses.any_of([-cell.asked, cell.answered, *cell.declines.values()])
        self._alive = self.clauses.all_of([self._alive, settled])

    def _require_drawn_number(self, item: CompiledItem, cell: Cell, turns: Turns) -> None:
        """Require a draw of numbers to have one if there is any, and to keep to the highest."""
        assert isinstance(item.question, unasked_items.DrawItem)
        assert item.highest_number is not None
        lowest, _ = item.question.split_numbers()
        highest = self.encoder.mark_number(item.highest_number.tree, turns)

        has_numbers = ast.Compare(highest, [ast.GtE()], [ast.Constant(lowest)])
        can_be_drawn = self.encode_generated(has_numbers, turns).true
        self.clauses.imply(cell.answered, can_be_drawn)
        cell.require_answer(-can_be_drawn)

        is_within = ast.Compare(ast.Name(item.id), [ast.LtE()], [highest])
        self.clauses.require(-self.encode_generated(is_within, turns).false)

    def _encode_no_range(
        self, answers: Amount, bounds: Mapping[str, ast.expr], turns: Turns
    ) -> Literal:
        """Encode that calculated limits leave nothing of any range."""
        outside = []
        for low, high in answers.ranges:
            ends = []
            if "min" in bounds:
                ends.append(ast.Compare(bounds["min"], [ast.Gt()], [ast.Constant(high)]))
            if "max" in bounds:
                ends.append(ast.Compare(bounds["max"], [ast.Lt()], [ast.Constant(low)]))
            if len(bounds) == 2:
                # both limits may lie within a range, with no number between them
                least = ast.BinOp(bounds["min"], ast.Add(), ast.Constant(1))
                ends.append(ast.Compare(bounds["max"], [ast.Lt()], [least]))
            literals = [self.encode_generated(end, turns).true for end in ends]
            outside.append(self.clauses.any_of(literals))
        return self.clauses.all_of(outside)

    def encode_generated(self, node: ast.expr, turns: Turns) -> Truth:
        """Encode a condition that is generated here, not written in the questionnaire."""
        self._generated_nodes.append(node)
        return self.encoder.encode(node, turns)

    # What an item is for conditions

    def _make_term(self, item: CompiledItem, position: RoutePosition) -> Term | None:
        asked = position.asked
        answers = item.question.describe_answers(item)
        match answers:
            case NoAnswer():
                return None
            case Computed():
                return self._make_computed_term(item, answers, position)
            case Amount() | Day():
                # `_require_limits` says whether there is an answer that can be given
                cell = make_item_cell(self.clauses, item, answers, asked)
                if isinstance(cell, OrderedCell) and "max" in item.limits:
                    limit = item.limits["max"].condition
                    cell.usual_high = self._find_highest(limit.tree, position.turns)
                return [Alternative(TRUE, cell)]
            case OneCode() | SeveralCodes() | TimeOfDay() | AnyText():
                cell = make_item_cell(self.clauses, item, answers, asked)
                cell.require_answer()
                return [Alternative(TRUE, cell)]
            case _:
                assert_never(answers)

    def _make_computed_term(
        self, item: CompiledItem, answers: Computed, position: RoutePosition
    ) -> Term:
        question = item.question
        asked = position.asked
        if isinstance(question, unasked_items.DrawItem) and item.highest_number is not None:
            # `_require_drawn_number` says which of these numbers can be drawn
            lowest, _ = question.split_numbers()
            highest = self._find_highest(item.highest_number.tree, position.turns)
            numbers = Amount((NumberRange(lowest, max(lowest, highest)),))
            return [Alternative(TRUE, make_item_cell(self.clauses, item, numbers, asked))]
        if isinstance(question, unasked_items.DrawItem):
            return [Alternative(TRUE, self._make_draw(item, asked))]
        if item.cases:
            values = self._find_result(item, position)
            if item.id != item.bracket:
                return [Alternative(asked, values)]
            return [Alternative(TRUE, self._make_result(item, position, values))]
        if isinstance(question, unasked_items.LookupItem) and question.sample is not None:
            return [Alternative(asked, self.sample[str(question.sample)])]

        cell: Cell
        if answers.codes:
            cell = CodedCell(self.clauses, asked, (), answers.codes)
        else:
            cell = TextCell(self.clauses, asked, ())
        cell.require_answer()
        return [Alternative(TRUE, cell)]

    def _find_result(self, item: CompiledItem, position: RoutePosition) -> Values:
        """Find the values of a result: the first case whose condition is true, or the default."""
        all_of = self.clauses.all_of
        values: dict[Constant, Literal] = {}
        earlier: list[Literal] = []
        for value, condition in item.cases:
            is_true = self.encoder.encode(condition.tree, position.turns).true
            values[value] = all_of([position.asked, is_true, *(-literal for literal in earlier)])
            earlier.append(is_true)
        if not isinstance(item.default, Missing):
            values[item.default] = all_of([position.asked, *(-literal for literal in earlier)])
        return values

    def _make_result(
        self, item: CompiledItem, position: RoutePosition, values: Values
    ) -> BracketCell:
        """Make the cell of an interval, which has the decline of a step if it has no value."""
        kinds = [decline.id for decline in item.declines]
        codes = [case.value for case in item.cases if not isinstance(case.value, float)]
        assert isinstance(item.question, BracketResultItem)
        bracket = item.question.spec
        names = bracket.limit_names
        turn = position.place.turn

        def find_limits() -> BracketLimits:
            low = find_first_leaf(self._terms[names.low, turn])
            high = find_first_leaf(self._terms[names.high, turn])
            assert not isinstance(low, Cell)
            assert not isinstance(high, Cell)
            if names.exact is None:
                return BracketLimits(None, low, high)

            exact = find_first_leaf(self._terms[names.exact, turn])
            assert isinstance(exact, Cell)
            return BracketLimits(exact, low, high)

        cell = BracketCell(
            self.clauses, position.asked, kinds, codes, find_limits, lowest=bracket.min
        )
        for code, literal in values.items():
            self.clauses.require_equal(cell.values[code], literal)

        found = self.clauses.any_of(values.values())
        for kind, declined in cell.declines.items():
            given = []
            for name in item.sources:
                source = find_first_leaf(self._terms[name, turn])
                assert isinstance(source, Cell)
                given.append(source.declines[kind])
            is_kept = self.clauses.all_of([self.clauses.any_of(given), -found])
            self.clauses.require_equal(declined, is_kept)
        return cell

    def _find_highest(self, node: ast.expr, turns: Turns) -> float:
        """Find the highest number that a calculation can have; infinite if that isn't known."""
        found = []
        for _, leaf in self.encoder.find_number(node, turns):
            if isinstance(leaf, OrderedCell):
                found.append(leaf.high)
                continue
            values = list_values(leaf)
            if values is None:
                return inf
            found += [value for value in values if isinstance(value, int | float)]
        return max(found, default=inf)

    def _make_draw(self, item: CompiledItem, asked: Literal) -> CodedCell:
        """Make the cell of a draw: one of the turns that can be drawn, or none."""
        roster = self.instrument.groups[item.source]
        assert isinstance(roster, Roster)
        known, present = self.list_turns(roster.id)
        eligible = []
        for number, exists in enumerate(present, 1):
            is_true = self._encode_where(item.where, roster, number)
            eligible.append(self.clauses.all_of([asked, known, exists, is_true]))

        cell = CodedCell(self.clauses, asked, (), range(1, len(present) + 1))
        for literal, can_be_drawn in zip(cell.values.values(), eligible, strict=True):
            self.clauses.imply(literal, can_be_drawn)
            self.clauses.imply(can_be_drawn, cell.answered)
        return cell


def _get_option(cell: Cell, code: Code) -> Literal:
    """Return the literal that an answer is an option, or contains it."""
    match cell:
        case CodedCell(values=values):
            return values[code]
        case MultipleCell(chosen=chosen):
            return chosen[code]
        case _:
            raise TypeError(type(cell))


def _list_bounds(item: CompiledItem, answers: Amount | Day) -> dict[str, ast.expr]:
    """Return the `min` and `max` of an item as expressions, if it has them.

    The cell of a number has its fixed ranges. Their ends are repeated here only if the other limit
    is calculated.
    """
    bounds: dict[str, ast.expr] = {}
    has_gaps = isinstance(answers, Amount) and len(answers.ranges) > 1
    for key, fixed in (("min", answers.low), ("max", answers.high)):
        if has_gaps and key not in item.limits:
            continue
        if key in item.limits:
            bounds[key] = item.limits[key].condition.tree
        elif isinstance(fixed, date):
            bounds[key] = ast.Constant(fixed.isoformat())
        elif fixed is not None:
            bounds[key] = ast.Constant(fixed)
    return bounds
