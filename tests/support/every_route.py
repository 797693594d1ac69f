"""Every route of a small questionnaire, walked by the engine; many routes of a large one."""

import ast
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from itertools import combinations
from typing import Any

from survey_cli.engine.computed_answers import compute_answer
from survey_cli.engine.interview import Interview
from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import NOTHING_KNOWN, Known
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem
from survey_cli.instrument.schema.items.possible_answers import Amount
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import ItemContext
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.schema.items.unasked_items import (
    ComputedItem,
    EndItem,
    PickItem,
    SplitItem,
)
from survey_cli.proof.goals import Goal, list_fill_uses
from survey_cli.scenarios.coverage import ObservedWalk, observe
from survey_cli.scenarios.running import ScenarioRun
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.values import NOT_ASKED, Code, Missing, get_missing

TODAY = date(2026, 11, 27)


def see_everything(instrument: Instrument) -> set[Goal]:
    """Return everything that happens on some route of a questionnaire whose answers can be listed."""
    seen: set[Goal] = set()
    for value in (1, 2, NOT_ASKED) if "s" in instrument.sample else (None,):
        walk = ObservedWalk(
            instrument,
            1,
            Known({"s": value, "k": "K"}, today=TODAY, unfilled={}),  # type: ignore[dict-item]  # no sample
        )
        walk.seen = seen
        _follow(walk, seen)
    return seen


def see_interviews(instrument: Instrument, count: int) -> set[Goal]:
    """Return what happens in interviews whose answers are mostly at the limits of what is accepted."""
    seen: set[Goal] = set()
    habits = Habits(decline=0.15, back=0.0, shares=_share_limits(instrument))
    noon = datetime.combine(TODAY, time(12), tzinfo=UTC)
    for one in simulate_interviews(instrument, count=count, seed=1, start=noon, habits=habits):
        seen |= observe(ScenarioRun(one.interview, one.interview.start.seed))
        seen |= _see_checks(one.interview)
    return seen


def _share_limits(instrument: Instrument) -> dict[str, dict[Code, float]]:
    """Return the shares of the answers next to which a condition can change."""
    numbers = {
        node.value
        for condition in _iterate_conditions(instrument)
        for node in ast.walk(condition.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, int)
    }
    shares: dict[str, dict[Code, float]] = {}
    for item in instrument.items.values():
        answers = item.question.describe_answers(item)
        if isinstance(answers, Amount):
            limits = [limit for limit in (answers.low, answers.high) if limit is not None]
            near = {int(number) + step for number in (*numbers, *limits) for step in (-1, 0, 1)}
            context = ItemContext(item=item, known=NOTHING_KNOWN, language=instrument.language)
            values = sorted(
                n for n in near if not item.limits and not item.question.why_invalid(context, n)
            )
            shares[item.id] = {str(value): 0.8 / len(values) for value in values}
    return shares


def _iterate_conditions(instrument: Instrument) -> Iterator[Condition]:
    for node in (*instrument.items.values(), *instrument.groups.values()):
        yield from (condition for condition in (node.ask_if, node.unless) if condition is not None)
    for item in instrument.items.values():
        yield from (check.condition for check in item.checks)
        yield from (option.ask_if for option in item.options if option.ask_if is not None)


def _see_checks(interview: Interview) -> set[Goal]:
    """Return which checks of the answered items fire at the end of the interview, and which don't."""
    seen = set()
    machine = interview.machine
    for stop in machine.walk.stops:
        answer = machine.recorded_answers.get(stop.place)
        if answer is None or stop.place.turn is not None or isinstance(answer.cell, Missing):
            continue
        for number, check in enumerate(stop.item.checks):
            kind = "fires" if check.fires(machine.walk.known) else "passes"
            seen.add(Goal(kind, stop.item.id, number))
    return seen


def _follow(walk: ObservedWalk, seen: set[Goal]) -> None:
    stop = walk.advance()
    if stop is None or isinstance(stop.item.question, EndItem):
        return
    item, at = stop.item, len(walk.stops) - 1
    walk.note_item(item)
    for use in list_fill_uses(item, walk.instrument):
        if use.is_missing(walk.known) and walk.known.value("s") is not NOT_ASKED:
            seen.add(use.goal)
    for cell in list(_iterate_cells(walk, stop)):
        walk.record_answer(stop, cell)
        blocked = False
        for number, check in enumerate(item.checks) if not isinstance(cell, Missing) else ():
            fires = check.fires(walk.known)
            seen.add(Goal("fires" if fires else "passes", item.id, number))
            blocked = blocked or (fires and not check.soft)
        if not blocked:
            _follow(walk, seen)
        walk.rewind(at)


def _iterate_cells(walk: RouteWalk, stop: RouteStop) -> Iterator[Any]:
    question, item = stop.item.question, stop.item
    context = walk.build_item_context(stop, "en")
    codes = [option.code for option in item.options]
    values: list[Any]
    match question:
        case PickItem():
            candidates = walk.list_candidates(stop)
            codes = [] if isinstance(candidates, Missing) else list(candidates)
            values = (
                list(combinations(codes, min(question.count, len(codes)))) if codes else [NOT_ASKED]
            )
        case SplitItem(arms=arms):
            values = [str(arm) for arm in arms]
        case BracketResultItem():
            values = [compute_answer(walk, stop)[0]]
        case MultipleItem():
            values = [c for size in range(1, len(codes) + 1) for c in combinations(codes, size)]
        case CodedItem():
            values = list(codes)
        case NumberItem():
            values = list(
                range(
                    int(question.lowest or 0),
                    int(2 if question.highest is None else question.highest) + 1,
                )
            )
            values += [code for code in question.options if code not in values]
        case QuantityItem(quantity=quantity, options=options):
            values = [n for low, high in quantity.keyed for n in range(int(low), int(high) + 1)]
            values += options
        case _:
            values = [None]
    yield from (
        value
        for value in values
        if value is None
        or isinstance(question, ComputedItem)
        or not question.why_invalid(context, value)
    )
    if question.expects_answer:
        yield from (get_missing(decline.id) for decline in item.declines)
