"""The route of a questionnaire as clauses: where each item is asked, and what its cell can be."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, time
from functools import cached_property
from math import inf
from typing import Any, Final, assert_never

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.instrument.schema.items import unasked_items
from survey_cli.instrument.schema.items.possible_answers import (
    Amount,
    AnyText,
    Computed,
    Day,
    NoAnswer,
    OneCode,
    RespondentAnswers,
    SeveralCodes,
    TimeOfDay,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.texts.date_text import FIRST_YEAR, LAST_YEAR
from survey_cli.proof import cells
from survey_cli.proof.cells import FALSE, TRUE, Clauses, Literal
from survey_cli.proof.conditions import Alternative, ConditionEncoder, Term, Turns
from survey_cli.values import Place

DAYS: Final = (date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal())
"""The first and the last day that there can be."""
MINUTES: Final = (0, 24 * 60 - 1)
"""The first and the last minute of a day."""


class CalendarCell(cells.OrderedCell):
    """A date or a time of day, as a number. It may be partial, and then compares with nothing."""

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Any, *, partial: bool = False
    ) -> None:
        super().__init__(clauses, asked, declines, whole=True)
        self.full = clauses.make_variable() if partial else self.answered
        clauses.imply(self.full, self.answered)

    def settle(self, true: Literal) -> cells.Truth:
        true = self.clauses.all_of([true, self.full])
        return cells.Truth(true, self.clauses.all_of([-true, self.full]))

    def compare(self, sign: str, value: Any) -> cells.Truth:
        number = _to_number(value)
        return cells.UNKNOWN if number is None else super().compare(sign, number)


def _to_number(value: Any) -> int | None:
    """Return a date or a time of day as a number; None if it is neither."""
    with suppress(ValueError, AttributeError):
        if isinstance(value, str):
            value = (
                time.fromisoformat(value.zfill(5)) if ":" in value else date.fromisoformat(value)
            )
        return value.toordinal() if isinstance(value, date) else value.hour * 60 + value.minute
    return None


def _cut_out(low: float, high: float, codes: Iterable[float]) -> list[tuple[float, float]]:
    """Return the ranges of whole numbers from `low` to `high` without these codes."""
    ranges = []
    for code in sorted(codes):
        if not low <= code <= high:
            continue
        if low < code:
            ranges.append((low, code - 1))
        low = code + 1
    return [*ranges, (low, high)]


def _list_ranges(answers: Amount, kept_codes: Iterable[float]) -> list[tuple[float, float]]:
    """Return the ranges of the numbers that can be answered, whatever was answered before."""
    low = -inf if answers.low is None else answers.low
    high = inf if answers.high is None else answers.high
    ranges = [(low, high)]
    if not answers.decimals:
        ranges = _cut_out(low, high, kept_codes)
    return [*ranges, *((number, number) for number in answers.special)]


@dataclass(slots=True)
class RoutePosition:
    """An item or a group at one place, and where it is asked."""

    node: CompiledNode
    place: Place
    reached: Literal
    """The interview comes to it: the groups around it are asked, and nothing has ended the interview."""
    ask_if: cells.Truth
    unless: cells.Truth
    asked: Literal
    due: Literal = FALSE
    """Its own conditions hold there too, whether or not it is picked and an option is offered."""
    cell: cells.Cell | None = None
    offered: Mapping[Any, Literal] = field(default_factory=dict)
    """Where each option that has a condition is offered."""
    fires: list[Literal] = field(default_factory=list)
    """Where each check fires on an answer. On one that a hard check rejects, the interview does not go on."""
    turns: Turns = field(default_factory=dict)
    """The turn of the roster that it is in."""


class RouteModel:
    """The route of an instrument. `positions` are its items in written order, those of a roster once per turn."""

    def __init__(self, instrument: Instrument, today: date) -> None:
        self.instrument = instrument
        self.today = today
        self.clauses = Clauses()
        self.day = CalendarCell(self.clauses, TRUE, ())
        self.day.require_answer()
        self.day.restrict([DAYS])
        self.days: dict[CalendarCell, tuple[Literal, Literal]] = {self.day: (FALSE, FALSE)}
        """Where each date that conditions compare with the day of the interview is before and after it."""
        self.encoder = ConditionEncoder(self.clauses, self)
        self.positions: list[RoutePosition] = []
        self.sample = {
            name: self._make_column(column) for name, column in instrument.sample.items()
        }
        self._terms: dict[tuple[str, int | None], Term] = {
            (name, None): [Alternative(TRUE, cell)] for name, cell in self.sample.items()
        }
        self.read_names: set[str] = set()
        """What conditions read."""
        self._turns: dict[str, tuple[Literal, list[Literal]]] = {}
        self._rosters = {
            item.id: item.roster for item in instrument.items.values() if item.roster is not None
        }
        self._alive = TRUE
        self._kept_nodes: list[ast.expr] = []
        self._ends: list[Literal] = []
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

    # What conditions find around them

    def find_term(self, name: str, turns: Turns) -> Term | None:
        self.read_names.add(name)
        roster = self._rosters.get(name)
        if roster is not None and roster not in turns:
            return None
        turn = turns[roster] if roster is not None else None
        term = self._terms.get((name, turn))
        if term is not None:
            return term
        if name.startswith("interviewer."):
            return self._terms.setdefault(
                (name, None), [Alternative(TRUE, cells.TextCell(self.clauses, TRUE, ()))]
            )
        compute = self.instrument.computes.get(name)
        if compute is None:
            return []  # it is asked later, so that nothing is known
        first = next(iter(compute.conditions.values()))
        term = self._terms[name, turn] = self.encoder.find_term(first.tree, {})
        return term

    def find_roster(self, name: str) -> str | None:
        return self._rosters.get(name)

    def list_turns(self, roster: str) -> tuple[Literal, list[Literal]]:
        return self._turns.get(roster, (FALSE, []))

    def compare_with_day(self, cell: cells.Cell) -> tuple[Literal, Literal]:
        assert isinstance(cell, CalendarCell)
        if cell not in self.days:
            self.days[cell] = self.clauses.make_variable(), self.clauses.make_variable()
        return self.days[cell]

    def _order_days(self, cell: CalendarCell, before: Literal, after: Literal) -> None:
        """Require that a date and the day of the interview are in the order that their bounds give."""
        self.clauses.require(-before, -after)
        last: tuple[float, Literal, Literal] | None = None
        for bound in sorted({*cell.bounds, *self.day.bounds}):
            own, day = cell.at_most(bound), self.day.at_most(bound)
            self.clauses.require(-own, day, before)
            self.clauses.require(own, -day, after)
            if last is not None and bound == last[0] + 1:  # both are this one day
                for differs in (before, after):
                    self.clauses.require(-own, last[1], -day, last[2], -differs)
            last = bound, own, day

    # The route

    def _encode(
        self, condition: Condition | None, turns: Turns, default: cells.Truth = cells.ALWAYS
    ) -> cells.Truth:
        return default if condition is None else self.encoder.encode(condition.tree, turns)

    def _visit(
        self,
        node: CompiledNode,
        around: Literal,
        turn: tuple[str, int] | None,
        picked: Literal = TRUE,
    ) -> None:
        turns = self._list_current(turn)
        reached = self.clauses.all_of([around, self._alive])
        ask_if, unless = (
            self._encode(node.ask_if, turns),
            self._encode(node.unless, turns, cells.NEVER),
        )
        asked = self.clauses.all_of([reached, ask_if.true, -unless.true, picked])
        place = Place(node.id, turn[1] if turn is not None else None)
        due = self.clauses.all_of([reached, ask_if.true, -unless.true])
        position = RoutePosition(node, place, reached, ask_if, unless, asked, due=due, turns=turns)
        self.positions.append(position)
        if isinstance(node, CompiledItem):
            self._visit_item(node, position, turns)
        elif isinstance(node, Roster):
            self._visit_roster(node, asked)
        else:
            self._visit_children(node, asked, turn)

    def _visit_children(
        self, group: ItemGroup, asked: Literal, turn: tuple[str, int] | None
    ) -> None:
        shuffled = group.order != "written"
        before = self._alive
        after = [before]
        picked: Mapping[Any, Literal] = {}
        if group.pick is not None and not isinstance(group, Roster):
            eligible = {
                child.id: self._find_eligible(child, asked, turn) for child in group.children
            }
            picked = self._pick(group.pick, asked, turn, eligible)
        for child in group.children:
            if shuffled:
                self._alive = before
            self._visit(child, asked, turn, picked.get(child.id, TRUE))
            after.append(self._alive)
        self._alive = self.clauses.all_of(after) if shuffled else self._alive

    def _find_eligible(
        self, child: CompiledNode, asked: Literal, turn: tuple[str, int] | None
    ) -> Literal:
        """Return where a child of a group can be picked."""
        turns = self._list_current(turn)
        ask_if = self._encode(child.ask_if, turns).true
        unless = self._encode(child.unless, turns, cells.NEVER).true
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
        turn: tuple[str, int] | None,
        eligible: Mapping[Any, Literal],
    ) -> Mapping[Any, Literal]:
        """Return where each item or turn is picked: as many as the group says of those that are eligible, or all."""
        assert isinstance(pick.question, unasked_items.PickItem)
        cell = cells.MultipleCell(
            self.clauses, self.clauses.any_of(eligible.values()), (), eligible
        )
        cell.require_answer()
        picked, count = list(cell.chosen.values()), pick.question.count
        for literal in self._list_at_least(picked, count + 1):
            self.clauses.require(-literal)
        full = self._list_at_least(picked, count)
        for literal, can_be in zip(picked, eligible.values(), strict=True):
            self.clauses.imply(literal, can_be)
            self.clauses.imply(can_be, literal, *full)
        place = Place(pick.id, turn[1] if turn is not None and pick.roster is not None else None)
        reached = self.clauses.all_of([asked, self._alive])
        self.positions.append(
            RoutePosition(pick, place, reached, cells.ALWAYS, cells.NEVER, reached, cell=cell)
        )
        return cell.chosen

    def _list_current(self, turn: tuple[str, int] | None) -> Turns:
        """Return the turn of each roster whose items a condition in this turn can name."""
        if turn is None:
            return {}
        roster = self.instrument.groups[turn[0]]
        assert isinstance(roster, Roster)
        return {source.id: turn[1] for source in roster.sources}

    def _visit_roster(self, roster: Roster, asked: Literal) -> None:
        known, present = self._find_turns(roster, asked)
        if roster.pick is not None:
            eligible = {
                turn: self.clauses.all_of([known, exists]) for turn, exists in enumerate(present, 1)
            }
            present = list(self._pick(roster.pick, asked, None, eligible).values())
        turns: list[Literal] = []
        self._turns[roster.id] = (known, turns)
        for turn in range(1, roster.maximum + 1):
            exists = present[turn - 1] if turn <= len(present) else FALSE
            turns.append(exists)
            self._visit_children(roster, exists, (roster.id, turn))
            if roster.until is not None and turn < roster.maximum:
                self._visit(roster.until, exists, (roster.id, turn))
                more = self.find_term(roster.until.id, {roster.id: turn}) or [
                    Alternative(FALSE, {})
                ]
                cell = more[0].leaf
                present.append(
                    cell.compare("==", 1).true if isinstance(cell, cells.Cell) else FALSE
                )
        self._terms[roster.id, None] = [
            Alternative(TRUE, cells.TurnsCell(self.clauses, known, turns))
        ]

    def _find_turns(self, roster: Roster, asked: Literal) -> tuple[Literal, list[Literal]]:
        """Return where the number of turns is known, and where each turn exists.

        A roster that is passed over has no turns, and their number is known to be none. With `until` only the first is
        known beforehand.
        """
        if roster.until is not None:
            return TRUE, [asked]
        present: list[Literal] = []
        if roster.over is not None:
            known, turns = self.list_turns(roster.over.id)
            wheres = [
                self._encode_turn(roster.where, roster.over, turn)
                for turn in range(1, len(turns) + 1)
            ]
            present = [
                self.clauses.all_of([known, *each]) for each in zip(turns, wheres, strict=True)
            ]
        elif roster.each is not None:
            (alternative, *_) = self.find_term(roster.each.id, {}) or [Alternative(FALSE, {})]
            cell = alternative.leaf
            if not isinstance(cell, cells.MultipleCell):
                return FALSE, []
            options = [cell.chosen.get(option.code, FALSE) for option in roster.each.options]
            known, present = cell.answered, self._limit(options, roster.maximum)
        elif roster.count is not None:
            tree = roster.count.tree
            term = self.encoder.find_term(tree, {})
            known = self.clauses.any_of(
                self.encoder.find_known(alternative) for alternative in term
            )
            present = [
                self.encoder.compare_term(tree, term, ">=", turn).true
                for turn in range(1, roster.maximum + 1)
            ]
        else:
            return asked, []
        return self.clauses.any_of([-asked, known]), [
            self.clauses.all_of([asked, exists]) for exists in present
        ]

    def _encode_turn(self, where: Condition | None, roster: Roster, turn: int) -> Literal:
        """Return where a condition is true in a turn of a roster."""
        return self._encode(where, {source.id: turn for source in roster.sources}).true

    def _limit(self, options: list[Literal], most: int) -> list[Literal]:
        """Return each option where it is chosen and is one of the first `most` that are."""
        counts = self._count(options, most)
        return [
            self.clauses.all_of([one, *(-full for full in before[most:])])
            for one, before in zip(options, counts, strict=False)
        ]

    def _count(self, literals: list[Literal], most: int) -> Iterator[list[Literal]]:
        """Yield before each literal, and after the last, where at least 0, 1, … of those before are true."""
        counts = [TRUE]
        yield counts
        for literal in literals:
            steps = list(zip(counts, [*counts[1:], FALSE], strict=True))[:most]
            more = [
                self.clauses.any_of([own, self.clauses.all_of([less, literal])])
                for less, own in steps
            ]
            counts = [TRUE, *more]
            yield counts

    def _visit_item(self, item: CompiledItem, position: RoutePosition, turns: Turns) -> None:
        encode = self.encoder.encode
        conditions = {option.code: option.ask_if for option in item.options}
        position.offered = {
            code: encode(each.tree, turns).true
            for code, each in conditions.items()
            if each is not None
        }
        if item.options_conditional:
            position.asked = self.clauses.all_of(
                [position.asked, self.clauses.any_of(position.offered.values())]
            )
        if isinstance(item.question, unasked_items.EndItem):
            self._alive = self.clauses.all_of([self._alive, -position.asked])
            if str(item.question.outcome) == "complete":
                self._ends.append(position.asked)
            return
        term = self._make_term(item, position.asked)
        if term is None:
            return
        self._terms[item.id, position.place.turn] = term
        cell = term[0].leaf
        if (
            not isinstance(cell, cells.Cell) or cell in self.sample.values()
        ):  # a sample column that is looked up
            return
        position.cell = cell
        answers = item.question.describe_answers(item)
        if isinstance(answers, Amount | Day):
            self._require_limits(item, answers, cell, turns)
        chosen = cell.chosen if isinstance(cell, cells.MultipleCell) else {}
        values = cell.values if isinstance(cell, cells.CodedCell) else chosen
        for code, literal in position.offered.items():
            self.clauses.imply(values[code], literal)
        for check in item.checks:
            truth = encode(check.condition.tree, turns)
            fires = self.clauses.all_of([cell.answered, truth.true if check.aloud else truth.false])
            position.fires.append(fires)
            if not check.soft:
                self._alive = self.clauses.all_of([self._alive, -fires])

    def _require_limits(
        self, item: CompiledItem, answers: Amount | Day, cell: cells.Cell, turns: Turns
    ) -> None:
        """Require an answer to keep to the limits that depend on other answers, and to those of a date."""
        if isinstance(answers, Amount) and not item.limits:
            cell.require_answer()  # `_make_cell` restricts it to its fixed limits
            return

        bounds: dict[str, ast.expr] = {}
        for key, fixed in (("min", answers.low), ("max", answers.high)):
            if key in item.limits:
                bounds[key] = item.limits[key].condition.tree
            elif isinstance(fixed, date):
                bounds[key] = ast.Constant(fixed.isoformat())
            elif fixed is not None:
                bounds[key] = ast.Constant(fixed)

        special = answers.special if isinstance(answers, Amount) else ()
        exempt = [cell.compare("==", number).true for number in special]
        for key, bound in bounds.items():
            sign = ast.GtE() if key == "min" else ast.LtE()
            is_within = ast.Compare(ast.Name(item.id), [sign], [bound])
            self.clauses.require(-self.encode_kept(is_within, turns).false, *exempt)

        nothing_fits = FALSE
        if len(bounds) == 2:
            least = bounds["min"]
            if isinstance(answers, Amount):
                # between two limits that are less than one apart there may be no number
                least = ast.BinOp(least, ast.Add(), ast.Constant(1))
            is_empty = ast.Compare(bounds["max"], [ast.Lt()], [least])
            nothing_fits = self.encode_kept(is_empty, turns).true
        cell.require_answer(nothing_fits)

        settled = self.clauses.any_of([-cell.asked, cell.answered, *cell.declines.values()])
        self._alive = self.clauses.all_of([self._alive, settled])

    def encode_kept(self, node: ast.expr, turns: Turns) -> cells.Truth:
        """Encode a condition that is not written in the questionnaire."""
        self._kept_nodes.append(node)  # the encoder knows nodes by their identity
        return self.encoder.encode(node, turns)

    # Cells

    def _make_column(self, column: SampleColumn) -> cells.Cell:
        """Make the cell of a sample column, which may be empty."""
        codes: list[Any] | None = list(column.options) if isinstance(column.options, dict) else None
        if column.options is not None and codes is None:
            codes = [option.code for option in self.instrument.scales.get(str(column.options), ())]
        if column.arms or codes is not None:
            cell = cells.CodedCell(
                self.clauses, TRUE, (), map(str, column.arms) if column.arms else codes or ()
            )
            if column.arms:
                cell.require_answer()
            return cell
        match column.type:
            case "number":
                return cells.OrderedCell(self.clauses, TRUE, (), whole=False)
            case "date" | "time":
                return CalendarCell(self.clauses, TRUE, ())
            case _:
                return cells.TextCell(self.clauses, TRUE, ())

    def _make_term(self, item: CompiledItem, asked: Literal) -> Term | None:
        answers = item.question.describe_answers(item)
        match answers:
            case NoAnswer():
                return None
            case Computed():
                return self._make_computed_term(item, answers, asked)
            case Amount() | Day():
                # `_require_limits` says whether there is one that can be given
                return [Alternative(TRUE, self._make_cell(item, answers, asked))]
            case OneCode() | SeveralCodes() | TimeOfDay() | AnyText():
                cell = self._make_cell(item, answers, asked)
                cell.require_answer()
                return [Alternative(TRUE, cell)]
            case _:
                assert_never(answers)

    def _make_cell(
        self, item: CompiledItem, answers: RespondentAnswers, asked: Literal
    ) -> cells.Cell:
        own = self.clauses, asked, [decline.id for decline in item.declines]
        match answers:
            case OneCode(codes=codes):
                return cells.CodedCell(*own, codes)
            case SeveralCodes(codes=codes):
                several = cells.MultipleCell(*own, codes)
                self._limit_choices(several, answers)
                return several
            case Amount():
                number = cells.OrderedCell(*own, whole=not answers.decimals)
                number.restrict(_list_ranges(answers, item.kept_codes))
                return number
            case Day(is_partial=is_partial):
                day = CalendarCell(*own, partial=is_partial)
                day.restrict([DAYS])
                return day
            case TimeOfDay():
                time_of_day = CalendarCell(*own)
                time_of_day.restrict([MINUTES])
                return time_of_day
            case AnyText():
                return cells.TextCell(*own)
            case _:
                assert_never(answers)

    def _limit_choices(self, cell: cells.MultipleCell, answers: SeveralCodes) -> None:
        """Require as many choices as the item does, and an exclusive one alone."""
        chosen = list(cell.chosen.values())
        exclusive = [cell.chosen[code] for code in answers.codes if code in answers.exclusive]

        for literal in exclusive:
            for other in chosen:
                if other != literal:
                    self.clauses.require(-literal, -other)

        if answers.least == 1:
            self.clauses.imply(cell.answered, *chosen)
        elif answers.least > 1:
            enough = self._list_at_least(chosen, answers.least)
            self.clauses.imply(cell.answered, *exclusive, *enough)
        if answers.most is not None and answers.most < len(chosen):
            for literal in self._list_at_least(chosen, answers.most + 1):
                self.clauses.require(-literal)

    def _list_at_least(self, literals: list[Literal], count: int) -> list[Literal]:
        """Return one literal that at least so many of these are true; none where that can't be."""
        *_, counts = self._count(literals, count)
        return counts[count:]

    def _make_computed_term(self, item: CompiledItem, answers: Computed, asked: Literal) -> Term:
        question = item.question
        if isinstance(question, unasked_items.DrawItem):
            return self._make_draw(item, asked)
        if isinstance(question, unasked_items.LookupItem) and question.sample is not None:
            return [Alternative(asked, self.sample[str(question.sample)])]

        cell: cells.Cell
        if answers.codes:
            cell = cells.CodedCell(self.clauses, asked, (), answers.codes)
        else:
            cell = cells.TextCell(self.clauses, asked, ())
        cell.require_answer()
        return [Alternative(TRUE, cell)]

    def _make_draw(self, item: CompiledItem, asked: Literal) -> Term:
        """Make the cell of a draw: one of the turns that can be drawn, or none."""
        roster = self.instrument.groups[item.source]
        assert isinstance(roster, Roster)
        known, present = self.list_turns(roster.id)
        eligible = [
            self.clauses.all_of([asked, known, exists, self._encode_turn(item.where, roster, turn)])
            for turn, exists in enumerate(present, 1)
        ]
        cell = cells.CodedCell(self.clauses, asked, (), range(1, len(present) + 1))
        for literal, can_be_drawn in zip(cell.values.values(), eligible, strict=True):
            self.clauses.imply(literal, can_be_drawn)
            self.clauses.imply(can_be_drawn, cell.answered)
        return [Alternative(TRUE, cell)]
